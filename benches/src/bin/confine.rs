//! How long a confined command takes: `/bin/true`, the first of a world, one more in it, with its changes kept, and made ready
//! beforehand; beside the same without confinement, and in bubblewrap where that is installed; and a tree of 1,000 processes that is
//! ended. All of them take turns of 30 until each was measured 300 times: what ends goes on behind one's back for some milliseconds, and
//! would count for the next one if they changed with each.
//!
//! A program of three instructions comes along: what `/bin/true` takes longer than that is its C library, which asks the processor
//! again and again what it can do, and in a virtual machine each of those ends up with the machine's host.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a measurement that goes wrong ends")]

use std::{
    fs::{self, File},
    io::Read,
    os::{fd::AsFd, unix::fs::PermissionsExt},
    path::Path,
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use cowork::ExecLimits;
use cowork::sandbox::confine::{Changes, Confinement, How, Layer, Layers, Policy, Prepared, Shared, World};
use cowork_benches::{folder, report};

/// How often each takes its turn, how often it is measured in one, and how often it is run before.
const TURNS: usize = 10;
const TURN: usize = 30;
const WARM_UP: usize = 3;
/// How long nothing is done between turns.
const SETTLE: Duration = Duration::from_millis(100);
const TREES: usize = 9;
const LONG: Duration = Duration::from_secs(60);
/// How long one is made ready before it is wanted: long enough for it to be, and so long that an idle processor takes its time to wake.
const RESTS: [Duration; 2] = [Duration::from_millis(2), Duration::from_millis(10)];

struct Bench {
    confinement: Confinement,
    policy: Policy,
    null: File,
}

impl Bench {
    fn world(&self) -> World {
        self.confinement.world(self.policy.clone(), None).unwrap()
    }

    fn run(&self, world: &World, layer: Option<&Layer>) {
        self.finish(world.prepare(layer, None).unwrap(), "/bin/true");
    }

    fn finish(&self, prepared: Prepared, program: &str) {
        let running = prepared.start(&[program.to_owned()], [self.null.as_fd(); 3]).unwrap();
        assert_eq!(running.wait(LONG).unwrap().how, How::Exited(0));
    }

    /// Ends a tree of 1,000 processes.
    fn tree(&self) -> Duration {
        let (mut reader, writer) = std::io::pipe().unwrap();
        let grow = "n=999; while [ $n -gt 0 ]; do sleep 60 & n=$((n-1)); done; echo x; wait";
        let args = ["sh", "-c", grow].map(str::to_owned);
        let policy = Policy { limits: ExecLimits { processes: 1_100, ..ExecLimits::default() }, ..self.policy.clone() };
        let world = self.confinement.world(policy, None).unwrap();
        let running = world.start(None, &args, [self.null.as_fd(), writer.as_fd(), self.null.as_fd()]).unwrap();
        reader.read_exact(&mut [0]).unwrap();
        // The last ones have still to begin their program.
        std::thread::sleep(SETTLE);
        let begun = Instant::now();
        assert_eq!(running.wait(Duration::ZERO).unwrap().how, How::Late);
        begun.elapsed()
    }

    fn tell_of_trees(&self) {
        let mut trees: Vec<f64> = (0..TREES).map(|_| self.tree().as_secs_f64() * 1e3).collect();
        trees.sort_by(f64::total_cmp);
        let tree = trees[TREES / 2];
        report("a tree of 1,000 processes is ended", tree, "ms", "<= 50", tree <= 50.0);
    }
}

/// Makes a program that ends at once, and gives its path: an ELF file of one segment, and in it `exit_group(0)`.
fn nothing(folder: &Path) -> String {
    let parts: [(usize, &[u8]); 7] = [
        (0, b"\x7fELF\x02\x01\x01"),
        // A program for this processor, of this version, that begins at 0x400078; its one segment is told of behind this head.
        (16, &[2, 0, 62, 0, 1, 0, 0, 0, 0x78, 0, 0x40, 0, 0, 0, 0, 0, 64]),
        (52, &[64, 0, 56, 0, 1]),
        // All of the file is loaded at 0x400000, to be read and executed.
        (64, &[1, 0, 0, 0, 5]),
        (82, &[0x40, 0, 0, 0, 0, 0, 0, 0, 0x40]),
        (96, &[132, 0, 0, 0, 0, 0, 0, 0, 132, 0, 0, 0, 0, 0, 0, 0, 0, 0x10]),
        // xor edi, edi; mov eax, 231; syscall
        (120, &[0x31, 0xff, 0xb8, 231, 0, 0, 0, 0x0f, 0x05]),
    ];
    let mut file = vec![0; 132];
    parts.iter().for_each(|(at, bytes)| file[*at..at + bytes.len()].copy_from_slice(bytes));
    let program = folder.join("nothing");
    fs::write(&program, file).unwrap();
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
    program.to_str().unwrap().to_owned()
}

fn plain(program: &[&str]) {
    let mut command = Command::new(program[0]);
    command.args(&program[1..]).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    assert!(command.status().unwrap().success(), "{program:?}");
}

fn time(run: impl FnOnce()) -> f64 {
    let begun = Instant::now();
    run();
    begun.elapsed().as_secs_f64() * 1e3
}

/// Says the median and the 99th of a hundred, in milliseconds; `most` is what they should be.
fn tell(what: &str, mut times: Vec<f64>, most: Option<(f64, Option<f64>)>) {
    times.sort_by(f64::total_cmp);
    for (name, at, most) in [("p50", 50, most.map(|m| m.0)), ("p99", 99, most.and_then(|m| m.1))] {
        let time = times[times.len() * at / 100];
        match most {
            Some(most) => report(&format!("{what}, {name}"), time, "ms", &format!("<= {most}"), time <= most),
            None => println!("  {what}, {name}: {time:.2} ms"),
        }
    }
}

/// One of the things that are measured.
struct Measured<'a> {
    what: &'static str,
    /// The most that its median and its 99th of a hundred should be.
    most: Option<(f64, Option<f64>)>,
    once: Box<dyn FnMut() -> f64 + 'a>,
    times: Vec<f64>,
}

fn measured<'a>(what: &'static str, once: impl FnMut() -> f64 + 'a) -> Measured<'a> {
    Measured { what, most: None, once: Box::new(once), times: Vec::new() }
}

impl Measured<'_> {
    fn at_most(self, median: f64, slowest: Option<f64>) -> Self {
        Self { most: Some((median, slowest)), ..self }
    }

    fn take_turn(&mut self) {
        // The kernel goes on for a while with what the one before left: namespaces end behind one's back.
        std::thread::sleep(SETTLE);
        (0..WARM_UP).for_each(|_| _ = (self.once)());
        self.times.extend((0..TURN).map(|_| (self.once)()));
    }

    fn median(&self) -> f64 {
        let mut times = self.times.clone();
        times.sort_by(f64::total_cmp);
        times[times.len() / 2]
    }
}

fn main() {
    let at = folder();
    let (shared, kept) =
        [Changes::Made, Changes::Kept].map(|changes| Shared::new("Desk", at.path(), changes).unwrap()).into();
    let policy = Policy { folders: vec![shared], limits: ExecLimits::default() };
    let bench = Bench { confinement: Confinement::new().unwrap(), policy, null: File::open("/dev/null").unwrap() };
    let data = folder();
    let layers = Layers::at(data.path()).unwrap();
    let keeping = Policy { folders: vec![kept], limits: ExecLimits::default() };
    let staged = bench.confinement.world(keeping.clone(), Some(layers.clone())).unwrap();
    let bound = at.path().to_str().unwrap();
    let wrapped = ["bwrap", "--ro-bind", "/", "/", "--bind", bound, bound, "--unshare-all", "/bin/true"];
    let program = nothing(at.path());
    let (world, mut layer) = (bench.world(), 0);
    let rested = |rest: usize, program: &str| {
        std::thread::sleep(RESTS[rest]);
        time(|| plain(&[program]))
    };
    let ready = |rest: usize, program: &str| {
        let prepared = world.prepare(None, None).unwrap();
        // The caller does something else meanwhile.
        std::thread::sleep(RESTS[rest]);
        time(|| bench.finish(prepared, program))
    };
    let keep = || {
        layer += 1;
        time(|| bench.run(&staged, Some(&layers.make(&layer.to_string(), &keeping).unwrap())))
    };
    let mut all = vec![
        measured("fork and exec", || time(|| plain(&["/bin/true"]))),
        measured("confined, the first of its world", || time(|| bench.run(&bench.world(), None))),
        measured("confined", || time(|| bench.run(&world, None))).at_most(2.0, Some(4.0)),
        measured("confined, its changes kept", keep),
        measured("fork and exec, behind a rest of 2 ms", || rested(0, "/bin/true")),
        measured("confined, made ready 2 ms before", || ready(0, "/bin/true")).at_most(1.0, None),
        measured("fork and exec, behind a rest of 10 ms", || rested(1, "/bin/true")),
        measured("confined, made ready 10 ms before", || ready(1, "/bin/true")),
        measured("three instructions, behind a rest of 2 ms", || rested(0, &program)),
        measured("three instructions, confined, made ready 2 ms before", || ready(0, "/work/Desk/nothing")),
    ];
    match Command::new("bwrap").arg("--version").stdout(Stdio::null()).status() {
        Ok(_) => all.insert(1, measured("bubblewrap", || time(|| plain(&wrapped)))),
        Err(_) => println!("  bubblewrap is not installed here: left out"),
    }
    // By their names, if not all of them are wanted.
    let wanted: Vec<String> = std::env::args().skip(1).collect();
    all.retain(|it| wanted.is_empty() || wanted.iter().any(|words| it.what == words));
    measure(all);
    if wanted.is_empty() {
        bench.tell_of_trees();
    }
}

/// Has all take their turns, and tells what came of it.
fn measure(mut all: Vec<Measured<'_>>) {
    (0..TURNS).for_each(|_| all.iter_mut().for_each(Measured::take_turn));
    let median = |what: &str| all.iter().find(|it| it.what == what).map(Measured::median);
    let added = median("confined, its changes kept").zip(median("confined")).map(|(kept, plain)| kept - plain);
    all.into_iter().for_each(|it| tell(it.what, it.times, it.most));
    if let Some(added) = added {
        report("that its changes are kept adds", added, "ms", "<= 1", added <= 1.0);
    }
}
