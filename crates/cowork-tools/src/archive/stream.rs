//! Reading a session's file as a stream, and streams that count what comes out of them.

use std::io::{self, BufReader, Read, Seek, SeekFrom, Write};

use cowork_core::{Error, Kind, OpenFile, Result, Watch};
use flate2::bufread::MultiGzDecoder;

/// How much is read at a time.
const CHUNK: usize = 64 * 1024;
/// What has come out is held against what went in only from here on: little of it harms nobody.
const FREE: u64 = 16 * 1024 * 1024;

/// An open file, read from anywhere in it.
pub(super) struct Source {
    file: Box<dyn OpenFile>,
    at: u64,
}

impl Source {
    pub(super) fn new(file: Box<dyn OpenFile>) -> Self {
        Self { file, at: 0 }
    }

    pub(super) fn buffered(file: Box<dyn OpenFile>) -> BufReader<Self> {
        BufReader::with_capacity(CHUNK, Self::new(file))
    }

    pub(super) fn size(&self) -> u64 {
        self.file.entry().size
    }
}

impl Read for Source {
    fn read(&mut self, to: &mut [u8]) -> io::Result<usize> {
        let got = self.file.read_at(to, self.at).map_err(io::Error::other)?;
        self.at += got as u64;
        Ok(got)
    }
}

impl Seek for Source {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let to = match to {
            SeekFrom::Start(at) => Some(at),
            SeekFrom::Current(by) => self.at.checked_add_signed(by),
            SeekFrom::End(by) => self.size().checked_add_signed(by),
        };
        self.at = to.ok_or_else(|| io::Error::from(io::ErrorKind::InvalidInput))?;
        Ok(self.at)
    }
}

/// What may come out of an archive.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    pub(super) bytes: u64,
    pub(super) ratio: u64,
}

/// Counts what comes out of an archive, and stops it when that is too much.
pub(super) struct Budget {
    limits: Limits,
    watch: Watch,
    /// The bytes that went in: of the whole archive.
    packed: u64,
    spent: u64,
}

impl Budget {
    pub(super) fn new(limits: Limits, packed: u64, watch: Watch) -> Self {
        Self { limits, watch, packed, spent: 0 }
    }

    /// Counts bytes of an entry, of which so many went in and came out so far.
    fn spend(&mut self, more: u64, of: Option<(u64, u64)>) -> Result<()> {
        if self.watch.cancel.is_cancelled() {
            return Err(stopped());
        }
        self.spent += more;
        (self.watch.progress)(self.spent, 0, "");
        if self.spent > self.limits.bytes {
            let why = format!("more than {} bytes come out of the archive", self.limits.bytes);
            return Err(bomb(why).with_fix("if they are wanted, say how many as `most_bytes`"));
        }
        let (packed, unpacked) = of.unwrap_or((self.packed, self.spent));
        if unpacked > FREE && unpacked / packed.max(1) > self.limits.ratio {
            let why = format!("more than {} times as much comes out of the archive as is in it", self.limits.ratio);
            return Err(bomb(why).with_fix("if that is meant, say how many times as `most_ratio`"));
        }
        Ok(())
    }

    /// Reads an entry to its end; gives how long it is.
    pub(super) fn drain(&mut self, from: &mut dyn Read, packed: u64) -> Result<u64> {
        let (mut buffer, mut total) = (vec![0; CHUNK], 0_u64);
        loop {
            match from.read(&mut buffer).map_err(fault)? {
                0 => return Ok(total),
                got => {
                    total += got as u64;
                    self.spend(got as u64, Some((packed, total)))?;
                }
            }
        }
    }
}

/// A stream that counts what comes out of it.
pub(super) struct Metered<R> {
    inner: R,
    pub(super) budget: Budget,
}

impl<R: Read> Read for Metered<R> {
    fn read(&mut self, to: &mut [u8]) -> io::Result<usize> {
        let got = self.inner.read(to)?;
        self.budget.spend(got as u64, None).map_err(io::Error::other)?;
        Ok(got)
    }
}

/// Unpacks a gzip, and counts.
pub(super) fn gunzip(file: Box<dyn OpenFile>, budget: Budget) -> Metered<MultiGzDecoder<BufReader<Source>>> {
    Metered { inner: MultiGzDecoder::new(Source::buffered(file)), budget }
}

/// Copies exactly so many bytes. `to` is left out to pass over them.
pub(super) fn copy(from: &mut dyn Read, mut to: Option<&mut dyn Write>, size: u64, watch: &Watch) -> Result<()> {
    let (mut buffer, mut left) = (vec![0; CHUNK], size);
    while left > 0 {
        if watch.cancel.is_cancelled() {
            return Err(stopped());
        }
        let most = usize::try_from(left).unwrap_or(CHUNK).min(CHUNK);
        let got = from.read(&mut buffer[..most]).map_err(fault)?;
        if got == 0 {
            return Err(damaged("it ends too soon"));
        }
        if let Some(to) = &mut to {
            to.write_all(&buffer[..got]).map_err(unwritten)?;
        }
        left -= got as u64;
    }
    Ok(())
}

/// Gives the error that a stream carried, or says that what it reads is damaged.
pub(super) fn fault(error: io::Error) -> Error {
    match error.downcast::<Error>() {
        Ok(ours) => ours,
        // A library may have put the error that it met into its own.
        Err(other) => {
            let inside = std::error::Error::source(&other).and_then(|e| e.downcast_ref::<io::Error>());
            let ours = inside.and_then(io::Error::get_ref).and_then(|e| e.downcast_ref::<Error>()).cloned();
            ours.unwrap_or_else(|| damaged(&other.to_string()))
        }
    }
}

pub(super) fn damaged(why: &str) -> Error {
    Error::new(Kind::InvalidInput, "read archive", format!("the archive is damaged: {why}"))
}

pub(super) fn unwritten(error: io::Error) -> Error {
    Error::new(Kind::Unavailable, "write archive", format!("it could not be written: {error}")).with_source(error)
}

pub(super) fn stopped() -> Error {
    Error::new(Kind::Cancelled, "read archive", "it was stopped in the middle of the archive")
}

fn bomb(why: String) -> Error {
    Error::new(Kind::LimitExceeded, "read archive", why)
}
