//! Every change to the disk goes through here, one method a step, so that a test can stand before and after each.

use std::{
    ffi::OsStr,
    fs::File,
    io::Write,
    os::{fd::OwnedFd, unix::ffi::OsStrExt},
    path::{Path, PathBuf},
    sync::Arc,
};

use cowork_core::{CancellationToken, Error, Kind, Probe, Step};
use rustix::io::Errno;

use crate::{
    fault::Fault,
    stage,
    sys::{self, content},
};

type Done = Result<(), Fault>;

/// An open folder.
#[derive(Debug)]
pub(crate) struct Dir {
    pub(crate) fd: OwnedFd,
    /// Where it was when it was opened. Only probes and people read it.
    pub(crate) path: PathBuf,
}

/// A name in an open folder.
#[derive(Clone, Copy, Debug)]
pub(crate) struct At<'a> {
    pub(crate) dir: &'a Dir,
    pub(crate) name: &'a [u8],
}

impl Dir {
    /// Opens a folder of ours.
    pub(crate) fn open(path: &Path) -> Result<Self, Fault> {
        Ok(Self { fd: sys::open_real(path)?, path: path.to_owned() })
    }

    pub(crate) fn at<'a>(&'a self, name: &'a [u8]) -> At<'a> {
        At { dir: self, name }
    }
}

impl At<'_> {
    pub(crate) fn path(&self) -> PathBuf {
        self.dir.path.join(OsStr::from_bytes(self.name))
    }

    /// Looks at it; nothing if it is not there.
    pub(crate) fn look(&self) -> Result<Option<sys::Look>, Errno> {
        match sys::look(&self.dir.fd, self.name) {
            Ok(look) => Ok(Some(look)),
            Err(Errno::NOENT) => Ok(None),
            Err(e) => Err(e),
        }
    }
}

/// Changes the disk.
#[derive(Clone, Debug, Default)]
pub(crate) struct Disk {
    pub(crate) probe: Option<Arc<dyn Probe>>,
    /// Ends what takes long. Set while a call makes its changes, not while they are given back.
    pub(crate) stop: Stop,
}

/// Says when nobody waits for the end any more.
#[derive(Clone, Debug, Default)]
pub(crate) struct Stop(Vec<CancellationToken>);

impl Stop {
    pub(crate) fn when(tokens: impl IntoIterator<Item = CancellationToken>) -> Self {
        Self(tokens.into_iter().collect())
    }

    /// Asked before each piece of what takes long.
    pub(crate) fn may_go_on(&self) -> Done {
        if self.0.iter().any(CancellationToken::is_cancelled) {
            return Err(Fault::Told(
                Error::new(Kind::Cancelled, "change", "the changes were stopped before all were made")
                    .with_fix("undo the task to give back those that were made"),
            ));
        }
        Ok(())
    }
}

impl Disk {
    /// Makes a new file, whose bytes come with [`Self::append`].
    pub(crate) fn create(&self, at: At<'_>, mode: u32) -> Result<File, Fault> {
        let step = self.probe.as_ref().map(|_| Step::Write(at.path(), Vec::new()));
        if let (Some(probe), Some(step)) = (&self.probe, &step) {
            probe.before(step).map_err(Fault::Told)?;
        }
        let file = sys::create(&at.dir.fd, at.name, mode)?;
        if let (Some(probe), Some(step)) = (&self.probe, &step) {
            probe.after(step);
        }
        Ok(file)
    }

    /// Writes bytes where the file's cursor stands: its end.
    pub(crate) fn append(&self, mut file: &File, path: &Path, bytes: &[u8]) -> Done {
        self.step(|| Step::Write(path.to_owned(), bytes.to_vec()), || Ok(file.write_all(bytes)?))
    }

    /// Copies a range of another file to where the file's cursor stands, in the kernel where it can.
    pub(crate) fn copy_range(&self, file: &File, path: &Path, from: &File, (begin, end): (u64, u64)) -> Done {
        self.step(|| Step::Write(path.to_owned(), vec![b'-']), || copy_range(file, from, (begin, end), &self.stop))
    }

    /// Lets a new file share all that another holds; `false` where the disk can't.
    pub(crate) fn share(&self, file: &File, path: &Path, from: &File) -> Result<bool, Fault> {
        let mut can = false;
        self.step(
            || Step::Write(path.to_owned(), vec![b'-']),
            || {
                can = content::share(from, file).is_ok();
                Ok(())
            },
        )?;
        Ok(can)
    }

    /// Sets the permission bits of what is there.
    pub(crate) fn set_mode(&self, at: At<'_>, handle: &OwnedFd, mode: u32) -> Done {
        self.step(|| Step::SetMeta(at.path()), || Ok(content::set_mode_of(handle, mode)?))
    }

    /// Makes the permission bits of what is there durable.
    pub(crate) fn sync_mode(&self, at: At<'_>) -> Done {
        let act = || match content::open_to_sync(&at.dir.fd, at.name) {
            Ok(handle) => Ok(sys::sync(handle)?),
            // Its own permissions forbid it.
            Err(_) => Ok(content::sync_disk(&at.dir.fd)?),
        };
        self.step(|| Step::SyncFile(at.path()), act)
    }

    /// Makes a file durable with its length, times and permissions.
    pub(crate) fn sync_file(&self, file: &File, path: &Path) -> Done {
        self.step(|| Step::SyncFile(path.to_owned()), || Ok(sys::sync(file)?))
    }

    /// Makes a file's bytes and length durable.
    pub(crate) fn sync_data(&self, file: &File, path: &Path) -> Done {
        self.step(|| Step::SyncFile(path.to_owned()), || Ok(sys::sync_data(file)?))
    }

    /// Makes the names in a folder, and its times, durable.
    pub(crate) fn sync_folder(&self, dir: &Dir) -> Done {
        self.step(|| Step::SyncFolder(dir.path.clone()), || Ok(sys::sync(&dir.fd)?))
    }

    /// Gives what is there a new name that is free.
    pub(crate) fn rename(&self, from: At<'_>, to: At<'_>) -> Done {
        self.step(
            || Step::Rename(from.path(), to.path()),
            || Ok(sys::rename((&from.dir.fd, from.name), (&to.dir.fd, to.name))?),
        )
    }

    /// Lets two names change places.
    pub(crate) fn exchange(&self, a: At<'_>, b: At<'_>) -> Done {
        self.step(
            || Step::Exchange(a.path(), b.path()),
            || Ok(sys::exchange((&a.dir.fd, a.name), (&b.dir.fd, b.name))?),
        )
    }

    /// Makes a folder.
    pub(crate) fn make_folder(&self, at: At<'_>, mode: u32) -> Done {
        self.step(|| Step::MakeFolder(at.path()), || Ok(sys::make_folder(&at.dir.fd, at.name, mode)?))
    }

    /// Makes a link.
    pub(crate) fn make_link(&self, at: At<'_>, to: &str) -> Done {
        self.step(|| Step::Write(at.path(), to.as_bytes().to_vec()), || Ok(sys::make_link(&at.dir.fd, at.name, to)?))
    }

    /// Removes a file of ours.
    pub(crate) fn remove_file(&self, at: At<'_>) -> Done {
        self.step(|| Step::Remove(at.path()), || Ok(sys::remove_file(&at.dir.fd, at.name)?))
    }

    /// Removes an empty folder of ours.
    pub(crate) fn remove_folder(&self, at: At<'_>) -> Done {
        self.step(|| Step::Remove(at.path()), || Ok(sys::remove_folder(&at.dir.fd, at.name)?))
    }

    /// Sets a folder's modification time.
    pub(crate) fn set_folder_mtime(&self, dir: &Dir, nanos: i64) -> Done {
        self.step(|| Step::SetMeta(dir.path.clone()), || Ok(sys::set_mtime(&dir.fd, nanos)?))
    }

    /// Gives a staged file its permissions and, where one is given, its modification time.
    pub(crate) fn set_meta(&self, file: &File, path: &Path, mode: Option<u32>, mtime: Option<i64>) -> Done {
        let act = || {
            mode.map_or(Ok(()), |mode| sys::set_mode(file, mode))?;
            Ok(mtime.map_or(Ok(()), |nanos| sys::set_mtime(file, nanos))?)
        };
        self.step(|| Step::SetMeta(path.to_owned()), act)
    }

    /// Cuts a file of ours to a length.
    pub(crate) fn cut(&self, file: &File, path: &Path, len: u64) -> Done {
        self.step(|| Step::Cut(path.to_owned(), len), || Ok(file.set_len(len)?))
    }

    fn step(&self, step: impl FnOnce() -> Step, act: impl FnOnce() -> Done) -> Done {
        let Some(probe) = &self.probe else { return act() };
        let step = step();
        probe.before(&step).map_err(Fault::Told)?;
        if !probe.leaves_out(&step) {
            act()?;
            probe.after(&step);
        }
        Ok(())
    }
}

/// Copies a range of another file to where a file's cursor stands.
pub(crate) fn copy_range(mut file: &File, from: &File, (begin, end): (u64, u64), stop: &Stop) -> Done {
    let mut at = begin;
    while at < end {
        stop.may_go_on()?;
        match content::copy_range(from, at, file, end - at) {
            Ok(0) => break,
            Ok(n) => at += n,
            Err(Errno::INTR) => {}
            Err(e @ (Errno::NOSPC | Errno::DQUOT | Errno::IO | Errno::FBIG)) => return Err(e.into()),
            Err(_) => break,
        }
    }
    // What the kernel could not copy by itself.
    let mut buffer = vec![0; if at < end { 1 << 20 } else { 0 }];
    while at < end {
        stop.may_go_on()?;
        let want = buffer.len().min(usize::try_from(end - at).unwrap_or(usize::MAX));
        let len = stage::read_at(from, &mut buffer[..want], at)?;
        if len == 0 {
            break;
        }
        file.write_all(&buffer[..len])?;
        at += len as u64;
    }
    Ok(())
}

/// Makes a folder of ours and those above it, readable by its owner alone. They are not durable yet.
pub(crate) fn make_own_folders(disk: &Disk, path: &Path) -> Result<Dir, Fault> {
    match Dir::open(path) {
        Err(Fault::Os(Errno::NOENT)) => {}
        other => return other,
    }
    let (Some(above), Some(name)) = (path.parent(), path.file_name()) else { return Err(Errno::NOENT.into()) };
    let above = make_own_folders(disk, above)?;
    match disk.make_folder(above.at(name.as_bytes()), 0o700) {
        Ok(()) | Err(Fault::Os(Errno::EXIST)) => {}
        Err(e) => return Err(e),
    }
    Dir::open(path)
}
