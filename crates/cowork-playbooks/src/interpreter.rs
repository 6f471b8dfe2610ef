//! The seam behind which programs run: in this process, or in one that reaches nothing.

mod apart;
mod in_process;

use std::sync::Arc;

use async_trait::async_trait;
use cowork_core::{
    CancellationToken, Finding, Finish, Folder, FolderPart, ModelPlanner, Outcome, PlanStep, ProposedCall, Result,
    ToolSpec,
};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

pub use self::{apart::Apart, in_process::InProcess};
use crate::{calls::Function, limits::Limits};

/// The interpreter goes down into nested values on the machine's own stack: it gets one that is deep enough for the limits.
pub(crate) const STACK: usize = 64 * 1024 * 1024;

/// Runs programs for [`PlaybookPlanner`](crate::PlaybookPlanner), from halt to halt.
///
/// - The same program with the same outcomes makes the same calls, whichever interpreter runs it.
/// - It makes no call itself: what a program wants is what it gives, and what came of it is given to it.
/// - A program that says [`Program::is_apart`] runs apart from the process of the host, or not at all.
///
/// Cancellation: the token stops a program at its next check, with `Cancelled`. A dropped future may let it run to its time limit, unheard;
/// it is not gone on with then.
///
/// Errors: `InvalidInput` for a program that does not compile, `LimitExceeded`; `Unavailable` where the program was lost on its way: it can
/// be run again over what it was given, in a new one; `Unsupported` where it can't run as it has to. How a program ends by itself is no
/// error of these but its [`Pause::End`].
#[async_trait]
pub trait Interpreter: Send + Sync + 'static {
    /// Begins a program and runs it to its first halt.
    async fn start(&self, program: Program, cancel: &CancellationToken) -> Result<(Box<dyn Running>, Halt)>;

    /// Says how programs run, and whether they can, for `cowork doctor`.
    async fn check(&self) -> Finding;
}

/// A program that has come to a halt, and can go on. Dropping it ends it.
#[async_trait]
pub trait Running: Send {
    /// Gives it the outcomes of the calls that it wants, in their order, and runs it to its next halt.
    ///
    /// # Errors
    /// As [`Interpreter`]'s.
    async fn go_on(&mut self, outcomes: Vec<Outcome>, cancel: &CancellationToken) -> Result<Halt>;
}

/// A program, and what it is begun with.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Program {
    pub(crate) file: String,
    pub(crate) source: String,
    pub(crate) params: Map<String, Value>,
    pub(crate) folders: Vec<FolderPart>,
    pub(crate) tools: Arc<[Function]>,
    pub(crate) limits: Limits,
    pub(crate) is_apart: bool,
}

/// Where a program has come to a halt.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Halt {
    /// What it said since the last one.
    pub said: Option<String>,
    /// Its plan, whole, where it changed since.
    pub plan: Option<Vec<PlanStep>>,
    /// Why it has come to a halt.
    pub pause: Pause,
}

/// Why a program has come to a halt.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Pause {
    /// It wants these calls made.
    Calls(Vec<ProposedCall>),
    /// It has ended.
    End(Finish),
}

impl Program {
    pub(crate) fn new(file: String, source: String, params: Map<String, Value>) -> Self {
        let (folders, tools) = (Vec::new(), Vec::new().into());
        Self { file, source, params, folders, tools, limits: Limits::default(), is_apart: false }
    }

    /// Sets the folders that it is told of: their names, and not where they are.
    pub(crate) fn with_folders(mut self, folders: &[Folder]) -> Self {
        let part = |folder: &Folder| FolderPart { name: folder.name.clone(), access: folder.access };
        self.folders = folders.iter().map(part).collect();
        self
    }

    pub(crate) fn with_tools(mut self, tools: &[ToolSpec]) -> Self {
        self.tools = tools.iter().map(Function::of).collect();
        self
    }

    pub(crate) fn with_limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// Makes it one that nobody looked at. What a model plans with is none of its tools.
    pub(crate) fn apart(mut self) -> Self {
        let planning = ModelPlanner::tools();
        let is_planning = |tool: &&Function| planning.iter().any(|own| own.spec().name == tool.name);
        self.tools = self.tools.iter().filter(|tool| !is_planning(tool)).cloned().collect();
        self.is_apart = true;
        self
    }

    /// Says whether it may only run apart from the host's process: nobody who is trusted wrote it.
    pub fn is_apart(&self) -> bool {
        self.is_apart
    }

    /// Gives what it may use.
    pub fn limits(&self) -> Limits {
        self.limits
    }
}
