//! How long a task worked.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::Task;
use crate::{Actor, Body, CallId, Event, Result, Spent, Timestamp};

/// A time in which sub-tasks are at work.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Beside {
    /// When the first of them began.
    since: Timestamp,
    /// How long the task had worked by then.
    before: Duration,
    /// How long it worked since, added up with those of them that have ended.
    worked: Duration,
}

impl Task {
    /// Counts the time since its last record, if it worked then. Those that worked side by side took the time once, and none takes more than
    /// it worked: it may have rested meanwhile.
    pub(super) fn count_time(&mut self, at: Timestamp, actor: Actor, body: &Body) -> Result<()> {
        let ended = match body.kind() {
            "subtask_ended" => match &*body.event()? {
                Event::SubtaskEnded { spent, .. } => Some(spent.time),
                _ => None,
            },
            _ => None,
        };
        // What comes from outside ends a rest, however long it was.
        let is_outside = actor == Actor::Person || matches!(body.kind(), "task_started" | "subtask_ended");
        let own = if is_outside { Duration::ZERO } else { at.since(self.last_at) };
        self.spent.time += own;
        if let Some(beside) = &mut self.beside {
            beside.worked += own + ended.unwrap_or_default();
            self.spent.time = beside.before + beside.worked.min(at.since(beside.since));
        }
        if body.kind() == "subtask_started" && self.beside.is_none() {
            self.beside = Some(Box::new(Beside { since: at, before: self.spent.time, worked: Duration::ZERO }));
        }
        Ok(())
    }

    /// Takes in what a sub-task has spent. With the last of them the time side by side is over.
    pub(super) fn part_ended(&mut self, call: CallId, part: &Spent) {
        self.spent.part_ended(call, part);
        if self.spent.parts.is_empty() {
            self.beside = None;
        }
    }
}
