//! The command on a terminal: it asks, it can be answered from there and from elsewhere, and it leaves the terminal as it
//! was.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test says so by failing")]

mod support;

use std::{
    fs::File,
    io::{Read, Write},
    process::{Child, ExitStatus},
};

use rustix::{
    process::{Pid, Signal, kill_process},
    pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt},
    termios::{LocalModes, Winsize, tcgetattr, tcsetwinsize},
};
use support::Place;

const TASK: &str = "Organise these files by type";

/// A command on a terminal of 80 columns and 24 rows.
struct Terminal {
    screen: File,
    /// Kept open, so that what was written last can be read after the command has ended.
    line: File,
    child: Child,
    seen: String,
}

impl Terminal {
    fn run(place: &Place, args: &[&str], set: &[(&str, &str)]) -> Self {
        let screen = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
        grantpt(&screen).unwrap();
        unlockpt(&screen).unwrap();
        tcsetwinsize(&screen, Winsize { ws_row: 24, ws_col: 80, ws_xpixel: 0, ws_ypixel: 0 }).unwrap();
        let name = ptsname(&screen, Vec::new()).unwrap();
        let line = File::options().read(true).write(true).open(name.to_str().unwrap()).unwrap();
        let mut command = place.command(args);
        command.env("TERM", "xterm-256color").env("LANG", "C.UTF-8").envs(set.iter().copied());
        command.stdin(line.try_clone().unwrap()).stdout(line.try_clone().unwrap()).stderr(line.try_clone().unwrap());
        Self { screen: screen.into(), line, child: command.spawn().unwrap(), seen: String::new() }
    }

    /// Reads on until this is seen. That it never is would be a hang, which the test runner ends.
    fn until(&mut self, what: &str) {
        let mut bytes = [0; 4_096];
        let from = self.seen.len();
        while !self.seen[from..].contains(what) {
            let n = self.screen.read(&mut bytes).unwrap();
            assert!(n > 0, "{what:?} was not seen in:\n{}", self.seen);
            self.seen.push_str(&String::from_utf8_lossy(&bytes[..n]));
        }
    }

    fn press(&mut self, keys: &str) {
        self.screen.write_all(keys.as_bytes()).unwrap();
    }

    fn end(&mut self) -> ExitStatus {
        let status = self.child.wait().unwrap();
        let modes = tcgetattr(&self.line).unwrap().local_modes;
        assert!(modes.contains(LocalModes::ICANON | LocalModes::ECHO), "the terminal is as it was");
        status
    }
}

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
    terminal.until("show all");
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
fn a_question_that_is_answered_elsewhere_goes_away() {
    let place = Place::with_files();
    let args = organise(&place);
    let mut terminal = Terminal::run(&place, &words(&args), &[]);
    terminal.until("show all");
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
    terminal.until("show all");
    assert!(!terminal.seen.contains("\x1b[3"), "no colour: {}", terminal.seen);
    kill_process(Pid::from_child(&terminal.child), Signal::TERM).unwrap();
    terminal.until("cowork answer");
    assert_eq!(terminal.end().code(), Some(130));
    assert_eq!(place.tree(), before);
}

#[test]
fn a_terminal_that_can_only_append_is_asked_on_too() {
    let place = Place::with_files();
    let args = organise(&place);
    let mut terminal = Terminal::run(&place, &words(&args), &[("TERM", "dumb")]);
    terminal.until("show all");
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
    terminal.until("6 changes given back");
    assert_eq!(terminal.end().code(), Some(0));
    assert_eq!(place.tree(), before);
}
