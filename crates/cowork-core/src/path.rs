//! How a tool names a file: by the granted folder it lies in, then the way down.

use std::{fmt, str::FromStr};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Error, Kind, Result};

/// Names a file or folder in the session's view: `Downloads/letters/may.txt`.
///
/// The first part is the name of a granted folder, the rest leads down from it. It has no empty part, no `.` and no `..`,
/// and does not start with `/`. Bytes that are not UTF-8 are written `\xNN` and a backslash `\\`, so that every name that
/// a Unix file system can hold has exactly one such text.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, JsonSchema)]
#[serde(transparent)]
pub struct FilePath(String);

impl FilePath {
    /// Reads a path, or says what is wrong with it.
    pub fn parse(text: &str) -> Result<Self> {
        let bad = |why: &str| {
            Err(Error::new(
                Kind::InvalidInput,
                "read path",
                format!("`{}` is not a path here: {why}", text.escape_debug()),
            )
            .with_fix("name a file as FOLDER/NAME, FOLDER being one of the granted folders"))
        };
        if text.starts_with('/') {
            return bad("it starts with `/`");
        }
        let text = text.strip_suffix('/').unwrap_or(text);
        for part in text.split('/') {
            match unescape(part) {
                None => return bad("a backslash must be followed by `\\` or `xNN`"),
                Some(b) if b.is_empty() => return bad("a part of it is empty"),
                Some(b) if b == b"." || b == b".." => return bad("`.` and `..` are not allowed"),
                Some(b) if b.contains(&0) || b.contains(&b'/') => return bad("a name can't hold NUL or `/`"),
                Some(b) if escape(&b) != part => return bad("it is not written in the usual form"),
                Some(_) => {}
            }
        }
        Ok(Self(text.to_owned()))
    }

    /// Adds one name, given as the file system's bytes.
    #[must_use]
    pub fn join_bytes(&self, name: &[u8]) -> Self {
        self.join_all([name])
    }

    /// Adds names, given as the file system's bytes, the outermost first.
    #[must_use]
    pub fn join_all<'a>(&self, names: impl IntoIterator<Item = &'a [u8]>) -> Self {
        let mut text = String::with_capacity(self.0.len() + 32);
        text.push_str(&self.0);
        for name in names {
            text.push('/');
            escape_into(name, &mut text);
        }
        Self(text)
    }

    /// Adds a relative way down: `a` or `a/b`.
    pub fn join(&self, rest: &str) -> Result<Self> {
        Self::parse(&format!("{}/{rest}", self.0))
    }

    /// Gives the text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Gives the granted folder's name.
    pub fn root(&self) -> &str {
        self.0.split('/').next().unwrap_or_default()
    }

    /// Gives the names below the granted folder, as the file system's bytes.
    pub fn below(&self) -> impl Iterator<Item = Vec<u8>> + '_ {
        self.0.split('/').skip(1).map(|p| unescape(p).unwrap_or_default())
    }

    /// Gives the last name as text.
    pub fn name(&self) -> &str {
        self.0.rsplit('/').next().unwrap_or_default()
    }

    /// Gives the folder it lies in, or nothing for a granted folder itself.
    pub fn parent(&self) -> Option<Self> {
        self.0.rsplit_once('/').map(|(parent, _)| Self(parent.to_owned()))
    }

    /// Says whether this is `other` or lies below it.
    pub fn is_within(&self, other: &Self) -> bool {
        self.0.strip_prefix(&other.0).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    }
}

/// Writes a name's bytes as text.
pub fn escape(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len());
    escape_into(bytes, &mut out);
    out
}

fn escape_into(bytes: &[u8], out: &mut String) {
    match std::str::from_utf8(bytes) {
        // Nearly every name.
        Ok(text) if !text.contains('\\') => return out.push_str(text),
        _ => {}
    }
    for chunk in bytes.utf8_chunks() {
        for c in chunk.valid().chars() {
            if c == '\\' {
                out.push('\\');
            }
            out.push(c);
        }
        for b in chunk.invalid() {
            out.push_str(&format!("\\x{b:02x}"));
        }
    }
}

/// Reads such a text back; none if it is not written so.
pub fn unescape(text: &str) -> Option<Vec<u8>> {
    if !text.contains('\\') {
        return Some(text.as_bytes().to_vec());
    }
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&b, tail)) = rest.split_first() {
        rest = tail;
        match (b, tail) {
            (b'\\', [b'\\', after @ ..]) => {
                out.push(b'\\');
                rest = after;
            }
            (b'\\', [b'x', high, low, after @ ..]) => {
                let digits = [*high, *low];
                out.push(u8::from_str_radix(std::str::from_utf8(&digits).ok()?, 16).ok()?);
                rest = after;
            }
            (b'\\', _) => return None,
            _ => out.push(b),
        }
    }
    Some(out)
}

impl fmt::Display for FilePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for FilePath {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        Self::parse(text)
    }
}

impl<'de> Deserialize<'de> for FilePath {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).map_err(serde::de::Error::custom)
    }
}
