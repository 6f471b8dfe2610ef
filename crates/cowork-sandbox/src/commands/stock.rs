//! What a program that goes on has changed so far, taken down under the call that asks for it.
//!
//! The program has a layer of its own for as long as it runs. Each time, what is other in it than in the folders is found, and copied to
//! the layer of the call: from then on it is what a command of that call would have left, whatever the program does meanwhile. What came
//! into the folders in that way is no change by somebody else the next time, and no difference either.

use std::{
    fs::{self, File},
    os::fd::OwnedFd,
    path::Path,
};

use cowork_core::{Access, CallId, Error, Remark, Result};
use rustix::{fs::Mode, io::Errno};

use super::{SINCE, kept};
use crate::{
    fault::{Fault, error, shown},
    session::Held,
    staged::{self, Becomes, Copied, Found, Item, Ours, Part},
    sys,
    view::Dirs,
};

/// Which program's changes are in a call's layer.
const PROGRAM: &str = "program";
/// What of a program's changes is in the folders.
const OURS: &str = "ours";

const OP: &str = "look at changes";

/// Takes down under a call what a program has changed so far.
pub(crate) fn take_stock(held: &Held, call: CallId, program: CallId) -> Result<()> {
    let room = &held.room;
    let theirs = room.layer(program);
    let since = kept::since(&theirs)?;
    room.is_still(call)?;
    room.remove(call)?;
    let at = room.layer(call);
    let taken = copied(held, (&at, &theirs), since);
    let written = taken.and_then(|found| {
        fs::write(at.join(PROGRAM), program.to_string()).map_err(|e| failed(e, &at))?;
        found.write(&at.join(kept::FOUND))
    });
    // What is there by half is nothing that could be shown.
    written.inspect_err(|_| _ = room.remove(call))
}

fn failed(e: std::io::Error, at: &Path) -> Error {
    Fault::from(e).error(OP, &shown(at))
}

fn copied(held: &Held, (at, theirs): (&Path, &Path), since: i64) -> Result<Found> {
    fs::create_dir(at).and_then(|()| File::create(at.join(SINCE))).map_err(|e| failed(e, at))?;
    let roots = held.view.roots.iter().enumerate().filter(|(_, root)| root.access == Access::Write);
    let (roots, mut parts): (Vec<_>, Vec<_>) = (roots.collect(), Vec::new());
    for (n, root) in &roots {
        let (upper, list) = staged::part(theirs, *n);
        parts.push(Part { name: &root.name, lower: &root.dir.fd, upper, copied: Copied::read(&list)? });
    }
    let mut found = staged::find(parts, &staged::Since::new(since, ours(theirs)))?;
    let mut torn = Vec::new();
    for (n, root) in roots {
        let (upper, _) = staged::part(theirs, n);
        let to = at.join(format!("{n}/upper"));
        fs::create_dir_all(&to).map_err(|e| failed(e, &to))?;
        let (from, to) = (open(&upper)?, open(&to)?);
        let items = found.items.iter().filter(|item| item.path.root() == root.name);
        for item in items.filter(|item| matches!(item.what, Becomes::File | Becomes::Edited)) {
            match copy(item, &from, &to) {
                Ok(true) => {}
                Ok(false) => torn.push(item.path.clone()),
                Err(e) if e == Errno::NOENT => torn.push(item.path.clone()),
                Err(e) => return Err(error(e, OP, item.path.as_str())),
            }
        }
    }
    found.items.retain(|item| !torn.contains(&item.path));
    found.guarded.retain(|remark| !torn.contains(&remark.path));
    let why = "was just being written, and comes with what the program does next";
    found.left_out.extend(torn.into_iter().map(|path| Remark { path, why: why.to_owned() }));
    Ok(found)
}

fn open(at: &Path) -> Result<OwnedFd> {
    sys::open_real(at).map_err(|e| error(e, OP, &shown(at)))
}

/// Copies a file, and says whether it is the one that was found. The program may put anything in its place meanwhile.
fn copy(item: &Item, from: &OwnedFd, to: &OwnedFd) -> rustix::io::Result<bool> {
    let names: Vec<Vec<u8>> = item.path.below().collect();
    let Some((name, folders)) = names.split_last() else { return Ok(false) };
    let (mut from, mut to) = (from.try_clone().map_err(|e| number(&e))?, to.try_clone().map_err(|e| number(&e))?);
    for folder in folders {
        from = sys::open_below(&from, folder)?;
        match rustix::fs::mkdirat(&to, folder.as_slice(), Mode::RWXU) {
            Err(e) if e != Errno::EXIST => return Err(e),
            _ => to = sys::open_below(&to, folder)?,
        }
    }
    let source = sys::content::open_regular(&from, name)?;
    let Some(seen) = &item.after else { return Ok(false) };
    staged::carry(&source, seen.size, &mut sys::create(&to, name, 0o600)?).map_err(|e| number(&e))?;
    Ok(seen.is_of(&sys::look_at(&source)?))
}

fn number(e: &std::io::Error) -> Errno {
    Errno::from_io_error(e).unwrap_or(Errno::IO)
}

/// Gives what of a program's changes is in the folders already.
fn ours(theirs: &Path) -> Ours {
    fs::read(theirs.join(OURS)).ok().and_then(|bytes| serde_json::from_slice(&bytes).ok()).unwrap_or_default()
}

/// Notes that what was found is in the folders now, if it was a program's that goes on.
pub(super) fn note(held: &Held, call: CallId, taken: &Found) {
    let program = fs::read_to_string(held.room.layer(call).join(PROGRAM)).ok();
    let Some(theirs) = program.and_then(|id| id.parse().ok()).map(|id| held.room.layer(id)) else { return };
    if !theirs.is_dir() {
        return;
    }
    let dirs = Dirs::new(&held.view);
    let mut all = ours(&theirs);
    let paths = taken.items.iter().flat_map(|item| match &item.what {
        Becomes::Moved(from) => vec![item.path.clone(), from.clone()],
        _ => vec![item.path.clone()],
    });
    for path in paths.flat_map(|path| [path.parent(), Some(path)]).flatten() {
        let look = dirs.look(&path).ok().flatten();
        all.extend(look.map(|look| (look.ino, look.ctime)));
    }
    // Without it what was taken over is named as somebody else's change the next time: less comes of it, and nothing is lost.
    _ = serde_json::to_vec(&all).map(|bytes| fs::write(theirs.join(OURS), bytes));
}
