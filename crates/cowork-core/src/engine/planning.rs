//! Asking a task's planner, and following what that asks of models.

use std::{panic::AssertUnwindSafe, time::Duration};

use futures_util::FutureExt;

use super::{
    TaskChanges,
    driver::Driver,
    models::Models,
    told::{Listener, Told},
};
use crate::{
    Actor, Args, Call, CallId, Decision, Draft, Error, Event, Finish, Kind, Label, Next, PlanContext, Proposal, Result,
    View, day,
};

/// The most calls of one decision: what has to be looked through whenever one of them moves.
const MOST_CALLS: usize = 1_024;

impl Driver {
    /// Asks the planner what comes next, and takes that up.
    pub(super) async fn plan(&mut self) -> Result<()> {
        let planner = self.engine.planner(&self.task.submit)?;
        if planner.is_briefed() && self.task.briefing.is_none() && self.task.turns.is_empty() {
            Box::pin(self.brief()).await?;
        }
        let view = View { task: self.task.clone(), tools: self.specs.clone() };
        let cancel = self.cancel.child_token();
        // Whichever way this is left, a planner that goes on elsewhere is told to stop.
        let _told = cancel.clone().drop_guard();
        let (models, told) = Models::of(&self.engine, (self.task.thread, self.task.id), cancel.clone());
        let changes = TaskChanges::of(&self.engine, self.task.thread, self.task.id);
        let ctx = PlanContext { cancel, models, changes };
        let mut planning = AssertUnwindSafe(planner.plan(view, ctx)).catch_unwind().boxed();
        let planned = match (&mut planning).now_or_never() {
            Some(planned) => Some(planned),
            None => self.await_plan(&mut planning, &told).await?,
        };
        drop(planning);
        while let Some(told) = told.heard() {
            if let Told::Answered(event, label) = told {
                self.answered(*event, label)?;
            }
        }
        let Some(planned) = planned else {
            let is_over = self.left() == Some(Duration::ZERO) && self.task.next() == Next::Plan;
            return match is_over {
                true => Box::pin(self.out_of_time()).await,
                false => Ok(()),
            };
        };
        let planned = planned.unwrap_or_else(|_| Err(Error::new(Kind::Internal, "plan", "the planner panicked")));
        match planned.and_then(check) {
            Ok(proposal) => self.decide(proposal),
            Err(error) => Box::pin(self.finish(Finish::Failed { error })).await,
        }
    }

    /// Waits for a planner that takes its time. None: somebody said something, the program is to stop, or the task's time is over.
    async fn await_plan<T>(
        &mut self,
        planning: &mut futures_util::future::BoxFuture<'_, T>,
        told: &Listener,
    ) -> Result<Option<T>> {
        let (stop, mut over) = (self.engine.stop.clone(), self.over());
        loop {
            // A planner that takes its time should not keep what happened from being seen; what it asks goes along.
            let moved = match told.heard() {
                Some(told) => !self.hear(told).await?,
                None => !self.commit().await?,
            };
            if moved {
                return Ok(None);
            }
            tokio::select! {
                biased;
                planned = &mut *planning => return Ok(Some(planned)),
                told = told.hear() => if !self.hear(told).await? { return Ok(None) },
                () = stop.cancelled() => return Ok(None),
                () = self.bell.notified() => if self.take_in().await? { return Ok(None) },
                () = &mut over => return Ok(None),
            }
        }
    }

    /// Follows what a planner does with models. `false`: the task must be looked at again first.
    async fn hear(&mut self, told: Told) -> Result<bool> {
        match told {
            Told::Answered(event, label) => self.answered(*event, label).map(|()| true),
            Told::Asked(mut asked) => {
                if let Event::ModelAsked { most, .. } = &mut asked.0 {
                    let affords = match self.task.spent.affords(most, &self.task.budget) {
                        Ok(()) => self.engine.in_the_day(most).await?,
                        no => no,
                    };
                    if let Err(error) = affords {
                        // The planner hears why; where it is gone, nobody needs to.
                        let _ = asked.1.send(Err(error));
                        return Ok(true);
                    }
                    let aside = self.engine.parts.limits.day.set_aside(most);
                    self.counts.extend(aside.into_iter().map(|count| (false, count)));
                }
                let ack = self.draft_asked(*asked)?;
                if !self.commit().await? {
                    return Ok(false);
                }
                let _ = ack.send(Ok(()));
                Ok(true)
            }
        }
    }

    fn draft_asked<T>(&mut self, (event, ack): (Event, T)) -> Result<T> {
        self.draft(event).map(|()| ack)
    }

    /// Takes in what came of a question, if that is open: what was not committed was not asked.
    fn answered(&mut self, event: Event, label: Label) -> Result<()> {
        let Event::ModelAnswered { ask, usage, cost, .. } = &event else { return Ok(()) };
        let Some((_, aside)) = self.task.spent.open.iter().find(|(open, _)| open == ask) else { return Ok(()) };
        let counts = day::settled(aside, usage, *cost);
        self.counts.extend(counts.into_iter().map(|count| (true, count)));
        self.draft_by(event, Actor::Engine, label)
    }

    fn decide(&mut self, proposal: Proposal) -> Result<()> {
        let Proposal { say, plan, calls, finish, note } = proposal;
        let runtime = self.engine.parts.runtime.clone();
        let named = |c: crate::ProposedCall| Call { id: CallId::new(&*runtime), tool: c.tool, args: c.args.into() };
        let calls = calls.into_iter().map(named).collect();
        let heard = u32::try_from(self.task.steers.len()).unwrap_or(u32::MAX);
        let event = Event::Decided(Decision { say, plan, calls, finish, note, heard }.into());
        // What was decided comes from the whole context; its origins can be read from the records before.
        let label = self.task.label.without_origins();
        let draft = Draft::new(Some(self.task.id), runtime.now(), event)?.by(Actor::Planner, label);
        self.add(draft)
    }
}

fn check(proposal: Proposal) -> Result<Proposal> {
    if proposal.calls.len() > MOST_CALLS {
        let why = format!("the planner proposed {} calls at once; the most is {MOST_CALLS}", proposal.calls.len());
        return Err(Error::new(Kind::LimitExceeded, "plan", why).with_fix("propose the rest in the next step"));
    }
    let fault = proposal.calls.iter().find_map(|call| Some((&call.tool, Args::fault(&call.args)?)));
    if let Some((tool, fault)) = fault {
        let why = format!("the arguments of `{}` can't be kept: {fault}", tool.escape_debug());
        return Err(Error::new(Kind::InvalidInput, "plan", why).with_fix("give the tool plainer arguments"));
    }
    match (proposal.calls.is_empty(), proposal.finish.is_some()) {
        (true, true) | (false, false) => Ok(proposal),
        (true, false) => Err(Error::new(Kind::Internal, "plan", "the planner proposed neither a call nor the end")),
        (false, true) => Err(Error::new(Kind::Internal, "plan", "the planner proposed calls and the end at once")),
    }
}
