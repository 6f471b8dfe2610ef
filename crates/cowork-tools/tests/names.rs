//! New names for files, and what files are by their names.

#![allow(clippy::unwrap_used, clippy::needless_pass_by_value, reason = "a story that goes wrong ends")]

mod samples;

use std::sync::Arc;

use cowork_core::{Error, Kind, Result, Timestamp};
use cowork_testkit::{MemorySession, Node, TestRuntime, tool::context};
use serde_json::{Value, json};

async fn call(memory: &Arc<MemorySession>, tool: &str, args: Value) -> Result<Value> {
    let runtime = TestRuntime::new();
    runtime.set(Timestamp::from_millis(1_700_000_060_000));
    let tool = cowork_tools::builtin().into_iter().find(|t| t.spec().name == tool).unwrap();
    tool.effects(&args)?;
    tool.run(args, context(Some(memory.clone()), runtime)).await.map(|out| out.value)
}

fn desk(names: &[&str]) -> Arc<MemorySession> {
    let node = |name: &str| if name.ends_with('/') { Node::Folder } else { Node::File(b"x".to_vec()) };
    let paths: Vec<String> = names.iter().map(|name| format!("D/{}", name.trim_end_matches('/'))).collect();
    let nodes: Vec<(&str, Node)> = paths.iter().zip(names).map(|(path, name)| (path.as_str(), node(name))).collect();
    MemorySession::new(&nodes)
}

/// Renames files by a rule, one move after another, and gives the names; tries it again, which must find nothing to do.
async fn names(rule: Value, files: &[&str]) -> Vec<String> {
    let mut args = rule;
    args["folder"] = json!("D");
    let found = call(&desk(files), "suggest_names", args.clone()).await.unwrap();
    let mut after: Vec<String> = files.iter().map(|name| (*name).to_owned()).collect();
    for one in found["moves"].as_array().unwrap() {
        let name = |key: &str| one[key].as_str().unwrap().strip_prefix("D/").unwrap().to_owned();
        assert!(!after.contains(&name("to")), "{one} would be over another");
        *after.iter_mut().find(|old| **old == name("from")).unwrap() = name("to");
    }
    after.sort();
    let again =
        call(&desk(&after.iter().map(String::as_str).collect::<Vec<_>>()), "suggest_names", args).await.unwrap();
    assert_eq!(again["moves"], json!([]), "what is right already is left");
    after
}

async fn refused(rule: Value) -> Error {
    let mut args = rule;
    args["folder"] = json!("D");
    call(&desk(&["a.txt"]), "suggest_names", args).await.unwrap_err()
}

#[tokio::test]
async fn names_are_tidied_up() {
    let files = [
        "scan (2).pdf",
        "scan_2.pdf",
        "What?! - a \"name\".TXT",
        "two\nlines.txt",
        "Müller & Söhne – Brief.odt",
        "日本 語.txt",
        "my backup.tar.gz",
        "good_name.txt",
        "!!!.txt",
        " .txt",
        ".hidden file",
        "in use.part",
        "trail. ",
    ];
    let expected = [
        " .txt",
        "!!!.txt",
        ".hidden file",
        "Müller_Söhne_Brief.odt",
        "What-a_name.TXT",
        "good_name.txt",
        "in use.part",
        "my_backup.tar.gz",
        "scan_2.pdf",
        "scan_2_2.pdf",
        "trail",
        "two_lines.txt",
        "日本_語.txt",
    ];
    assert_eq!(names(json!({}), &files).await, expected);
}

#[tokio::test]
async fn names_become_slugs_or_change_their_case() {
    let files = ["Über uns & Mehr.PDF", "ÇA va.txt", "a--b.txt"];
    assert_eq!(names(json!({ "by": "slug" }), &files).await, ["a-b.txt", "ca-va.txt", "ueber-uns-and-mehr.PDF"]);
    let files = ["Anna B.TXT", "anna b.TXT", "ÉTÉ.md"];
    assert_eq!(names(json!({ "by": "lower" }), &files).await, ["anna b.TXT", "anna b_2.TXT", "été.md"]);
    assert_eq!(names(json!({ "by": "title" }), &["mY LETTER.txt"]).await, ["My Letter.txt"]);
    assert_eq!(names(json!({ "by": "upper" }), &["straße.txt"]).await, ["STRASSE.txt"]);
}

#[tokio::test]
async fn files_are_numbered_in_the_order_of_their_names() {
    let files = ["page 10.png", "page 2.png", "page 1.png", "cover.jpg"];
    assert_eq!(names(json!({ "by": "number" }), &files).await, ["001.jpg", "002.png", "003.png", "004.png"]);
    let found = names(json!({ "by": "number", "start": 9998 }), &["a", "b", "c.txt"]).await;
    assert_eq!(found, ["09998", "09999", "10000.txt"]);
}

#[tokio::test]
async fn names_that_change_places_pass_each_other() {
    let rule = json!({ "by": "replace", "find": "x", "with": "" });
    assert_eq!(names(rule, &["xa.txt", "xxa.txt", "b.txt"]).await, ["a.txt", "a_2.txt", "b.txt"]);
    // 0 comes first, so that every name moves on by one, and none over another.
    let chain = names(json!({ "by": "number" }), &["0.txt", "001.txt", "002.txt", "003.txt"]).await;
    assert_eq!(chain, ["001.txt", "002.txt", "003.txt", "004.txt"]);
}

#[tokio::test]
async fn what_belongs_to_a_photo_or_film_keeps_its_name() {
    let files = [
        "my photo.CR2",
        "my photo.JPG",
        "my photo.xmp",
        "my photo.CR2.xmp",
        "my film.mp4",
        "my film.en.srt",
        "other one.srt",
    ];
    let expected = [
        "my_film.en.srt",
        "my_film.mp4",
        "my_photo.CR2",
        "my_photo.CR2.xmp",
        "my_photo.JPG",
        "my_photo.xmp",
        "other_one.srt",
    ];
    assert_eq!(names(json!({}), &files).await, expected);
    let expected = ["001.en.srt", "001.mp4", "002.CR2", "002.CR2.xmp", "002.JPG", "002.xmp", "003.srt"];
    assert_eq!(names(json!({ "by": "number" }), &files).await, expected);
}

#[tokio::test]
async fn a_saved_page_and_a_project_keep_their_names() {
    let page = desk(&["a page.html", "a page_files/", "b c.html"]);
    let found = call(&page, "suggest_names", json!({ "folder": "D" })).await.unwrap();
    assert_eq!(found["moves"], json!([{ "from": "D/b c.html", "to": "D/b_c.html" }]));
    assert_eq!(found["stay"], json!({ "saved pages, which find their pictures by name": 1 }));
    let project = desk(&["package.json", "my file.js"]);
    let found = call(&project, "suggest_names", json!({ "folder": "D" })).await.unwrap();
    assert_eq!((&found["project"], &found["moves"], &found["count"]), (&json!("package.json"), &json!([]), &json!(2)));
}

#[tokio::test]
async fn ten_thousand_files_that_would_have_one_name_get_numbers_at_once() {
    let marks = |n: usize| (0..9).map(move |at| ['!', '?', '~'][n / 3_usize.pow(at) % 3]).collect::<String>();
    let files: Vec<String> = (0..10_000).map(|n| format!("a{}.txt", marks(n))).collect();
    let files: Vec<&str> = files.iter().map(String::as_str).collect();
    let found = call(&desk(&files), "suggest_names", json!({ "folder": "D", "most": 100_000 })).await.unwrap();
    let to: std::collections::BTreeSet<&str> =
        found["moves"].as_array().unwrap().iter().map(|m| m["to"].as_str().unwrap()).collect();
    assert_eq!(to.len(), 10_000, "no two get one name");
    let first = call(&desk(&files), "suggest_names", json!({ "folder": "D" })).await.unwrap();
    assert_eq!((first["moves"].as_array().unwrap().len(), &first["more"]), (200, &json!(true)));
    assert!(to.contains("D/a.txt") && to.contains("D/a_2.txt") && to.contains("D/a_10000.txt"));
}

#[tokio::test]
async fn a_rule_that_can_not_be_meant_is_refused_and_says_what_to_do() {
    for (rule, why) in [
        (json!({ "by": "pattern" }), "there is no pattern for the new names"),
        (json!({ "by": "pattern", "pattern": "{nam}" }), "nothing is known as {nam} in a pattern"),
        (json!({ "by": "pattern", "pattern": "a" }), "all files would be called “a”"),
        (json!({ "by": "pattern", "pattern": "{year}/{name}" }), "a name can't have a / or \\ in it"),
        (json!({ "by": "pattern", "pattern": "{ext}{name}" }), "{ext} stands at the end of a pattern or is left out"),
        (json!({ "by": "replace" }), "there is no text to be replaced"),
        (json!({ "by": "replace", "find": "a", "with": "b/c" }), "a name can't have a / or \\ in it"),
    ] {
        let error = refused(rule).await;
        assert_eq!(error.kind, Kind::InvalidInput);
        assert!(error.message.starts_with(why) && error.fix().is_some(), "{error:?}");
    }
}

#[tokio::test]
async fn a_folder_that_is_listed_says_what_its_files_are_by_their_names() {
    let memory = desk(&["IMG_1.CR2", "IMG_1.jpg", "half.zip.part", "notes", "page.html", "page_files/", "go.mod"]);
    let plain = call(&memory, "list_folder", json!({ "path": "D" })).await.unwrap();
    assert!(plain.get("project").is_none() && plain["entries"][0].get("category").is_none(), "only who asks is told");
    let listed = call(&memory, "list_folder", json!({ "path": "D", "categories": true })).await.unwrap();
    let told: Vec<[&Value; 3]> =
        listed["entries"].as_array().unwrap().iter().map(|e| [&e["name"], &e["category"], &e["belongs_to"]]).collect();
    let expected = json!([
        ["IMG_1.CR2", "Images", null],
        ["IMG_1.jpg", "Images", "IMG_1.CR2"],
        ["go.mod", "Other", null],
        ["half.zip.part", "Unfinished", null],
        ["notes", "Other", null],
        ["page.html", "Code", null],
        ["page_files", null, "page.html"],
    ]);
    assert_eq!(json!(told), expected);
    assert_eq!(listed["project"], "go.mod");
}

/// Gives the new names by a rule, and where their dates are from.
async fn dated(memory: &Arc<MemorySession>, rule: Value) -> (Vec<String>, Value) {
    let mut args = rule;
    args["folder"] = json!("D");
    let found = call(memory, "suggest_names", args).await.unwrap();
    let to = |m: &Value| m["to"].as_str().unwrap().strip_prefix("D/").unwrap().to_owned();
    let mut names: Vec<String> = found["moves"].as_array().unwrap().iter().map(to).collect();
    names.sort();
    (names, found["dated"].clone())
}

#[tokio::test]
async fn the_date_in_a_name_wins_and_none_that_says_something_else_is_dropped() {
    let pdf = samples::paper();
    let paths = [
        "INV-0000 Hooli 2021-09-10.pdf",
        "INV-0010 Hooli 23.06.2022.pdf",
        "Vertrag.pdf",
        "due 2099-01-02.pdf",
        "a.txt",
    ];
    let mut nodes: Vec<(String, Node)> =
        paths.iter().map(|name| (format!("D/{name}"), Node::File(pdf.clone()))).collect();
    nodes.push(("D/not yet.jpg".to_owned(), Node::File(samples::photo())));
    let nodes: Vec<(&str, Node)> = nodes.iter().map(|(path, node)| (path.as_str(), node.clone())).collect();
    let memory = MemorySession::new(&nodes);
    let (names, from) = dated(&memory, json!({ "by": "date" })).await;
    let expected = [
        "2021-09-10_INV-0000 Hooli.pdf",
        "2022-06-23_INV-0010 Hooli.pdf",
        "2023-01-02_Vertrag.pdf",
        "2023-01-02_due 2099-01-02.pdf",
        "2023-11-14_a.txt",
        "2023-11-14_not yet.jpg",
    ];
    assert_eq!(names, expected, "the invoice's date, not that of the PDF; one to come is not believed, and stays");
    assert_eq!(from, json!({ "name": 2, "content": 2, "changed": 2 }));
    let (names, _) = dated(&memory, json!({ "by": "pattern", "pattern": "{year} {name}" })).await;
    assert!(
        names.contains(&"2021 INV-0000 Hooli 2021-09-10.pdf".to_owned()),
        "a year alone is not all of it: {names:?}"
    );
    let listed = call(&memory, "list_folder", json!({ "path": "D", "dates": true })).await.unwrap();
    let told: Vec<[&Value; 2]> =
        listed["entries"].as_array().unwrap().iter().map(|e| [&e["date"], &e["date_from"]]).collect();
    let expected = json!([
        ["2021-09-10", "name"],
        ["2022-06-23", "name"],
        ["2023-01-02", "content"],
        ["2023-11-14", "changed"],
        ["2023-01-02", "content"],
        ["2023-11-14", "changed"],
    ]);
    assert_eq!(json!(told), expected);
}

#[tokio::test]
async fn a_raw_photo_that_says_nothing_has_the_date_of_its_other_form() {
    let mut photo = samples::photo();
    let at = photo.windows(4).position(|four| four == b"2024").unwrap();
    photo[at..at + 4].copy_from_slice(b"2019");
    let nodes = [("D/IMG_2.CR2", Node::File(b"raw".to_vec())), ("D/IMG_2.JPG", Node::File(photo))];
    let (names, from) = dated(&MemorySession::new(&nodes), json!({ "by": "date" })).await;
    assert_eq!(names, ["2019-05-17_IMG_2.CR2", "2019-05-17_IMG_2.JPG"]);
    assert_eq!(from["content"], 1, "{from}");
}

#[tokio::test]
async fn only_the_kinds_of_files_that_are_meant_get_new_names() {
    let files =
        ["IMG_1.CR2", "IMG_1.xmp", "IMG_2.jpg", "Thumbs.db", "scan 1.pdf", "letter.docx", "film.mov", "001.txt"];
    let only = |only: Value, files: Value| json!({ "by": "number", "only": only, "files": files });
    for (rule, renamed) in [
        (only(json!(["photos"]), json!(null)), vec!["001.CR2", "001.xmp", "002.jpg"]),
        (only(json!(["scans"]), json!(null)), vec!["001.pdf"]),
        (only(json!(["documents", "videos"]), json!("*.{docx,mov}")), vec!["001.mov", "002.docx"]),
        (only(json!([]), json!("img_*")), vec!["001.CR2", "001.xmp", "002.jpg"]),
    ] {
        let (names, _) = dated(&desk(&files), rule.clone()).await;
        assert_eq!(names, renamed, "{rule}");
    }
    let args = json!({ "folder": "D", "by": "number", "only": ["photos"] });
    let found = call(&desk(&files), "suggest_names", args).await.unwrap();
    assert_eq!(found["stay"], json!({ "files of other kinds": 5 }));
    let error = refused(json!({ "files": "[" })).await;
    assert!(error.message.contains("is not a pattern for names"), "{error:?}");
}
