//! A task's sentence, as words that can be compared.

use std::ops::Range;

use crate::{
    library::Lexicon,
    phrases::{ANY_KIND, Phrase, PhraseId, Places},
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

/// A sentence in words, with all that is found in it for every playbook alike.
#[derive(Debug, Default)]
pub(crate) struct Sentence<'a> {
    pub(crate) text: &'a str,
    pub(crate) words: Vec<Word>,
    /// Folders are granted.
    pub(crate) granted: bool,
    /// Where the names of the granted folders stand.
    pub(crate) folders: Vec<Vec<usize>>,
    /// It only asks about something, or tells what was done.
    pub(crate) is_no_order: bool,
    places: Places,
}

/// What begins something else after a comma.
const ASIDES: [&str; 12] =
    ["but", "and", "wher", "what", "which", "can", "could", "would", "pleas", "pls", "do", "thank"];
/// After one of these stands how something is to be done.
const LEADS: [&str; 6] = ["by", "into", "each", "every", "using", "after"];
/// What opens a clause that says which files are meant, right behind a word for them.
pub(crate) const WHICH: [&str; 11] = ["that", "which", "who", "whos", "wher", "i", "we", "you", "he", "she", "they"];
/// How many words may stand between the parts of a phrase.
const GAP: usize = 6;

impl<'a> Sentence<'a> {
    /// Reads a sentence; `folders` are the names of the granted folders.
    pub(crate) fn read(text: &'a str, lexicon: &Lexicon, folders: &[Phrase]) -> Self {
        let vocabulary = &lexicon.vocabulary;
        let words = names_of_files(&same(&mended(text, vocabulary), vocabulary), vocabulary);
        let mut sentence = Self { text, words, granted: !folders.is_empty(), ..Self::default() };
        sentence.words.iter_mut().for_each(|word| word.class = vocabulary.class(&word.stem));
        sentence.mark_literals();
        sentence.mark_negated(vocabulary);
        sentence.mark_heads();
        sentence.is_no_order = sentence.asks_or_tells();
        sentence.places = sentence.find_all(lexicon);
        sentence.folders = folders.iter().flat_map(|folder| sentence.find(folder)).collect();
        sentence
    }

    /// Gives the places where a phrase stands. Articles and the like may stand between its words.
    pub(crate) fn places(&self, phrase: PhraseId) -> &[Vec<usize>] {
        self.places.get(phrase)
    }

    /// Finds a phrase that is no playbook's.
    fn find(&self, phrase: &Phrase) -> Vec<Vec<usize>> {
        (0..self.words.len()).filter_map(|start| self.find_at(start, phrase)).collect()
    }

    /// Finds the phrases of all playbooks, by the words that they begin with.
    fn find_all(&self, lexicon: &Lexicon) -> Places {
        let mut places = Places::of(lexicon.phrases.len());
        for (start, word) in self.words.iter().enumerate().filter(|(_, word)| !word.quoted) {
            let kind = (word.class.is_kind() && word.stem != ANY_KIND).then_some(ANY_KIND);
            for stem in [Some(word.stem.as_str()), kind].into_iter().flatten() {
                for (id, phrase) in lexicon.phrases.beginning_with(stem) {
                    if let Some(place) = self.find_at(start, phrase) {
                        places.add(id, place);
                    }
                }
            }
        }
        places
    }

    /// Gives the words of a phrase if it begins here.
    fn find_at(&self, start: usize, phrase: &Phrase) -> Option<Vec<usize>> {
        let (first, rest) = phrase.parts.split_first()?;
        if phrase.led && !self.is_led(start) || first.len() == 1 && self.is_told_name(start) {
            return None;
        }
        let mut places = self.run(start, first)?;
        for part in rest {
            let after = places.last().map_or(start, |at| at + 1);
            let mut near = (after..(after + GAP + 1).min(self.words.len()))
                .take_while(|at| *at == after || !self.ends_clause(at - 1));
            places.extend(near.find_map(|at| self.run(at, part))?);
        }
        if phrase.led {
            let leads = |at: &usize| LEADS.contains(&self.words[*at].stem.as_str());
            places.extend((start.saturating_sub(4)..start).filter(leads));
        }
        Some(places)
    }

    /// Gives the words of a phrase if they stand here one after the other.
    fn run(&self, start: usize, stems: &[String]) -> Option<Vec<usize>> {
        if !self.is(start, stems.first()?) {
            return None;
        }
        let mut at = start;
        let mut places = Vec::with_capacity(stems.len());
        for stem in stems {
            while !places.is_empty() && !self.is(at, stem) && self.words.get(at)?.class.is_glue() {
                at += 1;
            }
            if !self.is(at, stem) {
                return None;
            }
            places.push(at);
            at += 1;
        }
        Some(places)
    }

    fn is(&self, at: usize, stem: &str) -> bool {
        let fits = |w: &Word| w.stem == stem || (w.class.is_kind() && stem == ANY_KIND);
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
            between.contains(['?', '!', '\n', ';'])
                || self.is_aside(*at)
                || between.contains(". ")
                || (between.contains(", ") && self.words.get(at + 1).is_some_and(|w| ASIDES.contains(&w.stem.as_str())))
                || between.contains(" - ")
                || between.contains('—')
        };
        range.clone().find(ends).map_or(range.end, |at| at + 1)
    }

    /// Says whether several words in brackets begin or end behind this one. One alone is part of a text: `(c) 2026`, `Plan (old)`.
    fn is_aside(&self, at: usize) -> bool {
        let (from, to) = (self.words[at].at.end, self.words.get(at + 1).map_or(self.text.len(), |w| w.at.start));
        let several = |inside: &str| inside.split_whitespace().nth(1).is_some();
        self.text[from..to].char_indices().any(|(offset, c)| match c {
            '(' => several(self.text[from + offset + 1..].split(')').next().unwrap_or_default()),
            ')' => several(self.text[..from + offset].rsplit('(').next().unwrap_or_default()),
            _ => false,
        })
    }

    /// Adds the brackets that belong to a text: `(c)`, `Plan (old)`, `[draft] minutes`.
    fn with_brackets(&self, range: Range<usize>) -> Range<usize> {
        let Range { mut start, mut end } = range;
        for (open, close) in [('(', ')'), ('[', ']'), ('{', '}'), ('<', '>')] {
            let number = |c: char| self.text[start..end].matches(c).count();
            let (opened, closed) = (number(open), number(close));
            let (before, behind) = (self.text[..start].ends_with(open), self.text[end..].starts_with(close));
            if before && (closed > opened || (closed == opened && behind)) {
                start -= open.len_utf8();
            }
            if behind && (opened > closed || (opened == closed && before)) {
                end += close.len_utf8();
            }
        }
        start..end
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
        let signed = self.with_signs(words.first()?.at.start..words.last()?.at.end);
        Some(self.text[self.with_brackets(signed)].to_owned())
    }

    fn mark_literals(&mut self) {
        let naming: Vec<Vec<String>> = NAMING.iter().map(|n| plain_stems(n)).collect();
        for at in 0..self.words.len() {
            let here = |n: &&Vec<String>| {
                self.words[at..].len() > n.len()
                    && n.iter().zip(&self.words[at..]).all(|(a, b)| *a == b.stem && !b.quoted)
            };
            let about = self.words[at].stem == "about"
                && at > 0
                && (self.words[at - 1].class.is_file()
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
            if !word.class.is_verb() || word.quoted {
                continue;
            }
            if text.ends_with("ing") && matches!(before, "no" | "stop" | "quit") {
                self.words[at - 1].stem = "not".to_owned();
                self.words[at - 1].class = vocabulary.class("not");
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
                while next < self.words.len() && self.words[next].class.is_small() && next < at + 4 {
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
                    Some(after) if self.words[next + 1 + after].class.is_verb() => next += 1 + after,
                    _ => break,
                }
            }
        }
    }

    /// Marks the verbs that ask for something: those that nothing but small words stand before in their clause.
    fn mark_heads(&mut self) {
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
            let head = opens && !determined && !plural && !word.quoted && word.class.is_verb();
            self.words[at].head = head;
            let small = self.words[at].class.is_small();
            opens = joins || (opens && small && !head);
        }
    }
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
        let glued = rest.iter().skip(2).take(2).take_while(|w| vocabulary.class(&w.stem).is_glue()).count();
        let begins = first.stem == "nam" && !first.quoted && rest.get(1).is_some_and(|w| w.stem == "of");
        let is_file =
            |w: &&Word| !w.quoted && !w.named && vocabulary.class(&w.stem).is_file() && !w.stem.ends_with("folder");
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
