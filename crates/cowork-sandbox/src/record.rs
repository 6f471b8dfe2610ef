//! What a journal is written in: records, several to a frame, one frame to a line.

use std::sync::Arc;

use cowork_core::{CallId, FilePath, TaskId};
use serde::{Deserialize, Serialize};

use crate::sys::Look;

/// The version that this program writes and the latest that it reads.
pub(crate) const VERSION: u32 = 1;

/// One entry of a journal. Field and variant names are short because a call may move 50,000 files.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) enum Record {
    /// The first: which version, whose.
    #[serde(rename = "head")]
    Head { version: u32, task: TaskId },
    /// A granted folder: its name, its real path as text, its inode, and when it was made ([`crate::sys::born`]). Journals of
    /// older versions don't say when, nor of their steps which were on another disk.
    #[serde(rename = "folder")]
    Folder {
        name: String,
        at: String,
        ino: u64,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        born: Option<i64>,
    },
    /// A call begins; steps name it by its place among these.
    #[serde(rename = "call")]
    Call(CallId),
    /// What is about to be done, with all that undo needs. Steps are numbered from 0 in the order they are written.
    #[serde(rename = "s")]
    Step(Arc<Step>),
    /// These steps, first to last, were done.
    #[serde(rename = "d")]
    Done(u64, u64),
    /// This step was not done and will not be.
    #[serde(rename = "x")]
    Void(u64),
    /// A change left the files as they were; with what it was about and why, unless there was nothing to do.
    #[serde(rename = "o")]
    Left { c: u32, i: u32, h: u32, why: Option<(FilePath, String)> },
    /// What a folder's time was before the first step of a call that touches it.
    #[serde(rename = "b")]
    Before { p: FilePath, ino: u64, t: i64, n: u64 },
    /// What a folder's time was when we had done with it.
    #[serde(rename = "a")]
    After { root: String, ino: u64, t: i64 },
    /// Somebody else changed what is in this folder between our changes: its time is not ours to set back.
    #[serde(rename = "else")]
    Else { root: String, ino: u64 },
    /// A file of ours is about to be written beside this path under [`beside`] because the journal is on another disk.
    #[serde(rename = "beside")]
    Beside { p: FilePath, k: u64 },
    /// This call's steps are about to be given back, because none could get past what it ran into.
    #[serde(rename = "rolling")]
    Rolling(u32),
    /// They are.
    #[serde(rename = "rolled")]
    Rolled(u32),
    /// Undo is about to begin on steps that touch this folder; whether it still has the time that we left, and which it has if not.
    #[serde(rename = "judged")]
    Judged {
        root: String,
        ino: u64,
        ours: bool,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        t: Option<i64>,
    },
    /// These steps, first to last, were given back.
    #[serde(rename = "u")]
    Back(u64, u64),
    /// A file that had this inode was brought back from another disk and has this one now.
    #[serde(rename = "new")]
    Renewed { was: u64, is: u64 },
    /// Undo came to its end.
    #[serde(rename = "undone")]
    Undone,
}

/// One rename, or as near to one as there is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Step {
    /// The call, by its place among the calls.
    pub(crate) c: u32,
    /// The change, by its place in the call.
    pub(crate) i: u32,
    /// A checksum of the change, to tell whether a call that runs again asks the same.
    pub(crate) h: u32,
    /// Whether the change takes more steps after this one.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) more: bool,
    /// Where it is on another disk than its granted folder: when that disk's topmost folder was made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) d: Option<i64>,
    pub(crate) a: Act,
}

/// Stands before where a link leads, in the place of a checksum.
pub(crate) const LEADS_TO: &str = "-> ";

/// What a step does. `k` numbers a file in `kept/`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) enum Act {
    /// Makes a folder.
    #[serde(rename = "make")]
    Make {
        p: FilePath,
        /// Its permissions, of which the person's mask takes some; those of any new folder if none.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        m: Option<u32>,
    },
    /// Moves what is at `f` to `t`.
    #[serde(rename = "move")]
    Move { f: FilePath, t: FilePath, id: Id },
    /// Gives staged content a free name. Where `beside`, it was staged beside that name.
    #[serde(rename = "put")]
    Put {
        k: u64,
        p: FilePath,
        id: Id,
        x: String,
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        beside: bool,
        /// What it is a copy of, where it brings back what was copied into `kept/` from another disk.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        of: Option<u64>,
    },
    /// Lets staged content and a file change places.
    #[serde(rename = "swap")]
    Swap { k: u64, p: FilePath, id: Id, x: String, old: Id },
    /// Moves what is there into `kept/`.
    #[serde(rename = "aside")]
    Aside { k: u64, p: FilePath, id: Id },
    /// Copies a file into `kept/`, on another disk, then removes it.
    #[serde(rename = "away")]
    Away { k: u64, p: FilePath, id: Id },
    /// Moves what was put aside from `kept/` back to where it was.
    #[serde(rename = "restore")]
    Restore { k: u64, p: FilePath, id: Id },
    /// Sets permission bits; the former ones are in `id`.
    #[serde(rename = "mode")]
    Mode { p: FilePath, id: Id, m: u32 },
}

/// What tells a file from any other: inode, size, time, type and permissions.
///
/// The device is not part of it: its number changes over restarts, and a step's files never leave theirs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Id(pub(crate) u64, pub(crate) u64, pub(crate) i64, pub(crate) u32);

impl Id {
    pub(crate) fn of(look: &Look) -> Self {
        Self(look.ino, look.size, look.mtime, look.mode)
    }

    pub(crate) fn ino(&self) -> u64 {
        self.0
    }

    pub(crate) fn is_folder(&self) -> bool {
        rustix::fs::FileType::from_raw_mode(self.3) == rustix::fs::FileType::Directory
    }

    /// Gives the permission bits.
    pub(crate) fn mode(&self) -> u32 {
        self.3 & 0o7777
    }

    /// Gives what it is like as another file.
    pub(crate) fn with_ino(&self, ino: u64) -> Self {
        Self(ino, self.1, self.2, self.3)
    }

    /// Gives what it is like with other permission bits.
    pub(crate) fn with_mode(&self, mode: u32) -> Self {
        Self(self.0, self.1, self.2, self.3 & !0o7777 | mode)
    }

    /// Says whether this is the very thing, unchanged. What lies in a folder may come and go: it is the same folder.
    pub(crate) fn is(&self, look: &Look) -> bool {
        if self.is_folder() { self.0 == look.ino && self.3 == look.mode } else { *self == Self::of(look) }
    }

    /// Says whether it may be the very file under another inode: some disks number theirs anew each time they are mounted.
    pub(crate) fn is_like(&self, look: &Look) -> bool {
        !self.is_folder() && (self.1, self.2, self.3) == (look.size, look.mtime, look.mode)
    }

    /// Says whether size, type and permissions fit, so that comparing content can tell.
    pub(crate) fn may_be(&self, look: &Look) -> bool {
        !self.is_folder() && self.1 == look.size && self.3 == look.mode
    }
}

impl Act {
    /// Gives the paths whose folders it touches.
    pub(crate) fn paths(&self) -> (&FilePath, Option<&FilePath>) {
        match self {
            Self::Move { f, t, .. } => (f, Some(t)),
            Self::Make { p, .. }
            | Self::Put { p, .. }
            | Self::Swap { p, .. }
            | Self::Aside { p, .. }
            | Self::Away { p, .. }
            | Self::Restore { p, .. }
            | Self::Mode { p, .. } => (p, None),
        }
    }

    /// Gives the path that the change is known by.
    pub(crate) fn target(&self) -> &FilePath {
        let (first, second) = self.paths();
        second.unwrap_or(first)
    }

    /// Gives the number in `kept/` that takes part.
    pub(crate) fn kept(&self) -> Option<u64> {
        match self {
            Self::Put { k, .. }
            | Self::Swap { k, .. }
            | Self::Aside { k, .. }
            | Self::Away { k, .. }
            | Self::Restore { k, .. } => Some(*k),
            Self::Make { .. } | Self::Move { .. } | Self::Mode { .. } => None,
        }
    }
}

/// Gives a name in `kept/`.
pub(crate) fn kept(k: u64) -> Vec<u8> {
    k.to_string().into_bytes()
}

/// Gives the name of a file of ours in a person's folder, while it is being written or taken away. It holds the task's
/// id, so that nobody else's can have it.
pub(crate) fn beside(task: TaskId, k: u64) -> Vec<u8> {
    format!(".cowork-{task}-{k}").into_bytes()
}

/// Gives the folder and name of a path below a granted folder; nothing for the granted folder itself.
pub(crate) fn split(path: &FilePath) -> Option<(&str, Vec<u8>)> {
    let (folder, name) = path.as_str().rsplit_once('/')?;
    if name.contains('\\') {
        return Some((folder, path.below().last().unwrap_or_default()));
    }
    Some((folder, name.as_bytes().to_vec()))
}

/// Writes a frame: a checksum, how many bytes before it are known to be durable, the records.
pub(crate) fn frame(durable: u64, records: &[Record]) -> serde_json::Result<Vec<u8>> {
    let mut line = format!("00000000 {durable} ").into_bytes();
    serde_json::to_writer(&mut line, records)?;
    let sum = crc32fast::hash(&line[9..]);
    line[..8].copy_from_slice(format!("{sum:08x}").as_bytes());
    line.push(b'\n');
    Ok(line)
}

/// Reads a frame, without its newline; nothing if it is not whole.
pub(crate) fn unframe(line: &[u8]) -> Option<(u64, &[u8])> {
    let (sum, rest) = line.split_at_checked(9)?;
    let sum = u32::from_str_radix(std::str::from_utf8(sum.strip_suffix(b" ")?).ok()?, 16).ok()?;
    if sum != crc32fast::hash(rest) {
        return None;
    }
    let space = rest.iter().position(|b| *b == b' ')?;
    let durable = std::str::from_utf8(&rest[..space]).ok()?.parse().ok()?;
    Some((durable, &rest[space + 1..]))
}
