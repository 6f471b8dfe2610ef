//! Stories about who answers a task's questions.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a story that goes wrong ends")]

mod stage;

use std::sync::Arc;

use cowork_core::{
    Answer, Approver, CommandId, Effects, Engine, Error, Finish, Kind, Outcome, Planner, Policy, Proposal, Question,
    Recovery, Ruling, Status, Task, Tool, Verdict,
};
use cowork_testkit::{ProbeTool, ScriptedApprover, ScriptedPlanner};
use serde_json::json;
use stage::Stage;

/// A tool whose effect has to be asked about, and a planner that wants it once.
fn work() -> Arc<ProbeTool> {
    ProbeTool::new("work", Effects { recovery: Recovery::Unknown, ..Effects::none() })
}

fn once() -> impl Planner {
    ScriptedPlanner::list([Proposal::call("work", json!({ "n": 1 })), Proposal::done("worked")])
}

fn engine(stage: &Stage, work: &Arc<ProbeTool>, approver: impl Approver) -> Engine {
    let mut parts = stage.parts(once(), &[work.clone() as Arc<dyn Tool>]);
    parts.approver = Some(Arc::new(approver));
    Engine::start(parts)
}

fn outcome(task: &Task) -> Outcome {
    task.turns[0].calls[0].outcome().unwrap().unwrap()
}

#[tokio::test]
async fn a_question_that_the_approver_answers_runs() {
    let (stage, work) = (Stage::new(), work());
    let approver = ScriptedApprover::always(Some(Answer::Allow));
    let engine = engine(&stage, &work, approver.clone());
    let task = stage.run(&engine, "change something").await;
    assert_eq!(task.status(), Status::Done, "a task does not rest while its approver is asked");
    assert_eq!(work.runs(&json!({ "n": 1 })), 1);
    let asked = approver.asked();
    assert_eq!((asked.len(), asked[0].call.args.value()), (1, json!({ "n": 1 })));
    let kinds: Vec<String> = stage.log().await.iter().map(|r| r.event.kind().to_owned()).collect();
    let at = |kind: &str| kinds.iter().position(|k| k == kind).unwrap();
    assert!(at("permission_asked") < at("call_started"), "it was asked before it ran: {kinds:?}");
}

#[tokio::test]
async fn a_question_that_the_approver_denies_does_not_run_and_the_planner_is_told() {
    let (stage, work) = (Stage::new(), work());
    let engine = engine(&stage, &work, ScriptedApprover::always(Some(Answer::Deny)));
    let task = stage.run(&engine, "change something").await;
    assert!(matches!(outcome(&task), Outcome::Denied { rule, .. } if rule == "answer"));
    assert_eq!(task.status(), Status::Done, "the planner went on");
    assert!(work.all_runs().is_empty());
}

#[tokio::test]
async fn a_question_left_open_rests_until_somebody_else_answers_it() {
    let (stage, work) = (Stage::new(), work());
    let approver = ScriptedApprover::always(None);
    let engine = engine(&stage, &work, approver.clone());
    let task = stage.run(&engine, "change something").await;
    assert_eq!(task.status(), Status::Waiting);
    engine.stop().await;

    let other = stage.engine(once(), &[work.clone() as Arc<dyn Tool>]);
    let ask = other.asks(task.id).await.unwrap().remove(0);
    assert!(work.all_runs().is_empty());
    other.send(ask.answered(Answer::Allow, "phone", CommandId::new(&*stage.runtime))).await.unwrap();
    stage.until(&other, "task_finished").await;
    assert_eq!(work.runs(&json!({ "n": 1 })), 1);
}

#[tokio::test]
async fn after_a_restart_an_open_question_is_asked_again() {
    let (stage, work) = (Stage::new(), work());
    let first = engine(&stage, &work, ScriptedApprover::always(None));
    let task = stage.run(&first, "change something").await;
    first.stop().await;
    drop(first);

    let second = engine(&stage, &work, ScriptedApprover::always(Some(Answer::Allow)));
    second.adopt(task.id).await.unwrap();
    stage.until(&second, "task_finished").await;
    assert_eq!(work.runs(&json!({ "n": 1 })), 1);
}

/// Says the same to everything.
struct Says(fn(Ruling) -> Verdict);

impl Policy for Says {
    fn evaluate(&self, _: &Question<'_>) -> Verdict {
        (self.0)(Ruling { rule: "says", reason: "it was told to".to_owned() })
    }
}

/// Asks under one policy, and answers under another one after a restart.
async fn answered(answer: Answer, later: fn(Ruling) -> Verdict) -> (Outcome, u64) {
    let (stage, work) = (Stage::new(), work());
    let mut parts = stage.parts(once(), &[work.clone() as Arc<dyn Tool>]);
    parts.policy = Arc::new(Says(Verdict::Ask));
    let first = Engine::start(parts);
    let task = stage.run(&first, "change something").await;
    assert_eq!(task.status(), Status::Waiting);
    first.stop().await;

    let mut parts = stage.parts(once(), &[work.clone() as Arc<dyn Tool>]);
    parts.policy = Arc::new(Says(later));
    let second = Engine::start(parts);
    let ask = second.asks(task.id).await.unwrap().remove(0);
    second.send(ask.answered(answer, "phone", CommandId::new(&*stage.runtime))).await.unwrap();
    stage.until(&second, "task_finished").await;
    (outcome(&second.task(task.id).await.unwrap()), work.runs(&json!({ "n": 1 })))
}

#[tokio::test]
async fn a_persons_yes_does_not_overrule_the_policys_no() {
    let (outcome, runs) = answered(Answer::Allow, Verdict::Deny).await;
    assert!(matches!(outcome, Outcome::Denied { rule, .. } if rule == "says"));
    assert_eq!(runs, 0);
}

#[tokio::test]
async fn a_persons_no_holds_when_the_policy_would_not_ask_any_more() {
    let (outcome, runs) = answered(Answer::Deny, Verdict::Allow).await;
    assert_eq!(runs, 0, "a person said no, and it ran");
    assert!(matches!(outcome, Outcome::Denied { rule, .. } if rule == "answer"));
}

#[tokio::test]
async fn a_task_that_ends_at_a_persons_no_is_refused_and_one_that_ends_at_a_rules_failed() {
    for (rule, status) in [("answer", Status::Refused), ("not-granted", Status::Failed)] {
        let (stage, work) = (Stage::new(), work());
        let error = Error::new(Kind::NotAllowed, "change something", "it was not allowed").with("rule", rule);
        let end = Proposal { finish: Some(Finish::Failed { error }), ..Proposal::default() };
        let planner = ScriptedPlanner::list([Proposal::call("work", json!({ "n": 1 })), end]);
        let engine = stage.engine(planner, &[work.clone() as Arc<dyn Tool>]);
        let task = stage.run(&engine, "change something").await;
        let ask = engine.asks(task.id).await.unwrap().remove(0);
        engine.send(ask.answered(Answer::Deny, "test", CommandId::new(&*stage.runtime))).await.unwrap();
        let task = engine.settled(task.id).await.unwrap();
        assert_eq!((task.status(), task.status().is_ended()), (status, true));
        assert_eq!(engine.tasks().await.unwrap()[0].status, status, "the list of tasks says so too");
        assert_eq!(work.runs(&json!({ "n": 1 })), 0);
    }
}
