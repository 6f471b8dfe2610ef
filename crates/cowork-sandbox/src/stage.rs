//! Writes content where nobody looks yet: all of it is durable before it gets a name that a person sees.

use std::{
    fs::File,
    io::{self, BufWriter, Seek, SeekFrom, Write},
    os::unix::fs::FileExt,
    path::Path,
};

use blake3::Hasher;
use cowork_core::{FilePath, Sink, Splice};
use rustix::io::Errno;

use crate::{
    disk::{At, Disk, Stop},
    fault::{Fault, Trouble},
    record::Id,
    stamp::SMALL,
    sys::{self, Look, access, content},
    view::Open,
};

const CHUNK: usize = 1 << 20;
/// What a file's checksum looks at in one go. Divides [`CHUNK`].
const BLOCK: usize = 1 << 16;
/// The bit by which a folder hands its group on.
const HANDS_GROUP_ON: u32 = 0o2000;
/// The permissions that a file of ours may be given: none that let a program run as its owner.
const MODES: u32 = 0o1777;
/// What a file's group may do; with an access list, the most that anybody named in it may.
const GROUP: u32 = 0o070;

/// Content that waits to be put in place.
#[derive(Debug)]
pub(crate) struct Staged {
    pub(crate) id: Id,
    pub(crate) hash: String,
    pub(crate) look: Look,
}

/// What staged content is to be like.
#[derive(Debug)]
pub(crate) enum Like<'a> {
    /// A new file in this folder.
    New(&'a Open),
    /// The file that it stands in for.
    Old(Look, &'a File),
    /// A copy of this file for this folder.
    Copy(Look, &'a File, &'a Open),
    /// The very same, as far as another disk can hold it.
    Same(Look, &'a File),
}

/// What was asked for beyond that: permission bits, a modification time in nanoseconds.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Asked {
    pub(crate) mode: Option<u32>,
    pub(crate) mtime: Option<i64>,
}

/// Stages these bytes.
pub(crate) fn bytes(disk: &Disk, at: At<'_>, content: &[u8], like: &Like<'_>, asked: Asked) -> Result<Staged, Fault> {
    let write = |file: &File| if content.is_empty() { Ok(()) } else { disk.append(file, &at.path(), content) };
    let hash = (content.len() as u64 <= SMALL).then(|| blake3::hash(content).to_hex().to_string());
    fill(disk, at, like, asked, hash, write)
}

/// Stages what is in a file.
pub(crate) fn copy(disk: &Disk, at: At<'_>, source: &File, like: &Like<'_>) -> Result<Staged, Fault> {
    fill(disk, at, like, Asked::default(), None, |file| {
        let size = sys::look_at(source)?.size;
        if size == 0 || disk.share(file, &at.path(), source)? {
            return Ok(());
        }
        carry(disk, file, &at.path(), source, (0, size))?;
        end_here(disk, file, &at.path())
    })
}

/// Stages what is in a file, on another disk, so that it is the very same in all but its inode; refuses where it can't be.
pub(crate) fn twin(disk: &Disk, at: At<'_>, source: &File, look: Look, what: &FilePath) -> Result<Staged, Trouble> {
    let failed = |e: Fault| e.at(what.as_str());
    let staged = copy(disk, at, source, &Like::Same(look, source)).map_err(failed)?;
    let is = staged.look;
    let differs = if (is.uid, is.gid) != (look.uid, look.gid) {
        "belongs to another user or group"
    } else if is.mode != look.mode || !same_attributes(at, source).map_err(|e| failed(e.into()))? {
        "has permissions or attributes"
    } else {
        return Ok(staged);
    };
    disk.remove_file(at).map_err(failed)?;
    Err(Trouble::This(format!("`{what}` {differs}, and a copy on another disk would not")))
}

fn same_attributes(at: At<'_>, source: &File) -> Result<bool, Errno> {
    let (mut one, mut other) =
        (sys::attributes(source)?, sys::attributes(content::open_regular(&at.dir.fd, at.name)?)?);
    // What the place gives: the system labels each disk's files as it is told to.
    one.remove(&b"security.selinux"[..]);
    other.remove(&b"security.selinux"[..]);
    Ok(one == other)
}

/// Stages what is in a file of this size, with pieces replaced, which are in order and lie in it.
pub(crate) fn edited(
    disk: &Disk,
    at: At<'_>,
    (source, size): (&File, u64),
    splices: &[Splice],
    like: &Like<'_>,
    asked: Asked,
) -> Result<Staged, Fault> {
    fill(disk, at, like, asked, None, |file| {
        let mut from = 0;
        for splice in splices {
            carry(disk, file, &at.path(), source, (from, splice.at))?;
            if !splice.insert.is_empty() {
                disk.append(file, &at.path(), &splice.insert)?;
            }
            from = splice.at.saturating_add(splice.remove);
        }
        carry(disk, file, &at.path(), source, (from, size))?;
        end_here(disk, file, &at.path())
    })
}

/// Stages what is made while it is written.
pub(crate) fn made(
    disk: &Disk,
    at: At<'_>,
    make: impl FnOnce(&mut dyn Sink) -> cowork_core::Result<()>,
    like: &Like<'_>,
    asked: Asked,
) -> Result<Staged, Trouble> {
    let mut refused = None;
    let staged = fill(disk, at, like, asked, None, |file| {
        let path = at.path();
        let mut sink = BufWriter::with_capacity(CHUNK / 4, Staging { disk, file, path: &path, failed: None });
        let ended = make(&mut sink);
        let flushed = sink.flush();
        let failed = sink.get_mut().failed.take();
        match (ended, failed, flushed) {
            (_, Some(fault), _) => Err(fault),
            (Err(e), None, _) => {
                refused = Some(e);
                Err(Errno::CANCELED.into())
            }
            (Ok(()), None, flushed) => Ok(flushed?),
        }
    });
    match (staged, refused) {
        (Err(_), Some(e)) if e.kind == cowork_core::Kind::Cancelled => Err(Trouble::All(e)),
        (Err(_), Some(e)) => Err(Trouble::This(e.message)),
        (staged, _) => staged.map_err(|e| e.at(&crate::fault::shown(&at.path()))),
    }
}

/// Gives the checksum of a file's content.
pub(crate) fn hash(at: At<'_>) -> Result<String, Errno> {
    hash_unless(at, &Stop::default()).map_err(|e| if let Fault::Os(errno) = e { errno } else { Errno::CANCELED })
}

/// Gives the checksum of a file's content, unless that is to end before.
pub(crate) fn hash_unless(at: At<'_>, stop: &Stop) -> Result<String, Fault> {
    sum(&content::open_regular(&at.dir.fd, at.name)?, stop)
}

/// Gives the checksum of an open file's content: that of its bytes; of a large one without the blocks that hold only zeros,
/// and then of where these were. So a file costs no more than what the disk holds of it, and its copy sums up to the same.
pub(crate) fn sum(file: &File, stop: &Stop) -> Result<String, Fault> {
    let size = sys::look_at(file)?.size;
    let (mut hasher, mut gaps) = (Hasher::new(), Gaps::default());
    let mut at = 0;
    while let Some((begin, end)) =
        if size <= SMALL { (at < size).then_some((at, size)) } else { content::next_data(file, at, size)? }
    {
        let begin = begin - begin % BLOCK as u64;
        gaps.add(at, begin);
        let end = end.next_multiple_of(BLOCK as u64).min(size);
        at = sum_range(file, (begin, end, size), (&mut hasher, &mut gaps), stop)?;
    }
    gaps.add(at, size);
    Ok(gaps.finish(&hasher, size))
}

/// Sums up a range that begins where a block does. Gives where it ended.
fn sum_range(
    file: &File,
    (mut at, end, size): (u64, u64, u64),
    (hasher, gaps): (&mut Hasher, &mut Gaps),
    stop: &Stop,
) -> Result<u64, Fault> {
    static ZEROS: [u8; BLOCK] = [0; BLOCK];
    let mut buffer = vec![0; CHUNK.min(usize::try_from(end - at).unwrap_or(CHUNK))];
    while at < end {
        stop.may_go_on()?;
        let want = buffer.len().min(usize::try_from(end - at).unwrap_or(CHUNK));
        let len = read_at(file, &mut buffer[..want], at)?;
        for block in buffer[..len].chunks(BLOCK) {
            if size > SMALL && block == &ZEROS[..block.len()] {
                gaps.add(at, at + block.len() as u64);
            } else {
                hasher.update(block);
            }
            at += block.len() as u64;
        }
        if len < want {
            // Cut short while it was read: it is another file by now.
            return Ok(end);
        }
    }
    Ok(at)
}

/// The blocks that were not summed up.
#[derive(Default)]
struct Gaps {
    hasher: Option<Hasher>,
    open: Option<(u64, u64)>,
}

impl Gaps {
    fn add(&mut self, from: u64, to: u64) {
        if from >= to {
            return;
        }
        match &mut self.open {
            Some((_, end)) if *end == from => *end = to,
            _ => {
                self.close();
                self.open = Some((from, to));
            }
        }
    }

    fn close(&mut self) {
        if let Some((from, to)) = self.open.take() {
            let hasher = self.hasher.get_or_insert_with(Hasher::new);
            hasher.update(&from.to_le_bytes()).update(&to.to_le_bytes());
        }
    }

    fn finish(mut self, content: &Hasher, size: u64) -> String {
        self.close();
        let content = content.finalize();
        let all = self.hasher.map_or(content, |mut gaps| {
            gaps.update(&size.to_le_bytes()).update(content.as_bytes());
            gaps.finalize()
        });
        all.to_hex().to_string()
    }
}

/// What content is made into: the staged file, every write a step of its own.
struct Staging<'a> {
    disk: &'a Disk,
    file: &'a File,
    path: &'a Path,
    failed: Option<Fault>,
}

impl Write for Staging<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if bytes.is_empty() {
            return Ok(0);
        }
        let written = self.disk.stop.may_go_on().and_then(|()| self.disk.append(self.file, self.path, bytes));
        written.map_err(|fault| {
            self.failed = Some(fault);
            io::Error::other("the content could not be written")
        })?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Seek for Staging<'_> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.file.seek(to)
    }
}

fn fill(
    disk: &Disk,
    at: At<'_>,
    like: &Like<'_>,
    asked: Asked,
    hash: Option<String>,
    write: impl FnOnce(&File) -> Result<(), Fault>,
) -> Result<Staged, Fault> {
    let file = disk.create(at, 0o666)?;
    let staged = write(&file).and_then(|()| {
        let hash = hash.map_or_else(|| sum(&file, &disk.stop), Ok)?;
        let look = finish(disk, at, &file, like, asked)?;
        Ok(Staged { id: Id::of(&look), hash, look })
    });
    if staged.is_err() {
        // Ours, and in nobody's way: what can't be removed now lies in the journal, or is found when it is settled.
        let _ = disk.remove_file(at);
    }
    staged
}

fn finish(disk: &Disk, at: At<'_>, file: &File, like: &Like<'_>, asked: Asked) -> Result<Look, Fault> {
    let (mode, mtime) = match like {
        Like::New(folder) => {
            hand_group_on(file, &folder.look);
            (inherit(file, folder, 0o666)?, None)
        }
        Like::Old(old, content) => {
            access::drop_list(file)?;
            // Whose it is by now is looked at before it is put in place.
            let _ = sys::set_owner(file, Some(old.uid), old.gid);
            if !sys::copy_attributes(content, file) {
                return Err(Errno::OPNOTSUPP.into());
            }
            // As the system itself does when a program's content changes: it loses the right to run as its owner.
            (Some(old.mode & MODES), None)
        }
        Like::Copy(source, content, folder) => {
            access::drop_list(file)?;
            let mode = if sys::copy_attributes(content, file) { source.mode } else { source.mode & !GROUP } & MODES;
            hand_group_on(file, &folder.look);
            let inherited = if access::has_list(file) { None } else { inherit(file, folder, mode)? };
            (Some(inherited.unwrap_or(mode)), Some(source.mtime))
        }
        Like::Same(source, content) => {
            access::drop_list(file)?;
            // Where it matters, the copy is compared: see [`twin`].
            let _ = sys::set_owner(file, Some(source.uid), source.gid);
            let mode = if sys::copy_attributes(content, file) { source.mode } else { source.mode & !GROUP };
            (Some(mode & 0o7777), Some(source.mtime))
        }
    };
    let (mode, mtime) = (asked.mode.map(|mode| mode & MODES).or(mode), asked.mtime.or(mtime));
    if mode.is_some() || mtime.is_some() {
        disk.set_meta(file, &at.path(), mode, mtime)?;
    }
    disk.sync_file(file, &at.path())?;
    Ok(sys::look_at(file)?)
}

/// Copies a range of a file to the end of another; what is a hole stays one.
fn carry(disk: &Disk, file: &File, path: &Path, source: &File, (from, to): (u64, u64)) -> Result<(), Fault> {
    let mut at = from;
    while let Some((begin, end)) = content::next_data(source, at, to)? {
        skip(file, begin - at)?;
        disk.copy_range(file, path, source, (begin, end))?;
        at = end;
    }
    skip(file, to.saturating_sub(at))
}

fn skip(mut file: &File, len: u64) -> Result<(), Fault> {
    if len > 0 {
        file.seek_relative(i64::try_from(len).map_err(|_| Errno::FBIG)?)?;
    }
    Ok(())
}

/// A hole at the end is there only once the file has its length.
fn end_here(disk: &Disk, mut file: &File, path: &Path) -> Result<(), Fault> {
    let end = file.stream_position()?;
    if sys::look_at(file)?.size < end { disk.cut(file, path, end) } else { Ok(()) }
}

/// Reads as much as there is.
pub(crate) fn read_at(file: &File, buffer: &mut [u8], offset: u64) -> Result<usize, Errno> {
    let mut len = 0;
    while len < buffer.len() {
        match file.read_at(&mut buffer[len..], offset + len as u64) {
            Ok(0) => break,
            Ok(n) => len += n,
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            Err(e) => return Err(Errno::from_io_error(&e).unwrap_or(Errno::IO)),
        }
    }
    Ok(len)
}

/// Does for a new file what the system does where a folder says who may read what is new in it; nothing where it doesn't. What
/// is staged elsewhere never met that folder. Gives the permissions that are left of those asked for.
fn inherit(file: &File, folder: &Open, mode: u32) -> Result<Option<u32>, Fault> {
    let Some(default) = folder.default_list()? else { return Ok(None) };
    let access::Inherited { mode: left, list } = access::inherit(default, mode)?;
    match list {
        Some(list) => access::set_list(file, &list)?,
        None => access::drop_list(file)?,
    }
    Ok(Some(left | mode & MODES & !0o777))
}

fn hand_group_on(file: &File, folder: &Look) {
    if folder.mode & HANDS_GROUP_ON != 0 {
        let _ = sys::set_owner(file, None, folder.gid);
    }
}
