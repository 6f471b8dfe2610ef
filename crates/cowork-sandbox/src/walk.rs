//! Walks trees by handles, on every core.
//!
//! A job is a folder of which there is more to read, or folders to go into. Whoever reads a part of a folder offers the rest
//! of it to the others before it shows the part to the visitor: so a folder of a million files is worked on by all threads,
//! with no more than one part for each in memory. What a thread adds last it takes first, so it goes down before it goes on,
//! and what waits is bounded by the depth. Where too many folders wait half read, one is read to its end before anything in
//! it is gone into.

mod folder;
mod part;
mod queue;

use std::{
    collections::BTreeMap,
    mem::MaybeUninit,
    os::fd::{AsFd, OwnedFd},
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
    thread,
};

use cowork_core::{CancellationToken, Error, FilePath, Handed, Kind, Result, Visitor, Walked, Watch};
use rustix::io::Errno;

use crate::{
    fault::ends_call,
    file,
    record::split,
    sys,
    view::{View, unread},
};
use folder::{Folder, Handles};
use part::{Names, Shown};
use queue::Queue;

/// A part of a folder has so many names at least, but for its last.
const PART: usize = 128;
/// How many folders may wait half read, each with an open handle.
const HALF_READ: usize = 64;
/// How many of the folders that could not be read are named.
const EXAMPLES: usize = 20;
/// How long a path may be that is kept while what lies below it waits, in bytes. Longer ones are worked out again.
const KEPT: usize = 4096;

/// Walks these files and folders.
pub(crate) fn walk(
    view: &View,
    from: &[FilePath],
    visitor: &dyn Visitor,
    watch: &Watch,
    left: &CancellationToken,
) -> Result<Walked> {
    let threads = thread::available_parallelism().map_or(1, usize::from);
    let walk = Walk {
        view,
        visitor,
        watch,
        left,
        queue: Queue::new(threads),
        handles: Handles::default(),
        half_read: AtomicUsize::new(0),
        entries: AtomicU64::new(0),
        walked: Mutex::default(),
        error: Mutex::default(),
    };
    walk.may_go_on()?;
    walk.begin(from)?;
    thread::scope(|scope| {
        let walk = &walk;
        for me in 1..threads {
            // With fewer threads it only takes longer.
            let _ = thread::Builder::new().name("walk".into()).spawn_scoped(scope, move || walk.work(me));
        }
        walk.work(0);
    });
    match walk.error.into_inner().unwrap_or_else(PoisonError::into_inner) {
        Some(error) => Err(error),
        None => {
            let walked = walk.walked.into_inner().unwrap_or_else(PoisonError::into_inner);
            Ok(Walked { entries: walk.entries.into_inner(), ..walked })
        }
    }
}

/// What the threads of a walk share.
struct Walk<'a> {
    view: &'a View,
    visitor: &'a dyn Visitor,
    watch: &'a Watch,
    /// Set when nobody waits for the answer any more.
    left: &'a CancellationToken,
    queue: Queue<Job>,
    handles: Handles,
    half_read: AtomicUsize,
    entries: AtomicU64,
    walked: Mutex<Walked>,
    /// The first error, which ends the walk.
    error: Mutex<Option<Error>>,
}

enum Job {
    /// Files that the walk was to begin with, and the folder they lie in.
    Files(FilePath, Names),
    /// A folder that the walk was to begin with.
    First(FilePath),
    /// A folder that was gone into, and not read to its end yet.
    Rest(Entered),
    /// Folders to go into.
    Below(Below),
}

/// A folder that was gone into.
#[derive(Clone)]
struct Entered {
    folder: Arc<Folder>,
    fd: Arc<OwnedFd>,
    path: Arc<FilePath>,
    handed: Handed,
}

/// Folders to go into, and the one they lie in.
struct Below {
    folder: Arc<Folder>,
    path: Option<Arc<FilePath>>,
    handed: Handed,
    names: Names,
    next: usize,
}

/// What a thread reads into, again and again.
struct Desk {
    buffer: Vec<MaybeUninit<u8>>,
    names: Names,
}

impl Walk<'_> {
    /// Looks at where the walk begins.
    fn begin(&self, from: &[FilePath]) -> Result<()> {
        let mut files: BTreeMap<&str, Vec<(&FilePath, Vec<u8>)>> = BTreeMap::new();
        let mut folders = Vec::new();
        for path in from {
            self.view.root(path)?;
            match split(path) {
                Some((folder, name)) => files.entry(folder).or_default().push((path, name)),
                None => folders.push(path.clone()),
            }
        }
        for (_, paths) in files {
            let Some(folder) = paths[0].0.parent() else { continue };
            let dir = self.view.open(&folder, "walk")?;
            let mut names = Names::default();
            for (path, name) in paths {
                let look = sys::look(&dir.fd, &name).map_err(|e| unread(e, "walk", path))?;
                if look.is_folder() {
                    folders.push(path.clone());
                    continue;
                }
                names.push(&name, file::kind(look.file_type()));
                if names.len() >= PART {
                    self.queue.push(0, Job::Files(folder.clone(), std::mem::take(&mut names)));
                }
            }
            if names.len() > 0 {
                self.queue.push(0, Job::Files(folder, names));
            }
        }
        folders.into_iter().rev().for_each(|folder| self.queue.push(0, Job::First(folder)));
        Ok(())
    }

    /// Does jobs until there are no more.
    fn work(&self, me: usize) {
        let mut desk = Desk { buffer: vec![MaybeUninit::uninit(); sys::NAMES], names: Names::default() };
        let worked = catch_unwind(AssertUnwindSafe(|| {
            while let Some(job) = self.queue.take(me) {
                if let Err(error) = self.may_go_on().and_then(|()| self.job(me, job, &mut desk)) {
                    self.end(error);
                }
                self.queue.done();
            }
        }));
        if worked.is_err() {
            self.end(Error::new(Kind::Internal, "walk", "a part of this program stopped while it was shown files"));
        }
    }

    fn end(&self, error: Error) {
        self.error.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(error);
        self.queue.stop();
    }

    fn may_go_on(&self) -> Result<()> {
        if self.watch.cancel.is_cancelled() || self.left.is_cancelled() {
            return Err(Error::new(Kind::Cancelled, "walk", "the walk was stopped before its end"));
        }
        Ok(())
    }

    fn job(&self, me: usize, job: Job, desk: &mut Desk) -> Result<()> {
        match job {
            Job::Files(folder, names) => match self.view.open(&folder, "walk") {
                Ok(dir) => self.show(&folder, &dir.fd, &names, &None).map(drop),
                Err(e) => self.unreadable_for(e, &folder),
            },
            Job::First(path) => match self.view.open(&path, "walk") {
                Ok(dir) => {
                    let fd = Arc::new(dir.fd);
                    let handed = self.visitor.enter(&path, &None, self.view)?;
                    let path = Arc::new(path);
                    let folder = Folder::first(&path, &fd);
                    self.read(me, &Entered { folder, fd, path, handed }, true, desk)
                }
                Err(e) => self.unreadable_for(e, &path),
            },
            Job::Rest(entered) => {
                self.half_read.fetch_sub(1, Ordering::Relaxed);
                self.read(me, &entered, false, desk)
            }
            Job::Below(below) => self.go_down(me, below, desk),
        }
    }

    /// Goes into the next of some folders; others can go into those after it.
    fn go_down(&self, me: usize, mut below: Below, desk: &mut Desk) -> Result<()> {
        let name: Box<[u8]> = below.names.name(below.next).into();
        below.next += 1;
        let (above, above_path, above_handed) = (below.folder.clone(), below.path.clone(), below.handed.clone());
        if below.next < below.names.len() {
            self.queue.push(me, Job::Below(below));
        } else {
            drop(below);
        }
        let path = || match &above_path {
            Some(path) => Ok(path.join_bytes(&name)),
            None => Ok(above.path().ok_or_else(lost)?.join_bytes(&name)),
        };
        let opened = match self.open(&above, &name) {
            // Handles are scarce: those that are only held for speed are let go.
            Err(Errno::MFILE | Errno::NFILE) => {
                self.handles.clear();
                self.open(&above, &name)
            }
            other => other,
        };
        let fd = match opened {
            Ok(fd) => Arc::new(fd),
            Err(Errno::XDEV) => {
                self.note(|walked| walked.mounts += 1);
                return Ok(());
            }
            Err(e) => return self.unreadable(e, &path()?),
        };
        let path = Arc::new(path()?);
        let handed = self.visitor.enter(&path, &above_handed, self.view)?;
        let folder = Folder::below(&above, &name, &path);
        drop((above, above_handed));
        self.read(me, &Entered { folder, fd, path, handed }, true, desk)
    }

    fn open(&self, above: &Arc<Folder>, name: &[u8]) -> Result<OwnedFd, Errno> {
        sys::open_below(&*self.handles.get(above)?, name)
    }

    /// Reads a part of a folder and shows it; then what it says is gone into.
    fn read(&self, me: usize, entered: &Entered, first: bool, desk: &mut Desk) -> Result<()> {
        let end = self.read_part(entered, desk)?;
        // A part that turns out empty is only shown where the folder itself is.
        if desk.names.len() == 0 && !first {
            return Ok(());
        }
        let rest = || {
            self.half_read.fetch_add(1, Ordering::Relaxed);
            self.queue.push(me, Job::Rest(entered.clone()));
        };
        let ahead = self.half_read.load(Ordering::Relaxed) < HALF_READ;
        if !end && ahead {
            rest();
        }
        let chosen = self.show(&entered.path, &entered.fd, &desk.names, &entered.handed)?;
        if chosen.len() > 0 {
            self.handles.keep(&entered.folder, &entered.fd);
            let path = (entered.path.as_str().len() <= KEPT || chosen.len() == 1).then(|| entered.path.clone());
            let (folder, handed) = (entered.folder.clone(), entered.handed.clone());
            self.queue.push(me, Job::Below(Below { folder, path, handed, names: chosen, next: 0 }));
        }
        if !end && !ahead {
            rest();
        }
        Ok(())
    }

    /// Reads some names; says whether that was the folder's end.
    fn read_part(&self, entered: &Entered, desk: &mut Desk) -> Result<bool> {
        let Desk { buffer, names } = desk;
        names.clear();
        loop {
            let read = sys::read_names(&entered.fd, buffer, |name, file_type| {
                names.push_listed(&entered.fd, name, file_type);
            });
            match read {
                Ok(true) => return Ok(true),
                Ok(false) if names.len() >= PART => return Ok(false),
                Ok(false) => {}
                Err(e) => {
                    self.unreadable(e, &entered.path)?;
                    return Ok(true);
                }
            }
        }
    }

    /// Shows a part; gives the folders to go into.
    fn show(&self, folder: &FilePath, fd: impl AsFd, names: &Names, handed: &Handed) -> Result<Names> {
        let places = self.visitor.visit(&Shown { view: self.view, folder, fd: fd.as_fd(), names }, handed)?;
        let shown = self.entries.fetch_add(names.len() as u64, Ordering::Relaxed) + names.len() as u64;
        (self.watch.progress)(shown, 0, folder.as_str());
        names.folders(&places).ok_or_else(|| {
            let text = format!("whoever was shown `{folder}` wants to go into what is no folder in it");
            Error::new(Kind::Internal, "walk", text)
        })
    }

    /// Counts a folder that can't be read. What would be met in every other one ends the walk.
    fn unreadable(&self, errno: Errno, path: &FilePath) -> Result<()> {
        match ends_call(errno) {
            None | Some(Kind::Unavailable) => {}
            Some(_) => return Err(unread(errno, "walk", path)),
        }
        self.count_unreadable(path);
        Ok(())
    }

    /// Counts a folder that the walk was to begin with, and that went away since.
    fn unreadable_for(&self, error: Error, path: &FilePath) -> Result<()> {
        if matches!(error.kind, Kind::LimitExceeded | Kind::Unsupported) {
            return Err(error);
        }
        self.count_unreadable(path);
        Ok(())
    }

    fn count_unreadable(&self, path: &FilePath) {
        self.note(|walked| {
            walked.unreadable += 1;
            if walked.examples.len() < EXAMPLES {
                walked.examples.push(path.clone());
            }
        });
    }

    fn note(&self, note: impl FnOnce(&mut Walked)) {
        note(&mut self.walked.lock().unwrap_or_else(PoisonError::into_inner));
    }
}

fn lost() -> Error {
    Error::new(Kind::Internal, "walk", "a folder of the walk has lost the one that it lies in")
}
