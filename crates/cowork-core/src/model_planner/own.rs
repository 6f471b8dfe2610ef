//! The tools that a model plans with: they do nothing, the conversation shows what they ask for.

use std::sync::Arc;

use async_trait::async_trait;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::history::{shortened, text_of};
use crate::{
    Call, CallId, CallState, Effects, Error, Kind, Label, Outcome, PlanStep, Result, StepState, Task, Tool,
    ToolContext, ToolOutput, TypedTool, tool,
};

pub(super) const READ_RESULT: &str = <ReadResult as TypedTool>::NAME;
/// How much of a result is read at once at the most.
const PIECE: usize = 20 << 10;

/// Gives them.
pub(super) fn tools() -> Vec<Arc<dyn Tool>> {
    vec![tool(SetPlan), tool(ReadResult)]
}

struct SetPlan;

#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct SetPlanArgs {
    /// All steps of the plan, in order, those that are done too.
    steps: Vec<StepArgs>,
}

#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct StepArgs {
    /// What is to be done, in a few words: `Move files`.
    title: String,
    /// How far it is.
    #[serde(default = "pending")]
    state: StepState,
    /// What came of it or what it works on: `467 to move, 45 stay`.
    #[serde(default)]
    detail: String,
}

fn pending() -> StepState {
    StepState::Pending
}

#[async_trait]
impl TypedTool for SetPlan {
    type Args = SetPlanArgs;
    const NAME: &'static str = "plan";
    const ABOUT: &'static str =
        "Sets down the plan, whole, or says how far it is. The person follows it. Can be called beside other tools.";

    fn effects(&self, args: &SetPlanArgs) -> Result<Effects> {
        if args.steps.iter().any(|s| s.title.trim().is_empty()) {
            return Err(Error::new(Kind::InvalidInput, "set plan", "a step of the plan has no title"));
        }
        Ok(Effects::none())
    }

    async fn run(&self, _: SetPlanArgs, _: ToolContext) -> Result<ToolOutput> {
        Ok(ToolOutput { value: Value::Null, note: String::new(), label: Label::trusted() })
    }
}

/// Gives the plan that a call sets down, if it is such a call and fits.
pub(super) fn plan(tool: &str, args: &Value) -> Option<Vec<PlanStep>> {
    let args = (tool == SetPlan::NAME).then(|| SetPlanArgs::deserialize(args).ok())??;
    let step = |s: StepArgs| PlanStep { title: s.title, state: s.state, detail: s.detail };
    Some(args.steps.into_iter().map(step).collect())
}

struct ReadResult;

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct ReadResultArgs {
    /// The call, as the shortened result names it.
    call: String,
    /// The first byte that is wanted.
    #[serde(default)]
    from: usize,
    /// How many bytes, at most 20,480.
    #[serde(default = "piece")]
    bytes: usize,
}

fn piece() -> usize {
    PIECE
}

#[async_trait]
impl TypedTool for ReadResult {
    type Args = ReadResultArgs;
    const NAME: &'static str = "read_result";
    const ABOUT: &'static str = "Reads on in a result that was shown by its beginning only.";

    fn effects(&self, args: &ReadResultArgs) -> Result<Effects> {
        if uuid::Uuid::try_parse(&args.call).is_err() {
            return Err(Error::new(Kind::InvalidInput, "read result", "`call` is not the name of a call"));
        }
        Ok(Effects::none())
    }

    async fn run(&self, _: ReadResultArgs, _: ToolContext) -> Result<ToolOutput> {
        // What it reads is in the log already, and was taken into account when it came in.
        Ok(ToolOutput { value: Value::Null, note: String::new(), label: Label::trusted() })
    }
}

/// Gives what a model is shown for a call of one of these, from the log; none for every other call and for one that failed.
pub(super) fn result(task: &Task, call: &Call, state: &CallState) -> Result<Option<String>> {
    if call.tool != READ_RESULT || !matches!(state.outcome()?, Some(Outcome::Done { .. })) {
        return Ok(None);
    }
    let Ok(args) = ReadResultArgs::deserialize(&call.args) else { return Ok(None) };
    let found = uuid::Uuid::try_parse(&args.call).ok().and_then(|id| task.call(CallId::from_uuid(id)));
    let text = match found.map(|(_, state)| state.outcome()).transpose()?.flatten() {
        Some(Outcome::Done { value, note }) => text_of(&value, note),
        _ => return Ok(Some("there is no such result".to_owned())),
    };
    let from = text.ceil_char_boundary(args.from.min(text.len()));
    let piece = shortened(text.get(from..).unwrap_or_default(), args.bytes.clamp(4, PIECE));
    let end = from + piece.len();
    let rest = if end < text.len() {
        format!("\n[{end} of {} bytes; from {end} it goes on]", text.len())
    } else {
        String::new()
    };
    Ok(Some(format!("{piece}{rest}")))
}
