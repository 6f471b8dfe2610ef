//! Walking a tree: what a visitor is shown, and what it hands down.

use std::{any::Any, sync::Arc};

use crate::{Entry, Error, FileKind, FilePath, Kind, OpenFile, Reader, Result};

/// Is shown a tree, part by part, on several threads at once.
///
/// - [`Visitor::enter`] is called once for each folder that is gone into, before anything in it; what it gives is handed to
///   every part of that folder, and to `enter` for each folder below: rules that hold from here down.
/// - [`Visitor::visit`] is called once or more for each such folder, each entry in exactly one part. It says which of the
///   folders among them to go into.
/// - Calls may block. What is gathered is kept small by the visitor: a tree can hold millions.
/// - An error ends the walk and is its result.
///
/// Cancellation: a walk that is cancelled shows no further part; a call that takes long watches for it itself.
///
/// Errors: any; the first one is the walk's.
///
/// Suite: `cowork_testkit::sandbox::suite!`, through [`Files::walk`](crate::Files::walk).
///
/// ```
/// use std::sync::{
///     Arc,
///     atomic::{AtomicU64, Ordering},
/// };
///
/// use cowork_core::{
///     CallId, FileKind, FilePath, Handed, Part, Reader, Result, Session, Visitor, Watch,
/// };
/// use cowork_testkit::{MemorySession, Node, TestRuntime, block_on};
///
/// /// Counts files, but not in hidden folders.
/// #[derive(Default)]
/// struct Count(AtomicU64);
///
/// impl Visitor for Count {
///     fn enter(&self, _: &FilePath, above: &Handed, _: &dyn Reader) -> Result<Handed> {
///         Ok(above.clone())
///     }
///
///     fn visit(&self, part: &dyn Part, _: &Handed) -> Result<Vec<usize>> {
///         let files = (0..part.len()).filter(|i| part.kind(*i) == FileKind::File).count();
///         self.0.fetch_add(files as u64, Ordering::Relaxed);
///         Ok((0..part.len()).filter(|i| part.kind(*i) == FileKind::Folder && !part.name(*i).starts_with(b".")).collect())
///     }
/// }
///
/// let file = || Node::File(Vec::new());
/// let desk = MemorySession::new(&[("Desk/a", file()), ("Desk/b/c", file()), ("Desk/.git/d", file())]);
/// let files = desk.files(CallId::new(&*TestRuntime::new()));
/// let count = Arc::new(Count::default());
/// block_on(files.walk(vec![FilePath::parse("Desk")?], count.clone(), Watch::nothing()))?;
/// assert_eq!(count.0.load(Ordering::Relaxed), 2);
/// # Ok::<(), cowork_core::Error>(())
/// ```
pub trait Visitor: Send + Sync + 'static {
    /// Comes to a folder. `above` is what was handed down to it; nothing for where the walk begins.
    ///
    /// # Errors
    /// Any: it ends the walk.
    fn enter(&self, folder: &FilePath, above: &Handed, reader: &dyn Reader) -> Result<Handed>;

    /// Is shown some of what lies in a folder, or the files among what the walk was to begin with. Gives the places of the
    /// folders to go into.
    ///
    /// # Errors
    /// Any: it ends the walk.
    fn visit(&self, part: &dyn Part, handed: &Handed) -> Result<Vec<usize>>;
}

/// What a visitor hands down to what lies in a folder.
pub type Handed = Option<Arc<dyn Any + Send + Sync>>;

/// Some of the entries of one folder, as a [`Visitor`] is shown them. Names and kinds cost nothing more; the rest asks the
/// disk, relative to the folder's handle.
pub trait Part {
    /// Gives the folder they lie in.
    fn folder(&self) -> &FilePath;

    /// Gives how many they are.
    fn len(&self) -> usize;

    /// Says whether there are none.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Gives a name, as the file system's bytes. `at` is below [`Part::len`], here and below.
    fn name(&self, at: usize) -> &[u8];

    /// Gives what it is.
    fn kind(&self, at: usize) -> FileKind;

    /// Gives its path.
    fn path(&self, at: usize) -> FilePath {
        self.folder().join_bytes(self.name(at))
    }

    /// Looks at it.
    ///
    /// # Errors
    /// `NotFound` if it went away meanwhile.
    fn stat(&self, at: usize) -> Result<Entry>;

    /// Opens it for reading.
    ///
    /// # Errors
    /// As [`Reader::open`].
    fn open(&self, at: usize) -> Result<Box<dyn OpenFile>>;

    /// Gives what a link says it leads to, as the file system's bytes; the link is not followed.
    ///
    /// # Errors
    /// `NotFound` if it went away meanwhile, `InvalidInput` if it is no link, `Unsupported` where that is not known.
    fn target(&self, at: usize) -> Result<Vec<u8>> {
        let error = Error::new(Kind::Unsupported, "read link", "it is not known where the links of these files lead");
        Err(error.with("path", self.path(at).as_str()))
    }

    /// Gives the other files of the session.
    fn reader(&self) -> &dyn Reader;
}

/// What came of a walk.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Walked {
    /// How many entries were shown.
    pub entries: u64,
    /// How many folders could not be read; they were gone, or not allowed.
    pub unreadable: u64,
    /// Up to 20 of them.
    pub examples: Vec<FilePath>,
    /// How many folders were not entered because another disk is mounted there.
    pub mounts: u64,
}
