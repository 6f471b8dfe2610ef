//! What photos and PDF files say of themselves. Their bytes can be anybody's: what is read of them is bounded.

use std::{
    io::{BufReader, Read, Seek},
    sync::{Mutex, PoisonError},
};

use cowork_core::{CancellationToken, OpenFile, Result};
use exif::{Exif, In, Tag, Value as Field};
use serde_json::{Map, Value, json};

use crate::{hash_each::fill, show::stopped, source::Source};

/// So much of a photo is read to find what it says of itself.
const PHOTO: u64 = 4 * 1024 * 1024;
/// A PDF is read whole; a larger one is not.
const PDF: u64 = 64 * 1024 * 1024;
/// A text in a file is given so far, in characters.
const LONGEST: usize = 500;

/// Reads what a file says of itself; empty if it says nothing. A PDF is held in memory meanwhile: one at a time, of all that
/// share the `turn`.
///
/// # Errors
/// `Cancelled`, `Unavailable`; what is wrong in the file itself only makes that there is less.
pub(crate) fn of(file: &dyn OpenFile, mime: &str, stop: &CancellationToken, turn: &Mutex<()>) -> Result<Value> {
    match mime {
        "image/jpeg"
        | "image/tiff"
        | "image/heif"
        | "image/heic"
        | "image/avif"
        | "image/png"
        | "image/webp"
        | "image/x-canon-cr2"
        | "image/vnd.adobe.photoshop" => Ok(photo(Source::first(file, PHOTO))),
        "application/pdf" => pdf_file(file, stop, turn),
        _ => Ok(json!({})),
    }
}

/// Reads the EXIF data of a photo.
pub(crate) fn photo(from: impl Read + Seek) -> Value {
    let mut reader = exif::Reader::new();
    let read = reader.continue_on_error(true).read_from_container(&mut BufReader::new(from));
    match read.or_else(|e| e.distill_partial_result(|_| {})) {
        Ok(exif) => taken(&exif),
        Err(_) => json!({}),
    }
}

fn taken(exif: &Exif) -> Value {
    let mut out = Map::new();
    let mut put = |name: &str, value: Option<Value>| {
        if let Some(value) = value {
            out.insert(name.to_owned(), value);
        }
    };
    let when = [Tag::DateTimeOriginal, Tag::DateTimeDigitized, Tag::DateTime].into_iter().find_map(|t| date(exif, t));
    put("taken", when.map(Value::from));
    put("offset", text(exif, Tag::OffsetTimeOriginal).filter(|o| o.len() == 6).map(Value::from));
    let make = text(exif, Tag::Make).unwrap_or_default();
    let model = text(exif, Tag::Model).unwrap_or_default();
    let camera = if model.starts_with(&make) { model } else { format!("{make} {model}") };
    put("camera", (!camera.trim().is_empty()).then(|| json!(camera.trim())));
    put("width", number(exif, Tag::PixelXDimension).or_else(|| number(exif, Tag::ImageWidth)).map(Value::from));
    put("height", number(exif, Tag::PixelYDimension).or_else(|| number(exif, Tag::ImageLength)).map(Value::from));
    put("orientation", number(exif, Tag::Orientation).map(Value::from));
    put("latitude", degrees(exif, Tag::GPSLatitude, Tag::GPSLatitudeRef, "S", 90.0));
    put("longitude", degrees(exif, Tag::GPSLongitude, Tag::GPSLongitudeRef, "W", 180.0));
    put("description", text(exif, Tag::ImageDescription).filter(|d| !d.is_empty()).map(Value::from));
    Value::Object(out)
}

fn text(exif: &Exif, tag: Tag) -> Option<String> {
    match &exif.get_field(tag, In::PRIMARY)?.value {
        Field::Ascii(lines) => lines.first().map(|line| clean(&String::from_utf8_lossy(line))),
        _ => None,
    }
}

fn number(exif: &Exif, tag: Tag) -> Option<u32> {
    exif.get_field(tag, In::PRIMARY)?.value.get_uint(0)
}

/// Gives a moment as `2024-05-17T18:03:22`, without a zone, which cameras seldom know.
fn date(exif: &Exif, tag: Tag) -> Option<String> {
    let Field::Ascii(lines) = &exif.get_field(tag, In::PRIMARY)?.value else { return None };
    let at = exif::DateTime::from_ascii(lines.first()?).ok()?;
    let (year, month, day) = (i16::try_from(at.year).ok()?, i8::try_from(at.month).ok()?, i8::try_from(at.day).ok()?);
    let (hour, minute, second) =
        (i8::try_from(at.hour).ok()?, i8::try_from(at.minute).ok()?, i8::try_from(at.second).ok()?);
    let at = jiff::civil::DateTime::new(year, month, day, hour, minute, second, 0).ok()?;
    (year > 0).then(|| at.to_string())
}

fn degrees(exif: &Exif, tag: Tag, side: Tag, negative: &str, most: f64) -> Option<Value> {
    let Field::Rational(parts) = &exif.get_field(tag, In::PRIMARY)?.value else { return None };
    let [degrees, minutes, seconds] = parts.get(..3)? else { return None };
    let whole = degrees.to_f64() + minutes.to_f64() / 60.0 + seconds.to_f64() / 3600.0;
    let whole = if text(exif, side)?.eq_ignore_ascii_case(negative) { -whole } else { whole };
    // Six digits are a decimetre.
    (whole.is_finite() && whole.abs() <= most).then(|| json!((whole * 1e6).round() / 1e6))
}

fn pdf_file(file: &dyn OpenFile, stop: &CancellationToken, turn: &Mutex<()>) -> Result<Value> {
    let size = file.entry().size;
    if size > PDF {
        return Ok(json!({ "note": "too large to look into: more than 64 MiB" }));
    }
    let _one = turn.lock().unwrap_or_else(PoisonError::into_inner);
    if stop.is_cancelled() {
        return Err(stopped("look at files"));
    }
    let mut bytes = vec![0; usize::try_from(size).unwrap_or(0)];
    let length = fill(file, &mut bytes, 0)?;
    Ok(pdf(&bytes[..length]))
}

/// Reads what a PDF says of itself.
pub(crate) fn pdf(bytes: &[u8]) -> Value {
    // The parser is another's, and what it is given may be made to break it.
    let read = std::panic::catch_unwind(|| lopdf::Document::load_metadata_mem(bytes));
    let Ok(Ok(found)) = read else { return json!({ "note": "it is damaged or locked" }) };
    let mut out = Map::new();
    let texts =
        [("title", &found.title), ("author", &found.author), ("subject", &found.subject), ("creator", &found.creator)];
    for (name, text) in texts {
        if let Some(text) = text.as_deref().map(clean).filter(|t| !t.is_empty()) {
            out.insert(name.to_owned(), json!(text));
        }
    }
    for (name, date) in [("created", &found.creation_date), ("changed", &found.modification_date)] {
        if let Some(date) = date.as_deref().and_then(pdf_date) {
            out.insert(name.to_owned(), json!(date));
        }
    }
    out.insert("pages".to_owned(), json!(found.page_count));
    Value::Object(out)
}

/// Reads a date such as `D:20240517180322+02'00'`; what is left out at its end is the beginning of the year, month or day.
fn pdf_date(text: &str) -> Option<String> {
    let text = text.trim().strip_prefix("D:").unwrap_or(text.trim());
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let part = |from: usize, to: usize, default: i16| {
        if digits < to { Some(default) } else { text.get(from..to)?.parse::<i16>().ok() }
    };
    let small = |from: usize, default: i16| part(from, from + 2, default).and_then(|n| i8::try_from(n).ok());
    if digits < 4 {
        return None;
    }
    let at = jiff::civil::DateTime::new(
        part(0, 4, 1)?,
        small(4, 1)?,
        small(6, 1)?,
        small(8, 0)?,
        small(10, 0)?,
        small(12, 0)?,
        0,
    );
    let zone = text.get(digits..).unwrap_or_default().replace('\'', "");
    let zone = match zone.as_bytes() {
        [b'Z', ..] => "Z".to_owned(),
        [sign @ (b'+' | b'-'), rest @ ..] if rest.iter().all(u8::is_ascii_digit) && matches!(rest.len(), 2 | 4) => {
            let minutes = zone.get(3..).filter(|m| !m.is_empty()).unwrap_or("00");
            format!("{}{}:{minutes}", char::from(*sign), &zone[1..3])
        }
        _ => String::new(),
    };
    Some(format!("{}{zone}", at.ok()?))
}

/// Makes a text of a file fit to be given on: of bounded length, without control characters.
fn clean(text: &str) -> String {
    let plain = text.chars().map(|c| if c.is_control() { ' ' } else { c });
    plain.take(LONGEST).collect::<String>().trim().to_owned()
}
