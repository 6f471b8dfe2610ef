//! `cowork undo`

use std::ffi::OsString;

use cowork::{Command, Kind, Status, Summary, Task, TaskId, Undo, UndoMode, UndoReport, UndoSpec};
use serde_json::json;

use crate::{
    app::App,
    confirm::yes_or_no,
    fail::{Exit, Fail, wrong},
    follow::{How, follow},
    look::Look,
    names,
    out::{self, Out, WIPE},
    paths,
    render::{
        line::{Line, Role},
        outcome,
        text::{cut, one_line, visible},
        tree, undone,
    },
    signals::Signals,
};

// What takes its time with many files, on a terminal.
const LOOKING: &str = "  Looking at what can be given back …";
const GIVING: &str = "  Giving back …";

/// How many lines of changes are shown before it is asked; `--show` shows all.
const FEW_LINES: usize = 12;

/// What was typed.
pub(crate) struct Wanted {
    pub(crate) task: Option<String>,
    pub(crate) show: bool,
    pub(crate) paths: Vec<OsString>,
    pub(crate) calls: Vec<String>,
    pub(crate) yes: bool,
    pub(crate) json: bool,
}

/// What would be undone.
struct Found {
    task: Summary,
    folded: Task,
    spec: UndoSpec,
    report: UndoReport,
}

/// Shows what would be given back, asks, gives it back.
pub(crate) async fn undo(app: &App, mut wanted: Wanted) -> Result<Exit, Fail> {
    of_part(app, &mut wanted).await?;
    let look = Look::of_stdout();
    let mut out = Out::default();
    let busy = look.live && !wanted.json;
    out.text(if busy { LOOKING } else { "" });
    let found = find(app, &wanted, &look).await;
    out.text(if busy { WIPE } else { "" });
    let found = found?;
    let mut signals = Signals::listen()?;
    // With --yes what came of it says the same.
    if wanted.show || !wanted.json && !wanted.yes {
        show(app, &found, &wanted, &mut out, &look).await?;
    }
    if wanted.show {
        return Ok(Exit::Done);
    }
    let id = found.task.task.short();
    if !wanted.yes && !wanted.json && found.report.undone == 0 {
        // There is nothing to ask about.
        out.lines(&[Line::margin().add(Role::Plain, "Nothing was changed.")], &look);
        return Ok(Exit::Done);
    }
    if !wanted.yes {
        if wanted.json || !look.asks {
            return Err(wrong("nobody can be asked here whether to undo", format!("to do it: cowork undo --yes {id}")));
        }
        match yes_or_no(Vec::new(), ["undo", "leave it"], &mut out, &look, &mut signals).await {
            Some(true) => {}
            Some(false) => {
                out.lines(&[Line::margin().add(Role::Plain, "Nothing was changed.")], &look);
                return Ok(Exit::Done);
            }
            None => return Ok(Exit::Interrupted),
        }
    }
    if wanted.yes && !wanted.json {
        out.lines(&[undone::which(&found.folded, &look)], &look);
    }
    out.text(if busy { GIVING } else { "" });
    let after = app.engine.task(found.task.task).await?.head;
    let UndoSpec { paths, calls, .. } = found.spec;
    app.tell_and_adopt(&found.task, Command::Undo { paths, calls }).await?;
    let how = How { yes: false, json: wanted.json, after, cancels: false };
    let exit = follow(app, found.task.thread, found.task.task, how, &mut signals).await?;
    app.close(&mut signals).await;
    Ok(exit)
}

/// Says what it would do: as a tree, or as one JSON object.
async fn show(app: &App, found: &Found, wanted: &Wanted, out: &mut Out, look: &Look) -> Result<(), Fail> {
    let Found { folded: task, spec, report, .. } = found;
    let changes = app.engine.changes(task.id).await?;
    let spec = &with_parts(app, task, spec).await?;
    if wanted.json {
        let changes = tree::undoing(&changes, spec, &report.kept);
        out.text(&format!("{}\n", json!({ "task": task.id, "report": report, "would": changes })));
        return Ok(());
    }
    // What is asked about is seen together with the question.
    let few = if look.live { look.height.saturating_sub(9).clamp(3, FEW_LINES) } else { FEW_LINES };
    let most = if wanted.show { usize::MAX } else { few };
    out.text("\n");
    out.lines(&undone::undo_preview(task, spec, report, &changes, most, look), look);
    out.text("\n");
    if wanted.show {
        let mut lines = vec![Line::margin().add(Role::Plain, "Nothing was changed.")];
        if report.undone > 0 {
            lines.push(outcome::next("Do it:", &command(wanted, task)));
        }
        out.lines(&lines, look);
    }
    Ok(())
}

/// Names beside a call whose work a part did the calls of that part: the journal has the changes under these.
async fn with_parts(app: &App, task: &Task, spec: &UndoSpec) -> Result<UndoSpec, Fail> {
    let mut spec = spec.clone();
    let of = |task: &Task, call| task.call(call).and_then(|(_, state)| state.subtask);
    let mut parts: Vec<TaskId> = spec.calls.iter().filter_map(|call| of(task, *call)).collect();
    while let Some(part) = parts.pop() {
        let part = app.engine.task(part).await?;
        spec.calls.extend(part.turns.iter().flat_map(|turn| turn.calls.iter().map(|c| c.id)));
        parts.extend(part.all_subtasks());
    }
    Ok(spec)
}

/// Gives the command that does what was only shown.
fn command(wanted: &Wanted, task: &Task) -> String {
    let quoted = |text: &str| {
        let plain = |c: char| c.is_ascii_alphanumeric() || "/._-~+,:@%=".contains(c);
        if text.chars().all(plain) { text.to_owned() } else { format!("'{}'", text.replace('\'', "'\\''")) }
    };
    let paths = wanted.paths.iter().map(|p| format!(" --path {}", quoted(&visible(&p.to_string_lossy()))));
    let calls = wanted.calls.iter().map(|c| format!(" --call {c}"));
    format!("cowork undo {}{}", task.id.short(), paths.chain(calls).collect::<String>())
}

async fn find(app: &App, wanted: &Wanted, look: &Look) -> Result<Found, Fail> {
    if let Some(task) = &wanted.task {
        return named(app, task, wanted).await;
    }
    last(app, wanted, look).await
}

/// Puts the task in the place of a part of it: what that did is undone as the call that it did the work of.
async fn of_part(app: &App, wanted: &mut Wanted) -> Result<(), Fail> {
    let Some(text) = &wanted.task else { return Ok(()) };
    let part = names::task(&app.engine, text).await?;
    let Some(root) = part.part_of else { return Ok(()) };
    let id = part.task.short();
    let parent = app.engine.task(part.task).await?.submit.parent;
    match parent {
        Some(parent) if parent.task == root && wanted.calls.is_empty() => {
            wanted.task = Some(root.to_string());
            wanted.calls = vec![parent.call.to_string()];
            Ok(())
        }
        Some(parent) if parent.task != root => {
            let above = parent.task.short();
            let why = format!("{id} is a part of {above}, and is given back with it");
            Err(wrong(why, format!("undo all of that: cowork undo {above}")))
        }
        _ => Err(wrong(format!("single calls of the part {id} can't be undone"), "leave out --call, or use --path")),
    }
}

fn part(task: &Task, wanted: &Wanted) -> Result<UndoSpec, Fail> {
    let paths = wanted.paths.iter().map(|p| paths::in_task(task, p)).collect::<Result<_, Fail>>()?;
    let calls = wanted.calls.iter().map(|c| names::call(task, c)).collect::<Result<_, Fail>>()?;
    Ok(UndoSpec { mode: UndoMode::Show, paths, calls })
}

async fn named(app: &App, task: &str, wanted: &Wanted) -> Result<Found, Fail> {
    let task = names::task(&app.engine, task).await?;
    let id = task.task.short();
    match task.status {
        Status::Undone => {
            return Err(wrong(format!("task {id} was undone already"), format!("look at it: cowork show {id}")));
        }
        status if status.is_ended() => {}
        _ => {
            let why = format!("task {id} has not ended, and only what has ended can be undone");
            return Err(wrong(why, format!("end it first: cowork cancel {id}")));
        }
    }
    let folded = app.engine.task(task.task).await?;
    if !folded.journalled {
        return Err(wrong(format!("task {id} changed no file"), "there is nothing to undo"));
    }
    if folded.undo == Undo::Reclaimed {
        let why = format!("task {id} can't be undone any more: its journal was let go of to make room");
        return Err(wrong(why, format!("look at what it did: cowork show {id}")));
    }
    let spec = part(&folded, wanted)?;
    let report = app.engine.preview_undo(task.task, spec.clone()).await?;
    if spec.is_part() && report.undone == 0 && report.kept.is_empty() {
        let why = format!("task {id} has nothing to give back there");
        return Err(wrong(why, format!("see what it changed: cowork show {id} --changes")));
    }
    Ok(Found { task, folded, spec, report })
}

/// Finds the task that ended last of those that changed something and were not undone. One of which nothing more can be given back is
/// taken if there is no other.
async fn last(app: &App, wanted: &Wanted, look: &Look) -> Result<Found, Fail> {
    let mut passed = Passed::default();
    let mut tasks = app.engine.tasks().await?;
    tasks.sort_by_key(|task| task.ended.unwrap_or(task.at));
    for summary in tasks.into_iter().rev() {
        let task = match summary.status {
            Status::Undone => continue,
            _ => app.engine.task(summary.task).await?,
        };
        if !task.journalled || task.undo == Undo::Reclaimed {
            passed.idle.get_or_insert(task);
            continue;
        }
        if task.result.is_none() {
            passed.open.get_or_insert(summary.task.short());
            continue;
        }
        let spec = part(&task, wanted)?;
        let report = match app.engine.preview_undo(summary.task, spec.clone()).await {
            Err(error) if error.kind == Kind::NotFound => {
                passed.idle.get_or_insert(task);
                continue;
            }
            report => report?,
        };
        match (report.undone, report.kept.is_empty()) {
            (0, true) => drop(passed.idle.get_or_insert(task)),
            // Where nothing was tried yet, the reason is to be seen: a disk may only have to be connected.
            (0, false) if matches!(task.undo, Undo::Done(_)) => {
                passed.stuck.get_or_insert(Found { task: summary, folded: task, spec, report });
            }
            _ => {
                passed.tell(wanted, look);
                return Ok(Found { task: summary, folded: task, spec, report });
            }
        }
    }
    passed.rest()
}

/// The first of each kind of tasks that are not what is undone, though they came later.
#[derive(Default)]
struct Passed {
    /// It has not ended.
    open: Option<String>,
    /// It changed nothing that could be given back.
    idle: Option<Task>,
    /// Nothing more of it can be given back.
    stuck: Option<Found>,
}

impl Passed {
    /// Says which was passed over.
    fn tell(&self, wanted: &Wanted, look: &Look) {
        // Over what says that it is looked for.
        let wipe = if look.live && !wanted.json { WIPE } else { "" };
        if let Some(open) = &self.open {
            out::aside(format_args!(
                "{wipe}  Task {open} came later and has not ended; this is about the one before it."
            ));
        } else if let Some(Found { task, .. }) = &self.stuck {
            let id = task.task.short();
            out::aside(format_args!("{wipe}  What is left of task {id}, which ended later, can't be given back."));
        } else if let Some(idle) = &self.idle {
            let text = cut(&one_line(&idle.submit.text), look.columns().saturating_sub(44)).into_owned();
            out::aside(format_args!("{wipe}  Task {} \"{text}\" came later and changed nothing.", idle.id.short()));
        }
    }

    /// Gives what there is where nothing can be given back.
    fn rest(self) -> Result<Found, Fail> {
        if let Some(found) = self.stuck {
            return Ok(found);
        }
        Err(match self.open {
            Some(id) => wrong(
                format!("the only task that changed something, {id}, has not ended"),
                format!("end it first: cowork cancel {id}"),
            ),
            None => wrong("no task has changed anything that could be undone", "`cowork tasks` lists what was done"),
        })
    }
}
