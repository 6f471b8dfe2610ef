//! How well one playbook fits a sentence.
//!
//! A playbook fits if its words account for what the sentence asks: what is to be done, what with, and each demand that is
//! plain to see (another verb, a way such as `by colour`, `whenever`, `except`). What it leaves over speaks against it.

use std::{borrow::Cow, collections::BTreeSet};

use serde_json::{Map, Value};

use crate::{
    header::{Header, Needs, ParamKind},
    library::Candidate,
    sentence::Sentence,
    sentence_words::Word,
    slots::Slots,
    terms::{Slot, Terms},
};

/// How much a word speaks for a playbook: what is done, its own things and values; what says too little; any file.
pub(crate) const SURE: u32 = 3;
const WEAK: u32 = 2;
pub(crate) const GENERAL: u32 = 1;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    Fits,
    /// It could be meant, but the sentence says too little, or more than it can do.
    Near,
    No,
}

/// What came of comparing a playbook with a sentence.
#[derive(Clone, Debug)]
pub(crate) struct Fit<'a> {
    pub(crate) verdict: Verdict,
    pub(crate) params: Map<String, Value>,
    /// How much each word of the sentence speaks for it.
    pub(crate) weights: Vec<u32>,
    /// A parameter that the sentence gives two values, and how it says so.
    pub(crate) twofold: Option<(String, String)>,
    /// What speaks for it, in the order in which it was found.
    notes: Vec<Note<'a>>,
    /// Why a near one doesn't fit.
    pub(crate) open: Cow<'static, str>,
}

/// What speaks for a playbook: put into words only for the one that is called.
#[derive(Clone, Debug)]
pub(crate) enum Note<'a> {
    /// These words ask for it.
    Asks(Vec<usize>),
    /// These words name what it works with.
    WorksWith(Vec<usize>),
    /// These words give a parameter a value.
    Gives(&'a str, Value, Vec<usize>),
    /// Nothing is to be changed.
    OnlyLooks,
}

impl Fit<'_> {
    /// Says in words what speaks for it.
    pub(crate) fn why(&self, sentence: &Sentence<'_>) -> String {
        let say = |note: &Note<'_>| match note {
            Note::Asks(words) => format!("{} asks for it", quote(sentence, words)),
            Note::WorksWith(words) => format!("{} is what it works with", quote(sentence, words)),
            Note::Gives(name, value, words) => {
                let shown = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
                let from = if words.is_empty() { String::new() } else { format!(" ({})", quote(sentence, words)) };
                format!("{name} = {shown}{from}")
            }
            Note::OnlyLooks => "nothing is to be changed".to_owned(),
        };
        self.notes.iter().map(say).collect::<Vec<_>>().join("; ")
    }

    pub(crate) fn score(&self) -> u32 {
        self.weights.iter().sum()
    }

    /// Says whether it accounts for all that another one does, but for general words.
    pub(crate) fn covers(&self, other: &Fit<'_>) -> bool {
        self.weights.iter().zip(&other.weights).all(|(mine, theirs)| *mine > 0 || *theirs <= GENERAL)
    }
}

/// Compares a playbook with a sentence.
pub(crate) fn fit<'a>(candidate: Candidate<'a>, sentence: &'a Sentence<'a>) -> Fit<'a> {
    let none = sentence.words.len();
    let mut fitting = Fitting {
        header: candidate.header,
        terms: candidate.terms,
        slots: Slots { sentence, ids: candidate.ids },
        weights: vec![0; none],
        values: vec![false; none],
        params: Map::new(),
        notes: Vec::new(),
        twofold: None,
        text_is_asked: false,
        form: Vec::new(),
    };
    let (verdict, open) = fitting.judge();
    let Fitting { params, weights, twofold, notes, .. } = fitting;
    Fit { verdict, params, weights, twofold, notes, open }
}

/// Which parts of a wish a sentence has.
struct Found {
    /// Something is to be done, perhaps this.
    vague: bool,
    /// This is to be done.
    done: bool,
    /// It is to be done with something that it works with.
    thing: bool,
    /// Files are spoken of.
    general: bool,
}

/// A playbook on its way through a sentence.
pub(crate) struct Fitting<'a> {
    pub(crate) header: &'a Header,
    pub(crate) terms: &'a Terms,
    pub(crate) slots: Slots<'a>,
    pub(crate) weights: Vec<u32>,
    /// The words that are part of a text value and so ask for nothing.
    pub(crate) values: Vec<bool>,
    pub(crate) params: Map<String, Value>,
    pub(crate) notes: Vec<Note<'a>>,
    /// A parameter that the sentence gives two values, and how it says so.
    pub(crate) twofold: Option<(String, String)>,
    /// A text that must be given is asked for in a way that says what is to be done.
    pub(crate) text_is_asked: bool,
    /// The words of the form that was taken.
    pub(crate) form: Vec<usize>,
}

impl<'a> Fitting<'a> {
    fn judge(&mut self) -> (Verdict, Cow<'static, str>) {
        const NO: (Verdict, Cow<'static, str>) = (Verdict::No, Cow::Borrowed(""));
        if self.header.destructive && self.slots.sentence.is_no_order {
            return NO;
        }
        self.take_forms();
        for slot in &self.terms.params {
            self.take(slot);
        }
        self.follow();
        if self.is_forbidden() {
            return NO;
        }
        let valued = self.terms.params.iter().any(|s| self.tells(s));
        let acts = self.mark_all(&self.terms.action, SURE, true);
        let maybe = self.mark_all(&self.terms.maybe, WEAK, true);
        let mut looks = self.mark_all(&self.terms.look, WEAK, true);
        let own = self.mark_all(&self.terms.object, SURE, false);
        let general = self.mark_general();
        // `dupes?`, `photos by country`
        let light = |w: &Word| w.class.is_light() && !w.class.is_file();
        let words = &self.slots.sentence.words;
        let verbless = !acts && !maybe && words.iter().all(|w| !w.head && !light(w));
        looks |= self.header.destructive && verbless && own && self.slots.sentence.text.trim_end().ends_with('?');
        let chosen = |s: &Slot| s.param.kind == ParamKind::Choice && self.params.contains_key(&s.name);
        let named = verbless
            && !self.terms.maybe.is_empty()
            && (own || general)
            && self.terms.params.iter().any(chosen)
            && !self.header.destructive;
        if self.is_unmet() {
            return NO;
        }
        // `which files would you delete?`
        let would = looks && words.first().is_some_and(|w| matches!(w.stem.as_str(), "which" | "what" | "how many"));
        if looks && !acts && !(maybe && valued) || would && words.iter().any(|w| w.stem == "would") {
            self.only_look();
        }
        let found = Found {
            vague: acts || maybe || self.is_vague(),
            done: acts || (maybe && valued) || self.text_is_asked || named || (looks && (own || valued)),
            thing: own || self.text_is_asked || (self.terms.any_file && (general || valued)),
            general,
        };
        self.weigh_up(&found)
    }

    /// Changes nothing for a look at what could be changed.
    fn only_look(&mut self) {
        if self.header.destructive && self.header.params.contains_key("dry_run") {
            self.params.insert("dry_run".to_owned(), Value::Bool(true));
            self.notes.push(Note::OnlyLooks);
        }
    }

    /// Judges by what was found, what lacks, and what is left over.
    fn weigh_up(&self, found: &Found) -> (Verdict, Cow<'static, str>) {
        let Found { vague, done, thing, general } = *found;
        let (known, strange) = self.count();
        let few = if self.header.destructive { strange * 2 <= known } else { strange <= known };
        let unheld = if done && thing { self.unheld() } else { None };
        let is_unheld = unheld.is_some();
        let why = if let Some((_, why)) = &self.twofold {
            Cow::Owned(why.clone())
        } else if let Some(name) = self.lacking() {
            Cow::Owned(format!("it must be told its {name}"))
        } else if let Some(open) = unheld.or_else(|| if done && thing { self.open() } else { None }) {
            Cow::Owned(open)
        } else if done && thing && few && !self.only_tidies() {
            return (Verdict::Fits, Cow::Borrowed(""));
        } else {
            Cow::Borrowed("it could mean too much")
        };
        let all_known = strange == 0 || (self.header.destructive && strange <= 1 && (general || thing));
        let near =
            is_unheld || (vague && (all_known || (done && thing && few))) || (done && thing && self.header.destructive);
        (if near { Verdict::Near } else { Verdict::No }, why)
    }

    /// Gives all the places of a phrase.
    pub(crate) fn found(&self, phrase: usize) -> &'a [Vec<usize>] {
        self.slots.places(phrase)
    }

    /// Gives the places of a phrase that are no part of a text.
    pub(crate) fn places(&self, phrase: usize) -> impl Iterator<Item = &'a Vec<usize>> {
        self.found(phrase).iter().filter(|place| self.is_free(place))
    }

    /// Says whether words are no part of a text.
    fn is_free(&self, place: &[usize]) -> bool {
        place.iter().all(|at| !self.values[*at]) && !self.slots.sentence.words[place[0]].literal
    }

    pub(crate) fn is_negated(&self, place: &[usize]) -> bool {
        self.slots.sentence.words[place[0]].negated
    }

    fn mark_all(&mut self, phrases: &[usize], weight: u32, wish: bool) -> bool {
        let words = &self.slots.sentence.words;
        // What it works with may be named in a value: `sum the exports`.
        let counts = |place: &&Vec<usize>| {
            if wish { self.is_free(place) && !self.is_negated(place) } else { !words[place[0]].literal }
        };
        let places: Vec<&Vec<usize>> = phrases.iter().flat_map(|p| self.found(*p)).filter(counts).collect();
        places.iter().flat_map(|place| place.iter()).for_each(|at| self.weigh(*at, weight));
        let first = places.into_iter().min().cloned();
        let found = first.is_some();
        self.notes.extend(first.map(|place| if wish { Note::Asks(place) } else { Note::WorksWith(place) }));
        found
    }

    /// A small word says little wherever it stands.
    pub(crate) fn weigh(&mut self, at: usize, weight: u32) {
        let small = self.slots.sentence.words[at].class.is_small();
        let weight = if small { weight.min(GENERAL) } else { weight };
        self.weights[at] = self.weights[at].max(weight);
    }

    /// Marks the general words for files, if it works with any, and the names of the granted folders.
    fn mark_general(&mut self) -> bool {
        let sentence = self.slots.sentence;
        let folders = sentence.folders.iter().filter(|place| self.is_free(place));
        let mut places: Vec<usize> = folders.flatten().copied().collect();
        let is_file = |at: &usize| {
            let word = &sentence.words[*at];
            word.class.is_file() && !word.named && !word.literal && !self.values[*at]
        };
        places.extend((0..sentence.words.len()).filter(is_file));
        if self.terms.any_file {
            places.iter().for_each(|at| self.weights[*at] = self.weights[*at].max(GENERAL));
        }
        !places.is_empty()
    }

    /// Says whether a parameter's value says what is meant; a text that may be anything doesn't.
    fn tells(&self, slot: &Slot) -> bool {
        let param = &slot.param;
        let any_text = param.kind == ParamKind::Text
            && param.default.is_some()
            && param.sets.is_empty()
            && param.choices.is_empty();
        !any_text && !param.limits && self.params.get(&slot.name).is_some_and(|v| !v.is_boolean())
    }

    fn is_vague(&self) -> bool {
        let vague = |w: &Word| matches!(w.stem.as_str(), "fix" | "deal-with") && w.head && !w.negated;
        self.header.folders == Needs::Write && self.slots.sentence.words.iter().any(vague)
    }

    fn lacking(&self) -> Option<&str> {
        let lacks = |s: &&Slot| s.param.default.is_none() && !self.params.contains_key(&s.name);
        self.terms.params.iter().find(lacks).map(|s| s.name.as_str())
    }

    /// Counts the words that speak for it, and those that nobody knows.
    fn count(&self) -> (usize, usize) {
        let known = self.weights.iter().filter(|w| **w > 0).count();
        let strange = |at: &usize| {
            let word = &self.slots.sentence.words[*at];
            self.weights[*at] == 0
                && !self.values[*at]
                && !word.quoted
                && !self.is_neutral(*at)
                && !word.negated
                && !word.literal
        };
        (known, (0..self.weights.len()).filter(strange).count())
    }

    pub(crate) fn is_neutral(&self, at: usize) -> bool {
        let word = &self.slots.sentence.words[at];
        word.class.is_small()
            || word.class.is_light()
            || word.class.is_file()
            || matches!(word.stem.as_str(), "preview" | "fix" | "deal-with")
            || self.is_folder(at)
    }

    /// Says whether a word is part of a granted folder's name.
    pub(crate) fn is_folder(&self, at: usize) -> bool {
        self.slots.sentence.folders.iter().any(|place| place.contains(&at) && self.is_free(place))
    }

    pub(crate) fn quote(&self, words: &[usize]) -> String {
        quote(self.slots.sentence, words)
    }
}

fn quote(sentence: &Sentence<'_>, words: &[usize]) -> String {
    let text = |at: &usize| Some(sentence.text[sentence.words.get(*at)?.at.clone()].to_owned());
    let words: BTreeSet<usize> = words.iter().copied().collect();
    let mut texts: Vec<String> = words.iter().filter_map(text).collect();
    texts.dedup();
    texts.truncate(8);
    format!("“{}”", texts.join(" "))
}
