//! Exact duplicates in 2 GB of random data, a third of it duplicated, warm: `find_duplicates`, which compares every byte,
//! against `fclones` (by hash) and `jdupes` (byte by byte), whichever is faster.
//!
//! Wants both programs: Debian's package `jdupes`, and `cargo install fclones`.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a measurement that goes wrong ends")]

use std::{
    fs::{self, File},
    io::{Read, Write},
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::Arc,
};

use cowork::{
    CallId, Runtime, Sandbox, SessionSpec, TaskId, ThreadId, TokioRuntime, Tool, ToolContext, Watch, folder_named,
    sandbox::{LocalSandbox, LocalSandboxOptions},
};
use cowork_benches::{Cost, block_on, cost, folder, median, pairs, ratio, report, settle};
use serde_json::json;

const BYTES: u64 = 2_000_000_000;
const LARGEST: u64 = 2_000_000;

/// A fast generator of bytes that do not compress and do not repeat.
struct Noise(u64);

impl Noise {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn bytes(&mut self, len: u64) -> Vec<u8> {
        (0..len.div_ceil(8)).flat_map(|_| self.next().to_le_bytes()).take(usize::try_from(len).unwrap()).collect()
    }
}

/// Fills a folder; gives how many files are copies of another.
fn fill(at: &Path) -> usize {
    let (mut noise, mut written, mut files, mut copies) = (Noise(0x9E37_79B9_7F4A_7C15), 0, 0, 0);
    while written < BYTES {
        let len = 1_000 + noise.next() % (LARGEST - 1_000);
        let content = noise.bytes(len);
        // Of three parts, one is a second copy of another.
        for _ in 0..=usize::from(files % 2 == 0) {
            let below = at.join(format!("folder {:02}", files % 40));
            fs::create_dir_all(&below).unwrap();
            fs::write(below.join(format!("{:x}", noise.next())), &content).unwrap();
            written += len;
        }
        copies += usize::from(files % 2 == 0);
        files += 1;
    }
    settle(at);
    copies
}

fn warm(at: &Path) {
    for entry in fs::read_dir(at).unwrap().flatten() {
        if entry.path().is_dir() {
            warm(&entry.path());
        } else {
            File::open(entry.path()).unwrap().read_to_end(&mut Vec::new()).unwrap();
        }
    }
}

/// Finds a program on the path, or where `cargo install --root` puts what the project's chores install.
fn program(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let home = std::env::home_dir().unwrap_or_default();
    let own = home.join(format!(".cache/cowork-ci/tools/{name}/bin"));
    std::env::split_paths(&path).chain([own, home.join(".cargo/bin")]).map(|p| p.join(name)).find(|p| p.is_file())
}

fn theirs(program: &Path, args: &[&str], at: &Path) -> Cost {
    let run = || {
        let mut command = Command::new(program);
        command.args(args).arg(at).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        assert!(command.status().unwrap().success());
    };
    cost(run).0
}

fn main() {
    let base = folder();
    let desk = base.path().join("desk");
    let copies = fill(&desk);
    warm(&desk);
    println!("{} MB, {copies} files are second copies, warm, median of 5 pairs\n", BYTES / 1_000_000);
    block_on(2, async {
        let handle = tokio::runtime::Handle::current();
        let runtime: Arc<dyn Runtime> = Arc::new(TokioRuntime::new(handle.clone()));
        let data = base.path().join("data");
        fs::create_dir_all(&data).unwrap();
        let sandbox =
            LocalSandbox::open(LocalSandboxOptions { data, probe: None, home: None, ..LocalSandboxOptions::default() });
        let tool = cowork::tools::files().into_iter().find(|t| t.spec().name == "find_duplicates").unwrap();
        let mut slowest: f64 = 0.0;
        for (name, args) in [("fclones", &["group"][..]), ("jdupes", &["-r", "-q"])] {
            let Some(program) = program(name) else {
                println!("{name}: not installed, not compared");
                continue;
            };
            let run = || handle.block_on(ours(&sandbox, &runtime, &*tool, &desk, copies));
            let (ours, theirs) =
                tokio::task::block_in_place(|| pairs(5, || cost(run).0, || theirs(&program, args, &desk)));
            let millis = |costs: &[Cost]| median(costs, |c| c.wall).as_secs_f64() * 1e3;
            println!("  ours {:.0} ms, {name} {:.0} ms", millis(&ours), millis(&theirs));
            let times = ratio(&ours, &theirs);
            slowest = slowest.max(times);
            report(&format!("exact duplicates, every byte compared, against {name}"), times, "x", "<= 1", times <= 1.0);
        }
        std::io::stdout().flush().unwrap();
        assert!(slowest > 0.0, "neither jdupes nor fclones is installed, so there is nothing to compare with");
    });
}

async fn ours(sandbox: &LocalSandbox, runtime: &Arc<dyn Runtime>, tool: &dyn Tool, desk: &Path, copies: usize) {
    let task = TaskId::new(&**runtime);
    let folders = vec![folder_named(desk, "Desk").unwrap()];
    let session = sandbox.open(SessionSpec { task, folders, hosts: Vec::new(), resumed: false }).await.unwrap();
    let ctx = ToolContext {
        thread: ThreadId::named("bench"),
        task,
        call: CallId::new(&**runtime),
        attempt: 1,
        watch: Watch::nothing(),
        runtime: runtime.clone(),
        session: Some(session),
    };
    let found = tool.run(json!({ "folders": ["Desk"], "verify": true }), ctx).await.unwrap();
    assert_eq!(found.value["groups"], copies);
}
