//! The one error.

use std::{error::Error as StdError, fmt, sync::Arc};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Gives a value or the one [`Error`].
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Says what went wrong, in a way that a caller can act on and a person can read.
///
/// `message` says what happened and why, in one sentence without a final full stop; the context entry `fix`, where there
/// is one, says the next step. It crosses every boundary as its fields, never as text alone.
#[derive(Clone, Serialize, Deserialize, JsonSchema)]
#[non_exhaustive]
pub struct Error {
    /// What a caller would act on.
    pub kind: Kind,
    /// The operation that failed, in a few words: `open store`, `move`.
    pub op: String,
    /// What happened, for a person.
    pub message: String,
    /// Whether, and when, the same thing may be tried again.
    #[serde(default, skip_serializing_if = "Retry::is_never")]
    pub retry: Retry,
    /// Named facts: `path`, `call`, `fix`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub context: Vec<(String, String)>,
    /// What was underneath; it does not cross a process boundary.
    #[serde(skip)]
    pub source: Option<Arc<dyn StdError + Send + Sync>>,
}

/// Sorts errors by what a caller would do about them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Kind {
    /// The caller's words are off: mend them and call again.
    InvalidInput,
    /// What was named is not there.
    NotFound,
    /// Policy, a grant or a person said no.
    NotAllowed,
    /// Something else changed it first: read again, then decide again.
    Conflict,
    /// Somebody else holds it now: wait, or stop them.
    Busy,
    /// The task's lease went to another process: stop at once, write nothing more.
    LeaseLost,
    /// Stored bytes are damaged or missing: see `cowork doctor`.
    Corrupt,
    /// Written by a later version: update this program.
    NewerVersion,
    /// The disk, a quota or a table is full.
    Full,
    /// A limit on time, memory, size or count was reached.
    LimitExceeded,
    /// A service or a file system does not answer: try again later.
    Unavailable,
    /// This platform or host can't do it, and nothing weaker was done instead.
    Unsupported,
    /// A person or the host stopped it.
    Cancelled,
    /// The process died in the middle, and what the call did is not known.
    Interrupted,
    /// A fault of this program.
    Internal,
}

/// Says whether the same operation may be tried again.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Retry {
    /// The same call fails the same way.
    #[default]
    Never,
    /// Trying again may succeed.
    Now,
    /// Trying again may succeed after this many milliseconds.
    AfterMs(u64),
}

impl Retry {
    fn is_never(&self) -> bool {
        *self == Self::Never
    }
}

impl Error {
    /// Makes an error that is not worth trying again.
    pub fn new(kind: Kind, op: impl Into<String>, message: impl Into<String>) -> Self {
        Self { kind, op: op.into(), message: message.into(), retry: Retry::Never, context: Vec::new(), source: None }
    }

    /// Adds a named fact.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<String>) -> Self {
        self.context.push((name.to_owned(), value.into()));
        self
    }

    /// Adds the next step, for a person.
    #[must_use]
    pub fn with_fix(self, fix: impl Into<String>) -> Self {
        self.with("fix", fix)
    }

    /// Says whether it may be tried again.
    #[must_use]
    pub fn with_retry(mut self, retry: Retry) -> Self {
        self.retry = retry;
        self
    }

    /// Keeps what was underneath.
    #[must_use]
    pub fn with_source(mut self, source: impl StdError + Send + Sync + 'static) -> Self {
        self.source = Some(Arc::new(source));
        self
    }

    /// Gives the value of a named fact.
    pub fn fact(&self, name: &str) -> Option<&str> {
        self.context.iter().find(|(n, _)| n == name).map(|(_, v)| v.as_str())
    }

    /// Says whether a service is not there, unlike one whose answer was cut at its limit.
    pub(crate) fn is_absence(&self) -> bool {
        self.kind == Kind::Unavailable && self.fact("stop").is_none()
    }

    /// Gives the next step, for a person.
    pub fn fix(&self) -> Option<&str> {
        self.fact("fix")
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} in {}: {}", self.kind, self.op, self.message)?;
        for (name, value) in &self.context {
            write!(f, "; {name}: {value}")?;
        }
        self.source.as_ref().map_or(Ok(()), |s| write!(f, "; caused by: {s}"))
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.source.as_ref().map(|s| s.as_ref() as &(dyn StdError + 'static))
    }
}

impl PartialEq for Error {
    fn eq(&self, other: &Self) -> bool {
        (self.kind, &self.op, &self.message, self.retry, &self.context)
            == (other.kind, &other.op, &other.message, other.retry, &other.context)
    }
}
