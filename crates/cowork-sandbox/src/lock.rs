//! One task at a time in a folder, over all processes.
//!
//! A task's lock is a file under `folders/` that its holder keeps `flock`ed; it says which folders the task may change. The
//! kernel drops the lock when its holder dies, so nothing is ever stale: what is not locked does not count. Who looks at
//! the others' and takes their own does so under one more lock, for that moment. No test needs to stand beside these steps:
//! nothing of them has to outlive the process.

use std::{
    fs::File,
    io::{Read, Seek, Write},
    os::unix::fs::OpenOptionsExt,
    path::Path,
};

use cowork_core::{Error, Kind, Result, Retry, TaskId};
use serde::{Deserialize, Serialize};

use crate::{
    fault::{Fault, shown},
    grant::{Root, overlap},
    sys,
};

/// Holds a task's journal, and the folders that it claims. Dropping it lets go.
#[derive(Debug)]
pub(crate) struct Lock {
    file: File,
    task: TaskId,
    /// Held where there is no room to say which folders are claimed: then nobody else may begin anything.
    all: Option<File>,
}

#[derive(Serialize, Deserialize)]
struct Claim {
    task: TaskId,
    folders: Vec<Claimed>,
}

#[derive(Serialize, Deserialize)]
struct Claimed {
    name: String,
    chain: Vec<(u64, u64)>,
}

/// Takes a task's lock, so that nobody else writes its journal.
pub(crate) fn take(folders: &Path, task: TaskId) -> Result<Lock> {
    let _all = lock_all(folders)?;
    let path = folders.join(format!("{task}.lock"));
    let file = open(&path)?;
    if !sys::lock(&file, false).map_err(|e| failed(e.into(), &path))? {
        return Err(busy("this task is being worked on by another process or session", task, None));
    }
    // No claim is an empty file, which fits on a full disk.
    file.set_len(0).map_err(|e| failed(e.into(), &path))?;
    Ok(Lock { file, task, all: None })
}

impl Lock {
    /// Claims folders for changing; none may overlap what another task has claimed.
    pub(crate) fn claim(&self, folders: &Path, roots: &[&Root]) -> Result<()> {
        let _all = lock_all(folders)?;
        self.write_claim(folders, roots)
    }

    /// Claims folders for a short time. Where there is no room to write that down, everybody else waits for so long.
    pub(crate) fn claim_at_once(&mut self, folders: &Path, roots: &[&Root]) -> Result<()> {
        let all = lock_all(folders)?;
        match self.write_claim(folders, roots) {
            Err(e) if e.kind == Kind::Full => self.all = Some(all),
            claimed => claimed?,
        }
        Ok(())
    }

    fn write_claim(&self, folders: &Path, roots: &[&Root]) -> Result<()> {
        for other in others(folders, self.task)? {
            for theirs in &other.folders {
                if let Some(mine) = roots.iter().find(|r| overlap(&r.chain, &theirs.chain)) {
                    let text =
                        format!("another task, {}, is working in the folder `{}`", other.task.short(), mine.name);
                    return Err(busy(&text, other.task, Some(&mine.name)));
                }
            }
        }
        self.write(roots)
    }

    fn write(&self, roots: &[&Root]) -> Result<()> {
        let folders = roots.iter().map(|r| Claimed { name: r.name.clone(), chain: r.chain.clone() }).collect();
        let text = serde_json::to_vec(&Claim { task: self.task, folders }).map_err(|e| {
            Error::new(Kind::Internal, "lock folder", "a claim could not be written as text").with_source(e)
        })?;
        let mut file = &self.file;
        let written = file.set_len(0).and_then(|()| file.rewind()).and_then(|()| file.write_all(&text));
        written.map_err(|e| Fault::from(e).error("lock folder", "the folder of locks"))
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        // A process that is just being started has our handles for a moment, and closing ours would leave the lock to it.
        [Some(&self.file), self.all.as_ref()].into_iter().flatten().for_each(sys::unlock);
    }
}

/// Reads the claims that are held; those of the dead are removed.
fn others(folders: &Path, mine: TaskId) -> Result<Vec<Claim>> {
    let mut claims = Vec::new();
    let entries = std::fs::read_dir(folders).map_err(|e| failed(e.into(), folders))?;
    for entry in entries {
        let path = entry.map_err(|e| failed(e.into(), folders))?.path();
        let task = path.file_name().and_then(|n| n.to_str()?.strip_suffix(".lock")?.parse::<TaskId>().ok());
        if task.is_none_or(|task| task == mine) {
            continue;
        }
        let mut file = open(&path)?;
        if sys::lock(&file, false).map_err(|e| failed(e.into(), &path))? {
            // Under the lock over all, so nobody can be opening it to take it.
            let _ = std::fs::remove_file(&path);
            continue;
        }
        let mut text = Vec::new();
        file.read_to_end(&mut text).map_err(|e| failed(e.into(), &path))?;
        if text.is_empty() {
            continue;
        }
        claims.push(serde_json::from_slice(&text).map_err(|e| {
            Error::new(Kind::Corrupt, "lock folder", "the lock of a running task can't be read")
                .with("path", shown(&path))
                .with_fix("stop the running task and try again")
                .with_source(e)
        })?);
    }
    Ok(claims)
}

fn lock_all(folders: &Path) -> Result<File> {
    let path = folders.join("all");
    let file = open(&path)?;
    sys::lock(&file, true).map_err(|e| failed(e.into(), &path))?;
    Ok(file)
}

fn open(path: &Path) -> Result<File> {
    let mut options = File::options();
    options.read(true).write(true).create(true).truncate(false).mode(0o600);
    options.open(path).map_err(|e| failed(e.into(), path))
}

fn busy(text: &str, by: TaskId, folder: Option<&str>) -> Error {
    let error = Error::new(Kind::Busy, "open folder", text).with("by", by.to_string());
    let error = folder.map_or(error.clone(), |name| error.with("folder", name));
    error.with_fix("wait until that task is done, or cancel it").with_retry(Retry::Now)
}

fn failed(fault: Fault, path: &Path) -> Error {
    fault.error("lock folder", &shown(path))
}
