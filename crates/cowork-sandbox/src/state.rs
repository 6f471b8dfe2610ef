//! What a journal says: a pure fold of its records, the same while it is written and when it is read again.

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

use cowork_core::{CallId, FilePath, TaskId};

use crate::record::{Act, Id, Record, Step};

/// Where a step is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stage {
    /// Written down; whether it was done only the disk knows.
    Planned,
    Done,
    Void,
    /// Done and given back.
    Back,
}

/// Which folder's times: a granted folder's name and an inode in it.
pub(crate) type Key = (String, u64);

/// What is known of a folder's times.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Track {
    /// What its time was before the first step of each call that touched it.
    pub(crate) before: Vec<Before>,
    pub(crate) after: Option<i64>,
    /// Whether only we changed what is in it.
    pub(crate) ours: bool,
    /// What undo found when it began on it.
    pub(crate) judged: Option<Judged>,
}

/// Whose a folder's time was when undo began on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Judged {
    Ours,
    /// Somebody else's, who changed what is in it after us: which it is, if that was noted.
    Theirs(Option<i64>),
}

/// What a folder's time was before a step.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Before {
    pub(crate) step: u64,
    pub(crate) path: FilePath,
    pub(crate) time: i64,
}

/// How a change of a call ended.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum End {
    /// By this step.
    Made(u64),
    /// By nothing: it was as asked, or there was this about it.
    Left(Option<(FilePath, String)>),
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct ChangeState {
    pub(crate) hash: u32,
    pub(crate) end: Option<End>,
}

#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct CallState {
    pub(crate) changes: Vec<Option<ChangeState>>,
    /// Whether its steps are being given back.
    pub(crate) rolling: bool,
}

/// A granted folder as the journal knows it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Granted {
    pub(crate) name: String,
    pub(crate) at: String,
    pub(crate) ino: u64,
    pub(crate) born: Option<i64>,
}

#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct State {
    pub(crate) head: Option<(u32, TaskId)>,
    pub(crate) folders: Vec<Granted>,
    pub(crate) ids: HashMap<CallId, u32>,
    pub(crate) calls: Vec<CallState>,
    pub(crate) steps: Vec<(Arc<Step>, Stage)>,
    pub(crate) tracks: HashMap<Key, Track>,
    /// Where names of ours may be in the person's folders, by their number.
    pub(crate) beside: BTreeMap<u64, FilePath>,
    /// Inodes of files that were brought back from another disk: the former, and the one they have.
    renewed: HashMap<u64, u64>,
}

impl State {
    /// Takes in a record.
    pub(crate) fn apply(&mut self, record: Record) {
        match record {
            Record::Head { version, task } => self.head = Some((version, task)),
            Record::Folder { name, at, ino, born } => self.folders.push(Granted { name, at, ino, born }),
            Record::Call(id) => {
                self.ids.insert(id, u32::try_from(self.calls.len()).unwrap_or(u32::MAX));
                self.calls.push(CallState::default());
            }
            Record::Step(step) => {
                self.change(step.c, step.i, step.h);
                self.steps.push((step, Stage::Planned));
            }
            Record::Done(first, last) => self.mark(first, last, Stage::Done),
            Record::Void(n) => self.mark(n, n, Stage::Void),
            Record::Back(first, last) => self.mark(first, last, Stage::Back),
            Record::Left { c, i, h, why } => {
                if let Some(change) = self.change(c, i, h) {
                    change.end = Some(End::Left(why));
                }
            }
            Record::Beside { p, k } => drop(self.beside.insert(k, p)),
            Record::Renewed { was, is } => drop(self.renewed.insert(was, is)),
            Record::Rolling(c) => self.roll(c, true),
            Record::Rolled(c) => self.roll(c, false),
            Record::Undone => self.tracks.values_mut().for_each(|t| t.judged = None),
            Record::Before { .. } | Record::After { .. } | Record::Else { .. } | Record::Judged { .. } => {
                self.apply_time(record);
            }
        }
    }

    /// Gives the numbers of the steps that undo has to look at, newest first.
    pub(crate) fn standing(&self) -> Vec<u64> {
        (0..self.next_step()).rev().filter(|n| self.step(*n).is_some_and(|(_, stage)| *stage == Stage::Done)).collect()
    }

    /// Gives a step and where it is.
    pub(crate) fn step(&self, n: u64) -> Option<&(Arc<Step>, Stage)> {
        self.steps.get(usize::try_from(n).ok()?)
    }

    /// Gives a change of a call, if the journal knows it.
    pub(crate) fn known(&self, c: u32, i: u32) -> Option<&ChangeState> {
        self.calls.get(c as usize)?.changes.get(i as usize)?.as_ref()
    }

    /// Gives the steps whose fate only the disk knows.
    pub(crate) fn unsettled(&self) -> Vec<u64> {
        (0u64..).zip(&self.steps).filter(|(_, (_, stage))| *stage == Stage::Planned).map(|(n, _)| n).collect()
    }

    /// Gives the done steps of changes that were not brought to their end, newest first. Folders made on the way may stay:
    /// the change needs them again.
    pub(crate) fn half_made(&self) -> Vec<u64> {
        let mut steps = self.standing();
        steps.retain(|n| {
            self.step(*n).is_some_and(|(s, _)| {
                s.more
                    && !matches!(s.a, Act::Make { .. })
                    && self.known(s.c, s.i).is_none_or(|change| change.end.is_none())
            })
        });
        steps
    }

    /// Gives the identity that a file has now which had this one.
    pub(crate) fn now(&self, id: &Id) -> Id {
        Id(self.renewed.get(&id.0).copied().unwrap_or(id.0), id.1, id.2, id.3)
    }

    /// Gives the number of the next step.
    pub(crate) fn next_step(&self) -> u64 {
        self.steps.len() as u64
    }

    fn change(&mut self, c: u32, i: u32, hash: u32) -> Option<&mut ChangeState> {
        let changes = &mut self.calls.get_mut(c as usize)?.changes;
        if changes.len() <= i as usize {
            changes.resize(i as usize + 1, None);
        }
        let change = changes[i as usize].get_or_insert(ChangeState { hash, end: None });
        Some(change)
    }

    fn mark(&mut self, first: u64, last: u64, stage: Stage) {
        for n in first..=last {
            let Some((step, at)) = usize::try_from(n).ok().and_then(|n| self.steps.get_mut(n)) else { return };
            *at = stage;
            if let (Stage::Done | Stage::Back, Some(k)) = (stage, step.a.kept()) {
                // Written down only once the folder is durable as the step left it.
                self.beside.remove(&k);
            }
            let (c, i, more) = (step.c as usize, step.i as usize, step.more);
            let Some(Some(change)) = self.calls.get_mut(c).and_then(|c| c.changes.get_mut(i)) else { continue };
            match stage {
                Stage::Done if !more => change.end = Some(End::Made(n)),
                Stage::Back if change.end == Some(End::Made(n)) => change.end = None,
                _ => {}
            }
        }
    }

    fn roll(&mut self, c: u32, rolling: bool) {
        if let Some(call) = self.calls.get_mut(c as usize) {
            call.rolling = rolling;
            if rolling {
                return;
            }
            call.changes.clear();
            self.beside.clear();
            // As if it had never been: undo has nothing to say about these.
            for (_, stage) in self.steps.iter_mut().filter(|(s, stage)| s.c == c && *stage == Stage::Back) {
                *stage = Stage::Void;
            }
            let first = self.steps.iter().position(|(s, _)| s.c == c).unwrap_or(self.steps.len()) as u64;
            self.tracks.retain(|_, track| {
                track.judged = None;
                track.before.retain(|before| before.step < first);
                !track.before.is_empty()
            });
        }
    }

    fn apply_time(&mut self, record: Record) {
        match record {
            Record::Before { p, ino, t, n } => {
                let key = (p.root().to_owned(), ino);
                let track = Track { before: Vec::new(), after: None, ours: true, judged: None };
                self.tracks.entry(key).or_insert(track).before.push(Before { step: n, path: p, time: t });
            }
            Record::After { root, ino, t } => self.track(root, ino, |track| track.after = Some(t)),
            Record::Else { root, ino } => self.track(root, ino, |track| track.ours = false),
            Record::Judged { root, ino, ours, t } => {
                let judged = if ours { Judged::Ours } else { Judged::Theirs(t) };
                self.track(root, ino, |track| track.judged = Some(judged));
            }
            _ => {}
        }
    }

    fn track(&mut self, root: String, ino: u64, set: impl FnOnce(&mut Track)) {
        if let Some(track) = self.tracks.get_mut(&(root, ino)) {
            set(track);
        }
    }
}
