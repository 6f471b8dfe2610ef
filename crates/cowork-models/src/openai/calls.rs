//! Calls as they come: in pieces, with and without ids, in good and in bad JSON.

use std::borrow::Cow;

use cowork_core::{Error, Kind, ModelCall, ModelRequest, Result, Retry};
use serde::de::IgnoredAny;
use serde_json::{Map, Value};

use super::write::has_call;

/// A call in the making.
#[derive(Debug, Default)]
pub(super) struct Partial {
    pub(super) index: Option<i64>,
    pub(super) id: String,
    pub(super) tool: String,
    pub(super) args: String,
}

/// A piece of a call.
pub(super) struct Piece<'a> {
    pub(super) index: Option<i64>,
    pub(super) id: &'a str,
    pub(super) tool: &'a str,
    pub(super) args: Cow<'a, str>,
}

impl Partial {
    /// Says whether its arguments are whole.
    fn is_whole(&self) -> bool {
        self.args.trim_end().ends_with('}') && serde_json::from_str::<IgnoredAny>(&self.args).is_ok()
    }
}

/// Adds a piece to the call to which it belongs, or begins one; says whether it did the latter.
///
/// A piece that names a tool begins another call if its id is another one, or if the call of the same place is whole already: some
/// services give every call the same index, or none, or no id.
pub(super) fn add(calls: &mut Vec<Partial>, piece: &Piece<'_>) -> bool {
    let same_place = |call: &&mut Partial| match (piece.index, call.index) {
        (Some(a), Some(b)) => a == b,
        _ => true,
    };
    let at = calls.iter_mut().rev().find(same_place).filter(|call| {
        let other = !piece.id.is_empty() && !call.id.is_empty() && call.id != piece.id;
        let another = !piece.tool.is_empty() && !call.tool.is_empty() && call.is_whole();
        !other && !another
    });
    if let Some(call) = at {
        if call.id.is_empty() {
            piece.id.clone_into(&mut call.id);
        }
        if call.tool.is_empty() {
            piece.tool.clone_into(&mut call.tool);
        }
        call.args.push_str(&piece.args);
        return false;
    }
    let (id, tool, args) = (piece.id.to_owned(), piece.tool.to_owned(), piece.args.clone().into_owned());
    calls.push(Partial { index: piece.index, id, tool, args });
    true
}

/// Makes a call of what came of it; `cut` says that the answer ended because it was too long.
///
/// # Errors
/// `Unavailable` for one that was cut off.
pub(super) fn finish(
    partial: Partial,
    at: usize,
    cut: bool,
    request: &ModelRequest,
    taken: &[String],
) -> Result<ModelCall> {
    let id = id(&partial.id, at, request, taken);
    let Partial { tool, args, .. } = partial;
    let written = args.trim();
    if written.is_empty() && cut {
        return Err(cut_off(&tool));
    }
    let parsed = if written.is_empty() { Ok(Value::Null) } else { serde_json::from_str(written) };
    let call = |args, fault| Ok(ModelCall { id: id.clone(), tool: tool.clone(), args, fault });
    let none = || Value::Object(Map::new());
    match parsed.map(unquoted) {
        Err(error) if cut && error.is_eof() => Err(cut_off(&tool)),
        Err(error) => call(none(), Some(format!("the arguments are no JSON: {error}"))),
        Ok(Value::Null) => call(none(), None),
        Ok(args @ Value::Object(_)) => call(args, None),
        Ok(_) => call(none(), Some("the arguments are JSON, but no object".to_owned())),
    }
}

/// Gives the object that some services put into a string of its own.
fn unquoted(value: Value) -> Value {
    match &value {
        Value::String(text) => serde_json::from_str(text).ok().filter(Value::is_object).unwrap_or(value),
        _ => value,
    }
}

/// Gives the service's id for a call if it is a proper one and new to the conversation, else one that is.
fn id(given: &str, at: usize, request: &ModelRequest, taken: &[String]) -> String {
    let proper =
        (1..=64).contains(&given.len()) && given.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-');
    let is_new = |id: &str| !taken.iter().any(|t| t == id) && !has_call(request, id);
    if proper && is_new(given) {
        return given.to_owned();
    }
    let minted = (request.messages.len()..).map(|turn| format!("call_{turn}_{at}")).find(|id| is_new(id));
    minted.unwrap_or_default()
}

fn cut_off(tool: &str) -> Error {
    let message = format!("the answer reached its most tokens in the middle of a call of `{tool}`");
    Error::new(Kind::Unavailable, "read an answer", message)
        .with_retry(Retry::Now)
        .with_fix("allow longer answers, or ask for less at once")
}
