//! A request's body, made of pieces that are shared with whoever wrote them.

use std::{
    collections::VecDeque,
    convert::Infallible,
    mem,
    pin::Pin,
    task::{Context, Poll},
};

use bytes::Bytes;
use cowork_core::{Message, Messages};
use http_body::{Frame, SizeHint};

/// Pieces shorter than this are copied together: handing over a short one costs more than its bytes.
const SHORT: usize = 2_048;

/// What is written around a message's content, about.
const AROUND: usize = 128;

/// The pieces of a body, in order. Long ones are shared, not copied.
#[derive(Debug, Default)]
pub struct Pieces {
    shared: VecDeque<Bytes>,
    /// Short pieces that come after the last shared one.
    short: Vec<u8>,
    len: u64,
}

impl Pieces {
    /// Makes one with room for a head of these pieces and, where all of it is short, for the conversation behind it.
    pub(crate) fn with_room(head: &[&[u8]], messages: &Messages) -> Self {
        let short = || head.iter().map(|piece| piece.len()).take_while(|len| *len < SHORT);
        let behind = if short().count() == head.len() && messages.size() < SHORT {
            messages.size() * 5 / 4 + AROUND * (messages.len() + 1)
        } else {
            0
        };
        Self { short: Vec::with_capacity(short().sum::<usize>() + behind), ..Self::default() }
    }

    /// Adds a piece.
    pub fn push(&mut self, piece: Bytes) {
        if piece.len() < SHORT {
            return self.write(&piece);
        }
        self.seal();
        self.len += piece.len() as u64;
        self.shared.push_back(piece);
    }

    /// Adds a copy of these bytes.
    pub fn write(&mut self, bytes: &[u8]) {
        self.len += bytes.len() as u64;
        self.short.extend_from_slice(bytes);
    }

    /// Adds what is written of a conversation's first messages. Each begins with a comma, which is left out of the first unless something
    /// has `begun`. Says whether something has.
    pub(crate) fn push_messages(
        &mut self,
        messages: &Messages,
        count: usize,
        dialect: &'static str,
        begun: bool,
        write: impl Fn(&Message) -> Vec<u8>,
    ) -> bool {
        let mut begun = begun;
        let mut from = |length: usize| usize::from(length > 0 && !mem::replace(&mut begun, true));
        messages.joined(dialect, count, write, |full, last| {
            full.iter().for_each(|piece| self.push(piece.slice(from(piece.len())..)));
            // What comes after it fits too, more often than not.
            self.short.reserve(last.len() + SHORT / 2);
            self.write(&last[from(last.len())..]);
        });
        begun
    }

    /// Gives how many bytes it has.
    pub fn len(&self) -> u64 {
        self.len
    }

    /// Says whether it has none.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Gives all of it, copied: for a test, or to look at.
    pub fn to_vec(&self) -> Vec<u8> {
        let mut all = Vec::new();
        self.shared.iter().for_each(|piece| all.extend_from_slice(piece));
        all.extend_from_slice(&self.short);
        all
    }

    pub(super) fn into_body(mut self) -> Body {
        self.seal();
        Body { pieces: self.shared, left: self.len }
    }

    fn seal(&mut self) {
        if !self.short.is_empty() {
            self.shared.push_back(mem::take(&mut self.short).into());
        }
    }
}

/// A request's body on its way.
#[derive(Default)]
pub(super) struct Body {
    pieces: VecDeque<Bytes>,
    left: u64,
}

impl http_body::Body for Body {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let piece = self.pieces.pop_front();
        self.left -= piece.as_ref().map_or(0, |piece| piece.len() as u64);
        Poll::Ready(piece.map(|piece| Ok(Frame::data(piece))))
    }

    fn is_end_stream(&self) -> bool {
        self.pieces.is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.left)
    }
}
