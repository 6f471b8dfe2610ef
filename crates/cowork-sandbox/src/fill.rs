//! Plans that content comes to a path: new, in the place of another, copied, edited, made, or brought back.

use std::{fs::File, rc::Rc};

use cowork_core::{Clash, Content, FilePath, Known, Write};

use crate::{
    act::Work,
    disk::{At, Disk},
    fault::{Fault, Trouble},
    guard::{self, Old},
    place::Place,
    plan::{Plan, Planned, Planner},
    record::{Act, Id, LEADS_TO, Record, beside, kept, split},
    stage::{self, Asked, Like, Staged},
    sys::{self, Look, content},
    view::Open,
};

/// What a file is to be filled with.
#[derive(Clone, Copy)]
pub(crate) enum Filling<'a> {
    /// What a change says.
    Written(&'a Write),
    /// What another file holds.
    Copied(&'a FilePath),
    /// What is in `kept/` under this number, a copy from this disk.
    Kept(u64),
    /// Nothing: it is a link that leads there.
    Link(&'a str),
}

/// A file that is to be replaced, and where it lies.
struct Former {
    folder: Rc<Open>,
    name: Vec<u8>,
    look: Look,
    file: File,
}

impl Planner<'_> {
    /// Plans that content comes to a path.
    pub(crate) fn fill(
        &mut self,
        work: &mut Work<'_>,
        id: (u32, u32),
        path: &FilePath,
        clash: Clash,
        filling: Filling<'_>,
    ) -> Plan {
        if reads_anything(filling) && !self.batch.steps.is_empty() {
            return Ok(Planned::First);
        }
        let Some(place) = self.place_for(work, path)? else { return Ok(Planned::First) };
        if clash == Clash::Replace {
            if self.batch.touched.depends(path) {
                return Ok(Planned::First);
            }
            if let Some(old) = work.dirs.look(path).map_err(|e| Fault::Os(e).at(path.as_str()))? {
                return self.replace(work, id, path, &place, &old, filling);
            }
        }
        let Some(path) = self.free(work, path, clash, &place)? else { return Ok(Planned::First) };
        self.put(work, id, &path, &place, false, filling)
    }

    fn replace(
        &mut self,
        work: &mut Work<'_>,
        id: (u32, u32),
        path: &FilePath,
        place: &Place,
        old: &Look,
        filling: Filling<'_>,
    ) -> Plan {
        guard::is_file(path, old, "replaced")?;
        let former = former(work, path)?;
        if Id::of(&former.look) != Id::of(old) {
            return Err(Trouble::This(format!("`{path}` was changed by somebody while it was being replaced")));
        }
        // A copy never replaces: it does not say what it knows of the other.
        let (known, may_shrink) = match filling {
            Filling::Written(write) => (&write.known, write.may_shrink),
            Filling::Copied(_) | Filling::Kept(_) | Filling::Link(_) => (&Known::Seen, false),
        };
        former.old(path).may_change(known, self.seen, &work.journal.disk.stop)?;
        let (k, staged, beside) = self.stage(work, path, place, &Like::Old(former.look, &former.file), filling)?;
        let fine = guard::is_no_loss(path, &former.look, staged.id.1, may_shrink)
            .and_then(|()| guard::keeps_owner(path, &former.look, &staged.look));
        if let Err(trouble) = fine {
            self.unstage(work, k, beside);
            return Err(trouble);
        }
        let (p, x) = (path.clone(), staged.hash);
        if beside {
            // Two steps: on another disk than the journal's they can't change places. Killed in between, the first goes back.
            self.take_out(work, id, path, &former.look, true)?;
            self.push(work, id, false, Act::Put { k, p, id: staged.id, x, beside, of: None })?;
        } else {
            self.push(work, id, false, Act::Swap { k, p, id: staged.id, x, old: Id::of(&former.look) })?;
        }
        Ok(Planned::Waits)
    }

    pub(crate) fn put(
        &mut self,
        work: &mut Work<'_>,
        id: (u32, u32),
        path: &FilePath,
        place: &Place,
        more: bool,
        filling: Filling<'_>,
    ) -> Plan {
        if place.folder.volume != work.journal.volume && !place.there {
            // It is staged beside its name, in a folder that has to be there for that.
            self.push_folders(work, id, &place.make)?;
            return Ok(Planned::First);
        }
        let (k, staged, beside) = self.stage(work, path, place, &Like::New(&place.folder), filling)?;
        self.push_folders(work, id, &place.make)?;
        let of = if let Filling::Kept(k) = filling { Some(k) } else { None };
        self.push(work, id, more, Act::Put { k, p: path.clone(), id: staged.id, x: staged.hash, beside, of })?;
        Ok(Planned::Waits)
    }

    /// Refuses a file that another program is at.
    pub(crate) fn is_nobody_at(&self, work: &Work<'_>, path: &FilePath, look: &Look) -> Plan<()> {
        match former(work, path) {
            Ok(former) => former.old(path).is_nobody_at_it(),
            // Its permissions are what is to be mended.
            Err(_) if look.mode & 0o400 == 0 => Ok(()),
            Err(trouble) => Err(trouble),
        }
    }

    /// Stages content in `kept/`, or on another disk beside its name.
    fn stage(
        &mut self,
        work: &mut Work<'_>,
        path: &FilePath,
        place: &Place,
        like: &Like<'_>,
        filling: Filling<'_>,
    ) -> Plan<(u64, Staged, bool)> {
        let k = work.journal.next_kept();
        if place.folder.volume == work.journal.volume {
            let dir = work.journal.kept.clone();
            return Ok((k, self.write(work, path, dir.at(&kept(k)), like, filling)?, false));
        }
        self.announce(work, path, k)?;
        let (folder, _) = split(path).ok_or_else(|| Trouble::This(format!("`{path}` is a granted folder itself")))?;
        // It may have been moved out of the grant since it was opened.
        let open = work.dirs.renew(folder).map_err(|e| Fault::Os(e).at(folder))?;
        work.staged.insert(k, open.clone());
        let name = beside(work.journal.task, k);
        Ok((k, self.write(work, path, open.dir.at(&name), like, filling)?, true))
    }

    /// Removes what was staged and won't be used. What can't be removed is ours, and is found when it is settled.
    fn unstage(&self, work: &mut Work<'_>, k: u64, is_beside: bool) {
        let disk = &work.journal.disk;
        if !is_beside {
            let _ = disk.remove_file(work.journal.kept.at(&kept(k)));
        } else if let Some(open) = work.staged.remove(&k) {
            let _ = disk.remove_file(open.dir.at(&beside(work.journal.task, k)));
        }
    }

    fn write(
        &self,
        work: &Work<'_>,
        path: &FilePath,
        at: At<'_>,
        like: &Like<'_>,
        filling: Filling<'_>,
    ) -> Plan<Staged> {
        let failed = |e: Fault| e.at(path.as_str());
        let disk = &work.journal.disk;
        let write = match filling {
            Filling::Copied(from) => return copy(work, from, at, like),
            Filling::Kept(k) => return bring(work, path, k, at),
            Filling::Link(to) => return link(disk, at, to).map_err(failed),
            Filling::Written(write) => write,
        };
        let asked = Asked { mode: write.mode, mtime: write.modified.map(|ms| ms.saturating_mul(1_000_000)) };
        match (&write.content, like) {
            (Content::Bytes(content), _) => stage::bytes(disk, at, content, like, asked).map_err(failed),
            (Content::Made(make), _) => stage::made(disk, at, |sink| make.make(self.view, sink), like, asked),
            (Content::Edited(splices), Like::Old(old, file)) => {
                let mut from = 0;
                let fits = |s: &cowork_core::Splice| {
                    let ends = s.at.checked_add(s.remove).filter(|end| s.at >= from && *end <= old.size);
                    ends.map(|end| from = end).is_some()
                };
                if !splices.iter().all(fits) {
                    return Err(Trouble::This(format!(
                        "the pieces to replace overlap, or lie past the end of `{path}`"
                    )));
                }
                let staged = stage::edited(disk, at, (file, old.size), splices, like, asked).map_err(failed)?;
                unchanged(work, path, at, (old, file), staged, "edited")
            }
            (Content::Edited(_), _) => Err(Trouble::This(format!("`{path}` is not there"))),
        }
    }

    /// Writes down that a name of ours is about to be in a person's folder, and that folder's time.
    pub(crate) fn announce(&mut self, work: &mut Work<'_>, p: &FilePath, k: u64) -> Plan<()> {
        self.note_time(work, p);
        let mut records = std::mem::take(&mut self.batch.times);
        records.push(Record::Beside { p: p.clone(), k });
        Ok(work.journal.commit(records)?)
    }
}

impl Former {
    fn old<'a>(&'a self, path: &'a FilePath) -> Old<'a> {
        Old { path, dir: &self.folder.dir, name: &self.name, look: &self.look, file: &self.file }
    }
}

/// Says whether what is made may read any file, also one that an earlier change is about to bring.
fn reads_anything(filling: Filling<'_>) -> bool {
    matches!(filling, Filling::Written(Write { content: Content::Made(make), .. }) if make.reads())
}

/// Opens a file that is to be replaced.
fn former(work: &Work<'_>, path: &FilePath) -> Plan<Former> {
    let failed = |e: rustix::io::Errno| Fault::Os(e).at(path.as_str());
    let (folder, name) = split(path).ok_or_else(|| Trouble::This(format!("`{path}` is a granted folder itself")))?;
    let folder = work.dirs.get(folder).map_err(|e| Fault::Os(e).at(folder))?;
    let handle = content::point_at(&folder.dir.fd, &name).map_err(failed)?;
    // Before it is opened: opening a pipe or a device could already do something.
    guard::is_file(path, &sys::look_at(&handle).map_err(failed)?, "changed")?;
    let file = sys::open_pointed(&handle).map_err(failed)?;
    let look = sys::look_at(&file).map_err(failed)?;
    Ok(Former { folder, name, look, file })
}

fn copy(work: &Work<'_>, from: &FilePath, at: At<'_>, like: &Like<'_>) -> Plan<Staged> {
    let source = former(work, from)?;
    guard::is_all_here(from, &source.file, &source.look)?;
    let copied;
    let like = if let Like::New(folder) = like {
        copied = Like::Copy(source.look, &source.file, folder);
        &copied
    } else {
        like
    };
    let staged = stage::copy(&work.journal.disk, at, &source.file, like).map_err(|e| e.at(from.as_str()))?;
    unchanged(work, from, at, (&source.look, &source.file), staged, "copied")
}

/// Makes a link. Where it leads stands where a file's checksum does.
fn link(disk: &Disk, at: At<'_>, to: &str) -> Result<Staged, Fault> {
    disk.make_link(at, to)?;
    let look = sys::look(&at.dir.fd, at.name)?;
    Ok(Staged { id: Id::of(&look), hash: format!("{LEADS_TO}{to}"), look })
}

/// Copies back what was copied away.
fn bring(work: &Work<'_>, path: &FilePath, k: u64, at: At<'_>) -> Plan<Staged> {
    let failed = |e: Fault| e.at(path.as_str());
    let source = content::open_regular(&work.journal.kept.fd, &kept(k)).map_err(|e| failed(e.into()))?;
    let look = sys::look_at(&source).map_err(|e| failed(e.into()))?;
    stage::copy(&work.journal.disk, at, &source, &Like::Same(look, &source)).map_err(failed)
}

/// After a file was read: is it still what it was before? If not, what was staged is neither the one nor the other.
fn unchanged(
    work: &Work<'_>,
    path: &FilePath,
    at: At<'_>,
    (before, file): (&Look, &File),
    staged: Staged,
    what_was_done: &str,
) -> Plan<Staged> {
    let failed = |e: Fault| e.at(path.as_str());
    let after = sys::look_at(file).map_err(|e| failed(e.into()))?;
    if Id::of(before) == Id::of(&after) {
        return Ok(staged);
    }
    work.journal.disk.remove_file(at).map_err(failed)?;
    Err(Trouble::This(format!("`{path}` was being changed while it was {what_was_done}")))
}
