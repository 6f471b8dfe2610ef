//! Stories about going on with a task that failed.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a story that goes wrong ends")]

mod stage;

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    time::Duration,
};

use cowork_core::{
    Actor, Batch, Budget, Command, CommandId, Draft, Effects, Engine, Error, Event, Finish, Item, Kind, Label,
    ModelPlanner, Proposal, ProposedCall, Runtime, Status, Submit, Subtask, Task, TaskId, Tool, View, rebuild,
};
use cowork_testkit::{ProbeTool, ScriptedModel, ScriptedPlanner, model::Reply};
use serde_json::{Value, json};
use stage::Stage;

fn refused() -> Error {
    Error::new(Kind::NotAllowed, "ask model", "the key was refused").with_fix("set another one")
}

/// A tool that does nothing, and remembers how often it did.
fn work() -> Arc<ProbeTool> {
    ProbeTool::new("work", Effects::none())
}

/// A tool that has its work done by a sub-task.
fn hand() -> Arc<dyn Tool> {
    let delegates = |args: &Value| Ok(Effects::delegates(serde_json::from_value::<Subtask>(args.clone()).unwrap()));
    ProbeTool::with("hand", delegates, |_| panic!("the engine starts sub-tasks"))
}

fn runs(work: &ProbeTool) -> u64 {
    work.runs(&json!({}))
}

/// Works two times and is done; while its key is wrong it can't be asked.
fn worker(key_is_wrong: Arc<AtomicBool>) -> ScriptedModel {
    ScriptedModel::new(move |request| match request.messages.len() / 2 {
        1 if key_is_wrong.load(Relaxed) => Reply::Fail { said: String::new(), error: refused() },
        0 | 1 => Reply::calls(&[("work", json!({}))]),
        _ => Reply::text("Done."),
    })
}

fn with_model(stage: &Stage, model: ScriptedModel, tools: &[Arc<dyn Tool>]) -> Engine {
    let mut parts = stage.parts(ModelPlanner::new(), tools);
    parts.models.push(Arc::new(model));
    Engine::start(parts)
}

async fn resumed(engine: &Engine, task: TaskId) -> Task {
    engine.tell(task, "test", Command::Resume).await.unwrap();
    engine.settled(task).await.unwrap()
}

async fn why_not(engine: &Engine, task: TaskId) -> String {
    engine.tell(task, "test", Command::Resume).await.unwrap_err().message
}

#[tokio::test]
async fn a_task_that_failed_for_a_wrong_key_goes_on_where_it_was_and_does_nothing_twice() {
    let (stage, key_is_wrong, work) = (Stage::new(), Arc::new(AtomicBool::new(true)), work());
    let engine = with_model(&stage, worker(key_is_wrong.clone()), &[work.clone() as Arc<dyn Tool>]);
    let failed = stage.run(&engine, "work twice").await;
    assert_eq!((failed.status(), runs(&work), failed.can_go_on()), (Status::Failed, 1, Ok(())));
    assert_eq!(resumed(&engine, failed.id).await.status(), Status::Failed, "the key is as it was");

    key_is_wrong.store(false, Relaxed);
    let done = resumed(&engine, failed.id).await;
    assert_eq!((done.status(), runs(&work)), (Status::Done, 2));
    assert_eq!(done.turns[0], failed.turns[0], "what was decided and done before stays");
    assert_eq!(why_not(&engine, failed.id).await, "the task has ended");
    assert_eq!(rebuild(&*stage.store).await.unwrap(), 0, "the lists say what the log says");
}

#[tokio::test]
async fn after_a_restart_too() {
    let (stage, key_is_wrong, work) = (Stage::new(), Arc::new(AtomicBool::new(true)), work());
    let first = with_model(&stage, worker(key_is_wrong.clone()), &[work.clone() as Arc<dyn Tool>]);
    let failed = stage.run(&first, "work twice").await;
    first.stop().await;
    key_is_wrong.store(false, Relaxed);
    let second = with_model(&stage, worker(key_is_wrong), &[work.clone() as Arc<dyn Tool>]);
    assert_eq!((resumed(&second, failed.id).await.status(), runs(&work)), (Status::Done, 2));
}

#[tokio::test]
async fn one_that_used_up_its_steps_gets_as_many_again_and_no_more() {
    let (stage, work) = (Stage::new(), work());
    let planner = ScriptedPlanner::new(|view: &View| match view.task.turns.len() {
        0..5 => Ok(Proposal::call("work", json!({}))),
        _ => Ok(Proposal::done("done")),
    });
    let engine = stage.engine(planner, &[work.clone() as Arc<dyn Tool>]);
    let task = stage.submit(&engine, Submit { max_steps: 2, ..Submit::new("work five times") }).await;
    assert_eq!((engine.settled(task).await.unwrap().status(), runs(&work)), (Status::Failed, 2));
    assert_eq!((resumed(&engine, task).await.status(), runs(&work)), (Status::Failed, 4));
    assert_eq!((resumed(&engine, task).await.status(), runs(&work)), (Status::Done, 5));
}

#[tokio::test]
async fn one_whose_time_was_over_gets_as_much_again_and_begins_what_was_not_begun() {
    let (stage, work) = (Stage::new(), work());
    let clock = stage.runtime.clone();
    let planner = ScriptedPlanner::new(move |view: &View| match view.task.turns.len() {
        0..3 => {
            clock.advance(Duration::from_secs(6));
            Ok(Proposal::call("work", json!({})))
        }
        _ => Ok(Proposal::done("done")),
    });
    let engine = stage.engine(planner, &[work.clone() as Arc<dyn Tool>]);
    let budget = Budget { time: Some(10_000), ..Budget::default() };
    let task = stage.submit(&engine, Submit { budget, ..Submit::new("work") }).await;
    let over = engine.settled(task).await.unwrap();
    assert_eq!((over.status(), over.turns.len(), runs(&work)), (Status::Failed, 2, 1));
    stage.runtime.advance(Duration::from_secs(3_600));
    let done = resumed(&engine, task).await;
    assert_eq!((done.status(), runs(&work), done.spent.time), (Status::Done, 3, Duration::from_secs(18)));
    assert_eq!(done.budget.time, Some(22_000), "ten seconds more than the twelve that it had worked");
}

#[tokio::test]
async fn what_came_to_an_end_of_its_own_or_was_ended_is_not_gone_on_with() {
    let stage = Stage::new();
    let planner = ScriptedPlanner::new(|view: &View| match view.task.submit.text.as_str() {
        "give up" => {
            let finish = Finish::Failed { error: Error::new(Kind::NotFound, "look", "there is nothing") };
            Ok(Proposal { finish: Some(finish), ..Proposal::default() })
        }
        "wait" => Ok(Proposal::call("work", json!({}))),
        _ => Err(refused()),
    });
    let work = work();
    work.hold();
    let engine = stage.engine(planner, &[work.clone() as Arc<dyn Tool>]);
    assert_eq!(why_not(&engine, stage.run(&engine, "give up").await.id).await, "the task has ended");

    let cancelled = stage.submit(&engine, Submit::new("wait")).await;
    work.started(1).await;
    engine.tell(cancelled, "test", Command::Cancel).await.unwrap();
    work.release();
    assert_eq!(engine.settled(cancelled).await.unwrap().status(), Status::Cancelled);
    assert_eq!(why_not(&engine, cancelled).await, "the task has ended");

    let failed = stage.run(&engine, "fail").await;
    let steer = Command::Steer { text: "more".into() };
    assert_eq!(engine.tell(failed.id, "test", steer).await.unwrap_err().message, "the task has ended");
    engine.tell(failed.id, "test", Command::Undo { paths: Vec::new(), calls: Vec::new() }).await.unwrap();
    assert!(why_not(&engine, failed.id).await.contains("was to be given back"));
}

#[tokio::test]
async fn who_reads_along_reads_on_past_an_end_that_was_taken_back() {
    let (stage, key_is_wrong) = (Stage::new(), Arc::new(AtomicBool::new(true)));
    let engine = with_model(&stage, worker(key_is_wrong.clone()), &[work() as Arc<dyn Tool>]);
    let task = stage.run(&engine, "work twice").await.id;
    assert_eq!(ends(&engine, task).await, 1);
    key_is_wrong.store(false, Relaxed);
    engine.tell(task, "test", Command::Resume).await.unwrap();
    // Whether it has ended again by now or not.
    assert_eq!(ends(&engine, task).await, 2);
    engine.settled(task).await.unwrap();
    assert_eq!(ends(&engine, task).await, 2);
}

/// Reads a task from its beginning to its end; gives how often it ended.
async fn ends(engine: &Engine, task: TaskId) -> usize {
    let (mut events, mut ends) = (engine.follow(task, 0).await.unwrap(), 0);
    while let Some(item) = events.next().await {
        let Item::Record(record) = item.unwrap() else { continue };
        ends += usize::from(record.event.kind() == "task_finished");
    }
    ends
}

#[tokio::test]
async fn what_was_refused_by_a_version_that_knew_of_no_going_on_stays_ended() {
    let (stage, work) = (Stage::new(), work());
    let engine = stage.engine(ScriptedPlanner::new(|_: &View| Err(refused())), &[work as Arc<dyn Tool>]);
    let failed = stage.run(&engine, "fail").await;
    engine.stop().await;
    // As an earlier version left it: the command, and why it was not followed.
    let draft = |event: Event, actor| {
        let draft = Draft::new(Some(failed.id), stage.runtime.now(), event).unwrap();
        draft.by(actor, Label::trusted())
    };
    let id = CommandId::new(&*stage.runtime);
    let resume = Event::Commanded { sender: "test".into(), id, command: Command::Resume };
    let no = Error::new(Kind::InvalidInput, "follow command", "the task has ended");
    let append = vec![
        draft(resume, Actor::Person),
        draft(Event::TaskStarted { owner: "old".into(), fence: 9 }, Actor::Engine),
        draft(Event::Refused { command: failed.head + 1, error: no }, Actor::Engine),
    ];
    stage.store.commit(Batch { append, ..Batch::new(stage.thread) }).await.unwrap();

    let key_is_wrong = Arc::new(AtomicBool::new(false));
    let engine = with_model(&stage, worker(key_is_wrong), &[]);
    let there = engine.task(failed.id).await.unwrap();
    assert_eq!((there.status(), &there.result, there.ended), (Status::Failed, &failed.result, failed.ended));
    assert!(!there.wants_engine());
    let seen = stage.store.scan("ready/".into(), None, 9).await.unwrap();
    rebuild(&*stage.store).await.unwrap();
    assert_eq!(stage.store.scan("ready/".into(), None, 9).await.unwrap(), seen, "nothing is taken up by itself");
    assert_eq!(there.can_go_on(), Ok(()), "now it can be");
}

#[tokio::test]
async fn a_limit_that_is_not_the_tasks_own_gives_it_none_of_its_own_anew() {
    let stage = Stage::new();
    let times = Arc::new(AtomicBool::new(false));
    let planner = ScriptedPlanner::new(move |_: &View| match times.swap(true, Relaxed) {
        false => Err(Error::new(Kind::LimitExceeded, "answer", "the account has no more credit")),
        true => Ok(Proposal::done("done")),
    });
    let engine = stage.engine(planner, &[]);
    let budget = Budget { tokens: Some(5), cost: Some(5), time: Some(60_000) };
    let task = stage.submit(&engine, Submit { budget, ..Submit::new("x") }).await;
    assert!(!engine.settled(task).await.unwrap().is_used_up());
    let done = resumed(&engine, task).await;
    assert_eq!((done.status(), done.budget, done.max_steps), (Status::Done, budget, done.submit.max_steps));
}

#[tokio::test]
async fn whatever_is_said_to_a_task_meanwhile_it_worked_as_long_as_its_sub_task() {
    let (stage, work) = (Stage::new(), work());
    work.hold();
    let planner = ScriptedPlanner::new(|view: &View| {
        Ok(match (view.task.submit.text.as_str(), view.task.turns.len()) {
            ("all", 0) => Proposal::call("hand", json!({ "title": "One", "text": "one" })),
            ("one", 0) => Proposal::call("work", json!({})),
            _ => Proposal::done("done"),
        })
    });
    let engine = stage.engine(planner, &[hand(), work.clone()]);
    let task = stage.submit(&engine, Submit::new("all")).await;
    work.started(1).await;
    stage.runtime.advance(Duration::from_secs(590));
    engine.tell(task, "test", Command::Steer { text: "quicker".into() }).await.unwrap();
    stage.runtime.advance(Duration::from_secs(10));
    work.release();
    let done = engine.settled(task).await.unwrap();
    let part = engine.subtasks().await.unwrap()[0].task;
    let part = engine.task(part).await.unwrap().spent.time;
    assert_eq!((done.spent.time, part >= Duration::from_secs(10)), (part, true));
}

#[tokio::test]
async fn sub_tasks_that_worked_side_by_side_took_the_time_once() {
    let (stage, work) = (Stage::new(), work());
    work.hold();
    let planner = ScriptedPlanner::new(|view: &View| {
        let part = |text: &str| ProposedCall { tool: "hand".into(), args: json!({ "title": text, "text": text }) };
        Ok(match (view.task.submit.text.as_str(), view.task.turns.len()) {
            ("all", 0) => Proposal { calls: vec![part("one"), part("two")], ..Proposal::default() },
            ("one" | "two", 0) => Proposal::call("work", json!({})),
            _ => Proposal::done("done"),
        })
    });
    let engine = stage.engine(planner, &[hand(), work.clone()]);
    let task = stage.submit(&engine, Submit::new("all")).await;
    work.started(2).await;
    stage.runtime.advance(Duration::from_secs(10));
    work.release();
    let done = engine.settled(task).await.unwrap();
    assert_eq!((done.status(), done.spent.time), (Status::Done, Duration::from_secs(10)));
    let parts = engine.subtasks().await.unwrap();
    assert_eq!(parts.len(), 2);
    for part in parts {
        assert_eq!(engine.task(part.task).await.unwrap().spent.time, Duration::from_secs(10));
        assert_eq!(why_not(&engine, part.task).await, "the task has ended");
    }
    assert!(stage.runtime.now() > done.at);
}
