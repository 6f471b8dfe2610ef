//! A task's sentence, as words that can be compared.

use std::{collections::HashMap, ops::Range};

use crate::{
    sentence_words::{Word, plain_stems, read},
    vocabulary::Vocabulary,
};

/// Words after which a text is named and not told: nothing in it is a wish.
const NAMING: [&str; 13] = [
    "mention",
    "contain",
    "the word",
    "the phrase",
    "the text",
    "the term",
    "the string",
    "called",
    "named",
    "titled",
    "that say",
    "refer to",
    "talk about",
];

/// A sentence in words.
#[derive(Debug, Default)]
pub(crate) struct Sentence<'a> {
    pub(crate) text: &'a str,
    pub(crate) words: Vec<Word>,
    places: HashMap<String, Vec<usize>>,
    /// The marks of all its words.
    marks: u128,
}

/// Words of a header, as they are looked for.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Phrase {
    /// Parts with up to six other words between them.
    pub(crate) parts: Vec<Vec<String>>,
    /// It counts only after *by*, *into*, *each*: it was written `by …`.
    pub(crate) led: bool,
    /// The marks of all its words: where a sentence lacks one, the phrase is not in it.
    marks: u128,
}

impl Phrase {
    pub(crate) fn read(text: &str, vocabulary: &Vocabulary) -> Self {
        let parts = text.split('…').map(|p| stems(p, vocabulary)).filter(|p| !p.is_empty());
        let mut parts: Vec<Vec<String>> = parts.collect();
        let led = parts.first().is_some_and(|p| p.len() > 1 && p[0] == "by");
        if led {
            parts[0].remove(0);
        }
        let marks =
            parts.iter().flatten().filter(|stem| *stem != ANY_KIND).map(|stem| mark(stem)).fold(0, |a, b| a | b);
        Self { parts, led, marks }
    }
}

/// What begins something else after a comma.
const ASIDES: [&str; 12] =
    ["but", "and", "wher", "what", "which", "can", "could", "would", "pleas", "pls", "do", "thank"];
/// After one of these stands how something is to be done.
const LEADS: [&str; 6] = ["by", "into", "each", "every", "using", "after"];
/// In a header, any word for a kind of file.
const ANY_KIND: &str = "filekind";
/// How many words may stand between the parts of a phrase.
const GAP: usize = 6;

impl<'a> Sentence<'a> {
    pub(crate) fn read(text: &'a str, vocabulary: &Vocabulary) -> Self {
        let words = names_of_files(&same(&mended(text, vocabulary), vocabulary), vocabulary);
        let mut sentence = Self { text, words, ..Self::default() };
        sentence.mark_literals(vocabulary);
        sentence.mark_negated(vocabulary);
        sentence.mark_heads(vocabulary);
        for (at, word) in sentence.words.iter().enumerate().filter(|(_, w)| !w.quoted) {
            sentence.places.entry(word.stem.clone()).or_default().push(at);
            sentence.marks |= mark(&word.stem);
        }
        sentence
    }

    /// Says whether all the words of a phrase may be in it, at once and without looking at each.
    pub(crate) fn may_have(&self, phrase: &Phrase) -> bool {
        phrase.marks & !self.marks == 0
    }

    /// Gives the places where a phrase stands. Articles and the like may stand between its words.
    pub(crate) fn find(&self, phrase: &Phrase, vocabulary: &Vocabulary) -> Vec<Vec<usize>> {
        let Some((first, rest)) = phrase.parts.split_first().filter(|_| self.may_have(phrase)) else {
            return Vec::new();
        };
        let kinds = || (0..self.words.len()).filter(|at| self.is(*at, ANY_KIND, vocabulary)).collect();
        let starts = if first[0] == ANY_KIND { Some(kinds()) } else { self.places.get(&first[0]).cloned() };
        let mut found = Vec::new();
        let may_begin =
            |at: &&usize| (!phrase.led || self.is_led(**at)) && !(first.len() == 1 && self.is_told_name(**at));
        for start in starts.iter().flatten().filter(may_begin) {
            let Some(mut places) = self.run(*start, first, vocabulary) else { continue };
            let complete = rest.iter().all(|part| {
                let after = places.last().map_or(*start, |at| at + 1);
                let next = (after..(after + GAP + 1).min(self.words.len()))
                    .take_while(|at| *at == after || !self.ends_clause(at - 1))
                    .find_map(|at| self.run(at, part, vocabulary));
                next.inspect(|more| places.extend(more)).is_some()
            });
            if complete {
                if phrase.led {
                    let leads = |at: &usize| LEADS.contains(&self.words[*at].stem.as_str());
                    places.extend((start.saturating_sub(4)..*start).filter(leads));
                }
                found.push(places);
            }
        }
        found
    }

    /// Gives the words of a phrase if they stand here one after the other.
    fn run(&self, start: usize, stems: &[String], vocabulary: &Vocabulary) -> Option<Vec<usize>> {
        let mut at = start;
        let mut places = Vec::with_capacity(stems.len());
        for stem in stems {
            while !places.is_empty() && !self.is(at, stem, vocabulary) && vocabulary.is_glue(&self.words.get(at)?.stem)
            {
                at += 1;
            }
            if !self.is(at, stem, vocabulary) {
                return None;
            }
            places.push(at);
            at += 1;
        }
        Some(places)
    }

    fn is(&self, at: usize, stem: &str, vocabulary: &Vocabulary) -> bool {
        let fits = |w: &Word| w.stem == stem || (stem == ANY_KIND && vocabulary.is_kind(&w.stem));
        self.words.get(at).is_some_and(|w| !w.quoted && fits(w))
    }

    /// `our firm is now called Zeta` tells a name, and asks for no file of that name.
    fn is_told_name(&self, at: usize) -> bool {
        let told = |word: &Word| matches!(word.stem.as_str(), "is" | "are" | "was" | "wer" | "now" | "be");
        matches!(self.words[at].stem.as_str(), "called" | "named") && at > 0 && told(&self.words[at - 1])
    }

    /// Says whether one of the words that lead to a value stands up to three words before.
    fn is_led(&self, at: usize) -> bool {
        self.words[at.saturating_sub(4)..at].iter().any(|w| LEADS.contains(&w.stem.as_str()))
    }

    /// Gives what stands between a word and the next.
    pub(crate) fn between(&self, at: usize) -> &str {
        let (Some(word), Some(next)) = (self.words.get(at), self.words.get(at + 1)) else { return "" };
        let between = self.text.get(word.at.end..next.at.start).unwrap_or_default();
        // `Mr. Smith`
        let is_short =
            matches!(word.stem.as_str(), "mr" | "mrs" | "ms" | "dr" | "prof" | "st" | "no" | "inc" | "ltd" | "co");
        if is_short { between.strip_prefix('.').unwrap_or(between) } else { between }
    }

    /// Says whether a clause ends with this word.
    pub(crate) fn ends_clause(&self, at: usize) -> bool {
        let between = self.between(at);
        between.contains(['?', '!', '\n', ';', ':', ',', '.', '(', ')', '–', '—']) || between.contains(" - ")
    }

    /// Gives the first word after the end of what is said with the words from here: a comma alone ends no title.
    pub(crate) fn sentence_end(&self, range: Range<usize>) -> usize {
        let ends = |at: &usize| {
            let between = self.between(*at);
            between.contains(['?', '!', '\n', ';', '(', ')'])
                || between.contains(". ")
                || (between.contains(", ") && self.words.get(at + 1).is_some_and(|w| ASIDES.contains(&w.stem.as_str())))
                || between.contains(" - ")
                || between.contains('—')
        };
        range.clone().find(ends).map_or(range.end, |at| at + 1)
    }

    /// Adds the signs that are written right before and behind: `IMG_`, `€5`, `-v2`.
    fn with_signs(&self, range: Range<usize>) -> Range<usize> {
        let sign = |c: char| {
            matches!(c, '_' | '#' | '$' | '€' | '£' | '%' | '+' | '@' | '&' | '~' | '-' | '=' | '*' | '/' | '\\')
        };
        let (before, behind) = (&self.text[..range.start], &self.text[range.end..]);
        let (left, right) = (before.trim_end_matches(sign), behind.trim_start_matches(sign));
        let apart = |c: char| c.is_whitespace() || matches!(c, ',' | '.' | ';' | '?' | '!' | '(' | ')');
        let start = if left.is_empty() || left.ends_with(apart) { left.len() } else { range.start };
        let end = if right.is_empty() || right.starts_with(apart) { self.text.len() - right.len() } else { range.end };
        start..end
    }

    /// Gives the text of some words that stand one after the other.
    pub(crate) fn text_of(&self, range: Range<usize>) -> Option<String> {
        let words = self.words.get(range)?;
        if let Some(quoted) = words.iter().find(|w| w.quoted) {
            return Some(self.text[quoted.at.clone()].to_owned());
        }
        Some(self.text[self.with_signs(words.first()?.at.start..words.last()?.at.end)].to_owned())
    }

    fn mark_literals(&mut self, vocabulary: &Vocabulary) {
        let naming: Vec<Vec<String>> = NAMING.iter().map(|n| plain_stems(n)).collect();
        for at in 0..self.words.len() {
            let here = |n: &&Vec<String>| {
                self.words[at..].len() > n.len()
                    && n.iter().zip(&self.words[at..]).all(|(a, b)| *a == b.stem && !b.quoted)
            };
            let about = self.words[at].stem == "about"
                && at > 0
                && (vocabulary.is_file(&self.words[at - 1].stem)
                    || matches!(self.words[at - 1].stem.as_str(), "everyth" | "anyth" | "someth"));
            let Some(length) = naming.iter().find(here).map(Vec::len).or(about.then_some(1)) else { continue };
            if self.is_told_name(at) {
                continue;
            }
            // `the text files`
            if length == 2 && self.words.get(at + 2).is_some_and(|w| !w.quoted && w.stem == "fil") {
                continue;
            }
            let mut end = self.sentence_end(at + length..self.words.len());
            if length == 2 && self.words[at].stem == "the" {
                let goes_on =
                    |w: &Word| matches!(w.stem.as_str(), "in" | "from" | "with" | "to" | "by" | "into" | "and");
                let after = at + length;
                end = (after..end).find(|at| goes_on(&self.words[*at])).unwrap_or(end);
            }
            self.words[at + length..end].iter_mut().for_each(|w| w.literal = true);
        }
        self.words.iter_mut().filter(|w| w.quoted).for_each(|w| w.literal = true);
    }

    /// Makes a *not* of `no deleting` and `stop deleting`, and marks what must not happen: `no duplicates get deleted`.
    fn mark_noes(&mut self, vocabulary: &Vocabulary) {
        const REACH: usize = 6;
        for at in 1..self.words.len() {
            let (word, before) = (&self.words[at], self.words[at - 1].stem.as_str());
            let text = &self.text[word.at.clone()];
            if !vocabulary.is_verb(&word.stem) || word.quoted {
                continue;
            }
            if text.ends_with("ing") && matches!(before, "no" | "stop" | "quit") {
                self.words[at - 1].stem = "not".to_owned();
            } else if text.ends_with("ed") && matches!(before, "get" | "be" | "is" | "are" | "gets") {
                let no = self.words[at.saturating_sub(REACH)..at].iter().any(|w| w.stem == "no" && !w.quoted);
                self.words[at].negated |= no;
            }
        }
    }

    fn mark_negated(&mut self, vocabulary: &Vocabulary) {
        self.mark_noes(vocabulary);
        for at in 0..self.words.len() {
            if self.words[at].stem != "not" || self.words[at].quoted {
                continue;
            }
            let mut next = at + 1;
            loop {
                while next < self.words.len() && vocabulary.is_small(&self.words[next].stem) && next < at + 4 {
                    next += 1;
                }
                let Some(word) = self.words.get_mut(next) else { break };
                word.negated = true;
                // `don't move or rename anything`
                let joined = self.words.get(next + 1).is_some_and(|w| w.stem == "or" || w.stem == "nor")
                    || self.between(next).trim() == ",";
                let Some(after) =
                    joined.then(|| self.words[next + 1..].iter().position(|w| w.stem != "or" && w.stem != "nor"))
                else {
                    break;
                };
                match after {
                    Some(after) if vocabulary.is_verb(&self.words[next + 1 + after].stem) => next += 1 + after,
                    _ => break,
                }
            }
        }
    }

    /// Marks the verbs that ask for something: those that nothing but small words stand before in their clause.
    fn mark_heads(&mut self, vocabulary: &Vocabulary) {
        const JOINS: [&str; 8] = ["and", "then", "but", "or", "to", "pleas", "also", "plu"];
        const DETERMINES: [&str; 26] = [
            "the", "a", "an", "my", "our", "your", "his", "her", "their", "thes", "those", "thi", "all", "every",
            "any", "each", "som", "no", "of", "in", "on", "at", "by", "with", "from", "for",
        ];
        let mut opens = true;
        for at in 0..self.words.len() {
            if at > 0 && self.ends_clause(at - 1) {
                opens = true;
            }
            let word = &self.words[at];
            let text = &self.text[word.at.clone()];
            let determined =
                at > 0 && !self.ends_clause(at - 1) && DETERMINES.contains(&self.words[at - 1].stem.as_str());
            let plural =
                text.ends_with('s') && !text.ends_with("ss") && !word.stem.ends_with("ss") && !text.contains(' ');
            let joins = JOINS.contains(&word.stem.as_str()) && !word.quoted;
            let head = opens && !determined && !plural && !word.quoted && vocabulary.is_verb(&word.stem);
            self.words[at].head = head;
            let small = vocabulary.is_small(&self.words[at].stem);
            opens = joins || (opens && small && !head);
        }
    }
}

/// Gives one of 128 marks for a word; different words may share one.
fn mark(stem: &str) -> u128 {
    let hash = stem
        .bytes()
        .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3));
    1 << ((hash >> 32) % 128)
}

/// Gives the stems of a phrase, with words that mean the same made one.
pub(crate) fn stems(phrase: &str, vocabulary: &Vocabulary) -> Vec<String> {
    same(&read(phrase), vocabulary).into_iter().map(|w| w.stem).collect()
}

/// Reads a text, with slips of the keys mended. A name is none: it is written with a capital where no sentence begins.
fn mended(text: &str, vocabulary: &Vocabulary) -> Vec<Word> {
    let mut words = read(text);
    for (at, word) in words.iter_mut().enumerate().filter(|(_, w)| !w.quoted && !w.named) {
        let is_name = at > 0 && text[word.at.clone()].starts_with(char::is_uppercase);
        if let Some(meant) = vocabulary.slip(&word.stem).filter(|_| !is_name) {
            word.stem = meant.to_owned();
        }
    }
    words
}

/// Makes `the names of` in `the names of the photos` one word: they are file names.
fn names_of_files(words: &[Word], vocabulary: &Vocabulary) -> Vec<Word> {
    let mut folded: Vec<Word> = Vec::with_capacity(words.len());
    let mut rest = words;
    while let Some(first) = rest.first() {
        let glued = rest.iter().skip(2).take(2).take_while(|w| vocabulary.is_glue(&w.stem)).count();
        let begins = first.stem == "nam" && !first.quoted && rest.get(1).is_some_and(|w| w.stem == "of");
        let is_file = |w: &&Word| !w.quoted && !w.named && vocabulary.is_file(&w.stem) && !w.stem.ends_with("folder");
        match rest.get(2 + glued).filter(is_file).filter(|_| begins) {
            Some(_) => {
                let at = first.at.start..rest[1].at.end;
                folded.push(Word { stem: "filenam".to_owned(), at, ..Word::default() });
                rest = &rest[2..];
            }
            None => {
                folded.push(first.clone());
                rest = &rest[1..];
            }
        }
    }
    folded
}

/// Puts one word for each phrase that means the same as another.
fn same(words: &[Word], vocabulary: &Vocabulary) -> Vec<Word> {
    let mut folded: Vec<Word> = Vec::with_capacity(words.len());
    let mut rest = words;
    while let Some(first) = rest.first() {
        let until = rest.iter().take_while(|w| !w.quoted && !w.named).count();
        let stems: Vec<&str> = rest[..until.min(8)].iter().map(|w| w.stem.as_str()).collect();
        match vocabulary.same(&stems) {
            Some((length, name)) if !first.quoted && (!first.named || length > 1) => {
                let at = first.at.start..rest[length - 1].at.end;
                folded.push(Word { stem: name.to_owned(), at, ..Word::default() });
                rest = &rest[length..];
            }
            _ => {
                folded.push(first.clone());
                rest = &rest[1..];
            }
        }
    }
    folded
}
