//! Words, decisions, traits and the engine of the Cowork SDK.
//!
//! The way through it: a [`Command`] enters a thread's log; the [`Task`] machine, a pure fold of the log, says what comes
//! next; a [`Planner`] proposes calls; the [`Policy`] decides on each by its [`Effects`]; the [`Engine`] commits what
//! guards an effect, then runs it; everything that happened is a [`Record`]. Only the engine awaits.
//!
//! This crate touches no file, socket, process, environment or clock: a [`Runtime`], a [`Store`], a [`Sandbox`] and
//! [`Tool`]s are given to it.

mod allow;
mod args;
mod artifact;
mod briefing;
mod change;
mod conversation;
mod day;
mod effects;
mod ending;
mod engine;

mod error;
mod event;
mod exec;
mod files;
mod id;
mod index;

mod label;
mod lease;
mod memory;
mod messages;

mod model;
mod model_planner;
pub mod path;
mod patience;
mod planner;
mod policy;
mod probe;
mod record;
mod runtime;
mod sandbox;
mod spent;
mod store;
mod subtask;
mod task;
mod tool;
mod walk;

pub use allow::AllowRule;
pub use args::Args;
pub use artifact::Artifact;
pub use async_trait::async_trait;
pub use briefing::{Briefing, InstructionState, Instructions, LONGEST_INSTRUCTIONS, Noting, ThreadNote, TrustedFile};
pub use change::{
    Change, ChangeSet, Changed, Clash, Content, Difference, Known, Make, Otherwise, Progress, Side, Sink, Splice,
    Still, Watch, What, Write,
};
pub use conversation::{
    Block, Effort, Head, Message, ModelAnswer, ModelCall, ModelCard, ModelRequest, Price, Role, Stop, Tokens, ToolSet,
    Usage, Written,
};
pub use day::{Day, DayBudget, DayState};
pub use effects::{Effects, FileEffect, Group, Lock, Preview};
pub use exec::{
    Exec, ExecLimits, Exit, ExitKind, Held, HostGrant, Process, ProcessEvent, Remark, Resource, Sides, Staged,
    Terminal, Visit, Worker,
};

pub use ending::{FileNow, FilesReport, Found};
pub use engine::{
    Approver, Ask, Claim, Engine, EngineParts, Item, Limits, Models, Subscription, TaskChanges, approver_fn,
};
pub use error::{Error, Kind, Result, Retry};
pub use event::{
    Access, Actor, Answer, Call, Command, Decision, Delta, DeltaKind, Envelope, Event, Finish, Folder, Hash, Kept,
    Mode, Outcome, PlanStep, Record, Recovery, StepState, Submit, UndoReport, VERSION, schema,
};
pub use files::{Arrivals, Entry, FileKind, Files, OpenFile, Piece, Reader, Sight, Stamp};
pub use id::{AskId, CallId, CommandId, TaskId, ThreadId};

pub use index::{Summary, rebuild};
pub use label::{Confidentiality, Integrity, Label};
pub use lease::LeaseState;
pub use memory::MemoryStore;
pub use messages::Messages;

pub use model::{Model, Said, Say};
pub use model_planner::ModelPlanner;
pub use path::FilePath;
pub use patience::{Circuit, Patience};
pub use planner::{PlanContext, Planner, Proposal, ProposedCall, View, planner_fn};
pub use policy::{GrantPolicy, Policy, Question, Ruling, Verdict};
pub use probe::{Probe, Step};
pub use record::{Body, Draft};
pub use runtime::{BoxFuture, Runtime, Timestamp};
pub use sandbox::{Finding, Keep, Reclaimed, Sandbox, Session, SessionSpec, UndoMode, UndoSpec};
pub use spent::{Budget, Lost, Reserve, Spent, dollars};
pub use store::{Batch, Blobs, Change as StoreChange, Count, Expect, INLINE, Lease, LeaseAsk, Read, Store};
pub use subtask::{FolderPart, Parent, Subtask};
pub use task::{CallState, Next, Stage, Status, Steer, Task, Turn, Undo};
pub use tokio_util::sync::CancellationToken;
pub use tool::{
    ArgumentRole, DeclaredEffects, Registry, Tool, ToolContext, ToolDeclaration, ToolFn, ToolOutput, ToolSpec,
    TypedTool, tool, tool_fn,
};
pub use walk::{Handed, Part, Visitor, Walked};
