//! Server-sent events, read as they arrive.
//!
//! The parser does no I/O: it is fed pieces and tells each event once it is whole. However a stream is cut into pieces, the
//! events are the same. An event that lies in one piece is borrowed from it.
//!
//! Source: the HTML standard, "Server-sent events". Left out, because nothing here reconnects: `id` and `retry`. Otherwise than
//! there, a last event without its blank line counts ([`Parser::finish`]), since some services end so.

use std::{mem, str};

use cowork_core::{Error, Kind, Result, Retry};
use memchr::memchr2;

/// How many bytes an event, or a line of one, may have: 16 MiB.
pub const MOST_BYTES: usize = 16 << 20;

const BOM: &[u8] = b"\xef\xbb\xbf";

/// An event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Event<'a> {
    /// Its name; empty if it has none.
    pub name: &'a str,
    /// Its data, the lines joined with `\n`.
    pub data: &'a str,
}

/// Reads a stream of events.
///
/// ```
/// use cowork_models::sse::Parser;
///
/// let (mut parser, mut seen) = (Parser::default(), Vec::new());
/// for piece in ["event: ping\r", "\ndata: {\"a\"", ":1}\r\n\r", "\n"] {
///     parser.feed(piece.as_bytes(), |event| {
///         seen.push(format!("{} {}", event.name, event.data));
///         Ok(())
///     })?;
/// }
/// assert_eq!(seen, ["ping {\"a\":1}"]);
/// # Ok::<(), cowork_core::Error>(())
/// ```
#[derive(Debug)]
pub struct Parser {
    most: usize,
    /// What came of a line whose end did not.
    line: Vec<u8>,
    name: Vec<u8>,
    /// Data that is not in the piece at hand, its lines ended by `\n`.
    data: Vec<u8>,
    begun: bool,
    /// The last piece ended with `\r`: a `\n` at the start of the next one belongs to it.
    after_cr: bool,
}

impl Default for Parser {
    fn default() -> Self {
        Self::new(MOST_BYTES)
    }
}

impl Parser {
    /// Makes one for events and lines of at most so many bytes.
    pub fn new(most: usize) -> Self {
        Self { most, line: Vec::new(), name: Vec::with_capacity(32), data: Vec::new(), begun: false, after_cr: false }
    }

    /// Reads the next piece of the stream and tells each event that ends in it.
    ///
    /// # Errors
    /// `LimitExceeded` for an event that is too long, `Unavailable` for one that is not UTF-8, and what `tell` gives. After
    /// an error the parser is of no more use.
    pub fn feed(&mut self, piece: &[u8], mut tell: impl FnMut(Event<'_>) -> Result<()>) -> Result<()> {
        let mut rest = piece;
        if let Some((first, tail)) = rest.split_first().filter(|_| mem::take(&mut self.after_cr)) {
            rest = if *first == b'\n' { tail } else { rest };
        }
        // A line of data in this piece that is not copied: most events have one, and end in the piece in which they begin.
        let mut held = None;
        while let Some(end) = memchr2(b'\n', b'\r', rest) {
            let (line, tail) = (&rest[..end], &rest[end + 1..]);
            let cr = rest[end] == b'\r';
            self.after_cr = cr && tail.is_empty();
            rest = if cr { tail.strip_prefix(b"\n").unwrap_or(tail) } else { tail };
            if self.line.is_empty() {
                self.line(line, &mut held, &mut tell)?;
            } else {
                self.keep(line)?;
                self.kept_line(&mut held, &mut tell)?;
            }
        }
        if let Some(line) = held {
            self.add(line)?;
        }
        self.keep(rest)
    }

    /// Ends the stream: tells a last event that has no blank line after it.
    ///
    /// # Errors
    /// As [`Parser::feed`]'s.
    pub fn finish(mut self, mut tell: impl FnMut(Event<'_>) -> Result<()>) -> Result<()> {
        let mut held = None;
        if !self.line.is_empty() {
            self.kept_line(&mut held, &mut tell)?;
        }
        self.end(held, &mut tell)
    }

    fn keep(&mut self, part: &[u8]) -> Result<()> {
        self.fits(self.line.len() + part.len())?;
        self.line.extend_from_slice(part);
        Ok(())
    }

    /// Takes in a line that did not lie in one piece.
    fn kept_line(&mut self, held: &mut Option<&[u8]>, tell: &mut impl FnMut(Event<'_>) -> Result<()>) -> Result<()> {
        let mut line = mem::take(&mut self.line);
        let mut own = None;
        if let Some(before) = held.take() {
            self.add(before)?;
        }
        self.line(&line, &mut own, tell)?;
        if let Some(data) = own {
            self.add(data)?;
        }
        line.clear();
        self.line = line;
        Ok(())
    }

    fn line<'a>(
        &mut self,
        line: &'a [u8],
        held: &mut Option<&'a [u8]>,
        tell: &mut impl FnMut(Event<'_>) -> Result<()>,
    ) -> Result<()> {
        // Also of a line that says nothing: in pieces it would have to be kept as long as its end is out.
        self.fits(line.len())?;
        let line = if mem::replace(&mut self.begun, true) { line } else { line.strip_prefix(BOM).unwrap_or(line) };
        if line.is_empty() {
            return self.end(held.take(), tell);
        }
        if let Some(data) = field(line, b"data") {
            if let Some(before) = held.replace(data) {
                self.add(before)?;
            }
        } else if let Some(name) = field(line, b"event") {
            self.name.clear();
            self.name.extend_from_slice(name);
        }
        Ok(())
    }

    /// Adds a line to the data that is kept.
    fn add(&mut self, line: &[u8]) -> Result<()> {
        self.fits(self.data.len() + line.len())?;
        self.data.extend_from_slice(line);
        self.data.push(b'\n');
        Ok(())
    }

    /// Ends an event. One without data is none.
    fn end(&mut self, held: Option<&[u8]>, tell: &mut impl FnMut(Event<'_>) -> Result<()>) -> Result<()> {
        let data = match held {
            Some(line) if self.data.is_empty() => line,
            Some(line) => {
                self.add(line)?;
                &self.data[..self.data.len() - 1]
            }
            None if self.data.is_empty() => {
                self.name.clear();
                return Ok(());
            }
            None => &self.data[..self.data.len() - 1],
        };
        let told = tell(Event { name: text(&self.name)?, data: text(data)? });
        self.name.clear();
        self.data.clear();
        told
    }

    fn fits(&self, bytes: usize) -> Result<()> {
        if bytes <= self.most {
            return Ok(());
        }
        let message = format!("the service sent an event of more than {} bytes", self.most);
        Err(Error::new(Kind::LimitExceeded, "read events", message).with_fix("ask for a shorter answer"))
    }
}

/// Gives a field's value, without the one blank that may stand before it.
fn field<'a>(line: &'a [u8], name: &[u8]) -> Option<&'a [u8]> {
    let rest = line.strip_prefix(name)?;
    match rest.split_first() {
        None => Some(rest),
        Some((b':', value)) => Some(value.strip_prefix(b" ").unwrap_or(value)),
        Some(_) => None,
    }
}

fn text(bytes: &[u8]) -> Result<&str> {
    str::from_utf8(bytes).map_err(|e| {
        let message = format!("the service sent bytes that are not UTF-8 (at byte {} of an event)", e.valid_up_to());
        Error::new(Kind::Unavailable, "read events", message).with_retry(Retry::Now).with_source(e)
    })
}
