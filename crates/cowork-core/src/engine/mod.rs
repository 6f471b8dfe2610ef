//! The one driver: it takes up tasks, asks their planners, runs their calls and commits what happened.
//!
//! - [`door`](self::door): how a command gets into the log.
//! - [`dispatch`](self::dispatch): which tasks are taken up, and who is told of what is committed.
//! - [`driver`](self::driver): one task, from being taken up to being put down.
//! - [`calls`](self::calls): authorizing, starting and finishing calls.
//! - [`family`](self::family), [`subtasks`](self::subtasks): a task and its sub-tasks.
//! - [`follow`](self::follow): reading one task to its end.
//! - [`models`](self::models): asking models for a planner.
//! - [`briefing`](self::briefing): what a task is told besides its words, and the notes of a thread.
//! - [`days`](self::days): what may be spent in a day.
//! - [`ending`](self::ending): looking again at what a task changed.
//! - [`rests`](self::rests): who waits for a task to come to rest.
//! - [`reclaim`](self::reclaim): keeping the journals within their limits.

mod approver;
mod briefing;
mod calls;
mod days;
mod dispatch;
mod door;
mod driver;
mod ending;
mod events;
mod family;
mod follow;
mod live;
mod locks;
mod models;
mod planning;
mod reclaim;
mod rests;
mod spans;
mod subtasks;
mod told;
mod undoing;

use std::{
    collections::{HashMap, HashSet},
    fmt,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use serde_json::json;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

pub use self::{
    approver::{Approver, Ask, approver_fn},
    ending::TaskChanges,
    events::{Item, Subscription},
    models::Models,
};
use self::{
    dispatch::Crew,
    family::Families,
    live::Hub,
    locks::Locks,
    models::Circuits,
    reclaim::Reclaiming,
    rests::{Rest, Rests},
};
use crate::{
    CallId, ChangeSet, DayBudget, Error, Finding, Hash, Kind, LeaseAsk, Model, Next, Patience, Planner, Policy, Read,
    Record, Registry, Result, Runtime, Sandbox, Stage, Status, Store, Submit, Summary, Task, TaskId, ThreadId,
    ToolSpec, UndoMode, UndoReport, UndoSpec, index,
};

/// What an engine is made of.
pub struct EngineParts {
    /// Time, chance and somewhere to run.
    pub runtime: Arc<dyn Runtime>,
    /// Where the logs are.
    pub store: Arc<dyn Store>,
    /// Where sessions come from; without one no task reaches a file.
    pub sandbox: Option<Arc<dyn Sandbox>>,
    /// The planners; a task names one by `planner.name`, or gets the first.
    pub planners: Vec<Arc<dyn Planner>>,
    /// The models that planners may ask; the first where none is named.
    pub models: Vec<Arc<dyn Model>>,
    /// The tools.
    pub tools: Registry,
    /// What may be done.
    pub policy: Arc<dyn Policy>,
    /// Who answers questions at once, if anybody does.
    pub approver: Option<Arc<dyn Approver>>,
    /// What this process is called in a lease: different for every process there is or was.
    pub owner: String,
    /// Says whether the process behind an owner's name is known to be dead; its leases are taken over at once.
    pub is_dead: Arc<dyn Fn(&str) -> bool + Send + Sync>,
    /// Which tasks are taken up.
    pub claim: Claim,
    /// How much at once, and for how long.
    pub limits: Limits,
}

/// Which tasks an engine takes up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Claim {
    /// Every task in its store that is ready, those left behind by a dead process among them.
    All,
    /// Those it was told to, by [`Engine::submit`] and [`Engine::adopt`].
    Adopted,
}

/// How much at once, and for how long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// How many tasks are worked on at once.
    pub tasks: usize,
    /// How long a lease lasts without being kept up. It is kept up three times in that time.
    pub lease: Duration,
    /// How many bytes of journals are kept for undo, over all tasks. The oldest of those that ended are let go of first, but
    /// for size alone never the newest, nor one that was written within the last 7 days.
    pub undo_bytes: u64,
    /// How long after its journal was last written a task that ended can be undone. The journal is let go of a day or more
    /// later.
    pub undo_age: Duration,
    /// How long a failing model service is tried.
    pub patience: Patience,
    /// What may be spent on models in a day, over all tasks of the store. Whoever works on them is to have the same.
    pub day: DayBudget,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            tasks: 64,
            lease: Duration::from_secs(15),
            undo_bytes: 10 << 30,
            undo_age: Duration::from_secs(30 * 24 * 60 * 60),
            patience: Patience::default(),
            day: DayBudget::default(),
        }
    }
}

/// Works on tasks. A clone is the same engine.
///
/// ```
/// use std::sync::Arc;
///
/// use cowork_core::{
///     Claim, Engine, EngineParts, GrantPolicy, Limits, MemoryStore, Proposal, Registry, Status, Submit, ThreadId,
/// };
/// use cowork_testkit::{NoopTool, ScriptedPlanner, TestRuntime, block_on};
/// use serde_json::json;
///
/// # block_on(async {
/// let runtime = TestRuntime::new();
/// let mut tools = Registry::new();
/// tools.add(NoopTool::new())?;
/// let engine = Engine::start(EngineParts {
///     store: Arc::new(MemoryStore::new(runtime.clone())),
///     runtime,
///     sandbox: None,
///     planners: vec![Arc::new(ScriptedPlanner::list([Proposal::call("noop", json!({})), Proposal::done("Done.")]))],
///     models: Vec::new(),
///     tools,
///     policy: Arc::new(GrantPolicy),
///     approver: None,
///     owner: "this process".to_owned(),
///     is_dead: Arc::new(|_| false),
///     claim: Claim::All,
///     limits: Limits::default(),
/// });
/// let task = engine.submit(ThreadId::named("main"), "my-app", Submit::new("Do nothing, once")).await?;
/// let task = engine.settled(task).await?;
/// assert_eq!((task.status(), task.turns.len()), (Status::Done, 2));
/// engine.stop().await;
/// # Ok::<(), cowork_core::Error>(()) })?;
/// # Ok::<(), cowork_core::Error>(())
/// ```
///
/// Dropping the last clone stops it as [`Engine::stop`] does, without waiting.
#[derive(Clone)]
pub struct Engine {
    inner: Arc<Inner>,
    _stop: Arc<StopOnDrop>,
}

pub(crate) struct Inner {
    parts: EngineParts,
    specs: Arc<[ToolSpec]>,
    hub: Hub,
    rests: Rests,
    locks: Arc<Locks>,
    crew: Crew,
    families: Families,
    adopted: Mutex<HashSet<TaskId>>,
    /// Puts down every task.
    stop: CancellationToken,
    /// Whether the dispatcher is done.
    ended: watch::Sender<bool>,
    /// The calls that the approver is being asked about.
    asking: Mutex<HashMap<(CallId, Hash), bool>>,
    reclaiming: Reclaiming,
    circuits: Arc<Circuits>,
}

struct StopOnDrop(CancellationToken);

impl Drop for StopOnDrop {
    fn drop(&mut self) {
        self.0.cancel();
    }
}

impl Engine {
    /// Starts an engine.
    pub fn start(parts: EngineParts) -> Self {
        let inner = Arc::new(Inner {
            specs: parts.tools.specs(),
            hub: Hub::default(),
            rests: Rests::default(),
            locks: Arc::default(),
            crew: Crew::default(),
            families: Families::default(),
            adopted: Mutex::default(),
            stop: CancellationToken::new(),
            ended: watch::Sender::new(false),
            asking: Mutex::default(),
            reclaiming: Reclaiming::default(),
            circuits: Arc::default(),
            parts,
        });
        inner.parts.runtime.spawn(Box::pin(inner.clone().dispatch()));
        Self { _stop: Arc::new(StopOnDrop(inner.stop.clone())), inner }
    }

    /// Gives the tools that there are, by name.
    pub fn tools(&self) -> Arc<[ToolSpec]> {
        self.inner.specs.clone()
    }

    /// Makes sure that there is a thread, with this title if it is new.
    ///
    /// # Errors
    /// Whatever the store says.
    pub async fn open(&self, thread: ThreadId, title: &str) -> Result<()> {
        self.inner.open(thread, title).await
    }

    /// Gives every thread with its title.
    ///
    /// # Errors
    /// Whatever the store says.
    pub async fn threads(&self) -> Result<Vec<(ThreadId, String)>> {
        let rows = index::scan_all(&*self.inner.parts.store, "thread/").await?;
        let read = |(key, value): &(String, Vec<u8>)| {
            Ok((key.trim_start_matches("thread/").parse()?, String::from_utf8_lossy(value).into_owned()))
        };
        rows.iter().map(read).collect()
    }

    /// Submits a task to a thread, which is made if there is none, and takes it up.
    ///
    /// The task's name is returned once the submission is durable. Who plans is settled here: where the submission names no planner, it
    /// is this engine's first from then on, also after a restart and in other engines.
    ///
    /// # Errors
    /// `InvalidInput` if the words are off, `NotFound` if this engine has planners and the one that is named is not among them:
    /// nothing is recorded.
    pub async fn submit(&self, thread: ThreadId, sender: &str, submit: Submit) -> Result<TaskId> {
        let submit = self.inner.with_planner(submit)?;
        let task = self.inner.next_task().await?;
        let id = crate::CommandId::new(&*self.inner.parts.runtime);
        self.inner.adopt(task);
        let command = crate::Command::Submit(submit);
        self.send(crate::Envelope { thread, task, sender: sender.to_owned(), id, command }).await?;
        Ok(task)
    }

    /// Puts a command into its thread's log, durably, from whichever process. Whoever holds the task's lease follows it.
    ///
    /// A command that was accepted before is accepted again without effect. One that comes too late is accepted, too, and refused
    /// with a reason in the log: that reason is what is given, where it is this call that brought it.
    ///
    /// # Errors
    /// `InvalidInput` if the words are off, `NotFound` if there is no such task: nothing is recorded.
    pub async fn send(&self, envelope: crate::Envelope) -> Result<Option<Error>> {
        Box::pin(self.inner.send(envelope)).await
    }

    /// Tells a task something, as [`Engine::send`] does: a command with a new name.
    ///
    /// # Errors
    /// `NotFound` if there is no such task; the reason if the task will not follow it; else as [`Engine::send`].
    pub async fn tell(&self, task: TaskId, sender: &str, command: crate::Command) -> Result<()> {
        let thread = self.inner.summary(task).await?.thread;
        let id = crate::CommandId::new(&*self.inner.parts.runtime);
        let refused = self.send(crate::Envelope { thread, task, sender: sender.to_owned(), id, command }).await?;
        refused.map_or(Ok(()), Err)
    }

    /// Takes up a task that another process left, or that was given elsewhere. With [`Claim::All`] this is not needed.
    ///
    /// # Errors
    /// `NotFound`; `Busy` if a process that is alive works on it.
    pub async fn adopt(&self, task: TaskId) -> Result<()> {
        let found = self.task(task).await?;
        let root = found.root();
        if let Some(lease) = self.inner.parts.store.lease(root, LeaseAsk::Look).await?
            && lease.owner != self.inner.parts.owner
            && !(self.inner.parts.is_dead)(&lease.owner)
        {
            let why = format!("another process works on task {}", task.short());
            return Err(Error::new(Kind::Busy, "take up task", why).with("by", lease.owner));
        }
        self.inner.adopt(root);
        self.inner.crew.ring();
        for task in self.inner.family(found, false).await? {
            self.inner.clone().ask_approver(&Arc::new(task));
        }
        Ok(())
    }

    /// Reads a thread: everything after `after`, then what comes.
    pub fn events(&self, thread: ThreadId, after: u64) -> Subscription {
        Subscription::new(&self.inner.hub, self.inner.parts.store.clone(), thread, after)
    }

    /// Gives a task as its log tells it now.
    ///
    /// # Errors
    /// `NotFound`, `Corrupt`, `NewerVersion`.
    pub async fn task(&self, task: TaskId) -> Result<Task> {
        let summary = self.inner.summary(task).await?;
        self.inner.fold(summary.thread, task).await
    }

    /// Gives every task, the oldest first. Sub-tasks are not among them; where a task only waits for these, its state is theirs.
    ///
    /// # Errors
    /// Whatever the store says.
    pub async fn tasks(&self) -> Result<Vec<Summary>> {
        let rows = index::scan_all(&*self.inner.parts.store, "task/").await?;
        let all: Vec<Summary> = rows.iter().map(|(_, value)| read_summary(value)).collect::<Result<_>>()?;
        let (parts, mut tasks): (Vec<_>, Vec<_>) = all.into_iter().partition(|summary| summary.part_of.is_some());
        let ready = if parts.is_empty() { Vec::new() } else { self.ready().await? };
        for task in tasks.iter_mut().filter(|t| t.status == Status::Running && !ready.contains(&t.task)) {
            let states = parts.iter().filter(|p| p.part_of == Some(task.task)).map(|p| p.status);
            let resting = states.filter(|status| matches!(status, Status::Waiting | Status::Paused));
            task.status = resting.max_by_key(|status| *status == Status::Waiting).unwrap_or(task.status);
        }
        Ok(tasks)
    }

    /// Gives the tasks that an engine has something to do for, or for a sub-task of which, those that a dead process left among them, the oldest first.
    ///
    /// # Errors
    /// Whatever the store says.
    pub async fn ready(&self) -> Result<Vec<TaskId>> {
        let rows = index::scan_all(&*self.inner.parts.store, "ready/").await?;
        let mut tasks: Vec<TaskId> = rows.iter().filter_map(dispatch::ready).map(|ready| ready.root).collect();
        tasks.sort_unstable();
        tasks.dedup();
        Ok(tasks)
    }

    /// Gives records that are in the log now, in order; at most as many as asked for.
    ///
    /// # Errors
    /// Whatever the store says.
    pub async fn read(&self, read: Read) -> Result<Vec<Record>> {
        self.inner.parts.store.read(read).await
    }

    /// Says whether a process that is alive works on a task.
    ///
    /// # Errors
    /// Whatever the store says.
    pub async fn is_held(&self, task: TaskId) -> Result<bool> {
        // A sub-task is worked on under the lease of the task at the top.
        let root = self.inner.summary(task).await.ok().and_then(|summary| summary.part_of).unwrap_or(task);
        let lease = self.inner.parts.store.lease(root, LeaseAsk::Look).await?;
        Ok(lease.is_some_and(|l| !(self.inner.parts.is_dead)(&l.owner)))
    }

    /// Waits until a task has ended, or rests with all of its sub-tasks until somebody says something, and gives it. While the approver is
    /// asked it does not rest; one that says nothing leaves the question to somebody else.
    ///
    /// # Errors
    /// As [`Engine::task`].
    pub async fn settled(&self, task: TaskId) -> Result<Task> {
        let mut word = self.inner.rests.wait(task);
        // Whoever waits for many holds one of these for each, so it is small.
        let mut found = Box::pin(async { self.task(task).await.map(Box::new) }).await?;
        loop {
            if self.inner.is_settled(&found) {
                let head = found.head;
                // A question that nobody is asked may have been answered after the task was read, and before this was looked up.
                if approver::has_question(&found) {
                    self.inner.catch_up(&mut found).await?;
                }
                if found.head == head {
                    return self.with_subtasks(found).await;
                }
                continue;
            }
            if let Some(error) = self.inner.crew.failure(task) {
                return Err(error);
            }
            match word.await {
                // One with a question is looked at anew: it may have been answered since.
                // One that is older was told before somebody went on with it.
                Ok(Rest::At(there))
                    if there.head >= found.head && self.inner.is_settled(&there) && !approver::has_question(&there) =>
                {
                    return self.with_subtasks(Box::new(Arc::unwrap_or_clone(there))).await;
                }
                Ok(Rest::At(_) | Rest::Moved) => {}
                Ok(Rest::Trouble(error)) => return Err(error),
                Err(_) => return Box::pin(self.task(task)).await,
            }
            // First the ear, then the look: nothing is missed in between.
            word = self.inner.rests.wait(task);
            self.inner.catch_up(&mut found).await?;
        }
    }

    /// Gives a task that rests once its sub-tasks do: one that only waits for them is not at rest.
    async fn with_subtasks(&self, found: Box<Task>) -> Result<Task> {
        let is_alone = found.subtasks().next().is_none();
        if is_alone { Ok(*found) } else { Box::pin(self.family_settled(*found)).await }
    }

    /// Says what undoing a task, or this part of it, would give back, and what it would keep; of one that could change nothing so far, that
    /// there is nothing. Nothing is changed, whatever the mode.
    ///
    /// # Errors
    /// `NotFound` if there is no such task, or if its journal was let go of or is not here; `Unsupported` without a sandbox.
    pub async fn preview_undo(&self, task: TaskId, spec: UndoSpec) -> Result<UndoReport> {
        if !self.task(task).await?.journalled {
            return Ok(UndoReport::default());
        }
        let (task, spec) = self.inner.undo_of_family(task, spec).await?;
        self.inner.sandbox()?.undo(task, UndoSpec { mode: UndoMode::Show, ..spec }).await
    }

    /// Gives what a task changed in its folders so far, each thing once, by path.
    ///
    /// # Errors
    /// As [`Engine::preview_undo`].
    pub async fn changes(&self, task: TaskId) -> Result<ChangeSet> {
        let task = self.task(task).await?;
        if task.journalled { self.inner.changes_of_family(task).await } else { Ok(ChangeSet::default()) }
    }

    /// Looks at the store, the sandbox and the planners.
    pub async fn check(&self) -> Vec<Finding> {
        let mut findings = self.inner.parts.store.check().await;
        if let Some(sandbox) = &self.inner.parts.sandbox {
            findings.extend(sandbox.check(self.inner.parts.limits.undo_bytes).await);
        }
        for planner in &self.inner.parts.planners {
            findings.extend(planner.check().await);
        }
        findings
    }

    /// Puts every task down in an orderly way, and waits until that is recorded. They can be taken up again. Waits also for
    /// journals that are being let go of.
    pub async fn stop(&self) {
        self.inner.stop.cancel();
        // The dispatcher waits for the drivers. The sender lives as long as `self`, so this can't fail.
        let _ = self.inner.ended.subscribe().wait_for(|ended| *ended).await;
        self.inner.families.end_span(None);
        self.inner.reclaiming.ended().await;
        if let Some(sandbox) = &self.inner.parts.sandbox {
            sandbox.swept().await;
        }
        self.inner.rests.close();
        self.inner.hub.close();
    }
}

impl Inner {
    fn adopt(&self, task: TaskId) {
        self.adopted.lock().unwrap_or_else(PoisonError::into_inner).insert(task);
    }

    fn may_claim(&self, task: TaskId) -> bool {
        self.parts.claim == Claim::All || self.adopted.lock().unwrap_or_else(PoisonError::into_inner).contains(&task)
    }

    async fn summary(&self, task: TaskId) -> Result<Summary> {
        let key = index::task_key(task);
        match self.parts.store.scan(key.clone(), None, 1).await?.first() {
            Some((found, value)) if *found == key => read_summary(value),
            _ => Err(Error::new(Kind::NotFound, "find task", format!("there is no task {task}"))),
        }
    }

    /// Says whether nothing comes of a task until somebody says something. One that was put down is about to be taken up again, if
    /// this engine may and is not itself being stopped.
    fn is_settled(&self, task: &Task) -> bool {
        let left = task.stopped && (self.stop.is_cancelled() || !self.may_claim(task.root()));
        !task.wants_engine() && !self.is_asking(task) || left
    }

    /// Takes in what the log has of a task since.
    async fn catch_up(&self, task: &mut Task) -> Result<()> {
        loop {
            let records = self.parts.store.read(Read::task(task.thread, task.id, task.head)).await?;
            if records.is_empty() {
                return Ok(());
            }
            records.iter().try_for_each(|record| task.apply(record))?;
        }
    }

    async fn fold(&self, thread: ThreadId, task: TaskId) -> Result<Task> {
        Task::read(&*self.parts.store, thread, task).await
    }

    fn sandbox(&self) -> Result<&Arc<dyn Sandbox>> {
        self.parts.sandbox.as_ref().ok_or_else(|| {
            Error::new(
                Kind::Unsupported,
                "open folders",
                "this engine was built without a sandbox, so it reaches no file",
            )
        })
    }

    /// Names the planner of a task that is submitted here. An engine that plans nothing passes on what it is given.
    fn with_planner(&self, mut submit: Submit) -> Result<Submit> {
        if self.parts.planners.is_empty() {
            return Ok(submit);
        }
        let planner = self.planner(&submit)?;
        if submit.planner.is_null() {
            submit.planner = json!({});
        }
        if let Some(told) = submit.planner.as_object_mut() {
            told.entry("name").or_insert_with(|| planner.name().into());
        }
        Ok(submit)
    }

    /// Gives a task to work on, if it can go on here. One that was begun elsewhere, by a planner or with a tool that is not here, is left
    /// to an engine that has it; to end it, nothing of these is needed.
    async fn suitable(&self, thread: ThreadId, task: TaskId) -> Result<Arc<Task>> {
        let task = Arc::new(self.fold(thread, task).await?);
        if task.cancelled || !matches!(task.next(), Next::Authorize(_) | Next::Wait | Next::Plan) {
            return Ok(task);
        }
        self.planner(&task.submit)?;
        // What was only proposed may name a tool that there never was: its planner is told so.
        let is_known = |stage| matches!(stage, Stage::Answered | Stage::Started | Stage::Interrupted);
        let open = task.turns.last().into_iter().flat_map(|turn| turn.calls.iter().zip(&turn.decision.calls));
        for (_, call) in open.filter(|(state, _)| is_known(state.stage)) {
            self.parts.tools.get(&call.tool)?;
        }
        Ok(task)
    }

    fn planner(&self, submit: &Submit) -> Result<Arc<dyn Planner>> {
        let wanted = submit.planner.get("name").and_then(serde_json::Value::as_str);
        let found = self.parts.planners.iter().find(|p| wanted.is_none_or(|name| p.name() == name));
        found.cloned().ok_or_else(|| {
            let there: Vec<&str> = self.parts.planners.iter().map(|p| p.name()).collect();
            let wanted = wanted.unwrap_or("any").escape_debug();
            Error::new(Kind::NotFound, "find planner", format!("there is no planner called `{wanted}`"))
                .with_fix(format!("the planners are: {}", there.join(", ")))
        })
    }
}

fn read_summary(value: &[u8]) -> Result<Summary> {
    serde_json::from_slice(value).map_err(|e| {
        Error::new(Kind::Corrupt, "read task list", "an entry of the task list can't be read")
            .with_fix("run `cowork doctor`")
            .with_source(e)
    })
}

impl fmt::Debug for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Engine({})", self.inner.parts.owner)
    }
}
