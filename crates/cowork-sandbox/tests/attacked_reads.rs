//! Somebody renames, swaps and links as fast as they can while a session looks, reads, lists, walks and watches: nothing that
//! lies outside the granted folder is ever named or read.
//!
//! A small dose by default: `COWORK_SOAK_RUNS` and `COWORK_SOAK_SEED` make it a campaign.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test stops at what should not be")]

use std::{
    env, fs,
    os::unix::fs::symlink,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    thread,
};

use cowork_core::{
    Access, Error, FileKind, FilePath, Files, Handed, Kind, Part, Reader, Result, Sandbox, SessionSpec, Visitor, Watch,
};
use cowork_sandbox::{LocalSandbox, LocalSandboxOptions};
use cowork_testkit::sandbox::{a_call, a_task, grant, path, put};
use rustix::fs::{CWD, FileType, Mode, OFlags, RenameFlags, ResolveFlags, mknodat, openat, openat2, renameat_with};

/// What no reader may ever see: the content, the names and the sizes of files outside.
const CANARY: &str = "CANARY: whoever reads this has left the folder";

/// The names that change places: a folder, a file, and what each is swapped for.
const SWAPS: [(&str, &str); 7] = [
    ("granted/dir", "granted/link to folder"),
    ("granted/dir/deep", "granted/link to folder"),
    ("granted/dir/file", "granted/link to file"),
    ("granted/file", "granted/link to file"),
    ("granted/file", "granted/pipe"),
    ("granted/dir", "granted/file"),
    ("granted/dir/deep/er", "outside/parked"),
];

fn number(name: &str, default: u64) -> u64 {
    env::var(name).map_or(default, |n| n.parse().expect("a number"))
}

/// A granted folder, and beside it a tree that must not be seen.
fn furnish(base: &Path) -> PathBuf {
    let (inside, outside) = (base.join("granted"), base.join("outside"));
    for name in ["file", "dir/file", "dir/deep/file", "dir/deep/er/file"] {
        put(&inside.join(name), "mine");
    }
    for name in ["file", "deep/file", "deep/er/file", "canary", "deep/canary", "deep/er/canary", "../canary"] {
        put(&outside.join(name), CANARY);
    }
    put(&outside.join("parked/file"), "mine");
    symlink(&outside, inside.join("link to folder")).unwrap();
    symlink(outside.join("canary"), inside.join("link to file")).unwrap();
    mknodat(CWD, inside.join("pipe"), FileType::Fifo, 0o600.into(), 0).unwrap();
    inside
}

/// Swaps until it is told to stop; some swaps fail because of others. It does not go through the links itself: what it
/// brought in that way would lie inside.
fn attack(base: &Path, seed: u64, stop: &AtomicBool, swapped: &AtomicU64) {
    let base = openat(CWD, base, OFlags::PATH | OFlags::DIRECTORY, Mode::empty()).unwrap();
    let place = |at: &str| {
        let (folder, name) = at.rsplit_once('/').unwrap();
        openat2(&base, folder, OFlags::PATH | OFlags::DIRECTORY, Mode::empty(), ResolveFlags::NO_SYMLINKS)
            .map(|folder| (folder, name.to_owned()))
    };
    let mut chance = seed | 1;
    while !stop.load(Ordering::Relaxed) {
        chance ^= chance << 13;
        chance ^= chance >> 7;
        chance ^= chance << 17;
        let (a, b) = SWAPS[usize::try_from(chance % SWAPS.len() as u64).unwrap()];
        let (Ok(a), Ok(b)) = (place(a), place(b)) else { continue };
        let swap = renameat_with(&a.0, a.1, &b.0, b.1, RenameFlags::EXCHANGE);
        swapped.fetch_add(u64::from(swap.is_ok()), Ordering::Relaxed);
    }
}

fn check(what: &str, text: &[u8]) {
    let text = String::from_utf8_lossy(text);
    assert!(!text.contains("CANARY") && !text.contains("canary"), "{what}: {text}");
}

/// Reads every file that it is shown, goes into every folder.
struct Reads(AtomicU64);

impl Visitor for Reads {
    fn enter(&self, folder: &FilePath, _: &Handed, reader: &dyn Reader) -> Result<Handed> {
        for name in ["file", "canary"] {
            if let Ok(file) = reader.open(&folder.join_bytes(name.as_bytes())) {
                self.read(&*file);
            }
        }
        Ok(None)
    }

    fn visit(&self, part: &dyn Part, _: &Handed) -> Result<Vec<usize>> {
        let mut into = Vec::new();
        for i in 0..part.len() {
            check("a walk names", part.name(i));
            if let Ok(entry) = part.stat(i) {
                assert_ne!(entry.size, CANARY.len() as u64, "{}", entry.path);
            }
            if part.kind(i) == FileKind::Folder {
                into.push(i);
            }
            // Whatever it was a moment ago, it may be a file by now.
            if let Ok(file) = part.open(i) {
                self.read(&*file);
            }
        }
        Ok(into)
    }
}

impl Reads {
    fn read(&self, file: &dyn cowork_core::OpenFile) {
        let mut buffer = [0; 99];
        let n = file.read_at(&mut buffer, 0).unwrap();
        check("a walk reads", &buffer[..n]);
        assert_eq!(&buffer[..n], b"mine");
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

/// Does one thing; says whether it got anything.
async fn round(n: u64, files: &Arc<dyn Files>, reads: &Arc<Reads>) -> bool {
    let at = ["F/dir/file", "F/file", "F/dir/deep/file", "F/dir/deep/er/file", "F/dir/canary", "F/dir/deep/canary"];
    let folder = ["F", "F/dir", "F/dir/deep", "F/dir/deep/er", "F/link to folder"][usize::try_from(n / 7 % 5).unwrap()];
    let at = path(at[usize::try_from(n / 7 % 6).unwrap()]);
    let refused = |e: Error| {
        assert!(matches!(e.kind, Kind::InvalidInput | Kind::NotFound), "{e:?}");
        false
    };
    match n % 7 {
        0..=2 => match files.read(at, 0, 99).await {
            Ok(piece) => assert_eq!(piece.bytes, b"mine"),
            Err(e) => return refused(e),
        },
        3 => match files.stat(at).await {
            Ok(entry) => assert_ne!(entry.size, CANARY.len() as u64),
            Err(e) => return refused(e),
        },
        4 => match files.list(path(folder), 99).await {
            Ok(entries) => entries.iter().for_each(|e| check("a list names", e.path.as_str().as_bytes())),
            Err(e) => return refused(e),
        },
        _ => match files.walk(vec![path(folder)], reads.clone(), Watch::nothing()).await {
            Ok(walked) => assert!(walked.mounts == 0),
            Err(e) => return refused(e),
        },
    }
    true
}

/// A link that leads outside stands where a folder stood, and so on, 10,000 times.
#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn whatever_is_swapped_meanwhile_nothing_outside_is_seen() {
    let rounds = number("COWORK_SOAK_RUNS", 10) * 1000;
    let seed = number("COWORK_SOAK_SEED", 1);
    let base = tempfile::tempdir().unwrap();
    let inside = furnish(base.path());
    let options = LocalSandboxOptions {
        data: base.path().join("data"),
        probe: None,
        home: None,
        ..LocalSandboxOptions::default()
    };
    let spec = SessionSpec {
        task: a_task(),
        folders: vec![grant("F", &inside, Access::Read)],
        hosts: Vec::new(),
        resumed: false,
    };
    let session = LocalSandbox::open(options).open(spec).await.unwrap();
    let files = session.files(a_call());
    let mut watch = files.watch(path("F")).await.unwrap();
    let (stop, swapped) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
    let attacker = {
        let (base, stop, swapped) = (base.path().to_owned(), stop.clone(), swapped.clone());
        thread::spawn(move || attack(&base, seed, &stop, &swapped))
    };
    let reads = Arc::new(Reads(AtomicU64::new(0)));
    let (mut got, mut told) = (0, 0);
    for n in 0..rounds {
        got += u64::from(round(n, &files, &reads).await);
        if n % 97 == 0 {
            // Told of a name in the folder itself, or that the folder under this name is another by now.
            let mut inner = files.watch(path("F/dir")).await.ok();
            let next = async { if let Some(inner) = &mut inner { inner.next().await } else { Ok(Vec::new()) } };
            tokio::select! {
                paths = next => paths.unwrap_or_default().iter().for_each(|p| check("a watch", p.as_str().as_bytes())),
                paths = watch.next() => {
                    let paths = paths.unwrap();
                    told += paths.len();
                    paths.iter().for_each(|p| check("a watch", p.as_str().as_bytes()));
                }
            }
        }
    }
    stop.store(true, Ordering::Relaxed);
    attacker.join().unwrap();
    let (swapped, read) = (swapped.load(Ordering::Relaxed), reads.0.load(Ordering::Relaxed));
    println!("{rounds} rounds, {got} got something, {read} files read in walks, {told} told, against {swapped} swaps");
    assert!(got > rounds / 50 && read > rounds / 50 && swapped > rounds / 50 && told > 0);
    assert!(fs::read_to_string(base.path().join("outside/canary")).unwrap() == CANARY);
}
