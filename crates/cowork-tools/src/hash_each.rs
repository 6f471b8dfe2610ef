//! Work on each of many files, on the sandbox's threads: opening, reading, hashing.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, PoisonError},
};

use cowork_core::{
    CancellationToken, Error, FilePath, Files, Handed, Kind, OpenFile, Part, Reader, Result, Visitor, Watch,
};

use crate::show::stopped;

/// A file is read in pieces of this size.
pub(crate) const PIECE: usize = 256 * 1024;

/// What is done with each file, by its place in the list: open, or what opening came to.
///
/// Errors end the work.
pub(crate) type Task = Box<dyn for<'a> Fn(usize, Result<&'a dyn OpenFile>) -> Result<()> + Send + Sync>;

/// What is done for each place in a list, with the files of the session; without them if nothing of the list is there.
pub(crate) type Job = Box<dyn for<'a> Fn(usize, Option<&'a dyn Reader>) -> Result<()> + Send + Sync>;

/// The walk is given so many files: enough parts for all threads.
const MOST_PARTED: usize = 1_024;

/// Does something with each of these files.
pub(crate) async fn file(files: &dyn Files, paths: Vec<FilePath>, task: Task, watch: &Watch) -> Result<()> {
    let list = Arc::new(paths);
    let all = list.clone();
    let job: Job = Box::new(move |index, reader| {
        let Some(path) = all.get(index) else { return Ok(()) };
        match reader.map_or_else(|| Err(gone(path)), |reader| reader.open(path)) {
            Ok(file) => task(index, Ok(&*file)),
            Err(e) if e.kind == Kind::Cancelled => Err(e),
            Err(e) => task(index, Err(e)),
        }
    });
    each(files, &list, job, watch).await
}

/// Does a job for each place in a list of paths. The jobs are handed out one by one to all threads, whatever parts the walk
/// makes of the list.
pub(crate) async fn each(files: &dyn Files, list: &Arc<Vec<FilePath>>, job: Job, watch: &Watch) -> Result<()> {
    let work = Arc::new(Work {
        left: Mutex::new((0..list.len()).collect()),
        total: list.len() as u64,
        job,
        watch: watch.clone(),
    });
    let quiet = Watch { cancel: watch.cancel.clone(), progress: Arc::new(|_, _, _| {}) };
    let mut from: Vec<FilePath> = list.iter().take(MOST_PARTED).cloned().collect();
    while !work.queue().is_empty() {
        if from.is_empty() {
            return work.drain(None);
        }
        // A few files are named again and again, until they make parts for all threads.
        let named = from.iter().cycle().take(MOST_PARTED).cloned().collect();
        match files.walk(named, work.clone(), quiet.clone()).await {
            // One of them went away, which ends a walk before it begins: the others are walked.
            Err(e) if e.kind == Kind::NotFound && e.fact("of_job").is_none() => from = there(files, from).await?,
            other => other.map(|_| ())?,
        }
    }
    Ok(())
}

/// Gives those that are there. At least one fewer, so that this comes to an end.
async fn there(files: &dyn Files, from: Vec<FilePath>) -> Result<Vec<FilePath>> {
    let (before, mut left) = (from.len(), Vec::new());
    for path in from {
        match files.stat(path.clone()).await {
            Ok(_) => left.push(path),
            Err(e) if e.kind == Kind::NotFound => {}
            Err(e) => return Err(e),
        }
    }
    left.truncate(before - 1);
    Ok(left)
}

fn gone(path: &FilePath) -> Error {
    Error::new(Kind::NotFound, "read", format!("`{path}` is not there")).with("path", path.as_str())
}

struct Work {
    left: Mutex<VecDeque<usize>>,
    total: u64,
    job: Job,
    watch: Watch,
}

impl Work {
    fn queue(&self) -> std::sync::MutexGuard<'_, VecDeque<usize>> {
        self.left.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn drain(&self, reader: Option<&dyn Reader>) -> Result<()> {
        loop {
            if self.watch.cancel.is_cancelled() {
                return Err(stopped("read files"));
            }
            let (index, left) = {
                let mut queue = self.queue();
                let Some(index) = queue.pop_front() else { return Ok(()) };
                (index, queue.len() as u64)
            };
            (self.watch.progress)(self.total - left, self.total, "");
            (self.job)(index, reader).map_err(|e| e.with("of_job", index.to_string()))?;
        }
    }
}

impl Visitor for Work {
    fn enter(&self, _: &FilePath, _: &Handed, reader: &dyn Reader) -> Result<Handed> {
        self.drain(Some(reader))?;
        Ok(None)
    }

    fn visit(&self, part: &dyn Part, _: &Handed) -> Result<Vec<usize>> {
        self.drain(Some(part.reader()))?;
        Ok(Vec::new())
    }
}

/// Fills a buffer from an offset as far as the file goes.
pub(crate) fn fill(file: &dyn OpenFile, buffer: &mut [u8], offset: u64) -> Result<usize> {
    let mut length = 0;
    while length < buffer.len() {
        match file.read_at(&mut buffer[length..], offset + length as u64)? {
            0 => break,
            more => length += more,
        }
    }
    Ok(length)
}

/// Shows a file to `take`, piece by piece, and gives how long it was.
pub(crate) fn pieces(file: &dyn OpenFile, stop: &CancellationToken, mut take: impl FnMut(&[u8])) -> Result<u64> {
    let size = usize::try_from(file.entry().size).unwrap_or(PIECE);
    let mut buffer = vec![0; PIECE.min(size + 1)];
    let mut at = 0;
    loop {
        if stop.is_cancelled() {
            return Err(stopped("read files"));
        }
        let length = file.read_at(&mut buffer, at)?;
        if length == 0 {
            return Ok(at);
        }
        take(&buffer[..length]);
        at += length as u64;
    }
}

/// Gives the BLAKE3 hash of a whole file.
pub(crate) fn blake3(file: &dyn OpenFile, stop: &CancellationToken) -> Result<[u8; 32]> {
    let mut hasher = blake3::Hasher::new();
    pieces(file, stop, |piece| {
        hasher.update(piece);
    })?;
    Ok(*hasher.finalize().as_bytes())
}

/// Says whether an error is this one file's, and not the end of the whole work.
pub(crate) fn is_of_file(error: &Error) -> bool {
    error.kind != Kind::Cancelled
}
