//! What one call that moves many files costs, beside a plain loop of `renameat2`. A figure, not a promise: run it with
//! `cargo test --release -p cowork-sandbox --test cost -- --ignored --nocapture`.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test stops at what should not be")]

use std::{fs, path::Path, time::Instant};

use cowork_core::{Access, Change, Clash, Sandbox, SessionSpec, UndoMode, Watch};
use cowork_sandbox::{LocalSandbox, LocalSandboxOptions};
use cowork_testkit::sandbox::{a_call, a_task, grant, path};

const FILES: usize = 50_000;

fn fill(folder: &Path) {
    fs::create_dir_all(folder).unwrap();
    (0..FILES).for_each(|i| fs::write(folder.join(format!("file {i}.txt")), "x").unwrap());
    rustix::fs::sync();
}

#[tokio::test]
#[ignore = "a measurement"]
async fn moving_many_files() {
    for _ in 0..3 {
        let disk = tempfile::tempdir().unwrap();
        let (plain, granted) = (disk.path().join("plain"), disk.path().join("granted"));
        fill(&plain);
        fill(&granted);
        let start = Instant::now();
        let to: Vec<_> = (0..10).map(|d| plain.join(format!("to {d}"))).collect();
        to.iter().for_each(|d| fs::create_dir(d).unwrap());
        let open = |p: &Path| fs::File::open(p).unwrap();
        let (from, dirs): (_, Vec<_>) = (open(&plain), to.iter().map(|d| open(d)).collect());
        for i in 0..FILES {
            let name = format!("file {i}.txt");
            let flags = rustix::fs::RenameFlags::NOREPLACE;
            rustix::fs::renameat_with(&from, &name, &dirs[i % 10], &name, flags).unwrap();
        }
        let plainly = start.elapsed();

        let options = LocalSandboxOptions { data: disk.path().join("data"), ..LocalSandboxOptions::default() };
        let sandbox = LocalSandbox::open(options);
        let task = a_task();
        let folders = vec![grant("F", &granted, Access::Write)];
        let session = sandbox.open(SessionSpec { task, folders, resumed: false }).await.unwrap();
        let change = |i| Change::Move {
            from: path(&format!("F/file {i}.txt")),
            to: path(&format!("F/to {}/file {i}.txt", i % 10)),
            clash: Clash::Number,
        };
        let changes: Vec<_> = (0..FILES).map(change).collect();
        let start = Instant::now();
        let changed = session.files(a_call()).change(changes, Watch::nothing()).await.unwrap();
        let journalled = start.elapsed();
        assert_eq!(changed.made, FILES as u64);
        drop(session);
        let start = Instant::now();
        let report = sandbox.undo(task, UndoMode::Act).await.unwrap();
        assert_eq!(report.undone, FILES as u64);
        let times = journalled.as_secs_f64() / plainly.as_secs_f64();
        println!("plain {plainly:?}, journalled {journalled:?} ({times:.2} times), undo {:?}", start.elapsed());
    }
}
