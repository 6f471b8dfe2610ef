//! The built-in `rename`.

#![allow(clippy::unwrap_used, clippy::panic)]

mod story;

use cowork_core::{Kind, Outcome, Submit};
use serde_json::{Value, json};
use story::{Story, folder};

fn rename(params: impl Into<Value>) -> Submit {
    let mut submit = Submit::new("Rename these files");
    submit.folders = vec![folder("D")];
    submit.planner = json!({ "playbook": "rename", "params": params.into() });
    submit
}

/// Renames these files, and gives the new names; tries it again, which must find nothing to do.
async fn names(params: Value, files: &[&str]) -> Vec<String> {
    let paths: Vec<String> = files.iter().map(|f| format!("D/{f}")).collect();
    let paths: Vec<&str> = paths.iter().map(String::as_str).collect();
    let mut story = Story::of(rename(params.clone())).files(&paths);
    story.done().await;
    let after: Vec<String> = story.paths().iter().map(|p| p[2..].to_owned()).collect();
    let again: Vec<String> = after.iter().map(|f| format!("D/{f}")).collect();
    let mut again = Story::of(rename(params)).files(&again.iter().map(String::as_str).collect::<Vec<_>>());
    let (summary, _) = again.done().await;
    assert!(summary.starts_with("Nothing to rename"), "what is right already is left: {summary}");
    after
}

#[tokio::test]
async fn names_are_tidied_up() {
    let found = names(
        json!({}),
        &[
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
        ],
    )
    .await;
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
        "two_lines.txt",
        "日本_語.txt",
    ];
    assert_eq!(found, expected);
}

#[tokio::test]
async fn names_become_slugs_or_change_their_case() {
    let files = ["Über uns & Mehr.PDF", "ÇA va.txt", "a--b.txt"];
    assert_eq!(names(json!({ "by": "slug" }), &files).await, ["a-b.txt", "ca-va.txt", "ueber-uns-and-mehr.PDF"]);
    let files = ["Anna B.TXT", "anna b.TXT", "ÉTÉ.md"];
    assert_eq!(names(json!({ "by": "case" }), &files).await, ["anna b.TXT", "anna b_2.TXT", "été.md"]);
    assert_eq!(names(json!({ "by": "case", "case": "title" }), &["mY LETTER.txt"]).await, ["My Letter.txt"]);
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
    let mut story = Story::of(rename(json!({ "by": "replace", "find": "x", "with": "" }))).files(&[
        "D/xa.txt",
        "D/xxa.txt",
        "D/b.txt",
    ]);
    story.done().await;
    assert_eq!(story.paths(), ["D/a.txt", "D/a_2.txt", "D/b.txt"]);
    // 010 comes first now, so that every name moves on by one, and none over another.
    let mut chain =
        Story::of(rename(json!({ "by": "number" }))).files(&["D/0.txt", "D/001.txt", "D/002.txt", "D/003.txt"]);
    let (summary, data) = chain.done().await;
    assert_eq!(chain.paths(), ["D/001.txt", "D/002.txt", "D/003.txt", "D/004.txt"], "{summary}");
    assert_eq!(data["renamed"], 4);
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
    let numbered = names(json!({ "by": "number" }), &files).await;
    let expected = ["001.en.srt", "001.mp4", "002.CR2", "002.CR2.xmp", "002.JPG", "002.xmp", "003.srt"];
    assert_eq!(numbered, expected);
}

/// Only files of the kinds that are named get new names, numbered among themselves, and what goes along with others stays.
#[tokio::test]
async fn files_of_other_kinds_keep_their_names() {
    let files = ["a b.JPG", "a b.xmp", "c d.mov", "c d.xmp", "e f.pdf", "my scan.pdf", "Scan 2.png"];
    let photos = names(json!({ "only": "photos" }), &files).await;
    let expected = ["Scan_2.png", "a_b.JPG", "a_b.xmp", "c d.mov", "c d.xmp", "e f.pdf", "my scan.pdf"];
    assert_eq!(photos, expected);
    let scans = names(json!({ "only": "scans", "by": "number" }), &files).await;
    assert_eq!(scans, ["001.pdf", "002.png", "a b.JPG", "a b.xmp", "c d.mov", "c d.xmp", "e f.pdf"]);
    let several =
        names(json!({ "only": "pdfs,videos", "by": "case", "case": "upper" }), &["a.pdf", "b.mp4", "c.txt"]).await;
    assert_eq!(several, ["A.pdf", "B.mp4", "c.txt"]);
    let mut none = Story::of(rename(json!({ "only": "music" }))).files(&["D/a b.jpg"]);
    let (summary, data) = none.done().await;
    assert_eq!(summary, "Nothing to rename: 1 file left as they were.");
    assert_eq!(data["stayed"]["files of other kinds"], 1);
}

#[tokio::test]
async fn a_saved_page_and_a_project_keep_their_names() {
    let mut page = Story::of(rename(json!({}))).files(&["D/a page.html", "D/a page_files/x.css", "D/b c.html"]);
    let (_, data) = page.done().await;
    assert_eq!(page.paths(), ["D/a page.html", "D/a page_files/x.css", "D/b_c.html"]);
    assert_eq!(data["stayed"]["saved pages, which find their pictures by name"], 1);
    let mut project = Story::of(rename(json!({}))).files(&["D/package.json", "D/my file.js"]);
    let (summary, _) = project.done().await;
    assert_eq!(
        summary,
        "Nothing to rename: 2 files left as they were. D is the folder of a project (package.json lies in it), so nothing in it was renamed."
    );
}

fn with_metadata(params: Value, files: &[&str]) -> Story {
    Story::of(rename(params)).files(files).answering(|call| {
        let paths = (call.tool == "file_metadata").then(|| call.args["paths"].as_array().unwrap().clone())?;
        let of = |path: &str| match path {
            "D/a.jpg" => json!({ "taken": "2024-05-17T18:03:22" }),
            "D/no clock.jpg" => json!({ "taken": "1970-01-01T00:00:00" }),
            "D/to come.jpg" => json!({ "taken": "2126-05-17T18:03:22" }),
            "D/b.pdf" => json!({ "created": "2023-02-01T00:00:00Z" }),
            _ => json!({}),
        };
        let files: Vec<Value> =
            paths.iter().map(|p| json!({ "path": p, "metadata": of(p.as_str().unwrap()) })).collect();
        Some(Outcome::Done { value: json!({ "files": files }), note: String::new() })
    })
}

#[tokio::test]
async fn dates_come_from_photos_then_pdf_files_then_names_then_the_last_change() {
    let files = [
        "D/a.jpg",
        "D/no clock.jpg",
        "D/to come.jpg",
        "D/b.pdf",
        "D/IMG_20220131_120000.jpg",
        "D/Brief vom 3.4.2021.odt",
        "D/2020-12-24 party.txt",
        "D/31.13.2020.txt",
    ];
    let mut story = with_metadata(json!({ "by": "date" }), &files);
    let (summary, data) = story.done().await;
    let expected = [
        "D/2020-12-24 party.txt",
        "D/2021-04-03_Brief vom.odt",
        "D/2022-01-31_IMG_120000.jpg",
        "D/2023-02-01_b.pdf",
        "D/2024-05-17_a.jpg",
        "D/2026-01-03_no clock.jpg",
        "D/2026-01-04_to come.jpg",
        "D/2026-01-09_31.13.2020.txt",
    ];
    assert_eq!(story.paths(), expected, "{data}");
    assert!(summary.contains("3 had no date but the one on which they were last changed."), "{summary}");
}

#[tokio::test]
async fn names_are_made_by_a_pattern() {
    let pattern = json!({ "by": "pattern", "pattern": "{year} {name} {number}{ext}" });
    let mut story = with_metadata(pattern, &["D/a.jpg", "D/b.pdf"]);
    story.done().await;
    assert_eq!(story.paths(), ["D/2023 b 002.pdf", "D/2024 a 001.jpg"]);
    for (params, why) in [
        (json!({ "by": "pattern" }), "There is no pattern for the new names"),
        (json!({ "by": "pattern", "pattern": "{nam}" }), "Nothing is known as {nam} in a pattern"),
        (json!({ "by": "pattern", "pattern": "a" }), "All files would be called “a”"),
        (json!({ "by": "pattern", "pattern": "{year}/{name}" }), "A name can't have a / in it"),
        (json!({ "by": "pattern", "pattern": "{ext}{name}" }), "{ext} stands at the end of a pattern or is left out"),
        (json!({ "by": "replace" }), "There is no text to be replaced"),
        (json!({ "by": "replace", "find": "a", "with": "b/c" }), "A name can't have a / in it"),
    ] {
        let error = Story::of(rename(params)).files(&["D/a.txt"]).fails().await;
        assert_eq!(error.kind, Kind::InvalidInput);
        assert!(error.message.starts_with(why) && error.fix().is_some(), "{error:?}");
    }
}

#[tokio::test]
async fn a_dry_run_shows_names_and_changes_none() {
    let mut story = Story::of(rename(json!({ "dry_run": true }))).files(&["D/a b.txt", "D/c.txt"]);
    let (summary, _) = story.done().await;
    assert_eq!(summary, "1 file would be renamed, 1 left as they are; nothing was changed.\n\n  a b.txt → a_b.txt");
    assert_eq!(story.paths(), ["D/a b.txt", "D/c.txt"]);
}
