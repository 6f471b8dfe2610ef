//! What it costs to show a run: 1,000 events a second for ten seconds, on a terminal. The same feed runs with the view and with
//! nothing in its place, in turns: the difference is the view's. By the parts of the command itself: a program is no library,
//! so they are taken in by their place.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a measurement that goes wrong ends")]
#![allow(dead_code, unused_imports, reason = "the command uses the rest")]

#[path = "../../../crates/cowork-cli/src/keys.rs"]
mod keys;
#[path = "../../../crates/cowork-cli/src/look.rs"]
mod look;
#[path = "../../../crates/cowork-cli/src/out.rs"]
mod out;
#[path = "../../../crates/cowork-cli/src/render/mod.rs"]
mod render;
#[path = "../../../crates/cowork-cli/src/view.rs"]
mod view;

use std::{
    env,
    io::Read,
    process::{Command, Stdio},
    thread,
    time::Duration,
};

use cowork::{
    Call, CallId, Command as Said, CommandId, Decision, Delta, DeltaKind, Draft, Event, Hash, Outcome, PlanStep,
    Record, Recovery, Runtime, StepState, Submit, TaskId, ThreadId, TokioRuntime,
};
use cowork_benches::{block_on, cost, on_terminal, report};
use serde_json::json;
use tokio::{
    runtime::Handle,
    time::{MissedTickBehavior, interval},
};

const SECONDS: u64 = 10;
const EVENTS: u64 = 1_000;
const PAIRS: usize = 3;
/// As often the command draws.
const PICTURE: Duration = Duration::from_millis(80);

/// What the view is told.
enum News {
    Record(Box<Record>),
    Delta(Delta),
}

fn main() {
    if let Some(shown) = env::args().nth(1) {
        // The standard error is the way back: the output is the terminal.
        eprintln!("{}", block_on(1, share(shown == "view")));
        return;
    }
    let pairs: Vec<[f64; 2]> = (0..PAIRS).map(|_| [run("nothing"), run("view")]).collect();
    let middle = |of: &dyn Fn(&[f64; 2]) -> f64| {
        let mut all: Vec<f64> = pairs.iter().map(of).collect();
        all.sort_by(f64::total_cmp);
        all[PAIRS / 2]
    };
    let view = middle(&|[nothing, view]| view - nothing);
    println!("1,000 events a second, nothing shown: {:.2} % of a core", middle(&|pair| pair[0]));
    println!("1,000 events a second, shown: {:.2} % of a core", middle(&|pair| pair[1]));
    report("run view at 1,000 events a second", view, "% of core", "<= 2", view <= 2.0);
}

/// Runs the feed in a process of its own on a terminal of its own; gives for how many of a hundred parts of the time a core was
/// busy with it.
fn run(shown: &str) -> f64 {
    let mut command = Command::new(env::current_exe().unwrap());
    let (mut screen, mut child) = on_terminal(command.arg(shown).stderr(Stdio::piped()));
    thread::spawn(move || {
        let mut bytes = [0; 65_536];
        while screen.read(&mut bytes).is_ok_and(|n| n > 0) {}
    });
    let mut said = String::new();
    child.stderr.take().unwrap().read_to_string(&mut said).unwrap();
    assert!(child.wait().unwrap().success(), "{said}");
    said.trim().parse().unwrap_or_else(|_| panic!("{said}"))
}

async fn share(shown: bool) -> f64 {
    let runtime = TokioRuntime::new(Handle::current());
    let news = story(&runtime);
    let view = shown.then(|| {
        view::View::new(look::Look::of_stdout(), false, false, render::screen::Screen::default(), runtime.now())
    });
    let (cost, ()) = tokio::task::block_in_place(|| cost(|| Handle::current().block_on(feed(&runtime, news, view))));
    cost.cpu.as_secs_f64() / cost.wall.as_secs_f64() * 100.0
}

/// Feeds the view; without one, what comes is dropped.
async fn feed(runtime: &TokioRuntime, news: Vec<News>, mut view: Option<view::View>) {
    assert!(view.as_ref().is_none_or(view::View::is_live), "it is drawn over");
    let (mut pictures, mut ticks) = (interval(PICTURE), interval(Duration::from_secs(1) / EVENTS as u32));
    pictures.set_missed_tick_behavior(MissedTickBehavior::Skip);
    let mut news = news.into_iter();
    loop {
        tokio::select! {
            biased;
            _ = pictures.tick() => if let Some(view) = &mut view {
                view.show(runtime.now());
            },
            _ = ticks.tick() => match (news.next(), &mut view) {
                (Some(News::Record(record)), Some(view)) => view.record(&record).unwrap(),
                (Some(News::Delta(delta)), Some(view)) => view.delta(&delta, runtime.now()),
                (Some(_), None) => {},
                (None, _) => return,
            },
        }
    }
}

/// A run of many turns: a decision, a call, how far that is, what came of it.
fn story(runtime: &TokioRuntime) -> Vec<News> {
    let (task, thread, mut seq, mut hash) = (TaskId::new(runtime), ThreadId::named("main"), 0, Hash::default());
    let mut news = Vec::new();
    let mut record = |event: Event, news: &mut Vec<News>| {
        seq += 1;
        let (record, next) = Draft::new(Some(task), runtime.now(), event).unwrap().stamp(thread, seq, hash);
        hash = next;
        news.push(News::Record(record.into()));
    };
    let command = Said::Submit(Submit::new("Organise these files by type"));
    record(Event::Commanded { sender: "bench".into(), id: CommandId::new(runtime), command }, &mut news);
    record(Event::TaskStarted { owner: "bench".into(), fence: 1 }, &mut news);
    let titles = ["Look at the folder", "Decide where things go", "Move files", "Show what was done"];
    let states = [StepState::Done, StepState::Done, StepState::Active, StepState::Pending];
    let step = |(title, state): (&str, StepState)| PlanStep { title: title.into(), state, detail: "512 files".into() };
    while (news.len() as u64) < SECONDS * EVENTS {
        let id = CallId::new(runtime);
        let plan = Some(titles.into_iter().zip(states).map(step).collect());
        let calls = vec![Call {
            id,
            tool: "move_files".into(),
            args: json!({ "moves": [["Desk/a.pdf", "Desk/b/a.pdf"]] }).into(),
        }];
        record(Event::Decided(Decision { plan, calls, ..Decision::default() }.into()), &mut news);
        let recovery = Recovery::Journalled;
        record(Event::CallStarted { call: id, attempt: 1, rule: "undoable-in-grant".into(), recovery }, &mut news);
        for done in 1..=47 {
            let what = DeltaKind::Progress {
                done: done * 1_000,
                total: 50_000,
                note: format!("scan-{done}.pdf → Documents/"),
            };
            news.push(News::Delta(Delta { thread, task, call: Some(id), what }));
        }
        let outcome = Outcome::Done { value: json!({ "made": 1 }), note: "1 file moved".into() };
        record(Event::CallFinished { call: id, outcome, seen: Vec::new() }, &mut news);
    }
    news
}
