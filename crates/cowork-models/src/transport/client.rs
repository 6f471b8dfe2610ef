//! The HTTP client: hyper's, with rustls. Nothing is tried again once it was sent, and no redirect is followed.

use std::{fmt, net::IpAddr, sync::Arc};

use cowork_core::{Error, Kind, Result};
use http::{HeaderValue, Uri};
use hyper_util::client::proxy::matcher::{Intercept, Matcher};
use rustls::{
    ClientConfig, RootCertStore,
    crypto::{CryptoProvider, ring},
    pki_types::{CertificateDer, pem::PemObject},
};
use rustls_platform_verifier::Verifier;
use url::Url;

use super::{Limits, Proxy, connect::Connector, pool::Client};

const OP: &str = "reach a model";

/// How requests say who sends them.
pub(super) const NAME: &str = concat!("cowork/", env!("CARGO_PKG_VERSION"));

/// Reads a service's address.
pub(super) fn base(text: &str) -> Result<Url> {
    let wrong = |why: &str| {
        Error::new(Kind::InvalidInput, OP, format!("the address of the model service can't be used: {why}"))
            .with_fix("give one that begins with https://, or http:// for one on this computer")
    };
    let url = Url::parse(text).map_err(|e| wrong(&e.to_string()))?;
    match url.scheme() {
        "http" | "https" => {}
        other => return Err(wrong(&format!("it begins with {other}:"))),
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(wrong("it holds a name or a password; those belong into the key"));
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err(wrong("it has a part after ? or #"));
    }
    Ok(url)
}

/// Gives the host, with its port where it is not the usual one.
pub(super) fn host(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
}

/// Refuses to send a key over plain HTTP to another computer.
pub(super) fn guard_key(url: &Url, guarded: bool) -> Result<()> {
    if !guarded || url.scheme() == "https" || is_here(url) {
        return Ok(());
    }
    let message = format!("the key would go to {} in the clear, for everybody on the way to read", host(url));
    Err(Error::new(Kind::NotAllowed, OP, message).with_fix("use https://, or allow a plain key for this service"))
}

/// Says whether it is on this computer.
pub(super) fn is_here(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    let address = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
    host == "localhost" || host.ends_with(".localhost") || address.is_ok_and(|address| address.is_loopback())
}

/// Makes the client, and gives what a proxy has to be told with each request, if one is told them.
pub(super) fn build(base: &Url, limits: &Limits) -> Result<(Client, Option<HeaderValue>)> {
    let wrong = |why: &dyn fmt::Display| {
        Error::new(Kind::InvalidInput, OP, format!("the address of the model service can't be used: {why}"))
    };
    let to = base.as_str().parse::<Uri>().map_err(|e| wrong(&e))?;
    let (proxy, is_tls) = (proxy(&to, &limits.proxy)?, base.scheme() == "https");
    let proxy_by_tls = proxy.as_ref().is_some_and(|proxy| proxy.uri().scheme_str() == Some("https"));
    let tls = tls((is_tls || proxy_by_tls).then_some(&limits.roots[..]))?;
    let connector = Connector::new(limits.connect, tls, proxy.as_ref(), is_tls);
    let host = HeaderValue::from_str(&host(base)).map_err(|e| wrong(&e))?;
    let client = Client::new(connector, to, host, limits.connections);
    Ok((client, proxy.filter(|_| !is_tls).and_then(|proxy| proxy.basic_auth().cloned())))
}

/// Gives the proxy by which this address is reached, if any.
fn proxy(to: &Uri, proxy: &Proxy) -> Result<Option<Intercept>> {
    let address = match proxy {
        Proxy::None => return Ok(None),
        // One that can't be spoken to is refused with each request: a service that needs none may be on the same list.
        Proxy::System => return Ok(Matcher::from_system().intercept(to)),
        Proxy::At(address) => address.trim(),
    };
    // As a person would write it: without a scheme, and with signs in a password that an address has to spell otherwise.
    let whole = if address.contains("://") { address.to_owned() } else { format!("http://{address}") };
    let url = Url::parse(&whole).ok();
    let found = url.and_then(|url| Matcher::builder().all(url.as_str()).build().intercept(to));
    found.filter(is_spoken).map(Some).ok_or_else(|| {
        Error::new(Kind::InvalidInput, OP, "the proxy's address can't be used")
            .with_fix("give one such as http://proxy.example:3128; SOCKS is not spoken")
    })
}

/// Says whether this proxy speaks what is spoken here.
pub(super) fn is_spoken(proxy: &Intercept) -> bool {
    matches!(proxy.uri().scheme_str(), Some("http" | "https"))
}

/// Sets up TLS by which this address is reached: ring, and the system's roots.
///
/// # Errors
/// `InvalidInput` for an address that can't be used.
pub fn tls_for(address: &str) -> Result<ClientConfig> {
    tls((base(address)?.scheme() == "https").then_some(&[]))
}

/// Sets up TLS: ring, and the system's roots besides those given. Reading the system's roots takes a while, so where nothing is reached
/// by TLS there are none.
fn tls(roots: Option<&[Vec<u8>]>) -> Result<ClientConfig> {
    let provider = Arc::new(ring::default_provider());
    let wrong = |e: rustls::Error| Error::new(Kind::Internal, OP, "TLS can't be set up").with_source(e);
    let builder = ClientConfig::builder_with_provider(provider.clone()).with_safe_default_protocol_versions();
    let builder = builder.map_err(wrong)?;
    let mut config = match roots {
        None => builder.with_root_certificates(RootCertStore::empty()).with_no_client_auth(),
        Some(roots) => {
            let verifier = Arc::new(verifier(roots, provider)?);
            builder.dangerous().with_custom_certificate_verifier(verifier).with_no_client_auth()
        }
    };
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(config)
}

fn verifier(roots: &[Vec<u8>], provider: Arc<CryptoProvider>) -> Result<Verifier> {
    let mut extra = Vec::new();
    for root in roots {
        extra.extend(certificates(root)?);
    }
    Verifier::new_with_extra_roots(extra, provider).map_err(|e| {
        Error::new(Kind::InvalidInput, OP, format!("the roots of trust can't be used: {e}"))
            .with_fix("check the certificates that were given, and the system's (on Linux the package ca-certificates)")
            .with_source(e)
    })
}

fn certificates(root: &[u8]) -> Result<Vec<CertificateDer<'static>>> {
    // DER begins with a sequence; PEM is text.
    if root.first() == Some(&0x30) {
        return Ok(vec![CertificateDer::from(root.to_vec())]);
    }
    let read: std::result::Result<Vec<_>, _> = CertificateDer::pem_slice_iter(root).collect();
    read.ok().filter(|all| !all.is_empty()).ok_or_else(|| {
        Error::new(Kind::InvalidInput, OP, "a root of trust is no certificate in PEM or DER")
            .with_fix("give a file that holds -----BEGIN CERTIFICATE-----")
    })
}
