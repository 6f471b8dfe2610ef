//! The session's token.

use std::fmt;

use base64::{Engine, prelude::BASE64_STANDARD};
use cowork_core::{Error, Kind, Result};
use rustls::crypto::ring;
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

const USER: &str = "cowork";

/// What a command says to the proxy of its own session. Nothing that prints it shows it.
#[derive(Clone)]
pub struct Token {
    text: Zeroizing<String>,
    /// What `Proxy-Authorization` holds after `Basic `.
    expected: Zeroizing<String>,
}

impl Token {
    /// Makes one that nobody can guess.
    ///
    /// # Errors
    /// `Unavailable` if the system gives no random bytes.
    pub fn random() -> Result<Self> {
        let mut bytes = Zeroizing::new([0u8; 32]);
        ring::default_provider().secure_random.fill(bytes.as_mut()).map_err(|_| {
            Error::new(Kind::Unavailable, "make token", "the system gives no random bytes").with_fix("try again later")
        })?;
        let text = Zeroizing::new(bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>());
        let expected = Zeroizing::new(BASE64_STANDARD.encode(format!("{USER}:{}", text.as_str())));
        Ok(Self { text, expected })
    }

    /// Gives the token itself, for the session's own command and nobody else.
    pub fn expose(&self) -> &str {
        &self.text
    }

    /// Gives the proxy's address for `http_proxy` and `https_proxy`, where it listens on this port of the sandbox's own loopback.
    pub fn proxy_address(&self, port: u16) -> String {
        format!("http://{USER}:{}@127.0.0.1:{port}", self.text.as_str())
    }

    /// Says whether a `Proxy-Authorization` is this session's. It takes as long whatever part of it is wrong.
    pub(super) fn is_said_by(&self, header: &[u8]) -> bool {
        let scheme = header.get(..6).is_some_and(|scheme| scheme.eq_ignore_ascii_case(b"basic "));
        scheme && header[6..].ct_eq(self.expected.as_bytes()).into()
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[token]")
    }
}
