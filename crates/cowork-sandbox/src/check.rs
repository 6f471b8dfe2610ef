//! Says what is in order, for `cowork doctor`.

use std::{os::unix::fs::MetadataExt, path::Path};

use cowork_core::{Finding, Kind, TaskId};
use rustix::io::Errno;

use crate::{
    disk::Dir,
    fault::{Fault, shown},
    journal,
    session::journals,
    sys,
};

/// Looks at our private folder and what its disk can do.
pub(crate) fn check(data: &Path) -> Vec<Finding> {
    let dir = match Dir::open(data) {
        Ok(dir) => dir,
        Err(Fault::Os(Errno::NOENT)) => {
            return vec![fine("journal", format!("nothing was changed yet: {} is not there", shown(data)))];
        }
        Err(e) => {
            let e = e.error("check", &shown(data));
            return vec![wrong("journal", e.message, "make the data folder readable for you")];
        }
    };
    let mut findings = vec![writable(&dir)];
    findings.extend(tasks(data));
    findings.push(walking(&dir));
    findings.push(exchanging(&dir));
    findings
}

fn writable(dir: &Dir) -> Finding {
    let at = dir.at(b".check");
    let made = sys::create(&dir.fd, at.name, 0o600).and_then(|_| sys::remove_file(&dir.fd, at.name));
    match made {
        Ok(()) => fine("journal", format!("{} can be written", shown(&dir.path))),
        Err(e) => {
            let text = crate::fault::error(e, "check", &shown(&dir.path)).message;
            wrong("journal", text, "see that you own the data folder and that its disk has room")
        }
    }
}

fn tasks(data: &Path) -> Vec<Finding> {
    let folder = journals(data);
    let Ok(entries) = std::fs::read_dir(&folder) else { return Vec::new() };
    let (mut count, mut findings) = (0u64, Vec::new());
    for entry in entries.flatten() {
        let Some(task) = entry.file_name().to_str().and_then(|name| name.parse::<TaskId>().ok()) else { continue };
        count += 1;
        let log = entry.path().join("log");
        let read = match std::fs::read(&log) {
            Ok(bytes) => journal::read(&bytes, task, &log).map(drop),
            Err(e) => Err(Fault::from(e).error("read journal", &shown(&log))),
        };
        match read {
            Ok(()) => {}
            Err(e) if e.kind == Kind::NotFound => {}
            Err(e) => {
                findings.push(wrong("journal", format!("task {task}: {}", e.message), e.fix().unwrap_or_default()));
            }
        }
    }
    findings.insert(0, fine("journal", format!("{count} tasks, {} bytes", size(&folder))));
    findings
}

/// Adds up the files under one of our folders.
fn size(folder: &Path) -> u64 {
    let Ok(entries) = std::fs::read_dir(folder) else { return 0 };
    let of = |entry: std::fs::DirEntry| match entry.metadata() {
        Ok(data) if data.is_dir() => size(&entry.path()),
        Ok(data) => data.size(),
        Err(_) => 0,
    };
    entries.flatten().map(of).sum()
}

fn walking(dir: &Dir) -> Finding {
    match sys::open_folder(&dir.fd, b".") {
        Ok(_) => fine("walking beneath a folder", "the system can, without following links".into()),
        Err(e) => wrong("walking beneath a folder", format!("the system can't: {e}"), "use Linux 5.6 or later"),
    }
}

fn exchanging(dir: &Dir) -> Finding {
    let what = "replacing a file without losing it";
    let (a, b): (&[u8], &[u8]) = (b".check-a", b".check-b");
    let tried = [a, b]
        .into_iter()
        .try_for_each(|name| sys::create(&dir.fd, name, 0o600).map(drop))
        .and_then(|()| sys::exchange((&dir.fd, a), (&dir.fd, b)));
    let _ = sys::remove_file(&dir.fd, a);
    let _ = sys::remove_file(&dir.fd, b);
    match tried {
        Ok(()) => fine(what, "the disk of the data folder can".into()),
        Err(e) => wrong(
            what,
            format!("the disk of the data folder can't: {e}"),
            "keep the data folder on ext4, xfs, btrfs or tmpfs",
        ),
    }
}

fn fine(what: &str, found: String) -> Finding {
    Finding { ok: true, what: what.into(), found, fix: String::new() }
}

fn wrong(what: &str, found: String, fix: &str) -> Finding {
    Finding { ok: false, what: what.into(), found, fix: fix.into() }
}
