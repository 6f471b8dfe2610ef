//! Stories about reading one task to its end, and about telling one something.

#![allow(clippy::unwrap_used, reason = "a story that goes wrong ends")]

mod stage;

use std::sync::Arc;

use cowork_core::{
    Command, CommandId, Effects, Engine, Envelope, Item, Kind, Proposal, Status, Submit, Subtask, TaskId, Tool, View,
    tool_fn,
};
use cowork_testkit::{ProbeTool, ScriptedPlanner};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::json;
use stage::Stage;

#[derive(Deserialize, JsonSchema)]
struct Nothing {}

/// Has a part done by a sub-task.
fn hand() -> Arc<dyn Tool> {
    let part = || serde_json::from_value::<Subtask>(json!({ "title": "part", "text": "part" }));
    let hand = tool_fn("hand", "Hands a part over.", |_: Nothing, _| async { Ok(()) });
    hand.effects(move |_| Ok(Effects::delegates(part().unwrap()))).build().unwrap()
}

/// Hands a part over; whatever else is a task works once.
fn plays() -> ScriptedPlanner {
    ScriptedPlanner::new(|view: &View| {
        let tool = if view.task.submit.text == "whole" { "hand" } else { "work" };
        Ok(if view.task.turns.is_empty() { Proposal::call(tool, json!({})) } else { Proposal::done("done") })
    })
}

/// Reads to the end: whose records there are, and the kind of the last one.
async fn read(engine: &Engine, task: TaskId, after: u64) -> (Vec<TaskId>, Option<String>) {
    let (mut items, mut tasks, mut last) = (engine.follow(task, after).await.unwrap(), Vec::new(), None);
    while let Some(item) = items.next().await {
        if let Item::Record(record) = item.unwrap() {
            tasks.extend(record.task);
            last = Some(record.event.kind().to_owned());
        }
    }
    tasks.sort_unstable();
    tasks.dedup();
    (tasks, last)
}

#[tokio::test]
async fn a_task_is_read_to_its_end_with_its_parts_and_without_others() {
    let stage = Stage::new();
    let work = ProbeTool::new("work", Effects::none());
    work.hold();
    let engine = stage.engine(plays(), &[hand(), work.clone()]);
    let whole = stage.submit(&engine, Submit::new("whole")).await;
    let other = stage.submit(&engine, Submit::new("other")).await;
    work.started(2).await;
    let reading = tokio::spawn({
        let engine = engine.clone();
        async move { read(&engine, whole, 0).await }
    });
    work.release();
    let (tasks, last) = reading.await.unwrap();
    assert_eq!((tasks.len(), tasks.contains(&whole), tasks.contains(&other)), (2, true, false));
    assert_eq!(last.as_deref(), Some("task_finished"));
    assert_eq!(read(&engine, whole, 0).await.0, tasks, "the log tells the same");
    let head = engine.task(whole).await.unwrap().head;
    assert_eq!(read(&engine, whole, head).await, (Vec::new(), None), "there is nothing after the end");
    engine.stop().await;
}

#[tokio::test]
async fn a_task_is_told_something_by_its_name_alone() {
    let stage = Stage::new();
    let work = ProbeTool::new("work", Effects::none());
    work.hold();
    let engine = stage.engine(plays(), &[work.clone() as Arc<dyn Tool>]);
    let task = stage.submit(&engine, Submit::new("it")).await;
    work.started(1).await;
    engine.tell(task, "test", Command::Cancel).await.unwrap();
    assert_eq!(engine.settled(task).await.unwrap().status(), Status::Cancelled);
    let nobody = TaskId::new(&*stage.runtime);
    assert_eq!(engine.tell(nobody, "test", Command::Cancel).await.unwrap_err().kind, Kind::NotFound);
    assert_eq!(engine.follow(nobody, 0).await.err().unwrap().kind, Kind::NotFound);
    engine.stop().await;
}

#[tokio::test]
async fn who_says_what_will_not_be_followed_is_told_why_and_the_log_says_so_too() {
    let stage = Stage::new();
    let engine = stage.engine(ScriptedPlanner::list([Proposal::done("done")]), &[]);
    let task = stage.run(&engine, "soon over").await;
    let error = engine.tell(task.id, "test", Command::Steer { text: "one more thing".into() }).await.unwrap_err();
    assert_eq!((error.message.as_str(), error.fix()), ("the task has ended", Some("submit another one in its thread")));
    stage.until(&engine, "refused").await;

    // The same envelope once more is accepted without effect, as ever.
    let id = CommandId::new(&*stage.runtime);
    let late = Envelope { thread: stage.thread, task: task.id, sender: "test".into(), id, command: Command::Pause };
    assert_eq!(engine.send(late.clone()).await.unwrap().unwrap().message, "the task has ended");
    assert_eq!(engine.send(late).await.unwrap(), None);
}
