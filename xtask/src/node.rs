//! `cargo xtask node`: the binding for Node, built, tested, read by the compiler of TypeScript, and its scripts compared.

use std::{
    path::Path,
    process::{Command, ExitCode},
};

use crate::{needs, report::Report};

/// What `bindings/node/package.json` calls the steps, and we.
const STEPS: [(&str, &str); 4] =
    [("node: build", "build"), ("node: tests", "test"), ("node: types", "types"), ("node: scripts", "conformance")];

/// Tests as a command of its own.
pub(crate) fn run() -> ExitCode {
    let mut report = Report::new();
    check(&mut report, None);
    report.close()
}

/// Tests as steps; `target` is cargo's folder, if it is not the usual one.
pub(crate) fn check(report: &mut Report, target: Option<&Path>) {
    let npm = || {
        let mut npm = Command::new("npm");
        npm.args(["--prefix", "bindings/node"]);
        npm
    };
    if !needs::node(report, npm().args(["ci", "--silent", "--ignore-scripts"])) {
        return;
    }
    for (name, step) in STEPS {
        let mut command = npm();
        command.args(["run", "--silent", step]).envs(target.map(|folder| ("CARGO_TARGET_DIR", folder)));
        report.run(name, &command);
    }
}
