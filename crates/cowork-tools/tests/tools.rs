//! The tools, through the registry as the engine uses them.

#![allow(
    clippy::unwrap_used,
    clippy::needless_pass_by_value,
    reason = "a story that goes wrong ends; `json!` is passed on"
)]

use std::{sync::Arc, time::Instant};

use cowork_core::{Access, Effects, Integrity, Kind, Label, Registry, Timestamp, ToolOutput};
use cowork_testkit::{MemorySession, Node, TestRuntime, tool::context};
use serde_json::{Value, json};

fn registry() -> Registry {
    let mut registry = Registry::new();
    cowork_tools::builtin().into_iter().for_each(|t| registry.add(t).unwrap());
    registry
}

fn effects(tool: &str, args: Value) -> cowork_core::Result<Effects> {
    registry().effects(tool, &args)
}

async fn run(memory: &Arc<MemorySession>, tool: &str, args: Value) -> cowork_core::Result<ToolOutput> {
    let registry = registry();
    registry.effects(tool, &args)?;
    let runtime = TestRuntime::new();
    runtime.set(Timestamp::from_millis(1_774_008_000_123));
    registry.get(tool)?.run(args, context(Some(memory.clone()), runtime)).await
}

fn file(text: &str) -> Node {
    Node::File(text.as_bytes().to_vec())
}

fn touched(effects: &Effects) -> Vec<(String, Access)> {
    effects.files.iter().map(|f| (f.path.to_string(), f.access)).collect()
}

/// The schemas are what hosts and playbooks are written against: a change here must be meant.
/// `COWORK_BLESS=1` writes them anew.
#[test]
fn the_schemas_are_the_recorded_ones() {
    let specs = serde_json::to_string_pretty(&*registry().specs()).unwrap() + "\n";
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/specs.json");
    if std::env::var_os("COWORK_BLESS").is_some() {
        std::fs::write(path, &specs).unwrap();
    }
    assert_eq!(std::fs::read_to_string(path).unwrap(), specs, "run with COWORK_BLESS=1 if this is meant");
    for spec in &*registry().specs() {
        let described =
            spec.schema["properties"].as_object().into_iter().flatten().all(|(_, p)| p["description"].is_string());
        assert!(described, "every field of {} says what it is", spec.name);
        assert_eq!(spec.schema["additionalProperties"], false, "{} takes nothing it does not know", spec.name);
    }
}

#[tokio::test]
async fn a_folder_is_listed_and_labelled() {
    let memory = MemorySession::new(&[
        ("Downloads/a.txt", file("hello")),
        ("Downloads/sub/b.txt", file("")),
        ("Downloads/link", Node::Link),
        ("Downloads/pipe", Node::Pipe),
    ]);
    let out = run(&memory, "list_folder", json!({ "path": "Downloads" })).await.unwrap();
    assert_eq!(out.note, "1 file, 1 folder");
    assert_eq!(out.value["count"], 4);
    let kinds: Vec<&str> =
        out.value["entries"].as_array().unwrap().iter().map(|e| e["kind"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["file", "link", "other", "folder"]);
    assert_eq!(out.value["entries"][0]["size"], 5);
    assert_eq!(out.label, Label::file("Downloads"), "anybody may have written a name");

    let missing = run(&memory, "list_folder", json!({ "path": "Downloads/nothing" })).await.unwrap_err();
    assert_eq!(missing.kind, Kind::NotFound);
    let info = run(&memory, "file_info", json!({ "path": "Downloads/a.txt" })).await.unwrap();
    assert_eq!(info.value["name"], "a.txt");
}

#[tokio::test]
async fn a_long_text_is_read_in_pieces_that_fit_together() {
    let text = "größer € ".repeat(400);
    let memory = MemorySession::new(&[
        ("D/long.txt", file(&format!("\u{feff}{text}"))),
        ("D/raw.bin", Node::File(vec![1, 0, 2])),
        ("D/latin.txt", Node::File(b"caf\xe9".to_vec())),
        ("D/empty", file("")),
    ]);
    let (mut whole, mut offset, mut pieces) = (String::new(), json!(0), 0);
    while !offset.is_null() {
        let out =
            run(&memory, "read_file", json!({ "path": "D/long.txt", "offset": offset, "most": 101 })).await.unwrap();
        whole.push_str(out.value["text"].as_str().unwrap());
        offset = out.value["next"].clone();
        pieces += 1;
    }
    assert!(pieces > 10 && whole == text, "the pieces give the text, the mark at its start aside");
    let out = run(&memory, "read_file", json!({ "path": "D/raw.bin" })).await.unwrap();
    assert_eq!((&out.value["binary"], out.note.as_str()), (&json!(true), "not a text file"));
    let out = run(&memory, "read_file", json!({ "path": "D/latin.txt" })).await.unwrap();
    assert_eq!((&out.value["text"], &out.value["encoding"]), (&json!("café"), &json!("windows-1252")));
    let empty = run(&memory, "read_file", json!({ "path": "D/empty" })).await.unwrap();
    assert_eq!((&empty.value["text"], &empty.value["next"]), (&json!(""), &Value::Null));
}

#[tokio::test]
async fn a_batch_of_moves_says_what_came_of_it() {
    let memory = MemorySession::new(&[("D/a.txt", file("1")), ("D/b.txt", file("2")), ("D/T/a.txt", file("3"))]);
    let moves = json!([
        { "from": "D/a.txt", "to": "D/T/a.txt" },
        { "from": "D/b.txt", "to": "D/T/b.txt" },
        { "from": "D/gone", "to": "D/T/gone" },
    ]);
    let out = run(&memory, "move_files", json!({ "moves": moves, "if_taken": "number" })).await.unwrap();
    assert_eq!(out.note, "2 files moved, 1 under another name, 1 left as they were");
    assert_eq!(memory.paths(), ["D", "D/T", "D/T/a (2).txt", "D/T/a.txt", "D/T/b.txt"]);
    assert_eq!(out.value["otherwise"][0]["reason"], "`D/gone` is not there");
    assert_eq!(out.value["otherwise"][1]["renamed"], "D/T/a (2).txt");
    assert_eq!(out.value["left_at"], json!([[2, 3]]));
    let moves: Vec<Value> =
        (0..400).map(|n| json!({ "from": format!("D/gone {n}"), "to": format!("D/T/{n}") })).collect();
    let out = run(&memory, "move_files", json!({ "moves": moves })).await.unwrap();
    assert_eq!((&out.value["left_at"], &out.value["left"]), (&json!([[0, 400]]), &json!(400)));
    assert_eq!(
        out.value["reasons"],
        json!([{ "files": 400, "why": "`D/gone 0` is not there", "fix": "see to that, then try again" }]),
        "one reason, not 400"
    );
}

#[tokio::test]
async fn files_are_written_copied_and_set_aside() {
    let memory = MemorySession::new(&[("D/a.txt", file("old"))]);
    for (if_exists, note) in [("skip", "0 files written, 1 left as they were"), ("replace", "1 file written")] {
        run(&memory, "read_file", json!({ "path": "D/a.txt" })).await.unwrap();
        let args = json!({ "path": "D/a.txt", "text": "new", "if_exists": if_exists });
        assert_eq!(run(&memory, "write_file", args).await.unwrap().note, note);
    }
    run(&memory, "make_folder", json!({ "path": "D/x/y" })).await.unwrap();
    let copies = json!([{ "from": "D/a.txt", "to": "D/x/a.txt" }]);
    run(&memory, "copy_files", json!({ "copies": copies })).await.unwrap();
    run(&memory, "set_aside", json!({ "paths": ["D/a.txt"] })).await.unwrap();
    assert_eq!(memory.paths(), ["D", "D/x", "D/x/a.txt", "D/x/y"]);
}

#[tokio::test]
async fn a_text_is_found_in_names_and_contents_and_what_was_skipped_is_said() {
    let long = format!("{} needle {}", "x".repeat(500), "y".repeat(500));
    let memory = MemorySession::new(&[
        ("D/Needle.txt", file("nothing here")),
        ("D/sub/deep.md", file("first\nA NEEDLE in hay\nthird needle\n")),
        ("D/long.txt", file(&long)),
        ("D/raw.bin", Node::File(b"needle\0".to_vec())),
        ("D/link", Node::Link),
        ("D/pipe", Node::Pipe),
    ]);
    let out = run(&memory, "find_text", json!({ "folder": "D", "query": "needle" })).await.unwrap();
    let hits = out.value["hits"].as_array().unwrap();
    let found: Vec<(&str, Option<u64>)> =
        hits.iter().map(|h| (h["path"].as_str().unwrap(), h["line"].as_u64())).collect();
    let expected =
        [("D/Needle.txt", None), ("D/long.txt", Some(1)), ("D/sub/deep.md", Some(2)), ("D/sub/deep.md", Some(3))];
    assert_eq!(found, expected);
    let cut = hits[1]["text"].as_str().unwrap();
    assert!(cut.contains("needle") && cut.chars().count() <= 202, "a long line is cut to what lies around the hit");
    assert_eq!(out.value["skipped"], json!({ "links": 1, "special": 1, "binary": 1 }));
    assert_eq!((&out.value["matched"], &out.value["searched"]), (&json!(3), &json!(4)));

    let only = |more: Value| {
        let mut args = json!({ "folder": "D", "query": "NEEDLE" });
        args.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        run(&memory, "find_text", args)
    };
    assert_eq!(only(json!({ "match_case": true })).await.unwrap().value["hits"].as_array().unwrap().len(), 1);
    assert_eq!(only(json!({ "contents": false })).await.unwrap().value["hits"].as_array().unwrap().len(), 1);
    let few = only(json!({ "most": 2 })).await.unwrap().value;
    assert_eq!((few["complete"].clone(), few["hits"].as_array().unwrap().len()), (json!(false), 2));
    assert_eq!(only(json!({ "most": 4 })).await.unwrap().value["complete"], true, "as many as there are is complete");
}

#[tokio::test]
async fn time_and_chance_come_from_the_runtime() {
    let memory = MemorySession::new(&[]);
    let now = run(&memory, "now", json!({})).await.unwrap();
    assert_eq!(now.value, json!({ "millis": 1_774_008_000_123_i64, "iso": "2026-03-20T12:00:00.123Z", "zone": "UTC" }));
    assert_eq!(now.label.integrity, Integrity::Trusted);
    let one = run(&memory, "random", json!({ "below": 10 })).await.unwrap();
    assert!(one.value["number"].as_u64().unwrap() < 10);
    assert!(!effects("now", json!({})).unwrap().is_change() && effects("random", json!({ "below": 0 })).is_err());
}

#[test]
fn a_move_is_shown_by_target_folder_the_largest_first() {
    let mut moves: Vec<Value> = (0..212)
        .map(|i| json!({ "from": format!("Downloads/d{i}.pdf"), "to": format!("Downloads/Documents/d{i}.pdf") }))
        .collect();
    moves.extend(
        (0..300).map(|i| json!({ "from": format!("Downloads/i{i}.png"), "to": format!("Downloads/Images/i{i}.png") })),
    );
    moves.push(json!({ "from": "Downloads/e\u{1b}[31mvil\u{202e}.zip", "to": "Downloads/Archives/x.zip" }));
    moves.push(json!({ "from": "Downloads/y.zip", "to": "Downloads/Archives/x.zip" }));
    let effects = effects("move_files", json!({ "moves": moves, "if_taken": "number" })).unwrap();
    assert_eq!(touched(&effects), [("Downloads".to_owned(), Access::Write)], "folders, not 1,028 paths");
    assert!(effects.undoable && effects.complete && effects.is_change());
    let preview = &effects.preview;
    assert_eq!(preview.title, "move 514 files inside Downloads");
    let groups: Vec<(u64, &str)> = preview.groups.iter().map(|g| (g.count, g.label.as_str())).collect();
    assert_eq!(groups, [(300, "→ Images/"), (212, "→ Documents/"), (2, "→ Archives/")]);
    assert_eq!(preview.groups[0].examples, ["i0.png", "i1.png"]);
    assert_eq!(
        preview.groups[2].examples[0], "e\u{fffd}[31mvil\u{fffd}.zip as x.zip",
        "nothing in a name acts on a screen"
    );
    assert_eq!(preview.notes, ["1 name clashes with another of these files: they get a number"]);
}

#[test]
fn effects_name_what_is_touched_and_no_more() {
    let moved = |from: &str, to: &str| effects("move_files", json!({ "moves": [{ "from": from, "to": to }] })).unwrap();
    let one = moved("A/x/a.txt", "A/y/b.txt");
    assert_eq!(touched(&one), [("A/x/a.txt".to_owned(), Access::Write), ("A/y/b.txt".to_owned(), Access::Write)]);
    assert_eq!(one.preview.title, "move 1 file inside A");
    assert_eq!(moved("A/a.txt", "B/a.txt").preview.title, "move 1 file from A to B");

    let copied = effects("copy_files", json!({ "copies": [{ "from": "A/a", "to": "B/a" }] })).unwrap();
    assert_eq!(touched(&copied), [("B/a".to_owned(), Access::Write), ("A/a".to_owned(), Access::Read)]);
    let looked = effects("read_file", json!({ "path": "A/a" })).unwrap();
    assert_eq!((touched(&looked), looked.is_change()), (vec![("A/a".to_owned(), Access::Read)], false));
}

#[test]
fn what_can_not_be_meant_is_refused_before_anything_runs() {
    let pair = |from: &str, to: &str| json!({ "moves": [{ "from": from, "to": to }] });
    let cases = [
        ("move_files", pair("A", "B/a"), "`A` is a granted folder itself; only what is in it can be changed"),
        ("move_files", pair("A/x", "A/x/y"), "`A/x` can't be moved into itself"),
        ("set_aside", json!({ "paths": ["A"] }), "`A` is a granted folder itself; only what is in it can be changed"),
        ("find_text", json!({ "folder": "A", "query": "  " }), "there is nothing to look for: the text is empty"),
    ];
    for (tool, args, why) in cases {
        let error = effects(tool, args).unwrap_err();
        assert_eq!((error.kind, error.message.as_str()), (Kind::InvalidInput, why));
    }
    let twice = json!({ "moves": [{ "from": "A/a", "to": "A/b" }, { "from": "A/a", "to": "A/c" }] });
    assert_eq!(effects("move_files", twice).unwrap_err().message, "`A/a` is to be moved twice");
    for path in ["/etc/passwd", "A/../B", "", "A//b", "A/\u{0}"] {
        let error = effects("list_folder", json!({ "path": path })).unwrap_err();
        assert_eq!(error.kind, Kind::InvalidInput, "{path:?}");
    }
    assert!(effects("list_folder", json!({ "path": "A", "deep": true })).unwrap_err().message.contains("deep"));
    assert!(effects("move_files", json!({ "moves": [] })).is_err());
}

#[test]
fn fifty_thousand_moves_name_one_folder_and_show_fifty() {
    let moves: Vec<Value> =
        (0..50_000).map(|i| json!({ "from": format!("D/{i}.txt"), "to": format!("D/F{}/{i}.txt", i % 80) })).collect();
    let args = json!({ "moves": moves, "if_taken": "number" });
    let registry = registry();
    let began = Instant::now();
    let effects = registry.effects("move_files", &args).unwrap();
    let took = began.elapsed();
    assert_eq!(touched(&effects), [("D".to_owned(), Access::Write)]);
    assert_eq!(effects.preview.groups.len(), 50);
    assert_eq!(effects.preview.notes, ["and 18750 more in 30 other folders"]);
    eprintln!("50,000 moves: {took:?}");
}
