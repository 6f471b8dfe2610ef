//! `cowork exec`

mod asked;
mod streams;

use std::{
    collections::HashSet,
    ffi::OsString,
    io::{Write, stderr},
    path::Path,
    sync::Arc,
};

use cowork::{
    Access, AllowRule, Answer, Ask, Cowork, Event, Finish, Item, Outcome, PlanContext, Planner, Proposal, Result,
    Submit, Task, TaskId, ThreadId, UndoMode, View, async_trait, tools::shell::Shell,
};
use serde_json::{Value, json};

use self::{
    asked::{Wanted, wanted},
    streams::Passed,
};
use crate::{
    app::{App, SENDER},
    args::Exec,
    fail::{Exit, Fail},
    follow::{How, follow},
    look::Look,
    out::Out,
    render::{
        line::{Line, Role},
        text::{capital, count},
    },
    signals::Signals,
};

/// The tool that runs commands.
const SHELL: &str = "shell";

/// Plans a task that is one command, which the person typed.
pub(crate) struct OneCommand;

#[async_trait]
impl Planner for OneCommand {
    fn name(&self) -> &str {
        "exec"
    }

    async fn plan(&self, view: View, _: PlanContext) -> Result<Proposal> {
        let Some(call) = view.task.turns.first().and_then(|turn| turn.calls.first()) else {
            return Ok(Proposal::call(SHELL, view.task.submit.planner["call"].clone()));
        };
        Ok(match call.outcome()? {
            Some(Outcome::Done { note, .. }) => Proposal::done(note),
            Some(Outcome::Denied { reason, .. }) => Proposal::done(reason),
            Some(Outcome::Failed { error }) => {
                Proposal { finish: Some(Finish::Failed { error }), ..Proposal::default() }
            }
            _ => Proposal::done("nothing was kept"),
        })
    }
}

/// Runs a command, passes its streams through, and takes over what it changed.
pub(crate) async fn exec(args: Exec, data: &Path) -> Result<Exit, Fail> {
    let Wanted { folders, hosts, unasked, limits, wall, out } = wanted(&args, data)?;
    let line = line(&args.command)?;
    let mut submit = Submit::new(format!("Run {line}"));
    submit.planner = json!({ "name": "exec", "call": { "command": line, "seconds": wall } });
    // Who typed it wants it run. What it then changes is another matter.
    let rule = |folder: &str| AllowRule { tool: SHELL.to_owned(), folder: folder.to_owned() };
    submit.allow.push(rule(""));
    let changed = folders.iter().filter(|folder| folder.access == Access::Write && !args.discard);
    submit.allow.extend(changed.filter(|f| args.commit || unasked.contains(&f.name)).map(|f| rule(&f.name)));
    submit.folders = folders;
    submit.hosts = hosts;
    let mut signals = Signals::listen()?;
    let passed = Arc::new(Passed::new(args.json, out, (limits.clone(), wall)));
    let builder = Cowork::builder().tool(Arc::new(Shell::new().passing(passed.clone()))).exec_limits(limits);
    let app = App::open_as(data, builder).await?;
    let thread = ThreadId::named("main");
    app.engine.open(thread, "main").await?;
    let task = app.engine.submit(thread, SENDER, submit).await?;
    let exit = Run { app: &app, thread, task, args: &args, passed: &passed }.followed(&mut signals).await?;
    app.close(&mut signals).await;
    Ok(exit)
}

/// Writes a command as a line of a shell that is this command and nothing else.
fn line(command: &[OsString]) -> Result<String, Fail> {
    let words = command.iter().map(|word| super::run::as_text(word, "the command"));
    let words = words.collect::<Result<Vec<String>, Fail>>()?;
    let is_plain =
        |word: &str| !word.is_empty() && word.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_./,:@%+".contains(&b));
    let quoted = words.iter().enumerate().map(|(n, word)| match is_plain(word) && !(n == 0 && word.contains('=')) {
        true => word.clone(),
        false => format!("'{}'", word.replace('\'', "'\\''")),
    });
    Ok(quoted.collect::<Vec<_>>().join(" "))
}

/// A command that runs as a task.
struct Run<'a> {
    app: &'a App,
    thread: ThreadId,
    task: TaskId,
    args: &'a Exec,
    passed: &'a Passed,
}

impl Run<'_> {
    async fn followed(self, signals: &mut Signals) -> Result<Exit, Fail> {
        let mut events = self.app.engine.events(self.thread, 0);
        loop {
            let item = tokio::select! {
                biased;
                () = signals.next() => return self.interrupted("Interrupted", signals.code()).await,
                () = self.passed.broken() => {
                    let (why, code) = self.passed.why_broken().unwrap_or_default();
                    return self.interrupted(&capital(&why), code).await;
                }
                item = events.next() => item,
            };
            let Some(item) = item else {
                return Err(cowork::Error::new(cowork::Kind::Internal, "run command", "the engine stopped").into());
            };
            let Item::Record(record) = item? else { continue };
            if record.task != Some(self.task) {
                continue;
            }
            match &*record.event.event()? {
                Event::PermissionAsked { .. } => {
                    let asks = self.app.engine.asks(self.task).await?;
                    if let Some(exit) = self.asked(&asks, record.seq, signals).await? {
                        return Ok(exit);
                    }
                }
                Event::TaskFinished { .. } => return self.ended().await,
                _ => {}
            }
        }
    }

    /// Answers what is asked about the changes, or has the person answer. Gives how to end, if it is over for here.
    async fn asked(&self, asks: &[Ask], seq: u64, signals: &mut Signals) -> Result<Option<Exit>, Fail> {
        if self.args.discard {
            for ask in asks {
                self.app.answer(ask, Answer::Deny).await?;
            }
            return Ok(None);
        }
        if self.args.json {
            let waits = |exit| if exit == Exit::Failed { exit } else { Exit::Waiting };
            return self.ended().await.map(|exit| Some(waits(exit)));
        }
        if let Some(text) = self.passed.why() {
            say(Role::Failed, text);
        }
        let how = How { yes: false, json: false, after: seq.saturating_sub(1), cancels: true };
        let exit = follow(self.app, self.thread, self.task, how, signals).await?;
        Ok(Some(match exit {
            Exit::Done => self.code(),
            Exit::Interrupted => Exit::Program(signals.code()),
            other => other,
        }))
    }

    /// Ends it, with all that it started; what it changed and was not kept is removed when the engine stops.
    async fn interrupted(&self, why: &str, code: u8) -> Result<Exit, Fail> {
        self.app.tell(self.thread, self.task, cowork::Command::Cancel).await?;
        _ = self.app.engine.settled(self.task).await?;
        let task = self.app.engine.task(self.task).await?;
        if task.result != Some(Finish::Cancelled) {
            // It had ended before.
            return self.ended().await;
        }
        let made = self.app.engine.changes(self.task).await.map_or(0, |set| set.changes.len() as u64);
        let text = match made {
            0 => format!("{why}: the command was ended, and nothing of what it changed is kept"),
            made => {
                let made = count(made, "change");
                format!("{why}: {made} had been kept. Take it back: cowork undo {}", self.task.short())
            }
        };
        say(Role::Failed, text);
        Ok(Exit::Program(code))
    }

    async fn ended(&self) -> Result<Exit, Fail> {
        let task = self.app.engine.task(self.task).await?;
        if let Some(Finish::Failed { error }) = &task.result {
            return Err(error.clone().into());
        }
        let outcome = task
            .turns
            .first()
            .and_then(|turn| turn.calls.first())
            .map(cowork::CallState::outcome)
            .transpose()?
            .flatten();
        let value = match &outcome {
            Some(Outcome::Done { value, .. }) => value.clone(),
            _ => Value::Null,
        };
        if self.args.json {
            let text = self.told(&task, &value).await;
            let mut out = Out::default();
            out.text(&format!("{text}\n"));
            if out.is_closed() {
                return Ok(Exit::Failed);
            }
        } else {
            self.tell(&value);
        }
        Ok(self.code())
    }

    /// Says what was kept, beside the command's own streams.
    fn tell(&self, value: &Value) {
        if let Some(made) = value["changed"].as_u64().filter(|made| *made > 0) {
            say(Role::Done, format!("Kept {}. Take it back: cowork undo {}", count(made, "change"), self.task.short()));
        }
        let reasons = ["left_out", "not_changed"].iter().filter_map(|name| value[*name].as_array()).flatten();
        // The same is said of a path as it was found and as it was left.
        let mut told = HashSet::new();
        for reason in reasons.filter_map(Value::as_str).filter(|reason| told.insert(reason.replace('`', ""))) {
            say(Role::Waiting, format!("Left out: {}", crate::render::text::visible(reason)));
        }
        for visit in self.passed.visits().iter().filter(|visit| !visit.allowed) {
            let port = if visit.port == 443 { String::new() } else { format!(":{}", visit.port) };
            let what = crate::render::text::visible(&visit.host).into_owned() + &port;
            let why = visit.reason.as_deref().map(|why| format!(": {why}")).unwrap_or_default();
            say(Role::Waiting, format!("Not reached: {what}{why}"));
        }
        let broken = self.passed.why_broken().map(|(why, _)| capital(&why));
        broken.or_else(|| self.passed.why()).into_iter().for_each(|text| say(Role::Failed, text));
    }

    async fn told(&self, task: &Task, value: &Value) -> Value {
        let changes = self.app.engine.changes(self.task).await.map(|set| json!(set.changes)).unwrap_or_default();
        let held = task.turns.first().and_then(|turn| turn.calls.first()).and_then(|call| call.held.as_ref());
        let held_open = held.filter(|_| task.result.is_none());
        let waits = held_open.map(|held| json!(held.effects.files));
        let call = task.turns.first().and_then(|turn| turn.calls.first()).map(|call| call.id);
        let question = held_open.map(|held| {
            json!({ "call": call, "guarded": held.effects.guarded, "groups": held.effects.preview.groups, "notes": held.effects.preview.notes })
        });
        let none = json!([]);
        let left_out = value.get("left_out").or_else(|| held.and_then(|held| held.output.value.get("left_out")));
        let [stdout, stderr] = self.passed.texts();
        json!({
            "task": self.task,
            "exit": self.code().code(),
            "ended": self.passed.exit(),
            "stdout": stdout,
            "stderr": stderr,
            "cut": self.passed.is_cut(),
            "changes": changes,
            "visits": self.passed.visits(),
            "left_out": left_out.unwrap_or(&none),
            "not_changed": value.get("not_changed").unwrap_or(&none),
            "waiting": waits.as_ref().unwrap_or(&none),
            "question": question,
            "undo": (task.result.is_some() && !changes_is_empty(&changes)).then(|| json!({ "task": self.task, "mode": UndoMode::Act })),
        })
    }

    /// Gives the command's own code, if all that it said could be passed on.
    fn code(&self) -> Exit {
        Exit::Program(self.passed.why_broken().map_or_else(|| self.passed.code(), |(_, code)| code))
    }
}

/// Says something beside the command's own streams. That nobody reads it is no error.
fn say(role: Role, text: String) {
    _ = writeln!(stderr(), "{}", Line::margin().add(role, text).write(Look::ink_on_stderr()));
}

fn changes_is_empty(changes: &Value) -> bool {
    changes.as_array().is_none_or(Vec::is_empty)
}
