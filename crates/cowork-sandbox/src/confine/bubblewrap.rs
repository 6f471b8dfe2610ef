//! The second tier: bubblewrap, a program of the system's that may make namespaces where this one may not, makes them and the mounts from
//! the same policy. In them it executes the helper, which does the rest.

use std::{
    fs,
    os::{fd::OwnedFd, unix::fs::MetadataExt},
    path::Path,
    process::{Command, Stdio},
};

use cowork_core::{Error, Kind, Result};

use super::{
    Layer, Policy, Shared, WayOut, filters, helper,
    policy::{ACCOUNTS, Changes, HOME, TRUSTED, USER, WORK},
    steps::{Never, Resource, Step},
    system::{Place, System, What},
};

/// The oldest version that has all that is asked of it.
const OLDEST: [u32; 2] = [0, 8];

/// From which number on it has its handles: the helper's program, then the accounts.
const HANDLES: usize = 10;

/// What of the list of processes is not about processes, and may be seen: what many programs ask to know how much they can do at once.
const SHOWN: &[&str] = &[
    "cpuinfo",
    "filesystems",
    "loadavg",
    "meminfo",
    "mounts",
    "net",
    "self",
    "stat",
    "thread-self",
    "uptime",
    "version",
];

/// The program, as it was found to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Bubblewrap {
    pub(crate) path: String,
    pub(crate) version: String,
    /// Whether it makes a namespace of users. Without one it needs privileges of its own: it is setuid, or whoever runs it is root.
    pub(crate) users: bool,
    /// What of the list of processes there is to be hidden.
    pub(crate) masked: Vec<Place>,
}

impl Bubblewrap {
    /// Looks at the program that is at a path. It is to be the system's: nobody else may have put anything in its place.
    ///
    /// # Errors
    /// `Unsupported` if there is none, or none that may be trusted, or too old a one.
    pub(crate) fn find(path: &Path) -> Result<Self> {
        let unsupported = |why: String| Error::new(Kind::Unsupported, "confine", why).with_fix("install `bubblewrap`");
        let real =
            fs::canonicalize(path).map_err(|e| unsupported(format!("{} can't be found: {e}", path.display())))?;
        if !path.is_absolute() || real.ancestors().any(|at| !is_systems(at)) {
            let why = format!("{} may be changed by somebody else than the system's administrator", path.display());
            return Err(unsupported(why).with_fix("have it belong to root, and be writable by nobody else"));
        }
        let path = real.to_str().ok_or_else(|| unsupported("its path is not UTF-8".to_owned()))?.to_owned();
        let version = version(&path).map_err(&unsupported)?;
        Ok(Self { path, version, users: true, masked: masked()? })
    }

    /// Gives the steps of what starts it with these arguments.
    pub(crate) fn steps(&self, system: &System, args: Vec<String>) -> Vec<Step> {
        const ROOT: u32 = 0;
        let mut steps = Vec::new();
        if system.uid == ROOT {
            // Devices are root's, who might change their permissions, for all: bubblewrap would let them be changed, and leaves what is
            // read-only as it is.
            let read_only = |place: &Place| match place.what {
                What::File { dev, ino } => {
                    let (from, to) = (place.path.clone(), place.path.clone());
                    Some(Step::Bind { from, to, never: Never::REPLACED, dev, ino })
                }
                What::Folder { .. } | What::Link { .. } => None,
            };
            steps.push(Step::Part);
            steps.extend(system.devices.iter().filter_map(read_only));
        }
        let args = [self.path.clone()].into_iter().chain(args).collect();
        steps.push(Step::Through { program: self.path.clone(), args });
        steps
    }

    /// Gives the handles that its arguments speak of.
    pub(crate) fn handles() -> Result<Vec<OwnedFd>> {
        let accounts = ACCOUNTS.iter().map(|(_, content)| helper::to_read(content.as_bytes()));
        [helper::program()].into_iter().chain(accounts).collect()
    }
}

/// Looks for what there is to be hidden.
fn masked() -> Result<Vec<Place>> {
    let unreadable =
        |e: std::io::Error| Error::new(Kind::Unavailable, "confine", format!("/proc can't be looked at: {e}"));
    let names =
        fs::read_dir("/proc").map_err(unreadable)?.flatten().filter_map(|entry| entry.file_name().into_string().ok());
    let is_masked = |name: &String| name.parse::<u32>().is_err() && !SHOWN.contains(&name.as_str());
    let mut names: Vec<String> = names.filter(is_masked).collect();
    names.sort();
    names.iter().filter_map(|name| super::system::place(&format!("/proc/{name}")).transpose()).collect()
}

/// Says whether only the system's administrator may change what is at a path.
fn is_systems(at: &Path) -> bool {
    const OTHERS_WRITE: u32 = 0o022;
    fs::metadata(at).is_ok_and(|about| about.uid() == 0 && about.mode() & OTHERS_WRITE == 0)
}

fn version(path: &str) -> std::result::Result<String, String> {
    let mut command = Command::new(path);
    let command = command.arg("--version").env_clear().stdin(Stdio::null());
    let said = command.output().map_err(|e| format!("{path:?} can't be run: {e}"))?;
    let said = String::from_utf8_lossy(&said.stdout);
    let version = said.split_ascii_whitespace().last().unwrap_or_default();
    let mut numbers = version.split('.').map(|number| number.parse::<u32>().unwrap_or(0));
    let is = [numbers.next().unwrap_or(0), numbers.next().unwrap_or(0)];
    let [major, minor] = OLDEST;
    if is < OLDEST {
        return Err(format!("bubblewrap {version} is too old: it has to be {major}.{minor} or later"));
    }
    Ok(version.to_owned())
}

impl Policy {
    /// Gives what bubblewrap is started with for one program.
    ///
    /// # Errors
    /// `InvalidInput` for a policy that can't be one; `Unsupported` if a folder is kept in a layer that holds no copy of it.
    pub(crate) fn arguments(&self, to: &Bubblewrap, system: &System, layer: Option<&Layer>) -> Result<Vec<String>> {
        self.check(layer.is_some())?;
        let mut args = Arguments::default();
        args.namespaces(to.users);
        for folder in ["/etc", "/etc/ssl", "/dev", "/run", "/var", "/home", "/work"] {
            args.put(&["--dir", folder]);
        }
        system.programs.iter().for_each(|place| args.bind("--ro-bind", place, &place.path));
        system.devices.iter().for_each(|place| args.bind("--dev-bind", place, &place.path));
        for (number, (path, _)) in (HANDLES + 1..).zip(ACCOUNTS) {
            args.put(&["--perms", "0444", "--file", &number.to_string(), &format!("/{path}")]);
        }
        args.put(&["--proc", "/proc"]);
        for place in &to.masked {
            match place.what {
                What::Folder { .. } => args.put(&["--tmpfs", &place.path, "--remount-ro", &place.path]),
                What::Link { .. } => {}
                What::File { .. } => args.put(&["--ro-bind", "/dev/null", &place.path]),
            }
        }
        for (path, mode) in [("tmp", "1777"), ("dev/shm", "1777"), (HOME, "0700")] {
            let size = self.limits.scratch.to_string();
            args.put(&["--perms", mode, "--size", &size, "--tmpfs", &format!("/{path}")]);
        }
        for (name, number) in [("fd", ""), ("stdin", "/0"), ("stdout", "/1"), ("stderr", "/2")] {
            args.put(&["--symlink", &format!("/proc/self/fd{number}"), &format!("/dev/{name}")]);
        }
        args.put(&["--symlink", "/tmp", "/var/tmp"]);
        for (n, shared) in self.folders.iter().enumerate() {
            let (how, from) = self.source(n, layer)?;
            args.put(&[how, &from, &format!("/{WORK}/{}", shared.name)]);
        }
        args.put(&["--remount-ro", "/", "--chdir", "/", "--", &format!("/proc/self/fd/{HANDLES}"), "in", "namespaces"]);
        Ok(args.0)
    }

    /// Gives the steps that the helper does in the namespaces that bubblewrap made.
    ///
    /// # Errors
    /// As [`Policy::arguments`]'s.
    pub(crate) fn steps_within(
        &self,
        to: &Bubblewrap,
        system: &System,
        layer: Option<&Layer>,
        out: Option<&WayOut>,
    ) -> Result<Vec<Step>> {
        let mut steps = Vec::new();
        if let Some(out) = out {
            steps.extend([Step::File { path: TRUSTED, content: out.trusted.clone() }, Step::Listen(WayOut::PORT)]);
        }
        let shown = self.folders.iter().enumerate().filter_map(|(n, shared)| {
            let (dev, ino) = seen(shared, layer.and_then(|layer| layer.copied(n)))?;
            Some(Step::Is { path: format!("{WORK}/{}", shared.name), dev, ino })
        });
        steps.extend(shown);
        // Without users of its own it would count all processes of whoever runs it.
        let is_own = |step: &Step| to.users || !matches!(step, Step::Limit { what: Resource::Processes, .. });
        steps.extend(self.limits(system).into_iter().filter(is_own));
        steps.extend(self.rules(system)?);
        steps.push(Step::Filter(filters::filter()?));
        Ok(steps)
    }

    /// Gives how a folder is shown, and from where.
    pub(super) fn source(&self, folder: usize, layer: Option<&Layer>) -> Result<(&'static str, String)> {
        let shared = &self.folders[folder];
        let own = || shared.place.path.clone();
        Ok(match shared.changes {
            Changes::Refused => ("--ro-bind", own()),
            Changes::Made => ("--bind", own()),
            Changes::Kept => {
                let copy = layer.and_then(|layer| layer.copy_at(folder)).ok_or_else(|| {
                    let text = format!("changes in {:?} can only be kept in a copy of it here", shared.name);
                    Error::new(Kind::Unsupported, "confine", text).with_fix("have its layer hold a copy")
                })?;
                ("--bind", copy)
            }
        })
    }
}

/// Gives what a folder has to be when it is looked at from inside.
pub(super) fn seen(shared: &Shared, copied: Option<(u64, u64)>) -> Option<(u64, u64)> {
    copied.or(match shared.place.what {
        What::Folder { dev, ino } => Some((dev, ino)),
        _ => None,
    })
}

/// Arguments as they are gathered.
#[derive(Default)]
struct Arguments(Vec<String>);

impl Arguments {
    fn put(&mut self, args: &[&str]) {
        self.0.extend(args.iter().map(|arg| (*arg).to_owned()));
    }

    fn namespaces(&mut self, users: bool) {
        if users {
            let user = USER.to_string();
            self.put(&["--unshare-user", "--uid", &user, "--gid", &user]);
        }
        self.put(&["--unshare-ipc", "--unshare-pid", "--unshare-net", "--unshare-uts", "--unshare-cgroup-try"]);
        self.put(&["--hostname", "sandbox", "--die-with-parent", "--as-pid-1", "--cap-drop", "ALL"]);
    }

    fn bind(&mut self, how: &str, place: &Place, at: &str) {
        match &place.what {
            What::Link { to } => self.put(&["--symlink", to, at]),
            What::Folder { .. } | What::File { .. } => self.put(&[how, &place.path, at]),
        }
    }
}
