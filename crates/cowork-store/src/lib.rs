//! The log of record, its indexes, leases and blobs in one SQLite file.
//!
//! One thread writes, and puts every commit that waits into one transaction; readers have connections of their own and
//! never wait for it. Several processes can share the file. Why it is as it is: `docs/adr/0003-the-log-in-sqlite.md`.

mod check;
mod connect;
mod fault;
mod ledger;
mod readers;
mod schema;
mod sqlite;
mod writer;

pub use sqlite::{SqliteOptions, SqliteStore, Synchronous};
