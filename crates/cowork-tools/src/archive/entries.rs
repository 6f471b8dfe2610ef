//! What is in an archive, and which of it may be taken out: decided by names and kinds alone.

use std::collections::BTreeMap;

use cowork_core::path::escape;

/// One thing in an archive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Entry {
    /// Its name as it stands there.
    pub(super) name: Vec<u8>,
    pub(super) kind: Kind,
    /// The bytes that it has unpacked; before they were counted, what the archive says.
    pub(super) size: u64,
    /// Milliseconds since 1970.
    pub(super) modified: Option<i64>,
    pub(super) mode: Option<u32>,
    pub(super) source: Source,
    /// Why it is not taken out.
    pub(super) problem: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    File,
    Folder,
    Link,
    Other,
}

/// Where its content is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Source {
    /// The entry of a zip in this place.
    Zip(usize),
    /// In a tar, unpacked, from this byte on.
    Tar(u64),
    /// The whole of a gzip.
    Gzip,
}

impl Entry {
    /// Gives its name as text, with bytes that are no text escaped.
    pub(super) fn shown(&self) -> String {
        escape(&self.name)
    }

    /// Gives the names that lead to it from where it is taken out to; none for that folder itself.
    pub(super) fn way(&self) -> Result<Vec<Vec<u8>>, &'static str> {
        way(&self.name)
    }
}

/// Says of each entry why it must not be taken out, where it must not. Of several files of one name the last counts, as for
/// `tar`. Names that differ in capitals alone are different names here; whether they are where they go, is seen there.
pub(super) fn judge(entries: &mut [Entry]) {
    let ways: Vec<Option<Vec<Vec<u8>>>> = entries.iter_mut().map(alone).collect();
    let mut names: BTreeMap<&[Vec<u8>], Named> = BTreeMap::new();
    for (index, (entry, way)) in entries.iter().zip(&ways).enumerate() {
        let Some(way) = way.as_deref().filter(|way| !way.is_empty()) else { continue };
        let named = names.entry(way).or_default();
        match entry.kind {
            Kind::Folder => named.folder = true,
            Kind::File => named.last = Some(index),
            Kind::Link | Kind::Other => named.odd = true,
        }
    }
    let closed = |way: &[Vec<u8>]| names.get(way).is_some_and(|n| n.odd || n.last.is_some());
    let problems: Vec<Option<&str>> = ways
        .iter()
        .enumerate()
        .map(|(index, way)| {
            let way = way.as_deref().filter(|way| !way.is_empty())?;
            if (1..way.len()).any(|len| closed(&way[..len])) {
                return Some("what is above it in the archive is no folder");
            }
            match names.get(way)? {
                Named { last: Some(last), folder: false, odd: false } => {
                    (*last != index).then_some("a later entry of this name takes its place")
                }
                Named { last: None, odd: false, .. } => None,
                _ => Some("several entries have this name"),
            }
        })
        .collect();
    for (entry, problem) in entries.iter_mut().zip(problems) {
        if let (None, Some(problem)) = (&entry.problem, problem) {
            entry.problem = Some(problem.to_owned());
        }
    }
}

/// What has a name in an archive.
#[derive(Default)]
struct Named {
    /// The last of the files.
    last: Option<usize>,
    folder: bool,
    /// Something that is neither.
    odd: bool,
}

/// Judges an entry by itself; gives the names that lead to it.
fn alone(entry: &mut Entry) -> Option<Vec<Vec<u8>>> {
    let way = entry.way();
    let problem = match (&way, entry.kind) {
        (Err(why), _) => *why,
        (_, Kind::Link) => "it is a link",
        (_, Kind::Other) => "it is neither a file nor a folder",
        _ => return way.ok(),
    };
    entry.problem.get_or_insert_with(|| problem.to_owned());
    way.ok()
}

/// Gives the names that lead to what an archive calls so.
pub(super) fn way(name: &[u8]) -> Result<Vec<Vec<u8>>, &'static str> {
    if name.is_empty() {
        return Err("it has no name");
    }
    if name.starts_with(b"/") {
        return Err("its name begins at the top of the disk");
    }
    if name.contains(&0) {
        return Err("its name holds a zero byte");
    }
    if name.contains(&b'\\') {
        return Err("its name holds a backslash, which some systems take for a folder");
    }
    if matches!(name, [letter, b':', ..] if letter.is_ascii_alphabetic()) {
        return Err("its name begins with a drive");
    }
    let parts: Vec<Vec<u8>> =
        name.split(|b| *b == b'/').filter(|p| !p.is_empty() && *p != b".").map(<[u8]>::to_vec).collect();
    if parts.iter().any(|p| p == b"..") {
        return Err("its name leads out of the folder");
    }
    Ok(parts)
}

#[cfg(test)]
mod tests {
    use super::{Entry, Kind, Source, judge};

    fn problems(names: &[(&str, Kind)]) -> Vec<Option<String>> {
        let entry = |(name, kind): &(&str, Kind)| Entry {
            name: name.as_bytes().to_vec(),
            kind: *kind,
            size: 0,
            modified: None,
            mode: None,
            source: Source::Gzip,
            problem: None,
        };
        let mut entries: Vec<Entry> = names.iter().map(entry).collect();
        judge(&mut entries);
        entries.into_iter().map(|e| e.problem).collect()
    }

    #[test]
    fn names_that_lead_elsewhere_are_refused_one_by_one() {
        let fine = ["a", "./a2", "b/c", "b/", "d//e", "...", "a..b", "~", "ü"];
        let fine: Vec<(&str, Kind)> =
            fine.iter().map(|n| (*n, if n.ends_with('/') { Kind::Folder } else { Kind::File })).collect();
        assert_eq!(problems(&fine), vec![None; fine.len()]);
        for bad in ["", "/etc/passwd", "../a", "a/../../b", "a/..", "C:evil", "c:\\evil", "..\\evil", "a\0b"] {
            assert!(problems(&[(bad, Kind::File)])[0].is_some(), "{bad:?}");
        }
    }

    #[test]
    fn of_one_name_the_last_counts_and_what_is_no_folder_holds_nothing() {
        let all = [("a", Kind::File), ("./a", Kind::File), ("B/x", Kind::File), ("b/x", Kind::File), ("c", Kind::File)];
        let refused: Vec<bool> = problems(&all).iter().map(Option::is_some).collect();
        assert_eq!(refused, [true, false, false, false, false]);
        assert_eq!(problems(&[("a", Kind::File), ("a/", Kind::Folder)]).iter().flatten().count(), 2);
        let link = [
            ("l", Kind::Link),
            ("l/x", Kind::File),
            ("f", Kind::File),
            ("f/y", Kind::File),
            ("d/", Kind::Folder),
            ("d/z", Kind::File),
        ];
        let refused: Vec<bool> = problems(&link).iter().map(Option::is_some).collect();
        assert_eq!(refused, [true, true, false, true, false, false]);
    }
}
