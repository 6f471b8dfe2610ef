//! Stories about tasks that have parts of them done side by side.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a story that goes wrong ends")]

mod stage;

use std::sync::{Arc, Mutex};

use cowork_core::{
    Access, AllowRule, Answer, Block, Budget, Command, CommandId, Effects, Engine, Error, FilePath, Finish, Folder,
    Integrity, Kind, Label, Mode, ModelAnswer, ModelCall, ModelPlanner, ModelRequest, Outcome, Parent, Proposal,
    ProposedCall, Recovery, Status, Stop, Submit, Subtask, Task, Tool, ToolOutput, Usage, View, rebuild,
};
use cowork_testkit::{ProbeTool, ScriptedModel, ScriptedPlanner, golden, model::Reply};
use serde_json::{Value, json};
use stage::{Mortal, Stage};

/// A tool of a host's own that has its work done by a sub-task.
fn hand() -> Arc<dyn Tool> {
    let effects = |args: &Value| Ok(Effects::delegates(serde_json::from_value::<Subtask>(args.clone()).unwrap()));
    ProbeTool::with("hand", effects, |_| panic!("the engine starts sub-tasks"))
}

fn handed(parts: impl IntoIterator<Item = Value>) -> Proposal {
    let call = |args| ProposedCall { tool: "hand".into(), args };
    Proposal { calls: parts.into_iter().map(call).collect(), ..Proposal::default() }
}

fn part(text: &str) -> Value {
    json!({ "title": text.to_uppercase(), "text": text })
}

/// Plays one proposal a turn for each task, by its text.
fn plays(scripts: Vec<(&str, Vec<Proposal>)>) -> ScriptedPlanner {
    let scripts: Vec<(String, Vec<Proposal>)> = scripts.into_iter().map(|(text, p)| (text.to_owned(), p)).collect();
    ScriptedPlanner::new(move |view: &View| {
        let script = scripts.iter().find(|(text, _)| *text == view.task.submit.text).map(|(_, script)| script);
        let next = script.and_then(|script| script.get(view.task.turns.len())).cloned();
        Ok(next.unwrap_or_else(|| Proposal::done(format!("{} is done", view.task.submit.text))))
    })
}

fn work(n: &str) -> Proposal {
    Proposal::call("work", json!({ "n": n }))
}

fn outcome(task: &Task, turn: usize, call: usize) -> Outcome {
    task.turns[turn].calls[call].outcome().unwrap().unwrap()
}

fn value(task: &Task, turn: usize, call: usize) -> Value {
    match outcome(task, turn, call) {
        Outcome::Done { value, .. } => value,
        other => panic!("{other:?}"),
    }
}

fn failed(task: &Task, turn: usize, call: usize) -> Error {
    match outcome(task, turn, call) {
        Outcome::Failed { error } => error,
        other => panic!("{other:?}"),
    }
}

fn folder(name: &str, access: Access) -> Folder {
    Folder { name: name.into(), at: format!("/{name}"), access, whole: false }
}

async fn allow_all(stage: &Stage, engine: &Engine, task: cowork_core::TaskId) {
    for ask in engine.asks(task).await.unwrap() {
        engine.send(ask.answered(Answer::Allow, "test", CommandId::new(&*stage.runtime))).await.unwrap();
    }
}

async fn only_part(stage: &Stage, engine: &Engine) -> Task {
    let begun = stage.until(engine, "subtask_started").await;
    let cowork_core::Event::SubtaskStarted { task, .. } = &*begun.event.event().unwrap() else { panic!() };
    engine.task(*task).await.unwrap()
}

#[tokio::test]
async fn parts_of_a_task_are_done_side_by_side_and_what_came_of_them_comes_back() {
    let stage = Stage::new();
    let works = |name: &str| Proposal::call(name, json!({ "n": name }));
    let (left, right) = (ProbeTool::new("left", Effects::none()), ProbeTool::new("right", Effects::none()));
    left.hold();
    right.hold();
    let planner = plays(vec![
        ("all", vec![handed([part("left"), part("right")])]),
        ("left", vec![works("left")]),
        ("right", vec![works("right")]),
    ]);
    let engine = stage.engine(planner, &[hand(), left.clone(), right.clone()]);
    let task = stage.submit(&engine, Submit::new("all")).await;
    left.started(1).await;
    right.started(1).await;
    let resting = engine.task(task).await.unwrap();
    assert_eq!((resting.status(), resting.subtasks().count()), (Status::Running, 2), "both are at work at once");
    left.release();
    stage.until(&engine, "subtask_ended").await;
    right.release();
    let task = engine.settled(task).await.unwrap();
    assert_eq!(task.status(), Status::Done);
    for (call, text) in ["left", "right"].iter().enumerate() {
        let value = value(&task, 0, call);
        assert_eq!((&value["end"], &value["message"]), (&json!("done"), &json!(format!("{text} is done"))));
    }
    assert_eq!(engine.tasks().await.unwrap().len(), 1, "a person gave one task");
    insta::assert_snapshot!(golden(&stage.log().await));

    let before = stage.entries().await;
    engine.stop().await;
    assert_eq!(rebuild(&*stage.store).await.unwrap(), 0, "the indexes follow from the log");
    assert_eq!(stage.entries().await, before);
}

/// Asks for more than the task below has, or for nonsense, and says what is answered.
fn refused() -> [(Value, Kind, &'static str); 12] {
    [
        (json!({ "folders": [{ "name": "Elsewhere" }] }), Kind::NotAllowed, "no folder `Elsewhere`"),
        (json!({ "folders": [{ "name": "Desk", "access": "write" }] }), Kind::NotAllowed, "only look into `Desk`"),
        (json!({ "folders": [{ "name": "Desk" }, { "name": "Desk" }] }), Kind::InvalidInput, "named twice"),
        (json!({ "tools": ["secret"] }), Kind::NotAllowed, "may not use `secret`"),
        (json!({ "tools": ["nowhere"] }), Kind::NotFound, "no tool called `nowhere`"),
        (json!({ "mode": "auto" }), Kind::NotAllowed, "less unasked"),
        (json!({ "max_steps": 11 }), Kind::NotAllowed, "10 steps"),
        (json!({ "planner": { "model": "another" } }), Kind::NotAllowed, "elsewhere"),
        (json!({ "planner": { "fallback": "another" } }), Kind::NotAllowed, "elsewhere"),
        (json!({ "planner": { "name": "another" } }), Kind::NotAllowed, "elsewhere"),
        (json!({ "budget": { "tokens": 1_001 } }), Kind::LimitExceeded, "1000 are left"),
        (json!({ "text": " " }), Kind::InvalidInput, "a text"),
    ]
}

/// May look at one folder and change another, with three tools of four, in ten steps and a thousand tokens; all of it planned only.
fn modest() -> Submit {
    Submit {
        folders: vec![folder("Desk", Access::Read), folder("Paper", Access::Write)],
        tools: Some(vec!["hand".into(), "write".into(), "work".into()]),
        mode: Mode::Plan,
        max_steps: 10,
        budget: Budget { tokens: Some(1_000), ..Budget::default() },
        ..Submit::new("all")
    }
}

/// Writes to where the arguments say.
fn writing(name: &str) -> Arc<dyn Tool> {
    let path = |args: &Value| FilePath::parse(args["n"].as_str().unwrap()).unwrap();
    ProbeTool::with(name, move |args| Ok(Effects::changes([path(args)])), |_| Ok(ToolOutput::default()))
}

#[tokio::test]
async fn a_sub_task_gets_a_part_of_what_its_task_may_and_never_more() {
    let stage = Stage::new();
    let with = |more: Value| {
        let mut part = part("part");
        part.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        part
    };
    let fits = with(json!({ "folders": [{ "name": "Paper", "access": "write" }], "tools": ["write"] }));
    let parts = refused().map(|(more, ..)| with(more)).into_iter().chain([fits, part("other")]);
    let writes = |at: &[&str]| {
        let write = |n: &&str| ProposedCall { tool: "write".into(), args: json!({ "n": n }) };
        let look = ProposedCall { tool: "work".into(), args: json!({ "n": "x" }) };
        Proposal { calls: at.iter().map(write).chain([look]).collect(), ..Proposal::default() }
    };
    let planner = plays(vec![
        ("all", vec![handed(parts)]),
        ("part", vec![writes(&["Desk/a", "Paper/a"])]),
        ("other", vec![writes(&["Desk/a", "Paper/b"])]),
    ]);
    let (work, secret) = (ProbeTool::new("work", Effects::none()), ProbeTool::new("secret", Effects::none()));
    let engine = stage.engine(planner, &[hand(), writing("write"), work, secret]);
    let task = stage.submit(&engine, modest()).await;
    let task = engine.settled(task).await.unwrap();
    for (call, (_, kind, why)) in refused().into_iter().enumerate() {
        let error = failed(&task, 0, call);
        assert!(error.kind == kind && error.message.contains(why), "{call}: {error:?}");
    }
    let (fits, other) = (refused().len(), refused().len() + 1);
    let planned = "write: only planned, it would ";
    let outside = "write: `Desk/a` is not in one of the folders you allowed";
    let not_done = |call: usize| value(&task, 0, call)["not_done"].clone();
    assert_eq!(not_done(fits), json!([outside, planned, "work: this task may not use `work`"]));
    assert_eq!(not_done(other), json!(["write: `Desk` may be looked at but not changed", planned]));
    let fits = engine.task(task.turns[0].calls[fits].subtask.unwrap()).await.unwrap();
    assert_eq!((fits.submit.mode, fits.submit.budget.tokens), (Mode::Plan, Some(250)), "a quarter of what is left");
    let other = engine.task(task.turns[0].calls[other].subtask.unwrap()).await.unwrap();
    assert_eq!(other.submit.budget.tokens, Some(187), "of what the first has left");
    assert!(task.spent.parts.is_empty());
}

#[tokio::test]
async fn a_sub_task_asks_like_any_task_and_the_person_sees_which() {
    let stage = Stage::new();
    let work_tool = ProbeTool::new("work", Effects { recovery: Recovery::Unknown, ..Effects::none() });
    let planner = || {
        plays(vec![
            ("all", vec![handed([part("left"), part("right")])]),
            ("left", vec![work("left")]),
            ("right", vec![work("right")]),
        ])
    };
    let engine = stage.engine(planner(), &[hand(), work_tool.clone()]);
    let task = stage.run(&engine, "all").await;
    let asks = engine.asks(task.id).await.unwrap();
    let who: Vec<_> = asks.iter().map(|a| (a.subtask.as_deref().unwrap(), a.task == task.id)).collect();
    assert_eq!(who, [("LEFT", false), ("RIGHT", false)]);
    assert_eq!(engine.tasks().await.unwrap()[0].status, Status::Waiting);
    while engine.is_held(task.id).await.unwrap() {
        // Nothing waits in memory: the lease is given back.
        tokio::task::yield_now().await;
    }
    engine.stop().await;
    drop(engine);

    let second = stage.engine(planner(), &[hand(), work_tool.clone()]);
    let asks = second.asks(task.id).await.unwrap();
    for (ask, answer) in asks.iter().zip([Answer::Allow, Answer::Deny]) {
        second.send(ask.answered(answer, "phone", CommandId::new(&*stage.runtime))).await.unwrap();
    }
    let task = second.settled(task.id).await.unwrap();
    assert_eq!(task.status(), Status::Done);
    assert_eq!((work_tool.runs(&json!({ "n": "left" })), work_tool.all_runs().len()), (1, 1));
    assert_eq!(value(&task, 0, 1)["not_done"], json!(["work: you said no"]));
}

#[tokio::test]
async fn leave_given_beforehand_goes_down_with_what_it_is_for_and_leave_given_to_a_part_stays_there() {
    let stage = Stage::new();
    let mut narrow = part("narrow");
    narrow["folders"] = json!([{ "name": "Desk", "access": "write" }]);
    let planner =
        plays(vec![("all", vec![handed([narrow]), work("Desk/z")]), ("narrow", vec![work("Desk/a"), work("Desk/b")])]);
    let engine = stage.engine(planner, &[hand(), writing("work")]);
    let rule = |folder: &str| AllowRule { tool: "work".into(), folder: folder.into() };
    let submit = Submit {
        folders: vec![folder("Desk", Access::Write), folder("Paper", Access::Write)],
        allow: vec![rule("Paper")],
        ..Submit::new("all")
    };
    let task = stage.submit(&engine, submit).await;
    engine.settled(task).await.unwrap();
    let part = only_part(&stage, &engine).await;
    assert!(part.allowed.is_empty(), "it has not that folder");
    let ask = engine.asks(task).await.unwrap().remove(0);
    engine.send(ask.answered(Answer::AllowTask, "test", CommandId::new(&*stage.runtime))).await.unwrap();
    engine.settled(task).await.unwrap();
    let asks = engine.asks(task).await.unwrap();
    assert_eq!(asks.iter().map(|a| a.task).collect::<Vec<_>>(), [task], "the part asked once, the task asks itself");
    assert_eq!(asks[0].subtask, None);
}

#[tokio::test]
async fn what_is_said_to_a_task_is_said_to_its_sub_tasks() {
    let stage = Stage::new();
    let work_tool = ProbeTool::new("work", Effects::none());
    work_tool.hold();
    let planner = plays(vec![
        ("all", vec![handed([part("left"), part("right")])]),
        ("left", vec![work("1"), work("2")]),
        ("right", vec![handed([part("deep")])]),
        ("deep", vec![work("3"), work("4")]),
    ]);
    let engine = stage.engine(planner, &[hand(), work_tool.clone()]);
    let task = stage.submit(&engine, Submit::new("all")).await;
    work_tool.started(2).await;
    stage.send(&engine, task, Command::Steer { text: "quietly".into() }).await;
    stage.send(&engine, task, Command::Pause).await;
    work_tool.release();
    let paused = engine.settled(task).await.unwrap();
    assert_eq!((paused.status(), work_tool.all_runs().len()), (Status::Paused, 2), "what ran came to its end");
    let parts: Vec<_> = paused.subtasks().collect();
    for part in &parts {
        let part = engine.task(*part).await.unwrap();
        assert_eq!((part.status(), part.steers[0].text.as_str()), (Status::Paused, "quietly"));
    }
    work_tool.hold();
    stage.send(&engine, task, Command::Resume).await;
    work_tool.started(4).await;
    stage.send(&engine, task, Command::Cancel).await;
    let ended = engine.settled(task).await.unwrap();
    assert_eq!(ended.result, Some(Finish::Cancelled));
    for (call, part) in parts.into_iter().enumerate() {
        assert_eq!(engine.task(part).await.unwrap().result, Some(Finish::Cancelled));
        assert_eq!(value(&ended, 0, call)["end"], "cancelled");
    }
    assert_eq!(work_tool.all_runs().len(), 4);
    assert!(engine.ready().await.unwrap().is_empty());
}

#[tokio::test]
async fn a_sub_task_that_fails_or_is_stopped_is_a_result_and_not_its_tasks_end() {
    let stage = Stage::new();
    let work_tool = ProbeTool::new("work", Effects::none());
    work_tool.hold();
    let planner = plays(vec![
        ("all", vec![handed([part("fails"), part("is stopped")])]),
        (
            "fails",
            vec![Proposal {
                finish: Some(Finish::Failed { error: Error::new(Kind::Unavailable, "plan", "nobody answers") }),
                ..Proposal::default()
            }],
        ),
        ("is stopped", vec![work("1")]),
    ]);
    let engine = stage.engine(planner, &[hand(), work_tool.clone()]);
    let task = stage.submit(&engine, Submit::new("all")).await;
    work_tool.started(1).await;
    let stopped = engine.task(task).await.unwrap().turns[0].calls[1].subtask.unwrap();
    stage.send(&engine, stopped, Command::Cancel).await;
    let task = engine.settled(task).await.unwrap();
    assert_eq!(task.status(), Status::Done);
    assert_eq!(
        (&value(&task, 0, 0)["end"], &value(&task, 0, 0)["message"]),
        (&json!("failed"), &json!("nobody answers"))
    );
    assert_eq!(value(&task, 0, 1)["end"], "cancelled");
}

#[tokio::test]
async fn what_a_sub_task_has_read_its_task_has_read() {
    let stage = Stage::new();
    let reads = ProbeTool::with(
        "work",
        |_| Ok(Effects::none()),
        |_| Ok(ToolOutput { label: Label::file("Desk/letter"), ..ToolOutput::default() }),
    );
    let planner =
        plays(vec![("all", vec![handed([part("left")]), handed([part("after")])]), ("left", vec![work("1")])]);
    let engine = stage.engine(planner, &[hand(), reads]);
    let task = stage.run(&engine, "all").await;
    assert!(
        matches!(&task.label.integrity, Integrity::Untrusted(from) if from.contains("file:Desk/letter")),
        "{:?}",
        task.label
    );
    let after = engine.task(task.turns[1].calls[0].subtask.unwrap()).await.unwrap();
    assert!(matches!(after.label.integrity, Integrity::Untrusted(_)), "what is written after reading is as untrusted");
}

#[tokio::test]
async fn sub_tasks_lie_two_deep_and_are_thirty_two_at_the_most() {
    let stage = Stage::new();
    let many: Vec<Value> = (0..33).map(|_| part("idle")).collect();
    let planner = plays(vec![
        ("all", vec![handed([part("one")]), handed(many)]),
        ("one", vec![handed([part("two")])]),
        ("two", vec![handed([part("three")])]),
    ]);
    let engine = stage.engine(planner, &[hand()]);
    let task = stage.run(&engine, "all").await;
    let below = |task: &Task| task.turns[0].calls[0].subtask.unwrap();
    let one = engine.task(below(&task)).await.unwrap();
    let two = engine.task(below(&one)).await.unwrap();
    let Some(Parent { root, depth, .. }) = two.submit.parent.as_deref() else { panic!() };
    assert_eq!((*root, *depth), (task.id, 2));
    assert!(failed(&two, 0, 0).message.contains("2 deep"), "{:?}", failed(&two, 0, 0));
    assert!(failed(&task, 1, 32).message.contains("32 sub-tasks"));
    assert_eq!(task.all_subtasks().count(), 32);
    assert_eq!(value(&task, 1, 30)["end"], "done");
}

#[tokio::test]
async fn a_sub_task_that_says_it_is_one_is_refused_at_the_door() {
    let stage = Stage::new();
    let engine = stage.engine(ScriptedPlanner::list([]), &[]);
    let task = stage.run(&engine, "all").await;
    let parent = Parent {
        task: task.id,
        call: cowork_core::CallId::new(&*stage.runtime),
        root: task.id,
        depth: 1,
        title: "x".into(),
    };
    let submit = Submit { parent: Some(Box::new(parent)), ..Submit::new("part") };
    let error = engine.submit(stage.thread, "test", submit).await.unwrap_err();
    assert_eq!(error.kind, Kind::InvalidInput);
}

#[tokio::test]
async fn after_a_death_everything_is_taken_up_again_and_nothing_runs_twice() {
    let stage = Stage::new();
    let once = ProbeTool::new("once", Effects { recovery: Recovery::Unknown, ..Effects::none() });
    let held = ProbeTool::new("work", Effects::none());
    held.hold();
    let planner = || {
        plays(vec![
            ("all", vec![handed([part("left"), part("right")]), Proposal::call("once", json!({ "n": "after" }))]),
            ("left", vec![Proposal::call("once", json!({ "n": "left" })), work("left")]),
            ("right", vec![Proposal::call("once", json!({ "n": "right" })), handed([part("deep")])]),
            ("deep", vec![work("deep")]),
        ])
    };
    let (life, first) = Mortal::start(&stage, planner(), &[hand(), once.clone(), held.clone()]);
    let task = stage.run(&first, "all").await.id;
    allow_all(&stage, &first, task).await;
    held.started(2).await;
    life.die();

    let free = ProbeTool::new("work", Effects::none());
    let mut parts = stage.parts(planner(), &[hand(), once.clone(), free.clone()]);
    parts.owner = "second".into();
    parts.is_dead = Arc::new(|owner| owner == "first");
    let second = Engine::start(parts);
    second.settled(task).await.unwrap();
    allow_all(&stage, &second, task).await;
    let task = second.settled(task).await.unwrap();
    assert_eq!(task.status(), Status::Done, "{:?}", task.result);
    for n in ["left", "right", "after"] {
        assert_eq!(once.runs(&json!({ "n": n })), 1, "{n}");
    }
    for n in ["left", "deep"] {
        assert_eq!(free.runs(&json!({ "n": n })), 1, "what only looks is looked at again");
    }
    assert_eq!(task.all_subtasks().count(), 2, "none was begun again");
}

/// Answers in a hundred tokens.
fn says(blocks: Vec<Block>) -> Reply {
    let stop = if blocks.iter().any(|b| matches!(b, Block::Call(_))) { Stop::Calls } else { Stop::End };
    let usage = Usage { input: 90, output: 10, ..Usage::default() };
    Reply::Answer(ModelAnswer { blocks, stop, usage, ..ModelAnswer::default() })
}

fn delegated(text: &str) -> Block {
    let args = json!({ "title": text.to_uppercase(), "task": text, "tools": ["delegate"] });
    Block::Call(ModelCall { id: text.into(), tool: "delegate".into(), args: args.into(), fault: None })
}

#[tokio::test]
async fn a_model_has_parts_done_and_is_shown_what_came_back_and_what_they_spent_is_its_tasks() {
    let stage = Stage::new();
    let asked: Arc<Mutex<Vec<ModelRequest>>> = Arc::default();
    let seen = asked.clone();
    let model = ScriptedModel::new(move |request| {
        seen.lock().unwrap().push(request.clone());
        match (request.messages[0].text().as_str(), request.messages.len()) {
            ("all", 1) => says(vec![delegated("left"), delegated("right")]),
            ("left", 1) => says(vec![delegated("deep")]),
            (text, _) => says(vec![Block::text(format!("{text} found 3"))]),
        }
    });
    let mut parts = stage.parts(ModelPlanner::new(), &[]);
    ModelPlanner::tools().into_iter().for_each(|tool| parts.tools.add(tool).unwrap());
    parts.models.push(Arc::new(model));
    let engine = Engine::start(parts);
    let budget = Budget { tokens: Some(1_000_000), ..Budget::default() };
    let task = stage.submit(&engine, Submit { budget, ..Submit::new("all") }).await;
    let task = engine.settled(task).await.unwrap();
    assert!(
        matches!(&task.result, Some(Finish::Done { summary, .. }) if summary == "all found 3"),
        "{:?}",
        task.result
    );
    assert_eq!((task.spent.usage.total(), task.spent.answers, task.spent.parts.len()), (600, 6, 0));

    let asked = asked.lock().unwrap();
    let of = |text: &str| asked.iter().filter(|r| r.messages[0].text() == text).collect::<Vec<_>>();
    let told = serde_json::to_string(&of("all")[1].messages[2].blocks).unwrap();
    assert!(told.contains("left found 3") && told.contains("right found 3"), "{told}");
    let offered = |text: &str| of(text)[0].head.tools.iter().any(|t| t.name == "delegate");
    assert_eq!(["all", "left", "deep"].map(offered), [true, true, false]);
    assert!(of("left")[0].head.system.contains("a part of a larger task"));
    assert!(of("deep")[0].head.tools.iter().any(|t| t.name == "plan"), "what a model plans with, it always has");
}

/// Asks no model, and says who it is.
struct Here(&'static str, bool);

#[cowork_core::async_trait]
impl cowork_core::Planner for Here {
    fn name(&self) -> &str {
        self.0
    }

    fn is_local(&self) -> bool {
        self.1
    }

    async fn plan(&self, view: View, _: cowork_core::PlanContext) -> cowork_core::Result<Proposal> {
        Ok(Proposal::done(format!("{} by {}, told {}", view.task.submit.text, self.0, view.task.submit.planner)))
    }
}

#[tokio::test]
async fn a_sub_task_may_have_another_planner_only_if_that_sends_what_it_reads_nowhere() {
    let stage = Stage::new();
    let by = |name: &str| json!({ "title": "PART", "text": "part", "planner": { "name": name, "program": "x" } });
    let planner = plays(vec![("all", vec![handed([by("here"), by("elsewhere"), by("nobody")])])]);
    let mut parts = stage.parts(planner, &[hand()]);
    parts
        .planners
        .extend([Arc::new(Here("here", true)) as Arc<dyn cowork_core::Planner>, Arc::new(Here("elsewhere", false))]);
    let engine = Engine::start(parts);
    let planner = json!({ "model": "mine" });
    let task = stage.submit(&engine, Submit { planner, ..Submit::new("all") }).await;
    let task = engine.settled(task).await.unwrap();
    let told = "part by here, told {\"name\":\"here\",\"program\":\"x\"}";
    assert_eq!(value(&task, 0, 0)["message"], told, "the model of its task is none of its");
    for call in [1, 2] {
        let error = failed(&task, 0, call);
        assert_eq!(error.kind, Kind::NotAllowed, "{error:?}");
        assert!(error.message.contains("elsewhere"), "{error:?}");
    }
}
