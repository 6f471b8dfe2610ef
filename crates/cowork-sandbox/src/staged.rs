//! What commands changed in a layer, and how it comes into the folders.
//!
//! The layer is read once, when the commands have ended: what is found (`find`) is written down beside it, shown to the person, and what
//! was shown is what is committed, as one list of changes for the journal. What somebody else changed meanwhile is left out then; the list
//! as it was begun is written down too, so that a call that was cut off goes on with the very same.

mod copied;
mod find;
mod moves;

use std::{
    collections::HashSet,
    fs::{self, File},
    io::{self, Read as _, Seek as _, SeekFrom, Write as _},
    os::fd::OwnedFd,
    path::{Path, PathBuf},
    sync::Arc,
};

use cowork_core::{
    CallId, Change, ChangeSet, Clash, Content, Difference, Error, FileKind, FilePath, Kind, Known, Make, Reader,
    Remark, Result, Side, Sink, Staged, Stamp, What, Write,
};
use rustix::fs::FileType;
use serde::{Deserialize, Serialize};

use crate::{
    fault::{error, shown},
    stamp::Print,
    sys::{self, Look},
    view::Dirs,
};

pub(crate) use copied::{Copied, LIST, copy, is_foreign, part};
pub(crate) use find::{Part, find};

/// What was found in a layer.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Found {
    pub(crate) items: Vec<Item>,
    pub(crate) guarded: Vec<Remark>,
    pub(crate) left_out: Vec<Remark>,
}

/// One thing that is other than in the folder.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Item {
    pub(crate) path: FilePath,
    pub(crate) what: Becomes,
    pub(crate) before: Option<Seen>,
    pub(crate) after: Option<Seen>,
}

/// What something becomes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) enum Becomes {
    /// A new folder.
    Folder,
    /// A new file.
    File,
    /// A file with other content.
    Edited,
    /// A new link.
    Link(String),
    /// It was elsewhere.
    Moved(FilePath),
    /// Other permissions.
    Mode,
    /// Nothing: it is gone.
    Gone,
}

/// What something looked like.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Seen {
    pub(crate) kind: FileKind,
    pub(crate) size: u64,
    /// Nanoseconds since 1970.
    pub(crate) mtime: i64,
    pub(crate) mode: u32,
    /// What tells it from any other, also from itself once it was changed.
    pub(crate) stamp: Stamp,
    /// Whether it has another name too.
    pub(crate) linked: bool,
}

/// Tells what somebody else changed: all since the commands began, but for what was taken over from them.
#[derive(Clone, Debug, Default)]
pub(crate) struct Since {
    /// Nanoseconds since 1970.
    time: i64,
    settled: Settled,
}

/// What commands that go on have changed and what is in the folders since, on both sides.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Settled {
    /// What it is like in the folders.
    folders: HashSet<Mark>,
    /// What it is like in the layer: as long as it is that, the commands did nothing more with it.
    layer: HashSet<Mark>,
}

/// The disk, the number, and when something was changed last: nobody can make another thing of it and keep that.
pub(crate) type Mark = (u64, u64, i64);

pub(crate) fn mark(look: &Look) -> Mark {
    (look.dev, look.ino, look.ctime)
}

impl Since {
    pub(crate) fn new(time: i64, settled: Settled) -> Self {
        Self { time, settled }
    }

    fn is_other(&self, look: &Look) -> bool {
        look.ctime >= self.time && !self.is_ours(look)
    }

    /// Says whether something in a folder is as it was taken over from the commands.
    fn is_ours(&self, look: &Look) -> bool {
        self.settled.folders.contains(&mark(look))
    }

    /// Says whether something in a layer is in the folders as it is.
    fn is_settled(&self, look: &Look) -> bool {
        self.settled.layer.contains(&mark(look))
    }
}

impl Settled {
    /// So many are known at most; with more, all are forgotten, and named as somebody else's.
    const MOST: usize = 200_000;

    pub(crate) fn add(&mut self, in_folder: Option<&Look>, in_layer: Option<Mark>) {
        if self.folders.len() + self.layer.len() >= Self::MOST {
            *self = Self::default();
        }
        self.folders.extend(in_folder.map(mark));
        self.layer.extend(in_layer);
    }
}

impl Seen {
    fn of(look: &Look) -> Self {
        let kind = match look.file_type() {
            FileType::RegularFile => FileKind::File,
            FileType::Directory => FileKind::Folder,
            FileType::Symlink => FileKind::Link,
            _ => FileKind::Other,
        };
        let size = if look.is_file() { look.size } else { 0 };
        Self {
            kind,
            size,
            mtime: look.mtime,
            mode: look.mode & 0o7777,
            stamp: Print::of_look(look).stamp(),
            linked: look.links > 1,
        }
    }

    /// Says whether something in a folder is what this was to become there.
    pub(crate) fn is_like(&self, look: &Look) -> bool {
        let now = Self::of(look);
        // A time is kept in milliseconds; a folder's and a link's are their own.
        let is_time = self.kind != FileKind::File || self.mtime / 1_000_000 == now.mtime / 1_000_000;
        self.kind == now.kind && self.size == now.size && is_time
    }

    /// Says whether something is the very same, and unchanged.
    pub(crate) fn is_of(&self, look: &Look) -> bool {
        *self == Self::of(look)
    }

    fn side(&self) -> Side {
        Side { size: self.size, modified: self.mtime / 1_000_000, mode: self.mode }
    }
}

impl Found {
    /// Gives it as a person is shown it.
    pub(crate) fn staged(&self, call: CallId) -> Staged {
        let difference = |item: &Item| Difference {
            path: item.path.clone(),
            kind: item.after.as_ref().or(item.before.as_ref()).map_or(FileKind::File, |seen| seen.kind),
            what: match &item.what {
                Becomes::Folder | Becomes::File | Becomes::Link(_) => What::Created,
                Becomes::Edited => What::Edited,
                Becomes::Moved(from) => What::Moved { from: from.clone(), edited: false },
                Becomes::Mode => What::Mode,
                Becomes::Gone => What::SetAside,
            },
            before: item.before.as_ref().map(Seen::side),
            after: item.after.as_ref().map(Seen::side),
            calls: vec![call],
            undone: false,
        };
        let mut changes: Vec<Difference> = self.items.iter().map(difference).collect();
        changes.sort_by(|a, b| a.path.cmp(&b.path));
        let changes = ChangeSet { changes, bytes_kept: 0 };
        Staged { changes, guarded: self.guarded.clone(), left_out: self.left_out.clone() }
    }

    /// Gives the changes that make it so, in an order in which each can be made. `upper` gives where a granted folder's part of the layer is.
    pub(crate) fn changes(&self, upper: impl Fn(&str) -> Option<PathBuf>) -> Vec<Change> {
        let comes = |item: &&Item| item.what.is_new() || matches!(item.what, Becomes::Moved(_));
        let new: HashSet<&FilePath> = self.items.iter().filter(comes).map(|i| &i.path).collect();
        // What makes room for something new goes first; all other that is gone goes once what was moved out of it is out.
        let rank = |item: &Item| match item.what {
            Becomes::Gone if new.contains(&item.path) => 0,
            Becomes::Folder => 1,
            Becomes::Moved(_) => 2,
            Becomes::Gone => 3,
            Becomes::File | Becomes::Edited => 4,
            Becomes::Link(_) => 5,
            Becomes::Mode => 6,
        };
        let mut items: Vec<&Item> = self.items.iter().collect();
        items.sort_by(|a, b| rank(a).cmp(&rank(b)).then_with(|| a.path.cmp(&b.path)));
        let (modes, others): (Vec<&Item>, Vec<&Item>) = items.into_iter().partition(|item| item.what == Becomes::Mode);
        // A new folder can be worked in until all is in it; then those within others first, as long as these can be entered.
        let folders = others.iter().filter(|item| item.what == Becomes::Folder).copied();
        let mut modes: Vec<&Item> = modes.into_iter().chain(folders).collect();
        modes.sort_by(|a, b| b.path.cmp(&a.path));
        let made = others.iter().filter_map(|item| item.change(&upper));
        made.chain(modes.into_iter().filter_map(Item::mode)).collect()
    }

    /// Leaves out what somebody else changed since a time, and what can't be without that: a folder does not go with what nobody was shown,
    /// nor with something that stays in it.
    pub(crate) fn without_changed_since(mut self, since: &Since, dirs: &Dirs<'_>) -> Self {
        let is_changed = |path: &FilePath| dirs.look(path).ok().flatten().is_some_and(|look| since.is_other(&look));
        // Where the disk's clock is another's the time alone does not tell.
        let is_other = |item: &Item| {
            let was = item.before.as_ref().filter(|was| was.kind != FileKind::Folder);
            was.is_some_and(|was| is_other(dirs, item, was))
        };
        let is_folder = |item: &Item| item.before.as_ref().is_some_and(|was| was.kind == FileKind::Folder);
        let leaves = |item: &Item| match &item.what {
            _ if is_other(item) => true,
            Becomes::Moved(from) => is_changed(from),
            Becomes::Gone if is_folder(item) => {
                is_changed(&item.path) || find::is_changed_below(dirs, &item.path, since)
            }
            Becomes::Edited | Becomes::Mode | Becomes::Gone => is_changed(&item.path),
            Becomes::Folder | Becomes::File | Becomes::Link(_) => false,
        };
        let (left, items): (Vec<_>, Vec<_>) = self.items.into_iter().partition(leaves);
        // Where what is left is: there, or where it would have come from.
        let stays = |item: &Item| match &item.what {
            Becomes::Moved(from) => from.clone(),
            _ => item.path.clone(),
        };
        let stay: Vec<FilePath> = left.iter().map(stays).collect();
        let holds = |item: &Item| item.what == Becomes::Gone && stay.iter().any(|path| path.is_within(&item.path));
        let (with, items): (Vec<_>, Vec<_>) = items.into_iter().partition(holds);
        let remark = |item: Item| Remark { path: item.path, why: find::CHANGED.to_owned() };
        self.left_out.extend(left.into_iter().chain(with).map(remark));
        Self { items, ..self }
    }

    /// Reads what was written down; nothing if nothing was.
    ///
    /// # Errors
    /// `Corrupt` if it can't be read.
    pub(crate) fn read(at: &Path) -> Result<Option<Self>> {
        let bytes = match fs::read(at) {
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(None),
            bytes => bytes.map_err(|e| unavailable(at, &e))?,
        };
        serde_json::from_slice(&bytes).map(Some).map_err(|e| {
            Error::new(Kind::Corrupt, "read changes", format!("{} can't be read: {e}", shown(at)))
                .with_fix("discard what the command changed, and run it again")
        })
    }

    /// Writes it down, durably.
    pub(crate) fn write(&self, at: &Path) -> Result<()> {
        let failed = |e: io::Error| unavailable(at, &e);
        let bytes = serde_json::to_vec(self).map_err(|e| failed(e.into()))?;
        let part = at.with_extension("part");
        let mut file = File::create(&part).map_err(failed)?;
        file.write_all(&bytes).and_then(|()| file.sync_all()).map_err(failed)?;
        fs::rename(&part, at).map_err(failed)?;
        at.parent().map_or(Ok(()), |folder| File::open(folder).and_then(|folder| folder.sync_all())).map_err(failed)
    }
}

impl Becomes {
    fn is_new(&self) -> bool {
        matches!(self, Self::Folder | Self::File | Self::Link(_))
    }
}

impl Item {
    fn mode(&self) -> Option<Change> {
        let mode = self.after.as_ref()?.mode & 0o777;
        Some(Change::Mode { path: self.path.clone(), mode })
    }

    fn change(&self, upper: &impl Fn(&str) -> Option<PathBuf>) -> Option<Change> {
        let (path, mode) = (self.path.clone(), self.after.as_ref().map(|seen| seen.mode & 0o777));
        Some(match &self.what {
            Becomes::Folder => Change::MakeFolder { path, mode },
            Becomes::File | Becomes::Edited => {
                let content = FromLayer { root: upper(path.root())?, path: path.clone(), seen: self.after.clone()? };
                let modified = Some(content.seen.mtime / 1_000_000);
                let write =
                    Write { mode, modified, may_shrink: true, ..Write::new(path, Content::Made(Arc::new(content))) };
                Change::Write(match &self.before {
                    None => write,
                    // Under its other names it stays what it is, as the command had it too.
                    Some(was) if was.linked => write.replacing(Known::Nothing),
                    // What it was when the command's changes were looked at, and nothing else.
                    Some(was) => write.replacing(Known::Stamp(was.stamp.clone())),
                })
            }
            Becomes::Link(to) => Change::Link { path, to: to.clone() },
            Becomes::Moved(from) => Change::Move { from: from.clone(), to: path, clash: Clash::Skip },
            Becomes::Mode => return self.mode(),
            Becomes::Gone => Change::set_aside(path),
        })
    }
}

/// A file's content as it is in a layer.
struct FromLayer {
    root: PathBuf,
    path: FilePath,
    seen: Seen,
}

impl FromLayer {
    fn open(&self) -> Result<File> {
        let failed = |e| error(e, "read what the command wrote", self.path.as_str());
        let names: Vec<Vec<u8>> = self.path.below().collect();
        let Some((name, folders)) = names.split_last() else { return Err(failed(rustix::io::Errno::ISDIR)) };
        let mut at: OwnedFd = sys::open_real(&self.root).map_err(failed)?;
        for folder in folders {
            at = sys::open_below(&at, folder).map_err(failed)?;
        }
        sys::content::open_regular(&at, name).map_err(failed)
    }
}

impl Make for FromLayer {
    fn key(&self) -> String {
        format!("{} {} {}", self.path, self.seen.size, self.seen.mtime)
    }

    fn reads(&self) -> bool {
        false
    }

    fn make(&self, _: &dyn Reader, to: &mut dyn Sink) -> Result<()> {
        let file = self.open()?;
        let failed = |e: io::Error| unavailable(Path::new(self.path.as_str()), &e);
        let size = file.metadata().map_err(failed)?.len();
        if size != self.seen.size {
            let text = format!("`{}` is no longer what was shown", self.path);
            return Err(Error::new(Kind::Conflict, "read what the command wrote", text));
        }
        carry(&file, size, to).map_err(failed)
    }
}

/// Says whether what an item is about is there, and is not what it was.
fn is_other(dirs: &Dirs<'_>, item: &Item, was: &Seen) -> bool {
    let at = if let Becomes::Moved(from) = &item.what { from } else { &item.path };
    dirs.look(at).ok().flatten().is_some_and(|look| Print::of_look(&look).stamp() != was.stamp)
}

/// Copies what is in a file; what is a hole stays one.
pub(crate) fn carry(mut file: &File, size: u64, mut to: &mut dyn Sink) -> io::Result<()> {
    let mut at = 0;
    while let Some((begin, end)) = sys::content::next_data(file, at, size)? {
        file.seek(SeekFrom::Start(begin))?;
        to.seek(SeekFrom::Start(begin))?;
        io::copy(&mut file.take(end - begin), &mut to)?;
        at = end;
    }
    if at < size {
        // A hole at the end is there only once something is behind it.
        to.seek(SeekFrom::Start(size - 1))?;
        to.write_all(&[0])?;
    }
    Ok(())
}

fn unavailable(at: &Path, e: &io::Error) -> Error {
    Error::new(Kind::Unavailable, "keep changes", format!("{}: {e}", shown(at)))
        .with_fix("look whether the disk is full or read-only")
}
