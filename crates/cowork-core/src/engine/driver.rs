//! One task, from being taken up to being put down.

use std::{panic::AssertUnwindSafe, sync::Arc, time::Duration};

use futures_util::{FutureExt, StreamExt, stream::FuturesUnordered};
use tokio::sync::{Notify, watch};
use tokio_util::sync::CancellationToken;
use tracing::Instrument;

use super::{
    Inner,
    family::{Family, Opened},
    spans,
    subtasks::Beside,
};
use crate::{
    Actor, Batch, BoxFuture, CallId, Count, Draft, Effects, Error, Event, Expect, Finish, Held, Kind, Label, Lock,
    Next, Outcome, Read, Result, Spent, Stage, Status, Task, TaskId, ThreadId, ToolOutput, ToolSpec, Usage,
    index::{self, Entries},
};

/// How long a call may take to stop before it is left behind, when a person stopped the task: they wait.
const SOON: Duration = Duration::from_millis(800);
/// How long it may take when the program is to stop: what is left behind then is cut off.
const GRACE: Duration = Duration::from_secs(5);

/// How many records a step has: an answer, what was decided, a call's start and end, the next question.
const STEP: usize = 5;

/// How many records that guard nothing may wait for a commit.
const RIDERS: usize = 128;

/// How often a task whose steps never wait lets others have the thread.
const TURNS: u64 = 32;

/// What a running call comes to.
pub(super) type Ended = (CallId, u32, Result<Ran>);

/// What came of a tool that ran: what it gives, and what it holds back.
pub(super) struct Ran(pub(super) ToolOutput, pub(super) Option<Effects>);

/// Works on one task under its lease.
pub(super) struct Driver {
    pub(super) engine: Arc<Inner>,
    /// The task as it will be once `pending` is committed.
    pub(super) task: Arc<Task>,
    /// The `seq` of its last committed record.
    head: u64,
    pub(super) family: Arc<Family>,
    /// The tools that it may use.
    pub(super) specs: Arc<[ToolSpec]>,
    pub(super) bell: Arc<Notify>,
    pending: Vec<Draft>,
    /// How many of the pending are facts whatever they say: a call that guards nothing already ran by them.
    ridden: usize,
    /// What is committed with the pending about other tasks. All of it was only decided.
    pub(super) beside: Vec<Beside>,
    /// What is counted with them, and whether it already happened.
    pub(super) counts: Vec<(bool, Count)>,
    durable: bool,
    shown: Entries,
    shown_at: (Status, bool, usize),
    pub(super) running: FuturesUnordered<BoxFuture<Ended>>,
    /// Calls that may run once nobody else has their locks, in the order in which they were decided.
    pub(super) waiting: Vec<(CallId, Vec<Lock>)>,
    pub(super) session: Option<Opened>,
    /// How often the task's folders were found to be another task's, in a row.
    pub(super) busy: u32,
    /// Stops the running calls.
    pub(super) cancel: CancellationToken,
}

/// Works on a task until it ends, rests, is put down, or the lease is lost. Gives it as it then is.
pub(super) async fn run(
    engine: Arc<Inner>,
    thread: ThreadId,
    task: TaskId,
    family: Arc<Family>,
    bell: Arc<Notify>,
) -> Result<Arc<Task>> {
    let folded = Box::pin(engine.suitable(thread, task)).await?;
    let specs = specs_of(&engine, &folded);
    let keep = engine.keep_lease(folded.root(), family.lease.fence);
    let mut driver = Driver {
        head: folded.head,
        family,
        specs,
        bell,
        pending: Vec::new(),
        ridden: 0,
        beside: Vec::new(),
        counts: Vec::new(),
        durable: false,
        shown: index::entries(&folded),
        shown_at: shown_at(&folded),
        running: FuturesUnordered::new(),
        waiting: Vec::new(),
        session: None,
        busy: 0,
        cancel: CancellationToken::new(),
        task: folded,
        engine: engine.clone(),
    };
    let above = &driver.family.span;
    let span = if driver.task.root() == task { above.clone() } else { spans::subtask(above, thread, task) };
    spans::planned_by(&span, &engine, &driver.task);
    let tools = driver.engine.parts.tools.clone();
    let work = async {
        driver.begin()?;
        driver.work().await?;
        Arc::make_mut(&mut driver.task).head = driver.head;
        Ok(driver.task.clone())
    }
    .instrument(span.clone());
    tokio::select! {
        biased;
        result = AssertUnwindSafe(work).catch_unwind() => result.unwrap_or_else(|_| {
            Err(Error::new(Kind::Internal, "run task", "the engine panicked").with_fix("please report it"))
        }),
        lost = keep => Err(lost),
    }
    .inspect(|task| spans::ended(&span, task))
    .inspect_err(|error| {
        // Somebody else may be at it.
        tools.let_go(task);
        spans::failed(&span, error);
    })
}

/// Gives the tools that a task may use.
fn specs_of(engine: &Inner, task: &Task) -> Arc<[ToolSpec]> {
    match &task.submit.tools {
        None => engine.specs.clone(),
        Some(_) => engine.specs.iter().filter(|spec| task.may_use(&spec.name)).cloned().collect(),
    }
}

impl Driver {
    fn begin(&mut self) -> Result<()> {
        let lease = self.family.lease.clone();
        self.draft(Event::TaskStarted { owner: lease.owner, fence: lease.fence })?;
        let calls = self.task.turns.last().map_or(&[][..], |t| &t.calls);
        let cut: Vec<_> = calls.iter().filter(|c| c.stage == Stage::Started).map(|c| (c.id, c.attempt)).collect();
        for (call, attempt) in cut {
            self.draft(Event::CallInterrupted { call, attempt, reason: "the process that ran it ended".into() })?;
        }
        for (ask, most) in self.task.spent.open.clone() {
            // Nobody knows what it came to; it is taken for the most that it could be.
            let error = Error::new(Kind::Interrupted, "ask model", "the process that asked ended before the answer");
            let usage = Usage { output: most.tokens, ..Usage::default() };
            self.draft(Event::ModelAnswered { ask, usage, cost: most.cost, tries: 1, error: Some(error) })?;
        }
        Ok(())
    }

    async fn work(&mut self) -> Result<()> {
        for turn in 1_u64.. {
            if turn.is_multiple_of(TURNS) {
                yield_now().await;
            }
            if self.engine.stop.is_cancelled() && self.task.wants_engine() {
                return Box::pin(self.put_down()).await;
            }
            // Whoever said something to the task rang; it is taken in before anything more is planned.
            if self.bell.notified().now_or_never().is_some() {
                self.take_in().await?;
            }
            match self.task.next() {
                Next::Refuse(refused) => {
                    for (command, error) in refused {
                        self.draft(Event::Refused { command, error })?;
                    }
                }
                // What comes once, or seldom, has its own room: each task that runs holds what its steps need, and no more.
                Next::Undo(spec) => Box::pin(self.undo(spec)).await?,
                Next::Nothing | Next::Rest => {
                    self.session = None;
                    if self.commit().await? {
                        if self.task.result.is_some() {
                            let parts = &self.engine.parts;
                            parts.tools.let_go(self.task.id);
                            parts.planners.iter().for_each(|planner| planner.let_go(self.task.id));
                        }
                        self.engine.clone().ask_approver(&self.task);
                        let is_sub = self.task.submit.parent.is_some();
                        if self.task.result.is_some() && self.task.journalled && !is_sub {
                            self.engine.clone().reclaim_soon();
                        }
                        return Ok(());
                    }
                }
                Next::Wait => self.wait().await?,
                Next::Finish(result) => Box::pin(self.finish(result)).await?,
                Next::Authorize(calls) => self.authorize(calls).await?,
                Next::Plan => self.plan().await?,
            }
        }
        Ok(())
    }

    /// Gives how long the task may still work, by now.
    pub(super) fn left(&self) -> Option<Duration> {
        let now = self.engine.parts.runtime.now();
        self.task.spent.left(&self.task.budget).map(|left| left.saturating_sub(now.since(self.task.last_at)))
    }

    /// Ends the task: its time is over.
    pub(super) async fn out_of_time(&mut self) -> Result<()> {
        self.finish(Finish::Failed { error: Spent::out_of_time(&self.task.budget) }).await
    }

    /// Waits until the task's time is over; for ever where it has no limit.
    pub(super) fn over(&self) -> BoxFuture<()> {
        match self.left() {
            Some(left) => self.engine.parts.runtime.sleep(left),
            None => std::future::pending().boxed(),
        }
    }

    async fn wait(&mut self) -> Result<()> {
        if self.running.is_empty() {
            // Only a log that says so can bring us here; nothing of ours runs.
            return Err(Error::new(Kind::Internal, "wait for calls", "a call is said to run that does not"));
        }
        let mut ended = false;
        while let Some(Some(end)) = self.running.next().now_or_never() {
            self.ended(end)?;
            ended = true;
        }
        if ended && self.task.next() != Next::Wait {
            return Ok(());
        }
        if self.task.cancelled || self.left() == Some(Duration::ZERO) {
            return self.end_calls().await;
        }
        self.wait_for_one(None).await
    }

    /// Has the running calls end, in whatever way they can.
    async fn end_calls(&mut self) -> Result<()> {
        self.cancel.cancel();
        self.wind_up(SOON).await
    }

    /// Waits for cancelled calls to stop; those that don't are left behind.
    async fn wind_up(&mut self, grace: Duration) -> Result<()> {
        let mut grace = self.engine.parts.runtime.sleep(grace);
        while !self.running.is_empty() {
            tokio::select! {
                biased;
                Some(end) = self.running.next() => self.ended(end)?,
                () = &mut grace => {
                    self.running.clear();
                    let calls = self.task.turns.last().map_or(&[][..], |t| &t.calls);
                    let left: Vec<_> = calls.iter().filter(|c| c.stage == Stage::Started).map(|c| (c.id, c.attempt)).collect();
                    for (call, attempt) in left {
                        let error = Error::new(Kind::Cancelled, "stop call", "it did not stop in time and was left behind");
                        self.ended((call, attempt, Err(error)))?;
                    }
                }
            }
        }
        self.cancel = CancellationToken::new();
        Ok(())
    }

    async fn put_down(&mut self) -> Result<()> {
        self.cancel.cancel();
        self.wind_up(GRACE).await?;
        loop {
            if self.task.wants_engine() {
                self.draft_durable(Event::TaskStopped { reason: "the program was asked to stop".into() })?;
            }
            if self.commit().await? {
                return Ok(());
            }
        }
    }

    fn ended(&mut self, (call, attempt, result): Ended) -> Result<()> {
        let stopped = self.engine.stop.is_cancelled() && !self.task.cancelled;
        let (outcome, actor, label) = match result {
            Ok(Ran(output, Some(effects))) => {
                let label = output.label.clone();
                return self.draft_by(Event::CallHeld { call, held: Held { effects, output } }, Actor::Tool, label);
            }
            Ok(Ran(ToolOutput { value, note, label }, None)) => (Outcome::Done { value, note }, Actor::Tool, label),
            Err(error) if error.kind == Kind::Cancelled && stopped => {
                return self.draft(Event::CallInterrupted {
                    call,
                    attempt,
                    reason: "the program was asked to stop".into(),
                });
            }
            Err(error) => (Outcome::Failed { error }, Actor::Tool, Label::default()),
        };
        let seen = self.session.as_ref().map_or_else(Vec::new, |session| session.own.seen(call));
        self.draft_by(Event::CallFinished { call, outcome, seen }, actor, label)
    }

    /// Records something that the engine itself brought about.
    pub(super) fn draft(&mut self, event: Event) -> Result<()> {
        self.draft_by(event, Actor::Engine, Label::trusted())
    }

    /// Records something that guards an effect or a promise.
    pub(super) fn draft_durable(&mut self, event: Event) -> Result<()> {
        self.durable = true;
        self.draft(event)
    }

    pub(super) fn draft_by(&mut self, event: Event, actor: Actor, label: Label) -> Result<()> {
        let draft = Draft::new(Some(self.task.id), self.engine.parts.runtime.now(), event)?.by(actor, label);
        self.add(draft)
    }

    pub(super) fn guard(&mut self) {
        self.durable = true;
    }

    /// Lets calls run before their start is committed, if they and everything that is pending guard nothing: what is
    /// lost with the process is then only looked at again. What waits longer than an instant is committed meanwhile.
    pub(super) fn ride(&mut self) -> bool {
        if self.durable || self.pending.len() >= RIDERS {
            return false;
        }
        self.ridden = self.pending.len();
        true
    }

    pub(super) fn add(&mut self, draft: Draft) -> Result<()> {
        Arc::make_mut(&mut self.task).foresee(&draft)?;
        if self.pending.capacity() == 0 {
            self.pending.reserve(STEP);
        }
        self.pending.push(draft);
        Ok(())
    }

    /// Commits what is pending. `false`: somebody said something meanwhile; what had happened is still pending, what was
    /// only decided is gone, and the task must be looked at again.
    pub(super) async fn commit(&mut self) -> Result<bool> {
        let put = self.entries_to_put();
        if self.pending.is_empty() && put.is_empty() {
            return Ok(true);
        }
        let ridden = std::mem::take(&mut self.ridden);
        let kept = self.pending.iter().enumerate().filter(|(at, draft)| *at < ridden || is_fact(draft));
        let facts: Vec<Draft> = kept.map(|(_, draft)| draft.clone()).collect();
        let counted: Vec<(bool, Count)> = self.counts.iter().filter(|(happened, _)| *happened).cloned().collect();
        let batch = self.batch(put)?;
        match self.engine.parts.store.commit(batch).await {
            Ok(records) => {
                let own = records.iter().rfind(|r| r.task == Some(self.task.id));
                self.head = own.map_or(self.head, |r| r.seq);
                Ok(true)
            }
            Err(error) if error.kind == Kind::Conflict => {
                Box::pin(self.reload()).await?;
                self.durable = !facts.is_empty();
                self.counts = counted;
                for fact in facts {
                    // The end of a call that did not run goes with the decision that is gone.
                    let is_of_call = matches!(fact.body.kind(), "call_finished" | "noted");
                    let call = fact.cause.filter(|_| is_of_call).map(CallId::from_uuid);
                    if call.is_none_or(|call| self.task.call(call).is_some()) {
                        self.add(fact)?;
                    }
                }
                self.ridden = self.pending.len();
                Ok(false)
            }
            Err(error) => Err(error),
        }
    }

    /// Gives what is to be committed, and leaves nothing of it.
    fn batch(&mut self, mut put: Vec<(String, Option<Vec<u8>>)>) -> Result<Batch> {
        for draft in &self.pending {
            put.extend(index::note_entry(self.task.thread, draft)?);
        }
        let fence = Expect::Fence(self.task.root(), self.family.lease.fence);
        let mut batch = Batch {
            expect: vec![fence, Expect::Head(self.task.id, self.head)],
            append: std::mem::take(&mut self.pending),
            put,
            count: self.counts.drain(..).map(|(_, count)| count).collect(),
            durable: std::mem::take(&mut self.durable),
            thread: self.task.thread,
        };
        for beside in self.beside.drain(..) {
            batch.expect.push(beside.expect);
            batch.put.extend(beside.put);
            let at = if beside.is_first { 0 } else { batch.append.len() };
            batch.append.splice(at..at, beside.append);
        }
        Ok(batch)
    }

    /// Waits for a running call to end, for a lock to be freed if that is waited for, or for somebody to say something.
    pub(super) async fn wait_for_one(&mut self, freed: Option<watch::Receiver<()>>) -> Result<()> {
        if !self.commit().await? {
            return Ok(());
        }
        let (stop, over) = (self.engine.stop.clone(), self.over());
        let freed = async {
            match freed {
                Some(mut freed) => _ = freed.changed().await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            biased;
            Some(end) = self.running.next() => self.ended(end),
            () = freed => Ok(()),
            () = self.bell.notified() => self.take_in().await.map(drop),
            () = stop.cancelled() => Ok(()),
            () = over => self.end_calls().await,
        }
    }

    /// Takes in what others put into the log. Says whether there was anything.
    pub(super) async fn take_in(&mut self) -> Result<bool> {
        if !self.pending.is_empty() {
            return Ok(!self.commit().await?);
        }
        let read = Read::task(self.task.thread, self.task.id, self.head);
        let records = self.engine.parts.store.read(Read { most: 1, ..read }).await?;
        if records.is_empty() {
            return Ok(false);
        }
        Box::pin(self.reload()).await?;
        Ok(true)
    }

    async fn reload(&mut self) -> Result<()> {
        let folded = self.engine.fold(self.task.thread, self.task.id).await?;
        self.head = folded.head;
        // Whoever put a record there put its entries too.
        self.shown = index::entries(&folded);
        self.shown_at = shown_at(&folded);
        self.task = Arc::new(folded);
        Ok(())
    }

    fn entries_to_put(&mut self) -> Vec<(String, Option<Vec<u8>>)> {
        let at = shown_at(&self.task);
        if at == self.shown_at {
            return Vec::new();
        }
        let entries = index::entries(&self.task);
        let put = index::difference(&self.shown, &entries);
        self.shown = entries;
        self.shown_at = at;
        put
    }
}

/// What the entries depend on: while it stays, they need not be made again.
fn shown_at(task: &Task) -> (Status, bool, usize) {
    let asked = task.turns.last().map_or(0, |t| t.calls.iter().filter(|c| c.stage == Stage::Asked).count());
    (task.status(), task.wants_engine(), asked)
}

/// Lets whatever else is ready run first.
async fn yield_now() {
    let mut yielded = false;
    std::future::poll_fn(|cx| {
        if std::mem::replace(&mut yielded, true) {
            return std::task::Poll::Ready(());
        }
        cx.waker().wake_by_ref();
        std::task::Poll::Pending
    })
    .await;
}

/// Gives the thread and task of a driver, for a trace.
impl std::fmt::Debug for Driver {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Driver({}, {})", TaskId::short(self.task.id), self.head)
    }
}

/// Says whether it already happened, whatever somebody said meanwhile.
fn is_fact(draft: &Draft) -> bool {
    !matches!(
        draft.body.kind(),
        "model_asked"
            | "decided"
            | "permission_asked"
            | "call_started"
            | "subtask_started"
            | "files_checked"
            | "task_finished"
            | "task_stopped"
    )
}
