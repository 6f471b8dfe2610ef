//! A process that is killed while a task's end is looked at again: after its last answer, before `task_finished`.
//!
//! The victim is this test program, started again with its orders in the environment; the real command goes on after it.

use std::{
    env,
    os::unix::process::ExitStatusExt,
    path::PathBuf,
    process::Command,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use cowork::{
    Arrivals, CallId, CancellationToken, Change, ChangeSet, Changed, Cowork, Entry, FilePath, Files, Finding, Folder,
    Keep, Mode, Piece, Reclaimed, Result, Sandbox, Session, SessionSpec, Sight, Submit, TaskId, ThreadId, UndoReport,
    UndoSpec, Visitor, Walked, Watch, async_trait,
    models::config::{Keys, ModelSettings},
    sandbox::{LocalSandbox, LocalSandboxOptions},
};
use cowork_testkit::{probe::kill_myself, service::Reply};
use serde_json::{Value, json};

use crate::{KEY, TASK, moves, service, settings, support::Place, tidy};

const ORDERS: &str = "COWORK_VICTIM";

/// Where a process may die while it looks: before the journal is read, after it, and between a file's place and its content.
const MOMENTS: [&str; 3] = ["before the journal", "after the journal", "at a file"];

/// A sandbox that kills its process while a task's end is looked at: nothing else asks what a task changed.
struct Deadly {
    inner: LocalSandbox,
    moment: String,
    looks: Arc<AtomicBool>,
}

#[async_trait]
impl Sandbox for Deadly {
    async fn open(&self, spec: SessionSpec) -> Result<Arc<dyn Session>> {
        Ok(Arc::new(Watched { inner: self.inner.open(spec).await?, looks: self.looks.clone() }))
    }

    async fn undo(&self, task: TaskId, spec: UndoSpec) -> Result<UndoReport> {
        self.inner.undo(task, spec).await
    }

    async fn changes(&self, task: TaskId) -> Result<ChangeSet> {
        if self.moment == MOMENTS[0] {
            kill_myself();
        }
        let changes = self.inner.changes(task).await;
        if self.moment == MOMENTS[1] {
            kill_myself();
        }
        self.looks.store(true, Ordering::SeqCst);
        changes
    }

    async fn reclaim(&self, keep: Keep) -> Result<Reclaimed> {
        self.inner.reclaim(keep).await
    }

    async fn check(&self, limit: u64) -> Vec<Finding> {
        self.inner.check(limit).await
    }
}

struct Watched {
    inner: Arc<dyn Session>,
    looks: Arc<AtomicBool>,
}

impl Session for Watched {
    fn folders(&self) -> &[Folder] {
        self.inner.folders()
    }

    fn files(&self, call: CallId) -> Arc<dyn Files> {
        Arc::new(WatchedFiles { inner: self.inner.files(call), looks: self.looks.clone() })
    }

    fn seen(&self, call: CallId) -> Vec<Sight> {
        self.inner.seen(call)
    }

    fn recall(&self, seen: Vec<Sight>) {
        self.inner.recall(seen);
    }

    fn steps(&self) -> Option<u64> {
        self.inner.steps()
    }
}

struct WatchedFiles {
    inner: Arc<dyn Files>,
    looks: Arc<AtomicBool>,
}

#[async_trait]
impl Files for WatchedFiles {
    async fn list(&self, folder: FilePath, most: usize) -> Result<Vec<Entry>> {
        self.inner.list(folder, most).await
    }

    async fn stat(&self, path: FilePath) -> Result<Entry> {
        self.inner.stat(path).await
    }

    async fn read(&self, path: FilePath, offset: u64, most: usize) -> Result<Piece> {
        if self.looks.load(Ordering::SeqCst) {
            kill_myself();
        }
        self.inner.read(path, offset, most).await
    }

    async fn walk(&self, from: Vec<FilePath>, visitor: Arc<dyn Visitor>, watch: Watch) -> Result<Walked> {
        self.inner.walk(from, visitor, watch).await
    }

    async fn watch(&self, folder: FilePath) -> Result<Box<dyn Arrivals>> {
        self.inner.watch(folder).await
    }

    async fn change(&self, changes: Vec<Change>, watch: Watch) -> Result<Changed> {
        self.inner.change(changes, watch).await
    }

    async fn change_all(&self, changes: Vec<Change>, watch: Watch) -> Result<Changed> {
        self.inner.change_all(changes, watch).await
    }

    async fn made_before(&self) -> Result<u64> {
        self.inner.made_before().await
    }
}

/// The victim's life, when this program is started as one.
#[tokio::test]
async fn victim() {
    let Ok(orders) = env::var(ORDERS) else { return };
    let orders: Vec<&str> = orders.split('|').collect();
    let [data, folder, url, moment] = orders[..] else { panic!("{orders:?}") };
    let set = json!({ "service": "anthropic", "model": "mock-1", "base": url, "key": "env:MOCK_KEY" });
    let set: ModelSettings = serde_json::from_value(set).unwrap();
    let keys = Keys::new(None, None, |name| env::var(name).ok());
    let model = set.make("mock", &keys, &CancellationToken::new()).await.unwrap();
    let options =
        LocalSandboxOptions { data: PathBuf::from(data), probe: None, home: None, ..LocalSandboxOptions::default() };
    let deadly = Deadly { inner: LocalSandbox::open(options), moment: moment.to_owned(), looks: Arc::default() };
    let builder = Cowork::builder().data_dir(data).model(model).sandbox(Arc::new(deadly));
    let cowork = builder.build().await.unwrap();
    let mut submit = Submit::new(TASK);
    submit.folders.push(cowork::folder(folder).unwrap());
    submit.mode = Mode::Auto;
    submit.planner = set.planner("mock");
    let task = cowork.submit(ThreadId::named("main"), "cli", submit).await.unwrap();
    cowork.settled(task).await.unwrap();
}

/// Has the task done by a process that dies at this moment.
fn die(place: &Place, url: &str, moment: &str) {
    std::fs::create_dir_all(place.data()).unwrap();
    let orders = format!("{}|{}|{url}|{moment}", place.data().display(), place.folder.display());
    let mut victim = Command::new(env::current_exe().unwrap());
    victim.args(["--exact", "ending::victim", "--nocapture"]).env(ORDERS, orders).env("MOCK_KEY", KEY);
    let output = victim.output().unwrap();
    assert_eq!(output.status.signal(), Some(9), "{}", String::from_utf8_lossy(&output.stderr));
}

fn kinds(log: &[Value]) -> Vec<&str> {
    log.iter().map(|r| r["event"]["type"].as_str().unwrap()).collect()
}

#[test]
fn killed_while_its_end_is_looked_at_a_task_ends_once_and_tells_what_came_of_it() {
    for moment in MOMENTS {
        let write = json!({ "path": "Downloads/summary.md", "text": "All about the flat.\n" });
        let mut replies = tidy();
        replies[1] = Reply::calls("Two of these belong to the flat.", [("write_file", write), ("move_files", moves())]);
        let (place, service) = (Place::with_files(), service(replies));
        settings(&place, "anthropic", &service.url(), "");
        let before = place.tree();
        die(&place, &service.url(), moment);
        let log = place.log();
        let calls = |log: &[Value]| log.iter().filter(|r| r["event"]["type"] == "call_started").count();
        assert_eq!(
            kinds(&log).last(),
            Some(&"model_asked"),
            "{moment}: the end that was decided is not in the log yet"
        );
        let (done, started, reached) = (place.tree(), calls(&log), service.reached());
        place.cowork(&["tasks"]).ends(0).says("interrupted");

        let said = place.keyed(&["resume"]).ends(0).says("I brought a.pdf and d.pdf into Flat");
        said.says("On disk: 2 made (1 folder), 2 moved Downloads/summary.md 20 B");
        assert_eq!(place.tree(), done, "{moment}: nothing is done twice");
        assert_eq!(service.reached(), reached + 1, "{moment}: only its last word is asked for again");
        let log = place.log();
        assert_eq!(calls(&log), started, "{moment}");
        let count = |kind: &str| kinds(&log).iter().filter(|k| **k == kind).count();
        assert_eq!([count("files_checked"), count("task_finished")], [1, 1], "{moment}");
        assert_eq!(count("call_started"), count("call_finished"), "{moment}");
        let report = &log.iter().find(|r| r["event"]["type"] == "files_checked").unwrap()["event"]["report"];
        let hash = cowork::Hash::of(b"All about the flat.\n").to_string();
        assert!(report["files"].as_array().unwrap().iter().any(|f| f["hash"] == hash), "{moment}: {report}");

        place.keyed(&["resume"]).ends(0).says("Nothing was interrupted");
        place.cowork(&["undo", "--yes"]).ends(0).says("given back");
        assert_eq!(place.tree(), before, "{moment}");
    }
}
