//! The view of the granted folders: finds a path by walking down from its grant, and looks at what is there.

use std::{
    cell::{OnceCell, RefCell},
    collections::HashMap,
    ffi::OsString,
    os::unix::ffi::OsStringExt,
    rc::Rc,
};

use cowork_core::{Access, Entry, Error, FilePath, Kind, OpenFile, Piece, Reader, Result};
use rustix::{fs::FileType, io::Errno};

use crate::{
    disk::Dir,
    fault::error,
    file::{self, LocalFile},
    grant::Root,
    record::split,
    stamp::Print,
    sys::{self, Look, Volume, access},
};

/// How many folders are held open at a time.
const OPEN: usize = 256;

/// The granted folders of a session, or those that a journal names.
#[derive(Debug)]
pub(crate) struct View {
    pub(crate) roots: Vec<Root>,
}

impl View {
    /// Gives the grant that a path lies in.
    pub(crate) fn root(&self, path: &FilePath) -> Result<&Root> {
        let name = path.root();
        self.roots.iter().find(|r| r.name == name).ok_or_else(|| {
            let known: Vec<_> = self.roots.iter().map(|r| format!("`{}`", r.name)).collect();
            let fix =
                if known.is_empty() { "grant the task a folder".into() } else { format!("use {}", known.join(" or ")) };
            Error::new(Kind::NotAllowed, "find path", format!("`{path}` is in no folder that was granted"))
                .with("path", path.as_str())
                .with_fix(fix)
        })
    }

    /// Says whether what is at a path may be changed.
    pub(crate) fn may_change(&self, path: &FilePath) -> Result<()> {
        let root = self.root(path)?;
        let no = |text: String, fix: &str| {
            Err(Error::new(Kind::NotAllowed, "change", text).with("path", path.as_str()).with_fix(fix))
        };
        if root.access != Access::Write {
            return no(format!("`{}` was granted for reading only", root.name), "grant the folder for changing too");
        }
        Ok(())
    }

    /// Lists a folder, by name.
    pub(crate) fn list(&self, path: &FilePath, most: usize) -> Result<Vec<Entry>> {
        let dir = self.open(path, "list")?;
        let failed = |e: Errno| unread(e, "list", path);
        let names = sys::names(&dir.fd, most.saturating_add(1)).map_err(failed)?;
        if names.len() > most {
            let text = format!("`{path}` holds more than {most} entries");
            return Err(Error::new(Kind::LimitExceeded, "list", text).with("path", path.as_str()));
        }
        let mut entries = Vec::with_capacity(names.len());
        for name in names {
            match file::entry(&dir.fd, &name, path.join_bytes(&name)) {
                Ok(entry) => entries.push(entry),
                // It went away while we looked.
                Err(Errno::NOENT) => {}
                Err(e) => return Err(failed(e)),
            }
        }
        entries.sort_by(|a, b| a.path.cmp(&b.path));
        Ok(entries)
    }

    /// Reads a piece of a regular file, and says what the file is like.
    pub(crate) fn read(&self, path: &FilePath, offset: u64, most: usize) -> Result<(Piece, Print)> {
        let file = self.file(path)?;
        let size = file.look.size;
        let left = usize::try_from(size.saturating_sub(offset)).unwrap_or(usize::MAX);
        let mut bytes = vec![0; most.min(left)];
        let mut len = 0;
        while len < bytes.len() {
            match file.read_at(&mut bytes[len..], offset + len as u64)? {
                0 => break,
                n => len += n,
            }
        }
        bytes.truncate(len);
        let print = Print::read(&file.look, &bytes, offset);
        Ok((Piece { bytes, size, stamp: print.stamp() }, print))
    }

    /// Opens a regular file.
    fn file(&self, path: &FilePath) -> Result<LocalFile> {
        let Some((_, name)) = split(path) else {
            self.root(path)?;
            return Err(file::not_readable(path, FileType::Directory));
        };
        let dir = self.above(path, "read")?;
        // Looked at first: opening a pipe or a device could already do something.
        let look = sys::look(&dir.fd, &name).map_err(|e| unread(e, "read", path))?;
        if !look.is_file() {
            return Err(file::not_readable(path, look.file_type()));
        }
        LocalFile::open(&dir.fd, &name, path.clone())
    }

    fn above(&self, path: &FilePath, op: &str) -> Result<Dir> {
        self.root(path)?;
        path.parent().map_or_else(|| self.open(path, op), |folder| self.open(&folder, op))
    }

    /// Opens a folder.
    pub(crate) fn open(&self, path: &FilePath, op: &str) -> Result<Dir> {
        self.root(path)?;
        self.open_text(path.as_str()).map_err(|e| match e {
            Errno::NOTDIR => {
                Error::new(Kind::InvalidInput, op, format!("`{path}` is not a folder")).with("path", path.as_str())
            }
            e => unread(e, op, path),
        })
    }

    /// Opens a folder given as a path's text.
    fn open_text(&self, folder: &str) -> Result<Dir, Errno> {
        let name = folder.split('/').next().unwrap_or_default();
        let root = self.roots.iter().find(|r| r.name == name).ok_or(Errno::NOENT)?;
        let below = match folder.get(name.len() + 1..) {
            None => Vec::new(),
            Some(below) if below.contains('\\') => {
                let path = FilePath::parse(folder).map_err(|_| Errno::INVAL)?;
                path.below().collect::<Vec<_>>().join(&b'/')
            }
            Some(below) => below.as_bytes().to_vec(),
        };
        if below.is_empty() {
            return Ok(Dir { fd: sys::open_folder(&root.dir.fd, b".")?, path: root.dir.path.clone() });
        }
        let fd = sys::open_folder(&root.dir.fd, &below)?;
        Ok(Dir { fd, path: root.dir.path.join(OsString::from_vec(below)) })
    }
}

impl Reader for View {
    fn open(&self, path: &FilePath) -> Result<Box<dyn OpenFile>> {
        Ok(Box::new(self.file(path)?))
    }

    fn stat(&self, path: &FilePath) -> Result<Entry> {
        let failed = |e: Errno| unread(e, "stat", path);
        match split(path) {
            None => {
                let look = sys::look_at(&self.root(path)?.dir.fd).map_err(failed)?;
                Ok(file::describe(path.clone(), &look, false))
            }
            Some((_, name)) => {
                let dir = self.above(path, "stat")?;
                file::entry(&dir.fd, &name, path.clone()).map_err(failed)
            }
        }
    }
}

/// An open folder, with what it was like when it was opened.
#[derive(Debug)]
pub(crate) struct Open {
    pub(crate) dir: Dir,
    pub(crate) look: Look,
    pub(crate) volume: Volume,
    default_list: OnceCell<Option<Vec<u8>>>,
}

impl Open {
    /// Gives the access list that it hands on to what is new in it. Read once: it may be asked for each of many files.
    pub(crate) fn default_list(&self) -> Result<Option<&[u8]>, Errno> {
        if self.default_list.get().is_none() {
            let list = access::default_list(&self.dir.fd)?;
            return Ok(self.default_list.get_or_init(|| list).as_deref());
        }
        Ok(self.default_list.get().and_then(Option::as_deref))
    }

    /// Says whether the two are one folder.
    fn is(&self, other: &Self) -> bool {
        (self.look.ino, self.volume) == (other.look.ino, other.volume)
    }
}

/// Folders that are open while a batch of steps is at work. Let go after it, because a step or a person may move them.
#[derive(Debug)]
pub(crate) struct Dirs<'a> {
    view: &'a View,
    open: RefCell<HashMap<String, Rc<Open>>>,
}

impl<'a> Dirs<'a> {
    pub(crate) fn new(view: &'a View) -> Self {
        Self { view, open: RefCell::default() }
    }

    /// Opens a folder given as a path's text, or gives it if it is open.
    pub(crate) fn get(&self, folder: &str) -> Result<Rc<Open>, Errno> {
        if let Some(open) = self.open.borrow().get(folder) {
            return Ok(open.clone());
        }
        self.renew(folder)
    }

    /// Opens a folder by its path as it is now.
    pub(crate) fn renew(&self, folder: &str) -> Result<Rc<Open>, Errno> {
        let open = Rc::new(self.fresh(folder)?);
        self.open.borrow_mut().insert(folder.to_owned(), open.clone());
        Ok(open)
    }

    /// Says whether a folder that was opened is no longer where its path leads. What can't be told is taken for no.
    pub(crate) fn has_left(&self, folder: &str, open: &Open) -> bool {
        match self.fresh(folder) {
            Ok(now) => !now.is(open),
            Err(e) => matches!(e, Errno::NOENT | Errno::NOTDIR | Errno::LOOP),
        }
    }

    fn fresh(&self, folder: &str) -> Result<Open, Errno> {
        let dir = self.view.open_text(folder)?;
        let (look, volume) = sys::look_at_folder(&dir.fd)?;
        Ok(Open { dir, look, volume, default_list: OnceCell::new() })
    }

    /// Looks at a path; nothing if it, or a folder on the way, is not there.
    pub(crate) fn look(&self, path: &FilePath) -> Result<Option<Look>, Errno> {
        let Some((folder, name)) = split(path) else {
            return sys::look_at(&self.view.root(path).map_err(|_| Errno::NOENT)?.dir.fd).map(Some);
        };
        match self.get(folder) {
            Ok(open) => open.dir.at(&name).look(),
            Err(Errno::NOENT | Errno::NOTDIR | Errno::LOOP) => Ok(None),
            Err(e) => Err(e),
        }
    }

    /// Says which disk a path is on, if that is another than its granted folder's: by when its topmost folder was made.
    pub(crate) fn disk(&self, path: &FilePath) -> Option<i64> {
        let mine = self.get(path.root()).ok()?.look.dev;
        let folders = std::iter::successors(path.parent(), FilePath::parent);
        let mut there = folders.filter_map(|folder| self.get(folder.as_str()).ok()).peekable();
        let dev = there.peek()?.look.dev;
        let top = there.take_while(|open| open.look.dev == dev && dev != mine).last()?;
        Some(sys::born(&top.dir.fd))
    }

    /// Says whether so many are open that they should be let go soon.
    pub(crate) fn many(&self) -> bool {
        self.open.borrow().len() >= OPEN
    }

    /// Lets all go.
    pub(crate) fn clear(&self) {
        self.open.borrow_mut().clear();
    }
}

/// Says what something is, for a person.
pub(crate) fn kind_text(kind: FileType) -> &'static str {
    match kind {
        FileType::RegularFile => "a file",
        FileType::Directory => "a folder",
        FileType::Symlink => "a link",
        _ => "a special file",
    }
}

/// Makes an error of a system's answer to looking or reading.
pub(crate) fn unread(errno: Errno, op: &str, path: &FilePath) -> Error {
    match errno {
        Errno::ACCESS | Errno::PERM => {
            Error::new(Kind::NotAllowed, op, format!("there is no permission to read `{path}`"))
                .with("path", path.as_str())
                .with_fix("let this program's user read it, or leave it out")
                .with_source(errno)
        }
        e => error(e, op, path.as_str()),
    }
}
