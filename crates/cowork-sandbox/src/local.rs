//! The sandbox on this computer's own disks.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use async_trait::async_trait;
use cowork_core::{
    Access, ChangeSet, Error, ExecLimits, Finding, Keep, Kind, Probe, Reclaimed, Result, Sandbox, Session, SessionSpec,
    TaskId, UndoMode, UndoReport, UndoSpec,
};
use tokio::sync::Mutex;

use crate::{
    check, difference,
    disk::{Disk, make_own_folders},
    fault::shown,
    grant::{self, Bounds, Root},
    journal::Journal,
    lock::{self, Lock},
    reclaim,
    record::Record,
    session::{Held, LocalSession, blocking, journals},
    settle,
    stamp::Seen,
    state::{Granted, State},
    sweep, sys, undo,
    view::{Dirs, View},
};

/// What a [`LocalSandbox`] needs to know. It reads no environment.
#[derive(Clone, Debug, Default)]
pub struct LocalSandboxOptions {
    /// Our private folder, for journals and locks; made when it is first needed. Best on the disk that most of the person's
    /// folders are on: then nothing ever has to be copied.
    pub data: PathBuf,
    /// Stands beside each step on the disk in a test.
    pub probe: Option<Arc<dyn Probe>>,
    /// The person's home folder, which is refused as a grant unless it was said twice ([`cowork_core::Folder::whole`]).
    pub home: Option<PathBuf>,
    /// How much the commands of a session may use.
    pub limits: ExecLimits,
    /// How much is copied for a command where what it changes can't be laid over a folder.
    pub copies: Copies,
    /// Credentials for hosts, by the names that grants have for them.
    #[cfg(feature = "egress")]
    pub credentials: std::collections::BTreeMap<String, crate::egress::Credential>,
    /// In which ways commands may be confined, and what has to be enforced.
    #[cfg(confined)]
    pub confinement: crate::confine::Options,
}

/// When commands work in copies of the granted folders, and how much is copied. Elsewhere what they change is laid over a folder by the
/// kernel, and nothing is copied.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Copies {
    /// Whether they always do, and not only where they have to: another disk is mounted in the folder, its disk can't be laid over or
    /// under another, or things in it belong to somebody else.
    pub always: bool,
    /// The most bytes of a folder that are copied. What the disk lets a copy share is not counted.
    pub bytes: u64,
    /// The most files and folders.
    pub files: u64,
}

impl Default for Copies {
    fn default() -> Self {
        Self { always: false, bytes: 2 << 30, files: 100_000 }
    }
}

/// Gives tasks their view of granted folders on this computer's own disks.
#[derive(Clone, Debug)]
pub struct LocalSandbox {
    bounds: Bounds,
    disk: Disk,
    #[cfg(confined)]
    ground: Arc<crate::commands::Ground>,
    #[cfg(confined)]
    workers: Arc<crate::worker::Hall>,
}

impl LocalSandbox {
    /// Makes a sandbox. It touches the disk only when it is used.
    pub fn open(options: LocalSandboxOptions) -> Self {
        let data = std::fs::canonicalize(&options.data).unwrap_or_else(|_| options.data.clone());
        Self {
            #[cfg(confined)]
            ground: crate::commands::Ground::new(data.clone(), &options),
            #[cfg(confined)]
            workers: Arc::default(),
            bounds: Bounds { data, home: options.home },
            disk: Disk { probe: options.probe, ..Disk::default() },
        }
    }

    fn journals(&self) -> PathBuf {
        journals(&self.bounds.data)
    }

    fn locks(&self) -> Result<PathBuf> {
        let path = self.bounds.data.join("folders");
        make_own_folders(&self.disk, &path).map_err(|e| e.error("lock folder", &shown(&path)))?;
        Ok(path)
    }

    fn open_session(&self, spec: SessionSpec) -> Result<Held> {
        let locks = self.locks()?;
        #[cfg(confined)]
        self.ground.sweep_dead(&locks);
        let lock = lock::take(&locks, spec.task)?;
        reclaim::is_there(&self.journals(), spec.task, "open folder", Kind::Corrupt)?;
        let roots = grant::open(&spec.folders, &self.bounds)?;
        let writable: Vec<_> = roots.iter().filter(|r| r.access == Access::Write).collect();
        let journal = Journal::open(&self.disk, &self.journals(), spec.task)?;
        if journal.is_none() && spec.resumed {
            return Err(missing(spec.task, &self.journals()));
        }
        let journalled = journal.as_ref().map_or(View { roots: Vec::new() }, |j| known_folders(&j.state));
        // What a dead process left may have to be given back in folders that this session does not have.
        let others = journalled.roots.iter().filter(|j| !writable.iter().any(|r| grant::overlap(&r.chain, &j.chain)));
        lock.claim(&locks, &writable.iter().copied().chain(others).collect::<Vec<_>>())?;
        let new = new_folders(journal.as_ref(), &writable)?;
        let journal = match journal {
            None => Journal::make(&self.disk, &self.journals(), spec.task, new)?,
            Some(mut journal) => {
                settle::settle(&mut journal, &journalled)?;
                if !journal.state.unsettled().is_empty() {
                    return Err(unsettled());
                }
                if !new.is_empty() {
                    journal.commit(new)?;
                }
                journal
            }
        };
        let journal = Arc::new(Mutex::new(journal));
        let (seen, lock) = (Arc::new(Seen::default()), Arc::new(lock));
        Ok(Held {
            #[cfg(confined)]
            room: self.ground.room(spec.task, spec.hosts),
            folders: spec.folders,
            view: View { roots },
            journal,
            seen,
            lock,
        })
    }

    fn undo_task(&self, task: TaskId, spec: &UndoSpec) -> Result<UndoReport> {
        if spec.mode == UndoMode::Show {
            // Who looks at an undo may want it, so its journal stays. Whoever holds the task needs it anyway.
            if let Ok(_lock) = lock::take(&self.locks()?, task) {
                reclaim::is_there(&self.journals(), task, "undo", Kind::NotFound)?;
                reclaim::is_wanted(&self.disk, &self.journals(), task)?;
            }
            let (mut journal, view) = self.look_into(task, "undo")?;
            return undo::undo(&mut journal, &view, spec);
        }
        let locks = self.locks()?;
        let mut lock: Lock = lock::take(&locks, task)?;
        let journals = self.journals();
        reclaim::is_there(&journals, task, "undo", Kind::NotFound)?;
        reclaim::is_wanted(&self.disk, &journals, task)?;
        let journal = Journal::open(&self.disk, &journals, task)?;
        let mut journal = journal.ok_or_else(|| has_none(task, &journals, "undo"))?;
        let view = known_folders(&journal.state);
        lock.claim_at_once(&locks, &view.roots.iter().collect::<Vec<_>>())?;
        settle::settle(&mut journal, &view)?;
        undo::undo(&mut journal, &view, spec)
    }

    /// Reads what a task's journal says, at work or not, and finds out about what has no mark. Takes no lock: it may take
    /// long to look at much, and nobody has to wait for that.
    fn look_into(&self, task: TaskId, op: &str) -> Result<(Journal, View)> {
        let journals = self.journals();
        reclaim::is_there(&journals, task, op, Kind::NotFound)?;
        let journal = Journal::look(&self.disk, &journals, task)?;
        let mut journal = journal.ok_or_else(|| has_none(task, &journals, op))?;
        let view = known_folders(&journal.state);
        settle::look(&mut journal, &view, false)?;
        Ok((journal, view))
    }

    fn changes_of(&self, task: TaskId) -> Result<ChangeSet> {
        let (journal, view) = self.look_into(task, "changes")?;
        let dirs = Dirs::new(&view);
        let kept = sweep::size(&self.journals().join(task.to_string()).join("kept"));
        Ok(difference::changes(&journal.state, |path| dirs.look(path).ok().flatten(), kept))
    }
}

#[async_trait]
impl Sandbox for LocalSandbox {
    async fn open(&self, spec: SessionSpec) -> Result<Arc<dyn Session>> {
        let sandbox = self.clone();
        let held = blocking(move || sandbox.open_session(spec)).await?;
        Ok(Arc::new(LocalSession(Arc::new(held))))
    }

    async fn undo(&self, task: TaskId, spec: UndoSpec) -> Result<UndoReport> {
        let sandbox = self.clone();
        blocking(move || sandbox.undo_task(task, &spec)).await
    }

    async fn changes(&self, task: TaskId) -> Result<ChangeSet> {
        let sandbox = self.clone();
        blocking(move || sandbox.changes_of(task)).await
    }

    async fn reclaim(&self, keep: Keep) -> Result<Reclaimed> {
        let sandbox = self.clone();
        blocking(move || {
            let reclaimed = reclaim::reclaim(&sandbox.disk, &sandbox.journals(), &sandbox.locks()?, &keep);
            #[cfg(confined)]
            let reclaimed =
                Reclaimed { bytes: reclaimed.bytes + sandbox.ground.reclaim(&keep.unfinished, keep.now), ..reclaimed };
            Ok(reclaimed)
        })
        .await
    }

    #[cfg(confined)]
    async fn swept(&self) {
        self.ground.swept().await;
    }

    #[cfg(confined)]
    async fn worker(&self, worker: cowork_core::Worker) -> Result<Box<dyn cowork_core::Process>> {
        let sandbox = self.clone();
        blocking(move || sandbox.workers.start(sandbox.ground.confinement()?, &worker)).await
    }

    async fn check(&self, limit: u64) -> Vec<Finding> {
        let sandbox = self.clone();
        blocking(move || {
            #[allow(unused_mut, reason = "where nothing can be confined, there is nothing to say of it")]
            let mut findings = check::check(&sandbox.bounds.data, limit);
            #[cfg(confined)]
            findings.extend(sandbox.ground.findings());
            Ok(findings)
        })
        .await
        .unwrap_or_default()
    }
}

/// Opens the folders that a journal names, as far as they are still the same.
fn known_folders(state: &State) -> View {
    let open = |f: &Granted| grant::reopen(&f.name, &f.at).ok().filter(|root| is_same(root, f));
    View { roots: state.folders.iter().filter_map(open).collect() }
}

/// The topmost folders of many disks have the same inode: when they were made tells them apart.
fn is_same(root: &Root, known: &Granted) -> bool {
    root.ino == known.ino && !sys::differ(known.born.unwrap_or(0), sys::born(&root.dir.fd))
}

/// Gives what the journal does not say yet about the folders that may be changed.
fn new_folders(journal: Option<&Journal>, roots: &[&Root]) -> Result<Vec<Record>> {
    let mut new = Vec::new();
    for root in roots {
        match journal.and_then(|j| j.state.folders.iter().find(|f| f.name == root.name)) {
            None => new.push(Record::Folder {
                name: root.name.clone(),
                at: root.at(),
                ino: root.ino,
                born: Some(sys::born(&root.dir.fd)),
            }),
            Some(known) if is_same(root, known) && known.at == root.at() => {}
            Some(known) => {
                let text =
                    format!("the folder `{}` is not the one at `{}` that this task began with", root.name, known.at);
                return Err(Error::new(Kind::Conflict, "open folder", text)
                    .with("folder", root.name.clone())
                    .with_fix("bring the former folder back, or start a new task"));
            }
        }
    }
    Ok(new)
}

fn has_none(task: TaskId, journals: &Path, op: &str) -> Error {
    let at = journals.join(task.to_string());
    if std::fs::metadata(at.join("log")).is_ok_and(|log| log.len() > 0) {
        return Error::new(Kind::Corrupt, op, "the journal of this task is damaged: its beginning can't be read")
            .with("path", shown(&at))
            .with_fix("if the task did change files, bring its journal back from a backup");
    }
    Error::new(Kind::NotFound, op, "this task changed nothing here, or its journal was removed")
        .with("path", shown(&at))
        .with_fix("if the task did change files, bring its journal back from a backup")
}

fn unsettled() -> Error {
    let text = "what this task was changing when it was cut short can't be looked at: its folder or disk is not there";
    Error::new(Kind::Unavailable, "open folder", text)
        .with_fix("bring the folder back or connect the disk, then try again")
}

fn missing(task: TaskId, journals: &Path) -> Error {
    let text = "the journal of this task is missing; what it has changed so far can't be told or undone, so nothing more is changed";
    Error::new(Kind::Corrupt, "open journal", text)
        .with("path", shown(&journals.join(task.to_string())))
        .with_fix("bring the journal back from a backup, or start a new task")
}
