//! Does a step, and takes it back.

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    rc::Rc,
};

use cowork_core::{FilePath, Result};
use rustix::io::Errno;

use crate::{
    disk::At,
    fault::{Fault, Trouble},
    journal::Journal,
    number,
    record::{Act, Id, LEADS_TO, Record, beside, kept, split},
    stage::{self, Like},
    state::Judged,
    sys::{self, Look, content},
    view::{Dirs, Open, View},
};

/// How many names are tried for what is a person's.
const NUMBERS: u32 = 1000;

/// A journal and the folders that its steps change.
#[derive(Debug)]
pub(crate) struct Work<'a> {
    pub(crate) journal: &'a mut Journal,
    pub(crate) dirs: Dirs<'a>,
    /// The folders whose names were changed since they were last made durable.
    touched: BTreeMap<String, Rc<Open>>,
    touched_kept: bool,
    /// The folders in which content waits under a name of ours, by its number.
    pub(crate) staged: HashMap<u64, Rc<Open>>,
}

impl<'a> Work<'a> {
    pub(crate) fn new(journal: &'a mut Journal, view: &'a View) -> Self {
        Self { journal, dirs: Dirs::new(view), touched: BTreeMap::new(), touched_kept: false, staged: HashMap::new() }
    }

    /// Does a step.
    pub(crate) fn forward(&mut self, act: &Act) -> Result<(), Trouble> {
        let target = act.target();
        let at = |e: Fault| e.at(target.as_str());
        match act {
            Act::Make { p, m } => {
                let (open, name) = self.place(p)?;
                self.journal.disk.make_folder(open.dir.at(&name), m.unwrap_or(0o777)).map_err(at)
            }
            Act::Move { f, t, id } => {
                let (from, to) = (self.place(f)?, self.place(t)?);
                let (a, b) = (from.0.dir.at(&from.1), to.0.dir.at(&to.1));
                self.journal.disk.rename(a, b).map_err(|e| between(e, f, t))?;
                self.still(b, a, id)
            }
            Act::Put { k, p, beside: is_beside, .. } => {
                let (open, name) = self.place(p)?;
                let (staged, b) = (self.staged_name(*k, *is_beside), open.dir.at(&name));
                self.touched_kept |= !is_beside;
                let from = if *is_beside { &open.dir } else { &self.journal.kept };
                self.journal.disk.rename(from.at(&staged), b).map_err(at)
            }
            Act::Swap { k, p, old, .. } => self.swap(*k, p, old),
            Act::Aside { k, p, id } => {
                let (open, name) = self.place(p)?;
                self.touched_kept = true;
                let (a, kept) = (open.dir.at(&name), kept(*k));
                let b = self.journal.kept.at(&kept);
                self.journal.disk.rename(a, b).map_err(at)?;
                self.still(b, a, id)
            }
            Act::Away { k, p, id } => self.carry_away(*k, p, id, Leaves::AsItIs),
            Act::Restore { k, p, .. } => self.bring_back(*k, p),
            Act::Mode { p, id, m } => self.set_mode(p, id, *m),
        }
    }

    /// Takes a step back whose things were found as it left them. `was` is what was found where a person may change it: what
    /// is there by now and is not that stays theirs.
    pub(crate) fn back(&mut self, act: &Act, was: Option<Id>) -> Result<(), Trouble> {
        let target = act.target();
        let at = |e: Fault| e.at(target.as_str());
        match act {
            Act::Make { p, .. } => {
                let (open, name) = self.place(p)?;
                self.journal.disk.remove_folder(open.dir.at(&name)).map_err(at)
            }
            Act::Move { f, t, .. } => {
                let (from, to) = (self.place(f)?, self.place(t)?);
                let (there, former) = (to.0.dir.at(&to.1), from.0.dir.at(&from.1));
                self.journal.disk.rename(there, former).map_err(|e| between(e, t, f))?;
                self.is_still(former, t, &to.0, was)
            }
            // Where it leads is in the journal.
            Act::Put { p, id, x, beside: true, .. } if x.starts_with(LEADS_TO) => {
                let (open, name) = self.place(p)?;
                if !open.dir.at(&name).look().map_err(|e| at(e.into()))?.is_some_and(|look| id.is(&look)) {
                    return Err(changed_meanwhile(p));
                }
                self.journal.disk.remove_file(open.dir.at(&name)).map_err(at)
            }
            Act::Put { k, p, id, beside: true, .. } => self.carry_away(*k, p, &was.unwrap_or(*id), Leaves::ItsContent),
            Act::Put { k, p, .. } | Act::Restore { k, p, .. } => {
                let (open, name) = self.place(p)?;
                self.touched_kept = true;
                let kept = kept(*k);
                let kept = self.journal.kept.at(&kept);
                self.journal.disk.rename(open.dir.at(&name), kept).map_err(at)?;
                self.is_still(kept, p, &open, was)
            }
            // Nothing is there any more.
            Act::Swap { k, p, .. } if was.is_none() => self.bring_back(*k, p),
            Act::Swap { k, p, .. } => {
                let (open, name) = self.place(p)?;
                self.touched_kept = true;
                let kept = kept(*k);
                let (kept, there) = (self.journal.kept.at(&kept), open.dir.at(&name));
                self.journal.disk.exchange(kept, there).map_err(at)?;
                if is_what_was(kept, was).map_err(|e| at(e.into()))? {
                    return Ok(());
                }
                match self.journal.disk.exchange(kept, there) {
                    // What was given back is gone already.
                    Err(Fault::Os(Errno::NOENT)) => self.return_to(kept, p, &open)?,
                    other => other.map_err(at)?,
                }
                Err(changed_meanwhile(p))
            }
            Act::Aside { k, p, .. } => self.bring_back(*k, p),
            Act::Away { k, p, .. } => self.carry_back(*k, p),
            Act::Mode { p, id, m } => self.set_mode(p, &self.journal.state.now(id).with_mode(*m), id.mode()),
        }
    }

    /// Gives the folders that were changed and are no longer where their paths lead: what was done in them since they were
    /// opened may have been done outside the grant.
    pub(crate) fn moved_away(&self) -> HashSet<String> {
        let gone = self.touched.iter().filter(|(folder, open)| self.dirs.has_left(folder, open));
        gone.map(|(folder, _)| folder.clone()).collect()
    }

    /// Takes back a step just done, through the folders it was done in, wherever these are by now. `false` if it can't be.
    pub(crate) fn take_back(&mut self, act: &Act) -> bool {
        let was = match act {
            Act::Move { t: p, id, .. }
            | Act::Put { p, id, .. }
            | Act::Swap { p, id, .. }
            | Act::Restore { p, id, .. } => {
                let is_it = |look: &Look| look.ino == id.ino();
                let Some(look) = self.dirs.look(p).ok().flatten().filter(is_it) else { return false };
                Some(Id::of(&look))
            }
            Act::Make { .. } | Act::Aside { .. } | Act::Away { .. } | Act::Mode { .. } => None,
        };
        match act {
            Act::Put { k, p, id, beside: true, .. } => self.take_beside(*k, p, id).is_ok_and(|taken| taken),
            act => self.back(act, was).is_ok(),
        }
    }

    /// Removes content of ours that was just put in place on another disk, under a name of ours in case it is not.
    fn take_beside(&mut self, k: u64, p: &FilePath, id: &Id) -> Result<bool, Trouble> {
        let at = |e: Fault| e.at(p.as_str());
        let (open, name) = self.place(p)?;
        let ours = beside(self.journal.task, k);
        let (there, ours) = (open.dir.at(&name), open.dir.at(&ours));
        self.journal.disk.rename(there, ours).map_err(at)?;
        if ours.look().map_err(|e| at(e.into()))?.is_some_and(|look| id.is(&look)) {
            return self.journal.disk.remove_file(ours).map_err(at).map(|()| true);
        }
        self.journal.disk.rename(ours, there).map_err(at).map(|()| false)
    }

    /// Removes content that was staged beside its name, in whatever folder that is by now. `false` if none is known of.
    pub(crate) fn discard_beside(&mut self, act: &Act) -> bool {
        let Act::Put { k, p, id, beside: true, .. } = act else { return false };
        let Some(open) = self.staged.remove(k) else { return false };
        let name = beside(self.journal.task, *k);
        let at = open.dir.at(&name);
        let is_ours = at.look().ok().flatten().is_some_and(|look| look.ino == id.ino());
        // What can't be removed is found when it is settled.
        if let (true, Ok(()), Some((folder, _))) = (is_ours, self.journal.disk.remove_file(at), split(p)) {
            self.touch_folder(folder, &open);
        }
        is_ours
    }

    /// Notes that an act's things were changed, so that this becomes durable. A folder that is gone has nothing that could.
    pub(crate) fn touch(&mut self, act: &Act) {
        let (a, b) = act.paths();
        for path in [Some(a), b].into_iter().flatten() {
            let place = self.place(path);
            if let (Act::Mode { .. }, Ok((open, name))) = (act, place) {
                // What fails here fails again where it is looked at.
                let _ = self.journal.disk.sync_mode(open.dir.at(&name));
            }
        }
        self.touched_kept |= act.kept().is_some();
    }

    /// Looks into `kept/`.
    pub(crate) fn look_kept(&self, k: u64) -> Result<Option<Look>, Errno> {
        self.journal.kept.at(&kept(k)).look()
    }

    /// Opens the folder that a path lies in, and notes that it is about to be changed.
    pub(crate) fn place(&mut self, path: &FilePath) -> Result<(Rc<Open>, Vec<u8>), Trouble> {
        let (folder, name) =
            split(path).ok_or_else(|| Trouble::This(format!("`{path}` is a granted folder itself")))?;
        let open = self.dirs.get(folder).map_err(|e| Fault::Os(e).at(folder))?;
        self.touch_folder(folder, &open);
        Ok((open, name))
    }

    /// Notes that a folder was changed.
    pub(crate) fn touch_folder(&mut self, folder: &str, open: &Rc<Open>) {
        if !self.touched.contains_key(folder) {
            self.touched.insert(folder.to_owned(), open.clone());
        }
    }

    /// Makes every touched folder durable, notes the times it has now, and lets the folders go.
    pub(crate) fn settle_folders(&mut self) -> Result<()> {
        let touched = std::mem::take(&mut self.touched);
        for (path, open) in &touched {
            self.journal.disk.sync_folder(&open.dir).map_err(|e| e.error("change", path))?;
        }
        if std::mem::take(&mut self.touched_kept) {
            self.journal.disk.sync_folder(&self.journal.kept).map_err(|e| e.error("change", "the journal"))?;
        }
        for (path, open) in touched {
            let key = (path.split('/').next().unwrap_or_default().to_owned(), open.look.ino);
            // Somebody else changed it before undo did: it stays theirs.
            if self.journal.state.tracks.get(&key).is_some_and(|track| !matches!(track.judged, Some(Judged::Theirs(_))))
            {
                let now = sys::look_at(&open.dir.fd).map_err(|e| Fault::from(e).error("change", &path))?;
                self.journal.mark(Record::After { root: key.0, ino: key.1, t: now.mtime });
            }
        }
        self.dirs.clear();
        Ok(())
    }

    /// After a rename: was it what had been looked at? If somebody put another thing there in between, that goes back.
    fn still(&self, now: At<'_>, before: At<'_>, id: &Id) -> Result<(), Trouble> {
        let text = String::from_utf8_lossy(before.name).into_owned();
        let look = now.look().map_err(|e| Fault::Os(e).at(&text))?;
        if look.is_some_and(|look| look.ino == id.ino()) {
            return Ok(());
        }
        self.journal.disk.rename(now, before).map_err(|e| e.at(&text))?;
        Err(Trouble::This(format!("`{text}` was replaced by another while it was being moved")))
    }

    /// After what was judged was taken from `p`, in the folder `open`: is it that? What somebody put there in between goes back.
    fn is_still(&self, now: At<'_>, p: &FilePath, open: &Open, was: Option<Id>) -> Result<(), Trouble> {
        if is_what_was(now, was).map_err(|e| Fault::Os(e).at(p.as_str()))? {
            return Ok(());
        }
        self.return_to(now, p, open)?;
        Err(changed_meanwhile(p))
    }

    /// Gives what is a person's the name `p` again, in the folder `open`; beside it under a number where that is taken by now.
    pub(crate) fn return_to(&self, from: At<'_>, p: &FilePath, open: &Open) -> Result<(), Trouble> {
        let mut to = p.clone();
        for n in 2..NUMBERS {
            let name = split(&to).map(|(_, name)| name).unwrap_or_default();
            match self.journal.disk.rename(from, open.dir.at(&name)) {
                Err(Fault::Os(Errno::EXIST)) => to = number::numbered(p, n),
                other => return other.map_err(|e| e.at(p.as_str())),
            }
        }
        Err(Fault::Os(Errno::EXIST).at(p.as_str()))
    }

    fn swap(&mut self, k: u64, p: &FilePath, old: &Id) -> Result<(), Trouble> {
        let (open, name) = self.place(p)?;
        self.touched_kept = true;
        let kept = kept(k);
        let (staged, at) = (self.journal.kept.at(&kept), open.dir.at(&name));
        self.journal.disk.exchange(staged, at).map_err(|e| match e {
            Fault::Os(Errno::INVAL) => {
                Trouble::This(format!("the disk of `{p}` can't replace a file without losing it"))
            }
            e => e.at(p.as_str()),
        })?;
        let now = staged.look().map_err(|e| Fault::Os(e).at(p.as_str()))?;
        if now.is_some_and(|look| old.is(&look)) {
            return Ok(());
        }
        self.journal.disk.exchange(staged, at).map_err(|e| e.at(p.as_str()))?;
        Err(Trouble::This(format!("`{p}` was changed by somebody while it was being replaced")))
    }

    /// Takes a file into `kept/`, on another disk: copied, compared, claimed under a name of ours, then removed.
    fn carry_away(&mut self, k: u64, p: &FilePath, id: &Id, leaves: Leaves) -> Result<(), Trouble> {
        let at = |e: Fault| e.at(p.as_str());
        let changed = || Trouble::This(format!("`{p}` was changed by somebody while it was being put aside"));
        let (open, name) = self.place(p)?;
        let (here, claimed, kept) = (open.dir.at(&name), beside(self.journal.task, k), kept(k));
        let (claimed, kept) = (open.dir.at(&claimed), self.journal.kept.at(&kept));
        let handle = content::point_at(&open.dir.fd, &name).map_err(|e| at(e.into()))?;
        if !id.is(&sys::look_at(&handle).map_err(|e| at(e.into()))?) {
            return Err(changed());
        }
        let source = sys::open_pointed(&handle).map_err(|e| at(e.into()))?;
        let look = sys::look_at(&source).map_err(|e| at(e.into()))?;
        let disk = self.journal.disk.clone();
        if leaves == Leaves::AsItIs && look.links > 1 {
            let text =
                format!("`{p}` has {} names, and a copy on another disk would have one (hard links)", look.links);
            return Err(Trouble::This(text));
        }
        if kept.look().map_err(|e| at(e.into()))?.is_some() {
            // Left over from a copy that was cut short.
            disk.remove_file(kept).map_err(at)?;
        }
        let staged = match leaves {
            Leaves::AsItIs => stage::twin(&disk, kept, &source, look, p)?,
            Leaves::ItsContent => stage::copy(&disk, kept, &source, &Like::Same(look, &source)).map_err(at)?,
        };
        let copied = stage::hash_unless(kept, &disk.stop);
        // Copying may have taken long: the folder may have been moved out of the grant since it was opened.
        let copied = match copied {
            Err(fault) => Err(at(fault)),
            Ok(hash) if hash != staged.hash => Err(changed()),
            Ok(_) => match split(p) {
                Some((folder, _)) if self.dirs.has_left(folder, &open) => {
                    Err(Trouble::This(format!("`{folder}` was moved away by somebody meanwhile")))
                }
                _ => Ok(()),
            },
        };
        if copied.is_err() {
            disk.remove_file(kept).map_err(at)?;
            return copied;
        }
        disk.sync_folder(&self.journal.kept).map_err(at)?;
        disk.rename(here, claimed).map_err(at)?;
        if !claimed.look().map_err(|e| at(e.into()))?.is_some_and(|look| id.is(&look)) {
            self.return_to(claimed, p, &open)?;
            disk.remove_file(kept).map_err(at)?;
            return Err(changed());
        }
        disk.remove_file(claimed).map_err(at)
    }

    /// Brings a file back from `kept/`, on another disk. The journal keeps its copy.
    fn carry_back(&mut self, k: u64, p: &FilePath) -> Result<(), Trouble> {
        let at = |e: Fault| e.at(p.as_str());
        let (open, name) = self.place(p)?;
        let kept = kept(k);
        let source = content::open_regular(&self.journal.kept.fd, &kept).map_err(|e| at(e.into()))?;
        let look = sys::look_at(&source).map_err(|e| at(e.into()))?;
        let staged = beside(self.journal.task, k);
        let staged = open.dir.at(&staged);
        if staged.look().map_err(|e| at(e.into()))?.is_some() {
            self.journal.disk.remove_file(staged).map_err(at)?;
        }
        stage::twin(&self.journal.disk, staged, &source, look, p)?;
        self.journal.disk.rename(staged, open.dir.at(&name)).map_err(at)
    }

    /// Moves what is in `kept/` to where it was.
    fn bring_back(&mut self, k: u64, p: &FilePath) -> Result<(), Trouble> {
        let (open, name) = self.place(p)?;
        self.touched_kept = true;
        let kept = kept(k);
        self.journal.disk.rename(self.journal.kept.at(&kept), open.dir.at(&name)).map_err(|e| e.at(p.as_str()))
    }

    /// Sets the permission bits of the very thing that was looked at.
    fn set_mode(&mut self, p: &FilePath, id: &Id, mode: u32) -> Result<(), Trouble> {
        let failed = |e: Fault| e.at(p.as_str());
        let (open, name) = self.place(p)?;
        let at = open.dir.at(&name);
        let handle = content::point_at(&open.dir.fd, &name).map_err(|e| failed(e.into()))?;
        if !id.is(&sys::look_at(&handle).map_err(|e| failed(e.into()))?) {
            return Err(Trouble::This(format!("`{p}` was changed by somebody while its permissions were being set")));
        }
        self.journal.disk.set_mode(at, &handle, mode).map_err(failed)?;
        self.journal.disk.sync_mode(at).map_err(failed)
    }

    fn staged_name(&self, k: u64, is_beside: bool) -> Vec<u8> {
        if is_beside { beside(self.journal.task, k) } else { kept(k) }
    }
}

/// What of a file has to be the same in a copy of it on another disk.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Leaves {
    /// All: the person's file may be wanted back.
    AsItIs,
    /// What we wrote is not wanted back.
    ItsContent,
}

/// Says whether a name is that of the very thing that was found before.
fn is_what_was(now: At<'_>, was: Option<Id>) -> Result<bool, Errno> {
    let look = now.look()?;
    Ok(look.zip(was).is_some_and(|(look, was)| was.is(&look)))
}

fn changed_meanwhile(p: &FilePath) -> Trouble {
    Trouble::This(format!("`{p}` was changed by somebody while it was being given back"))
}

/// Says which of two paths a failed rename is about.
fn between(fault: Fault, from: &FilePath, to: &FilePath) -> Trouble {
    match fault {
        Fault::Os(Errno::NOENT) => Trouble::This(format!("`{from}` is not there")),
        Fault::Os(Errno::INVAL) => {
            Trouble::This(format!("`{from}` can't be moved into itself, or its disk can't rename safely"))
        }
        e => e.at(to.as_str()),
    }
}
