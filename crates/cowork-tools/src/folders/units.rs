//! What belongs together, and what stays whatever the rest does.

use std::collections::{BTreeMap, HashMap};

use cowork_core::{Entry, FileKind};

use crate::category::{self, companions};

/// A file that may go, with what goes along with it.
pub(super) struct Unit<'a> {
    /// Its place among the entries.
    pub(super) at: usize,
    pub(super) entry: &'a Entry,
    /// The places of the files that go along.
    pub(super) along: Vec<usize>,
    /// The names of the folders that do, of a saved page.
    pub(super) folders: Vec<&'a str>,
}

impl<'a> Unit<'a> {
    pub(super) fn name(&self) -> &'a str {
        self.entry.path.name()
    }

    /// Gives how many files it is.
    pub(super) fn size(&self) -> usize {
        1 + self.along.len()
    }
}

/// How many files stay, by reason.
#[derive(Default)]
pub(super) struct Stay(BTreeMap<&'static str, usize>);

impl Stay {
    pub(super) fn add(&mut self, reason: &'static str, number: usize) {
        *self.0.entry(reason).or_default() += number;
    }

    pub(super) fn told(&self) -> &BTreeMap<&'static str, usize> {
        &self.0
    }
}

/// Gives what may go, in the order of the names; `projects` says whether some folder beside is that of a project.
pub(super) fn sorted_out<'a>(entries: &'a [Entry], projects: bool, stay: &mut Stay) -> Vec<Unit<'a>> {
    let (firsts, kept) = (companions(entries), category::kept(entries));
    let why = |entry: &Entry| {
        let name = entry.path.name();
        match entry.kind {
            FileKind::Folder => None,
            FileKind::Link | FileKind::Other => Some("links and special files"),
            FileKind::File if name.starts_with('.') => Some("hidden files"),
            FileKind::File if projects && category::is_setting(name) => Some("settings beside a project"),
            FileKind::File => kept.get(name).copied(),
        }
    };
    let mut units = Vec::with_capacity(entries.len());
    let mut places: HashMap<&str, Result<usize, &'static str>> = HashMap::new();
    for (at, entry) in entries.iter().enumerate().filter(|(_, e)| e.kind != FileKind::Folder) {
        let reason = why(entry);
        if let Some(reason) = reason {
            stay.add(reason, 1);
        }
        let leads = !firsts.contains_key(&at);
        if !firsts.is_empty() && leads {
            places.insert(entry.path.name(), reason.map_or(Ok(units.len()), Err));
        }
        if reason.is_none() && leads {
            units.push(Unit { at, entry, along: Vec::new(), folders: Vec::new() });
        }
    }
    let mut followers: Vec<(&usize, &&str)> = firsts.iter().collect();
    followers.sort_unstable();
    for (at, first) in followers {
        let entry = &entries[*at];
        match (entry.kind, places.get(*first)) {
            (FileKind::Folder, Some(Ok(unit))) => units[*unit].folders.push(entry.path.name()),
            (FileKind::Folder, _) => {}
            (_, Some(Ok(unit))) if why(entry).is_none() => units[*unit].along.push(*at),
            (_, Some(Err(reason))) if why(entry).is_none() => stay.add(reason, 1),
            (_, None) if why(entry).is_none() => {
                units.push(Unit { at: *at, entry, along: Vec::new(), folders: Vec::new() });
            }
            _ => {}
        }
    }
    units
}
