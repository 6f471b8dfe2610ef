//! A part of a folder: names in one piece of memory, and how a visitor sees them.

use std::os::fd::{AsFd, BorrowedFd};

use cowork_core::{Entry, FileKind, FilePath, OpenFile, Part, Reader, Result};
use rustix::{fs::FileType, io::Errno};

use crate::{
    file::{self, LocalFile},
    sys,
    view::{View, unread},
};

/// Names with what they are.
#[derive(Debug, Default)]
pub(crate) struct Names {
    bytes: Vec<u8>,
    /// Where each ends.
    ends: Vec<(usize, FileKind)>,
}

impl Names {
    pub(crate) fn len(&self) -> usize {
        self.ends.len()
    }

    pub(crate) fn clear(&mut self) {
        self.bytes.clear();
        self.ends.clear();
    }

    pub(crate) fn push(&mut self, name: &[u8], kind: FileKind) {
        self.bytes.extend_from_slice(name);
        self.ends.push((self.bytes.len(), kind));
    }

    /// Adds a name as a folder's listing gives it; one whose type is not said there is looked at.
    pub(crate) fn push_listed(&mut self, folder: impl AsFd, name: &[u8], file_type: FileType) {
        let kind = match file_type {
            FileType::Unknown => match sys::look(folder, name) {
                Ok(look) => file::kind(look.file_type()),
                Err(Errno::NOENT) => return,
                // It is there; what it is will be said to whoever looks at it.
                Err(_) => FileKind::Other,
            },
            known => file::kind(known),
        };
        self.push(name, kind);
    }

    pub(crate) fn name(&self, at: usize) -> &[u8] {
        let from = at.checked_sub(1).map_or(0, |before| self.ends[before].0);
        &self.bytes[from..self.ends[at].0]
    }

    pub(crate) fn kind(&self, at: usize) -> FileKind {
        self.ends[at].1
    }

    /// Gives the folders among them at these places; nothing if there is another thing, or none, at one of them.
    pub(crate) fn folders(&self, places: &[usize]) -> Option<Self> {
        let mut chosen = Self::default();
        for at in places {
            match self.ends.get(*at) {
                Some((_, FileKind::Folder)) => chosen.push(self.name(*at), FileKind::Folder),
                _ => return None,
            }
        }
        chosen.bytes.shrink_to_fit();
        Some(chosen)
    }
}

/// What a visitor is shown.
pub(crate) struct Shown<'a> {
    pub(crate) view: &'a View,
    pub(crate) folder: &'a FilePath,
    pub(crate) fd: BorrowedFd<'a>,
    pub(crate) names: &'a Names,
}

impl Part for Shown<'_> {
    fn folder(&self) -> &FilePath {
        self.folder
    }

    fn len(&self) -> usize {
        self.names.len()
    }

    fn name(&self, at: usize) -> &[u8] {
        self.names.name(at)
    }

    fn kind(&self, at: usize) -> FileKind {
        self.names.kind(at)
    }

    fn stat(&self, at: usize) -> Result<Entry> {
        let path = self.path(at);
        file::entry(self.fd, self.name(at), path.clone()).map_err(|e| unread(e, "stat", &path))
    }

    fn open(&self, at: usize) -> Result<Box<dyn OpenFile>> {
        let (path, name) = (self.path(at), self.name(at));
        if self.kind(at) != FileKind::File {
            let look = sys::look(self.fd, name).map_err(|e| unread(e, "read", &path))?;
            if !look.is_file() {
                return Err(file::not_readable(&path, look.file_type()));
            }
        }
        Ok(Box::new(LocalFile::open(self.fd, name, path)?))
    }

    fn target(&self, at: usize) -> Result<Vec<u8>> {
        sys::link_target(self.fd, self.name(at)).map_err(|e| unread(e, "read link", &self.path(at)))
    }

    fn reader(&self) -> &dyn Reader {
        self.view
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test stops at what should not be")]
mod tests {
    use super::*;

    #[test]
    fn what_a_listing_does_not_say_is_looked_at() {
        let keep = tempfile::tempdir().unwrap();
        std::fs::write(keep.path().join("file"), "").unwrap();
        std::fs::create_dir(keep.path().join("folder")).unwrap();
        std::os::unix::fs::symlink("folder", keep.path().join("link")).unwrap();
        let folder = sys::open_real(keep.path()).unwrap();
        let mut names = Names::default();
        for name in ["file", "folder", "gone", "link"] {
            names.push_listed(&folder, name.as_bytes(), FileType::Unknown);
        }
        let seen: Vec<_> = (0..names.len()).map(|i| (names.name(i), names.kind(i))).collect();
        let expected: [(&[u8], FileKind); 3] =
            [(b"file", FileKind::File), (b"folder", FileKind::Folder), (b"link", FileKind::Link)];
        assert_eq!(seen, expected);
        assert_eq!(names.folders(&[1]).unwrap().name(0), b"folder");
        assert!(names.folders(&[2]).is_none() && names.folders(&[3]).is_none());
    }
}
