#![allow(clippy::unwrap_used, reason = "a test stops at what should not be")]

use std::{env, path::PathBuf};

use super::*;

/// Where the made-up document is, and what is written from it: the checkers of each language read that too.
fn made_up() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("types")
}

fn model_of(path: &Path) -> Model {
    model::read(&document(&fs::read_to_string(path).unwrap()).unwrap()).unwrap()
}

/// `COWORK_BLESS=1` writes what is there now; look at the difference.
#[test]
fn each_shape_is_written_as_it_was() {
    let model = model_of(&made_up().join("made_up.json"));
    let folders = ["python/made_up", "node/made_up"].map(|folder| made_up().join(folder));
    for ((_, files), folder) in LANGUAGES.iter().zip(folders) {
        let files: Vec<_> = files(&model).into_iter().map(|file| (folder.join(file.name), file.text)).collect();
        if env::var_os("COWORK_BLESS").is_some() {
            write(&files).unwrap();
        }
        assert_eq!(check(&files), Ok(()));
    }
}

#[test]
fn every_word_of_the_engine_is_in_every_language() {
    let schema = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(SCHEMA);
    let document = document(&fs::read_to_string(&schema).unwrap()).unwrap();
    let words = document["$defs"].as_object().unwrap();
    assert!(words.contains_key("Record"));
    let model = model_of(&schema);
    for (folder, files) in LANGUAGES {
        let text: String = files(&model).into_iter().map(|file| file.text).collect();
        for (word, schema) in words {
            let name = model::names::of_type(word);
            let is_there = ["class ", "type ", "interface ", ""].iter().any(|what| {
                [" ", "(", ":"].iter().any(|end| text.contains(&format!("\n{what}{name}{end}")))
                    || text.contains(&format!("\nexport {what}{name} "))
            });
            assert!(is_there, "{word} is not in {folder}");
            let fields = schema["properties"].as_object().into_iter().flatten();
            fields.for_each(|(field, _)| assert!(text.contains(field.as_str()), "{word}.{field} is not in {folder}"));
        }
    }
}

#[test]
fn what_is_not_as_written_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join("deep").join(name);
    let files = [(at("a"), "one\n".to_owned()), (at("b"), "two\n".to_owned())];
    assert!(check(&files).unwrap_err().contains(&format!("{} is not what the schema says", at("a").display())));
    write(&files).unwrap();
    assert_eq!(check(&files), Ok(()));
    fs::write(at("b"), "by hand\n").unwrap();
    let why = check(&files).unwrap_err();
    assert!(why.contains("b is not") && !why.contains("a is not") && why.ends_with("cargo xtask gen"), "{why}");
}

#[test]
fn a_document_is_read_with_and_without_a_snapshots_head() {
    let one = document("---\nsource: a.rs\nexpression: schema()\n---\n{\"$defs\": {}}\n");
    assert_eq!(one, document("{\"$defs\": {}}"));
    assert!(document("---\nsource: a.rs\n").is_err());
}
