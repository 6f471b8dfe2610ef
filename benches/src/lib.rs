//! Performance claims, measured side by side in one run.
//!
//! Each program in `src/bin` measures one claim of the README against its floor: both sides in turn, in pairs, in the same
//! process, so that whatever else the machine does hits both. `cargo xtask bench NAME` builds and runs one.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a measurement that goes wrong ends")]

use std::{
    fs::{self, File},
    future::Future,
    os::unix::ffi::OsStrExt,
    path::Path,
    process::{Child, Command},
    sync::Arc,
    time::{Duration, Instant},
};

use async_trait::async_trait;
use cowork::{
    CallId, Claim, Effects, Engine, EngineParts, Files, GrantPolicy, Limits, Planner, Recovery, Registry, Runtime,
    Sandbox, SessionSpec, Store, TaskId, TokioRuntime, Tool, ToolContext, ToolOutput, TypedTool, folder_named,
    sandbox::{LocalSandbox, LocalSandboxOptions},
};
use rustix::{
    pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt},
    termios::{Winsize, tcsetwinsize},
};
use serde_json::json;

/// A tool that does nothing, and gives a text of 256 bytes; what it says of being cut off is up to who measures.
pub struct Noop(pub Recovery);

/// What [`Noop`] is given.
#[derive(serde::Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Args {
    #[serde(rename = "text")]
    _text: String,
    #[serde(rename = "count")]
    _count: u32,
}

#[async_trait]
impl TypedTool for Noop {
    type Args = Args;
    const NAME: &'static str = "noop";
    const ABOUT: &'static str = "Does nothing.";

    fn effects(&self, _: &Args) -> cowork::Result<Effects> {
        Ok(Effects { recovery: self.0, ..Effects::none() })
    }

    async fn run(&self, _: Args, _: ToolContext) -> cowork::Result<ToolOutput> {
        Ok(ToolOutput { value: json!("x".repeat(256)), ..ToolOutput::default() })
    }
}

/// Starts an engine with one planner and one tool, on the usual policy.
pub fn engine(runtime: Arc<dyn Runtime>, store: Arc<dyn Store>, planner: impl Planner, tool: Arc<dyn Tool>) -> Engine {
    let mut tools = Registry::new();
    tools.add(tool).unwrap();
    Engine::start(EngineParts {
        runtime,
        store,
        sandbox: None,
        planners: vec![Arc::new(planner)],
        models: Vec::new(),
        tools,
        policy: Arc::new(GrantPolicy),
        approver: None,
        owner: cowork::owner(),
        is_dead: Arc::new(|_| false),
        claim: Claim::All,
        limits: Limits::default(),
    })
}

/// What one run of something cost.
#[derive(Clone, Copy, Debug, Default, PartialEq, PartialOrd)]
pub struct Cost {
    /// Time that passed.
    pub wall: Duration,
    /// Processor time of all threads, user and system: what `getrusage` counts, by the finer process clock.
    pub cpu: Duration,
}

/// Measures one run.
pub fn cost<T>(run: impl FnOnce() -> T) -> (Cost, T) {
    let (wall, cpu) = (Instant::now(), cpu_time());
    let value = run();
    (Cost { wall: wall.elapsed(), cpu: cpu_time() - cpu }, value)
}

/// Measures `a` and `b` in turn, `pairs` times after one that does not count, and gives the costs of each.
pub fn pairs(pairs: usize, mut a: impl FnMut() -> Cost, mut b: impl FnMut() -> Cost) -> (Vec<Cost>, Vec<Cost>) {
    a();
    b();
    // Who goes first changes from pair to pair.
    let pair = |n: usize| {
        if n.is_multiple_of(2) {
            let first = a();
            (first, b())
        } else {
            let second = b();
            (a(), second)
        }
    };
    (0..pairs).map(pair).unzip()
}

/// Gives the median of something of many costs.
pub fn median(costs: &[Cost], what: impl Fn(&Cost) -> Duration) -> Duration {
    let mut values: Vec<Duration> = costs.iter().map(what).collect();
    values.sort();
    values[values.len() / 2]
}

/// Gives the median of the ratios of each pair: wall time of the first over that of the second.
pub fn ratio(a: &[Cost], b: &[Cost]) -> f64 {
    let mut ratios: Vec<f64> = a.iter().zip(b).map(|(a, b)| a.wall.as_secs_f64() / b.wall.as_secs_f64()).collect();
    ratios.sort_by(f64::total_cmp);
    ratios[ratios.len() / 2]
}

/// Measures ours and another's in pairs, prints both, and gives the median of the ratios.
pub fn compare(count: usize, ours: impl FnMut() -> Cost, name: &str, theirs: impl FnMut() -> Cost) -> f64 {
    let (ours, theirs) = pairs(count, ours, theirs);
    let millis = |costs: &[Cost], what: fn(&Cost) -> Duration| median(costs, what).as_secs_f64() * 1e3;
    let both = |costs: &[Cost]| format!("{:.0} ms (CPU {:.0})", millis(costs, |c| c.wall), millis(costs, |c| c.cpu));
    println!("ours {}, {name} {}", both(&ours), both(&theirs));
    ratio(&ours, &theirs)
}

/// Runs another's program; gives what it cost and how many lines it printed.
pub fn foreign(command: &mut Command) -> (Cost, u64) {
    let name = command.get_program().to_owned();
    let (wall, cpu) = (Instant::now(), children_time());
    let output = command.output().unwrap_or_else(|e| {
        panic!("{}: {e}; Debian has it in the packages fd-find and ripgrep", name.display());
    });
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let cost = Cost { wall: wall.elapsed(), cpu: children_time() - cpu };
    (cost, output.stdout.iter().filter(|b| **b == b'\n').count() as u64)
}

/// Opens a session on a folder, as `Desk`, and gives its files.
pub async fn open_folder(at: &Path, data: &Path) -> Arc<dyn Files> {
    let runtime = TokioRuntime::new(tokio::runtime::Handle::current());
    let sandbox = LocalSandbox::open(LocalSandboxOptions { data: data.to_owned(), ..LocalSandboxOptions::default() });
    let folders = vec![folder_named(at, "Desk").unwrap()];
    let spec = SessionSpec { task: TaskId::new(&runtime), folders, hosts: Vec::new(), resumed: false };
    sandbox.open(spec).await.unwrap().files(CallId::new(&runtime))
}

/// Gives the most memory that this process ever had, in MB.
pub fn resident() -> f64 {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let kilobytes = status.lines().find_map(|line| line.strip_prefix("VmHWM:")?.trim().strip_suffix(" kB"));
    kilobytes.unwrap().trim().parse::<f64>().unwrap() / 1024.0
}

/// Gives the processor time of all programs that were started and ended, in the system's ticks of 10 ms.
fn children_time() -> Duration {
    let stat = fs::read_to_string("/proc/self/stat").unwrap();
    let after_name = stat.rsplit_once(')').unwrap().1;
    let ticks: u64 = after_name.split_whitespace().skip(13).take(2).map(|n| n.parse::<u64>().unwrap()).sum();
    Duration::from_millis(ticks * 10)
}

/// Starts a program on a terminal of 80 columns and 24 rows; gives what is read from there.
pub fn on_terminal(command: &mut Command) -> (File, Child) {
    let screen = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC).unwrap();
    grantpt(&screen).unwrap();
    unlockpt(&screen).unwrap();
    tcsetwinsize(&screen, Winsize { ws_row: 24, ws_col: 80, ws_xpixel: 0, ws_ypixel: 0 }).unwrap();
    let name = ptsname(&screen, Vec::new()).unwrap();
    let line = File::options().read(true).write(true).open(std::ffi::OsStr::from_bytes(name.to_bytes())).unwrap();
    command.env("TERM", "xterm-256color").env("LANG", "C.UTF-8").stdin(line.try_clone().unwrap()).stdout(line);
    let child = command.spawn().unwrap();
    (screen.into(), child)
}

/// Prints one figure beside its target.
pub fn report(what: &str, figure: f64, unit: &str, target: &str, met: bool) {
    let mark = if met { "met" } else { "MISSED" };
    println!("{what:<58} {figure:>10.2} {unit:<9} {target:>12}  {mark}");
}

/// Runs a future on a tokio runtime of its own.
pub fn block_on<T>(threads: usize, future: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(threads).enable_all().build().unwrap();
    runtime.block_on(future)
}

fn cpu_time() -> Duration {
    // `getrusage` counts the same in whole ticks on some kernels; this clock counts nanoseconds.
    let usage = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    Duration::new(u64::try_from(usage.tv_sec).unwrap_or(0), u32::try_from(usage.tv_nsec).unwrap_or(0))
}

/// Gives a folder for measurements on the disk under the target folder, not in memory.
pub fn folder() -> tempfile::TempDir {
    let base = std::env::current_exe().unwrap().parent().unwrap().to_owned();
    tempfile::tempdir_in(base).unwrap()
}

/// Makes everything durable that earlier runs left to be written.
pub fn settle(folder: &Path) {
    rustix::fs::syncfs(File::open(folder).unwrap()).unwrap();
}
