//! The suite of planners over the scripted one, and planners that it catches.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use cowork_core::{Error, Kind, Models, Outcome, Planner, Proposal, Submit, View};
use cowork_testkit::{
    ScriptedPlanner,
    planner::{Subject, cases},
    tell,
};
use serde_json::json;

fn script(view: &View) -> cowork_core::Result<Proposal> {
    if view.task.submit.text == "the impossible" {
        return Err(Error::new(Kind::NotFound, "plan", "nobody knows how to do this"));
    }
    let went_well =
        view.task.turns.iter().flat_map(|t| &t.calls).all(|c| matches!(c.outcome(), Ok(Some(Outcome::Done { .. }))));
    Ok(match view.task.turns.len() {
        n @ 0..3 if went_well => Proposal::call("look", json!({ "at": n })),
        _ => Proposal::done("looked"),
    })
}

fn subject(make: impl Fn() -> Arc<dyn Planner> + Send + Sync + 'static) -> Subject {
    Subject {
        make: Box::new(make),
        exact: true,
        submit: Submit::new("look three times"),
        tools: Vec::new(),
        play: Box::new(|call| Outcome::Done { value: call.args.value(), note: String::new() }),
        models: Models::default(),
        hopeless: Some(Submit::new("the impossible")),
    }
}

async fn scripted() -> Subject {
    subject(|| Arc::new(ScriptedPlanner::new(script)))
}
cowork_testkit::planner::suite!(scripted);

async fn wrong(script: impl Fn(&View) -> Proposal + Clone + Send + Sync + 'static) -> Subject {
    subject(move || {
        let script = script.clone();
        Arc::new(ScriptedPlanner::new(move |view| Ok(script(view))))
    })
}

/// Counts its own calls instead of the log's turns.
fn counting() -> impl Fn(&View) -> Proposal + Clone {
    let seen = Arc::new(AtomicU64::new(0));
    move |view| match view.task.turns.len() {
        0..3 => Proposal::call("look", json!({ "at": seen.fetch_add(1, Ordering::SeqCst) })),
        _ => Proposal::done("looked"),
    }
}

#[test]
#[should_panic(expected = "an equal proposal for an equal view")]
fn a_planner_that_remembers_is_caught() {
    tell(|| wrong(counting()), cases::it_goes_by_the_view_alone);
}

#[test]
#[should_panic(expected = "only a cache")]
fn a_planner_that_needs_its_memory_is_caught() {
    tell(|| wrong(counting()), cases::another_process_goes_on_from_the_log);
}

#[test]
#[should_panic(expected = "a dropped planning changes nothing")]
fn a_planner_that_loses_count_when_dropped_is_caught() {
    tell(|| wrong(counting()), cases::a_dropped_planning_harms_nothing);
}

#[test]
#[should_panic(expected = "never both, and never neither")]
fn a_planner_that_says_nothing_is_caught() {
    tell(|| wrong(|_| Proposal::default()), cases::a_proposal_names_calls_or_the_end);
}

#[test]
#[should_panic(expected = "never both, and never neither")]
fn a_planner_that_ends_with_calls_is_caught() {
    let both = |_: &View| Proposal { finish: Proposal::done("").finish, ..Proposal::call("look", json!({})) };
    tell(|| wrong(both), cases::a_proposal_names_calls_or_the_end);
}

#[test]
#[should_panic(expected = "came to no end")]
fn a_planner_that_takes_no_no_is_caught() {
    let again = |view: &View| match view.task.turns.last().map(|t| t.calls[0].outcome()) {
        Some(Ok(Some(Outcome::Done { .. }))) => Proposal::done("at last"),
        _ => Proposal::call("look", json!({})),
    };
    tell(|| wrong(again), cases::it_comes_to_an_end_whatever_becomes_of_its_calls);
}
