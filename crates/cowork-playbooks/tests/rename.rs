//! The built-in `rename`, over names that `suggest_names` gives.
//!
//! How names are made is told in `crates/cowork-tools/tests/names.rs`, what comes of it in `crates/cowork-cli/tests/arrange.rs`.

#![allow(clippy::unwrap_used, clippy::panic, clippy::needless_pass_by_value)]

mod story;

use cowork_core::{Outcome, ProposedCall, Submit};
use serde_json::{Value, json};
use story::{Story, denied, folder};

fn rename(params: Value) -> Submit {
    let mut submit = Submit::new("Rename these files");
    submit.folders = vec![folder("D")];
    submit.planner = json!({ "playbook": "rename", "params": params });
    submit
}

/// A folder in which these get new names, and two files stay.
fn suggesting(moves: &[(&str, &str)]) -> impl FnMut(&ProposedCall) -> Option<Outcome> + use<> {
    let moves: Vec<Value> =
        moves.iter().map(|(from, to)| json!({ "from": format!("D/{from}"), "to": format!("D/{to}") })).collect();
    move |call| {
        let value = json!({ "count": moves.len() + 2, "more": false, "moves": moves, "project": null, "dated": { "name": 0, "content": 1, "changed": 1 },
            "stay": { "hidden files": 1, "names of which nothing would be left": 1 } });
        (call.tool == "suggest_names").then(|| Outcome::Done { value, note: String::new() })
    }
}

#[tokio::test]
async fn the_names_that_are_suggested_are_given_in_one_batch() {
    let mut story = Story::of(rename(json!({ "by": "number", "start": 3 })))
        .files(&["D/a b.txt", "D/two\nlines.txt", "D/.h", "D/!!!"])
        .answering(suggesting(&[("a b.txt", "003.txt"), ("two\nlines.txt", "004.txt")]));
    let (summary, data) = story.done().await;
    assert_eq!(story.calls()[0].args, json!({ "folder": "D", "by": "number", "start": 3, "most": 100_000 }));
    assert_eq!(story.calls().len(), 2, "what is decided on is renamed in one call");
    assert_eq!(story.paths(), ["D/!!!", "D/.h", "D/003.txt", "D/004.txt"]);
    assert_eq!((&data["renamed"], &data["left"]), (&json!(2), &json!(2)));
    assert_eq!(
        summary,
        "2 files renamed, 2 left as they were (hidden files: 1, names of which nothing would be left: 1). \
         Dates: 1 out of the photo or PDF itself, 1 of the last change, for want of another. 1 file would have no name left, so it keeps its own.\n\n  a b.txt → 003.txt\n  two\\nlines.txt → 004.txt"
    );
}

#[tokio::test]
async fn each_rule_is_asked_for_with_what_belongs_to_it() {
    for (params, asked) in [
        (json!({}), json!({ "folder": "D", "by": "tidy", "most": 100_000 })),
        (json!({ "by": "case", "case": "title" }), json!({ "folder": "D", "by": "title", "most": 100_000 })),
        (
            json!({ "by": "pattern", "pattern": "{name}" }),
            json!({ "folder": "D", "by": "pattern", "pattern": "{name}", "start": 1, "most": 100_000 }),
        ),
        (
            json!({ "by": "replace", "find": "a", "with": "b" }),
            json!({ "folder": "D", "by": "replace", "find": "a", "with": "b", "most": 100_000 }),
        ),
    ] {
        let mut story = Story::of(rename(params)).answering(suggesting(&[]));
        let (summary, _) = story.done().await;
        assert!(summary.starts_with("Nothing to rename: 2 files left as they were (hidden files: 1, "), "{summary}");
        assert_eq!(story.calls()[0].args, asked);
    }
}

#[tokio::test]
async fn a_dry_run_shows_names_and_changes_none() {
    let mut story = Story::of(rename(json!({ "dry_run": true })))
        .files(&["D/a b.txt"])
        .answering(suggesting(&[("a b.txt", "a_b.txt")]));
    let (summary, _) = story.done().await;
    assert!(summary.starts_with("1 file would be renamed, 2 left as they are (hidden files: 1, "), "{summary}");
    assert!(summary.ends_with("\n\n  a b.txt → a_b.txt"), "{summary}");
    assert_eq!(story.paths(), ["D/a b.txt"]);
}

#[tokio::test]
async fn the_folder_of_a_project_and_one_that_is_too_large_are_told() {
    let answer =
        |value: Value| move |_: &ProposedCall| Some(Outcome::Done { value: value.clone(), note: String::new() });
    let project = json!({ "count": 2, "more": false, "moves": [], "project": "package.json", "dated": {},
        "stay": { "files of a project": 2 } });
    let (summary, _) = Story::of(rename(json!({}))).answering(answer(project)).done().await;
    assert_eq!(
        summary,
        "Nothing to rename: 2 files left as they were (files of a project: 2). D is the folder of a project (package.json lies in it), so nothing in it was renamed."
    );
    let large = json!({ "count": 300_000, "more": true, "moves": [], "project": null, "dated": {}, "stay": {} });
    let (summary, _) = Story::of(rename(json!({}))).answering(answer(large)).done().await;
    assert!(summary.contains("D holds more files than are renamed in one go, 300000: run it again"), "{summary}");
}

#[tokio::test]
async fn where_nothing_could_be_renamed_it_failed_and_says_what_to_do() {
    let mut suggest = suggesting(&[("a b.txt", "a_b.txt")]);
    let mut story = Story::of(rename(json!({}))).answering(move |call| {
        suggest(call).or_else(|| {
            let left = json!([{ "index": 0, "path": "D/a_b.txt", "reason": "`D/a b.txt` is not there" }]);
            let value = json!({ "made": 0, "renamed": 0, "left": 1, "left_at": [[0, 1]], "told": "Not done",
                "reasons": [{ "files": 1, "why": left[0]["reason"], "fix": "see to that, then try again" }], "otherwise": left });
            Some(Outcome::Done { value, note: String::new() })
        })
    });
    let error = story.fails().await;
    assert_eq!(error.message, "Nothing was renamed: `D/a b.txt` is not there");
    assert_eq!(error.fix(), Some("see to that, then try again"));
    let mut suggest = suggesting(&[("a b.txt", "a_b.txt")]);
    let mut story = Story::of(rename(json!({}))).answering(move |call| suggest(call).or_else(|| Some(denied())));
    assert_eq!(story.fails().await.message, "you said no to “Rename files”");
}
