//! `cowork steer`, `cowork pause`, `cowork cancel`: they reach a task from any process.

use std::{ffi::OsStr, time::Duration};

use cowork::{Command, Status, Summary};

use crate::{
    app::App,
    commands::run::as_text,
    fail::{Exit, Fail, wrong},
    look::Look,
    names,
    out::Out,
    render::{
        line::{Line, Role},
        outcome::next,
    },
};

/// How long a running task may take to follow before we say that it has not yet.
const PATIENCE: Duration = Duration::from_secs(10);

/// Says something to a task.
pub(crate) async fn steer(app: &App, task: &str, text: &OsStr) -> Result<Exit, Fail> {
    let text = as_text(text, "what you say")?;
    let task = open_task(app, task).await?;
    app.tell(task.thread, task.task, Command::Steer { text }).await?;
    let id = task.task.short();
    let held = app.engine.is_held(task.task).await?;
    say(&match (held, task.status) {
        (true, _) => vec![done("Said.", &format!("Task {id} takes it in before its next step."))],
        (_, Status::Waiting) => vec![done("Said.", &format!("Task {id} takes it in once its question is answered."))],
        _ => vec![
            done("Said.", &format!("Task {id} takes it in when it goes on; nobody works on it now.")),
            next("Go on:", &format!("cowork resume {id}")),
        ],
    });
    Ok(Exit::Done)
}

/// Lets a task rest.
pub(crate) async fn pause(app: &App, task: &str) -> Result<Exit, Fail> {
    let task = open_task(app, task).await?;
    let id = task.task.short();
    let on = next("Go on:", &format!("cowork resume {id}"));
    if task.status == Status::Paused {
        say(&[done("Paused", "already."), on]);
        return Ok(Exit::Done);
    }
    let held = app.engine.is_held(task.task).await?;
    app.tell(task.thread, task.task, Command::Pause).await?;
    let said = match held {
        true => done("Pausing.", "It rests once the tools that run are finished."),
        false => done("Paused.", "Nobody worked on it."),
    };
    say(&[said, on]);
    Ok(Exit::Done)
}

/// Ends a task, whoever works on it or nobody.
pub(crate) async fn cancel(app: &App, task: &str) -> Result<Exit, Fail> {
    let task = open_task(app, task).await?;
    let id = task.task.short();
    app.tell_and_adopt(&task, Command::Cancel).await?;
    let Ok(ended) = tokio::time::timeout(PATIENCE, app.engine.settled(task.task)).await else {
        say(&[
            Line::margin().add(Role::Waiting, "Not yet.").add(Role::Plain, " It was told, and ends as soon as it can."),
            next("See it:", &format!("cowork show {id}")),
        ]);
        return Ok(Exit::Failed);
    };
    let ended = ended?;
    let mut lines = match ended.status() {
        Status::Cancelled => vec![done("Cancelled.", "What was done stays done.")],
        // It was faster than we were.
        other => vec![done("Ended", &format!("before it could be cancelled: {other:?}.").to_lowercase())],
    };
    if ended.journalled {
        lines.push(next("Undo:", &format!("cowork undo {id}")));
    }
    say(&lines);
    Ok(Exit::Done)
}

async fn open_task(app: &App, task: &str) -> Result<Summary, Fail> {
    let task = names::task(&app.engine, task).await?;
    let id = task.task.short();
    if task.status.is_ended() {
        return Err(wrong(format!("task {id} has ended"), format!("look at it: cowork show {id}")));
    }
    Ok(task)
}

fn done(what: &str, more: &str) -> Line {
    Line::margin().add(Role::Done, what).add(Role::Plain, format!(" {more}"))
}

fn say(lines: &[Line]) {
    Out::default().lines(lines, &Look::of_stdout());
}
