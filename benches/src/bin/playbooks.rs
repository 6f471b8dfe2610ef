//! Each built-in playbook over 50,000 files, against the tool calls that it makes, made by a planner that knows them beforehand.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a measurement that goes wrong ends")]

use std::{
    fs,
    path::Path,
    sync::{Arc, Mutex},
};

use cowork::{
    Command, CommandId, Cowork, Envelope, Mode, PlanContext, Planner, Proposal, ProposedCall, Result, Status, Submit,
    TaskId, ThreadId, TokioRuntime, Undo, View, async_trait, folder_named, playbooks::PlaybookPlanner,
};
use cowork_benches::{Cost, block_on, cost, folder, median, pairs, ratio, report, settle};
use serde_json::{Value, json};

const FILES: usize = 50_000;

/// Makes what it was told to make, turn by turn.
#[derive(Default)]
struct Replay(Mutex<Vec<Vec<ProposedCall>>>);

#[async_trait]
impl Planner for Replay {
    fn name(&self) -> &'static str {
        "replay"
    }

    async fn plan(&self, view: View, _: PlanContext) -> Result<Proposal> {
        let turns = self.0.lock().unwrap();
        let calls = turns.get(view.task.turns.len()).cloned();
        Ok(calls.map_or_else(|| Proposal::done("made"), |calls| Proposal { calls, ..Proposal::default() }))
    }
}

struct Case {
    name: &'static str,
    params: Value,
    fill: fn(&Path),
}

fn cases() -> Vec<Case> {
    let case = |name, params, fill| Case { name, params, fill };
    vec![
        case("organise", json!({ "by": "type" }), mixed),
        case("organise", json!({ "by": "date" }), mixed),
        case("organise", json!({ "by": "name" }), mixed),
        case("find", json!({ "query": "harbour" }), texts),
        case("rename", json!({ "by": "number" }), mixed),
        case("rename", json!({ "by": "slug" }), mixed),
        case("photos", json!({ "by": "month" }), photos),
        case("clean-up", json!({ "what": "temporary" }), worn),
        case("duplicates", json!({}), twins),
        case("folder-report", json!({}), mixed),
        case("replace", json!({ "find": "harbour", "with": "port" }), texts),
        case("notes-report", json!({}), notes),
        case("tables", json!({ "group": "Client", "total": "Amount" }), tables),
    ]
}

const ENDINGS: [&str; 8] = ["pdf", "jpg", "docx", "zip", "mp3", "csv", "txt", "xyz"];
const CLIENTS: [&str; 5] = ["Acme", "Globex", "Initech", "Umbrella", "Hooli"];

fn mixed(at: &Path) {
    for n in 0..FILES {
        let name = format!("{} paper {n:05}.{}", CLIENTS[n % CLIENTS.len()], ENDINGS[n / 7 % ENDINGS.len()]);
        fs::write(at.join(name), b"x").unwrap();
    }
}

fn texts(at: &Path) {
    for n in 0..FILES {
        let word = if n % 1000 == 7 { "harbour" } else { "meadow" };
        fs::write(at.join(format!("note {n:05}.txt")), format!("A walk by the {word}, number {n}.\n")).unwrap();
    }
}

/// Pictures without anything that says when they were taken but their names.
fn photos(at: &Path) {
    for n in 0..FILES {
        let name = format!("IMG_2025{:02}{:02}_{n:06}.jpg", n % 12 + 1, n / 12 % 28 + 1);
        fs::write(at.join(name), b"\xff\xd8\xff\xe0").unwrap();
    }
}

/// One in ten is a temporary file.
fn worn(at: &Path) {
    for n in 0..FILES {
        let ending = if n % 10 == 3 { "tmp" } else { ENDINGS[n % ENDINGS.len()] };
        fs::write(at.join(format!("paper {n:05}.{ending}")), b"x").unwrap();
    }
}

/// One in ten is there twice.
fn twins(at: &Path) {
    for n in 0..FILES {
        let content = if n % 10 == 9 { n - 1 } else { n };
        fs::write(at.join(format!("paper {n:05}.txt")), format!("Paper number {content}.\n")).unwrap();
    }
}

fn notes(at: &Path) {
    for n in 0..FILES {
        let text = format!("# Note {n}\n\nA walk by the meadow.\n\n- [ ] write to {}\n", CLIENTS[n % CLIENTS.len()]);
        fs::write(at.join(format!("note {n:05}.md")), text).unwrap();
    }
}

/// Ten rows each.
fn tables(at: &Path) {
    for n in 0..FILES {
        let row = |r: usize| format!("{},2026-01-{:02},{}.50\n", CLIENTS[(n + r) % CLIENTS.len()], r + 1, n % 900);
        let rows: String = (0..10).map(row).collect();
        fs::write(at.join(format!("bank {n:05}.csv")), format!("Client,Date,Amount\n{rows}")).unwrap();
    }
}

struct Bench {
    cowork: Cowork,
    runtime: TokioRuntime,
    replay: Arc<Replay>,
    thread: ThreadId,
}

impl Bench {
    async fn new(data: &Path) -> Self {
        let replay = Arc::new(Replay::default());
        let builder = Cowork::builder().data_dir(data).planner(Arc::new(PlaybookPlanner::new().unwrap()));
        let cowork = builder.planner(replay.clone()).build().await.unwrap();
        let runtime = TokioRuntime::new(tokio::runtime::Handle::current());
        Self { cowork, runtime, replay, thread: ThreadId::named("bench") }
    }

    /// Runs a task; gives what it cost, and its name.
    async fn run(&self, at: &Path, planner: Value) -> (Cost, TaskId) {
        let folders = vec![folder_named(at, "Desk").unwrap()];
        let submit = Submit { mode: Mode::Auto, folders, planner, ..Submit::new("bench") };
        let run = async {
            let task = self.cowork.submit(self.thread, "bench", submit).await.unwrap();
            self.cowork.settled(task).await.unwrap()
        };
        let handle = tokio::runtime::Handle::current();
        let (cost, task) = cost(|| tokio::task::block_in_place(|| handle.block_on(run)));
        assert_eq!(task.status(), Status::Done, "{:?}", task.result);
        (cost, task.id)
    }

    /// Gives back what it did, so that the next run finds the same.
    async fn undo(&self, task: TaskId, at: &Path) {
        if self.cowork.task(task).await.unwrap().journalled {
            let command = Command::Undo { paths: Vec::new(), calls: Vec::new() };
            let (thread, sender, id) = (self.thread, "bench".to_owned(), CommandId::new(&self.runtime));
            self.cowork.send(Envelope { thread, task, sender, id, command }).await.unwrap();
            let task = self.cowork.settled(task).await.unwrap();
            assert!(matches!(&task.undo, Undo::Done(report) if report.left == 0), "{:?}", task.undo);
        }
        settle(at);
    }

    /// Notes the calls that a task made, for the next replay.
    async fn note(&self, task: TaskId) {
        let task = self.cowork.task(task).await.unwrap();
        let call = |call: &cowork::Call| ProposedCall { tool: call.tool.clone(), args: call.args.clone() };
        let turns = task.turns.iter().map(|turn| turn.decision.calls.iter().map(call).collect::<Vec<_>>());
        *self.replay.0.lock().unwrap() = turns.filter(|calls| !calls.is_empty()).collect();
    }

    async fn compare(&self, case: &Case, at: &Path) {
        let handle = tokio::runtime::Handle::current();
        let wait = |future| tokio::task::block_in_place(|| handle.block_on(future));
        let run = |planner: Value| async {
            let (cost, task) = self.run(at, planner).await;
            self.note(task).await;
            self.undo(task, at).await;
            cost
        };
        let playbook = json!({ "playbook": case.name, "params": case.params });
        let ours = || wait(run(playbook.clone()));
        let (ours, floor) = pairs(5, ours, || wait(run(json!({ "name": "replay" }))));
        let millis = |costs: &[Cost]| median(costs, |c| c.wall).as_secs_f64() * 1e3;
        println!("{} {}: {:.0} ms, its calls alone {:.0} ms", case.name, case.params, millis(&ours), millis(&floor));
        let times = ratio(&ours, &floor);
        report(&format!("{} over {FILES} files, against its calls", case.name), times, "x", "<= 1.3", times <= 1.3);
    }
}

fn main() {
    let base = folder();
    let which: Vec<String> = std::env::args().skip(1).collect();
    let wanted = |case: &&Case| which.is_empty() || which.iter().any(|w| w == case.name);
    println!("Each playbook over {FILES} files, in auto mode, median of 5 pairs\n");
    block_on(2, async {
        for (n, case) in cases().iter().filter(wanted).enumerate() {
            let at = base.path().join(format!("desk {n}"));
            fs::create_dir_all(&at).unwrap();
            (case.fill)(&at);
            settle(&at);
            let bench = Bench::new(&base.path().join(format!("data {n}"))).await;
            bench.compare(case, &at).await;
            bench.cowork.stop().await;
        }
    });
}
