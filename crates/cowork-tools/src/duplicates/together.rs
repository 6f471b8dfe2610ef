//! Equal files of which some go along with others: the settings of two photos may be the same, and each photo needs its own.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::{Arc, Mutex, PoisonError},
};

use cowork_core::{Entry, FileKind, FilePath, Files, Handed, Part, Reader, Result, Visitor, Watch};

use super::{Group, OP};
use crate::{
    category::{self, Only},
    show::stopped,
};

/// Parts groups so that what goes along with another file is a duplicate only where that one is, of the one that the other goes
/// along with; the one to keep is that which goes along with the one to keep. Files of no kind that is meant are left out.
pub(super) async fn parted(files: &dyn Files, groups: Vec<Group>, only: &[Only], watch: &Watch) -> Result<Vec<Group>> {
    let first = leaders(files, &groups, watch).await?;
    let places = if first.is_empty() { HashMap::new() } else { places(&groups) };
    let mut parted = Vec::with_capacity(groups.len());
    for group in groups {
        let Group { size, hash, files } = group;
        let mut alone = Vec::with_capacity(files.len());
        let mut along: BTreeMap<usize, BTreeMap<usize, _>> = BTreeMap::new();
        for named in files {
            match first.get(&named.0.path) {
                None if Only::any(only, named.0.path.name()) => alone.push(named),
                None => {}
                // Of two that go along with one file, both are needed: the second is no duplicate.
                Some(leader) => {
                    if let Some((at, place)) = places.get(leader).filter(|_| Only::any(only, leader.name())) {
                        along.entry(*at).or_default().entry(*place).or_insert(named);
                    }
                }
            }
        }
        let along = along.into_values().map(|group| group.into_values().collect());
        let several = [alone].into_iter().chain(along).filter(|files: &Vec<_>| files.len() > 1);
        parted.extend(several.map(|files| Group { size, hash, files }));
    }
    Ok(parted)
}

/// Says where each file is: in which group, and how many come before it there.
fn places(groups: &[Group]) -> HashMap<FilePath, (usize, usize)> {
    let mut places = HashMap::new();
    for (at, group) in groups.iter().enumerate() {
        for (place, (candidate, others)) in group.files.iter().enumerate() {
            let names = [&candidate.path].into_iter().chain(others);
            places.extend(names.map(|path| (path.clone(), (at, place))));
        }
    }
    places
}

/// Gives, of the files in groups, what each goes along with; none for those that go along with nothing.
async fn leaders(files: &dyn Files, groups: &[Group], watch: &Watch) -> Result<HashMap<FilePath, FilePath>> {
    let paths = groups.iter().flat_map(|group| group.files.iter().map(|(candidate, _)| &candidate.path));
    let may_follow = paths.filter(|path| category::may_follow(path.name()));
    let folders: BTreeSet<FilePath> = may_follow.filter_map(FilePath::parent).collect();
    let seen = Arc::new(Neighbours { files: Mutex::default(), watch: watch.clone() });
    if !folders.is_empty() {
        files.walk(folders.into_iter().collect(), seen.clone(), watch.clone()).await?;
    }
    let seen = std::mem::take(&mut *seen.files.lock().unwrap_or_else(PoisonError::into_inner));
    let mut first = HashMap::new();
    for entries in seen.into_values() {
        let along = category::companions(&entries);
        let leaders: BTreeSet<&str> = along.values().copied().collect();
        let paths: HashMap<&str, &FilePath> =
            entries.iter().map(|e| (e.path.name(), &e.path)).filter(|(name, _)| leaders.contains(name)).collect();
        for (at, leader) in along.iter().filter_map(|(at, leader)| Some((at, paths.get(leader)?))) {
            first.insert(entries[*at].path.clone(), (*leader).clone());
        }
    }
    Ok(first)
}

/// Lists what in some folders can go together.
struct Neighbours {
    files: Mutex<HashMap<FilePath, Vec<Entry>>>,
    watch: Watch,
}

impl Visitor for Neighbours {
    fn enter(&self, _: &FilePath, _: &Handed, _: &dyn Reader) -> Result<Handed> {
        Ok(None)
    }

    fn visit(&self, part: &dyn Part, _: &Handed) -> Result<Vec<usize>> {
        if self.watch.cancel.is_cancelled() {
            return Err(stopped(OP));
        }
        let goes = |at: &usize| {
            part.kind(*at) == FileKind::File && category::goes_together(&String::from_utf8_lossy(part.name(*at)))
        };
        let found: Vec<Entry> = (0..part.len()).filter(goes).filter_map(|at| part.stat(at).ok()).collect();
        let mut files = self.files.lock().unwrap_or_else(PoisonError::into_inner);
        files.entry(part.folder().clone()).or_default().extend(found);
        Ok(Vec::new())
    }
}
