//! The command on a terminal: it asks, it can be answered from there and from elsewhere, and it leaves the terminal as it
//! was.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test says so by failing")]

mod support;

use rustix::process::Signal;
use support::{Place, terminal::Terminal};

const TASK: &str = "Organise these files by type";

fn organise(place: &Place) -> Vec<String> {
    ["run", "--folder", place.folder.to_str().unwrap(), TASK].map(str::to_owned).to_vec()
}

fn words(args: &[String]) -> Vec<&str> {
    args.iter().map(String::as_str).collect()
}

#[test]
fn it_asks_shows_everything_and_does_what_is_answered() {
    let place = Place::with_files();
    let args = organise(&place);
    let mut terminal = Terminal::run(&place, &words(&args), &[]);
    terminal.until("always here");
    assert!(terminal.seen.contains("\x1b[32m✓\x1b[0m"), "{}", terminal.seen);
    terminal.press("s");
    terminal.until("a.pdf → Documents/");
    terminal.press("q?");
    terminal.until("the question stays open");
    terminal.press("x");
    terminal.press("y");
    terminal.until("cowork undo");
    assert_eq!(terminal.end().code(), Some(0));
    assert!(place.folder.join("Documents/a.pdf").exists());
}

#[test]
fn a_replacement_shows_its_first_lines_before_and_after_at_the_question() {
    let place = Place::new();
    for n in 1..=7 {
        place.file(&format!("f{n}.txt"), &format!("hello\nserver: old.example.com, {n}\n"), 0o644, 1_500_000_000);
    }
    let wish = "replace \"old.example.com\" with \"new.example.com\"";
    let args = ["run", "--folder", place.folder.to_str().unwrap(), wish];
    let mut terminal = Terminal::run(&place, &args, &[]);
    let text = terminal.shows("the question", |text| text.contains("[y] yes"));
    for line in ["Downloads/f1.txt:2", "- server: old.example.com, 1", "+ server: new.example.com, 1"] {
        assert!(text.contains(line), "{line} is not on the screen:\n{text}");
    }
    terminal.press("n");
    assert_eq!(terminal.end().code(), Some(0));
}

#[test]
fn a_question_that_is_answered_elsewhere_goes_away() {
    let place = Place::with_files();
    let args = organise(&place);
    let mut terminal = Terminal::run(&place, &words(&args), &[]);
    terminal.until("always here");
    let asked = place.log().into_iter().find(|r| r["event"]["type"] == "permission_asked").unwrap();
    let call = asked["event"]["call"].as_str().unwrap();
    place.cowork(&["answer", &call[call.len() - 6..], "allow"]).ends(0).says("Done");
    terminal.until("cowork undo");
    assert_eq!(terminal.end().code(), Some(0));
}

#[test]
fn told_to_end_at_a_question_it_says_how_to_answer_later() {
    let place = Place::with_files();
    let before = place.tree();
    let args = organise(&place);
    let mut terminal = Terminal::run(&place, &words(&args), &[("NO_COLOR", "1")]);
    terminal.until("always here");
    assert!(!terminal.seen.contains("\x1b[3"), "no colour: {}", terminal.seen);
    terminal.signal(Signal::TERM);
    terminal.until("cowork answer");
    assert_eq!(terminal.end().code(), Some(130));
    assert_eq!(place.tree(), before);
}

#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
#[test]
fn interrupted_at_the_question_a_command_leaves_nothing() {
    let place = Place::with_files();
    let before = place.tree();
    let folder = place.folder.to_str().unwrap();
    for (signal, code) in [(Signal::INT, 130), (Signal::TERM, 143)] {
        let mut terminal = Terminal::run(&place, &["exec", "--folder", folder, "--", "touch", "new"], &[]);
        terminal.until("show all");
        let layers = || std::fs::read_dir(place.data().join("staged")).unwrap().map(|task| task.unwrap().path());
        let count = || layers().flat_map(|task| std::fs::read_dir(task).unwrap()).count();
        assert_eq!(count(), 1);
        terminal.signal(signal);
        assert_eq!(terminal.end().code(), Some(code), "{}", terminal.text());
        assert!(terminal.text().contains("ancelled"), "{}", terminal.text());
        assert_eq!((count(), place.tree()), (0, before.clone()));
    }
}

#[test]
fn a_terminal_that_can_only_append_is_asked_on_too() {
    let place = Place::with_files();
    let args = organise(&place);
    let mut terminal = Terminal::run(&place, &words(&args), &[("TERM", "dumb")]);
    terminal.until("always here");
    terminal.press("s");
    terminal.until("a.pdf → Documents/");
    terminal.press("n");
    terminal.end();
    assert!(!terminal.seen.contains('\x1b'), "{}", terminal.seen);
    assert!(place.folder.join("a.pdf").exists());
}

#[test]
fn undo_asks_first() {
    let place = Place::with_files();
    let before = place.tree();
    place.run(&["--mode", "auto", TASK]).ends(0);
    let after = place.tree();
    let mut terminal = Terminal::run(&place, &["undo"], &[]);
    terminal.until("leave it");
    terminal.press("n");
    terminal.until("Nothing was changed");
    assert_eq!(terminal.end().code(), Some(0));
    assert_eq!(place.tree(), after);
    let mut terminal = Terminal::run(&place, &["undo"], &[]);
    terminal.until("leave it");
    terminal.press("y");
    terminal.until("6 files given back, 4 folders taken away");
    assert_eq!(terminal.end().code(), Some(0));
    assert_eq!(place.tree(), before);
}

const SIZES: [(u16, u16); 3] = [(80, 24), (40, 12), (200, 50)];

/// A place whose question fits a small screen.
fn small() -> Place {
    let place = Place::new();
    place.file("lease.pdf", "x", 0o644, 1_500_000_000);
    place.file("photo.jpg", "y", 0o644, 1_500_000_000);
    place
}

fn is_asked(text: &str) -> bool {
    text.contains("[y]")
}

#[test]
fn a_question_fits_each_size_with_and_without_colour() {
    let place = small();
    let mut seen = Vec::new();
    for (columns, rows) in SIZES {
        let pictures = [&[][..], &[("NO_COLOR", "1")]].map(|set| {
            let args = organise(&place);
            let mut terminal = Terminal::sized(&place, &words(&args), set, (columns, rows));
            let text = terminal.shows("the question", is_asked);
            assert_eq!(terminal.seen.contains("\x1b[33mWants to"), set.is_empty(), "{}", terminal.seen);
            terminal.signal(Signal::TERM);
            assert_eq!(terminal.end().code(), Some(130));
            text
        });
        assert_eq!(pictures[0], pictures[1], "colour changes nothing but colour");
        seen.push(format!("{columns} x {rows}\n{}\n", pictures[0]));
    }
    insta::assert_snapshot!("question_at_each_size", seen.join("\n"));
}

#[test]
fn a_resize_in_the_middle_leaves_nothing_behind() {
    let place = small();
    for from in SIZES {
        for to in SIZES {
            let args = organise(&place);
            let mut fresh = Terminal::sized(&place, &words(&args), &[], to);
            let wanted = fresh.shows("the question", is_asked);
            fresh.signal(Signal::TERM);
            fresh.end();
            let mut terminal = Terminal::sized(&place, &words(&args), &[], from);
            terminal.shows("the question", is_asked);
            terminal.resize(to.0, to.1);
            let got = terminal.shows(&format!("{from:?} to {to:?}\n{wanted}"), |text| text.trim() == wanted.trim());
            assert_eq!(got.trim(), wanted.trim());
            terminal.press("n");
            terminal.until("Not done");
            terminal.end();
        }
    }
}

#[test]
fn what_was_typed_before_the_question_is_no_answer() {
    let place = small();
    let before = place.tree();
    let args = organise(&place);
    let mut terminal = Terminal::run(&place, &words(&args), &[]);
    terminal.press("yyyy");
    terminal.shows("the question", is_asked);
    // An answer would have been followed by now: this is read after it.
    terminal.press("?");
    terminal.shows("help", |text| text.contains("the question stays open"));
    assert_eq!(place.tree(), before);
    terminal.signal(Signal::INT);
    terminal.until("cowork answer");
    assert_eq!(terminal.end().code(), Some(130));
}

#[test]
fn a_screen_reader_gets_sentences_and_no_sign() {
    let place = small();
    let args = organise(&place);
    let mut terminal = Terminal::run(&place, &words(&args), &[("COWORK_SCREEN_READER", "1")]);
    terminal.until("a for always yes");
    terminal.press("y");
    terminal.end();
    let seen = terminal.seen.replace("\r\n", "\n");
    let undo = seen.rfind("cowork undo ").unwrap() + "cowork undo ".len();
    let seen = seen.replace(&seen[undo..undo + 6], "7f3a12");
    assert!(seen.is_ascii(), "{seen}");
    insta::assert_snapshot!("spoken", seen);
}

#[test]
fn a_locale_without_our_letters_gets_those_that_it_has() {
    let place = small();
    place.file("Übersicht.pdf", "z", 0o644, 1_500_000_000);
    let args = organise(&place);
    let mut terminal = Terminal::run(&place, &words(&args), &[("LANG", "de_DE.ISO-8859-1")]);
    let text = terminal.shows("the question", is_asked);
    assert!(terminal.seen.is_ascii(), "{}", terminal.seen);
    assert!(text.contains("> Documents/") && text.contains("?bersicht.pdf"), "{text}");
    terminal.press("n");
    terminal.end();
}

#[test]
fn a_screen_that_is_hardly_one_and_one_that_is_huge_are_filled_alike() {
    let place = small();
    for size in [(20, 8), (300, 90)] {
        let args = organise(&place);
        let mut terminal = Terminal::sized(&place, &words(&args), &[], size);
        let text = terminal.shows("the question", is_asked);
        assert!(text.lines().all(|l| l.chars().count() < size.0.into()), "{text}");
        terminal.press("n");
        terminal.until("Not done");
        terminal.end();
        let mut tasks = Terminal::sized(&place, &["tasks"], &[], size);
        tasks.end();
        assert!(tasks.text().lines().all(|l| l.chars().count() < size.0.into()), "{}", tasks.text());
        assert!(tasks.text().contains("not done"), "{}", tasks.text());
    }
}

#[test]
fn always_here_is_kept_for_this_tool_in_this_folder() {
    let place = Place::with_files();
    let args = organise(&place);
    let mut terminal = Terminal::run(&place, &words(&args), &[]);
    terminal.until("always here");
    terminal.press("a");
    terminal.until("cowork undo");
    assert_eq!(terminal.end().code(), Some(0));
    let settings = std::fs::read_to_string(place.home().join(".config/cowork/config.toml")).unwrap();
    let rule = format!("[[always]]\ntool = \"move_files\"\nfolder = {:?}\n", place.folder.to_str().unwrap());
    assert!(settings.ends_with(&rule), "{settings}");
    place.cowork(&["undo", "--yes"]).ends(0);
    // Nobody can be asked here: a question would end it with 3, as it does where the rule says nothing.
    place.cowork(&words(&args)).ends(0).says("Done");
    let other = place.home().join("Other");
    std::fs::create_dir(&other).unwrap();
    std::fs::write(other.join("a.pdf"), "a").unwrap();
    place.cowork(&["run", "--folder", other.to_str().unwrap(), TASK]).ends(3);
}

#[test]
fn a_yes_for_the_task_can_be_given_from_a_shell() {
    let place = Place::with_files();
    place.cowork(&words(&organise(&place))).ends(3);
    let asked = place.log().into_iter().find(|r| r["event"]["type"] == "permission_asked").unwrap();
    let call = asked["event"]["call"].as_str().unwrap();
    place.cowork(&["answer", &call[call.len() - 6..], "allow-task"]).ends(0).says("Done");
}

#[test]
fn a_preview_stands_above_its_question_line_by_line() {
    let place = Place::new();
    for n in 0..3 {
        place.file(&format!("{n}.md"), &format!("From Acme Ltd, {n}.\n"), 0o644, 1_500_000_000);
    }
    let folder = place.folder.to_str().unwrap();
    let args = ["run", "--folder", folder, "replace Acme Ltd with Globex in all text files"];
    let mut terminal = Terminal::run(&place, &args, &[]);
    let text = terminal.shows("the question", is_asked);
    let lines: Vec<&str> = text.lines().map(str::trim).collect();
    let at = lines.iter().position(|l| *l == "- From Acme Ltd, 0.").unwrap_or_else(|| panic!("{text}"));
    assert_eq!(lines[at + 1], "+ From Globex, 0.", "{text}");
    assert!(lines[at..].iter().any(|l| l.starts_with("Wants to replace")), "{text}");
    terminal.press("n");
    terminal.until("Nothing was changed.");
    assert_eq!(terminal.end().code(), Some(0));
    let task = place.cowork(&["tasks", "--json"]).records()[0]["task"].as_str().unwrap().to_owned();
    place.cowork(&["show", &task]).ends(0).says("+ From Globex, 0.").says("no to ");
}

#[test]
fn undo_asks_nothing_where_nothing_can_be_given_back() {
    let place = small();
    place.run(&["--mode", "auto", TASK]).ends(0);
    for (folder, name) in [("Documents", "lease.pdf"), ("Images", "photo.jpg")] {
        std::fs::write(place.folder.join(folder).join(name), "changed since").unwrap();
    }
    let after = place.tree();
    let mut terminal = Terminal::run(&place, &["undo"], &[]);
    terminal.until("Nothing was changed.");
    assert_eq!(terminal.end().code(), Some(0));
    assert!(!terminal.seen.contains("[y]"), "{}", terminal.seen);
    assert_eq!(place.tree(), after);
}
