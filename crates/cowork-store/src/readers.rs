//! Reading: connections of their own, which never wait for the writer.

use std::{
    collections::HashMap,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use cowork_core::{
    Body, Error, Hash, Kind, Label, Lease, LeaseAsk, LeaseState, Read, Record, Result, TaskId, ThreadId, Timestamp,
};
use rusqlite::{Connection, OptionalExtension, Params, Row, params, types::ValueRef};
use tokio::sync::Semaphore;
use uuid::Uuid;

use crate::{
    connect,
    fault::{damaged, fault},
    schema::{actor_of, kind_of},
};

/// How many read at once, each with a connection of its own that is kept. A crowd waits its turn rather than open a file
/// and prepare every statement each.
const READERS: usize = 4;

/// The columns of a record, in the order in which [`Decoder`] takes them.
pub(crate) const COLUMNS: &str = "id, kid, v, kind, cause, actor, at, label, prev_hash, body_hash, body";

/// Which of them is the body.
const BODY: usize = 10;

/// How many records are read where they are asked for.
const FEW: usize = 32;

/// How far from its end a log is looked through for them.
const NEAR: u64 = 256;

/// The connections to read with.
pub(crate) struct Readers {
    path: PathBuf,
    busy_timeout: Duration,
    turns: Arc<Semaphore>,
    idle: Mutex<Idle>,
}

#[derive(Default)]
struct Idle {
    readers: Vec<Reader>,
    closed: bool,
}

impl Readers {
    pub(crate) fn new(path: PathBuf, busy_timeout: Duration) -> Self {
        Self { path, busy_timeout, turns: Arc::new(Semaphore::new(READERS)), idle: Mutex::default() }
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Reads what is short: here and now if a connection is free, as to change threads and back costs more than to read it.
    pub(crate) async fn run_short<T: Send + 'static>(
        self: &Arc<Self>,
        op: &'static str,
        read: impl Fn(&mut Reader) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        match self.at_once(&read) {
            Some(value) => value,
            None => self.run(op, read).await,
        }
    }

    /// Reads, if that waits for nobody.
    pub(crate) fn at_once<T>(&self, read: impl Fn(&mut Reader) -> Result<T>) -> Option<Result<T>> {
        let _turn = self.turns.try_acquire().ok()?;
        let mut reader = self.idle().readers.pop()?;
        // Another process that holds the file is waited for elsewhere.
        drop(reader.conn.busy_timeout(Duration::ZERO));
        let value = read(&mut reader);
        drop(reader.conn.busy_timeout(self.busy_timeout));
        match value {
            Err(error) if error.kind == Kind::Busy => None,
            Err(error) => Some(Err(error)),
            Ok(value) => {
                self.keep(reader);
                Some(Ok(value))
            }
        }
    }

    /// Reads on a thread that may block.
    pub(crate) async fn run<T: Send + 'static>(
        self: &Arc<Self>,
        op: &'static str,
        read: impl FnOnce(&mut Reader) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let readers = self.clone();
        let cut_off = || Error::new(Kind::Internal, op, "reading was cut off");
        let turn = self.turns.clone().acquire_owned().await.map_err(|e| cut_off().with_source(e))?;
        let reading = tokio::task::spawn_blocking(move || {
            let _turn = turn;
            let idle = readers.idle().readers.pop();
            let mut reader = match idle {
                Some(reader) => reader,
                None => Reader::open(&readers.path, readers.busy_timeout)?,
            };
            let value = read(&mut reader)?;
            readers.keep(reader);
            Ok(value)
        });
        reading.await.unwrap_or_else(|e| Err(cut_off().with_source(e)))
    }

    /// Keeps one for the next time. Only one that did its work is used again.
    fn keep(&self, reader: Reader) {
        let mut idle = self.idle();
        if !idle.closed {
            idle.readers.push(reader);
        }
    }

    /// Closes those that nobody uses now; the others close when they are done.
    pub(crate) fn close(&self) {
        let mut idle = self.idle();
        idle.closed = true;
        idle.readers.clear();
    }

    fn idle(&self) -> MutexGuard<'_, Idle> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A connection to read with, and the names it has learnt. A name once committed never changes.
pub(crate) struct Reader {
    conn: Connection,
    path: PathBuf,
    threads: HashMap<ThreadId, i64>,
    tasks: HashMap<i64, TaskId>,
}

/// How many names are remembered.
const MOST: usize = 10_000;

impl Reader {
    fn open(path: &Path, busy_timeout: Duration) -> Result<Self> {
        let conn = connect::reader(path, busy_timeout)?;
        Ok(Self { conn, path: path.to_owned(), threads: HashMap::new(), tasks: HashMap::new() })
    }

    pub(crate) fn connection(&self) -> &Connection {
        &self.conn
    }

    /// Reads records.
    pub(crate) fn records(&mut self, read: &Read) -> Result<Vec<Record>> {
        self.records_within(read, usize::MAX).map(Option::unwrap_or_default)
    }

    /// Reads records, if they are few and none is long.
    pub(crate) fn few_records(&mut self, read: &Read) -> Result<Option<Vec<Record>>> {
        let Some(tid) = self.thread(read.thread)? else { return Ok(Some(Vec::new())) };
        // Those of others that come in between have to be passed over.
        let sql = "SELECT id FROM record WHERE id > ?1 AND id < ?2 ORDER BY id DESC LIMIT 1";
        let last = self.query(sql, params![first_id(tid), first_id(tid + 1)], |row| row.get::<_, i64>(0))?;
        let last = last.map_or(0, |id| u64::from(id as u32));
        if last.saturating_sub(read.after) > NEAR {
            return Ok(None);
        }
        self.records_within(read, FEW)
    }

    fn records_within(&mut self, read: &Read, few: usize) -> Result<Option<Vec<Record>>> {
        let most = i64::try_from(read.most.min(few.saturating_add(1))).unwrap_or(i64::MAX);
        let Some(tid) = self.thread(read.thread)? else { return Ok(Some(Vec::new())) };
        let kid = match read.task {
            None => None,
            Some(task) => match self.task_number(task)? {
                None => return Ok(Some(Vec::new())),
                kid => kid,
            },
        };
        let Ok(after) = u32::try_from(read.after) else { return Ok(Some(Vec::new())) };
        let sql = if kid.is_some() {
            format!(
                "SELECT {COLUMNS} FROM place
                CROSS JOIN record ON id > max(?1, (block << 12) - 1) AND id < min(?2, (block + 1) << 12)
                WHERE task = ?4 AND block >= ?1 >> 12 AND kid = ?4 ORDER BY block, id LIMIT ?3"
            )
        } else {
            format!("SELECT {COLUMNS} FROM record WHERE id > ?1 AND id < ?2 AND ?4 IS NULL ORDER BY id LIMIT ?3")
        };
        let wrong = |e| fault("read log", &self.path, e);
        let mut ask = self.conn.prepare_cached(&sql).map_err(wrong)?;
        let range = params![first_id(tid) + i64::from(after), first_id(tid + 1), most, kid];
        let mut rows = ask.query(range).map_err(wrong)?;
        let mut records = Vec::with_capacity(read.most.min(few).min(1024));
        let mut decoder = Decoder::new(read.thread, &self.path);
        if self.tasks.len() > MOST {
            self.tasks.clear();
        }
        while let Some(row) = rows.next().map_err(wrong)? {
            let is_long = few < usize::MAX && matches!(row.get_ref(BODY), Ok(ValueRef::Null));
            if is_long || records.len() == few {
                return Ok(None);
            }
            records.push(decoder.record(&self.conn, row, &mut self.tasks)?);
        }
        Ok(Some(records))
    }

    /// Reads index entries.
    pub(crate) fn entries(&self, prefix: &str, after: Option<&str>, most: usize) -> Result<Vec<(String, Vec<u8>)>> {
        if prefix.starts_with("log/") {
            return self.logs(prefix, after, most);
        }
        let (from, beyond) = match after {
            Some(after) if after >= prefix => (after, ">"),
            _ => (prefix, ">="),
        };
        let sql = format!("SELECT key, value FROM entry WHERE key {beyond} ?1 ORDER BY key LIMIT ?2");
        let read = || -> rusqlite::Result<_> {
            let mut ask = self.conn.prepare_cached(&sql)?;
            let mut rows = ask.query(params![from, i64::try_from(most).unwrap_or(i64::MAX)])?;
            let mut entries = Vec::new();
            while let Some(row) = rows.next()? {
                let key: String = row.get(0)?;
                if !key.starts_with(prefix) {
                    break;
                }
                entries.push((key, row.get(1)?));
            }
            Ok(entries)
        };
        read().map_err(|e| fault("read index", &self.path, e))
    }

    /// Gives `log/THREAD` for every thread that has records, in the order of their keys.
    fn logs(&self, prefix: &str, after: Option<&str>, most: usize) -> Result<Vec<(String, Vec<u8>)>> {
        let sql = "SELECT id FROM thread ORDER BY id";
        let read = || -> rusqlite::Result<Vec<[u8; 16]>> {
            self.conn.prepare_cached(sql)?.query_map([], |row| row.get(0))?.collect()
        };
        let ids = read().map_err(|e| fault("read log", &self.path, e))?;
        let keys = ids.into_iter().map(|id| format!("log/{}", Uuid::from_bytes(id)));
        let wanted = keys.filter(|key| key.starts_with(prefix) && after.is_none_or(|after| key.as_str() > after));
        Ok(wanted.take(most).map(|key| (key, Vec::new())).collect())
    }

    /// Says who holds a task's lease.
    pub(crate) fn lease(&self, task: TaskId, now: Timestamp) -> Result<Option<Lease>> {
        let sql = "SELECT owner, until, fence FROM task WHERE id = ?1";
        let state = self.query(sql, params![task.uuid().as_bytes()], |row| {
            let until = Timestamp::from_millis(row.get(1)?);
            Ok(LeaseState { owner: row.get(0)?, until, fence: row.get::<_, i64>(2)?.cast_unsigned() })
        })?;
        Ok(state.and_then(|mut state| state.ask(&LeaseAsk::Look, now)))
    }

    /// Reads a blob, and checks that it is what went in.
    pub(crate) fn blob(&self, hash: Hash) -> Result<Vec<u8>> {
        let found = blob(&self.conn, &self.path, hash)?;
        let bytes = found.ok_or_else(|| {
            Error::new(Kind::NotFound, "read blob", format!("there are no bytes with the hash {hash}"))
        })?;
        if Hash::of(&bytes) != hash {
            return Err(damaged("read blob", &self.path, &format!("the bytes {hash} are not what they were")));
        }
        Ok(bytes)
    }

    fn thread(&mut self, id: ThreadId) -> Result<Option<i64>> {
        if let Some(tid) = self.threads.get(&id) {
            return Ok(Some(*tid));
        }
        let sql = "SELECT tid FROM thread WHERE id = ?1";
        let Some(tid) = self.query(sql, params![id.uuid().as_bytes()], |row| row.get(0))? else { return Ok(None) };
        if self.threads.len() > MOST {
            self.threads.clear();
        }
        self.threads.insert(id, tid);
        Ok(Some(tid))
    }

    fn task_number(&self, id: TaskId) -> Result<Option<i64>> {
        self.query("SELECT kid FROM task WHERE id = ?1", params![id.uuid().as_bytes()], |row| row.get(0))
    }

    fn query<T>(
        &self,
        sql: &str,
        values: impl Params,
        read: impl FnOnce(&Row<'_>) -> rusqlite::Result<T>,
    ) -> Result<Option<T>> {
        let found = self.conn.prepare_cached(sql).and_then(|mut s| s.query_row(values, read).optional());
        found.map_err(|e| fault("read log", &self.path, e))
    }
}

/// Gives the id below a thread's first record.
pub(crate) fn first_id(tid: i64) -> i64 {
    tid << 32
}

/// Makes records of rows. Bodies are copied once and not looked into; a label like the last one's is not parsed again.
pub(crate) struct Decoder<'a> {
    thread: ThreadId,
    path: &'a Path,
    /// The last few texts of labels, and what they say: a log alternates between few.
    labels: [(String, Label); 4],
    task: Option<(i64, TaskId)>,
}

impl<'a> Decoder<'a> {
    pub(crate) fn new(thread: ThreadId, path: &'a Path) -> Self {
        Self { thread, path, labels: Default::default(), task: None }
    }

    /// Decodes a whole record; a body that is kept as a blob is fetched.
    pub(crate) fn record(
        &mut self,
        conn: &Connection,
        row: &Row<'_>,
        tasks: &mut HashMap<i64, TaskId>,
    ) -> Result<Record> {
        let json = self.body(conn, row)?;
        self.decode(conn, row, tasks, json)
    }

    /// Decodes all but the body: what [`Record::hash`] goes by.
    pub(crate) fn header(
        &mut self,
        conn: &Connection,
        row: &Row<'_>,
        tasks: &mut HashMap<i64, TaskId>,
    ) -> Result<Record> {
        self.decode(conn, row, tasks, "".into())
    }

    fn body(&self, conn: &Connection, row: &Row<'_>) -> Result<Arc<str>> {
        let value = |at| row.get_ref(at).map_err(|e| self.wrong(e));
        if let ValueRef::Text(text) = value(10)? {
            return Ok(std::str::from_utf8(text).map_err(|_| self.broken(row))?.into());
        }
        let hash = hash_of(value(9)?).ok_or_else(|| self.broken(row))?;
        let bytes = blob(conn, self.path, hash)?.ok_or_else(|| self.broken(row))?;
        Ok(String::from_utf8(bytes).map_err(|_| self.broken(row))?.into())
    }

    fn decode(
        &mut self,
        conn: &Connection,
        row: &Row<'_>,
        tasks: &mut HashMap<i64, TaskId>,
        json: Arc<str>,
    ) -> Result<Record> {
        let task = match row.get_ref(1).map_err(|e| self.wrong(e))? {
            ValueRef::Null => None,
            ValueRef::Integer(kid) => Some(self.task(conn, kid, tasks)?),
            _ => return Err(self.broken(row)),
        };
        self.fields(row, task, json).map_err(|e| self.wrong(e))?.ok_or_else(|| self.broken(row))
    }

    fn fields(&mut self, row: &Row<'_>, task: Option<TaskId>, json: Arc<str>) -> rusqlite::Result<Option<Record>> {
        let kind = kind_of(row.get_ref(3)?);
        let cause = match row.get_ref(4)? {
            ValueRef::Null => None,
            other => Some(other.as_blob().ok().and_then(|b| Uuid::from_slice(b).ok())),
        };
        let label = self.label(row.get_ref(7)?.as_str()?);
        let (Some(kind), Some(actor), Some(prev_hash), Some(body_hash)) =
            (kind, actor_of(row.get(5)?), hash_of(row.get_ref(8)?), hash_of(row.get_ref(9)?))
        else {
            return Ok(None);
        };
        let cause = match cause {
            Some(None) => return Ok(None),
            Some(cause) => cause,
            None => None,
        };
        Ok(Some(Record {
            v: row.get(2)?,
            thread: self.thread,
            seq: u64::from(row.get::<_, i64>(0)? as u32),
            task,
            cause,
            actor,
            at: Timestamp::from_millis(row.get(6)?),
            label,
            prev_hash,
            body_hash,
            event: Body::stored(kind, json),
        }))
    }

    fn label(&mut self, text: &str) -> Label {
        let at = self.labels.iter().position(|(known, _)| known == text).unwrap_or_else(|| {
            self.labels.rotate_right(1);
            self.labels[0] = (text.to_owned(), Label::from_text(text));
            0
        });
        self.labels[at].1.clone()
    }

    fn task(&mut self, conn: &Connection, kid: i64, tasks: &mut HashMap<i64, TaskId>) -> Result<TaskId> {
        if let Some((last, id)) = self.task
            && last == kid
        {
            return Ok(id);
        }
        let id = match tasks.get(&kid) {
            Some(id) => *id,
            None => {
                let mut ask = conn.prepare_cached("SELECT id FROM task WHERE kid = ?1").map_err(|e| self.wrong(e))?;
                let found: Option<[u8; 16]> =
                    ask.query_row([kid], |row| row.get(0)).optional().map_err(|e| self.wrong(e))?;
                let bytes = found.ok_or_else(|| damaged("read log", self.path, "a record's task is not there"))?;
                let id = TaskId::from_uuid(Uuid::from_bytes(bytes));
                tasks.insert(kid, id);
                id
            }
        };
        self.task = Some((kid, id));
        Ok(id)
    }

    fn broken(&self, row: &Row<'_>) -> Error {
        let seq = row.get::<_, i64>(0).map_or(0, |id| id as u32);
        damaged("read log", self.path, &format!("record {seq} of thread {} can't be read", self.thread))
    }

    fn wrong(&self, error: rusqlite::Error) -> Error {
        fault("read log", self.path, error)
    }
}

fn hash_of(stored: ValueRef<'_>) -> Option<Hash> {
    stored.as_blob().ok()?.try_into().ok().map(Hash)
}

fn blob(conn: &Connection, path: &Path, hash: Hash) -> Result<Option<Vec<u8>>> {
    let wrong = |e| fault("read blob", path, e);
    let mut ask = conn.prepare_cached("SELECT bytes FROM blob WHERE hash = ?1").map_err(wrong)?;
    ask.query_row([hash.0], |row| row.get(0)).optional().map_err(wrong)
}
