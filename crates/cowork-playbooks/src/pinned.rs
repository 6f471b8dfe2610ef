//! What the log keeps of a playbook, so that a task can go on from the log alone.

use cowork_core::{Decision, Error, Hash, Kind, Result};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::{header::Header, library::Playbook};

/// The interpreter, as the log names it. What a program does hangs on its exact version.
pub const INTERPRETER: &str = concat!("monty ", "0.0.23");

/// Which set of functions the planner answers, and how. It goes up when what a recorded program would do changes.
pub(crate) const RULES: u32 = 1;

/// The note of a task's first proposal.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Pinned {
    /// The playbook's name.
    pub(crate) playbook: String,
    /// What errors call its file.
    pub(crate) file: String,
    /// The hash of `source`.
    pub(crate) source_hash: Hash,
    /// What runs it.
    pub(crate) interpreter: String,
    /// See [`RULES`].
    pub(crate) rules: u32,
    /// Every parameter, defaults filled in.
    pub(crate) params: Map<String, Value>,
    /// The whole program: the file it came from may be changed or gone by the time the task goes on.
    pub(crate) source: String,
}

/// What a task's words called: a playbook with its parameters, as the task's first decision notes it.
#[derive(Clone, Debug, PartialEq)]
pub struct Called {
    /// What the playbook says of itself.
    pub header: Header,
    /// Every parameter, defaults filled in.
    pub params: Map<String, Value>,
}

impl Called {
    /// Reads it from a decision of a task; nothing if that begins no playbook. Which interpreter began it does not matter: nothing
    /// is run.
    pub fn read(decision: &Decision) -> Option<Self> {
        #[derive(Deserialize)]
        struct Note {
            file: String,
            params: Map<String, Value>,
            source: String,
        }
        let note = Note::deserialize(&decision.note).ok()?;
        let header = Playbook::read(note.source.as_str(), &note.file).ok()?.header;
        Some(Self { header, params: note.params })
    }
}

impl Pinned {
    pub(crate) fn new(playbook: &Playbook, params: Map<String, Value>) -> Self {
        Self {
            playbook: playbook.header.name.clone(),
            file: playbook.file.clone(),
            source_hash: Hash::of(playbook.source.as_bytes()),
            interpreter: INTERPRETER.to_owned(),
            rules: RULES,
            params,
            source: playbook.source.to_string(),
        }
    }

    pub(crate) fn note(&self) -> Result<Value> {
        serde_json::to_value(self).map_err(|e| {
            Error::new(Kind::Internal, "note playbook", "a playbook's note can't be written as JSON").with_source(e)
        })
    }

    /// Reads the note of a task's first decision, and checks that this program can go on with it.
    ///
    /// # Errors
    /// `Corrupt` if the note is not whole; `NewerVersion` or `Unsupported` if another interpreter began the task.
    pub(crate) fn read(note: &Value) -> Result<Self> {
        let corrupt = |why: &str| Error::new(Kind::Corrupt, "read playbook's note", why);
        let interpreter = note.get("interpreter").and_then(Value::as_str);
        let rules = note.get("rules").and_then(Value::as_u64);
        let (Some(interpreter), Some(rules)) = (interpreter, rules) else {
            return Err(corrupt("the task's first decision does not say which playbook it follows"));
        };
        if interpreter != INTERPRETER || rules != u64::from(RULES) {
            return Err(other_version(interpreter, rules));
        }
        let pinned: Self = serde_json::from_value(note.clone())
            .map_err(|e| corrupt("the note of the task's playbook can't be read").with_source(e))?;
        if Hash::of(pinned.source.as_bytes()) != pinned.source_hash {
            return Err(corrupt("the playbook in the task's log does not have the hash that the log gives for it"));
        }
        Ok(pinned)
    }
}

fn other_version(interpreter: &str, rules: u64) -> Error {
    let numbers = |text: &str| -> Vec<u64> {
        text.split(|c: char| !c.is_ascii_digit()).filter_map(|part| part.parse().ok()).collect()
    };
    let newer = numbers(interpreter) > numbers(INTERPRETER) || rules > u64::from(RULES);
    let shown: String = interpreter.chars().filter(|c| !c.is_control()).take(40).collect();
    let why = format!(
        "the task was begun with {shown} (rules {rules}), and this program runs playbooks with {INTERPRETER} (rules {RULES})"
    );
    let (kind, fix) = if newer {
        (Kind::NewerVersion, "update this program, or cancel the task and start it again")
    } else {
        (Kind::Unsupported, "cancel the task and start it again, or finish it with the version that began it")
    };
    Error::new(kind, "go on with playbook", why).with_fix(fix)
}
