//! Text in any encoding seen as UTF-8, with the place in the file of each of its characters; and text put back into it.

use std::borrow::Cow;

use cowork_core::{Error, Kind, Result};
use encoding_rs::{Encoding, UTF_8, UTF_16BE, UTF_16LE};

use crate::look_type::Type;

/// No encoding that is edited takes more bytes for a character.
pub(crate) const LONGEST_CHARACTER: usize = 4;

/// Says in what encoding a file is text, by how it begins; nothing if it is none. `whole` if that is all of it.
pub(crate) fn encoding_of(head: &[u8], whole: bool) -> Option<&'static Encoding> {
    if head.is_empty() { Some(UTF_8) } else { Type::of(head, whole).encoding }
}

/// Gives the encoding that somebody named, as the web names it.
pub(crate) fn named(op: &str, label: Option<&str>) -> Result<Option<&'static Encoding>> {
    let Some(label) = label else { return Ok(None) };
    Encoding::for_label(label.as_bytes()).map(Some).ok_or_else(|| {
        let why = format!("there is no encoding called `{}`", label.escape_debug());
        Error::new(Kind::InvalidInput, op, why)
            .with_fix("leave it out, or give one such as utf-8, utf-16le, windows-1252")
    })
}

/// Refuses an encoding in which a place in the file does not say what its bytes mean.
pub(crate) fn changeable(op: &str, encoding: &'static Encoding) -> Result<()> {
    if encoding.is_ascii_compatible() || is_wide(encoding) {
        return Ok(());
    }
    let why = format!("texts in {} can't be changed", encoding.name());
    Err(Error::new(Kind::Unsupported, op, why).with_fix("write the text anew, in UTF-8, with `write_file`"))
}

/// Writes a text in an encoding.
///
/// # Errors
/// `Unsupported` with the first character that it does not have, or that would come back as another.
pub(crate) fn encode(op: &str, text: &str, encoding: &'static Encoding) -> Result<Vec<u8>> {
    if encoding == UTF_8 {
        return Ok(text.as_bytes().to_vec());
    }
    if is_wide(encoding) {
        let of = if encoding == UTF_16LE { u16::to_le_bytes } else { u16::to_be_bytes };
        return Ok(text.encode_utf16().flat_map(of).collect());
    }
    let stays = |text: &str| {
        let (bytes, _, unmapped) = encoding.encode(text);
        let same = !unmapped && encoding.decode_without_bom_handling(&bytes).0 == text;
        same.then(|| bytes.into_owned())
    };
    stays(text).ok_or_else(|| {
        let foreign = text.chars().find(|c| stays(c.encode_utf8(&mut [0; 4])).is_none());
        let shown = foreign.map_or_else(|| "a character".to_owned(), |c| format!("`{}`", c.escape_debug()));
        let why = format!("the file is in {}, which has no {shown}", encoding.name());
        Error::new(Kind::Unsupported, op, why)
            .with_fix("use characters that it has, or write the whole file anew, in UTF-8, with `write_file`")
    })
}

/// Says that bytes are no text in the encoding.
pub(crate) fn invalid(op: &str, encoding: &'static Encoding, at: u64) -> Error {
    let why = format!("the file is taken for {}, in which its byte {at} begins no character", encoding.name());
    Error::new(Kind::Unsupported, op, why).with("offset", at.to_string())
}

/// Bytes of a file as UTF-8.
pub(crate) struct View<'a> {
    pub(crate) text: Cow<'a, [u8]>,
    /// Where runs begin, in the text and in the bytes: a run of ASCII, or any other character by itself. None for UTF-8.
    runs: Vec<(u32, u32)>,
    /// How many bytes a character of ASCII has.
    unit: usize,
    /// How many of the bytes are in it; the rest belongs to a character that goes on.
    used: usize,
}

impl<'a> View<'a> {
    /// Sees bytes that begin with a whole character. With `last`, nothing follows them. UTF-8 is taken as it is.
    ///
    /// # Errors
    /// The first place where no character is.
    pub(crate) fn of(bytes: &'a [u8], encoding: &'static Encoding, last: bool) -> std::result::Result<Self, usize> {
        if encoding == UTF_8 {
            return Ok(Self { text: Cow::Borrowed(bytes), runs: Vec::new(), unit: 1, used: bytes.len() });
        }
        let unit = if is_wide(encoding) { 2 } else { 1 };
        let mut text = String::with_capacity(bytes.len() / unit);
        let (mut runs, mut at, mut plain) = (Vec::new(), 0, false);
        let place = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        while at < bytes.len() {
            let rest = &bytes[at..];
            let ascii = ascii(rest, encoding);
            if ascii.is_none() || !plain {
                runs.push((place(text.len()), place(at)));
            }
            plain = ascii.is_some();
            if let Some(c) = ascii {
                text.push(c);
                at += unit;
                continue;
            }
            match character(rest, encoding) {
                Some((c, length)) => {
                    text.push_str(&c);
                    at += length;
                }
                None if !last && rest.len() < LONGEST_CHARACTER => {
                    runs.pop();
                    break;
                }
                None => return Err(at),
            }
        }
        Ok(Self { text: Cow::Owned(text.into_bytes()), runs, unit, used: at })
    }

    /// Gives where in the bytes a place in the text is; nothing within a character.
    pub(crate) fn raw(&self, at: usize) -> Option<usize> {
        if at == self.text.len() {
            return Some(self.used);
        }
        let run = self.runs.partition_point(|(text, _)| *text as usize <= at).checked_sub(1);
        let Some((text, raw)) = run.map(|run| self.runs[run]) else { return Some(at) };
        let away = at - text as usize;
        (away == 0 || self.text[text as usize].is_ascii()).then_some(raw as usize + away * self.unit)
    }

    /// Gives the last character's beginning up to a place in the bytes: in the text, and in the bytes.
    pub(crate) fn character_before(&self, at: usize) -> (usize, usize) {
        let at = at.min(self.used);
        if at == self.used {
            return (self.text.len(), at);
        }
        let run = self.runs.partition_point(|(_, raw)| *raw as usize <= at).checked_sub(1);
        let Some((text, raw)) = run.map(|run| self.runs[run]) else { return (at, at) };
        let (text, raw) = (text as usize, raw as usize);
        let away = if self.text[text].is_ascii() { (at - raw) / self.unit } else { 0 };
        (text + away, raw + away * self.unit)
    }
}

fn is_wide(encoding: &'static Encoding) -> bool {
    encoding == UTF_16LE || encoding == UTF_16BE
}

fn pair(bytes: &[u8], encoding: &'static Encoding) -> Option<u16> {
    let pair = bytes.first_chunk()?;
    Some(if encoding == UTF_16LE { u16::from_le_bytes(*pair) } else { u16::from_be_bytes(*pair) })
}

fn ascii(bytes: &[u8], encoding: &'static Encoding) -> Option<char> {
    let unit = if is_wide(encoding) { pair(bytes, encoding)? } else { u16::from(*bytes.first()?) };
    u8::try_from(unit).ok().filter(u8::is_ascii).map(char::from)
}

/// Gives the first character, and how many bytes it has.
fn character<'b>(bytes: &'b [u8], encoding: &'static Encoding) -> Option<(Cow<'b, str>, usize)> {
    if is_wide(encoding) {
        let units = [pair(bytes, encoding)?, bytes.get(2..).and_then(|b| pair(b, encoding)).unwrap_or(0)];
        let c = char::decode_utf16(units).next()?.ok()?;
        return Some((Cow::Owned(c.to_string()), c.len_utf16() * 2));
    }
    (1..=bytes.len().min(LONGEST_CHARACTER)).find_map(|length| {
        let text = encoding.decode_without_bom_handling_and_without_replacement(&bytes[..length])?;
        Some((text, length))
    })
}

#[cfg(test)]
mod tests {
    use encoding_rs::{BIG5, EUC_JP, EUC_KR, Encoding, GB18030, SHIFT_JIS, UTF_16BE, UTF_16LE, WINDOWS_1252};

    use super::{View, encode};

    #[test]
    fn a_view_knows_where_each_character_is_however_the_bytes_are_cut() {
        let cases: [(&Encoding, &str); 8] = [
            (SHIFT_JIS, "アイ A ｱ～ソ表\r\nend"),
            (GB18030, "a中文😀 b ä\n"),
            (BIG5, "功許 A\n蓋"),
            (EUC_JP, "日本 語ｱ x"),
            (EUC_KR, "한국어 abc"),
            (UTF_16LE, "a\u{A0A}😀b"),
            (UTF_16BE, "a\u{A0A}😀b"),
            (WINDOWS_1252, "naïve — €5"),
        ];
        for (encoding, text) in cases {
            let bytes = encode("test", text, encoding).unwrap_or_default();
            let whole = View::of(&bytes, encoding, true).unwrap_or_else(|at| panic!("{}: {at}", encoding.name()));
            assert_eq!(String::from_utf8_lossy(&whole.text), text, "{}", encoding.name());
            for (at, c) in text.char_indices() {
                let raw = whole.raw(at).unwrap_or(usize::MAX);
                let end = whole.raw(at + c.len_utf8()).unwrap_or(usize::MAX);
                assert_eq!(bytes[raw..end], encode("test", &c.to_string(), encoding).unwrap_or_default(), "{c}");
                assert_eq!((whole.character_before(raw), whole.character_before(end - 1)), ((at, raw), (at, raw)));
            }
            for cut in 0..bytes.len() {
                let Ok(view) = View::of(&bytes[..cut], encoding, false) else { panic!("{} {cut}", encoding.name()) };
                assert!(text.as_bytes().starts_with(&view.text) && view.used <= cut && cut < view.used + 4);
            }
        }
        assert_eq!(View::of(b"ab\x82", SHIFT_JIS, true).err(), Some(2));
    }

    #[test]
    fn what_an_encoding_does_not_have_is_named_and_not_swapped_for_another() {
        for (encoding, text, foreign) in
            [(WINDOWS_1252, "a→", "`→`"), (SHIFT_JIS, "5 ¥", "`¥`"), (SHIFT_JIS, "é", "`é`")]
        {
            let error = encode("test", text, encoding).err().map(|e| e.message).unwrap_or_default();
            assert!(error.ends_with(&format!("which has no {foreign}")), "{error}");
        }
    }
}
