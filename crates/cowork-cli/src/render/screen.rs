//! What is known of a task while it is followed: records and deltas go in, pictures are drawn from it. Pure.

use std::{collections::BTreeMap, time::Duration};

use cowork::{
    Ask, CallId, ChangeSet, Command, Delta, DeltaKind, Effects, Error, Event, Finish, Kind, Outcome, Record, Result,
    Stage, StepState, Task, Timestamp,
};

use super::{
    asked::{Answers, Writing},
    pace::Pace,
    parts::Parts,
    text::one_line,
    understood::{Understood, understood},
};

/// A followed task.
#[derive(Clone, Debug, Default)]
pub(crate) struct Screen {
    /// The task as its records tell it; none before the first.
    pub(crate) task: Option<Task>,
    /// When each step of the plan began and ended.
    pub(crate) steps: Vec<StepTimes>,
    /// How far each running call is.
    progress: BTreeMap<CallId, Running>,
    /// What the planner said, and what calls noted, oldest first.
    pub(crate) notes: Vec<Note>,
    /// How the words were understood, where a playbook was found for them, and when it began.
    pub(crate) understood: Option<(Understood, Timestamp)>,
    /// What plan mode held back.
    pub(crate) withheld: Vec<Effects>,
    /// Open questions.
    pub(crate) asks: Vec<Ask>,
    /// Commands that could not be followed.
    pub(crate) refused: Vec<Error>,
    /// Time worked on it: without waiting for a person, without rests.
    pub(crate) worked: Duration,
    /// What the program itself has to say: that it is stopping.
    pub(crate) status: Option<String>,
    /// Whether keys are read that answer the first question.
    pub(crate) prompting: bool,
    /// What was done so far: whether a key unfolds it, and whether it is unfolded.
    pub(crate) details: Details,
    /// What the journal says that it changed, where its calls did not do all that they wanted.
    pub(crate) changed: Option<ChangeSet>,
    /// What was allowed from here for later tasks, and where that is taken back.
    pub(crate) saved: Option<String>,
    /// Whether all that it found is shown besides.
    pub(crate) whole: bool,
    /// Whether another process works on it.
    pub(crate) elsewhere: bool,
    /// What a model is writing.
    pub(crate) writing: Writing,
    /// What models were asked.
    pub(crate) answers: Answers,
    /// The parts of it that are worked on by themselves.
    pub(crate) parts: Parts,
}

/// When a step began and ended, in time worked: a person's thinking is no part of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct StepTimes {
    pub(crate) began: Option<Duration>,
    pub(crate) ended: Option<Duration>,
}

/// Whether details are to be had.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Details {
    /// Nobody can ask for them.
    #[default]
    None,
    Folded,
    Unfolded,
}

/// How far the running calls are together.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Progress {
    pub(crate) done: u64,
    pub(crate) total: u64,
    pub(crate) note: String,
    /// Things a second, where it is known.
    pub(crate) speed: Option<f64>,
    /// How long it may still take, where it is known.
    pub(crate) left: Option<Duration>,
}

/// How far a call is.
#[derive(Clone, Debug, PartialEq)]
struct Running {
    done: u64,
    total: u64,
    note: String,
    now: Timestamp,
    pace: Pace,
}

/// Something to be shown once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Note {
    /// By the planner.
    Said(String),
    /// By a call that ran.
    Came(String),
    /// By a call that failed or was not let run.
    Went(CallId, String),
}

impl Screen {
    /// Takes in a record of the task.
    ///
    /// # Errors
    /// As [`Task::apply`].
    pub(crate) fn record(&mut self, record: &Record) -> Result<()> {
        self.worked = self.worked_at(record.at);
        match &mut self.task {
            None => self.task = Some(Task::begin(record)?),
            Some(task) => task.apply(record)?,
        }
        let event = record.event.event()?;
        self.answers.take(&event, record.at);
        self.take(&event);
        Ok(())
    }

    /// Takes in what happens in between.
    pub(crate) fn delta(&mut self, delta: &Delta, now: Timestamp) {
        let (Some(call), DeltaKind::Progress { done, total, note }) = (delta.call, &delta.what) else {
            self.writing.hear(&delta.what);
            return;
        };
        let running = self.progress.entry(call).or_insert_with(|| Running {
            done: *done,
            total: *total,
            note: String::new(),
            now,
            pace: Pace::new(now, *done),
        });
        running.pace.heard(now, *done, *total);
        (running.done, running.total, running.now) = (*done, *total, now);
        // Its text is made ready for the screen when it is drawn: far from every one is.
        running.note.clone_from(note);
    }

    /// Takes in what is asked now. The question that a person may be about to answer stays the first: another that comes
    /// would take the key that was meant for it.
    pub(crate) fn asked(&mut self, mut asks: Vec<Ask>) {
        let seen = self.asks.first().map(|ask| ask.call.id);
        asks.sort_by_key(|ask| Some(ask.call.id) != seen);
        self.asks = asks;
    }

    /// Gives what the planner said as it proposed a call: a preview, say, of what is then asked.
    pub(crate) fn said_with(&self, call: CallId) -> &str {
        let turns = self.task.as_ref().map_or(&[][..], |t| &t.turns);
        let turn = turns.iter().rev().find(|t| t.calls.iter().any(|c| c.id == call));
        turn.and_then(|t| t.decision.say.as_deref()).unwrap_or_default()
    }

    /// Says whether nothing happens until a person says something, or ever.
    pub(crate) fn is_settled(&self) -> bool {
        let at_work = |t: &Task| t.subtasks().next().is_some() && !t.paused && self.asks.is_empty();
        self.task.as_ref().is_some_and(|t| !t.wants_engine() && !at_work(t))
    }

    /// Says whether parts of it are worked on by themselves, or wait.
    pub(crate) fn has_parts(&self) -> bool {
        self.task.as_ref().is_some_and(|t| t.subtasks().next().is_some())
    }

    /// Says whether calls of it wait for an answer.
    pub(crate) fn is_waiting(&self) -> bool {
        self.task.as_ref().is_some_and(|t| t.status() == cowork::Status::Waiting)
    }

    /// Gives the time worked on it up to now.
    pub(crate) fn worked_at(&self, now: Timestamp) -> Duration {
        let since = self.task.as_ref().filter(|t| t.wants_engine() && !t.stopped).map(|t| t.last_at);
        self.worked + since.map_or(Duration::ZERO, |since| now.since(since))
    }

    /// Gives how far the running calls are together.
    pub(crate) fn together(&self, now: Timestamp) -> Option<Progress> {
        let all = || self.progress.values();
        let last = all().max_by_key(|p| p.now)?;
        let known = all().all(|p| p.total > 0);
        Some(Progress {
            done: all().map(|p| p.done).sum(),
            total: if known { all().map(|p| p.total).sum() } else { 0 },
            note: one_line(&last.note),
            speed: all().map(|p| p.pace.speed()).sum(),
            // One that can't be told makes the whole one that can't be told.
            left: all().map(|p| p.pace.left(now)).collect::<Option<Vec<_>>>().and_then(|all| all.into_iter().max()),
        })
    }

    fn take(&mut self, event: &Event) {
        match event {
            Event::ModelAnswered { .. } => self.writing = Writing::default(),
            Event::Decided(decision) => {
                self.parts.clear();
                if self.task.as_ref().is_some_and(|t| t.turns.len() == 1) {
                    let began = self.task.as_ref().map(|t| t.last_at).unwrap_or_default();
                    self.understood = understood(decision).map(|found| (found, began));
                }
                if let Some(plan) = &decision.plan {
                    self.plan(plan);
                }
                self.notes.extend(decision.say.clone().filter(|s| !s.trim().is_empty()).map(Note::Said));
            }
            Event::CallFinished { call, outcome, .. } => {
                self.progress.remove(call);
                self.came_of(*call, outcome);
            }
            Event::CallInterrupted { call, .. } | Event::CallHeld { call, .. } => drop(self.progress.remove(call)),
            Event::Refused { error, .. } => self.refused.push(error.clone()),
            // What is asked again is a question only once it was asked again.
            Event::Commanded { command: Command::Undo { .. } | Command::Cancel, .. } => self.asks.clear(),
            Event::TaskFinished { .. } => {
                self.end_steps();
                self.tick_last();
            }
            _ => {}
        }
        let task = self.task.as_ref();
        let is_open = |a: &Ask| match task {
            // What a part asks, its own log tells.
            Some(task) if a.subtask.is_some() => task.subtasks().next().is_some(),
            task => task.and_then(|t| t.call(a.call.id)).is_some_and(|(_, c)| c.stage == Stage::Asked),
        };
        self.asks.retain(is_open);
    }

    fn came_of(&mut self, call: CallId, outcome: &Outcome) {
        match outcome {
            Outcome::Done { note, .. } if note.trim().is_empty() => {}
            Outcome::Done { note, .. } => self.notes.push(Note::Came(one_line(note))),
            // Who looks whether something is there has an answer.
            Outcome::Failed { error } if error.kind == Kind::NotFound => {
                self.notes.push(Note::Came(one_line(&error.message)));
            }
            Outcome::Failed { error } => self.notes.push(Note::Went(call, one_line(&error.message))),
            Outcome::Denied { reason, .. } => {
                self.notes.push(Note::Went(call, format!("not allowed: {}", one_line(reason))));
            }
            Outcome::Withheld { effects } => self.withheld.push(effects.clone()),
        }
    }

    fn plan(&mut self, plan: &[cowork::PlanStep]) {
        let at = self.worked;
        self.steps.resize(plan.len(), StepTimes::default());
        for (step, times) in plan.iter().zip(&mut self.steps) {
            match step.state {
                StepState::Pending => *times = StepTimes::default(),
                StepState::Active => times.began = times.began.or(Some(at)),
                StepState::Done => times.ended = times.ended.or(Some(at)),
                StepState::Skipped => {}
            }
        }
    }

    /// Takes the step that a model was at when it said that it is done for done, if all that it called for it was: a model seldom
    /// says so of its last step.
    fn tick_last(&mut self) {
        let Some(task) = self.task.as_mut().filter(|t| t.spent.answers > 0) else { return };
        if !matches!(task.result, Some(Finish::Done { .. })) {
            return;
        }
        let since = task.turns.iter().rposition(|t| t.decision.plan.is_some()).unwrap_or(0);
        let mut calls = task.turns[since..].iter().flat_map(|t| &t.calls).peekable();
        let any = calls.peek().is_some();
        if any && calls.all(|call| matches!(call.outcome(), Ok(Some(Outcome::Done { .. })))) {
            let last = task.plan.iter_mut().filter(|step| step.state == StepState::Active);
            last.for_each(|step| step.state = StepState::Done);
        }
    }

    fn end_steps(&mut self) {
        let at = self.worked;
        self.progress.clear();
        for times in &mut self.steps {
            if times.began.is_some() {
                times.ended = times.ended.or(Some(at));
            }
        }
    }
}

impl StepTimes {
    /// Gives how long it took.
    pub(crate) fn took(&self) -> Option<Duration> {
        Some(self.ended?.saturating_sub(self.began?))
    }
}
