//! Says what is in order, for `cowork doctor`.

use std::path::Path;

use cowork_core::{Finding, Kind};
use rustix::io::Errno;

use crate::{
    disk::Dir,
    fault::{Fault, shown},
    journal,
    reclaim::{Shelf, shelves},
    session::journals,
    sys,
};

/// Looks at our private folder and what its disk can do.
pub(crate) fn check(data: &Path, limit: u64) -> Vec<Finding> {
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
    let (first, now) = writable(&dir);
    let mut findings = vec![first];
    findings.extend(tasks(data, now, limit));
    findings.push(walking(&dir));
    findings.push(exchanging(&dir));
    findings
}

/// Writes a file, and says what time it is by that.
fn writable(dir: &Dir) -> (Finding, i64) {
    let at = dir.at(b".check");
    let made = sys::create(&dir.fd, at.name, 0o600).and_then(|file| {
        let look = sys::look_at(&file);
        sys::remove_file(&dir.fd, at.name)?;
        look
    });
    match made {
        Ok(look) => (fine("journal", format!("{} can be written", shown(&dir.path))), look.mtime / 1_000_000),
        Err(e) => {
            let text = crate::fault::error(e, "check", &shown(&dir.path)).message;
            (wrong("journal", text, "see that you own the data folder and that its disk has room"), 0)
        }
    }
}

fn tasks(data: &Path, now: i64, limit: u64) -> Vec<Finding> {
    let folder = journals(data);
    let (shelves, gone): (Vec<_>, Vec<_>) = shelves(&folder).into_iter().partition(|shelf| shelf.gone.is_none());
    let mut findings: Vec<_> = gone.iter().filter_map(left_over).collect();
    for shelf in &shelves {
        let log = folder.join(shelf.task.to_string()).join("log");
        let read = match std::fs::read(&log) {
            Ok(bytes) => journal::read(&bytes, shelf.task, &log).map(drop),
            Err(e) => Err(Fault::from(e).error("read journal", &shown(&log))),
        };
        match read {
            Ok(()) => {}
            Err(e) if e.kind == Kind::NotFound => {}
            Err(e) => {
                let text = format!("task {}: {}", shelf.task, e.message);
                findings.push(wrong("journal", text, e.fix().unwrap_or_default()));
            }
        }
    }
    let mut first = fine("journals", space(&shelves, now));
    if shelves.iter().map(|shelf| shelf.bytes).sum::<u64>() > limit {
        first.found.push_str(&format!(", more than the {} that are asked for", amount(limit)));
        first.fix = format!(
            "wait: what is younger than 7 days and the newest journal are kept all the same; if the room is needed now, remove \
             the folders of tasks that won't be undone from {}",
            shown(&folder)
        );
    }
    findings.insert(0, first);
    findings
}

/// Names a journal that was let go of, and is not all gone.
fn left_over(shelf: &Shelf) -> Option<Finding> {
    let kept = shelf.path.join("kept");
    kept.exists().then(|| {
        let text = format!("task {}: its journal was let go of, but not all of it could be removed yet", shelf.task);
        let fix =
            format!("look whether anything is mounted in {}, and unmount it: the rest goes by itself", shown(&kept));
        wrong("journal", text, &fix)
    })
}

/// Says how much is kept for undo, and since when.
fn space(shelves: &[Shelf], now: i64) -> String {
    let Some(oldest) = shelves.iter().map(|shelf| shelf.last).min() else { return "none".into() };
    let days = now.saturating_sub(oldest).max(0) / (24 * 3600 * 1000);
    let (s, ago) =
        (if shelves.len() == 1 { "" } else { "s" }, if days == 1 { "1 day".into() } else { format!("{days} days") });
    let bytes = shelves.iter().map(|shelf| shelf.bytes).sum();
    format!("{} journal{s}, {} kept for undo, the oldest {ago} old", shelves.len(), amount(bytes))
}

/// Writes a number of bytes for a person.
fn amount(bytes: u64) -> String {
    let mut rest = bytes as f64;
    for unit in ["bytes", "kB", "MB", "GB"] {
        if rest < 1000.0 {
            let digits = usize::from(rest < 10.0 && unit != "bytes");
            return format!("{rest:.digits$} {unit}");
        }
        rest /= 1000.0;
    }
    format!("{rest:.1} TB")
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
