//! `cargo xtask soak planted`: weaknesses that are put into the sandbox one at a time, and what catches each.
//!
//! A copy of the sources is changed, in a folder of its own below `target/`, and one test file is built and run, in a network and among
//! processes of its own: what gets out by the weakness gets no further. This needs root on Linux.

mod list;

use std::{
    env, fs, io,
    path::{Path, PathBuf},
    process::{Command, ExitCode, Stdio},
};

use crate::cargo;
use list::{Weakness, all};

/// How long a test may take, in seconds: some weaknesses hang it.
const MOST: &str = "150";

/// Sets up the loopback of a network that has nothing else, then becomes what it is told.
const ALONE: &str = "import fcntl, os, socket, struct, sys
fcntl.ioctl(socket.socket(socket.AF_INET, socket.SOCK_DGRAM), 0x8914, struct.pack('16sh22x', b'lo', 1))
os.execvp(sys.argv[1], sys.argv[1:])";

/// What came of a weakness.
enum Caught {
    By(String),
    ByNothing,
    /// It can't be planted or built: the sources have changed.
    Not(String),
}

/// Plants those whose names hold one of the words, or all.
pub(crate) fn run(words: &[&str]) -> ExitCode {
    let wanted: Vec<Weakness> =
        all().into_iter().filter(|w| words.is_empty() || words.iter().any(|word| w.name.contains(word))).collect();
    let mut rows = Vec::new();
    let mut is_well = true;
    for weakness in &wanted {
        let caught = planted(weakness).unwrap_or_else(|e| Caught::Not(e.to_string()));
        let (row, fine) = match (&caught, weakness.held) {
            (Caught::By(what), _) => (what.clone(), true),
            (Caught::ByNothing, Some(hand)) => (format!("harmless: {hand}"), true),
            (Caught::ByNothing, None) => ("NOT CAUGHT".to_owned(), false),
            (Caught::Not(why), _) => (format!("not planted: {why}"), false),
        };
        println!("{:<44} {row}", weakness.name);
        is_well &= fine;
        rows.push(format!("| {} | {row} |", weakness.name));
    }
    println!("\n| weakness | caught by |\n|---|---|\n{}", rows.join("\n"));
    if is_well { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn planted(weakness: &Weakness) -> io::Result<Caught> {
    let root = copy()?;
    let at = |file: &str| root.join("crates/cowork-sandbox").join(file);
    let mut plants = Vec::new();
    for (file, from, to) in weakness.patches {
        let source = fs::read_to_string(at(file))?;
        if source.matches(from).count() != 1 {
            return Ok(Caught::Not(format!("`{}` is not once in {file}", from.lines().next().unwrap_or_default())));
        }
        fs::write(at(file), source.replace(from, to))?;
        plants.push(file);
    }
    let built = cargo()
        .args(["test", "--locked", "--package", "cowork-sandbox", "--no-run", "--test", weakness.test])
        .current_dir(&root)
        .env("CARGO_TARGET_DIR", target())
        .output()?;
    let said = String::from_utf8_lossy(&built.stderr);
    let program = said.lines().find_map(|line| line.trim().strip_prefix("Executable ")?.split(['(', ')']).nth(1));
    let Some(program) = program.filter(|_| built.status.success()) else {
        let why = said.lines().find(|line| line.contains("error")).unwrap_or("it can't be built");
        return Ok(Caught::Not(why.to_owned()));
    };
    let mut test = Command::new("unshare");
    test.args(["--net", "--pid", "--fork", "--kill-child", "--mount-proc", "python3", "-c", ALONE]);
    test.args(["timeout", "--kill-after=5", MOST]).arg(program).arg("--nocapture");
    let came = test.current_dir(at("")).env("RUST_BACKTRACE", "0").stdin(Stdio::null()).output()?;
    Ok(if came.status.success() { Caught::ByNothing } else { Caught::By(what(&String::from_utf8_lossy(&came.stdout))) })
}

/// Says, from what a test said, what caught a weakness.
fn what(said: &str) -> String {
    let programs = said.lines().filter_map(|line| line.strip_prefix("FAILED ")?.split(' ').nth(1));
    let stories = said.lines().filter_map(|line| line.strip_prefix("test ")?.strip_suffix(" ... FAILED"));
    let mut names: Vec<&str> = programs.collect();
    if names.is_empty() {
        names = stories.collect();
    }
    names.sort_unstable();
    names.dedup();
    match names.as_slice() {
        [] => "it does not end".to_owned(),
        [names @ ..] if names.len() > 6 => format!("{} and {} more", names[..5].join(", "), names.len() - 5),
        names => names.join(", "),
    }
}

fn target() -> PathBuf {
    env::var_os("CARGO_TARGET_DIR")
        .map_or_else(|| env::current_dir().unwrap_or_default().join("target"), PathBuf::from)
        .join("planted")
}

/// Copies what Git knows of, as it is now. What is as before keeps its time, that it is not built again.
fn copy() -> io::Result<PathBuf> {
    let root = target().join("sources");
    let listed = Command::new("git").args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"]).output()?;
    for name in String::from_utf8_lossy(&listed.stdout).split('\0').filter(|name| !name.is_empty()) {
        let (from, to) = (Path::new(name), root.join(name));
        let Ok(content) = fs::read(from) else { continue };
        if fs::read(&to).is_ok_and(|there| there == content) {
            continue;
        }
        if let Some(folder) = to.parent() {
            fs::create_dir_all(folder)?;
        }
        fs::write(to, content)?;
    }
    Ok(root)
}
