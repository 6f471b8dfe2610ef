//! What in a sentence speaks against a playbook.

use crate::{
    fit::{Fitting, SURE},
    sentence_words::Word,
};

/// Words that must be accounted for: `by …`, `whenever`, `except`.
const DEMANDS: [&str; 3] = ["by", "whenever", "except"];
/// Words that leave open what else is meant.
const OPEN: [&str; 8] = ["except", "rest", "els", "etc", "whatev", "remaind", "similar", "such"];
/// The same, after *and*: `and the other junk`.
const OPEN_TOO: [&str; 5] = ["other", "mor", "further", "additional", "variou"];
/// What leaves open what else is meant, in so many words.
const OPEN_ENDS: [&str; 20] = [
    "and so on",
    "and so forth",
    "and the like",
    "and all that",
    "and stuff",
    "and things",
    "or something",
    "or whatever",
    "half of",
    "half the",
    "some of",
    "most of",
    "a few of",
    "part of the",
    "a couple of",
    "still need",
    "still use",
    "but not in",
    "but not if",
    "unless ",
];
/// What says that something is to stay.
const KEEPS: [&str; 6] = ["keep", "leav", "spar", "not", "except", "but"];
/// In these lie files; in a presentation or an address book lies something else.
const HOLDERS: [&str; 28] = [
    "card",
    "stick",
    "folder",
    "subfolder",
    "download",
    "desktop",
    "driv",
    "disk",
    "disc",
    "laptop",
    "computer",
    "machin",
    "hom",
    "pc",
    "mac",
    "library",
    "collection",
    "archiv",
    "backup",
    "plac",
    "set",
    "batch",
    "pil",
    "mes",
    "mess",
    "data",
    "stuff",
    "music",
];
impl Fitting<'_> {
    /// Says whether it is only to *tidy*, and not what: that can mean to arrange, to clean up, or to rename.
    pub(crate) fn only_tidies(&self) -> bool {
        const ANYTHING: [&str; 7] = ["thing", "stuff", "everyth", "item", "one", "material", "rest"];
        let words = &self.slots.sentence.words;
        let is_file = |at: usize| words[at].class.is_file() && !ANYTHING.contains(&words[at].stem.as_str());
        let says_more =
            |at: usize| words[at].stem != "tidy" && (self.weights[at] > 1 || is_file(at) || self.is_folder(at));
        words.iter().any(|w| w.stem == "tidy") && !(0..words.len()).any(says_more)
    }

    /// Says whether a word makes it another task. What only stands somewhere behind `find` may be no text.
    pub(crate) fn is_forbidden(&self) -> bool {
        let sentence = self.slots.sentence;
        let free = |p: &Vec<usize>| {
            let first = &sentence.words[p[0]];
            !first.negated
                && !first.literal
                && !self.form.contains(&p[0])
                && (!self.text_is_asked || self.header.destructive || p.iter().any(|at| !self.values[*at]))
        };
        self.terms.never.iter().flat_map(|p| self.found(*p)).any(free)
    }

    /// Says whether the sentence demands something that this playbook doesn't do.
    pub(crate) fn is_unmet(&self) -> bool {
        let sentence = self.slots.sentence;
        if self.is_inside_a_document() {
            return true;
        }
        let left =
            |(at, word): &(usize, &Word)| self.weights[*at] == 0 && !self.values[*at] && !word.literal && !word.quoted;
        sentence.words.iter().enumerate().filter(left).any(|(at, word)| {
            let verb = word.head && !word.negated && !word.class.is_small();
            // A `wedding photo` is a photo.
            let describes = sentence.words.get(at + 1).is_some_and(|w| w.class.is_file());
            let foreign = word.class.is_foreign() && (word.head || !describes);
            let vague = matches!(word.stem.as_str(), "fix" | "deal-with");
            // What is to be left out is asked about where it matters most.
            // `my photos and documents`, to one that knows photos only
            let beside = !self.header.destructive && !self.terms.any_file && self.is_beside(at);
            let asked = word.stem == "except" && (self.header.destructive || self.terms.any_file);
            let demand = DEMANDS.contains(&word.stem.as_str()) && !asked;
            (verb && !vague) || foreign || word.named || demand || beside
        })
    }

    /// Says whether this is a kind of file that is named beside one that the playbook works with.
    fn is_beside(&self, at: usize) -> bool {
        let words = &self.slots.sentence.words;
        let joins = |at: usize| matches!(words[at].stem.as_str(), "and" | "or" | "plu");
        let comma = |at: usize| self.slots.sentence.between(at).trim() == ",";
        let kind = |at: usize| words[at].class.is_kind();
        let other = match at.checked_sub(1) {
            Some(before) if joins(before) => before.checked_sub(1),
            Some(before) if comma(before) => Some(before),
            _ => None,
        };
        kind(at) && other.is_some_and(|other| kind(other) && self.weights[other] == SURE)
    }

    /// Says whether something is meant that lies in a document and is no file: `the duplicates in my address book`.
    fn is_inside_a_document(&self) -> bool {
        let words = &self.slots.sentence.words;
        if !self.header.destructive || self.terms.any_file {
            return false;
        }
        let stem = |at: usize| words.get(at).map_or("", |w| w.stem.as_str());
        let opens = |at: &usize| {
            matches!(stem(*at), "in" | "from" | "of" | "insid" | "within")
                && matches!(stem(at + 1), "the" | "my" | "our" | "thi" | "a" | "an" | "your")
                && !words[*at].quoted
        };
        let is_one = |at: usize| {
            let small = |at: usize| words.get(at).is_some_and(|w| w.class.is_small());
            let ends = |at: &usize| self.slots.sentence.ends_clause(*at) || small(at + 1);
            let last = (at + 2..words.len()).find(|at| ends(at) || at + 1 == words.len())?;
            let text = self.slots.sentence.text.get(words[last].at.clone())?;
            let is_one = !text.ends_with('s') && !words[last].quoted && !words[last].named && self.weights[last] < SURE;
            let holds = HOLDERS.contains(&stem(last)) || self.is_folder(last) || !words[last].class.is_file();
            (is_one && !holds).then_some(())
        };
        (0..words.len()).filter(opens).any(|at| is_one(at).is_some())
    }

    /// Finds what is to stay and is nothing that this playbook tells apart: `but leave the photos alone`.
    fn kept(&self, part: std::ops::Range<usize>) -> bool {
        let words = &self.slots.sentence.words;
        let firm = |at: usize| self.weights[at] > 1 || self.values[at] || words[at].quoted;
        let file = |at: usize| words[at].class.is_file() || self.is_folder(at);
        !self.only_looks()
            && part.clone().any(|at| KEEPS.contains(&words[at].stem.as_str()))
            && !part.clone().any(firm)
            && part.clone().any(|at| file(at) && words[at].stem != "one")
    }

    /// Says whether nothing is to be changed.
    pub(crate) fn only_looks(&self) -> bool {
        self.params.get("dry_run").is_some_and(|v| v == &serde_json::Value::Bool(true))
    }

    /// Says what a destructive playbook would have to guess.
    pub(crate) fn open(&self) -> Option<String> {
        if !self.header.destructive || self.only_looks() {
            return None;
        }
        let said = self.slots.sentence.text.to_lowercase();
        if let Some(end) = OPEN_ENDS.iter().find(|end| said.contains(**end)) {
            return Some(format!("“{end}” leaves open what else is meant"));
        }
        self.open_part()
    }

    /// Finds a part of a wish that says too little, or more than can be told apart.
    fn open_part(&self) -> Option<String> {
        let words = &self.slots.sentence.words;
        let (small, file) = (|at: usize| words[at].class.is_small(), |at: usize| words[at].class.is_file());
        // `in every text file, change …`: what comes before the wish only says where.
        let mut wished = false;
        let mut sure = false;
        let (mut general, mut odd) = (false, false);
        let mut last_is_file = false;
        let mut part_start = 0;
        for at in 0..=words.len() {
            let ends = at == words.len()
                || matches!(words[at].stem.as_str(), "and" | "or" | "plu" | "but")
                || (at > 0 && self.slots.sentence.ends_clause(at - 1));
            if ends {
                if wished && self.kept(part_start..at) {
                    let quoted = self.quote(&(part_start..at).collect::<Vec<_>>());
                    return Some(format!("{quoted} is nothing that it tells apart"));
                }
                if wished && !sure && (odd || (general && !last_is_file)) {
                    let quoted = self.quote(&(part_start..at).collect::<Vec<_>>());
                    return Some(format!("{quoted} says too little"));
                }
                last_is_file =
                    (part_start..at).rev().find(|at| !small(*at)).is_some_and(|at| file(at) && self.weights[at] <= 1);
                wished |= sure;
                (sure, general, odd, part_start) = (false, false, false, at);
            }
            let Some(word) = words.get(at) else { break };
            if self.weights[at] > 1 || self.values[at] || word.negated || word.quoted {
                sure = true;
            } else if word.literal {
                return Some(format!("{} is more than it looks at", self.quote(&[at])));
            } else if OPEN.contains(&word.stem.as_str()) || self.is_one_more(at) {
                return Some(format!("{} leaves open what else is meant", self.quote(&[at])));
            } else if !self.is_neutral(at) || word.stem == "old" {
                odd = true;
            } else if file(at) && word.stem != "one" {
                general = true;
            }
        }
        None
    }

    fn is_one_more(&self, at: usize) -> bool {
        let stem = |at: usize| self.slots.sentence.words[at].stem.as_str();
        let joined = || (at.saturating_sub(3)..at).rev().find(|at| !matches!(stem(*at), "the" | "any" | "all" | "som"));
        OPEN_TOO.contains(&stem(at)) && joined().is_some_and(|at| matches!(stem(at), "and" | "or" | "plu"))
    }
}
