//! What a call costs that a program makes: 1,000 calls of a tool that does nothing, from a program in a worker, from the same program in this
//! process, and from a planner in Rust that knows them beforehand, each in turn. And how long the first halt of a program takes.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a measurement that goes wrong ends")]

use std::{
    io::{stdin, stdout},
    sync::Arc,
};

use async_trait::async_trait;
use cowork::{
    Engine, MemoryStore, Mode, PlanContext, Planner, Proposal, Recovery, Runtime, Sandbox, Status, Submit, Task,
    ThreadId, TokioRuntime, View,
    playbooks::{Apart, InProcess, Interpreter, PlaybookPlanner, worker},
    sandbox::{LocalSandbox, LocalSandboxOptions},
};
use cowork_benches::{Cost, Noop, block_on, cost, folder, median, report};
use serde_json::{Value, json};

const CALLS: usize = 1_000;
const RUNS: usize = 15;
/// What makes this program a worker.
const WORKER: &str = "worker";

const PROGRAM: &str = "# /// playbook
# name = \"calls\"
# about = \"Calls a tool\"
# title = \"Call a tool\"
# examples = [\"call a tool\"]
# folders = \"none\"
# ///
for n in range(1000):
    noop('hello', n)
finish('called')";

const SHORT: &str = "# /// playbook
# name = \"short\"
# about = \"Ends\"
# title = \"End\"
# examples = [\"end\"]
# folders = \"none\"
# ///
finish('ended')";

/// Makes the calls that the program makes.
struct Rust;

#[async_trait]
impl Planner for Rust {
    fn name(&self) -> &'static str {
        "rust"
    }

    async fn plan(&self, view: View, _: PlanContext) -> cowork::Result<Proposal> {
        Ok(match view.task.turns.len() {
            CALLS => Proposal::done("called"),
            n => Proposal::call("noop", json!({ "text": "hello", "count": n })),
        })
    }
}

/// An engine with one planner, which is told this of its task.
struct Subject {
    engine: Engine,
    runtime: Arc<dyn Runtime>,
}

impl Subject {
    fn new(planner: impl Planner) -> Self {
        let runtime: Arc<dyn Runtime> = Arc::new(TokioRuntime::new(tokio::runtime::Handle::current()));
        let store = Arc::new(MemoryStore::new(runtime.clone()));
        Self {
            engine: cowork_benches::engine(runtime.clone(), store, planner, cowork::tool(Noop(Recovery::ReadOnly))),
            runtime,
        }
    }

    fn of(interpreter: Arc<dyn Interpreter>) -> Self {
        Self::new(PlaybookPlanner::new().unwrap().with_interpreter(interpreter))
    }

    fn run(&self, planner: &Value) -> Cost {
        let (engine, thread) = (self.engine.clone(), ThreadId::named(&self.runtime.entropy().to_string()));
        let submit =
            Submit { mode: Mode::Auto, max_steps: 2_000, planner: planner.clone(), ..Submit::new("a thousand calls") };
        let run = async move {
            let task = engine.submit(thread, "bench", submit).await.unwrap();
            engine.settled(task).await.unwrap()
        };
        let handle = tokio::runtime::Handle::current();
        // On the runtime's own thread, as an application would.
        let (cost, task): (Cost, Task) = cost(|| handle.block_on(tokio::spawn(run)).unwrap());
        assert_eq!(task.status(), Status::Done, "{:?}", task.result);
        cost
    }
}

/// Gives the middle of what was measured of each, in milliseconds.
fn each(subjects: &[(Subject, Value)]) -> Vec<f64> {
    let mut costs = vec![Vec::new(); subjects.len()];
    for n in 0..=RUNS {
        for place in 0..subjects.len() {
            // Who goes first changes from run to run, and the first run does not count.
            let at = (place + n) % subjects.len();
            let (subject, planner) = &subjects[at];
            let cost = subject.run(planner);
            if n > 0 {
                costs[at].push(cost);
            }
        }
    }
    costs.iter().map(|costs| median(costs, |c| c.wall).as_secs_f64() * 1e3).collect()
}

fn measure() {
    let data = folder();
    let options = LocalSandboxOptions { data: data.path().to_owned(), ..LocalSandboxOptions::default() };
    let sandbox: Arc<dyn Sandbox> = Arc::new(LocalSandbox::open(options));
    let apart = || Arc::new(Apart::new(sandbox.clone(), std::env::current_exe().unwrap(), &[WORKER]));
    let (long, short) = (json!({ "source": PROGRAM }), json!({ "source": SHORT }));
    let subjects = [
        (Subject::of(apart()), long.clone()),
        (Subject::of(Arc::new(InProcess)), long),
        (Subject::new(Rust), Value::Null),
        (Subject::of(apart()), short.clone()),
        (Subject::of(Arc::new(InProcess)), short),
    ];
    let times = each(&subjects);
    let micros = |n: usize| times[n] * 1e3 / CALLS as f64;
    println!("A call by a planner in Rust: {:.1} us", micros(2));
    println!("A call by a program in this process: {:.1} us more", micros(1) - micros(2));
    // A worker is started once for all its calls.
    let more = micros(0) - micros(2);
    report("a call by a program in a worker, above the engine's step", more, "us", "<= 60", more <= 60.0);
    println!("A task of a program that makes no call: {:.2} ms, with a worker {:.2} ms", times[4], times[3]);
}

fn main() {
    if std::env::args().nth(1).is_some_and(|arg| arg == WORKER) {
        worker::serve(stdin(), stdout()).unwrap();
        return;
    }
    println!("{CALLS} calls of one program, the worker's start counted in, median of {RUNS}\n");
    block_on(2, async { tokio::task::block_in_place(measure) });
}
