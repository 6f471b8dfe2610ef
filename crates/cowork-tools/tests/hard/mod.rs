//! Calls that are hard to answer well, for every built-in tool.

use std::sync::{Arc, LazyLock};

use cowork_core::{Access, CallId, FilePath, Folder, Kind, Session};
use cowork_testkit::{MemorySession, Node, TestRuntime, tool::Hard};
use serde_json::{Value, json};

/// How many files a call over many meets.
const MANY: usize = 10_000;

/// Gives the session that the subjects have: two folders that may be changed, one that may not, and one with large files.
pub async fn session() -> Arc<MemorySession> {
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

/// Gives what is hard for a tool: what can't work and why; what asks for too much; a call over many files.
pub fn of(name: &str) -> Hard {
    use Kind::{InvalidInput, NotAllowed, NotFound};
    let looks =
        |args: &dyn Fn(&str) -> Value| vec![(args("Desk/gone"), NotFound), (args("Elsewhere/a.txt"), NotAllowed)];
    let (errors, huge, call): (Vec<(Value, Kind)>, Vec<Value>, Option<Value>) = match name {
        "list_folder" | "folder_tree" | "watch_folder" => {
            let args = |p: &str| {
                if name == "watch_folder" { json!({ "path": p, "seconds": 0 }) } else { json!({ "path": p }) }
            };
            let mut errors = looks(&args);
            errors.push((args("Desk/a.txt"), InvalidInput));
            let mut call = args("Many");
            if name == "watch_folder" {
                call["known"] = json!([]);
            }
            (errors, vec![json!({ "path": "Desk", "most": 1_000_000_000 })], Some(call))
        }
        "file_info" => (looks(&|p| json!({ "path": p })), vec![], None),
        "file_metadata" => {
            (vec![(json!({ "paths": ["Elsewhere/a.txt"] }), NotAllowed)], vec![json!({ "paths": paths("Many") })], None)
        }
        "read_file" => {
            let mut errors = looks(&|p| json!({ "path": p }));
            errors.push((json!({ "path": "Desk" }), InvalidInput));
            errors.push((json!({ "path": "Desk/in/link" }), InvalidInput));
            let huge = vec![
                json!({ "path": "Large/line.txt", "most": 1_048_576 }),
                json!({ "path": "Large/lines.txt", "line": 1, "lines": 1_000_000 }),
                json!({ "path": "Large/line.txt", "most": 4_000_000_000_u64 }),
            ];
            (errors, huge, None)
        }
        "find_files" | "find_text" => {
            let args = |p: &str| {
                if name == "find_text" { json!({ "folder": p, "query": "hay" }) } else { json!({ "folder": p }) }
            };
            let mut more = args("Large");
            more["most"] = json!(1_000_000);
            let mut all = args("Large");
            all["most"] = json!(1_000);
            (looks(&args), vec![more, all], Some(args("Many")))
        }
        "hash_files" => (
            looks(&|p| json!({ "paths": [p] })),
            vec![json!({ "paths": ["Large"], "most": 1_000_000 })],
            Some(json!({ "paths": ["Many"] })),
        ),
        "find_duplicates" => (
            looks(&|p| json!({ "folders": [p] })),
            vec![json!({ "folders": ["Large"], "most": 1_000_000 })],
            Some(json!({ "folders": ["Many"], "min_size": 1 })),
        ),
        "compare_folders" => (
            looks(&|p| json!({ "left": p, "right": "Shelf" })),
            vec![],
            Some(json!({ "left": "Many", "right": "Taken" })),
        ),
        "write_file" => {
            let errors = vec![
                (json!({ "path": "Locked/b.txt", "text": "" }), NotAllowed),
                (json!({ "path": "Elsewhere/b.txt", "text": "" }), NotAllowed),
            ];
            (errors, vec![], None)
        }
        "make_folder" => (vec![(json!({ "path": "Locked/in" }), NotAllowed)], vec![], None),
        "move_files" | "copy_files" => {
            let list = if name == "move_files" { "moves" } else { "copies" };
            let locked = json!({ list: [{ "from": "Desk/a.txt", "to": "Locked/b.txt" }] });
            let call = json!({ list: pairs(MANY), "if_taken": "number" });
            (
                vec![(locked, NotAllowed)],
                vec![json!({ list: vec![json!({ "from": "Desk/a.txt", "to": "Shelf/x" }); 100_001] })],
                Some(call),
            )
        }
        "set_aside" => (
            vec![(json!({ "paths": ["Locked/a.txt"] }), NotAllowed)],
            vec![json!({ "paths": vec!["Desk/a.txt"; 100_001] })],
            Some(json!({ "paths": paths("Many") })),
        ),
        "edit_file" => {
            let edit = |p: &str, old: &str| json!({ "path": p, "edits": [{ "old_text": old, "new_text": "pin" }] });
            let errors = vec![
                (edit("Desk/gone", "a"), NotFound),
                (edit("Desk/a.txt", "is not in it"), NotFound),
                (edit("Locked/a.txt", "locked"), NotAllowed),
            ];
            (errors, vec![], None)
        }
        "apply_patch" => {
            let update = |p: &str| json!({ "patch": format!("*** Begin Patch\n*** Update File: {p}\n@@\n-x\n+y\n*** End Patch") });
            (vec![(update("Desk/gone"), NotFound), (update("Locked/a.txt"), NotAllowed)], vec![], None)
        }
        "restore_files" => {
            (vec![(json!({ "paths": ["Locked/a.txt"] }), NotAllowed)], vec![], Some(json!({ "paths": paths("Many") })))
        }
        "set_mode" => {
            let locked = json!({ "paths": ["Locked/a.txt"], "mode": "644" });
            (vec![(locked, NotAllowed)], vec![], Some(json!({ "paths": paths("Many"), "mode": "600" })))
        }
        "list_archive" => (looks(&|p| json!({ "path": p })), vec![], None),
        "extract_archive" => (looks(&|p| json!({ "path": p, "to": "Shelf/x" })), vec![], None),
        "make_archive" => {
            let errors = looks(&|p| json!({ "path": "Shelf/d.zip", "sources": [p] }));
            (errors, vec![], Some(json!({ "path": "Taken/all.zip", "sources": ["Many"] })))
        }
        _ => (vec![], vec![], None),
    };
    Hard { huge, errors, many: call.map(|args| (args, many())) }
}
