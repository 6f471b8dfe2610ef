//! The engine as a peer of the harness that measures others (`benches/peer`), beside that harness's floor: the same loop written by
//! hand on the same HTTP client, with no engine at all. Both in turn, against the harness's mock of a model service.
//!
//! Takes the folder with the harness's `peer-mock` and `peer-raw`, and the names of measurements (all without any).
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a measurement that goes wrong ends")]

use std::{
    fs,
    io::{Read, Write},
    net::{TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::Duration,
};

use cowork_benches::report;
use rustix::{
    process::Pid,
    thread::{CpuSet, sched_getaffinity, sched_setaffinity},
    time::{ClockId, clock_gettime},
};
use serde_json::Value;

const HELP: &str = "\
usage: peers FOLDER [NAME]…
FOLDER holds peer-mock and peer-raw, built from the harness: cargo build --release -p peer-mock -p peer-raw";

/// The harness's mock, with what runs beside it.
struct Bench {
    mock: Child,
    port: u16,
    raw: PathBuf,
    ours: PathBuf,
    store: tempfile::TempDir,
}

impl Drop for Bench {
    fn drop(&mut self) {
        self.mock.kill().unwrap();
        self.mock.wait().unwrap();
    }
}

impl Bench {
    fn start(folder: &Path) -> Self {
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        // As it is handed to others, not as this program was built.
        let built = std::env::current_exe().unwrap();
        let ours = built.parent().and_then(Path::parent).unwrap().join("dist/peer-cowork");
        assert!(ours.exists(), "build it first: cargo build --profile dist -p cowork-peer");
        let mut mock = Command::new(folder.join("peer-mock"));
        mock.arg(port.to_string()).stderr(Stdio::null());
        let mock = mock.spawn().unwrap_or_else(|e| panic!("{}: {e}\n{HELP}", folder.display()));
        let raw = folder.join("peer-raw");
        let bench = Self { mock, port, raw, ours, store: cowork_benches::folder() };
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            std::thread::sleep(Duration::from_millis(10));
        }
        bench
    }

    /// Places the service and what is measured, each on these processors. Left to the system, they are on one or on two as it comes, and
    /// where they are on two each wait costs both of them twice as much.
    fn place(&self, service: &CpuSet, measured: &CpuSet) {
        for task in fs::read_dir(format!("/proc/{}/task", self.mock.id())).unwrap() {
            let task: i32 = task.unwrap().file_name().to_str().unwrap().parse().unwrap();
            // One may have ended meanwhile.
            let _ = sched_setaffinity(Pid::from_raw(task), service);
        }
        // What is started from here on is where this program is.
        sched_setaffinity(None, measured).unwrap();
    }

    fn run(&self, program: &Path, options: &str) -> Value {
        let url = format!("http://127.0.0.1:{}", self.port);
        let output = Command::new(program).args(["run", "--url", &url]).args(options.split(' ')).output().unwrap();
        assert!(output.status.success(), "{options}: {}", String::from_utf8_lossy(&output.stderr));
        serde_json::from_slice(&output.stdout).unwrap()
    }

    fn ours(&self, options: &str) -> Value {
        self.run(&self.ours, options)
    }

    fn in_sqlite(&self, options: &str) -> Value {
        for file in fs::read_dir(self.store.path()).unwrap() {
            fs::remove_file(file.unwrap().path()).unwrap();
        }
        self.ours(&format!("{options} --store sqlite:{}", self.store.path().join("log.db").display()))
    }

    /// Asks the mock: what it was asked since the last time it forgot.
    fn get(&self, path: &str) -> Value {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
        write!(stream, "GET {path} HTTP/1.0\r\n\r\n").unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        serde_json::from_str(answer.split_once("\r\n\r\n").unwrap().1).unwrap()
    }

    /// Gives how long it takes from the end of an answer to the whole of the next request, about the 400th step, in ms.
    fn gap(&self, program: &Path) -> f64 {
        self.get("/reset");
        self.run(program, "--steps 400 --result-bytes 4096 --warmup 0");
        let mut seen: Vec<[f64; 4]> = Vec::new();
        for request in self.get("/trace").as_array().unwrap() {
            let at = |n: usize| request[n].as_f64().unwrap();
            seen.push([at(0), at(1), at(2), at(3)]);
        }
        seen.sort_by(|a, b| a[0].total_cmp(&b[0]));
        let gaps = seen.windows(2).filter(|two| two[1][3] > 390.0).map(|two| (two[1][1] - two[0][2]) / 1e3);
        middle(&mut gaps.collect::<Vec<_>>())
    }

    /// Gives how long it takes from the program's start to its first request, in ms.
    fn cold(&self, program: &Path) -> f64 {
        self.get("/reset");
        let now = clock_gettime(ClockId::Monotonic);
        #[allow(clippy::cast_precision_loss, reason = "a time since boot")]
        let begun = now.tv_sec as f64 * 1e6 + now.tv_nsec as f64 / 1e3;
        self.run(program, "--steps 1 --warmup 0");
        (self.get("/trace")[0][0].as_f64().unwrap() - begun) / 1e3
    }

    /// Measures both in turn; prints both medians, and gives the middle of the ratios.
    fn pairs(&self, count: usize, ours: impl Fn(&Self) -> f64, raw: impl Fn(&Self) -> f64) -> f64 {
        let both: Vec<(f64, f64)> = (0..count).map(|_| (raw(self), ours(self))).collect();
        let mut ratios: Vec<f64> = both.iter().map(|(raw, ours)| ours / raw).collect();
        let ratio = middle(&mut ratios);
        let (mut raw, mut ours): (Vec<f64>, Vec<f64>) = both.into_iter().unzip();
        let (low, high) = (ratios[count / 4], ratios[count - 1 - count / 4]);
        let medians = format!("ours {:.3}, floor {:.3}", middle(&mut ours), middle(&mut raw));
        println!("  {medians}; half of {count} ratios from {low:.2} to {high:.2}");
        ratio
    }

    fn ratio(&self, count: usize, options: &str, field: &str) -> f64 {
        self.pairs(
            count,
            |bench| number(&bench.ours(options), field),
            |bench| number(&bench.run(&bench.raw, options), field),
        )
    }

    fn measure(&self, name: &str) {
        let most = |what: &str, figure: f64, unit: &str, most: f64| {
            report(what, figure, unit, &format!("<= {most}"), figure <= most);
        };
        let per_step = "cpu_ms_step";
        match name {
            "loop" => self.placed(|where_they_are| {
                let ratio = self.ratio(15, "--steps 50", per_step);
                most(&format!("CPU per step, 50 steps, log in memory, {where_they_are}"), ratio, "x", 1.4);
            }),
            "sqlite" => self.placed(|where_they_are| {
                let raw = |bench: &Self| number(&bench.run(&bench.raw, "--steps 50"), per_step);
                let ratio = self.pairs(15, |bench| number(&bench.in_sqlite("--steps 50"), per_step), raw);
                most(&format!("CPU per step, 50 steps, log in SQLite, {where_they_are}"), ratio, "x", 2.2);
            }),
            "crowd" => {
                let ratio = self.ratio(5, "--steps 10 --sessions 200", "steps_s");
                report("steps a second, 200 sessions at once", ratio, "x", ">= 0.75", ratio >= 0.75);
            }
            "memory" => {
                let options = "--steps 10 --sessions 1000";
                self.ratio(3, options, "kb_session");
                most("memory per live session of 1,000", number(&self.ours(options), "kb_session"), "KB", 64.0);
                let idle = self.in_sqlite("--steps 1 --sessions 2000 --concurrency 8");
                most("memory per idle thread of 2,000", number(&idle, "kb_idle"), "KB", 8.0);
            }
            "grow" => {
                let ratio = self.pairs(5, |bench| bench.gap(&bench.ours), |bench| bench.gap(&bench.raw));
                most("gap at step 400, 4 KB a step", ratio, "x", 1.3);
            }
            "long" => {
                let options = "--steps 0 --extra kb200 --sessions 5 --concurrency 1";
                most("CPU of a 200 KB answer, read along", self.ratio(7, options, per_step), "x", 1.5);
            }
            "parallel" => most("CPU per turn of 8 calls", self.ratio(9, "--steps 20 --tools 8", per_step), "x", 2.0),
            "cold" => {
                self.pairs(9, |bench| bench.cold(&bench.ours), |bench| bench.cold(&bench.raw));
                most("start to the first request", self.cold(&self.ours), "ms", 5.0);
            }
            "faults" => self.faults(),
            other => panic!("there is no measurement `{other}`; there are: {}", ALL.join(", ")),
        }
    }

    /// Measures with the service on the same processor and on another.
    fn placed(&self, measure: impl Fn(&str)) {
        let before = sched_getaffinity(None).unwrap();
        let all: Vec<usize> = (0..CpuSet::MAX_CPU).filter(|cpu| before.is_set(*cpu)).collect();
        for (where_they_are, service) in [("one processor", all.first()), ("two processors", all.get(1))] {
            let Some(service) = service else { continue };
            self.place(&only(*service), &only(all[0]));
            measure(where_they_are);
        }
        self.place(&before, &before);
    }

    fn faults(&self) {
        for fault in ["f429s2x1", "f529s2x1", "f500s2x1", "fdrops2x1"] {
            let run = self.ours(&format!("--steps 4 --warmup 0 --extra {fault}"));
            let once = run["tool_execs"] == 4 && run["ok"] == 1;
            report(&format!("tool runs of 4 steps, {fault}"), number(&run, "tool_execs"), "", "= 4", once);
        }
        let run = self.ours("--steps 4 --warmup 0 --extra f529s2x99");
        println!("  endless 529: {}", run["errors"]);
        report(
            "until it gives up, patience of 30 s",
            number(&run, "wall_s"),
            "s",
            "<= 31",
            number(&run, "wall_s") <= 31.0,
        );
    }
}

fn only(cpu: usize) -> CpuSet {
    let mut set = CpuSet::new();
    set.set(cpu);
    set
}

fn number(run: &Value, field: &str) -> f64 {
    run[field].as_f64().unwrap_or_else(|| panic!("{field}: {run}"))
}

fn middle(values: &mut [f64]) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

const ALL: [&str; 9] = ["loop", "sqlite", "crowd", "memory", "grow", "long", "parallel", "cold", "faults"];

fn main() {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let Some((folder, names)) = args.split_first() else { return println!("left out\n{HELP}") };
    let bench = Bench::start(Path::new(folder));
    println!("Ratios to the floor\n");
    let names: Vec<&str> = if names.is_empty() { ALL.to_vec() } else { names.iter().map(String::as_str).collect() };
    names.into_iter().for_each(|name| bench.measure(name));
}
