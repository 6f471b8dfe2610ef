//! What a task did, given back.

use std::{fs, os::unix::fs::PermissionsExt};

use cowork_core::{Access, Change, Clash, Kind, SessionSpec, UndoSpec};

use super::{aside, copy, make, relocate, write};
use crate::sandbox::{Bench, a_call, a_task, age_folders, change};

/// Contents, names, permissions and times are as before, those of folders included.
pub async fn every_kind_of_change_is_given_back(bench: Bench) {
    let task = a_task();
    furnish(&bench);
    let before = bench.tree();
    let session = bench.open(task).await;
    let changed = change(&session.files(a_call()), every_kind()).await;
    assert_eq!((changed.made, changed.otherwise), (10, vec![]));
    let script = fs::metadata(bench.folder.join("run.sh")).expect("replaced");
    assert_eq!(script.permissions().mode() & 0o777, 0o750, "a replaced file keeps its permissions");
    let copied = fs::metadata(bench.folder.join("new/copy.sh")).expect("copied");
    assert_eq!(copied.permissions().mode() & 0o777, 0o750, "a copy has the permissions");
    assert_eq!(
        copied.modified().expect("a time"),
        fs::metadata(bench.folder.join("papers/run.sh")).expect("the original").modified().expect("a time")
    );
    assert!(!bench.folder.join("old.txt").exists());
    assert_eq!(fs::read(bench.folder.join("deep/er/box/inner.txt")).expect("moved along"), b"inner");
    drop(session);
    let report = bench.sandbox.undo(task, UndoSpec::all()).await.expect("it can be undone");
    assert_eq!((report.undone, report.already, &report.kept), (10, 0, &vec![]), "{report:?}");
    assert!(!report.examples.is_empty());
    assert_eq!(bench.tree(), before);
}

/// What undo would do is what it then does.
pub async fn showing_an_undo_says_the_same_and_does_nothing(bench: Bench) {
    let task = a_task();
    furnish(&bench);
    let session = bench.open(task).await;
    change(&session.files(a_call()), every_kind()).await;
    change(&session.files(a_call()), vec![relocate("F/deep/er", "F/er", Clash::Skip), aside("F/er")]).await;
    drop(session);
    fs::write(bench.folder.join("papers/letter.txt"), "I went on writing").expect("a person writes");
    let after = bench.tree();
    let shown = bench.sandbox.undo(task, UndoSpec::show()).await.expect("it can be shown");
    assert_eq!(bench.tree(), after);
    let done = bench.sandbox.undo(task, UndoSpec::all()).await.expect("it can be undone");
    assert_eq!(shown, done);
    assert_eq!(done.kept.len(), 1, "{done:?}");
}

/// Undoing twice is the same as once.
pub async fn a_second_undo_finds_everything_given_back(bench: Bench) {
    let task = a_task();
    furnish(&bench);
    let before = bench.tree();
    let session = bench.open(task).await;
    change(&session.files(a_call()), every_kind()).await;
    drop(session);
    bench.sandbox.undo(task, UndoSpec::all()).await.expect("it can be undone");
    for spec in [UndoSpec::show(), UndoSpec::all()] {
        let again = bench.sandbox.undo(task, spec.clone()).await.expect("again");
        assert_eq!((again.undone, again.already, again.kept), (0, 10, vec![]));
    }
    assert_eq!(bench.tree(), before);
    bench.put("later.txt", "later");
    bench.sandbox.undo(task, UndoSpec::all()).await.expect("again");
    assert!(bench.folder.join("later.txt").exists());
}

/// Edited, replaced, moved away, put in the way: each is left as it is, and named.
pub async fn what_a_person_changed_since_is_kept_and_named(bench: Bench) {
    let task = a_task();
    let names = ["edited", "replaced", "gone", "blocked", "touched", "fine"];
    names.iter().for_each(|name| bench.put(name, name));
    bench.put("written", "before");
    let session = bench.open(task).await;
    let mut changes: Vec<_> =
        names.iter().map(|n| relocate(&format!("F/{n}"), &format!("F/to/{n}"), Clash::Skip)).collect();
    changes.push(write("F/written", "by the task", Clash::Replace));
    changes.push(write("F/made", "by the task", Clash::Skip));
    changes.push(write("F/made too", "by the task", Clash::Skip));
    change(&session.files(a_call()), changes).await;
    drop(session);
    let to = bench.folder.join("to");
    fs::write(to.join("edited"), "edited by a person").expect("a person");
    fs::remove_file(to.join("replaced")).expect("a person");
    fs::write(to.join("replaced"), "replaced").expect("a person");
    fs::remove_file(to.join("gone")).expect("a person");
    fs::write(bench.folder.join("blocked"), "in the way").expect("a person");
    fs::set_permissions(to.join("touched"), fs::Permissions::from_mode(0o600)).expect("a person");
    fs::write(bench.folder.join("written"), "by a person, over it").expect("a person");
    fs::write(bench.folder.join("made"), "by a person, over it").expect("a person");
    // Brought back from a backup: another inode and time, the same content.
    let content = fs::read(bench.folder.join("made too")).expect("made");
    fs::remove_file(bench.folder.join("made too")).expect("a person");
    fs::write(bench.folder.join("made too"), content).expect("a person");
    let report = bench.sandbox.undo(task, UndoSpec::all()).await.expect("it can be undone");
    let mut kept: Vec<_> = report.kept.iter().map(|k| k.path.as_str()).collect();
    kept.sort_unstable();
    let expected = ["F/made", "F/to/blocked", "F/to/edited", "F/to/gone", "F/to/replaced", "F/to/touched", "F/written"];
    assert_eq!(kept, expected, "{report:?}");
    assert!(report.kept.iter().all(|k| k.reason.contains(k.path.name()) && !k.reason.ends_with('.')), "{report:?}");
    let read = |name: &str| fs::read_to_string(bench.folder.join(name)).expect(name);
    assert_eq!(read("to/edited"), "edited by a person");
    assert_eq!(read("blocked"), "in the way");
    assert_eq!(read("to/blocked"), "blocked");
    assert_eq!(read("written"), "by a person, over it");
    assert_eq!(read("made"), "by a person, over it");
    assert_eq!(read("fine"), "fine");
    assert!(!bench.folder.join("made too").exists(), "its content says that it is ours");
}

/// `resumed` without a journal, and undo without one, are named errors.
pub async fn a_task_that_should_have_a_journal_and_has_none_is_refused(bench: Bench) {
    let task = a_task();
    let spec = SessionSpec { task, folders: vec![bench.grant(Access::Write)], hosts: Vec::new(), resumed: true };
    let error = bench.sandbox.open(spec).await.err().expect("there is no journal");
    assert_eq!(error.kind, Kind::Corrupt);
    assert!(error.message.contains("journal") && error.fix().is_some(), "{error:?}");
    let error = bench.sandbox.undo(task, UndoSpec::all()).await.expect_err("there is no journal");
    assert_eq!(error.kind, Kind::NotFound);
}

fn furnish(bench: &Bench) {
    ["letter.txt", "run.sh", "old.txt", "papers/run.sh", "box/inner.txt", "box/in/inner.txt"]
        .iter()
        .for_each(|name| bench.put(name, name.rsplit('/').next().expect("a name").trim_end_matches(".txt")));
    for name in ["run.sh", "papers/run.sh"] {
        let path = bench.folder.join(name);
        fs::set_permissions(path, fs::Permissions::from_mode(0o750)).expect("permissions");
    }
    age_folders(&bench.folder);
}

fn every_kind() -> Vec<Change> {
    vec![
        relocate("F/letter.txt", "F/papers/letter.txt", Clash::Skip),
        write("F/run.sh", "replaced", Clash::Replace),
        write("F/new/note.txt", "new", Clash::Skip),
        write("F/new/empty.txt", "", Clash::Skip),
        copy("F/papers/run.sh", "F/new/copy.sh", Clash::Skip),
        aside("F/old.txt"),
        aside("F/box/in"),
        relocate("F/box", "F/deep/er/box", Clash::Skip),
        make("F/empty/folder"),
        write("F/run.sh", "replaced again", Clash::Replace),
    ]
}
