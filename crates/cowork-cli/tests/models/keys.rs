//! A key goes to its service and nowhere else.

use std::{
    fs,
    io::{Read, Write},
    net::TcpListener,
    os::unix::fs::PermissionsExt,
    path::Path,
    thread,
};

use crate::{
    KEY, TASK, organised, service, settings,
    support::{Place, Said, terminal::Terminal},
    tidy, write,
};

const CANARY: &str = "sk-canary-5eed0f9e77ab41c2";

/// A service that fails in each way, and repeats the key wherever it can.
fn echo() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    thread::spawn(move || {
        for (n, stream) in listener.incoming().enumerate() {
            let mut stream = stream.unwrap();
            let mut head = [0; 65_536];
            if stream.read(&mut head).unwrap_or(0) == 0 {
                continue;
            }
            let body = match n % 4 {
                0 => format!(
                    "{{\"error\":{{\"type\":\"{CANARY}\",\"message\":\"bad key {CANARY}\",\"code\":\"{CANARY}\"}},\"request_id\":\"{CANARY}\"}}"
                ),
                1 => format!("<html><title>{CANARY}</title></html>"),
                2 => CANARY.to_owned(),
                _ => format!("data: {{\"type\":\"error\",\"error\":{{\"type\":\"x\",\"message\":\"{CANARY}\"}}}}\n\n"),
            };
            let (status, kind) =
                [(401, "application/json"), (500, "text/html"), (403, "text/plain"), (200, "text/event-stream")][n % 4];
            let answer = format!(
                "HTTP/1.1 {status} {CANARY}\r\ncontent-type: {kind}\r\nx-request-id: {CANARY}\r\nlocation: {CANARY}\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{body}",
                body.len()
            );
            let _ = stream.write_all(answer.as_bytes());
        }
    });
    url
}

/// Fails if the key is in any file below a folder.
fn nowhere_below(folder: &Path, key: &str) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            nowhere_below(&path, key);
        } else {
            let bytes = fs::read(&path).unwrap();
            let found = bytes.windows(key.len()).any(|w| w == key.as_bytes());
            assert!(!found, "the key is in {}", path.display());
        }
    }
}

#[test]
fn a_key_is_in_no_output_no_log_and_no_file_whatever_the_service_says() {
    let (place, url) = (Place::with_files(), echo());
    let folder = place.folder.to_str().unwrap();
    let set = [("MOCK_KEY", CANARY), ("RUST_LOG", "trace"), ("RUST_BACKTRACE", "full")];
    let keyed = |args: &[&str]| -> Said { place.command(args).envs(set).output().unwrap().into() };
    for format in ["anthropic", "openai", "openai-responses"] {
        settings(&place, format, &url, "tries = 2");
        let mut said = String::new();
        for args in [
            &["run", "--folder", folder, "--mode", "auto", TASK][..],
            &["run", "--folder", folder, "--mode", "auto", "--json", TASK],
            &["run", "--folder", folder, "--mode", "auto", TASK],
            &["run", "--folder", folder, "--mode", "auto", TASK],
            &["models"],
            &["models", "--json"],
            &["doctor"],
            &["show"],
            &["events", "main", "--json"],
            &["tasks", "--json"],
        ] {
            let one = keyed(args);
            said.push_str(&one.out);
            said.push_str(&one.err);
        }
        assert!(said.contains("[key]"), "the service did repeat it:\n{said}");
        assert!(!said.contains(&CANARY[10..]), "{said}");
        let mut terminal = Terminal::run(&place, &["run", "--folder", folder, "--mode", "auto", TASK], &set);
        terminal.end();
        assert!(!terminal.seen.contains(&CANARY[10..]), "{}", terminal.seen);
    }
    nowhere_below(&place.data(), CANARY);
    nowhere_below(&place.home(), CANARY);
}

#[test]
fn a_key_is_kept_in_a_file_for_its_owner_alone_and_taken_away() {
    let (place, service) = (Place::with_files(), service(tidy()));
    let text = format!(
        "model = \"mine\"\n[models.mine]\nservice = \"anthropic\"\nmodel = \"m\"\nbase = \"{}\"\n",
        service.url()
    );
    write(&place, &text);
    place.ask(&["--mode", "auto", TASK]).ends(1).says("no key for mine").says("cowork models key set mine").briefly();
    let said = place.cowork_fed(&["models", "key", "set", "mine", "--file"], format!("{KEY}\n").as_bytes()).ends(0);
    assert!(!format!("{}{}", said.out, said.err).contains(KEY));
    let file = place.home().join(".config/cowork/keys/mine");
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    place
        .cowork(&["run", "--folder", place.folder.to_str().unwrap(), "--mode", "auto", TASK])
        .ends(0)
        .says("I brought a.pdf");
    assert!(organised(&place));

    fs::set_permissions(&file, fs::Permissions::from_mode(0o644)).unwrap();
    let said = place.ask(&["--mode", "auto", TASK]).ends(1).says("others on this computer may read the key");
    said.says("chmod 600").briefly();
    place.cowork(&["models", "key", "remove", "mine"]).ends(0).says("Removed the key of mine");
    assert!(!file.exists());
    place.cowork(&["models", "key", "remove", "mine"]).ends(1).says("no key named mine is kept").briefly();
    place
        .cowork_fed(&["models", "key", "set", "nobody", "--file"], KEY.as_bytes())
        .ends(2)
        .says("nothing asks for a key")
        .briefly();
    place.cowork_fed(&["models", "key", "set", "openai", "--file"], b"").ends(2).says("no key was given").briefly();
    place.cowork(&["models", "key", "set", "openai", KEY]).ends(2).briefly();
}

#[test]
fn a_key_that_is_typed_is_not_shown() {
    let place = Place::new();
    let mut terminal = Terminal::run(&place, &["models", "key", "set", "openai", "--file"], &[]);
    terminal.until("> ");
    terminal.press(&format!("{KEY}x\x7f\r"));
    terminal.until("Kept");
    assert_eq!(terminal.end().code(), Some(0));
    assert!(!terminal.seen.contains("0123456789"), "{}", terminal.seen);
    assert_eq!(fs::read_to_string(place.home().join(".config/cowork/keys/openai")).unwrap(), format!("{KEY}\n"));
    let mut left = Terminal::run(&place, &["models", "key", "set", "openai", "--file"], &[]);
    left.until("> ");
    left.press("abc\x03");
    left.until("No key was given");
    assert_eq!(left.end().code(), Some(2), "and the terminal is as it was");
}

#[test]
fn what_is_pasted_is_taken_whole_or_not_at_all_and_nothing_of_it_is_left_for_a_shell() {
    let place = Place::new();
    let file = place.home().join(".config/cowork/keys/openai");
    let long = "k".repeat(20_480);
    for (pasted, why) in [
        (format!("{KEY}\nsk-other-line\n"), "is no key"),
        (format!("{long}\n"), "is no key"),
        (format!("{KEY}\x1b[A\nsk-other-line\n"), "No key was given"),
        (format!("{KEY}\x03\nsk-other-line\n"), "No key was given"),
        ("\n".to_owned(), "No key was given"),
    ] {
        let mut terminal = Terminal::run(&place, &["models", "key", "set", "openai", "--file"], &[]);
        terminal.until("> ");
        terminal.press(&pasted);
        terminal.until(why);
        assert_eq!(terminal.end().code(), Some(2));
        assert!(!terminal.has_more(), "{pasted:?}");
        assert!(!terminal.seen.contains("sk-") && !terminal.seen.contains("kkk"), "{}", terminal.seen);
        assert!(!file.exists(), "{pasted:?}");
    }
    for wrong in [format!("{KEY}\nsk-other-line\n"), long] {
        place
            .cowork_fed(&["models", "key", "set", "openai", "--file"], wrong.as_bytes())
            .ends(2)
            .says("is no key")
            .says("whole and alone on one line")
            .briefly();
        assert!(!file.exists());
    }
    let mut terminal = Terminal::run(&place, &["models", "key", "set", "openai", "--file"], &[]);
    terminal.until("> ");
    terminal.press(&format!("{KEY}\n\n"));
    terminal.until("Kept");
    assert_eq!(terminal.end().code(), Some(0), "a line's end more is none of the key");
    assert_eq!(fs::read_to_string(file).unwrap(), format!("{KEY}\n"));
}
