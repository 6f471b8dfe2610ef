//! Finds the place that something new gets: its folder, a name that is free, and what has to be made or noted for it.

use std::rc::Rc;

use cowork_core::{Clash, FilePath};
use rustix::io::Errno;

use crate::{
    act::Work,
    fault::{Fault, Trouble},
    number,
    plan::{Plan, Planner},
    record::{Act, Record, Step, split},
    state::Key,
    touched::Touch,
    view::Open,
};

/// The folder that a new name is about to be in.
pub(crate) struct Place {
    /// Folders to be made first.
    pub(crate) make: Vec<FilePath>,
    /// Whether it is there: not one that is still to be made.
    pub(crate) there: bool,
    /// It, or the nearest folder above it that is there.
    pub(crate) folder: Rc<Open>,
}

impl Planner<'_> {
    pub(crate) fn place_for(&self, work: &Work<'_>, path: &FilePath) -> Plan<Option<Place>> {
        let folder = path.parent().ok_or_else(|| Trouble::This(format!("`{path}` is a granted folder itself")))?;
        self.place(work, &folder)
    }

    /// Finds a folder, or which ones have to be made for it. Nothing if that depends on what waits.
    pub(crate) fn place(&self, work: &Work<'_>, folder: &FilePath) -> Plan<Option<Place>> {
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
                    return Ok(Some(Place { make, there, folder: open }));
                }
                Err(Errno::NOENT) if touch.is_none() => make.push(at.clone()),
                Err(Errno::NOENT) => {}
                // What is in the way is about to go.
                Err(Errno::NOTDIR | Errno::LOOP) if self.batch.touched.moves(&at) => return Ok(None),
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
    pub(crate) fn free(
        &mut self,
        work: &Work<'_>,
        path: &FilePath,
        clash: Clash,
        place: &Place,
    ) -> Plan<Option<FilePath>> {
        let mut to = path.clone();
        // Where the last one of this name was put; its own name may be free again.
        let last = self.numbers.get(path).copied().unwrap_or(1);
        let mut n = 1;
        loop {
            let taken = match self.batch.touched.get(&to) {
                Some(Touch::Gone) => return Ok(None),
                Some(Touch::Made | Touch::Taken) => true,
                None => place.there && work.dirs.look(&to).map_err(|e| Fault::Os(e).at(to.as_str()))?.is_some(),
            };
            match clash {
                _ if !taken => break,
                Clash::Number if n == 1 => n = last.max(2),
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

    pub(crate) fn push_folders(&mut self, work: &Work<'_>, id: (u32, u32), make: &[FilePath]) -> Plan<()> {
        make.iter().try_for_each(|p| self.push(work, id, true, Act::Make { p: p.clone(), m: None }))
    }

    pub(crate) fn push(&mut self, work: &Work<'_>, (i, h): (u32, u32), more: bool, a: Act) -> Plan<()> {
        let (first, second) = a.paths();
        [Some(first), second].into_iter().flatten().for_each(|path| self.note_time(work, path));
        self.batch.touched.add(&a);
        let d = work.dirs.disk(a.paths().0);
        self.batch.steps.push(std::sync::Arc::new(Step { c: self.c, i, h, more, d, a }));
        Ok(())
    }

    /// Notes the time of the folder that a path lies in, the first time that it is about to be changed, and whether somebody
    /// else changed it since we last did.
    pub(crate) fn note_time(&mut self, work: &Work<'_>, path: &FilePath) {
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
