//! The store as its users see it.

use std::{
    fmt,
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex, Once, PoisonError,
        atomic::{AtomicUsize, Ordering},
        mpsc,
    },
    thread::JoinHandle,
    time::Duration,
};

use async_trait::async_trait;
use cowork_core::{
    Batch, Blobs, Error, Finding, Hash, Kind, Lease, LeaseAsk, Probe, Read, Record, Result, Runtime, Store,
    StoreChange, TaskId,
};
use tokio::sync::{broadcast, mpsc as mail, oneshot};

use crate::{
    check, connect,
    job::{Answer, Answered, Job, Waiting, Work, hand_out},
    readers::{Reader, Readers},
    writer::{Writer, run},
};

/// How a [`SqliteStore`] is opened.
#[derive(Clone, Debug)]
pub struct SqliteOptions {
    /// The file. It is made if it is not there; its folder is not.
    pub path: PathBuf,
    /// Says when a lease runs out.
    pub clock: Arc<dyn Runtime>,
    /// Stands beside each commit in a test.
    pub probe: Option<Arc<dyn Probe>>,
    /// When bytes are forced to the disk.
    pub synchronous: Synchronous,
    /// How long to wait for another process that holds the file, before it is an error.
    pub busy_timeout: Duration,
    /// How large the file may become, in bytes, before a commit is refused as `Full`; no limit but the disk's if none.
    pub most_bytes: Option<u64>,
}

impl SqliteOptions {
    /// Opens this file, in the way that keeps every promise of [`Store`].
    pub fn new(path: impl Into<PathBuf>, clock: Arc<dyn Runtime>) -> Self {
        Self {
            path: path.into(),
            clock,
            probe: None,
            synchronous: Synchronous::Full,
            busy_timeout: Duration::from_secs(5),
            most_bytes: None,
        }
    }
}

/// How many index entries are read where they are asked for.
const SHORT: usize = 256;

/// When bytes are forced to the disk.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Synchronous {
    /// In every durable commit, which covers those before it.
    #[default]
    Full,
    /// Now and then: a power cut may take the last commits, durable ones too, and leaves the log whole.
    Normal,
    /// Never: a power cut may destroy the file. Only for benches.
    Off,
}

/// A [`Store`] and [`Blobs`] in one SQLite file, which several processes may share.
///
/// Dropping it waits for what was already handed over, then folds the write-ahead log into the file if nobody else has it
/// open. Its methods need a tokio runtime around them.
pub struct SqliteStore {
    // Always there until it is dropped.
    jobs: Option<mpsc::Sender<Option<Job>>>,
    /// How many jobs wait.
    count: Arc<AtomicUsize>,
    writer: Arc<Mutex<Writer>>,
    thread: Option<JoinHandle<()>>,
    readers: Arc<Readers>,
    changes: broadcast::Sender<StoreChange>,
    /// What the writer answered, until somebody waits for an answer: it is handed out where they wait.
    answered: Mutex<Option<mail::UnboundedReceiver<Answered>>>,
    handing_out: Once,
    clock: Arc<dyn Runtime>,
}

impl SqliteStore {
    /// Opens a store, or makes one. Blocks for the few milliseconds that the disk takes.
    ///
    /// # Errors
    /// `NotFound` if the folder is missing, `NotAllowed` if it can't be written to, `Corrupt`, `NewerVersion`, `Busy`,
    /// `Full`, `InvalidInput` if the file is another program's, `Unsupported` if its file system can't share memory.
    pub fn open(mut options: SqliteOptions) -> Result<Self> {
        // It is opened again whenever one more reads, wherever the process stands by then.
        options.path = std::path::absolute(&options.path).unwrap_or(options.path);
        let conn = connect::writer(&options)?;
        let (jobs, waiting) = mpsc::channel();
        let changes = broadcast::channel(1024).0;
        let readers = Arc::new(Readers::new(options.path.clone(), options.busy_timeout));
        let clock = options.clock.clone();
        let (answer, answered) = mail::unbounded_channel();
        let writer = Arc::new(Mutex::new(Writer::new(conn, options, changes.clone(), answer)?));
        let count = Arc::new(AtomicUsize::new(0));
        let (of_thread, waiting) = (writer.clone(), Waiting { jobs: waiting, count: count.clone() });
        let thread = std::thread::Builder::new().name("cowork-store".into());
        let thread = thread.spawn(move || run(&of_thread, &waiting)).map_err(|e| {
            Error::new(Kind::Unavailable, "open store", "no thread could be started to write with").with_source(e)
        })?;
        let (jobs, thread, answered) = (Some(jobs), Some(thread), Mutex::new(Some(answered)));
        Ok(Self { jobs, count, writer, thread, readers, changes, answered, handing_out: Once::new(), clock })
    }

    /// Looks at a file that may not be a sound store, for `cowork doctor`. Changes nothing, needs no lock, never fails.
    ///
    /// Reads the whole file, so it takes a while for a large one.
    pub fn examine(path: &Path) -> Vec<Finding> {
        check::examine(path)
    }

    async fn ask(&self, work: Work) -> Result<Answer> {
        let gone = || Error::new(Kind::Unavailable, "commit", "the store was closed");
        let jobs = self.jobs.as_ref().ok_or_else(gone)?;
        let work = match self.at_once(work) {
            Ok(answer) => return answer,
            Err(work) => work,
        };
        self.handing_out.call_once(|| {
            let answered = self.answered.lock().unwrap_or_else(PoisonError::into_inner).take();
            drop(answered.map(|answered| tokio::spawn(hand_out(answered))));
        });
        let (reply, answer) = oneshot::channel();
        self.count.fetch_add(1, Ordering::AcqRel);
        jobs.send(Some(Job { work, reply })).map_err(|_| gone())?;
        answer.await.map_err(|_| gone())?
    }

    /// Writes here and now what needs not be handed over; gives back what does. Nothing overtakes what waits.
    fn at_once(&self, work: Work) -> std::result::Result<Result<Answer>, Work> {
        if self.count.load(Ordering::Acquire) > 0 {
            return Err(work);
        }
        let Ok(mut writer) = self.writer.try_lock() else { return Err(work) };
        writer.at_once(work)
    }
}

#[async_trait]
impl Store for SqliteStore {
    async fn commit(&self, batch: Batch) -> Result<Arc<[Record]>> {
        match self.ask(Work::Commit(batch)).await? {
            Answer::Records(records) => Ok(records),
            other => Err(other.unfit()),
        }
    }

    async fn read(&self, read: Read) -> Result<Vec<Record>> {
        // A task's records are few when it begins, and when somebody looks for what is new.
        if read.task.is_some()
            && let Some(few) = self.readers.at_once(|reader| reader.few_records(&read)).and_then(Result::transpose)
        {
            return few;
        }
        self.readers.run("read log", move |reader| reader.records(&read)).await
    }

    async fn scan(&self, prefix: String, after: Option<String>, most: usize) -> Result<Vec<(String, Vec<u8>)>> {
        let mut entries = Vec::new();
        // The threads are looked through, however few are wanted. Of others there are few, as a rule, however many are asked for.
        if !prefix.starts_with("log/") {
            let few = |reader: &mut Reader| reader.entries(&prefix, after.as_deref(), most.min(SHORT));
            match self.readers.at_once(few).transpose()? {
                Some(few) if few.len() < SHORT || most == SHORT => return Ok(few),
                Some(few) => entries = few,
                None => {}
            }
        }
        let (after, most) = (entries.last().map(|(key, _)| key.clone()).or(after), most - entries.len());
        let read = move |reader: &mut Reader| reader.entries(&prefix, after.as_deref(), most);
        entries.extend(self.readers.run("read index", read).await?);
        Ok(entries)
    }

    async fn lease(&self, task: TaskId, ask: LeaseAsk) -> Result<Option<Lease>> {
        if ask == LeaseAsk::Look {
            let now = self.clock.now();
            return self.readers.run_short("read lease", move |reader| reader.lease(task, now)).await;
        }
        match self.ask(Work::Lease(task, ask)).await? {
            Answer::Lease(lease) => Ok(lease),
            other => Err(other.unfit()),
        }
    }

    fn watch(&self) -> broadcast::Receiver<StoreChange> {
        let receiver = self.changes.subscribe();
        // Wakes the writer, which from now on looks out for other processes' commits.
        if let Some(jobs) = &self.jobs {
            drop(jobs.send(None));
        }
        receiver
    }

    async fn check(&self) -> Vec<Finding> {
        let path = self.readers.path().to_owned();
        match self.readers.run("check store", move |reader| Ok(check::check(reader.connection(), &path))).await {
            Ok(findings) => findings,
            Err(error) => vec![check::failed("store", &error)],
        }
    }
}

#[async_trait]
impl Blobs for SqliteStore {
    async fn put(&self, bytes: Vec<u8>) -> Result<Hash> {
        let hash = Hash::of(&bytes);
        match self.ask(Work::Put(hash, bytes)).await? {
            Answer::Kept => Ok(hash),
            other => Err(other.unfit()),
        }
    }

    async fn get(&self, hash: Hash) -> Result<Vec<u8>> {
        self.readers.run("read blob", move |reader| reader.blob(hash)).await
    }
}

impl Drop for SqliteStore {
    fn drop(&mut self) {
        self.readers.close();
        self.jobs = None;
        if let Some(thread) = self.thread.take() {
            // A panic in the writer has been reported by the thread itself; every waiting commit got an error.
            drop(thread.join());
        }
    }
}

impl fmt::Debug for SqliteStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SqliteStore({})", self.readers.path().display())
    }
}
