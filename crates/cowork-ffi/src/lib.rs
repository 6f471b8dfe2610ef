//! The engine as plain data: what every language's binding calls.
//!
//! A binding holds no logic. It turns its language's values into JSON and back, its language's functions into [`Function`]s, and errors
//! into its language's; all else is here, once:
//!
//! - [`Handle`] is an engine with a runtime of its own: one `call` by name over the table of [`operations`], `events`, `views`, `close`.
//! - [`Calls`] are that for a host whose functions run on one thread of its own.
//! - [`Parts`] are what the host wrote: tools, models, planners, an approver; each a [`Function`] with its declaration.
//! - [`Config`] is what the host sets.
//! - [`text`] checks what comes over the border; [`Canonical`] makes what went over it comparable.
//! - [`schema`] is the one document from which types and methods are made for each language.
//!
//! ```
//! use cowork_ffi::{Handle, Parts};
//!
//! let handle = Handle::open("{}", Parts::new())?;
//! # let wait = tokio::runtime::Builder::new_current_thread().build().unwrap();
//! # wait.block_on(async {
//! assert_eq!(handle.call("tasks", "{}".to_owned()).await?, "[]");
//! handle.close().await?;
//! # Ok::<(), cowork::Error>(()) })?;
//! # Ok::<(), cowork::Error>(())
//! ```

mod calls;
mod canonical;
mod carry;
mod config;
#[cfg(feature = "conformance")]
pub mod conformance;
mod events;
mod function;
mod handle;
mod model;
mod open;
mod operations;
mod parts;
mod place;
mod planner;
mod queue;
mod schema;
mod state;
pub mod text;
mod tool;
mod view;
mod words;

pub use cowork::{
    ArgumentRole, CancellationToken, DeclaredEffects, Error, Kind, Result, Retry, ToolDeclaration, async_trait,
};

pub use self::{
    calls::Calls,
    canonical::Canonical,
    config::{
        BuiltinTools, ClaimKind, Config, CredentialSettings, KeepUndo, LimitSettings, Secret, StoreKind, WorkerSettings,
    },
    events::Events,
    function::{Function, Invocation, Tell, error_of, json_of, thrown},
    handle::Handle,
    model::{HostAnswer, HostCall, ModelDeclaration},
    operations::{Operation, OperationKind},
    parts::{Parts, check_part},
    planner::{PlannerDeclaration, PlannerInput},
    queue::Wanted,
    schema::{operations, schema},
    state::{CallReport, TaskState, TurnState, UndoState},
    tool::{ToolInput, ToolResult},
    view::{TaskView, picture},
    words::{
        AnswerTask, FolderAt, FolderChoice, FollowEvents, KeepNote, Nothing, OneTask, OneThread, OpenThread,
        ReadRecords, SteerTask, SubmitTask, TellTask, ThreadEntry, UndoTask,
    },
};
