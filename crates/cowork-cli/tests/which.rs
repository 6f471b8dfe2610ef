//! Words that leave open which playbook is meant: at a terminal it is asked, elsewhere it is an error that says how to say it.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test says so by failing")]

mod support;

use std::fs;

use rustix::process::Signal;
use serde_json::{Value, json};
use support::{Place, terminal::Terminal};

/// It could be the empty folders alone, or the duplicates too.
const OPEN: &str = "delete the empty folders and the other junk nobody needs";
const PROMPT: &str = "  > ";

/// A place with an empty folder, a temporary file and something else.
fn place() -> Place {
    let place = Place::new();
    fs::create_dir(place.folder.join("old")).unwrap();
    place.file("lease.pdf", "x", 0o644, 1_500_000_000);
    place.file("a.tmp", "y", 0o644, 1_500_000_000);
    place
}

fn start(place: &Place, set: &[(&str, &str)], size: (u16, u16)) -> Terminal {
    Terminal::sized(place, &["run", "--folder", place.folder.to_str().unwrap(), OPEN], set, size)
}

/// What the task that was submitted tells its planner.
fn told(place: &Place) -> Value {
    let submitted = place.log().into_iter().find(|r| r["event"]["command"]["type"] == "submit").unwrap();
    submitted["event"]["command"]["planner"].clone()
}

/// Nothing was submitted, and nothing was changed.
fn nothing_was_run(place: &Place, before: &support::Tree) {
    assert_eq!(place.tree(), *before);
    assert_eq!(place.cowork(&["tasks", "--json"]).ends(0).out.trim(), "");
}

#[test]
fn the_number_is_taken_and_recorded_like_the_name_of_a_playbook() {
    let place = place();
    let mut terminal = start(&place, &[], (80, 24));
    terminal.until(PROMPT);
    terminal.press("7\n");
    terminal.until("7 is none of them. Type 1 or a name, or n for none: then nothing is run.\r\n  > ");
    terminal.press("1\n");
    terminal.until("always here");
    let text = terminal.text();
    assert!(text.contains("Look for empty folders") && !text.contains("Look for temp"), "{text}");
    assert!(text.contains("Set these aside") && text.contains("1 empty folder"), "{text}");
    terminal.press("y");
    terminal.until("cowork undo");
    assert_eq!(terminal.end().code(), Some(0));
    assert!(!place.folder.join("old").exists() && place.folder.join("a.tmp").exists());
    assert_eq!(
        told(&place),
        json!({ "name": "playbook", "playbook": "clean-up", "params": { "what": "empty-folders" } })
    );
}

#[test]
fn the_name_is_taken_too() {
    let place = place();
    let mut terminal = start(&place, &[], (80, 24));
    terminal.until(PROMPT);
    terminal.press("clean-up\n");
    terminal.until("always here");
    terminal.press("n");
    terminal.end();
    assert!(place.folder.join("old").exists());
    assert_eq!(told(&place)["playbook"], "clean-up");
}

#[test]
fn none_the_end_of_the_input_and_an_interruption_run_nothing() {
    let place = place();
    let before = place.tree();
    for (typed, code) in [("n\n", 0), ("\n", 0), ("\u{4}", 130)] {
        let mut terminal = start(&place, &[], (80, 24));
        terminal.until(PROMPT);
        terminal.press(typed);
        terminal.until("Nothing was run.");
        assert_eq!(terminal.end().code(), Some(code), "{typed:?}");
        nothing_was_run(&place, &before);
    }
    let mut terminal = start(&place, &[], (80, 24));
    terminal.until(PROMPT);
    terminal.signal(Signal::INT);
    terminal.until("Nothing was run.");
    assert_eq!(terminal.end().code(), Some(130));
    nothing_was_run(&place, &before);
}

#[test]
fn the_question_fits_and_is_read_out() {
    let place = place();
    let mut seen = Vec::new();
    for (set, size) in
        [(&[][..], (80, 24)), (&[("NO_COLOR", "1")], (40, 24)), (&[("COWORK_SCREEN_READER", "1")], (80, 24))]
    {
        let mut terminal = start(&place, set, size);
        terminal.until(PROMPT);
        assert_eq!(terminal.seen.contains('\x1b'), set.is_empty(), "{}", terminal.seen);
        seen.push(format!("{set:?} {} columns\n{}", size.0, terminal.text()));
        terminal.press("n\n");
        terminal.end();
    }
    insta::assert_snapshot!("which", seen.join("\n\n"));
}

#[test]
fn where_nobody_can_be_asked_the_candidates_are_named() {
    let place = place();
    let before = place.tree();
    let said = place.cowork(&["run", "--folder", place.folder.to_str().unwrap(), OPEN]).ends(1);
    said.says("clean-up").says("--playbook");
    assert_eq!(place.tree(), before);
    // With --yes nobody is there either, terminal or not.
    let args = ["run", "--yes", "--folder", place.folder.to_str().unwrap(), OPEN];
    let mut terminal = Terminal::run(&place, &args, &[]);
    terminal.until("--playbook");
    assert_ne!(terminal.end().code(), Some(0));
    assert_eq!(place.tree(), before);
}

#[test]
fn what_is_mistyped_is_guessed_but_not_run() {
    let place = place();
    let before = place.tree();
    let folder = place.folder.to_str().unwrap();
    let run = |more: &[&str]| place.cowork(&[&["run", "--folder", folder], more].concat());
    run(&["--playbook", "organize-files"]).says("Did you mean `organise`? ").says("`cowork playbook list` shows all");
    run(&["--playbook", "clean-up", "--param", "waht=all"]).says("did you mean `what`? ").says("older_than");
    run(&["--playbook", "clean-up", "--param", "what=temporary,instalers"]).says("did you mean `installers`?");
    place.cowork(&["playbook", "show", "oragnise"]).says("did you mean `organise`? ");
    place.cowork(&["playbook", "run", "oragnise", "--folder", folder]).says("did you mean `organise`? ");
    place.cowork(&["run", "Organise these files by type"]).says("--folder DIR");
    assert_eq!(place.tree(), before);
}
