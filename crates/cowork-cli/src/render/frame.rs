//! The picture of a task that is redrawn in place.

use cowork::{Mode, Stage, Task, Timestamp};
use jiff::tz::TimeZone;

use super::{
    ask,
    line::{Line, Role},
    plan,
    records::time,
    screen::{Details, Note, Screen},
    text::{cut, fold, one_line, shorten, tilde, visible_lines, width, wrap},
};
use crate::{keys::Offered, look::Look};

/// So many parts have a line.
const MOST_PARTS: usize = 6;

/// Draws the task as it is now, in at most the terminal's rows but one.
pub(crate) fn frame(screen: &Screen, look: &Look, now: Timestamp) -> Vec<Line> {
    let Some(task) = &screen.task else { return Vec::new() };
    let most = look.height.saturating_sub(1).max(3);
    let mut lines = vec![Line::default()];
    lines.extend(header(task, look));
    if let Some((understood, _)) = screen.understood.as_ref().filter(|_| look.height >= 16) {
        let text = fold(&understood.text, look.columns().saturating_sub(4), 2);
        lines.extend(text.into_iter().map(|l| Line::margin().add(Role::Quiet, l)));
    }
    // Where there is little room a question matters more than the plan.
    let parts = if look.height < 16 || screen.is_settled() && screen.asks.is_empty() {
        Vec::new()
    } else {
        screen.parts.lines(look, MOST_PARTS)
    };
    let taken = parts.len() + usize::from(!parts.is_empty());
    let kept = if look.height < 16 { 0 } else { 2 + taken };
    let below = below(screen, look, now, most.saturating_sub(lines.len() + kept));
    let room = most.saturating_sub(lines.len() + below.len() + taken + 1);
    if !task.plan.is_empty() && room > 0 {
        lines.push(Line::default());
        lines.extend(plan::within(screen, task, look, now, room));
    }
    if !parts.is_empty() {
        lines.push(Line::default());
        lines.extend(parts);
    }
    lines.extend(below);
    // What is important stands last.
    lines.drain(..lines.len().saturating_sub(most));
    lines.into_iter().map(|line| line.fit(look.width.saturating_sub(1))).collect()
}

/// Says what was asked for, how, and where: on one line if it fits.
pub(crate) fn header(task: &Task, look: &Look) -> Vec<Line> {
    let columns = look.columns();
    let separator = if look.signs { " · " } else { ", " };
    let facts = format!("{}{separator}{}", mode(task.submit.mode), places(task, look, columns / 3));
    let title = one_line(&task.submit.text);
    if width(&title) + width(&facts) + 6 <= columns {
        let line = Line::margin().add(Role::Strong, title);
        return vec![line.right(Role::Quiet, &facts, columns.saturating_sub(2))];
    }
    let room = columns.saturating_sub(4);
    // Where rows are few what was asked for takes one of them.
    let rows = if look.height < 16 { 1 } else { 3 };
    let title = fold(&title, room, rows).into_iter().map(|l| Line::margin().add(Role::Strong, l));
    let mode = format!("{}{separator}", mode(task.submit.mode));
    let places = places(task, look, room.saturating_sub(width(&mode)).max(8));
    title.chain([Line::margin().add(Role::Quiet, mode + &places)]).collect()
}

fn mode(mode: Mode) -> &'static str {
    match mode {
        Mode::Ask => "ask",
        Mode::Plan => "plan",
        Mode::Auto => "auto",
    }
}

fn places(task: &Task, look: &Look, most: usize) -> String {
    match &task.submit.folders[..] {
        [] => "no folder".to_owned(),
        [one] => shorten(&tilde(&one_line(&one.at), look.home.as_deref()), most).into_owned(),
        many => format!("{} folders", many.len()),
    }
}

/// What stands below the plan: a question, or what it is at.
fn below(screen: &Screen, look: &Look, now: Timestamp, most: usize) -> Vec<Line> {
    let mut lines = Vec::new();
    if let Some(status) = &screen.status {
        return vec![Line::default(), Line::margin().add(Role::Waiting, status)];
    }
    if let Some(first) = screen.asks.first() {
        let said = screen.said_with(first.call.id);
        // That something was said is seen however little room there is.
        let kept = if said.is_empty() { 3 } else { 5 };
        let question = ask::question(first, look, most.saturating_sub(kept));
        let keys = if screen.prompting { 2 } else { 0 };
        // The plan gives up its lines for it.
        let least = if look.height < 16 { 0 } else { 2 };
        lines.extend(ask::said(said, look, most.saturating_sub(question.len() + 1 + keys).max(least)));
        lines.push(Line::default());
        lines.extend(question);
        if screen.prompting {
            lines.extend([Line::default(), ask::keys(Offered::on(&first.effects, look.once), &first.call.tool, look)]);
        }
        return lines;
    }
    lines.extend(watching(screen, look));
    lines.extend(written(screen, look, now, most));
    let note = screen.together(now).map(|p| p.note).filter(|n| !n.is_empty());
    if screen.details == Details::Unfolded {
        lines.extend(details(screen, note, look, most.saturating_sub(lines.len())));
        return lines;
    }
    let last = match screen.notes.last() {
        _ if note.is_some() => note,
        Some(Note::Said(text)) if !screen.is_settled() => text.lines().find(|l| !l.trim().is_empty()).map(one_line),
        Some(Note::Came(text) | Note::Went(_, text)) if !screen.is_settled() => Some(one_line(text)),
        _ => None,
    };
    // What was understood stands above already.
    let said =
        screen.understood.as_ref().is_some_and(|(u, _)| last.as_ref().is_some_and(|l| u.text.starts_with(l.as_str())));
    let Some(last) = last.filter(|_| !said) else { return lines };
    let room = look.columns().saturating_sub(4);
    let hint = if screen.details == Details::Folded && !screen.notes.is_empty() { "[d] what was done" } else { "" };
    let hint = if room >= 60 { hint } else { "" };
    let line = Line::margin().add(Role::Quiet, cut(&last, room.saturating_sub(width(hint) + 2)));
    lines.extend([Line::default(), line.right(Role::Quiet, hint, room + 2)]);
    lines
}

/// Shows what a model is writing, and what it came to so far.
fn written(screen: &Screen, look: &Look, now: Timestamp, most: usize) -> Vec<Line> {
    if screen.is_settled() || most < 3 {
        return Vec::new();
    }
    let Some(so_far) = screen.answers.so_far(now, look.signs) else { return Vec::new() };
    let unfolded = screen.details == Details::Unfolded;
    let rows = if unfolded { most / 2 } else { most.saturating_sub(4).min(5) };
    let mut lines = vec![Line::default()];
    if screen.answers.open().is_some() {
        lines.extend(screen.writing.lines(look, unfolded, rows));
    }
    lines.push(Line::margin().add(Role::Quiet, cut(&so_far, look.columns().saturating_sub(4))));
    lines
}

/// Says of a folder that is watched until when that goes on, and how it is stopped.
fn watching(screen: &Screen, look: &Look) -> Vec<Line> {
    let turn = screen.task.as_ref().filter(|t| t.result.is_none()).and_then(|t| t.turns.last());
    let mut calls = turn.into_iter().flat_map(|t| t.decision.calls.iter().zip(&t.calls));
    if !calls.any(|(call, state)| call.tool == "watch_folder" && state.stage == Stage::Started) {
        return Vec::new();
    }
    let until = screen.understood.as_ref().and_then(|(understood, began)| {
        let ends = began.as_millis() + (understood.hours? * 3_600_000.0) as i64;
        Some(format!(" until {}", time(Timestamp::from_millis(ends), &TimeZone::system()).get(..16)?))
    });
    let text = format!("Watching{}. Ctrl-C stops it; what was done stays done.", until.unwrap_or_default());
    let text = wrap(&text, look.columns().saturating_sub(4)).into_iter().map(|l| Line::margin().add(Role::Plain, l));
    [Line::default()].into_iter().chain(text).collect()
}

/// Unfolds what was done so far, the last thing last.
fn details(screen: &Screen, now: Option<String>, look: &Look, most: usize) -> Vec<Line> {
    let room = look.columns().saturating_sub(6);
    let title = Line::margin().add(Role::Quiet, "What was done").right(Role::Quiet, "[d] less", room + 4);
    let mut lines = vec![Line::default(), title];
    let rows = most.saturating_sub(2 + usize::from(now.is_some())).max(1);
    let line = |role, text: &str| Line::of("    ").add(role, text);
    // No note takes less than a line.
    let last = &screen.notes[screen.notes.len().saturating_sub(rows)..];
    let told: Vec<Line> = last
        .iter()
        .flat_map(|note| match note {
            Note::Said(text) => wrap(&visible_lines(text), room).iter().map(|l| line(Role::Plain, l)).collect(),
            Note::Came(text) => vec![line(Role::Done, &cut(&one_line(text), room))],
            Note::Went(_, text) => vec![line(Role::Failed, &cut(&one_line(text), room))],
        })
        .collect();
    lines.extend_from_slice(&told[told.len().saturating_sub(rows)..]);
    if screen.notes.is_empty() && now.is_none() {
        lines.push(line(Role::Quiet, "Nothing yet"));
    }
    lines.extend(now.map(|text| line(Role::Quiet, &cut(&text, room))));
    lines
}
