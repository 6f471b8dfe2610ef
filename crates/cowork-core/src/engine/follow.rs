//! Following one task to its end, with its sub-tasks.

use std::collections::BTreeSet;

use super::{Engine, Subscription, events::Item};
use crate::{Event, Record, Result, Task, TaskId};

impl Engine {
    /// Reads what happens in a task and its sub-tasks: everything after `after`, then what comes, to its last record.
    ///
    /// A task that rests is waited for: who asks nobody and answers nothing waits until somebody else does.
    ///
    /// # Errors
    /// As [`Engine::task`].
    pub async fn follow(&self, task: TaskId, after: u64) -> Result<Subscription> {
        let found = self.task(task).await?;
        let mut family = BTreeSet::from([task]);
        let mut parts: Vec<TaskId> = found.all_subtasks().collect();
        while let Some(part) = parts.pop() {
            if family.insert(part) {
                parts.extend(self.task(part).await?.all_subtasks());
            }
        }
        let last = last(&found);
        let followed = Followed { task, family, last, is_over: last.is_some_and(|last| last <= after) };
        // What comes after the look is in the log, from which it is read.
        Ok(self.events(found.thread, after).following(followed))
    }
}

/// Gives the last record of a task that has ended.
fn last(task: &Task) -> Option<u64> {
    task.result.as_ref().map(|_| task.head)
}

/// A task that is followed.
pub(super) struct Followed {
    task: TaskId,
    /// The task and its sub-tasks.
    family: BTreeSet<TaskId>,
    /// Its last record, if it had ended when it was first looked at.
    last: Option<u64>,
    /// Whether its last record was given.
    pub(super) is_over: bool,
}

impl Followed {
    /// Says whether an item belongs to the task, and notices its end.
    pub(super) fn takes(&mut self, item: &Item) -> Result<bool> {
        match item {
            Item::Record(record) => self.takes_record(record),
            Item::Delta(delta) => Ok(self.family.contains(&delta.task)),
            Item::Lagged { .. } => Ok(true),
        }
    }

    fn takes_record(&mut self, record: &Record) -> Result<bool> {
        let Some(task) = record.task.filter(|task| self.family.contains(task)) else { return Ok(false) };
        if record.event.kind() == "subtask_started"
            && let Event::SubtaskStarted { task, .. } = &*record.event.event()?
        {
            self.family.insert(*task);
        }
        if task == self.task {
            self.is_over = match self.last {
                Some(last) => record.seq >= last,
                None => record.event.kind() == "task_finished",
            };
        }
        Ok(true)
    }
}
