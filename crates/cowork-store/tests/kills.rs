//! Processes that are killed in the middle: what was acknowledged is there, and the log is whole.
//!
//! The killed process is this test program, run again for its one ignored test.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that can't go on says so by panicking")]

use std::{
    io::{BufRead, BufReader, Write},
    process::{Child, Command, Stdio},
    sync::Arc,
};

use cowork_core::{Batch, LeaseAsk, Record, Store, TaskId, ThreadId};
use cowork_store::{SqliteOptions, SqliteStore};
use cowork_testkit::{
    TestRuntime, block_on,
    probe::{Point, StopAt, When},
    store::cases::{assert_sound, log, notes},
};
use uuid::Uuid;

const THREAD: ThreadId = ThreadId::from_uuid(Uuid::from_u128(7));

/// The child: tasks commit to one thread at once, for ever, and say what was acknowledged.
#[test]
#[ignore = "run by the others, as a process that is killed"]
fn child() {
    let path = std::env::var("COWORK_TEST_STORE").unwrap();
    let point: Option<Point> = std::env::var("COWORK_TEST_POINT").ok().map(|p| p.parse().unwrap());
    let seed = std::env::var("COWORK_TEST_SEED").unwrap().parse().unwrap();
    // With a point to stop at it is one task, so that what is committed and what is said go in step.
    let tasks = if point.is_some() { 1 } else { 4 };
    let clock = TestRuntime::seeded(seed);
    let mut options = SqliteOptions::new(path, clock.clone());
    if let Some(point) = point {
        options.probe = Some(StopAt::new(point));
    }
    let store = Arc::new(SqliteStore::open(options).unwrap());
    block_on(async {
        let tasks: Vec<_> =
            (0..tasks).map(|_| tokio::spawn(write(store.clone(), clock.clone(), TaskId::new(&*clock)))).collect();
        for task in tasks {
            task.await.unwrap();
        }
    });
}

async fn write(store: Arc<SqliteStore>, clock: Arc<TestRuntime>, task: TaskId) {
    for n in 0.. {
        let batch = Batch { durable: n % 2 == 0, ..notes(&*clock, THREAD, task, 1 + n % 3) };
        let records = store.commit(batch).await.unwrap();
        let seqs: Vec<String> = records.iter().map(|r| format!("{}={}", r.seq, r.hash())).collect();
        // One write, so that the lines of the four stay whole.
        let line = format!("acknowledged {}\n", seqs.join(" "));
        if std::io::stdout().lock().write_all(line.as_bytes()).is_err() {
            return;
        }
    }
}

fn start(dir: &tempfile::TempDir, point: Option<Point>, seed: u64) -> Child {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", "child", "--ignored", "--nocapture"]);
    command.env("COWORK_TEST_STORE", dir.path().join("log.db")).env("COWORK_TEST_SEED", seed.to_string());
    if let Some(point) = point {
        command.env("COWORK_TEST_POINT", point.to_string());
    }
    command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap()
}

/// Reads what was acknowledged, at most so many lines, then makes sure that the process is dead.
fn acknowledged(mut child: Child, most: usize) -> Vec<(u64, String)> {
    let lines = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
    let acknowledged: Vec<_> = lines
        .filter_map(|line| {
            let seqs = line.split_once("acknowledged ")?.1.to_owned();
            let pair = |p: &str| p.split_once('=').map(|(seq, hash)| (seq.parse().unwrap(), hash.to_owned()));
            Some(seqs.split(' ').filter_map(pair).collect::<Vec<_>>())
        })
        .take(most)
        .flatten()
        .collect();
    child.kill().unwrap();
    assert!(!child.wait().unwrap().success());
    acknowledged
}

fn reopened(dir: &tempfile::TempDir) -> Vec<Record> {
    let store = SqliteStore::open(SqliteOptions::new(dir.path().join("log.db"), TestRuntime::new())).unwrap();
    let log = block_on(log(&store, THREAD));
    assert!(block_on(store.check()).iter().all(|f| f.ok));
    assert_sound(&log);
    log
}

fn assert_there(log: &[Record], acknowledged: &[(u64, String)]) {
    for (seq, hash) in acknowledged {
        let found = log.get(*seq as usize - 1).map(|r| r.hash().to_string());
        assert_eq!(found.as_ref(), Some(hash), "record {seq} was acknowledged");
    }
}

#[test]
fn killed_at_any_commit_it_keeps_what_it_acknowledged() {
    for nth in [1, 2, 5, 9] {
        for when in [When::Before, When::After] {
            let dir = tempfile::tempdir().unwrap();
            let point = Point { step: "commit".into(), nth, when };
            let acknowledged = acknowledged(start(&dir, Some(point.clone()), nth), usize::MAX);
            let log = reopened(&dir);
            assert_there(&log, &acknowledged);
            let records = |batches| (0..batches).map(|n| 1 + n % 3).sum::<u64>();
            assert_eq!(acknowledged.len() as u64, records(nth - 1), "{point}");
            let made = if when == When::Before { nth - 1 } else { nth };
            assert_eq!(log.len() as u64, records(made), "{point}");
        }
    }
}

#[test]
fn killed_from_outside_again_and_again_it_goes_on_with_the_same_log() {
    let dir = tempfile::tempdir().unwrap();
    let mut all = Vec::new();
    for round in 1..6 {
        all.extend(acknowledged(start(&dir, None, round), 20 * round as usize));
        assert_there(&reopened(&dir), &all);
    }
    assert!(all.len() >= 300);
}

#[test]
fn processes_that_write_at_once_share_one_gapless_log() {
    let dir = tempfile::tempdir().unwrap();
    let children: Vec<_> = (1..4).map(|seed| start(&dir, None, seed)).collect();
    let readers: Vec<_> = children.into_iter().map(|c| std::thread::spawn(move || acknowledged(c, 40))).collect();
    let all: Vec<_> = readers.into_iter().flat_map(|r| r.join().unwrap()).collect();
    let log = reopened(&dir);
    assert_there(&log, &all);
    let mut seqs: Vec<u64> = all.iter().map(|(seq, _)| *seq).collect();
    let given = seqs.len();
    seqs.sort_unstable();
    seqs.dedup();
    assert_eq!(seqs.len(), given, "no seq was given twice");
}

#[test]
fn a_killed_processs_lease_is_taken_by_whoever_knows_it_is_dead() {
    let dir = tempfile::tempdir().unwrap();
    let clock = TestRuntime::new();
    let task = TaskId::new(&*clock);
    let open = || SqliteStore::open(SqliteOptions::new(dir.path().join("log.db"), clock.clone())).unwrap();
    let take = |owner: &str, dead: Option<&str>| LeaseAsk::Take {
        owner: owner.into(),
        ttl: std::time::Duration::from_secs(60),
        dead: dead.map(Into::into),
    };
    let dead = open();
    block_on(dead.lease(task, take("dead", None))).unwrap().unwrap();
    // Leaked, as a killed process leaves it: not given back, not closed.
    std::mem::forget(dead);
    let store = open();
    assert_eq!(block_on(store.lease(task, take("heir", None))).unwrap(), None);
    assert_eq!(block_on(store.lease(task, take("heir", Some("dead")))).unwrap().map(|l| l.fence), Some(2));
}
