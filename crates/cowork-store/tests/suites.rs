//! The suites of stores and blobs over SQLite.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that can't go on says so by panicking")]

use std::sync::Arc;

use cowork_core::{Hash, Runtime};
use cowork_store::{SqliteOptions, SqliteStore};
use cowork_testkit::TestRuntime;

mod store {
    use super::{Arc, SqliteOptions, SqliteStore, TestRuntime};
    use cowork_core::Store;
    use cowork_testkit::store::Subject;

    async fn make(runtime: Arc<TestRuntime>) -> Subject {
        let dir = tempfile::tempdir().unwrap();
        let options = SqliteOptions::new(dir.path().join("log.db"), runtime);
        let open = move || Arc::new(SqliteStore::open(options.clone()).unwrap()) as Arc<dyn Store>;
        Subject {
            store: open(),
            again: Some(Box::new(move || Box::pin(std::future::ready(open())))),
            keep: Box::new(dir),
        }
    }
    cowork_testkit::store::suite!(make);
}

mod blobs {
    use super::{Arc, Hash, Runtime, SqliteOptions, SqliteStore, TestRuntime};
    use cowork_testkit::blobs::Subject;

    async fn make() -> Subject {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("log.db");
        let clock: Arc<dyn Runtime> = TestRuntime::new();
        let store = SqliteStore::open(SqliteOptions::new(&path, clock)).unwrap();
        let damage = move |hash: Hash| {
            let conn = rusqlite::Connection::open(&path).unwrap();
            let damaged = conn.execute("UPDATE blob SET bytes = x'00' WHERE hash = ?1", [hash.0]).unwrap();
            assert_eq!(damaged, 1);
        };
        Subject { blobs: Arc::new(store), damage: Some(Box::new(damage)), keep: Box::new(dir) }
    }
    cowork_testkit::blobs::suite!(make);
}
