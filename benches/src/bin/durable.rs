//! Durable steps a second, each with one guarded effect, in SQLite with `synchronous=FULL`, 1 and 64 tasks at once, against
//! raw rusqlite writers that commit the same rows once a step, grouped alike, with no index, hash or precondition. And the stored bytes of a step.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a measurement that goes wrong ends")]

use std::{
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
        mpsc,
    },
};

use cowork::{
    Effects, Engine, Item, Mode, Probe, Proposal, Read, Record, Recovery, Runtime, Step, Store, Submit, ThreadId,
    TokioRuntime, Tool,
    store::{SqliteOptions, SqliteStore},
};
use cowork_benches::{block_on, cost, folder, median, pairs, ratio, report, settle};
use cowork_testkit::{ProbeTool, ScriptedPlanner};
use futures_util::future::try_join_all;
use serde_json::json;

/// Counts transactions.
#[derive(Default)]
struct Commits(AtomicUsize);

impl Probe for Commits {
    fn before(&self, _: &Step) -> cowork::Result<()> {
        Ok(())
    }

    fn after(&self, step: &Step) {
        if matches!(step, Step::Commit(_)) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }
}

fn engine(runtime: Arc<dyn Runtime>, store: Arc<dyn Store>, steps: usize) -> Engine {
    let planner = ScriptedPlanner::new(move |view| {
        let turn = view.task.turns.len();
        Ok(if turn < steps { Proposal::call("work", json!({ "n": turn })) } else { Proposal::done("done") })
    });
    let effects = Effects { recovery: Recovery::Unknown, ..Effects::none() };
    let result = |_: &serde_json::Value| Ok(cowork::ToolOutput { value: json!("r".repeat(256)), ..Default::default() });
    let work: Arc<dyn Tool> = ProbeTool::with("work", move |_| Ok(effects.clone()), result);
    cowork_benches::engine(runtime, store, planner, work)
}

/// Runs tasks of one thread, submitted at once, to the end of the last, with one subscriber.
async fn ours(engine: &Engine, runtime: &dyn Runtime, tasks: usize) -> ThreadId {
    let thread = ThreadId::named(&runtime.entropy().to_string());
    engine.open(thread, "bench").await.unwrap();
    let mut events = engine.events(thread, 0);
    let submit =
        || engine.submit(thread, "bench", Submit { mode: Mode::Auto, max_steps: 5_000, ..Submit::new("steps") });
    try_join_all((0..tasks).map(|_| submit())).await.unwrap();
    let mut left = tasks;
    while left > 0 {
        if let Item::Record(record) = events.next().await.unwrap().unwrap() {
            left -= usize::from(record.event.kind() == "task_finished");
        }
    }
    thread
}

/// A record's row: the columns that any log of these records has to keep.
struct Row {
    seq: u64,
    kind: String,
    cause: Option<[u8; 16]>,
    at: i64,
    label: String,
    prev_hash: [u8; 32],
    body_hash: [u8; 32],
    body: String,
}

impl Row {
    fn of(record: &Record) -> Self {
        Self {
            seq: record.seq,
            kind: record.event.kind().to_owned(),
            cause: record.cause.map(|c| *c.as_bytes()),
            at: record.at.as_millis(),
            label: record.label.to_text().into_owned(),
            prev_hash: record.prev_hash.0,
            body_hash: record.body_hash.0,
            body: record.event.json().to_string(),
        }
    }

    fn bytes(&self) -> usize {
        self.body.len() + self.kind.len() + self.label.len() + 2 * 32 + 16 + 2 * 8
    }
}

/// Commits the rows of one step once a step for each writer; what waits is committed together.
fn raw(db: &rusqlite::Connection, writers: usize, steps: usize, rows: &[Row]) -> usize {
    let (send, wait) = mpsc::channel::<mpsc::SyncSender<()>>();
    let mut commits = 0;
    std::thread::scope(|scope| {
        for _ in 0..writers {
            let send = send.clone();
            scope.spawn(move || {
                let (done, acknowledged) = mpsc::sync_channel(1);
                for _ in 0..steps {
                    send.send(done.clone()).unwrap();
                    acknowledged.recv().unwrap();
                }
            });
        }
        drop(send);
        let mut insert = db.prepare("INSERT INTO row VALUES (NULL, ?, ?, ?, ?, ?, ?, ?, ?)").unwrap();
        while let Ok(first) = wait.recv() {
            let group: Vec<_> = std::iter::once(first).chain(wait.try_iter()).collect();
            db.execute_batch("BEGIN IMMEDIATE").unwrap();
            for row in group.iter().flat_map(|_| rows) {
                let Row { seq, kind, cause, at, label, prev_hash, body_hash, body } = row;
                let values = rusqlite::params![seq.cast_signed(), kind, cause, at, label, prev_hash, body_hash, body];
                assert_eq!(insert.execute(values).unwrap(), 1);
            }
            db.execute_batch("COMMIT").unwrap();
            commits += 1;
            group.iter().for_each(|done| done.send(()).unwrap());
        }
    });
    commits
}

fn raw_db(folder: &Path) -> rusqlite::Connection {
    let db = rusqlite::Connection::open(folder.join("raw.db")).unwrap();
    db.execute_batch(
        "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; CREATE TABLE row (id INTEGER PRIMARY KEY, seq, kind, cause, at, label, prev_hash, body_hash, body)",
    )
    .unwrap();
    db
}

fn measure(tasks: usize, steps: usize) {
    let folder = folder();
    let (ours, raw, per_step) = block_on(2, async {
        let handle = tokio::runtime::Handle::current();
        let runtime: Arc<dyn Runtime> = Arc::new(TokioRuntime::new(handle.clone()));
        let commits = Arc::new(Commits::default());
        let options = SqliteOptions::new(folder.path().join("log.db"), runtime.clone());
        let store = Arc::new(SqliteStore::open(SqliteOptions { probe: Some(commits.clone()), ..options }).unwrap());
        let engine = engine(runtime.clone(), store.clone(), steps);
        let thread = ours(&engine, &*runtime, 1).await;
        let log = store.read(Read { most: usize::MAX, ..Read::thread(thread, 0) }).await.unwrap();
        // One step in the middle: what was decided, that the call started, what it gave.
        let at = log.iter().position(|r| r.seq > 10 && r.event.kind() == "decided").unwrap();
        let rows: Vec<Row> = log[at..at + 3].iter().map(Row::of).collect();
        let step_bytes = rows.iter().map(Row::bytes).sum::<usize>();
        let db = raw_db(folder.path());
        tokio::task::block_in_place(|| {
            let (mut our_commits, mut raw_commits, mut runs) = (0, 0, 0);
            let run_ours = || {
                settle(folder.path());
                let before = commits.0.load(Ordering::Relaxed);
                let (engine, runtime) = (engine.clone(), runtime.clone());
                let work = async move { ours(&engine, &*runtime, tasks).await };
                let (cost, _) = cost(|| handle.block_on(tokio::spawn(work)).unwrap());
                our_commits += commits.0.load(Ordering::Relaxed) - before;
                runs += 1;
                cost
            };
            let run_raw = || {
                settle(folder.path());
                let (cost, commits) = cost(|| raw(&db, tasks, steps, &rows));
                raw_commits += commits;
                cost
            };
            let (ours, raw) = pairs(9, run_ours, run_raw);
            let all = (runs * tasks * steps) as f64;
            println!("{tasks} tasks x {steps} steps, {step_bytes} bytes a step");
            (ours, raw, (our_commits as f64 / all, raw_commits as f64 / all))
        })
    });
    let steps = (tasks * steps) as f64;
    for (who, costs, commits) in [("ours", &ours, per_step.0), ("raw", &raw, per_step.1)] {
        let rate = steps / median(costs, |c| c.wall).as_secs_f64();
        let cpu = median(costs, |c| c.cpu).as_secs_f64() * 1e6 / steps;
        println!("  {who:<4} {rate:>6.0} steps/s, {commits:.2} commits a step, CPU {cpu:.0} us a step");
    }
    let times = 1.0 / ratio(&ours, &raw);
    report(&format!("durable steps/s, {tasks} at once, against raw writers"), times, "x", ">= 0.75", times >= 0.75);
}

fn stored() {
    const STEPS: usize = 2_000;
    let folder = folder();
    let path = folder.path().join("log.db");
    block_on(2, async {
        let runtime: Arc<dyn Runtime> = Arc::new(TokioRuntime::new(tokio::runtime::Handle::current()));
        let store = Arc::new(SqliteStore::open(SqliteOptions::new(&path, runtime.clone())).unwrap());
        let engine = engine(runtime.clone(), store.clone(), STEPS);
        let submit = Submit { mode: Mode::Auto, max_steps: 5_000, ..Submit::new("steps") };
        let task = engine.submit(ThreadId::named("bytes"), "bench", submit).await.unwrap();
        engine.settled(task).await.unwrap();
        engine.stop().await;
    });
    let db = rusqlite::Connection::open(&path).unwrap();
    db.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())).unwrap();
    let per_step = std::fs::metadata(&path).unwrap().len() as f64 / STEPS as f64;
    let most = 256.0 + 1536.0;
    report("stored bytes of a step with a 256 B result", per_step, "bytes", &format!("<= {most}"), per_step <= most);
}

fn main() {
    match std::env::args().nth(1).and_then(|tasks| tasks.parse().ok()) {
        Some(tasks) => measure(tasks, 300),
        None => {
            measure(1, 300);
            measure(64, 300);
            stored();
        }
    }
}
