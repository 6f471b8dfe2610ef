//! The table of operations: what can be asked of an engine, by name, with JSON in and JSON out.

mod tasks;
mod threads;

use std::sync::Arc;

use cowork::{
    ChangeSet, Envelope, Error, Finding, Folder, Item, Kind, Record, Result, Summary, TaskId, ThreadId, ThreadNote,
    ToolSpec, UndoReport,
};
use schemars::{Schema, SchemaGenerator};
use serde::Serialize;

use crate::{TaskView, open::Open, state::Told, text, words::*};

/// An operation, for whoever makes a client of them.
#[derive(Clone, Debug, Serialize)]
pub struct Operation {
    /// Its name: `submit`.
    pub name: &'static str,
    /// What it does, in sentences.
    pub about: String,
    /// Whether it gives one result, or one after the other.
    pub kind: OperationKind,
    /// The JSON Schema of what it is called with: an object.
    pub args: Schema,
    /// The JSON Schema of what it gives; of each thing, for a stream.
    pub result: Schema,
}

/// Whether an operation gives one result.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum OperationKind {
    /// One ([`Handle::call`](crate::Handle::call)).
    Call,
    /// One after the other ([`Handle::events`](crate::Handle::events)).
    Stream,
}

macro_rules! operations {
    ($($(#[doc = $about:literal])+ $name:ident($args:ty) -> $result:ty = $run:path;)+) => {
        /// Gives every operation that is called, with its schemas made by this generator.
        fn called(generator: &mut SchemaGenerator) -> Vec<Operation> {
            vec![$(Operation {
                name: stringify!($name),
                about: joined(&[$($about),+]),
                kind: OperationKind::Call,
                args: generator.subschema_for::<$args>(),
                result: generator.subschema_for::<$result>(),
            }),+]
        }

        /// Carries out an operation.
        pub(crate) async fn run(open: Arc<Open>, name: &str, args: &str) -> Result<String> {
            match name {
                $(stringify!($name) => {
                    let args: $args = text::read_object(concat!("what `", stringify!($name), "` is called with"), args)?;
                    let given: $result = Box::pin($run(&open, args)).await?;
                    text::write(&given)
                })+
                _ => Err(unknown(name, &[$(stringify!($name)),+])),
            }
        }
    };
}

operations! {
    /// Submits a task to a thread, which is made if there is none, and takes it up. It gives the task's name once that is durable. To give the call up
    /// before cancels the task.
    submit(SubmitTask) -> TaskId = tasks::submit;
    /// Does a task to its end, and gives it: `submit`, then `finished`. To give the call up cancels the task.
    run(SubmitTask) -> Told = tasks::run;
    /// Puts a command into its thread's log, durably; one that was accepted before is accepted again without effect.
    send(Envelope) -> () = tasks::send;
    /// Answers a question that a task asked.
    answer(AnswerTask) -> () = tasks::answer;
    /// Says something to a task that runs; it is taken in before the next planning step.
    steer(SteerTask) -> () = tasks::steer;
    /// Ends a task: running calls are stopped, nothing more is started. What was done stays done, and can be undone.
    cancel(TellTask) -> () = tasks::cancel;
    /// Lets running calls of a task finish, then has it rest until `resume`.
    pause(TellTask) -> () = tasks::pause;
    /// Has a task go on after a pause, a stop or a crash.
    resume(TellTask) -> () = tasks::resume;
    /// Gives back what a task did to files, or a part of it, and says what was given back. Only a task that has ended can be undone.
    undo(UndoTask) -> UndoReport = tasks::undo;
    /// Says what undoing a task, or this part of it, would give back, and what it would keep. Nothing is changed.
    preview_undo(UndoTask) -> UndoReport = tasks::preview_undo;
    /// Gives what a task changed in its folders so far, each thing once, by path.
    changes(OneTask) -> ChangeSet = tasks::changes;
    /// Takes up a task that another process left, or that was given elsewhere.
    adopt(OneTask) -> () = tasks::adopt;
    /// Gives a task as its log tells it now.
    task(OneTask) -> Told = tasks::task;
    /// Waits until a task has ended, or rests until somebody says something, and gives it.
    settled(OneTask) -> Told = tasks::settled;
    /// Waits until a task is done, and gives it. What it failed with is thrown, `Cancelled` if it was cancelled; `Unavailable` if it rests until
    /// somebody says something.
    finished(OneTask) -> Told = tasks::finished;
    /// Gives the questions of a task and of its sub-tasks that wait for an answer.
    asks(OneTask) -> Vec<cowork::Ask> = tasks::asks;
    /// Says whether a process that is alive works on a task.
    held(OneTask) -> bool = tasks::held;
    /// Gives every task, the oldest first. Sub-tasks are not among them.
    tasks(Nothing) -> Vec<Summary> = tasks::all;
    /// Gives the tasks that an engine has something to do for, those that a dead process left among them, the oldest first.
    ready(Nothing) -> Vec<TaskId> = tasks::ready;
    /// Gives every thread.
    threads(Nothing) -> Vec<ThreadEntry> = threads::all;
    /// Makes sure that there is a thread, and gives its id.
    open(OpenThread) -> ThreadId = threads::open;
    /// Gives records that are in the log now, in order.
    read(ReadRecords) -> Vec<Record> = threads::read;
    /// Gives the notes of a thread, by name: what its tasks are told besides their words.
    notes(OneThread) -> Vec<ThreadNote> = threads::notes;
    /// Keeps a note in a thread's log for a person, in the place of the one of that name; an empty text forgets that one.
    note(KeepNote) -> () = threads::note;
    /// Makes a grant of a folder's path.
    folder(FolderAt) -> Folder = threads::folder;
    /// Describes the tools that there are, by name.
    tools(Nothing) -> Vec<ToolSpec> = threads::tools;
    /// Looks at the store, the sandbox and the planners, and says what is in order and what is not.
    check(Nothing) -> Vec<Finding> = threads::check;
}

/// Says whether an operation tells a task or a thread something, which is soon written down.
pub(crate) fn is_command(name: &str) -> bool {
    let is_to_a_task = matches!(name, "submit" | "send" | "answer" | "steer" | "cancel" | "pause" | "resume" | "undo");
    is_to_a_task || matches!(name, "open" | "note")
}

/// Gives every operation, with its schemas made by this generator.
pub(crate) fn all(generator: &mut SchemaGenerator) -> Vec<Operation> {
    let mut all = called(generator);
    all.push(Operation {
        name: "events",
        about: "Gives what happens in a thread, or in a task: all records after one, then what comes. Between them come deltas, which are never \
            stored. A reader that is too slow is told so, and misses no record."
            .to_owned(),
        kind: OperationKind::Stream,
        args: generator.subschema_for::<FollowEvents>(),
        result: generator.subschema_for::<Item>(),
    });
    all.push(Operation {
        name: "views",
        about: "Gives a task as people look at it: as it is now, then whenever it has changed, ten times in a second at the most, and for the \
            last time once it has ended, or rests until somebody says something."
            .to_owned(),
        kind: OperationKind::Stream,
        args: generator.subschema_for::<OneTask>(),
        result: generator.subschema_for::<TaskView>(),
    });
    all
}

fn joined(lines: &[&str]) -> String {
    lines.iter().map(|line| line.trim()).collect::<Vec<_>>().join(" ")
}

fn unknown(name: &str, known: &[&str]) -> Error {
    let shown: String = name.chars().take(60).collect();
    Error::new(Kind::NotFound, "call engine", format!("there is no operation `{}`", shown.escape_debug()))
        .with_fix(format!("there are: {}", known.join(", ")))
}
