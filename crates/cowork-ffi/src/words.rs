//! What operations are called with, and what they give that core has no word for.

use cowork::{
    Access, AllowRule, Answer, Budget, CallId, CommandId, FilePath, Folder, Hash, HostGrant, Mode, Submit, TaskId,
    ThreadId, TrustedFile,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// A task to be done.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SubmitTask {
    /// What is wanted, in words. At most 1 MiB.
    pub text: String,
    /// The folders it may use: paths, to be changed in under their own names, or as `folder` gives them.
    #[serde(default)]
    pub folders: Vec<FolderChoice>,
    /// What its commands may reach of a network. Without one, nothing.
    #[serde(default)]
    pub hosts: Vec<HostGrant>,
    /// How much it may do unasked.
    #[serde(default)]
    pub mode: Mode,
    /// What may be done without a question in the mode `ask`.
    #[serde(default)]
    pub allow: Vec<AllowRule>,
    /// The instruction files in its folders that the person trusts, each at a hash.
    #[serde(default)]
    pub trust: Vec<TrustedFile>,
    /// The model that does it.
    #[serde(default)]
    pub model: Option<String>,
    /// What the planner is told besides, its `name` among it: a playbook's name and parameters. Not beside `model`.
    #[serde(default)]
    pub planner: Value,
    /// How many planning steps it may take at the most. Default: 1,000.
    #[serde(default)]
    pub max_steps: Option<u32>,
    /// What it may spend on models, and for how long it may work.
    #[serde(default)]
    pub budget: Budget,
    /// The tools that it may use; all that there are, if none are named.
    #[serde(default)]
    pub tools: Option<Vec<String>>,
    /// The thread, by its id or by a name of your choice, which is the same thread each time; a title names none. Default: as the engine was opened.
    #[serde(default)]
    pub thread: Option<String>,
    /// Who sends it. Default: as the engine was opened.
    #[serde(default)]
    pub sender: Option<String>,
}

/// A folder that a task may use.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(untagged, expecting = "a folder's path, or a folder as `folder` gives it")]
pub enum FolderChoice {
    /// A path: the folder may be changed in, under its own name.
    Path(String),
    /// A grant.
    Grant(Folder),
}

/// Asks for a folder to be made a grant.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FolderAt {
    /// Its path; `~` is the person's home.
    pub path: String,
    /// What tools call it. Default: its own name.
    #[serde(default)]
    pub name: Option<String>,
    /// What may be done there. Default: looking and changing.
    #[serde(default)]
    pub access: Option<Access>,
    /// Whether the person said twice that `/` or their whole home is meant.
    #[serde(default)]
    pub whole: bool,
}

/// Nothing.
#[derive(Clone, Copy, Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Nothing {}

/// Names a task.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OneTask {
    /// The task.
    pub task: TaskId,
}

/// Tells a task to do something.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TellTask {
    /// The task.
    pub task: TaskId,
    /// Who says it. Default: as the engine was opened.
    #[serde(default)]
    pub sender: Option<String>,
    /// The sender's own name for it: the same is followed once, however often it is sent. Default: a new one.
    #[serde(default)]
    pub id: Option<CommandId>,
}

/// Says something to a task that runs.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SteerTask {
    /// The task.
    pub task: TaskId,
    /// What is said.
    pub text: String,
    /// Who says it. Default: as the engine was opened.
    #[serde(default)]
    pub sender: Option<String>,
    /// The sender's own name for it. Default: a new one.
    #[serde(default)]
    pub id: Option<CommandId>,
}

/// Answers a question that a task asked: with its words, as `asks` or the record gave them.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AnswerTask {
    /// The task that asked, which may be a sub-task.
    pub task: TaskId,
    /// The call that was asked about.
    pub call: CallId,
    /// Hash of the exact arguments that were shown.
    pub args_hash: Hash,
    /// Yes or no.
    pub answer: Answer,
    /// Who answers. Default: as the engine was opened.
    #[serde(default)]
    pub sender: Option<String>,
    /// The sender's own name for it. Default: a new one.
    #[serde(default)]
    pub id: Option<CommandId>,
}

/// Asks for what a task did to files, or a part of it, to be given back.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct UndoTask {
    /// The task.
    pub task: TaskId,
    /// Only what is or was at these paths or below them; all of it if empty.
    #[serde(default)]
    pub paths: Vec<FilePath>,
    /// Only what these calls did; all of them if empty.
    #[serde(default)]
    pub calls: Vec<CallId>,
}

/// Names a thread.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OneThread {
    /// The thread, by its id or by a name of your choice, which is the same thread each time; a title names none. Default: as the engine was opened.
    #[serde(default)]
    pub thread: Option<String>,
}

/// Opens a thread.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OpenThread {
    /// The thread, by its id or by a name of your choice, which is the same thread each time; a title names none. Default: as the engine was opened.
    #[serde(default)]
    pub thread: Option<String>,
    /// What a person calls it, if it is new. Default: the name that was given as `thread`.
    #[serde(default)]
    pub title: Option<String>,
}

/// A thread.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct ThreadEntry {
    /// Its id.
    pub thread: ThreadId,
    /// What a person calls it.
    pub title: String,
}

/// Asks for records that are in the log now.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ReadRecords {
    /// The thread, by its id or by a name of your choice, which is the same thread each time; a title names none. Default: that of `task`, else as the engine was opened.
    #[serde(default)]
    pub thread: Option<String>,
    /// Only this task's.
    #[serde(default)]
    pub task: Option<TaskId>,
    /// Only those with a `seq` above this.
    #[serde(default)]
    pub after: u64,
    /// At most so many. Default, and the most: 512.
    #[serde(default)]
    pub most: Option<usize>,
}

/// Asks for what happens in a thread: all records after one, then what comes.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FollowEvents {
    /// The thread, by its id or by a name of your choice, which is the same thread each time; a title names none. Default: that of `task`, else as the engine was opened.
    #[serde(default)]
    pub thread: Option<String>,
    /// Only what belongs to this task and its sub-tasks; it ends with the task.
    #[serde(default)]
    pub task: Option<TaskId>,
    /// Only records with a `seq` above this.
    #[serde(default)]
    pub after: u64,
}

/// Keeps a note for later tasks of a thread, in the place of the one of that name.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct KeepNote {
    /// The thread, by its id or by a name of your choice, which is the same thread each time; a title names none. Default: as the engine was opened.
    #[serde(default)]
    pub thread: Option<String>,
    /// What it is called.
    pub name: String,
    /// What it says; empty: the note of that name is forgotten.
    #[serde(default)]
    pub text: String,
}

impl SubmitTask {
    /// Gives the task as core has it, with these folders and this for its planner.
    pub(crate) fn submit(self, folders: Vec<Folder>, planner: Value) -> Submit {
        let usual = Submit::new(self.text);
        Submit {
            folders,
            planner,
            hosts: self.hosts,
            mode: self.mode,
            allow: self.allow,
            trust: self.trust,
            max_steps: self.max_steps.unwrap_or(usual.max_steps),
            budget: self.budget,
            tools: self.tools,
            ..usual
        }
    }
}
