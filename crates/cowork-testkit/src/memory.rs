//! Folders in memory, for what works through a session and needs no disk.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use async_trait::async_trait;
use cowork_core::{
    Access, CallId, Change, Changed, Clash, Entry, Error, FileKind, FilePath, Files, Folder, Kind, Otherwise, Result,
    Session, Watch,
};

/// A [`Session`] whose folders are a map in memory: nothing is durable and nothing can be undone.
///
/// It keeps what [`Files`] says about grants, limits, taken names, order, cancelling, and calls that run again. It is no
/// [`Sandbox`](cowork_core::Sandbox); what a task does on a disk is told with the real one.
#[derive(Clone)]
pub struct MemorySession {
    folders: Vec<Folder>,
    state: Arc<Mutex<State>>,
}

/// What lies under a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Node {
    /// A file with this content.
    File(Vec<u8>),
    /// A folder.
    Folder,
    /// A symbolic link.
    Link,
    /// A pipe.
    Pipe,
}

#[derive(Default)]
struct State {
    nodes: BTreeMap<FilePath, Node>,
    /// What came of each change of each call.
    journal: BTreeMap<CallId, Vec<Result<FilePath, String>>>,
}

impl MemorySession {
    /// Makes one with these nodes and the folders above them, every outermost one of them granted for writing.
    pub fn new(nodes: &[(&str, Node)]) -> Arc<Self> {
        let roots: BTreeSet<String> = nodes.iter().map(|(p, _)| parse(p).root().to_owned()).collect();
        let grant = |name: String| Folder { at: format!("/{name}"), name, access: Access::Write, whole: false };
        Self::granting(roots.into_iter().map(grant).collect(), nodes)
    }

    /// Makes one with these nodes and grants.
    pub fn granting(folders: Vec<Folder>, nodes: &[(&str, Node)]) -> Arc<Self> {
        let mut state = State::default();
        folders.iter().for_each(|f| state.put(&parse(&f.name), Node::Folder));
        nodes.iter().for_each(|(path, node)| state.put(&parse(path), node.clone()));
        Arc::new(Self { folders, state: Arc::new(Mutex::new(state)) })
    }

    /// Gives every path there is, in order.
    pub fn paths(&self) -> Vec<String> {
        self.state().nodes.keys().map(ToString::to_string).collect()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn check(&self, path: &FilePath, access: Access) -> Result<()> {
        if self.folders.iter().any(|f| f.name == path.root() && f.access >= access) {
            return Ok(());
        }
        Err(Error::new(Kind::NotAllowed, "open files", format!("`{path}` is not granted for this")))
    }

    fn look(&self, path: &FilePath) -> Result<Node> {
        self.check(path, Access::Read)?;
        self.state().get(path)
    }
}

impl Session for MemorySession {
    fn folders(&self) -> &[Folder] {
        &self.folders
    }

    fn files(&self, call: CallId) -> Arc<dyn Files> {
        Arc::new(Opened { session: self.clone(), call })
    }
}

struct Opened {
    session: MemorySession,
    call: CallId,
}

#[async_trait]
impl Files for Opened {
    async fn list(&self, folder: FilePath, most: usize) -> Result<Vec<Entry>> {
        if self.session.look(&folder)? != Node::Folder {
            return Err(Error::new(Kind::InvalidInput, "list", format!("`{folder}` is not a folder")));
        }
        let state = self.session.state();
        let inside = state.nodes.iter().filter(|(p, _)| p.parent().as_ref() == Some(&folder));
        let entries: Vec<Entry> = inside.map(|(p, n)| entry(p.clone(), n)).collect();
        if entries.len() > most {
            let why = format!("`{folder}` holds more than {most} entries");
            return Err(Error::new(Kind::LimitExceeded, "list", why));
        }
        Ok(entries)
    }

    async fn stat(&self, path: FilePath) -> Result<Entry> {
        let node = self.session.look(&path)?;
        Ok(entry(path, &node))
    }

    async fn read(&self, path: FilePath, offset: u64, most: usize) -> Result<Vec<u8>> {
        match self.session.look(&path)? {
            Node::File(bytes) => {
                let from = usize::try_from(offset).unwrap_or(usize::MAX).min(bytes.len());
                Ok(bytes[from..bytes.len().min(from.saturating_add(most))].to_vec())
            }
            _ => Err(Error::new(Kind::InvalidInput, "read", format!("`{path}` is not a file"))),
        }
    }

    async fn change(&self, changes: Vec<Change>, watch: Watch) -> Result<Changed> {
        for change in &changes {
            let (from, to) = paths(change);
            let from_access = if matches!(change, Change::Copy { .. }) { Access::Read } else { Access::Write };
            from.map_or(Ok(()), |from| self.session.check(from, from_access))?;
            self.session.check(to, Access::Write)?;
        }
        let mut done = Changed::default();
        for (index, change) in changes.iter().enumerate() {
            if watch.cancel.is_cancelled() {
                return Err(Error::new(Kind::Cancelled, "change files", "it was stopped between two changes"));
            }
            let asked = paths(change).1;
            let (renamed, reason) = match self.session.state().once(self.call, index, change) {
                Ok(path) if path == *asked => {
                    done.made += 1;
                    continue;
                }
                Ok(path) => (Some(path), "the name was taken".to_owned()),
                Err(why) => (None, why),
            };
            done.made += u64::from(renamed.is_some());
            done.otherwise.push(Otherwise { index: index as u64, path: asked.clone(), renamed, reason });
        }
        Ok(done)
    }
}

/// Gives what a change takes away or copies, and what it is about in the end.
fn paths(change: &Change) -> (Option<&FilePath>, &FilePath) {
    match change {
        Change::Write { path, .. } | Change::MakeFolder { path } | Change::SetAside { path } => (None, path),
        Change::Move { from, to, .. } | Change::Copy { from, to, .. } => (Some(from), to),
    }
}

impl State {
    fn put(&mut self, path: &FilePath, node: Node) {
        for above in std::iter::successors(path.parent(), FilePath::parent) {
            self.nodes.entry(above).or_insert(Node::Folder);
        }
        self.nodes.insert(path.clone(), node);
    }

    fn get(&self, path: &FilePath) -> Result<Node> {
        let found = self.nodes.get(path).cloned();
        found.ok_or_else(|| Error::new(Kind::NotFound, "look", format!("`{path}` is not there")))
    }

    /// Takes out something with all that is in it.
    fn take(&mut self, path: &FilePath) -> Vec<(FilePath, Node)> {
        self.nodes.extract_if(.., |p, _| p.is_within(path)).collect()
    }

    /// Makes a change, or says what came of it when the same call made it before.
    fn once(&mut self, call: CallId, index: usize, change: &Change) -> Result<FilePath, String> {
        if let Some(before) = self.journal.get(&call).and_then(|done| done.get(index)) {
            return before.clone();
        }
        let result = self.make(change).map_err(|e| e.message);
        self.journal.entry(call).or_default().push(result.clone());
        result
    }

    fn make(&mut self, change: &Change) -> Result<FilePath> {
        match change {
            Change::Write { path, content, clash } => {
                let path = self.free(path, *clash, true)?;
                self.put(&path, Node::File(content.clone()));
                Ok(path)
            }
            Change::MakeFolder { path } => {
                if self.nodes.get(path).is_some_and(|n| *n != Node::Folder) {
                    return Err(taken(path));
                }
                self.put(path, Node::Folder);
                Ok(path.clone())
            }
            Change::Move { from, to, clash } => {
                self.get(from)?;
                let to = self.free(to, *clash, false)?;
                for (path, node) in self.take(from) {
                    self.put(&parse(&format!("{to}{}", &path.as_str()[from.as_str().len()..])), node);
                }
                Ok(to)
            }
            Change::Copy { from, to, clash } => {
                let node = self.get(from)?;
                if !matches!(node, Node::File(_)) {
                    return Err(Error::new(Kind::InvalidInput, "copy", format!("`{from}` is not a file")));
                }
                let to = self.free(to, *clash, true)?;
                self.put(&to, node);
                Ok(to)
            }
            Change::SetAside { path } => {
                self.get(path)?;
                self.take(path);
                Ok(path.clone())
            }
        }
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

fn entry(path: FilePath, node: &Node) -> Entry {
    let (kind, size) = match node {
        Node::File(bytes) => (FileKind::File, bytes.len() as u64),
        Node::Folder => (FileKind::Folder, 0),
        Node::Link => (FileKind::Link, 0),
        Node::Pipe => (FileKind::Other, 0),
    };
    Entry { path, kind, size, modified: 1_700_000_000_000, mode: 0o644, links: 1 }
}

fn parse(path: &str) -> FilePath {
    FilePath::parse(path).expect("a path")
}

impl fmt::Debug for MemorySession {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.paths()).finish()
    }
}
