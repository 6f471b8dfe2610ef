//! A task as HTML. Whatever comes from elsewhere is escaped.

use cowork::{Stage, Status};

use super::{
    Between,
    lines::{about, calls, mark, outcome, short, short_end, spent, step_mark, word},
};
use crate::{CallReport, TaskState};

/// Colours are those of the notebook's theme; `light-dark` follows the system's where there is none.
const STYLE: &str = include_str!("style.css");
/// So many of the last calls are shown.
const CALLS: usize = 8;

/// Draws a task of which only the name is known.
pub(super) fn name(id: &str) -> String {
    framed(&format!("<div class=head><b>Task {}</b></div>", safe(id)))
}

/// Draws a task.
pub(super) fn picture(state: &TaskState<'_>, between: &Between) -> String {
    let (title, tone) = (safe(&short(&state.submit.text, 160)), tone(state.status));
    let mut parts =
        format!("<div class=head><b>{title}</b><span class='pill {tone}'>{}</span></div>", word(&state.status));
    let steps = state.plan.iter().map(|step| {
        let (class, mark) = (word(&step.state), step_mark(step.state));
        format!("<li class={class}><i>{mark}</i>{}<small>{}</small></li>", safe(&step.title), safe(&step.detail))
    });
    parts += &list("plan", steps);
    let all: Vec<&CallReport<'_>> = calls(state).collect();
    parts += &list("calls", all.iter().skip(all.len().saturating_sub(CALLS)).map(|call| drawn(call, between)));
    let last = || state.turns.iter().rev().find_map(|turn| turn.say.as_deref().filter(|say| !say.is_empty()));
    let said = if between.said.is_empty() { last().unwrap_or_default() } else { &between.said };
    parts += &part("p class=said", &short_end(said, 600));
    parts += &part(&format!("p class='end {tone}'"), outcome(state));
    parts += &part("div class=foot", &spent(state));
    framed(&parts)
}

fn drawn(call: &CallReport<'_>, between: &Between) -> String {
    let class = call.outcome.as_ref().map_or_else(|| word(&call.stage), end);
    let mut shown =
        format!("<i>{}</i><code>{}</code> <small>{}</small>", mark(call, "◐"), safe(&call.tool), safe(&about(call)));
    let progress = between.progress.get(&call.id).filter(|_| call.stage == Stage::Started);
    if let Some((done, total, note)) = progress.filter(|(_, total, note)| *total > 0 || !note.is_empty()) {
        let share = done.saturating_mul(100).checked_div(*total).unwrap_or_default().min(100);
        shown += &format!("<div class=bar><u style='width:{share}%'></u></div><small>{}</small>", safe(note));
    }
    format!("<li class={class}>{shown}</li>")
}

/// Gives an outcome's tag.
fn end(outcome: &cowork::Outcome) -> String {
    serde_json::to_value(outcome).map(|outcome| word(&outcome["end"])).unwrap_or_default()
}

fn tone(status: Status) -> &'static str {
    match status {
        Status::Done => "good",
        Status::Failed | Status::Refused => "bad",
        Status::Running => "busy",
        Status::Waiting => "ask",
        _ => "rest",
    }
}

fn list(class: &str, items: impl Iterator<Item = String>) -> String {
    let items: String = items.collect();
    if items.is_empty() { items } else { format!("<ul class={class}>{items}</ul>") }
}

/// Gives a text in an element, if there is one.
fn part(element: &str, text: &str) -> String {
    let name = element.split(' ').next().unwrap_or_default();
    if text.is_empty() { String::new() } else { format!("<{element}>{}</{name}>", safe(text)) }
}

fn framed(inner: &str) -> String {
    format!("<style>\n{STYLE}</style><div class=cowork>{inner}</div>")
}

fn safe(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#x27;"),
            other => safe.push(other),
        }
    }
    safe
}
