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
        outcome::next,
        plain::asked,
        text::{count, cut, one_line, wrap},
    },
    signals::Signals,
};

/// So many tasks are named.
const MOST: usize = 8;

/// Goes on with one task: paused, interrupted, or failed for something that may be mended by now.
pub(crate) async fn one(app: &App, task: &str, yes: bool, json: bool) -> Result<Exit, Fail> {
    let task = names::task(&app.engine, task).await?;
    let id = task.task.short();
    let ready = app.engine.ready().await?.contains(&task.task);
    let folded = app.engine.task(task.task).await?;
    let has_ended = !ready && folded.result.is_some();
    if let Err(error) = folded.can_go_on()
        && has_ended
    {
        let why = error.message.replacen("the task", &format!("task {id}"), 1);
        return Err(wrong(why, format!("look at it: cowork show {id}")));
    }
    let mut signals = Signals::listen()?;
    let after = folded.head;
    // One that was told to pause and still runs a tool does not rest after it.
    if has_ended || folded.paused || task.status == Status::Stopped {
        app.tell(task.thread, task.task, Command::Resume).await?;
    }
    app.adopt(task.task).await?;
    let exit = follow(app, task.thread, task.task, How { yes, json, after, cancels: false }, &mut signals).await?;
    app.close(&mut signals).await;
    Ok(exit)
}

/// Goes on with every task that was interrupted, one after the other, and says which these are and what else waits. Those whose
/// model can't be made are named and left.
pub(crate) async fn all(app: &App, unready: &[Unready], yes: bool, json: bool) -> Result<Exit, Fail> {
    let ready = app.engine.ready().await?;
    let tasks = app.engine.tasks().await?;
    let mut left = Vec::new();
    for task in tasks.iter().filter(|t| ready.contains(&t.task)) {
        if !app.engine.is_held(task.task).await? {
            left.push(task);
        }
    }
    let resumed = left.len();
    let mut exit = Exit::Done;
    for Unready { task, why } in unready.iter().filter(|u| left.iter().any(|t| t.task == u.task)) {
        let mut why = why.clone().with("task", task.to_string());
        why.message = format!("task {} can't go on: {}", task.short(), why.message);
        Fail::from(why).tell(json);
        exit = Exit::Failed;
    }
    left.retain(|t| unready.iter().all(|u| u.task != t.task));
    let look = Look::of_stdout();
    let say = |lines: Vec<Line>| {
        if !json {
            Out::default().lines(&lines, &look);
        }
    };
    if left.len() > 1 {
        let text = format!("Goes on with {}, one after the other: {}.", count(left.len() as u64, "task"), named(&left));
        say(wrapped(Role::Plain, &text, &look));
    }
    let mut signals = Signals::listen()?;
    for (at, task) in left.iter().enumerate() {
        let after = app.engine.task(task.task).await?.head;
        app.adopt(task.task).await?;
        let ended = follow(app, task.thread, task.task, How { yes, json, after, cancels: false }, &mut signals).await?;
        if ended == Exit::Interrupted {
            say(waiting("still", &left[at + 1..], ["Go on:", "cowork resume"], &look));
            return Ok(ended);
        }
        exit = worse(exit, ended);
    }
    say(others(app, &tasks, resumed, &look).await?);
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

/// Says which tasks wait, and what can be done about it.
fn waiting(how: &str, tasks: &[&Summary], [title, command]: [&str; 2], look: &Look) -> Vec<Line> {
    if tasks.is_empty() {
        return Vec::new();
    }
    let verb = if tasks.len() == 1 { "waits" } else { "wait" };
    let text = format!("{} {verb} {how}: {}", count(tasks.len() as u64, "task"), named(tasks));
    let mut lines = wrapped(Role::Waiting, &text, look);
    lines.push(next(title, command));
    lines
}

fn named(tasks: &[&Summary]) -> String {
    let more = tasks.len().checked_sub(MOST).filter(|n| *n > 0).map(|n| format!(" and {n} more")).unwrap_or_default();
    tasks.iter().take(MOST).map(|t| t.task.short()).collect::<Vec<_>>().join(", ") + &more
}

fn wrapped(role: Role, text: &str, look: &Look) -> Vec<Line> {
    wrap(text, look.columns().saturating_sub(4)).into_iter().map(|l| Line::margin().add(role, l)).collect()
}

async fn others(app: &App, tasks: &[Summary], resumed: usize, look: &Look) -> Result<Vec<Line>, Fail> {
    let mut lines = Vec::new();
    let of = |status: Status| tasks.iter().filter(move |t| t.status == status);
    // Those that were gone on with say themselves what they ask.
    let asking: Vec<&Summary> = of(Status::Waiting).collect();
    if resumed > 0 {
        let show = asking.first().filter(|_| asking.len() == 1).map_or_else(|| "TASK".to_owned(), |t| t.task.short());
        lines.extend(waiting("for an answer", &asking, ["Look:", &format!("cowork show {show}")], look));
    }
    for task in asking.iter().filter(|_| resumed == 0) {
        let title = cut(&one_line(&task.text), look.columns().saturating_sub(24)).into_owned();
        lines.push(Line::margin().add(Role::Accent, task.task.short()).add(Role::Plain, format!("  {title}")));
        for one in app.engine.asks(task.task).await? {
            lines.extend(asked(&one, false, look));
            lines.push(Line::default());
            lines.extend(ask::how_to_answer(&one, false));
        }
        lines.push(Line::default());
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
