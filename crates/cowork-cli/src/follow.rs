//! Following a task to its end, or to where it needs a person.

use std::{collections::HashSet, time::Duration};

use cowork::{
    AllowRule, Answer, Ask, CallId, ChangeSet, DeltaKind, Finish, Hash, Item, Runtime, Status, Subscription, TaskId,
    ThreadId, Timestamp, TokioRuntime, Undo,
};
use tokio::{
    runtime::Handle,
    time::{Instant, Interval, MissedTickBehavior, interval_at},
};

use crate::{
    app::App,
    config::Edit,
    fail::{Exit, Fail},
    keys::{Keys, Offered, Reply},
    look::Look,
    out,
    render::{
        ask, left,
        line::{Line, Role},
        pager::Pager,
        screen::{Details, Screen},
        spoken,
        text::{one_line, tilde},
        whole,
    },
    signals::{Heard, Signals},
    view::View,
};

/// Twelve pictures a second look like motion and cost nothing.
const PICTURE: Duration = Duration::from_millis(80);

/// How a task is followed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct How {
    /// Answer every question with yes.
    pub(crate) yes: bool,
    /// Write records as JSON.
    pub(crate) json: bool,
    /// What was recorded up to here is only the setting: it is not written as JSON, nor said again.
    pub(crate) after: u64,
    /// Whether being interrupted at a question ends the task: what waits to be decided on is let go of.
    pub(crate) cancels: bool,
}

/// Follows a task until it has ended, or rests until a person says something that can't be asked for here.
pub(crate) async fn follow(
    app: &App,
    thread: ThreadId,
    task: TaskId,
    how: How,
    signals: &mut Signals,
) -> Result<Exit, Fail> {
    let records = app.records(thread, task).await?;
    let (past, new) = records.split_at(records.partition_point(|r| r.seq <= how.after));
    let mut screen = Screen::default();
    past.iter().try_for_each(|r| screen.record(r))?;
    let ended = screen.task.as_ref().is_some_and(|t| t.result.is_some());
    let look = Look { once: how.cancels, ..Look::of_stdout() };
    let mut view = View::new(look, how.json, ended, screen, now());
    new.iter().try_for_each(|r| view.record(r))?;
    let events = app.engine.events(thread, records.last().map_or(0, |r| r.seq));
    // Parts that were begun before go on too.
    let parts: Vec<TaskId> = view.screen.task.iter().flat_map(cowork::Task::subtasks).collect();
    for part in parts {
        for record in app.records(thread, part).await? {
            view.screen.parts.record(task, &record)?;
        }
    }
    let mut pictures = interval_at(Instant::now(), PICTURE);
    pictures.set_missed_tick_behavior(MissedTickBehavior::Skip);
    let mut follower = Follower {
        app,
        task,
        how,
        view,
        events,
        pictures,
        keys: None,
        asked: None,
        answered: HashSet::new(),
        parts_asked: true,
    };
    if follower.view.is_live() && follower.view.look.asks {
        follower.read_keys();
    }
    follower.run(signals).await
}

/// A question: a call may be asked about twice, before it runs and before what it held back is done.
type Asked = (CallId, Hash);

fn asked(ask: &Ask) -> Asked {
    (ask.call.id, ask.args_hash)
}

struct Follower<'a> {
    app: &'a App,
    task: TaskId,
    how: How,
    view: View,
    events: Subscription,
    pictures: Interval,
    /// On a terminal that is drawn over they are read all along, else only where something is asked.
    keys: Option<Keys>,
    /// The question that is seen.
    asked: Option<Asked>,
    /// Questions that were answered from here and of which the log does not tell yet.
    answered: HashSet<Asked>,
    /// Whether a part of the task may ask something else than is known.
    parts_asked: bool,
}

impl Follower<'_> {
    async fn run(mut self, signals: &mut Signals) -> Result<Exit, Fail> {
        // A record, a key or a signal may change what is to be done next; how far something is does not.
        let (mut still, mut news) = (false, true);
        loop {
            if news {
                if let Some(exit) = self.turn().await? {
                    return Ok(exit);
                }
                still = self.view.screen.is_settled();
            }
            news = true;
            // Where a person thinks nothing moves, and nothing is drawn until something comes.
            let moving = self.view.look.spoken || self.view.is_live() && !(still && cfg!(unix));
            tokio::select! {
                biased;
                heard = signals.heard() => match heard {
                    Heard::Stop => return self.interrupted(signals).await,
                    Heard::Resized if self.view.is_live() => self.view.show(now()),
                    Heard::Resized => {}
                    Heard::Back => self.back(),
                },
                key = key(&mut self.keys) => self.key(key).await?,
                _ = self.pictures.tick(), if moving => {
                    self.view.show(now());
                    news = false;
                }
                item = self.events.next() => match item {
                    Some(item) => news = self.item(item?)?,
                    None => return Err(cowork::Error::new(cowork::Kind::Internal, "follow task", "the engine stopped").into()),
                },
            }
        }
    }

    /// Goes by how it stands now. Gives how to end; none if it is to go on.
    async fn turn(&mut self) -> Result<Option<Exit>, Fail> {
        if self.parts_asked && self.view.screen.has_parts() {
            self.parts_asked = false;
            let mut asks = self.app.engine.asks(self.task).await?;
            // What was answered is a question no more, whenever its log says so.
            asks.retain(|ask| !self.answered.contains(&asked(ask)));
            self.view.screen.asked(asks);
        }
        if self.view.screen.is_settled()
            && let Some(exit) = self.rest().await?
        {
            self.keys = None;
            self.view.screen.changed = self.changed().await;
            self.view.end(now());
            return Ok(Some(exit));
        }
        let still = self.view.screen.is_settled();
        if !still {
            self.end_prompt();
        }
        if still || !self.view.is_live() {
            self.view.show(now());
        }
        Ok(None)
    }

    /// Takes in an item. Says whether it was a record of the task.
    fn item(&mut self, item: Item) -> Result<bool, Fail> {
        match item {
            Item::Record(record) if record.task == Some(self.task) => {
                self.view.record(&record)?;
                return Ok(true);
            }
            Item::Record(record) => {
                // The last record of a part comes after its task was told.
                self.view.screen.parts.record(self.task, &record)?;
                if !self.view.screen.has_parts() {
                    return Ok(false);
                }
                self.parts_asked |= matches!(record.event.kind(), "permission_asked" | "commanded");
                return Ok(self.parts_asked);
            }
            Item::Delta(delta) if delta.task == self.task => {
                self.view.delta(&delta, now());
                // That a service is asked again is worth a line of its own.
                return Ok(matches!(delta.what, DeltaKind::Retrying { .. }));
            }
            Item::Delta(delta) => self.view.screen.parts.delta(&delta),
            _ => {}
        }
        Ok(false)
    }

    /// Asks the journal what the task changed, where its calls don't say that all went well. That it can't say is no reason
    /// not to say the rest.
    async fn changed(&self) -> Option<ChangeSet> {
        let task = self.view.screen.task.as_ref().filter(|t| t.result.is_some() && !self.view.is_json())?;
        let asks = match task.undo {
            Undo::None => left::is_in_doubt(task),
            Undo::Done(_) => true,
            _ => false,
        };
        if asks && task.journalled { self.app.engine.changes(task.id).await.ok() } else { None }
    }

    /// Sees to a task that has ended or waits. Gives how to end; none if it is to go on.
    async fn rest(&mut self) -> Result<Option<Exit>, Fail> {
        let Some(task) = &self.view.screen.task else { return Ok(None) };
        match (&task.result, &task.undo) {
            (Some(_), Undo::Done(_)) => return Ok(Some(Exit::Done)),
            (Some(_), Undo::Failed(_)) => return Ok(Some(Exit::Failed)),
            (Some(Finish::Done { .. }), _) => return Ok(Some(Exit::Done)),
            // A person's no is no failure.
            (Some(finish), _) => return Ok(Some(if finish.is_refusal() { Exit::Done } else { Exit::Failed })),
            (None, _) if task.status() == Status::Paused => return Ok(Some(Exit::Waiting)),
            (None, _) => {}
        }
        if self.view.screen.asks.is_empty() {
            self.view.screen.asks = self.app.engine.asks(self.task).await?;
        }
        if self.how.yes {
            for ask in self.view.screen.asks.clone() {
                if self.answered.insert(asked(&ask)) {
                    self.app.answer(&ask, Answer::Allow).await?;
                }
            }
            self.view.screen.asks.clear();
            return Ok(None);
        }
        if !self.view.look.asks || self.view.is_json() {
            // While other parts are at work there is more to come.
            let goes_on = self.view.screen.has_parts() && self.app.engine.ready().await?.contains(&self.task);
            return Ok(if goes_on { None } else { Some(Exit::Waiting) });
        }
        if self.keys.is_none() {
            self.read_keys();
        }
        let Some(keys) = &mut self.keys else { return Ok(Some(Exit::Waiting)) };
        self.view.screen.prompting = true;
        let first = self.view.screen.asks.first().map(asked);
        if first != self.asked {
            self.asked = first;
            // What was typed before the question was seen is no answer to it; what is typed once it is seen is one.
            keys.forget();
            self.view.show(now());
        }
        Ok(None)
    }

    fn read_keys(&mut self) {
        self.keys = Keys::read();
        if self.keys.is_some() && self.view.is_live() {
            self.view.screen.details = Details::Folded;
        }
    }

    fn end_prompt(&mut self) {
        if !self.view.is_live() {
            self.keys = None;
        }
        self.asked = None;
        self.view.pager = None;
        self.view.help = false;
        self.view.screen.prompting = false;
    }

    /// Takes the terminal up again after a shell had it.
    fn back(&mut self) {
        if let Some(keys) = &self.keys {
            keys.again();
        }
        self.view.leave();
    }

    async fn key(&mut self, key: Option<u8>) -> Result<(), Fail> {
        let Some(key) = key else {
            // The terminal is gone: the question stays open.
            self.keys = None;
            self.end_prompt();
            self.view.look.asks = false;
            return Ok(());
        };
        let asks = self.view.screen.asks.first();
        let Some(ask) = asks.filter(|a| self.view.screen.prompting && !self.answered.contains(&asked(a))).cloned()
        else {
            self.unfold(key);
            return Ok(());
        };
        if let Some(pager) = &mut self.view.pager {
            match key {
                b' ' | b'\n' | b'\r' | b'f' | b'j' if pager.on(&self.view.look) => {}
                b'b' | b'k' => pager.back(&self.view.look),
                b' ' | b'\n' | b'\r' | b'q' | b's' | 0x1b => self.view.pager = None,
                _ => {}
            }
            return Ok(());
        }
        match Reply::of(key, Offered::on(&ask.effects, self.how.cancels)) {
            Some(Reply::Show) => self.show_all(&ask),
            Some(reply) => self.reply(&ask, reply).await?,
            None if matches!(key, b'?' | b'h') && self.view.is_live() => self.view.help = !self.view.help,
            None if matches!(key, b'?' | b'h') => {
                self.view.say(&ask::help(
                    Offered::on(&ask.effects, self.how.cancels),
                    &ask.call.tool,
                    self.how.cancels,
                    &self.view.look.clone(),
                ));
            }
            None => {}
        }
        Ok(())
    }

    async fn reply(&mut self, ask: &Ask, reply: Reply) -> Result<(), Fail> {
        if reply == Reply::Always {
            self.remember(ask).await?;
        }
        if let Some(answer) = reply.answer() {
            self.answered.insert(asked(ask));
            self.app.answer(ask, answer).await?;
        }
        Ok(())
    }

    /// Writes down what is allowed from now on in these folders. If that can't be, it holds for this task.
    async fn remember(&mut self, ask: &Ask) -> Result<(), Fail> {
        let task = self.app.engine.task(ask.task).await?;
        let rules = AllowRule::covering(&ask.call.tool, &ask.effects);
        let kept = Edit::open().and_then(|mut edit| {
            edit.allow(&rules, &task.submit.folders);
            edit.save()
        });
        if let Err(fail) = kept {
            let why = format!("It holds for this task only: {}.", fail.error.message);
            self.view.say(&[Line::margin().add(Role::Waiting, why)]);
            return Ok(());
        }
        let home = self.view.look.home.as_deref();
        let folders = task.submit.folders.iter().filter(|f| rules.iter().any(|r| r.folder == f.name));
        let places: Vec<String> = folders.map(|f| tilde(&one_line(&f.at), home)).collect();
        let what =
            format!("Saved: {} in {} is not asked about any more.", ask::deed(&ask.call.tool), places.join(", "));
        self.view.screen.saved = Some(format!("{what} Take it back: cowork init"));
        Ok(())
    }

    /// Shows every single change that a call would make.
    fn show_all(&mut self, ask: &Ask) {
        if self.view.is_live() {
            let said = self.view.screen.said_with(ask.call.id);
            let all = whole::shown(ask, said, self.view.look.width.saturating_sub(5));
            self.view.pager = Some(Pager::new(&all, &self.view.look));
            return;
        }
        let offered = Offered::on(&ask.effects, self.how.cancels);
        let tool = &ask.call.tool;
        let keys =
            if self.view.look.spoken { spoken::keys(offered, tool) } else { ask::keys(offered, tool, &self.view.look) };
        let all = whole::all(ask).into_iter().map(|l| Line::of("    ").add(Role::Plain, l));
        self.view.say(&all.chain([keys]).collect::<Vec<_>>());
    }

    /// Unfolds what was done so far, or folds it.
    fn unfold(&mut self, key: u8) {
        let details = &mut self.view.screen.details;
        *details = match (*details, key) {
            (Details::Folded, b'd' | b'D') => Details::Unfolded,
            (Details::Unfolded, b'd' | b'D' | b'q' | 0x1b) => Details::Folded,
            (same, _) => same,
        };
    }

    /// Puts the task down in an orderly way; asked a second time, ends at once.
    async fn interrupted(mut self, signals: &mut Signals) -> Result<Exit, Fail> {
        self.end_prompt();
        self.keys = None;
        let waiting = self.view.screen.task.as_ref().filter(|_| self.how.cancels && self.view.screen.is_waiting());
        if let Some(thread) = waiting.map(|task| task.thread) {
            self.app.tell(thread, self.task, cowork::Command::Cancel).await?;
            _ = self.app.engine.settled(self.task).await?;
        }
        self.view.screen.status = Some("Stopping. Once more to stop at once.".to_owned());
        self.view.show(now());
        tokio::select! {
            () = self.app.engine.stop() => {}
            () = signals.next() => std::process::exit(Exit::Interrupted.code().into()),
        }
        while let Some(item) = self.events.next().await {
            self.item(item?)?;
        }
        self.view.screen.elsewhere = self.app.engine.is_held(self.task).await?;
        if self.view.screen.is_waiting() {
            self.view.screen.asks = self.app.engine.asks(self.task).await?;
        }
        self.view.end(now());
        if self.view.is_json() {
            out::aside(format_args!("  Stopped. Go on: cowork resume {}", self.task.short()));
        }
        Ok(Exit::Interrupted)
    }
}

async fn key(keys: &mut Option<Keys>) -> Option<u8> {
    match keys {
        Some(keys) => keys.next().await,
        None => std::future::pending().await,
    }
}

fn now() -> Timestamp {
    TokioRuntime::new(Handle::current()).now()
}
