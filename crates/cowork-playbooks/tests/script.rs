//! Programs that a model writes: what it is told of them is true, and they run apart or not at all.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test stops at what should not be")]

mod story;

use cowork_core::{Kind, PlanContext, Planner, Submit, Subtask};
use cowork_playbooks::{Limits, PlaybookPlanner, script};
use serde_json::{Value, json};
use story::{Story, apart, folder};

fn task(program: &str) -> Submit {
    let mut submit = Submit::new("Run a program");
    submit.folders = vec![folder("Desk")];
    submit.planner = json!({ "name": "playbook", "program": program });
    submit
}

/// Gives the program that stands in the tool's description.
fn example() -> String {
    let tool = script();
    let about = &tool.spec().about;
    let (_, rest) = about.split_once("Over many files: `").unwrap();
    rest.split_once("`. An error").unwrap().0.to_owned()
}

/// Plays a program by workers, since nobody else runs it.
async fn play(story: &mut Story) -> (String, Value) {
    let planner = apart(Limits::default());
    loop {
        let proposal = planner.plan(story.view(), PlanContext::default()).await.unwrap();
        let finish = proposal.finish.clone();
        story.commit(proposal);
        match finish {
            Some(cowork_core::Finish::Done { summary, data }) => return (summary, data),
            Some(other) => panic!("{other:?}"),
            None => {}
        }
    }
}

#[tokio::test]
async fn the_example_that_a_model_is_shown_does_what_it_says() {
    let mut story = Story::of(task(&example())).text("Desk/a.txt", "It is overdue.").text("Desk/b.txt", "Paid.");
    let (summary, data) = play(&mut story).await;
    assert_eq!((summary.as_str(), data), ("1 are overdue", json!({ "paths": ["Desk/a.txt"] })));
    assert_eq!(story.calls().len(), 3, "a listing and two files");
}

#[tokio::test]
async fn a_program_that_nobody_looked_at_runs_in_a_worker_or_not_at_all() {
    let story = Story::of(task("finish('here')"));
    let planner = PlaybookPlanner::new().unwrap();
    let error = planner.plan(story.view(), PlanContext::default()).await.unwrap_err();
    assert_eq!(error.kind, Kind::Unsupported, "{error:?}");
    assert!(error.fix().is_some());
    let proposal = apart(Limits::default()).plan(story.view(), PlanContext::default()).await.unwrap();
    assert!(proposal.finish.is_some());
}

#[tokio::test]
async fn a_call_of_the_tool_is_a_sub_task_that_this_planner_plans() {
    let tool = script();
    let effects = tool.effects(&json!({ "title": "Count", "program": "finish('1')" })).unwrap();
    let Subtask { title, planner, folders, tools, .. } = *effects.subtask.unwrap();
    assert_eq!((title.as_str(), &planner["program"], folders, tools), ("Count", &json!("finish('1')"), None, None));
    assert_eq!(planner["name"], PlaybookPlanner::new().unwrap().name());
    assert!(PlaybookPlanner::new().unwrap().is_local());
    for (program, kind) in [(" \n".to_owned(), Kind::InvalidInput), ("x = 1\n".repeat(200_000), Kind::LimitExceeded)] {
        let error = tool.effects(&json!({ "title": "Count", "program": program })).unwrap_err();
        assert_eq!(error.kind, kind, "{error:?}");
    }
    assert!(tool.effects(&json!({ "title": "Count" })).is_err() && tool.effects(&json!({ "program": "1" })).is_err());
}

#[tokio::test]
async fn lines_are_counted_as_the_model_wrote_them() {
    let story = Story::of(task("x = 1\n\ny = x +"));
    let error = apart(Limits::default()).plan(story.view(), PlanContext::default()).await.unwrap_err();
    assert!(error.message.starts_with("program, line 3"), "{error:?}");
}
