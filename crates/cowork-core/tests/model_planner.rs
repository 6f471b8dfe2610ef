//! Stories about tasks that a model plans.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a story that goes wrong ends")]
#![allow(clippy::cloned_ref_to_slice_refs, reason = "the clones become trait objects")]

mod stage;

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use cowork_core::{
    Answer, Block, Budget, Command, CommandId, DeltaKind, Effects, Engine, Error, Event, Finish, Item, Kind, Message,
    Messages, Mode, Model, ModelAnswer, ModelCall, ModelCard, ModelPlanner, ModelRequest, Models, Outcome, Price,
    Recovery, Retry, Role, Status, Stop, Submit, Task, Tool, Usage, dollars,
};
use cowork_testkit::{ProbeTool, ScriptedModel, TestRuntime, golden, model::Reply, planner::Subject};
use serde_json::{Value, json};
use stage::Stage;

/// What a model was asked, and answers: the last reply again and again.
struct Talk {
    model: ScriptedModel,
    asked: Arc<Mutex<Vec<ModelRequest>>>,
}

fn talk(replies: impl IntoIterator<Item = Reply>) -> Talk {
    talk_with(ModelCard::local("nowhere"), replies)
}

fn talk_with(card: ModelCard, replies: impl IntoIterator<Item = Reply>) -> Talk {
    let replies: Vec<Reply> = replies.into_iter().collect();
    let asked: Arc<Mutex<Vec<ModelRequest>>> = Arc::default();
    let seen = asked.clone();
    let model = ScriptedModel::new(move |request| {
        let mut seen = seen.lock().unwrap();
        seen.push(request.clone());
        replies[(seen.len() - 1).min(replies.len() - 1)].clone()
    });
    Talk { model: model.with_card(card), asked }
}

impl Talk {
    fn asked(&self) -> Vec<ModelRequest> {
        self.asked.lock().unwrap().clone()
    }

    fn model(&self) -> Arc<dyn Model> {
        Arc::new(self.model.clone())
    }

    fn engine(&self, stage: &Stage, tools: &[Arc<dyn Tool>]) -> Engine {
        let mut parts = stage.parts(ModelPlanner::new(), tools);
        ModelPlanner::tools().into_iter().for_each(|tool| parts.tools.add(tool).unwrap());
        parts.models.push(self.model());
        Engine::start(parts)
    }
}

fn called(tool: &str, args: Value) -> Block {
    Block::Call(ModelCall { id: "whatever".into(), tool: tool.into(), args: args.into(), fault: None })
}

fn calls(blocks: impl IntoIterator<Item = Block>) -> Reply {
    Reply::Answer(ModelAnswer { blocks: blocks.into_iter().collect(), stop: Stop::Calls, ..ModelAnswer::default() })
}

/// With what the service says that it took.
fn counted(reply: Reply) -> Reply {
    let Reply::Answer(answer) = reply else { return reply };
    Reply::Answer(ModelAnswer { usage: Usage { input: 100, output: 10, ..Usage::default() }, ..answer })
}

fn ends(stop: Stop, text: &str) -> Reply {
    Reply::Answer(ModelAnswer { blocks: vec![Block::text(text)], stop, ..ModelAnswer::default() })
}

fn busy() -> Reply {
    let error = Error::new(Kind::Unavailable, "answer", "the service is overloaded").with_retry(Retry::Now);
    Reply::Fail { said: "I will".into(), error }
}

fn work() -> Arc<ProbeTool> {
    ProbeTool::new("work", Effects::none())
}

fn summary(task: &Task) -> &str {
    match &task.result {
        Some(Finish::Done { summary, .. }) => summary,
        other => panic!("it is not done: {other:?}"),
    }
}

fn failure(task: &Task) -> &Error {
    match &task.result {
        Some(Finish::Failed { error }) => error,
        other => panic!("it did not fail: {other:?}"),
    }
}

/// Every request but the last is the beginning of the next: what a service has read it need not read again.
fn grows(asked: &[ModelRequest]) {
    for two in asked.windows(2) {
        assert_eq!(two[0].head, two[1].head, "what stands before the conversation stays");
        assert_eq!(two[0].messages[..], two[1].messages[..two[0].messages.len()], "what was said stays");
    }
}

/// Every result answers a call of the message before it, each exactly once, and nobody speaks twice in a row.
fn well_formed(request: &ModelRequest) {
    let ids = |message: &Message, of: fn(&Block) -> Option<&str>| -> Vec<String> {
        message.blocks.iter().filter_map(|b| of(b).map(str::to_owned)).collect()
    };
    let wanted = |m: &Message| ids(m, |b| if let Block::Call(call) = b { Some(&call.id) } else { None });
    let given = |m: &Message| ids(m, |b| if let Block::Result { call, .. } = b { Some(call) } else { None });
    let mut open = Vec::new();
    let mut last = Role::Assistant;
    for message in &request.messages {
        assert_ne!(message.role, last, "{request:#?}");
        assert!(!message.blocks.is_empty(), "{request:#?}");
        assert_eq!(given(message), open, "{request:#?}");
        open = wanted(message);
        last = message.role;
    }
    assert!(open.is_empty() && last == Role::User, "{request:#?}");
}

#[tokio::test]
async fn a_model_calls_tools_and_says_what_came_of_it_and_the_log_tells_how() {
    let stage = Stage::new();
    let plan = json!({ "steps": [{ "title": "Work twice", "state": "active" }] });
    let script = [
        counted(calls([Block::text("I will work."), called("plan", plan), called("work", json!({ "n": 1 }))])),
        counted(calls([called("work", json!({ "n": 2 }))])),
        ends(Stop::End, "It is done."),
    ];
    let (talk, work) = (talk(script), work());
    let engine = talk.engine(&stage, &[work.clone()]);
    let task = stage.run(&engine, "work twice").await;
    assert_eq!((summary(&task), work.all_runs().len()), ("It is done.", 2));
    assert_eq!(task.plan[0].title, "Work twice");
    assert_eq!((task.spent.usage.total(), task.spent.answers, task.spent.open.len()), (220, 3, 0));
    let asked = talk.asked();
    grows(&asked);
    asked.iter().for_each(well_formed);
    insta::assert_snapshot!(golden(&stage.log().await));
    insta::assert_json_snapshot!(serde_json::to_value(&asked[2].messages).unwrap());
}

#[tokio::test]
async fn another_process_goes_on_with_the_same_conversation() {
    let stage = Stage::new();
    let opaque = Block::Opaque { dialect: "scripted".into(), json: r#"{"thought": "hm",  "n":1.0}"#.into() };
    let script = || {
        [
            calls([opaque.clone(), Block::text("First."), called("work", json!({})), Block::text("And then?")]),
            calls([called("work", json!({ "again": true }))]),
            ends(Stop::End, "Done."),
        ]
    };
    let work = ProbeTool::new("work", Effects { recovery: Recovery::Idempotent, ..Effects::none() });
    let first = talk(script());
    let engine = first.engine(&stage, &[work.clone()]);
    let task = stage.run(&engine, "work").await;
    assert_eq!(task.status(), Status::Waiting);
    engine.stop().await;
    drop(engine);

    let second = talk(script().into_iter().skip(1));
    let engine = second.engine(&stage, &[work.clone()]);
    for _ in 0..2 {
        let ask = engine.asks(task.id).await.unwrap().remove(0);
        engine.send(ask.answered(Answer::Allow, "test", CommandId::new(&*stage.runtime))).await.unwrap();
        engine.settled(task.id).await.unwrap();
    }
    assert_eq!(summary(&engine.task(task.id).await.unwrap()), "Done.");
    let asked: Vec<_> = first.asked().into_iter().chain(second.asked()).collect();
    grows(&asked);
    asked.iter().for_each(well_formed);
    assert_eq!(asked[1].messages[1].blocks[0], opaque, "what must go back does, byte for byte and in its place");
    assert_eq!(asked[1].messages[1].blocks.len(), 4);
}

#[tokio::test]
async fn what_the_person_says_meanwhile_is_heard_before_the_next_step() {
    let stage = Stage::new();
    let (talk, work) = (talk([calls([called("work", json!({}))]), ends(Stop::End, "Done.")]), work());
    work.hold();
    let engine = talk.engine(&stage, &[work.clone()]);
    let task = stage.submit(&engine, Submit::new("work")).await;
    work.started(1).await;
    stage.send(&engine, task, Command::Steer { text: "Be quick.".into() }).await;
    work.release();
    engine.settled(task).await.unwrap();
    let asked = talk.asked();
    asked.iter().for_each(well_formed);
    let last = asked.last().unwrap().messages.last().unwrap();
    assert_eq!(last.text(), "The person says: Be quick.");
    assert_eq!(last.blocks.len(), 2, "beside the result");
}

#[tokio::test]
async fn a_call_that_cannot_be_read_is_mended_and_nothing_runs_before() {
    let stage = Stage::new();
    let broken = ModelCall {
        id: "x".into(),
        tool: "work".into(),
        args: json!({}).into(),
        fault: Some("`{\"n\": ` ends early".into()),
    };
    let script = [
        calls([called("work", json!({ "n": 1 })), Block::Call(broken)]),
        calls([called("wo rk", json!({}))]),
        calls([called("work", json!({ "n": 1 }))]),
        ends(Stop::End, "Done."),
    ];
    let (talk, work) = (talk(script), work());
    let engine = talk.engine(&stage, &[work.clone()]);
    let task = stage.run(&engine, "work").await;
    assert_eq!(summary(&task), "Done.");
    assert_eq!(work.runs(&json!({ "n": 1 })), 1);
    let asked = talk.asked();
    asked.iter().for_each(well_formed);
    let told = serde_json::to_string(&asked[1].messages.last().unwrap().blocks).unwrap();
    assert!(told.contains("ends early") && told.contains("because of another call"), "{told}");
    assert!(serde_json::to_string(&asked[2].messages).unwrap().contains("no such tool"));
}

#[tokio::test]
async fn an_answer_that_is_empty_again_and_again_is_an_error_that_says_so() {
    let stage = Stage::new();
    let talk = talk([ends(Stop::End, "")]);
    let engine = talk.engine(&stage, &[]);
    let task = stage.run(&engine, "say something").await;
    assert_eq!(failure(&task).kind, Kind::Unavailable);
    assert_eq!(talk.asked().len(), 4);
}

#[tokio::test]
async fn an_answer_in_parts_is_one_answer() {
    let stage = Stage::new();
    let script = [ends(Stop::Paused, "One, "), ends(Stop::Length, "two, thr"), ends(Stop::End, "ee.")];
    let talk = talk(script);
    let engine = talk.engine(&stage, &[]);
    let task = stage.run(&engine, "count").await;
    assert_eq!(summary(&task), "One, two, three.");
    let asked = talk.asked();
    assert_eq!(asked[1].messages.last().unwrap().role, Role::Assistant, "a paused turn goes on by itself");
    well_formed(&asked[2]);
}

#[tokio::test]
async fn a_model_that_will_not_says_why() {
    let stage = Stage::new();
    let talk = talk([ends(Stop::Refused, "I'd rather not.")]);
    let engine = talk.engine(&stage, &[]);
    let task = stage.run(&engine, "do evil").await;
    assert_eq!(failure(&task).kind, Kind::NotAllowed);
    assert!(failure(&task).message.contains("I'd rather not."));
}

#[tokio::test]
async fn what_is_denied_is_told_to_the_model_and_unknown_tools_too() {
    let stage = Stage::new();
    let script = [calls([called("work", json!({})), called("fly", json!({}))]), ends(Stop::End, "I could not.")];
    let work = ProbeTool::new("work", Effects { recovery: Recovery::Idempotent, ..Effects::none() });
    let talk = talk(script);
    let engine = talk.engine(&stage, &[work.clone()]);
    let task = stage.run(&engine, "work").await;
    let ask = engine.asks(task.id).await.unwrap().remove(0);
    engine.send(ask.answered(Answer::Deny, "test", CommandId::new(&*stage.runtime))).await.unwrap();
    engine.settled(task.id).await.unwrap();
    assert!(work.all_runs().is_empty());
    let told = serde_json::to_string(&talk.asked()[1].messages).unwrap();
    assert!(told.contains("you said no") && told.contains("there is no tool"), "{told}");
}

/// Lets time pass until a task has settled.
async fn settle(stage: &Stage, engine: &Engine, task: cowork_core::TaskId) -> Task {
    stage.settle(engine, task, Duration::from_millis(50)).await
}

#[tokio::test]
async fn a_service_that_fails_for_a_while_is_asked_again_and_nothing_runs_twice() {
    let stage = Stage::new();
    let script = [calls([called("work", json!({}))]), busy(), busy(), ends(Stop::End, "Done.")];
    let (talk, work) = (talk(script), work());
    let engine = talk.engine(&stage, &[work.clone()]);
    let mut events = engine.events(stage.thread, 0);
    let task = stage.submit(&engine, Submit::new("work")).await;
    let (mut tries, mut restarts, mut retries) = (Vec::new(), 0, Vec::new());
    let reads = async {
        while tries.len() < 2 {
            match events.next().await.unwrap().unwrap() {
                Item::Record(record) => {
                    if let Event::ModelAnswered { tries: n, error: None, .. } = &*record.event.event().unwrap() {
                        tries.push(*n);
                    }
                }
                Item::Delta(delta) => {
                    restarts += u32::from(delta.what == DeltaKind::Restarted);
                    if let DeltaKind::Retrying { tries, why, .. } = &delta.what {
                        retries.push((*tries, why.clone()));
                    }
                }
                Item::Lagged { .. } => {}
            }
        }
    };
    let (task, ()) = tokio::join!(settle(&stage, &engine, task), reads);
    assert_eq!((summary(&task), work.runs(&json!({}))), ("Done.", 1));
    assert_eq!((tries, restarts), (vec![1, 3], 2), "what was shown of an answer that was cut off does not count");
    assert_eq!(retries, [1, 2].map(|n| (n, "the service is overloaded".to_owned())), "it is seen why it takes so long");
}

#[tokio::test]
async fn another_model_is_asked_where_the_tasks_own_can_not_be_had_if_the_task_says_so() {
    for (planner, done) in [(json!({ "fallback": "other" }), true), (json!({}), false)] {
        let stage = Stage::new();
        let down = talk([busy()]);
        let script = [calls([called("work", json!({}))]), ends(Stop::End, "Done.")];
        let up = talk_with(ModelCard::local("elsewhere"), script);
        let work = work();
        let mut parts = stage.parts(ModelPlanner::new(), &[work.clone()]);
        ModelPlanner::tools().into_iter().for_each(|tool| parts.tools.add(tool).unwrap());
        parts.models = vec![down.model(), Arc::new(up.model.clone().with_name("other"))];
        parts.limits.patience.tries = 1;
        let engine = Engine::start(parts);
        let task = stage.submit(&engine, Submit { planner, ..Submit::new("work") }).await;
        let task = settle(&stage, &engine, task).await;
        if done {
            assert_eq!((summary(&task), down.asked().len(), up.asked().len()), ("Done.", 2, 2));
        } else {
            assert_eq!(
                (failure(&task).kind, up.asked().len()),
                (Kind::Unavailable, 0),
                "nothing goes elsewhere unsaid"
            );
        }
        assert_eq!(work.runs(&json!({})), u64::from(done));
    }
}

#[tokio::test]
async fn a_service_that_stays_down_is_given_up_and_the_other_tasks_leave_it_alone() {
    let stage = Stage::new();
    let talk = talk([busy()]);
    let engine = talk.engine(&stage, &[]);
    let one = stage.submit(&engine, Submit::new("one")).await;
    let two = stage.submit(&engine, Submit::new("two")).await;
    for task in [one, two] {
        let task = settle(&stage, &engine, task).await;
        assert_eq!(failure(&task).kind, Kind::Unavailable, "{:?}", task.result);
        assert!(failure(&task).fix().is_some());
    }
    let asked = talk.asked().len();
    assert!((8..=16).contains(&asked), "{asked}");
}

#[tokio::test]
async fn a_budget_is_kept_before_a_model_is_asked() {
    let stage = Stage::new();
    let price = Price { input: 1_000_000, output: 10_000_000, ..Price::default() };
    let card = ModelCard { price: Some(price), ..ModelCard::local("dear") };
    let talk = talk_with(card, [counted(calls([called("work", json!({}))]))]);
    let budget = Budget { cost: Some(20_000), ..Budget::default() };
    let count = Mutex::new(0);
    // Each time something else comes of it, so it is no circle.
    let number = move |_: &Value| {
        *count.lock().unwrap() += 1;
        Ok(cowork_core::ToolOutput { value: json!(*count.lock().unwrap()), ..Default::default() })
    };
    let work = ProbeTool::with("work", |_| Ok(Effects::none()), number);
    let engine = talk.engine(&stage, &[work.clone()]);
    let task = stage.submit(&engine, Submit { budget, ..Submit::new("work for ever") }).await;
    let task = engine.settled(task).await.unwrap();
    assert_eq!(failure(&task).kind, Kind::LimitExceeded);
    assert!(failure(&task).message.contains("$0.02"), "{:?}", task.result);
    assert!(task.spent.cost <= 20_000 && task.spent.answers > 10, "{:?}", task.spent);

    let unknown = talk_with(ModelCard { price: None, ..ModelCard::local("unknown") }, [ends(Stop::End, "Done.")]);
    let engine = unknown.engine(&Stage::new(), &[]);
    let stage = Stage::new();
    let engine_task = engine.submit(stage.thread, "test", Submit { budget, ..Submit::new("work") }).await.unwrap();
    let task = engine.settled(engine_task).await.unwrap();
    assert!(failure(&task).fix().unwrap().contains("price"), "{:?}", task.result);
    assert!(unknown.asked().is_empty(), "what can't be kept is not begun");
}

#[tokio::test]
async fn instructions_plan_and_denials_outlive_fifty_summaries() {
    let stage = Stage::new();
    let card = ModelCard { window: 4_000, most_tokens: 400, ..ModelCard::local("small") };
    let asked: Arc<Mutex<Vec<ModelRequest>>> = Arc::default();
    let seen = asked.clone();
    let model = ScriptedModel::new(move |request| {
        seen.lock().unwrap().push(request.clone());
        let last = request.messages.last().unwrap().text();
        assert!(request.estimate().count < 4_000, "it fits");
        let turns = seen.lock().unwrap().len();
        match turns {
            1 => calls([
                called("plan", json!({ "steps": [{ "title": "Count to the end", "state": "active" }] })),
                called("forbidden", json!({ "what": "the vault" })),
            ]),
            _ if last.contains("Write a summary") => Reply::text("So far so good."),
            400.. => Reply::text("Done."),
            n => calls([called("work", json!({ "n": n, "much": "x".repeat(600) }))]),
        }
    });
    let talk = Talk { model: model.with_card(card), asked };
    let forbidden = ProbeTool::new("forbidden", Effects { recovery: Recovery::Unknown, ..Effects::none() });
    let engine = talk.engine(&stage, &[work(), forbidden.clone()]);
    let task = stage.run(&engine, "Count. Never touch Anna's letters.").await;
    let ask = engine.asks(task.id).await.unwrap().remove(0);
    engine.send(ask.answered(Answer::Deny, "test", CommandId::new(&*stage.runtime))).await.unwrap();
    stage.send(&engine, task.id, Command::Steer { text: "And keep the blue folder.".into() }).await;
    let task = engine.settled(task.id).await.unwrap();
    assert_eq!(summary(&task), "Done.");

    let asked = talk.asked();
    asked.iter().for_each(well_formed);
    let summaries = asked.iter().filter(|r| r.messages.last().unwrap().text().contains("Write a summary")).count();
    assert!(summaries >= 50, "only {summaries}");
    for request in asked.iter().skip(20) {
        let text = request.messages[0].text();
        for kept in [
            "Count. Never touch Anna's letters.",
            "keep the blue folder",
            "[active] Count to the end",
            "the vault",
            "So far so good.",
        ] {
            assert!(text.contains(kept), "{kept} is lost:\n{text}");
        }
    }
    assert!(asked.iter().all(|r| r.estimate().count < 4_000));
    assert!(forbidden.all_runs().is_empty());
}

#[tokio::test]
async fn a_summary_is_the_same_in_another_process() {
    let stage = Stage::new();
    let card = || ModelCard { window: 4_300, most_tokens: 400, ..ModelCard::local("small") };
    let big = |n: u32| calls([called("work", json!({ "n": n, "much": "x".repeat(1_000) }))]);
    let work = ProbeTool::new("work", Effects { recovery: Recovery::Idempotent, ..Effects::none() });
    let first = talk_with(card(), [big(1), big(2), big(3), Reply::text("All three are done."), big(4)]);
    let engine = first.engine(&stage, &[work.clone()]);
    let task = stage.submit(&engine, Submit { mode: Mode::Ask, ..Submit::new("work") }).await;
    for n in 1..=3 {
        assert_eq!(engine.settled(task).await.unwrap().turns.len(), n);
        let ask = engine.asks(task).await.unwrap().remove(0);
        engine.send(ask.answered(Answer::Allow, "test", CommandId::new(&*stage.runtime))).await.unwrap();
    }
    engine.settled(task).await.unwrap();
    engine.stop().await;
    let asked = first.asked();
    assert_eq!(asked.len(), 5, "the fourth is the summary");

    let second = talk_with(card(), [Reply::text("Done.")]);
    let engine = second.engine(&stage, &[work.clone()]);
    let ask = engine.asks(task).await.unwrap().remove(0);
    engine.send(ask.answered(Answer::Allow, "test", CommandId::new(&*stage.runtime))).await.unwrap();
    assert_eq!(summary(&engine.settled(task).await.unwrap()), "Done.");
    grows(&[asked[4].clone(), second.asked()[0].clone()]);
    well_formed(&second.asked()[0]);
}

#[tokio::test]
async fn an_outcome_fits_the_schema_that_was_asked_for_or_is_an_error() {
    let schema = json!({ "type": "object", "properties": { "count": { "type": "integer" } }, "required": ["count"] });
    let submit = || Submit { planner: json!({ "schema": schema }), ..Submit::new("count") };
    let stage = Stage::new();
    let mends = talk([ends(Stop::End, "{\"count\": \"many\"}"), ends(Stop::End, "```json\n{\"count\": 3}\n```")]);
    let engine = mends.engine(&stage, &[]);
    let task = stage.submit(&engine, submit()).await;
    match engine.settled(task).await.unwrap().result {
        Some(Finish::Done { data, .. }) => assert_eq!(data, json!({ "count": 3 })),
        other => panic!("{other:?}"),
    }
    mends.asked().iter().for_each(well_formed);

    let stage = Stage::new();
    let never = talk([ends(Stop::End, "Three!")]);
    let engine = never.engine(&stage, &[]);
    let task = stage.submit(&engine, submit()).await;
    let task = engine.settled(task).await.unwrap();
    assert!(failure(&task).message.contains("does not fit the schema"), "{:?}", task.result);
}

#[tokio::test]
async fn a_cancelled_task_stops_within_an_answer() {
    let stage = Stage::new();
    let talk = talk([Reply::Hang { said: "Once upon a time".into() }]);
    let engine = talk.engine(&stage, &[]);
    let mut events = engine.events(stage.thread, 0);
    let task = stage.submit(&engine, Submit::new("tell me a story")).await;
    loop {
        if let Item::Delta(delta) = events.next().await.unwrap().unwrap()
            && delta.what == (DeltaKind::Text { text: "time".into() })
        {
            break;
        }
    }
    stage.send(&engine, task, Command::Cancel).await;
    let task = engine.settled(task).await.unwrap();
    assert_eq!(task.status(), Status::Cancelled);
    assert!(task.spent.open.is_empty() && task.spent.usage.output > 0, "what was said so far counts: {:?}", task.spent);
}

/// Begins a task whose process dies while a model is asked, and has another one go on with it.
async fn after_a_death(submit: Submit) -> (Talk, Task) {
    let stage = &Stage::new();
    let card =
        ModelCard { price: Some(Price { output: 1_000_000, ..Price::default() }), ..ModelCard::local("nowhere") };
    let hangs = talk_with(card.clone(), [Reply::Hang { said: "Once".into() }]);
    let first = hangs.engine(stage, &[]);
    let task = stage.submit(&first, submit).await;
    stage.until(&first, "model_asked").await;
    // As a killed process would: nobody closes what was asked.
    std::mem::forget(first);

    let mut parts = stage.parts(ModelPlanner::new(), &[]);
    parts.owner = "second".into();
    parts.is_dead = Arc::new(|owner| owner == "first");
    let second = talk_with(card, [ends(Stop::End, "The end.")]);
    parts.models.push(second.model());
    let engine = Engine::start(parts);
    let task = engine.settled(task).await.unwrap();
    (second, task)
}

#[tokio::test]
async fn a_question_that_a_dead_process_left_open_counts_as_the_most_it_could_be() {
    let (_, task) = after_a_death(Submit::new("tell me a story")).await;
    assert_eq!(summary(&task), "The end.");
    assert!(task.spent.open.is_empty() && task.spent.usage.total() > 8_000, "{:?}", task.spent);
    let lost = task.spent.lost;
    assert_eq!((lost.answers, lost.tokens, lost.cost), (1, task.spent.usage.total(), task.spent.cost));
}

#[tokio::test]
async fn a_budget_says_how_much_of_it_is_counted_for_an_answer_that_was_lost() {
    let short = |budget| Submit { planner: json!({ "most_tokens": 256 }), budget, ..Submit::new("tell me a story") };
    let (_, task) = after_a_death(short(Budget::default())).await;
    let (tokens, cost) = (task.spent.lost.tokens, task.spent.lost.cost);
    // There is room for one answer, and a little more.
    let budgets = [
        (Budget { tokens: Some(tokens + 9), ..Budget::default() }, format!("{tokens} are used, {tokens} of that")),
        (Budget { cost: Some(cost + 9), ..Budget::default() }, format!("{0} are spent, {0} of that", dollars(cost))),
    ];
    for (budget, much) in budgets {
        let (second, task) = after_a_death(short(budget)).await;
        let error = failure(&task);
        assert_eq!((error.kind, second.asked().len()), (Kind::LimitExceeded, 0), "{error}");
        let lost = format!("{much} counted for an answer that was lost with the process that asked for it, and");
        assert!(error.message.contains(&lost), "{error}");
    }
}

#[tokio::test]
async fn a_big_result_is_shown_by_its_beginning_and_read_on_when_wanted() {
    let text: String = (0..10_000).map(|n| format!("line {n}\n")).collect();
    let output = cowork_core::ToolOutput { value: json!(text), ..Default::default() };
    shown_by_its_beginning(&text, Ok(output)).await;
}

#[tokio::test]
async fn what_a_failed_call_says_at_length_is_shown_and_read_in_the_same_way() {
    let page: String = (0..100_000).map(|n| format!("<p>{n}</p>")).collect();
    let error = Error::new(Kind::Unavailable, "look", page.clone());
    shown_by_its_beginning(&format!("Failed: {page}"), Err(error)).await;
}

async fn shown_by_its_beginning(whole: &str, gives: cowork_core::Result<cowork_core::ToolOutput>) {
    let stage = Stage::new();
    let big = ProbeTool::with("look", |_| Ok(Effects::none()), move |_| gives.clone());
    let asked: Arc<Mutex<Vec<ModelRequest>>> = Arc::default();
    let seen = asked.clone();
    let model = ScriptedModel::new(move |request| {
        seen.lock().unwrap().push(request.clone());
        let Some(Block::Result { call, .. }) = request.messages.last().and_then(|m| m.blocks.first()) else {
            return calls([called("look", json!({}))]);
        };
        match seen.lock().unwrap().len() {
            2 => calls([called("read_result", json!({ "call": call, "from": 6_144, "bytes": 1_000 }))]),
            _ => Reply::text("Done."),
        }
    });
    let talk = Talk { model, asked };
    let engine = talk.engine(&stage, &[big]);
    stage.run(&engine, "look").await;
    let result = |n: usize| match &talk.asked()[n].messages.last().unwrap().blocks[0] {
        Block::Result { text, .. } => text.clone(),
        other => panic!("{other:?}"),
    };
    assert!(result(1).len() < 8_000 && result(1).contains("read_result"), "{}", result(1));
    assert_eq!(&result(2)[..1_000], &whole[6_144..7_144]);
}

#[tokio::test]
async fn five_hundred_tools_take_a_tenth_of_what_a_model_holds_and_each_can_be_found_and_called() {
    let stage = Stage::new();
    let many: Vec<Arc<dyn Tool>> = (0..500).map(|n| wordy(n) as Arc<dyn Tool>).collect();
    let card = ModelCard { window: 200_000, ..ModelCard::local("large") };
    let script = [
        calls([called("find_tools", json!({ "words": "number 417" }))]),
        calls([called("call_tool", json!({ "tool": "service_417", "args": { "query": "x" } }))]),
        calls([called("call_tool", json!({ "name": "service_417" }))]),
        ends(Stop::End, "Done."),
    ];
    let talk = talk_with(card, script);
    let engine = talk.engine(&stage, &many);
    let task = stage.run(&engine, "use number 417").await;
    assert_eq!(summary(&task), "Done.");
    assert_eq!((task.turns[1].decision.calls[0].tool.as_str()), "service_417", "the log and the policy see the tool");
    let asked = talk.asked();
    let head = ModelRequest { messages: Messages::default(), ..asked[0].clone() };
    assert!(head.estimate().count <= 20_000, "{}", head.estimate().count);
    grows(&asked);
    asked.iter().for_each(well_formed);
    let told = |n: usize| serde_json::to_string(&asked[n].messages.last().unwrap().blocks).unwrap();
    assert!(told(1).contains("service_417") && told(1).contains("What to look for in 417"), "{}", told(1));
    assert!(told(2).contains("found by 417"), "{}", told(2));
    assert!(serde_json::to_string(&asked[2].messages).unwrap().contains("call_tool"), "as it was called");
    assert!(told(3).contains("Failed"), "{}", told(3));
}

/// A tool with much to say about itself.
fn wordy(n: usize) -> Arc<Wordy> {
    let about = format!("Searches service number {n}. {}", "It has many options and says much about each. ".repeat(8));
    let query = json!({ "type": "string", "description": format!("What to look for in {n}") });
    let schema = json!({ "type": "object", "properties": { "query": query }, "required": ["query"] });
    Arc::new(Wordy(cowork_core::ToolSpec { name: format!("service_{n}"), about, schema }))
}

struct Wordy(cowork_core::ToolSpec);

#[cowork_core::async_trait]
impl Tool for Wordy {
    fn spec(&self) -> &cowork_core::ToolSpec {
        &self.0
    }

    fn effects(&self, _: &Value) -> cowork_core::Result<Effects> {
        Ok(Effects::none())
    }

    async fn run(&self, _: Value, _: cowork_core::ToolContext) -> cowork_core::Result<cowork_core::ToolOutput> {
        let value = json!(self.0.name.replace("service_", "found by "));
        Ok(cowork_core::ToolOutput { value, ..Default::default() })
    }
}

async fn planned_by_a_model() -> Subject {
    let script = |request: &ModelRequest| match request.messages.len() {
        1 => calls([called("look", json!({ "at": "Desk" }))]),
        3 => calls([called("look", json!({ "at": "Desk/a" })), called("look", json!({ "at": "Desk/b" }))]),
        _ => Reply::text("There is nothing more to see."),
    };
    let look =
        cowork_core::ToolSpec { name: "look".into(), about: "Looks.".into(), schema: json!({ "type": "object" }) };
    Subject {
        make: Box::new(|| Arc::new(ModelPlanner::new())),
        exact: true,
        submit: Submit::new("Look around"),
        tools: vec![look],
        play: Box::new(|_| Outcome::Done { value: json!("a desk"), note: String::new() }),
        models: Models::alone(TestRuntime::new(), vec![Arc::new(ScriptedModel::new(script))]),
        hopeless: Some(Submit { planner: json!({ "model": "nobody" }), ..Submit::new("Look around") }),
    }
}
cowork_testkit::planner::suite!(planned_by_a_model);
