//! The built-in `duplicates`, `folder-report`, `replace` and `watch`, over answers that the tests make up.
//!
//! What they do to real files is told in `crates/cowork-cli/tests/reports.rs`.

#![allow(clippy::unwrap_used, clippy::panic, clippy::needless_pass_by_value)]

mod story;

use cowork_core::{Error, Finish, Kind, Outcome, ProposedCall, Submit};
use serde_json::{Value, json};
use story::{Story, category, denied, folder, withheld};

/// What `now` gives in these stories.
const NOW: i64 = 1_774_008_000_123;

fn submit(playbook: &str, params: Value) -> Submit {
    let mut submit = Submit::new("Do it");
    submit.folders = vec![folder("Downloads")];
    submit.planner = json!({ "playbook": playbook, "params": params });
    submit
}

fn done(value: Value) -> Option<Outcome> {
    Some(Outcome::Done { value, note: String::new() })
}

fn failed(message: &str) -> Option<Outcome> {
    Some(Outcome::Failed { error: Error::new(Kind::NotFound, "look", message) })
}

fn tools(story: &Story) -> Vec<&str> {
    story.calls().iter().map(|c| c.tool.as_str()).collect()
}

fn golden(name: &str, story: &Story) {
    let told =
        |p: &cowork_core::Proposal| json!({ "say": p.say, "plan": p.plan, "calls": p.calls, "finish": p.finish });
    insta::assert_json_snapshot!(name, story.proposals.iter().map(told).collect::<Vec<_>>());
}

/// Two groups: one of three names, of which one is a hard link, one with a line's end in a name.
fn twins(call: &ProposedCall) -> Option<Outcome> {
    let groups = json!([
        { "size": 2_000_000, "copies": 3, "wasted": 4_000_000, "blake3": "a",
          "files": ["Downloads/a.pdf", "Downloads/a (1).pdf", "Downloads/old/a.pdf"], "linked": ["Downloads/old/a.pdf"] },
        { "size": 5, "copies": 2, "wasted": 5, "blake3": "b", "files": ["Downloads/b", "Downloads/two\nlines"] },
    ]);
    match call.tool.as_str() {
        "find_duplicates" => done(json!({ "groups": 2, "files": 5, "wasted": 4_000_005, "searched": 1_234,
            "duplicates": groups, "skipped": { "unreadable": 1, "mounts": 0 }, "next": null })),
        "set_aside" => {
            let asked = call.args["paths"].as_array().unwrap().len();
            done(
                json!({ "made": asked, "renamed": 0, "left": 0, "left_at": [], "reasons": [], "told": "", "otherwise": [] }),
            )
        }
        _ => None,
    }
}

#[tokio::test]
async fn all_but_one_of_equal_files_are_set_aside_in_one_batch() {
    let mut story = Story::of(submit("duplicates", json!({ "keep": "newest" }))).answering(twins);
    let (summary, data) = story.done().await;
    assert_eq!(tools(&story), ["now", "find_duplicates", "set_aside"]);
    assert_eq!(story.calls()[1].args["keep"], "newest");
    let aside = json!({ "paths": ["Downloads/a (1).pdf", "Downloads/two\nlines"], "unchanged_since": NOW,
        "copies_of": ["Downloads/a.pdf", "Downloads/b"] });
    assert_eq!(story.calls()[2].args, aside);
    assert_eq!((&data["aside"], &data["room"], &data["linked"]), (&json!(2), &json!(2_000_005), &json!(1)));
    let expected = "2 files set aside, 2.0 MB, from 2 groups; the newest is kept. Nothing was deleted: undo brings them back. \
        Left: 1 file with other names (hard links), because setting them aside frees nothing; 1 that could not be read.\n\n  \
        stays: Downloads/a.pdf and 1 more  (2.0 MB)\n   \
        goes: Downloads/a (1).pdf\n  \
        stays: Downloads/b  (5 B)\n   \
        goes: Downloads/two\u{fffd}lines";
    assert_eq!(summary, expected);
    golden("the_proposals_of_duplicates", &story);
}

#[tokio::test]
async fn duplicates_are_only_told_in_a_dry_run_and_a_no_ends_it() {
    let mut dry = Story::of(submit("duplicates", json!({ "dry_run": true }))).answering(twins);
    let (summary, data) = dry.done().await;
    assert_eq!(tools(&dry), ["now", "find_duplicates"]);
    assert!(
        summary.starts_with("2 files in 2 groups would be set aside, 2.0 MB; the oldest is kept. Nothing was changed.")
    );
    assert_eq!(data["would_set_aside"], 2);

    let no = |call: &ProposedCall| if call.tool == "set_aside" { Some(denied()) } else { twins(call) };
    let error = Story::of(submit("duplicates", json!({}))).answering(no).fails().await;
    assert_eq!(error.kind, Kind::NotAllowed);
    let held = |call: &ProposedCall| {
        if call.tool == "set_aside" { Some(withheld("set aside 2 files")) } else { twins(call) }
    };
    let (summary, _) = Story::of(submit("duplicates", json!({}))).answering(held).done().await;
    assert_eq!(summary, "Would set aside 2 files; nothing was changed.");
    let none = |call: &ProposedCall| {
        let nothing = json!({ "groups": 0, "files": 0, "wasted": 0, "searched": 0, "duplicates": [], "skipped": {}, "next": null });
        if call.tool == "find_duplicates" { done(nothing) } else { None }
    };
    let (summary, _) = Story::of(submit("duplicates", json!({}))).answering(none).done().await;
    assert_eq!(summary, "No files to compare here.");
}

/// The tool compares files of these kinds only.
#[tokio::test]
async fn only_files_of_the_kinds_that_are_named_are_compared() {
    let none = |call: &ProposedCall| {
        let nothing = json!({ "groups": 0, "files": 0, "wasted": 0, "searched": 20, "duplicates": [], "skipped": {}, "next": null });
        if call.tool == "find_duplicates" { done(nothing) } else { None }
    };
    let mut story = Story::of(submit("duplicates", json!({ "only": "photos,scans" }))).answering(none);
    story.done().await;
    assert_eq!(story.calls()[1].args["only"], json!(["photos", "scans"]));
    let mut story = Story::of(submit("duplicates", json!({}))).answering(none);
    story.done().await;
    assert_eq!(story.calls()[1].args.get("only"), None);
}

#[tokio::test]
async fn fifty_thousand_duplicates_take_two_calls() {
    let group = |n: usize| json!({ "size": 10, "copies": 2, "wasted": 10, "blake3": "", "files": [format!("Downloads/{n} a.jpg"), format!("Downloads/{n} b.jpg")] });
    let groups: Vec<Value> = (0..50_000).map(group).collect();
    let mut story = Story::of(submit("duplicates", json!({}))).answering(move |call| match call.tool.as_str() {
        "find_duplicates" => done(json!({ "groups": 50_000, "files": 100_000, "wasted": 500_000, "searched": 100_000,
            "duplicates": groups, "skipped": {}, "next": null })),
        _ => twins(call),
    });
    for _ in ["now", "find_duplicates"] {
        let look = story.plan().await.unwrap();
        story.commit(look);
    }
    let began = std::time::Instant::now();
    let aside = story.plan().await.unwrap();
    eprintln!("50,000 groups decided twice (kept and replayed): {:?}", began.elapsed());
    assert_eq!(aside.calls[0].args["paths"].as_array().unwrap().len(), 50_000);
    story.commit(aside);
    assert_eq!(story.done().await.1["aside"], 50_000);
}

#[tokio::test]
async fn find_takes_words_where_the_text_stands_nowhere_and_counts_by_kind_what_it_did_not_look_into() {
    fn none() -> Value {
        json!({ "matched": 0, "searched": 2, "complete": true, "ended": "", "next": null, "skipped": {}, "hits": [] })
    }
    let found = |call: &ProposedCall| {
        assert_eq!(call.args["query"], "Müller contract");
        if call.args["words"] == false {
            return done(none());
        }
        done(json!({ "matched": 3, "searched": 30, "lines": 2, "complete": true, "ended": "", "next": null,
            "skipped": { "no_text": 9, "large": 3, "damaged": 1, "binary": 3 }, "not_text": { "Images": 1, "Other": 2 },
            "hits": [
                { "path": "Downloads/Müller contract.txt" },
                { "path": "Downloads/a.docx", "line": 7, "text": " the contract with Müller" },
                { "path": "Downloads/b.pdf", "line": 90, "text": "Müller", "place": "page 4" } ] }))
    };
    let (summary, data) =
        Story::of(submit("find", json!({ "query": "Müller contract" }))).answering(found).done().await;
    assert_eq!(
        summary,
        "“Müller contract” stands nowhere just so; its words are all in 3 files (3 hits); 14 files searched. 16 not looked into: 9 scanned PDFs, 3 too large, \
         2 other files without text, 1 damaged or locked, 1 picture.\n\n  Downloads/Müller contract.txt\n  \
         Downloads/a.docx  the contract with Müller\n  Downloads/b.pdf, page 4  Müller"
    );
    assert_eq!(data["not_text"], json!({ "Images": 1, "Other": 2 }));

    let literal = |call: &ProposedCall| {
        assert_eq!(call.args["words"], false);
        done(none())
    };
    let (summary, _) =
        Story::of(submit("find", json!({ "query": "net 30", "exact": true }))).answering(literal).done().await;
    assert_eq!(summary, "Nothing found: “net 30” is not in the 2 files searched.");
}

fn tree(bytes: u64) -> Value {
    let age = |days: Option<u32>| json!({ "days": days, "files": 1, "bytes": if days.is_some() { 100 } else { bytes - 600 } });
    let ages: Vec<Value> = [7, 30, 90, 365, 730, 1_825].map(Some).into_iter().chain([None]).map(age).collect();
    json!({
        "total": { "path": "Downloads", "files": 7, "folders": 2, "others": 0, "bytes": bytes, "newest": 5, "ignored": 0 },
        "tree": [
            { "path": "Downloads/in <b>", "files": 3, "folders": 0, "others": 0, "bytes": bytes - 1_500, "newest": 5 },
            { "path": "Downloads/=x,\"y\"\nz", "files": 2, "folders": 0, "others": 0, "bytes": 500, "newest": 5 },
        ],
        "largest": [{ "path": "Downloads/in <b>/film.mp4", "size": bytes - 2_000, "modified": 1_767_225_600_000_i64 }],
        "newest": [],
        "types": [{ "type": "mp4", "category": "Video", "files": 1, "bytes": bytes - 2_000 },
            { "type": "", "category": "Other", "files": 6, "bytes": 2_000 }],
        "other_types": { "files": 0, "bytes": 0 },
        "ages": ages,
        "skipped": { "unreadable": 0, "mounts": 0 }, "complete": true, "next": null,
    })
}

/// The world of a report, with what was written into its folder before.
fn reporting(bytes: u64, before: Vec<(String, String)>) -> impl FnMut(&ProposedCall) -> Option<Outcome> {
    move |call| match call.tool.as_str() {
        "folder_tree" => done(tree(bytes)),
        "list_folder" if before.is_empty() => failed("`Downloads/Folder report` is not there"),
        "list_folder" => done(json!({ "count": before.len(), "next": null,
            "entries": before.iter().map(|(name, _)| json!({ "name": name, "kind": "file" })).collect::<Vec<_>>() })),
        "read_file" => {
            let path = call.args["path"].as_str().unwrap();
            let (_, text) = before.iter().find(|(name, _)| path.ends_with(name.as_str())).unwrap();
            done(json!({ "text": text.trim_start_matches('\u{feff}'), "next": null }))
        }
        "write_file" => done(
            json!({ "made": 1, "renamed": 0, "left": 0, "left_at": [], "reasons": [], "told": "", "otherwise": [] }),
        ),
        _ => None,
    }
}

fn written(story: &Story, end: &str) -> (String, String) {
    let calls = story.calls();
    let of = |c: &&&ProposedCall| c.tool == "write_file" && c.args["path"].as_str().unwrap().ends_with(end);
    let call = calls.iter().find(of).unwrap();
    (call.args["path"].as_str().unwrap().to_owned(), call.args["text"].as_str().unwrap().to_owned())
}

#[tokio::test]
async fn a_report_is_a_page_that_loads_nothing_and_a_table() {
    let mut story = Story::of(submit("folder-report", json!({}))).answering(reporting(5_000_000, Vec::new()));
    let (summary, data) = story.done().await;
    assert_eq!(
        summary,
        "Downloads: 7 files, 5.0 MB in 2 folders.\n\n  Video 5.0 MB   Other 2.0 KB\n\n  \
         Report: Downloads/Folder report/Folder report 2026-03-20.html\n  \
         Data:   Downloads/Folder report/Folder report 2026-03-20.csv"
    );
    assert_eq!(data["bytes"], 5_000_000);
    let (_, page) = written(&story, ".html");
    for never in ["<script", "http://", "https://", "url(", "@import", "in <b>", "src=", "Since"] {
        assert!(!page.contains(never), "{never} in the page");
    }
    assert!(page.contains("in &lt;b&gt;") && page.contains("prefers-color-scheme:dark") && page.contains("<svg"));
    insta::assert_snapshot!("the_table_of_a_report", written(&story, ".csv").1);
}

#[tokio::test]
async fn a_report_tells_what_grew_since_the_last_and_takes_another_number() {
    let mut first = Story::of(submit("folder-report", json!({}))).answering(reporting(5_000_000, Vec::new()));
    first.done().await;
    let (_, table) = written(&first, ".csv");
    let before = vec![
        ("Folder report 2026-03-20.csv".to_owned(), table.clone()),
        ("Folder report 2026-03-20 (2).csv".to_owned(), "no table\n\"broken".to_owned()),
        ("Folder report 2025-01-01.csv".to_owned(), table.replace("Downloads,7", "Other,7")),
        ("notes.csv".to_owned(), table),
    ];
    let mut story = Story::of(submit("folder-report", json!({}))).answering(reporting(8_000_000, before));
    let (summary, data) = story.done().await;
    assert_eq!((&data["since"]["bytes"], &data["since"]["files"]), (&json!(3_000_000), &json!(0)));
    assert!(summary.contains("+3.0 MB since 12:00 today."), "{summary}");
    assert_eq!(written(&story, ".html").0, "Downloads/Folder report/Folder report 2026-03-20 (3).html");
    assert!(written(&story, ".csv").1.contains("history,,7,,5000000,2026-03-20T12:00:00.123Z"));
    assert!(written(&story, ".html").1.contains("+3.0 MB"));
}

#[tokio::test]
async fn what_grew_directly_in_the_folder_is_told_and_the_lines_add_up() {
    let mut first = Story::of(submit("folder-report", json!({}))).answering(reporting(5_000_000, Vec::new()));
    first.done().await;
    let before = vec![("Folder report 2026-03-20.csv".to_owned(), written(&first, ".csv").1)];
    // A folder shrank by 2 MB, and so much more came to lie beside it that the whole has 5 MB more.
    let mut world = reporting(3_000_000, before);
    let beside = move |call: &ProposedCall| {
        let mut shrunk = tree(3_000_000);
        shrunk["total"]["bytes"] = json!(10_000_000);
        shrunk["total"]["hollow"] = json!({ "files": 1, "bytes": 3_000_000_000_u64 });
        if call.tool == "folder_tree" { done(shrunk) } else { world(call) }
    };
    let mut story = Story::of(submit("folder-report", json!({}))).answering(beside);
    let (summary, _) = story.done().await;
    assert!(summary.contains("+5.0 MB since"), "{summary}");
    assert!(summary.contains("1 file claims 3.0 GB more than it takes on the disk."), "{summary}");
    let page = written(&story, ".html").1;
    let changes = page.split("<ul class=\"changes\">").nth(1).unwrap().split("</ul>").next().unwrap();
    let lines: Vec<(&str, &str)> = changes
        .split("<li>")
        .skip(1)
        .map(|line| {
            let name = line.split("<span>").nth(1).unwrap().split('<').next().unwrap();
            (name, line.rsplit("\">").next().unwrap().split('<').next().unwrap())
        })
        .collect();
    assert_eq!(lines, [("directly in it", "+7.0 MB"), ("in &lt;b&gt;", "−2.0 MB")]);
}

#[tokio::test]
async fn a_report_goes_where_it_is_told_and_nowhere_else() {
    let to = |to: &str| submit("folder-report", json!({ "to": to, "most": 5 }));
    let mut story = Story::of(to("Downloads/Reports/")).answering(reporting(5_000, Vec::new()));
    story.done().await;
    assert_eq!(written(&story, ".csv").0, "Downloads/Reports/Folder report 2026-03-20.csv");
    let mut story = Story::of(to("Mine")).answering(reporting(5_000, Vec::new()));
    story.done().await;
    assert_eq!(written(&story, ".csv").0, "Downloads/Mine/Folder report 2026-03-20.csv");
    let error = Story::of(to("~/Desktop")).answering(reporting(5_000, Vec::new())).fails().await;
    assert!(error.message.contains("`~/Desktop` is no place in the granted folders"), "{error:?}");
    let gone = |_: &ProposedCall| failed("`Downloads` is not there");
    let error = Story::of(submit("folder-report", json!({}))).answering(gone).fails().await;
    assert_eq!(error.kind, Kind::NotFound);
}

fn replacing(call: &ProposedCall) -> Option<Outcome> {
    match (call.tool.as_str(), call.args["give"].as_str()) {
        ("find_text", Some("counts")) => {
            done(json!({ "matched": 3, "searched": 9, "lines": 6, "skipped": {}, "complete": true,
            "ended": "", "next": null, "hits": [
                { "path": "Downloads/a.md", "lines": 2 }, { "path": "Downloads/b.md", "lines": 3 },
                { "path": "Downloads/c.pdf", "lines": 1, "binary": true } ] }))
        }
        ("find_text", None) => done(json!({ "matched": 1, "searched": 1, "complete": true, "ended": "", "next": null,
            "skipped": {}, "hits": [{ "path": call.args["folder"], "line": 4, "text": "  Dear Acme,\t" }] })),
        ("replace_text", _) => done(json!({ "made": 1, "renamed": 0, "left": 1, "left_at": [[1, 2]],
            "reasons": [{ "files": 1, "why": "`Downloads/b.md` was changed meanwhile", "fix": "try again" }],
            "told": "Not done: 1, because `Downloads/b.md` was changed meanwhile.", "otherwise": [{ "index": 1, "path": "Downloads/b.md", "reason": "`Downloads/b.md` was changed meanwhile" }] })),
        _ => None,
    }
}

#[tokio::test]
async fn a_text_is_replaced_in_one_batch_after_its_first_lines_were_shown() {
    let params = json!({ "find": "Acme", "with": "Globex", "files": "*.md" });
    let mut story = Story::of(submit("replace", params.clone())).answering(replacing);
    let (summary, data) = story.done().await;
    assert_eq!(tools(&story), ["now", "find_text", "find_text", "find_text", "replace_text"]);
    assert_eq!((&story.calls()[1].args["files"], &story.calls()[1].args["match_case"]), (&json!("*.md"), &json!(true)));
    let asked = json!({ "paths": ["Downloads/a.md", "Downloads/b.md"], "old_text": "Acme", "new_text": "Globex", "unchanged_since": NOW });
    assert_eq!(story.calls()[4].args, asked);
    assert_eq!(
        summary,
        "1 file changed, 2 lines: “Acme” becomes “Globex”. Encodings and line ends are as they were; undo gives all of it back. \
         Left: 1 file with the text, not being text files. Not done: 1, because `Downloads/b.md` was changed meanwhile.\n\n  \
         Downloads/a.md 2"
    );
    assert_eq!(data["changed"], 1);
    golden("the_proposals_of_replace", &story);

    let mut dry = params;
    dry["dry_run"] = json!(true);
    let mut story = Story::of(submit("replace", dry)).answering(replacing);
    let (summary, _) = story.done().await;
    assert!(summary.ends_with("\n  Downloads/b.md:4\n    - Dear Acme,\n    + Dear Globex,"), "{summary}");
    assert_eq!(tools(&story), ["now", "find_text", "find_text", "find_text"]);
}

#[tokio::test]
async fn a_text_that_is_only_there_in_other_capitals_is_told() {
    let none = |call: &ProposedCall| {
        let matched = if call.args["give"] == "files" { 4 } else { 0 };
        let none = json!({ "matched": matched, "searched": 9, "skipped": {}, "complete": true, "ended": "", "next": null, "hits": [] });
        if call.tool == "find_text" { done(none) } else { None }
    };
    let (summary, _) = Story::of(submit("replace", json!({ "find": "acme", "with": "" }))).answering(none).done().await;
    assert!(
        summary.contains("“acme” is in none of the 9 files searched. With other capitals it is in 4 files"),
        "{summary}"
    );
    let error = Story::of(submit("replace", json!({ "find": "x", "with": "x" }))).fails().await;
    assert!(error.message.contains("The text would be replaced by itself"), "{error:?}");
}

fn entry(name: &str, size: u64) -> Value {
    json!({ "path": format!("Downloads/{name}"), "name": name, "kind": "file", "category": category(name), "size": size, "modified": 1_767_225_600_000_i64 })
}

fn nothing() -> Value {
    json!({ "arrived": [], "gone": [], "more": 0, "timed_out": true })
}

/// A folder in which these come, one after another; each wait takes half an hour.
fn coming(rounds: Vec<Value>) -> impl FnMut(&ProposedCall) -> Option<Outcome> {
    let (mut rounds, mut millis) = (rounds.into_iter(), 1_774_008_000_000_i64);
    move |call| match call.tool.as_str() {
        "now" => done(json!({ "millis": millis, "iso": "2026-03-20T12:00:00.000Z", "zone": "UTC" })),
        "list_folder" => done(json!({ "count": 2, "next": null, "entries": [entry("old.pdf", 1),
            json!({ "path": "Downloads/images", "name": "images", "kind": "folder", "size": 0, "modified": 0 })] })),
        "watch_folder" => {
            millis += 1_800_000;
            done(rounds.next().unwrap_or_else(nothing))
        }
        "file_info" => done(entry("loads.zip", 9)),
        "move_files" => {
            let made = call.args["moves"].as_array().unwrap().len();
            done(
                json!({ "made": made, "renamed": 0, "left": 0, "left_at": [], "reasons": [], "told": "", "otherwise": [] }),
            )
        }
        _ => None,
    }
}

fn arrived(entries: Value) -> Value {
    json!({ "arrived": entries, "gone": [], "more": 0, "timed_out": false })
}

#[tokio::test]
async fn what_arrives_and_is_complete_is_organised_a_batch_at_a_time() {
    let rounds = vec![
        arrived(json!([entry("a.pdf", 3), entry("b.PNG", 4), entry("c.zip.crdownload", 5), entry("old.pdf", 9)])),
        nothing(),
        arrived(json!([entry("c.zip", 5), entry("loads.zip", 0)])),
    ];
    let mut story = Story::of(submit("watch", json!({ "hours": 2 }))).answering(coming(rounds));
    let (summary, data) = story.done().await;
    let moves: Vec<&Value> =
        story.calls().iter().filter(|c| c.tool == "move_files").map(|c| &c.args["moves"]).collect();
    let one = |name: &str, folder: &str| json!({ "from": format!("Downloads/{name}"), "to": format!("Downloads/{folder}/{name}") });
    assert_eq!(
        moves,
        [
            &json!([one("a.pdf", "Documents"), one("b.PNG", "images")]),
            &json!([one("c.zip", "Archives")]),
            &json!([one("loads.zip", "Archives")]),
        ],
        "what was there, what is loading and what is empty waits"
    );
    assert_eq!(
        summary,
        "4 files organised as they arrived; the 2 hours are over. Nothing was deleted. Left where they are: files in use or not complete (1).\n\n  \
         Archives/ 2   Documents/ 1   images/ 1"
    );
    assert_eq!((&data["moved"], &data["rounds"]), (&json!(4), &json!(3)));
    golden("the_proposals_of_watch", &story);
}

#[tokio::test]
async fn a_watch_goes_on_after_a_no_and_says_what_it_can_t_do() {
    let rounds = vec![arrived(json!([entry("a.pdf", 3)])), arrived(json!([entry("b.pdf", 3)]))];
    let mut world = coming(rounds);
    let no_to_a = move |call: &ProposedCall| {
        let a = call.args["moves"][0]["from"] == "Downloads/a.pdf";
        if a { Some(denied()) } else { world(call) }
    };
    let (summary, data) = Story::of(submit("watch", json!({ "hours": 1 }))).answering(no_to_a).done().await;
    assert_eq!(
        (&data["moved"], summary.contains("Not done: 1, because you said no to")),
        (&json!(1), true),
        "{summary}"
    );

    let why = |params: Value| async move {
        let error = Story::of(submit("watch", params)).answering(coming(Vec::new())).fails().await;
        format!("{}\n{}", error.message, error.fix().unwrap_or_default())
    };
    assert_eq!(why(json!({ "hours": 0 })).await, "0 hours can't be watched\ngive 1 to 720");
    assert!(why(json!({ "by": "name" })).await.contains("there must be a pattern"));
    let mut two = submit("watch", json!({}));
    two.folders.push(folder("Desktop"));
    let Finish::Failed { error } = Story::of(two).play().await else { panic!("two folders at once") };
    assert!(error.message.contains("One folder can be watched at a time"), "{error:?}");
}

#[tokio::test]
async fn a_watch_by_pattern_and_date_takes_what_fits() {
    let mut never_set = entry("Acme 2.pdf", 3);
    never_set["modified"] = json!(86_400_000);
    let rounds = vec![arrived(json!([entry("Acme 1.pdf", 3), entry("other.pdf", 3), never_set]))];
    let params = json!({ "hours": 1, "by": "date", "pattern": "acme*" });
    let mut story = Story::of(submit("watch", params)).answering(coming(rounds));
    let (_, data) = story.done().await;
    assert_eq!(data["stayed"]["dates that can't be right"], 1);
    let calls = story.calls();
    let moves = calls.iter().find(|c| c.tool == "move_files").unwrap();
    assert_eq!(moves.args["moves"], json!([{ "from": "Downloads/Acme 1.pdf", "to": "Downloads/2026/01/Acme 1.pdf" }]));
}
