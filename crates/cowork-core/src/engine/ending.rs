//! Looking again, before a task ends, at what it changed: in bounds, and never in the way of being stopped.

use std::{fmt, sync::Arc, time::Duration};

use super::{Inner, driver::Driver};
use crate::{
    CallId, ChangeSet, Difference, Error, FileKind, FileNow, FilePath, Files, FilesReport, Finish, Found, Hash, Kind,
    Result, Task, TaskId, ThreadId, ending,
};

/// So many files and folders are looked at again.
const NAMED: usize = 100;
/// Above so many steps of the journal nothing is: to tell them apart would take longer than it is worth.
const STEPS: u64 = 500;
/// So many bytes are read in all.
const BYTES: u64 = 16 << 20;
/// So many at once.
const PIECE: usize = 1 << 20;
/// How long it may take, and how long where a person waits for the end.
const TIME: Duration = Duration::from_secs(1);
const SOON: Duration = Duration::from_millis(150);

/// What a task changed so far, as a planner may ask: as its journal tells, whatever was said of it.
#[derive(Clone, Default)]
pub struct TaskChanges {
    of: Option<(Arc<Inner>, ThreadId, TaskId)>,
}

impl TaskChanges {
    pub(super) fn of(engine: &Arc<Inner>, thread: ThreadId, task: TaskId) -> Self {
        Self { of: Some((engine.clone(), thread, task)) }
    }

    /// Gives what it and its sub-tasks changed; nothing outside an engine, where nobody knows.
    ///
    /// # Errors
    /// As [`Engine::changes`](crate::Engine::changes).
    pub async fn get(&self) -> Result<Option<ChangeSet>> {
        let Some((engine, thread, task)) = &self.of else { return Ok(None) };
        let task = engine.fold(*thread, *task).await?;
        if task.journalled { engine.changes_of_family(task).await.map(Some) } else { Ok(Some(ChangeSet::default())) }
    }
}

impl fmt::Debug for TaskChanges {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TaskChanges({})", if self.of.is_some() { "of a task" } else { "unknown" })
    }
}

impl Driver {
    /// Looks at what the task changed. Nothing for a task that could change no file and says of none that it did, and for one
    /// that asked no model and changed nothing.
    pub(super) async fn look_again(&mut self, result: &Finish) -> Option<FilesReport> {
        let claims = ending::claims(result);
        let has_folders = !self.task.submit.folders.is_empty() && self.engine.parts.sandbox.is_some();
        let journalled = self.task.journalled;
        if claims.is_empty() && !(has_folders && (journalled || self.task.spent.answers > 0)) {
            return None;
        }
        if !journalled {
            let unmade = ending::unmade(&claims, &ChangeSet::default());
            return Some(FilesReport { unmade, ..FilesReport::default() });
        }
        let time = if *result == Finish::Cancelled { SOON } else { TIME };
        let (stop, end) = (self.engine.stop.clone(), self.engine.parts.runtime.sleep(time));
        // Until the journal was read nothing is known.
        let mut report = trouble(Error::new(Kind::LimitExceeded, "look at files", "there was no time to look at them"));
        tokio::select! {
            biased;
            () = self.look(&claims, &mut report) => {}
            () = stop.cancelled() => {}
            () = end => {}
        }
        Some(report)
    }

    /// Looks, and keeps in `report` what is known so far: it may be dropped before its end.
    async fn look(&mut self, claims: &[&str], report: &mut FilesReport) {
        // After another process ended nobody has the folders open yet.
        let opened = self.open_session().await;
        let steps = self.session.as_ref().and_then(|session| session.own.steps()).unwrap_or(0);
        if steps > STEPS && claims.is_empty() && self.task.submit.parent.is_none() {
            return *report = FilesReport { steps, ..FilesReport::default() };
        }
        let set = match self.changed().await {
            Ok(set) => set,
            Err(error) => return *report = trouble(error),
        };
        let (begun, named) = FilesReport::begin(&set, NAMED);
        *report = FilesReport { unmade: ending::unmade(claims, &set), ..begun };
        if named.is_empty() {
            return;
        }
        if let Err(error) = opened {
            return report.trouble = Some(error);
        }
        let Some(session) = &self.session else { return };
        let files = session.own.files(CallId::new(&*self.engine.parts.runtime));
        let mut left = BYTES;
        for difference in named {
            report.add(now(&*files, difference, &mut left).await);
        }
    }

    /// Gives what the task and its sub-tasks changed.
    async fn changed(&mut self) -> Result<ChangeSet> {
        if self.task.submit.parent.is_some() {
            return self.engine.changes_of_family(Task::clone(&self.task)).await;
        }
        self.engine.sandbox()?.changes(self.task.id).await
    }
}

fn trouble(error: Error) -> FilesReport {
    FilesReport { trouble: Some(error), ..FilesReport::default() }
}

async fn now(files: &dyn Files, difference: &Difference, left: &mut u64) -> FileNow {
    let Difference { path, kind, what, .. } = difference.clone();
    let mut now = FileNow { path, kind, what, found: Found::Unread, bytes: 0, hash: None };
    let entry = match files.stat(now.path.clone()).await {
        Ok(entry) => Some(entry),
        Err(error) if error.kind == Kind::NotFound => None,
        Err(_) => return now,
    };
    now.found = Found::of(difference, entry.as_ref());
    let Some(entry) = entry.filter(|e| e.kind == FileKind::File) else { return now };
    now.bytes = entry.size;
    if entry.size <= *left {
        match hash(files, &now.path, entry.size).await {
            Ok(hash) => now.hash = hash,
            Err(_) => now.found = Found::Unread,
        }
        *left -= entry.size;
    }
    now
}

/// Hashes a file; none if it is not as long as it was a moment ago.
async fn hash(files: &dyn Files, path: &FilePath, size: u64) -> Result<Option<Hash>> {
    let (mut hasher, mut at) = (blake3::Hasher::new(), 0);
    while at < size {
        let piece = files.read(path.clone(), at, PIECE).await?;
        if piece.bytes.is_empty() || piece.size != size {
            return Ok(None);
        }
        hasher.update(&piece.bytes);
        at += piece.bytes.len() as u64;
    }
    Ok((at == size).then(|| Hash(*hasher.finalize().as_bytes())))
}
