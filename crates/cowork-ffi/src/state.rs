//! A task as a host gets it: what [`Task`] folds, without what only the fold needs.

use cowork::{
    Briefing, CallId, Error, FilesReport, Finish, Label, Outcome, PlanStep, Result, Spent, Stage, Status, Steer,
    Submit, Task, TaskId, ThreadId, Timestamp, Turn, Undo, UndoReport,
};
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{Serialize, Serializer, ser};
use serde_json::Value;

/// A task, as its log tells it.
#[derive(Debug, Serialize, JsonSchema)]
pub struct TaskState<'a> {
    /// Its name.
    pub id: TaskId,
    /// The thread it belongs to.
    pub thread: ThreadId,
    /// Where it is.
    pub status: Status,
    /// What was asked for.
    pub submit: &'a Submit,
    /// When it came in.
    pub at: Timestamp,
    /// When its last record was made.
    pub last_at: Timestamp,
    /// The `seq` of its last record.
    pub head: u64,
    /// What was decided, oldest first.
    pub turns: Vec<TurnState<'a>>,
    /// The plan as it stands.
    pub plan: &'a [PlanStep],
    /// What the person said to it. Those whose `turn` is not below the number of turns are new to the planner.
    pub steers: &'a [Steer],
    /// What it was told besides its words, if anything.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub briefing: Option<&'a Briefing>,
    /// Everything that the planner has seen, joined.
    pub label: &'a Label,
    /// What it has spent on models, and how long it worked.
    pub spent: &'a Spent,
    /// What its end found of what it changed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub files: Option<&'a FilesReport>,
    /// How it ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub result: Option<&'a Finish>,
    /// Where its undo is.
    pub undo: UndoState<'a>,
}

/// One decision and what came of its calls.
#[derive(Debug, Serialize, JsonSchema)]
pub struct TurnState<'a> {
    /// What was said to the person.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub say: Option<&'a str>,
    /// What the planner keeps for its own recovery.
    #[serde(skip_serializing_if = "Value::is_null")]
    pub note: &'a Value,
    /// The calls, in their order.
    pub calls: Vec<CallReport<'a>>,
}

/// A call and how far it is.
#[derive(Debug, Serialize, JsonSchema)]
pub struct CallReport<'a> {
    /// Its name in the log.
    pub id: CallId,
    /// The tool.
    pub tool: &'a str,
    /// The arguments.
    pub args: &'a Value,
    /// Where it is.
    pub stage: Stage,
    /// How often it was started.
    pub attempt: u32,
    /// How it ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub outcome: Option<Outcome>,
    /// The sub-task that does its work, if one does.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subtask: Option<TaskId>,
}

/// Where a task's undo is.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum UndoState<'a> {
    /// Not asked for.
    None,
    /// Asked for, or begun and cut off.
    Wanted,
    /// Done.
    Done {
        /// What was given back, and what was kept and why.
        report: &'a UndoReport,
    },
    /// Failed; it can be asked for again.
    Failed {
        /// Why.
        error: &'a Error,
    },
    /// The journal was let go of: nothing can be given back any more.
    Reclaimed,
}

impl<'a> TaskState<'a> {
    /// Gives a task so.
    ///
    /// # Errors
    /// `Corrupt` if a record can't be read.
    pub fn of(task: &'a Task) -> Result<Self> {
        Ok(Self {
            id: task.id,
            thread: task.thread,
            status: task.status(),
            submit: &task.submit,
            at: task.at,
            last_at: task.last_at,
            head: task.head,
            turns: task.turns.iter().map(turn).collect::<Result<_>>()?,
            plan: &task.plan,
            steers: &task.steers,
            briefing: task.briefing.as_deref(),
            label: &task.label,
            spent: &task.spent,
            files: task.files.as_deref(),
            result: task.result.as_ref(),
            undo: undo(&task.undo),
        })
    }
}

fn turn(turn: &Turn) -> Result<TurnState<'_>> {
    let decision = &turn.decision;
    let calls = decision.calls.iter().zip(&turn.calls).map(|(call, state)| {
        Ok(CallReport {
            id: call.id,
            tool: &call.tool,
            args: &call.args,
            stage: state.stage,
            attempt: state.attempt,
            outcome: state.outcome()?,
            subtask: state.subtask,
        })
    });
    Ok(TurnState { say: decision.say.as_deref(), note: &decision.note, calls: calls.collect::<Result<_>>()? })
}

fn undo(undo: &Undo) -> UndoState<'_> {
    match undo {
        Undo::None => UndoState::None,
        Undo::Wanted(_) => UndoState::Wanted,
        Undo::Done(report) => UndoState::Done { report },
        Undo::Failed(error) => UndoState::Failed { error },
        Undo::Reclaimed => UndoState::Reclaimed,
    }
}

/// A task that is written as a [`TaskState`].
pub(crate) struct Told(pub(crate) Task);

impl Serialize for Told {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        TaskState::of(&self.0).map_err(ser::Error::custom)?.serialize(serializer)
    }
}

impl JsonSchema for Told {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        TaskState::schema_name()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        TaskState::json_schema(generator)
    }
}
