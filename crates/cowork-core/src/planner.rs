//! Planners: who says what comes next.

use std::sync::Arc;

use async_trait::async_trait;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio_util::sync::CancellationToken;

use crate::{Finding, Finish, Models, PlanStep, Result, Task, TaskChanges, TaskId, ToolSpec};

/// Says what comes next in a task, from what the log says so far.
///
/// - The view is all it may go by: called again with the same view it gives an equal proposal, or, where a model plans,
///   one that the log allows as well.
/// - Whatever it keeps between calls is only a cache: another process goes on from the log alone.
/// - A proposal names calls or the end, never both, and never neither.
/// - It is called when every call of its last proposal has an outcome, `Denied`, `Failed` and `Withheld` among them, and
///   comes to an end whatever they are.
/// - It asks models through [`PlanContext::models`] only, so that what they cost is within the task's budget and in its log.
/// - What the person said meanwhile is in [`Task::steers`]; those after the last turn are new.
/// - Its name is always the same.
///
/// Cancellation: by [`PlanContext::cancel`], with [`Kind::Cancelled`](crate::Kind::Cancelled) or with what it has soon after, or by
/// dropping the future, which changes nothing.
///
/// Errors: any kind; they end the task as failed, so they say why.
///
/// Suite: `cowork_testkit::planner::suite!` tells a story for each of these.
///
/// ```
/// use cowork_core::{PlanContext, Planner, Proposal, Result, Submit, View, async_trait};
/// use cowork_testkit::{TaskLog, block_on};
/// use serde_json::json;
///
/// /// Lists each granted folder, then is done.
/// struct LookAround;
///
/// #[async_trait]
/// impl Planner for LookAround {
///     fn name(&self) -> &str {
///         "look-around"
///     }
///
///     async fn plan(&self, view: View, _: PlanContext) -> Result<Proposal> {
///         // Where it is, it reads from the log: one turn for each folder.
///         Ok(match view.task.submit.folders.get(view.task.turns.len()) {
///             Some(folder) => Proposal::call("list_folder", json!({ "path": folder.name })),
///             None => Proposal::done("There is nothing more to see."),
///         })
///     }
/// }
///
/// let view = TaskLog::new(Submit::new("Look around")).view(&[]);
/// let proposal = block_on(LookAround.plan(view, PlanContext::default()))?;
/// assert!(proposal.finish.is_some(), "no folder was granted");
/// # Ok::<(), cowork_core::Error>(())
/// ```
#[async_trait]
pub trait Planner: Send + Sync + 'static {
    /// Gives its name, as `Submit::planner` may ask for it: `playbook`.
    fn name(&self) -> &str;

    /// Says whether it goes by [`Task::briefing`]: then the notes of the thread and the instruction files of the task's folders are
    /// gathered before it is asked first.
    fn is_briefed(&self) -> bool {
        false
    }

    /// Says whether it works on this computer alone: it asks no model, and sends what it reads nowhere. A sub-task may have such a planner,
    /// whichever its task has.
    fn is_local(&self) -> bool {
        false
    }

    /// Says what comes next.
    async fn plan(&self, view: View, ctx: PlanContext) -> Result<Proposal>;

    /// Is told that a task has ended: what was kept for it can go.
    fn let_go(&self, task: TaskId) {
        let _ = task;
    }

    /// Says what is in order and what is not, for `cowork doctor`.
    async fn check(&self) -> Vec<Finding> {
        Vec::new()
    }
}

/// Makes a planner of an async function. Where it has more to say than its name and its proposals, [`Planner`] is implemented by hand.
///
/// ```
/// use cowork_core::{PlanContext, Proposal, Submit, planner_fn};
/// use cowork_testkit::{TaskLog, block_on};
/// use serde_json::json;
///
/// let once = planner_fn("once", |view, _| async move {
///     Ok(match view.task.turns.len() {
///         0 => Proposal::call("list_folder", json!({ "path": "Desk" })),
///         _ => Proposal::done("That is all."),
///     })
/// });
/// let view = TaskLog::new(Submit::new("Look around")).view(&[]);
/// assert_eq!(block_on(once.plan(view, PlanContext::default()))?.calls.len(), 1);
/// # Ok::<(), cowork_core::Error>(())
/// ```
pub fn planner_fn<F, T>(name: impl Into<String>, plan: F) -> Arc<dyn Planner>
where
    F: Fn(View, PlanContext) -> T + Send + Sync + 'static,
    T: Future<Output = Result<Proposal>> + Send + 'static,
{
    Arc::new(PlannerFn { name: name.into(), plan })
}

struct PlannerFn<F> {
    name: String,
    plan: F,
}

#[async_trait]
impl<F, T> Planner for PlannerFn<F>
where
    F: Fn(View, PlanContext) -> T + Send + Sync + 'static,
    T: Future<Output = Result<Proposal>> + Send + 'static,
{
    fn name(&self) -> &str {
        &self.name
    }

    async fn plan(&self, view: View, ctx: PlanContext) -> Result<Proposal> {
        (self.plan)(view, ctx).await
    }
}

/// What a planner goes by.
#[derive(Clone, Debug)]
pub struct View {
    /// The task as the log tells it.
    pub task: Arc<Task>,
    /// The tools there are.
    pub tools: Arc<[ToolSpec]>,
}

/// What a planner plans with.
#[derive(Clone, Debug, Default)]
pub struct PlanContext {
    /// Stops it.
    pub cancel: CancellationToken,
    /// The models that it may ask. None outside an engine.
    pub models: Models,
    /// What the task changed so far. Nobody knows outside an engine.
    pub changes: TaskChanges,
}

/// What a planner wants next.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Proposal {
    /// A sentence for the person.
    #[serde(default)]
    pub say: Option<String>,
    /// The plan, whole, where it changed.
    #[serde(default)]
    pub plan: Option<Vec<PlanStep>>,
    /// Calls to make, at most 1,024; those that don't conflict run at once.
    #[serde(default)]
    pub calls: Vec<ProposedCall>,
    /// The end of the task.
    #[serde(default)]
    pub finish: Option<Finish>,
    /// What the planner keeps for its own recovery.
    #[serde(default)]
    pub note: Value,
}

/// A call that a planner wants.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ProposedCall {
    /// The tool's name.
    pub tool: String,
    /// The arguments.
    pub args: Value,
}

impl Proposal {
    /// Proposes one call.
    pub fn call(tool: &str, args: Value) -> Self {
        Self { calls: vec![ProposedCall { tool: tool.to_owned(), args }], ..Self::default() }
    }

    /// Proposes the end.
    pub fn done(summary: impl Into<String>) -> Self {
        Self { finish: Some(Finish::Done { summary: summary.into(), data: Value::Null }), ..Self::default() }
    }
}
