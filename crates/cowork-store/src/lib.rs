//! The log of record, its indexes, leases and blobs in one SQLite file.
//!
//! One thread writes, and puts every commit that waits into one transaction; one that is alone, short, and not to be on the disk before the
//! answer is made where it is asked for. Readers have connections of their own and never wait for either. Several processes can share
//! the file. Why it is as it is: `docs/adr/0003-the-log-in-sqlite.md`.

mod check;
mod connect;
mod fault;
mod job;
mod ledger;
mod readers;
mod schema;
mod sqlite;
mod writer;

pub use sqlite::{SqliteOptions, SqliteStore, Synchronous};
