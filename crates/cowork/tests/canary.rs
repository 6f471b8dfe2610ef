//! A key in a whole task: it is in no trace, no record, no error and no file of the engine's, though the service repeats it
//! wherever it can.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test says so by failing")]

use std::{
    fmt::{Debug, Write as _},
    fs,
    io::{Read, Write as _},
    net::TcpListener,
    path::Path,
    sync::{Arc, Mutex, PoisonError},
    thread,
    time::Duration,
};

use cowork::{
    CancellationToken, Cowork, Limits, Mode, Patience, Read as ReadLog, Submit, ThreadId,
    models::config::{Keys, ModelSettings},
};
use tracing::{Event, Metadata, Subscriber, field::Field, span};

const KEY: &str = "sk-canary-9e77ab41c25eed0f";

/// Hears all that is traced, at every level.
#[derive(Clone, Default)]
struct Listener(Arc<Mutex<String>>);

impl Listener {
    fn note(&self, what: &str) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push_str(what);
    }
}

impl tracing::field::Visit for Listener {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.note(&format!("{field}={value:?}\n"));
    }
}

impl Subscriber for Listener {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }
    fn new_span(&self, span: &span::Attributes<'_>) -> span::Id {
        self.note(span.metadata().name());
        span.record(&mut self.clone());
        span::Id::from_u64(1)
    }
    fn record(&self, _: &span::Id, values: &span::Record<'_>) {
        values.record(&mut self.clone());
    }
    fn record_follows_from(&self, _: &span::Id, _: &span::Id) {}
    fn event(&self, event: &Event<'_>) {
        event.record(&mut self.clone());
    }
    fn enter(&self, _: &span::Id) {}
    fn exit(&self, _: &span::Id) {}
}

/// A service that refuses, each time in another form, and repeats the key.
fn echo() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    thread::spawn(move || {
        for (n, stream) in listener.incoming().enumerate() {
            let mut stream = stream.unwrap();
            let mut head = vec![0; 1 << 20];
            let read = stream.read(&mut head).unwrap_or(0);
            let sent = String::from_utf8_lossy(&head[..read]).contains(KEY);
            let key = if sent { KEY } else { "nothing" };
            let status = [529, 500, 401, 403, 404][n % 5];
            let body =
                format!("{{\"error\":{{\"type\":\"{key}\",\"message\":\"bad key {key}\"}},\"request_id\":\"{key}\"}}");
            let head = format!("HTTP/1.1 {status} {key}\r\nx-request-id: {key}\r\ncontent-type: application/json\r\n");
            let _ = stream.write_all(
                format!("{head}connection: close\r\ncontent-length: {}\r\n\r\n{body}", body.len()).as_bytes(),
            );
        }
    });
    url
}

fn below(folder: &Path, found: &mut Vec<u8>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { below(&path, found) } else { found.extend(fs::read(&path).unwrap()) }
    }
}

#[tokio::test]
async fn a_key_is_in_no_trace_no_record_and_no_file_of_a_task() {
    let listener = Listener::default();
    tracing::subscriber::set_global_default(listener.clone()).unwrap();
    let (data, folder, url) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap(), echo());
    let keys = Keys::new(None, None, |name| (name == "CANARY").then(|| KEY.to_owned()));
    let text =
        |service: &str| serde_json::json!({ "service": service, "model": "m", "base": url, "key": "env:CANARY" });
    let mut seen = String::new();
    for service in ["anthropic", "openai", "openai-responses"] {
        let settings: ModelSettings = serde_json::from_value(text(service)).unwrap();
        write!(seen, "{settings:?} {keys:?}").unwrap();
        let model = settings.make("mine", &keys, &CancellationToken::new()).await.unwrap();
        let patience = Patience {
            tries: 6,
            first: Duration::from_millis(1),
            longest: Duration::from_millis(2),
            ..Patience::default()
        };
        let limits = Limits { patience, ..Limits::default() };
        let engine = Cowork::builder().data_dir(data.path()).limits(limits).model(model).build().await.unwrap();
        for _ in 0..3 {
            let mut submit = Submit::new("do something");
            submit.folders.push(cowork::folder(folder.path()).unwrap());
            submit.planner = settings.planner("mine");
            submit.mode = Mode::Auto;
            let thread = ThreadId::named("main");
            let task = engine.submit(thread, "test", submit).await.unwrap();
            let ended = engine.settled(task).await.unwrap();
            write!(seen, "{ended:?}").unwrap();
            let records = engine.read(ReadLog::task(thread, task, 0)).await.unwrap();
            write!(seen, "{} {records:?}", serde_json::to_string(&records).unwrap()).unwrap();
        }
        engine.stop().await;
    }
    assert!(seen.contains("[key]"), "it was repeated: {seen}");
    let traced = listener.0.lock().unwrap().clone();
    assert!(traced.contains("invoke_agent") && traced.contains("chat"), "the traces were heard");
    let mut stored = Vec::new();
    below(data.path(), &mut stored);
    assert!(!stored.is_empty());
    for (what, text) in
        [("said", &seen), ("traced", &traced), ("stored", &String::from_utf8_lossy(&stored).into_owned())]
    {
        if let Some(at) = text.find(&KEY[10..]) {
            panic!("the key was {what}: {}", &text[text.floor_char_boundary(at.saturating_sub(300))..at]);
        }
    }
}
