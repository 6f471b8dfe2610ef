//! Commands that run in a session, and what they changed.

use std::{path::PathBuf, time::Duration};

use async_trait::async_trait;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{ChangeSet, Effects, FilePath, Result, ToolOutput};

/// A program to be executed in a session ([`Session::exec`](crate::Session::exec)).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exec {
    /// The program, by name or path, and its arguments.
    pub args: Vec<String>,
    /// Where it begins; the first granted folder if none.
    pub folder: Option<FilePath>,
    /// How long it may take; then it is ended, with all that it started.
    pub wall: Duration,
    /// Whether [`Process::write`] feeds its standard input; it is empty if not.
    pub input: bool,
    /// A terminal of its own, by which it then reads and says everything.
    pub terminal: Option<Terminal>,
}

/// How large a terminal is, in characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Terminal {
    /// In a line.
    pub columns: u16,
    /// Lines.
    pub rows: u16,
}

/// A program of the host's own that is to work where it reaches nothing ([`Sandbox::worker`](crate::Sandbox::worker)).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Worker {
    /// Where it is. It needs nothing besides the system's libraries, and sees nothing else.
    pub program: PathBuf,
    /// Its arguments.
    pub args: Vec<String>,
    /// Seconds of processor time.
    pub cpu: u64,
    /// Bytes of memory of its own.
    pub memory: u64,
}

/// A program that runs confined: what [`Session::exec`](crate::Session::exec) and [`Sandbox::worker`](crate::Sandbox::worker) give.
///
/// - It sees the session's folders, the system's programs, and nothing else of the computer; what it changes is kept apart from the
///   folders until [`Session::commit`](crate::Session::commit).
/// - When it ends, however that was, everything that it started has ended.
/// - What it says comes in the order in which each stream got it, and waits where nobody takes it: a program that says more than is taken
///   waits too.
///
/// Cancellation: dropping it ends the program and all that it started; dropped before it told its end, what it changed is discarded. Dropping
/// the future of [`Process::next`] loses nothing.
///
/// Errors: `NotFound` if there is no such program, `Unsupported` where it can't be confined (then nothing ran), `Unavailable`.
///
/// Suite: none of its own; stories are told with `cowork-sandbox`.
#[async_trait]
pub trait Process: Send {
    /// Waits for what comes next. After [`ProcessEvent::Exited`] nothing does.
    async fn next(&mut self) -> Result<ProcessEvent>;

    /// Writes to its standard input, or types at its terminal; with nothing, ends it.
    ///
    /// # Errors
    /// `Unavailable` if it does not read any more.
    async fn write(&mut self, bytes: &[u8]) -> Result<()>;

    /// Has it see what others did in the folders since it began or since this was last called. What it has open stays what it was.
    ///
    /// # Errors
    /// `Unavailable` if that can't be had.
    async fn renew(&mut self) -> Result<()>;

    /// Ends it, with all that it started; [`Process::next`] then tells its end, and what it changed is kept as ever.
    fn end(&mut self);

    /// Gives what it asked of the network since this was last asked; what is told here is not told with its end.
    fn visits(&mut self) -> Vec<Visit> {
        Vec::new()
    }
}

/// What comes of a program while it runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ProcessEvent {
    /// It wrote this to its standard output.
    Stdout(Vec<u8>),
    /// It wrote this to its standard error.
    Stderr(Vec<u8>),
    /// It has ended.
    Exited(Exit),
}

/// How a program ended, and what it used.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Exit {
    /// How it ended.
    pub how: ExitKind,
    /// Milliseconds of processor time, its own and the system's for it.
    pub cpu: u64,
    /// The most memory that one process of it had, in bytes.
    pub memory: u64,
    /// What it asked of the network, the last 1,000.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub visits: Vec<Visit>,
}

/// How a program ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ExitKind {
    /// With this code: 0 if all went well.
    Code(i32),
    /// By this signal.
    Signal(i32),
    /// It was ended when its time was over.
    TimedOut,
    /// It was ended because it used too much of this.
    Exceeded(Resource),
}

/// Something on a network that the commands of a task may reach; nothing else there is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct HostGrant {
    /// A name or an address; `*.` before a name stands for everything below it, but not for the name itself.
    pub host: String,
    /// A port; if there is none, 443 and 80.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub port: Option<u16>,
    /// Methods, such as `GET`; if there are none, all. With methods or paths every request is looked at, also in TLS.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub methods: Option<Vec<String>>,
    /// Paths, each with everything below it; if there are none, all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub paths: Option<Vec<String>>,
    /// The name of a credential that the host adds to what is sent there, so that no command ever has it; the host that embeds the engine has it
    /// under this name. A header of the command's own that says who asks is taken out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub credential: Option<String>,
    /// Whether it may be at a private address, as a server of the person's own is.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub private: bool,
}

/// What a program asked of a network, and what came of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Visit {
    /// The host that was asked for; empty if it could not be read.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// The method; `CONNECT` for a tunnel that was not looked into.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub method: Option<String>,
    /// The path without what follows `?`; none for a tunnel.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// Whether it was let through.
    pub allowed: bool,
    /// Why not, or why it came to nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Bytes of content that were sent.
    pub sent: u64,
    /// Bytes of content that were received.
    pub received: u64,
}

/// What a program may use only so much of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Resource {
    /// Memory.
    Memory,
    /// Processes and threads.
    Processes,
    /// The disk that changes are kept on.
    Disk,
}

/// How much the commands of a session may use.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ExecLimits {
    /// Seconds of processor time, each process.
    pub cpu: u64,
    /// Bytes of memory, all processes together.
    pub memory: u64,
    /// Processes and threads.
    pub processes: u64,
    /// Bytes of one file.
    pub file: u64,
    /// Open files, each process: 16 at least.
    pub open: u64,
    /// Bytes in each of the folders for what is of no use afterwards, `/tmp` and its home.
    pub scratch: u64,
}

impl Default for ExecLimits {
    fn default() -> Self {
        Self { cpu: 600, memory: 4 << 30, processes: 512, file: 4 << 30, open: 4_096, scratch: 512 << 20 }
    }
}

/// What a call holds back ([`Tool::held`](crate::Tool::held)) until it is decided on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Held {
    /// What it would do.
    pub effects: Effects,
    /// What the call gives once that is done.
    pub output: ToolOutput,
}

/// What the commands of a call changed and what is not in the folders yet.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Staged {
    /// What would change, each thing once.
    pub changes: ChangeSet,
    /// Those of them that let something run or be reached later that nobody sees: a hook, a start-up file, settings of an agent. They are
    /// asked about in every mode.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub guarded: Vec<Remark>,
    /// What can't come into the folders, and why: it is left out.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub left_out: Vec<Remark>,
}

/// What a file holds before and after, as far as it was asked for: none where there is no such file, or a longer one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sides {
    /// In the folder.
    pub before: Option<Vec<u8>>,
    /// With what the call's programs changed.
    pub after: Option<Vec<u8>>,
}

/// A path, and what is to be said of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Remark {
    /// The path.
    pub path: FilePath,
    /// What is to be said, after its name: `runs when somebody commits`.
    pub why: String,
}

impl Exit {
    /// Says whether it ended as programs end that did what they were asked to.
    pub fn is_success(&self) -> bool {
        self.how == ExitKind::Code(0)
    }
}

impl Staged {
    /// Says whether there is nothing to be taken over.
    pub fn is_empty(&self) -> bool {
        self.changes.changes.is_empty()
    }
}
