//! From what was typed to what may be used.

use std::{
    ffi::{OsStr, OsString},
    os::unix::ffi::OsStrExt,
    path::{Path, PathBuf},
};

use cowork::{Access, ExecLimits, Folder, HostGrant};

use crate::{
    app::home,
    args::Exec,
    fail::{Fail, wrong},
    folders,
};

/// How long a command may take if nobody says it, and at the most, in seconds.
const WALL: u64 = 600;
pub(super) const MOST_WALL: u64 = 3_600;

/// How many bytes of what a command says are kept for `--json` if nobody says it.
const MOST_KEPT: u64 = 16 << 20;

/// What was asked for.
pub(crate) struct Wanted {
    pub(crate) folders: Vec<Folder>,
    pub(crate) hosts: Vec<HostGrant>,
    /// The names of the folders in which changes are taken over unasked.
    pub(crate) unasked: Vec<String>,
    pub(crate) limits: ExecLimits,
    /// Seconds.
    pub(crate) wall: u64,
    /// How many bytes of what it says are passed on.
    pub(crate) out: u64,
}

/// Reads what was typed.
pub(crate) fn wanted(args: &Exec, data: &Path) -> Result<Wanted, Fail> {
    if args.folder.is_empty() {
        let fix = "name one: cowork exec --folder DIR -- CMD; `--folder .` is where you are";
        return Err(wrong("a command needs a folder to work in", fix));
    }
    let typed: Vec<(PathBuf, &[u8])> = args.folder.iter().map(|folder| parted(folder)).collect();
    let paths: Vec<PathBuf> = typed.iter().map(|(path, _)| path.clone()).collect();
    let mut folders = folders::grants(&paths, &[], home().as_deref(), data)?;
    if folders.len() < typed.len() {
        return Err(wrong("one folder was named twice", "name each once"));
    }
    let mut unasked = Vec::new();
    for (folder, (_, how)) in folders.iter_mut().zip(&typed) {
        match *how {
            b"ro" => folder.access = Access::Read,
            b"rw" => unasked.push(folder.name.clone()),
            _ => {}
        }
    }
    let reached = |private| move |host: &String| reached(host, private);
    let hosts = args.net.iter().map(reached(false)).chain(args.net_private.iter().map(reached(true)));
    let hosts = hosts.collect::<Result<_, _>>()?;
    // As an object it is all kept until the end.
    let out = if args.json { MOST_KEPT } else { u64::MAX };
    let mut wanted = Wanted { folders, hosts, unasked, limits: ExecLimits::default(), wall: WALL, out };
    args.limit.iter().try_for_each(|limit| wanted.limit(limit))?;
    Ok(wanted)
}

/// Takes the ending off that says how a folder is used. A folder whose own name ends so is named with another behind it.
fn parted(folder: &OsStr) -> (PathBuf, &[u8]) {
    let bytes = folder.as_bytes();
    for how in [b"ro".as_slice(), b"rw", b"staged"] {
        if let Some(path) =
            bytes.strip_suffix(how).and_then(|path| path.strip_suffix(b":")).filter(|path| !path.is_empty())
        {
            return (PathBuf::from(OsString::from(OsStr::from_bytes(path))), how);
        }
    }
    (PathBuf::from(folder), b"staged")
}

/// Reads a host and its port. Who names an address, or this computer, means it, wherever it is.
fn reached(typed: &str, private: bool) -> Result<HostGrant, Fail> {
    let port = typed.rsplit_once(':').filter(|(host, _)| !host.contains(':') || host.ends_with(']'));
    let (host, port) = match port {
        Some((host, port)) => {
            let number = port.parse().map_err(|_| {
                let why = if typed.contains("://") { "is more than a host" } else { "has a port that there can't be" };
                wrong(format!("`{}` {why}", typed.escape_debug()), "write it so: --net example.org:8443")
            })?;
            (host, Some(number))
        }
        None => (typed, None),
    };
    let private = private || host == "localhost" || host.trim_matches(['[', ']']).parse::<std::net::IpAddr>().is_ok();
    Ok(HostGrant { host: host.to_owned(), port, private, ..HostGrant::default() })
}

impl Wanted {
    fn limit(&mut self, typed: &str) -> Result<(), Fail> {
        let fix = "write it so: --limit wall=30s --limit cpu=10s --limit mem=512m --limit pids=64 --limit files=256 --limit out=1m";
        let off = |why: &str| wrong(format!("the limit `{}` {why}", typed.escape_debug()), fix);
        let (key, value) = typed.split_once('=').ok_or_else(|| off("has no value"))?;
        let number = match key {
            "wall" | "cpu" => seconds(value),
            "mem" | "out" => bytes(value),
            "pids" | "files" => value.parse().ok(),
            _ => return Err(off("is none that there is")),
        };
        let number = number.filter(|n| *n > 0).ok_or_else(|| off("can't be read"))?;
        match key {
            "wall" if number > MOST_WALL => return Err(off("is longer than an hour, which is the most")),
            "wall" => self.wall = number,
            "cpu" => self.limits.cpu = number,
            "mem" if number < 4 << 20 => return Err(off("is less than 4m, with which nothing runs")),
            "mem" => self.limits.memory = number,
            "pids" => self.limits.processes = number,
            "files" if number < 16 => return Err(off("is less than 16, with which nothing runs")),
            "files" => self.limits.open = number,
            _ => self.out = number,
        }
        Ok(())
    }
}

/// Reads a time: `30s`, `10m`, `1h`, or seconds.
fn seconds(text: &str) -> Option<u64> {
    scaled(text, &[("s", 1), ("m", 60), ("h", 3_600)])
}

/// Reads an amount of bytes: `512k`, `64m`, `2g`, or bytes.
fn bytes(text: &str) -> Option<u64> {
    scaled(text, &[("k", 1 << 10), ("m", 1 << 20), ("g", 1 << 30)])
}

fn scaled(text: &str, units: &[(&str, u64)]) -> Option<u64> {
    let text = text.to_ascii_lowercase();
    let unit = units.iter().find_map(|(unit, scale)| Some((text.strip_suffix(unit)?, *scale)));
    let (number, scale) = unit.unwrap_or((&text, 1));
    // No sign, no point.
    let number = Some(number).filter(|n| n.bytes().all(|b| b.is_ascii_digit()))?;
    number.parse::<u64>().ok()?.checked_mul(scale)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_and_limits_are_read_as_they_are_typed() {
        let folder = |text: &str| {
            let (path, how) = parted(OsStr::new(text));
            format!("{} {}", path.display(), String::from_utf8_lossy(how))
        };
        assert_eq!(folder("a"), "a staged");
        assert_eq!(folder("a/b:ro"), "a/b ro");
        assert_eq!(folder("a:rw"), "a rw");
        assert_eq!(folder("a:b:staged"), "a:b staged");
        assert_eq!(folder(":ro"), ":ro staged");
        assert_eq!(
            [seconds("90"), seconds("1s"), seconds("2M"), seconds("1.5s"), seconds("-1s"), seconds("s")],
            [Some(90), Some(1), Some(120), None, None, None]
        );
        assert_eq!([bytes("64m"), bytes("1K"), bytes("99999999999g")], [Some(64 << 20), Some(1024), None]);
    }
}
