//! Files in memory, with a clock and chance that stand still: what a tool's test runs against.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
    time::Duration,
};

use async_trait::async_trait;
use cowork_core::{
    BoxFuture, CallId, Change, Changed, Clash, Entry, Error, FileKind, FilePath, Files, Folder, Kind, Otherwise,
    Result, Runtime, Session, TaskId, ThreadId, Timestamp, ToolContext, Watch,
};

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Node {
    File(Vec<u8>),
    Folder,
    Link,
    Pipe,
}

#[derive(Default)]
pub(crate) struct Memory {
    pub(crate) nodes: Mutex<BTreeMap<FilePath, Node>>,
    folders: Vec<Folder>,
}

impl Memory {
    pub(crate) fn with(nodes: &[(&str, Node)]) -> Arc<Self> {
        let memory = Self::default();
        for (path, node) in nodes {
            memory.put(&FilePath::parse(path).unwrap(), node.clone());
        }
        Arc::new(memory)
    }

    pub(crate) fn paths(&self) -> Vec<String> {
        self.nodes.lock().unwrap().keys().map(ToString::to_string).collect()
    }

    fn put(&self, path: &FilePath, node: Node) {
        let mut nodes = self.nodes.lock().unwrap();
        for above in std::iter::successors(path.parent(), FilePath::parent) {
            nodes.entry(above).or_insert(Node::Folder);
        }
        nodes.insert(path.clone(), node);
    }

    fn get(&self, path: &FilePath) -> Result<Node> {
        let found = self.nodes.lock().unwrap().get(path).cloned();
        found.ok_or_else(|| Error::new(Kind::NotFound, "look", format!("`{path}` is not there")))
    }

    fn remove(&self, path: &FilePath) -> Option<Node> {
        self.nodes.lock().unwrap().remove(path)
    }

    /// Finds a free name, or says that the target is taken.
    fn free(&self, to: FilePath, clash: Clash) -> Result<FilePath> {
        if self.get(&to).is_err() || clash == Clash::Replace {
            return Ok(to);
        }
        if clash == Clash::Skip {
            return Err(Error::new(Kind::Conflict, "move", "there is a file of that name already"));
        }
        let (stem, end) = to.as_str().rsplit_once('.').unwrap_or((to.as_str(), ""));
        let dot = if end.is_empty() { "" } else { "." };
        let numbered = (2..).map(|n| FilePath::parse(&format!("{stem} ({n}){dot}{end}")).unwrap());
        Ok(numbered.into_iter().find(|p| self.get(p).is_err()).unwrap())
    }

    fn one(&self, change: &Change) -> Result<FilePath> {
        match change {
            Change::Write { path, content, clash } => {
                let path = self.free(path.clone(), *clash)?;
                self.put(&path, Node::File(content.clone()));
                Ok(path)
            }
            Change::MakeFolder { path } => {
                self.put(path, Node::Folder);
                Ok(path.clone())
            }
            Change::Move { from, to, clash } => {
                let node = self.get(from)?;
                let to = self.free(to.clone(), *clash)?;
                self.remove(from);
                self.put(&to, node);
                Ok(to)
            }
            Change::Copy { from, to, clash } => {
                let node = self.get(from)?;
                let to = self.free(to.clone(), *clash)?;
                self.put(&to, node);
                Ok(to)
            }
            Change::SetAside { path } => {
                self.get(path)?;
                self.remove(path);
                Ok(path.clone())
            }
        }
    }
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

pub(crate) struct Opened(pub(crate) Arc<Memory>);

#[async_trait]
impl Files for Opened {
    async fn list(&self, folder: FilePath, most: usize) -> Result<Vec<Entry>> {
        if self.0.get(&folder)? != Node::Folder {
            return Err(Error::new(Kind::InvalidInput, "list", format!("`{folder}` is not a folder")));
        }
        let nodes = self.0.nodes.lock().unwrap();
        let inside = nodes.iter().filter(|(p, _)| p.parent().as_ref() == Some(&folder));
        Ok(inside.take(most).map(|(p, n)| entry(p.clone(), n)).collect())
    }

    async fn stat(&self, path: FilePath) -> Result<Entry> {
        let node = self.0.get(&path)?;
        Ok(entry(path, &node))
    }

    async fn read(&self, path: FilePath, offset: u64, most: usize) -> Result<Vec<u8>> {
        match self.0.get(&path)? {
            Node::File(bytes) => {
                let from = usize::try_from(offset).unwrap().min(bytes.len());
                Ok(bytes[from..bytes.len().min(from + most)].to_vec())
            }
            _ => Err(Error::new(Kind::InvalidInput, "read", format!("`{path}` is not a file"))),
        }
    }

    async fn change(&self, changes: Vec<Change>, _: Watch) -> Result<Changed> {
        let mut done = Changed::default();
        for (index, change) in changes.iter().enumerate() {
            let asked = match change {
                Change::Write { path, .. } | Change::MakeFolder { path } | Change::SetAside { path } => path,
                Change::Move { to, .. } | Change::Copy { to, .. } => to,
            };
            let (renamed, reason) = match self.0.one(change) {
                Ok(path) => {
                    done.made += 1;
                    if path == *asked {
                        continue;
                    }
                    (Some(path), "the name was taken".to_owned())
                }
                Err(e) => (None, e.message),
            };
            done.otherwise.push(Otherwise { index: index as u64, path: asked.clone(), renamed, reason });
        }
        Ok(done)
    }
}

#[async_trait]
impl Session for Opened {
    fn folders(&self) -> &[Folder] {
        &self.0.folders
    }

    fn files(&self, _: CallId) -> Arc<dyn Files> {
        Arc::new(Self(self.0.clone()))
    }
}

/// A clock that stands still and chance that is known.
pub(crate) struct Still;

impl Runtime for Still {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(1_774_008_000_123)
    }

    fn entropy(&self) -> u128 {
        0x1234_5678_9abc_def0_1234_5678_9abc_def7
    }

    fn sleep(&self, _: Duration) -> BoxFuture<()> {
        Box::pin(std::future::ready(()))
    }

    fn spawn(&self, _: BoxFuture<()>) {}
}

pub(crate) fn context(memory: &Arc<Memory>) -> ToolContext {
    let id = "0192f0c0-0000-7000-8000-000000000001";
    ToolContext {
        thread: id.parse::<ThreadId>().unwrap(),
        task: id.parse::<TaskId>().unwrap(),
        call: id.parse::<CallId>().unwrap(),
        attempt: 1,
        watch: Watch::nothing(),
        runtime: Arc::new(Still),
        session: Some(Arc::new(Opened(memory.clone()))),
    }
}
