//! The Cowork SDK for Node: the engine, as `index.js` calls it. Everything crosses as JSON; every call has a number, under which
//! JavaScript is told what came of it.

#![allow(unsafe_code, reason = "napi's macros write it, and nobody else does here")]
#![allow(clippy::needless_pass_by_value, reason = "what comes from JavaScript is given away")]

mod bridge;

use std::{
    collections::HashMap,
    future::Future,
    sync::{Arc, Mutex},
    task::{Context, Poll, Waker},
};

use bridge::{Bridge, Called, held, json_of};
use cowork_ffi::{CancellationToken, Error, Events, Handle, Parts, Result, error_of, thrown};
use napi::bindgen_prelude::Function;
use napi_derive::napi;

/// How many items of a stream cross at once.
const MOST: usize = 100;

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
    handle: Arc<Handle>,
    bridge: Arc<Bridge>,
    streams: Arc<Mutex<HashMap<i64, Stream>>>,
}

/// A stream, and what ends it.
#[derive(Clone)]
struct Stream {
    events: Arc<Events>,
    ended: CancellationToken,
}

#[napi]
impl Engine {
    /// Opens an engine. `hear` is told what there is to do and what came of calls; a part's function is known by the part's number.
    #[napi(constructor)]
    pub fn new(config: String, parts: Vec<Part>, hear: Function<'_, String, ()>) -> napi::Result<Self> {
        let bridge = Bridge::new(&hear)?;
        let (mut all, mut number) = (Parts::new(), 0);
        for Part { kind, declaration } in parts {
            let function = Arc::new(Called { part: number, bridge: bridge.clone() });
            number += 1;
            all = match kind.as_str() {
                "tool" => all.tool(declaration, function),
                "model" => all.model(declaration, function),
                "planner" => all.planner(declaration, function),
                _ => all.approver(function),
            };
        }
        let handle = Handle::open(&config, all).map_err(|e: Error| napi::Error::from_reason(json_of(&e)))?;
        Ok(Self { handle, bridge, streams: Arc::default() })
    }

    /// Carries out an operation.
    #[napi]
    pub fn call(&self, id: i64, operation: String, args: String) {
        let handle = self.handle.clone();
        self.begin(id, async move { handle.call(&operation, args).await });
    }

    /// Begins a stream, which is known by the number of this call. A thread's is there before anything that is called next.
    #[napi]
    pub fn follow(&self, id: i64, args: String) {
        let (handle, streams) = (self.handle.clone(), self.streams.clone());
        let mut opening = Box::pin(async move {
            let events = Arc::new(handle.events(args).await?);
            held(&streams).insert(id, Stream { events, ended: CancellationToken::new() });
            Ok(id.to_string())
        });
        match opening.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(came) => self.bridge.settled(id, &came),
            Poll::Pending => self.begin(id, opening),
        }
    }

    /// Waits for the next items of a stream: a list, or null at its end.
    #[napi]
    pub fn next(&self, id: i64, stream: i64) {
        let stream = held(&self.streams).get(&stream).cloned();
        self.begin(id, async move {
            let Some(Stream { events, ended }) = stream else { return Ok("null".to_owned()) };
            let items = tokio::select! {
                biased;
                () = ended.cancelled() => None,
                items = events.next_many(MOST) => items?,
            };
            Ok(items.unwrap_or_else(|| "null".to_owned()))
        });
    }

    /// Ends a stream.
    #[napi]
    pub fn end(&self, stream: i64) {
        let stream = held(&self.streams).remove(&stream);
        if let Some(stream) = stream {
            stream.ended.cancel();
        }
    }

    /// Closes the engine.
    #[napi]
    pub fn close(&self, id: i64) {
        let handle = self.handle.clone();
        self.begin(id, async move { handle.close().await.map(|()| "null".to_owned()) });
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
    pub fn tell(&self, id: i64, what: String, piece: String) {
        self.bridge.shows(id).map(|tell| match what.as_str() {
            "text" => tell.text(&piece),
            "thinking" => tell.thinking(&piece),
            _ => tell.calling(&piece),
        });
    }

    /// Shows how far a tool is.
    #[napi]
    pub fn progress(&self, id: i64, done: f64, total: f64, note: String) {
        self.bridge.shows(id).map(|tell| tell.progress(done as u64, total as u64, &note));
    }

    fn begin(&self, id: i64, work: impl Future<Output = Result<String>> + Send + 'static) {
        let bridge = self.bridge.clone();
        self.handle.runtime().spawn(async move { bridge.settled(id, &work.await) });
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        // Calls under way hold it too, and nobody is there any more for what comes of them.
        let handle = self.handle.clone();
        self.handle.runtime().spawn(async move { handle.close().await });
    }
}
