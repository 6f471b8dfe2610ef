//! A folder, and an engine that works in it.
#![allow(clippy::unwrap_used, reason = "a story that goes wrong ends")]

use std::{fs, path::PathBuf, sync::Arc};

use cowork::{Answer, CommandId, Cowork, Mode, Outcome, Proposal, Submit, Task, TaskId, ThreadId, TokioRuntime};
use cowork_testkit::ScriptedPlanner;
use serde_json::{Value, json};
use tempfile::TempDir;

pub(crate) struct Place {
    pub(crate) cowork: Cowork,
    pub(crate) desk: PathBuf,
    pub(crate) data: PathBuf,
    _keep: TempDir,
}

impl Place {
    /// Makes these calls, one in each step.
    pub(crate) async fn new<'a>(calls: impl IntoIterator<Item = (&'a str, Value)>) -> Self {
        let calls: Vec<_> = calls.into_iter().map(|(tool, args)| Proposal::call(tool, args)).collect();
        let planner = ScriptedPlanner::list(calls.into_iter().chain([Proposal::done("Done.")]));
        Self::with(|builder| builder.planner(Arc::new(planner))).await
    }

    pub(crate) async fn with(with: impl FnOnce(cowork::Builder) -> cowork::Builder) -> Self {
        let keep = TempDir::new().unwrap();
        let (desk, data) = (keep.path().join("Desk"), keep.path().join("data"));
        fs::create_dir(&desk).unwrap();
        fs::write(desk.join("sums.csv"), "name,sum\na,1\nb,2\n").unwrap();
        let cowork = with(Cowork::builder().data_dir(&data)).build().await.unwrap();
        Self { cowork, desk, data, _keep: keep }
    }

    pub(crate) async fn submit(&self, mode: Mode) -> TaskId {
        let mut submit = Submit::new("Add it up");
        submit.folders.push(cowork::folder(&self.desk).unwrap());
        submit.mode = mode;
        self.cowork.submit(ThreadId::named("main"), "test", submit).await.unwrap()
    }

    pub(crate) async fn settled(&self, task: TaskId) -> Task {
        self.cowork.settled(task).await.unwrap()
    }

    pub(crate) async fn answer(&self, task: TaskId, answer: Answer) {
        self.settled(task).await;
        let ask = self.cowork.asks(task).await.unwrap().remove(0);
        let id = CommandId::new(&TokioRuntime::new(tokio::runtime::Handle::current()));
        self.cowork.send(ask.answered(answer, "test", id)).await.unwrap();
    }

    /// What the calls gave, all of which run.
    pub(crate) async fn values(&self, mode: Mode) -> Vec<Value> {
        let task = self.submit(mode).await;
        values(&self.settled(task).await)
    }
}

pub(crate) fn values(task: &Task) -> Vec<Value> {
    let calls = task.turns.iter().flat_map(|turn| &turn.calls);
    calls
        .map(|call| match call.outcome().unwrap().unwrap() {
            Outcome::Done { value, .. } => value,
            other => json!({ "other": format!("{other:?}") }),
        })
        .collect()
}
