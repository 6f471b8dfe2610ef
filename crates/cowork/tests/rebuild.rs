//! The indexes are only a view of the log: dropped, they come back equal.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a story that goes wrong ends")]

use std::{fs, sync::Arc};

use cowork::{
    Batch, Cowork, Mode, Status, Store, Submit, ThreadId, TokioRuntime, rebuild,
    store::{SqliteOptions, SqliteStore},
};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn indexes_dropped_from_a_file_are_rebuilt_equal() {
    let base = tempfile::tempdir().unwrap();
    let desk = base.path().join("Desk");
    fs::create_dir(&desk).unwrap();
    fs::write(desk.join("a.pdf"), "a").unwrap();
    let runtime = Arc::new(TokioRuntime::new(tokio::runtime::Handle::current()));
    let store = Arc::new(SqliteStore::open(SqliteOptions::new(base.path().join("log.db"), runtime)).unwrap());
    let cowork = Cowork::builder().data_dir(base.path().join("data")).store(store.clone()).build().await.unwrap();
    for (thread, text, mode, status) in [
        ("one", "Organise these files by type", Mode::Ask, Status::Waiting),
        ("one", "Organise these files by type", Mode::Auto, Status::Done),
        ("two", "Book a flight to Oslo", Mode::Auto, Status::Failed),
    ] {
        let submit = Submit { mode, folders: vec![cowork::folder(&desk).unwrap()], ..Submit::new(text) };
        let task = cowork.submit(ThreadId::named(thread), "test", submit).await.unwrap();
        assert_eq!(cowork.settled(task).await.unwrap().status(), status);
    }
    cowork.stop().await;

    let entries = async || store.scan(String::new(), None, 1_000).await.unwrap();
    let before = entries().await;
    assert!(before.len() > 8, "{before:?}");
    assert_eq!(rebuild(&*store).await.unwrap(), 0);
    let put = before.iter().map(|(key, _)| (key.clone(), None)).collect();
    store.commit(Batch { put, ..Batch::new(ThreadId::named("one")) }).await.unwrap();
    assert_eq!(entries().await, []);
    assert_eq!(rebuild(&*store).await.unwrap(), before.len() as u64);
    assert_eq!(entries().await, before);
}
