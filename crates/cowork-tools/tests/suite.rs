//! The suite of tools over every built-in one.

#![allow(clippy::unwrap_used, reason = "a story that goes wrong ends")]

mod hard;

use cowork_testkit::tool::Subject;
use serde_json::{Value, json};

async fn subject(name: &str, good: Value, bad: &[Value]) -> Subject {
    let tool = cowork_tools::builtin().into_iter().find(|t| t.spec().name == name).unwrap();
    let needs_files = !tool.effects(&good).unwrap().files.is_empty();
    Subject {
        tool,
        good,
        bad: bad.iter().cloned().chain([json!([]), json!({ "nonsense": 1 })]).collect(),
        session: if needs_files { Some(hard::session().await) } else { None },
        hard: hard::of(name),
        keep: Box::new(()),
    }
}

/// One module for each tool: its name, a call that gets through, and some that don't fit.
macro_rules! tools {
    ($($name:ident: $good:tt, $($bad:tt),+;)+) => {
        $(mod $name {
            use serde_json::json;

            async fn make() -> cowork_testkit::tool::Subject {
                super::subject(stringify!($name), json!($good), &[$(json!($bad)),+]).await
            }
            cowork_testkit::tool::suite!(make);
        })+

        #[test]
        fn every_built_in_tool_is_here() {
            let mut here = vec![$(stringify!($name)),+];
            here.sort_unstable();
            let all = cowork_tools::builtin();
            // Commands and code run in a real sandbox only: `cowork/tests/shell.rs`, `code.rs`.
            let mut there: Vec<&str> = all.iter().map(|t| t.spec().name.as_str()).filter(|name| !matches!(*name, "code" | "job" | "shell")).collect();
            there.sort_unstable();
            assert_eq!(here, there);
            let easy = |name: &&str| hard::of(name).errors.is_empty() && !matches!(*name, "name_places" | "now" | "random");
            let easy: Vec<&str> = here.into_iter().filter(easy).collect();
            assert_eq!(easy, Vec::<&str>::new(), "tell in tests/hard what can't work");
        }
    };
}

tools! {
    list_folder: { "path": "Desk" }, { "path": "/etc" }, { "path": "Desk/../Shelf" };
    folder_tree: { "path": "Desk/in", "git_ignored": false, "ignored": false }, { "path": "Desk", "depth": 17 };
    file_info: { "path": "Desk/a.txt" }, { "path": "" };
    file_metadata: { "paths": ["Desk/a.txt", "Desk/in/c.txt", "Desk/gone"] }, { "paths": [] };
    read_file: { "path": "Desk/a.txt", "most": 8 }, { "path": "Desk/a.txt", "most": 0 }, { "path": 1 },
        { "path": "Desk/a.txt", "offset": 1, "line": 1 }, { "path": "Desk/a.txt", "encoding": "klingon" };
    find_files: { "folder": "Desk/in", "name": "*.txt", "sort": "newest" }, { "folder": "Desk", "name": "[" },
        { "folder": "Desk", "name": "(", "like": "regex" }, { "folder": "Desk", "after": "there" };
    find_text: { "folder": "Desk", "query": "needle" }, { "folder": "Desk", "query": "" },
        { "folder": "Desk", "query": "needle", "names": false, "contents": false },
        { "folder": "Desk", "query": "(needle", "regex": true }, { "folder": "Desk", "query": "a", "files": "{" };
    hash_files: { "paths": ["Desk", "Shelf/a.txt"] }, { "paths": [] }, { "paths": ["Desk"], "algorithm": "md5" };
    find_duplicates: { "folders": ["Desk", "Shelf"], "verify": true }, { "folders": [] };
    compare_folders: { "left": "Desk", "right": "Shelf" }, { "left": "Desk", "right": "Desk/in" };
    suggest_names: { "folder": "Desk", "by": "slug" }, { "folder": "Desk", "by": "pattern", "pattern": "{nmae}" },
        { "folder": "Desk", "by": "replace" }, { "folder": "Desk", "by": "moon" };
    suggest_folders: { "folder": "Desk", "by": "type" }, { "folder": "Desk", "by": "moon" },
        { "folder": "Desk", "rules": [{ "files": "*", "folder": "../out" }] };
    watch_folder: { "path": "Desk", "seconds": 0, "known": ["Desk/a.txt"] }, { "path": "Desk", "seconds": 9999 },
        { "path": "Desk", "known": ["Shelf/a.txt"] };
    write_file: { "path": "Desk/a.txt", "text": "new", "if_exists": "number" }, { "path": "Desk", "text": "" },
        { "path": "Desk/a.txt", "text": "", "if_exists": "burn" };
    replace_text: { "paths": ["Desk/a.txt", "Desk/b.txt"], "old_text": "a pin", "new_text": "pins" },
        { "paths": [], "old_text": "a", "new_text": "b" }, { "paths": ["Desk/a.txt"], "old_text": "", "new_text": "b" },
        { "paths": ["Desk/a.txt"], "old_text": "a", "new_text": "a" },
        { "paths": ["Desk/a.txt", "Desk/a.txt"], "old_text": "a", "new_text": "b" };
    edit_file: { "path": "Desk/a.txt", "edits": [{ "old_text": "needle", "new_text": "needle and thread" }] },
        { "path": "Desk/a.txt", "edits": [] }, { "path": "Desk", "edits": [{ "old_text": "a", "new_text": "b" }] },
        { "path": "Desk/a.txt", "edits": [{ "old_text": "", "new_text": "b" }] },
        { "path": "Desk/a.txt", "edits": [{ "old_text": "b", "new_text": "b" }] };
    apply_patch: { "folder": "Desk", "patch": "--- b.txt\n+++ b.txt\n@@ -1 +1 @@\n-hay\n\\ No newline at end of file\n+straw\n" },
        { "patch": "" }, { "patch": "nothing" }, { "patch": "*** Begin Patch\n*** Delete File: Desk\n*** End Patch" },
        { "patch": "*** Begin Patch\n*** Delete File: Desk/../x\n*** End Patch" };
    make_folder: { "path": "Desk/in/it" }, { "path": "Desk" };
    move_files: { "moves": [{ "from": "Desk/a.txt", "to": "Shelf/a.txt" }, { "from": "Desk/gone", "to": "Shelf/g" }],
            "if_taken": "number" },
        { "moves": [] }, { "moves": [{ "from": "Desk/in", "to": "Desk/in/in" }] };
    copy_files: { "copies": [{ "from": "Desk/a.txt", "to": "Shelf/a.txt" }, { "from": "Desk/b.txt", "to": "Shelf/b" }],
            "if_taken": "number" },
        { "copies": [] }, { "copies": [{ "from": "Desk/a.txt", "to": "Shelf" }] };
    set_aside: { "paths": ["Desk/a.txt", "Desk/in"] }, { "paths": [] }, { "paths": ["Desk"] };
    restore_files: { "paths": ["Desk/a.txt"] }, { "paths": [] }, { "paths": ["Desk"] };
    set_mode: { "paths": ["Desk/a.txt"], "mode": "rwxr-x---" }, { "paths": ["Desk/a.txt"], "mode": "4755" }, { "paths": [], "mode": "644" };
    list_archive: { "path": "Desk/x.zip" }, { "path": "Desk/x.zip", "most": 0 }, { "path": "../x" };
    extract_archive: { "path": "Desk/x.zip", "to": "Shelf/x", "if_taken": "number" },
        { "path": "Desk/x.zip", "to": "Desk/x.zip" }, { "path": "Desk/x.zip", "to": "Shelf", "most_bytes": 0 };
    make_archive: { "path": "Shelf/d.tar.gz", "sources": ["Desk/in", "Desk/a.txt"] },
        { "path": "Shelf/d.rar", "sources": ["Desk"] }, { "path": "Shelf/d.zip", "sources": [] },
        { "path": "Shelf/d.zip", "sources": ["Desk/a.txt", "Shelf/a.txt"] };
    name_places: { "points": [{ "latitude": 48.8566, "longitude": 2.3522 }] }, { "points": [] },
        { "points": [{ "latitude": 91, "longitude": 0 }] }, { "points": [{ "latitude": 1, "longitude": 2 }], "within": 0 };
    read_tables: { "paths": ["Desk/t.csv", "Desk/a.txt", "Desk/gone"] }, { "paths": [] }, { "paths": ["Desk/t.csv"], "delimiter": "ab" },
        { "paths": ["Desk/t.csv"], "encoding": "klingon" };
    combine_tables: { "path": "Shelf/all.csv", "sources": ["Desk/t.csv", "Desk/gone"], "group_by": ["who"], "sum": ["n"] },
        { "path": "Shelf/all.xlsx", "sources": ["Desk/t.csv"] }, { "path": "Desk/t.csv", "sources": ["Desk/t.csv"] },
        { "path": "Shelf/all.csv", "sources": [] }, { "path": "Shelf/all.csv", "sources": ["Desk/t.csv"], "locale": "klingon" },
        { "path": "Shelf/all.csv", "sources": ["Desk/t.csv"], "dates": ["n"] };
    join_texts: { "path": "Shelf/all.md", "sources": ["Desk/a.txt", "Desk/b.txt", "Desk/x.zip"], "order": "name" },
        { "path": "Shelf/all.md", "sources": [] }, { "path": "Desk/a.txt", "sources": ["Desk/a.txt"] },
        { "path": "Shelf", "sources": ["Desk/a.txt"] };
    now: {}, { "zone": "Mars" };
    random: { "below": 6 }, { "below": 0 }, { "below": -1 };
}
