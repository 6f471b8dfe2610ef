//! Somebody works in the folder at the very moment that a change is given back, or while a dead task's files lie about: what
//! they saved stays where they saved it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test stops at what should not be")]

mod support;

use std::{
    collections::BTreeSet,
    fs,
    io::Write as _,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use cowork_core::{
    Change, Clash, Error, Kind, Known, Probe, Result, Sandbox, Step, UndoReport, UndoSpec, Watch, Write,
};
use cowork_testkit::sandbox::{a_call, path};
use support::{Disks, Stop, World, has_two_disks};

/// Saves as editors do, just before a file is given another name for the first time; and can stop the world before the second.
struct Editor {
    at: PathBuf,
    dies: bool,
    renames: AtomicUsize,
}

impl Editor {
    fn saving(at: PathBuf, dies: bool) -> Option<Arc<dyn Probe>> {
        Some(Arc::new(Self { at, dies, renames: AtomicUsize::new(0) }))
    }
}

impl Probe for Editor {
    fn before(&self, step: &Step) -> Result<()> {
        if !matches!(step, Step::Rename(..) | Step::Exchange(..)) {
            return Ok(());
        }
        match self.renames.fetch_add(1, Ordering::Relaxed) {
            0 => save(&self.at, "theirs"),
            _ if self.dies => return Err(Error::new(Kind::Interrupted, "test", "the world stopped")),
            _ => {}
        }
        Ok(())
    }

    fn after(&self, _: &Step) {}
}

fn save(at: &Path, text: &str) {
    let new = at.with_file_name("new~");
    fs::write(&new, text).unwrap();
    fs::rename(&new, at).unwrap();
}

fn write(at: &str) -> Change {
    Change::Write(Write::new(path(at), b"ours".to_vec()).replacing(Known::Nothing))
}

/// The ways to bring a file somewhere, and where it is then.
fn ways() -> [(&'static str, Vec<Change>); 4] {
    let (from, to) = (path("F/a.txt"), path("F/x.txt"));
    [
        ("a.txt", vec![write("F/a.txt")]),
        ("x.txt", vec![write("F/x.txt")]),
        ("x.txt", vec![Change::Move { from: from.clone(), to, clash: Clash::Skip }]),
        ("a.txt", vec![Change::set_aside(from.clone()), Change::Restore { path: from }]),
    ]
}

async fn done(disks: Disks, changes: &[Change]) -> World {
    let world = World::new(disks);
    let session = world.open(None, false).await.unwrap();
    for change in changes {
        let changed = session.files(a_call()).change(vec![change.clone()], Watch::nothing()).await.unwrap();
        assert_eq!((changed.made, changed.otherwise), (1, vec![]));
    }
    world
}

/// The contents of all files below a folder.
fn contents(folder: &Path) -> BTreeSet<String> {
    let mut all = BTreeSet::new();
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        if entry.path().is_dir() {
            all.append(&mut contents(&entry.path()));
        } else if let Ok(text) = fs::read_to_string(entry.path()) {
            all.insert(text);
        }
    }
    all
}

fn names(report: &UndoReport) -> Vec<&str> {
    report.kept.iter().map(|kept| kept.path.as_str()).collect()
}

#[tokio::test]
async fn what_is_saved_at_the_moment_of_giving_back_stays_where_it_was_saved() {
    for disks in [Disks::One, Disks::Two] {
        for (name, changes) in ways() {
            if disks == Disks::Two && !has_two_disks() {
                continue;
            }
            let world = done(disks, &changes).await;
            let at = world.folder.join(name);
            let report = world.undo(Editor::saving(at.clone(), false)).await.unwrap();
            let named = format!("F/{name}");
            assert!(names(&report).contains(&named.as_str()) && report.left > 0, "{changes:?}: {report:?}");
            for _ in 0..2 {
                assert_eq!(fs::read_to_string(&at).unwrap(), "theirs", "{changes:?}: {report:?}");
                assert!(!contents(&world.data).contains("theirs"), "{changes:?}");
                let again = world.undo(None).await.unwrap();
                assert!(names(&again).contains(&named.as_str()), "it is still named: {again:?}");
            }
        }
    }
}

#[tokio::test]
async fn what_was_saved_in_that_moment_before_a_kill_is_named_and_not_taken_for_ours() {
    for (name, changes) in ways() {
        let world = done(Disks::One, &changes).await;
        world.undo(Editor::saving(world.folder.join(name), true)).await.unwrap_err();
        let report = world.undo(None).await.unwrap();
        assert!(!report.kept.is_empty() && report.left > 0, "{changes:?}: {report:?}");
        let all: BTreeSet<_> = contents(&world.folder).union(&contents(&world.data)).cloned().collect();
        assert!(all.contains("theirs"), "{changes:?}: {all:?}");
    }
}

/// The file that lies under a name of ours in the folder, if one does.
fn claimed(folder: &Path) -> Option<PathBuf> {
    let ours = |at: &PathBuf| at.file_name().unwrap().to_string_lossy().starts_with(".cowork-");
    fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).find(ours)
}

/// Has a task die at every step of taking a file to another disk, and a person go on as `meanwhile` does where it then lies
/// under a name of ours. Gives how often it did.
async fn die_with_a_file_claimed(meanwhile: impl Fn(&Path, &Path)) -> Vec<World> {
    let mut worlds = Vec::new();
    for at in 0.. {
        let world = World::new(Disks::Two);
        let Ok(session) = world.open(Some(Stop::at(at)), false).await else { continue };
        let aside = vec![Change::set_aside(path("F/a.txt"))];
        let ended = session.files(a_call()).change(aside, Watch::nothing()).await;
        drop(session);
        if let Some(claimed) = claimed(&world.folder) {
            meanwhile(&claimed, &world.folder);
            worlds.push(world);
        }
        if ended.is_ok() {
            break;
        }
    }
    assert!(!worlds.is_empty());
    worlds
}

fn edit_late(file: &Path) {
    fs::File::options().append(true).open(file).unwrap().write_all(b", and a late edit").unwrap();
}

#[tokio::test]
async fn a_late_edit_of_a_file_that_a_dead_task_was_taking_away_is_not_lost() {
    if !has_two_disks() {
        return;
    }
    for world in die_with_a_file_claimed(|claimed, _| edit_late(claimed)).await {
        let report = world.undo(None).await.unwrap();
        assert_eq!(fs::read_to_string(world.folder.join("a.txt")).unwrap(), "a.txt, and a late edit", "{report:?}");
        assert_eq!(claimed(&world.folder), None);
    }
}

#[tokio::test]
async fn a_file_that_a_dead_task_was_taking_away_comes_back_beside_one_that_took_its_name() {
    if !has_two_disks() {
        return;
    }
    let meanwhile = |claimed: &Path, folder: &Path| {
        edit_late(claimed);
        fs::write(folder.join("a.txt"), "another").unwrap();
    };
    for world in die_with_a_file_claimed(meanwhile).await {
        for _ in 0..2 {
            let report = world.undo(None).await.unwrap();
            assert_eq!(fs::read_to_string(world.folder.join("a.txt")).unwrap(), "another", "{report:?}");
            let beside = fs::read_to_string(world.folder.join("a (2).txt")).unwrap();
            assert_eq!(beside, "a.txt, and a late edit", "{report:?}");
            assert_eq!(claimed(&world.folder), None);
        }
    }
}

#[tokio::test]
async fn a_preview_neither_waits_for_a_task_at_work_nor_holds_one_up() {
    let world = World::new(Disks::One);
    let session = world.open(None, false).await.unwrap();
    session.files(a_call()).change(vec![write("F/x.txt")], Watch::nothing()).await.unwrap();
    let shown = world.sandbox(None).undo(world.task, UndoSpec::show()).await.unwrap();
    assert_eq!((shown.undone, shown.kept), (1, vec![]));
    assert_eq!(session.files(a_call()).change(vec![write("F/y.txt")], Watch::nothing()).await.unwrap().made, 1);
    drop(session);
    let report = world.undo(None).await.unwrap();
    assert_eq!((report.undone, report.kept), (2, vec![]));
}
