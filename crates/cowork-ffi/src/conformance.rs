//! Scripts that every language replays, and the one comparison of what came of them.
//!
//! A script is JSON lines, a step each (`bindings/conformance/README.md` says what there is). A language's runner does the steps with its
//! own binding and prints a line for each: what came of it. Whether that is right is decided here ([`compare`]), so that no language has a
//! comparison of its own. [`run`] is the first runner, in Rust.

mod behaviour;
mod runner;
mod step;

use cowork::{Error, Kind, Result};
use serde_json::{Value, json};

pub use self::{
    behaviour::{Behaviour, Odd, Told},
    runner::run,
    step::{HostPart, Opening, Part, Pieces, Step, Until, script},
};
use crate::{Canonical, text};

/// Compares what a runner printed with what a script says comes of its steps: equal but for ids, hashes and times.
///
/// # Errors
/// The first step that came out otherwise, with both.
pub fn compare(text: &str, printed: &str) -> Result<(), String> {
    let steps = script(text).map_err(|e| e.to_string())?;
    let printed: Vec<&str> = printed.lines().filter(|line| !line.trim().is_empty()).collect();
    let mut run = Run::default();
    for (number, step) in steps.iter().enumerate() {
        let line = printed.get(number).ok_or_else(|| format!("step {number}: nothing was printed"))?;
        let came = run.take(number, step, line).map_err(|e| format!("step {number}: {e}"))?;
        let wanted = step.gives.clone().unwrap_or_else(nothing);
        if came != wanted {
            return Err(format!("step {number}:\n  wanted {wanted}\n  came   {came}"));
        }
    }
    match printed.len() - steps.len() {
        0 => Ok(()),
        more => Err(format!("{more} more lines were printed than there are steps")),
    }
}

/// Writes into a script what a runner printed: what comes of each step from now on.
///
/// # Errors
/// `InvalidInput` for a script or lines that are none.
pub fn bless(text: &str, printed: &str) -> Result<String> {
    let steps = script(text)?;
    let (mut run, mut out) = (Run::default(), String::new());
    for (number, ((step, own), line)) in steps.iter().zip(text.lines()).zip(printed.lines()).enumerate() {
        let came = run.take(number, step, line)?;
        out.push_str(without_gives(own));
        if came != nothing() {
            out.push_str(&format!(",\"gives\":{}", text::write(&came)?));
        }
        out.push_str("}\n");
    }
    Ok(out)
}

/// Gives a step as it is written, open at its end, up to what came of it before.
fn without_gives(line: &str) -> &str {
    let whole = line.trim_end();
    let cuts = whole.match_indices(",\"gives\":").map(|(at, _)| &whole[..at]);
    let mut cut = cuts.filter(|begin| serde_json::from_str::<Value>(&format!("{begin}}}")).is_ok());
    cut.next().unwrap_or_else(|| whole.strip_suffix('}').unwrap_or(whole))
}

/// What comes of a step that gives nothing.
fn nothing() -> Value {
    json!({ "ok": null })
}

/// What was printed so far, in comparable form.
#[derive(Default)]
struct Run {
    canonical: Canonical,
}

impl Run {
    fn take(&mut self, number: usize, step: &Step, line: &str) -> Result<Value> {
        let mut came: Value = text::read_object("what was printed", line)?;
        let wrong = |why: String| Err(Error::new(Kind::InvalidInput, "compare", why));
        let Some(fields) = came.as_object_mut() else { return wrong("it is no object".to_owned()) };
        if fields.remove("step") != Some(number.into()) {
            return wrong(format!("the line of another step was printed: {line}"));
        }
        let took = fields.remove("ms").and_then(|ms| ms.as_u64());
        if let Some(most) = step.within_ms
            && took.is_none_or(|took| took > most)
        {
            return wrong(format!("it took {took:?} ms, and may take {most}"));
        }
        if let (Some(_), Some(name), Some(path)) = (&step.folder, &step.keep, fields.get("ok").and_then(Value::as_str))
        {
            self.canonical = std::mem::take(&mut self.canonical).with(path, &format!("${name}"));
        }
        if step.loose {
            came = kinds_only(came);
        }
        Ok(self.canonical.value(types_apart(came)))
    }
}

/// Leaves of errors what they are, not how they are said: a language says it in its own words.
fn kinds_only(value: Value) -> Value {
    match value {
        Value::Object(fields) if fields.contains_key("kind") && fields.contains_key("message") => {
            json!({ "kind": fields.get("kind") })
        }
        Value::Object(fields) => fields.into_iter().map(|(key, value)| (key, kinds_only(value))).collect(),
        Value::Array(all) => all.into_iter().map(kinds_only).collect(),
        other => other,
    }
}

/// Leaves out what a language calls the type of what was thrown.
fn types_apart(value: Value) -> Value {
    match value {
        Value::Array(pair) if pair.len() == 2 && pair[0] == "type" => json!(["type", "<type>"]),
        Value::Array(all) => all.into_iter().map(types_apart).collect(),
        Value::Object(fields) => fields.into_iter().map(|(key, value)| (key, types_apart(value))).collect(),
        other => other,
    }
}
