//! `cowork resume`

use cowork::{Command, Status, Summary};

use crate::{
    app::App,
    fail::{Exit, Fail, wrong},
    follow::{How, follow},
    look::Look,
    models::Unready,
    names,
    out::Out,
    render::{
        ask,
        line::{Line, Role},
        text::{count, cut, one_line},
    },
    signals::Signals,
};

/// Goes on with one task, paused or interrupted.
pub(crate) async fn one(app: &App, task: &str, yes: bool, json: bool) -> Result<Exit, Fail> {
    let task = names::task(&app.engine, task).await?;
    let id = task.task.short();
    let ready = app.engine.ready().await?.contains(&task.task);
    if !ready && task.status.is_ended() {
        return Err(wrong(format!("task {id} has ended"), format!("look at it: cowork show {id}")));
    }
    let mut signals = Signals::listen()?;
    let after = app.engine.task(task.task).await?.head;
    if matches!(task.status, Status::Paused | Status::Stopped) {
        app.tell(task.thread, task.task, Command::Resume).await?;
    }
    app.adopt(task.task).await?;
    let exit = follow(app, task.thread, task.task, How { yes, json, after }, &mut signals).await?;
    app.close(&mut signals).await;
    Ok(exit)
}

/// Goes on with every task that was interrupted, one after the other, and says what else waits. Those whose model can't be made
/// are named and left.
pub(crate) async fn all(app: &App, unready: &[Unready], yes: bool, json: bool) -> Result<Exit, Fail> {
    let ready = app.engine.ready().await?;
    let tasks = app.engine.tasks().await?;
    let mut left = Vec::new();
    for task in tasks.iter().filter(|t| ready.contains(&t.task)) {
        if !app.engine.is_held(task.task).await? {
            left.push(task);
        }
    }
    let mut exit = Exit::Done;
    let mut signals = Signals::listen()?;
    for task in &left {
        if let Some(Unready { why, .. }) = unready.iter().find(|u| u.task == task.task) {
            let mut why = why.clone().with("task", task.task.to_string());
            why.message = format!("task {} can't go on: {}", task.task.short(), why.message);
            Fail::from(why).tell(json);
            exit = Exit::Failed;
            continue;
        }
        let after = app.engine.task(task.task).await?.head;
        app.adopt(task.task).await?;
        let ended = follow(app, task.thread, task.task, How { yes, json, after }, &mut signals).await?;
        if ended == Exit::Interrupted {
            return Ok(ended);
        }
        exit = worse(exit, ended);
    }
    if !json {
        let look = Look::of_stdout();
        Out::default().lines(&others(app, &tasks, left.len(), &look).await?, &look);
    }
    app.close(&mut signals).await;
    Ok(exit)
}

fn worse(a: Exit, b: Exit) -> Exit {
    match (a, b) {
        (Exit::Failed, _) | (_, Exit::Failed) => Exit::Failed,
        (Exit::Waiting, _) | (_, Exit::Waiting) => Exit::Waiting,
        _ => b,
    }
}

async fn others(app: &App, tasks: &[Summary], resumed: usize, look: &Look) -> Result<Vec<Line>, Fail> {
    let mut lines = Vec::new();
    let of = |status: Status| tasks.iter().filter(move |t| t.status == status);
    for task in of(Status::Waiting) {
        // Those that were gone on with have said it.
        if resumed == 0 {
            let title = cut(&one_line(&task.text), look.columns().saturating_sub(24)).into_owned();
            lines.push(Line::margin().add(Role::Accent, task.task.short()).add(Role::Plain, format!("  {title}")));
            for one in app.engine.asks(task.task).await? {
                lines.extend(ask::how_to_answer(&one, false));
            }
            lines.push(Line::default());
        }
    }
    let paused: Vec<String> = of(Status::Paused).map(|t| t.task.short()).collect();
    if !paused.is_empty() {
        let what = format!("{} paused: {}", count(paused.len() as u64, "task"), paused.join(", "));
        lines.push(Line::margin().add(Role::Waiting, what).add(Role::Plain, "   go on with cowork resume TASK"));
    }
    if resumed == 0 {
        lines.push(Line::margin().add(Role::Plain, "Nothing was interrupted."));
    }
    Ok(lines)
}
