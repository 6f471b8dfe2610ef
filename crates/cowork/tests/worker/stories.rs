//! The stories, told one after the other.

use std::{process::ExitCode, sync::Arc, time::Duration};

use cowork::{
    ExitKind, Kind, Process, ProcessEvent, Sandbox, Worker,
    sandbox::{LocalSandbox, LocalSandboxOptions},
};
use tokio::runtime::Runtime;

/// Tells those whose names hold the first of these words, or all.
pub(super) fn all(args: &[String]) -> ExitCode {
    let wanted = args.iter().find(|arg| !arg.starts_with('-')).map_or("", String::as_str);
    let mut failed = 0;
    for (name, story) in STORIES.iter().filter(|(name, _)| name.contains(wanted)) {
        let is_well = std::panic::catch_unwind(story).is_ok();
        println!("test {name} ... {}", if is_well { "ok" } else { "FAILED" });
        failed += u8::from(!is_well);
    }
    println!("\ntest result: {}", if failed == 0 { "ok" } else { "FAILED" });
    ExitCode::from(failed)
}

type Story = (&'static str, fn());

macro_rules! stories {
    ($($name:ident),* $(,)?) => { &[$((stringify!($name), $name)),*] };
}

const STORIES: &[Story] = stories![
    a_worker_sees_no_file_of_the_host_no_network_and_starts_nothing,
    a_worker_that_aborts_is_heard_of_and_takes_nothing_with_it,
    a_worker_that_takes_more_memory_than_it_may_ends,
    a_worker_that_takes_more_time_than_it_may_ends,
    a_worker_that_is_dropped_ends,
    a_program_that_is_not_there_is_said_to_be_so,
];

struct Room {
    runtime: Runtime,
    sandbox: Arc<LocalSandbox>,
    _data: tempfile::TempDir,
}

impl Room {
    fn new() -> Self {
        let data = tempfile::tempdir().unwrap();
        let options = LocalSandboxOptions { data: data.path().to_owned(), ..LocalSandboxOptions::default() };
        let sandbox = Arc::new(LocalSandbox::open(options));
        Self { runtime: Runtime::new().unwrap(), sandbox, _data: data }
    }

    async fn start(&self, kind: &str) -> Box<dyn Process> {
        self.sandbox.worker(worker(kind)).await.unwrap()
    }

    /// Tells a worker something and hears it to its end: how it ended, what it said, what it complained of.
    fn heard(&self, kind: &str) -> (ExitKind, String, String) {
        self.runtime.block_on(async {
            let mut process = self.start(kind).await;
            process.write(b"go on").await.unwrap();
            let (mut said, mut complained) = (Vec::new(), Vec::new());
            loop {
                match process.next().await.unwrap() {
                    ProcessEvent::Stdout(bytes) => said.extend(bytes),
                    ProcessEvent::Stderr(bytes) => complained.extend(bytes),
                    ProcessEvent::Exited(exit) => {
                        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
                        return (exit.how, text(said), text(complained));
                    }
                }
            }
        })
    }
}

fn worker(kind: &str) -> Worker {
    let args = ["worker", kind].map(str::to_owned).to_vec();
    Worker { program: std::env::current_exe().unwrap(), args, cpu: 1, memory: 256 << 20 }
}

fn a_worker_sees_no_file_of_the_host_no_network_and_starts_nothing() {
    assert_eq!(Room::new().heard("tries"), (ExitKind::Code(0), String::new(), String::new()));
}

fn a_worker_that_aborts_is_heard_of_and_takes_nothing_with_it() {
    let room = Room::new();
    assert_eq!(room.heard("aborts").0, ExitKind::Signal(6));
    assert_eq!(room.heard("babbles").0, ExitKind::Code(0), "the next one works");
}

fn a_worker_that_takes_more_memory_than_it_may_ends() {
    let (how, _, complained) = Room::new().heard("eats");
    assert!(
        how != ExitKind::Code(0) && complained.contains("allocation of 1048576 bytes failed"),
        "{how:?} {complained}"
    );
    eprintln!("{how:?}");
}

fn a_worker_that_takes_more_time_than_it_may_ends() {
    assert_eq!(Room::new().heard("spins").0, ExitKind::Signal(9));
}

fn a_worker_that_is_dropped_ends() {
    let room = Room::new();
    let mut stays = room.runtime.block_on(room.start("waits"));
    drop(room.runtime.block_on(room.start("waits")));
    // One that is told that there is no more ends by itself; the other has ended before, or the sandbox would keep its processes.
    let exited = room.runtime.block_on(async {
        stays.write(b"").await.unwrap();
        tokio::time::timeout(Duration::from_secs(30), stays.next()).await.unwrap().unwrap()
    });
    assert!(matches!(exited, ProcessEvent::Exited(exit) if exit.how == ExitKind::Code(0)));
}

fn a_program_that_is_not_there_is_said_to_be_so() {
    let room = Room::new();
    let kind = |worker: Worker| room.runtime.block_on(room.sandbox.worker(worker)).err().unwrap().kind;
    assert_eq!(kind(Worker { program: "/nowhere/at/all".into(), ..worker("serves") }), Kind::NotFound);
    assert_eq!(kind(Worker { program: "/usr".into(), ..worker("serves") }), Kind::InvalidInput);
}
