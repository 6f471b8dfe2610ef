//! What a program that goes on has changed so far, taken down under the call that asks for it.
//!
//! The program has a layer of its own for as long as it runs. Each time, what is other in it than in the folders is found, and copied to
//! the layer of the call: from then on it is what a command of that call would have left, whatever the program does meanwhile. What came
//! into the folders in that way is no change by somebody else the next time, and no difference either.

use std::{collections::HashMap, fs, os::fd::OwnedFd, path::Path};

use cowork_core::{Access, CallId, Changed, Error, FilePath, Kind, Remark, Result};
use rustix::{fs::Mode, io::Errno};
use serde::{Deserialize, Serialize};

use super::{kept, mark_beginning};
use crate::{
    fault::{Fault, error, shown},
    session::Held,
    staged::{self, Becomes, Copied, Found, Item, Mark, Part, Settled, Since},
    sys,
    view::Dirs,
};

/// Which program's changes are in a call's layer.
const STOCK: &str = "stock";
/// What of a program's changes is in the folders.
const SETTLED: &str = "settled";
/// So much room is left on the disk.
const ROOM: u64 = 512 << 20;

/// Of which program stock was taken, and what was in its layer then.
#[derive(Serialize, Deserialize)]
struct Stock {
    program: CallId,
    marks: Vec<(FilePath, Mark)>,
}

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
        let stock = Stock { program, marks: marks(held, &theirs, &found) };
        let bytes = serde_json::to_vec(&stock).map_err(|e| failed(e.into(), &at))?;
        fs::write(at.join(STOCK), bytes).map_err(|e| failed(e, &at))?;
        found.write(&at.join(kept::FOUND))
    });
    // What is there by half is nothing that could be shown.
    written.inspect_err(|_| _ = room.remove(call))
}

fn failed(e: std::io::Error, at: &Path) -> Error {
    Fault::from(e).error(OP, &shown(at))
}

fn copied(held: &Held, (at, theirs): (&Path, &Path), since: i64) -> Result<Found> {
    fs::create_dir(at).and_then(|()| mark_beginning(at)).map_err(|e| failed(e, at))?;
    let roots = held.view.roots.iter().enumerate().filter(|(_, root)| root.access == Access::Write);
    let (roots, mut parts): (Vec<_>, Vec<_>) = (roots.collect(), Vec::new());
    for (n, root) in &roots {
        let (upper, list) = staged::part(theirs, *n);
        parts.push(Part { name: &root.name, lower: &root.dir.fd, upper, copied: Copied::read(&list)? });
    }
    let mut found = staged::find(parts, &Since::new(since, settled(theirs)))?;
    check_room(at, &found)?;
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
                Err(e) if matches!(e, Errno::NOSPC | Errno::DQUOT | Errno::IO) => {
                    return Err(error(e, OP, item.path.as_str()));
                }
                // The program put something else in its place, or took away what is needed to read it.
                Err(_) => torn.push(item.path.clone()),
            }
        }
    }
    found.items.retain(|item| !torn.contains(&item.path));
    found.guarded.retain(|remark| !torn.contains(&remark.path));
    let why = "was just being changed, or can't be read; it comes with what the program does next";
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

/// Refuses to fill the disk.
fn check_room(at: &Path, found: &Found) -> Result<()> {
    let copied = |item: &&Item| matches!(item.what, Becomes::File | Becomes::Edited);
    let bytes: u64 =
        found.items.iter().filter(copied).filter_map(|item| item.after.as_ref()).map(|seen| seen.size).sum();
    let disk = rustix::fs::statvfs(at).map_err(|e| error(e, OP, &shown(at)))?;
    let free = disk.f_bavail.saturating_mul(disk.f_frsize);
    if bytes == 0 || bytes.saturating_add(ROOM) <= free {
        return Ok(());
    }
    let text = format!("{bytes} bytes that the program wrote can't be copied: the disk has {free} free");
    Err(Error::new(Kind::Full, OP, text).with_fix("make room on the disk, or have it write less"))
}

/// Gives what is in a program's layer at the paths that were found, as far as it is still that.
fn marks(held: &Held, theirs: &Path, found: &Found) -> Vec<(FilePath, Mark)> {
    let uppers: HashMap<&str, OwnedFd> = held
        .view
        .roots
        .iter()
        .enumerate()
        .filter_map(|(n, root)| Some((root.name.as_str(), sys::open_real(&staged::part(theirs, n).0).ok()?)))
        .collect();
    let look = |path: &FilePath| {
        let names: Vec<Vec<u8>> = path.below().collect();
        let (name, folders) = names.split_last()?;
        let mut at = uppers.get(path.root())?.try_clone().ok()?;
        for folder in folders {
            at = sys::open_below(&at, folder).ok()?;
        }
        sys::look(&at, name).ok().filter(|look| !look.is_folder())
    };
    let mut all = Vec::new();
    for item in &found.items {
        if let Some(look) = look(&item.path).filter(|look| item.after.as_ref().is_none_or(|seen| seen.is_of(look))) {
            all.push((item.path.clone(), staged::mark(&look)));
        }
        if let Becomes::Moved(from) = &item.what
            && let Some(look) = look(from)
        {
            all.push((from.clone(), staged::mark(&look)));
        }
    }
    all
}

/// Gives what of a program's changes is in the folders already.
fn settled(theirs: &Path) -> Settled {
    fs::read(theirs.join(SETTLED)).ok().and_then(|bytes| serde_json::from_slice(&bytes).ok()).unwrap_or_default()
}

/// Notes what of a program's changes is in the folders now, if it was of one that goes on.
pub(super) fn note(held: &Held, call: CallId, taken: &Found, changed: &Changed) {
    let stock = fs::read(held.room.layer(call).join(STOCK)).ok();
    let Some(stock) = stock.and_then(|bytes| serde_json::from_slice::<Stock>(&bytes).ok()) else { return };
    let theirs = held.room.layer(stock.program);
    if !theirs.is_dir() {
        return;
    }
    let marks: HashMap<&FilePath, Mark> = stock.marks.iter().map(|(path, mark)| (path, *mark)).collect();
    let dirs = Dirs::new(&held.view);
    let look = |path: &FilePath| dirs.look(path).ok().flatten();
    let mut all = settled(&theirs);
    let is_otherwise = |path: &FilePath| changed.otherwise.iter().any(|other| other.path == *path);
    for item in taken.items.iter().filter(|item| !is_otherwise(&item.path)) {
        let now = look(&item.path);
        // What is not what was made is somebody else's already.
        let is_made = match (&item.after, &now) {
            (Some(seen), Some(now)) => seen.is_like(now),
            (after, now) => after.is_none() && now.is_none(),
        };
        if !is_made {
            continue;
        }
        all.add(now.as_ref(), marks.get(&item.path).copied());
        let from = if let Becomes::Moved(from) = &item.what { Some(from) } else { None };
        if let Some(from) = from {
            all.add(None, marks.get(from).copied());
        }
        // To put something into a folder is to change it.
        for folder in [item.path.parent(), from.and_then(FilePath::parent)].into_iter().flatten() {
            all.add(look(&folder).as_ref(), None);
        }
    }
    // Without it what was taken over is named as somebody else's change the next time: less comes of it, and nothing is lost.
    _ = serde_json::to_vec(&all).map(|bytes| fs::write(theirs.join(SETTLED), bytes));
}
