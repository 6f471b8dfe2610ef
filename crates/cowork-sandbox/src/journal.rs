//! A task's journal on the disk: `log`, to which frames are appended, and `kept/`, which holds what left the person's
//! folders and what is about to enter them.

use std::{
    fs::{File, OpenOptions},
    os::unix::fs::{MetadataExt, OpenOptionsExt},
    path::{Path, PathBuf},
    sync::Arc,
};

use cowork_core::{Error, Kind, Result, TaskId};
use rustix::io::Errno;

use crate::{
    disk::{Dir, Disk, make_own_folders},
    fault::{Fault, shown},
    record::{self, Record, VERSION},
    state::State,
    sys::{self, Volume, access},
};

/// Room kept free behind the log's end, so that giving a call back can be written down on a full disk.
const SLACK: u64 = 64 * 1024;

/// An open journal. Only the holder of the task's lock has one.
#[derive(Debug)]
pub(crate) struct Journal {
    pub(crate) task: TaskId,
    pub(crate) disk: Disk,
    pub(crate) kept: Arc<Dir>,
    /// The disk that `kept/` is on.
    pub(crate) volume: Volume,
    pub(crate) state: State,
    /// Whether something failed so that memory and disk may differ: nothing more is changed then.
    pub(crate) broken: bool,
    log: File,
    path: PathBuf,
    end: u64,
    durable: u64,
    /// Marks of what was done, which ride on the next frame.
    marks: Vec<Record>,
    next_kept: u64,
    /// Whether room was reserved behind the log's end.
    reserved: bool,
}

impl Drop for Journal {
    fn drop(&mut self) {
        // The room is only for as long as there may be something to give back. A test's dead process does nothing more.
        if self.reserved && self.disk.probe.is_none() {
            let _ = self.log.set_len(self.end);
        }
    }
}

impl Journal {
    /// Opens the journal of a task that has one; nothing if it has none.
    pub(crate) fn open(disk: &Disk, journals: &Path, task: TaskId) -> Result<Option<Self>> {
        let Some((journal, len)) = Self::load(disk, journals, task, File::options().read(true).append(true))? else {
            return Ok(None);
        };
        if journal.end < len {
            let cut = journal.disk.cut(&journal.log, &journal.path, journal.end);
            cut.and_then(|()| journal.disk.sync_data(&journal.log, &journal.path)).map_err(|e| journal.failed(e))?;
        }
        Ok(Some(journal))
    }

    /// Reads the journal of a task, without its lock and while its holder may be at work; nothing if it has none. Nothing can
    /// be written to it.
    pub(crate) fn look(disk: &Disk, journals: &Path, task: TaskId) -> Result<Option<Self>> {
        Ok(Self::load(disk, journals, task, File::options().read(true))?.map(|(journal, _)| journal))
    }

    fn load(disk: &Disk, journals: &Path, task: TaskId, how: &OpenOptions) -> Result<Option<(Self, u64)>> {
        let folder = journals.join(task.to_string());
        let path = folder.join("log");
        let log = match how.open(&path) {
            Ok(log) => log,
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(e) => return Err(Fault::from(e).error("open journal", &shown(&path))),
        };
        let bytes = std::fs::read(&path).map_err(|e| Fault::from(e).error("read journal", &shown(&path)))?;
        let (state, end) = read(&bytes, task, &path)?;
        if state.head.is_none() {
            // It was being made when the process died: nothing had been done yet.
            return Ok(None);
        }
        Ok(Some((Self::with(disk, &folder, task, log, (state, end))?, bytes.len() as u64)))
    }

    /// Makes the journal of a task that has none. It is durable when this returns.
    pub(crate) fn make(disk: &Disk, journals: &Path, task: TaskId, folders: Vec<Record>) -> Result<Self> {
        let folder = journals.join(task.to_string());
        let failed = |e: Fault| e.error("make journal", &shown(&folder));
        let dir = make_own_folders(disk, &folder).map_err(failed)?;
        make_own_folders(disk, &folder.join("kept")).map_err(failed)?;
        let path = folder.join("log");
        let log = match disk.create(dir.at(b"log"), 0o600) {
            Ok(_) => File::options().read(true).append(true).mode(0o600).open(&path).map_err(Fault::from),
            Err(Fault::Os(Errno::EXIST)) => {
                let log = File::options().read(true).append(true).open(&path).map_err(Fault::from).map_err(failed)?;
                disk.cut(&log, &path, 0).map(|()| log)
            }
            Err(e) => Err(e),
        }
        .map_err(failed)?;
        let mut journal = Self::with(disk, &folder, task, log, (State::default(), 0))?;
        journal.commit([vec![Record::Head { version: VERSION, task }], folders].concat())?;
        // Also what was there: a process that died here before may have made it and not come to making it durable.
        for path in folder.ancestors().take(4) {
            Dir::open(path).and_then(|dir| disk.sync_folder(&dir)).map_err(failed)?;
        }
        Ok(journal)
    }

    /// Appends records and makes them durable, together with all marks so far. On an error none of them counts.
    pub(crate) fn commit(&mut self, records: Vec<Record>) -> Result<()> {
        let mut frame = self.marks.clone();
        frame.extend(records);
        self.append(&frame)?;
        let records = frame.split_off(self.marks.len());
        if let Err(e) = self.disk.sync_data(&self.log, &self.path) {
            return Err(self.take_back(e));
        }
        self.advance(true)?;
        self.marks.clear();
        records.into_iter().for_each(|r| self.state.apply(r));
        Ok(())
    }

    /// Appends the marks so far, so that they outlive the process. They are made durable with the next frame.
    pub(crate) fn flush(&mut self) -> Result<()> {
        if self.marks.is_empty() {
            return Ok(());
        }
        let frame = self.marks.clone();
        self.append(&frame)?;
        self.marks.clear();
        self.advance(false)
    }

    /// Notes what is known by now: it counts at once, and is written with the next frame.
    pub(crate) fn mark(&mut self, record: Record) {
        match (&record, self.marks.last_mut()) {
            (Record::Done(n, _), Some(Record::Done(_, last))) if *last + 1 == *n => *last = *n,
            (Record::Back(n, _), Some(Record::Back(first, _))) if *n + 1 == *first => *first = *n,
            _ => self.marks.push(record.clone()),
        }
        self.state.apply(record);
    }

    /// Gives the folder of all journals.
    pub(crate) fn journals(&self) -> PathBuf {
        self.path.ancestors().nth(2).unwrap_or(&self.path).to_owned()
    }

    /// Gives a free number in `kept/`.
    pub(crate) fn next_kept(&mut self) -> u64 {
        let k = self.next_kept;
        self.next_kept += 1;
        k
    }

    fn with(disk: &Disk, folder: &Path, task: TaskId, log: File, (state, end): (State, u64)) -> Result<Self> {
        let kept = folder.join("kept");
        let failed = |e: Fault| match e {
            Fault::Os(Errno::NOENT) => {
                Error::new(Kind::Corrupt, "open journal", "what the journal of this task kept is missing")
                    .with("path", shown(&kept))
                    .with_fix("bring the journal back from a backup, or start a new task")
            }
            e => e.error("open journal", &shown(&kept)),
        };
        let kept = Arc::new(Dir::open(&kept).map_err(failed)?);
        let volume = sys::look_at_folder(&kept.fd).map_err(Fault::from).map_err(failed)?.1;
        // What is staged goes into the person's folders: those say who may read it, not what ours lies in.
        access::hand_nothing_on(&kept.fd).map_err(Fault::from).map_err(failed)?;
        // Numbers of files that no record speaks of are not used again: they are left where they are.
        let taken = sys::names(&kept.fd, usize::MAX).map_err(Fault::from).map_err(failed)?;
        let taken = taken.iter().filter_map(|n| std::str::from_utf8(n).ok()?.parse::<u64>().ok()).max();
        let used = state.steps.iter().filter_map(|(s, _)| s.a.kept()).chain(state.beside.keys().copied());
        let next_kept = used.chain(taken).max().map_or(0, |k| k + 1);
        let (disk, path) = (disk.clone(), folder.join("log"));
        let marks = Vec::new();
        Ok(Self {
            task,
            disk,
            kept,
            volume,
            state,
            broken: false,
            log,
            path,
            end,
            durable: end,
            marks,
            next_kept,
            reserved: false,
        })
    }

    fn append(&mut self, records: &[Record]) -> Result<()> {
        let frame = record::frame(self.durable, records).map_err(|e| {
            Error::new(Kind::Internal, "write journal", "a journal entry could not be written as text").with_source(e)
        })?;
        self.reserved = true;
        match sys::reserve(&self.log, self.end, frame.len() as u64 + SLACK) {
            // Nothing new is begun without it. What gives something back may fit into the room that there is.
            Err(Errno::NOSPC | Errno::DQUOT) if !records.iter().any(|r| matches!(r, Record::Step(_))) => {}
            reserved => reserved.map_err(|e| self.failed(e.into()))?,
        }
        match self.disk.append(&self.log, &self.path, &frame) {
            Ok(()) => Ok(()),
            Err(e) => Err(self.take_back(e)),
        }
    }

    fn advance(&mut self, durable: bool) -> Result<()> {
        self.end = self.log.metadata().map_err(|e| self.failed(e.into()))?.size();
        if durable {
            self.durable = self.end;
        }
        Ok(())
    }

    /// Cuts off what a failed write may have left; if that fails too, nothing more is written.
    fn take_back(&mut self, fault: Fault) -> Error {
        if self.disk.cut(&self.log, &self.path, self.end).is_err() {
            self.broken = true;
        }
        self.failed(fault)
    }

    fn failed(&self, fault: Fault) -> Error {
        fault.error("write journal", &shown(&self.path))
    }
}

/// Reads a log: what it says, and where its whole part ends.
///
/// Only what came after the last frame that was made durable can be torn, and nothing had been done on its strength. A
/// broken frame that a later one calls durable is damage.
pub(crate) fn read(bytes: &[u8], task: TaskId, path: &Path) -> Result<(State, u64)> {
    let mut state = State::default();
    let (mut at, mut end) = (0, None);
    for line in bytes.split_inclusive(|b| *b == b'\n') {
        let start = at;
        at += line.len() as u64;
        match line.strip_suffix(b"\n").and_then(record::unframe) {
            Some((durable, _)) if end.is_some_and(|end| durable > end) => return Err(damaged(path, end.unwrap_or(0))),
            Some((_, records)) if end.is_none() => {
                check_version(records, path)?;
                let records: Vec<Record> =
                    serde_json::from_slice(records).map_err(|e| damaged(path, start).with_source(e))?;
                records.into_iter().for_each(|r| state.apply(r));
            }
            Some(_) => {}
            None => end = end.or(Some(start)),
        }
    }
    match state.head {
        Some((_, whose)) if whose != task => Err(damaged(path, 0)),
        _ => Ok((state, end.unwrap_or(at))),
    }
}

/// A later version may have records that this one can't read: its head is read on its own.
fn check_version(records: &[u8], path: &Path) -> Result<()> {
    if !records.starts_with(b"[{\"head\"") {
        return Ok(());
    }
    let head = serde_json::from_slice::<serde_json::Value>(records).unwrap_or_default();
    match head[0]["head"]["version"].as_u64() {
        Some(v) if v > u64::from(VERSION) => Err(Error::new(
            Kind::NewerVersion,
            "read journal",
            format!("the journal was written by a later version of this program (format {v}, this one reads up to {VERSION})"),
        )
        .with("path", shown(path))
        .with_fix("update this program")),
        _ => Ok(()),
    }
}

fn damaged(path: &Path, at: u64) -> Error {
    Error::new(Kind::Corrupt, "read journal", format!("the journal of this task is damaged at byte {at}"))
        .with("path", shown(path))
        .with_fix("bring the journal back from a backup, or keep the files as they are and start a new task")
}
