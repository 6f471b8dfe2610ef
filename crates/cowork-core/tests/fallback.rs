//! Stories about a model that another one stands in for.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a story that goes wrong ends")]

mod stage;

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use cowork_core::{
    Block, Effects, Engine, Error, Event, Finish, Kind, Model, ModelAnswer, ModelCall, ModelCard, ModelPlanner,
    ModelRequest, Patience, Retry, Role, Stop, Submit, Task, Timestamp, Tool, ToolOutput,
};
use cowork_testkit::{ProbeTool, ScriptedModel, TestRuntime, model::Reply};
use serde_json::{Value, json};
use stage::Stage;

/// A service with a name and a place, and when it was asked.
struct Service {
    model: ScriptedModel,
    asked: Arc<Mutex<Vec<Timestamp>>>,
}

impl Service {
    /// Makes one that answers the `n`-th question so; none for what anybody would answer.
    fn new(stage: &Stage, name: &str, script: impl Fn(usize) -> Option<Error> + Send + Sync + 'static) -> Self {
        use cowork_core::Runtime;
        let asked: Arc<Mutex<Vec<Timestamp>>> = Arc::default();
        let (seen, runtime) = (asked.clone(), stage.runtime.clone());
        let model = ScriptedModel::new(move |request| {
            let mut seen = seen.lock().unwrap();
            seen.push(runtime.now());
            match script(seen.len() - 1) {
                Some(error) => Reply::Fail { said: String::new(), error },
                None => work_on(request),
            }
        });
        Self { model: model.with_name(name).with_card(ModelCard::local(name)), asked }
    }

    fn asked(&self) -> Vec<Timestamp> {
        self.asked.lock().unwrap().clone()
    }

    fn model(&self) -> Arc<dyn Model> {
        Arc::new(self.model.clone())
    }
}

/// Works five times, then says so.
fn work_on(request: &ModelRequest) -> Reply {
    let n = request.messages.iter().filter(|m| m.role == Role::Assistant).count();
    if n == 5 {
        return Reply::text("Done.");
    }
    let call = ModelCall { id: format!("c{n}"), tool: "work".into(), args: json!({ "n": n }).into(), fault: None };
    Reply::Answer(ModelAnswer { blocks: vec![Block::Call(call)], stop: Stop::Calls, ..ModelAnswer::default() })
}

fn refused() -> Error {
    Error::new(Kind::Unavailable, "answer", "nobody listens there").with_retry(Retry::Now)
}

fn overloaded() -> Error {
    refused().with("status", "529")
}

/// Works for twenty seconds at its third step.
fn work(runtime: &Arc<TestRuntime>) -> Arc<ProbeTool> {
    let runtime = runtime.clone();
    ProbeTool::with(
        "work",
        |_| Ok(Effects::none()),
        move |args: &Value| {
            if args["n"] == 2 {
                runtime.advance(Duration::from_secs(20));
            }
            Ok(ToolOutput { value: args.clone(), ..ToolOutput::default() })
        },
    )
}

async fn run(stage: &Stage, services: &[&Service]) -> Task {
    let engine = start(stage, services, Patience::default());
    settle(stage, &engine, json!({ "model": "first", "fallback": "other" })).await
}

fn start(stage: &Stage, services: &[&Service], patience: Patience) -> Engine {
    let work: Arc<dyn Tool> = work(&stage.runtime);
    let mut parts = stage.parts(ModelPlanner::new(), &[work]);
    ModelPlanner::tools().into_iter().for_each(|tool| parts.tools.add(tool).unwrap());
    parts.models = services.iter().map(|s| s.model()).collect();
    parts.limits.patience = patience;
    Engine::start(parts)
}

async fn settle(stage: &Stage, engine: &Engine, planner: Value) -> Task {
    let task = stage.submit(engine, Submit { planner, ..Submit::new("work") }).await;
    stage.settle(engine, task, Duration::from_millis(1)).await
}

fn is_done(task: &Task) -> bool {
    matches!(&task.result, Some(Finish::Done { summary, .. }) if summary == "Done.")
}

/// Gives which models were asked, in the order of the log.
async fn asked_in_log(stage: &Stage) -> Vec<String> {
    let model = |event: &Event| match event {
        Event::ModelAsked { model, .. } => Some(model.clone()),
        _ => None,
    };
    stage.log().await.iter().filter_map(|r| model(&r.event.event().unwrap())).collect()
}

#[tokio::test]
async fn a_service_that_is_not_there_is_left_at_once_and_tried_once_after_a_while() {
    let stage = Stage::new();
    let (first, other) = (Service::new(&stage, "first", |_| Some(refused())), Service::new(&stage, "other", |_| None));
    let task = run(&stage, &[&first, &other]).await;
    assert!(is_done(&task), "{:?}", task.result);
    let (tried, instead) = (first.asked(), other.asked());
    assert_eq!((tried.len(), instead.len()), (3, 6), "twice at first, and once when it might be back");
    assert!(instead[0].since(tried[0]) < Duration::from_secs(2), "{:?}", instead[0].since(tried[0]));
    assert!(instead[2].since(instead[0]) < Duration::from_secs(2), "the next steps wait for nothing");
    assert!(instead[3].since(tried[2]) < Duration::from_millis(500), "one try is enough where it was down before");
    assert_eq!(
        asked_in_log(&stage).await,
        ["first", "other", "other", "other", "first", "other", "other", "other"],
        "and it is not even asked while it is taken to be down"
    );
}

#[tokio::test]
async fn once_it_is_back_it_is_asked_again() {
    let stage = Stage::new();
    let down = |n| (n < 2).then(refused);
    let (first, other) = (Service::new(&stage, "first", down), Service::new(&stage, "other", |_| None));
    assert!(is_done(&run(&stage, &[&first, &other]).await));
    assert_eq!(asked_in_log(&stage).await, ["first", "other", "other", "other", "first", "first", "first"]);
}

#[tokio::test]
async fn one_that_is_overloaded_is_tried_a_little_longer_unless_it_wants_to_be_left_alone() {
    for (error, tries) in [
        (overloaded(), 3),
        (overloaded().with_retry(Retry::AfterMs(30_000)), 1),
        (overloaded().with_retry(Retry::Never), 1),
    ] {
        let stage = Stage::new();
        let (first, other) =
            (Service::new(&stage, "first", move |_| Some(error.clone())), Service::new(&stage, "other", |_| None));
        assert!(is_done(&run(&stage, &[&first, &other]).await));
        let (tried, instead) = (first.asked(), other.asked());
        assert_eq!(tried.len(), tries + 1, "and once when it might be back");
        assert!(instead[0].since(tried[0]) < Duration::from_millis(2_500), "{:?}", instead[0].since(tried[0]));
    }
    let stage = Stage::new();
    let busy = |n| (n < 2).then(overloaded);
    let (first, other) = (Service::new(&stage, "first", busy), Service::new(&stage, "other", |_| None));
    assert!(is_done(&run(&stage, &[&first, &other]).await));
    assert_eq!(other.asked().len(), 0, "one that is back within two seconds is not left");
}

#[tokio::test]
async fn a_fallback_that_is_not_there_or_refuses_does_not_stop_the_first() {
    // The first is down for five tries: without another one that is waited for.
    let down = |n| (n < 5).then(refused);
    let stage = Stage::new();
    let first = Service::new(&stage, "first", down);
    assert!(is_done(&run(&stage, &[&first]).await), "the host could not make the other");
    let stage = Stage::new();
    let wrong_key = || Error::new(Kind::NotAllowed, "answer", "the key is not accepted");
    let (first, other) =
        (Service::new(&stage, "first", down), Service::new(&stage, "other", move |_| Some(wrong_key())));
    assert!(is_done(&run(&stage, &[&first, &other]).await));
    assert_eq!(other.asked().len(), 1);
}

#[tokio::test]
async fn a_service_that_others_have_left_is_waited_for_by_whoever_has_no_other() {
    // Nobody waits as long here as a service that is down is left alone.
    let patience = Patience { total: Duration::from_secs(10), ..Patience::default() };
    for down_for in [4, 6] {
        let stage = Stage::new();
        let down = move |n| (n < down_for).then(refused);
        let (first, other) = (Service::new(&stage, "first", down), Service::new(&stage, "other", |_| None));
        let engine = start(&stage, &[&first, &other], patience);
        let left = settle(&stage, &engine, json!({ "model": "first", "fallback": "other" })).await;
        assert!(is_done(&left) && first.asked().len() == 3, "{:?}", left.result);
        let waits = settle(&stage, &engine, json!({ "model": "first" })).await;
        assert!(is_done(&waits), "down for {down_for} tries: {:?}", waits.result);
        assert_eq!(first.asked().len(), down_for + 6, "and asked again until it was back");
    }
}
