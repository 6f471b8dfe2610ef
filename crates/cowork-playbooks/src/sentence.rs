//! A task's sentence, as words that can be compared.

use std::{collections::HashMap, ops::Range};

use crate::vocabulary::Vocabulary;

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

/// A word: its stem, and where it stands in the text.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Word {
    pub(crate) stem: String,
    pub(crate) at: Range<usize>,
    /// What stood in quotes: a value, not a word.
    pub(crate) quoted: bool,
    /// A file's name: `budget.xlsx`. Its stem is its extension.
    pub(crate) named: bool,
    /// It heads what the sentence, or a part of it, asks for.
    pub(crate) head: bool,
    /// The sentence says not to: `don't delete`, `without moving`.
    pub(crate) negated: bool,
    /// It is part of a text that is named: `that mention X`.
    pub(crate) literal: bool,
}

/// A sentence in words.
#[derive(Debug, Default)]
pub(crate) struct Sentence<'a> {
    pub(crate) text: &'a str,
    pub(crate) words: Vec<Word>,
    places: HashMap<String, Vec<usize>>,
}

/// Words of a header, as they are looked for.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Phrase {
    /// Parts with up to six other words between them.
    pub(crate) parts: Vec<Vec<String>>,
    /// It counts only after *by*, *into*, *each*: it was written `by …`.
    pub(crate) led: bool,
}

impl Phrase {
    pub(crate) fn read(text: &str, vocabulary: &Vocabulary) -> Self {
        let parts = text.split('…').map(|p| stems(p, vocabulary)).filter(|p| !p.is_empty());
        let mut parts: Vec<Vec<String>> = parts.collect();
        let led = parts.first().is_some_and(|p| p.len() > 1 && p[0] == "by");
        if led {
            parts[0].remove(0);
        }
        Self { parts, led }
    }
}

/// After one of these stands how something is to be done.
const LEADS: [&str; 6] = ["by", "into", "each", "every", "using", "after"];
/// How many words may stand between the parts of a phrase.
const GAP: usize = 6;

impl<'a> Sentence<'a> {
    pub(crate) fn read(text: &'a str, vocabulary: &Vocabulary) -> Self {
        let mut sentence = Self { text, words: same(&read(text), vocabulary), ..Self::default() };
        sentence.mark_literals(vocabulary);
        sentence.mark_negated(vocabulary);
        sentence.mark_heads(vocabulary);
        for (at, word) in sentence.words.iter().enumerate().filter(|(_, w)| !w.quoted) {
            sentence.places.entry(word.stem.clone()).or_default().push(at);
        }
        sentence
    }

    /// Gives the places where a phrase stands. Articles and the like may stand between its words.
    pub(crate) fn find(&self, phrase: &Phrase, vocabulary: &Vocabulary) -> Vec<Vec<usize>> {
        let Some((first, rest)) = phrase.parts.split_first() else { return Vec::new() };
        let Some(starts) = self.places.get(&first[0]) else { return Vec::new() };
        let mut found = Vec::new();
        for start in starts.iter().filter(|at| !phrase.led || self.is_led(**at)) {
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
            while !places.is_empty() && self.words.get(at)?.stem != *stem && vocabulary.is_glue(&self.words[at].stem) {
                at += 1;
            }
            let word = self.words.get(at)?;
            if word.quoted || word.stem != *stem {
                return None;
            }
            places.push(at);
            at += 1;
        }
        Some(places)
    }

    /// Says whether one of the words that lead to a value stands up to three words before.
    fn is_led(&self, at: usize) -> bool {
        self.words[at.saturating_sub(4)..at].iter().any(|w| LEADS.contains(&w.stem.as_str()))
    }

    /// Gives what stands between a word and the next.
    pub(crate) fn between(&self, at: usize) -> &str {
        let (Some(word), Some(next)) = (self.words.get(at), self.words.get(at + 1)) else { return "" };
        self.text.get(word.at.end..next.at.start).unwrap_or_default()
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
                || between.contains(", but")
                || between.contains(", and")
                || between.contains(" - ")
                || between.contains('—')
        };
        range.clone().find(ends).map_or(range.end, |at| at + 1)
    }

    /// Gives the text of some words that stand one after the other.
    pub(crate) fn text_of(&self, range: Range<usize>) -> Option<String> {
        let words = self.words.get(range)?;
        if let Some(quoted) = words.iter().find(|w| w.quoted) {
            return Some(self.text[quoted.at.clone()].trim().to_owned());
        }
        Some(self.text[words.first()?.at.start..words.last()?.at.end].to_owned())
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
            // `the text files`
            if length == 2 && self.words.get(at + 2).is_some_and(|w| !w.quoted && w.stem == "fil") {
                continue;
            }
            let mut end = self.sentence_end(at + length..self.words.len());
            if length == 2 && self.words[at].stem == "the" {
                let goes_on =
                    |w: &Word| matches!(w.stem.as_str(), "in" | "from" | "with" | "to" | "by" | "into" | "and");
                let after = at + length + 1;
                end = (after..end).find(|at| goes_on(&self.words[*at])).unwrap_or(end);
            }
            self.words[at + length..end].iter_mut().for_each(|w| w.literal = true);
        }
        self.words.iter_mut().filter(|w| w.quoted).for_each(|w| w.literal = true);
    }

    fn mark_negated(&mut self, vocabulary: &Vocabulary) {
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

/// Gives the stems of a phrase, with words that mean the same made one.
pub(crate) fn stems(phrase: &str, vocabulary: &Vocabulary) -> Vec<String> {
    same(&read(phrase), vocabulary).into_iter().map(|w| w.stem).collect()
}

/// Gives the stems of a phrase as it stands there.
pub(crate) fn plain_stems(phrase: &str) -> Vec<String> {
    read(phrase).into_iter().map(|w| w.stem).collect()
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

fn read(text: &str) -> Vec<Word> {
    let mut words = Vec::new();
    let mut from = 0;
    while let Some((open, inside, end)) = next_quote(text, from) {
        add_words(&mut words, text, from..open);
        words.push(Word { stem: "“”".to_owned(), at: inside, quoted: true, ..Word::default() });
        from = end;
    }
    add_words(&mut words, text, from..text.len());
    words
}

fn add_words(words: &mut Vec<Word>, text: &str, range: Range<usize>) {
    let base = range.start;
    let piece = &text[range];
    let mut start = None;
    for (at, c) in piece.char_indices().chain([(piece.len(), ' ')]) {
        let next = || piece[at + c.len_utf8()..].chars().next();
        let dot = c == '.' && start.is_some() && next().is_some_and(char::is_alphanumeric);
        let inside = c.is_alphanumeric() || is_apostrophe(c) || dot;
        match (inside, start) {
            (true, None) => start = Some(at),
            (false, Some(from)) => {
                add_word(words, text, base + from..base + at);
                start = None;
            }
            _ => {}
        }
    }
}

fn add_word(words: &mut Vec<Word>, text: &str, at: Range<usize>) {
    let plain: String = text[at.clone()].chars().map(|c| if is_apostrophe(c) { '\'' } else { c }).collect();
    let lower = plain.trim_matches('\'').to_lowercase();
    if let Some((_, extension)) = lower.rsplit_once('.')
        && (1..=5).contains(&extension.len())
        && extension.contains(|c: char| c.is_ascii_alphabetic())
        && extension.chars().all(|c| c.is_ascii_alphanumeric())
    {
        words.push(Word { stem: stem(extension), at, named: true, ..Word::default() });
        return;
    }
    // `where's` is two words, `client's` is one.
    let (head, tail) = if let Some(head) = lower.strip_suffix("n't") {
        (head, Some("not"))
    } else if let Some(head @ ("where" | "what" | "which" | "that" | "it")) = lower.strip_suffix("'s") {
        (head, Some("is"))
    } else {
        let short = ["'s", "'d", "'m", "'ll", "'ve", "'re"].iter().find_map(|end| lower.strip_suffix(end));
        (short.unwrap_or(&lower), None)
    };
    for part in [Some(head), tail].into_iter().flatten().filter(|p| !p.is_empty()) {
        words.push(Word { stem: stem(part), at: at.clone(), ..Word::default() });
    }
}

/// Cuts an English word to what its forms share. Both sides are cut alike, so it need not be a word itself.
pub(crate) fn stem(word: &str) -> String {
    // `the file named x` is no file name.
    if matches!(word, "named" | "called") {
        return word.to_owned();
    }
    let length = word.chars().count();
    let undouble = |s: &str| {
        let mut ends = s.chars().rev();
        match (ends.next(), ends.next()) {
            (Some(a), Some(b)) if a == b && !"aeioulsz".contains(a) => s[..s.len() - a.len_utf8()].to_owned(),
            _ => s.to_owned(),
        }
    };
    let cut = if let Some(head) = word.strip_suffix("ies").or_else(|| word.strip_suffix("ied")).filter(|_| length > 4) {
        format!("{head}y")
    } else if let Some(head) = word.strip_suffix("ing").filter(|_| length > 5) {
        undouble(head)
    } else if let Some(head) = word.strip_suffix("ed").filter(|_| length > 4) {
        undouble(head)
    } else if let Some(head) = word.strip_suffix('s').filter(|h| length > 3 && !h.ends_with('s')) {
        head.to_owned()
    } else {
        word.to_owned()
    };
    match cut.strip_suffix('e') {
        // `note` is not `not`.
        Some("not") => cut,
        Some(head) if cut.chars().count() > 3 => head.to_owned(),
        _ => cut,
    }
}

/// Finds what stands in quotes next: where they open, what is in them, where they end.
fn next_quote(text: &str, from: usize) -> Option<(usize, Range<usize>, usize)> {
    const PAIRS: [(char, char); 5] = [('"', '"'), ('“', '”'), ('„', '“'), ('«', '»'), ('`', '`')];
    for (at, c) in text[from..].char_indices() {
        let Some((_, close)) = PAIRS.iter().find(|(open, _)| *open == c) else { continue };
        let inside = from + at + c.len_utf8();
        if let Some(length) = text[inside..].find(*close)
            && !text[inside..inside + length].trim().is_empty()
        {
            return Some((from + at, inside..inside + length, inside + length + close.len_utf8()));
        }
    }
    single_quotes(text, from)
}

/// Single quotes count only around a whole word or words: `'a b'`, not `don't`.
fn single_quotes(text: &str, from: usize) -> Option<(usize, Range<usize>, usize)> {
    let edge = |c: Option<char>| c.is_none_or(|c| !c.is_alphanumeric());
    let quotes: Vec<(usize, char)> = text[from..]
        .char_indices()
        .filter(|(_, c)| is_apostrophe(*c) || *c == '‘')
        .map(|(at, c)| (from + at, c))
        .collect();
    let opens = |&&(at, c): &&(usize, char)| {
        edge(text[..at].chars().next_back()) && !edge(text[at + c.len_utf8()..].chars().next())
    };
    let &(open, mark) = quotes.iter().find(opens)?;
    let inside = open + mark.len_utf8();
    let closes = |&&(at, c): &&(usize, char)| {
        at > inside && !edge(text[..at].chars().next_back()) && edge(text[at + c.len_utf8()..].chars().next())
    };
    let &(close, mark) = quotes.iter().find(closes)?;
    Some((open, inside..close, close + mark.len_utf8()))
}

fn is_apostrophe(c: char) -> bool {
    matches!(c, '\'' | '’')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_forms_of_a_word_share_a_stem() {
        for forms in [
            &["sort", "sorts", "sorted", "sorting"][..],
            &["organise", "organised", "organising", "organises"],
            &["tidy", "tidied", "tidies", "tidying"],
            &["file", "files", "filed"],
            &["copy", "copies", "copied"],
            &["group", "grouping", "grouped"],
            &["client", "client's", "clients"],
        ] {
            let stems: Vec<String> = forms.iter().map(|f| plain_stems(f).concat()).collect();
            assert!(stems.iter().all(|s| *s == stems[0]), "{forms:?} {stems:?}");
        }
    }

    #[test]
    fn quotes_are_values_and_apostrophes_are_not_quotes() {
        let vocabulary = Vocabulary::default();
        let read = |text: &'static str| -> Vec<&str> {
            let sentence = Sentence::read(text, &vocabulary);
            sentence.words.iter().filter(|w| w.quoted).map(|w| &text[w.at.clone()]).collect()
        };
        assert_eq!(read("find “Project Falcon” and \"it\""), ["Project Falcon", "it"]);
        assert_eq!(read("find 'net 30' here"), ["net 30"]);
        assert!(read("don't touch Anna's files").is_empty());
        assert!(read("an \"open one").is_empty());
    }
}
