//! Works out the steps of changes, against the disk as it is and the steps that wait in the same batch.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

use cowork_core::{Change, Clash, Content, Error, FilePath, Kind, Write};
use rustix::io::Errno;

use crate::{
    act::Work,
    disk::At,
    fault::{Fault, Trouble},
    number,
    record::{Act, Id, Record, Step, beside, kept, split},
    stage::{self, Like, Staged},
    state::Key,
    sys::{self, Look},
    touched::{Touch, Touched},
    view::kind_text,
};

/// How many steps are written to the journal at a time.
const BATCH: usize = 4096;

/// Steps that are about to be written down, then done.
#[derive(Debug, Default)]
pub(crate) struct Batch {
    pub(crate) steps: Vec<Arc<Step>>,
    pub(crate) times: Vec<Record>,
    /// They don't depend on one another, but for folders that are made on the way.
    touched: Touched,
    noted: HashSet<String>,
}

/// What planning a change came to.
#[derive(Debug, PartialEq)]
pub(crate) enum Planned {
    /// Its steps wait in the batch.
    Waits,
    /// It depends on what waits: do that first, then plan it again.
    First,
    /// It is as asked already.
    Nothing,
}

/// Plans the changes of one call.
#[derive(Debug)]
pub(crate) struct Planner {
    pub(crate) c: u32,
    pub(crate) batch: Batch,
    /// The number that was last found free for a name.
    numbers: HashMap<FilePath, u32>,
    /// The folders whose time before this call is in the journal or the batch.
    noted: HashSet<Key>,
}

/// The folder that a new name is about to be in.
struct Place {
    /// Folders to be made first.
    make: Vec<FilePath>,
    /// Whether it is there: not one that is still to be made.
    there: bool,
    /// It, or the nearest folder above it that is there.
    folder: Look,
}

type Plan<T = Planned> = Result<T, Trouble>;

impl Planner {
    pub(crate) fn new(c: u32) -> Self {
        Self { c, batch: Batch::default(), numbers: HashMap::new(), noted: HashSet::new() }
    }

    pub(crate) fn is_full(&self, work: &Work<'_>) -> bool {
        self.batch.steps.len() >= BATCH || work.dirs.many()
    }

    /// Plans the next change.
    pub(crate) fn plan(&mut self, work: &mut Work<'_>, i: u32, change: &Change) -> Plan {
        let h = checksum(change);
        match change {
            Change::MakeFolder { path } => self.make_folder(work, (i, h), path),
            Change::Move { from, to, clash } => self.relocate(work, (i, h), from, to, *clash),
            Change::SetAside { path } => self.set_aside(work, (i, h), path),
            Change::Write(Write { path, content: Content::Bytes(content), clash, .. }) => {
                self.fill(work, (i, h), path, *clash, |work, at, like| {
                    stage::bytes(&work.journal.disk, at, content, like).map_err(|e| e.at(path.as_str()))
                })
            }
            Change::Write(_) | Change::Restore { .. } | Change::Mode { .. } => Err(Trouble::All(stuck())),
            Change::Copy { from, to, clash } => {
                if self.batch.touched.depends(from) {
                    return Ok(Planned::First);
                }
                let look = source(work, from)?;
                if !look.is_file() {
                    return Err(Trouble::This(format!(
                        "`{from}` is {}, and only files are copied",
                        kind_text(look.file_type())
                    )));
                }
                self.fill(work, (i, h), to, *clash, |work, at, like| copy(work, from, at, like))
            }
        }
    }

    fn make_folder(&mut self, work: &mut Work<'_>, id: (u32, u32), path: &FilePath) -> Plan {
        let Some(place) = self.place(work, path)? else { return Ok(Planned::First) };
        let Some((last, ways)) = place.make.split_last() else { return Ok(Planned::Nothing) };
        self.push_folders(work, id, ways)?;
        self.push(work, id, false, Act::Make { p: last.clone() })?;
        Ok(Planned::Waits)
    }

    fn relocate(&mut self, work: &mut Work<'_>, id: (u32, u32), from: &FilePath, to: &FilePath, clash: Clash) -> Plan {
        if self.batch.touched.depends(from) {
            return Ok(Planned::First);
        }
        let look = source(work, from)?;
        if to != from && to.is_within(from) {
            return Err(Trouble::This(format!("`{from}` can't be moved into itself")));
        }
        let Some(place) = self.place_for(work, to)? else { return Ok(Planned::First) };
        let Some(to) = self.free(work, to, clash, &place)? else { return Ok(Planned::First) };
        if look.dev == place.folder.dev {
            self.push_folders(work, id, &place.make)?;
            self.push(work, id, false, Act::Move { f: from.clone(), t: to, id: Id::of(&look) })?;
            return Ok(Planned::Waits);
        }
        if !look.is_file() {
            let text = format!("`{from}` is {}, and only files are moved to another disk", kind_text(look.file_type()));
            return Err(Trouble::This(text));
        }
        // To another disk: a copy is put there, then the original is put aside.
        let like = |work: &mut Work<'_>, at: At<'_>, like: &Like<'_>| copy(work, from, at, like);
        match self.put(work, id, &to, &place, true, like)? {
            Planned::Waits => self.aside(work, id, from, &look),
            other => Ok(other),
        }
    }

    fn set_aside(&mut self, work: &mut Work<'_>, id: (u32, u32), path: &FilePath) -> Plan {
        if self.batch.touched.depends(path) {
            return Ok(Planned::First);
        }
        let look = source(work, path)?;
        self.aside(work, id, path, &look)
    }

    fn aside(&mut self, work: &mut Work<'_>, id: (u32, u32), path: &FilePath, look: &Look) -> Plan {
        self.take_out(work, id, path, look, false)?;
        Ok(Planned::Waits)
    }

    fn take_out(&mut self, work: &mut Work<'_>, id: (u32, u32), p: &FilePath, look: &Look, more: bool) -> Plan<()> {
        let same_disk = look.dev == work.journal.dev;
        if !same_disk && !look.is_file() {
            let text = format!(
                "`{p}` is {} on another disk than the journal, which can keep only files from there",
                kind_text(look.file_type())
            );
            return Err(Trouble::This(text));
        }
        let (k, p, was) = (work.journal.next_kept(), p.clone(), Id::of(look));
        if same_disk {
            return self.push(work, id, more, Act::Aside { k, p, id: was });
        }
        self.announce(work, &p, k)?;
        self.push(work, id, more, Act::Away { k, p, id: was })
    }

    /// Plans that content comes to a path.
    fn fill<S>(&mut self, work: &mut Work<'_>, id: (u32, u32), path: &FilePath, clash: Clash, stage: S) -> Plan
    where
        S: FnOnce(&mut Work<'_>, At<'_>, &Like<'_>) -> Result<Staged, Trouble>,
    {
        let Some(place) = self.place_for(work, path)? else { return Ok(Planned::First) };
        if clash == Clash::Replace {
            if self.batch.touched.depends(path) {
                return Ok(Planned::First);
            }
            if let Some(old) = work.dirs.look(path).map_err(|e| Fault::Os(e).at(path.as_str()))? {
                return self.replace(work, id, path, &place, &old, stage);
            }
        }
        let Some(path) = self.free(work, path, clash, &place)? else { return Ok(Planned::First) };
        self.put(work, id, &path, &place, false, stage)
    }

    fn replace<S>(
        &mut self,
        work: &mut Work<'_>,
        id: (u32, u32),
        path: &FilePath,
        place: &Place,
        old: &Look,
        stage: S,
    ) -> Plan
    where
        S: FnOnce(&mut Work<'_>, At<'_>, &Like<'_>) -> Result<Staged, Trouble>,
    {
        if !old.is_file() {
            let text = format!("`{path}` is {}, and only files are replaced", kind_text(old.file_type()));
            return Err(Trouble::This(text));
        }
        let content =
            split(path).and_then(|(folder, name)| sys::open_file(&work.dirs.get(folder).ok()?.dir.fd, &name).ok());
        let (k, staged, beside) = self.stage(work, path, place, &Like::Old(*old, content.as_ref()), stage)?;
        let (p, x) = (path.clone(), staged.hash);
        if beside {
            // Two steps: on another disk than the journal's they can't change places. Killed in between, the first goes back.
            self.take_out(work, id, path, old, true)?;
            self.push(work, id, false, Act::Put { k, p, id: staged.id, x, beside })?;
        } else {
            self.push(work, id, false, Act::Swap { k, p, id: staged.id, x, old: Id::of(old) })?;
        }
        Ok(Planned::Waits)
    }

    fn put<S>(
        &mut self,
        work: &mut Work<'_>,
        id: (u32, u32),
        path: &FilePath,
        place: &Place,
        more: bool,
        stage: S,
    ) -> Plan
    where
        S: FnOnce(&mut Work<'_>, At<'_>, &Like<'_>) -> Result<Staged, Trouble>,
    {
        if place.folder.dev != work.journal.dev && !place.there {
            // It is staged beside its name, in a folder that has to be there for that.
            self.push_folders(work, id, &place.make)?;
            return Ok(Planned::First);
        }
        let (k, staged, beside) = self.stage(work, path, place, &Like::New(place.folder), stage)?;
        self.push_folders(work, id, &place.make)?;
        self.push(work, id, more, Act::Put { k, p: path.clone(), id: staged.id, x: staged.hash, beside })?;
        Ok(Planned::Waits)
    }

    /// Stages content in `kept/`, or on another disk beside its name.
    fn stage<S>(
        &mut self,
        work: &mut Work<'_>,
        path: &FilePath,
        place: &Place,
        like: &Like<'_>,
        stage: S,
    ) -> Plan<(u64, Staged, bool)>
    where
        S: FnOnce(&mut Work<'_>, At<'_>, &Like<'_>) -> Result<Staged, Trouble>,
    {
        let k = work.journal.next_kept();
        if place.folder.dev == work.journal.dev {
            let dir = work.journal.kept.clone();
            return Ok((k, stage(work, dir.at(&kept(k)), like)?, false));
        }
        self.announce(work, path, k)?;
        let (folder, _) = split(path).ok_or_else(|| Trouble::This(format!("`{path}` is a granted folder itself")))?;
        let open = work.dirs.get(folder).map_err(|e| Fault::Os(e).at(folder))?;
        let name = beside(work.journal.task, k);
        Ok((k, stage(work, open.dir.at(&name), like)?, true))
    }

    /// Writes down that a name of ours is about to be in a person's folder, and that folder's time.
    fn announce(&mut self, work: &mut Work<'_>, p: &FilePath, k: u64) -> Plan<()> {
        self.note_time(work, p);
        let mut records = std::mem::take(&mut self.batch.times);
        records.push(Record::Beside { p: p.clone(), k });
        Ok(work.journal.commit(records)?)
    }

    fn place_for(&self, work: &Work<'_>, path: &FilePath) -> Plan<Option<Place>> {
        let folder = path.parent().ok_or_else(|| Trouble::This(format!("`{path}` is a granted folder itself")))?;
        self.place(work, &folder)
    }

    /// Finds a folder, or which ones have to be made for it. Nothing if that depends on what waits.
    fn place(&self, work: &Work<'_>, folder: &FilePath) -> Plan<Option<Place>> {
        let mut make = Vec::new();
        let mut at = folder.clone();
        loop {
            let touch = self.batch.touched.get(&at);
            let open = match touch {
                Some(Touch::Gone | Touch::Taken) => return Ok(None),
                Some(Touch::Made) => Err(Errno::NOENT),
                None => work.dirs.get(at.as_str()),
            };
            match open {
                Ok(open) => {
                    if self.batch.touched.moves(&at) {
                        return Ok(None);
                    }
                    make.reverse();
                    let there = at == *folder;
                    return Ok(Some(Place { make, there, folder: open.look }));
                }
                Err(Errno::NOENT) if touch.is_none() => make.push(at.clone()),
                Err(Errno::NOENT) => {}
                Err(Errno::NOTDIR | Errno::LOOP) => {
                    return Err(Trouble::This(format!(
                        "`{at}` is not a folder, or is a link, and links are not followed"
                    )));
                }
                Err(e) => return Err(Fault::Os(e).at(at.as_str())),
            }
            at = at.parent().ok_or_else(|| Trouble::This(format!("the granted folder `{at}` is no longer there")))?;
        }
    }

    /// Finds the name that something new gets. Nothing if that depends on what waits.
    fn free(&mut self, work: &Work<'_>, path: &FilePath, clash: Clash, place: &Place) -> Plan<Option<FilePath>> {
        let mut to = path.clone();
        let mut n = self.numbers.get(path).copied().unwrap_or(1);
        if n > 1 {
            to = number::numbered(path, n);
        }
        loop {
            let taken = match self.batch.touched.get(&to) {
                Some(Touch::Gone) => return Ok(None),
                Some(Touch::Made | Touch::Taken) => true,
                None => place.there && work.dirs.look(&to).map_err(|e| Fault::Os(e).at(to.as_str()))?.is_some(),
            };
            match clash {
                _ if !taken => break,
                Clash::Number if n < 1_000_000 => n += 1,
                Clash::Number | Clash::Skip | Clash::Replace => {
                    return Err(Trouble::This(format!("`{to}` is there already")));
                }
            }
            to = number::numbered(path, n);
        }
        if n > 1 {
            self.numbers.insert(path.clone(), n);
        }
        Ok(Some(to))
    }

    fn push_folders(&mut self, work: &Work<'_>, id: (u32, u32), make: &[FilePath]) -> Plan<()> {
        make.iter().try_for_each(|p| self.push(work, id, true, Act::Make { p: p.clone() }))
    }

    fn push(&mut self, work: &Work<'_>, (i, h): (u32, u32), more: bool, a: Act) -> Plan<()> {
        let (first, second) = a.paths();
        [Some(first), second].into_iter().flatten().for_each(|path| self.note_time(work, path));
        self.batch.touched.add(&a);
        self.batch.steps.push(Arc::new(Step { c: self.c, i, h, more, a }));
        Ok(())
    }

    /// Notes the time of the folder that a path lies in, the first time that it is about to be changed, and whether somebody
    /// else changed it since we last did.
    fn note_time(&mut self, work: &Work<'_>, path: &FilePath) {
        let Some((folder, _)) = split(path) else { return };
        if self.batch.noted.contains(folder) {
            return;
        }
        // A folder that is still to be made has no time that anybody could want back.
        let Ok(open) = work.dirs.get(folder) else { return };
        self.batch.noted.insert(folder.to_owned());
        let key: Key = (path.root().to_owned(), open.look.ino);
        let track = work.journal.state.tracks.get(&key);
        if track.is_some_and(|track| track.ours && track.after.is_some_and(|t| t != open.look.mtime)) {
            self.batch.times.push(Record::Else { root: key.0.clone(), ino: key.1 });
        }
        if let (true, Some(p)) = (self.noted.insert(key.clone()), path.parent()) {
            let n = work.journal.state.next_step() + self.batch.steps.len() as u64;
            self.batch.times.push(Record::Before { p, ino: key.1, t: open.look.mtime, n });
        }
    }
}

/// Gives a change's checksum, by which a call that runs again is compared with the first time.
pub(crate) fn checksum(change: &Change) -> u32 {
    let mut sum = crc32fast::Hasher::new();
    let mut add = |bytes: &[u8]| {
        sum.update(&(bytes.len() as u64).to_le_bytes());
        sum.update(bytes);
    };
    match change {
        Change::Write(Write { path, content, clash, .. }) => {
            let content = if let Content::Bytes(bytes) = content { bytes.as_slice() } else { &[] };
            [b"write", path.as_str().as_bytes(), content, &[*clash as u8]].into_iter().for_each(&mut add);
        }
        Change::MakeFolder { path } => [b"make".as_slice(), path.as_str().as_bytes()].into_iter().for_each(&mut add),
        Change::Move { from, to, clash } => {
            [b"move", from.as_str().as_bytes(), to.as_str().as_bytes(), &[*clash as u8]].into_iter().for_each(&mut add);
        }
        Change::Copy { from, to, clash } => {
            [b"copy", from.as_str().as_bytes(), to.as_str().as_bytes(), &[*clash as u8]].into_iter().for_each(&mut add);
        }
        Change::SetAside { path } => [b"aside".as_slice(), path.as_str().as_bytes()].into_iter().for_each(&mut add),
        Change::Restore { path } => [b"restore".as_slice(), path.as_str().as_bytes()].into_iter().for_each(&mut add),
        Change::Mode { path, mode } => {
            [b"mode".as_slice(), path.as_str().as_bytes(), &mode.to_le_bytes()].into_iter().for_each(&mut add);
        }
    }
    sum.finalize()
}

fn source(work: &Work<'_>, path: &FilePath) -> Plan<Look> {
    let (folder, name) = split(path).ok_or_else(|| Trouble::This(format!("`{path}` is a granted folder itself")))?;
    let open = work.dirs.get(folder).map_err(|e| Fault::Os(e).at(folder))?;
    sys::look(&open.dir.fd, &name).map_err(|e| Fault::Os(e).at(path.as_str()))
}

fn copy(work: &mut Work<'_>, from: &FilePath, at: At<'_>, like: &Like<'_>) -> Result<Staged, Trouble> {
    let failed = |e: Fault| e.at(from.as_str());
    let (folder, name) = split(from).ok_or_else(|| Trouble::This(format!("`{from}` is a granted folder itself")))?;
    let open = work.dirs.get(folder).map_err(|e| failed(e.into()))?;
    let file = sys::open_file(&open.dir.fd, &name).map_err(|e| failed(e.into()))?;
    let before = sys::look_at(&file).map_err(|e| failed(e.into()))?;
    if !before.is_file() {
        return Err(Trouble::This(format!("`{from}` is {}, and only files are copied", kind_text(before.file_type()))));
    }
    let (Like::New(folder) | Like::Old(folder, _) | Like::Copy(_, _, folder) | Like::Same(folder, _)) = like;
    let staged = stage::copy(&work.journal.disk, at, &file, &Like::Copy(before, &file, *folder)).map_err(failed)?;
    let after = sys::look_at(&file).map_err(|e| failed(e.into()))?;
    if Id::of(&before) == Id::of(&after) {
        return Ok(staged);
    }
    work.journal.disk.remove_file(at).map_err(failed)?;
    Err(Trouble::This(format!("`{from}` was being changed while it was copied")))
}

/// Says that a planner asked to do first what does not wait: a fault of this program.
pub(crate) fn stuck() -> Error {
    Error::new(Kind::Internal, "change", "a change waits for itself")
}
