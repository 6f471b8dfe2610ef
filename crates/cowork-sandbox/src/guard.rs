//! Whether what is in a file may be changed: it is what the change knows of it, and nobody else is at it.

use std::fs::File;

use cowork_core::{FilePath, Known};

use crate::{
    disk::{Dir, Stop},
    fault::Trouble,
    holders,
    stage::sum,
    stamp::{Is, Print, Seen},
    sys::{self, Look, content},
    view::kind_text,
};

/// A file with less in it than this, in bytes, may lose what it likes.
const SMALL: u64 = 1024;

/// A mark of an open document that is older than this, in seconds, may have been left behind.
const LEFT_BEHIND: i64 = 24 * 60 * 60;

/// The endings of files that office programs mark as open.
const OFFICE: [&[u8]; 32] = [
    b"doc", b"docx", b"docm", b"dot", b"dotx", b"dotm", b"xls", b"xlsx", b"xlsm", b"xlsb", b"xlt", b"xltx", b"ppt",
    b"pptx", b"pptm", b"pps", b"ppsx", b"pot", b"potx", b"odt", b"ods", b"odp", b"odg", b"odf", b"odb", b"ott", b"ots",
    b"otp", b"rtf", b"csv", b"vsdx", b"fodt",
];

type Fine = Result<(), Trouble>;

/// A file whose content is about to be another.
pub(crate) struct Old<'a> {
    pub(crate) path: &'a FilePath,
    pub(crate) dir: &'a Dir,
    pub(crate) name: &'a [u8],
    pub(crate) look: &'a Look,
    pub(crate) file: &'a File,
}

impl Old<'_> {
    /// Refuses what must not be replaced or edited.
    pub(crate) fn may_change(&self, known: &Known, seen: &Seen, stop: &Stop) -> Fine {
        let path = self.path;
        is_all_here(path, self.file, self.look)?;
        self.is_known(known, seen, stop)?;
        if self.look.mode & 0o222 == 0 {
            return no(format!("`{path}` may not be written to by anybody: set its permissions first"));
        }
        if self.look.links > 1 && *known != Known::Nothing {
            let text = format!(
                "`{path}` has {} names, and under the others it would stay as it is (hard links)",
                self.look.links
            );
            return no(text);
        }
        self.is_nobody_at_it()
    }

    /// Refuses a file that another program has open and says so.
    pub(crate) fn is_nobody_at_it(&self) -> Fine {
        let path = self.path;
        is_closed(path, self.dir, self.name)?;
        if content::is_locked(self.file) {
            return no(format!("another program has `{path}` open and locked: close it there first"));
        }
        Ok(())
    }

    fn is_known(&self, known: &Known, seen: &Seen, stop: &Stop) -> Fine {
        let path = self.path;
        let changed = || no(format!("`{path}` was changed since it was read"));
        let print = match known {
            Known::Nothing => return Ok(()),
            Known::Seen => match seen.get(path) {
                Some(print) => print,
                None => return no(format!("`{path}` was not read by this task: read it first")),
            },
            Known::Stamp(stamp) => match Print::parse(stamp) {
                Some(print) => print,
                None => return changed(),
            },
        };
        match print.compare(self.look) {
            Is::Same => Ok(()),
            Is::Other => changed(),
            Is::AskContent => {
                let hash = sum(self.file, stop).map_err(|e| e.at(path.as_str()))?;
                let same = blake3::Hash::from_hex(hash).is_ok_and(|hash| print.has_hash(&hash));
                if same { Ok(()) } else { changed() }
            }
        }
    }
}

/// Refuses a file whose content is not on this disk.
pub(crate) fn is_all_here(path: &FilePath, file: &File, look: &Look) -> Fine {
    if sys::is_only_holes(file, look).unwrap_or(true) {
        return no(format!("the content of `{path}` is not on this disk (a placeholder): have it brought here first"));
    }
    Ok(())
}

/// Refuses to leave less than half of what a file held.
pub(crate) fn is_no_loss(path: &FilePath, old: &Look, new: u64, may_shrink: bool) -> Fine {
    if may_shrink || old.size < SMALL || new.saturating_mul(2) >= old.size {
        return Ok(());
    }
    no(format!("`{path}` would lose more than half of its content ({} bytes, {new} would be left)", old.size))
}

/// Refuses a staged file that could not be given its owner: its content would be another's then.
pub(crate) fn keeps_owner(path: &FilePath, old: &Look, new: &Look) -> Fine {
    if (old.uid, old.gid) == (new.uid, new.gid) {
        return Ok(());
    }
    no(format!("`{path}` belongs to another user or group, and with new content it no longer would"))
}

/// Refuses what is no file.
pub(crate) fn is_file(path: &FilePath, look: &Look, what_is_done: &str) -> Fine {
    if look.is_file() {
        return Ok(());
    }
    no(format!("`{path}` is {}, and only files are {what_is_done}", kind_text(look.file_type())))
}

/// Refuses an office file that a program has open, before it is taken from under it; and the mark of one.
pub(crate) fn may_leave(path: &FilePath, dir: &Dir, name: &[u8]) -> Fine {
    if is_mark(name) {
        let look = dir.at(name).look().ok().flatten();
        return match look.filter(|look| look.is_file() && is_in_use(look, None)) {
            Some(_) => no(format!("`{path}` marks a document that an office program has open: close it there first")),
            None => Ok(()),
        };
    }
    let ending = name.iter().rposition(|b| *b == b'.').map(|dot| name[dot + 1..].to_ascii_lowercase());
    if ending.is_some_and(|ending| OFFICE.contains(&ending.as_slice())) { is_closed(path, dir, name) } else { Ok(()) }
}

/// Looks for the file that an office program puts beside one that it has open.
fn is_closed(path: &FilePath, dir: &Dir, name: &[u8]) -> Fine {
    if is_mark(name) {
        return Ok(());
    }
    let mut document = None;
    for lock in lock_names(name) {
        let Some(look) = dir.at(&lock).look().ok().flatten().filter(Look::is_file) else { continue };
        if document.is_none() {
            document = dir.at(name).look().ok().flatten();
        }
        if is_in_use(&look, document) {
            let lock = String::from_utf8_lossy(&lock).into_owned();
            return no(format!(
                "an office program has `{path}` open, as `{lock}` beside it says: close it there first"
            ));
        }
    }
    Ok(())
}

/// Says whether a file is the mark of an open document, and none itself.
fn is_mark(name: &[u8]) -> bool {
    name.starts_with(b"~$") || name.starts_with(b".~lock.")
}

/// Says whether a mark is of a document that is open. A program that was ended otherwise leaves it behind: one of more than a day
/// counts only where a process holds it or its document open.
fn is_in_use(mark: &Look, document: Option<Look>) -> bool {
    let now = rustix::time::clock_gettime(rustix::time::ClockId::Realtime).tv_sec;
    let is_old = now.saturating_sub(mark.mtime / 1_000_000_000) > LEFT_BEHIND;
    let held: Vec<Look> = [Some(*mark), document].into_iter().flatten().collect();
    !is_old || holders::is_held(&held)
}

/// Gives the names of such files: `.~lock.NAME#`, and `~$NAME`, for which longer names lose one or two characters.
fn lock_names(name: &[u8]) -> Vec<Vec<u8>> {
    let mut names = vec![[b".~lock.", name, b"#"].concat(), [b"~$", name].concat()];
    let stem = name.iter().rposition(|b| *b == b'.').unwrap_or(name.len());
    let mut rest = name;
    for left_out in 1..=2 {
        let next = (1..rest.len()).find(|i| rest[*i] & 0b1100_0000 != 0b1000_0000).unwrap_or(rest.len());
        rest = &rest[next..];
        // Names that are shorter than this keep all of theirs.
        if stem >= 6 + left_out {
            names.push([b"~$", rest].concat());
        }
    }
    names
}

fn no(reason: String) -> Fine {
    Err(Trouble::This(reason))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_marks_of_office_programs_are_known() {
        let names = |name: &str| {
            lock_names(name.as_bytes()).iter().map(|n| String::from_utf8_lossy(n).into_owned()).collect::<Vec<_>>()
        };
        assert_eq!(names("a.odt"), [".~lock.a.odt#", "~$a.odt"]);
        assert_eq!(names("letter1.docx"), [".~lock.letter1.docx#", "~$letter1.docx", "~$etter1.docx"]);
        assert_eq!(
            names("Übersicht.docx"),
            [".~lock.Übersicht.docx#", "~$Übersicht.docx", "~$bersicht.docx", "~$ersicht.docx"]
        );
    }
}
