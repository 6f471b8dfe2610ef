//! Every trait has its page: what it is, its promises, cancellation, errors, an example that runs, and its suite.

#![allow(clippy::disallowed_methods, clippy::unwrap_used, reason = "a test that reads the sources")]

use std::{fs, path::Path};

/// Traits that nobody implements but whoever implements the one named beside them, as a part of it: its page says what they
/// promise together, and its suite checks it.
const PARTS: [(&str, &str); 6] = [
    ("Arrivals", "Files"),
    ("OpenFile", "Reader"),
    ("Part", "Visitor"),
    ("Process", "Session"),
    ("Reader", "Visitor"),
    // Whatever is `io::Write` and `io::Seek`.
    ("Sink", "Make"),
];

#[test]
fn every_trait_has_its_page_and_its_suite() {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut traits = Vec::new();
    find(&here.join("src"), &mut traits);
    traits.sort();
    let parts: Vec<_> = traits.extract_if(.., |(name, _)| PARTS.iter().any(|(part, _)| part == name)).collect();
    assert_eq!(parts.len(), PARTS.len());
    for ((name, page), (_, whole)) in parts.iter().zip(PARTS) {
        assert!(page.contains(whole), "the page of {name} does not lead to {whole}:\n{page}");
    }
    let names: Vec<&str> = traits.iter().map(|(name, _)| name.as_str()).collect();
    let expected = [
        "Approver",
        "Blobs",
        "Files",
        "Make",
        "Model",
        "Planner",
        "Policy",
        "Probe",
        "Runtime",
        "Sandbox",
        "Session",
        "Store",
        "Tool",
        "TypedTool",
        "Visitor",
    ];
    assert_eq!(names, expected, "a new trait needs its page, its suite and its place in this list");
    for (name, page) in &traits {
        for part in ["\n- ", "Cancellation", "rrors: ", "Suite: ", "\n```\n"] {
            assert!(page.contains(part), "the page of {name} lacks a part: {part:?}\n{page}");
        }
        assert!(has_suite(here, page) || name == "Probe", "the suite that the page of {name} names is not there");
    }
}

/// Says whether the page names a suite of the testkit that is there.
fn has_suite(here: &Path, page: &str) -> bool {
    let Some((_, rest)) = page.split_once("`cowork_testkit::") else { return false };
    let Some((module, _)) = rest.split_once("::suite!`") else { return false };
    let file = here.join(format!("../cowork-testkit/src/{module}.rs"));
    fs::read_to_string(file).is_ok_and(|source| source.contains(" as suite;"))
}

/// Finds the public traits in a folder of sources, each with its doc comment.
fn find(folder: &Path, traits: &mut Vec<(String, String)>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            find(&path, traits);
            continue;
        }
        let mut page = String::new();
        for line in fs::read_to_string(&path).unwrap().lines() {
            if let Some(doc) = line.strip_prefix("///") {
                page.push_str(doc.strip_prefix(' ').unwrap_or(doc));
                page.push('\n');
            } else if let Some(rest) = line.strip_prefix("pub trait ") {
                let name = rest.split(|c: char| !c.is_alphanumeric()).next().unwrap_or_default();
                traits.push((name.to_owned(), std::mem::take(&mut page)));
            } else if !line.starts_with("#[") {
                page.clear();
            }
        }
    }
}
