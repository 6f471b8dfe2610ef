//! What a patch asks for, and its hunks made on a text: nothing here reads or writes a file.

use crate::show::shown;

/// One file that a patch is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FilePatch {
    /// The file as it is named; raw bytes.
    pub path: Vec<u8>,
    /// Its new name, if it gets one.
    pub to: Option<Vec<u8>>,
    /// What becomes of it.
    pub op: Op,
    /// The permission bits that it gets.
    pub mode: Option<u32>,
    /// Where it begins in the patch, by line from 1.
    pub line: usize,
}

/// What becomes of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Op {
    /// It is new, with this content.
    Create(Vec<u8>),
    /// It goes; its content is what these hunks take out, if there are any.
    Delete(Vec<Hunk>),
    /// Its content changes by these hunks, if there are any.
    Update(Vec<Hunk>),
    /// It stays, and there is a copy of it, changed by these hunks.
    Copy(Vec<Hunk>),
}

/// A run of lines that change, with lines around them that stay.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hunk {
    /// Where it is to be.
    pub place: Place,
    /// Its lines.
    pub lines: Vec<Line>,
    /// Where it begins in the patch, by line from 1.
    pub line: usize,
}

/// Where a hunk is to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// At this line, from 1, or near it: as a unified diff says it.
    Line(usize),
    /// Below these lines, one after the other: as an envelope says it. Then at the end of the file, or where it fits.
    Below(Vec<Vec<u8>>, bool),
}

/// A line of a hunk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// What becomes of it.
    pub sign: Sign,
    /// Its bytes, with the newline that ends it; without, where the file ends without one.
    pub text: Vec<u8>,
}

/// What becomes of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sign {
    /// It stays.
    Keep,
    /// It goes.
    Remove,
    /// It comes.
    Add,
}

/// Why a patch can't be read or made: what is wrong, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Misfit {
    /// What is wrong, in one sentence.
    pub why: String,
    /// The line of the patch, from 1.
    pub line: usize,
}

impl Misfit {
    pub(super) fn at<T>(line: usize, why: impl Into<String>) -> Result<T, Self> {
        Err(Self { why: why.into(), line })
    }
}

/// Makes hunks on a text, in order: all of them, or the first that does not fit is named.
///
/// # Errors
/// A hunk whose lines are not there as it gives them, or not where it may be.
pub fn apply(hunks: &[Hunk], old: &[u8]) -> Result<Vec<u8>, Misfit> {
    let (text, runs) = runs(hunks, old)?;
    Ok(runs.into_iter().fold(Vec::with_capacity(old.len()), |mut new, run| {
        match run {
            Run::Old(from, to) => new.extend_from_slice(&text[from..to]),
            Run::New(bytes) => new.extend_from_slice(&bytes),
        }
        new
    }))
}

/// What hunks make of a text: what stays of it, and what is new.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Run {
    /// From here to there in the text.
    Old(usize, usize),
    New(Vec<u8>),
}

/// Makes hunks as [`apply`]; gives the text, perhaps with a newline lent to its last line, and the runs.
pub(super) fn runs(hunks: &[Hunk], old: &[u8]) -> Result<(Vec<u8>, Vec<Run>), Misfit> {
    let text = Text::new(hunks, old);
    let lines: Vec<&[u8]> = text.bytes.split_inclusive(|b| *b == b'\n').collect();
    let (mut new, mut next, mut offset) = (Runs::default(), 0, 0_isize);
    for (index, hunk) in hunks.iter().enumerate() {
        let wanted: Vec<&[u8]> = hunk.old().collect();
        let search = Search { text: &text, lines: &lines, wanted: &wanted, hunk, index, from: next };
        let at = match &hunk.place {
            Place::Line(line) => search.near(*line, offset)?,
            Place::Below(heads, at_end) => search.below(heads, *at_end)?,
        };
        if let Place::Line(line) = hunk.place {
            offset = at.cast_signed() - line.saturating_sub(usize::from(!wanted.is_empty())).cast_signed();
        }
        lines[next..at].iter().for_each(|line| new.keep(line.len()));
        next = at;
        for line in &hunk.lines {
            match line.sign {
                Sign::Keep => {
                    new.keep(lines[next].len());
                    next += 1;
                }
                Sign::Remove => {
                    new.at += lines[next].len();
                    next += 1;
                }
                Sign::Add => new.put(text.ended(&line.text)),
            }
        }
    }
    lines[next..].iter().for_each(|line| new.keep(line.len()));
    let runs = text.end(new.all);
    Ok((text.bytes, runs))
}

/// Runs in the making, and how far the text was gone through.
#[derive(Default)]
struct Runs {
    all: Vec<Run>,
    at: usize,
}

impl Runs {
    fn keep(&mut self, length: usize) {
        match self.all.last_mut() {
            Some(Run::Old(_, to)) if *to == self.at => *to += length,
            _ => self.all.push(Run::Old(self.at, self.at + length)),
        }
        self.at += length;
    }

    fn put(&mut self, line: Vec<u8>) {
        self.all.push(Run::New(line));
    }
}

impl Hunk {
    fn old(&self) -> impl Iterator<Item = &[u8]> {
        self.lines.iter().filter(|l| l.sign != Sign::Add).map(|l| l.text.as_slice())
    }
}

/// A file's text, and how its lines end.
struct Text {
    bytes: Vec<u8>,
    /// Its lines end with `\r\n` and the patch's don't: then `\n` stands for `\r\n`.
    returns: bool,
    /// It ends without a newline, and the patch has no way to say so: one is lent.
    lent: bool,
}

impl Text {
    fn new(hunks: &[Hunk], old: &[u8]) -> Self {
        let newlines = old.iter().filter(|b| **b == b'\n').count();
        let ends = old.windows(2).filter(|w| w == b"\r\n").count();
        let said = hunks.iter().flat_map(|h| &h.lines).any(|l| l.text.contains(&b'\r'));
        let returns = !said && ends * 2 > newlines;
        let loose = hunks.iter().any(|h| matches!(h.place, Place::Below(..)));
        let lent = loose && !old.is_empty() && !old.ends_with(b"\n");
        let mut text = Self { bytes: old.to_vec(), returns, lent };
        if lent {
            text.bytes.extend_from_slice(text.newline());
        }
        text
    }

    fn newline(&self) -> &'static [u8] {
        if self.returns { b"\r\n" } else { b"\n" }
    }

    fn same(&self, there: &[u8], wanted: &[u8]) -> bool {
        there == wanted
            || (self.returns && there.strip_suffix(b"\r\n").is_some_and(|t| wanted.strip_suffix(b"\n") == Some(t)))
    }

    fn ended(&self, line: &[u8]) -> Vec<u8> {
        match line.strip_suffix(b"\n") {
            Some(text) if self.returns => [text, b"\r\n"].concat(),
            _ => line.to_vec(),
        }
    }

    /// Takes the newline that was lent off the last line, which may be another by now.
    fn end(&self, mut runs: Vec<Run>) -> Vec<Run> {
        let newline = self.newline();
        match runs.last_mut().filter(|_| self.lent) {
            Some(Run::New(line)) if line.ends_with(newline) => line.truncate(line.len() - newline.len()),
            Some(Run::Old(from, to)) if self.bytes[*from..*to].ends_with(newline) => *to -= newline.len(),
            _ => {}
        }
        runs
    }
}

/// Looks for the place of a hunk.
struct Search<'a> {
    text: &'a Text,
    lines: &'a [&'a [u8]],
    /// The lines that must be there.
    wanted: &'a [&'a [u8]],
    hunk: &'a Hunk,
    index: usize,
    /// Where the hunk before it ended.
    from: usize,
}

impl Search<'_> {
    /// Finds the place nearest to where the diff says, as `git apply` does: below it rather than above it, and a hunk
    /// without lines around it on one side only where the file begins or ends.
    fn near(&self, line: usize, offset: isize) -> Result<usize, Misfit> {
        let total = self.lines.len();
        if self.wanted.is_empty() {
            return match total {
                0 => Ok(0),
                _ => self.misfit("has no line of what is there, so its place can't be told; give it lines around"),
            };
        }
        let first = line.saturating_sub(1).saturating_add_signed(offset).min(total);
        let last_stays = self.hunk.lines.last().is_some_and(|l| l.sign == Sign::Keep);
        let fits = |at: usize| {
            at >= self.from && (line > 1 || at == 0) && (last_stays || at + self.wanted.len() == total) && self.fits(at)
        };
        for away in 0..=total {
            if fits(first + away) {
                return Ok(first + away);
            }
            if away > 0 && away <= first && fits(first - away) {
                return Ok(first - away);
            }
        }
        let elsewhere = (self.from..total).find(|at| self.fits(*at));
        if let Some(at) = elsewhere {
            let side = if line > 1 { "end" } else { "beginning" };
            return self.misfit(&format!(
                "has no lines around it on one side, so it belongs at the file's {side}, but its lines are in line {}",
                at + 1
            ));
        }
        self.misfit(&self.difference(first.max(self.from)))
    }

    /// Finds the place below the lines that lead to it.
    fn below(&self, heads: &[Vec<u8>], at_end: bool) -> Result<usize, Misfit> {
        let mut from = self.from;
        for head in heads {
            let found = (from..self.lines.len()).find(|at| self.lines[*at].trim_ascii() == head.trim_ascii());
            let Some(at) = found else {
                return self.misfit(&format!("is to be below {}, which is not there", quoted(head)));
            };
            from = at + 1;
        }
        if self.wanted.is_empty() {
            return Ok(if heads.is_empty() || at_end { self.lines.len() } else { from });
        }
        if at_end {
            let last = self.lines.len().checked_sub(self.wanted.len()).filter(|at| *at >= from && self.fits(*at));
            return last.map_or_else(|| self.misfit("does not fit the end of the file"), Ok);
        }
        let mut places = (from..self.lines.len()).filter(|at| self.fits(*at));
        let Some(at) = places.next() else {
            if let Some(before) = (0..from).find(|at| self.fits(*at)) {
                return self
                    .misfit(&format!("fits line {} only, which is above the hunk or line before it", before + 1));
            }
            return self.misfit(&self.difference(self.begin(from)));
        };
        match places.next() {
            Some(other) if heads.is_empty() => self.misfit(&format!(
                "fits more than one place, lines {} and {}; give more lines around it, or the line above it after `@@`",
                at + 1,
                other + 1
            )),
            _ => Ok(at),
        }
    }

    fn fits(&self, at: usize) -> bool {
        let there = self.lines.get(at..at + self.wanted.len());
        there.is_some_and(|there| there.iter().zip(self.wanted).all(|(t, w)| self.text.same(t, w)))
    }

    /// Gives where the most of the first lines fit, for an error to tell.
    fn begin(&self, from: usize) -> usize {
        let fitting =
            |at: usize| self.lines[at..].iter().zip(self.wanted).take_while(|(t, w)| self.text.same(t, w)).count();
        (from..self.lines.len()).rev().max_by_key(|at| fitting(*at)).unwrap_or(from)
    }

    /// Says what is there instead.
    fn difference(&self, at: usize) -> String {
        for (n, wanted) in self.wanted.iter().enumerate() {
            match self.lines.get(at + n) {
                Some(there) if self.text.same(there, wanted) => {}
                Some(there) => {
                    let end = |line: &[u8]| if line.ends_with(b"\n") { "" } else { " without a newline" };
                    return format!(
                        "does not fit: line {} should be {}{} and is {}{}",
                        at + n + 1,
                        quoted(wanted),
                        end(wanted),
                        quoted(there),
                        end(there)
                    );
                }
                None => {
                    return format!(
                        "does not fit: line {} should be {}, and the file has {} lines",
                        at + n + 1,
                        quoted(wanted),
                        self.lines.len()
                    );
                }
            }
        }
        "does not fit".to_owned()
    }

    fn misfit<T>(&self, why: &str) -> Result<T, Misfit> {
        Misfit::at(self.hunk.line, format!("hunk {} {why}", self.index + 1))
    }
}

fn quoted(line: &[u8]) -> String {
    format!("`{}`", shown(String::from_utf8_lossy(line).trim_end_matches(['\n', '\r'])))
}
