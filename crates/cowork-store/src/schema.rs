//! What the file holds, as numbered migrations.

use std::{borrow::Cow, path::Path};

use cowork_core::{Actor, Error, Kind, Result};
use rusqlite::{Connection, TransactionBehavior, types::ValueRef};

use crate::fault::fault;

/// Marks a SQLite file as ours: `cowk`.
pub(crate) const APPLICATION_ID: i32 = 0x636f_776b;

/// What brings a file from version n to n + 1. Never changed once released, only added to.
pub(crate) const MIGRATIONS: &[&str] = &[V1, V2];

/// The version that this release writes.
pub(crate) const NEWEST: i32 = MIGRATIONS.len() as i32;

// A record's id is its thread's number << 32 | its seq, so that the order of the table is the order of each log and a log
// needs no index. `kind` is an index into KINDS, or text for a kind that is not in there. A `body` that is NULL is in
// `blob` under `body_hash`.
const V1: &str = "
CREATE TABLE thread (tid INTEGER PRIMARY KEY, id BLOB NOT NULL UNIQUE) STRICT;
CREATE TABLE task (
    kid INTEGER PRIMARY KEY, id BLOB NOT NULL UNIQUE, tid INTEGER,
    owner TEXT, until INTEGER NOT NULL DEFAULT 0, fence INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE TABLE record (
    id INTEGER PRIMARY KEY, kid INTEGER, v INTEGER NOT NULL, kind ANY NOT NULL, cause BLOB, actor INTEGER NOT NULL,
    at INTEGER NOT NULL, label TEXT NOT NULL, prev_hash BLOB NOT NULL, body_hash BLOB NOT NULL, body TEXT
) STRICT;
CREATE INDEX record_kid ON record (kid) WHERE kid IS NOT NULL;
CREATE TABLE entry (key TEXT PRIMARY KEY, value BLOB NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE blob (hash BLOB PRIMARY KEY, bytes BLOB NOT NULL) STRICT;
";

// `place` says in which blocks of the log a task has records; a block is a record's id >> BLOCK. An index with an entry
// for each record would have each task that is at work dirty a page of its own in every transaction.
const V2: &str = "
DROP INDEX record_kid;
CREATE TABLE place (task INTEGER NOT NULL, block INTEGER NOT NULL, PRIMARY KEY (task, block)) STRICT, WITHOUT ROWID;
INSERT INTO place SELECT DISTINCT kid, id >> 12 FROM record WHERE kid IS NOT NULL;
";

/// How many bits of a record's id tell records of one block apart. Part of the format, as SQL here and elsewhere.
pub(crate) const BLOCK: u32 = 12;

/// The kinds that are stored as a number: 1 for the first. Only ever added to at the end.
const KINDS: [&str; 14] = [
    "thread_opened",
    "commanded",
    "refused",
    "task_started",
    "decided",
    "permission_asked",
    "call_started",
    "call_finished",
    "call_interrupted",
    "task_stopped",
    "task_finished",
    "undo_started",
    "undo_finished",
    "undo_failed",
];

/// A kind as it is stored.
pub(crate) enum StoredKind<'a> {
    Number(i64),
    Text(&'a str),
}

impl<'a> StoredKind<'a> {
    pub(crate) fn of(kind: &'a str) -> Self {
        KINDS.iter().position(|k| *k == kind).map_or(Self::Text(kind), |at| Self::Number(at as i64 + 1))
    }
}

impl rusqlite::ToSql for StoredKind<'_> {
    fn to_sql(&self) -> rusqlite::Result<rusqlite::types::ToSqlOutput<'_>> {
        Ok(match self {
            Self::Number(n) => (*n).into(),
            Self::Text(text) => (*text).into(),
        })
    }
}

/// Gives the kind that was stored so; none if nothing ever was.
pub(crate) fn kind_of(stored: ValueRef<'_>) -> Option<Cow<'static, str>> {
    match stored {
        ValueRef::Integer(n) => KINDS.get(usize::try_from(n).ok()?.checked_sub(1)?).map(|k| Cow::Borrowed(*k)),
        ValueRef::Text(text) => std::str::from_utf8(text).ok().map(|k| Cow::Owned(k.to_owned())),
        _ => None,
    }
}

/// Gives the actor that was stored so.
pub(crate) fn actor_of(stored: i64) -> Option<Actor> {
    [Actor::Person, Actor::Engine, Actor::Planner, Actor::Tool].into_iter().find(|a| *a as i64 == stored)
}

/// Gives the file's version; 0 for a new one. Changes nothing.
///
/// # Errors
/// `NewerVersion`; `InvalidInput` if it is another program's.
pub(crate) fn version(conn: &Connection, path: &Path, newest: i32) -> Result<i32> {
    // In one statement, and so at one moment: another process may be making the file just now.
    let sql =
        "SELECT (SELECT application_id FROM pragma_application_id), (SELECT user_version FROM pragma_user_version),
        (SELECT count(*) FROM sqlite_schema)";
    let read = conn.query_row(sql, [], |row| Ok((row.get::<_, i32>(0)?, row.get::<_, i32>(1)?, row.get::<_, i64>(2)?)));
    let (id, version, tables) = read.map_err(|e| fault("open store", path, e))?;
    if id != APPLICATION_ID && (id != 0 || version != 0 || tables != 0) {
        let why = format!("{} belongs to another program", path.display());
        return Err(Error::new(Kind::InvalidInput, "open store", why).with_fix("name another file"));
    }
    if version > newest {
        let why = format!("the store {} was written by a later version of this program", path.display());
        return Err(Error::new(Kind::NewerVersion, "open store", why)
            .with_fix("update this program")
            .with("version", version.to_string())
            .with("known", newest.to_string()));
    }
    Ok(version)
}

/// Brings the file to the newest of `migrations`, each step whole or not at all.
pub(crate) fn migrate(conn: &mut Connection, path: &Path, migrations: &[&str]) -> Result<()> {
    let wrong = |e| fault("migrate store", path, e);
    let newest = i32::try_from(migrations.len()).unwrap_or(i32::MAX);
    loop {
        if version(conn, path, newest)? >= newest {
            return Ok(());
        }
        let tx = conn.transaction_with_behavior(TransactionBehavior::Immediate).map_err(wrong)?;
        // Another process may have been faster.
        let at = version(&tx, path, newest)?;
        let Some(step) = usize::try_from(at).ok().and_then(|at| migrations.get(at)) else { return Ok(()) };
        tx.execute_batch(step).map_err(wrong)?;
        tx.pragma_update(None, "application_id", APPLICATION_ID).map_err(wrong)?;
        tx.pragma_update(None, "user_version", at + 1).map_err(wrong)?;
        tx.commit().map_err(wrong)?;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_brought_on_step_by_step() {
        let mut conn = Connection::open_in_memory().unwrap();
        let path = Path::new("log.db");
        migrate(&mut conn, path, MIGRATIONS).unwrap();
        assert_eq!(version(&conn, path, NEWEST).unwrap(), NEWEST);
        conn.execute("INSERT INTO entry VALUES ('a', x'01')", []).unwrap();

        let later = [V1, V2, "ALTER TABLE entry ADD COLUMN was BLOB; UPDATE entry SET was = value"];
        migrate(&mut conn, path, &later).unwrap();
        let was: Vec<u8> = conn.query_row("SELECT was FROM entry", [], |row| row.get(0)).unwrap();
        assert_eq!(was, [1]);
        assert_eq!(
            version(&conn, path, NEWEST).unwrap_err().kind,
            Kind::NewerVersion,
            "to the release before, it is too new"
        );
    }

    #[test]
    fn a_step_that_fails_leaves_the_version_before_it() {
        let mut conn = Connection::open_in_memory().unwrap();
        let path = Path::new("log.db");
        let broken = [V1, "CREATE TABLE half (a); INSERT INTO nowhere VALUES (1)"];
        assert!(migrate(&mut conn, path, &broken).is_err());
        assert_eq!(version(&conn, path, NEWEST).unwrap(), 1);
        let half: i32 =
            conn.query_row("SELECT count(*) FROM sqlite_schema WHERE name = 'half'", [], |r| r.get(0)).unwrap();
        assert_eq!(half, 0);
    }

    #[test]
    fn every_kind_that_core_knows_has_its_number_for_ever() {
        let numbers: Vec<(i64, &str)> = (1..).zip(KINDS).collect();
        assert_eq!(numbers.first(), Some(&(1, "thread_opened")));
        assert_eq!(numbers.last(), Some(&(14, "undo_failed")));
        for (number, kind) in numbers {
            assert!(matches!(StoredKind::of(kind), StoredKind::Number(n) if n == number));
            assert_eq!(kind_of(ValueRef::Integer(number)).unwrap(), kind);
        }
        assert!(matches!(StoredKind::of("dreamt"), StoredKind::Text("dreamt")));
        assert_eq!([kind_of(ValueRef::Integer(0)), kind_of(ValueRef::Integer(15))], [None, None]);
    }
}
