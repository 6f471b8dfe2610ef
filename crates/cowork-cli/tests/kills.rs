//! The real command, killed at random moments: what is there in the end is what an undisturbed run leaves, nothing
//! happened twice, and undo gives back the start.
//!
//! A small dose by default. `COWORK_SOAK_RUNS`, `COWORK_SOAK_FILES` and `COWORK_SOAK_SEED` make it a campaign.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test says so by failing")]

mod support;

use std::{
    collections::BTreeMap,
    env,
    fmt::Write,
    io::{BufRead, BufReader},
    process::Stdio,
    time::{Duration, Instant},
};

use serde_json::Value;
use support::{Place, without_folder_times};

const TASK: &str = "Organise these files by type";

#[test]
fn killed_at_any_moment_it_goes_on_as_if_nothing_had_been() {
    let set = |name: &str, default: u64| env::var(name).map_or(default, |v| v.parse().unwrap());
    let (runs, files, seed) = (set("COWORK_SOAK_RUNS", 8), set("COWORK_SOAK_FILES", 60), set("COWORK_SOAK_SEED", 1));
    let mut kills = 0;
    for run in 0..runs {
        let mut chance = Chance(seed.wrapping_mul(1_000_003).wrapping_add(run));
        let told = Kills::new(&mut chance, files).campaign();
        println!("seed {seed} run {run}: {told}");
        kills += told.matches("killed").count();
    }
    assert!(kills > 0, "no kill came before the end of its run");
}

/// A chance that comes again for the same seed (`SplitMix64`).
struct Chance(u64);

impl Chance {
    fn below(&mut self, most: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % most.max(1)
    }

    fn of<'a>(&mut self, all: &[&'a str]) -> &'a str {
        all[usize::try_from(self.below(all.len() as u64)).unwrap()]
    }
}

/// One random folder, once undisturbed and once with kills.
struct Kills<'a> {
    chance: &'a mut Chance,
    place: Place,
    undisturbed: Place,
    /// How many lines an undisturbed run writes, and how long it takes.
    lines: u64,
    time: Duration,
    told: String,
}

impl<'a> Kills<'a> {
    fn new(chance: &'a mut Chance, files: u64) -> Self {
        let (place, undisturbed) = (Place::new(), Place::new());
        for file in 0..files {
            let kind = chance.of(&["pdf", "jpg", "txt", "zip", "mp3", "odd", "PNG", "tar.gz"]);
            let name = match chance.below(12) {
                0 => format!("ü b {file}.{kind}"),
                1 => format!("no kind {file}"),
                // One that is in order already, and whose name one of the others may want.
                2 => format!("Documents/{}.pdf", file + 1),
                3 => format!(".hidden {file}"),
                _ => format!("{file}.{kind}"),
            };
            let size = usize::try_from(chance.below(3_000)).unwrap();
            let content = format!("{file} ").repeat(size / 4);
            let mode = [0o644, 0o600, 0o755, 0o400][usize::try_from(chance.below(4)).unwrap()];
            let modified = 1_400_000_000 + chance.below(300_000_000);
            for each in [&place, &undisturbed] {
                each.file(&name, &content, mode, modified);
            }
        }
        let began = Instant::now();
        let lines = undisturbed.run(&["--mode", "auto", "--json", TASK]).ends(0).records().len() as u64;
        Self { time: began.elapsed(), lines, chance, place, undisturbed, told: String::new() }
    }

    fn campaign(mut self) -> String {
        let start = self.place.tree();
        let folder = self.place.folder.to_str().unwrap().to_owned();
        // The first line is the submission, committed before it is shown.
        self.killed(&["run", "--folder", &folder, "--mode", "auto", "--json", TASK], 1);
        for _ in 0..self.chance.below(3) {
            self.killed(&["resume", "--yes", "--json"], 0);
        }
        self.place.cowork(&["resume", "--yes"]).ends(0);
        assert_eq!(
            without_folder_times(self.place.tree()),
            without_folder_times(self.undisturbed.tree()),
            "the folder is not as an undisturbed run leaves it: {}",
            self.told
        );
        check_log(&self.place.log());
        if self.chance.below(2) == 0 {
            self.killed(&["undo", "--yes", "--json"], 0);
        }
        self.place.cowork(&["resume", "--yes"]).ends(0);
        let undone = self.place.cowork(&["undo", "--yes"]);
        assert!(undone.code == 0 || self.told.contains("undo"), "{}", undone.err);
        assert_eq!(self.place.tree(), start, "undo did not give back the start: {}", self.told);
        check_log(&self.place.log());
        self.place.cowork(&["doctor"]).ends(0);
        self.told
    }

    /// Starts a command and kills it after a random number of lines and a random moment more.
    fn killed(&mut self, args: &[&str], least: u64) {
        let mut command = self.place.command(args);
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        // A run that is gone on with writes fewer lines; most moments of interest are soon after a line.
        let lines = least + self.chance.below(if args[0] == "run" { self.lines - 2 } else { 3 });
        let longest = u64::try_from(self.time.as_nanos()).unwrap() >> self.chance.below(6);
        let moment = Duration::from_nanos(self.chance.below(longest));
        let mut out = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        for _ in 0..lines {
            line.clear();
            if out.read_line(&mut line).unwrap() == 0 {
                break;
            }
        }
        let since = Instant::now();
        // A sleep is too coarse for moments within a call.
        while since.elapsed() < moment && child.try_wait().unwrap().is_none() {
            std::hint::spin_loop();
        }
        let ended = child.try_wait().unwrap().is_some();
        child.kill().unwrap();
        child.wait().unwrap();
        let how = if ended { "ended before" } else { "killed after" };
        write!(self.told, "{} {how} {lines} lines and {moment:?}; ", args[0]).unwrap();
    }
}

/// The log is gapless, and each call that was decided has exactly one end.
fn check_log(log: &[Value]) {
    let mut ends: BTreeMap<String, u32> = BTreeMap::new();
    for (at, record) in log.iter().enumerate() {
        assert_eq!(record["seq"], at as u64 + 1);
        let event = &record["event"];
        match event["type"].as_str().unwrap() {
            "decided" => {
                for call in event["calls"].as_array().into_iter().flatten() {
                    assert_eq!(ends.insert(call["id"].as_str().unwrap().to_owned(), 0), None);
                }
            }
            "call_finished" => {
                *ends.get_mut(event["call"].as_str().unwrap()).unwrap() += 1;
                assert_eq!(event["outcome"]["end"], "done", "{event}");
            }
            _ => {}
        }
    }
    assert!(ends.values().all(|n| *n == 1), "calls and their ends: {ends:?}");
    assert!(!ends.is_empty());
}
