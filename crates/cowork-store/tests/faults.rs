//! Files that are missing, foreign, damaged, locked, later or full: each a named error that says what to do.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that can't go on says so by panicking")]

use std::{
    fs,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use cowork_core::{Error, Kind, Retry, Store, TaskId, ThreadId};
use cowork_store::{SqliteOptions, SqliteStore};
use cowork_testkit::{
    TestRuntime, block_on,
    probe::FailAt,
    store::cases::{assert_sound, log, notes},
};
use rusqlite::Connection;

struct Place {
    dir: tempfile::TempDir,
    clock: Arc<TestRuntime>,
    thread: ThreadId,
    task: TaskId,
}

impl Place {
    fn new() -> Self {
        let clock = TestRuntime::new();
        let (thread, task) = (ThreadId::new(&*clock), TaskId::new(&*clock));
        Self { dir: tempfile::tempdir().unwrap(), clock, thread, task }
    }

    /// Makes a place with a store of 40 records, closed.
    fn filled() -> Self {
        let place = Self::new();
        let store = place.open().unwrap();
        block_on(async {
            for _ in 0..10 {
                place.add(&store, 4).await.unwrap();
            }
        });
        place
    }

    fn path(&self) -> PathBuf {
        self.dir.path().join("log.db")
    }

    fn options(&self) -> SqliteOptions {
        SqliteOptions { busy_timeout: Duration::from_millis(50), ..SqliteOptions::new(self.path(), self.clock.clone()) }
    }

    fn open(&self) -> Result<SqliteStore, Error> {
        SqliteStore::open(self.options())
    }

    fn raw(&self) -> Connection {
        Connection::open(self.path()).unwrap()
    }

    async fn add(&self, store: &SqliteStore, n: usize) -> Result<usize, Error> {
        store.commit(notes(&*self.clock, self.thread, self.task, n)).await.map(|records| records.len())
    }
}

#[test]
fn a_missing_folder_is_said_so() {
    let place = Place::new();
    let options = SqliteOptions::new(place.dir.path().join("not/there/log.db"), place.clock.clone());
    let error = SqliteStore::open(options).unwrap_err();
    assert_eq!(error.kind, Kind::NotFound);
    assert!(error.message.contains("not/there/log.db") && error.fix().is_some(), "{error:?}");
}

#[test]
#[cfg(target_os = "linux")]
fn a_folder_that_nobody_can_write_to_is_not_allowed() {
    let error = SqliteStore::open(SqliteOptions::new("/sys/log.db", TestRuntime::new())).unwrap_err();
    assert_eq!(error.kind, Kind::NotAllowed, "{error:?}");
    assert!(error.fix().is_some());
}

#[test]
fn a_folder_in_the_files_place_is_not_allowed() {
    let place = Place::new();
    fs::create_dir(place.path()).unwrap();
    assert_eq!(place.open().unwrap_err().kind, Kind::NotAllowed);
    assert!(SqliteStore::examine(&place.path()).iter().any(|f| !f.ok));
}

#[test]
#[cfg(unix)]
fn nobody_else_may_read_the_file() {
    use std::os::unix::fs::PermissionsExt;
    let place = Place::new();
    let store = place.open().unwrap();
    block_on(place.add(&store, 1)).unwrap();
    for name in ["log.db", "log.db-wal", "log.db-shm"] {
        let mode = fs::metadata(place.dir.path().join(name)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{name}");
    }
}

#[test]
fn a_closed_store_is_one_file() {
    let place = Place::filled();
    let names: Vec<_> = fs::read_dir(place.dir.path()).unwrap().map(|e| e.unwrap().file_name()).collect();
    assert_eq!(names, ["log.db"]);
    let store = place.open().unwrap();
    assert_eq!(block_on(log(&store, place.thread)).len(), 40);
}

#[test]
fn a_file_that_is_no_database_is_corrupt_and_stays_as_it_is() {
    let place = Place::new();
    for garbage in [b"hello".repeat(1000), b"SQLite format 3\0 but not really".repeat(100)] {
        fs::write(place.path(), &garbage).unwrap();
        let error = place.open().unwrap_err();
        assert_eq!(error.kind, Kind::Corrupt, "{error:?}");
        assert!(error.message.contains("is damaged"), "{error}");
        assert!(error.fix().unwrap().contains("cowork doctor"));
        let findings = SqliteStore::examine(&place.path());
        assert!(findings.iter().any(|f| !f.ok && !f.fix.is_empty()), "{findings:?}");
        assert_eq!(fs::read(place.path()).unwrap(), garbage);
    }
}

#[test]
fn another_programs_database_is_refused_and_stays_as_it_is() {
    let place = Place::new();
    place.raw().execute_batch("CREATE TABLE bookmarks (url)").unwrap();
    let before = fs::read(place.path()).unwrap();
    let error = place.open().unwrap_err();
    assert_eq!(error.kind, Kind::InvalidInput);
    assert!(error.message.contains("another program"), "{error}");
    assert_eq!(fs::read(place.path()).unwrap(), before);
}

#[test]
fn a_later_version_is_refused_and_stays_as_it_is() {
    let place = Place::filled();
    place.raw().pragma_update(None, "user_version", 99).unwrap();
    let before = fs::read(place.path()).unwrap();
    let error = place.open().unwrap_err();
    assert_eq!((error.kind, error.fact("version")), (Kind::NewerVersion, Some("99")));
    assert_eq!(error.fix(), Some("update this program"));
    let findings = SqliteStore::examine(&place.path());
    assert!(findings.iter().any(|f| !f.ok && f.fix == "update this program"), "{findings:?}");
    assert_eq!(fs::read(place.path()).unwrap(), before);
}

#[test]
fn a_damaged_page_is_found_and_named() {
    let place = Place::filled();
    let mut bytes = fs::read(place.path()).unwrap();
    // All but the first page, which SQLite looks at when it opens the file.
    bytes[8192..].fill(0xaa);
    fs::write(place.path(), &bytes).unwrap();
    let findings = SqliteStore::examine(&place.path());
    assert!(findings.iter().any(|f| !f.ok && f.fix.contains("keep a copy")), "{findings:?}");
    assert_eq!(fs::read(place.path()).unwrap(), bytes, "looking changes nothing");

    let store = place.open().unwrap();
    block_on(async {
        let read = store.read(cowork_core::Read::thread(place.thread, 0)).await;
        assert_eq!(read.unwrap_err().kind, Kind::Corrupt);
        assert_eq!(place.add(&store, 1).await.unwrap_err().kind, Kind::Corrupt);
        assert!(store.check().await.iter().any(|f| !f.ok));
    });
}

#[test]
fn a_record_that_was_tampered_with_is_named() {
    for (tamper, says) in [
        ("UPDATE record SET body = replace(body, 'note 1', 'note 7') WHERE id & 4294967295 = 22", "record 22 "),
        ("UPDATE record SET label = '' WHERE id & 4294967295 = 22", "record 23 "),
        ("DELETE FROM record WHERE id & 4294967295 = 22", "record 22 "),
        ("UPDATE record SET actor = 99 WHERE id & 4294967295 = 22", "record 22 "),
        ("DELETE FROM place", "not found when the task is read"),
        ("INSERT INTO blob VALUES (zeroblob(32), x'00')", "are not what they were"),
    ] {
        let place = Place::filled();
        assert_eq!(place.raw().execute(tamper, []).unwrap(), 1);
        let findings = SqliteStore::examine(&place.path());
        let off: Vec<_> = findings.iter().filter(|f| !f.ok).collect();
        assert_eq!(off.len(), 1, "{findings:?}");
        assert!(off[0].found.contains(says), "{off:?}");
        let store = place.open().unwrap();
        assert_eq!(block_on(store.check()), findings);
    }
}

#[test]
fn no_store_yet_is_in_order() {
    let place = Place::new();
    let findings = SqliteStore::examine(&place.path());
    assert!(findings.iter().all(|f| f.ok), "{findings:?}");
    assert!(!place.path().exists());
}

#[test]
fn a_file_that_another_process_holds_is_busy_and_can_still_be_read() {
    let place = Place::filled();
    let store = place.open().unwrap();
    let other = place.raw();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    block_on(async {
        let error = place.add(&store, 1).await.unwrap_err();
        assert_eq!((error.kind, error.retry), (Kind::Busy, Retry::Now));
        assert_eq!(log(&store, place.thread).await.len(), 40, "readers never wait for writers");
        other.execute_batch("ROLLBACK").unwrap();
        place.add(&store, 1).await.unwrap();
        assert_sound(&log(&store, place.thread).await);
    });
}

#[test]
fn a_full_store_refuses_the_commit_and_keeps_what_it_has() {
    let place = Place::new();
    let store = SqliteStore::open(SqliteOptions { most_bytes: Some(200_000), ..place.options() }).unwrap();
    block_on(async {
        let mut kept = 0;
        let error = loop {
            match place.add(&store, 50).await {
                Ok(n) => kept += n,
                Err(error) => break error,
            }
        };
        assert_eq!(error.kind, Kind::Full, "{error:?}");
        assert!(error.fix().unwrap().contains("free some space"));
        let whole = log(&store, place.thread).await;
        assert_eq!(whole.len(), kept);
        assert_sound(&whole);
        assert_eq!(place.add(&store, 50).await.unwrap_err().kind, Kind::Full);
        drop(store);

        let store = place.open().unwrap();
        place.add(&store, 50).await.unwrap();
        let whole = log(&store, place.thread).await;
        assert_eq!(whole.len(), kept + 50);
        assert_sound(&whole);
        assert!(store.check().await.iter().all(|f| f.ok));
    });
}

#[test]
fn a_commit_that_fails_on_the_disk_leaves_no_gap() {
    let place = Place::new();
    let probe = FailAt::full("commit", 3);
    let store = SqliteStore::open(SqliteOptions { probe: Some(probe), ..place.options() }).unwrap();
    block_on(async {
        place.add(&store, 2).await.unwrap();
        place.add(&store, 1).await.unwrap();
        // A new thread and a new task in it: neither may be remembered.
        let (thread, task) = (ThreadId::new(&*place.clock), TaskId::new(&*place.clock));
        let error = store.commit(notes(&*place.clock, thread, task, 3)).await.unwrap_err();
        assert_eq!(error.kind, Kind::Full);
        assert_eq!(log(&store, thread).await, []);
        let records = store.commit(notes(&*place.clock, thread, task, 2)).await.unwrap();
        assert_eq!(log(&store, thread).await, *records);
        place.add(&store, 2).await.unwrap();
        for thread in [thread, place.thread] {
            assert_sound(&log(&store, thread).await);
        }
        assert_eq!(log(&store, place.thread).await.len(), 5);
    });
}

/// The child of the next test: commits until the system lets it write no more.
#[test]
#[ignore = "run by the next test, as a process that may write only small files"]
fn child() {
    let clock = TestRuntime::new();
    let store =
        SqliteStore::open(SqliteOptions::new(std::env::var("COWORK_TEST_STORE").unwrap(), clock.clone())).unwrap();
    let (thread, task) = (ThreadId::new(&*clock), TaskId::new(&*clock));
    block_on(async {
        let mut kept = 0;
        let error = loop {
            match store.commit(notes(&*clock, thread, task, 50)).await {
                Ok(records) => kept += records.len(),
                Err(error) => break error,
            }
        };
        assert!(kept > 0);
        assert!(matches!(error.kind, Kind::Unavailable | Kind::Full), "{error:?}");
        assert_eq!(error.retry, Retry::Now);
        for _ in 0..3 {
            // Something small may still fit.
            kept += store.commit(notes(&*clock, thread, task, 1)).await.map_or(0, |records| records.len());
        }
        let whole = log(&store, thread).await;
        assert_eq!(whole.len(), kept);
        assert_sound(&whole);
    });
}

#[test]
#[cfg(unix)]
fn a_disk_that_fails_in_the_middle_of_a_commit_leaves_a_whole_log() {
    let place = Place::new();
    // Past the limit a write fails instead of killing the process, as the signal is ignored.
    let script = "trap '' XFSZ; ulimit -f 400; exec \"$0\" --exact child --ignored";
    let mut child = std::process::Command::new("sh");
    child.args(["-c", script]).arg(std::env::current_exe().unwrap()).env("COWORK_TEST_STORE", place.path());
    let output = child.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
    assert!(String::from_utf8_lossy(&output.stdout).contains("1 passed"));

    let store = place.open().unwrap();
    block_on(async {
        assert!(store.check().await.iter().all(|f| f.ok));
        assert!(!log(&store, place.thread).await.is_empty());
        place.add(&store, 50).await.unwrap();
        assert_sound(&log(&store, place.thread).await);
    });
}

#[test]
fn answers_come_also_when_the_runtime_that_handed_them_out_is_gone() {
    let place = Place::new();
    let store = Arc::new(place.open().unwrap());
    for round in 1..=3 {
        // A runtime of its own each time; the first one's end takes whoever hands out with it.
        block_on(async {
            let commit = |_| {
                let (store, batch) = (store.clone(), notes(&*place.clock, place.thread, place.task, 1));
                tokio::spawn(async move { store.commit(batch).await })
            };
            for commit in (0..40).map(commit).collect::<Vec<_>>() {
                commit.await.unwrap().unwrap();
            }
            let read = cowork_core::Read::thread(place.thread, 0);
            assert_eq!(store.read(read).await.unwrap().len(), 40 * round);
        });
    }
}

#[test]
fn two_first_openings_at_once_make_one_store() {
    let place = Place::new();
    let options = || SqliteOptions::new(place.path(), place.clock.clone());
    let opening: Vec<_> = (0..8).map(|_| options()).map(|o| std::thread::spawn(move || SqliteStore::open(o))).collect();
    let stores: Vec<SqliteStore> = opening.into_iter().map(|o| o.join().unwrap().unwrap()).collect();
    block_on(async {
        for store in &stores {
            place.add(store, 1).await.unwrap();
        }
        let whole = log(&stores[0], place.thread).await;
        assert_eq!(whole.len(), 8);
        assert_sound(&whole);
    });
}

#[test]
fn the_place_of_a_file_may_be_any_bytes() {
    let place = Place::new();
    let odd = Path::new("50% ?mode=ro#\u{fc} 'quoted'.db");
    let store = SqliteStore::open(SqliteOptions::new(place.dir.path().join(odd), place.clock.clone())).unwrap();
    block_on(place.add(&store, 1)).unwrap();
    assert!(place.dir.path().join(odd).exists());
}
