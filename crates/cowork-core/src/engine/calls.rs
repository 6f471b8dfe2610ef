//! Authorizing, starting and finishing calls.

use std::{collections::BTreeSet, future::pending, panic::AssertUnwindSafe, sync::Arc, time::Duration};

use futures_util::FutureExt;
use serde_json::Value;
use tokio::sync::watch;
use tracing::Instrument;

use super::{
    driver::{Driver, Ran},
    live::Live,
    locks::Held,
    spans,
};
use crate::{
    Answer, BoxFuture, Call, CallId, CallState, Delta, DeltaKind, Effects, Error, Event, Hash, Kind, Lock, Outcome,
    Question, Recovery, Result, Session, Stage, Tool, ToolContext, ToolOutput, Verdict, Watch,
};

/// How often a call tries to get folders that another task has, and how long it waits in between: whoever lets them go may
/// just be about to.
pub(super) const TRIES: u32 = 20;
pub(super) const PAUSE: Duration = Duration::from_millis(100);

/// A call that may run.
pub(super) struct Allowed {
    pub(super) call: Call,
    /// Its arguments, read.
    pub(super) args: Value,
    pub(super) attempt: u32,
    pub(super) effects: Effects,
    locks: Vec<Lock>,
    pub(super) rule: String,
    /// What it gave, if it is what it held back that may be done.
    pub(super) gave: Option<ToolOutput>,
}

/// The locks of calls that come first.
#[derive(Default)]
struct Blocked(BTreeSet<Lock>);

impl Blocked {
    fn add(&mut self, locks: &[Lock]) {
        for lock in locks {
            if !self.0.contains(lock) {
                self.0.insert(lock.clone());
            }
        }
    }

    fn has(&self, locks: &[Lock]) -> bool {
        locks.iter().any(|lock| self.0.iter().any(|before| before.conflicts(lock)))
    }
}

impl Driver {
    /// Takes each call as far as it can go now: denied, asked about, waiting for a lock, or running.
    pub(super) async fn authorize(&mut self, calls: Vec<CallId>) -> Result<()> {
        let (mut parts, mut notes, mut ready) = (Vec::new(), Vec::new(), Vec::new());
        let held = self.held(&calls);
        // Before locks are tried: what is freed from then on is noticed.
        let freed = self.engine.locks.freed();
        let mut before = Blocked::default();
        let mut waited = 0;
        for &id in &calls {
            // Whoever waits is judged anew when its turn has come, and not each time that another call ends.
            if let Some((_, locks)) = self.waiting.get(waited).filter(|(waits, _)| *waits == id) {
                if before.has(locks) || !self.engine.locks.are_free(locks) {
                    before.add(locks);
                    waited += 1;
                    continue;
                }
                self.waiting.remove(waited);
            }
            if let Some((call, state)) = self.task.call(id).map(|(c, s)| (c.clone(), s.clone()))
                && let Some(allowed) = self.judge(call, &state)?
            {
                match &allowed.effects {
                    effects if effects.subtask.is_some() => parts.push(allowed),
                    effects if effects.note.is_some() => notes.push(allowed),
                    _ => {
                        if waited < self.waiting.len() {
                            before.add(&allowed.locks);
                        }
                        ready.push(Box::new(allowed));
                    }
                }
            }
        }
        // What is left does not wait any more, or was judged anew with what came between.
        self.waiting.truncate(waited);
        self.discard(held).await;
        if parts.is_empty() && notes.is_empty() && ready.is_empty() && waited == 0 {
            return Ok(());
        }
        let busy = !parts.is_empty() && Box::pin(self.delegate(parts)).await?;
        if !notes.is_empty() {
            Box::pin(self.keep_notes(notes)).await?;
        }
        self.start(&calls, ready, freed, busy).await
    }

    /// Gives those of these calls that hold something back.
    fn held(&self, calls: &[CallId]) -> Vec<CallId> {
        let all = self.task.turns.last().map_or(&[][..], |turn| &turn.calls);
        all.iter().filter(|state| state.held.is_some() && calls.contains(&state.id)).map(|state| state.id).collect()
    }

    /// Lets go of what is held back and was not decided on, as the task ends.
    pub(super) async fn discard_undecided(&mut self) {
        let is_open = |state: &&CallState| {
            state.held.is_some() && matches!(state.stage, Stage::Proposed | Stage::Asked | Stage::Answered)
        };
        let calls = self.task.turns.last().map_or(&[][..], |turn| &turn.calls);
        self.let_go(calls.iter().filter(is_open).map(|state| state.id).collect()).await;
    }

    /// Lets go of what these calls held back, where it was refused.
    async fn discard(&mut self, calls: Vec<CallId>) {
        let ended = |id: &CallId| self.task.call(*id).is_some_and(|(_, state)| state.stage == Stage::Finished);
        self.let_go(calls.into_iter().filter(ended).collect()).await;
    }

    /// Lets go of what these calls held back. What can't be let go of now goes with the task.
    async fn let_go(&mut self, calls: Vec<CallId>) {
        for call in calls {
            if self.open_session().await.is_ok()
                && let Some(session) = &self.session
            {
                _ = session.own.discard(call).await;
            }
        }
    }

    fn judge(&mut self, call: Call, state: &CallState) -> Result<Option<Allowed>> {
        if !self.task.may_use(&call.tool) {
            let reason = format!("this task may not use `{}`", call.tool.escape_debug());
            return self.close(call.id, Outcome::Denied { rule: "not-granted".to_owned(), reason }).map(|()| None);
        }
        let read = call.args.read::<Value>().map_err(|e| {
            Error::new(Kind::InvalidInput, "read arguments", format!("the call's arguments can't be read: {e}"))
        });
        let (args, effects) = match read.and_then(|args| Ok((self.effects(&call, &args, state)?, args))) {
            Ok((effects, args)) => (args, effects),
            Err(error) => return self.close(call.id, Outcome::Failed { error }).map(|()| None),
        };
        if state.attempt > 0 && effects.recovery == Recovery::Unknown {
            let why = format!("`{}` was cut off, and what it did is not known; it was not run again", call.tool);
            let error = Error::new(Kind::Interrupted, "recover call", why).with_fix("look at what it did, then decide");
            return self.close(call.id, Outcome::Failed { error }).map(|()| None);
        }
        let question = Question { task: &self.task, call: &call, effects: &effects, context: &self.task.label };
        let verdict = self.engine.parts.policy.evaluate(&question);
        let args_hash = || hash(&call, state);
        let answer = state.asked.and_then(|(hash, answer)| answer.filter(|_| hash == args_hash()));
        let rule = match (verdict, answer) {
            (Verdict::Deny(r), _) => {
                return self
                    .close(call.id, Outcome::Denied { rule: r.rule.to_owned(), reason: r.reason })
                    .map(|()| None);
            }
            (Verdict::Withhold(_), _) => return self.close(call.id, Outcome::Withheld { effects }).map(|()| None),
            // A no holds, even if the policy would not ask any more.
            (Verdict::Ask(_) | Verdict::Allow(_), Some(Answer::Deny)) => {
                let outcome = Outcome::Denied { rule: "answer".into(), reason: refused(state).into() };
                return self.close(call.id, outcome).map(|()| None);
            }
            (Verdict::Ask(_), Some(Answer::Allow | Answer::AllowTask)) => "answer".to_owned(),
            (Verdict::Ask(r), None) => {
                let (rule, reason) = (r.rule.to_owned(), r.reason);
                self.engine.will_ask(call.id, args_hash());
                let asked = Event::PermissionAsked { call: call.id, args_hash: args_hash(), effects, rule, reason };
                return self.draft_durable(asked).map(|()| None);
            }
            (Verdict::Allow(r), _) => r.rule.to_owned(),
        };
        let gave = state.held.as_ref().map(|held| held.output.clone());
        let locks = effects.all_locks();
        Ok(Some(Allowed { call, args, attempt: state.attempt + 1, effects, locks, rule, gave }))
    }

    /// Gives what a call would do, or, once it did its work apart, what it holds back.
    fn effects(&self, call: &Call, args: &Value, state: &CallState) -> Result<Effects> {
        if let Some(held) = &state.held {
            return Ok(held.effects.clone());
        }
        let mut effects = self.engine.parts.tools.effects(&call.tool, args)?;
        // What it sent to somebody can't be taken back, nor told.
        if effects.code && !self.task.submit.hosts.is_empty() {
            effects.recovery = Recovery::Unknown;
        }
        Ok(effects)
    }

    /// Records the end of a call that does not run.
    pub(super) fn close(&mut self, call: CallId, outcome: Outcome) -> Result<()> {
        self.draft(Event::CallFinished { call, outcome, seen: Vec::new() })
    }

    /// Starts those of these calls whose turn it is. `busy`: something else waits for folders.
    #[allow(clippy::vec_box, reason = "it is large, most often there is one, and a list has room for four")]
    async fn start(
        &mut self,
        calls: &[CallId],
        ready: Vec<Box<Allowed>>,
        freed: watch::Receiver<()>,
        mut busy: bool,
    ) -> Result<()> {
        let (mut blocked, mut is_free) = (Blocked::default(), false);
        let mut runs: Vec<BoxFuture<super::driver::Ended>> = Vec::new();
        let (mut ready, mut waits) = (ready.into_iter().peekable(), 0);
        for id in calls {
            if let Some((_, locks)) = self.waiting.get(waits).filter(|(waits, _)| waits == id) {
                // Whoever was before it did not start after all.
                is_free |= !blocked.has(locks) && self.engine.locks.are_free(locks);
                blocked.add(locks);
                waits += 1;
                continue;
            }
            let Some(ready) = ready.next_if(|ready| ready.call.id == *id) else { continue };
            // Calls that conflict run in the order in which they were decided.
            let is_behind = blocked.has(&ready.locks);
            let Some(held) = (if is_behind { None } else { self.engine.locks.take(&ready.locks) }) else {
                blocked.add(&ready.locks);
                self.waiting.insert(waits, (*id, ready.locks));
                waits += 1;
                continue;
            };
            match self.session_for(&ready.effects).await {
                Err(error) if self.is_worth_waiting(&error) => {
                    busy = true;
                    blocked.add(&ready.locks);
                }
                Ok(session) => runs.push(self.prepare(*ready, session, held)?),
                Err(error) => self.close(ready.call.id, Outcome::Failed { error })?,
            }
        }
        if runs.is_empty() && busy {
            return self.wait_for_folders().await;
        }
        if runs.is_empty() && !is_free && !blocked.0.is_empty() {
            return match self.running.is_empty() {
                true => self.wait_for_locks(freed).await,
                false => self.wait_for_one(Some(freed)).await,
            };
        }
        if runs.is_empty() {
            return Ok(());
        }
        // No effect happens before its start is committed; if that fails or the task moved, the calls are dropped unstarted.
        if self.ride() || self.commit().await? {
            self.running.extend(runs);
        }
        Ok(())
    }

    fn prepare(
        &mut self,
        ready: Allowed,
        session: Option<Arc<dyn Session>>,
        held: Held,
    ) -> Result<BoxFuture<super::driver::Ended>> {
        let Allowed { call, args, attempt, effects, rule, gave, .. } = ready;
        let tool = self.engine.parts.tools.get(&call.tool)?.clone();
        if effects.recovery != Recovery::ReadOnly {
            self.guard();
        }
        self.draft(Event::CallStarted { call: call.id, attempt, rule, recovery: effects.recovery })?;
        let ctx = ToolContext {
            thread: self.task.thread,
            task: self.task.id,
            call: call.id,
            attempt,
            watch: self.watch(call.id),
            runtime: self.engine.parts.runtime.clone(),
            session,
        };
        let span = spans::tool(&call.tool, self.task.thread, call.id, attempt);
        Ok(Box::pin(async move {
            let run = run(&*tool, args, ctx, gave).instrument(span.clone());
            let run = AssertUnwindSafe(run).catch_unwind().await;
            let panicked =
                |_| Err(Error::new(Kind::Internal, "run call", format!("the tool `{}` panicked", call.tool)));
            let result = run.unwrap_or_else(panicked);
            if let Err(error) = &result {
                spans::failed(&span, error);
            }
            drop(held);
            (call.id, attempt, result)
        }))
    }

    fn watch(&self, call: CallId) -> Watch {
        let (engine, thread, task) = (self.engine.clone(), self.task.thread, self.task.id);
        let progress = move |done, total, note: &str| {
            let what = DeltaKind::Progress { done, total, note: note.to_owned() };
            engine.hub.send(thread, Live::Delta(Delta { thread, task, call: Some(call), what }.into()));
        };
        Watch { cancel: self.cancel.child_token(), progress: Arc::new(progress) }
    }

    /// Opens the task's view of its folders, if the call touches files. Its journal is durable before the call's start is.
    async fn session_for(&mut self, effects: &Effects) -> Result<Option<Arc<dyn Session>>> {
        if !effects.needs_files() {
            return Ok(None);
        }
        if !self.task.submit.folders.is_empty() {
            self.open_session().await?;
        }
        Ok(self.session.as_ref().map(|session| session.own.clone()))
    }

    pub(super) async fn open_session(&mut self) -> Result<()> {
        if self.session.is_none() {
            self.session = Some(Box::pin(self.engine.session_of(&self.family, &self.task)).await?);
            self.busy = 0;
        }
        Ok(())
    }

    /// Says whether folders that another task has may be free in a moment.
    pub(super) fn is_worth_waiting(&self, error: &Error) -> bool {
        error.kind == Kind::Busy && self.busy < TRIES
    }

    /// Waits a moment for another task to let the folders go, or until somebody says something.
    async fn wait_for_folders(&mut self) -> Result<()> {
        if !self.commit().await? {
            return Ok(());
        }
        self.busy += 1;
        let (stop, bell) = (self.engine.stop.clone(), self.bell.clone());
        let pause = self.engine.parts.runtime.sleep(PAUSE);
        tokio::select! {
            biased;
            () = bell.notified() => self.take_in().await.map(drop),
            () = stop.cancelled() => Ok(()),
            () = pause => Ok(()),
        }
    }

    /// Waits until another task lets a lock go, somebody says something, or the task's time is over.
    async fn wait_for_locks(&mut self, mut freed: watch::Receiver<()>) -> Result<()> {
        if !self.commit().await? {
            return Ok(());
        }
        let (stop, bell) = (self.engine.stop.clone(), self.bell.clone());
        let mut calls = self.task.turns.last().into_iter().flat_map(|turn| &turn.calls);
        // Its parts have no more time than it has, and end first.
        let over = if calls.any(|c| c.stage == Stage::Delegated) { pending().boxed() } else { self.over() };
        tokio::select! {
            biased;
            _ = freed.changed() => Ok(()),
            () = bell.notified() => self.take_in().await.map(drop),
            () = stop.cancelled() => Ok(()),
            () = over => Box::pin(self.out_of_time()).await,
        }
    }
}

/// Gives what an answer is to.
fn hash(call: &Call, state: &CallState) -> Hash {
    match &state.held {
        Some(held) => Hash::of_held(&call.tool, &call.args, &held.effects),
        None => Hash::of_call(&call.tool, &call.args),
    }
}

fn refused(state: &CallState) -> &'static str {
    match state.held {
        Some(_) => "you said no to what it would change, so that nothing of it was kept",
        None => "you said no",
    }
}

/// Has a tool do its work, or what it held back of it.
async fn run(tool: &dyn Tool, args: Value, ctx: ToolContext, gave: Option<ToolOutput>) -> Result<Ran> {
    if let Some(output) = gave {
        return tool.release(args, ctx, output).await.map(|output| Ran(output, None));
    }
    if !tool.holds_back() {
        return tool.run(args, ctx).await.map(|output| Ran(output, None));
    }
    let output = tool.run(args.clone(), ctx.clone()).await?;
    let held = tool.held(&args, &ctx, &output).await?;
    Ok(Ran(output, held))
}
