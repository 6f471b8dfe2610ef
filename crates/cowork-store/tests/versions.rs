//! A file of each version, kept for ever: whatever a release wrote, every later one reads.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that can't go on says so by panicking")]

use std::{fmt::Write, fs, path::Path, sync::Arc, time::Duration};

use cowork_core::{
    Actor, Batch, Count, Draft, Event, Expect, INLINE, Label, LeaseAsk, MemoryStore, Read, Runtime, Store, TaskId,
    ThreadId,
};
use cowork_store::{SqliteOptions, SqliteStore};
use cowork_testkit::{
    TestRuntime, block_on,
    store::cases::{assert_sound, log, notes},
};
use rusqlite::Connection;

/// The files, version 1 first.
const FILES: [&str; 2] = [include_str!("version_1.sql"), include_str!("version_2.sql")];

/// What is in each file: two threads, three tasks, a lease, a counter, an entry, a body that is kept as a blob.
async fn fill(store: &dyn Store, clock: &Arc<TestRuntime>) -> [ThreadId; 2] {
    let threads = [(); 2].map(|()| ThreadId::new(&**clock));
    let tasks = [(); 3].map(|()| TaskId::new(&**clock));
    let take = LeaseAsk::Take { owner: "host-1-2".into(), ttl: Duration::from_secs(60), dead: None };
    store.lease(tasks[1], take).await.unwrap();
    let opened = Event::ThreadOpened { title: "Tidy".into() };
    let long = Event::TaskStopped { reason: "y".repeat(INLINE) };
    let mut batch = Batch::new(threads[0]);
    batch.append = vec![
        Draft::new(None, clock.now(), opened).unwrap().by(Actor::Person, Label::user()),
        Draft::new(Some(tasks[0]), clock.now(), long).unwrap().by(Actor::Tool, Label::file("Downloads/a.txt")),
    ];
    batch.put = vec![("queue/a".into(), Some(b"1".to_vec()))];
    batch.count = vec![Count { name: "spent".into(), add: 3, cap: 9 }];
    store.commit(batch).await.unwrap();
    clock.advance(Duration::from_millis(1500));
    store.commit(notes(&**clock, threads[1], tasks[1], 2)).await.unwrap();
    store.commit(notes(&**clock, threads[0], tasks[2], 1)).await.unwrap();
    threads
}

#[test]
fn a_file_of_every_version_is_read_and_gone_on_with() {
    FILES.into_iter().for_each(is_read_and_gone_on_with);
}

fn is_read_and_gone_on_with(file: &str) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("log.db");
    Connection::open(&path).unwrap().execute_batch(file).unwrap();
    let clock = TestRuntime::new();
    let store = SqliteStore::open(SqliteOptions::new(&path, clock.clone())).unwrap();
    block_on(async {
        let memory = MemoryStore::new(clock.clone());
        let threads = fill(&memory, &clock).await;
        for thread in threads {
            assert!(
                log(&store, thread).await == log(&memory, thread).await,
                "thread {thread} reads otherwise than written"
            );
            assert!(!log(&store, thread).await.is_empty());
            let tasks = log(&memory, thread).await.into_iter().filter_map(|record| record.task);
            for read in tasks.map(|task| Read::task(thread, task, 0)) {
                assert!(
                    store.read(read.clone()).await.unwrap() == memory.read(read.clone()).await.unwrap(),
                    "{read:?}"
                );
            }
        }
        let [there, here] = [store.scan(String::new(), None, 9).await, memory.scan(String::new(), None, 9).await];
        assert_eq!(there.unwrap(), here.unwrap());
        let task = log(&store, threads[1]).await[0].task.unwrap();
        let look = async |store: &dyn Store| store.lease(task, LeaseAsk::Look).await.unwrap();
        assert_eq!(look(&store).await, look(&memory).await);
        let on = Batch { expect: vec![Expect::Head(task, 2)], ..notes(&*clock, threads[1], task, 2) };
        store.commit(on).await.unwrap();
        store.commit(notes(&*clock, threads[0], TaskId::new(&*clock), 2)).await.unwrap();
        for thread in threads {
            assert_sound(&log(&store, thread).await);
        }
        assert!(store.check().await.iter().all(|f| f.ok));
    });
}

/// Falls when what is written changes: then a new version is due, and one more file; those before it stay.
#[test]
fn this_release_writes_the_newest_version() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("log.db");
    let clock = TestRuntime::new();
    let store = SqliteStore::open(SqliteOptions::new(&path, clock.clone())).unwrap();
    block_on(fill(&store, &clock));
    drop(store);
    let written = dump(&path);
    if std::env::var_os("COWORK_WRITE_FIXTURE").is_some() {
        fs::write(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/version_2.sql"), &written).unwrap();
    }
    let off = written.lines().zip(FILES[1].lines()).find(|(now, then)| now != then);
    assert!(off.is_none() && written.len() == FILES[1].len(), "{off:?}");
}

fn dump(path: &Path) -> String {
    let conn = Connection::open(path).unwrap();
    let ask = |sql: &str| -> Vec<String> {
        let mut ask = conn.prepare(sql).unwrap();
        ask.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
    };
    let mut sql = String::new();
    for pragma in ["application_id", "user_version"] {
        let value: i32 = conn.pragma_query_value(None, pragma, |row| row.get(0)).unwrap();
        writeln!(sql, "PRAGMA {pragma} = {value};").unwrap();
    }
    for made in ask("SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL ORDER BY rowid") {
        writeln!(sql, "{made};").unwrap();
    }
    for table in ask("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY rowid") {
        let columns = ask(&format!("SELECT 'quote(' || name || ')' FROM pragma_table_info('{table}')"));
        for row in ask(&format!("SELECT {} FROM {table} ORDER BY 1", columns.join(" || ', ' || "))) {
            writeln!(sql, "INSERT INTO {table} VALUES ({row});").unwrap();
        }
    }
    sql
}
