//! Many changes in one call.

use std::{fs, sync::Arc};

use cowork_core::{Access, CancellationToken, Change, Changed, Clash, Kind, SessionSpec, Still, UndoSpec, Watch};

use super::{aside, copy, make, relocate, write};
use crate::sandbox::{Bench, a_call, a_task, age_folders, change, path};

/// Skip says so, Number finds the next free one and keeps the extension, Replace puts the old one aside.
pub async fn a_target_that_is_taken_is_left_numbered_or_replaced(bench: Bench) {
    let task = a_task();
    ["scan.pdf", "scan (2).pdf", "in/scan.pdf", "in/b.tar.gz", "b.tar.gz", "c", "folder/x"]
        .iter()
        .for_each(|name| bench.put(name, name));
    age_folders(&bench.folder);
    let before = bench.tree();
    let session = bench.open(task).await;
    let files = session.files(a_call());
    let changed = change(
        &files,
        vec![
            relocate("F/in/scan.pdf", "F/scan.pdf", Clash::Skip),
            relocate("F/in/scan.pdf", "F/scan.pdf", Clash::Number),
            relocate("F/in/b.tar.gz", "F/b.tar.gz", Clash::Number),
            write("F/scan.pdf", "new", Clash::Number),
            write("F/c", "new", Clash::Replace),
            copy("F/c", "F/b.tar.gz", Clash::Skip),
            copy("F/c", "F/b.tar.gz", Clash::Number),
            write("F/folder", "new", Clash::Replace),
            write("F/c", "newer", Clash::Skip),
        ],
    )
    .await;
    assert_eq!(changed.made, 5, "{changed:?}");
    let otherwise: Vec<_> =
        changed.otherwise.iter().map(|o| (o.index, o.renamed.as_ref().map(ToString::to_string))).collect();
    assert_eq!(
        otherwise,
        [
            (0, None),
            (1, Some("F/scan (3).pdf".into())),
            (2, Some("F/b (2).tar.gz".into())),
            (3, Some("F/scan (4).pdf".into())),
            (5, None),
            (6, Some("F/b (3).tar.gz".into())),
            (7, None),
            (8, None),
        ]
    );
    assert_eq!(fs::read_to_string(bench.folder.join("b.tar.gz")).expect("it is left"), "b.tar.gz");
    assert_eq!(fs::read_to_string(bench.folder.join("b (3).tar.gz")).expect("it was copied"), "new");
    for never in [relocate("F/c", "F/b.tar.gz", Clash::Replace), copy("F/c", "F/b.tar.gz", Clash::Replace)] {
        let replace = files.change(vec![never], Watch::nothing()).await;
        assert_eq!(replace.expect_err("a move or a copy never replaces").kind, Kind::InvalidInput);
    }
    drop((session, files));
    bench.sandbox.undo(task, UndoSpec::all()).await.expect("it can be undone");
    assert_eq!(bench.tree(), before);
}

/// What is gone, taken or impossible is that change's result, in plain words.
pub async fn one_change_in_trouble_does_not_hold_up_the_others(bench: Bench) {
    ["a", "b", "folder/in"].iter().for_each(|name| bench.put(name, name));
    let session = bench.open(a_task()).await;
    let changed = change(
        &session.files(a_call()),
        vec![
            relocate("F/none", "F/x", Clash::Skip),
            relocate("F/a", "F/b", Clash::Skip),
            relocate("F/folder", "F/folder/in it", Clash::Skip),
            relocate("F/a", "F/b/below a file", Clash::Skip),
            copy("F/folder", "F/x", Clash::Skip),
            make("F/b"),
            aside("F/none"),
            make("F/folder"),
            relocate("F/a", "F/x", Clash::Skip),
        ],
    )
    .await;
    assert_eq!(changed.made, 1, "{changed:?}");
    assert_eq!(changed.otherwise.iter().map(|o| o.index).collect::<Vec<_>>(), [0, 1, 2, 3, 4, 5, 6]);
    for otherwise in &changed.otherwise {
        assert!(!otherwise.reason.is_empty() && !otherwise.reason.contains("os error"), "{otherwise:?}");
    }
    assert_eq!(fs::read(bench.folder.join("x")).expect("moved"), b"a");
}

/// A later change sees what an earlier one of the same call did.
pub async fn changes_are_made_in_order(bench: Bench) {
    let task = a_task();
    bench.put("a", "a");
    bench.put("dir/in", "in");
    age_folders(&bench.folder);
    let before = bench.tree();
    let session = bench.open(task).await;
    let changed = change(
        &session.files(a_call()),
        vec![
            relocate("F/a", "F/b", Clash::Skip),
            relocate("F/b", "F/c", Clash::Skip),
            write("F/a", "new a", Clash::Skip),
            write("F/a", "newer a", Clash::Replace),
            copy("F/a", "F/sub/copy", Clash::Skip),
            relocate("F/dir", "F/sub/dir", Clash::Skip),
            relocate("F/sub/dir/in", "F/in", Clash::Skip),
            relocate("F/sub", "F/end", Clash::Skip),
            aside("F/end/copy"),
            relocate("F/in", "F/end/dir/in", Clash::Skip),
            make("F/end/dir/deeper/still"),
        ],
    )
    .await;
    assert_eq!((changed.made, changed.otherwise), (11, vec![]));
    let read = |name: &str| fs::read_to_string(bench.folder.join(name)).expect(name);
    assert_eq!((read("a"), read("c"), read("end/dir/in")), ("newer a".into(), "a".into(), "in".into()));
    assert!(bench.folder.join("end/dir/deeper/still").is_dir());
    drop(session);
    let report = bench.sandbox.undo(task, UndoSpec::all()).await.expect("it can be undone");
    assert_eq!((report.undone, report.kept), (11, vec![]));
    assert_eq!(bench.tree(), before);
}

/// What was changed since it was looked at stays, a folder with something new in it, and a copy of what is not there any more.
pub async fn what_is_not_as_it_was_is_not_set_aside(bench: Bench) {
    ["a", "same", "same too", "box/in/deep"].iter().for_each(|name| bench.put(name, "x"));
    bench.put("longer", "longer");
    let session = bench.open(a_task()).await;
    let still = |at: &str, unchanged_since: i64, copy_of: Option<&str>| Change::SetAside {
        path: path(at),
        still: Some(Still { unchanged_since, copy_of: copy_of.map(path) }),
    };
    let (before, later) = (0, i64::MAX);
    let changes = vec![
        still("F/a", before, None),
        still("F/box", before, None),
        still("F/same too", before, Some("F/same")),
        still("F/same too", later, Some("F/gone")),
        still("F/same too", later, Some("F/longer")),
        still("F/same too", later, Some("F/same")),
        still("F/a", later, None),
        still("F/box", later, None),
    ];
    let changed = change(&session.files(a_call()), changes).await;
    assert_eq!(changed.made, 3, "{changed:?}");
    let left: Vec<_> = changed.otherwise.iter().map(|o| (o.index, o.reason.split(' ').count() > 4)).collect();
    assert_eq!(left, [(0, true), (1, true), (2, true), (3, true), (4, true)]);
    let there = ["a", "box", "longer", "same", "same too"].map(|name| bench.folder.join(name).exists());
    assert_eq!(there, [false, false, true, true, false]);
}

/// `Cancelled`, with what was made known, and given back by undo.
pub async fn a_cancelled_call_stops_between_two_changes(bench: Bench) {
    let task = a_task();
    (0..200).for_each(|i| bench.put(&format!("f{i}"), "x"));
    age_folders(&bench.folder);
    let before = bench.tree();
    let session = bench.open(task).await;
    let cancel = CancellationToken::new();
    let stop = cancel.clone();
    let progress = Arc::new(move |done: u64, total: u64, _: &str| {
        assert_eq!(total, 200);
        assert!(done < 200, "it was stopped before");
        stop.cancel();
    });
    let changes: Vec<_> = (0..200).map(|i| relocate(&format!("F/f{i}"), &format!("F/to/f{i}"), Clash::Skip)).collect();
    let call = a_call();
    let error = session.files(call).change(changes.clone(), Watch { cancel, progress }).await.expect_err("stopped");
    assert_eq!(error.kind, Kind::Cancelled);
    let moved = fs::read_dir(bench.folder.join("to")).expect("begun").count();
    assert!(moved > 0 && moved < 200, "{moved}");
    let changed = change(&session.files(call), changes).await;
    assert_eq!(changed, Changed { made: 200, otherwise: vec![] }, "it goes on where it stopped");
    drop(session);
    bench.sandbox.undo(task, UndoSpec::all()).await.expect("it can be undone");
    assert_eq!(bench.tree(), before);
}

/// The same call again reports the same and does nothing; with other changes it is a conflict.
pub async fn a_call_that_runs_again_makes_nothing_twice(bench: Bench) {
    let (task, call) = (a_task(), a_call());
    ["a", "b", "c"].iter().for_each(|name| bench.put(name, name));
    let changes = vec![
        relocate("F/a", "F/b", Clash::Number),
        write("F/c", "new", Clash::Number),
        relocate("F/none", "F/x", Clash::Skip),
        write("F/none", "none", Clash::Skip),
    ];
    let session = bench.open(task).await;
    let first = change(&session.files(call), changes.clone()).await;
    let after = bench.tree();
    assert_eq!(change(&session.files(call), changes.clone()).await, first);
    drop(session);
    let spec = SessionSpec { task, folders: vec![bench.grant(Access::Write)], hosts: Vec::new(), resumed: true };
    let session = bench.sandbox.open(spec).await.expect("there is a journal");
    assert_eq!(change(&session.files(call), changes.clone()).await, first);
    assert_eq!(bench.tree(), after);
    let mut others = changes;
    others[1] = write("F/c", "something else", Clash::Number);
    let error = session.files(call).change(others, Watch::nothing()).await.expect_err("other changes");
    assert_eq!(error.kind, Kind::Conflict);
    assert_eq!(bench.tree(), after);
}

/// A folder is made with the permissions that are asked for, of which its owner keeps all; one that is there stays as it is.
/// Asked for again by the same call, nothing is another wish.
pub async fn a_folder_is_made_as_closed_as_asked(bench: Bench) {
    use std::os::unix::fs::PermissionsExt;
    bench.put("there/file", "x");
    let (task, call) = (a_task(), a_call());
    let before = bench.tree();
    let mode = |at: &str| fs::metadata(bench.folder.join(at)).expect("it is there").permissions().mode() & 0o7777;
    let usual = mode("there");
    let made = |at: &str, mode| Change::MakeFolder { path: path(at), mode: Some(mode) };
    let changes = vec![made("F/there", 0o700), made("F/new/deep", 0o740), made("F/shut", 0o500)];
    let session = bench.open(task).await;
    let first = change(&session.files(call), changes.clone()).await;
    assert_eq!((first.made, first.otherwise.len()), (2, 0));
    assert_eq!([mode("there"), mode("new/deep"), mode("shut")], [usual, 0o740, 0o700]);
    drop(session);
    let spec = SessionSpec { task, folders: vec![bench.grant(Access::Write)], hosts: Vec::new(), resumed: true };
    let session = bench.sandbox.open(spec).await.expect("there is a journal");
    assert_eq!(change(&session.files(call), changes).await, first);
    drop(session);
    bench.sandbox.undo(task, UndoSpec::all()).await.expect("it can be undone");
    assert_eq!(bench.tree(), before);
}
