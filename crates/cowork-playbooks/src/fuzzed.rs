//! What the fuzz target and its fixed dose call: what a worker and its host hear of each other.

use cowork_core::{Outcome, ToolSpec};
use serde_json::{Map, Value, json};

use crate::{
    dialogue::Dialogue,
    frames::{Bounds, Frames, Order},
    interpreter::{Pause, Program},
    limits::Limits,
};

/// Hears bytes as a host hears its worker, in pieces of this size, and answers each halt; gives the names of all tools that it would call.
pub fn worker(bytes: &[u8], piece: usize) -> Vec<String> {
    let schema = json!({ "type": "object", "properties": { "path": {} } });
    let tool = ToolSpec { name: "look".to_owned(), about: String::new(), schema };
    let limits = Limits { calls: 50, value: 100_000, ..Limits::default() };
    let program = Program::new("fuzzed".to_owned(), "1".to_owned(), Map::new());
    let Ok((mut dialogue, _)) = Dialogue::begin(program.with_tools(&[tool]).with_limits(limits)) else {
        return Vec::new();
    };
    let mut called = Vec::new();
    for piece in bytes.chunks(piece.max(1)) {
        match dialogue.hear(piece) {
            Err(_) => break,
            Ok(Some(halt)) => {
                if let Pause::Calls(calls) = halt.pause {
                    let outcomes = calls.iter().map(|_| Outcome::Done { value: Value::Null, note: String::new() });
                    if dialogue.go_on(outcomes.collect()).is_err() {
                        break;
                    }
                    called.extend(calls.into_iter().map(|call| call.tool));
                }
            }
            Ok(None) => {}
        }
    }
    called
}

/// Hears bytes as a worker hears its host; gives how many orders that were.
pub fn host(bytes: &[u8], piece: usize) -> usize {
    let mut frames = Frames::new(Bounds::of(&Limits { value: 100_000, ..Limits::default() }));
    let mut orders = 0;
    for piece in bytes.chunks(piece.max(1)) {
        if frames.push(piece).is_err() {
            break;
        }
        loop {
            match frames.next::<Order>() {
                Ok(Some(_)) => orders += 1,
                Ok(None) => break,
                Err(_) => return orders,
            }
        }
    }
    orders
}
