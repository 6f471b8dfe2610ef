//! A task as people look at it, while it goes on.

#![allow(clippy::unwrap_used, reason = "a test stops at what should not be")]

mod support;

use std::sync::Arc;

use cowork_ffi::{Events, Function, Handle, Invocation, Kind, Parts, Result, async_trait};
use serde_json::{Value, json};
use support::{Guard, Hangs, Held, call, calls, echo, looks, open, planner, settled};
use tokio::sync::{Notify, Semaphore};

async fn next(views: &Events) -> Option<Value> {
    views.next().await.unwrap().map(|view| serde_json::from_str(&view).unwrap())
}

async fn rest(views: &Events) -> Vec<Value> {
    let mut all = Vec::new();
    while let Some(view) = next(views).await {
        all.push(view);
    }
    all
}

/// A tool that begins once it is told to, says how far it is, and goes on once it is told to.
struct Halfway {
    begin: Semaphore,
    go_on: Notify,
}

#[async_trait]
impl Function for Halfway {
    async fn call(&self, call: Invocation) -> Result<String> {
        self.begin.acquire().await.unwrap().forget();
        call.tell.unwrap().progress(1, 2, "half of it");
        self.go_on.notified().await;
        Ok(json!({ "value": 7, "note": "seven" }).to_string())
    }
}

fn begin(tool: Arc<dyn Function>) -> Arc<Handle> {
    open(Parts::new().tool(looks("it"), tool).planner(planner("p"), calls(&[("it", json!({})), ("it", json!({}))])))
}

async fn submitted(handle: &Handle) -> Value {
    call(handle, "submit", json!({ "text": "go" })).await.unwrap()
}

#[tokio::test]
async fn a_task_is_seen_at_once_while_it_works_and_in_the_end() {
    let halfway = Arc::new(Halfway { begin: Semaphore::new(0), go_on: Notify::new() });
    let handle = begin(halfway.clone());
    let id = submitted(&handle).await;
    let views = handle.views(json!({ "task": id }).to_string()).await.unwrap();
    let mut all = vec![next(&views).await.unwrap()];
    // What is shown between records is for those who look.
    halfway.begin.add_permits(2);
    let mut halves = 0;
    while let Some(view) = next(&views).await {
        // Each of the two calls goes on once it was seen at work.
        let html = view["html"].as_str().unwrap();
        let is_half = html.contains("width:50%'></u></div><small>half of it</small>");
        if is_half && html.matches("<li ").count() > halves {
            halves += 1;
            halfway.go_on.notify_one();
        }
        all.push(view);
    }
    let last = all.last().unwrap();
    assert_eq!((halves, &last["status"], &last["text"]), (2, &json!("done"), &json!("done: Done.")));
    assert!(all[0]["html"].as_str().unwrap().contains("<b>go</b>"));
    let lines: Vec<&Value> = all.iter().flat_map(|view| view["lines"].as_array().unwrap()).collect();
    assert_eq!(lines, ["✓ it seven", "✓ it seven", "done: Done."], "each thing is told once");
    assert_eq!(next(&views).await, None);
}

#[tokio::test]
async fn a_task_that_has_settled_is_seen_as_it_is() {
    let handle = begin(echo());
    let task = settled(&handle, json!({ "text": "go" })).await;
    let all = rest(&handle.views(json!({ "task": task["id"] }).to_string()).await.unwrap()).await;
    assert_eq!((all.len(), &all[0]["lines"], &all[1]["lines"]), (2, &json!(["✓ it", "✓ it"]), &json!(["done: Done."])));
}

#[tokio::test]
async fn the_last_view_comes_when_a_task_waits_for_an_answer() {
    let asks = json!({ "name": "it", "about": "Is asked about.", "schema": { "type": "object" } }).to_string();
    let handle = open(Parts::new().tool(asks, echo()).planner(planner("p"), calls(&[("it", json!({}))])));
    let id = submitted(&handle).await;
    let all = rest(&handle.views(json!({ "task": id }).to_string()).await.unwrap()).await;
    let last = all.last().unwrap();
    assert_eq!((&last["status"], &last["text"]), (&json!("waiting"), &json!("waiting: It waits for an answer.")));
    assert!(last["html"].as_str().unwrap().contains("waits for an answer"));
}

#[tokio::test]
async fn views_end_with_the_engine_and_hold_nothing_of_the_hosts() {
    let (hangs, gone) = (Arc::new(Hangs::default()), Arc::new(Notify::new()));
    let handle = begin(Arc::new(Held(hangs.clone(), Guard(gone.clone()))));
    let id = submitted(&handle).await;
    hangs.began.notified().await;
    let views = handle.views(json!({ "task": id }).to_string()).await.unwrap();
    assert!(next(&views).await.is_some());
    handle.close().await.unwrap();
    // Though nobody asks it for more.
    gone.notified().await;
    let last = rest(&views).await.pop();
    assert!(last.is_none_or(|view| view["status"] == "stopped"));
    assert_eq!(handle.views(json!({ "task": id }).to_string()).await.unwrap_err().kind, Kind::Cancelled);
}

#[tokio::test]
async fn a_task_that_is_none_has_no_views() {
    let handle = begin(echo());
    for (args, kind) in [
        (json!({ "task": "0193f0a2-7b7c-7000-8000-000000000009" }), Kind::NotFound),
        (json!({}), Kind::InvalidInput),
        (json!({ "task": "x" }), Kind::InvalidInput),
    ] {
        assert_eq!(handle.views(args.to_string()).await.unwrap_err().kind, kind, "{args}");
    }
}
