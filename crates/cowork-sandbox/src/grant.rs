//! Opens the granted folders, and refuses those that may not be granted.

use std::{
    ffi::OsString,
    os::{fd::AsFd, unix::ffi::OsStringExt},
    path::{Path, PathBuf},
};

use cowork_core::{Access, Error, FilePath, Folder, Kind, Result};

use crate::{
    disk::Dir,
    fault::{Fault, shown},
    sys,
};

/// A granted folder, opened once; everything in it is walked from this handle.
#[derive(Debug)]
pub(crate) struct Root {
    pub(crate) name: String,
    pub(crate) access: Access,
    pub(crate) dir: Dir,
    pub(crate) ino: u64,
    /// What identifies it and all folders above it, itself first: tells whether two grants overlap.
    pub(crate) chain: Vec<(u64, u64)>,
}

/// What may not be granted.
#[derive(Clone, Debug)]
pub(crate) struct Bounds {
    /// Our own folder.
    pub(crate) data: PathBuf,
    /// The person's home, refused unless said twice.
    pub(crate) home: Option<PathBuf>,
}

/// Gives one of the folders that are open already once more, with no more access than it has.
pub(crate) fn part((folders, roots): (&[Folder], &[Root]), folder: &Folder) -> Result<Root> {
    let no = |why: String| Err(Error::new(Kind::NotAllowed, "open folder", why).with("folder", folder.name.clone()));
    let is_there = folders.iter().any(|f| f.name == folder.name && f.at == folder.at);
    let Some(root) = roots.iter().find(|r| is_there && r.name == folder.name) else {
        return no(format!("`{}` is none of the task's folders", folder.name));
    };
    if folder.access > root.access {
        return no(format!("the task may only look into `{}`", folder.name));
    }
    let fd = root.dir.fd.try_clone().map_err(|e| Fault::from(e).error("open folder", &folder.name))?;
    let dir = Dir { fd, path: root.dir.path.clone() };
    Ok(Root { name: root.name.clone(), access: folder.access, dir, ino: root.ino, chain: root.chain.clone() })
}

/// Opens the granted folders.
pub(crate) fn open(folders: &[Folder], bounds: &Bounds) -> Result<Vec<Root>> {
    let mut roots: Vec<Root> = Vec::new();
    for folder in folders {
        let root = open_one(folder, bounds)?;
        if let Some(other) = roots.iter().find(|r| r.name == root.name) {
            let text = format!("two folders are both called `{}`", other.name);
            return Err(Error::new(Kind::InvalidInput, "open folder", text).with_fix("give each another name"));
        }
        if let Some(other) = roots.iter().find(|r| overlap(&r.chain, &root.chain)) {
            let text = format!("the folders `{}` and `{}` overlap", other.name, root.name);
            return Err(Error::new(Kind::InvalidInput, "open folder", text).with_fix("name only the outer one"));
        }
        roots.push(root);
    }
    Ok(roots)
}

/// Opens a folder that a journal names, without asking whether it may be granted: that was asked before.
pub(crate) fn reopen(name: &str, at: &str) -> Result<Root> {
    let path = real(at)?;
    let dir = Dir::open(&path).map_err(|e| e.error("open folder", at))?;
    let ino = sys::look_at(&dir.fd).map_err(|e| Fault::from(e).error("open folder", at))?.ino;
    let chain = chain(&dir).map_err(|e| e.error("open folder", at))?;
    Ok(Root { name: name.to_owned(), access: Access::Write, dir, ino, chain })
}

/// Says whether one of two folders is the other or lies in it.
pub(crate) fn overlap(a: &[(u64, u64)], b: &[(u64, u64)]) -> bool {
    a.first().is_some_and(|id| b.contains(id)) || b.first().is_some_and(|id| a.contains(id))
}

/// Reads a real path as [`cowork_core::path::escape`] writes it.
pub(crate) fn real(at: &str) -> Result<PathBuf> {
    let bad = |why: &str| {
        Error::new(Kind::InvalidInput, "open folder", format!("`{}` can't be granted: {why}", at.escape_debug()))
            .with_fix("give the folder's full path, from `/` down")
    };
    let rest = at.strip_prefix('/').ok_or_else(|| bad("it does not start with `/`"))?;
    let mut path = OsString::from("/");
    if !rest.is_empty() {
        // Parsed as if it lay in a granted folder, which takes the escapes back and refuses `..` and empty parts.
        let parts = FilePath::parse(&format!("root/{rest}")).map_err(|e| bad(&e.message))?;
        let names: Vec<_> = parts.below().collect();
        path.push(OsString::from_vec(names.join(&b'/')));
    }
    Ok(path.into())
}

fn open_one(folder: &Folder, bounds: &Bounds) -> Result<Root> {
    let FilePath { .. } = FilePath::parse(&folder.name).ok().filter(|p| p.parent().is_none()).ok_or_else(|| {
        let text =
            format!("`{}` can't be a granted folder's name: it is not a single name", folder.name.escape_debug());
        Error::new(Kind::InvalidInput, "open folder", text)
    })?;
    let path = real(&folder.at)?;
    // The person may have named it by way of links; what they lead to is what is granted, and opened without any.
    let path = std::fs::canonicalize(&path).map_err(|e| not_there(folder, e.into()))?;
    let dir = Dir::open(&path).map_err(|e| not_there(folder, e))?;
    let chain = chain(&dir).map_err(|e| e.error("open folder", &folder.at))?;
    refuse(folder, &path, &chain, bounds)?;
    let ino = chain.first().map_or(0, |id| id.1);
    Ok(Root { name: folder.name.clone(), access: folder.access, dir, ino, chain })
}

fn refuse(folder: &Folder, path: &Path, mine: &[(u64, u64)], bounds: &Bounds) -> Result<()> {
    let no = |why: &str, fix: &str| {
        Err(Error::new(Kind::NotAllowed, "open folder", format!("`{}` may not be granted: {why}", folder.at))
            .with("folder", folder.name.clone())
            .with_fix(fix))
    };
    let chain_of = |path: &Path| std::fs::canonicalize(path).ok().and_then(|p| chain(&Dir::open(&p).ok()?).ok());
    if chain_of(&bounds.data).is_some_and(|data| overlap(mine, &data)) {
        return no(
            "this program keeps its own files there",
            "choose a folder inside it, or move the data folder elsewhere",
        );
    }
    let whole = path == Path::new("/") || mine.len() == 1;
    let home =
        bounds.home.as_deref().and_then(chain_of).is_some_and(|home| mine.first().is_some_and(|id| home.contains(id)));
    if (whole || home) && !folder.whole {
        let why = if whole { "it is the whole disk" } else { "it is a whole home folder, or holds one" };
        return no(why, "choose a folder inside it, or say twice that all of it is meant");
    }
    Ok(())
}

fn not_there(folder: &Folder, fault: Fault) -> Error {
    match fault {
        Fault::Os(rustix::io::Errno::NOENT) => {
            Error::new(Kind::NotFound, "open folder", format!("the folder `{}` is not there", folder.at))
                .with("folder", folder.name.clone())
                .with_fix("look whether it was moved or is on a disk that is not connected")
        }
        Fault::Os(rustix::io::Errno::NOTDIR) => {
            Error::new(Kind::NotFound, "open folder", format!("`{}` is not a folder", folder.at))
                .with("folder", folder.name.clone())
                .with_fix("name the folder that it lies in")
        }
        Fault::Os(rustix::io::Errno::ACCESS | rustix::io::Errno::PERM) => Error::new(
            Kind::NotAllowed,
            "open folder",
            format!("there is no permission to open the folder `{}`", folder.at),
        )
        .with("folder", folder.name.clone())
        .with_fix("let your user open it (its owner and permissions), or choose another folder"),
        other => other.error("open folder", &folder.at),
    }
}

fn chain(dir: &Dir) -> Result<Vec<(u64, u64)>, Fault> {
    let mut chain = vec![identity(&dir.fd)?];
    let mut at = sys::open_above(&dir.fd)?;
    loop {
        let id = identity(&at)?;
        if chain.last() == Some(&id) {
            return Ok(chain);
        }
        chain.push(id);
        at = sys::open_above(&at)?;
    }
}

fn identity(handle: impl AsFd) -> Result<(u64, u64), Fault> {
    let look = sys::look_at(handle)?;
    Ok((look.dev, look.ino))
}

impl Root {
    /// Gives its real path as text, as a journal keeps it.
    pub(crate) fn at(&self) -> String {
        shown(&self.dir.path)
    }
}
