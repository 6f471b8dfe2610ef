//! Text in the bytes of a file: its encoding, its pieces, its lines.

use std::borrow::Cow;

use chardetng::{EncodingDetector, Iso2022JpDetection, Utf8Detection};
use encoding_rs::{Encoding, UTF_8, UTF_16BE, UTF_16LE};

/// Says in what encoding the beginning of a file is text; nothing if it is none. `whole` if it is the whole file.
///
/// A mark at its start decides; else UTF-8 if it can be that; else what a detector takes it for.
pub(crate) fn detect(head: &[u8], whole: bool) -> Option<&'static Encoding> {
    // UTF-32, whose mark begins like that of UTF-16: nothing here reads it.
    if head.starts_with(&[0xFF, 0xFE, 0, 0]) {
        return None;
    }
    if let Some((encoding, _)) = Encoding::for_bom(head) {
        return Some(encoding);
    }
    if head.contains(&0) {
        return wide(head);
    }
    // What is no character of a text: few control characters are in use.
    let odd = head.iter().filter(|b| **b < 0x20 && !matches!(b, b'\t' | b'\n' | b'\r' | 0x0c | 0x08 | 0x1b)).count();
    if odd * 100 > head.len() {
        return None;
    }
    match std::str::from_utf8(head) {
        Ok(_) => return Some(UTF_8),
        Err(e) if !whole && e.error_len().is_none() => return Some(UTF_8),
        Err(_) => {}
    }
    let mut detector = EncodingDetector::new(Iso2022JpDetection::Deny);
    detector.feed(head, whole);
    let encoding = detector.guess(None, Utf8Detection::Deny);
    let (_, malformed) = encoding.decode_without_bom_handling(head);
    if malformed && whole { None } else { Some(encoding) }
}

/// Finds UTF-16 without a mark: every other byte of a western text is zero.
fn wide(head: &[u8]) -> Option<&'static Encoding> {
    let zeros = |from: usize| head.iter().skip(from).step_by(2).filter(|b| **b == 0).count();
    let (high, low) = (zeros(0), zeros(1));
    let half = head.len() / 2;
    let encoding = match half {
        0..=1 => return None,
        _ if low * 10 >= half * 7 && high == 0 => UTF_16LE,
        _ if high * 10 >= half * 7 && low == 0 => UTF_16BE,
        _ => return None,
    };
    let (text, malformed) = encoding.decode_without_bom_handling(&head[..half * 2]);
    let plain = |c: char| !c.is_control() || matches!(c, '\t' | '\n' | '\r' | '\u{c}');
    (!malformed && text.chars().all(plain)).then_some(encoding)
}

/// A piece of a file as text.
pub(crate) struct Decoded<'a> {
    pub(crate) text: Cow<'a, str>,
    /// How many of its bytes are in the text; the rest belongs to a character that goes on in the next piece.
    pub(crate) used: usize,
    /// Whether there were bytes that are no character, which the text shows as `�`.
    pub(crate) lossy: bool,
}

/// Decodes a piece; `first` at the start of the file, `last` at its end.
pub(crate) fn decode<'a>(bytes: &'a [u8], encoding: &'static Encoding, first: bool, last: bool) -> Decoded<'a> {
    let used = if last { bytes.len() } else { whole_characters(bytes, encoding) };
    let marked = if first { Encoding::for_bom(bytes).map_or(0, |(_, length)| length) } else { 0 };
    let (text, lossy) = encoding.decode_without_bom_handling(&bytes[marked.min(used)..used]);
    Decoded { text, used, lossy }
}

/// Gives how many bytes are whole characters.
fn whole_characters(bytes: &[u8], encoding: &'static Encoding) -> usize {
    let length = bytes.len();
    if encoding == UTF_8 {
        // Only the last few bytes can belong to a character that is cut.
        let from = length.saturating_sub(4);
        let start = (from..length).rev().find(|i| bytes[*i] & 0xC0 != 0x80);
        return match start {
            Some(at) => match std::str::from_utf8(&bytes[at..]) {
                Err(e) if e.error_len().is_none() && at > 0 => at,
                _ => length,
            },
            None => length,
        };
    }
    if encoding == UTF_16LE || encoding == UTF_16BE {
        let even = length & !1;
        let last = even.checked_sub(2).and_then(|at| bytes.get(at..even)?.try_into().ok());
        let unit =
            last.map_or(
                0,
                |pair: [u8; 2]| {
                    if encoding == UTF_16LE { u16::from_le_bytes(pair) } else { u16::from_be_bytes(pair) }
                },
            );
        return if (0xD800..0xDC00).contains(&unit) && even > 2 { even - 2 } else { even };
    }
    if encoding.is_single_byte() {
        return length;
    }
    // No second byte of the others is a line feed.
    bytes.iter().rposition(|b| *b == b'\n').map_or(length, |at| at + 1)
}

/// Gives the bytes that end a line.
pub(crate) fn line_feed(encoding: &'static Encoding) -> &'static [u8] {
    if encoding == UTF_16LE {
        b"\n\0"
    } else if encoding == UTF_16BE {
        b"\0\n"
    } else {
        b"\n"
    }
}

/// Cuts lines that are longer than `most` characters, and says how many there were.
pub(crate) fn cut_lines(text: &str, most: usize) -> (Cow<'_, str>, usize) {
    let long = |line: &str| line.len() > most && line.chars().nth(most).is_some();
    if !text.split('\n').any(long) {
        return (Cow::Borrowed(text), 0);
    }
    let mut out = String::with_capacity(text.len().min(64 * 1024));
    let mut cut = 0;
    for (index, line) in text.split('\n').enumerate() {
        if index > 0 {
            out.push('\n');
        }
        match line.char_indices().nth(most).filter(|_| long(line)) {
            Some((at, _)) => {
                cut += 1;
                out.push_str(&line[..at]);
                out.push_str(&format!("… [{} more characters]", line[at..].chars().count()));
            }
            None => out.push_str(line),
        }
    }
    (Cow::Owned(out), cut)
}
