//! `cowork undo`

use cowork::{Command, Kind, Status, Summary, UndoReport};

use crate::{
    app::App,
    fail::{Exit, Fail, wrong},
    follow::{How, follow},
    keys::Keys,
    look::Look,
    names,
    out::Out,
    render::{
        line::{Line, Role},
        outcome,
    },
    signals::Signals,
};

// What takes its time with many files, on a terminal.
const LOOKING: &str = "  Looking at what can be given back …";
const GIVING: &str = "  Giving back …";
const WIPE: &str = "\r\x1b[K";

/// Shows what would be given back, asks, gives it back.
pub(crate) async fn undo(app: &App, task: Option<&str>, yes: bool, json: bool) -> Result<Exit, Fail> {
    let look = Look::of_stdout();
    let mut out = Out::default();
    let busy = look.live && !json;
    out.text(if busy { LOOKING } else { "" });
    let found = match task {
        Some(task) => named(app, task).await,
        None => last(app).await,
    };
    out.text(if busy { WIPE } else { "" });
    let (task, report) = found?;
    let mut signals = Signals::listen()?;
    if !json {
        out.text("\n");
        out.lines(&outcome::undo_preview(&app.engine.task(task.task).await?, &report, &look), &look);
        out.text("\n");
    }
    if !yes {
        if json || !look.asks {
            return Err(wrong(
                "nobody can be asked here whether to undo",
                format!("to do it: cowork undo --yes {}", task.task.short()),
            ));
        }
        match asked(&mut out, &look, &mut signals).await {
            Some(true) => {}
            Some(false) => {
                out.lines(&[Line::margin().add(Role::Plain, "Nothing was changed.")], &look);
                return Ok(Exit::Done);
            }
            None => return Ok(Exit::Interrupted),
        }
    }
    out.text(if busy { GIVING } else { "" });
    let after = app.engine.task(task.task).await?.head;
    app.tell_and_adopt(&task, Command::Undo).await?;
    follow(app, task.thread, task.task, How { yes: false, json, after }, &mut signals).await
}

async fn named(app: &App, task: &str) -> Result<(Summary, UndoReport), Fail> {
    let task = names::task(&app.engine, task).await?;
    let id = task.task.short();
    match task.status {
        Status::Undone => {
            return Err(wrong(format!("task {id} was undone already"), format!("look at it: cowork show {id}")));
        }
        Status::Done | Status::Failed | Status::Cancelled => {}
        _ => {
            let why = format!("task {id} has not ended, and only what has ended can be undone");
            return Err(wrong(why, format!("end it first: cowork cancel {id}")));
        }
    }
    if !app.engine.task(task.task).await?.journalled {
        return Err(wrong(format!("task {id} changed no file"), "there is nothing to undo"));
    }
    let report = app.engine.preview_undo(task.task).await?;
    Ok((task, report))
}

/// Finds the last ended task that changed something and was not undone.
async fn last(app: &App) -> Result<(Summary, UndoReport), Fail> {
    let mut open = None;
    for summary in app.engine.tasks().await?.into_iter().rev() {
        let task = match summary.status {
            Status::Undone => continue,
            _ => app.engine.task(summary.task).await?,
        };
        if !task.journalled {
            continue;
        }
        if task.result.is_none() {
            open.get_or_insert(summary.task.short());
            continue;
        }
        let report = match app.engine.preview_undo(summary.task).await {
            Err(error) if error.kind == Kind::NotFound => continue,
            report => report?,
        };
        if report.undone > 0 || !report.kept.is_empty() {
            if let Some(open) = &open {
                eprintln!("  Task {open} came later and has not ended; this is about the one before it.");
            }
            return Ok((summary, report));
        }
    }
    Err(match open {
        Some(id) => wrong(
            format!("the only task that changed something, {id}, has not ended"),
            format!("end it first: cowork cancel {id}"),
        ),
        None => wrong("no task has changed anything that could be undone", "`cowork tasks` lists what was done"),
    })
}

/// Asks on the terminal. `None`: interrupted.
async fn asked(out: &mut Out, look: &Look, signals: &mut Signals) -> Option<bool> {
    let question = Line::margin()
        .add(Role::Strong, "[y]")
        .add(Role::Plain, " undo   ")
        .add(Role::Strong, "[n]")
        .add(Role::Plain, " leave it");
    // What is typed from the moment that the question is seen counts.
    let mut keys = Keys::read()?;
    out.lines(&[question], look);
    loop {
        let key = tokio::select! {
            biased;
            () = signals.next() => return None,
            key = keys.next() => key,
        };
        match key {
            Some(b'y' | b'Y') => return Some(true),
            Some(b'n' | b'N' | b'q' | 0x1b) | None => return Some(false),
            Some(_) => {}
        }
    }
}
