//! Credentials that the host holds, and a command never sees.

use std::fmt;

use cowork_core::{Error, Kind, Result};
use hyper::{
    HeaderMap,
    header::{AUTHORIZATION, COOKIE, HeaderName, HeaderValue},
};
use zeroize::Zeroizing;

/// Headers that say who asks, by which a command could speak to a granted host as somebody else.
const WHO: [HeaderName; 8] = [
    AUTHORIZATION,
    COOKIE,
    HeaderName::from_static("x-api-key"),
    HeaderName::from_static("api-key"),
    HeaderName::from_static("x-goog-api-key"),
    HeaderName::from_static("x-auth-token"),
    HeaderName::from_static("x-access-token"),
    HeaderName::from_static("private-token"),
];

/// A header that the proxy adds to requests. Nothing that prints it shows its value.
#[derive(Clone)]
pub struct Credential {
    header: HeaderName,
    value: Zeroizing<Vec<u8>>,
}

impl Credential {
    /// Takes a header's name and value.
    ///
    /// # Errors
    /// `InvalidInput` if it can't be a header, or is one by which a connection is run.
    pub fn new(header: &str, value: &str) -> Result<Self> {
        let invalid = |why: &str| {
            Error::new(Kind::InvalidInput, "take credential", format!("the credential's {why}"))
                .with_fix("give a header such as `authorization` and its value in one line")
        };
        let header = HeaderName::from_bytes(header.as_bytes()).map_err(|_| invalid("header is no header's name"))?;
        if super::forward::runs_connection(&header) {
            return Err(invalid("header is one by which a connection is run"));
        }
        let value = Zeroizing::new(value.trim().as_bytes().to_vec());
        if value.is_empty() || HeaderValue::from_bytes(&value).is_err() {
            return Err(invalid("value is empty or has characters that no header can have"));
        }
        Ok(Self { header, value })
    }

    /// Takes a token for `Authorization: Bearer`.
    ///
    /// # Errors
    /// `InvalidInput` if it can't stand in a header.
    pub fn bearer(token: &str) -> Result<Self> {
        let token = token.trim();
        let value = Zeroizing::new(if token.is_empty() { String::new() } else { format!("Bearer {token}") });
        Self::new(AUTHORIZATION.as_str(), &value)
    }

    /// Takes away what a command says of who it is.
    pub(super) fn strip<'a>(headers: &mut HeaderMap, at_host: impl Iterator<Item = &'a Self>) {
        at_host.map(|credential| &credential.header).chain(&WHO).for_each(|name| drop(headers.remove(name)));
    }

    pub(super) fn add(&self, headers: &mut HeaderMap) {
        if let Ok(mut value) = HeaderValue::from_bytes(&self.value) {
            value.set_sensitive(true);
            headers.insert(self.header.clone(), value);
        }
    }
}

impl fmt::Debug for Credential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "[credential in {}]", self.header)
    }
}
