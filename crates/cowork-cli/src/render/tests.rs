//! Whole runs as they are seen: redrawn on a terminal and appended in a pipe.

mod asks;
mod changes;
mod ends;
mod models;
mod runs;

use cowork::{
    Access, Ask, Call, CallId, Command, Decision, Delta, DeltaKind, Draft, Effects, Event, Finish, Folder, Group, Hash,
    Mode, Outcome, PlanStep, Preview, Record, Recovery, StepState, Submit, TaskId, ThreadId, Timestamp,
};
use serde_json::{Value, json};

use super::{
    frame::frame,
    line::Line,
    plain::{Plain, ending},
    screen::Screen,
};
use crate::look::{Ink, Letters, Look, Palette};

const START: i64 = 1_770_000_000_000;
const CALL: &str = "01993a2b-0000-7000-8000-0000001a2b3c";

/// A task's log as it is written, and the screen that follows it.
struct Story {
    seq: u64,
    now: i64,
    hash: Hash,
    screen: Screen,
    plain: Plain,
    /// What a pipe has got so far.
    piped: Vec<Line>,
}

impl Story {
    fn of(text: &str, mode: Mode) -> Self {
        let folder =
            Folder { name: "Downloads".into(), at: "/home/ann/Downloads".into(), access: Access::Write, whole: false };
        let submit = Submit { folders: vec![folder], mode, ..Submit::new(text) };
        let mut story = Self {
            seq: 0,
            now: START,
            hash: Hash::default(),
            screen: Screen::default(),
            plain: Plain::default(),
            piped: Vec::new(),
        };
        story.then(0, commanded(Command::Submit(submit)));
        story.then(1, Event::TaskStarted { owner: "me".into(), fence: 1 });
        story
    }

    fn then(&mut self, after_ms: i64, event: Event) -> &mut Self {
        self.now += after_ms;
        self.seq += 1;
        let draft = Draft::new(Some(task()), Timestamp::from_millis(self.now), event).unwrap();
        let (record, hash) = draft.stamp(ThreadId::named("main"), self.seq, self.hash);
        self.hash = hash;
        self.screen.record(&through_json(&record)).unwrap();
        self.piped.extend(self.plain.news(&self.screen, &pipe(), Timestamp::from_millis(self.now)));
        self
    }

    fn progress(&mut self, after_ms: i64, done: u64, total: u64, note: &str) -> &mut Self {
        self.now += after_ms;
        let what = DeltaKind::Progress { done, total, note: note.into() };
        let delta = Delta { thread: ThreadId::named("main"), task: task(), call: Some(call_id()), what };
        self.screen.delta(&delta, Timestamp::from_millis(self.now));
        self.piped.extend(self.plain.news(&self.screen, &pipe(), Timestamp::from_millis(self.now)));
        self
    }

    fn decide(&mut self, after_ms: i64, plan: &[(&str, StepState, &str)], call: Option<(&str, Value)>) -> &mut Self {
        let step = |(title, state, detail): &(&str, StepState, &str)| PlanStep {
            title: (*title).into(),
            state: *state,
            detail: (*detail).into(),
        };
        let plan = Some(plan.iter().map(step).collect());
        let calls =
            call.into_iter().map(|(tool, args)| Call { id: call_id(), tool: tool.into(), args: args.into() }).collect();
        self.then(after_ms, Event::Decided(Decision { plan, calls, ..Decision::default() }.into()))
    }

    fn start(&mut self, after_ms: i64) -> &mut Self {
        let recovery = Recovery::Journalled;
        self.then(
            after_ms,
            Event::CallStarted { call: call_id(), attempt: 1, rule: "undoable-in-grant".into(), recovery },
        )
    }

    fn finish(&mut self, after_ms: i64, outcome: Outcome) -> &mut Self {
        self.then(after_ms, Event::CallFinished { call: call_id(), outcome, seen: Vec::new() })
    }

    fn frame(&self, look: &Look) -> String {
        written(&frame(&self.screen, look, Timestamp::from_millis(self.now)), look)
    }

    fn end(&self, look: &Look) -> String {
        written(&ending(&self.screen, look), look)
    }

    fn piped(&self) -> String {
        let lines = self.piped.iter().cloned().chain(ending(&self.screen, &pipe()));
        written(&lines.collect::<Vec<_>>(), &pipe())
    }
}

fn commanded(command: Command) -> Event {
    let id = "01993a2b-0000-7000-8000-00000000c0de".parse().unwrap();
    Event::Commanded { sender: "cli".into(), id, command }
}

fn task() -> TaskId {
    "01993a2b-1111-7222-8333-4444557f3a12".parse().unwrap()
}

fn call_id() -> CallId {
    CALL.parse().unwrap()
}

/// What is shown must be told by what is stored.
fn through_json(record: &Record) -> Record {
    serde_json::from_str(&serde_json::to_string(record).unwrap()).unwrap()
}

fn look(width: usize) -> Look {
    let home = Some("/home/ann".to_owned());
    Look {
        width,
        height: 24,
        ink: Ink::default(),
        signs: true,
        live: true,
        spoken: false,
        asks: true,
        once: false,
        home,
    }
}

fn colourful() -> Look {
    Look { ink: Ink { palette: Palette::Dark, letters: Letters::All }, ..look(80) }
}

fn pipe() -> Look {
    Look { signs: false, live: false, asks: false, ..look(80) }
}

fn written(lines: &[Line], look: &Look) -> String {
    let widest = lines.iter().map(Line::width).max().unwrap_or(0);
    assert!(!look.live || widest <= look.width, "{widest} columns");
    lines.iter().map(|l| l.write(look.ink).replace('\x1b', "␛") + "\n").collect()
}

const LOOK: &str = "Look at the folder";
const DECIDE: &str = "Decide where things go";
const MOVE: &str = "Move files";
const SHOW: &str = "Show what was done";

fn moves() -> Value {
    let one = |i: usize| json!({ "from": format!("Downloads/invoice-{i}.pdf"), "to": format!("Downloads/Documents/invoice-{i}.pdf") });
    json!({ "moves": (1..=40).map(one).collect::<Vec<_>>() })
}

fn effects() -> Effects {
    let group = |count, label: &str, examples: &[&str]| Group {
        count,
        label: label.into(),
        examples: examples.iter().map(|e| (*e).to_owned()).collect(),
    };
    Effects::changes(["Downloads".parse().unwrap()]).showing(Preview {
        title: "move 467 files inside Downloads".into(),
        groups: vec![
            group(212, "→ Documents/", &["invoice-2026-03.pdf", "lease.docx"]),
            group(181, "→ Images/", &["IMG_2204.jpg", "scan (3).png"]),
            group(74, "→ Archives/", &["photos.zip", "an-archive-with-a-name-that-is-far-too-long-to-be-shown.tar.gz"]),
        ],
        notes: vec!["2 names clash: they get a number".into()],
        ..Preview::default()
    })
}

fn organising(mode: Mode) -> Story {
    use StepState::{Active, Done, Pending};
    let mut story = Story::of("Organise ~/Downloads by type", mode);
    story.decide(3, &[(LOOK, Active, ""), (DECIDE, Pending, ""), (MOVE, Pending, ""), (SHOW, Pending, "")], None);
    let done = [
        (LOOK, Done, "512 files, 38 folders, 4.1 GB"),
        (DECIDE, Done, "467 to move, 45 stay"),
        (MOVE, Active, ""),
        (SHOW, Pending, ""),
    ];
    story.decide(210, &done, Some(("move_files", moves())));
    story
}

fn asking(story: &mut Story) {
    let asked = Ask {
        thread: ThreadId::named("main"),
        task: task(),
        call: Call { id: call_id(), tool: "move_files".into(), args: moves().into() },
        args_hash: Hash::of_call("move_files", &moves().into()),
        effects: effects(),
        rule: "asks-before-changes".into(),
        reason: "this task asks before it changes anything".into(),
        subtask: None,
    };
    let Ask { args_hash, effects, rule, reason, .. } = asked.clone();
    story.then(5, Event::PermissionAsked { call: call_id(), args_hash, effects, rule, reason });
    story.screen.asks = vec![asked];
    story.piped.extend(story.plain.news(&story.screen, &pipe(), Timestamp::from_millis(story.now)));
}

fn done(story: &mut Story) {
    use StepState::Done;
    story.finish(3_000, Outcome::Done { value: json!({ "made": 467 }), note: "467 files moved".into() });
    let plan = [
        (LOOK, Done, "512 files, 38 folders, 4.1 GB"),
        (DECIDE, Done, "467 to move, 45 stay"),
        (MOVE, Done, "467 moved"),
        (SHOW, Done, ""),
    ];
    story.decide(10, &plan, None);
    let summary = "467 files moved, 45 left as they were, nothing deleted.\n\n  Documents/ 212   Images/ 181   Archives/ 74\n\nNot done: 1 file is open in LibreOffice (budget.xlsx).";
    story.then(1, Event::TaskFinished { result: Finish::Done { summary: summary.into(), data: Value::Null } });
}
