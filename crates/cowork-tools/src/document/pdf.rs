//! The text of PDF files, a page at a time.

use std::{
    collections::HashMap,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Mutex, PoisonError},
};

use cowork_core::{CancellationToken, OpenFile, Result};
use lopdf::{Dictionary, Document, Encoding, LoadOptions, Object, ObjectId, content::Content};
use memchr::memmem;

use super::{Text, Unread};
use crate::{hash_each::fill, show::stopped};

/// Larger ones are held in memory one at a time, in bytes.
const SMALL: usize = 2 * 1024 * 1024;
/// So much may all objects that are packed in others unpack to, what draws one page, and what draws all pages; in bytes.
const OBJECTS: usize = 256 * 1024 * 1024;
const PAGE: usize = 8 * 1024 * 1024;
const PAGES: usize = 128 * 1024 * 1024;
/// What says which letters a font has, in bytes; so many fonts are read.
const FONT: usize = 2 * 1024 * 1024;
const MOST_FONTS: usize = 500;
const MOST_PAGES: usize = 5_000;

/// Reads the text of a PDF.
pub(super) fn read(
    file: &dyn OpenFile,
    stop: &CancellationToken,
    turn: &Mutex<()>,
) -> Result<std::result::Result<Text, Unread>> {
    let size = usize::try_from(file.entry().size).unwrap_or(usize::MAX);
    let _one = (size > SMALL).then(|| turn.lock().unwrap_or_else(PoisonError::into_inner));
    if stop.is_cancelled() {
        return Err(stopped("find text"));
    }
    let mut bytes = vec![0; size];
    let length = fill(file, &mut bytes, 0)?;
    bytes.truncate(length);
    // The parser is another's, and what it is given may be made to break it.
    let text = catch_unwind(AssertUnwindSafe(|| text_of(&bytes, stop))).unwrap_or(Err(Unread::Damaged));
    if stop.is_cancelled() { Err(stopped("find text")) } else { Ok(text) }
}

fn text_of(bytes: &[u8], stop: &CancellationToken) -> std::result::Result<Text, Unread> {
    // Together they unpack to no more, however many there are.
    let packed = memmem::find_iter(bytes, b"/ObjStm").count().max(1);
    let most = Some((OBJECTS / packed).clamp(64 * 1024, 32 * 1024 * 1024));
    let options = LoadOptions { max_decompressed_size: most, ..LoadOptions::default() };
    let document = Document::load_mem_with_options(bytes, options).map_err(|_| Unread::Damaged)?;
    let mut pages =
        Pages { document: &document, fonts: HashMap::new(), left: PAGES, text: Text::default(), lines: (0, 0) };
    for (at, page) in document.page_iter().take(MOST_PAGES).enumerate() {
        if stop.is_cancelled() {
            return Err(Unread::Damaged);
        }
        pages.text.begin(format!("page {}", at + 1), &mut pages.lines);
        pages.read(page)?;
    }
    let text = pages.text;
    match text.text.chars().any(char::is_alphanumeric) {
        true => Ok(text),
        false if document.is_encrypted() => Err(Unread::Damaged),
        false => Err(Unread::NoText),
    }
}

struct Pages<'a> {
    document: &'a Document,
    /// How the letters of each font are read, by where it is: many pages share one.
    fonts: HashMap<*const Dictionary, Option<Encoding<'a>>>,
    left: usize,
    text: Text,
    lines: (usize, u64),
}

impl<'a> Pages<'a> {
    /// Adds the text of a page. One that can't be read has none.
    fn read(&mut self, page: ObjectId) -> std::result::Result<(), Unread> {
        let names = self.document.get_page_fonts(page).unwrap_or_default();
        let Ok(drawn) = self.document.get_page_content_with_limit(page, PAGE.min(self.left)) else {
            return if self.left < PAGE { Err(Unread::Large) } else { Ok(()) };
        };
        self.left = self.left.saturating_sub(drawn.len().max(1_024));
        let Ok(content) = Content::decode(&drawn) else { return Ok(()) };
        let (mut font, mut height) = (None, None);
        for step in &content.operations {
            let first = step.operands.first();
            match step.operator.as_str() {
                "Tf" => font = first.and_then(|f| f.as_name().ok()).and_then(|f| names.get(f)).copied(),
                "Tj" | "TJ" => self.add(font, &step.operands)?,
                "'" | "\"" => {
                    self.text.end_line();
                    self.add(font, &step.operands)?;
                }
                "Td" | "TD" => match step.operands.get(1).and_then(number) {
                    Some(0.0) => self.text.gap(),
                    _ => self.text.end_line(),
                },
                "Tm" => {
                    let to = step.operands.get(5).and_then(number);
                    if to == height {
                        self.text.gap();
                    } else {
                        self.text.end_line();
                    }
                    height = to;
                }
                "T*" => self.text.end_line(),
                "ET" => self.text.gap(),
                _ => {}
            }
        }
        Ok(())
    }

    fn add(&mut self, font: Option<&'a Dictionary>, drawn: &[Object]) -> std::result::Result<(), Unread> {
        for piece in drawn {
            match piece {
                Object::String(bytes, _) => {
                    let letters = match font {
                        Some(font) => self.letters(font),
                        None => None,
                    };
                    let text = letters.and_then(|letters| Document::decode_text(letters, bytes).ok());
                    // Of a font that isn't known the letters may yet be those of ASCII.
                    let plain = || {
                        bytes
                            .iter()
                            .all(|b| matches!(b, b' '..=b'~'))
                            .then(|| String::from_utf8_lossy(bytes).into_owned())
                    };
                    self.text.add(&text.or_else(plain).unwrap_or_default())?;
                }
                Object::Array(pieces) => {
                    for piece in pieces {
                        match piece {
                            Object::String(..) => self.add(font, std::slice::from_ref(piece))?,
                            // Thousandths of a letter's height, to the left: so wide is a blank.
                            _ if number(piece).is_some_and(|n| n < -180.0) => self.text.gap(),
                            _ => {}
                        }
                    }
                }
                _ => {}
            }
        }
        Ok(())
    }

    fn letters(&mut self, font: &'a Dictionary) -> Option<&Encoding<'a>> {
        let (document, full) = (self.document, self.fonts.len() >= MOST_FONTS);
        let read = || if full { None } else { font.get_font_encoding_with_limit(document, FONT).ok() };
        self.fonts.entry(std::ptr::from_ref(font)).or_insert_with(read).as_ref()
    }
}

fn number(object: &Object) -> Option<f32> {
    object.as_float().ok()
}
