//! Walking and watching a session in memory.

use std::collections::{BTreeMap, BTreeSet};

use async_trait::async_trait;
use cowork_core::{
    Access, Arrivals, Entry, Error, FileKind, FilePath, Handed, Kind, OpenFile, Part, Reader, Result, Visitor, Walked,
    Watch,
};
use tokio::sync::mpsc;

use super::MemorySession;

/// How many entries a part holds: few, so that a small tree already has several.
const PART: usize = 4;

/// Walks, one part after another.
pub(super) fn walk(session: &MemorySession, from: &[FilePath], visitor: &dyn Visitor, watch: &Watch) -> Result<Walked> {
    let reader = Inside(session.clone());
    let (mut walked, mut folders) = (Walked::default(), Vec::new());
    let mut files: BTreeMap<FilePath, Vec<Entry>> = BTreeMap::new();
    for path in from {
        let entry = session.entry(path.clone())?;
        match (entry.kind, path.parent()) {
            (FileKind::Folder, _) | (_, None) => folders.push((path.clone(), None)),
            (_, Some(parent)) => files.entry(parent).or_default().push(entry),
        }
    }
    for (folder, entries) in &files {
        for entries in entries.chunks(PART) {
            walked.entries += entries.len() as u64;
            visitor.visit(&Few::of(&reader, folder, entries), &None)?;
        }
    }
    while let Some((folder, above)) = folders.pop() {
        let Ok(entries) = session.inside(&folder) else {
            walked.unreadable += 1;
            walked.examples.push(folder);
            continue;
        };
        let handed: Handed = visitor.enter(&folder, &above, &reader)?;
        for entries in entries.chunks(PART) {
            if watch.cancel.is_cancelled() {
                return Err(Error::new(Kind::Cancelled, "walk", "the walk was stopped"));
            }
            walked.entries += entries.len() as u64;
            (watch.progress)(walked.entries, 0, folder.as_str());
            let into = visitor.visit(&Few::of(&reader, &folder, entries), &handed)?;
            folders.extend(into.into_iter().map(|i| (entries[i].path.clone(), handed.clone())));
        }
    }
    Ok(walked)
}

struct Few<'a> {
    reader: &'a Inside,
    folder: &'a FilePath,
    entries: &'a [Entry],
    /// As the file system's bytes.
    names: Vec<Vec<u8>>,
}

impl<'a> Few<'a> {
    fn of(reader: &'a Inside, folder: &'a FilePath, entries: &'a [Entry]) -> Self {
        let names = entries.iter().map(|e| e.path.below().last().unwrap_or_default()).collect();
        Self { reader, folder, entries, names }
    }
}

impl Part for Few<'_> {
    fn folder(&self) -> &FilePath {
        self.folder
    }

    fn len(&self) -> usize {
        self.entries.len()
    }

    fn name(&self, at: usize) -> &[u8] {
        &self.names[at]
    }

    fn kind(&self, at: usize) -> FileKind {
        self.entries[at].kind
    }

    fn path(&self, at: usize) -> FilePath {
        self.entries[at].path.clone()
    }

    fn stat(&self, at: usize) -> Result<Entry> {
        self.reader.stat(&self.entries[at].path)
    }

    fn open(&self, at: usize) -> Result<Box<dyn OpenFile>> {
        self.reader.open(&self.entries[at].path)
    }

    fn reader(&self) -> &dyn Reader {
        self.reader
    }
}

/// Reads a session.
pub(super) struct Inside(pub(super) MemorySession);

impl Reader for Inside {
    fn open(&self, path: &FilePath) -> Result<Box<dyn OpenFile>> {
        let content = self.0.content(path)?;
        Ok(Box::new(Open { entry: self.0.entry(path.clone())?, content }))
    }

    fn stat(&self, path: &FilePath) -> Result<Entry> {
        self.0.check(path, Access::Read)?;
        self.0.entry(path.clone())
    }
}

struct Open {
    entry: Entry,
    content: Vec<u8>,
}

impl OpenFile for Open {
    fn entry(&self) -> Entry {
        self.entry.clone()
    }

    fn read_at(&self, buffer: &mut [u8], offset: u64) -> Result<usize> {
        let from = usize::try_from(offset).unwrap_or(usize::MAX).min(self.content.len());
        let some = buffer.len().min(self.content.len() - from);
        buffer[..some].copy_from_slice(&self.content[from..from + some]);
        Ok(some)
    }
}

/// Is told what changes in a folder.
pub(super) struct Told(mpsc::UnboundedReceiver<FilePath>);

impl Told {
    pub(super) fn of(session: &MemorySession, folder: FilePath) -> Self {
        let (tell, told) = mpsc::unbounded_channel();
        session.state().watchers.push((folder, tell));
        Self(told)
    }
}

#[async_trait]
impl Arrivals for Told {
    async fn next(&mut self) -> Result<Vec<FilePath>> {
        let gone = || Error::new(Kind::NotFound, "watch", "the folder is gone");
        let mut some = BTreeSet::from([self.0.recv().await.ok_or_else(gone)?]);
        while let Ok(more) = self.0.try_recv() {
            some.insert(more);
        }
        Ok(some.into_iter().collect())
    }
}
