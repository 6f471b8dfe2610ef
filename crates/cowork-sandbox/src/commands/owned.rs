//! Whose layer it is while its command runs, and what becomes of those whose owner died.
//!
//! In a layer whose command runs is a file that its owner keeps `flock`ed. The kernel drops that lock when the owner dies, so what can be
//! locked has none; nobody is taken for dead by their number. Who looks holds the task's lock besides: nobody just begins a command of it.

use std::{
    fs::{self, File},
    io,
    path::{Path, PathBuf},
};

use cowork_core::TaskId;

use crate::{lock, sweep, sys};

/// What a layer holds besides the changes while its command runs.
const OWNED: &str = "owned";

/// Owns a layer until it is let go of. Dropping it leaves the layer without an owner: nobody asks for it any more.
#[derive(Debug)]
pub(super) struct Owned {
    file: File,
    at: PathBuf,
}

impl Owned {
    /// Takes a layer that was just made.
    pub(super) fn new(layer: &Path) -> io::Result<Self> {
        let at = layer.join(OWNED);
        let file = File::options().write(true).create_new(true).open(&at)?;
        match sys::lock(&file, false)? {
            true => Ok(Self { file, at }),
            false => Err(io::ErrorKind::WouldBlock.into()),
        }
    }

    /// Leaves it to whoever asks for it, without an owner.
    pub(super) fn let_go(&self) {
        // As long as it is there, nobody else takes the layer for one that was left behind.
        _ = fs::remove_file(&self.at);
    }
}

impl Drop for Owned {
    fn drop(&mut self) {
        // A process that is just being started has our handles for a moment.
        sys::unlock(&self.file);
    }
}

/// Removes the layers whose owners died while their commands ran, and gives the bytes that came free.
pub(super) fn sweep_dead(staging: &Path, locks: &Path) -> u64 {
    let Ok(folder) = sys::open_real(staging) else { return 0 };
    let names = sys::names(&folder, usize::MAX).unwrap_or_default();
    let tasks = names.iter().filter_map(|name| std::str::from_utf8(name).ok()?.parse::<TaskId>().ok());
    tasks.map(|task| sweep_task(&staging.join(task.to_string()), locks, task)).sum()
}

fn sweep_task(at: &Path, locks: &Path, task: TaskId) -> u64 {
    let Ok(folder) = sys::open_real(at) else { return 0 };
    let mut layers = sys::names(&folder, usize::MAX).unwrap_or_default();
    let path = |name: &[u8]| Some(at.join(std::str::from_utf8(name).ok()?).join(OWNED));
    layers.retain(|name| path(name).is_some_and(|path| path.exists()));
    if layers.is_empty() {
        return 0;
    }
    // Whoever works on the task has it.
    let Ok(_lock) = lock::take(locks, task) else { return 0 };
    let is_dead = |name: &&Vec<u8>| {
        let file = path(name).and_then(|path| File::options().write(true).open(path).ok());
        file.is_some_and(|file| sys::lock(&file, false).unwrap_or(false))
    };
    layers.iter().filter(is_dead).map(|name| sweep::remove(&folder, name)).sum()
}
