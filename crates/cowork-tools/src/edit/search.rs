//! Looking for a text in content of any size, a window at a time.

use cowork_core::{Error, Kind, Result, Watch};
use memchr::memmem;

use super::pieces::Pieces;

/// How much is in memory at a time, beside the longest text that is looked for.
const WINDOW: usize = 1024 * 1024;
/// How many places are told by their line.
pub(super) const MOST_LINES: usize = 10;
/// More places than this are not replaced in one call.
pub(super) const MOST_PLACES: usize = 100_000;
/// A longer line than this is looked at no further.
const LONGEST_LINE: usize = 64 * 1024;

/// How a file writes its text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Encoding {
    /// A byte for each character of ASCII: UTF-8, with or without a mark, and its like.
    Bytes,
    Utf16Le,
    Utf16Be,
}

impl Encoding {
    /// Tells it by how the file begins; nothing if it is no text.
    pub(super) fn of(head: &[u8]) -> Option<Self> {
        match head {
            [0xFF, 0xFE, rest @ ..] if !rest.starts_with(&[0, 0]) => Some(Self::Utf16Le),
            [0xFE, 0xFF, ..] => Some(Self::Utf16Be),
            _ if head.contains(&0) => None,
            _ => Some(Self::Bytes),
        }
    }

    pub(super) fn encode(self, text: &str) -> Vec<u8> {
        match self {
            Self::Bytes => text.as_bytes().to_vec(),
            Self::Utf16Le => text.encode_utf16().flat_map(u16::to_le_bytes).collect(),
            Self::Utf16Be => text.encode_utf16().flat_map(u16::to_be_bytes).collect(),
        }
    }

    fn decode(self, bytes: &[u8]) -> String {
        let units = |read: fn([u8; 2]) -> u16| -> String {
            let units: Vec<u16> = bytes.chunks_exact(2).map(|c| read([c[0], c[1]])).collect();
            String::from_utf16_lossy(&units)
        };
        match self {
            Self::Bytes => String::from_utf8_lossy(bytes).into_owned(),
            Self::Utf16Le => units(u16::from_le_bytes),
            Self::Utf16Be => units(u16::from_be_bytes),
        }
    }

    /// Gives how many bytes a character has at least.
    fn unit(self) -> usize {
        if self == Self::Bytes { 1 } else { 2 }
    }
}

/// Where a text is.
#[derive(Default, Debug)]
pub(super) struct Found {
    /// The first places, up to [`MOST_PLACES`]: where in the content, and which of the spellings.
    pub(super) places: Vec<(u64, usize)>,
    /// How many places there are.
    pub(super) count: u64,
    /// The lines of the first of them, from 1.
    pub(super) lines: Vec<u64>,
    /// How many lines end, and how many of them with a carriage return too.
    newlines: u64,
    returns: u64,
}

impl Found {
    /// Says whether most lines end as Windows ends them.
    pub(super) fn is_crlf(&self) -> bool {
        self.returns * 2 > self.newlines
    }
}

/// Looks for spellings of a text. With `apart`, places don't overlap.
pub(super) fn search(
    pieces: &Pieces<'_>,
    encoding: Encoding,
    spellings: &[String],
    apart: bool,
    watch: &Watch,
) -> Result<Found> {
    let needles: Vec<Vec<u8>> = spellings.iter().map(|s| encoding.encode(s)).collect();
    let (newline, unit) = (encoding.encode("\n"), encoding.unit());
    // What has to be seen again with the next window: a text that it cuts, and the character before one.
    let carry = needles.iter().map(Vec::len).max().unwrap_or(0) + unit;
    let mut found = Found::default();
    let mut next = vec![0_u64; needles.len()];
    windows(pieces, carry, watch, |window, base, fresh| {
        let mut here: Vec<(u64, usize)> = Vec::new();
        for (which, needle) in needles.iter().enumerate() {
            each(window, needle, unit, at_least(next[which], base), |at| {
                let place = base + at as u64;
                next[which] = place + if apart { needle.len() } else { unit } as u64;
                // A line's end is not found in the middle of a longer one.
                let cut = needle.starts_with(&newline) && at >= unit && is_return(&window[at - unit..at], encoding);
                if !cut {
                    here.push((place, which));
                }
                next[which].checked_sub(base).map_or(0, |n| usize::try_from(n).unwrap_or(usize::MAX))
            });
        }
        here.sort_unstable();
        let mut counted = fresh;
        let mut lines = found.newlines;
        let room = MOST_LINES.saturating_sub(found.lines.len());
        for (place, _) in here.iter().take(room) {
            let at = usize::try_from(place - base).unwrap_or(0);
            if at >= counted {
                lines += count(&window[counted..at], encoding).0;
                counted = at;
                found.lines.push(lines + 1);
            } else {
                found.lines.push(lines + 1 - count(&window[at..counted], encoding).0);
            }
        }
        let (newlines, returns) = count_with(window, fresh, encoding);
        found.newlines += newlines;
        found.returns += returns;
        found.count += here.len() as u64;
        let room = MOST_PLACES.saturating_sub(found.places.len());
        found.places.extend(here.into_iter().take(room));
        Ok(true)
    })?;
    Ok(found)
}

/// Says whether the content is UTF-8 throughout.
pub(super) fn is_utf8(pieces: &Pieces<'_>, watch: &Watch) -> Result<bool> {
    let mut fits = true;
    let mut valid = 0_u64;
    windows(pieces, 4, watch, |window, base, _| {
        let from = at_least(valid, base);
        fits = match std::str::from_utf8(&window[from..]) {
            Ok(_) => {
                valid = base + window.len() as u64;
                true
            }
            Err(e) => {
                valid = base + (from + e.valid_up_to()) as u64;
                e.error_len().is_none()
            }
        };
        Ok(fits)
    })?;
    Ok(fits && valid == pieces.len())
}

/// Where something close to a text is.
pub(super) enum Close {
    /// It differs in white space or quotes alone: its first line, and that line.
    Alike(u64, String),
    /// Its first line is there, but not what follows.
    Begins(u64),
}

/// Looks for what comes close to a text that is not there.
pub(super) fn nearest(pieces: &Pieces<'_>, encoding: Encoding, text: &str, watch: &Watch) -> Result<Option<Close>> {
    let wanted: Vec<String> = text.lines().map(plain).filter(|l| !l.is_empty()).take(50).collect();
    let Some((first, rest)) = wanted.split_first() else { return Ok(None) };
    let begins = text.lines().find(|l| !l.trim().is_empty()).filter(|_| !rest.is_empty()).unwrap_or_default();
    let (mut number, mut begun): (u64, Option<u64>) = (0, None);
    // Where the lines so far could be the beginning of it: the first of them, that line, how many fit.
    let mut open: Vec<(u64, String, usize)> = Vec::new();
    let mut alike = None;
    lines(pieces, encoding, watch, |line| {
        number += 1;
        if begun.is_none() && !begins.is_empty() && line.contains(begins) {
            begun = Some(number);
        }
        let plain = plain(line);
        if plain.is_empty() {
            return true;
        }
        open.retain_mut(|(_, _, fit)| {
            let last = *fit + 1 == wanted.len();
            let fits = wanted.get(*fit).is_some_and(|w| if last { plain.starts_with(w.as_str()) } else { plain == *w });
            *fit += 1;
            fits
        });
        let fits = if rest.is_empty() { plain.contains(first.as_str()) } else { plain.ends_with(first.as_str()) };
        if fits {
            open.push((number, line.to_owned(), 1));
        }
        let whole = open.iter().position(|(_, _, fit)| *fit == wanted.len());
        alike = whole.map(|at| open.swap_remove(at));
        alike.is_none()
    })?;
    Ok(alike.map(|(line, text, _)| Close::Alike(line, text)).or(begun.map(Close::Begins)))
}

/// Takes out of a line what is easily written otherwise: white space, and the shape of quotes and dashes.
fn plain(line: &str) -> String {
    let alike = |c: char| match c {
        '\u{2018}'..='\u{201B}' | '\u{2032}' | '`' | '´' => '\'',
        '\u{201C}'..='\u{201F}' | '\u{2033}' | '«' | '»' => '"',
        '\u{2010}'..='\u{2015}' | '\u{2212}' => '-',
        c => c,
    };
    line.chars().filter(|c| !c.is_whitespace() && *c != '\u{FEFF}' && *c != '\u{200B}').map(alike).collect()
}

/// Shows the content window by window, each with the last `carry` bytes of the one before: the window, where it begins, how
/// many of its bytes were there before. `see` says whether to go on.
fn windows(
    pieces: &Pieces<'_>,
    carry: usize,
    watch: &Watch,
    mut see: impl FnMut(&[u8], u64, usize) -> Result<bool>,
) -> Result<()> {
    // What is kept begins at a multiple of four, which takes up to three bytes of it.
    let carry = carry.next_multiple_of(4) + 4;
    let mut buffer = vec![0; carry + WINDOW];
    let (mut base, mut kept) = (0_u64, 0);
    loop {
        if watch.cancel.is_cancelled() {
            return Err(Error::new(Kind::Cancelled, "edit file", "it was stopped before anything was changed"));
        }
        let got = pieces.read_at(&mut buffer[kept..], base + kept as u64)?;
        let filled = kept + got;
        (watch.progress)(base + filled as u64, pieces.len(), "");
        if got == 0 || !see(&buffer[..filled], base, kept)? {
            return Ok(());
        }
        let keep = carry.min(filled);
        let from = (filled - keep).next_multiple_of(4).min(filled);
        buffer.copy_within(from..filled, 0);
        base += from as u64;
        kept = filled - from;
    }
}

/// Calls `hit` with each place of a needle from `from` on that begins at a whole unit; it gives where to look on.
fn each(window: &[u8], needle: &[u8], unit: usize, from: usize, mut hit: impl FnMut(usize) -> usize) {
    let finder = memmem::Finder::new(needle);
    let mut from = from;
    while let Some(at) = window.get(from..).and_then(|rest| finder.find(rest)).map(|at| at + from) {
        from = if at % unit == 0 { hit(at).max(at + 1) } else { at + 1 };
    }
}

fn at_least(place: u64, base: u64) -> usize {
    usize::try_from(place.saturating_sub(base)).unwrap_or(usize::MAX)
}

fn is_return(unit: &[u8], encoding: Encoding) -> bool {
    unit == encoding.encode("\r").as_slice()
}

/// Counts the lines that end in some bytes, and those that end with a carriage return too.
fn count(bytes: &[u8], encoding: Encoding) -> (u64, u64) {
    count_with(bytes, 0, encoding)
}

/// Counts as [`count`] from `from` on; what lies before is looked at for a carriage return only.
fn count_with(bytes: &[u8], from: usize, encoding: Encoding) -> (u64, u64) {
    let (mut newlines, mut returns) = (0, 0);
    if encoding == Encoding::Bytes {
        for at in memchr::memchr_iter(b'\n', &bytes[from..]).map(|at| at + from) {
            newlines += 1;
            returns += u64::from(at > 0 && bytes[at - 1] == b'\r');
        }
        return (newlines, returns);
    }
    let (newline, mark) = (encoding.encode("\n"), encoding.encode("\r"));
    for at in (from.next_multiple_of(2)..bytes.len().saturating_sub(1)).step_by(2) {
        if bytes[at..at + 2] == newline {
            newlines += 1;
            returns += u64::from(at >= 2 && bytes[at - 2..at] == mark);
        }
    }
    (newlines, returns)
}

/// Shows the content line by line, without what ends them; of very long ones the beginning. `see` says whether to go on.
fn lines(pieces: &Pieces<'_>, encoding: Encoding, watch: &Watch, mut see: impl FnMut(&str) -> bool) -> Result<()> {
    let (newline, unit) = (encoding.encode("\n"), encoding.unit());
    let mut line: Vec<u8> = Vec::new();
    let mut on = true;
    windows(pieces, 0, watch, |window, _, fresh| {
        let mut rest = &window[fresh..];
        while on {
            let mut end = None;
            each(rest, &newline, unit, 0, |at| {
                end = Some(at);
                usize::MAX
            });
            let until = end.unwrap_or(rest.len());
            let room = LONGEST_LINE.saturating_sub(line.len());
            line.extend_from_slice(&rest[..until.min(room)]);
            let Some(end) = end else { break };
            on = see(encoding.decode(&line).trim_end_matches('\r'));
            line.clear();
            rest = &rest[end + newline.len()..];
        }
        Ok(on)
    })?;
    if on && !line.is_empty() {
        see(encoding.decode(&line).trim_end_matches('\r'));
    }
    Ok(())
}
