//! The playbooks that there are.

use std::{
    collections::BTreeMap,
    sync::{Arc, OnceLock},
};

use cowork_core::{Error, Kind, Result};
use serde_json::{Map, Value};

use crate::{
    check::meant,
    header::{Header, check},
    matcher::{self, Chosen},
    phrases::{PhraseId, Phrases},
    terms::Terms,
    vocabulary::Vocabulary,
};

const BUILT_IN: [(&str, &str); 11] = [
    ("organise.py", include_str!("../playbooks/organise.py")),
    ("find.py", include_str!("../playbooks/find.py")),
    ("duplicates.py", include_str!("../playbooks/duplicates.py")),
    ("rename.py", include_str!("../playbooks/rename.py")),
    ("clean-up.py", include_str!("../playbooks/clean-up.py")),
    ("folder-report.py", include_str!("../playbooks/folder-report.py")),
    ("tables.py", include_str!("../playbooks/tables.py")),
    ("notes-report.py", include_str!("../playbooks/notes-report.py")),
    ("photos.py", include_str!("../playbooks/photos.py")),
    ("replace.py", include_str!("../playbooks/replace.py")),
    ("watch.py", include_str!("../playbooks/watch.py")),
];

/// A playbook: its header, its source, and the name of the file it came from.
#[derive(Clone, Debug, PartialEq)]
pub struct Playbook {
    /// What it says of itself.
    pub header: Header,
    /// The whole file.
    pub source: Arc<str>,
    /// What errors call the file.
    pub file: String,
}

impl Playbook {
    /// Reads a playbook from its source. `file` is what errors call it.
    ///
    /// # Errors
    /// `InvalidInput` with file and line; `LimitExceeded` if it is too large.
    pub fn read(source: &str, file: &str) -> Result<Self> {
        let file = if file.trim().is_empty() { "playbook" } else { file }.to_owned();
        let header = Header::read(source, &file)?;
        Ok(Self { header, source: source.into(), file })
    }

    /// Makes one of a program without a header.
    pub(crate) fn of_program(program: String, title: &str) -> Self {
        let header = Header::of_program(title);
        Self { header, source: program.into(), file: "program".to_owned() }
    }

    /// Checks parameters and fills in those that were not given.
    pub(crate) fn fill(&self, given: &Map<String, Value>) -> Result<Map<String, Value>> {
        let name = &self.header.name;
        let wrong = |why: String| {
            Error::new(Kind::InvalidInput, "read parameters", why).with_fix(self.header.describe_params())
        };
        if let Some(unknown) = given.keys().find(|k| !self.header.params.contains_key(*k)) {
            let meant = meant(unknown, self.header.params.keys().map(String::as_str));
            let why = format!("the playbook {name} has no parameter `{}`", unknown.escape_debug());
            return Err(Error::new(Kind::InvalidInput, "read parameters", why)
                .with_fix(asked(meant, &self.header.describe_params())));
        }
        let mut filled = Map::new();
        for (key, param) in &self.header.params {
            let value = match (given.get(key), &param.default) {
                (Some(value), _) => param
                    .check(value)
                    .map_err(|why| wrong(format!("the parameter `{key}` of {name} does not fit: {why}")))?,
                (None, Some(default)) => default.clone(),
                (None, None) => return Err(wrong(format!("the playbook {name} needs the parameter `{key}`"))),
            };
            filled.insert(key.clone(), value);
        }
        Ok(filled)
    }
}

/// Playbooks, by name, with their words as they are compared: those are read when a task is first matched.
#[derive(Clone, Debug, Default)]
pub(crate) struct Library {
    playbooks: BTreeMap<String, Entry>,
    lexicon: OnceLock<Lexicon>,
}

/// The words of all playbooks together.
#[derive(Clone, Debug, Default)]
pub(crate) struct Lexicon {
    pub(crate) vocabulary: Vocabulary,
    pub(crate) phrases: Phrases,
    /// For each playbook, in the order of their names, which of `phrases` each of its own is.
    ids: Vec<Vec<PhraseId>>,
}

/// A playbook as it is compared with a sentence.
#[derive(Clone, Copy)]
pub(crate) struct Candidate<'a> {
    pub(crate) header: &'a Header,
    pub(crate) terms: &'a Terms,
    pub(crate) ids: &'a [PhraseId],
}

/// A playbook with its words, which every library that holds it shares.
#[derive(Clone, Debug)]
struct Entry {
    playbook: Arc<Playbook>,
    terms: Arc<OnceLock<Terms>>,
}

impl Library {
    /// Gives the playbooks that are built in. That their programs compile is checked by a test, not at each start.
    pub(crate) fn built_in() -> Result<Self> {
        let mut library = Self::default();
        for (file, source) in BUILT_IN {
            library.add_checked(Arc::new(Playbook::read(source, file)?));
        }
        Ok(library)
    }

    pub(crate) fn add(&mut self, playbook: Playbook) -> Result<()> {
        let name = playbook.header.name.clone();
        if self.playbooks.contains_key(&name) {
            let why = format!("there are two playbooks called `{name}`");
            return Err(Error::new(Kind::Conflict, "add playbook", why));
        }
        if let Err(problems) = check(&playbook.source) {
            let first = problems.first().map(ToString::to_string).unwrap_or_default();
            let why = format!("{}: {first}", playbook.file);
            return Err(Error::new(Kind::InvalidInput, "add playbook", why));
        }
        self.add_checked(Arc::new(playbook));
        Ok(())
    }

    /// Adds a playbook that was checked, and says whether its name was free.
    pub(crate) fn add_checked(&mut self, playbook: Arc<Playbook>) -> bool {
        let name = playbook.header.name.clone();
        let is_free = !self.playbooks.contains_key(&name);
        if is_free {
            self.playbooks.insert(name, Entry { playbook, terms: Arc::default() });
            self.lexicon = OnceLock::new();
        }
        is_free
    }

    pub(crate) fn get(&self, name: &str) -> Result<&Arc<Playbook>> {
        self.playbooks.get(name).map(|entry| &entry.playbook).ok_or_else(|| {
            let why = format!("there is no playbook called `{}`", name.escape_debug());
            Error::new(Kind::NotFound, "find playbook", why).with_fix(asked(self.meant(name), &self.named(&[])))
        })
    }

    /// Finds the playbook that was probably meant: by its letters, or by what the words of the name call.
    fn meant(&self, name: &str) -> Option<&str> {
        if let Some(near) = meant(name, self.playbooks.keys().map(String::as_str)) {
            return Some(near);
        }
        match matcher::choose(self, &name.replace(['-', '_'], " "), &[]).playbook {
            Chosen::One(called) => self.playbooks.get_key_value(&called).map(|(name, _)| name.as_str()),
            Chosen::Ask(_) | Chosen::None => None,
        }
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Arc<Playbook>> {
        self.playbooks.values().map(|entry| &entry.playbook)
    }

    /// Gives each playbook with its words as they are compared.
    pub(crate) fn candidates(&self) -> impl Iterator<Item = Candidate<'_>> {
        let all = self.playbooks.values().zip(&self.lexicon().ids);
        all.filter_map(|(entry, ids)| {
            Some(Candidate { header: &entry.playbook.header, terms: entry.terms.get()?, ids })
        })
    }

    /// Gives the words that are known, with those of all headers.
    pub(crate) fn lexicon(&self) -> &Lexicon {
        self.lexicon.get_or_init(|| {
            let mut lexicon = Lexicon::default();
            for entry in self.playbooks.values() {
                let terms = entry.terms.get_or_init(|| Terms::of(&entry.playbook.header, &lexicon.vocabulary));
                terms.phrases.iter().flat_map(|p| p.parts.iter().flatten()).for_each(|s| lexicon.vocabulary.learn(s));
                lexicon.ids.push(terms.phrases.iter().map(|phrase| lexicon.phrases.add(phrase)).collect());
            }
            lexicon
        })
    }

    /// Names some playbooks, each with a sentence that calls it, and says where all are.
    pub(crate) fn named(&self, names: &[String]) -> String {
        const ALL: &str = "`cowork playbook list` shows all that there are";
        let one = |name: &String| {
            let example = self.playbooks.get(name)?.playbook.header.examples.first()?;
            Some(format!("“{example}” ({name})"))
        };
        let named: Vec<String> = names.iter().filter_map(one).collect();
        if named.is_empty() { ALL.to_owned() } else { format!("the nearest are {}; {ALL}", named.join(", ")) }
    }
}

/// Asks whether something was meant, beside what there is.
fn asked(meant: Option<&str>, listed: &str) -> String {
    meant.map_or_else(|| listed.to_owned(), |meant| format!("did you mean `{meant}`? {listed}"))
}
