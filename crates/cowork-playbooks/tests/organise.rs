//! The built-in `organise`, over folders that `suggest_folders` gives.
//!
//! How folders are worked out is told in `crates/cowork-tools/tests/folders.rs`, what comes of it in `crates/cowork-cli/tests/arrange.rs`.

#![allow(clippy::unwrap_used, clippy::panic)]

mod story;

use cowork_core::{Access, Kind, StepState, Submit};
use serde_json::{Value, json};
use story::{Story, denied, folder, withheld};

fn organise(params: impl Into<Value>) -> Submit {
    let mut submit = Submit::new("Organise these files");
    submit.folders = vec![folder("Downloads")];
    submit.planner = json!({ "playbook": "organise", "params": params.into() });
    submit
}

#[tokio::test]
async fn files_go_by_type_and_the_rest_stays() {
    let mut story = Story::of(organise(json!({}))).files(&[
        "Downloads/a.PDF",
        "Downloads/b.png",
        "Downloads/c.unknown",
        "Downloads/noext",
        "Downloads/.hidden",
        "Downloads/movie.mp4.crdownload",
        "Downloads/~$lease.docx",
        "Downloads/.~lock.budget.xlsx#",
        "Downloads/old/inside.pdf",
    ]);
    story.put("Downloads/link", "link", 0);
    story.put("Downloads/pipe", "other", 0);
    let (summary, data) = story.done().await;
    assert_eq!(
        summary,
        "4 files moved, 6 left as they were (files in use or not complete: 2, hidden files: 2, links and special files: 2), \
         nothing deleted.\n\n  Other/ 2   Documents/ 1   Images/ 1"
    );
    let folders = json!({ "Documents/": 1, "Images/": 1, "Other/": 2 });
    assert_eq!((&data["moved"], &data["left"], &data["folders"]), (&json!(4), &json!(6), &folders));
    let expected = [
        "Downloads/.hidden",
        "Downloads/.~lock.budget.xlsx#",
        "Downloads/Documents/a.PDF",
        "Downloads/Images/b.png",
        "Downloads/Other/c.unknown",
        "Downloads/Other/noext",
        "Downloads/link",
        "Downloads/movie.mp4.crdownload",
        "Downloads/old/inside.pdf",
        "Downloads/pipe",
        "Downloads/~$lease.docx",
    ];
    assert_eq!(story.paths(), expected);
    assert_eq!(story.calls().iter().map(|c| c.tool.as_str()).collect::<Vec<_>>(), ["suggest_folders", "move_files"]);
}

#[tokio::test]
async fn the_plan_is_shown_before_anything_runs() {
    let mut story = Story::of(organise(json!({}))).files(&["Downloads/a.PDF", "Downloads/b.png", "Downloads/.hidden"]);
    story.done().await;
    let first = &story.proposals[0];
    assert_eq!(first.say.as_deref(), Some("Organise Downloads by type (playbook organise)"));
    let plan: Vec<(&str, StepState)> = first.plan.iter().flatten().map(|s| (s.title.as_str(), s.state)).collect();
    let shown = [
        ("Look at the folder", StepState::Active),
        ("Decide where things go", StepState::Pending),
        ("Move files", StepState::Pending),
    ];
    assert_eq!(plan, shown);
    let last = story.proposals.last().and_then(|p| p.plan.clone()).unwrap();
    assert!(last.iter().all(|s| s.state == StepState::Done));
    assert_eq!(last[1].detail, "2 to move, 1 stay");
    insta::assert_json_snapshot!(
        "the_proposals_of_organise",
        &story
            .proposals
            .iter()
            .map(|p| json!({
                "say": p.say, "plan": p.plan, "calls": p.calls, "finish": p.finish,
            }))
            .collect::<Vec<_>>()
    );
}

#[tokio::test]
async fn a_second_run_finds_everything_in_order() {
    let mut story = Story::of(organise(json!({}))).files(&["Downloads/Documents/a.pdf", "Downloads/.hidden"]);
    assert_eq!(story.done().await.0, "Nothing to move: 1 file left as they were (hidden files: 1).");
    let mut empty = Story::of(organise(json!({})));
    empty.put("Downloads/sub", "folder", 0);
    assert_eq!(empty.done().await.0, "Nothing to move: no files here.");
}

#[tokio::test]
async fn files_go_by_month() {
    let mut story = Story::of(organise(json!({ "by": "date" })));
    story.put("Downloads/a.pdf", "file", 1_774_008_000_000);
    story.put("Downloads/b.pdf", "file", 1_577_836_799_999);
    story.put("Downloads/c.pdf", "file", -1);
    story.done().await;
    assert_eq!(story.paths(), ["Downloads/1969/12/c.pdf", "Downloads/2019/12/b.pdf", "Downloads/2026/03/a.pdf"]);
}

#[tokio::test]
async fn a_date_that_can_not_be_right_decides_nothing() {
    let mut months = Story::of(organise(json!({ "by": "date" })));
    // A clock that was never set, one that runs ahead, and one that is right.
    for (name, modified) in [("a.pdf", 86_400_000), ("b.pdf", 4_102_444_800_000), ("c.pdf", 1_577_836_799_999)] {
        months.put(&format!("Downloads/{name}"), "file", modified);
    }
    let (summary, data) = months.done().await;
    assert!(summary.contains("2 left as they were (files with a date that can't be right: 2)"), "{summary}");
    assert!(summary.contains("Dates: 1 of the last change, for want of another."), "{summary}");
    assert_eq!(data["folders"], json!({ "2019/12/": 1 }));
}

#[tokio::test]
async fn where_nothing_could_be_moved_it_failed_and_says_what_to_do() {
    let refusing = |call: &cowork_core::ProposedCall| {
        let why = "there is no permission to change `Downloads/Documents`";
        let left = json!([{ "index": 0, "path": "Downloads/Documents/a.pdf", "reason": why }]);
        let reasons = json!([{ "files": 1, "why": why, "fix": "let your user change what is there" }]);
        let value = json!({ "made": 0, "renamed": 0, "left": 1, "left_at": [[0, 1]], "each": [0], "reasons": reasons, "told": "Not done", "otherwise": left });
        (call.tool == "move_files").then(|| cowork_core::Outcome::Done { value, note: String::new() })
    };
    let error = Story::of(organise(json!({}))).files(&["Downloads/a.pdf"]).answering(refusing).fails().await;
    assert_eq!(error.message, "Nothing was moved: there is no permission to change `Downloads/Documents`");
    assert_eq!(error.fix(), Some("let your user change what is there"));
}

/// Nothing is suggested, whatever is asked for.
fn nothing(call: &cowork_core::ProposedCall) -> Option<cowork_core::Outcome> {
    let value = json!({ "count": 0, "inside": 0, "more": false, "moves": [], "along": [], "folders": [], "stay": {}, "dated": {}, "project": null });
    (call.tool == "suggest_folders").then(|| cowork_core::Outcome::Done { value, note: String::new() })
}

#[tokio::test]
async fn what_is_asked_for_goes_to_the_tool() {
    let rule = |files: &str, folder: &str| json!([{ "files": files, "folder": folder }]);
    for (params, by, rules) in [
        (json!({}), "type", json!([])),
        (json!({ "by": "name" }), "name", json!([])),
        (json!({ "by": "name", "pattern": "Acme*" }), "name", rule("Acme*", "Acme")),
        (json!({ "by": "name", "pattern": "Globex {year}" }), "name", rule("*Globex {year}*", "Globex  year")),
        (json!({ "by": "date" }), "month", json!([])),
        (json!({ "by": "date", "each": "year" }), "year", json!([])),
    ] {
        let mut story = Story::of(organise(params)).answering(nothing);
        assert_eq!(story.done().await.0, "Nothing to move: no files here.");
        assert_eq!(story.calls()[0].args, json!({ "folder": "Downloads", "by": by, "rules": rules, "most": 100_000 }));
    }
}

#[tokio::test]
async fn names_that_are_taken_get_a_number() {
    let mut story = Story::of(organise(json!({}))).files(&["Downloads/a.pdf", "Downloads/Documents/a.pdf"]);
    let (summary, _) = story.done().await;
    assert_eq!(story.paths(), ["Downloads/Documents/a (2).pdf", "Downloads/Documents/a.pdf"]);
    assert!(summary.contains(" 1 got a number, because the name was taken."), "{summary}");
}

#[tokio::test]
async fn several_folders_are_done_each_in_its_own_batch() {
    let mut submit = organise(json!({}));
    submit.folders = vec![folder("Downloads"), folder("Desktop"), folder("Photos")];
    submit.folders[2].access = Access::Read;
    let mut story = Story::of(submit)
        .files(&["Downloads/a.pdf", "Desktop/b.png", "Photos/c.jpg"])
        .answering(|call| (call.args["moves"][0]["from"] == "Desktop").then(denied));
    let (summary, data) = story.done().await;
    assert_eq!(story.proposals[0].say.as_deref(), Some("Organise Downloads and Desktop by type (playbook organise)"));
    assert_eq!(
        summary,
        "1 file moved, 1 left as they were, nothing deleted. Not done: 1, because you said no to “Move files”.\n\n  Downloads/Documents/ 1"
    );
    assert_eq!(data["folders"], json!({ "Downloads/Documents/": 1 }));
    assert_eq!(story.paths(), ["Desktop/b.png", "Downloads/Documents/a.pdf", "Photos/c.jpg"]);
}

#[tokio::test]
async fn a_no_ends_it_and_plan_mode_only_shows() {
    let mut story = Story::of(organise(json!({})))
        .files(&["Downloads/a.pdf"])
        .answering(|call| (call.tool == "move_files").then(denied));
    let error = story.fails().await;
    assert_eq!((error.kind, error.message.as_str()), (Kind::NotAllowed, "you said no to “Move files”"));

    let mut story = Story::of(organise(json!({})))
        .files(&["Downloads/a.pdf"])
        .answering(|call| (call.tool == "move_files").then(|| withheld("move 1 file inside Downloads")));
    let (summary, data) = story.done().await;
    assert_eq!(summary, "Would move 1 file inside Downloads; nothing was changed.");
    assert_eq!(data["would"][0]["title"], "move 1 file inside Downloads");

    let mut dry = Story::of(organise(json!({ "dry_run": true }))).files(&["Downloads/a.pdf", "Downloads/.b"]);
    assert_eq!(dry.done().await.0, "1 file would be moved, 1 left as they are (hidden files: 1); nothing was changed.");
    assert_eq!(dry.calls().len(), 1, "a dry run only looks");
}

const RULES: &str = "# where things go\r\n\r\nscan*.pdf -> Scans/{year}\n*.pdf, *.docx -> Papers\n*.key -> .\n*.{} -> X\nreport-??.* -> Reports/{month}/{ext}\n";

#[tokio::test]
async fn files_go_by_the_rules_in_a_file() {
    let mut submit = organise(json!({ "rules": "rules.txt" }));
    submit.folders = vec![folder("Downloads"), folder("Desktop")];
    let mut story = Story::of(submit).text("Downloads/rules.txt", &RULES.replace("*.{} -> X\n", "")).answering(nothing);
    story.done().await;
    let title = "Organise Downloads and Desktop by your rules (playbook organise)";
    assert_eq!(story.proposals[0].say.as_deref(), Some(title));
    let rule = |files: &str, folder: &str| json!({ "files": files, "folder": folder });
    let rules = [
        rule("scan*.pdf", "Scans/{year}"),
        rule("*.pdf", "Papers"),
        rule("*.docx", "Papers"),
        rule("*.key", "."),
        rule("report-??.*", "Reports/{month}/{ext}"),
    ];
    assert_eq!(story.calls()[2].args["rules"], json!(rules));
    let with_itself = [&[rule("rules.txt", ".")], &rules[..]].concat();
    assert_eq!(story.calls()[1].args["rules"], json!(with_itself), "the rules file stays");
}

#[tokio::test]
async fn a_rule_that_is_wrong_is_named_by_its_line() {
    for (text, why) in [
        ("*.pdf -> Papers\n*.doc Papers", "line 2: there is no arrow in “*.doc Papers”"),
        ("-> Papers", "line 1: there is no pattern before the arrow"),
        ("\n\n*.pdf ->", "line 3: there is no folder after the arrow"),
        ("*.pdf -> ../Papers", "line 1: “../Papers” does not lead to a folder below"),
        ("*.pdf -> {yaer}", "line 1: nothing is known as {yaer}"),
        ("*.pdf -> {year", "line 1: a { or } stands alone"),
        ("in/*.pdf -> Papers", "line 1: “in/*.pdf” has a / in it"),
        ("a -> b -> c", "line 1: there are two arrows"),
        ("# nothing\n", "has no rule in it"),
    ] {
        let mut story = Story::of(organise(json!({ "rules": "Downloads/r.txt" })))
            .text("Downloads/r.txt", text)
            .files(&["Downloads/a.pdf"]);
        let error = story.fails().await;
        assert_eq!(error.kind, Kind::InvalidInput);
        assert!(error.message.starts_with("The rules file Downloads/r.txt"), "{}", error.message);
        assert!(error.message.contains(why), "{} should say: {why}", error.message);
        assert!(error.fix().is_some_and(|fix| !fix.is_empty()), "it says what to do");
        assert!(story.paths().contains(&"Downloads/a.pdf"));
    }
    let mut none = Story::of(organise(json!({ "rules": "gone.txt" }))).files(&["Downloads/a.pdf"]);
    assert_eq!(none.fails().await.kind, Kind::NotFound);
}

#[tokio::test]
async fn what_goes_along_goes_in_the_same_batch_and_folders_are_told_apart() {
    let one =
        |to: &str, names: &[&str]| json!([{ "from": "Downloads", "to": format!("Downloads/{to}"), "names": names }]);
    let value = json!({ "count": 5, "inside": 2, "more": false, "project": null, "dated": {}, "stay": { "hidden files": 1 },
        "moves": one("Code", &["a.html", "page.html"]), "along": one("Images", &["IMG_1.xmp"]), "folders": one("Code", &["page_files"]) });
    let suggest = move |call: &cowork_core::ProposedCall| {
        let value = value.clone();
        (call.tool == "suggest_folders").then(|| cowork_core::Outcome::Done { value, note: String::new() })
    };
    let files = ["Downloads/page.html", "Downloads/IMG_1.xmp", "Downloads/page_files/style.css"];
    let mut story = Story::of(organise(json!({}))).files(&files).answering(suggest);
    let (summary, data) = story.done().await;
    assert_eq!(
        summary,
        "2 files and 1 folder moved, 2 left as they were (hidden files: 1), nothing deleted. Not done: 1, because it is gone.\n\n  Code/ 1   Images/ 1"
    );
    assert_eq!(data["folders"], json!({ "Code/": 1, "Images/": 1 }), "what was not made is not counted");
    assert_eq!(story.calls().len(), 2);
}

#[tokio::test]
async fn the_folder_of_a_project_is_left_alone() {
    let mut submit = organise(json!({}));
    submit.folders = vec![folder("Downloads"), folder("Work")];
    let mut story = Story::of(submit).files(&["Downloads/a.pdf", "Work/b.pdf", "Work/Cargo.toml"]);
    let (summary, data) = story.done().await;
    assert_eq!(story.paths(), ["Downloads/Documents/a.pdf", "Work/Cargo.toml", "Work/b.pdf"]);
    let said = "1 file moved, 2 left as they were (files of a project: 2), nothing deleted. Work is the folder of a project (Cargo.toml lies in it), so nothing in it was moved.";
    assert!(summary.starts_with(said), "{summary}");
    assert_eq!(data["stayed"]["files of a project"], 2);
}

#[tokio::test]
async fn fifty_thousand_files_are_one_batch() {
    let names: Vec<String> =
        (0..50_000).map(|i| format!("Downloads/file {i}.{}", ["pdf", "png", "zip"][i % 3])).collect();
    let mut story = Story::of(organise(json!({}))).files(&names.iter().map(String::as_str).collect::<Vec<_>>());
    let look = story.plan().await.unwrap();
    story.commit(look);
    let began = std::time::Instant::now();
    let moves = story.plan().await.unwrap();
    eprintln!("50,000 files decided twice (kept and replayed): {:?}", began.elapsed());
    assert_eq!(moves.calls.len(), 1);
    let moves = moves.calls[0].args["moves"].as_array().unwrap();
    assert_eq!(moves.iter().map(|one| one["names"].as_array().unwrap().len()).sum::<usize>(), 50_000);
}
