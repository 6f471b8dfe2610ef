//! What of some folders is looked at for duplicates, and which of it may have one: files that share their size.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use cowork_core::{Entry, Error, FileKind, FilePath, Handed, Kind, Part, Reader, Result, Visitor, Watch};

use super::OP;
use crate::{
    category::{self, Only},
    show::stopped,
};

/// So many files of equal size are held at most.
const MOST: usize = 1_000_000;

/// What of some folders is looked at.
#[derive(Clone)]
pub(super) struct Scope {
    pub(super) hidden: bool,
    pub(super) projects: bool,
    /// Files of these kinds, and what may go along with them.
    pub(super) only: Vec<Only>,
    /// The folders themselves: what was asked for is looked at whatever it is.
    pub(super) top: Vec<FilePath>,
}

/// Handed down to a folder that is not looked at.
struct LeftAlone;

impl Scope {
    fn enter(&self, folder: &FilePath, reader: &dyn Reader) -> Handed {
        let is_project = || category::projects().any(|name| reader.stat(&folder.join_bytes(name.as_bytes())).is_ok());
        let left_alone = !self.projects && !self.top.contains(folder) && is_project();
        if left_alone { Some(Arc::new(LeftAlone)) } else { None }
    }

    fn may_count(&self, name: &[u8]) -> bool {
        let name = String::from_utf8_lossy(name);
        let is_in_use = category::is_of_a_program(&name) || category::is_unfinished(&name);
        !is_in_use && (Only::any(&self.only, &name) || category::may_follow(&name))
    }

    /// Gives what of a part is looked at: files, with what they are, and folders.
    fn of(&self, part: &dyn Part, handed: &Handed, watch: &Watch) -> Result<(Vec<Entry>, Vec<usize>)> {
        if watch.cancel.is_cancelled() {
            return Err(stopped(OP));
        }
        let (mut files, mut folders) = (Vec::new(), Vec::new());
        if handed.is_some() {
            return Ok((files, folders));
        }
        for at in (0..part.len()).filter(|at| self.hidden || !part.name(*at).starts_with(b".")) {
            match part.kind(at) {
                FileKind::File if self.may_count(part.name(at)) => {
                    files.extend(part.stat(at).ok().filter(|e| !e.placeholder));
                }
                FileKind::File => {}
                FileKind::Folder => folders.push(at),
                FileKind::Link | FileKind::Other => {}
            }
        }
        Ok((files, folders))
    }
}

/// Counts how many files there are of each size.
pub(super) struct Sizes {
    pub(super) least: u64,
    pub(super) scope: Scope,
    pub(super) seen: Mutex<HashMap<u64, u32>>,
    /// How many files of the kinds that are meant there are.
    pub(super) searched: AtomicU64,
    pub(super) watch: Watch,
}

impl Sizes {
    /// Gives the sizes that more than one file has, and how many files there are.
    pub(super) fn several(&self) -> (HashMap<u64, u32>, u64) {
        let mut seen = std::mem::take(&mut *self.seen.lock().unwrap_or_else(PoisonError::into_inner));
        seen.retain(|_, number| *number > 1);
        seen.shrink_to_fit();
        (seen, self.searched.load(Ordering::Relaxed))
    }
}

impl Visitor for Sizes {
    fn enter(&self, folder: &FilePath, _: &Handed, reader: &dyn Reader) -> Result<Handed> {
        Ok(self.scope.enter(folder, reader))
    }

    fn visit(&self, part: &dyn Part, handed: &Handed) -> Result<Vec<usize>> {
        let (entries, folders) = self.scope.of(part, handed, &self.watch)?;
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        for entry in entries.into_iter().filter(|e| e.size >= self.least) {
            *seen.entry(entry.size).or_default() += 1;
            if Only::any(&self.scope.only, entry.path.name()) {
                self.searched.fetch_add(1, Ordering::Relaxed);
            }
        }
        Ok(folders)
    }
}

/// Holds the files that share their size with another.
pub(super) struct Held {
    pub(super) several: HashMap<u64, u32>,
    pub(super) scope: Scope,
    pub(super) files: Mutex<Vec<Candidate>>,
    pub(super) watch: Watch,
}

pub(super) struct Candidate {
    pub(super) path: FilePath,
    pub(super) size: u64,
    pub(super) modified: i64,
    pub(super) links: bool,
    pub(super) identity: [u64; 2],
}

impl Visitor for Held {
    fn enter(&self, folder: &FilePath, _: &Handed, reader: &dyn Reader) -> Result<Handed> {
        Ok(self.scope.enter(folder, reader))
    }

    fn visit(&self, part: &dyn Part, handed: &Handed) -> Result<Vec<usize>> {
        let (entries, folders) = self.scope.of(part, handed, &self.watch)?;
        let mut files = self.files.lock().unwrap_or_else(PoisonError::into_inner);
        for entry in entries.into_iter().filter(|e| self.several.contains_key(&e.size)) {
            let links = entry.links > 1 && entry.identity != [0, 0];
            let (size, modified, identity) = (entry.size, entry.modified, entry.identity);
            files.push(Candidate { path: entry.path, size, modified, links, identity });
        }
        if files.len() > MOST {
            let why = format!("more than {MOST} files share their size with another");
            return Err(Error::new(Kind::LimitExceeded, OP, why).with_fix("search fewer folders, or give a `min_size`"));
        }
        Ok(folders)
    }
}
