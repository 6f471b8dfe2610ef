//! `cargo xtask package`: the packages for Python and Node, built into `dist/`, each installed where nothing else is, and tried by the examples.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, ExitCode},
};

use crate::{needs, report::Report};

/// How they are compiled.
const PROFILE: &str = "bundle";

/// Builds, installs and tries all packages.
pub(crate) fn run() -> ExitCode {
    let mut report = Report::new();
    if let Err(why) = fs::create_dir_all("dist").and_then(|()| emptied(Path::new("dist"))) {
        report.fail("dist", &format!("the folder can't be made empty: {why}"), "rm -r dist");
        return report.close();
    }
    python(&mut report);
    node(&mut report);
    for (name, bytes) in sizes() {
        println!("{:>10.1} MB  {name}", bytes as f64 / 1e6);
    }
    report.close()
}

fn python(report: &mut Report) {
    let Some(tools) = needs::python(report, Path::new("bindings/python/requirements-build.txt")) else { return };
    let maturin = |words: &[&str]| {
        let mut maturin = Command::new(tools.with_file_name("maturin"));
        maturin.args(words).args(["--out", "dist", "--manifest-path", "bindings/python/Cargo.toml"]);
        maturin
    };
    report.run("wheel", &maturin(&["build", "--locked", "--profile", PROFILE, "--compression-level", "9"]));
    report.run("sdist", &maturin(&["sdist"]));
    for (name, ending) in [("try wheel", "whl"), ("try sdist", "tar.gz")] {
        let Some(package) = built(ending) else { return report.fail(name, "it was not built", "cargo xtask package") };
        let place = fresh(&format!("python-{ending}"));
        let python = place.join("bin/python");
        report.run(name, Command::new("python3").args(["-m", "venv", "--clear"]).arg(&place));
        let pip = ["-m", "pip", "install", "--quiet"];
        report.run(name, Command::new(&python).args(pip).arg("websockets").arg(&package));
        for example in examples("python") {
            report.run(name, Command::new(&python).arg("-I").arg(&example));
        }
    }
}

fn node(report: &mut Report) {
    let npm = |words: &[&str]| {
        let mut npm = Command::new("npm");
        npm.args(words);
        npm
    };
    let here = ["--prefix", "bindings/node", "--silent"];
    report.run("module", npm(&here).args(["run", "build", "--", "--profile", PROFILE]));
    report.run("tarball", &npm(&["pack", "--silent", "--pack-destination", "dist", "./bindings/node"]));
    let name = "try tarball";
    let Some(package) = built("tgz") else { return report.fail(name, "it was not built", "cargo xtask package") };
    let place = fresh("node");
    let put = |example: &PathBuf| fs::copy(example, place.join(example.file_name().unwrap_or_default()));
    let files = emptied(&place).and_then(|()| fs::write(place.join("package.json"), "{ \"private\": true }"));
    if let Err(why) = files.and_then(|()| examples("node").iter().try_for_each(|example| put(example).map(drop))) {
        return report.fail(name, &format!("an empty project can't be made: {why}"), "cargo xtask package");
    }
    report.run(name, npm(&["install", "--silent", "--prefix"]).arg(&place).args(["ws", "zod"]).arg(&package));
    for example in examples("node") {
        report.run(name, Command::new("node").arg(place.join(example.file_name().unwrap_or_default())));
    }
}

/// Gives the package in `dist` that ends so.
fn built(ending: &str) -> Option<PathBuf> {
    let all = fs::read_dir("dist").ok()?.filter_map(|entry| fs::canonicalize(entry.ok()?.path()).ok());
    all.into_iter().find(|path| path.to_string_lossy().ends_with(ending))
}

fn examples(language: &str) -> Vec<PathBuf> {
    let all = fs::read_dir(Path::new("examples").join(language)).into_iter().flatten();
    let mut all: Vec<PathBuf> = all.filter_map(|entry| fs::canonicalize(entry.ok()?.path()).ok()).collect();
    all.retain(|path| path.extension().is_some_and(|ending| ending == "py" || ending == "mjs"));
    all.sort();
    all
}

/// Gives a folder of the build's own.
fn fresh(name: &str) -> PathBuf {
    Path::new("target/package").join(name)
}

fn emptied(folder: &Path) -> std::io::Result<()> {
    if folder.exists() {
        fs::remove_dir_all(folder)?;
    }
    fs::create_dir_all(folder)
}

fn sizes() -> Vec<(String, u64)> {
    let all = fs::read_dir("dist").into_iter().flatten().filter_map(Result::ok);
    all.filter_map(|entry| Some((entry.file_name().to_string_lossy().into_owned(), entry.metadata().ok()?.len())))
        .collect()
}
