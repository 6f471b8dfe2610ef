//! Confinement: a command that sees and reaches only what it was given.
//!
//! [`Confinement`] is made once and starts commands. What they may do is a [`Policy`]; it is worked out into steps (`steps`), which
//! can be read, and which a small program (`helper/`, in this one's memory) then does, one after the other, in namespaces of its own:
//!
//! 1. a user without privileges, an empty root in memory, and in it only the system's programs and the shared folders, by what they
//!    are and not by name alone: one that was exchanged meanwhile is refused;
//! 2. limits, and every capability given up for good;
//! 3. Landlock's rules over the same folders, a second hand on them;
//! 4. filters of system calls (`filters`).
//!
//! Whatever step fails, nothing is run. When the command ends, or its host does, everything that it left behind is gone.

mod filters;
mod policy;
mod run;
mod steps;
mod system;

use std::{os::fd::BorrowedFd, path::Path, time::Duration};

use cowork_core::{Error, Kind, Result};

pub use policy::{Limits, Policy, Shared};
pub use run::{Ended, How};
use run::{Helper, Running};
use steps::Step;
use system::{System, What};

/// Starts confined commands on this computer.
#[derive(Debug)]
pub struct Confinement {
    helper: Helper,
    system: System,
}

/// A place for a command that has given up all that it may not do, and waits. Dropping it ends it.
#[derive(Debug)]
pub struct Prepared {
    policy: Policy,
    running: Running,
}

/// A confined command that runs. Dropping it ends it, and everything that it started.
#[derive(Debug)]
pub struct Confined(Running);

impl Confinement {
    /// Finds out what the kernel can enforce.
    ///
    /// # Errors
    /// `Unsupported` if namespaces can't be made or the kernel has no Landlock: nothing is confined with less.
    pub fn new() -> Result<Self> {
        let helper = Helper::new()?;
        let asked = helper.prepare(vec![Step::Ask])?.wait(Duration::from_secs(10))?;
        let How::Exited(landlock) = asked.how else {
            let error = Error::new(Kind::Unsupported, "confine", format!("the helper did not answer: {:?}", asked.how));
            return Err(error.with_fix("try again; `cowork doctor` says what is missing"));
        };
        let landlock = u32::try_from(landlock).unwrap_or_default();
        let system = System::look(landlock)?;
        Ok(Self { helper, system })
    }

    /// Has all made ready for one command that may do this, so that it then starts as fast as any program. It is used once.
    ///
    /// # Errors
    /// `InvalidInput` for a policy that can't be one; `Unavailable` if no process can be started. What comes up later
    /// [`Confined::wait`] tells.
    pub fn prepare(&self, policy: &Policy) -> Result<Prepared> {
        let running = self.helper.prepare(policy.steps(&self.system)?)?;
        Ok(Prepared { policy: policy.clone(), running })
    }

    /// Starts a command with these streams: what it reads, what it says, what it complains.
    ///
    /// # Errors
    /// As [`Confinement::prepare`]'s and [`Prepared::start`]'s.
    pub fn start(&self, policy: &Policy, args: &[String], streams: [BorrowedFd<'_>; 3]) -> Result<Confined> {
        let order = policy.start(args)?;
        let mut running = self.helper.prepare(policy.steps(&self.system)?)?;
        running.start(&order, streams)?;
        Ok(Confined(running))
    }
}

impl Prepared {
    /// Starts the command with these streams: what it reads, what it says, what it complains.
    ///
    /// # Errors
    /// `InvalidInput` for a command that can't be one, `LimitExceeded` if it is too long.
    pub fn start(mut self, args: &[String], streams: [BorrowedFd<'_>; 3]) -> Result<Confined> {
        let order = self.policy.start(args)?;
        self.running.start(&order, streams)?;
        Ok(Confined(self.running))
    }
}

impl Confined {
    /// Waits for its end, no longer than `most`; then it is ended, with everything that it started. This blocks the thread.
    ///
    /// # Errors
    /// `NotFound` if there is no such program, `Unsupported` if the confinement could not be made: then nothing was run.
    pub fn wait(self, most: Duration) -> Result<Ended> {
        self.0.wait(most)
    }
}

impl Shared {
    /// Takes a folder of the host under a name. It is this very folder that a command sees: one that takes its place is refused.
    ///
    /// # Errors
    /// `NotFound`; `InvalidInput` if it is no folder, or its path is not UTF-8.
    pub fn new(name: impl Into<String>, at: &Path, may_change: bool) -> Result<Self> {
        let at = std::fs::canonicalize(at)
            .map_err(|e| Error::new(Kind::NotFound, "share folder", format!("{} can't be found: {e}", at.display())))?;
        let invalid = |why: &str| Error::new(Kind::InvalidInput, "share folder", format!("{} {why}", at.display()));
        let path = at.to_str().ok_or_else(|| invalid("is not UTF-8"))?;
        if system::is_kernels(&at) {
            return Err(Error::new(Kind::NotAllowed, "share folder", format!("{} is the system's own", at.display()))
                .with_fix("share a folder of files"));
        }
        let place = system::place(path)?.filter(|place| matches!(place.what, What::Folder { .. }));
        let place = place.ok_or_else(|| invalid("is no folder"))?;
        Ok(Self { name: name.into(), may_change, place })
    }
}
