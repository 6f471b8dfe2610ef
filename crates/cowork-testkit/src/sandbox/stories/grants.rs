//! What a session sees and may change.

use std::{fs, os::unix::fs::symlink, path::Path};

use cowork_core::{Access, Clash, Kind, SessionSpec, UndoSpec, Watch};

use super::{aside, copy, make, relocate, write};
use crate::sandbox::{Bench, a_call, a_task, change, grant, path, put};

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
        let spec = SessionSpec {
            task: a_task(),
            folders: vec![grant("X", &at, Access::Read)],
            hosts: Vec::new(),
            resumed: false,
        };
        let error = bench.sandbox.open(spec).await.err().expect("it can't be granted");
        assert_eq!(error.kind, Kind::NotFound, "{error:?}");
        assert!(error.fix().is_some(), "{error:?}");
    }
}

/// A part of a session sees the folders that it is given, with no more access than the session has, and all that is done through
/// it is undone with the rest, newest first.
pub async fn a_part_of_a_session_sees_less_and_never_more(bench: Bench) {
    bench.put("a", "a");
    fs::create_dir(bench.folder.join("G")).expect("a folder");
    let other = bench.folder.join("G");
    let task = a_task();
    let session = bench.open(task).await;
    let wrong = [
        grant("G", &other, Access::Read),
        cowork_core::Folder { at: other.display().to_string(), ..bench.grant(Access::Read) },
    ];
    for folder in wrong {
        let error = session.part(&[folder]).err().expect("the task has no such folder");
        assert_eq!(error.kind, Kind::NotAllowed, "{error:?}");
    }
    let looks = session.part(&[bench.grant(Access::Read)]).expect("it is less");
    assert_eq!(looks.part(&[bench.grant(Access::Write)]).err().expect("more again").kind, Kind::NotAllowed);
    assert_eq!(looks.folders(), [bench.grant(Access::Read)]);
    assert_eq!(looks.files(a_call()).read(path("F/a"), 0, 9).await.expect("granted").bytes, b"a");
    let refused = looks.files(a_call()).change(vec![write("F/b", "b", Clash::Skip)], Watch::nothing()).await;
    assert_eq!(refused.expect_err("it may only look").kind, Kind::NotAllowed);
    let none = session.part(&[]).expect("nothing is less too");
    assert_eq!(none.files(a_call()).stat(path("F/a")).await.expect_err("nothing").kind, Kind::NotAllowed);

    let one = session.part(&[bench.grant(Access::Write)]).expect("as much");
    change(&one.files(a_call()), vec![relocate("F/a", "F/b", Clash::Skip)]).await;
    change(&session.files(a_call()), vec![relocate("F/b", "F/c", Clash::Skip)]).await;
    change(&one.files(a_call()), vec![relocate("F/c", "F/d", Clash::Skip)]).await;
    drop((session, looks, none));
    assert_eq!(bench.sandbox.undo(task, UndoSpec::all()).await.expect_err("a part is open").kind, Kind::Busy);
    drop(one);
    let report = bench.sandbox.undo(task, UndoSpec::all()).await.expect("all was let go of");
    assert_eq!((report.undone, report.left), (3, 0), "{report:?}");
    assert_eq!(fs::read(bench.folder.join("a")).expect("it is back"), b"a");
}

/// A second task is told who has the folder, also for a folder in it or around it; readers are welcome.
pub async fn a_folder_is_changed_by_one_task_at_a_time(bench: Bench) {
    fs::create_dir(bench.folder.join("in")).expect("a folder");
    let (first, second) = (a_task(), a_task());
    let session = bench.open(first).await;
    let open = async |task, at: &Path, access| {
        bench
            .sandbox
            .open(SessionSpec { task, folders: vec![grant("Z", at, access)], hosts: Vec::new(), resumed: false })
            .await
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

/// Every kind of change is refused there before any is made.
pub async fn a_folder_granted_for_reading_is_not_changed(bench: Bench) {
    bench.put("a", "a");
    let before = bench.tree();
    let spec =
        SessionSpec { task: a_task(), folders: vec![bench.grant(Access::Read)], hosts: Vec::new(), resumed: false };
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
