//! Any words, names and folders as those of a finished run: the playbook that is written out of it reads as what was meant, or none is
//! written.

#![no_main]

use cowork_core::{
    Access, Actor, Event, FilePath, Finish, Folder, Kind, Label, Outcome, Proposal, Submit, path::escape,
};
use cowork_fuzz::TOOLS;
use cowork_playbooks::{check, from_task};
use cowork_testkit::TaskLog;
use serde_json::{Value, json};

fn fits(name: &[u8]) -> bool {
    !name.is_empty() && name.len() < 200 && !name.iter().any(|b| matches!(b, b'/' | 0)) && name != b"." && name != b".."
}

fn done(value: Value) -> Outcome {
    Outcome::Done { value, note: String::new() }
}

/// What comes behind a name's last dot.
fn ending(name: &str) -> Option<&str> {
    name.rsplit_once('.').map(|(_, ending)| ending)
}

// Words, the folder, where the files go, and their names, with a NUL between: no name has one in it.
libfuzzer_sys::fuzz_target!(|input: &[u8]| {
    let mut parts = input.split(|b| *b == 0);
    let (Some(words), Some(desk), Some(into)) = (parts.next(), parts.next(), parts.next()) else { return };
    let mut names: Vec<String> = parts.filter(|n| fits(n)).take(20).map(escape).collect();
    names.sort();
    names.dedup();
    let words = String::from_utf8_lossy(words);
    if names.is_empty() || !fits(desk) || !fits(into) || words.trim().is_empty() {
        return;
    }
    let (desk, into) = (escape(desk), escape(into));
    if FilePath::parse(&format!("{desk}/{into}")).is_err() || names.contains(&into) {
        return;
    }
    let mut submit = Submit::new(&*words);
    let at = "/home/ann/Desk".to_owned();
    submit.folders.push(Folder { name: desk.clone(), at, access: Access::Write, whole: false });
    let mut log = TaskLog::new(submit);
    let entry = |name: &String| json!({ "kind": "file", "name": name, "path": format!("{desk}/{name}"), "size": 1 });
    let listed = json!({ "count": names.len(), "entries": names.iter().map(entry).collect::<Vec<_>>() });
    log.decide(&Proposal::call("list_folder", json!({ "path": desk })), |_| done(listed.clone()));
    let one = |name: &String| json!({ "from": format!("{desk}/{name}"), "to": format!("{desk}/{into}/{name}") });
    let alike = |name: &&String| ending(name) == ending(&names[0]);
    let moves: Vec<Value> = names.iter().filter(alike).map(one).collect();
    let made = json!({ "made": moves.len() });
    log.decide(&Proposal::call("move_files", json!({ "moves": moves })), |_| done(made.clone()));
    let result = Finish::Done { summary: "Done.".to_owned(), data: Value::Null };
    log.add(Actor::Engine, Label::default(), Event::TaskFinished { result });

    let specs = TOOLS.specs();
    match from_task(&log.task(), &specs, Some("again")) {
        Ok(written) => {
            let header = check(&written.source, &specs).expect("it was checked before it was given out");
            assert_eq!((&header, header.name.as_str()), (&written.header, "again"));
            let said = words.split_whitespace().collect::<Vec<_>>().join(" ");
            assert_eq!(header.examples, [said], "the words come back as they were");
        }
        Err(error) => assert_eq!(error.kind, Kind::Unsupported, "{error:?}"),
    }
});
