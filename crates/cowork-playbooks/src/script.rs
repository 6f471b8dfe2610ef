//! The tool by which a model has a program run: a loop over many files in one step.

use std::sync::Arc;

use async_trait::async_trait;
use cowork_core::{
    Budget, Effects, Error, Kind, Preview, Result, Subtask, Tool, ToolContext, ToolOutput, TypedTool, tool,
};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::json;

use crate::header::MOST_SOURCE;

/// Gives the tool `script`, for an engine whose playbooks run in workers ([`Apart`](crate::Apart)).
///
/// A call of it is a sub-task that [`PlaybookPlanner`](crate::PlaybookPlanner) plans: each call that the program makes is decided on, asked
/// about, recorded and undone like any other of the task. The program runs apart from the host's process, or not at all.
pub fn script() -> Arc<dyn Tool> {
    tool(Script)
}

struct Script;

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(extend("x-seldom" = true))]
struct ScriptArgs {
    /// What the person calls it, in a few words: `Count words in the notes`.
    title: String,
    /// The program.
    program: String,
}

#[async_trait]
impl TypedTool for Script {
    type Args = ScriptArgs;
    const NAME: &'static str = "script";
    const ABOUT: &'static str = "Runs a small program that calls your other tools: many calls in one step, with loops, conditions and sums \
        over what they give. Each call is decided on and asked about as if you had made it. \
        It is a subset of Python. Every tool is a function that gives the tool's result as dicts and lists: \
        `read_file(path)`, `list_folder(\"Desk\", most=1000)[\"entries\"]`; what a tool must have may be given in order, all else by \
        name. `gather([later(read_file, p) for p in paths])` makes up to 200 calls at once and gives their results in order; \
        `return_exceptions=True` keeps those that failed as values. A call that fails raises RuntimeError, one that is refused \
        PermissionError. `folders()` gives the names of the folders, `say(text)` tells the person something, `finish(summary, data)` \
        ends it and gives you `data`. There are functions, classes without inheritance, comprehensions, f-strings, exceptions, `re`, \
        `json`, `math`, `datetime`, `collections`, `itertools`, `functools`. There are no `yield`, `match`, `del`, `open`, \
        and no other modules; `print` goes nowhere; what leaves the program is text, numbers, lists, and dicts with text keys. At most 1,000 calls and 10 s of \
        its own time. Over many files: \
        `found = []\nfor entry in list_folder(\"Desk\", most=1000)[\"entries\"]:\n    if entry[\"kind\"] == \"file\":\n        \
        text = read_file(entry[\"path\"])[\"text\"]\n        if \"overdue\" in text:\n            found.append(entry[\"path\"])\n\
        finish(f\"{len(found)} are overdue\", {\"paths\": found})`. \
        An error names the line; what was done before it stays done.";

    fn effects(&self, args: &ScriptArgs) -> Result<Effects> {
        let ScriptArgs { title, program } = args;
        if program.trim().is_empty() {
            return Err(Error::new(Kind::InvalidInput, "run program", "the program is empty"));
        }
        if program.len() > MOST_SOURCE {
            let why = format!("the program is larger than {MOST_SOURCE} bytes");
            return Err(
                Error::new(Kind::LimitExceeded, "run program", why).with_fix("put data into a file, and read it")
            );
        }
        let subtask = Subtask {
            title: title.clone(),
            text: format!("Run a program: {title}"),
            planner: json!({ "name": crate::planner::NAME, "program": program }),
            // It asks no model: nothing has to be set aside for it.
            budget: Budget { tokens: Some(0), cost: Some(0), ..Budget::default() },
            ..Subtask::default()
        };
        let preview = Preview { title: format!("run a program: {title}"), ..Preview::default() };
        Ok(Effects::delegates(subtask).showing(preview))
    }

    async fn run(&self, _: ScriptArgs, _: ToolContext) -> Result<ToolOutput> {
        Err(Error::new(Kind::Unsupported, "run program", "this engine does not start sub-tasks"))
    }
}
