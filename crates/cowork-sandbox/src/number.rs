//! Gives a name a number: `scan (2).pdf`.

use cowork_core::FilePath;

use crate::record::split;

/// The longest name that the usual file systems take, in bytes.
const LONGEST: usize = 255;
/// A last part that is longer than this is not taken for an extension.
const EXTENSION: usize = 16;

/// Gives the path with a number before its extension.
pub(crate) fn numbered(path: &FilePath, n: u32) -> FilePath {
    let (Some((_, name)), Some(folder)) = (split(path), path.parent()) else { return path.clone() };
    let (stem, extension) = parts(&name);
    let number = format!(" ({n})");
    let room = LONGEST.saturating_sub(number.len() + extension.len());
    let name = [shorten(stem, room), number.as_bytes(), extension].concat();
    folder.join_bytes(&name)
}

/// Splits a name before its extension; `.tar.gz` is one, and a leading dot begins none.
fn parts(name: &[u8]) -> (&[u8], &[u8]) {
    let last = |name: &[u8]| {
        let dot = name.iter().rposition(|b| *b == b'.')?;
        (dot > 0 && name.len() - dot <= EXTENSION && dot + 1 < name.len()).then_some(dot)
    };
    let Some(dot) = last(name) else { return (name, b"") };
    let tar = name[..dot].to_ascii_lowercase().ends_with(b".tar") && dot > 4;
    name.split_at(if tar { dot - 4 } else { dot })
}

/// Cuts a stem to at most so many bytes, between two characters.
fn shorten(stem: &[u8], room: usize) -> &[u8] {
    if stem.len() <= room {
        return stem;
    }
    let mut end = room;
    while end > 0 && stem[end] & 0b1100_0000 == 0b1000_0000 {
        end -= 1;
    }
    &stem[..end]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(name: &str, n: u32) -> String {
        numbered(&FilePath::parse(&format!("F/{name}")).unwrap(), n).name().to_owned()
    }

    #[test]
    fn the_number_stands_before_the_extension() {
        assert_eq!(number("scan.pdf", 2), "scan (2).pdf");
        assert_eq!(number("site.tar.gz", 3), "site (3).tar.gz");
        assert_eq!(number(".tar.gz", 3), ".tar (3).gz");
        assert_eq!(number("notes", 2), "notes (2)");
        assert_eq!(number(".bashrc", 2), ".bashrc (2)");
        assert_eq!(number("Dr. Who and all the others", 2), "Dr. Who and all the others (2)");
        assert_eq!(number("ends.", 2), "ends. (2)");
        assert_eq!(number("a\\xff.txt", 12), "a\\xff (12).txt");
    }

    #[test]
    fn a_long_name_is_cut_between_characters_and_stays_a_name() {
        let name = format!("{}.txt", "ä".repeat(125));
        let numbered = number(&name, 10);
        assert_eq!(numbered, format!("{} (10).txt", "ä".repeat(123)));
        assert!(numbered.len() <= 255);
    }
}
