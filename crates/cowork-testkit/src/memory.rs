//! Folders in memory, for what works through a session and needs no disk.

mod state;
mod walk;

use std::{
    collections::BTreeSet,
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use async_trait::async_trait;
use cowork_core::{
    Access, Arrivals, CallId, Change, Changed, Clash, Content, Entry, Error, FilePath, Files, Folder, Kind, Otherwise,
    Piece, Result, Session, Sight, Visitor, Walked, Watch,
};

use self::state::{State, paths, stamp};

/// A [`Session`] whose folders are a map in memory: nothing is durable and nothing can be undone.
///
/// It keeps what [`Files`] says about grants, limits, taken names, order, stamps, shrinking, cancelling, all or none, and
/// calls that run again. It is no
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

    /// Gives the content of a file, or nothing if there is no such file.
    pub fn content_at(&self, path: &str) -> Option<Vec<u8>> {
        match self.state().nodes.get(&parse(path)) {
            Some(Node::File(bytes)) => Some(bytes.clone()),
            _ => None,
        }
    }

    /// Puts something there, as a person does beside the task.
    pub fn put(&self, path: &str, node: Node) {
        self.state().put(&parse(path), node);
        self.tell(&[Change::MakeFolder { path: parse(path), mode: None }]);
    }

    /// Lets a file grow without a word to those who watch, as a writer does who has not closed it.
    pub fn grow(&self, path: &str, more: &[u8]) {
        let mut content = self.content_at(path).unwrap_or_default();
        content.extend_from_slice(more);
        self.state().put(&parse(path), Node::File(content));
    }

    /// Gives the permission bits that were set at a path, or nothing if none were.
    pub fn mode_at(&self, path: &str) -> Option<u32> {
        self.state().mode(&parse(path))
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
        Err(Error::new(Kind::NotAllowed, "open files", format!("`{path}` is not granted for this"))
            .with_fix("grant the folder that it lies in, or name a file in one that is granted"))
    }

    fn look(&self, path: &FilePath) -> Result<Node> {
        self.check(path, Access::Read)?;
        self.state().get(path)
    }

    fn entry(&self, path: FilePath) -> Result<Entry> {
        let node = self.look(&path)?;
        Ok(self.state().entry(path, &node))
    }

    fn inside(&self, folder: &FilePath) -> Result<Vec<Entry>> {
        if self.look(folder)? != Node::Folder {
            return Err(Error::new(Kind::InvalidInput, "list", format!("`{folder}` is not a folder"))
                .with_fix("name the folder that it lies in"));
        }
        let state = self.state();
        let inside = state.nodes.iter().filter(|(p, _)| p.parent().as_ref() == Some(folder));
        Ok(inside.map(|(p, n)| state.entry(p.clone(), n)).collect())
    }

    fn content(&self, path: &FilePath) -> Result<Vec<u8>> {
        match self.look(path)? {
            Node::File(bytes) => Ok(bytes),
            _ => Err(Error::new(Kind::InvalidInput, "read", format!("`{path}` is not a file"))
                .with_fix("list its folder to see what is there")),
        }
    }

    /// Gives the content that a change writes, made without the lock: whoever makes it may read.
    fn made(&self, change: &Change) -> Result<Vec<u8>> {
        let Change::Write(write) = change else { return Ok(Vec::new()) };
        match &write.content {
            Content::Bytes(bytes) => Ok(bytes.clone()),
            Content::Made(make) => {
                let mut to = std::io::Cursor::new(Vec::new());
                make.make(&walk::Inside(self.clone()), &mut to)?;
                Ok(to.into_inner())
            }
            Content::Edited(splices) => {
                let old = self.content(&write.path)?;
                state::spliced(&old, splices)
            }
        }
    }

    fn tell(&self, changes: &[Change]) {
        let mut state = self.state();
        let told = |folder: &FilePath| {
            let touched = changes.iter().flat_map(|c| [paths(c).0, Some(paths(c).1)]).flatten();
            touched.filter(|p| p.parent().as_ref() == Some(folder)).cloned().collect::<Vec<_>>()
        };
        state.watchers.retain(|(folder, to)| told(folder).into_iter().all(|p| to.send(p).is_ok()));
    }
}

impl Session for MemorySession {
    fn folders(&self) -> &[Folder] {
        &self.folders
    }

    fn files(&self, call: CallId) -> Arc<dyn Files> {
        Arc::new(Opened { session: self.clone(), call })
    }

    fn seen(&self, call: CallId) -> Vec<Sight> {
        self.state().sights(call)
    }

    fn recall(&self, seen: Vec<Sight>) {
        self.state().seen.extend(seen.into_iter().map(|s| (s.path, s.stamp)));
    }

    fn part(&self, folders: &[Folder]) -> Result<Arc<dyn Session>> {
        let has = |f: &Folder| self.folders.iter().any(|g| g.name == f.name && g.at == f.at && g.access >= f.access);
        if let Some(other) = folders.iter().find(|f| !has(f)) {
            let why = format!("`{}` is none of the task's folders, or not with that access", other.name);
            return Err(Error::new(Kind::NotAllowed, "open folder", why));
        }
        Ok(Arc::new(Self { folders: folders.to_vec(), state: self.state.clone() }))
    }
}

struct Opened {
    session: MemorySession,
    call: CallId,
}

#[async_trait]
impl Files for Opened {
    async fn list(&self, folder: FilePath, most: usize) -> Result<Vec<Entry>> {
        let entries = self.session.inside(&folder)?;
        if entries.len() > most {
            let why = format!("`{folder}` holds more than {most} entries");
            return Err(Error::new(Kind::LimitExceeded, "list", why));
        }
        Ok(entries)
    }

    async fn stat(&self, path: FilePath) -> Result<Entry> {
        self.session.entry(path)
    }

    async fn read(&self, path: FilePath, offset: u64, most: usize) -> Result<Piece> {
        let all = self.session.content(&path)?;
        let stamp = stamp(&all);
        self.session.state().sees(self.call, path, stamp.clone());
        let from = usize::try_from(offset).unwrap_or(usize::MAX).min(all.len());
        let bytes = all[from..all.len().min(from.saturating_add(most))].to_vec();
        Ok(Piece { bytes, size: all.len() as u64, stamp })
    }

    async fn walk(&self, from: Vec<FilePath>, visitor: Arc<dyn Visitor>, watch: Watch) -> Result<Walked> {
        walk::walk(&self.session, &from, &*visitor, &watch)
    }

    async fn watch(&self, folder: FilePath) -> Result<Box<dyn Arrivals>> {
        self.session.inside(&folder)?;
        Ok(Box::new(walk::Told::of(&self.session, folder)))
    }

    async fn change(&self, changes: Vec<Change>, watch: Watch) -> Result<Changed> {
        self.each(&changes, &watch, false)
    }

    async fn change_all(&self, changes: Vec<Change>, watch: Watch) -> Result<Changed> {
        let before = self.session.state().before(self.call);
        let result = self.each(&changes, &watch, true);
        if result.is_err() {
            self.session.state().give_back(self.call, before);
        }
        result
    }

    async fn made_before(&self) -> Result<u64> {
        Ok(self.session.state().made_by(self.call))
    }
}

impl Opened {
    /// Makes changes in order. With `all`, one that is left out is an error.
    fn each(&self, changes: &[Change], watch: &Watch, all: bool) -> Result<Changed> {
        for change in changes {
            let (from, to) = paths(change);
            let from_access = if matches!(change, Change::Copy { .. }) { Access::Read } else { Access::Write };
            from.map_or(Ok(()), |from| self.session.check(from, from_access))?;
            self.session.check(to, Access::Write)?;
            if let Change::Move { clash: Clash::Replace, .. } | Change::Copy { clash: Clash::Replace, .. } = change {
                let text = format!("a move or a copy can't replace what is at `{to}`");
                return Err(Error::new(Kind::InvalidInput, "change files", text));
            }
        }
        let mut done = Changed::default();
        for (index, change) in changes.iter().enumerate() {
            if watch.cancel.is_cancelled() {
                return Err(Error::new(Kind::Cancelled, "change files", "it was stopped between two changes"));
            }
            let asked = paths(change).1;
            let made = self.session.made(change);
            let came = self.session.state().once(self.call, index, change, made);
            let (renamed, reason) = match came {
                Ok(path) if path == *asked => {
                    done.made += u64::from(!self.session.state().idle.contains(&(self.call, index)));
                    continue;
                }
                Ok(path) => (Some(path), "the name was taken".to_owned()),
                Err(why) if all => {
                    let error = Error::new(Kind::Conflict, "change files", why);
                    return Err(error.with("path", asked.as_str()).with("index", index.to_string()));
                }
                Err(why) => (None, why),
            };
            done.made += u64::from(renamed.is_some());
            done.otherwise.push(Otherwise { index: index as u64, path: asked.clone(), renamed, reason });
        }
        self.session.tell(changes);
        Ok(done)
    }
}

fn parse(path: &str) -> FilePath {
    FilePath::parse(path).expect("a path")
}

impl fmt::Debug for MemorySession {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.paths()).finish()
    }
}
