//! A header's words as they are compared with a sentence: made once, when a playbook is added.

use std::collections::HashMap;

use crate::{
    header::{Header, Param, ParamKind},
    phrases::Phrase,
    vocabulary::Vocabulary,
};

/// The words of one playbook. Each list holds numbers of `phrases`.
#[derive(Clone, Debug, Default)]
pub(crate) struct Terms {
    /// All that is looked for, each once.
    pub(crate) phrases: Vec<Phrase>,
    pub(crate) action: Vec<usize>,
    pub(crate) maybe: Vec<usize>,
    pub(crate) look: Vec<usize>,
    pub(crate) object: Vec<usize>,
    pub(crate) never: Vec<usize>,
    pub(crate) forms: Vec<Vec<Piece>>,
    pub(crate) params: Vec<Slot>,
    /// It works with any file: every general word for files is one of its objects.
    pub(crate) any_file: bool,
}

/// A part of a form: words that must stand there, or the hole for a parameter.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Piece {
    Words(usize),
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
    pub(crate) choices: Vec<(String, Vec<usize>)>,
    pub(crate) after: Vec<usize>,
    pub(crate) before: Vec<usize>,
    pub(crate) on: Vec<usize>,
}

impl Terms {
    pub(crate) fn of(header: &Header, vocabulary: &Vocabulary) -> Self {
        let mut reader = Reader { vocabulary, phrases: Vec::new(), numbers: HashMap::new() };
        let words = &header.words;
        let mut slot = |(name, param): (&String, &Param)| Slot {
            name: name.clone(),
            choices: param.choices.iter().map(|(value, words)| (value.clone(), reader.list(words))).collect(),
            after: reader.list(&param.after),
            before: reader.list(&param.before),
            on: reader.list(&param.on),
            param: param.clone(),
        };
        let mut terms = Self {
            params: header.params.iter().map(&mut slot).collect(),
            action: reader.list(&words.action),
            maybe: reader.list(&words.maybe),
            look: reader.list(&words.look),
            object: reader.list(&words.object),
            never: reader.list(&words.never),
            forms: words.forms.iter().map(|form| reader.pieces(form)).collect(),
            ..Self::default()
        };
        let file = reader.number(Phrase::read("file", vocabulary));
        terms.any_file = terms.object.contains(&file);
        terms.object.retain(|p| *p != file);
        terms.phrases = reader.phrases;
        // Texts first: what stands in them is no other value.
        terms.params.sort_by_key(|s| s.param.kind != ParamKind::Text || s.param.default.is_some());
        terms
    }
}

/// Numbers the phrases of a header.
struct Reader<'a> {
    vocabulary: &'a Vocabulary,
    phrases: Vec<Phrase>,
    numbers: HashMap<Phrase, usize>,
}

impl Reader<'_> {
    fn list(&mut self, texts: &[String]) -> Vec<usize> {
        let phrases = texts.iter().map(|text| Phrase::read(text, self.vocabulary)).filter(|p| !p.parts.is_empty());
        let phrases: Vec<Phrase> = phrases.collect();
        phrases.into_iter().map(|phrase| self.number(phrase)).collect()
    }

    fn number(&mut self, phrase: Phrase) -> usize {
        let next = self.phrases.len();
        let number = *self.numbers.entry(phrase.clone()).or_insert(next);
        if number == next {
            self.phrases.push(phrase);
        }
        number
    }

    fn pieces(&mut self, form: &str) -> Vec<Piece> {
        let mut pieces = Vec::new();
        let words = |reader: &mut Self, text: &str, pieces: &mut Vec<Piece>| {
            let phrase = Phrase::read(text, reader.vocabulary);
            if !phrase.parts.is_empty() {
                pieces.push(Piece::Words(reader.number(phrase)));
            }
        };
        let mut rest = form;
        while let Some((before, after)) = rest.split_once('{') {
            let quoted = before.ends_with('\'');
            words(self, before.trim_end_matches('\''), &mut pieces);
            let (hole, behind) = after.split_once('}').unwrap_or((after, ""));
            pieces.push(Piece::Hole { name: hole.trim().to_owned(), quoted });
            rest = behind.trim_start_matches('\'');
        }
        words(self, rest, &mut pieces);
        pieces
    }
}
