//! What it costs that a command's changes are kept apart: to find what it changed among many files, and to work on files beside doing the
//! same without a sandbox. And how long one command takes as a session runs it. Each in turn with its floor.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a measurement that goes wrong ends")]

use std::{
    fs,
    path::Path,
    process::{Command, Stdio},
    sync::Arc,
    time::{Duration, Instant},
};

use cowork::{
    Access, CallId, Exec, Folder, ProcessEvent, Sandbox, Session, SessionSpec, TaskId, TokioRuntime,
    sandbox::{LocalSandbox, LocalSandboxOptions},
};
use cowork_benches::{folder, report};
use tokio::runtime::Handle;

/// How many files there are, and in how many folders.
const FILES: usize = 100_000;
const FOLDERS: usize = 100;
/// How often each is measured.
const RUNS: usize = 15;

/// Something like unpacking and building: many small files are written, read, copied and taken away.
const LOAD: &str = "for n in 1 2 3; do cp -r tree out && grep -rc line out > sums && tar cf packed out && mkdir again && \
    tar xf packed -C again && rm -r out again packed; done";

struct Place {
    session: Arc<dyn Session>,
    runtime: TokioRuntime,
}

impl Place {
    async fn new(at: &Path, data: &Path) -> Self {
        let runtime = TokioRuntime::new(Handle::current());
        let options = LocalSandboxOptions { data: data.to_owned(), ..LocalSandboxOptions::default() };
        let name = "Desk".to_owned();
        let folder = Folder { name, at: at.to_str().unwrap().to_owned(), access: Access::Write, whole: false };
        let spec =
            SessionSpec { task: TaskId::new(&runtime), folders: vec![folder], hosts: Vec::new(), resumed: false };
        let session = LocalSandbox::open(options).open(spec).await.unwrap();
        Self { session, runtime }
    }

    /// Runs a line of a shell; gives its call.
    async fn sh(&self, line: &str) -> CallId {
        let args = ["sh", "-c", line].map(str::to_owned).to_vec();
        let exec = Exec { args, folder: None, wall: Duration::from_secs(120), input: false, terminal: None };
        let call = CallId::new(&self.runtime);
        let mut process = self.session.exec(call, exec).await.unwrap();
        loop {
            match process.next().await.unwrap() {
                ProcessEvent::Exited(exit) => {
                    assert!(exit.is_success(), "{line}: {exit:?}");
                    return call;
                }
                ProcessEvent::Stdout(_) => {}
                ProcessEvent::Stderr(bytes) => panic!("{line}: {}", String::from_utf8_lossy(&bytes)),
            }
        }
    }
}

fn outside(line: &str, at: &Path) {
    let mut command = Command::new("sh");
    command.args(["-c", line]).current_dir(at).stdin(Stdio::null()).stdout(Stdio::null());
    assert!(command.status().unwrap().success());
}

fn milliseconds(since: Instant) -> f64 {
    since.elapsed().as_secs_f64() * 1e3
}

fn median(times: &mut [f64]) -> f64 {
    times.sort_by(f64::total_cmp);
    times[times.len() / 2]
}

async fn found_among_many() {
    let (at, data) = (folder(), folder());
    for n in 0..FOLDERS {
        let at = at.path().join(format!("folder{n}"));
        fs::create_dir(&at).unwrap();
        (0..FILES / FOLDERS).for_each(|n| fs::write(at.join(format!("file{n}")), "a line\n").unwrap());
    }
    let place = Place::new(at.path(), data.path()).await;
    let mut times = Vec::new();
    for _ in 0..RUNS {
        let call = place.sh("for n in 1 2 3 4 5 6 7 8 9 10; do echo more >> folder$n/file$n; done").await;
        let begun = Instant::now();
        let staged = place.session.staged(call).await.unwrap();
        times.push(milliseconds(begun));
        assert_eq!(staged.changes.changes.len(), 10);
        place.session.discard(call).await.unwrap();
    }
    let time = median(&mut times);
    report("what changed, 10 of 100,000 files", time, "ms", "<= 20", time <= 20.0);
}

async fn worked_on_files() {
    let (at, data, beside) = (folder(), folder(), folder());
    for root in [at.path(), beside.path()] {
        for n in 0..20 {
            let folder = root.join(format!("tree/{n}"));
            fs::create_dir_all(&folder).unwrap();
            (0..50).for_each(|n| fs::write(folder.join(format!("file{n}")), "a line of text\n".repeat(200)).unwrap());
        }
    }
    let place = Place::new(at.path(), data.path()).await;
    let (mut inside, mut floor, mut ratios) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..RUNS {
        let begun = Instant::now();
        outside(LOAD, beside.path());
        floor.push(milliseconds(begun));
        let begun = Instant::now();
        let call = place.sh(LOAD).await;
        inside.push(milliseconds(begun));
        ratios.push(inside[inside.len() - 1] / floor[floor.len() - 1]);
        place.session.discard(call).await.unwrap();
        _ = fs::remove_file(beside.path().join("sums"));
    }
    let (inside, floor, ratio) = (median(&mut inside), median(&mut floor), median(&mut ratios));
    println!("  many small files, outside {floor:.0} ms, inside {inside:.0} ms");
    report("many small files, inside / outside", ratio, "x", "<= 1.1", ratio <= 1.1);
}

async fn one_command() {
    let (at, data) = (folder(), folder());
    let place = Place::new(at.path(), data.path()).await;
    let begun = Instant::now();
    place.sh("true").await;
    println!("  the first command of a session: {:.1} ms", milliseconds(begun));
    let mut times = Vec::new();
    for _ in 0..100 {
        let begun = Instant::now();
        let call = place.sh("true").await;
        place.session.staged(call).await.unwrap();
        place.session.discard(call).await.unwrap();
        times.push(milliseconds(begun));
    }
    println!("  one more, with what it changed looked at and discarded: {:.1} ms", median(&mut times));
}

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() {
    one_command().await;
    found_among_many().await;
    worked_on_files().await;
}
