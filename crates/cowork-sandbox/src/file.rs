//! One file as a tool sees it: its entry, and its content for whoever may wait for the disk.

use std::{fs::File, os::fd::AsFd, os::unix::fs::FileExt};

use cowork_core::{Entry, Error, FileKind, FilePath, Kind, OpenFile, Result};
use rustix::{fs::FileType, io::Errno};

use crate::{
    sys::{self, Look},
    view::{kind_text, unread},
};

/// A regular file, open for reading.
#[derive(Debug)]
pub(crate) struct LocalFile {
    file: File,
    path: FilePath,
    /// What it was like when it was opened.
    pub(crate) look: Look,
}

impl LocalFile {
    /// Opens what has this name in an open folder, if it is a regular file and its content is here. Whoever calls this has
    /// seen that it is one: a pipe or a device is refused only after it was opened.
    pub(crate) fn open(folder: impl AsFd, name: &[u8], path: FilePath) -> Result<Self> {
        let file = match sys::open_file(folder, name) {
            Ok(file) => file,
            // A socket.
            Err(Errno::NXIO) => return Err(not_readable(&path, FileType::Socket)),
            Err(e) => return Err(unread(e, "read", &path)),
        };
        let failed = |e: Errno| unread(e, "read", &path);
        let look = sys::look_at(&file).map_err(failed)?;
        if !look.is_file() {
            return Err(not_readable(&path, look.file_type()));
        }
        if sys::is_only_holes(&file, &look).map_err(failed)? {
            return Err(Error::new(Kind::Unavailable, "read", format!("the content of `{path}` is not on this disk"))
                .with("path", path.as_str())
                .with_fix("have the sync client download it first, then try again"));
        }
        Ok(Self { file, path, look })
    }
}

impl OpenFile for LocalFile {
    fn entry(&self) -> Entry {
        describe(self.path.clone(), &self.look, false)
    }

    fn read_at(&self, buffer: &mut [u8], offset: u64) -> Result<usize> {
        // The system counts offsets in signed numbers; no file goes on there.
        if offset > i64::MAX.cast_unsigned() {
            return Ok(0);
        }
        loop {
            match self.file.read_at(buffer, offset) {
                Ok(n) => return Ok(n),
                Err(e) if e.kind() == std::io::ErrorKind::Interrupted => {}
                Err(e) => return Err(unread(Errno::from_io_error(&e).unwrap_or(Errno::IO), "read", &self.path)),
            }
        }
    }
}

/// Looks at what has this name in an open folder.
pub(crate) fn entry(folder: impl AsFd, name: &[u8], path: FilePath) -> Result<Entry, Errno> {
    let look = sys::look(&folder, name)?;
    // Few files are suspects, so that a second look costs little; one that may not be opened is taken at its face.
    let placeholder = look.may_be_only_holes()
        && sys::open_file(&folder, name).and_then(|file| sys::is_only_holes(&file, &look)).unwrap_or(true);
    Ok(describe(path, &look, placeholder))
}

/// Describes what was looked at.
pub(crate) fn describe(path: FilePath, look: &Look, placeholder: bool) -> Entry {
    let kind = kind(look.file_type());
    Entry {
        path,
        kind,
        size: if kind == FileKind::File { look.size } else { 0 },
        modified: look.mtime.div_euclid(1_000_000),
        mode: look.mode & 0o7777,
        links: look.links,
        identity: [look.dev, look.ino],
        placeholder,
        stored: look.stored(),
    }
}

pub(crate) fn kind(file_type: FileType) -> FileKind {
    match file_type {
        FileType::RegularFile => FileKind::File,
        FileType::Directory => FileKind::Folder,
        FileType::Symlink => FileKind::Link,
        _ => FileKind::Other,
    }
}

/// Says that only files are read.
pub(crate) fn not_readable(path: &FilePath, file_type: FileType) -> Error {
    let text = format!("`{path}` is {}, not a file that can be read", kind_text(file_type));
    Error::new(Kind::InvalidInput, "read", text).with("path", path.as_str())
}
