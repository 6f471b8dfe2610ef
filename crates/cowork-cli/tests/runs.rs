//! Whole runs of the real command, on real folders.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test says so by failing")]

mod support;

use std::{
    io::{BufRead, BufReader, Read},
    process::Stdio,
};

use rustix::process::{Pid, Signal, kill_process};
use support::{Place, Said, without_folder_times};

const TASK: &str = "Organise these files by type";

fn call_of(said: &Said) -> String {
    let line = said.out.lines().find(|l| l.contains("cowork answer")).unwrap_or_else(|| panic!("{}", said.out));
    line.split_whitespace().nth_back(1).unwrap().to_owned()
}

#[test]
fn a_folder_is_organised_and_given_back_as_it_was() {
    let place = Place::with_files();
    let before = place.tree();
    let said = place.run(&["--mode", "auto", TASK]).ends(0).says("Done").says("cowork undo");
    assert!(place.folder.join("Images/b b.jpg").exists() && !place.folder.join("a.pdf").exists());
    let undo = said.out.lines().last().unwrap().trim().trim_start_matches("Undo:").trim().to_owned();
    let words: Vec<&str> = undo.split(' ').skip(1).chain(["--yes"]).collect();
    place.cowork(&words).ends(0).says("Undone. 6 files given back, 4 folders taken away.");
    assert_eq!(place.tree(), before);
    place.cowork(&["undo", "--yes"]).ends(2).says("no task has changed anything").briefly();
    place.cowork(&words).ends(2).says("was undone already");
}

#[test]
fn json_is_the_records_and_nothing_else() {
    let place = Place::with_files();
    let said = place.run(&["--mode", "auto", "--json", TASK]).ends(0);
    let records = said.records();
    let seqs: Vec<u64> = records.iter().map(|r| r["seq"].as_u64().unwrap()).collect();
    assert_eq!(seqs, (seqs[0]..seqs[0] + seqs.len() as u64).collect::<Vec<_>>());
    assert_eq!(records[0]["event"]["command"]["type"], "submit");
    assert_eq!(records.last().unwrap()["event"]["type"], "task_finished");
    let task = records[0]["task"].as_str().unwrap();
    assert!(records.iter().all(|r| r["task"] == task));
    assert_eq!(records[..], place.log()[1..], "the log has what was shown, after the record that opened the thread");
    let undone = place.cowork(&["undo", "--yes", "--json", task]).ends(0).records();
    assert_eq!(undone[0]["event"]["command"]["type"], "undo");
    assert_eq!(undone.last().unwrap()["event"]["type"], "undo_finished");
    assert_eq!(undone.last().unwrap()["task"], task);
}

#[test]
fn a_question_in_a_pipe_waits_and_can_be_answered() {
    let place = Place::with_files();
    let before = place.tree();
    let said = place
        .run(&[TASK])
        .ends(3)
        .says("Wants to move 6 files")
        .says("can be undone")
        .says("To allow it: cowork answer");
    assert_eq!(place.tree(), before);
    place.cowork(&["tasks"]).ends(0).says("waiting");
    place.cowork(&["resume"]).ends(0).says("cowork answer").says("Nothing was interrupted.");
    place.cowork(&["answer", &call_of(&said), "allow"]).ends(0).says("Done");
    assert!(place.folder.join("Images/b b.jpg").exists());
    place.cowork(&["answer", &call_of(&said), "allow"]).ends(2).says("no question").briefly();
}

#[test]
fn a_question_that_is_answered_with_no_changes_nothing() {
    let place = Place::with_files();
    let before = place.tree();
    let said = place.run(&[TASK]).ends(3);
    place.cowork(&["answer", &call_of(&said), "deny"]);
    assert_eq!(place.tree(), before);
    place.cowork(&["show", &place.last_task()]).ends(0).says("you said no");
}

#[test]
fn an_answer_can_be_left_for_later_work() {
    let place = Place::with_files();
    let before = place.tree();
    let said = place.run(&[TASK]).ends(3);
    place.cowork(&["answer", &call_of(&said), "allow", "--no-wait"]).ends(0).says("cowork resume");
    assert_eq!(place.tree(), before);
    place.cowork(&["resume"]).ends(0).says("Done");
    assert_ne!(place.tree(), before);
}

#[test]
fn of_several_tasks_that_go_on_it_is_said_which_come_after_and_which_wait() {
    let place = Place::new();
    let begun = |name: &str| {
        place.file(&format!("{name}/a.pdf"), "content", 0o644, 1_500_000_000);
        let folder = place.folder.join(name);
        let said = place.cowork(&["run", "--folder", folder.to_str().unwrap(), TASK]).ends(3);
        let task = place.last_task();
        (call_of(&said), task[task.len() - 6..].to_owned())
    };
    let tasks: Vec<_> = ["one", "two", "three", "four"].into_iter().map(begun).collect();
    for (call, _) in &tasks[..3] {
        place.cowork(&["answer", call, "allow", "--no-wait"]).ends(0);
    }
    let [one, two, three, four] = &tasks[..] else { panic!("{tasks:?}") };
    let said = place.cowork(&["resume"]).ends(0);
    let first = said.out.trim_start().lines().next().unwrap();
    assert_eq!(first, format!("Goes on with 3 tasks, one after the other: {}, {}, {}.", one.1, two.1, three.1));
    let said = said.says(&format!("1 task waits for an answer: {} Look: cowork show {}", four.1, four.1));
    assert!(said.out.lines().all(|l| l.chars().count() <= 80), "{}", said.out);
    let said = place.cowork(&["resume"]).ends(0).says("Nothing was interrupted.").says("cowork answer");
    assert!(!said.out.contains("Goes on with"), "{}", said.out);
}

#[test]
fn yes_answers_and_a_dry_run_changes_nothing() {
    let place = Place::with_files();
    let before = place.tree();
    place.run(&["--dry-run", TASK]).ends(0).says("Would move 6 files").says("Nothing was changed");
    assert_eq!(place.tree(), before);
    place.run(&["--yes", TASK]).ends(0).says("Done");
    assert_ne!(place.tree(), before);
}

#[test]
fn a_waiting_task_can_be_told_paused_resumed_and_cancelled() {
    let place = Place::with_files();
    place.run(&[TASK]).ends(3);
    let task = place.last_task();
    let short = &task[task.len() - 6..];
    place.cowork(&["steer", short, "keep the PDFs"]).ends(0).says("Said.");
    place.cowork(&["pause", short]).ends(0).says("Paused.");
    place.cowork(&["tasks"]).says("paused");
    place.cowork(&["resume"]).ends(0).says("1 task paused");
    place.cowork(&["resume", short]).ends(3).says("cowork answer");
    place.cowork(&["undo", short]).ends(2).says("has not ended").says("cowork cancel").briefly();
    place.cowork(&["cancel", short]).ends(0).says("Cancelled.");
    place.cowork(&["cancel", short]).ends(2).says("has ended").briefly();
    place.cowork(&["undo", short]).ends(2).says("changed no file").briefly();
    place
        .cowork(&["show", &task])
        .ends(0)
        .says("cancelled")
        .says("keep the PDFs")
        .says("Cancelled. Nothing was changed.");
}

#[test]
fn threads_keep_their_own_logs() {
    let place = Place::with_files();
    place.run(&["-t", "tidying", "--dry-run", TASK]).ends(0);
    place
        .cowork(&["events", "tidying"])
        .ends(0)
        .says("thread opened: tidying")
        .says("do \"Organise these files by type\"");
    place.cowork(&["events", "main"]).ends(2).says("no thread `main`").says("the threads are: tidying").briefly();
}

#[test]
fn a_run_that_is_interrupted_says_how_to_go_on_and_does() {
    let place = Place::new();
    for i in 0..3_000 {
        place.file(&format!("file {i}.pdf"), "", 0o644, 1_500_000_000);
    }
    let mut undisturbed = place.tree();
    let folder = place.folder.to_str().unwrap();
    let mut child = place
        .command(&["run", "--folder", folder, "--mode", "auto", "--json", TASK])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut out = BufReader::new(child.stdout.take().unwrap());
    let mut line = String::new();
    out.read_line(&mut line).unwrap();
    kill_process(Pid::from_child(&child), Signal::INT).unwrap();
    let mut rest = String::new();
    out.read_to_string(&mut rest).unwrap();
    let mut err = String::new();
    child.stderr.take().unwrap().read_to_string(&mut err).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(130), "{err}");
    assert!(err.contains("cowork resume"), "{err}");
    place.cowork(&["resume"]).ends(0).says("Done");
    let moved = without_folder_times(place.tree());
    undisturbed.retain(|_, v| v.0 == 'f');
    for (path, file) in undisturbed {
        assert_eq!(moved.get(&std::path::Path::new("Documents").join(path)), Some(&file));
    }
}

#[test]
fn a_reader_that_goes_away_is_no_error() {
    let place = Place::with_files();
    place.run(&["--mode", "auto", TASK]).ends(0);
    let list = &["playbook", "list"][..];
    for args in [&["tasks"][..], &["events"], &["events", "--json"], &["--help"], list, &["doctor"]] {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let said: Said = place.command(args).stdout(writer).output().unwrap().into();
        assert_eq!(said.err, "", "{args:?}");
        assert_eq!(said.code, 0, "{args:?}");
    }
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let undone: Said = place.command(&["undo", "--yes"]).stdout(writer).output().unwrap().into();
    undone.ends(0);
    assert!(place.folder.join("a.pdf").exists(), "the work goes on");
}

#[test]
fn a_script_without_colour_gets_no_control_codes() {
    let place = Place::with_files();
    for args in [
        &["run", "--dry-run", "--folder", place.folder.to_str().unwrap(), TASK][..],
        &["tasks"],
        &["events"],
        &["doctor"],
    ] {
        let said = place.cowork(args);
        assert!(!said.out.contains('\x1b'), "{args:?}: {}", said.out);
    }
}
