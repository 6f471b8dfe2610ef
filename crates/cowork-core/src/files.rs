//! Files as a tool sees them: through the session's view, never by a path of the system.

use async_trait::async_trait;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use std::sync::Arc;

use crate::{Change, Changed, Error, FilePath, Kind, Result, Visitor, Walked, Watch};

/// Looks at files and changes them, for one call.
///
/// - Every path is checked against the grants: outside them is `NotAllowed`, a change in a read-only grant too.
/// - Links, sockets, pipes and devices are listed, never opened and never followed.
/// - Names that differ only in bytes that are not UTF-8 stay apart.
/// - A folder is listed by name up to a limit, a file is read in pieces, a tree of any size is walked.
/// - A file whose content is not on this disk (the placeholder of a sync client) is listed as such; reading it, copying it
///   or changing what is in it is `Unavailable`.
/// - What is read is stamped. A file is replaced or edited only if it is still what the change knows of it
///   ([`Known`](crate::Known)); if it is not, that change's result says so.
/// - Changes are made in order; one in trouble does not hold up the others, and is named in [`Changed::otherwise`].
/// - A target that is taken is left, numbered or replaced, as its [`Clash`](crate::Clash) says.
/// - A file that another program has open and locked, and one that would lose more than half of its content unasked, are
///   left as they are, and named. So is one that nobody may write to, one of several names (hard links) unless nothing is
///   [`Known`](crate::Known) of it, for only this name would get the new content, and one whose owner would not be kept. An
///   office file that a program has open is not moved or set aside either.
/// - A call that runs again makes nothing twice, and reports what it reported the first time. Its changes are recognised by
///   what they ask for: neither by what was known of a file, nor by the pieces of an edit, which follow from what the file was.
///
/// Cancellation: by the [`Watch`], between two changes or two parts of a walk, with `Cancelled`; or by dropping the future,
/// which leaves the change that was being made to the journal.
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
    async fn read(&self, path: FilePath, offset: u64, most: usize) -> Result<Piece>;

    /// Walks these files, and these folders with all that is in them, on several threads. See [`Visitor`].
    ///
    /// - A folder's entries come in parts, in no order; a folder always comes before what is in it.
    /// - Links are named, never followed. A folder where another disk is mounted is named, and not entered.
    /// - Memory is bounded by the depth of the tree, not by how much is in it.
    /// - What can't be read further down is counted in [`Walked`], and the walk goes on.
    ///
    /// # Errors
    /// As [`Files::stat`] for `from` itself; what the visitor returns; `Cancelled`.
    async fn walk(&self, from: Vec<FilePath>, visitor: Arc<dyn Visitor>, watch: Watch) -> Result<Walked>;

    /// Watches what lies directly in a folder. What happens after this returns is not missed.
    ///
    /// # Errors
    /// As [`Files::list`]; `Unsupported` where the system can't tell.
    async fn watch(&self, folder: FilePath) -> Result<Box<dyn Arrivals>>;

    /// Makes changes, in order, each journalled and durable before it is done; all are durable when this returns.
    ///
    /// - What a change itself runs into (its file is gone, its target is taken) is that change's result; the others go on.
    /// - What none could get past (the disk is full, the journal can't be written) ends the call: its changes are given
    ///   back and the error is returned.
    /// - Cancelled, it stops between two changes with `Cancelled`; the journal knows which were made.
    async fn change(&self, changes: Vec<Change>, watch: Watch) -> Result<Changed>;

    /// Makes all of these changes or none, otherwise as [`Files::change`].
    ///
    /// - The first that would be left out ends the call: what it had made is given back, and the error says why. A number
    ///   that was asked for is as asked.
    /// - Cancelled, it gives back what it had made.
    /// - When the call runs again, what it had made counts, and the rest is made.
    ///
    /// # Errors
    /// `Conflict` for a change that would be left out, with its place in the list from 0 as fact `index`, and `path`;
    /// `Unsupported` by files that can't give back; else as [`Files::change`].
    async fn change_all(&self, changes: Vec<Change>, watch: Watch) -> Result<Changed> {
        let _ = (changes, watch);
        Err(Error::new(Kind::Unsupported, "change files", "these files can't be changed all together or not at all"))
    }

    /// Gives how many changes this call made when it ran before: 0 if it did not, or if they were given back.
    ///
    /// # Errors
    /// `Unsupported` by files that don't know.
    async fn made_before(&self) -> Result<u64> {
        Err(Error::new(Kind::Unsupported, "change files", "it is not known what this call made before"))
    }
}

/// Tells what happens in a watched folder: what [`Files::watch`] gives.
///
/// Cancellation: dropping the future of [`Arrivals::next`] loses nothing; dropping this ends the watch.
#[async_trait]
pub trait Arrivals: Send {
    /// Waits until something was made, changed, moved in or out, or removed, and gives what, each path once.
    ///
    /// A file that is being written is given when its writer closes it. The folder's own path stands for more than could be
    /// told: list it again.
    ///
    /// # Errors
    /// `NotFound` when the folder itself is gone.
    async fn next(&mut self) -> Result<Vec<FilePath>>;
}

/// The session's files, for work on a thread that may block: what a [`Visitor`] reads with in a walk, or a
/// [`Make`](crate::Make) while it makes content. What is read like this is not what [`Known::Seen`](crate::Known) knows of.
pub trait Reader: Send + Sync {
    /// Opens a regular file for reading.
    ///
    /// # Errors
    /// As [`Files::read`].
    fn open(&self, path: &FilePath) -> Result<Box<dyn OpenFile>>;

    /// Looks at one file or folder.
    ///
    /// # Errors
    /// As [`Files::stat`].
    fn stat(&self, path: &FilePath) -> Result<Entry>;
}

/// A regular file, open for reading: what a [`Reader`] gives. Reading blocks.
pub trait OpenFile: Send + Sync {
    /// Gives what it was like when it was opened.
    fn entry(&self) -> Entry;

    /// Reads into `buffer` from `offset`; gives how many bytes came, 0 at the end of the file.
    ///
    /// # Errors
    /// `Unavailable` if the disk can't.
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> Result<usize>;
}

/// A piece of a file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Piece {
    /// The bytes.
    pub bytes: Vec<u8>,
    /// How many the whole file has.
    pub size: u64,
    /// What the file was like.
    pub stamp: Stamp,
}

/// What a file was like when it was read: its identity, size and time, and of a small one that was read whole its content.
///
/// Opaque: a sandbox makes it and compares it. It is short, and means the same after a restart.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct Stamp(pub String);

/// What a file was like when a task last read or wrote it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Sight {
    /// The file.
    pub path: FilePath,
    /// What it was like.
    pub stamp: Stamp,
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
    /// The bytes that its disk holds of it, where those are far fewer than its size: a file with holes, or a packed one. None
    /// otherwise, and where that isn't known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stored: Option<u64>,
    /// When its content last changed, in milliseconds since 1970.
    pub modified: i64,
    /// Permission bits, as in `chmod`.
    pub mode: u32,
    /// How many names the file has.
    pub links: u64,
    /// Its disk and its number there: two names with the same are one file. Zeros where that isn't known.
    #[serde(default)]
    pub identity: [u64; 2],
    /// Whether its content is not on this disk: the placeholder of a sync client, or a file of nothing but holes.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub placeholder: bool,
}

/// What something in a folder is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
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
