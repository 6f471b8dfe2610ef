//! How the words of a task were understood, from what its planner noted as it began.

use cowork::{Decision, playbooks::Called};
use serde_json::Value;

use super::text::one_line;

/// What a playbook was called for.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Understood {
    /// What it is about to do, which playbook that is, and what else the words set.
    pub(crate) text: String,
    /// For how many hours it goes on, if it is told that.
    pub(crate) hours: Option<f64>,
}

/// Reads it from the first decision of a task; one that follows no playbook has none.
pub(crate) fn understood(decision: &Decision) -> Option<Understood> {
    let Called { header, params } = Called::read(decision)?;
    let mut said = decision.say.as_deref()?.lines().next().map(one_line)?;
    for (name, param) in &header.params {
        let Some(value) = params.get(name).filter(|v| Some(*v) != param.default.as_ref()) else { continue };
        // What the title is filled in with need not be said twice.
        if !header.title.contains(&format!("{{{name}}}")) {
            said.push_str(&plain(&name.replace('_', " "), value));
        }
    }
    Some(Understood { text: said, hours: params.get("hours").and_then(Value::as_f64) })
}

fn plain(name: &str, value: &Value) -> String {
    match value {
        Value::Bool(true) => format!(", {name}"),
        Value::Bool(false) => format!(", not {name}"),
        Value::String(text) if text.is_empty() => String::new(),
        Value::String(text) => format!(", {name}: {}", one_line(text)),
        other => format!(", {name}: {other}"),
    }
}
