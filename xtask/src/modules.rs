//! The native modules of the bindings, built once with all else and put where their packages look for them.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::Command,
};

use crate::{cargo, node, python, report::Report};

/// What cargo calls them, and where they belong.
const MODULES: [(&str, &str); 2] = [
    ("lib_native.so", "bindings/python/cowork/_native.abi3.so"),
    ("libcowork_node.so", "bindings/node/cowork.linux-x64-gnu.node"),
];

/// Builds them, and runs what is tested in their languages.
pub(crate) fn check(report: &mut Report, features: &str, target: Option<&Path>, steady: impl Fn(&mut Command)) {
    let mut build = cargo();
    build.args(["build", "--workspace", "--features", features, "--lib", "--example", "conformance", "--locked"]);
    steady(&mut build);
    build.envs(target.map(|target| ("CARGO_TARGET_DIR", target)));
    report.run("modules", &build);
    let own = || env::var_os("CARGO_TARGET_DIR").map_or_else(|| "target".into(), PathBuf::from);
    let built = target.map_or_else(own, Path::to_owned).join("debug");
    for (name, to) in MODULES {
        if let Err(why) = place(&built.join(name), Path::new(to)) {
            return report.fail("modules", &why, "cargo build --workspace --lib");
        }
    }
    let judge = fs::canonicalize(built.join("examples/conformance")).ok();
    python::check(report, judge.as_deref());
    node::check(report, judge.as_deref());
}

/// Puts a module there in one step: who has the old one loaded keeps it.
fn place(from: &Path, to: &Path) -> Result<(), String> {
    let new = to.with_extension("new");
    let placed = fs::copy(from, &new).and_then(|_| fs::rename(&new, to));
    placed.map_err(|e| format!("can't take the native module from {}: {e}", from.display()))
}
