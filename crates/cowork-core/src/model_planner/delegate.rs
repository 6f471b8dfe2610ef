//! The tool by which a model has parts of a task done side by side.

use async_trait::async_trait;
use schemars::JsonSchema;
use serde::Deserialize;

use super::own;
use crate::{Budget, Effects, Error, FolderPart, Kind, Preview, Result, Subtask, ToolContext, ToolOutput, TypedTool};

pub(super) struct Delegate;

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(extend("x-seldom" = true))]
pub(super) struct DelegateArgs {
    /// What the person calls it, in a few words: `Invoices of 2023`.
    title: String,
    /// What is to be done, in full: it sees nothing of this conversation. Name the files, and what its answer should tell.
    task: String,
    /// The folders that it may use; all of yours, if left out.
    #[serde(default)]
    folders: Option<Vec<FolderPart>>,
    /// The names of the tools that it may use; all of yours, if left out.
    #[serde(default)]
    tools: Option<Vec<String>>,
    /// How many tokens it may use, of those that are left.
    #[serde(default)]
    tokens: Option<u64>,
}

#[async_trait]
impl TypedTool for Delegate {
    type Args = DelegateArgs;
    const NAME: &'static str = "delegate";
    const ABOUT: &'static str = "Has a part of the task done by a sub-task, several side by side: with a conversation of its own; it gives what \
        came of it. Several calls beside each other run at once. Worth it where parts don't depend on each other, or where \
        much has to be read of which little matters.";

    fn effects(&self, args: &DelegateArgs) -> Result<Effects> {
        let DelegateArgs { title, task, folders, tools, tokens } = args;
        let tools = tools.as_ref().map(|tools| {
            let own = own::names().filter(|own| tools.iter().all(|tool| tool != own)).map(str::to_owned);
            tools.iter().cloned().chain(own).collect()
        });
        let subtask = Subtask {
            title: title.clone(),
            text: task.clone(),
            folders: folders.clone(),
            tools,
            budget: Budget { tokens: *tokens, ..Budget::default() },
            ..Subtask::default()
        };
        let preview = Preview { title: format!("have a part done: {title}"), ..Preview::default() };
        Ok(Effects::delegates(subtask).showing(preview))
    }

    async fn run(&self, _: DelegateArgs, _: ToolContext) -> Result<ToolOutput> {
        Err(Error::new(Kind::Unsupported, "start sub-task", "this engine does not start sub-tasks"))
    }
}
