//! Each built-in playbook over 50,000 files, against the tool calls that it makes, made by a planner that knows them beforehand.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a measurement that goes wrong ends")]

use std::{
    fs,
    path::Path,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use cowork::{
    Command, CommandId, Cowork, Envelope, Mode, PlanContext, Planner, Proposal, ProposedCall, Result, Status, Submit,
    TaskId, ThreadId, TokioRuntime, Undo, View, async_trait, folder_named, playbooks::PlaybookPlanner,
};
use cowork_benches::{Cost, block_on, cost, folder, median, ratio, report, settle};
use serde_json::{Value, json};

const FILES: usize = 50_000;
/// After one that does not count; fewer where the time does not suffice.
const PAIRS: usize = 5;
/// What one case may take, its undoing included.
const LIMIT: Duration = Duration::from_secs(240);

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
    /// When the case has to be over.
    until: Instant,
}

/// What was measured, or why it could not be.
type Measured<T> = std::result::Result<T, String>;

impl Bench {
    async fn new(data: &Path) -> Self {
        let replay = Arc::new(Replay::default());
        let builder = Cowork::builder().data_dir(data).planner(Arc::new(PlaybookPlanner::new().unwrap()));
        let cowork = builder.planner(replay.clone()).build().await.unwrap();
        let runtime = TokioRuntime::new(tokio::runtime::Handle::current());
        Self { cowork, runtime, replay, thread: ThreadId::named("bench"), until: Instant::now() + LIMIT }
    }

    /// Runs a task; gives what it cost, and its name.
    async fn run(&self, at: &Path, planner: Value) -> Measured<(Cost, TaskId)> {
        let folders = vec![folder_named(at, "Desk").unwrap()];
        let submit = Submit { mode: Mode::Auto, folders, planner, ..Submit::new("bench") };
        let task = self.cowork.submit(self.thread, "bench", submit).await.map_err(|e| e.to_string())?;
        let handle = tokio::runtime::Handle::current();
        let (cost, task) = cost(|| tokio::task::block_in_place(|| handle.block_on(self.settled(task))));
        let task = task?;
        match task.status() {
            Status::Done => Ok((cost, task.id)),
            other => Err(format!("it ended as {other:?}: {:?}", task.result)),
        }
    }

    async fn settled(&self, task: TaskId) -> Measured<cowork::Task> {
        let settled = tokio::time::timeout_at(self.until.into(), self.cowork.settled(task)).await;
        let settled = settled.map_err(|_| format!("it did not end within the {} s of a case", LIMIT.as_secs()))?;
        settled.map_err(|e| e.to_string())
    }

    /// Gives back what it did, so that the next run finds the same.
    async fn undo(&self, task: TaskId, at: &Path) -> Measured<()> {
        if self.cowork.task(task).await.unwrap().journalled {
            let command = Command::Undo { paths: Vec::new(), calls: Vec::new() };
            let (thread, sender, id) = (self.thread, "bench".to_owned(), CommandId::new(&self.runtime));
            self.cowork.send(Envelope { thread, task, sender, id, command }).await.unwrap();
            let task = self.settled(task).await?;
            if !matches!(&task.undo, Undo::Done(report) if report.left == 0) {
                return Err(format!("it was not given back: {:?}", task.undo));
            }
        }
        settle(at);
        Ok(())
    }

    /// Notes the calls that a task made, for the next replay.
    async fn note(&self, task: TaskId) {
        let task = self.cowork.task(task).await.unwrap();
        let call = |call: &cowork::Call| ProposedCall { tool: call.tool.clone(), args: call.args.value() };
        let turns = task.turns.iter().map(|turn| turn.decision.calls.iter().map(call).collect::<Vec<_>>());
        *self.replay.0.lock().unwrap() = turns.filter(|calls| !calls.is_empty()).collect();
    }

    async fn compare(&self, case: &Case, at: &Path) -> Measured<()> {
        let playbook = json!({ "playbook": case.name, "params": case.params });
        let once = |planner: Value| async {
            let (cost, task) = self.run(at, planner).await?;
            self.note(task).await;
            self.undo(task, at).await?;
            Measured::Ok(cost)
        };
        let (mut ours, mut floor) = (Vec::new(), Vec::new());
        for n in 0..=PAIRS {
            let began = Instant::now();
            // Who goes first changes from pair to pair; the calls have to be known by then.
            let pair = if n.is_multiple_of(2) {
                let first = once(playbook.clone()).await?;
                (first, once(json!({ "name": "replay" })).await?)
            } else {
                let second = once(json!({ "name": "replay" })).await?;
                (once(playbook.clone()).await?, second)
            };
            if n > 0 {
                ours.push(pair.0);
                floor.push(pair.1);
            }
            if n > 0 && Instant::now() + began.elapsed() > self.until {
                break;
            }
        }
        let millis = |costs: &[Cost]| median(costs, |c| c.wall).as_secs_f64() * 1e3;
        let (mine, calls, number) = (millis(&ours), millis(&floor), ours.len());
        println!("{} {}: {mine:.0} ms, its calls alone {calls:.0} ms, {number} pairs", case.name, case.params);
        let times = ratio(&ours, &floor);
        report(&format!("{} over {FILES} files, against its calls", case.name), times, "x", "<= 1.3", times <= 1.3);
        Ok(())
    }
}

fn main() {
    let base = folder();
    let which: Vec<String> = std::env::args().skip(1).collect();
    let wanted = |case: &&Case| which.is_empty() || which.iter().any(|w| w == case.name);
    let limit = LIMIT.as_secs();
    println!("Each playbook over {FILES} files, in auto mode, median of up to {PAIRS} pairs, up to {limit} s each\n");
    let mut failed = Vec::new();
    block_on(2, async {
        for (n, case) in cases().iter().filter(wanted).enumerate() {
            let at = base.path().join(format!("desk {n}"));
            fs::create_dir_all(&at).unwrap();
            (case.fill)(&at);
            settle(&at);
            let bench = Bench::new(&base.path().join(format!("data {n}"))).await;
            if let Err(why) = bench.compare(case, &at).await {
                println!("{} {}: FAILED, {why}", case.name, case.params);
                failed.push(case.name);
            }
            bench.cowork.stop().await;
            fs::remove_dir_all(&at).unwrap();
        }
    });
    assert!(failed.is_empty(), "these could not be measured: {}", failed.join(", "));
}
