//! Reads what the kernel left in a layer, and compares it with the folder that it was laid over.

use std::{
    os::fd::{AsFd, OwnedFd},
    path::Path,
};

use cowork_core::{Error, FilePath, Kind, Remark, Result};
use rustix::{
    fs::{FileType, getxattr},
    io::Errno,
};

use super::{Becomes, Found, Item, Seen, moves};
use crate::{asked, fault::error, protect, stage, sys};

/// The most things that a command may have changed.
const MOST: usize = 200_000;
/// How many folders may lie in one another.
const DEEP: usize = 128;

const CHANGED: &str = "was changed by somebody else meanwhile";

/// Finds what is other in a layer. `parts` are the granted folders that it is about, with where their part of the layer is; `since` is
/// when the commands began.
///
/// # Errors
/// `LimitExceeded` for more than can be shown or taken over; `Unavailable`.
pub(crate) fn find<'a>(parts: impl IntoIterator<Item = (&'a str, &'a OwnedFd, &'a Path)>, since: i64) -> Result<Found> {
    let mut found = Found::default();
    for (name, lower, upper) in parts {
        let path = FilePath::parse(name)?;
        let upper = sys::open_real(upper).map_err(|e| error(e, "look at changes", name))?;
        let mut search = Search { found, since };
        search.folder(&upper, Some(lower), &path, Under::default())?;
        let Search { found: all, .. } = search;
        found = moves::detect(all, (name, &upper, lower), since)?;
    }
    Ok(found)
}

struct Search {
    found: Found,
    since: i64,
}

/// What holds for all that is in a folder.
#[derive(Clone, Copy, Default)]
struct Under {
    /// Nothing of the folder below is seen through it.
    opaque: bool,
    /// Why it is guarded, for the one thing that is looked at; and why all below are, in a folder of Git's own.
    guarded: Option<&'static str>,
    inherits: Option<&'static str>,
    depth: usize,
}

impl Search {
    fn folder(&mut self, upper: &OwnedFd, lower: Option<&OwnedFd>, path: &FilePath, under: Under) -> Result<()> {
        let failed = |e: Errno| error(e, "look at changes", path.as_str());
        let mut names = sys::names(upper, MOST).map_err(failed)?;
        names.sort();
        let has = |name: &str| {
            let is_there = |folder: &OwnedFd| sys::look(folder, name.as_bytes()).is_ok();
            is_there(upper) || lower.is_some_and(is_there)
        };
        let is_git = protect::is_git_folder(has);
        for name in &names {
            let path = path.join_bytes(name);
            let own = guard(&path, is_git);
            let inherits = under.inherits.or(own.filter(|_| is_git));
            self.entry((upper, lower, name), &path, Under { guarded: under.inherits.or(own), inherits, ..under })?;
            if self.found.items.len() + self.found.left_out.len() > MOST {
                let text = format!("the command changed more than {MOST} things");
                return Err(Error::new(Kind::LimitExceeded, "look at changes", text)
                    .with_fix("discard what it changed, and have it work in a folder of its own"));
            }
        }
        let Some(lower) = lower.filter(|_| under.opaque) else { return Ok(()) };
        for name in sys::names(lower, MOST).map_err(failed)? {
            if names.binary_search(&name).is_err() {
                let path = path.join_bytes(&name);
                let guarded = under.inherits.or_else(|| guard(&path, is_git));
                let look = sys::look(lower, &name).map_err(failed)?;
                self.gone(lower, &name, &path, &look, guarded)?;
            }
        }
        Ok(())
    }

    fn entry(
        &mut self,
        (upper, lower, name): (&OwnedFd, Option<&OwnedFd>, &[u8]),
        path: &FilePath,
        under: Under,
    ) -> Result<()> {
        let failed = |e: Errno| error(e, "look at changes", path.as_str());
        let is = sys::look(upper, name).map_err(failed)?;
        let was = lower.and_then(|lower| Some((lower, sys::look(lower, name).ok()?)));
        let replaced = |search: &mut Self| {
            was.map_or(Ok(true), |(lower, look)| search.gone(lower, name, path, &look, under.guarded))
        };
        match (is.file_type(), was) {
            // A mark that it is gone.
            (FileType::CharacterDevice, _) => _ = replaced(self)?,
            (FileType::Directory, Some((lower, look))) if look.is_folder() => {
                if is.mode & 0o777 != look.mode & 0o777 {
                    self.changed(path, Becomes::Mode, (&is, &look), under.guarded);
                }
                let lower = sys::open_below(lower, name).map_err(failed)?;
                self.descend((upper, Some(&lower), name), path, under)?;
            }
            (FileType::Directory, _) => {
                if replaced(self)? {
                    self.add(path, Becomes::Folder, None, Some(&is), under.guarded);
                    self.descend((upper, None, name), path, under)?;
                }
            }
            (FileType::RegularFile, Some((lower, look))) if look.is_file() => {
                match is_same((upper, name, is.size), (lower, name, look.size)).map_err(failed)? {
                    true if is.mode & 0o777 == look.mode & 0o777 => {}
                    true => self.changed(path, Becomes::Mode, (&is, &look), under.guarded),
                    false => self.changed(path, Becomes::Edited, (&is, &look), under.guarded),
                }
            }
            (FileType::RegularFile, _) => {
                if replaced(self)? {
                    self.add(path, Becomes::File, None, Some(&is), under.guarded);
                }
            }
            (FileType::Symlink, was) => {
                let to = sys::link_target(upper, name).map_err(failed)?;
                // What is no link has no target.
                if was.is_some_and(|(lower, _)| sys::link_target(lower, name).is_ok_and(|former| former == to)) {
                    return Ok(());
                }
                match String::from_utf8(to).ok().filter(|to| asked::stays(path, to)) {
                    Some(to) if replaced(self)? => self.add(path, Becomes::Link(to), None, Some(&is), under.guarded),
                    Some(_) => {}
                    None => self.leave(path, "is a link that leads, or may lead, out of the folder"),
                }
            }
            (kind, _) => self.leave(path, odd(kind)),
        }
        Ok(())
    }

    fn descend(
        &mut self,
        (upper, lower, name): (&OwnedFd, Option<&OwnedFd>, &[u8]),
        path: &FilePath,
        under: Under,
    ) -> Result<()> {
        if under.depth >= DEEP {
            self.leave(path, "lies too deep");
            return Ok(());
        }
        let upper = sys::open_below(upper, name).map_err(|e| error(e, "look at changes", path.as_str()))?;
        let opaque = under.opaque || is_opaque(&upper);
        self.folder(&upper, lower, path, Under { opaque, depth: under.depth + 1, ..under })
    }

    fn changed(
        &mut self,
        path: &FilePath,
        what: Becomes,
        (is, was): (&sys::Look, &sys::Look),
        guarded: Option<&'static str>,
    ) {
        match was.ctime > self.since {
            true => self.leave(path, CHANGED),
            false => self.add(path, what, Some(was), Some(is), guarded),
        }
    }

    /// Notes that something is gone; says whether it can be.
    fn gone(
        &mut self,
        lower: &OwnedFd,
        name: &[u8],
        path: &FilePath,
        was: &sys::Look,
        guarded: Option<&'static str>,
    ) -> Result<bool> {
        if was.ctime > self.since || was.is_folder() && is_changed_within(lower, name, self.since, 0) {
            self.leave(path, CHANGED);
            return Ok(false);
        }
        self.add(path, Becomes::Gone, Some(was), None, guarded);
        Ok(true)
    }

    fn add(
        &mut self,
        path: &FilePath,
        what: Becomes,
        before: Option<&sys::Look>,
        after: Option<&sys::Look>,
        guarded: Option<&'static str>,
    ) {
        // A folder in which something is guarded is not that itself, unless it goes, with all that is in it.
        if let Some(why) = guarded.filter(|_| what != Becomes::Folder) {
            self.found.guarded.push(Remark { path: path.clone(), why: why.to_owned() });
        }
        let (before, after) = (before.map(Seen::of), after.map(Seen::of));
        self.found.items.push(Item { path: path.clone(), what, before, after });
    }

    fn leave(&mut self, path: &FilePath, why: &str) {
        self.found.left_out.push(Remark { path: path.clone(), why: why.to_owned() });
    }
}

fn odd(kind: FileType) -> &'static str {
    match kind {
        FileType::Fifo => "is a pipe, at which a reader would wait",
        FileType::Socket => "is a socket",
        _ => "is a device",
    }
}

fn guard(path: &FilePath, is_git: bool) -> Option<&'static str> {
    let names: Vec<Vec<u8>> = path.below().collect();
    protect::guarded(&names.iter().map(Vec::as_slice).collect::<Vec<_>>(), is_git)
}

/// Says whether a folder of a layer hides the one that it lies over.
fn is_opaque(folder: impl AsFd) -> bool {
    use std::os::fd::AsRawFd;
    let mut value = [0; 1];
    // A handle that is read through has no attributes of its own: it is looked at by way of the process's list of handles.
    let at = format!("/proc/self/fd/{}", folder.as_fd().as_raw_fd());
    getxattr(at, "user.overlay.opaque", &mut value).is_ok_and(|length| length == 1 && value == *b"y")
}

/// Says whether anything in a folder was changed since a time. What can't be looked at is taken for changed.
fn is_changed_within(folder: &OwnedFd, name: &[u8], since: i64, depth: usize) -> bool {
    let Ok(folder) = sys::open_below(folder, name) else { return true };
    let Ok(names) = sys::names(&folder, MOST) else { return true };
    depth >= DEEP
        || names.iter().any(|name| match sys::look(&folder, name) {
            Ok(look) => look.ctime > since || look.is_folder() && is_changed_within(&folder, name, since, depth + 1),
            Err(_) => true,
        })
}

/// Says whether two files have the same content.
fn is_same(a: (&OwnedFd, &[u8], u64), b: (&OwnedFd, &[u8], u64)) -> Result<bool, Errno> {
    const CHUNK: usize = 1 << 16;
    if a.2 != b.2 {
        return Ok(false);
    }
    let (one, other) = (sys::content::open_regular(a.0, a.1)?, sys::content::open_regular(b.0, b.1)?);
    let (mut here, mut there, mut at) = (vec![0; CHUNK], vec![0; CHUNK], 0);
    loop {
        let n = stage::read_at(&one, &mut here, at)?;
        let m = stage::read_at(&other, &mut there, at)?;
        if n != m || here[..n] != there[..n] {
            return Ok(false);
        }
        if n < CHUNK {
            return Ok(true);
        }
        at += n as u64;
    }
}
