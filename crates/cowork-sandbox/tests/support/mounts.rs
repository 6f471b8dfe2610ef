//! Disks and mounts that a test makes, where this machine lets it.

use std::{
    ffi::OsStr,
    fs,
    path::{Path, PathBuf},
    process::Command,
};

/// Runs a program of the system; says so when this machine can't.
pub fn run(program: &str, arguments: &[&OsStr]) -> bool {
    let ran = Command::new(program).args(arguments).output().is_ok_and(|out| out.status.success());
    if !ran {
        eprintln!("left out: this machine can't {program} {arguments:?}");
    }
    ran
}

/// A mount, as long as this lives.
pub struct Mount(PathBuf);

impl Mount {
    /// A disk of its own in memory.
    pub fn at(path: &Path, options: &str) -> Option<Self> {
        fs::create_dir_all(path).unwrap();
        let arguments = [
            OsStr::new("-t"),
            OsStr::new("tmpfs"),
            OsStr::new("-o"),
            OsStr::new(options),
            OsStr::new("none"),
            path.as_os_str(),
        ];
        run("mount", &arguments).then(|| Self(path.to_owned()))
    }

    /// Lets a folder be seen at another place too: the same disk, and yet nothing can be renamed between the two.
    pub fn bind(folder: &Path, at: &Path) -> Option<Self> {
        fs::create_dir_all(at).unwrap();
        run("mount", &[OsStr::new("--bind"), folder.as_os_str(), at.as_os_str()]).then(|| Self(at.to_owned()))
    }
}

impl Drop for Mount {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(&self.0).output();
    }
}
