//! Any bytes as tables: read, and combined with themselves. No row is lost: each is written, or counted as something else.

#![no_main]

use cowork_fuzz::call;
use cowork_testkit::{MemorySession, Node};
use serde_json::{Value, json};

const NAMES: [&str; 3] = ["D/a.csv", "D/a.tsv", "D/a.jsonl"];

libfuzzer_sys::fuzz_target!(|input: (u8, &[u8])| {
    let (choice, bytes) = input;
    let name = NAMES[usize::from(choice) % 3];
    let files = MemorySession::new(&[(name, Node::File(bytes.to_vec()))]);
    let Ok(read) = call(&files, "read_tables", json!({ "paths": [name] })) else { return };
    let columns = read.value["columns"].as_array().into_iter().flatten().filter_map(|c| c["name"].as_str());
    let columns: Vec<&str> = columns.take(5).collect();
    let grouped = choice & 32 != 0;
    let args = json!({
        "sources": [name, name],
        "path": if choice & 4 == 0 { "D/out.csv" } else { "D/out.jsonl" },
        "clean": choice & 8 != 0,
        "decimal_comma": choice & 16 != 0,
        "group_by": if grouped { columns.first().into_iter().collect() } else { Vec::new() },
        "sum": if grouped { columns.get(1..).unwrap_or_default() } else { &[] },
        "dates": if grouped { columns.get(1..).unwrap_or_default() } else { &[] },
        "distinct": choice & 64 != 0,
        "uneven": if choice & 128 == 0 { "leave_out" } else { "keep" },
    });
    let Ok(done) = call(&files, "combine_tables", args) else { return };
    let number = |key: &str| done.value[key].as_u64().unwrap_or(0);
    if !grouped {
        assert_eq!(number("rows_in"), number("rows_out") + number("duplicates") + number("empty"), "{}", done.value);
    }
    assert_ne!(done.value["path"], Value::Null);
});
