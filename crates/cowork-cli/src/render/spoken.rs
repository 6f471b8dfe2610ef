//! A followed task in whole sentences, one event a line: what a screen reader reads out.

use cowork::{Ask, Effects, Mode, PlanStep, Preview, StepState, Task};

use super::{
    ask,
    line::{Line, Role},
    pace::left_text,
    renames,
    screen::{Progress, StepTimes},
    text::{figures, grouped, one_line, sentence, tilde, took},
};
use crate::{keys::Offered, look::Look};

/// Says what was asked for, where, and how much may be done unasked.
pub(crate) fn header(task: &Task, look: &Look) -> Vec<Line> {
    let folders = task.submit.folders.iter().map(|f| tilde(&one_line(&f.at), look.home.as_deref()));
    let folders = match &folders.collect::<Vec<_>>()[..] {
        [] => "It may reach no folder".to_owned(),
        [one] => format!("Folder: {one}"),
        many => format!("Folders: {}", many.join(", ")),
    };
    let mode = match task.submit.mode {
        Mode::Ask => "It asks before it changes anything",
        Mode::Plan => "It changes nothing, and says what it would do",
        Mode::Auto => "It does what can be undone without asking",
    };
    vec![said(Role::Strong, &[&format!("Task: {}", one_line(&task.submit.text)), &folders, mode])]
}

/// Says what became of a step of the plan, or that it begins.
pub(crate) fn step(step: &PlanStep, times: &StepTimes) -> Line {
    let (title, detail) = (one_line(&step.title), figures(&one_line(&step.detail)));
    let time = times.took().filter(|t| t.as_secs() >= 1).map(|t| format!("It took {}", took(t))).unwrap_or_default();
    match step.state {
        StepState::Done => said(Role::Plain, &[&format!("Done: {title}"), &detail, &time]),
        StepState::Skipped => said(Role::Plain, &[&format!("Left out: {title}"), &detail]),
        StepState::Active | StepState::Pending => said(Role::Plain, &[&format!("Now: {title}"), &detail]),
    }
}

/// Says how far the running step is.
pub(crate) fn progress(progress: &Progress) -> Line {
    let left = progress.left.map(|left| format!(", {}", left_text(left))).unwrap_or_default();
    said(Role::Plain, &[&format!("{} of {} done{left}", grouped(progress.done), grouped(progress.total))])
}

/// Says what a call wants, and on what.
pub(crate) fn question(ask: &Ask) -> Vec<Line> {
    let mut lines =
        effects(&ask.effects, &renames::shown(ask, 2), &ask::verb(ask, "It wants to", "wants to"), &ask.call.tool);
    if !matches!(ask.rule.as_str(), "asks-before-changes" | "") {
        lines.push(said(Role::Plain, &[&one_line(&ask.reason)]));
    }
    lines
}

/// Says what plan mode held back.
pub(crate) fn withheld(effects: &Effects) -> Vec<Line> {
    self::effects(effects, &effects.preview, "It would", "")
}

/// Says with which keys it is answered.
pub(crate) fn keys(offered: Offered, tool: &str) -> Line {
    let mut text = "Press y for yes, n for no, s to hear every change".to_owned();
    let deed = ask::deed(tool);
    text.push_str(&if offered.task { format!(", t for yes to {deed} in this task") } else { String::new() });
    text.push_str(&if offered.always { format!(", a for always yes to {deed} in this folder") } else { String::new() });
    said(Role::Strong, &[&text])
}

fn effects(effects: &Effects, preview: &Preview, verb: &str, tool: &str) -> Vec<Line> {
    let title = figures(&one_line(&preview.title));
    let title = if title.is_empty() { format!("use the tool {tool}") } else { title };
    let undo = match (effects.complete, effects.undoable) {
        (false, _) => "What it does can't be told beforehand",
        (true, true) => "This can be undone",
        (true, false) => "This can't be undone",
    };
    let mut lines = vec![said(Role::Strong, &[&format!("{verb} {title}"), undo])];
    for group in &preview.groups {
        let examples: Vec<String> = group.examples.iter().map(|e| one_line(e)).collect();
        let examples =
            if examples.is_empty() { String::new() } else { format!(", for instance {}", examples.join(", ")) };
        lines.push(said(Role::Plain, &[&format!("{} {}{examples}", grouped(group.count), one_line(&group.label))]));
    }
    lines.extend(preview.notes.iter().map(|note| said(Role::Plain, &[&figures(&one_line(note))])));
    if !preview.lines.is_empty() {
        let of = |mark: &str| grouped(preview.lines.lines().filter(|line| line.starts_with(mark)).count() as u64);
        let text = format!("Lines that come: {}, that go: {}", of("+ "), of("- "));
        lines.push(said(Role::Plain, &[&text, "Show all of it to hear them"]));
    }
    lines
}

/// Makes a line of sentences, without those that are empty.
fn said(role: Role, sentences: &[&str]) -> Line {
    let sentences = sentences.iter().filter(|s| !s.is_empty()).map(|s| sentence(s));
    Line::default().add(role, sentences.collect::<Vec<_>>().join(" "))
}
