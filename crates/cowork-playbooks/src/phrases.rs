//! The phrases of all playbooks, each once, by the word that it begins with: a sentence is looked through once for all of them.

use std::collections::HashMap;

use crate::{sentence::stems, vocabulary::Vocabulary};

/// In a header, any word for a kind of file.
pub(crate) const ANY_KIND: &str = "filekind";

/// Words of a header, as they are looked for.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Phrase {
    /// Parts with up to six other words between them.
    pub(crate) parts: Vec<Vec<String>>,
    /// It counts only after *by*, *into*, *each*: it was written `by …`.
    pub(crate) led: bool,
}

impl Phrase {
    pub(crate) fn read(text: &str, vocabulary: &Vocabulary) -> Self {
        let parts = text.split('…').map(|p| stems(p, vocabulary)).filter(|p| !p.is_empty());
        let mut parts: Vec<Vec<String>> = parts.collect();
        let led = parts.first().is_some_and(|p| p.len() > 1 && p[0] == "by");
        if led {
            parts[0].remove(0);
        }
        Self { parts, led }
    }
}

/// A phrase's number among those of all playbooks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct PhraseId(u32);

/// All phrases.
#[derive(Clone, Debug, Default)]
pub(crate) struct Phrases {
    all: Vec<Phrase>,
    ids: HashMap<Phrase, PhraseId>,
    by_first: HashMap<String, Vec<PhraseId>>,
}

impl Phrases {
    /// Takes a phrase in, if it is new, and gives its number.
    pub(crate) fn add(&mut self, phrase: &Phrase) -> PhraseId {
        if let Some(id) = self.ids.get(phrase) {
            return *id;
        }
        #[allow(clippy::cast_possible_truncation, reason = "a header is a megabyte at most")]
        let id = PhraseId(self.all.len() as u32);
        if let Some(first) = phrase.parts.first().and_then(|part| part.first()) {
            self.by_first.entry(first.clone()).or_default().push(id);
        }
        self.ids.insert(phrase.clone(), id);
        self.all.push(phrase.clone());
        id
    }

    /// Gives the phrases that begin with a word.
    pub(crate) fn beginning_with(&self, stem: &str) -> impl Iterator<Item = (PhraseId, &Phrase)> {
        self.by_first.get(stem).into_iter().flatten().map(|id| (*id, &self.all[id.0 as usize]))
    }

    pub(crate) fn len(&self) -> usize {
        self.all.len()
    }
}

/// Where in a sentence the phrases stand that it has.
#[derive(Debug, Default)]
pub(crate) struct Places {
    /// For each phrase where in `lists` its places are, from 1; 0 if it has none.
    lists_at: Vec<u32>,
    lists: Vec<Vec<Vec<usize>>>,
}

impl Places {
    pub(crate) fn of(phrases: usize) -> Self {
        Self { lists_at: vec![0; phrases], lists: Vec::new() }
    }

    pub(crate) fn add(&mut self, id: PhraseId, place: Vec<usize>) {
        let at = &mut self.lists_at[id.0 as usize];
        if *at == 0 {
            self.lists.push(Vec::new());
            #[allow(clippy::cast_possible_truncation, reason = "no more than there are phrases")]
            let last = self.lists.len() as u32;
            *at = last;
        }
        self.lists[*at as usize - 1].push(place);
    }

    pub(crate) fn get(&self, id: PhraseId) -> &[Vec<usize>] {
        match self.lists_at.get(id.0 as usize) {
            Some(at) if *at > 0 => &self.lists[*at as usize - 1],
            _ => &[],
        }
    }
}
