//! A model does what no playbook does: the real command on real folders, against a service on this computer.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test says so by failing")]

#[path = "../support/mod.rs"]
mod support;

mod choice;
mod ending;
mod keyring;
mod keys;
mod parts;
mod runs;
mod service_tools;
mod spans;
mod told;
mod trouble;

use std::fs;

use cowork_testkit::{
    MockService,
    service::{Part, Reply},
};
use serde_json::{Value, json};
use support::Place;

/// What no playbook does.
const TASK: &str = "Put whatever is about my flat into Flat and explain it to me";
const KEY: &str = "sk-test-0123456789abcdef";

/// Writes the settings: a model `mock` of this service, and more.
fn settings(place: &Place, service: &str, url: &str, more: &str) {
    let base = if service == "anthropic" { url.to_owned() } else { format!("{url}/v1") };
    let text = format!(
        "model = \"mock\"\n[models.mock]\nservice = \"{service}\"\nmodel = \"mock-1\"\nbase = \"{base}\"\nkey = \"env:MOCK_KEY\"\n{more}\n"
    );
    write(place, &text);
}

fn write(place: &Place, text: &str) {
    let folder = place.home().join(".config/cowork");
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join("config.toml"), text).unwrap();
}

impl Place {
    /// Runs the task with the key in the environment.
    fn ask(&self, more: &[&str]) -> support::Said {
        let folder = self.folder.to_str().unwrap();
        self.keyed(&[&["run", "--folder", folder], more].concat())
    }

    fn keyed(&self, args: &[&str]) -> support::Said {
        self.command(args).env("MOCK_KEY", KEY).output().unwrap().into()
    }
}

/// Looks, moves two files into a new folder by a plan, and says what it did.
fn tidy() -> Vec<Reply> {
    let plan = |one: &str, two: &str| json!({ "steps": [{ "title": "Look at the papers", "state": one }, { "title": "Bring them together", "state": two }] });
    vec![
        Reply::turn([
            Part::Thinking("They want the papers about the flat.".into()),
            Part::Text("I look at what is there.".into()),
            Part::call("plan", plan("active", "pending")),
            Part::call("list_folder", json!({ "path": "Downloads" })),
        ]),
        Reply::turn([
            Part::Text("Two of these belong to the flat.".into()),
            Part::call("plan", plan("done", "active")),
            Part::call("move_files", moves()),
        ]),
        Reply::text("I brought a.pdf and d.pdf into Flat: the lease, and its annex."),
    ]
}

fn moves() -> Value {
    json!({ "moves": [
        { "from": "Downloads/a.pdf", "to": "Downloads/Flat/a.pdf" },
        { "from": "Downloads/d.pdf", "to": "Downloads/Flat/d.pdf" } ] })
}

/// Starts a service that wants the key and plays a list.
fn service(replies: Vec<Reply>) -> MockService {
    let past = Reply::text("There is no more.");
    MockService::builder(move |ask| replies.get(ask.turns).cloned().unwrap_or_else(|| past.clone()))
        .with_key(KEY)
        .start()
}

fn organised(place: &Place) -> bool {
    place.folder.join("Flat/a.pdf").exists() && place.folder.join("Flat/d.pdf").exists()
}

/// Every line fits a terminal of eighty columns.
#[track_caller]
fn fits(text: &str) {
    text.lines().for_each(|l| assert!(l.chars().count() <= 80, "{l:?} in:\n{text}"));
}
