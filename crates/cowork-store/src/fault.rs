//! What SQLite says, in the words of the one error.

use std::path::Path;

use cowork_core::{Error, Kind, Retry};
use rusqlite::ErrorCode;

/// Turns an error of SQLite into one that says what to do.
pub(crate) fn fault(op: &'static str, path: &Path, error: rusqlite::Error) -> Error {
    let at = path.display();
    let named = |kind, why: String, fix: &str| Error::new(kind, op, why).with_fix(fix).with("path", at.to_string());
    let code = error.sqlite_error_code();
    let named = match code {
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => {
            let why = format!("another process has been holding the store {at} for too long");
            named(Kind::Busy, why, "wait for the other process, or stop it").with_retry(Retry::Now)
        }
        Some(ErrorCode::DiskFull) => {
            let why = format!("the store {at} can't grow: the disk or its quota is full");
            named(Kind::Full, why, "free some space, then try again").with_retry(Retry::Now)
        }
        Some(ErrorCode::NotADatabase | ErrorCode::DatabaseCorrupt) => return damaged(op, path, "").with_source(error),
        Some(ErrorCode::CannotOpen) if path.exists() => {
            named(Kind::NotAllowed, format!("the store {at} can't be opened"), "check what it is and who owns it")
        }
        Some(ErrorCode::CannotOpen) => {
            named(Kind::NotFound, format!("the store {at} can't be opened"), "check that its folder is there")
        }
        Some(ErrorCode::PermissionDenied | ErrorCode::ReadOnly | ErrorCode::AuthorizationForStatementDenied) => {
            let why = format!("the store {at} can't be written to");
            named(Kind::NotAllowed, why, "check who owns the file and its folder, or name another place")
        }
        Some(ErrorCode::SystemIoFailure | ErrorCode::FileLockingProtocolFailed) => {
            let why = format!("the disk did not do what the store {at} asked of it");
            named(Kind::Unavailable, why, "check the disk, then try again").with_retry(Retry::Now)
        }
        Some(ErrorCode::TooBig) => {
            named(Kind::LimitExceeded, "what is to be stored is too large for one entry".into(), "store it in parts")
        }
        // What is read is not what was ever written there.
        None => return damaged(op, path, "").with_source(error),
        Some(_) => Error::new(Kind::Internal, op, format!("the store {at} did not understand a request")),
    };
    named.with_source(error)
}

/// Says that what is in the file can't be right.
pub(crate) fn damaged(op: &'static str, path: &Path, what: &str) -> Error {
    let colon = if what.is_empty() { "" } else { ": " };
    Error::new(Kind::Corrupt, op, format!("the store {} is damaged{colon}{what}", path.display()))
        .with_fix("run `cowork doctor`, and keep the file: most of it can usually be read")
        .with("path", path.display().to_string())
}
