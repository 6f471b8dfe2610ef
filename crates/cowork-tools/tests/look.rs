//! The looking tools: what they give, in which order, and how to get the rest.

#![allow(clippy::unwrap_used, clippy::needless_pass_by_value, reason = "a story that goes wrong ends")]

mod samples;

use std::{sync::Arc, time::Duration};

use cowork_core::{CancellationToken, Error, Kind, Result, Timestamp, ToolContext, Watch};
use cowork_testkit::{MemorySession, Node, TestRuntime, tool::context};
use serde_json::{Value, json};

async fn call(memory: &Arc<MemorySession>, tool: &str, args: Value) -> Result<Value> {
    let runtime = TestRuntime::new();
    runtime.set(Timestamp::from_millis(1_700_000_060_000));
    let tool = cowork_tools::builtin().into_iter().find(|t| t.spec().name == tool).unwrap();
    tool.effects(&args)?;
    tool.run(args, context(Some(memory.clone()), runtime)).await.map(|out| out.value)
}

async fn refused(tool: &str, args: Value) -> Error {
    call(&MemorySession::new(&[("D", Node::Folder)]), tool, args).await.unwrap_err()
}

fn file(text: &str) -> Node {
    Node::File(text.as_bytes().to_vec())
}

fn strings(value: &Value, field: &str) -> Vec<String> {
    value.as_array().unwrap().iter().map(|v| v[field].as_str().unwrap().to_owned()).collect()
}

/// Calls again and again with what comes next, and gives all that came.
async fn all(memory: &Arc<MemorySession>, tool: &str, args: Value, field: &str) -> Vec<Value> {
    let (mut all, mut args) = (Vec::new(), args);
    loop {
        let page = call(memory, tool, args.clone()).await.unwrap();
        let some = page[field].as_array().unwrap();
        assert!(some.len() <= 2, "no more than was asked for");
        all.extend(some.clone());
        if page["next"].is_null() {
            return all;
        }
        args["after"] = page["next"].clone();
    }
}

fn desk() -> Arc<MemorySession> {
    MemorySession::new(&[
        ("D/b.txt", file("needle one\nhay\nNeedle two\n")),
        ("D/a.txt", file("needles\n")),
        ("D/c/deep/d.md", file("before\na needle\nafter\n\nneedle\n")),
        ("D/c/e.bin", Node::File(vec![0x7f, b'E', b'L', b'F', 0, 0, 0])),
        ("D/.hidden", file("needle")),
        ("D/c/.ignore", file("*.log\n")),
        ("D/c/f.log", file("needle")),
        ("D/link", Node::Link),
    ])
}

#[tokio::test]
async fn a_folder_is_listed_in_any_order_and_in_pages() {
    let desk = desk();
    let listed = call(&desk, "list_folder", json!({ "path": "D", "sort": "largest", "types": true })).await.unwrap();
    assert_eq!(strings(&listed["entries"], "name")[..3], ["b.txt", "a.txt", ".hidden"]);
    assert_eq!((&listed["count"], &listed["files"], &listed["folders"]), (&json!(5), &json!(3), &json!(1)));
    assert_eq!(listed["entries"][0]["type"], json!({ "mime": "text/plain", "encoding": "UTF-8" }));
    let info = call(&desk, "file_info", json!({ "path": "D/b.txt" })).await.unwrap();
    assert_eq!((&info["age"], &info["mode"]), (&json!(60), &json!("rw-r--r--")), "seconds since it changed");
    assert_eq!((listed["entries"][0].get("age"), listed["entries"][0].get("mode")), (None, None), "a list is short");
    let paged = all(&desk, "list_folder", json!({ "path": "D", "most": 2, "hidden": false }), "entries").await;
    assert_eq!(strings(&json!(paged), "name"), ["a.txt", "b.txt", "c", "link"]);
    let not = call(&desk, "list_folder", json!({ "path": "D/a.txt" })).await.unwrap_err();
    assert_eq!((not.kind, not.message.as_str()), (Kind::InvalidInput, "`D/a.txt` is not a folder"));
    assert_eq!(refused("list_folder", json!({ "path": "D", "after": "5" })).await.kind, Kind::InvalidInput);
}

#[tokio::test]
async fn a_tree_says_how_much_lies_where() {
    let desk = desk();
    let tree = call(&desk, "folder_tree", json!({ "path": "D", "depth": 1 })).await.unwrap();
    let bytes = 26 + 8 + 30 + 7 + 6 + 6 + 6;
    assert_eq!((&tree["total"]["files"], &tree["total"]["folders"]), (&json!(7), &json!(2)));
    assert_eq!((&tree["total"]["bytes"], &tree["total"]["others"]), (&json!(bytes), &json!(1)));
    assert_eq!(strings(&tree["tree"], "path"), ["D/c"], "deeper folders count for those above them");
    assert_eq!((&tree["tree"][0]["files"], &tree["tree"][0]["bytes"]), (&json!(4), &json!(30 + 7 + 6 + 6)));
    assert_eq!(strings(&tree["largest"], "path")[..2], ["D/c/deep/d.md", "D/b.txt"]);
    let less = json!({ "path": "D", "hidden": false, "ignored": false, "sort": "largest" });
    let less = call(&desk, "folder_tree", less).await.unwrap();
    assert_eq!((&less["total"]["files"], &less["total"]["ignored"]), (&json!(4), &json!(3)));
    assert_eq!(strings(&less["tree"], "path"), ["D/c", "D/c/deep"]);
}

#[tokio::test]
async fn files_are_found_by_name_kind_size_and_order() {
    let desk = desk();
    let names = |args: Value| {
        let desk = desk.clone();
        async move { strings(&call(&desk, "find_files", args).await.unwrap()["files"], "path") }
    };
    assert_eq!(names(json!({ "folder": "D", "name": "*.TXT" })).await, ["D/a.txt", "D/b.txt"]);
    assert_eq!(names(json!({ "folder": "D", "name": "*.TXT", "match_case": true })).await, [""; 0]);
    assert_eq!(names(json!({ "folder": "D", "name": "c/**/*.md" })).await, ["D/c/deep/d.md"]);
    assert_eq!(names(json!({ "folder": "D", "name": "e", "like": "text" })).await, ["D/c/deep", "D/c/e.bin"]);
    assert_eq!(names(json!({ "folder": "D", "name": "^[ab]\\.", "like": "regex" })).await, ["D/a.txt", "D/b.txt"]);
    assert_eq!(names(json!({ "folder": "D", "kinds": ["folder"] })).await, ["D/c", "D/c/deep"]);
    assert_eq!(names(json!({ "folder": "D", "min_size": 8, "max_size": 29 })).await, ["D/a.txt", "D/b.txt"]);
    let log = json!({ "folder": "D", "name": "*.log", "ignored": true });
    assert_eq!(names(log).await, ["D/c/f.log"]);
    assert_eq!(names(json!({ "folder": "D/c/deep", "name": "*.log" })).await, [""; 0]);
    let largest = json!({ "folder": "D", "kinds": ["file"], "sort": "largest", "most": 2 });
    let paged = strings(&json!(all(&desk, "find_files", largest, "files").await), "path");
    assert_eq!(paged, ["D/c/deep/d.md", "D/b.txt", "D/a.txt", "D/c/e.bin"]);
    let bad = refused("find_files", json!({ "folder": "D", "name": "{a" })).await;
    assert_eq!(bad.kind, Kind::InvalidInput);
    assert!(bad.message.contains("`{a` is not a pattern for names"), "{bad:?}");
}

#[tokio::test]
async fn a_text_is_found_as_it_is_asked_for() {
    let desk = desk();
    let base = json!({ "folder": "D", "query": "needle", "names": false });
    let with = |more: Value| {
        let mut args = base.clone();
        args.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let desk = desk.clone();
        async move { call(&desk, "find_text", args).await.unwrap() }
    };
    let found = with(json!({})).await;
    assert_eq!((&found["matched"], &found["lines"], &found["searched"]), (&json!(3), &json!(5), &json!(4)));
    assert_eq!(found["skipped"]["ignored"], 3, "a hidden file, a hidden rules file, and what that leaves out");
    let words = with(json!({ "whole_word": true, "match_case": true })).await;
    assert_eq!(strings(&words["hits"], "path"), ["D/b.txt", "D/c/deep/d.md", "D/c/deep/d.md"]);
    let around = with(json!({ "files": "*.md", "context": 1 })).await;
    let first =
        json!({ "path": "D/c/deep/d.md", "line": 2, "text": "a needle", "before": ["before"], "after": ["after"] });
    assert_eq!(around["hits"][0], first);
    let counts = with(json!({ "give": "counts" })).await;
    assert_eq!(counts["hits"][1], json!({ "path": "D/b.txt", "lines": 2 }));
    let only = with(json!({ "give": "files", "hidden": true, "ignored": true })).await;
    assert_eq!(strings(&only["hits"], "path"), ["D/.hidden", "D/a.txt", "D/b.txt", "D/c/deep/d.md", "D/c/f.log"]);
    assert_eq!(only.get("lines"), None, "files are looked into up to the first hit, and lines are not counted");
    let few = with(json!({ "most_in_file": 1 })).await;
    assert_eq!((few["hits"].as_array().unwrap().len(), &few["lines"]), (3, &json!(5)), "all are counted");
    assert_eq!((&few["complete"], &few["next"], &few["hits"][1]["more"]), (&json!(false), &Value::Null, &json!(1)));
    assert!(few["ended"].as_str().unwrap().contains("`most_in_file`") && few["hits"][0].get("more").is_none());
    assert_eq!(strings(&with(json!({ "files": "c/**/*.md" })).await["hits"], "path"), ["D/c/deep/d.md"; 2]);
    let mut paged = base.clone();
    paged["most"] = json!(2);
    let paged = all(&desk, "find_text", paged, "hits").await;
    assert_eq!(json!(paged), found["hits"], "the pages give the whole");
}

#[tokio::test]
async fn a_text_is_found_in_any_encoding_as_it_is_read() {
    let japanese = encoding_rs::SHIFT_JIS.encode("アイウエオ\n日本語の文章です。\nこれはテストです。\n").0.into_owned();
    let bare: Vec<u8> = "a plain text\nis schön enough\n".encode_utf16().flat_map(u16::to_le_bytes).collect();
    let latin =
        [&b"plain words\n".repeat(9_000)[..4_000], b"\nGr\xfc\xdfe, sch\xf6n\n", &b"words\n".repeat(30_000)[..]]
            .concat();
    let memory = MemorySession::new(&[
        ("D/bare", Node::File(bare)),
        ("D/latin", Node::File(latin)),
        ("D/sjis", Node::File(japanese)),
        ("D/utf8", file("schön\n")),
    ]);
    let find =
        |query: &'static str| call(&memory, "find_text", json!({ "folder": "D", "query": query, "names": false }));
    let found = find("schön").await.unwrap();
    assert_eq!(strings(&found["hits"], "path"), ["D/bare", "D/latin", "D/utf8"], "{found}");
    assert_eq!(found["hits"][1]["text"], "Grüße, schön");
    let letters = strings(&find("A").await.unwrap()["hits"], "path");
    assert!(!letters.contains(&"D/sjis".to_owned()), "the second half of a character is no letter");
    assert_eq!(find("日本語").await.unwrap()["hits"][0]["text"], "日本語の文章です。");
    assert_eq!(find("words").await.unwrap()["lines"], 30_000 + 333);
}

#[tokio::test]
async fn a_name_that_is_no_text_is_found_as_it_is_shown() {
    let memory = MemorySession::new(&[(r"D/caf\xe9", file("")), ("D/cafe", file(""))]);
    let found = call(&memory, "find_files", json!({ "folder": "D", "name": r"*\xe9*" })).await.unwrap();
    assert_eq!(strings(&found["files"], "path"), [r"D/caf\xe9"]);
    assert_eq!(found["skipped"], json!({}), "what is none is not told");
}

#[tokio::test]
async fn a_bad_pattern_is_refused_with_its_place() {
    for (query, why, place) in [
        ("a(b", "unclosed group", Some("2")),
        ("x[", "unclosed character class", Some("2")),
        ("ä\\p{Nope}", "Unicode property not found", Some("2")),
    ] {
        let error = refused("find_text", json!({ "folder": "D", "query": query, "regex": true })).await;
        assert_eq!(error.kind, Kind::InvalidInput);
        assert!(error.message.contains(why), "{error:?}");
        assert!(place.is_none() || error.fact("place") == place, "{error:?}");
    }
    // What takes other engines for ever is refused, or is linear.
    let huge = refused("find_text", json!({ "folder": "D", "query": "((a{100}){100}){100}", "regex": true })).await;
    assert_eq!(huge.kind, Kind::InvalidInput);
    let memory = MemorySession::new(&[("D/a", file(&"a".repeat(100_000)))]);
    let slow = json!({ "folder": "D", "query": "(a+)+(a|aa)*$x", "regex": true });
    assert_eq!(call(&memory, "find_text", slow).await.unwrap()["lines"], 0);
}

#[tokio::test]
async fn a_text_is_read_in_its_encoding() {
    let utf16: Vec<u8> =
        [0xfeff_u16].into_iter().chain("größe\nzwei\n".encode_utf16()).flat_map(u16::to_le_bytes).collect();
    let bare: Vec<u8> = "plain words\nof a western text\n".encode_utf16().flat_map(u16::to_be_bytes).collect();
    let japanese = b"\x93\xfa\x96\x7b\x8c\xea\x82\xcc\x95\xb6\x8f\xcd\x82\xc5\x82\xb7\x81\x42\x82\xb1\x82\xea\x82\xcd\x83\x65\x83\x58\x83\x67\x82\xc5\x82\xb7\x81\x42\n".to_vec();
    let cases = [
        ("mark", b"\xef\xbb\xbfab".to_vec(), "UTF-8", "ab"),
        ("plain", b"caf\xc3\xa9".to_vec(), "UTF-8", "café"),
        ("wide", utf16, "UTF-16LE", "größe\nzwei\n"),
        ("bare", bare, "UTF-16BE", "plain words\nof a western text\n"),
        ("latin", b"Gr\xf6\xdfe: d\xe9j\xe0 vu, \x80 5".to_vec(), "windows-1252", "Größe: déjà vu, € 5"),
        ("kanji", japanese, "Shift_JIS", "日本語の文章です。これはテストです。\n"),
        ("empty", Vec::new(), "UTF-8", ""),
    ];
    for (name, bytes, encoding, text) in cases {
        let memory = MemorySession::new(&[("D/f", Node::File(bytes))]);
        let read = call(&memory, "read_file", json!({ "path": "D/f" })).await.unwrap();
        assert_eq!((&read["encoding"], &read["text"]), (&json!(encoding), &json!(text)), "{name}");
        assert_eq!((&read["next"], &read["lossy"]), (&Value::Null, &json!(false)), "{name}");
        assert!(!read["stamp"].as_str().unwrap().is_empty(), "{name}");
        let info = call(&memory, "file_info", json!({ "path": "D/f" })).await.unwrap();
        assert!(name == "empty" || info["type"]["encoding"] == encoding, "{name}: {info}");
    }
    let memory = MemorySession::new(&[("D/f", Node::File(b"caf\xe9".to_vec()))]);
    let told = call(&memory, "read_file", json!({ "path": "D/f", "encoding": "windows-1251" })).await.unwrap();
    assert_eq!(told["text"], "cafй");
}

#[tokio::test]
async fn a_text_is_read_by_lines_and_in_pages() {
    let lines: Vec<String> = (1..=50_000).map(|n| format!("line {n} ä")).collect();
    let text = lines.join("\n");
    let wide: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let wide = [&[0xff, 0xfe][..], &wide].concat();
    for bytes in [text.clone().into_bytes(), wide] {
        let memory = MemorySession::new(&[("D/f", Node::File(bytes))]);
        let read = |args: Value| {
            let memory = memory.clone();
            async move { call(&memory, "read_file", args).await.unwrap() }
        };
        let some = read(json!({ "path": "D/f", "line": 40_000, "lines": 2 })).await;
        assert_eq!((&some["text"], &some["line"]), (&json!("line 40000 ä\nline 40001 ä\n"), &json!(40_000)));
        let next = read(json!({ "path": "D/f", "offset": some["next"], "lines": 1 })).await;
        assert_eq!(next["text"], "line 40002 ä\n");
        let past = read(json!({ "path": "D/f", "line": 60_000 })).await;
        assert_eq!((&past["text"], &past["next"]), (&json!(""), &Value::Null));
        assert_eq!((&past["line"], &past["last_line"]), (&Value::Null, &json!(50_000)));
        let (mut whole, mut offset) = (String::new(), json!(0));
        while !offset.is_null() {
            let page = read(json!({ "path": "D/f", "offset": offset, "most": 99_999 })).await;
            whole.push_str(page["text"].as_str().unwrap());
            offset = page["next"].clone();
        }
        assert!(whole == text, "the pages give the text");
    }
    let long = MemorySession::new(&[("D/f", file(&format!("short\n{}\n", "ä".repeat(50))))]);
    let cut = call(&long, "read_file", json!({ "path": "D/f", "longest_line": 20 })).await.unwrap();
    assert_eq!(cut["text"], format!("short\n{}… [30 more characters]\n", "ä".repeat(20)));
    assert_eq!(cut["cut"], 1);
}

#[tokio::test]
async fn files_say_what_they_are_and_when_they_were_made() {
    let memory = MemorySession::new(&[
        ("D/photo.jpg", Node::File(samples::photo())),
        ("D/paper", Node::File(samples::paper())),
        ("D/broken.pdf", file("%PDF-1.7\nnothing of the kind")),
        ("D/note.txt", file("hello")),
        ("D/in", Node::Folder),
    ]);
    let paths = ["D/photo.jpg", "D/paper", "D/gone.jpg", "D/broken.pdf", "D/note.txt", "D/in"];
    let out = call(&memory, "file_metadata", json!({ "paths": paths })).await.unwrap();
    assert_eq!(strings(&out["files"], "path"), paths, "in the order asked for");
    let photo = json!({
        "taken": "2024-05-17T18:03:22", "offset": "+02:00", "camera": "Acme X-1", "width": 4000, "height": 3000, "orientation": 6,
        "latitude": 52.520_008, "longitude": -13.404_954,
    });
    assert_eq!(out["files"][0], json!({ "path": "D/photo.jpg", "type": { "mime": "image/jpeg" }, "metadata": photo }));
    let paper = json!({ "title": "Größe", "author": "A. Body", "created": "2023-01-02T03:04:05+01:00", "pages": 2 });
    assert_eq!(out["files"][1], json!({ "path": "D/paper", "type": { "mime": "application/pdf" }, "metadata": paper }));
    assert_eq!(out["files"][2]["why"], "`D/gone.jpg` is not there");
    assert_eq!(out["files"][3]["metadata"], json!({ "note": "it is damaged or locked" }));
    assert_eq!(out["files"][4]["metadata"], json!({}));
    assert_eq!((out["files"][5]["why"].is_string(), &out["unreadable"]), (true, &json!(2)));
    let info = call(&memory, "file_info", json!({ "path": "D/photo.jpg" })).await.unwrap();
    assert_eq!((&info["metadata"], &info["age"]), (&photo, &json!(60)));
    let folder = call(&memory, "file_info", json!({ "path": "D/in" })).await.unwrap();
    assert_eq!((&folder["kind"], folder.get("type")), (&json!("folder"), None));
}

#[tokio::test]
async fn hashes_are_given_by_path() {
    let memory =
        MemorySession::new(&[("D/b", file("abc")), ("D/a/x", file("")), ("E/c", file("abc")), ("D/link", Node::Link)]);
    let out = call(&memory, "hash_files", json!({ "paths": ["E/c", "D", "D/a"] })).await.unwrap();
    let lines = json!([
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855  D/a/x",
        "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad  D/b",
        "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad  E/c",
    ]);
    assert_eq!((&out["hashes"], &out["count"], &out["bytes"]), (&lines, &json!(3), &json!(6)));
    let args = json!({ "paths": ["D", "E"], "algorithm": "blake3", "most": 2 });
    let paged = all(&memory, "hash_files", args, "hashes").await;
    assert_eq!(paged[2], "6437b3ac38465133ffb63b75273a8db548c558465d79db03fd359c6cd5bd9d85  E/c");
}

#[tokio::test]
async fn equal_files_are_found_the_most_wasteful_first() {
    let large = |middle: u8| {
        let mut bytes = vec![7; 200_000];
        bytes[100_000] = middle;
        Node::File(bytes)
    };
    let memory = MemorySession::new(&[
        ("D/a", large(1)),
        ("D/b", large(1)),
        ("D/c", large(2)),
        ("E/d", large(2)),
        ("E/e", large(3)),
        ("D/small", file("same")),
        ("E/small", file("same")),
        ("E/third", file("same")),
        ("E/other", file("diff")),
        ("D/none", file("")),
        ("E/none", file("")),
    ]);
    for verify in [false, true] {
        let out = call(&memory, "find_duplicates", json!({ "folders": ["D", "E"], "verify": verify })).await.unwrap();
        assert_eq!((&out["groups"], &out["files"], &out["wasted"]), (&json!(3), &json!(7), &json!(400_008)));
        let files: Vec<&Value> = out["duplicates"].as_array().unwrap().iter().map(|g| &g["files"]).collect();
        assert_eq!(json!(files), json!([["D/a", "D/b"], ["D/c", "E/d"], ["D/small", "E/small", "E/third"]]));
        assert_eq!((&out["duplicates"][2]["wasted"], &out["searched"]), (&json!(8), &json!(9)));
    }
    let large =
        call(&memory, "find_duplicates", json!({ "folders": ["D", "E"], "min_size": 5, "most": 1 })).await.unwrap();
    assert_eq!(large["groups"], 2);
    let args = json!({ "folders": ["D", "E"], "min_size": 5, "most": 1, "after": large["next"] });
    let rest = call(&memory, "find_duplicates", args).await.unwrap();
    assert_eq!((&rest["duplicates"][0]["files"][0], &rest["next"]), (&json!("D/c"), &Value::Null));
}

#[tokio::test]
async fn equal_files_come_in_the_order_of_what_to_keep_and_projects_are_left_alone() {
    let memory = MemorySession::new(&[
        ("D/b/a longer name", file("same")),
        ("D/c", file("same")),
        ("D/.hidden/d", file("same")),
        ("D/site/.git/HEAD", file("ref")),
        ("D/site/e", file("same")),
    ]);
    let files = |args: Value| {
        let memory = memory.clone();
        async move { call(&memory, "find_duplicates", args).await.unwrap()["duplicates"][0]["files"].clone() }
    };
    let all = files(json!({ "folders": ["D"] })).await;
    assert_eq!(all, json!(["D/.hidden/d", "D/b/a longer name", "D/c", "D/site/e"]));
    let some = files(json!({ "folders": ["D"], "hidden": false, "projects": false, "keep": "shortest" })).await;
    assert_eq!(some, json!(["D/c", "D/b/a longer name"]));
    let asked_for = files(json!({ "folders": ["D", "D/site"], "projects": false, "hidden": false })).await;
    assert_eq!(asked_for, json!(["D/b/a longer name", "D/c"]), "a project in a folder that was named is one still");
    let named = call(&memory, "find_duplicates", json!({ "folders": ["D"], "most_in_group": 2 })).await.unwrap();
    assert_eq!((&named["duplicates"][0]["copies"], &named["next"]), (&json!(4), &Value::Null));
    assert_eq!(named["duplicates"][0]["files"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn the_settings_of_a_photo_are_no_duplicate_of_those_of_another() {
    let memory = MemorySession::new(&[
        ("D/a/IMG_1.jpg", file("photo one")),
        ("D/a/IMG_1.xmp", file("settings")),
        ("D/a/IMG_2.heic", file("photo two")),
        ("D/a/IMG_2.AAE", file("settings")),
        ("D/a/IMG_2.mov", file("moves")),
        ("D/b/IMG_3.heic", file("photo six")),
        ("D/b/IMG_3.mov", file("moves")),
        // A copy of the first photo, with its settings: both may go, and the photo decides which pair stays.
        ("D/z old/one.jpg", file("photo one")),
        ("D/z old/one.xmp", file("settings")),
        ("D/z old/alone.xmp", file("settings")),
        ("D/notes.txt", file("settings")),
    ]);
    let found = |only: Value| {
        let args = json!({ "folders": ["D"], "only": only });
        let memory = memory.clone();
        async move {
            let out = call(&memory, "find_duplicates", args).await.unwrap();
            let mut files: Vec<Value> =
                out["duplicates"].as_array().unwrap().iter().map(|g| g["files"].clone()).collect();
            files.sort_by_key(ToString::to_string);
            (json!(files), out["searched"].clone())
        }
    };
    let one = json!(["D/a/IMG_1.jpg", "D/z old/one.jpg"]);
    let settings = json!(["D/a/IMG_1.xmp", "D/z old/one.xmp"]);
    let others = json!(["D/notes.txt", "D/z old/alone.xmp"]);
    assert_eq!(found(json!([])).await, (json!([one, settings, others]), json!(11)));
    assert_eq!(found(json!(["photos"])).await, (json!([one, settings]), json!(4)));
    assert_eq!(found(json!(["documents"])).await, (json!([]), json!(1)));
}

#[tokio::test]
async fn what_programs_put_beside_files_is_no_duplicate_and_the_copy_outside_a_backup_stays() {
    let memory = MemorySession::new(&[
        ("D/Backup 2020/a.txt", file("same")),
        ("D/_OLD/a.txt", file("same")),
        ("D/work/2024/the same.txt", file("same")),
        ("D/x/~$a.docx", file("owner")),
        ("D/y/~$b.docx", file("owner")),
        ("D/x/Thumbs.db", file("owner")),
        ("D/x/desktop.ini", file("owner")),
        ("D/y/.DS_Store", file("owner")),
    ]);
    for keep in ["first", "oldest", "newest", "shortest"] {
        let out = call(&memory, "find_duplicates", json!({ "folders": ["D"], "keep": keep })).await.unwrap();
        assert_eq!((&out["groups"], &out["searched"]), (&json!(1), &json!(3)), "{keep}");
        assert_eq!(out["duplicates"][0]["files"][0], "D/work/2024/the same.txt", "{keep}");
    }
}

#[tokio::test]
async fn fifty_thousand_equal_files_are_named_in_one_call() {
    let names: Vec<String> = (0..50_000).map(|n| format!("D/{}/{n}", n % 100)).collect();
    // Half of them in pairs, the others all the same.
    let content = |n: usize| if n.is_multiple_of(2) { "all".to_owned() } else { format!("pair {}", n / 4) };
    let nodes: Vec<(&str, Node)> = names.iter().enumerate().map(|(n, name)| (&name[..], file(&content(n)))).collect();
    let memory = MemorySession::new(&nodes);
    let args = json!({ "folders": ["D"], "most": 100_000, "most_in_group": 100_000, "keep": "oldest" });
    let out = call(&memory, "find_duplicates", args).await.unwrap();
    assert_eq!((&out["groups"], &out["next"]), (&json!(12_501), &Value::Null));
    let named: usize = out["duplicates"].as_array().unwrap().iter().map(|g| g["files"].as_array().unwrap().len()).sum();
    assert_eq!(named, 50_000);
}

#[tokio::test]
async fn a_tree_tells_what_share_each_type_and_each_age_has() {
    let desk = desk();
    let args = json!({ "path": "D", "types": 2, "ages": true, "files": 0 });
    let tree = call(&desk, "folder_tree", args).await.unwrap();
    let of = |name: &str, files: u64, bytes: u64| json!({ "type": name, "category": "Documents", "files": files, "bytes": bytes });
    let types = [of("md", 1, 30), of("txt", 2, 26 + 8)];
    assert_eq!(tree["types"].as_array().unwrap().len(), 2);
    let by_bytes = json!([types[1], types[0]]);
    assert_eq!((&tree["types"], &tree["other_types"]), (&by_bytes, &json!({ "files": 4, "bytes": 7 + 6 + 6 + 6 })));
    let ages = tree["ages"].as_array().unwrap();
    let days: Vec<Option<i64>> = ages.iter().map(|a| a["days"].as_i64()).collect();
    assert_eq!(days, [Some(7), Some(30), Some(90), Some(365), Some(730), Some(1_825), None]);
    let sum = |field: &str| ages.iter().map(|a| a[field].as_u64().unwrap()).sum::<u64>();
    assert_eq!(
        (json!(sum("files")), json!(sum("bytes"))),
        (tree["total"]["files"].clone(), tree["total"]["bytes"].clone())
    );
    let plain = call(&desk, "folder_tree", json!({ "path": "D" })).await.unwrap();
    assert!(plain.get("types").is_none() && plain.get("ages").is_none(), "only who asks is told");
}

#[tokio::test]
async fn two_folders_are_compared_and_what_moved_is_found() {
    let memory = MemorySession::new(&[
        ("L/same", file("1")),
        ("R/same", file("1")),
        ("L/text", file("one")),
        ("R/text", file("two")),
        ("L/size", file("one")),
        ("R/size", file("three")),
        ("L/kind", file("x")),
        ("R/kind", Node::Link),
        ("L/old/name", file("content that moved")),
        ("R/new/place", file("content that moved")),
        ("L/only", file("left")),
        ("R/more", file("right one")),
    ]);
    let out = call(&memory, "compare_folders", json!({ "left": "L", "right": "R" })).await.unwrap();
    let told: Vec<(&str, &str)> = out["differences"]
        .as_array()
        .unwrap()
        .iter()
        .map(|d| (d["path"].as_str().unwrap(), d["what"].as_str().unwrap()))
        .collect();
    let expected = [
        ("kind", "other_kind"),
        ("more", "only_right"),
        ("old/name", "moved"),
        ("only", "only_left"),
        ("size", "differing"),
        ("text", "differing"),
    ];
    assert_eq!(told, expected);
    assert_eq!(
        (&out["same"], &out["moved"], &out["differences"][2]["to"]),
        (&json!(1), &json!(1), &json!("new/place"))
    );
    let quick = call(&memory, "compare_folders", json!({ "left": "L", "right": "R", "by": "time", "moved": false }))
        .await
        .unwrap();
    assert_eq!((&quick["same"], &quick["moved"], &quick["only_left"]), (&json!(2), &json!(0), &json!(2)));
    let paged = all(&memory, "compare_folders", json!({ "left": "L", "right": "R", "most": 2 }), "differences").await;
    assert_eq!(json!(paged), out["differences"]);
}

/// A call of `watch_folder` with a clock that the test moves.
struct Watching {
    runtime: Arc<TestRuntime>,
    stop: CancellationToken,
    call: tokio::task::JoinHandle<Result<Value>>,
}

fn watching(memory: &Arc<MemorySession>, args: Value) -> Watching {
    let (runtime, watch) = (TestRuntime::new(), Watch::nothing());
    let stop = watch.cancel.clone();
    let ctx = ToolContext { watch, ..context(Some(memory.clone()), runtime.clone()) };
    let tool = cowork_tools::builtin().into_iter().find(|t| t.spec().name == "watch_folder").unwrap();
    Watching { runtime, stop, call: tokio::spawn(async move { tool.run(args, ctx).await.map(|out| out.value) }) }
}

#[tokio::test]
async fn what_arrives_is_given_once_it_has_settled() {
    let memory = desk();
    let Watching { runtime, call, .. } = watching(&memory, json!({ "path": "D", "seconds": 60, "settle": 2 }));
    runtime.asleep(1).await;
    memory.put("D/new.txt", file("half"));
    runtime.asleep(2).await;
    // It goes on growing: that is told, and it settles anew.
    memory.put("D/new.txt", file("whole"));
    runtime.asleep(2).await;
    while !call.is_finished() {
        runtime.advance(Duration::from_secs(2));
        tokio::task::yield_now().await;
    }
    let out = call.await.unwrap().unwrap();
    assert_eq!((strings(&out["arrived"], "path"), &out["timed_out"]), (vec!["D/new.txt".to_owned()], &json!(false)));
    assert_eq!(out["arrived"][0]["size"], 5);
}

#[tokio::test]
async fn nothing_is_missed_between_two_calls_and_the_time_is_kept() {
    let memory = desk();
    let known = ["D/.hidden", "D/a.txt", "D/c", "D/link", "D/went"];
    let Watching { call, .. } = watching(&memory, json!({ "path": "D", "seconds": 0, "known": known }));
    let out = call.await.unwrap().unwrap();
    assert_eq!((strings(&out["arrived"], "path"), &out["gone"]), (vec!["D/b.txt".to_owned()], &json!(["D/went"])));
    let Watching { runtime, call, .. } = watching(&memory, json!({ "path": "D", "seconds": 60 }));
    runtime.asleep(1).await;
    runtime.advance(Duration::from_secs(60));
    assert_eq!(call.await.unwrap().unwrap(), json!({ "arrived": [], "gone": [], "more": 0, "timed_out": true }));
    let Watching { runtime, call, stop } = watching(&memory, json!({ "path": "D" }));
    runtime.asleep(1).await;
    stop.cancel();
    assert_eq!(call.await.unwrap().unwrap_err().kind, Kind::Cancelled);
}

#[tokio::test]
async fn what_still_grows_holds_nothing_else_up() {
    let memory = desk();
    let known = ["D/.hidden", "D/a.txt", "D/b.txt", "D/c", "D/link"];
    memory.put("D/slow.iso", file("1"));
    memory.put("D/done.pdf", file("done"));
    let args = json!({ "path": "D", "seconds": 60, "settle": 2, "known": known });
    let Watching { runtime, call, .. } = watching(&memory, args);
    runtime.asleep(2).await;
    // It grows without a word: its size alone tells.
    memory.grow("D/slow.iso", b"23");
    runtime.advance(Duration::from_secs(2));
    let out = call.await.unwrap().unwrap();
    assert_eq!(strings(&out["arrived"], "path"), ["D/done.pdf"], "what still grows has not arrived");
}
