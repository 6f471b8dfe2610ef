//! A photo and a PDF, made here.

use exif::{Field, In, Rational, Tag, Value, experimental::Writer};
use lopdf::{Document, Object, StringFormat, dictionary};

/// Makes a JPEG that holds nothing but what it says of itself.
pub(crate) fn photo() -> Vec<u8> {
    let text = |t: &str| Value::Ascii(vec![t.as_bytes().to_vec()]);
    let degrees = |d: u32, m: u32, s: u32| {
        let part = |num, denom| Rational { num, denom };
        Value::Rational(vec![part(d, 1), part(m, 1), part(s, 1_000)])
    };
    let fields = [
        (Tag::Make, text("Acme")),
        (Tag::Model, text("X-1")),
        (Tag::Orientation, Value::Short(vec![6])),
        (Tag::DateTimeOriginal, text("2024:05:17 18:03:22")),
        (Tag::OffsetTimeOriginal, text("+02:00")),
        (Tag::PixelXDimension, Value::Long(vec![4000])),
        (Tag::PixelYDimension, Value::Long(vec![3000])),
        (Tag::GPSLatitudeRef, text("N")),
        (Tag::GPSLatitude, degrees(52, 31, 12_029)),
        (Tag::GPSLongitudeRef, text("W")),
        (Tag::GPSLongitude, degrees(13, 24, 17_834)),
    ]
    .map(|(tag, value)| Field { tag, ifd_num: In::PRIMARY, value });
    let mut writer = Writer::new();
    fields.iter().for_each(|f| writer.push_field(f));
    let mut exif = std::io::Cursor::new(Vec::new());
    writer.write(&mut exif, false).unwrap();
    let body = [b"Exif\0\0".as_slice(), exif.get_ref()].concat();
    let length = u16::try_from(body.len() + 2).unwrap().to_be_bytes();
    [&[0xff, 0xd8, 0xff, 0xe1], length.as_slice(), &body, &[0xff, 0xd9]].concat()
}

/// Makes a PDF of two empty pages.
pub(crate) fn paper() -> Vec<u8> {
    let mut paper = Document::with_version("1.5");
    let pages = paper.new_object_id();
    let kids: Vec<Object> = (0..2)
        .map(|_| paper.add_object(dictionary! { "Type" => "Page", "Parent" => pages, "MediaBox" => vec![0.into(), 0.into(), 9.into(), 9.into()] }).into())
        .collect();
    paper.objects.insert(pages, dictionary! { "Type" => "Pages", "Count" => 2, "Kids" => kids }.into());
    let catalog = paper.add_object(dictionary! { "Type" => "Catalog", "Pages" => pages });
    let title: Vec<u8> = [0xfeff_u16].into_iter().chain("Größe".encode_utf16()).flat_map(u16::to_be_bytes).collect();
    let text = |t: &[u8]| Object::String(t.to_vec(), StringFormat::Literal);
    let info = dictionary! { "Title" => text(&title), "Author" => text(b"A. Body"), "CreationDate" => text(b"D:20230102030405+01'00'") };
    let info = paper.add_object(info);
    paper.trailer.set("Root", catalog);
    paper.trailer.set("Info", info);
    let mut bytes = Vec::new();
    paper.save_to(&mut bytes).unwrap();
    bytes
}
