//! A part of a task is given back, one task among several, and what a task changed is said.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test stops at what should not be")]

mod support;

use std::{fs, sync::Arc};

use cowork_core::{
    CallId, Change, Clash, FileKind, Kind, Known, Sandbox, Session, SessionSpec, TaskId, UndoMode, UndoReport,
    UndoSpec, Watch, What, Write,
};
use cowork_testkit::sandbox::{a_call, a_task, grant, path, tree};
use support::{Calm, Disks, Stop, World, edit, has_two_disks};

fn relocate(from: &str, to: &str) -> Change {
    Change::Move { from: path(from), to: path(to), clash: Clash::Skip }
}

fn write(at: &str, content: &str) -> Change {
    Change::Write(Write::new(path(at), content.as_bytes().to_vec()).replacing(Known::Nothing))
}

fn of(paths: &[&str]) -> UndoSpec {
    UndoSpec { paths: paths.iter().map(|p| path(p)).collect(), ..UndoSpec::all() }
}

fn of_call(call: CallId) -> UndoSpec {
    UndoSpec { calls: vec![call], ..UndoSpec::all() }
}

async fn call(session: &Arc<dyn Session>, changes: Vec<Change>) -> CallId {
    let (call, asked) = (a_call(), changes.len() as u64);
    let changed = session.files(call).change(changes, Watch::nothing()).await.unwrap();
    assert_eq!((changed.made, changed.otherwise), (asked, vec![]));
    call
}

/// Shows it, does it, and sees that both say the same.
async fn undo(world: &World, task: TaskId, spec: UndoSpec) -> UndoReport {
    let before = tree(&world.folder);
    let shown = world.sandbox(None).undo(task, UndoSpec { mode: UndoMode::Show, ..spec.clone() }).await.unwrap();
    assert_eq!(tree(&world.folder), before);
    let done = world.sandbox(None).undo(task, spec).await.unwrap();
    assert_eq!(shown, done);
    done
}

fn names(report: &UndoReport) -> Vec<&str> {
    report.examples.iter().map(cowork_core::FilePath::as_str).collect()
}

#[tokio::test]
async fn one_file_is_given_back_and_the_rest_stays() {
    let world = World::new(Disks::One);
    let session = world.open(None, false).await.unwrap();
    call(&session, ["a", "b", "c"].map(|n| relocate(&format!("F/{n}.txt"), &format!("F/texts/{n}.txt"))).into()).await;
    drop(session);
    let report = undo(&world, world.task, of(&["F/texts/b.txt"])).await;
    assert_eq!((report.undone, report.left, report.kept.len(), names(&report)), (1, 2, 0, vec!["F/b.txt"]));
    // By where it was, this time; and what was given back before is known.
    let report = undo(&world, world.task, of(&["F/b.txt", "F/a.txt"])).await;
    assert_eq!((report.undone, report.already, report.left), (1, 1, 1));
    assert!(world.folder.join("texts/c.txt").exists(), "the folder holds what stays");
    let report = undo(&world, world.task, UndoSpec::all()).await;
    assert_eq!((report.undone, report.already, report.left), (1, 2, 0));
    assert_eq!(tree(&world.folder), world.before);
}

#[tokio::test]
async fn a_part_takes_along_what_it_can_not_be_had_without() {
    let world = World::new(Disks::One);
    let session = world.open(None, false).await.unwrap();
    let first = call(&session, vec![relocate("F/a.txt", "F/in/a.txt"), relocate("F/b.txt", "F/in/b.txt")]).await;
    let second = call(&session, vec![edit("F/in/a.txt"), relocate("F/in", "F/out"), edit("F/d.txt")]).await;
    let third =
        call(&session, vec![write("F/out/new", "new"), Change::Mode { path: path("F/c.txt"), mode: 0o600 }]).await;
    drop(session);
    // The file was edited and its folder moved since, and a new one lies in it: all but what has nothing to do with it.
    let report = undo(&world, world.task, of(&["F/out/a.txt"])).await;
    assert_eq!(names(&report), ["F/out/new", "F/in", "F/in/a.txt", "F/a.txt"]);
    assert_eq!((report.undone, report.left, report.kept), (4, 3, vec![]));
    assert_eq!(fs::read(world.folder.join("in/b.txt")).unwrap(), b"b.txt");
    let report = undo(&world, world.task, of_call(first)).await;
    assert_eq!((report.undone, report.already, report.left), (1, 1, 2));
    assert!(!world.folder.join("in").exists());
    assert_eq!(undo(&world, world.task, of_call(third)).await.undone, 1);
    let report = undo(&world, world.task, of_call(second)).await;
    assert_eq!((report.undone, report.already, report.left), (1, 2, 0));
    assert_eq!(tree(&world.folder), world.before);
}

#[tokio::test]
async fn what_lies_in_a_folder_that_was_moved_goes_back_with_it() {
    let world = World::new(Disks::One);
    let session = world.open(None, false).await.unwrap();
    call(&session, vec![relocate("F/a.txt", "F/in/a.txt")]).await;
    call(&session, vec![relocate("F/in", "F/out"), relocate("F/b.txt", "F/in")]).await;
    drop(session);
    // Neither step names it. Its folder's former name is taken since, by what goes as well.
    let report = undo(&world, world.task, of(&["F/out/a.txt"])).await;
    assert_eq!((names(&report), report.left), (vec!["F/b.txt", "F/in", "F/a.txt"], 0), "{report:?}");
    assert_eq!(tree(&world.folder), world.before);
}

#[tokio::test]
async fn a_task_given_back_under_another_leaves_the_times_of_folders_to_that() {
    let world = World::new(Disks::One);
    let time = |folder: &str| fs::metadata(world.folder.join(folder)).unwrap().modified().unwrap();
    call(&world.open(None, false).await.unwrap(), vec![relocate("F/a.txt", "F/in/a.txt"), edit("F/b.txt")]).await;
    let after_first = time("");
    let second = another(&world, vec![write("Desk/new", "new")]).await;
    let after_second = time("");
    // In two parts, the first of which leaves something standing in the same folder.
    undo(&world, world.task, of(&["F/a.txt"])).await;
    assert_eq!(time(""), after_second);
    undo(&world, world.task, UndoSpec::all()).await;
    assert_eq!(time(""), after_second);
    assert_eq!(undo(&world, second, UndoSpec::all()).await.left, 0);
    assert_eq!(time(""), after_first, "as the second found it");
}

#[tokio::test]
async fn a_folder_that_was_made_stays_while_something_is_in_it() {
    let world = World::new(Disks::One);
    let session = world.open(None, false).await.unwrap();
    let made = call(&session, vec![Change::MakeFolder { path: path("F/new"), mode: None }]).await;
    call(&session, vec![relocate("F/a.txt", "F/new/a.txt")]).await;
    drop(session);
    let report = undo(&world, world.task, of_call(made)).await;
    assert_eq!((report.undone, report.left, report.kept[0].path.as_str()), (0, 2, "F/new"), "{report:?}");
    assert!(report.kept[0].reason.contains("undo that too"));
    assert_eq!(undo(&world, world.task, UndoSpec::all()).await.left, 0);
    assert_eq!(tree(&world.folder), world.before);
}

#[tokio::test]
async fn a_part_stopped_at_any_step_goes_on_and_so_does_the_rest() {
    for disks in [Disks::One, Disks::Two].into_iter().take(if has_two_disks() { 2 } else { 1 }) {
        let calm = Calm::see(disks).await;
        for spec in [of(&["F/a.txt", "F/d.txt"]), of(&["F/moved"]), UndoSpec::all()] {
            for k in 0.. {
                let world = World::new(disks);
                world.run(None, false).await.1.unwrap();
                let stopped = world.sandbox(Some(Stop::at(k))).undo(world.task, spec.clone()).await;
                let report = world.sandbox(None).undo(world.task, spec.clone()).await.unwrap();
                assert_eq!(report.kept, [], "stopped at {k} in {spec:?}");
                world.gives_back(Some(calm.undone)).await.unwrap_or_else(|e| panic!("stopped at {k} in {spec:?}: {e}"));
                if stopped.is_ok() {
                    break;
                }
            }
        }
    }
}

/// A folder that several tasks work in, one after another.
async fn another(world: &World, changes: Vec<Change>) -> TaskId {
    let task = a_task();
    let folders = vec![grant("Desk", &world.folder, cowork_core::Access::Write)];
    let session =
        world.sandbox(None).open(SessionSpec { task, folders, hosts: Vec::new(), resumed: false }).await.unwrap();
    call(&session, changes).await;
    task
}

#[tokio::test]
async fn what_another_task_built_on_is_named_with_that_task() {
    let world = World::new(Disks::One);
    let session = world.open(None, false).await.unwrap();
    let changes = vec![
        write("F/x", "x"),
        relocate("F/a.txt", "F/a2.txt"),
        relocate("F/b.txt", "F/b2.txt"),
        write("F/run.sh", "new"),
        relocate("F/c.txt", "F/texts/c.txt"),
        relocate("F/d.txt", "F/d2.txt"),
    ];
    call(&session, changes).await;
    drop(session);
    let second = another(
        &world,
        vec![
            relocate("Desk/x", "Desk/y"),
            write("Desk/a2.txt", "edited"),
            Change::set_aside(path("Desk/b2.txt")),
            Change::Mode { path: path("Desk/run.sh"), mode: 0o700 },
            relocate("Desk/texts", "Desk/papers"),
            write("Desk/d.txt", "in the way"),
        ],
    )
    .await;
    let third = another(&world, vec![relocate("Desk/y", "Desk/z")]).await;
    let report = undo(&world, world.task, UndoSpec::all()).await;
    let mut kept: Vec<_> = report.kept.iter().map(|k| (k.path.as_str(), k.reason.as_str())).collect();
    kept.sort_unstable();
    let by = |what: &str, task: TaskId| format!("{what} by task {}; undo that first", task.short());
    let taken =
        format!("its former place `F/d.txt` is taken by what task {} put there; undo that first", second.short());
    let expected = [
        ("F/a2.txt", by("`F/a2.txt` was changed", second)),
        ("F/b2.txt", by("`F/b2.txt` was set aside", second)),
        ("F/d2.txt", taken),
        ("F/papers", by("`F/texts` was moved to `F/papers`", second)),
        ("F/papers/c.txt", by("`F/texts/c.txt` was moved to `F/papers/c.txt`", second)),
        ("F/run.sh", by("`F/run.sh` was changed", second)),
        ("F/z", by("`F/x` was moved to `F/z`", third)),
    ];
    let expected: Vec<_> = expected.iter().filter(|e| e.0 != "F/papers").map(|(p, r)| (*p, r.as_str())).collect();
    assert_eq!(kept, expected);
    assert_eq!((report.undone, report.left), (0, 7));
    assert_eq!(undo(&world, third, UndoSpec::all()).await.left, 0);
    assert_eq!(undo(&world, second, UndoSpec::all()).await.left, 0);
    assert_eq!(undo(&world, world.task, UndoSpec::all()).await.left, 0);
    assert_eq!(tree(&world.folder), world.before);
}

fn many_kinds() -> [Vec<Change>; 2] {
    let aside = |at: &str| Change::set_aside(path(at));
    let first = vec![
        write("F/new", "new"),
        write("F/brief", "gone soon"),
        relocate("F/a.txt", "F/a2.txt"),
        edit("F/b.txt"),
        write("F/run.sh", "replaced"),
        Change::Mode { path: path("F/c.txt"), mode: 0o600 },
        aside("F/old.txt"),
        relocate("F/box", "F/chest"),
    ];
    let second = vec![
        aside("F/brief"),
        relocate("F/a2.txt", "F/a3.txt"),
        write("F/a3.txt", "another"),
        relocate("F/d.txt", "F/d2.txt"),
        relocate("F/d2.txt", "F/d.txt"),
        edit("F/chest/in.txt"),
        relocate("F/chest/deep/in.txt", "F/in.txt"),
        Change::MakeFolder { path: path("F/empty"), mode: None },
    ];
    [first, second]
}

fn said(changes: &[cowork_core::Difference]) -> Vec<String> {
    let what = |w: &What| match w {
        What::Moved { from, edited } => format!("moved from {from}{}", if *edited { ", edited" } else { "" }),
        other => format!("{other:?}").to_lowercase(),
    };
    let line = |d: &cowork_core::Difference| {
        let back = if d.undone { ", undone" } else { "" };
        format!("{} {}{back}", d.path, what(&d.what))
    };
    changes.iter().map(line).collect()
}

#[tokio::test]
async fn a_former_content_goes_back_once_what_a_person_made_of_it_is_out_of_the_way() {
    let world = World::new(Disks::One);
    let session = world.open(None, false).await.unwrap();
    call(&session, vec![edit("F/b.txt"), write("F/c.txt", "replaced")]).await;
    drop(session);
    for name in ["b.txt", "c.txt"] {
        fs::write(world.folder.join(name), "a person's").unwrap();
    }
    let report = undo(&world, world.task, UndoSpec::all()).await;
    assert_eq!((report.undone, report.kept.len()), (0, 2));
    fs::rename(world.folder.join("b.txt"), world.folder.join("mine.txt")).unwrap();
    fs::remove_file(world.folder.join("c.txt")).unwrap();
    let shown = undo(&world, world.task, UndoSpec { mode: UndoMode::Show, ..UndoSpec::all() }).await;
    let report = undo(&world, world.task, UndoSpec::all()).await;
    assert_eq!((report.undone, report.kept.len(), report.left), (2, 0, 0));
    assert_eq!((shown.undone, shown.kept), (report.undone, report.kept));
    fs::remove_file(world.folder.join("mine.txt")).unwrap();
    let without_times = |mut tree: cowork_testkit::sandbox::Tree| {
        tree.values_mut().for_each(|node| {
            if node.mode & 0o040_000 != 0 {
                node.time = None;
            }
        });
        tree
    };
    assert_eq!(without_times(tree(&world.folder)), without_times(world.before.clone()));
}

#[tokio::test]
async fn what_a_task_changed_is_said_once_for_each_thing() {
    for disks in [Disks::One, Disks::Two].into_iter().take(if has_two_disks() { 2 } else { 1 }) {
        let world = World::new(disks);
        let session = world.open(None, false).await.unwrap();
        let [first, second] = many_kinds();
        let (first, second) = (call(&session, first).await, call(&session, second).await);
        let expected = [
            "F/a3.txt moved from F/a.txt, edited",
            "F/b.txt edited",
            "F/c.txt mode",
            "F/chest moved from F/box",
            "F/chest/in.txt edited",
            "F/empty created",
            "F/in.txt moved from F/box/deep/in.txt",
            "F/new created",
            "F/old.txt setaside",
            "F/run.sh edited",
        ];
        let changes = world.sandbox(None).changes(world.task).await.unwrap();
        assert_eq!(said(&changes.changes), expected, "while it is at work");
        drop(session);
        let changes = world.sandbox(None).changes(world.task).await.unwrap();
        assert_eq!(said(&changes.changes), expected);
        assert!(changes.bytes_kept > 0);
        let [moved, _, mode, .., script] = changes.changes.as_slice() else { panic!("{changes:?}") };
        assert_eq!(moved.calls, [first, second]);
        assert_eq!((moved.before.as_ref().unwrap().size, moved.after.as_ref().unwrap().size), (5, 7));
        assert_eq!((mode.before.as_ref().unwrap().mode, mode.after.as_ref().unwrap().mode), (0o644, 0o600));
        assert_eq!((script.kind, script.before.as_ref().unwrap().modified), (FileKind::File, 1_000_000_006_123));
        let empty = changes.changes.iter().find(|d| d.path.as_str() == "F/empty").unwrap();
        assert_eq!((empty.kind, empty.before.is_none(), empty.after.is_some()), (FileKind::Folder, true, true));
        undo(&world, world.task, of(&["F/b.txt", "F/new"])).await;
        let changes = world.sandbox(None).changes(world.task).await.unwrap();
        let undone: Vec<_> = said(&changes.changes).into_iter().filter(|line| line.ends_with("undone")).collect();
        assert_eq!(undone, ["F/b.txt edited, undone", "F/new created, undone"]);
        assert_eq!(world.sandbox(None).changes(a_task()).await.unwrap_err().kind, Kind::NotFound);
    }
}
