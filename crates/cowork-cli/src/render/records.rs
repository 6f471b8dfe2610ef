//! One readable line for each record of a log.

use cowork::{
    Briefing, CallId, Command, Decision, Error, Event, FilePath, FilesReport, Finish, Found, InstructionState,
    Instructions, Outcome, Record, Usage, dollars,
};
use jiff::{Timestamp, tz::TimeZone};

use super::{
    line::{Line, Role},
    text::{count, cut, grouped, one_line, width},
};
use crate::look::Look;

/// Writes a record as a line: its place, when, which task, what happened.
pub(crate) fn record(record: &Record, look: &Look, zone: &TimeZone) -> Line {
    let task = record.task.map(cowork::TaskId::short).unwrap_or_default();
    let line = Line::of(format!("{:>6}  ", record.seq))
        .add(Role::Quiet, format!("{}  ", time(record.at, zone)))
        .add(Role::Accent, format!("{task:<6}  "));
    let room = if look.live { look.width.saturating_sub(line.width()) } else { 400 };
    let (role, text) = match record.event.event() {
        Ok(event) => event_text(&event),
        Err(error) => (Role::Failed, format!("can't be read: {error}")),
    };
    let text = one_line(&text);
    if width(&text) <= room { line.add(role, text) } else { line.add(role, cut(&text, room)) }
}

/// Writes a moment in local time.
pub(crate) fn time(at: cowork::Timestamp, zone: &TimeZone) -> String {
    let at = Timestamp::from_millisecond(at.as_millis()).unwrap_or_default();
    at.to_zoned(zone.clone()).strftime("%Y-%m-%d %H:%M:%S").to_string()
}

fn event_text(event: &Event) -> (Role, String) {
    match event {
        Event::ThreadOpened { title } => (Role::Plain, format!("thread opened: {title}")),
        Event::Commanded { sender, command, .. } => (Role::Strong, format!("{sender}: {}", command_text(command))),
        Event::Refused { command, error } => (Role::Waiting, format!("command {command} refused: {error}")),
        Event::TaskStarted { .. } => (Role::Plain, "taken up".to_owned()),
        Event::ModelAsked { model, at, purpose, most, .. } => {
            let most = grouped(most.tokens);
            (Role::Plain, format!("asks {model} at {at} ({purpose}, {most} tokens at the most)"))
        }
        Event::ModelAnswered { usage, cost, tries, error, .. } => answered(usage, *cost, *tries, error.as_ref()),
        Event::Briefed { briefing } => (Role::Plain, briefed(briefing)),
        Event::Noted { name, text, .. } if text.is_empty() => (Role::Plain, format!("note forgotten: {name}")),
        Event::Noted { name, text, .. } => (Role::Plain, format!("noted, {name}: {text}")),
        Event::Decided(decision) => (Role::Plain, decided(decision)),
        Event::PermissionAsked { call, effects, .. } => {
            (Role::Waiting, format!("asks, call {}: {}", call.short(), effects.preview.title))
        }
        Event::CallStarted { call, attempt, .. } => {
            let again = if *attempt > 1 { format!(", attempt {attempt}") } else { String::new() };
            (Role::Plain, format!("call {} started{again}", call.short()))
        }
        Event::CallHeld { call, held } => {
            (Role::Plain, format!("call {} holds back: {}", call.short(), held.effects.preview.title))
        }
        Event::CallFinished { call, outcome, .. } => {
            let (role, text) = outcome_text(outcome);
            (role, format!("call {} {text}", call.short()))
        }
        Event::CallInterrupted { call, reason, .. } => {
            (Role::Waiting, format!("call {} cut off: {reason}", call.short()))
        }
        Event::TaskStopped { reason } => (Role::Waiting, format!("put down: {reason}")),
        Event::FilesChecked { report } => (Role::Plain, checked(report)),
        Event::TaskFinished { result } => finish_text(result),
        Event::UndoStarted { paths, calls } => (Role::Plain, format!("undo{} started", part(paths, calls))),
        Event::UndoFinished { report } => {
            let left = if report.left > 0 { format!(", {} left standing", report.left) } else { String::new() };
            (Role::Done, format!("undone: {}, {} kept{left}", count(report.undone, "change"), report.kept_in_all()))
        }
        Event::UndoFailed { error } => (Role::Failed, format!("undo failed: {error}")),
        Event::JournalReclaimed => (Role::Quiet, "journal let go of: this can't be undone any more".to_owned()),
        Event::Unknown { kind, .. } => (Role::Quiet, format!("`{kind}`, of a later version")),
        _ => (Role::Quiet, event.kind().to_owned()),
    }
}

fn answered(usage: &Usage, cost: Option<u64>, tries: u32, error: Option<&Error>) -> (Role, String) {
    let cost = cost.map(|cost| format!(", {}", dollars(cost))).unwrap_or_default();
    let again = if tries > 1 { format!(", {tries} tries") } else { String::new() };
    let read = grouped(usage.total() - usage.output);
    let took = format!("{read} tokens read, {} written{cost}{again}", grouped(usage.output));
    match error {
        None => (Role::Plain, format!("answered: {took}")),
        Some(error) => (Role::Failed, format!("no answer: {error} ({took})")),
    }
}

fn briefed(briefing: &Briefing) -> String {
    let notes = (!briefing.notes.is_empty()).then(|| count(briefing.notes.len() as u64, "note"));
    let file = |f: &Instructions| match (f.state, f.hash) {
        (InstructionState::Trusted, Some(hash)) => format!("{} at {hash}", f.path),
        (state, _) => format!("{} not followed ({state:?})", f.path).to_lowercase(),
    };
    let told: Vec<String> = notes.into_iter().chain(briefing.instructions.iter().map(file)).collect();
    let trouble = briefing.trouble.iter().map(|error| format!("no instruction file could be looked for: {error}"));
    format!("told besides: {}", told.into_iter().chain(trouble).collect::<Vec<_>>().join(", "))
}

fn checked(report: &FilesReport) -> String {
    let found = match report {
        FilesReport { trouble: Some(error), .. } => format!("can't be looked at: {error}"),
        report if report.is_nothing() => "nothing was changed".to_owned(),
        FilesReport { steps, .. } if *steps > 0 => format!("{} steps, none looked at again", grouped(*steps)),
        FilesReport { made, changed, moved, removed, files, .. } => {
            let seen = files.iter().filter(|f| f.hash.is_some()).count();
            let off = files.iter().filter(|f| f.found != Found::AsLeft).count();
            let off = if off > 0 { format!(", {off} not as it was left") } else { String::new() };
            format!("{made} made, {changed} changed, {moved} moved, {removed} set aside; {seen} read again{off}")
        }
    };
    let unmade =
        if report.unmade.is_empty() { String::new() } else { format!("; not made: {}", report.unmade.join(", ")) };
    format!("files: {found}{unmade}")
}

/// Names a command with what it says.
pub(crate) fn command_text(command: &Command) -> String {
    match command {
        Command::Submit(submit) => format!("do \"{}\"", submit.text),
        Command::Steer { text } => format!("steer \"{text}\""),
        Command::Answer { call, answer, .. } => format!("answer to {}: {answer:?}", call.short()).to_lowercase(),
        Command::Cancel => "cancel".to_owned(),
        Command::Pause => "pause".to_owned(),
        Command::Resume => "resume".to_owned(),
        Command::Undo { paths, calls } => format!("undo{}", part(paths, calls)),
        _ => "a command of a later version".to_owned(),
    }
}

/// Names the part that is to be undone.
fn part(paths: &[FilePath], calls: &[CallId]) -> String {
    let names = paths.iter().map(ToString::to_string).chain(calls.iter().map(|c| format!("call {}", c.short())));
    let names: Vec<String> = names.collect();
    if names.is_empty() { String::new() } else { format!(" of {}", names.join(", ")) }
}

/// Says how a call ended, in a line.
pub(crate) fn outcome_text(outcome: &Outcome) -> (Role, String) {
    match outcome {
        Outcome::Done { note, .. } if note.is_empty() => (Role::Done, "done".to_owned()),
        Outcome::Done { note, .. } => (Role::Done, format!("done: {note}")),
        Outcome::Failed { error } => (Role::Failed, format!("failed: {error}")),
        Outcome::Denied { reason, .. } => (Role::Waiting, format!("not allowed: {reason}")),
        Outcome::Withheld { effects } => (Role::Accent, format!("held back: would {}", effects.preview.title)),
    }
}

fn decided(decision: &Decision) -> String {
    let mut parts = Vec::new();
    parts.extend(decision.say.clone());
    if !decision.calls.is_empty() {
        let calls = decision.calls.iter().take(4).map(|c| format!("{} ({})", c.tool, c.id.short()));
        let more = decision.calls.len().saturating_sub(4);
        let more = if more > 0 { format!(" and {}", count(more as u64, "more call")) } else { String::new() };
        parts.push(format!("calls {}{more}", calls.collect::<Vec<_>>().join(", ")));
    }
    if decision.finish.is_some() {
        parts.push("ends".to_owned());
    }
    format!("decided: {}", parts.join("; "))
}

fn finish_text(finish: &Finish) -> (Role, String) {
    match finish {
        Finish::Done { summary, .. } => (Role::Done, format!("done: {summary}")),
        Finish::Failed { error } => (Role::Failed, format!("failed: {error}")),
        Finish::Cancelled => (Role::Waiting, "cancelled".to_owned()),
    }
}
