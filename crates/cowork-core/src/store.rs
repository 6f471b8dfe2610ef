//! Where the log lives.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use tokio::sync::broadcast;

use crate::{Draft, Finding, Hash, Record, Result, TaskId, ThreadId};

/// Keeps logs, their indexes and leases. It knows a record's header and nothing of what an event means.
///
/// - A commit is all or nothing, and is decided by its preconditions at the moment it is made, over all processes. One
///   that is refused takes no other with it.
/// - `seq` is given in the commit: 1, 2, 3, … per thread without a gap. Stored bytes are never rewritten: what is read is
///   what was committed, chained by hash.
/// - A task's head, a key's absence and a counter's cap are checked in the commit. A task stays in its thread.
/// - Reads and scans give a window, in order; a task's records without the others.
/// - Whoever watches is told of every commit in order, from any process, or that they lag. One that sleeps holds up nobody.
/// - Leases go by the store's own clock, are held by one, and are taken at once from an owner known to be dead.
/// - A fencing number never comes twice for a task; a stale one is refused.
/// - A [`durable`](Batch::durable) commit survives a power cut once it is acknowledged, and so does every earlier one; any
///   other survives the death of the process. (What survives is each store's own story, with the disk it stands on.)
/// - Readers never wait for writers.
/// - A store in order has nothing to say in [`Store::check`].
///
/// Cancellation: a dropped `commit` may or may not have happened, whole; read before trying again. Everything else is a
/// read or can be repeated.
///
/// Errors: `Corrupt`, `NewerVersion`, `Busy`, `Full` and `Unavailable` from any of them; those of a commit are below.
///
/// Suite: `cowork_testkit::store::suite!` tells stories of each of these.
///
/// ```
/// use std::sync::Arc;
///
/// use cowork_core::{Batch, Draft, Event, Expect, MemoryStore, Read, Runtime, Store, ThreadId};
/// use cowork_testkit::{TestRuntime, block_on};
///
/// let clock = TestRuntime::new();
/// let store: Arc<dyn Store> = Arc::new(MemoryStore::new(clock.clone()));
/// let thread = ThreadId::named("main");
/// let mut batch = Batch::new(thread);
/// batch.expect.push(Expect::Absent("opened".to_owned()));
/// batch.put.push(("opened".to_owned(), Some(Vec::new())));
/// batch.append.push(Draft::new(None, clock.now(), Event::ThreadOpened { title: "Main".to_owned() })?);
/// block_on(async {
///     let records = store.commit(batch.clone()).await?;
///     assert_eq!(records[0].seq, 1);
///     assert!(store.commit(batch).await.is_err(), "the key is there now");
///     assert_eq!(store.read(Read::thread(thread, 0)).await?, *records);
///     Ok::<(), cowork_core::Error>(())
/// })?;
/// # Ok::<(), cowork_core::Error>(())
/// ```
#[async_trait]
pub trait Store: Send + Sync + 'static {
    /// Commits, and gives the records in their places: the same that whoever watches is given.
    ///
    /// # Errors
    /// `Conflict` if the task's head or a key is not as expected (fact `expected`: `head`, `absent` or `cap`), `LeaseLost`
    /// if the fence is stale, `Full`, `Corrupt`, `Busy` if another process holds the file for too long.
    async fn commit(&self, batch: Batch) -> Result<Arc<[Record]>>;

    /// Reads records of a thread, in order.
    async fn read(&self, read: Read) -> Result<Vec<Record>>;

    /// Reads index entries whose key starts with `prefix` and comes after `after`, in order of their keys.
    ///
    /// The prefix `log/` is not an index: it gives `log/THREAD` for every thread that has records, with an empty value, from
    /// the log itself, so that lost indexes can be made again. An entry put there is never seen.
    async fn scan(&self, prefix: String, after: Option<String>, most: usize) -> Result<Vec<(String, Vec<u8>)>>;

    /// Takes, keeps or gives back the lease of a task. `None`: somebody else holds it ([`Store::scan`] of `lease/` won't
    /// tell; ask with [`LeaseAsk::Look`]).
    async fn lease(&self, task: TaskId, ask: LeaseAsk) -> Result<Option<Lease>>;

    /// Gives what is committed from now on. Wake-ups may be lost, records never are: read again after [`Change::Elsewhere`]
    /// or when the receiver lags.
    fn watch(&self) -> broadcast::Receiver<Change>;

    /// Says what is in order and what is not, for `cowork doctor`.
    async fn check(&self) -> Vec<Finding>;
}

/// Something was committed.
#[derive(Clone, Debug)]
pub enum Change {
    /// By this process: the records of each commit, as it was given them, in the order of the commits.
    Here(Arc<[Arc<[Record]>]>),
    /// By another one: read again.
    Elsewhere,
}

/// One atomic write.
#[derive(Clone, Debug)]
pub struct Batch {
    /// The thread it writes to.
    pub thread: ThreadId,
    /// What must hold.
    pub expect: Vec<Expect>,
    /// Records, in order.
    pub append: Vec<Draft>,
    /// Index entries to set or, with `None`, to remove.
    pub put: Vec<(String, Option<Vec<u8>>)>,
    /// Counters to add to, unless that passes their cap.
    pub count: Vec<Count>,
    /// Whether it guards an effect or a promise, and so must survive a power cut before it is acknowledged.
    pub durable: bool,
}

impl Batch {
    /// Makes an empty batch.
    pub fn new(thread: ThreadId) -> Self {
        Self { thread, expect: Vec::new(), append: Vec::new(), put: Vec::new(), count: Vec::new(), durable: false }
    }
}

/// A precondition of a commit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Expect {
    /// The last record of this task has this `seq`; 0 for a task without one.
    Head(TaskId, u64),
    /// The task's lease still has this fencing number.
    Fence(TaskId, u64),
    /// There is no such index entry.
    Absent(String),
}

/// An addition to a counter, which is an index entry of its own kind: `count/NAME`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Count {
    /// The counter.
    pub name: String,
    /// How much is added.
    pub add: i64,
    /// What it may not pass.
    pub cap: i64,
}

/// Which records to read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Read {
    /// The thread.
    pub thread: ThreadId,
    /// Only this task's.
    pub task: Option<TaskId>,
    /// Only those with a `seq` above this.
    pub after: u64,
    /// At most so many.
    pub most: usize,
}

impl Read {
    /// Reads a thread.
    pub fn thread(thread: ThreadId, after: u64) -> Self {
        Self { thread, task: None, after, most: 512 }
    }

    /// Reads a task.
    pub fn task(thread: ThreadId, task: TaskId, after: u64) -> Self {
        Self { thread, task: Some(task), after, most: 512 }
    }
}

/// What is wanted of a task's lease.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LeaseAsk {
    /// Take it, if it is free or has run out.
    Take {
        /// Who takes it.
        owner: String,
        /// For how long.
        ttl: Duration,
        /// Take it also if this owner holds it: the caller knows that it is dead.
        dead: Option<String>,
    },
    /// Keep it.
    Keep {
        /// The fencing number.
        fence: u64,
        /// For how long from now.
        ttl: Duration,
    },
    /// Give it back.
    Drop {
        /// The fencing number.
        fence: u64,
    },
    /// Say who holds it, if anybody does.
    Look,
}

/// A lease of a task.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lease {
    /// Who holds it.
    pub owner: String,
    /// Its fencing number, greater than every earlier one's.
    pub fence: u64,
}

/// Keeps bytes under their hash.
///
/// - What comes back is what went in.
/// - The same bytes have one hash and are kept once, put as often as may be.
/// - What was never put is `NotFound`.
/// - Damaged bytes are an error (`Corrupt`), and never come back.
/// - `put` is durable when it returns.
///
/// Cancellation: a dropped `put` may or may not have happened; put it again.
///
/// Errors: besides these `Full`, `Busy` and `Unavailable`.
///
/// Suite: `cowork_testkit::blobs::suite!` tells a story for each of these, but for durability, which is each store's own.
///
/// ```
/// use cowork_core::{Blobs, Hash, MemoryStore};
/// use cowork_testkit::{TestRuntime, block_on};
///
/// let blobs = MemoryStore::new(TestRuntime::new());
/// let hash = block_on(blobs.put(b"a long letter".to_vec()))?;
/// assert_eq!(hash, Hash::of(b"a long letter"));
/// assert_eq!(block_on(blobs.get(hash))?, b"a long letter");
/// # Ok::<(), cowork_core::Error>(())
/// ```
#[async_trait]
pub trait Blobs: Send + Sync + 'static {
    /// Keeps bytes.
    async fn put(&self, bytes: Vec<u8>) -> Result<Hash>;

    /// Gives them back; `NotFound` if they are not there, `Corrupt` if they are not what they were.
    async fn get(&self, hash: Hash) -> Result<Vec<u8>>;
}

/// Bodies longer than this are kept as blobs.
pub const INLINE: usize = 8 * 1024;
