//! Calls as they come: in pieces, with and without ids, in good and in bad JSON.

use std::borrow::Cow;

use cowork_core::{Error, Kind, ModelCall, Result, Retry};
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
pub(super) fn finish(partial: Partial, cut: bool, ids: &mut Ids<'_>) -> Result<ModelCall> {
    let Partial { id, tool, args, .. } = partial;
    if cut && is_begun(&args) {
        return Err(cut_off(&tool));
    }
    let (args, fault) = call::args(&args);
    Ok(ModelCall { id: ids.name(id), tool, args, fault })
}

/// Says whether arguments have no end: they are empty, or JSON whose end is missing.
fn is_begun(args: &str) -> bool {
    args.trim().is_empty() || serde_json::from_str::<IgnoredAny>(args).is_err_and(|error| error.is_eof())
}

fn cut_off(tool: &str) -> Error {
    let message = format!("the answer reached its most tokens in the middle of a call of `{tool}`");
    Error::new(Kind::Unavailable, "read an answer", message)
        .with_retry(Retry::Now)
        .with_fix("allow longer answers, or ask for less at once")
}
