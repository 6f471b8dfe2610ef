//! In which way commands are confined here: the best is tried first, each by doing it, and the first that holds what has to be held is taken.

use std::path::{Path, PathBuf};

use cowork_core::{Error, ExecLimits, Kind, Result};

use super::{
    Enforcement, Feature, How, PATIENCE, Policy, Tier,
    bubblewrap::Bubblewrap,
    helper::{Begins, Helper},
    run::Running,
    steps::Step,
    system::System,
    tier::{self, Facts},
    usage::Usage,
};

/// In which ways commands may be confined. As it is by default, the best that can be had is taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// Whether this program may make namespaces itself, where the system lets it.
    pub namespaces: bool,
    /// Where bubblewrap is, if it may be used where this program can make no namespaces.
    pub bubblewrap: Option<PathBuf>,
    /// The latest version of Landlock that is used; an older kernel has less.
    pub landlock: u32,
    /// What has to be enforced, or nothing is run.
    pub least: Vec<Feature>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            namespaces: true,
            bubblewrap: Some("/usr/bin/bwrap".into()),
            landlock: u32::MAX,
            least: Feature::least(),
        }
    }
}

/// How what confines a command comes about.
#[derive(Clone, Debug)]
pub(crate) enum Way {
    /// By namespaces of our own.
    Apart,
    /// By those of another program.
    Through(Bubblewrap),
    /// Without any.
    Alone,
}

/// What was found.
pub(crate) struct Found {
    pub(crate) helper: Helper,
    pub(crate) system: System,
    pub(crate) way: Way,
    pub(crate) enforcement: Enforcement,
}

/// Finds the best way that enforces what has to be.
///
/// # Errors
/// `Unsupported` if there is none.
pub(crate) fn find(options: &Options, groups: bool) -> Result<Found> {
    let mut tried = Vec::new();
    let mut missing = options.least.clone();
    for tier in [Tier::Namespaces, Tier::Bubblewrap, Tier::Landlock] {
        let (helper, way, landlock) = match attempt(options, tier) {
            Ok(came) => came,
            Err(error) => {
                tried.push(error.message);
                continue;
            }
        };
        let system = System::look(landlock.min(options.landlock))?;
        if system.landlock == 0 {
            tried.push(format!("{}: the kernel has no Landlock", tier.name()));
            continue;
        }
        let facts = Facts { tier, landlock: system.landlock, groups };
        let enforcement = tier::enforced(&facts, tried.clone());
        // What the last could not hold either is what is told.
        missing = enforcement.missing(&options.least);
        if missing.is_empty() {
            return Ok(Found { helper, system, way, enforcement });
        }
        tried.push(format!("{} would not do", tier.name()));
    }
    Err(tier::too_little(&missing, &tried))
}

fn attempt(options: &Options, tier: Tier) -> Result<(Helper, Way, u32)> {
    match tier {
        Tier::Namespaces if !options.namespaces => Err(refused("namespaces of its own may not be made")),
        Tier::Namespaces => {
            let helper = Helper::new(Begins::Apart)?;
            let landlock = ask_apart(&helper)?;
            Ok((helper, Way::Apart, landlock))
        }
        Tier::Bubblewrap => {
            let path = options.bubblewrap.as_deref().ok_or_else(|| refused("bubblewrap may not be used"))?;
            let helper = Helper::new(Begins::Outside)?;
            let (found, landlock) = ask_through(&helper, path)?;
            Ok((helper, Way::Through(found), landlock))
        }
        Tier::Landlock => {
            let helper = Helper::new(Begins::Outside)?;
            let landlock = asked(helper.ground(Vec::new(), None)?.prepare_outside(&[], &[], vec![Step::Ask])?)?;
            Ok((helper, Way::Alone, landlock))
        }
    }
}

/// Makes a whole world, with nothing in it but the system's programs: where namespaces can be had but are of no use, it fails.
fn ask_apart(helper: &Helper) -> Result<u32> {
    let (policy, system) = (nothing(), System::look(0)?);
    let ground = helper.ground(policy.world(&system, None)?, None)?;
    let running = ground.prepare(policy.own(None)?.into_iter().chain([Step::Ask]).collect())?;
    asked(running).map_err(|error| ground.why().unwrap_or(error))
}

fn ask_through(helper: &Helper, path: &Path) -> Result<(Bubblewrap, u32)> {
    let (policy, system) = (nothing(), System::look(0)?);
    let found = Bubblewrap::find(path)?;
    let ground = helper.ground(Vec::new(), None)?;
    let ask = |found: &Bubblewrap| {
        let start = found.steps(&system, policy.arguments(found, &system, None)?);
        asked(ground.prepare_outside(&start, &Bubblewrap::handles()?, vec![Step::Ask])?)
    };
    match ask(&found) {
        Ok(landlock) => Ok((found, landlock)),
        // It may have privileges of its own.
        Err(error) => {
            let found = Bubblewrap { users: false, ..found };
            ask(&found).map(|landlock| (found, landlock)).map_err(|_| error)
        }
    }
}

fn nothing() -> Policy {
    Policy { folders: Vec::new(), limits: ExecLimits::default() }
}

/// Waits for the version of Landlock that is told.
fn asked(running: Running) -> Result<u32> {
    match running.wait(PATIENCE, Usage::nothing())?.how {
        How::Exited(landlock) => Ok(u32::try_from(landlock).unwrap_or_default()),
        how => Err(Error::new(Kind::Unsupported, "confine", format!("the helper did not answer: {how:?}"))),
    }
}

fn refused(why: &str) -> Error {
    Error::new(Kind::Unsupported, "confine", why)
}
