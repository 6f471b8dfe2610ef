//! Gives steps back, newest first.

use std::collections::HashSet;

use cowork_core::{FilePath, Kept, Result, UndoMode, UndoReport, UndoSpec};

use rustix::io::Errno;

use crate::{
    act::Work,
    fault::{Fault, Trouble},
    journal::Journal,
    judge::{self, Pretence, Verdict, judge},
    others::{Did, Found, Others},
    part::{self, Part},
    record::{Act, Record, split},
    settle,
    state::{Before, Judged, Key, Track},
    sys,
    touched::Touched,
    view::{Dirs, View},
};

/// How many steps are given back between two writes to the journal.
const BATCH: usize = 4096;
const EXAMPLES: usize = 20;

/// How steps are given back.
#[derive(Clone, Debug)]
pub(crate) struct Give {
    pub(crate) mode: UndoMode,
    /// Times of folders first touched by this step or a later one are set back.
    pub(crate) floor: u64,
    /// Whether to go on when the journal can't be written: what is given back is found by identity later.
    pub(crate) regardless: bool,
    /// Steps that stand and are to stay: times of folders that they touched are left as they are.
    pub(crate) rest: Vec<u64>,
}

impl Give {
    pub(crate) const ALL: Self = Self { mode: UndoMode::Act, floor: 0, regardless: false, rest: Vec::new() };
}

struct Undo<'a> {
    work: Work<'a>,
    give: Give,
    seen: Pretence,
    report: UndoReport,
    /// Folders that something was left in or out of: their times are not as before.
    spoiled: HashSet<Key>,
    /// Folders' times still to be set back, the one touched last at the end.
    tracks: Vec<(Key, Before)>,
    others: Others,
    /// How many steps were kept.
    kept: u64,
}

/// Gives back what stands of a task, or the part of it that is asked for.
pub(crate) fn undo(journal: &mut Journal, view: &View, spec: &UndoSpec) -> Result<UndoReport> {
    let mode = spec.mode;
    let Part { steps, rest, already, kept } = part::select(&journal.state, spec);
    let stays = rest.iter().filter(|n| journal.state.step(**n).is_some_and(|(step, _)| !step.more)).count();
    let (mut report, left) = give_back_counted(journal, view, &steps, Give { mode, rest, ..Give::ALL })?;
    report.already = already;
    report.left = stays as u64 + left;
    report.kept.extend(kept);
    report.left += name_unsettled(journal, view, &mut report.kept);
    if mode == UndoMode::Act && !steps.is_empty() {
        if spec.is_part() {
            note_times(journal, view);
        }
        journal.commit(vec![Record::Undone])?;
    }
    Ok(report)
}

/// Names what could not even be looked at, so that nobody knows whether it was done. Gives how many changes that were.
fn name_unsettled(journal: &mut Journal, view: &View, kept: &mut Vec<Kept>) -> u64 {
    let unsettled = journal.state.unsettled();
    let work = Work::new(journal, view);
    let steps = unsettled.iter().filter_map(|n| work.journal.state.step(*n)).map(|(step, _)| step);
    let mut left = 0;
    for step in steps {
        let (path, why) = judge::out_of_reach(&work, step).unwrap_or((step.a.target(), "is not settled yet"));
        kept.push(Kept { path: path.clone(), reason: format!("`{path}` {why}"), was: None });
        left += u64::from(!step.more);
    }
    left
}

/// What stands is given back later: notes what time the folders have that were ours when this began. A run that was cut short
/// may not have come to it.
fn note_times(journal: &mut Journal, view: &View) {
    let dirs = Dirs::new(view);
    let (mut known, mut marks) = (HashSet::new(), Vec::new());
    for (step, _) in &journal.state.steps {
        let (a, b) = step.a.paths();
        for path in [Some(a), b].into_iter().flatten() {
            let Some((folder, _)) = split(path).filter(|(folder, _)| known.insert(*folder)) else { continue };
            let Ok(open) = dirs.get(folder) else { continue };
            let key = (path.root().to_owned(), open.look.ino);
            if journal.state.tracks.get(&key).is_some_and(|track| track.judged == Some(Judged::Ours)) {
                marks.push(Record::After { root: key.0, ino: key.1, t: open.look.mtime });
            }
        }
        if dirs.many() {
            dirs.clear();
        }
    }
    marks.into_iter().for_each(|mark| journal.mark(mark));
}

/// Gives back what a call did that could not come to its end.
pub(crate) fn roll_back(journal: &mut Journal, view: &View, c: u32) -> Result<()> {
    let mine = |n: &u64| journal.state.step(*n).is_some_and(|(s, _)| s.c == c);
    let steps: Vec<_> = journal.state.standing().into_iter().filter(mine).collect();
    let first = (0..journal.state.next_step()).find(mine).unwrap_or(journal.state.next_step());
    let began = journal.commit(vec![Record::Rolling(c)]);
    let gave = give_back(journal, view, &steps, Give { floor: first, regardless: true, ..Give::ALL });
    began?;
    gave?;
    journal.commit(vec![Record::Rolled(c)])?;
    settle::discard_call(journal, view, c);
    Ok(())
}

/// Gives back these steps, which are in order, newest first.
pub(crate) fn give_back(journal: &mut Journal, view: &View, steps: &[u64], give: Give) -> Result<UndoReport> {
    give_back_counted(journal, view, steps, give).map(|(report, _)| report)
}

/// Also gives how many steps were kept.
fn give_back_counted(journal: &mut Journal, view: &View, steps: &[u64], give: Give) -> Result<(UndoReport, u64)> {
    let first = |track: &Track| track.before.iter().find(|before| before.step >= give.floor).cloned();
    let tracks = journal.state.tracks.iter().filter_map(|(key, track)| Some((key.clone(), first(track)?)));
    let mut tracks: Vec<_> = tracks.collect();
    tracks.sort_by_key(|(_, before)| before.step);
    let others = Others::new(journal.journals(), journal.task, journal.state.folders.clone());
    let (work, seen) = (Work::new(journal, view), Pretence::default());
    let report = UndoReport::default();
    let mut undo = Undo { work, give, seen, report, spoiled: HashSet::new(), tracks, others, kept: 0 };
    undo.leave_rest();
    undo.run(steps)?;
    Ok((undo.report, undo.kept))
}

impl Undo<'_> {
    /// A folder that a step touched which stays does not get its former time.
    fn leave_rest(&mut self) {
        let rest = std::mem::take(&mut self.give.rest);
        let state = &self.work.journal.state;
        let steps: Vec<_> = rest.iter().filter_map(|n| state.step(*n)).map(|(step, _)| step.clone()).collect();
        let mut known = HashSet::new();
        for step in &steps {
            let (a, b) = step.a.paths();
            for path in [Some(a), b].into_iter().flatten() {
                let Some((folder, _)) = split(path).filter(|(folder, _)| known.insert(*folder)) else { continue };
                if let Ok(open) = self.work.dirs.get(folder) {
                    self.spoiled.insert((path.root().to_owned(), open.look.ino));
                }
            }
            if self.work.dirs.many() {
                self.work.dirs.clear();
            }
        }
        // Also by the name it had then: just now it may lie elsewhere.
        let touched = |before: &Before| known.contains(before.path.as_str());
        let stays = |key: &Key| state.tracks.get(key).is_some_and(|track| track.before.iter().any(touched));
        self.spoiled.extend(self.tracks.iter().filter(|(key, _)| stays(key)).map(|(key, _)| key.clone()));
    }

    fn run(&mut self, steps: &[u64]) -> Result<()> {
        let mut rest = steps;
        while !rest.is_empty() {
            let (batch, after) = rest.split_at(self.batch_len(rest));
            rest = after;
            if self.give.mode == UndoMode::Act {
                let records = [self.judge_folders(batch), self.announce(batch)].concat();
                match self.work.journal.commit(records.clone()) {
                    // What can't be written down counts all the same while this goes on.
                    Err(_) if self.give.regardless => records.into_iter().for_each(|r| self.work.journal.mark(r)),
                    other => other?,
                }
            }
            for (i, n) in batch.iter().enumerate() {
                self.one(*n)?;
                let next = batch.get(i + 1).or(rest.first());
                self.restore_times(next.map_or(self.give.floor, |n| n + 1))?;
                if self.give.mode == UndoMode::Show && self.work.dirs.many() {
                    self.work.dirs.clear();
                }
            }
            if self.give.mode == UndoMode::Act {
                self.work.settle_folders()?;
            }
        }
        if steps.is_empty() && self.give.mode == UndoMode::Act {
            // Nothing stands, yet what was begun and left may have been seen in a folder's time.
            self.restore_times(self.give.floor)?;
            self.work.settle_folders()?;
        }
        // A folder that still has kept things in it is named by them.
        let mut above: HashSet<FilePath> = HashSet::new();
        for kept in &self.report.kept {
            let folders = std::iter::successors(kept.path.parent(), FilePath::parent);
            folders.take_while(|folder| above.insert(folder.clone())).for_each(drop);
        }
        self.report.kept.retain(|kept| !above.contains(&kept.path));
        Ok(())
    }

    /// A batch ends before a step that depends on one in it: if its marks were lost, it could not be told what was done.
    fn batch_len(&self, steps: &[u64]) -> usize {
        let mut touched = Touched::default();
        let depends = |n: &u64| {
            let Some((step, _)) = self.work.journal.state.step(*n) else { return false };
            let (a, b) = step.a.paths();
            let depends = match &step.a {
                // A folder that was made goes after what came into it, which shows whether it is still there.
                Act::Make { p, .. } => touched.moves(p),
                _ => [Some(a), b].into_iter().flatten().any(|path| touched.depends(path)),
            };
            touched.add(&step.a);
            depends
        };
        let len = steps.len().min(BATCH);
        steps[..len].iter().position(depends).unwrap_or(len)
    }

    /// Says of each folder that the batch touches whether it still has the time we left; asked before the first change, for
    /// then it can't be told from our own.
    fn judge_folders(&self, batch: &[u64]) -> Vec<Record> {
        let mut asked = HashSet::new();
        let mut records = Vec::new();
        for n in batch {
            let Some((step, _)) = self.work.journal.state.step(*n) else { continue };
            let (a, b) = step.a.paths();
            for path in [Some(a), b].into_iter().flatten() {
                let Some((folder, _)) = split(path) else { continue };
                if !asked.insert(folder) {
                    continue;
                }
                let Ok(open) = self.work.dirs.get(folder) else { continue };
                let key = (path.root().to_owned(), open.look.ino);
                match self.work.journal.state.tracks.get(&key) {
                    Some(track) if track.judged.is_none() => {
                        let ours = track.ours && track.after.is_none_or(|t| t == open.look.mtime);
                        let t = Some(open.look.mtime).filter(|_| !ours);
                        records.push(Record::Judged { root: key.0, ino: key.1, ours, t });
                    }
                    _ => {}
                }
            }
        }
        records
    }

    fn one(&mut self, n: u64) -> Result<()> {
        let Some((step, _)) = self.work.journal.state.step(n).cloned() else { return Ok(()) };
        let mut verdict = match judge(&self.work, &self.seen, &step) {
            Verdict::Vacant(reason) => {
                match self.ask_others(&step.a, Verdict::Keep(step.a.target().clone(), reason.clone())) {
                    Verdict::Keep(_, why) if why == reason => Verdict::Give(None),
                    verdict => verdict,
                }
            }
            verdict => verdict,
        };
        if let (Verdict::Give(was), UndoMode::Act) = (&verdict, self.give.mode) {
            match self.work.back(&step.a, *was) {
                Ok(()) => {}
                Err(Trouble::This(reason)) => verdict = Verdict::Keep(step.a.target().clone(), reason),
                Err(Trouble::All(e)) => return Err(e),
            }
        }
        let verdict = self.ask_others(&step.a, verdict);
        match verdict {
            Verdict::Keep(path, reason) => {
                self.spoil(&step.a);
                self.kept += 1;
                let was = Some(step.a.target()).filter(|was| **was != path).cloned();
                let kept = Kept { path, reason, was };
                if self.report.kept.last() != Some(&kept) {
                    self.report.kept.push(kept);
                }
                return Ok(());
            }
            Verdict::Give(_) if self.give.mode == UndoMode::Show => self.seen.take_back(&step.a),
            Verdict::Give(_) | Verdict::Already | Verdict::Gone | Verdict::Vacant(_) => {}
        }
        self.renew(&step.a);
        if self.give.mode == UndoMode::Act {
            // What was found given back may still be lost with the power: its folders are made durable too.
            self.work.touch(&step.a);
            self.work.journal.mark(Record::Back(n, n));
        }
        if !step.more {
            self.report.undone += 1;
            if self.report.examples.len() < EXAMPLES {
                self.report.examples.push(step.a.paths().0.clone());
            }
        }
        Ok(())
    }

    /// What can't be given back because another task has it now says so.
    fn ask_others(&mut self, act: &Act, verdict: Verdict) -> Verdict {
        let is_done = matches!(verdict, Verdict::Give(_) | Verdict::Already) || self.give.regardless;
        if is_done {
            return verdict;
        }
        let is_kept = matches!(act, Act::Aside { .. } | Act::Away { .. });
        let left = judge::left(&self.work, act);
        let found = if is_kept { None } else { self.others.who_has(act.target(), left) };
        if let Some(found) = found.filter(|found| self.is_there(found)) {
            let (was, task) = (act.target(), found.task);
            let (at, now) = match found.at {
                Ok(path) => (path.clone(), path.to_string()),
                Err(real) => (was.clone(), real),
            };
            return match found.did {
                Did::Moved => {
                    Verdict::Keep(at, format!("`{was}` was moved to `{now}` by task {}; undo that first", task.short()))
                }
                Did::Changed => {
                    Verdict::Keep(at, format!("`{was}` was changed by task {}; undo that first", task.short()))
                }
                Did::SetAside => {
                    Verdict::Keep(at, format!("`{was}` was set aside by task {}; undo that first", task.short()))
                }
            };
        }
        let place = act.paths().0;
        let taken = self.work.dirs.look(place).ok().flatten().and_then(|look| self.others.who_took(place, look.ino));
        match (verdict, taken) {
            (Verdict::Keep(path, _), Some(task)) if is_kept || matches!(act, Act::Move { .. }) => Verdict::Keep(
                path,
                format!("its former place `{place}` is taken by what task {} put there; undo that first", task.short()),
            ),
            (verdict, _) => verdict,
        }
    }

    /// A path in another journal may have meant something else before: what is there now has to be the very thing.
    fn is_there(&self, found: &Found) -> bool {
        match (found.did, &found.at, found.ino) {
            (Did::Moved | Did::Changed, Ok(path), Some(ino)) => {
                self.work.dirs.look(path).ok().flatten().is_some_and(|look| look.ino == ino)
            }
            _ => true,
        }
    }

    /// Says which names of ours are about to be in the person's folders for a moment.
    fn announce(&self, batch: &[u64]) -> Vec<Record> {
        let named = |n: &u64| match &self.work.journal.state.step(*n)?.0.a {
            Act::Away { k, p, .. } | Act::Put { k, p, beside: true, .. } => {
                Some(Record::Beside { p: p.clone(), k: *k })
            }
            _ => None,
        };
        batch.iter().filter_map(named).collect()
    }

    /// A file that was brought back from another disk is another inode than it was: earlier steps know it by the former one.
    fn renew(&mut self, act: &Act) {
        let Act::Away { k, p, id } = act else { return };
        let now = match self.give.mode {
            UndoMode::Act => self.work.dirs.look(p),
            UndoMode::Show => self.work.look_kept(*k),
        };
        if let Ok(Some(now)) = now {
            self.work.journal.mark(Record::Renewed { was: id.ino(), is: now.ino });
        }
    }

    fn spoil(&mut self, act: &Act) {
        let (a, b) = act.paths();
        for path in [Some(a), b].into_iter().flatten() {
            if let Some(Ok(open)) = split(path).map(|(folder, _)| self.work.dirs.get(folder)) {
                self.spoiled.insert((path.root().to_owned(), open.look.ino));
            }
        }
    }

    /// Sets back the times of folders that no step before `limit` touched.
    fn restore_times(&mut self, limit: u64) -> Result<()> {
        while self.tracks.last().is_some_and(|(_, before)| before.step >= limit) {
            let Some((key, before)) = self.tracks.pop() else { return Ok(()) };
            if self.give.mode == UndoMode::Act {
                self.restore_time(&key, &before)?;
            }
        }
        Ok(())
    }

    fn restore_time(&mut self, key: &Key, before: &Before) -> Result<()> {
        let folder = &before.path;
        let Some(track) = self.work.journal.state.tracks.get(key).cloned() else { return Ok(()) };
        let Ok(open) = self.work.dirs.get(folder.as_str()) else { return Ok(()) };
        let failed = |e: Fault| e.error("undo", folder.as_str());
        let now = sys::look_at(&open.dir.fd).map_err(|e| failed(e.into()))?.mtime;
        let ours = track.judged.map_or(track.ours && track.after == Some(now), |judged| judged == Judged::Ours);
        let time = match track.judged {
            // Who changed it after us left it so, and an undo of theirs is to find it so.
            Some(Judged::Theirs(Some(theirs))) => theirs,
            _ if ours && !self.spoiled.contains(key) => before.time,
            _ => return Ok(()),
        };
        if open.look.ino != key.1 {
            return Ok(());
        }
        if now != time {
            match self.work.journal.disk.set_folder_mtime(&open.dir, time) {
                // It belongs to somebody else, who alone may set it back; all that was in it is as it was.
                Err(Fault::Os(Errno::PERM | Errno::ACCESS)) => {}
                other => other.map_err(failed)?,
            }
        }
        self.work.touch_folder(folder.as_str(), &open);
        Ok(())
    }
}
