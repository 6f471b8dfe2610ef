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
    /// It uses no more memory and processes than it may.
    Memory,
    /// It writes no more where nothing is kept than it may, or than the disk has room for.
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
            Self::Namespaces => "namespaces of its own",
            Self::Bubblewrap => "the namespaces of bubblewrap",
            Self::Landlock => "Landlock and filters alone",
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

    /// Gives the least that is accepted unless somebody says otherwise: all but [`Feature::Hiding`]. Without it a command learns names and
    /// sizes, and nothing that is in them; whatever else fails does harm.
    pub fn least() -> Vec<Self> {
        Self::ALL.into_iter().filter(|feature| *feature != Self::Hiding).collect()
    }

    /// Gives its name, for a person.
    pub fn name(self) -> &'static str {
        match self {
            Self::Reading => "reading",
            Self::Writing => "writing",
            Self::Hiding => "names elsewhere",
            Self::Network => "network",
            Self::Processes => "other processes",
            Self::Messages => "shared memory",
            Self::Devices => "devices",
            Self::Privileges => "privileges",
            Self::Kernel => "kernel",
            Self::Memory => "memory",
            Self::Scratch => "scratch",
            Self::Ending => "ending",
        }
    }
}

/// What to do where there are no namespaces.
pub(crate) const MEND: &str = "install `bubblewrap`, or allow user namespaces";

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
    let since = |version: u32, what| (landlock >= version).then_some(what);
    match (feature, has_namespaces) {
        (Feature::Reading | Feature::Writing | Feature::Devices, true) => Some("mounts and Landlock"),
        (Feature::Hiding | Feature::Network | Feature::Processes | Feature::Messages | Feature::Ending, true) => {
            Some("namespaces")
        }
        (Feature::Reading | Feature::Devices, false) => since(1, "Landlock"),
        // Before its third version a file could be cut off that could not be opened.
        (Feature::Writing, false) => since(3, "Landlock and a filter of system calls"),
        // From its sixth version on it holds signals back; then what ends a command can end all that it started at once.
        (Feature::Processes, false) => since(6, "Landlock and a filter of system calls"),
        (Feature::Ending, false) => since(6, "Landlock"),
        (Feature::Hiding, false) => None,
        (Feature::Network | Feature::Messages, false) | (Feature::Kernel, _) => Some("a filter of system calls"),
        (Feature::Privileges, _) => Some("no_new_privs"),
        (Feature::Memory, _) if groups => Some("control groups"),
        (Feature::Scratch, true) => Some("mounts and Landlock"),
        (Feature::Memory, _) | (Feature::Scratch, false) => Some("a look 20 times a second"),
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

    /// Says by what commands are confined, in a line for a person.
    pub fn told(&self) -> String {
        let number = self.tier as u32;
        let text = format!("confined in tier {number} of 3, by {}; Landlock {}", self.tier.name(), self.landlock);
        self.tried.first().map_or_else(|| text.clone(), |why| format!("{text}; {why}"))
    }

    /// Says what to do for a better tier; empty in the best.
    pub fn mend(&self) -> String {
        match self.tier {
            Tier::Namespaces => "",
            Tier::Bubblewrap => "allow user namespaces, and commands begin faster",
            Tier::Landlock => MEND,
        }
        .to_owned()
    }

    /// Says what is enforced by what, and what is not, in a line for a person.
    pub fn told_of_each(&self) -> String {
        let mut groups: Vec<(Option<&str>, Vec<&str>)> = Vec::new();
        for Enforced { feature, by } in &self.features {
            match groups.iter_mut().find(|(known, _)| *known == by.as_deref()) {
                Some((_, names)) => names.push(feature.name()),
                None => groups.push((by.as_deref(), vec![feature.name()])),
            }
        }
        // What is lacking is said last.
        groups.sort_by_key(|(by, _)| by.is_none());
        let told = |(by, names): &(Option<&str>, Vec<&str>)| {
            let names = names.join(", ");
            by.map_or_else(|| format!("not held: {names}"), |by| format!("{names} by {by}"))
        };
        groups.iter().map(told).collect::<Vec<_>>().join("; ")
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

#[cfg(test)]
mod tests;
