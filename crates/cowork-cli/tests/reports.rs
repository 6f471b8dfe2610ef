//! The built-in `duplicates`, `folder-report`, `replace` and `watch` as a person has them: on real folders that are in a mess.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test says so by failing")]

mod support;

use std::{
    fs,
    io::{BufRead, BufReader},
    os::unix::fs::PermissionsExt,
    process::{Child, Stdio},
};

use serde_json::Value;
use support::{Place, Tree};

fn run(place: &Place, playbook: &str, params: &[&str]) -> (String, Value) {
    let params: Vec<&str> = params.iter().flat_map(|p| ["--param", p]).collect();
    let said = place.run(&[&["--yes", "--json", "--playbook", playbook], &params[..]].concat());
    let end = said.records().last().map(|r| r["event"]["result"].clone()).unwrap_or_default();
    assert_eq!((said.code, end["end"].as_str()), (0, Some("done")), "{playbook}: {end}\n{}", said.err);
    (end["summary"].as_str().unwrap().to_owned(), end["data"].clone())
}

fn given_back(place: &Place, before: &Tree) {
    place.cowork(&["undo", "--yes"]).ends(0).says("Undone.");
    assert_eq!(&place.tree(), before, "given back to the byte");
}

fn names(place: &Place) -> Vec<String> {
    let tree = place.tree();
    tree.iter().filter(|(_, thing)| thing.0 == 'f').map(|(path, _)| path.to_string_lossy().into_owned()).collect()
}

#[test]
fn of_equal_files_the_oldest_stays_and_links_and_projects_are_left_alone() {
    let place = Place::new();
    for (name, content, age) in [
        ("new copy.txt", "same", 3),
        ("old/original.txt", "same", 1),
        ("two\nlines.txt", "same", 2),
        (".hidden/copy.txt", "same", 0),
        ("site/.git/HEAD", "ref", 1),
        ("site/copy.txt", "same", 0),
        ("empty", "", 1),
        ("empty too", "", 1),
        ("linked.bin", "linked", 1),
        ("copy of linked.bin", "linked", 2),
    ] {
        place.file(name, content, 0o644, 1_500_000_000 + age * 86_400);
    }
    fs::hard_link(place.folder.join("linked.bin"), place.folder.join("the same.bin")).unwrap();
    let before = place.tree();
    let (dry, _) = run(&place, "duplicates", &["dry_run=true"]);
    assert!(dry.starts_with("3 files in 2 groups would be set aside, 14 B; the oldest is kept."), "{dry}");
    assert_eq!(place.tree(), before, "a dry run changes nothing");
    let (summary, data) = run(&place, "duplicates", &[]);
    assert!(summary.starts_with("3 files set aside, 14 B, from 2 groups; the oldest is kept."), "{summary}");
    assert_eq!(data["room"], 14);
    let left = [
        ".hidden/copy.txt",
        "empty",
        "empty too",
        "linked.bin",
        "site/.git/HEAD",
        "site/copy.txt",
        "the same.bin",
        // It is not the oldest, but the oldest lies in a folder called `old`.
        "two\nlines.txt",
    ];
    assert_eq!(names(&place), left);
    given_back(&place, &before);
}

#[test]
fn a_report_is_written_beside_the_last_and_tells_what_grew() {
    let place = Place::with_files();
    place.file("in/deep/=odd, \"name\"\n.txt", &"x".repeat(5_000), 0o644, 1_500_000_000);
    let before = place.tree();
    let (first, _) = run(&place, "folder-report", &["most=3"]);
    assert!(!first.contains("since"), "without an earlier one nothing is claimed: {first}");
    place.file("in/more.bin", &"y".repeat(20_000), 0o644, 1_500_000_000);
    let (second, data) = run(&place, "folder-report", &[]);
    assert!(data["since"]["bytes"].as_i64().unwrap() > 20_000 && second.contains("since"), "{second}");
    let reports: Vec<String> = names(&place).into_iter().filter(|n| n.starts_with("Folder report/")).collect();
    assert_eq!(reports.len(), 4, "two pages and two tables: {reports:?}");
    assert_eq!(reports.iter().filter(|name| name.contains(" (2).")).count(), 2, "{reports:?}");
    let page = fs::read_to_string(place.folder.join(reports.iter().find(|n| n.ends_with("html")).unwrap())).unwrap();
    assert!(page.starts_with("<!doctype html>") && page.ends_with("</html>\n") && !page.contains("<script"));
    place.cowork(&["undo", "--yes"]).ends(0).says("Undone.");
    fs::remove_file(place.folder.join("in/more.bin")).unwrap();
    let first = place.cowork(&["tasks", "--json"]).records()[0]["task"].as_str().unwrap().to_owned();
    place.cowork(&["undo", "--yes", &first]).ends(0);
    assert_eq!(names(&place).len(), before.values().filter(|thing| thing.0 == 'f').count());
}

#[test]
fn a_text_is_replaced_with_encodings_and_line_ends_kept() {
    let place = Place::new();
    place.file("a.md", "Acme and Acme\r\nacme\r\n", 0o644, 1_500_000_000);
    place.file("b.txt", "\u{feff}Acme\n", 0o600, 1_500_000_000);
    place.file("no.csv", "Acme\n", 0o644, 1_500_000_000);
    place.file("locked.md", "Acme\n", 0o444, 1_500_000_000);
    fs::write(place.folder.join("latin.txt"), b"caf\xe9 Acme\r\n").unwrap();
    fs::write(place.folder.join("binary.md"), b"Acme\0\x01\x02").unwrap();
    let before = place.tree();
    let params = ["find=Acme", "with=Größe", "files={*.md,*.txt}"];
    let (dry, _) = run(&place, "replace", &[&params[..], &["dry_run=true"]].concat());
    assert!(dry.contains("    - Acme and Acme\n    + Größe and Größe"), "{dry}");
    assert_eq!(place.tree(), before);
    let (summary, data) = run(&place, "replace", &params);
    assert_eq!((&data["changed"], summary.contains("locked.md")), (&Value::from(3), true), "{summary}");
    let read = |name: &str| fs::read(place.folder.join(name)).unwrap();
    assert_eq!(read("a.md"), "Größe and Größe\r\nacme\r\n".as_bytes());
    assert_eq!(read("b.txt"), "\u{feff}Größe\n".as_bytes());
    assert_eq!(read("latin.txt"), b"caf\xe9 Gr\xf6\xdfe\r\n");
    assert_eq!((read("no.csv"), read("binary.md")), (b"Acme\n".to_vec(), b"Acme\0\x01\x02".to_vec()));
    assert_eq!(fs::metadata(place.folder.join("b.txt")).unwrap().permissions().mode() & 0o777, 0o600);
    given_back(&place, &before);
}

/// Begins to watch a folder, and gives what waits until it tells something.
fn watching(place: &Place) -> (Child, impl FnMut(&str)) {
    let folder = place.folder.to_str().unwrap();
    let watch = ["run", "--mode", "auto", "--json", "--folder", folder, "--playbook", "watch", "--param", "hours=1"];
    let mut child = place.command(&watch).stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap);
    let mut until = move |what: &str| {
        lines.by_ref().find(|line| line.contains(what)).unwrap_or_else(|| panic!("no {what}"));
    };
    until("\"tool\":\"watch_folder\"");
    (child, until)
}

#[test]
fn a_watch_that_is_killed_goes_on_with_what_came_meanwhile() {
    let place = Place::new();
    place.file("old.pdf", "was there", 0o644, 1_500_000_000);
    let (mut child, mut until) = watching(&place);
    place.file("new.pdf", "came", 0o644, 1_500_000_000);
    place.file("half.zip.part", "loads", 0o644, 1_500_000_000);
    until("arrived and moved");
    child.kill().unwrap();
    child.wait().unwrap();
    place.file("later.mp3", "came while nobody looked", 0o644, 1_500_000_000);
    let task = place.last_task();
    let mut child = place.command(&["resume", &task, "--json"]).stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap);
    lines.by_ref().find(|line| line.contains("Audio/ 1")).unwrap();
    place.cowork(&["cancel", &task]).ends(0);
    child.wait().unwrap();
    assert_eq!(names(&place), ["Audio/later.mp3", "Documents/new.pdf", "half.zip.part", "old.pdf"]);
}

#[test]
fn a_watch_that_was_told_to_pause_goes_on_when_it_is_resumed_before_it_rests() {
    let place = Place::new();
    let (mut child, mut until) = watching(&place);
    let task = place.last_task();
    // The watch is a call that runs: the task rests once something comes.
    place.cowork(&["pause", &task]).ends(0).says("Pausing. It rests once the tools that run are finished.");
    let mut resumed = place.command(&["resume", &task, "--json"]).stdout(Stdio::piped()).spawn().unwrap();
    until("{\"type\":\"resume\"}");
    place.file("new.pdf", "came", 0o644, 1_500_000_000);
    until("arrived and moved");
    place.cowork(&["cancel", &task]).ends(0);
    child.wait().unwrap();
    resumed.wait().unwrap();
    assert_eq!(names(&place), ["Documents/new.pdf"]);
}

#[test]
fn empty_folders_and_folders_without_permission_get_a_clear_answer() {
    let place = Place::new();
    assert_eq!(run(&place, "duplicates", &[]).0, "No files to compare here.");
    let (nothing, _) = run(&place, "replace", &["find=a", "with=b"]);
    assert_eq!(nothing, "Nothing to replace: “a” is in none of the 0 files searched.");
    assert!(run(&place, "folder-report", &[]).0.starts_with("Downloads: 0 files, 0 B in 0 folders."));
}
