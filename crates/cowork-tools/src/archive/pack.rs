//! Making archives: what lies in folders is streamed into one file.

use std::{
    io::{self, Read},
    sync::{Arc, Mutex, PoisonError},
};

use async_trait::async_trait;
use cowork_core::{
    Change, Clash, Content, Effects, Entry, Error, FileKind, FilePath, Handed, Kind, Make, OpenFile, Otherwise, Part,
    Preview, Reader, Result, Sink, ToolContext, ToolOutput, TypedTool, Visitor, Watch, Write,
};
use flate2::{Compression, write::GzEncoder};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::json;
use zip::{CompressionMethod, ZipWriter, write::FullFileOptions};

use super::{
    listing::broken,
    stream::{Source, copy, fault, stopped, unwritten},
};
use crate::{
    change::{IfTaken, one},
    show::{MOST_IN_BATCH, check_size, count, folder_of, folders, label, shown, touched},
};

/// A file of about this size or more needs the zip's later form.
const LARGE: u64 = 0xF000_0000;
const MOST_SOURCES: usize = 10_000;
const MOST_LEFT: usize = 100;

pub(crate) struct MakeArchive;

/// The arguments of `make_archive`.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(extend("x-seldom" = true))]
pub(crate) struct PackArgs {
    /// The archive; its name says what it becomes: `.zip`, `.tar.gz`, `.tgz` or `.tar`. Missing folders are made.
    path: FilePath,
    /// The files and folders that go into it, folders with all that is in them; up to 10,000. Each is found in the archive under its
    /// own name, without the folders above it.
    #[schemars(length(min = 1, max = 10_000))]
    sources: Vec<FilePath>,
    /// What to do when the archive's name is taken; `skip` if left out, which is then an error.
    #[serde(default)]
    if_taken: IfTaken,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Form {
    Zip,
    Tar,
    TarGz,
}

#[async_trait]
impl TypedTool for MakeArchive {
    type Args = PackArgs;
    const NAME: &'static str = "make_archive";
    const ABOUT: &'static str = "Packs files and folders into a new archive, zip or tar.gz. It has their times and permissions; what is packed stays \
        where it is.\n\nGives the archive's `path`, how many `files` and `folders` went into it, their `bytes`, and what was `left`: links, and \
        names that the archive can't hold, up to 100 of them as `examples`.";

    fn effects(&self, args: &PackArgs) -> Result<Effects> {
        let folder = folder_of("make archive", &args.path)?;
        check_size("make archive", args.sources.len())?;
        let bad = |why: String| Err(Error::new(Kind::InvalidInput, "make archive", why));
        if args.sources.len() > MOST_SOURCES {
            return bad(format!("{} sources are too many; at most {MOST_SOURCES} are taken", args.sources.len()));
        }
        form(&args.path)?;
        let mut names: Vec<&str> = args.sources.iter().map(FilePath::name).collect();
        names.sort_unstable();
        if let Some(twice) = names.windows(2).find(|pair| pair[0] == pair[1]) {
            return bad(format!(
                "two of the sources are called `{}`, and would be the same in the archive",
                shown(twice[0])
            ));
        }
        if let Some(source) = args.sources.iter().find(|s| **s == args.path) {
            return bad(format!("`{}` can't be packed into itself", shown(source.as_str())));
        }
        let sources: Vec<&FilePath> = args.sources.iter().collect();
        let mut notes: Vec<String> = sources.iter().take(3).map(|s| shown(s.as_str())).collect();
        if sources.len() > notes.len() {
            notes.push(format!("and {} more", sources.len() - notes.len()));
        }
        let title = format!("pack {} into {}", count(sources.len(), "file or folder"), shown(args.path.as_str()));
        let path = if matches!(args.if_taken, IfTaken::Number) { folder } else { args.path.clone() };
        Ok(Effects::changes([path]).and_reads(touched(&sources)).showing(Preview {
            title,
            notes,
            ..Preview::default()
        }))
    }

    async fn run(&self, args: PackArgs, ctx: ToolContext) -> Result<ToolOutput> {
        let label = label(folders(&args.sources));
        let form = form(&args.path)?;
        let gather = Arc::new(Gather { not: args.path.clone(), found: Mutex::default() });
        let walked = ctx.files()?.walk(args.sources.clone(), gather.clone(), ctx.watch.clone()).await?;
        if let Some(example) = walked.examples.first() {
            let why = format!("`{}` can't be read, so it can't be packed", shown(example.as_str()));
            return Err(Error::new(Kind::Unavailable, "make archive", why).with_fix("leave that folder out"));
        }
        let found = std::mem::take(&mut *gather.found.lock().unwrap_or_else(PoisonError::into_inner));
        let (packed, left) = sort(found, &args.sources, form);
        let files = packed.iter().filter(|p| p.entry.kind == FileKind::File).count();
        let folders = packed.len() - files;
        let bytes: u64 = packed.iter().map(|p| p.entry.size).sum();
        let names: Vec<&str> = args.sources.iter().map(FilePath::as_str).collect();
        let key = format!("pack:{}", blake3::hash(names.join("\n").as_bytes()).to_hex());
        let make = Pack { form, packed, bytes, key, watch: ctx.watch.clone() };
        let clash: Clash = args.if_taken.into();
        let write = Write { clash, ..Write::new(args.path.clone(), Content::Made(Arc::new(make))) };
        let fix = "take another name, or say `if_taken`: `number`";
        let changed = one(&ctx, Change::Write(write), fix).await?;
        let renamed = changed.otherwise.into_iter().find_map(|o| o.renamed);
        let value = json!({
            "path": renamed.unwrap_or(args.path),
            "files": files,
            "folders": folders,
            "bytes": bytes,
            "left": left.len(),
            "examples": left.iter().take(MOST_LEFT).map(|o| json!({ "path": o.path, "reason": o.reason })).collect::<Vec<_>>(),
        });
        let mut note = format!("{} packed", count(files, "file"));
        if !left.is_empty() {
            note.push_str(&format!(", {} left out", left.len()));
        }
        Ok(ToolOutput { value, note, label })
    }
}

fn form(path: &FilePath) -> Result<Form> {
    let name = path.name().to_lowercase();
    match () {
        () if name.ends_with(".zip") => Ok(Form::Zip),
        () if name.ends_with(".tar.gz") || name.ends_with(".tgz") => Ok(Form::TarGz),
        () if name.ends_with(".tar") => Ok(Form::Tar),
        () => {
            let why = format!("`{}` does not say what kind of archive it is to be", shown(path.as_str()));
            Err(Error::new(Kind::InvalidInput, "make archive", why)
                .with_fix("let it end with `.zip`, `.tar.gz`, `.tgz` or `.tar`"))
        }
    }
}

/// Gathers what is to be packed.
struct Gather {
    /// The archive itself, in case it lies among it.
    not: FilePath,
    found: Mutex<Vec<Entry>>,
}

impl Gather {
    fn add(&self, entries: impl IntoIterator<Item = Entry>) -> Result<()> {
        let mut found = self.found.lock().unwrap_or_else(PoisonError::into_inner);
        found.extend(entries.into_iter().filter(|e| e.path != self.not));
        if found.len() > MOST_IN_BATCH {
            let why = format!("there are more than {MOST_IN_BATCH} files and folders to pack");
            return Err(Error::new(Kind::LimitExceeded, "make archive", why).with_fix("make several archives"));
        }
        Ok(())
    }
}

impl Visitor for Gather {
    fn enter(&self, folder: &FilePath, above: &Handed, reader: &dyn Reader) -> Result<Handed> {
        // Where the walk begins nobody has shown the folder yet.
        if above.is_none() {
            self.add([reader.stat(folder)?])?;
        }
        Ok(Some(Arc::new(())))
    }

    fn visit(&self, part: &dyn Part, _: &Handed) -> Result<Vec<usize>> {
        let entries: Vec<Entry> = (0..part.len()).map(|at| part.stat(at)).collect::<Result<_>>()?;
        self.add(entries)?;
        Ok((0..part.len()).filter(|at| part.kind(*at) == FileKind::Folder).collect())
    }
}

struct Packed {
    entry: Entry,
    /// Its name in the archive.
    name: Vec<u8>,
}

/// Puts what was found in order, and sorts out what is not packed.
fn sort(mut found: Vec<Entry>, sources: &[FilePath], form: Form) -> (Vec<Packed>, Vec<Otherwise>) {
    found.sort_by(|a, b| a.path.cmp(&b.path));
    found.dedup_by(|a, b| a.path == b.path);
    let (mut packed, mut left) = (Vec::with_capacity(found.len()), Vec::new());
    for entry in found {
        let above = sources.iter().filter(|s| entry.path.is_within(s)).map(|s| s.below().count()).min().unwrap_or(0);
        let mut parts: Vec<Vec<u8>> = entry.path.below().skip(above.saturating_sub(1)).collect();
        if above == 0 {
            // A granted folder goes by the name that it has here.
            parts.insert(0, entry.path.root().as_bytes().to_vec());
        }
        let name = parts.join(&b'/');
        let reason = match entry.kind {
            FileKind::Link => Some("it is a link"),
            FileKind::Other => Some("it is neither a file nor a folder"),
            _ if form == Form::Zip && std::str::from_utf8(&name).is_err() => {
                Some("its name is no text, and a zip's names are; a tar.gz can hold it")
            }
            _ => None,
        };
        match reason {
            Some(reason) => {
                left.push(Otherwise { index: 0, path: entry.path, renamed: None, reason: reason.to_owned() });
            }
            None => packed.push(Packed { entry, name }),
        }
    }
    (packed, left)
}

/// An archive, as the content of a file.
struct Pack {
    form: Form,
    packed: Vec<Packed>,
    bytes: u64,
    key: String,
    watch: Watch,
}

impl Make for Pack {
    fn key(&self) -> String {
        self.key.clone()
    }

    fn make(&self, files: &dyn Reader, to: &mut dyn Sink) -> Result<()> {
        match self.form {
            Form::Zip => self.zip(files, to),
            Form::Tar => self.tar(files, to).map(drop),
            Form::TarGz => {
                let to = self.tar(files, GzEncoder::new(to, Compression::default()))?;
                to.finish().map(drop).map_err(unwritten)
            }
        }
    }
}

impl Pack {
    fn zip(&self, files: &dyn Reader, to: &mut dyn Sink) -> Result<()> {
        let mut zip = ZipWriter::new(to).set_auto_large_file();
        let mut done = 0;
        for Packed { entry, name } in &self.packed {
            let name = String::from_utf8_lossy(name);
            let options = options(entry)?;
            if entry.kind == FileKind::Folder {
                zip.add_directory(name, options).map_err(broken)?;
                continue;
            }
            zip.start_file(name, options).map_err(broken)?;
            let mut from = self.open(files, entry, &mut done)?;
            copy(&mut from, Some(&mut zip), entry.size, &self.watch).map_err(|e| self.told(entry, e))?;
        }
        zip.finish().map(drop).map_err(broken)
    }

    fn tar<W: io::Write>(&self, files: &dyn Reader, to: W) -> Result<W> {
        let mut tar = tar::Builder::new(to);
        let mut done = 0;
        for Packed { entry, name } in &self.packed {
            let mut header = tar::Header::new_gnu();
            let seconds = entry.modified.div_euclid(1000);
            header.set_mtime(u64::try_from(seconds).unwrap_or(0));
            header.set_mode(entry.mode & 0o777);
            header.set_uid(0);
            header.set_gid(0);
            let is_folder = entry.kind == FileKind::Folder;
            header.set_entry_type(if is_folder { tar::EntryType::Directory } else { tar::EntryType::Regular });
            header.set_size(if is_folder { 0 } else { entry.size });
            let name = native(name, is_folder);
            if is_folder {
                tar.append_data(&mut header, name, io::empty()).map_err(fault)?;
                continue;
            }
            let from = Exactly { from: self.open(files, entry, &mut done)?, left: entry.size, watch: &self.watch };
            tar.append_data(&mut header, name, from).map_err(|e| self.told(entry, fault(e)))?;
        }
        let mut to = tar.into_inner().map_err(unwritten)?;
        to.flush().map_err(unwritten)?;
        Ok(to)
    }

    fn open(&self, files: &dyn Reader, entry: &Entry, done: &mut u64) -> Result<Source> {
        if self.watch.cancel.is_cancelled() {
            return Err(stopped());
        }
        (self.watch.progress)(*done, self.bytes, entry.path.as_str());
        *done += entry.size;
        let file: Box<dyn OpenFile> = files.open(&entry.path)?;
        if file.entry().size != entry.size {
            return Err(changed(entry));
        }
        Ok(Source::new(file))
    }

    /// Says of a file that ended too soon that somebody changed it.
    fn told(&self, entry: &Entry, error: Error) -> Error {
        if error.kind == Kind::InvalidInput { changed(entry) } else { error }
    }
}

fn changed(entry: &Entry) -> Error {
    let why = format!("`{}` was changed while it was being packed", entry.path);
    Error::new(Kind::Conflict, "make archive", why).with("path", entry.path.as_str())
}

/// Reads exactly so much, or fails: a tar has said before how much comes.
struct Exactly<'a> {
    from: Source,
    left: u64,
    watch: &'a Watch,
}

impl Read for Exactly<'_> {
    fn read(&mut self, to: &mut [u8]) -> io::Result<usize> {
        if self.watch.cancel.is_cancelled() {
            return Err(io::Error::other(stopped()));
        }
        let most = usize::try_from(self.left).unwrap_or(usize::MAX).min(to.len());
        let got = self.from.read(&mut to[..most])?;
        if got == 0 && most > 0 {
            return Err(io::Error::from(io::ErrorKind::UnexpectedEof));
        }
        self.left -= got as u64;
        Ok(got)
    }
}

fn options(entry: &Entry) -> Result<FullFileOptions<'static, 'static>> {
    let seconds = entry.modified.div_euclid(1000);
    let mut options = FullFileOptions::default()
        .compression_method(CompressionMethod::Deflated)
        .unix_permissions(entry.mode & 0o777)
        .last_modified_time(time(entry.modified).unwrap_or_default())
        .large_file(entry.size >= LARGE);
    if let Ok(seconds) = i32::try_from(seconds) {
        // The time to the second and in UTC, beside the zip's own, which has neither.
        let mut field = vec![1];
        field.extend_from_slice(&seconds.to_le_bytes());
        options.add_extra_field(0x5455, field, false).map_err(broken)?;
    }
    Ok(options)
}

fn time(millis: i64) -> Option<zip::DateTime> {
    let at = jiff::Timestamp::from_millisecond(millis).ok()?.to_zoned(jiff::tz::TimeZone::UTC);
    let small = |n: i8| u8::try_from(n).ok();
    let (year, month, day) = (u16::try_from(at.year()).ok()?, small(at.month())?, small(at.day())?);
    zip::DateTime::from_date_and_time(year, month, day, small(at.hour())?, small(at.minute())?, small(at.second())?)
        .ok()
}

/// Gives a name as the system's paths are written.
fn native(name: &[u8], is_folder: bool) -> std::path::PathBuf {
    let end: &[u8] = if is_folder { b"/" } else { b"" };
    let name = [name, end].concat();
    #[cfg(unix)]
    let native = <std::ffi::OsString as std::os::unix::ffi::OsStringExt>::from_vec(name);
    #[cfg(not(unix))]
    let native = String::from_utf8_lossy(&name).into_owned();
    native.into()
}
