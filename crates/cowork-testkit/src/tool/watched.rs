//! A session that writes down what is done through it.

use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use cowork_core::{
    Access, Arrivals, CallId, CancellationToken, Change, Changed, Content, Entry, FileKind, FilePath, Files, Folder,
    Handed, Make, OpenFile, Part, Piece, Reader, Result, Session, Sight, Sink, Visitor, Walked, Watch,
};

/// What was touched, and how.
pub(super) type Touched = Arc<Mutex<Vec<(FilePath, Access)>>>;

/// A session over another one.
pub(super) struct Watched {
    inner: Arc<dyn Session>,
    touched: Touched,
    /// Cancelled as soon as anything is touched.
    cancels: Option<CancellationToken>,
}

impl Watched {
    pub(super) fn new(inner: Arc<dyn Session>) -> (Arc<Self>, Touched) {
        let touched = Touched::default();
        (Arc::new(Self { inner, touched: touched.clone(), cancels: None }), touched)
    }

    /// Gives one whose first use cancels a call: it is on its way then.
    pub(super) fn cancelling(inner: Arc<dyn Session>, cancel: CancellationToken) -> Arc<Self> {
        Arc::new(Self { inner, touched: Touched::default(), cancels: Some(cancel) })
    }
}

impl Session for Watched {
    fn folders(&self) -> &[Folder] {
        self.inner.folders()
    }

    fn files(&self, call: CallId) -> Arc<dyn Files> {
        let cancels = self.cancels.clone();
        Arc::new(WatchedFiles { inner: self.inner.files(call), touched: self.touched.clone(), cancels })
    }

    fn seen(&self, call: CallId) -> Vec<Sight> {
        self.inner.seen(call)
    }

    fn recall(&self, seen: Vec<Sight>) {
        self.inner.recall(seen);
    }

    fn part(&self, folders: &[Folder]) -> Result<Arc<dyn Session>> {
        let inner = self.inner.part(folders)?;
        Ok(Arc::new(Self { inner, touched: self.touched.clone(), cancels: self.cancels.clone() }))
    }
}

struct WatchedFiles {
    inner: Arc<dyn Files>,
    touched: Touched,
    cancels: Option<CancellationToken>,
}

impl WatchedFiles {
    fn note(&self, path: &FilePath, access: Access) {
        self.touched.lock().unwrap_or_else(PoisonError::into_inner).push((path.clone(), access));
        self.cancels.iter().for_each(CancellationToken::cancel);
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

    async fn read(&self, path: FilePath, offset: u64, most: usize) -> Result<Piece> {
        self.note(&path, Access::Read);
        self.inner.read(path, offset, most).await
    }

    async fn walk(&self, from: Vec<FilePath>, visitor: Arc<dyn Visitor>, watch: Watch) -> Result<Walked> {
        from.iter().for_each(|p| self.note(p, Access::Read));
        let visitor = Arc::new(WatchedVisitor { inner: visitor, touched: self.touched.clone() });
        self.inner.walk(from, visitor, watch).await
    }

    async fn watch(&self, folder: FilePath) -> Result<Box<dyn Arrivals>> {
        self.note(&folder, Access::Read);
        self.inner.watch(folder).await
    }

    async fn change(&self, mut changes: Vec<Change>, watch: Watch) -> Result<Changed> {
        self.note_all(&mut changes);
        let changed = self.inner.change(changes, watch).await?;
        Ok(self.note_renamed(changed))
    }

    async fn change_all(&self, mut changes: Vec<Change>, watch: Watch) -> Result<Changed> {
        self.note_all(&mut changes);
        let changed = self.inner.change_all(changes, watch).await?;
        Ok(self.note_renamed(changed))
    }

    async fn made_before(&self) -> Result<u64> {
        self.inner.made_before().await
    }
}

impl WatchedFiles {
    fn note_renamed(&self, changed: Changed) -> Changed {
        changed.otherwise.iter().filter_map(|o| o.renamed.as_ref()).for_each(|p| self.note(p, Access::Write));
        changed
    }

    fn note_all(&self, changes: &mut [Change]) {
        for change in changes {
            match change {
                Change::SetAside { path, still } => {
                    self.note(path, Access::Write);
                    let copied = still.iter().filter_map(|still| still.copy_of.as_ref());
                    copied.for_each(|copied| self.note(copied, Access::Read));
                }
                Change::Write(write) => {
                    self.note(&write.path, Access::Write);
                    if let Content::Made(make) = &write.content {
                        let inner = make.clone();
                        write.content = Content::Made(Arc::new(WatchedMake { inner, touched: self.touched.clone() }));
                    }
                }
                Change::MakeFolder { path, .. }
                | Change::Link { path, .. }
                | Change::Restore { path }
                | Change::Mode { path, .. } => self.note(path, Access::Write),
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
    }
}

/// Writes down what is read beside the walk; what the walk shows lies where it began.
struct WatchedVisitor {
    inner: Arc<dyn Visitor>,
    touched: Touched,
}

impl Visitor for WatchedVisitor {
    fn enter(&self, folder: &FilePath, above: &Handed, reader: &dyn Reader) -> Result<Handed> {
        self.inner.enter(folder, above, &WatchedReader { inner: reader, touched: &self.touched })
    }

    fn visit(&self, part: &dyn Part, handed: &Handed) -> Result<Vec<usize>> {
        let reader = WatchedReader { inner: part.reader(), touched: &self.touched };
        self.inner.visit(&WatchedPart { inner: part, reader }, handed)
    }
}

struct WatchedPart<'a> {
    inner: &'a dyn Part,
    reader: WatchedReader<'a>,
}

impl Part for WatchedPart<'_> {
    fn folder(&self) -> &FilePath {
        self.inner.folder()
    }

    fn len(&self) -> usize {
        self.inner.len()
    }

    fn name(&self, at: usize) -> &[u8] {
        self.inner.name(at)
    }

    fn kind(&self, at: usize) -> FileKind {
        self.inner.kind(at)
    }

    fn stat(&self, at: usize) -> Result<Entry> {
        self.inner.stat(at)
    }

    fn open(&self, at: usize) -> Result<Box<dyn OpenFile>> {
        self.inner.open(at)
    }

    fn target(&self, at: usize) -> Result<Vec<u8>> {
        self.inner.target(at)
    }

    fn reader(&self) -> &dyn Reader {
        &self.reader
    }
}

struct WatchedReader<'a> {
    inner: &'a dyn Reader,
    touched: &'a Touched,
}

impl WatchedReader<'_> {
    fn note(&self, path: &FilePath) {
        self.touched.lock().unwrap_or_else(PoisonError::into_inner).push((path.clone(), Access::Read));
    }
}

impl Reader for WatchedReader<'_> {
    fn open(&self, path: &FilePath) -> Result<Box<dyn OpenFile>> {
        self.note(path);
        self.inner.open(path)
    }

    fn stat(&self, path: &FilePath) -> Result<Entry> {
        self.note(path);
        self.inner.stat(path)
    }
}

struct WatchedMake {
    inner: Arc<dyn Make>,
    touched: Touched,
}

impl Make for WatchedMake {
    fn key(&self) -> String {
        self.inner.key()
    }

    fn reads(&self) -> bool {
        self.inner.reads()
    }

    fn make(&self, files: &dyn Reader, to: &mut dyn Sink) -> Result<()> {
        self.inner.make(&WatchedReader { inner: files, touched: &self.touched }, to)
    }
}
