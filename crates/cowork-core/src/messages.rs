//! A conversation that grows: adding to it, sharing it and sending it again cost what is new.

use std::{
    borrow::Cow,
    ops::Deref,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use bytes::Bytes;
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::Message;

/// How much is written before it becomes a piece that is shared instead of copied: 2 KiB.
const PIECE: usize = 2 << 10;

/// How long a piece may become: 64 KiB.
const LONGEST: usize = 64 << 10;

/// The messages of a conversation, oldest first. A clone shares them.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Messages(Arc<Conversation>);

#[derive(Debug, Default)]
struct Conversation {
    list: Vec<Arc<Message>>,
    size: usize,
    joined: Mutex<Joined>,
}

/// What an implementation of [`Model`](crate::Model) has written of the first messages.
#[derive(Clone, Debug, Default)]
struct Joined {
    dialect: &'static str,
    /// Of how many.
    count: usize,
    full: Vec<Bytes>,
    last: Vec<u8>,
}

impl Messages {
    /// Adds a message at the end.
    pub fn push(&mut self, message: impl Into<Arc<Message>>) {
        let (inner, message) = (Arc::make_mut(&mut self.0), message.into());
        inner.size += message.size();
        inner.list.push(message);
    }

    /// Takes the last message away.
    pub fn pop(&mut self) -> Option<Arc<Message>> {
        let inner = Arc::make_mut(&mut self.0);
        let last = inner.list.pop()?;
        inner.size -= last.size();
        inner.joined().keep(inner.list.len());
        Some(last)
    }

    /// Gives how many bytes of text they come to, for an estimate of their tokens.
    pub fn size(&self) -> usize {
        self.0.size
    }

    /// Gives what was written in this dialect of the first `count` messages, one after the other: long pieces that can be shared,
    /// and a last one. Only what was not written before is written now.
    pub fn joined<T>(
        &self,
        dialect: &'static str,
        count: usize,
        write: impl Fn(&Message) -> Vec<u8>,
        read: impl FnOnce(&[Bytes], &[u8]) -> T,
    ) -> T {
        let mut joined = self.0.joined();
        if joined.dialect != dialect {
            *joined = Joined { dialect, ..Joined::default() };
        }
        joined.keep(count);
        for message in self.0.list.iter().take(count).skip(joined.count) {
            joined.add(&message.written.take_or(dialect, || write(message)));
        }
        joined.count = count.min(self.0.list.len());
        read(&joined.full, &joined.last)
    }
}

impl Conversation {
    fn joined(&self) -> MutexGuard<'_, Joined> {
        self.joined.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Joined {
    fn add(&mut self, written: &[u8]) {
        self.last.extend_from_slice(written);
        if self.last.len() < PIECE {
            return;
        }
        let mut full = std::mem::take(&mut self.last);
        // Each piece is longer than those behind it, so that there are few, and each byte is copied a few times at most.
        while let Some(before) = self.full.pop_if(|p| p.len() <= full.len() && p.len() + full.len() <= LONGEST) {
            full = [&before[..], &full].concat();
        }
        self.full.push(full.into_boxed_slice().into());
    }

    /// Forgets all if it is of more messages than these.
    fn keep(&mut self, count: usize) {
        if self.count > count {
            *self = Self { dialect: self.dialect, ..Self::default() };
        }
    }
}

impl Clone for Conversation {
    fn clone(&self) -> Self {
        Self { list: self.list.clone(), size: self.size, joined: Mutex::new(self.joined().clone()) }
    }
}

impl PartialEq for Conversation {
    fn eq(&self, other: &Self) -> bool {
        self.list == other.list
    }
}

impl Deref for Messages {
    type Target = [Arc<Message>];

    fn deref(&self) -> &[Arc<Message>] {
        &self.0.list
    }
}

impl From<Vec<Arc<Message>>> for Messages {
    fn from(list: Vec<Arc<Message>>) -> Self {
        let size = list.iter().map(|message| message.size()).sum();
        Self(Arc::new(Conversation { list, size, joined: Mutex::default() }))
    }
}

impl FromIterator<Arc<Message>> for Messages {
    fn from_iter<I: IntoIterator<Item = Arc<Message>>>(messages: I) -> Self {
        Self::from(messages.into_iter().collect::<Vec<_>>())
    }
}

impl<'a> IntoIterator for &'a Messages {
    type Item = &'a Arc<Message>;
    type IntoIter = std::slice::Iter<'a, Arc<Message>>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl Serialize for Messages {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.list.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Messages {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Vec::<Arc<Message>>::deserialize(deserializer).map(Self::from)
    }
}

impl JsonSchema for Messages {
    fn schema_name() -> Cow<'static, str> {
        "Messages".into()
    }

    fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        Vec::<Message>::json_schema(generator)
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    /// Joins all but the last message; gives what was written of how many, and how often something was written.
    fn joined(messages: &Messages, dialect: &'static str) -> (String, usize) {
        let times = Cell::new(0);
        let write = |message: &Message| {
            times.set(times.get() + 1);
            format!(",{}", message.text()).into_bytes()
        };
        let text = messages.joined(dialect, messages.len() - 1, write, |full, last| {
            let all = full.iter().flatten().chain(last).copied().collect();
            String::from_utf8(all).unwrap_or_default()
        });
        (text, times.get())
    }

    #[test]
    fn what_was_written_of_a_growing_conversation_is_not_written_again() {
        let (mut messages, mut all) = (Messages::default(), String::new());
        messages.push(Message::user("0"));
        for n in 1..50 {
            let long = "x".repeat(n * 100);
            all.push(',');
            all.push_str(&messages.last().map(|m| m.text()).unwrap_or_default());
            messages.push(Message::user(format!("{n}{long}")));
            assert_eq!(joined(&messages, "a"), (all.clone(), 1));
        }
        assert_eq!(joined(&messages, "a"), (all.clone(), 0));
        assert_eq!(joined(&messages, "b"), (all, 49), "another service's is its own");
    }

    #[test]
    fn what_is_taken_back_is_not_sent() {
        let mut messages: Messages = ["0", "1", "2"].map(|text| Arc::new(Message::user(text))).into_iter().collect();
        assert_eq!(joined(&messages, "a").0, ",0,1");
        let before = messages.clone();
        messages.pop();
        messages.pop();
        messages.push(Message::user("one"));
        messages.push(Message::user("two"));
        assert_eq!(joined(&messages, "a").0, ",0,one");
        assert_eq!(joined(&before, "a").0, ",0,1", "a clone goes its own way");
        assert_eq!(messages.size(), messages.iter().map(|m| m.size()).sum::<usize>());
    }
}
