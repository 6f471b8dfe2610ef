//! The way to a service: what is sent, what is taken, and what is said when it does not work.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that can't go on says so by panicking")]

mod service;

use std::{net::TcpListener, time::Duration};

use bytes::Bytes;
use cowork_core::{CancellationToken, Error, Kind, Result, Retry};
use cowork_models::{
    Auth, Endpoint, Limits, Secret, Transport,
    transport::{Content, Pieces, Proxy},
};
use serde_json::json;
use service::{Answer, End, Service};

const KEY: &str = "sk-canary-8f3b1c77d2";

fn endpoint(base: &str) -> Endpoint {
    Endpoint {
        base: base.to_owned(),
        key: Some(Secret::new(KEY, "TEST_KEY")),
        auth: Auth::Header("x-api-key"),
        key_from: "TEST_KEY".to_owned(),
        headers: vec![("x-version".to_owned(), "1".to_owned())],
    }
}

fn transport(service: &Service, limits: Limits) -> Transport {
    Transport::new(endpoint(&service.base), Limits { proxy: Proxy::None, ..limits }).unwrap()
}

fn body(text: &str) -> Pieces {
    let mut pieces = Pieces::default();
    pieces.write(text.as_bytes());
    pieces
}

/// Posts, and gives what was answered in whole.
async fn post(transport: &Transport) -> Result<Vec<u8>> {
    let mut incoming = transport.post("/v1/x", || body("{}"), &CancellationToken::new()).await?;
    incoming.whole().await
}

async fn refused(answer: Answer) -> Error {
    let service = Service::always(answer);
    let error = post(&transport(&service, Limits::default())).await.expect_err("it is no success");
    assert!(!format!("{error:?} {error}").contains(KEY), "the key is named: {error:?}");
    assert_eq!(service.reached(), 1, "nothing is tried again");
    error
}

fn told(status: u16, kind: &str, message: &str) -> Answer {
    Answer::json(
        status,
        &json!({ "type": "error", "error": { "type": kind, "message": message }, "request_id": "req_7" }),
    )
}

#[tokio::test]
async fn a_body_of_shared_pieces_goes_out_whole_with_its_length() {
    let service = Service::always(Answer::json(200, &json!({ "ok": true })));
    let transport = transport(&service, Limits::default());
    let long = Bytes::from(vec![b'x'; 300_000]);
    let mut pieces = body("[\"");
    pieces.push(long.clone());
    pieces.push(Bytes::from_static(b"\",\""));
    pieces.push(long);
    pieces.write(b"\"]");
    let (expected, len) = (pieces.to_vec(), pieces.len());
    let mut incoming = transport.post("/v1/x", || pieces, &CancellationToken::new()).await.unwrap();
    assert_eq!(incoming.content(), Content::Json);
    assert_eq!(incoming.whole().await.unwrap(), br#"{"ok":true}"#);
    let asked = &service.asked()[0];
    assert_eq!((asked.method.as_str(), asked.path.as_str()), ("POST", "/v1/x"));
    assert_eq!(asked.header("content-length"), Some(len.to_string().as_str()));
    assert_eq!(asked.header("x-api-key"), Some(KEY));
    assert_eq!((asked.header("x-version"), asked.header("content-type")), (Some("1"), Some("application/json")));
    assert!(asked.body == expected, "the body is what was given, piece by piece");
}

#[tokio::test]
async fn one_connection_serves_one_request_after_another() {
    let service = Service::always(Answer::events("data: x\n\n"));
    let transport = transport(&service, Limits::default());
    for _ in 0..5 {
        let mut incoming = transport.post("/", || body("{}"), &CancellationToken::new()).await.unwrap();
        incoming.next().await.unwrap().expect("an event");
        incoming.rest().await;
    }
    assert_eq!((service.reached(), service.opened()), (5, 1));
}

#[tokio::test]
async fn a_path_is_added_to_the_services_own() {
    let service = Service::always(Answer::json(200, &json!({})));
    let transport = Transport::new(endpoint(&format!("{}/api/", service.base)), Limits::default()).unwrap();
    post(&transport).await.unwrap();
    assert_eq!(service.asked()[0].path, "/api/v1/x");
}

#[tokio::test]
async fn what_a_service_calls_an_error_is_sorted_by_what_to_do() {
    use Kind::{InvalidInput, LimitExceeded, NotAllowed, NotFound, Unavailable};
    let cases = [
        (
            401,
            "authentication_error",
            "invalid x-api-key",
            NotAllowed,
            Retry::Never,
            "does not accept the key from TEST_KEY",
        ),
        (403, "permission_error", "no access to files", NotAllowed, Retry::Never, "does not allow this"),
        (404, "not_found_error", "model: claude-9", NotFound, Retry::Never, "no such model"),
        (
            400,
            "invalid_request_error",
            "messages: at least one message is required",
            InvalidInput,
            Retry::Never,
            "at least one",
        ),
        (
            400,
            "invalid_request_error",
            "prompt is too long: 215000 tokens > 200000 maximum",
            LimitExceeded,
            Retry::Never,
            "too long",
        ),
        (400, "invalid_request_error", "Your credit balance is too low", LimitExceeded, Retry::Never, "used up"),
        (413, "request_too_large", "Request exceeds the maximum size", LimitExceeded, Retry::Never, "too long"),
        (429, "rate_limit_error", "slow down", Unavailable, Retry::Now, "too many requests"),
        (429, "insufficient_quota", "You exceeded your current quota", LimitExceeded, Retry::Never, "used up"),
        (500, "api_error", "Internal server error", Unavailable, Retry::Now, "can't answer now"),
        (529, "overloaded_error", "Overloaded", Unavailable, Retry::Now, "can't answer now: Overloaded"),
        (503, "", "", Unavailable, Retry::Now, "can't answer now"),
        (422, "", "what is this", InvalidInput, Retry::Never, "can't take this request"),
    ];
    for (status, kind, message, expected, retry, words) in cases {
        let error = refused(told(status, kind, message)).await;
        assert_eq!((error.kind, error.retry), (expected, retry), "{status} {kind}: {error:?}");
        assert!(error.message.contains(words), "{status} {kind}: {error:?}");
        assert!(error.fix().is_some_and(|fix| !fix.is_empty()), "it says what to do: {error:?}");
        assert_eq!((error.fact("status"), error.fact("request")), (Some(status.to_string().as_str()), Some("req_7")));
    }
}

#[tokio::test]
async fn errors_are_read_in_every_form_that_services_write() {
    let forms = [
        json!({ "error": { "message": "no such thing", "type": "invalid_request_error", "code": "model_not_found", "param": null } }),
        json!({ "error": { "message": "no such thing", "code": 404, "metadata": {} } }),
        json!({ "error": "no such thing" }),
        json!({ "object": "error", "message": "no such thing", "type": "NotFoundError", "code": 404 }),
        json!({ "detail": "no such thing" }),
        json!([{ "error": { "message": "no such thing" } }]),
    ];
    for form in forms {
        let error = refused(Answer::json(404, &form)).await;
        assert_eq!(error.kind, Kind::NotFound, "{form}");
        assert!(error.message.contains("no such thing"), "{form}: {error}");
    }
}

#[tokio::test]
async fn when_to_try_again_is_the_services_word() {
    let at = |name: &str, value: &str| told(429, "rate_limit_error", "slow down").with(name, value);
    let now = "Sat, 21 Nov 2026 20:00:00 GMT";
    let cases = [
        (at("retry-after", "7"), Retry::AfterMs(7_000)),
        (at("retry-after", "0.25"), Retry::AfterMs(250)),
        (at("retry-after-ms", "1500").with("retry-after", "2"), Retry::AfterMs(1_500)),
        (at("retry-after", "Sat, 21 Nov 2026 20:00:30 GMT").with("date", now), Retry::AfterMs(30_000)),
        (at("retry-after", "Sat, 21 Nov 2026 19:00:00 GMT").with("date", now), Retry::Now),
        (at("retry-after", "soon"), Retry::Now),
        (at("retry-after", "-1"), Retry::Now),
        (at("x-should-retry", "false").with("retry-after", "1"), Retry::Never),
        (told(400, "", "odd").with("x-should-retry", "true"), Retry::Now),
    ];
    for (answer, retry) in cases {
        let headers = format!("{:?}", answer.headers);
        assert_eq!(refused(answer).await.retry, retry, "{headers}");
    }
}

#[tokio::test]
async fn a_service_that_wants_to_be_left_alone_for_long_says_how_long() {
    let after = |seconds: &str| told(429, "rate_limit_error", "slow down").with("retry-after", seconds);
    for (seconds, fix) in [
        ("7", "wait a little, then try again"),
        ("90", "it asks to be left alone: try again in 2 minutes"),
        ("3600", "it asks to be left alone: try again in 60 minutes"),
        ("86400", "it asks to be left alone: try again in 24 hours"),
    ] {
        assert_eq!(refused(after(seconds)).await.fix(), Some(fix), "{seconds}");
    }
    let overloaded = told(529, "overloaded_error", "Overloaded").with("retry-after", "600");
    assert_eq!(refused(overloaded).await.fix(), Some("it asks to be left alone: try again in 10 minutes"));
}

#[tokio::test]
async fn a_web_page_is_recognised_and_not_repeated() {
    let page = format!(
        "\n<!DOCTYPE html><html><HEAD><Title>Sign in to\nGuest WiFi</TITLE></head><body>{}</body></html>",
        "blah ".repeat(2_000)
    );
    for (status, kind) in [(200, Kind::Unavailable), (502, Kind::Unavailable), (403, Kind::NotAllowed)] {
        let error = refused(Answer::new(status, "text/html; charset=utf-8", page.clone())).await;
        assert_eq!(error.kind, kind);
        assert!(error.message.contains("a web page") && error.message.contains("Sign in to Guest WiFi"), "{error}");
        assert!(!format!("{error:?}").contains("blah"), "{error:?}");
        assert!(error.fix().unwrap().contains("proxy"), "{error:?}");
    }
}

#[tokio::test]
async fn a_redirection_is_not_followed() {
    let elsewhere = Service::always(Answer::json(200, &json!({})));
    let error = refused(Answer::json(307, &json!({})).with("location", &elsewhere.base)).await;
    assert_eq!((error.kind, error.retry, elsewhere.reached()), (Kind::Unavailable, Retry::Never, 0));
    assert!(error.message.contains(&elsewhere.base), "it says where it points: {error}");
}

#[tokio::test]
async fn an_answer_that_is_packed_unasked_is_refused() {
    let error = refused(Answer::new(200, "application/json", "xyz").with("content-encoding", "br")).await;
    assert!(error.message.contains("packed (br)"), "{error}");
}

#[tokio::test]
async fn long_and_odd_words_of_a_service_are_made_fit_to_print() {
    let error = refused(told(400, "x", &format!("a\u{1b}[31m\n\n  b {}", "long ".repeat(1_000)))).await;
    assert!(error.message.contains("a [31m b long") && error.message.len() < 700, "{error}");
}

#[tokio::test]
async fn a_service_that_repeats_the_key_does_not_get_it_into_an_error() {
    let service = Service::new(|asked| {
        told(401, asked.header("x-api-key").unwrap(), &format!("bad key {}", asked.header("x-api-key").unwrap()))
    });
    let error = post(&transport(&service, Limits::default())).await.unwrap_err();
    assert!(!format!("{error:?} {error}").contains(KEY), "{error:?}");
    assert!(error.message.contains("bad key [key]"), "{error}");
    assert!(!serde_json::to_string(&error).unwrap().contains(KEY));
}

#[tokio::test]
async fn without_a_key_the_error_says_where_to_set_one() {
    let service = Service::always(told(401, "authentication_error", ""));
    let endpoint = Endpoint { key: None, ..endpoint(&service.base) };
    let transport = Transport::new(endpoint, Limits::default()).unwrap();
    let error = post(&transport).await.unwrap_err();
    assert_eq!(error.fix(), Some("set TEST_KEY to a key of that service"));
    assert_eq!(service.asked()[0].header("x-api-key"), None);
}

#[tokio::test]
async fn a_service_that_is_not_there_is_said_so() {
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let transport = Transport::new(endpoint(&format!("http://{free}")), Limits::default()).unwrap();
    let error = post(&transport).await.unwrap_err();
    assert_eq!((error.kind, error.retry), (Kind::Unavailable, Retry::Now));
    assert!(error.message.contains("refused") && error.message.contains(&free.to_string()), "{error}");
    assert_eq!(error.fix(), Some("start the service, or check its address"));
}

#[tokio::test]
async fn an_answer_that_does_not_begin_is_given_up() {
    let service = Service::always(Answer { pieces: vec![], ..Answer::events("").ending(End::Never) });
    let limits = Limits { first: Duration::from_millis(50), ..Limits::default() };
    let error = post(&transport(&service, limits)).await.unwrap_err();
    assert_eq!((error.kind, error.retry), (Kind::Unavailable, Retry::Now));
    assert!(error.message.contains("sent nothing for 0.05 seconds"), "{error}");
    service.wait_until_left(1).await;
}

#[tokio::test]
async fn an_answer_that_stops_in_the_middle_is_given_up() {
    let service = Service::always(Answer::events("data: a\n\n").ending(End::Never));
    let limits = Limits { idle: Duration::from_millis(50), ..Limits::default() };
    let error = post(&transport(&service, limits)).await.unwrap_err();
    assert_eq!((error.kind, error.retry), (Kind::Unavailable, Retry::Now));
    service.wait_until_left(1).await;
}

#[tokio::test]
async fn an_answer_that_is_cut_off_is_an_error() {
    let service = Service::always(Answer::events("data: a\n\n").ending(End::Cut));
    let error = post(&transport(&service, Limits::default())).await.unwrap_err();
    assert_eq!((error.kind, error.retry), (Kind::Unavailable, Retry::Now));
    assert!(error.message.contains("was lost"), "{error}");
}

#[tokio::test]
async fn an_answer_that_is_too_long_is_given_up() {
    let piece = vec![b'x'; 1 << 20];
    let endless = Answer { pieces: vec![piece; 300], ..Answer::events("") };
    let service = Service::always(endless);
    let error = post(&transport(&service, Limits::default())).await.unwrap_err();
    assert_eq!(error.kind, Kind::LimitExceeded);
    assert!(error.message.contains("more than 64 MiB"), "{error}");
    service.wait_until_left(1).await;
}

#[tokio::test]
async fn cancelling_ends_it_at_every_stage_and_closes_the_connection() {
    for pieces in [vec![], vec![b"data: a\n\n".to_vec()]] {
        let service = Service::always(Answer { pieces, ..Answer::events("").ending(End::Never) });
        let transport = transport(&service, Limits::default());
        let cancel = CancellationToken::new();
        let reading = async {
            let mut incoming = transport.post("/", || body("{}"), &cancel).await?;
            incoming.whole().await
        };
        let stopping = async {
            while service.asked().is_empty() {
                tokio::task::yield_now().await;
            }
            cancel.cancel();
        };
        let (read, ()) = tokio::join!(reading, stopping);
        assert_eq!(read.unwrap_err().kind, Kind::Cancelled);
        service.wait_until_left(1).await;
        let early = transport.post("/", || body("{}"), &cancel).await.unwrap_err();
        assert_eq!((early.kind, service.reached()), (Kind::Cancelled, 1), "what is cancelled before is not sent");
    }
}

#[test]
fn a_key_goes_to_no_other_computer_in_the_clear() {
    for base in ["http://models.example", "http://192.168.1.7:8080/v1"] {
        let error = Transport::new(endpoint(base), Limits::default()).unwrap_err();
        assert_eq!(error.kind, Kind::NotAllowed, "{base}: {error:?}");
        Transport::new(Endpoint { key: None, ..endpoint(base) }, Limits::default()).unwrap();
        Transport::new(endpoint(base), Limits { plain_key: true, ..Limits::default() }).unwrap();
    }
    for base in ["http://localhost:1234", "http://127.0.0.1", "http://[::1]:8080", "https://models.example"] {
        Transport::new(endpoint(base), Limits::default()).unwrap();
    }
}

#[test]
fn no_connection_at_all_is_refused() {
    let none = Limits { connections: 0, ..Limits::default() };
    let error = Transport::new(endpoint("http://127.0.0.1:9"), none).unwrap_err();
    assert!(error.kind == Kind::InvalidInput && error.fix().unwrap().contains("at least one"), "{error:?}");
}

#[test]
fn an_address_that_can_not_be_is_refused_with_what_to_do() {
    for base in ["", "api.example", "ftp://x", "https://user:pass@x", "https://x/?a=1"] {
        let error = Transport::new(endpoint(base), Limits::default()).unwrap_err();
        assert_eq!(error.kind, Kind::InvalidInput, "{base}");
        assert!(error.fix().is_some() && !error.message.contains("pass@"), "{error:?}");
    }
    let odd = Endpoint { key: Some(Secret::new("a\nb", "TEST_KEY")), ..endpoint("https://x") };
    assert!(Transport::new(odd, Limits::default()).unwrap_err().message.contains("the key from TEST_KEY"));
    let roots = vec![b"no certificate".to_vec()];
    assert_eq!(
        Transport::new(endpoint("https://x"), Limits { roots, ..Limits::default() }).unwrap_err().kind,
        Kind::InvalidInput
    );
}

#[test]
fn where_it_goes_is_a_host_and_an_odd_port() {
    for (base, at) in [
        ("https://api.example/v1", "api.example"),
        ("http://localhost:11434", "localhost:11434"),
        ("https://x:443", "x"),
    ] {
        assert_eq!(Transport::new(endpoint(base), Limits::default()).unwrap().at(), at);
    }
}
