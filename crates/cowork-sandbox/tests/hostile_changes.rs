//! Somebody renames, links and swaps folders and files while every kind of change is made and undone: nothing outside the grant
//! is read or written.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test stops at what should not be")]

mod support;

use std::{
    fs,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    thread,
};

use cowork_core::{
    Access, Change, Clash, Content, Error, Kind, Known, Make, Reader, Result, Sandbox, SessionSpec, Sink, Splice,
    UndoSpec, Watch, Write,
};
use cowork_sandbox::{LocalSandbox, LocalSandboxOptions};
use cowork_testkit::sandbox::{a_call, a_task, grant, path, put, tree};
use rustix::{
    fd::OwnedFd,
    fs::{
        AtFlags, Mode, OFlags, RenameFlags, ResolveFlags, mkdirat, open, openat, openat2, renameat_with, symlinkat,
        unlinkat,
    },
};

/// How often the attacker has to have done something in all, beside the rounds against reading.
const ROUNDS: u64 = 6_000;

/// Swaps what lies in the grant for links to the outside, and back, until it is told to stop.
struct Attacker {
    stop: Arc<AtomicBool>,
    rounds: Arc<AtomicU64>,
    thread: Option<thread::JoinHandle<()>>,
}

impl Attacker {
    fn begin(folder: &Path, outside: &Path) -> Self {
        let (stop, rounds) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
        let (folder, outside) = (folder.to_owned(), outside.to_owned());
        let seen = (stop.clone(), rounds.clone());
        let thread = thread::spawn(move || {
            let mut seed = 7u64;
            while !seen.0.load(Ordering::Relaxed) {
                seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                attack(&folder, &outside, seed >> 33);
                seen.1.fetch_add(1, Ordering::Relaxed);
            }
        });
        Self { stop, rounds, thread: Some(thread) }
    }

    fn rounds(&self) -> u64 {
        self.rounds.load(Ordering::Relaxed)
    }
}

impl Drop for Attacker {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        let ended = self.thread.take().unwrap().join();
        assert!(ended.is_ok() || thread::panicking());
    }
}

/// One thing that goes wrong for whoever trusts a path. Any of these may fail: then somebody else was quicker. The attacker
/// does not follow its own links: what changes outside is not its doing.
fn attack(folder: &Path, outside: &Path, luck: u64) {
    let names = [("", "dir"), ("dir", "sub"), ("", "other"), ("dir", "a"), ("other", "b"), ("dir/sub", "c")];
    let at = |n: u64| {
        let (above, name) = names[(n % names.len() as u64) as usize];
        Some((within(folder, above)?, name.to_owned()))
    };
    let here = within(folder, "").map(|fd| (fd, format!("link{}", luck % 3)));
    let (Some(one), Some(two), Some(link)) = (at(luck / 8), at(luck / 64), here) else { return furnish(folder) };
    let rename = |a: &(OwnedFd, String), b: &(OwnedFd, String), flags| {
        let _ = renameat_with(&a.0, &a.1, &b.0, &b.1, flags);
    };
    match luck % 8 {
        0 | 1 => {
            let _ = unlinkat(&link.0, &link.1, AtFlags::empty());
            let to = if luck.is_multiple_of(3) { outside.join("secret") } else { outside.to_owned() };
            let _ = symlinkat(to, &link.0, &link.1);
            rename(&one, &link, RenameFlags::EXCHANGE);
        }
        2 => rename(&one, &two, RenameFlags::EXCHANGE),
        3 => rename(&link, &two, RenameFlags::EXCHANGE),
        4 => rename(&one, &two, RenameFlags::empty()),
        // Out of the grant and in again.
        5 => {
            let away = outside.with_file_name("away");
            if fs::rename(folder.join("dir"), &away).is_ok() {
                let _ = fs::rename(&away, folder.join("dir"));
            }
        }
        6 => {
            let _ = symlinkat(outside.join("secret"), &one.0, "secret");
        }
        _ => furnish(folder),
    }
}

/// Puts folders and files back where they began.
fn furnish(folder: &Path) {
    for (above, name) in [("", "dir"), ("", "other"), ("dir", "sub")] {
        let _ = within(folder, above).map(|fd| mkdirat(fd, name, 0o755.into()));
    }
    for (above, name) in [("dir", "a"), ("other", "b"), ("dir/sub", "c")] {
        let flags = OFlags::CREATE | OFlags::EXCL | OFlags::WRONLY;
        let _ = within(folder, above).map(|fd| openat(fd, name, flags, 0o644.into()));
    }
}

fn within(folder: &Path, below: &str) -> Option<OwnedFd> {
    let root = open(folder, OFlags::DIRECTORY | OFlags::RDONLY, Mode::empty()).ok()?;
    let below = if below.is_empty() { "." } else { below };
    openat2(root, below, OFlags::DIRECTORY | OFlags::RDONLY, Mode::empty(), ResolveFlags::NO_SYMLINKS).ok()
}

/// Reads what it can reach: nothing of the outside.
struct Reads;

impl Make for Reads {
    fn key(&self) -> String {
        "reads".into()
    }

    fn make(&self, files: &dyn Reader, to: &mut dyn Sink) -> Result<()> {
        let mut bytes = [0; 64];
        for name in ["F/dir/a", "F/dir/secret", "F/other/secret", "F/link0/secret", "F/link1"] {
            if let Ok(file) = files.open(&path(name)) {
                let len = file.read_at(&mut bytes, 0)?;
                to.write_all(&bytes[..len]).map_err(|e| Error::new(Kind::Unavailable, "make", e.to_string()))?;
            }
        }
        Ok(())
    }
}

fn every_kind(n: u64) -> Vec<Change> {
    let write = |at: &str, content: Content| Write {
        may_shrink: true,
        ..Write::new(path(at), content).replacing(Known::Nothing)
    };
    let splices = vec![Splice { at: 0, remove: 0, insert: b"edited ".to_vec() }];
    let relocate = |from: &str, to: &str| Change::Move { from: path(from), to: path(to), clash: Clash::Number };
    vec![
        Change::Write(write("F/dir/a", Content::Bytes(format!("task {n}").into_bytes()))),
        Change::Write(write("F/dir/secret", Content::Edited(splices.clone()))),
        Change::Write(write("F/other/b", Content::Edited(splices))),
        Change::Write(write("F/other/made", Content::Made(Arc::new(Reads)))),
        Change::Copy { from: path("F/dir/secret"), to: path("F/other/copied"), clash: Clash::Number },
        Change::Copy { from: path("F/dir/sub/c"), to: path("F/dir/copied"), clash: Clash::Number },
        relocate("F/dir/secret", "F/stolen"),
        relocate("F/dir/a", "F/other/a"),
        relocate("F/other/a", "F/dir/a"),
        relocate("F/dir/sub", "F/other/sub"),
        Change::Mode { path: path("F/dir/secret"), mode: 0o777 },
        Change::Mode { path: path("F/dir"), mode: 0o755 },
        Change::MakeFolder { path: path("F/dir/deep/er"), mode: None },
        Change::set_aside(path("F/dir/secret")),
        Change::set_aside(path("F/other/b")),
        Change::Restore { path: path("F/other/b") },
        relocate("F/other/sub", "F/dir/sub"),
    ]
}

struct Place {
    _keep: tempfile::TempDir,
    folder: PathBuf,
    outside: PathBuf,
    data: PathBuf,
}

fn place() -> Place {
    let keep = tempfile::tempdir().unwrap();
    let [folder, outside, data] = ["granted", "outside", "data"].map(|name| keep.path().join(name));
    put(&outside.join("secret"), "canary");
    put(&outside.join("sub/secret"), "canary");
    ["dir/a", "dir/sub/c", "other/b"].iter().for_each(|name| put(&folder.join(name), name));
    Place { _keep: keep, folder, outside, data }
}

/// Finds files with what only the outside held.
fn holds_canary(folder: &Path) -> Vec<PathBuf> {
    let has = |content: &[u8]| content.windows(6).any(|w| w == b"canary");
    let found = tree(folder).into_iter().filter(|(_, node)| node.mode & 0o170_000 == 0o100_000 && has(&node.content));
    found.map(|(at, _)| at).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn whoever_swaps_folders_and_links_gets_nothing_out_of_the_grant_or_in() {
    let mut rounds = 0;
    while rounds < ROUNDS {
        let place = place();
        let before = tree(&place.outside);
        let sandbox = LocalSandbox::open(LocalSandboxOptions {
            data: place.data.clone(),
            probe: None,
            home: None,
            ..LocalSandboxOptions::default()
        });
        let folders = vec![grant("F", &place.folder, Access::Write)];
        let task = a_task();
        {
            let attacker = Attacker::begin(&place.folder, &place.outside);
            let session = sandbox.open(SessionSpec { task, folders, hosts: Vec::new(), resumed: false }).await.unwrap();
            for n in 0..12 {
                // Folders that come and go are that change's trouble, never the call's.
                session.files(a_call()).change(every_kind(n), Watch::nothing()).await.unwrap();
            }
            drop(session);
            for spec in
                [UndoSpec { paths: vec![path("F/other")], ..UndoSpec::all() }, UndoSpec::show(), UndoSpec::all()]
            {
                sandbox.undo(task, spec).await.unwrap();
            }
            rounds += attacker.rounds();
        }
        assert_eq!(tree(&place.outside), before, "written outside");
        assert_eq!(holds_canary(&place.folder), Vec::<PathBuf>::new(), "read outside");
        assert_eq!(holds_canary(&place.data), Vec::<PathBuf>::new(), "kept from outside");
        // What is left undone is named, and a last undo without anybody in between ends.
        sandbox.undo(task, UndoSpec::all()).await.unwrap();
    }
    println!("{rounds} rounds");
}
