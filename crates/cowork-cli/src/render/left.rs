//! What of a task was not done though it came to its end, from what its calls gave back and from what the journal holds: how
//! many in all, and for each reason how many and one of them.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet},
};

use cowork::{Call, CallId, CallState, ChangeSet, Difference, FileKind, Kind, Outcome, Stage, Task, Turn, What};
use serde_json::Value;

use super::{
    line::{Line, Role},
    text::{clause, grouped, one_line, wrap},
};
use crate::look::Look;

/// So many reasons are told.
const MOST: usize = 5;

/// What was left as it was.
#[derive(Debug, Default)]
pub(crate) struct Left {
    total: u64,
    /// How many, and one of the reasons, for each kind of reason; the largest share first.
    kinds: Vec<(u64, String)>,
    /// Every reason as the calls gave it.
    reasons: BTreeSet<String>,
}

impl Left {
    /// Takes it from the calls of a task; what a later call did after all, as the journal tells, is not among it.
    pub(crate) fn of(task: &Task, changed: Option<&ChangeSet>) -> Self {
        let mut left = Self::default();
        let mut kinds: BTreeMap<String, (u64, String)> = BTreeMap::new();
        let (mut seen, done) = (BTreeSet::new(), changed.map(touched).unwrap_or_default());
        for value in values(task) {
            let Some(told) = value.get("left").and_then(Value::as_u64).filter(|n| *n > 0) else { continue };
            let mut count = |number: u64, reason: &str| {
                kinds.entry(kind(reason)).or_insert_with(|| (0, reason.to_owned())).0 += number;
                left.total += number;
                left.reasons.insert(reason.to_owned());
            };
            let named: Vec<&Value> = list(&value, "otherwise").iter().filter(|o| o.get("renamed").is_none()).collect();
            // Where not all are named the call has counted them.
            if (named.len() as u64) < told {
                for one in list(&value, "reasons") {
                    count(one.get("files").and_then(Value::as_u64).unwrap_or(0), text(one, "why"));
                }
                continue;
            }
            for one in named {
                let path = text(one, "path");
                if !done.contains(path) && seen.insert(path.to_owned()) {
                    count(1, text(one, "reason"));
                }
            }
        }
        left.kinds = kinds.into_values().collect();
        left.kinds.sort_by_key(|(number, _)| Reverse(*number));
        left
    }

    /// Says how many there are and why.
    pub(crate) fn lines(&self, look: &Look) -> Vec<Line> {
        let room = look.columns().saturating_sub(14);
        let titled = |text: &str| -> Vec<Line> {
            let line = |(i, l): (usize, String)| {
                let title = if i == 0 { "Not done:" } else { "" };
                Line::margin().add(Role::Waiting, format!("{title:<9} ")).add(Role::Plain, l)
            };
            wrap(text, room).into_iter().enumerate().map(line).collect()
        };
        let number = grouped(self.total);
        let [(_, only)] = &self.kinds[..] else {
            if self.kinds.is_empty() {
                return Vec::new();
            }
            let mut lines = titled(&format!("{number}, each left as it was."));
            let digits = grouped(self.kinds[0].0).len();
            for (many, example) in self.kinds.iter().take(MOST) {
                let such = if *many > 1 { "e.g. " } else { "" };
                let text = wrap(&format!("{such}{}", one_line(example)), room.saturating_sub(digits));
                for (i, line) in text.into_iter().enumerate() {
                    let number = if i == 0 { grouped(*many) } else { String::new() };
                    let start = Line::margin().to(12).add(Role::Plain, format!("{number:>digits$}  "));
                    lines.push(start.add(Role::Quiet, line));
                }
            }
            let rest: u64 = self.kinds.iter().skip(MOST).map(|(number, _)| number).sum();
            if rest > 0 {
                let text = format!("{:>digits$}  for other reasons", grouped(rest));
                lines.push(Line::margin().to(12).add(Role::Quiet, text));
            }
            return lines;
        };
        let such = if self.total > 1 { format!("{number}, e.g. ") } else { String::new() };
        titled(&format!("{such}{}", clause(&one_line(only))))
    }

    /// Takes out of a summary what it says itself of one of these reasons: that would say it of one for all.
    pub(crate) fn unsaid(&self, summary: &str) -> String {
        const SAYS: &str = "Not done: ";
        let Some(at) = summary.find(SAYS).filter(|_| self.total > 0) else { return summary.to_owned() };
        let said = &summary[at + SAYS.len()..];
        let line = said.find('\n').unwrap_or(said.len());
        let reason = self.reasons.iter().filter_map(|r| said[..line].find(r.as_str()).map(|from| from + r.len()));
        let Some(end) = reason.min() else { return summary.to_owned() };
        let rest = said[end..].trim_start_matches([')', '.']);
        format!("{}{}{rest}", summary[..at].trim_end(), if rest.starts_with(['\n', ' ']) { "" } else { " " })
            .trim_end()
            .to_owned()
    }
}

/// Says whether a call that could not run because its arguments did not fit was made good: later calls of the same tool did
/// something at every place that it named. One that named none is made good by the next turn, if that calls the tool as often.
pub(crate) fn is_mended(task: &Task, call: CallId) -> bool {
    let has_it = |turn: &Turn| turn.calls.iter().any(|c| c.id == call);
    let Some(at) = task.turns.iter().position(has_it) else { return false };
    let (turn, later) = (&task.turns[at], &task.turns[at + 1..]);
    let Some((wanted, state)) = with_states(turn).find(|(_, state)| state.id == call) else { return false };
    if !is_misfit(state) {
        return false;
    }
    let done = |turns: &[Turn]| -> Vec<Vec<String>> {
        let done = turns.iter().flat_map(with_states).filter(|(c, s)| c.tool == wanted.tool && is_done(s));
        done.map(|(c, _)| places(&c.args.value())).collect()
    };
    let named = places(&wanted.args.value());
    if named.is_empty() {
        let such =
            |(c, s): &(&Call, &CallState)| c.tool == wanted.tool && is_misfit(s) && places(&c.args.value()).is_empty();
        return done(&later[..later.len().min(1)]).len() >= with_states(turn).filter(such).count();
    }
    let there: Vec<String> = done(later).concat();
    // What did not fit may have been a path that began elsewhere.
    let ends =
        |whole: &str, end: &str| whole.strip_suffix(end).is_some_and(|rest| rest.is_empty() || rest.ends_with('/'));
    named.iter().all(|place| there.iter().any(|one| ends(one, place) || ends(place, one)))
}

fn with_states(turn: &Turn) -> impl Iterator<Item = (&Call, &CallState)> {
    turn.decision.calls.iter().zip(&turn.calls)
}

fn is_done(state: &CallState) -> bool {
    matches!(state.outcome(), Ok(Some(Outcome::Done { .. })))
}

/// Says whether a call never ran because its arguments did not fit.
fn is_misfit(state: &CallState) -> bool {
    state.attempt == 0
        && matches!(state.outcome(), Ok(Some(Outcome::Failed { error })) if error.kind == Kind::InvalidInput)
}

/// Gives what of a call's arguments looks like a path or a file's name.
fn places(args: &Value) -> Vec<String> {
    match args {
        Value::String(text) if is_place(text) => vec![text.clone()],
        Value::Array(all) => all.iter().flat_map(places).collect(),
        Value::Object(all) => all.values().flat_map(places).collect(),
        _ => Vec::new(),
    }
}

fn is_place(text: &str) -> bool {
    let is_ending = |end: &str| (1..=5).contains(&end.len()) && end.bytes().all(|b| b.is_ascii_alphanumeric());
    !text.contains('\n') && (text.contains('/') || text.rsplit_once('.').is_some_and(|(_, end)| is_ending(end)))
}

/// Says whether the journal must be asked what of a task was done: not all of what its calls wanted was.
pub(crate) fn is_in_doubt(task: &Task) -> bool {
    let number = |value: &Value, key: &str| value.get(key).and_then(Value::as_u64).unwrap_or(0);
    let values = values(task);
    task.journalled && (values.iter().any(|v| number(v, "left") > 0) || !values.iter().any(|v| number(v, "made") > 0))
}

/// Puts into a summary's list of places, `Documents/ 212   Images/ 181`, how much really went there, as the journal tells: a
/// program that was not told of each that failed counts what it wanted.
pub(crate) fn checked(summary: &str, changed: &ChangeSet) -> String {
    let all = summary.lines().filter_map(cells).flatten();
    let mut went: BTreeMap<&str, u64> = all.map(|(place, _)| (place, 0)).collect();
    for change in &changed.changes {
        let is_there = matches!(change.what, What::Moved { .. } | What::Created) && change.kind == FileKind::File;
        let path = change.path.as_str();
        let below = path.split_once('/').map_or(path, |(_, below)| below);
        let fits = |place: &&str| path.starts_with(*place) || below.starts_with(*place);
        let place = went.keys().copied().filter(fits).max_by_key(|place| place.len());
        if let Some(count) = place.and_then(|place| went.get_mut(place)).filter(|_| is_there && !change.undone) {
            *count += 1;
        }
    }
    let line = |line: &str| match cells(line) {
        None => Some(line.to_owned()),
        Some(cells) => {
            let shown = cells.iter().filter_map(|(place, _)| went.get(place).filter(|n| **n > 0).map(|n| (place, n)));
            let shown: Vec<String> = shown.map(|(place, n)| format!("{place} {}", grouped(*n))).collect();
            let more = line.rsplit("   ").next().filter(|last| last.starts_with("and ")).map(str::to_owned);
            let shown: Vec<String> = shown.into_iter().chain(more).collect();
            (!shown.is_empty()).then(|| format!("  {}", shown.join("   ")))
        }
    };
    summary.lines().filter_map(line).collect::<Vec<_>>().join("\n").trim_end().to_owned()
}

/// Takes a line apart that lists places and how much went there. `None`: it is another line.
pub(crate) fn cells(line: &str) -> Option<Vec<(&str, u64)>> {
    let list = line.strip_prefix("  ")?;
    let cells = list.split("   ").filter(|cell| !cell.starts_with("and "));
    let cells: Option<Vec<(&str, u64)>> = cells
        .map(|cell| {
            let (place, number) = cell.rsplit_once(' ').filter(|(place, _)| place.ends_with('/'))?;
            Some((place, number.replace(',', "").parse().ok()?))
        })
        .collect();
    cells.filter(|cells| !cells.is_empty())
}

/// Gives what the calls of a task that ran gave back.
fn values(task: &Task) -> Vec<Value> {
    let calls = task.turns.iter().flat_map(|t| &t.calls).filter(|c| c.stage == Stage::Finished);
    // What can't be read is said where the records are read.
    let value = |outcome| if let Outcome::Done { value, .. } = outcome { Some(value) } else { None };
    calls.filter_map(|c| c.outcome().ok().flatten().and_then(value)).collect()
}

fn list<'a>(value: &'a Value, key: &str) -> &'a [Value] {
    value.get(key).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value.get(key).and_then(Value::as_str).unwrap_or_default()
}

/// Gives a reason without the names in it.
fn kind(reason: &str) -> String {
    reason.split('`').step_by(2).collect::<Vec<_>>().join("`")
}

/// Gives the paths that something was done to, those from which something was moved too.
fn touched(changed: &ChangeSet) -> BTreeSet<String> {
    let paths = |change: &Difference| -> Vec<String> {
        let from = if let What::Moved { from, .. } = &change.what { Some(from.to_string()) } else { None };
        from.into_iter().chain([change.path.to_string()]).collect()
    };
    changed.changes.iter().flat_map(paths).collect()
}
