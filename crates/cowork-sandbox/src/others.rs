//! Which other task has what this one wants to give back: read from the other journals, only when there is a conflict.

use std::{
    collections::HashMap,
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    sync::Arc,
};

use cowork_core::{FilePath, TaskId};

use crate::{
    journal,
    record::{self, Act, Record, Step},
    state::{Granted, Stage},
};

/// The journals of other tasks that have to do with the same folders.
#[derive(Debug)]
pub(crate) struct Others {
    journals: PathBuf,
    mine: TaskId,
    folders: Vec<Granted>,
    read: Option<Vec<Other>>,
}

/// What another task has done with something.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Found {
    pub(crate) task: TaskId,
    /// Where it is now as this task names it, or its real path.
    pub(crate) at: Result<FilePath, String>,
    /// Its inode, where that is known.
    pub(crate) ino: Option<u64>,
    pub(crate) did: Did,
}

/// A step of another task, and where it left something.
struct Next {
    at: usize,
    did: Did,
    path: String,
    ino: Option<u64>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Did {
    Moved,
    Changed,
    SetAside,
}

#[derive(Debug)]
struct Other {
    task: TaskId,
    folders: Vec<Granted>,
    steps: Vec<Arc<Step>>,
    /// The steps that take something from a real path, in order.
    from: HashMap<String, Vec<usize>>,
    /// The steps that bring something to a real path.
    to: HashMap<String, usize>,
}

impl Others {
    pub(crate) fn new(journals: PathBuf, mine: TaskId, folders: Vec<Granted>) -> Self {
        Self { journals, mine, folders, read: None }
    }

    /// Says which task last did something to what this one left at a path with this inode, and what became of it.
    pub(crate) fn who_has(&mut self, path: &FilePath, ino: Option<u64>) -> Option<Found> {
        let was = real(&self.folders, path)?;
        let (mut at, mut ino, mut found) = (was.clone(), ino, None);
        let mine = self.mine;
        let mut others: Vec<&Other> = self.read().iter().collect();
        if ino.is_none() {
            // Only its place tells what it was: an earlier task had to do with something else that was there.
            others.retain(|other| other.task > mine);
        }
        let mut from = vec![0; others.len()];
        // Each task may have done its part before or after another.
        while let Some((n, step)) = (0..others.len()).find_map(|n| Some((n, others[n].next(&at, ino, from[n])?))) {
            from[n] = step.at + 1;
            found = Some((others[n].task, step.did));
            (at, ino) = (step.path, step.ino);
            if step.did == Did::SetAside {
                break;
            }
        }
        let (task, did) = found?;
        let did = if did == Did::Changed && was != at { Did::Moved } else { did };
        Some(Found { task, at: named(&self.folders, &at).ok_or(at), ino, did })
    }

    /// Says which task put something at a path.
    pub(crate) fn who_took(&mut self, path: &FilePath, ino: u64) -> Option<TaskId> {
        let at = real(&self.folders, path)?;
        let is_it =
            |other: &&Other| other.to.get(&at).is_some_and(|i| brought(&other.steps[*i].a).is_none_or(|is| is == ino));
        self.read().iter().find(is_it).map(|other| other.task)
    }

    fn read(&mut self) -> &[Other] {
        let (journals, mine, folders) = (&self.journals, self.mine, &self.folders);
        self.read.get_or_insert_with(|| {
            let Ok(entries) = std::fs::read_dir(journals) else { return Vec::new() };
            let tasks = entries.flatten().filter_map(|e| e.file_name().to_str()?.parse::<TaskId>().ok());
            tasks.filter(|task| *task != mine).filter_map(|task| Other::read(journals, task, folders)).collect()
        })
    }
}

impl Other {
    /// Reads a journal, if its head says that it is about the same folders.
    fn read(journals: &Path, task: TaskId, mine: &[Granted]) -> Option<Self> {
        let path = journals.join(task.to_string()).join("log");
        let mut head = Vec::new();
        BufReader::new(std::fs::File::open(&path).ok()?).read_until(b'\n', &mut head).ok()?;
        let (_, records) = record::unframe(head.strip_suffix(b"\n")?)?;
        let records: Vec<Record> = serde_json::from_slice(records).ok()?;
        let concerns = |record: &Record| match record {
            Record::Folder { at, .. } => mine.iter().any(|m| is_within(at, &m.at) || is_within(&m.at, at)),
            _ => false,
        };
        if !records.iter().any(concerns) {
            return None;
        }
        let (state, _) = journal::read(&std::fs::read(&path).ok()?, task, &path).ok()?;
        let stands = |(step, stage): (Arc<Step>, Stage)| matches!(stage, Stage::Planned | Stage::Done).then_some(step);
        let steps: Vec<_> = state.steps.into_iter().filter_map(stands).collect();
        let mut other = Self { task, folders: state.folders, steps, from: HashMap::new(), to: HashMap::new() };
        for (i, step) in other.steps.iter().enumerate() {
            let (a, b) = step.a.paths();
            match (&step.a, real(&other.folders, a), b.and_then(|b| real(&other.folders, b))) {
                (Act::Move { .. }, Some(from), Some(to)) => {
                    other.from.entry(from).or_default().push(i);
                    other.to.insert(to, i);
                }
                (Act::Make { .. } | Act::Put { .. } | Act::Restore { .. }, Some(at), _) => {
                    other.to.insert(at, i);
                }
                (_, Some(at), _) => other.from.entry(at).or_default().push(i),
                _ => {}
            }
        }
        Some(other)
    }

    /// Finds what was done next to what is at a real path, from a step on.
    fn next(&self, at: &str, ino: Option<u64>, from: usize) -> Option<Next> {
        let above = std::iter::successors(Some(at), |path| path.rsplit_once('/').map(|(above, _)| above));
        let steps = above.flat_map(|path| self.from.get(path).into_iter().flatten().map(move |i| (path, *i)));
        steps.filter(|(_, i)| *i >= from).filter_map(|(path, i)| self.step(at, path, ino, i)).min_by_key(|next| next.at)
    }

    /// Says what a step that took something from `path` did to what is at it or below it.
    fn step(&self, at: &str, path: &str, ino: Option<u64>, i: usize) -> Option<Next> {
        let (step, rest) = (self.steps.get(i)?, &at[path.len()..]);
        let is = |was: u64| !rest.is_empty() || ino.is_none_or(|ino| ino == was);
        let next = |did, path, ino| Some(Next { at: i, did, path, ino });
        match &step.a {
            Act::Move { t, id, .. } if is(id.ino()) => {
                next(Did::Moved, format!("{}{rest}", real(&self.folders, t)?), ino)
            }
            Act::Swap { id, old, .. } if rest.is_empty() && is(old.ino()) => {
                next(Did::Changed, at.to_owned(), Some(id.ino()))
            }
            Act::Mode { id, .. } if rest.is_empty() && is(id.ino()) => next(Did::Changed, at.to_owned(), ino),
            // One half of a replacement, on another disk than the journal's.
            Act::Aside { id, .. } | Act::Away { id, .. } if step.more && is(id.ino()) => {
                next(Did::Changed, at.to_owned(), None)
            }
            Act::Aside { id, .. } | Act::Away { id, .. } if is(id.ino()) => next(Did::SetAside, at.to_owned(), ino),
            _ => None,
        }
    }
}

fn brought(act: &Act) -> Option<u64> {
    match act {
        Act::Move { id, .. } | Act::Put { id, .. } | Act::Restore { id, .. } => Some(id.ino()),
        _ => None,
    }
}

/// Gives a real path as text, as a journal keeps it.
fn real(folders: &[Granted], path: &FilePath) -> Option<String> {
    let folder = folders.iter().find(|f| f.name == path.root())?;
    Some(format!("{}{}", folder.at, &path.as_str()[folder.name.len()..]))
}

fn named(folders: &[Granted], at: &str) -> Option<FilePath> {
    let folder = folders.iter().find(|f| is_within(at, &f.at))?;
    FilePath::parse(&format!("{}{}", folder.name, &at[folder.at.len()..])).ok()
}

fn is_within(path: &str, folder: &str) -> bool {
    path.strip_prefix(folder).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}
