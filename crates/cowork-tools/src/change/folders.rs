//! Folders that come about on the way, and their permissions.

use cowork_core::{Change, FilePath};

/// A folder to be made, and the permissions of what it comes from, if they are known.
pub(crate) type Wanted = (FilePath, Option<u32>);

/// Gives the changes that make folders. What is new is open to nobody that what it comes from is not open to.
pub(crate) fn make(wanted: &[Wanted]) -> impl Iterator<Item = Change> + '_ {
    wanted.iter().map(|(path, mode)| Change::MakeFolder { path: path.clone(), mode: *mode })
}
