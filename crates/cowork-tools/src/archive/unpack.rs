//! Taking entries out of an archive, each while its file is written.

use std::{
    io::{BufReader, Read},
    sync::{Arc, Mutex, PoisonError},
};

use cowork_core::{
    Change, Clash, Content, Error, FilePath, Kind as ErrorKind, Make, Reader, Result, Sink, Watch, Write,
};
use zip::ZipArchive;

use super::{
    entries::{Entry, Kind, Source as From},
    listing::{Format, Listing, broken},
    stream::{Budget, Limits, Source, copy, gunzip},
};
use crate::change::folders::Wanted;

/// Gives the folders that come out of an archive, that to which it is extracted first, and for each the entry that it is.
pub(super) fn folders(listing: &Listing, to: &FilePath) -> (Vec<Wanted>, Vec<Option<usize>>) {
    let mut folders = vec![((to.clone(), None), None)];
    for (index, entry) in listing.entries.iter().enumerate().filter(|(_, e)| e.kind == Kind::Folder) {
        if let (None, Ok(way)) = (&entry.problem, entry.way())
            && !way.is_empty()
        {
            folders.push(((way.iter().fold(to.clone(), |path, name| path.join_bytes(name)), entry.mode), Some(index)));
        }
    }
    folders.into_iter().unzip()
}

/// Works out the changes that take the files out, in the order of the archive; for each the entry that it is.
pub(super) fn changes(
    archive: &FilePath,
    listing: Listing,
    to: &FilePath,
    clash: Clash,
    limits: Limits,
    watch: &Watch,
) -> Vec<(usize, Change)> {
    let mut changes = Vec::new();
    let shared = Arc::new(Shared {
        archive: archive.clone(),
        format: listing.format,
        size: listing.size,
        modified: listing.modified,
        limits,
        watch: watch.clone(),
        stream: Mutex::new(None),
    });
    let files = listing.entries.into_iter().enumerate();
    for (index, entry) in files.filter(|(_, e)| e.problem.is_none() && e.kind == Kind::File) {
        let way = entry.way().unwrap_or_default();
        if way.is_empty() {
            continue;
        }
        let path = way.iter().fold(to.clone(), |path, name| path.join_bytes(name));
        let (mode, modified) = (entry.mode, entry.modified);
        let make = Taken { shared: shared.clone(), entry, key: format!("extract:{archive}:{index}") };
        let write = Write::new(path, Content::Made(Arc::new(make)));
        changes.push((index, Change::Write(Write { clash, mode, modified, ..write })));
    }
    changes
}

/// What the entries of an archive share: the stream that comes out of it, as far as it was read.
struct Shared {
    archive: FilePath,
    format: Format,
    size: u64,
    modified: i64,
    limits: Limits,
    watch: Watch,
    stream: Mutex<Option<Stream>>,
}

enum Stream {
    Zip(Box<ZipArchive<BufReader<Source>>>),
    /// What is unpacked, and how far it was read.
    Tar(Box<dyn Read + Send>, u64),
}

/// One entry, as the content of a file.
struct Taken {
    shared: Arc<Shared>,
    entry: Entry,
    key: String,
}

impl Make for Taken {
    fn key(&self) -> String {
        self.key.clone()
    }

    fn make(&self, files: &dyn Reader, mut to: &mut dyn Sink) -> Result<()> {
        let shared = &self.shared;
        let mut held = shared.stream.lock().unwrap_or_else(PoisonError::into_inner);
        // What failed half-way is not read on.
        let stream = match (held.take(), self.entry.source) {
            (Some(Stream::Tar(_, at)), From::Tar(wanted)) if at > wanted => shared.open(files)?,
            (Some(stream), From::Zip(_) | From::Tar(_)) => stream,
            _ => shared.open(files)?,
        };
        let size = self.entry.size;
        *held = Some(match (stream, self.entry.source) {
            (Stream::Zip(mut archive), From::Zip(index)) => {
                let mut entry = archive.by_index(index).map_err(broken)?;
                copy(&mut entry, Some(&mut to), size, &shared.watch)?;
                self.ends(&mut entry)?;
                drop(entry);
                Stream::Zip(archive)
            }
            (Stream::Tar(mut from, at), From::Tar(wanted)) => {
                copy(&mut *from, None, wanted.saturating_sub(at), &shared.watch)?;
                copy(&mut *from, Some(&mut to), size, &shared.watch)?;
                Stream::Tar(from, wanted + size)
            }
            (Stream::Tar(mut from, _), _) => {
                copy(&mut *from, Some(&mut to), size, &shared.watch)?;
                self.ends(&mut *from)?;
                return Ok(());
            }
            (Stream::Zip(_), _) => return Err(shared.changed()),
        });
        Ok(())
    }
}

impl Taken {
    /// Makes sure that no more comes than was counted; for a zip this also compares the checksum.
    fn ends(&self, from: &mut dyn Read) -> Result<()> {
        match from.read(&mut [0; 1]).map_err(super::stream::fault)? {
            0 => Ok(()),
            _ => Err(self.shared.changed()),
        }
    }
}

impl Shared {
    fn open(&self, files: &dyn Reader) -> Result<Stream> {
        let file = files.open(&self.archive)?;
        let entry = file.entry();
        if (entry.size, entry.modified) != (self.size, self.modified) {
            return Err(self.changed());
        }
        let budget = || Budget::new(self.limits, self.size, self.watch.clone());
        Ok(match self.format {
            Format::Zip => Stream::Zip(Box::new(ZipArchive::new(Source::buffered(file)).map_err(broken)?)),
            Format::Tar => Stream::Tar(Box::new(Source::buffered(file)), 0),
            Format::TarGz | Format::Gzip => Stream::Tar(Box::new(gunzip(file, budget())), 0),
        })
    }

    fn changed(&self) -> Error {
        let why = format!("`{}` was changed while it was being extracted", self.archive);
        Error::new(ErrorKind::Conflict, "extract archive", why).with("path", self.archive.as_str())
    }
}
