//! Keys: what is never shown.

use std::fmt;

use serde::{Serialize, Serializer};
use zeroize::Zeroizing;

/// What stands where a key stood.
const HIDDEN: &str = "[key]";

/// A key for a service. Nothing that prints or writes it shows it; its memory is wiped when it is dropped.
///
/// ```
/// use cowork_models::Secret;
///
/// let key = Secret::new("sk-live-0123456789", "ANTHROPIC_API_KEY");
/// assert_eq!(format!("{key} {key:?}"), "[key from ANTHROPIC_API_KEY] [key from ANTHROPIC_API_KEY]");
/// assert_eq!(key.hide("wrong key: sk-live-0123456789"), "wrong key: [key]");
/// ```
#[derive(Clone)]
pub struct Secret {
    value: Zeroizing<String>,
    origin: String,
}

impl Secret {
    /// Takes a key, without the blanks around it, and where it came from: an environment variable, a file, the keyring.
    pub fn new(value: &str, origin: impl Into<String>) -> Self {
        Self { value: Zeroizing::new(value.trim().to_owned()), origin: origin.into() }
    }

    /// Says where it came from.
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// Gives the key itself, to be sent to its service and nowhere else.
    pub fn expose(&self) -> &str {
        &self.value
    }

    /// Gives the text with the key hidden wherever it stands in it, as when a service repeats what it was sent.
    pub fn hide(&self, text: &str) -> String {
        if self.value.is_empty() { text.to_owned() } else { text.replace(self.value.as_str(), HIDDEN) }
    }
}

impl fmt::Display for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "[key from {}]", self.origin)
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Serialize for Secret {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}
