//! A text as words: stems, names of files, what stands in quotes.

use std::ops::Range;

use crate::vocabulary::Class;

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
    /// What its stem is among the known words.
    pub(crate) class: Class,
}

/// Reads a text as words.
pub(crate) fn read(text: &str) -> Vec<Word> {
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

/// Gives the stems of a phrase as it stands there.
pub(crate) fn plain_stems(phrase: &str) -> Vec<String> {
    read(phrase).into_iter().map(|w| w.stem).collect()
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
    if matches!(word, "named" | "called" | "titled") {
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
        if let Some(length) = text[inside..].find(*close) {
            return Some((from + at, inside..inside + length, inside + length + close.len_utf8()));
        }
    }
    single_quotes(text, from)
}

/// Single quotes count only where a word could begin and end: `'IMG_'` and `' '`, not `don't` and `the dogs' bowls`.
fn single_quotes(text: &str, from: usize) -> Option<(usize, Range<usize>, usize)> {
    let edge = |c: Option<char>| c.is_none_or(|c| !c.is_alphanumeric());
    let quotes: Vec<(usize, char)> = text[from..]
        .char_indices()
        .filter(|(_, c)| is_apostrophe(*c) || *c == '‘')
        .map(|(at, c)| (from + at, c))
        .collect();
    let before = |at: usize| text[..at].chars().next_back();
    let behind = |at: usize, c: char| text[at + c.len_utf8()..].chars().next();
    let opens = |&&(at, c): &&(usize, char)| {
        // A blank alone, or nothing, can stand in quotes.
        let only = text[at + c.len_utf8()..].trim_start().starts_with(is_apostrophe);
        edge(before(at)) && behind(at, c).is_some_and(|next| !next.is_whitespace() || only)
    };
    let &(open, mark) = quotes.iter().find(opens)?;
    let inside = open + mark.len_utf8();
    let closes = |&&(at, c): &&(usize, char)| at >= inside && edge(behind(at, c));
    let &(close, mark) = quotes.iter().find(closes)?;
    Some((open, inside..close, close + mark.len_utf8()))
}

fn is_apostrophe(c: char) -> bool {
    matches!(c, '\'' | '’')
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{library::Lexicon, sentence::Sentence};

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
        let lexicon = Lexicon::default();
        let read = |text: &'static str| -> Vec<&str> {
            let sentence = Sentence::read(text, &lexicon, &[]);
            sentence.words.iter().filter(|w| w.quoted).map(|w| &text[w.at.clone()]).collect()
        };
        assert_eq!(read("find “Project Falcon” and \"it\""), ["Project Falcon", "it"]);
        assert_eq!(read("find 'net 30' here"), ["net 30"]);
        assert_eq!(read("change 'IMG_' to 'Trip ', and '-' to ' ' or ''"), ["IMG_", "Trip ", "-", " ", ""]);
        assert!(read("the dogs' bowls and the cats' toys").is_empty());
        assert!(read("don't touch Anna's files").is_empty());
        assert!(read("an \"open one").is_empty());
    }
}
