//! What the stories share: functions of a host's, written in Rust, and an engine with them.

#![allow(dead_code, reason = "each story uses its part")]

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use cowork_ffi::{Error, Function, Handle, Invocation, Kind, Parts, Result, async_trait};
use serde_json::{Value, json};
use tokio::sync::Notify;

/// A function made of a closure that answers at once.
pub(crate) struct Does<F>(pub(crate) F);

#[async_trait]
impl<F: Fn(Value, &Invocation) -> Result<String> + Send + Sync + 'static> Function for Does<F> {
    async fn call(&self, call: Invocation) -> Result<String> {
        let input = serde_json::from_str(&call.input).unwrap();
        (self.0)(input, &call)
    }
}

/// Makes a function of a closure over its input.
pub(crate) fn does(act: impl Fn(Value) -> Result<Value> + Send + Sync + 'static) -> Arc<dyn Function> {
    Arc::new(Does(move |input: Value, _: &Invocation| act(input).map(|given| given.to_string())))
}

/// Makes a function that gives this text, whatever that is.
pub(crate) fn gives(text: &str) -> Arc<dyn Function> {
    let text = text.to_owned();
    Arc::new(Does(move |_: Value, _: &Invocation| Ok(text.clone())))
}

/// A tool that echoes its arguments.
pub(crate) fn echo() -> Arc<dyn Function> {
    does(|input| Ok(json!({ "value": input["args"] })))
}

/// A function that never answers, and counts how often it began and how often it was dropped.
#[derive(Default)]
pub(crate) struct Hangs {
    pub(crate) began: Notify,
    pub(crate) dropped: Arc<Notify>,
    pub(crate) count: AtomicUsize,
}

/// Tells when it is dropped.
pub(crate) struct Guard(pub(crate) Arc<Notify>);

/// Another function, of which is told when nobody holds it any more.
pub(crate) struct Held(pub(crate) Arc<dyn Function>, pub(crate) Guard);

#[async_trait]
impl Function for Held {
    async fn call(&self, call: Invocation) -> Result<String> {
        self.0.call(call).await
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        self.0.notify_one();
    }
}

#[async_trait]
impl Function for Hangs {
    async fn call(&self, _: Invocation) -> Result<String> {
        let _guard = Guard(self.dropped.clone());
        self.count.fetch_add(1, Ordering::SeqCst);
        self.began.notify_one();
        std::future::pending().await
    }
}

/// A planner that makes these calls, one turn each, then gives the outcome of the last as its data.
pub(crate) fn calls(all: &[(&str, Value)]) -> Arc<dyn Function> {
    let all: Vec<(String, Value)> = all.iter().map(|(tool, args)| ((*tool).to_owned(), args.clone())).collect();
    does(move |view| {
        let turns = view["task"]["turns"].as_array().unwrap();
        Ok(match all.get(turns.len()) {
            Some((tool, args)) => json!({ "calls": [{ "tool": tool, "args": args }] }),
            None => {
                let data: Vec<Value> = turns.iter().map(|turn| turn["calls"][0]["outcome"].clone()).collect();
                json!({ "finish": { "end": "done", "summary": "Done.", "data": data } })
            }
        })
    })
}

/// Describes a tool that changes nothing and takes anything.
pub(crate) fn looks(name: &str) -> String {
    json!({ "name": name, "about": "Is a test's.", "schema": { "type": "object" }, "effects": "read_only" }).to_string()
}

/// Describes a planner.
pub(crate) fn planner(name: &str) -> String {
    json!({ "name": name }).to_string()
}

/// Opens an engine in memory with these parts.
pub(crate) fn open(parts: Parts) -> Arc<Handle> {
    Handle::open(r#"{"tools":"none"}"#, parts).unwrap()
}

/// Carries out an operation.
pub(crate) async fn call(handle: &Handle, operation: &str, args: Value) -> Result<Value> {
    let given = handle.call(operation, args.to_string()).await?;
    Ok(serde_json::from_str(&given).unwrap())
}

/// Submits a task and waits until it has ended or rests.
pub(crate) async fn settled(handle: &Handle, task: Value) -> Value {
    let id = call(handle, "submit", task).await.unwrap();
    call(handle, "settled", json!({ "task": id })).await.unwrap()
}

/// Makes an error of the host's.
pub(crate) fn wrong(message: &str) -> Error {
    Error::new(Kind::Unavailable, "test", message)
}
