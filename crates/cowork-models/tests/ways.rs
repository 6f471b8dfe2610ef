//! The ways that a network has: TLS, roots of an organisation's own, proxies.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that can't go on says so by panicking")]

mod service;

use std::{convert::Infallible, pin::pin, sync::Arc, time::Duration};

use cowork_core::{CancellationToken, Kind, Result, Retry};
use cowork_models::{
    Auth, Endpoint, Limits, Secret, Transport,
    transport::{Pieces, Proxy},
};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::{
    ServerConfig,
    crypto::ring,
    pki_types::{CertificateDer, PrivateKeyDer},
};
use serde_json::json;
use service::{Answer, Service};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, copy_bidirectional},
    net::{TcpListener, TcpStream},
    sync::{Semaphore, oneshot},
};
use tokio_rustls::TlsAcceptor;

fn endpoint(base: &str, key: Option<Secret>) -> Endpoint {
    let headers = vec![];
    Endpoint { base: base.to_owned(), key, auth: Auth::Bearer, key_from: "TEST_KEY".to_owned(), headers }
}

async fn post(transport: &Transport) -> Result<Vec<u8>> {
    let mut body = Pieces::default();
    body.write(b"{}");
    let mut incoming = transport.post("/v1/x", || body, &CancellationToken::new()).await?;
    incoming.whole().await
}

/// An organisation's own authority, and what a service that it vouches for proves that with: the root in PEM and in DER.
fn authority() -> (ServerConfig, String, Vec<u8>) {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let root = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
    let key = KeyPair::generate().unwrap();
    let params = CertificateParams::new(vec!["127.0.0.1".to_owned()]).unwrap();
    let certificate: CertificateDer<'static> = params.signed_by(&key, &root).unwrap().der().clone();
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate], PrivateKeyDer::Pkcs8(key.serialize_der().into()))
        .unwrap();
    (config, root.pem(), root.der().to_vec())
}

fn vouched() -> (Service, String, Vec<u8>) {
    let (config, pem, der) = authority();
    (Service::over(Some(Arc::new(config)), |_| Answer::json(200, &json!({ "ok": true }))), pem, der)
}

#[tokio::test]
async fn a_service_is_reached_by_tls_with_a_root_that_the_host_gives() {
    let (service, pem, der) = vouched();
    for root in [pem.into_bytes(), der] {
        let limits = Limits { roots: vec![root], proxy: Proxy::None, ..Limits::default() };
        let key = Some(Secret::new("sk-tls", "TEST_KEY"));
        let transport = Transport::new(endpoint(&service.base, key), limits).unwrap();
        assert_eq!(post(&transport).await.unwrap(), br#"{"ok":true}"#);
    }
    assert_eq!(service.asked()[0].header("authorization"), Some("Bearer sk-tls"));
}

#[tokio::test]
async fn a_service_that_nobody_vouches_for_is_refused() {
    let (service, ..) = vouched();
    let (_, other, _) = vouched();
    let limits = Limits { roots: vec![other.into_bytes()], proxy: Proxy::None, ..Limits::default() };
    let error = post(&Transport::new(endpoint(&service.base, None), limits).unwrap()).await.unwrap_err();
    assert_eq!((error.kind, error.retry), (Kind::Unavailable, Retry::Never), "{error:?}");
    assert!(error.message.contains("can't prove that it is who it says"), "{error}");
    assert!(error.fix().unwrap().contains("root certificate"), "{error:?}");
    assert_eq!(service.reached(), 0);
}

#[tokio::test]
async fn a_proxy_that_the_host_gives_is_used() {
    let proxy = Service::always(Answer::json(200, &json!({ "ok": true })));
    let limits = Limits { proxy: Proxy::At(proxy.base.clone()), ..Limits::default() };
    let transport = Transport::new(endpoint("http://models.example", None), limits).unwrap();
    assert_eq!(post(&transport).await.unwrap(), br#"{"ok":true}"#);
    assert_eq!(proxy.asked()[0].path, "http://models.example/v1/x");
}

#[tokio::test]
async fn a_proxy_that_refuses_is_said_so_and_sees_no_key() {
    let proxy = Service::always(Answer::new(407, "text/html", "<html><title>Proxy login</title>"));
    let limits = Limits { proxy: Proxy::At(proxy.base.clone()), plain_key: true, ..Limits::default() };
    for (base, asked) in [
        ("https://models.example", ("CONNECT", "models.example:443")),
        ("http://models.example", ("POST", "http://models.example/v1/x")),
    ] {
        let key = base.starts_with("https").then(|| Secret::new("sk-proxied", "TEST_KEY"));
        let error = post(&Transport::new(endpoint(base, key), limits.clone()).unwrap()).await.unwrap_err();
        assert_eq!((error.kind, error.retry), (Kind::NotAllowed, Retry::Never), "{error:?}");
        assert!(error.message.contains("the proxy before models.example wants to know who asks"), "{error}");
        assert!(error.fix().unwrap().contains("http://NAME:PASSWORD@proxy.example:3128"), "{error:?}");
        let last = proxy.asked().pop().unwrap();
        assert_eq!((last.method.as_str(), last.path.as_str()), asked);
        assert!(!format!("{last:?}").contains("sk-proxied"), "{last:?}");
    }
}

#[tokio::test]
async fn a_proxy_that_is_told_each_request_is_told_who_asks() {
    let proxy = Service::always(Answer::json(200, &json!({ "ok": true })));
    let by = proxy.base.replace("http://", "http://ann:s3cret@");
    let limits = Limits { proxy: Proxy::At(by), ..Limits::default() };
    let transport = Transport::new(endpoint("http://models.example", None), limits).unwrap();
    assert_eq!(post(&transport).await.unwrap(), br#"{"ok":true}"#);
    assert_eq!(proxy.asked()[0].header("proxy-authorization"), Some("Basic YW5uOnMzY3JldA=="));
}

/// Passes one connection on, and gives what it was told.
async fn pass_on(mut from: impl AsyncRead + AsyncWrite + Unpin, tell: oneshot::Sender<String>) {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(from.read_u8().await.unwrap());
    }
    let head = String::from_utf8(head).unwrap();
    let mut to = TcpStream::connect(head.split(' ').nth(1).unwrap()).await.unwrap();
    tell.send(head).unwrap();
    from.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await.unwrap();
    let _ = copy_bidirectional(&mut from, &mut to).await;
}

/// A proxy that passes one connection on, reached by TLS if there is something to prove who it is with.
async fn passing_on(tls: Option<ServerConfig>) -> (u16, oneshot::Receiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let (tell, told) = oneshot::channel();
    tokio::spawn(async move {
        let (stream, _) = listener.accept().await.unwrap();
        match tls {
            None => pass_on(stream, tell).await,
            Some(config) => pass_on(TlsAcceptor::from(Arc::new(config)).accept(stream).await.unwrap(), tell).await,
        }
    });
    (port, told)
}

#[tokio::test]
async fn a_service_behind_a_proxy_is_spoken_to_by_tls_that_the_proxy_can_not_read() {
    for by_tls in [false, true] {
        let (service, pem, _) = vouched();
        let (config, other, _) = authority();
        let (port, told) = passing_on(by_tls.then_some(config)).await;
        let scheme = if by_tls { "https" } else { "http" };
        let proxy = Proxy::At(format!("{scheme}://ann:s3cr@t^@127.0.0.1:{port}"));
        let limits = Limits { roots: vec![pem.into_bytes(), other.into_bytes()], proxy, ..Limits::default() };
        let key = Some(Secret::new("sk-tls", "TEST_KEY"));
        let transport = Transport::new(endpoint(&service.base, key), limits).unwrap();
        assert_eq!(post(&transport).await.unwrap(), br#"{"ok":true}"#);
        let told = told.await.unwrap();
        assert!(told.starts_with("CONNECT 127.0.0.1:") && told.contains("user-agent: cowork/"), "{told}");
        assert!(told.to_ascii_lowercase().contains("proxy-authorization: basic yw5uonmzy3jadf4="), "{told}");
        assert!(!told.contains("sk-tls"), "{told}");
        let asked = &service.asked()[0];
        assert_eq!((asked.path.as_str(), asked.header("authorization")), ("/v1/x", Some("Bearer sk-tls")));
        assert_eq!(asked.header("proxy-authorization"), None);
    }
}

#[tokio::test]
async fn a_proxy_that_is_told_each_request_may_be_reached_by_tls() {
    let (proxy, pem, _) = vouched();
    let limits = Limits { roots: vec![pem.into_bytes()], proxy: Proxy::At(proxy.base.clone()), ..Limits::default() };
    let transport = Transport::new(endpoint("http://models.example", None), limits).unwrap();
    assert_eq!(post(&transport).await.unwrap(), br#"{"ok":true}"#);
    assert_eq!(proxy.asked()[0].path, "http://models.example/v1/x");
}

#[test]
fn a_proxy_that_can_not_be_used_is_refused_at_once() {
    for proxy in ["socks5://127.0.0.1:1080", "ftp://127.0.0.1", "", "http://"] {
        let limits = Limits { proxy: Proxy::At(proxy.to_owned()), ..Limits::default() };
        let error = Transport::new(endpoint("https://models.example", None), limits).unwrap_err();
        assert_eq!(error.kind, Kind::InvalidInput, "{proxy}: {error:?}");
        assert!(error.fix().unwrap().contains("http://proxy.example:3128"), "{error:?}");
    }
}

/// Serves by HTTP/2: so many connections and no more, each closed in an orderly way once it answered so many requests. Gives its address, and
/// the root that it goes by.
async fn by_http2(connections: usize, requests: usize) -> (String, String) {
    let (mut config, pem, _) = authority();
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("https://{}", listener.local_addr().unwrap());
    let tls = TlsAcceptor::from(Arc::new(config));
    tokio::spawn(async move {
        for _ in 0..connections {
            let (stream, _) = listener.accept().await.unwrap();
            let stream = tls.accept(stream).await.unwrap();
            assert_eq!(stream.get_ref().1.alpn_protocol(), Some(&b"h2"[..]));
            let taken = Arc::new(Semaphore::new(0));
            let each = taken.clone();
            let answer = move |request: http::Request<hyper::body::Incoming>| {
                each.add_permits(1);
                async move { Ok::<_, Infallible>(http::Response::new(told(&request))) }
            };
            let serving = hyper::server::conn::http2::Builder::new(hyper_util::rt::TokioExecutor::new());
            let stream = hyper_util::rt::TokioIo::new(stream);
            let mut serving = pin!(serving.serve_connection(stream, hyper::service::service_fn(answer)));
            let all = taken.acquire_many(requests.try_into().unwrap());
            tokio::select! { _ = serving.as_mut() => {}, _ = all => {
                serving.as_mut().graceful_shutdown();
                let _ = serving.await;
            } }
        }
    });
    (base, pem)
}

fn told(request: &http::Request<hyper::body::Incoming>) -> String {
    let of = |name| request.headers().get(name).map_or("", |v: &http::HeaderValue| v.to_str().unwrap());
    let (host, key, kind) = (of("host"), of("authorization"), of("content-type"));
    json!({ "path": request.uri().path(), "host": host, "key": key, "type": kind }).to_string()
}

#[tokio::test]
async fn a_service_that_speaks_http_2_is_spoken_to_by_one_connection() {
    let (base, pem) = by_http2(1, 99).await;
    let limits = Limits { roots: vec![pem.into_bytes()], proxy: Proxy::None, ..Limits::default() };
    let transport = Transport::new(endpoint(&base, Some(Secret::new("sk-2", "TEST_KEY"))), limits).unwrap();
    // The first one finds out how the service is spoken to; the others share what it found.
    let expected = json!({ "path": "/v1/x", "host": "", "key": "Bearer sk-2", "type": "application/json" });
    let first: serde_json::Value = serde_json::from_slice(&post(&transport).await.unwrap()).unwrap();
    assert_eq!(first, expected);
    let (a, b) = tokio::join!(post(&transport), post(&transport));
    assert_eq!(a.unwrap(), b.unwrap());
}

#[tokio::test]
async fn an_http_2_connection_that_has_ended_is_followed_by_another() {
    let (base, pem) = by_http2(3, 2).await;
    let limits = Limits { roots: vec![pem.into_bytes()], proxy: Proxy::None, ..Limits::default() };
    let transport = Transport::new(endpoint(&base, None), limits).unwrap();
    for _ in 0..6 {
        post(&transport).await.unwrap();
    }
}

#[tokio::test]
async fn a_proxy_that_says_nothing_is_not_waited_for_longer_than_a_connection_may_take() {
    // It takes the connection and leaves it at that.
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let proxy = Proxy::At(silent.local_addr().unwrap().to_string());
    let limits = Limits { proxy, connect: Duration::from_millis(50), ..Limits::default() };
    let error = post(&Transport::new(endpoint("https://models.example", None), limits).unwrap()).await.unwrap_err();
    assert_eq!((error.kind, error.retry), (Kind::Unavailable, Retry::Now), "{error:?}");
    assert!(error.message.contains("no connection in time"), "{error}");
}
