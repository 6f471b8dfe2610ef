//! A task as a host gets it: what [`Task`] folds, without what only the fold needs.

use std::borrow::Cow;

use cowork::{
    Args, Briefing, CallId, Error, FilesReport, Finish, Label, Outcome, PlanStep, Result, Spent, Stage, Status, Steer,
    Submit, Task, TaskId, ThreadId, Timestamp, Turn, Undo, UndoReport,
};
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{Deserialize, Serialize, Serializer, ser};
use serde_json::Value;

/// A task, as its log tells it.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct TaskState<'a> {
    /// Its name.
    pub id: TaskId,
    /// The thread it belongs to.
    pub thread: ThreadId,
    /// Where it is.
    pub status: Status,
    /// What was asked for.
    pub submit: Cow<'a, Submit>,
    /// When it came in.
    pub at: Timestamp,
    /// When its last record was made.
    pub last_at: Timestamp,
    /// The `seq` of its last record.
    pub head: u64,
    /// What was decided, oldest first.
    pub turns: Vec<TurnState<'a>>,
    /// The plan as it stands.
    pub plan: Cow<'a, [PlanStep]>,
    /// What the person said to it. Those whose `turn` is not below the number of turns are new to the planner.
    pub steers: Cow<'a, [Steer]>,
    /// What it was told besides its words, if anything.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub briefing: Option<Cow<'a, Briefing>>,
    /// Everything that the planner has seen, joined.
    pub label: Cow<'a, Label>,
    /// What it has spent on models, and how long it worked.
    pub spent: Cow<'a, Spent>,
    /// What its end found of what it changed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub files: Option<Cow<'a, FilesReport>>,
    /// How it ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub result: Option<Cow<'a, Finish>>,
    /// Where its undo is.
    pub undo: UndoState<'a>,
}

/// One decision and what came of its calls.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct TurnState<'a> {
    /// What was said to the person.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub say: Option<Cow<'a, str>>,
    /// What the planner keeps for its own recovery.
    #[serde(default, skip_serializing_if = "is_null")]
    pub note: Cow<'a, Value>,
    /// The calls, in their order.
    pub calls: Vec<CallReport<'a>>,
}

/// A call and how far it is.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct CallReport<'a> {
    /// Its name in the log.
    pub id: CallId,
    /// The tool.
    pub tool: Cow<'a, str>,
    /// The arguments.
    pub args: Args,
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
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum UndoState<'a> {
    /// Not asked for.
    None,
    /// Asked for, or begun and cut off.
    Wanted,
    /// Done.
    Done {
        /// What was given back, and what was kept and why.
        report: Cow<'a, UndoReport>,
    },
    /// Failed; it can be asked for again.
    Failed {
        /// Why.
        error: Cow<'a, Error>,
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
            submit: Cow::Borrowed(&task.submit),
            at: task.at,
            last_at: task.last_at,
            head: task.head,
            turns: task.turns.iter().map(turn).collect::<Result<_>>()?,
            plan: Cow::Borrowed(&task.plan),
            steers: Cow::Borrowed(&task.steers),
            briefing: task.briefing.as_deref().map(Cow::Borrowed),
            label: Cow::Borrowed(&task.label),
            spent: Cow::Borrowed(&task.spent),
            files: task.files.as_deref().map(Cow::Borrowed),
            result: task.result.as_ref().map(Cow::Borrowed),
            undo: undo(&task.undo),
        })
    }
}

fn turn(turn: &Turn) -> Result<TurnState<'_>> {
    let decision = &turn.decision;
    let calls = decision.calls.iter().zip(&turn.calls).map(|(call, state)| {
        Ok(CallReport {
            id: call.id,
            tool: call.tool.as_str().into(),
            args: call.args.clone(),
            stage: state.stage,
            attempt: state.attempt,
            outcome: state.outcome()?,
            subtask: state.subtask,
        })
    });
    let say = decision.say.as_deref().map(Cow::Borrowed);
    Ok(TurnState { say, note: Cow::Borrowed(&decision.note), calls: calls.collect::<Result<_>>()? })
}

fn is_null(note: &Value) -> bool {
    note.is_null()
}

fn undo(undo: &Undo) -> UndoState<'_> {
    match undo {
        Undo::None => UndoState::None,
        Undo::Wanted(_) => UndoState::Wanted,
        Undo::Done(report) => UndoState::Done { report: Cow::Borrowed(report) },
        Undo::Failed(error) => UndoState::Failed { error: Cow::Borrowed(error) },
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
    fn schema_name() -> Cow<'static, str> {
        TaskState::schema_name()
    }

    fn schema_id() -> Cow<'static, str> {
        TaskState::schema_id()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        TaskState::json_schema(generator)
    }
}
