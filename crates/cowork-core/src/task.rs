//! A task, as its log tells it, and what comes next in it.
//!
//! Both are pure: [`Task::apply`] folds one record in, [`Task::next`] reads the table below. Only the engine awaits.
//!
//! # The table
//!
//! The first row that fits is the answer.
//!
//! | # | the task … | and … | next |
//! |---|---|---|---|
//! | 1 | has commands it can't follow | | [`Next::Refuse`] |
//! | 2 | has ended | undo was asked for and not carried out | [`Next::Undo`] |
//! | 3 | has ended | | [`Next::Nothing`] |
//! | 4 | was cancelled | a call runs | [`Next::Wait`] (the engine cancels it) |
//! | 5 | was cancelled | a sub-task has not ended | [`Next::Rest`] (it was cancelled too) |
//! | 6 | was cancelled | | [`Next::Finish`] cancelled |
//! | 7 | is paused | a call runs | [`Next::Wait`] |
//! | 8 | is paused | | [`Next::Rest`] |
//! | 9 | has used up its time | a call runs | [`Next::Wait`] (the engine ends it) |
//! | 10 | has used up its time | a sub-task has not ended | [`Next::Rest`] (it has no more time either) |
//! | 11 | has used up its time | no end is decided | [`Next::Finish`] failed: what was not begun is not |
//! | 12 | has a call that is proposed, answered or cut off | | [`Next::Authorize`] |
//! | 13 | has a call that runs | | [`Next::Wait`] |
//! | 14 | has a call that was asked about, or a sub-task that has not ended | | [`Next::Rest`] |
//! | 15 | has a decided end | | [`Next::Finish`] |
//! | 16 | has used up its steps | | [`Next::Finish`] failed |
//! | 17 | | | [`Next::Plan`] |

mod again;
mod time;

use std::sync::Arc;

use futures_util::FutureExt;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    Actor, AllowRule, Answer, Body, Briefing, Budget, Call, CallId, Command, Decision, Draft, Effects, Error, Event,
    FilePath, FilesReport, Finish, Hash, Held, Kind, Label, Outcome, PlanStep, Read, Record, Recovery, Result, Sight,
    Spent, Store, Submit, TaskId, ThreadId, Timestamp, UndoMode, UndoReport, UndoSpec, spent::LIMIT,
};

/// A task, folded from its records.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Task {
    /// Its name.
    pub id: TaskId,
    /// The thread it belongs to.
    pub thread: ThreadId,
    /// What was asked for.
    pub submit: Submit,
    /// When it came in.
    pub at: Timestamp,
    /// When its last record was made.
    pub last_at: Timestamp,
    /// The `seq` of its last record.
    pub head: u64,
    /// What was decided, oldest first.
    pub turns: Vec<Turn>,
    /// What it was told besides its words, if anything.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub briefing: Option<Arc<Briefing>>,
    /// The plan as it stands.
    pub plan: Vec<PlanStep>,
    /// What the person said to it.
    pub steers: Vec<Steer>,
    /// What may be done without a question: what came with the task, and what the person said since.
    pub allowed: Vec<AllowRule>,
    /// Everything that the planner has seen, joined.
    pub label: Label,
    /// What it has spent on models, and how long it worked.
    #[serde(default)]
    pub spent: Spent,
    /// What it may spend: what came with it, and as much again each time that it was gone on with after that was used up.
    #[serde(default)]
    pub budget: Budget,
    /// How many steps it may take, counted likewise.
    #[serde(default)]
    pub max_steps: u32,
    /// Who took it up last.
    pub owner: Option<String>,
    /// What its end found of what it changed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub files: Option<Box<FilesReport>>,
    /// How it ended.
    pub result: Option<Finish>,
    /// When it ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended: Option<Timestamp>,
    /// Where its undo is.
    pub undo: Undo,
    /// Whether a person paused it.
    pub paused: bool,
    /// Whether a person cancelled it.
    pub cancelled: bool,
    /// Whether it was put down in an orderly way.
    pub stopped: bool,
    /// Whether any journalled call ever started.
    pub journalled: bool,
    /// Whether any call ever started that may have had effects which the journal does not hold, or a sub-task did the work of one.
    #[serde(default)]
    pub acted: bool,
    /// Commands that can't be followed and were not yet answered: `seq` and why.
    pub refuse: Vec<(u64, Error)>,
    /// The end that was taken back last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    taken_back: Option<Box<again::TakenBack>>,
    /// Since when sub-tasks are at work, if any is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    beside: Option<Box<time::Beside>>,
}

/// One decision and what came of its calls.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Turn {
    /// What was decided; its calls are in `calls`.
    pub decision: Arc<Decision>,
    /// How far each call is.
    pub calls: Vec<CallState>,
}

/// How far a call is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CallState {
    /// Its name.
    pub id: CallId,
    /// Where it is.
    pub stage: Stage,
    /// How often it was started.
    pub attempt: u32,
    /// The arguments' hash that was asked about, and the answer.
    pub asked: Option<(Hash, Option<Answer>)>,
    /// What it holds back, once it did its work apart.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub held: Option<Box<Held>>,
    /// The sub-task that does its work, if one does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subtask: Option<TaskId>,
    /// What a yes for the whole task would allow.
    would_allow: Vec<AllowRule>,
    /// Its `CallFinished`, read when first asked for.
    result: Option<Body>,
}

/// Where a call is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// Decided, not yet looked at by the policy.
    Proposed,
    /// A person was asked.
    Asked,
    /// The person answered.
    Answered,
    /// It runs.
    Started,
    /// A sub-task does its work, in a log of its own.
    Delegated,
    /// It was cut off.
    Interrupted,
    /// It has an outcome.
    Finished,
}

/// Something that the person said to a running task.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Steer {
    /// What was said.
    pub text: String,
    /// How many turns had been decided without it: the planner is told of it in this one.
    pub turn: usize,
}

/// Where a task's undo is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Undo {
    /// Not asked for.
    None,
    /// Asked for, or begun and cut off; what was asked for first is first.
    Wanted(Vec<UndoSpec>),
    /// Done. While [`UndoReport::left`] is not 0, the rest can be asked for.
    Done(UndoReport),
    /// Failed; it can be asked for again.
    Failed(Error),
    /// The journal was let go of: nothing can be given back any more.
    Reclaimed,
}

/// What comes next.
#[derive(Clone, Debug, PartialEq)]
pub enum Next {
    /// Say why commands can't be followed.
    Refuse(Vec<(u64, Error)>),
    /// Give back what it did, or this part of it.
    Undo(UndoSpec),
    /// Nothing: it has ended.
    Nothing,
    /// Wait for running calls.
    Wait,
    /// Commit the end.
    Finish(Finish),
    /// Put it down until somebody says something.
    Rest,
    /// Ask the policy about these calls.
    Authorize(Vec<CallId>),
    /// Ask the planner.
    Plan,
}

/// A task's state, for a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Status {
    /// Nobody has taken it up yet.
    Queued,
    /// It is being worked on, if the process that does is alive.
    Running,
    /// It waits for a person's answer.
    Waiting,
    /// A person paused it.
    Paused,
    /// It was put down and can be taken up again.
    Stopped,
    /// It is done.
    Done,
    /// It failed.
    Failed,
    /// It ended because a person said no to what it asked.
    Refused,
    /// A person cancelled it.
    Cancelled,
    /// It ended, and what it did was given back.
    Undone,
}

impl Status {
    /// Says whether it has come to its end, however that was.
    pub fn is_ended(self) -> bool {
        matches!(self, Self::Done | Self::Failed | Self::Refused | Self::Cancelled | Self::Undone)
    }
}

impl Task {
    /// Begins a task with the record of its submission.
    ///
    /// # Errors
    /// `Corrupt` if the record is not a submission.
    pub fn begin(record: &Record) -> Result<Self> {
        let event = record.event.event()?;
        let (Some(id), Event::Commanded { command: Command::Submit(submit), .. }) = (record.task, &*event) else {
            return Err(Error::new(Kind::Corrupt, "read task", "a task's first record is not its submission"));
        };
        Ok(Self {
            id,
            thread: record.thread,
            submit: submit.clone(),
            at: record.at,
            last_at: record.at,
            head: record.seq,
            turns: Vec::new(),
            briefing: None,
            plan: Vec::new(),
            steers: Vec::new(),
            allowed: submit.allow.clone(),
            label: record.label.clone(),
            spent: Spent::default(),
            budget: submit.budget,
            max_steps: submit.max_steps,
            owner: None,
            files: None,
            result: None,
            ended: None,
            undo: Undo::None,
            paused: false,
            cancelled: false,
            stopped: false,
            journalled: false,
            acted: false,
            refuse: Vec::new(),
            taken_back: None,
            beside: None,
        })
    }

    /// Folds a task from its records, the first being its submission.
    ///
    /// # Errors
    /// `Corrupt` if there is none, or if a record can't be read.
    pub fn fold<'a>(records: impl IntoIterator<Item = &'a Record>) -> Result<Self> {
        let mut records = records.into_iter();
        let first = records.next().ok_or_else(|| Error::new(Kind::Corrupt, "read task", "a task has no records"))?;
        let mut task = Self::begin(first)?;
        records.try_for_each(|r| task.apply(r))?;
        Ok(task)
    }

    /// Reads a task's records and folds them; the next page is read while the last one is folded.
    ///
    /// # Errors
    /// `Corrupt` if there are none; whatever the store says.
    pub async fn read(store: &dyn Store, thread: ThreadId, task: TaskId) -> Result<Self> {
        const MOST: usize = 1_024;
        let page = |after| store.read(Read { most: MOST, ..Read::task(thread, task, after) });
        let mut records = page(0).await?;
        let mut folded: Option<Self> = None;
        while let Some(last) = records.last() {
            let is_last = records.len() < MOST;
            let mut ahead = if is_last { std::future::ready(Ok(Vec::new())).boxed() } else { page(last.seq) };
            // Polled once, a store that reads elsewhere has begun.
            let begun = (&mut ahead).now_or_never();
            match &mut folded {
                None => folded = Some(Self::fold(&records)?),
                Some(task) => records.iter().try_for_each(|r| task.apply(r))?,
            }
            records = match begun {
                Some(read) => read?,
                None => ahead.await?,
            };
        }
        folded.ok_or_else(|| Error::new(Kind::Corrupt, "read task", "a task has no records"))
    }

    /// Folds one more record in. Records of other tasks, and those already folded in, change nothing.
    ///
    /// # Errors
    /// `Corrupt` if the record can't be read, `NewerVersion` if it can't be understood and must be.
    pub fn apply(&mut self, record: &Record) -> Result<()> {
        if record.task != Some(self.id) || record.seq <= self.head {
            return Ok(());
        }
        self.head = record.seq;
        self.take(record.seq, record.at, record.actor, &record.label, record.cause, &record.event)
    }

    /// Folds in a record that has not been committed yet, and so has no place: only the head stays as it is.
    ///
    /// # Errors
    /// As [`Task::apply`].
    pub fn foresee(&mut self, draft: &Draft) -> Result<()> {
        self.take(0, draft.at, draft.actor, &draft.label, draft.cause, &draft.body)
    }

    fn take(
        &mut self,
        seq: u64,
        at: Timestamp,
        actor: Actor,
        label: &Label,
        cause: Option<uuid::Uuid>,
        body: &Body,
    ) -> Result<()> {
        self.count_time(at, actor, body)?;
        self.last_at = at;
        // What the planner says follows from the context; it adds nothing to it.
        if actor != Actor::Planner {
            self.label.join(label);
        }
        if body.kind() == "call_finished" {
            self.finished(cause, body);
            return Ok(());
        }
        self.take_event(seq, &*body.event()?)
    }

    fn take_event(&mut self, seq: u64, event: &Event) -> Result<()> {
        match event {
            Event::Commanded { command, .. } => self.commanded(seq, command),
            Event::Refused { command, .. } => self.was_refused(*command),
            Event::TaskStarted { owner, .. } => {
                self.owner = Some(owner.clone());
                self.stopped = false;
            }
            Event::Briefed { briefing } => self.briefing = Some(Arc::new(briefing.clone())),
            Event::ModelAsked { ask, most, .. } => self.spent.open.push((*ask, *most)),
            Event::ModelAnswered { ask, usage, cost, error, .. } => {
                self.spent.ended(*ask, usage, *cost, error.as_ref());
            }
            Event::Decided(decision) => self.decided(decision),
            Event::PermissionAsked { call, args_hash, effects, .. } => self.asked(*call, *args_hash, effects),
            Event::CallStarted { call, attempt, recovery, .. } => {
                self.journalled |= *recovery == Recovery::Journalled;
                self.acted |= matches!(recovery, Recovery::Idempotent | Recovery::Unknown);
                self.at_call(*call, |c| {
                    c.stage = Stage::Started;
                    c.attempt = *attempt;
                });
            }
            Event::SubtaskStarted { call, task, reserve } => {
                // What it will change is in the journal of the task at the top, which is there from now on.
                self.journalled = true;
                self.acted = true;
                self.spent.parts.push((*call, *reserve));
                self.at_call(*call, |c| {
                    c.stage = Stage::Delegated;
                    c.subtask = Some(*task);
                });
            }
            Event::SubtaskEnded { call, spent } => self.part_ended(*call, spent),
            Event::CallHeld { call, held } => self.at_call(*call, |c| c.hold(held)),
            Event::CallInterrupted { call, .. } => self.at_call(*call, |c| c.stage = Stage::Interrupted),
            Event::TaskStopped { .. } => self.stopped = true,
            Event::FilesChecked { report } => self.files = Some(Box::new(report.clone())),
            Event::TaskFinished { result } => (self.result, self.ended) = (Some(result.clone()), Some(self.last_at)),
            Event::UndoStarted { paths, calls } => self.want_undo(paths, calls),
            Event::UndoFinished { report } => self.undo_ended(Undo::Done(report.clone())),
            Event::UndoFailed { error } => self.undo_ended(Undo::Failed(error.clone())),
            // What was given back before stays so.
            Event::JournalReclaimed if self.status() == Status::Undone => {}
            Event::JournalReclaimed => self.undo = Undo::Reclaimed,
            Event::Unknown { kind, critical: true } => {
                let why = format!("this task has a `{kind}` record, which this version does not know");
                return Err(Error::new(Kind::NewerVersion, "read task", why).with_fix("update this program"));
            }
            Event::ThreadOpened { .. } | Event::Noted { .. } | Event::CallFinished { .. } | Event::Unknown { .. } => {}
        }
        Ok(())
    }

    /// Says what comes next: the table at the top of this file.
    pub fn next(&self) -> Next {
        let calls = || self.turns.last().map_or(&[][..], |t| &t.calls);
        let any = |stage: Stage| calls().iter().any(|c| c.stage == stage);
        if !self.refuse.is_empty() {
            return Next::Refuse(self.refuse.clone());
        }
        if self.result.is_some() {
            return match &self.undo {
                Undo::Wanted(parts) => parts.first().map_or(Next::Nothing, |part| Next::Undo(part.clone())),
                _ => Next::Nothing,
            };
        }
        if self.cancelled {
            return match (any(Stage::Started), any(Stage::Delegated)) {
                (true, _) => Next::Wait,
                (false, true) => Next::Rest,
                (false, false) => Next::Finish(Finish::Cancelled),
            };
        }
        if self.paused {
            return if any(Stage::Started) { Next::Wait } else { Next::Rest };
        }
        if let Err(error) = self.spent.in_time(&self.budget) {
            return self.over(error, any);
        }
        let open = |c: &&CallState| matches!(c.stage, Stage::Proposed | Stage::Answered | Stage::Interrupted);
        let count = calls().iter().filter(open).count();
        if count > 0 {
            let mut all = Vec::with_capacity(count);
            all.extend(calls().iter().filter(open).map(|c| c.id));
            return Next::Authorize(all);
        }
        if any(Stage::Started) {
            return Next::Wait;
        }
        if any(Stage::Asked) || any(Stage::Delegated) {
            return Next::Rest;
        }
        if let Some(finish) = self.decided_end() {
            return Next::Finish(finish);
        }
        if self.turns.len() >= self.max_steps as usize {
            let steps = if self.turns.len() == 1 { "1 step".to_owned() } else { format!("{} steps", self.turns.len()) };
            let why = format!("the task took {steps} and did not come to an end");
            let error = Error::new(Kind::LimitExceeded, "run task", why).with(LIMIT, "task");
            return Next::Finish(Finish::Failed {
                error: error.with_fix("allow it more steps, or ask for less at once"),
            });
        }
        Next::Plan
    }

    /// Gives the state, for a list.
    pub fn status(&self) -> Status {
        match (&self.result, &self.undo) {
            (Some(_), Undo::Done(report)) if report.left == 0 => Status::Undone,
            (Some(Finish::Done { .. }), _) => Status::Done,
            (Some(finish), _) if finish.is_refusal() => Status::Refused,
            (Some(Finish::Failed { .. }), _) => Status::Failed,
            (Some(Finish::Cancelled), _) => Status::Cancelled,
            (None, _) if self.stopped => Status::Stopped,
            (None, _) => match self.next() {
                Next::Rest if self.paused => Status::Paused,
                // How they are is for their own logs to say.
                Next::Rest if self.subtasks().next().is_some() && !self.asks() => Status::Running,
                Next::Rest => Status::Waiting,
                _ if self.owner.is_none() => Status::Queued,
                _ => Status::Running,
            },
        }
    }

    /// Says what comes next where the time is over: nothing is begun any more.
    fn over(&self, error: Error, any: impl Fn(Stage) -> bool) -> Next {
        match (any(Stage::Started), any(Stage::Delegated)) {
            (true, _) => Next::Wait,
            (false, true) => Next::Rest,
            (false, false) => Next::Finish(self.decided_end().unwrap_or(Finish::Failed { error })),
        }
    }

    fn decided_end(&self) -> Option<Finish> {
        self.turns.last().and_then(|t| t.decision.finish.clone())
    }

    fn asks(&self) -> bool {
        self.turns.last().is_some_and(|t| t.calls.iter().any(|c| c.stage == Stage::Asked))
    }

    /// Says whether an engine has something to do for it.
    pub fn wants_engine(&self) -> bool {
        !matches!(self.next(), Next::Nothing | Next::Rest)
    }

    /// Gives a call and where it is.
    pub fn call(&self, id: CallId) -> Option<(&Call, &CallState)> {
        self.turns.iter().rev().find_map(|t| {
            let at = t.calls.iter().position(|c| c.id == id)?;
            Some((t.decision.calls.get(at)?, t.calls.get(at)?))
        })
    }

    /// Gives what its calls saw of files, oldest first.
    ///
    /// # Errors
    /// `Corrupt` if a record can't be read.
    pub fn seen(&self) -> Result<Vec<Sight>> {
        let mut seen = Vec::new();
        for call in self.turns.iter().flat_map(|t| &t.calls) {
            seen.extend(call.seen()?);
        }
        Ok(seen)
    }

    fn at_call(&mut self, id: CallId, change: impl FnOnce(&mut CallState)) {
        if let Some(state) = self.turns.iter_mut().rev().find_map(|t| t.calls.iter_mut().find(|c| c.id == id)) {
            change(state);
        }
    }

    fn finished(&mut self, call: Option<uuid::Uuid>, body: &Body) {
        let Some(call) = call else { return };
        self.at_call(CallId::from_uuid(call), |c| {
            c.stage = Stage::Finished;
            c.result = Some(body.clone());
        });
    }

    fn asked(&mut self, call: CallId, args_hash: Hash, effects: &Effects) {
        let tool = self.call(call).map_or_else(String::new, |(call, _)| call.tool.clone());
        self.at_call(call, |c| {
            c.stage = Stage::Asked;
            c.asked = Some((args_hash, None));
            c.would_allow = AllowRule::covering(&tool, effects);
        });
    }

    fn decided(&mut self, decision: &Arc<Decision>) {
        if let Some(plan) = &decision.plan {
            self.plan.clone_from(plan);
        }
        let calls = decision.calls.iter().map(|call| CallState::proposed(call.id)).collect();
        self.turns.push(Turn { decision: decision.clone(), calls });
        // A steer may stand before a decision that was made without it.
        let now = self.turns.len();
        self.steers.iter_mut().skip(decision.heard as usize).for_each(|steer| steer.turn = now);
    }

    fn commanded(&mut self, seq: u64, command: &Command) {
        if let Err(error) = self.follow(seq, command) {
            self.refuse.push((seq, error));
        }
    }

    fn follow(&mut self, seq: u64, command: &Command) -> Result<()> {
        let ended = self.result.is_some();
        let refused = |why, fix| refused("follow command", why, fix);
        match command {
            Command::Submit(_) => return refused("a task is submitted once", "submit another one"),
            Command::Undo { .. } if !ended => return refused("the task has not ended yet", "cancel it first"),
            Command::Undo { paths, calls } => return self.undo_asked(paths, calls),
            Command::Resume if ended => return self.go_on(seq),
            _ if ended => return refused("the task has ended", "submit another one in its thread"),
            Command::Steer { text } => self.steers.push(Steer { text: text.clone(), turn: self.turns.len() }),
            Command::Cancel => self.cancelled = true,
            Command::Pause => self.paused = true,
            Command::Resume => {
                self.paused = false;
                self.stopped = false;
            }
            Command::Answer { call, args_hash, answer } => return self.answered(*call, *args_hash, *answer),
        }
        Ok(())
    }

    fn undo_asked(&mut self, paths: &[FilePath], calls: &[CallId]) -> Result<()> {
        let refused = |why, fix| refused("follow undo", why, fix);
        match &self.undo {
            _ if self.submit.parent.is_some() => {
                return refused("a sub-task is not undone by itself", "undo its task, or of that the call that it was");
            }
            Undo::Done(report) if report.left == 0 => {
                return refused(
                    "the task was undone already",
                    "nothing of it is left: its undo report says what was done",
                );
            }
            Undo::Reclaimed => {
                return refused(
                    "the task's journal was let go of to make room, so what it did can't be undone any more",
                    "what it changed is in its outcome: put it back by hand",
                );
            }
            _ => {}
        }
        if paths.iter().any(|p| self.submit.folders.iter().all(|f| f.name != p.root())) {
            return refused(
                "a path of what is to be undone is in none of the task's folders",
                "name paths as its outcome does: the folder's name first",
            );
        }
        if calls.iter().any(|c| self.call(*c).is_none()) {
            return refused("the task has no such call", NO_CALL);
        }
        self.want_undo(paths, calls);
        Ok(())
    }

    /// The same part, asked for again before it is carried out, is wanted once.
    fn want_undo(&mut self, paths: &[FilePath], calls: &[CallId]) {
        let part = UndoSpec { mode: UndoMode::Act, paths: paths.to_vec(), calls: calls.to_vec() };
        match &mut self.undo {
            Undo::Wanted(parts) if parts.contains(&part) => {}
            Undo::Wanted(parts) => parts.push(part),
            undo => *undo = Undo::Wanted(vec![part]),
        }
    }

    /// What was wanted first has come to its end.
    fn undo_ended(&mut self, end: Undo) {
        match &mut self.undo {
            Undo::Wanted(parts) if parts.len() > 1 => drop(parts.remove(0)),
            undo => *undo = end,
        }
    }

    fn answered(&mut self, call: CallId, args_hash: Hash, answer: Answer) -> Result<()> {
        let refused = |why, fix| refused("follow answer", why, fix);
        match self.call(call).map(|(_, state)| (state.stage, state.asked)) {
            None => refused("the task has no such call", NO_CALL),
            Some((Stage::Asked, Some((hash, None)))) if hash == args_hash => {
                self.at_call(call, |c| {
                    c.stage = Stage::Answered;
                    c.asked = Some((hash, Some(answer)));
                });
                if answer == Answer::AllowTask {
                    self.allow_as(call);
                }
                Ok(())
            }
            Some((Stage::Asked, _)) => refused(
                "the answer is to other arguments than those that were asked about",
                "look at the question again, and answer with its hash",
            ),
            Some(_) => refused("the call does not wait for an answer (any more)", "look at the task as it stands now"),
        }
    }
}

/// What to do about a call that there is not.
const NO_CALL: &str = "take the call's id from the task as it stands";

fn refused(op: &str, why: &str, fix: &str) -> Result<()> {
    Err(Error::new(Kind::InvalidInput, op, why).with_fix(fix))
}

impl Task {
    /// Takes the leave that was asked for with this call for the whole task. What waits for the same is looked at again.
    fn allow_as(&mut self, call: CallId) {
        let rules = self.call(call).map_or_else(Vec::new, |(_, state)| state.would_allow.clone());
        self.allowed.extend(rules);
        let Some(turn) = self.turns.last_mut() else { return };
        for state in turn.calls.iter_mut().filter(|c| c.stage == Stage::Asked) {
            let covered = !state.would_allow.is_empty() && state.would_allow.iter().all(|r| self.allowed.contains(r));
            if covered {
                let held = state.held.take();
                *state = CallState { attempt: state.attempt, held, ..CallState::proposed(state.id) };
            }
        }
    }
}

impl CallState {
    fn proposed(id: CallId) -> Self {
        Self {
            id,
            stage: Stage::Proposed,
            attempt: 0,
            asked: None,
            held: None,
            subtask: None,
            would_allow: Vec::new(),
            result: None,
        }
    }

    /// What it holds back is to be decided on, as if it were proposed.
    fn hold(&mut self, held: &Held) {
        self.stage = Stage::Proposed;
        self.asked = None;
        self.held = Some(Box::new(held.clone()));
    }

    /// Gives how it ended.
    ///
    /// # Errors
    /// `Corrupt` if the record can't be read.
    pub fn outcome(&self) -> Result<Option<Outcome>> {
        let Some(body) = &self.result else { return Ok(None) };
        match &*body.event()? {
            Event::CallFinished { outcome, .. } => Ok(Some(outcome.clone())),
            _ => Err(Error::new(Kind::Corrupt, "read call", "a call's end is not a `call_finished` record")),
        }
    }

    fn seen(&self) -> Result<Vec<Sight>> {
        let Some(body) = &self.result else { return Ok(Vec::new()) };
        match &*body.event()? {
            Event::CallFinished { seen, .. } => Ok(seen.clone()),
            _ => Ok(Vec::new()),
        }
    }
}
