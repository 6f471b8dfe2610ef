//! Going on with a task that failed.

use super::{CallState, Stage, Task, Undo, refused};
use crate::{Finish, Kind, Result};

impl Task {
    /// Says whether it can be gone on with though it has ended: something from outside made it fail, such as a service that was down, a
    /// wrong key or a limit, and nothing of what it did was given back.
    ///
    /// # Errors
    /// `InvalidInput`, with why not and what to do instead.
    pub fn can_go_on(&self) -> Result<()> {
        let refused = |why, fix| refused("follow resume", why, fix);
        let failed = matches!(&self.result, Some(Finish::Failed { .. }));
        if !failed || self.decided_end().is_some() || self.cancelled {
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

    /// Takes its end back. Where it ended for a limit, all of its limits count anew from here.
    pub(super) fn go_on(&mut self) -> Result<()> {
        self.can_go_on()?;
        let of_limit = matches!(&self.result, Some(Finish::Failed { error }) if error.kind == Kind::LimitExceeded);
        if of_limit {
            self.count_anew();
        }
        (self.result, self.ended, self.files) = (None, None, None);
        (self.paused, self.stopped) = (false, false);
        // What was held back was let go of at the end: it is made again, and looked at again.
        let calls = self.turns.last_mut().map_or(&mut [][..], |turn| &mut turn.calls);
        for call in calls.iter_mut().filter(|call| call.held.is_some() && call.stage != Stage::Finished) {
            *call = CallState { attempt: call.attempt, ..CallState::proposed(call.id) };
        }
        Ok(())
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
