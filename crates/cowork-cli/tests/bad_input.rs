//! What can be typed wrong, and a data folder that is not as it should be: each is told in three lines, with the next
//! step, and changes nothing.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test says so by failing")]

mod support;

use std::{ffi::OsStr, fs, os::unix::ffi::OsStrExt};

use support::{Place, Said};

const TASK: &str = "Organise these files by type";

#[track_caller]
fn refused(place: &Place, args: &[&str], why: &str) -> Said {
    let before = place.tree();
    let said = place.cowork(args).ends(2).says(why).briefly();
    assert_eq!(place.tree(), before);
    said
}

#[test]
fn folders_that_are_missing_too_large_or_no_folders() {
    let place = Place::with_files();
    let home = place.home();
    let home = home.to_str().unwrap();
    let file = place.folder.join("a.pdf");
    refused(&place, &["run", "--folder", "/no/such/folder", TASK], "it is not there");
    refused(&place, &["run", "--folder", file.to_str().unwrap(), TASK], "is not a folder");
    refused(&place, &["run", "--folder", home, TASK], "said twice").says(&format!("--whole {home}"));
    refused(&place, &["run", "--folder", "/", TASK], "said twice");
    refused(&place, &["run", "--folder", &format!("{home}/.."), TASK], "said twice");
    let inner = place.folder.to_str().unwrap();
    refused(&place, &["run", "--folder", home, "--whole", home, "--folder", inner, TASK], "lies inside");
    place.cowork(&["run", "--folder", home, "--whole", home, "--dry-run", TASK]).ends(0);
    fs::create_dir_all(place.data().join("x")).unwrap();
    refused(&place, &["run", "--folder", place.data().join("x").to_str().unwrap(), TASK], "own data");
}

#[test]
fn a_task_that_is_empty_too_long_or_not_text() {
    let place = Place::with_files();
    refused(&place, &["run", "  "], "the task is empty");
    let long = vec![b'x'; 10 * 1024 * 1024];
    place.cowork_fed(&["run", "-"], &long).ends(2).says("longer than 2 MB").briefly();
    place.cowork_fed(&["run", "-"], &long[..(1 << 20) + 1]).ends(2).says("the most is 1048576").briefly();
    place.cowork_fed(&["run", "-"], b"\x00\xff\xfe\x80").ends(2).says("not text in UTF-8").briefly();
    place.cowork_fed(&["run", "-"], b"organise \x07 files").ends(2).says("control characters").briefly();
    let said: Said = place.command(&["run"]).arg(OsStr::from_bytes(b"organise \xff")).output().unwrap().into();
    said.ends(2).says("not text in UTF-8").briefly();
    assert_eq!(place.cowork(&["tasks", "--json"]).out, "", "nothing was recorded");
}

#[test]
fn playbooks_and_parameters_that_are_off() {
    let place = Place::with_files();
    let file = |name: &str, text: &str| {
        let path = place.home().join(name);
        fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    };
    refused(&place, &["run", "--playbook", "./no-such.py"], "it is not there");
    refused(&place, &["run", "--playbook", place.folder.to_str().unwrap()], "is not a file");
    refused(&place, &["run", "--playbook", "organise", "--param", "by"], "does not set a parameter");
    refused(&place, &["run", "--playbook", "organise", "--param", "by=date", "--param", "by=type"], "set twice");
    let before = place.tree();
    place.run(&["--playbook", "nonesuch"]).ends(1).says("nonesuch");
    place.run(&["--playbook", "organise", "--param", "by=moon"]).ends(1).says("by");
    place.run(&["--playbook", &file("no-header.py", "x = 1\n")]).ends(1).says("Failed");
    let header = "# /// playbook\n# name = \"mine\"\n# about = \"Mine\"\n# title = \"Mine\"\n# examples = [\"Frobnicate mine\"]\n# folders = \"none\"\n# [words]\n# do = [\"frobnicate\"]\n# with = [\"mine\"]\n# ///\n";
    place.run(&["--playbook", &file("syntax.py", &format!("{header}def (:\n"))]).ends(1).says("Failed");
    place.run(&["--playbook", &file("loop.py", &format!("{header}while True:\n    pass\n"))]).ends(1).says("Failed");
    place
        .run(&["--playbook", &file("tool.py", &format!("{header}no_such_tool(path=\"x\")\n"))])
        .ends(1)
        .says("no_such_tool");
    place.run(&["Make me a sandwich"]).ends(1).says("no playbook fits").says("cowork playbook list");
    place.cowork(&["playbook", "list"]).ends(0).says("organise").says("find");
    assert_eq!(place.tree(), before);
}

#[test]
fn names_that_fit_nothing_or_too_much() {
    let place = Place::with_files();
    refused(&place, &["show", "7f3a12"], "there is no task").says("there are none yet");
    place.run(&["--dry-run", TASK]).ends(0);
    place.run(&["--dry-run", TASK]).ends(0);
    for args in [&["show", "zzzzzz"][..], &["show", "abc"], &["cancel", "ffffffffff"], &["undo", "not-a-task"]] {
        refused(&place, args, "there is no task").says("the last ones are");
    }
    // Both ids begin with the same time.
    let start = &place.last_task()[..4];
    refused(&place, &["show", start], "fits 2 tasks").says("name one of them");
    refused(&place, &["answer", "1a2b3c", "allow"], "no question").says("nothing is asked now");
    refused(&place, &["events", "nowhere"], "no thread").says("the threads are: main");
    place.cowork(&["answer", "1a2b3c", "perhaps"]).ends(2);
    place.cowork(&["run"]).ends(2);
    place.cowork(&["frobnicate"]).ends(2);
}

#[test]
fn an_error_is_an_object_where_records_are() {
    let place = Place::new();
    let said = place.cowork(&["run", "--json", "--folder", "/no/such/folder", TASK]).ends(2).briefly();
    let error: serde_json::Value = serde_json::from_str(&said.err).unwrap();
    assert_eq!(error["error"]["kind"], "not_found");
    assert!(error["error"]["message"].as_str().unwrap().contains("it is not there"));
}

#[test]
fn a_store_of_a_later_version_or_with_damage_is_named_and_left_as_it_is() {
    let place = Place::with_files();
    place.run(&["--dry-run", TASK]).ends(0);
    place.cowork(&["doctor"]).ends(0).says("All is well.");
    let log = place.data().join("log.db");
    let change = |sql: &str| rusqlite::Connection::open(&log).unwrap().execute_batch(sql).unwrap();
    change("PRAGMA user_version = 9999");
    let bytes = fs::read(&log).unwrap();
    place.run(&[TASK]).ends(1).says("later version").briefly();
    place.cowork(&["tasks"]).ends(1).says("later version").briefly();
    place.cowork(&["doctor"]).ends(1).says("Something is wrong.").says("[!!]");
    assert_eq!(fs::read(&log).unwrap(), bytes);

    let damaged: Vec<u8> = bytes.iter().enumerate().map(|(i, b)| if i < 4_096 { b ^ 0x55 } else { *b }).collect();
    fs::write(&log, &damaged).unwrap();
    place.run(&[TASK]).ends(1).says("cowork doctor").briefly();
    place.cowork(&["doctor"]).ends(1).says("Something is wrong.").says("[!!]");
    assert_eq!(fs::read(&log).unwrap(), damaged);
}

#[test]
fn a_store_that_another_program_holds_is_named() {
    let place = Place::with_files();
    place.run(&["--dry-run", TASK]).ends(0);
    let held = rusqlite::Connection::open(place.data().join("log.db")).unwrap();
    held.execute_batch("PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE").unwrap();
    // Both are patient with a lock that is soon let go, so both at once.
    std::thread::scope(|both| {
        both.spawn(|| place.run(&[TASK]).ends(1).says("log.db").briefly());
        both.spawn(|| place.cowork(&["doctor"]).ends(1).says("Something is wrong."));
    });
    drop(held);
    place.cowork(&["doctor"]).ends(0);
}

#[test]
fn a_data_folder_that_cannot_be_made_is_named() {
    let place = Place::new();
    let file = place.home().join("file");
    fs::write(&file, "").unwrap();
    let data = file.join("data");
    place.cowork(&["--data", data.to_str().unwrap(), "tasks"]).ends(2).says("can't make the folder").briefly();
    place.cowork(&["--data", data.to_str().unwrap(), "doctor"]).ends(1).says("Something is wrong.");
}

#[test]
fn where_nobody_hears_what_is_wrong_it_ends_as_it_would() {
    let place = Place::with_files();
    for args in
        [&["show", "nothing"][..], &["run", "--folder", "/no/such/folder", TASK], &["show", "nothing", "--json"]]
    {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let ended = place.command(args).stderr(writer).status().unwrap();
        assert_eq!(ended.code(), Some(2), "{args:?}");
    }
}
