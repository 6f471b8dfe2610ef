//! `cowork exec`: a command in a sandbox, as a person runs it.
#![cfg(all(target_os = "linux", target_arch = "x86_64"))]
#![allow(clippy::unwrap_used, clippy::panic, reason = "a story that goes wrong ends")]

use std::{
    fs,
    io::{BufRead, BufReader, Read, Write},
    path::PathBuf,
    process::{Child, ChildStdin, Command, Output, Stdio},
};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use tempfile::TempDir;

struct Place {
    at: TempDir,
    desk: PathBuf,
}

impl Place {
    fn new() -> Self {
        let at = TempDir::new().unwrap();
        let desk = at.path().join("Desk");
        fs::create_dir(&desk).unwrap();
        fs::write(desk.join("poem"), "two\none\n").unwrap();
        Self { at, desk }
    }

    fn cowork(&self, args: &[&str], input: &[u8]) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_cowork"));
        command.arg("--data").arg(self.at.path().join("data")).args(args).env("HOME", self.at.path());
        command.env_remove("OTEL_EXPORTER_OTLP_ENDPOINT");
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let mut stdin = child.stdin.take().unwrap();
        let input = input.to_vec();
        let give = std::thread::spawn(move || drop(stdin.write_all(&input)));
        let output = child.wait_with_output().unwrap();
        give.join().unwrap();
        output
    }

    fn exec(&self, options: &[&str], command: &[&str]) -> Output {
        let folder = self.desk.to_str().unwrap();
        let args = [&["exec", "--folder", folder], options, &["--"], command].concat();
        self.cowork(&args, b"")
    }

    /// Starts a command in a folder of its own that changes something, and waits until it has.
    fn begun(&self, folder: &str, options: &[&str]) -> Begun {
        let folder = self.at.path().join(folder);
        fs::create_dir_all(&folder).unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_cowork"));
        command.arg("--data").arg(self.at.path().join("data")).arg("exec").arg("--folder").arg(&folder).args(options);
        command.args(["--", "sh", "-c", "echo new > new; echo begun; cat"]).env("HOME", self.at.path());
        command.env_remove("OTEL_EXPORTER_OTLP_ENDPOINT");
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
        assert_eq!(line, "begun\n");
        Begun { input: child.stdin.take(), child, folder }
    }

    /// Gives where what commands changed is kept, for each call that has something.
    fn layers(&self) -> Vec<PathBuf> {
        let below = |at: PathBuf| fs::read_dir(at).into_iter().flatten().map(|entry| entry.unwrap().path());
        below(self.at.path().join("data/staged")).flat_map(below).collect()
    }

    fn poem(&self) -> String {
        fs::read_to_string(self.desk.join("poem")).unwrap()
    }
}

/// A command that goes on until its input ends.
struct Begun {
    child: Child,
    input: Option<ChildStdin>,
    folder: PathBuf,
}

impl Begun {
    fn sent(mut self, signal: Signal) -> (Option<i32>, String) {
        kill_process(Pid::from_child(&self.child), signal).unwrap();
        let mut said = String::new();
        self.child.stderr.take().unwrap().read_to_string(&mut said).unwrap();
        let code = self.child.wait().unwrap().code();
        // Until now it could have gone on.
        drop(self.input);
        (code, said)
    }

    fn ended(mut self) -> Output {
        drop(self.input.take());
        self.child.wait_with_output().unwrap()
    }
}

fn out(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn err(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

#[test]
fn streams_and_the_code_are_passed_through() {
    let place = Place::new();
    let came = place.exec(&[], &["sh", "-c", "cat poem; echo wrong >&2; exit 7"]);
    assert_eq!((came.status.code(), out(&came), err(&came)), (Some(7), "two\none\n".to_owned(), "wrong\n".to_owned()));
    let folder = place.desk.to_str().unwrap();
    let came = place.cowork(&["exec", "-f", folder, "--", "wc", "-c"], &[b'x'; 300_000]);
    assert_eq!(out(&came), "300000\n");
    let came = place.exec(&["--limit", "wall=1s"], &["sleep", "20"]);
    assert_eq!(came.status.code(), Some(124));
    assert!(err(&came).contains("its time was over"), "{}", err(&came));
    assert_eq!(place.exec(&[], &["sh", "-c", "kill -9 $$"]).status.code(), Some(137));
    let came = place.exec(&["--limit", "out=1k"], &["head", "-c", "5000", "/dev/zero"]);
    assert_eq!((came.stdout.len(), came.status.code()), (1024, Some(0)));
    assert_eq!(out(&place.exec(&[], &["printf", "%s|", "a b", "", "it's", "$HOME"])), "a b||it's|$HOME|");
}

#[test]
fn what_it_changed_is_asked_about_taken_over_and_given_back() {
    let place = Place::new();
    let sort = ["sort", "-o", "poem", "poem"];
    let came = place.exec(&[], &sort);
    assert_eq!(came.status.code(), Some(3), "nobody is there to be asked: {}", err(&came));
    assert!(out(&came).contains("Wants to keep 1 change"), "{}", out(&came));
    let lines = "    Desk/poem\n      + one\n        two\n      - one\n";
    assert!(out(&came).contains(lines), "what comes and goes is shown: {}", out(&came));
    assert_eq!(place.poem(), "two\none\n");
    assert_eq!(place.exec(&["--discard"], &sort).status.code(), Some(0));
    assert_eq!(place.poem(), "two\none\n");
    let came = place.exec(&["--commit"], &sort);
    assert!(err(&came).contains("Kept 1 change. Take it back: cowork undo"), "{}", err(&came));
    assert_eq!(place.poem(), "one\ntwo\n");
    assert!(place.cowork(&["undo", "--yes"], b"").status.success());
    assert_eq!(place.poem(), "two\none\n");
    let folder = format!("{}:rw", place.desk.display());
    assert!(place.cowork(&["exec", "-f", &folder, "--", "sort", "-o", "poem", "poem"], b"").status.success());
    assert_eq!(place.poem(), "one\ntwo\n");
    // Half of what a command was ended over, and what runs later, is asked about also here.
    let half = ["exec", "-f", &folder, "--limit", "wall=1s", "--", "sh", "-c", "echo half > poem; sleep 20"];
    assert_eq!(place.cowork(&half, b"").status.code(), Some(3));
    let hook = ["exec", "-f", &folder, "--", "sh", "-c", "mkdir .vscode; echo {} > .vscode/tasks.json"];
    assert_eq!(place.cowork(&hook, b"").status.code(), Some(3));
    assert_eq!(fs::read_dir(&place.desk).unwrap().count(), 1);
    let only = format!("{}:ro", place.desk.display());
    let came = place.cowork(&["exec", "-f", &only, "--", "touch", "new"], b"");
    assert!(err(&came).contains("Read-only file system"), "{}", err(&came));
}

#[test]
fn as_an_object_it_says_what_came_of_it() {
    let place = Place::new();
    let came =
        place.exec(&["--json", "--commit"], &["sh", "-c", "echo said; echo new > file; ln -s /etc/passwd out; exit 3"]);
    let told: Value = serde_json::from_str(&out(&came)).unwrap();
    assert_eq!(
        (came.status.code(), told["exit"].as_u64(), told["stdout"].as_str()),
        (Some(3), Some(3), Some("said\n"))
    );
    assert_eq!(told["changes"][0]["path"], "Desk/file");
    assert!(told["left_out"][0].as_str().unwrap().starts_with("Desk/out is a link"), "{told}");
    let came = place.exec(&["--json"], &["touch", "other"]);
    let told: Value = serde_json::from_str(&out(&came)).unwrap();
    assert_eq!(told["waiting"][0]["path"], "Desk/other", "{told}");
    assert_eq!(told["question"]["groups"][0]["examples"][0], "Desk/other", "{told}");
    assert_eq!((came.status.code(), told["exit"].as_u64()), (Some(3), Some(0)), "a script learns that it waits");
    assert_eq!((&told["cut"], &told["left_out"]), (&Value::from(false), &Value::from(Vec::<Value>::new())));
    let came = place.exec(&["--json", "--limit", "out=10"], &["echo", "more than ten"]);
    let told: Value = serde_json::from_str(&out(&came)).unwrap();
    assert_eq!((&told["stdout"], &told["cut"]), (&Value::from("more than "), &Value::from(true)));
}

#[test]
fn nothing_is_taken_over_that_is_to_be_discarded() {
    let place = Place::new();
    let folder = format!("{}:rw", place.desk.display());
    let came = place.cowork(&["exec", "-f", &folder, "--discard", "--", "rm", "poem"], b"");
    assert_eq!((came.status.code(), place.poem().as_str()), (Some(0), "two\none\n"), "{}", err(&came));
}

#[test]
fn every_change_is_shown_before_the_answer() {
    let place = Place::new();
    let line = "for n in $(seq 40); do echo $n > f$n; done; for n in $(seq 30); do mkdir d$n; echo > d$n/.bashrc; done";
    let came = place.exec(&[], &["sh", "-c", line]);
    assert!(out(&came).contains("more: show all of it to see them"), "{}", out(&came));
    let shown = out(&place.cowork(&["show"], b""));
    for n in 1..=40 {
        assert!(shown.contains(&format!("      Desk/f{n}\n")), "{n}: {shown}");
    }
    for n in 1..=30 {
        assert!(shown.contains(&format!("    Desk/d{n}/.bashrc runs")), "{n}: {shown}");
    }
}

#[test]
fn a_damaged_journal_is_called_that() {
    let place = Place::new();
    assert!(place.exec(&["--commit"], &["rm", "poem"]).status.success());
    let journal = fs::read_dir(place.at.path().join("data/journal")).unwrap().flatten();
    let log = journal.map(|task| task.path().join("log")).find(|log| log.exists()).unwrap();
    fs::OpenOptions::new().write(true).open(log).unwrap().set_len(10).unwrap();
    let came = place.cowork(&["undo", "--yes"], b"");
    assert_eq!(came.status.code(), Some(1));
    assert!(err(&came).contains("is damaged"), "{}", err(&came));
}

/// As a shell does with its own: who has read enough ends it.
#[test]
fn a_command_that_nobody_listens_to_is_ended() {
    let place = Place::new();
    let folder = place.desk.to_str().unwrap();
    let begin = |out: Stdio, err: Stdio| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_cowork"));
        command.arg("--data").arg(place.at.path().join("data")).args(["exec", "-f", folder, "--", "yes"]);
        command.env("HOME", place.at.path()).env_remove("OTEL_EXPORTER_OTLP_ENDPOINT");
        command.stdin(Stdio::null()).stdout(out).stderr(err).spawn().unwrap()
    };
    let mut child = begin(Stdio::piped(), Stdio::piped());
    child.stdout.take().unwrap().read_exact(&mut [0; 2]).unwrap();
    let came = child.wait_with_output().unwrap();
    assert_eq!(came.status.code(), Some(141), "{}", err(&came));
    assert!(err(&came).contains("Nobody reads what it says any more"), "{}", err(&came));
    // Nor does anybody hear why, where both streams are one.
    let (mut reader, writer) = std::io::pipe().unwrap();
    let mut child = begin(writer.try_clone().unwrap().into(), writer.into());
    reader.read_exact(&mut [0; 2]).unwrap();
    drop(reader);
    assert_eq!(child.wait().unwrap().code(), Some(141));
    let full = fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    let came = begin(full.into(), Stdio::piped()).wait_with_output().unwrap();
    assert_eq!(came.status.code(), Some(1));
    assert!(err(&came).contains("can't be written: No space left"), "{}", err(&came));
}

#[test]
fn what_was_used_up_is_said() {
    let place = Place::new();
    let came = place.exec(&["--limit", "cpu=1s"], &["sh", "-c", "while :; do :; done"]);
    assert_eq!(came.status.code(), Some(137));
    assert!(err(&came).contains("processor time. Give it more: --limit cpu=2s"), "{}", err(&came));
    let came = place.exec(&["--limit", "wall=1s"], &["sleep", "20"]);
    assert!(err(&came).contains("Give it more: --limit wall=2s"), "{}", err(&came));
}

#[test]
fn what_is_off_says_what_to_do() {
    let place = Place::new();
    let file = place.desk.join("poem");
    let file = file.to_str().unwrap();
    for (args, words) in [
        (vec!["exec", "--", "true"], "needs a folder"),
        (vec!["exec", "-f", "/nowhere", "--", "true"], "is not there"),
        (vec!["exec", "-f", file, "--", "true"], "not a folder"),
        (vec!["exec", "-f", "/", "--", "true"], "said twice"),
        (vec!["exec", "-f", ".", "--limit", "wall", "--", "true"], "has no value"),
        (vec!["exec", "-f", ".", "--limit", "mem=1k", "--", "true"], "less than 4m"),
        (vec!["exec", "-f", ".", "--limit", "speed=1", "--", "true"], "none that there is"),
        (vec!["exec", "-f", ".", "--net", "a:99999", "--", "true"], "port that there can't be"),
        (vec!["exec", "-f", "."], "CMD"),
    ] {
        let mut command = vec!["exec"];
        command.extend(&args[1..]);
        let came = Command::new(env!("CARGO_BIN_EXE_cowork"))
            .arg("--data")
            .arg(place.at.path().join("data"))
            .args(command)
            .current_dir(&place.desk)
            .env("HOME", place.at.path())
            .output()
            .unwrap();
        assert_eq!(came.status.code(), Some(2), "{args:?}: {}", err(&came));
        assert!(err(&came).contains(words), "{args:?}: {}", err(&came));
    }
}

#[test]
fn an_interrupted_command_leaves_nothing() {
    let place = Place::new();
    for (signal, code) in [(Signal::INT, 130), (Signal::TERM, 143), (Signal::HUP, 129)] {
        for options in [&[][..], &["--commit"]] {
            let begun = place.begun("In", options);
            assert_eq!(place.layers().len(), 1);
            let (ended, said) = begun.sent(signal);
            assert_eq!(ended, Some(code), "{said}");
            let line = "  Interrupted: the command was ended, and nothing of what it changed is kept\n";
            assert_eq!(said, line);
            assert_eq!(place.layers(), Vec::<PathBuf>::new());
            assert_eq!(fs::read_dir(place.at.path().join("In")).unwrap().count(), 0);
        }
    }
}

#[test]
fn what_a_killed_host_left_goes_at_once_and_what_another_has_stays() {
    let place = Place::new();
    let [killed, live] = ["Killed", "Live"].map(|folder| place.begun(folder, &["--commit"]));
    let asked = place.exec(&[], &["sort", "-o", "poem", "poem"]);
    assert_eq!(asked.status.code(), Some(3), "{}", err(&asked));
    assert_eq!(place.layers().len(), 3);
    killed.sent(Signal::KILL);
    assert_eq!(place.layers().len(), 3);
    fs::create_dir(place.at.path().join("Other")).unwrap();
    let other = place.at.path().join("Other");
    let came = place.cowork(&["exec", "--folder", other.to_str().unwrap(), "--", "true"], b"");
    assert_eq!(came.status.code(), Some(0), "{}", err(&came));
    let kept = place.layers();
    assert_eq!(kept.len(), 2, "that of who lives, and what waits for an answer: {kept:?}");
    assert_eq!(fs::read_dir(place.at.path().join("Killed")).unwrap().count(), 0);
    let folder = live.folder.clone();
    let came = live.ended();
    assert!(err(&came).contains("Kept 1 change"), "{}", err(&came));
    assert_eq!(fs::read_to_string(folder.join("new")).unwrap(), "new\n");
    let told = out(&asked);
    let call = told.split_once("cowork answer ").unwrap().1.split(' ').next().unwrap();
    let came = place.cowork(&["answer", call, "allow"], b"");
    assert!(came.status.success(), "{}", err(&came));
    assert_eq!(place.poem(), "one\ntwo\n");
}
