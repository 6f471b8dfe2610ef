//! Stories about calls that wait for each other.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a story that goes wrong ends")]
#![allow(clippy::cloned_ref_to_slice_refs, reason = "the clones become trait objects")]

mod stage;

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};

use cowork_core::{
    Access, Effects, Engine, FileEffect, FilePath, Folder, GrantPolicy, Integrity, Label, Lock, Outcome, Policy,
    Proposal, ProposedCall, Question, Ruling, Submit, Task, ToolOutput, Verdict,
};
use cowork_testkit::{ProbeTool, ScriptedPlanner};
use serde_json::json;
use stage::Stage;

/// One turn of calls of `work`, with these as their argument.
fn calls(names: &[String]) -> Proposal {
    let calls = names.iter().map(|n| ProposedCall { tool: "work".into(), args: json!({ "n": n }) }).collect();
    Proposal { calls, ..Proposal::default() }
}

fn lock() -> Vec<Lock> {
    vec![Lock { name: "printer".into(), alone: true }]
}

fn outcomes(task: &Task) -> Vec<Outcome> {
    task.turns[0].calls.iter().map(|call| call.outcome().unwrap().unwrap()).collect()
}

/// The policy of grants; it counts how often it is asked about each call, and refuses all once a stranger had a say.
#[derive(Default)]
struct Careful {
    asked: Mutex<BTreeMap<String, u32>>,
}

impl Policy for Careful {
    fn evaluate(&self, question: &Question<'_>) -> Verdict {
        *self.asked.lock().unwrap().entry(question.call.args.to_string()).or_default() += 1;
        if matches!(question.context.integrity, Integrity::Untrusted(_)) {
            return Verdict::Deny(Ruling { rule: "stranger", reason: "somebody else had a say".to_owned() });
        }
        GrantPolicy.evaluate(question)
    }
}

#[tokio::test]
async fn who_waits_in_line_is_judged_as_it_is_decided_and_when_its_turn_comes() {
    let (stage, policy) = (Stage::new(), Arc::new(Careful::default()));
    let work = ProbeTool::with(
        "work",
        |_| Ok(Effects { locks: lock(), ..Effects::none() }),
        |_| Ok(ToolOutput { label: Label::user(), ..ToolOutput::default() }),
    );
    let names: Vec<String> = (10..50).map(|n| n.to_string()).collect();
    let mut parts = stage.parts(ScriptedPlanner::list([calls(&names)]), &[work.clone()]);
    parts.policy = policy.clone();
    let task = stage.run(&Engine::start(parts), "forty things").await;
    assert!(outcomes(&task).iter().all(|outcome| matches!(outcome, Outcome::Done { .. })));
    let asked = policy.asked.lock().unwrap();
    assert!(asked.len() == 40 && asked.values().all(|times| *times <= 2), "{asked:?}");
}

#[tokio::test]
async fn what_the_one_before_it_read_counts_for_who_waited() {
    let stage = Stage::new();
    let work = ProbeTool::with(
        "work",
        |_| Ok(Effects { locks: lock(), ..Effects::none() }),
        |_| Ok(ToolOutput { label: Label::file("Downloads/letter.txt"), ..ToolOutput::default() }),
    );
    let mut parts = stage.parts(ScriptedPlanner::list([calls(&["a".into(), "b".into()])]), &[work.clone()]);
    parts.policy = Arc::new(Careful::default());
    let outcomes = outcomes(&stage.run(&Engine::start(parts), "two things").await);
    assert!(
        matches!(&outcomes[..], [Outcome::Done { .. }, Outcome::Denied { rule, .. }] if rule == "stranger"),
        "{outcomes:?}"
    );
    assert_eq!(work.all_runs().len(), 1);
}

/// A tool of which no two calls run at once, and whose calls run until they are let go.
fn held(name: &str, lock: &'static str) -> Arc<ProbeTool> {
    let locks = move || if lock.is_empty() { Vec::new() } else { vec![Lock { name: lock.into(), alone: true }] };
    let tool = ProbeTool::with(
        name,
        move |args| {
            let file = || FileEffect { path: FilePath::parse("Desk/a.txt").unwrap(), access: Access::Read };
            let files = if args["n"] == "file" { vec![file()] } else { Vec::new() };
            Ok(Effects { locks: locks(), files, ..Effects::none() })
        },
        |args| Ok(ToolOutput { value: args.clone(), ..ToolOutput::default() }),
    );
    tool.hold();
    tool
}

fn call(tool: &str, n: &str) -> ProposedCall {
    ProposedCall { tool: tool.into(), args: json!({ "n": n }) }
}

#[tokio::test]
async fn who_waits_goes_on_though_the_one_before_it_can_not_start() {
    let stage = Stage::new();
    let (work, long) = (held("work", "printer"), held("long", ""));
    let calls = vec![call("long", "x"), call("work", "first"), call("work", "file"), call("work", "last")];
    let planner = ScriptedPlanner::list([Proposal { calls, ..Proposal::default() }]);
    // It has no sandbox, so that no file can be looked at.
    let engine = stage.engine(planner, &[work.clone(), long.clone()]);
    let desk = Folder { name: "Desk".into(), at: "/desk".into(), access: Access::Read, whole: false };
    let task = stage.submit(&engine, Submit { folders: vec![desk], ..Submit::new("four things") }).await;
    work.started(1).await;
    work.release();
    // The long one runs all the while.
    work.started(2).await;
    long.release();
    let outcomes = outcomes(&engine.settled(task).await.unwrap());
    let [Outcome::Done { .. }, Outcome::Done { .. }, Outcome::Failed { .. }, Outcome::Done { .. }] = &outcomes[..]
    else {
        panic!("{outcomes:?}");
    };
}

#[tokio::test]
async fn who_waits_for_another_task_goes_on_while_its_own_task_does_something_long() {
    let stage = Stage::new();
    let (work, long) = (held("work", "printer"), held("long", ""));
    let planner = ScriptedPlanner::new(|view| {
        let calls = match (view.task.turns.len(), view.task.submit.text.as_str()) {
            (0, "one") => vec![call("work", "one")],
            (0, _) => vec![call("long", "x"), call("work", "two")],
            _ => return Ok(Proposal::done("done")),
        };
        Ok(Proposal { calls, ..Proposal::default() })
    });
    let engine = stage.engine(planner, &[work.clone(), long.clone()]);
    let first = stage.submit(&engine, Submit::new("one")).await;
    work.started(1).await;
    let second = stage.submit(&engine, Submit::new("two")).await;
    long.started(1).await;
    work.release();
    work.started(2).await;
    assert_eq!(long.runs(&json!({ "n": "x" })), 1);
    long.release();
    for task in [first, second] {
        assert!(outcomes(&engine.settled(task).await.unwrap()).iter().all(|end| matches!(end, Outcome::Done { .. })));
    }
}
