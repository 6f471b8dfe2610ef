//! Records of two runs, written so that they can be compared byte for byte.

use std::collections::{BTreeMap, HashMap};

use cowork::Result;
use serde_json::Value;

use crate::text;

/// Writes JSON anew with keys in order, and with stable names in the place of what no two runs have in common: ids and hashes are
/// numbered as they appear, times and the names of processes are left out.
///
/// What was named once keeps its name, so that all texts of one run go through the same.
///
/// ```
/// let mut run = cowork_ffi::Canonical::new().with("/tmp/x1", "$DIR");
/// let one = run.text(r#"{"task":"0193f0a2-7b7c-7000-8000-000000000001","at":1763800000000,"dir":"/tmp/x1/a"}"#)?;
/// assert_eq!(one, r#"{"at":"<time>","dir":"$DIR/a","task":"<id-1>"}"#);
/// # Ok::<(), cowork::Error>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct Canonical {
    named: Vec<(String, String)>,
    ids: HashMap<String, String>,
    hashes: HashMap<String, String>,
}

/// Fields whose number is a moment.
const MOMENTS: [&str; 4] = ["at", "ended", "last_at", "modified"];
/// Fields whose number is how many records there are by then, which depends on who was faster.
const HEADS: [&str; 1] = ["head"];
/// Fields whose number is how long something took.
const SPANS: [&str; 3] = ["nanos", "secs", "time"];

impl Canonical {
    /// Begins a run.
    pub fn new() -> Self {
        Self::default()
    }

    /// Puts a name in the place of a text that only this run has, such as its folder.
    #[must_use]
    pub fn with(mut self, text: impl Into<String>, name: &str) -> Self {
        self.named.push((text.into(), name.to_owned()));
        self
    }

    /// Writes a JSON text so.
    ///
    /// # Errors
    /// `InvalidInput` for what is no JSON.
    pub fn text(&mut self, json: &str) -> Result<String> {
        let value = text::read("what is compared", json)?;
        text::write(&self.value(value))
    }

    /// Puts a value into that form.
    pub fn value(&mut self, value: Value) -> Value {
        match value {
            Value::String(text) => Value::String(self.string(&text)),
            Value::Array(all) => all.into_iter().map(|one| self.value(one)).collect(),
            Value::Object(fields) => {
                // By their keys, so that names are given in the same order whatever order the fields came in.
                let sorted: BTreeMap<String, Value> = fields.into_iter().collect();
                sorted.into_iter().map(|(key, value)| self.field(&key, value)).collect()
            }
            other => other,
        }
    }

    /// Writes a task's records so, JSON lines; the places of its folders are called by their names: `$Desk`.
    ///
    /// # Errors
    /// `InvalidInput` for lines that are no JSON.
    pub fn records(lines: &str) -> Result<String> {
        let lines = lines.lines().filter(|line| !line.trim().is_empty());
        let records = lines.map(|line| text::read("a record", line)).collect::<Result<Vec<Value>>>()?;
        let submitted = records.iter().filter_map(|record| record.pointer("/event/command/folders")?.as_array());
        let folders =
            submitted.flatten().filter_map(|one| Some((one.get("at")?.as_str()?, one.get("name")?.as_str()?)));
        let mut run = folders.fold(Self::new(), |run, (at, name)| run.with(at, &format!("${name}")));
        let mut written = String::new();
        for record in records {
            written += &text::write(&run.value(record))?;
            written.push('\n');
        }
        Ok(written)
    }

    fn field(&mut self, key: &str, value: Value) -> (String, Value) {
        let name = self.string(key);
        let value = match value {
            Value::Number(_) if MOMENTS.contains(&key) => "<time>".into(),
            Value::Number(_) if HEADS.contains(&key) => "<seq>".into(),
            Value::Number(_) if SPANS.contains(&key) => "<span>".into(),
            Value::String(_) if key == "owner" => "<owner>".into(),
            other => self.value(other),
        };
        (name, value)
    }

    fn string(&mut self, text: &str) -> String {
        let mut text = self.named.iter().fold(text.to_owned(), |text, (from, to)| text.replace(from, to));
        if !text.is_ascii() || text.len() < 36 {
            return text;
        }
        let mut at = 0;
        while let Some((start, length)) = next_name(&text, at) {
            let found = text[start..start + length].to_owned();
            let (names, kind) = if length == UUID { (&mut self.ids, "id") } else { (&mut self.hashes, "hash") };
            let number = names.len() + 1;
            let name = names.entry(found).or_insert_with(|| format!("<{kind}-{number}>"));
            text.replace_range(start..start + length, name);
            at = start + name.len();
        }
        text
    }
}

/// How long a UUID and a hash are in text.
const UUID: usize = 36;
const HASH: usize = 64;

/// Finds the next id or hash: where it begins, and how long it is.
fn next_name(text: &str, from: usize) -> Option<(usize, usize)> {
    let bytes = text.as_bytes();
    let is_word = |at: usize| bytes.get(at).is_some_and(u8::is_ascii_alphanumeric);
    let begins = (from..bytes.len()).filter(|at| *at == 0 || !is_word(at - 1));
    begins.into_iter().find_map(|at| {
        let is_whole = |length: usize| at + length <= bytes.len() && !is_word(at + length);
        let hex = |n: usize| bytes[at + n].is_ascii_hexdigit();
        let is_dash = |n: usize| matches!(n, 8 | 13 | 18 | 23);
        if is_whole(HASH) && (0..HASH).all(hex) {
            return Some((at, HASH));
        }
        let is_id = is_whole(UUID) && (0..UUID).all(|n| if is_dash(n) { bytes[at + n] == b'-' } else { hex(n) });
        is_id.then_some((at, UUID))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: &str = "0193f0a2-7b7c-7000-8000-00000000000a";
    const B: &str = "0193f0a2-7b7c-7000-8000-00000000000b";

    #[test]
    fn two_runs_that_differ_in_names_and_times_only_are_equal() {
        let line = |one: &str, two: &str, at: u64| {
            let hash = format!("{one}{two}").replace('-', "");
            let said = format!("there is no task {one}");
            format!(
                r#"{{"x":["{one}","{two}","{one}"],"at":{at},"said":"{said}","h":"{hash}","time":{at},"owner":"{one} 7"}}"#
            )
        };
        let canon = |text: &str| Canonical::new().text(text).unwrap();
        assert_eq!(canon(&line(A, B, 1)), canon(&line(B, A, 2)));
        assert_ne!(canon(&line(A, B, 1)), canon(&line(A, A, 1)), "which is which still counts");
        let wanted = r#"{"at":"<time>","h":"<hash-1>","owner":"<owner>","said":"there is no task <id-1>","time":"<span>","x":["<id-1>","<id-2>","<id-1>"]}"#;
        assert_eq!(canon(&line(A, B, 1)), wanted);
    }

    #[test]
    fn records_are_equal_wherever_their_folders_are() {
        let run = |at: &str, id: &str| {
            let folder = format!(r#"{{"at":"{at}","name":"Desk"}}"#);
            let first = format!(r#"{{"task":"{id}","event":{{"command":{{"folders":[{folder}]}}}}}}"#);
            Canonical::records(&format!("{first}\n\n{{\"task\":\"{id}\",\"said\":\"in {at}/x\"}}\n"))
        };
        let wanted = concat!(
            r#"{"event":{"command":{"folders":[{"at":"$Desk","name":"Desk"}]}},"task":"<id-1>"}"#,
            "\n",
            r#"{"said":"in $Desk/x","task":"<id-1>"}"#,
            "\n"
        );
        assert_eq!(run("/tmp/x1", A).unwrap(), wanted);
        assert_eq!(run("/tmp/y2", B).unwrap(), wanted);
        assert!(run("/tmp/\"", A).is_err());
    }

    #[test]
    fn what_is_no_name_stays_and_keys_are_sorted() {
        let mut run = Canonical::new();
        let text = r#"{"b":18446744073709551615,"a":0.1,"at":"the door","text":"😀 0193f0a2","deep":{"z":1,"y":null}}"#;
        let wanted =
            r#"{"a":0.1,"at":"the door","b":18446744073709551615,"deep":{"y":null,"z":1},"text":"😀 0193f0a2"}"#;
        assert_eq!(run.text(text).unwrap(), wanted);
        assert_eq!(run.text(&format!("\"x{A}\"")).unwrap(), format!("\"x{A}\""), "a part of a word is no id");
        assert_eq!(run.text(&format!("{{\"{A}\":\"{B}\"}}")).unwrap(), r#"{"<id-1>":"<id-2>"}"#);
        assert_eq!(run.text(&format!("\"{B}\"")).unwrap(), r#""<id-2>""#, "a name holds for the run");
    }
}
