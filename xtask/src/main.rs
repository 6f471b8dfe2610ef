//! Development chores. `cargo xtask` alone lists them.

mod bench;
mod fuzz;
mod r#gen;
mod lines;
mod modules;
mod needs;
mod node;
mod package;
mod planted;
mod python;
mod report;
mod soak;
mod test;
mod types;

use std::{
    env,
    path::{Path, PathBuf},
    process::{Command, ExitCode},
};

const HELP: &str = "\
cargo xtask COMMAND

  test                               everything that a change must pass; what CI runs
  gen [--check]                      writes what repeats in each language; or says what is not as written,
                                     and how much is written by hand
  types                              reads and runs that with the checkers of these languages
  node                               builds and tests the binding for Node, and compares what its scripts do
  soak [NAME [--runs N] [--seed S]]  a long campaign; without a name, lists them
  bench [NAME [ARG]…]                the figures, in release; without a name, all of them
  fuzz [NAME [--minutes N]]          a fuzz target, ten minutes long; without a name, lists them
  package                            the packages for Python and Node, built into dist/ and tried
  pictures                           draws the pictures in docs/ from what the command shows
";

fn main() -> ExitCode {
    let args: Vec<String> = env::args().skip(1).collect();
    let words: Vec<&str> = args.iter().map(String::as_str).collect();
    if let Err(why) = go_to_root() {
        eprintln!("{why}");
        return ExitCode::FAILURE;
    }
    match words.as_slice() {
        [] | ["help" | "-h" | "--help"] => {
            print!("{HELP}");
            ExitCode::SUCCESS
        }
        ["test"] => test::run(),
        ["gen", rest @ ..] => r#gen::run(rest),
        ["types"] => types::run(),
        ["node"] => node::run(),
        ["soak", rest @ ..] => soak::run(rest),
        ["bench", rest @ ..] => bench::run(rest),
        ["fuzz", rest @ ..] => fuzz::run(rest),
        ["package"] => package::run(),
        ["pictures"] => pictures(),
        [first, ..] => misuse(&format!("`cargo xtask {first}` is not used like that.")),
    }
}

/// Goes to the root of the clone that cargo runs us for; the path this was compiled at may be another clone's.
fn go_to_root() -> Result<(), String> {
    let here = env::var_os("CARGO_MANIFEST_DIR").map(PathBuf::from);
    let root = here.as_deref().and_then(Path::parent).ok_or("Start this as `cargo xtask`.")?;
    env::set_current_dir(root).map_err(|e| format!("Can't go to {}: {e}", root.display()))
}

fn misuse(why: &str) -> ExitCode {
    eprint!("{why}\n\n{HELP}");
    ExitCode::from(2)
}

/// Draws the pictures anew; that they are what the command shows is a test like any other.
fn pictures() -> ExitCode {
    let test = ["test", "--quiet", "--package", "cowork-cli", "--test", "pictures"];
    hand_over(cargo().args(test).env("COWORK_PICTURES", "write"))
}

/// Gives the cargo that runs us.
fn cargo() -> Command {
    Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
}

/// Runs a command in the open, and ends as it does.
fn hand_over(command: &mut Command) -> ExitCode {
    match command.status() {
        Ok(status) if status.success() => ExitCode::SUCCESS,
        Ok(_) => ExitCode::FAILURE,
        Err(e) => {
            eprintln!("Can't start {}: {e}", command.get_program().display());
            ExitCode::FAILURE
        }
    }
}
