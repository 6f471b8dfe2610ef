//! A task's session: its view, its journal and its lock, shared by the calls that are under way.

use std::{path::Path, sync::Arc};

use async_trait::async_trait;
use cowork_core::{
    Arrivals, CallId, CancellationToken, Change, Changed, Entry, Error, FilePath, Files, Folder, Kind, Piece, Reader,
    Result, Session, Sight, Visitor, Walked, Watch,
};
use tokio::sync::{Mutex, OwnedMutexGuard};

#[cfg(confined)]
use crate::commands;
use crate::{change, grant, journal::Journal, lock::Lock, stamp::Seen, view::View, walk, watch::Watching};
#[cfg(confined)]
use cowork_core::{Exec, Process, Sides, Staged};

/// What a session holds. The folders are let go when the last call that uses it is done.
#[derive(Debug)]
pub(crate) struct Held {
    pub(crate) folders: Vec<Folder>,
    pub(crate) view: View,
    /// Calls that change files take turns.
    pub(crate) journal: Arc<Mutex<Journal>>,
    /// What files were like when the task last read or wrote them.
    pub(crate) seen: Arc<Seen>,
    pub(crate) lock: Arc<Lock>,
    /// Where its commands run.
    #[cfg(confined)]
    pub(crate) room: commands::Room,
}

#[derive(Debug)]
pub(crate) struct LocalSession(pub(crate) Arc<Held>);

#[derive(Debug)]
struct LocalFiles {
    held: Arc<Held>,
    call: CallId,
}

#[async_trait]
impl Session for LocalSession {
    fn folders(&self) -> &[Folder] {
        &self.0.folders
    }

    fn files(&self, call: CallId) -> Arc<dyn Files> {
        Arc::new(LocalFiles { held: self.0.clone(), call })
    }

    fn seen(&self, call: CallId) -> Vec<Sight> {
        self.0.seen.take(call)
    }

    fn recall(&self, seen: Vec<Sight>) {
        self.0.seen.recall(&seen);
    }

    fn steps(&self) -> Option<u64> {
        // Whoever changes files right now has it.
        self.0.journal.try_lock().ok().map(|journal| journal.state.steps.len() as u64)
    }

    fn part(&self, folders: &[Folder]) -> Result<Arc<dyn Session>> {
        let Held { folders: mine, view, journal, seen, lock, .. } = &*self.0;
        let roots = folders.iter().map(|folder| grant::part((mine, &view.roots), folder)).collect::<Result<_>>()?;
        let (journal, seen, lock) = (journal.clone(), seen.clone(), lock.clone());
        let held = Held {
            folders: folders.to_vec(),
            view: View { roots },
            journal,
            seen,
            lock,
            #[cfg(confined)]
            room: self.0.room.part(),
        };
        Ok(Arc::new(Self(Arc::new(held))))
    }

    #[cfg(confined)]
    async fn exec(&self, call: CallId, exec: Exec) -> Result<Box<dyn Process>> {
        commands::exec(self.0.clone(), call, exec).await
    }

    #[cfg(confined)]
    async fn take_stock(&self, call: CallId, program: CallId) -> Result<()> {
        let held = self.0.clone();
        blocking(move || commands::take_stock(&held, call, program)).await
    }

    async fn staged(&self, call: CallId) -> Result<Staged> {
        let held = self.0.clone();
        blocking(move || commands::staged(&held, call)).await
    }

    #[cfg(confined)]
    async fn sides(&self, call: CallId, path: FilePath, most: usize) -> Result<Sides> {
        let held = self.0.clone();
        blocking(move || commands::sides(&held, call, &path, most)).await
    }

    #[cfg(confined)]
    async fn commit(&self, call: CallId, watch: Watch) -> Result<Changed> {
        let mut journal = self.0.turn(&watch).await?;
        let left = CancellationToken::new();
        let _guard = left.clone().drop_guard();
        let held = self.0.clone();
        blocking(move || commands::commit(&held, &mut journal, call, &watch, &left)).await
    }

    #[cfg(confined)]
    async fn discard(&self, call: CallId) -> Result<()> {
        let held = self.0.clone();
        blocking(move || commands::discard(&held, call)).await
    }
}

impl Held {
    /// Waits for its turn to change files.
    async fn turn(&self, watch: &Watch) -> Result<OwnedMutexGuard<Journal>> {
        let stopped = || Error::new(Kind::Cancelled, "change", "the changes were stopped before the first");
        tokio::select! {
            journal = self.journal.clone().lock_owned() => Ok(journal),
            () = watch.cancel.cancelled() => Err(stopped()),
        }
    }
}

#[async_trait]
impl Files for LocalFiles {
    async fn list(&self, folder: FilePath, most: usize) -> Result<Vec<Entry>> {
        self.look(move |view| view.list(&folder, most)).await
    }

    async fn stat(&self, path: FilePath) -> Result<Entry> {
        self.look(move |view| view.stat(&path)).await
    }

    async fn read(&self, path: FilePath, offset: u64, most: usize) -> Result<Piece> {
        let (held, call) = (self.held.clone(), self.call);
        blocking(move || {
            let (piece, print) = held.view.read(&path, offset, most)?;
            held.seen.note(call, &path, print);
            Ok(piece)
        })
        .await
    }

    async fn walk(&self, from: Vec<FilePath>, visitor: Arc<dyn Visitor>, watch: Watch) -> Result<Walked> {
        // Dropping the future stops the walk between two parts, as cancelling does.
        let left = CancellationToken::new();
        let _guard = left.clone().drop_guard();
        self.look(move |view| walk::walk(view, &from, &*visitor, &watch, &left)).await
    }

    async fn watch(&self, folder: FilePath) -> Result<Box<dyn Arrivals>> {
        let held = self.held.clone();
        blocking(move || Ok(Box::new(Watching::begin(held, folder)?) as Box<dyn Arrivals>)).await
    }

    async fn change(&self, changes: Vec<Change>, watch: Watch) -> Result<Changed> {
        self.change_some((changes, false), watch).await
    }

    async fn change_all(&self, changes: Vec<Change>, watch: Watch) -> Result<Changed> {
        self.change_some((changes, true), watch).await
    }

    async fn made_before(&self) -> Result<u64> {
        Ok(change::made_before(&*self.held.journal.lock().await, self.call))
    }
}

impl LocalFiles {
    async fn change_some(&self, (changes, all): (Vec<Change>, bool), watch: Watch) -> Result<Changed> {
        let mut journal = self.held.turn(&watch).await?;
        // Dropping the future stops the work between two changes, as cancelling does.
        let left = CancellationToken::new();
        let _guard = left.clone().drop_guard();
        let (held, call) = (self.held.clone(), self.call);
        let work =
            move || change::change(&mut journal, (&held.view, &*held.seen), call, (&changes, all), &watch, &left);
        blocking(work).await
    }

    async fn look<T: Send + 'static>(&self, look: impl FnOnce(&View) -> Result<T> + Send + 'static) -> Result<T> {
        let held = self.held.clone();
        blocking(move || look(&held.view)).await
    }
}

/// Does work that waits for the disk where it holds nobody up.
pub(crate) async fn blocking<T: Send + 'static>(work: impl FnOnce() -> Result<T> + Send + 'static) -> Result<T> {
    tokio::task::spawn_blocking(work).await.unwrap_or_else(|e| {
        Err(Error::new(Kind::Internal, "use the disk", "a part of this program stopped while it used the disk")
            .with_source(e))
    })
}

/// Gives the folder of all journals.
pub(crate) fn journals(data: &Path) -> std::path::PathBuf {
    data.join("journal")
}
