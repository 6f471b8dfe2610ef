//! Looks whether a step's things are still as it left them, so that it may be taken back.

use std::collections::HashMap;

use cowork_core::FilePath;
use rustix::io::Errno;

use crate::{
    act::Work,
    fault::{reason, shown},
    record::{Act, Id, Step, kept, split},
    stage,
    sys::{self, Look},
    tree::Tree,
};

/// What is to be done about a step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// Take it back; with what was found where a person may change it.
    Give(Option<Id>),
    /// It is as it was before.
    Already,
    /// What was brought is not there, nor in the journal: as before, unless another task has it.
    Gone,
    /// What it changed is not there, and its place is: its former content can go back, unless another task has it. Otherwise
    /// leave it, for this reason.
    Vacant(String),
    /// Leave it, for this reason.
    Keep(FilePath, String),
}

/// Where a thing really is while undo only says what it would do.
#[derive(Clone, Debug)]
enum Thing {
    Path(FilePath),
    /// In `kept/`, and the way down from there.
    Kept(u64, Vec<Vec<u8>>),
}

/// What undo would have changed so far. Empty while it acts: then the disk itself says it.
#[derive(Debug, Default)]
pub(crate) struct Pretence {
    paths: Tree<Option<Thing>>,
    kept: HashMap<u64, Option<Thing>>,
    /// What would lie in a folder in `kept/`, where that is not what does.
    below_kept: HashMap<u64, Vec<(String, Option<Thing>)>>,
    /// Permission bits, by inode.
    modes: HashMap<u64, u32>,
}

/// Judges a step.
pub(crate) fn judge(work: &Work<'_>, seen: &Pretence, step: &Step) -> Verdict {
    if let Some((lost, why)) = out_of_reach(work, step) {
        return Verdict::Keep(lost.clone(), format!("`{lost}` {why}"));
    }
    let (act, target) = (&step.a, step.a.target());
    judged(work, seen, act).unwrap_or_else(|e| Verdict::Keep(target.clone(), reason(e, target.as_str())))
}

/// Says what of a step can't be looked at, and why: then nothing can be told of it.
pub(crate) fn out_of_reach<'a>(work: &Work<'_>, step: &'a Step) -> Option<(&'a FilePath, &'static str)> {
    let (a, b) = step.a.paths();
    if let Some(lost) = [Some(a), b].into_iter().flatten().find(|p| work.dirs.get(p.root()).is_err()) {
        return Some((lost, "can't be reached: its granted folder is not where it was"));
    }
    let mut folders = work.journal.state.folders.iter();
    let knows = folders.any(|f| f.name == a.root() && f.born.is_some()) || step.d.is_some();
    match (step.d, work.dirs.disk(a)) {
        _ if !knows => None,
        (None, None) => None,
        (Some(was), Some(is)) if !sys::differ(was, is) => None,
        (Some(_), None) => Some((a, "can't be reached: its disk is not there")),
        _ => Some((a, "can't be reached: another disk is where it was")),
    }
}

fn judged(work: &Work<'_>, seen: &Pretence, act: &Act) -> Result<Verdict, Errno> {
    match act {
        Act::Make { .. } | Act::Move { .. } | Act::Mode { .. } => judged_by_name(work, seen, act),
        Act::Put { .. } | Act::Swap { .. } => judged_by_content(work, seen, act),
        Act::Aside { .. } | Act::Away { .. } | Act::Restore { .. } => judged_by_kept(work, seen, act),
    }
}

fn keep(path: &FilePath, why: &str) -> Result<Verdict, Errno> {
    Ok(Verdict::Keep(path.clone(), format!("`{path}` {why}")))
}

fn give(there: &Look) -> Result<Verdict, Errno> {
    Ok(Verdict::Give(Some(Id::of(there))))
}

fn theirs(work: &Work<'_>, k: u64) -> String {
    format!("was changed at the moment when it was given back; what was saved there is in {}", place(work, k))
}

fn judged_by_name(work: &Work<'_>, seen: &Pretence, act: &Act) -> Result<Verdict, Errno> {
    let look = |path: &FilePath| seen.look(work, path);
    let now = |id: &Id| work.journal.state.now(id);
    match act {
        Act::Make { p, .. } => match look(p)? {
            Some(now) if !now.is_folder() => keep(p, "is no longer the folder that was made"),
            Some(_) if !seen.is_empty(work, p)? => keep(p, "holds things now that are not this task's"),
            Some(_) => Ok(Verdict::Give(None)),
            None => Ok(Verdict::Gone),
        },
        Act::Move { f, t, id } => match (look(t)?, look(f)?) {
            (Some(there), former) if now(id).is(&there) => free(seen, work, (f, former), t, Some(Id::of(&there))),
            (_, Some(there)) if now(id).is(&there) => Ok(Verdict::Already),
            (Some(there), None) if id.is_like(&there) => free(seen, work, (f, None), t, Some(Id::of(&there))),
            (None, Some(there)) if id.is_like(&there) => Ok(Verdict::Already),
            (Some(_), _) => keep(t, "was changed since"),
            (None, _) => keep(t, "is no longer there"),
        },
        Act::Mode { p, id, m } => match look(p)? {
            Some(there) if now(id).with_mode(*m).is(&there) => Ok(Verdict::Give(None)),
            Some(there) if now(id).is(&there) => Ok(Verdict::Already),
            Some(_) => keep(p, "was changed since"),
            None => keep(p, "is no longer there"),
        },
        _ => keep(act.target(), "is not told by that"),
    }
}

fn judged_by_content(work: &Work<'_>, seen: &Pretence, act: &Act) -> Result<Verdict, Errno> {
    let look = |path: &FilePath| seen.look(work, path);
    let now = |id: &Id| work.journal.state.now(id);
    match act {
        Act::Put { k, p, id, x, beside, .. } => match (look(p)?, seen.look_kept(work, *k)?) {
            (Some(there), _) if now(id).is(&there) || same(seen, work, p, id, &there, x) => give(&there),
            (None, None) => Ok(Verdict::Gone),
            // On another disk what is kept is never more than a copy.
            (None, Some(_)) if *beside => Ok(Verdict::Already),
            (_, Some(kept)) if holds(seen, work, *k, &now(id), &kept, x) => Ok(Verdict::Already),
            (None, Some(_)) => keep(p, &theirs(work, *k)),
            _ => keep(p, "was changed since"),
        },
        Act::Swap { k, p, id, x, old } => match (look(p)?, seen.look_kept(work, *k)?) {
            (Some(now), kept) if old.ino() == now.ino && old.ino() != id.ino() => {
                let ours = kept.is_none_or(|kept| holds(seen, work, *k, id, &kept, x));
                if ours { Ok(Verdict::Already) } else { keep(p, &theirs(work, *k)) }
            }
            (Some(now), Some(_)) if id.is(&now) || same(seen, work, p, id, &now, x) => give(&now),
            (Some(_), _) => keep(p, &format!("was changed since; its former content is in {}", place(work, *k))),
            (None, Some(kept)) if old.ino() == kept.ino => match free(seen, work, (p, None), p, None)? {
                Verdict::Give(_) => Ok(Verdict::Vacant(format!(
                    "`{p}` is no longer there; its former content is in {}",
                    place(work, *k)
                ))),
                verdict => Ok(verdict),
            },
            (None, _) => keep(p, &format!("is no longer there; its former content is in {}", place(work, *k))),
        },
        _ => keep(act.target(), "is not told by that"),
    }
}

fn judged_by_kept(work: &Work<'_>, seen: &Pretence, act: &Act) -> Result<Verdict, Errno> {
    let look = |path: &FilePath| seen.look(work, path);
    let now = |id: &Id| work.journal.state.now(id);
    match act {
        Act::Aside { k, p, id } | Act::Away { k, p, id } => match (seen.look_kept(work, *k)?, look(p)?) {
            (_, Some(there)) if now(id).is(&there) => Ok(Verdict::Already),
            (Some(ours), Some(now)) if matches!(act, Act::Away { .. }) && equal(seen, work, p, *k, &now, &ours) => {
                Ok(Verdict::Already)
            }
            (Some(_), Some(_)) => {
                keep(p, &format!("is taken by another now; what was put aside is in {}", place(work, *k)))
            }
            (Some(_), None) => free(seen, work, (p, None), p, None),
            // Brought back by the task, and changed since.
            (None, Some(there)) if now(id).ino() == there.ino => keep(p, "was changed since"),
            (None, _) => keep(p, "was put aside, and is no longer in the journal"),
        },
        Act::Restore { k, p, id } => match (look(p)?, seen.look_kept(work, *k)?) {
            (_, Some(kept)) if now(id).is(&kept) => Ok(Verdict::Already),
            (_, Some(_)) => keep(p, &theirs(work, *k)),
            (Some(there), None) if now(id).is(&there) => give(&there),
            (Some(_), None) => keep(p, "was changed since"),
            (None, None) => keep(p, "is no longer there"),
        },
        _ => keep(act.target(), "is not told by that"),
    }
}

/// Gives the inode of what a step left where it brought or changed it.
pub(crate) fn left(work: &Work<'_>, act: &Act) -> Option<u64> {
    match act {
        Act::Make { .. } | Act::Aside { .. } | Act::Away { .. } => None,
        Act::Move { id, .. }
        | Act::Put { id, .. }
        | Act::Swap { id, .. }
        | Act::Restore { id, .. }
        | Act::Mode { id, .. } => Some(work.journal.state.now(id).ino()),
    }
}

/// Says whether a thing can go back to its former place.
fn free(
    seen: &Pretence,
    work: &Work<'_>,
    (to, there): (&FilePath, Option<Look>),
    now: &FilePath,
    found: Option<Id>,
) -> Result<Verdict, Errno> {
    if there.is_some() {
        return Ok(Verdict::Keep(now.clone(), format!("its former place `{to}` is taken by another now")));
    }
    let folder = to.parent().unwrap_or_else(|| to.clone());
    Ok(match seen.look(work, &folder)? {
        Some(look) if look.is_folder() => Verdict::Give(found),
        _ => Verdict::Keep(now.clone(), format!("its former folder `{folder}` is no longer there")),
    })
}

/// Content decides where identity and times do not: it may have been copied, or put back from a backup.
fn same(seen: &Pretence, work: &Work<'_>, path: &FilePath, id: &Id, now: &Look, hash: &str) -> bool {
    id.may_be(now) && now.is_file() && seen.real(path).is_some_and(|real| real.hash(work).as_deref() == Some(hash))
}

/// Says whether what is in `kept/` is what a step brought: not what a person saved in its place.
fn holds(seen: &Pretence, work: &Work<'_>, k: u64, id: &Id, kept: &Look, hash: &str) -> bool {
    let has = || seen.real_kept(k).is_some_and(|real| real.hash(work).as_deref() == Some(hash));
    id.is(kept) || id.may_be(kept) && has()
}

fn equal(seen: &Pretence, work: &Work<'_>, path: &FilePath, k: u64, now: &Look, ours: &Look) -> bool {
    let alike = now.is_file() && (now.size, now.mtime, now.mode) == (ours.size, ours.mtime, ours.mode);
    let theirs = || seen.real(path).and_then(|real| real.hash(work));
    alike && theirs().is_some_and(|hash| stage::hash(work.journal.kept.at(&kept(k))).is_ok_and(|ours| ours == hash))
}

fn place(work: &Work<'_>, k: u64) -> String {
    shown(&work.journal.kept.at(&kept(k)).path())
}

impl Thing {
    fn look(&self, work: &Work<'_>) -> Result<Option<Look>, Errno> {
        match self {
            Self::Path(path) => work.dirs.look(path),
            Self::Kept(k, below) if below.is_empty() => work.look_kept(*k),
            Self::Kept(k, below) => {
                let way = [&[kept(*k)][..], below.as_slice()].concat().join(&b'/');
                match work.journal.kept.at(&way).look() {
                    // What was put aside there is a file: nothing lies below it.
                    Err(Errno::NOTDIR) => Ok(None),
                    other => other,
                }
            }
        }
    }

    fn hash(&self, work: &Work<'_>) -> Option<String> {
        match self {
            Self::Path(path) => {
                let (folder, name) = split(path)?;
                stage::hash(work.dirs.get(folder).ok()?.dir.at(&name)).ok()
            }
            Self::Kept(k, _) => stage::hash(work.journal.kept.at(&kept(*k))).ok(),
        }
    }

    fn names(&self, work: &Work<'_>) -> Result<Vec<Vec<u8>>, Errno> {
        match self {
            Self::Path(path) => sys::names(&work.dirs.get(path.as_str())?.dir.fd, usize::MAX),
            Self::Kept(k, below) => {
                let way = [&[kept(*k)][..], below.as_slice()].concat().join(&b'/');
                sys::names(sys::open_folder(&work.journal.kept.fd, &way)?, usize::MAX)
            }
        }
    }

    fn below(&self, names: &[Vec<u8>]) -> Self {
        match self {
            Self::Path(path) => Self::Path(names.iter().fold(path.clone(), |p, name| p.join_bytes(name))),
            Self::Kept(k, below) => Self::Kept(*k, below.iter().chain(names).cloned().collect()),
        }
    }
}

impl Pretence {
    /// Takes in that a step would have been taken back.
    pub(crate) fn take_back(&mut self, act: &Act) {
        match act {
            Act::Make { p, .. } => self.paths.insert(p, None),
            Act::Move { f, t, id } => {
                let thing = self.real(t);
                if id.is_folder() {
                    // A folder comes where another was before: what was said of things in that one does not hold for this.
                    self.paths.take_below(f);
                    // What would have been moved into it goes along.
                    for (rest, inner) in self.paths.take_below(t) {
                        self.paths.insert_below(f, &rest, inner);
                    }
                }
                self.paths.insert(t, None);
                self.paths.insert(f, thing);
            }
            Act::Put { k, p, .. } => {
                let thing = self.real(p);
                self.paths.insert(p, None);
                self.kept.insert(*k, thing);
            }
            Act::Swap { k, p, .. } => {
                let (new, old) = (self.real(p), self.real_kept(*k));
                self.paths.insert(p, old);
                self.kept.insert(*k, new);
            }
            Act::Aside { k, p, id } | Act::Away { k, p, id } => {
                let thing = self.real_kept(*k);
                if id.is_folder() {
                    self.paths.take_below(p);
                    for (rest, thing) in self.below_kept.remove(k).unwrap_or_default() {
                        self.paths.insert_below(p, &rest, thing);
                    }
                }
                self.paths.insert(p, thing);
                self.kept.insert(*k, None);
            }
            Act::Restore { k, p, .. } => {
                let thing = self.real(p);
                let below = self.paths.take_below(p);
                self.below_kept.insert(*k, below);
                self.paths.insert(p, None);
                self.kept.insert(*k, thing);
            }
            Act::Mode { id, .. } => drop(self.modes.insert(id.ino(), id.mode())),
        }
    }

    fn look(&self, work: &Work<'_>, path: &FilePath) -> Result<Option<Look>, Errno> {
        self.real(path).map_or(Ok(None), |thing| thing.look(work)).map(|look| self.with_mode(look))
    }

    fn look_kept(&self, work: &Work<'_>, k: u64) -> Result<Option<Look>, Errno> {
        self.real_kept(k).map_or(Ok(None), |thing| thing.look(work)).map(|look| self.with_mode(look))
    }

    fn with_mode(&self, look: Option<Look>) -> Option<Look> {
        let mut look = look?;
        if let Some(mode) = self.modes.get(&look.ino) {
            look.mode = look.mode & !0o7777 | mode;
        }
        Some(look)
    }

    /// Says where what would be at a path is now.
    fn real(&self, path: &FilePath) -> Option<Thing> {
        if self.paths.is_empty() {
            return Some(Thing::Path(path.clone()));
        }
        let mut names = Vec::new();
        let mut at = path.clone();
        loop {
            if let Some(thing) = self.paths.get(&at) {
                names.reverse();
                return thing.as_ref().map(|t| t.below(&names));
            }
            let Some((_, name)) = split(&at) else { return Some(Thing::Path(path.clone())) };
            names.push(name);
            at = at.parent()?;
        }
    }

    fn real_kept(&self, k: u64) -> Option<Thing> {
        self.kept.get(&k).cloned().unwrap_or(Some(Thing::Kept(k, Vec::new())))
    }

    fn is_empty(&self, work: &Work<'_>, folder: &FilePath) -> Result<bool, Errno> {
        let there = self.real(folder).map_or(Ok(Vec::new()), |thing| thing.names(work))?;
        let gone = |name: &Vec<u8>| matches!(self.paths.get(&folder.join_bytes(name)), Some(None));
        let came = |(rest, thing): (&str, &Option<Thing>)| thing.is_some() && !rest.contains('/');
        Ok(there.iter().all(gone) && !self.paths.below(folder).any(came))
    }
}
