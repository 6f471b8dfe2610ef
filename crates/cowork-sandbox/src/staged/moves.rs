//! Finds, among what is gone and what is new, files that were only moved: by their content, since a layer doesn't say it.

use std::{
    collections::{HashMap, HashSet},
    os::fd::OwnedFd,
};

use cowork_core::{FilePath, Result};

use super::{Becomes, Found, Item, Seen};
use crate::{disk::Stop, stage, sys};

/// The most files that are looked at in folders that are gone.
const MOST: usize = 10_000;

/// A file that is gone.
struct Former {
    path: FilePath,
    seen: Seen,
}

/// Puts a move in the place of each pair of a file that is gone and a new one with the same content. What somebody changed since is not
/// taken for one.
pub(crate) fn detect(found: Found, (root, upper, lower): (&str, &OwnedFd, &OwnedFd), since: i64) -> Result<Found> {
    let mine = |item: &Item| item.path.root() == root;
    let new: HashMap<FilePath, Seen> = found
        .items
        .iter()
        .filter(|i| mine(i) && i.what == Becomes::File)
        .filter_map(|i| Some((i.path.clone(), i.after.filter(|seen| seen.size > 0)?)))
        .collect();
    let replaced: HashSet<&FilePath> = found.items.iter().filter(|i| i.what.is_new()).map(|i| &i.path).collect();
    let gone = found.items.iter().filter(|i| mine(i) && i.what == Becomes::Gone && !replaced.contains(&i.path));
    let mut former: HashMap<u64, Vec<Former>> = HashMap::new();
    if !new.is_empty() {
        let mut budget = MOST;
        gone.for_each(|item| {
            files(lower, &item.path, since, &mut budget, &mut |file: Former| {
                former.entry(file.seen.size).or_default().push(file);
            });
        });
    }
    let mut moved: HashMap<FilePath, Former> = HashMap::new();
    let mut names: Vec<(&FilePath, &Seen)> = new.iter().collect();
    names.sort_by_key(|(path, _)| (*path).clone());
    for (path, seen) in names {
        let Some(candidates) = former.get_mut(&seen.size) else { continue };
        let Some(sum) = sum(upper, path) else { continue };
        let same = candidates.iter().position(|file| sum == self::sum(lower, &file.path).unwrap_or_default());
        if let Some(at) = same {
            moved.insert(path.clone(), candidates.remove(at));
        }
    }
    Ok(rewritten(found, moved))
}

fn rewritten(mut found: Found, mut moved: HashMap<FilePath, Former>) -> Found {
    let from: HashSet<FilePath> = moved.values().map(|file| file.path.clone()).collect();
    let mut items = Vec::with_capacity(found.items.len());
    for item in found.items {
        // Something that is gone may have had the name of what came.
        let came = (item.what == Becomes::File).then(|| moved.remove(&item.path)).flatten();
        match came {
            Some(former) => {
                let (before, after) = (former.seen, item.after);
                let mode = after.filter(|after| after.mode & 0o777 != before.mode & 0o777);
                items.push(Item {
                    path: item.path.clone(),
                    what: Becomes::Moved(former.path),
                    before: Some(before),
                    after,
                });
                items.extend(mode.map(|_| Item { path: item.path, what: Becomes::Mode, before: Some(before), after }));
            }
            // Where it was is told with where it is.
            None if item.what == Becomes::Gone && from.contains(&item.path) => {}
            None => items.push(item),
        }
    }
    found.items = items;
    found
}

/// Gives each file that is at a path or below it.
fn files(lower: &OwnedFd, path: &FilePath, since: i64, budget: &mut usize, give: &mut dyn FnMut(Former)) {
    let Some((folder, name)) = open_above(lower, path) else { return };
    let Ok(look) = sys::look(&folder, &name) else { return };
    let Some(left) = budget.checked_sub(1) else { return };
    *budget = left;
    if look.is_file() && look.size > 0 && look.ctime <= since {
        give(Former { path: path.clone(), seen: Seen::of(&look) });
    } else if look.is_folder() {
        let Ok(inner) = sys::open_below(&folder, &name) else { return };
        let mut names = sys::names(&inner, MOST).unwrap_or_default();
        names.sort();
        names.iter().for_each(|name| files(lower, &path.join_bytes(name), since, budget, give));
    }
}

fn sum(root: &OwnedFd, path: &FilePath) -> Option<String> {
    let (folder, name) = open_above(root, path)?;
    stage::sum(&sys::content::open_regular(&folder, &name).ok()?, &Stop::default()).ok()
}

fn open_above(root: &OwnedFd, path: &FilePath) -> Option<(OwnedFd, Vec<u8>)> {
    let names: Vec<Vec<u8>> = path.below().collect();
    let (name, folders) = names.split_last()?;
    let mut at = root.try_clone().ok()?;
    for folder in folders {
        at = sys::open_below(&at, folder).ok()?;
    }
    Some((at, name.clone()))
}
