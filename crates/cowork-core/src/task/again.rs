//! Going on with a task that failed.

use serde::{Deserialize, Serialize};

use super::{CallState, Stage, Task, Undo, refused};
use crate::{Budget, Error, FilesReport, Finish, Result, Timestamp, spent::LIMIT};

/// An end that was taken back: it holds if that is refused after all.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct TakenBack {
    /// The record of the command that took it back.
    by: u64,
    result: Option<Finish>,
    ended: Option<Timestamp>,
    files: Option<Box<FilesReport>>,
    budget: Budget,
    max_steps: u32,
}

impl Task {
    /// Says whether it can be gone on with though it has ended: something from outside made it fail, such as a service that was down, a
    /// wrong key or a limit, and nothing of what it did was given back.
    ///
    /// # Errors
    /// `InvalidInput`, with why not and what to do instead.
    pub fn can_go_on(&self) -> Result<()> {
        let refused = |why, fix| refused("follow resume", why, fix);
        if self.failure().is_none() || self.decided_end().is_some() || self.cancelled {
            return refused("the task has ended", "submit another one in its thread");
        }
        if self.submit.parent.is_some() {
            return refused("a sub-task is not gone on with by itself", "go on with its task, if that failed too");
        }
        match &self.undo {
            Undo::None => Ok(()),
            Undo::Reclaimed => refused(
                "the task failed, and its journal was let go of to make room",
                "submit another one in its thread, for what is left to do",
            ),
            _ => refused("the task failed, and what it did was to be given back", "submit another one in its thread"),
        }
    }

    /// Says whether a limit of its own ended it: its steps, its time, its tokens or its money were used up.
    pub fn is_used_up(&self) -> bool {
        self.failure().is_some_and(|error| error.fact(LIMIT) == Some("task"))
    }

    fn failure(&self) -> Option<&Error> {
        match &self.result {
            Some(Finish::Failed { error }) => Some(error),
            _ => None,
        }
    }

    /// Takes its end back, by the command of this record. Where a limit of its own ended it, all of these count anew from here.
    pub(super) fn go_on(&mut self, by: u64) -> Result<()> {
        self.can_go_on()?;
        let (budget, max_steps) = (self.budget, self.max_steps);
        if self.is_used_up() {
            self.count_anew();
        }
        let (result, ended, files) = (self.result.take(), self.ended.take(), self.files.take());
        self.taken_back = Some(Box::new(TakenBack { by, result, ended, files, budget, max_steps }));
        (self.paused, self.stopped) = (false, false);
        // What was held back was let go of at the end: it is made again, and looked at again.
        let calls = self.turns.last_mut().map_or(&mut [][..], |turn| &mut turn.calls);
        for call in calls.iter_mut().filter(|call| call.held.is_some() && call.stage != Stage::Finished) {
            *call = CallState { attempt: call.attempt, ..CallState::proposed(call.id) };
        }
        Ok(())
    }

    /// Takes in that the command of this record was refused. If it took an end back, that holds again: a version that knew of no going on
    /// refused it.
    pub(super) fn was_refused(&mut self, by: u64) {
        self.refuse.retain(|(seq, _)| *seq != by);
        if let Some(back) = self.taken_back.take_if(|back| back.by == by && self.result.is_none()) {
            (self.result, self.ended, self.files) = (back.result, back.ended, back.files);
            (self.budget, self.max_steps) = (back.budget, back.max_steps);
        }
    }

    fn count_anew(&mut self) {
        let (given, spent) = (&self.submit.budget, &self.spent);
        let time = u64::try_from(spent.time.as_millis()).unwrap_or(u64::MAX);
        self.budget.tokens = given.tokens.map(|most| most.saturating_add(spent.usage.total()));
        self.budget.cost = given.cost.map(|most| most.saturating_add(spent.cost));
        self.budget.time = given.time.map(|most| most.saturating_add(time));
        self.max_steps = self.submit.max_steps.saturating_add(u32::try_from(self.turns.len()).unwrap_or(u32::MAX));
    }
}
