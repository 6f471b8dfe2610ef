//! The rows of delimited text, one by one, with the lines that they begin on; and what is wrong with those that are broken.

use std::borrow::Cow;

use cowork_core::{Error, Kind, Result};
use csv_core::{ReadRecordResult, Reader, ReaderBuilder, Terminator};
use memchr::memchr;

use crate::whole_text::WholeText;

/// A row that goes on for longer than this in quotes has a quote too many.
const LONGEST_ROW: usize = 4 * 1024 * 1024;
/// A line longer than this is not read: it would have to be held whole.
const LONGEST_LINE: usize = 16 * 1024 * 1024;
/// So much is read twice, after quotes that close nowhere or in the wrong place, before they are taken at their word.
const MOST_AGAIN: usize = 64 * 1024 * 1024;

/// Text by lines, of which as many are held as are asked for.
pub(super) struct Lines<'a> {
    text: WholeText<'a>,
    held: Vec<u8>,
    start: usize,
    /// The number of the first line that is held.
    pub(super) number: u64,
    feed: Option<u8>,
    ended: bool,
}

impl<'a> Lines<'a> {
    pub(super) fn new(text: WholeText<'a>) -> Self {
        Self { text, held: Vec::new(), start: 0, number: 1, feed: None, ended: false }
    }

    /// Gives where the line ends that begins at `from`; nothing if there is none.
    pub(super) fn end(&mut self, from: usize) -> Result<Option<usize>> {
        let mut looked = from;
        loop {
            let feed = self.feed()?;
            let held = &self.held[self.start..];
            if let Some(at) = held.get(looked..).and_then(|rest| memchr(feed, rest)) {
                return Ok(Some(looked + at + 1));
            }
            looked = held.len();
            if looked - from > LONGEST_LINE {
                let why = "it has a line of more than 16 MB";
                return Err(Error::new(Kind::LimitExceeded, "read table", why).with("line", self.number.to_string()));
            }
            if !self.fill()? {
                let length = self.held.len() - self.start;
                return Ok((length > from).then_some(length));
            }
        }
    }

    /// Gives what is held up to there, from the first line on.
    pub(super) fn upto(&self, end: usize) -> &[u8] {
        &self.held[self.start..self.start + end]
    }

    /// Lets go of lines, up to there.
    pub(super) fn pass(&mut self, end: usize, lines: u64) {
        self.start += end;
        self.number += lines;
    }

    /// Says what ends a line: a line feed, or a carriage return where there is no line feed.
    fn feed(&mut self) -> Result<u8> {
        if let Some(feed) = self.feed {
            return Ok(feed);
        }
        if self.held.is_empty() && self.fill()? {
            self.fill()?;
        }
        let feed =
            if memchr(b'\n', &self.held).is_none() && memchr(b'\r', &self.held).is_some() { b'\r' } else { b'\n' };
        self.feed = Some(feed);
        Ok(feed)
    }

    fn fill(&mut self) -> Result<bool> {
        if self.ended {
            return Ok(false);
        }
        if self.start > 0 && self.start * 2 >= self.held.len() {
            self.held.drain(..self.start);
            self.start = 0;
        }
        self.ended = !self.text.more(&mut self.held)?;
        Ok(!self.ended)
    }
}

/// Takes the end off a line.
pub(super) fn content(line: &[u8]) -> &[u8] {
    let line = line.strip_suffix(b"\n").unwrap_or(line);
    line.strip_suffix(b"\r").unwrap_or(line)
}

/// A row.
#[derive(Debug, PartialEq)]
pub(super) enum Row<'r> {
    /// As many cells as there are columns.
    Whole(Vec<Cow<'r, str>>),
    /// More or fewer.
    Uneven(Vec<Cow<'r, str>>),
    /// No row can be made of it; the line is passed over.
    Broken(&'static str),
}

/// Reads delimited text row by row.
pub(super) struct Rows<'a> {
    lines: Lines<'a>,
    core: Reader,
    delimiter: u8,
    width: usize,
    text: Vec<u8>,
    ends: Vec<usize>,
    /// Lines up to here belong, it may be, to a row that was broken before them.
    doubted: u64,
    again: usize,
    skip: u64,
}

impl<'a> Rows<'a> {
    /// Reads rows of so many cells; of the first row's, if 0.
    pub(super) fn new(text: WholeText<'a>, delimiter: u8, width: usize) -> Self {
        let core = ReaderBuilder::new().delimiter(delimiter).terminator(Terminator::Any(b'\n')).build();
        let (text_of_row, ends) = (vec![0; 1024], vec![0; 64]);
        Self { lines: Lines::new(text), core, delimiter, width, text: text_of_row, ends, doubted: 0, again: 0, skip: 0 }
    }

    /// Passes over so many lines at the beginning.
    pub(super) fn after(mut self, lines: u64) -> Self {
        self.skip = lines;
        self
    }

    /// Gives the next row and the line that it begins on. Blank lines are passed over.
    pub(super) fn next(&mut self) -> Result<Option<(u64, Row<'_>)>> {
        let first = loop {
            let Some(end) = self.lines.end(0)? else { return Ok(None) };
            let line = content(self.lines.upto(end));
            let names_delimiter = self.lines.number == 1 && line.len() == 5 && line.starts_with(b"sep=");
            if !line.is_empty() && !names_delimiter && self.lines.number > self.skip {
                break end;
            }
            self.lines.pass(end, 1);
        };
        let number = self.lines.number;
        let (end, lines, cells, closed) = self.cells(first)?;
        let problem = match (closed, quotes(self.lines.upto(end), self.delimiter)) {
            (false, _) => Some("a quote is opened and not closed"),
            (true, Quotes::Spoilt) => Some("text follows a closing quote"),
            (true, Quotes::Inside) if number <= self.doubted => Some("it belongs to the broken row above it"),
            (true, _) => None,
        };
        if let Some(problem) = problem {
            if closed && self.again >= MOST_AGAIN {
                self.lines.pass(end, lines);
                return Ok(Some((number, Row::Broken("text follows a closing quote, here or in the lines below"))));
            }
            // What a quote too many took along are rows of their own.
            self.again += end - first;
            self.doubted = self.doubted.max(number + lines - 1);
            self.lines.pass(first, 1);
            return Ok(Some((number, Row::Broken(problem))));
        }
        self.lines.pass(end, lines);
        if self.width == 0 {
            self.width = cells;
        }
        let row = self.split(cells);
        let even = row.len() == self.width;
        Ok(Some((number, if even { Row::Whole(row) } else { Row::Uneven(row) })))
    }

    /// Reads the cells of the row that begins at the first line held: where it ends, how many lines and cells it has, and
    /// whether its quotes are closed.
    fn cells(&mut self, first: usize) -> Result<(usize, u64, usize, bool)> {
        self.core.reset();
        let (mut from, mut end, mut lines, mut written, mut cells) = (0, first, 1, 0, 0);
        loop {
            let line = content(&self.lines.upto(end)[from..]);
            for mut input in [line, b"\n"] {
                // To the reader, nothing at all is the end of the file.
                while !input.is_empty() {
                    let (result, read, wrote, ended) =
                        self.core.read_record(input, &mut self.text[written..], &mut self.ends[cells..]);
                    input = &input[read..];
                    written += wrote;
                    cells += ended;
                    match result {
                        ReadRecordResult::OutputFull => self.text.resize(self.text.len() * 2, 0),
                        ReadRecordResult::OutputEndsFull => self.ends.resize(self.ends.len() * 2, 0),
                        ReadRecordResult::InputEmpty => break,
                        ReadRecordResult::Record | ReadRecordResult::End => return Ok((end, lines, cells, true)),
                    }
                }
            }
            if end > LONGEST_ROW {
                return Ok((end, lines, cells, false));
            }
            from = end;
            match self.lines.end(from)? {
                Some(next) => end = next,
                None => return Ok((end, lines, cells, false)),
            }
            lines += 1;
        }
    }

    fn split(&self, cells: usize) -> Vec<Cow<'_, str>> {
        let ends = &self.ends[..cells];
        let length = ends.last().copied().unwrap_or(0);
        let whole = std::str::from_utf8(&self.text[..length]).ok();
        let mut from = 0;
        let cell = |end: &usize| {
            let range = from..*end;
            from = *end;
            match whole {
                Some(text) => Cow::Borrowed(&text[range]),
                None => String::from_utf8_lossy(&self.text[range]),
            }
        };
        let mut row: Vec<Cow<'_, str>> = ends.iter().map(cell).collect();
        // A delimiter at the end of every row is a habit of some programs.
        while self.width > 0 && row.len() > self.width && row.last().is_some_and(|c| c.is_empty()) {
            row.pop();
        }
        row
    }
}

#[derive(Debug, PartialEq)]
enum Quotes {
    /// None, or all around cells.
    Fine,
    /// One in the middle of a cell, where it means itself.
    Inside,
    /// Text follows one that closes a cell.
    Spoilt,
}

/// Says what quotes do in a row that is whole.
fn quotes(row: &[u8], delimiter: u8) -> Quotes {
    #[derive(Clone, Copy)]
    enum At {
        Start,
        Plain,
        Quoted,
        Closed,
    }
    if memchr(b'"', row).is_none() {
        return Quotes::Fine;
    }
    let (mut at, mut inside) = (At::Start, false);
    for byte in row {
        at = match (at, *byte) {
            (At::Quoted, b'"') => At::Closed,
            (At::Start | At::Closed, b'"') | (At::Quoted, _) => At::Quoted,
            (_, b) if b == delimiter || b == b'\n' => At::Start,
            (At::Plain, b'"') => {
                inside = true;
                At::Plain
            }
            (At::Closed, b'\r' | b' ') => At::Closed,
            (At::Closed, _) => return Quotes::Spoilt,
            (At::Start | At::Plain, _) => At::Plain,
        };
    }
    if inside { Quotes::Inside } else { Quotes::Fine }
}

/// Finds the delimiter of a text by how it begins: the one that parts most lines alike.
pub(super) fn delimiter(head: &[u8], is_tab: bool) -> u8 {
    if let [b's', b'e', b'p', b'=', named, b'\r' | b'\n', ..] = head {
        return *named;
    }
    // The last line may be cut.
    let whole = head.iter().rposition(|b| *b == b'\n').map_or(head, |at| &head[..=at]);
    let score = |delimiter: u8| {
        if memchr(delimiter, whole).is_none() {
            return 0;
        }
        let mut reader =
            csv::ReaderBuilder::new().delimiter(delimiter).flexible(true).has_headers(false).from_reader(whole);
        let widths: Vec<usize> = reader.byte_records().take(200).filter_map(Result::ok).map(|r| r.len()).collect();
        let mut sorted = widths.clone();
        sorted.sort_unstable();
        // That of most rows: above the table there may be a title.
        let first = sorted.get(sorted.len() / 2).copied().unwrap_or(0);
        let alike = widths.iter().filter(|w| **w == first).count();
        if first < 2 { 0 } else { alike * 100 / widths.len() }
    };
    // Commas are in the cells of other tables more often than the others are.
    let candidates = if is_tab { [b'\t', b';', b'|', b','] } else { [b';', b'\t', b'|', b','] };
    let mut best = (if is_tab { b'\t' } else { b',' }, 0);
    for candidate in candidates {
        let alike = score(candidate);
        if alike > best.1 {
            best = (candidate, alike);
        }
    }
    best.0
}

#[cfg(test)]
mod tests {
    use cowork_core::Watch;

    use super::{Row, Rows, delimiter};
    use crate::whole_text::WholeText;

    fn rows(text: &str) -> Vec<(u64, String)> {
        let watch = Watch::nothing();
        let mut rows = Rows::new(WholeText::of(text.as_bytes(), &watch), b',', 0);
        let mut all = Vec::new();
        while let Ok(Some((line, row))) = rows.next() {
            all.push(match row {
                Row::Whole(cells) => (line, cells.join("|")),
                Row::Uneven(cells) => (line, format!("uneven: {}", cells.join("|"))),
                Row::Broken(why) => (line, format!("broken: {why}")),
            });
        }
        all
    }

    fn told(text: &str) -> Vec<String> {
        rows(text).into_iter().map(|(line, row)| format!("{line} {row}")).collect()
    }

    #[test]
    fn quotes_lines_in_cells_and_blank_lines_are_read() {
        assert_eq!(
            told("a,b\r\n\r\n\"x, y\",\"say \"\"hi\"\"\"\r\n\"two\r\nlines\",5\" pipe\n,\nlast,1"),
            ["1 a|b", "3 x, y|say \"hi\"", "4 two\nlines|5\" pipe", "6 |", "7 last|1"]
        );
        assert_eq!(told("a,b\n1,\"x\n\n\ny\"\n3,4"), ["1 a|b", "2 1|x\n\n\ny", "6 3|4"], "blank lines in a cell");
        assert_eq!(told("a,b\r1,2\r3,4"), ["1 a|b", "2 1|2", "3 3|4"], "an old Mac's lines");
        assert_eq!(told("a,b\n1,2,\n1,2,,\n"), ["1 a|b", "2 1|2", "3 1|2"], "delimiters at the end");
        assert_eq!(told(""), Vec::<String>::new());
    }

    #[test]
    fn a_broken_row_takes_no_other_along() {
        assert_eq!(told("a,b\n1\n1,2,3\n4,5\n"), ["1 a|b", "2 uneven: 1", "3 uneven: 1|2|3", "4 4|5"]);
        assert_eq!(
            told("a,b\n1,\"open\n2,x\n3,y\n"),
            ["1 a|b", "2 broken: a quote is opened and not closed", "3 2|x", "4 3|y"]
        );
        assert_eq!(
            told("a,b\n1,\"open\n2,x\n3,\"y\"\n4,z\n"),
            ["1 a|b", "2 broken: text follows a closing quote", "3 2|x", "4 3|y", "5 4|z"]
        );
        assert_eq!(
            told("a,b\n\"He said \"hi\"\nand, \"left\",x\n7,8\n"),
            ["1 a|b", "2 broken: text follows a closing quote", "3 uneven: and| \"left\"|x", "4 7|8"]
        );
    }

    #[test]
    fn the_delimiter_is_the_one_that_parts_the_lines_alike() {
        for (text, expected) in [
            ("a,b\n1,2\n", b','),
            ("name;amount\nAnn;1,5\nBob;2,5\n", b';'),
            ("name\tamount, net\nAnn\t1,5\n", b'\t'),
            ("a|b\n1|2\n", b'|'),
            ("one\ntwo\n", b','),
            ("sep=;\na;b\n", b';'),
            ("Export, of 2024\n\na;b\n1,5;2\n2,5;3\n", b';'),
            ("a,b\n\"x;y\",2\n\"z;w\",3\n", b','),
        ] {
            assert_eq!(char::from(delimiter(text.as_bytes(), false)), char::from(expected), "{text:?}");
        }
    }
}
