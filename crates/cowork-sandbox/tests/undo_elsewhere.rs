//! Undo where a disk was taken away or another put in its place, and of files that another disk can't hold as they are.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test stops at what should not be")]

mod support;

use std::{
    ffi::OsStr,
    fs,
    os::unix::fs::{MetadataExt, PermissionsExt, chown},
    path::{Path, PathBuf},
    process::Command,
    sync::Arc,
};

use cowork_core::{Change, Changed, Clash, Known, Sandbox, Session, UndoSpec, Watch, Write};
use cowork_testkit::sandbox::{a_call, age_folders, path, put, tree};
use rustix::{
    fs::{Gid, Uid},
    thread::{set_thread_groups, set_thread_res_gid, set_thread_res_uid},
};
use support::{Disks, World, has_two_disks};

async fn change(session: &Arc<dyn Session>, changes: Vec<Change>) -> Changed {
    session.files(a_call()).change(changes, Watch::nothing()).await.unwrap()
}

fn aside(at: &str) -> Change {
    Change::set_aside(path(at))
}

fn write(at: &str) -> Change {
    Change::Write(Write::new(path(at), b"made".to_vec()).replacing(Known::Nothing))
}

/// Something mounted, as long as this lives.
struct Mount(PathBuf);

impl Mount {
    /// A disk of its own in memory.
    fn memory(at: &Path) -> Option<Self> {
        Self::at(at, &["-t", "tmpfs", "-o", "size=4m", "none"].map(OsStr::new))
    }

    /// What is at another place too.
    fn bind(from: &Path, at: &Path) -> Option<Self> {
        Self::at(at, &[OsStr::new("--bind"), from.as_os_str()])
    }

    fn at(at: &Path, arguments: &[&OsStr]) -> Option<Self> {
        fs::create_dir_all(at).unwrap();
        let mounted = Command::new("mount").args(arguments).arg(at).output().is_ok_and(|out| out.status.success());
        if !mounted {
            eprintln!("left out: this machine can't mount");
        }
        mounted.then(|| Self(at.to_owned()))
    }
}

impl Drop for Mount {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(&self.0).output();
    }
}

#[tokio::test]
async fn a_disk_that_is_not_there_is_waited_for() {
    let world = World::new(Disks::One);
    let (disk, stick) = (world.folder.with_file_name("disk"), world.folder.join("stick"));
    let Some(_disk) = Mount::memory(&disk) else { return };
    let Some(plugged) = Mount::bind(&disk, &stick) else { return };
    put(&stick.join("photo.jpg"), "photo");
    put(&stick.join("in/here"), "here");
    age_folders(&world.folder);
    let before = tree(&world.folder);
    let session = world.open(None, false).await.unwrap();
    let folder = Change::MakeFolder { path: path("F/stick/folder"), mode: None };
    let moved = Change::Move { from: path("F/stick/in/here"), to: path("F/stick/there"), clash: Clash::Skip };
    let changes = vec![aside("F/stick/photo.jpg"), write("F/stick/made.txt"), write("F/made.txt"), folder, moved];
    assert_eq!(change(&session, changes).await.made, 5);
    drop((session, plugged));
    let without = tree(&stick);
    for spec in [UndoSpec::show(), UndoSpec::all()] {
        let report = world.sandbox(None).undo(world.task, spec).await.unwrap();
        assert_eq!((report.undone, report.left), (1, 4), "{report:?}");
        assert!(report.kept.iter().all(|kept| kept.reason.contains("disk")), "{report:?}");
    }
    assert_eq!(tree(&stick), without, "nothing was put where the disk is mounted");
    let _plugged = Mount::bind(&disk, &stick).unwrap();
    let report = world.undo(None).await.unwrap();
    assert_eq!((report.undone, report.already, report.kept), (4, 1, vec![]));
    assert_eq!(tree(&world.folder), before);
}

#[tokio::test]
async fn another_disk_where_one_was_is_not_taken_for_it() {
    for inside in [false, true] {
        let world = World::new(Disks::One);
        let at = if inside { world.folder.join("stick") } else { world.folder.clone() };
        let Some(first) = Mount::memory(&at) else { return };
        put(&at.join("photo.jpg"), "photo");
        let session = world.open(None, false).await.unwrap();
        let name = if inside { "F/stick/photo.jpg" } else { "F/photo.jpg" };
        assert_eq!(change(&session, vec![aside(name)]).await.made, 1);
        drop((session, first));
        let _second = Mount::memory(&at).unwrap();
        let report = world.undo(None).await.unwrap();
        assert_eq!((report.undone, report.left), (0, 1), "{report:?}");
        assert_eq!(fs::read_dir(&at).unwrap().count(), 0, "{report:?}");
    }
}

#[tokio::test]
async fn a_file_with_other_names_is_not_taken_to_another_disk() {
    if !has_two_disks() {
        return;
    }
    let world = World::new(Disks::Two);
    let (a, other) = (world.folder.join("a.txt"), world.folder.join("other name"));
    fs::hard_link(&a, &other).unwrap();
    let before = tree(&world.folder);
    let session = world.open(None, false).await.unwrap();
    let changed = change(&session, vec![aside("F/a.txt")]).await;
    assert_eq!((changed.made, changed.otherwise.len()), (0, 1));
    assert!(changed.otherwise[0].reason.contains("hard links"), "{changed:?}");
    assert_eq!(fs::metadata(&a).unwrap().ino(), fs::metadata(&other).unwrap().ino());
    world.close_and_give_back(session, &before).await;
}

#[tokio::test]
async fn attributes_of_a_file_come_back_from_another_disk_or_it_stays() {
    if !has_two_disks() {
        return;
    }
    let world = World::new(Disks::Two);
    let a = world.folder.join("a.txt");
    // A capability stays with the very file that it was given to: no copy may have it.
    let capability = [1, 0, 0, 2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
    let none = rustix::fs::XattrFlags::empty();
    if rustix::fs::setxattr(&a, "security.capability", &capability, none).is_err() {
        eprintln!("left out: no capabilities on this disk");
        return;
    }
    rustix::fs::setxattr(world.folder.join("b.txt"), "user.note", b"kept", none).unwrap();
    let before = tree(&world.folder);
    let session = world.open(None, false).await.unwrap();
    let changed = change(&session, vec![aside("F/a.txt"), aside("F/b.txt")]).await;
    let at: Vec<_> = changed.otherwise.iter().map(|o| o.path.as_str()).collect();
    assert!(at.contains(&"F/a.txt") && changed.otherwise[0].reason.contains("attributes"), "{changed:?}");
    world.close_and_give_back(session, &before).await;
    let mut value = [0; 32];
    assert_eq!(rustix::fs::getxattr(&a, "security.capability", &mut value[..]), Ok(20));
    assert_eq!(rustix::fs::getxattr(world.folder.join("b.txt"), "user.note", &mut value[..]), Ok(4));
}

#[test]
fn somebody_elses_file_is_not_made_ours_by_way_of_another_disk() {
    if !has_two_disks() {
        return;
    }
    let world = World::new(Disks::Two);
    let (theirs, other) = (world.folder.join("a.txt"), 4242);
    if chown(&theirs, Some(other), Some(other)).is_err() {
        eprintln!("left out: only root can give files away");
        return;
    }
    fs::set_permissions(&theirs, fs::Permissions::from_mode(0o644)).unwrap();
    let everybody = |at: &Path| fs::set_permissions(at, fs::Permissions::from_mode(0o777)).unwrap();
    let above = |at: &Path| at.ancestors().take(3).filter(|at| at.components().count() > 2).for_each(everybody);
    above(&world.folder);
    above(world.data.parent().unwrap());
    let nobody = move || {
        let (uid, gid) = (Uid::from_raw(65_534), Gid::from_raw(65_534));
        set_thread_groups(&[]).unwrap();
        set_thread_res_gid(gid, gid, gid).unwrap();
        set_thread_res_uid(uid, uid, uid).unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let session = world.open(None, false).await.unwrap();
            let changed = change(&session, vec![aside("F/a.txt")]).await;
            assert_eq!((changed.made, changed.otherwise.len()), (0, 1), "{changed:?}");
            assert!(changed.otherwise[0].reason.contains("another user"), "{changed:?}");
        });
        assert_eq!(fs::metadata(&theirs).unwrap().uid(), other);
    };
    std::thread::spawn(nobody).join().unwrap();
}
