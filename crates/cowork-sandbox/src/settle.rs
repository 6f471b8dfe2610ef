//! After a process died: finds out from the disk what became of the steps that have no mark, by the identity of their things.

use std::{collections::HashMap, sync::Arc};

use cowork_core::{FilePath, Result};
use rustix::io::Errno;

use crate::{
    act::Work,
    fault::{Fault, Trouble},
    journal::Journal,
    judge,
    record::{Act, Id, Record, Step, beside, split},
    stage,
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
        if judge::out_of_reach(&work, &step).is_some() {
            // Looked at again when it is there.
            continue;
        }
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
    let has = |look: Option<Look>, id: &Id| look.is_some_and(|look| look.ino == id.ino());
    // Some disks number their files anew each time they are mounted.
    let may_be = |look: Option<Look>, id: &Id| has(look, id) || look.is_some_and(|look| id.is_like(&look));
    let at = |path| work.dirs.look(path);
    Ok(match act {
        Act::Make { p, .. } => at(p)?.is_some_and(|look| look.is_folder()),
        // Neither here nor there: a person took it from where we had put it. Undo will name it.
        Act::Move { f, t, id } => {
            let (former, now) = (at(f)?, at(t)?);
            let gone = former.is_none() || !may_be(former, id) && may_be(now, id);
            !has(former, id) && (has(now, id) || gone)
        }
        Act::Put { p, id, .. } | Act::Restore { p, id, .. } => may_be(at(p)?, id),
        Act::Mode { p, id, m } => at(p)?.is_some_and(|look| look.ino == id.ino() && look.mode & 0o7777 == *m),
        Act::Swap { k, p, id, old, .. } => has(at(p)?, id) || has(work.look_kept(*k)?, old),
        Act::Aside { k, p, id } => !has(at(p)?, id) && may_be(work.look_kept(*k)?, id),
        // What was copied in part only, and what is still under a name of ours, was not taken away.
        Act::Away { k, p, id } => {
            let whole = work.look_kept(*k)?.is_some_and(|kept| id.is_like(&kept));
            !may_be(at(p)?, id) && whole && look_beside(work, p, *k)?.is_none()
        }
    })
}

/// Looks at the name of ours beside a path.
fn look_beside(work: &Work<'_>, path: &FilePath, k: u64) -> Result<Option<Look>, Errno> {
    match split(path).map(|(folder, _)| work.dirs.get(folder)) {
        Some(Ok(open)) => open.dir.at(&beside(work.journal.task, k)).look(),
        _ => Ok(None),
    }
}

/// Clears names of ours out of the person's folders: what was being written goes, what was being taken away comes back.
fn tidy(work: &mut Work<'_>) -> Result<()> {
    let state = &work.journal.state;
    let steps: HashMap<u64, _> = state.steps.iter().filter_map(|step| Some((step.0.a.kept()?, step.clone()))).collect();
    for (k, path) in state.beside.clone() {
        match tidy_one(work, &path, k, steps.get(&k)) {
            Ok(()) | Err(Trouble::This(_)) => {}
            Err(Trouble::All(e)) => return Err(e),
        }
    }
    Ok(())
}

fn tidy_one(work: &mut Work<'_>, path: &FilePath, k: u64, step: Option<&(Arc<Step>, Stage)>) -> Result<(), Trouble> {
    let at = |e: Fault| e.at(path.as_str());
    let Some((folder, _)) = split(path) else { return Ok(()) };
    let Ok(open) = work.dirs.get(folder) else { return Ok(()) };
    let ours = beside(work.journal.task, k);
    let ours = open.dir.at(&ours);
    let look = ours.look().map_err(|e| at(e.into()))?;
    if look.is_some() || step.is_none() {
        // It may have come and gone, which the folder's time shows.
        work.place(path)?;
    }
    let Some(look) = look else { return Ok(()) };
    let is_ours = match step.map(|(step, stage)| (&step.a, stage)) {
        // Staged when the process died.
        None => true,
        Some((Act::Put { id, x, .. }, Stage::Planned | Stage::Void)) => {
            id.ino() == look.ino || id.may_be(&look) && stage::hash(ours).is_ok_and(|hash| hash == *x)
        }
        // A copy of what was kept, on its way back.
        Some((Act::Away { .. }, Stage::Done | Stage::Back)) => true,
        // The file itself, taken from its place: also when a program that has it open wrote to it since.
        Some(_) => false,
    };
    if is_ours { work.journal.disk.remove_file(ours).map_err(at) } else { work.return_to(ours, path, &open) }
}
