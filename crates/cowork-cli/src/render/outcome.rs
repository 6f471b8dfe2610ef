//! What came of a task, the most important line last.

use cowork::{Briefing, CallId, Error, Finish, Mode, Status, Task, Undo};

use super::{
    ask, briefed, found,
    left::{self, Left},
    line::{Line, Role},
    screen::{Note, Screen},
    spoken,
    text::{clause, count, cut, figures, grouped, one_line, step, took, visible, wrap},
    undone,
};
use crate::look::Look;

const MOST_WENT: usize = 5;
const REFUSED: &str = "not allowed: you said no";

/// Says what came of it, and what can be done next.
pub(crate) fn outcome(screen: &Screen, look: &Look) -> Vec<Line> {
    within(screen, look, usize::MAX)
}

/// Says it with so many lines at most for what the task has to tell of itself.
pub(crate) fn within(screen: &Screen, look: &Look, most: usize) -> Vec<Line> {
    let Some(task) = &screen.task else { return Vec::new() };
    let mut lines = refused(screen, look);
    match (&task.result, &task.undo) {
        (Some(_), Undo::Done(report)) => lines.extend(undone::undone(screen, task, report, look)),
        (Some(_), Undo::Failed(error)) => {
            lines.extend(failed("Undo stopped", Role::Failed, error, look));
            lines.push(next("Try again:", &format!("cowork undo {}", task.id.short())));
        }
        (Some(result), _) => lines.extend(ended(screen, task, result, look, most)),
        (None, _) => lines.extend(resting(screen, task)),
    }
    lines
}

fn ended(screen: &Screen, task: &Task, result: &Finish, look: &Look, most: usize) -> Vec<Line> {
    // What took no time that anyone noticed needs no figure.
    let time = Some(screen.worked).filter(|t| t.as_millis() >= 500).map(took);
    let head = |word: &str, link: &str| time.as_ref().map_or_else(|| word.to_owned(), |t| format!("{word} {link} {t}"));
    let unchanged = screen.changed.as_ref().is_some_and(|set| set.changes.is_empty());
    let mut lines = Vec::new();
    for effects in &screen.withheld {
        lines.extend(if look.spoken { spoken::withheld(effects) } else { ask::withheld(effects, look, 14) });
        lines.push(Line::default());
    }
    match result {
        Finish::Done { summary, .. } => {
            let head = (!unchanged).then(|| head("Done", "in"));
            well(screen, task, summary, head, look, most, &mut lines);
        }
        Finish::Failed { error } => {
            lines.extend(if result.is_refusal() { Vec::new() } else { went(screen, error, look) });
            lines.extend(match error {
                _ if result.is_refusal() => refusal(task, error, look),
                _ if error.op == "match playbook" => failed("Not started", Role::Waiting, error, look),
                _ => failed(&head("Failed", "after"), Role::Failed, error, look),
            });
        }
        Finish::Cancelled => {
            let left =
                if task.journalled && !unchanged { " What was done stays done." } else { " Nothing was changed." };
            let head = format!("{}.", head("Cancelled", "after"));
            lines.push(Line::margin().add(Role::Waiting, head).add(Role::Plain, left));
        }
    }
    if task.submit.mode == Mode::Plan && !screen.withheld.is_empty() {
        let said =
            matches!(result, Finish::Done { summary, .. } if summary.to_lowercase().contains("nothing was changed"));
        let nothing = if said { "" } else { "Nothing was changed. " };
        let text = format!("{nothing}To do it, run it again without --dry-run, or with --mode ask.");
        let room = look.columns().saturating_sub(4);
        lines.extend(wrap(&text, room).into_iter().map(|l| Line::margin().add(Role::Plain, l)));
    }
    if matches!(result, Finish::Failed { error } if error.op == "match playbook") {
        lines.push(next("More:", "cowork playbook list"));
        lines.push(next("A model:", "cowork models"));
    }
    if let Some(saved) = &screen.saved {
        lines.extend(
            wrap(saved, look.columns().saturating_sub(4)).into_iter().map(|l| Line::margin().add(Role::Plain, l)),
        );
    }
    lines.extend(besides(screen, task, unchanged, look));
    lines.extend(way_on(task, result));
    lines.extend((task.journalled && !unchanged).then(|| way_back(task, result)).into_iter().flatten());
    lines
}

/// Says that a task came to its end, what it says of itself, and what was not done. Without a head nothing was changed.
fn well(
    screen: &Screen,
    task: &Task,
    summary: &str,
    head: Option<String>,
    look: &Look,
    most: usize,
    lines: &mut Vec<Line>,
) {
    let left = Left::of(task, screen.changed.as_ref());
    let said = screen.changed.as_ref().map_or_else(|| summary.to_owned(), |set| left::checked(summary, set));
    let (head, role) = match head {
        None => ("Nothing was changed.".to_owned(), Role::Waiting),
        // Where there was nothing to do, nothing was done.
        Some(_) if !task.journalled && said.starts_with("Nothing ") => (String::new(), Role::Plain),
        Some(head) => (format!("{head}."), Role::Done),
    };
    let more = if screen.whole { "see above".to_owned() } else { format!("cowork show {}", task.id.short()) };
    lines.extend(done(&head, role, &left.unsaid(&said), &more, look, most));
    let why = left.lines(look);
    if lines.iter().any(|l| *l == Line::default()) && !why.is_empty() {
        lines.push(Line::default());
    }
    lines.extend(why);
    lines.extend(not_done(screen, summary, look));
}

/// Says what of a task is known other than from its own words: what it was told, what it changed, what it cost.
fn besides(screen: &Screen, task: &Task, unchanged: bool, look: &Look) -> Vec<Line> {
    // In a pipe it was said when it began.
    let told = task.briefing.as_deref().filter(|_| look.live);
    let told = told.map(|briefing| briefed(briefing, task, look)).unwrap_or_default();
    told.into_iter().chain(found::lines(task, unchanged, look)).chain(screen.answers.came_to(look)).collect()
}

/// Says which instruction files are followed, and which not.
pub(crate) fn briefed(told: &Briefing, task: &Task, look: &Look) -> Vec<Line> {
    let room = look.columns().saturating_sub(4);
    let said = briefed::told(told, &task.submit.folders, look.home.as_deref());
    said.iter().flat_map(|text| wrap(text, room)).map(|l| Line::margin().add(Role::Waiting, l)).collect()
}

/// Says how to go on with a task that failed, where that may help: what a model did not say, it may say later, and a limit can be given
/// once more. A playbook would fail the same way again.
fn way_on(task: &Task, result: &Finish) -> Option<Line> {
    let is_failure = matches!(result, Finish::Failed { .. });
    let may_help = is_failure && task.can_go_on().is_ok() && (task.is_used_up() || task.spent.answers > 0);
    let anew = if task.is_used_up() { ", with its limits once more" } else { "" };
    may_help.then(|| next("Go on:", &format!("cowork resume {}", task.id.short())).add(Role::Plain, anew))
}

/// Says how to give back what was done.
fn way_back(task: &Task, result: &Finish) -> Vec<Line> {
    // A summary of several lines ends before what comes next begins.
    let apart = matches!(result, Finish::Done { summary, .. } if summary.contains('\n'));
    let line = match task.undo {
        Undo::Reclaimed => {
            Line::margin().add(Role::Quiet, "Its journal was let go of to make room: it can't be undone any more.")
        }
        _ => next("Undo:", &format!("cowork undo {}", task.id.short())),
    };
    apart.then(Line::default).into_iter().chain([line]).collect()
}

/// Says what a task tells of itself: what there is no room for can be looked at.
fn done(head: &str, role: Role, summary: &str, show: &str, look: &Look, most: usize) -> Vec<Line> {
    let room = look.columns().saturating_sub(4);
    let mut shown: Vec<String> = Vec::new();
    for line in summary.lines().map(|l| figures(&visible(l))) {
        match line.trim_start().strip_prefix("and ").and_then(|l| l.strip_suffix(" more")) {
            // The page of the task has them all.
            Some(_) if !line.contains("   ") => shown.push(format!("{line}: {show}")),
            // Of a line that was found as much is shown as there is room for.
            _ if look.live && is_hit(&line) => shown.push(cut(&line, room).into_owned()),
            _ => shown.push(match left::cells(&line) {
                Some(cells) if !line.contains("   and ") => {
                    let cells = cells.iter().map(|(place, number)| format!("{place} {}", grouped(*number)));
                    format!("  {}", cells.collect::<Vec<_>>().join("   "))
                }
                _ => line,
            }),
        }
    }
    let text = format!("{head} {}", shown.join("\n"));
    let mut lines = headed(head, role, text.trim_start(), look);
    if lines.len() > most {
        let kept = most.saturating_sub(1).max(1);
        let more = count((lines.len() - kept) as u64, "more line");
        lines.truncate(kept);
        lines.push(Line::margin().add(Role::Quiet, format!("… {more}: {show}")));
    }
    lines
}

/// Says whether a line tells where something was found: `  Desk/a.txt:12  its text`.
fn is_hit(line: &str) -> bool {
    let place = line.strip_prefix("  ").and_then(|l| l.split_once("  ")).map(|(place, _)| place);
    let number = place.and_then(|p| p.rsplit_once(':')).map(|(_, number)| number);
    number.is_some_and(|n| !n.is_empty() && n.chars().all(|c| c.is_ascii_digit()))
}

/// Names what failed or was not let done though the task came to its end, where its summary does not say so.
fn not_done(screen: &Screen, summary: &str, look: &Look) -> Vec<Line> {
    let (room, unsaid) = (look.columns().saturating_sub(14), unsaid(screen, summary));
    let mut lines = Vec::new();
    for (text, times) in unsaid.iter().take(MOST_WENT) {
        let times = if *times > 1 { format!(" ({times} times)") } else { String::new() };
        for line in wrap(&clause(&format!("{text}{times}")), room) {
            let title = if lines.is_empty() { "Not done:" } else { "" };
            lines.push(Line::margin().add(Role::Waiting, format!("{title:<9} ")).add(Role::Plain, line));
        }
    }
    let more = unsaid.len().saturating_sub(MOST_WENT);
    if more > 0 {
        lines.push(Line::margin().to(12).add(Role::Quiet, format!("and {more} more")));
    }
    lines
}

fn refusal(task: &Task, error: &Error, look: &Look) -> Vec<Line> {
    let left = if task.journalled { "What was done before stays done." } else { "Nothing was changed." };
    let text = format!("Not done: {} {left}", visible(&clause(&error.message)));
    headed("Not done", Role::Waiting, &text, look)
}

/// Names calls that failed before the task did, other than by the same error.
fn went(screen: &Screen, error: &Error, look: &Look) -> Vec<Line> {
    let room = look.columns().saturating_sub(4);
    let mut lines: Vec<Line> = unsaid(screen, &error.message)
        .into_iter()
        .take(MOST_WENT)
        .flat_map(|(text, _)| wrap(&text, room))
        .map(|t| Line::margin().add(Role::Quiet, t))
        .collect();
    if !lines.is_empty() {
        lines.push(Line::default());
    }
    lines
}

/// Gives what failed or was not allowed, was not mended since, and is not in a text that is shown anyway: each once, and how many times it came.
fn unsaid(screen: &Screen, said: &str) -> Vec<(String, usize)> {
    let said = one_line(said).to_lowercase();
    let is_said = |text: &str| said.contains(&text.trim_start_matches("not allowed: ").to_lowercase());
    let is_mended = |call| screen.task.as_ref().is_some_and(|task| left::is_mended(task, call));
    let mut went: Vec<(String, usize)> = Vec::new();
    for note in &screen.notes {
        let Note::Went(call, text) = note else { continue };
        if is_said(text) || is_mended(*call) {
            continue;
        }
        // A person's no does not say to what.
        let tool = screen.task.as_ref().filter(|_| text.starts_with(REFUSED)).and_then(|task| tool(task, *call));
        let text = tool.map_or_else(|| text.clone(), |tool| format!("{}: {text}", ask::deed(tool)));
        match went.iter_mut().find(|(other, _)| *other == text) {
            Some((_, times)) => *times += 1,
            None => went.push((text, 1)),
        }
    }
    went
}

fn tool(task: &Task, call: CallId) -> Option<&str> {
    let mut all = task.turns.iter().flat_map(|turn| turn.decision.calls.iter().zip(&turn.calls));
    all.find(|(_, state)| state.id == call).map(|(call, _)| call.tool.as_str())
}

/// Says what happened, why, and the next step.
fn failed(what: &str, role: Role, error: &Error, look: &Look) -> Vec<Line> {
    let room = look.columns().saturating_sub(4);
    let mut lines = headed(what, role, &format!("{what}: {}", visible(&clause(&error.message))), look);
    if let Some(fix) = error.fix() {
        lines.extend(wrap(&visible(&step(fix)), room).into_iter().map(|l| Line::margin().add(Role::Plain, l)));
    }
    lines
}

/// Writes a text whose beginning has a colour.
pub(crate) fn headed(head: &str, role: Role, text: &str, look: &Look) -> Vec<Line> {
    let line = |(i, line): (usize, String)| match line.strip_prefix(head).filter(|_| i == 0) {
        Some(rest) => Line::margin().add(role, head).add(Role::Plain, rest),
        None if line.is_empty() => Line::default(),
        None => Line::margin().add(Role::Plain, line),
    };
    let room = look.columns().saturating_sub(4);
    // In a pipe a place where something was found is one line, for other programs to read.
    let lines = text.lines().flat_map(|l| match l {
        "" => vec![String::new()],
        l if !look.live && is_hit(l) => vec![l.to_owned()],
        l => wrap(l, room),
    });
    lines.enumerate().map(line).collect()
}

fn refused(screen: &Screen, look: &Look) -> Vec<Line> {
    let room = look.columns().saturating_sub(4);
    let say = |e: &Error| wrap(&format!("Not followed: {}", clause(&one_line(&e.message))), room);
    screen.refused.iter().flat_map(say).map(|l| Line::margin().add(Role::Waiting, l)).collect()
}

fn resting(screen: &Screen, task: &Task) -> Vec<Line> {
    let id = task.id.short();
    let (what, role) = match task.status() {
        Status::Paused => ("Paused.", Role::Waiting),
        Status::Stopped => ("Stopped.", Role::Waiting),
        // Its questions say it.
        Status::Waiting => return Vec::new(),
        _ if screen.elsewhere => {
            return vec![
                Line::margin()
                    .add(Role::Waiting, "Not followed any more.")
                    .add(Role::Plain, " Another process goes on with it."),
                next("Stop it:", &format!("cowork pause {id}")),
            ];
        }
        _ => ("Put down.", Role::Waiting),
    };
    let mut lines = vec![
        Line::margin().add(role, what).add(Role::Plain, " What was done is kept."),
        next("Go on:", &format!("cowork resume {id}")),
        next("End it:", &format!("cowork cancel {id}")),
    ];
    if task.journalled {
        lines.push(next("Undo:", &format!("cowork undo {id}")).add(Role::Plain, ", once it has ended"));
    }
    lines
}

/// Names a next step.
pub(crate) fn next(what: &str, command: &str) -> Line {
    Line::margin().add(Role::Plain, format!("{what:<9} ")).add(Role::Strong, command)
}
