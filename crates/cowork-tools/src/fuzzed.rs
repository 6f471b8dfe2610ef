//! What the fuzz targets and their fixed dose call: everything here that reads bytes which anybody may have written.

use encoding_rs::Encoding;
use serde_json::Value;

use crate::{
    look_text::{cut_lines, decode},
    look_type::Type,
};

/// Reads bytes as a photo and as a PDF, whatever they are.
#[cfg(feature = "metadata")]
pub fn metadata(bytes: &[u8]) -> [Value; 2] {
    [crate::metadata::photo(std::io::Cursor::new(bytes)), crate::metadata::pdf(bytes)]
}

/// Reads bytes as a document of each kind, whatever they are; gives how much text came of them.
#[cfg(feature = "documents")]
pub fn documents(bytes: &[u8]) -> usize {
    use crate::document::{Form, read};
    let Ok(path) = cowork_core::FilePath::parse("Desk/document") else { return 0 };
    let (file, stop, turn) = (Held(bytes, path), cowork_core::CancellationToken::new(), std::sync::Mutex::new(()));
    let length = |form| match read(&file, form, &stop, &turn) {
        Ok(Some(Ok(text))) => text.text.len(),
        _ => 0,
    };
    [Form::Pdf, Form::Word, Form::Slides, Form::Sheets, Form::Open].map(length).iter().sum()
}

/// Bytes as an open file.
#[cfg(feature = "documents")]
struct Held<'a>(&'a [u8], cowork_core::FilePath);

#[cfg(feature = "documents")]
impl cowork_core::OpenFile for Held<'_> {
    fn entry(&self) -> cowork_core::Entry {
        cowork_core::Entry {
            path: self.1.clone(),
            kind: cowork_core::FileKind::File,
            size: self.0.len() as u64,
            stored: None,
            modified: 0,
            mode: 0o644,
            links: 1,
            identity: [0, 0],
            placeholder: false,
        }
    }

    fn read_at(&self, buffer: &mut [u8], offset: u64) -> cowork_core::Result<usize> {
        let from = usize::try_from(offset).unwrap_or(usize::MAX).min(self.0.len());
        let length = buffer.len().min(self.0.len() - from);
        buffer[..length].copy_from_slice(&self.0[from..from + length]);
        Ok(length)
    }
}

/// Says what bytes are, and reads them as text in the encoding that was found; in pieces, which must fit together.
pub fn text(bytes: &[u8]) -> (Value, String) {
    let found = Type::of(bytes, true);
    let encoding: &'static Encoding = found.encoding.unwrap_or(encoding_rs::UTF_8);
    let whole = decode(bytes, encoding, true, true);
    for piece in [1, 7, bytes.len() / 2] {
        let head = &bytes[..piece.min(bytes.len())];
        let decoded = decode(head, encoding, true, false);
        assert!(decoded.used <= head.len(), "no more is used than there is");
    }
    let (text, _) = cut_lines(&whole.text, 100);
    (found.described(), text.into_owned())
}

/// Says of how many places a command line is known to only read, if it is; what would make more of it is never taken for less.
#[cfg(feature = "shell")]
pub fn shell(line: &str) -> Option<usize> {
    use crate::shell::simple::{Known, judge};
    match judge(line) {
        Known::Simple { reads } => {
            for more in [";rm x", "\nrm x", "|rm x", "&", " $(x)", " `x`", " >f"] {
                assert!(matches!(judge(&format!("{line}{more}")), Known::Code { .. }), "{line:?} {more:?}");
            }
            assert!(
                reads
                    .iter()
                    .all(|place| !place.path.chars().any(char::is_control)
                        && (!place.home || place.path.starts_with('~')))
            );
            Some(reads.len())
        }
        Known::Code { why } => {
            assert!(!why.is_empty() && !why.chars().any(char::is_control) && why.len() < 400, "{why:?}");
            None
        }
    }
}
