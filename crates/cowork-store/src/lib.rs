//! The log of record, its indexes, leases and blobs on SQLite.
