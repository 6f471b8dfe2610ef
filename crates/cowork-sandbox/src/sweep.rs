//! Goes through a tree of ours by handles, to add up what it holds or to remove it. It never goes in where something is
//! mounted, and holds no more than a few handles however deep the tree is.

use std::{os::fd::OwnedFd, path::Path};

use rustix::io::Errno;

use crate::sys::{self, Look, content};

/// A folder on the way down.
struct Level {
    /// What it is called in the one above, and what it was like there; nothing where the walk began.
    at: Option<(Vec<u8>, Look)>,
    id: (u64, u64),
    /// The names in it that were not come to yet.
    rest: Vec<Vec<u8>>,
}

/// Adds up what the disk holds for what is in a folder. What can't be looked at counts nothing, nor what is mounted there.
pub(crate) fn size(folder: &Path) -> u64 {
    let mut bytes = 0;
    if let Ok(start) = sys::open_real(folder) {
        let _ = walk(start, false, &mut |_, _, look| bytes += look.blocks * 512);
    }
    bytes
}

/// Removes a folder with all that is in it, and gives the bytes that came free. What can't be removed stays, with the folders
/// that it lies in; so does whatever is mounted there.
pub(crate) fn remove(folder: &OwnedFd, name: &[u8]) -> u64 {
    let mut freed = 0;
    let mut remove = |folder: &OwnedFd, name: &[u8], look: &Look| {
        let removed = if look.is_folder() { sys::remove_folder(folder, name) } else { sys::remove_file(folder, name) };
        // What has another name somewhere still takes its room.
        let frees = removed.is_ok() && (look.is_folder() || look.links < 2);
        freed += if frees { look.blocks * 512 } else { 0 };
    };
    let Ok(look) = sys::look(folder, name) else { return 0 };
    // What is mounted, or is none of our folders, stays.
    if let Ok(start) = enter(folder, name, &look, true) {
        let _ = walk(start, true, &mut remove);
        remove(folder, name, &look);
    }
    freed
}

/// Shows everything in a folder, each thing after what is in it; with `opens`, folders are made such that they can be entered
/// and emptied first.
fn walk(start: OwnedFd, opens: bool, see: &mut dyn FnMut(&OwnedFd, &[u8], &Look)) -> Result<(), Errno> {
    let mut here = start;
    let mut way = vec![level(&here, None)?];
    while let Some(this) = way.last_mut() {
        let Some(name) = this.rest.pop() else {
            let at = way.pop().and_then(|level| level.at);
            let (Some((name, look)), Some(above)) = (at, way.last()) else { return Ok(()) };
            here = back(&here, above)?;
            see(&here, &name, &look);
            continue;
        };
        let Ok(look) = sys::look(&here, &name) else { continue };
        if !look.is_folder() {
            see(&here, &name, &look);
            continue;
        }
        match enter(&here, &name, &look, opens)
            .and_then(|below| Ok((level(&below, Some((name.clone(), look)))?, below)))
        {
            Ok((level, below)) => {
                way.push(level);
                here = below;
            }
            Err(Errno::XDEV) => {}
            // It may be empty.
            Err(_) => see(&here, &name, &look),
        }
    }
    Ok(())
}

fn level(folder: &OwnedFd, at: Option<(Vec<u8>, Look)>) -> Result<Level, Errno> {
    let look = sys::look_at(folder)?;
    if at.is_some() {
        // There must be a way back.
        sys::open_above(folder)?;
    }
    Ok(Level { at, id: (look.dev, look.ino), rest: sys::names(folder, usize::MAX)? })
}

/// Opens a folder in an open one. `XDEV` where something is mounted.
fn enter(folder: &OwnedFd, name: &[u8], look: &Look, opens: bool) -> Result<OwnedFd, Errno> {
    if opens && look.mode & 0o700 != 0o700 {
        // Folders that were put aside may forbid that anything in them is removed.
        content::set_mode_of(&sys::point_below(folder, name)?, 0o700)?;
    }
    sys::open_below(folder, name)
}

/// Goes back to the folder above: by `..`, so that none has to be held open, and only if that is still the one.
fn back(folder: &OwnedFd, above: &Level) -> Result<OwnedFd, Errno> {
    let back = sys::open_below(sys::open_above(folder)?, b".")?;
    let look = sys::look_at(&back)?;
    if (look.dev, look.ino) == above.id { Ok(back) } else { Err(Errno::STALE) }
}
