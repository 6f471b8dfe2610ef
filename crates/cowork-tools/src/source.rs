//! An open file as something that crates for formats read and seek in.

use std::io::{self, Read, Seek, SeekFrom};

use cowork_core::OpenFile;

/// An open file, read from its start.
pub(crate) struct Source<'a> {
    file: &'a dyn OpenFile,
    at: u64,
    left: u64,
}

impl<'a> Source<'a> {
    /// Takes all of a file.
    pub(crate) fn of(file: &'a dyn OpenFile) -> Self {
        Self::first(file, u64::MAX)
    }

    /// Takes at most so many bytes in all, wherever they are.
    pub(crate) fn first(file: &'a dyn OpenFile, most: u64) -> Self {
        Self { file, at: 0, left: most }
    }
}

impl Read for Source<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let most = buffer.len().min(usize::try_from(self.left).unwrap_or(usize::MAX));
        let length = self.file.read_at(&mut buffer[..most], self.at).map_err(io::Error::other)?;
        self.at += length as u64;
        self.left -= length as u64;
        Ok(length)
    }
}

impl Seek for Source<'_> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let at = match to {
            SeekFrom::Start(at) => Some(at),
            SeekFrom::Current(by) => self.at.checked_add_signed(by),
            SeekFrom::End(by) => self.file.entry().size.checked_add_signed(by),
        };
        self.at = at.ok_or_else(|| io::Error::from(io::ErrorKind::InvalidInput))?;
        Ok(self.at)
    }
}
