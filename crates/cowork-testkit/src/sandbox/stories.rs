//! The stories, one for each promise of [`Sandbox`](cowork_core::Sandbox), [`Session`](cowork_core::Session) and
//! [`Files`](cowork_core::Files).

use std::{fs, os::unix::fs::PermissionsExt, os::unix::fs::symlink, path::Path, sync::Arc};

use cowork_core::{
    Access, CancellationToken, Change, Changed, Clash, FileKind, Kind, Known, SessionSpec, UndoSpec, Watch, Write,
};

use super::{Bench, a_call, a_task, age_folders, change, grant, path, put};

fn write(at: &str, content: &str, clash: Clash) -> Change {
    Change::Write(Write { known: Known::Nothing, clash, ..Write::new(path(at), Vec::from(content)) })
}

fn relocate(from: &str, to: &str, clash: Clash) -> Change {
    Change::Move { from: path(from), to: path(to), clash }
}

fn copy(from: &str, to: &str, clash: Clash) -> Change {
    Change::Copy { from: path(from), to: path(to), clash }
}

fn aside(at: &str) -> Change {
    Change::SetAside { path: path(at) }
}

fn make(at: &str) -> Change {
    Change::MakeFolder { path: path(at) }
}

/// A path outside the grants is refused, and no way leads out.
pub async fn a_session_sees_the_granted_folders_and_nothing_else(bench: Bench) {
    bench.put("in.txt", "in");
    let outside = bench.folder.parent().expect("it lies somewhere").join("outside.txt");
    put(&outside, "secret");
    symlink(bench.folder.parent().expect("it lies somewhere"), bench.folder.join("up")).expect("a link");
    let session = bench.open(a_task()).await;
    assert_eq!(session.folders(), [bench.grant(Access::Write)]);
    let files = session.files(a_call());
    assert_eq!(files.read(path("F/in.txt"), 0, 9).await.expect("granted").bytes, b"in");
    assert_eq!(files.read(path("G/in.txt"), 0, 9).await.expect_err("not granted").kind, Kind::NotAllowed);
    assert_eq!(files.stat(path("G")).await.expect_err("not granted").kind, Kind::NotAllowed);
    let refused = files.read(path("F/up/outside.txt"), 0, 9).await.expect_err("behind a link");
    assert!(matches!(refused.kind, Kind::InvalidInput | Kind::NotAllowed | Kind::NotFound), "{refused:?}");
    let changed = change(
        &files,
        vec![
            write("F/up/outside.txt", "mine", Clash::Replace),
            relocate("F/up/outside.txt", "F/stolen.txt", Clash::Skip),
            copy("F/up/outside.txt", "F/stolen.txt", Clash::Skip),
            aside("F/up/outside.txt"),
            make("F/up/new"),
        ],
    )
    .await;
    assert_eq!((changed.made, changed.otherwise.len()), (0, 5), "{changed:?}");
    assert_eq!(fs::read(&outside).expect("it is there"), b"secret");
    let error = files.change(vec![write("G/a", "", Clash::Skip)], Watch::nothing()).await.expect_err("not granted");
    assert_eq!(error.kind, Kind::NotAllowed);
}

/// A folder that is not there, or is a file, is an error that says so.
pub async fn what_is_not_there_or_not_a_folder_is_not_granted(bench: Bench) {
    bench.put("file", "");
    for at in [bench.folder.join("nowhere"), bench.folder.join("file")] {
        let spec = SessionSpec { task: a_task(), folders: vec![grant("X", &at, Access::Read)], resumed: false };
        let error = bench.sandbox.open(spec).await.err().expect("it can't be granted");
        assert_eq!(error.kind, Kind::NotFound, "{error:?}");
        assert!(error.fix().is_some(), "{error:?}");
    }
}

/// A second task is told who has the folder, also for a folder in it or around it; readers are welcome.
pub async fn a_folder_is_changed_by_one_task_at_a_time(bench: Bench) {
    fs::create_dir(bench.folder.join("in")).expect("a folder");
    let (first, second) = (a_task(), a_task());
    let session = bench.open(first).await;
    let open = async |task, at: &Path, access| {
        bench.sandbox.open(SessionSpec { task, folders: vec![grant("Z", at, access)], resumed: false }).await
    };
    for at in [bench.folder.as_path(), &bench.folder.join("in"), bench.folder.parent().expect("around it")] {
        let error = open(second, at, Access::Write).await.err().expect("it is taken");
        if error.kind == Kind::NotAllowed {
            continue;
        }
        assert_eq!(error.kind, Kind::Busy, "{error:?}");
        assert_eq!(error.fact("by"), Some(first.to_string().as_str()));
        assert_eq!(error.fact("folder"), Some("Z"));
    }
    assert_eq!(bench.sandbox.undo(first, UndoSpec::all()).await.expect_err("it is working").kind, Kind::Busy);
    let reader = open(second, &bench.folder, Access::Read).await.expect("readers are welcome");
    drop((session, reader));
    let again = bench.open(first).await;
    drop(again);
    open(second, &bench.folder, Access::Write).await.map(drop).expect("it was let go");
}

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
    let spec = SessionSpec { task, folders: vec![bench.grant(Access::Write)], resumed: true };
    let error = bench.sandbox.open(spec).await.err().expect("there is no journal");
    assert_eq!(error.kind, Kind::Corrupt);
    assert!(error.message.contains("journal") && error.fix().is_some(), "{error:?}");
    let error = bench.sandbox.undo(task, UndoSpec::all()).await.expect_err("there is no journal");
    assert_eq!(error.kind, Kind::NotFound);
}

/// Names in order, kinds and sizes right, `LimitExceeded` past the limit.
pub async fn a_folder_is_listed_by_name_up_to_a_limit(bench: Bench) {
    ["b.txt", "a.txt", "sub/c.txt", ".hidden"].iter().for_each(|name| bench.put(name, "12345"));
    let session = bench.open(a_task()).await;
    let files = session.files(a_call());
    let entries = files.list(path("F"), 4).await.expect("four fit");
    let names: Vec<_> = entries.iter().map(|e| (e.path.as_str(), e.kind, e.size)).collect();
    let file = FileKind::File;
    assert_eq!(
        names,
        [("F/.hidden", file, 5), ("F/a.txt", file, 5), ("F/b.txt", file, 5), ("F/sub", FileKind::Folder, 0)]
    );
    assert_eq!(entries[1].modified, 1_000_000_005_123);
    assert_eq!(entries[1], files.stat(path("F/a.txt")).await.expect("it is there"));
    assert_eq!(files.list(path("F"), 3).await.expect_err("four don't fit").kind, Kind::LimitExceeded);
    assert_eq!(files.list(path("F/none"), 3).await.expect_err("not there").kind, Kind::NotFound);
    assert_eq!(files.list(path("F/a.txt"), 3).await.expect_err("a file").kind, Kind::InvalidInput);
    assert_eq!(files.stat(path("F/none")).await.expect_err("not there").kind, Kind::NotFound);
    assert_eq!(files.stat(path("F")).await.expect("the grant itself").kind, FileKind::Folder);
}

/// A piece from the middle, fewer bytes at the end, none past it.
pub async fn a_file_is_read_in_pieces(bench: Bench) {
    bench.put("f", "0123456789");
    let session = bench.open(a_task()).await;
    let files = session.files(a_call());
    for (offset, most, expected) in [(0, 100, "0123456789"), (3, 4, "3456"), (8, 4, "89"), (10, 4, ""), (99, 4, "")] {
        let bytes = files.read(path("F/f"), offset, most).await.expect("it is there");
        assert_eq!(bytes.bytes, expected.as_bytes(), "{offset} {most}");
    }
    assert_eq!(files.read(path("F/f"), u64::MAX, usize::MAX).await.expect("nothing there").bytes, b"");
    assert_eq!(files.read(path("F"), 0, 1).await.expect_err("a folder").kind, Kind::InvalidInput);
    assert_eq!(files.read(path("F/none"), 0, 1).await.expect_err("not there").kind, Kind::NotFound);
}

/// A link is an entry of its own: listed, moved as itself, never read, written or copied through.
pub async fn links_are_listed_and_never_followed(bench: Bench) {
    bench.put("target", "content");
    symlink("target", bench.folder.join("link")).expect("a link");
    let before = bench.tree();
    let task = a_task();
    let session = bench.open(task).await;
    let files = session.files(a_call());
    let entry = files.stat(path("F/link")).await.expect("it is there");
    assert_eq!((entry.kind, entry.size), (FileKind::Link, 0));
    assert_eq!(files.read(path("F/link"), 0, 9).await.expect_err("a link").kind, Kind::InvalidInput);
    let changed = change(
        &files,
        vec![
            write("F/link", "through", Clash::Replace),
            copy("F/link", "F/copy", Clash::Skip),
            relocate("F/link", "F/moved link", Clash::Skip),
        ],
    )
    .await;
    assert_eq!(changed.made, 1);
    assert_eq!(changed.otherwise.iter().map(|o| o.index).collect::<Vec<_>>(), [0, 1]);
    assert!(changed.otherwise.iter().all(|o| o.reason.contains("link")), "{changed:?}");
    assert_eq!(fs::read_link(bench.folder.join("moved link")).expect("still a link"), Path::new("target"));
    drop((session, files));
    bench.sandbox.undo(task, UndoSpec::all()).await.expect("it can be undone");
    assert_eq!(bench.tree(), before);
}

/// Names that are not UTF-8, and names that only look alike, are different files.
pub async fn names_that_are_not_text_stay_apart(bench: Bench) {
    use std::{ffi::OsStr, os::unix::ffi::OsStrExt};
    let names: [&[u8]; 6] = [b"a\xff", b"a\xfe", b"a\\xff", "a\u{fffd}".as_bytes(), b"line\nbreak", &[b'x'; 255]];
    for name in names {
        fs::write(bench.folder.join(OsStr::from_bytes(name)), name).expect("the file system takes it");
    }
    age_folders(&bench.folder);
    let before = bench.tree();
    let task = a_task();
    let session = bench.open(task).await;
    let files = session.files(a_call());
    let entries = files.list(path("F"), 99).await.expect("listed");
    assert_eq!(entries.len(), names.len());
    let mut changes = Vec::new();
    for entry in &entries {
        let content = files.read(entry.path.clone(), 0, 999).await.expect("readable").bytes;
        assert_eq!(entry.path.below().last().expect("a name"), content);
        let to = path("F/to").join_bytes(&content);
        changes.push(Change::Move { from: entry.path.clone(), to, clash: Clash::Skip });
    }
    let changed = change(&files, changes).await;
    assert_eq!((changed.made, changed.otherwise), (6, vec![]));
    drop((session, files));
    bench.sandbox.undo(task, UndoSpec::all()).await.expect("it can be undone");
    assert_eq!(bench.tree(), before);
}

/// Every kind of change is refused there before any is made.
pub async fn a_folder_granted_for_reading_is_not_changed(bench: Bench) {
    bench.put("a", "a");
    let before = bench.tree();
    let spec = SessionSpec { task: a_task(), folders: vec![bench.grant(Access::Read)], resumed: false };
    let session = bench.sandbox.open(spec).await.expect("it can be read");
    let files = session.files(a_call());
    for change in [
        write("F/b", "b", Clash::Skip),
        make("F/sub"),
        relocate("F/a", "F/b", Clash::Skip),
        copy("F/a", "F/b", Clash::Skip),
        aside("F/a"),
    ] {
        let error = files.change(vec![change], Watch::nothing()).await.expect_err("for reading only");
        assert_eq!(error.kind, Kind::NotAllowed, "{error:?}");
    }
    assert_eq!(bench.tree(), before);
}

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
            copy("F/c", "F/b.tar.gz", Clash::Replace),
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
            (6, None),
            (7, None),
        ]
    );
    assert_eq!(fs::read_to_string(bench.folder.join("b.tar.gz")).expect("replaced"), "new");
    let replace = files.change(vec![relocate("F/c", "F/b.tar.gz", Clash::Replace)], Watch::nothing()).await;
    assert_eq!(replace.expect_err("a move never replaces").kind, Kind::InvalidInput);
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
    let spec = SessionSpec { task, folders: vec![bench.grant(Access::Write)], resumed: true };
    let session = bench.sandbox.open(spec).await.expect("there is a journal");
    assert_eq!(change(&session.files(call), changes.clone()).await, first);
    assert_eq!(bench.tree(), after);
    let mut others = changes;
    others[1] = write("F/c", "something else", Clash::Number);
    let error = session.files(call).change(others, Watch::nothing()).await.expect_err("other changes");
    assert_eq!(error.kind, Kind::Conflict);
    assert_eq!(bench.tree(), after);
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
