//! The tools that a model plans with: they do nothing, the conversation shows what they ask for. [`Delegate`] and
//! [`Remember`] have files of their own.

use std::sync::Arc;

use async_trait::async_trait;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{
    deferred,
    delegate::Delegate,
    history::{shortened, text_of, text_of_failure},
    remember::Remember,
};
use crate::{
    Args, Artifact, Call, CallId, CallState, Effects, Error, Kind, Label, Outcome, PlanStep, Result, StepState, Task,
    Tool, ToolContext, ToolOutput, ToolSpec, TypedTool, tool,
};

pub(super) const FIND_TOOLS: &str = <FindTools as TypedTool>::NAME;
pub(super) const CALL_TOOL: &str = <CallTool as TypedTool>::NAME;
pub(super) const READ_RESULT: &str = <ReadResult as TypedTool>::NAME;
/// How much of a result is read at once at the most.
const PIECE: usize = 20 << 10;

/// Gives them.
pub(super) fn tools() -> Vec<Arc<dyn Tool>> {
    vec![tool(SetPlan), tool(ReadResult), tool(FindTools), tool(CallTool), tool(Delegate), tool(Remember)]
}

/// Gives the names of those that a planner can't do without.
pub(super) fn names() -> impl Iterator<Item = &'static str> {
    [SetPlan::NAME, READ_RESULT, FIND_TOOLS, CALL_TOOL].into_iter()
}

/// Says whether a tool is one that a planner can't do without.
pub(super) fn is_needed(name: &str) -> bool {
    names().any(|own| own == name)
}

/// Gives the tools that a task's model is shown: one that lies too deep may have no sub-tasks.
pub(super) fn offered(task: &Task, tools: Arc<[ToolSpec]>) -> Arc<[ToolSpec]> {
    if task.may_delegate() { tools } else { tools.iter().filter(|t| t.name != Delegate::NAME).cloned().collect() }
}

/// Says whether a tool is of use only where others are deferred.
pub(super) fn is_for_deferred(name: &str) -> bool {
    [FIND_TOOLS, CALL_TOOL].contains(&name)
}

struct SetPlan;

#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct SetPlanArgs {
    /// All steps, in order, those that are done too.
    steps: Vec<StepArgs>,
}

#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct StepArgs {
    /// In a few words: `Move files`.
    title: String,
    /// `pending`, `active`, `done`, or `skipped`.
    #[serde(default = "pending")]
    state: StepState,
    /// What came of it: `467 moved, 45 stay`.
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
        "Sets down the plan, whole, or says how far it is, beside other calls. The person follows it.";

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
    /// The call, as the result names it.
    call: String,
    /// The first byte that is wanted.
    #[serde(default)]
    from: usize,
    /// How many bytes.
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

struct FindTools;

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct FindToolsArgs {
    /// What it should do, or its name.
    words: String,
}

#[async_trait]
impl TypedTool for FindTools {
    type Args = FindToolsArgs;
    const NAME: &'static str = "find_tools";
    const ABOUT: &'static str = "Finds tools by words and describes them in full.";

    fn effects(&self, _: &FindToolsArgs) -> Result<Effects> {
        Ok(Effects::none())
    }

    async fn run(&self, _: FindToolsArgs, _: ToolContext) -> Result<ToolOutput> {
        // What there is to find, the host put there.
        Ok(ToolOutput { value: Value::Null, note: String::new(), label: Label::trusted() })
    }
}

struct CallTool;

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct CallToolArgs {
    /// The tool's name.
    tool: String,
    /// Its arguments.
    #[serde(default)]
    args: Value,
}

#[async_trait]
impl TypedTool for CallTool {
    type Args = CallToolArgs;
    const NAME: &'static str = "call_tool";
    const ABOUT: &'static str = "Calls a tool that was found with `find_tools`.";

    fn effects(&self, _: &CallToolArgs) -> Result<Effects> {
        // One that fits is a call of the tool that it names before it comes here.
        Err(Error::new(Kind::InvalidInput, "call tool", "a tool is called with `tool` and `args`"))
    }

    async fn run(&self, _: CallToolArgs, _: ToolContext) -> Result<ToolOutput> {
        Err(Error::new(Kind::Unsupported, "call tool", "this does nothing by itself"))
    }
}

/// Gives the tool and arguments that a call means.
pub(super) fn called(tool: String, args: Value) -> (String, Value) {
    if tool != CALL_TOOL {
        return (tool, args);
    }
    match CallToolArgs::deserialize(&args) {
        Ok(CallToolArgs { tool, args: Value::Null }) => (tool, Value::Object(serde_json::Map::new())),
        Ok(CallToolArgs { tool, args }) => (tool, args),
        Err(_) => (tool, args),
    }
}

/// Gives the call by which a deferred tool is called.
pub(super) fn call_of(tool: &str, args: &Args) -> (String, Args) {
    (CALL_TOOL.to_owned(), serde_json::json!({ "tool": tool, "args": args }).into())
}

/// Gives what a model is shown for a call of one of these, from the log; none for every other call and for one that failed.
pub(super) fn result(task: &Task, tools: &[ToolSpec], call: &Call, state: &CallState) -> Result<Option<String>> {
    if !matches!(call.tool.as_str(), READ_RESULT | FIND_TOOLS)
        || !matches!(state.outcome()?, Some(Outcome::Done { .. }))
    {
        return Ok(None);
    }
    if call.tool == FIND_TOOLS {
        let words = call.args.read::<FindToolsArgs>().map(|args| args.words).unwrap_or_default();
        return Ok(Some(deferred::find(tools, &words).to_string()));
    }
    let Ok(args) = call.args.read::<ReadResultArgs>() else { return Ok(None) };
    let found = uuid::Uuid::try_parse(&args.call).ok().and_then(|id| task.call(CallId::from_uuid(id)));
    let text = match found.map(|(_, state)| state.outcome()).transpose()?.flatten() {
        Some(Outcome::Done { mut value, note }) => {
            // As it was shown.
            Artifact::take(&mut value);
            text_of(&value, note)
        }
        Some(Outcome::Failed { error }) => text_of_failure(&error),
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
