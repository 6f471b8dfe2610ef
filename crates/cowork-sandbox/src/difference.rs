//! What a task changed, each thing once: its steps folded into what it was and what it is.

use std::collections::HashMap;

use cowork_core::{ChangeSet, Difference, FileKind, FilePath, Side, What};

use crate::{
    file::kind,
    record::{Act, Id, Step},
    state::{Stage, State},
    sys::Look,
    tree::Tree,
};

/// Gives the differences, by path. `look` shows what is at a path now.
pub(crate) fn changes(state: &State, look: impl Fn(&FilePath) -> Option<Look>, bytes_kept: u64) -> ChangeSet {
    let mut changes = Vec::new();
    for (wanted, undone) in [(Stage::Done, false), (Stage::Back, true)] {
        let mut fold = Fold::default();
        state.steps.iter().filter(|(_, stage)| *stage == wanted).for_each(|(step, _)| fold.step(step));
        changes.extend(fold.things.iter().filter_map(|thing| thing.difference(state, &look, undone)));
    }
    changes.sort_by(|a, b| (&a.path, a.undone).cmp(&(&b.path, b.undone)));
    ChangeSet { changes, bytes_kept }
}

/// A file or folder that steps were about.
#[derive(Debug)]
struct Thing {
    before: Option<(FilePath, Id)>,
    /// Where it is and what it is like; a folder that was made has no identity in the journal.
    now: Option<(FilePath, Option<Id>)>,
    moved: bool,
    edited: bool,
    calls: Vec<u32>,
}

#[derive(Default)]
struct Fold {
    things: Vec<Thing>,
    /// Which thing is at a path.
    at: Tree<usize>,
    /// What was set aside under a number: the thing itself, then those in it by the way down.
    kept: HashMap<u64, Vec<(String, usize)>>,
    /// How often a folder was moved, and from where to where.
    moves: usize,
    moved_to: HashMap<FilePath, Vec<(usize, FilePath)>>,
    /// The step before, if it belongs to the same change: what it was about.
    last: Option<(u32, u32, usize)>,
}

impl Fold {
    fn step(&mut self, step: &Step) {
        let before = self.last.filter(|(c, i, _)| (*c, *i) == (step.c, step.i)).map(|(_, _, thing)| thing);
        let thing = match &step.a {
            Act::Make { p, .. } => self.comes(p, None),
            Act::Put { p, id, of, .. } => match (of.and_then(|k| self.kept.remove(&k)), before) {
                (Some(things), _) => self.returns(p, *id, things),
                // The other half of a replacement, on another disk than the journal's.
                (None, Some(old)) if self.things[old].now.is_none() => {
                    self.things[old].edited = true;
                    self.is_at(old, p, Some(*id))
                }
                _ => self.comes(p, Some(*id)),
            },
            Act::Move { f, t, id } => {
                let thing = self.thing(f, *id);
                self.relocate(f, t, id.is_folder());
                self.things[thing].moved = true;
                self.is_at(thing, t, Some(*id))
            }
            Act::Swap { p, id, old, .. } => {
                let thing = self.thing(p, *old);
                self.things[thing].edited = true;
                self.is_at(thing, p, Some(*id))
            }
            Act::Aside { k, p, id } | Act::Away { k, p, id } => {
                let thing = self.thing(p, *id);
                self.at.remove(p);
                match before.and_then(|copy| self.things[copy].now.take().map(|now| (copy, now))) {
                    // The other half of a move to another disk: what came there is this.
                    Some((_, (t, id))) => {
                        self.things[thing].moved = true;
                        self.is_at(thing, &t, id)
                    }
                    None => self.goes(*k, p, thing),
                }
            }
            Act::Restore { k, p, id } => {
                let things = self.kept.remove(k).unwrap_or_default();
                self.returns(p, *id, things)
            }
            Act::Mode { p, id, m } => {
                let thing = self.thing(p, *id);
                self.is_at(thing, p, Some(id.with_mode(*m)))
            }
        };
        let calls = &mut self.things[thing].calls;
        if calls.last() != Some(&step.c) {
            calls.push(step.c);
        }
        self.last = step.more.then_some((step.c, step.i, thing)).filter(|_| !matches!(step.a, Act::Make { .. }));
    }

    /// Gives the thing at a path; one that was there before the task if none is known.
    fn thing(&mut self, path: &FilePath, id: Id) -> usize {
        if let Some(thing) = self.at.get(path) {
            return *thing;
        }
        self.add(Some((self.was(path), id)), path, Some(id))
    }

    /// Gives where a thing was before the folders above it, or it itself, were moved.
    fn was(&self, path: &FilePath) -> FilePath {
        let (mut at, mut before) = (path.clone(), self.moves);
        loop {
            let above = std::iter::successors(Some(at.clone()), FilePath::parent);
            let last = above.filter_map(|folder| {
                let moves = self.moved_to.get(&folder)?;
                let (n, from) = moves[..moves.partition_point(|(n, _)| *n < before)].last()?;
                Some((*n, folder, from))
            });
            let Some((n, to, from)) = last.max_by_key(|(n, ..)| *n) else { return at };
            at = moved(&at, &to, from).unwrap_or(at);
            before = n;
        }
    }

    fn comes(&mut self, path: &FilePath, id: Option<Id>) -> usize {
        self.add(None, path, id)
    }

    fn add(&mut self, before: Option<(FilePath, Id)>, path: &FilePath, id: Option<Id>) -> usize {
        self.things.push(Thing { before, now: None, moved: false, edited: false, calls: Vec::new() });
        self.is_at(self.things.len() - 1, path, id)
    }

    fn is_at(&mut self, thing: usize, path: &FilePath, id: Option<Id>) -> usize {
        self.things[thing].now = Some((path.clone(), id));
        self.at.insert(path, thing);
        thing
    }

    /// What lies in a folder is moved along with it.
    fn relocate(&mut self, from: &FilePath, to: &FilePath, is_folder: bool) {
        self.at.remove(from);
        if !is_folder {
            return;
        }
        self.moved_to.entry(to.clone()).or_default().push((self.moves, from.clone()));
        self.moves += 1;
        for (rest, thing) in self.at.take_below(from) {
            let id = self.things[thing].now.as_ref().and_then(|(_, id)| *id);
            if let Ok(path) = to.join(&rest) {
                self.is_at(thing, &path, id);
            }
        }
    }

    fn goes(&mut self, k: u64, path: &FilePath, thing: usize) -> usize {
        let mut things = vec![(String::new(), thing)];
        things.extend(self.at.take_below(path));
        self.things[thing].now = None;
        self.kept.insert(k, things);
        thing
    }

    fn returns(&mut self, path: &FilePath, id: Id, things: Vec<(String, usize)>) -> usize {
        let mut things = things.into_iter();
        let thing = things.next().map_or_else(|| self.comes(path, Some(id)), |(_, thing)| thing);
        for (rest, inner) in things {
            let id = self.things[inner].before.as_ref().map(|(_, id)| *id);
            if let Ok(path) = path.join(&rest) {
                self.is_at(inner, &path, id);
            }
        }
        self.is_at(thing, path, Some(id))
    }
}

impl Thing {
    fn difference(&self, state: &State, look: &impl Fn(&FilePath) -> Option<Look>, undone: bool) -> Option<Difference> {
        let (path, what) = match (&self.before, &self.now) {
            (None, None) => return None,
            (None, Some((path, _))) => (path, What::Created),
            (Some((path, _)), None) => (path, What::SetAside),
            (Some((from, _)), Some((path, _))) if self.moved && from != path => {
                (path, What::Moved { from: from.clone(), edited: self.edited })
            }
            (Some(_), Some((path, _))) if self.edited => (path, What::Edited),
            (Some((_, was)), Some((path, is))) if is.is_some_and(|is| is.mode() != was.mode()) => (path, What::Mode),
            _ => return None,
        };
        let before = self.before.as_ref().map(|(_, id)| side(id));
        let made = |path| look(path).filter(Look::is_folder).map(|look| side(&Id::of(&look)));
        let after = self.now.as_ref().and_then(|(path, id)| id.as_ref().map(side).or_else(|| made(path)));
        let id = self.before.as_ref().map(|(_, id)| *id).or(self.now.as_ref().and_then(|(_, id)| *id));
        let kind = id.map_or(FileKind::Folder, |id| kind(rustix::fs::FileType::from_raw_mode(id.3)));
        let call = |c: &u32| state.ids.iter().find(|(_, n)| *n == c).map(|(call, _)| *call);
        let calls = self.calls.iter().filter_map(call).collect();
        Some(Difference { path: path.clone(), kind, what, before, after, calls, undone })
    }
}

fn side(id: &Id) -> Side {
    let is_file = rustix::fs::FileType::from_raw_mode(id.3) == rustix::fs::FileType::RegularFile;
    Side { size: if is_file { id.1 } else { 0 }, modified: id.2.div_euclid(1_000_000), mode: id.mode() }
}

/// Gives where a path is when a folder on the way to it, or it itself, is moved; nothing if it stays.
fn moved(path: &FilePath, from: &FilePath, to: &FilePath) -> Option<FilePath> {
    if path == from {
        return Some(to.clone());
    }
    let rest = path.as_str().strip_prefix(from.as_str())?.strip_prefix('/')?;
    to.join(rest).ok()
}
