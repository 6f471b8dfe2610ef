//! Making room: a summary stands for the first part of a conversation that has become long.

use std::sync::Arc;

use super::Step;
use crate::{Error, Kind, Message, ModelCard, Result};

/// What is asked for.
const ASK: &str = "\
This conversation has become long. Write a summary of it that you can go on from, because its first part will not be shown \
to you any more: what was found out (names, paths, numbers exactly), what was done with which result, what failed and why, \
what is still to be done and how. What the person asked for and said, the plan and what was denied is shown to you besides, \
word for word; don't repeat it. Call no tool. Answer with the summary only.";

/// A summary that frees less than this share of the conversation is not worth what it loses.
const LEAST: usize = 10;

impl Step {
    /// Has the conversation summarized.
    pub(super) async fn compact(&mut self) -> Result<()> {
        self.aside.clear();
        self.begun.clear();
        let keep = self.history.tail(tail(&self.card));
        self.aside.push(Arc::new(Message::user(ASK)));
        let answer = self.ask("summary").await;
        self.aside.clear();
        let summary = match answer.map(|answer| answer.text()) {
            Ok(text) if !text.trim().is_empty() => text,
            Ok(_) => return Err(unable("the model gave no summary of the conversation, which has become too long")),
            // There is no room even for a summary: what was said is let go of without one. The log has it.
            Err(error) if is_too_long(&error) => "(There is none: the conversation was too long for it.)".to_owned(),
            Err(error) => return Err(error),
        };
        let (summary, freed, before) = self.history.summarize(&summary, keep);
        if freed < before / LEAST {
            return Err(too_long());
        }
        self.note.summary = Some(summary);
        Ok(())
    }
}

/// How many bytes of the latest turns stay as they are.
fn tail(card: &ModelCard) -> usize {
    // A fifth of what the model holds, at three bytes a token.
    card.window as usize / 5 * 3
}

/// Says whether an error means that the request does not fit into what the model holds.
pub(super) fn is_too_long(error: &Error) -> bool {
    error.kind == Kind::LimitExceeded && error.fact("limit") == Some("window")
}

pub(super) fn too_long() -> Error {
    unable("the task has become too long for the model, and a summary does not make enough room")
}

fn unable(why: &str) -> Error {
    Error::new(Kind::LimitExceeded, "summarize conversation", why)
        .with_fix("choose a model that holds more, or split the task")
}
