//! The Messages API: the suite of models, and what services do that their documents do not say.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test that can't go on says so by panicking"
)]
#![cfg(feature = "anthropic")]

mod beside;
mod cached;
mod cassettes;
mod deviations;
mod faults;
mod reading;
#[path = "../service/mod.rs"]
mod service;
mod writing;

use std::sync::{Arc, Mutex};

use cowork_core::{
    Block, CancellationToken, Effort, Error, Head, Kind, Message, Messages, Model, ModelAnswer, ModelCall,
    ModelRequest, Result, Retry, Role, Said, Stop, ToolSpec, Usage,
};
use cowork_models::{
    Endpoint, Limits, Secret, Transport,
    anthropic::{self, Anthropic},
};
use cowork_testkit::model::Subject;
use serde_json::{Value, json};
use service::{Answer, End, Service};

fn model_of(service: &Service, model: &str) -> Anthropic {
    let key = Some(Secret::new("sk-ant-test", "ANTHROPIC_API_KEY"));
    let endpoint = Endpoint { base: service.base.clone(), ..anthropic::endpoint(key) };
    Anthropic::new(Transport::new(endpoint, Limits::default()).unwrap(), model)
}

fn look() -> ToolSpec {
    ToolSpec { name: "look".into(), about: "Looks.".into(), schema: json!({ "type": "object" }) }
}

fn request(messages: Vec<Message>) -> ModelRequest {
    let head = Arc::new(Head { system: "Be kind.".into(), tools: vec![look()].into(), ..Head::default() });
    let messages = messages.into_iter().map(Arc::new).collect();
    ModelRequest { head, messages, most_tokens: 1_000, ..ModelRequest::default() }
}

fn hello() -> ModelRequest {
    request(vec![Message::user("hello")])
}

/// Writes events as the service does: each with its type as its name.
fn events(all: &[Value]) -> String {
    let one = |event: &Value| format!("event: {}\ndata: {event}\n\n", event["type"].as_str().unwrap_or_default());
    all.iter().map(one).collect()
}

fn start() -> Value {
    json!({ "type": "message_start", "message": { "id": "msg_1", "model": "claude-sonnet-5-5", "role": "assistant", "content": [],
        "usage": { "input_tokens": 20, "cache_creation_input_tokens": 7, "cache_read_input_tokens": 11, "output_tokens": 1 } } })
}

fn begin(index: u64, block: &Value) -> Value {
    json!({ "type": "content_block_start", "index": index, "content_block": block })
}

fn delta(index: u64, delta: &Value) -> Value {
    json!({ "type": "content_block_delta", "index": index, "delta": delta })
}

fn stop(index: u64) -> Value {
    json!({ "type": "content_block_stop", "index": index })
}

fn end(reason: &str) -> [Value; 2] {
    let delta = json!({ "stop_reason": reason, "stop_sequence": null });
    [
        json!({ "type": "message_delta", "delta": delta, "usage": { "output_tokens": 9 } }),
        json!({ "type": "message_stop" }),
    ]
}

fn text(index: u64, said: &str) -> [Value; 3] {
    let part = json!({ "type": "text_delta", "text": said });
    [begin(index, &json!({ "type": "text", "text": "" })), delta(index, &part), stop(index)]
}

fn call(index: u64, id: &str, parts: &[&str]) -> Vec<Value> {
    let block = json!({ "type": "tool_use", "id": id, "name": "look", "input": {} });
    let parts = parts.iter().map(|part| delta(index, &json!({ "type": "input_json_delta", "partial_json": part })));
    [begin(index, &block)].into_iter().chain(parts).chain([stop(index)]).collect()
}

/// Puts an answer together that begins and ends as it should.
fn stream(blocks: impl IntoIterator<Item = Value>, reason: &str) -> String {
    let all: Vec<Value> = [start()].into_iter().chain(blocks).chain(end(reason)).collect();
    events(&all)
}

async fn ask(model: &Anthropic, request: ModelRequest) -> Result<ModelAnswer> {
    model.answer(request, Box::new(|_| {}), CancellationToken::new()).await
}

/// Gives what becomes of an answer that comes so.
async fn read(answer: Answer) -> Result<ModelAnswer> {
    let service = Service::always(answer);
    ask(&model_of(&service, "claude-sonnet-5-5"), hello()).await
}

async fn read_events(body: impl Into<Vec<u8>>) -> Result<ModelAnswer> {
    read(Answer::events(body)).await
}

/// Gives the request that is sent for this one.
async fn sent(model: &str, request: ModelRequest) -> Value {
    let service = Service::always(Answer::events(stream(text(0, "ok"), "end_turn")));
    ask(&model_of(&service, model), request).await.unwrap();
    service.asked()[0].json()
}

fn only_call(answer: &ModelAnswer) -> &ModelCall {
    let calls: Vec<&ModelCall> = answer.calls().collect();
    assert_eq!((calls.len(), answer.stop), (1, Stop::Calls), "{answer:?}");
    calls[0]
}

fn opaque(json: &str) -> Block {
    Block::Opaque { dialect: "anthropic".into(), json: json.into() }
}

mod suite {
    use super::*;

    async fn subject() -> Subject {
        let service = Service::new(|asked| match asked.json()["messages"][0]["content"][0]["text"].as_str().unwrap() {
            "call" => {
                let calls = [call(1, "toolu_1", &["{\"at\"", ": 1}"]), call(2, "toolu_2", &["{\"at\": 2}"])].concat();
                Answer::events(stream(text(0, "I will \u{e9}\n look.").into_iter().chain(calls), "tool_use"))
                    .cut_at([30, 31, 500, 777])
            }
            "endless" => Answer::events(events(&[&[start()][..], &text(0, "Once upon")].concat())).ending(End::Never),
            "cut off" => {
                let part = json!({ "type": "input_json_delta", "partial_json": "{\"at\"" });
                let block = json!({ "type": "tool_use", "id": "toolu_1", "name": "look", "input": {} });
                Answer::events(events(&[start(), begin(0, &block), delta(0, &part)])).ending(End::Cut)
            }
            "overloaded" => {
                let error =
                    json!({ "type": "error", "error": { "type": "overloaded_error", "message": "Overloaded" } });
                Answer::json(529, &error)
            }
            said => Answer::events(stream(text(0, &format!("You said {said} \"so\".")), "end_turn")),
        });
        let counted = service.clone();
        Subject {
            model: Arc::new(model_of(&service, "claude-sonnet-5-5")),
            reached: Box::new(move || counted.reached()),
            talk: request(vec![Message::user("talk")]),
            call: request(vec![Message::user("call")]),
            endless: request(vec![Message::user("endless")]),
            cut_off: request(vec![Message::user("cut off")]),
            overloaded: request(vec![Message::user("overloaded")]),
            keep: Box::new(()),
        }
    }
    cowork_testkit::model::suite!(subject);
}
