//! Tables as files hold them: what form they have, and their rows.

use std::{borrow::Cow, collections::BTreeSet, fmt};

use cowork_core::{OpenFile, Result, Watch};
use encoding_rs::Encoding;
use serde::{
    Deserialize, Deserializer,
    de::{MapAccess, Visitor},
};
use serde_json::value::RawValue;

use super::{
    date::Date,
    number::Number,
    rows::{Lines, Row, Rows, content, delimiter},
};
use crate::whole_text::{WholeText, encoding_of_all};

pub(super) const OP: &str = "read table";
/// A form is told by so much of a file.
const HEAD: usize = 256 * 1024;
/// So many rows are looked at to find where a table begins, and so many may stand above it.
const LOOKED_AT: usize = 200;
const MOST_TITLE: usize = 20;

/// How a table is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// Cells with this between them, after so many lines of a title; `header` if the first row names the columns.
    Delimited { delimiter: u8, header: bool, skip: u64 },
    /// An object of JSON on each line.
    Lines,
}

impl Form {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Delimited { delimiter: b'\t', .. } => "tsv",
            Self::Delimited { .. } => "csv",
            Self::Lines => "jsonl",
        }
    }
}

/// What is said beforehand of how tables are written; the rest is found.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Stated {
    pub(super) encoding: Option<&'static Encoding>,
    pub(super) delimiter: Option<u8>,
    pub(super) header: Option<bool>,
}

/// A value of a JSON object.
#[derive(Debug, PartialEq)]
pub(super) struct Pair {
    pub(super) name: String,
    pub(super) text: String,
    /// Whether it is a number of JSON, which has one meaning everywhere.
    pub(super) number: bool,
}

/// What stands in a line.
#[derive(Debug)]
pub(super) enum Found<'r> {
    /// The names of the columns.
    Header(&'r [Cow<'r, str>]),
    /// The cells of a row, in the order of the columns.
    Cells(&'r [Cow<'r, str>]),
    /// Cells that are more or fewer than the columns.
    Uneven(&'r [Cow<'r, str>]),
    /// Values by their names.
    Pairs(&'r [Pair]),
    /// Nothing that could be read; why.
    Broken(&'r str),
}

/// A file that is read as a table.
pub(super) struct Source<'a> {
    pub(super) file: &'a dyn OpenFile,
    pub(super) encoding: &'static Encoding,
    pub(super) form: Form,
    pub(super) watch: &'a Watch,
}

impl<'a> Source<'a> {
    /// Finds how a file is written; says why if it is no table.
    pub(super) fn find(
        file: &'a dyn OpenFile,
        name: &str,
        stated: Stated,
        watch: &'a Watch,
    ) -> Result<std::result::Result<Self, &'static str>> {
        let encoding = match stated.encoding {
            Some(encoding) => Some(encoding),
            None => encoding_of_all(OP, file, watch)?,
        };
        let Some(encoding) = encoding else { return Ok(Err("it is not text")) };
        let (mut head, mut text) = (Vec::new(), WholeText::new(OP, file, encoding, watch));
        while head.len() < HEAD && text.more(&mut head)? {}
        let begin = head.trim_ascii_start();
        let name = name.to_lowercase();
        let ends = |ends: &[&str]| ends.iter().any(|end| name.ends_with(end));
        if begin.is_empty() {
            return Ok(Err("it is empty"));
        }
        let first = begin.split(|b| *b == b'\n').next().unwrap_or_default();
        let object = || begin.starts_with(b"{") && serde_json::from_slice::<Pairs>(first).is_ok();
        let form = if ends(&[".jsonl", ".ndjson"]) || stated.delimiter.is_none() && object() {
            Form::Lines
        } else if ends(&[".json"]) {
            return Ok(Err("it is JSON, but not a line for each row"));
        } else {
            let delimiter = stated.delimiter.unwrap_or_else(|| delimiter(begin, ends(&[".tsv", ".tab"])));
            let skip = if stated.header.is_some() { 0 } else { title_lines(&head, delimiter, watch)? };
            let header = match stated.header {
                Some(header) => header,
                None => is_header(&head, delimiter, skip, watch)?,
            };
            Form::Delimited { delimiter, header, skip }
        };
        Ok(Ok(Self { file, encoding, form, watch }))
    }

    /// Goes through its lines, each with its number, from 1.
    pub(super) fn each(&self, see: &mut dyn FnMut(u64, Found<'_>) -> Result<()>) -> Result<()> {
        let text = WholeText::new(OP, self.file, self.encoding, self.watch);
        match self.form {
            Form::Delimited { delimiter, header, skip } => {
                delimited(Rows::new(text, delimiter, 0).after(skip), header, see)
            }
            Form::Lines => json_lines(text, see),
        }
    }
}

fn delimited(mut rows: Rows<'_>, mut header: bool, see: &mut dyn FnMut(u64, Found<'_>) -> Result<()>) -> Result<()> {
    while let Some((line, row)) = rows.next()? {
        match row {
            Row::Whole(cells) if std::mem::take(&mut header) => see(line, Found::Header(&cells))?,
            Row::Whole(cells) => see(line, Found::Cells(&cells))?,
            Row::Uneven(cells) => see(line, Found::Uneven(&cells))?,
            Row::Broken(why) => see(line, Found::Broken(why))?,
        }
    }
    Ok(())
}

fn json_lines(text: WholeText<'_>, see: &mut dyn FnMut(u64, Found<'_>) -> Result<()>) -> Result<()> {
    let mut lines = Lines::new(text);
    while let Some(end) = lines.end(0)? {
        let (number, line) = (lines.number, content(lines.upto(end)));
        if !line.trim_ascii().is_empty() {
            match serde_json::from_slice::<Pairs>(line) {
                Ok(pairs) if pairs.twice() => see(number, Found::Broken("it has two values of one name"))?,
                Ok(pairs) => see(number, Found::Pairs(&pairs.0))?,
                Err(e) if e.is_data() => see(number, Found::Broken("it is no JSON object"))?,
                Err(_) => see(number, Found::Broken("it is not JSON"))?,
            }
        }
        lines.pass(end, 1);
    }
    Ok(())
}

/// Says how many lines stand above a table: a title, who made it, when. They have a cell or two, and the rows below have more.
fn title_lines(head: &[u8], delimiter: u8, watch: &Watch) -> Result<u64> {
    let mut rows = Rows::new(WholeText::of(head, watch), delimiter, 0);
    let mut seen: Vec<(u64, usize)> = Vec::new();
    while seen.len() < LOOKED_AT
        && let Some((line, row)) = rows.next()?
    {
        if let Row::Whole(cells) | Row::Uneven(cells) = row {
            seen.push((line, cells.iter().filter(|cell| !cell.trim().is_empty()).count()));
        }
    }
    // As many cells as most rows fill, or nearly: the first such row is where the table begins.
    let mut filled: Vec<usize> = seen.iter().map(|(_, filled)| *filled).collect();
    filled.sort_unstable();
    let usual = filled.get(filled.len() / 2).copied().unwrap_or(0);
    let first = seen.iter().take(MOST_TITLE + 1).position(|(_, filled)| filled * 3 >= usual * 2);
    match first {
        Some(at) if at > 0 && usual > 2 && seen[..at].iter().all(|(_, filled)| *filled <= 2) => Ok(seen[at].0 - 1),
        _ => Ok(0),
    }
}

/// Says whether the first row names the columns: it does, unless a number or a date is in it, or it is empty. Years may name columns.
fn is_header(head: &[u8], delimiter: u8, skip: u64, watch: &Watch) -> Result<bool> {
    let mut rows = Rows::new(WholeText::of(head, watch), delimiter, 0).after(skip);
    while let Some((_, row)) = rows.next()? {
        let (Row::Whole(cells) | Row::Uneven(cells)) = row else { continue };
        let is_year = |cell: &str| cell.len() == 4 && matches!(cell.as_bytes(), [b'1', b'9', ..] | [b'2', b'0', ..]);
        let is_data = |cell: &str| (Number::read(cell).is_some() && !is_year(cell)) || Date::read(cell).is_some();
        let only_years = cells.iter().all(|c| is_year(c.trim()));
        return Ok(!only_years
            && !cells.iter().all(|c| c.trim().is_empty())
            && !cells.iter().any(|c| is_data(c.trim())));
    }
    Ok(true)
}

/// The values of a JSON object, in their order, as text.
struct Pairs(Vec<Pair>);

impl Pairs {
    fn twice(&self) -> bool {
        let mut names = BTreeSet::new();
        !self.0.iter().all(|pair| names.insert(pair.name.as_str()))
    }
}

impl<'de> Deserialize<'de> for Pairs {
    fn deserialize<D: Deserializer<'de>>(from: D) -> std::result::Result<Self, D::Error> {
        struct Each;
        impl<'de> Visitor<'de> for Each {
            type Value = Pairs;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> std::result::Result<Pairs, A::Error> {
                let mut pairs = Vec::new();
                while let Some((name, value)) = map.next_entry::<String, Box<RawValue>>()? {
                    let raw = value.get();
                    let number = raw.starts_with(|c: char| c == '-' || c.is_ascii_digit());
                    let text = match raw.as_bytes().first() {
                        Some(b'"') => serde_json::from_str(raw).map_err(serde::de::Error::custom)?,
                        Some(b'n') => String::new(),
                        _ => raw.to_owned(),
                    };
                    pairs.push(Pair { name, text, number });
                }
                Ok(Pairs(pairs))
            }
        }
        from.deserialize_map(Each)
    }
}
