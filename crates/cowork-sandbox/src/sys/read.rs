//! The system calls that open, list and watch, and change nothing.

use std::{fs::File, mem::MaybeUninit, os::fd::AsFd};

use rustix::{
    fd::OwnedFd,
    fs::{self, FileType, Mode, OFlags},
    io::{Errno, Result},
};

use super::Look;

/// Bytes for one reading of a folder: a few hundred names.
pub(crate) const NAMES: usize = 8 * 1024;

/// The longest path that the system takes at once.
#[cfg(target_os = "linux")]
const LONGEST: usize = 4095;

/// What to do where another disk is mounted.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Mounts {
    Entered,
    /// `XDEV`.
    Refused,
}

/// Opens a folder below an open one; no link on the way is followed, nothing leads out. `XDEV` where something is mounted on
/// the name in that folder.
pub(crate) fn open_below(folder: impl AsFd, below: &[u8]) -> Result<OwnedFd> {
    not_mounted(&folder, below, OFlags::RDONLY)
}

/// Points at a folder below an open one, as [`open_below`] does but whatever the folder's permissions.
pub(crate) fn point_below(folder: impl AsFd, below: &[u8]) -> Result<OwnedFd> {
    not_mounted(&folder, below, OFlags::PATH)
}

fn not_mounted(folder: impl AsFd, below: &[u8], flags: OFlags) -> Result<OwnedFd> {
    match beneath(&folder, below, flags | OFlags::DIRECTORY, Mounts::Refused) {
        Err(Errno::NOENT) if is_mounted(&folder, below) => Err(Errno::XDEV),
        other => other,
    }
}

/// Says whether something is mounted on a name in an open folder.
#[cfg(target_os = "linux")]
pub(crate) fn is_mounted(folder: impl AsFd, name: &[u8]) -> bool {
    use rustix::fs::{AtFlags, StatxAttributes, StatxFlags};
    // Of a longer way only the kernel can say where it would have led.
    if name.contains(&b'/') {
        return false;
    }
    let flags = AtFlags::SYMLINK_NOFOLLOW | AtFlags::NO_AUTOMOUNT;
    fs::statx(folder, name, flags, StatxFlags::TYPE)
        .is_ok_and(|look| look.stx_attributes.contains(StatxAttributes::MOUNT_ROOT))
}

#[cfg(not(target_os = "linux"))]
pub(crate) fn is_mounted(_folder: impl AsFd, _name: &[u8]) -> bool {
    false
}

/// Opens what has this name in an open folder for reading, but not a link. `NONBLOCK` so that a pipe put there after a look
/// can't hold us; the time when it was last read stays, where we may say so.
pub(crate) fn open_file(folder: impl AsFd, name: &[u8]) -> Result<File> {
    let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    #[cfg(target_os = "linux")]
    match fs::openat(&folder, name, flags | OFlags::NOATIME, Mode::empty()) {
        // Not ours to say: somebody else's file.
        Err(Errno::PERM) => {}
        other => return other.map(File::from),
    }
    fs::openat(folder, name, flags, Mode::empty()).map(File::from)
}

/// Opens what a handle from [`super::content::point_at`] points at for reading. Whoever calls this has looked at it: a pipe or
/// a device is never opened.
pub(crate) fn open_pointed(handle: &OwnedFd) -> Result<File> {
    use std::os::fd::AsRawFd;
    let at = format!("/proc/self/fd/{}", handle.as_raw_fd());
    let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
    #[cfg(target_os = "linux")]
    match fs::open(&at, flags | OFlags::NOATIME, Mode::empty()) {
        // Not ours to say: somebody else's file.
        Err(Errno::PERM) => {}
        other => return other.map(File::from),
    }
    fs::open(&at, flags, Mode::empty()).map(File::from)
}

/// Opens below a handle, in as many steps as the path's length needs.
#[cfg(target_os = "linux")]
pub(super) fn beneath(root: impl AsFd, below: &[u8], flags: OFlags, mounts: Mounts) -> Result<OwnedFd> {
    let Some((near, far)) = halves(below)? else { return step(root, below, flags, mounts) };
    let mut at = step(root, near, OFlags::PATH | OFlags::DIRECTORY, mounts)?;
    let mut rest = far;
    while let Some((near, far)) = halves(rest)? {
        at = step(at, near, OFlags::PATH | OFlags::DIRECTORY, mounts)?;
        rest = far;
    }
    step(at, rest, flags, mounts)
}

/// Cuts a path that is too long for one step.
#[cfg(target_os = "linux")]
fn halves(below: &[u8]) -> Result<Option<(&[u8], &[u8])>> {
    if below.len() <= LONGEST {
        return Ok(None);
    }
    let cut = below[..=LONGEST].iter().rposition(|b| *b == b'/').ok_or(Errno::NAMETOOLONG)?;
    Ok(Some((&below[..cut], &below[cut + 1..])))
}

#[cfg(target_os = "linux")]
fn step(root: impl AsFd, below: &[u8], flags: OFlags, mounts: Mounts) -> Result<OwnedFd> {
    use rustix::fs::ResolveFlags;
    let mut how = ResolveFlags::BENEATH | ResolveFlags::NO_SYMLINKS | ResolveFlags::NO_MAGICLINKS;
    if mounts == Mounts::Refused {
        how |= ResolveFlags::NO_XDEV;
    }
    let mut again = 0;
    loop {
        match fs::openat2(&root, below, flags | OFlags::CLOEXEC | OFlags::NOFOLLOW, Mode::empty(), how) {
            Err(Errno::INTR) => {}
            // The kernel saw a rename go past while it walked and can't tell: the walk is simply made again. A file that
            // another program has a lease on is answered the same way, and stays so.
            Err(Errno::AGAIN) if again < 64 => again += 1,
            // It was being moved out from below while the kernel walked: it is not there any more. Or something is mounted.
            Err(Errno::XDEV) => return Err(Errno::NOENT),
            other => return other,
        }
    }
}

#[cfg(not(target_os = "linux"))]
pub(super) fn beneath(_root: impl AsFd, _below: &[u8], _flags: OFlags, _mounts: Mounts) -> Result<OwnedFd> {
    Err(Errno::NOSYS)
}

/// Reads some more of the names in a folder, with their types, as many as the buffer holds; says whether that was its end.
#[cfg(target_os = "linux")]
pub(crate) fn read_names(
    folder: impl AsFd,
    buffer: &mut [MaybeUninit<u8>],
    mut each: impl FnMut(&[u8], FileType),
) -> Result<bool> {
    let mut names = fs::RawDir::new(folder, buffer);
    loop {
        match names.next() {
            None => return Ok(true),
            Some(Err(Errno::INTR)) => continue,
            Some(Err(e)) => return Err(e),
            Some(Ok(entry)) => match entry.file_name().to_bytes() {
                b"." | b".." => {}
                name => each(name, entry.file_type()),
            },
        }
        if names.is_buffer_empty() {
            return Ok(false);
        }
    }
}

#[cfg(not(target_os = "linux"))]
pub(crate) fn read_names(
    _folder: impl AsFd,
    _buffer: &mut [MaybeUninit<u8>],
    _each: impl FnMut(&[u8], FileType),
) -> Result<bool> {
    Err(Errno::NOSYS)
}

/// Says whether a regular file claims to hold something, and its disk holds none of it. Asks only where that may be.
pub(crate) fn is_only_holes(file: impl AsFd, look: &Look) -> Result<bool> {
    if !look.may_be_only_holes() {
        return Ok(false);
    }
    #[cfg(target_os = "linux")]
    match fs::seek(&file, fs::SeekFrom::Data(0)) {
        Ok(_) => fs::seek(&file, fs::SeekFrom::Start(0)).map(|_| false),
        Err(Errno::NXIO) => Ok(true),
        // A file system that does not say where its holes are.
        Err(Errno::INVAL) => Ok(false),
        Err(e) => Err(e),
    }
    #[cfg(not(target_os = "linux"))]
    Ok(true)
}

/// What happened to a name in a watched folder, or to the folder.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Happened {
    /// It was written and closed, moved, removed, or its times or permissions were set.
    To(Vec<u8>),
    /// It is new. What it is has to be looked at: a file may still be written.
    Made(Vec<u8>),
    /// More than the system could keep.
    Much,
    /// The folder is gone, or is somewhere else.
    Gone,
}

/// Tells what happens in one folder.
#[derive(Debug)]
pub(crate) struct Inotify(OwnedFd);

#[cfg(target_os = "linux")]
impl Inotify {
    /// Watches a folder, by its handle. What happens from now on is told.
    pub(crate) fn watch(folder: impl AsFd) -> Result<Self> {
        use fs::inotify::{CreateFlags, WatchFlags, add_watch, init};
        use std::os::fd::AsRawFd;
        let told = WatchFlags::CREATE
            | WatchFlags::CLOSE_WRITE
            | WatchFlags::MOVED_FROM
            | WatchFlags::MOVED_TO
            | WatchFlags::DELETE
            | WatchFlags::ATTRIB
            | WatchFlags::DELETE_SELF
            | WatchFlags::MOVE_SELF
            | WatchFlags::ONLYDIR;
        let inotify = init(CreateFlags::CLOEXEC | CreateFlags::NONBLOCK)?;
        // The one way to name a handle in this call: what the handle holds is watched, whatever its path leads to by now.
        add_watch(&inotify, format!("/proc/self/fd/{}", folder.as_fd().as_raw_fd()), told)?;
        Ok(Self(inotify))
    }

    /// Waits until something happened, and says what; nothing once `stop` was woken.
    pub(crate) fn next(&self, stop: impl AsFd) -> Result<Option<Vec<Happened>>> {
        use rustix::event::{PollFd, PollFlags, poll};
        let mut fds = [PollFd::new(&self.0, PollFlags::IN), PollFd::new(&stop, PollFlags::IN)];
        loop {
            match poll(&mut fds, None) {
                Err(Errno::INTR) => {}
                Err(e) => return Err(e),
                Ok(_) if !fds[1].revents().is_empty() => return Ok(None),
                Ok(_) => return self.read().map(Some),
            }
        }
    }

    fn read(&self) -> Result<Vec<Happened>> {
        use fs::inotify::{ReadFlags, Reader};
        let mut buffer = [MaybeUninit::uninit(); 16 * 1024];
        let mut events = Reader::new(&self.0, &mut buffer);
        let mut happened = Vec::new();
        loop {
            let event = match events.next() {
                Ok(event) => event,
                Err(Errno::WOULDBLOCK) => return Ok(happened),
                Err(Errno::INTR) => continue,
                Err(e) => return Err(e),
            };
            let (what, name) = (event.events(), event.file_name().map(|n| n.to_bytes().to_vec()));
            let gone = ReadFlags::IGNORED | ReadFlags::UNMOUNT | ReadFlags::DELETE_SELF | ReadFlags::MOVE_SELF;
            if what.contains(ReadFlags::QUEUE_OVERFLOW) {
                happened.push(Happened::Much);
            } else if what.intersects(gone) {
                happened.push(Happened::Gone);
            } else if let Some(name) = name {
                let made = what.contains(ReadFlags::CREATE);
                happened.push(if made { Happened::Made(name) } else { Happened::To(name) });
            }
            if events.is_buffer_empty() {
                return Ok(happened);
            }
        }
    }
}

#[cfg(not(target_os = "linux"))]
impl Inotify {
    pub(crate) fn watch(_folder: impl AsFd) -> Result<Self> {
        Err(Errno::NOSYS)
    }

    pub(crate) fn next(&self, _stop: impl AsFd) -> Result<Option<Vec<Happened>>> {
        Err(Errno::NOSYS)
    }
}
