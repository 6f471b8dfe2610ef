//! What is asked, and all that can be seen of it before the answer.

use cowork::{Call, Command, Decision, Event, Hash, Mode, StepState};
use serde_json::json;

use super::{LOOK, MOVE, Story, asking, call_id, colourful, commanded, done, look, moves, organising, written};
use crate::{
    keys::Offered,
    look::Look,
    render::{ask, pager::Pager, whole},
};

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
    let args_hash = Hash::of_call("move_files", &moves().into());
    story.then(3_600_000, commanded(Command::Answer { call: call_id(), args_hash, answer }));
    assert!(story.screen.asks.is_empty(), "answered from wherever, the question goes away");
    story.start(3);
    done(&mut story);
    assert!(story.end(&look(80)).contains("Done in 3.2 s."), "{}", story.end(&look(80)));
}

#[test]
fn a_part_of_the_task_that_asks_is_named() {
    let mut story = organising(Mode::Ask);
    asking(&mut story);
    let mut asked = story.screen.asks[0].clone();
    asked.subtask = Some("Invoices of 2023".into());
    let shown = written(&ask::question(&asked, &look(80), 20), &look(80));
    assert!(shown.contains("The part \"Invoices of 2023\" wants to"), "{shown}");
}

#[test]
fn a_question_that_comes_while_another_is_seen_waits_behind_it() {
    let mut story = organising(Mode::Ask);
    asking(&mut story);
    let seen = story.screen.asks[0].clone();
    let mut came = seen.clone();
    (came.call.id, came.subtask) = ("00000000-0000-7000-8000-000000000077".parse().unwrap(), Some("Pictures".into()));
    story.screen.asked(vec![came.clone(), seen.clone()]);
    assert_eq!(story.screen.asks, [seen, came.clone()]);
    story.screen.asked(vec![came.clone()]);
    assert_eq!(story.screen.asks, [came], "what was answered is asked no more");
}

#[test]
fn everything_that_is_asked_about_can_be_paged_through() {
    let mut story = organising(Mode::Ask);
    asking(&mut story);
    let look = Look { height: 12, ..look(60) };
    let mut pager = Pager::new(&whole::all(&story.screen.asks[0]), &look);
    let first = written(&pager.frame(&look), &look);
    while pager.on(&look) {}
    insta::assert_snapshot!("ask_all", first + &written(&pager.frame(&look), &look));
}

#[test]
fn texts_that_are_asked_about_are_shown_whole() {
    let mut story = organising(Mode::Ask);
    asking(&mut story);
    let mut asked = story.screen.asks[0].clone();
    asked.effects.preview.notes.clear();
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
        (
            json!({ "moves": [{ "from": "Docs", "to": "Docs/Old", "names": ["a", "b\u{1b}"] }, { "from": "Docs/c", "to": "Docs/d" }] }),
            vec!["a → Old/", "b\\u{1b} → Old/", "c → d"],
        ),
        (json!({}), vec!["no arguments"]),
    ] {
        asked.call.args = args.into();
        let look = Look { height: 40, ..look(60) };
        let pager = Pager::new(&whole::all(&asked), &look);
        let page = written(&pager.frame(&look), &look);
        let shown: Vec<&str> = page.lines().map(str::trim).filter(|l| !l.is_empty()).collect();
        assert_eq!(shown[..shown.len() - 1], lines.iter().map(|l| l.trim()).collect::<Vec<_>>()[..], "{page}");
    }
}

#[test]
fn every_answer_that_is_offered_has_its_key_at_any_width() {
    let all = Offered { task: true, always: true };
    let keys = |width| written(&[ask::keys(all, "move_files", &look(width))], &look(width));
    assert_eq!(
        keys(110),
        "  [y] yes   [n] no   [s] show all   [t] yes to all in this task   [a] always in this folder: moving   ?\n"
    );
    assert_eq!(keys(80), "  [y] yes  [n] no  [s] show  [t] this task  [a] always here: moving  ?\n");
    for width in 23..120 {
        let shown = keys(width);
        assert!(["[y]", "[n]", "[s]", "[t]", "[a]", "?"].iter().all(|key| shown.contains(key)), "{width}: {shown}");
    }
    assert!(!written(&[ask::keys(Offered::default(), "x", &look(100))], &look(100)).contains("[t]"));
    let of = |offered| ask::help(offered, "x", false, &look(80));
    assert_eq!((of(all).len(), of(Offered::default()).len()), (8, 4));
    assert!(of(all).iter().all(|line| line.width() <= 80), "{:?}", of(all));
}

const PREVIEW: &str = "“Acme Ltd” becomes “Globex” in 22 lines in 13 files.\n  contracts/contract 0.md:3\n    - Between Acme Ltd and client 0.\n    + Between Globex and client 0.\n  contracts/contract 1.md:3\n    - Between Acme Ltd and client 1.\n    + Between Globex and client 1.\n  notes/\u{1b}[2Jideas.txt:1\n    - Acme Ltd could sell lemonade, and all that goes with it, in every town along the coast.\n    + Globex could sell lemonade, and all that goes with it, in every town along the coast.\n  and 10 files more";

fn previewed() -> Story {
    let mut story = Story::of("Replace Acme Ltd with Globex", Mode::Ask);
    story.decide(3, &[(LOOK, StepState::Done, "22 lines in 13 files"), (MOVE, StepState::Active, "")], None);
    let calls = vec![Call { id: call_id(), tool: "move_files".into(), args: moves().into() }];
    story.then(5, Event::Decided(Decision { say: Some(PREVIEW.into()), calls, ..Decision::default() }.into()));
    asking(&mut story);
    story
}

#[test]
fn what_is_said_before_a_question_is_read_before_it_is_answered() {
    let mut story = previewed();
    let pipe = story.piped();
    story.screen.prompting = true;
    let of = |width, height| story.frame(&Look { height, ..look(width) });
    let sizes = [(80, 40), (80, 24), (40, 24), (80, 12)].map(|(w, h)| format!("{w} x {h}\n{}", of(w, h)));
    insta::assert_snapshot!("said", sizes.join("\n"));
    insta::assert_snapshot!("said_colour", story.frame(&Look { height: 40, ..colourful() }));
    insta::assert_snapshot!("said_pipe", pipe);
    let all = whole::shown(&story.screen.asks[0], story.screen.said_with(call_id()), 120);
    assert_eq!(all[10..13], ["  and 10 files more", "", "invoice-1.pdf → Documents/"]);
}

#[test]
fn what_is_said_never_pushes_a_question_off_the_screen() {
    let mut story = previewed();
    story.screen.prompting = true;
    for width in [24, 40, 60, 80, 200] {
        for height in 12..40 {
            let shown = story.frame(&Look { height, ..look(width) });
            assert!(shown.lines().count() < height, "{width} x {height}\n{shown}");
            assert!(width < 40 || shown.contains("Wants to move 467 files"), "{width} x {height}\n{shown}");
            assert!(shown.contains("[y]"), "{width} x {height}\n{shown}");
            let whole = shown.contains("and 10 files more");
            assert!(whole || height < 34 || width < 80, "{width} x {height}\n{shown}");
            let hint = shown.contains("more lines: [s]");
            assert!(whole || hint || height < if width < 40 { 24 } else { 16 }, "{width} x {height}\n{shown}");
        }
    }
}

#[test]
fn a_long_question_is_broken_between_words_and_not_cut() {
    let mut story = organising(Mode::Ask);
    asking(&mut story);
    story.screen.asks[0].effects.preview.title = "write Documents/Letters/Folder report 2026-11-21.csv (1.3 KB)".into();
    let shown = story.frame(&look(70));
    let lines: Vec<&str> = shown.lines().map(str::trim).collect();
    let at = lines.iter().position(|l| l.starts_with("Wants")).unwrap();
    let wanted = ["Wants to write Documents/Letters/Folder report 2026-11-21.csv (1.3", "KB)", "can be undone"];
    assert_eq!(lines[at..at + 3], wanted, "{shown}");
}
