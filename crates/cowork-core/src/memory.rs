//! The store that forgets: for tests, and for hosts that keep nothing.

use std::{
    borrow::Cow,
    collections::{BTreeMap, HashMap},
    fmt,
    num::NonZeroU32,
    ops::Bound,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use async_trait::async_trait;
use tokio::sync::broadcast;

use crate::{
    Actor, Batch, Blobs, Body, Draft, Error, Expect, Finding, Hash, Kind, Label, Lease, LeaseAsk, LeaseState, Read,
    Record, Result, Runtime, Store, StoreChange, TaskId, ThreadId, Timestamp, VERSION,
};

/// A [`Store`] and [`Blobs`] in memory. What it holds ends with it.
///
/// A record's body is shared between the log, its readers and its watchers; handing one out copies no text.
pub struct MemoryStore {
    runtime: Arc<dyn Runtime>,
    state: Mutex<State>,
    changes: broadcast::Sender<StoreChange>,
}

impl MemoryStore {
    /// Makes an empty one, whose leases go by the runtime's clock.
    pub fn new(runtime: Arc<dyn Runtime>) -> Self {
        Self { runtime, state: Mutex::default(), changes: broadcast::channel(1024).0 }
    }

    // A panic between two writes of a commit can't happen: everything is checked before the first.
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Store for MemoryStore {
    async fn commit(&self, batch: Batch) -> Result<Arc<[Record]>> {
        let mut state = self.state();
        let counted = state.check(&batch)?;
        let records = state.write(batch, counted);
        // Sent while the state is held, so that watchers see commits in their order.
        if !records.is_empty() && self.changes.receiver_count() > 0 {
            drop(self.changes.send(StoreChange::Here([records.clone()].into())));
        }
        Ok(records)
    }

    async fn read(&self, read: Read) -> Result<Vec<Record>> {
        let state = self.state();
        let Some(log) = state.threads.get(&read.thread) else { return Ok(Vec::new()) };
        let after = usize::try_from(read.after).unwrap_or(usize::MAX);
        Ok(match read.task {
            None => (after..log.len()).take(read.most).map(|at| log.record(read.thread, at, &state.kinds)).collect(),
            Some(task) => {
                let seqs = state.tasks.get(&task).filter(|t| t.thread == Some(read.thread)).map(|t| &t.seqs[..]);
                let seqs = seqs.unwrap_or_default();
                let from = seqs.partition_point(|seq| *seq <= after);
                seqs[from..].iter().take(read.most).map(|seq| log.record(read.thread, seq - 1, &state.kinds)).collect()
            }
        })
    }

    async fn scan(&self, prefix: String, after: Option<String>, most: usize) -> Result<Vec<(String, Vec<u8>)>> {
        let state = self.state();
        if prefix.starts_with("log/") {
            let keys: BTreeMap<_, _> = state.threads.keys().map(|t| (format!("log/{t}"), Vec::new())).collect();
            let rest = keys.into_iter().filter(|(k, _)| k.starts_with(&prefix) && after.as_ref().is_none_or(|a| k > a));
            return Ok(rest.take(most).collect());
        }
        let from = match &after {
            Some(after) if *after >= prefix => Bound::Excluded(after.as_str()),
            _ => Bound::Included(prefix.as_str()),
        };
        let entries = state.entries.range::<str, _>((from, Bound::Unbounded));
        let entries = entries.take_while(|(key, _)| key.starts_with(&prefix)).take(most);
        Ok(entries.map(|(key, value)| (key.clone(), value.clone())).collect())
    }

    async fn lease(&self, task: TaskId, ask: LeaseAsk) -> Result<Option<Lease>> {
        let now = self.runtime.now();
        Ok(self.state().tasks.entry(task).or_default().lease.ask(&ask, now))
    }

    fn watch(&self) -> broadcast::Receiver<StoreChange> {
        self.changes.subscribe()
    }

    async fn check(&self) -> Vec<Finding> {
        let state = self.state();
        let records: usize = state.threads.values().map(Log::len).sum();
        let found = format!("in memory, {} threads, {records} records", state.threads.len());
        vec![Finding { ok: true, what: "store".into(), found, fix: String::new() }]
    }
}

#[async_trait]
impl Blobs for MemoryStore {
    async fn put(&self, bytes: Vec<u8>) -> Result<Hash> {
        let hash = Hash::of(&bytes);
        self.state().blobs.entry(hash).or_insert(bytes);
        Ok(hash)
    }

    async fn get(&self, hash: Hash) -> Result<Vec<u8>> {
        self.state()
            .blobs
            .get(&hash)
            .cloned()
            .ok_or_else(|| Error::new(Kind::NotFound, "read blob", format!("there are no bytes with the hash {hash}")))
    }
}

impl fmt::Debug for MemoryStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MemoryStore")
    }
}

#[derive(Default)]
struct State {
    threads: HashMap<ThreadId, Log>,
    tasks: HashMap<TaskId, TaskState>,
    entries: BTreeMap<String, Vec<u8>>,
    blobs: HashMap<Hash, Vec<u8>>,
    kinds: Kinds,
}

/// How many records are kept in one place: what a log has is not moved as it grows.
const PLACE: usize = 8;

#[derive(Default)]
struct Log {
    /// All but the last are full.
    places: Vec<Vec<Kept>>,
    /// Those that it has records of.
    tasks: Vec<TaskId>,
    last_hash: Hash,
}

/// What a record is made of beyond its place, and what can't be worked out. What was parsed for whoever reads along is not kept.
struct Kept {
    /// Which of the log's tasks it is of.
    task: Option<NonZeroU32>,
    cause: Option<uuid::Uuid>,
    actor: Actor,
    at: Timestamp,
    label: Label,
    prev_hash: Hash,
    /// Which of the store's kinds it is.
    kind: u32,
    json: Arc<str>,
}

impl Log {
    fn len(&self) -> usize {
        self.places.last().map_or(0, |last| (self.places.len() - 1) * PLACE + last.len())
    }

    fn push(&mut self, record: &Record, task: Option<NonZeroU32>, kinds: &mut Kinds) {
        let &Record { cause, actor, at, prev_hash, .. } = record;
        let (kind, json) = record.event.to_stored();
        let kind = kinds.number(kind);
        let kept = Kept { task, cause, actor, at, label: record.label.clone(), prev_hash, kind, json };
        match self.places.last_mut().filter(|last| last.len() < PLACE) {
            Some(last) => last.push(kept),
            None => {
                let mut place = Vec::with_capacity(PLACE);
                place.push(kept);
                self.places.push(place);
            }
        }
    }

    /// Takes a task in, and gives its number, from 1 on.
    fn number(&mut self, task: TaskId) -> Option<NonZeroU32> {
        self.tasks.push(task);
        u32::try_from(self.tasks.len()).ok().and_then(NonZeroU32::new)
    }

    fn record(&self, thread: ThreadId, at: usize, kinds: &Kinds) -> Record {
        let &Kept { task, cause, actor, at: time, ref label, prev_hash, kind, ref json } =
            &self.places[at / PLACE][at % PLACE];
        let task = task.and_then(|number| self.tasks.get(number.get() as usize - 1).copied());
        let (label, event) = (label.clone(), Body::stored(kinds.0[kind as usize].clone(), json.clone()));
        let (v, seq, body_hash) = (VERSION, at as u64 + 1, event.hash());
        Record { v, thread, seq, task, cause, actor, at: time, label, prev_hash, body_hash, event }
    }
}

/// The kinds of records that there are.
#[derive(Default)]
struct Kinds(Vec<Cow<'static, str>>);

impl Kinds {
    fn number(&mut self, kind: Cow<'static, str>) -> u32 {
        let at = self.0.iter().position(|known| *known == kind).unwrap_or_else(|| {
            self.0.push(kind);
            self.0.len() - 1
        });
        u32::try_from(at).unwrap_or(u32::MAX)
    }
}

#[derive(Default)]
struct TaskState {
    thread: Option<ThreadId>,
    /// Its number in that thread's log.
    number: Option<NonZeroU32>,
    seqs: Vec<usize>,
    lease: LeaseState,
}

impl State {
    /// Checks everything that a commit can fail by, and gives the counters as they will be.
    fn check(&self, batch: &Batch) -> Result<BTreeMap<String, Vec<u8>>> {
        if let Some(unmet) = batch.expect.iter().find(|e| !self.holds(e)) {
            return Err(unmet.unmet());
        }
        let mut last = None;
        for task in batch.append.iter().filter_map(|d| d.task) {
            // A batch is of one task, or of few.
            if last.replace(task) == Some(task) {
                continue;
            }
            let home = self.tasks.get(&task).and_then(|t| t.thread);
            if home.is_some_and(|home| home != batch.thread) {
                let why = format!("task {task} belongs to another thread");
                return Err(Error::new(Kind::InvalidInput, "commit", why));
            }
        }
        let mut counted = BTreeMap::new();
        for count in &batch.count {
            let key = count.key();
            let stored = counted.get(&key).or_else(|| self.entries.get(&key));
            let value = count.add_to(stored.map(Vec::as_slice))?;
            counted.insert(key, value);
        }
        Ok(counted)
    }

    fn holds(&self, expect: &Expect) -> bool {
        let task = |id| self.tasks.get(id);
        match expect {
            Expect::Head(id, seq) => task(id).and_then(|t| t.seqs.last()).map_or(0, |s| *s as u64) == *seq,
            Expect::Fence(id, fence) => task(id).is_some_and(|t| t.lease.holds(*fence)),
            Expect::Absent(key) => !self.entries.contains_key(key),
        }
    }

    fn write(&mut self, batch: Batch, counted: BTreeMap<String, Vec<u8>>) -> Arc<[Record]> {
        self.entries.extend(counted);
        for (key, value) in batch.put {
            match value {
                Some(value) => drop(self.entries.insert(key, value)),
                None => drop(self.entries.remove(&key)),
            }
        }
        if batch.append.is_empty() {
            return Arc::new([]);
        }
        let log = self.threads.entry(batch.thread).or_default();
        let mut seq = log.len();
        let stamp = |draft: Draft| {
            seq += 1;
            let (record, hash) = draft.stamp(batch.thread, seq as u64, log.last_hash);
            log.last_hash = hash;
            record
        };
        let records: Arc<[Record]> = batch.append.into_iter().map(stamp).collect();
        for of_one in records.chunk_by(|a, b| a.task == b.task) {
            let number = of_one[0].task.and_then(|id| {
                let task = self.tasks.entry(id).or_default();
                task.thread = Some(batch.thread);
                task.seqs.extend(log.len() + 1..=log.len() + of_one.len());
                task.number = task.number.or_else(|| log.number(id));
                task.number
            });
            of_one.iter().for_each(|record| log.push(record, number, &mut self.kinds));
        }
        records
    }
}
