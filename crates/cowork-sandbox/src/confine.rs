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
//! Where this program can make no namespaces, bubblewrap makes them (`bubblewrap`), or there are none (`alone`); what is enforced then is
//! told (`tier`), and with less than is to be accepted nothing is run.
//!
//! Whatever step fails, nothing is run. When the command ends, or its host does, everything that it left behind is gone.

mod alone;
mod bubblewrap;
mod filters;
#[cfg(any(test, fuzzing))]
#[doc(hidden)]
pub mod fuzzed;
mod groups;
mod helper;
mod layer;
mod policy;
mod run;
mod steps;
mod system;
mod tier;
mod usage;
mod way;
mod worker;

use std::{os::fd::BorrowedFd, path::Path, sync::Arc, time::Duration};

use cowork_core::{Error, Kind, Result};

use bubblewrap::Bubblewrap;
use groups::Groups;
use helper::{Ground, Helper};
pub use layer::{Layer, Layers};
pub use policy::{Changes, Policy, Shared, Take, WayOut};
pub use run::{Ended, Ender, Excess, How, Renewer};
use run::{OVER, Running};
use steps::Step;
use system::{System, What};
pub use tier::{Enforced, Enforcement, Feature, Tier};
use usage::Usage;
pub use way::Options;
use way::Way;
pub use worker::Workers;

/// How long it is waited for what takes the kernel no time.
const PATIENCE: Duration = Duration::from_secs(10);

/// Starts confined commands on this computer.
#[derive(Clone, Debug)]
pub struct Confinement(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    helper: Helper,
    system: System,
    groups: Option<Groups>,
    way: Way,
    enforcement: Enforcement,
}

/// What the commands of one policy have in common, made once. Dropping it ends none of them.
#[derive(Clone, Debug)]
pub struct World {
    confinement: Confinement,
    ground: Ground,
    policy: Arc<Policy>,
    layers: Option<Layers>,
}

/// A place for a command that has given up all that it may not do, and waits. Dropping it ends it.
#[derive(Debug)]
pub struct Prepared {
    world: World,
    running: Running,
    usage: Usage,
    layer: Option<Layer>,
    /// How it reaches its way out.
    proxy: Option<String>,
}

/// A confined command that runs. Dropping it ends it, and everything that it started.
#[derive(Debug)]
pub struct Confined {
    running: Running,
    usage: Usage,
}

impl Confinement {
    /// Finds out how well commands can be confined here.
    ///
    /// # Errors
    /// `Unsupported` if it is less than [`Options::least`].
    pub fn new() -> Result<Self> {
        Self::with(&Options::default())
    }

    /// Finds out how well commands can be confined here, in the ways that may be tried.
    ///
    /// # Errors
    /// `Unsupported` if it is less than has to be.
    pub fn with(options: &Options) -> Result<Self> {
        let groups = Groups::find();
        let found = way::find(options, groups.is_some())?;
        Ok(Self(Arc::new(Inner {
            helper: found.helper,
            system: found.system,
            groups,
            way: found.way,
            enforcement: found.enforcement,
        })))
    }

    /// Says what is enforced, and by what. It does not change.
    pub fn probe(&self) -> &Enforcement {
        &self.0.enforcement
    }

    /// Says by what commands are confined.
    pub fn tier(&self) -> Tier {
        self.0.enforcement.tier
    }

    /// Makes what the commands of a policy have in common; `layers` is where changes are kept, if the policy keeps any.
    ///
    /// # Errors
    /// `InvalidInput` for a policy that can't be one; `Unavailable` if no process can be started. What comes up later
    /// [`Confined::wait`] tells.
    pub fn world(&self, policy: Policy, layers: Option<Layers>) -> Result<World> {
        let plan = match self.0.way {
            Way::Apart => policy.world(&self.0.system, layers.as_ref().map(Layers::place))?,
            Way::Through(_) | Way::Alone => {
                policy.check(layers.is_some())?;
                Vec::new()
            }
        };
        let group = self.0.groups.as_ref().and_then(|groups| groups.make(&policy.limits));
        let ground = self.0.helper.ground(plan, group)?;
        Ok(World { confinement: self.clone(), ground, policy: Arc::new(policy), layers })
    }
}

impl World {
    /// Has all made ready for one command, so that it then starts as fast as any program. It is used once. `layer` is where what it
    /// changes is kept; without a way out its network is one that leads nowhere, not even to its own loopback.
    ///
    /// # Errors
    /// `InvalidInput` without a layer where one is needed; `Unavailable`.
    pub fn prepare(&self, layer: Option<&Layer>, out: Option<WayOut>) -> Result<Prepared> {
        let mut running = self.begin(layer, out.as_ref())?;
        let usage = match self.ground.is_held() {
            true => Usage::nothing(),
            false => Usage::nothing().within(self.policy.limits.clone()),
        };
        let usage = match &self.layers {
            Some(layers) => usage.on(layers.handle()?),
            None => usage,
        };
        let proxy = out.map(|WayOut { proxy, take, .. }| {
            running.way_out(take);
            proxy
        });
        Ok(Prepared { world: self.clone(), running, usage, layer: layer.cloned(), proxy })
    }

    fn begin(&self, layer: Option<&Layer>, out: Option<&WayOut>) -> Result<Running> {
        let Inner { system, way, .. } = &*self.confinement.0;
        match way {
            Way::Apart => self.ground.prepare(self.policy.steps(system, layer, out)?),
            Way::Through(by) => {
                let start = by.steps(system, self.policy.arguments(by, system, layer)?);
                let plan = self.policy.steps_within(by, system, layer, out)?;
                self.ground.prepare_outside(&start, &Bubblewrap::handles()?, plan)
            }
            Way::Alone if out.is_some() => {
                let text =
                    "a command can't be granted hosts here: there are no namespaces, and so no network of its own";
                Err(Error::new(Kind::Unsupported, "confine", text).with_fix(tier::MEND))
            }
            Way::Alone => {
                layer.map_or(Ok(()), Layer::make_scratch)?;
                let plan = self.policy.steps_alone(system, layer)?;
                self.ground.prepare_outside(&alone::keeper(system)?, &[], plan)
            }
        }
    }

    /// Says whether layers are laid over folders at all: whoever else makes mounts does not.
    pub fn lays_over(&self) -> bool {
        self.confinement.tier() == Tier::Namespaces
    }

    /// Says over which of the policy's folders, by their numbers, the kernel can't lay a layer: of these a layer has to hold a
    /// [copy](Layer::copy). It is found out by trying.
    ///
    /// # Errors
    /// `Unavailable` if it can't be tried, `Unsupported` where nothing can be confined.
    pub fn refused(&self) -> Result<Vec<usize>> {
        let mut refused = Vec::new();
        let Some(layers) = &self.layers else { return Ok(refused) };
        if !self.lays_over() {
            return Ok((0..self.policy.folders.len()).collect());
        }
        let mut trial = layers.trial(&self.policy)?;
        loop {
            let plan = self.policy.own(Some(&trial.layer))?.into_iter().chain([Step::Ask]).collect();
            let asked = self.ground.prepare(plan)?.wait(PATIENCE, Usage::nothing());
            let of = |error: &Error| error.fact(OVER)?.parse::<usize>().ok();
            match asked {
                Ok(_) => return Ok(refused),
                Err(error) => match of(&error).filter(|n| !refused.contains(n)) {
                    Some(n) => {
                        trial.layer.copy(n)?;
                        refused.push(n);
                    }
                    None => return Err(error),
                },
            }
        }
    }

    /// Starts a command with these streams: what it reads, what it says, what it complains.
    ///
    /// # Errors
    /// As [`World::prepare`]'s and [`Prepared::start`]'s.
    pub fn start(&self, layer: Option<&Layer>, args: &[String], streams: [BorrowedFd<'_>; 3]) -> Result<Confined> {
        self.prepare(layer, None)?.start(args, streams)
    }
}

impl Prepared {
    /// Starts the command with these streams: what it reads, what it says, what it complains.
    ///
    /// # Errors
    /// `InvalidInput` for a command that can't be one, `LimitExceeded` if it is too long.
    pub fn start(self, args: &[String], streams: [BorrowedFd<'_>; 3]) -> Result<Confined> {
        self.start_in(None, args, streams, false)
    }

    /// Starts the command in a folder: one of the policy's by its name, or one below it; with a terminal as what it reads, that is its own.
    /// Otherwise as [`Prepared::start`].
    ///
    /// # Errors
    /// As [`Prepared::start`]; a folder that is not there is `NotFound` when it is waited for the command.
    pub fn start_in(
        mut self,
        folder: Option<&str>,
        args: &[String],
        streams: [BorrowedFd<'_>; 3],
        terminal: bool,
    ) -> Result<Confined> {
        let policy = &self.world.policy;
        let mut order = match self.world.confinement.0.way {
            Way::Alone => policy.start_alone(args, folder, self.layer.as_ref())?,
            Way::Apart | Way::Through(_) => policy.start(args, folder, self.proxy.as_deref())?,
        };
        if terminal {
            order = order.at_terminal();
        }
        self.running.start(&order, streams)?;
        Ok(Confined { running: self.running, usage: self.usage })
    }
}

impl Confined {
    /// Gives what ends it from elsewhere, while a thread waits for it.
    pub fn ender(&self) -> Ender {
        self.running.ender()
    }

    /// Gives what has it see what others did in the folders meanwhile.
    pub fn renewer(&self) -> Renewer {
        self.running.renewer()
    }

    /// Waits for its end, no longer than `most`; then it is ended, with everything that it started. This blocks the thread.
    ///
    /// # Errors
    /// `NotFound` if there is no such program, `Unsupported` if the confinement could not be made: then nothing was run;
    /// `Unavailable` if something else ended it.
    pub fn wait(self, most: Duration) -> Result<Ended> {
        self.running.wait(most, self.usage)
    }
}

impl Shared {
    /// Says whether it is the folder with this number on this disk, as `stat` gives them.
    pub(crate) fn is(&self, dev: u64, ino: u64) -> bool {
        let dev = u64::from(rustix::fs::major(dev)) << 32 | u64::from(rustix::fs::minor(dev));
        self.place.what == What::Folder { dev, ino }
    }

    /// Takes a folder of the host under a name. It is this very folder that a command sees: one that takes its place is refused.
    ///
    /// # Errors
    /// `NotFound`; `InvalidInput` if it is no folder, or its path is not UTF-8.
    pub fn new(name: impl Into<String>, at: &Path, changes: Changes) -> Result<Self> {
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
        Ok(Self { name: name.into(), changes, place })
    }
}
