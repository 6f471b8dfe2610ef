//! Hunks made on a file, in the encoding that it is in: what no hunk touches keeps its bytes.

use cowork_core::{Error, FilePath, Kind, Make, OpenFile, Reader, Result, Sink};
use encoding_rs::{Encoding, UTF_8};

use super::hunks::{Hunk, Misfit, Run, Sign, apply, runs};
use crate::{
    look_type::HEAD,
    transcode::{View, changeable, encode, encoding_of, invalid},
};

const OP: &str = "apply patch";
/// U+FEFF, which tells the encoding.
const MARK: &[u8] = "\u{feff}".as_bytes();
/// A file that is patched is held in memory.
const LARGEST: u64 = 64 * 1024 * 1024;
/// One that is not UTF-8 is decoded there besides.
const LARGEST_DECODED: usize = 8 * 1024 * 1024;

/// A file's content with hunks made on it.
pub(super) struct Patched {
    pub(super) key: String,
    pub(super) path: FilePath,
    pub(super) hunks: Vec<Hunk>,
}

impl Make for Patched {
    fn key(&self) -> String {
        self.key.clone()
    }

    fn make(&self, files: &dyn Reader, to: &mut dyn Sink) -> Result<()> {
        let new = patched(&*files.open(&self.path)?, &self.path, &self.hunks)?;
        to.write_all(&new).map_err(|e| Error::new(Kind::Unavailable, OP, e.to_string()).with_source(e))
    }
}

/// Makes hunks on a file.
///
/// # Errors
/// `Conflict` for a hunk that does not fit, with its `line`; `InvalidInput` for what is no text; `LimitExceeded`;
/// `Unsupported` for what the file's encoding does not have.
pub(super) fn patched(file: &dyn OpenFile, path: &FilePath, hunks: &[Hunk]) -> Result<Vec<u8>> {
    let old = content(file, path)?;
    let head = &old[..old.len().min(HEAD)];
    let Some(encoding) = encoding_of(head, head.len() == old.len()) else {
        let why = format!("`{path}` is not a text file, and only texts are patched");
        return Err(Error::new(Kind::InvalidInput, OP, why));
    };
    if encoding != UTF_8 {
        return decoded(&old, path, hunks, encoding);
    }
    let foreign = hunks.iter().flat_map(|h| &h.lines).any(|l| l.sign == Sign::Add && !l.text.is_ascii());
    if foreign && std::str::from_utf8(&old).is_err() {
        let why =
            format!("`{path}` is not UTF-8 throughout, and the patch has characters that would be written as such");
        return Err(Error::new(Kind::Unsupported, OP, why)
            .with_fix("use `edit_file`, and say in `encoding` what the file is in"));
    }
    let mark = mark(hunks, &old);
    let new = apply(hunks, &old[mark..]).map_err(|misfit| unfit(path, &misfit))?;
    Ok([&old[..mark], &new].concat())
}

/// Gives how long the mark is at the beginning of a text that its first line does not count in, as `read_file` shows it.
fn mark(hunks: &[Hunk], text: &[u8]) -> usize {
    let said = || hunks.iter().flat_map(|h| &h.lines).any(|l| l.text.starts_with(MARK));
    if text.starts_with(MARK) && !said() { MARK.len() } else { 0 }
}

fn decoded(old: &[u8], path: &FilePath, hunks: &[Hunk], encoding: &'static Encoding) -> Result<Vec<u8>> {
    changeable(OP, encoding)?;
    if old.len() > LARGEST_DECODED {
        let name = encoding.name();
        let why = format!("`{path}` is in {name} and {} bytes long; up to {LARGEST_DECODED} are patched", old.len());
        return Err(Error::new(Kind::LimitExceeded, OP, why).with_fix("use `edit_file`"));
    }
    let view = View::of(old, encoding, true).map_err(|at| {
        invalid(OP, encoding, at as u64)
            .with("path", path.as_str())
            .with_fix("use `edit_file`, and say in `encoding` what the file is in")
    })?;
    let mark = mark(hunks, &view.text);
    let (text, runs) = runs(hunks, &view.text[mark..]).map_err(|misfit| unfit(path, &misfit))?;
    let written = |text: &[u8]| encode(OP, &String::from_utf8_lossy(text), encoding);
    let mut new = Vec::with_capacity(old.len());
    new.extend_from_slice(&old[..view.raw(mark).unwrap_or(0)]);
    for run in runs {
        match run {
            Run::New(line) => new.extend(written(&line).map_err(|e| e.with("path", path.as_str()))?),
            Run::Old(from, to) => {
                // A newline that was lent to the last line is not in the file.
                let end = to.min(view.text.len() - mark);
                match (view.raw(mark + from.min(end)), view.raw(mark + end)) {
                    (Some(start), Some(end)) => new.extend_from_slice(&old[start..end]),
                    _ => new.extend(written(&text[from..end])?),
                }
                new.extend(written(&text[end..to])?);
            }
        }
    }
    Ok(new)
}

fn content(file: &dyn OpenFile, path: &FilePath) -> Result<Vec<u8>> {
    let size = file.entry().size;
    if size > LARGEST {
        let why = format!("`{path}` is {size} bytes long; files of up to {LARGEST} are patched");
        return Err(Error::new(Kind::LimitExceeded, OP, why).with_fix("use `edit_file`"));
    }
    let mut bytes = vec![0; usize::try_from(size).unwrap_or(0)];
    let mut filled = 0;
    while filled < bytes.len() {
        match file.read_at(&mut bytes[filled..], filled as u64)? {
            0 => break,
            got => filled += got,
        }
    }
    bytes.truncate(filled);
    Ok(bytes)
}

fn unfit(path: &FilePath, misfit: &Misfit) -> Error {
    let Misfit { why, line } = misfit;
    Error::new(Kind::Conflict, OP, format!("in `{path}`, {why}"))
        .with("path", path.as_str())
        .with("line", line.to_string())
}
