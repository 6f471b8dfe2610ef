//! A key is in no error, no text, no panic and no trace, whatever goes wrong.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test that can't go on says so by panicking"
)]
#![cfg(feature = "anthropic")]

mod service;

use std::{
    fmt::{Debug, Write as _},
    panic,
    sync::{Arc, Mutex, OnceLock},
    time::Duration,
};

use cowork_core::{CancellationToken, Message, Model, ModelRequest};
use cowork_models::{
    Auth, Endpoint, Limits, Secret, Transport,
    anthropic::{self, Anthropic},
    transport::Proxy,
};
use futures_util::FutureExt;
use serde_json::json;
use service::{Answer, End, Service};
use tracing::{Event, Metadata, Subscriber, field::Field, span};

const KEY: &str = "sk-ant-canary-5d1f0c9e77ab";

/// All that anybody wrote down.
static WRITTEN: Mutex<String> = Mutex::new(String::new());

fn note(what: &str) {
    WRITTEN.lock().unwrap_or_else(std::sync::PoisonError::into_inner).push_str(what);
}

struct Listener;

struct Fields;

impl tracing::field::Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        note(&format!("{field}={value:?}\n"));
    }
}

impl Subscriber for Listener {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }
    fn new_span(&self, span: &span::Attributes<'_>) -> span::Id {
        note(span.metadata().name());
        span.record(&mut Fields);
        span::Id::from_u64(1)
    }
    fn record(&self, _: &span::Id, values: &span::Record<'_>) {
        values.record(&mut Fields);
    }
    fn record_follows_from(&self, _: &span::Id, _: &span::Id) {}
    fn event(&self, event: &Event<'_>) {
        event.record(&mut Fields);
    }
    fn enter(&self, _: &span::Id) {}
    fn exit(&self, _: &span::Id) {}
}

impl log::Log for Listener {
    fn enabled(&self, _: &log::Metadata<'_>) -> bool {
        true
    }
    fn log(&self, record: &log::Record<'_>) {
        note(&format!("{}: {}\n", record.target(), record.args()));
    }
    fn flush(&self) {}
}

fn listen() {
    static ONCE: OnceLock<()> = OnceLock::new();
    ONCE.get_or_init(|| {
        tracing::subscriber::set_global_default(Listener).unwrap();
        log::set_logger(&Listener).unwrap();
        log::set_max_level(log::LevelFilter::Trace);
        panic::set_hook(Box::new(|info| note(&info.to_string())));
    });
}

fn echo(status: u16, form: fn(&str) -> serde_json::Value) -> Service {
    Service::new(move |asked| {
        let key = asked.headers.iter().find(|(_, value)| value.contains(KEY)).map(|(_, value)| value.clone());
        let body = form(&key.expect("the key was sent"));
        Answer::json(status, &body).with("x-request-id", KEY).with("location", KEY)
    })
}

/// Services that go wrong, and repeat the key wherever they can.
fn services() -> Vec<Service> {
    let said = |key: &str| json!({ "error": { "type": key, "message": format!("bad key {key}"), "code": key }, "request_id": key });
    let mut all: Vec<Service> = [200, 307, 400, 401, 403, 404, 429, 500, 529].map(|status| echo(status, said)).into();
    all.push(echo(401, |key| json!(format!("<html><title>{key}</title></html>"))));
    all.push(echo(200, |key| json!({ "content": [{ "type": "tool_use", "input": key }], "usage": key })));
    all.push(Service::always(Answer::new(401, "text/html", format!("<html><title>{KEY}</title>"))));
    all.push(Service::always(Answer::new(500, "text/plain", KEY)));
    all.push(Service::always(Answer::events(format!("data: {{\"error\":\"{KEY}\"}}\n\n"))));
    all.push(Service::always(Answer::events(format!("data: {KEY}\n\n"))));
    all.push(Service::always(Answer::events(format!(
        "data: {{\"type\":\"content_block_start\",\"content_block\":{{\"type\":\"text\",\"citations\":\"{KEY}\"}}}}\n\n"
    ))));
    all.push(Service::always(Answer::events("data: {}\n\n").ending(End::Cut)));
    all.push(Service::always(Answer::events("").ending(End::Never)));
    all
}

#[tokio::test]
async fn a_key_is_nowhere_but_on_its_way_to_its_service() {
    listen();
    let mut seen = String::new();
    let mut failed = 0;
    let services = services();
    let gone = "http://127.0.0.1:1".to_owned();
    for base in services.iter().map(|service| service.base.clone()).chain([gone]) {
        for auth in [Auth::Header("x-api-key"), Auth::Bearer] {
            let key = Secret::new(KEY, "ANTHROPIC_API_KEY");
            write!(seen, "{key} {key:?} {}", serde_json::to_string(&key).unwrap()).unwrap();
            let endpoint = Endpoint { base: base.clone(), auth, ..anthropic::endpoint(Some(key)) };
            write!(seen, "{endpoint:?}").unwrap();
            let limits = Limits { first: Duration::from_millis(300), proxy: Proxy::None, ..Limits::default() };
            let model = Anthropic::new(Transport::new(endpoint, limits).unwrap(), "claude-sonnet-5-5");
            let request =
                ModelRequest { messages: vec![Arc::new(Message::user("hi"))].into(), ..ModelRequest::default() };
            write!(seen, "{model:?} {:?} {}", model.card(), model.name()).unwrap();
            let counted = model.count(&request).await;
            let answered = model.answer(request, Box::new(|_| {}), CancellationToken::new()).await;
            for error in [counted.err(), answered.err()].into_iter().flatten() {
                failed += 1;
                write!(seen, "{error} {error:?} {error:#?} {}", serde_json::to_string(&error).unwrap()).unwrap();
                let mut source = std::error::Error::source(&error);
                while let Some(under) = source {
                    write!(seen, "{under} {under:?}").unwrap();
                    source = under.source();
                }
            }
        }
    }
    assert!(failed >= 2 * services.len(), "they go wrong: {failed}");
    let odd = Endpoint { key: Some(Secret::new(&format!("{KEY}\n{KEY}"), "X")), ..anthropic::endpoint(None) };
    write!(seen, "{:?}", Transport::new(odd, Limits::default()).unwrap_err()).unwrap();
    let plain = Endpoint { base: "http://models.example".into(), ..anthropic::endpoint(Some(Secret::new(KEY, "X"))) };
    write!(seen, "{:?}", Transport::new(plain, Limits::default()).unwrap_err()).unwrap();

    panics(&mut seen).await;
    drop(panic::take_hook());
    let written = WRITTEN.lock().unwrap_or_else(std::sync::PoisonError::into_inner).clone();
    assert!(written.contains("answered"), "the trace was heard");
    for (what, text) in [("said", &seen), ("written down", &written)] {
        if let Some(at) = text.find(&KEY[16..]) {
            let from = text.floor_char_boundary(at.saturating_sub(300));
            panic!("the key was {what}: {}", &text[from..at]);
        }
    }
}

/// Whoever listens panics in the middle of an answer.
async fn panics(seen: &mut String) {
    let events = [
        json!({ "type": "content_block_start", "content_block": { "type": "text", "text": "Hello" } }),
        json!({ "type": "message_delta", "delta": { "stop_reason": "end_turn" } }),
        json!({ "type": "message_stop" }),
    ];
    let service = Service::always(Answer::events(events.map(|event| format!("data: {event}\n\n")).concat()));
    let endpoint = Endpoint { base: service.base, ..anthropic::endpoint(Some(Secret::new(KEY, "X"))) };
    let model = Anthropic::new(Transport::new(endpoint, Limits::default()).unwrap(), "m");
    let request = ModelRequest { messages: vec![Arc::new(Message::user("hi"))].into(), ..ModelRequest::default() };
    model.answer(request.clone(), Box::new(|_| {}), CancellationToken::new()).await.unwrap();
    let shown = format!("{model:?}");
    let say = Box::new(move |_: cowork_core::Said<'_>| panic!("{shown}"));
    let answer = panic::AssertUnwindSafe(model.answer(request, say, CancellationToken::new())).catch_unwind().await;
    let panicked = answer.expect_err("it panicked");
    write!(seen, "{:?}", panicked.downcast_ref::<String>()).unwrap();
}
