//! The steps of a script.

use std::collections::BTreeMap;

use cowork::Result;
use serde::Deserialize;
use serde_json::Value;

use super::Behaviour;
use crate::text;

/// A step: one thing to do, and what comes of it.
///
/// Where a text in it is `$name`, or `$name.0.field`, what was kept under that name stands there.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Step {
    /// What the script shows.
    pub about: Option<String>,
    /// Makes a folder with these files; gives its path, links resolved.
    pub folder: Option<BTreeMap<String, String>>,
    /// Gives the files in this folder with their contents.
    pub tree: Option<String>,
    /// Opens an engine; one that was open is let go of.
    pub open: Option<Opening>,
    /// Carries out this operation with `args`, and gives what it gives.
    pub call: Option<String>,
    /// Begins that, and waits for nothing; kept under `as`.
    pub start: Option<String>,
    /// What an operation is called with.
    pub args: Option<Value>,
    /// Waits for what was started under this name, and gives it.
    pub finish: Option<String>,
    /// Lets go of what was started, or of a stream.
    pub drop: Option<String>,
    /// Follows events with these arguments; the stream is kept under `as`.
    pub events: Option<Value>,
    /// Takes the next item of this stream.
    pub next: Option<String>,
    /// Takes what is left of this stream, to its end.
    pub rest: Option<String>,
    /// What of it is given. Records, if nothing is said.
    pub of: Pieces,
    /// Waits for something to happen in a host's function.
    pub until: Option<Until>,
    /// Closes the engine.
    pub close: bool,
    /// Reads `json` as this word (`Item`, `Record`, `Error`), into the language's own type, and writes it again.
    pub decode: Option<String>,
    /// What is decoded.
    pub json: Option<Value>,
    /// The name that what comes of the step is kept under.
    #[serde(rename = "as")]
    pub keep: Option<String>,
    /// How many milliseconds the step may take. The runner prints how many it took.
    pub within_ms: Option<u64>,
    /// Whether of errors only their kinds count.
    pub loose: bool,
    /// What comes of it, in comparable form.
    pub gives: Option<Value>,
}

/// How an engine is opened.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Opening {
    /// The config.
    pub config: Value,
    /// Tools.
    pub tools: Vec<HostPart>,
    /// Models.
    pub models: Vec<HostPart>,
    /// Planners.
    pub planners: Vec<HostPart>,
    /// Who answers questions.
    pub approver: Option<Behaviour>,
}

/// A part of the host's.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HostPart {
    /// Its declaration.
    pub is: Value,
    /// How its function behaves.
    pub does: Behaviour,
}

/// What a function is part of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// A tool.
    Tool,
    /// A model.
    Model,
    /// A planner.
    Planner,
    /// An approver.
    Approver,
}

/// What is taken of a stream.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Pieces {
    /// The records: a list.
    #[default]
    Records,
    /// The types of their events: a list.
    Types,
    /// The text that was shown between them: one text.
    Text,
}

/// What is waited for.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Until {
    /// The function of this part was called.
    Began(String),
    /// The work of the function of this part was stopped.
    Cancelled(String),
}

/// Reads a script.
///
/// # Errors
/// `InvalidInput` for a line that is no step.
pub fn script(text: &str) -> Result<Vec<Step>> {
    let lines = text.lines().enumerate();
    lines.map(|(number, line)| text::read_object(&format!("step {number}"), line)).collect()
}
