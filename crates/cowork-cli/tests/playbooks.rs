//! Every file tool as a person has it: through `cowork run --playbook`, on a folder that no tidy person has.
//!
//! Each file in `examples/playbooks` is run; its outcome and what it changed are compared with its snapshot, and what it changed
//! is given back. To add one, write it, run this with `INSTA_UPDATE=always`, and look at the snapshot.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test says so by failing")]

mod support;

use std::{
    collections::BTreeSet,
    ffi::OsStr,
    fs,
    os::unix::{
        ffi::OsStrExt,
        fs::{PermissionsExt, symlink},
    },
    path::{Path, PathBuf},
    process::Command,
};

use serde_json::Value;
use support::{Place, Tree};

const EXAMPLES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples/playbooks");

fn playbooks() -> Vec<PathBuf> {
    let mut found: Vec<PathBuf> = fs::read_dir(EXAMPLES).unwrap().map(|e| e.unwrap().path()).collect();
    found.retain(|p| p.extension() == Some(OsStr::new("py")));
    found.sort();
    found
}

/// Makes a folder with most of what one meets in folders.
fn messy() -> Place {
    let place = Place::new();
    let long = "n".repeat(240);
    let files: [(&str, &str, u32); 16] = [
        ("notes.txt", "The lease ends in May.\nCall Ann.\n", 0o644),
        ("Notes.txt", "other case\n", 0o600),
        ("empty.txt", "", 0o644),
        ("report (final).md", "# Report\n\nThe lease is signed.\n", 0o640),
        ("copy of report.md", "# Report\n\nThe lease is signed.\n", 0o640),
        ("data.csv", "name,amount\nAnn,12\nBob,7\n", 0o644),
        ("no extension", "plain\n", 0o644),
        (".hidden", "lease\n", 0o600),
        (".gitignore", "ignored/\n*.log\n", 0o644),
        ("today.log", "lease lease lease\n", 0o644),
        ("ignored/deep.txt", "lease\n", 0o644),
        ("ü ñ 図.txt", "caf\u{e9}, na\u{ef}ve\n", 0o644),
        ("two\nlines.txt", "a name of two lines\n", 0o644),
        ("run.sh", "#!/bin/sh\necho hello\n", 0o755),
        ("old/2019/q1/report.md", "# Report\n\nThe lease is signed.\n", 0o440),
        ("old/2019/q1/plan.txt", "one\ntwo\nthree\n", 0o644),
    ];
    for (n, (name, content, mode)) in files.iter().enumerate() {
        place.file(name, content, *mode, 1_500_000_000 + n as u64 * 86_400);
    }
    place.file(&format!("{long}.txt"), "a long name\n", 0o644, 1_510_000_000);
    let at = |name: &str| place.folder.join(name);
    fs::write(place.folder.join(OsStr::from_bytes(b"latin-\xe9.txt")), b"caf\xe9, lease\n").unwrap();
    fs::write(at("photo.jpg"), [&b"\xff\xd8\xff\xe0\0\x10JFIF\0"[..], &[7; 500]].concat()).unwrap();
    fs::create_dir(at("empty folder")).unwrap();
    symlink("notes.txt", at("link to notes")).unwrap();
    symlink("/etc/passwd", at("link out")).unwrap();
    symlink("nowhere", at("dangling")).unwrap();
    symlink(".", at("loop")).unwrap();
    fs::hard_link(at("data.csv"), at("data again.csv")).unwrap();
    assert!(Command::new("mkfifo").arg(at("pipe")).status().unwrap().success());
    fs::set_permissions(at("old/2019"), fs::Permissions::from_mode(0o750)).unwrap();
    for (n, name) in ["photo.jpg", "empty folder", "old/2019/q1", "old/2019", "old", "ignored", "."].iter().enumerate()
    {
        age(&at(name), n);
    }
    age(&place.folder.join(OsStr::from_bytes(b"latin-\xe9.txt")), 8);
    place
}

fn age(path: &Path, n: usize) {
    let time = std::time::UNIX_EPOCH + std::time::Duration::new(1_400_000_000 + n as u64, 123_456_789);
    fs::File::open(path).unwrap().set_modified(time).unwrap();
}

/// Says what of a folder is another than before: new, gone, or with another kind, permissions or content.
fn changed(before: &Tree, after: &Tree) -> Vec<String> {
    let paths: BTreeSet<&PathBuf> = before.keys().chain(after.keys()).collect();
    let line = |path: &PathBuf| {
        let shown = path.to_string_lossy().escape_debug().to_string();
        match (before.get(path), after.get(path)) {
            // What an archive weighs depends on whose files are in it.
            (None, Some((kind, mode, ..))) if shown.contains(".zip") || shown.contains(".tar") => {
                Some(format!("+ {shown}  {kind} {mode:o}"))
            }
            (None, Some((kind, mode, _, content))) => Some(format!("+ {shown}  {kind} {mode:o} {}", content.len())),
            (Some(_), None) => Some(format!("- {shown}")),
            (Some(b), Some(a)) if (b.0, &b.3) != (a.0, &a.3) => {
                Some(format!("~ {shown}  {} -> {}", b.3.len(), a.3.len()))
            }
            (Some(b), Some(a)) if b.1 != a.1 => Some(format!("m {shown}  {:o} -> {:o}", b.1, a.1)),
            _ => None,
        }
    };
    paths.into_iter().filter_map(line).collect()
}

#[test]
fn every_example_does_what_it_says_and_is_given_back() {
    // What is made has the permissions that the user's mask leaves.
    rustix::process::umask(rustix::fs::Mode::from_raw_mode(0o022));
    let wrong: Vec<PathBuf> = playbooks()
        .into_iter()
        .filter(|file| std::panic::catch_unwind(|| seen_and_given_back(file)).is_err())
        .collect();
    assert_eq!(wrong, Vec::<PathBuf>::new(), "what went wrong is told above");
}

fn seen_and_given_back(file: &Path) {
    let name = file.file_stem().unwrap().to_str().unwrap().to_owned();
    let place = messy();
    let before = place.tree();
    // Each question on the way lets the folders go for a while: what was read before is still known after it.
    let said = place.run(&["--yes", "--json", "--playbook", file.to_str().unwrap()]);
    let records = said.records();
    let end = &records.last().unwrap()["event"]["result"];
    assert_eq!((said.code, end["end"].as_str()), (0, Some("done")), "{name}: {end}\n{}", said.err);
    let after = place.tree();
    let changes = changed(&before, &after);
    let seen = if changes.is_empty() { "nothing changed".to_owned() } else { changes.join("\n") };
    let (summary, data) = (end["summary"].as_str().unwrap(), serde_json::to_string_pretty(&end["data"]).unwrap());
    insta::assert_snapshot!(format!("example_{name}"), format!("{summary}\n\n{data}\n\n{seen}"));
    if records.iter().any(|r| r["event"]["recovery"] == "journalled") {
        let task = place.last_task();
        let said = place.cowork(&["show", &task, "--changes", "--json"]).ends(0);
        let set: Value = serde_json::from_str(&said.out).unwrap();
        assert_eq!(set["changes"].as_array().unwrap().is_empty(), changes.is_empty(), "{name}: {set}");
        place.cowork(&["undo", "--show", &task]).ends(0).says("Nothing was changed");
        assert_eq!(place.tree(), after, "{name}: showing changes nothing");
        place.cowork(&["undo", "--yes", &task]).ends(0).says("Undone.");
    } else {
        assert_eq!(changes, Vec::<String>::new(), "{name} changed something without a journal");
    }
    assert_eq!(place.tree(), before, "{name} is not given back to the byte");
    place.cowork(&["doctor"]).ends(0);
}

/// A tool that no example calls is one that nobody has seen at work.
#[test]
fn every_tool_is_called_by_an_example() {
    let sources: String = playbooks().iter().map(|p| fs::read_to_string(p).unwrap()).collect();
    let unseen: Vec<String> = cowork::tools::builtin()
        .into_iter()
        .map(|t| t.spec().name.clone())
        .filter(|name| !sources.contains(&format!("{name}(")))
        .filter(|name| !matches!(name.as_str(), "now" | "random"))
        .collect();
    assert_eq!(unseen, Vec::<String>::new(), "write an example that calls them");
}
