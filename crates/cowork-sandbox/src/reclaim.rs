//! Lets go of the oldest journals. A word that a journal is gone is durable before the first file of it goes.

use std::{
    fs,
    os::unix::fs::{MetadataExt, PermissionsExt},
    path::{Path, PathBuf},
};

use cowork_core::{Error, Keep, Kind, Reclaimed, Result, TaskId};

use crate::{
    disk::{Dir, Disk},
    fault::{Fault, shown},
    lock,
};

/// The file in a task's folder that says when its journal was let go of: milliseconds since 1970.
const WORD: &str = "reclaimed";
/// How long that is known, in milliseconds: a year.
const REMEMBERED: i64 = 365 * 24 * 3600 * 1000;

/// A task's journal as the disk shows it.
#[derive(Debug)]
pub(crate) struct Shelf {
    pub(crate) task: TaskId,
    pub(crate) bytes: u64,
    /// When it was last written, in milliseconds since 1970.
    pub(crate) last: i64,
    /// When it was let go of.
    pub(crate) gone: Option<i64>,
    path: PathBuf,
}

/// Lets go of journals until what is left is within `keep`.
pub(crate) fn reclaim(disk: &Disk, journals: &Path, locks: &Path, keep: &Keep) -> Result<Reclaimed> {
    let mut shelves = shelves(journals);
    shelves.sort_by_key(|shelf| shelf.last);
    let mut total: u64 = shelves.iter().map(|shelf| shelf.bytes).sum();
    let mut reclaimed = Reclaimed::default();
    for shelf in &shelves {
        let is_old = keep.now.saturating_sub(shelf.last) > keep.age;
        let goes = shelf.gone.is_some() || is_old || total > keep.bytes;
        if !goes || keep.unfinished.contains(&shelf.task) {
            continue;
        }
        // Whoever is at work on it has its lock.
        let _lock = match lock::take(locks, shelf.task) {
            Ok(lock) => lock,
            Err(e) if e.kind == Kind::Busy => continue,
            Err(e) => return Err(e),
        };
        let before = size(&shelf.path);
        if shelf.gone.is_none() {
            say(disk, &shelf.path, keep.now).map_err(|e| e.error("reclaim", &shown(&shelf.path)))?;
            reclaimed.tasks.push(shelf.task);
        }
        clear(shelf, keep.now);
        let freed = before.saturating_sub(size(&shelf.path));
        total = total.saturating_sub(freed);
        reclaimed.bytes += freed;
    }
    Ok(reclaimed)
}

/// Gives all journals that there are, and those that were.
pub(crate) fn shelves(journals: &Path) -> Vec<Shelf> {
    let Ok(entries) = fs::read_dir(journals) else { return Vec::new() };
    let shelf = |entry: fs::DirEntry| {
        let task = entry.file_name().to_str()?.parse().ok()?;
        let path = entry.path();
        let gone = gone(&path);
        // One that was begun and never written to is as old as its folder.
        let last = fs::metadata(path.join("log")).or_else(|_| fs::metadata(&path)).ok()?;
        let last = last.mtime() * 1000 + last.mtime_nsec() / 1_000_000;
        Some(Shelf { task, bytes: size(&path), last: gone.unwrap_or(last), gone, path })
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

/// Adds up what the disk holds for a folder of ours.
pub(crate) fn size(folder: &Path) -> u64 {
    let Ok(entries) = fs::read_dir(folder) else { return 0 };
    let of = |entry: fs::DirEntry| match entry.metadata() {
        Ok(data) if data.is_dir() => data.blocks() * 512 + size(&entry.path()),
        Ok(data) => data.blocks() * 512,
        Err(_) => 0,
    };
    entries.flatten().map(of).sum()
}

/// A word that the power tore is none: nothing was removed on its strength.
fn gone(folder: &Path) -> Option<i64> {
    fs::read_to_string(folder.join(WORD)).ok()?.strip_suffix('\n')?.parse().ok()
}

fn say(disk: &Disk, folder: &Path, now: i64) -> Result<(), Fault> {
    let dir = Dir::open(folder)?;
    let at = dir.at(WORD.as_bytes());
    if at.look()?.is_some() {
        disk.remove_file(at)?;
    }
    let file = disk.create(at, 0o600)?;
    disk.append(&file, &at.path(), format!("{now}\n").as_bytes())?;
    disk.sync_file(&file, &at.path())?;
    disk.sync_folder(&dir)
}

/// Removes what is left of a journal. What can't be removed now is tried again the next time.
fn clear(shelf: &Shelf, now: i64) {
    let kept = shelf.path.join("kept");
    if fs::remove_dir_all(&kept).is_err() {
        open_up(&kept);
        let _ = fs::remove_dir_all(&kept);
    }
    let _ = fs::remove_file(shelf.path.join("log"));
    if shelf.gone.is_some_and(|gone| now.saturating_sub(gone) > REMEMBERED) {
        let _ = fs::remove_dir_all(&shelf.path);
    }
}

/// Folders that were put aside may forbid that anything in them is removed.
fn open_up(folder: &Path) {
    let _ = fs::set_permissions(folder, fs::Permissions::from_mode(0o700));
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            open_up(&entry.path());
        }
    }
}
