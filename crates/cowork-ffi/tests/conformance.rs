//! Every script, played by the first runner; and that the comparison bites.

#![allow(clippy::unwrap_used, reason = "a test stops at what should not be")]

use std::{env, fs, path::PathBuf};

use cowork_ffi::conformance::{bless, compare, run};

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../bindings/conformance")
}

fn scripts() -> Vec<PathBuf> {
    let files = fs::read_dir(folder()).unwrap().map(|entry| entry.unwrap().path());
    let mut scripts: Vec<PathBuf> = files.filter(|path| path.extension().is_some_and(|e| e == "jsonl")).collect();
    scripts.sort();
    scripts
}

/// After a change that is meant: `COWORK_BLESS=1`, then look at the difference.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rust_does_what_every_script_says() {
    let mut broken = Vec::new();
    assert!(scripts().len() >= 8, "the scripts were found");
    for path in scripts() {
        let text = fs::read_to_string(&path).unwrap();
        let printed = run(&text).await.unwrap();
        if env::var_os("COWORK_BLESS").is_some() {
            fs::write(&path, bless(&text, &printed).unwrap()).unwrap();
        } else if let Err(difference) = compare(&text, &printed) {
            broken.push(format!("{}, {difference}", path.display()));
        }
    }
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}

#[test]
fn what_came_out_otherwise_is_found() {
    let script = concat!(
        r#"{"call":"tasks","gives":{"ok":[1,"<id-1>"]}}"#,
        "\n",
        r#"{"call":"x","within_ms":100,"loose":true,"gives":{"error":{"kind":"busy"}}}"#
    );
    let id = "0193f0a2-7b7c-7000-8000-000000000001";
    let first = format!(r#"{{"step":0,"ok":[1,"{id}"]}}"#);
    let second = r#"{"step":1,"ms":3,"error":{"kind":"busy","op":"x","message":"whatever"}}"#;
    let judged = |lines: &[&str]| compare(script, &lines.join("\n"));
    assert_eq!(judged(&[&first, second]), Ok(()));
    let wrong: [(&[&str], &str); 6] = [
        (&[&first], "step 1: nothing was printed"),
        (&[&first, second, second], "1 more lines"),
        (&[second, &first], "the line of another step"),
        (&[&first, &second.replace("\"ms\":3", "\"ms\":300")], "may take 100"),
        (&[&first, &second.replace("busy", "full")], "wanted"),
        (&[&first.replace("[1,", "[1.0,"), second], "wanted"),
    ];
    for (lines, why) in wrong {
        let found = judged(lines).unwrap_err();
        assert!(found.contains(why), "{found}");
    }
}
