//! TLS on both sides: an authority of the session's own towards the command, the system's roots towards the world.

use std::{
    collections::HashMap,
    fmt,
    net::IpAddr,
    sync::{Arc, Mutex, PoisonError},
};

use cowork_core::{Error, Kind, Result};
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa,
    KeyPair, KeyUsagePurpose,
};
use rustls::{
    ClientConfig, ServerConfig,
    crypto::ring,
    pki_types::{CertificateDer, PrivateKeyDer, ServerName, pem::PemObject},
};
use rustls_platform_verifier::Verifier;

use super::Host;

const OP: &str = "start proxy";
/// The proxy reads requests by HTTP/1.1, so that is what it offers and asks for.
const SPOKEN: &[u8] = b"http/1.1";
/// A wildcard can stand for any number of hosts.
const MOST_KNOWN: usize = 256;

/// Vouches for hosts towards one session's commands. Its keys are in memory only, and gone with it.
pub(super) struct Authority {
    issuer: CertifiedIssuer<'static, KeyPair>,
    /// One for all hosts: it is the same hand that holds it.
    key: KeyPair,
    known: Mutex<HashMap<Host, Arc<ServerConfig>>>,
}

impl Authority {
    pub(super) fn new() -> Result<Self> {
        let mut params = CertificateParams::new(Vec::new()).map_err(wrong)?;
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        params.distinguished_name = named("cowork sandbox, this session only");
        let issuer = CertifiedIssuer::self_signed(params, KeyPair::generate().map_err(wrong)?).map_err(wrong)?;
        Ok(Self { issuer, key: KeyPair::generate().map_err(wrong)?, known: Mutex::default() })
    }

    pub(super) fn pem(&self) -> String {
        self.issuer.pem()
    }

    /// Gives what a server needs to be taken for this host.
    pub(super) fn server(&self, host: &Host) -> Result<Arc<ServerConfig>> {
        if let Some(known) = self.known().get(host) {
            return Ok(known.clone());
        }
        let config = Arc::new(self.vouch(host)?);
        let mut known = self.known();
        if known.len() >= MOST_KNOWN {
            known.clear();
        }
        known.insert(host.clone(), config.clone());
        Ok(config)
    }

    fn vouch(&self, host: &Host) -> Result<ServerConfig> {
        let name = match host {
            Host::Name(name) => name.clone(),
            Host::Address(address) => address.to_string(),
        };
        let mut params = CertificateParams::new(vec![name]).map_err(wrong)?;
        params.distinguished_name = named("cowork sandbox");
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        params.use_authority_key_identifier_extension = true;
        let certificate = params.signed_by(&self.key, &self.issuer).map_err(wrong)?;
        let mut config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(wrong)?
            .with_no_client_auth()
            .with_single_cert(vec![certificate.der().clone()], PrivateKeyDer::Pkcs8(self.key.serialize_der().into()))
            .map_err(wrong)?;
        config.alpn_protocols = vec![SPOKEN.to_vec()];
        Ok(config)
    }

    fn known(&self) -> std::sync::MutexGuard<'_, HashMap<Host, Arc<ServerConfig>>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Authority {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[authority of a session]")
    }
}

/// Gives what a client needs to know the world's servers: the system's roots, and those given in PEM or DER.
pub(super) fn client(roots: &[Vec<u8>]) -> Result<ClientConfig> {
    let provider = Arc::new(ring::default_provider());
    let mut extra = Vec::new();
    for root in roots {
        extra.extend(certificates(root)?);
    }
    let verifier = Verifier::new_with_extra_roots(extra, provider.clone()).map_err(|e| {
        Error::new(Kind::InvalidInput, OP, format!("the roots of trust can't be used: {e}"))
            .with_fix("check the certificates that were given, and the system's (on Linux the package ca-certificates)")
    })?;
    let builder = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().map_err(wrong)?;
    let verifier = Arc::new(verifier);
    let mut config = builder.dangerous().with_custom_certificate_verifier(verifier).with_no_client_auth();
    config.alpn_protocols = vec![SPOKEN.to_vec()];
    Ok(config)
}

/// Gives the name by which a server has to prove itself.
pub(super) fn server_name(host: &Host) -> Option<ServerName<'static>> {
    match host {
        Host::Name(name) => ServerName::try_from(name.clone()).ok(),
        Host::Address(address) => Some(ServerName::IpAddress(IpAddr::into(*address))),
    }
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

fn named(name: &str) -> DistinguishedName {
    let mut named = DistinguishedName::new();
    named.push(DnType::CommonName, name);
    named
}

fn wrong(error: impl std::error::Error + Send + Sync + 'static) -> Error {
    Error::new(Kind::Internal, OP, "TLS can't be set up").with_source(error)
}
