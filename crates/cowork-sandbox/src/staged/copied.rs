//! Copies of granted folders, where no layer can be laid over them: what is copied is noted, so that what becomes of the copy can be told
//! from it, and what becomes of the folder meanwhile too.

use std::{
    collections::HashMap,
    fs::{self, File},
    io::{self, BufRead as _, BufReader, BufWriter, Write as _},
    os::fd::OwnedFd,
    path::Path,
};

use cowork_core::{Error, FilePath, Kind, Remark, Result, Stamp};
use rustix::{fs::FileType, io::Errno};
use serde::{Deserialize, Serialize};

use super::{find::DEEP, unavailable};
use crate::{
    disk::{Stop, copy_range},
    fault::{Fault, error, shown},
    local::Copies,
    stamp::Print,
    sys::{self, Look, content},
};

/// Where it is written down beside a copy what was copied.
pub(crate) const LIST: &str = "list";

/// What was copied of a folder.
#[derive(Debug, Default)]
pub(crate) struct Copied {
    noted: HashMap<FilePath, Noted>,
    left_out: Vec<Remark>,
}

/// What something was like when it was copied, and what its copy was like.
#[derive(Debug)]
struct Noted {
    was: Stamp,
    copy: Stamp,
}

/// A line of what is written down.
#[derive(Serialize, Deserialize)]
enum Line {
    Copied(FilePath, Stamp, Stamp),
    Left(Remark),
}

/// Copies what is in a granted folder, in which something is mounted perhaps, into an empty one, and writes down beside it what it copied.
///
/// # Errors
/// `LimitExceeded` for a folder with more in it than may be copied; `Unavailable`.
pub(crate) fn copy(name: &str, from: &OwnedFd, to: &Path, list: &Path, most: &Copies) -> Result<()> {
    let path = FilePath::parse(name)?;
    let opened = sys::open_real(to).map_err(|e| error(e, "copy folder", &shown(to)))?;
    let out = BufWriter::new(File::create(list).map_err(|e| unavailable(list, &e))?);
    let mut copier = Copier { most, path: &path, out, bytes: 0, files: 0 };
    copier.folder(from, &opened, &path, 0)?;
    sys::look_at(from).and_then(|look| sys::set_mode(&opened, look.mode & 0o777 | 0o700)).map_err(failed(name))?;
    copier.out.flush().map_err(|e| unavailable(list, &e))
}

impl Copied {
    /// Reads what was written down; nothing if nothing was: then it is no copy.
    ///
    /// # Errors
    /// `Corrupt` if it can't be read.
    pub(crate) fn read(list: &Path) -> Result<Option<Self>> {
        let file = match File::open(list) {
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(None),
            file => file.map_err(|e| unavailable(list, &e))?,
        };
        let mut copied = Self::default();
        for line in BufReader::new(file).lines() {
            let line = line.map_err(|e| unavailable(list, &e))?;
            match serde_json::from_str(&line) {
                Ok(Line::Copied(path, was, copy)) => _ = copied.noted.insert(path, Noted { was, copy }),
                Ok(Line::Left(remark)) => copied.left_out.push(remark),
                Err(e) => {
                    let text = format!("{} can't be read: {e}", shown(list));
                    return Err(Error::new(Kind::Corrupt, "read changes", text)
                        .with_fix("discard what the command changed, and run it again"));
                }
            }
        }
        Ok(Some(copied))
    }

    /// Says whether a copy is still what it was when it was made.
    pub(crate) fn is_untouched(&self, path: &FilePath, copy: &Look) -> bool {
        self.noted.get(path).is_some_and(|noted| noted.copy == Print::of_look(copy).stamp())
    }

    /// Says whether something was copied.
    pub(crate) fn has(&self, path: &FilePath) -> bool {
        self.noted.contains_key(path)
    }

    /// Says whether something in the folder is other than it was when it was copied, or was not.
    pub(crate) fn is_other(&self, path: &FilePath, now: &Look) -> bool {
        self.noted.get(path).is_none_or(|noted| noted.was != Print::of_look(now).stamp())
    }

    /// Takes what the command was not shown.
    pub(crate) fn left_out(&mut self) -> Vec<Remark> {
        std::mem::take(&mut self.left_out)
    }
}

struct Copier<'a> {
    most: &'a Copies,
    /// The granted folder.
    path: &'a FilePath,
    out: BufWriter<File>,
    bytes: u64,
    files: u64,
}

impl Copier<'_> {
    fn folder(&mut self, from: &OwnedFd, to: &OwnedFd, path: &FilePath, depth: usize) -> Result<()> {
        let names = sys::names(from, usize::try_from(self.most.files).unwrap_or(usize::MAX).saturating_add(1));
        for name in names.map_err(failed(path.as_str()))? {
            self.files += 1;
            if self.files > self.most.files {
                return Err(self.too_much(&format!("more than {} files", self.most.files)));
            }
            self.entry((from, to, &name), &path.join_bytes(&name), depth)?;
        }
        Ok(())
    }

    fn entry(&mut self, at: (&OwnedFd, &OwnedFd, &[u8]), path: &FilePath, depth: usize) -> Result<()> {
        // What has gone since its name was read was never seen.
        let Ok(look) = sys::look(at.0, at.2) else { return Ok(()) };
        let copied = match look.file_type() {
            FileType::Directory => return self.below(at, &look, path, depth),
            FileType::RegularFile if sys::is_mounted(at.0, at.2) => return self.leave(path, MOUNTED),
            FileType::RegularFile => match content::open_regular(at.0, at.2) {
                Err(_) => return self.leave(path, UNREADABLE),
                Ok(file) => self.file(&file, (at.1, at.2), &look, path)?,
            },
            FileType::Symlink => match sys::link_target(at.0, at.2).map(String::from_utf8) {
                Ok(Ok(to)) => {
                    sys::make_link(at.1, at.2, &to).map_err(failed(path.as_str()))?;
                    sys::look(at.1, at.2).map_err(failed(path.as_str()))?
                }
                _ => return self.leave(path, UNREADABLE),
            },
            // Nothing that a command could read: pipes, sockets, devices.
            _ => return Ok(()),
        };
        self.note(path, &look, &copied)
    }

    fn below(
        &mut self,
        (from, to, name): (&OwnedFd, &OwnedFd, &[u8]),
        look: &Look,
        path: &FilePath,
        depth: usize,
    ) -> Result<()> {
        if depth >= DEEP {
            return self.leave(path, "lies too deep: the command did not see it");
        }
        let inner = match sys::open_below(from, name) {
            Err(Errno::XDEV) => return self.leave(path, MOUNTED),
            Err(_) => return self.leave(path, UNREADABLE),
            Ok(inner) => inner,
        };
        sys::make_folder(to, name, 0o700).map_err(failed(path.as_str()))?;
        let copy = sys::open_below(to, name).map_err(failed(path.as_str()))?;
        self.folder(&inner, &copy, path, depth + 1)?;
        let finished = sys::set_mode(&copy, look.mode & 0o777).and_then(|()| sys::set_mtime(&copy, look.mtime));
        let copied = finished.and_then(|()| sys::look_at(&copy)).map_err(failed(path.as_str()))?;
        self.note(path, look, &copied)
    }

    /// Copies a file, or has the copy share what it holds, where the disk can.
    fn file(&mut self, file: &File, (to, name): (&OwnedFd, &[u8]), look: &Look, path: &FilePath) -> Result<Look> {
        let copy = sys::create(to, name, 0o600).map_err(failed(path.as_str()))?;
        if look.size > 0 && content::share(file, &copy).is_err() {
            self.bytes = self.bytes.saturating_add(look.size.min(look.blocks * 512));
            if self.bytes > self.most.bytes {
                return Err(self.too_much(&format!("more than {} MiB", self.most.bytes >> 20)));
            }
            fill(file, &copy, look.size).map_err(|e| e.error("copy folder", path.as_str()))?;
        }
        let finished = sys::set_mode(&copy, look.mode & 0o777).and_then(|()| sys::set_mtime(&copy, look.mtime));
        finished.and_then(|()| sys::look_at(&copy)).map_err(failed(path.as_str()))
    }

    fn note(&mut self, path: &FilePath, was: &Look, copy: &Look) -> Result<()> {
        self.write(&Line::Copied(path.clone(), Print::of_look(was).stamp(), Print::of_look(copy).stamp()))
    }

    fn leave(&mut self, path: &FilePath, why: &str) -> Result<()> {
        self.write(&Line::Left(Remark { path: path.clone(), why: why.to_owned() }))
    }

    fn write(&mut self, line: &Line) -> Result<()> {
        let written = serde_json::to_writer(&mut self.out, line).map_err(io::Error::from);
        written.and_then(|()| self.out.write_all(b"\n")).map_err(|e| unavailable(Path::new(self.path.as_str()), &e))
    }

    fn too_much(&self, what: &str) -> Error {
        let text = format!("`{}` has to be copied for a command, and holds {what}", self.path);
        Error::new(Kind::LimitExceeded, "run command", text).with("folder", self.path.as_str()).with_fix(
            "name a folder with less in it, one of your own, on a disk of this computer's own, with none mounted in it",
        )
    }
}

const MOUNTED: &str = "is another disk, mounted there: the command did not see it";
const UNREADABLE: &str = "can't be read: the command did not see it";

fn failed(path: &str) -> impl FnOnce(Errno) -> Error {
    let path = path.to_owned();
    move |e| error(e, "copy folder", &path)
}

/// Copies what a file holds; what is a hole stays one.
fn fill(from: &File, to: &File, size: u64) -> Result<(), Fault> {
    let mut at = 0;
    while let Some((begin, end)) = content::next_data(from, at, size)? {
        let mut cursor = to;
        io::Seek::seek(&mut cursor, io::SeekFrom::Start(begin))?;
        copy_range(to, from, (begin, end), &Stop::default())?;
        at = end;
    }
    Ok(to.set_len(size)?)
}

/// Says whether a folder holds things that belong to somebody else, whom the commands of this user don't know: they can't be changed in a
/// layer. It looks at some of them, not at all.
pub(crate) fn is_foreign(folder: &OwnedFd) -> bool {
    const SOME: usize = 2_000;
    let (user, group) = (rustix::process::geteuid().as_raw(), rustix::process::getegid().as_raw());
    let is_ours = |look: &Look| (look.uid, look.gid) == (user, group);
    let Ok(first) = folder.try_clone() else { return false };
    if sys::look_at(folder).is_ok_and(|look| !is_ours(&look)) {
        return true;
    }
    let mut folders = std::collections::VecDeque::from([first]);
    let mut left = SOME;
    while let Some(folder) = folders.pop_front() {
        for name in sys::names(&folder, left).unwrap_or_default() {
            let Some(fewer) = left.checked_sub(1) else { return false };
            left = fewer;
            let Ok(look) = sys::look(&folder, &name) else { continue };
            if !is_ours(&look) {
                return true;
            }
            // No more than some are held open.
            if look.is_folder() && folders.len() < 64 {
                folders.extend(sys::open_below(&folder, &name).ok());
            }
        }
    }
    false
}

/// Gives where a part of a layer is that has become what a folder is to be: a copy, or what was laid over it; and where it is written down
/// what was copied.
pub(crate) fn part(layer: &Path, folder: usize) -> (std::path::PathBuf, std::path::PathBuf) {
    let list = layer.join(format!("{folder}/{LIST}"));
    let is_copy = fs::symlink_metadata(&list).is_ok();
    (layer.join(format!("{folder}/{}", if is_copy { "copy" } else { "upper" })), list)
}
