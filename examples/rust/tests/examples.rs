//! Every example is short, runs, and says what those in Python and in Node say.

#![allow(clippy::unwrap_used, reason = "a test stops at what should not be")]

use std::{
    collections::BTreeSet,
    env, fs,
    path::{Path, PathBuf},
    process::{Command, Output},
};

use cowork_ffi::Canonical;

const EXAMPLES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/..");

/// Runs an example in an empty folder.
fn run(program: &str) -> Output {
    let place = tempfile::tempdir().unwrap();
    let output = Command::new(program).current_dir(place.path()).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(fs::read_dir(place.path()).unwrap().count(), 0, "it leaves nothing behind");
    output
}

fn printed(program: &str) -> Vec<String> {
    String::from_utf8(run(program).stdout).unwrap().lines().map(str::to_owned).collect()
}

/// Gives the names of the examples in a language.
fn names(language: &str, ending: &str) -> BTreeSet<String> {
    let files = fs::read_dir(Path::new(EXAMPLES).join(language)).unwrap().map(|entry| entry.unwrap().path());
    let of_it = files.filter(|path| path.extension().is_some_and(|it| it == ending));
    of_it.map(|path| path.file_stem().unwrap().to_str().unwrap().to_owned()).collect()
}

#[test]
fn there_are_the_same_in_every_language_and_each_is_short() {
    let all = names("rust", "rs");
    assert_eq!(all.len(), 7);
    assert_eq!(all, names("python", "py"));
    assert_eq!(all, names("node", "mjs"));
    for name in all {
        let text = fs::read_to_string(format!("{EXAMPLES}/rust/{name}.rs")).unwrap();
        assert!(text.lines().count() < 60, "{name}");
    }
}

#[test]
fn hello_organises_a_folder_and_gives_it_back() {
    let said = printed(env!("CARGO_BIN_EXE_hello"));
    assert_eq!(said[0], "3 files moved, 0 left as they were, nothing deleted.");
    let [.., organised, given_back] = &said[..] else { unreachable!("{said:?}") };
    assert_eq!(organised, r#"["Audio/song.mp3", "Documents/letter.docx", "Images/photo.jpg"]"#);
    assert_eq!(given_back, r#"["letter.docx", "photo.jpg", "song.mp3"]"#);
}

#[test]
fn tool_is_called_by_the_planner() {
    assert_eq!(printed(env!("CARGO_BIN_EXE_tool")), ["It is 110.4 EUR."]);
}

#[test]
fn model_is_heard_while_it_speaks() {
    let said = "You said so yourself: Polly wants a cracker";
    assert_eq!(printed(env!("CARGO_BIN_EXE_model")), [said, said]);
}

#[test]
fn planner_sees_what_its_call_found() {
    assert_eq!(printed(env!("CARGO_BIN_EXE_planner")), ["There are 2 texts."]);
}

#[test]
fn approve_allows_one_call_and_denies_the_other() {
    let mut said = printed(env!("CARGO_BIN_EXE_approve"));
    assert_eq!(said.pop().unwrap(), r#"One was done, one was denied. ["note.txt", "old.txt"]"#);
    // Both are asked about at once.
    said.sort();
    assert_eq!(said, ["It wants to set aside 1 file", "It wants to write Desk/note.txt (5 bytes)"]);
}

#[test]
fn websocket_tells_all_that_is_recorded() {
    let said = printed(env!("CARGO_BIN_EXE_websocket"));
    let records: Vec<&str> = said.iter().map(String::as_str).filter(|item| *item != "delta").collect();
    let call = ["decided", "call_started", "call_finished"];
    let wanted = [&["commanded", "task_started"], &call[..], &call, &["decided", "files_checked", "task_finished"]];
    assert_eq!(records, wanted.concat());
}

/// After a change that is meant: `COWORK_BLESS=1`, then look at the difference.
#[test]
fn table_leaves_the_records_that_it_leaves_in_every_language() {
    let output = run(env!("CARGO_BIN_EXE_table"));
    assert_eq!(String::from_utf8(output.stdout).unwrap(), "region,Rows,amount\nnorth,2,12.75\nsouth,1,4\n\n");
    let records = Canonical::records(&String::from_utf8(output.stderr).unwrap()).unwrap();
    let golden = PathBuf::from(EXAMPLES).join("table.jsonl");
    if env::var_os("COWORK_BLESS").is_some() {
        fs::write(&golden, &records).unwrap();
    }
    assert_eq!(fs::read_to_string(golden).unwrap(), records);
}
