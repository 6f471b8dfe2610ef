//! The folders of a walk, from each to the one above it, and which of them are held open.

use std::{
    collections::VecDeque,
    os::fd::OwnedFd,
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak},
};

use cowork_core::FilePath;
use rustix::io::Errno;

use crate::sys;

/// How many folders are held open because more is to be opened in them.
const OPEN: usize = 192;
/// How many levels are gone down at a time to open a folder again, or up to work out its path.
const STRIDE: usize = 64;
/// How long a path may be that a folder keeps, in bytes.
const KEPT: usize = 64 * 1024;

/// A folder that was gone into.
#[derive(Debug)]
pub(crate) struct Folder {
    /// Its path, at some levels: from the next one up the others are worked out.
    path: Option<Arc<FilePath>>,
    /// The folder that it lies in, and its name there; nothing where a walk began. That one's handle is kept to the end.
    above: Option<(Arc<Self>, Box<[u8]>)>,
    depth: usize,
    fd: Mutex<Option<Arc<OwnedFd>>>,
}

impl Folder {
    /// Makes one where a walk begins.
    pub(crate) fn first(path: &Arc<FilePath>, fd: &Arc<OwnedFd>) -> Arc<Self> {
        Arc::new(Self { path: Some(path.clone()), above: None, depth: 0, fd: Mutex::new(Some(fd.clone())) })
    }

    /// Makes one that lies in another.
    pub(crate) fn below(above: &Arc<Self>, name: &[u8], path: &Arc<FilePath>) -> Arc<Self> {
        let depth = above.depth + 1;
        let path = (depth.is_multiple_of(STRIDE) && path.as_str().len() <= KEPT).then(|| path.clone());
        Arc::new(Self { path, above: Some((above.clone(), name.into())), depth, fd: Mutex::default() })
    }

    /// Works out its path.
    pub(crate) fn path(&self) -> Option<FilePath> {
        let (mut names, mut at) = (Vec::new(), self);
        loop {
            if let Some(path) = &at.path {
                return Some(path.join_all(names.into_iter().rev()));
            }
            let (above, name) = at.above.as_ref()?;
            names.push(&**name);
            at = above;
        }
    }

    fn open(&self) -> Option<Arc<OwnedFd>> {
        lock(&self.fd).clone()
    }
}

/// A tree may be so deep that it would use up the stack if each dropped the one above it.
impl Drop for Folder {
    fn drop(&mut self) {
        let mut above = self.above.take();
        while let Some(mut folder) = above.and_then(|(folder, _)| Arc::into_inner(folder)) {
            above = folder.above.take();
        }
    }
}

/// The folders that are held open, the longest held first. One that is let go is opened again when it is needed.
#[derive(Debug, Default)]
pub(crate) struct Handles(Mutex<VecDeque<Weak<Folder>>>);

impl Handles {
    /// Holds a folder open.
    pub(crate) fn keep(&self, folder: &Arc<Folder>, fd: &Arc<OwnedFd>) {
        if folder.above.is_none() || lock(&folder.fd).replace(fd.clone()).is_some() {
            return;
        }
        let mut held = lock(&self.0);
        held.push_back(Arc::downgrade(folder));
        let longest = if held.len() > OPEN { held.pop_front() } else { None };
        drop(held);
        if let Some(folder) = longest.and_then(|folder| folder.upgrade()) {
            drop(lock(&folder.fd).take());
        }
    }

    /// Gives a folder's handle, opening it again from the nearest one above it that is open.
    pub(crate) fn get(&self, folder: &Arc<Folder>) -> Result<Arc<OwnedFd>, Errno> {
        let (mut way, mut at) = (Vec::new(), folder);
        let mut fd = loop {
            if let Some(fd) = at.open() {
                break fd;
            }
            let Some((above, name)) = &at.above else { return Err(Errno::NOENT) };
            way.push((at, &**name));
            at = above;
        };
        while !way.is_empty() {
            let some = way.split_off(way.len().saturating_sub(STRIDE));
            let names: Vec<&[u8]> = some.iter().rev().map(|(_, name)| *name).collect();
            fd = Arc::new(sys::open_below(&fd, &names.join(&b'/'))?);
            self.keep(some[0].0, &fd);
        }
        Ok(fd)
    }

    /// Lets all go, when handles run out.
    pub(crate) fn clear(&self) {
        let held = std::mem::take(&mut *lock(&self.0));
        for folder in held.iter().filter_map(Weak::upgrade) {
            drop(lock(&folder.fd).take());
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
