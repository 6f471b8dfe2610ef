//! Spans of a run go to a collector where the environment names one, and say nothing of what was said and read.

use std::{
    collections::HashMap,
    io::{BufRead, BufReader, Read, Write},
    net::{TcpListener, TcpStream},
    sync::{Arc, Mutex},
    thread,
    time::{Duration, Instant},
};

use cowork_testkit::{MockService, service::Reply};
use opentelemetry_proto::tonic::{
    collector::trace::v1::ExportTraceServiceRequest,
    common::v1::{KeyValue, any_value::Value},
    trace::v1::{Span, span::SpanKind, status::StatusCode},
};
use prost::Message;

use crate::{
    KEY, TASK, parts, service, settings,
    support::{Place, Said},
    tidy,
};

/// A collector that takes what it is sent, or never answers.
struct Collector {
    url: String,
    seen: Arc<Mutex<Vec<Batch>>>,
}

struct Batch {
    path: String,
    headers: HashMap<String, String>,
    body: Vec<u8>,
}

impl Collector {
    fn start(answers: bool) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let seen: Arc<Mutex<Vec<Batch>>> = Arc::default();
        let batches = seen.clone();
        thread::spawn(move || {
            let mut held = Vec::new();
            for stream in listener.incoming() {
                let mut stream = stream.unwrap();
                if !answers {
                    held.push(stream);
                    continue;
                }
                while let Some(batch) = read(&mut stream) {
                    batches.lock().unwrap().push(batch);
                    let ok = b"HTTP/1.1 200 OK\r\ncontent-type: application/x-protobuf\r\ncontent-length: 0\r\n\r\n";
                    stream.write_all(ok).unwrap();
                }
            }
        });
        Self { url, seen }
    }

    /// Gives every span, and who sent it, as the protocol's own definition reads them.
    fn spans(&self) -> Vec<(String, Span)> {
        let mut all = Vec::new();
        for batch in self.seen.lock().unwrap().iter() {
            let request = ExportTraceServiceRequest::decode(&*batch.body).unwrap();
            for of in request.resource_spans {
                let who = text(&of.resource.unwrap().attributes, "service.name");
                all.extend(of.scope_spans.into_iter().flat_map(|s| s.spans).map(|span| (who.clone(), span)));
            }
        }
        all
    }

    fn named(&self, name: &str) -> Vec<Span> {
        self.spans().into_iter().map(|(_, span)| span).filter(|span| span.name == name).collect()
    }

    fn only(&self, name: &str) -> Span {
        let found = self.named(name);
        assert_eq!(found.len(), 1, "{name}: {:?}", self.spans().iter().map(|s| &s.1.name).collect::<Vec<_>>());
        found.into_iter().next().unwrap()
    }
}

fn read(stream: &mut TcpStream) -> Option<Batch> {
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    let mut line = String::new();
    reader.read_line(&mut line).ok().filter(|n| *n > 0)?;
    let path = line.split(' ').nth(1).unwrap().to_owned();
    let mut headers = HashMap::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).unwrap();
        let Some((name, value)) = line.trim().split_once(": ") else { break };
        headers.insert(name.to_lowercase(), value.to_owned());
    }
    let mut body = vec![0; headers["content-length"].parse().unwrap()];
    reader.read_exact(&mut body).unwrap();
    Some(Batch { path, headers, body })
}

fn value<'a>(attributes: &'a [KeyValue], key: &str) -> Option<&'a Value> {
    attributes.iter().find(|a| a.key == key)?.value.as_ref()?.value.as_ref()
}

#[track_caller]
fn text(attributes: &[KeyValue], key: &str) -> String {
    match value(attributes, key) {
        Some(Value::StringValue(text)) => text.clone(),
        other => panic!("{key} is {other:?} in {attributes:?}"),
    }
}

#[track_caller]
fn number(span: &Span, key: &str) -> i64 {
    match value(&span.attributes, key) {
        Some(Value::IntValue(n)) => *n,
        other => panic!("{key} is {other:?} in {:?}", span.attributes),
    }
}

impl Place {
    fn traced(&self, collector: &str, more: &[(&str, &str)], args: &[&str]) -> Said {
        let folder = self.folder.to_str().unwrap();
        let mut command = self.command(&[&["run", "--folder", folder, "--mode", "auto"], args].concat());
        command.env("MOCK_KEY", KEY).env("OTEL_EXPORTER_OTLP_ENDPOINT", collector).envs(more.iter().copied());
        command.output().unwrap().into()
    }
}

#[test]
fn a_run_is_seen_as_the_conventions_say_and_nothing_of_what_was_said_or_read() {
    for (format, provider) in [("anthropic", "anthropic"), ("openai", "openai"), ("openai-responses", "openai")] {
        let (place, service, collector) = (Place::with_files(), service(tidy()), Collector::start(true));
        settings(&place, format, &service.url(), "");
        let set = [("OTEL_SERVICE_NAME", "my-desk"), ("OTEL_EXPORTER_OTLP_HEADERS", "x-team=blue")];
        let said = place.traced(&collector.url, &set, &[TASK]).ends(0);
        assert!(said.err.is_empty(), "{}", said.err);
        for batch in collector.seen.lock().unwrap().iter() {
            assert_eq!((batch.path.as_str(), batch.headers["x-team"].as_str()), ("/v1/traces", "blue"));
            let sent = String::from_utf8_lossy(&batch.body);
            for secret in [KEY, "a.pdf", "Downloads", "Flat", "flat", place.home().to_str().unwrap(), "papers"] {
                assert!(!sent.contains(secret), "{secret} was sent");
            }
        }
        assert!(collector.spans().iter().all(|(who, _)| who == "my-desk"));
        let agent = collector.only("invoke_agent cowork");
        assert!(agent.parent_span_id.is_empty() && agent.kind() == SpanKind::Internal);
        assert_eq!(text(&agent.attributes, "gen_ai.provider.name"), provider);
        assert_eq!(text(&agent.attributes, "gen_ai.operation.name"), "invoke_agent");
        let thread = text(&agent.attributes, "gen_ai.conversation.id");
        let chats = collector.named("chat mock-1");
        assert_eq!(chats.len(), 3);
        for chat in &chats {
            assert_eq!((&chat.parent_span_id, &chat.trace_id), (&agent.span_id, &agent.trace_id), "it nests");
            assert_eq!(chat.kind(), SpanKind::Client);
            let of = |key: &str| text(&chat.attributes, key);
            assert_eq!(
                ["gen_ai.operation.name", "gen_ai.provider.name", "gen_ai.request.model", "server.address"].map(of),
                ["chat", provider, "mock-1", "127.0.0.1"]
            );
            assert_eq!(of("gen_ai.conversation.id"), thread);
            assert!(!of("gen_ai.response.model").is_empty() && !of("gen_ai.response.id").is_empty());
            assert_eq!(number(chat, "server.port"), i64::from(service.at().port()));
            assert!(number(chat, "gen_ai.usage.input_tokens") > 0 && number(chat, "gen_ai.usage.output_tokens") > 0);
            let Some(Value::ArrayValue(reasons)) = value(&chat.attributes, "gen_ai.response.finish_reasons") else {
                panic!("the conventions have a list: {:?}", chat.attributes);
            };
            assert_eq!(reasons.values.len(), 1);
        }
        let tool = collector.only("execute_tool move_files");
        assert_eq!((&tool.parent_span_id, tool.kind()), (&agent.span_id, SpanKind::Internal));
        assert_eq!(text(&tool.attributes, "gen_ai.tool.name"), "move_files");
        assert!(!text(&tool.attributes, "gen_ai.tool.call.id").is_empty());
    }
}

#[test]
fn what_fails_says_by_which_kind_of_error_and_no_more() {
    let (place, collector) = (Place::with_files(), Collector::start(true));
    let service = MockService::start(|_| Reply::status(529));
    settings(&place, "anthropic", &service.url(), "tries = 1");
    place.traced(&collector.url, &[], &[TASK]).ends(1);
    for name in ["chat mock-1", "invoke_agent cowork"] {
        let span = collector.only(name);
        assert_eq!(text(&span.attributes, "error.type"), "529");
        let status = span.status.unwrap();
        assert_eq!((status.code(), status.message.as_str()), (StatusCode::Error, ""));
    }
}

#[test]
fn a_part_is_seen_below_its_task() {
    let (place, service, collector) = (Place::with_files(), parts::service(), Collector::start(true));
    settings(&place, "anthropic", &service.url(), "");
    place.traced(&collector.url, &[], &[TASK]).ends(0);
    let agents = collector.named("invoke_agent cowork");
    let (roots, below): (Vec<&Span>, Vec<&Span>) = agents.iter().partition(|a| a.parent_span_id.is_empty());
    assert_eq!((roots.len(), below.len()), (1, 2));
    assert!(below.iter().all(|part| part.parent_span_id == roots[0].span_id && part.trace_id == roots[0].trace_id));
    let chats = collector.named("chat mock-1");
    assert!(below.iter().all(|part| chats.iter().filter(|c| c.parent_span_id == part.span_id).count() == 2));
}

#[test]
fn nothing_is_sent_unless_it_is_wanted_and_a_playbook_asks_no_model() {
    let (place, collector) = (Place::with_files(), Collector::start(true));
    for off in [("OTEL_SDK_DISABLED", "true"), ("OTEL_TRACES_EXPORTER", "none"), ("OTEL_EXPORTER_OTLP_ENDPOINT", "")] {
        let place = Place::with_files();
        place.traced(&collector.url, &[off], &["Organise these files by type"]).ends(0);
        assert!(collector.seen.lock().unwrap().is_empty(), "{off:?}");
    }
    place.traced(&collector.url, &[], &["Organise these files by type"]).ends(0);
    let agent = collector.only("invoke_agent cowork");
    assert_eq!(text(&agent.attributes, "gen_ai.provider.name"), "cowork");
    assert!(collector.spans().iter().all(|(who, _)| who == "cowork"));
}

#[test]
fn a_collector_that_is_not_there_is_one_warning_and_holds_nothing_up() {
    let silent = Collector::start(false);
    for (collector, why) in [
        (MockService::refused(), "could not be sent to 127.0.0.1:"),
        (silent.url.clone(), "it did not answer within 2 s"),
        ("no address".to_owned(), "the address of the collector can't be used"),
    ] {
        let place = Place::with_files();
        let began = Instant::now();
        let said = place.traced(&collector, &[], &["Organise these files by type"]).ends(0).says("Done").says(why);
        assert_eq!(said.err.lines().count(), 1, "{}", said.err);
        assert!(began.elapsed() < Duration::from_secs(10), "{:?}", began.elapsed());
    }
    let place = Place::with_files();
    let said = place.traced(&silent.url, &[("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc")], &["Organise these files by type"]);
    said.ends(0).says("spans are sent by http/protobuf, not by grpc");
}
