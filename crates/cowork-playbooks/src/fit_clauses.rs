//! Clauses that say which files are meant: `the files that have no number yet`.

use std::ops::Range;

use crate::{
    fit::{Fitting, GENERAL},
    fit_limits::WHEN,
    sentence::WHICH,
};

/// What in such a clause says that something is not so.
const NO: [&str; 4] = ["not", "no", "none", "noth"];

impl Fitting<'_> {
    /// Finds a clause that says which files are meant and of which no parameter has anything: `files that have no number yet`.
    pub(crate) fn unheld_clause(&self) -> Option<Range<usize>> {
        let (sentence, words) = (self.slots.sentence, &self.slots.sentence.words);
        let stem = |at: usize| words.get(at).map_or("", |w| w.stem.as_str());
        let opens = |at: &usize| {
            let (noun, apart) = (&words[at - 1], sentence.ends_clause(at - 1));
            let is_noun = !noun.head
                && noun.stem != "whenever"
                && (noun.class.is_file()
                    || matches!(noun.stem.as_str(), "thos" | "anyth")
                    || self.weights[at - 1] > GENERAL && !noun.class.is_small());
            let lacks = stem(*at) == "with" && stem(at + 1) == "no" || self.is_without(*at);
            let which = WHICH.contains(&stem(*at)) && (!apart || stem(*at) == "that") || lacks && !apart;
            (is_noun && which || self.is_condition(*at))
                && !words[*at].quoted
                && !words[*at].literal
                && !self.values[*at]
        };
        let mut clauses = (1..words.len()).filter(opens).map(|at| at..self.part_end(at + 1));
        clauses.find(|clause| self.is_unheld_clause(clause))
    }

    /// Says whether a condition begins here: `remove duplicates if they are large`, but not `see if there are any`.
    fn is_condition(&self, at: usize) -> bool {
        let words = &self.slots.sentence.words;
        words[at].stem == "if" && self.header.destructive && !self.only_looks() && words[..at].iter().any(|w| w.head)
    }

    fn is_without(&self, at: usize) -> bool {
        let word = &self.slots.sentence.words[at];
        word.stem == "not" && self.slots.sentence.text[word.at.clone()].eq_ignore_ascii_case("without")
    }

    fn is_unheld_clause(&self, clause: &Range<usize>) -> bool {
        let words = &self.slots.sentence.words;
        let without = self.is_without(clause.start);
        // Every file has a name: `files whose name is too long`.
        let name = |at: usize| matches!(words[at].stem.as_str(), "nam" | "filenam");
        let firm = |at: usize| self.weights[at] > GENERAL && !name(at) || self.values[at] || words[at].quoted;
        let content = |at: usize| {
            let stem = words[at].stem.as_str();
            // `without moving them`, but not `without a number`
            let manner = without && at == clause.start + 1 && words[at].class.is_verb();
            let tells = matches!(stem, "start" | "begin" | "end") || WHEN.contains(&stem);
            let says =
                !words[at].class.is_small() && (firm(at) || !self.is_any(at)) && !matches!(stem, "preview" | "find");
            !manner && (tells || says) && !NO.contains(&stem)
        };
        if !clause.clone().any(content) {
            return false;
        }
        // What says how it is done doesn't say with which: `number the files that have no number`.
        let said_before = |at: usize| {
            let same = |other: &usize| !clause.contains(other) && firm(*other) && words[*other].stem == words[at].stem;
            (0..words.len()).any(|other| same(&other))
        };
        if self.is_condition(clause.start) {
            return true;
        }
        match clause.clone().find(|at| NO.contains(&words[*at].stem.as_str())) {
            Some(no) => !self.holds_word(no),
            None => !clause.clone().any(|at| firm(at) && !said_before(at)),
        }
    }

    /// Says whether a word is part of a phrase of this playbook: *no* in `folders that have no files`.
    fn holds_word(&self, at: usize) -> bool {
        (0..self.terms.phrases.len()).any(|phrase| self.places(phrase).any(|place| place.contains(&at)))
    }
}
