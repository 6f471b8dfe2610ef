//! Makes the changes of one call: in batches, each written down and durable before it is done.

use std::{
    collections::{BTreeSet, HashSet},
    sync::Arc,
};

use cowork_core::{
    CallId, CancellationToken, Change, Changed, Clash, Error, FilePath, Kind, Otherwise, Result, Watch, Write,
};

use crate::{
    act::Work,
    asked::{about, checksum, target, validate},
    disk::Stop,
    fault::Trouble,
    journal::Journal,
    plan::{Planned, Planner, stuck},
    record::{Act, Record, Step, split},
    settle::{self, discard},
    stamp::{Print, Seen},
    state::{ChangeState, End, Stage},
    sys, undo,
    view::View,
};

/// How many changes go by between two words about how far it is.
const TELL: u64 = 64;

struct Job<'a> {
    work: Work<'a>,
    planner: Planner<'a>,
    call: CallId,
    changes: &'a [Change],
    /// Whether all are to be made or none.
    all: bool,
    watch: &'a Watch,
}

/// Makes changes, or, when the call ran before, those that are missing.
pub(crate) fn change(
    journal: &mut Journal,
    (view, seen): (&View, &Seen),
    call: CallId,
    (changes, all): (&[Change], bool),
    watch: &Watch,
    // Set when nobody waits for the answer any more.
    left: &CancellationToken,
) -> Result<Changed> {
    changes.iter().try_for_each(|change| validate(view, change))?;
    if journal.broken {
        let text = "an earlier change could not be brought to an end or given back";
        return Err(Error::new(Kind::Unavailable, "change", text).with_fix("open the folders again to have it settled"));
    }
    let c = call_number(journal, call);
    compare(journal, c, changes)?;
    journal.disk.stop = Stop::when([watch.cancel.clone(), left.clone()]);
    let work = Work::new(journal, view);
    let mut job = Job { work, planner: Planner::new(c, view, seen), call, changes, all, watch };
    let made = job.run();
    job.planner.batch.steps.iter().for_each(|step| discard(&mut job.work, &step.a));
    // What is given back is given back to its end.
    journal.disk.stop = Stop::default();
    match made {
        Ok(()) => match journal.flush() {
            Ok(()) => Ok(outcome(journal, c, changes)),
            Err(e) => Err(give_up(journal, view, c, e)),
        },
        Err(e) if e.kind == Kind::Cancelled && !all => Err(stopped(journal, view, e)),
        Err(e) => Err(give_up(journal, view, c, e)),
    }
}

impl Job<'_> {
    fn run(&mut self) -> Result<()> {
        self.remember_before();
        // Each pass leaves out what has come to its end. There is another only when somebody took a name just before us.
        while !self.pass()? {}
        Ok(())
    }

    /// Goes through the changes in order; says whether it came to their end.
    fn pass(&mut self) -> Result<bool> {
        for (i, change) in (0u32..).zip(self.changes) {
            self.may_go_on()?;
            let known = self.work.journal.state.known(self.planner.c, i);
            if known.is_some_and(|change| change.end.is_some()) {
                continue;
            }
            loop {
                match self.planner.plan(&mut self.work, i, change) {
                    Ok(Planned::Waits) => {}
                    Ok(Planned::First) if self.planner.batch.steps.is_empty() => return Err(stuck()),
                    Ok(Planned::First) if self.flush()? => continue,
                    Ok(Planned::First) => return Ok(false),
                    Ok(Planned::Nothing) => self.leave(i, None)?,
                    Err(Trouble::This(reason)) => self.leave(i, Some(reason))?,
                    Err(Trouble::All(e)) => return Err(e),
                }
                break;
            }
            if self.planner.is_full(&self.work) && !self.flush()? {
                return Ok(false);
            }
        }
        self.flush()
    }

    /// Writes the batch down, does it, makes it durable. Says whether all went as planned; if not, the rest is planned anew.
    fn flush(&mut self) -> Result<bool> {
        let batch = std::mem::take(&mut self.planner.batch);
        if batch.steps.is_empty() {
            return Ok(true);
        }
        let first = self.work.journal.state.next_step();
        let mut records = batch.times;
        records.extend(batch.steps.iter().cloned().map(Record::Step));
        if let Err(e) = self.work.journal.commit(records) {
            batch.steps.iter().for_each(|step| discard(&mut self.work, &step.a));
            return Err(e);
        }
        // What was open while content was staged may have been moved out of the grant meanwhile.
        self.work.dirs.clear();
        let (as_planned, stop) = self.forward(first, &batch.steps);
        let stayed = self.leave_what_moved_away(first, &batch.steps);
        self.work.staged.clear();
        self.work.settle_folders()?;
        stop.and(stayed).map(|()| as_planned)
    }

    /// Does the steps of a batch. Says whether all went as planned, and what none can get past.
    fn forward(&mut self, first: u64, steps: &[Arc<Step>]) -> (bool, Result<()>) {
        let (mut as_planned, mut left_out, mut stop) = (true, None, Ok(()));
        for (n, step) in (first..).zip(steps) {
            stop = stop.and_then(|()| self.may_go_on());
            if !as_planned || stop.is_err() || left_out == Some(step.i) {
                self.void(n, step);
                continue;
            }
            match self.work.forward(&step.a) {
                Ok(()) => {
                    self.work.journal.mark(Record::Done(n, n));
                    self.remember(&step.a);
                }
                // Stopped while it copied: nothing had been done yet.
                Err(Trouble::All(e)) if e.kind == Kind::Cancelled => {
                    self.void(n, step);
                    stop = Err(e);
                }
                // Not known whether it was done: the disk will say.
                Err(Trouble::All(e)) => stop = Err(e),
                Err(Trouble::This(reason)) => {
                    self.void(n, step);
                    match self.met(step) {
                        Met::Fine => {}
                        Met::Taken => as_planned = false,
                        Met::Trouble => {
                            left_out = Some(step.i);
                            stop = self.leave(step.i, Some(reason));
                        }
                    }
                }
            }
            self.tell(step);
        }
        (as_planned, stop)
    }

    /// A folder that was moved away while a batch was at work in it takes nothing along, and gave nothing: the changes that
    /// it had a part in are taken back and left out.
    fn leave_what_moved_away(&mut self, first: u64, steps: &[Arc<Step>]) -> Result<()> {
        let gone = self.work.moved_away();
        if gone.is_empty() {
            return Ok(());
        }
        let folder_of = |step: &Step| {
            let (a, b) = step.a.paths();
            let folders = [Some(a), b].into_iter().flatten().filter_map(split);
            folders.map(|(folder, _)| folder).find(|folder| gone.contains(*folder)).map(str::to_owned)
        };
        let moved: HashSet<u32> = steps.iter().filter(|step| folder_of(step).is_some()).map(|step| step.i).collect();
        let (mut left, mut stays) = (BTreeSet::new(), HashSet::new());
        for (at, step) in steps.iter().enumerate().rev().filter(|(_, step)| moved.contains(&step.i)) {
            let n = first + at as u64;
            if self.work.journal.state.step(n).is_none_or(|(_, stage)| *stage != Stage::Done) {
                continue;
            }
            if stays.contains(&step.i) || !self.work.take_back(&step.a) {
                // As if it had been moved away a moment later: undo names it.
                stays.insert(step.i);
                continue;
            }
            self.work.journal.mark(Record::Back(n, n));
            discard(&mut self.work, &step.a);
            left.insert(step.i);
        }
        left.iter().filter(|i| !stays.contains(i)).try_for_each(|i| {
            let folder = steps.iter().filter(|step| step.i == *i).find_map(|step| folder_of(step));
            self.leave(*i, Some(format!("`{}` was moved away by somebody meanwhile", folder.unwrap_or_default())))
        })
    }

    /// What we did ourselves is no news to this session: it knows what it wrote, and what it moved as it knew it before.
    fn remember(&mut self, act: &Act) {
        let look = |path| self.work.dirs.look(path).ok().flatten().filter(sys::Look::is_file);
        let seen = self.planner.seen;
        match act {
            Act::Put { p, x, .. } | Act::Swap { p, x, .. } => {
                if let (Some(look), Ok(hash)) = (look(p), blake3::Hash::from_hex(x)) {
                    seen.note(self.call, p, Print::written(&look, &hash));
                }
            }
            Act::Move { .. } | Act::Mode { .. } => {
                let (from, to) = (act.paths().0, act.target());
                if !self.planner.same.remove(from) {
                    return;
                }
                if let (Some(look), Some(print)) = (look(to), seen.get(from)) {
                    seen.forget(from);
                    seen.note(self.call, to, print.renewed(&look));
                }
            }
            _ => {}
        }
    }

    /// What the call wrote before it was cut off is no news either, if it is still there as it was left.
    fn remember_before(&self) {
        let state = &self.work.journal.state;
        if state.calls.get(self.planner.c as usize).is_none_or(|call| call.changes.is_empty()) {
            return;
        }
        let ours = state.standing().into_iter().filter_map(|n| state.step(n)).filter(|(s, _)| s.c == self.planner.c);
        for (step, _) in ours {
            let (Act::Put { p, x, id, .. } | Act::Swap { p, x, id, .. }) = &step.a else { continue };
            let look = self.work.dirs.look(p).ok().flatten();
            if let (Some(look), Ok(hash)) = (look.filter(|look| id.is(look)), blake3::Hash::from_hex(x)) {
                self.planner.seen.note(self.call, p, Print::written(&look, &hash));
            }
        }
    }

    /// Looks what a step that could not be done ran into.
    fn met(&self, step: &Step) -> Met {
        let there = self.work.dirs.look(step.a.target()).ok().flatten();
        let numbers = matches!(
            self.changes.get(step.i as usize),
            Some(
                Change::Write(Write { clash: Clash::Number, .. })
                    | Change::Move { clash: Clash::Number, .. }
                    | Change::Copy { clash: Clash::Number, .. }
            )
        );
        match (&step.a, there) {
            (Act::Make { .. }, Some(there)) if there.is_folder() => Met::Fine,
            (Act::Move { f, .. }, Some(_)) if numbers && self.work.dirs.look(f).ok().flatten().is_some() => Met::Taken,
            (Act::Put { .. }, Some(_)) if numbers => Met::Taken,
            _ => Met::Trouble,
        }
    }

    fn void(&mut self, n: u64, step: &Arc<Step>) {
        discard(&mut self.work, &step.a);
        self.work.journal.mark(Record::Void(n));
    }

    fn leave(&mut self, i: u32, reason: Option<String>) -> Result<()> {
        let change = &self.changes[i as usize];
        if let (true, Some(reason)) = (self.all, &reason) {
            let text = format!("{reason}; so none of the changes was made");
            return Err(Error::new(Kind::Conflict, "change", text)
                .with("index", i.to_string())
                .with("path", about(change).as_str())
                .with_fix("look at the file again, then make the changes that fit it"));
        }
        let why = reason.map(|reason| (about(change).clone(), reason));
        self.work.journal.mark(Record::Left { c: self.planner.c, i, h: checksum(change), why });
        Ok(())
    }

    fn may_go_on(&self) -> Result<()> {
        self.work.journal.disk.stop.may_go_on().map_err(|e| e.error("change", "the folders"))
    }

    fn tell(&self, step: &Step) {
        let (done, total) = (u64::from(step.i) + 1, self.changes.len() as u64);
        if !step.more && (done % TELL == 0 || done == total) {
            (self.watch.progress)(done, total, step.a.target().as_str());
        }
    }
}

enum Met {
    /// It is there already, as it should be.
    Fine,
    /// Its name was taken, and it may have another.
    Taken,
    Trouble,
}

/// Gives how many changes a call made that stand.
pub(crate) fn made_before(journal: &Journal, call: CallId) -> u64 {
    let call = journal.state.ids.get(&call).and_then(|c| journal.state.calls.get(*c as usize));
    let made = |change: &&ChangeState| matches!(change.end, Some(End::Made(_)));
    call.map_or(0, |call| call.changes.iter().flatten().filter(made).count() as u64)
}

fn call_number(journal: &mut Journal, call: CallId) -> u32 {
    if let Some(c) = journal.state.ids.get(&call) {
        return *c;
    }
    journal.mark(Record::Call(call));
    journal.state.ids.get(&call).copied().unwrap_or(u32::MAX)
}

/// A call that runs again must ask for the same.
fn compare(journal: &Journal, c: u32, changes: &[Change]) -> Result<()> {
    let known = journal.state.calls.get(c as usize).map_or(&[][..], |call| &call.changes);
    for (i, known) in known.iter().enumerate() {
        let Some(known) = known else { continue };
        if changes.get(i).map(checksum) != Some(known.hash) {
            let text =
                format!("the call ran before with another change in place {i}, so it can't be told which were made");
            return Err(
                Error::new(Kind::Conflict, "change", text).with_fix("undo the task, or make the changes in a new call")
            );
        }
    }
    Ok(())
}

/// A call that was stopped leaves no change half-made.
fn stopped(journal: &mut Journal, view: &View, error: Error) -> Error {
    match settle::settle(journal, view) {
        Ok(()) => error,
        Err(e) => {
            journal.broken = true;
            error.with("left", format!("a change that was begun was not given back: {}", e.message))
        }
    }
}

/// Gives back what the call did, and its error.
fn give_up(journal: &mut Journal, view: &View, c: u32, error: Error) -> Error {
    // A failed step may have been done all the same.
    let settled = settle::look(journal, view, true);
    match settled.and_then(|()| undo::roll_back(journal, view, c)) {
        Ok(()) => error,
        Err(e) => {
            journal.broken = true;
            error.with("left", format!("what the call had changed was not all given back: {}", e.message))
        }
    }
}

fn outcome(journal: &Journal, c: u32, changes: &[Change]) -> Changed {
    let mut changed = Changed::default();
    for (i, change) in (0u32..).zip(changes) {
        let (path, renamed, reason) = match journal.state.known(c, i).and_then(|known| known.end.as_ref()) {
            Some(End::Made(n)) => {
                changed.made += 1;
                let asked = target(change);
                match journal.state.step(*n).and_then(|(step, _)| went_to(journal, step, *n)) {
                    Some(got) if &got != asked => {
                        (about(change).clone(), Some(got), format!("`{asked}` is there already"))
                    }
                    _ => continue,
                }
            }
            Some(End::Left(Some((path, reason)))) => (path.clone(), None, reason.clone()),
            Some(End::Left(None)) | None => continue,
        };
        changed.otherwise.push(Otherwise { index: u64::from(i), path, renamed, reason });
    }
    changed
}

/// Gives the path that a change's content went to; for a move to another disk that is in the step before the last.
fn went_to(journal: &Journal, last: &Step, n: u64) -> Option<FilePath> {
    match &last.a {
        Act::Aside { .. } | Act::Away { .. } => {
            let (step, stage) = journal.state.step(n.checked_sub(1)?)?;
            let Act::Put { p, .. } = &step.a else { return Some(last.a.target().clone()) };
            let same = (step.c, step.i) == (last.c, last.i) && *stage == Stage::Done;
            Some(if same { p.clone() } else { last.a.target().clone() })
        }
        act => Some(act.target().clone()),
    }
}
