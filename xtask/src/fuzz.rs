//! `cargo xtask fuzz`: the fuzz targets, on the stable toolchain.
//!
//! `cargo fuzz` wants a nightly one for its sanitizers. What steers a fuzzer is coverage alone, and rustc hands that on to LLVM as
//! it is; the crates have no `unsafe` for a sanitizer to look at.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, ExitCode},
};

use crate::{cargo, hand_over, misuse};

const TARGETS: &str = "fuzz/fuzz_targets";

/// What cargo-fuzz would set, but for the sanitizer.
const FLAGS: &str = "--cfg fuzzing -Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
    -Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table \
    -Cllvm-args=-sanitizer-coverage-trace-compares -Cdebug-assertions=yes -Coverflow-checks=yes";

/// Runs the target that the words name for as many minutes as they say; without a name, lists them.
pub(crate) fn run(words: &[&str]) -> ExitCode {
    let names = names();
    let (name, minutes) = match words {
        [] => {
            names.iter().for_each(|name| println!("  {name}"));
            return ExitCode::SUCCESS;
        }
        [name] => (*name, Some(10)),
        [name, "--minutes", minutes] => (*name, minutes.parse::<u32>().ok()),
        _ => ("", None),
    };
    let Some(minutes) = minutes else { return misuse("It is used like this: `cargo xtask fuzz NAME --minutes 10`.") };
    if !names.iter().any(|n| n == name) {
        return misuse(&format!("There is no fuzz target `{name}`. There are: {}.", names.join(", ")));
    }
    let (corpus, artifacts) = (PathBuf::from("fuzz/corpus").join(name), PathBuf::from("fuzz/artifacts").join(name));
    if let Some(e) = [&corpus, &artifacts].into_iter().find_map(|folder| fs::create_dir_all(folder).err()) {
        eprintln!("Can't make a folder in fuzz: {e}");
        return ExitCode::FAILURE;
    }
    let Some(host) = host() else {
        eprintln!("`cargo -vV` doesn't say which machine this is.");
        return ExitCode::FAILURE;
    };
    let built = hand_over(&mut build(name, &host));
    if built != ExitCode::SUCCESS {
        return built;
    }
    hand_over(
        Command::new(Path::new("fuzz/target").join(host).join("release").join(name))
            .arg(&corpus)
            .arg(format!("-max_total_time={}", minutes.saturating_mul(60)))
            .arg(format!("-artifact_prefix={}/", artifacts.display()))
            .args(["-max_len=16384", "-print_final_stats=1"]),
    )
}

/// Gives this machine as cargo calls it. Named as the target, it keeps the flags from what only builds.
fn host() -> Option<String> {
    let said = String::from_utf8(cargo().arg("-vV").output().ok()?.stdout).ok()?;
    said.lines().find_map(|line| line.strip_prefix("host: ")).map(str::to_owned)
}

fn build(name: &str, host: &str) -> Command {
    let mut build = cargo();
    build.args(["build", "--release", "--manifest-path", "fuzz/Cargo.toml", "--target-dir", "fuzz/target"]);
    build.args(["--target", host, "--bin", name]);
    // Nothing else is built with these flags: the workspace's own artefacts stay as they are.
    build.env("RUSTFLAGS", FLAGS).env_remove("CARGO_TARGET_DIR");
    build.arg("--no-default-features").args(features(name));
    build
}

/// Gives the features that a target wants: each more takes several times as long to build.
fn features(name: &str) -> &'static [&'static str] {
    let text = fs::read_to_string(Path::new(TARGETS).join(format!("{name}.rs"))).unwrap_or_default();
    let calls = |what: &str| text.contains(what);
    match calls("fuzzed::documents") || calls("fuzzed::metadata") {
        true => &["--features", "documents"],
        false if calls("cowork_playbooks") => &["--features", "playbooks"],
        false if calls("cowork_sandbox") => &["--features", "proxy"],
        false if calls("cowork_tools") || calls("cowork_fuzz") => &["--features", "tools"],
        false => &[],
    }
}

fn names() -> Vec<String> {
    let stem = |path: &Path| path.file_stem().map(|s| s.to_string_lossy().into_owned());
    let found = fs::read_dir(TARGETS).into_iter().flatten().flatten();
    let mut names: Vec<String> = found.filter_map(|entry| stem(&entry.path())).collect();
    names.sort();
    names
}
