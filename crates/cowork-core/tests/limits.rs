//! Stories about what ends: a day's budget, patience with a model that goes round in circles, a person's patience.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a story that goes wrong ends")]
#![allow(clippy::cloned_ref_to_slice_refs, reason = "the clones become trait objects")]

mod stage;

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use cowork_core::{
    Batch, Block, Budget, CancellationToken, Command, DayBudget, Effects, Engine, Error, Event, Finish, Item, Kind,
    Limits, Lock, Model, ModelAnswer, ModelCall, ModelCard, ModelPlanner, ModelRequest, PlanContext, Planner, Price,
    Proposal, ProposedCall, Result, Runtime, Say, Status, Stop, Store, StoreChange, Submit, Task, TaskId, Timestamp,
    Tool, ToolOutput, Usage, View, async_trait, rebuild,
};
use cowork_testkit::{NoopTool, ProbeTool, ScriptedModel, ScriptedPlanner, model::Reply};
use futures_util::FutureExt;
use serde_json::{Value, json};
use stage::Stage;

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

fn engine(stage: &Stage, model: impl Model, day: DayBudget, tools: &[Arc<dyn Tool>]) -> Engine {
    let mut parts = stage.parts(ModelPlanner::new(), tools);
    ModelPlanner::tools().into_iter().for_each(|tool| parts.tools.add(tool).unwrap());
    parts.models.push(Arc::new(model));
    parts.limits = Limits { day, ..Limits::default() };
    Engine::start(parts)
}

/// Says that it is done, in a thousand tokens.
fn thousand() -> ScriptedModel {
    let price = Price { input: 1_000_000, output: 1_000_000, ..Price::default() };
    let usage = Usage { input: 900, output: 100, ..Usage::default() };
    let answer = ModelAnswer { blocks: vec![Block::text("Done.")], usage, ..ModelAnswer::default() };
    let card = ModelCard { price: Some(price), ..ModelCard::local("nowhere") };
    ScriptedModel::new(move |_| Reply::Answer(answer.clone())).with_card(card)
}

fn short(text: &str) -> Submit {
    Submit { planner: json!({ "most_tokens": 256 }), ..Submit::new(text) }
}

async fn run(stage: &Stage, engine: &Engine, submit: Submit) -> Task {
    let task = stage.submit(engine, submit).await;
    engine.settled(task).await.unwrap()
}

/// Lets time pass until a task has ended.
async fn ended(stage: &Stage, engine: &Engine, task: TaskId) -> Task {
    stage.settle(engine, task, Duration::from_millis(1)).await
}

fn failure(task: &Task) -> &Error {
    match &task.result {
        Some(Finish::Failed { error }) => error,
        other => panic!("it did not fail: {other:?}"),
    }
}

/// Gives tasks until one is not done.
async fn use_up(stage: &Stage, engine: &Engine) -> (u64, Task) {
    for done in 0..100 {
        let task = run(stage, engine, short("work")).await;
        if task.status() != Status::Done {
            return (done, task);
        }
    }
    panic!("there is no end to it")
}

#[tokio::test]
async fn a_days_budget_holds_over_all_tasks_and_restarts_and_begins_again_the_next_day() {
    let stage = Stage::new();
    let day = DayBudget { tokens: Some(20_000), ..DayBudget::default() };
    let first = engine(&stage, thousand(), day, &[]);
    let (done, refused) = use_up(&stage, &first).await;
    assert!((8..20).contains(&done), "{done} tasks of a thousand tokens each");
    let error = failure(&refused);
    assert_eq!((error.kind, error.fact("begins_again")), (Kind::LimitExceeded, Some("2026-01-02 00:00")));
    assert!(error.message.contains("20000 tokens may be used a day"), "{error}");
    assert!(error.message.contains(&format!("{} are used on 2026-01-01", done * 1_000)), "{error}");
    assert!(error.fix().unwrap().contains("2026-01-02 at 00:00"));
    assert!(refused.spent.open.is_empty() && refused.spent.answers == 0, "no model was asked");
    first.stop().await;
    drop(first);

    let second = engine(&stage, thousand(), day, &[]);
    assert_eq!(use_up(&stage, &second).await.0, 0, "a restart gives no second budget");
    stage.runtime.advance(DAY);
    assert_eq!(use_up(&stage, &second).await.0, done, "the next day does");

    let now = stage.runtime.now();
    let back = |days: u32| Timestamp::from_millis(now.as_millis() - i64::try_from((DAY * days).as_millis()).unwrap());
    for days in [1, 5] {
        stage.runtime.set(back(days));
        let (done, refused) = use_up(&stage, &second).await;
        assert_eq!(done, 0, "a clock that goes back gives none");
        assert!(failure(&refused).fix().unwrap().contains("was at 2026-01-02 before"), "{:?}", refused.result);
    }
    second.stop().await;

    let before = stage.entries().await;
    let counts = before.iter().filter(|(key, _)| key.starts_with("count/day/"));
    let put: Vec<_> = counts.map(|(key, _)| (key.clone(), None)).collect();
    assert_eq!(put.len(), 4, "tokens and money of two days");
    stage.store.commit(Batch { put, ..Batch::new(stage.thread) }).await.unwrap();
    assert_eq!(rebuild(&*stage.store).await.unwrap(), 4);
    assert_eq!(stage.entries().await, before, "what was spent follows from the log");
}

#[tokio::test]
async fn what_one_answer_may_cost_is_set_aside_from_the_day_before_the_next_is_asked_for() {
    let stage = Stage::new();
    let price = Price { input: 1_000_000, output: 1_000_000, ..Price::default() };
    let hangs = |_: &ModelRequest| Reply::Hang { said: "Once".into() };
    let card = ModelCard { price: Some(price), ..ModelCard::local("nowhere") };
    let open = DayBudget { cost: Some(u64::MAX), ..DayBudget::default() };
    let elsewhere = Stage::new();
    let first = engine(&elsewhere, ScriptedModel::new(hangs).with_card(card.clone()), open, &[]);
    elsewhere.submit(&first, short("one")).await;
    let asked = elsewhere.until(&first, "model_asked").await;
    let Event::ModelAsked { most, .. } = &*asked.event.event().unwrap() else { panic!() };
    let day = DayBudget { cost: most.cost.map(|cost| cost + cost / 2), ..DayBudget::default() };

    let engine = engine(&stage, ScriptedModel::new(hangs).with_card(card), day, &[]);
    let one = stage.submit(&engine, short("one")).await;
    stage.until(&engine, "model_asked").await;
    let two = run(&stage, &engine, short("two")).await;
    assert!(failure(&two).message.contains("may be spent a day"), "{:?}", two.result);
    stage.send(&engine, one, Command::Cancel).await;
    let one = engine.settled(one).await.unwrap();
    assert_eq!(one.status(), Status::Cancelled);

    let unknown = ModelCard { price: None, ..ModelCard::local("nowhere") };
    let engine = self::engine(&stage, ScriptedModel::list([Reply::text("Done.")]).with_card(unknown), day, &[]);
    let task = run(&stage, &engine, short("three")).await;
    assert!(failure(&task).fix().unwrap().contains("price"), "{:?}", task.result);
}

fn call(tool: &str, args: Value) -> Reply {
    let call = ModelCall { id: "x".into(), tool: tool.into(), args: args.into(), fault: None };
    Reply::Answer(ModelAnswer { blocks: vec![Block::Call(call)], stop: Stop::Calls, ..ModelAnswer::default() })
}

#[tokio::test]
async fn a_model_that_goes_round_in_circles_is_told_and_ended_if_it_does_not_listen() {
    for (period, about) in [(1_usize, "the same call"), (2, "the same 2 steps in turn")] {
        let stage = Stage::new();
        let told = Arc::new(Mutex::new(0));
        let seen = told.clone();
        let deaf = ScriptedModel::new(move |request| {
            let last = request.messages.last().unwrap().text();
            *seen.lock().unwrap() += usize::from(last.contains(about) && last.contains("Do something else"));
            call("work", json!({ "n": request.messages.len() / 2 % period }))
        });
        let work = ProbeTool::new("work", Effects::none());
        let engine = engine(&stage, deaf, DayBudget::default(), &[work.clone()]);
        let task = run(&stage, &engine, Submit::new("work")).await;
        assert_eq!(failure(&task).kind, Kind::LimitExceeded);
        assert!(failure(&task).message.contains("round in circles: `work`"), "{:?}", task.result);
        assert!(failure(&task).fix().is_some());
        assert_eq!(task.turns.len(), 6 * period + 1, "six rounds, and the end");
        assert!(*told.lock().unwrap() >= 3, "{} times", told.lock().unwrap());

        let listens = ScriptedModel::new(move |request| {
            let text = request.messages.last().unwrap().text();
            if text.contains(about) {
                Reply::text("I could not.")
            } else {
                call("work", json!({ "n": request.messages.len() / 2 % period }))
            }
        });
        let engine = self::engine(&Stage::new(), listens, DayBudget::default(), &[work]);
        let task = engine.submit(cowork_core::ThreadId::named("story"), "test", Submit::new("work")).await.unwrap();
        let task = engine.settled(task).await.unwrap();
        assert_eq!((task.status(), task.turns.len()), (Status::Done, 3 * period + 1));
    }
}

#[tokio::test]
async fn who_waits_for_something_that_changes_does_not_go_round_in_circles() {
    let stage = Stage::new();
    let count = Mutex::new(0);
    let changes = ProbeTool::with(
        "work",
        |_| Ok(Effects::none()),
        move |_| {
            *count.lock().unwrap() += 1;
            Ok(ToolOutput { value: json!(*count.lock().unwrap()), ..ToolOutput::default() })
        },
    );
    let model = ScriptedModel::new(|request| match request.messages.len() {
        0..40 => call("work", json!({})),
        _ => Reply::text("Done."),
    });
    let engine = engine(&stage, model, DayBudget::default(), &[changes]);
    assert_eq!(run(&stage, &engine, Submit::new("wait")).await.status(), Status::Done);
}

/// Never answers and hears nothing.
struct Deaf(ModelCard);

#[async_trait]
impl Model for Deaf {
    fn name(&self) -> &'static str {
        "deaf"
    }

    fn card(&self) -> &ModelCard {
        &self.0
    }

    async fn answer(&self, _: ModelRequest, _: Say, _: CancellationToken) -> Result<ModelAnswer> {
        std::future::pending().await
    }
}

#[async_trait]
impl cowork_core::TypedTool for Deaf {
    type Args = serde_json::Map<String, Value>;
    const NAME: &'static str = "work";
    const ABOUT: &'static str = "Never ends.";

    fn effects(&self, _: &Self::Args) -> Result<Effects> {
        Ok(Effects::none())
    }

    async fn run(&self, _: Self::Args, _: cowork_core::ToolContext) -> Result<ToolOutput> {
        std::future::pending().await
    }
}

#[tokio::test]
async fn a_person_who_stops_a_task_waits_less_than_a_second_even_for_what_does_not_listen() {
    let deaf = || Deaf(ModelCard::local("nowhere"));
    for kind in ["call_started", "model_asked"] {
        let stage = Stage::new();
        let engine = match kind {
            "model_asked" => engine(&stage, deaf(), DayBudget::default(), &[]),
            _ => stage.engine(ScriptedPlanner::list([Proposal::call("work", json!({}))]), &[cowork_core::tool(deaf())]),
        };
        let task = stage.submit(&engine, Submit::new("for ever")).await;
        stage.until(&engine, kind).await;
        stage.send(&engine, task, Command::Cancel).await;
        let said = stage.runtime.now();
        let task = ended(&stage, &engine, task).await;
        assert_eq!(task.status(), Status::Cancelled);
        let waited = stage.runtime.now().since(said);
        assert!(waited < Duration::from_secs(1), "{kind}: {waited:?}");
    }
}

/// Plans for ever, with nothing in the log that could tell the time.
struct Brooding;

#[async_trait]
impl Planner for Brooding {
    fn name(&self) -> &'static str {
        "brooding"
    }

    async fn plan(&self, _: View, _: PlanContext) -> Result<Proposal> {
        std::future::pending().await
    }
}

#[tokio::test]
async fn a_task_whose_time_is_over_ends_in_the_middle_of_a_tool_of_an_answer_and_of_a_plan() {
    let deaf = || Deaf(ModelCard::local("nowhere"));
    for kind in ["call_started", "model_asked", "task_started"] {
        let stage = Stage::new();
        let engine = match kind {
            "model_asked" => engine(&stage, deaf(), DayBudget::default(), &[]),
            "call_started" => {
                stage.engine(ScriptedPlanner::list([Proposal::call("work", json!({}))]), &[cowork_core::tool(deaf())])
            }
            _ => stage.engine(Brooding, &[]),
        };
        let budget = Budget { time: Some(3_000), ..Budget::default() };
        let began = stage.runtime.now();
        let task = stage.submit(&engine, Submit { budget, ..Submit::new("for ever") }).await;
        stage.until(&engine, kind).await;
        let task = ended(&stage, &engine, task).await;
        let error = failure(&task);
        assert_eq!((error.kind, error.message.as_str()), (Kind::LimitExceeded, "the task may work for 3 s, and did"));
        let worked = stage.runtime.now().since(began);
        assert!((Duration::from_secs(3)..Duration::from_secs(4)).contains(&worked), "{kind}: {worked:?}");
        assert!(task.spent.open.is_empty(), "{kind}: what was asked has its end in the log");
    }
}

#[tokio::test]
async fn what_was_not_begun_when_the_time_is_over_is_not_begun() {
    let stage = Stage::new();
    let alone = || Effects { locks: vec![Lock { name: "all".into(), alone: true }], ..Effects::none() };
    let (first, next) = (ProbeTool::new("first", alone()), ProbeTool::new("next", alone()));
    first.hold();
    let calls = ["first", "next"].map(|tool| ProposedCall { tool: tool.into(), args: json!({}) });
    let planner = ScriptedPlanner::list([Proposal { calls: calls.into(), ..Proposal::default() }]);
    let engine = stage.engine(planner, &[first.clone(), next.clone()]);
    let budget = Budget { time: Some(3_000), ..Budget::default() };
    let task = stage.submit(&engine, Submit { budget, ..Submit::new("one after the other") }).await;
    stage.until(&engine, "call_started").await;
    let task = ended(&stage, &engine, task).await;
    assert_eq!(failure(&task).kind, Kind::LimitExceeded);
    assert_eq!((first.runs(&json!({})), next.runs(&json!({}))), (1, 0));

    // Nor what waits for another task's.
    let work = || Proposal::call("first", json!({}));
    let engine = stage.engine(ScriptedPlanner::list([work(), work()]), &[first.clone()]);
    let begun = first.runs(&json!({}));
    stage.submit(&engine, Submit::new("for ever")).await;
    first.started(begun + 1).await;
    let task = stage.submit(&engine, Submit { budget, ..Submit::new("waits") }).await;
    let task = ended(&stage, &engine, task).await;
    assert_eq!(failure(&task).message, "the task may work for 3 s, and did");
    assert_eq!(first.runs(&json!({})), begun + 1);
}

/// Asks a model, does not wait for leave to, and thinks of something else.
struct Forgetful(Arc<dyn Store>);

#[async_trait]
impl Planner for Forgetful {
    fn name(&self) -> &'static str {
        "forgetful"
    }

    async fn plan(&self, view: View, ctx: PlanContext) -> Result<Proposal> {
        if !view.task.turns.is_empty() {
            return Ok(Proposal::done("Done."));
        }
        let mut changes = self.0.watch();
        let mut ask = Box::pin(ctx.models.ask(None, "plan", ModelRequest::default()));
        assert!((&mut ask).now_or_never().is_none());
        loop {
            let Ok(StoreChange::Here(commits)) = changes.recv().await else { continue };
            if commits.iter().flat_map(|records| records.iter()).any(|r| r.event.kind() == "model_asked") {
                break;
            }
        }
        drop(ask);
        Ok(Proposal::call("noop", json!({})))
    }
}

#[tokio::test]
async fn a_question_that_is_given_up_before_its_service_heard_of_it_is_closed_at_once() {
    let stage = Stage::new();
    let mut parts = stage.parts(Forgetful(stage.store.clone()), &[NoopTool::new()]);
    parts.models.push(Arc::new(thousand()));
    let engine = Engine::start(parts);
    let task = stage.run(&engine, "ask").await;
    assert_eq!(task.status(), Status::Done);
    assert!(task.spent.open.is_empty() && task.spent.usage.total() == 0, "{:?}", task.spent);
    let kinds: Vec<String> = stage.log().await.iter().map(|r| r.event.kind().to_owned()).collect();
    let at = |kind: &str| kinds.iter().position(|k| k == kind).unwrap();
    assert!(at("model_asked") < at("model_answered") && at("model_answered") < at("decided"), "{kinds:?}");
}

#[tokio::test]
async fn a_task_that_is_paused_within_an_answer_rests_at_once_and_asks_again_when_it_goes_on() {
    let stage = Stage::new();
    let asked = Mutex::new(0);
    let model = ScriptedModel::new(move |request| {
        *asked.lock().unwrap() += 1;
        match *asked.lock().unwrap() {
            1 => Reply::Hang { said: "Once upon a time".into() },
            _ => Reply::text(&request.messages[0].text()),
        }
    });
    let engine = engine(&stage, model, DayBudget::default(), &[]);
    let task = stage.submit(&engine, Submit::new("tell me a story")).await;
    stage.until(&engine, "model_asked").await;
    stage.send(&engine, task, Command::Pause).await;
    assert_eq!(engine.settled(task).await.unwrap().status(), Status::Paused);
    while !engine.task(task).await.unwrap().spent.open.is_empty() {
        // The question that was given up is closed.
        tokio::task::yield_now().await;
    }
    stage.send(&engine, task, Command::Steer { text: "a short one".into() }).await;
    assert_eq!(engine.settled(task).await.unwrap().status(), Status::Paused, "what is said does not end a pause");
    stage.send(&engine, task, Command::Resume).await;
    let done = engine.settled(task).await.unwrap();
    assert!(
        matches!(&done.result, Some(Finish::Done { summary, .. }) if summary.contains("a short one")),
        "{:?}",
        done.result
    );
}

#[tokio::test]
async fn an_answer_without_an_end_counts_no_more_than_was_asked_for() {
    let stage = Stage::new();
    let model = ScriptedModel::new(|_| Reply::Hang { said: "ever".repeat(1_000) });
    let card = ModelCard { most_tokens: 2, ..model.card().clone() };
    let model = model.with_card(card);
    let engine = engine(&stage, model, DayBudget::default(), &[]);
    let mut events = engine.events(stage.thread, 0);
    let task = stage.submit(&engine, Submit::new("tell me all")).await;
    while !matches!(events.next().await.unwrap().unwrap(), Item::Delta(_)) {}
    stage.send(&engine, task, Command::Cancel).await;
    let ended = engine.settled(task).await.unwrap();
    assert_eq!(ended.spent.usage.output, 2, "not what its length would come to");
}

#[tokio::test]
async fn by_a_clock_that_was_set_back_the_last_task_is_still_the_one_that_came_last() {
    let stage = Stage::new();
    let engine = stage.engine(ScriptedPlanner::list([Proposal::done("Done.")]), &[]);
    let mut names = Vec::new();
    let hour = 3_600_000;
    for (n, hours) in [0, -1, -2, -1, 1, 1].into_iter().enumerate() {
        stage.runtime.set(Timestamp::from_millis(1_767_225_600_000 + hours * hour));
        names.push(stage.run(&engine, &format!("task {n}")).await.id);
        let listed: Vec<TaskId> = engine.tasks().await.unwrap().iter().map(|t| t.task).collect();
        assert_eq!(listed, names, "the oldest first, as they came");
    }
}

#[tokio::test]
async fn a_decision_of_too_many_calls_is_refused_and_the_most_there_may_be_run() {
    let stage = Stage::new();
    let calls = |n: usize| Proposal {
        calls: vec![ProposedCall { tool: "noop".into(), args: json!({}) }; n],
        ..Proposal::default()
    };
    let planner = ScriptedPlanner::new(move |view| {
        let n = view.task.submit.text.parse().unwrap();
        Ok(if view.task.turns.is_empty() { calls(n) } else { Proposal::done("done") })
    });
    let engine = stage.engine(planner, &[NoopTool::new()]);
    assert_eq!(stage.run(&engine, "1024").await.status(), Status::Done);
    let Some(Finish::Failed { error }) = stage.run(&engine, "1025").await.result else { panic!("it was done") };
    assert_eq!((error.kind, error.fix()), (Kind::LimitExceeded, Some("propose the rest in the next step")));
}

#[tokio::test]
async fn arguments_that_could_not_be_read_again_are_never_written() {
    let deep = |levels: usize| (0..levels).fold(json!(1), |inner, _| json!([inner]));
    let stage = Stage::new();
    let engine = |args: Value| {
        let planner = ScriptedPlanner::list([Proposal::call("noop", args)]);
        stage.engine(planner, &[NoopTool::new()])
    };
    let odd = json!({ "a": [{ "a": 1, "$serde_json::private::RawValue": "{}" }] });
    for (args, why) in [(json!({ "in": deep(120) }), "nested too deep"), (odd, "a name in them")] {
        let task = run(&stage, &engine(args), Submit::new("be odd")).await;
        let error = failure(&task);
        assert_eq!(error.kind, Kind::InvalidInput, "{error:?}");
        assert!(error.message.contains(why) && error.fix().is_some(), "{error:?}");
    }
    // As deep as they may be they run, and their log is read from the beginning.
    let engine = engine(json!({ "in": deep(99) }));
    let task = run(&stage, &engine, Submit::new("go less deep")).await;
    assert!(matches!(task.result, Some(Finish::Done { .. })), "{:?}", task.result);
    assert_eq!(engine.task(task.id).await.unwrap().turns.len(), task.turns.len());
    assert_eq!(task.turns[0].decision.calls[0].args, json!({ "in": deep(99) }));
}
