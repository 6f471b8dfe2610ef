//! Which playbook a task in words calls, and with which parameters.
//!
//! A playbook fits if one of its words for doing is there, one of its words for what it is done with (or a value for one of its
//! parameters), none of its words for another task, every parameter that it must have, and no more strange words
//! than known ones. Exactly one may fit: a guess would touch somebody's files.

use std::{ops::Range, sync::Arc};

use cowork_core::{Error, Kind, Result};
use serde_json::{Map, Value};

use crate::{
    header::{Header, Param, ParamKind},
    library::{Library, Playbook},
    sentence::{Sentence, stems},
};

/// A longer text is no sentence that calls a playbook.
const LONGEST: usize = 4_000;

/// Words that say nothing about what is wanted.
const SMALL: &str = "a an the my our your his her their all any every each some of in on at to for from with by into onto per and or but \
    then so that which this these those them it its they i we you me us please can could would will should want need like \
    just only also too very really now here there is are be was were do does did have has had not no yes out up down over \
    so as if when one two new old last first next same own other more most go get let help hi hello hey thanks thank inside within";

/// The values of a parameter called `by` count only after one of these.
const LEADS: [&str; 9] = ["by", "into", "per", "each", "every", "using", "based on", "according to", "after"];

/// Words that say where a text is looked for and are no part of it.
const PLACES: &str = "file files folder folders subfolder document documents download downloads desktop directory computer pdf pdfs \
    text texts doc docs note notes here everywhere anywhere contents content stuff things one ones item items";

/// Chooses the playbook that a task calls, with the parameters that its words give.
///
/// # Errors
/// `NotFound` if none fits; `InvalidInput` if several do, or if the text can't be a sentence.
pub(crate) fn choose<'a>(
    library: &'a Library,
    text: &str,
    folders: &[&str],
) -> Result<(&'a Arc<Playbook>, Map<String, Value>)> {
    let refused = |why: String| Err(Error::new(Kind::InvalidInput, "match playbook", why).with_fix(library.listed()));
    if text.len() > LONGEST {
        return refused(format!("the task is {} bytes long; a playbook is called by a sentence", text.len()));
    }
    if text.chars().any(|c| c.is_control() && !c.is_whitespace()) {
        return refused("the task is not text: it holds control characters".to_owned());
    }
    let sentence = Sentence::read(text);
    if sentence.words.is_empty() {
        return refused("the task has no words".to_owned());
    }
    let mut fitting = Vec::new();
    for playbook in library.iter() {
        if let Some(params) = fit(&playbook.header, &sentence, folders)? {
            fitting.push((playbook, params));
        }
    }
    match fitting.len() {
        1 => Ok(fitting.remove(0)),
        0 => {
            let why = format!("no playbook fits “{}”", shortened(text));
            Err(Error::new(Kind::NotFound, "match playbook", why).with_fix(library.listed()))
        }
        _ => {
            let names: Vec<&str> = fitting.iter().map(|(p, _)| p.header.name.as_str()).collect();
            let why = format!("“{}” could mean several playbooks: {}", shortened(text), names.join(" or "));
            Err(Error::new(Kind::InvalidInput, "match playbook", why).with_fix("say which one, or name it"))
        }
    }
}

/// Gives the parameters if the playbook fits.
fn fit(header: &Header, sentence: &Sentence<'_>, folders: &[&str]) -> Result<Option<Map<String, Value>>> {
    let mut known = Known::new(sentence);
    let mut params = Map::new();
    for (name, param) in &header.params {
        if let Some(value) = known.value(name, param, header)? {
            params.insert(name.clone(), value);
        }
    }
    let valued = params.values().any(|v| !v.is_boolean());
    let negated = sentence.negated();
    let free = |at: &Range<usize>| !negated.contains(&at.start);
    let any =
        |phrases: &[String]| -> Vec<Range<usize>> { phrases.iter().flat_map(|p| sentence.find(&stems(p))).collect() };

    let never = any(&header.words.never).into_iter().filter(|at| free(at) && !known.is_value(at)).count() > 0;
    let mut action: Vec<_> =
        any(&header.words.action).into_iter().filter(|at| free(at) && !known.is_value(at)).collect();
    if valued {
        action.extend(any(&header.words.maybe).into_iter().filter(|at| free(at)));
    }
    let mut object = any(&header.words.object);
    object.extend(folders.iter().flat_map(|f| sentence.find(&stems(f))));
    // `by size`, where size is no value that the playbook takes, asks for something else.
    let unknown_by =
        header.params.contains_key("by") && !params.contains_key("by") && !sentence.find(&["by".to_owned()]).is_empty();
    let lacks = header.params.iter().any(|(name, p)| p.default.is_none() && !params.contains_key(name));

    let acts = !action.is_empty();
    known.mark(action);
    let about = !object.is_empty() || valued;
    known.mark(object);
    Ok((acts && about && !never && !unknown_by && !lacks && known.enough()).then_some(params))
}

/// Which words of the sentence are understood.
struct Known<'a> {
    sentence: &'a Sentence<'a>,
    words: Vec<bool>,
    /// The words that are part of a text value and so say nothing about which playbook is meant.
    values: Vec<bool>,
}

impl<'a> Known<'a> {
    fn new(sentence: &'a Sentence<'a>) -> Self {
        let none = vec![false; sentence.words.len()];
        Self { sentence, words: none.clone(), values: none }
    }

    fn mark(&mut self, places: impl IntoIterator<Item = Range<usize>>) {
        places.into_iter().flatten().for_each(|at| self.words[at] = true);
    }

    fn is_value(&self, at: &Range<usize>) -> bool {
        at.clone().any(|at| self.values[at])
    }

    fn enough(&self) -> bool {
        let small = stems(SMALL);
        let words = self.sentence.words.iter().zip(&self.words).zip(&self.values).filter(|(_, value)| !**value);
        let (mut known, mut strange) = (0, 0);
        for ((word, is_known), _) in words {
            known += usize::from(*is_known);
            strange += usize::from(!*is_known && !small.contains(&word.stem));
        }
        strange <= known
    }

    fn value(&mut self, name: &str, param: &Param, header: &Header) -> Result<Option<Value>> {
        match param.kind {
            ParamKind::Choice => self.choice(name, param, header),
            ParamKind::Bool => {
                let places: Vec<_> = param.on.iter().flat_map(|p| self.sentence.find(&stems(p))).collect();
                let on = !places.is_empty();
                self.mark(places);
                Ok(on.then_some(Value::Bool(true)))
            }
            ParamKind::Text => Ok(self.text(param, header).map(Value::from)),
            ParamKind::Number => {
                let number = |place: &Range<usize>| self.sentence.words.get(place.end)?.stem.parse::<i64>().ok();
                let places = param.after.iter().flat_map(|p| self.sentence.find(&stems(p)));
                Ok(places.into_iter().find_map(|p| number(&p)).map(Value::from))
            }
        }
    }

    fn choice(&mut self, name: &str, param: &Param, header: &Header) -> Result<Option<Value>> {
        let mut chosen: Vec<(&str, Vec<Range<usize>>)> = Vec::new();
        for (choice, phrases) in &param.choices {
            let places = phrases.iter().flat_map(|p| self.sentence.find(&stems(p)));
            let places: Vec<_> = places.filter(|at| name != "by" || self.is_led(at.start)).collect();
            if !places.is_empty() {
                chosen.push((choice, places));
            }
        }
        match chosen.as_mut_slice() {
            [] => Ok(None),
            [(choice, places)] => {
                let value = Value::from(*choice);
                let places = std::mem::take(places);
                self.mark(places);
                Ok(Some(value))
            }
            several if name == "by" && self.acts(header) => {
                let names: Vec<&str> = several.iter().map(|(c, _)| *c).collect();
                let why = format!("the task says {} at once, and {} takes one", names.join(" and "), header.name);
                Err(Error::new(Kind::InvalidInput, "match playbook", why).with_fix(header.describe_params()))
            }
            _ => Ok(None),
        }
    }

    fn acts(&self, header: &Header) -> bool {
        header.words.action.iter().any(|p| !self.sentence.find(&stems(p)).is_empty())
    }

    /// Says whether one of the words that lead to a value stands up to three words before.
    fn is_led(&self, at: usize) -> bool {
        let near = at.saturating_sub(4)..at;
        LEADS.iter().flat_map(|lead| self.sentence.find(&stems(lead))).any(|lead| near.contains(&(lead.end - 1)))
    }

    /// Takes the text in quotes, or what stands after one of the words that lead to it.
    fn text(&mut self, param: &Param, header: &Header) -> Option<String> {
        if param.after.is_empty() {
            return None;
        }
        if let Some(quoted) = self.sentence.quoted.first() {
            return Some((*quoted).to_owned());
        }
        let acting: Vec<Vec<String>> = header.words.action.iter().map(|p| stems(p)).collect();
        let mut marks: Vec<(bool, Range<usize>)> = Vec::new();
        for mark in param.after.iter().map(|p| stems(p)) {
            let weak = acting.contains(&mark);
            marks.extend(self.sentence.find(&mark).into_iter().map(|place| (weak, place)));
        }
        // A word such as `mention` leads to the text more surely than `find` does; then the first one does.
        marks.sort_by_key(|(weak, place)| (*weak, place.start, std::cmp::Reverse(place.end)));
        marks.iter().find_map(|(weak, mark)| {
            let mut from = mark.end;
            while let Some((_, next)) = marks.iter().filter(|(_, m)| m.start == from).max_by_key(|(_, m)| m.end) {
                from = next.end;
            }
            let value = self.trimmed(from..self.sentence.words.len())?;
            self.mark([mark.start..from]);
            if *weak {
                self.mark([value.clone()]);
            } else {
                value.clone().for_each(|at| self.values[at] = true);
            }
            let (first, last) = (self.sentence.words.get(value.start)?, self.sentence.words.get(value.end - 1)?);
            Some(self.sentence.text[first.at.start..last.at.end].to_owned())
        })
    }

    /// Leaves out what stands around a text: `the`, `in my documents`, `please`.
    fn trimmed(&self, mut range: Range<usize>) -> Option<Range<usize>> {
        let (small, places) = (stems(SMALL), stems(PLACES));
        let stem = |at: usize| self.sentence.words[at].stem.as_str();
        let is = |list: &[String], at: usize| list.iter().any(|w| w == stem(at));
        range.end = self.sentence_end(range.clone());
        // `my files for budget`: what is looked for comes after `for`.
        if let Some(at) = range.clone().find(|at| stem(*at) == "for")
            && range.start < at
            && (range.start..at).all(|at| is(&small, at) || is(&places, at))
        {
            range.start = at + 1;
        }
        // `… in my documents`, `… anywhere`, `… please`.
        while let Some(last) = range.clone().next_back() {
            let from =
                range.clone().rev().find(|at| !is(&places, *at) && !is(&small, *at)).map_or(range.start, |at| at + 1);
            let preposition = |at: &usize| matches!(stem(*at), "in" | "insid" | "within" | "from" | "on" | "among");
            if let Some(at) = (from..range.end).find(preposition)
                && at > range.start
                && (at + 1..range.end).any(|at| is(&places, at))
            {
                range.end = at;
            } else if matches!(stem(last), "pleas" | "anywher" | "everywher" | "thank" | "her") && stem(last) != "her" {
                range.end = last;
            } else {
                break;
            }
        }
        while range.start < range.end
            && matches!(
                stem(range.start),
                "the" | "a" | "an" | "my" | "our" | "any" | "all" | "every" | "is" | "are" | "me" | "some"
            )
        {
            range.start += 1;
        }
        let says_something = range.clone().any(|at| !is(&small, at) && !is(&places, at));
        says_something.then_some(range)
    }

    /// Gives the first word after the end of the sentence that a text stands in.
    fn sentence_end(&self, range: Range<usize>) -> usize {
        let words = &self.sentence.words;
        let ends = |at: &usize| {
            let (Some(word), Some(next)) = (words.get(*at), words.get(at + 1)) else { return false };
            let between = self.sentence.text.get(word.at.end..next.at.start).unwrap_or_default();
            between.contains(['?', '!', '\n', ';'])
                || between.contains(". ")
                || between.contains(", but")
                || between.contains(", and")
        };
        range.clone().find(ends).map_or(range.end, |at| at + 1)
    }
}

fn shortened(text: &str) -> String {
    const MOST: usize = 80;
    let one_line: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(MOST + 1).collect();
    if one_line.chars().count() <= MOST { one_line } else { one_line.chars().take(MOST).chain(['…']).collect() }
}
