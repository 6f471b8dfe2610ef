//! Looking for words in documents that are no text themselves, and saying what was not looked into.

#![allow(
    clippy::unwrap_used,
    clippy::needless_pass_by_value,
    reason = "a story that goes wrong ends; `json!` is passed on"
)]

use std::{
    io::{Cursor, Write},
    sync::Arc,
    time::{Duration, Instant},
};

use cowork_testkit::{MemorySession, Node, TestRuntime, tool::context};
use serde_json::{Value, json};
use zip::{ZipWriter, write::SimpleFileOptions};

async fn find(files: &[(&str, Vec<u8>)], more: Value) -> Value {
    let nodes: Vec<(String, Node)> =
        files.iter().map(|(name, bytes)| (format!("D/{name}"), Node::File(bytes.clone()))).collect();
    let nodes: Vec<(&str, Node)> = nodes.iter().map(|(path, node)| (path.as_str(), node.clone())).collect();
    let memory: Arc<MemorySession> = MemorySession::new(&nodes);
    let mut args = json!({ "folder": "D" });
    args.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    let tool = cowork_tools::builtin().into_iter().find(|t| t.spec().name == "find_text").unwrap();
    tool.effects(&args).unwrap();
    tool.run(args, context(Some(memory), TestRuntime::new())).await.unwrap().value
}

/// The hits in one line each: name, page or line, text.
fn told(found: &Value) -> Vec<String> {
    let hits = found["hits"].as_array().unwrap().iter();
    hits.map(|hit| {
        let place = hit["place"].as_str().map_or_else(|| hit["line"].to_string(), str::to_owned);
        let name = hit["path"].as_str().unwrap().trim_start_matches("D/");
        format!("{name} | {place} | {}", hit["text"].as_str().unwrap_or_default())
    })
    .collect()
}

fn packed(parts: &[(&str, &str)]) -> Vec<u8> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, text) in parts {
        zip.start_file(*name, SimpleFileOptions::default()).unwrap();
        zip.write_all(text.as_bytes()).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

fn word(body: &str) -> Vec<u8> {
    let head = r#"<?xml version="1.0" encoding="UTF-8"?><w:document xmlns:w="urn:w"><w:body>"#;
    packed(&[
        ("[Content_Types].xml", "<Types/>"),
        ("word/document.xml", &format!("{head}{body}</w:body></w:document>")),
    ])
}

/// A PDF with such lines on its pages.
fn pdf(pages: &[&[&str]]) -> Vec<u8> {
    let escape = |line: &str| -> String {
        let one = |c: char| if c.is_ascii() { c.to_string() } else { format!("\\{:03o}", c as u32) };
        line.chars().map(one).collect()
    };
    let kids: Vec<String> = (0..pages.len()).map(|n| format!("{} 0 R", 4 + n * 2)).collect();
    let mut objects = vec![
        "<< /Type /Catalog /Pages 2 0 R >>".to_owned(),
        format!("<< /Type /Pages /Kids [{}] /Count {} >>", kids.join(" "), pages.len()),
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>".to_owned(),
    ];
    for (n, lines) in pages.iter().enumerate() {
        let drawn: Vec<String> = lines.iter().map(|l| format!("({}) Tj 0 -14 Td", escape(l))).collect();
        let content = if lines.is_empty() {
            "0 0 100 100 re f".to_owned()
        } else {
            format!("BT /F1 12 Tf 72 720 Td {} ET", drawn.join(" "))
        };
        let parts = "/Resources << /Font << /F1 3 0 R >> >> /MediaBox [0 0 595 842]";
        objects.push(format!("<< /Type /Page /Parent 2 0 R /Contents {} 0 R {parts} >>", 5 + n * 2));
        objects.push(format!("<< /Length {} >>\nstream\n{content}\nendstream", content.len()));
    }
    let mut out = "%PDF-1.5\n".to_owned();
    let mut places = Vec::new();
    for (n, object) in objects.iter().enumerate() {
        places.push(out.len());
        out.push_str(&format!("{} 0 obj\n{object}\nendobj\n", n + 1));
    }
    let begin = out.len();
    out.push_str(&format!("xref\n0 {}\n0000000000 65535 f \n", places.len() + 1));
    places.iter().for_each(|at| out.push_str(&format!("{at:010} 00000 n \n")));
    out.push_str(&format!("trailer\n<< /Size {} /Root 1 0 R >>\nstartxref\n{begin}\n%%EOF\n", places.len() + 1));
    out.into_bytes()
}

#[tokio::test]
async fn a_word_is_found_in_documents_of_every_kind() {
    let slide =
        |text: &str| format!("<p:sld xmlns:a='urn:a' xmlns:p='urn:p'><a:p><a:r><a:t>{text}</a:t></a:r></a:p></p:sld>");
    let sheet = "<worksheet><sheetData><row><c t='s'><v>1</v></c><c><v>1250</v></c></row>\
        <row><c t='inlineStr'><is><t>no such word</t></is></c></row></sheetData></worksheet>";
    let shared = "<sst><si/><si><r><t>The con</t></r><r><t>tract</t></r></si></sst>";
    let files = [
        (
            "a.docx",
            word(
                "<w:p><w:r><w:t>First</w:t></w:r></w:p><w:p><w:r><w:t>A con</w:t></w:r><w:r><w:t>tract with M&#252;ller &amp; Co</w:t></w:r></w:p>",
            ),
        ),
        (
            "b.odt",
            packed(&[(
                "content.xml",
                "<office:text xmlns:text='urn:t'><text:p>Our <text:span>Contract</text:span><text:s/>ends</text:p></office:text>",
            )]),
        ),
        (
            "c.pptx",
            packed(&[
                ("ppt/slides/slide10.xml", &slide("contract ten")),
                ("ppt/slides/slide2.xml", &slide("contract two")),
            ]),
        ),
        ("d.xlsx", packed(&[("xl/worksheets/sheet1.xml", sheet), ("xl/sharedStrings.xml", shared)])),
        ("e.pdf", pdf(&[&["Nothing here"], &["The contract", "with Müller ends"]])),
        ("f.txt", b"a contract".to_vec()),
    ];
    let found = find(&files, json!({ "query": "contract" })).await;
    assert_eq!(
        told(&found),
        [
            "a.docx | 2 | A contract with Müller & Co",
            "b.odt | 1 | Our Contract ends",
            "c.pptx | slide 2 | contract two",
            "c.pptx | slide 10 | contract ten",
            "d.xlsx | sheet 1 | The contract 1250",
            "e.pdf | page 2 | The contract",
            "f.txt | 1 | a contract",
        ]
    );
    assert_eq!((&found["skipped"], &found["searched"], &found["matched"]), (&json!({}), &json!(6), &json!(6)));
    let plain = find(&files, json!({ "query": "contract", "documents": false, "files": "*.{docx,xlsx,txt}" })).await;
    assert_eq!((told(&plain), &plain["skipped"]), (vec!["f.txt | 1 | a contract".to_owned()], &json!({ "binary": 2 })));
}

#[tokio::test]
async fn words_may_stand_in_any_order_in_names_and_texts_and_those_in_quotes_together() {
    let text = |text: &str| text.as_bytes().to_vec();
    let files = [
        ("Müller contract 2024.txt", text("nothing")),
        ("Contract.docx", word("<w:p><w:t>We, the firm</w:t></w:p><w:p><w:t>Müller GmbH</w:t></w:p>")),
        ("a.md", text("one contract\nsigned by Müller as a contract\n\nMüller")),
        ("b.md", text("a contract\nwith Schmidt")),
        ("c.pdf", pdf(&[&["Müller"], &["the contract"]])),
    ];
    let found = find(&files, json!({ "query": "contract with Müller", "words": true })).await;
    assert_eq!(
        told(&found),
        [
            "Müller contract 2024.txt | null | ",
            "Contract.docx | 2 | Müller GmbH",
            "a.md | 2 | signed by Müller as a contract",
            "c.pdf | page 1 | Müller",
            "c.pdf | page 2 | the contract",
        ]
    );
    let found = find(&files, json!({ "query": "\"contract with Müller\"", "words": true })).await;
    assert_eq!(told(&found), [""; 0]);
    let found = find(&files, json!({ "query": "\"the contract\" Müller", "words": true, "give": "files" })).await;
    assert_eq!(found["hits"], json!([{ "path": "D/c.pdf" }]));
    let found = find(&files, json!({ "query": "contract Müller", "words": true, "give": "counts" })).await;
    assert_eq!(found["hits"][2], json!({ "path": "D/a.md", "lines": 1 }), "{found}");
}

#[tokio::test]
async fn what_is_not_looked_into_is_told_by_its_kind() {
    let files = [
        ("scan.pdf", pdf(&[&[], &[]])),
        ("broken.pdf", b"%PDF-1.4\nneedle, but no PDF".to_vec()),
        ("broken.docx", b"PK\x03\x04 needle".to_vec()),
        ("called so.docx", b"a needle in plain text".to_vec()),
        ("photo.jpg", b"\xff\xd8\0needle".to_vec()),
        ("old.doc", b"\xd0\xcf\x11\xe0\0needle".to_vec()),
    ];
    let found = find(&files, json!({ "query": "needle" })).await;
    assert_eq!(told(&found), ["called so.docx | 1 | a needle in plain text"]);
    assert_eq!(found["skipped"], json!({ "no_text": 1, "damaged": 2, "binary": 2 }));
    assert_eq!(found["not_text"], json!({ "Images": 1, "Documents": 1 }));
}

#[tokio::test]
async fn documents_that_lie_cost_little_and_break_nothing() {
    let good = pdf(&[&["needle"], &["another needle"]]);
    let mut files: Vec<(String, Vec<u8>)> = Vec::new();
    let mut chance: u64 = 7;
    for n in 0..300 {
        let mut bytes = good.clone();
        for _ in 0..=(n % 12) {
            chance = chance.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let at = 9 + (chance >> 33) as usize % (bytes.len() - 9);
            bytes[at] = (chance >> 20) as u8;
        }
        files.push((format!("{n}.pdf"), bytes));
    }
    for cut in (20..good.len()).step_by(37) {
        files.push((format!("cut {cut}.pdf"), good[..cut].to_vec()));
    }
    let text = String::from_utf8(good).unwrap();
    let cycle = text.replace("/Kids [4 0 R 6 0 R]", "/Kids [2 0 R 2 0 R]");
    files.push(("cycle.pdf".to_owned(), cycle.into_bytes()));
    let deep = text.replace("(needle) Tj", &format!("{} Tj", "[".repeat(100_000)));
    files.push(("deep.pdf".to_owned(), deep.into_bytes()));
    let long = "needle ".repeat(6_000_000);
    files.push(("bomb.docx".to_owned(), word(&format!("<w:p><w:t>{long}</w:t></w:p>"))));
    let files: Vec<(&str, Vec<u8>)> = files.iter().map(|(name, bytes)| (name.as_str(), bytes.clone())).collect();
    let began = Instant::now();
    let found = find(&files, json!({ "query": "needle", "give": "files" })).await;
    assert!(began.elapsed() < Duration::from_secs(60), "{:?}", began.elapsed());
    assert_eq!(found["skipped"]["large"], 1, "{}", found["skipped"]);
    assert!(found["matched"].as_u64().unwrap() > 100, "what is only scratched is read: {}", found["skipped"]);
}
