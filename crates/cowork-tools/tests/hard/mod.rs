//! Calls that are hard to answer well, for every built-in tool.

use std::sync::{Arc, LazyLock};

use cowork_core::{Access, CallId, FilePath, Folder, Kind, Session};
use cowork_testkit::{MemorySession, Node, TestRuntime, tool::Hard};
use serde_json::{Value, json};

/// How many files a call over many meets.
const MANY: usize = 10_000;

/// Gives the session that the subjects have: two folders that may be changed, one that may not, and one with large files.
pub(crate) async fn session() -> Arc<MemorySession> {
    let grant = |name: &str, access| Folder { name: name.into(), at: format!("/{name}"), access, whole: false };
    let folders = vec![
        grant("Desk", Access::Write),
        grant("Shelf", Access::Write),
        grant("Locked", Access::Read),
        grant("Large", Access::Write),
    ];
    let line = b"hay and hay and a needle\n".repeat(200_000);
    let files = [
        ("Desk/a.txt", Node::File(b"a needle, a pin".to_vec())),
        ("Desk/b.txt", Node::File(b"hay".to_vec())),
        ("Desk/in/c.txt", Node::File(b"more hay".to_vec())),
        ("Desk/in/link", Node::Link),
        ("Shelf/a.txt", Node::File(b"taken".to_vec())),
        ("Desk/x.zip", Node::File(archive())),
        ("Desk/t.csv", Node::File(b"who,n\nAnn,1\nBob\nAnn,2\n".to_vec())),
        ("Locked/a.txt", Node::File(b"locked".to_vec())),
        ("Large/lines.txt", Node::File(line.clone())),
        ("Large/line.txt", Node::File(line.into_iter().filter(|b| *b != b'\n').collect())),
    ];
    let session = MemorySession::granting(folders, &files);
    // What is edited was read.
    let call = session.files(CallId::new(&*TestRuntime::new()));
    call.read(FilePath::parse("Desk/a.txt").unwrap(), 0, 100).await.unwrap();
    session
}

/// A zip of two files, a folder and a name that leads elsewhere.
fn archive() -> Vec<u8> {
    let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    let options = zip::write::SimpleFileOptions::default();
    for (name, text) in [("p.txt", "p"), ("../q.txt", "q"), ("r/s.txt", "s")] {
        zip.start_file(name, options).unwrap();
        std::io::Write::write_all(&mut zip, text.as_bytes()).unwrap();
    }
    zip.add_directory("empty/", options).unwrap();
    zip.finish().unwrap().into_inner()
}

/// Gives a folder with many small files, and another in which all their names are taken.
fn many() -> Arc<dyn Session> {
    static NAMES: LazyLock<Vec<(String, Vec<u8>)>> = LazyLock::new(|| {
        let file = |n: usize| (format!("Many/a file of no interest {n:05}.txt"), format!("hay {}", n / 2).into_bytes());
        let taken = |n: usize| (format!("Taken/a file of no interest {n:05}.txt"), b"taken".to_vec());
        (0..MANY).map(file).chain((0..MANY).map(taken)).collect()
    });
    let nodes: Vec<(&str, Node)> = NAMES.iter().map(|(p, c)| (p.as_str(), Node::File(c.clone()))).collect();
    MemorySession::new(&nodes)
}

fn pairs(most: usize) -> Value {
    let pair = |n: usize| {
        let name = format!("a file of no interest {n:05}.txt");
        json!({ "from": format!("Many/{name}"), "to": format!("Taken/{name}") })
    };
    (0..most).map(pair).collect()
}

fn paths(folder: &str) -> Value {
    (0..MANY).map(|n| json!(format!("{folder}/a file of no interest {n:05}.txt"))).collect()
}

/// What can't work and why; what asks for too much; a call over many files.
type Calls = (Vec<(Value, Kind)>, Vec<Value>, Option<Value>);

/// Gives what is hard for a tool.
pub(crate) fn of(name: &str) -> Hard {
    let calls = listing(name).or_else(|| searching(name)).or_else(|| changing(name)).or_else(|| joining(name));
    let (errors, huge, call) = calls.unwrap_or_default();
    Hard { huge, errors, many: call.map(|args| (args, many())) }
}

fn looks(args: &dyn Fn(&str) -> Value) -> Vec<(Value, Kind)> {
    vec![(args("Desk/gone"), Kind::NotFound), (args("Elsewhere/a.txt"), Kind::NotAllowed)]
}

fn locked(args: Value) -> Vec<(Value, Kind)> {
    vec![(args, Kind::NotAllowed)]
}

fn listing(name: &str) -> Option<Calls> {
    let watch = name == "watch_folder";
    let args = |p: &str| if watch { json!({ "path": p, "seconds": 0 }) } else { json!({ "path": p }) };
    Some(match name {
        "list_folder" | "folder_tree" | "watch_folder" => {
            let mut errors = looks(&args);
            errors.push((args("Desk/a.txt"), Kind::InvalidInput));
            let mut call = args("Many");
            if watch {
                call["known"] = json!([]);
            }
            (errors, vec![json!({ "path": "Desk", "most": 1_000_000_000 })], Some(call))
        }
        "suggest_names" => {
            let args = |p: &str| json!({ "folder": p, "by": "number" });
            let mut errors = looks(&args);
            errors.push((args("Desk/a.txt"), Kind::InvalidInput));
            (errors, vec![json!({ "folder": "Desk", "by": "number", "start": i64::MAX })], Some(args("Many")))
        }
        "suggest_folders" => {
            let args = |p: &str| json!({ "folder": p, "by": "name" });
            let mut errors = looks(&args);
            errors.push((args("Desk/a.txt"), Kind::InvalidInput));
            (errors, vec![json!({ "folder": "Desk", "by": "day", "most": 1_000_000_000 })], Some(args("Many")))
        }
        "file_info" | "list_archive" => (looks(&args), vec![], None),
        "file_metadata" => (
            locked(json!({ "paths": ["Elsewhere/a.txt"] })),
            vec![json!({ "paths": vec!["Desk/a.txt"; 10_001] })],
            None,
        ),
        "read_file" => {
            let mut errors = looks(&args);
            errors.push((args("Desk"), Kind::InvalidInput));
            errors.push((args("Desk/in/link"), Kind::InvalidInput));
            let huge = vec![
                json!({ "path": "Large/line.txt", "most": 1_048_576 }),
                json!({ "path": "Large/lines.txt", "line": 1, "lines": 1_000_000 }),
                json!({ "path": "Large/line.txt", "most": 4_000_000_000_u64 }),
            ];
            (errors, huge, None)
        }
        _ => return None,
    })
}

fn searching(name: &str) -> Option<Calls> {
    Some(match name {
        "find_files" | "find_text" => {
            let text = name == "find_text";
            let args = |p: &str| if text { json!({ "folder": p, "query": "hay" }) } else { json!({ "folder": p }) };
            let most = |n: u64| {
                let mut args = args("Large");
                args["most"] = json!(n);
                args
            };
            (looks(&args), vec![most(1_000), most(1_000_000)], Some(args("Many")))
        }
        "hash_files" => {
            let args = |p: &str| json!({ "paths": [p] });
            (looks(&args), vec![json!({ "paths": ["Large"], "most": 1_000_000 })], Some(args("Many")))
        }
        "find_duplicates" => {
            let args = |p: &str| json!({ "folders": [p] });
            (looks(&args), vec![json!({ "folders": ["Large"], "most": 1_000_000 })], Some(args("Many")))
        }
        "compare_folders" => {
            let args = |p: &str| json!({ "left": p, "right": if p == "Many" { "Taken" } else { "Shelf" } });
            (looks(&args), vec![], Some(args("Many")))
        }
        _ => return None,
    })
}

fn joining(name: &str) -> Option<Calls> {
    let too_many = || json!(vec!["Desk/a.txt"; 100_001]);
    Some(match name {
        "read_tables" => {
            let args = |p: &str| json!({ "paths": [p] });
            let huge = vec![args("Large/line.txt"), args("Large/lines.txt"), json!({ "paths": too_many() })];
            (looks(&args), huge, Some(json!({ "paths": paths("Many") })))
        }
        "combine_tables" | "join_texts" => {
            let end = if name == "combine_tables" { "csv" } else { "md" };
            let args = |to: &str, from: Value| json!({ "path": format!("{to}.{end}"), "sources": from });
            let mut errors = looks(&|p| args("Shelf/all", json!([p])));
            errors.extend(locked(args("Locked/all", json!(["Desk/t.csv"]))));
            let huge = vec![args("Shelf/all", json!(["Large/line.txt"])), args("Shelf/all", too_many())];
            (errors, huge, Some(args("Taken/all", paths("Many"))))
        }
        _ => return None,
    })
}

fn changing(name: &str) -> Option<Calls> {
    let too_many = |list: Value, args: &str| json!({ args: vec![list; 100_001] });
    Some(match name {
        "write_file" => (locked(json!({ "path": "Locked/b.txt", "text": "" })), vec![], None),
        "make_folder" => (locked(json!({ "path": "Locked/in" })), vec![], None),
        "move_files" | "copy_files" => {
            let list = if name == "move_files" { "moves" } else { "copies" };
            let errors = locked(json!({ list: [{ "from": "Desk/a.txt", "to": "Locked/b.txt" }] }));
            let huge = too_many(json!({ "from": "Desk/a.txt", "to": "Shelf/x" }), list);
            (errors, vec![huge], Some(json!({ list: pairs(MANY), "if_taken": "number" })))
        }
        "set_aside" | "restore_files" => {
            let errors = locked(json!({ "paths": ["Locked/a.txt"] }));
            (errors, vec![too_many(json!("Desk/a.txt"), "paths")], Some(json!({ "paths": paths("Many") })))
        }
        "set_mode" => {
            let errors = locked(json!({ "paths": ["Locked/a.txt"], "mode": "644" }));
            (errors, vec![], Some(json!({ "paths": paths("Many"), "mode": "600" })))
        }
        "edit_file" => {
            let edit = |p: &str, old: &str| json!({ "path": p, "edits": [{ "old_text": old, "new_text": "pin" }] });
            let mut errors = locked(edit("Locked/a.txt", "locked"));
            errors.push((edit("Desk/gone", "a"), Kind::NotFound));
            errors.push((edit("Desk/a.txt", "is not in it"), Kind::InvalidInput));
            (errors, vec![], None)
        }
        "replace_text" => {
            let args = |paths: Value, old: &str| json!({ "paths": paths, "old_text": old, "new_text": "pin" });
            let errors = locked(args(json!(["Locked/a.txt"]), "locked"));
            (errors, vec![too_many(json!("Desk/a.txt"), "paths")], Some(args(paths("Many"), "hay")))
        }
        "apply_patch" => {
            let lines = |p: &str| format!("*** Begin Patch\n*** Update File: {p}\n@@\n-locked\n+y\n*** End Patch");
            let mut errors = locked(json!({ "patch": lines("Locked/a.txt") }));
            errors.push((json!({ "patch": lines("Desk/gone") }), Kind::NotFound));
            (errors, vec![], None)
        }
        "extract_archive" => (looks(&|p| json!({ "path": p, "to": "Shelf/x" })), vec![], None),
        "make_archive" => {
            let errors = looks(&|p| json!({ "path": "Shelf/d.zip", "sources": [p] }));
            (errors, vec![], Some(json!({ "path": "Taken/all.zip", "sources": ["Many"] })))
        }
        _ => return None,
    })
}
