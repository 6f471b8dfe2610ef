//! The Cowork SDK for Node: the engine, as `index.js` calls it. Everything crosses as JSON; every call has a number, under which
//! JavaScript is told what came of it.

#![allow(unsafe_code, reason = "napi's macros write it, and nobody else does here")]
#![allow(clippy::needless_pass_by_value, reason = "what comes from JavaScript is given away")]

use std::{
    collections::HashMap,
    fmt::Write as _,
    sync::{Arc, Mutex, OnceLock, PoisonError, Weak},
};

use cowork_ffi::{Calls, Error, Wanted, error_of, json_of, text, thrown};
use napi::{
    bindgen_prelude::{Function, Utf16String},
    threadsafe_function::ThreadsafeFunctionCallMode::NonBlocking,
};
use napi_derive::napi;

/// What is told besides calls of functions, which are told by the number of their part.
const ABORTED: i64 = -1;
const DONE: i64 = -2;
const FAILED: i64 = -3;

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
    /// The first halves of characters whose second may be in the next piece, and of what that is a piece.
    halves: Mutex<HashMap<i64, (String, u16)>>,
}

#[napi]
impl Engine {
    /// Opens an engine. `hear` is told what there is to do and what came of calls; a part's function is known by the part's number. A process is not
    /// kept alive by it.
    #[napi(constructor)]
    pub fn new(config: String, parts: Vec<Part>, hear: Function<'_, String, ()>) -> napi::Result<Self> {
        let here = Arc::<OnceLock<Weak<Calls>>>::default();
        let there = here.clone();
        let told =
            move |_| Ok(there.get().and_then(Weak::upgrade).map_or_else(|| "[]".to_owned(), |calls| told(&calls)));
        let wake = hear.build_threadsafe_function::<()>().weak::<true>().build_callback(told)?;
        let parts = parts.into_iter().map(|part| (part.kind, part.declaration)).collect();
        // It fails where JavaScript has ended: then the engine is being closed.
        let calls = Calls::open(&config, parts, move || _ = wake.call((), NonBlocking)).map_err(|e| failed(&e))?;
        _ = here.set(Arc::downgrade(&calls));
        Ok(Self { calls, halves: Mutex::default() })
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

    /// Says what a function gave; this and what follows give what there is to do next, unless `hear` is told.
    #[napi]
    pub fn gave(&self, id: i64, json: String) -> Option<String> {
        self.done(id, Ok(json))
    }

    /// Says that a function threw one of the engine's errors.
    #[napi]
    pub fn failed(&self, id: i64, json: String) -> Option<String> {
        self.done(id, Err(error_of(&json)))
    }

    /// Says that a function threw something else.
    #[napi]
    pub fn threw(&self, id: i64, name: String, message: String) -> Option<String> {
        self.done(id, Err(thrown(&name, &message)))
    }

    /// Shows the next piece of what a model says: `text` and `thinking` as they are, `calling` with a tool's name.
    #[napi]
    pub fn tell(&self, id: i64, what: String, piece: Utf16String) {
        self.say(id, &what, &piece);
    }

    /// Shows how far a tool is.
    #[napi]
    pub fn progress(&self, id: i64, done: f64, total: f64, note: String) {
        self.calls.tell(id).map(|tell| tell.progress(done as u64, total as u64, &note));
    }

    fn done(&self, id: i64, came: Result<String, Error>) -> Option<String> {
        self.say(id, "", &[]);
        self.calls.gave(id, came).then(|| told(&self.calls))
    }

    /// Shows a piece; nothing comes behind one of no kind.
    fn say(&self, id: i64, what: &str, piece: &[u16]) {
        let mut halves = self.halves.lock().unwrap_or_else(PoisonError::into_inner);
        let half = halves.remove(&id);
        if half.is_none() && piece.is_empty() {
            return;
        }
        let Some(tell) = self.calls.tell(id) else { return };
        let mut text = Vec::new();
        match half {
            Some((of, unit)) if of == what => text.push(unit),
            // Its second half did not come.
            Some((of, _)) => _ = tell.piece(&of, "\u{fffd}"),
            None => {}
        }
        text.extend_from_slice(piece);
        if text.last().is_some_and(|unit| (0xd800..0xdc00).contains(unit)) {
            halves.extend(text.pop().map(|unit| (id, (what.to_owned(), unit))));
        }
        if !text.is_empty() {
            tell.piece(what, &String::from_utf16_lossy(&text));
        }
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        // Calls under way hold it too, and nobody is there any more for what comes of them.
        let calls = self.calls.clone();
        self.calls.handle().runtime().spawn(async move { calls.close().await });
    }
}

/// Says what is wrong with what a function is declared to be.
#[napi]
pub fn check_part(kind: String, declaration: String) -> napi::Result<()> {
    cowork_ffi::check_part(&kind, &declaration).map_err(|e| failed(&e))
}

/// Puts whole numbers that a number of JavaScript's does not hold exactly into quotes, each behind this mark.
#[napi]
pub fn mark_integers(json: String, mark: String) -> String {
    text::mark_integers(&json, &mark)
}

/// Takes what there is to do, many things for one crossing: a JSON list of `[what, id, data]`.
fn told(calls: &Calls) -> String {
    let (mut list, mut taken) = ("[".to_owned(), calls.take());
    // What came of calls is told first: a function may give up one of them, and what came is got by then.
    taken.sort_by_key(|wanted| !matches!(wanted, Wanted::Done(..)));
    for wanted in taken {
        let (what, id, data) = match wanted {
            Wanted::Call(id, part, input) => (part.cast_signed(), id, input),
            Wanted::Drop(id) => (ABORTED, id, "null".to_owned()),
            Wanted::Done(id, Ok(json)) => {
                calls.got(id);
                (DONE, id, json)
            }
            Wanted::Done(id, Err(error)) => (FAILED, id, json_of(&error)),
        };
        // Writing to a text can't fail.
        _ = write!(list, "{}[{what},{id},{data}]", if list.len() > 1 { "," } else { "" });
    }
    list.push(']');
    // JavaScript reads it quickly, or exactly.
    if text::has_long_numbers(&list) { format!(" {list}") } else { list }
}

/// Gives an error as JavaScript reads it.
fn failed(error: &Error) -> napi::Error {
    napi::Error::from_reason(json_of(error))
}
