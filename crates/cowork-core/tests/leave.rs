//! Stories about leave that a person gives beforehand: for the rest of a task, and by rules that come with it.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a story that goes wrong ends")]

mod stage;

use std::sync::Arc;

use cowork_core::{
    Access, AllowRule, Answer, ChangeSet, CommandId, Effects, Engine, EngineParts, Error, Event, FilePath, Finding,
    Folder, Keep, Kind, Proposal, ProposedCall, Reclaimed, Record, Recovery, Result, Sandbox, Session, SessionSpec,
    Status, Submit, TaskId, Tool, ToolOutput, UndoReport, UndoSpec, async_trait,
};
use cowork_testkit::{MemorySession, ProbeTool, ScriptedPlanner};
use serde_json::{Value, json};
use stage::Stage;

/// Opens folders, and keeps nothing.
struct Room;

#[async_trait]
impl Sandbox for Room {
    async fn open(&self, spec: SessionSpec) -> Result<Arc<dyn Session>> {
        Ok(MemorySession::granting(spec.folders, &[]))
    }

    async fn undo(&self, _: TaskId, _: UndoSpec) -> Result<UndoReport> {
        Err(Error::new(Kind::NotFound, "undo", "nothing is kept here"))
    }

    async fn changes(&self, _: TaskId) -> Result<ChangeSet> {
        Ok(ChangeSet::default())
    }

    async fn reclaim(&self, _: Keep) -> Result<Reclaimed> {
        Ok(Reclaimed::default())
    }

    async fn check(&self, _: u64) -> Vec<Finding> {
        Vec::new()
    }
}

fn calls(paths: &[&str]) -> Proposal {
    let calls = paths.iter().map(|at| ProposedCall { tool: "work".into(), args: json!({ "at": at }) }).collect();
    Proposal { calls, ..Proposal::default() }
}

/// A tool that changes the file it is told; what it does in a folder called `Mail` can't be undone.
fn work() -> Arc<ProbeTool> {
    let effects = |args: &Value| {
        let at = FilePath::parse(args["at"].as_str().unwrap()).unwrap();
        let undoable = at.root() != "Mail";
        Ok(Effects { undoable, recovery: Recovery::Idempotent, ..Effects::changes([at]) })
    };
    ProbeTool::with("work", effects, |_| Ok(ToolOutput::default()))
}

fn engine(stage: &Stage, turns: &[&[&str]], work: &Arc<ProbeTool>) -> Engine {
    let planner = ScriptedPlanner::list(turns.iter().map(|paths| calls(paths)));
    let parts = stage.parts(planner, &[work.clone() as Arc<dyn Tool>]);
    Engine::start(EngineParts { sandbox: Some(Arc::new(Room)), ..parts })
}

fn submit(allow: &[(&str, &str)]) -> Submit {
    let folder = |name: &str| Folder {
        name: name.to_owned(),
        at: format!("/home/anna/{name}"),
        access: Access::Write,
        whole: false,
    };
    let rule = |(tool, folder): &(&str, &str)| AllowRule { tool: (*tool).to_owned(), folder: (*folder).to_owned() };
    Submit {
        folders: ["Desk", "Shelf", "Mail"].map(folder).into(),
        allow: allow.iter().map(rule).collect(),
        ..Submit::new("work")
    }
}

fn ran(work: &ProbeTool) -> Vec<String> {
    let at = |args: &String| serde_json::from_str::<Value>(args).unwrap()["at"].as_str().unwrap().to_owned();
    work.all_runs().keys().map(at).collect()
}

/// Answers the first question that is open. Gives what is open then.
async fn answer(stage: &Stage, engine: &Engine, task: TaskId, answer: Answer) -> Vec<String> {
    let ask = engine.asks(task).await.unwrap().remove(0);
    engine.send(ask.answered(answer, "test", CommandId::new(&*stage.runtime))).await.unwrap();
    engine.settled(task).await.unwrap();
    let open = engine.asks(task).await.unwrap();
    open.iter().map(|ask| ask.call.args.value()["at"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn a_yes_for_the_task_covers_the_tool_in_that_folder_and_no_more() {
    let (stage, work) = (Stage::new(), work());
    let engine = engine(&stage, &[&["Desk/a", "Desk/b", "Shelf/c"], &["Desk/d", "Shelf/e"]], &work);
    let task = stage.submit(&engine, submit(&[])).await;
    engine.settled(task).await.unwrap();
    assert_eq!(engine.asks(task).await.unwrap().len(), 3);
    // `Desk/b` was asked about already, and is not asked about any more.
    assert_eq!(answer(&stage, &engine, task, Answer::AllowTask).await, ["Shelf/c"]);
    assert_eq!(ran(&work), ["Desk/a", "Desk/b"]);
    assert_eq!(answer(&stage, &engine, task, Answer::Allow).await, ["Shelf/e"], "once was once");
    assert_eq!(ran(&work), ["Desk/a", "Desk/b", "Desk/d", "Shelf/c"]);
    let rules: Vec<String> = stage.log().await.iter().filter_map(rule).collect();
    assert_eq!(rules, ["allowed-before", "allowed-before", "answer", "allowed-before"]);
}

fn rule(record: &Record) -> Option<String> {
    match &*record.event.event().unwrap() {
        Event::CallStarted { rule, .. } => Some(rule.clone()),
        _ => None,
    }
}

#[tokio::test]
async fn what_can_not_be_undone_is_asked_about_every_time() {
    let (stage, work) = (Stage::new(), work());
    let engine = engine(&stage, &[&["Mail/a"], &["Mail/b"]], &work);
    let task = stage.submit(&engine, submit(&[("work", "Mail")])).await;
    engine.settled(task).await.unwrap();
    assert_eq!(answer(&stage, &engine, task, Answer::AllowTask).await, ["Mail/b"]);
    assert_eq!(ran(&work), ["Mail/a"]);
}

#[tokio::test]
async fn a_rule_that_comes_with_the_task_spares_the_question() {
    let (stage, work) = (Stage::new(), work());
    let engine = engine(&stage, &[&["Desk/a", "Desk/b"]], &work);
    let task = stage.submit(&engine, submit(&[("work", "Desk"), ("play", "Shelf")])).await;
    assert_eq!(engine.settled(task).await.unwrap().status(), Status::Done);
    assert_eq!(ran(&work), ["Desk/a", "Desk/b"]);

    let refused = engine.submit(stage.thread, "test", submit(&[("work", "Attic")])).await.unwrap_err();
    assert_eq!(refused.kind, Kind::InvalidInput);
    assert!(refused.to_string().contains("Attic"), "{refused}");
}
