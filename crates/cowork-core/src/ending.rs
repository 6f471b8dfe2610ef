//! What a task's end finds on the disk: what its journal names, looked at again.
//!
//! Pure: the engine looks, this says what is looked at and what it means.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{ChangeSet, Difference, Entry, Error, FileKind, FilePath, Finish, Hash, What};

/// How many claims of an outcome are looked at.
const CLAIMS: usize = 1_000;
/// How many of those that nothing bears out are named.
const UNMADE: usize = 50;

/// What a task changed in its folders, as its end found it: from the journal, and from the disk as it is then.
///
/// It does not depend on what the planner says. What was made and taken away again within the task is not among it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct FilesReport {
    /// How many files and folders it made.
    #[serde(skip_serializing_if = "is_none")]
    pub made: u64,
    /// How many it gave another content or other permissions.
    #[serde(skip_serializing_if = "is_none")]
    pub changed: u64,
    /// How many it moved or renamed.
    #[serde(skip_serializing_if = "is_none")]
    pub moved: u64,
    /// How many it set aside.
    #[serde(skip_serializing_if = "is_none")]
    pub removed: u64,
    /// Those that were looked at again, by path.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub files: Vec<FileNow>,
    /// How many more there are than `files` names.
    #[serde(skip_serializing_if = "is_none")]
    pub unnamed: u64,
    /// Where there are so many that none was looked at: how many steps the journal holds. All that is above is empty then.
    #[serde(skip_serializing_if = "is_none")]
    pub steps: u64,
    /// What the task's outcome says that it made or changed, and nothing of the task did.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub unmade: Vec<String>,
    /// Why the journal or the folders could not be looked at.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trouble: Option<Error>,
}

/// A file or folder that a task changed, as it was found at the task's end.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct FileNow {
    /// Where it is, or was before it was set aside.
    pub path: FilePath,
    /// What it is.
    pub kind: FileKind,
    /// What became of it.
    pub what: What,
    /// How it was found.
    #[serde(default, skip_serializing_if = "Found::is_as_left")]
    pub found: Found,
    /// Bytes that are there now; 0 for what is not a file or is not there.
    #[serde(default, skip_serializing_if = "is_none")]
    pub bytes: u64,
    /// The hash of these bytes; none for what is not a file, was too large for the time there is, or could not be read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hash: Option<Hash>,
}

/// How something was found that a task had changed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Found {
    /// As the task left it.
    #[default]
    AsLeft,
    /// Something else changed it since; or there is something again where the task had set something aside.
    Changed,
    /// It is not there any more, though the task did not take it away.
    Gone,
    /// It could not be looked at.
    Unread,
}

impl Found {
    #[allow(clippy::trivially_copy_pass_by_ref, reason = "serde passes it so")]
    fn is_as_left(&self) -> bool {
        *self == Self::AsLeft
    }

    /// Compares what the journal says with what is there now: nothing, if there is nothing.
    pub(crate) fn of(difference: &Difference, entry: Option<&Entry>) -> Self {
        match (&difference.what, entry) {
            (What::SetAside, None) => Self::AsLeft,
            (What::SetAside, Some(_)) => Self::Changed,
            (_, None) => Self::Gone,
            (_, Some(entry)) if entry.kind != difference.kind => Self::Changed,
            (_, Some(entry)) => {
                let is_file = entry.kind == FileKind::File;
                let differs =
                    difference.after.as_ref().is_some_and(|a| a.size != entry.size || a.modified != entry.modified);
                if is_file && differs { Self::Changed } else { Self::AsLeft }
            }
        }
    }
}

impl FilesReport {
    /// Counts what a task changed, and says what of it is to be looked at again.
    pub(crate) fn begin(set: &ChangeSet, most: usize) -> (Self, Vec<&Difference>) {
        let mut report = Self::default();
        let mut named = Vec::new();
        for difference in set.changes.iter().filter(|d| !d.undone) {
            *match difference.what {
                What::Created => &mut report.made,
                What::Edited | What::Mode => &mut report.changed,
                What::Moved { .. } => &mut report.moved,
                What::SetAside => &mut report.removed,
            } += 1;
            if named.len() < most {
                named.push(difference);
            }
        }
        report.unnamed = report.total();
        (report, named)
    }

    /// Adds one that was looked at.
    pub(crate) fn add(&mut self, file: FileNow) {
        self.unnamed = self.unnamed.saturating_sub(1);
        self.files.push(file);
    }

    /// Says how many things it changed, as far as they were told apart.
    pub fn total(&self) -> u64 {
        self.made + self.changed + self.moved + self.removed
    }

    /// Says whether it is known that nothing was changed.
    pub fn is_nothing(&self) -> bool {
        self.total() == 0 && self.steps == 0 && self.trouble.is_none()
    }
}

/// Gives what an outcome says that was made or changed: the lists `made` and `changed` in its data, of paths, or of objects
/// with a `path`.
pub(crate) fn claims(result: &Finish) -> Vec<&str> {
    let Finish::Done { data, .. } = result else { return Vec::new() };
    let lists = ["made", "changed"].into_iter().filter_map(|key| data.get(key)?.as_array());
    let path = |one: &'_ Value| one.as_str().is_some() || one.get("path").is_some_and(Value::is_string);
    let claims = lists.flatten().filter(|one| path(one));
    claims.filter_map(|one| one.as_str().or_else(|| one.get("path")?.as_str())).take(CLAIMS).collect()
}

/// Gives those claims that nothing in a change set bears out, as they were written.
pub(crate) fn unmade(claims: &[&str], set: &ChangeSet) -> Vec<String> {
    let stands = |d: &&Difference| !d.undone && d.what != What::SetAside;
    let is_borne_out = |claim: &str| {
        let Ok(path) = FilePath::parse(claim.trim()) else { return false };
        // A folder stands for what is in it, and what was moved took along what is in it.
        set.changes.iter().filter(stands).any(|d| d.path.is_within(&path) || path.is_within(&d.path))
    };
    let mut unmade: Vec<String> = Vec::new();
    for claim in claims.iter().filter(|claim| !is_borne_out(claim)) {
        if unmade.len() < UNMADE && !unmade.iter().any(|known| known == claim) {
            unmade.push((*claim).to_owned());
        }
    }
    unmade
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde passes it so")]
fn is_none(n: &u64) -> bool {
    *n == 0
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn set(changes: &[(&str, What)]) -> ChangeSet {
        let one = |(path, what): &(&str, What)| Difference {
            path: FilePath::parse(path).unwrap(),
            kind: FileKind::File,
            what: what.clone(),
            before: None,
            after: None,
            calls: Vec::new(),
            undone: false,
        };
        ChangeSet { changes: changes.iter().map(one).collect(), bytes_kept: 0 }
    }

    #[test]
    fn a_claim_is_borne_out_by_a_change_at_it_in_it_or_above_it_and_by_nothing_else() {
        let from = FilePath::parse("Desk/old").unwrap();
        let moved = What::Moved { from, edited: false };
        let set = set(&[("Desk/a.md", What::Created), ("Desk/new", moved), ("Desk/gone.md", What::SetAside)]);
        let claims = ["Desk/a.md", "Desk", "Desk/new/inside.txt", "Desk/gone.md", "Desk/b.md", "/etc/passwd", "Desk/a"];
        assert_eq!(unmade(&claims, &set), ["Desk/gone.md", "Desk/b.md", "/etc/passwd", "Desk/a"]);
    }

    #[test]
    fn claims_are_read_from_the_data_and_never_from_prose() {
        let done = |data: Value| Finish::Done { summary: "I made Desk/z.md.".into(), data };
        let both = done(json!({ "made": ["Desk/a.md", 3, { "path": "Desk/b.md" }], "changed": ["Desk/c.md"] }));
        assert_eq!(claims(&both), ["Desk/a.md", "Desk/b.md", "Desk/c.md"]);
        assert!(claims(&done(Value::Null)).is_empty() && claims(&done(json!({ "made": "Desk/a.md" }))).is_empty());
        assert!(claims(&Finish::Cancelled).is_empty());
    }
}
