//! Any JSON as the arguments of each tool, as a model may send them: refused, or done within the folders.

#![no_main]

use cowork_fuzz::{TOOLS, call};
use cowork_testkit::{MemorySession, Node};
use serde_json::Value;

libfuzzer_sys::fuzz_target!(|input: (u8, &[u8])| {
    let (choice, text) = input;
    let Ok(args) = serde_json::from_slice::<Value>(text) else { return };
    let specs = TOOLS.specs();
    let tool = &specs[usize::from(choice) % specs.len()].name;
    if tool == "watch_folder" {
        // It waits for a clock that stands still here.
        let _ = TOOLS.effects(tool, &args);
        return;
    }
    let files = MemorySession::new(&[
        ("D/a.txt", Node::File(b"one\ntwo\n".to_vec())),
        ("D/b.csv", Node::File(b"name,amount\nAnn,1.5\n".to_vec())),
        ("D/sub/scan 2024-05-17.pdf", Node::File(b"%PDF-1.4\n".to_vec())),
        ("D/sub/b.csv", Node::File(b"name,amount\nAnn,1.5\n".to_vec())),
    ]);
    let _ = call(&files, tool, args);
    assert!(files.paths().iter().all(|path| path == "D" || path.starts_with("D/")), "{:?}", files.paths());
});
