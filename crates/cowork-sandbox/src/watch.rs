//! Tells what happens in a folder: a thread waits for the system's word and gathers, whoever asks takes what was gathered.

use std::{
    collections::BTreeSet,
    os::fd::OwnedFd,
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak},
    thread,
};

use async_trait::async_trait;
use cowork_core::{Arrivals, Error, FilePath, Kind, Result};
use rustix::{
    event::{EventfdFlags, eventfd},
    io::Errno,
};
use tokio::sync::Notify;

use crate::{
    session::Held,
    sys::{self, Happened, Inotify, Look},
    view::unread,
};

/// How many paths are gathered. If more happen before somebody asks, the folder stands for all of them.
const MOST: usize = 4096;

/// A watch, which ends when this is dropped.
#[derive(Debug)]
pub(crate) struct Watching {
    _held: Arc<Held>,
    gathered: Arc<Gathered>,
    /// Wakes the thread to end it.
    stop: Arc<OwnedFd>,
}

#[derive(Debug)]
struct Gathered {
    folder: FilePath,
    happened: Mutex<Happenings>,
    some: Notify,
}

#[derive(Debug, Default)]
struct Happenings {
    paths: BTreeSet<FilePath>,
    /// Why no more is told.
    over: Option<Error>,
}

impl Watching {
    /// Begins to watch.
    pub(crate) fn begin(held: Arc<Held>, folder: FilePath) -> Result<Self> {
        let failed = |e: Errno| no_watch(e, &folder);
        let dir = held.view.open(&folder, "watch")?;
        let inotify = Inotify::watch(&dir.fd).map_err(failed)?;
        let look = sys::look_at(&dir.fd).map_err(failed)?;
        // Held open, a removed folder would not be told of.
        drop(dir);
        let stop = Arc::new(eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK).map_err(failed)?);
        let gathered = Arc::new(Gathered { folder, happened: Mutex::default(), some: Notify::new() });
        let watcher =
            Watcher { held: Arc::downgrade(&held), inotify, look, gathered: gathered.clone(), stop: stop.clone() };
        let started = thread::Builder::new().name("watch".into()).spawn(move || watcher.run());
        started.map_err(|e| {
            Error::new(Kind::LimitExceeded, "watch", "the system has no thread left for watching a folder")
                .with_fix("close some programs and try again")
                .with_source(e)
        })?;
        Ok(Self { _held: held, gathered, stop })
    }
}

#[async_trait]
impl Arrivals for Watching {
    async fn next(&mut self) -> Result<Vec<FilePath>> {
        loop {
            {
                let mut happened = self.gathered.lock();
                if !happened.paths.is_empty() {
                    return Ok(std::mem::take(&mut happened.paths).into_iter().collect());
                }
                if let Some(error) = &happened.over {
                    return Err(error.clone());
                }
            }
            self.gathered.some.notified().await;
        }
    }
}

impl Drop for Watching {
    fn drop(&mut self) {
        // It can only fail if it was woken already.
        let _ = rustix::io::write(&self.stop, &1u64.to_ne_bytes());
    }
}

/// What the thread works with.
struct Watcher {
    /// Not held: the folders are let go as soon as the watch is dropped.
    held: Weak<Held>,
    inotify: Inotify,
    /// The folder, to tell it from another that took its place.
    look: Look,
    gathered: Arc<Gathered>,
    stop: Arc<OwnedFd>,
}

impl Watcher {
    fn run(&self) {
        loop {
            match self.inotify.next(&self.stop) {
                Ok(None) => return,
                Ok(Some(happened)) => {
                    if let Err(error) = self.gather(&happened) {
                        return self.gathered.tell(|h| h.over = Some(error));
                    }
                }
                Err(e) => return self.gathered.tell(|h| h.over = Some(no_watch(e, &self.gathered.folder))),
            }
        }
    }

    fn gather(&self, happened: &[Happened]) -> Result<()> {
        let folder = &self.gathered.folder;
        let gone = || {
            Error::new(Kind::NotFound, "watch", format!("the folder `{folder}` is gone"))
                .with("path", folder.as_str())
                .with_fix("look where it went, and watch it there")
        };
        // A folder above it may have been moved, perhaps out of the grant.
        let Some(held) = self.held.upgrade() else { return Ok(()) };
        let dir = held.view.open(folder, "watch").map_err(|_| gone())?;
        let look = sys::look_at(&dir.fd).map_err(|_| gone())?;
        if (look.dev, look.ino) != (self.look.dev, self.look.ino) {
            return Err(gone());
        }
        for what in happened {
            match what {
                Happened::Gone => return Err(gone()),
                Happened::Much => self.gathered.add(folder.clone()),
                Happened::To(name) => self.gathered.add(folder.join_bytes(name)),
                // A new file is told of when its writer closes it; one that got a second name is written already.
                Happened::Made(name) => match sys::look(&dir.fd, name) {
                    Ok(look) if look.is_file() && look.links < 2 => {}
                    _ => self.gathered.add(folder.join_bytes(name)),
                },
            }
        }
        Ok(())
    }
}

impl Gathered {
    fn add(&self, path: FilePath) {
        self.tell(|happened| {
            if happened.paths.len() >= MOST {
                happened.paths = BTreeSet::from([self.folder.clone()]);
            } else {
                happened.paths.insert(path);
            }
        });
    }

    fn tell(&self, what: impl FnOnce(&mut Happenings)) {
        what(&mut self.lock());
        self.some.notify_one();
    }

    fn lock(&self) -> MutexGuard<'_, Happenings> {
        self.happened.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn no_watch(errno: Errno, folder: &FilePath) -> Error {
    let (kind, text, fix) = match errno {
        Errno::NOSPC | Errno::MFILE | Errno::NFILE | Errno::NOMEM => (
            Kind::LimitExceeded,
            format!("the system watches as many folders as it can, so `{folder}` can't be watched too"),
            "watch fewer, or raise the limits `fs.inotify.max_user_watches` and `max_user_instances`",
        ),
        Errno::NOSYS | Errno::NOENT => (
            Kind::Unsupported,
            format!("this system can't tell what happens in `{folder}`"),
            "use Linux with /proc, or list the folder from time to time",
        ),
        e => return unread(e, "watch", folder),
    };
    Error::new(kind, "watch", text).with("path", folder.as_str()).with_fix(fix).with_source(errno)
}
