//! The HTTP client.

use std::{net::IpAddr, sync::Arc};

use cowork_core::{Error, Kind, Result};
use reqwest::{Client, Url, redirect, retry};
use rustls::{
    ClientConfig, RootCertStore,
    crypto::{CryptoProvider, ring},
    pki_types::{CertificateDer, pem::PemObject},
};
use rustls_platform_verifier::Verifier;

use super::{Limits, Proxy};

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

/// Makes the HTTP client by which this address is reached: TLS with ring, the system's roots and proxy, nothing tried again and no
/// redirect followed.
///
/// # Errors
/// `InvalidInput` for an address that can't be used.
pub fn client_for(address: &str) -> Result<Client> {
    build(&base(address)?, &Limits::default())
}

pub(super) fn build(base: &Url, limits: &Limits) -> Result<Client> {
    let builder = Client::builder()
        .user_agent(NAME)
        .tls_backend_preconfigured(tls(base, limits)?)
        .redirect(redirect::Policy::none())
        .retry(retry::never())
        .referer(false)
        .tcp_nodelay(true)
        .connect_timeout(limits.connect)
        .pool_max_idle_per_host(usize::MAX);
    let builder = match &limits.proxy {
        Proxy::System => builder,
        Proxy::None => builder.no_proxy(),
        Proxy::At(address) => builder.proxy(reqwest::Proxy::all(address).map_err(|_| {
            Error::new(Kind::InvalidInput, OP, "the proxy's address can't be used")
                .with_fix("give one such as http://proxy.example:3128")
        })?),
    };
    builder.build().map_err(|e| Error::new(Kind::Internal, OP, "the HTTP client can't be made").with_source(e))
}

/// Sets up TLS: ring, and the system's roots besides those given. Reading the system's roots takes a while, so a service that is
/// reached over plain HTTP by no proxy of ours goes without.
fn tls(base: &Url, limits: &Limits) -> Result<ClientConfig> {
    let provider = Arc::new(ring::default_provider());
    let wrong = |e: rustls::Error| Error::new(Kind::Internal, OP, "TLS can't be set up").with_source(e);
    let builder = ClientConfig::builder_with_provider(provider.clone()).with_safe_default_protocol_versions();
    let builder = builder.map_err(wrong)?;
    let plain = base.scheme() == "http" && !matches!(limits.proxy, Proxy::At(_));
    let mut config = if plain {
        builder.with_root_certificates(RootCertStore::empty()).with_no_client_auth()
    } else {
        let verifier = Arc::new(verifier(&limits.roots, provider)?);
        builder.dangerous().with_custom_certificate_verifier(verifier).with_no_client_auth()
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
