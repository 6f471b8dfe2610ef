//! The model service of a test's own: what it says, how it goes wrong, and what it refuses.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test that can't go on says so by panicking"
)]
#![cfg(feature = "service")]

use std::{
    collections::BTreeSet,
    io::{Read, Write},
    net::{Shutdown, TcpStream},
    panic::{AssertUnwindSafe, catch_unwind},
    time::Duration,
};

use cowork_core::Stop;
use cowork_testkit::{
    MockService,
    service::{Ask, Fault, Part, Quirk, Reply, Validate, chat, messages, responses},
};
use serde_json::{Value, json};

#[path = "service/clients.rs"]
mod clients;
#[path = "service/rules.rs"]
mod rules;

const PATHS: [&str; 3] = ["/v1/messages", "/v1/chat/completions", "/v1/responses"];

/// Gives a request of each format.
fn request(path: &str, text: &str, stream: bool) -> Value {
    let user = json!([{ "role": "user", "content": text }]);
    match path {
        "/v1/messages" => json!({ "model": "mock-1", "max_tokens": 100, "messages": user, "stream": stream }),
        "/v1/responses" => json!({ "model": "mock-1", "input": user, "stream": stream }),
        _ => json!({ "model": "mock-1", "messages": user, "stream": stream }),
    }
}

/// Posts to a service and gives the status and what came, as far as it came.
fn post(service: &MockService, path: &str, body: &Value) -> (u16, String, Vec<u8>) {
    let (mut stream, body) = (TcpStream::connect(service.at()).unwrap(), body.to_string());
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    let head = format!(
        "POST {path} HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\nanthropic-version: 2023-06-01\r\nconnection: close\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    stream.write_all(&[head.as_bytes(), body.as_bytes()].concat()).unwrap();
    let mut all = Vec::new();
    let _ = stream.read_to_end(&mut all);
    let Some(end) = all.windows(4).position(|w| w == b"\r\n\r\n") else { return (0, String::new(), all) };
    let head = String::from_utf8(all[..end].to_vec()).unwrap();
    let body = all[end + 4..].to_vec();
    let body = if head.contains("transfer-encoding: chunked") { unchunked(&body) } else { body };
    (head.split(' ').nth(1).unwrap().parse().unwrap(), head, body)
}

fn unchunked(mut rest: &[u8]) -> Vec<u8> {
    let mut all = Vec::new();
    while let Some(end) = rest.windows(2).position(|w| w == b"\r\n") {
        let size = usize::from_str_radix(std::str::from_utf8(&rest[..end]).unwrap(), 16).unwrap();
        let from = end + 2;
        let to = (from + size).min(rest.len());
        all.extend_from_slice(&rest[from..to]);
        rest = rest.get(to + 2..).unwrap_or_default();
    }
    all
}

fn two_calls() -> Reply {
    Reply::calls("I look.", [("list_folder", json!({ "path": "a" })), ("list_folder", json!({ "path": "b" }))])
}

#[test]
fn each_format_says_the_same_streamed_and_not() {
    let service = MockService::start(|_| two_calls());
    for path in PATHS {
        let (status, _, whole) = post(&service, path, &request(path, "look", false));
        assert_eq!(status, 200);
        let whole: Value = serde_json::from_slice(&whole).unwrap();
        let (_, head, streamed) = post(&service, path, &request(path, "look", true));
        assert!(head.contains("content-type: text/event-stream"), "{head}");
        let streamed = String::from_utf8(streamed).unwrap();
        let events: Vec<Value> =
            streamed.lines().filter_map(|l| serde_json::from_str(l.strip_prefix("data: ")?).ok()).collect();
        assert!(events.len() > 6, "{streamed}");
        for text in ["call_", "toolu_"] {
            assert_eq!(whole.to_string().contains(text), streamed.contains(text), "ids are the same");
        }
        let last = whole["output"].as_array().map(|_| events.last().unwrap()["response"].clone());
        assert!(last.is_none_or(|last| last["output"] == whole["output"]), "{streamed}");
    }
    assert_eq!(service.reached(), 6);
    assert!(service.seen().iter().all(|s| s.answered && s.malformed.is_none()));
}

#[test]
fn wherever_it_splits_what_it_sends_it_says_the_same() {
    for path in PATHS {
        let mut shapes = BTreeSet::new();
        for seed in 0..20 {
            let service = MockService::builder(|_| two_calls()).with_seed(seed).start();
            let (_, _, body) = post(&service, path, &request(path, "look", true));
            assert_eq!(
                said(&String::from_utf8(body.clone()).unwrap()),
                r#"I look.{"path":"a"}{"path":"b"}"#,
                "{path} {seed}"
            );
            shapes.insert(body);
        }
        assert!(shapes.len() > 5, "seeds differ");
    }
}

/// Gives all that the deltas of a stream say.
fn said(stream: &str) -> String {
    let mut said = String::new();
    for event in stream.lines().filter_map(|l| serde_json::from_str::<Value>(l.strip_prefix("data: ")?).ok()) {
        let delta = if event["choices"].is_null() { &event["delta"] } else { &event["choices"][0]["delta"] };
        let places = ["", "/text", "/partial_json", "/content", "/tool_calls/0/function/arguments"];
        said.extend(places.iter().filter_map(|at| delta.pointer(at)?.as_str()));
    }
    said
}

#[test]
fn a_list_goes_by_the_turn_and_a_fault_by_the_attempt() {
    let faults = [Fault::Status { code: 529, retry_after: None }, Fault::Reset];
    let service = MockService::list([Reply::text("one").after(faults)]);
    let ask = request("/v1/messages", "look", false);
    let statuses: Vec<u16> = (0..3).map(|_| post(&service, "/v1/messages", &ask).0).collect();
    assert_eq!(statuses, [529, 0, 200]);
    let other = request("/v1/messages", "another conversation", false);
    assert_eq!(post(&service, "/v1/messages", &other).0, 529, "each conversation for itself");
}

#[test]
fn it_goes_wrong_as_it_is_told() {
    let service = MockService::start(|ask| by_name(&ask.text));
    let ask = |path: &str, text: &str| post(&service, path, &request(path, text, true));
    for path in PATHS {
        let (status, head, body) = ask(path, "429");
        assert_eq!((status, head.contains("retry-after: 7")), (429, true));
        assert!(serde_json::from_slice::<Value>(&body).unwrap()["error"]["message"].is_string());
        let (status, head, body) = ask(path, "html");
        assert!(status == 502 && head.contains("text/html") && body.starts_with(b"<!DOCTYPE"), "{head}");
        assert_eq!(ask(path, "reset").0, 0, "no status, no header");
        assert_eq!(ask(path, "cut").2.len(), 150, "cut after 150 bytes");
        let (_, _, body) = ask(path, "cut in arguments");
        let body = String::from_utf8_lossy(&body).into_owned();
        assert!(body.contains("list_folder") && !body.trim_end().ends_with('}'), "{body}");
        let (_, _, body) = ask(path, "utf8");
        assert!(String::from_utf8(body).is_err());
        let (_, _, body) = ask(path, "error");
        assert!(String::from_utf8(body).unwrap().trim_end().lines().last().unwrap().contains("overloaded_error"));
        assert_eq!(ask(path, "empty").2.len(), 0);
        assert!(ask(path, "type").1.contains("text/plain"));
        let (_, head, body) = ask(path, "whole");
        assert!(head.contains("application/json") && serde_json::from_slice::<Value>(&body).is_ok());
        assert!(ask(path, "huge").2.len() > 3_000_000);
        let half = String::from_utf8(ask(path, "half").2).unwrap();
        assert!(half.contains("max_tokens") || half.contains("length") || half.contains("incomplete"), "{half}");
    }
}

fn by_name(text: &str) -> Reply {
    let fault = match text {
        "429" => Fault::Status { code: 429, retry_after: Some("7".into()) },
        "html" => Fault::Html { code: 502 },
        "reset" => Fault::Reset,
        "cut" => Fault::Cut { after: 150 },
        "cut in arguments" => Fault::CutInArguments,
        "utf8" => Fault::InvalidUtf8,
        "error" => Fault::ErrorInStream { kind: "overloaded_error".into() },
        "empty" => Fault::EmptyBody,
        "type" => Fault::WrongType,
        "whole" => Fault::NotStreamed,
        "huge" => Fault::Huge { bytes: 3_000_000 },
        "half" => Fault::HalfArguments,
        other => panic!("{other}"),
    };
    two_calls().with_fault(fault)
}

#[test]
fn it_stalls_and_goes_on_without_end_until_the_client_hangs_up() {
    for (fault, most) in [(Fault::Stall { after: 100 }, 100), (Fault::Endless, 3_000_000)] {
        let service = MockService::start(move |_| two_calls().with_fault(fault.clone()));
        let body = request("/v1/messages", "look", true).to_string();
        let mut stream = TcpStream::connect(service.at()).unwrap();
        let head =
            "POST /v1/messages HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\nanthropic-version: 1\r\n";
        stream.write_all(format!("{head}content-length: {}\r\n\r\n{body}", body.len()).as_bytes()).unwrap();
        let mut buffer = vec![0; most];
        stream.read_exact(&mut buffer).unwrap();
        assert!(!service.seen()[0].answered);
        assert_eq!(service.connections(), 1);
        stream.shutdown(Shutdown::Both).unwrap();
    }
}

#[test]
fn services_differ_from_the_documents_as_they_are_told() {
    let service = MockService::start(|ask: &Ask| {
        let quirk: Quirk = serde_json::from_value(json!(ask.text)).unwrap();
        two_calls().with_quirk(quirk)
    });
    let chat = |quirk: &str| {
        let (_, _, body) = post(&service, PATHS[1], &request(PATHS[1], quirk, true));
        String::from_utf8(body).unwrap()
    };
    for (quirk, there, gone) in [
        ("no_ids", "tool_calls", "call_"),
        ("finish_stop", r#""finish_reason":"stop""#, r#""finish_reason":"tool_calls""#),
        ("null_finish", "[DONE]", r#""finish_reason":"tool_calls""#),
        ("object_arguments", r#""arguments":{"path":"a"}"#, r#""arguments":"{"#),
        ("no_done", "tool_calls", "[DONE]"),
        ("no_usage", "[DONE]", "prompt_tokens"),
        ("null_error", r#""error":null"#, r#""error":{"#),
        ("nulls", r#""content":null"#, r#""tool_calls":[]"#),
        ("no_calls", r#""tool_calls":[]"#, r#""tool_calls":null"#),
        ("no_index", r#""tool_calls":[{"function""#, r#""index":1"#),
        ("zero_index", r#"},"id":"call_"#, r#""index":1"#),
        ("cr_lf", "\r\n\r\n", "}\n\n"),
        ("no_space", "data:{", "data: {"),
        ("comments", ": still here", "still there"),
        ("null_delta", r#""delta":null"#, r#""delta":[]"#),
    ] {
        let body = chat(quirk);
        assert!(body.contains(there) && !body.contains(gone), "{quirk}: {body}");
    }
}

#[test]
fn whatever_a_turn_is_made_of_has_its_place_in_each_format() {
    let parts = [
        Part::Thinking("Let me see.".into()),
        Part::search("weather", "https://example.com"),
        Part::Cited { text: "It rains.".into(), citations: vec![] },
        Part::Redacted("secret".into()),
        Part::Refusal("I won't.".into()),
    ];
    let service = MockService::start(move |_| Reply::turn(parts.clone()));
    let whole = |path: &str| -> Value {
        serde_json::from_slice(&post(&service, path, &request(path, "look", false)).2).unwrap()
    };
    let kinds = |items: &Value| {
        items.as_array().unwrap().iter().map(|i| i["type"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    let message = whole(PATHS[0]);
    let expected = ["thinking", "server_tool_use", "web_search_tool_result", "text", "redacted_thinking", "text"];
    assert_eq!(kinds(&message["content"]), expected);
    assert_eq!(message["stop_reason"], "refusal");
    assert_eq!(whole(PATHS[1])["choices"][0]["message"]["refusal"], "I won't.");
    let response = whole(PATHS[2]);
    assert_eq!(kinds(&response["output"]), ["reasoning", "web_search_call", "message", "reasoning", "message"]);
    let paused = MockService::start(|_| Reply::text("wait").with_stop(Stop::Paused));
    let (_, _, body) = post(&paused, PATHS[0], &request(PATHS[0], "look", false));
    assert!(String::from_utf8(body).unwrap().contains("pause_turn"));
}

#[test]
fn a_thought_is_bound_to_what_stood_before_it() {
    let service = MockService::start(|_| Reply::turn([Part::Thinking("Hm.".into()), Part::Text("I see.".into())]));
    let mut ask = request(PATHS[0], "look", false);
    ask["model"] = json!("claude-opus-5-5");
    ask["system"] = json!("Be brief.");
    for _ in 0..3 {
        let (status, _, answer) = post(&service, PATHS[0], &ask);
        assert_eq!(status, 200);
        let content = serde_json::from_slice::<Value>(&answer).unwrap()["content"].clone();
        let turns = ask["messages"].as_array_mut().unwrap();
        turns.push(json!({ "role": "assistant", "content": content }));
        turns.push(json!({ "role": "user", "content": [{ "type": "text", "text": "go on", "cache_control": { "type": "ephemeral" } }] }));
    }
    assert_eq!(messages::validate(&ask), Ok(()), "marks for the cache may move");
    let mut compacted = ask.clone();
    compacted["messages"][0]["content"] = json!("What was said: nothing");
    assert!(messages::validate(&compacted).unwrap_err().contains("bound to a different conversation"));
    compacted["thinking"] =
        json!({ "type": "adaptive", "block_binding": { "prefix_mismatch_behavior": "drop_block" } });
    assert_eq!(messages::validate(&compacted), Ok(()));
    assert_eq!(post(&service, PATHS[0], &compacted).0, 400, "that needs its header");
    service.take_malformed();
    ask["system"] = json!("Be kind.");
    assert!(messages::validate(&ask).is_err(), "instructions count");
    ask["model"] = json!("claude-opus-5");
    assert_eq!(messages::validate(&ask), Ok(()), "older models don't bind");
}

#[test]
fn a_malformed_request_is_refused_and_fails_the_test() {
    let service = MockService::start(|_| Reply::text("never"));
    let (status, _, body) = post(&service, "/v1/messages", &json!({ "model": "mock-1", "messages": [] }));
    assert_eq!(status, 400);
    assert!(String::from_utf8(body).unwrap().contains("max_tokens: Field required"));
    let panicked = catch_unwind(AssertUnwindSafe(|| drop(service)));
    assert!(panicked.is_err(), "a malformed request is a fault of the test");

    let service = MockService::start(|_| Reply::text("never"));
    post(&service, "/v1/responses", &json!({ "model": "mock-1", "input": "" }));
    assert_eq!(service.take_malformed().len(), 1, "unless the test takes note of it");
}

#[test]
fn keys_models_and_sizes_are_minded() {
    let service = MockService::builder(|_| Reply::text("hello")).with_key("right").start();
    assert_eq!(post(&service, PATHS[1], &request(PATHS[1], "look", false)).0, 401);
    let service = MockService::builder(|_| Reply::text("hello")).with_models(&["other"]).start();
    assert_eq!(post(&service, PATHS[2], &request(PATHS[2], "look", false)).0, 404);
    let service = MockService::builder(|_| Reply::text("hello")).with_most_bytes(1000).start();
    assert_eq!(post(&service, PATHS[0], &request(PATHS[0], &"long ".repeat(400), false)).0, 413);
    assert!(TcpStream::connect(MockService::refused().trim_start_matches("http://")).is_err());
}

/// The validators, by format.
fn validators() -> [(&'static str, Validate); 3] {
    [("messages", messages::validate), ("chat", chat::validate), ("responses", responses::validate)]
}
