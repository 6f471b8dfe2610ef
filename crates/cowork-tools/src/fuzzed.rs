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
