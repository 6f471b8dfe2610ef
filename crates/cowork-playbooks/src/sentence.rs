//! A task's sentence, as words that can be compared.

use std::ops::Range;

/// A word: its stem, and where it stands in the text.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Word {
    pub(crate) stem: String,
    pub(crate) at: Range<usize>,
}

/// A sentence in words. What stands in quotes is kept apart: it is a value, not a word.
#[derive(Debug, Default)]
pub(crate) struct Sentence<'a> {
    pub(crate) text: &'a str,
    pub(crate) words: Vec<Word>,
    pub(crate) quoted: Vec<&'a str>,
}

impl<'a> Sentence<'a> {
    pub(crate) fn read(text: &'a str) -> Self {
        let mut sentence = Self { text, ..Self::default() };
        let mut from = 0;
        while let Some((open, inside, end)) = next_quote(text, from) {
            sentence.add_words(from..open);
            sentence.quoted.push(text[inside].trim());
            from = end;
        }
        sentence.add_words(from..text.len());
        sentence
    }

    /// Gives the places where these words stand one after the other.
    pub(crate) fn find(&self, stems: &[String]) -> Vec<Range<usize>> {
        if stems.is_empty() {
            return Vec::new();
        }
        let same = |window: &[Word]| window.iter().zip(stems).all(|(word, stem)| word.stem == *stem);
        let windows = self.words.windows(stems.len()).enumerate();
        windows.filter(|(_, w)| same(w)).map(|(at, _)| at..at + stems.len()).collect()
    }

    /// Gives the places of words that the sentence says not to do: `don't delete`, `without moving`.
    pub(crate) fn negated(&self) -> Vec<usize> {
        let no = |w: &Word| matches!(w.stem.as_str(), "not" | "without" | "never" | "nothing");
        let places = self.words.iter().enumerate().filter(|(_, w)| no(w));
        places.flat_map(|(at, _)| [at + 1, at + 2]).collect()
    }

    fn add_words(&mut self, range: Range<usize>) {
        let base = range.start;
        let mut start = None;
        let piece = &self.text[range];
        for (at, c) in piece.char_indices().chain([(piece.len(), ' ')]) {
            let inside = c.is_alphanumeric() || is_apostrophe(c);
            match (inside, start) {
                (true, None) => start = Some(at),
                (false, Some(from)) => {
                    self.add_word(base + from..base + at);
                    start = None;
                }
                _ => {}
            }
        }
    }

    fn add_word(&mut self, at: Range<usize>) {
        let text: String = self.text[at.clone()].chars().map(|c| if is_apostrophe(c) { '\'' } else { c }).collect();
        let lower = text.trim_matches('\'').to_lowercase();
        // `where's` is two words, `client's` is one.
        let (head, tail) = if let Some(head) = lower.strip_suffix("n't") {
            (head, Some("not"))
        } else if let Some(head @ ("where" | "what" | "which" | "that" | "it")) = lower.strip_suffix("'s") {
            (head, Some("is"))
        } else {
            (lower.strip_suffix("'s").unwrap_or(&lower), None)
        };
        for part in [Some(head), tail].into_iter().flatten().filter(|p| !p.is_empty()) {
            self.words.push(Word { stem: stem(part), at: at.clone() });
        }
    }
}

/// Gives the stems of a phrase.
pub(crate) fn stems(phrase: &str) -> Vec<String> {
    Sentence::read(phrase).words.into_iter().map(|w| w.stem).collect()
}

/// Cuts an English word to what its forms share. Both sides are cut alike, so it need not be a word itself.
fn stem(word: &str) -> String {
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
            let stems: Vec<String> = forms.iter().map(|f| stems(f).concat()).collect();
            assert!(stems.iter().all(|s| *s == stems[0]), "{forms:?} {stems:?}");
        }
    }

    #[test]
    fn quotes_are_values_and_apostrophes_are_not_quotes() {
        let read = |text: &'static str| Sentence::read(text).quoted;
        assert_eq!(read("find “Project Falcon” and \"it\""), ["Project Falcon", "it"]);
        assert_eq!(read("find 'net 30' here"), ["net 30"]);
        assert!(read("don't touch Anna's files").is_empty());
        assert!(read("an \"open one").is_empty());
    }
}
