//! Typed identifiers: UUID version 7, so that they sort by the time they were made.

use std::{fmt, str::FromStr};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::{Builder, Uuid};

use crate::{Error, Kind, Runtime};

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident),+ $(,)?) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
        #[serde(transparent)]
        pub struct $name(Uuid);

        impl $name {
            /// Makes a new identifier from the runtime's clock and entropy.
            pub fn new(runtime: &dyn Runtime) -> Self {
                Self(uuid_v7(runtime))
            }

            /// Wraps an identifier that came from elsewhere.
            pub const fn from_uuid(uuid: Uuid) -> Self {
                Self(uuid)
            }

            /// Gives the UUID.
            pub const fn uuid(self) -> Uuid {
                self.0
            }

            /// Gives the last six hexadecimal digits, enough for a person to name it by.
            pub fn short(self) -> String {
                let text = self.0.simple().to_string();
                text[text.len() - 6..].to_owned()
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(&self.0, f)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self.0)
            }
        }

        impl FromStr for $name {
            type Err = Error;

            fn from_str(text: &str) -> Result<Self, Error> {
                Uuid::parse_str(text).map(Self).map_err(|e| {
                    Error::new(Kind::InvalidInput, "parse id", format!("`{text}` is not an identifier")).with_source(e)
                })
            }
        }
    )+};
}

ids! {
    /// Names a thread: one conversation, whose log has one home.
    ThreadId,
    /// Names a task: one piece of work inside a thread.
    TaskId,
    /// Names a call of a tool: one decided use of it, the same over every attempt.
    CallId,
    /// Names a command, as its sender made it; `(thread, sender, id)` is accepted once.
    CommandId,
    /// Names one question to a model, the same over every try.
    AskId,
}

impl TaskId {
    /// Makes a new identifier that comes after this one, whatever the clock says.
    pub(crate) fn after(self, runtime: &dyn Runtime) -> Self {
        let bytes = self.0.as_bytes();
        let millis = bytes[..6].iter().fold(0, |sum, byte| sum << 8 | u64::from(*byte));
        Self(uuid_at(millis + 1, runtime))
    }
}

impl ThreadId {
    /// Names the thread that a person calls `name`: the same name gives the same thread (a UUID version 8).
    pub fn named(name: &str) -> Self {
        let mut hasher = blake3::Hasher::new_derive_key("cowork thread name 1");
        hasher.update(name.as_bytes());
        let mut bytes = [0; 16];
        hasher.finalize_xof().fill(&mut bytes);
        Self(Builder::from_custom_bytes(bytes).into_uuid())
    }
}

fn uuid_v7(runtime: &dyn Runtime) -> Uuid {
    uuid_at(u64::try_from(runtime.now().as_millis()).unwrap_or(0), runtime)
}

fn uuid_at(millis: u64, runtime: &dyn Runtime) -> Uuid {
    let random = runtime.entropy().to_le_bytes();
    let mut tail = [0; 10];
    tail.copy_from_slice(&random[..10]);
    Builder::from_unix_timestamp_millis(millis, &tail).into_uuid()
}
