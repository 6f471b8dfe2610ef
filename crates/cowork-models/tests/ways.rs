//! The ways that a network has: TLS, roots of an organisation's own, proxies.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that can't go on says so by panicking")]

mod service;

use std::sync::Arc;

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

fn endpoint(base: &str, key: Option<Secret>) -> Endpoint {
    let headers = vec![];
    Endpoint { base: base.to_owned(), key, auth: Auth::Bearer, key_from: "TEST_KEY".to_owned(), headers }
}

async fn post(transport: &Transport) -> Result<Vec<u8>> {
    let mut body = Pieces::default();
    body.write(b"{}");
    let mut incoming = transport.post("/v1/x", body, &CancellationToken::new()).await?;
    incoming.whole().await
}

/// An organisation's own authority, and a service that it vouches for: the root in PEM and in DER.
fn vouched() -> (Service, String, Vec<u8>) {
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
    let service = Service::over(Some(Arc::new(config)), |_| Answer::json(200, &json!({ "ok": true })));
    (service, root.pem(), root.der().to_vec())
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
    let limits = Limits { proxy: Proxy::At(proxy.base.clone()), ..Limits::default() };
    let key = Some(Secret::new("sk-proxied", "TEST_KEY"));
    let transport = Transport::new(endpoint("https://models.example", key), limits).unwrap();
    let error = post(&transport).await.unwrap_err();
    assert_eq!(error.kind, Kind::Unavailable, "{error:?}");
    let asked = &proxy.asked()[0];
    assert_eq!((asked.method.as_str(), asked.path.as_str()), ("CONNECT", "models.example:443"));
    assert!(!format!("{asked:?}").contains("sk-proxied"), "{asked:?}");
}
