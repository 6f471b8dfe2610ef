//! What of the host's system a confined program needs: looked at once, then data.

use std::{fs, io::ErrorKind, os::unix::fs::MetadataExt, path::Path};

use cowork_core::{Error, Kind, Result};
use rustix::fs::{major, minor};

use super::steps::Resource;

/// The host's system.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct System {
    pub(crate) uid: u32,
    pub(crate) gid: u32,
    /// The version of Landlock that the kernel has; 0 for none.
    pub(crate) landlock: u32,
    /// An empty or uninteresting folder, over which the new root is mounted until it is entered.
    pub(crate) aside: &'static str,
    /// The most that may be given of what is limited.
    pub(crate) most: Vec<(Resource, u64)>,
    /// The list of processes.
    pub(crate) processes: Place,
    pub(crate) programs: Vec<Place>,
    pub(crate) devices: Vec<Place>,
}

/// A path of the host that is there inside too.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) path: String,
    pub(crate) what: What,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum What {
    Folder { dev: u64, ino: u64 },
    File { dev: u64, ino: u64 },
    Link { to: String },
}

/// Programs and what they read of the system. Of the settings in `/etc` only what names nobody and holds no secret, and what many
/// programs can't do without: each is a mount, which takes time.
const PROGRAMS: &[&str] = &[
    "/usr",
    "/bin",
    "/sbin",
    "/lib",
    "/lib32",
    "/lib64",
    "/etc/ImageMagick-6",
    "/etc/ImageMagick-7",
    "/etc/alternatives",
    "/etc/fonts",
    "/etc/java-11-openjdk",
    "/etc/java-17-openjdk",
    "/etc/java-21-openjdk",
    "/etc/ld.so.cache",
    "/etc/libreoffice",
    "/etc/localtime",
    "/etc/matplotlibrc",
    "/etc/mime.types",
    "/etc/protocols",
    "/etc/services",
    "/etc/ssl/certs",
    "/etc/ssl/openssl.cnf",
];

/// What a program finds of others' code.
const LIBRARIES: &[&str] =
    &["/lib", "/lib32", "/lib64", "/usr/lib", "/usr/lib32", "/usr/lib64", "/usr/local/lib", "/etc/ld.so.cache"];

const DEVICES: &[&str] = &["/dev/null", "/dev/random", "/dev/urandom", "/dev/zero"];

/// Folders under which no folder that a person grants can be.
const ASIDE: &[&str] = &["/sys", "/proc"];

impl System {
    /// Looks at the host.
    ///
    /// # Errors
    /// `Unavailable` for what can't be looked at, `Unsupported` if what every program needs is not there.
    pub(crate) fn look(landlock: u32) -> Result<Self> {
        let aside = ASIDE.iter().find(|at| Path::new(at).is_dir());
        let Some(aside) = aside else {
            let error = Error::new(Kind::Unsupported, "confine", "there is neither /sys nor /proc to mount over");
            return Err(error.with_fix("mount /proc"));
        };
        let Some(processes) = place("/proc")? else {
            return Err(Error::new(Kind::Unsupported, "confine", "there is no /proc").with_fix("mount /proc"));
        };
        let process = (rustix::process::geteuid(), rustix::process::getegid());
        Ok(Self {
            uid: process.0.as_raw(),
            gid: process.1.as_raw(),
            landlock,
            aside,
            most: most(),
            processes,
            programs: there(PROGRAMS)?,
            devices: there(DEVICES)?,
        })
    }
}

impl System {
    /// Gives the same with libraries in place of all programs.
    ///
    /// # Errors
    /// `Unavailable` for what can't be looked at.
    pub(crate) fn with_libraries(&self) -> Result<Self> {
        Ok(Self { programs: there(LIBRARIES)?, ..self.clone() })
    }

    /// Gives the most that this process may have of something.
    pub(crate) fn most(&self, what: Resource) -> u64 {
        self.most.iter().find(|(known, _)| *known == what).map_or(u64::MAX, |(_, most)| *most)
    }
}

/// Gives how much of each this process may have.
fn most() -> Vec<(Resource, u64)> {
    use rustix::process::{Resource as Known, getrlimit};
    let all = [
        (Resource::Cpu, Known::Cpu),
        (Resource::FileSize, Known::Fsize),
        (Resource::Data, Known::Data),
        (Resource::Core, Known::Core),
        (Resource::Processes, Known::Nproc),
        (Resource::OpenFiles, Known::Nofile),
    ];
    all.map(|(what, known)| (what, getrlimit(known).maximum.unwrap_or(u64::MAX))).into()
}

fn there(paths: &[&str]) -> Result<Vec<Place>> {
    paths.iter().filter_map(|path| place(path).transpose()).collect()
}

/// Gives what is at a path; nothing if nothing is there.
pub(crate) fn place(path: &str) -> Result<Option<Place>> {
    let found = match fs::symlink_metadata(path) {
        Err(e) if e.kind() == ErrorKind::NotFound => return Ok(None),
        found => found.map_err(|e| unreadable(path, &e))?,
    };
    let (dev, ino) = (u64::from(major(found.dev())) << 32 | u64::from(minor(found.dev())), found.ino());
    let what = if found.is_symlink() {
        let to = fs::read_link(path).map_err(|e| unreadable(path, &e))?;
        What::Link { to: to.to_string_lossy().into_owned() }
    } else if found.is_dir() {
        What::Folder { dev, ino }
    } else {
        What::File { dev, ino }
    };
    Ok(Some(Place { path: path.to_owned(), what }))
}

/// Says whether a folder is, holds, or is in one through which the kernel is set or other programs are reached.
pub(crate) fn is_kernels(at: &Path) -> bool {
    ["/proc", "/sys", "/dev", "/run"].iter().any(|theirs| at.starts_with(theirs) || Path::new(theirs).starts_with(at))
}

fn unreadable(path: &str, error: &std::io::Error) -> Error {
    Error::new(Kind::Unavailable, "confine", format!("{path:?} can't be looked at: {error}"))
}
