//! How a connection to the file is made.

use std::{
    io::ErrorKind,
    path::Path,
    time::{Duration, Instant},
};

use cowork_core::{Error, Kind, Result};
use rusqlite::{Connection, OpenFlags, config::DbConfig};

use crate::{
    fault::fault,
    schema::{self, MIGRATIONS},
    sqlite::{SqliteOptions, Synchronous},
    writer::FOLD_AT_LAST,
};

/// The size of a page of a new file in bytes; one that is there keeps its own. Twice the usual: a commit of many tasks'
/// records costs less in half as many pages.
pub(crate) const PAGE: u32 = 8192;

/// Opens the file to write, makes it if it is not there, and brings it to the newest version.
pub(crate) fn writer(options: &SqliteOptions) -> Result<Connection> {
    let path = &options.path;
    make_file(path)?;
    let mut conn = plain(path, options.busy_timeout)?;
    // Before anything is changed: a file that is not ours stays as it is.
    schema::version(&conn, path, schema::NEWEST)?;
    conn.pragma_update(None, "page_size", PAGE).map_err(|e| fault("open store", path, e))?;
    write_ahead(&conn, options)?;
    let level = if options.synchronous == Synchronous::Off { "OFF" } else { "FULL" };
    let wrong = |e| fault("open store", path, e);
    conn.pragma_update(None, "synchronous", level).map_err(wrong)?;
    conn.pragma_update(None, "wal_autocheckpoint", FOLD_AT_LAST).map_err(wrong)?;
    schema::migrate(&mut conn, path, MIGRATIONS)?;
    if let Some(most) = options.most_bytes {
        let page: i64 = conn.query_row("PRAGMA page_size", [], |row| row.get(0)).map_err(wrong)?;
        let pages = most / page.max(1).cast_unsigned();
        conn.query_row(&format!("PRAGMA max_page_count = {pages}"), [], |_| Ok(())).map_err(wrong)?;
    }
    conn.set_prepared_statement_cache_capacity(32);
    Ok(conn)
}

/// Opens the file to read.
pub(crate) fn reader(path: &Path, busy_timeout: Duration) -> Result<Connection> {
    let conn = plain(path, busy_timeout)?;
    conn.pragma_update(None, "query_only", true).map_err(|e| fault("open store", path, e))?;
    Ok(conn)
}

/// Opens the file to look at it: closing it leaves every byte where it is.
pub(crate) fn examiner(path: &Path, busy_timeout: Duration) -> Result<Connection> {
    let conn = reader(path, busy_timeout)?;
    let kept = conn.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true);
    kept.map_err(|e| fault("open store", path, e))?;
    Ok(conn)
}

fn plain(path: &Path, busy_timeout: Duration) -> Result<Connection> {
    let wrong = |e| fault("open store", path, e);
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let conn = Connection::open_with_flags(path, flags).map_err(wrong)?;
    conn.busy_timeout(busy_timeout).map_err(wrong)?;
    // Otherwise a statement with a limit is prepared anew each time it is bound.
    conn.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true).map_err(wrong)?;
    Ok(conn)
}

/// Makes the file, for its owner's eyes only; SQLite gives its side files the same permissions.
fn make_file(path: &Path) -> Result<()> {
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let Err(error) = options.open(path) else { return Ok(()) };
    let at = path.display();
    let (kind, why, fix) = match error.kind() {
        ErrorKind::AlreadyExists => return Ok(()),
        ErrorKind::NotFound => {
            (Kind::NotFound, format!("there is no folder for the store {at}"), "make the folder, or name another place")
        }
        ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem => {
            let why = format!("the store {at} can't be made: its folder can't be written to");
            (Kind::NotAllowed, why, "check who owns the folder, or name another place")
        }
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => {
            (Kind::Full, format!("the store {at} can't be made: the disk is full"), "free some space, then try again")
        }
        _ => (Kind::Unavailable, format!("the store {at} can't be made"), "check the disk, or name another place"),
    };
    Err(Error::new(kind, "open store", why).with_fix(fix).with("path", at.to_string()).with_source(error))
}

/// Switches the file to write-ahead logging. SQLite does not wait by itself when another process does the same just now.
fn write_ahead(conn: &Connection, options: &SqliteOptions) -> Result<()> {
    let began = Instant::now();
    let mode = loop {
        match conn.query_row("PRAGMA journal_mode = WAL", [], |row| row.get::<_, String>(0)) {
            Ok(mode) => break mode,
            Err(e) => {
                let error = fault("open store", &options.path, e);
                if error.kind != Kind::Busy || began.elapsed() >= options.busy_timeout {
                    return Err(error);
                }
                std::thread::sleep(Duration::from_millis(5));
            }
        }
    };
    if mode != "wal" {
        let why = format!("the store {} is on a file system that can't share it", options.path.display());
        return Err(Error::new(Kind::Unsupported, "open store", why).with_fix("put it on a disk of this computer"));
    }
    Ok(())
}
