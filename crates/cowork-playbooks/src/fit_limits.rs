//! What in a sentence limits a wish: only these, not those, in that folder. What no parameter holds is asked about, for to leave it
//! out would touch what nobody meant.

use std::ops::Range;

use serde_json::Value;

use crate::{
    fit::{Fitting, GENERAL, Note, SURE},
    header::Needs,
    terms::Slot,
};

/// What is to become of the files that a word tells apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    Stays,
    Goes,
    Unclear,
}

/// What says that something stays; *not* and *except* do so after *delete*.
const STAYS: [&str; 9] = ["keep", "leav", "spar", "retain", "preserv", "except", "but", "not", "protect"];
/// What says that something goes.
const GOES: [&str; 4] = ["delet", "drop", "los", "remov"];
/// What limits a wish to what follows, or to what stands before it at the end.
const ONLY: [&str; 3] = ["only", "just", "solely"];
/// What takes something out of a wish.
const BUT: [&str; 10] = ["except", "but", "not", "leav", "keep", "spar", "skip", "ignor", "exclud", "protect"];
/// General words for files and for where they lie, which limit nothing.
const ANY: [&str; 37] = [
    "fil",
    "file",
    "folder",
    "subfolder",
    "download",
    "desktop",
    "thing",
    "stuff",
    "item",
    "everyth",
    "material",
    "mess",
    "mes",
    "drive",
    "driv",
    "disk",
    "disc",
    "laptop",
    "machin",
    "hom",
    "content",
    "computer",
    "pc",
    "mac",
    "library",
    "collection",
    "directory",
    "plac",
    "ones",
    "one",
    "lot",
    "set",
    "bunch",
    "batch",
    "data",
    "pil",
    "drawer",
];
/// Words that go with a wish and limit nothing: `I no longer need`, `without deleting anything`, `the oldest copy`.
const ASIDE: [&str; 33] = [
    "copy",
    "sav",
    "stor",
    "kept",
    "lie",
    "lying",
    "sit",
    "float",
    "accumulat",
    "anyth",
    "noth",
    "someth",
    "longer",
    "long",
    "occurrenc",
    "instanc",
    "everywher",
    "anywher",
    "whether",
    "word",
    "instead",
    "exist",
    "useless",
    "unnecessary",
    "recursively",
    "strip",
    "spac",
    "actually",
    "completely",
    "safely",
    "yet",
    "taken",
    "mad",
];
/// Small words that tell files apart in what limits a wish: `skip today's`.
pub(crate) const WHEN: [&str; 3] = ["today", "new", "old"];
/// Folders that everybody has: where they stand with a capital or before *folder*, no kind of file is meant.
const USUAL: [&str; 5] = ["document", "photo", "music", "video", "movie"];

impl<'a> Fitting<'a> {
    /// Finds what the wish is limited to, or what it spares, where this playbook can't be told so.
    pub(crate) fn unheld(&self) -> Option<String> {
        let moves = self.header.destructive || self.terms.any_file || self.header.params.contains_key("dry_run");
        if !moves || self.header.folders != Needs::Write {
            return None;
        }
        let found = self
            .unheld_limit()
            .or_else(|| self.unheld_clause())
            .or_else(|| self.of_a_day())
            .or_else(|| if self.header.destructive { self.leftover() } else { None })?;
        Some(format!("it can't follow {}", self.quote(&found.collect::<Vec<_>>())))
    }

    /// Finds `only …`, `but not …`, `keep …` of which no parameter has anything.
    fn unheld_limit(&self) -> Option<Range<usize>> {
        let words = &self.slots.sentence.words;
        let free = |at: &usize| !words[*at].quoted && !words[*at].literal && !self.values[*at];
        let part = |at: usize| {
            let stem = words[at].stem.as_str();
            if BUT.contains(&stem) {
                return Some(at..self.part_end(at + 1));
            }
            if !ONLY.contains(&stem) {
                return None;
            }
            let end = self.part_end(at + 1);
            // `in _OLD only`
            let start = if end == at + 1 { self.part_start(at) } else { at };
            Some(start..end)
        };
        (0..words.len()).filter(free).filter_map(part).find(|part| self.is_unheld(part.clone()))
    }

    /// Finds `today's files`: no playbook tells a day's files apart.
    fn of_a_day(&self) -> Option<Range<usize>> {
        let sentence = self.slots.sentence;
        let of_a_day = |at: &usize| {
            let word = &sentence.words[*at];
            let text = &sentence.text[word.at.clone()];
            let day = matches!(word.stem.as_str(), "today" | "yesterday") && text.ends_with('s');
            // `today's date` is written into names.
            let date = sentence.words.get(at + 1).is_some_and(|next| next.stem == "dat");
            day && !date && !word.quoted && !word.literal && !self.values[*at]
        };
        (0..sentence.words.len()).find(of_a_day).map(|at| at..(at + 2).min(sentence.words.len()))
    }

    /// Says whether a word only names what this playbook works with: to spare some of that is nothing it can be told.
    fn is_only_named(&self, at: usize) -> bool {
        let named = |list: &[usize]| list.iter().any(|p| self.places(*p).any(|place| place.contains(&at)));
        let given = |note: &Note<'_>| matches!(note, Note::Gives(.., words) if words.contains(&at));
        // `delete the installers but not the temp files`
        let told_apart = |slot: &Slot| {
            let given = self.params.get(&slot.name).and_then(Value::as_str).filter(|_| slot.param.several);
            let other = |value: &str| given.is_some_and(|given| given.split(',').all(|one| one != value));
            slot.choices.iter().any(|(value, phrases)| other(value) && named(phrases))
        };
        named(&self.terms.object) && !self.notes.iter().any(given) && !self.terms.params.iter().any(told_apart)
    }

    /// Says whether a part says what is to be done: `keep one of each identical file`.
    fn is_wish(&self, part: &Range<usize>) -> bool {
        let inside = |place: &Vec<usize>| place.iter().all(|at| part.contains(at));
        [&self.terms.action, &self.terms.maybe].into_iter().flatten().any(|p| self.places(*p).any(inside))
    }

    fn is_unheld(&self, part: Range<usize>) -> bool {
        let words = &self.slots.sentence.words;
        let spares = BUT.contains(&words[part.start].stem.as_str()) && !self.only_looks() && !self.is_wish(&part);
        let firm = |at: usize| {
            // `only today's files by type` is no `file … by`.
            let files = self.slots.sentence.text[words[at].at.clone()].eq_ignore_ascii_case("files");
            (self.weights[at] > GENERAL && !files && !(spares && self.is_only_named(at)))
                || self.values[at]
                || words[at].quoted
                || words[at].head
        };
        let content = |at: usize| {
            let stem = words[at].stem.as_str();
            let small = words[at].class.is_small() || BUT.contains(&stem) || ONLY.contains(&stem);
            let named = at > 0 && matches!(words[at - 1].stem.as_str(), "the" | "my" | "all" | "any" | "our");
            let verb = words[at].negated && words[at].class.is_verb() && !named;
            let when = at > part.start && WHEN.contains(&stem);
            // `in subfolders only`
            let below = stem == "subfolder" && part.clone().any(|at| ONLY.contains(&words[at].stem.as_str()));
            !verb && stem != "preview" && (when || below || !small && !self.is_any(at) || self.is_small_name(at))
        };
        // `only files that begin with A`
        let told = |at: usize| {
            let next = words.get(at + 1).map_or("", |w| w.stem.as_str());
            let tells =
                matches!(next, "start" | "begin" | "end" | "with" | "that" | "which" | "from" | "whos" | "old" | "new");
            at > part.start && part.contains(&(at + 2)) && words[at].class.is_file() && tells
        };
        part.clone().any(|at| content(at) || told(at)) && !part.clone().any(firm)
    }

    /// Finds a word that says what is meant, and that speaks for nothing that this playbook does.
    fn leftover(&self) -> Option<Range<usize>> {
        let words = &self.slots.sentence.words;
        let left = |at: &usize| {
            let word = &words[*at];
            let known = self.weights[*at] > GENERAL || self.values[*at] || word.quoted || word.literal || word.negated;
            let kind = words[*at].class.is_file();
            let strange = self.weights[*at] == 0 && !self.is_neutral(*at);
            let small = word.class.is_small();
            !known && (!small && !self.is_any(*at) && (kind || strange) || self.is_small_name(*at))
        };
        let at = (0..words.len()).find(left)?;
        Some(at..at + 1)
    }

    /// Says whether a word stands for any file or for the granted folders, or goes with a wish and limits nothing.
    pub(crate) fn is_any(&self, at: usize) -> bool {
        let words = &self.slots.sentence.words;
        let stem = words[at].stem.as_str();
        let in_order = stem == "order" && at > 0 && words[at - 1].stem == "in";
        // Where folders are granted, those are meant.
        let usual = !self.slots.sentence.granted && self.is_usual(at);
        // `the date in the document`
        let its_own = self.slots.sentence.text[words[at].at.clone()].to_lowercase() == "document" && self.is_in(at);
        ANY.contains(&stem) || ASIDE.contains(&stem) || in_order || its_own || self.is_folder(at) || usual
    }

    /// Says whether words name no kind of file: `in my Pictures folder`, `in the document`, `small letters`, `zip them`.
    pub(crate) fn is_no_kind(&self, place: &[usize]) -> bool {
        let words = &self.slots.sentence.words;
        let Some((first, last)) = place.first().zip(place.last()) else { return true };
        let one = !self.slots.sentence.text[words[*last].at.clone()].ends_with('s');
        let gathered = words.get(last + 1).is_some_and(|w| w.class.is_file());
        let folder = self.is_capital(*first)
            && first
                .checked_sub(1)
                .is_some_and(|at| matches!(words[at].stem.as_str(), "in" | "insid" | "from" | "within"));
        folder
            || place
                .iter()
                .any(|at| words[*at].head || words[*at].named || self.weights[*at] >= SURE || self.is_usual(*at))
            || one && !gathered && self.is_in(*first)
    }

    fn is_usual(&self, at: usize) -> bool {
        let words = &self.slots.sentence.words;
        let named = self.is_capital(at);
        let folder =
            words.get(at + 1).is_some_and(|w| matches!(w.stem.as_str(), "folder" | "subfolder" | "drive" | "driv"));
        USUAL.contains(&words[at].stem.as_str()) && self.is_in(at) && (named || folder)
    }

    /// Says whether a word is written with a capital, as names are, where no sentence begins: `Letters`, but not `PDFs`.
    fn is_capital(&self, at: usize) -> bool {
        let text = &self.slots.sentence.text[self.slots.sentence.words[at].at.clone()];
        at > 0 && text.starts_with(char::is_uppercase) && text.chars().nth(1).is_some_and(char::is_lowercase)
    }

    /// Says whether a word that else says nothing is a folder's name: `in _OLD`, `in New`.
    fn is_small_name(&self, at: usize) -> bool {
        let (sentence, words) = (self.slots.sentence, &self.slots.sentence.words);
        let text = &sentence.text[words[at].at.clone()];
        let begins = at > 0 && matches!(words[at - 1].stem.as_str(), "in" | "insid" | "from" | "within");
        let shouted = !sentence.text.contains(char::is_lowercase);
        let name = text.len() > 1 && text.starts_with(char::is_uppercase) && !shouted;
        begins && name && words[at].class.is_small() && !self.is_folder(at)
    }

    fn is_in(&self, at: usize) -> bool {
        let words = &self.slots.sentence.words;
        let mut before = words[..at].iter().rev().map(|w| w.stem.as_str()).take(3);
        before.any(|stem| matches!(stem, "in" | "insid" | "within" | "from" | "of" | "across"))
    }

    pub(crate) fn part_end(&self, from: usize) -> usize {
        let words = &self.slots.sentence.words;
        let ends = |at: &usize| {
            let stem = words[*at].stem.as_str();
            self.slots.sentence.ends_clause(at - 1)
                || matches!(stem, "and" | "or" | "then" | "plu" | "by" | "into" | "to")
        };
        (from..words.len()).find(ends).unwrap_or(words.len())
    }

    fn part_start(&self, at: usize) -> usize {
        let words = &self.slots.sentence.words;
        let opens = |at: &usize| matches!(words[*at].stem.as_str(), "in" | "insid" | "within" | "from" | "for" | "on");
        (at.saturating_sub(5)..at).rev().find(opens).unwrap_or(at)
    }

    /// Says whether the files that a word tells apart are to stay: `keep the oldest`, `delete the oldest`.
    pub(crate) fn fate(&self, place: &[usize]) -> Fate {
        let words = &self.slots.sentence.words;
        let stem = |at: usize| words[at].stem.as_str();
        if place.iter().any(|at| STAYS.contains(&stem(*at))) {
            return Fate::Stays;
        }
        let (first, last) = (place[0], place[place.len() - 1]);
        let behind = (last + 1..self.part_end(last + 1)).take(4).find_map(|at| match stem(at) {
            "keep" | "kept" | "remain" | "surviv" => Some(Fate::Stays),
            "whenever" if self.slots.sentence.text[words[at].at.clone()].to_lowercase().starts_with("stay") => {
                Some(Fate::Stays)
            }
            "go" | "delet" | "away" => Some(Fate::Goes),
            _ => None,
        });
        let Some(verb) = (0..first).rev().find(|at| STAYS.contains(&stem(*at)) || GOES.contains(&stem(*at))) else {
            return behind.unwrap_or(Fate::Stays);
        };
        if STAYS.contains(&stem(verb)) {
            return if words[verb].negated { Fate::Goes } else { Fate::Stays };
        }
        if words[verb].negated {
            return Fate::Stays;
        }
        let direct = (verb + 1..first).all(|at| words[at].class.is_small())
            && !(verb..first).any(|at| self.slots.sentence.ends_clause(at));
        if direct { Fate::Goes } else { behind.unwrap_or(Fate::Unclear) }
    }

    /// Takes the files that a task names: `in config.yml`, `in the letters folder`.
    pub(crate) fn take_limit(&mut self, slot: &'a Slot) {
        let words = &self.slots.sentence.words;
        let free = |at: &usize| !self.values[*at] && !words[*at].quoted && !words[*at].negated && !self.is_kept(*at);
        let text = |at: usize| self.slots.sentence.text[words[at].at.clone()].to_owned();
        let named: Vec<usize> =
            (0..words.len()).filter(free).filter(|at| words[*at].named && self.is_in(*at)).collect();
        let folder = |at: &usize| {
            let stem = words[*at].stem.as_str();
            let next = words.get(at + 1).is_some_and(|w| w.stem == "folder" && !w.quoted);
            let own =
                !words[*at].class.is_small() && !ANY.contains(&stem) && !self.is_usual(*at) && !self.is_folder(*at);
            next && own && self.is_in(*at)
        };
        let folders: Vec<usize> = (0..words.len()).filter(free).filter(folder).collect();
        let was = self.params.get(&slot.name).is_some();
        let found = match (named.as_slice(), folders.as_slice()) {
            ([], []) => return,
            ([one], []) if !was => (text(*one), vec![*one]),
            ([], [one]) if !was => (format!("**/{}/**", text(*one)), vec![*one, one + 1]),
            _ => {
                let why =
                    format!("the task says several times which files are meant, and {} takes one", self.header.name);
                self.twofold = Some((slot.name.clone(), why));
                return;
            }
        };
        found.1.iter().for_each(|at| self.weights[*at] = SURE);
        self.give(&slot.name, Value::from(found.0), &found.1);
    }
}
