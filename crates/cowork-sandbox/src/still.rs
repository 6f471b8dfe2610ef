//! Whether what is to be set aside is still what was looked at: it, all that is in it, and the file of which it is a copy.

use std::os::fd::AsFd;

use cowork_core::{FilePath, Still};
use rustix::io::Errno;

use crate::{
    act::Work,
    fault::{Fault, Trouble},
    plan::{Plan, source},
    record::split,
    sys::{self, Look},
};

/// Folders are looked through this far down; what is deeper is not taken for unchanged.
const DEEPEST: usize = 256;

/// Refuses what is not as it was any more.
pub(crate) fn is_so(work: &Work<'_>, still: &Still, path: &FilePath, look: &Look) -> Plan<()> {
    if let Some(copied) = &still.copy_of {
        stays(work, still, copied, look)?;
    }
    let since = still.unchanged_since;
    let is_other = is_later(look, since) || look.is_folder() && changed_in(work, path, since)?;
    if !is_other {
        return Ok(());
    }
    let what = if look.is_folder() { "something in it was changed" } else { "it was changed" };
    Err(Trouble::This(format!("`{path}` is not as it was any more: {what} since it was looked at")))
}

fn stays(work: &Work<'_>, still: &Still, copied: &FilePath, copy: &Look) -> Plan<()> {
    let is_one = |look: &Look| (look.dev, look.ino) == (copy.dev, copy.ino);
    let is_as_it_was = |look: &Look| look.is_file() && look.size == copy.size && !is_later(look, still.unchanged_since);
    match source(work, copied) {
        Ok(look) if is_one(&look) => Err(Trouble::This(format!("`{copied}` is that file itself, not a copy of it"))),
        Ok(look) if is_as_it_was(&look) => Ok(()),
        Ok(_) => Err(Trouble::This(format!("`{copied}`, of which it is a copy, was changed since it was looked at"))),
        Err(Trouble::This(_)) => {
            Err(Trouble::This(format!("`{copied}`, of which it is a copy, is not there any more")))
        }
        Err(all) => Err(all),
    }
}

/// Says whether something was changed after a moment, by the time that only the disk sets: that of its content may be any, also one to come.
fn is_later(look: &Look, since: i64) -> bool {
    let at = match look.is_file() && look.links > 1 {
        // Moving one of its names gives a file a new time under all of them.
        true if look.mtime <= look.ctime => look.mtime,
        true => return false,
        // A disk that tells no such time can't say that nothing was changed.
        false if look.ctime <= 0 => return true,
        false => look.ctime,
    };
    at.div_euclid(1_000_000) > since
}

fn changed_in(work: &Work<'_>, path: &FilePath, since: i64) -> Plan<bool> {
    let failed = |e: Errno| Fault::Os(e).at(path.as_str());
    let Some((folder, name)) = split(path) else { return Ok(true) };
    let open = work.dirs.get(folder).map_err(|e| Fault::Os(e).at(folder))?;
    let folder = sys::open_folder(&open.dir.fd, &name).map_err(failed)?;
    is_any_later(folder, since, DEEPEST).map_err(failed)
}

fn is_any_later(folder: impl AsFd, since: i64, deep: usize) -> Result<bool, Errno> {
    for name in sys::names(&folder, usize::MAX)? {
        let look = sys::look(&folder, &name)?;
        if is_later(&look, since) || deep == 0 {
            return Ok(true);
        }
        if look.is_folder() && is_any_later(sys::open_folder(&folder, &name)?, since, deep - 1)? {
            return Ok(true);
        }
    }
    Ok(false)
}
