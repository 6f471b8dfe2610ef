//! What a host writes: functions that take JSON and give JSON.

use std::{
    fmt,
    panic::AssertUnwindSafe,
    sync::{Arc, Weak},
};

use cowork::{CancellationToken, Error, Kind, Result, Said, async_trait};
use futures_util::FutureExt;
use serde_json::Value;

use crate::text;

/// A function of the host's: what a tool does, what a model answers, what a planner wants next, what an approver says.
///
/// - It takes JSON text and gives JSON text; which, says the part that it belongs to ([`Parts`](crate::Parts)).
/// - It may be called many times at once, from any thread. Nothing is held meanwhile that another call needs.
/// - What it gives is checked ([`text`](crate::text)): what is not fit is an `InvalidInput` error of that call and of nothing else.
/// - A panic in it is an `Internal` error of that call.
///
/// Cancellation: the future is dropped as soon as nobody wants its result. **That has to stop the host's work**: a binding
/// keeps a guard in the future that cancels the coroutine, the promise, the job, and does not wait for it. [`Invocation::cancel`] is
/// cancelled with it, for work that can't be stopped from outside and asks by itself.
///
/// Errors: any kind. One that the host threw itself is carried as [`thrown`] makes it.
#[async_trait]
pub trait Function: Send + Sync + 'static {
    /// Does it.
    async fn call(&self, call: Invocation) -> Result<String>;
}

/// One call of a [`Function`].
#[derive(Debug)]
pub struct Invocation {
    /// What it is called with, as JSON.
    pub input: String,
    /// Is cancelled when the result is not wanted any more, and once the call has ended.
    pub cancel: CancellationToken,
    /// Shows what comes while it works; none where nobody could be shown.
    pub tell: Option<Tell>,
}

/// Shows a person what a function does while it works. A clone shows it at the same place; once the call has ended, nothing is shown.
#[derive(Clone)]
pub struct Tell(Weak<Listener>);

pub(crate) type Listener = dyn Fn(Telling<'_>) + Send + Sync;

/// What is told.
pub(crate) enum Telling<'a> {
    Said(Said<'a>),
    Progress { done: u64, total: u64, note: &'a str },
}

impl Tell {
    pub(crate) fn new(listener: &Arc<Listener>) -> Self {
        Self(Arc::downgrade(listener))
    }

    /// Tells the next piece of a model's answer. The pieces, joined, are its text. Says whether anybody still listens.
    pub fn text(&self, text: &str) -> bool {
        self.tell(Telling::Said(Said::Text(text)))
    }

    /// Tells the next piece of what a model thinks.
    pub fn thinking(&self, text: &str) -> bool {
        self.tell(Telling::Said(Said::Thinking(text)))
    }

    /// Tells that a model begins to write a call of this tool.
    pub fn calling(&self, tool: &str) -> bool {
        self.tell(Telling::Said(Said::Call(tool)))
    }

    /// Tells a piece of a model's answer by what it is: `text`, `thinking`, or else `calling`.
    pub fn piece(&self, what: &str, piece: &str) -> bool {
        match what {
            "text" => self.text(piece),
            "thinking" => self.thinking(piece),
            _ => self.calling(piece),
        }
    }

    /// Tells how far a tool is: so much is done, of so much (0 if that is not known), and what it is at.
    pub fn progress(&self, done: u64, total: u64, note: &str) -> bool {
        self.tell(Telling::Progress { done, total, note })
    }

    fn tell(&self, telling: Telling<'_>) -> bool {
        self.0.upgrade().map(|listener| listener(telling)).is_some()
    }
}

impl fmt::Debug for Tell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Tell")
    }
}

/// Carries what a host's function threw: the name of its type (`ValueError`) and what it says. Both are said, as its language would: the text
/// alone of a `KeyError` is a key.
pub fn thrown(type_name: &str, message: &str) -> Error {
    let said = match (message.trim(), type_name) {
        ("", _) => type_name.to_owned(),
        // The name that any error has.
        (_, "Error" | "Exception") => message.to_owned(),
        // JavaScript's `throw "a text"` is of the type `string`.
        _ if !type_name.starts_with(char::is_uppercase) => message.to_owned(),
        _ => format!("{type_name}: {message}"),
    };
    Error::new(Kind::Internal, "call host", said).with("type", type_name)
}

/// Writes an [`Error`] as a host gets it.
pub fn json_of(error: &Error) -> String {
    text::write(error).unwrap_or_default()
}

/// Reads an [`Error`] back that went to a host as JSON, so that one that is thrown on keeps its kind and its facts. Half of a character in it is
/// shown as a mark. What can't be read is a [`thrown`] one, with the message that it has.
pub fn error_of(json: &str) -> Error {
    let json = text::whole(json);
    serde_json::from_str(&json).unwrap_or_else(|_| {
        let read = serde_json::from_str::<Value>(&json).unwrap_or_default();
        thrown("Error", read["message"].as_str().unwrap_or(&json))
    })
}

/// Calls a function; what panics in it is an error, and a result that nobody wants is not waited for.
pub(crate) async fn call(
    function: &dyn Function,
    what: &str,
    input: String,
    cancel: CancellationToken,
    tell: Option<Tell>,
) -> Result<String> {
    let own = cancel.child_token();
    // However this future ends, the work is told.
    let _told = own.clone().drop_guard();
    let called = AssertUnwindSafe(function.call(Invocation { input, cancel: own, tell })).catch_unwind();
    tokio::select! {
        biased;
        () = cancel.cancelled() => Err(Error::new(Kind::Cancelled, "call host", format!("{what} was stopped"))),
        result = called => result.unwrap_or_else(|_| {
            Err(Error::new(Kind::Internal, "call host", format!("{what} panicked")).with_fix("please report it"))
        }),
    }
}
