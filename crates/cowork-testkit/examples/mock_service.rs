//! Starts a model service that plays a script, so that a person can try the command against it:
//! `cargo run -p cowork-testkit --features service --example mock_service -- --port 8788 --script FILE`.
//!
//! The script is JSON, one reply for each turn of the model's; `{}` is a service that says "hello".
//!
//! ```json
//! { "replies": [
//!     { "turn": { "parts": [ { "text": "I look." }, { "call": { "tool": "list_folder", "args": { "path": "Desk" } } } ] } },
//!     { "first": [ { "status": { "code": 529 } } ], "turn": { "parts": [ { "text": "There is one file." } ] } } ] }
//! ```
#![allow(clippy::expect_used, reason = "an example for tests")]

use std::{env, fs, net::SocketAddr, thread, time::Duration};

use cowork_testkit::service::{Reply, ScriptFile};

fn main() {
    let args: Vec<String> = env::args().skip(1).collect();
    let value = |name: &str| args.iter().position(|a| a == name).and_then(|at| args.get(at + 1));
    let port: u16 = value("--port").map_or(8788, |p| p.parse().expect("--port is a number"));
    let mut script = match value("--script") {
        Some(file) => {
            let text = fs::read_to_string(file).expect("--script is a file that can be read");
            serde_json::from_str(&text).expect("the script is JSON of this form")
        }
        None => ScriptFile::default(),
    };
    if script.replies.is_empty() {
        script.replies = vec![Reply::text("hello"); 1000];
    }
    let at = SocketAddr::from(([127, 0, 0, 1], port));
    let service = script.service().start_at(at).expect("nobody else listens on this port");
    println!("{} (Anthropic: this address; OpenAI: with /v1)", service.url());
    let mut told = 0;
    loop {
        for seen in service.seen().iter().skip(told) {
            let bytes = seen.body.len();
            println!(
                "{} {bytes} bytes{}",
                seen.path,
                seen.malformed.as_ref().map_or(String::new(), |m| format!(", malformed: {m}"))
            );
            told += 1;
        }
        thread::sleep(Duration::from_millis(200));
    }
}
