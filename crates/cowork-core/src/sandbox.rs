//! The session's view of the granted folders: what a tool gets instead of a path.

use std::sync::Arc;

use async_trait::async_trait;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    CallId, ChangeSet, Changed, Error, Exec, FilePath, Files, Folder, HostGrant, Kind, Process, Result, Sides, Sight,
    Staged, TaskId, UndoReport, Watch, Worker,
};

/// Opens sessions, and gives back what a task did in them.
///
/// - A session sees the granted folders and nothing else. A path is walked by directory handles from the grant down; a
///   link is never followed, so nothing outside is reached however the tree is changed meanwhile.
/// - A folder can be changed by one task at a time, over all processes: [`Kind::Busy`](crate::Kind::Busy) otherwise,
///   with the other task's id as fact `by`.
/// - What a task changes is in its journal before it is done; [`Sandbox::undo`] reads nothing else.
/// - A task that should have a journal and has none is refused; so is a folder that is not there, or is none.
/// - The journals' space is bounded by what the host keeps ([`Keep`]), but for what is recent: [`Sandbox::reclaim`] lets go of
///   the oldest that no unfinished task needs, and what was let go of is named when somebody wants it back.
/// - What can't be confined is an error ([`Kind::Unsupported`](crate::Kind::Unsupported)), never done with less.
///
/// Cancellation: dropping a future leaves the journal in a state that the next session or undo settles.
///
/// Errors: below, for each; and from any of them `Corrupt` and `NewerVersion` for a journal that can't be read, `Full`,
/// `Unavailable`.
///
/// Suite: `cowork_testkit::sandbox::suite!` tells stories of this page, of [`Session`]'s and of [`Files`]'s, on a real
/// folder. The one for local folders is `cowork-sandbox`.
///
/// ```
/// use std::sync::Arc;
///
/// use cowork_core::{
///     ChangeSet, Finding, Keep, Reclaimed, Result, Sandbox, Session, SessionSpec, TaskId, UndoReport, UndoSpec,
///     async_trait,
/// };
/// use cowork_testkit::{MemorySession, TestRuntime, block_on};
///
/// /// Gives every task folders in memory: to try something out that leaves no trace.
/// struct Playground;
///
/// #[async_trait]
/// impl Sandbox for Playground {
///     async fn open(&self, spec: SessionSpec) -> Result<Arc<dyn Session>> {
///         Ok(MemorySession::granting(spec.folders, &[]))
///     }
///
///     async fn undo(&self, _: TaskId, _: UndoSpec) -> Result<UndoReport> {
///         Ok(UndoReport::default())
///     }
///
///     async fn changes(&self, _: TaskId) -> Result<ChangeSet> {
///         Ok(ChangeSet::default())
///     }
///
///     async fn reclaim(&self, _: Keep) -> Result<Reclaimed> {
///         Ok(Reclaimed::default())
///     }
///
///     async fn check(&self, _: u64) -> Vec<Finding> {
///         Vec::new()
///     }
/// }
///
/// let task = TaskId::new(&*TestRuntime::new());
/// let spec = SessionSpec { task, folders: Vec::new(), hosts: Vec::new(), resumed: false };
/// assert!(block_on(Playground.open(spec))?.folders().is_empty());
/// # Ok::<(), cowork_core::Error>(())
/// ```
#[async_trait]
pub trait Sandbox: Send + Sync + 'static {
    /// Opens the view for a task. The task's journal is durable when this returns.
    ///
    /// # Errors
    /// `NotFound` for a folder that is not there, `NotAllowed` for one that may not be granted, `Busy`, `Corrupt` where
    /// the journal of a task that has already made changes is missing or damaged.
    async fn open(&self, spec: SessionSpec) -> Result<Arc<dyn Session>>;

    /// Gives back what the task changed, or the part of it that `spec` names, newest first; or only says what it would do.
    ///
    /// - Contents, names, permissions and modification times are as before, those of folders included.
    /// - What somebody changed since, another task included, is found by identity, size and times, and by content where
    ///   these don't settle it; it is kept and named in the report, with the task that has it now where one has.
    /// - A part takes along what it can't be had without, and no more.
    /// - Killed in the middle, it goes on when called again. A second undo finds everything already given back.
    ///
    /// # Errors
    /// `NotFound` for a task without a journal, or one whose journal was reclaimed (fact `reclaimed`: when); `Busy`.
    async fn undo(&self, task: TaskId, spec: UndoSpec) -> Result<UndoReport>;

    /// Gives what the task changed in the folders, each thing once, from what it was before to what it is now.
    ///
    /// # Errors
    /// As [`Sandbox::undo`]; a task that changed nothing gives an empty one.
    async fn changes(&self, task: TaskId) -> Result<ChangeSet>;

    /// Lets go of the oldest journals until what is left is within `keep`. What is let go of can't be undone any more.
    ///
    /// - It takes two calls: one that finds a journal due, and one that finds it due still, at least a day later by
    ///   [`Keep::now`]. A time that jumps lets nothing go; [`Sandbox::undo`], even if it only shows, begins that day anew.
    /// - Nothing goes for its size within 7 days after it was last written, nor does the newest journal.
    /// - What goes wrong with one journal does not keep the others: it is [`Reclaimed::trouble`].
    async fn reclaim(&self, keep: Keep) -> Result<Reclaimed>;

    /// Says what is in order and what is not, for `cowork doctor`; `limit` is [`Keep::bytes`].
    async fn check(&self, limit: u64) -> Vec<Finding>;

    /// Waits until all is removed that commands changed which were ended before anybody asked for it. What they started has ended then
    /// too. The engine does so when it stops.
    async fn swept(&self) {}

    /// Starts a program of the host's own where it sees no file but the system's libraries, reaches no network, and starts nothing. Its
    /// standard input is what [`Process::write`] says.
    ///
    /// # Errors
    /// `Unsupported` where nothing can be confined, `NotFound` without such a program, `Unavailable`. What comes up later
    /// [`Process::next`] tells.
    async fn worker(&self, worker: Worker) -> Result<Box<dyn Process>> {
        let _ = worker;
        let error = Error::new(Kind::Unsupported, "start worker", "this sandbox can't confine a worker");
        Err(error.with_fix("use one that can, or a host that needs no worker"))
    }
}

/// What a session is opened for.
#[derive(Clone, Debug, PartialEq)]
pub struct SessionSpec {
    /// The task, whose journal it writes.
    pub task: TaskId,
    /// The granted folders.
    pub folders: Vec<Folder>,
    /// What its commands may reach of a network.
    pub hosts: Vec<HostGrant>,
    /// Whether the log has already seen a journalled call start: then the journal must be there.
    pub resumed: bool,
}

/// Whether undo acts, and on how much.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct UndoSpec {
    /// Whether it acts or only says what it would do.
    pub mode: UndoMode,
    /// Only what is or was at these paths or below them; all of it if empty.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub paths: Vec<FilePath>,
    /// Only what these calls did; all of them if empty.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub calls: Vec<CallId>,
}

/// Whether undo acts or only says what it would do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum UndoMode {
    /// Say it.
    #[default]
    Show,
    /// Do it.
    Act,
}

impl UndoSpec {
    /// Gives everything back.
    pub fn all() -> Self {
        Self { mode: UndoMode::Act, ..Self::default() }
    }

    /// Says what giving everything back would do.
    pub fn show() -> Self {
        Self::default()
    }

    /// Says whether it is only about a part.
    pub fn is_part(&self) -> bool {
        !self.paths.is_empty() || !self.calls.is_empty()
    }
}

/// How much of the journals is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Keep {
    /// At most so many bytes on the disk, where [`Sandbox::reclaim`] may go that far.
    pub bytes: u64,
    /// Nothing that was last written longer ago, in milliseconds.
    pub age: i64,
    /// The time now, in milliseconds since 1970.
    pub now: i64,
    /// Whatever their age and size, the journals of these tasks: they have not ended.
    pub unfinished: Vec<TaskId>,
}

/// What was let go of.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Reclaimed {
    /// The tasks that can't be undone any more.
    pub tasks: Vec<TaskId>,
    /// The bytes that came free.
    pub bytes: u64,
    /// What went wrong first, with a journal that is still there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trouble: Option<Error>,
}

/// One line of `cowork doctor`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Finding {
    /// Whether it is in order.
    pub ok: bool,
    /// What was looked at: `journal`.
    pub what: String,
    /// What was found.
    pub found: String,
    /// What to do about it; empty if nothing.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub fix: String,
}

/// A task's view of its folders while it works.
///
/// - It sees the folders that it was opened for, and no others.
/// - Calls that run again are recognised: see [`Session::files`].
/// - What a task has read or written it knows in its next session too: see [`Session::recall`].
/// - A part of it sees less and never more: see [`Session::part`].
/// - Dropping it, and every [`Files`] that came from it, lets the folders go.
///
/// - Commands reach of a network what the session was opened for, by way of the host, and nothing else; its parts reach nothing.
/// - Commands run confined, in a view of their own: what they change is kept apart, under the call, until it is committed through the
///   same journal as any other change, or discarded. One that can't be confined is refused.
///
/// Cancellation and errors: below, and see [`Files`] and [`Process`].
///
/// Suite: `cowork_testkit::sandbox::suite!`.
///
/// ```
/// use cowork_core::{CallId, FilePath, Session};
/// use cowork_testkit::{MemorySession, Node, TestRuntime, block_on};
///
/// let session = MemorySession::new(&[("Desk/poem", Node::File(b"one\ntwo\n".to_vec()))]);
/// assert_eq!(session.folders()[0].name, "Desk");
/// let files = session.files(CallId::new(&*TestRuntime::new()));
/// assert_eq!(block_on(files.stat(FilePath::parse("Desk/poem")?))?.size, 8);
/// # Ok::<(), cowork_core::Error>(())
/// ```
#[async_trait]
pub trait Session: Send + Sync + 'static {
    /// Gives the granted folders, under the names that tools use.
    fn folders(&self) -> &[Folder];

    /// Gives the files, for one call. Changes are journalled under the call: when the same call runs again after an
    /// interruption, those it had already made are recognised, not made twice, and reported as they were the first time.
    fn files(&self, call: CallId) -> Arc<dyn Files>;

    /// Gives what the files were like that a call has read or written since this was last asked, each once, and no more
    /// than the last 1,000: what [`Known::Seen`](crate::Known::Seen) goes by. It is recorded with the call's end.
    fn seen(&self, call: CallId) -> Vec<Sight>;

    /// Takes in what the task's calls saw in sessions before this one, oldest first.
    fn recall(&self, seen: Vec<Sight>);

    /// Gives how many steps the task's journal holds, sub-tasks' included: no fewer than the things that it changed. None where
    /// that is not known, or can't be told at once.
    fn steps(&self) -> Option<u64> {
        None
    }

    /// Starts a program, confined. What it changes is kept under the call; what an earlier program of the same call changed and nobody
    /// committed is discarded.
    ///
    /// # Errors
    /// `InvalidInput` for one that can't be executed; `Unsupported` where nothing can be confined: then it is not run at all.
    async fn exec(&self, call: CallId, exec: Exec) -> Result<Box<dyn Process>> {
        let _ = (call, exec);
        Err(no_commands())
    }

    /// Takes down, under a call, what a program that goes on has changed so far; then it is what a program of that call would have changed,
    /// to be looked at, committed or discarded, whatever the program does next. `program` is the call that the program was started under.
    ///
    /// - What was committed in this way is neither a difference the next time, nor somebody else's change.
    /// - What was discarded is there still for the program: whoever refuses its changes ends it.
    ///
    /// # Errors
    /// `NotFound` if there is no such program; as [`Session::staged`].
    async fn take_stock(&self, call: CallId, program: CallId) -> Result<()> {
        let _ = (call, program);
        Err(no_commands())
    }

    /// Says what the call's programs changed that is not in the folders yet.
    ///
    /// # Errors
    /// `NotFound` if nothing of this call is kept; as [`Files::stat`].
    async fn staged(&self, call: CallId) -> Result<Staged> {
        let _ = call;
        Err(no_commands())
    }

    /// Gives a file that is among these as it is in the folder, and as it would be: what is no file, or has more than `most` bytes, is
    /// none. It counts for nothing that the task has seen: it is for a person to look at.
    ///
    /// # Errors
    /// As [`Session::staged`]; `NotAllowed` for a path in none of the folders.
    async fn sides(&self, call: CallId, path: FilePath, most: usize) -> Result<Sides> {
        let _ = (call, path, most);
        Err(no_commands())
    }

    /// Brings what the call's programs changed into the folders, through the journal, under the call; then nothing is kept any more. A call
    /// that runs again goes on where it was cut off.
    ///
    /// - What somebody else changed since the program began is left as it is, and named.
    ///
    /// # Errors
    /// As [`Session::staged`], and as [`Files::change`].
    async fn commit(&self, call: CallId, watch: Watch) -> Result<Changed> {
        let _ = (call, watch);
        Err(no_commands())
    }

    /// Lets go of what the call's programs changed. If nothing is kept, that is fine.
    ///
    /// # Errors
    /// `Unavailable` if the disk can't.
    async fn discard(&self, call: CallId) -> Result<()> {
        let _ = call;
        Err(no_commands())
    }

    /// Gives a view of a part of its folders, for a sub-task: these, with no more access than here, and no others. It writes
    /// the same journal, knows what this one has seen, and keeps the folders as long as this one does.
    ///
    /// # Errors
    /// `NotAllowed` for a folder that it has not, or not with that access; `Unsupported` by sessions that can't.
    fn part(&self, folders: &[Folder]) -> Result<Arc<dyn Session>> {
        let _ = folders;
        let error = Error::new(Kind::Unsupported, "open folders", "this session can't be given to a sub-task in part");
        Err(error.with_fix("do it in the task itself"))
    }
}

fn no_commands() -> Error {
    Error::new(Kind::Unsupported, "run command", "this session can't run commands")
        .with_fix("do it with the file tools, or on a system where commands can be confined")
}
