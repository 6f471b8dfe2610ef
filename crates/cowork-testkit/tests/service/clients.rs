//! The official Python clients accept the service.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use cowork_testkit::{
    MockService,
    service::{Ask, Fault, Format, Part, Reply},
};
use serde_json::json;

const CLIENTS: [&str; 2] = ["anthropic==2.12.0", "openai==3.54.0"];

#[test]
fn the_official_clients_accept_it() {
    let Some(python) = python() else { return };
    for seed in [0, 1, 2] {
        let service = MockService::builder(script).with_seed(seed).start();
        let program = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/service/clients.py");
        let ran = Command::new(&python).arg(program).arg(service.url()).env_remove("HTTP_PROXY").output().unwrap();
        let (out, err) = (String::from_utf8_lossy(&ran.stdout), String::from_utf8_lossy(&ran.stderr));
        assert!(ran.status.success(), "with seed {seed}: {out}\n{err}\n{:#?}", service.take_malformed());
        assert!(out.lines().filter(|l| l.starts_with("ok ")).count() > 40, "{out}");
    }
}

fn script(ask: &Ask) -> Reply {
    if let Some(code) = ask.text.strip_prefix("fail ") {
        return Reply::status(code.parse().unwrap());
    }
    if ask.text == "break" {
        return Reply::fault(Fault::ErrorInStream { kind: "overloaded_error".into() });
    }
    if !ask.results.is_empty() {
        return Reply::text(&format!("There are {} files.", ask.results.len()));
    }
    let mut parts = vec![
        Part::Text("I look. Ä€😀".into()),
        Part::call("list_folder", json!({ "path": "a" })),
        Part::call("list_folder", json!({ "path": "b \"quoted\"" })),
    ];
    if ask.format != Format::Chat {
        parts.insert(0, Part::Thinking("Hm, what is there?".into()));
    }
    Reply::turn(parts)
}

/// Gives a Python with the clients, installed beside what is built. In CI it must be had.
fn python() -> Option<PathBuf> {
    let venv = Path::new(env!("CARGO_TARGET_TMPDIR")).join(CLIENTS.join("-").replace("==", "-"));
    let (python, ready) = (venv.join("bin/python"), venv.join("ready"));
    if ready.exists() {
        return Some(python);
    }
    let quiet = |command: &mut Command| command.stdout(Stdio::null()).status().is_ok_and(|s| s.success());
    let made = quiet(Command::new("python3").args(["-m", "venv", "--clear"]).arg(&venv))
        && quiet(Command::new(&python).args(["-m", "pip", "install", "--quiet"]).args(CLIENTS))
        && fs::write(&ready, "").is_ok();
    if !made {
        let ci = env::var("CI").is_ok_and(|v| !v.is_empty() && v != "false");
        assert!(!ci, "the Python clients {CLIENTS:?} can't be installed");
        eprintln!("SKIPPED: the Python clients {CLIENTS:?} can't be installed");
    }
    made.then_some(python)
}
