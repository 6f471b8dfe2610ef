//! A whole file of text as UTF-8, piece by piece: its encoding found over all of it, its mark taken off.

use chardetng::{EncodingDetector, Iso2022JpDetection, Utf8Detection};
use cowork_core::{OpenFile, Result, Watch};
use encoding_rs::{Decoder, Encoding, UTF_8};

use crate::{look_type::HEAD, show::stopped, transcode::encoding_of};

/// So much is read at a time.
const CHUNK: usize = 256 * 1024;

/// Finds the encoding of a text; nothing if the file is none. One that begins as UTF-8 is looked through to its end.
///
/// # Errors
/// `Cancelled`, and what reading runs into.
pub(crate) fn encoding_of_all(op: &str, file: &dyn OpenFile, watch: &Watch) -> Result<Option<&'static Encoding>> {
    let mut block = vec![0; chunk(file)];
    let (mut at, mut kept) = (0_u64, 0);
    let mut found = None;
    loop {
        if watch.cancel.is_cancelled() {
            return Err(stopped(op));
        }
        let got = file.read_at(&mut block[kept..], at)?;
        let filled = kept + got;
        if at == 0 {
            let head = &block[..filled.min(HEAD)];
            found = encoding_of(head, got == 0 || file.entry().size <= head.len() as u64);
            if found != Some(UTF_8) || Encoding::for_bom(head).is_some() {
                return Ok(found);
            }
        }
        at += got as u64;
        match std::str::from_utf8(&block[..filled]) {
            Ok(_) => kept = 0,
            Err(e) if e.error_len().is_none() && got > 0 => {
                block.copy_within(e.valid_up_to()..filled, 0);
                kept = filled - e.valid_up_to();
            }
            Err(_) => {
                let mut detector = EncodingDetector::new(Iso2022JpDetection::Deny);
                detector.feed(&block[..filled], got == 0);
                return Ok(Some(detector.guess(None, Utf8Detection::Deny)));
            }
        }
        if got == 0 {
            return Ok(found);
        }
    }
}

/// A text as it is read from its start.
pub(crate) struct WholeText<'a> {
    from: From<'a>,
    decoder: Option<Decoder>,
    chunk: usize,
    watch: &'a Watch,
    op: &'static str,
}

enum From<'a> {
    File { file: &'a dyn OpenFile, at: u64, ended: bool },
    Bytes(&'a [u8]),
}

impl<'a> WholeText<'a> {
    /// Reads a file in this encoding.
    pub(crate) fn new(op: &'static str, file: &'a dyn OpenFile, encoding: &'static Encoding, watch: &'a Watch) -> Self {
        let from = From::File { file, at: 0, ended: false };
        let decoder = (encoding != UTF_8).then(|| encoding.new_decoder_with_bom_removal());
        Self { from, decoder, chunk: chunk(file), watch, op }
    }

    /// Reads what is UTF-8 already.
    pub(crate) fn of(bytes: &'a [u8], watch: &'a Watch) -> Self {
        Self { from: From::Bytes(bytes), decoder: None, chunk: CHUNK, watch, op: "read" }
    }

    /// Adds the next piece; false if there is none.
    ///
    /// # Errors
    /// `Cancelled`, and what reading runs into.
    pub(crate) fn more(&mut self, to: &mut Vec<u8>) -> Result<bool> {
        if self.watch.cancel.is_cancelled() {
            return Err(stopped(self.op));
        }
        let (file, at, ended) = match &mut self.from {
            From::Bytes(bytes) => {
                to.extend_from_slice(bytes);
                return Ok(!std::mem::take(bytes).is_empty());
            }
            From::File { ended: true, .. } => return Ok(false),
            From::File { file, at, ended } => (file, at, ended),
        };
        let first = *at == 0;
        let Some(decoder) = &mut self.decoder else {
            let before = to.len();
            to.resize(before + self.chunk, 0);
            let got = file.read_at(&mut to[before..], *at)?;
            to.truncate(before + got);
            *at += got as u64;
            *ended = got == 0;
            if first && to[before..].starts_with(&[0xEF, 0xBB, 0xBF]) {
                to.drain(before..before + 3);
            }
            return Ok(got > 0);
        };
        let mut raw = vec![0; self.chunk];
        let got = file.read_at(&mut raw, *at)?;
        *at += got as u64;
        *ended = got == 0;
        let room = decoder.max_utf8_buffer_length(got).unwrap_or(got * 4 + 16);
        let before = to.len();
        to.resize(before + room, 0);
        let (_, _, written, _) = decoder.decode_to_utf8(&raw[..got], &mut to[before..], *ended);
        to.truncate(before + written);
        Ok(!*ended || written > 0)
    }

    /// Gives the whole of it; nothing if it is longer than `most` bytes.
    ///
    /// # Errors
    /// As [`WholeText::more`].
    pub(crate) fn all(mut self, most: usize) -> Result<Option<String>> {
        let mut text = Vec::new();
        while self.more(&mut text)? {
            if text.len() > most {
                return Ok(None);
            }
        }
        Ok(Some(String::from_utf8(text).unwrap_or_else(|e| String::from_utf8_lossy(e.as_bytes()).into_owned())))
    }
}

/// Gives how much of a file is read at a time: no more than it has, for there may be many small ones.
fn chunk(file: &dyn OpenFile) -> usize {
    usize::try_from(file.entry().size).unwrap_or(CHUNK).saturating_add(16).clamp(1024, CHUNK)
}
