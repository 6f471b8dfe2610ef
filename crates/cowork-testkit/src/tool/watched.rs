//! A session that writes down what is done through it.

use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use cowork_core::{Access, CallId, Change, Changed, Entry, FilePath, Files, Folder, Result, Session, Watch};

/// What was touched, and how.
pub(super) type Touched = Arc<Mutex<Vec<(FilePath, Access)>>>;

/// A session over another one.
pub(super) struct Watched {
    inner: Arc<dyn Session>,
    touched: Touched,
}

impl Watched {
    pub(super) fn new(inner: Arc<dyn Session>) -> (Arc<Self>, Touched) {
        let touched = Touched::default();
        (Arc::new(Self { inner, touched: touched.clone() }), touched)
    }
}

impl Session for Watched {
    fn folders(&self) -> &[Folder] {
        self.inner.folders()
    }

    fn files(&self, call: CallId) -> Arc<dyn Files> {
        Arc::new(WatchedFiles { inner: self.inner.files(call), touched: self.touched.clone() })
    }
}

struct WatchedFiles {
    inner: Arc<dyn Files>,
    touched: Touched,
}

impl WatchedFiles {
    fn note(&self, path: &FilePath, access: Access) {
        self.touched.lock().unwrap_or_else(PoisonError::into_inner).push((path.clone(), access));
    }
}

#[async_trait]
impl Files for WatchedFiles {
    async fn list(&self, folder: FilePath, most: usize) -> Result<Vec<Entry>> {
        self.note(&folder, Access::Read);
        self.inner.list(folder, most).await
    }

    async fn stat(&self, path: FilePath) -> Result<Entry> {
        self.note(&path, Access::Read);
        self.inner.stat(path).await
    }

    async fn read(&self, path: FilePath, offset: u64, most: usize) -> Result<Vec<u8>> {
        self.note(&path, Access::Read);
        self.inner.read(path, offset, most).await
    }

    async fn change(&self, changes: Vec<Change>, watch: Watch) -> Result<Changed> {
        for change in &changes {
            match change {
                Change::Write { path, .. } | Change::MakeFolder { path } | Change::SetAside { path } => {
                    self.note(path, Access::Write);
                }
                Change::Move { from, to, .. } => {
                    self.note(from, Access::Write);
                    self.note(to, Access::Write);
                }
                Change::Copy { from, to, .. } => {
                    self.note(from, Access::Read);
                    self.note(to, Access::Write);
                }
            }
        }
        let changed = self.inner.change(changes, watch).await?;
        changed.otherwise.iter().filter_map(|o| o.renamed.as_ref()).for_each(|p| self.note(p, Access::Write));
        Ok(changed)
    }
}
