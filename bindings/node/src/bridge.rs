//! Between the engine's threads and the one of JavaScript.

use std::{
    collections::HashMap,
    fmt::Write as _,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicI64, Ordering::Relaxed},
    },
};

use cowork_ffi::{Error, Function, Invocation, Kind, Result, Tell, async_trait, json_of, text};
use napi::{
    Status,
    bindgen_prelude::Function as JsFunction,
    threadsafe_function::{ThreadsafeFunction, ThreadsafeFunctionCallMode::NonBlocking},
};
use tokio::sync::oneshot::{self, Sender};

/// What is told besides calls of functions, which are told by the number of their part.
const ABORTED: i64 = -1;
const DONE: i64 = -2;
const FAILED: i64 = -3;

/// Tells JavaScript what there is to do, many things in one crossing, and knows which of its functions are at work.
///
/// What is told is one JSON list of `what, id, data, what, id, data, ...`. JavaScript is woken when the first thing is put into an empty list,
/// and takes all that is in it by then. A process is not kept alive by it.
pub(crate) struct Bridge {
    told: Arc<Mutex<String>>,
    wake: ThreadsafeFunction<(), (), String, Status, false, true>,
    working: Mutex<HashMap<i64, Working>>,
    last: AtomicI64,
}

/// A function of the host's that is at work.
struct Working {
    done: Sender<Result<String>>,
    tell: Option<Tell>,
    /// The first half of a character whose second may be in the next piece, and of what that is a piece.
    half: Option<(String, u16)>,
}

impl Bridge {
    /// Takes the function that JavaScript is told by.
    pub(crate) fn new(hear: &JsFunction<'_, String, ()>) -> napi::Result<Arc<Self>> {
        let told = Arc::new(Mutex::new(String::new()));
        let taken = told.clone();
        let wake = hear.build_threadsafe_function().weak::<true>().build_callback(move |_| {
            let mut told = std::mem::take(&mut *held(&taken));
            told.push(']');
            // JavaScript reads it quickly, or exactly.
            Ok(if text::has_long_numbers(&told) { format!(" {told}") } else { told })
        })?;
        Ok(Arc::new(Self { told, wake, working: Mutex::default(), last: AtomicI64::new(0) }))
    }

    /// Tells what came of a call of the engine's.
    pub(crate) fn settled(&self, id: i64, came: &Result<String>) {
        match came {
            Ok(json) => self.tell(DONE, id, json),
            Err(error) => self.tell(FAILED, id, &json_of(error)),
        }
    }

    /// Ends a function's work.
    pub(crate) fn done(&self, id: i64, came: Result<String>) {
        self.say(id, "", &[]);
        let working = held(&self.working).remove(&id);
        // Nobody may want it any more.
        _ = working.map(|working| working.done.send(came));
    }

    /// Gives what shows a person what a function does.
    pub(crate) fn shows(&self, id: i64) -> Option<Tell> {
        held(&self.working).get(&id).and_then(|working| working.tell.clone())
    }

    /// Shows the next piece of what a model says; nothing comes behind one of no kind.
    pub(crate) fn say(&self, id: i64, what: &str, piece: &[u16]) {
        let mut working = held(&self.working);
        let Some(Working { tell: Some(tell), half, .. }) = working.get_mut(&id) else { return };
        let mut text = Vec::new();
        match half.take() {
            Some((of, unit)) if of == what => text.push(unit),
            // Its second half did not come.
            Some((of, _)) => _ = tell.piece(&of, "\u{fffd}"),
            None => {}
        }
        text.extend_from_slice(piece);
        if text.last().is_some_and(|unit| (0xd800..0xdc00).contains(unit)) {
            *half = text.pop().map(|unit| (what.to_owned(), unit));
        }
        if !text.is_empty() {
            tell.piece(what, &String::from_utf16_lossy(&text));
        }
    }

    fn tell(&self, what: i64, id: i64, json: &str) {
        let mut told = held(&self.told);
        let is_first = told.is_empty();
        // Writing to a text can't fail.
        _ = write!(told, "{}{what},{id},{json}", if is_first { '[' } else { ',' });
        drop(told);
        if is_first {
            // It fails where JavaScript has ended: then the engine is being closed.
            _ = self.wake.call((), NonBlocking);
        }
    }
}

/// A function of the host's: the one with this number.
pub(crate) struct Called {
    pub(crate) part: i64,
    pub(crate) bridge: Arc<Bridge>,
}

#[async_trait]
impl Function for Called {
    async fn call(&self, call: Invocation) -> Result<String> {
        let bridge = &self.bridge;
        let (id, (done, came)) = (bridge.last.fetch_add(1, Relaxed), oneshot::channel());
        held(&bridge.working).insert(id, Working { done, tell: call.tell, half: None });
        let _wanted = Wanted { id, bridge };
        bridge.tell(self.part, id, &call.input);
        came.await.unwrap_or_else(|_| Err(Error::new(Kind::Internal, "call host", "a call was lost")))
    }
}

/// Stops a function's work when nobody wants its result any more.
struct Wanted<'a> {
    id: i64,
    bridge: &'a Bridge,
}

impl Drop for Wanted<'_> {
    fn drop(&mut self) {
        let working = held(&self.bridge.working).remove(&self.id);
        if working.is_some() {
            self.bridge.tell(ABORTED, self.id, "null");
        }
    }
}

fn held<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
