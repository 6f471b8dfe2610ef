//! Leave that a person gave beforehand: what a tool may change in a folder without being asked about each time.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Access, Call, Effects, Task};

/// A tool that may make changes in a folder without a question, for as long as a task lasts.
///
/// It covers what can be undone, and nothing outside the granted folders. It comes with the task ([`crate::Submit::allow`]), or by
/// [`crate::Answer::AllowTask`]. A host that keeps "always here" puts it into every task that it submits for that folder.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub struct AllowRule {
    /// The tool's name.
    pub tool: String,
    /// The granted folder's name; empty for leave to run code, whatever that then wants to change.
    pub folder: String,
}

impl AllowRule {
    /// Gives the rules that together cover a call of this tool. None if no rule can: it changes no files, can't be undone, or may
    /// do more than it says.
    pub fn covering(tool: &str, effects: &Effects) -> Vec<Self> {
        if !effects.complete || !effects.undoable || effects.guarded {
            return Vec::new();
        }
        let code = Self { tool: tool.to_owned(), folder: String::new() };
        let mut rules = if effects.code { vec![code] } else { Vec::new() };
        for effect in effects.files.iter().filter(|f| f.access == Access::Write) {
            let rule = Self { tool: tool.to_owned(), folder: effect.path.root().to_owned() };
            if !rules.contains(&rule) {
                rules.push(rule);
            }
        }
        rules
    }
}

impl Task {
    /// Says whether the person gave leave for such a call: by rules that cover all of it.
    pub fn allows(&self, call: &Call, effects: &Effects) -> bool {
        let needed = AllowRule::covering(&call.tool, effects);
        !needed.is_empty() && needed.iter().all(|rule| self.allowed.contains(rule))
    }
}
