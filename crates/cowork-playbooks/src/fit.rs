//! How well one playbook fits a sentence.
//!
//! A playbook fits if its words account for what the sentence asks: what is to be done, what with, and each demand that is
//! plain to see (another verb, a way such as `by colour`, `whenever`, `except`). What it leaves over speaks against it.

use std::{collections::BTreeSet, ops::Range};

use serde_json::{Map, Value};

use crate::{
    header::{Header, ParamKind},
    sentence::{Phrase, Sentence},
    slots::{Filled, Slots},
    terms::{Slot, Terms},
    vocabulary::Vocabulary,
};

/// How much a word speaks for a playbook: what is done, its own things and values; what says too little; any file.
const SURE: u32 = 3;
const WEAK: u32 = 2;
const GENERAL: u32 = 1;

/// Words that must be accounted for: `by …`, `whenever`, `except`.
const DEMANDS: [&str; 3] = ["by", "whenever", "except"];
/// Words that leave open what else is meant.
const OPEN: [&str; 8] = ["except", "rest", "els", "etc", "whatev", "remaind", "similar", "such"];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    Fits,
    /// It could be meant, but the sentence says too little, or more than it can do.
    Near,
    No,
}

/// What came of comparing a playbook with a sentence.
#[derive(Clone, Debug)]
pub(crate) struct Fit {
    pub(crate) verdict: Verdict,
    pub(crate) params: Map<String, Value>,
    /// How much each word of the sentence speaks for it.
    pub(crate) weights: Vec<u32>,
    /// Why it fits, or doesn't.
    pub(crate) why: String,
}

impl Fit {
    pub(crate) fn score(&self) -> u32 {
        self.weights.iter().sum()
    }

    /// Says whether it accounts for all that another one does, but for general words.
    pub(crate) fn covers(&self, other: &Self) -> bool {
        self.weights.iter().zip(&other.weights).all(|(mine, theirs)| *mine > 0 || *theirs <= GENERAL)
    }
}

/// Compares a playbook with a sentence; `folders` are the names of the granted folders.
pub(crate) fn fit(
    header: &Header,
    terms: &Terms,
    sentence: &Sentence<'_>,
    folders: &[Phrase],
    vocabulary: &Vocabulary,
) -> Fit {
    let slots = Slots { sentence, vocabulary };
    let none = sentence.words.len();
    let mut fitting = Fitting {
        header,
        terms,
        slots,
        folders,
        weights: vec![0; none],
        values: vec![false; none],
        params: Map::new(),
        notes: Vec::new(),
        twofold: None,
        text_is_asked: false,
    };
    let (verdict, why) = fitting.judge();
    Fit { verdict, params: fitting.params, weights: fitting.weights, why }
}

struct Fitting<'a> {
    header: &'a Header,
    terms: &'a Terms,
    slots: Slots<'a>,
    folders: &'a [Phrase],
    weights: Vec<u32>,
    /// The words that are part of a text value and so ask for nothing.
    values: Vec<bool>,
    params: Map<String, Value>,
    notes: Vec<String>,
    /// A parameter that the sentence gives two values.
    twofold: Option<String>,
    /// A text that must be given is asked for in a way that says what is to be done.
    text_is_asked: bool,
}

impl Fitting<'_> {
    fn judge(&mut self) -> (Verdict, String) {
        if self.header.destructive && self.is_question() {
            return (Verdict::No, "it is a question".to_owned());
        }
        self.take_forms();
        for slot in &self.terms.params {
            self.take(slot);
        }
        self.follow();
        let valued = self.terms.params.iter().any(|s| self.tells(s));

        if let Some(word) = self.forbidden() {
            return (Verdict::No, format!("{} is none of its words", self.quote(&word)));
        }
        let acts = self.mark_all(&self.terms.action, SURE, true);
        let maybe = self.mark_all(&self.terms.maybe, WEAK, true);
        let looks = self.mark_all(&self.terms.look, WEAK, true);
        let own = self.mark_all(&self.terms.object, SURE, false);
        let general = self.mark_general();
        if let Some(why) = self.unmet() {
            return (Verdict::No, why);
        }
        let thing = own || self.text_is_asked || (self.terms.any_file && (general || valued));
        let done = acts || (maybe && valued) || self.text_is_asked || (looks && (own || valued));
        let lacking = self.lacking();
        let (known, strange) = self.count();
        let vague = acts || maybe || self.is_vague();
        let few = if self.header.destructive { strange * 2 <= known } else { strange <= known };
        let open = if done && thing { self.open() } else { None };
        let why = if let Some(twofold) = &self.twofold {
            twofold.clone()
        } else if let Some(name) = lacking {
            format!("it must be told its {name}")
        } else if let Some(open) = open {
            open
        } else if done && thing && few {
            if !acts
                && looks
                && !(maybe && valued)
                && self.header.destructive
                && self.header.params.contains_key("dry_run")
            {
                self.params.insert("dry_run".to_owned(), Value::Bool(true));
                self.notes.push("nothing is to be changed".to_owned());
            }
            return (Verdict::Fits, self.notes.join("; "));
        } else {
            "it could mean too much".to_owned()
        };
        let all_known = strange == 0 || (self.header.destructive && strange <= 1 && (general || thing));
        let near = (vague && (all_known || (done && thing && few))) || (done && thing && self.header.destructive);
        (if near { Verdict::Near } else { Verdict::No }, why)
    }

    /// `change the font to Arial` is no wish about files; `change every 2025 to 2026` and `change A to B in my letters` are.
    fn says_too_little(&self, filled: &Filled) -> bool {
        let words = &self.slots.sentence.words;
        let inside =
            |at: usize| filled.holes.iter().any(|(_, range)| range.contains(&at)) || filled.words.contains(&at);
        let stem = |at: &usize| words[*at].stem.as_str();
        matches!(filled.words.first().map(stem), Some("chang" | "turn" | "convert"))
            && !filled.words.iter().any(|at| matches!(stem(at), "every" | "all"))
            && !words.iter().any(|w| w.quoted)
            && !(0..words.len()).any(|at| !inside(at) && self.slots.vocabulary.is_file(stem(&at)))
    }

    /// Says whether somebody only asks about something: nothing is to be changed for an answer.
    fn is_question(&self) -> bool {
        const ASKS: [&[&str]; 12] = [
            &["how", "do"],
            &["how", "to"],
            &["how", "can"],
            &["how", "could"],
            &["how", "doe"],
            &["how", "should"],
            &["how", "would"],
            &["why"],
            &["should"],
            &["what", "is", "a"],
            &["what", "is", "an"],
            &["what", "doe"],
        ];
        let begins = |phrase: &[&str]| {
            let words = self.slots.sentence.words.iter().map(|w| w.stem.as_str());
            words.zip(phrase).filter(|(a, b)| a == *b).count() == phrase.len()
        };
        ASKS.iter().any(|phrase| begins(phrase))
    }

    /// Finds a word that makes it another task. What only stands somewhere behind `find` may be no text.
    fn forbidden(&self) -> Option<Vec<usize>> {
        let sentence = self.slots.sentence;
        let free = |p: &Vec<usize>| {
            let first = &sentence.words[p[0]];
            !first.negated
                && !first.literal
                && (!self.text_is_asked || self.header.destructive || p.iter().all(|at| !self.values[*at]))
        };
        self.terms.never.iter().flat_map(|p| sentence.find(p, self.slots.vocabulary)).find(free)
    }

    /// Takes the first form that fits, with the texts in its holes.
    fn take_forms(&mut self) {
        for form in &self.terms.forms {
            let Some(filled) = self.slots.form(form) else { continue };
            if self.says_too_little(&filled) {
                continue;
            }
            for (name, range) in filled.holes {
                let Some(text) = self.slots.hole(range.clone()) else { continue };
                range.for_each(|at| self.values[at] = true);
                self.give(&name, Value::from(text), &[]);
            }
            self.text_is_asked = true;
            let quoted = self.quote(&filled.words);
            self.notes.push(format!("{quoted} asks for it"));
            filled.words.into_iter().for_each(|at| self.weights[at] = SURE);
            return;
        }
    }

    fn take(&mut self, slot: &Slot) {
        if self.params.contains_key(&slot.name) {
            return;
        }
        match slot.param.kind {
            ParamKind::Choice => self.take_choice(slot),
            ParamKind::Bool => {
                let places: Vec<_> = slot.on.iter().flat_map(|p| self.places(p)).collect();
                if let Some(place) = places.first() {
                    self.give(&slot.name, Value::Bool(true), place);
                }
            }
            ParamKind::Number => self.take_number(slot),
            ParamKind::Text if slot.param.default.is_none() => self.take_long(slot),
            ParamKind::Text => {
                self.take_choice(slot);
                if self.params.contains_key(&slot.name) {
                    return;
                }
                let places: Vec<_> = slot.after.iter().flat_map(|p| self.places(p)).collect();
                let found = places.into_iter().find_map(|p| Some((self.slots.short(p.last()? + 1)?, p)));
                if let Some((range, mut words)) = found
                    && let Some(text) = self.slots.sentence.text_of(range.clone())
                {
                    words.extend(range.clone());
                    self.give(&slot.name, Value::from(text), &words);
                    range.for_each(|at| self.values[at] = true);
                }
            }
        }
    }

    fn take_choice(&mut self, slot: &Slot) {
        let mut chosen: Vec<(&str, Vec<Vec<usize>>)> = Vec::new();
        for (value, phrases) in &slot.choices {
            let places = phrases.iter().flat_map(|p| self.places(p));
            let places: Vec<_> = places.filter(|p| !self.is_negated(p)).collect();
            if !places.is_empty() {
                chosen.push((value, places));
            }
        }
        // A value whose words are all part of another's is not meant: `file type` is no `file`.
        let all = |places: &[Vec<usize>]| -> Vec<usize> { places.iter().flatten().copied().collect() };
        let covered: Vec<bool> = chosen
            .iter()
            .enumerate()
            .map(|(i, (_, mine))| {
                chosen.iter().enumerate().any(|(j, (_, theirs))| {
                    let (mine, theirs) = (all(mine), all(theirs));
                    i != j && theirs.len() > mine.len() && mine.iter().all(|at| theirs.contains(at))
                })
            })
            .collect();
        let mut index = 0;
        chosen.retain(|_| {
            index += 1;
            !covered[index - 1]
        });
        match chosen.as_slice() {
            [] => {}
            [(value, places)] => {
                let value = Value::from(*value);
                self.give(&slot.name, value, &places.concat());
            }
            several => {
                let places: Vec<usize> = several.iter().flat_map(|(_, p)| p.concat()).collect();
                let names: Vec<&str> = several.iter().map(|(v, _)| *v).collect();
                if let Some(value) = &slot.param.several {
                    self.give(&slot.name, Value::from(value.as_str()), &places);
                } else {
                    let name = &self.header.name;
                    self.twofold = Some(format!("the task says {} at once, and {name} takes one", names.join(" and ")));
                    places.into_iter().for_each(|at| self.weights[at] = SURE);
                }
            }
        }
    }

    fn take_number(&mut self, slot: &Slot) {
        let after = slot.after.iter().flat_map(|p| self.places(p)).find_map(|place| {
            let (value, range) = self.slots.number(place.last()? + 1, slot.param.unit)?;
            Some((value, place, range))
        });
        let before = || {
            slot.before.iter().flat_map(|p| self.places(p)).find_map(|place| {
                let at = place[0].checked_sub(1)?;
                let (value, rest) = self.slots.plain_number(at)?;
                let article = matches!(self.slots.sentence.words[at].stem.as_str(), "a" | "an" | "one");
                #[allow(clippy::cast_possible_truncation, reason = "a number that people write")]
                (rest.is_empty() && !article).then_some((value as i64, place, at..at + 1))
            })
        };
        if let Some((value, mut words, range)) = after.or_else(before) {
            words.extend(range);
            self.give(&slot.name, Value::from(value), &words);
        }
    }

    /// Takes a text that must be given: what is in quotes, or what stands after one of the words that lead to it.
    fn take_long(&mut self, slot: &Slot) {
        let words = &self.slots.sentence.words;
        if slot.after.is_empty() {
            return;
        }
        if let Some(at) = words.iter().position(|w| w.quoted) {
            if let Some(text) = self.slots.sentence.text_of(at..at + 1) {
                self.values[at] = true;
                self.give(&slot.name, Value::from(text), &[at]);
            }
            return;
        }
        let mut marks: Vec<(bool, Range<usize>)> = Vec::new();
        for phrase in &slot.after {
            let weak = self.terms.action.contains(phrase) || self.terms.look.contains(phrase);
            let places =
                self.slots.sentence.find(phrase, self.slots.vocabulary).into_iter().filter(|p| !self.is_negated(p));
            marks.extend(places.filter_map(|p| Some((weak, *p.first()?..p.last()? + 1))));
        }
        // A word such as `mention` leads to the text more surely than `find` does; then the first one does.
        marks.sort_by_key(|(weak, place)| (*weak, place.start, std::cmp::Reverse(place.end)));
        for (weak, mark) in &marks {
            let mut from = mark.end;
            while let Some((_, next)) = marks.iter().filter(|(_, m)| m.start == from).max_by_key(|(_, m)| m.end) {
                from = next.end;
            }
            let Some(value) = self.slots.trimmed(from..words.len()) else { continue };
            if *weak && self.is_of_the_world(value.clone()) {
                continue;
            }
            let Some(text) = self.slots.sentence.text_of(value.clone()) else { continue };
            let marked: Vec<usize> = (mark.start..from).collect();
            value.for_each(|at| self.values[at] = true);
            self.text_is_asked = !*weak;
            self.give(&slot.name, Value::from(text), if *weak { &marked[..0] } else { &marked });
            return;
        }
    }

    /// Says whether a text names something of the world, not something of one's own: `a cheap flight`, but not `my flight`.
    fn is_of_the_world(&self, value: Range<usize>) -> bool {
        let words = &self.slots.sentence.words;
        let foreign = |at: usize| !words[at].quoted && self.slots.vocabulary.is_foreign(&words[at].stem);
        let own =
            value.start > 0 && matches!(words[value.start - 1].stem.as_str(), "my" | "our" | "the" | "his" | "their");
        let best =
            |at: usize| matches!(words[at].stem.as_str(), "best" | "nearest" | "nearby" | "cheap" | "cheapest" | "eat");
        let for_me = words[..value.start].iter().rev().take(2).map(|w| w.stem.as_str()).collect::<Vec<_>>();
        if matches!(for_me.as_slice(), ["a" | "an" | "som", "me"]) {
            return true;
        }
        value.clone().any(|at| best(at) || (foreign(at) && !own))
    }

    /// Adds what follows from the values found. What was chosen in words stands, and what would contradict it goes.
    fn follow(&mut self) {
        for slot in self.terms.params.iter().filter(|s| !s.param.sets.is_empty()) {
            if !self.params.contains_key(&slot.name) {
                continue;
            }
            let against = |(name, value): (&String, &String)| {
                self.params.get(name).is_some_and(|v| v.as_str().is_some_and(|v| v != value))
            };
            if slot.param.sets.iter().any(against) {
                self.params.remove(&slot.name);
                continue;
            }
            for (name, value) in &slot.param.sets {
                self.params.insert(name.clone(), Value::from(value.as_str()));
            }
        }
    }

    fn give(&mut self, name: &str, value: Value, words: &[usize]) {
        words.iter().for_each(|at| self.weigh(*at, SURE));
        let shown = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        let from = if words.is_empty() { String::new() } else { format!(" ({})", self.quote(words)) };
        self.notes.push(format!("{name} = {shown}{from}"));
        self.params.insert(name.to_owned(), value);
    }

    /// Gives the places of a phrase that are no part of a text.
    fn places(&self, phrase: &Phrase) -> Vec<Vec<usize>> {
        let mut places = self.slots.sentence.find(phrase, self.slots.vocabulary);
        places.retain(|p| p.iter().all(|at| !self.values[*at]) && !self.slots.sentence.words[p[0]].literal);
        places
    }

    fn is_negated(&self, place: &[usize]) -> bool {
        self.slots.sentence.words[place[0]].negated
    }

    fn mark_all(&mut self, phrases: &[Phrase], weight: u32, wish: bool) -> bool {
        let sentence = self.slots.sentence;
        let of = |p: &Phrase| {
            // What it works with may be named in a value: `sum the exports`.
            let mut places = if wish { self.places(p) } else { sentence.find(p, self.slots.vocabulary) };
            places.retain(|place| !sentence.words[place[0]].literal);
            places
        };
        let places: Vec<_> = phrases.iter().flat_map(of).collect();
        let mut places: Vec<_> = places.into_iter().filter(|p| !wish || !self.is_negated(p)).collect();
        places.iter().flatten().for_each(|at| self.weigh(*at, weight));
        places.sort();
        if let Some(place) = places.first() {
            let quoted = self.quote(place);
            self.notes.push(format!("{quoted} {}", if wish { "asks for it" } else { "is what it works with" }));
        }
        !places.is_empty()
    }

    /// A small word says little wherever it stands.
    fn weigh(&mut self, at: usize, weight: u32) {
        let small = self.slots.vocabulary.is_small(&self.slots.sentence.words[at].stem);
        let weight = if small { weight.min(GENERAL) } else { weight };
        self.weights[at] = self.weights[at].max(weight);
    }

    /// Marks the general words for files, if it works with any, and the names of the granted folders.
    fn mark_general(&mut self) -> bool {
        let mut places: Vec<usize> = self.folders.iter().flat_map(|f| self.places(f)).flatten().collect();
        let sentence = self.slots.sentence;
        let is_file = |at: &usize| {
            let word = &sentence.words[*at];
            self.slots.vocabulary.is_file(&word.stem) && !word.named && !word.literal && !self.values[*at]
        };
        places.extend((0..sentence.words.len()).filter(is_file));
        if self.terms.any_file {
            places.iter().for_each(|at| self.weights[*at] = self.weights[*at].max(GENERAL));
        }
        !places.is_empty()
    }

    /// Says what the sentence demands and this playbook doesn't do.
    fn unmet(&self) -> Option<String> {
        let sentence = self.slots.sentence;
        let left = |(at, word): &(usize, &crate::sentence::Word)| {
            self.weights[*at] == 0 && !self.values[*at] && !word.literal && !word.quoted
        };
        for (at, word) in sentence.words.iter().enumerate().filter(left) {
            let verb = word.head && !word.negated && !self.slots.vocabulary.is_small(&word.stem);
            // A `wedding photo` is a photo.
            let describes = sentence.words.get(at + 1).is_some_and(|w| self.slots.vocabulary.is_file(&w.stem));
            let foreign = self.slots.vocabulary.is_foreign(&word.stem) && (word.head || !describes);
            let vague = matches!(word.stem.as_str(), "fix" | "deal-with");
            // What is to be left out is asked about where it matters most.
            let demand = DEMANDS.contains(&word.stem.as_str()) && !(word.stem == "except" && self.header.destructive);
            if (verb && !vague) || foreign || word.named || demand {
                let more = if word.stem == "by" { vec![at, (at + 1).min(sentence.words.len() - 1)] } else { vec![at] };
                return Some(format!("{} is nothing that {} does", self.quote(&more), self.header.name));
            }
        }
        None
    }

    /// Says whether a parameter's value says what is meant; a text that may be anything doesn't.
    fn tells(&self, slot: &Slot) -> bool {
        let param = &slot.param;
        let any_text = param.kind == ParamKind::Text
            && param.default.is_some()
            && param.sets.is_empty()
            && param.choices.is_empty();
        !any_text && self.params.get(&slot.name).is_some_and(|v| !v.is_boolean())
    }

    fn is_vague(&self) -> bool {
        let vague = |w: &crate::sentence::Word| matches!(w.stem.as_str(), "fix" | "deal-with") && w.head && !w.negated;
        self.header.folders == crate::header::Needs::Write && self.slots.sentence.words.iter().any(vague)
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

    fn is_neutral(&self, at: usize) -> bool {
        let (word, vocabulary) = (&self.slots.sentence.words[at], self.slots.vocabulary);
        let folder = || self.folders.iter().flat_map(|f| self.places(f)).any(|p| p.contains(&at));
        vocabulary.is_small(&word.stem)
            || vocabulary.is_light(&word.stem)
            || vocabulary.is_file(&word.stem)
            || matches!(word.stem.as_str(), "preview" | "fix" | "deal-with")
            || folder()
    }

    /// Says what a destructive playbook would have to guess.
    fn open(&self) -> Option<String> {
        if !self.header.destructive {
            return None;
        }
        let words = &self.slots.sentence.words;
        let (small, file) = (
            |at: usize| self.slots.vocabulary.is_small(&words[at].stem),
            |at: usize| self.slots.vocabulary.is_file(&words[at].stem),
        );
        // `in every text file, change …`: what comes before the wish only says where.
        let mut wished = false;
        let mut sure = false;
        let (mut general, mut odd) = (false, false);
        let mut last_is_file = false;
        let mut part_start = 0;
        for at in 0..=words.len() {
            let ends = at == words.len()
                || matches!(words[at].stem.as_str(), "and" | "or" | "plu")
                || (at > 0 && self.slots.sentence.ends_clause(at - 1));
            if ends {
                if wished && !sure && (odd || (general && !last_is_file)) {
                    let quoted = self.quote(&(part_start..at).collect::<Vec<_>>());
                    return Some(format!("{quoted} says too little"));
                }
                last_is_file = (part_start..at).rev().find(|at| !small(*at)).is_some_and(file);
                wished |= sure;
                (sure, general, odd, part_start) = (false, false, false, at);
            }
            let Some(word) = words.get(at) else { break };
            if self.weights[at] > 1 || self.values[at] || word.negated || word.quoted {
                sure = true;
            } else if word.literal {
                return Some(format!("{} is more than it looks at", self.quote(&[at])));
            } else if OPEN.contains(&word.stem.as_str()) {
                return Some(format!("{} leaves open what else is meant", self.quote(&[at])));
            } else if !self.is_neutral(at) || word.stem == "old" {
                odd = true;
            } else if file(at) {
                general = true;
            }
        }
        None
    }

    fn quote(&self, words: &[usize]) -> String {
        let text = |at: &usize| {
            let word = self.slots.sentence.words.get(*at)?;
            Some(self.slots.sentence.text[word.at.clone()].to_owned())
        };
        let words: BTreeSet<usize> = words.iter().copied().collect();
        let mut texts: Vec<String> = words.iter().filter_map(text).collect();
        texts.dedup();
        texts.truncate(8);
        format!("“{}”", texts.join(" "))
    }
}
