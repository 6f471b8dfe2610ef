//! `cowork tasks`

use cowork::{Runtime, Status, Summary, TokioRuntime};
use tokio::runtime::Handle;

use crate::{
    app::App,
    fail::{Exit, Fail},
    look::Look,
    out::Out,
    render::{
        line::{Line, Role},
        text::{age, one_line, shorten},
    },
};

/// More are seldom looked at, and each open one costs a look at its lease.
const LAST: usize = 50;

/// Lists the tasks, the newest last.
pub(crate) async fn tasks(app: &App, json: bool, all: bool) -> Result<Exit, Fail> {
    let tasks = app.engine.tasks().await?;
    let first = if all || json { 0 } else { tasks.len().saturating_sub(LAST) };
    let look = Look::of_stdout();
    let mut out = Out::default();
    let mut text = String::new();
    if first > 0 {
        let older = format!("  {first} older ones: cowork tasks --all\n");
        text.push_str(&older);
    }
    let now = TokioRuntime::new(Handle::current()).now();
    for task in &tasks[first..] {
        let state = state(app, task).await?;
        if json {
            text.push_str(&as_json(task, &state)?);
        } else {
            text.push_str(&row(task, &state, &age(now.since(task.at)), &look).write(look.colour));
        }
        text.push('\n');
    }
    if tasks.is_empty() && !json {
        text.push_str("  No tasks yet. Start one: cowork run --folder ~/Downloads \"Organise these files by type\"\n");
    }
    out.text(&text);
    Ok(Exit::Done)
}

/// A task's state in a word, with what only the leases know: that its process is dead.
pub(crate) struct State {
    pub(crate) word: &'static str,
    pub(crate) role: Role,
    pub(crate) interrupted: bool,
}

/// Says where a task is.
pub(crate) async fn state(app: &App, task: &Summary) -> Result<State, Fail> {
    let open = matches!(task.status, Status::Running | Status::Queued | Status::Stopped);
    let interrupted = open && !app.engine.is_held(task.task).await?;
    let (word, role) = match task.status {
        _ if interrupted => ("interrupted", Role::Waiting),
        Status::Queued => ("queued", Role::Accent),
        Status::Running | Status::Stopped => ("running", Role::Accent),
        Status::Waiting => ("waiting", Role::Waiting),
        Status::Paused => ("paused", Role::Waiting),
        Status::Done => ("done", Role::Done),
        Status::Failed => ("failed", Role::Failed),
        Status::Cancelled => ("cancelled", Role::Quiet),
        Status::Undone => ("undone", Role::Quiet),
        _ => ("unknown", Role::Quiet),
    };
    Ok(State { word, role, interrupted })
}

fn row(task: &Summary, state: &State, age: &str, look: &Look) -> Line {
    let line = Line::margin()
        .add(Role::Accent, task.task.short())
        .add(Role::Quiet, format!("  {age:>6}  "))
        .add(state.role, format!("{:<11}", state.word))
        .add(Role::Plain, "  ");
    let room = if look.live { look.width.saturating_sub(line.width() + 1) } else { 200 };
    let text = one_line(&task.text);
    line.add(Role::Plain, shorten(&text, room))
}

fn as_json(task: &Summary, state: &State) -> Result<String, Fail> {
    let internal =
        |e| cowork::Error::new(cowork::Kind::Internal, "write task", "a task can't be written as JSON").with_source(e);
    let mut value = serde_json::to_value(task).map_err(internal)?;
    value["interrupted"] = state.interrupted.into();
    Ok(value.to_string())
}
