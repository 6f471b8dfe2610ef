//! What only Python can tell of its binding: stories in its own language, and the scripts that every language replays.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::Command,
};

use crate::{cargo, needs, report::Report};

const HERE: &str = "bindings/python";

/// Builds the native module, puts it where the package looks for it, and runs the tests, as two steps.
pub(crate) fn check(report: &mut Report, features: &str, target: Option<&Path>, steady: impl Fn(&mut Command)) {
    let Some(python) = needs::python(report, &Path::new(HERE).join("tests/requirements.txt")) else { return };
    let mut build = cargo();
    build.args(["build", "--workspace", "--features", features, "--lib", "--example", "conformance", "--locked"]);
    steady(&mut build);
    if let Some(target) = target {
        build.env("CARGO_TARGET_DIR", target);
    }
    report.run("module", &build);
    let own = || env::var_os("CARGO_TARGET_DIR").map_or_else(|| "target".into(), PathBuf::from);
    let built = target.map_or_else(own, Path::to_owned).join("debug");
    if let Err(why) = place(&built) {
        return report.fail("python", &why, "cargo build -p cowork-python");
    }
    let mut tests = Command::new(python);
    tests.args(["-B", "-W", "error", "-m", "unittest", "discover", "-s"]).arg(Path::new(HERE).join("tests"));
    tests.env("PYTHONPATH", HERE);
    if let Ok(judge) = fs::canonicalize(built.join("examples/conformance")) {
        tests.env("COWORK_JUDGE", judge);
    }
    report.run("python", &tests);
}

/// Puts the module there in one step: a Python that has the old one loaded keeps it.
fn place(built: &Path) -> Result<(), String> {
    let (from, new) = (built.join("lib_native.so"), Path::new(HERE).join("cowork/_native.abi3.so.new"));
    let placed = fs::copy(&from, &new).and_then(|_| fs::rename(&new, new.with_extension("")));
    placed.map_err(|e| format!("can't take the native module from {}: {e}", from.display()))
}
