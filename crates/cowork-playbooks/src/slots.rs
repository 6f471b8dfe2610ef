//! The values of parameters in a sentence.

use std::ops::Range;

use crate::{
    phrases::PhraseId,
    sentence::{Sentence, WHICH},
    terms::Piece,
};

/// Words that say where a text is looked for and are no part of it.
const PLACES: [&str; 31] = [
    "list",
    "fil",
    "folder",
    "subfolder",
    "document",
    "download",
    "desktop",
    "computer",
    "pdf",
    "text",
    "doc",
    "notebook",
    "note",
    "everywher",
    "anywher",
    "content",
    "stuff",
    "thing",
    "one",
    "item",
    "filenam",
    "here",
    "laptop",
    "pc",
    "mac",
    "drive",
    "disk",
    "driv",
    "machin",
    "her",
    "spreadsheet",
];

/// Words that end a short text.
const STOPS: [&str; 29] = [
    "column",
    "over",
    "within",
    "throughout",
    "among",
    "and",
    "or",
    "then",
    "but",
    "in",
    "into",
    "from",
    "to",
    "for",
    "with",
    "as",
    "on",
    "by",
    "using",
    "across",
    "that",
    "which",
    "wher",
    "if",
    "not",
    "is",
    "are",
    "so",
    "pleas",
];

/// Words for characters: `replace spaces with underscores` means no words.
const CHARACTERS: [(&str, &str); 9] = [
    ("spac", " "),
    ("blank", " "),
    ("underscor", "_"),
    ("hyphen", "-"),
    ("dash", "-"),
    ("dashe", "-"),
    ("dot", "."),
    ("comma", ","),
    ("semicolon", ";"),
];

/// A form found in a sentence: its words, and where each hole's value stands.
pub(crate) struct Filled<'a> {
    pub(crate) words: Vec<usize>,
    pub(crate) holes: Vec<(&'a str, Range<usize>)>,
    /// What kind of text is replaced, as said before it: `the phone number 555-0142`.
    pub(crate) kind: Option<Range<usize>>,
}

/// Looks for one playbook's values in a sentence.
#[derive(Clone, Copy)]
pub(crate) struct Slots<'a> {
    pub(crate) sentence: &'a Sentence<'a>,
    /// Which of all phrases each of the playbook's is.
    pub(crate) ids: &'a [PhraseId],
}

impl<'a> Slots<'a> {
    /// Gives the places of one of the playbook's phrases.
    pub(crate) fn places(&self, phrase: usize) -> &'a [Vec<usize>] {
        self.sentence.places(self.ids[phrase])
    }

    /// Finds a form, from the first place where it fits.
    pub(crate) fn form(&self, pieces: &'a [Piece]) -> Option<Filled<'a>> {
        let may_be = |piece: &Piece| match piece {
            Piece::Words(phrase) => !self.places(*phrase).is_empty(),
            Piece::Hole { .. } => true,
        };
        if !pieces.iter().all(may_be) {
            return None;
        }
        (0..self.sentence.words.len()).find_map(|start| self.form_at(start, pieces))
    }

    fn form_at(&self, start: usize, pieces: &'a [Piece]) -> Option<Filled<'a>> {
        let mut filled = Filled { words: Vec::new(), holes: Vec::new(), kind: None };
        let mut at = start;
        let mut open: Option<(&str, bool, usize)> = None;
        for piece in pieces {
            match piece {
                Piece::Hole { name, quoted } => open = Some((name.as_str(), *quoted, at)),
                Piece::Words(phrase) => {
                    let places = self.places(*phrase);
                    let fits = |p: &&Vec<usize>| match open {
                        Some((.., from)) => p[0] > from,
                        None => p[0] == at,
                    };
                    let begins = filled.words.is_empty() && open.is_none();
                    let found = places.iter().filter(|p| !begins || self.is_free(p[0])).find(fits)?;
                    if let Some((name, quoted, from)) = open.take() {
                        let mut range = self.without_edges(from..found[0])?;
                        if let Some(value) = self.without_kind(range.clone()) {
                            filled.kind = Some(from..value);
                            range.start = value;
                        }
                        if quoted && !(range.len() == 1 && self.sentence.words[range.start].quoted) {
                            return None;
                        }
                        filled.holes.push((name, range));
                    } else if filled.words.is_empty() && self.sentence.words[found[0]].negated {
                        return None;
                    }
                    at = found.last()? + 1;
                    filled.words.extend(found);
                }
            }
        }
        if let Some((name, quoted, from)) = open {
            let range = self.trimmed(from..self.limited(from))?;
            match range.clone().find(|at| self.sentence.words[*at].quoted) {
                Some(at) => filled.holes.push((name, at..at + 1)),
                None if quoted => return None,
                None => filled.holes.push((name, range)),
            }
        }
        Some(filled)
    }

    /// Gives the text in a hole: what stands there, or the character that it is a word for.
    pub(crate) fn hole(&self, range: Range<usize>) -> Option<String> {
        if let [word] = self.sentence.words.get(range.clone())?
            && !word.quoted
            && let Some((_, character)) = CHARACTERS.iter().find(|(name, _)| *name == word.stem)
        {
            return Some((*character).to_owned());
        }
        self.sentence.text_of(range)
    }

    fn is_free(&self, at: usize) -> bool {
        !self.sentence.words[at].literal
    }

    /// Takes a few words that stand here, up to one that begins something else.
    pub(crate) fn short(&self, from: usize) -> Option<Range<usize>> {
        let words = &self.sentence.words;
        let mut start = from;
        while start < words.len()
            && words[start].stem.as_str() != "not"
            && !words[start].quoted
            && self.is_article(start)
        {
            start += 1;
        }
        let mut end = start;
        while end < words.len()
            && end < start + 4
            && (words[end].quoted || !(STOPS.contains(&words[end].stem.as_str()) || words[end].head))
        {
            end += 1;
            if self.sentence.ends_clause(end - 1) || words[end - 1].quoted {
                break;
            }
        }
        (start < end && (from == 0 || !self.sentence.ends_clause(from - 1))).then_some(start..end)
    }

    fn is_article(&self, at: usize) -> bool {
        matches!(
            self.sentence.words[at].stem.as_str(),
            "the"
                | "a"
                | "an"
                | "my"
                | "our"
                | "any"
                | "all"
                | "every"
                | "each"
                | "is"
                | "are"
                | "me"
                | "some"
                | "of"
                | "it"
                | "them"
                | "there"
                | "its"
                | "thes"
                | "those"
                | "that"
                | "thi"
                | "their"
                | "ha"
                | "hav"
                | "just"
                | "up"
        )
    }

    /// Leaves out what stands around a text: `the`, `in my documents`, `please`.
    pub(crate) fn trimmed(&self, mut range: Range<usize>) -> Option<Range<usize>> {
        let words = &self.sentence.words;
        let stem = |at: usize| words[at].stem.as_str();
        let small = |at: usize| words[at].class.is_small() && !words[at].quoted;
        let place = |at: usize| PLACES.contains(&stem(at));
        range.end = self.sentence.sentence_end(range.clone());
        // Another wish is no part of it: `… and delete it`.
        if let Some(at) = range.clone().find(|at| words[*at].head && !words[*at].literal) {
            let joined = at > range.start && matches!(stem(at - 1), "and" | "then" | "to" | "or" | "but");
            if joined || at == range.start {
                range.end = at.saturating_sub(1).max(range.start);
            }
        }
        if let Some(at) = range.clone().find(|at| stem(*at) == "preview") {
            range.end = at;
        }
        // `my files for budget`: what is looked for comes after `for`.
        if let Some(at) = range.clone().find(|at| stem(*at) == "for")
            && range.start < at
            && (range.start..at).all(|at| small(at) || place(at))
        {
            range.start = at + 1;
        }
        while let Some(end) = self.shorter(range.clone()) {
            range.end = end;
        }
        let range = self.without_edges(range)?;
        range.clone().any(|at| !small(at) && !place(at)).then_some(range)
    }

    /// Leaves out one thing at the end of a text: `in my documents`, `anywhere`, `please`.
    fn shorter(&self, range: Range<usize>) -> Option<usize> {
        let words = &self.sentence.words;
        let stem = |at: usize| words[at].stem.as_str();
        let small = |at: usize| words[at].class.is_small() && !words[at].quoted;
        let place = |at: usize| PLACES.contains(&stem(at)) || words[at].class.is_file();
        let last = range.clone().next_back()?;
        let from = range.clone().rev().find(|at| !place(*at) && !small(*at)).map_or(range.start, |at| at + 1);
        let opens = |at: &usize| match stem(*at) {
            "in" | "insid" | "within" if at + 1 < range.end && (at + 1..range.end).all(small) => true,
            "in" | "insid" | "within" | "among" | "across" | "throughout" | "through" => (at + 1..range.end).any(place),
            "from" | "on" => (at + 1..range.end).any(|at| PLACES.contains(&stem(at))),
            _ => false,
        };
        if let Some(at) = (from..range.end).find(opens).filter(|at| *at > range.start) {
            return Some(at);
        }
        // `in the price list`
        let whole =
            |at: usize| matches!(stem(at), "the" | "all" | "every" | "my" | "our" | "thes" | "thi" | "each" | "both");
        let far =
            |at: &usize| matches!(stem(*at), "in" | "insid" | "within" | "across" | "throughout") && whole(at + 1);
        if place(last)
            && let Some(at) = (last.saturating_sub(4).max(range.start + 1)..last.saturating_sub(1)).find(far)
        {
            return Some(at);
        }
        let word = &self.sentence.text[words[last].at.clone()];
        let polite = matches!(stem(last), "pleas" | "anywher" | "everywher" | "thank" | "go" | "gone" | "went")
            || word.eq_ignore_ascii_case("here");
        let joins = matches!(stem(last), "and" | "then" | "in" | "or" | "but");
        (last > range.start && (polite || joins)).then_some(last)
    }

    /// Gives where a text ends that is put in place of another one, before what says where: `in yml files`, `but not in …`.
    fn limited(&self, from: usize) -> usize {
        const LONGEST: usize = 6;
        let words = &self.sentence.words;
        let stem = |at: usize| words.get(at).map_or("", |w| w.stem.as_str());
        let free = |at: &usize| !words[*at].quoted && !words[*at].literal;
        let breaks = |at: &usize| match stem(*at) {
            "but" | "except" | "unless" | "if" => true,
            "only" | "just" => matches!(stem(at + 1), "in" | "insid" | "within" | "for"),
            _ => false,
        };
        let end = (from + 1..words.len()).filter(free).find(breaks).unwrap_or(words.len());
        let last = end - 1;
        let last = if last > from && matches!(stem(last), "only" | "pleas") { last - 1 } else { last };
        // `in files that …`
        let is_where = |from: usize| {
            last + 1 < end
                || (from + 1..=last).any(|at| words[at].named || !words[at].quoted && words[at].class.is_file())
        };
        let opens = |at: &usize| matches!(stem(*at), "in" | "insid" | "within" | "across" | "throughout");
        // `in files that are older than a year`
        let which = |at: &usize| {
            let file = (at + 1..(at + 4).min(last)).find(|at| words[*at].class.is_file());
            file.is_some_and(|file| WHICH.contains(&stem(file + 1)))
        };
        if let Some(at) = (from + 1..last).filter(free).filter(opens).find(which) {
            return at;
        }
        let near = (from + 1).max(last.saturating_sub(LONGEST))..last;
        near.rev().filter(free).find(opens).filter(|at| is_where(*at)).unwrap_or(end)
    }

    /// Gives what a thing that is looked for is about: `Globex` of `the invoice for Globex`. Nobody writes the whole of that into a
    /// file.
    pub(crate) fn what_it_is_about(&self, range: Range<usize>) -> Range<usize> {
        let words = &self.sentence.words;
        let (first, next) = (&words[range.start], words.get(range.start + 1));
        let leads = |stem: &str| {
            matches!(stem, "with" | "for" | "from" | "about" | "of" | "to" | "on" | "by" | "regard" | "concern")
        };
        let is_it = range.len() > 2
            && !first.quoted
            && first.class.is_file()
            && next.is_some_and(|w| !w.quoted && leads(&w.stem));
        let about = if is_it { self.without_edges(range.start + 2..range.end) } else { None };
        about.unwrap_or(range)
    }

    fn without_edges(&self, mut range: Range<usize>) -> Option<Range<usize>> {
        let edge =
            |at: usize| !self.sentence.words[at].quoted && self.is_article(at) && self.sentence.words[at].stem != "it";
        // `every occurrence of`, `the word`
        let kind = |at: usize| {
            let stem = self.sentence.words[at].stem.as_str();
            matches!(stem, "occurrenc" | "instanc" | "mention" | "word" | "phras" | "term" | "string" | "text")
        };
        while range.start + 1 < range.end && (edge(range.start) || kind(range.start)) {
            range.start += 1;
        }
        let article = |at: usize| !self.sentence.words[at].quoted && self.is_article(at);
        (range.start < range.end && !(range.len() == 1 && article(range.start))).then_some(range)
    }

    /// Gives where a text begins before which it is said what it is: `phone number 555-0142`, `company from Foo`.
    fn without_kind(&self, range: Range<usize>) -> Option<usize> {
        const KINDS: [&str; 27] = [
            "email", "mail", "url", "domain", "iban", "number", "phon", "telephon", "mobil", "fax", "address", "pric",
            "name", "nam", "company", "firm", "client", "customer", "product", "project", "brand", "street", "rat",
            "amount", "year", "dat", "invoic",
        ];
        let words = &self.sentence.words;
        let kinds = range.clone().take(3).take_while(|at| KINDS.contains(&words[*at].stem.as_str())).count();
        let mut value = range.start + kinds;
        let from = words.get(value).is_some_and(|w| w.stem == "from" && !w.quoted);
        value += usize::from(from);
        let word = words.get(value).filter(|_| kinds > 0 && value < range.end)?;
        let text = &self.sentence.text[word.at.start..words[range.end - 1].at.end];
        let is_address = text.contains(['@', '/']);
        (from || is_address || word.quoted || text.starts_with(|c: char| c.is_ascii_digit() || c.is_uppercase()))
            .then_some(value)
    }
}
