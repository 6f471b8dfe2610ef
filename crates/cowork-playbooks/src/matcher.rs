//! Which playbook a task in words calls, and with which parameters.
//!
//! Each playbook is compared with the sentence by itself (`fit.rs`). One is taken only if it accounts for all that any other
//! one does, and more; where two could be meant, or a wish says too little, the answer is a question: a guess would touch
//! somebody's files.

use std::collections::BTreeSet;

use cowork_core::{Error, Kind, Result};
use serde::{Serialize, Serializer, ser::SerializeStruct};
use serde_json::{Map, Value};

use crate::{
    fit::{Fit, GENERAL, Verdict, fit},
    header::Header,
    library::{Candidate, Library},
    phrases::Phrase,
    sentence::Sentence,
};

/// A longer text is no sentence that calls a playbook.
const LONGEST: usize = 4_000;
/// By how much a playbook must be ahead of another one that accounts for something else.
const AHEAD: u32 = 4;
/// So many candidates are named at most.
const MOST_NAMED: usize = 4;

/// What a task in words calls. As JSON: `{"playbook": name | null | "ask", "params": {…}, "why": "…"}`.
#[derive(Clone, Debug, PartialEq)]
pub struct Match {
    /// The playbook.
    pub playbook: Chosen,
    /// The parameters that the words give, no defaults; none unless one playbook is chosen.
    pub params: Map<String, Value>,
    /// Why, in a sentence for a person.
    pub why: String,
}

/// Which playbook it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Chosen {
    /// This one.
    One(String),
    /// One of these could be meant: a person must say which, or more clearly what.
    Ask(Vec<String>),
    /// None does this.
    None,
}

impl Serialize for Match {
    fn serialize<S: Serializer>(&self, to: S) -> std::result::Result<S::Ok, S::Error> {
        let name = match &self.playbook {
            Chosen::One(name) => Some(name.as_str()),
            Chosen::Ask(_) => Some("ask"),
            Chosen::None => None,
        };
        let mut json = to.serialize_struct("Match", 3)?;
        json.serialize_field("playbook", &name)?;
        json.serialize_field("params", &self.params)?;
        json.serialize_field("why", &self.why)?;
        json.end()
    }
}

impl Match {
    fn none(why: impl Into<String>) -> Self {
        Self { playbook: Chosen::None, params: Map::new(), why: why.into() }
    }

    fn ask(names: impl IntoIterator<Item = String>, why: impl Into<String>) -> Self {
        Self { playbook: Chosen::Ask(names.into_iter().collect()), params: Map::new(), why: why.into() }
    }

    /// Gives the name and the parameters of the playbook that is called, or the error that a task ends with.
    pub(crate) fn called(self, library: &Library, text: &str) -> Result<(String, Map<String, Value>)> {
        let names = match self.playbook {
            Chosen::One(name) => return Ok((name, self.params)),
            Chosen::None => {
                let fix = library.named(&nearest(library, text));
                return Err(Error::new(Kind::NotFound, "match playbook", self.why).with_fix(fix));
            }
            Chosen::Ask(names) => names,
        };
        let say = |name: &String| -> Option<String> {
            let playbook = library.get(name).ok()?;
            Some(format!("“{}” ({name})", playbook.header.examples.first()?))
        };
        let said: Vec<String> = names.iter().take(MOST_NAMED).filter_map(say).collect();
        let fix = match names.as_slice() {
            [only] => match library.get(only) {
                Ok(playbook) => {
                    let params = playbook.header.describe_params();
                    format!("say it like {}, or name the playbook: --playbook {only}; {params}", said.join(" or "))
                }
                Err(_) => library.named(&[]),
            },
            _ => format!("say one thing at a time, like {}, or name the playbook: --playbook NAME", said.join(" or ")),
        };
        Err(Error::new(Kind::InvalidInput, "match playbook", self.why).with_fix(fix))
    }
}

/// Chooses the playbook that a task calls, with the parameters that its words give.
pub(crate) fn choose(library: &Library, text: &str, folders: &[&str]) -> Match {
    if text.len() > LONGEST {
        let why = format!("the task is {} bytes long; a playbook is called by a sentence", text.len());
        return Match::none(why);
    }
    if text.chars().any(|c| c.is_control() && !c.is_whitespace()) {
        return Match::none("the task is not text: it holds control characters");
    }
    let folders = named(library, folders);
    let sentence = Sentence::read(text, library.lexicon(), &folders);
    if sentence.words.is_empty() {
        return Match::none("the task has no words");
    }
    let whole = compare(library, &sentence);
    match whole.playbook {
        Chosen::None => in_parts(library, &sentence, &folders, false).unwrap_or(whole),
        Chosen::One(_) => in_parts(library, &sentence, &folders, true).unwrap_or(whole),
        Chosen::Ask(_) => whole,
    }
}

/// Gives the parameters that a task's words give to a playbook; `given` are not taken from its words.
pub(crate) fn params_for(
    library: &Library,
    header: &Header,
    text: &str,
    folders: &[&str],
    given: &Map<String, Value>,
) -> Result<Map<String, Value>> {
    let mut candidates = library.candidates();
    let Some(candidate) = candidates.find(|c| c.header.name == header.name).filter(|_| text.len() <= LONGEST) else {
        return Ok(Map::new());
    };
    let sentence = Sentence::read(text, library.lexicon(), &named(library, folders));
    let fit = fit(candidate, &sentence);
    match fit.twofold {
        Some((param, why)) if !given.contains_key(&param) => {
            Err(Error::new(Kind::InvalidInput, "read parameters", why)
                .with_fix(format!("say one of them: --param {param}=…")))
        }
        _ => Ok(fit.params),
    }
}

/// Reads the names of the granted folders.
fn named(library: &Library, folders: &[&str]) -> Vec<Phrase> {
    folders.iter().map(|name| Phrase::read(name, &library.lexicon().vocabulary)).collect()
}

/// Compares every playbook with the sentence as a whole.
fn compare(library: &Library, sentence: &Sentence<'_>) -> Match {
    let mut fits: Vec<(&Header, Fit<'_>)> = Vec::new();
    let mut near: Vec<(&Header, Fit<'_>)> = Vec::new();
    for candidate in library.candidates() {
        let fit = fit(candidate, sentence);
        match fit.verdict {
            Verdict::Fits => fits.push((candidate.header, fit)),
            Verdict::Near => near.push((candidate.header, fit)),
            Verdict::No => {}
        }
    }
    let short = shortened(sentence.text);
    // Most first; equal ones stay in the order of their names.
    fits.sort_by_key(|(_, fit)| std::cmp::Reverse(fit.score()));
    near.sort_by_key(|(_, fit)| std::cmp::Reverse(fit.score()));
    let Some((header, best)) = fits.first() else {
        return match near.as_slice() {
            [] => Match::none(format!("no playbook fits “{short}”")),
            [(header, fit)] => {
                let says_itself = fit.open.starts_with("the task says");
                let why = format!("“{short}” could mean {}, but {}", header.name, fit.open);
                let why = if says_itself { fit.open.to_string() } else { why };
                Match::ask([header.name.clone()], why)
            }
            several => Match::ask(
                several.iter().map(|(h, _)| h.name.clone()),
                format!("“{short}” says too little: it could mean {}", listed(several.iter().map(|(h, _)| *h))),
            ),
        };
    };
    let beaten =
        |other: &Fit<'_>| (best.covers(other) && best.score() > other.score()) || best.score() >= other.score() + AHEAD;
    let fitting = fits[1..].iter().filter(|(_, fit)| !beaten(fit));
    let asked_too = near.iter().filter(|(h, fit)| header.destructive && h.destructive && !best.covers(fit));
    let open: Vec<&Header> = fitting.chain(asked_too).map(|(h, _)| *h).collect();
    if open.is_empty() {
        let why = format!("{}: {}", header.name, best.why(sentence));
        return Match { playbook: Chosen::One(header.name.clone()), params: best.params.clone(), why };
    }
    let all: Vec<&Header> = std::iter::once(*header).chain(open).collect();
    let why = format!("“{short}” could mean several playbooks: {}", listed(all.iter().copied()));
    Match::ask(all.into_iter().map(|h| h.name.clone()), why)
}

/// Gives the names of the playbooks that a task comes nearest to, the nearest first.
fn nearest(library: &Library, text: &str) -> Vec<String> {
    const MOST: usize = 3;
    if text.len() > LONGEST {
        return Vec::new();
    }
    let sentence = Sentence::read(text, library.lexicon(), &[]);
    let score = |candidate: Candidate<'_>| (fit(candidate, &sentence).score(), candidate.header.name.clone());
    let mut scores: Vec<(u32, String)> =
        library.candidates().map(score).filter(|(score, _)| *score > GENERAL).collect();
    scores.sort_by_key(|(score, _)| std::cmp::Reverse(*score));
    scores.into_iter().take(MOST).map(|(_, name)| name).collect()
}

/// Looks at a task that asks for several things part by part, to say what it could mean; it is never done in parts. If `one` fits
/// the whole, only *then* divides it, and each part must call another playbook.
fn in_parts(library: &Library, sentence: &Sentence<'_>, folders: &[Phrase], one: bool) -> Option<Match> {
    let words = &sentence.words;
    let then = |at: usize| (at.saturating_sub(2)..at).any(|at| words[at].stem == "then" && !words[at].literal);
    let asks = |at: &usize| {
        let word = &words[*at];
        (word.head || one && word.stem == "whenever") && !word.negated && !word.literal
    };
    let mut heads: Vec<usize> = (0..words.len()).filter(asks).collect();
    let first = heads.first().copied();
    heads.retain(|at| !one || Some(*at) == first || then(*at));
    let heads: Vec<usize> = heads.into_iter().map(|at| words[at].at.start).collect();
    if heads.len() < 2 {
        return None;
    }
    let ends = heads.iter().skip(1).copied().chain([sentence.text.len()]);
    let mut names = BTreeSet::new();
    for (start, end) in heads.iter().zip(ends) {
        let part = Sentence::read(sentence.text.get(*start..end)?, library.lexicon(), folders);
        match compare(library, &part).playbook {
            Chosen::One(name) => drop(names.insert(name)),
            Chosen::Ask(all) if !one => names.extend(all),
            Chosen::Ask(_) | Chosen::None => return None,
        }
    }
    if one && names.len() < 2 {
        return None;
    }
    let short = shortened(sentence.text);
    let why = match names.iter().map(String::as_str).take(MOST_NAMED).collect::<Vec<_>>().join(" and ") {
        both if names.len() > 1 => format!("“{short}” asks for several things, {both}, and a task does one"),
        _ => format!("“{short}” asks for several things, and a task does one"),
    };
    Some(Match::ask(names, why))
}

fn listed<'a>(headers: impl Iterator<Item = &'a Header>) -> String {
    let names: Vec<&str> = headers.map(|h| h.name.as_str()).take(MOST_NAMED).collect();
    names.join(" or ")
}

fn shortened(text: &str) -> String {
    const MOST: usize = 80;
    let one_line: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(MOST + 1).collect();
    if one_line.chars().count() <= MOST { one_line } else { one_line.chars().take(MOST).chain(['…']).collect() }
}
