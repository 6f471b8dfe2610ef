//! What is wrong with a playbook, said without running it: where, in which words, and what to do.
//!
//! The header is compared with what a header may hold, the program with the schemas of the tools that it calls, both by the
//! parsers that also run them.

use std::{fmt, ops::Range};

use cowork_core::ToolSpec;
use serde::{Deserialize, Serialize};

use crate::{
    check_header, check_program,
    header::{self, Header},
};

/// Something that is wrong with a playbook.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Problem {
    /// The line, from 1; none if it is about the whole.
    pub line: Option<u32>,
    /// The column, in characters from 1; none if it is about the whole line.
    pub column: Option<u32>,
    /// How many characters it is about, from there; 0 without a column.
    #[serde(default)]
    pub length: u32,
    /// What is wrong, without a final full stop.
    pub what: String,
    /// What to do; empty if that says itself.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub fix: String,
}

impl Problem {
    /// Makes one about the whole file.
    pub fn whole(what: impl Into<String>) -> Self {
        Self { what: what.into(), ..Self::default() }
    }

    /// Makes one about a stretch of bytes of the source.
    pub(crate) fn at(source: &str, place: Range<usize>, what: impl Into<String>) -> Self {
        let start = source.floor_char_boundary(place.start.min(source.len()));
        let end = source.floor_char_boundary(place.end.clamp(start, source.len()));
        let from = source[..start].rfind('\n').map_or(0, |at| at + 1);
        let until = source[start..].find('\n').map_or(source.len(), |at| start + at);
        let small = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        Self {
            line: Some(small(source[..start].matches('\n').count() + 1)),
            column: Some(small(source[from..start].chars().count() + 1)),
            length: small(source[start..end.min(until)].chars().count().max(1)),
            what: what.into(),
            fix: String::new(),
        }
    }

    /// Gives the line of the source that it is about, at most `most` characters of it, and which of these it is about.
    ///
    /// Nothing if it is about the whole file.
    pub fn excerpt(&self, source: &str, most: usize) -> Option<(String, Range<usize>)> {
        let index = usize::try_from(self.line?).ok()?.checked_sub(1)?;
        let line: Vec<char> =
            source.lines().nth(index)?.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
        let length = line.iter().collect::<String>().trim_end().chars().count();
        let (start, long) = match self.column {
            Some(column) => (column as usize - 1, self.length as usize),
            None => (line.iter().take_while(|c| c.is_whitespace()).count(), length),
        };
        // Of a long line what is shown is the part around the place.
        let from = if length <= most { 0 } else { start.saturating_sub(most / 3) };
        let text: String = line.iter().skip(from).take(most.min(length.saturating_sub(from))).collect();
        let shown = text.chars().count();
        let start = (start - from).min(shown);
        let end = (start + long.max(1)).min(shown.max(start + 1));
        Some((text, start..end))
    }

    /// Adds what to do.
    #[must_use]
    pub(crate) fn fix(mut self, fix: impl Into<String>) -> Self {
        self.fix = fix.into();
        self
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.line, self.column) {
            (Some(line), Some(column)) => write!(f, "line {line}, column {column}: {}", self.what),
            (Some(line), None) => write!(f, "line {line}: {}", self.what),
            _ => f.write_str(&self.what),
        }
    }
}

/// Checks a playbook without running it: its header, whether its program can be read, and each call of a tool against the
/// tool's schema. `tools` are those of the engine that will run it ([`cowork_core::Registry::specs`]).
///
/// # Errors
/// Everything that was found wrong, in the order of the file.
pub fn check(source: &str, tools: &[ToolSpec]) -> Result<Header, Vec<Problem>> {
    let (header, mut problems) = match check_header::check(source) {
        Ok(header) => (Some(header), Vec::new()),
        Err(problems) => (None, problems),
    };
    problems.extend(check_program::check(source, header.as_ref(), tools));
    if problems.is_empty()
        && let Err(others) = header::check(source)
    {
        problems.extend(others.into_iter().map(|p| Problem { line: p.line, ..Problem::whole(p.what) }));
    }
    match header {
        Some(header) if problems.is_empty() => Ok(header),
        _ => {
            problems.sort_by_key(|p| (p.line, p.column));
            Err(problems)
        }
    }
}

/// Finds which of these a person probably meant: one that differs in a letter or two, or in the order of two.
pub(crate) fn meant<'a>(typed: &str, of: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let plain = |text: &str| text.to_lowercase().replace(['-', ' ', '_'], "");
    let wanted = plain(typed);
    let most = (wanted.chars().count() / 3).clamp(1, 3);
    let near = of.into_iter().map(|name| (strsim::osa_distance(&wanted, &plain(name)), name));
    near.filter(|(far, _)| *far <= most).min_by_key(|(far, _)| *far).map(|(_, name)| name)
}

/// Says what a person probably meant, or else what there is.
pub(crate) fn did_you_mean<'a>(typed: &str, of: impl IntoIterator<Item = &'a str> + Clone) -> String {
    match meant(typed, of.clone()) {
        Some(name) => format!("did you mean `{name}`?"),
        None => {
            let all: Vec<&str> = of.into_iter().collect();
            format!("there is: {}", all.join(", "))
        }
    }
}
