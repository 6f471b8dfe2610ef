//! Finds, among what is gone and what is new, files that were only moved: by their content, since a layer doesn't say it.

use std::{
    collections::{HashMap, HashSet},
    os::fd::OwnedFd,
};

use cowork_core::{FilePath, Result};

use super::{Becomes, Found, Item, Seen, Since};
use crate::{disk::Stop, stage, sys};

/// The most files that are looked at in folders that are gone.
const MOST: usize = 10_000;

/// The most bytes that are read to find what was moved; what is not found is gone and new.
const BYTES: u64 = 1 << 30;

/// A file that is gone.
struct Former {
    path: FilePath,
    seen: Seen,
}

/// Puts a move in the place of each pair of a file that is gone and a new one with the same content. What somebody changed since is not
/// taken for one.
pub(crate) fn detect(found: Found, (root, upper, lower): (&str, &OwnedFd, &OwnedFd), since: &Since) -> Result<Found> {
    let mine = |item: &Item| item.path.root() == root;
    let mut new: Vec<(FilePath, u64)> = found
        .items
        .iter()
        .filter(|i| mine(i) && i.what == Becomes::File)
        .filter_map(|i| Some((i.path.clone(), i.after.as_ref().map(|seen| seen.size).filter(|size| *size > 0)?)))
        .collect();
    new.sort();
    let replaced: HashSet<&FilePath> = found.items.iter().filter(|i| i.what.is_new()).map(|i| &i.path).collect();
    let gone = found.items.iter().filter(|i| mine(i) && i.what == Becomes::Gone && !replaced.contains(&i.path));
    let mut former: HashMap<u64, Vec<Former>> = HashMap::new();
    if !new.is_empty() {
        let mut budget = MOST;
        let mut note = |file: Former| former.entry(file.seen.size).or_default().push(file);
        gone.for_each(|item| files(lower, &item.path, since, &mut budget, &mut note));
    }
    let mut moved: HashMap<FilePath, Former> = HashMap::new();
    // Those of one size by their sums, each made once.
    let mut known: HashMap<u64, HashMap<String, Vec<Former>>> = HashMap::new();
    let mut left = BYTES;
    for (path, size) in new {
        if let Some(same) = former.remove(&size) {
            let mut sums: HashMap<String, Vec<Former>> = HashMap::new();
            for file in same {
                let Some(sum) = spend(&mut left, size).and_then(|()| sum(lower, &file.path)) else { continue };
                sums.entry(sum).or_default().push(file);
            }
            known.insert(size, sums);
        }
        let Some(sums) = known.get_mut(&size) else { continue };
        let Some(sum) = spend(&mut left, size).and_then(|()| sum(upper, &path)) else { continue };
        if let Some(file) = sums.get_mut(&sum).filter(|files| !files.is_empty()).map(|files| files.remove(0)) {
            moved.insert(path, file);
        }
    }
    Ok(rewritten(found, moved))
}

/// Takes so many bytes of those that may still be read.
fn spend(left: &mut u64, bytes: u64) -> Option<()> {
    *left = left.checked_sub(bytes)?;
    Some(())
}

fn rewritten(mut found: Found, mut moved: HashMap<FilePath, Former>) -> Found {
    let from: HashSet<FilePath> = moved.values().map(|file| file.path.clone()).collect();
    let mut items = Vec::with_capacity(found.items.len());
    for item in found.items {
        // Something that is gone may have had the name of what came.
        let came = (item.what == Becomes::File).then(|| moved.remove(&item.path)).flatten();
        match came {
            Some(former) => {
                let has_mode = item.after.as_ref().is_some_and(|after| after.mode & 0o777 != former.seen.mode & 0o777);
                let item = Item { what: Becomes::Moved(former.path), before: Some(former.seen), ..item };
                let mode = has_mode.then(|| Item { what: Becomes::Mode, ..item.clone() });
                items.push(item);
                items.extend(mode);
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
fn files(lower: &OwnedFd, path: &FilePath, since: &Since, budget: &mut usize, give: &mut dyn FnMut(Former)) {
    let Some((folder, name)) = open_above(lower, path) else { return };
    let Ok(look) = sys::look(&folder, &name) else { return };
    let Some(left) = budget.checked_sub(1) else { return };
    *budget = left;
    if look.is_file() && look.size > 0 && !since.is_other(&look) {
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
