//! Folders that come about on the way, and their permissions.

use std::{collections::BTreeSet, sync::Arc};

use cowork_core::{Change, FilePath, Files, ToolContext};

/// A folder to be made, and the permissions of what it comes from, if they are known.
pub(crate) type Wanted = (FilePath, Option<u32>);

/// Gives the folders among these whose permissions are to be set: those that are not there yet.
///
/// When a call runs again, those that it made are there, and it has to ask for what it asked for before: then it is all. Where
/// some were there before it, that is another list, and the session refuses it as a conflict.
pub(crate) async fn to_close(files: &Arc<dyn Files>, wanted: &[Wanted], ctx: &ToolContext) -> BTreeSet<FilePath> {
    let again = ctx.attempt > 1 && !files.made_before().await.is_ok_and(|made| made == 0);
    let mut new: BTreeSet<FilePath> = BTreeSet::new();
    for (path, mode) in wanted {
        // Nothing is in a folder that is not there.
        let below_new = std::iter::successors(path.parent(), FilePath::parent).any(|above| new.contains(&above));
        if mode.is_some() && (again || below_new || files.stat(path.clone()).await.is_err()) {
            new.insert(path.clone());
        }
    }
    new
}

/// Gives the changes that make folders, and set the permissions of those that are closed; before anything is in them they
/// are open to nobody that what they come from is not open to.
pub(crate) fn make(wanted: &[Wanted], close: &BTreeSet<FilePath>) -> Vec<Change> {
    let made = wanted.iter().map(|(path, _)| Change::MakeFolder { path: path.clone() });
    // What is to be put into them needs their owner's permission.
    let modes = modes(wanted, close).map(|(path, mode)| Change::Mode { path, mode: mode | 0o700 });
    made.chain(modes).collect()
}

/// Gives the changes that come after all else: permissions that let nobody put anything into a folder. The innermost first.
pub(crate) fn finish(wanted: &[Wanted], close: &BTreeSet<FilePath>) -> Vec<Change> {
    let shut = modes(wanted, close).filter(|(_, mode)| mode & 0o700 != 0o700);
    let mut shut: Vec<Change> = shut.map(|(path, mode)| Change::Mode { path, mode }).collect();
    shut.reverse();
    shut
}

fn modes<'a>(wanted: &'a [Wanted], close: &'a BTreeSet<FilePath>) -> impl Iterator<Item = (FilePath, u32)> + 'a {
    wanted
        .iter()
        .filter(|(path, _)| close.contains(path))
        .filter_map(|(path, mode)| Some((path.clone(), (*mode)? & 0o777)))
}
