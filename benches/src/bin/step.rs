//! Processor time per step of a task: 50 steps of a tool that does nothing, a scripted planner, arguments validated, policy
//! and labels on, and one subscriber. In memory, and in SQLite with `synchronous=OFF`.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a measurement that goes wrong ends")]

use std::sync::Arc;

use cowork::{
    Engine, Item, MemoryStore, Mode, Proposal, Recovery, Runtime, Store, Submit, ThreadId, TokioRuntime,
    store::{SqliteOptions, SqliteStore, Synchronous},
};
use cowork_benches::{Cost, Noop, block_on, cost, folder, median, pairs, report};
use cowork_testkit::ScriptedPlanner;
use serde_json::json;

const STEPS: usize = 50;
const TASKS: usize = 40;

fn engine(runtime: Arc<dyn Runtime>, store: Arc<dyn Store>, recovery: Recovery) -> Engine {
    let planner = ScriptedPlanner::new(|view| {
        Ok(if view.task.turns.len() < STEPS {
            Proposal::call("noop", json!({ "text": "hello", "count": 3 }))
        } else {
            Proposal::done("done")
        })
    });
    cowork_benches::engine(runtime, store, planner, cowork::tool(Noop(recovery)))
}

/// Runs tasks one after another, each read by one subscriber to its end.
async fn run(engine: &Engine, runtime: &dyn Runtime) {
    for _ in 0..TASKS {
        let thread = ThreadId::named(&runtime.entropy().to_string());
        let mut events = engine.events(thread, 0);
        let submit = Submit { mode: Mode::Auto, ..Submit::new("fifty steps") };
        engine.submit(thread, "bench", submit).await.unwrap();
        let mut steps = 0;
        loop {
            if let Item::Record(record) = events.next().await.unwrap().unwrap() {
                match record.event.kind() {
                    "call_finished" => steps += 1,
                    "task_finished" => break,
                    _ => {}
                }
            }
        }
        assert_eq!(steps, STEPS);
    }
}

fn measure(recovery: Recovery) -> (Vec<Cost>, Vec<Cost>) {
    block_on(1, async move {
        let runtime: Arc<dyn Runtime> = Arc::new(TokioRuntime::new(tokio::runtime::Handle::current()));
        let folder = folder();
        let options = SqliteOptions {
            synchronous: Synchronous::Off,
            ..SqliteOptions::new(folder.path().join("log.db"), runtime.clone())
        };
        let memory = engine(runtime.clone(), Arc::new(MemoryStore::new(runtime.clone())), recovery);
        let sqlite = engine(runtime.clone(), Arc::new(SqliteStore::open(options).unwrap()), recovery);
        let handle = tokio::runtime::Handle::current();
        tokio::task::block_in_place(|| {
            // On the runtime's own thread, as a subscriber in an application would be.
            let timed = |engine: &Engine| {
                let (engine, runtime) = (engine.clone(), runtime.clone());
                cost(|| handle.block_on(tokio::spawn(async move { run(&engine, &*runtime).await })).unwrap()).0
            };
            pairs(15, || timed(&memory), || timed(&sqlite))
        })
    })
}

fn main() {
    println!("CPU per step: {TASKS} tasks of {STEPS} steps, 256 B results, median of 15\n");
    for (what, recovery) in [("reads", Recovery::ReadOnly), ("guarded", Recovery::Unknown)] {
        let (memory, sqlite) = measure(recovery);
        for (store, costs, most) in [("in memory", memory, 10.0), ("SQLite, synchronous=OFF", sqlite, 35.0)] {
            let micros = median(&costs, |c| c.cpu).as_secs_f64() * 1e6 / (STEPS * TASKS) as f64;
            let (what, target) = (format!("{what}, {store}"), format!("<= {most}"));
            if recovery == Recovery::ReadOnly {
                report(&what, micros, "us/step", &target, micros <= most);
            } else {
                // For comparison: each of these is a commit of its own, which a step that changes nothing is not.
                println!("{what:<58} {micros:>10.2} us/step");
            }
        }
    }
}
