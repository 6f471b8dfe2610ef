//! A watch that is dropped, asked too late, or led out of the granted folder.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test stops at what should not be")]

use std::{fs, path::Path, sync::Arc};

use cowork_core::{Access, Arrivals, FilePath, Files, Kind, Sandbox, Session, SessionSpec};
use cowork_sandbox::{LocalSandbox, LocalSandboxOptions};
use cowork_testkit::sandbox::{a_call, a_task, grant, path, put};
use tokio::sync::Mutex;

/// They count this process's watches, so they take turns.
static TURN: Mutex<()> = Mutex::const_new(());

async fn open(folder: &Path, data: &Path) -> Arc<dyn Session> {
    let sandbox = LocalSandbox::open(LocalSandboxOptions {
        data: data.join("data"),
        probe: None,
        home: None,
        ..LocalSandboxOptions::default()
    });
    let spec = SessionSpec {
        task: a_task(),
        folders: vec![grant("F", folder, Access::Write)],
        hosts: Vec::new(),
        resumed: false,
    };
    sandbox.open(spec).await.unwrap()
}

fn watches() -> usize {
    let handles = fs::read_dir("/proc/self/fd").unwrap().flatten();
    handles.filter(|fd| fs::read_link(fd.path()).is_ok_and(|to| to.as_os_str() == "anon_inode:inotify")).count()
}

#[tokio::test]
async fn a_watch_that_is_dropped_ends_and_lets_the_folders_go() {
    let _turn = TURN.lock().await;
    let keep = tempfile::tempdir().unwrap();
    let folder = keep.path().join("granted");
    fs::create_dir(&folder).unwrap();
    let session = open(&folder, keep.path()).await;
    let files = session.files(a_call());
    let many: Vec<Box<dyn Arrivals>> =
        vec![files.watch(path("F")).await.unwrap(), files.watch(path("F")).await.unwrap()];
    assert_eq!(watches(), 2);
    drop((files, session));
    let sandbox = LocalSandbox::open(LocalSandboxOptions {
        data: keep.path().join("data"),
        probe: None,
        home: None,
        ..LocalSandboxOptions::default()
    });
    let spec = || SessionSpec {
        task: a_task(),
        folders: vec![grant("F", &folder, Access::Write)],
        hosts: Vec::new(),
        resumed: false,
    };
    assert_eq!(sandbox.open(spec()).await.err().unwrap().kind, Kind::Busy, "a watch holds its session");
    drop(many);
    sandbox.open(spec()).await.map(drop).unwrap();
    // The system takes its time to let a watch go. Were they not ended, this would not either.
    while watches() > 0 {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn more_than_can_be_told_is_told_as_the_folder() {
    let _turn = TURN.lock().await;
    let keep = tempfile::tempdir().unwrap();
    let folder = keep.path().join("granted");
    fs::create_dir(&folder).unwrap();
    let session = open(&folder, keep.path()).await;
    let files: Arc<dyn Files> = session.files(a_call());
    let mut arrivals = files.watch(path("F")).await.unwrap();
    (0..6_000).for_each(|i| fs::write(folder.join(i.to_string()), "").unwrap());
    let mut told: Vec<FilePath> = Vec::new();
    while !told.contains(&path("F/5999")) && !told.contains(&path("F")) {
        told.extend(arrivals.next().await.unwrap());
    }
    let all = (0..6_000).all(|i| told.contains(&path(&format!("F/{i}"))));
    assert!(told.contains(&path("F")) || all, "nothing is left out in silence: {}", told.len());
}

#[tokio::test]
async fn a_watch_does_not_follow_its_folder_out_of_the_grant() {
    let _turn = TURN.lock().await;
    let keep = tempfile::tempdir().unwrap();
    let folder = keep.path().join("granted");
    put(&folder.join("a/b/file"), "mine");
    let session = open(&folder, keep.path()).await;
    let mut arrivals = session.files(a_call()).watch(path("F/a/b")).await.unwrap();
    fs::rename(folder.join("a"), keep.path().join("elsewhere")).unwrap();
    put(&folder.join("a/b/file"), "another");
    fs::write(keep.path().join("elsewhere/b/secret"), "secret").unwrap();
    let error = arrivals.next().await.unwrap_err();
    assert_eq!(error.kind, Kind::NotFound, "{error:?}");
    assert_eq!(arrivals.next().await.unwrap_err(), error, "it stays so");
}
