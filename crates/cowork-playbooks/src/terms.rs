//! A header's words as they are compared with a sentence: made once, when a playbook is added.

use crate::{
    header::{Header, Param, ParamKind},
    sentence::Phrase,
    vocabulary::Vocabulary,
};

/// The words of one playbook.
#[derive(Clone, Debug, Default)]
pub(crate) struct Terms {
    pub(crate) action: Vec<Phrase>,
    pub(crate) maybe: Vec<Phrase>,
    pub(crate) look: Vec<Phrase>,
    pub(crate) object: Vec<Phrase>,
    pub(crate) never: Vec<Phrase>,
    pub(crate) forms: Vec<Vec<Piece>>,
    pub(crate) params: Vec<Slot>,
    /// It works with any file: every general word for files is one of its objects.
    pub(crate) any_file: bool,
}

/// A part of a form: words that must stand there, or the hole for a parameter.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Piece {
    Words(Phrase),
    Hole {
        name: String,
        /// It takes only what stands in quotes.
        quoted: bool,
    },
}

/// The words of one parameter.
#[derive(Clone, Debug)]
pub(crate) struct Slot {
    pub(crate) name: String,
    pub(crate) param: Param,
    pub(crate) choices: Vec<(String, Vec<Phrase>)>,
    pub(crate) after: Vec<Phrase>,
    pub(crate) before: Vec<Phrase>,
    pub(crate) on: Vec<Phrase>,
}

impl Terms {
    pub(crate) fn of(header: &Header, vocabulary: &Vocabulary) -> Self {
        let read = |list: &[String]| -> Vec<Phrase> {
            list.iter().map(|text| Phrase::read(text, vocabulary)).filter(|p| !p.parts.is_empty()).collect()
        };
        let slot = |(name, param): (&String, &Param)| Slot {
            name: name.clone(),
            choices: param.choices.iter().map(|(value, words)| (value.clone(), read(words))).collect(),
            after: read(&param.after),
            before: read(&param.before),
            on: read(&param.on),
            param: param.clone(),
        };
        let words = &header.words;
        let file = Phrase::read("file", vocabulary);
        let mut terms = Self {
            action: read(&words.action),
            maybe: read(&words.maybe),
            look: read(&words.look),
            object: read(&words.object),
            never: read(&words.never),
            forms: words.forms.iter().map(|form| pieces(form, vocabulary)).collect(),
            params: header.params.iter().map(slot).collect(),
            any_file: false,
        };
        terms.any_file = terms.object.contains(&file);
        terms.object.retain(|p| *p != file);
        // Texts first: what stands in them is no other value.
        terms.params.sort_by_key(|s| s.param.kind != ParamKind::Text || s.param.default.is_some());
        terms
    }

    /// Gives every word that is looked for.
    pub(crate) fn stems(&self) -> impl Iterator<Item = &String> {
        let lists = [&self.action, &self.maybe, &self.look, &self.object, &self.never].into_iter().flatten();
        lists.chain(self.params.iter().flat_map(Slot::phrases)).flat_map(|phrase| phrase.parts.iter().flatten())
    }
}

impl Slot {
    fn phrases(&self) -> impl Iterator<Item = &Phrase> {
        let choices = self.choices.iter().flat_map(|(_, phrases)| phrases);
        choices.chain(&self.after).chain(&self.before).chain(&self.on)
    }
}

fn pieces(form: &str, vocabulary: &Vocabulary) -> Vec<Piece> {
    let mut pieces = Vec::new();
    let mut rest = form;
    while let Some((words, after)) = rest.split_once('{') {
        let quoted = words.ends_with('\'');
        pieces.push(Piece::Words(Phrase::read(words.trim_end_matches('\''), vocabulary)));
        let (hole, behind) = after.split_once('}').unwrap_or((after, ""));
        pieces.push(Piece::Hole { name: hole.trim().to_owned(), quoted });
        rest = behind.trim_start_matches('\'');
    }
    pieces.push(Piece::Words(Phrase::read(rest, vocabulary)));
    pieces.retain(|p| !matches!(p, Piece::Words(phrase) if phrase.parts.is_empty()));
    pieces
}
