//! Where a test stands beside the drivers: every step that the disk sees, named, before and after.

use std::{fmt, path::PathBuf};

use crate::Result;

/// A step that a driver takes on the disk.
///
/// Paths are real ones. Only tests read them: to stop the process here, to fail the step, or to work out what a power
/// cut would have left.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// A store commits a transaction of this many batches.
    Commit(usize),
    /// Bytes are appended to a file of ours, or written to a new one.
    Write(PathBuf, Vec<u8>),
    /// A file's bytes are made durable.
    SyncFile(PathBuf),
    /// A folder's names are made durable.
    SyncFolder(PathBuf),
    /// A name becomes another one that was free.
    Rename(PathBuf, PathBuf),
    /// Two names change places.
    Exchange(PathBuf, PathBuf),
    /// A folder is made.
    MakeFolder(PathBuf),
    /// A file or an empty folder is removed for good. Only ever ours.
    Remove(PathBuf),
    /// Times or permissions are set.
    SetMeta(PathBuf),
    /// A file of ours is cut to this length.
    Cut(PathBuf, u64),
}

impl Step {
    /// Gives the step's name, as a test lists it: `rename`.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Commit(_) => "commit",
            Self::Write(..) => "write",
            Self::SyncFile(_) => "sync_file",
            Self::SyncFolder(_) => "sync_folder",
            Self::Rename(..) => "rename",
            Self::Exchange(..) => "exchange",
            Self::MakeFolder(_) => "make_folder",
            Self::Remove(_) => "remove",
            Self::SetMeta(_) => "set_meta",
            Self::Cut(..) => "cut",
        }
    }
}

/// Stands beside a driver in a test. The drivers of a release have none.
///
/// - It is told of every step that the disk sees, in order, before it is taken and after it.
/// - An error before a step is taken as the step's own failure: the step is not taken, and there is no after.
/// - A step that it leaves out is not taken, and the driver goes on as if it had been.
///
/// Cancellation: none; it is called between two instructions of the driver, and may end the process there.
///
/// Errors: any kind, as the step itself could fail with.
///
/// Suite: none, for a probe is itself a test's. That drivers keep to this is told by the stories of stores and
/// sandboxes that are stopped, failed and cut off at every step.
///
/// ```
/// use cowork_core::{Kind, Probe, Step};
/// use cowork_testkit::probe::FailAt;
///
/// let full = FailAt::full("commit", 2);
/// assert!(full.before(&Step::Commit(1)).is_ok());
/// assert_eq!(full.before(&Step::Commit(1)).unwrap_err().kind, Kind::Full);
/// assert!(full.before(&Step::Commit(1)).is_ok(), "the disk has room again");
/// ```
pub trait Probe: Send + Sync + 'static {
    /// Is told of a step before it is taken; an error is taken as the step's own failure.
    fn before(&self, step: &Step) -> Result<()>;

    /// Says whether to leave the step out as if it had been taken, so that a test can show that it is needed.
    fn leaves_out(&self, _step: &Step) -> bool {
        false
    }

    /// Is told of a step that was taken.
    fn after(&self, step: &Step);
}

impl fmt::Debug for dyn Probe {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Probe")
    }
}
