//! How well commands are confined on this computer, and what each part of it is enforced by.

use cowork_core::{Error, Kind};

/// By what commands are confined: the best that can be had here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Tier {
    /// Namespaces that this program makes itself.
    Namespaces = 1,
    /// Namespaces that the system's bubblewrap makes, where this program may not.
    Bubblewrap = 2,
    /// None: Landlock and filters of system calls alone.
    Landlock = 3,
}

/// What a confinement keeps a command from, or to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Feature {
    /// It reads no file but the system's programs and what it was given.
    Reading,
    /// It changes no file but what it was given to change, nor any file's permissions.
    Writing,
    /// It does not learn what else there is: which files by which names, how large they are, and what processes.
    Hiding,
    /// It reaches no network but what it was granted.
    Network,
    /// It sends no signal to a process that is not its own, and looks into none.
    Processes,
    /// It shares no memory and no messages with other processes.
    Messages,
    /// It has no devices but those that give nothing or numbers by chance.
    Devices,
    /// It has no privileges, and can't come by any.
    Privileges,
    /// Large parts of the kernel that commands do without are closed to it.
    Kernel,
    /// Its memory and its processes are held to their limits by the kernel itself, and not looked at from time to time.
    Memory,
    /// What it may write where nothing is kept is bounded.
    Scratch,
    /// All that it started ends with it.
    Ending,
}

/// What enforces a feature.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Enforced {
    /// The feature.
    pub feature: Feature,
    /// By what it is enforced; nothing if it is not.
    pub by: Option<String>,
}

/// What is enforced here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Enforcement {
    /// By what commands are confined.
    pub tier: Tier,
    /// The version of Landlock that is used.
    pub landlock: u32,
    /// Each feature, with what enforces it.
    pub features: Vec<Enforced>,
    /// Whether commands can be granted hosts.
    pub hosts: bool,
    /// Why it is no better tier: what was tried, and what came of it.
    pub tried: Vec<String>,
}

impl Tier {
    /// Gives its name, for a person.
    pub fn name(self) -> &'static str {
        match self {
            Self::Namespaces => "namespaces",
            Self::Bubblewrap => "bubblewrap's namespaces",
            Self::Landlock => "no namespaces",
        }
    }
}

impl Feature {
    /// All of them.
    pub const ALL: [Self; 12] = [
        Self::Reading,
        Self::Writing,
        Self::Hiding,
        Self::Network,
        Self::Processes,
        Self::Messages,
        Self::Devices,
        Self::Privileges,
        Self::Kernel,
        Self::Memory,
        Self::Scratch,
        Self::Ending,
    ];

    /// The least that is accepted unless somebody says otherwise: whatever harms if it fails. What is not among them tells names and sizes
    /// ([`Feature::Hiding`]), or is looked at 20 times a second where the kernel does not hold it ([`Feature::Memory`],
    /// [`Feature::Scratch`]).
    pub const LEAST: [Self; 9] = [
        Self::Reading,
        Self::Writing,
        Self::Network,
        Self::Processes,
        Self::Messages,
        Self::Devices,
        Self::Privileges,
        Self::Kernel,
        Self::Ending,
    ];

    /// Gives its name, for a person.
    pub fn name(self) -> &'static str {
        match self {
            Self::Reading => "reading",
            Self::Writing => "writing",
            Self::Hiding => "hiding what else there is",
            Self::Network => "network",
            Self::Processes => "other processes",
            Self::Messages => "shared memory",
            Self::Devices => "devices",
            Self::Privileges => "privileges",
            Self::Kernel => "kernel",
            Self::Memory => "memory and processes",
            Self::Scratch => "scratch space",
            Self::Ending => "ending all of it",
        }
    }
}

/// What to do where there are no namespaces.
pub(crate) const MEND: &str = "allow user namespaces (`user.max_user_namespaces`, `kernel.unprivileged_userns_clone` or AppArmor), or install `bubblewrap`";

/// What is known of a confinement.
pub(crate) struct Facts {
    pub(crate) tier: Tier,
    pub(crate) landlock: u32,
    /// Whether control groups may be used.
    pub(crate) groups: bool,
}

/// Works out what is enforced.
pub(crate) fn enforced(facts: &Facts, tried: Vec<String>) -> Enforcement {
    let features = Feature::ALL.map(|feature| Enforced { feature, by: by(feature, facts).map(str::to_owned) });
    Enforcement {
        tier: facts.tier,
        landlock: facts.landlock,
        features: features.into(),
        hosts: facts.tier != Tier::Landlock,
        tried,
    }
}

fn by(feature: Feature, facts: &Facts) -> Option<&'static str> {
    let Facts { tier, landlock, groups } = *facts;
    let has_namespaces = tier != Tier::Landlock;
    let rules = |version: u32, what| (landlock >= version).then_some(what);
    match (feature, has_namespaces) {
        (Feature::Reading, true) => Some("mounts, Landlock"),
        (Feature::Reading | Feature::Devices, false) => rules(1, "Landlock"),
        (Feature::Writing, true) => Some("mounts, Landlock"),
        // Before its third version a file could be cut off that could not be opened.
        (Feature::Writing, false) => rules(3, "Landlock, a filter of system calls"),
        (Feature::Hiding, true) => Some("mounts, namespaces"),
        (Feature::Network, true) => Some("a network of its own"),
        (Feature::Processes, true) => Some("processes of its own"),
        // From its sixth version on it holds signals back.
        (Feature::Processes, false) => rules(6, "Landlock, a filter of system calls"),
        (Feature::Messages, true) => Some("messages of its own"),
        (Feature::Network | Feature::Messages, false) | (Feature::Kernel, _) => Some("a filter of system calls"),
        (Feature::Devices, true) => Some("mounts, Landlock"),
        (Feature::Privileges, true) => Some("no capabilities, none to be had"),
        (Feature::Privileges, false) => Some("no capabilities, none to be had"),
        (Feature::Memory, _) => groups.then_some("control groups"),
        (Feature::Scratch, true) => Some("file systems in memory"),
        (Feature::Hiding | Feature::Scratch, false) => None,
        (Feature::Ending, true) => Some("processes of its own"),
        // What ends all is sent to all that are under the same rules, at once.
        (Feature::Ending, false) => rules(6, "Landlock"),
    }
}

impl Enforcement {
    /// Says whether a feature is enforced.
    pub fn has(&self, feature: Feature) -> bool {
        self.features.iter().any(|it| it.feature == feature && it.by.is_some())
    }

    /// Gives what of these is not enforced.
    pub fn missing(&self, least: &[Feature]) -> Vec<Feature> {
        least.iter().copied().filter(|feature| !self.has(*feature)).collect()
    }

    /// Says it in a line for a person.
    pub fn told(&self) -> String {
        let by = self.tier.name();
        let version = self.landlock;
        let mut text = format!("confined by {by}, Landlock (version {version}) and a filter of system calls");
        let lacking: Vec<&str> =
            self.features.iter().filter(|it| it.by.is_none()).map(|it| it.feature.name()).collect();
        if lacking.is_empty() {
            text.push_str("; memory and processes are held by control groups");
        } else {
            text = format!("{text}; not enforced: {}", lacking.join(", "));
        }
        text
    }
}

/// Says that what is enforced is less than has to be.
pub(crate) fn too_little(missing: &[Feature], tried: &[String]) -> Error {
    let names: Vec<&str> = missing.iter().map(|feature| feature.name()).collect();
    let text = format!("commands can't be confined here as they have to be: {} would not be held", names.join(", "));
    Error::new(Kind::Unsupported, "confine", text)
        .with("missing", names.join(", "))
        .with("tried", tried.join("; "))
        .with_fix(MEND)
}
