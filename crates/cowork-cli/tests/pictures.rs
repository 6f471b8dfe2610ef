//! The pictures in the docs, drawn from what the command really writes on a terminal. `cargo xtask pictures` draws them
//! anew; here they are compared with those that are there.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test says so by failing")]

mod support;

use std::{env, fs, path::Path, sync::Arc, time::Duration};

use cowork::{
    Claim, Command, CommandId, Cowork, Envelope, Item, Mode, Runtime, Submit, TaskId, ThreadId, Timestamp,
    TokioRuntime, folder,
};
use cowork_testkit::{
    MockService,
    service::{Part, Reply},
};
use serde_json::{Value, json};
use support::{Place, svg, terminal::Terminal};

const FILES: &[&str] = &[
    "invoice-0117.pdf",
    "invoice-0118.pdf",
    "lease.pdf",
    "letter.docx",
    "notes.txt",
    "IMG_2041.jpg",
    "IMG_2042.jpg",
    "IMG_2043.jpg",
    "scan (3).png",
    "backup.zip",
    "talk.mp3",
    "setup.deb",
    "model.blend",
    "budget.xlsx",
];

/// A folder of things that gather in such folders.
fn downloads() -> Place {
    let place = Place::new();
    for (i, name) in FILES.iter().enumerate() {
        place.file(name, &name.repeat(120 * (i + 3)), 0o644, 1_760_000_000 + i as u64);
    }
    place
}

/// Gives the commands on a terminal as a person sees them, each with what it wrote at last.
fn picture(place: &Place, name: &str, title: &str, shown: &[(&str, String)]) {
    let mut screen = avt::Terminal::with_scrollback(80, 60, None).unwrap();
    // Names are random; those in the pictures are not.
    let tasks = place.cowork(&["tasks", "--json"]).records();
    let ids: Vec<String> = tasks.iter().map(|t| t["task"].as_str().unwrap().to_owned()).collect();
    for (command, written) in shown {
        let mut text = on_one_port(&format!("\x1b[0m$ {command}\r\n{written}\r\n"));
        for (i, id) in ids.iter().enumerate() {
            text = text.replace(&id[id.len() - 6..], NAMES[i]);
        }
        screen.feed(at_one_time(&text).as_str());
    }
    let drawn = svg::draw(&screen, title);
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs").join(name);
    if env::var_os("COWORK_PICTURES").is_some_and(|v| v == "write") {
        fs::write(&path, drawn).unwrap();
        return;
    }
    let there = fs::read_to_string(&path).unwrap_or_default();
    assert!(there == drawn, "docs/{name} is not what the command shows now: cargo xtask pictures");
}

/// Puts one time in the place of those at which a picture happens to be drawn.
fn at_one_time(text: &str) -> String {
    const FORM: &[u8] = b"0000-00-00 00:00:00";
    const TIME: &[u8] = b"2026-11-21 18:04:12";
    let mut bytes = text.as_bytes().to_vec();
    for at in 0..bytes.len().saturating_sub(FORM.len() - 1) {
        let found = &mut bytes[at..at + FORM.len()];
        let is_time =
            found.iter().zip(FORM).all(|(b, form)| if *form == b'0' { b.is_ascii_digit() } else { b == form });
        if is_time {
            found.copy_from_slice(TIME);
        }
    }
    String::from_utf8(bytes).unwrap()
}

/// Puts one port, as long as they are, in the place of that on which a service happens to listen.
fn on_one_port(text: &str) -> String {
    const AT: &str = "127.0.0.1:";
    let mut parts = text.split(AT);
    let mut all = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let rest = part.trim_start_matches(|c: char| c.is_ascii_digit());
        all.push_str(AT);
        all.push_str(if part.len() - rest.len() == 5 { "11434" } else { "1234" });
        all.push_str(rest);
    }
    all
}

const NAMES: [&str; 6] = ["7f3a12", "1c90be", "e4d207", "58a6f1", "b3027c", "90d4ea"];

const ORGANISE: &str = "cowork run --folder ~/Downloads \"Organise these files by type\"";

fn organise(place: &Place) -> Terminal {
    let folder = place.folder.to_str().unwrap();
    Terminal::sized(place, &["run", "--folder", folder, "Organise these files by type"], &[], (80, 40))
}

#[test]
fn a_question_and_what_comes_after_the_answer() {
    let place = downloads();
    let mut terminal = organise(&place);
    terminal.shows("the question", |text| text.contains("[y]"));
    let asked = terminal.seen.clone();
    picture(
        &place,
        "question.svg",
        "A terminal: the command shows what it would move, says that it can be undone, and asks",
        &[(ORGANISE, asked)],
    );
    terminal.press("y");
    terminal.until("cowork undo");
    assert_eq!(terminal.end().code(), Some(0));
    picture(
        &place,
        "run.svg",
        "A terminal: the command has moved 14 files, and says how to undo it",
        &[(ORGANISE, terminal.seen.clone())],
    );
}

#[test]
fn what_an_undo_would_do() {
    let place = downloads();
    place.run(&["--yes", "Organise these files by type"]).ends(0);
    let mut terminal = Terminal::sized(&place, &["undo", "--show"], &[], (80, 50));
    assert_eq!(terminal.end().code(), Some(0));
    picture(
        &place,
        "undo.svg",
        "A terminal: the command shows what an undo would give back, and where",
        &[("cowork undo --show", terminal.seen.clone())],
    );
}

#[test]
fn the_tasks_of_some_days() {
    let place = downloads();
    for name in ["Desktop", "Documents", "Pictures"] {
        fs::create_dir(place.home().join(name)).unwrap();
        fs::copy(place.folder.join("lease.pdf"), place.home().join(name).join("lease.pdf")).unwrap();
    }
    let hour = Duration::from_secs(3_600);
    earlier(&place, 75 * hour, "Desktop", Mode::Auto, "Organise these files by type");
    earlier(&place, 51 * hour, "Documents", Mode::Auto, "Find files that mention the lease");
    earlier(&place, 5 * hour, "Pictures", Mode::Auto, "Make my photographs prettier");
    earlier(&place, hour / 2, "Downloads", Mode::Ask, "Organise these files by type");
    let mut terminal = Terminal::run(&place, &["tasks"], &[]);
    assert_eq!(terminal.end().code(), Some(0));
    picture(
        &place,
        "tasks.svg",
        "A terminal: the tasks of some days in a table",
        &[("cowork tasks", terminal.seen.clone())],
    );
}

#[test]
fn a_task_that_a_model_does() {
    let place = downloads();
    let service = MockService::start(|ask| taxes().get(ask.turns).cloned().unwrap_or_default());
    let settings = place.home().join(".config/cowork");
    fs::create_dir_all(&settings).unwrap();
    let model = format!(
        "model = \"sonnet\"\n[models.sonnet]\nservice = \"anthropic\"\nmodel = \"claude-sonnet-5-5\"\nbase = \"{}\"\nkey = \"none\"\n",
        service.url()
    );
    fs::write(settings.join("config.toml"), model).unwrap();
    let folder = place.folder.to_str().unwrap();
    let mut terminal = Terminal::sized(&place, &["run", "--folder", folder, TAXES], &[], (80, 50));
    for asked in ["move 4 files", "List.md"] {
        terminal.shows(asked, |text| text.contains("[y]") && text.contains(asked));
        terminal.press("y");
    }
    terminal.until("Cost:");
    assert_eq!(terminal.end().code(), Some(0));
    picture(
        &place,
        "model.svg",
        "A terminal: a model has brought together what a tax return needs, by a plan, and says what went where and what it cost",
        &[(&format!("cowork run --folder ~/Downloads \"{TAXES}\""), terminal.seen.clone())],
    );
}

const TAXES: &str = "Bring together what my tax return needs";

/// What the model says and does.
fn taxes() -> Vec<Reply> {
    let plan = |look: &str, move_: &str, list: &str| {
        let steps = [("See what is there", look), ("Bring it together in Taxes", move_), ("Write the list", list)];
        let steps = steps.map(|(title, state)| json!({ "title": title, "state": state }));
        Part::call("plan", json!({ "steps": steps }))
    };
    let names = ["invoice-0117.pdf", "invoice-0118.pdf", "lease.pdf", "budget.xlsx"];
    let moves = json!({ "moves": [{ "from": "Downloads", "to": "Downloads/Taxes", "names": names }] });
    let list = "# Taxes\n\n- invoice-0117.pdf\n- invoice-0118.pdf\n- lease.pdf\n- budget.xlsx\n";
    vec![
        Reply::turn([plan("active", "pending", "pending"), Part::call("list_folder", json!({ "path": "Downloads" }))]),
        Reply::turn([plan("done", "active", "pending"), Part::call("move_files", moves)]),
        Reply::turn([
            plan("done", "done", "active"),
            Part::call("write_file", json!({ "path": "Downloads/Taxes/List.md", "text": list })),
        ]),
        Reply::turn([plan("done", "done", "done")]),
        Reply::text(
            "The two invoices, the lease and the budget are in Taxes, and List.md there names them. I found no bank statement.",
        ),
    ]
}

/// Does a task as long ago: all but the clock is as it always is.
fn earlier(place: &Place, ago: Duration, at: &str, mode: Mode, text: &str) {
    let threads = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    threads.block_on(async {
        let runtime = Arc::new(Past { inner: TokioRuntime::new(tokio::runtime::Handle::current()), ago });
        let engine = Cowork::builder().data_dir(place.data()).home_dir(place.home()).claim(Claim::Adopted);
        let engine = engine.runtime(runtime.clone()).build().await.unwrap();
        let thread = ThreadId::named("main");
        engine.open(thread, "main").await.unwrap();
        let submit = Submit {
            mode,
            folders: vec![folder(place.home().join(at)).unwrap()],
            planner: Value::Null,
            ..Submit::new(text)
        };
        let (task, id) = (TaskId::new(&*runtime), CommandId::new(&*runtime));
        let mut events = engine.events(thread, 0);
        let command = Command::Submit(submit);
        engine.send(Envelope { thread, task, sender: "cli".into(), id, command }).await.unwrap();
        engine.adopt(task).await.unwrap();
        while let Some(item) = events.next().await {
            if let Item::Record(record) = item.unwrap()
                && record.task == Some(task)
                && matches!(record.event.kind(), "task_finished" | "permission_asked")
            {
                break;
            }
        }
        engine.stop().await;
    });
}

/// A clock that is behind.
struct Past {
    inner: TokioRuntime,
    ago: Duration,
}

impl Runtime for Past {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.inner.now().as_millis() - i64::try_from(self.ago.as_millis()).unwrap())
    }

    fn entropy(&self) -> u128 {
        self.inner.entropy()
    }

    fn sleep(&self, duration: Duration) -> cowork::BoxFuture<()> {
        self.inner.sleep(duration)
    }

    fn spawn(&self, future: cowork::BoxFuture<()>) {
        self.inner.spawn(future);
    }
}
