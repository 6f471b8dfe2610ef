//! Looking for a text in content of any size, a window at a time.

use cowork_core::{Error, Kind, Result, Watch};
use encoding_rs::{Encoding, UTF_8};
use memchr::memmem;

use super::pieces::Pieces;
use crate::transcode::{LONGEST_CHARACTER, View, invalid};

const OP: &str = "edit file";
/// How much is in memory at a time, beside the longest text that is looked for.
const WINDOW: usize = 1024 * 1024;
/// As much where it is decoded, which takes some times as much.
const DECODED_WINDOW: usize = 128 * 1024;
/// How many places are told by their line.
pub(super) const MOST_LINES: usize = 10;
/// More places than this are not replaced in one call.
pub(super) const MOST_PLACES: usize = 100_000;
/// A longer line than this is looked at no further.
const LONGEST_LINE: usize = 64 * 1024;

/// One place of a text: where in the content it begins, how many bytes it has, and which of the spellings it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Place {
    pub(super) at: u64,
    pub(super) len: u64,
    pub(super) which: usize,
}

/// Where a text is.
#[derive(Default, Debug)]
pub(super) struct Found {
    /// The first places, up to [`MOST_PLACES`].
    pub(super) places: Vec<Place>,
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
    encoding: &'static Encoding,
    spellings: &[String],
    apart: bool,
    watch: &Watch,
) -> Result<Found> {
    // What has to be seen again with the next window: a text that it cuts, and the character before one.
    let longest = |s: &String| if encoding == UTF_8 { s.len() } else { s.chars().count() * LONGEST_CHARACTER };
    let carry = spellings.iter().map(longest).max().unwrap_or(0) + LONGEST_CHARACTER;
    let finders: Vec<memmem::Finder<'_>> = spellings.iter().map(|s| memmem::Finder::new(s.as_bytes())).collect();
    let mut found = Found::default();
    let mut next = vec![0_u64; spellings.len()];
    windows(pieces, encoding, carry, watch, |view, base, fresh| {
        let text = &view.text[..];
        // By where they are in the text.
        let mut here: Vec<(usize, Place)> = Vec::new();
        for (which, spelling) in spellings.iter().enumerate() {
            let step = if apart { spelling.len() } else { spelling.chars().next().map_or(1, char::len_utf8) };
            let mut from = view.character_before(at_least(next[which], base)).0;
            while let Some(at) = text.get(from..).and_then(|rest| finders[which].find(rest)).map(|at| at + from) {
                from = at + step;
                let (Some(start), Some(end)) = (view.raw(at), view.raw(at + spelling.len())) else { continue };
                next[which] = base + view.raw(from).unwrap_or(end) as u64;
                // A line's end is not found in the middle of a longer one.
                if !(spelling.starts_with('\n') && at > 0 && text[at - 1] == b'\r') {
                    here.push((at, Place { at: base + start as u64, len: (end - start) as u64, which }));
                }
            }
        }
        here.sort_unstable();
        found.take(text, &here, fresh);
        Ok(true)
    })?;
    Ok(found)
}

impl Found {
    /// Takes what was found in a window, of which what comes before `fresh` was counted with the one before.
    fn take(&mut self, text: &[u8], here: &[(usize, Place)], fresh: usize) {
        let (mut counted, mut lines) = (fresh, self.newlines);
        let room = MOST_LINES.saturating_sub(self.lines.len());
        for (at, _) in here.iter().take(room) {
            if *at >= counted {
                lines += count(text, counted, *at).0;
                counted = *at;
                self.lines.push(lines + 1);
            } else {
                self.lines.push(lines + 1 - count(text, *at, counted).0);
            }
        }
        let (newlines, returns) = count(text, fresh, text.len());
        self.newlines += newlines;
        self.returns += returns;
        self.count += here.len() as u64;
        let room = MOST_PLACES.saturating_sub(self.places.len());
        self.places.extend(here.iter().take(room).map(|(_, place)| *place));
    }
}

/// Says whether the content is UTF-8 throughout.
pub(super) fn is_utf8(pieces: &Pieces<'_>, watch: &Watch) -> Result<bool> {
    let mut fits = true;
    let mut valid = 0_u64;
    windows(pieces, UTF_8, 4, watch, |view, base, _| {
        let from = at_least(valid, base);
        fits = match std::str::from_utf8(&view.text[from..]) {
            Ok(_) => {
                valid = base + view.text.len() as u64;
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
pub(super) fn nearest(
    pieces: &Pieces<'_>,
    encoding: &'static Encoding,
    text: &str,
    watch: &Watch,
) -> Result<Option<Close>> {
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

/// Shows the content window by window as UTF-8, each with the last `carry` bytes of the one before: the window, where in the
/// content it begins, how much of its text was there before. `see` says whether to go on.
fn windows(
    pieces: &Pieces<'_>,
    encoding: &'static Encoding,
    carry: usize,
    watch: &Watch,
    mut see: impl FnMut(&View<'_>, u64, usize) -> Result<bool>,
) -> Result<()> {
    let mut buffer = vec![0; carry + if encoding == UTF_8 { WINDOW } else { DECODED_WINDOW }];
    let (mut base, mut kept, mut fresh) = (0_u64, 0, 0);
    loop {
        if watch.cancel.is_cancelled() {
            return Err(Error::new(Kind::Cancelled, OP, "it was stopped before anything was changed"));
        }
        let filled = kept + pieces.read_at(&mut buffer[kept..], base + kept as u64)?;
        (watch.progress)(base + filled as u64, pieces.len(), "");
        let last = filled < buffer.len();
        let view = View::of(&buffer[..filled], encoding, last).map_err(|at| {
            invalid(OP, encoding, base + at as u64)
                .with_fix("say in `encoding` what it is in, as to `read_file`, or write it anew with `write_file`")
        })?;
        if !see(&view, base, fresh)? || last {
            return Ok(());
        }
        let (text, from) = view.character_before(filled.saturating_sub(carry));
        fresh = view.text.len() - text;
        buffer.copy_within(from..filled, 0);
        base += from as u64;
        kept = filled - from;
    }
}

fn at_least(place: u64, base: u64) -> usize {
    usize::try_from(place.saturating_sub(base)).unwrap_or(usize::MAX)
}

/// Counts the lines that end between two places, and those that end with a carriage return too.
fn count(text: &[u8], from: usize, to: usize) -> (u64, u64) {
    memchr::memchr_iter(b'\n', &text[from..to])
        .map(|at| at + from)
        .fold((0, 0), |(newlines, returns), at| (newlines + 1, returns + u64::from(at > 0 && text[at - 1] == b'\r')))
}

/// Shows the content line by line, without what ends them; of very long ones the beginning. `see` says whether to go on.
fn lines(
    pieces: &Pieces<'_>,
    encoding: &'static Encoding,
    watch: &Watch,
    mut see: impl FnMut(&str) -> bool,
) -> Result<()> {
    let mut line: Vec<u8> = Vec::new();
    let mut on = true;
    windows(pieces, encoding, LONGEST_CHARACTER, watch, |view, _, fresh| {
        let mut rest = &view.text[fresh..];
        while on {
            let end = memchr::memchr(b'\n', rest);
            let room = LONGEST_LINE.saturating_sub(line.len());
            line.extend_from_slice(&rest[..end.unwrap_or(rest.len()).min(room)]);
            let Some(end) = end else { break };
            on = see(String::from_utf8_lossy(&line).trim_end_matches('\r'));
            line.clear();
            rest = &rest[end + 1..];
        }
        Ok(on)
    })?;
    if on && !line.is_empty() {
        see(String::from_utf8_lossy(&line).trim_end_matches('\r'));
    }
    Ok(())
}
