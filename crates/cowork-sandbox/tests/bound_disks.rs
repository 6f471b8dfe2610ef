//! Disks that are mounted more than once or are full, and folders that say who may read what is new in them.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test stops at what should not be")]

mod support;

use std::{fs, os::unix::fs::MetadataExt, path::Path, sync::Arc};

use cowork_core::{
    Change, Changed, Clash, Content, Error, Kind, Known, Make, Reader, Result, Session, Sink, Watch, Write,
};
use cowork_testkit::sandbox::{a_call, age_folders, path, put, tree};
use support::{Disks, World, mounts::Mount};

async fn change(session: &Arc<dyn Session>, changes: Vec<Change>) -> Changed {
    session.files(a_call()).change(changes, Watch::nothing()).await.unwrap()
}

fn relocate(from: &str, to: &str) -> Change {
    Change::Move { from: path(from), to: path(to), clash: Clash::Skip }
}

fn copy(from: &str, to: &str) -> Change {
    Change::Copy { from: path(from), to: path(to), clash: Clash::Skip }
}

fn write(at: &str, content: &[u8]) -> Change {
    Change::Write(Write::new(path(at), content.to_vec()).replacing(Known::Nothing))
}

fn aside(at: &str) -> Change {
    Change::set_aside(path(at))
}

#[tokio::test]
async fn a_folder_that_is_mounted_from_the_same_disk_is_changed_as_another_disk_is() {
    let world = World::new(Disks::One);
    let (store, at) = (world.folder.with_file_name("store"), world.folder.join("bind"));
    put(&store.join("old"), "old");
    put(&store.join("gone"), "gone");
    put(&store.join("dir/in"), "in");
    let Some(_mount) = Mount::bind(&store, &at) else { return };
    age_folders(&world.folder);
    let before = tree(&world.folder);
    let session = world.open(None, false).await.unwrap();
    let changes = vec![
        write("F/bind/new", b"new"),
        write("F/bind/old", b"newer"),
        support::edit("F/bind/new"),
        aside("F/bind/gone"),
        Change::Restore { path: path("F/bind/gone") },
        relocate("F/a.txt", "F/bind/a.txt"),
        relocate("F/bind/gone", "F/came"),
        relocate("F/bind/dir/in", "F/bind/far/in"),
        copy("F/b.txt", "F/bind/b.txt"),
        relocate("F/bind/dir", "F/bind/dir2"),
    ];
    let changed = change(&session, changes).await;
    assert_eq!((changed.made, changed.otherwise), (10, vec![]));
    let changed = change(&session, vec![relocate("F/bind/dir2", "F/dir"), aside("F/bind/dir2"), aside("F/bind")]).await;
    assert_eq!((changed.made, changed.otherwise.len()), (0, 3), "whole folders stay on their mount: {changed:?}");
    drop(session);
    let report = world.undo(None).await.unwrap();
    assert_eq!((report.undone, report.kept), (10, vec![]));
    assert_eq!(tree(&world.folder), before);
}

#[tokio::test]
async fn a_grant_that_is_a_mount_of_the_journals_own_disk_is_worked_in_as_any_other() {
    // With the changes that fit two disks.
    let mut world = World::new(Disks::Two);
    world.data = world.folder.with_file_name("data");
    let Some(_mount) = Mount::bind(&world.folder.clone(), &world.folder) else { return };
    world.before = tree(&world.folder);
    let (_, changed) = world.run(None, false).await;
    let changed = changed.unwrap();
    let left: Vec<_> = changed.iter().flat_map(|c| &c.otherwise).filter(|o| o.reason.contains("disk")).collect();
    assert!(left.is_empty() && changed.iter().map(|c| c.made).sum::<u64>() > 15, "{changed:?}");
    world.gives_back(None).await.unwrap();
}

/// A megabyte that is made.
struct Megabyte(u8);

impl Make for Megabyte {
    fn key(&self) -> String {
        self.0.to_string()
    }

    fn make(&self, _: &dyn Reader, to: &mut dyn Sink) -> Result<()> {
        to.write_all(&vec![self.0; 1 << 20]).map_err(|e| Error::new(Kind::Unavailable, "make", e.to_string()))
    }
}

#[tokio::test]
async fn a_call_that_filled_the_disk_gives_its_room_back() {
    let mut world = World::new(Disks::One);
    let base = world.data.with_file_name("disk");
    let Some(_mount) = Mount::at(&base, "size=8m") else { return };
    (world.data, world.folder) = (base.join("data"), base.join("granted"));
    put(&world.folder.join("large"), &"x".repeat(1 << 20));
    let session = world.open(None, false).await.unwrap();
    let free = || rustix::fs::statvfs(&base).map(|s| s.f_bfree * s.f_frsize).unwrap();
    let before = free();
    let made = |n| Change::Write(Write::new(path(&format!("F/g{n}")), Content::Made(Arc::new(Megabyte(n)))));
    let changes = [write("F/large", &[b'y'; 1 << 20])].into_iter().chain((0..20).map(made)).collect();
    let error = session.files(a_call()).change(changes, Watch::nothing()).await.unwrap_err();
    assert_eq!((error.kind, error.fact("left")), (Kind::Full, None), "{error:?}");
    assert!(free() + (1 << 18) > before, "{} of {before} bytes are free again", free());
    assert_eq!(fs::read_to_string(world.folder.join("large")).unwrap(), "x".repeat(1 << 20));
    drop(session);
    assert_eq!(world.undo(None).await.unwrap().kept, []);
}

#[tokio::test]
async fn another_disk_that_was_filled_gets_its_room_back_and_the_journals_too() {
    let world = World::new(Disks::One);
    let Some(_mount) = Mount::at(&world.folder.join("stick"), "size=4m") else { return };
    let session = world.open(None, false).await.unwrap();
    let made = |n| Change::Write(Write::new(path(&format!("F/stick/g{n}")), Content::Made(Arc::new(Megabyte(n)))));
    let changes = (0..9).map(made).collect();
    let error = session.files(a_call()).change(changes, Watch::nothing()).await.unwrap_err();
    assert_eq!((error.kind, error.fact("left")), (Kind::Full, None), "{error:?}");
    assert_eq!(fs::read_dir(world.folder.join("stick")).unwrap().count(), 0);
    let kept = world.data.join("journal").join(world.task.to_string()).join("kept");
    assert_eq!(fs::read_dir(kept).unwrap().count(), 0);
}

const ACCESS: &str = "system.posix_acl_access";
const DEFAULT: &str = "system.posix_acl_default";
const NONE: u32 = u32::MAX;

/// An access list as the system keeps it: version 2, then what each may.
fn list(entries: &[(u16, u16, u32)]) -> Vec<u8> {
    let entry =
        |(tag, may, id): &(u16, u16, u32)| [&tag.to_le_bytes()[..], &may.to_le_bytes(), &id.to_le_bytes()].concat();
    [vec![2, 0, 0, 0], entries.iter().flat_map(entry).collect()].concat()
}

/// The owner all, user 65534 all, the group r-x, at most all, others nothing.
fn shared() -> Vec<u8> {
    list(&[(1, 7, NONE), (2, 7, 65534), (4, 5, NONE), (0x10, 7, NONE), (0x20, 0, NONE)])
}

fn set(at: &Path, name: &str, list: &[u8]) -> bool {
    let set = rustix::fs::setxattr(at, name, list, rustix::fs::XattrFlags::empty());
    set.inspect_err(|e| eprintln!("left out: no access lists here: {e}")).is_ok()
}

/// Permissions, and the access lists of a file or folder.
fn access(at: &Path) -> (u32, [Option<Vec<u8>>; 2]) {
    let attribute = |name| {
        let mut value = [0; 256];
        rustix::fs::getxattr(at, name, &mut value[..]).ok().map(|len| value[..len].to_vec())
    };
    (fs::metadata(at).unwrap().mode() & 0o7777, [ACCESS, DEFAULT].map(attribute))
}

#[tokio::test]
async fn what_is_new_in_a_folder_may_be_read_by_whom_the_folder_says() {
    for disks in if support::has_two_disks() { &[Disks::One, Disks::Two][..] } else { &[Disks::One] } {
        for default in [
            shared(),
            // Without a list of its own for files: permissions alone.
            list(&[(1, 6, NONE), (4, 0, NONE), (0x20, 0, NONE)]),
            // Wider than the usual permissions.
            list(&[(1, 7, NONE), (4, 7, NONE), (0x20, 7, NONE)]),
        ] {
            let world = World::new(*disks);
            let folder = &world.folder;
            if !set(folder, DEFAULT, &default) {
                return;
            }
            // What the system itself does.
            fs::write(folder.join("by others"), "x").unwrap();
            fs::create_dir(folder.join("made by others")).unwrap();
            fs::write(folder.join("made by others/x"), "x").unwrap();
            let session = world.open(None, false).await.unwrap();
            let changes = vec![write("F/ours", b"x"), write("F/made/x", b"x"), copy("F/run.sh", "F/copied")];
            assert_eq!(change(&session, changes).await.made, 3);
            assert_eq!(access(&folder.join("ours")), access(&folder.join("by others")), "{disks:?}");
            assert_eq!(access(&folder.join("made")), access(&folder.join("made by others")), "{disks:?}");
            assert_eq!(access(&folder.join("made/x")), access(&folder.join("made by others/x")), "{disks:?}");
            // As if the system had made it with the permissions of what was copied.
            let like = std::os::unix::fs::OpenOptionsExt::mode(fs::File::options().write(true).create_new(true), 0o750)
                .open(folder.join("copied by others"));
            assert!(like.is_ok());
            assert_eq!(access(&folder.join("copied")), access(&folder.join("copied by others")), "{disks:?}");
            // What is replaced keeps what it had, which was nothing of the kind.
            let before = access(&folder.join("c.txt"));
            let changes = vec![write("F/c.txt", b"changed"), support::edit("F/d.txt"), aside("F/run.sh")];
            assert_eq!(change(&session, changes).await.made, 3);
            assert_eq!(change(&session, vec![Change::Restore { path: path("F/run.sh") }]).await.made, 1);
            assert_eq!(access(&folder.join("c.txt")), before, "{disks:?}");
            assert_eq!(access(&folder.join("d.txt")), before, "{disks:?}");
            assert_eq!(access(&folder.join("run.sh")), (0o750, [None, None]), "{disks:?}");
            drop(session);
            assert_eq!(world.undo(None).await.unwrap().kept, []);
            assert_eq!(access(&folder.join("c.txt")), before, "{disks:?}");
        }
    }
}

#[tokio::test]
async fn what_the_journals_own_folder_says_is_not_handed_on() {
    let world = World::new(Disks::One);
    fs::create_dir_all(&world.data).unwrap();
    if !set(&world.data, DEFAULT, &shared()) {
        return;
    }
    fs::write(world.folder.join("by others"), "x").unwrap();
    let before = access(&world.folder.join("c.txt"));
    let session = world.open(None, false).await.unwrap();
    assert_eq!(change(&session, vec![write("F/ours", b"x"), write("F/c.txt", b"x")]).await.made, 2);
    assert_eq!(access(&world.folder.join("ours")), access(&world.folder.join("by others")));
    assert_eq!(access(&world.folder.join("c.txt")), before);
}

#[tokio::test]
async fn a_label_of_the_system_stays_on_what_is_edited_and_a_programs_powers_do_not() {
    let world = World::new(Disks::One);
    let at = world.folder.join("run.sh");
    let attribute = |name: &str| {
        let mut value = [0; 256];
        rustix::fs::getxattr(&at, name, &mut value[..]).ok().map(|len| value[..len].to_vec())
    };
    // cap_net_raw, of version 2.
    let power = [1, 0, 0, 2, 0, 32, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
    if !set(&at, "security.selinux", b"user_u:object_r:user_home_t:s0\0") || !set(&at, "security.capability", &power) {
        return;
    }
    let label = attribute("security.selinux");
    let session = world.open(None, false).await.unwrap();
    assert_eq!(change(&session, vec![support::edit("F/run.sh")]).await.made, 1);
    assert_eq!((attribute("security.selinux"), attribute("security.capability")), (label, None));
}
