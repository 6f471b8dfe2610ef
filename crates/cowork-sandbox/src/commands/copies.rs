//! Of which folders a command works in a copy, since what it changes can't be laid over them. It is decided before it runs.

use std::{os::fd::OwnedFd, path::Path};

use cowork_core::{Access, Result};
use rustix::fs::fstatfs;

use crate::{
    Copies,
    confine::{Layer, World},
    grant::Root,
    mounts,
    session::Held,
    staged, sys,
};

/// Disks of this computer's own over and under which folders can be laid, as the kernel numbers them: ext4, XFS, Btrfs.
const PLAIN: [i64; 3] = [0xef53, 0x5846_5342, 0x9123_683e];

/// Says for each folder whether commands always work in a copy of it.
///
/// # Errors
/// As [`World::refused`]'s.
pub(super) fn needed(held: &Held, world: &World, layers: &Path, most: &Copies) -> Result<Vec<bool>> {
    let roots = &held.view.roots;
    // Where all are copied anyway, nobody has to look.
    let always = most.always || !world.lays_over();
    let mut needed: Vec<bool> = roots.iter().map(|root| always || staged::is_foreign(&root.dir.fd)).collect();
    let is_known = |root: &Root| root.access != Access::Write || is_plain(&root.dir.fd);
    let are_known = sys::open_real(layers).is_ok_and(|layers| is_plain(&layers)) && roots.iter().all(is_known);
    if !always && !are_known {
        world.refused()?.into_iter().filter_map(|n| needed.get_mut(n).map(|is| *is = true)).for_each(drop);
    }
    Ok(needed)
}

/// Fills the copies that a layer needs.
///
/// # Errors
/// `LimitExceeded` for a folder with more in it than may be copied; `Unavailable`.
pub(super) fn fill(held: &Held, layer: &mut Layer, needed: &[bool], most: &Copies) -> Result<()> {
    for (n, root) in held.view.roots.iter().enumerate().filter(|(_, root)| root.access == Access::Write) {
        if needed.get(n).is_some_and(|needed| *needed) || mounts::has_within(&root.dir.path) {
            let to = layer.copy(n)?;
            staged::copy(&root.name, &root.dir.fd, &to, &to.with_file_name(staged::LIST), most)?;
        }
    }
    Ok(())
}

/// Says whether a folder is on a disk where nothing stands against laying another over it; in one that does not tell capitals apart
/// something does.
fn is_plain(folder: &OwnedFd) -> bool {
    const NO_CAPITALS: u32 = 0x4000_0000;
    let flags = rustix::fs::ioctl_getflags(folder).map(|flags| flags.bits());
    fstatfs(folder).is_ok_and(|disk| PLAIN.contains(&disk.f_type)) && flags.is_ok_and(|flags| flags & NO_CAPITALS == 0)
}
