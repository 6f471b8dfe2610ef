//! Planners: who says what comes next.

use std::sync::Arc;

use async_trait::async_trait;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio_util::sync::CancellationToken;

use crate::{Finish, PlanStep, Result, Task, ToolSpec};

/// Says what comes next in a task, from what the log says so far.
///
/// - The view is all it may go by: called again with the same view, in another process too, it gives an equal proposal or
///   continues in one way that the log allows. Whatever it keeps between calls is only a cache.
/// - A proposal names calls or the end, never both, and never neither.
/// - It is called when every call of its last proposal has an outcome, `Denied` and `Withheld` among them.
/// - What the person said meanwhile is in [`Task::steers`]; those after the last turn are new.
///
/// Cancellation: by the token, or by dropping the future. Errors end the task as failed.
///
/// Suite: `cowork_testkit::planner::suite!`.
#[async_trait]
pub trait Planner: Send + Sync + 'static {
    /// Gives its name, as `Submit::planner` may ask for it: `playbook`.
    fn name(&self) -> &str;

    /// Says what comes next.
    async fn plan(&self, view: View, cancel: CancellationToken) -> Result<Proposal>;
}

/// What a planner goes by.
#[derive(Clone, Debug)]
pub struct View {
    /// The task as the log tells it.
    pub task: Arc<Task>,
    /// The tools there are.
    pub tools: Arc<[ToolSpec]>,
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
    /// Calls to make; those that don't conflict run at once.
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
