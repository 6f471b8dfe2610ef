//! Somebody works against us, or just beside us, while we work.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test stops at what should not be")]

use std::{
    fs,
    os::unix::fs::symlink,
    sync::{
        Arc, Barrier,
        atomic::{AtomicBool, Ordering},
    },
    thread,
};

use cowork_core::{
    Access, Change, Clash, Kind, Known, Probe, Result, Sandbox, SessionSpec, Step, UndoSpec, Watch, Write,
};
use cowork_sandbox::{LocalSandbox, LocalSandboxOptions};
use cowork_testkit::sandbox::{a_call, a_task, grant, path, put};

struct Disk {
    _keep: tempfile::TempDir,
    folder: std::path::PathBuf,
    outside: std::path::PathBuf,
    data: std::path::PathBuf,
}

fn disk() -> Disk {
    let keep = tempfile::tempdir().unwrap();
    let [folder, outside, data] = ["granted", "outside", "data"].map(|name| keep.path().join(name));
    [&folder, &outside].into_iter().for_each(|f| fs::create_dir(f).unwrap());
    Disk { _keep: keep, folder, outside, data }
}

impl Disk {
    fn sandbox(&self, probe: Option<Arc<dyn Probe>>) -> LocalSandbox {
        LocalSandbox::open(LocalSandboxOptions {
            data: self.data.clone(),
            probe,
            home: None,
            ..LocalSandboxOptions::default()
        })
    }

    fn spec(&self, task: cowork_core::TaskId) -> SessionSpec {
        SessionSpec { task, folders: vec![grant("F", &self.folder, Access::Write)], hosts: Vec::new(), resumed: false }
    }
}

/// A folder and a link to the outside change places all the time.
#[tokio::test]
async fn a_folder_swapped_for_a_link_leads_nowhere() {
    let disk = disk();
    put(&disk.outside.join("secret"), "secret");
    put(&disk.folder.join("dir/secret"), "mine");
    symlink(&disk.outside, disk.folder.join("link")).unwrap();
    let (stop, begin) = (Arc::new(AtomicBool::new(false)), Arc::new(Barrier::new(2)));
    let swapping = {
        let (stop, begin, folder) = (stop.clone(), begin.clone(), disk.folder.clone());
        thread::spawn(move || {
            begin.wait();
            let (cwd, flags) = (rustix::fs::CWD, rustix::fs::RenameFlags::EXCHANGE);
            while !stop.load(Ordering::Relaxed) {
                rustix::fs::renameat_with(cwd, folder.join("dir"), cwd, folder.join("link"), flags).unwrap();
            }
        })
    };
    let session = disk.sandbox(None).open(disk.spec(a_task())).await.unwrap();
    begin.wait();
    let (mut mine, mut refused) = (0, 0);
    for i in 0..2000 {
        let files = session.files(a_call());
        match files.read(path("F/dir/secret"), 0, 99).await {
            Ok(bytes) => {
                assert_eq!(bytes.bytes, b"mine");
                mine += 1;
            }
            Err(e) => {
                assert!(matches!(e.kind, Kind::InvalidInput | Kind::NotFound), "{e:?}");
                refused += 1;
            }
        }
        if i % 20 == 0 {
            let write = Change::Write(Write::new(path(&format!("F/dir/new{i}")), vec![1]));
            let aside = Change::set_aside(path("F/dir/other"));
            files.change(vec![write, aside], Watch::nothing()).await.unwrap();
        }
    }
    stop.store(true, Ordering::Relaxed);
    swapping.join().unwrap();
    assert!(mine + refused == 2000, "{mine} {refused}");
    assert_eq!(fs::read_dir(&disk.outside).unwrap().count(), 1, "nothing came out");
}

type Interfere = Box<dyn Fn() + Send + Sync>;

/// Does something just before or after the first step of a kind.
struct Meanwhile {
    at: fn(&Step) -> bool,
    done: AtomicBool,
    what: Interfere,
}

impl Probe for Meanwhile {
    fn before(&self, step: &Step) -> Result<()> {
        if (self.at)(step) && !self.done.swap(true, Ordering::Relaxed) {
            (self.what)();
        }
        Ok(())
    }

    fn after(&self, _: &Step) {}
}

fn meanwhile(at: fn(&Step) -> bool, what: impl Fn() + Send + Sync + 'static) -> Option<Arc<dyn Probe>> {
    Some(Arc::new(Meanwhile { at, done: AtomicBool::new(false), what: Box::new(what) }))
}

fn is_rename(step: &Step) -> bool {
    matches!(step, Step::Rename(a, _) if a.components().any(|c| c.as_os_str() == "granted"))
}

#[tokio::test]
async fn a_name_taken_at_the_last_moment_is_numbered_or_left() {
    for clash in [Clash::Number, Clash::Skip] {
        let disk = disk();
        put(&disk.folder.join("a.txt"), "a");
        let theirs = disk.folder.join("b.txt");
        let probe = meanwhile(is_rename, move || fs::write(&theirs, "theirs").unwrap());
        let session = disk.sandbox(probe).open(disk.spec(a_task())).await.unwrap();
        let change = Change::Move { from: path("F/a.txt"), to: path("F/b.txt"), clash };
        let changed = session.files(a_call()).change(vec![change], Watch::nothing()).await.unwrap();
        assert_eq!(fs::read(disk.folder.join("b.txt")).unwrap(), b"theirs");
        let renamed = changed.otherwise[0].renamed.as_ref().map(ToString::to_string);
        let (made, name) = if clash == Clash::Number { (1, Some("F/b (2).txt".into())) } else { (0, None) };
        assert_eq!((changed.made, renamed), (made, name));
    }
}

#[tokio::test]
async fn a_file_replaced_or_edited_at_the_last_moment_is_left_as_the_person_has_it() {
    let disk = disk();
    put(&disk.folder.join("a.txt"), "a");
    let theirs = disk.folder.join("a.txt");
    // As long as it is open, no other file can get its number.
    let held = fs::File::open(&theirs).unwrap();
    let probe = meanwhile(is_rename, move || {
        fs::remove_file(&theirs).unwrap();
        fs::write(&theirs, "another").unwrap();
        held.metadata().unwrap();
    });
    let session = disk.sandbox(probe).open(disk.spec(a_task())).await.unwrap();
    let change = Change::Move { from: path("F/a.txt"), to: path("F/b.txt"), clash: Clash::Skip };
    let changed = session.files(a_call()).change(vec![change], Watch::nothing()).await.unwrap();
    assert_eq!(changed.made, 0);
    assert_eq!(fs::read(disk.folder.join("a.txt")).unwrap(), b"another");
    drop(session);

    let theirs = disk.folder.join("a.txt");
    let probe = meanwhile(|s| matches!(s, Step::Exchange(..)), move || fs::write(&theirs, "edited").unwrap());
    let session = disk.sandbox(probe).open(disk.spec(a_task())).await.unwrap();
    let change = Change::Write(Write::new(path("F/a.txt"), b"ours".to_vec()).replacing(Known::Nothing));
    let changed = session.files(a_call()).change(vec![change], Watch::nothing()).await.unwrap();
    assert_eq!((changed.made, changed.otherwise.len()), (0, 1), "{changed:?}");
    assert_eq!(fs::read(disk.folder.join("a.txt")).unwrap(), b"edited");
}

#[tokio::test]
async fn a_parent_moved_out_of_the_grant_takes_nothing_else_with_it() {
    let disk = disk();
    put(&disk.folder.join("in/a.txt"), "a");
    put(&disk.folder.join("b.txt"), "b");
    let (from, to) = (disk.folder.join("in"), disk.outside.join("in"));
    let probe = meanwhile(is_rename, move || fs::rename(&from, &to).unwrap());
    let task = a_task();
    let session = disk.sandbox(probe).open(disk.spec(task)).await.unwrap();
    let change = |from: &str, to: &str| Change::Move { from: path(from), to: path(to), clash: Clash::Skip };
    let changes = vec![change("F/in/a.txt", "F/a.txt"), change("F/b.txt", "F/c.txt")];
    let changed = session.files(a_call()).change(changes, Watch::nothing()).await.unwrap();
    drop(session);
    // The file that was taken from the moved folder is back in it, wherever that is.
    assert_eq!((changed.made, changed.otherwise.len()), (1, 1), "{changed:?}");
    assert!(changed.otherwise[0].reason.contains("moved away"), "{changed:?}");
    assert_eq!(fs::read(disk.outside.join("in/a.txt")).unwrap(), b"a");
    assert!(!disk.folder.join("a.txt").exists());
    let report = disk.sandbox(None).undo(task, UndoSpec::all()).await.unwrap();
    assert_eq!((report.undone, report.kept), (1, vec![]));
    assert_eq!(fs::read(disk.folder.join("b.txt")).unwrap(), b"b");
}

#[tokio::test]
async fn pipes_sockets_and_devices_are_listed_and_never_opened() {
    let disk = disk();
    rustix::fs::mknodat(rustix::fs::CWD, disk.folder.join("pipe"), rustix::fs::FileType::Fifo, 0o600.into(), 0)
        .unwrap();
    let _socket = std::os::unix::net::UnixListener::bind(disk.folder.join("socket")).unwrap();
    let session = disk.sandbox(None).open(disk.spec(a_task())).await.unwrap();
    let files = session.files(a_call());
    for name in ["pipe", "socket"] {
        let at = path(&format!("F/{name}"));
        assert_eq!(files.stat(at.clone()).await.unwrap().kind, cowork_core::FileKind::Other);
        assert_eq!(files.read(at.clone(), 0, 9).await.unwrap_err().kind, Kind::InvalidInput);
        let changes = vec![
            Change::Copy { from: at.clone(), to: path("F/copy"), clash: Clash::Skip },
            Change::Write(Write::new(at.clone(), vec![1]).replacing(Known::Nothing)),
        ];
        let changed = session.files(a_call()).change(changes, Watch::nothing()).await.unwrap();
        assert_eq!((changed.made, changed.otherwise.len()), (0, 2));
    }
}
