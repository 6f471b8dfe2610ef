//! Tools, models, planners and approvers that a host wrote.

#![allow(clippy::unwrap_used, reason = "a test stops at what should not be")]

mod support;

use std::sync::{Arc, Mutex};

use cowork_ffi::{Canonical, Error, Handle, Kind, Parts};
use serde_json::{Value, json};
use support::{Does, Hangs, call, calls, does, echo, gives, looks, open, planner, settled, wrong};

/// Runs one call of a tool `it`, and gives its outcome.
async fn outcome(declaration: Value, function: Arc<dyn cowork_ffi::Function>, args: Value) -> Value {
    let parts = Parts::new().tool(declaration.to_string(), function).planner(planner("p"), calls(&[("it", args)]));
    let handle = open(parts);
    let task = settled(&handle, json!({ "text": "use it" })).await;
    handle.close().await.unwrap();
    task["result"]["data"][0].clone()
}

fn it() -> Value {
    serde_json::from_str(&looks("it")).unwrap()
}

#[tokio::test]
async fn a_tool_gets_its_arguments_and_gives_any_value() {
    let args = json!({ "n": u64::MAX, "f": 0.1, "text": "😀 é \u{0}", "deep": [[{ "a": null }]] });
    let given = outcome(it(), echo(), args.clone()).await;
    assert_eq!(given, json!({ "end": "done", "value": args }));
    let noted = does(|input| {
        Ok(json!({ "value": input["attempt"], "note": "once", "label": { "i": "trusted", "c": "public" } }))
    });
    assert_eq!(outcome(it(), noted, json!({})).await, json!({ "end": "done", "value": 1, "note": "once" }));
}

#[tokio::test]
async fn a_long_text_comes_through_and_one_that_is_too_long_is_refused() {
    let long = |bytes: usize| does(move |_| Ok(json!({ "value": "é".repeat(bytes / 2) })));
    let given = outcome(it(), long(10 << 20), json!({})).await;
    assert_eq!(given["value"].as_str().map(str::len), Some(10 << 20));
    let failed = outcome(it(), long(33 << 20), json!({})).await;
    assert_eq!(failed["error"]["kind"], "invalid_input", "{failed}");
    assert!(failed["error"]["message"].as_str().unwrap().contains("bytes long"));
}

#[tokio::test]
async fn what_a_tool_gives_that_is_not_fit_fails_its_call_and_nothing_else() {
    let table = [
        ("no json", "is not JSON"),
        ("{\"value\":NaN}", "NaN"),
        ("{\"value\":18446744073709551616}", "no integer of 64 bits"),
        ("{\"value\":\"\\ud800\"}", "half of a character"),
        ("{\"valu\":1}", "unknown field `valu`"),
        ("", "is not JSON"),
    ];
    for (given, why) in table {
        let failed = outcome(it(), gives(given), json!({})).await;
        assert_eq!((&failed["end"], &failed["error"]["kind"]), (&json!("failed"), &json!("invalid_input")), "{failed}");
        let message = failed["error"]["message"].as_str().unwrap();
        assert!(message.starts_with("the result of the tool `it` ") && message.contains(why), "{message}");
    }
}

#[tokio::test]
async fn an_error_of_the_hosts_keeps_its_kind_and_its_facts_and_a_panic_is_a_fault() {
    let typed = does(|_| Err(wrong("the printer is out of paper").with("tray", "2")));
    let failed = outcome(it(), typed, json!({})).await;
    let wanted = json!({ "kind": "unavailable", "op": "test", "message": "the printer is out of paper", "context": [["tray", "2"]] });
    assert_eq!(failed["error"], wanted);
    let back: Error = cowork_ffi::error_of(&failed["error"].to_string());
    assert_eq!((back.kind, back.fact("tray")), (Kind::Unavailable, Some("2")));
    let halved = cowork_ffi::error_of(r#"{"kind":"busy","op":"x","message":"a\ud800b"}"#);
    assert_eq!((halved.kind, halved.message.as_str()), (Kind::Busy, "a\u{fffd}b"));
    let odd = cowork_ffi::error_of(r#"{"kind":"busy","op":"x","message":"no","retry":"soon"}"#);
    assert_eq!((odd.kind, odd.message.as_str()), (Kind::Internal, "no"));
    assert_eq!(cowork_ffi::error_of("no").message, "no");
    let thrown = does(|_| Err(cowork_ffi::thrown("ValueError", "no such thing")));
    let failed = outcome(it(), thrown, json!({})).await;
    assert_eq!(
        (&failed["error"]["kind"], &failed["error"]["context"]),
        (&json!("internal"), &json!([["type", "ValueError"]]))
    );
    assert_eq!(failed["error"]["message"], "ValueError: no such thing");
    for (name, text, said) in
        [("Error", "no", "no"), ("Exception", "no", "no"), ("string", "no", "no"), ("KeyError", " ", "KeyError")]
    {
        assert_eq!(cowork_ffi::thrown(name, text).message, said);
    }
    let failed = outcome(it(), does(|_| panic!("planned")), json!({})).await;
    assert_eq!(failed["error"]["message"], "it panicked");
}

#[tokio::test]
async fn what_a_tool_does_not_say_is_asked_about_and_what_it_says_is_shown() {
    let unknown = json!({ "name": "it", "about": "x", "schema": { "type": "object" }, "title": "send {what} to {to}" });
    let parts = Parts::new()
        .tool(unknown.to_string(), echo())
        .planner(planner("p"), calls(&[("it", json!({ "what": "a\nletter", "to": "Ann" }))]));
    let handle = open(parts);
    let task = settled(&handle, json!({ "text": "send", "mode": "auto" })).await;
    assert_eq!(task["status"], "waiting");
    let asks = call(&handle, "asks", json!({ "task": task["id"] })).await.unwrap();
    assert_eq!(
        (&asks[0]["rule"], &asks[0]["effects"]["preview"]["title"]),
        (&json!("unknown-effects"), &json!("send a letter to Ann"))
    );
    let (id, hash) = (&asks[0]["call"]["id"], &asks[0]["args_hash"]);
    call(&handle, "answer", json!({ "task": task["id"], "call": id, "args_hash": hash, "answer": "allow" }))
        .await
        .unwrap();
    let task = call(&handle, "settled", json!({ "task": task["id"] })).await.unwrap();
    assert_eq!((&task["status"], &task["turns"][0]["calls"][0]["stage"]), (&json!("done"), &json!("finished")));
}

#[tokio::test]
async fn a_change_is_asked_about_in_every_mode_and_not_repeated_and_its_files_are_granted_ones() {
    let tool = |effects: &str, role: &str| {
        let schema = json!({ "type": "object", "properties": { "path": {} } });
        json!({ "name": "it", "about": "x", "schema": schema, "effects": effects, "roles": { "path": role } })
    };
    for (effects, recovery) in [("changes", "unknown"), ("idempotent", "idempotent")] {
        let parts = Parts::new()
            .tool(tool(effects, "alone").to_string(), echo())
            .planner(planner("p"), calls(&[("it", json!({ "path": "a" }))]));
        let handle = open(parts);
        let task = settled(&handle, json!({ "text": "x", "mode": "auto" })).await;
        let asks = call(&handle, "asks", json!({ "task": task["id"] })).await.unwrap();
        let effects = &asks[0]["effects"];
        assert_eq!((&effects["undoable"], &effects["recovery"]), (&json!(false), &json!(recovery)));
        assert_eq!(effects["locks"], json!([{ "name": "path/a", "alone": true }]));
    }
    let denied = outcome(tool("read_only", "reads"), echo(), json!({ "path": "Elsewhere/a" })).await;
    assert_eq!((&denied["end"], &denied["rule"]), (&json!("denied"), &json!("not-granted")));
    let failed = outcome(tool("read_only", "reads"), echo(), json!({ "path": "../a" })).await;
    assert_eq!(failed["error"]["kind"], "invalid_input");
    let wrong = Handle::open("{}", Parts::new().tool(tool("read_only", "changes").to_string(), echo())).unwrap_err();
    assert!(wrong.message.contains("changes nothing, it says"), "{wrong}");
}

#[tokio::test]
async fn what_is_wrong_with_a_part_is_said_at_once() {
    let refused = |parts: Parts| Handle::open("{}", parts).unwrap_err();
    let declared = |json: Value| refused(Parts::new().tool(json.to_string(), echo()));
    assert!(declared(json!({ "name": "it" })).message.contains("missing field `about`"));
    assert!(
        declared(json!({ "name": "it", "about": "x", "schema": { "type": "array" } }))
            .message
            .contains("not that of an object")
    );
    assert!(
        declared(json!({ "name": "it", "about": "x", "schema": { "type": "object", "required": 3 } }))
            .message
            .contains("no JSON Schema")
    );
    assert_eq!(declared(json!({ "name": "Not a name", "about": "x" })).kind, Kind::InvalidInput);
    let twice = Parts::new().tool(looks("it"), echo()).tool(looks("it"), echo());
    assert_eq!(refused(twice).kind, Kind::Conflict);
    let sum = r#"{"name":"m","window":-1}"#;
    assert!(refused(Parts::new().model(sum, echo())).message.starts_with("the declaration of a model does not fit"));
}

#[tokio::test]
async fn twenty_calls_run_at_once() {
    let gate = Arc::new(tokio::sync::Barrier::new(20));
    struct Meets(Arc<tokio::sync::Barrier>);
    #[cowork_ffi::async_trait]
    impl cowork_ffi::Function for Meets {
        async fn call(&self, _: cowork_ffi::Invocation) -> cowork_ffi::Result<String> {
            // Nobody gets past it before all twenty are here.
            self.0.wait().await;
            Ok(r#"{"value":null}"#.to_owned())
        }
    }
    let many: Vec<Value> = (0..20).map(|n| json!({ "tool": "it", "args": { "n": n } })).collect();
    let plan = does(move |view| {
        let turns = view["task"]["turns"].as_array().unwrap();
        Ok(if turns.is_empty() {
            json!({ "calls": many })
        } else {
            json!({ "finish": { "end": "done", "summary": "All." } })
        })
    });
    let handle = open(Parts::new().tool(looks("it"), Arc::new(Meets(gate))).planner(planner("p"), plan));
    let task = settled(&handle, json!({ "text": "meet" })).await;
    let ended =
        task["turns"][0]["calls"].as_array().unwrap().iter().filter(|call| call["outcome"]["end"] == "done").count();
    assert_eq!((ended, &task["status"]), (20, &json!("done")));
}

#[tokio::test]
async fn a_cancelled_task_drops_the_hosts_work() {
    let hangs = Arc::new(Hangs::default());
    let handle = open(Parts::new().tool(looks("it"), hangs.clone()).planner(planner("p"), calls(&[("it", json!({}))])));
    let task = call(&handle, "submit", json!({ "text": "hang" })).await.unwrap();
    hangs.began.notified().await;
    call(&handle, "cancel", json!({ "task": task })).await.unwrap();
    hangs.dropped.notified().await;
    let task = call(&handle, "settled", json!({ "task": task })).await.unwrap();
    assert_eq!(
        (&task["status"], &task["turns"][0]["calls"][0]["outcome"]["error"]["kind"]),
        (&json!("cancelled"), &json!("cancelled"))
    );
}

#[tokio::test]
async fn a_model_answers_briefly_or_in_full_and_what_it_tells_is_its_text() {
    let asked = Arc::new(Mutex::new(Vec::new()));
    let heard = asked.clone();
    let model = Arc::new(Does(move |request: Value, call: &cowork_ffi::Invocation| {
        let turn = request["messages"].as_array().unwrap().len();
        heard.lock().unwrap().push(request);
        let tell = call.tell.as_ref().unwrap();
        Ok(match turn {
            1 => r#"{"calls":[{"tool":"it","args":{"n":7}}],"usage":{"input":5,"output":2}}"#.to_owned(),
            _ => {
                assert!(tell.text("It is ") && tell.text("seven."));
                "{}".to_owned()
            }
        })
    }));
    let handle = open(Parts::new().tool(looks("it"), echo()).model(r#"{"name":"mine"}"#, model));
    let task = settled(&handle, json!({ "text": "what is it?" })).await;
    assert_eq!((&task["result"]["summary"], &task["spent"]["answers"]), (&json!("It is seven."), &json!(2)), "{task}");
    let second = asked.lock().unwrap()[1].clone();
    let (call, result) = (&second["messages"][1]["blocks"][0], &second["messages"][2]["blocks"][0]);
    assert_eq!(
        (&call["tool"], &call["args"], &call["id"]),
        (&json!("it"), &json!({ "n": 7 }), &result["call"]),
        "{second}"
    );
}

#[tokio::test]
async fn a_planner_that_proposes_what_is_not_fit_fails_its_task_with_the_reason() {
    for (given, why) in [("[]", "does not fit"), ("null", "does not fit"), ("x", "is not JSON")] {
        let handle = open(Parts::new().planner(planner("p"), gives(given)));
        let task = settled(&handle, json!({ "text": "plan" })).await;
        let message = task["result"]["error"]["message"].as_str().unwrap();
        assert!(message.starts_with("the proposal of the planner `p` ") && message.contains(why), "{message}");
    }
}

#[tokio::test]
async fn an_approver_answers_or_leaves_it_open() {
    let asks = json!({ "name": "it", "about": "x", "schema": { "type": "object" }, "effects": "changes" }).to_string();
    for (answer, status) in
        [("\"allow\"", "done"), ("\"deny\"", "done"), ("null", "waiting"), ("\"perhaps\"", "waiting"), ("", "waiting")]
    {
        let told = Arc::new(tokio::sync::Notify::new());
        let (heard, given) = (told.clone(), answer.to_owned());
        let approver = Arc::new(Does(move |ask: Value, _: &cowork_ffi::Invocation| {
            assert_eq!(ask["call"]["tool"], "it");
            heard.notify_one();
            Ok(given.clone())
        }));
        let parts = Parts::new()
            .tool(asks.clone(), echo())
            .planner(planner("p"), calls(&[("it", json!({}))]))
            .approver(approver);
        let handle = open(parts);
        let id = call(&handle, "submit", json!({ "text": "ask" })).await.unwrap();
        told.notified().await;
        if status == "done" {
            let events = handle.events(json!({ "task": id }).to_string()).await.unwrap();
            while events.next().await.unwrap().is_some() {}
        }
        let task = call(&handle, "settled", json!({ "task": id })).await.unwrap();
        assert_eq!(task["status"], status, "{answer}");
        let ended = call(&handle, "finished", json!({ "task": id })).await;
        let why = ended.map_or_else(|error| error.message, |_| String::new());
        let faulty = why.contains("and the approver gave no answer: the answer of the approver");
        assert_eq!(faulty, matches!(answer, "\"perhaps\"" | ""), "{why}");
    }
}

#[tokio::test]
async fn two_runs_are_equal_but_for_names_and_times() {
    let run = || async {
        let parts =
            Parts::new().tool(looks("it"), echo()).planner(planner("p"), calls(&[("it", json!({ "z": 1, "a": 2.5 }))]));
        let handle = open(parts);
        let task = settled(&handle, json!({ "text": "again" })).await;
        let records = handle.call("read", json!({ "task": task["id"] }).to_string()).await.unwrap();
        Canonical::new().text(&records).unwrap()
    };
    let (one, two) = (run().await, run().await);
    assert_eq!(one, two);
    assert!(one.contains("<id-1>") && one.contains(r#""value":{"a":2.5,"z":1}"#), "{one}");
}
