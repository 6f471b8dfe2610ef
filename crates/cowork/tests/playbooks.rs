//! Which planner of playbooks an engine has, and which comes first.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a story that goes wrong ends")]

use std::{fs, sync::Arc};

use cowork::{
    ChangeSet, Cowork, Error, Finding, Finish, Keep, Kind, Mode, Process, Proposal, Reclaimed, Result, Sandbox,
    Session, SessionSpec, Submit, Task, TaskId, ThreadId, UndoReport, UndoSpec, Worker, async_trait,
    playbooks::PlaybookPlanner,
};
use cowork_testkit::ScriptedPlanner;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::sync::mpsc;

async fn ended(cowork: &Cowork, keep: &TempDir, planner: Value) -> Task {
    let desk = keep.path().join("Desk");
    fs::create_dir_all(&desk).unwrap();
    let mut submit = Submit { mode: Mode::Auto, planner, ..Submit::new("Organise these files by type") };
    submit.folders.push(cowork::folder(&desk).unwrap());
    let task = cowork.submit(ThreadId::named("main"), "test", submit).await.unwrap();
    cowork.settled(task).await.unwrap()
}

fn summary(task: &Task) -> &str {
    match &task.result {
        Some(Finish::Done { summary, .. }) => summary,
        other => panic!("{other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hosts_own_planner_stays_the_first_and_a_worker_brings_playbooks_along() {
    let keep = TempDir::new().unwrap();
    let own = || Arc::new(ScriptedPlanner::list([Proposal::done("by the host's own")]));
    let builder = Cowork::builder().data_dir(keep.path().join("data")).planner(own()).worker("/nowhere/at/all", &[]);
    let cowork = builder.build().await.unwrap();
    assert_eq!(summary(&ended(&cowork, &keep, Value::Null).await), "by the host's own");
    let failed = ended(&cowork, &keep, json!({ "name": "playbook" })).await;
    let Some(Finish::Failed { error }) = &failed.result else { panic!("{:?}", failed.result) };
    assert!(matches!(error.kind, Kind::NotFound | Kind::Unsupported), "a worker that was asked for: {error:?}");
    let finding = cowork.check().await.into_iter().find(|f| f.what == "playbooks").unwrap();
    assert!(!finding.ok && !finding.fix.is_empty(), "{finding:?}");
    cowork.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_planner_of_playbooks_comes_first_and_is_there_once() {
    let keep = TempDir::new().unwrap();
    let own = || Arc::new(ScriptedPlanner::list([Proposal::done("by the host's own")]));
    let builder = || Cowork::builder().data_dir(keep.path().join("data")).playbooks(PlaybookPlanner::new().unwrap());
    let cowork = builder().planner(own()).build().await.unwrap();
    assert_ne!(summary(&ended(&cowork, &keep, Value::Null).await), "by the host's own");
    let finding = cowork.check().await.into_iter().find(|f| f.what == "playbooks").unwrap();
    assert!(finding.ok && finding.found.contains("in this process"), "{finding:?}");
    cowork.stop().await;
    let twice = builder().planner(Arc::new(PlaybookPlanner::new().unwrap())).build().await;
    assert_eq!(twice.err().unwrap().kind, Kind::InvalidInput);
}

/// Tells of each worker that is wanted, and starts none.
struct Asked(mpsc::UnboundedSender<Worker>);

fn nothing() -> Error {
    Error::new(Kind::Unsupported, "start", "this sandbox only listens")
}

#[async_trait]
impl Sandbox for Asked {
    async fn worker(&self, worker: Worker) -> Result<Box<dyn Process>> {
        self.0.send(worker).unwrap();
        Err(nothing())
    }

    async fn open(&self, _: SessionSpec) -> Result<Arc<dyn Session>> {
        Err(nothing())
    }

    async fn undo(&self, _: TaskId, _: UndoSpec) -> Result<UndoReport> {
        Err(nothing())
    }

    async fn changes(&self, _: TaskId) -> Result<ChangeSet> {
        Err(nothing())
    }

    async fn reclaim(&self, _: Keep) -> Result<Reclaimed> {
        Err(nothing())
    }

    async fn check(&self, _: u64) -> Vec<Finding> {
        Vec::new()
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_worker_is_started_before_there_is_a_task_only_if_the_host_says_so() {
    for is_ahead in [true, false] {
        let keep = TempDir::new().unwrap();
        let (send, mut asked) = mpsc::unbounded_channel();
        let builder = Cowork::builder().data_dir(keep.path()).sandbox(Arc::new(Asked(send)));
        let builder = if is_ahead { builder.worker_ahead() } else { builder };
        let cowork = builder.worker_where_possible("/worker", &["works"]).build().await.unwrap();
        if is_ahead {
            let worker = asked.recv().await.unwrap();
            assert_eq!((worker.program.to_str(), worker.args), (Some("/worker"), vec!["works".to_owned()]));
        }
        assert!(asked.try_recv().is_err());
        cowork.stop().await;
    }
}
