//! Calls as they come: in pieces, with and without ids, in good and in bad JSON.

use std::borrow::Cow;

use cowork_core::{Error, Kind, ModelCall, Result};
use serde::de::IgnoredAny;

use crate::call::{self, Ids};

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
/// It belongs to the call with its id, or else to the last one of its place; some services give every call the same place, or none, or
/// no id. A piece that names a tool does not belong to a call that is whole already.
pub(super) fn add(calls: &mut Vec<Partial>, piece: &Piece<'_>) -> bool {
    let fits = |call: &Partial| {
        let elsewhere = matches!((piece.index, call.index), (Some(a), Some(b)) if a != b);
        let another = !piece.tool.is_empty() && !call.tool.is_empty() && call.is_whole();
        !elsewhere && !another
    };
    let named = calls.iter().rposition(|call| !piece.id.is_empty() && call.id == piece.id && fits(call));
    let last = calls.iter().rposition(|call| !matches!((piece.index, call.index), (Some(a), Some(b)) if a != b));
    let last = last.filter(|at| (piece.id.is_empty() || calls[*at].id.is_empty()) && fits(&calls[*at]));
    let at = named.or(last).and_then(|at| calls.get_mut(at));
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
pub(super) fn finish(partial: Partial, cut: bool, ids: &mut Ids<'_>) -> Result<ModelCall> {
    let Partial { id, tool, args, .. } = partial;
    if cut && is_begun(&args) {
        return Err(cut_off(&tool));
    }
    let (tool, unknown) = call::tool(tool);
    let (args, fault) = call::args(&args);
    Ok(ModelCall { id: ids.name(id), tool, args: args.into(), fault: unknown.or(fault) })
}

/// Says whether arguments have no end: they are empty, or JSON whose end is missing.
fn is_begun(args: &str) -> bool {
    args.trim().is_empty() || serde_json::from_str::<IgnoredAny>(args).is_err_and(|error| error.is_eof())
}

fn cut_off(tool: &str) -> Error {
    let message = format!("the answer reached its most tokens in the middle of a call of {tool}");
    Error::new(Kind::Unavailable, "read an answer", message)
        .with("stop", "length")
        .with("tool", tool)
        .with_fix("allow longer answers, or ask for less at once")
}
