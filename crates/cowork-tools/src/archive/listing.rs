//! Finding out what is in an archive: zip, tar, tar.gz or a single file in gzip.

use std::{
    collections::BTreeMap,
    io::{Read, Seek, SeekFrom},
};

use cowork_core::{Error, FilePath, Kind as ErrorKind, OpenFile, Reader, Result, Watch};
use tar::EntryType;
use zip::{CompressionMethod, ExtraField, ZipArchive, result::ZipError};

use super::{
    entries::{Entry, Kind, Source as From, judge, way},
    stream::{Budget, Limits, Source, damaged, fault, gunzip},
};
use crate::show::MOST_IN_BATCH;

/// What kind of archive it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Format {
    Zip,
    Tar,
    TarGz,
    Gzip,
}

impl Format {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Zip => "zip",
            Self::Tar => "tar",
            Self::TarGz => "tar.gz",
            Self::Gzip => "gz",
        }
    }
}

/// What was found in an archive.
#[derive(Clone, Debug)]
pub(super) struct Listing {
    pub(super) format: Format,
    pub(super) entries: Vec<Entry>,
    /// What the archive was like, to tell whether it is still the same.
    pub(super) size: u64,
    pub(super) modified: i64,
}

/// Lists an archive. With `count`, everything in it is unpacked once to see how much it is: what the archive itself says is
/// not believed.
pub(super) fn list(
    path: &FilePath,
    reader: &dyn Reader,
    limits: Limits,
    count: bool,
    watch: &Watch,
) -> Result<Listing> {
    let opened = reader.open(path)?;
    let (size, modified) = (opened.entry().size, opened.entry().modified);
    let budget = || Budget::new(limits, size, watch.clone());
    let mut head = vec![0; 512];
    let got = fill(&mut Source::new(opened), &mut head)?;
    head.truncate(got);
    let (format, mut entries) = if head.starts_with(b"PK\x03\x04") || head.starts_with(b"PK\x05\x06") {
        (Format::Zip, zip(path, reader, count.then(budget))?)
    } else if head.starts_with(&[0x1F, 0x8B]) {
        let mut inner = vec![0; 512];
        let got = fill(&mut gunzip(reader.open(path)?, budget()), &mut inner)?;
        inner.truncate(got);
        if is_tar(&inner, path) {
            (Format::TarGz, tar(gunzip(reader.open(path)?, budget()), limits)?)
        } else {
            (Format::Gzip, vec![gzip(path, gunzip(reader.open(path)?, budget()))?])
        }
    } else if is_tar(&head, path) {
        (Format::Tar, tar(Source::buffered(reader.open(path)?), limits)?)
    } else {
        let why = format!("`{path}` is no archive that can be read here");
        return Err(
            Error::new(ErrorKind::Unsupported, "read archive", why).with_fix("zip, tar, tar.gz and gz can be read")
        );
    };
    judge(&mut entries);
    Ok(Listing { format, entries, size, modified })
}

fn fill(from: &mut dyn Read, to: &mut [u8]) -> Result<usize> {
    let mut filled = 0;
    while filled < to.len() {
        match from.read(&mut to[filled..]).map_err(fault)? {
            0 => break,
            got => filled += got,
        }
    }
    Ok(filled)
}

/// Says whether it begins with a tar's header, whose checksum fits. An empty tar is nothing but zeros: then the name says so.
fn is_tar(head: &[u8], path: &FilePath) -> bool {
    if head.len() < 512 {
        return false;
    }
    let header = tar::Header::from_byte_slice(&head[..512]);
    let sum: u32 =
        head[..512].iter().enumerate().map(|(at, b)| if (148..156).contains(&at) { 32 } else { u32::from(*b) }).sum();
    let called_so = || [".tar", ".tar.gz", ".tgz"].iter().any(|end| path.name().to_lowercase().ends_with(end));
    (head.iter().all(|b| *b == 0) && called_so()) || header.cksum().is_ok_and(|told| told == sum)
}

fn too_many() -> Error {
    let why = format!("there are more than {MOST_IN_BATCH} entries in the archive");
    Error::new(ErrorKind::LimitExceeded, "read archive", why)
}

fn tar(from: impl Read, limits: Limits) -> Result<Vec<Entry>> {
    let mut archive = tar::Archive::new(from);
    let mut entries = Vec::new();
    // For each hard link the entry, and the name of what it is the same as.
    let mut links = Vec::new();
    for entry in archive.entries().map_err(fault)? {
        let mut entry = entry.map_err(fault)?;
        if entries.len() >= MOST_IN_BATCH {
            return Err(too_many());
        }
        let (exact, mut sparse) = extensions(&mut entry)?;
        let header = entry.header();
        let kind = match header.entry_type() {
            EntryType::Regular | EntryType::Continuous if entry.path_bytes().ends_with(b"/") => Kind::Folder,
            EntryType::Regular | EntryType::Continuous | EntryType::GNUSparse => Kind::File,
            EntryType::Directory => Kind::Folder,
            EntryType::Symlink | EntryType::Link => Kind::Link,
            EntryType::XGlobalHeader => continue,
            _ => Kind::Other,
        };
        if header.entry_type() == EntryType::Link {
            links.push((entries.len(), entry.link_name_bytes().unwrap_or_default().into_owned()));
        }
        sparse |= header.entry_type() == EntryType::GNUSparse;
        let seconds = header.mtime().ok().and_then(|s| i64::try_from(s).ok()).and_then(|s| s.checked_mul(1000));
        entries.push(Entry {
            name: entry.path_bytes().into_owned(),
            kind,
            size: if kind == Kind::File { entry.size() } else { 0 },
            modified: exact.or(seconds),
            mode: header.mode().ok().map(|m| m & 0o777),
            source: From::Tar(entry.raw_file_position()),
            problem: sparse.then(|| "it is stored with holes, which are not read here".to_owned()),
        });
    }
    // The checksum comes behind the end of the tar: what is not read to its end may be damaged, and nobody would know.
    drain(&mut archive.into_inner())?;
    resolve(&mut entries, links, limits);
    Ok(entries)
}

/// Gives what a tar's extensions say of an entry: its time in milliseconds, and whether it is stored with holes.
fn extensions(entry: &mut tar::Entry<'_, impl Read>) -> Result<(Option<i64>, bool)> {
    let (mut exact, mut sparse) = (None, false);
    for extension in entry.pax_extensions().map_err(fault)?.into_iter().flatten().flatten() {
        let key = extension.key_bytes();
        sparse |= key.starts_with(b"GNU.sparse");
        if key == b"mtime" {
            let seconds = extension.value().ok().and_then(|v| v.parse::<f64>().ok());
            // Milliseconds of any year that a file can have are far below what is exact here.
            #[allow(clippy::cast_possible_truncation, reason = "a float is cut off at the ends of its range")]
            let millis = seconds.map(|s| (s * 1000.0).round() as i64);
            exact = millis;
        }
    }
    Ok((exact, sparse))
}

/// Makes files of hard links: each holds what the entry before it does that it names.
fn resolve(entries: &mut [Entry], links: Vec<(usize, Vec<u8>)>, limits: Limits) {
    let mut cost = 0_u64;
    let mut there: BTreeMap<Vec<Vec<u8>>, usize> = BTreeMap::new();
    let mut seen = 0;
    for (index, to) in links {
        for (at, entry) in entries.iter().enumerate().take(index).skip(seen) {
            if let (Kind::File, Ok(way)) = (entry.kind, entry.way()) {
                there.insert(way, at);
            }
        }
        seen = index;
        let first = way(&to).ok().and_then(|way| there.get(&way)).map(|at| entries[*at].clone());
        let link = &mut entries[index];
        let Some(Entry { size, source: From::Tar(at), problem: None, .. }) = first else {
            link.problem = Some("it is a hard link to what is not in the archive before it".to_owned());
            continue;
        };
        // Its content is unpacked once more, from the beginning of the archive on.
        cost = cost.saturating_add(at).saturating_add(size);
        if cost > limits.bytes {
            link.problem = Some("it is one of too many hard links to large files".to_owned());
            continue;
        }
        (link.kind, link.size, link.source) = (Kind::File, size, From::Tar(at));
    }
}

/// Reads to the end; gives how much that was.
fn drain(from: &mut impl Read) -> Result<u64> {
    let (mut buffer, mut size) = (vec![0; 64 * 1024], 0);
    loop {
        match from.read(&mut buffer).map_err(fault)? {
            0 => return Ok(size),
            got => size += got as u64,
        }
    }
}

fn gzip(path: &FilePath, mut from: impl Read) -> Result<Entry> {
    let name = path.below().last().unwrap_or_default();
    let name = name.strip_suffix(b".gz").map_or_else(|| [name.as_slice(), b".out"].concat(), <[u8]>::to_vec);
    let size = drain(&mut from)?;
    let source = From::Gzip;
    Ok(Entry { name, kind: Kind::File, size, modified: None, mode: None, source, problem: None })
}

pub(super) fn broken(error: ZipError) -> Error {
    match error {
        ZipError::Io(e) => fault(e),
        other => damaged(&other.to_string()),
    }
}

fn zip(path: &FilePath, reader: &dyn Reader, budget: Option<Budget>) -> Result<Vec<Entry>> {
    let mut archive = ZipArchive::new(Source::buffered(reader.open(path)?)).map_err(broken)?;
    if archive.len() > MOST_IN_BATCH {
        return Err(too_many());
    }
    if archive.has_overlapping_entries().map_err(broken)? {
        let why = "entries of the archive share their content, which no honest one does";
        return Err(Error::new(ErrorKind::InvalidInput, "read archive", why));
    }
    let twins = archive.has_duplicate_names().then(|| names(reader.open(path)?, archive.central_directory_start()));
    let twins = twins.transpose()?.unwrap_or_default();
    let mut entries = Vec::with_capacity(archive.len());
    for index in 0..archive.len() {
        let entry = archive.by_index_raw(index).map_err(broken)?;
        let mut described = described(index, &entry);
        if twins.get(entry.name_raw()).is_some_and(|times| *times > 1) {
            described.problem = Some("several entries have this name".to_owned());
        }
        entries.push(described);
    }
    let Some(mut budget) = budget else { return Ok(entries) };
    judge(&mut entries);
    for entry in entries.iter_mut().filter(|e| e.problem.is_none() && e.kind == Kind::File) {
        let From::Zip(index) = entry.source else { continue };
        let mut content = archive.by_index(index).map_err(broken)?;
        let packed = content.compressed_size();
        match budget.drain(&mut content, packed) {
            Ok(size) => entry.size = size,
            // One that is damaged harms no other.
            Err(e) if e.kind == ErrorKind::InvalidInput => entry.problem = Some(e.message),
            Err(e) => return Err(e),
        }
    }
    Ok(entries)
}

fn described<R: Read>(index: usize, entry: &zip::read::ZipFile<'_, R>) -> Entry {
    let raw = entry.name_raw().to_vec();
    // Old programs don't say that they write UTF-8.
    let name = if std::str::from_utf8(&raw).is_ok() {
        raw
    } else {
        entry.name().map_or(raw, |name| name.into_owned().into_bytes())
    };
    let bits = entry.unix_mode().filter(|bits| bits & 0o170_000 != 0);
    let kind = match bits.map(|bits| bits & 0o170_000) {
        _ if entry.is_symlink() => Kind::Link,
        _ if name.ends_with(b"/") => Kind::Folder,
        Some(0o040_000) => Kind::Folder,
        None | Some(0o100_000) => Kind::File,
        Some(_) => Kind::Other,
    };
    let known = matches!(entry.compression(), CompressionMethod::Stored | CompressionMethod::Deflated);
    let problem = if entry.encrypted() {
        Some("it is encrypted".to_owned())
    } else if known {
        None
    } else {
        Some(format!("it is packed in a way that is not known here ({})", entry.compression()))
    };
    let exact = entry.extra_data_fields().find_map(|field| match field {
        ExtraField::ExtendedTimestamp(times) => times.mod_time(),
        _ => None,
    });
    // A signed number, which the library reads as one without a sign.
    let modified = exact.map(|s| i64::from(s.cast_signed()) * 1000).or_else(|| local(entry.last_modified()?));
    let mode = entry.unix_mode().map(|m| m & 0o777).filter(|m| *m != 0);
    Entry { name, kind, size: entry.size(), modified, mode, source: From::Zip(index), problem }
}

/// Takes the time that a zip gives without a zone as UTC's.
fn local(time: zip::DateTime) -> Option<i64> {
    let signed = |n: u8| i8::try_from(n).ok();
    let day =
        jiff::civil::Date::new(i16::try_from(time.year()).ok()?, signed(time.month())?, signed(time.day())?).ok()?;
    let time = jiff::civil::Time::new(signed(time.hour())?, signed(time.minute())?, signed(time.second())?, 0).ok()?;
    Some(day.to_datetime(time).to_zoned(jiff::tz::TimeZone::UTC).ok()?.timestamp().as_millisecond())
}

/// Counts the names in a zip's directory: the library keeps only one entry of each.
fn names(file: Box<dyn OpenFile>, start: u64) -> Result<BTreeMap<Vec<u8>, usize>> {
    let mut source = Source::buffered(file);
    source.seek(SeekFrom::Start(start)).map_err(fault)?;
    let (mut names, mut head) = (BTreeMap::new(), [0; 46]);
    while fill(&mut source, &mut head)? == head.len() && head.starts_with(b"PK\x01\x02") {
        let length = |at: usize| u16::from_le_bytes([head[at], head[at + 1]]);
        let mut name = vec![0; usize::from(length(28))];
        fill(&mut source, &mut name)?;
        *names.entry(name).or_default() += 1;
        source.seek_relative(i64::from(length(30)) + i64::from(length(32))).map_err(fault)?;
    }
    Ok(names)
}
