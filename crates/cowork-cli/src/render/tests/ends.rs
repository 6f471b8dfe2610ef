//! How runs end: done, in part, refused, failed, put down, undone.

use cowork::{
    Call, CallId, ChangeSet, Command, Decision, Difference, Error, Event, FileKind, Finish, Kept, Kind, Mode, Outcome,
    Recovery, UndoReport, What,
};
use serde_json::{Value, json};

use super::{Story, call_id, commanded, done, effects, look, organising, pipe};
use crate::{look::Look, render::left};

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
fn undo_says_what_was_given_back_and_what_was_taken_away() {
    let undone = |what: &What, kind: FileKind, name: &str| Difference {
        path: format!("Downloads/{name}").parse().unwrap(),
        kind,
        what: what.clone(),
        before: None,
        after: None,
        calls: vec![call_id()],
        undone: true,
    };
    let file = |what: &What, name: &str| undone(what, FileKind::File, name);
    let told = |changes: Vec<Difference>, look: &Look| {
        let mut story = organising(Mode::Auto);
        story.start(2);
        done(&mut story);
        let report = UndoReport { undone: changes.len() as u64, ..UndoReport::default() };
        story.then(60_000, commanded(Command::undo())).then(400, Event::UndoFinished { report });
        story.screen.changed = Some(ChangeSet { changes, bytes_kept: 0 });
        story.end(look).split_whitespace().collect::<Vec<_>>().join(" ")
    };
    let moved = What::Moved { from: "Downloads/a.pdf".parse().unwrap(), edited: false };
    let folder = |name: &str| undone(&What::Created, FileKind::Folder, name);
    let all = vec![
        file(&moved, "Flat/a.pdf"),
        file(&What::SetAside, "b.tmp"),
        folder("Flat"),
        folder("Else"),
        file(&What::Created, "index.md"),
    ];
    for look in [look(80), look(40), Look { spoken: true, ..pipe() }] {
        let end = told(all.clone(), &look);
        assert!(end.starts_with("Undone. 2 files given back, 1 file and 2 folders taken away. Task "), "{end}");
    }
    let one = told(vec![folder("Flat")], &look(80));
    assert!(one.starts_with("Undone. 1 folder taken away. Task"), "{one}");
    let one = told(vec![file(&moved, "Flat/a.pdf")], &look(80));
    assert!(one.starts_with("Undone. 1 file given back. Task"), "{one}");
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
fn what_a_person_refused_is_no_failure() {
    let no = Error::new(Kind::NotAllowed, "run playbook", "you said no to “Move files”").with("rule", "answer");
    let ends = [false, true].map(|worked| {
        let mut story = organising(Mode::Ask);
        if worked {
            story.start(2);
        }
        story.finish(900, Outcome::Denied { rule: "answer".into(), reason: "you said no".into() });
        story.then(1, Event::TaskFinished { result: Finish::Failed { error: no.clone() } });
        story.frame(&look(80)) + &story.end(&look(80))
    });
    insta::assert_snapshot!("refused", ends.concat());
}

#[test]
fn what_was_not_done_is_named_with_its_reason() {
    let mut story = organising(Mode::Auto);
    story.start(2);
    let busy = Error::new(
        Kind::Busy,
        "move",
        "budget.xlsx is open in LibreOffice, and so is invoice-2026-03.pdf, which is why neither of them was moved",
    );
    story.finish(900, Outcome::Failed { error: busy });
    story.then(
        1,
        Event::TaskFinished { result: Finish::Done { summary: "465 files moved.".into(), data: Value::Null } },
    );
    insta::assert_snapshot!("not_done", story.end(&look(80)) + &story.end(&look(40)));
    // What the summary says itself is not said again.
    let mut said = organising(Mode::Auto);
    let error = Error::new(Kind::Busy, "move", "budget.xlsx is open");
    said.start(2).finish(900, Outcome::Failed { error });
    let summary = "465 files moved; budget.xlsx is open.".to_owned();
    said.then(1, Event::TaskFinished { result: Finish::Done { summary, data: Value::Null } });
    assert!(!said.end(&look(80)).contains("Not done"), "{}", said.end(&look(80)));
}

/// Lets a model call tools, all at once: those that are done were begun first.
fn turn(story: &mut Story, calls: &[(&str, &Value, Outcome)]) {
    let id = |n: usize, seq: u64| -> CallId { format!("01993a2b-0000-7000-8000-{seq:06}{n:06}").parse().unwrap() };
    let seq = story.seq;
    let call = |(n, (tool, args, _)): (usize, &(&str, &Value, Outcome))| -> Call {
        serde_json::from_value(json!({ "id": id(n, seq), "tool": tool, "args": args })).unwrap()
    };
    let decision = Decision { calls: calls.iter().enumerate().map(call).collect(), ..Decision::default() };
    story.then(1, Event::Decided(decision.into()));
    for (n, (.., outcome)) in calls.iter().enumerate() {
        let call = id(n, seq);
        if matches!(outcome, Outcome::Done { .. }) {
            let recovery = Recovery::Journalled;
            story.then(1, Event::CallStarted { call, attempt: 1, rule: "undoable-in-grant".into(), recovery });
        }
        story.then(1, Event::CallFinished { call, outcome: outcome.clone(), seen: Vec::new() });
    }
}

/// The end of a run whose first call's arguments did not fit, with what it called then.
fn after_a_misfit(args: &Value, then: &[(&str, &Value, Outcome)]) -> String {
    let mut story = Story::of("Write a list of these files", Mode::Auto);
    turn(&mut story, &[("write_file", args, misfit())]);
    turn(&mut story, then);
    let summary = "The list is written.".to_owned();
    story.then(1, Event::TaskFinished { result: Finish::Done { summary, data: Value::Null } });
    story.end(&look(80))
}

fn misfit() -> Outcome {
    let why = "the arguments of `write_file` do not fit: \"path\" is a required property";
    Outcome::Failed { error: Error::new(Kind::InvalidInput, "check arguments", why) }
}

fn well_done() -> Outcome {
    Outcome::Done { value: Value::Null, note: "1 file written".into() }
}

#[test]
fn what_a_model_mended_itself_is_not_named_as_not_done() {
    let right = json!({ "path": "Downloads/list.md", "content": "a\nb" });
    for wrong in [
        json!({ "file": "Downloads/list.md", "content": "a" }),
        json!({ "path": "/home/ann/Downloads/list.md" }),
        json!({ "path": "list.md", "more": true }),
        json!({ "path": 3 }),
        json!({}),
    ] {
        let end = after_a_misfit(&wrong, &[("write_file", &right, well_done())]);
        assert!(!end.contains("Not done") && end.contains("Done"), "{wrong}: {end}");
    }
}

#[test]
fn what_was_never_made_good_is_named_as_not_done() {
    let (wrong, right) = (json!({ "file": "Downloads/list.md" }), json!({ "path": "Downloads/list.md" }));
    let (other, both) =
        (json!({ "path": "Downloads/else.md" }), json!({ "paths": ["Downloads/list.md", "Downloads/b"] }));
    for (wrong, then, why) in [
        (&wrong, vec![("write_file", &other, well_done())], "it wrote another file"),
        (&wrong, vec![("make_folder", &right, well_done())], "it called another tool"),
        (&wrong, vec![("write_file", &right, misfit())], "the arguments did not fit again"),
        (&both, vec![("write_file", &right, well_done())], "it did a part of it"),
        (&json!({}), vec![("make_folder", &right, well_done())], "it called another tool with anything"),
    ] {
        let end = after_a_misfit(wrong, &then);
        assert!(end.contains("Not done:"), "{why}: {end}");
    }
    let mut story = Story::of("Write a list of these files", Mode::Auto);
    turn(&mut story, &[("write_file", &right, well_done()), ("write_file", &right, misfit())]);
    let summary = "The list is written.".to_owned();
    story.then(1, Event::TaskFinished { result: Finish::Done { summary, data: Value::Null } });
    assert!(story.end(&look(80)).contains("Not done:"), "what came before mends nothing");
}

#[test]
fn a_sentence_that_fits_no_playbook_was_not_begun() {
    let mut story = organising(Mode::Ask);
    let error = Error::new(Kind::NotFound, "match playbook", "no playbook fits “sing”").with_fix("say it otherwise");
    story.then(1, Event::TaskFinished { result: Finish::Failed { error } });
    let shown = story.end(&look(80));
    assert!(shown.contains("  Not started: no playbook fits “sing”.\n  Say it otherwise\n"), "{shown}");
}

#[test]
fn what_was_cancelled_says_whether_something_was_changed() {
    let mut story = organising(Mode::Auto);
    story.start(2).then(500, Event::CallInterrupted { call: call_id(), attempt: 1, reason: "x".into() });
    story.then(1, commanded(Command::Cancel)).then(1, Event::TaskFinished { result: Finish::Cancelled });
    let shown = story.end(&look(80));
    assert!(shown.contains("What was done stays done.") && shown.contains("cowork undo"), "{shown}");
}

/// A run of which most was left as it was: of one call not all is named.
fn mostly_left(list: &str) -> Story {
    let mut story = organising(Mode::Auto);
    let left = |path: &str, reason: &str| json!({ "index": 0, "path": path, "reason": reason });
    let named: Vec<Value> =
        (0..3).map(|i| left(&format!("Downloads/{i}"), &format!("`Downloads/{i}` is not there"))).collect();
    let reasons = json!([
        { "count": 4_900, "path": "Downloads/0", "reason": "`Downloads/0` is not there" },
        { "count": 94, "path": "Downloads/Plan.docx", "reason": "an office program has `Downloads/Plan.docx` open" },
        { "count": 6, "path": "Downloads/x", "reason": "you may not move `Downloads/x`" },
    ]);
    let value = json!({ "made": 2, "renamed": 0, "left": 5_000, "otherwise": named, "reasons": reasons });
    story.start(2).finish(900, Outcome::Done { value, note: "2 files moved, 5000 left as they were".into() });
    let summary =
        format!("2 files moved, 5000 left as they were, nothing deleted. Not done: `Downloads/0` is not there.{list}");
    story.then(1, Event::TaskFinished { result: Finish::Done { summary, data: Value::Null } });
    story
}

#[test]
fn what_was_left_is_counted_by_its_reason_and_what_was_made_by_the_journal() {
    let mut story = mostly_left("\n\n  Documents/ 212   Images/ 4790");
    let moved = |i: usize| Difference {
        path: format!("Downloads/Documents/{i}.pdf").parse().unwrap(),
        kind: FileKind::File,
        what: What::Moved { from: format!("Downloads/{i}.pdf").parse().unwrap(), edited: false },
        before: None,
        after: None,
        calls: vec![call_id()],
        undone: false,
    };
    assert!(left::is_in_doubt(story.screen.task.as_ref().unwrap()));
    story.screen.changed = Some(ChangeSet { changes: vec![moved(1), moved(2)], bytes_kept: 0 });
    let ends = story.end(&look(80)) + &story.end(&look(40)) + &story.end(&Look { spoken: true, ..pipe() });
    insta::assert_snapshot!("left", ends);
}

#[test]
fn a_run_that_changed_nothing_is_not_done_and_offers_no_undo() {
    let mut story = mostly_left("");
    story.screen.changed = Some(ChangeSet::default());
    let end = story.end(&look(80));
    assert!(end.contains("Nothing was changed. ") && !end.contains("Undo:") && !end.contains("Done"), "{end}");
}

#[test]
fn what_was_found_takes_a_line_each_and_leaves_the_end_in_sight() {
    let mut story = organising(Mode::Ask);
    let hit = |i: usize| format!("\n  Downloads/notes/{i}.txt:{i}  {}", "the lease ".repeat(20));
    let summary =
        format!("\u{201c}lease\u{201d} is in 500 lines.\n{}\n  and 492 more", (1..=40).map(hit).collect::<String>());
    story.then(1, Event::TaskFinished { result: Finish::Done { summary, data: Value::Null } });
    let end = story.end(&look(80));
    assert!(end.lines().count() <= 18, "{end}");
    assert!(end.contains("more lines: cowork show 7f3a12") && end.contains("Done"), "{end}");
    let piped = story.piped();
    assert!(piped.contains("and 492 more: cowork show 7f3a12"), "{piped}");
}
