//! Changes of one call that build on one another, though they are planned together. Each was found by random plans.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test stops at what should not be")]

use std::fs;

use cowork_core::{Access, Change, Changed, Clash, Known, Sandbox, SessionSpec, Watch, Write};
use cowork_sandbox::{LocalSandbox, LocalSandboxOptions};
use cowork_testkit::sandbox::{a_call, a_task, grant, path, put};

/// Makes these changes in a folder with these files, and gives what came of it and what is there then.
async fn made(files: &[&str], changes: Vec<Change>) -> (Changed, Vec<String>) {
    let disk = tempfile::tempdir().unwrap();
    let folder = disk.path().join("granted");
    files.iter().for_each(|name| put(&folder.join(name), name));
    let data = disk.path().join("data");
    let sandbox = LocalSandbox::open(LocalSandboxOptions { data, ..LocalSandboxOptions::default() });
    let folders = vec![grant("F", &folder, Access::Write)];
    let session =
        sandbox.open(SessionSpec { task: a_task(), folders, hosts: Vec::new(), resumed: false }).await.unwrap();
    let changed = session.files(a_call()).change(changes, Watch::nothing()).await.unwrap();
    let mut names: Vec<String> =
        fs::read_dir(&folder).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    (changed, names)
}

fn relocate(from: &str, to: &str, clash: Clash) -> Change {
    Change::Move { from: path(from), to: path(to), clash }
}

fn write(name: &str, clash: Clash) -> Change {
    Change::Write(Write { clash, known: Known::Nothing, ..Write::new(path(name), b"new".to_vec()) })
}

#[tokio::test]
async fn a_name_that_is_free_again_gets_no_number() {
    for clash in [Clash::Skip, Clash::Number, Clash::Replace] {
        let changes = vec![
            relocate("F/b", "F/a", Clash::Number),
            relocate("F/a", "F/elsewhere", Clash::Skip),
            write("F/a", clash),
        ];
        let (changed, names) = made(&["a", "b"], changes).await;
        assert_eq!(names, ["a", "a (2)", "elsewhere"], "{clash:?}: {changed:?}");
        assert_eq!((changed.made, changed.otherwise.len()), (3, 1), "{clash:?}: {changed:?}");
    }
}

#[tokio::test]
async fn names_that_are_taken_get_one_number_after_the_other() {
    let changes = ["b", "c", "d"].map(|name| relocate(&format!("F/{name}"), "F/a", Clash::Number)).to_vec();
    let (_, names) = made(&["a", "b", "c", "d"], changes).await;
    assert_eq!(names, ["a", "a (2)", "a (3)", "a (4)"]);
}

#[tokio::test]
async fn a_folder_is_made_where_the_same_call_has_just_cleared_the_way() {
    let changes = vec![Change::set_aside(path("F/dir")), Change::MakeFolder { path: path("F/dir/file"), mode: None }];
    let (changed, names) = made(&["dir/file"], changes).await;
    assert_eq!((changed.made, changed.otherwise.len()), (2, 0), "{changed:?}");
    assert_eq!(names, ["dir"]);
}
