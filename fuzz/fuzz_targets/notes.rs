//! Any texts as notes: joined into one document, which can be joined again.

#![no_main]

use cowork_fuzz::call;
use cowork_testkit::{MemorySession, Node};
use serde_json::json;

libfuzzer_sys::fuzz_target!(|input: (u8, &[u8], &[u8])| {
    let (choice, one, other) = input;
    let files = MemorySession::new(&[
        ("D/one 2024-05-17.md", Node::File(one.to_vec())),
        ("D/sub/other.txt", Node::File(other.to_vec())),
    ]);
    let order = ["given", "name", "date"][usize::from(choice) % 3];
    let parts = if choice & 4 == 0 { "all" } else { "todos" };
    let mut sources = vec!["D/one 2024-05-17.md", "D/sub/other.txt"];
    let args = json!({ "sources": sources, "path": "D/all.md", "order": order, "parts": parts });
    if call(&files, "join_texts", args).is_ok() {
        let joined = files.content_at("D/all.md").unwrap_or_default();
        assert!(std::str::from_utf8(&joined).is_ok(), "it is UTF-8 whatever the texts were");
        sources.push("D/all.md");
        let again = json!({ "sources": sources, "path": "D/sub/again.md" });
        assert!(call(&files, "join_texts", again).is_ok());
    }
});
