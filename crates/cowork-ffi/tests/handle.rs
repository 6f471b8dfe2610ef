//! An engine in a host's hand: opened, called, read from, closed.

#![allow(clippy::unwrap_used, reason = "a test stops at what should not be")]

mod support;

use std::sync::Arc;

use cowork_ffi::{Events, Handle, Kind, Parts};
use futures_util::FutureExt;
use serde_json::{Value, json};
use support::{Guard, Hangs, Held, call, calls, does, echo, looks, open, planner, settled};

/// Gives what a stream still has, one by one.
async fn rest(events: &Events) -> Vec<Value> {
    let mut all = Vec::new();
    while let Some(item) = events.next().await.unwrap() {
        all.push(serde_json::from_str(&item).unwrap());
    }
    all
}

fn kinds(items: &[Value]) -> Vec<&str> {
    let records = items.iter().filter(|item| item["item"] == "record");
    records.map(|item| item["event"]["type"].as_str().unwrap()).collect()
}

fn one_call() -> Parts {
    Parts::new().tool(looks("it"), echo()).planner(planner("p"), calls(&[("it", json!({ "n": 1 }))]))
}

#[tokio::test]
async fn a_task_on_a_folder_is_done_by_a_playbook_and_given_back() {
    let (data, desk) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    std::fs::write(desk.path().join("photo.jpg"), "not really").unwrap();
    let config = json!({ "data_dir": data.path(), "home_dir": "/nowhere" });
    let handle = Handle::open(&config.to_string(), Parts::new()).unwrap();
    let task = json!({ "text": "Organise these files by type", "folders": [desk.path()], "mode": "auto" });
    let task = settled(&handle, task).await;
    assert_eq!(task["status"], "done", "{task}");
    assert!(desk.path().join("Images/photo.jpg").exists());
    let id = &task["id"];
    let changes = call(&handle, "changes", json!({ "task": id })).await.unwrap();
    assert!(changes.to_string().contains("Images/photo.jpg"));
    let preview = call(&handle, "preview_undo", json!({ "task": id })).await.unwrap();
    assert!(preview["undone"].as_u64().unwrap() > 0 && desk.path().join("Images/photo.jpg").exists());
    let report = call(&handle, "undo", json!({ "task": id })).await.unwrap();
    assert_eq!((&report["undone"], report.get("left")), (&preview["undone"], None));
    assert!(desk.path().join("photo.jpg").exists() && !desk.path().join("Images").exists());
    let again = call(&handle, "undo", json!({ "task": id })).await.unwrap_err();
    assert!(again.message.contains("undone already"), "{again}");
    let tools = call(&handle, "tools", json!({})).await.unwrap();
    assert!(tools.as_array().unwrap().iter().any(|tool| tool["name"] == "shell"));
    handle.close().await.unwrap();
}

#[tokio::test]
async fn without_a_data_folder_no_task_gets_a_folder() {
    let desk = tempfile::tempdir().unwrap();
    let handle = Handle::open("{}", Parts::new()).unwrap();
    let refused = call(&handle, "submit", json!({ "text": "x", "folders": [desk.path()] })).await.unwrap_err();
    assert_eq!((refused.kind, refused.fix()), (Kind::Unsupported, Some("open it with a `data_dir`")));
    let disk = Handle::open(r#"{"store":"disk"}"#, Parts::new()).unwrap_err();
    assert_eq!(disk.kind, Kind::InvalidInput);
}

#[test]
fn a_config_that_does_not_fit_is_refused_with_its_place() {
    let wrong = |config: Value| Handle::open(&config.to_string(), Parts::new()).unwrap_err().message;
    assert!(wrong(json!({ "data": "x" })).starts_with("the config does not fit: unknown field `data`"));
    assert!(wrong(json!({ "limits": { "tasks": "many" } })).ends_with("at /limits/tasks"));
    assert!(
        wrong(json!({ "model_settings": { "m": { "service": "anthropic", "model": "x", "key": "sk-1" } } }))
            .contains("where the key is, never the key itself")
    );
    assert!(wrong(json!({ "model": "sonnet" })).contains("there is no model `sonnet`"));
    assert!(wrong(json!({ "planner": "model" })).contains("there is none"));
    assert!(wrong(json!({ "planner": "typo" })).contains("there is no planner `typo`"));
    assert!(wrong(json!({ "data_dir": "" })).contains("has no name"));
    assert!(
        wrong(json!({ "credentials": { "c": { "bearer": "a", "header": "b" } } }))
            .contains("neither a token nor a header")
    );
    assert!(wrong(json!({ "limits": { "tasks": 0 } })).contains("a limit of none at all"));
    let shown =
        format!("{:?}", serde_json::from_value::<cowork_ffi::Config>(json!({ "secrets": { "K": "hush" } })).unwrap());
    assert!(shown.contains("[secret]") && !shown.contains("hush"), "{shown}");
}

#[tokio::test]
async fn a_model_that_was_set_is_chosen_and_its_key_comes_from_the_secrets() {
    let model = json!({ "service": "anthropic", "model": "claude-x", "base": "http://127.0.0.1:9", "key": "env:OURS", "thinking": "low" });
    let config = json!({ "model_settings": { "own": model }, "secrets": { "OURS": "k" }, "builtin_tools": "none", "limits": { "tries": 1 } });
    let handle = Handle::open(&config.to_string(), Parts::new()).unwrap();
    let id = call(&handle, "submit", json!({ "text": "x" })).await.unwrap();
    let task = call(&handle, "task", json!({ "task": id })).await.unwrap();
    assert_eq!(task["submit"]["planner"], json!({ "name": "model", "model": "own", "effort": "low" }));
    let other = call(&handle, "submit", json!({ "text": "x", "model": "other" })).await.unwrap_err();
    assert_eq!((other.kind, other.fix()), (Kind::InvalidInput, Some("there are: own")));
}

#[tokio::test]
async fn what_is_called_by_a_wrong_name_or_with_wrong_words_is_refused() {
    let handle = open(Parts::new());
    let refused = |operation: &'static str, args: &'static str| {
        let handle = handle.clone();
        async move { handle.call(operation, args.to_owned()).await.unwrap_err() }
    };
    let unknown = refused("fly", "{}").await;
    assert!(unknown.kind == Kind::NotFound && unknown.fix().unwrap().contains("submit"));
    assert!(refused("submit", "{}").await.message.contains("missing field `text`"));
    assert!(refused("submit", r#"{"text":"x","txt":1}"#).await.message.contains("unknown field `txt`"));
    assert!(refused("tasks", "[]").await.message.contains("not an object"));
    assert!(refused("task", r#"{"task":"x"}"#).await.message.starts_with("what `task` is called with does not fit"));
    let nobody = "0193f0a2-7b7c-7000-8000-000000000001";
    let missing = call(&handle, "steer", json!({ "task": nobody, "text": "go" })).await.unwrap_err();
    assert_eq!(missing.kind, Kind::NotFound);
}

#[tokio::test]
async fn a_stream_ends_with_its_task_and_one_of_the_thread_goes_on() {
    let handle = open(one_call());
    let thread = handle.events("{}".to_owned()).await.unwrap();
    let id = call(&handle, "submit", json!({ "text": "one" })).await.unwrap();
    let task = handle.events(json!({ "task": id }).to_string()).await.unwrap();
    let seen = rest(&task).await;
    let wanted = ["commanded", "task_started", "decided", "call_started", "call_finished", "decided", "task_finished"];
    assert_eq!(kinds(&seen), wanted);
    assert!(seen.iter().all(|item| item["task"] == id));
    assert_eq!(task.next().await.unwrap(), None, "the end stays the end");
    let after = seen[2]["seq"].as_u64().unwrap();
    let later = handle.events(json!({ "task": id, "after": after }).to_string()).await.unwrap();
    assert_eq!(kinds(&rest(&later).await), wanted[3..]);
    let all = handle.events(json!({ "task": id, "after": seen[6]["seq"] }).to_string()).await.unwrap();
    assert_eq!(all.next().now_or_never().unwrap().unwrap(), None, "there is nothing to wait for");
    let other = settled(&handle, json!({ "text": "two" })).await;
    handle.close().await.unwrap();
    let items = rest(&thread).await;
    assert_eq!(items[0]["event"]["type"], "thread_opened");
    assert!(items.iter().any(|item| item["task"] == other["id"]));
}

#[tokio::test]
async fn what_is_there_comes_at_once() {
    let handle = open(one_call());
    let task = settled(&handle, json!({ "text": "one" })).await;
    let events = handle.events(json!({ "task": task["id"] }).to_string()).await.unwrap();
    let (mut all, mut crossings) = (Vec::new(), 0);
    while let Some(items) = events.next_many(5).await.unwrap() {
        let items: Vec<Value> = serde_json::from_str(&items).unwrap();
        assert!((1..=5).contains(&items.len()));
        all.extend(items);
        crossings += 1;
    }
    assert_eq!((kinds(&all).len(), crossings), (7, 2), "{all:?}");
}

#[tokio::test]
async fn a_reader_that_stops_reading_holds_up_nobody_and_misses_no_record() {
    let many = does(|view| {
        let turns = view["task"]["turns"].as_array().unwrap().len();
        Ok(if turns < 400 {
            json!({ "calls": [{ "tool": "it", "args": {} }] })
        } else {
            json!({ "finish": { "end": "done", "summary": "x" } })
        })
    });
    let handle = open(Parts::new().tool(looks("it"), echo()).planner(planner("p"), many));
    let events = handle.events("{}".to_owned()).await.unwrap();
    let first = events.next().now_or_never();
    assert!(first.is_none(), "nothing happened yet");
    let task = settled(&handle, json!({ "text": "many" })).await;
    assert_eq!(task["status"], "done");
    handle.close().await.unwrap();
    let records: Vec<u64> = rest(&events).await.iter().filter_map(|item| item["seq"].as_u64()).collect();
    assert_eq!(records, (1..=records.len() as u64).collect::<Vec<_>>());
    assert_eq!(records.len() as u64, task["head"].as_u64().unwrap());
}

#[tokio::test]
async fn closing_ends_what_is_under_way_and_what_comes_and_drops_the_hosts_functions() {
    let (hangs, gone) = (Arc::new(Hangs::default()), Arc::new(tokio::sync::Notify::new()));
    let held = Arc::new(Held(hangs.clone(), Guard(gone.clone())));
    let parts = Parts::new().tool(looks("it"), held).planner(planner("p"), calls(&[("it", json!({}))]));
    let handle = open(parts);
    let id = call(&handle, "submit", json!({ "text": "hang" })).await.unwrap();
    hangs.began.notified().await;
    let waiting = {
        let handle = handle.clone();
        let id = id.clone();
        tokio::spawn(async move { call(&handle, "settled", json!({ "task": id })).await })
    };
    let events = handle.events(json!({ "task": id }).to_string()).await.unwrap();
    let (one, two) = tokio::join!(handle.close(), handle.close());
    assert!(one.is_ok() && two.is_ok() && handle.close().await.is_ok());
    // It ended with this, or had ended just before.
    let ended = waiting.await.unwrap();
    assert!(ended.as_ref().map_or_else(|e| e.kind == Kind::Cancelled, |task| task["status"] == "stopped"), "{ended:?}");
    let later = call(&handle, "tasks", json!({})).await.unwrap_err();
    assert_eq!((later.kind, later.fact("state")), (Kind::Cancelled, Some("closed")));
    assert_eq!(handle.events("{}".to_owned()).await.unwrap_err().kind, Kind::Cancelled);
    assert_eq!(kinds(&rest(&events).await).last(), Some(&"task_stopped"));
    // The handle is still there, and nobody holds the host's function any more.
    gone.notified().await;
    assert!(handle.is_closed());
}

#[tokio::test]
async fn an_engine_that_is_let_go_of_puts_its_tasks_down() {
    let data = tempfile::tempdir().unwrap();
    let config = json!({ "data_dir": data.path(), "builtin_tools": "none" }).to_string();
    let hangs = Arc::new(Hangs::default());
    let parts = Parts::new().tool(looks("it"), hangs.clone()).planner(planner("p"), calls(&[("it", json!({}))]));
    let handle = Handle::open(&config, parts).unwrap();
    let id = call(&handle, "submit", json!({ "text": "hang" })).await.unwrap();
    hangs.began.notified().await;
    drop(handle);
    hangs.dropped.notified().await;
    // Another engine takes it up as soon as it was put down.
    let handle = Handle::open(
        &config,
        Parts::new().tool(looks("it"), echo()).planner(planner("p"), calls(&[("it", json!({}))])),
    )
    .unwrap();
    let task = call(&handle, "settled", json!({ "task": id })).await.unwrap();
    assert_eq!(task["status"], "done", "{task}");
}

#[test]
fn calls_need_no_runtime_of_the_callers() {
    let handle = open(one_call());
    // An executor that knows nothing of tokio.
    let task = cowork_testkit::block_on(settled(&handle, json!({ "text": "one" })));
    assert_eq!(task["status"], "done");
    let events = cowork_testkit::block_on(handle.events(json!({ "task": task["id"] }).to_string())).unwrap();
    assert_eq!(kinds(&cowork_testkit::block_on(rest(&events))).len(), 7);
    cowork_testkit::block_on(handle.close()).unwrap();
}

#[tokio::test]
async fn a_call_that_is_dropped_leaves_the_rest_as_it_was() {
    let hangs = Arc::new(Hangs::default());
    let parts = Parts::new().tool(looks("it"), hangs.clone()).planner(planner("p"), calls(&[("it", json!({}))]));
    let handle = open(parts);
    let id = call(&handle, "submit", json!({ "text": "hang" })).await.unwrap();
    hangs.began.notified().await;
    assert!(call(&handle, "settled", json!({ "task": id })).now_or_never().is_none());
    call(&handle, "cancel", json!({ "task": id })).await.unwrap();
    let task = call(&handle, "settled", json!({ "task": id })).await.unwrap();
    assert_eq!(task["status"], "cancelled");
}

#[test]
fn threads_and_notes_are_by_name() {
    let handle = open(Parts::new());
    cowork_testkit::block_on(async {
        let work = call(&handle, "open", json!({ "thread": "work" })).await.unwrap();
        assert_eq!(call(&handle, "threads", json!({})).await.unwrap(), json!([{ "thread": work, "title": "work" }]));
        call(&handle, "note", json!({ "thread": "work", "name": "tea", "text": "green" })).await.unwrap();
        let notes = call(&handle, "notes", json!({ "thread": work })).await.unwrap();
        assert_eq!((&notes[0]["name"], &notes[0]["text"]), (&json!("tea"), &json!("green")));
        let findings = call(&handle, "check", json!({})).await.unwrap();
        assert!(findings.as_array().unwrap().iter().all(|finding| finding["ok"] == true), "{findings}");
    });
}
