//! The text of documents that are no text themselves: Word, PowerPoint, Excel, OpenDocument, PDF. Their bytes can be anybody's:
//! what is read of them is bounded, and what breaks a parser stays in here.

#[cfg(feature = "documents")]
mod office;
#[cfg(feature = "documents")]
mod pdf;

use std::sync::Mutex;

use cowork_core::{CancellationToken, OpenFile, Result};

/// A larger document is not looked into, in bytes.
#[cfg(feature = "documents")]
const LARGEST: u64 = 64 * 1024 * 1024;
/// A document with more text than this is not searched, in bytes.
#[cfg(feature = "documents")]
const MOST_TEXT: usize = 16 * 1024 * 1024;

/// What kind of document it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(not(feature = "documents"), allow(dead_code, reason = "nothing reads them"))]
pub(crate) enum Form {
    Pdf,
    Word,
    Slides,
    Sheets,
    /// OpenDocument of any kind.
    Open,
}

impl Form {
    /// Tells by its name what a file may be.
    pub(crate) fn of_name(name: &[u8]) -> Option<Self> {
        let dot = name.iter().rposition(|b| *b == b'.')?;
        match name[dot + 1..].to_ascii_lowercase().as_slice() {
            b"pdf" => Some(Self::Pdf),
            b"docx" | b"docm" | b"dotx" => Some(Self::Word),
            b"pptx" | b"pptm" | b"ppsx" => Some(Self::Slides),
            b"xlsx" | b"xlsm" => Some(Self::Sheets),
            b"odt" | b"ods" | b"odp" => Some(Self::Open),
            _ => None,
        }
    }
}

/// The text of a document, a paragraph or a row to a line.
#[derive(Debug, Default)]
pub(crate) struct Text {
    pub(crate) text: String,
    /// From which line on, from 1, which page, slide or sheet it is.
    places: Vec<(u64, String)>,
}

impl Text {
    /// Gives the page, slide or sheet that a line is on, where there is such a thing.
    pub(crate) fn place(&self, line: u64) -> Option<&str> {
        let after = self.places.partition_point(|(from, _)| *from <= line);
        Some(self.places[..after].last()?.1.as_str())
    }
}

/// Why a document was not looked into.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(not(feature = "documents"), allow(dead_code, reason = "nothing reads them"))]
pub(crate) enum Unread {
    /// It has no text: a PDF of pictures.
    NoText,
    /// It is damaged or locked.
    Damaged,
    /// It, or the text in it, is too large.
    Large,
}

/// Reads the text of a document; nothing if its content is not what its name says. Large ones are held in memory one at a time, of
/// all that share the `turn`.
///
/// # Errors
/// `Cancelled`, and what reading the file itself fails with.
#[cfg(feature = "documents")]
pub(crate) fn read(
    file: &dyn OpenFile,
    form: Form,
    stop: &CancellationToken,
    turn: &Mutex<()>,
) -> Result<Option<std::result::Result<Text, Unread>>> {
    let mut head = [0; 1024];
    let length = crate::hash_each::fill(file, &mut head, 0)?;
    let head = &head[..length];
    let is_it = match form {
        Form::Pdf => memchr::memmem::find(head, b"%PDF-").is_some(),
        _ => head.starts_with(b"PK\x03\x04"),
    };
    if !is_it {
        return Ok(None);
    }
    if file.entry().size > LARGEST {
        return Ok(Some(Err(Unread::Large)));
    }
    let text = if form == Form::Pdf { pdf::read(file, stop, turn)? } else { office::read(file, form, stop)? };
    Ok(Some(text))
}

/// Reads nothing: this was built without the documents.
#[cfg(not(feature = "documents"))]
pub(crate) fn read(
    _: &dyn OpenFile,
    _: Form,
    _: &CancellationToken,
    _: &Mutex<()>,
) -> Result<Option<std::result::Result<Text, Unread>>> {
    Ok(None)
}

#[cfg(feature = "documents")]
impl Text {
    /// Adds a piece of a line, without what no line has.
    fn add(&mut self, piece: &str) -> std::result::Result<(), Unread> {
        if self.text.len() + piece.len() > MOST_TEXT {
            return Err(Unread::Large);
        }
        self.text.extend(piece.chars().map(|c| if c.is_control() { ' ' } else { c }));
        Ok(())
    }

    /// Puts a blank between what was added and what is added next.
    fn gap(&mut self) {
        if !self.text.ends_with([' ', '\n']) && !self.text.is_empty() {
            self.text.push(' ');
        }
    }

    /// Ends a line, unless nothing is in it.
    fn end_line(&mut self) {
        if !self.text.ends_with('\n') && !self.text.is_empty() {
            self.text.push('\n');
        }
    }

    /// Begins a page, a slide or a sheet; `lines` is how far the lines were counted.
    fn begin(&mut self, place: String, lines: &mut (usize, u64)) {
        self.end_line();
        let new = memchr::memchr_iter(b'\n', &self.text.as_bytes()[lines.0..]).count() as u64;
        *lines = (self.text.len(), lines.1 + new);
        self.places.push((lines.1 + 1, place));
    }
}

#[cfg(all(test, feature = "documents"))]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_on_the_page_that_began_last_before_it() {
        let (mut text, mut lines) = (Text::default(), (0, 0));
        for (page, said) in [("page 1", "one\ntwo\n"), ("page 2", ""), ("page 3", "three")] {
            text.begin(page.into(), &mut lines);
            text.text.push_str(said);
        }
        assert_eq!([1, 2, 3].map(|line| text.place(line)), [Some("page 1"), Some("page 1"), Some("page 3")]);
        assert_eq!(Text::default().place(1), None);
    }
}
