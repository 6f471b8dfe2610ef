//! What a call would do, worked out from its arguments before anything runs.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Access, FilePath, Noting, Recovery, Subtask};

/// What a call would do. The policy decides on it, a person is shown it, the engine takes locks by it.
///
/// [`Effects::default`] is the most cautious: nothing is known, so the policy asks and a repeat is refused.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Effects {
    /// Whether `files` and `locks` are all of it. If not, the call may do anything.
    #[serde(default)]
    pub complete: bool,
    /// The files and whole folders it reads or changes.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub files: Vec<FileEffect>,
    /// What it does to whatever is in the task's granted folders, if it can't say which.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub everywhere: Option<Access>,
    /// Whether it runs code that nobody looked at. It runs confined: what that does to files is held back, and judged by itself.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub code: bool,
    /// Whether what it changes lets something run or be believed later that nobody sees: it is asked about in every mode.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub guarded: bool,
    /// Other things that it must not share while it runs.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub locks: Vec<Lock>,
    /// Whether what it does can be undone byte for byte.
    #[serde(default)]
    pub undoable: bool,
    /// What to do when it was cut off.
    #[serde(default)]
    pub recovery: Recovery,
    /// What is worked on as a task of its own in the call's place: the tool does not run, and the call's result is what came
    /// of it. Each call of the sub-task is judged as any other; that there is one changes nothing by itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subtask: Option<Box<Subtask>>,
    /// What is noted for later tasks of the thread, in the call's place: the tool does not run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<Box<Noting>>,
    /// What a person is shown.
    #[serde(default)]
    pub preview: Preview,
}

/// One file, or a folder with all that is in it, that a call reads or changes.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct FileEffect {
    /// The file or folder.
    pub path: FilePath,
    /// What is done to it.
    pub access: Access,
}

/// A named thing that calls share or hold alone: `clock`, `screen`, `account/mail`.
///
/// A name is a path: who holds `a` alone also holds `a/b`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct Lock {
    /// The thing.
    pub name: String,
    /// Whether nobody else may use it meanwhile.
    pub alone: bool,
}

/// What a call would do, for a person: a sentence, then the groups it falls into.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Preview {
    /// What it wants, after "Wants to": `move 467 files inside Downloads`.
    pub title: String,
    /// The parts, the largest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub groups: Vec<Group>,
    /// What else should be known: `2 names clash: they get a number`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
    /// What comes and goes, line by line, where that is known and no more than can be read: `- ` before what goes, `+ ` before what comes, the
    /// path of each file above its lines.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub lines: String,
}

/// A part of what a call would do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Group {
    /// How many.
    pub count: u64,
    /// Where to or what: `→ Documents/`.
    pub label: String,
    /// A few of them.
    pub examples: Vec<String>,
}

impl Effects {
    /// Describes a call that touches nothing but what is computed.
    pub fn none() -> Self {
        Self { complete: true, undoable: true, recovery: Recovery::ReadOnly, ..Self::default() }
    }

    /// Describes a call that reads these files or folders.
    pub fn reads(paths: impl IntoIterator<Item = FilePath>) -> Self {
        Self { files: Self::each(paths, Access::Read), ..Self::none() }
    }

    /// Describes a call that changes these files or folders through the session's journal.
    pub fn changes(paths: impl IntoIterator<Item = FilePath>) -> Self {
        Self { files: Self::each(paths, Access::Write), recovery: Recovery::Journalled, ..Self::none() }
    }

    /// Describes a call whose work is done by a sub-task.
    pub fn delegates(subtask: Subtask) -> Self {
        Self { subtask: Some(Box::new(subtask)), ..Self::none() }
    }

    /// Describes a call that has something noted.
    pub fn notes(note: Noting) -> Self {
        Self { note: Some(Box::new(note)), ..Self::none() }
    }

    /// Adds files or folders that it reads besides.
    #[must_use]
    pub fn and_reads(mut self, paths: impl IntoIterator<Item = FilePath>) -> Self {
        self.files.extend(Self::each(paths, Access::Read));
        self
    }

    /// Adds what a person is shown.
    #[must_use]
    pub fn showing(mut self, preview: Preview) -> Self {
        self.preview = preview;
        self
    }

    /// Says whether the call can change anything outside itself.
    pub fn is_change(&self) -> bool {
        !self.complete
            || self.recovery != Recovery::ReadOnly
            || !self.undoable
            || self.everywhere == Some(Access::Write)
            || self.files.iter().any(|f| f.access == Access::Write)
    }

    /// Says whether it needs the view of the granted folders.
    pub fn needs_files(&self) -> bool {
        !self.files.is_empty() || self.everywhere.is_some() || !self.complete
    }

    /// Gives every lock that the call needs, its files included.
    pub fn all_locks(&self) -> Vec<Lock> {
        if !self.complete {
            return vec![Lock { name: String::new(), alone: true }];
        }
        let files =
            self.files.iter().map(|f| Lock { name: format!("files/{}", f.path), alone: f.access == Access::Write });
        let all = self.everywhere.map(|access| Lock { name: "files".to_owned(), alone: access == Access::Write });
        files.chain(all).chain(self.locks.iter().cloned()).collect()
    }

    fn each(paths: impl IntoIterator<Item = FilePath>, access: Access) -> Vec<FileEffect> {
        paths.into_iter().map(|path| FileEffect { path, access }).collect()
    }
}

impl Lock {
    /// Says whether two calls that need these must not run at once. The empty name stands for everything.
    pub fn conflicts(&self, other: &Self) -> bool {
        let under = |a: &str, b: &str| {
            b.is_empty() || a.strip_prefix(b).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        (self.alone || other.alone) && (under(&self.name, &other.name) || under(&other.name, &self.name))
    }
}
