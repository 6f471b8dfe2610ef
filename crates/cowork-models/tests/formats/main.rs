//! Each format against a service that answers as services do, and judges what it is sent. What `OpenAI`'s formats are, besides.
#![allow(clippy::unwrap_used, reason = "a test that can't go on says so by panicking")]
#![cfg(all(feature = "anthropic", feature = "openai"))]

use std::sync::{Arc, Mutex};

use cowork_core::{
    Block, CancellationToken, Head, Message, Model, ModelAnswer, ModelCard, ModelRequest, Result, Role, Said, ToolSpec,
};
use cowork_models::{
    Auth, Endpoint, Limits, Secret, Transport,
    anthropic::{self, Anthropic},
    openai::{Chat, Responses, Service, service},
};
use cowork_testkit::MockService;
use serde_json::json;

mod cassettes;
mod damaged;
mod deviations;
mod faults;
mod gateway;
mod suite;
mod written;

/// A model of each kind that is tested: Messages, a row of the table of Chat Completions, or Responses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Messages,
    Chat(&'static str),
    Responses,
}

fn transport(base: &str, key: Secret, limits: Limits) -> Transport {
    let (base, key, key_from) = (format!("{base}/v1"), Some(key), "TEST_KEY".into());
    Transport::new(Endpoint { base, key, auth: Auth::Bearer, key_from, headers: Vec::new() }, limits).unwrap()
}

fn model_at(kind: Kind, base: &str, limits: Limits) -> Arc<dyn Model> {
    let at = |transport: &Transport| ModelCard { at: transport.at().to_owned(), ..ModelCard::local("") };
    let key = Secret::new("sk-test-0123456789", "TEST_KEY");
    match kind {
        Kind::Messages => {
            let endpoint = Endpoint { base: base.to_owned(), ..anthropic::endpoint(Some(key)) };
            Arc::new(Anthropic::new(Transport::new(endpoint, limits).unwrap(), "claude-sonnet-5-5"))
        }
        Kind::Chat(name) => {
            let transport = transport(base, key, limits);
            Arc::new(Chat::new(row(name), "mock-1", at(&transport), transport))
        }
        Kind::Responses => {
            let transport = transport(base, key, limits);
            Arc::new(Responses::new("openai", "gpt-5-mock", at(&transport), transport))
        }
    }
}

fn row(name: &str) -> &'static Service {
    service(name).unwrap()
}

fn model(kind: Kind, at: &MockService) -> Arc<dyn Model> {
    model_at(kind, &at.url(), Limits::default())
}

/// A request with a tool, a system prompt and these words.
fn request(text: &str) -> ModelRequest {
    let schema = json!({ "type": "object", "properties": { "path": { "type": "string" } } });
    let tools = vec![ToolSpec { name: "list_folder".into(), about: "Lists a folder.".into(), schema }].into();
    let head = Arc::new(Head { system: "Be brief.".into(), tools, ..Head::default() });
    ModelRequest {
        head,
        messages: vec![Arc::new(Message::user(text))].into(),
        most_tokens: 500,
        ..ModelRequest::default()
    }
}

async fn ask(model: &Arc<dyn Model>, request: &ModelRequest) -> Result<ModelAnswer> {
    model.answer(request.clone(), Box::new(|_| {}), CancellationToken::new()).await
}

/// Asks and gives what was said besides.
async fn ask_aloud(model: &Arc<dyn Model>, request: &ModelRequest) -> (Result<ModelAnswer>, String) {
    let said = Arc::new(Mutex::new(String::new()));
    let heard = said.clone();
    let say = Box::new(move |piece: Said<'_>| {
        let mut said = heard.lock().unwrap();
        match piece {
            Said::Text(text) => said.push_str(text),
            Said::Thinking(text) => said.push_str(&format!("<{text}>")),
            Said::Call(tool) => said.push_str(&format!("[{tool}]")),
            _ => {}
        }
    });
    let answer = model.answer(request.clone(), say, CancellationToken::new()).await;
    let said = said.lock().unwrap().clone();
    (answer, said)
}

/// Goes on after an answer: with a result for each call, or a word of the person's.
fn go_on(request: &mut ModelRequest, answer: &ModelAnswer) {
    let results: Vec<Block> = answer
        .calls()
        .map(|call| Block::Result {
            call: call.id.clone(),
            text: call.fault.clone().unwrap_or_default(),
            failed: call.fault.is_some(),
        })
        .collect();
    request.messages.push(Arc::new(Message::new(Role::Assistant, answer.blocks.clone())));
    let next = if results.is_empty() { Message::user("go on") } else { Message::new(Role::User, results) };
    request.messages.push(Arc::new(next));
}
