//! Trees that no tidy person has: very deep, very wide, with names of any bytes, with pipes and devices, shut, or mounted.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test stops at what should not be")]

use std::{
    collections::BTreeSet,
    ffi::OsStr,
    fs,
    os::{
        fd::OwnedFd,
        unix::{ffi::OsStrExt, fs::PermissionsExt},
    },
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
    thread,
};

use cowork_core::{
    Access, FileKind, FilePath, Files, Handed, Kind, Part, Reader, Result, Sandbox, SessionSpec, Visitor, Watch,
};
use cowork_sandbox::{LocalSandbox, LocalSandboxOptions};
use cowork_testkit::sandbox::{a_call, a_task, grant, path, put};
use rustix::{
    fs::{AtFlags, CWD, FileType, Mode, OFlags, mkdirat, mknodat, openat, renameat, unlinkat},
    process::geteuid,
    thread::{set_thread_res_gid, set_thread_res_uid},
};

/// Looks at what it is shown, goes into every folder.
struct Looks<F>(F);

impl<F: Fn(&dyn Part) + Send + Sync + 'static> Visitor for Looks<F> {
    fn enter(&self, _: &FilePath, _: &Handed, _: &dyn Reader) -> Result<Handed> {
        Ok(None)
    }

    fn visit(&self, part: &dyn Part, _: &Handed) -> Result<Vec<usize>> {
        (self.0)(part);
        Ok((0..part.len()).filter(|i| part.kind(*i) == FileKind::Folder).collect())
    }
}

async fn files(folder: &Path, data: &Path) -> Arc<dyn Files> {
    let sandbox = LocalSandbox::open(LocalSandboxOptions {
        data: data.join("data"),
        probe: None,
        home: None,
        ..LocalSandboxOptions::default()
    });
    let spec = SessionSpec {
        task: a_task(),
        folders: vec![grant("F", folder, Access::Read)],
        hosts: Vec::new(),
        resumed: false,
    };
    sandbox.open(spec).await.unwrap().files(a_call())
}

fn open_handles() -> usize {
    fs::read_dir("/proc/self/fd").unwrap().count()
}

/// The levels of a tree; each holds a folder `d`, which goes on, and a folder `e` with a file.
struct Deep {
    root: PathBuf,
    levels: usize,
    _keep: tempfile::TempDir,
}

impl Deep {
    fn new(levels: usize) -> Self {
        let keep = tempfile::tempdir().unwrap();
        let root = keep.path().join("granted");
        fs::create_dir(&root).unwrap();
        let mut at = folder_at(CWD, &root);
        for _ in 0..levels {
            mkdirat(&at, "e", 0o755.into()).unwrap();
            drop(openat(&at, "e/file", OFlags::CREATE | OFlags::WRONLY, 0o644.into()).unwrap());
            mkdirat(&at, "d", 0o755.into()).unwrap();
            at = folder_at(&at, "d");
        }
        rustix::io::write(openat(&at, "end", OFlags::CREATE | OFlags::WRONLY, 0o644.into()).unwrap(), b"the end")
            .unwrap();
        Self { root, levels, _keep: keep }
    }
}

fn folder_at(at: impl rustix::fd::AsFd, name: impl rustix::path::Arg) -> OwnedFd {
    openat(at, name, OFlags::DIRECTORY | OFlags::RDONLY | OFlags::CLOEXEC, Mode::empty()).unwrap()
}

/// What removes a tree by going down holds a handle for each level; this takes the levels off from the top.
impl Drop for Deep {
    fn drop(&mut self) {
        let root = folder_at(CWD, &self.root);
        for _ in 0..self.levels {
            unlinkat(&root, "e/file", AtFlags::empty()).unwrap();
            unlinkat(&root, "e", AtFlags::REMOVEDIR).unwrap();
            renameat(&root, "d", &root, "top").unwrap();
            for name in ["d", "e", "end"] {
                let _ = renameat(&root, format!("top/{name}"), &root, name);
            }
            unlinkat(&root, "top", AtFlags::REMOVEDIR).unwrap();
        }
    }
}

#[tokio::test]
async fn a_tree_of_ten_thousand_levels_is_walked_with_few_handles_and_read_to_its_end() {
    let deep = Deep::new(10_000);
    let data = tempfile::tempdir().unwrap();
    let files = files(&deep.root, data.path()).await;
    let (seen, most) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicUsize::new(0)));
    let visitor = {
        let (seen, most) = (seen.clone(), most.clone());
        Looks(move |part: &dyn Part| {
            if seen.fetch_add(part.len() as u64, Ordering::Relaxed).is_multiple_of(97) {
                most.fetch_max(open_handles(), Ordering::Relaxed);
            }
        })
    };
    let walked = files.walk(vec![path("F")], Arc::new(visitor), Watch::nothing()).await.unwrap();
    assert_eq!((walked.entries, walked.unreadable), (30_001, 0), "{:?}", walked.examples);
    let most = most.load(Ordering::Relaxed);
    assert!((1..500).contains(&most), "{most} handles");
    let end = path("F").join_all(std::iter::repeat_n(&b"d"[..], 10_000)).join_bytes(b"end");
    assert_eq!(files.read(end.clone(), 0, 99).await.unwrap().bytes, b"the end");
    assert_eq!(files.stat(end.clone()).await.unwrap().size, 7);
    assert_eq!(files.list(end.parent().unwrap(), 9).await.unwrap().len(), 1);
    let visitor = Arc::new(Looks(|_: &dyn Part| {}));
    let walked = files.walk(vec![end, path("F/d/d/e")], visitor, Watch::nothing()).await.unwrap();
    assert_eq!(walked.entries, 2);
}

#[tokio::test]
async fn thousands_of_folders_side_by_side_are_walked_with_few_handles() {
    let keep = tempfile::tempdir().unwrap();
    let folder = keep.path().join("granted");
    (0..4000).for_each(|i| fs::create_dir_all(folder.join(format!("{i}/in/it"))).unwrap());
    let files = files(&folder, keep.path()).await;
    let (most, paths) = (Arc::new(AtomicUsize::new(0)), Arc::new(Mutex::new(BTreeSet::new())));
    let visitor = {
        let (most, paths) = (most.clone(), paths.clone());
        Looks(move |part: &dyn Part| {
            let mut paths = paths.lock().unwrap();
            if paths.len().is_multiple_of(53) {
                most.fetch_max(open_handles(), Ordering::Relaxed);
            }
            (0..part.len()).for_each(|i| assert!(paths.insert(part.path(i)), "{} twice", part.path(i)));
        })
    };
    let walked = files.walk(vec![path("F")], Arc::new(visitor), Watch::nothing()).await.unwrap();
    assert_eq!((walked.entries, walked.unreadable), (12_000, 0));
    assert_eq!(paths.lock().unwrap().len(), 12_000);
    let most = most.load(Ordering::Relaxed);
    assert!((1..500).contains(&most), "{most} handles");
}

/// More folders are half read on the way down than may be: some are read to their end first.
#[tokio::test]
async fn large_folders_below_one_another_are_walked_whole() {
    let keep = tempfile::tempdir().unwrap();
    let folder = keep.path().join("granted");
    let mut at = folder.clone();
    for _ in 0..90 {
        fs::create_dir_all(&at).unwrap();
        (0..150).for_each(|i| fs::write(at.join(format!("file {i:0200}")), "").unwrap());
        at = at.join("d");
    }
    let files = files(&folder, keep.path()).await;
    let paths = Arc::new(Mutex::new(BTreeSet::new()));
    let into = paths.clone();
    let visitor = Looks(move |part: &dyn Part| {
        let mut paths = into.lock().unwrap();
        (0..part.len()).for_each(|i| assert!(paths.insert(part.path(i)), "{} twice", part.path(i)));
    });
    let walked = files.walk(vec![path("F")], Arc::new(visitor), Watch::nothing()).await.unwrap();
    assert_eq!((walked.entries, walked.unreadable), (90 * 151 - 1, 0));
    assert_eq!(paths.lock().unwrap().len(), 90 * 151 - 1);
    let all: Vec<FilePath> = files.list(path("F"), 999).await.unwrap().into_iter().map(|e| e.path).collect();
    let visitor = Arc::new(Looks(|part: &dyn Part| assert_eq!(part.folder(), &path("F"))));
    let files_alone = all.into_iter().filter(|at| at.name() != "d").collect();
    assert_eq!(files.walk(files_alone, visitor, Watch::nothing()).await.unwrap().entries, 150);
}

#[tokio::test]
async fn names_of_every_byte_and_of_255_bytes_are_walked_and_read() {
    let keep = tempfile::tempdir().unwrap();
    let folder = keep.path().join("granted");
    let mut names: Vec<Vec<u8>> = (1..=255).filter(|b| *b != b'/').map(|b| vec![b'n', b]).collect();
    names.extend([vec![b'x'; 255], vec![0xff; 255], b"-rf *".to_vec(), b" ".to_vec(), "e\u{301}\u{e9}".into()]);
    for name in &names {
        let at = folder.join("in").join(OsStr::from_bytes(name));
        fs::create_dir_all(&at).unwrap();
        fs::write(at.join(OsStr::from_bytes(name)), name).unwrap();
    }
    let files = files(&folder, keep.path()).await;
    let read = Arc::new(Mutex::new(BTreeSet::new()));
    let into = read.clone();
    let visitor = Looks(move |part: &dyn Part| {
        for i in (0..part.len()).filter(|i| part.kind(*i) == FileKind::File) {
            let mut buffer = [0; 300];
            let n = part.open(i).unwrap().read_at(&mut buffer, 0).unwrap();
            assert_eq!(part.name(i), &buffer[..n]);
            assert_eq!(part.folder().below().last().unwrap(), part.name(i));
            into.lock().unwrap().insert(part.path(i));
        }
    });
    files.walk(vec![path("F")], Arc::new(visitor), Watch::nothing()).await.unwrap();
    let read = read.lock().unwrap().clone();
    assert_eq!(read.len(), names.len());
    for path in read {
        let bytes = files.read(path.clone(), 0, 300).await.unwrap().bytes;
        assert_eq!(path.below().last().unwrap(), bytes);
    }
}

#[tokio::test]
async fn pipes_sockets_and_devices_are_named_and_not_opened() {
    let keep = tempfile::tempdir().unwrap();
    let folder = keep.path().join("granted");
    fs::create_dir(&folder).unwrap();
    mknodat(CWD, folder.join("pipe"), FileType::Fifo, 0o600.into(), 0).unwrap();
    let _socket = std::os::unix::net::UnixListener::bind(folder.join("socket")).unwrap();
    // Only root may make one: this is `/dev/null`.
    let null = rustix::fs::makedev(1, 3);
    let devices =
        usize::from(mknodat(CWD, folder.join("device"), FileType::CharacterDevice, 0o666.into(), null).is_ok());
    if devices == 0 {
        eprintln!("left out: a device can't be made here");
    }
    let files = files(&folder, keep.path()).await;
    let opened = rustix::fs::inotify::init(rustix::fs::inotify::CreateFlags::NONBLOCK).unwrap();
    rustix::fs::inotify::add_watch(&opened, folder.join("pipe"), rustix::fs::inotify::WatchFlags::OPEN).unwrap();
    let seen = Arc::new(AtomicUsize::new(0));
    let into = seen.clone();
    let visitor = Looks(move |part: &dyn Part| {
        for i in 0..part.len() {
            assert_eq!(part.kind(i), FileKind::Other);
            assert_eq!(part.stat(i).unwrap().kind, FileKind::Other);
            assert_eq!(part.open(i).err().unwrap().kind, Kind::InvalidInput);
            assert_eq!(part.reader().open(&part.path(i)).err().unwrap().kind, Kind::InvalidInput);
            into.fetch_add(1, Ordering::Relaxed);
        }
    });
    files.walk(vec![path("F"), path("F/pipe")], Arc::new(visitor), Watch::nothing()).await.unwrap();
    assert_eq!(seen.load(Ordering::Relaxed), 3 + devices);
    assert_eq!(files.list(path("F"), 9).await.unwrap().len(), 2 + devices);
    for entry in files.list(path("F"), 9).await.unwrap() {
        assert_eq!(files.read(entry.path, 0, 9).await.unwrap_err().kind, Kind::InvalidInput);
    }
    let told = rustix::io::read(&opened, &mut [0; 999]);
    assert_eq!(told, Err(rustix::io::Errno::AGAIN), "nobody opened the pipe");
}

/// Runs a story as a person who is not root, on a thread of its own: rights are each thread's.
fn as_nobody(story: impl AsyncFnOnce() + Send + 'static) {
    let nobody = move || {
        if geteuid().is_root() {
            let (uid, gid) = (rustix::process::Uid::from_raw(65534), rustix::process::Gid::from_raw(65534));
            set_thread_res_gid(gid, gid, gid).unwrap();
            set_thread_res_uid(uid, uid, uid).unwrap();
        }
        tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(story());
    };
    thread::spawn(nobody).join().unwrap();
}

#[test]
fn what_may_not_be_read_is_named_and_counted_and_the_walk_goes_on() {
    let keep = tempfile::tempdir().unwrap();
    let folder = keep.path().join("granted");
    ["shut/in", "open/in", "open/shut", "listed only/in"].iter().for_each(|name| put(&folder.join(name), "in"));
    let shut = |name: &str, mode| fs::set_permissions(folder.join(name), fs::Permissions::from_mode(mode)).unwrap();
    shut("shut", 0o000);
    shut("open/shut", 0o000);
    shut("listed only", 0o444);
    fs::set_permissions(keep.path(), fs::Permissions::from_mode(0o777)).unwrap();
    let (at, base) = (folder.clone(), keep.path().to_owned());
    as_nobody(async move || {
        let files = files(&at, &base).await;
        let opened = Arc::new(Mutex::new(Vec::new()));
        let into = opened.clone();
        let visitor = Looks(move |part: &dyn Part| {
            for i in (0..part.len()).filter(|i| part.kind(*i) == FileKind::File) {
                let opened = part.open(i).map(drop).map_err(|e| e.kind);
                into.lock().unwrap().push((part.path(i).to_string(), opened));
            }
        });
        let walked = files.walk(vec![path("F")], Arc::new(visitor), Watch::nothing()).await.unwrap();
        assert_eq!((walked.entries, walked.unreadable, walked.examples), (6, 1, vec![path("F/shut")]));
        let mut opened = opened.lock().unwrap().clone();
        opened.sort_by(|a, b| a.0.cmp(&b.0));
        let expected = [
            ("F/listed only/in".to_owned(), Err(Kind::NotAllowed)),
            ("F/open/in".to_owned(), Ok(())),
            ("F/open/shut".to_owned(), Err(Kind::NotAllowed)),
        ];
        assert_eq!(opened, expected);
        let refused = files.list(path("F/shut"), 9).await.unwrap_err();
        assert_eq!(refused.kind, Kind::NotAllowed);
        assert!(refused.message.contains("read") && refused.fix().is_some(), "{refused:?}");
        assert_eq!(files.read(path("F/open/shut"), 0, 9).await.unwrap_err().kind, Kind::NotAllowed);
        assert_eq!(files.read(path("F/open/in"), 0, 9).await.unwrap().bytes, b"in", "another's, and readable");
    });
    shut("shut", 0o755);
    shut("listed only", 0o755);
}

#[tokio::test]
async fn another_disk_that_is_mounted_below_is_named_and_not_entered() {
    use std::os::unix::fs::MetadataExt;
    let dev = |at: &str| fs::metadata(at).map(|d| d.dev()).ok();
    if dev("/dev/shm").is_none() || dev("/dev/shm") == dev("/dev") {
        eprintln!("left out: nothing is mounted on /dev/shm here");
        return;
    }
    let data = tempfile::tempdir().unwrap();
    let inside = tempfile::tempdir_in("/dev/shm").unwrap();
    put(&inside.path().join("file"), "there");
    let files = files(Path::new("/dev"), data.path()).await;
    let named = Arc::new(Mutex::new(BTreeSet::new()));
    let into = named.clone();
    let visitor = Looks(move |part: &dyn Part| {
        into.lock().unwrap().extend((0..part.len()).map(|i| part.path(i).to_string()));
    });
    let walked = files.walk(vec![path("F")], Arc::new(visitor), Watch::nothing()).await.unwrap();
    assert!(walked.mounts > 0, "{walked:?}");
    let named = named.lock().unwrap().clone();
    assert!(named.contains("F/shm") && !named.iter().any(|name| name.starts_with("F/shm/")));
    let name = inside.path().file_name().unwrap().as_bytes();
    let inner = path("F/shm").join_bytes(name);
    assert_eq!(files.read(inner.join_bytes(b"file"), 0, 9).await.unwrap().bytes, b"there", "named, it is read");
    let visitor = Arc::new(Looks(|_: &dyn Part| {}));
    assert_eq!(files.walk(vec![inner], visitor, Watch::nothing()).await.unwrap().entries, 1);
}

#[tokio::test]
async fn a_visitor_that_panics_ends_the_walk_with_an_error_and_nothing_else() {
    let keep = tempfile::tempdir().unwrap();
    let folder = keep.path().join("granted");
    (0..999).for_each(|i| put(&folder.join(format!("{}/{i}", i % 9)), ""));
    let files = files(&folder, keep.path()).await;
    let visitor = Looks(|part: &dyn Part| assert!(*part.folder() == path("F"), "that is enough"));
    let error = files.walk(vec![path("F")], Arc::new(visitor), Watch::nothing()).await.unwrap_err();
    assert_eq!(error.kind, Kind::Internal, "{error:?}");
    let visitor = Arc::new(Looks(|_: &dyn Part| {}));
    assert_eq!(files.walk(vec![path("F")], visitor, Watch::nothing()).await.unwrap().entries, 1008);
}

/// Goes into what is no folder.
struct Astray(fn(&dyn Part) -> usize);

impl Visitor for Astray {
    fn enter(&self, _: &FilePath, _: &Handed, _: &dyn Reader) -> Result<Handed> {
        Ok(None)
    }

    fn visit(&self, part: &dyn Part, _: &Handed) -> Result<Vec<usize>> {
        Ok(vec![(self.0)(part)])
    }
}

#[tokio::test]
async fn a_visitor_that_wants_into_a_link_or_into_nothing_is_refused() {
    let keep = tempfile::tempdir().unwrap();
    let folder = keep.path().join("granted");
    fs::create_dir(&folder).unwrap();
    std::os::unix::fs::symlink("/", folder.join("link")).unwrap();
    let files = files(&folder, keep.path()).await;
    for astray in [Astray(|_| 0), Astray(|part| part.len()), Astray(|_| usize::MAX)] {
        let error = files.walk(vec![path("F")], Arc::new(astray), Watch::nothing()).await.unwrap_err();
        assert_eq!(error.kind, Kind::Internal, "{error:?}");
    }
}
