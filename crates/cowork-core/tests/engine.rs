//! Stories about a task's way through the engine.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a story that goes wrong ends")]
#![allow(clippy::cloned_ref_to_slice_refs, reason = "the clones become trait objects")]

mod stage;

use std::{sync::Arc, time::Duration};

use cowork_core::{
    Answer, Claim, Command, CommandId, Effects, Engine, Envelope, Error, Event, Finish, Folder, Hash, Item, Kind, Lock,
    Mode, Outcome, PlanContext, Planner, Proposal, ProposedCall, Recovery, Result, Stage as CallStage, Status, Submit,
    Task, TaskId, Tool, View, async_trait, rebuild,
};
use cowork_testkit::{Fault, FaultyStore, NoopTool, ProbeTool, ScriptedPlanner, golden};
use futures_util::FutureExt;
use serde_json::json;
use stage::{Mortal, Stage};

fn changing(recovery: Recovery) -> Effects {
    Effects { recovery, ..Effects::none() }
}

fn calls(names: &[&str]) -> Proposal {
    let calls = names.iter().map(|n| ProposedCall { tool: "work".into(), args: json!({ "n": n }) }).collect();
    Proposal { calls, ..Proposal::default() }
}

fn auto() -> Submit {
    Submit { mode: Mode::Auto, ..Submit::new("do it") }
}

fn outcome(task: &Task, turn: usize, call: usize) -> Outcome {
    task.turns[turn].calls[call].outcome().unwrap().unwrap()
}

fn error(outcome: &Outcome) -> &Error {
    match outcome {
        Outcome::Failed { error } => error,
        other => panic!("{other:?} did not fail"),
    }
}

#[tokio::test]
async fn a_task_runs_to_its_end_and_its_log_tells_how() {
    let stage = Stage::new();
    let planner = ScriptedPlanner::list([Proposal::call("noop", json!({})), Proposal::done("nothing had to be done")]);
    let engine = stage.engine(planner, &[NoopTool::new()]);
    let task = stage.run(&engine, "do nothing").await;
    assert_eq!(task.status(), Status::Done);
    insta::assert_snapshot!(golden(&stage.log().await));
}

#[tokio::test]
async fn a_change_is_asked_about_and_made_once_it_is_allowed() {
    let stage = Stage::new();
    let work = ProbeTool::new("work", changing(Recovery::Unknown));
    let engine = stage.engine(ScriptedPlanner::list([calls(&["a"])]), &[work.clone()]);
    let task = stage.run(&engine, "change something").await;
    assert_eq!(task.status(), Status::Waiting);
    assert_eq!(work.runs(&json!({"n": "a"})), 0);

    let ask = engine.asks(task.id).await.unwrap().remove(0);
    let other = Hash::of(b"other arguments");
    stage.send(&engine, task.id, Command::Answer { call: ask.call.id, args_hash: other, answer: Answer::Allow }).await;
    let refused = stage.until(&engine, "refused").await;
    assert!(format!("{:?}", refused.event).contains("other arguments"));
    assert_eq!(work.runs(&json!({"n": "a"})), 0);

    let answer = ask.answered(Answer::Allow, "test", CommandId::new(&*stage.runtime));
    engine.send(answer.clone()).await.unwrap();
    engine.send(answer).await.unwrap();
    stage.until(&engine, "task_finished").await;
    assert_eq!(work.runs(&json!({"n": "a"})), 1);
    insta::assert_snapshot!(golden(&stage.log().await));
}

#[tokio::test]
async fn an_answer_given_to_another_process_after_a_restart_counts() {
    let stage = Stage::new();
    let work = ProbeTool::new("work", changing(Recovery::Unknown));
    let planner = ScriptedPlanner::list([calls(&["a"])]);
    let first = stage.engine(planner.clone(), &[work.clone()]);
    let task = stage.run(&first, "change something").await;
    first.stop().await;
    drop(first);

    let second = stage.engine(planner, &[work.clone()]);
    let ask = second.asks(task.id).await.unwrap().remove(0);
    second.send(ask.answered(Answer::Deny, "phone", CommandId::new(&*stage.runtime))).await.unwrap();
    let task = second.settled(task.id).await.unwrap();
    assert_eq!(outcome(&task, 0, 0), Outcome::Denied { rule: "answer".into(), reason: "you said no".into() });
    assert_eq!(work.runs(&json!({"n": "a"})), 0);
}

#[tokio::test]
async fn what_is_not_granted_is_denied_whatever_the_mode() {
    let stage = Stage::new();
    let path = |text: &str| cowork_core::FilePath::parse(text).unwrap();
    let work = ProbeTool::with(
        "work",
        move |args| {
            let to = path(args["n"].as_str().unwrap());
            Ok(if to.name() == "look" { Effects::reads([to]) } else { Effects::changes([to]) })
        },
        |_| Ok(cowork_core::ToolOutput::default()),
    );
    let planner = ScriptedPlanner::list([calls(&["Secret/look", "Secret/change", "Desk/change"])]);
    let engine = stage.engine(planner, &[work.clone()]);
    let desk = Folder { name: "Desk".into(), at: "/desk".into(), access: cowork_core::Access::Read, whole: false };
    let task = stage.submit(&engine, Submit { folders: vec![desk], ..auto() }).await;
    let task = engine.settled(task).await.unwrap();
    for call in 0..3 {
        assert!(matches!(outcome(&task, 0, call), Outcome::Denied { rule, .. } if rule == "not-granted"), "{call}");
    }
    assert!(work.all_runs().is_empty());
}

#[tokio::test]
async fn plan_mode_works_out_changes_and_makes_none() {
    let stage = Stage::new();
    let work = ProbeTool::new("work", changing(Recovery::Journalled));
    let engine = stage.engine(ScriptedPlanner::list([calls(&["a"])]), &[work.clone()]);
    let task = stage.submit(&engine, Submit { mode: Mode::Plan, ..Submit::new("what would you do?") }).await;
    let task = engine.settled(task).await.unwrap();
    assert!(matches!(outcome(&task, 0, 0), Outcome::Withheld { .. }));
    assert!(work.all_runs().is_empty());
}

#[tokio::test]
async fn bad_arguments_and_unknown_tools_are_told_to_the_planner_and_nothing_runs() {
    let stage = Stage::new();
    let calls = ["nowhere", "strict"].map(|tool| ProposedCall { tool: tool.into(), args: json!({ "depth": "deep" }) });
    let planner = ScriptedPlanner::list([Proposal { calls: calls.into(), ..Proposal::default() }]);
    let engine = stage.engine(planner, &[strict()]);
    let task = stage.run(&engine, "try").await;
    let (unknown, unfit) = (outcome(&task, 0, 0), outcome(&task, 0, 1));
    assert_eq!(error(&unknown).kind, Kind::NotFound);
    assert_eq!(error(&unknown).fix(), Some("the tools are: strict"));
    assert_eq!(error(&unfit).kind, Kind::InvalidInput);
    assert!(error(&unfit).message.contains("at /depth"), "{}", error(&unfit));
}

/// A typed tool that must never run.
fn strict() -> Arc<dyn Tool> {
    struct Strict;
    #[derive(serde::Deserialize, schemars::JsonSchema)]
    #[serde(deny_unknown_fields)]
    struct Args {
        #[serde(rename = "depth")]
        _depth: u32,
    }
    #[async_trait::async_trait]
    impl cowork_core::TypedTool for Strict {
        type Args = Args;
        const NAME: &'static str = "strict";
        const ABOUT: &'static str = "Wants a number.";

        fn effects(&self, _: &Args) -> Result<Effects, Error> {
            Ok(Effects::none())
        }

        async fn run(&self, _: Args, _: cowork_core::ToolContext) -> Result<cowork_core::ToolOutput, Error> {
            panic!("ran with arguments that do not fit")
        }
    }
    cowork_core::tool(Strict)
}

#[tokio::test]
async fn independent_calls_run_at_once_and_conflicting_ones_in_their_order() {
    let stage = Stage::new();
    let lock = |name: &str| Lock { name: name.into(), alone: true };
    let work = ProbeTool::with(
        "work",
        move |args| Ok(Effects { locks: vec![lock(&args["n"].as_str().unwrap()[..1])], ..Effects::none() }),
        |args| Ok(cowork_core::ToolOutput { value: args.clone(), ..Default::default() }),
    );
    work.hold();
    let engine = stage.engine(ScriptedPlanner::list([calls(&["a1", "a2", "b1"])]), &[work.clone()]);
    let task = stage.submit(&engine, Submit::new("three things")).await;
    work.started(2).await;
    assert_eq!(work.all_runs().into_keys().collect::<Vec<_>>(), [r#"{"n":"a1"}"#, r#"{"n":"b1"}"#]);
    work.release();
    let task = engine.settled(task).await.unwrap();
    assert_eq!(work.all_runs().len(), 3);
    assert!((0..3).all(|c| matches!(outcome(&task, 0, c), Outcome::Done { .. })));
}

#[tokio::test]
async fn calls_of_two_tasks_that_conflict_wait_for_each_other() {
    let stage = Stage::new();
    let alone = Effects { locks: vec![Lock { name: "screen".into(), alone: true }], ..Effects::none() };
    let work = ProbeTool::new("work", alone);
    work.hold();
    let engine = stage.engine(ScriptedPlanner::list([calls(&["x"])]), &[work.clone()]);
    let one = stage.submit(&engine, Submit::new("one")).await;
    let two = stage.submit(&engine, Submit::new("two")).await;
    work.started(1).await;
    for _ in 0..50 {
        tokio::task::yield_now().await;
    }
    assert_eq!(work.runs(&json!({"n": "x"})), 1);
    work.release();
    assert_eq!(engine.settled(one).await.unwrap().status(), Status::Done);
    assert_eq!(engine.settled(two).await.unwrap().status(), Status::Done);
    assert_eq!(work.runs(&json!({"n": "x"})), 2);
}

#[tokio::test]
async fn cancelling_stops_the_call_that_runs_and_starts_nothing_more() {
    let stage = Stage::new();
    let work = ProbeTool::new("work", Effects::none());
    work.hold();
    let engine = stage.engine(ScriptedPlanner::list([calls(&["a"]), calls(&["b"])]), &[work.clone()]);
    let task = stage.submit(&engine, Submit::new("long work")).await;
    stage.until(&engine, "call_started").await;
    stage.send(&engine, task, Command::Cancel).await;
    let task = engine.settled(task).await.unwrap();
    assert_eq!(task.result, Some(Finish::Cancelled));
    assert_eq!(error(&outcome(&task, 0, 0)).kind, Kind::Cancelled);
    assert_eq!(work.all_runs().len(), 1);

    stage.send(&engine, task.id, Command::Steer { text: "do go on".into() }).await;
    let refused = stage.until(&engine, "refused").await;
    assert!(format!("{:?}", refused.event).contains("the task has ended"));
}

#[tokio::test]
async fn a_call_that_does_not_stop_is_left_behind() {
    struct Deaf;
    #[async_trait::async_trait]
    impl cowork_core::TypedTool for Deaf {
        type Args = serde_json::Map<String, serde_json::Value>;
        const NAME: &'static str = "work";
        const ABOUT: &'static str = "Never ends.";

        fn effects(&self, _: &Self::Args) -> Result<Effects, Error> {
            Ok(Effects::none())
        }

        async fn run(&self, _: Self::Args, _: cowork_core::ToolContext) -> Result<cowork_core::ToolOutput, Error> {
            std::future::pending().await
        }
    }
    let stage = Stage::new();
    let engine = stage.engine(ScriptedPlanner::list([calls(&["a"])]), &[cowork_core::tool(Deaf)]);
    let task = stage.submit(&engine, Submit::new("long work")).await;
    stage.until(&engine, "call_started").await;
    stage.send(&engine, task, Command::Cancel).await;
    let done = tokio::spawn({
        let engine = engine.clone();
        async move { engine.settled(task).await.unwrap() }
    });
    while !done.is_finished() {
        stage.runtime.advance(Duration::from_secs(1));
        tokio::task::yield_now().await;
    }
    assert_eq!(done.await.unwrap().result, Some(Finish::Cancelled));
}

#[tokio::test]
async fn a_paused_task_finishes_what_runs_and_rests_until_it_is_resumed() {
    let stage = Stage::new();
    let work = ProbeTool::new("work", Effects::none());
    work.hold();
    let engine = stage.engine(ScriptedPlanner::list([calls(&["a"]), calls(&["b"])]), &[work.clone()]);
    let task = stage.submit(&engine, Submit::new("long work")).await;
    stage.until(&engine, "call_started").await;
    stage.send(&engine, task, Command::Pause).await;
    work.release();
    let paused = engine.settled(task).await.unwrap();
    assert_eq!(paused.status(), Status::Paused);
    assert_eq!(work.all_runs().len(), 1);
    assert!(!engine.is_held(task).await.unwrap() || !paused.wants_engine());

    stage.send(&engine, task, Command::Resume).await;
    stage.until(&engine, "task_finished").await;
    assert_eq!(work.all_runs().len(), 2);
}

#[tokio::test]
async fn what_the_person_says_is_taken_in_before_the_next_planning_step() {
    let stage = Stage::new();
    let work = ProbeTool::new("work", Effects::none());
    work.hold();
    let planner = ScriptedPlanner::new(|view| {
        Ok(match (view.task.turns.len(), view.task.steers.last()) {
            (0, _) => calls(&["a"]),
            (_, Some(steer)) => Proposal::done(format!("heard: {}", steer.text)),
            (_, None) => calls(&["deaf"]),
        })
    });
    let engine = stage.engine(planner, &[work.clone()]);
    let task = stage.submit(&engine, Submit::new("long work")).await;
    stage.until(&engine, "call_started").await;
    stage.send(&engine, task, Command::Steer { text: "that is enough".into() }).await;
    work.release();
    let task = engine.settled(task).await.unwrap();
    assert!(matches!(task.result, Some(Finish::Done { summary, .. }) if summary == "heard: that is enough"));
    insta::assert_snapshot!(golden(&stage.log().await));
}

#[tokio::test]
async fn what_another_process_says_while_decisions_ride_is_heard_and_what_happened_stays() {
    let stage = Stage::new();
    let mut parts = stage.parts(ScriptedPlanner::list([]), &[]);
    parts.claim = Claim::Adopted;
    let other = Engine::start(parts);
    let (thread, runtime) = (stage.thread, stage.runtime.clone());
    let planner = ScriptedPlanner::new(move |view| {
        let (task, turn) = (&view.task, view.task.turns.len());
        if turn == 2 {
            // Another process puts it into the log just now; this one's bell does not ring.
            let command = Command::Steer { text: "enough".into() };
            let (id, sender) = (CommandId::new(&*runtime), "other".to_owned());
            let said = other.send(Envelope { thread, task: task.id, sender, id, command });
            said.now_or_never().unwrap().unwrap();
        }
        let new = task.steers.iter().any(|steer| steer.turn >= turn);
        Ok(match (new, turn) {
            (true, _) => Proposal::done("heard"),
            (false, 100..) => Proposal::done("never heard"),
            _ => calls(&[&turn.to_string()]),
        })
    });
    let work = ProbeTool::new("work", Effects::none());
    let engine = stage.engine(planner, &[work.clone()]);
    let task = stage.run(&engine, "look around").await;
    assert!(matches!(&task.result, Some(Finish::Done { summary, .. }) if summary == "heard"), "{:?}", task.result);
    // Every call that ran is in the log with its outcome, and none ran twice.
    let runs = work.all_runs();
    assert!(runs.values().all(|n| *n == 1), "{runs:?}");
    let ran = task.turns.iter().flat_map(|t| &t.calls).filter(|c| c.outcome().unwrap().is_some()).count();
    assert_eq!(ran, runs.len());
    assert_eq!(Task::fold(stage.log().await.iter().filter(|r| r.task.is_some())).unwrap(), task);
}

#[tokio::test]
async fn what_may_change_something_does_not_ride_whatever_the_tool_calls_it() {
    let stage = Stage::new();
    let letter = Effects { undoable: false, ..Effects::none() };
    let work = ProbeTool::new("work", letter);
    work.hold();
    let planner = ScriptedPlanner::list([calls(&["letter"])]);
    let engine = stage.engine(planner, &[work.clone()]);
    let task = stage.run(&engine, "send it").await;
    let ask = engine.asks(task.id).await.unwrap().remove(0);
    engine.send(ask.answered(Answer::Allow, "test", CommandId::new(&*stage.runtime))).await.unwrap();
    work.started(1).await;
    assert!(stage.log().await.iter().any(|r| r.event.kind() == "call_started"), "it was sent before that was recorded");
    work.release();
}

#[tokio::test]
async fn a_task_that_can_t_go_on_says_why_to_whoever_waits_for_it() {
    let stage = Stage::new();
    let faulty = FaultyStore::new(stage.store.clone());
    let mut parts = stage.parts(ScriptedPlanner::list([calls(&["a"])]), &[ProbeTool::new("work", Effects::none())]);
    parts.store = faulty.clone();
    parts.claim = Claim::Adopted;
    let engine = Engine::start(parts);
    // The submission, which makes the thread, then the driver's first.
    faulty.fail(2, Fault::Refuse(Error::new(Kind::Full, "commit", "the disk is full")));
    let task = stage.submit(&engine, Submit::new("no room")).await;
    assert_eq!(engine.settled(task).await.unwrap_err().kind, Kind::Full);
    // Said once more, it is tried again.
    stage.send(&engine, task, Command::Steer { text: "there is room now".into() }).await;
    assert_eq!(engine.settled(task).await.unwrap().status(), Status::Done);
}

async fn died_in_the_middle(recovery: Recovery) -> (Task, u64, Stage) {
    let stage = Stage::new();
    let work = ProbeTool::new("work", changing(recovery));
    let planner = ScriptedPlanner::list([calls(&["a"])]);
    work.hold();
    let (first, engine) = Mortal::start(&stage, planner.clone(), &[work.clone()]);
    let task = stage.submit(&engine, auto()).await;
    stage.until(&engine, "call_started").await;
    work.started(1).await;
    first.die();
    work.release();

    let mut parts = stage.parts(planner, &[work.clone()]);
    parts.owner = "second".into();
    parts.is_dead = Arc::new(|owner| owner == "first");
    let second = Engine::start(parts);
    let task = second.settled(task).await.unwrap();
    (task, work.runs(&json!({"n": "a"})), stage)
}

#[tokio::test]
async fn after_a_death_a_read_is_done_again() {
    let (task, runs, stage) = died_in_the_middle(Recovery::ReadOnly).await;
    assert_eq!((task.status(), runs), (Status::Done, 2));
    assert_eq!(task.turns[0].calls[0].attempt, 2);
    insta::assert_snapshot!(golden(&stage.log().await));
}

#[tokio::test]
async fn after_a_death_an_effect_with_unknown_outcome_is_not_repeated_and_the_planner_is_told() {
    let (task, runs, _) = died_in_the_middle(Recovery::Unknown).await;
    assert_eq!((task.status(), runs), (Status::Done, 1));
    assert_eq!(error(&outcome(&task, 0, 0)).kind, Kind::Interrupted);
}

#[tokio::test]
async fn after_a_death_a_journalled_call_runs_again_under_its_own_name() {
    let (task, runs, _) = died_in_the_middle(Recovery::Journalled).await;
    assert_eq!((task.status(), runs), (Status::Done, 2));
    assert!(task.journalled);
}

#[tokio::test]
async fn a_lease_that_ran_out_is_taken_over_and_the_first_process_can_write_nothing_more() {
    let stage = Stage::new();
    let work = ProbeTool::new("work", Effects::none());
    work.hold();
    let planner = ScriptedPlanner::list([calls(&["a"])]);
    let first = stage.engine(planner.clone(), &[work.clone()]);
    let task = stage.submit(&first, Submit::new("long work")).await;
    work.started(1).await;

    // The first process sleeps: nothing keeps its lease up. Another takes the task over and ends it.
    let taken = stage.store.lease(
        task,
        cowork_core::LeaseAsk::Take {
            owner: "second".into(),
            ttl: Duration::from_secs(1000),
            dead: Some("first".into()),
        },
    );
    let lease = taken.await.unwrap().unwrap();
    let before = stage.log().await.len();
    work.release();
    stage.runtime.advance(Duration::from_secs(6));
    while stage.store.lease(task, cowork_core::LeaseAsk::Look).await.unwrap().is_none() {}
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
    assert_eq!(lease.owner, "second");
    assert_eq!(stage.log().await.len(), before, "a stale fence wrote");
}

#[tokio::test]
async fn who_waits_for_a_task_that_another_process_took_over_and_ended_is_told() {
    let stage = Stage::new();
    let (held, free) = (ProbeTool::new("work", Effects::none()), ProbeTool::new("work", Effects::none()));
    held.hold();
    let planner = ScriptedPlanner::list([calls(&["a"])]);
    let first = stage.engine(planner.clone(), &[held.clone()]);
    let task = stage.submit(&first, Submit::new("long work")).await;
    held.started(1).await;
    let elsewhere = async {
        let mut parts = stage.parts(planner, &[free]);
        parts.owner = "second".into();
        parts.is_dead = Arc::new(|owner| owner == "first");
        let second = Engine::start(parts);
        assert_eq!(second.settled(task).await.unwrap().status(), Status::Done);
        // The first process goes on, and finds that it lost the task. Nobody writes anything more.
        held.release();
    };
    let (waited, ()) = tokio::join!(first.settled(task), elsewhere);
    assert_eq!(waited.unwrap().status(), Status::Done);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_engines_on_one_store_never_run_the_same_task() {
    let stage = Stage::new();
    let work = ProbeTool::new("work", changing(Recovery::Unknown));
    let planner = ScriptedPlanner::new(|view| {
        Ok(if view.task.turns.is_empty() { calls(&[&view.task.submit.text]) } else { Proposal::done("done") })
    });
    let first = stage.engine(planner.clone(), &[work.clone()]);
    let mut parts = stage.parts(planner, &[work.clone()]);
    parts.owner = "second".into();
    let second = Engine::start(parts);
    let mut tasks = Vec::new();
    for n in 0..100 {
        let engine = if n % 2 == 0 { &first } else { &second };
        let submit = Submit { mode: Mode::Auto, ..Submit::new(format!("task {n}")) };
        tasks.push(stage.submit(engine, submit).await);
    }
    for task in tasks {
        assert_eq!(first.settled(task).await.unwrap().status(), Status::Done);
    }
    let runs = work.all_runs();
    assert_eq!(runs.len(), 100);
    assert!(runs.values().all(|n| *n == 1), "{runs:?}");
}

#[tokio::test]
async fn a_stopped_engine_puts_its_task_down_and_another_takes_it_up() {
    let stage = Stage::new();
    let work = ProbeTool::new("work", changing(Recovery::Journalled));
    work.hold();
    let planner = ScriptedPlanner::list([calls(&["a"])]);
    let first = stage.engine(planner.clone(), &[work.clone()]);
    let task = stage.submit(&first, auto()).await;
    work.started(1).await;
    first.stop().await;
    assert_eq!(first.task(task).await.unwrap().status(), Status::Stopped);
    assert_eq!(first.task(task).await.unwrap().turns[0].calls[0].stage, CallStage::Interrupted);
    assert!(!first.is_held(task).await.unwrap());

    work.release();
    let second = stage.engine(planner, &[work.clone()]);
    stage.until(&second, "task_finished").await;
    assert_eq!(second.task(task).await.unwrap().status(), Status::Done);
    insta::assert_snapshot!(golden(&stage.log().await));
}

#[tokio::test]
async fn an_engine_that_adopts_takes_up_nothing_else() {
    let stage = Stage::new();
    let planner = ScriptedPlanner::list([Proposal::done("done")]);
    let mut parts = stage.parts(planner.clone(), &[]);
    parts.claim = Claim::Adopted;
    let engine = Engine::start(parts);
    let left = TaskId::new(&*stage.runtime);
    stage.send(&engine, left, Command::Submit(Submit::new("left behind"))).await;
    let mine = stage.run(&engine, "mine").await;
    assert_eq!(mine.status(), Status::Done);
    assert_eq!(engine.task(left).await.unwrap().status(), Status::Queued);
    engine.adopt(left).await.unwrap();
    assert_eq!(engine.settled(left).await.unwrap().status(), Status::Done);
}

#[tokio::test]
async fn a_planner_or_a_tool_that_panics_ends_in_an_error_that_is_told() {
    let stage = Stage::new();
    let panics = ProbeTool::with("work", |_| Ok(Effects::none()), |_| panic!("on purpose"));
    let engine = stage.engine(ScriptedPlanner::list([calls(&["a"])]), &[panics]);
    let task = stage.run(&engine, "panic in a tool").await;
    assert_eq!(error(&outcome(&task, 0, 0)).kind, Kind::Internal);

    let stage = Stage::new();
    let engine = stage.engine(ScriptedPlanner::new(|_| panic!("on purpose")), &[]);
    let task = stage.run(&engine, "panic in a planner").await;
    assert!(matches!(task.result, Some(Finish::Failed { error }) if error.kind == Kind::Internal));

    let stage = Stage::new();
    let engine = stage.engine(ScriptedPlanner::list([Proposal::default()]), &[]);
    let task = stage.run(&engine, "no proposal").await;
    assert!(matches!(task.result, Some(Finish::Failed { error }) if error.message.contains("neither")));
}

#[tokio::test]
async fn a_task_that_never_ends_runs_out_of_steps() {
    let stage = Stage::new();
    let engine = stage.engine(ScriptedPlanner::new(|_| Ok(Proposal::call("noop", json!({})))), &[NoopTool::new()]);
    let task = stage.submit(&engine, Submit { max_steps: 7, ..Submit::new("for ever") }).await;
    let task = engine.settled(task).await.unwrap();
    assert_eq!(task.turns.len(), 7);
    assert!(matches!(task.result, Some(Finish::Failed { error }) if error.kind == Kind::LimitExceeded));
}

#[tokio::test]
async fn words_that_are_off_are_refused_at_the_door_and_leave_no_trace() {
    let stage = Stage::new();
    let engine = stage.engine(ScriptedPlanner::list([]), &[]);
    let folder =
        |name: &str, at: &str| Folder { name: name.into(), at: at.into(), access: Default::default(), whole: false };
    let with = |folders| Submit { folders, ..Submit::new("words") };
    for (submit, why) in [
        (Submit::new(" "), "is empty"),
        (Submit::new("x".repeat(10 << 20)), "bytes long"),
        (Submit::new("\u{0}\u{1}"), "control characters"),
        (with(vec![folder("a/b", "/a")]), "can't be a folder's name"),
        (with(vec![folder("a", "a")]), "not an absolute path"),
        (with(vec![folder("a", "/a"), folder("a", "/b")]), "two folders"),
        (Submit { max_steps: 0, ..Submit::new("words") }, "no steps"),
    ] {
        let error = engine.submit(stage.thread, "test", submit).await.unwrap_err();
        assert_eq!(error.kind, Kind::InvalidInput);
        assert!(error.message.contains(why), "{error}");
        assert!(error.fix().is_some());
    }
    let stray = Envelope {
        thread: stage.thread,
        task: TaskId::new(&*stage.runtime),
        sender: "test".into(),
        id: CommandId::new(&*stage.runtime),
        command: Command::Cancel,
    };
    assert_eq!(engine.send(stray).await.unwrap_err().kind, Kind::NotFound);
    assert!(stage.log().await.is_empty());
    assert!(stage.entries().await.is_empty());
}

#[tokio::test]
async fn a_reader_gets_every_record_once_and_deltas_in_between() {
    let stage = Stage::new();
    let planner = ScriptedPlanner::new(|view| {
        Ok(if view.task.turns.len() < 5 { Proposal::call("noop", json!({})) } else { Proposal::done("done") })
    });
    let engine = stage.engine(planner, &[NoopTool::new()]);
    let mut live = engine.events(stage.thread, 0);
    let first = stage.run(&engine, "five steps").await;
    let mut seen = Vec::new();
    while seen.last() != Some(&first.head) {
        if let Item::Record(record) = live.next().await.unwrap().unwrap() {
            seen.push(record.seq);
        }
    }
    assert_eq!(seen, (1..=first.head).collect::<Vec<_>>());
    let mut late = engine.events(stage.thread, 3);
    assert!(matches!(late.next().await, Some(Ok(Item::Record(r))) if r.seq == 4));
}

#[tokio::test]
async fn a_reader_that_lags_is_told_so_and_misses_no_record() {
    let stage = Stage::new();
    let work = ProbeTool::new("work", changing(Recovery::Idempotent));
    let planner = ScriptedPlanner::new(|view| {
        Ok(if view.task.turns.len() < 600 { calls(&["a"]) } else { Proposal::done("done") })
    });
    let engine = stage.engine(planner, &[work]);
    engine.open(stage.thread, "story").await.unwrap();
    let mut lazy = engine.events(stage.thread, 0);
    assert!(matches!(lazy.next().await, Some(Ok(Item::Record(_)))));
    assert!(lazy.next().now_or_never().is_none(), "it has read everything and waits");
    // Every step changes something and so is a commit of its own, so the live queue overflows while nobody reads.
    let mut last = 0;
    for _ in 0..2 {
        let task = stage.submit(&engine, auto()).await;
        last = engine.settled(task).await.unwrap().head;
    }
    let (mut seq, mut lagged) = (1, false);
    while seq < last {
        match lazy.next().await.unwrap().unwrap() {
            Item::Record(record) => {
                assert_eq!(record.seq, seq + 1);
                seq = record.seq;
            }
            Item::Lagged { missed } => lagged = missed > 0,
            Item::Delta(_) => {}
        }
    }
    assert!(lagged);
}

#[tokio::test]
async fn dropped_indexes_are_rebuilt_equal_from_the_log() {
    let stage = Stage::new();
    let work = ProbeTool::new("work", changing(Recovery::Unknown));
    let planner = ScriptedPlanner::new(|view| match (&*view.task.submit.text, view.task.turns.len()) {
        ("fail", _) => Err(Error::new(Kind::Unavailable, "plan", "not today")),
        (_, 0) => Ok(calls(&["a"])),
        _ => Ok(Proposal::done("done")),
    });
    let engine = stage.engine(planner, &[work]);
    stage.run(&engine, "ask me").await;
    stage.run(&engine, "fail").await;
    let done = stage.submit(&engine, auto()).await;
    engine.settled(done).await.unwrap();
    let paused = stage.run(&engine, "pause me").await;
    stage.send(&engine, paused.id, Command::Pause).await;
    stage.send(&engine, done, Command::Cancel).await;
    stage.until(&engine, "refused").await;
    engine.stop().await;

    let before = stage.entries().await;
    assert_eq!(rebuild(&*stage.store).await.unwrap(), 0);
    let mut batch = cowork_core::Batch::new(stage.thread);
    batch.put = before.iter().map(|(key, _)| (key.clone(), None)).collect();
    stage.store.commit(batch).await.unwrap();
    assert!(stage.entries().await.is_empty());
    assert_eq!(rebuild(&*stage.store).await.unwrap(), before.len() as u64);
    assert_eq!(stage.entries().await, before);
}

#[tokio::test]
async fn the_log_is_a_chain_of_hashes_and_folds_to_what_the_engine_saw() {
    let stage = Stage::new();
    let planner = ScriptedPlanner::list([Proposal::call("noop", json!({"deep": [1, 2.5, "ü", null]}))]);
    let engine = stage.engine(planner, &[NoopTool::new()]);
    let task = stage.run(&engine, "chain").await;
    let log = stage.log().await;
    let mut hash = Hash::default();
    for record in &log {
        assert_eq!(record.prev_hash, hash);
        assert!(record.is_intact());
        hash = record.hash();
        // What goes out as JSON comes back the same.
        let json = serde_json::to_string(record).unwrap();
        assert_eq!(serde_json::from_str::<cowork_core::Record>(&json).unwrap(), *record);
    }
    assert_eq!(Task::fold(log.iter().filter(|r| r.task.is_some())).unwrap(), task);
    let kept: Task = serde_json::from_str(&serde_json::to_string(&task).unwrap()).unwrap();
    assert_eq!(kept, task);
}

#[tokio::test]
async fn an_unknown_event_is_carried_and_a_critical_one_stops_the_reader() {
    let stage = Stage::new();
    let engine = stage.engine(ScriptedPlanner::list([]), &[]);
    let task = stage.run(&engine, "old").await;
    let mut record = stage.log().await.pop().unwrap();
    record.seq += 1;
    let newer = |json: &str| cowork_core::Body::stored("weather_changed", json);
    record.event = newer(r#"{"type":"weather_changed","to":"rain"}"#);
    assert!(matches!(&*record.event.event().unwrap(), Event::Unknown { critical: false, .. }));
    task.clone().apply(&record).unwrap();
    record.event = newer(r#"{"type":"weather_changed","to":"rain","critical":true}"#);
    assert_eq!(task.clone().apply(&record).unwrap_err().kind, Kind::NewerVersion);
}

/// A planner under a name of its own, that gives the same once and ends.
struct Named(&'static str, Proposal);

#[async_trait]
impl Planner for Named {
    fn name(&self) -> &str {
        self.0
    }

    async fn plan(&self, view: View, _: PlanContext) -> Result<Proposal> {
        Ok(if view.task.turns.is_empty() { self.1.clone() } else { Proposal::done("done") })
    }
}

#[tokio::test]
async fn an_engine_leaves_a_task_whose_planner_or_tool_it_lacks_to_one_that_has_them() {
    let stage = Stage::new();
    let work = ProbeTool::new("work", changing(Recovery::Journalled));
    work.hold();
    let own = || Named("own", calls(&["a"]));
    let first = stage.engine(own(), &[work.clone()]);
    let task = stage.submit(&first, auto()).await;
    work.started(1).await;
    first.stop().await;
    work.release();
    let before = stage.log().await.len();

    // Another planner is the first of this one: who plans the task was settled when it came in.
    let other = stage.engine(Named("other", calls(&["b"])), &[work.clone()]);
    let error = other.settled(task).await.unwrap_err();
    assert_eq!((error.kind, error.message.as_str()), (Kind::NotFound, "there is no planner called `own`"));
    other.stop().await;
    let bare = stage.engine(own(), &[]);
    let error = bare.settled(task).await.unwrap_err();
    assert_eq!(error.kind, Kind::NotFound);
    assert!(error.message.contains("`work`"), "{error}");
    bare.stop().await;
    assert_eq!(stage.log().await.len(), before, "something was recorded of a task that was left alone");

    let third = stage.engine(own(), &[work.clone()]);
    assert_eq!(third.settled(task).await.unwrap().status(), Status::Done);
    assert_eq!(work.all_runs().len(), 1, "what was cut off ran under another name");
}

#[tokio::test]
async fn a_task_can_be_ended_where_nobody_can_go_on_with_it() {
    let stage = Stage::new();
    let mut parts = stage.parts(Named("own", calls(&["a"])), &[]);
    parts.planners = Vec::new();
    let passing_on = Engine::start(parts);
    let planner = json!({ "name": "own" });
    let task = stage.submit(&passing_on, Submit { planner, ..auto() }).await;
    assert_eq!(passing_on.settled(task).await.unwrap_err().kind, Kind::NotFound);
    stage.send(&passing_on, task, Command::Cancel).await;
    assert_eq!(passing_on.settled(task).await.unwrap().status(), Status::Cancelled);
}

#[tokio::test]
async fn a_planner_that_is_not_there_is_refused_where_the_task_is_submitted() {
    let stage = Stage::new();
    let engine = stage.engine(Named("own", calls(&[])), &[]);
    let submit = Submit { planner: json!({ "name": "typo" }), ..auto() };
    let error = engine.submit(stage.thread, "test", submit).await.unwrap_err();
    assert_eq!((error.kind, error.fix()), (Kind::NotFound, Some("the planners are: own")));
    assert!(stage.log().await.is_empty(), "it left a trace");
}
