//! Somebody moves folders, or swaps things, while content is staged and while a batch is at work; somebody stops the call.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test stops at what should not be")]

mod support;

use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
};

use cowork_core::{CancellationToken, Change, Changed, Clash, Kind, Known, Probe, Result, Session, Step, Watch, Write};
use cowork_testkit::sandbox::{Tree, a_call, age_folders, path, put, tree};
use support::{Disks, World, has_two_disks};

async fn change(session: &Arc<dyn Session>, changes: Vec<Change>) -> Changed {
    session.files(a_call()).change(changes, Watch::nothing()).await.unwrap()
}

fn relocate(from: &str, to: &str) -> Change {
    Change::Move { from: path(from), to: path(to), clash: Clash::Skip }
}

fn write(at: &str, content: Vec<u8>) -> Change {
    Change::Write(Write::new(path(at), content).replacing(Known::Nothing))
}

type At = dyn Fn(&Step) -> bool + Send + Sync;

/// Does something once, just before a step that it waits for, and counts the steps after it.
struct Meanwhile {
    at: Box<At>,
    what: Box<dyn Fn() + Send + Sync>,
    done: AtomicBool,
    synced: AtomicUsize,
}

impl Meanwhile {
    fn new(at: impl Fn(&Step) -> bool + Send + Sync + 'static, what: impl Fn() + Send + Sync + 'static) -> Arc<Self> {
        let (done, synced) = (AtomicBool::new(false), AtomicUsize::new(0));
        Arc::new(Self { at: Box::new(at), what: Box::new(what), done, synced })
    }

    fn came(&self) -> bool {
        self.done.load(Ordering::Relaxed)
    }
}

impl Probe for Meanwhile {
    fn before(&self, step: &Step) -> Result<()> {
        if self.came() {
            if matches!(step, Step::SyncFile(at) if is_staged(at)) {
                self.synced.fetch_add(1, Ordering::Relaxed);
            }
        } else if (self.at)(step) {
            self.done.store(true, Ordering::Relaxed);
            (self.what)();
        }
        Ok(())
    }

    fn after(&self, _: &Step) {}
}

fn is_staged(at: &Path) -> bool {
    let is_beside = at.file_name().is_some_and(|name| name.to_string_lossy().starts_with(".cowork-"));
    is_beside || at.parent().is_some_and(|folder| folder.ends_with("kept"))
}

fn move_out(world: &World) -> (PathBuf, impl Fn() + Send + Sync + 'static) {
    let (from, to) = (world.folder.join("box"), world.folder.with_file_name("outside"));
    (to.clone(), move || fs::rename(&from, &to).unwrap())
}

fn names_of_ours(folder: &Path) -> Vec<String> {
    let names = tree(folder).into_keys().map(|at| format!("{at:?}"));
    names.filter(|at| at.contains(".cowork-")).collect()
}

fn kept(world: &World) -> usize {
    fs::read_dir(world.data.join("journal").join(world.task.to_string()).join("kept")).unwrap().count()
}

#[tokio::test]
async fn what_was_staged_for_a_folder_that_was_moved_out_does_not_follow_it() {
    for disks in if has_two_disks() { &[Disks::One, Disks::Two][..] } else { &[Disks::One] } {
        let world = World::new(*disks);
        let (outside, leave) = move_out(&world);
        let before = tree(&world.folder.join("box"));
        let probe = Meanwhile::new(|step| matches!(step, Step::SyncFile(at) if is_staged(at)), leave);
        let session = world.open(Some(probe.clone()), false).await.unwrap();
        let changes = vec![write("F/box/new", vec![1]), write("F/box/new2", vec![2]), relocate("F/a.txt", "F/moved")];
        let changed = change(&session, changes).await;
        assert!(probe.came());
        assert_eq!(shape(&outside), shape_of(&before), "{disks:?}: written outside");
        let reasons = changed.otherwise.iter().filter(|o| o.reason.contains("`F/box` is not there")).count();
        assert_eq!((changed.made, changed.otherwise.len(), reasons), (1, 2, 2), "{disks:?}: {changed:?}");
        drop(session);
        fs::rename(&outside, world.folder.join("box")).unwrap();
        let report = world.undo(None).await.unwrap();
        assert_eq!((report.undone, report.kept), (1, vec![]));
        assert_eq!(shape(&world.folder), shape_of(&world.before));
    }
}

fn shape(folder: &Path) -> Vec<(String, String)> {
    shape_of(&tree(folder))
}

/// What is where, without times.
fn shape_of(tree: &Tree) -> Vec<(String, String)> {
    let begins = |content: &[u8]| String::from_utf8_lossy(&content[..content.len().min(20)]).into_owned();
    tree.iter().map(|(at, node)| (format!("{at:?}"), begins(&node.content))).collect()
}

#[tokio::test]
async fn a_folder_that_is_moved_out_while_a_batch_is_at_work_takes_nothing_along() {
    for disks in if has_two_disks() { &[Disks::One, Disks::Two][..] } else { &[Disks::One] } {
        let world = World::new(*disks);
        let (outside, leave) = move_out(&world);
        ["also", "more"].iter().for_each(|name| put(&world.folder.join("box").join(name), name));
        let before = tree(&world.folder.join("box"));
        let probe = Meanwhile::new(|step| matches!(step, Step::Rename(_, to) if to.ends_with("box/new")), leave);
        let session = world.open(Some(probe.clone()), false).await.unwrap();
        let changes = vec![
            write("F/box/new", b"new".to_vec()),
            write("F/box/in.txt", b"another".to_vec()),
            relocate("F/a.txt", "F/box/a.txt"),
            relocate("F/box/more", "F/in.txt"),
            Change::set_aside(path("F/box/also")),
            Change::MakeFolder { path: path("F/box/made"), mode: None },
            relocate("F/b.txt", "F/c2.txt"),
        ];
        let changed = change(&session, changes).await;
        assert!(probe.came());
        assert_eq!(shape(&outside), shape_of(&before), "{disks:?}");
        assert_eq!((changed.made, changed.otherwise.len()), (1, 6), "{disks:?}: {changed:?}");
        assert!(changed.otherwise.iter().all(|o| o.reason.contains("moved away")), "{changed:?}");
        assert!(!world.folder.join("in.txt").exists() && world.folder.join("a.txt").exists());
        drop(session);
        let report = world.undo(None).await.unwrap();
        assert_eq!((report.undone, report.kept), (1, vec![]));
    }
}

#[tokio::test]
async fn a_patch_whose_folder_is_moved_out_is_made_nowhere() {
    let world = World::new(Disks::One);
    let (outside, leave) = move_out(&world);
    let before = shape(&world.folder.join("box"));
    let probe = Meanwhile::new(|step| matches!(step, Step::Rename(_, to) if to.ends_with("box/new")), leave);
    let session = world.open(Some(probe), false).await.unwrap();
    let changes = vec![relocate("F/a.txt", "F/moved"), write("F/box/new", vec![1])];
    let error = session.files(a_call()).change_all(changes, Watch::nothing()).await.unwrap_err();
    assert_eq!((error.kind, error.fact("left")), (Kind::Conflict, None), "{error:?}");
    assert_eq!(shape(&outside), before);
    assert!(world.folder.join("a.txt").exists());
}

/// Before the copying of a file begins.
fn copies(step: &Step) -> bool {
    matches!(step, Step::Write(at, bytes) if is_staged(at) && bytes == b"-")
}

#[tokio::test]
async fn a_long_copy_ends_when_the_call_is_stopped_and_nothing_of_it_stays() {
    for disks in if has_two_disks() { &[Disks::One, Disks::Two][..] } else { &[Disks::One] } {
        let copy = Change::Copy { from: path("F/large"), to: path("F/copy"), clash: Clash::Skip };
        let splice = cowork_core::Splice { at: 0, remove: 1, insert: b"!".to_vec() };
        let edit = Write::new(path("F/large"), cowork_core::Content::Edited(vec![splice])).replacing(Known::Nothing);
        for last in [copy, Change::Write(edit), Change::Write(Write::new(path("F/made"), made()))] {
            let world = World::new(*disks);
            put(&world.folder.join("large"), &"x".repeat(3 << 20));
            age_folders(&world.folder);
            let before = tree(&world.folder);
            let token = CancellationToken::new();
            let stop = token.clone();
            let is_made = matches!(&last, Change::Write(w) if w.path == path("F/made"));
            let begins = move |step: &Step| {
                if is_made {
                    matches!(step, Step::Write(at, b) if is_staged(at) && !b.is_empty())
                } else {
                    copies(step)
                }
            };
            let probe = Meanwhile::new(begins, move || stop.cancel());
            let session = world.open(Some(probe.clone()), false).await.unwrap();
            let watch = Watch { cancel: token, ..Watch::nothing() };
            let changes = vec![Change::Mode { path: path("F/a.txt"), mode: 0o600 }, last.clone()];
            let error = session.files(a_call()).change(changes, watch).await.unwrap_err();
            assert_eq!((error.kind, probe.came()), (Kind::Cancelled, true), "{disks:?} {last:?}: {error:?}");
            assert_eq!(probe.synced.load(Ordering::Relaxed), 0, "{disks:?} {last:?}: it went on to its end");
            assert_eq!((kept(&world), names_of_ours(&world.folder)), (0, vec![]), "{disks:?} {last:?}");
            drop(session);
            assert_eq!(world.undo(None).await.unwrap().kept, []);
            assert_eq!(tree(&world.folder), before);
        }
    }
}

/// Several megabytes, one after the other.
fn made() -> cowork_core::Content {
    struct Many;
    impl cowork_core::Make for Many {
        fn key(&self) -> String {
            "many".into()
        }

        fn make(&self, _: &dyn cowork_core::Reader, to: &mut dyn cowork_core::Sink) -> Result<()> {
            let failed = |e: std::io::Error| cowork_core::Error::new(Kind::Unavailable, "make", e.to_string());
            (0..8).try_for_each(|_| to.write_all(&[b'y'; 1 << 20])).map_err(failed)
        }
    }
    cowork_core::Content::Made(Arc::new(Many))
}

#[tokio::test]
async fn a_call_that_is_stopped_between_the_halves_of_a_change_gives_the_first_back() {
    if !has_two_disks() {
        return;
    }
    // Replacing and editing on another disk: the old one is carried away first.
    let world = World::new(Disks::Two);
    put(&world.folder.join("large"), &"x".repeat(3 << 20));
    age_folders(&world.folder);
    let before = tree(&world.folder);
    let token = CancellationToken::new();
    let stop = token.clone();
    let claims = |step: &Step| matches!(step, Step::Remove(at) if is_staged(at));
    let probe = Meanwhile::new(claims, move || stop.cancel());
    let session = world.open(Some(probe.clone()), false).await.unwrap();
    let watch = Watch { cancel: token, ..Watch::nothing() };
    let changes = vec![write("F/large", vec![b'y'; 2 << 20])];
    let error = session.files(a_call()).change(changes, watch).await.unwrap_err();
    assert_eq!((error.kind, probe.came()), (Kind::Cancelled, true), "{error:?}");
    assert_eq!(shape(&world.folder), shape_of(&before), "it is whole as soon as the call has ended");
    drop(session);
    assert_eq!(world.undo(None).await.unwrap().kept, []);
    assert_eq!(tree(&world.folder), before);
}

/// Tells whether anybody opened a file for more than pointing at it.
fn opened(inotify: &std::os::fd::OwnedFd) -> bool {
    use rustix::fs::inotify::Reader;
    let mut buffer = [std::mem::MaybeUninit::uninit(); 1024];
    Reader::new(inotify, &mut buffer).next().is_ok()
}

#[tokio::test]
async fn a_pipe_that_takes_a_files_place_is_not_opened() {
    use rustix::fs::{CWD, FileType, inotify, mknodat};
    let world = World::new(Disks::One);
    let (file, pipe) = (world.folder.join("a.txt"), world.folder.join("pipe"));
    mknodat(CWD, &pipe, FileType::Fifo, 0o600.into(), 0).unwrap();
    let watch = inotify::init(inotify::CreateFlags::NONBLOCK).unwrap();
    inotify::add_watch(&watch, &pipe, inotify::WatchFlags::OPEN).unwrap();
    fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
    let (from, to) = (pipe.clone(), file.clone());
    let probe = Meanwhile::new(
        move |step| matches!(step, Step::SyncFile(at) if at.ends_with("granted/a.txt")),
        move || fs::rename(&from, &to).unwrap(),
    );
    let session = world.open(Some(probe.clone()), false).await.unwrap();
    change(&session, vec![Change::Mode { path: path("F/a.txt"), mode: 0o640 }]).await;
    assert!(probe.came() && !opened(&watch));
    let _ = fs::File::options().read(true).write(true).open(&file).unwrap();
    assert!(opened(&watch), "and an opening would have been seen");
}
