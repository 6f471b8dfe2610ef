//! `cargo xtask test`: everything that a change must pass.

use std::{
    env,
    fs::File,
    path::PathBuf,
    process::{Command, ExitCode},
};

use crate::{
    cargo, modules, needs,
    report::{Report, in_ci},
    types,
};

/// The feature that has the scripts of `bindings/conformance` played.
const SCRIPTS: &str = "cowork-ffi/conformance";

/// The steps, the quick ones first. All of them share one set of features and one profile, so that each dependency is
/// compiled once to be linked and once to be checked, and not again for the documentation.
const STEPS: &[(&str, &[&str])] = &[
    ("format", &["fmt", "--all", "--check"]),
    ("written", &["xtask", "gen", "--check"]),
    ("lints", &["clippy", "--workspace", "--features", SCRIPTS, "--all-targets", "--locked", "--", "-D", "warnings"]),
    ("tests", &["test", "--workspace", "--features", SCRIPTS, "--locked", "--no-fail-fast"]),
    // Only libraries: the command and the facade are both called `cowork`, and one page would overwrite the other.
    ("docs", &["doc", "--workspace", "--features", SCRIPTS, "--lib", "--no-deps", "--locked"]),
];

/// Runs every step, also after one that failed.
pub(crate) fn run() -> ExitCode {
    let mut report = Report::new();
    if !needs::check(&mut report) {
        return report.close();
    }
    let target = kept_target();
    for (name, args) in STEPS {
        let mut step = cargo();
        step.args(*args);
        if *name == "docs" {
            step.env("RUSTDOCFLAGS", "-D warnings");
        }
        steady(&mut step);
        if let Some((folder, _)) = &target {
            step.env("CARGO_TARGET_DIR", folder);
        }
        report.run(name, &step);
    }
    types::check(&mut report);
    modules::check(&mut report, SCRIPTS, target.as_ref().map(|(folder, _)| folder.as_path()), steady);
    licences(&mut report);
    report.close()
}

/// Makes tests the same everywhere: no snapshot is written, no case is left to luck.
fn steady(step: &mut Command) {
    step.env("CI", "true").env("INSTA_UPDATE", "no").env("PROPTEST_RNG_SEED", "1");
    if in_ci() {
        step.env("CARGO_INCREMENTAL", "0");
    }
}

/// Gives a target folder that outlives the clone, in CI, locked for as long as the file is held.
///
/// Only what was built of other people's crates is taken over: cargo may take another clone's artefact of a crate of ours
/// for this one's, if its files are older.
fn kept_target() -> Option<(PathBuf, File)> {
    if !in_ci() || env::var_os("CARGO_TARGET_DIR").is_some() {
        return None;
    }
    let folder = needs::cache("target")?;
    let lock = File::create(folder.join(".lock")).ok()?;
    lock.try_lock().ok()?;
    let mut clean = cargo();
    clean.args(["clean", "--workspace", "--locked", "--target-dir"]).arg(&folder);
    needs::prepare(&mut clean).then_some((folder, lock))
}

/// Checks licences, banned crates and sources, without a network; advisories would need one.
fn licences(report: &mut Report) {
    let Some(deny) = needs::deny(report) else { return };
    // It reads the manifests of every platform's dependencies, and a build has fetched this platform's only. What it
    // then lacks it says itself.
    needs::prepare(cargo().args(["fetch", "--locked"]));
    report.run(
        "licences",
        Command::new(deny).args(["--offline", "check", "--hide-inclusion-graph", "bans", "licenses", "sources"]),
    );
}
