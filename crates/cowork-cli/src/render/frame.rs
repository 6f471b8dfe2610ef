//! The picture of a task that is redrawn in place.

use std::time::Duration;

use cowork::{Finish, Mode, PlanStep, StepState, Task, Timestamp};

use super::{
    ask,
    line::{Line, Role},
    pace::{left_text, speed_text},
    screen::{Details, Note, Progress, Screen, StepTimes},
    text::{count, grouped, one_line, pad, shorten, tilde, took, width},
};
use crate::{keys::Offered, look::Look};

/// The widest that titles of steps are shown.
const TITLE: usize = 30;
const BAR: usize = 22;
/// In a narrower terminal there is one column of text and nothing else.
const NARROW: usize = 48;

/// Draws the task as it is now, in at most the terminal's rows but one.
pub(crate) fn frame(screen: &Screen, look: &Look, now: Timestamp) -> Vec<Line> {
    let Some(task) = &screen.task else { return Vec::new() };
    let most = look.height.saturating_sub(1).max(3);
    let mut lines = vec![Line::default()];
    lines.extend(header(task, look));
    // Where there is little room a question matters more than the plan.
    let kept = if look.height < 16 { 0 } else { 2 };
    let below = below(screen, look, now, most.saturating_sub(lines.len() + kept));
    let room = most.saturating_sub(lines.len() + below.len() + 1);
    let plan = plan(screen, task, look, Some(now));
    if !plan.is_empty() && room > 0 {
        lines.push(Line::default());
        lines.extend(window(&plan, active(task), room));
    }
    lines.extend(below);
    // What is important stands last.
    lines.drain(..lines.len().saturating_sub(most));
    lines.into_iter().map(|line| line.fit(look.width.saturating_sub(1))).collect()
}

/// Says what was asked for, how, and where.
pub(crate) fn header(task: &Task, look: &Look) -> Vec<Line> {
    let columns = look.columns();
    let separator = if look.signs { " · " } else { ", " };
    let facts = format!("{}{separator}{}", mode(task.submit.mode), places(task, look, columns / 3));
    let room = columns.saturating_sub(width(&facts) + 6);
    let title = one_line(&task.submit.text);
    if room < 24 {
        let title = shorten(&title, columns.saturating_sub(4)).into_owned();
        return vec![
            Line::margin().add(Role::Strong, title),
            Line::margin().add(Role::Quiet, shorten(&facts, columns.saturating_sub(4))),
        ];
    }
    let line = Line::margin().add(Role::Strong, shorten(&title, room));
    vec![line.right(Role::Quiet, &facts, columns.saturating_sub(2))]
}

/// Lists the steps of the plan with how far they are. Without a time, those that were begun are not under way.
pub(crate) fn plan(screen: &Screen, task: &Task, look: &Look, now: Option<Timestamp>) -> Vec<Vec<Line>> {
    let widest = task.plan.iter().map(|s| width(&one_line(&s.title))).max().unwrap_or(0);
    let title = widest.min(TITLE).min(look.columns().saturating_sub(8));
    let none = StepTimes::default();
    let (worked, progress) = (now.map(|now| screen.worked_at(now)), now.and_then(|now| screen.together(now)));
    let step = |(i, s): (usize, &PlanStep)| {
        if task.result.is_some() && s.state == StepState::Active {
            return left(task, s, title, look);
        }
        let times = screen.steps.get(i).unwrap_or(&none);
        let progress = progress.as_ref().filter(|_| s.state == StepState::Active);
        step(s, times, progress, title, look, worked)
    };
    task.plan.iter().enumerate().map(step).collect()
}

/// Writes one step: mark, title, what came of it or how far it is, and how long that took or takes.
pub(crate) fn step(
    step: &PlanStep,
    times: &StepTimes,
    progress: Option<&Progress>,
    title: usize,
    look: &Look,
    worked: Option<Duration>,
) -> Vec<Line> {
    let columns = look.columns();
    let (mark, role) = mark(step.state, look.signs);
    let text =
        if step.state == StepState::Pending || step.state == StepState::Skipped { Role::Quiet } else { Role::Plain };
    let narrow = columns < NARROW;
    let name = one_line(&step.title);
    let title = if narrow { columns.saturating_sub(width(mark) + 4) } else { title };
    let line = Line::margin().add(role, mark).add(Role::Plain, " ").add(text, pad(&shorten(&name, title), title));
    let time = match (progress.and_then(|p| p.left), times.took(), times.began, worked) {
        (Some(left), ..) => left_text(left),
        (_, Some(time), ..) if time.as_millis() >= 50 => took(time),
        (_, None, Some(began), Some(now)) if now.saturating_sub(began).as_secs() >= 2 => {
            format!("{} s", now.saturating_sub(began).as_secs())
        }
        _ => String::new(),
    };
    let detail = one_line(&step.detail);
    if narrow {
        let amount = progress.map_or(detail, amount);
        let under = (!amount.is_empty()).then(|| Line::of(" ".repeat(width(mark) + 3)).add(Role::Quiet, amount));
        return [line].into_iter().chain(under).collect();
    }
    let time_at = columns.saturating_sub(2);
    // What stands beside a time that changes does not move with it.
    let time_room = time.len().max(if progress.is_some() { 11 } else { 6 });
    let room = time_at.saturating_sub(line.width() + 2 + time_room + 2);
    let line = line.add(Role::Plain, "  ");
    let line = match progress {
        Some(progress) => bar(line, progress, room, look.signs),
        None => line.add(text, shorten(&detail, room)),
    };
    vec![line.right(Role::Quiet, &time, time_at)]
}

/// Writes a step that was not done when the task ended.
fn left(task: &Task, step: &PlanStep, title: usize, look: &Look) -> Vec<Line> {
    let (mark, role) = match (matches!(task.result, Some(Finish::Failed { .. })), look.signs) {
        (true, true) => ("✗", Role::Failed),
        (true, false) => ("[!]", Role::Failed),
        (false, _) => mark(StepState::Skipped, look.signs),
    };
    let name = shorten(&one_line(&step.title), title.max(12)).into_owned();
    vec![Line::margin().add(role, mark).add(Role::Plain, format!(" {name}"))]
}

/// Gives a step's mark and its role.
pub(crate) fn mark(state: StepState, signs: bool) -> (&'static str, Role) {
    match (state, signs) {
        (StepState::Pending, true) => (" ", Role::Quiet),
        (StepState::Active, true) => ("●", Role::Accent),
        (StepState::Done, true) => ("✓", Role::Done),
        (StepState::Skipped, true) => ("–", Role::Quiet),
        (StepState::Pending, false) => ("[ ]", Role::Quiet),
        (StepState::Active, false) => ("[>]", Role::Accent),
        (StepState::Done, false) => ("[x]", Role::Done),
        (StepState::Skipped, false) => ("[-]", Role::Quiet),
    }
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

fn amount(progress: &Progress) -> String {
    match progress.total {
        0 => grouped(progress.done),
        // As wide as it will be at the end: nothing beside it moves.
        total => {
            let total_text = grouped(total);
            format!("{:>1$} of {total_text}", grouped(progress.done.min(total)), total_text.len())
        }
    }
}

fn bar(line: Line, progress: &Progress, room: usize, signs: bool) -> Line {
    let amount = amount(progress);
    let speed = progress.speed.map(|s| format!("  {}", speed_text(s))).unwrap_or_default();
    let with_speed =
        |text: String, room: usize| if width(&text) + width(&speed) <= room { text + &speed } else { text };
    let columns = room.saturating_sub(width(&amount) + 2).min(BAR);
    if columns < 6 || progress.total == 0 {
        return line.add(Role::Plain, shorten(&with_speed(amount, room), room));
    }
    // The bar may give up half of its columns for the speed.
    let columns = room.saturating_sub(width(&amount) + 2 + width(&speed).max(8)).clamp(columns.min(BAR / 2), columns);
    let amount = with_speed(amount, room.saturating_sub(columns + 2));
    let done = progress.done.min(progress.total);
    let filled = usize::try_from(done.saturating_mul(columns as u64) / progress.total).unwrap_or(columns);
    let (full, empty) = if signs { ("━", "─") } else { ("#", "-") };
    line.add(Role::Accent, full.repeat(filled))
        .add(Role::Quiet, empty.repeat(columns - filled))
        .add(Role::Plain, format!("  {amount}"))
}

/// What stands below the plan: a question, or what it is at.
fn below(screen: &Screen, look: &Look, now: Timestamp, most: usize) -> Vec<Line> {
    let mut lines = Vec::new();
    if let Some(status) = &screen.status {
        return vec![Line::default(), Line::margin().add(Role::Waiting, status)];
    }
    if let Some(first) = screen.asks.first() {
        lines.push(Line::default());
        lines.extend(ask::question(first, look, most.saturating_sub(3)));
        if screen.prompting {
            lines.extend([Line::default(), ask::keys(Offered::on(&first.effects), look)]);
        }
        return lines;
    }
    let note = screen.together(now).map(|p| p.note).filter(|n| !n.is_empty());
    if screen.details == Details::Unfolded {
        return details(screen, note, look, most);
    }
    let last = match screen.notes.last() {
        _ if note.is_some() => note,
        Some(Note::Said(text) | Note::Came(text) | Note::Went(text)) if !screen.is_settled() => Some(one_line(text)),
        _ => None,
    };
    let Some(last) = last else { return lines };
    let room = look.columns().saturating_sub(4);
    let hint = if screen.details == Details::Folded && !screen.notes.is_empty() { "[d] what was done" } else { "" };
    let hint = if room >= 60 { hint } else { "" };
    let line = Line::margin().add(Role::Quiet, shorten(&last, room.saturating_sub(width(hint) + 2)));
    lines.extend([Line::default(), line.right(Role::Quiet, hint, room + 2)]);
    lines
}

/// Unfolds what was done so far, the last thing last.
fn details(screen: &Screen, now: Option<String>, look: &Look, most: usize) -> Vec<Line> {
    let room = look.columns().saturating_sub(6);
    let title = Line::margin().add(Role::Quiet, "What was done").right(Role::Quiet, "[d] less", room + 4);
    let mut lines = vec![Line::default(), title];
    let rows = most.saturating_sub(2 + usize::from(now.is_some())).max(1);
    let first = screen.notes.len().saturating_sub(rows);
    let line = |role, text: &str| Line::of("    ").add(role, shorten(&one_line(text), room));
    lines.extend(screen.notes[first..].iter().map(|note| match note {
        Note::Said(text) => line(Role::Plain, text),
        Note::Came(text) => line(Role::Done, text),
        Note::Went(text) => line(Role::Failed, text),
    }));
    if screen.notes.is_empty() && now.is_none() {
        lines.push(line(Role::Quiet, "Nothing yet"));
    }
    lines.extend(now.map(|text| line(Role::Quiet, &text)));
    lines
}

fn active(task: &Task) -> usize {
    let at = |state| task.plan.iter().position(|s| s.state == state);
    at(StepState::Active).or_else(|| at(StepState::Pending)).unwrap_or(task.plan.len())
}

/// Keeps the steps around the active one when there is not room for all.
fn window(steps: &[Vec<Line>], active: usize, room: usize) -> Vec<Line> {
    let rows = |steps: &[Vec<Line>]| steps.iter().map(Vec::len).sum::<usize>();
    if rows(steps) <= room {
        return steps.concat();
    }
    let active = active.min(steps.len().saturating_sub(1));
    let (mut from, mut to) = (active, active + 1);
    let room = room.saturating_sub(1);
    // What comes next matters more than what is over.
    loop {
        if to < steps.len() && rows(&steps[from..=to]) <= room {
            to += 1;
        } else if from > 0 && rows(&steps[from - 1..to]) <= room {
            from -= 1;
        } else {
            break;
        }
    }
    let left = steps.len() - (to - from);
    let mut kept = steps[from..to].concat();
    kept.truncate(room.max(1));
    kept.push(Line::of("    ").add(Role::Quiet, format!("… {}", count(left as u64, "more step"))));
    kept
}
