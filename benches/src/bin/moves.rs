//! One call that moves 50,000 files, each move journalled before it is done, against a loop of `renameat2`.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a measurement that goes wrong ends")]

use std::{fs, os::fd::AsFd, path::Path, sync::Arc};

use cowork::{
    CallId, Change, Clash, FilePath, Runtime, Sandbox, SessionSpec, TaskId, TokioRuntime, UndoSpec, Watch,
    folder_named,
    sandbox::{LocalSandbox, LocalSandboxOptions},
};
use cowork_benches::{Cost, block_on, cost, folder, median, pairs, ratio, report, settle};
use rustix::fs::{Mode, OFlags, RenameFlags, open, renameat_with};

const FILES: usize = 50_000;
const KINDS: [&str; 5] = ["Documents", "Images", "Audio", "Archives", "Other"];

fn fill(at: &Path) {
    fs::create_dir_all(at).unwrap();
    (0..FILES).for_each(|n| fs::write(at.join(name(n)), b"x").unwrap());
    settle(at);
}

fn name(n: usize) -> String {
    format!("file number {n:05}.txt")
}

fn raw(at: &Path) -> Cost {
    let handle = |path: &Path| open(path, OFlags::DIRECTORY | OFlags::RDONLY | OFlags::CLOEXEC, Mode::empty()).unwrap();
    let (cost, ()) = cost(|| {
        KINDS.iter().for_each(|kind| fs::create_dir(at.join(kind)).unwrap());
        let from = handle(at);
        let to = KINDS.map(|kind| handle(&at.join(kind)));
        for n in 0..FILES {
            let name = name(n);
            renameat_with(from.as_fd(), &name, to[n % KINDS.len()].as_fd(), &name, RenameFlags::NOREPLACE).unwrap();
        }
        // Ours are durable when the call returns; so are these.
        to.iter().chain([&from]).for_each(|folder| rustix::fs::fsync(folder).unwrap());
    });
    (0..FILES).for_each(|n| fs::rename(at.join(KINDS[n % KINDS.len()]).join(name(n)), at.join(name(n))).unwrap());
    KINDS.iter().for_each(|kind| fs::remove_dir(at.join(kind)).unwrap());
    settle(at);
    cost
}

async fn ours(sandbox: &LocalSandbox, runtime: &dyn Runtime, at: &Path) -> (Cost, Cost) {
    let task = TaskId::new(runtime);
    let folders = vec![folder_named(at, "Desk").unwrap()];
    let path = |text: String| FilePath::parse(&text).unwrap();
    let change = |n: usize| Change::Move {
        from: path(format!("Desk/{}", name(n))),
        to: path(format!("Desk/{}/{}", KINDS[n % KINDS.len()], name(n))),
        clash: Clash::Skip,
    };
    let changes: Vec<Change> = (0..FILES).map(change).collect();
    let session = sandbox.open(SessionSpec { task, folders, hosts: Vec::new(), resumed: false }).await.unwrap();
    let files = session.files(CallId::new(runtime));
    let handle = tokio::runtime::Handle::current();
    let (moved, changed) =
        cost(|| tokio::task::block_in_place(|| handle.block_on(files.change(changes, Watch::nothing()))));
    assert_eq!(changed.unwrap().otherwise, []);
    drop((session, files));
    let (undone, report) =
        cost(|| tokio::task::block_in_place(|| handle.block_on(sandbox.undo(task, UndoSpec::all()))));
    assert_eq!(report.unwrap().kept, []);
    settle(at);
    (moved, undone)
}

fn main() {
    let base = folder();
    let (our_desk, raw_desk) = (base.path().join("ours"), base.path().join("raw"));
    // Filled once: making 50,000 files where as many were just removed takes a file system far longer than moving them.
    fill(&our_desk);
    fill(&raw_desk);
    println!("{FILES} moves into {} folders, median of 7 pairs\n", KINDS.len());
    let mut undos = Vec::new();
    let (ours, raw) = block_on(2, async {
        let handle = tokio::runtime::Handle::current();
        let runtime: Arc<dyn Runtime> = Arc::new(TokioRuntime::new(handle.clone()));
        let data = base.path().join("data");
        fs::create_dir_all(&data).unwrap();
        let sandbox =
            LocalSandbox::open(LocalSandboxOptions { data, probe: None, home: None, ..LocalSandboxOptions::default() });
        tokio::task::block_in_place(|| {
            let run_ours = || {
                let (moved, undone) = handle.block_on(ours(&sandbox, &*runtime, &our_desk));
                undos.push(undone);
                moved
            };
            pairs(7, run_ours, || raw(&raw_desk))
        })
    });
    let millis = |costs: &[Cost]| median(costs, |c| c.wall).as_secs_f64() * 1e3;
    println!("ours {:.0} ms, loop {:.0} ms, undo {:.0} ms", millis(&ours), millis(&raw), millis(&undos));
    let times = ratio(&ours, &raw);
    report("one call of 50,000 moves, against a loop of renameat2", times, "x", "<= 2", times <= 2.0);
    // The first is of the run that does not count.
    let undo = ratio(&undos[1..], &ours);
    report("undo of 50,000 moves, against the moves", undo, "x", "<= 1.2", undo <= 1.2);
}
