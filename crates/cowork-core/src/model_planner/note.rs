//! What a decision keeps of the answer that it was made from.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::own;
use crate::{Block, Decision, ModelCall};

/// What stands in [`Decision::note`].
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Note {
    /// The answer's blocks, where they are more than what was said followed by the calls.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) blocks: Vec<Kept>,
    /// What stands for the turns before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) summary: Option<Summary>,
    /// Whether the model was told before this decision that it did not make what it said it had made.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(super) contradicted: bool,
}

/// A block of an answer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Kept {
    /// The decision's call with this number.
    Call(usize),
    /// Another block.
    Block(Block),
}

/// A summary of turns that the model is not shown any more.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Summary {
    /// How many turns it stands for.
    pub(super) turns: usize,
    /// What it says.
    pub(super) text: String,
}

impl Note {
    pub(super) fn read(note: &Value) -> Self {
        if note.is_null() {
            return Self::default();
        }
        // Another planner's note, or a later version's: the decision itself says what was wanted.
        Self::deserialize(note).unwrap_or_default()
    }

    pub(super) fn to_value(&self) -> Value {
        if *self == Self::default() {
            return Value::Null;
        }
        // Strings, numbers and lists of them: this can't fail.
        serde_json::to_value(self).unwrap_or_default()
    }

    /// Says whether blocks are no more than what was said, then the calls in their order.
    pub(super) fn is_plain(blocks: &[Kept]) -> bool {
        let mut calls = 0;
        blocks.iter().enumerate().all(|(at, block)| match block {
            Kept::Block(Block::Text { citations, .. }) => at == 0 && citations.is_empty(),
            Kept::Block(_) => false,
            Kept::Call(n) => {
                calls += 1;
                *n + 1 == calls
            }
        })
    }
}

/// Gives the blocks of a decision, its calls with the names that they have in the log.
pub(super) fn blocks(decision: &Decision, deferred: &BTreeSet<String>) -> Vec<Block> {
    let call = |n: usize| {
        let call = decision.calls.get(n)?;
        let id = call.id.uuid().simple().to_string();
        let (tool, args) = match deferred.contains(&call.tool) {
            true => own::call_of(&call.tool, &call.args),
            false => (call.tool.clone(), call.args.clone()),
        };
        Some(Block::Call(ModelCall { id, tool, args, fault: None }))
    };
    let note = Note::read(&decision.note);
    if note.blocks.is_empty() {
        let said = decision.say.as_ref().filter(|s| !s.is_empty());
        let mut blocks = Vec::with_capacity(usize::from(said.is_some()) + decision.calls.len());
        blocks.extend(said.map(Block::text));
        blocks.extend((0..decision.calls.len()).filter_map(call));
        return blocks;
    }
    let kept = note.blocks.into_iter().filter_map(|kept| match kept {
        Kept::Call(n) => call(n),
        Kept::Block(block) => Some(block),
    });
    kept.collect()
}
