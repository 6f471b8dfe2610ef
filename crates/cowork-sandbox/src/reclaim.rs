//! Lets go of the oldest journals. A word that a journal is gone is durable before the first file of it goes.
//!
//! Nothing goes in the round that first finds it due: that round leaves a mark, and one at least a day later that finds it
//! due all the same lets it go. So a clock that jumps loses nothing, and whoever was just shown what undo would do has time.

use std::{
    fs::{self, File},
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
};

use cowork_core::{Error, Keep, Kind, Reclaimed, Result, TaskId};
use rustix::io::Errno;

use crate::{
    disk::{Dir, Disk},
    fault::{Fault, shown},
    lock, sweep,
};

/// What the log of a journal is called once it was let go of, when it was that long. Its time says when.
const WORD: &str = "reclaimed";
/// The mark of a journal that was found due. It is empty, so that it fits on a full disk; its time says when.
const DUE: &str = "due";
/// How long it is known that there was a journal, in milliseconds: a year.
const REMEMBERED: i64 = 365 * DAY;
/// How long before it goes a journal was found due at the least.
const PATIENCE: i64 = DAY;
/// How long after it was last written a journal may not go for its size.
const FLOOR: i64 = 7 * DAY;
const DAY: i64 = 24 * 3600 * 1000;

/// A task's journal as the disk shows it.
#[derive(Debug)]
pub(crate) struct Shelf {
    pub(crate) task: TaskId,
    pub(crate) bytes: u64,
    /// When it was last written, in milliseconds since 1970.
    pub(crate) last: i64,
    /// When it was let go of.
    pub(crate) gone: Option<i64>,
    pub(crate) path: PathBuf,
}

/// Lets go of journals until what is left is within `keep`. What goes wrong with one does not keep the others.
pub(crate) fn reclaim(disk: &Disk, journals: &Path, locks: &Path, keep: &Keep) -> Reclaimed {
    let mut shelves = shelves(journals);
    shelves.sort_by_key(|shelf| shelf.last);
    let newest = shelves.iter().rfind(|shelf| shelf.gone.is_none()).map(|shelf| shelf.task);
    let mut total: u64 = shelves.iter().filter(|shelf| shelf.gone.is_none()).map(|shelf| shelf.bytes).sum();
    let mut reclaimed = Reclaimed::default();
    for shelf in &shelves {
        let round = Round { disk, locks, keep, shelf };
        let turn = match shelf.gone {
            Some(_) => round.take_out(&mut reclaimed),
            None if round.is_due(total, newest == Some(shelf.task)) => round.let_go(&mut total, &mut reclaimed),
            None => round.forget_due(),
        };
        match turn {
            // Whoever is at work on it has its lock.
            Err(e) if e.kind != Kind::Busy => drop(reclaimed.trouble.get_or_insert(e)),
            _ => {}
        }
    }
    reclaimed
}

/// Gives all journals that there are, and those that were.
pub(crate) fn shelves(journals: &Path) -> Vec<Shelf> {
    let Ok(entries) = fs::read_dir(journals) else { return Vec::new() };
    let shelf = |entry: fs::DirEntry| {
        let task = entry.file_name().to_str()?.parse().ok()?;
        let path = entry.path();
        let gone = gone(&path);
        // One that was begun and never written to is as old as its folder.
        let last = time(&path.join("log")).or_else(|| time(&path))?;
        Some(Shelf { task, bytes: sweep::size(&path), last: gone.unwrap_or(last), gone, path })
    };
    entries.flatten().filter_map(shelf).collect()
}

/// Refuses what needs a journal that was let go of.
pub(crate) fn is_there(journals: &Path, task: TaskId, op: &str, kind: Kind) -> Result<()> {
    let Some(when) = gone(&journals.join(task.to_string())) else { return Ok(()) };
    let text = "what this task had changed can't be given back any more: its journal was let go of to save space";
    Err(Error::new(kind, op, text)
        .with("reclaimed", when.to_string())
        .with_fix("what the task moved or wrote is where it left it; start a new task to move it back"))
}

/// Says that somebody wants a journal, whose lock is held: it does not go before it was found due for another day.
pub(crate) fn is_wanted(disk: &Disk, journals: &Path, task: TaskId) -> Result<()> {
    let path = journals.join(task.to_string());
    forget_due(disk, &path).map_err(|e| e.error("undo", &shown(&path)))
}

/// One journal's turn in a round.
struct Round<'a> {
    disk: &'a Disk,
    locks: &'a Path,
    keep: &'a Keep,
    shelf: &'a Shelf,
}

impl Round<'_> {
    fn is_due(&self, total: u64, is_newest: bool) -> bool {
        let Keep { bytes, age, now, unfinished } = self.keep;
        let old = now.saturating_sub(self.shelf.last);
        let may_go_for_size = old > FLOOR && !is_newest;
        (old > *age || total > *bytes && may_go_for_size) && !unfinished.contains(&self.shelf.task)
    }

    /// Lets go of a journal that was found due before, else marks it.
    fn let_go(&self, total: &mut u64, reclaimed: &mut Reclaimed) -> Result<()> {
        let _lock = lock::take(self.locks, self.shelf.task)?;
        let dir = self.open()?;
        let now = self.keep.now;
        // A mark in the future is of a clock that was set back since.
        let since = time(&self.shelf.path.join(DUE)).filter(|since| *since <= now);
        match since {
            Some(since) if now.saturating_sub(since) >= PATIENCE => {
                say(self.disk, &dir).map_err(|e| self.failed(e))?;
                reclaimed.tasks.push(self.shelf.task);
                reclaimed.bytes += self.clear(&dir);
            }
            Some(_) => {}
            None => mark(self.disk, &dir, now).map_err(|e| self.failed(e))?,
        }
        // Now or in a later round: so much less of the others has to go.
        *total = total.saturating_sub(self.shelf.bytes);
        Ok(())
    }

    /// Removes what is left of a journal that was let go of, and in the end the word.
    fn take_out(&self, reclaimed: &mut Reclaimed) -> Result<()> {
        let _lock = lock::take(self.locks, self.shelf.task)?;
        reclaimed.bytes += self.clear(&self.open()?);
        if self.shelf.gone.is_some_and(|gone| self.keep.now.saturating_sub(gone) > REMEMBERED) {
            let _ = fs::remove_file(self.shelf.path.join(WORD)).and_then(|()| fs::remove_dir(&self.shelf.path));
        }
        Ok(())
    }

    /// Removes what is left but the word, and gives the bytes that came free. What can't be removed is tried again the next
    /// time.
    fn clear(&self, dir: &Dir) -> u64 {
        let mut freed = sweep::remove(&dir.fd, b"kept");
        let path = dir.at(WORD.as_bytes()).path();
        let Ok(word) = File::options().write(true).open(&path) else { return freed };
        let Ok(data) = word.metadata() else { return freed };
        if data.len() > 0 {
            freed += data.blocks() * 512;
            let cut = self.disk.cut(&word, &path, 0);
            let _ = cut.and_then(|()| self.disk.set_meta(&word, &path, None, Some(nanos(self.keep.now))));
        }
        let _ = self.forget_due();
        freed
    }

    fn forget_due(&self) -> Result<()> {
        forget_due(self.disk, &self.shelf.path).map_err(|e| self.failed(e))
    }

    fn open(&self) -> Result<Dir> {
        Dir::open(&self.shelf.path).map_err(|e| self.failed(e))
    }

    fn failed(&self, fault: Fault) -> Error {
        fault.error("reclaim", &shown(&self.shelf.path))
    }
}

fn gone(folder: &Path) -> Option<i64> {
    time(&folder.join(WORD))
}

/// Gives when something was last written, in milliseconds since 1970.
fn time(path: &Path) -> Option<i64> {
    let data = fs::metadata(path).ok()?;
    Some(data.mtime().saturating_mul(1000) + data.mtime_nsec() / 1_000_000)
}

fn nanos(millis: i64) -> i64 {
    millis.saturating_mul(1_000_000)
}

/// Says that a journal is gone. It takes no room: the log gets another name.
fn say(disk: &Disk, dir: &Dir) -> Result<(), Fault> {
    let word = dir.at(WORD.as_bytes());
    match disk.rename(dir.at(b"log"), word) {
        // It was begun and never written to.
        Err(Fault::Os(Errno::NOENT)) => drop(disk.create(word, 0o600)?),
        renamed => renamed?,
    }
    disk.sync_folder(dir)
}

/// Marks a journal as found due. A mark that the power takes only puts it off.
fn mark(disk: &Disk, dir: &Dir, now: i64) -> Result<(), Fault> {
    forget_due(disk, &dir.path)?;
    let at = dir.at(DUE.as_bytes());
    let file = disk.create(at, 0o600)?;
    disk.set_meta(&file, &at.path(), None, Some(nanos(now)))
}

fn forget_due(disk: &Disk, folder: &Path) -> Result<(), Fault> {
    if !folder.join(DUE).exists() {
        return Ok(());
    }
    disk.remove_file(Dir::open(folder)?.at(DUE.as_bytes()))
}
