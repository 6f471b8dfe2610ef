//! A task in words.

use cowork::{Finish, Outcome, Stage, Status, StepState};
use serde::Serialize;
use serde_json::Value;

use crate::{CallReport, TaskState};

/// Tells what was done in lines, each of which stays as it is once it is there.
pub(super) fn all(state: &TaskState<'_>) -> Vec<String> {
    let ended = calls(state).filter(|call| call.stage == Stage::Finished);
    let calls = ended.map(|call| format!("{} {} {}", mark(call, "·"), call.tool, about(call)).trim_end().to_owned());
    let steps = state.plan.iter().filter(|step| step.state == StepState::Done);
    calls.chain(steps.map(|step| format!("{} {}", step_mark(step.state), step.title))).collect()
}

/// Tells how it stands in one line.
pub(super) fn text(state: &TaskState<'_>) -> String {
    match outcome(state) {
        "" => word(&state.status),
        outcome => format!("{}: {outcome}", word(&state.status)),
    }
}

/// Gives the calls, in their order.
pub(super) fn calls<'a>(state: &'a TaskState<'_>) -> impl Iterator<Item = &'a CallReport<'a>> {
    state.turns.iter().flat_map(|turn| &turn.calls)
}

/// Gives the sign for a step of a plan.
pub(super) fn step_mark(state: StepState) -> &'static str {
    match state {
        StepState::Pending => "○",
        StepState::Active => "◐",
        StepState::Done => "●",
        StepState::Skipped => "–",
    }
}

/// Gives the sign for a call's end, or this one if it has none.
pub(super) fn mark(call: &CallReport<'_>, without: &'static str) -> &'static str {
    match call.outcome {
        Some(Outcome::Done { .. }) => "✓",
        Some(Outcome::Failed { .. }) => "✗",
        Some(Outcome::Denied { .. } | Outcome::Withheld { .. }) => "⊘",
        None => without,
    }
}

/// Says what there is to say of a call: what came of it, else what it is about.
pub(super) fn about(call: &CallReport<'_>) -> String {
    match &call.outcome {
        Some(Outcome::Failed { error }) => short(&error.message, 120),
        Some(Outcome::Denied { reason, .. }) => short(reason, 120),
        Some(Outcome::Done { note, .. }) if !note.is_empty() => short(note, 120),
        _ if call.stage == Stage::Asked => "waits for an answer".to_owned(),
        _ => {
            let values: Vec<String> = match call.args.value() {
                Value::Object(fields) => fields.values().map(plain).collect(),
                other => vec![plain(&other)],
            };
            short(&values.join(", "), 80)
        }
    }
}

/// Says what came of it, or what it needs; nothing while it goes on.
pub(super) fn outcome<'a>(state: &'a TaskState<'_>) -> &'a str {
    match state.result.as_deref() {
        Some(Finish::Done { summary, .. }) => summary,
        Some(Finish::Failed { error }) => &error.message,
        _ if state.status == Status::Waiting => "It waits for an answer.",
        _ => "",
    }
}

/// Says what it changed and what it took.
pub(super) fn spent(state: &TaskState<'_>) -> String {
    let files = state.files.as_deref().cloned().unwrap_or_default();
    let counts = [(files.made, "made"), (files.changed, "changed"), (files.moved, "moved"), (files.removed, "removed")];
    let mut told: Vec<String> =
        counts.iter().filter(|(count, _)| *count > 0).map(|(count, what)| format!("{count} {what}")).collect();
    let spent = &state.spent;
    if spent.answers > 0 {
        told.push(format!("{} answers, {} tokens", spent.answers, grouped(spent.usage.input + spent.usage.output)));
    }
    if spent.cost > 0 {
        let cost = spent.cost.saturating_add(50) / 100;
        told.push(format!("${}.{:04}", cost / 10_000, cost % 10_000));
    }
    told.join(" · ")
}

/// Gives the beginning of a text, in one line.
pub(super) fn short(text: &str, most: usize) -> String {
    let text = one_line(text);
    match text.char_indices().nth(most) {
        Some((at, _)) => format!("{}…", &text[..at]),
        None => text,
    }
}

/// Gives the end of a text, in one line.
pub(super) fn short_end(text: &str, most: usize) -> String {
    let text = one_line(text);
    match text.char_indices().rev().nth(most - 1) {
        Some((at, _)) if at > 0 => format!("…{}", &text[at..]),
        _ => text,
    }
}

/// Gives a word as data has it: `set_aside`.
pub(super) fn word<T: Serialize>(of: &T) -> String {
    serde_json::to_value(of).ok().and_then(|word| word.as_str().map(ToOwned::to_owned)).unwrap_or_default()
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), ToOwned::to_owned)
}

/// `12345` to `12,345`.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let parts: Vec<&str> =
        digits.as_bytes().rchunks(3).rev().filter_map(|part| std::str::from_utf8(part).ok()).collect();
    parts.join(",")
}
