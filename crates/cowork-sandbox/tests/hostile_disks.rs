//! Odd disks and odd files: mounts inside a grant, full disks, sparse and immutable files, other people's files, odd names.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test stops at what should not be")]

mod support;

use std::{
    ffi::OsStr,
    fs,
    os::unix::{
        ffi::OsStrExt,
        fs::{FileExt, MetadataExt, PermissionsExt},
    },
    path::Path,
    process::Command,
    sync::Arc,
};

use cowork_core::{Change, Changed, Clash, FilePath, Kind, Known, Session, UndoSpec, Watch, Write};
use cowork_testkit::sandbox::{a_call, age_folders, path, put, tree};
use support::{
    Disks, World,
    mounts::{Mount, run},
};

async fn change(session: &Arc<dyn Session>, changes: Vec<Change>) -> Changed {
    session.files(a_call()).change(changes, Watch::nothing()).await.unwrap()
}

fn relocate(from: &str, to: &str) -> Change {
    Change::Move { from: path(from), to: path(to), clash: Clash::Skip }
}

fn copy(from: &str, to: &str) -> Change {
    Change::Copy { from: path(from), to: path(to), clash: Clash::Skip }
}

fn aside(at: &str) -> Change {
    Change::set_aside(path(at))
}

fn write(at: &str, content: Vec<u8>) -> Change {
    Change::Write(Write::new(path(at), content).replacing(Known::Nothing))
}

/// A process that is being started may hold our lock for a moment.
async fn undo(world: &World) -> cowork_core::UndoReport {
    loop {
        match world.undo(None).await {
            Err(busy) if busy.kind == Kind::Busy => tokio::task::yield_now().await,
            other => return other.unwrap(),
        }
    }
}

#[tokio::test]
async fn another_disk_inside_a_grant_is_moved_to_and_from() {
    let world = World::new(Disks::One);
    let Some(_mount) = Mount::at(&world.folder.join("stick"), "size=4m") else { return };
    put(&world.folder.join("stick/photo.jpg"), "photo");
    put(&world.folder.join("stick/dir/in"), "in");
    age_folders(&world.folder);
    let before = tree(&world.folder);
    let session = world.open(None, false).await.unwrap();
    let changes = vec![
        relocate("F/a.txt", "F/stick/a.txt"),
        relocate("F/stick/photo.jpg", "F/photos/photo.jpg"),
        copy("F/b.txt", "F/stick/new/b.txt"),
        write("F/stick/a.txt", b"edited".to_vec()),
        relocate("F/stick/dir/in", "F/stick/in"),
        Change::Mode { path: path("F/stick/in"), mode: 0o600 },
    ];
    let changed = change(&session, changes).await;
    assert_eq!((changed.made, changed.otherwise), (6, vec![]));
    let changed =
        change(&session, vec![relocate("F/stick/dir", "F/dir"), relocate("F/stick", "F/usb"), aside("F/stick")]).await;
    assert_eq!((changed.made, changed.otherwise.len()), (0, 3), "whole folders stay on their disk: {changed:?}");
    drop(session);
    let report = undo(&world).await;
    assert_eq!((report.undone, report.kept), (6, vec![]));
    assert_eq!(tree(&world.folder), before);
}

#[tokio::test]
async fn a_disk_that_is_really_full_gives_the_call_back() {
    let world = World::new(Disks::One);
    let Some(_mount) = Mount::at(&world.folder.join("small"), "size=256k") else { return };
    put(&world.folder.join("small/notes"), "notes");
    age_folders(&world.folder);
    let before = tree(&world.folder);
    let session = world.open(None, false).await.unwrap();
    let changes = vec![
        relocate("F/a.txt", "F/moved.txt"),
        write("F/small/notes", b"edited".to_vec()),
        write("F/small/large", vec![b'x'; 1 << 20]),
        relocate("F/b.txt", "F/never.txt"),
    ];
    let error = session.files(a_call()).change(changes, Watch::nothing()).await.unwrap_err();
    assert_eq!(error.kind, Kind::Full, "{error:?}");
    assert!(error.fix().is_some() && error.fact("left").is_none(), "{error:?}");
    assert_eq!(tree(&world.folder), before);
    assert_eq!(change(&session, vec![relocate("F/a.txt", "F/moved.txt")]).await.made, 1, "and then it goes on");
}

#[tokio::test]
async fn a_full_disk_under_the_journal_gives_the_call_back() {
    let mut world = World::new(Disks::One);
    let at = world.data.with_file_name("small");
    let Some(_mount) = Mount::at(&at, "size=512k") else { return };
    world.data = at.join("data");
    let session = world.open(None, false).await.unwrap();
    put(&world.folder.join("large"), &"x".repeat(1 << 20));
    age_folders(&world.folder);
    let before = tree(&world.folder);
    let changes = vec![relocate("F/a.txt", "F/moved.txt"), aside("F/large")];
    let error = session.files(a_call()).change(changes, Watch::nothing()).await.unwrap_err();
    assert_eq!((error.kind, error.fact("left")), (Kind::Full, None), "{error:?}");
    assert_eq!(tree(&world.folder), before);
}

#[tokio::test]
async fn a_sparse_file_stays_sparse_and_100_gb_of_it_are_copied_at_once() {
    let world = World::new(Disks::One);
    let file = fs::File::create(world.folder.join("image")).unwrap();
    let size = 100_000_000_000;
    file.set_len(size).unwrap();
    [0, 70_000, 5_000_000_000, size - 9].iter().for_each(|at| file.write_all_at(b"something", *at).unwrap());
    drop(file);
    let session = world.open(None, false).await.unwrap();
    let splice = |at| cowork_core::Splice { at, remove: 9, insert: b"different".to_vec() };
    let edit = Write::new(path("F/copy"), cowork_core::Content::Edited(vec![splice(70_000), splice(size - 9)]));
    let changes = vec![copy("F/image", "F/copy"), Change::Write(edit.replacing(Known::Nothing))];
    assert_eq!(change(&session, changes).await.made, 2);
    let copied = fs::File::open(world.folder.join("copy")).unwrap();
    let data = copied.metadata().unwrap();
    assert_eq!(data.len(), size);
    assert!(data.blocks() * 512 < 1 << 20, "{} blocks", data.blocks());
    let read = |at| {
        let mut bytes = [0; 9];
        copied.read_exact_at(&mut bytes, at).unwrap();
        bytes
    };
    assert_eq!((&read(0), &read(70_000), &read(5_000_000_000)), (b"something", b"different", b"something"));
    assert_eq!((&read(size - 9), &read(1 << 30)), (b"different", &[0; 9]));
    drop(session);
    assert_eq!(undo(&world).await.kept, []);
    assert!(!world.folder.join("copy").exists());
}

#[tokio::test]
async fn an_immutable_file_is_left_and_named() {
    let world = World::new(Disks::One);
    let file = world.folder.join("a.txt");
    if !run("chattr", &[OsStr::new("+i"), file.as_os_str()]) {
        return;
    }
    let session = world.open(None, false).await.unwrap();
    let changes = vec![
        write("F/a.txt", b"other".to_vec()),
        relocate("F/a.txt", "F/x"),
        aside("F/a.txt"),
        Change::Mode { path: path("F/a.txt"), mode: 0o600 },
        relocate("F/b.txt", "F/y"),
    ];
    let changed = change(&session, changes).await;
    assert!(run("chattr", &[OsStr::new("-i"), file.as_os_str()]));
    assert_eq!((changed.made, changed.otherwise.len()), (1, 4));
    assert!(changed.otherwise.iter().all(|o| o.reason.contains("permission")), "{changed:?}");
    drop(session);
    assert_eq!(undo(&world).await.kept, []);
    assert_eq!(tree(&world.folder), world.before);
}

#[tokio::test]
async fn pipes_sockets_and_devices_are_moved_and_set_aside_and_never_opened() {
    use rustix::fs::{CWD, FileType, makedev, mknodat};
    let world = World::new(Disks::One);
    mknodat(CWD, world.folder.join("pipe"), FileType::Fifo, 0o600.into(), 0).unwrap();
    let _socket = std::os::unix::net::UnixListener::bind(world.folder.join("socket")).unwrap();
    let device = mknodat(CWD, world.folder.join("device"), FileType::CharacterDevice, 0o600.into(), makedev(1, 3));
    age_folders(&world.folder);
    let before = tree(&world.folder);
    let session = world.open(None, false).await.unwrap();
    for name in ["pipe", "socket", "device"].into_iter().take(if device.is_ok() { 3 } else { 2 }) {
        let at = format!("F/{name}");
        let mode = Change::Mode { path: path(&at), mode: 0o644 };
        let edit = support::edit(&at);
        let changed = change(&session, vec![copy(&at, "F/x"), write(&at, vec![1]), edit, mode]).await;
        assert_eq!((changed.made, changed.otherwise.len()), (0, 4), "{changed:?}");
        let moved = format!("F/moved/{name}");
        let changes = vec![relocate(&at, &moved), aside(&moved), Change::Restore { path: path(&moved) }, aside(&moved)];
        assert_eq!(change(&session, changes).await.made, 4, "{name}");
    }
    drop(session);
    assert_eq!(undo(&world).await.kept, []);
    assert_eq!(tree(&world.folder), before);
}

#[tokio::test]
async fn any_name_and_any_depth_that_the_disk_takes() {
    let world = World::new(Disks::One);
    let root = path("F");
    let odd: [&[u8]; 8] =
        [b"\xff\xfe", b"line\nbreak", b" ", b"-rf", b"\x1b[31m", "Ä".as_bytes(), "A\u{308}".as_bytes(), &[b'n'; 255]];
    let names: Vec<Vec<u8>> =
        (1..=255u8).filter(|b| *b != b'/').map(|b| vec![b'_', b]).chain(odd.map(<[u8]>::to_vec)).collect();
    names.iter().for_each(|name| put(&world.folder.join(OsStr::from_bytes(name)), "x"));
    // Names that differ in case or in the form of a letter are different names here.
    ["case", "CASE"].iter().for_each(|name| put(&world.folder.join(name), name));
    age_folders(&world.folder);
    let before = tree(&world.folder);
    let session = world.open(None, false).await.unwrap();
    let to = |name: &[u8]| root.join_bytes(b"to").join_bytes(name);
    let mut changes: Vec<_> = names
        .iter()
        .map(|name| Change::Move { from: root.join_bytes(name), to: to(name), clash: Clash::Skip })
        .collect();
    changes.push(relocate("F/case", "F/to/case"));
    changes.push(relocate("F/CASE", "F/to/CASE"));
    let count = changes.len() as u64;
    assert_eq!(change(&session, changes).await, Changed { made: count, otherwise: vec![] });
    // A path of more than 4,096 bytes can't be named in one piece; nor can a program that is not ours read it.
    let deep = |levels: usize| (0..levels).fold(root.clone(), |p, _| p.join_bytes(&[b'd'; 200]));
    let (fits, long) = (deep(19).join_bytes(b"f"), deep(24).join_bytes(b"f"));
    let made =
        change(&session, vec![Change::MakeFolder { path: deep(19), mode: None }, write_at(&fits), write_at(&long)])
            .await;
    assert_eq!((made.made, made.otherwise), (3, vec![]));
    let put = Change::Move { from: long, to: deep(24).join_bytes(b"g"), clash: Clash::Skip };
    assert_eq!(change(&session, vec![put, Change::set_aside(deep(24))]).await.made, 2);
    let refused = change(&session, vec![write_at(&root.join_bytes(&[b'n'; 256]))]).await;
    assert_eq!((refused.made, refused.otherwise.len()), (0, 1));
    assert!(refused.otherwise[0].reason.contains("too long"), "{refused:?}");
    drop(session);
    assert_eq!(undo(&world).await.kept, []);
    assert_eq!(tree(&world.folder), before);
}

fn write_at(at: &FilePath) -> Change {
    Change::Write(Write::new(at.clone(), b"deep".to_vec()))
}

#[tokio::test]
async fn a_program_keeps_its_right_when_it_is_moved_and_loses_it_when_it_is_written() {
    let world = World::new(Disks::One);
    let mode = |name: &str| fs::metadata(world.folder.join(name)).unwrap().mode() & 0o7777;
    fs::set_permissions(world.folder.join("run.sh"), fs::Permissions::from_mode(0o6755)).unwrap();
    let before = tree(&world.folder);
    let session = world.open(None, false).await.unwrap();
    let changes = vec![relocate("F/run.sh", "F/moved.sh"), copy("F/moved.sh", "F/copied.sh")];
    assert_eq!(change(&session, changes).await.made, 2);
    assert_eq!((mode("moved.sh"), mode("copied.sh")), (0o6755, 0o755));
    let changes = vec![
        write("F/moved.sh", b"written".to_vec()),
        aside("F/copied.sh"),
        Change::Restore { path: path("F/copied.sh") },
    ];
    assert_eq!(change(&session, changes).await.made, 3);
    assert_eq!(mode("moved.sh"), 0o755);
    drop(session);
    assert_eq!(undo(&world).await.kept, []);
    assert_eq!(tree(&world.folder), before);
}

#[tokio::test]
async fn times_in_the_future_are_times_like_others() {
    let world = World::new(Disks::One);
    let later = std::time::SystemTime::now() + std::time::Duration::from_secs(3 * 365 * 86_400);
    for name in ["a.txt", "box", ""] {
        fs::File::open(world.folder.join(name)).unwrap().set_modified(later).unwrap();
    }
    let before = tree(&world.folder);
    let session = world.open(None, false).await.unwrap();
    session.files(a_call()).read(path("F/a.txt"), 0, 99).await.unwrap();
    let seen = Change::Write(Write::new(path("F/a.txt"), b"now".to_vec()).replacing(Known::Seen));
    let changes = vec![seen, relocate("F/box/in.txt", "F/in.txt"), relocate("F/a.txt", "F/box/a.txt")];
    assert_eq!(change(&session, changes).await.made, 3);
    drop(session);
    assert_eq!(undo(&world).await.kept, []);
    assert_eq!(tree(&world.folder), before);
}

/// The variable by which this test tells its second process that it is the one without power over others' files.
const AS_NOBODY: &str = "COWORK_TEST_AS_NOBODY";

#[tokio::test]
async fn what_belongs_to_somebody_else_is_left_where_it_would_become_ours() {
    if let Ok(base) = std::env::var(AS_NOBODY) {
        return as_nobody(Path::new(&base)).await;
    }
    if !rustix::process::geteuid().is_root() {
        return eprintln!("left out: only root can run a test as somebody else");
    }
    let base = tempfile::tempdir().unwrap();
    let program = base.path().join("test");
    fs::copy(std::env::current_exe().unwrap(), &program).unwrap();
    for at in [base.path().to_owned(), base.path().join("granted"), base.path().join("outer")] {
        fs::create_dir_all(&at).unwrap();
        fs::set_permissions(&at, fs::Permissions::from_mode(0o777)).unwrap();
    }
    put(&base.path().join("granted/roots"), "root's");
    put(&base.path().join("granted/closed/in"), "root's");
    fs::set_permissions(base.path().join("granted/closed"), fs::Permissions::from_mode(0o700)).unwrap();
    fs::set_permissions(base.path().join("granted/roots"), fs::Permissions::from_mode(0o666)).unwrap();
    let mut command = Command::new("setpriv");
    command.args(["--reuid=65534", "--regid=65534", "--clear-groups"]).arg(&program).args(["--exact", "--nocapture"]);
    command.arg("what_belongs_to_somebody_else_is_left_where_it_would_become_ours").env(AS_NOBODY, base.path());
    match command.output() {
        Ok(out) => assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr)),
        Err(e) => eprintln!("left out: setpriv can't be run: {e}"),
    }
    assert_eq!(fs::read_to_string(base.path().join("granted/roots")).unwrap(), "root's");
}

async fn as_nobody(base: &Path) {
    use cowork_core::{Access, Sandbox, SessionSpec};
    use cowork_testkit::sandbox::{a_task, grant};
    let folder = base.join("granted");
    fs::write(folder.join("mine"), "mine").unwrap();
    fs::create_dir(folder.join("dark")).unwrap();
    fs::write(folder.join("dark/in"), "in").unwrap();
    fs::write(folder.join("secret"), "secret").unwrap();
    fs::set_permissions(folder.join("secret"), fs::Permissions::from_mode(0o000)).unwrap();
    let options = cowork_sandbox::LocalSandboxOptions { data: base.join("outer/data"), ..Default::default() };
    let sandbox = cowork_sandbox::LocalSandbox::open(options);
    let (task, folders) = (a_task(), vec![grant("F", &folder, Access::Write)]);
    let session = sandbox.open(SessionSpec { task, folders, hosts: Vec::new(), resumed: false }).await.unwrap();
    let changes = vec![
        write("F/roots", b"mine!!".to_vec()),
        Change::Mode { path: path("F/roots"), mode: 0o600 },
        relocate("F/closed/in", "F/taken"),
        write("F/secret", b"public".to_vec()),
        // These are ours to do.
        write("F/mine", b"newer".to_vec()),
        Change::Mode { path: path("F/secret"), mode: 0o600 },
        Change::Mode { path: path("F/dark"), mode: 0o000 },
        relocate("F/roots", "F/roots moved"),
    ];
    let changed = change(&session, changes).await;
    let left: Vec<_> = changed.otherwise.iter().map(|o| (o.index, o.reason.as_str())).collect();
    assert_eq!((changed.made, left.iter().map(|l| l.0).collect::<Vec<_>>()), (4, vec![0, 1, 2, 3]), "{left:?}");
    assert!(left[0].1.contains("belongs to another user"), "{left:?}");
    assert!(left[1..].iter().all(|l| l.1.contains("permission")), "{left:?}");
    drop(session);
    let report = sandbox.undo(task, UndoSpec::all()).await.unwrap();
    assert_eq!((report.undone, report.kept), (4, vec![]));
    assert_eq!(fs::read_to_string(folder.join("mine")).unwrap(), "mine");
    fs::set_permissions(folder.join("secret"), fs::Permissions::from_mode(0o600)).unwrap();
}
