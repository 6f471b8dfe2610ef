//! The server: a request comes in, is judged, and is answered as the script says.

use std::{
    io,
    net::TcpListener as StdListener,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll},
};

use http_body_util::{BodyExt, Limited};
use hyper::{
    HeaderMap, Method, Request, Response, StatusCode, body::Incoming, header, server::conn::http1, service::service_fn,
};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::{TcpListener, TcpStream},
    sync::oneshot,
};

use super::{
    Ask, Fault, Format, Seen, Shared,
    check::ensure,
    flow::Flow,
    messages,
    render::{self, Mark, Piece, Plan},
    responses,
};

/// Serves until told to stop. Runs on a thread of its own, so that a test's runtime and its clock don't matter to it.
pub(super) fn serve(shared: Arc<Shared>, listener: StdListener, stop: oneshot::Receiver<()>) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a tokio runtime");
    runtime.block_on(async {
        let listener = TcpListener::from_std(listener).expect("a listener");
        tokio::select! { () = accept(shared, listener) => {}, _ = stop => {} }
    });
    // Whatever still stalls goes with the runtime.
    runtime.shutdown_background();
}

async fn accept(shared: Arc<Shared>, listener: TcpListener) {
    loop {
        let Ok((stream, _)) = listener.accept().await else { continue };
        let _ = stream.set_nodelay(true);
        let reset = Arc::new(AtomicBool::new(false));
        let line = Line { stream, reset: reset.clone(), shared: shared.clone() };
        shared.open.fetch_add(1, Ordering::SeqCst);
        let theirs = shared.clone();
        let service = service_fn(move |request| answer(theirs.clone(), reset.clone(), request));
        // What goes wrong with a connection is what the script wanted, or the client's to tell.
        let served = tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(line), service));
        let shared = shared.clone();
        tokio::spawn(async move {
            if served.await.is_err_and(|e| e.is_panic()) {
                shared.panicked.store(true, Ordering::SeqCst);
            }
        });
    }
}

type Answer = Result<Response<Flow>, io::Error>;

async fn answer(shared: Arc<Shared>, reset: Arc<AtomicBool>, request: Request<Incoming>) -> Answer {
    let (head, body) = request.into_parts();
    let path = head.uri.path().to_owned();
    if let Some((_, page)) = shared.pages.iter().find(|(at, _)| *at == path) {
        return Ok(json_of(200, page));
    }
    let known = route(&path);
    let body = match Limited::new(body, shared.most_bytes).collect().await {
        Ok(body) => body.to_bytes().to_vec(),
        Err(_) => {
            let format = known.map_or(Format::Chat, |(format, _)| format);
            return Ok(refusal(format, 413, "the request exceeds the most bytes that are allowed"));
        }
    };
    if path.ends_with("/models") && head.method == Method::GET {
        return Ok(models(&shared, &head.headers));
    }
    let Some((format, count)) = known.filter(|_| head.method == Method::POST) else {
        return Ok(refusal(Format::Chat, 404, &format!("there is no {} {path}", head.method)));
    };
    let at = {
        let mut seen = shared.seen();
        seen.push(Seen { path, body: body.clone(), malformed: None, answered: false });
        seen.len() - 1
    };
    if !is_allowed(&shared, &head.headers) {
        return Ok(refusal(format, 401, "the key is not valid"));
    }
    let judged = judge(&shared, format, count, &head.headers, &body);
    let value = match judged {
        Ok(value) => value,
        Err(message) => {
            shared.seen()[at].malformed = Some(message.clone());
            return Ok(refusal(format, 400, &message));
        }
    };
    let model = value["model"].as_str().unwrap_or_default();
    if !shared.models.is_empty() && !shared.models.iter().any(|m| m == model) {
        return Ok(refusal(format, 404, &format!("model: {model}")));
    }
    if count {
        return Ok(json_of(200, &json!({ "input_tokens": body.len() / 4 })));
    }
    let mut ask = Ask::new(format, value);
    ask.number = at as u64;
    ask.attempt = shared.attempt(ask.turn_id());
    play(&shared, &reset, &ask, at)
}

/// Answers as the script says.
fn play(shared: &Arc<Shared>, reset: &AtomicBool, ask: &Ask, at: usize) -> Answer {
    let reply = (shared.script)(ask);
    let first = usize::try_from(ask.attempt).ok().and_then(|n| reply.first.get(n));
    let fault = first.or(reply.fault.as_ref());
    match fault {
        Some(Fault::Status { code, retry_after }) => {
            let mut response = refusal(ask.format, *code, "the script says so");
            if let Some(after) = retry_after.as_ref().and_then(|a| a.parse().ok()) {
                response.headers_mut().insert(header::RETRY_AFTER, after);
            }
            return Ok(response);
        }
        Some(Fault::Html { code }) => {
            let page =
                "<!DOCTYPE html><html><head><title>Bad gateway</title></head><body><h1>Bad gateway</h1></body></html>";
            return Ok(response(*code, "text/html; charset=utf-8", Flow::plain(page.into())));
        }
        Some(Fault::Reset) => {
            reset.store(true, Ordering::SeqCst);
            return Err(io::Error::other("the connection is reset, as the script says"));
        }
        Some(Fault::ErrorInStream { kind }) if !ask.stream => {
            return Ok(json_of(500, &render::error(ask.format, 500, kind, "Something broke in the middle.")));
        }
        _ => {}
    }
    let plan = Plan::new(ask, &reply, fault, shared.seed);
    let streamed = ask.stream && fault != Some(&Fault::NotStreamed);
    let raw = reply.raw.as_ref().map(|raw| vec![Piece { bytes: raw.clone().into_bytes(), mark: Mark::Nothing }]);
    let (pieces, kind) =
        if streamed { (plan.stream(), "text/event-stream; charset=utf-8") } else { (plan.whole(), "application/json") };
    let kind = if fault == Some(&Fault::WrongType) { "text/plain" } else { kind };
    let flow = Flow::new(raw.unwrap_or(pieces), fault, ask.format, shared.seed).noted(shared.clone(), at);
    Ok(response(200, kind, flow))
}

/// Gives the format of a path, and whether it only counts tokens.
fn route(path: &str) -> Option<(Format, bool)> {
    let routes = [
        ("/messages", Format::Messages, false),
        ("/messages/count_tokens", Format::Messages, true),
        ("/chat/completions", Format::Chat, false),
        ("/responses", Format::Responses, false),
        ("/responses/input_tokens", Format::Responses, true),
    ];
    routes.iter().find(|(end, ..)| path.ends_with(end)).map(|(_, format, count)| (*format, *count))
}

fn judge(shared: &Shared, format: Format, count: bool, headers: &HeaderMap, body: &[u8]) -> Result<Value, String> {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|k| k.to_str().ok()).unwrap_or_default();
    ensure(kind.starts_with("application/json"), || format!("content-type: {kind:?} is not application/json"))?;
    let versioned = headers.contains_key("anthropic-version");
    ensure(versioned || format != Format::Messages, || "anthropic-version: header is required".to_owned())?;
    let value: Value = serde_json::from_slice(body).map_err(|e| format!("the body is no JSON: {e}"))?;
    let betas = headers.get_all("anthropic-beta").iter().filter_map(|b| b.to_str().ok());
    let controls = betas.into_iter().any(|beta| beta.contains("thinking-binding-controls-2026-08-01"));
    ensure(controls || value["thinking"]["block_binding"].is_null(), || {
        "thinking.block_binding: Extra inputs are not permitted without its `anthropic-beta` header".to_owned()
    })?;
    match format {
        Format::Messages if count => messages::validate_count(&value)?,
        Format::Messages => messages::validate(&value)?,
        Format::Chat => (shared.chat)(&value)?,
        Format::Responses if count => responses::validate_count(&value)?,
        Format::Responses => responses::validate(&value)?,
    }
    Ok(value)
}

fn is_allowed(shared: &Shared, headers: &HeaderMap) -> bool {
    let Some(key) = &shared.key else { return true };
    let given = |name: &str| headers.get(name).and_then(|v| v.to_str().ok()).unwrap_or_default();
    given("x-api-key") == key || given("authorization").strip_prefix("Bearer ") == Some(key)
}

fn models(shared: &Shared, headers: &HeaderMap) -> Response<Flow> {
    if !is_allowed(shared, headers) {
        return refusal(Format::Chat, 401, "the key is not valid");
    }
    let unless_told = ["mock-1".to_owned()];
    let names: &[String] = if shared.models.is_empty() { &unless_told } else { &shared.models };
    let page = if headers.contains_key("anthropic-version") {
        let model = |name: &String| json!({ "type": "model", "id": name, "display_name": name, "created_at": "2026-01-01T00:00:00Z" });
        let data: Vec<Value> = names.iter().map(model).collect();
        json!({ "data": data, "has_more": false, "first_id": names.first(), "last_id": names.last() })
    } else {
        let model =
            |name: &String| json!({ "id": name, "object": "model", "created": 1_700_000_000, "owned_by": "mock" });
        json!({ "object": "list", "data": names.iter().map(model).collect::<Vec<_>>() })
    };
    json_of(200, &page)
}

fn refusal(format: Format, code: u16, message: &str) -> Response<Flow> {
    json_of(code, &render::error(format, code, render::kind_of(format, code), message))
}

fn json_of(code: u16, body: &Value) -> Response<Flow> {
    response(code, "application/json", Flow::plain(body.to_string().into_bytes()))
}

fn response(code: u16, kind: &str, flow: Flow) -> Response<Flow> {
    let mut response = Response::new(flow);
    *response.status_mut() = StatusCode::from_u16(code).expect("a status of HTTP");
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, kind.parse().expect("a header's value"));
    headers.insert("request-id", "req_mock".parse().expect("a header's value"));
    headers.insert("x-request-id", "req_mock".parse().expect("a header's value"));
    response
}

/// A connection that can be reset.
struct Line {
    stream: TcpStream,
    reset: Arc<AtomicBool>,
    shared: Arc<Shared>,
}

impl Drop for Line {
    fn drop(&mut self) {
        self.shared.open.fetch_sub(1, Ordering::SeqCst);
        if self.reset.load(Ordering::SeqCst) {
            let _ = self.stream.set_zero_linger();
        }
    }
}

impl AsyncRead for Line {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buf)
    }
}

impl AsyncWrite for Line {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.reset.load(Ordering::SeqCst) {
            return Poll::Ready(Ok(()));
        }
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
