//! What a commit means: its preconditions, its rows. Everything here happens inside a transaction of the writer.

use std::{collections::HashMap, path::PathBuf, sync::Arc};

use cowork_core::{
    Batch, Draft, Error, Expect, Hash, INLINE, Kind, Lease, LeaseAsk, LeaseState, Record, Result, TaskId, ThreadId,
    Timestamp,
};
use rusqlite::{Connection, OptionalExtension, Params, Row, Statement, params};

use crate::{
    fault::fault,
    readers::{COLUMNS, Decoder, first_id},
    schema::{BLOCK, StoredKind},
};

/// Checks and writes, and knows the ends of the logs it wrote to as long as nobody else writes.
pub(crate) struct Ledger {
    path: PathBuf,
    threads: HashMap<ThreadId, ThreadEnd>,
    tasks: HashMap<TaskId, TaskEnd>,
}

/// The end of a thread's log.
#[derive(Clone, Copy)]
struct ThreadEnd {
    tid: i64,
    seq: u64,
    hash: Hash,
}

/// A task's row, and the `seq` of its last record.
#[derive(Clone)]
struct TaskEnd {
    kid: i64,
    tid: Option<i64>,
    seq: u64,
    lease: LeaseState,
}

const INSERT: &str = "INSERT INTO record VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)";

/// Index entries: keys and values.
type Entries = Vec<(String, Vec<u8>)>;

/// How many threads and tasks are remembered.
const MOST: usize = 10_000;

impl Ledger {
    pub(crate) fn new(path: PathBuf) -> Self {
        Self { path, threads: HashMap::new(), tasks: HashMap::new() }
    }

    /// Forgets what it knows: somebody else wrote, or what it wrote was rolled back.
    pub(crate) fn forget(&mut self) {
        self.threads.clear();
        self.tasks.clear();
    }

    /// Commits a batch. The outer error is the file's and ends the transaction; the inner one is the batch's own, and
    /// then nothing of it was written.
    pub(crate) fn commit(&mut self, conn: &Connection, batch: Batch) -> Result<Result<Arc<[Record]>>> {
        if self.tasks.len() > MOST || self.threads.len() > MOST {
            self.forget();
        }
        let end = self.thread(conn, batch.thread)?;
        if let Some(refusal) = self.refusal(conn, &batch, end)? {
            return Ok(Err(refusal));
        }
        let counted = match self.counted(conn, &batch)? {
            Ok(counted) => counted,
            Err(refusal) => return Ok(Err(refusal)),
        };
        let set = "INSERT OR REPLACE INTO entry VALUES (?1, ?2)";
        for (key, value) in counted {
            self.execute(conn, set, params![key, value])?;
        }
        for (key, value) in &batch.put {
            match value {
                Some(value) => self.execute(conn, set, params![key, value])?,
                None => self.execute(conn, "DELETE FROM entry WHERE key = ?1", params![key])?,
            };
        }
        self.append(conn, batch.thread, batch.append, end).map(Ok)
    }

    /// Follows what is asked of a lease.
    pub(crate) fn lease(
        &mut self,
        conn: &Connection,
        task: TaskId,
        ask: &LeaseAsk,
        now: Timestamp,
    ) -> Result<Option<Lease>> {
        let known = self.task(conn, task)?.cloned();
        let mut end = known.unwrap_or(TaskEnd { kid: 0, tid: None, seq: 0, lease: LeaseState::default() });
        let Some(lease) = end.lease.ask(ask, now) else { return Ok(None) };
        if end.kid == 0 {
            end.kid = self.add_task(conn, task, None)?;
        }
        let LeaseState { owner, until, fence } = &end.lease;
        let row = params![end.kid, owner, until.as_millis(), fence.cast_signed()];
        self.execute(conn, "UPDATE task SET owner = ?2, until = ?3, fence = ?4 WHERE kid = ?1", row)?;
        self.tasks.insert(task, end);
        Ok(Some(lease))
    }

    /// Keeps bytes under their hash.
    pub(crate) fn put(&self, conn: &Connection, hash: Hash, bytes: &[u8]) -> Result<()> {
        self.execute(conn, "INSERT OR IGNORE INTO blob VALUES (?1, ?2)", params![hash.0, bytes]).map(drop)
    }

    fn refusal(&mut self, conn: &Connection, batch: &Batch, end: Option<ThreadEnd>) -> Result<Option<Error>> {
        for expect in &batch.expect {
            let holds = match expect {
                Expect::Head(task, seq) => self.task(conn, *task)?.map_or(0, |t| t.seq) == *seq,
                Expect::Fence(task, fence) => self.task(conn, *task)?.is_some_and(|t| t.lease.holds(*fence)),
                Expect::Absent(key) => self.entry(conn, key)?.is_none(),
            };
            if !holds {
                return Ok(Some(expect.unmet()));
            }
        }
        let mut last = None;
        for task in batch.append.iter().filter_map(|d| d.task) {
            if last.replace(task) == Some(task) {
                continue;
            }
            let home = self.task(conn, task)?.and_then(|t| t.tid);
            if home.is_some() && home != end.map(|e| e.tid) {
                let why = format!("task {task} belongs to another thread");
                return Ok(Some(Error::new(Kind::InvalidInput, "commit", why)));
            }
        }
        let room = u64::from(u32::MAX) - end.map_or(0, |e| e.seq);
        if batch.append.len() as u64 > room {
            let why = "the thread has as many records as a thread can have";
            return Ok(Some(Error::new(Kind::LimitExceeded, "commit", why).with_fix("go on in another thread")));
        }
        Ok(None)
    }

    /// Gives the counters as they will be, each after all of its additions.
    fn counted(&self, conn: &Connection, batch: &Batch) -> Result<Result<Entries>> {
        let mut counted = Entries::with_capacity(batch.count.len());
        for count in &batch.count {
            let key = count.key();
            let at = counted.iter().position(|(k, _)| *k == key);
            let stored = match at {
                Some(at) => Some(counted.swap_remove(at).1),
                None => self.entry(conn, &key)?,
            };
            match count.add_to(stored.as_deref()) {
                Ok(value) => counted.push((key, value)),
                Err(refusal) => return Ok(Err(refusal)),
            }
        }
        Ok(Ok(counted))
    }

    fn append(
        &mut self,
        conn: &Connection,
        thread: ThreadId,
        drafts: Vec<Draft>,
        end: Option<ThreadEnd>,
    ) -> Result<Arc<[Record]>> {
        if drafts.is_empty() {
            return Ok(Arc::new([]));
        }
        let ThreadEnd { tid, mut seq, mut hash } = match end {
            Some(end) => end,
            None => {
                self.execute(conn, "INSERT INTO thread (id) VALUES (?1)", params![thread.uuid().as_bytes()])?;
                ThreadEnd { tid: conn.last_insert_rowid(), seq: 0, hash: Hash::default() }
            }
        };
        let mut insert = conn.prepare_cached(INSERT).map_err(|e| fault("commit", &self.path, e))?;
        let stamp = |draft: Draft| {
            seq += 1;
            let (record, next) = draft.stamp(thread, seq, hash);
            hash = next;
            record
        };
        let records: Arc<[Record]> = drafts.into_iter().map(stamp).collect();
        for run in records.chunk_by(|a, b| a.task == b.task) {
            let kid = run[0].task.map(|task| self.extend_task(conn, task, tid, run)).transpose()?;
            for record in run {
                self.insert(conn, &mut insert, first_id(tid) + record.seq.cast_signed(), kid, record)?;
            }
        }
        self.threads.insert(thread, ThreadEnd { tid, seq, hash });
        Ok(records)
    }

    fn insert(
        &self,
        conn: &Connection,
        insert: &mut Statement<'_>,
        id: i64,
        kid: Option<i64>,
        record: &Record,
    ) -> Result<()> {
        let json = record.event.json();
        let inline = (json.len() <= INLINE).then_some(&**json);
        if inline.is_none() {
            self.put(conn, record.body_hash, json.as_bytes())?;
        }
        let label = record.label.to_text();
        let cause = record.cause.as_ref().map(|c| &c.as_bytes()[..]);
        let row = params![
            id,
            kid,
            record.v,
            StoredKind::of(record.event.kind()),
            cause,
            record.actor as i64,
            record.at.as_millis(),
            &*label,
            record.prev_hash.0,
            record.body_hash.0,
            inline,
        ];
        insert.execute(row).map(drop).map_err(|e| fault("commit", &self.path, e))
    }

    /// Notes that a task goes on with these records, and gives the task's number.
    fn extend_task(&mut self, conn: &Connection, task: TaskId, tid: i64, run: &[Record]) -> Result<i64> {
        let (first, seq) = (run[0].seq, run[run.len() - 1].seq);
        let (kid, last) = if let Some(end) = self.task(conn, task)? {
            let last = std::mem::replace(&mut end.seq, seq);
            let (kid, homeless) = (end.kid, end.tid.replace(tid).is_none());
            if homeless {
                self.execute(conn, "UPDATE task SET tid = ?2 WHERE kid = ?1", params![kid, tid])?;
            }
            (kid, last)
        } else {
            let kid = self.add_task(conn, task, Some(tid))?;
            self.tasks.insert(task, TaskEnd { kid, tid: Some(tid), seq, lease: LeaseState::default() });
            (kid, 0)
        };
        for block in first >> BLOCK..=seq >> BLOCK {
            if last == 0 || last >> BLOCK != block {
                let block = (first_id(tid) >> BLOCK) + block.cast_signed();
                self.execute(conn, "INSERT INTO place VALUES (?1, ?2)", params![kid, block])?;
            }
        }
        Ok(kid)
    }

    fn add_task(&self, conn: &Connection, task: TaskId, tid: Option<i64>) -> Result<i64> {
        self.execute(conn, "INSERT INTO task (id, tid) VALUES (?1, ?2)", params![task.uuid().as_bytes(), tid])?;
        Ok(conn.last_insert_rowid())
    }

    fn task(&mut self, conn: &Connection, id: TaskId) -> Result<Option<&mut TaskEnd>> {
        if !self.tasks.contains_key(&id) {
            let sql = "SELECT kid, tid, owner, until, fence FROM task WHERE id = ?1";
            let found = self.query(conn, sql, params![id.uuid().as_bytes()], |row| {
                let until = Timestamp::from_millis(row.get(3)?);
                let lease = LeaseState { owner: row.get(2)?, until, fence: row.get::<_, i64>(4)?.cast_unsigned() };
                Ok(TaskEnd { kid: row.get(0)?, tid: row.get(1)?, seq: 0, lease })
            })?;
            let Some(mut end) = found else { return Ok(None) };
            let sql = "SELECT id FROM place CROSS JOIN record ON id >= block << 12 AND id < (block + 1) << 12
                WHERE task = ?1 AND kid = ?1 ORDER BY block DESC, id DESC LIMIT 1";
            let last = self.query(conn, sql, params![end.kid], |row| row.get::<_, i64>(0))?;
            end.seq = last.map_or(0, |id| u64::from(id as u32));
            self.tasks.insert(id, end);
        }
        Ok(self.tasks.get_mut(&id))
    }

    fn thread(&mut self, conn: &Connection, id: ThreadId) -> Result<Option<ThreadEnd>> {
        if let Some(end) = self.threads.get(&id) {
            return Ok(Some(*end));
        }
        let sql = "SELECT tid FROM thread WHERE id = ?1";
        let Some(tid) = self.query(conn, sql, params![id.uuid().as_bytes()], |row| row.get(0))? else {
            return Ok(None);
        };
        let sql = format!("SELECT {COLUMNS} FROM record WHERE id > ?1 AND id < ?2 ORDER BY id DESC LIMIT 1");
        let (mut decoder, mut tasks) = (Decoder::new(id, &self.path), HashMap::new());
        let range = params![first_id(tid), first_id(tid + 1)];
        let last = self.query(conn, &sql, range, |row| Ok(decoder.header(conn, row, &mut tasks)))?.transpose()?;
        let (seq, hash) = last.map_or((0, Hash::default()), |record| (record.seq, record.hash()));
        let end = ThreadEnd { tid, seq, hash };
        self.threads.insert(id, end);
        Ok(Some(end))
    }

    fn entry(&self, conn: &Connection, key: &str) -> Result<Option<Vec<u8>>> {
        self.query(conn, "SELECT value FROM entry WHERE key = ?1", params![key], |row| row.get(0))
    }

    fn query<T>(
        &self,
        conn: &Connection,
        sql: &str,
        values: impl Params,
        read: impl FnOnce(&Row<'_>) -> rusqlite::Result<T>,
    ) -> Result<Option<T>> {
        let found = conn.prepare_cached(sql).and_then(|mut s| s.query_row(values, read).optional());
        found.map_err(|e| fault("commit", &self.path, e))
    }

    fn execute(&self, conn: &Connection, sql: &str, values: impl Params) -> Result<usize> {
        let done = conn.prepare_cached(sql).and_then(|mut s| s.execute(values));
        done.map_err(|e| fault("commit", &self.path, e))
    }
}
