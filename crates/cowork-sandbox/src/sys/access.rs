//! Access lists, as the system keeps them in extended attributes: who may do what beyond the permission bits.

use std::os::fd::AsFd;

use rustix::io::{Errno, Result};

/// Where a list begins: its version, then entries of eight bytes: tag, permissions, whom it is about.
const VERSION: [u8; 4] = [2, 0, 0, 0];
const OWNER: u16 = 0x01;
const GROUP: u16 = 0x04;
const MASK: u16 = 0x10;
const OTHER: u16 = 0x20;

/// What a folder's default list makes of the permissions that a new file is asked for, as the kernel does it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Inherited {
    /// Permission bits.
    pub(crate) mode: u32,
    /// The file's own list; none where the bits say all of it.
    pub(crate) list: Option<Vec<u8>>,
}

/// Works out what a new file gets.
pub(crate) fn inherit(default: &[u8], mode: u32) -> Result<Inherited> {
    let (entries, rest) = default.strip_prefix(&VERSION).ok_or(Errno::INVAL)?.as_chunks::<8>();
    if !rest.is_empty() {
        return Err(Errno::INVAL);
    }
    let mut mode = mode & 0o777;
    let mut list: Vec<[u8; 8]> = entries.to_vec();
    let tag = |entry: &[u8; 8]| u16::from_le_bytes([entry[0], entry[1]]);
    // The bits of the group stand for the most that anybody in the list may, where it has such an entry.
    let of_group = if list.iter().any(|entry| tag(entry) == MASK) { MASK } else { GROUP };
    for entry in &mut list {
        let shift = match tag(entry) {
            OWNER => 6,
            OTHER => 0,
            tag if tag == of_group => 3,
            _ => continue,
        };
        let may = u32::from(entry[2]) & (mode >> shift) & 7;
        entry[2] = u8::try_from(may).unwrap_or(0);
        mode = mode & !(7 << shift) | may << shift;
    }
    let is_more = list.iter().any(|entry| ![OWNER, GROUP, OTHER].contains(&tag(entry)));
    let list = is_more.then(|| [&VERSION[..], list.as_flattened()].concat());
    Ok(Inherited { mode, list })
}

#[cfg(target_os = "linux")]
const ACCESS: &str = "system.posix_acl_access";
#[cfg(target_os = "linux")]
const DEFAULT: &str = "system.posix_acl_default";

/// Gives the list that a folder hands on to what is new in it.
#[cfg(target_os = "linux")]
pub(crate) fn default_list(folder: impl AsFd) -> Result<Option<Vec<u8>>> {
    let mut list = [0; 1024];
    match rustix::fs::fgetxattr(&folder, DEFAULT, &mut list[..]) {
        Ok(len) => Ok(Some(list[..len].to_vec())),
        Err(Errno::NODATA | Errno::OPNOTSUPP) => Ok(None),
        Err(Errno::RANGE) => {
            let mut list = vec![0; 64 * 1024];
            rustix::fs::fgetxattr(&folder, DEFAULT, list.as_mut_slice()).map(|len| Some(list[..len].to_vec()))
        }
        Err(e) => Err(e),
    }
}

/// Takes away the list that a folder of ours was handed, so that nothing staged in it has one.
#[cfg(target_os = "linux")]
pub(crate) fn hand_nothing_on(folder: impl AsFd) -> Result<()> {
    drop_attribute(folder, DEFAULT)
}

/// Says whether a file has a list of its own.
#[cfg(target_os = "linux")]
pub(crate) fn has_list(file: impl AsFd) -> bool {
    rustix::fs::fgetxattr(file, ACCESS, &mut [0_u8; 0][..]).is_ok()
}

/// Gives a file its list.
#[cfg(target_os = "linux")]
pub(crate) fn set_list(file: impl AsFd, list: &[u8]) -> Result<()> {
    rustix::fs::fsetxattr(file, ACCESS, list, rustix::fs::XattrFlags::empty())
}

/// Takes a file's own list away.
#[cfg(target_os = "linux")]
pub(crate) fn drop_list(file: impl AsFd) -> Result<()> {
    drop_attribute(file, ACCESS)
}

#[cfg(target_os = "linux")]
fn drop_attribute(handle: impl AsFd, name: &str) -> Result<()> {
    match rustix::fs::fremovexattr(handle, name) {
        Err(Errno::NODATA | Errno::OPNOTSUPP) => Ok(()),
        other => other,
    }
}

#[cfg(not(target_os = "linux"))]
pub(crate) fn default_list(_folder: impl AsFd) -> Result<Option<Vec<u8>>> {
    Ok(None)
}

#[cfg(not(target_os = "linux"))]
pub(crate) fn hand_nothing_on(_folder: impl AsFd) -> Result<()> {
    Ok(())
}

#[cfg(not(target_os = "linux"))]
pub(crate) fn has_list(_file: impl AsFd) -> bool {
    false
}

#[cfg(not(target_os = "linux"))]
pub(crate) fn set_list(_file: impl AsFd, _list: &[u8]) -> Result<()> {
    Err(Errno::NOSYS)
}

#[cfg(not(target_os = "linux"))]
pub(crate) fn drop_list(_file: impl AsFd) -> Result<()> {
    Ok(())
}
