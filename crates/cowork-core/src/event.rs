//! The words that cross every boundary: commands go in, records come out.
//!
//! Everything here is plain data with a version ([`VERSION`]) and a JSON Schema ([`schema`]). A field is added with a
//! default and never renamed; an event that this version does not know is carried as [`Event::Unknown`].

use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{
    AllowRule, Args, AskId, Briefing, Budget, CallId, ChangeSet, CommandId, Effects, Error, FilePath, FilesReport,
    Held, HostGrant, Kind, Label, Parent, Reserve, Sight, Spent, TaskId, ThreadId, Timestamp, TrustedFile, Usage,
};

/// The version of the words that this release writes.
pub const VERSION: u16 = 1;

/// A command on its way in: to which thread and task, from whom.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Envelope {
    /// The thread it is for.
    pub thread: ThreadId,
    /// The task it is for; a submitted task's own new name.
    pub task: TaskId,
    /// Who sends it: `cli`, a device, a schedule. At most 128 bytes.
    pub sender: String,
    /// The sender's own name for it. The same `(thread, sender, id)` is accepted once; a second one changes nothing.
    pub id: CommandId,
    /// What is wanted.
    pub command: Command,
}

/// What a person, a schedule or another program wants of a task.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "type", rename_all = "snake_case")]
#[non_exhaustive]
pub enum Command {
    /// Starts a task.
    Submit(Submit),
    /// Says something to a task that runs; it is taken in before the next planning step.
    Steer {
        /// What is said.
        text: String,
    },
    /// Answers a question that the task asked.
    Answer {
        /// The call that was asked about.
        call: CallId,
        /// Hash of the exact arguments that were shown; another one is refused.
        args_hash: Hash,
        /// Yes or no.
        answer: Answer,
    },
    /// Ends a task: running calls are stopped, nothing more is started. What was done stays done, and can be undone.
    Cancel,
    /// Lets running calls finish, then rests until [`Command::Resume`].
    Pause,
    /// Goes on after a pause, a stop or a crash. A task that something outside it made fail, such as a service that was down or a limit,
    /// is gone on with where it failed; if that was a limit, its limits count anew.
    Resume,
    /// Gives back what the task did to files, or a part of it. Only a task that has ended can be undone; as long as something
    /// of it stands, it can be undone again.
    Undo {
        /// Only what is or was at these paths or below them; all of it if empty.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        paths: Vec<FilePath>,
        /// Only what these calls did; all of them if empty.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        calls: Vec<CallId>,
    },
}

impl Command {
    /// Asks for all that the task did to files to be given back.
    pub fn undo() -> Self {
        Self::Undo { paths: Vec::new(), calls: Vec::new() }
    }
}

/// A task, as it was given.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Submit {
    /// What is wanted, in words. At most 1 MiB.
    pub text: String,
    /// The folders it may use. Without one nothing of the person's files can be reached.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub folders: Vec<Folder>,
    /// What its commands may reach of a network. Without one, nothing.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub hosts: Vec<HostGrant>,
    /// How much it may do unasked.
    #[serde(default)]
    pub mode: Mode,
    /// What may be done without a question in [`Mode::Ask`].
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub allow: Vec<AllowRule>,
    /// The instruction files in its folders that the person trusts, each at a hash: one that is new or was changed is not followed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub trust: Vec<TrustedFile>,
    /// What the planner is told besides: a playbook's name and parameters, a model's name.
    #[serde(default, skip_serializing_if = "Value::is_null")]
    pub planner: Value,
    /// How many planning steps it may take at the most.
    #[serde(default = "Submit::default_steps")]
    pub max_steps: u32,
    /// What it may spend on models, and for how long it may work.
    #[serde(default, skip_serializing_if = "Budget::is_open")]
    pub budget: Budget,
    /// The tools that it may use; all that there are, if none are named.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tools: Option<Vec<String>>,
    /// What it is a part of, where a task gave it: [`Effects::subtask`]. From outside it is refused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent: Option<Box<Parent>>,
}

impl Submit {
    /// Gives a task in words, without folders, in `ask` mode.
    pub fn new(text: impl Into<String>) -> Self {
        Self {
            text: text.into(),
            folders: Vec::new(),
            hosts: Vec::new(),
            mode: Mode::Ask,
            allow: Vec::new(),
            trust: Vec::new(),
            planner: Value::Null,
            max_steps: Self::default_steps(),
            budget: Budget::default(),
            tools: None,
            parent: None,
        }
    }

    fn default_steps() -> u32 {
        1_000
    }
}

/// A folder that a person allowed a task to use: a grant.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Folder {
    /// What tools call it: the first part of every [`FilePath`] in it. One name, without `/`.
    pub name: String,
    /// Where it is on this computer: an absolute path, as [`crate::path::escape`] writes it.
    pub at: String,
    /// What may be done there.
    #[serde(default)]
    pub access: Access,
    /// Whether the person said twice that `/` or their whole home is meant. Such a folder is refused otherwise.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub whole: bool,
}

/// What may be done in a folder.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Access {
    /// Looking only.
    #[default]
    Read,
    /// Looking and changing.
    Write,
}

/// How much a task may do without asking.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// Reads in the granted folders; asks before every change.
    #[default]
    Ask,
    /// Reads only; changes are worked out and shown, never made.
    Plan,
    /// Reads and changes what can be undone in the granted folders; asks before anything else.
    Auto,
}

/// Yes or no.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    /// It may be done, once, exactly as shown.
    Allow,
    /// It may be done, and so may what the same tool does in the same folders in the rest of this task, if it can be undone
    /// ([`AllowRule`]). What can't be covered by rules is allowed this once.
    AllowTask,
    /// It may not.
    Deny,
}

/// One entry of a thread's log, as a screen, a phone and a test read it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Record {
    /// The version of the words it is written in.
    pub v: u16,
    /// The thread it belongs to.
    pub thread: ThreadId,
    /// Its place in the thread: 1, 2, 3, … without a gap.
    pub seq: u64,
    /// The task it belongs to; none for the thread's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub task: Option<TaskId>,
    /// The command or call that it follows from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cause: Option<uuid::Uuid>,
    /// Who brought it about.
    pub actor: Actor,
    /// When, by the clock of the writer. It may jump; `seq` is the order.
    pub at: Timestamp,
    /// Where its content came from and whom it belongs to.
    #[serde(default)]
    pub label: Label,
    /// Hash of the record before it in this thread; zeros for the first.
    pub prev_hash: Hash,
    /// Hash of the stored bytes of `event`.
    pub body_hash: Hash,
    /// What happened.
    pub event: crate::Body,
}

/// Who brought a record about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Actor {
    /// A person, by way of the sender named in the command.
    Person,
    /// The engine.
    Engine,
    /// The task's planner.
    Planner,
    /// A tool.
    Tool,
}

/// A BLAKE3 hash, in JSON as 64 hexadecimal digits.
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Hash(pub [u8; 32]);

/// What happened. Few events; each that lasts has a start and an end.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "type", rename_all = "snake_case")]
#[non_exhaustive]
pub enum Event {
    /// The thread was made. Always its first record.
    ThreadOpened {
        /// What a person calls it.
        title: String,
    },
    /// A command came in at the door. The inbox is this record: whoever holds the task's lease takes it up.
    Commanded {
        /// Who sent it.
        sender: String,
        /// The sender's name for it.
        id: CommandId,
        /// What is wanted.
        command: Command,
    },
    /// A command could not be followed.
    Refused {
        /// The `seq` of the command.
        command: u64,
        /// Why.
        error: Error,
    },
    /// A process took the task up: for the first time, after a rest, or after another process died.
    TaskStarted {
        /// Who holds the lease now.
        owner: String,
        /// The lease's fencing number.
        fence: u64,
    },
    /// What the task is told besides its words. It comes before its first decision, where there is anything to tell.
    Briefed {
        /// Notes, and instruction files.
        briefing: Briefing,
    },
    /// A note was kept for later tasks of the thread, in place of the one of that name; or forgotten.
    Noted {
        /// The call that asked for it; none if a person did it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        call: Option<CallId>,
        /// What it is called.
        name: String,
        /// What it says; empty if it is forgotten.
        text: String,
    },
    /// A model is about to be asked. Committed before it is.
    ModelAsked {
        /// The question's name.
        ask: AskId,
        /// The model.
        model: String,
        /// Where it is: the destination of all that the task has seen.
        at: String,
        /// What for, in a word: `plan`.
        purpose: String,
        /// The most that it may come to.
        most: Reserve,
    },
    /// A model answered, or did not.
    ModelAnswered {
        /// The question.
        ask: AskId,
        /// What it took.
        usage: Usage,
        /// What it cost, in millionths of a US dollar, if that is known.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        cost: Option<u64>,
        /// How often it was asked.
        tries: u32,
        /// Why there is no answer.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        error: Option<Error>,
    },
    /// The planner said what comes next.
    Decided(Arc<Decision>),
    /// The policy wants a person's word before a call. The task rests.
    PermissionAsked {
        /// The call it is about.
        call: CallId,
        /// Hash of the exact arguments; an answer names it.
        args_hash: Hash,
        /// What the call would do.
        effects: Effects,
        /// The policy's rule.
        rule: String,
        /// Why the rule asks.
        reason: String,
    },
    /// A call is about to run. Committed before it does.
    CallStarted {
        /// The call.
        call: CallId,
        /// 1 for the first time.
        attempt: u32,
        /// The policy's rule that let it.
        rule: String,
        /// Whether what it does must be guarded against being repeated.
        #[serde(default)]
        recovery: Recovery,
    },
    /// A call's work was given to a sub-task, which begins in the same commit.
    SubtaskStarted {
        /// The call.
        call: CallId,
        /// The sub-task.
        task: TaskId,
        /// What is set aside for it.
        reserve: Reserve,
    },
    /// A sub-task came to its end. Its call's end follows.
    SubtaskEnded {
        /// The call.
        call: CallId,
        /// What it spent, its own sub-tasks included.
        spent: Spent,
    },
    /// A call did its work apart from what that is about, and holds back what it would change: that is decided on as a call is, then done.
    CallHeld {
        /// The call.
        call: CallId,
        /// What is held back, and what the call gives once it is done.
        held: Held,
    },
    /// A call came to its end, or was not let run.
    CallFinished {
        /// The call.
        call: CallId,
        /// How it ended.
        outcome: Outcome,
        /// What the files were like that it read or wrote, as far as the task may rely on that later.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        seen: Vec<Sight>,
    },
    /// A started call has no known end: the process died or was stopped.
    CallInterrupted {
        /// The call.
        call: CallId,
        /// The attempt that was cut off.
        attempt: u32,
        /// What cut it off.
        reason: String,
    },
    /// The work was put down in an orderly way and can be taken up again.
    TaskStopped {
        /// Why.
        reason: String,
    },
    /// What the task changed was looked at again. Its end follows in the same commit.
    FilesChecked {
        /// What was found.
        report: FilesReport,
    },
    /// The task ended.
    TaskFinished {
        /// How.
        result: Finish,
    },
    /// Giving back began.
    UndoStarted {
        /// Only what is or was at these paths or below them; all of it if empty.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        paths: Vec<FilePath>,
        /// Only what these calls did; all of them if empty.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        calls: Vec<CallId>,
    },
    /// Giving back ended.
    UndoFinished {
        /// What was given back, and what was kept and why.
        report: UndoReport,
    },
    /// Giving back failed in the middle, and can be tried again.
    UndoFailed {
        /// Why.
        error: Error,
    },
    /// The task's journal was let go of, to keep the journals within their limits: what it did can't be undone any more.
    JournalReclaimed,
    /// An event of a later version, carried as it is.
    #[serde(skip)]
    Unknown {
        /// Its type.
        kind: String,
        /// Whether the thread can't be understood without it: then it is read-only here.
        critical: bool,
    },
}

/// What the planner wants next.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Decision {
    /// A sentence for the person.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub say: Option<String>,
    /// The plan, whole, where it changed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub plan: Option<Vec<PlanStep>>,
    /// Calls to make; those that don't conflict run at once.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub calls: Vec<Call>,
    /// The end of the task. Calls beside it are an error.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub finish: Option<Finish>,
    /// What the planner keeps for its own recovery: a program's hash, an interpreter's version.
    #[serde(default, skip_serializing_if = "Value::is_null")]
    pub note: Value,
    /// How many of the person's steers it was told of; those after it are new at the next one, wherever they stand in the log.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub heard: u32,
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde passes it so")]
fn is_zero(n: &u32) -> bool {
    *n == 0
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde passes it so")]
fn is_nothing(n: &u64) -> bool {
    *n == 0
}

/// One call of a tool.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Call {
    /// Its name in the log.
    pub id: CallId,
    /// The tool's name.
    pub tool: String,
    /// The arguments, as the tool's schema wants them.
    pub args: Args,
}

/// One line of the plan.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PlanStep {
    /// What is to be done: `Move files`.
    pub title: String,
    /// How far it is.
    pub state: StepState,
    /// What came of it, or what it works on: `467 to move, 45 stay`.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub detail: String,
}

/// How far a step of the plan is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum StepState {
    /// Not begun.
    Pending,
    /// Being done.
    Active,
    /// Done.
    Done,
    /// Left out.
    Skipped,
}

/// How a task ended.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "end", rename_all = "snake_case")]
pub enum Finish {
    /// It was done, or it was found that nothing was to be done.
    Done {
        /// The outcome, for a person.
        summary: String,
        /// The outcome, for a program.
        #[serde(default, skip_serializing_if = "Value::is_null")]
        data: Value,
    },
    /// It could not be done.
    Failed {
        /// Why.
        error: Error,
    },
    /// A person stopped it.
    Cancelled,
}

impl Finish {
    /// Says whether it ended because a person said no: that is no failure.
    pub fn is_refusal(&self) -> bool {
        let by_answer = |error: &Error| error.context.iter().any(|(name, value)| name == "rule" && value == "answer");
        matches!(self, Self::Failed { error } if error.kind == Kind::NotAllowed && by_answer(error))
    }
}

/// How a call ended.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "end", rename_all = "snake_case")]
pub enum Outcome {
    /// It ran.
    Done {
        /// What it gives back to the planner.
        value: Value,
        /// One line for a person; empty if there is nothing to say.
        #[serde(default, skip_serializing_if = "String::is_empty")]
        note: String,
    },
    /// It ran and failed, or its arguments did not fit. The planner is told.
    Failed {
        /// Why.
        error: Error,
    },
    /// A policy or a person said no. It did not run.
    Denied {
        /// The policy's rule, or `answer` for a person's.
        rule: String,
        /// Why.
        reason: String,
    },
    /// Plan mode: it did not run; this is what it would have done.
    Withheld {
        /// What it would have done.
        effects: Effects,
    },
}

/// What the engine does with a started call that has no known end.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Recovery {
    /// It changes nothing: run it again.
    ReadOnly,
    /// Running it twice is the same as once: run it again.
    Idempotent,
    /// The session's journal knows which of its changes were made: run it again, and only the rest is done.
    Journalled,
    /// Its outcome can't be known: never run it again, tell the planner.
    #[default]
    Unknown,
}

/// How many kept things a record of an undo names.
const MOST_KEPT: usize = 1000;

/// What undo gave back, and what it kept.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct UndoReport {
    /// How many changes were given back.
    pub undone: u64,
    /// How many had been given back before.
    pub already: u64,
    /// How many of the task's changes stand after it: those that were not asked for, and those that were kept. 0: everything
    /// was given back.
    #[serde(default, skip_serializing_if = "is_nothing")]
    pub left: u64,
    /// What was left as it is, because somebody changed it since. A record of the log names up to 1,000.
    pub kept: Vec<Kept>,
    /// How many more were left than `kept` names.
    #[serde(default, skip_serializing_if = "is_nothing")]
    pub unnamed: u64,
    /// Up to 20 of the paths that were given back, for a person to look at.
    pub examples: Vec<FilePath>,
}

impl UndoReport {
    /// Says how many were left as they are, named or not.
    pub fn kept_in_all(&self) -> u64 {
        self.unnamed.saturating_add(self.kept.len() as u64)
    }

    /// Names no more of what was kept than a record may hold, and counts the rest.
    pub(crate) fn shorten(&mut self) {
        self.unnamed = self.kept_in_all();
        self.kept.truncate(MOST_KEPT);
        self.unnamed -= self.kept.len() as u64;
    }
}

/// A change that was not given back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Kept {
    /// Where it is now.
    pub path: FilePath,
    /// Why it was left.
    pub reason: String,
    /// Where the task had left it, if that is elsewhere.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub was: Option<FilePath>,
}

/// What happens between records: shown, never stored, without a `seq`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Delta {
    /// The thread.
    pub thread: ThreadId,
    /// The task.
    pub task: TaskId,
    /// The call, where it comes from one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub call: Option<CallId>,
    /// What happens.
    pub what: DeltaKind,
}

/// What a delta shows.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "type", rename_all = "snake_case")]
#[non_exhaustive]
pub enum DeltaKind {
    /// Text as it is being written.
    Text {
        /// The next piece.
        text: String,
    },
    /// What a model thinks, as far as its service shows it.
    Thinking {
        /// The next piece.
        text: String,
    },
    /// A model writes a call of a tool.
    Calling {
        /// The tool.
        tool: String,
    },
    /// The answer that was being written was cut off and begins anew: what was shown of it does not count.
    Restarted,
    /// A model's service failed in a way that may pass, and is asked again after a while.
    Retrying {
        /// How often it was asked.
        tries: u32,
        /// How many milliseconds are waited.
        wait_ms: u64,
        /// What it said.
        why: String,
    },
    /// How far a long call is.
    Progress {
        /// So much is done.
        done: u64,
        /// Of so much; 0 if not known.
        total: u64,
        /// What it is at.
        note: String,
    },
}

/// Gives the JSON Schema of every word that crosses a boundary, under its name.
pub fn schema() -> Value {
    let mut generator = schemars::generate::SchemaSettings::draft2020_12().into_generator();
    generator.subschema_for::<Envelope>();
    generator.subschema_for::<Event>();
    generator.subschema_for::<Record>();
    generator.subschema_for::<Delta>();
    generator.subschema_for::<ChangeSet>();
    let defs = generator.take_definitions(true);
    serde_json::json!({ "$schema": "https://json-schema.org/draft/2020-12/schema", "version": VERSION, "$defs": defs })
}
