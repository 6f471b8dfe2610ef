//! A step of a world's life, done by the engine: by this process to its end, or by another one that is killed on the way.

use std::{
    env,
    path::{Path, PathBuf},
    process::Command as Process,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use cowork::{
    Call, Changed, Command, CommandId, Cowork, Effects, Envelope, FilePath, Mode, Outcome, PlanContext, Planner, Probe,
    Proposal, Step, Submit, Summary, Task, ThreadId, TokioRuntime, Tool, ToolContext, ToolOutput, ToolSpec, View,
    async_trait,
};
use cowork_testkit::probe::kill_myself;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::model::Op;

const ORDERS: &str = "COWORK_PLANS_VICTIM";

/// What is done in one step.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) enum Deed {
    /// These tasks run, at once.
    Run(Vec<Plan>),
    /// A task is undone, or the part of it that was at these paths or was done by these of its calls.
    Undo { label: String, paths: Vec<String>, calls: Vec<usize> },
}

/// What a task does in its folder: calls, each a list of changes.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Plan {
    pub(crate) label: String,
    pub(crate) folder: String,
    pub(crate) calls: Vec<Vec<Op>>,
}

#[derive(Serialize, Deserialize)]
struct Orders {
    base: PathBuf,
    deed: Deed,
    dies: usize,
}

/// Does a step to its end. Gives the tasks that it was about.
pub(crate) fn live(base: &Path, deed: &Deed) -> Vec<Task> {
    block_on(act(base, deed, None))
}

/// Does a step in another process, which is killed before its nth step on the disk. Says whether it came to that.
pub(crate) fn die(base: &Path, deed: &Deed, dies: usize) -> bool {
    let orders = Orders { base: base.to_owned(), deed: deed.clone(), dies };
    let mut process = Process::new(env::current_exe().unwrap());
    process.args(["--exact", "life::victim", "--nocapture"]).env(ORDERS, serde_json::to_string(&orders).unwrap());
    let output = process.output().unwrap();
    let killed = std::os::unix::process::ExitStatusExt::signal(&output.status) == Some(9);
    assert!(killed || output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    killed
}

/// The victim's life, when this program is started as one.
#[test]
fn victim() {
    let Ok(orders) = env::var(ORDERS) else { return };
    let Orders { base, deed, dies } = serde_json::from_str(&orders).unwrap();
    block_on(act(&base, &deed, Some(dies)));
}

fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap().block_on(future)
}

/// Kills its process before the nth step on the disk.
struct Killer {
    dies: usize,
    steps: AtomicUsize,
}

impl Probe for Killer {
    fn before(&self, _: &Step) -> cowork::Result<()> {
        if self.steps.fetch_add(1, Ordering::SeqCst) == self.dies {
            kill_myself();
        }
        Ok(())
    }

    fn after(&self, _: &Step) {}
}

async fn act(base: &Path, deed: &Deed, dies: Option<usize>) -> Vec<Task> {
    let builder = Cowork::builder().data_dir(base.join("data")).planner(Arc::new(ByPlan)).tool(Arc::new(Deeds::new()));
    let builder = match dies {
        Some(dies) => builder.probe(Arc::new(Killer { dies, steps: AtomicUsize::new(0) })),
        None => builder,
    };
    let cowork = builder.build().await.unwrap();
    let tasks = match deed {
        Deed::Run(plans) => run(&cowork, base, plans).await,
        Deed::Undo { label, paths, calls } => vec![undo(&cowork, label, paths, calls).await],
    };
    cowork.stop().await;
    tasks
}

async fn run(cowork: &Cowork, base: &Path, plans: &[Plan]) -> Vec<Task> {
    let mut ids = Vec::new();
    for plan in plans {
        let there = find(cowork, &plan.label).await;
        ids.push(match there {
            Some(found) => found.task,
            None => {
                let mut submit = Submit { mode: Mode::Auto, ..Submit::new(&plan.label) };
                submit.folders.push(cowork::folder(base.join(&plan.folder)).unwrap());
                submit.planner = json!({ "calls": plan.calls });
                cowork.submit(ThreadId::named("main"), "test", submit).await.unwrap()
            }
        });
    }
    let mut tasks = Vec::new();
    for id in ids {
        tasks.push(cowork.settled(id).await.unwrap());
    }
    tasks
}

async fn undo(cowork: &Cowork, label: &str, paths: &[String], calls: &[usize]) -> Task {
    let Summary { task, thread, .. } = find(cowork, label).await.unwrap();
    // What a killed process began goes on first.
    let before = cowork.settled(task).await.unwrap();
    let all: Vec<_> = before.turns.iter().flat_map(|t| t.calls.iter().map(|c| c.id)).collect();
    let paths = paths.iter().map(|p| FilePath::parse(p).unwrap()).collect();
    let command = Command::Undo { paths, calls: calls.iter().map(|n| all[*n]).collect() };
    let id = CommandId::new(&TokioRuntime::new(tokio::runtime::Handle::current()));
    cowork.send(Envelope { thread, task, sender: "test".into(), id, command }).await.unwrap();
    cowork.settled(task).await.unwrap()
}

async fn find(cowork: &Cowork, label: &str) -> Option<Summary> {
    cowork.tasks().await.unwrap().into_iter().find(|t| t.text == label)
}

/// Does what the submission says, call by call.
struct ByPlan;

#[async_trait]
impl Planner for ByPlan {
    fn name(&self) -> &'static str {
        "by-plan"
    }

    async fn plan(&self, view: View, _: PlanContext) -> cowork::Result<Proposal> {
        let call = view.task.submit.planner["calls"].get(view.task.turns.len());
        Ok(call.map_or_else(|| Proposal::done("Done."), |ops| Proposal::call("deeds", json!({ "ops": ops }))))
    }
}

/// A tool that makes changes just as they are given: `deeds`.
struct Deeds(ToolSpec);

impl Deeds {
    fn new() -> Self {
        let schema = json!({ "type": "object" });
        Self(ToolSpec { name: "deeds".into(), about: "Makes changes.".into(), schema })
    }
}

#[async_trait]
impl Tool for Deeds {
    fn spec(&self) -> &ToolSpec {
        &self.0
    }

    fn effects(&self, args: &Value) -> cowork::Result<Effects> {
        let text = args["ops"].to_string();
        let folders = ["Desk", "Shelf"].into_iter().filter(|f| text.contains(&format!("\"{f}/")));
        Ok(Effects::changes(folders.map(|f| FilePath::parse(f).unwrap())))
    }

    async fn run(&self, args: Value, ctx: ToolContext) -> cowork::Result<ToolOutput> {
        let ops: Vec<Op> = serde_json::from_value(args["ops"].clone()).unwrap();
        let changed = ctx.files()?.change(ops.iter().map(Op::change).collect(), ctx.watch.clone()).await?;
        Ok(ToolOutput { value: serde_json::to_value(changed).unwrap(), ..ToolOutput::default() })
    }
}

/// Gives what a task's calls are said to have come to.
pub(crate) fn outcomes(task: &Task) -> Vec<Changed> {
    let calls = task.turns.iter().flat_map(|t| t.decision.calls.iter().zip(&t.calls));
    let came = |(call, state): (&Call, &cowork::CallState)| match state.outcome().unwrap() {
        Some(Outcome::Done { value, .. }) => serde_json::from_value(value).unwrap(),
        other => panic!("{call:?}: {other:?}"),
    };
    calls.map(came).collect()
}
