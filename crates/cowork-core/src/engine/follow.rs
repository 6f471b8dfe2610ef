//! Following one task to its end, with its sub-tasks.

use std::collections::BTreeSet;

use super::{Engine, Subscription, events::Item};
use crate::{Event, Record, Result, TaskId};

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
        let (head, has_ended) = (found.head, found.result.is_some());
        let followed = Followed { task, family, head, has_ended, is_over: has_ended && head <= after };
        // What comes after the look is in the log, from which it is read.
        Ok(self.events(found.thread, after).following(followed))
    }
}

/// A task that is followed.
pub(super) struct Followed {
    task: TaskId,
    /// The task and its sub-tasks.
    family: BTreeSet<TaskId>,
    /// Its last record when it was first looked at. An end before that was taken back: somebody went on with it.
    head: u64,
    /// Whether it had ended then.
    has_ended: bool,
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
            let is_last = self.has_ended || record.event.kind() == "task_finished";
            self.is_over = is_last && record.seq >= self.head;
        }
        Ok(true)
    }
}
