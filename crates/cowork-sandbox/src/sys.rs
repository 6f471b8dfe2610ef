//! Every system call that touches a granted folder, each with its reason. Nothing else in this crate names a path in one.
//!
//! Linux alone can walk beneath a handle without following a link in one step (`openat2`) and rename without replacing
//! (`renameat2`). Elsewhere the calls that need these answer `NOSYS`, which becomes `Unsupported`: never done with less.

pub(crate) mod access;
pub(crate) mod content;
mod read;

use std::{collections::BTreeMap, fs::File, os::fd::AsFd, path::Path};

use rustix::{
    fd::OwnedFd,
    fs::{self, AtFlags, Dir, FileType, Mode, OFlags, Stat, Timespec, Timestamps, UTIME_OMIT},
    io::{Errno, Result},
};

use read::Mounts;
pub(crate) use read::{
    Happened, Inotify, NAMES, is_mounted, is_only_holes, open_below, open_file, open_pointed, point_below, read_names,
};

/// What a look at one name or handle shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Look {
    pub(crate) dev: u64,
    pub(crate) ino: u64,
    pub(crate) size: u64,
    /// Nanoseconds since 1970.
    pub(crate) mtime: i64,
    /// When it was last changed in any way, nanoseconds since 1970. Nobody can set it back.
    pub(crate) ctime: i64,
    /// Type and permission bits.
    pub(crate) mode: u32,
    pub(crate) links: u64,
    pub(crate) uid: u32,
    pub(crate) gid: u32,
    /// How many units of 512 bytes the disk holds for it.
    pub(crate) blocks: u64,
}

/// From this size on it matters how much of a file its disk holds.
const HOLLOW: u64 = 1024 * 1024;

impl Look {
    pub(crate) fn file_type(&self) -> FileType {
        FileType::from_raw_mode(self.mode)
    }

    pub(crate) fn is_file(&self) -> bool {
        self.file_type() == FileType::RegularFile
    }

    pub(crate) fn is_folder(&self) -> bool {
        self.file_type() == FileType::Directory
    }

    /// Gives the bytes that the disk holds of a file, where they are far fewer than its size. Small ones are taken at their size.
    pub(crate) fn stored(&self) -> Option<u64> {
        let stored = self.blocks.saturating_mul(512);
        (self.is_file() && self.size >= HOLLOW && stored < self.size / 2).then_some(stored)
    }

    /// Says whether it may be a file whose content is not on this disk. Small ones may look so where a file system keeps them
    /// beside their names.
    pub(crate) fn may_be_only_holes(&self) -> bool {
        self.is_file() && self.size > 0 && self.blocks == 0
    }
}

// The fields' types differ between platforms.
#[allow(clippy::unnecessary_cast, clippy::useless_conversion)]
impl From<Stat> for Look {
    fn from(stat: Stat) -> Self {
        let nanos = |seconds: i64, nanos: i64| seconds.saturating_mul(1_000_000_000).saturating_add(nanos);
        Self {
            dev: stat.st_dev as u64,
            ino: stat.st_ino as u64,
            size: u64::try_from(stat.st_size).unwrap_or(0),
            mtime: nanos(stat.st_mtime as i64, stat.st_mtime_nsec as i64),
            ctime: nanos(stat.st_ctime as i64, stat.st_ctime_nsec as i64),
            mode: stat.st_mode as u32,
            links: stat.st_nlink as u64,
            uid: stat.st_uid,
            gid: stat.st_gid,
            blocks: u64::try_from(stat.st_blocks).unwrap_or(0),
        }
    }
}

#[cfg(target_os = "linux")]
impl From<fs::Statx> for Look {
    fn from(stat: fs::Statx) -> Self {
        let nanos = |time: fs::StatxTimestamp| {
            time.tv_sec.saturating_mul(1_000_000_000).saturating_add(i64::from(time.tv_nsec))
        };
        Self {
            dev: fs::makedev(stat.stx_dev_major, stat.stx_dev_minor),
            ino: stat.stx_ino,
            size: stat.stx_size,
            mtime: nanos(stat.stx_mtime),
            ctime: nanos(stat.stx_ctime),
            mode: u32::from(stat.stx_mode),
            links: u64::from(stat.stx_nlink),
            uid: stat.stx_uid,
            gid: stat.stx_gid,
            blocks: stat.stx_blocks,
        }
    }
}

/// Opens a folder by its real path: done once for each grant, and for our own folders.
pub(crate) fn open_real(path: &Path) -> Result<OwnedFd> {
    fs::open(path, OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC, Mode::empty())
}

/// Opens the folder above a handle, to learn what a grant lies in.
pub(crate) fn open_above(folder: impl AsFd) -> Result<OwnedFd> {
    fs::openat(folder, "..", OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty())
}

/// Opens a folder beneath a granted one; no link on the way is followed and nothing leads out.
pub(crate) fn open_folder(root: impl AsFd, below: &[u8]) -> Result<OwnedFd> {
    read::beneath(root, below, OFlags::RDONLY | OFlags::DIRECTORY, Mounts::Entered)
}

/// Makes a new file that nobody else has open yet; a taken name is an error.
pub(crate) fn create(folder: impl AsFd, name: &[u8], mode: u32) -> Result<File> {
    let flags = OFlags::RDWR | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    fs::openat(folder, name, flags, Mode::from_raw_mode(mode as _)).map(File::from)
}

/// Looks at a name without following it.
pub(crate) fn look(folder: impl AsFd, name: &[u8]) -> Result<Look> {
    fs::statat(folder, name, AtFlags::SYMLINK_NOFOLLOW).map(Look::from)
}

/// Gives what a link says it leads to. It is not followed.
pub(crate) fn link_target(folder: impl AsFd, name: &[u8]) -> Result<Vec<u8>> {
    fs::readlinkat(folder, name, Vec::new()).map(std::ffi::CString::into_bytes)
}

/// Looks at what a handle holds.
pub(crate) fn look_at(handle: impl AsFd) -> Result<Look> {
    fs::fstat(handle).map(Look::from)
}

/// A disk as renaming knows it: nothing is renamed from one to another, even where two are mounts of the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Volume {
    dev: u64,
    /// Which mount; 0 on a system that does not tell.
    mount: u64,
}

/// Looks at an open folder, and on which disk it lies.
#[cfg(target_os = "linux")]
pub(crate) fn look_at_folder(folder: impl AsFd) -> Result<(Look, Volume)> {
    use rustix::fs::StatxFlags;
    let flags = StatxFlags::BASIC_STATS | StatxFlags::MNT_ID;
    match fs::statx(&folder, "", AtFlags::EMPTY_PATH, flags) {
        Ok(stat) => {
            let has_mount = StatxFlags::from_bits_retain(stat.stx_mask).contains(StatxFlags::MNT_ID);
            let look = Look::from(stat);
            Ok((look, Volume { dev: look.dev, mount: if has_mount { stat.stx_mnt_id } else { 0 } }))
        }
        // Forbidden to programs in some containers.
        Err(Errno::NOSYS | Errno::PERM) => look_at(folder).map(|look| (look, Volume { dev: look.dev, mount: 0 })),
        Err(e) => Err(e),
    }
}

#[cfg(not(target_os = "linux"))]
pub(crate) fn look_at_folder(folder: impl AsFd) -> Result<(Look, Volume)> {
    look_at(folder).map(|look| (look, Volume { dev: look.dev, mount: 0 }))
}

/// Says when a folder was made, in nanoseconds since 1970, where its disk keeps that for good; 0 where not.
#[cfg(target_os = "linux")]
pub(crate) fn born(folder: impl AsFd) -> i64 {
    // ext, XFS, Btrfs, F2FS, tmpfs. Others have none, or make one up each time they are mounted.
    const KEEP_IT: [u64; 5] = [0xEF53, 0x5846_5342, 0x9123_683E, 0xF2F5_2010, 0x0102_1994];
    #[allow(clippy::unnecessary_cast, reason = "its type differs between platforms")]
    let keeps_it = fs::fstatfs(&folder).is_ok_and(|disk| KEEP_IT.contains(&(disk.f_type as u64)));
    let look = fs::statx(&folder, "", AtFlags::EMPTY_PATH, fs::StatxFlags::BTIME);
    match look.ok().filter(|look| keeps_it && look.stx_mask & fs::StatxFlags::BTIME.bits() != 0) {
        Some(look) => look.stx_btime.tv_sec.saturating_mul(1_000_000_000).saturating_add(look.stx_btime.tv_nsec.into()),
        None => 0,
    }
}

#[cfg(not(target_os = "linux"))]
pub(crate) fn born(_folder: impl AsFd) -> i64 {
    0
}

/// Says whether two folders that were [`born`] at these times are different ones for sure.
pub(crate) fn differ(born: i64, other: i64) -> bool {
    born != 0 && other != 0 && born != other
}

/// Reads the names in a folder, without `.` and `..`, stopping after `most`.
pub(crate) fn names(folder: impl AsFd, most: usize) -> Result<Vec<Vec<u8>>> {
    let mut names = Vec::new();
    for entry in Dir::read_from(folder)? {
        let entry = entry?;
        let name = entry.file_name().to_bytes();
        if name == b"." || name == b".." {
            continue;
        }
        if names.len() >= most {
            break;
        }
        names.push(name.to_vec());
    }
    Ok(names)
}

/// Gives a name another folder and name, both beneath handles; a taken target is an error, never replaced.
#[cfg(target_os = "linux")]
pub(crate) fn rename(from: (impl AsFd, &[u8]), to: (impl AsFd, &[u8])) -> Result<()> {
    fs::renameat_with(from.0, from.1, to.0, to.1, fs::RenameFlags::NOREPLACE)
}

/// Lets two names change places in one step: the only way to replace a file's content and lose neither.
#[cfg(target_os = "linux")]
pub(crate) fn exchange(a: (impl AsFd, &[u8]), b: (impl AsFd, &[u8])) -> Result<()> {
    fs::renameat_with(a.0, a.1, b.0, b.1, fs::RenameFlags::EXCHANGE)
}

#[cfg(not(target_os = "linux"))]
pub(crate) fn rename(_from: (impl AsFd, &[u8]), _to: (impl AsFd, &[u8])) -> Result<()> {
    Err(Errno::NOSYS)
}

#[cfg(not(target_os = "linux"))]
pub(crate) fn exchange(_a: (impl AsFd, &[u8]), _b: (impl AsFd, &[u8])) -> Result<()> {
    Err(Errno::NOSYS)
}

/// Makes a folder; the person's umask applies.
pub(crate) fn make_folder(folder: impl AsFd, name: &[u8], mode: u32) -> Result<()> {
    fs::mkdirat(folder, name, Mode::from_raw_mode(mode as _))
}

/// Makes a symbolic link.
pub(crate) fn make_link(folder: impl AsFd, name: &[u8], to: &str) -> Result<()> {
    fs::symlinkat(to, folder, name)
}

/// Removes a file.
pub(crate) fn remove_file(folder: impl AsFd, name: &[u8]) -> Result<()> {
    fs::unlinkat(folder, name, AtFlags::empty())
}

/// Removes an empty folder that we made; the kernel refuses one that holds anything.
pub(crate) fn remove_folder(folder: impl AsFd, name: &[u8]) -> Result<()> {
    fs::unlinkat(folder, name, AtFlags::REMOVEDIR)
}

/// Sets when the content last changed; when it was last read stays.
pub(crate) fn set_mtime(handle: impl AsFd, nanos: i64) -> Result<()> {
    let mtime =
        Timespec { tv_sec: nanos.div_euclid(1_000_000_000) as _, tv_nsec: nanos.rem_euclid(1_000_000_000) as _ };
    fs::futimens(
        handle,
        &Timestamps { last_access: Timespec { tv_sec: 0, tv_nsec: UTIME_OMIT }, last_modification: mtime },
    )
}

/// Sets the permission bits.
pub(crate) fn set_mode(handle: impl AsFd, mode: u32) -> Result<()> {
    fs::fchmod(handle, Mode::from_raw_mode(mode as _))
}

/// Gives a staged file the owner of the one it stands in for. Only root may give files away.
pub(crate) fn set_owner(handle: impl AsFd, uid: Option<u32>, gid: u32) -> Result<()> {
    fs::fchown(&handle, uid.map(fs::Uid::from_raw), Some(fs::Gid::from_raw(gid)))
}

/// What belongs to a program's very content: powers that it was given, and sums over it.
const OF_CONTENT: [&[u8]; 3] = [b"security.capability", b"security.ima", b"security.evm"];

/// Carries extended attributes over (access lists and labels among them), as far as the file system takes them. Says whether
/// the access list, if there is one, came along: without it the group's permission bits mean more than with it.
pub(crate) fn copy_attributes(from: impl AsFd, to: impl AsFd) -> bool {
    let mut has_list = true;
    for (name, value) in attributes(&from).unwrap_or_default() {
        if !OF_CONTENT.contains(&&name[..]) && set_attribute(&to, &name, &value).is_err() {
            has_list &= name != b"system.posix_acl_access";
        }
    }
    has_list
}

/// Gives a file's extended attributes; none where the file system has none. The label that a system gives to every file is not
/// one of them: a copy has its own.
#[cfg(target_os = "linux")]
pub(crate) fn attributes(handle: impl AsFd) -> Result<BTreeMap<Vec<u8>, Vec<u8>>> {
    let (mut list, mut value) = (vec![0; 64 * 1024], vec![0; 64 * 1024]);
    let len = match fs::flistxattr(&handle, list.as_mut_slice()) {
        Err(Errno::OPNOTSUPP | Errno::NOSYS) => 0,
        other => other?,
    };
    let mut all = BTreeMap::new();
    for name in list[..len].split(|b| *b == 0).filter(|n| !n.is_empty()) {
        match fs::fgetxattr(&handle, name, value.as_mut_slice()) {
            Ok(len) => drop(all.insert(name.to_vec(), value[..len].to_vec())),
            Err(Errno::NODATA) => {}
            Err(e) => return Err(e),
        }
    }
    Ok(all)
}

#[cfg(target_os = "linux")]
fn set_attribute(handle: impl AsFd, name: &[u8], value: &[u8]) -> Result<()> {
    fs::fsetxattr(handle, name, value, fs::XattrFlags::empty())
}

#[cfg(not(target_os = "linux"))]
pub(crate) fn attributes(_handle: impl AsFd) -> Result<BTreeMap<Vec<u8>, Vec<u8>>> {
    Ok(BTreeMap::new())
}

#[cfg(not(target_os = "linux"))]
fn set_attribute(_handle: impl AsFd, _name: &[u8], _value: &[u8]) -> Result<()> {
    Err(Errno::NOSYS)
}

/// Makes names in a folder, or a file with its times and permissions, durable.
pub(crate) fn sync(handle: impl AsFd) -> Result<()> {
    fs::fsync(handle)
}

/// Makes a file's bytes and length durable.
pub(crate) fn sync_data(handle: impl AsFd) -> Result<()> {
    #[cfg(target_os = "linux")]
    return fs::fdatasync(handle);
    #[cfg(not(target_os = "linux"))]
    fs::fsync(handle)
}

/// Reserves room behind a file's end, so that what gives a call back fits even when the disk is full. A file system that
/// can't reserve is no reason to refuse work.
pub(crate) fn reserve(handle: impl AsFd, end: u64, len: u64) -> Result<()> {
    #[cfg(target_os = "linux")]
    match fs::fallocate(handle, fs::FallocateFlags::KEEP_SIZE, end, len) {
        Err(Errno::OPNOTSUPP | Errno::NOSYS) => Ok(()),
        other => other,
    }
    #[cfg(not(target_os = "linux"))]
    {
        let _ = (handle, end, len);
        Ok(())
    }
}

/// Lets a lock go, whoever else has the handle.
pub(crate) fn unlock(file: &File) {
    // Closing it lets it go as well.
    let _ = fs::flock(file, fs::FlockOperation::Unlock);
}

/// Takes a lock that the kernel drops when its holder dies. `false` if another holder has it.
pub(crate) fn lock(file: &File, wait: bool) -> Result<bool> {
    use rustix::fs::FlockOperation::{LockExclusive, NonBlockingLockExclusive};
    loop {
        match fs::flock(file, if wait { LockExclusive } else { NonBlockingLockExclusive }) {
            Ok(()) => return Ok(true),
            Err(Errno::WOULDBLOCK) => return Ok(false),
            Err(Errno::INTR) => {}
            Err(e) => return Err(e),
        }
    }
}
