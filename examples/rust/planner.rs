//! A planner of your own: it sees the task as the log tells it, and says which calls come next.

use std::{fs, sync::Arc};

use cowork::{
    Cowork, Finish, Outcome, PlanContext, PlanStep, Planner, Proposal, Result, StepState, Submit, ThreadId, View,
    async_trait,
};
use serde_json::json;

struct Counter;

#[async_trait]
impl Planner for Counter {
    fn name(&self) -> &str {
        "counter"
    }

    fn is_local(&self) -> bool {
        true
    }

    async fn plan(&self, view: View, _: PlanContext) -> Result<Proposal> {
        let Some(turn) = view.task.turns.first() else {
            let folder = &view.task.submit.folders[0].name;
            return Ok(Proposal {
                say: Some(format!("I look at {folder}.")),
                plan: Some(vec![PlanStep {
                    title: "Look at the folder".to_owned(),
                    state: StepState::Active,
                    detail: String::new(),
                }]),
                ..Proposal::call("find_files", json!({ "folder": folder, "name": "*.txt" }))
            });
        };
        let Some(Outcome::Done { value, .. }) = turn.calls[0].outcome()? else {
            return Ok(Proposal::done("Nobody knows."));
        };
        let count = value["files"].as_array().map_or(0, Vec::len);
        let finish = Finish::Done { summary: format!("There are {count} texts."), data: value };
        Ok(Proposal { finish: Some(finish), ..Proposal::default() })
    }
}

#[tokio::main]
async fn main() -> std::result::Result<(), Box<dyn std::error::Error>> {
    let (data, desk) = (tempfile::tempdir()?, tempfile::tempdir()?);
    for name in ["a.txt", "b.txt", "c.jpg"] {
        fs::write(desk.path().join(name), name)?;
    }
    let cowork = Cowork::builder().data_dir(data.path()).planner(Arc::new(Counter)).build().await?;
    let task = Submit { folders: vec![cowork::folder(desk.path())?], ..Submit::new("Count the texts") };
    let task = cowork.submit(ThreadId::named("main"), "me", task).await?;
    if let Some(Finish::Done { summary, .. }) = cowork.settled(task).await?.result {
        println!("{summary}");
    }
    cowork.stop().await;
    Ok(())
}
