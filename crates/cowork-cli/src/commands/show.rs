//! `cowork show`

use cowork::{
    Answer, Ask, Call, CallState, ChangeSet, Command, Event, Finish, Record, Stage, Status, Summary, Task, Undo,
};
use jiff::tz::TimeZone;
use serde_json::Value;

use crate::{
    app::{App, SENDER},
    commands::tasks::{State, state},
    fail::{Exit, Fail},
    look::Look,
    names,
    out::Out,
    render::{
        ask,
        asked::cents,
        line::{Line, Role},
        outcome,
        plan::plan,
        records::{command_text, outcome_text, time},
        screen::Screen,
        text::{count, cut, grouped, one_line, sentence, shorten, tilde, visible, width, wrap},
        tree, undone, whole,
    },
};

const MOST_CALLS: usize = 200;
const MOST_SAID: usize = 200;
const MOST_ASKED: usize = 2_000;

/// How many lines of changes are part of a task's page, and how many are shown by themselves.
const FEW_LINES: usize = 12;
const MOST_LINES: usize = 40;

/// Shows what a task, or the last one, changed in the folders.
pub(crate) async fn changes(app: &App, task: Option<&str>, all: bool, json: bool) -> Result<Exit, Fail> {
    let summary = names::task_or_last(&app.engine, task).await?;
    let task = app.engine.task(summary.task).await?;
    // Without a journalled call there is no journal to ask.
    let set = if task.journalled { app.engine.changes(task.id).await? } else { ChangeSet::default() };
    let mut out = Out::default();
    if json {
        let text = serde_json::to_string(&set).map_err(|e| {
            cowork::Error::new(cowork::Kind::Internal, "write changes", "the changes can't be written").with_source(e)
        })?;
        out.text(&format!("{text}\n"));
        return Ok(Exit::Done);
    }
    let look = Look::of_stdout();
    let most = if all { usize::MAX } else { MOST_LINES };
    let mut lines = drawn(&set, most, &format!("cowork show {} --changes --all", task.id.short()), &look);
    let said = if set.changes.is_empty() { "It changed no file.".to_owned() } else { tree::counts(&set.changes) };
    if !lines.is_empty() {
        lines.push(Line::default());
    }
    let said = wrap(&said, look.columns().saturating_sub(4));
    lines.extend(said.into_iter().map(|l| Line::margin().add(Role::Plain, l)));
    out.lines(&lines, &look);
    Ok(Exit::Done)
}

fn drawn(set: &ChangeSet, most: usize, more: &str, look: &Look) -> Vec<Line> {
    let (mut lines, left) = tree::tree(&set.changes, most, look);
    if left > 0 {
        lines.extend(undone::folded(left, more, look.columns()));
    }
    lines
}

/// Gives what a task changed as a part of its page. That it can't be had any more is no reason not to show the rest.
async fn changed(app: &App, task: &Task, look: &Look) -> Vec<Line> {
    if !task.journalled || task.undo == Undo::Reclaimed {
        return Vec::new();
    }
    match app.engine.changes(task.id).await {
        Ok(set) => drawn(&set, FEW_LINES, &format!("cowork show {} --changes", task.id.short()), look),
        Err(error) => {
            let why = wrap(&one_line(&sentence(&error.message)), look.columns().saturating_sub(4));
            why.into_iter().map(|l| Line::margin().add(Role::Waiting, l)).collect()
        }
    }
}

/// Shows a task, or the last one: what was asked, the plan, each call, what came of it.
pub(crate) async fn show(app: &App, task: Option<&str>) -> Result<Exit, Fail> {
    let summary = names::task_or_last(&app.engine, task).await?;
    let records = app.records(summary.thread, summary.task).await?;
    let mut screen = Screen::default();
    records.iter().try_for_each(|r| screen.record(r))?;
    let look = Look::of_stdout();
    let state = state(app, &summary).await?;
    let mut lines = about(&screen, &summary, &state, &look);
    if let Some(task) = &screen.task {
        let steps = plan(&screen, task, &look, None).concat();
        section(&mut lines, "Plan", steps);
        section(&mut lines, "It said", it_said(task, &look));
        section(&mut lines, "You said", said(&records, &look));
        let calls = task.turns.iter().flat_map(|t| t.decision.calls.iter().zip(&t.calls));
        section(&mut lines, "Calls", calls_made(calls, &look));
        section(&mut lines, "Parts", parts(app, task, &look).await?);
        section(&mut lines, "Model", screen.answers.listed(&look));
        let found = found(task);
        screen.whole = !found.is_empty();
        section(&mut lines, "Found", found);
        section(&mut lines, "Changes", changed(app, task, &look).await);
        if task.journalled && matches!(task.undo, Undo::None | Undo::Done(_)) {
            // That it can't be had was said above.
            screen.changed = app.engine.changes(task.id).await.ok();
        }
    }
    if summary.status == Status::Waiting {
        screen.asks = app.engine.asks(summary.task).await?;
    }
    for one in &screen.asks {
        lines.push(Line::default());
        lines.extend(ask::question(one, &look, usize::MAX));
        section(&mut lines, "All of it", every_change(one));
        lines.push(Line::default());
        lines.extend(ask::how_to_answer(one, true));
    }
    let open = matches!(summary.status, Status::Running | Status::Queued | Status::Stopped);
    if !open || state.interrupted {
        let end = outcome::outcome(&screen, &look);
        if !end.is_empty() {
            lines.push(Line::default());
            lines.extend(end);
        }
    }
    Out::default().lines(&lines, &look);
    Ok(Exit::Done)
}

fn about(screen: &Screen, summary: &Summary, state: &State, look: &Look) -> Vec<Line> {
    let zone = TimeZone::system();
    let room = look.columns().saturating_sub(4);
    let text = screen.task.as_ref().map_or(&summary.text, |t| &t.submit.text);
    let mut lines: Vec<Line> =
        wrap(&visible(&shorten(text, 2_000)), room).into_iter().map(|l| Line::margin().add(Role::Strong, l)).collect();
    lines.push(Line::default());
    let parent = screen.task.as_ref().and_then(|t| t.submit.parent.as_ref());
    let mut fact = |name: &str, value: String, role: Role| {
        lines.push(Line::margin().add(Role::Quiet, format!("{name:<9} ")).add(role, value));
    };
    fact("state", state.word.to_owned(), state.role);
    let id = summary.task.to_string();
    fact("task", if id.len() + 12 > room { summary.task.short() } else { id }, Role::Plain);
    if let Some(parent) = parent {
        let (above, root) = (parent.task.short(), parent.root.short());
        let of = if above == root { root } else { format!("{above}, part of {root}") };
        fact("part of", format!("{of}, as {}", shorten(&one_line(&parent.title), 40)), Role::Accent);
    }
    fact("asked", time(summary.at, &zone), Role::Plain);
    if let Some(task) = screen.task.as_ref().filter(|t| t.result.is_some()) {
        fact("ended", time(task.last_at, &zone), Role::Plain);
    }
    fact("mode", format!("{:?}", summary.mode).to_lowercase(), Role::Plain);
    if summary.folders.is_empty() {
        fact("folders", "none".to_owned(), Role::Plain);
    }
    for (i, folder) in summary.folders.iter().enumerate() {
        let folder = tilde(&visible(folder), look.home.as_deref());
        let title = if i == 0 || look.spoken { "folders" } else { "" };
        fact(title, shorten(&folder, look.table().saturating_sub(14)).into_owned(), Role::Plain);
    }
    lines
}

fn section(lines: &mut Vec<Line>, title: &str, content: Vec<Line>) {
    if !content.is_empty() {
        lines.extend([Line::default(), Line::margin().add(Role::Quiet, title)]);
        lines.extend(content);
    }
}

/// Lists the parts of a task that were worked on by themselves: where each is, and what it cost.
async fn parts(app: &App, task: &Task, look: &Look) -> Result<Vec<Line>, Fail> {
    let mut lines = Vec::new();
    if task.all_subtasks().next().is_none() {
        return Ok(lines);
    }
    let known = app.engine.subtasks().await?;
    for id in task.all_subtasks() {
        let Some(summary) = known.iter().find(|s| s.task == id) else { continue };
        let (part, state) = (app.engine.task(id).await?, state(app, summary).await?);
        let spent = &part.spent;
        let cost = if spent.cost > 0 { format!(", {}", cents(spent.cost)) } else { String::new() };
        let took = format!("{} tokens{cost}", grouped(spent.usage.total()));
        let line = Line::margin()
            .add(Role::Accent, id.short())
            .add(state.role, format!("  {:<11}  ", state.word))
            .add(Role::Quiet, format!("{took:>22}  "));
        let room = look.columns().saturating_sub(line.width() + 2);
        let title = part.submit.parent.as_ref().map_or(&summary.text, |parent| &parent.title);
        lines.push(line.add(Role::Plain, cut(&one_line(title), room)));
    }
    lines.push(Line::margin().add(Role::Quiet, "cowork show PART shows one, cowork undo PART gives back what it did"));
    Ok(lines)
}

/// Gives what it said, whole; of a long story the end.
fn it_said(task: &Task, look: &Look) -> Vec<Line> {
    let said = task.turns.iter().filter_map(|t| t.decision.say.as_deref());
    let mut lines: Vec<Line> = said.flat_map(|text| ask::told(text, look)).collect();
    let over = lines.len().saturating_sub(MOST_SAID);
    if over > 0 {
        lines.drain(..over);
        lines.insert(0, Line::margin().add(Role::Quiet, format!("… {} before", count(over as u64, "line"))));
    }
    lines
}

/// Gives all that a task found, where it told of some only.
fn found(task: &Task) -> Vec<Line> {
    let Some(Finish::Done { summary, data }) = &task.result else { return Vec::new() };
    if !summary.lines().any(|l| l.trim_start().starts_with("and ") && l.ends_with(" more") && !l.contains("   ")) {
        return Vec::new();
    }
    let lists = data.as_object().into_iter().flatten().filter_map(|(_, value)| value.as_array());
    let place = |one: &Value| {
        let text = |key: &str| one.get(key).and_then(Value::as_str).map(one_line);
        let line = one.get("line").and_then(Value::as_u64).map(|n| format!(":{n}")).unwrap_or_default();
        Some(format!("{}{line}  {}", text("path")?, text("text").unwrap_or_default()))
    };
    let lists = lists.map(|list| list.iter().filter_map(place).collect::<Vec<_>>());
    let all = lists.max_by_key(Vec::len).unwrap_or_default();
    let mut lines: Vec<Line> = all.iter().take(MOST_ASKED).map(|l| Line::margin().add(Role::Plain, l)).collect();
    if all.len() > MOST_ASKED {
        let more = format!("and {} more", grouped((all.len() - MOST_ASKED) as u64));
        lines.push(Line::margin().add(Role::Quiet, more));
    }
    lines
}

/// Gives every change that is asked about.
fn every_change(ask: &Ask) -> Vec<Line> {
    let all = whole::all(ask);
    let mut lines: Vec<Line> = all.iter().take(MOST_ASKED).map(|l| Line::of("    ").add(Role::Plain, l)).collect();
    if all.len() > MOST_ASKED {
        let more = format!("and {} more", grouped((all.len() - MOST_ASKED) as u64));
        lines.push(Line::of("    ").add(Role::Quiet, more));
    }
    lines
}

fn said(records: &[Record], look: &Look) -> Vec<Line> {
    let room = look.columns().saturating_sub(4);
    let commands = records.iter().skip(1).filter_map(|r| match &*r.event.event().ok()? {
        Event::Commanded { sender, command, .. } if sender == SENDER => Some(in_words(command)),
        Event::Commanded { sender, command, .. } => Some(format!("{} ({sender})", in_words(command))),
        _ => None,
    });
    commands.map(|text| Line::margin().add(Role::Plain, cut(&one_line(&text), room))).collect()
}

/// Says what a person said as one would tell it.
fn in_words(command: &Command) -> String {
    match command {
        Command::Answer { call, answer: Answer::Allow, .. } => format!("yes to {}", call.short()),
        Command::Answer { call, answer: Answer::AllowTask, .. } => {
            format!("yes to {}, and to the like in this task", call.short())
        }
        Command::Answer { call, answer: Answer::Deny, .. } => format!("no to {}", call.short()),
        other => command_text(other),
    }
}

/// Says where a call without an outcome is.
fn stage(stage: Stage) -> &'static str {
    match stage {
        Stage::Proposed => "not begun",
        Stage::Asked => "waits for your answer",
        Stage::Answered => "answered, not begun",
        Stage::Started => "under way",
        Stage::Delegated => "under way, in a part of its own",
        Stage::Interrupted => "cut off",
        Stage::Finished => "ended",
    }
}

fn calls_made<'a>(calls: impl Iterator<Item = (&'a Call, &'a CallState)>, look: &Look) -> Vec<Line> {
    let calls: Vec<_> = calls.collect();
    let tool = calls.iter().map(|(c, _)| width(&c.tool)).max().unwrap_or(0).min(20);
    let mut lines: Vec<Line> =
        calls.iter().take(MOST_CALLS).map(|(call, state)| made(call, state, tool, look)).collect();
    if calls.len() > MOST_CALLS {
        let more = format!("and {}", count((calls.len() - MOST_CALLS) as u64, "more call"));
        lines.push(Line::margin().add(Role::Quiet, more));
    }
    lines
}

fn made(call: &Call, state: &CallState, tool: usize, look: &Look) -> Line {
    let (role, text) = match state.outcome() {
        Ok(Some(outcome)) => outcome_text(&outcome),
        Ok(None) => (Role::Waiting, stage(state.stage).to_owned()),
        Err(error) => (Role::Failed, error.message),
    };
    let again = if state.attempt > 1 { format!(" (attempt {})", state.attempt) } else { String::new() };
    let line = Line::margin()
        .add(Role::Quiet, format!("{}  ", call.id.short()))
        .add(Role::Plain, format!("{:<tool$}  ", shorten(&call.tool, tool)));
    let room = look.columns().saturating_sub(line.width() + width(&again) + 2);
    line.add(role, cut(&one_line(&text), room)).add(Role::Waiting, again)
}
