//! How long a confined command takes: `/bin/true`, the first of a world, one more in it, with its changes kept, and made ready
//! beforehand; beside the same without confinement, and in bubblewrap where that is installed; and a tree of 1,000 processes that is
//! ended. All of them in turn, 300 times.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a measurement that goes wrong ends")]

use std::{
    fs::File,
    io::Read,
    os::fd::AsFd,
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
        self.finish(world.prepare(layer, None).unwrap());
    }

    fn finish(&self, prepared: Prepared) {
        let running = prepared.start(&["/bin/true".to_owned()], [self.null.as_fd(); 3]).unwrap();
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
    let mut times: [Vec<f64>; 6] = Default::default();
    let world = bench.world();
    for n in 0..RUNS {
        times[0].push(time(|| plain(&["/bin/true"])));
        if has_wrapper {
            times[1].push(time(|| plain(&wrapped)));
        }
        times[2].push(time(|| bench.run(&bench.world(), None)));
        times[3].push(time(|| bench.run(&world, None)));
        times[4].push(time(|| bench.run(&staged, Some(&layers.make(&n.to_string(), &keeping).unwrap()))));
        let prepared = world.prepare(None, None).unwrap();
        // It is made ready while the caller does something else.
        std::thread::sleep(REST);
        times[5].push(time(|| bench.finish(prepared)));
    }
    // What comes after a rest takes longer. Apart from the others, for whom it would be a rest too.
    let rested = |_| {
        std::thread::sleep(REST);
        time(|| plain(&["/bin/true"]))
    };
    let rested: Vec<f64> = (0..RUNS).map(rested).collect();
    let [floor, bwrap, first, cold, kept, warm] = times;
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
    let mut trees: Vec<f64> = (0..5).map(|_| bench.tree().as_secs_f64() * 1e3).collect();
    trees.sort_by(f64::total_cmp);
    report("a tree of 1,000 processes is ended", trees[2], "ms", "<= 50", trees[2] <= 50.0);
}

fn median(times: &[f64]) -> f64 {
    let mut times = times.to_vec();
    times.sort_by(f64::total_cmp);
    times[times.len() / 2]
}
