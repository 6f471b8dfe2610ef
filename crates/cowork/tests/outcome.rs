//! What a task's end says of its files comes from the journal and from the disk, whatever the model says.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a story that goes wrong ends")]

use std::{fs, path::PathBuf, sync::Arc};

use cowork::{
    Cowork, FilesReport, Finish, Found, Hash, Mode, ModelRequest, Read, Role, Status, Submit, Task, ThreadId,
};
use cowork_testkit::{ScriptedModel, model::Reply};
use serde_json::{Value, json};

struct Place {
    base: tempfile::TempDir,
    desk: PathBuf,
}

impl Place {
    fn new() -> Self {
        let base = tempfile::tempdir().unwrap();
        let desk = base.path().join("Desk");
        fs::create_dir(&desk).unwrap();
        for name in ["old.txt", "letter.txt", "scan.pdf"] {
            fs::write(desk.join(name), format!("content of {name}")).unwrap();
        }
        Self { base, desk }
    }

    async fn run(&self, planner: Value, script: impl Fn(&ModelRequest) -> Reply + Send + Sync + 'static) -> Task {
        let builder = Cowork::builder().data_dir(self.base.path().join("data"));
        let cowork = builder.model(Arc::new(ScriptedModel::new(script))).build().await.unwrap();
        let mut submit = Submit { mode: Mode::Auto, planner, ..Submit::new("Find files that mention content") };
        submit.folders.push(cowork::folder(&self.desk).unwrap());
        let task = cowork.submit(ThreadId::named("main"), "test", submit).await.unwrap();
        let task = cowork.settled(task).await.unwrap();
        let records = cowork.read(Read::task(task.thread, task.id, 0)).await.unwrap();
        let kinds: Vec<&str> = records.iter().map(|r| r.event.kind()).collect();
        let at = kinds.iter().position(|k| *k == "files_checked");
        assert_eq!(at.is_some(), task.files.is_some(), "{kinds:?}");
        assert!(at.is_none_or(|at| kinds.get(at + 1) == Some(&"task_finished")), "right before the end: {kinds:?}");
        cowork.stop().await;
        task
    }
}

fn model() -> Value {
    json!({ "name": "model" })
}

fn turn(request: &ModelRequest) -> usize {
    request.messages.iter().filter(|m| m.role == Role::Assistant).count()
}

fn report(task: &Task) -> &FilesReport {
    assert_eq!(task.status(), Status::Done, "{:?}", task.result);
    task.files.as_deref().expect("it was looked at again")
}

fn data(task: &Task) -> &Value {
    match &task.result {
        Some(Finish::Done { data, .. }) => data,
        other => panic!("{other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_end_names_what_is_on_the_disk_now_and_what_others_did_to_it_since() {
    let place = Place::new();
    let desk = place.desk.clone();
    let script = move |request: &ModelRequest| match turn(request) {
        0 => Reply::calls(&[("read_file", json!({ "path": "Desk/letter.txt" }))]),
        1 => Reply::calls(&[
            ("write_file", json!({ "path": "Desk/new/a.md", "text": "one\n" })),
            ("write_file", json!({ "path": "Desk/new/b.md", "text": "two\n" })),
            ("write_file", json!({ "path": "Desk/new/c.md", "text": "three\n" })),
            ("write_file", json!({ "path": "Desk/draft.md", "text": "for a moment" })),
            (
                "edit_file",
                json!({ "path": "Desk/letter.txt", "edits": [{ "old_text": "content", "new_text": "text" }] }),
            ),
            ("move_files", json!({ "moves": [{ "from": "Desk/scan.pdf", "to": "Desk/new/scan.pdf" }] })),
            ("set_aside", json!({ "paths": ["Desk/old.txt"] })),
        ]),
        2 => Reply::calls(&[("set_aside", json!({ "paths": ["Desk/draft.md"] }))]),
        _ => {
            // Other programs are at work in the folder, too.
            fs::remove_file(desk.join("new/b.md")).unwrap();
            fs::write(desk.join("new/c.md"), "something else altogether").unwrap();
            Reply::text("I made a.md, b.md, c.md and draft.md.")
        }
    };
    let task = place.run(model(), script).await;
    let report = report(&task);
    assert_eq!((report.made, report.changed, report.moved, report.removed), (4, 1, 1, 1), "{report:#?}");
    let found = |path: &str| report.files.iter().find(|f| f.path.as_str() == path).map(|f| (f.found, f.bytes, f.hash));
    assert_eq!(found("Desk/new/a.md"), Some((Found::AsLeft, 4, Some(Hash::of(b"one\n")))));
    assert_eq!(found("Desk/new/b.md"), Some((Found::Gone, 0, None)));
    let other = b"something else altogether";
    assert_eq!(found("Desk/new/c.md"), Some((Found::Changed, other.len() as u64, Some(Hash::of(other)))));
    let letter = b"text of letter.txt";
    assert_eq!(found("Desk/letter.txt"), Some((Found::AsLeft, letter.len() as u64, Some(Hash::of(letter)))));
    assert_eq!(found("Desk/new/scan.pdf").map(|f| f.0), Some(Found::AsLeft));
    assert_eq!(found("Desk/old.txt"), Some((Found::AsLeft, 0, None)));
    assert_eq!(found("Desk/new").map(|f| f.0), Some(Found::AsLeft));
    assert_eq!(found("Desk/draft.md"), None, "what the task took away again it did not make");
    assert_eq!((report.unnamed, report.trouble.clone()), (0, None));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_model_that_only_says_that_it_wrote_something_is_told_otherwise_by_the_end() {
    let place = Place::new();
    let task = place.run(model(), |_| Reply::text("I wrote report.md for you.")).await;
    assert!(report(&task).is_nothing());
    assert!(!task.acted);
}

/// An outcome that names what was made, as a host wants it.
fn wanted() -> Value {
    let paths = json!({ "type": "array", "items": { "type": "string" } });
    let schema = json!({ "type": "object", "properties": { "made": paths }, "required": ["made"] });
    json!({ "name": "model", "schema": schema })
}

fn claims(paths: &[&str]) -> Reply {
    Reply::text(&json!({ "made": paths }).to_string())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_outcome_that_names_what_was_not_made_is_mended_once() {
    let place = Place::new();
    let script = |request: &ModelRequest| match turn(request) {
        0 => Reply::calls(&[("write_file", json!({ "path": "Desk/a.md", "text": "one" }))]),
        1 => claims(&["Desk/a.md", "Desk/b.md"]),
        _ => {
            let said = request.messages.last().unwrap().text();
            assert!(said.contains("`Desk/b.md`; nothing in this task did") && !said.contains("a.md"), "{said}");
            claims(&["Desk/a.md"])
        }
    };
    let task = place.run(wanted(), script).await;
    assert_eq!(data(&task), &json!({ "made": ["Desk/a.md"] }));
    assert!(report(&task).unmade.is_empty());

    // It may also do what it said.
    let script = |request: &ModelRequest| match turn(request) {
        0 => claims(&["Desk/late.md"]),
        _ if request.messages.last().unwrap().text().contains("Make it now") => {
            Reply::calls(&[("write_file", json!({ "path": "Desk/late.md", "text": "late" }))])
        }
        _ => claims(&["Desk/late.md"]),
    };
    let task = place.run(wanted(), script).await;
    assert!(report(&task).unmade.is_empty() && place.desk.join("late.md").exists());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_outcome_that_insists_is_contradicted() {
    let place = Place::new();
    let asked = Arc::new(std::sync::atomic::AtomicUsize::new(0));
    let count = asked.clone();
    let script = move |_: &ModelRequest| {
        count.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        claims(&["Desk/old.txt", "Desk/b.md"])
    };
    let task = place.run(wanted(), script).await;
    let report = report(&task);
    assert_eq!(
        (report.unmade.as_slice(), report.is_nothing()),
        (&["Desk/old.txt".into(), "Desk/b.md".into()][..], true)
    );
    assert_eq!(asked.load(std::sync::atomic::Ordering::Relaxed), 2, "it is told once");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_very_many_changes_only_the_number_is_told_and_of_many_the_first_hundred() {
    for (number, named, steps) in [(150, 100, false), (700, 0, true)] {
        let place = Place::new();
        (0..number).for_each(|n| fs::write(place.desk.join(format!("f{n:04}")), "x").unwrap());
        let moves: Vec<Value> =
            (0..number).map(|n| json!({ "from": format!("Desk/f{n:04}"), "to": format!("Desk/to/f{n:04}") })).collect();
        let script = move |request: &ModelRequest| match turn(request) {
            0 => Reply::calls(&[("move_files", json!({ "moves": moves }))]),
            _ => Reply::text("Moved."),
        };
        let task = place.run(model(), script).await;
        let report = report(&task);
        assert_eq!((report.files.len(), report.steps >= number, report.steps > 0), (named, steps, steps), "{report:?}");
        assert_eq!(report.total(), if steps { 0 } else { number + 1 });
        assert!(!report.is_nothing());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_playbook_that_changes_nothing_has_nothing_to_be_looked_at() {
    let place = Place::new();
    let words = json!({ "name": "playbook" });
    let task = place.run(words, |_| Reply::text("nobody asks")).await;
    assert_eq!((task.status(), task.files), (Status::Done, None));
}
