//! What a sentence gives the parameters of a playbook.

use std::ops::Range;

use serde_json::Value;

use crate::{
    fit::{Fitting, Note, SURE},
    fit_limits::Fate,
    header::ParamKind,
    slots::Filled,
    terms::Slot,
};

impl<'a> Fitting<'a> {
    /// Takes the first form that fits, with the texts in its holes.
    pub(crate) fn take_forms(&mut self) {
        for form in &self.terms.forms {
            let Some(filled) = self.slots.form(form) else { continue };
            if self.says_too_little(&filled) {
                continue;
            }
            // There must be something to look for; nothing can be put in its place.
            if filled
                .holes
                .first()
                .and_then(|(_, range)| self.slots.hole(range.clone()))
                .is_none_or(|text| text.is_empty())
            {
                continue;
            }
            for (name, range) in filled.holes {
                let Some(text) = self.slots.hole(range.clone()) else { continue };
                range.for_each(|at| self.values[at] = true);
                self.give(name, Value::from(text), &[]);
            }
            if let Some(kind) = filled.kind {
                kind.for_each(|at| self.weights[at] = SURE);
            }
            self.text_is_asked = true;
            filled.words.iter().for_each(|at| self.weights[*at] = SURE);
            self.notes.push(Note::Asks(filled.words.clone()));
            self.form = filled.words;
            return;
        }
    }

    /// `change the font to Arial` is no wish about files; `change every 2025 to 2026` and `change A to B in my letters` are.
    fn says_too_little(&self, filled: &Filled<'_>) -> bool {
        let words = &self.slots.sentence.words;
        let inside =
            |at: usize| filled.holes.iter().any(|(_, range)| range.contains(&at)) || filled.words.contains(&at);
        let stem = |at: &usize| words[*at].stem.as_str();
        let number = |(_, range): &(&str, Range<usize>)| {
            let text = self.slots.sentence.text_of(range.clone()).unwrap_or_default();
            text.contains(|c: char| c.is_ascii_digit())
        };
        // `change the phone number 555-0142 to 555-0199`
        let plain = filled.kind.is_some() && filled.holes.iter().all(number);
        let says_where = |at: &usize| matches!(stem(at), "every" | "all" | "filenam");
        matches!(filled.words.first().map(stem), Some("chang" | "turn" | "convert" | "renam"))
            && !plain
            && !filled.words.iter().any(says_where)
            && !words.iter().any(|w| w.quoted)
            && !(0..words.len()).any(|at| !inside(at) && words[at].class.is_file())
    }

    pub(crate) fn take(&mut self, slot: &'a Slot) {
        if self.params.contains_key(&slot.name) {
            return;
        }
        match slot.param.kind {
            ParamKind::Choice => self.take_choice(slot),
            ParamKind::Bool => {
                let place = slot.on.iter().find_map(|p| self.places(*p).next());
                if let Some(place) = place {
                    self.give(&slot.name, Value::Bool(true), place);
                }
            }
            ParamKind::Number => self.take_number(slot),
            ParamKind::Text if slot.param.default.is_none() => self.take_long(slot),
            ParamKind::Text => {
                self.take_choice(slot);
                if slot.param.limits {
                    self.take_limit(slot);
                }
                if self.params.contains_key(&slot.name) {
                    return;
                }
                let found = slot
                    .after
                    .iter()
                    .flat_map(|p| self.places(*p))
                    .find_map(|p| Some((self.slots.short(p.last()? + 1)?, p.clone())));
                // `sum up the bank statements by customer`: they are what it works with.
                let files = |range: &Range<usize>| {
                    let last = &self.slots.sentence.words[range.end - 1];
                    let text = &self.slots.sentence.text[last.at.clone()];
                    !last.quoted && text.ends_with('s') && (last.class.is_file() || last.stem == "export")
                };
                let found = found.filter(|(range, _)| !files(range));
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

    fn take_choice(&mut self, slot: &'a Slot) {
        let mut chosen: Vec<(&str, Vec<&Vec<usize>>)> = Vec::new();
        for (value, phrases) in &slot.choices {
            let places = phrases.iter().flat_map(|p| self.places(*p));
            let told_apart = slot.param.several || slot.param.limits;
            let places: Vec<_> = places
                .filter(|p| {
                    !(self.is_negated(p) || told_apart && self.is_kept(p[0]) || slot.param.limits && self.is_no_kind(p))
                })
                .collect();
            if !places.is_empty() {
                chosen.push((value, places));
            }
        }
        // A value whose words are all part of another's is not meant: `file type` is no `file`.
        let covered: Vec<bool> = chosen
            .iter()
            .enumerate()
            .map(|(i, (_, mine))| {
                chosen.iter().enumerate().any(|(j, (_, theirs))| {
                    let (mine, theirs) = (joined(mine), joined(theirs));
                    i != j && theirs.len() > mine.len() && mine.iter().all(|at| theirs.contains(at))
                })
            })
            .collect();
        let mut covered = covered.into_iter();
        chosen.retain(|_| covered.next() == Some(false));
        if self.turn_round(slot, &mut chosen) {
            self.give_choice(slot, &chosen);
        }
    }

    /// Puts the opposite for a value where the words say that it goes; `false` where they don't say it clearly.
    fn turn_round(&mut self, slot: &'a Slot, chosen: &mut [(&'a str, Vec<&Vec<usize>>)]) -> bool {
        for (value, places) in chosen.iter_mut().filter(|_| !slot.param.opposites.is_empty()) {
            let fates: Vec<Fate> = places.iter().map(|p| self.fate(p)).collect();
            let all = |fate: Fate| fates.iter().all(|f| *f == fate);
            match slot.param.opposites.get(*value) {
                _ if all(Fate::Stays) => {}
                Some(other) if all(Fate::Goes) => *value = other,
                _ => {
                    let said = self.quote(&joined(places));
                    self.twofold = Some((
                        slot.name.clone(),
                        format!("the task does not say clearly whether {said} stays or goes"),
                    ));
                    return false;
                }
            }
        }
        true
    }

    fn give_choice(&mut self, slot: &'a Slot, chosen: &[(&str, Vec<&Vec<usize>>)]) {
        match chosen {
            [] => {}
            [(value, places)] => {
                let value = Value::from(*value);
                self.give(&slot.name, value, &joined(places));
            }
            several => {
                let places: Vec<usize> = several.iter().flat_map(|(_, p)| joined(p)).collect();
                let names: Vec<&str> = several.iter().map(|(v, _)| *v).collect();
                if slot.param.several {
                    self.give(&slot.name, Value::from(names.join(",")), &places);
                } else {
                    let name = &self.header.name;
                    let why = format!("the task says {} at once, and {name} takes one", names.join(" and "));
                    self.twofold = Some((slot.name.clone(), why));
                    places.into_iter().for_each(|at| self.weights[at] = SURE);
                }
            }
        }
    }

    /// Says whether a thing is to stay: `but keep the temp files`.
    pub(crate) fn is_kept(&self, at: usize) -> bool {
        let words = &self.slots.sentence.words;
        let before = words[..at].iter().rev().take(4).map(|w| w.stem.as_str());
        let mut before =
            before.skip_while(|stem| matches!(*stem, "the" | "my" | "all" | "any" | "thos" | "thes" | "alon"));
        matches!(
            before.next(),
            Some("keep" | "leav" | "spar" | "not" | "except" | "skip" | "ignor" | "exclud" | "but" | "protect")
        )
    }

    fn take_number(&mut self, slot: &'a Slot) {
        let after = slot.after.iter().flat_map(|p| self.places(*p)).find_map(|place| {
            let (value, range) = self.slots.number(place.last()? + 1, slot.param.unit)?;
            Some((value, place, range))
        });
        let before = || {
            slot.before.iter().flat_map(|p| self.places(*p)).find_map(|place| {
                let at = place[0].checked_sub(1)?;
                let (value, rest) = self.slots.plain_number(at)?;
                let article = matches!(self.slots.sentence.words[at].stem.as_str(), "a" | "an" | "one");
                #[allow(clippy::cast_possible_truncation, reason = "a number that people write")]
                (rest.is_empty() && !article).then_some((value as i64, place, at..at + 1))
            })
        };
        if let Some((value, place, range)) = after.or_else(before) {
            let words: Vec<usize> = place.iter().copied().chain(range).collect();
            self.give(&slot.name, Value::from(value), &words);
        }
    }

    /// Takes a text that must be given: what is in quotes, or what stands after one of the words that lead to it.
    fn take_long(&mut self, slot: &'a Slot) {
        let words = &self.slots.sentence.words;
        if slot.after.is_empty() {
            return;
        }
        if let Some(at) = words.iter().position(|w| w.quoted && !w.at.is_empty()) {
            if let Some(text) = self.slots.sentence.text_of(at..at + 1) {
                self.values[at] = true;
                self.give(&slot.name, Value::from(text), &[at]);
            }
            return;
        }
        let mut marks: Vec<(bool, Range<usize>)> = Vec::new();
        for phrase in &slot.after {
            let weak = self.terms.action.contains(phrase) || self.terms.look.contains(phrase);
            let places = self.found(*phrase).iter().filter(|p| !self.is_negated(p));
            marks.extend(places.filter_map(|p| Some((weak, *p.first()?..p.last()? + 1))));
        }
        // A word such as `mention` leads to the text more surely than `find` does; then the first one does.
        marks.sort_by_key(|(weak, place)| (*weak, place.start, std::cmp::Reverse(place.end)));
        for (weak, mark) in &marks {
            let mut from = mark.end;
            while let Some((_, next)) = marks.iter().filter(|(_, m)| m.start == from).max_by_key(|(_, m)| m.end) {
                from = next.end;
            }
            let Some(mut value) = self.slots.trimmed(from..words.len()) else { continue };
            if *weak {
                value = self.slots.what_it_is_about(value);
            }
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
        let foreign = |at: usize| !words[at].quoted && words[at].class.is_foreign();
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
    pub(crate) fn follow(&mut self) {
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

    pub(crate) fn give(&mut self, name: &'a str, value: Value, words: &[usize]) {
        words.iter().for_each(|at| self.weigh(*at, SURE));
        self.notes.push(Note::Gives(name, value.clone(), words.to_vec()));
        self.params.insert(name.to_owned(), value);
    }
}

fn joined(places: &[&Vec<usize>]) -> Vec<usize> {
    places.iter().flat_map(|place| place.iter().copied()).collect()
}
