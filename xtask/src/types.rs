//! `cargo xtask types`: what is written for other languages, read by their own checkers and run.
//!
//! In `xtask/types` are uses that a checker must take and others that it must refuse, and what is written from a document that was made up to
//! have every shape.

use std::{
    path::Path,
    process::{Command, ExitCode},
};

use crate::{needs, report::Report};

/// Checks as a command of its own.
pub(crate) fn run() -> ExitCode {
    let mut report = Report::new();
    check(&mut report);
    report.close()
}

/// Checks as steps, each checker strict.
pub(crate) fn check(report: &mut Report) {
    let Some((python, node)) = needs::checkers(report) else { return };
    let at = |name: &str| Path::new("xtask/types").join(name);
    let (python, checker) = (python.join("bin/python"), |name: &str| node.join("node_modules/.bin").join(name));
    report.run("mypy", Command::new(&python).args(["-m", "mypy", "--config-file"]).arg(at("mypy.ini")));
    report.run("pyright", Command::new(checker("pyright")).args(["-p", "xtask/types", "--pythonpath"]).arg(&python));
    let roots = node.join("node_modules/@types");
    report.run("tsc", Command::new(checker("tsc")).args(["-p", "xtask/types", "--typeRoots"]).arg(roots));
    report.run("runs.py", Command::new(&python).arg("-B").arg(at("python/runs.py")));
    report.run("runs.mjs", Command::new("node").arg(at("node/runs.mjs")));
}
