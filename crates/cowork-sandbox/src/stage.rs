//! Writes content where nobody looks yet: all of it is durable before it gets a name that a person sees.

use std::{fs::File, io::Read, os::unix::fs::FileExt};

use blake3::Hasher;
use rustix::io::Errno;

use crate::{
    disk::{At, Disk},
    fault::Fault,
    record::Id,
    sys::{self, Look},
};

const CHUNK: usize = 1 << 20;
/// The bit by which a folder hands its group on.
const HANDS_GROUP_ON: u32 = 0o2000;

/// Content that waits to be put in place.
#[derive(Debug)]
pub(crate) struct Staged {
    pub(crate) id: Id,
    pub(crate) hash: String,
}

/// What staged content is to be like.
#[derive(Debug)]
pub(crate) enum Like<'a> {
    /// A new file in this folder.
    New(Look),
    /// The file that it stands in for, opened if it may be read.
    Old(Look, Option<&'a File>),
    /// A copy of this file for this folder.
    Copy(Look, &'a File, Look),
    /// The very same, as far as another disk can hold it.
    Same(Look, &'a File),
}

/// Stages these bytes.
pub(crate) fn bytes(disk: &Disk, at: At<'_>, content: &[u8], like: &Like<'_>) -> Result<Staged, Fault> {
    fill(disk, at, like, |file, hasher| {
        hasher.update(content);
        if content.is_empty() { Ok(()) } else { disk.append(file, &at.path(), content) }
    })
}

/// Stages what is in a file.
pub(crate) fn copy(disk: &Disk, at: At<'_>, source: &File, like: &Like<'_>) -> Result<Staged, Fault> {
    fill(disk, at, like, |file, hasher| {
        let (mut buffer, mut offset) = (vec![0; CHUNK], 0);
        loop {
            match source.read_at(&mut buffer, offset) {
                Ok(0) => return Ok(()),
                Ok(n) => {
                    hasher.update(&buffer[..n]);
                    disk.append(file, &at.path(), &buffer[..n])?;
                    offset += n as u64;
                }
                Err(e) if e.kind() == std::io::ErrorKind::Interrupted => {}
                Err(e) => return Err(e.into()),
            }
        }
    })
}

/// Gives the checksum of a file's content.
pub(crate) fn hash(at: At<'_>) -> Result<String, Errno> {
    let mut file = sys::open_file(&at.dir.fd, at.name)?;
    let (mut hasher, mut buffer) = (Hasher::new(), vec![0; CHUNK]);
    loop {
        match file.read(&mut buffer) {
            Ok(0) => return Ok(hasher.finalize().to_hex().to_string()),
            Ok(n) => {
                hasher.update(&buffer[..n]);
            }
            Err(e) if e.kind() == std::io::ErrorKind::Interrupted => {}
            Err(e) => return Err(Errno::from_io_error(&e).unwrap_or(Errno::IO)),
        }
    }
}

fn fill(
    disk: &Disk,
    at: At<'_>,
    like: &Like<'_>,
    write: impl FnOnce(&File, &mut Hasher) -> Result<(), Fault>,
) -> Result<Staged, Fault> {
    let file = disk.create(at, 0o666)?;
    let mut hasher = Hasher::new();
    let staged = write(&file, &mut hasher).and_then(|()| finish(disk, at, &file, like));
    match staged {
        Ok(id) => Ok(Staged { id, hash: hasher.finalize().to_hex().to_string() }),
        Err(e) => {
            // Ours, and in nobody's way: what can't be removed now lies in the journal, or is found when it is settled.
            let _ = disk.remove_file(at);
            Err(e)
        }
    }
}

fn finish(disk: &Disk, at: At<'_>, file: &File, like: &Like<'_>) -> Result<Id, Fault> {
    match like {
        Like::New(folder) => hand_group_on(file, folder),
        Like::Old(old, content) => {
            sys::set_owner(file, Some(old.uid), old.gid);
            if let Some(content) = content {
                sys::copy_attributes(content, file);
            }
            // As the system itself does when a program's content changes: it loses the right to run as its owner.
            disk.set_meta(file, &at.path(), Some(old.mode & 0o1777), None)?;
        }
        Like::Copy(source, content, folder) => {
            sys::copy_attributes(content, file);
            hand_group_on(file, folder);
            disk.set_meta(file, &at.path(), Some(source.mode & 0o1777), Some(source.mtime))?;
        }
        Like::Same(source, content) => {
            sys::set_owner(file, Some(source.uid), source.gid);
            sys::copy_attributes(content, file);
            disk.set_meta(file, &at.path(), Some(source.mode & 0o7777), Some(source.mtime))?;
        }
    }
    disk.sync_file(file, &at.path())?;
    Ok(Id::of(&sys::look_at(file)?))
}

fn hand_group_on(file: &File, folder: &Look) {
    if folder.mode & HANDS_GROUP_ON != 0 {
        sys::set_owner(file, None, folder.gid);
    }
}
