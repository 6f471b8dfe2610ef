//! How long a confined command takes: `/bin/true`, the first of a world, one more in it, with its changes kept, and made ready
//! beforehand; beside the same without confinement, and in bubblewrap where that is installed; and a tree of 1,000 processes that is
//! ended. All of them in turn, 300 times.
//!
//! A program of three instructions comes along: what `/bin/true` takes longer than that is its C library, which asks the processor
//! again and again what it can do, and in a virtual machine each of those ends up with the machine's host.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a measurement that goes wrong ends")]

use std::{
    fs::{self, File},
    io::Read,
    os::{fd::AsFd, unix::fs::PermissionsExt},
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use cowork::ExecLimits;
use cowork::sandbox::confine::{Changes, Confinement, How, Layer, Layers, Policy, Prepared, Shared, World};
use cowork_benches::{folder, report};

const RUNS: usize = 300;
const LONG: Duration = Duration::from_secs(60);
/// How long one is made ready before it is wanted.
const REST: Duration = Duration::from_millis(10);

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
        let begun = Instant::now();
        assert_eq!(running.wait(Duration::ZERO).unwrap().how, How::Late);
        begun.elapsed()
    }
}

/// Gives a program that ends at once: an ELF file of one segment, and in it `exit_group(0)`.
fn nothing() -> Vec<u8> {
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
    file
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
    let has_wrapper = Command::new("bwrap").arg("--version").stdout(Stdio::null()).status().is_ok();
    let program = at.path().join("nothing");
    fs::write(&program, nothing()).unwrap();
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
    let program = program.to_str().unwrap();
    let mut times: [Vec<f64>; 7] = Default::default();
    let world = bench.world();
    for n in 0..RUNS {
        times[0].push(time(|| plain(&["/bin/true"])));
        if has_wrapper {
            times[1].push(time(|| plain(&wrapped)));
        }
        times[2].push(time(|| bench.run(&bench.world(), None)));
        times[3].push(time(|| bench.run(&world, None)));
        times[4].push(time(|| bench.run(&staged, Some(&layers.make(&n.to_string(), &keeping).unwrap()))));
        for (at, program) in [(5, "/bin/true"), (6, "/work/Desk/nothing")] {
            let prepared = world.prepare(None, None).unwrap();
            // It is made ready while the caller does something else.
            std::thread::sleep(REST);
            times[at].push(time(|| bench.finish(prepared, program)));
        }
    }
    // What comes after a rest takes longer. Apart from the others, for whom it would be a rest too.
    let rested = |program: &str| -> Vec<f64> {
        let one = |_| {
            std::thread::sleep(REST);
            time(|| plain(&[program]))
        };
        (0..RUNS).map(one).collect()
    };
    let (rested, rested_nothing) = (rested("/bin/true"), rested(program));
    tell_all(times, has_wrapper, [rested, rested_nothing]);
    let mut trees: Vec<f64> = (0..5).map(|_| bench.tree().as_secs_f64() * 1e3).collect();
    trees.sort_by(f64::total_cmp);
    report("a tree of 1,000 processes is ended", trees[2], "ms", "<= 50", trees[2] <= 50.0);
}

fn tell_all(times: [Vec<f64>; 7], has_wrapper: bool, [rested, rested_nothing]: [Vec<f64>; 2]) {
    let [floor, bwrap, first, cold, kept, warm, warm_nothing] = times;
    tell("fork and exec", floor, None);
    match has_wrapper {
        true => tell("bubblewrap", bwrap, None),
        false => println!("  bubblewrap is not installed here: left out"),
    }
    tell("confined, the first of its world", first, None);
    let added = median(&kept) - median(&cold);
    tell("confined", cold, Some((2.0, Some(4.0))));
    tell("confined, its changes kept", kept, None);
    report("that its changes are kept adds", added, "ms", "<= 1", added <= 1.0);
    tell("fork and exec, after as long a rest", rested, None);
    tell("confined, made ready before", warm, Some((1.0, None)));
    tell("a program of three instructions, not confined, after as long a rest", rested_nothing, None);
    tell("the same confined, made ready before", warm_nothing, None);
}

fn median(times: &[f64]) -> f64 {
    let mut times = times.to_vec();
    times.sort_by(f64::total_cmp);
    times[times.len() / 2]
}
