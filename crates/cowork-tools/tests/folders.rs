//! Folders for files, and many files moved at once.

#![allow(clippy::unwrap_used, clippy::needless_pass_by_value, reason = "a story that goes wrong ends")]

mod samples;

use std::{collections::BTreeMap, sync::Arc};

use cowork_core::{Kind, Result, Timestamp};
use cowork_testkit::{MemorySession, Node, TestRuntime, tool::context};
use serde_json::{Value, json};

async fn call(memory: &Arc<MemorySession>, tool: &str, args: Value) -> Result<Value> {
    let runtime = TestRuntime::new();
    runtime.set(Timestamp::from_millis(1_700_000_060_000));
    let tool = cowork_tools::builtin().into_iter().find(|t| t.spec().name == tool).unwrap();
    tool.effects(&args)?;
    tool.run(args, context(Some(memory.clone()), runtime)).await.map(|out| out.value)
}

fn desk_of(names: &[(&str, Node)]) -> Arc<MemorySession> {
    let paths: Vec<String> = names.iter().map(|(name, _)| format!("D/{}", name.trim_end_matches('/'))).collect();
    let nodes: Vec<(&str, Node)> =
        paths.iter().zip(names).map(|(path, (_, node))| (path.as_str(), node.clone())).collect();
    MemorySession::new(&nodes)
}

fn desk(names: &[&str]) -> Arc<MemorySession> {
    let node = |name: &str| if name.ends_with('/') { Node::Folder } else { Node::File(b"x".to_vec()) };
    desk_of(&names.iter().map(|name| (*name, node(name))).collect::<Vec<_>>())
}

async fn suggested(memory: &Arc<MemorySession>, rule: Value) -> Value {
    let mut args = rule;
    args["folder"] = json!("D");
    call(memory, "suggest_folders", args).await.unwrap()
}

/// Puts files into folders and gives where all of it lies then; tries it again, which must find nothing to do.
async fn sorted(rule: Value, files: &[&str]) -> Vec<String> {
    let memory = desk(files);
    let found = suggested(&memory, rule.clone()).await;
    let all = |found: &Value| -> Vec<Value> {
        let lists = ["moves", "along", "folders"].map(|key| found[key].as_array().unwrap().clone());
        lists.concat()
    };
    let moves = all(&found);
    let number: usize = moves.iter().map(|one| one["names"].as_array().unwrap().len()).sum();
    if number > 0 {
        let moved = call(&memory, "move_files", json!({ "moves": moves })).await.unwrap();
        assert_eq!((&moved["made"], &moved["left"]), (&json!(number), &json!(0)), "{moved}");
        let each: Vec<usize> = moves.iter().map(|one| one["names"].as_array().unwrap().len()).collect();
        assert_eq!(moved["each"], json!(each));
    }
    assert_eq!(all(&suggested(&memory, rule).await), [Value::Null; 0], "what is in order stays");
    let mut paths: Vec<String> =
        memory.paths().iter().filter_map(|p| p.strip_prefix("D/").map(str::to_owned)).collect();
    let folders: Vec<String> = paths.iter().filter_map(|p| p.rsplit_once('/').map(|(f, _)| f.to_owned())).collect();
    paths.retain(|path| !folders.contains(path) && !folders.iter().any(|f| f.starts_with(&format!("{path}/"))));
    paths.sort();
    paths
}

#[tokio::test]
async fn files_go_by_type_with_what_belongs_to_them() {
    let files = [
        "a.PDF",
        "noext",
        "IMG_1.CR2",
        "IMG_1.JPG",
        "IMG_1.CR2.xmp",
        "film.mp4",
        "film.en.srt",
        "alone.srt",
        "page.html",
        "page_files/style.css",
        "old/inside.pdf",
    ];
    let expected = [
        "Code/page.html",
        "Code/page_files/style.css",
        "Documents/a.PDF",
        "Images/IMG_1.CR2",
        "Images/IMG_1.CR2.xmp",
        "Images/IMG_1.JPG",
        "Other/alone.srt",
        "Other/noext",
        "Video/film.en.srt",
        "Video/film.mp4",
        "old/inside.pdf",
    ];
    assert_eq!(sorted(json!({}), &files).await, expected);
}

#[tokio::test]
async fn what_stays_is_counted_by_reason() {
    let memory = desk_of(&[
        (".hidden", Node::File(Vec::new())),
        ("movie.mp4.crdownload", Node::File(Vec::new())),
        ("movie.mp4", Node::File(Vec::new())),
        ("~$lease.docx", Node::File(Vec::new())),
        ("link", Node::Link),
        ("pipe", Node::Pipe),
        ("thesis.tex", Node::File(Vec::new())),
        ("refs.bib", Node::File(Vec::new())),
        ("b.png", Node::File(Vec::new())),
    ]);
    let found = suggested(&memory, json!({ "only": ["documents", "videos"] })).await;
    let stay = json!({
        "files in use or not complete": 3, "files of other kinds": 1, "hidden files": 1, "links and special files": 2,
        "parts of a LaTeX document": 2,
    });
    assert_eq!((&found["stay"], &found["moves"]), (&stay, &json!([])));
}

#[tokio::test]
async fn projects_and_the_settings_beside_them_stay() {
    let whole = suggested(&desk(&["a.pdf", "Cargo.toml"]), json!({})).await;
    assert_eq!((&whole["project"], &whole["stay"]), (&json!("Cargo.toml"), &json!({ "files of a project": 2 })));
    let photos = suggested(&desk(&["a.pdf", "Cargo.toml"]), json!({ "projects": false })).await;
    assert_eq!((&photos["project"], &photos["stay"]), (&Value::Null, &json!({})));

    let beside = ["docker-compose.yml", "Dockerfile", "a.pdf", "app/.git/HEAD"];
    let expected = ["Dockerfile", "Documents/a.pdf", "app/.git/HEAD", "docker-compose.yml"];
    assert_eq!(sorted(json!({}), &beside).await, expected);
    let alone = ["Code/docker-compose.yml", "Documents/a.pdf", "app/notes.txt"];
    assert_eq!(sorted(json!({}), &["docker-compose.yml", "a.pdf", "app/notes.txt"]).await, alone);
}

#[tokio::test]
async fn a_folder_is_used_as_it_is_written_and_what_has_its_name_makes_way() {
    let files = ["a.pdf", "documents/b.pdf", "Images", "x.png"];
    let expected = ["Images/x.png", "Other/Images", "documents/a.pdf", "documents/b.pdf"];
    assert_eq!(sorted(json!({}), &files).await, expected);

    let taken =
        desk_of(&[("Video", Node::Link), ("clip.mp4", Node::File(Vec::new())), ("clip.srt", Node::File(Vec::new()))]);
    let found = suggested(&taken, json!({})).await;
    assert_eq!(found["stay"]["files whose folder's name is taken by a file"], 2);

    let documents =
        MemorySession::new(&[("Documents/a.pdf", Node::File(Vec::new())), ("Documents/b.png", Node::File(Vec::new()))]);
    let found = call(&documents, "suggest_folders", json!({ "folder": "Documents" })).await.unwrap();
    let moves = json!([{ "from": "Documents", "to": "Documents/Images", "names": ["b.png"] }]);
    assert_eq!((&found["moves"], &found["stay"]), (&moves, &json!({ "in order already": 1 })));
}

#[tokio::test]
async fn files_go_by_the_best_date_of_those_that_belong_together() {
    let memory = desk_of(&[
        ("photo.CR2", Node::File(b"raw".to_vec())),
        ("photo.jpg", Node::File(samples::photo())),
        ("Brief 17.05.2021.txt", Node::File(Vec::new())),
        ("paper.pdf", Node::File(samples::paper())),
        ("x.txt", Node::File(Vec::new())),
    ]);
    let to = |found: &Value| -> BTreeMap<String, Value> {
        let one = |m: &Value| (m["to"].as_str().unwrap().strip_prefix("D/").unwrap().to_owned(), m["names"].clone());
        found["moves"].as_array().unwrap().iter().map(one).collect()
    };
    let found = suggested(&memory, json!({ "by": "month" })).await;
    assert_eq!(to(&found)["2021/05"], json!(["Brief 17.05.2021.txt"]));
    assert_eq!(to(&found)["2023/01"], json!(["paper.pdf"]));
    let all = found["dated"].as_object().unwrap().values().map(|n| n.as_u64().unwrap()).sum::<u64>();
    assert_eq!((all, &found["dated"]["name"]), (4, &json!(1)), "a photo and its raw form have one date");
    assert_eq!(to(&suggested(&memory, json!({ "by": "year" })).await)["2021"], json!(["Brief 17.05.2021.txt"]));
    assert_eq!(
        to(&suggested(&memory, json!({ "by": "day" })).await)["2021/2021-05-17"],
        json!(["Brief 17.05.2021.txt"])
    );
    let strict = suggested(&memory, json!({ "by": "day", "changed": false })).await;
    assert!(strict["stay"]["files with a date that can't be right"].as_u64() >= Some(1), "{strict}");
}

#[tokio::test]
async fn files_go_by_the_name_they_share() {
    let files =
        ["2026-01 Acme invoice.pdf", "invoice_acme_02.pdf", "Globex 7.pdf", "globex.docx", "alone.txt", "12.txt"];
    let expected = [
        "12.txt",
        "Acme/2026-01 Acme invoice.pdf",
        "Acme/invoice_acme_02.pdf",
        "Globex/Globex 7.pdf",
        "Globex/globex.docx",
        "alone.txt",
    ];
    assert_eq!(sorted(json!({ "by": "name" }), &files).await, expected);
}

#[tokio::test]
async fn files_go_by_rules_of_which_the_first_that_fits_decides() {
    let rule = |files: &str, folder: &str| json!({ "files": files, "folder": folder });
    let rules = json!({ "rules": [
        rule("scan*.pdf", "Scans/{year}"), rule("*.pdf", "Papers"), rule("*.key", "."), rule("report-??.*", "Reports/{type}/{ext}"),
    ] });
    let files = ["a.PDF", "Scan 2021-05-17.pdf", "c.key", "d.zip", "report-07.csv"];
    let expected =
        ["Papers/a.PDF", "Reports/Spreadsheets/csv/report-07.csv", "Scans/2021/Scan 2021-05-17.pdf", "c.key", "d.zip"];
    assert_eq!(sorted(rules.clone(), &files).await, expected);
    let found = suggested(&desk(&files), rules).await;
    assert_eq!(found["stay"], json!({ "no rule fits": 1, "rules say so": 1 }));

    for folder in ["../x", "a//b", "a/./b", "{yaer}", "{year", "/x", "x/", "a\\b"] {
        let args = json!({ "folder": "D", "rules": [rule("*", folder)] });
        let error = call(&desk(&["a.txt"]), "suggest_folders", args).await.unwrap_err();
        assert!(error.kind == Kind::InvalidInput && error.fix().is_some(), "{folder}: {error:?}");
    }
}

#[tokio::test]
async fn no_file_is_parted_from_what_goes_along_where_few_are_asked_for() {
    let memory = desk(&["a.CR2", "a.JPG", "a.xmp", "b.pdf", "c.pdf"]);
    for (most, given, more) in [(1, 3, true), (4, 4, true), (5, 5, false)] {
        let found = suggested(&memory, json!({ "most": most })).await;
        let lists = ["moves", "along"].map(|key| found[key].as_array().unwrap().clone()).concat();
        let number: usize = lists.iter().map(|one| one["names"].as_array().unwrap().len()).sum();
        assert_eq!((number, found["more"].as_bool()), (given, Some(more)), "{most}");
    }
}

#[tokio::test]
async fn photos_go_by_where_they_were_taken() {
    // The sample was taken in the sea, west of Berlin as it were.
    let sea = samples::photo();
    let west = sea.windows(4).position(|part| part == b"W\0\0\0").unwrap();
    let mut berlin = sea.clone();
    berlin[west] = b'E';
    let memory = desk_of(&[
        ("a.jpg", Node::File(berlin)),
        ("a.xmp", Node::File(Vec::new())),
        ("b.jpg", Node::File(sea)),
        ("no.jpg", Node::File(b"x".to_vec())),
    ]);
    let found = suggested(&memory, json!({ "by": "place", "only": ["photos"] })).await;
    let to = found["moves"][0]["to"].as_str().unwrap();
    assert!(to.starts_with("D/Germany/"), "{to}");
    assert_eq!(found["along"], json!([{ "from": "D", "to": to, "names": ["a.xmp"] }]));
    assert_eq!(found["stay"]["files far from every town"], 1, "{found}");
    assert_eq!(found["stay"].as_object().unwrap().values().filter_map(Value::as_u64).sum::<u64>(), 2, "{found}");
}

#[tokio::test]
async fn of_several_that_move_together_each_is_made_or_left_and_told() {
    let memory = desk(&["a.txt", "b.txt", "c.txt", "x/b.txt"]);
    let many = json!({ "from": "D", "to": "D/x", "names": ["a.txt", "b.txt", "gone.txt"] });
    let moves = json!([many, { "from": "D/c.txt", "to": "D/y/d.txt" }]);
    let moved = call(&memory, "move_files", json!({ "moves": moves })).await.unwrap();
    assert_eq!((&moved["made"], &moved["each"], &moved["left_at"]), (&json!(2), &json!([1, 1]), &json!([[1, 3]])));
    let told = moved["told"].as_str().unwrap();
    assert!(told.starts_with("Not done: 2, because ") && told.contains("; "), "{told}");
    assert!(moved["reasons"].as_array().unwrap().iter().all(|one| !one["fix"].as_str().unwrap().is_empty()));
    assert_eq!(memory.content_at("D/y/d.txt"), Some(b"x".to_vec()));

    let whole =
        call(&memory, "move_files", json!({ "moves": [{ "from": "D/b.txt", "to": "D/e.txt" }] })).await.unwrap();
    assert_eq!((&whole["told"], whole.get("each")), (&json!(""), None));
    for names in [json!(["a/b"]), json!([""]), json!([".."]), json!([])] {
        let args = json!({ "moves": [{ "from": "D/x", "to": "D/y", "names": names }] });
        let error = call(&memory, "move_files", args).await.unwrap_err();
        assert_eq!(error.kind, Kind::InvalidInput, "{names}");
    }
}
