//! `cowork notes`

use cowork::{Noting, ThreadNote};
use jiff::tz::TimeZone;
use serde_json::json;

use crate::{
    app::App,
    args::NotesCommand,
    fail::{Exit, Fail, usage},
    look::Look,
    names,
    out::Out,
    render::{
        line::{Line, Role},
        outcome::next,
        records::time,
        text::{count, one_line, visible, wrap},
    },
};

/// Lists the notes of a thread, or forgets some.
pub(crate) async fn notes(app: &App, thread: &str, json: bool, command: Option<NotesCommand>) -> Result<Exit, Fail> {
    match command {
        None => list(app, thread, json).await,
        Some(NotesCommand::Forget { names, all }) => forget(app, thread, names, all).await,
    }
}

async fn list(app: &App, thread: &str, json: bool) -> Result<Exit, Fail> {
    let notes = notes_of(app, thread).await?;
    let (look, mut out) = (Look::of_stdout(), Out::default());
    if json {
        notes.iter().for_each(|note| out.text(&format!("{}\n", json!(note))));
        return Ok(Exit::Done);
    }
    if notes.is_empty() {
        out.lines(&[Line::margin().add(Role::Plain, "No task has noted anything here.")], &look);
        return Ok(Exit::Done);
    }
    let mut lines: Vec<Line> = notes.iter().flat_map(|note| told(note, &look)).collect();
    lines.push(Line::default());
    lines.push(next("Forget:", "cowork notes forget NAME"));
    out.lines(&lines, &look);
    Ok(Exit::Done)
}

async fn forget(app: &App, thread: &str, named: Vec<String>, all: bool) -> Result<Exit, Fail> {
    let id = names::thread(&app.engine, thread).await?;
    let named = match all {
        true => app.engine.notes(id).await?.into_iter().map(|note| note.name).collect(),
        false => named,
    };
    let number = named.len() as u64;
    for name in named {
        let fix = "`cowork notes` lists those that there are";
        let forgotten = app.engine.note(id, Noting { name, text: String::new() }).await;
        forgotten.map_err(|e| if e.fix().is_none() { usage(e.with_fix(fix)) } else { e.into() })?;
    }
    let what = format!(" {}. Tasks that are under way go on with what they began with.", count(number, "note"));
    let line = Line::margin().add(Role::Done, "Forgotten:").add(Role::Plain, what);
    Out::default().lines(&[line], &Look::of_stdout());
    Ok(Exit::Done)
}

async fn notes_of(app: &App, thread: &str) -> Result<Vec<ThreadNote>, Fail> {
    Ok(app.engine.notes(names::thread(&app.engine, thread).await?).await?)
}

fn told(note: &ThreadNote, look: &Look) -> Vec<Line> {
    let by = note.task.map_or_else(|| "by you".to_owned(), |task| format!("by task {}", task.short()));
    let read = if note.is_untrusted() { ", from what it read: no instructions" } else { "" };
    let about = format!("  {by}, {}{read}", time(note.at, &TimeZone::system()));
    let head = Line::margin().add(Role::Strong, one_line(&note.name)).add(Role::Quiet, about);
    let room = look.columns().saturating_sub(6);
    let text = note.text.lines().flat_map(|line| wrap(&visible(line), room));
    std::iter::once(head).chain(text.map(|line| Line::of("    ").add(Role::Plain, line))).collect()
}
