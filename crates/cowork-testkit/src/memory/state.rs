//! What lies in a session in memory, and how a change changes it.

use std::collections::{BTreeMap, BTreeSet};

use cowork_core::{
    CallId, Change, Clash, Entry, Error, FileKind, FilePath, Kind, Known, Result, Sight, Splice, Stamp, Still, Write,
};
use tokio::sync::mpsc;

use super::{Node, parse};

/// Permissions and time of a file; the usual ones where there is none.
#[derive(Clone, Copy, Default)]
pub(super) struct Meta {
    mode: Option<u32>,
    modified: Option<i64>,
}

#[derive(Default)]
pub(super) struct State {
    pub(super) nodes: BTreeMap<FilePath, Node>,
    /// Permissions and times that were set; the usual ones otherwise.
    meta: BTreeMap<FilePath, Meta>,
    /// What was last read of each file.
    pub(super) seen: BTreeMap<FilePath, Stamp>,
    /// The changes of calls that had nothing to do.
    pub(super) idle: BTreeSet<(CallId, usize)>,
    /// What each call read or wrote.
    fresh: BTreeMap<CallId, BTreeSet<FilePath>>,
    /// What was set aside, the last at the end.
    aside: Vec<Aside>,
    /// Who watches which folder.
    pub(super) watchers: Vec<(FilePath, mpsc::UnboundedSender<FilePath>)>,
    /// What came of each change of each call.
    journal: BTreeMap<CallId, Vec<Result<FilePath, String>>>,
}

/// What was there before a call.
pub(super) struct Before {
    nodes: BTreeMap<FilePath, Node>,
    meta: BTreeMap<FilePath, Meta>,
    seen: BTreeMap<FilePath, Stamp>,
    aside: Vec<Aside>,
    journal: Option<Vec<Result<FilePath, String>>>,
}

/// Something that was set aside, with all that is in it.
type Aside = (FilePath, Vec<(FilePath, Node)>);

/// Gives what a change takes away or copies, and what it is about in the end.
pub(super) fn paths(change: &Change) -> (Option<&FilePath>, &FilePath) {
    match change {
        Change::Write(write) => (None, &write.path),
        Change::MakeFolder { path, .. }
        | Change::Link { path, .. }
        | Change::SetAside { path, .. }
        | Change::Restore { path }
        | Change::Mode { path, .. } => (None, path),
        Change::Move { from, to, .. } | Change::Copy { from, to, .. } => (Some(from), to),
    }
}

impl State {
    pub(super) fn put(&mut self, path: &FilePath, node: Node) {
        for above in std::iter::successors(path.parent(), FilePath::parent) {
            self.nodes.entry(above).or_insert(Node::Folder);
        }
        self.nodes.insert(path.clone(), node);
    }

    pub(super) fn get(&self, path: &FilePath) -> Result<Node> {
        let found = self.nodes.get(path).cloned();
        found.ok_or_else(|| {
            Error::new(Kind::NotFound, "look", format!("`{path}` is not there"))
                .with_fix("list the folder that it should be in")
        })
    }

    /// Takes out something with all that is in it.
    fn take(&mut self, path: &FilePath) -> Vec<(FilePath, Node)> {
        self.nodes.extract_if(.., |p, _| p.is_within(path)).collect()
    }

    /// Makes a change, or says what came of it when the same call made it before.
    pub(super) fn once(
        &mut self,
        call: CallId,
        index: usize,
        change: &Change,
        content: Result<Vec<u8>>,
    ) -> Result<FilePath, String> {
        if let Some(before) = self.journal.get(&call).and_then(|done| done.get(index)) {
            return before.clone();
        }
        if matches!(change, Change::MakeFolder { path, .. } if self.nodes.get(path) == Some(&Node::Folder)) {
            self.idle.insert((call, index));
        }
        let result = self.make(change, content).map_err(|e| e.message);
        self.journal.entry(call).or_default().push(result.clone());
        if let (Change::Write(_), Ok(path)) = (change, &result) {
            self.fresh.entry(call).or_default().insert(path.clone());
        }
        result
    }

    /// Remembers what a call read.
    pub(super) fn sees(&mut self, call: CallId, path: FilePath, stamp: Stamp) {
        self.fresh.entry(call).or_default().insert(path.clone());
        self.seen.insert(path, stamp);
    }

    /// Takes what a call read or wrote.
    pub(super) fn sights(&mut self, call: CallId) -> Vec<Sight> {
        let fresh = self.fresh.remove(&call).unwrap_or_default();
        fresh.into_iter().filter_map(|path| Some(Sight { stamp: self.seen.get(&path)?.clone(), path })).collect()
    }

    /// Gives what [`State::give_back`] needs to give back what a call is about to make.
    pub(super) fn before(&self, call: CallId) -> Before {
        let journal = self.journal.get(&call).cloned();
        let (nodes, meta) = (self.nodes.clone(), self.meta.clone());
        Before { nodes, meta, seen: self.seen.clone(), aside: self.aside.clone(), journal }
    }

    /// Gives back what a call made.
    pub(super) fn give_back(&mut self, call: CallId, before: Before) {
        (self.nodes, self.meta, self.seen, self.aside) = (before.nodes, before.meta, before.seen, before.aside);
        match before.journal {
            Some(done) => self.journal.insert(call, done),
            None => self.journal.remove(&call),
        };
    }

    /// Counts the changes that a call made.
    pub(super) fn made_by(&self, call: CallId) -> u64 {
        self.journal.get(&call).map_or(0, |done| done.iter().filter(|d| d.is_ok()).count() as u64)
    }

    pub(super) fn mode(&self, path: &FilePath) -> Option<u32> {
        self.meta.get(path).and_then(|m| m.mode)
    }

    fn make(&mut self, change: &Change, content: Result<Vec<u8>>) -> Result<FilePath> {
        match change {
            Change::Write(write) => self.write(write, content),
            Change::MakeFolder { path, mode } => {
                match (self.nodes.get(path), mode) {
                    (Some(Node::Folder), _) => return Ok(path.clone()),
                    (Some(_), _) => return Err(taken(path)),
                    (None, None) => {}
                    (None, Some(mode)) => self.meta.entry(path.clone()).or_default().mode = Some(mode & 0o777 | 0o700),
                }
                self.put(path, Node::Folder);
                Ok(path.clone())
            }
            Change::Move { from, to, clash } => self.rename(from, to, *clash),
            Change::Copy { from, to, clash } => {
                let node = self.get(from)?;
                if !matches!(node, Node::File(_)) {
                    return Err(Error::new(Kind::InvalidInput, "copy", format!("`{from}` is not a file")));
                }
                let to = self.free(to, *clash, false)?;
                self.put(&to, node);
                Ok(to)
            }
            Change::SetAside { path, still } => {
                self.get(path)?;
                still.as_ref().map_or(Ok(()), |still| self.is_still(path, still))?;
                let taken = self.take(path);
                self.aside.push((path.clone(), taken));
                Ok(path.clone())
            }
            Change::Link { path, .. } => {
                let path = self.free(path, Clash::Skip, false)?;
                self.put(&path, Node::Link);
                Ok(path)
            }
            Change::Restore { path } => {
                let last = self.aside.iter().rposition(|(p, _)| p == path).ok_or_else(|| {
                    Error::new(Kind::NotFound, "restore", format!("`{path}` was not set aside by this task"))
                })?;
                self.free(path, Clash::Skip, false)?;
                for (path, node) in self.aside.remove(last).1 {
                    self.put(&path, node);
                }
                Ok(path.clone())
            }
            Change::Mode { path, mode } => {
                self.get(path)?;
                self.meta.entry(path.clone()).or_default().mode = Some(mode & 0o1777);
                Ok(path.clone())
            }
        }
    }

    /// Refuses what was changed since it was looked at, or is a copy of a file that was or has gone.
    fn is_still(&self, path: &FilePath, still: &Still) -> Result<()> {
        let later = |(path, node)| self.entry(FilePath::clone(path), node).modified > still.unchanged_since;
        let copied = still.copy_of.iter().find(|copied| self.nodes.get_key_value(*copied).is_none_or(later));
        let within = self.nodes.iter().filter(|(p, _)| *p == path || p.is_within(path));
        match copied.or(within.filter(|found| later(*found)).map(|(path, _)| path).next()) {
            None => Ok(()),
            Some(other) => {
                let why = format!("`{path}` is not as it was any more: `{other}` was changed since it was looked at");
                Err(Error::new(Kind::Conflict, "change files", why))
            }
        }
    }

    fn write(&mut self, write: &Write, content: Result<Vec<u8>>) -> Result<FilePath> {
        let path = self.free(&write.path, write.clash, true)?;
        if self.nodes.contains_key(&path) {
            self.is_known(&path, &write.known)?;
        }
        let content = content?;
        self.is_no_loss(&path, write, content.len())?;
        self.seen.insert(path.clone(), stamp(&content));
        let before = self.meta.get(&path).copied().unwrap_or_default();
        let mode = write.mode.map(|m| m & 0o1777).or(before.mode);
        self.meta.insert(path.clone(), Meta { mode, modified: write.modified });
        self.put(&path, Node::File(content));
        Ok(path)
    }

    fn rename(&mut self, from: &FilePath, to: &FilePath, clash: Clash) -> Result<FilePath> {
        self.get(from)?;
        let to = self.free(to, clash, false)?;
        for (path, node) in self.take(from) {
            let path_there = parse(&format!("{to}{}", &path.as_str()[from.as_str().len()..]));
            if let Some(meta) = self.meta.remove(&path) {
                self.meta.insert(path_there.clone(), meta);
            }
            self.put(&path_there, node);
        }
        Ok(to)
    }

    fn is_known(&self, path: &FilePath, known: &Known) -> Result<()> {
        let Some(Node::File(now)) = self.nodes.get(path) else { return Ok(()) };
        let conflict = |why: &str| Err(Error::new(Kind::Conflict, "change files", format!("`{path}` {why}")));
        match known {
            Known::Nothing => Ok(()),
            Known::Stamp(then) if *then == stamp(now) => Ok(()),
            Known::Seen if self.seen.get(path) == Some(&stamp(now)) => Ok(()),
            Known::Seen if !self.seen.contains_key(path) => conflict("was not read by this task"),
            Known::Stamp(_) | Known::Seen => conflict("was changed since it was read"),
        }
    }

    fn is_no_loss(&self, path: &FilePath, write: &Write, len: usize) -> Result<()> {
        match self.nodes.get(path) {
            Some(Node::File(old)) if !write.may_shrink && old.len() >= SMALL && len * 2 < old.len() => {
                let why = format!("`{path}` would lose more than half of its content");
                Err(Error::new(Kind::Conflict, "change files", why))
            }
            _ => Ok(()),
        }
    }

    /// Describes what lies at a path.
    pub(super) fn entry(&self, path: FilePath, node: &Node) -> Entry {
        let (kind, size) = match node {
            Node::File(bytes) => (FileKind::File, bytes.len() as u64),
            Node::Folder => (FileKind::Folder, 0),
            Node::Link => (FileKind::Link, 0),
            Node::Pipe => (FileKind::Other, 0),
        };
        let meta = self.meta.get(&path).copied().unwrap_or_default();
        let (mode, modified) = (meta.mode.unwrap_or(0o644), meta.modified.unwrap_or(1_700_000_000_000));
        Entry { path, kind, size, modified, mode, links: 1, identity: [0, 0], placeholder: false, stored: None }
    }

    /// Finds a free name, or says that the target is taken.
    fn free(&self, to: &FilePath, clash: Clash, replaces: bool) -> Result<FilePath> {
        match self.nodes.get(to) {
            None => return Ok(to.clone()),
            Some(Node::File(_)) if replaces && clash == Clash::Replace => return Ok(to.clone()),
            Some(_) if clash == Clash::Number => {}
            Some(_) => return Err(taken(to)),
        }
        let end = to.name().rfind('.').filter(|at| *at > 0).map_or("", |at| &to.name()[at..]);
        let stem = &to.as_str()[..to.as_str().len() - end.len()];
        let mut numbered = (2..).map(|n| parse(&format!("{stem} ({n}){end}")));
        Ok(numbered.find(|p| !self.nodes.contains_key(p)).expect("some number is free"))
    }
}

fn taken(path: &FilePath) -> Error {
    Error::new(Kind::Conflict, "change files", format!("there is a `{path}` already"))
}

/// A file with less in it than this may lose what it likes.
const SMALL: usize = 1024;

/// Stamps content.
pub(super) fn stamp(content: &[u8]) -> Stamp {
    use std::hash::{DefaultHasher, Hash, Hasher};
    let mut hasher = DefaultHasher::new();
    content.hash(&mut hasher);
    Stamp(format!("{:x}-{:016x}", content.len(), hasher.finish()))
}

/// Gives content with pieces of it replaced.
pub(super) fn spliced(old: &[u8], splices: &[Splice]) -> Result<Vec<u8>> {
    let (mut new, mut at) = (Vec::with_capacity(old.len()), 0);
    for splice in splices {
        let from = usize::try_from(splice.at).unwrap_or(usize::MAX);
        let to = from.saturating_add(usize::try_from(splice.remove).unwrap_or(usize::MAX));
        let between = old.get(at..from).filter(|_| to <= old.len()).ok_or_else(|| {
            Error::new(Kind::InvalidInput, "edit", "the pieces to replace overlap, or lie past the end of the file")
        })?;
        new.extend_from_slice(between);
        new.extend_from_slice(&splice.insert);
        at = to;
    }
    new.extend_from_slice(&old[at..]);
    Ok(new)
}
