//! Tasks in words: which playbook they call, and which they must not.

use cowork_core::Kind;
use cowork_playbooks::{Playbook, PlaybookPlanner};
use serde_json::{Map, Value, json};

#[derive(serde::Deserialize)]
struct Row {
    text: String,
    playbook: Option<String>,
    params: Map<String, Value>,
}

/// Checks rows; those of playbooks that are not built in must match none.
fn check(rows: &str) -> usize {
    let planner = PlaybookPlanner::new().unwrap();
    let mut wrong = Vec::new();
    for line in rows.lines().filter(|l| !l.trim().is_empty()) {
        let row: Row = serde_json::from_str(line).unwrap();
        let built_in = planner.playbooks().any(|h| Some(&h.name) == row.playbook.as_ref());
        let found = planner.match_words(&row.text);
        let right = match &found {
            Ok((header, params)) => built_in && Some(&header.name) == row.playbook.as_ref() && *params == row.params,
            Err(_) => !built_in,
        };
        if !right {
            let found = found.map(|(h, p)| format!("{} {p:?}", h.name)).map_err(|e| e.message);
            wrong.push(format!("{:?}\n   should be {:?} {:?}\n   is {found:?}", row.text, row.playbook, row.params));
        }
    }
    assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong.join("\n"));
    rows.lines().count()
}

#[test]
fn our_own_sentences() {
    assert!(check(include_str!("sentences.jsonl")) >= 60);
}

#[test]
fn the_shared_sentences() {
    match std::fs::read_to_string("/work/shared/data/phrasings.jsonl") {
        Ok(rows) => assert!(check(&rows) >= 40),
        Err(e) => eprintln!("SKIPPED: the shared sentences are not here ({e})"),
    }
}

/// Every sentence that a playbook shows as its example must call it.
#[test]
fn the_examples_call_their_playbook() {
    let planner = PlaybookPlanner::new().unwrap();
    for header in planner.playbooks() {
        for example in &header.examples {
            assert_eq!(planner.match_words(example).unwrap().0.name, header.name, "{example}");
        }
    }
}

#[test]
fn no_fit_is_a_clear_answer() {
    let planner = PlaybookPlanner::new().unwrap();
    let error = planner.match_words("write a poem about spring").unwrap_err();
    assert_eq!((error.kind, error.message.as_str()), (Kind::NotFound, "no playbook fits “write a poem about spring”"));
    let fix = "the playbooks are: find (“Find all files that mention Project Falcon”), organise (“Organise these files by type”)";
    assert_eq!(error.fix(), Some(fix));
    for empty in ["", "   ", "?!", "\n"] {
        assert_eq!(planner.match_words(empty).unwrap_err().message, "the task has no words");
    }
}

#[test]
fn a_task_that_is_no_sentence_is_answered_at_once() {
    let planner = PlaybookPlanner::new().unwrap();
    let long = "organise these files by type ".repeat(360_000);
    let error = planner.match_words(&long).unwrap_err();
    assert_eq!(
        (error.kind, error.message.as_str()),
        (Kind::InvalidInput, "the task is 10440000 bytes long; a playbook is called by a sentence")
    );
    let error = planner.match_words("organise\0these\u{1}files").unwrap_err();
    assert_eq!(error.message, "the task is not text: it holds control characters");
}

#[test]
fn two_that_fit_are_named_and_none_is_taken() {
    let mut planner = PlaybookPlanner::new().unwrap();
    let source = "# /// playbook\n# name = \"shelve\"\n# about = \"Shelves\"\n# title = \"Shelve\"\n# examples = [\"shelve these files\"]\n\
        # [words]\n# do = [\"sort\", \"shelve\"]\n# with = [\"file\"]\n# ///\n'done'\n";
    planner.add(Playbook::read(source, "shelve.py").unwrap()).unwrap();
    let error = planner.match_words("sort these files").unwrap_err();
    assert_eq!(error.message, "“sort these files” could mean several playbooks: organise or shelve");
    assert_eq!(planner.match_words("shelve the files").unwrap().0.name, "shelve");
    let both = planner.match_words("organise the files by type and date").unwrap_err();
    assert_eq!(both.message, "the task says date and type at once, and organise takes one");
    assert_eq!(
        planner.match_words("organise the files by type").unwrap().1,
        *json!({ "by": "type" }).as_object().unwrap()
    );
}
