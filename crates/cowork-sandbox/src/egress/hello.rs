//! The first message of TLS, from which the name of the server is read.
//!
//! A name that is encrypted (ECH) can't be checked, so that such a message is refused. Browsers also send what only looks like it
//! (GREASE) to get networks used to it; the two can't be told apart, which is what they are made for. So both are refused: a browser
//! has to switch it off, or be given a rule that looks inside, where the proxy is the server and the encrypted name is not read.

use super::{Host, Reason};

/// More than any client sends, with room for the keys of the years to come.
const MOST: usize = 16 << 10;
const HANDSHAKE: u8 = 22;
const CLIENT_HELLO: u8 = 1;
const SERVER_NAME: u16 = 0;
const ENCRYPTED: [u16; 2] = [0xfe0d, 0xffce];

/// Reads a `ClientHello`, however it is cut into records and segments.
#[derive(Debug, Default)]
pub struct Hello {
    header: Vec<u8>,
    /// What is still to come of the record.
    left: usize,
    message: Vec<u8>,
    /// Records that were empty or nearly so can't go on for ever.
    records: usize,
}

/// What a `ClientHello` says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Said {
    /// The server's name, as it was written.
    pub name: Option<String>,
}

impl Said {
    /// Checks that it is this host that is meant. An address has no name.
    ///
    /// # Errors
    /// `OtherName`.
    pub fn is_for(&self, host: &Host) -> Result<(), Reason> {
        let fits = match (host, &self.name) {
            (Host::Name(name), Some(said)) => name.eq_ignore_ascii_case(said),
            (Host::Address(_), None) => true,
            _ => false,
        };
        if fits { Ok(()) } else { Err(Reason::OtherName) }
    }
}

impl Hello {
    /// Takes the next bytes, and gives what it says once it is whole.
    ///
    /// # Errors
    /// `NotTls`, `HiddenName`; `OtherName` for names that can't be meant.
    pub fn feed(&mut self, mut bytes: &[u8]) -> Result<Option<Said>, Reason> {
        while !bytes.is_empty() {
            if self.left == 0 {
                bytes = self.begin_record(bytes)?;
                continue;
            }
            let (now, rest) = bytes.split_at(self.left.min(bytes.len()));
            self.message.extend_from_slice(now);
            self.left -= now.len();
            bytes = rest;
            if let Some(whole) = self.whole()? {
                // Whatever else there is in this record would go by unseen.
                let is_all = self.left == 0 && whole.len() + 4 == self.message.len();
                return if is_all { read(whole).map(Some) } else { Err(Reason::NotTls) };
            }
        }
        Ok(None)
    }

    fn begin_record<'a>(&mut self, bytes: &'a [u8]) -> Result<&'a [u8], Reason> {
        let (now, rest) = bytes.split_at((5 - self.header.len()).min(bytes.len()));
        self.header.extend_from_slice(now);
        if self.header.first().is_some_and(|kind| *kind != HANDSHAKE)
            || self.header.get(1).is_some_and(|major| *major != 3)
        {
            return Err(Reason::NotTls);
        }
        if let [_, _, _, high, low] = self.header[..] {
            self.left = usize::from(u16::from_be_bytes([high, low]));
            self.records += 1;
            self.header.clear();
            if self.left == 0 || self.left > MOST || self.records > MOST {
                return Err(Reason::NotTls);
            }
        }
        Ok(rest)
    }

    /// Gives the message without its head, once it is all there.
    fn whole(&self) -> Result<Option<&[u8]>, Reason> {
        if self.message.first().is_some_and(|kind| *kind != CLIENT_HELLO) {
            return Err(Reason::NotTls);
        }
        let [_, high, middle, low, rest @ ..] = &self.message[..] else { return Ok(None) };
        let len = usize::from(*high) << 16 | usize::from(*middle) << 8 | usize::from(*low);
        if len > MOST {
            return Err(Reason::NotTls);
        }
        Ok(rest.get(..len))
    }
}

/// Bytes of which parts are taken from the front.
struct Parts<'a>(&'a [u8]);

impl<'a> Parts<'a> {
    fn take(&mut self, len: usize) -> Result<&'a [u8], Reason> {
        let (now, rest) = self.0.split_at_checked(len).ok_or(Reason::NotTls)?;
        self.0 = rest;
        Ok(now)
    }

    /// Takes a number of one or two bytes.
    fn number(&mut self, bytes: usize) -> Result<u16, Reason> {
        Ok(self.take(bytes)?.iter().fold(0, |number, byte| number << 8 | u16::from(*byte)))
    }

    /// Takes what has its length before it, in one or two bytes.
    fn sized(&mut self, bytes: usize) -> Result<&'a [u8], Reason> {
        let len = self.number(bytes)?;
        self.take(usize::from(len))
    }

    fn ends(&self) -> Result<(), Reason> {
        if self.0.is_empty() { Ok(()) } else { Err(Reason::NotTls) }
    }
}

fn read(message: &[u8]) -> Result<Said, Reason> {
    let mut parts = Parts(message);
    // The version, random bytes, the session, ciphers, compressions.
    parts.take(34)?;
    parts.sized(1)?;
    parts.sized(2)?;
    parts.sized(1)?;
    let mut extensions = Parts(if parts.0.is_empty() { &[] } else { parts.sized(2)? });
    parts.ends()?;
    let (mut name, mut seen) = (None, Vec::new());
    while !extensions.0.is_empty() {
        let (kind, content) = (extensions.number(2)?, extensions.sized(2)?);
        if ENCRYPTED.contains(&kind) {
            return Err(Reason::HiddenName);
        }
        if seen.contains(&kind) {
            return Err(Reason::NotTls);
        }
        seen.push(kind);
        if kind == SERVER_NAME {
            name = Some(server_name(content)?);
        }
    }
    Ok(Said { name })
}

/// Reads the one name: a list of more than one would be read in two ways.
fn server_name(content: &[u8]) -> Result<String, Reason> {
    let mut parts = Parts(content);
    let mut list = Parts(parts.sized(2)?);
    parts.ends()?;
    if list.number(1)? != 0 {
        return Err(Reason::OtherName);
    }
    let name = list.sized(2)?;
    list.ends().map_err(|_| Reason::OtherName)?;
    match std::str::from_utf8(name) {
        Ok(name) if matches!(Host::read(name), Ok(Host::Name(_))) => Ok(name.to_owned()),
        _ => Err(Reason::OtherName),
    }
}
