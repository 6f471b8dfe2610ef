//! Works out the steps of changes, against the disk as it is and the steps that wait in the same batch.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

use cowork_core::{Change, Clash, Error, FilePath, Kind, Still};

use crate::{
    act::Work,
    asked::checksum,
    fault::{Fault, Trouble},
    fill::Filling,
    guard,
    mounts::Mounts,
    record::{Act, Id, Record, Step, split},
    stamp::{Is, Seen},
    state::{Key, Stage},
    still,
    sys::{self, Look, Volume},
    touched::Touched,
    view::{View, kind_text},
};

/// How many steps are written to the journal at a time.
const BATCH: usize = 4096;

/// Steps that are about to be written down, then done.
#[derive(Debug, Default)]
pub(crate) struct Batch {
    pub(crate) steps: Vec<Arc<Step>>,
    pub(crate) times: Vec<Record>,
    /// They don't depend on one another, but for folders that are made on the way.
    pub(crate) touched: Touched,
    pub(crate) noted: HashSet<String>,
    /// Where something is mounted, from when the first folder was about to go.
    pub(crate) mounts: Option<Mounts>,
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
pub(crate) struct Planner<'a> {
    pub(crate) c: u32,
    pub(crate) batch: Batch,
    pub(crate) view: &'a View,
    pub(crate) seen: &'a Seen,
    /// Files that were, when their step was planned, as this session had last seen them.
    pub(crate) same: HashSet<FilePath>,
    /// The number that was last found free for a name.
    pub(crate) numbers: HashMap<FilePath, u32>,
    /// The folders whose time before this call is in the journal or the batch.
    pub(crate) noted: HashSet<Key>,
    asides: Asides,
}

/// What this task set aside and has not brought back, by where it was, the last at the end.
#[derive(Debug, Default)]
struct Asides {
    steps: u64,
    at: HashMap<FilePath, Vec<Aside>>,
}

#[derive(Clone, Copy, Debug)]
struct Aside {
    k: u64,
    id: Id,
    /// Whether what is kept is a copy from another disk.
    copied: bool,
}

pub(crate) type Plan<T = Planned> = Result<T, Trouble>;

impl<'a> Planner<'a> {
    pub(crate) fn new(c: u32, view: &'a View, seen: &'a Seen) -> Self {
        let (batch, asides) = (Batch::default(), Asides::default());
        let (numbers, noted, same) = (HashMap::new(), HashSet::new(), HashSet::new());
        Self { c, batch, view, seen, same, numbers, noted, asides }
    }

    pub(crate) fn is_full(&self, work: &Work<'_>) -> bool {
        self.batch.steps.len() >= BATCH || work.dirs.many()
    }

    /// Plans the next change.
    pub(crate) fn plan(&mut self, work: &mut Work<'_>, i: u32, change: &Change) -> Plan {
        let id = (i, checksum(change));
        match change {
            Change::MakeFolder { path, mode } => self.make_folder(work, id, path, mode.map(|m| m & 0o777 | 0o700)),
            Change::Move { from, to, clash } => self.relocate(work, id, from, to, *clash),
            Change::SetAside { path, still } => self.set_aside(work, id, path, still.as_ref()),
            Change::Write(write) => self.fill(work, id, &write.path, write.clash, Filling::Written(write)),
            Change::Copy { from, to, clash } => {
                if self.batch.touched.depends(from) {
                    return Ok(Planned::First);
                }
                guard::is_file(from, &source(work, from)?, "copied")?;
                self.fill(work, id, to, *clash, Filling::Copied(from))
            }
            Change::Link { path, to } => self.fill(work, id, path, Clash::Skip, Filling::Link(to)),
            Change::Restore { path } => self.restore(work, id, path),
            Change::Mode { path, mode } => self.set_mode(work, id, path, *mode),
        }
    }

    fn make_folder(&mut self, work: &mut Work<'_>, id: (u32, u32), path: &FilePath, mode: Option<u32>) -> Plan {
        let Some(place) = self.place(work, path)? else { return Ok(Planned::First) };
        let Some((last, ways)) = place.make.split_last() else { return Ok(Planned::Nothing) };
        self.push_folders(work, id, ways)?;
        self.push(work, id, false, Act::Make { p: last.clone(), m: mode })?;
        Ok(Planned::Waits)
    }

    fn relocate(&mut self, work: &mut Work<'_>, id: (u32, u32), from: &FilePath, to: &FilePath, clash: Clash) -> Plan {
        if self.batch.touched.depends(from) {
            return Ok(Planned::First);
        }
        let look = source(work, from)?;
        may_leave(work, from)?;
        self.has_no_mount(from, &look)?;
        if to != from && to.is_within(from) {
            return Err(Trouble::This(format!("`{from}` can't be moved into itself")));
        }
        let Some(place) = self.place_for(work, to)? else { return Ok(Planned::First) };
        let Some(to) = self.free(work, to, clash, &place)? else { return Ok(Planned::First) };
        self.note_same(from, &look);
        if volume(work, from)? == place.folder.volume {
            self.push_folders(work, id, &place.make)?;
            self.push(work, id, false, Act::Move { f: from.clone(), t: to, id: Id::of(&look) })?;
            return Ok(Planned::Waits);
        }
        if !look.is_file() {
            let text = format!("`{from}` is {}, and only files are moved to another disk", kind_text(look.file_type()));
            return Err(Trouble::This(text));
        }
        // To another disk: a copy is put there, then the original is put aside.
        match self.put(work, id, &to, &place, true, Filling::Copied(from))? {
            Planned::Waits => self.aside(work, id, from, &look),
            other => Ok(other),
        }
    }

    fn set_aside(&mut self, work: &mut Work<'_>, id: (u32, u32), path: &FilePath, still: Option<&Still>) -> Plan {
        let copied = still.and_then(|still| still.copy_of.as_ref());
        if self.batch.touched.depends(path) || copied.is_some_and(|copied| self.batch.touched.depends(copied)) {
            return Ok(Planned::First);
        }
        let look = source(work, path)?;
        may_leave(work, path)?;
        self.has_no_mount(path, &look)?;
        if let Some(still) = still {
            still::is_so(work, still, path, &look)?;
        }
        if look.is_file() {
            self.is_nobody_at(work, path, &look)?;
        }
        self.aside(work, id, path, &look)
    }

    fn aside(&mut self, work: &mut Work<'_>, id: (u32, u32), path: &FilePath, look: &Look) -> Plan {
        self.take_out(work, id, path, look, false)?;
        Ok(Planned::Waits)
    }

    pub(crate) fn take_out(
        &mut self,
        work: &mut Work<'_>,
        id: (u32, u32),
        p: &FilePath,
        look: &Look,
        more: bool,
    ) -> Plan<()> {
        let same_disk = volume(work, p)? == work.journal.volume;
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

    /// Brings back what was set aside from a path last: by the same rename, or as a copy where it was kept as one.
    fn restore(&mut self, work: &mut Work<'_>, id: (u32, u32), path: &FilePath) -> Plan {
        if self.batch.touched.depends(path) {
            return Ok(Planned::First);
        }
        self.find_asides(work);
        let Some(aside) = self.asides.at.get(path).and_then(|asides| asides.last()).copied() else {
            return Err(Trouble::This(format!("`{path}` was not set aside by this task, or is back already")));
        };
        let Some(place) = self.place_for(work, path)? else { return Ok(Planned::First) };
        if work.dirs.look(path).map_err(|e| Fault::Os(e).at(path.as_str()))?.is_some() {
            return Err(Trouble::This(format!("`{path}` is there already")));
        }
        if aside.copied {
            return self.put(work, id, path, &place, false, Filling::Kept(aside.k));
        }
        self.push_folders(work, id, &place.make)?;
        self.push(work, id, false, Act::Restore { k: aside.k, p: path.clone(), id: aside.id })?;
        Ok(Planned::Waits)
    }

    /// Takes in what was set aside or brought back since it last looked. No step of the journal waits while one is planned.
    fn find_asides(&mut self, work: &Work<'_>) {
        let state = &work.journal.state;
        for n in self.asides.steps..state.next_step() {
            let Some((step, Stage::Done)) = state.step(n).map(|(step, stage)| (step, *stage)) else { continue };
            match &step.a {
                Act::Aside { k, p, id } | Act::Away { k, p, id } if is_set_aside(work, n) => {
                    let copied = matches!(step.a, Act::Away { .. });
                    self.asides.at.entry(p.clone()).or_default().push(Aside { k: *k, id: *id, copied });
                }
                Act::Restore { k, p, .. } | Act::Put { of: Some(k), p, .. } => {
                    self.asides.at.entry(p.clone()).or_default().retain(|aside| aside.k != *k);
                }
                _ => {}
            }
        }
        self.asides.steps = state.next_step();
    }

    fn set_mode(&mut self, work: &mut Work<'_>, id: (u32, u32), path: &FilePath, mode: u32) -> Plan {
        if self.batch.touched.depends(path) {
            return Ok(Planned::First);
        }
        let look = source(work, path)?;
        if !look.is_file() && !look.is_folder() {
            let text =
                format!("`{path}` is {}, which has no permissions of its own to set", kind_text(look.file_type()));
            return Err(Trouble::This(text));
        }
        if look.mode & 0o7777 == mode {
            return Ok(Planned::Nothing);
        }
        if look.is_file() {
            self.is_nobody_at(work, path, &look)?;
        }
        self.note_same(path, &look);
        self.push(work, id, false, Act::Mode { p: path.clone(), id: Id::of(&look), m: mode })?;
        Ok(Planned::Waits)
    }

    /// Notes a file that is as this session last saw it: then what is about to be done to it is no news.
    fn note_same(&mut self, path: &FilePath, look: &Look) {
        if self.seen.get(path).is_some_and(|print| matches!(print.compare(look), Is::Same | Is::AskContent)) {
            self.same.insert(path.clone());
        }
    }
}

pub(crate) fn source(work: &Work<'_>, path: &FilePath) -> Plan<Look> {
    let (folder, name) = split(path).ok_or_else(|| Trouble::This(format!("`{path}` is a granted folder itself")))?;
    let open = work.dirs.get(folder).map_err(|e| Fault::Os(e).at(folder))?;
    sys::look(&open.dir.fd, &name).map_err(|e| Fault::Os(e).at(path.as_str()))
}

/// Gives the disk on which something lies: that of its folder, from which it would be renamed.
fn volume(work: &Work<'_>, path: &FilePath) -> Plan<Volume> {
    let (folder, _) = split(path).ok_or_else(|| Trouble::This(format!("`{path}` is a granted folder itself")))?;
    Ok(work.dirs.get(folder).map_err(|e| Fault::Os(e).at(folder))?.volume)
}

fn may_leave(work: &Work<'_>, path: &FilePath) -> Plan<()> {
    let Some((folder, name)) = split(path) else { return Ok(()) };
    let open = work.dirs.get(folder).map_err(|e| Fault::Os(e).at(folder))?;
    guard::may_leave(path, &open.dir, &name)
}

/// Says whether a step put something aside for good: not as one half of a move or of a replacement.
fn is_set_aside(work: &Work<'_>, n: u64) -> bool {
    let step = |n: u64| work.journal.state.step(n).map(|(step, _)| step);
    let Some(this) = step(n) else { return false };
    let is_move = |before: &Arc<Step>| (before.c, before.i) == (this.c, this.i) && matches!(before.a, Act::Put { .. });
    !this.more && !n.checked_sub(1).and_then(step).is_some_and(is_move)
}

/// Says that a planner asked to do first what does not wait: a fault of this program.
pub(crate) fn stuck() -> Error {
    Error::new(Kind::Internal, "change", "a change waits for itself")
}
