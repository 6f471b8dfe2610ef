//! `cargo xtask gen`: what repeats in each language, written from the schema of the engine's words.
//!
//! The schema is read from where its test keeps it: a test holds that it is what the engine says, and `--check` that the files are what the
//! schema says. So nothing has to be built to look. A language is a function from the [`model`] to texts, and a folder in [`LANGUAGES`].

mod model;
mod python;
mod typescript;

use std::{
    fs,
    path::{Path, PathBuf},
    process::ExitCode,
};

use model::Model;
use serde_json::Value;

use crate::{lines, misuse};

/// Where the schema is.
const SCHEMA: &str =
    "crates/cowork-ffi/tests/snapshots/schema__the_schema_of_all_that_crosses_a_border_is_what_it_was.snap";

/// A file of a language, by its name in the language's folder.
pub(crate) struct File {
    name: String,
    text: String,
}

/// A language: the folder that its files are in, and what writes them.
type Language = (&'static str, fn(&Model) -> Vec<File>);

const LANGUAGES: [Language; 2] = [("bindings/python/cowork", python::files), ("bindings/node", typescript::files)];

/// Writes the files, or says which are not what would be written.
pub(crate) fn run(words: &[&str]) -> ExitCode {
    let is_check = match words {
        [] => false,
        ["--check"] => true,
        _ => return misuse(&format!("`cargo xtask gen {}` is not used like that.", words.join(" "))),
    };
    let done = files(Path::new(SCHEMA)).and_then(|files| if is_check { check(&files) } else { write(&files) });
    let done = done.and_then(|()| if is_check { lines::check().map(|told| println!("{told}")) } else { Ok(()) });
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("{why}");
            ExitCode::FAILURE
        }
    }
}

/// Gives every file that there should be, with its text.
fn files(schema: &Path) -> Result<Vec<(PathBuf, String)>, String> {
    let text = fs::read_to_string(schema).map_err(|e| format!("Can't read {}: {e}", schema.display()))?;
    let model = document(&text).and_then(|document| model::read(&document));
    let model = model.map_err(|e| format!("{}: {e}", schema.display()))?;
    let mut all = Vec::new();
    for (folder, files) in LANGUAGES {
        all.extend(files(&model).into_iter().map(|file| (Path::new(folder).join(file.name), file.text)));
    }
    Ok(all)
}

/// Reads the schema from a test's snapshot, or from a file that is nothing else.
fn document(text: &str) -> Result<Value, String> {
    let json = text.strip_prefix("---\n").and_then(|rest| rest.split_once("\n---\n")).map_or(text, |(_, json)| json);
    serde_json::from_str(json).map_err(|e| format!("it is no JSON: {e}"))
}

fn write(files: &[(PathBuf, String)]) -> Result<(), String> {
    for (path, text) in files {
        if is_as(path, text) {
            continue;
        }
        let folder = path.parent().map_or(Ok(()), fs::create_dir_all);
        folder.and_then(|()| fs::write(path, text)).map_err(|e| format!("Can't write {}: {e}", path.display()))?;
        println!("{}", path.display());
    }
    Ok(())
}

fn check(files: &[(PathBuf, String)]) -> Result<(), String> {
    let odd = files.iter().filter(|(path, text)| !is_as(path, text));
    let odd: Vec<String> =
        odd.map(|(path, _)| format!("error: {} is not what the schema says", path.display())).collect();
    match odd.as_slice() {
        [] => Ok(()),
        odd => Err(format!("{}\nWrite them anew: cargo xtask gen", odd.join("\n"))),
    }
}

fn is_as(path: &Path, text: &str) -> bool {
    fs::read_to_string(path).is_ok_and(|there| there == *text)
}

#[cfg(test)]
mod tests;
