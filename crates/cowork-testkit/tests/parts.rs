//! What the other crates' tests rely on, tested itself.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that can't go on says so by panicking")]

use std::{collections::BTreeSet, path::PathBuf, sync::Arc, time::Duration};

use cowork_core::{
    Batch, Call, CallId, CancellationToken, Command, CommandId, Decision, Draft, Effects, Error, Event, Hash, Kind,
    Label, MemoryStore, Outcome, PlanContext, Planner, Probe, Proposal, Record, Runtime, Step, Store, Submit, Task,
    TaskId, ThreadId, Tool, ToolContext, View, Watch,
};
use cowork_testkit::{
    Fault, FaultyStore, NoopTool, ProbeTool, ScriptedPlanner, TestRuntime, block_on, golden,
    probe::{FailAt, Point, Recorder},
    store::cases::{log, notes},
};
use serde_json::json;

#[test]
fn sleepers_wake_in_the_order_of_their_deadlines() {
    block_on(async {
        let clock = TestRuntime::new();
        let began = clock.now();
        let (tell, mut told) = tokio::sync::mpsc::unbounded_channel();
        for (name, seconds) in [("c", 30), ("a", 10), ("b", 10), ("d", 60)] {
            let (sleep, tell) = (clock.sleep(Duration::from_secs(seconds)), tell.clone());
            clock.spawn(Box::pin(async move {
                sleep.await;
                tell.send(name).unwrap();
            }));
        }
        let dropped = clock.sleep(Duration::from_secs(1));
        clock.asleep(5).await;
        drop(dropped);
        assert_eq!(clock.sleepers(), 4);
        clock.advance(Duration::from_secs(30));
        let woken = BTreeSet::from([told.recv().await, told.recv().await, told.recv().await]);
        assert_eq!(woken, BTreeSet::from([Some("a"), Some("b"), Some("c")]));
        assert_eq!(clock.now().since(began), Duration::from_secs(30));
        assert_eq!(clock.sleepers(), 1);
        clock.advance(Duration::from_secs(30));
        assert_eq!(told.recv().await, Some("d"));
    });
}

#[test]
fn ids_are_the_same_in_every_run_and_differ_by_seed() {
    let ids = |seed| {
        let clock = TestRuntime::seeded(seed);
        [(); 3].map(|()| TaskId::new(&*clock))
    };
    assert_eq!(ids(1), ids(1));
    assert_eq!(BTreeSet::from_iter([ids(1), ids(2)].concat()).len(), 6);
    assert_eq!(ids(1)[0].to_string(), "019b76da-a800-77ec-8e65-a18debbec15c");
}

#[test]
fn a_faulty_store_fails_as_told() {
    block_on(async {
        let clock = TestRuntime::new();
        let (thread, task) = (ThreadId::new(&*clock), TaskId::new(&*clock));
        let store = FaultyStore::new(Arc::new(MemoryStore::new(clock.clone())));
        let lost = Error::new(Kind::Unavailable, "commit", "the answer was lost");
        store.fail(2, Fault::Refuse(lost.clone()));
        store.fail(3, Fault::LoseAnswer(lost.clone()));
        store.fail(4, Fault::Hang);
        store.fail(5, Fault::HangAfter);
        let add = || store.commit(notes(&*clock, thread, task, 1));
        let len = async || log(&*store, thread).await.len();
        add().await.unwrap();
        assert_eq!((add().await.unwrap_err(), len().await), (lost.clone(), 1));
        assert_eq!((add().await.unwrap_err(), len().await), (lost, 2));
        for there in [2, 3] {
            tokio::select! { biased; _ = add() => panic!("an answer came"), () = std::future::ready(()) => {} }
            assert_eq!(len().await, there);
        }
        add().await.unwrap();
        assert_eq!((len().await, store.commits()), (4, 6));
    });
}

#[test]
fn probes_count_steps_by_name() {
    let rename = Step::Rename(PathBuf::from("a"), PathBuf::from("b"));
    let steps = [Step::Commit(2), rename.clone(), Step::Commit(1)];
    let (recorder, failing) = (Recorder::new(), FailAt::full("commit", 2));
    let results: Vec<_> = steps
        .iter()
        .map(|step| {
            recorder.before(step).unwrap();
            recorder.after(step);
            failing.before(step).map_err(|e| e.kind)
        })
        .collect();
    assert_eq!(results, [Ok(()), Ok(()), Err(Kind::Full)]);
    assert_eq!(recorder.steps(), steps);
    let points: Vec<String> = recorder.points().iter().map(Point::to_string).collect();
    let expected = ["commit:1:before", "commit:1:after", "rename:1:before", "rename:1:after"];
    assert_eq!(points[..4], expected);
    assert_eq!(points[4..], ["commit:2:before", "commit:2:after"]);
    for point in recorder.points() {
        assert_eq!(point.to_string().parse::<Point>().unwrap(), point);
    }
    assert!("rename:x:before".parse::<Point>().is_err());
}

fn submitted(clock: &TestRuntime) -> (Vec<Record>, CallId) {
    let (thread, task, call) = (ThreadId::new(clock), TaskId::new(clock), CallId::new(clock));
    let draft = |event| Draft::new(Some(task), clock.now(), event).unwrap();
    let command = Command::Submit(Submit::new("tidy up"));
    let calls = vec![Call { id: call, tool: "noop".into(), args: json!({ "z": 1, "a": "b" }).into() }];
    let value = json!({ "of": Hash::of(b"x"), "seen": task, "other": CallId::new(clock) });
    let store = MemoryStore::new(TestRuntime::new());
    let mut batch = Batch::new(thread);
    batch.append = vec![
        Draft::new(None, clock.now(), Event::ThreadOpened { title: "Home".into() }).unwrap(),
        draft(Event::Commanded { sender: "cli".into(), id: CommandId::new(clock), command }),
        draft(Event::Decided(Decision { calls, ..Decision::default() }.into())),
        draft(Event::CallFinished { call, outcome: Outcome::Done { value, note: String::new() }, seen: Vec::new() })
            .by(cowork_core::Actor::Tool, Label::file("a.txt")),
    ];
    (block_on(store.commit(batch)).unwrap().to_vec(), call)
}

#[test]
fn a_golden_log_is_the_same_whatever_the_ids() {
    let [one, other] = [1, 2].map(|seed| golden(&submitted(&TestRuntime::seeded(seed)).0));
    assert_eq!(one, other);
    let expected = r##"1 - engine thread_opened {"title":"Home"}
2 t1 engine commanded {"command":{"max_steps":1000,"mode":"ask","text":"tidy up","type":"submit"},"id":"m1","sender":"cli"}
3 t1 engine decided {"calls":[{"args":{"a":"b","z":1},"id":"c1","tool":"noop"}]}
4 t1 tool call_finished {"call":"c1","outcome":{"end":"done","value":{"of":"#","other":"x1","seen":"t1"}}} label {"c":{"private":["user"]},"i":{"untrusted":["file:a.txt"]}}
"##;
    assert_eq!(one, expected);
}

#[test]
fn a_scripted_planner_goes_by_the_turn() {
    let clock = TestRuntime::new();
    let (records, _) = submitted(&clock);
    let mut task = Task::begin(&records[1]).unwrap();
    let planner = ScriptedPlanner::list([Proposal::call("noop", json!({})), Proposal::done("all of it")]).named("mine");
    assert_eq!(planner.name(), "mine");
    let plan = |task: &Task| {
        let view = View { task: Arc::new(task.clone()), tools: Arc::new([]) };
        block_on(planner.plan(view, PlanContext::default())).unwrap()
    };
    assert_eq!(plan(&task), Proposal::call("noop", json!({})));
    assert_eq!(plan(&task), plan(&task));
    task.apply(&records[2]).unwrap();
    assert_eq!(plan(&task), Proposal::done("all of it"));
}

#[test]
fn a_probe_tool_counts_and_can_be_held() {
    block_on(async {
        let clock = TestRuntime::new();
        let cancel = CancellationToken::new();
        let ctx = ToolContext {
            thread: ThreadId::new(&*clock),
            task: TaskId::new(&*clock),
            call: CallId::new(&*clock),
            attempt: 1,
            watch: Watch { cancel: cancel.clone(), ..Watch::nothing() },
            runtime: clock.clone(),
            session: None,
        };
        let tool = ProbeTool::new("probe", Effects::none());
        let args = json!({ "n": 1 });
        assert_eq!(tool.effects(&args).unwrap(), Effects::none());
        assert_eq!(tool.run(args.clone(), ctx.clone()).await.unwrap().value, args);
        tool.hold();
        let run = || {
            tokio::spawn({
                let (tool, args, ctx) = (tool.clone(), args.clone(), ctx.clone());
                async move { tool.run(args, ctx).await }
            })
        };
        let first = run();
        tool.started(2).await;
        assert!(!first.is_finished());
        tool.release();
        assert_eq!(first.await.unwrap().unwrap().value, args);
        tool.hold();
        let second = run();
        tool.started(3).await;
        cancel.cancel();
        assert_eq!(second.await.unwrap().unwrap_err().kind, Kind::Cancelled);
        assert_eq!((tool.runs(&args), tool.runs(&json!({}))), (3, 0));
        assert_eq!(NoopTool::giving(json!(7)).run(args, ctx).await.unwrap().value, 7);
    });
}
