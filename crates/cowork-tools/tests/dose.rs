//! A fixed dose of damaged files: whatever is in them, reading them ends soon and breaks nothing.

#![allow(clippy::unwrap_used, reason = "a story that goes wrong ends")]

mod samples;

use std::{
    io::Write,
    time::{Duration, Instant},
};

use cowork_core::Runtime;
use cowork_testkit::TestRuntime;
use cowork_tools::fuzzed;

/// Damages a sample in one of a few ways.
fn damaged(sample: &[u8], chance: u128) -> Vec<u8> {
    let mut bytes = sample.to_vec();
    let at = |shift: u32, below: usize| usize::try_from(chance >> shift & 0xffff_ffff).unwrap() % below.max(1);
    for round in 0..=at(0, 4) {
        let shift = 8 + 20 * u32::try_from(round).unwrap();
        let place = at(shift, bytes.len());
        match at(shift + 5, 6) {
            0 => bytes.truncate(place),
            1 => bytes.insert(place, 0xff),
            2 => bytes.extend_from_slice(&sample[..place.min(sample.len())]),
            3 if !bytes.is_empty() => bytes[place] ^= 1 << at(shift + 9, 8),
            4 if !bytes.is_empty() => bytes[place] = 0,
            _ => {
                // A number is made larger: lengths, counts, offsets.
                if let Some(digit) = bytes.iter_mut().skip(place).find(|b| b.is_ascii_digit()) {
                    *digit = b'9';
                }
            }
        }
    }
    bytes
}

#[test]
fn damaged_photos_papers_and_texts_are_read_as_far_as_they_go() {
    let runtime = TestRuntime::seeded(20_240_517);
    let text = "größer € 日本\r\n".repeat(40).into_bytes();
    let wide: Vec<u8> =
        [0xfeff_u16].into_iter().chain("größer\n".repeat(40).encode_utf16()).flat_map(u16::to_le_bytes).collect();
    let tiff = samples::photo()[12..].to_vec();
    let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for name in ["word/document.xml", "content.xml", "xl/worksheets/sheet1.xml", "ppt/slides/slide1.xml"] {
        let stored = zip::write::SimpleFileOptions::default().compression_method(zip::CompressionMethod::Stored);
        zip.start_file(name, stored).unwrap();
        zip.write_all(b"<x><p><t>said &amp; done</t></p><row><c t='s'><v>0</v></c></row></x>").unwrap();
    }
    let document = zip.finish().unwrap().into_inner();
    assert!(fuzzed::documents(&document) > 30);
    for sample in [samples::photo(), tiff, samples::paper(), text, wide, document] {
        for _ in 0..400 {
            let bytes = damaged(&sample, runtime.entropy());
            let began = Instant::now();
            fuzzed::metadata(&bytes);
            fuzzed::text(&bytes);
            fuzzed::documents(&bytes);
            assert!(began.elapsed() < Duration::from_secs(10), "a small file takes no time: {bytes:?}");
        }
    }
}
