//! What a file is, by what is in it and not by what it is called.

use encoding_rs::{Encoding, UTF_8};
use serde_json::{Value, json};

use crate::look_text;

/// A file is looked into this far to say what it is.
pub(crate) const HEAD: usize = 8 * 1024;

/// What a file is.
pub(crate) struct Type {
    /// Its media type: `application/pdf`, `text/plain`; `application/octet-stream` if it is not known.
    pub(crate) mime: &'static str,
    /// The encoding if it is text.
    pub(crate) encoding: Option<&'static Encoding>,
}

impl Type {
    /// Says what a file is by its first bytes; `whole` if these are all of it.
    pub(crate) fn of(head: &[u8], whole: bool) -> Self {
        if head.is_empty() {
            return Self { mime: "inode/x-empty", encoding: None };
        }
        let mark = infer::get(head);
        let found = look_text::detect(head, whole);
        if let Some(mark) = mark.filter(|t| t.matcher_type() != infer::MatcherType::Text) {
            // Some marks are two letters of ASCII, with which a text may begin too: `BM`, `MZ`.
            let short = matches!(
                mark.mime_type(),
                "image/bmp" | "application/vnd.microsoft.portable-executable" | "audio/mpeg"
            );
            if !short || found != Some(UTF_8) {
                return Self { mime: mark.mime_type(), encoding: None };
            }
        }
        let Some(encoding) = found else {
            return Self { mime: "application/octet-stream", encoding: None };
        };
        let text = mark.filter(|t| t.matcher_type() == infer::MatcherType::Text);
        Self { mime: text.map_or("text/plain", |t| t.mime_type()), encoding: Some(encoding) }
    }

    pub(crate) fn described(&self) -> Value {
        match self.encoding {
            Some(encoding) => json!({ "mime": self.mime, "encoding": encoding.name() }),
            None => json!({ "mime": self.mime }),
        }
    }
}
