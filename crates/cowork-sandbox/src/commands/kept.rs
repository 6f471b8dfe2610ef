//! What a call's commands changed: found, shown, and taken over or let go.

use std::{fs::File, path::Path};

use cowork_core::{Access, CallId, CancellationToken, Changed, Error, Kind, Otherwise, Result, Staged, Watch};

use super::{SINCE, stock};
use crate::{
    change,
    fault::{Fault, shown},
    journal::Journal,
    session::Held,
    staged::{self, Copied, Found, Part, Settled, Since},
    sweep, sys,
    view::Dirs,
};

/// What a layer holds besides: what was found in it, what is being taken over of that.
pub(super) const FOUND: &str = "found";
const TAKEN: &str = "taken";
/// What came of taking it over; then the rest of the layer is gone.
const DONE: &str = "done";

/// Says what a call's commands changed, and writes it down: it is what can be committed.
pub(crate) fn staged(held: &Held, call: CallId) -> Result<Staged> {
    held.room.is_still(call)?;
    let at = held.room.layer(call);
    let found = match Found::read(&at.join(TAKEN))? {
        Some(taken) => taken,
        None => look(held, call)?,
    };
    Ok(found.staged(call))
}

fn look(held: &Held, call: CallId) -> Result<Found> {
    let at = held.room.layer(call);
    if let Some(found) = Found::read(&at.join(FOUND))? {
        return Ok(found);
    }
    let since = since(&at)?;
    let all = held.view.roots.iter().enumerate().filter(|(_, root)| root.access == Access::Write);
    let mut parts = Vec::new();
    for (n, root) in all {
        let (upper, list) = staged::part(&at, n);
        parts.push(Part { name: &root.name, lower: &root.dir.fd, upper, copied: Copied::read(&list)? });
    }
    let found = staged::find(parts, &Since::new(since, Settled::default()))?;
    found.write(&at.join(FOUND))?;
    Ok(found)
}

/// Gives when a layer's command began, in nanoseconds since 1970.
pub(super) fn since(at: &Path) -> Result<i64> {
    let none = |_| {
        Error::new(Kind::NotFound, "look at changes", "no command of this call has anything kept")
            .with_fix("run it again, if it is wanted")
    };
    let marker = File::open(at.join(SINCE)).map_err(none)?;
    Ok(sys::look_at(&marker).map_err(|e| Fault::from(e).error("look at changes", &shown(at)))?.ctime)
}

/// Brings what a call's commands changed into the folders.
pub(crate) fn commit(
    held: &Held,
    journal: &mut Journal,
    call: CallId,
    watch: &Watch,
    left: &CancellationToken,
) -> Result<Changed> {
    held.room.is_still(call)?;
    let at = held.room.layer(call);
    // Cut off between its end and its record.
    if let Some(changed) = done(&at) {
        return Ok(changed);
    }
    let taken = match Found::read(&at.join(TAKEN))? {
        Some(taken) => taken,
        None => {
            let dirs = Dirs::new(&held.view);
            let taken = look(held, call)?.without_changed_since(&Since::new(since(&at)?, Settled::default()), &dirs);
            taken.write(&at.join(TAKEN))?;
            taken
        }
    };
    let noted = taken.clone();
    let place = |name: &str| held.view.roots.iter().position(|root| root.name == name);
    let changes = taken.changes(|name| Some(staged::part(&at, place(name)?).0));
    let mut changed = match changes.is_empty() {
        true => Changed::default(),
        false => change::change(journal, (&held.view, &held.seen), call, (&changes, false), watch, left)?,
    };
    let more = taken.left_out.into_iter().zip(changes.len() as u64..);
    changed.otherwise.extend(more.map(|(remark, index)| Otherwise {
        index,
        reason: format!("`{}` {}", remark.path, remark.why),
        path: remark.path,
        renamed: None,
    }));
    stock::note(held, call, &noted, &changed);
    finish(held, call, &changed)?;
    Ok(changed)
}

/// Gives what came of a layer that was taken over.
fn done(at: &Path) -> Option<Changed> {
    serde_json::from_slice(&std::fs::read(at.join(DONE)).ok()?).ok()
}

/// Notes what came of a layer, and removes all else of it.
fn finish(held: &Held, call: CallId, changed: &Changed) -> Result<()> {
    let at = held.room.layer(call);
    let failed = |e: std::io::Error| Fault::from(e).error("commit changes", &shown(&at));
    let text = serde_json::to_vec(changed).map_err(|e| failed(e.into()))?;
    let part = at.join("done.part");
    let written = File::create(&part)
        .and_then(|mut file| std::io::Write::write_all(&mut file, &text).and_then(|()| file.sync_all()));
    written.and_then(|()| std::fs::rename(&part, at.join(DONE))).map_err(failed)?;
    let folder = sys::open_real(&at).map_err(|e| Fault::from(e).error("commit changes", &shown(&at)))?;
    // It is in the folders: what can't be removed now goes with the task.
    for name in sys::names(&folder, usize::MAX).unwrap_or_default().iter().filter(|name| *name != DONE.as_bytes()) {
        if sys::remove_file(&folder, name).is_err() {
            sweep::remove(&folder, name);
        }
    }
    Ok(())
}

/// Lets go of what a call's commands changed.
pub(crate) fn discard(held: &Held, call: CallId) -> Result<()> {
    held.room.is_still(call)?;
    held.room.remove(call)
}
