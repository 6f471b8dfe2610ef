//! How an event becomes stored bytes, and how records are chained.

use std::{
    borrow::Cow,
    fmt,
    sync::{Arc, OnceLock},
};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize, Serializer};
use serde_json::value::RawValue;

use crate::{
    Actor, Args, Confidentiality, Effects, Error, Event, Hash, Integrity, Kind, Label, Record, Result, TaskId,
    ThreadId, Timestamp, VERSION,
};

/// Room for nearly every event's JSON, and for every header.
const USUAL: usize = 1_000;

/// An event's stored bytes with its type, parsed when first asked for.
///
/// A fold over a long log looks into few bodies; the others stay as they were read.
#[derive(Clone)]
pub struct Body {
    kind: Cow<'static, str>,
    json: Arc<str>,
    event: OnceLock<Arc<Event>>,
    /// Worked out by whoever wrote the event, so that a store's one writer need not.
    hash: OnceLock<Hash>,
}

impl Body {
    /// Wraps stored bytes. `kind` is the event's type as the record's header has it.
    pub fn stored(kind: impl Into<Cow<'static, str>>, json: impl Into<Arc<str>>) -> Self {
        Self { kind: kind.into(), json: json.into(), event: OnceLock::new(), hash: OnceLock::new() }
    }

    fn fresh(event: Event) -> Result<Self> {
        let kind = event.kind();
        let wrong = |e: &dyn std::error::Error| {
            Error::new(Kind::Internal, "write event", format!("an event can't be written as JSON: {e}"))
        };
        let mut json = Vec::with_capacity(USUAL);
        serde_json::to_writer(&mut json, &event).map_err(|e| wrong(&e))?;
        let json = str::from_utf8(&json).map_err(|e| wrong(&e))?;
        let (event, hash) = (OnceLock::from(Arc::new(event)), OnceLock::from(Hash::of(json.as_bytes())));
        Ok(Self { kind: Cow::Borrowed(kind), json: json.into(), event, hash })
    }

    /// Gives what of it is stored.
    pub(crate) fn to_stored(&self) -> (Cow<'static, str>, Arc<str>) {
        (self.kind.clone(), self.json.clone())
    }

    /// Gives the event's type: `call_finished`.
    pub fn kind(&self) -> &str {
        &self.kind
    }

    /// Gives the stored bytes.
    pub fn json(&self) -> &Arc<str> {
        &self.json
    }

    /// Gives the hash of the stored bytes.
    pub fn hash(&self) -> Hash {
        *self.hash.get_or_init(|| Hash::of(self.json.as_bytes()))
    }

    /// Gives the event; one of a later version comes as [`Event::Unknown`].
    ///
    /// # Errors
    /// [`Kind::Corrupt`] if the bytes are of a known type and can't be read.
    pub fn event(&self) -> Result<Arc<Event>> {
        if let Some(event) = self.event.get() {
            return Ok(event.clone());
        }
        let event = Arc::new(Event::read(&self.kind, &self.json)?);
        Ok(self.event.get_or_init(|| event).clone())
    }
}

impl fmt::Debug for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.json)
    }
}

impl PartialEq for Body {
    fn eq(&self, other: &Self) -> bool {
        self.kind == other.kind && self.json == other.json
    }
}

impl Serialize for Body {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let raw: &RawValue = serde_json::from_str(&self.json).map_err(serde::ser::Error::custom)?;
        raw.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Body {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        struct Tag {
            r#type: String,
        }
        let raw = Box::<RawValue>::deserialize(deserializer)?;
        let tag: Tag = serde_json::from_str(raw.get()).map_err(serde::de::Error::custom)?;
        Ok(Self::stored(tag.r#type, raw.get()))
    }
}

impl JsonSchema for Body {
    fn schema_name() -> Cow<'static, str> {
        Event::schema_name()
    }

    /// It is the same word: without this the schema would have it twice, under two names.
    fn schema_id() -> Cow<'static, str> {
        Event::schema_id()
    }

    fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        Event::json_schema(generator)
    }
}

/// A record before it has its place: what an engine hands to a store.
#[derive(Clone, Debug)]
pub struct Draft {
    /// The task it belongs to.
    pub task: Option<TaskId>,
    /// The command or call that it follows from.
    pub cause: Option<uuid::Uuid>,
    /// Who brought it about.
    pub actor: Actor,
    /// When.
    pub at: Timestamp,
    /// Where its content came from.
    pub label: Label,
    /// What happened, as bytes.
    pub body: Body,
}

impl Draft {
    /// Makes a draft of an event by the engine itself.
    ///
    /// # Errors
    /// [`Kind::Internal`] if the event can't be written as JSON.
    pub fn new(task: Option<TaskId>, at: Timestamp, event: Event) -> Result<Self> {
        let cause = event.cause();
        let body = Body::fresh(event)?;
        Ok(Self { task, cause, actor: Actor::Engine, at, label: Label::trusted(), body })
    }

    /// Says who brought it about, and where its content came from.
    #[must_use]
    pub fn by(mut self, actor: Actor, label: Label) -> Self {
        self.actor = actor;
        self.label = label;
        self
    }

    /// Gives it its place in a thread, and the hash that the next one will name.
    pub fn stamp(self, thread: ThreadId, seq: u64, prev_hash: Hash) -> (Record, Hash) {
        let body_hash = self.body.hash();
        let Self { task, cause, actor, at, label, body } = self;
        let record =
            Record { v: VERSION, thread, seq, task, cause, actor, at, label, prev_hash, body_hash, event: body };
        let hash = record.hash();
        (record, hash)
    }
}

impl Record {
    /// Gives the hash of the header, which names the body by its hash and the record before by its own.
    pub fn hash(&self) -> Hash {
        // One buffer and one call: half the time of feeding a hasher piece by piece.
        let mut bytes = Vec::with_capacity(USUAL);
        bytes.extend_from_slice(&self.v.to_le_bytes());
        bytes.extend_from_slice(self.thread.uuid().as_bytes());
        bytes.extend_from_slice(&self.seq.to_le_bytes());
        bytes.extend_from_slice(self.task.map(TaskId::uuid).unwrap_or_default().as_bytes());
        bytes.extend_from_slice(self.cause.unwrap_or_default().as_bytes());
        bytes.push(self.actor as u8);
        bytes.extend_from_slice(&self.at.as_millis().to_le_bytes());
        bytes.extend_from_slice(&self.prev_hash.0);
        bytes.extend_from_slice(&self.body_hash.0);
        // The two that vary in length come last, the first of them with its length.
        bytes.extend_from_slice(&(self.event.kind.len() as u64).to_le_bytes());
        bytes.extend_from_slice(self.event.kind.as_bytes());
        bytes.extend_from_slice(self.label.to_text().as_bytes());
        Hash::of(&bytes)
    }

    /// Checks that the body is what the header says.
    pub fn is_intact(&self) -> bool {
        Hash::of(self.event.json.as_bytes()) == self.body_hash
    }
}

impl Event {
    /// Gives the event's type, as the stored bytes name it.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::ThreadOpened { .. } => "thread_opened",
            Self::Commanded { .. } => "commanded",
            Self::Refused { .. } => "refused",
            Self::TaskStarted { .. } => "task_started",
            Self::Briefed { .. } => "briefed",
            Self::Noted { .. } => "noted",
            Self::ModelAsked { .. } => "model_asked",
            Self::ModelAnswered { .. } => "model_answered",
            Self::Decided(_) => "decided",
            Self::PermissionAsked { .. } => "permission_asked",
            Self::CallStarted { .. } => "call_started",
            Self::SubtaskStarted { .. } => "subtask_started",
            Self::SubtaskEnded { .. } => "subtask_ended",
            Self::CallHeld { .. } => "call_held",
            Self::CallFinished { .. } => "call_finished",
            Self::CallInterrupted { .. } => "call_interrupted",
            Self::TaskStopped { .. } => "task_stopped",
            Self::FilesChecked { .. } => "files_checked",
            Self::TaskFinished { .. } => "task_finished",
            Self::UndoStarted { .. } => "undo_started",
            Self::UndoFinished { .. } => "undo_finished",
            Self::UndoFailed { .. } => "undo_failed",
            Self::JournalReclaimed => "journal_reclaimed",
            Self::Unknown { .. } => "unknown",
        }
    }

    /// Gives the command or call that the event follows from.
    pub fn cause(&self) -> Option<uuid::Uuid> {
        match self {
            Self::Commanded { id, .. } => Some(id.uuid()),
            Self::ModelAsked { ask, .. } | Self::ModelAnswered { ask, .. } => Some(ask.uuid()),
            Self::Noted { call, .. } => call.map(crate::CallId::uuid),
            Self::PermissionAsked { call, .. }
            | Self::CallStarted { call, .. }
            | Self::SubtaskStarted { call, .. }
            | Self::SubtaskEnded { call, .. }
            | Self::CallHeld { call, .. }
            | Self::CallFinished { call, .. }
            | Self::CallInterrupted { call, .. } => Some(call.uuid()),
            _ => None,
        }
    }

    fn read(kind: &str, json: &str) -> Result<Self> {
        let wrong = |e: serde_json::Error| {
            Error::new(Kind::Corrupt, "read event", format!("a stored `{kind}` event can't be read")).with_source(e)
        };
        // The most frequent and longest one is read without first looking for its type inside.
        if kind == "decided" {
            return serde_json::from_str(json).map(Self::Decided).map_err(wrong);
        }
        match serde_json::from_str(json) {
            Ok(event) => Ok(event),
            Err(e) if KNOWN.contains(&kind) => Err(wrong(e)),
            Err(_) => {
                #[derive(Deserialize)]
                struct Critical {
                    #[serde(default)]
                    critical: bool,
                }
                let Critical { critical } = serde_json::from_str(json).map_err(wrong)?;
                Ok(Self::Unknown { kind: kind.to_owned(), critical })
            }
        }
    }
}

const KNOWN: [&str; 22] = [
    "thread_opened",
    "commanded",
    "refused",
    "task_started",
    "briefed",
    "noted",
    "model_asked",
    "model_answered",
    "decided",
    "permission_asked",
    "call_started",
    "subtask_started",
    "subtask_ended",
    "call_finished",
    "call_interrupted",
    "task_stopped",
    "files_checked",
    "task_finished",
    "undo_started",
    "undo_finished",
    "undo_failed",
    "journal_reclaimed",
];

impl Label {
    /// Gives the label as its stored text; empty for the unknown one.
    pub fn to_text(&self) -> Cow<'static, str> {
        match (&self.integrity, &self.confidentiality) {
            (Integrity::Untrusted(origins), Confidentiality::Private(owners))
                if origins.is_empty() && owners.is_empty() =>
            {
                Cow::Borrowed("")
            }
            (Integrity::Trusted, Confidentiality::Public) => Cow::Borrowed("t"),
            (Integrity::User, owners) if owners.is_user() => Cow::Borrowed("u"),
            _ => Cow::Owned(serde_json::to_string(self).unwrap_or_default()),
        }
    }

    /// Reads a label's stored text; what can't be read is unknown, so untrusted and private.
    pub fn from_text(text: &str) -> Self {
        match text {
            "t" => Self::trusted(),
            "u" => Self::user(),
            _ => serde_json::from_str(text).unwrap_or_default(),
        }
    }
}

impl Hash {
    /// Hashes bytes.
    pub fn of(bytes: &[u8]) -> Self {
        Self(*blake3::hash(bytes).as_bytes())
    }

    /// Hashes a call's arguments, as an answer names them: the tool and the canonical JSON.
    pub fn of_call(tool: &str, args: &Args) -> Self {
        Self::of_parts(tool, args, None)
    }

    /// Hashes what a call holds back, together with the call: an answer to the one is none to the other.
    pub fn of_held(tool: &str, args: &Args, effects: &Effects) -> Self {
        Self::of_parts(tool, args, Some(effects))
    }

    fn of_parts(tool: &str, args: &Args, held: Option<&Effects>) -> Self {
        let mut h = blake3::Hasher::new();
        h.update(tool.as_bytes());
        h.update(&[0]);
        h.update(args.text().as_bytes());
        if let Some(effects) = held {
            h.update(&[0]);
            // What can't be written has no answer either.
            h.update(&serde_json::to_vec(effects).unwrap_or_default());
        }
        Self(*h.finalize().as_bytes())
    }
}

impl fmt::Display for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|b| write!(f, "{b:02x}"))
    }
}

impl fmt::Debug for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Serialize for Hash {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(blake3::Hash::from_bytes(self.0).to_hex().as_str())
    }
}

impl<'de> Deserialize<'de> for Hash {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Cow::<'de, str>::deserialize(deserializer)?;
        blake3::Hash::from_hex(text.as_bytes()).map(|h| Self(*h.as_bytes())).map_err(serde::de::Error::custom)
    }
}

impl JsonSchema for Hash {
    fn schema_name() -> Cow<'static, str> {
        "Hash".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "type": "string", "pattern": "^[0-9a-f]{64}$", "description": "A BLAKE3 hash." })
    }
}
