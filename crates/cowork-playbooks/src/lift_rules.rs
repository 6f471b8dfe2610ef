//! The rule that a run followed: which entries of a listing it took, and what it made of each.
//!
//! A rule is only one if it explains every entry exactly, those that were left among them; and if it says less than a list of
//! the entries would.

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    lift_atoms::{self, Atom, Helper, Item, ending},
    lift_quote::python,
    lift_template::{self, Part},
};

/// What is made of each entry for one field of a batch.
#[derive(Clone, Debug)]
pub(crate) enum Made {
    /// The same for all.
    Fixed(String),
    /// Parts that are put together.
    Template(Vec<Text>),
    /// A folder by a table, then parts.
    Table { key: String, rows: BTreeMap<String, String>, rest: Vec<Text> },
}

/// A part of a text: fixed, or an expression.
#[derive(Clone, Debug)]
pub(crate) enum Text {
    Fixed(String),
    Of(String),
}

/// A rule.
#[derive(Debug, Default)]
pub(crate) struct Rule {
    /// What must hold of an entry, all of it, as expressions.
    pub(crate) conditions: Vec<String>,
    /// What is made, field by field.
    pub(crate) fields: Vec<(String, Made)>,
    /// Names that get a text, before the loop: of what is replaced, and by what.
    pub(crate) names: Vec<(&'static str, String)>,
    /// A word of the task that stands in each name.
    pub(crate) word: Option<String>,
    pub(crate) helpers: BTreeSet<Helper>,
}

/// What a run did with the entries of a listing.
pub(crate) struct Seen<'a> {
    pub(crate) items: &'a [Item<'a>],
    /// Which of them were taken.
    pub(crate) taken: &'a [usize],
    /// For each field its text for each that was taken, in the same order.
    pub(crate) fields: Vec<(&'a str, Vec<&'a str>)>,
    /// The task's words, in small letters.
    pub(crate) words: &'a [String],
}

impl Seen<'_> {
    /// Finds the rule, or says which entry speaks against it.
    pub(crate) fn rule(&self) -> Result<Rule, String> {
        let mut rule = Rule::default();
        let mut guards: Vec<(String, Vec<bool>)> = Vec::new();
        for (field, targets) in &self.fields {
            let made = self.made(targets, &mut rule, &mut guards)?;
            rule.fields.push(((*field).to_owned(), made));
        }
        self.which(&mut rule, guards)?;
        Ok(rule)
    }

    fn item(&self, taken: usize) -> &Item<'_> {
        &self.items[self.taken[taken]]
    }

    fn made(&self, targets: &[&str], rule: &mut Rule, guards: &mut Vec<(String, Vec<bool>)>) -> Result<Made, String> {
        let first = targets.first().copied().unwrap_or_default();
        if targets.len() > 1 && targets.iter().all(|t| *t == first) {
            return Ok(Made::Fixed(first.to_owned()));
        }
        if let [only] = targets {
            return self.of_one(only);
        }
        let mut atoms = lift_atoms::all();
        if let Some(atom) = self.replacing(targets, rule) {
            atoms.push(atom);
        }
        let used = |parts: &[Part], rule: &mut Rule, guards: &mut Vec<(String, Vec<bool>)>| {
            self.texts(parts, &atoms, rule, guards)
        };
        let values: Vec<Vec<Option<String>>> =
            atoms.iter().map(|atom| (0..targets.len()).map(|t| atom.of(self.item(t))).collect()).collect();
        if let Some(parts) = lift_template::of(targets, &atoms, &values) {
            let texts = used(&parts, rule, guards);
            rule.names.retain(|(name, _)| *name != "old" && *name != "new" || is_used(&texts, "old"));
            return Ok(Made::Template(texts));
        }
        let split: Option<Vec<(&str, &str)>> = targets.iter().map(|t| t.rsplit_once('/')).collect();
        let split = split.ok_or_else(|| self.unexplained(targets))?;
        let ends: Vec<&str> = split.iter().map(|(_, end)| *end).collect();
        let parts = lift_template::of(&ends, &atoms, &values).ok_or_else(|| self.unexplained(targets))?;
        let folders: Vec<&str> = split.iter().map(|(folder, _)| *folder).collect();
        let (key, rows) =
            self.table(&folders, &atoms, &values, rule, guards).ok_or_else(|| self.unexplained(targets))?;
        let rest = used(&parts, rule, guards);
        rule.names.retain(|(name, _)| *name != "old" && *name != "new" || is_used(&rest, "old"));
        Ok(Made::Table { key, rows, rest })
    }

    /// Of a single entry nothing is known but that it kept its name.
    fn of_one(&self, target: &str) -> Result<Made, String> {
        let item = self.item(0);
        let of = |python: &str| Text::Of(python.to_owned());
        if target == item.path {
            return Ok(Made::Template(vec![of("entry[\"path\"]")]));
        }
        match target.strip_suffix(item.name) {
            Some(folder) if folder.ends_with('/') => {
                Ok(Made::Template(vec![Text::Fixed(folder.to_owned()), of("name")]))
            }
            _ if !target.contains(lift_atoms::stem(item.name)) => Ok(Made::Fixed(target.to_owned())),
            _ => Err(format!("one file is no pattern: `{}` became `{target}`", item.path)),
        }
    }

    /// Makes of replacing one text by another an atom, with the texts as names.
    fn replacing(&self, targets: &[&str], rule: &mut Rule) -> Option<Atom> {
        let ends = targets.iter().map(|t| t.rsplit('/').next().unwrap_or(t));
        let pairs: Vec<(&str, &str)> = ends.enumerate().map(|(t, end)| (self.item(t).name, end)).collect();
        if rule.names.iter().any(|(name, _)| *name == "old") {
            return None;
        }
        let (old, new) = lift_atoms::replaced(&pairs)?;
        rule.names.extend([("old", old.clone()), ("new", new.clone())]);
        Some(lift_atoms::replacing(old, new, "name.replace(old, new)".to_owned(), "old in name".to_owned()))
    }

    fn texts(
        &self,
        parts: &[Part],
        atoms: &[Atom],
        rule: &mut Rule,
        guards: &mut Vec<(String, Vec<bool>)>,
    ) -> Vec<Text> {
        let text = |part: &Part| match part {
            Part::Fixed(text) => Text::Fixed(text.clone()),
            Part::Atom(index) => {
                self.use_atom(&atoms[*index], rule, guards);
                Text::Of(atoms[*index].python.clone())
            }
        };
        parts.iter().map(text).collect()
    }

    fn use_atom(&self, atom: &Atom, rule: &mut Rule, guards: &mut Vec<(String, Vec<bool>)>) {
        rule.helpers.extend(atom.helper);
        if let Some(guard) = &atom.guard
            && guards.iter().all(|(known, _)| known != guard)
        {
            guards.push((guard.clone(), self.items.iter().map(|item| atom.of(item).is_some()).collect()));
        }
    }

    /// Finds what decides the folder: of each entry one thing, and fewer of them than entries.
    fn table(
        &self,
        folders: &[&str],
        atoms: &[Atom],
        values: &[Vec<Option<String>>],
        rule: &mut Rule,
        guards: &mut Vec<(String, Vec<bool>)>,
    ) -> Option<(String, BTreeMap<String, String>)> {
        const KEYS: [&str; 5] = [
            "ending(name)",
            "entry[\"category\"]",
            "name.split(\" \")[0]",
            "name.split(\"_\")[0]",
            "name.split(\"-\")[0]",
        ];
        for (atom, of) in atoms.iter().zip(values).filter(|(atom, _)| KEYS.contains(&atom.python.as_str())) {
            let Some(keys) = of.iter().cloned().collect::<Option<Vec<String>>>() else { continue };
            let mut rows: BTreeMap<String, String> = BTreeMap::new();
            let agrees = keys
                .iter()
                .zip(folders)
                .all(|(key, folder)| *rows.entry(key.clone()).or_insert_with(|| (*folder).to_owned()) == **folder);
            if !agrees || rows.len() * 2 > keys.len().max(2) {
                continue;
            }
            rule.helpers.extend(atom.helper);
            let holds = |item: &Item<'_>| atom.of(item).is_some_and(|key| rows.contains_key(&key));
            guards.push((format!("{} in FOLDERS", atom.python), self.items.iter().map(holds).collect()));
            return Some((atom.python.clone(), rows));
        }
        None
    }

    /// Finds what the entries that were taken have in common, and no other has.
    fn which(&self, rule: &mut Rule, guards: Vec<(String, Vec<bool>)>) -> Result<(), String> {
        let mut is_taken = vec![false; self.items.len()];
        self.taken.iter().for_each(|at| is_taken[*at] = true);
        let mut open: Vec<bool> = vec![true; self.items.len()];
        let kinds: BTreeSet<Option<&str>> = self.taken.iter().map(|at| self.items[*at].text("kind")).collect();
        if let (1, Some(Some(kind))) = (kinds.len(), kinds.first()) {
            rule.conditions.push(format!("entry[\"kind\"] == {}", python(kind)));
            self.items.iter().zip(&mut open).for_each(|(item, open)| *open &= item.text("kind") == Some(*kind));
        }
        for (condition, holds) in guards {
            rule.conditions.push(condition);
            holds.iter().zip(&mut open).for_each(|(holds, open)| *open &= holds);
        }
        let candidates = self.candidates();
        let exact = |c: &&Candidate| open.iter().zip(&c.holds).map(|(a, b)| *a && *b).eq(is_taken.iter().copied());
        let Some(found) = candidates.iter().find(exact) else {
            return Err(self.speaks_against(&open, &is_taken));
        };
        rule.conditions.extend(found.conditions.clone());
        rule.helpers.extend(found.helper);
        rule.word.clone_from(&found.word);
        Ok(())
    }

    fn candidates(&self) -> Vec<Candidate> {
        let holds = |of: &dyn Fn(&Item<'_>) -> bool| self.items.iter().map(of).collect::<Vec<bool>>();
        let names: Vec<&str> = self.taken.iter().map(|at| self.items[*at].name).collect();
        let all = Candidate { holds: vec![true; self.items.len()], ..Candidate::default() };
        let by_word = self.by_word(&names);
        let by_ending = self.by_ending(&names);
        let mut found = Vec::new();
        let asked = by_ending.as_ref().is_some_and(|(_, asked)| *asked);
        if asked {
            found.extend(by_ending.as_ref().map(|(c, _)| c.clone()));
        }
        // One file that was the only one tells nothing about others.
        if names.len() > 1 {
            found.push(all);
        }
        if !asked && names.len() > 1 {
            found.extend(by_ending.as_ref().map(|(c, _)| c.clone()));
        }
        found.extend(by_word.clone());
        if names.len() > 1 {
            let start = common_start(&names);
            if start.chars().count() >= 3 {
                let condition = format!("name.startswith({})", python(&start));
                let by_start = Candidate {
                    conditions: vec![condition],
                    holds: holds(&|i| i.name.starts_with(&start)),
                    ..Candidate::default()
                };
                found.extend(by_ending.as_ref().map(|(e, _)| by_start.and(e)));
                found.insert(found.len().saturating_sub(1), by_start);
            }
            if let Some(Some(category)) = self.common("category") {
                let condition = format!("entry.get(\"category\") == {}", python(&category));
                let holds = holds(&|i| i.text("category") == Some(category.as_str()));
                found.push(Candidate { conditions: vec![condition], holds, ..Candidate::default() });
            }
        }
        if let (Some(word), Some((ending, _))) = (&by_word, &by_ending) {
            found.push(ending.and(word));
        }
        found
    }

    /// By their endings: also whether the task's words speak of them.
    fn by_ending(&self, names: &[&str]) -> Option<(Candidate, bool)> {
        let endings: BTreeSet<String> = names.iter().map(|name| ending(name)).collect();
        if endings.contains("") || endings.len() > 12 {
            return None;
        }
        let spoken = |ending: &String| self.words.iter().any(|w| w == ending || w.strip_suffix('s') == Some(ending));
        let asked = endings.iter().all(spoken);
        if !asked && (endings.len() > 1 && endings.len() * 2 > names.len()) {
            return None;
        }
        let condition = match endings.first() {
            Some(only) if endings.len() == 1 => format!("ending(name) == {}", python(only)),
            _ => format!("ending(name) in [{}]", endings.iter().map(|e| python(e)).collect::<Vec<_>>().join(", ")),
        };
        let holds = self.items.iter().map(|item| endings.contains(&ending(item.name))).collect();
        let helper = Some(Helper::Ending);
        Some((Candidate { conditions: vec![condition], holds, helper, word: None }, asked))
    }

    /// By a word of the task that stands in all names.
    fn by_word(&self, names: &[&str]) -> Option<Candidate> {
        let plain = |word: &String| word.strip_suffix('s').unwrap_or(word).to_owned();
        let fits = |word: &String| word.chars().count() >= 3 && names.iter().all(|n| n.to_lowercase().contains(word));
        let word = self.words.iter().map(plain).filter(fits).max_by_key(String::len)?;
        let holds = self.items.iter().map(|item| item.name.to_lowercase().contains(&word)).collect();
        let conditions = vec!["word.lower() in name.lower()".to_owned()];
        Some(Candidate { conditions, holds, helper: None, word: Some(word) })
    }

    fn common(&self, key: &str) -> Option<Option<String>> {
        let all: BTreeSet<Option<&str>> = self.taken.iter().map(|at| self.items[*at].text(key)).collect();
        (all.len() == 1).then(|| all.first().copied().flatten().map(str::to_owned))
    }

    fn speaks_against(&self, open: &[bool], is_taken: &[bool]) -> String {
        let taken = self.taken.first().map_or("", |at| self.items[*at].path);
        let left = (0..open.len()).find(|at| open[*at] && !is_taken[*at]).map_or("", |at| self.items[at].path);
        if left.is_empty() {
            return format!("no rule says why `{taken}` was taken: nothing in the task's words names it or its kind");
        }
        format!("no rule says why `{taken}` was taken and `{left}` was left")
    }

    fn unexplained(&self, targets: &[&str]) -> String {
        let (from, to) = (self.item(0).path, targets.first().copied().unwrap_or_default());
        format!("no rule says why `{from}` became `{to}` and all others what they became")
    }
}

#[derive(Clone, Default)]
struct Candidate {
    conditions: Vec<String>,
    /// Whether it holds of each entry.
    holds: Vec<bool>,
    helper: Option<Helper>,
    word: Option<String>,
}

impl Candidate {
    fn and(&self, other: &Self) -> Self {
        let holds = self.holds.iter().zip(&other.holds).map(|(a, b)| *a && *b).collect();
        let conditions = self.conditions.iter().chain(&other.conditions).cloned().collect();
        let word = self.word.clone().or_else(|| other.word.clone());
        Self { conditions, holds, helper: self.helper.or(other.helper), word }
    }
}

fn is_used(texts: &[Text], name: &str) -> bool {
    texts.iter().any(|t| matches!(t, Text::Of(python) if python.contains(&format!("({name},"))))
}

fn common_start(names: &[&str]) -> String {
    let mut start: Vec<char> = names.first().map(|n| n.chars().collect()).unwrap_or_default();
    for name in names {
        let same = start.iter().zip(name.chars()).take_while(|(a, b)| **a == *b).count();
        start.truncate(same);
    }
    // A number that they happen to begin with alike is no start.
    let text: String = start.into_iter().collect();
    text.trim_end_matches(|c: char| c.is_ascii_digit()).to_owned()
}
