//! Judges what a language's runner printed: `conformance SCRIPT PRINTED`. With `--run SCRIPT` it is a runner itself, Rust's. With
//! `--records WANTED PRINTED` it compares records that a program printed with those that it should leave.

use std::{env, error::Error, fs, io::Write, process::ExitCode};

use cowork_ffi::{
    Canonical,
    conformance::{compare, run},
};

fn main() -> Result<ExitCode, Box<dyn Error>> {
    let args: Vec<String> = env::args().skip(1).collect();
    match args.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["--run", script] => {
            let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
            let printed = runtime.block_on(run(&fs::read_to_string(script)?))?;
            std::io::stdout().write_all(printed.as_bytes())?;
            Ok(ExitCode::SUCCESS)
        }
        ["--records", wanted, printed] => {
            let (wanted, came) = (fs::read_to_string(wanted)?, Canonical::records(&fs::read_to_string(printed)?)?);
            if wanted == came {
                return Ok(ExitCode::SUCCESS);
            }
            eprintln!("wanted:\n{wanted}\ncame:\n{came}");
            Ok(ExitCode::FAILURE)
        }
        [script, printed] => match compare(&fs::read_to_string(script)?, &fs::read_to_string(printed)?) {
            Ok(()) => Ok(ExitCode::SUCCESS),
            Err(difference) => {
                eprintln!("{script}, {difference}");
                Ok(ExitCode::FAILURE)
            }
        },
        _ => {
            Err("usage: conformance SCRIPT PRINTED, conformance --run SCRIPT, or conformance --records WANTED PRINTED"
                .into())
        }
    }
}
