//! The Cowork SDK for Node: the engine, as `index.js` calls it. Everything crosses as JSON; every call has a number, under which
//! JavaScript is told what came of it.

#![allow(unsafe_code, reason = "napi's macros write it, and nobody else does here")]
#![allow(clippy::needless_pass_by_value, reason = "what comes from JavaScript is given away")]

mod bridge;

use std::sync::Arc;

use bridge::{Bridge, Called};
use cowork_ffi::{Calls, Error, Handle, Parts, error_of, json_of, text, thrown};
use napi::bindgen_prelude::{Function, Utf16String};
use napi_derive::napi;

/// What the host brings along: its kind, and its declaration as JSON.
#[napi(object)]
pub struct Part {
    /// `tool`, `model`, `planner` or `approver`.
    pub kind: String,
    /// Its declaration; an approver has none.
    pub declaration: String,
}

/// An engine.
#[napi]
pub struct Engine {
    calls: Arc<Calls>,
    bridge: Arc<Bridge>,
}

#[napi]
impl Engine {
    /// Opens an engine. `hear` is told what there is to do and what came of calls; a part's function is known by the part's number.
    #[napi(constructor)]
    pub fn new(config: String, parts: Vec<Part>, hear: Function<'_, String, ()>) -> napi::Result<Self> {
        let bridge = Bridge::new(&hear)?;
        let parts = (0..).zip(parts).fold(Parts::new(), |all, (part, Part { kind, declaration })| {
            all.part(&kind, declaration, Arc::new(Called { part, bridge: bridge.clone() }))
        });
        let handle = Handle::open(&config, parts).map_err(|e| failed(&e))?;
        let told = bridge.clone();
        Ok(Self { calls: Calls::new(handle, move |id, came| told.settled(id, &came)), bridge })
    }

    /// Begins a call ([`Calls`]).
    #[napi]
    pub fn call(&self, id: i64, operation: String, args: String) -> napi::Result<()> {
        self.calls.begin(id, &operation, args).map_err(|e| failed(&e))
    }

    /// Gives up a call, and ends the stream that it began.
    #[napi]
    pub fn leave(&self, id: i64) {
        self.calls.leave(id);
    }

    /// Says what a function gave.
    #[napi]
    pub fn gave(&self, id: i64, json: String) {
        self.bridge.done(id, Ok(json));
    }

    /// Says that a function threw one of the engine's errors.
    #[napi]
    pub fn failed(&self, id: i64, json: String) {
        self.bridge.done(id, Err(error_of(&json)));
    }

    /// Says that a function threw something else.
    #[napi]
    pub fn threw(&self, id: i64, name: String, message: String) {
        self.bridge.done(id, Err(thrown(&name, &message)));
    }

    /// Shows the next piece of what a model says: `text` and `thinking` as they are, `calling` with a tool's name.
    #[napi]
    pub fn tell(&self, id: i64, what: String, piece: Utf16String) {
        self.bridge.say(id, &what, &piece);
    }

    /// Shows how far a tool is.
    #[napi]
    pub fn progress(&self, id: i64, done: f64, total: f64, note: String) {
        self.bridge.shows(id).map(|tell| tell.progress(done as u64, total as u64, &note));
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        // Calls under way hold it too, and nobody is there any more for what comes of them.
        let handle = self.calls.handle().clone();
        self.calls.handle().runtime().spawn(async move { handle.close().await });
    }
}

/// Puts whole numbers that a number of JavaScript's does not hold exactly into quotes, each behind this mark.
#[napi]
pub fn mark_integers(json: String, mark: String) -> String {
    text::mark_integers(&json, &mark)
}

/// Gives an error as JavaScript reads it.
fn failed(error: &Error) -> napi::Error {
    napi::Error::from_reason(json_of(error))
}
