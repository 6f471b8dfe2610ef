//! Changes to files: what a call asks for, and what came of it.

use std::{fmt, io, sync::Arc};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tokio_util::sync::CancellationToken;

use crate::{CallId, FileKind, FilePath, Reader, Result, Stamp};

/// One change to files.
#[derive(Clone, Debug)]
pub enum Change {
    /// Gives a file this content; a new file where there was none. Missing folders are made.
    Write(Write),
    /// Makes a folder and those above it. One that is there already is fine.
    MakeFolder {
        /// The folder.
        path: FilePath,
        /// Its permission bits if it is new, of which the person's mask takes some and its owner keeps all; the usual ones if
        /// none.
        mode: Option<u32>,
    },
    /// Moves a file or folder. Missing folders on the way to the target are made.
    Move {
        /// What.
        from: FilePath,
        /// Its new path.
        to: FilePath,
        /// What to do if the target is taken.
        clash: Clash,
    },
    /// Copies a file, with its permissions, extended attributes and modification time; with fewer permissions where the
    /// folder that the copy comes into gives what is new in it no more.
    Copy {
        /// What.
        from: FilePath,
        /// The copy's path.
        to: FilePath,
        /// What to do if the target is taken. A copy replaces nothing.
        clash: Clash,
    },
    /// Puts a file or folder aside: it leaves the folder, the journal keeps it.
    SetAside {
        /// What.
        path: FilePath,
        /// What must still be so, or it is left.
        still: Option<Still>,
    },
    /// Brings back what this task set aside from this path; what it set aside from there last, if more than once.
    Restore {
        /// Where it was, and is again.
        path: FilePath,
    },
    /// Makes a symbolic link where nothing is. It can only lead to its own granted folder or below, whatever other links there are: it is
    /// relative, and goes up at its beginning only.
    Link {
        /// The link.
        path: FilePath,
        /// Where it leads, from the folder that it lies in: `../lib/a.so`.
        to: String,
    },
    /// Sets a file's or folder's permission bits; those that let a program run as its owner can't be set.
    Mode {
        /// What.
        path: FilePath,
        /// The bits, as in `chmod`, up to `0o1777`.
        mode: u32,
    },
}

impl Change {
    /// Puts a file or folder aside, whatever it is by now.
    pub fn set_aside(path: FilePath) -> Self {
        Self::SetAside { path, still: None }
    }
}

/// What must still be so when something is set aside: it was chosen by a look at it, and a person may have taken days to agree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Still {
    /// Neither it nor anything in it was changed after this moment, in milliseconds since 1970, by the disk's own time of it, which
    /// nobody sets.
    pub unchanged_since: i64,
    /// The file of which it is a copy is there too, unchanged as well.
    pub copy_of: Option<FilePath>,
}

/// A file to be written.
#[derive(Clone, Debug)]
pub struct Write {
    /// The file.
    pub path: FilePath,
    /// Its content.
    pub content: Content,
    /// What to do if there is such a file already; [`Clash::Replace`] keeps the old one in the journal, and its owner,
    /// permissions and extended attributes on the new one.
    pub clash: Clash,
    /// What is known of the file that it replaces.
    pub known: Known,
    /// Whether it may leave less than half of what the file it replaces holds.
    pub may_shrink: bool,
    /// Permission bits for the file; those of the file it replaces, or the usual ones, if none. Those that let a program run
    /// as its owner are left out.
    pub mode: Option<u32>,
    /// Modification time, in milliseconds since 1970; the time it is written, if none.
    pub modified: Option<i64>,
}

impl Write {
    /// Describes a file that is written where there is none.
    pub fn new(path: FilePath, content: impl Into<Content>) -> Self {
        let content = content.into();
        let (clash, known) = (Clash::default(), Known::default());
        Self { path, content, clash, known, may_shrink: false, mode: None, modified: None }
    }

    /// Lets it replace a file of which this is known.
    #[must_use]
    pub fn replacing(mut self, known: Known) -> Self {
        (self.clash, self.known) = (Clash::Replace, known);
        self
    }
}

/// What a file's content is to be.
#[derive(Clone)]
pub enum Content {
    /// These bytes.
    Bytes(Vec<u8>),
    /// What it holds now, with these pieces replaced; they are in order and do not overlap. Needs [`Clash::Replace`].
    Edited(Vec<Splice>),
    /// What is made while it is written, of any size.
    Made(Arc<dyn Make>),
}

/// A piece of a file that is replaced.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Splice {
    /// Where it begins, in bytes of the content as it is now.
    pub at: u64,
    /// How many bytes go.
    pub remove: u64,
    /// What comes in their place.
    pub insert: Vec<u8>,
}

/// Makes content while it is written, on a thread that may block.
///
/// - It reads through the [`Reader`] it is given and writes to the [`Sink`]; nothing else of the session is reached.
/// - It gives the same content when the same call runs again over the same files; [`Make::key`] says so.
/// - What it writes is staged: nobody sees it before all of it is there.
///
/// Cancellation: none of its own; one that takes long fails when it finds itself cancelled.
///
/// Errors: any; it is that change's result, and nothing is written then.
///
/// Suite: `cowork_testkit::sandbox::suite!`, through [`Files::change`](crate::Files::change).
///
/// ```
/// use std::sync::Arc;
///
/// use cowork_core::{
///     CallId, Change, Content, Error, FilePath, Kind, Make, Reader, Result, Session, Sink, Watch, Write,
/// };
/// use cowork_testkit::{MemorySession, Node, TestRuntime, block_on};
///
/// /// Puts files one after the other into one.
/// struct Joined(Vec<FilePath>);
///
/// impl Make for Joined {
///     fn key(&self) -> String {
///         self.0.iter().map(|path| format!("{path}\n")).collect()
///     }
///
///     fn make(&self, files: &dyn Reader, to: &mut dyn Sink) -> Result<()> {
///         for path in &self.0 {
///             let (file, mut buffer, mut at) = (files.open(path)?, [0; 4096], 0);
///             loop {
///                 let n = file.read_at(&mut buffer, at)?;
///                 if n == 0 {
///                     break;
///                 }
///                 to.write_all(&buffer[..n]).map_err(|e| Error::new(Kind::Unavailable, "join", e.to_string()))?;
///                 at += n as u64;
///             }
///         }
///         Ok(())
///     }
/// }
///
/// let desk = MemorySession::new(&[("Desk/a", Node::File(b"one ".to_vec())), ("Desk/b", Node::File(b"two".to_vec()))]);
/// let files = desk.files(CallId::new(&*TestRuntime::new()));
/// let parts = vec![FilePath::parse("Desk/a")?, FilePath::parse("Desk/b")?];
/// let content = Content::Made(Arc::new(Joined(parts)));
/// let write = Change::Write(Write::new(FilePath::parse("Desk/both")?, content));
/// assert_eq!(block_on(files.change(vec![write], Watch::nothing()))?.made, 1);
/// assert_eq!(desk.content_at("Desk/both"), Some(b"one two".to_vec()));
/// # Ok::<(), cowork_core::Error>(())
/// ```
pub trait Make: Send + Sync {
    /// Gives what tells this content from any other of the same call, and is the same when the call runs again.
    fn key(&self) -> String;

    /// Says whether it may read the session's files. If so, the changes before it are made before it is asked.
    fn reads(&self) -> bool {
        true
    }

    /// Writes it. `files` reads what the session sees.
    ///
    /// # Errors
    /// Any. Where `to` failed, any will do: whoever gave it knows why.
    fn make(&self, files: &dyn Reader, to: &mut dyn Sink) -> Result<()>;
}

/// Takes content that is made ([`Make`]): written in order, or with seeks.
pub trait Sink: io::Write + io::Seek {}

impl<T: io::Write + io::Seek + ?Sized> Sink for T {}

impl From<Vec<u8>> for Content {
    fn from(bytes: Vec<u8>) -> Self {
        Self::Bytes(bytes)
    }
}

impl fmt::Debug for Content {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bytes(bytes) => write!(f, "Bytes({})", bytes.len()),
            Self::Edited(splices) => f.debug_tuple("Edited").field(splices).finish(),
            Self::Made(make) => write!(f, "Made({})", make.key()),
        }
    }
}

/// What is known of a file that is replaced or edited. If it is something else by now, it is left and named.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Known {
    /// It is as this task last read it ([`Files::read`](crate::Files::read)) or wrote it through this session. One that it
    /// never did is not replaced; what a walk or a [`Make`] read does not count.
    #[default]
    Seen,
    /// It is as it was at this stamp.
    Stamp(Stamp),
    /// Nothing: whatever it is.
    Nothing,
}

/// What to do when a target is taken.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Clash {
    /// Leave both as they are and say so.
    #[default]
    Skip,
    /// Give the new one a number: `scan (2).pdf`.
    Number,
    /// Put the old one aside in the journal. Only for [`Change::Write`]; a folder is never replaced.
    Replace,
}

/// What came of a list of changes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Changed {
    /// How many were made; one that had nothing to do is not counted.
    pub made: u64,
    /// Those that went otherwise than asked: left out, or made under another name.
    pub otherwise: Vec<Otherwise>,
}

/// A change that went otherwise than asked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Otherwise {
    /// Its place in the list, from 0.
    pub index: u64,
    /// What it was about.
    pub path: FilePath,
    /// The other name it got; none if it was left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub renamed: Option<FilePath>,
    /// Why.
    pub reason: String,
}

/// What a task changed, each thing once, by path: for a screen to draw, and for a person to check.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ChangeSet {
    /// The changes, by path.
    pub changes: Vec<Difference>,
    /// The bytes that the journal holds for undoing them.
    pub bytes_kept: u64,
}

/// What became of one file or folder.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Difference {
    /// Where it is now, or where it was if it is gone.
    pub path: FilePath,
    /// What it is.
    pub kind: FileKind,
    /// What became of it.
    pub what: What,
    /// What it was like before; none for what is new.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<Side>,
    /// What it is like now; none for what was set aside.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<Side>,
    /// The calls that made it so, the first first.
    pub calls: Vec<CallId>,
    /// Whether it was given back.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub undone: bool,
}

/// What became of a file or folder.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "is", rename_all = "snake_case")]
pub enum What {
    /// It is new.
    Created,
    /// Its content is another.
    Edited,
    /// It was moved here; its content may be another too.
    Moved {
        /// Where it was.
        from: FilePath,
        /// Whether its content is another too.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        edited: bool,
    },
    /// It was set aside.
    SetAside,
    /// Only its permissions are others.
    Mode,
}

/// One side of a difference.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Side {
    /// Bytes; 0 for what is not a file.
    pub size: u64,
    /// When its content last changed, in milliseconds since 1970.
    pub modified: i64,
    /// Permission bits, as in `chmod`.
    pub mode: u32,
}

/// Watches a long operation: shows how far it is, and can stop it.
#[derive(Clone)]
pub struct Watch {
    /// Stops it.
    pub cancel: CancellationToken,
    /// Is told how far it is. Cheap, never blocks.
    pub progress: Progress,
}

/// Is told how far something is: done, total, what it is at.
pub type Progress = Arc<dyn Fn(u64, u64, &str) + Send + Sync>;

impl Watch {
    /// Watches nothing.
    pub fn nothing() -> Self {
        Self { cancel: CancellationToken::new(), progress: Arc::new(|_, _, _| {}) }
    }
}

impl fmt::Debug for Watch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Watch")
    }
}
