//! What a confined program may do, and the steps that make it so. Pure.

pub(super) mod alone;

use cowork_core::{Error, ExecLimits, Kind, Result};

use super::{
    Layer, filters,
    layer::COPY,
    steps::{Never, Resource, Start, Step},
    system::{Place, System, What},
};

/// What a confined program may do. It does not change while one runs.
#[derive(Clone, Debug, PartialEq)]
pub struct Policy {
    /// The folders that it sees, each as `/work/NAME`. The first is where it starts.
    pub folders: Vec<Shared>,
    /// How much it may use.
    pub limits: ExecLimits,
}

/// A folder that a confined program sees.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shared {
    /// Its name inside: no slash, not `.` or `..`.
    pub name: String,
    /// What becomes of changes in it.
    pub changes: Changes,
    pub(crate) place: Place,
}

/// A way out of the confinement: the host accepts what comes to a port of the command's own loopback, and decides on it.
pub struct WayOut {
    /// What programs find in `http_proxy`: how they reach it.
    pub proxy: String,
    /// The certificates that they have to trust, in PEM.
    pub trusted: String,
    /// Takes the listening socket, once there is one; nobody else accepts from it. What it gives is dropped when the command has ended: the
    /// socket has to be closed then.
    pub take: Take,
}

/// Takes the socket of a way out.
pub type Take = Box<dyn FnOnce(std::net::TcpListener) -> Box<dyn std::any::Any + Send> + Send>;

impl WayOut {
    /// The port, in the command's own network.
    pub const PORT: u16 = 3_128;
}

impl std::fmt::Debug for WayOut {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // How it is reached holds a secret.
        f.write_str("WayOut")
    }
}

/// What becomes of changes in a folder that a confined program sees.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Changes {
    /// There are none: it can only be read.
    Refused,
    /// They are kept elsewhere, in a [`Layer`](super::Layer), while the folder stays as it is.
    Kept,
    /// They are made at once.
    Made,
}

/// Where the shared folders are.
pub(super) const WORK: &str = "work";
/// Where what is outside is reached until a command's own mounts are made: the folders whose changes are kept elsewhere, where these are
/// kept, and the host's list of processes, without which the kernel gives no other.
const OUTSIDE: &str = ".outside";
/// The user inside, who is whoever runs the host outside.
pub(super) const USER: u32 = 1_000;
pub(super) const HOME: &str = "home/user";
const PATH: [&str; 3] = ["/usr/local/bin", "/usr/bin", "/bin"];

/// The certificates that programs with a way out have to trust: the system's, and that of the host's proxy.
pub(super) const TRUSTED: &str = "home/user/.certificates.pem";
/// By which names programs look for a proxy, and for certificates.
const PROXY: [&str; 5] = ["http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"];
const TRUST: [&str; 7] = [
    "SSL_CERT_FILE",
    "CURL_CA_BUNDLE",
    "REQUESTS_CA_BUNDLE",
    "PIP_CERT",
    "NODE_EXTRA_CA_CERTS",
    "GIT_SSL_CAINFO",
    "CARGO_HTTP_CAINFO",
];

/// Accounts for programs that ask for a name.
pub(super) const ACCOUNTS: [(&str, &str); 4] = [
    ("etc/passwd", "user:x:1000:1000::/home/user:/bin/sh\nnobody:x:65534:65534::/:/bin/false\n"),
    ("etc/group", "user:x:1000:\nnogroup:x:65534:\n"),
    ("etc/hosts", "127.0.0.1 localhost\n::1 localhost\n"),
    ("etc/nsswitch.conf", "passwd: files\ngroup: files\nhosts: files dns\n"),
];

impl Policy {
    /// Gives the steps that make what the programs of this policy have in common; `layers` is where their changes are kept.
    ///
    /// # Errors
    /// `InvalidInput` for a name that can't be one, and for changes that are to be kept nowhere.
    pub(crate) fn world(&self, system: &System, layers: Option<&Place>) -> Result<Vec<Step>> {
        self.check(layers.is_some())?;
        let mut steps = users(system);
        steps.push(Step::Name("sandbox"));
        steps.push(Step::Root { at: system.aside, bytes: 4 << 20, files: 4_096 });
        steps.extend(root(system));
        for (n, shared) in self.folders.iter().enumerate() {
            let at = format!("{WORK}/{}", shared.name);
            match shared.changes {
                Changes::Refused => steps.extend(bound(&shared.place, &at, Never::CHANGED)),
                Changes::Made => steps.extend(bound(&shared.place, &at, Never::PRIVILEGED)),
                Changes::Kept => {
                    steps.push(folder(&at));
                    steps.extend(bound(&shared.place, &format!("{OUTSIDE}/{n}"), Never::CHANGED));
                }
            }
        }
        steps.extend(layers.iter().flat_map(|place| bound(place, &format!("{OUTSIDE}/layers"), Never::PRIVILEGED)));
        // Nothing leads out of it, and no two can meet in it: one for all that have no way out.
        steps.extend([Step::Network, Step::Enter, Step::Each]);
        steps.extend(self.scratch());
        Ok(steps)
    }

    /// Gives the folders of a command for what is of no use afterwards.
    fn scratch(&self) -> [Step; 3] {
        [("tmp", "1777"), ("dev/shm", "1777"), (HOME, "700")].map(|(to, mode)| {
            let settings = [("size", self.limits.scratch.to_string()), ("nr_inodes", "65536".to_owned())];
            let settings = settings.into_iter().chain([("mode", mode.to_owned())]).collect();
            Step::Mount { kind: "tmpfs", to, never: Never::PRIVILEGED, settings }
        })
    }

    /// Gives the steps that confine one program, in the world that it has in common with others; `layer` is where it keeps changes.
    ///
    /// # Errors
    /// `InvalidInput` without a layer that is needed; `Unsupported` where the kernel can't enforce it.
    pub(crate) fn steps(&self, system: &System, layer: Option<&Layer>, out: Option<&WayOut>) -> Result<Vec<Step>> {
        let mut steps = self.own(layer)?;
        if let Some(out) = out {
            let content = out.trusted.clone();
            // What comes out at its socket is this command's, and no other's.
            steps.extend([Step::File { path: TRUSTED, content }, Step::Network, Step::Listen(WayOut::PORT)]);
        }
        steps.extend(self.limits(system));
        steps.extend(self.rules(system)?);
        steps.push(Step::Filter(filters::filter()?));
        Ok(steps)
    }

    /// Says whether it has folders whose changes are kept.
    pub(crate) fn keeps(&self) -> bool {
        self.folders.iter().any(|folder| folder.changes == Changes::Kept)
    }

    pub(super) fn check(&self, has_layers: bool) -> Result<()> {
        let invalid = |why: String| Err(Error::new(Kind::InvalidInput, "confine", why));
        if self.keeps() && !has_layers {
            return invalid("the changes in a folder are to be kept, and it is not said where".to_owned());
        }
        if self.limits.open < 16 {
            return invalid("a command needs 16 open files at least".to_owned());
        }
        for (n, folder) in self.folders.iter().enumerate() {
            let name = &folder.name;
            if name.is_empty() || name == "." || name == ".." || name.contains(['/', '\0']) {
                return invalid(format!("{name:?} can't be the name of a folder"));
            }
            if self.folders[..n].iter().any(|before| before.name == *name) {
                return invalid(format!("two folders are called {name:?}"));
            }
        }
        Ok(())
    }

    /// Gives what is mounted for one program alone.
    pub(crate) fn own(&self, layer: Option<&Layer>) -> Result<Vec<Step>> {
        // Only what belongs to processes: nothing of the kernel's settings, the computer, or its start.
        let processes = vec![("subset", "pid".to_owned())];
        let mut steps = vec![Step::Mount { kind: "proc", to: "proc", never: Never::PRIVILEGED, settings: processes }];
        let kept = self.folders.iter().enumerate().filter(|(_, f)| f.changes == Changes::Kept);
        for (n, shared) in kept {
            let layer = layer.ok_or_else(|| {
                Error::new(Kind::InvalidInput, "confine", "a program whose changes are kept needs a layer")
            })?;
            let part = |what: &str| format!("{OUTSIDE}/layers/{}/{n}/{what}", layer.name());
            let (to, lower) = (format!("{WORK}/{}", shared.name), format!("{OUTSIDE}/{n}"));
            steps.push(match layer.copied(n) {
                Some((dev, ino)) => Step::Bind { from: part(COPY), to, never: Never::PRIVILEGED, dev, ino },
                None => Step::Overlay { to, lower, upper: part("upper"), work: part("work") },
            });
        }
        steps.push(Step::Detach(OUTSIDE));
        Ok(steps)
    }

    pub(super) fn limits(&self, system: &System) -> Vec<Step> {
        let ExecLimits { cpu, processes, file, open, .. } = self.limits;
        let limits = [
            (Resource::Cpu, cpu),
            (Resource::FileSize, file),
            (Resource::Core, 0),
            (Resource::Processes, processes),
            (Resource::OpenFiles, open),
        ];
        // Nobody gives more than he has.
        limits.map(|(what, most)| Step::Limit { what, most: most.min(system.most(what)) }).into()
    }

    /// A second hand on the files, should a mount be other than it is taken to be.
    pub(super) fn rules(&self, system: &System) -> Result<Vec<Step>> {
        let known = access::known(system.landlock)?;
        let below = |path: String, access: u64| Step::Allow { path, access: access & known.files };
        let mut steps = vec![Step::Rules { files: known.files, network: 0, scopes: known.scopes }];
        steps.push(below("/".to_owned(), access::LIST));
        for place in &system.programs {
            match place.what {
                What::Folder { .. } => steps.push(below(place.path.clone(), access::READ)),
                What::File { .. } => steps.push(below(place.path.clone(), access::READ_FILE)),
                What::Link { .. } => {}
            }
        }
        steps.extend(ACCOUNTS.map(|(path, _)| below(format!("/{path}"), access::READ_FILE)));
        steps.extend(system.devices.iter().map(|place| below(place.path.clone(), access::DEVICE)));
        steps.push(below("/proc".to_owned(), access::READ));
        steps.extend(["/tmp", "/dev/shm", "/home/user"].map(|path| below(path.to_owned(), access::CHANGE)));
        for shared in &self.folders {
            let access = if shared.changes == Changes::Refused { access::READ } else { access::CHANGE };
            steps.push(below(format!("/{WORK}/{}", shared.name), access));
        }
        steps.push(Step::Restrict);
        Ok(steps)
    }

    /// Gives the order to execute a command.
    ///
    /// # Errors
    /// `InvalidInput` for no command, or a word that can't be one.
    pub(crate) fn start(&self, args: &[String], folder: Option<&str>, out: Option<&str>) -> Result<Start> {
        let invalid = |why: String| Err(Error::new(Kind::InvalidInput, "run command", why));
        let Some(program) = args.first() else { return invalid("there is no command to run".to_owned()) };
        if let Some(word) = args.iter().find(|word| word.contains('\0')) {
            return invalid(format!("a command can't hold a null: {word:?}"));
        }
        let programs = match program.contains('/') {
            true => vec![program.clone()],
            false => PATH.iter().map(|folder| format!("{folder}/{program}")).collect(),
        };
        let first = || self.folders.first().map(|folder| folder.name.as_str());
        let folder = folder.or_else(first).map_or_else(|| format!("/{HOME}"), |folder| format!("/{WORK}/{folder}"));
        let home = format!("/{HOME}");
        let environment = [("HOME", home), ("LANG", "C.UTF-8".to_owned()), ("PATH", PATH.join(":"))];
        let environment = environment.map(|(name, value)| (name.to_owned(), value)).into_iter();
        let proxy = out.iter().flat_map(|proxy| PROXY.map(|name| (name.to_owned(), (*proxy).to_owned())));
        let trusted = out.iter().flat_map(|_| TRUST.map(|name| (name.to_owned(), format!("/{TRUSTED}"))));
        let environment = environment.chain(proxy).chain(trusted).collect();
        Ok(Start { programs, folder, terminal: false, args: args.to_vec(), environment })
    }
}

/// Gives the part of the root that is the same for all.
fn root(system: &System) -> Vec<Step> {
    let folders = ["etc", "etc/ssl", "dev", "proc", "tmp", "run", "var", "home", HOME, WORK, OUTSIDE];
    let mut steps: Vec<Step> = folders.map(folder).into();
    let settings = vec![("size", "65536".to_owned())];
    steps.push(Step::Mount { kind: "tmpfs", to: OUTSIDE, never: Never::PRIVILEGED, settings });
    steps.extend(bound(&system.processes, &format!("{OUTSIDE}/proc"), Never::PRIVILEGED));
    system.programs.iter().for_each(|place| steps.extend(bound(place, &place.path[1..], Never::CHANGED)));
    steps.extend(ACCOUNTS.map(|(path, content)| Step::File { path, content: content.to_owned() }));
    system.devices.iter().for_each(|place| steps.extend(bound(place, &place.path[1..], Never::REPLACED)));
    let link = |(path, to): (&str, &str)| Step::Link { to: to.to_owned(), path: path.to_owned() };
    let links = [("fd", ""), ("stdin", "/0"), ("stdout", "/1"), ("stderr", "/2")];
    steps.extend(links.map(|(name, number)| link((&format!("dev/{name}"), &format!("/proc/self/fd{number}")))));
    steps.extend([link(("var/tmp", "/tmp")), folder("dev/shm")]);
    steps
}

fn folder(path: &str) -> Step {
    Step::Folder { path: path.to_owned(), mode: 0o755 }
}

/// Inside there is one user, who is whoever started this, and one group.
fn users(system: &System) -> Vec<Step> {
    // When memory is short it is what is confined that goes first.
    const GOES_FIRST: &str = "500";
    let map = |outside: u32| format!("{USER} {outside} 1");
    let set = |file, text| Step::Set { file, text };
    vec![
        set("/proc/self/oom_score_adj", GOES_FIRST.to_owned()),
        set("/proc/self/setgroups", "deny".to_owned()),
        set("/proc/self/uid_map", map(system.uid)),
        set("/proc/self/gid_map", map(system.gid)),
    ]
}

fn bound(place: &Place, to: &str, never: Never) -> Vec<Step> {
    let path = to.to_owned();
    let bind = |dev, ino| Step::Bind { from: place.path.clone(), to: path.clone(), never, dev, ino };
    match &place.what {
        What::Folder { dev, ino } => vec![folder(&path), bind(*dev, *ino)],
        What::File { dev, ino } => vec![Step::Empty { path: path.clone() }, bind(*dev, *ino)],
        What::Link { to } => vec![Step::Link { to: to.clone(), path }],
    }
}

/// Kinds of access to files, as Landlock numbers them.
pub(super) mod access {
    use cowork_core::{Error, Kind, Result};

    const EXECUTE: u64 = 1;
    pub(in crate::confine) const WRITE_FILE: u64 = 1 << 1;
    const OPEN_FILE: u64 = 1 << 2;
    pub(in crate::confine) const LIST: u64 = 1 << 3;
    const MAKE_DEVICES: u64 = 1 << 6 | 1 << 11;
    pub(in crate::confine) const MOVE: u64 = 1 << 13;
    const TRUNCATE: u64 = 1 << 14;
    const ORDER_DEVICE: u64 = 1 << 15;
    const ALL: u64 = (1 << 16) - 1;

    pub(in crate::confine) const READ_FILE: u64 = EXECUTE | OPEN_FILE;
    pub(in crate::confine) const READ: u64 = READ_FILE | LIST;
    pub(in crate::confine) const CHANGE: u64 = ALL & !MAKE_DEVICES & !ORDER_DEVICE;
    pub(in crate::confine) const DEVICE: u64 = OPEN_FILE | WRITE_FILE | TRUNCATE | ORDER_DEVICE;

    /// What a version of Landlock can hold off.
    pub(in crate::confine) struct Known {
        pub(in crate::confine) files: u64,
        /// Sockets by abstract names, and signals, of processes outside.
        pub(in crate::confine) scopes: u64,
    }

    pub(in crate::confine) fn known(version: u32) -> Result<Known> {
        let kinds = match version {
            0 => {
                let error = Error::new(Kind::Unsupported, "confine", "the kernel has no Landlock");
                return Err(error.with_fix("use a kernel of 5.13 or later with `landlock` in its `lsm=` list"));
            }
            1 => 13,
            2 => 14,
            3 | 4 => 15,
            _ => 16,
        };
        Ok(Known { files: (1 << kinds) - 1, scopes: if version >= 6 { 3 } else { 0 } })
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test stops at what should not be")]
mod tests;
