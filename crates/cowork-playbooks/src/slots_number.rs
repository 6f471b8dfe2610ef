//! Numbers in a sentence, with their units.

use std::ops::Range;

use crate::{header::Unit, sentence_words::plain_stems, slots::Slots};

const NUMBERS: [(&str, f64); 20] = [
    ("a", 1.0),
    ("an", 1.0),
    ("one", 1.0),
    ("two", 2.0),
    ("thre", 3.0),
    ("four", 4.0),
    ("fiv", 5.0),
    ("six", 6.0),
    ("seven", 7.0),
    ("eight", 8.0),
    ("nin", 9.0),
    ("ten", 10.0),
    ("twelv", 12.0),
    ("fifteen", 15.0),
    ("twenty", 20.0),
    ("thirty", 30.0),
    ("fifty", 50.0),
    ("ninety", 90.0),
    ("hundr", 100.0),
    ("thousand", 1000.0),
];

/// What a word for a unit counts, and how much of it.
const UNITS: [(&str, Unit, f64); 20] = [
    ("minut", Unit::Hours, 1.0 / 60.0),
    ("min", Unit::Hours, 1.0 / 60.0),
    ("hour", Unit::Hours, 1.0),
    ("hr", Unit::Hours, 1.0),
    ("day", Unit::Days, 1.0),
    ("week", Unit::Days, 7.0),
    ("fortnight", Unit::Days, 14.0),
    ("month", Unit::Days, 30.0),
    ("quarter", Unit::Days, 91.0),
    ("year", Unit::Days, 365.0),
    ("yr", Unit::Days, 365.0),
    ("kb", Unit::Megabytes, 0.001),
    ("mb", Unit::Megabytes, 1.0),
    ("meg", Unit::Megabytes, 1.0),
    ("megabyt", Unit::Megabytes, 1.0),
    ("gb", Unit::Megabytes, 1000.0),
    ("gig", Unit::Megabytes, 1000.0),
    ("gigabyt", Unit::Megabytes, 1000.0),
    ("tb", Unit::Megabytes, 1_000_000.0),
    ("terabyt", Unit::Megabytes, 1_000_000.0),
];

impl Slots<'_> {
    /// Reads a number that stands here, perhaps after small words, with its unit: the value, and its words.
    pub(crate) fn number(&self, from: usize, unit: Option<Unit>) -> Option<(i64, Range<usize>)> {
        let words = &self.sentence.words;
        let mut at = from;
        while at < words.len() && at < from + 3 && self.plain_number(at).is_none() && words[at].class.is_small() {
            at += 1;
        }
        let (mut value, rest) = self.plain_number(at)?;
        let next = words.get(at + 1).map_or("", |w| w.stem.as_str());
        let (word, end) = if rest.is_empty() { (next, at + 2) } else { (rest.as_str(), at + 1) };
        let named = UNITS.iter().find(|(name, ..)| *name == word);
        let end = match (named, unit) {
            (Some((_, kind, factor)), Some(wanted)) => {
                value *= match (kind, wanted) {
                    (Unit::Days, Unit::Hours) => factor * 24.0,
                    (Unit::Hours, Unit::Days) => factor / 24.0,
                    (kind, wanted) if *kind == wanted => *factor,
                    _ => return None,
                };
                end
            }
            (Some(_), None) => return None,
            (None, Some(_)) if matches!(words[at].stem.as_str(), "a" | "an") => return None,
            (None, _) => at + 1,
        };
        // A part of a unit counts as one.
        #[allow(clippy::cast_possible_truncation, reason = "a number that people write")]
        Some((value.ceil() as i64, at..end.min(words.len())))
    }

    /// Gives the number that a word is, and what is written right behind it: `100MB`.
    pub(crate) fn plain_number(&self, at: usize) -> Option<(f64, String)> {
        let word = self.sentence.words.get(at).filter(|w| !w.quoted)?;
        if let Some((_, value)) = NUMBERS.iter().find(|(name, _)| *name == word.stem) {
            return Some((*value, String::new()));
        }
        let text = self.sentence.text[word.at.clone()].to_lowercase();
        let digits = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
        let value: f64 = text[..digits].parse().ok().filter(|v: &f64| *v < 1e12)?;
        Some((value, plain_stems(&text[digits..]).concat()))
    }
}
