//! System calls about what is in a file: where its data lies, copying it, who else holds it, its permissions by handle.

use std::{
    ffi::OsString,
    fs::File,
    os::{
        fd::{AsFd, AsRawFd},
        unix::ffi::OsStringExt,
    },
    path::PathBuf,
};

use rustix::{
    fd::OwnedFd,
    fs::{self, FlockOperation, Mode, OFlags, SeekFrom},
    io::{Errno, Result},
};

/// Gives the next stretch of a file that holds data, from `offset` on: where it begins and ends. Nothing if only a hole is
/// left. A file system that can't tell has no holes.
pub(crate) fn next_data(file: &File, offset: u64, size: u64) -> Result<Option<(u64, u64)>> {
    if offset >= size {
        return Ok(None);
    }
    let begin = match fs::seek(file, SeekFrom::Data(offset)) {
        Ok(at) => at,
        Err(Errno::NXIO) => return Ok(None),
        Err(Errno::INVAL | Errno::OPNOTSUPP) => return Ok(Some((offset, size))),
        Err(e) => return Err(e),
    };
    let end = fs::seek(file, SeekFrom::Hole(begin)).unwrap_or(size).min(size);
    Ok((begin < size).then_some((begin, end)))
}

/// Lets a new file share what another holds, where the disk can.
#[cfg(target_os = "linux")]
pub(crate) fn share(from: &File, to: &File) -> Result<()> {
    fs::ioctl_ficlone(to, from)
}

/// How much is copied before anybody is asked whether to go on.
#[cfg(target_os = "linux")]
const AT_ONCE: u64 = 16 << 20;

/// Copies a range of a file to the end of another without its bytes passing through here. Gives how many were copied.
#[cfg(target_os = "linux")]
pub(crate) fn copy_range(from: &File, offset: u64, to: &File, len: u64) -> Result<u64> {
    let mut at = offset;
    let len = usize::try_from(len.min(AT_ONCE)).unwrap_or(0);
    fs::copy_file_range(from, Some(&mut at), to, None, len).map(|n| n as u64)
}

#[cfg(not(target_os = "linux"))]
pub(crate) fn share(_from: &File, _to: &File) -> Result<()> {
    Err(Errno::NOSYS)
}

#[cfg(not(target_os = "linux"))]
pub(crate) fn copy_range(_from: &File, _offset: u64, _to: &File, _len: u64) -> Result<u64> {
    Err(Errno::NOSYS)
}

/// Asks whether anybody else has a lock on a file, of any of the three kinds there are. A file system without locks has none.
pub(crate) fn is_locked(file: &File) -> bool {
    match fs::flock(file, FlockOperation::NonBlockingLockExclusive) {
        Ok(()) => drop(fs::flock(file, FlockOperation::Unlock)),
        Err(Errno::WOULDBLOCK) => return true,
        Err(_) => {}
    }
    has_record_lock(file)
}

/// Asks for a lock on ranges of a file: those of a process, and those of an open file.
#[cfg(target_os = "linux")]
#[allow(unsafe_code, reason = "rustix has no call for the locks of open files")]
fn has_record_lock(file: &File) -> bool {
    // SAFETY: `flock` is plain integers, for which all zeros are valid.
    let mut lock: libc::flock = unsafe { std::mem::zeroed() };
    lock.l_type = libc::F_WRLCK as _;
    lock.l_whence = libc::SEEK_SET as _;
    // SAFETY: the descriptor is open as long as `file` is, and `lock` is a `flock` that the kernel may write to.
    let asked = unsafe { libc::fcntl(file.as_raw_fd(), libc::F_OFD_GETLK, &raw mut lock) };
    asked == 0 && lock.l_type != libc::F_UNLCK as libc::c_short
}

#[cfg(not(target_os = "linux"))]
fn has_record_lock(_file: &File) -> bool {
    false
}

/// Opens what a name stands for without touching it, only to be pointed at. No link is followed.
pub(crate) fn point_at(folder: impl AsFd, name: &[u8]) -> Result<OwnedFd> {
    fs::openat(folder, name, OFlags::PATH | OFlags::NOFOLLOW | OFlags::CLOEXEC, Mode::empty())
}

/// Sets the permission bits of what a handle from [`point_at`] points at, which need not be readable.
pub(crate) fn set_mode_of(handle: &OwnedFd, mode: u32) -> Result<()> {
    // The kernel takes permissions by such a handle only through its name here, which leads to the very thing.
    fs::chmod(format!("/proc/self/fd/{}", handle.as_raw_fd()), Mode::from_raw_mode(mode as _))
}

/// Gives the path that leads to what a handle holds, now.
pub(crate) fn path_of(handle: impl AsFd) -> Result<PathBuf> {
    let link = format!("/proc/self/fd/{}", handle.as_fd().as_raw_fd());
    fs::readlink(link, Vec::new()).map(|path| OsString::from_vec(path.into_bytes()).into())
}

/// Makes everything on the disk durable that a folder lies on: for what can't be opened to be made durable by itself.
pub(crate) fn sync_disk(folder: impl AsFd) -> Result<()> {
    #[cfg(target_os = "linux")]
    return fs::syncfs(folder);
    #[cfg(not(target_os = "linux"))]
    fs::fsync(folder)
}

/// Opens a regular file for reading. It is pointed at and looked at first: what else may have that name by now is not opened.
pub(crate) fn open_regular(folder: impl AsFd, name: &[u8]) -> Result<File> {
    let handle = point_at(folder, name)?;
    if !super::look_at(&handle)?.is_file() {
        return Err(Errno::INVAL);
    }
    super::open_pointed(&handle)
}

/// Opens what a name stands for to make it durable: a file or a folder, and nothing else.
pub(crate) fn open_to_sync(folder: impl AsFd, name: &[u8]) -> Result<File> {
    let handle = point_at(folder, name)?;
    let look = super::look_at(&handle)?;
    if !look.is_file() && !look.is_folder() {
        return Err(Errno::INVAL);
    }
    super::open_pointed(&handle)
}
