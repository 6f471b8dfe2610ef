//! Reads what the kernel left in a layer, and compares it with the folder that it was laid over.

use std::{
    os::fd::{AsFd, OwnedFd},
    path::PathBuf,
};

use cowork_core::{Error, FilePath, Kind, Remark, Result};
use rustix::{
    fs::{FileType, getxattr},
    io::Errno,
};

use super::{Becomes, Copied, Found, Item, Seen, Since, moves};
use crate::{asked, fault::error, protect, record::split, stage, sys, view::Dirs};

/// The most things that a command may have changed.
const MOST: usize = 200_000;
/// How many folders may lie in one another.
pub(super) const DEEP: usize = 128;
/// How long a path may be, and all paths together, in bytes.
const LONG: usize = 4 << 10;
const ALL: usize = 32 << 20;

/// Said of what a program that goes on made, and somebody else changed since.
const OUTDATED: &str = "was changed by somebody else since it was kept; what runs here still sees its own";

pub(super) const CHANGED: &str = "was changed by somebody else meanwhile";

/// A granted folder, and what became of it in a layer.
pub(crate) struct Part<'a> {
    pub(crate) name: &'a str,
    pub(crate) lower: &'a OwnedFd,
    /// What the kernel left that was laid over it, or its copy.
    pub(crate) upper: PathBuf,
    /// What was copied, if it is a copy.
    pub(crate) copied: Option<Copied>,
}

/// Finds what is other in a layer. `since` is when the commands began.
///
/// # Errors
/// `LimitExceeded` for more than can be shown or taken over; `Unavailable`.
pub(crate) fn find<'a>(parts: impl IntoIterator<Item = Part<'a>>, since: &Since) -> Result<Found> {
    let mut found = Found::default();
    for Part { name, lower, upper, mut copied } in parts {
        let path = FilePath::parse(name)?;
        let upper = sys::open_real(&upper).map_err(|e| error(e, "look at changes", name))?;
        found.left_out.extend(copied.iter_mut().flat_map(Copied::left_out));
        // All of a folder is in its copy: what is not is gone.
        let under = Under { opaque: copied.is_some(), ..Under::default() };
        let mut search = Search { found, since, copied, bytes: 0 };
        search.folder(&upper, Some(lower), &path, under)?;
        let Search { found: all, .. } = search;
        found = moves::detect(all, (name, &upper, lower), since)?;
    }
    found.left_out.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(found)
}

struct Search<'a> {
    found: Found,
    since: &'a Since,
    copied: Option<Copied>,
    /// Of paths.
    bytes: usize,
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

impl Search<'_> {
    fn folder(&mut self, upper: &OwnedFd, lower: Option<&OwnedFd>, path: &FilePath, under: Under) -> Result<()> {
        let failed = |e: Errno| error(e, "look at changes", path.as_str());
        let mut names = sys::names(upper, MOST).map_err(failed)?;
        names.sort();
        // By the names that are gone through: commands that go on may make others meanwhile.
        let has = |name: &str| {
            let is_there = |folder: &OwnedFd| sys::look(folder, name.as_bytes()).is_ok();
            names.iter().any(|there| there == name.as_bytes()) || lower.is_some_and(is_there)
        };
        let is_git = protect::is_git_folder(has);
        let was_git =
            || lower.is_some_and(|lower| protect::is_git_folder(|name| sys::look(lower, name.as_bytes()).is_ok()));
        // What makes a folder one of Git's own brings what was put into it before into force.
        let becomes_git = (is_git && !was_git()).then_some(protect::GIT);
        for name in &names {
            let path = path.join_bytes(name);
            self.bytes += path.as_str().len();
            let own = guard(&path, is_git).or(becomes_git.filter(|_| protect::makes_git(name)));
            let inherits = under.inherits.or(own.filter(|_| is_git));
            if path.as_str().len() > LONG {
                self.leave(&path, "has too long a path");
                continue;
            }
            let entry =
                self.entry((upper, lower, name), &path, Under { guarded: under.inherits.or(own), inherits, ..under });
            match entry {
                Err(e) if e.kind == Kind::LimitExceeded => return Err(e),
                Err(_) => self.leave(&path, "can't be looked at"),
                Ok(()) => {}
            }
            if self.found.items.len() + self.found.left_out.len() > MOST || self.bytes > ALL {
                let text = format!("the command changed more than {MOST} things, or things with too long names");
                return Err(Error::new(Kind::LimitExceeded, "look at changes", text)
                    .with_fix("discard what it changed, and have it work in a folder of its own"));
            }
        }
        let Some(lower) = lower.filter(|_| under.opaque) else { return Ok(()) };
        for name in sys::names(lower, MOST).map_err(failed)? {
            let path = path.join_bytes(&name);
            if names.binary_search(&name).is_err() {
                let guarded = under.inherits.or_else(|| guard(&path, is_git));
                let look = sys::look(lower, &name).map_err(failed)?;
                // What was never there for the command can't be gone.
                if self.copied.as_ref().is_some_and(|copied| !copied.has(&path) && !self.since.is_ours(&look)) {
                    continue;
                }
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
        if self.is_settled(&is, was.as_ref().map(|(_, look)| look), path) {
            return Ok(());
        }
        if !is.is_folder() && self.copied.as_ref().is_some_and(|copied| copied.is_untouched(path, &is)) {
            return Ok(());
        }
        match (is.file_type(), was) {
            // A mark that it is gone.
            (FileType::CharacterDevice, _) => self.makes_room(was, name, path, under.guarded).map(drop)?,
            (FileType::Directory, Some((lower, look))) if look.is_folder() => {
                if is.mode & 0o777 != look.mode & 0o777 {
                    self.changed(path, Becomes::Mode, (&is, &look), under.guarded);
                }
                let lower = sys::open_below(lower, name).map_err(failed)?;
                self.descend((upper, Some(&lower), name), path, under)?;
            }
            (FileType::Directory, None) if self.copied.as_ref().is_some_and(|copied| copied.has(path)) => {
                // Somebody else took it away: it comes back for what the command put into it, and not by itself.
                let before = self.found.items.len();
                self.descend((upper, None, name), path, under)?;
                if self.found.items.len() > before {
                    self.add(path, Becomes::Folder, None, Some(&is), under.guarded);
                }
            }
            (FileType::Directory, _) => {
                if self.makes_room(was, name, path, under.guarded)? {
                    self.add(path, Becomes::Folder, None, Some(&is), under.guarded);
                    self.descend((upper, None, name), path, under)?;
                }
            }
            (FileType::RegularFile, Some((lower, look))) if look.is_file() => {
                // One that can't be read is taken for another.
                let same = is_same((upper, name, is.size), (lower, name, look.size)).unwrap_or(false);
                let what = if same { Becomes::Mode } else { Becomes::Edited };
                if !same || is.mode & 0o777 != look.mode & 0o777 {
                    self.changed(path, what, (&is, &look), under.guarded);
                }
            }
            (FileType::RegularFile, _) => {
                if self.makes_room(was, name, path, under.guarded)? {
                    self.add(path, Becomes::File, None, Some(&is), under.guarded);
                }
            }
            (FileType::Symlink, was) => self.link((upper, name, &is), was, path, under.guarded)?,
            (FileType::Fifo, _) => self.leave(path, "is a pipe, at which a reader would wait"),
            (FileType::Socket, _) => self.leave(path, "is a socket"),
            _ => self.leave(path, "is a device"),
        }
        Ok(())
    }

    /// Says whether something is in the folder already, and says so where somebody did something with it since.
    fn is_settled(&mut self, is: &sys::Look, was: Option<&sys::Look>, path: &FilePath) -> bool {
        if is.is_folder() || !self.since.is_settled(is) {
            return false;
        }
        // Who made it sees what it made; but for a mark that it is gone.
        if is.file_type() != FileType::CharacterDevice && was.is_none_or(|look| self.since.is_other(look)) {
            self.leave(path, OUTDATED);
        }
        true
    }

    fn link(
        &mut self,
        (upper, name, is): (&OwnedFd, &[u8], &sys::Look),
        was: Option<(&OwnedFd, sys::Look)>,
        path: &FilePath,
        guarded: Option<&'static str>,
    ) -> Result<()> {
        let to = sys::link_target(upper, name).map_err(|e| error(e, "look at changes", path.as_str()))?;
        let former = was.filter(|(_, look)| look.file_type() == FileType::Symlink);
        if former.is_some_and(|(lower, _)| sys::link_target(lower, name).is_ok_and(|former| former == to)) {
            return Ok(());
        }
        let Some(to) = String::from_utf8(to).ok().filter(|to| asked::stays(path, to)) else {
            self.leave(path, "is a link that leads, or may lead, out of the folder");
            return Ok(());
        };
        let names: Vec<Vec<u8>> = path.below().collect();
        let guarded = guarded.or_else(|| protect::guarded_link(&names.iter().map(Vec::as_slice).collect::<Vec<_>>()));
        if self.makes_room(was, name, path, guarded)? {
            self.add(path, Becomes::Link(to), None, Some(is), guarded);
        }
        Ok(())
    }

    /// Notes that what was there is gone; says whether its place is free then.
    fn makes_room(
        &mut self,
        was: Option<(&OwnedFd, sys::Look)>,
        name: &[u8],
        path: &FilePath,
        guarded: Option<&'static str>,
    ) -> Result<bool> {
        was.map_or(Ok(true), |(lower, look)| self.gone(lower, name, path, &look, guarded))
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
        match self.is_changed(path, was) {
            true => self.leave(path, CHANGED),
            false => self.add(path, what, Some(was), Some(is), guarded),
        }
    }

    /// Says whether somebody else changed something in the folder since the commands began.
    fn is_changed(&self, path: &FilePath, now: &sys::Look) -> bool {
        match &self.copied {
            Some(copied) => copied.is_other(path, now) && !self.since.is_ours(now),
            None => self.since.is_other(now),
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
        let is_changed = |path: &FilePath, look: &sys::Look| self.is_changed(path, look);
        if is_changed(path, was) || was.is_folder() && is_changed_within((lower, name), path, &is_changed, 0) {
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

/// Says whether anything in a folder was changed. What can't be looked at is taken for changed.
fn is_changed_within(
    (folder, name): (&OwnedFd, &[u8]),
    path: &FilePath,
    is_changed: &dyn Fn(&FilePath, &sys::Look) -> bool,
    depth: usize,
) -> bool {
    let Ok(folder) = sys::open_below(folder, name) else { return true };
    let Ok(names) = sys::names(&folder, MOST) else { return true };
    depth >= DEEP
        || names.iter().any(|name| {
            let path = path.join_bytes(name);
            sys::look(&folder, name).map_or(true, |look| {
                let below = || is_changed_within((&folder, name), &path, is_changed, depth + 1);
                is_changed(&path, &look) || look.is_folder() && below()
            })
        })
}

/// Says whether anything below a granted folder's path was changed since a time.
pub(super) fn is_changed_below(dirs: &Dirs<'_>, path: &FilePath, since: &Since) -> bool {
    let Some((folder, name)) = split(path) else { return true };
    let is_changed = |_: &FilePath, look: &sys::Look| since.is_other(look);
    dirs.get(folder).map_or(true, |open| is_changed_within((&open.dir.fd, &name), path, &is_changed, 0))
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
