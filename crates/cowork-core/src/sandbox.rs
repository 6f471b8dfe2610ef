//! The session's view of the granted folders: what a tool gets instead of a path.

use std::sync::Arc;

use async_trait::async_trait;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tokio_util::sync::CancellationToken;

use crate::{CallId, FilePath, Folder, Result, TaskId, UndoReport};

/// Opens sessions, and gives back what a task did in them.
///
/// - A session sees the granted folders and nothing else. A path is walked by directory handles from the grant down; a
///   link is never followed, so nothing outside is reached however the tree is changed meanwhile.
/// - A folder can be changed by one task at a time, over all processes: [`Kind::Busy`](crate::Kind::Busy) otherwise,
///   with the other task's id as fact `by`.
/// - What a task changes is in its journal before it is done; [`Sandbox::undo`] reads nothing else.
/// - A task that should have a journal and has none is refused; so is a folder that is not there, or is none.
/// - What can't be confined is an error ([`Kind::Unsupported`](crate::Kind::Unsupported)), never done with less.
///
/// Cancellation: dropping a future leaves the journal in a state that the next session or undo settles.
///
/// Errors: below, for each; and from any of them `Corrupt` and `NewerVersion` for a journal that can't be read, `Full`,
/// `Unavailable`.
///
/// Suite: `cowork_testkit::sandbox::suite!` tells stories of this page, of [`Session`]'s and of [`Files`]'s, on a real
/// folder. The one for local folders is `cowork-sandbox`.
///
/// ```
/// use std::sync::Arc;
///
/// use cowork_core::{
///     Finding, Result, Sandbox, Session, SessionSpec, TaskId, UndoMode, UndoReport, async_trait,
/// };
/// use cowork_testkit::{MemorySession, TestRuntime, block_on};
///
/// /// Gives every task folders in memory: to try something out that leaves no trace.
/// struct Playground;
///
/// #[async_trait]
/// impl Sandbox for Playground {
///     async fn open(&self, spec: SessionSpec) -> Result<Arc<dyn Session>> {
///         Ok(MemorySession::granting(spec.folders, &[]))
///     }
///
///     async fn undo(&self, _: TaskId, _: UndoMode) -> Result<UndoReport> {
///         Ok(UndoReport::default())
///     }
///
///     async fn check(&self) -> Vec<Finding> {
///         Vec::new()
///     }
/// }
///
/// let task = TaskId::new(&*TestRuntime::new());
/// let spec = SessionSpec { task, folders: Vec::new(), resumed: false };
/// assert!(block_on(Playground.open(spec))?.folders().is_empty());
/// # Ok::<(), cowork_core::Error>(())
/// ```
#[async_trait]
pub trait Sandbox: Send + Sync + 'static {
    /// Opens the view for a task. The task's journal is durable when this returns.
    ///
    /// # Errors
    /// `NotFound` for a folder that is not there, `NotAllowed` for one that may not be granted, `Busy`, `Corrupt` where
    /// the journal of a task that has already made changes is missing or damaged.
    async fn open(&self, spec: SessionSpec) -> Result<Arc<dyn Session>>;

    /// Gives back what the task changed, newest first, or with [`UndoMode::Show`] only says what it would do.
    ///
    /// - Contents, names, permissions and modification times are as before, those of folders included.
    /// - What somebody changed since is found by identity, size and times, and by content where these don't settle it;
    ///   it is kept and named in the report.
    /// - Killed in the middle, it goes on when called again. A second undo finds everything already given back.
    async fn undo(&self, task: TaskId, mode: UndoMode) -> Result<UndoReport>;

    /// Says what is in order and what is not, for `cowork doctor`.
    async fn check(&self) -> Vec<Finding>;
}

/// What a session is opened for.
#[derive(Clone, Debug, PartialEq)]
pub struct SessionSpec {
    /// The task, whose journal it writes.
    pub task: TaskId,
    /// The granted folders.
    pub folders: Vec<Folder>,
    /// Whether the log has already seen a journalled call start: then the journal must be there.
    pub resumed: bool,
}

/// Whether undo acts or only says what it would do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UndoMode {
    /// Say it.
    Show,
    /// Do it.
    Act,
}

/// One line of `cowork doctor`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Finding {
    /// Whether it is in order.
    pub ok: bool,
    /// What was looked at: `journal`.
    pub what: String,
    /// What was found.
    pub found: String,
    /// What to do about it; empty if nothing.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub fix: String,
}

/// A task's view of its folders while it works.
///
/// - It sees the folders that it was opened for, and no others.
/// - Calls that run again are recognised: see [`Session::files`].
/// - Dropping it, and every [`Files`] that came from it, lets the folders go.
///
/// Cancellation and errors: none here; see [`Files`].
///
/// Suite: `cowork_testkit::sandbox::suite!`.
///
/// ```
/// use cowork_core::{CallId, FilePath, Session};
/// use cowork_testkit::{MemorySession, Node, TestRuntime, block_on};
///
/// let session = MemorySession::new(&[("Desk/poem", Node::File(b"one\ntwo\n".to_vec()))]);
/// assert_eq!(session.folders()[0].name, "Desk");
/// let files = session.files(CallId::new(&*TestRuntime::new()));
/// assert_eq!(block_on(files.stat(FilePath::parse("Desk/poem")?))?.size, 8);
/// # Ok::<(), cowork_core::Error>(())
/// ```
#[async_trait]
pub trait Session: Send + Sync + 'static {
    /// Gives the granted folders, under the names that tools use.
    fn folders(&self) -> &[Folder];

    /// Gives the files, for one call. Changes are journalled under the call: when the same call runs again after an
    /// interruption, those it had already made are recognised, not made twice, and reported as they were the first time.
    fn files(&self, call: CallId) -> Arc<dyn Files>;
}

/// Looks at files and changes them, for one call.
///
/// - Every path is checked against the grants: outside them is `NotAllowed`, a change in a read-only grant too.
/// - Links, sockets, pipes and devices are listed, never opened and never followed.
/// - Names that differ only in bytes that are not UTF-8 stay apart.
/// - A folder is listed by name up to a limit, a file is read in pieces.
/// - Changes are made in order; one in trouble does not hold up the others, and is named in [`Changed::otherwise`].
/// - A target that is taken is left, numbered or replaced, as its [`Clash`] says.
/// - A call that runs again makes nothing twice, and reports what it reported the first time.
///
/// Cancellation: by the [`Watch`], between two changes, with `Cancelled`; or by dropping the future, which leaves the
/// change that was being made to the journal.
///
/// Errors: `NotAllowed`, `NotFound`, `InvalidInput`, `LimitExceeded`, `Full`, `Conflict` for a call that runs again with
/// other changes, `Unavailable`.
///
/// Suite: `cowork_testkit::sandbox::suite!`.
///
/// ```
/// use cowork_core::{CallId, Change, Clash, FilePath, Session, Watch};
/// use cowork_testkit::{MemorySession, Node, TestRuntime, block_on};
///
/// let session = MemorySession::new(&[("Desk/scan.pdf", Node::File(vec![1])), ("Desk/in/scan.pdf", Node::File(vec![2]))]);
/// let files = session.files(CallId::new(&*TestRuntime::new()));
/// let (from, to) = (FilePath::parse("Desk/scan.pdf")?, FilePath::parse("Desk/in/scan.pdf")?);
/// let changes = vec![Change::Move { from, to, clash: Clash::Number }];
/// let changed = block_on(files.change(changes, Watch::nothing()))?;
/// assert_eq!(changed.made, 1);
/// assert_eq!(changed.otherwise[0].renamed, Some(FilePath::parse("Desk/in/scan (2).pdf")?));
/// # Ok::<(), cowork_core::Error>(())
/// ```
#[async_trait]
pub trait Files: Send + Sync + 'static {
    /// Lists what lies directly in a folder, by name.
    ///
    /// # Errors
    /// `NotFound`; `InvalidInput` if it is not a folder; `LimitExceeded` past `most` entries.
    async fn list(&self, folder: FilePath, most: usize) -> Result<Vec<Entry>>;

    /// Looks at one file or folder.
    async fn stat(&self, path: FilePath) -> Result<Entry>;

    /// Reads at most `most` bytes from `offset`. Fewer come at the end of the file.
    async fn read(&self, path: FilePath, offset: u64, most: usize) -> Result<Vec<u8>>;

    /// Makes changes, in order, each journalled and durable before it is done; all are durable when this returns.
    ///
    /// - What a change itself runs into (its file is gone, its target is taken) is that change's result; the others go on.
    /// - What none could get past (the disk is full, the journal can't be written) ends the call: its changes are given
    ///   back and the error is returned.
    /// - Cancelled, it stops between two changes with `Cancelled`; the journal knows which were made.
    async fn change(&self, changes: Vec<Change>, watch: Watch) -> Result<Changed>;
}

/// What lies in a folder.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Entry {
    /// The path.
    pub path: FilePath,
    /// What it is.
    pub kind: FileKind,
    /// Bytes; 0 for what is not a file.
    pub size: u64,
    /// When its content last changed, in milliseconds since 1970.
    pub modified: i64,
    /// Permission bits, as in `chmod`.
    pub mode: u32,
    /// How many names the file has.
    pub links: u64,
}

/// What something in a folder is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum FileKind {
    /// A regular file.
    File,
    /// A folder.
    Folder,
    /// A symbolic link.
    Link,
    /// A socket, a pipe, a device.
    Other,
}

/// One change to files.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "do", rename_all = "snake_case")]
pub enum Change {
    /// Gives a file this content; a new file where there was none. Its permissions stay. Missing folders are made.
    Write {
        /// The file.
        path: FilePath,
        /// The content.
        content: Vec<u8>,
        /// What to do if there is such a file already; [`Clash::Replace`] keeps the old one in the journal.
        clash: Clash,
    },
    /// Makes a folder and those above it. One that is there already is fine.
    MakeFolder {
        /// The folder.
        path: FilePath,
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
    /// Copies a file, with its permissions and modification time.
    Copy {
        /// What.
        from: FilePath,
        /// The copy's path.
        to: FilePath,
        /// What to do if the target is taken.
        clash: Clash,
    },
    /// Puts a file or folder aside: it leaves the folder, the journal keeps it.
    SetAside {
        /// What.
        path: FilePath,
    },
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
    /// Put the old one aside in the journal. Only for [`Change::Write`] and [`Change::Copy`]; a folder is never replaced.
    Replace,
}

/// What came of a list of changes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Changed {
    /// How many were made.
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

impl std::fmt::Debug for Watch {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Watch")
    }
}
