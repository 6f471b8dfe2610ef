//! Tools of the host's.

mod paths;
mod whole;

use std::{collections::BTreeMap, sync::Arc};

use cowork::{
    ArgumentRole, CallId, Error, Folder, Kind, Label, Result, TaskId, ThreadId, Tool, ToolContext, ToolDeclaration,
    ToolOutput,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{
    function::{self, Function, Listener, Tell, Telling},
    text,
};

/// What the function of a tool is called with.
#[derive(Debug, Serialize, JsonSchema)]
pub struct ToolInput<'a> {
    /// The arguments, as the tool's schema wants them. Whole numbers are written as such: 1, and not 1.0.
    #[serde(serialize_with = "whole::write")]
    pub args: &'a Value,
    /// The thread.
    pub thread: ThreadId,
    /// The task.
    pub task: TaskId,
    /// The call; the same when it runs again after an interruption.
    pub call: CallId,
    /// 1 for the first time.
    pub attempt: u32,
    /// The task's folders, where the call names files in them.
    pub folders: &'a [Folder],
    /// Where on this computer the files are that its arguments name, by their names: `Desk/a.txt` is `/home/ann/Desk/a.txt`.
    pub paths: BTreeMap<String, String>,
}

/// What the function of a tool gives.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ToolResult {
    /// For the planner: anything.
    pub value: Value,
    /// One line for a person.
    #[serde(default)]
    pub note: String,
    /// Where it came from; nothing said means untrusted and private.
    #[serde(default)]
    pub label: Label,
}

/// Makes a tool whose work a function of the host's does.
pub(crate) fn host_tool(declaration: ToolDeclaration, function: Arc<dyn Function>) -> Result<Arc<dyn Tool>> {
    let declaration = declaration.take_roles()?;
    let result = format!("the result of the tool `{}`", declaration.name);
    let roles = declaration.roles.iter().filter(|(_, role)| **role != ArgumentRole::Alone);
    let files = roles.map(|(name, _)| name.clone()).collect();
    let host = Arc::new(HostTool { name: declaration.name.clone(), result, files, function });
    declaration.tool(move |args, ctx| {
        let host = host.clone();
        async move { host.run(&args, ctx).await }
    })
}

struct HostTool {
    name: String,
    /// What its result is called in errors.
    result: String,
    /// The arguments that name files.
    files: Vec<String>,
    function: Arc<dyn Function>,
}

impl HostTool {
    async fn run(&self, args: &Value, ctx: ToolContext) -> Result<ToolOutput> {
        let folders = ctx.session.as_ref().map_or(&[][..], |session| session.folders());
        let input = text::write(&ToolInput {
            args,
            paths: self.places(args, folders).await?,
            thread: ctx.thread,
            task: ctx.task,
            call: ctx.call,
            attempt: ctx.attempt,
            folders,
        })?;
        let progress = ctx.watch.progress;
        let listener: Arc<Listener> = Arc::new(move |telling: Telling<'_>| {
            if let Telling::Progress { done, total, note } = telling {
                progress(done, total, note);
            }
        });
        let tell = Some(Tell::new(&listener));
        let given = function::call(&*self.function, &self.name, input, ctx.watch.cancel, tell).await?;
        let ToolResult { value, note, label } = text::read_object(&self.result, &given)?;
        Ok(ToolOutput { value, note, label })
    }
    async fn places(&self, args: &Value, folders: &[Folder]) -> Result<BTreeMap<String, String>> {
        if self.files.is_empty() || folders.is_empty() {
            return Ok(BTreeMap::new());
        }
        let (args, files, folders) = (args.clone(), self.files.clone(), folders.to_vec());
        let found = tokio::task::spawn_blocking(move || paths::places(&args, &files, &folders)).await;
        found.unwrap_or_else(|lost| Err(Error::new(Kind::Internal, "find file", lost.to_string()).with_source(lost)))
    }
}
