//! `cargo xtask bench`: the figures, each measured beside what it is compared with.

use std::{fs, path::Path, process::ExitCode};

use crate::{cargo, hand_over, misuse};

const PROGRAMS: &str = "benches/src/bin";

/// Runs the bench that the words name, with the words after it, or all of them one after the other.
pub(crate) fn run(words: &[&str]) -> ExitCode {
    let names = names();
    if names.is_empty() {
        eprintln!("There is no bench in {PROGRAMS}.");
        return ExitCode::FAILURE;
    }
    match words.split_first() {
        Some((name, args)) if names.iter().any(|n| n == name) => bench(name, args),
        Some((name, _)) => misuse(&format!("There is no bench `{name}`. There are: {}.", names.join(", "))),
        None => {
            let failed: Vec<&String> = names.iter().filter(|n| bench(n, &[]) != ExitCode::SUCCESS).collect();
            failed.iter().for_each(|n| eprintln!("Failed: {n}"));
            if failed.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
        }
    }
}

fn bench(name: &str, args: &[&str]) -> ExitCode {
    println!("\n● {name}");
    let package = ["run", "--quiet", "--release", "--locked", "--package", "cowork-benches", "--bin", name, "--"];
    hand_over(cargo().args(package).args(args))
}

fn names() -> Vec<String> {
    let stem = |path: &Path| path.file_stem().map(|s| s.to_string_lossy().into_owned());
    let found = fs::read_dir(PROGRAMS).into_iter().flatten().flatten();
    let mut names: Vec<String> = found.filter_map(|entry| stem(&entry.path())).collect();
    names.sort();
    names
}
