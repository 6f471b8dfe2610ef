//! What a disk may hold after the power went: all that was made durable, and of the rest only what luck kept.
//!
//! A name is durable once its folder was synced after it; a rename is one event, durable once both folders were; a file's
//! bytes once the file was. What is to be lost is taken back on the real disk, the last first, so that every file keeps its
//! inode, by which recovery knows it.

use std::{
    fs,
    os::unix::{ffi::OsStrExt, fs::MetadataExt},
    path::{Path, PathBuf},
    sync::atomic::{AtomicUsize, Ordering},
    time::SystemTime,
};

use cowork_core::Step;

/// Which of the steps that were not durable are lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lost {
    /// All of them.
    All,
    /// Those of the journal; the person's files have theirs.
    Journal,
    /// Those of the person's files; the journal has its own.
    Files,
}

/// All steps that were taken, with what is needed to take them back.
#[derive(Default)]
pub struct Record {
    steps: Vec<Taken>,
    waiting: Option<Taken>,
    log_writes: usize,
}

struct Taken {
    step: Step,
    /// Times of the folders it changes, and for `SetMeta` of the thing itself.
    times: Vec<(PathBuf, SystemTime)>,
    mode: u32,
    len: u64,
    ino: u64,
    content: Vec<u8>,
    /// A file that was removed lives on here.
    grave: Option<PathBuf>,
}

impl Record {
    pub fn before(&mut self, step: &Step) {
        let time =
            |path: &Path| fs::symlink_metadata(path).ok().and_then(|d| Some((path.to_owned(), d.modified().ok()?)));
        let mut times: Vec<_> = parents(step).iter().filter_map(|p| time(p)).collect();
        let path = path_of(step);
        let data = fs::symlink_metadata(path).ok();
        if matches!(step, Step::SetMeta(_)) {
            times.extend(time(path));
        }
        let grave = match step {
            Step::Remove(path) if path.is_file() => {
                // On the disk of what is removed, beside the trees that are compared.
                static GRAVES: AtomicUsize = AtomicUsize::new(0);
                let tree = path.ancestors().find(|p| p.ends_with("granted") || p.ends_with("data")).unwrap();
                let grave = tree.with_file_name(format!("grave-{}", GRAVES.fetch_add(1, Ordering::Relaxed)));
                fs::hard_link(path, &grave).unwrap();
                Some(grave)
            }
            _ => None,
        };
        let content = if matches!(step, Step::Cut(..)) { fs::read(path).unwrap_or_default() } else { Vec::new() };
        if is_log_write(step) {
            self.log_writes += 1;
        }
        self.waiting = Some(Taken {
            step: step.clone(),
            times,
            mode: data.as_ref().map_or(0, |d| d.mode()),
            len: data.as_ref().map_or(0, |d| d.len()),
            ino: data.as_ref().map_or(0, |d| d.ino()),
            content,
            grave,
        });
    }

    pub fn after(&mut self, step: &Step) {
        let Some(mut taken) = self.waiting.take() else { return };
        if matches!(step, Step::Write(..)) {
            taken.ino = fs::symlink_metadata(path_of(step)).map_or(0, |d| d.ino());
        }
        self.steps.push(taken);
    }

    /// Says how many writes to the log were come to, the one being asked about included.
    pub fn log_writes(&self) -> usize {
        self.log_writes
    }

    pub fn steps(&self) -> impl Iterator<Item = &Step> {
        self.steps.iter().map(|t| &t.step)
    }

    /// Takes back what was not durable.
    pub fn cut(&self, lost: Lost, trees: [&Path; 2]) {
        for (i, taken) in self.steps.iter().enumerate().rev() {
            let journal = is_journal(&taken.step);
            let concerned = match lost {
                Lost::All => true,
                Lost::Journal => journal,
                Lost::Files => !journal,
            };
            if concerned && !self.durable(i) {
                taken.take_back(trees);
            }
        }
    }

    fn durable(&self, i: usize) -> bool {
        let later = &self.steps[i + 1..];
        let folder = |path: &Path| {
            let parent = path.parent().unwrap();
            later.iter().any(|t| matches!(&t.step, Step::SyncFolder(p) if p == parent))
        };
        let file =
            |path: &Path| later.iter().any(|t| matches!(&t.step, Step::SyncFile(p) | Step::SyncFolder(p) if p == path));
        match &self.steps[i].step {
            Step::Write(path, bytes) if bytes.is_empty() => folder(path),
            Step::Write(path, _) | Step::Cut(path, _) | Step::SetMeta(path) => file(path),
            Step::Rename(a, b) | Step::Exchange(a, b) => folder(a) && folder(b),
            Step::MakeFolder(path) | Step::Remove(path) => folder(path),
            Step::SyncFile(_) | Step::SyncFolder(_) | Step::Commit(_) => true,
        }
    }
}

impl Taken {
    fn take_back(&self, trees: [&Path; 2]) {
        // What hangs on a folder that is lost is lost with it: then there is nothing here to take back.
        match &self.step {
            Step::Write(path, bytes) if bytes.is_empty() => drop(fs::remove_file(path)),
            Step::Write(..) => {
                if let Some(path) = trees.iter().find_map(|t| find(t, self.ino)) {
                    let time = fs::metadata(&path).and_then(|d| d.modified()).unwrap();
                    let file = fs::File::options().write(true).open(&path).unwrap();
                    file.set_len(self.len).unwrap();
                    file.set_modified(time).unwrap();
                }
            }
            Step::Cut(path, _) => drop(fs::write(path, &self.content)),
            Step::Rename(a, b) => drop(fs::rename(b, a)),
            Step::Exchange(a, b) => {
                let cwd = rustix::fs::CWD;
                let flags = rustix::fs::RenameFlags::EXCHANGE;
                let _ = rustix::fs::renameat_with(cwd, a, cwd, b, flags);
            }
            Step::MakeFolder(path) => drop(fs::remove_dir_all(path)),
            Step::Remove(path) => {
                match &self.grave {
                    Some(grave) => drop(fs::rename(grave, path)),
                    None => drop(fs::create_dir(path)),
                }
                set_mode(path, self.mode);
            }
            Step::SetMeta(path) => set_mode(path, self.mode),
            Step::SyncFile(_) | Step::SyncFolder(_) | Step::Commit(_) => {}
        }
        for (path, time) in &self.times {
            if let Ok(file) = fs::File::open(path) {
                file.set_modified(*time).unwrap();
            }
        }
    }
}

fn set_mode(path: &Path, mode: u32) {
    use std::os::unix::fs::PermissionsExt;
    let _ = fs::set_permissions(path, fs::Permissions::from_mode(mode & 0o7777));
}

pub fn is_log_write(step: &Step) -> bool {
    matches!(step, Step::Write(path, bytes) if path.ends_with("log") && !bytes.is_empty())
}

/// Says whether a step is about our own records: not what is staged or kept, which belongs to the person's files.
fn is_journal(step: &Step) -> bool {
    let ours = |path: &Path| {
        let text = path.as_os_str().as_bytes();
        let has = |what: &[u8]| text.windows(what.len()).any(|w| w == what);
        has(b"/data/journal") && !has(b"/kept/") || path.ends_with("data")
    };
    match step {
        Step::Rename(a, b) | Step::Exchange(a, b) => ours(a) && ours(b),
        step => ours(path_of(step)),
    }
}

pub fn path_of(step: &Step) -> &Path {
    match step {
        Step::Write(p, _)
        | Step::SyncFile(p)
        | Step::SyncFolder(p)
        | Step::Rename(p, _)
        | Step::Exchange(p, _)
        | Step::MakeFolder(p)
        | Step::Remove(p)
        | Step::SetMeta(p)
        | Step::Cut(p, _) => p,
        Step::Commit(_) => Path::new(""),
    }
}

/// Gives the folders whose names a step changes.
fn parents(step: &Step) -> Vec<PathBuf> {
    let parent = |p: &Path| p.parent().unwrap().to_owned();
    match step {
        Step::Rename(a, b) | Step::Exchange(a, b) => vec![parent(a), parent(b)],
        Step::Write(p, _) | Step::MakeFolder(p) | Step::Remove(p) => vec![parent(p)],
        _ => Vec::new(),
    }
}

fn find(folder: &Path, ino: u64) -> Option<PathBuf> {
    for entry in fs::read_dir(folder).ok()?.flatten() {
        let data = entry.metadata().ok()?;
        if data.ino() == ino && data.is_file() {
            return Some(entry.path());
        }
        if let Some(found) = data.is_dir().then(|| find(&entry.path(), ino)).flatten() {
            return Some(found);
        }
    }
    None
}
