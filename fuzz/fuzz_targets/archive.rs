//! Any bytes as an archive: listed and extracted, and nothing comes out beside the folder that it goes to.

#![no_main]

use cowork_fuzz::call;
use cowork_testkit::{MemorySession, Node};
use serde_json::json;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let files = MemorySession::new(&[("D/a", Node::File(bytes.to_vec())), ("D/to/a.txt", Node::File(b"here".to_vec()))]);
    let listed = call(&files, "list_archive", json!({ "path": "D/a" }));
    let limits = json!({ "path": "D/a", "to": "D/to", "if_taken": "number", "most_bytes": 1 << 20 });
    let taken_out = call(&files, "extract_archive", limits);
    assert!(listed.is_ok() || taken_out.is_err(), "what can't be listed isn't extracted");
    for path in files.paths() {
        assert!(["D", "D/a", "D/to"].contains(&path.as_str()) || path.starts_with("D/to/"), "{path}");
    }
    assert_eq!(files.content_at("D/a").as_deref(), Some(bytes));
    assert_eq!(files.content_at("D/to/a.txt").as_deref(), Some(b"here".as_slice()));
});
