//! The first run on a terminal: it asks, shows what is set, and writes nothing before its end.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test says so by failing")]

mod support;

use std::{
    fs::{self, File},
    io::{Read, Write},
    process::Child,
};

use rustix::{
    event::{PollFd, PollFlags, Timespec, poll},
    pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt},
    termios::{Winsize, tcsetwinsize},
};
use support::Place;

const PATIENCE: Timespec = Timespec { tv_sec: 30, tv_nsec: 0 };

/// `cowork init` on a terminal of 80 columns.
struct Asked {
    screen: File,
    line: File,
    child: Child,
    seen: String,
}

impl Asked {
    fn begin(place: &Place) -> Self {
        let screen = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
        grantpt(&screen).unwrap();
        unlockpt(&screen).unwrap();
        tcsetwinsize(&screen, Winsize { ws_row: 40, ws_col: 80, ws_xpixel: 0, ws_ypixel: 0 }).unwrap();
        let name = ptsname(&screen, Vec::new()).unwrap();
        let line = File::options().read(true).write(true).open(name.to_str().unwrap()).unwrap();
        let mut command = place.command(&["init"]);
        command.env("TERM", "dumb").env("LANG", "C.UTF-8").env("SHELL", "/usr/bin/fish");
        command.stdin(line.try_clone().unwrap()).stdout(line.try_clone().unwrap()).stderr(line.try_clone().unwrap());
        Self { screen: screen.into(), line, child: command.spawn().unwrap(), seen: String::new() }
    }

    /// Reads on until this is seen; one that asks for something else waits for ever.
    fn sees(&mut self, what: &str) -> &mut Self {
        let mut bytes = [0; 4_096];
        while !self.seen.contains(what) {
            let ready = poll(&mut [PollFd::new(&self.screen, PollFlags::IN)], Some(&PATIENCE)).unwrap();
            if ready == 0 {
                self.child.kill().unwrap();
                panic!("no “{what}” in:\n{}", self.seen);
            }
            let n = self.screen.read(&mut bytes).unwrap();
            self.seen.push_str(&String::from_utf8_lossy(&bytes[..n]));
        }
        let end = self.seen.find(what).unwrap() + what.len();
        self.seen.drain(..end);
        self
    }

    fn types(&mut self, text: &str) -> &mut Self {
        self.screen.write_all(format!("{text}\n").as_bytes()).unwrap();
        self
    }

    fn ends(mut self) {
        assert!(self.child.wait().unwrap().success());
        drop(self.line);
    }
}

#[test]
fn it_asks_for_each_thing_shows_what_is_set_and_writes_at_the_end() {
    let place = Place::with_files();
    ["Documents", "Desktop", "taxes"].iter().for_each(|d| fs::create_dir(place.home().join(d)).unwrap());
    let config = place.home().join(".config/cowork/config.toml");
    let mut asked = Asked::begin(&place);
    asked.sees("1 of 4").sees("[x] downloads").sees("3 [x] desktop").sees("> ").types("3");
    asked.sees("3 [ ] desktop").sees("> ").types("nowhere").sees("no whole path").sees("> ").types("~/taxes");
    asked.sees("4 [x] taxes").sees("> ").types("");
    asked.sees("2 of 4").sees("1 [x] ask").sees("> ").types("3");
    asked.sees("3 of 4").sees("nothing is sent anywhere").sees("0 [x] none").sees("> ").types("sonnet");
    asked.sees("there is no model `sonnet`").sees("> ").types("anthropic/claude-sonnet-5-5");
    asked.sees("Goes to api.anthropic.com").sees("It wants a key").sees("> ").types("two words");
    asked.sees("is no key").sees("> ").types("sk-test-0123456789");
    asked.sees("4 of 4").sees("fish");
    assert!(!config.exists(), "nothing is written before the end");
    asked
        .sees("> ")
        .types("y")
        .sees("Wrote")
        .sees("config.toml")
        .sees("keys/anthropic")
        .sees("cowork.fish")
        .sees("playbook list");
    asked.ends();
    let written = fs::read_to_string(&config).unwrap();
    assert!(written.contains("mode = \"auto\"") && written.contains("taxes = \"~/taxes\""), "{written}");
    assert!(!written.contains("esktop"), "{written}");
    assert!(written.contains("model = \"anthropic/claude-sonnet-5-5\"") && !written.contains("sk-test"), "{written}");
    assert_eq!(fs::read_to_string(place.home().join(".config/cowork/keys/anthropic")).unwrap(), "sk-test-0123456789\n");
    assert!(place.home().join(".config/fish/completions/cowork.fish").exists());

    let mut again = Asked::begin(&place);
    again.sees("[x] documents").sees("[x] taxes").sees("[ ] desktop").sees("> ").types("s");
    again.sees("3 [x] auto").sees("> ").types("s").sees("1 [x] anthropic/claude-sonnet-5-5").sees("> ").types("0");
    again.sees("> ").types("q").sees("Nothing was written");
    again.ends();
    for (typed, then) in [("q", "Nothing was written"), ("\u{3}", "Nothing was written"), ("s", "4 of 4")] {
        let mut left = Asked::begin(&place);
        left.sees("> ").types("s").sees("> ").types("s").sees("> ").types("mistral/mistral-large-latest");
        left.sees("It wants a key").sees("> ").types(typed).sees(then);
        if typed == "s" {
            left.sees("> ").types("q").sees("Nothing was written");
        }
        left.ends();
        assert_eq!(fs::read_to_string(&config).unwrap(), written);
        assert!(!place.home().join(".config/cowork/keys/mistral").exists(), "what leaves or skips is no key");
    }
}

#[test]
fn what_was_always_allowed_is_taken_back_one_by_one() {
    let place = Place::with_files();
    let config = place.home().join(".config/cowork/config.toml");
    fs::create_dir_all(config.parent().unwrap()).unwrap();
    let rule = |tool: &str| format!("[[always]]\ntool = \"{tool}\"\nfolder = {:?}\n", place.folder.to_str().unwrap());
    fs::write(&config, format!("# mine\nmode = \"ask\"\n\n{}\n{}", rule("move_files"), rule("set_aside"))).unwrap();
    let mut asked = Asked::begin(&place);
    asked.sees("1 of 5").sees("> ").types("").sees("2 of 5").sees("> ").types("");
    asked.sees("3 of 5").sees("1 [x] moving in").sees("2 [x] setting aside in").sees("> ").types("7");
    asked.sees("none of them").sees("> ").types("1").sees("1 [ ] moving in").sees("2 [x] setting aside").sees("> ");
    assert!(fs::read_to_string(&config).unwrap().contains("move_files"), "nothing is written before the end");
    asked
        .types("")
        .sees("4 of 5")
        .sees("> ")
        .types("")
        .sees("5 of 5")
        .sees("> ")
        .types("n")
        .sees("Wrote")
        .sees("playbook list");
    asked.ends();
    let written = fs::read_to_string(&config).unwrap();
    assert!(written.contains("set_aside") && written.contains("# mine"), "{written}");
    assert!(!written.contains("move_files"), "{written}");
    // It asks again: without anybody to ask the task ends there.
    place.run(&["Organise these files by type"]).ends(3);
}
