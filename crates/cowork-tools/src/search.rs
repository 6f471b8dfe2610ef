//! Searching one file after another for a pattern: ripgrep's matcher and searcher, over the session's files.

use std::{
    io,
    sync::{Mutex, PoisonError},
};

use cowork_core::{Error, Kind, OpenFile, Result, Watch};
use encoding_rs::{Decoder, Encoding, UTF_8};
use grep_matcher::Matcher;
use grep_regex::{RegexMatcher, RegexMatcherBuilder};
use grep_searcher::{
    BinaryDetection, Searcher, SearcherBuilder, Sink, SinkContext, SinkContextKind, SinkFinish, SinkMatch,
};

use crate::{look_type::HEAD, show::stopped, transcode::encoding_of};

/// A line longer than this is not searched: it would have to be held whole.
const LONGEST_LINE: usize = 8 * 1024 * 1024;
/// So much is decoded at a time.
const CHUNK: usize = 64 * 1024;
/// What a pattern may come to in memory, in bytes, for each thread.
const LARGEST_PATTERN: usize = 8 * 1024 * 1024;
/// So many words are looked for.
const MOST_WORDS: usize = 32;
/// A line is given so long, around the hit.
const SHOWN_LINE: usize = 200;

/// What to look for.
pub(crate) struct Pattern<'a> {
    pub(crate) text: &'a str,
    pub(crate) regex: bool,
    pub(crate) match_case: bool,
    pub(crate) whole_word: bool,
}

impl Pattern<'_> {
    /// Makes a matcher. It is linear in what it reads, whatever the pattern.
    pub(crate) fn matcher(&self, op: &str) -> Result<RegexMatcher> {
        self.any_of(op, &[self.text])
    }

    /// Makes a matcher for whichever of some texts is there, each read as the pattern's own.
    fn any_of(&self, op: &str, texts: &[&str]) -> Result<RegexMatcher> {
        let mut builder = RegexMatcherBuilder::new();
        builder.multi_line(true).octal(false).case_insensitive(!self.match_case).word(self.whole_word);
        builder.fixed_strings(!self.regex).line_terminator(Some(b'\n'));
        builder.size_limit(LARGEST_PATTERN).dfa_size_limit(LARGEST_PATTERN);
        builder.build_many(texts).map_err(|e| refused(op, self.text, &e.to_string()))
    }

    /// Makes a matcher for whichever of the text's words is there, and one for each of them if there are several.
    pub(crate) fn words(&self, op: &str) -> Result<(RegexMatcher, Vec<RegexMatcher>)> {
        let words = words(self.text);
        if let [word] = words[..] {
            return Ok((self.any_of(op, &[word])?, Vec::new()));
        }
        let each = words.iter().map(|word| self.any_of(op, &[word])).collect::<Result<_>>()?;
        Ok((self.any_of(op, &words)?, each))
    }
}

/// What says little of what is looked for: it need not be there.
const SMALL: &str = "a an and at by for from in my of on or our the to with your \
    am auf aus das dem den der die ein eine einen für im in mein mit oder und unser vom von zu zum zur \
    au aux avec dans de des du et la le les mes mon par pour un une con de del el en la las los por y";

/// Gives the words of a text that count. What stands in quotes stays together and always counts.
fn words(text: &str) -> Vec<&str> {
    let mut all: Vec<(bool, &str)> = Vec::new();
    // Every other piece stands in quotes; one that nothing closes does not.
    let pieces: Vec<&str> = text.split(['"', '“', '”', '„']).collect();
    for (at, piece) in pieces.iter().enumerate() {
        if at % 2 == 1 && at + 1 < pieces.len() {
            all.push((true, piece.trim()));
        } else {
            all.extend(piece.split_whitespace().map(|word| (false, word.trim_matches([',', ';', '?', '!']))));
        }
    }
    all.retain(|(_, word)| !word.is_empty());
    let counts =
        |(quoted, word): &&(bool, &str)| *quoted || !SMALL.split_whitespace().any(|s| s == word.to_lowercase());
    let mut found: Vec<&str> = all.iter().filter(counts).map(|(_, word)| *word).collect();
    if found.is_empty() {
        found = all.iter().map(|(_, word)| *word).collect();
    }
    found.truncate(MOST_WORDS);
    if found.is_empty() { vec![text] } else { found }
}

/// Says what is wrong with a regular expression, and at which of its characters, from 1.
fn refused(op: &str, pattern: &str, why: &str) -> Error {
    use regex_syntax::Error::{Parse, Translate};
    let found = match regex_syntax::parse(pattern) {
        Err(Parse(e)) => Some((e.kind().to_string(), e.span().start.offset)),
        Err(Translate(e)) => Some((e.kind().to_string(), e.span().start.offset)),
        _ => None,
    };
    let place = found.as_ref().and_then(|(_, at)| Some(pattern.get(..*at)?.chars().count() + 1));
    let at = place.map(|p| format!(", at character {p}")).unwrap_or_default();
    let reason = found.map_or_else(|| why.trim().to_owned(), |(kind, _)| kind);
    let message = format!("`{}` is not a pattern that can be searched for: {reason}{at}", pattern.escape_debug());
    let error =
        Error::new(Kind::InvalidInput, op, message).with_fix("mend the pattern, or search for it as plain text");
    match place {
        Some(place) => error.with("place", place.to_string()),
        None => error,
    }
}

/// Searches files, on several threads; each takes a searcher with its buffers and gives it back.
pub(crate) struct Search {
    pub(crate) matcher: RegexMatcher,
    /// The words that must all be there; none if the matcher says it all.
    words: Vec<RegexMatcher>,
    builder: SearcherBuilder,
    idle: Mutex<Vec<Searcher>>,
    watch: Watch,
}

/// How much of a file's hits is wanted.
#[derive(Clone, Copy)]
pub(crate) struct Wanted {
    /// So many lines, the first ones.
    pub(crate) lines: usize,
    /// Only whether there is one.
    pub(crate) once: bool,
}

/// What was found in a file.
#[derive(Default)]
pub(crate) struct Found {
    /// The lines with a hit; of words, those with the most of them.
    pub(crate) matches: u64,
    pub(crate) lines: Vec<Line>,
    /// Which of the words there are, a bit each.
    pub(crate) words: u32,
    /// Whether the search ended at a byte that no text has. As with ripgrep, what was found before it counts.
    pub(crate) binary: bool,
}

/// A line with a hit.
#[derive(Default)]
pub(crate) struct Line {
    pub(crate) number: u64,
    pub(crate) text: String,
    pub(crate) before: Vec<String>,
    pub(crate) after: Vec<String>,
}

/// Why a file was not searched.
pub(crate) enum Missed {
    /// It could not be read.
    Unreadable,
    /// It has a line of more than 8 MiB.
    LongLine,
}

impl Search {
    pub(crate) fn new(
        (matcher, words): (RegexMatcher, Vec<RegexMatcher>),
        context: usize,
        numbers: bool,
        watch: Watch,
    ) -> Self {
        let mut builder = SearcherBuilder::new();
        builder.line_number(numbers).before_context(context).after_context(context);
        builder.binary_detection(BinaryDetection::quit(0)).heap_limit(Some(LONGEST_LINE));
        Self { matcher, words, builder, idle: Mutex::default(), watch }
    }

    /// Takes a searcher for a while.
    pub(crate) fn borrow(&self) -> Searcher {
        let idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        idle.unwrap_or_else(|| self.builder.build())
    }

    pub(crate) fn give_back(&self, searcher: Searcher) {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).push(searcher);
    }

    /// Says which of the words a text has, a bit each, as [`Found::words`] does.
    pub(crate) fn words_in(&self, text: &[u8]) -> u32 {
        words_in(&self.words, text)
    }

    /// Gives what it is if all words are there; none where there are no words.
    pub(crate) fn all_words(&self) -> u32 {
        ((1_u64 << self.words.len()) - 1) as u32
    }

    /// Searches a text that was read already.
    pub(crate) fn text(&self, searcher: &mut Searcher, text: &str, wanted: Wanted) -> Found {
        let mut collect = self.collect(wanted);
        match searcher.search_slice(&self.matcher, text.as_bytes(), &mut collect) {
            Ok(()) => collect.found,
            Err(_) => Found::default(),
        }
    }

    fn collect(&self, wanted: Wanted) -> Collect<'_> {
        Collect {
            matcher: &self.matcher,
            words: &self.words,
            wanted,
            found: Found::default(),
            before: Vec::new(),
            best: 0,
        }
    }

    /// Searches a file.
    ///
    /// # Errors
    /// `Cancelled`; what came of the file itself is inside.
    pub(crate) fn file(
        &self,
        searcher: &mut Searcher,
        file: &dyn OpenFile,
        wanted: Wanted,
    ) -> Result<std::result::Result<Found, Missed>> {
        let mut collect = self.collect(wanted);
        let mut source = Source::new(file, &self.watch);
        let result = searcher.search_reader(&self.matcher, &mut source, &mut collect);
        if self.watch.cancel.is_cancelled() {
            return Err(stopped("find text"));
        }
        Ok(match result {
            Ok(()) => Ok(collect.found),
            Err(_) if source.failed => Err(Missed::Unreadable),
            Err(_) => Err(Missed::LongLine),
        })
    }
}

/// Reads an open file from its start; one that is neither UTF-8 nor begins with a mark, as UTF-8.
struct Source<'a> {
    file: &'a dyn OpenFile,
    at: u64,
    failed: bool,
    watch: &'a Watch,
    /// How the file begins, or what was decoded of it: what is given next.
    ready: Vec<u8>,
    given: usize,
    begun: bool,
    decoder: Option<Decoder>,
}

impl<'a> Source<'a> {
    fn new(file: &'a dyn OpenFile, watch: &'a Watch) -> Self {
        let (ready, decoder) = (Vec::new(), None);
        Self { file, at: 0, failed: false, watch, ready, given: 0, begun: false, decoder }
    }

    /// Reads how the file begins, and finds its encoding by that.
    fn begin(&mut self) -> io::Result<()> {
        self.begun = true;
        let (mut head, mut filled) = (vec![0; HEAD], 0);
        while filled < head.len() {
            match self.fetch(&mut head[filled..])? {
                0 => break,
                got => filled += got,
            }
        }
        head.truncate(filled);
        let plain = !head.contains(&0) && std::str::from_utf8(&head).is_ok();
        if !plain && Encoding::for_bom(&head).is_none() {
            let found = encoding_of(&head, filled < HEAD).filter(|encoding| *encoding != UTF_8);
            self.decoder = found.map(Encoding::new_decoder_without_bom_handling);
        }
        if self.decoder.is_some() {
            self.decode(&head, head.is_empty());
        } else {
            self.ready = head;
        }
        Ok(())
    }

    fn decode(&mut self, bytes: &[u8], last: bool) {
        let Some(decoder) = &mut self.decoder else { return };
        let room = decoder.max_utf8_buffer_length(bytes.len()).unwrap_or(bytes.len() * 4);
        self.ready.resize(room, 0);
        let (_, _, written, _) = decoder.decode_to_utf8(bytes, &mut self.ready, last);
        self.ready.truncate(written);
        self.given = 0;
    }

    fn fetch(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self.file.read_at(buffer, self.at) {
            Ok(length) => {
                self.at += length as u64;
                Ok(length)
            }
            Err(e) => {
                self.failed = true;
                Err(io::Error::other(e))
            }
        }
    }
}

impl io::Read for Source<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.watch.cancel.is_cancelled() {
            return Err(io::Error::other("stopped"));
        }
        if !self.begun {
            self.begin()?;
        }
        while self.given == self.ready.len() {
            if self.decoder.is_none() {
                return self.fetch(buffer);
            }
            let mut bytes = vec![0; CHUNK];
            let got = self.fetch(&mut bytes)?;
            self.decode(&bytes[..got], got == 0);
            if got == 0 {
                self.decoder = None;
            }
        }
        let some = buffer.len().min(self.ready.len() - self.given);
        buffer[..some].copy_from_slice(&self.ready[self.given..self.given + some]);
        self.given += some;
        Ok(some)
    }
}

/// Collects the hits of one file.
struct Collect<'a> {
    matcher: &'a RegexMatcher,
    words: &'a [RegexMatcher],
    wanted: Wanted,
    found: Found,
    before: Vec<String>,
    /// How many words the best line so far has.
    best: u32,
}

impl Collect<'_> {
    /// Says whether a line with some of the words is as good as the best so far; what was less good goes.
    fn is_best(&mut self, line: &[u8]) -> bool {
        let words = words_in(self.words, line);
        self.found.words |= words;
        if words.count_ones() > self.best {
            self.best = words.count_ones();
            self.found.matches = 0;
            self.found.lines.clear();
        }
        words.count_ones() == self.best
    }
}

fn words_in(words: &[RegexMatcher], text: &[u8]) -> u32 {
    let has = |word: &RegexMatcher| word.is_match(text).unwrap_or(false);
    words.iter().enumerate().filter(|(_, word)| has(word)).fold(0, |all, (at, _)| all | 1 << at)
}

impl Sink for Collect<'_> {
    type Error = io::Error;

    fn matched(&mut self, _: &Searcher, hit: &SinkMatch<'_>) -> io::Result<bool> {
        let before = std::mem::take(&mut self.before);
        if !self.words.is_empty() && !self.is_best(hit.bytes()) {
            return Ok(true);
        }
        self.found.matches += 1;
        if self.found.lines.len() < self.wanted.lines {
            let (number, text) = (hit.line_number().unwrap_or(0), around(self.matcher, hit.bytes()));
            self.found.lines.push(Line { number, text, before, after: Vec::new() });
        }
        // One line need not have all words.
        Ok(!self.wanted.once || self.found.words.count_ones() < self.words.len() as u32)
    }

    fn context(&mut self, _: &Searcher, context: &SinkContext<'_>) -> io::Result<bool> {
        let text = shortened(context.bytes(), 0);
        match context.kind() {
            SinkContextKind::Before => self.before.push(text),
            _ if self.found.matches as usize <= self.found.lines.len() => {
                if let Some(line) = self.found.lines.last_mut() {
                    line.after.push(text);
                }
            }
            _ => {}
        }
        Ok(true)
    }

    fn finish(&mut self, _: &Searcher, end: &SinkFinish) -> io::Result<()> {
        if end.binary_byte_offset().is_some() {
            self.found.binary = true;
        }
        Ok(())
    }
}

/// Cuts a line to what lies around the hit.
fn around(matcher: &RegexMatcher, line: &[u8]) -> String {
    let at = if line.len() <= SHOWN_LINE { 0 } else { matcher.find(line).ok().flatten().map_or(0, |m| m.start()) };
    shortened(line, at)
}

fn shortened(line: &[u8], at: usize) -> String {
    // Four bytes a character at most: more of the line can't be shown.
    let from = at.saturating_sub(SHOWN_LINE * 2);
    let to = line.len().min(at + SHOWN_LINE * 4);
    let text = String::from_utf8_lossy(&line[from..to]);
    let head = String::from_utf8_lossy(&line[from..at.min(to)]).chars().count();
    let text = text.trim_end();
    let length = text.chars().count();
    let (mut skip, cut_head) = (0, from > 0);
    if length > SHOWN_LINE {
        skip = head.saturating_sub(SHOWN_LINE / 2).min(length - SHOWN_LINE);
    }
    let piece: String = text.chars().skip(skip).take(SHOWN_LINE).collect();
    let piece = if skip > 0 || cut_head { piece.as_str() } else { piece.trim_start() };
    let (head, tail) = (skip > 0 || cut_head, skip + SHOWN_LINE < length || to < line.len());
    format!("{}{piece}{}", if head { "…" } else { "" }, if tail { "…" } else { "" })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_words_need_not_be_there_and_quotes_keep_words_together() {
        assert_eq!(words("the contract with Müller"), ["contract", "Müller"]);
        assert_eq!(words("Rechnung von der Firma Globex?"), ["Rechnung", "Firma", "Globex"]);
        assert_eq!(words("\"the contract\" for Acme"), ["the contract", "Acme"]);
        assert_eq!(words("5\" screws"), ["5", "screws"]);
        assert_eq!(words("to be"), ["be"]);
        assert_eq!(words("of the"), ["of", "the"]);
        assert_eq!(words("?"), ["?"]);
    }
}
