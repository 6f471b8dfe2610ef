//! Hosts as they are written, strictly. Nothing is looked up.

use std::{
    fmt,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
};

use super::Reason;

/// A host in the one way that it is written here: a name in small letters, or an address.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Host {
    /// A name, as DNS has it.
    Name(String),
    /// An address.
    Address(IpAddr),
}

/// A host and a port: where a connection goes.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Place {
    /// The host.
    pub host: Host,
    /// Its port; never 0.
    pub port: u16,
}

impl Host {
    /// Reads a host as it stands in an address. What could be taken for another host by somebody else is refused: other notations
    /// of an address than the usual one, a final dot, escapes, anything that is not a letter, digit, hyphen or underscore.
    ///
    /// # Errors
    /// `OddHost`.
    pub fn read(text: &str) -> Result<Self, Reason> {
        if let Some(inside) = text.strip_prefix('[') {
            let inside = inside.strip_suffix(']').ok_or(Reason::OddHost)?;
            let address: Ipv6Addr = inside.parse().map_err(|_| Reason::OddHost)?;
            return match address.to_ipv4() {
                // `::1` and `::` are addresses of their own; all others of this kind are another way to write IPv4.
                Some(_) if !address.is_loopback() && !address.is_unspecified() => Err(Reason::OddHost),
                _ => Ok(Self::Address(address.into())),
            };
        }
        if text.len() > 253 || !text.split('.').all(is_label) {
            return Err(Reason::OddHost);
        }
        let last = text.rsplit('.').next().unwrap_or_default();
        if is_number(last) {
            let address: Ipv4Addr = text.parse().map_err(|_| Reason::OddHost)?;
            return Ok(Self::Address(address.into()));
        }
        Ok(Self::Name(text.to_ascii_lowercase()))
    }
}

impl Place {
    /// Reads `HOST` or `HOST:PORT`; without a port it is `usual`, if there is one.
    ///
    /// # Errors
    /// `OddHost`.
    pub fn read(text: &str, usual: Option<u16>) -> Result<Self, Reason> {
        let end = if text.starts_with('[') { text.find(']').map_or(text.len(), |at| at + 1) } else { text.len() };
        let at = text[..end].find(':').filter(|_| !text.starts_with('[')).unwrap_or(end);
        let (host, port) = text.split_at(at);
        let port = match port.strip_prefix(':') {
            Some(digits) => Some(number(digits).ok_or(Reason::OddHost)?),
            None if port.is_empty() => usual,
            None => None,
        };
        Ok(Self { host: Host::read(host)?, port: port.ok_or(Reason::OddHost)? })
    }

    /// Gives `HOST`, with the port where it is another than `usual`.
    pub(super) fn written(&self, usual: u16) -> String {
        if self.port == usual { self.host.to_string() } else { self.to_string() }
    }
}

impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name(name) => f.write_str(name),
            Self::Address(IpAddr::V4(address)) => write!(f, "{address}"),
            Self::Address(IpAddr::V6(address)) => write!(f, "[{address}]"),
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.host, self.port)
    }
}

fn is_label(label: &str) -> bool {
    let is_edge = |c: Option<u8>| c.is_some_and(|c| c != b'-');
    label.len() <= 63
        && is_edge(label.bytes().next())
        && is_edge(label.bytes().last())
        && label.bytes().all(|c| c.is_ascii_alphanumeric() || c == b'-' || c == b'_')
}

/// Says whether a last label makes the whole an address: to many programs `0x7f000001`, `2130706433` and `127.1` are addresses.
fn is_number(last: &str) -> bool {
    let hex = last.strip_prefix("0x").or_else(|| last.strip_prefix("0X"));
    last.bytes().all(|c| c.is_ascii_digit()) || hex.is_some_and(|hex| hex.bytes().all(|c| c.is_ascii_hexdigit()))
}

fn number(digits: &str) -> Option<u16> {
    let plain = digits.bytes().all(|c| c.is_ascii_digit()) && !digits.starts_with('0');
    digits.parse().ok().filter(|_| plain)
}
