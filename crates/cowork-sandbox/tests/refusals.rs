//! What goes wrong, and is said so: folders that may not be granted, journals that can't be trusted, disks that are full.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test stops at what should not be")]

mod support;

use std::{
    fs,
    os::unix::fs::symlink,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use cowork_core::{
    Access, Change, Clash, Error, Folder, Kind, Probe, Result, Sandbox, SessionSpec, Step, UndoSpec, Watch,
};
use cowork_sandbox::{LocalSandbox, LocalSandboxOptions};
use cowork_testkit::sandbox::{a_call, a_task, age_folders, grant, path, put, tree};
use support::{Disks, Stop, World, has_two_disks, power::path_of};

async fn open(sandbox: &LocalSandbox, folder: Folder) -> Result<()> {
    sandbox
        .open(SessionSpec { task: a_task(), folders: vec![folder], hosts: Vec::new(), resumed: false })
        .await
        .map(drop)
}

#[tokio::test]
async fn the_whole_disk_the_home_and_our_own_files_are_not_granted() {
    let disk = tempfile::tempdir().unwrap();
    let at = |name: &str| {
        let path = disk.path().join(name);
        fs::create_dir_all(&path).unwrap();
        path
    };
    let (home, documents, data) = (at("people/home"), at("people/home/documents"), at("data"));
    symlink(&home, disk.path().join("link home")).unwrap();
    let options = LocalSandboxOptions {
        data: data.clone(),
        home: Some(home.clone()),
        probe: None,
        ..LocalSandboxOptions::default()
    };
    let sandbox = LocalSandbox::open(options);
    open(&sandbox, grant("F", &documents, Access::Write)).await.unwrap();
    for refused in
        [Path::new("/"), &home, &at("people"), &disk.path().join("link home"), disk.path(), &at("data/journal")]
    {
        let error = open(&sandbox, grant("F", refused, Access::Read)).await.unwrap_err();
        assert_eq!(error.kind, Kind::NotAllowed, "{refused:?}");
        assert!(error.fix().is_some(), "{error:?}");
    }
    let said_twice = |at: &Path| Folder { whole: true, ..grant("F", at, Access::Write) };
    open(&sandbox, said_twice(&home)).await.unwrap();
    open(&sandbox, said_twice(&at("people"))).await.unwrap();
    let ours = open(&sandbox, said_twice(disk.path())).await.unwrap_err();
    assert_eq!(ours.kind, Kind::NotAllowed, "our own files are never granted");
    for (name, at) in [("a/b", "/tmp"), ("", "/tmp"), ("F", "tmp"), ("F", "/tmp/../etc")] {
        let folder = Folder { name: name.into(), at: at.into(), access: Access::Read, whole: false };
        assert_eq!(open(&sandbox, folder).await.unwrap_err().kind, Kind::InvalidInput, "{name} {at}");
    }
    let two = vec![grant("A", &documents, Access::Read), grant("B", &documents, Access::Read)];
    let spec = SessionSpec { task: a_task(), folders: two, hosts: Vec::new(), resumed: false };
    assert_eq!(sandbox.open(spec).await.err().unwrap().kind, Kind::InvalidInput);
}

#[tokio::test]
async fn a_journal_torn_at_its_end_is_cut_and_one_damaged_inside_is_refused() {
    let whole = World::new(Disks::One);
    whole.run(None, false).await.1.unwrap();
    let log_of = |world: &World| world.data.join("journal").join(world.task.to_string()).join("log");
    let log = log_of(&whole);
    let bytes = fs::read(&log).unwrap();
    for torn in [&b"deadbeef 12 [{\"d\":[1"[..], b"\0\0\0\0\0\0", b"\n"] {
        fs::write(&log, [&bytes, torn].concat()).unwrap();
        drop(whole.open(None, true).await.unwrap());
        assert_eq!(fs::read(&log).unwrap(), bytes, "cut back");
    }
    // Not the frames of the last call: they can't be told from torn ones. What is before, a later frame calls durable.
    let last = bytes.len() - bytes.iter().rev().skip(1).position(|b| *b == b'\n').unwrap();
    let durable = String::from_utf8_lossy(&bytes[last - 1..]).split(' ').nth(1).unwrap().parse::<usize>().unwrap();
    for at in (0..durable).step_by(97) {
        let mut damaged = bytes.clone();
        damaged[at] ^= 1;
        fs::write(&log, damaged).unwrap();
        let error = whole.open(None, true).await.err().unwrap();
        assert_eq!(error.kind, Kind::Corrupt, "byte {at}: {error:?}");
        assert_eq!(whole.undo(None).await.unwrap_err().kind, Kind::Corrupt, "byte {at}");
        let findings = whole.sandbox(None).check(u64::MAX).await;
        assert!(findings.iter().any(|f| !f.ok && f.found.contains(&whole.task.to_string())), "{findings:?}");
    }
    fs::write(&log, &bytes).unwrap();
    assert!(whole.sandbox(None).check(u64::MAX).await.iter().all(|f| f.ok));
    whole.gives_back(None).await.unwrap();
}

#[tokio::test]
async fn a_journal_of_a_later_version_is_left_alone() {
    let world = World::new(Disks::One);
    world.run(None, false).await.1.unwrap();
    let log = world.data.join("journal").join(world.task.to_string()).join("log");
    let body = format!("0 [{{\"head\":{{\"version\":2,\"task\":\"{}\"}}}},{{\"unheard of\":7}}]", world.task);
    let line = format!("{:08x} {body}\n", crc32fast::hash(body.as_bytes()));
    fs::write(&log, &line).unwrap();
    assert_eq!(world.open(None, true).await.err().unwrap().kind, Kind::NewerVersion);
    assert_eq!(world.undo(None).await.unwrap_err().kind, Kind::NewerVersion);
    assert_eq!(fs::read(&log).unwrap(), line.as_bytes());
}

/// Fails once, at a step, as a full disk does.
struct FullAt(usize, std::sync::atomic::AtomicUsize);

impl Probe for FullAt {
    fn before(&self, step: &Step) -> Result<()> {
        let writes = matches!(step, Step::Write(..) | Step::MakeFolder(_) | Step::Rename(..) | Step::Exchange(..));
        if writes && self.1.fetch_add(1, Ordering::Relaxed) == self.0 {
            return Err(Error::new(Kind::Full, "test", "the disk is full"));
        }
        Ok(())
    }

    fn after(&self, _: &Step) {}
}

#[tokio::test]
async fn a_disk_that_is_full_at_any_step_leaves_the_files_as_they_were() {
    for disks in [Disks::One, Disks::Two].into_iter().take(if has_two_disks() { 2 } else { 1 }) {
        let mut met = 0;
        for k in 0.. {
            let world = World::new(disks);
            let probe = Arc::new(FullAt(k, 0.into()));
            let Ok(session) = world.open(Some(probe.clone()), false).await else { continue };
            let mut full = false;
            for (call, changes) in &world.calls {
                let before = tree(&world.folder);
                let files = session.files(*call);
                let Err(error) = files.change(changes.clone(), Watch::nothing()).await else { continue };
                assert_eq!(error.kind, Kind::Full, "{k}: {error:?}");
                assert_eq!(error.fact("left"), None, "{k}: {error:?}");
                assert_eq!(tree(&world.folder), before, "{disks:?} full at {k}");
                full = true;
                files.change(changes.clone(), Watch::nothing()).await.expect("there is room again");
            }
            drop(session);
            world.gives_back(None).await.unwrap_or_else(|e| panic!("{disks:?} full at {k}: {e}"));
            met += usize::from(full);
            if !full && probe.1.load(Ordering::Relaxed) <= k {
                break;
            }
        }
        assert!(met > 20, "{met}");
    }
}

/// Fails every write of the log once it is switched on.
struct NoLog(AtomicBool);

impl Probe for NoLog {
    fn before(&self, step: &Step) -> Result<()> {
        if self.0.load(Ordering::Relaxed) && path_of(step).ends_with("log") {
            return Err(Error::new(Kind::Full, "test", "the disk is full"));
        }
        Ok(())
    }

    fn after(&self, step: &Step) {
        if matches!(step, Step::Exchange(..)) {
            self.0.store(true, Ordering::Relaxed);
        }
    }
}

#[tokio::test]
async fn a_journal_that_can_no_longer_be_written_stops_the_work_and_gives_it_back() {
    let world = World::new(Disks::One);
    let session = world.open(Some(Arc::new(NoLog(AtomicBool::new(false)))), false).await.unwrap();
    let (call, changes) = &world.calls[0];
    let error = session.files(*call).change(changes.clone(), Watch::nothing()).await.unwrap_err();
    assert_eq!(error.kind, Kind::Full, "{error:?}");
    assert_eq!(tree(&world.folder), world.before);
    let again = session.files(a_call()).change(vec![], Watch::nothing()).await.unwrap_err();
    assert_eq!(again.kind, Kind::Unavailable, "memory and disk may differ: {again:?}");
    drop(session);
    world.gives_back(None).await.unwrap();
}

#[tokio::test]
async fn a_future_that_is_dropped_stops_between_two_changes() {
    let world = World::new(Disks::One);
    (0..3000).for_each(|i| put(&world.folder.join(format!("many/{i}")), "x"));
    age_folders(&world.folder);
    let before = tree(&world.folder);
    let session = world.open(None, false).await.unwrap();
    let started = Arc::new(tokio::sync::Notify::new());
    let (files, notify) = (session.files(a_call()), started.clone());
    let mut watch = Watch::nothing();
    watch.progress = Arc::new(move |_, _, _| notify.notify_one());
    let move_one =
        |i| Change::Move { from: path(&format!("F/many/{i}")), to: path(&format!("F/to/{i}")), clash: Clash::Skip };
    let changes: Vec<_> = (0..3000).map(move_one).collect();
    tokio::select! {
        _ = files.change(changes, watch) => {}
        () = started.notified() => {}
    }
    // The next call waits until that one has stopped.
    session.files(a_call()).change(vec![], Watch::nothing()).await.unwrap();
    drop((files, session));
    let moved = fs::read_dir(world.folder.join("to")).unwrap().count();
    assert!(moved > 0, "it had begun");
    // The thread that worked may take a moment to let the folder go; the error says to try again.
    let report = loop {
        match world.undo(None).await {
            Err(busy) if busy.kind == Kind::Busy => tokio::task::yield_now().await,
            other => break other.unwrap(),
        }
    };
    assert_eq!((report.undone, report.kept), (moved as u64, vec![]));
    assert_eq!(tree(&world.folder), before);
}

#[tokio::test]
async fn undo_of_a_task_whose_folder_is_away_keeps_all_and_says_so() {
    let world = World::new(Disks::One);
    world.run(None, false).await.1.unwrap();
    let away = world.folder.with_file_name("away");
    fs::rename(&world.folder, &away).unwrap();
    let report = world.undo(None).await.unwrap();
    assert!(report.undone == 0 && !report.kept.is_empty(), "{report:?}");
    assert!(report.kept.iter().all(|k| k.reason.contains("folder")), "{report:?}");
    fs::rename(&away, &world.folder).unwrap();
    world.gives_back(None).await.unwrap();
}

#[tokio::test]
async fn another_folder_under_the_same_name_is_not_taken_for_the_first() {
    let world = World::new(Disks::One);
    let (stopped, _) = world.run(Some(Stop::at(40)), false).await;
    assert!(stopped);
    fs::rename(&world.folder, world.folder.with_file_name("away")).unwrap();
    fs::create_dir(&world.folder).unwrap();
    assert_eq!(world.open(None, true).await.err().unwrap().kind, Kind::Conflict);
    assert_eq!(world.sandbox(None).undo(world.task, UndoSpec::show()).await.unwrap().undone, 0);
}
