//! What `cowork doctor` says about the file.

use std::{collections::HashMap, fs, io::Read as _, path::Path, time::Duration};

use cowork_core::{Error, Finding, Hash, Result, ThreadId};
use rusqlite::Connection;
use uuid::Uuid;

use crate::{
    connect,
    fault::{damaged, fault},
    readers::{COLUMNS, Decoder, first_id},
    schema,
};

/// What every SQLite file begins with.
const MAGIC: &[u8; 16] = b"SQLite format 3\0";

/// Checks a store that is open: the file's own structure, every hash chain, every blob.
pub(crate) fn check(conn: &Connection, path: &Path) -> Vec<Finding> {
    // One moment for all: a log that grows meanwhile is not a log with a gap.
    let _moment = conn.unchecked_transaction();
    vec![
        finding("store file", file(path)),
        finding("store version", schema::version(conn, path, schema::NEWEST).map(|v| v.to_string())),
        finding("store pages", pages(conn, path)),
        finding("store logs", logs(conn, path)),
        finding("store blobs", blobs(conn, path)),
    ]
}

/// Checks a file that may not be a store at all.
pub(crate) fn examine(path: &Path) -> Vec<Finding> {
    let mut head = Vec::new();
    let read = fs::File::open(path).and_then(|file| file.take(16).read_to_end(&mut head));
    match read {
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => {
            let found = format!("none yet at {}; the first task makes it", path.display());
            return vec![Finding { ok: true, what: "store file".into(), found, fix: String::new() }];
        }
        Err(e) => {
            let found = format!("{} can't be read: {e}", path.display());
            let fix = "check who owns the file and its folder".into();
            return vec![Finding { ok: false, what: "store file".into(), found, fix }];
        }
        Ok(_) if !head.is_empty() && head != MAGIC => {
            let found = format!("{} is not a store, or its beginning is damaged", path.display());
            let fix = "keep a copy; move the file away to begin a new one, or put a backup in its place".into();
            return vec![Finding { ok: false, what: "store file".into(), found, fix }];
        }
        Ok(_) => {}
    }
    match connect::examiner(path, Duration::from_secs(1)) {
        Ok(conn) => check(&conn, path),
        Err(error) => vec![failed("store file", &error)],
    }
}

/// Gives the line of something that could not be checked.
pub(crate) fn failed(what: &str, error: &Error) -> Finding {
    // Whoever reads this runs the doctor already.
    let fix = match error.kind {
        cowork_core::Kind::Corrupt => "keep a copy of the file; `sqlite3 FILE .recover` gets out what can be read",
        _ => error.fix().unwrap_or_default(),
    };
    Finding { ok: false, what: what.into(), found: error.message.clone(), fix: fix.into() }
}

fn finding(what: &str, result: Result<String>) -> Finding {
    match result {
        Ok(found) => Finding { ok: true, what: what.into(), found, fix: String::new() },
        Err(error) => failed(what, &error),
    }
}

fn file(path: &Path) -> Result<String> {
    let size = |path: &Path| fs::metadata(path).map_or(0, |m| m.len());
    let mut wal = path.as_os_str().to_owned();
    wal.push("-wal");
    let (size, wal) = (size(path), size(Path::new(&wal)));
    Ok(format!("{}, {:.1} MB", path.display(), (size + wal) as f64 / 1e6))
}

fn pages(conn: &Connection, path: &Path) -> Result<String> {
    let said: String =
        conn.query_row("PRAGMA quick_check(1)", [], |row| row.get(0)).map_err(|e| fault("check store", path, e))?;
    if said == "ok" { Ok("in order".into()) } else { Err(damaged("check store", path, &said)) }
}

fn logs(conn: &Connection, path: &Path) -> Result<String> {
    let wrong = |e| fault("check store", path, e);
    let mut threads = conn.prepare("SELECT tid, id FROM thread ORDER BY tid").map_err(wrong)?;
    let threads = threads.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).map_err(wrong)?;
    let threads: Vec<(i64, [u8; 16])> = threads.collect::<rusqlite::Result<_>>().map_err(wrong)?;
    let mut records = 0;
    for (tid, id) in &threads {
        records += log(conn, path, *tid, ThreadId::from_uuid(Uuid::from_bytes(*id)))?;
    }
    let sql = "SELECT count(*) FROM (SELECT DISTINCT kid, id >> 12 FROM record WHERE kid IS NOT NULL EXCEPT SELECT * FROM place)";
    let unplaced: i64 = conn.query_row(sql, [], |row| row.get(0)).map_err(wrong)?;
    if unplaced > 0 {
        return Err(damaged("check store", path, "some tasks have records that are not found when the task is read"));
    }
    let (threads, s) = (threads.len(), if threads.len() == 1 { "" } else { "s" });
    Ok(format!("{threads} thread{s}, {records} records, every hash as it was"))
}

/// Follows a thread's chain to its end, and gives its length.
fn log(conn: &Connection, path: &Path, tid: i64, thread: ThreadId) -> Result<u64> {
    let wrong = |e| fault("check store", path, e);
    let sql = format!("SELECT {COLUMNS} FROM record WHERE id > ?1 AND id < ?2 ORDER BY id");
    let mut ask = conn.prepare(&sql).map_err(wrong)?;
    let mut rows = ask.query([first_id(tid), first_id(tid + 1)]).map_err(wrong)?;
    let (mut decoder, mut tasks) = (Decoder::new(thread, path), HashMap::new());
    let (mut seq, mut last) = (0, Hash::default());
    while let Some(row) = rows.next().map_err(wrong)? {
        let record = decoder.record(conn, row, &mut tasks)?;
        seq += 1;
        let off = match &record {
            r if r.seq != seq => "is missing",
            r if r.prev_hash != last => "does not follow from the one before it",
            r if !r.is_intact() => "is not what was written",
            _ => {
                last = record.hash();
                continue;
            }
        };
        return Err(damaged("check store", path, &format!("record {seq} of thread {thread} {off}")));
    }
    Ok(seq)
}

fn blobs(conn: &Connection, path: &Path) -> Result<String> {
    let wrong = |e| fault("check store", path, e);
    let mut ask = conn.prepare("SELECT hash, bytes FROM blob").map_err(wrong)?;
    let mut rows = ask.query([]).map_err(wrong)?;
    let mut count = 0;
    while let Some(row) = rows.next().map_err(wrong)? {
        let hash = Hash(row.get(0).map_err(wrong)?);
        let bytes = row.get_ref(1).and_then(|b| Ok(b.as_blob()?)).map_err(wrong)?;
        if Hash::of(bytes) != hash {
            return Err(damaged("check store", path, &format!("the bytes {hash} are not what they were")));
        }
        count += 1;
    }
    Ok(format!("{count}, every one as it was"))
}
