//! After a process died: finds out from the disk what became of the steps that have no mark, by the identity of their things.

use cowork_core::Result;
use rustix::io::Errno;

use crate::{
    act::Work,
    fault::{Fault, Trouble},
    journal::Journal,
    record::{Act, Id, Record, beside, split},
    state::Stage,
    sys::Look,
    undo::{self, Give},
    view::View,
};

/// Settles what a dead process left, so that every step is known to be done, not done or given back.
pub(crate) fn settle(journal: &mut Journal, view: &View) -> Result<()> {
    look(journal, view, true)?;
    for c in rolling(journal) {
        undo::roll_back(journal, view, c)?;
    }
    let half_made = journal.state.half_made();
    if !half_made.is_empty() {
        undo::give_back(journal, view, &half_made, Give { floor: u64::MAX, ..Give::ALL })?;
    }
    journal.flush()
}

/// Finds out, and with `act` tidies up and makes durable what was done.
pub(crate) fn look(journal: &mut Journal, view: &View, act: bool) -> Result<()> {
    let unsettled = journal.state.unsettled();
    if unsettled.is_empty() && journal.state.beside.is_empty() {
        return Ok(());
    }
    let mut work = Work::new(journal, view);
    if act {
        tidy(&mut work)?;
    }
    let mut marks = Vec::new();
    for n in unsettled {
        let Some((step, _)) = work.journal.state.step(n).cloned() else { continue };
        let done = was_done(&work, &step.a).map_err(|e| Fault::Os(e).error("recover", step.a.target().as_str()))?;
        marks.push(if done { Record::Done(n, n) } else { Record::Void(n) });
        if act {
            work.touch(&step.a);
        }
        if act && !done {
            discard(&mut work, &step.a);
        }
    }
    if act {
        // A rename that a process saw may still be lost with the power: it counts only once its folders are durable.
        work.settle_folders()?;
    }
    marks.into_iter().for_each(|mark| work.journal.mark(mark));
    Ok(())
}

/// Removes content that was staged for a step that will not be done.
pub(crate) fn discard(work: &mut Work<'_>, act: &Act) {
    let (Act::Put { k, id, .. } | Act::Swap { k, id, .. }) = act else { return };
    if work.discard_beside(act) {
        return;
    }
    // From another disk it was taken back as a copy.
    let is_copy = |look: &Look| matches!(act, Act::Put { beside: true, .. }) && Id::of(look).with_ino(id.ino()) == *id;
    if work.look_kept(*k).ok().flatten().is_some_and(|look| look.ino == id.ino() || is_copy(&look)) {
        // Ours and in nobody's way: if it can't be removed it is kept.
        let _ = work.journal.disk.remove_file(work.journal.kept.at(&crate::record::kept(*k)));
    }
}

/// Removes what a call wrote that was given back: it is nobody's, and the disk may be full.
pub(crate) fn discard_call(journal: &mut Journal, view: &View, c: u32) {
    let steps = journal.state.steps.iter().filter(|(step, stage)| step.c == c && *stage == Stage::Void);
    let void: Vec<_> = steps.map(|(step, _)| step.clone()).collect();
    let mut work = Work::new(journal, view);
    void.iter().for_each(|step| discard(&mut work, &step.a));
}

fn rolling(journal: &Journal) -> Vec<u32> {
    (0..).zip(&journal.state.calls).filter(|(_, call)| call.rolling).map(|(c, _)| c).collect()
}

fn was_done(work: &Work<'_>, act: &Act) -> Result<bool, Errno> {
    let is = |path, ino: u64| Ok::<_, Errno>(work.dirs.look(path)?.is_some_and(|look| look.ino == ino));
    let in_kept = |k, ino: u64| Ok::<_, Errno>(work.look_kept(k)?.is_some_and(|look| look.ino == ino));
    Ok(match act {
        Act::Make { p } => work.dirs.look(p)?.is_some_and(|look| look.is_folder()),
        // Neither here nor there: a person took it from where we had put it. Undo will name it.
        Act::Move { f, t, id } => !is(f, id.ino())? && (is(t, id.ino())? || work.dirs.look(f)?.is_none()),
        Act::Put { p, id, .. } | Act::Restore { p, id, .. } => is(p, id.ino())?,
        Act::Mode { p, id, m } => {
            work.dirs.look(p)?.is_some_and(|look| look.ino == id.ino() && look.mode & 0o7777 == *m)
        }
        Act::Swap { k, p, id, old, .. } => is(p, id.ino())? || in_kept(*k, old.ino())?,
        Act::Aside { k, p, id } => !is(p, id.ino())? && in_kept(*k, id.ino())?,
        Act::Away { k, p, id } => !is(p, id.ino())? && work.look_kept(*k)?.is_some(),
    })
}

/// Clears names of ours out of the person's folders: what was being written goes, what was being taken away comes back.
fn tidy(work: &mut Work<'_>) -> Result<()> {
    for (path, k) in work.journal.state.beside.clone() {
        let tidied = tidy_one(work, &path, k);
        match tidied {
            Ok(()) | Err(Trouble::This(_)) => {}
            Err(Trouble::All(e)) => return Err(e),
        }
    }
    Ok(())
}

fn tidy_one(work: &mut Work<'_>, path: &cowork_core::FilePath, k: u64) -> Result<(), Trouble> {
    let at = |e: Fault| e.at(path.as_str());
    let Some((folder, name)) = split(path) else { return Ok(()) };
    let Ok(open) = work.dirs.get(folder) else { return Ok(()) };
    let ours = beside(work.journal.task, k);
    let ours = open.dir.at(&ours);
    let look = ours.look().map_err(|e| at(e.into()))?;
    let was_step = work.journal.state.steps.iter().any(|(step, _)| step.a.kept() == Some(k));
    if look.is_some() || !was_step {
        // It may have come and gone, which the folder's time shows.
        work.place(path)?;
    }
    let Some(look) = look else { return Ok(()) };
    let holds_theirs = work.journal.state.steps.iter().rev().any(|(step, stage)| match &step.a {
        Act::Away { k: of, id, .. } => *of == k && *stage == Stage::Planned && id.is(&look),
        Act::Put { k: of, beside: true, .. } => *of == k && *stage == Stage::Done,
        _ => false,
    });
    let disk = work.journal.disk.clone();
    if holds_theirs { disk.rename(ours, open.dir.at(&name)).map_err(at) } else { disk.remove_file(ours).map_err(at) }
}
