//! The text of Word, PowerPoint, Excel and OpenDocument files: XML in a zip.

use std::io::{self, BufRead, BufReader, Read};

use cowork_core::{CancellationToken, OpenFile, Result};
use quick_xml::{
    Reader,
    events::{BytesStart, Event},
};
use zip::ZipArchive;

use super::{Form, Text, Unread};
use crate::{show::stopped, source::Source};

/// So much of one part is unpacked, and so much of all parts: no honest document has more.
const PART: u64 = 64 * 1024 * 1024;
const PARTS: u64 = 128 * 1024 * 1024;
/// So many parts are looked at: slides, sheets, notes.
const MOST_PARTS: usize = 2_000;

type Got<T> = std::result::Result<T, Unread>;

/// Reads the text of such a document.
pub(super) fn read(file: &dyn OpenFile, form: Form, stop: &CancellationToken) -> Result<Got<Text>> {
    let read = Office::open(file, form, stop).and_then(|mut office| office.all());
    if stop.is_cancelled() { Err(stopped("find text")) } else { Ok(read) }
}

struct Office<'a> {
    archive: ZipArchive<BufReader<Source<'a>>>,
    form: Form,
    stop: &'a CancellationToken,
    /// What may still be unpacked.
    left: u64,
    text: Text,
    lines: (usize, u64),
}

impl<'a> Office<'a> {
    fn open(file: &'a dyn OpenFile, form: Form, stop: &'a CancellationToken) -> Got<Self> {
        let archive = ZipArchive::new(BufReader::new(Source::of(file))).map_err(|_| Unread::Damaged)?;
        Ok(Self { archive, form, stop, left: PARTS, text: Text::default(), lines: (0, 0) })
    }

    fn all(&mut self) -> Got<Text> {
        let parts = self.parts();
        if parts.is_empty() {
            return Err(Unread::Damaged);
        }
        let shared = if self.form == Form::Sheets { self.shared()? } else { Vec::new() };
        for (number, name) in parts {
            match (self.form, number) {
                (Form::Slides, Some(number)) => self.text.begin(format!("slide {number}"), &mut self.lines),
                (Form::Sheets, Some(number)) => self.text.begin(format!("sheet {number}"), &mut self.lines),
                _ => self.text.end_line(),
            }
            let mut text = std::mem::take(&mut self.text);
            let rules = Rules::of(self.form);
            self.part(
                &name,
                |xml| if rules.rows { rows(xml, &shared, &mut text) } else { lines(xml, rules, &mut text) },
            )?;
            self.text = text;
        }
        Ok(std::mem::take(&mut self.text))
    }

    /// Names the parts that have text, in their order, with the numbers of slides and sheets.
    fn parts(&self) -> Vec<(Option<u32>, String)> {
        let number = |name: &str, head: &str| name.strip_prefix(head)?.strip_suffix(".xml")?.parse::<u32>().ok();
        let rank = |name: &str| match self.form {
            Form::Slides => number(name, "ppt/slides/slide")
                .map(|n| (n, 0))
                .or_else(|| number(name, "ppt/notesSlides/notesSlide").map(|n| (n, 1))),
            Form::Sheets => number(name, "xl/worksheets/sheet").map(|n| (n, 0)),
            Form::Open => (name == "content.xml").then_some((0, 0)),
            Form::Pdf | Form::Word => {
                let part = name.strip_prefix("word/")?.strip_suffix(".xml")?;
                let beside = ["footnotes", "endnotes", "comments", "header", "footer"];
                match part {
                    "document" => Some((0, 0)),
                    _ => beside
                        .iter()
                        .any(|b| part.trim_end_matches(|c: char| c.is_ascii_digit()) == *b)
                        .then_some((1, 0)),
                }
            }
        };
        let names = self.archive.file_names().filter_map(|name| Some(name.ok()?.into_owned()));
        let mut parts: Vec<((u32, u32), String)> = names.filter_map(|name| Some((rank(&name)?, name))).collect();
        parts.sort();
        parts.truncate(MOST_PARTS);
        let numbered = matches!(self.form, Form::Slides | Form::Sheets);
        parts.into_iter().map(|((number, beside), name)| ((numbered && beside == 0).then_some(number), name)).collect()
    }

    /// Reads the texts that cells of several sheets have.
    fn shared(&mut self) -> Got<Vec<String>> {
        const NAME: &str = "xl/sharedStrings.xml";
        if self.archive.index_for_name(NAME).is_none() {
            return Ok(Vec::new());
        }
        let mut text = Text::default();
        let rules = Rules { text: &["t"], line: &["si"], empty_lines: true, rows: false };
        self.part(NAME, |xml| lines(xml, rules, &mut text))?;
        Ok(text.text.lines().map(str::to_owned).collect())
    }

    fn part(&mut self, name: &str, read: impl FnOnce(&mut dyn BufRead) -> Got<()>) -> Got<()> {
        if self.stop.is_cancelled() {
            return Err(Unread::Damaged);
        }
        let entry = self.archive.by_name(name).map_err(|_| Unread::Damaged)?;
        let most = PART.min(self.left);
        let mut counted = Counted { from: entry.take(most), stop: self.stop };
        let result = read(&mut BufReader::new(&mut counted));
        let left = counted.from.limit();
        self.left -= most - left;
        // What was cut off is no damage.
        if left == 0 { Err(Unread::Large) } else { result }
    }
}

/// What in a part is text, and what a line, by names without their prefixes.
#[derive(Clone, Copy)]
struct Rules {
    text: &'static [&'static str],
    line: &'static [&'static str],
    /// Whether lines of nothing count.
    empty_lines: bool,
    /// Whether it is a sheet's cells.
    rows: bool,
}

impl Rules {
    fn of(form: Form) -> Self {
        let rules = |text, line, rows| Self { text, line, empty_lines: false, rows };
        match form {
            Form::Open => rules(&["p", "h"], &["p", "h"], false),
            Form::Sheets => rules(&["v", "t"], &["row"], true),
            _ => rules(&["t"], &["p"], false),
        }
    }
}

/// Reads what is text, a paragraph to a line.
fn lines(from: &mut dyn BufRead, rules: Rules, text: &mut Text) -> Got<()> {
    let mut inside = 0_usize;
    each(from, |event| {
        match event {
            Piece::Start(tag) if has(rules.text, &tag) => inside += 1,
            Piece::End(name) => {
                if rules.text.contains(&name) {
                    inside = inside.saturating_sub(1);
                }
                if rules.line.contains(&name) && rules.empty_lines {
                    text.text.push('\n');
                } else if rules.line.contains(&name) {
                    text.end_line();
                }
            }
            Piece::Empty(tag) if rules.line.iter().any(|l| l.as_bytes() == local(&tag)) && rules.empty_lines => {
                text.text.push('\n');
            }
            Piece::Empty(tag) if matches!(local(&tag), b"tab" | b"br" | b"cr" | b"s" | b"line-break") => text.gap(),
            Piece::Text(piece) if inside > 0 => text.add(piece)?,
            _ => {}
        }
        Ok(())
    })
}

/// Reads a sheet, a row to a line.
fn rows(from: &mut dyn BufRead, shared: &[String], text: &mut Text) -> Got<()> {
    let (mut inside, mut is_shared, mut value) = (false, false, String::new());
    each(from, |event| {
        match event {
            Piece::Start(tag) if local(&tag) == b"c" => {
                is_shared = tag.try_get_attribute("t").ok().flatten().is_some_and(|t| &*t.value == b"s");
                value.clear();
            }
            Piece::Start(tag) if matches!(local(&tag), b"v" | b"t") => inside = true,
            Piece::Text(piece) if inside => value.push_str(piece),
            Piece::End("v" | "t") => inside = false,
            Piece::End("c") => {
                let own = value.trim();
                let said = if is_shared { own.parse::<usize>().ok().and_then(|at| shared.get(at)) } else { None };
                text.gap();
                text.add(said.map_or(own, String::as_str))?;
            }
            Piece::End("row") => text.end_line(),
            _ => {}
        }
        Ok(())
    })
}

fn has(names: &[&str], tag: &BytesStart<'_>) -> bool {
    names.iter().any(|name| name.as_bytes() == local(tag))
}

fn local<'a>(tag: &'a BytesStart<'_>) -> &'a [u8] {
    tag.local_name().into_inner()
}

/// A piece of XML.
enum Piece<'a> {
    Start(BytesStart<'a>),
    Empty(BytesStart<'a>),
    /// By its name without the prefix.
    End(&'a str),
    Text(&'a str),
}

/// Gives one piece after the other. Entities that the document made up itself stand for nothing.
fn each(from: &mut dyn BufRead, mut give: impl FnMut(Piece<'_>) -> Got<()>) -> Got<()> {
    let mut reader = Reader::from_reader(from);
    reader.config_mut().check_end_names = false;
    let (mut buffer, damaged) = (Vec::new(), |_| Unread::Damaged);
    loop {
        buffer.clear();
        match reader.read_event_into(&mut buffer).map_err(|_| Unread::Damaged)? {
            Event::Eof => return Ok(()),
            Event::Start(tag) => give(Piece::Start(tag))?,
            Event::Empty(tag) => give(Piece::Empty(tag))?,
            Event::End(tag) => {
                give(Piece::End(std::str::from_utf8(tag.local_name().into_inner()).unwrap_or_default()))?;
            }
            Event::Text(text) => give(Piece::Text(&text.decode().map_err(damaged)?))?,
            Event::CData(text) => give(Piece::Text(&text.decode().map_err(damaged)?))?,
            Event::GeneralRef(name) => {
                let known = match &*name {
                    b"amp" => Some('&'),
                    b"lt" => Some('<'),
                    b"gt" => Some('>'),
                    b"quot" => Some('"'),
                    b"apos" => Some('\''),
                    _ => name.resolve_char_ref().ok().flatten(),
                };
                if let Some(c) = known {
                    give(Piece::Text(c.encode_utf8(&mut [0; 4])))?;
                }
            }
            _ => {}
        }
    }
}

/// Reads until it is stopped.
struct Counted<'a, R> {
    from: io::Take<R>,
    stop: &'a CancellationToken,
}

impl<R: Read> Read for Counted<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.stop.is_cancelled() {
            return Err(io::Error::other("stopped"));
        }
        self.from.read(buffer)
    }
}
