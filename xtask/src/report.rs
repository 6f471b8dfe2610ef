//! Steps: each with a heading, its output as it comes, and a row in the table at the end.

use std::{
    env,
    ffi::OsStr,
    io::{self, BufRead, BufReader, Write},
    path::Path,
    process::{Command, ExitCode, Stdio},
    sync::mpsc::{self, RecvTimeoutError},
    thread,
    time::{Duration, Instant},
};

use crate::needs::on_path;

/// A hung test must end with its name on the screen, not with the machine being taken away.
const MOST_MINUTES: &str = "40m";

/// What the steps came to.
pub(crate) struct Report {
    started: Instant,
    rows: Vec<Row>,
}

struct Row {
    name: String,
    end: End,
    took: Duration,
}

enum End {
    Passed { note: String },
    Skipped { why: String },
    Failed { why: Vec<String>, again: String },
}

impl Report {
    pub(crate) fn new() -> Self {
        Self { started: Instant::now(), rows: Vec::new() }
    }

    /// Runs a command as a step.
    pub(crate) fn run(&mut self, name: &str, command: &Command) {
        let (shown, started) = (show(command), Instant::now());
        println!("\n● {name}: {shown}");
        let end = match watch(command) {
            Ok((true, lines)) => End::Passed { note: tests(&lines) },
            Ok((false, lines)) => End::Failed { why: telling(&lines), again: shown },
            Err(e) => End::Failed { why: vec![format!("it can't be started: {e}")], again: shown },
        };
        self.add(name, end, started.elapsed());
    }

    /// Notes a step that can't be taken here.
    pub(crate) fn skip(&mut self, name: &str, why: &str) {
        println!("\n● {name}: skipped: {why}");
        self.add(name, End::Skipped { why: why.to_owned() }, Duration::ZERO);
    }

    /// Notes that something is wrong before any command could say so.
    pub(crate) fn fail(&mut self, name: &str, why: &str, again: &str) {
        println!("\n● {name}: {why}");
        self.add(name, End::Failed { why: vec![why.to_owned()], again: again.to_owned() }, Duration::ZERO);
    }

    /// Prints the table, and what failed last, where the eye is.
    pub(crate) fn close(self) -> ExitCode {
        println!();
        let (mut failed, mut skipped) = (Vec::new(), Vec::new());
        for Row { name, end, took } in &self.rows {
            let took = seconds(*took);
            match end {
                End::Passed { note } => println!("  ✓ {name:<10} {note:<44} {took:>8}"),
                End::Skipped { why } => {
                    println!("  – {name:<10} skipped: {why}");
                    skipped.push(name.as_str());
                }
                End::Failed { why, again } => {
                    println!("  ✗ {name:<10} {:<44} {took:>8}", "failed");
                    failed.push((name, why, again));
                }
            }
        }
        for (name, why, again) in &failed {
            println!("\n  ✗ {name}");
            why.iter().for_each(|line| println!("    {line}"));
            println!("    Again: {again}");
        }
        let names: Vec<&str> = failed.iter().map(|(name, ..)| name.as_str()).collect();
        let total = seconds(self.started.elapsed());
        match (names.is_empty(), skipped.is_empty()) {
            (true, true) => println!("\n  All passed in {total}."),
            (true, false) => println!("\n  Passed in {total}, but skipped: {}.", skipped.join(", ")),
            (false, _) => println!("\n  Failed: {} (in {total}).", names.join(", ")),
        }
        if names.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
    }

    fn add(&mut self, name: &str, end: End, took: Duration) {
        self.rows.push(Row { name: name.to_owned(), end, took });
    }
}

/// Says whether this is a CI run: nobody watches, and the machine is ours.
pub(crate) fn in_ci() -> bool {
    env::var("CI").is_ok_and(|v| !v.is_empty() && v != "false")
}

/// Runs a command and shows its output as it comes; gives whether it succeeded, and every line.
fn watch(command: &Command) -> io::Result<(bool, Vec<String>)> {
    let (reader, writer) = io::pipe()?;
    let mut child = limited(command).stdin(Stdio::null()).stdout(writer.try_clone()?).stderr(writer).spawn()?;
    let (line_in, line_out) = mpsc::channel();
    thread::spawn(move || {
        for bytes in BufReader::new(reader).split(b'\n').map_while(Result::ok) {
            let line = String::from_utf8_lossy(&bytes).into_owned();
            let _ = writeln!(io::stdout(), "{line}");
            let _ = line_in.send(line);
        }
    });
    let success = child.wait()?.success();
    let mut lines = Vec::new();
    loop {
        match line_out.recv_timeout(Duration::from_secs(5)) {
            Ok(line) => lines.push(line),
            Err(RecvTimeoutError::Disconnected) => return Ok((success, lines)),
            Err(RecvTimeoutError::Timeout) => {
                lines.push("error: it ended, but left a process behind that still holds its output".to_owned());
                return Ok((false, lines));
            }
        }
    }
}

/// Gives the same command, in CI with a limit on its time, its children included.
fn limited(command: &Command) -> Command {
    let mut limited = if in_ci() && on_path("timeout") {
        let mut timeout = Command::new("timeout");
        timeout.args(["--kill-after=10", MOST_MINUTES]).arg(command.get_program());
        timeout
    } else {
        Command::new(command.get_program())
    };
    limited.args(command.get_args());
    for (name, value) in command.get_envs() {
        match value {
            Some(value) => limited.env(name, value),
            None => limited.env_remove(name),
        };
    }
    limited
}

/// Gives the command as one would type it.
pub(crate) fn show(command: &Command) -> String {
    let stem = Path::new(command.get_program()).file_stem().unwrap_or_default();
    let typed = stem.to_string_lossy().replace("cargo-", "cargo ");
    let envs = command.get_envs().filter(|(name, _)| *name == "RUSTDOCFLAGS");
    let envs = envs.map(|(name, value)| format!("{}='{}'", name.display(), value.unwrap_or_default().display()));
    let args = command.get_args().map(|a| OsStr::to_string_lossy(a).into_owned());
    envs.chain([typed]).chain(args).collect::<Vec<_>>().join(" ")
}

/// Picks the lines that say what is wrong, with the place after an error and the message after a panic.
fn telling(lines: &[String]) -> Vec<String> {
    const MOST: usize = 60;
    const MOST_OF_A_MESSAGE: usize = 8;
    let tells = |line: &str| line.starts_with("error") || line.starts_with("Diff in") || line.ends_with("... FAILED");
    let (mut picked, mut message, mut before) = (Vec::new(), 0, "");
    for line in lines.iter().filter(|l| !l.trim().is_empty()) {
        let places = ["-->", "┌─", "`-p "].iter().any(|sign| line.trim_start().starts_with(sign));
        let ends = ["note: ", "stack backtrace", "test ", "---- "].iter().any(|sign| line.starts_with(sign));
        message = match (line.contains(" panicked at "), ends) {
            (true, _) => MOST_OF_A_MESSAGE,
            (false, true) => 0,
            (false, false) => usize::saturating_sub(message, 1),
        };
        if tells(line) || message > 0 || (before.starts_with("error") && places) {
            picked.push(line.clone());
        }
        before = line;
    }
    if picked.is_empty() {
        picked = lines[lines.len().saturating_sub(20)..].to_vec();
    }
    if picked.len() > MOST {
        let more = picked.len() - MOST;
        picked.truncate(MOST);
        picked.push(format!("… and {more} lines more, above"));
    }
    picked
}

/// Adds up what the test runners said; empty if there was none.
fn tests(lines: &[String]) -> String {
    let count = |line: &str, what: &str| -> u64 {
        let before = line.split(what).next().unwrap_or_default();
        before.rsplit(' ').nth(1).and_then(|n| n.parse().ok()).unwrap_or(0)
    };
    let results: Vec<&String> = lines.iter().filter(|l| l.starts_with("test result: ")).collect();
    let sum = |what: &str| results.iter().map(|line| count(line, what)).sum::<u64>();
    match (results.is_empty(), sum("ignored;")) {
        (true, _) => String::new(),
        (false, 0) => format!("{} tests", sum("passed;")),
        (false, ignored) => format!("{} tests, {ignored} left out", sum("passed;")),
    }
}

fn seconds(took: Duration) -> String {
    match took.as_secs() {
        0..100 => format!("{:.1} s", took.as_secs_f64()),
        s => format!("{} min {:02} s", s / 60, s % 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(text: &str) -> Vec<String> {
        text.lines().map(str::to_owned).collect()
    }

    #[test]
    fn what_failed_is_picked_with_its_place() {
        let output = lines(
            "test a ... ok
test b ... FAILED
---- b stdout ----
thread 'b' (7) panicked at src/lib.rs:7:9:
assertion `left == right` failed
  left: 4
 right: 5
stack backtrace:
   0: somewhere
error: unresolved link to `C`
 --> src/lib.rs:4:98
  |
test result: FAILED. 1 passed; 1 failed; 0 ignored",
        );
        let picked = "test b ... FAILED
thread 'b' (7) panicked at src/lib.rs:7:9:
assertion `left == right` failed
  left: 4
 right: 5
error: unresolved link to `C`
 --> src/lib.rs:4:98";
        assert_eq!(telling(&output), lines(picked));
    }

    #[test]
    fn output_that_says_nothing_known_is_shown_from_its_end() {
        let output: Vec<String> = (1..=30).map(|n| format!("line {n}")).collect();
        assert_eq!(telling(&output), output[10..]);
    }

    #[test]
    fn tests_are_added_up() {
        let output = lines(
            "test result: ok. 12 passed; 0 failed; 2 ignored; 0 measured; 0 filtered out; finished in 0.00s
test result: FAILED. 3 passed; 1 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.00s",
        );
        assert_eq!(tests(&output), "15 tests, 2 left out");
        assert_eq!(tests(&lines("Finished")), "");
    }
}
