//! Writing, editing, moving: what is made, what is left, and what an error says to do.

#![allow(
    clippy::unwrap_used,
    clippy::needless_pass_by_value,
    reason = "a story that goes wrong ends; `json!` is passed on"
)]

use std::sync::Arc;

use cowork_core::{Kind, Registry, Result, ToolContext, ToolOutput};
use cowork_testkit::{MemorySession, Node, TestRuntime, tool::context};
use serde_json::{Value, json};

fn registry() -> Registry {
    let mut registry = Registry::new();
    cowork_tools::builtin().into_iter().for_each(|t| registry.add(t).unwrap());
    registry
}

async fn run_as(tool: &str, args: Value, ctx: ToolContext) -> Result<ToolOutput> {
    let registry = registry();
    registry.effects(tool, &args)?;
    registry.get(tool)?.run(args, ctx).await
}

async fn run(memory: &Arc<MemorySession>, tool: &str, args: Value) -> Result<ToolOutput> {
    run_as(tool, args, context(Some(memory.clone()), TestRuntime::new())).await
}

fn file(text: &str) -> Node {
    Node::File(text.as_bytes().to_vec())
}

fn text(memory: &MemorySession, path: &str) -> String {
    String::from_utf8(memory.content_at(path).unwrap()).unwrap()
}

async fn read(memory: &Arc<MemorySession>, path: &str) {
    run(memory, "read_file", json!({ "path": path })).await.unwrap();
}

async fn edit(memory: &Arc<MemorySession>, path: &str, edits: Value) -> Result<ToolOutput> {
    run(memory, "edit_file", json!({ "path": path, "edits": edits })).await
}

#[tokio::test]
async fn a_file_is_replaced_only_by_who_knows_it() {
    let memory = MemorySession::new(&[("D/a.txt", file("old"))]);
    let write = |more: Value| {
        let mut args = json!({ "path": "D/a.txt", "text": "new", "if_exists": "replace" });
        args.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        run(&memory, "write_file", args)
    };
    let unread = write(json!({})).await.unwrap_err();
    assert_eq!(unread.kind, Kind::Conflict, "nobody has read it");
    assert!(unread.fix().unwrap().contains("read `D/a.txt`"), "{unread:?}");
    read(&memory, "D/a.txt").await;
    memory.put("D/a.txt", file("theirs"));
    assert_eq!(write(json!({})).await.unwrap_err().kind, Kind::Conflict, "somebody changed it since");
    assert_eq!(text(&memory, "D/a.txt"), "theirs");
    assert_eq!(write(json!({ "stamp": "old" })).await.unwrap_err().kind, Kind::Conflict, "it is not what it was then");
    read(&memory, "D/a.txt").await;
    write(json!({})).await.unwrap();
    memory.put("D/a.txt", file("theirs again"));
    write(json!({ "even_unread": true })).await.unwrap();
    assert_eq!(text(&memory, "D/a.txt"), "new");
    for (more, why) in [
        (json!({ "stamp": "x", "even_unread": true }), "contradict"),
        (json!({ "if_exists": "skip", "may_shrink": true }), "about a file that is replaced"),
    ] {
        let error = write(more).await.unwrap_err();
        assert!(error.kind == Kind::InvalidInput && error.message.contains(why), "{error:?}");
    }
}

#[tokio::test]
async fn a_file_loses_more_than_half_of_itself_only_when_that_is_meant() {
    let memory = MemorySession::new(&[("D/long.txt", file(&"word ".repeat(1000)))]);
    read(&memory, "D/long.txt").await;
    let args = |may: bool| json!({ "path": "D/long.txt", "text": "short", "if_exists": "replace", "may_shrink": may });
    let error = run(&memory, "write_file", args(false)).await.unwrap_err();
    assert!(error.kind == Kind::Conflict && error.fix().unwrap().contains("`may_shrink`"), "{error:?}");
    run(&memory, "write_file", args(true)).await.unwrap();
    assert_eq!(text(&memory, "D/long.txt"), "short");
}

#[tokio::test]
async fn a_new_file_gets_the_permissions_that_were_asked_for() {
    let memory = MemorySession::new(&[("D/run.sh", file(""))]);
    let args = json!({ "path": "D/run.sh", "text": "#!/bin/sh\n", "if_exists": "number", "mode": "rwxr-xr-x" });
    let out = run(&memory, "write_file", args).await.unwrap();
    assert_eq!(out.note, "1 file written, 1 under another name");
    assert_eq!(memory.mode_at("D/run (2).sh"), Some(0o755));
    run(&memory, "set_mode", json!({ "paths": ["D/run.sh", "D/run (2).sh"], "mode": "600" })).await.unwrap();
    assert_eq!((memory.mode_at("D/run.sh"), memory.mode_at("D/run (2).sh")), (Some(0o600), Some(0o600)));
}

#[tokio::test]
async fn edits_are_made_in_order_and_all_or_none() {
    let memory = MemorySession::new(&[("D/a.txt", file("one two\nthree\none more\n"))]);
    read(&memory, "D/a.txt").await;
    let bad = json!([{ "old_text": "three", "new_text": "3" }, { "old_text": "four", "new_text": "4" }]);
    let error = edit(&memory, "D/a.txt", bad).await.unwrap_err();
    assert_eq!((error.kind, error.fact("edit")), (Kind::InvalidInput, Some("1")));
    assert_eq!(text(&memory, "D/a.txt"), "one two\nthree\none more\n", "nothing was changed");
    let good = json!([
        { "old_text": "one", "new_text": "1 and 1", "all": true },
        { "old_text": "1 and 1 two\nthree", "new_text": "2 and" },
        { "old_text": "and\n", "new_text": "" },
    ]);
    let out = edit(&memory, "D/a.txt", good).await.unwrap();
    assert_eq!(text(&memory, "D/a.txt"), "2 1 and 1 more\n");
    assert_eq!(out.value["edits"][0], json!({ "replaced": 2, "lines": [1, 3] }));
    assert_eq!(out.note, "4 places edited");
}

#[tokio::test]
async fn an_edit_says_where_a_text_is_too_often_or_nearly() {
    let poem = "A rose\n\tis a  rose\nis a “rose”.\nNext line\n";
    let memory = MemorySession::new(&[("D/a.txt", file(poem)), ("D/raw", Node::File(vec![0; 9])), ("D/l", Node::Link)]);
    read(&memory, "D/a.txt").await;
    let failing =
        async |old: &str| edit(&memory, "D/a.txt", json!([{ "old_text": old, "new_text": "x" }])).await.unwrap_err();
    let often = failing("rose").await;
    assert_eq!(often.message, "the text of edit 0 is 3 times in `D/a.txt`, in lines 1, 2, 3");
    let near = failing("  is a rose").await;
    assert_eq!(near.fact("line"), Some("2"), "{near:?}");
    assert!(near.message.ends_with("differs from it only in white space or quotes: `is a  rose`"), "{near:?}");
    assert_eq!(failing("is a \"rose\".\nNext line").await.fact("line"), Some("3"));
    let begins = failing("A rose\nby any other name").await;
    assert!(begins.message.ends_with("its first line is, in line 1, but not what follows it"), "{begins:?}");
    assert_eq!(failing("tulip").await.message, "the text of edit 0 is not in `D/a.txt`");
    for (path, why) in [("D/raw", "is not a text file"), ("D/l", "is no regular file"), ("D/in", "is not there")] {
        let error = edit(&memory, path, json!([{ "old_text": "a", "new_text": "b" }])).await.unwrap_err();
        assert!(error.message.contains(why), "{error:?}");
    }
    assert_eq!(text(&memory, "D/a.txt"), poem);
    let overlapping = MemorySession::new(&[("D/a", file("aaa"))]);
    read(&overlapping, "D/a").await;
    let error = edit(&overlapping, "D/a", json!([{ "old_text": "aa", "new_text": "b" }])).await.unwrap_err();
    assert!(error.message.contains("2 times"), "which of the two is meant is not known: {error:?}");
}

#[tokio::test]
async fn an_edit_of_what_was_changed_since_it_was_read_is_a_conflict() {
    let memory = MemorySession::new(&[("D/a.txt", file("one\ntwo\n"))]);
    let change = || edit(&memory, "D/a.txt", json!([{ "old_text": "two", "new_text": "2" }]));
    let unread = change().await.unwrap_err();
    assert!(unread.kind == Kind::Conflict && unread.fix().unwrap().contains("`read_file`"), "{unread:?}");
    read(&memory, "D/a.txt").await;
    memory.put("D/a.txt", file("ONE\ntwo\n"));
    assert_eq!(change().await.unwrap_err().kind, Kind::Conflict, "its own search does not count as reading it");
    assert_eq!(text(&memory, "D/a.txt"), "ONE\ntwo\n");
    read(&memory, "D/a.txt").await;
    change().await.unwrap();
    assert_eq!(text(&memory, "D/a.txt"), "ONE\n2\n");
}

#[tokio::test]
async fn encodings_and_line_ends_stay() {
    let utf16 = |text: &str, le: bool| -> Vec<u8> {
        let units = std::iter::once(0xFEFF).chain(text.encode_utf16());
        units.flat_map(|u: u16| if le { u.to_le_bytes() } else { u.to_be_bytes() }).collect()
    };
    let before = "größe\r\nzwei\r\n\u{A0A}drei\r\n";
    let after = "größer\r\nals\r\nzwei\r\n\u{A0A}drei\r\nvier\r\n";
    let memory = MemorySession::new(&[
        ("D/le.txt", Node::File(utf16(before, true))),
        ("D/be.txt", Node::File(utf16(before, false))),
        ("D/8.txt", file(&format!("\u{FEFF}{before}"))),
        ("D/latin.txt", Node::File(b"caf\xe9\n".to_vec())),
    ]);
    for path in ["D/le.txt", "D/be.txt", "D/8.txt"] {
        read(&memory, path).await;
        let edits = json!([
            { "old_text": "größe\nzwei", "new_text": "größer\nals\nzwei" },
            { "old_text": "\u{A0A}drei", "new_text": "\u{A0A}drei\nvier" },
        ]);
        let out = edit(&memory, path, edits).await.unwrap();
        assert_eq!(out.value["edits"][1]["lines"], json!([4]), "{path}: a half of a character is no line's end");
    }
    assert_eq!(memory.content_at("D/le.txt").unwrap(), utf16(after, true));
    assert_eq!(memory.content_at("D/be.txt").unwrap(), utf16(after, false));
    assert_eq!(text(&memory, "D/8.txt"), format!("\u{FEFF}{after}"));
    read(&memory, "D/latin.txt").await;
    let foreign =
        edit(&memory, "D/latin.txt", json!([{ "old_text": "caf", "new_text": "Th→, caf" }])).await.unwrap_err();
    assert_eq!(foreign.kind, Kind::Unsupported, "two encodings in one file help nobody");
    assert_eq!(foreign.message, "the file is in windows-1252, which has no `→`");
    edit(&memory, "D/latin.txt", json!([{ "old_text": "café", "new_text": "Thé, café" }])).await.unwrap();
    assert_eq!(memory.content_at("D/latin.txt").unwrap(), b"Th\xe9, caf\xe9\n");
}

/// Gives a text in an encoding of one or two bytes a character.
fn encoded(encoding: &'static encoding_rs::Encoding, text: &str) -> Vec<u8> {
    let (bytes, _, unmapped) = encoding.encode(text);
    assert!(!unmapped, "{text}");
    bytes.into_owned()
}

#[tokio::test]
async fn an_edit_finds_characters_and_not_bytes_whatever_the_encoding() {
    let japanese = "アイウエオ ア A\nこれはテストです。日本語の文章です。\n";
    let chinese = "这是一个简单的中文测试文件。你好，世界 A\n";
    let taiwanese = "功能說明：這是一個簡單的測試檔案，許功蓋 A\n";
    for (encoding, before) in
        [(encoding_rs::SHIFT_JIS, japanese), (encoding_rs::GBK, chinese), (encoding_rs::BIG5, taiwanese)]
    {
        let memory = MemorySession::new(&[("D/f", Node::File(encoded(encoding, before)))]);
        let shown = run(&memory, "read_file", json!({ "path": "D/f" })).await.unwrap();
        assert_eq!(shown.value["text"], before, "{}", encoding.name());
        edit(&memory, "D/f", json!([{ "old_text": "A", "new_text": "B", "all": true }])).await.unwrap();
        assert_eq!(memory.content_at("D/f").unwrap(), encoded(encoding, &before.replace('A', "B")));
    }
    // A second way to write a character, which no encoder takes: what was not named stays as it is.
    let odd = [&encoded(encoding_rs::SHIFT_JIS, japanese)[..], b"\xed\x40 x\n"].concat();
    let memory = MemorySession::new(&[("D/f", Node::File(odd.clone()))]);
    read(&memory, "D/f").await;
    edit(&memory, "D/f", json!([{ "old_text": "纊 x", "new_text": "y" }])).await.unwrap();
    assert_eq!(memory.content_at("D/f").unwrap(), [&odd[..odd.len() - 5], b"y\n"].concat());
    let bare: Vec<u8> = "plain words\nof a western text\n".encode_utf16().flat_map(u16::to_le_bytes).collect();
    let wide: Vec<u8> = "\u{feff}a text".chars().flat_map(|c| u32::from(c).to_le_bytes()).collect();
    let memory = MemorySession::new(&[("D/bare", Node::File(bare)), ("D/32", Node::File(wide))]);
    read(&memory, "D/bare").await;
    edit(&memory, "D/bare", json!([{ "old_text": "western", "new_text": "größer" }])).await.unwrap();
    let after: Vec<u8> = "plain words\nof a größer text\n".encode_utf16().flat_map(u16::to_le_bytes).collect();
    assert_eq!(memory.content_at("D/bare").unwrap(), after);
    read(&memory, "D/32").await;
    let utf32 = edit(&memory, "D/32", json!([{ "old_text": "a", "new_text": "b" }])).await.unwrap_err();
    assert!(utf32.message.contains("is not a text file"), "{utf32:?}");
}

#[tokio::test]
async fn bytes_that_are_no_characters_are_not_edited_over() {
    let broken = [&b"x ".repeat(20_000)[..], b"\x82"].concat();
    let memory = MemorySession::new(&[("D/f", Node::File(broken))]);
    let told = |encoding: &'static str| {
        run(
            &memory,
            "edit_file",
            json!({ "path": "D/f", "encoding": encoding, "edits": [{ "old_text": "x", "new_text": "é", "all": true }] }),
        )
    };
    read(&memory, "D/f").await;
    let utf8 = told("utf-8").await.unwrap_err();
    assert!(utf8.kind == Kind::Unsupported && utf8.message.contains("not UTF-8 throughout"), "{utf8:?}");
    let japanese = told("shift_jis").await.unwrap_err();
    assert!(japanese.message.contains("taken for Shift_JIS, in which its byte 40000 begins no"), "{japanese:?}");
    assert_eq!(told("iso-2022-jp").await.unwrap_err().kind, Kind::Unsupported);
    assert_eq!(told("klingon").await.unwrap_err().kind, Kind::InvalidInput);
    told("windows-1252").await.unwrap();
    assert!(memory.content_at("D/f").unwrap().starts_with(b"\xe9 \xe9"), "what it is in was said");
}

#[tokio::test]
async fn a_long_file_is_edited_where_a_window_ends() {
    // Every place is hit at which one window ends and the next begins, and some beside it.
    let window = 1024 * 1024;
    let mut long = vec![b'.'; 3 * window];
    long.iter_mut().step_by(100).for_each(|b| *b = b'\n');
    let needle = b"<the needle>";
    for (n, shift) in [(1, 3_usize), (2, 9)] {
        let at = n * window - shift;
        long[at..at + needle.len()].copy_from_slice(needle);
    }
    let memory = MemorySession::new(&[("D/long", Node::File(long.clone()))]);
    read(&memory, "D/long").await;
    let once = edit(&memory, "D/long", json!([{ "old_text": "<the needle>", "new_text": "" }])).await.unwrap_err();
    assert!(once.message.contains("is 2 times"), "{once:?}");
    let all = json!([{ "old_text": "<the needle>", "new_text": "N", "all": true }, { "old_text": "N", "new_text": "<>", "all": true }]);
    let out = edit(&memory, "D/long", all).await.unwrap();
    assert_eq!(out.value["edits"][1]["replaced"], 2);
    let expected = String::from_utf8(long).unwrap().replace("<the needle>", "<>");
    assert_eq!(text(&memory, "D/long"), expected);
}

#[tokio::test]
async fn an_edit_that_was_cut_off_is_not_made_twice() {
    let memory = MemorySession::new(&[("D/a.txt", file("one"))]);
    read(&memory, "D/a.txt").await;
    let ctx = context(Some(memory.clone()), TestRuntime::new());
    let args = json!({ "path": "D/a.txt", "edits": [{ "old_text": "one", "new_text": "two" }] });
    run_as("edit_file", args.clone(), ctx.clone()).await.unwrap();
    let again = run_as("edit_file", args.clone(), ToolContext { attempt: 2, ..ctx.clone() }).await.unwrap();
    assert_eq!(again.value["made"], 1, "its text is gone, because it took it out itself");
    assert_eq!(text(&memory, "D/a.txt"), "two");
    let other = ToolContext { attempt: 2, ..context(Some(memory.clone()), TestRuntime::new()) };
    assert!(run_as("edit_file", args, other).await.is_err(), "another call did not make it");
}

fn replacing(paths: &[&str], old: &str, new: &str) -> Value {
    json!({ "paths": paths, "old_text": old, "new_text": new })
}

#[tokio::test]
async fn a_text_is_replaced_in_many_files_and_each_stays_as_it_is_written() {
    let wide: Vec<u8> =
        [0xfeff_u16].into_iter().chain("Größe: Acme\r\n".encode_utf16()).flat_map(u16::to_le_bytes).collect();
    let memory = MemorySession::new(&[
        ("D/a.md", file("Acme and Acme\n")),
        ("D/bom.csv", file("\u{feff}Acme,1\r\n")),
        ("D/latin.txt", Node::File(b"caf\xe9 Acme\r\n".to_vec())),
        ("D/wide.txt", Node::File(wide)),
        ("D/none.txt", file("acme\n")),
        ("D/binary", Node::File(b"Acme\0\x01\x02\x03Acme".to_vec())),
    ]);
    let paths = ["D/a.md", "D/binary", "D/bom.csv", "D/gone", "D/latin.txt", "D/none.txt", "D/wide.txt"];
    let out = run(&memory, "replace_text", replacing(&paths, "Acme", "Größe")).await.unwrap();
    assert_eq!((&out.value["made"], &out.value["left"]), (&json!(4), &json!(3)));
    assert_eq!(out.note, "4 files changed, 3 left as they were");
    let why: Vec<(&str, &str)> = out.value["otherwise"]
        .as_array()
        .unwrap()
        .iter()
        .map(|o| (o["path"].as_str().unwrap(), o["reason"].as_str().unwrap()))
        .collect();
    let expected = [
        ("D/binary", "`D/binary` is not a text file, and only texts are edited"),
        ("D/gone", "`D/gone` is not there"),
        ("D/none.txt", "the text is not in `D/none.txt`"),
    ];
    assert_eq!(why, expected);
    assert_eq!(text(&memory, "D/a.md"), "Größe and Größe\n");
    assert_eq!(text(&memory, "D/bom.csv"), "\u{feff}Größe,1\r\n");
    assert_eq!(memory.content_at("D/latin.txt").unwrap(), b"caf\xe9 Gr\xf6\xdfe\r\n");
    let wide: Vec<u8> =
        [0xfeff_u16].into_iter().chain("Größe: Größe\r\n".encode_utf16()).flat_map(u16::to_le_bytes).collect();
    assert_eq!(memory.content_at("D/wide.txt").unwrap(), wide);
    assert_eq!(text(&memory, "D/none.txt"), "acme\n", "capitals matter");
}

#[tokio::test]
async fn what_is_replaced_is_shown_before_it_is_asked_about() {
    let memory = MemorySession::new(&[("D/a.txt", file(""))]);
    let effects = registry().effects("replace_text", &replacing(&["D/a.txt", "D/in/b.txt"], "old", "new")).unwrap();
    assert_eq!(effects.preview.title, "replace “old” in 2 files");
    assert_eq!(effects.preview.notes, ["every “old” becomes “new”"]);
    let groups: Vec<&str> = effects.preview.groups.iter().map(|g| g.label.as_str()).collect();
    assert_eq!(groups, ["in D/", "in D/in/"]);
    let error = run(&memory, "replace_text", replacing(&["D/a.txt"], "new", "new")).await.unwrap_err();
    assert_eq!((error.kind, error.message.as_str()), (Kind::InvalidInput, "a text is to be replaced by itself"));
}

#[tokio::test]
async fn a_replacement_that_was_cut_off_is_not_made_twice() {
    let memory = MemorySession::new(&[("D/a.txt", file("one")), ("D/b.txt", file("one")), ("D/c.txt", file("none"))]);
    let ctx = context(Some(memory.clone()), TestRuntime::new());
    let args = replacing(&["D/a.txt", "D/b.txt", "D/c.txt"], "on", "onon");
    run_as("replace_text", args.clone(), ctx.clone()).await.unwrap();
    let again = run_as("replace_text", args, ToolContext { attempt: 2, ..ctx }).await.unwrap();
    assert_eq!((&again.value["made"], &again.value["left"]), (&json!(3), &json!(0)));
    assert_eq!((text(&memory, "D/a.txt"), text(&memory, "D/c.txt")), ("onone".into(), "nonone".into()));
    let args = replacing(&["D/a.txt", "D/gone"], "onone", "1");
    let ctx = context(Some(memory.clone()), TestRuntime::new());
    run_as("replace_text", args.clone(), ctx.clone()).await.unwrap();
    let again = run_as("replace_text", args, ToolContext { attempt: 2, ..ctx }).await.unwrap();
    assert_eq!((&again.value["made"], &again.value["left"]), (&json!(1), &json!(1)), "its text is gone by itself");
}

#[tokio::test]
async fn folders_are_copied_with_all_that_is_in_them() {
    let memory = MemorySession::new(&[
        ("D/in/a.txt", file("a")),
        ("D/in/deep/b.txt", file("b")),
        ("D/in/empty", Node::Folder),
        ("D/in/link", Node::Link),
        ("D/out/a.txt", file("theirs")),
        ("D/one.txt", file("1")),
    ]);
    let copies = json!([
        { "from": "D/in", "to": "D/out" },
        { "from": "D/one.txt", "to": "D/out/one.txt" },
        { "from": "D/gone", "to": "D/out/gone" },
    ]);
    let out = run(&memory, "copy_files", json!({ "copies": copies })).await.unwrap();
    assert_eq!(out.note, "2 files copied, 3 left as they were");
    let left: Vec<(u64, &str)> = out.value["otherwise"]
        .as_array()
        .unwrap()
        .iter()
        .map(|o| (o["index"].as_u64().unwrap(), o["reason"].as_str().unwrap()))
        .collect();
    assert_eq!(
        left,
        [
            (0, "`D/in/link` is a link, and only files and folders are copied"),
            (0, "there is a `D/out/a.txt` already"),
            (2, "`D/gone` is not there"),
        ]
    );
    assert_eq!(text(&memory, "D/out/a.txt"), "theirs");
    assert!(memory.paths().contains(&"D/out/empty".to_owned()) && text(&memory, "D/out/deep/b.txt") == "b");
    let itself =
        run(&memory, "copy_files", json!({ "copies": [{ "from": "D/in", "to": "D/in/in" }] })).await.unwrap_err();
    assert_eq!((itself.kind, itself.message.as_str()), (Kind::InvalidInput, "`D/in` can't be copied into itself"));
}

#[tokio::test]
async fn a_copied_folder_is_open_to_nobody_that_the_first_was_not_open_to() {
    let memory = MemorySession::new(&[
        ("D/in/a.txt", file("a")),
        ("D/in/deep/b.txt", file("b")),
        ("D/in/shut/c.txt", file("c")),
        ("D/there", Node::Folder),
    ]);
    for (path, mode) in
        [("D/in", "rwx------"), ("D/in/deep", "rwxr-x---"), ("D/in/shut", "r-x------"), ("D/there", "755")]
    {
        run(&memory, "set_mode", json!({ "paths": [path], "mode": mode })).await.unwrap();
    }
    let modes = |top: &str| ["", "/deep", "/shut"].map(|below| memory.mode_at(&format!("{top}{below}")));
    let copies = json!([{ "from": "D/in", "to": "D/new" }, { "from": "D/in", "to": "D/there" }]);
    let out = run(&memory, "copy_files", json!({ "copies": copies })).await.unwrap();
    assert_eq!((&out.value["made"], &out.value["left"]), (&json!(6), &json!(0)));
    assert_eq!(modes("D/new"), [Some(0o700), Some(0o750), Some(0o700)]);
    assert_eq!(modes("D/there"), [Some(0o755), Some(0o750), Some(0o700)], "one that was there stays as it was");
    for name in ["p.tar.gz", "p.zip"] {
        let path = format!("D/{name}");
        run(&memory, "make_archive", json!({ "path": path, "sources": ["D/in"] })).await.unwrap();
        let to = format!("D/out {name}");
        let out = run(&memory, "extract_archive", json!({ "path": path, "to": to })).await.unwrap();
        assert_eq!((&out.value["made"], &out.value["left"]), (&json!(3), &json!(0)));
        assert_eq!(modes(&format!("{to}/in")), [Some(0o700), Some(0o750), Some(0o700)], "{name}");
    }
}

#[tokio::test]
async fn what_was_set_aside_is_brought_back() {
    let memory = MemorySession::new(&[("D/a.txt", file("a")), ("D/in/b.txt", file("b"))]);
    run(&memory, "set_aside", json!({ "paths": ["D/a.txt", "D/in"] })).await.unwrap();
    assert_eq!(memory.paths(), ["D"]);
    memory.put("D/a.txt", file("theirs"));
    let out = run(&memory, "restore_files", json!({ "paths": ["D/a.txt", "D/in", "D/never"] })).await.unwrap();
    assert_eq!(out.note, "1 file brought back, 2 left as they were");
    assert_eq!((text(&memory, "D/a.txt").as_str(), text(&memory, "D/in/b.txt").as_str()), ("theirs", "b"));
}

#[tokio::test]
async fn what_is_not_as_it_was_is_not_set_aside_and_copies_have_each_their_own() {
    let memory = MemorySession::new(&[("D/a", file("x")), ("D/b", file("x")), ("D/c", file("x")), ("D/d", file("x"))]);
    let then = 1_700_000_000_000_i64;
    let aside = async |since: i64, paths: Value, of: Value| {
        run(&memory, "set_aside", json!({ "paths": paths, "unchanged_since": since, "copies_of": of })).await
    };
    let left = aside(then - 1, json!(["D/a"]), json!([])).await.unwrap();
    assert_eq!(left.note, "0 files set aside, 1 left as they were");
    let out = aside(then, json!(["D/b", "D/c"]), json!(["D/a", "D/gone"])).await.unwrap();
    assert_eq!((out.note.as_str(), &out.value["left_at"]), ("1 file set aside, 1 left as they were", &json!([[1, 2]])));
    let fewer = aside(then, json!(["D/c", "D/d"]), json!(["D/a"])).await.unwrap_err();
    assert_eq!((fewer.kind, fewer.message.as_str()), (Kind::InvalidInput, "`copies_of` has 1 file, `paths` 2"));
    let args = json!({ "paths": ["D/c"], "copies_of": ["D/a"] });
    assert_eq!(run(&memory, "set_aside", args).await.unwrap_err().kind, Kind::InvalidInput);
    assert_eq!(memory.paths(), ["D", "D/a", "D/c", "D/d"]);
}

#[test]
fn names_that_differ_in_capitals_alone_are_named_before() {
    let moves = json!([{ "from": "A/x/a.txt", "to": "B/a.txt" }, { "from": "A/y/A.TXT", "to": "B/A.TXT" }]);
    let preview = registry().effects("move_files", &json!({ "moves": moves, "if_taken": "number" })).unwrap().preview;
    let note =
        "1 name differs from another of these in capitals alone: on a disk that ignores capitals they get a number";
    assert_eq!(preview.notes, [note]);
}

#[tokio::test]
async fn a_folder_whose_name_a_file_has_is_an_error() {
    let memory = MemorySession::new(&[("D/a", file(""))]);
    let error = run(&memory, "make_folder", json!({ "path": "D/a" })).await.unwrap_err();
    assert!(error.kind == Kind::Conflict && error.fix().is_some(), "{error:?}");
}
