//! Which steps an undo is about: those that are asked for, and those that these can't be given back without.

use std::collections::HashSet;

use cowork_core::{FilePath, Kept, UndoSpec};

use crate::{
    record::{Act, Step},
    state::{Stage, State},
    touched::Touched,
    tree::Tree,
};

/// What an undo is about.
#[derive(Debug, Default)]
pub(crate) struct Part {
    /// The steps, newest first.
    pub(crate) steps: Vec<u64>,
    /// The steps that stand and are to stay.
    pub(crate) rest: Vec<u64>,
    /// How many of the changes asked for were given back before.
    pub(crate) already: u64,
    /// Folders that were asked for and hold what is to stay.
    pub(crate) kept: Vec<Kept>,
}

/// Selects what `spec` asks for, of the steps that stand.
pub(crate) fn select(state: &State, spec: &UndoSpec) -> Part {
    let steps = || (0u64..).zip(&state.steps);
    let is_back = |(step, stage): &(std::sync::Arc<Step>, Stage)| *stage == Stage::Back && !step.more;
    let mut standing: Vec<u64> = state.standing();
    if !spec.is_part() {
        let already = steps().filter(|(_, step)| is_back(step)).count() as u64;
        return Part { steps: standing, already, ..Part::default() };
    }
    let calls: HashSet<u32> = spec.calls.iter().filter_map(|call| state.ids.get(call).copied()).collect();
    let of_call = |step: &Step| spec.calls.is_empty() || calls.contains(&step.c);
    let back =
        |(_, s): &(u64, &(std::sync::Arc<Step>, Stage))| is_back(s) && of_call(&s.0) && is_at(&s.0.a, &spec.paths);
    let already = steps().filter(back).count() as u64;
    let mut asked = HashSet::new();
    let mut places = Places::new(&spec.paths);
    for n in &standing {
        let Some((step, _)) = state.step(*n) else { continue };
        if (spec.paths.is_empty() || places.go_before(&step.a)) && of_call(step) {
            asked.insert(*n);
        }
    }
    standing.reverse();
    let (touched, modes) = (Touched::default(), Touched::default());
    let mut choice = Choice { state, asked, chosen: HashSet::new(), folders: Vec::new(), touched, modes };
    choice.follow(&standing);
    let kept = choice.choose_folders(&standing);
    let (mut steps, rest): (Vec<_>, Vec<_>) = standing.into_iter().partition(|n| choice.chosen.contains(n));
    steps.reverse();
    Part { steps, rest, already, kept }
}

fn is_at(act: &Act, paths: &[FilePath]) -> bool {
    let (a, b) = act.paths();
    paths.is_empty() || [Some(a), b].into_iter().flatten().any(|path| paths.iter().any(|p| path.is_within(p)))
}

/// Where what is asked for was, while steps are gone through from the newest to the oldest.
struct Places {
    asked: Tree<()>,
    /// Where it was before it was moved to where it was asked for.
    before: Tree<()>,
}

impl Places {
    fn new(paths: &[FilePath]) -> Self {
        let mut asked = Tree::default();
        paths.iter().for_each(|path| asked.insert(path, ()));
        Self { asked, before: Tree::default() }
    }

    /// Says whether a step is about these places, and goes back to before it.
    fn go_before(&mut self, act: &Act) -> bool {
        let (a, b) = act.paths();
        let mut is_about = [Some(a), b].into_iter().flatten().any(|path| self.hold(path));
        // What lies in a folder comes and goes with it.
        if let Act::Move { id, .. } | Act::Aside { id, .. } | Act::Restore { id, .. } = act
            && id.is_folder()
        {
            is_about |= [Some(a), b].into_iter().flatten().any(|path| self.lie_below(path));
        }
        match act {
            Act::Move { f, t, id } => {
                if id.is_folder() {
                    self.carry(t, f);
                }
                let came = self.hold(t);
                self.before.remove(t);
                if came {
                    self.before.insert(f, ());
                }
                is_about
            }
            Act::Put { p, .. } | Act::Make { p, .. } => {
                self.before.remove(p);
                is_about
            }
            _ => is_about,
        }
    }

    fn lie_below(&self, folder: &FilePath) -> bool {
        self.asked.below(folder).next().is_some() || self.before.below(folder).next().is_some()
    }

    fn hold(&self, path: &FilePath) -> bool {
        let mut at = Some(path.clone());
        while let Some(path) = at {
            if self.asked.get(&path).is_some() || self.before.get(&path).is_some() {
                return true;
            }
            at = path.parent();
        }
        false
    }

    /// Places in a folder were in it where it was before.
    fn carry(&mut self, to: &FilePath, from: &FilePath) {
        let asked: Vec<String> = self.asked.below(to).map(|(rest, ())| rest.to_owned()).collect();
        let before = self.before.take_below(to).into_iter().map(|(rest, ())| rest);
        asked.into_iter().chain(before).for_each(|rest| self.before.insert_below(from, &rest, ()));
    }
}

struct Choice<'a> {
    state: &'a State,
    asked: HashSet<u64>,
    chosen: HashSet<u64>,
    /// Folders that go only if nothing is left in them.
    folders: Vec<u64>,
    /// What the chosen steps touch: a later step that depends on it goes first.
    touched: Touched,
    /// The things whose permissions they set; what lies in a folder does not depend on its.
    modes: Touched,
}

impl Choice<'_> {
    /// Goes through the steps from the oldest on, and takes along what depends on those that were taken.
    fn follow(&mut self, standing: &[u64]) {
        let same = |a: &Step, b: &Step| (a.c, a.i) == (b.c, b.i);
        let mut asked_change: Option<&Step> = None;
        for (at, n) in standing.iter().enumerate() {
            let Some((step, _)) = self.state.step(*n) else { continue };
            let depends = self.depends(&step.a);
            let part_of = |n: &u64| self.asked.contains(n) && self.state.step(*n).is_some_and(|(s, _)| same(s, step));
            // A change's steps come one after another: they are given back together.
            let group = standing[at..].iter().take_while(|n| self.state.step(**n).is_some_and(|(s, _)| same(s, step)));
            if self.asked.contains(n) || group.into_iter().any(part_of) {
                asked_change = Some(step);
            }
            let asked = asked_change.is_some_and(|asked| same(asked, step));
            match &step.a {
                Act::Make { .. } if !depends && asked => self.folders.push(*n),
                Act::Make { .. } if !depends => {}
                _ if depends || asked => {
                    asked_change = Some(step);
                    let is_same = |n: &&u64| {
                        self.state.step(**n).is_some_and(|(s, _)| same(s, step) && !matches!(s.a, Act::Make { .. }))
                    };
                    let earlier: Vec<_> = standing[..at].iter().rev().take_while(is_same).copied().collect();
                    earlier.into_iter().for_each(|n| self.choose(n));
                    self.choose(*n);
                }
                _ => {}
            }
        }
    }

    fn choose(&mut self, n: u64) {
        let Some((step, _)) = self.state.step(n).filter(|_| self.chosen.insert(n)) else { return };
        match &step.a {
            Act::Mode { .. } => self.modes.add(&step.a),
            act => self.touched.add(act),
        }
    }

    fn depends(&self, act: &Act) -> bool {
        let (a, b) = act.paths();
        [Some(a), b].into_iter().flatten().any(|path| match act {
            Act::Mode { .. } => self.touched.reaches(path) || self.modes.get(path).is_some(),
            _ => self.touched.depends(path) || self.modes.is_at_or_below(path),
        })
    }

    /// A folder that was made goes if nothing stays that came into it later, or moved it. Gives those that were asked for and
    /// stay.
    fn choose_folders(&mut self, standing: &[u64]) -> Vec<Kept> {
        let (mut stays, mut kept) = (Touched::default(), Vec::new());
        let folders: HashSet<u64> = std::mem::take(&mut self.folders).into_iter().collect();
        for n in standing.iter().rev().filter(|n| !self.chosen.contains(n)).copied().collect::<Vec<_>>() {
            let Some((step, _)) = self.state.step(n) else { continue };
            let path = step.a.target();
            if folders.contains(&n) && !stays.is_at_or_below(path) && !stays.moves(path) {
                self.chosen.insert(n);
                continue;
            }
            stays.add(&step.a);
            if folders.contains(&n) && !step.more && self.asked.contains(&n) {
                let reason = format!("the task went on with `{path}` after it had made it: undo that too");
                kept.push(Kept { path: path.clone(), reason, was: None });
            }
        }
        kept
    }
}
