//! Whole runs as they are seen: redrawn on a terminal and appended in a pipe.

mod changes;

use cowork::{
    Access, Ask, Call, CallId, Command, Decision, Delta, DeltaKind, Draft, Effects, Error, Event, Finish, Folder,
    Group, Hash, Kept, Kind, Mode, Outcome, PlanStep, Preview, Record, Recovery, StepState, Submit, TaskId, ThreadId,
    Timestamp, UndoReport,
};
use serde_json::{Value, json};

use super::{
    ask,
    frame::frame,
    line::Line,
    pager::Pager,
    plain::{Plain, ending},
    screen::{Details, Note, Screen},
};
use crate::{
    keys::Offered,
    look::{Ink, Letters, Look, Palette},
};

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
        let calls = call.into_iter().map(|(tool, args)| Call { id: call_id(), tool: tool.into(), args }).collect();
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
    Look { width, height: 24, ink: Ink::default(), signs: true, live: true, spoken: false, asks: true, home }
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
        call: Call { id: call_id(), tool: "move_files".into(), args: moves() },
        args_hash: Hash::of_call("move_files", &moves()),
        effects: effects(),
        rule: "asks-before-changes".into(),
        reason: "this task asks before it changes anything".into(),
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

#[test]
fn a_run_that_may_go_on_by_itself() {
    let mut story = organising(Mode::Auto);
    story.start(2).progress(20, 0, 467, "invoice-2026-03.pdf → Documents/");
    let begun = story.frame(&look(80));
    story.progress(2_000, 311, 467, "IMG_2204.jpg → Images/");
    let middle = story.frame(&look(80));
    let coloured = story.frame(&colourful());
    let narrow = story.frame(&look(36));
    done(&mut story);
    insta::assert_snapshot!("run_begun", begun);
    insta::assert_snapshot!("run_middle", middle);
    insta::assert_snapshot!("run_middle_colour", coloured);
    insta::assert_snapshot!("run_middle_narrow", narrow);
    insta::assert_snapshot!("run_end", story.frame(&look(80)) + &story.end(&look(80)));
    insta::assert_snapshot!("run_end_colour", story.frame(&colourful()) + &story.end(&colourful()));
    insta::assert_snapshot!("run_pipe", story.piped());
}

#[test]
fn a_run_that_asks_is_answered_and_goes_on() {
    let mut story = organising(Mode::Ask);
    asking(&mut story);
    insta::assert_snapshot!("ask_pipe", story.piped());
    story.screen.prompting = true;
    insta::assert_snapshot!("ask", story.frame(&look(80)));
    insta::assert_snapshot!("ask_colour", story.frame(&colourful()));
    insta::assert_snapshot!("ask_narrow", story.frame(&look(36)));
    // The person thinks for an hour; that is no time of work.
    let answer = cowork::Answer::Allow;
    let args_hash = Hash::of_call("move_files", &moves());
    story.then(3_600_000, commanded(Command::Answer { call: call_id(), args_hash, answer }));
    assert!(story.screen.asks.is_empty(), "answered from wherever, the question goes away");
    story.start(3);
    done(&mut story);
    assert!(story.end(&look(80)).contains("Done in 3.2 s."), "{}", story.end(&look(80)));
}

#[test]
fn everything_that_is_asked_about_can_be_paged_through() {
    let mut story = organising(Mode::Ask);
    asking(&mut story);
    let look = Look { height: 12, ..look(60) };
    let mut pager = Pager::new(&super::whole::all(&story.screen.asks[0]), &look);
    let first = written(&pager.frame(&look), &look);
    while pager.on(&look) {}
    insta::assert_snapshot!("ask_all", first + &written(&pager.frame(&look), &look));
}

#[test]
fn texts_that_are_asked_about_are_shown_whole() {
    let mut story = organising(Mode::Ask);
    asking(&mut story);
    let mut asked = story.screen.asks[0].clone();
    let long = "x".repeat(70);
    let patch = "*** Begin Patch\n*** Add File: q.txt\n+1\n*** End Patch\n";
    for (args, lines) in [
        (
            json!({ "patch": patch, "folder": "Docs" }),
            vec!["folder: Docs", "patch:", "  *** Begin Patch", "  *** Add File: q.txt", "  +1", "  *** End Patch"],
        ),
        (
            json!({ "path": "Docs/a.txt", "stamp": null, "edits": [{ "old_text": "one\ntwo", "new_text": long, "all": true }] }),
            vec![
                "path: Docs/a.txt",
                "- one",
                "- two",
                &format!("+ {}", &long[..53]),
                &long[53..],
                "everywhere it is found",
            ],
        ),
        (
            json!({ "paths": ["Docs/a", "Docs/\u{1b}[31m"], "mode": "rwx------" }),
            vec!["mode: rwx------", "Docs/a", "Docs/\\u{1b}[31m"],
        ),
        (json!({}), vec!["no arguments"]),
    ] {
        asked.call.args = args;
        let look = Look { height: 40, ..look(60) };
        let pager = Pager::new(&super::whole::all(&asked), &look);
        let page = written(&pager.frame(&look), &look);
        let shown: Vec<&str> = page.lines().map(str::trim).filter(|l| !l.is_empty()).collect();
        assert_eq!(shown[..shown.len() - 1], lines.iter().map(|l| l.trim()).collect::<Vec<_>>()[..], "{page}");
    }
}

#[test]
fn a_dry_run_shows_what_it_would_do() {
    let mut story = organising(Mode::Plan);
    story.finish(2, Outcome::Withheld { effects: effects() });
    let summary = "467 files would be moved.".to_owned();
    story.then(1, Event::TaskFinished { result: Finish::Done { summary, data: Value::Null } });
    insta::assert_snapshot!("dry_run", story.frame(&look(80)) + &story.end(&look(80)));
}

#[test]
fn a_run_that_fails_says_why_and_what_to_do() {
    let mut story = organising(Mode::Auto);
    let full = Error::new(Kind::Full, "move", "the disk is full, and nothing of this call was kept")
        .with_fix("make room, then run it again");
    story.start(2).finish(900, Outcome::Failed { error: full.clone() });
    story.then(1, Event::TaskFinished { result: Finish::Failed { error: full } });
    insta::assert_snapshot!("failed", story.frame(&look(80)) + &story.end(&look(80)));
    insta::assert_snapshot!("failed_pipe", story.piped());
}

#[test]
fn stopped_paused_and_cancelled_say_how_to_go_on() {
    let mut stopped = organising(Mode::Auto);
    stopped.start(2).then(500, Event::CallInterrupted { call: call_id(), attempt: 1, reason: "x".into() });
    stopped.then(1, Event::TaskStopped { reason: "the program was asked to stop".into() });
    let mut paused = organising(Mode::Auto);
    paused.then(2, commanded(Command::Pause));
    let mut cancelled = organising(Mode::Auto);
    cancelled.then(2, commanded(Command::Cancel)).then(1, Event::TaskFinished { result: Finish::Cancelled });
    let ends = [stopped, paused, cancelled].map(|s| s.end(&look(80)));
    insta::assert_snapshot!("put_down", ends.concat());
}

#[test]
fn undo_names_what_it_kept_and_what_still_stands() {
    let mut story = organising(Mode::Auto);
    story.start(2);
    done(&mut story);
    let kept = vec![Kept {
        path: "Downloads/Documents/lease.docx".parse().unwrap(),
        reason: "its content was changed since".into(),
        was: None,
    }];
    let report = UndoReport { undone: 466, left: 1, kept, ..UndoReport::default() };
    story.then(60_000, commanded(Command::undo()));
    story.then(1, Event::UndoStarted { paths: Vec::new(), calls: Vec::new() });
    story.then(400, Event::UndoFinished { report });
    let mut text = story.end(&look(80));
    let all = UndoReport { undone: 1, already: 466, ..UndoReport::default() };
    story.then(60_000, commanded(Command::undo())).then(400, Event::UndoFinished { report: all });
    text.push_str(&story.end(&look(80)));
    insta::assert_snapshot!("undone", text);
}

#[test]
fn a_task_whose_journal_was_let_go_of_says_so() {
    let mut story = organising(Mode::Auto);
    story.start(2);
    done(&mut story);
    story.then(1, Event::JournalReclaimed);
    insta::assert_snapshot!("reclaimed", story.end(&look(80)));
}

#[test]
fn no_picture_is_wider_or_higher_than_its_terminal() {
    let mut story = organising(Mode::Ask);
    asking(&mut story);
    story.screen.prompting = true;
    for width in 1..120 {
        for height in [1, 4, 9, 24] {
            let look = Look { height, ..look(width) };
            let lines = frame(&story.screen, &look, Timestamp::from_millis(story.now));
            assert!(lines.iter().all(|l| l.width() <= width.saturating_sub(1)), "{width} columns");
            assert!(lines.len() < height.max(4), "{height} rows at {width}: {}", lines.len());
        }
    }
}

#[test]
fn a_name_that_would_act_on_the_terminal_does_not() {
    let mut story = organising(Mode::Auto);
    story.start(2).progress(1, 1, 2, "\u{1b}[2J\u{202e}fdp.exe → Documents/");
    let shown = story.frame(&look(80));
    assert!(shown.contains("\\u{1b}[2J\\u{202e}fdp.exe"), "{shown}");
}

#[test]
fn every_answer_that_is_offered_has_its_key_at_any_width() {
    let all = Offered { task: true, always: true };
    let keys = |width| written(&[ask::keys(all, &look(width))], &look(width));
    assert_eq!(
        keys(100),
        "  [y] yes   [n] no   [s] show all   [t] yes to all in this task   [a] always in this folder   ?\n"
    );
    for width in 23..120 {
        let shown = keys(width);
        assert!(["[y]", "[n]", "[s]", "[t]", "[a]", "?"].iter().all(|key| shown.contains(key)), "{width}: {shown}");
    }
    assert!(!written(&[ask::keys(Offered::default(), &look(100))], &look(100)).contains("[t]"));
    assert_eq!((ask::help(all).len(), ask::help(Offered::default()).len()), (6, 4));
}

#[test]
fn what_was_done_is_unfolded_and_the_last_of_it_stands_last() {
    let mut story = organising(Mode::Auto);
    story.start(2).progress(20, 1, 467, "invoice-2026-03.pdf → Documents/");
    story.screen.notes = (1..=30).map(|n| Note::Came(format!("{n} files moved"))).collect();
    story.screen.details = Details::Folded;
    assert!(story.frame(&look(80)).ends_with("[d] what was done\n"), "{}", story.frame(&look(80)));
    story.screen.details = Details::Unfolded;
    let shown = story.frame(&look(80));
    let lines: Vec<&str> = shown.lines().map(str::trim).collect();
    assert_eq!(lines[lines.len() - 2..], ["30 files moved", "invoice-2026-03.pdf → Documents/"], "{shown}");
    assert!(lines.len() < 24 && lines.iter().any(|l| l.starts_with("What was done")), "{shown}");
}
