//! Workers: programs of the host's own that work where they see and reach nothing.

use std::{os::fd::BorrowedFd, path::Path, sync::Arc};

use cowork_core::{Error, Kind, Result, Worker};

use super::{
    Confined, Confinement, Usage, Way, alone as outside,
    helper::Ground,
    policy::alone::Alone,
    steps::Step,
    system::{self, Place, What},
    tier,
};

/// What the workers of one program have in common, made once. Dropping it ends none of them.
#[derive(Clone, Debug)]
pub struct Workers {
    ground: Ground,
    alone: Arc<Alone>,
    /// Where there are no namespaces of our own: what keeps them.
    keeper: Option<Arc<[Step]>>,
}

impl Confinement {
    /// Makes what the workers of a program have in common. No control group is joined, which takes the kernel its time: what a worker may
    /// use, its own limits hold, as it starts nothing.
    ///
    /// # Errors
    /// `Unsupported` where nothing holds its signals back. `NotFound` without such a program, `InvalidInput` if it is no file; `Unavailable` if no process can be started. What comes up later
    /// [`Confined::wait`] tells.
    pub fn workers(&self, worker: &Worker) -> Result<Workers> {
        let program = program(&worker.program)?;
        let alone = Alone::new(self.0.system.with_libraries()?, program, worker.cpu, worker.memory);
        let (plan, keeper) = match self.0.way {
            Way::Apart => (alone.world(), None),
            // It needs so little that Landlock and filters hold all of it, if they hold signals too.
            Way::Through(_) | Way::Alone => {
                let keeper = outside::keeper(&self.0.system)?;
                if keeper.is_empty() {
                    let error =
                        Error::new(Kind::Unsupported, "start worker", "there is nothing to hold its signals back");
                    return Err(error.with_fix(tier::MEND));
                }
                (Vec::new(), Some(keeper.into()))
            }
        };
        Ok(Workers { ground: self.0.helper.ground(plan, None)?, alone: Arc::new(alone), keeper })
    }
}

impl Workers {
    /// Says whether they are workers like this one: of the very file that is there now.
    pub fn are_like(&self, worker: &Worker) -> bool {
        program(&worker.program).is_ok_and(|program| self.alone.is_for(&program, worker.cpu, worker.memory))
    }

    /// Starts one with these streams: what it reads, what it says, what it complains.
    ///
    /// # Errors
    /// `InvalidInput` for arguments that can't be such, `LimitExceeded` if they are too long; `Unavailable`.
    pub fn start(&self, args: &[String], streams: [BorrowedFd<'_>; 3]) -> Result<Confined> {
        let (mut running, order) = match &self.keeper {
            None => (self.ground.prepare(self.alone.steps()?)?, self.alone.start(args)?),
            Some(keeper) => {
                let running = self.ground.prepare_outside(keeper, &[], self.alone.steps_outside()?)?;
                (running, self.alone.start_outside(args)?)
            }
        };
        running.start(&order, streams)?;
        Ok(Confined { running, usage: Usage::nothing() })
    }
}

/// Finds the file of a program. It is this very file that is executed: one that takes its place is refused.
fn program(at: &Path) -> Result<Place> {
    let shown = at.display();
    let fix = "start the host again, if its program was exchanged meanwhile";
    let at = std::fs::canonicalize(at).map_err(|e| {
        Error::new(Kind::NotFound, "start worker", format!("the worker's program {shown} can't be found: {e}"))
            .with_fix(fix)
    })?;
    let invalid = |why: &str| Error::new(Kind::InvalidInput, "start worker", format!("{shown} {why}"));
    let path = at.to_str().ok_or_else(|| invalid("has a name that is not UTF-8"))?;
    let place = system::place(path)?.filter(|place| matches!(place.what, What::File { .. }));
    place.ok_or_else(|| invalid("is no program"))
}
