//! Logs as text that is the same in every run.

use std::{collections::HashMap, fmt::Write};

use cowork_core::{Label, Record};
use serde_json::Value;
use std::str::FromStr;

/// Writes a log for a snapshot: one line a record, ids as `t1` (task), `c1` (call), `m1` (command), `x1` (other) by the
/// order in which they come, hashes as `#`, times and the thread left out, keys sorted.
///
/// # Panics
/// If a body is not JSON.
pub fn golden(records: &[Record]) -> String {
    let mut names = Names::default();
    let mut text = String::new();
    for record in records {
        let task = record.task.map_or("-".to_owned(), |task| names.of(&task.to_string(), "t"));
        let mut body: Value = serde_json::from_str(record.event.json()).expect("a body in JSON");
        if let Some(body) = body.as_object_mut() {
            body.remove("type");
        }
        let kind = record.event.kind();
        let actor = format!("{:?}", record.actor).to_lowercase();
        let mut line = format!("{} {task} {actor} {kind} ", record.seq);
        names.write(&mut line, &body, kind);
        if record.label != Label::trusted() {
            let label = serde_json::to_value(&record.label).expect("a label in JSON");
            line.push_str(" label ");
            names.write(&mut line, &label, "");
        }
        writeln!(text, "{line}").expect("a line");
    }
    text
}

#[derive(Default)]
struct Names {
    names: HashMap<String, String>,
    given: HashMap<&'static str, usize>,
}

impl Names {
    fn of(&mut self, id: &str, prefix: &'static str) -> String {
        if let Some(name) = self.names.get(id) {
            return name.clone();
        }
        let n = self.given.entry(prefix).or_default();
        *n += 1;
        let name = format!("{prefix}{n}");
        self.names.insert(id.to_owned(), name.clone());
        name
    }

    /// Writes a value; `role` is the key under which it was found, or the record's kind at the top.
    fn write(&mut self, line: &mut String, value: &Value, role: &str) {
        match value {
            Value::Object(fields) => {
                let mut keys: Vec<&String> = fields.keys().collect();
                keys.sort();
                line.push('{');
                for (at, key) in keys.into_iter().enumerate() {
                    let comma = if at == 0 { "" } else { "," };
                    write!(line, "{comma}{}:", Value::from(key.as_str())).expect("a key");
                    // The `id` of a command and that of a call are told apart by what they are in.
                    let role = if key == "id" { role } else { key };
                    self.write(line, &fields[key], role);
                }
                line.push('}');
            }
            Value::Array(items) => {
                line.push('[');
                for (at, item) in items.iter().enumerate() {
                    line.push_str(if at == 0 { "" } else { "," });
                    self.write(line, item, role);
                }
                line.push(']');
            }
            Value::String(text) => self.string(line, text, role),
            other => write!(line, "{other}").expect("a value"),
        }
    }

    fn string(&mut self, line: &mut String, text: &str, role: &str) {
        let is_hash = text.len() == 64 && text.bytes().all(|b| b.is_ascii_hexdigit());
        let is_id = text.len() == 36 && cowork_core::CallId::from_str(text).is_ok();
        let text = match role {
            _ if is_hash => "#".to_owned(),
            _ if !is_id => text.to_owned(),
            "task" => self.of(text, "t"),
            "call" | "calls" => self.of(text, "c"),
            "commanded" => self.of(text, "m"),
            _ => self.of(text, "x"),
        };
        write!(line, "{}", Value::from(text)).expect("a string");
    }
}
