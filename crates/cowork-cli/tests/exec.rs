//! `cowork exec`: a command in a sandbox, as a person runs it.
#![cfg(all(target_os = "linux", target_arch = "x86_64"))]
#![allow(clippy::unwrap_used, clippy::panic, reason = "a story that goes wrong ends")]

use std::{
    fs,
    io::Write,
    path::PathBuf,
    process::{Command, Output, Stdio},
};

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

    fn poem(&self) -> String {
        fs::read_to_string(self.desk.join("poem")).unwrap()
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
