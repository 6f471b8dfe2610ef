//! How runs end: done, in part, refused, failed, put down, undone.

use cowork::{Command, Error, Event, Finish, Kept, Kind, Mode, Outcome, UndoReport};
use serde_json::Value;

use super::{call_id, commanded, done, effects, look, organising};

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
