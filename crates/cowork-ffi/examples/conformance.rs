//! Judges what a language's runner printed: `conformance SCRIPT PRINTED`. With `--run SCRIPT` it is a runner itself, Rust's.

use std::{env, error::Error, fs, io::Write, process::ExitCode};

use cowork_ffi::conformance::{compare, run};

fn main() -> Result<ExitCode, Box<dyn Error>> {
    let args: Vec<String> = env::args().skip(1).collect();
    match args.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["--run", script] => {
            let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
            let printed = runtime.block_on(run(&fs::read_to_string(script)?))?;
            std::io::stdout().write_all(printed.as_bytes())?;
            Ok(ExitCode::SUCCESS)
        }
        [script, printed] => match compare(&fs::read_to_string(script)?, &fs::read_to_string(printed)?) {
            Ok(()) => Ok(ExitCode::SUCCESS),
            Err(difference) => {
                eprintln!("{script}, {difference}");
                Ok(ExitCode::FAILURE)
            }
        },
        _ => Err("usage: conformance SCRIPT PRINTED, or conformance --run SCRIPT".into()),
    }
}
