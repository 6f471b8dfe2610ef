//! What only Python can tell of its binding: stories in its own language, and the scripts that every language replays.

use std::{path::Path, process::Command};

use crate::{needs, report::Report};

const HERE: &str = "bindings/python";

/// Runs the tests; `judge` is what compares scripts.
pub(crate) fn check(report: &mut Report, judge: Option<&Path>) {
    let Some(python) = needs::python(report, &Path::new(HERE).join("tests/requirements.txt")) else { return };
    let mut tests = Command::new(python);
    tests.args(["-B", "-W", "error", "-m", "unittest", "discover", "-s"]).arg(Path::new(HERE).join("tests"));
    tests.env("PYTHONPATH", HERE).envs(judge.map(|judge| ("COWORK_JUDGE", judge)));
    report.run("python", &tests);
}
