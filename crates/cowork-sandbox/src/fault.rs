//! What can go wrong, sorted by whom it concerns: one change, or the whole call.

use cowork_core::{Error, Kind, Retry, path::escape};
use rustix::io::Errno;

/// What the disk layer answers.
#[derive(Debug)]
pub(crate) enum Fault {
    /// The system said no.
    Os(Errno),
    /// The probe of a test said no.
    Told(Error),
}

/// What making a change runs into.
#[derive(Debug)]
pub(crate) enum Trouble {
    /// This change can't be made, for this reason; the others go on.
    This(String),
    /// None can get past it.
    All(Error),
}

impl From<Errno> for Fault {
    fn from(errno: Errno) -> Self {
        Self::Os(errno)
    }
}

impl From<std::io::Error> for Fault {
    fn from(error: std::io::Error) -> Self {
        Self::Os(Errno::from_io_error(&error).unwrap_or(Errno::IO))
    }
}

impl From<Error> for Trouble {
    fn from(error: Error) -> Self {
        Self::All(error)
    }
}

impl Fault {
    /// Sorts a fault met at `what`, a file as a person knows it.
    pub(crate) fn at(self, what: &str) -> Trouble {
        match self {
            Self::Os(errno) if ends_call(errno).is_none() => Trouble::This(reason(errno, what)),
            other => Trouble::All(other.error("change", what)),
        }
    }

    /// Makes it the whole operation's error.
    pub(crate) fn error(self, op: &str, what: &str) -> Error {
        match self {
            Self::Told(error) => error,
            Self::Os(errno) => error(errno, op, what),
        }
    }
}

/// Says in one sentence why `what` could not be had.
pub(crate) fn reason(errno: Errno, what: &str) -> String {
    match errno {
        Errno::NOENT => format!("`{what}` is not there"),
        Errno::EXIST => format!("`{what}` is there already"),
        Errno::ACCESS | Errno::PERM => format!("there is no permission to change `{what}`"),
        Errno::LOOP => format!("`{what}` is a link or lies behind one, and links are not followed"),
        Errno::NOTDIR => format!("`{what}` lies below something that is not a folder"),
        Errno::XDEV => format!("`{what}` lies on another disk"),
        Errno::NAMETOOLONG => format!("the name `{what}` is too long for this disk"),
        Errno::AGAIN => format!("another program holds `{what}` and wants to be asked before it is opened"),
        Errno::NOTEMPTY => format!("`{what}` is not empty"),
        Errno::BUSY => format!("`{what}` is in use by the system"),
        Errno::MLINK => format!("the folder of `{what}` can't hold more folders"),
        Errno::FBIG => format!("`{what}` is larger than this disk takes"),
        Errno::INVAL => format!(
            "this disk does not take `{what}`: not its name, or no change that could lose nothing, as with some disks of a network \
             or in FUSE; copy the folder to a disk of this computer"
        ),
        other => format!("`{what}` can't be changed: {other}"),
    }
}

/// Says what kind of error ends the whole call, if this one does.
pub(crate) fn ends_call(errno: Errno) -> Option<Kind> {
    match errno {
        Errno::NOSPC | Errno::DQUOT => Some(Kind::Full),
        Errno::IO | Errno::ROFS | Errno::STALE => Some(Kind::Unavailable),
        Errno::MFILE | Errno::NFILE | Errno::NOMEM => Some(Kind::LimitExceeded),
        Errno::NOSYS => Some(Kind::Unsupported),
        _ => None,
    }
}

/// Makes an error of a system's answer, for an operation on one thing.
pub(crate) fn error(errno: Errno, op: &str, what: &str) -> Error {
    let Some(kind) = ends_call(errno) else {
        let kind = match errno {
            Errno::NOENT => Kind::NotFound,
            Errno::ACCESS | Errno::PERM => Kind::NotAllowed,
            Errno::EXIST | Errno::NOTDIR | Errno::LOOP | Errno::NAMETOOLONG | Errno::INVAL => Kind::InvalidInput,
            _ => Kind::Unavailable,
        };
        return Error::new(kind, op, reason(errno, what)).with("path", what).with_source(errno);
    };
    let (message, fix) = match errno {
        Errno::NOSPC => (format!("the disk that holds `{what}` is full"), "free some space and try again"),
        Errno::DQUOT => {
            (format!("the quota on the disk that holds `{what}` is used up"), "free some space and try again")
        }
        Errno::ROFS => {
            (format!("the disk that holds `{what}` can only be read"), "make it writable, or choose another folder")
        }
        Errno::NOSYS => (
            "this system can't walk below a folder without following links".to_owned(),
            "use Linux 5.6 or later; nothing weaker is done instead",
        ),
        Errno::IO | Errno::STALE => {
            (format!("the disk that holds `{what}` fails: {errno}"), "see to the disk, then try again")
        }
        _ => (
            format!("the system has run out of something it needs for `{what}`: {errno}"),
            "close some programs and try again",
        ),
    };
    let retry = if kind == Kind::Unsupported { Retry::Never } else { Retry::Now };
    Error::new(kind, op, message).with("path", what).with_fix(fix).with_retry(retry).with_source(errno)
}

/// Writes a real path for a person.
pub(crate) fn shown(path: &std::path::Path) -> String {
    use std::os::unix::ffi::OsStrExt;
    escape(path.as_os_str().as_bytes())
}
