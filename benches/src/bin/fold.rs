//! Opening a log of 10,000 records of 1 KB, folding it and building the planner's view, with no cache anywhere, against raw
//! rusqlite that opens the same file and copies the same rows.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a measurement that goes wrong ends")]

use std::{path::Path, sync::Arc};

use cowork::{
    Actor, Batch, Call, CallId, Command, CommandId, Decision, Draft, Event, Label, Outcome, Read, Runtime, Store,
    Submit, Task, TaskId, ThreadId, TokioRuntime, View,
    store::{SqliteOptions, SqliteStore},
};
use cowork_benches::{Cost, block_on, cost, folder, median, pairs, ratio, report};
use serde_json::json;

const RECORDS: usize = 10_000;

async fn fill(store: &SqliteStore, runtime: &dyn Runtime, thread: ThreadId, task: TaskId) {
    let draft = |event| Draft::new(Some(task), runtime.now(), event).unwrap();
    let command = Command::Submit(Submit::new("x".repeat(850)));
    let commanded = Event::Commanded { sender: "bench".into(), id: CommandId::new(runtime), command };
    let mut append = vec![draft(commanded).by(Actor::Person, Label::user())];
    while append.len() < RECORDS {
        let id = CallId::new(runtime);
        let calls = vec![Call { id, tool: "noop".into(), args: json!({ "text": "a".repeat(890) }).into() }];
        append.push(
            draft(Event::Decided(Decision { calls, ..Decision::default() }.into())).by(Actor::Planner, Label::user()),
        );
        let outcome = Outcome::Done { value: json!("r".repeat(890)), note: String::new() };
        append.push(
            draft(Event::CallFinished { call: id, outcome, seen: Vec::new() })
                .by(Actor::Tool, Label::file("Desk/letter.txt")),
        );
    }
    append.truncate(RECORDS);
    let bytes: usize = append.iter().map(|d| d.body.json().len()).sum();
    println!("{RECORDS} records, {} bytes each on average\n", bytes / RECORDS);
    store.commit(Batch { append, durable: true, ..Batch::new(thread) }).await.unwrap();
}

async fn only_read(path: &Path, runtime: &Arc<dyn Runtime>, thread: ThreadId, task: TaskId) {
    let store = SqliteStore::open(SqliteOptions::new(path, runtime.clone())).unwrap();
    let mut read = Read::task(thread, task, 0);
    while let Some(last) = store.read(read.clone()).await.unwrap().last() {
        read.after = last.seq;
    }
}

async fn ours(path: &Path, runtime: &Arc<dyn Runtime>, thread: ThreadId, task: TaskId) -> View {
    let store = SqliteStore::open(SqliteOptions::new(path, runtime.clone())).unwrap();
    let task = Task::read(&store, thread, task).await.unwrap();
    View { task: Arc::new(task), tools: Arc::new([]) }
}

fn raw(path: &Path) -> usize {
    let db = rusqlite::Connection::open(path).unwrap();
    let mut select = db.prepare("SELECT * FROM record ORDER BY id").unwrap();
    let columns = select.column_count();
    let mut rows = select.query([]).unwrap();
    let mut copied: Vec<Vec<rusqlite::types::Value>> = Vec::new();
    while let Some(row) = rows.next().unwrap() {
        copied.push((0..columns).map(|c| row.get(c).unwrap()).collect());
    }
    copied.len()
}

fn main() {
    let folder = folder();
    let path = folder.path().join("log.db");
    let (ours, raw): (Vec<Cost>, Vec<Cost>) = block_on(2, async {
        let handle = tokio::runtime::Handle::current();
        let runtime: Arc<dyn Runtime> = Arc::new(TokioRuntime::new(handle.clone()));
        let (thread, task) = (ThreadId::named("long"), TaskId::new(&*runtime));
        fill(&SqliteStore::open(SqliteOptions::new(&path, runtime.clone())).unwrap(), &*runtime, thread, task).await;
        tokio::task::block_in_place(|| {
            let fold = || {
                let (cost, view) = cost(|| handle.block_on(ours(&path, &runtime, thread, task)));
                assert_eq!(view.task.turns.len(), RECORDS / 2);
                cost
            };
            let (read, ()) = cost(|| handle.block_on(only_read(&path, &runtime, thread, task)));
            println!("reading alone {:.1} ms (CPU {:.1})", read.wall.as_secs_f64() * 1e3, read.cpu.as_secs_f64() * 1e3);
            let copy = || {
                let (cost, rows) = cost(|| raw(&path));
                assert_eq!(rows, RECORDS);
                cost
            };
            pairs(31, fold, copy)
        })
    });
    let millis = |costs: &[Cost]| median(costs, |c| c.wall).as_secs_f64() * 1e3;
    let cpu = |costs: &[Cost]| median(costs, |c| c.cpu).as_secs_f64() * 1e3;
    println!("ours {:.1} ms (CPU {:.1}), raw {:.1} ms (CPU {:.1})", millis(&ours), cpu(&ours), millis(&raw), cpu(&raw));
    let times = ratio(&ours, &raw);
    report("open, fold, view, against opening and copying", times, "x", "<= 1.5", times <= 1.5);
}
