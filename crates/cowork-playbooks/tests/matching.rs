//! Tasks in words: which playbook they call, and which they must not.

#![allow(clippy::unwrap_used, clippy::panic)]

use std::path::{Path, PathBuf};

use cowork_core::Kind;
use cowork_playbooks::{Chosen, Match, Playbook, PlaybookPlanner};
use serde_json::{Map, Value, json};

/// A sentence and what it should call, in the form of the shared sentences.
#[derive(serde::Deserialize)]
struct Row {
    text: String,
    playbook: Option<String>,
    params: Map<String, Value>,
}

/// How a set of sentences was answered.
#[derive(Default)]
struct Score {
    rows: usize,
    wrong: Vec<String>,
    /// Those that would have changed something that nobody asked for.
    destructive: Vec<String>,
}

fn here(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests").join(path)
}

fn planner() -> PlaybookPlanner {
    let planner = PlaybookPlanner::new().unwrap();
    assert_eq!(planner.playbooks().count(), 11);
    planner
}

fn name(found: &Match) -> Option<&str> {
    match &found.playbook {
        Chosen::One(name) => Some(name),
        Chosen::Ask(_) => Some("ask"),
        Chosen::None => None,
    }
}

/// Compares sentences with their answers; if `exactly`, nothing may be taken from the words that is not listed.
fn score(rows: &str, exactly: bool) -> Score {
    let planner = planner();
    let mut score = Score::default();
    for line in rows.lines().filter(|l| !l.trim().is_empty()) {
        let row: Row = serde_json::from_str(line).unwrap_or_else(|e| panic!("{line}: {e}"));
        let found = planner.match_words(&row.text, &[]);
        let listed = row.params.iter().all(|(name, value)| found.params.get(name) == Some(value));
        let right_one = name(&found) == row.playbook.as_deref();
        score.rows += 1;
        if right_one && listed && (!exactly || found.params.len() == row.params.len()) {
            continue;
        }
        let should = format!("{:?} {}", row.playbook, Value::Object(row.params));
        let told = format!("{:?}\n   should be {should}\n   is {}", row.text, serde_json::to_string(&found).unwrap());
        let destructive = planner.playbooks().any(|h| h.destructive && Some(h.name.as_str()) == name(&found));
        if destructive && !right_one {
            score.destructive.push(told.clone());
        }
        score.wrong.push(told);
    }
    score
}

impl Score {
    fn show(&self, what: &str) {
        let right = self.rows - self.wrong.len();
        println!("{what}: {right} of {} right, {} wrong destructive ones", self.rows, self.destructive.len());
        for wrong in &self.wrong {
            println!("{wrong}");
        }
    }
}

#[test]
fn our_own_sentences() {
    let score = score(&std::fs::read_to_string(here("sentences.jsonl")).unwrap(), true);
    score.show("our own sentences");
    assert!(score.rows >= 1_000 && score.destructive.is_empty() && score.wrong.is_empty());
}

#[test]
fn the_shared_sentences() {
    match std::fs::read_to_string("/work/shared/data/phrasings.jsonl") {
        Ok(rows) => {
            let score = score(&rows, false);
            score.show("the shared sentences");
            assert!(score.rows >= 48 && score.destructive.is_empty() && score.wrong.is_empty());
        }
        Err(e) => eprintln!("SKIPPED: the shared sentences are not here ({e})"),
    }
}

/// Every sentence that a playbook shows as its example must call it.
#[test]
fn the_examples_call_their_playbook() {
    let planner = planner();
    for header in planner.playbooks() {
        for example in &header.examples {
            let found = planner.match_words(example, &[]);
            assert_eq!(found.playbook, Chosen::One(header.name.clone()), "{example}: {}", found.why);
        }
    }
}

#[test]
fn the_names_of_granted_folders_are_understood() {
    let planner = planner();
    assert_eq!(planner.match_words("tidy Kladde", &[]).playbook, Chosen::None);
    assert_eq!(planner.match_words("tidy Kladde", &["Kladde"]).playbook, Chosen::One("organise".to_owned()));
}

#[test]
fn the_answer_explains_itself_in_one_line_of_json() {
    let found = planner().match_words("sort the holiday pictures by place", &[]);
    let why = "photos: by = place (“by place”); “sort” asks for it; “holiday pictures” is what it works with";
    assert_eq!(json!(found), json!({ "playbook": "photos", "params": { "by": "place" }, "why": why }));
    let found = planner().match_words("delete everything", &[]);
    let why = "“delete everything” says too little: it could mean clean-up or duplicates";
    assert_eq!(json!(found), json!({ "playbook": "ask", "params": {}, "why": why }));
    let found = planner().match_words("write a poem about spring", &[]);
    let why = "no playbook fits “write a poem about spring”";
    assert_eq!(json!(found), json!({ "playbook": null, "params": {}, "why": why }));
}

#[test]
fn a_look_changes_nothing() {
    for text in ["which files are in here twice?", "show me the empty folders"] {
        assert_eq!(planner().match_words(text, &[]).params["dry_run"], true, "{text}");
    }
}

#[test]
fn a_task_that_is_no_sentence_is_answered_at_once() {
    let planner = planner();
    let why = |text: &str| {
        let found = planner.match_words(text, &[]);
        assert_eq!(found.playbook, Chosen::None);
        found.why
    };
    let long = "organise these files by type ".repeat(360_000);
    assert_eq!(why(&long), "the task is 10440000 bytes long; a playbook is called by a sentence");
    assert_eq!(why("organise\0these\u{1}files"), "the task is not text: it holds control characters");
    for empty in ["", "   ", "?!", "\n"] {
        assert_eq!(why(empty), "the task has no words");
    }
}

#[test]
fn two_that_fit_are_named_and_none_is_taken() {
    let mut planner = PlaybookPlanner::new().unwrap();
    let source = "# /// playbook\n# name = \"shelve\"\n# about = \"Shelves\"\n# title = \"Shelve\"\n# examples = [\"shelve these files\"]\n\
        # [words]\n# do = [\"sort\", \"shelve\"]\n# with = [\"file\"]\n# ///\n'done'\n";
    planner.add(Playbook::read(source, "shelve.py").unwrap()).unwrap();
    let found = planner.match_words("sort these files", &[]);
    assert_eq!(found.playbook, Chosen::Ask(vec!["organise".to_owned(), "shelve".to_owned()]));
    assert_eq!(found.why, "“sort these files” could mean several playbooks: organise or shelve");
    assert_eq!(planner.match_words("shelve the files", &[]).playbook, Chosen::One("shelve".to_owned()));
    let both = planner.match_words("organise the files by type and date", &[]);
    assert_eq!(both.why, "the task says date and type at once, and organise takes one");
    assert_eq!(
        planner.match_words("organise the files by type", &[]).params,
        *json!({ "by": "type" }).as_object().unwrap()
    );
}

/// What a person chose where it had to be asked gets what the words give it, and what was given besides.
#[test]
fn the_words_give_the_chosen_playbook_its_parameters() {
    let planner = planner();
    let params = |name: &str, text: &str, given: Value| {
        planner.params_for(name, text, &[], given.as_object().unwrap()).map(Value::Object)
    };
    let text = "delete the temp files older than 30 days and the other junk";
    assert!(matches!(planner.match_words(text, &[]).playbook, Chosen::Ask(_)));
    assert_eq!(params("clean-up", text, json!({})).unwrap(), json!({ "what": "temporary", "older_than": 30 }));
    assert_eq!(params("clean-up", text, json!({ "older_than": "9" })).unwrap()["older_than"], "9");
    // Neither a value said twice nor one that lacks is guessed.
    let twice = params("organise", "organise by month and by client", json!({})).unwrap_err();
    assert_eq!(twice.message, "the task says date and name at once, and organise takes one");
    assert!(params("organise", "organise by month and by client", json!({ "by": "date" })).is_ok());
    assert_eq!(params("replace", "replace the text", json!({})).unwrap_err().kind, Kind::InvalidInput);
    assert_eq!(params("tidy-up", text, json!({})).unwrap_err().kind, Kind::NotFound);
}

/// Several kinds that are named are exactly these, in the words and in what is given.
#[test]
fn several_kinds_are_exactly_those_that_are_named() {
    let planner = planner();
    let found = planner.match_words("get rid of old installers and temp files", &[]);
    assert_eq!(Value::Object(found.params), json!({ "what": "installers,temporary" }));
    let clean_up = planner.playbook("clean-up").unwrap();
    let take = |text: &str| planner.params_for("clean-up", "", &[], json!({ "what": text }).as_object().unwrap());
    assert!(clean_up.header.params["what"].several && take("temporary, installers").is_ok());
    let error = take("temporary,instalers").unwrap_err();
    assert!(error.message.ends_with("did you mean `installers`?"), "{}", error.message);
    assert!(take("temporary,").is_err());
}

/// Nothing that limits a wish is left out: it is held by a parameter, or asked about.
#[test]
fn what_limits_a_wish_is_followed_or_asked_about() {
    let planner = planner();
    for (text, words) in [
        ("organise only the pdfs by type", "only the pdfs"),
        ("organise by type but leave the pdfs", "but leave the pdfs"),
        ("delete duplicates in _OLD only", "in OLD only"),
        ("delete duplicates in _OLD", "OLD"),
        ("remove installers, but not the ones from this month", "but not the ones from this month"),
        ("replace foo with bar in the spreadsheets", "spreadsheets"),
        ("number the files that have no number yet", "that have no number yet"),
        ("lowercase every file name which starts with DSC", "which starts with DSC"),
        ("number the scans without a number", "without a number"),
        ("organise the files I downloaded yesterday by type", "I downloaded yesterday"),
        ("organise by type, skip the ones from today", "skip the ones from today"),
        ("throw away the installers and the caches but keep the DMGs", "but keep the DMGs"),
    ] {
        let found = planner.match_words(text, &[]);
        assert!(matches!(found.playbook, Chosen::Ask(_)), "{text}: {}", found.why);
        assert!(found.why.ends_with(&format!("but it can't follow “{words}”")), "{}", found.why);
    }
    // The folder that is granted is the one that is meant.
    let granted = planner.match_words("delete duplicates in _OLD", &["_OLD"]);
    assert_eq!(granted.playbook, Chosen::One("duplicates".to_owned()), "{}", granted.why);
    let other = planner.match_words("delete duplicates in my Pictures folder", &["Downloads"]);
    assert!(matches!(other.playbook, Chosen::Ask(_)), "{}", other.why);
}

/// A clause that says what is meant, and nothing more, limits nothing.
#[test]
fn a_clause_that_names_what_is_meant_is_followed() {
    let planner = planner();
    for (text, params) in [
        ("delete folders that have no files in them", json!({ "what": "empty-folders" })),
        ("get rid of the installers that I don't use any longer", json!({ "what": "installers" })),
        ("delete temp files that are older than a month", json!({ "what": "temporary", "older_than": 30 })),
        ("delete the installers but not the temp files", json!({ "what": "installers" })),
    ] {
        let found = planner.match_words(text, &[]);
        assert_eq!((Value::Object(found.params), found.why.starts_with("clean-up: ")), (params, true), "{text}");
    }
}

/// A task does one thing: two that are wished for are named.
#[test]
fn two_wishes_are_both_named() {
    let text = "sort everything by type, then watch for new files";
    let found = planner().match_words(text, &[]);
    assert_eq!(found.playbook, Chosen::Ask(vec!["organise".to_owned(), "watch".to_owned()]));
    assert_eq!(found.why, format!("“{text}” asks for several things, organise and watch, and a task does one"));
}

/// To keep the newest is to delete the older ones.
#[test]
fn what_goes_is_the_opposite_of_what_stays() {
    let planner = planner();
    for (text, keep) in [
        ("delete the oldest duplicates", "newest"),
        ("delete duplicates but keep the oldest", "oldest"),
        ("remove duplicates, don't delete the newest", "newest"),
        ("remove all duplicates but the newest", "newest"),
        ("remove the duplicates, the newer ones should go", "oldest"),
    ] {
        let found = planner.match_words(text, &[]);
        assert_eq!(found.params.get("keep"), Some(&Value::from(keep)), "{text}: {}", found.why);
    }
    for unclear in ["delete duplicates newest", "delete the duplicates with the shortest name"] {
        let found = planner.match_words(unclear, &[]);
        assert!(matches!(found.playbook, Chosen::Ask(_)), "{unclear}: {}", found.why);
    }
}

/// What a task ends with where the words are not enough says which playbooks are meant, and how to say it.
#[tokio::test]
async fn a_question_names_the_candidates() {
    use cowork_core::{PlanContext, Planner, Submit};
    let error = async |text: &str| {
        let story = story::Story::of(Submit::new(text));
        planner().plan(story.view(), PlanContext::default()).await.unwrap_err()
    };
    let asked = error("delete everything").await;
    assert_eq!(asked.kind, Kind::InvalidInput);
    assert_eq!(
        asked.fix(),
        Some(
            "say one thing at a time, like “delete empty folders” (clean-up) or “find duplicate photos” (duplicates), or name the playbook: --playbook NAME"
        )
    );
    let none = error("write a poem about spring").await;
    assert_eq!((none.kind, none.message.as_str()), (Kind::NotFound, "no playbook fits “write a poem about spring”"));
    assert_eq!(none.fix(), Some("`cowork playbook list` shows all that there are"));
    let near = error("translate the invoices and the duplicate photos into French").await;
    assert_eq!(near.kind, Kind::NotFound);
    let fix = near.fix().unwrap();
    assert!(fix.starts_with("the nearest are “find duplicate photos” (duplicates)"), "{fix}");
    assert!(
        fix.matches("(“").count() <= 3 && fix.ends_with("`cowork playbook list` shows all that there are"),
        "{fix}"
    );
}

mod story;
