//! `cargo xtask node`: the binding for Node, built, tested, read by the compiler of TypeScript, and its scripts compared.

use std::{
    path::Path,
    process::{Command, ExitCode},
};

use crate::{needs, report::Report};

/// What `bindings/node/package.json` calls the steps, and we.
const STEPS: [(&str, &str); 3] = [("node: tests", "test"), ("node: types", "types"), ("node: scripts", "conformance")];

/// Tests as a command of its own.
pub(crate) fn run() -> ExitCode {
    let mut report = Report::new();
    report.run("node: build", npm().args(["run", "--silent", "build"]));
    check(&mut report, None);
    report.close()
}

/// Tests as steps; `judge` is what compares scripts, if it is built already.
pub(crate) fn check(report: &mut Report, judge: Option<&Path>) {
    if !needs::node(report, npm().args(["ci", "--silent", "--ignore-scripts"])) {
        return;
    }
    for (name, step) in STEPS {
        let mut command = npm();
        command.args(["run", "--silent", step]).envs(judge.map(|judge| ("COWORK_JUDGE", judge)));
        report.run(name, &command);
    }
}

fn npm() -> Command {
    let mut npm = Command::new("npm");
    npm.args(["--prefix", "bindings/node"]);
    npm
}
