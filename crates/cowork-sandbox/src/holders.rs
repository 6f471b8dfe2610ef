//! Who holds a file open: asked before a mark that an office program left beside a document is believed to be of the past.

use std::{fs, os::unix::fs::MetadataExt};

use crate::sys::Look;

/// Says whether another process of this computer holds one of these files open, as far as this one may see; elsewhere nothing is seen.
pub(crate) fn is_held(looks: &[Look]) -> bool {
    let Ok(processes) = fs::read_dir("/proc") else { return false };
    let own = std::process::id().to_string();
    let is_process = |name: &str| name != own && name.bytes().all(|b| b.is_ascii_digit());
    processes.filter_map(Result::ok).filter(|p| p.file_name().to_str().is_some_and(is_process)).any(|process| {
        let Ok(handles) = fs::read_dir(process.path().join("fd")) else { return false };
        handles.filter_map(Result::ok).any(|handle| {
            let found = fs::metadata(handle.path());
            found.is_ok_and(|found| looks.iter().any(|look| (look.dev, look.ino) == (found.dev(), found.ino())))
        })
    })
}
