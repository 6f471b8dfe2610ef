//! Where what commands change is kept, while the folders stay as they are.

use std::{
    fs::{self, DirBuilder, File},
    io::ErrorKind,
    os::{
        fd::OwnedFd,
        unix::fs::{DirBuilderExt, PermissionsExt},
    },
    path::{Path, PathBuf},
    sync::atomic::{AtomicU64, Ordering},
};

use cowork_core::{Error, Kind, Result};

use super::{
    Changes, Policy,
    system::{self, Place, What},
};

/// A layer that is removed when it is dropped; nothing was kept in it.
#[derive(Debug)]
pub(crate) struct Trial {
    pub(crate) layer: Layer,
}

impl Drop for Trial {
    fn drop(&mut self) {
        // It goes with the others, if it can't be removed now.
        _ = fs::remove_dir_all(&self.layer.at);
    }
}

/// What a copy of a folder is called in a layer.
pub(crate) const COPY: &str = "copy";

/// A folder of this program's in which the layers of one world are.
#[derive(Clone, Debug)]
pub struct Layers {
    at: PathBuf,
    place: Place,
}

/// What one command changes: for each of the policy's folders whose changes are kept, by its place among all, what is new in it and
/// marks for what is gone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Layer {
    name: String,
    at: PathBuf,
    /// Of which folders it holds copies, by their numbers, and which folders these are.
    copies: Vec<(usize, u64, u64)>,
}

impl Layers {
    /// Takes a folder for them; it is made, for this user alone, if it is not there.
    ///
    /// # Errors
    /// `Unavailable` if it can't be made or looked at; `InvalidInput` if its path is not UTF-8.
    pub fn at(at: &Path) -> Result<Self> {
        make(at, 0o700)?;
        let at = fs::canonicalize(at).map_err(|e| unavailable(at, &e))?;
        let path = at.to_str();
        let path = path.ok_or_else(|| {
            Error::new(Kind::InvalidInput, "keep changes", format!("{} is not UTF-8", at.display()))
                .with_fix("keep this program's data in another folder")
        })?;
        let place = system::place(path)?.ok_or_else(|| unavailable(&at, &ErrorKind::NotFound.into()))?;
        Ok(Self { at, place })
    }

    /// Makes a new layer for a command of this policy.
    ///
    /// # Errors
    /// `Unavailable` if the disk can't; `Conflict` for a name that is taken.
    pub fn make(&self, name: &str, policy: &Policy) -> Result<Layer> {
        let at = self.at.join(name);
        let made = DirBuilder::new().mode(0o700).create(&at);
        made.map_err(|e| match e.kind() {
            ErrorKind::AlreadyExists => {
                Error::new(Kind::Conflict, "keep changes", format!("there is a layer called {name:?} already"))
            }
            _ => unavailable(&at, &e),
        })?;
        for (n, folder) in policy.folders.iter().enumerate().filter(|(_, f)| f.changes == Changes::Kept) {
            // What is laid over a folder shows its own permissions.
            let mode = fs::metadata(&folder.place.path).map_err(|e| unavailable(Path::new(&folder.place.path), &e))?;
            make(&at.join(n.to_string()), 0o700)?;
            make(&at.join(format!("{n}/work")), 0o700)?;
            let upper = at.join(format!("{n}/upper"));
            make(&upper, 0o700)?;
            fs::set_permissions(&upper, PermissionsExt::from_mode(mode.permissions().mode() & 0o777 | 0o700))
                .map_err(|e| unavailable(&upper, &e))?;
        }
        Ok(Layer { name: name.to_owned(), at, copies: Vec::new() })
    }

    /// Makes a layer to try something with.
    pub(crate) fn trial(&self, policy: &Policy) -> Result<Trial> {
        static COUNT: AtomicU64 = AtomicU64::new(0);
        let name = format!("trial-{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        self.make(&name, policy).map(|layer| Trial { layer })
    }

    pub(crate) fn place(&self) -> &Place {
        &self.place
    }

    pub(crate) fn handle(&self) -> Result<OwnedFd> {
        Ok(File::open(&self.at).map_err(|e| unavailable(&self.at, &e))?.into())
    }
}

impl Layer {
    /// Gives its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Gives where what was changed in one of the policy's folders is.
    pub fn upper(&self, folder: usize) -> PathBuf {
        self.at.join(format!("{folder}/upper"))
    }

    /// Has a command see a folder of this layer's, to be filled with a copy, instead of the folder with its changes laid over it. Gives
    /// where that is.
    ///
    /// # Errors
    /// `Unavailable` if the disk can't.
    pub fn copy(&mut self, folder: usize) -> Result<PathBuf> {
        let at = self.at.join(format!("{folder}/{COPY}"));
        make(&at, 0o700)?;
        let path = at.to_str().map(system::place).transpose()?.flatten();
        match path.map(|place| place.what) {
            Some(What::Folder { dev, ino }) => self.copies.push((folder, dev, ino)),
            _ => return Err(unavailable(&at, &ErrorKind::NotFound.into())),
        }
        Ok(at)
    }

    /// Gives where a folder of it is for what is of no use afterwards, in which are `tmp` and `home`.
    pub(crate) fn scratch(&self) -> String {
        // Where layers are is UTF-8.
        self.at.join("scratch").to_string_lossy().into_owned()
    }

    /// Makes that folder.
    pub(crate) fn make_scratch(&self) -> Result<()> {
        ["tmp", "home"].iter().try_for_each(|name| make(&self.at.join("scratch").join(name), 0o700))
    }

    /// Gives where a copy is that is seen instead of one of the policy's folders.
    pub(crate) fn copy_at(&self, folder: usize) -> Option<String> {
        self.copied(folder)?;
        Some(self.at.join(format!("{folder}/{COPY}")).to_str()?.to_owned())
    }

    /// Gives the number of the disk and of the folder that is seen instead of one of the policy's.
    pub(crate) fn copied(&self, folder: usize) -> Option<(u64, u64)> {
        self.copies.iter().find(|(n, ..)| *n == folder).map(|(_, dev, ino)| (*dev, *ino))
    }
}

#[cfg(test)]
impl Layer {
    /// One that is nowhere, which holds copies of these folders.
    pub(crate) fn example(name: &str, copies: Vec<(usize, u64, u64)>) -> Self {
        Self { name: name.to_owned(), at: Path::new("/data/staged/t1").join(name), copies }
    }
}

fn make(at: &Path, mode: u32) -> Result<()> {
    match DirBuilder::new().recursive(true).mode(mode).create(at) {
        Err(e) if e.kind() != ErrorKind::AlreadyExists => Err(unavailable(at, &e)),
        _ => Ok(()),
    }
}

fn unavailable(at: &Path, error: &std::io::Error) -> Error {
    Error::new(Kind::Unavailable, "keep changes", format!("{}: {error}", at.display()))
        .with_fix("look whether the disk is full or read-only")
}
