//! What a session sees, for content that is made on a thread that may block.

use std::{fs::File, os::unix::fs::FileExt};

use cowork_core::{Entry, FilePath, OpenFile, Reader, Result};

use crate::view::View;

/// Reads the granted folders.
pub(crate) struct Viewed<'a>(pub(crate) &'a View);

struct Opened {
    file: File,
    entry: Entry,
}

impl Reader for Viewed<'_> {
    fn open(&self, path: &FilePath) -> Result<Box<dyn OpenFile>> {
        let (file, entry) = self.0.open_file(path)?;
        Ok(Box::new(Opened { file, entry }))
    }

    fn stat(&self, path: &FilePath) -> Result<Entry> {
        self.0.stat(path)
    }
}

impl OpenFile for Opened {
    fn entry(&self) -> Entry {
        self.entry.clone()
    }

    fn read_at(&self, buffer: &mut [u8], offset: u64) -> Result<usize> {
        loop {
            match self.file.read_at(buffer, offset) {
                Err(e) if e.kind() == std::io::ErrorKind::Interrupted => {}
                other => {
                    return other.map_err(|e| crate::fault::Fault::from(e).error("read", self.entry.path.as_str()));
                }
            }
        }
    }
}
