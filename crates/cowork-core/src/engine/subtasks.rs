//! Sub-tasks: begun with the start of their call, ended with its end, each in one commit.

use super::{Inner, calls::Allowed, driver::Driver};
use crate::{
    Actor, Command, CommandId, Difference, Draft, Event, Expect, FilesReport, Finish, Hash, Outcome, Result, Stage,
    Submit, Task, TaskId,
    index::{self, Entries},
};

/// What a commit says about another task than the driver's own.
pub(super) struct Beside {
    /// Whether it comes before what is said about the driver's own.
    pub(super) is_first: bool,
    pub(super) expect: Expect,
    pub(super) append: Vec<Draft>,
    pub(super) put: Vec<(String, Option<Vec<u8>>)>,
}

/// Who sends a sub-task its submission.
const SENDER: &str = "task";

impl Driver {
    /// Lets sub-tasks do the work of these calls; those that can't begin end with the reason. Says whether one has to wait
    /// for the folders.
    pub(super) async fn delegate(&mut self, calls: Vec<Allowed>) -> Result<bool> {
        let mut busy = false;
        let engine = self.engine.clone();
        let planners = engine.parts.planners.iter().filter(|planner| planner.is_local());
        let local: Vec<&str> = planners.map(|planner| planner.name()).collect();
        for ready in calls {
            let Some(wanted) = ready.effects.subtask.as_deref() else { continue };
            let submit = match self.task.part(ready.call.id, wanted, &engine.specs, &local) {
                Ok(submit) => submit,
                Err(error) => {
                    self.close(ready.call.id, Outcome::Failed { error })?;
                    continue;
                }
            };
            // What it changes goes into the journal of the task at the top: from here on the log says that it is there.
            match self.make_journal().await {
                Ok(()) => self.begin_subtask(ready, submit)?,
                Err(error) if self.is_worth_waiting(&error) => busy = true,
                Err(error) => self.close(ready.call.id, Outcome::Failed { error })?,
            }
        }
        Ok(busy)
    }

    async fn make_journal(&mut self) -> Result<()> {
        let has_files = !self.task.submit.folders.is_empty() && self.engine.parts.sandbox.is_some();
        if has_files { self.open_session().await } else { Ok(()) }
    }

    fn begin_subtask(&mut self, ready: Allowed, submit: Submit) -> Result<()> {
        let Allowed { call, attempt, effects, rule, .. } = ready;
        let runtime = self.engine.parts.runtime.clone();
        let (task, thread, reserve) = (TaskId::new(&*runtime), self.task.thread, submit.budget.reserve());
        let (id, sender) = (CommandId::new(&*runtime), SENDER.to_owned());
        let seen = index::seen_key(thread, &sender, id);
        let event = Event::Commanded { sender, id, command: Command::Submit(submit) };
        // Its words come from all that this task has seen.
        let draft = Draft::new(Some(task), runtime.now(), event)?.by(Actor::Planner, self.task.label.clone());
        let (record, _) = draft.clone().stamp(thread, 1, Hash::default());
        let mut put = index::difference(&Entries::new(), &index::entries(&Task::begin(&record)?));
        put.push((seen, Some(Vec::new())));
        self.draft(Event::CallStarted { call: call.id, attempt, rule, recovery: effects.recovery })?;
        self.draft_durable(Event::SubtaskStarted { call: call.id, task, reserve })?;
        self.beside.push(Beside { is_first: false, expect: Expect::Head(task, 0), append: vec![draft], put });
        Ok(())
    }

    /// Ends the task; if it is a sub-task, the call that it did the work of ends in the same commit.
    pub(super) async fn finish(&mut self, result: Finish) -> Result<()> {
        self.discard_undecided().await;
        let report = self.look_again(&result).await;
        let Some(parent) = self.task.submit.parent.clone() else {
            self.checked(report)?;
            return self.draft_durable(Event::TaskFinished { result });
        };
        // The folders are let go of before the task that goes on may want to be undone.
        self.session = None;
        if !self.commit().await? {
            return Ok(());
        }
        let (engine, task) = (self.engine.clone(), Task::clone(&self.task));
        let changed = if task.journalled { changed(&engine, task).await } else { Some(Vec::new()) };
        let outcome =
            self.task.report(&result, changed.as_ref().map(|all| all.iter().collect::<Vec<_>>()).as_deref())?;
        let mut above = self.engine.fold(self.task.thread, parent.task).await?;
        self.checked(report)?;
        self.draft_durable(Event::TaskFinished { result })?;
        if above.call(parent.call).is_some_and(|(_, call)| call.stage == Stage::Delegated) {
            let before = index::entries(&above);
            let expect = Expect::Head(above.id, above.head);
            let now = self.engine.parts.runtime.now();
            let ended = Event::SubtaskEnded { call: parent.call, spent: self.task.spent.clone() };
            let result = Event::CallFinished { call: parent.call, outcome, seen: Vec::new() };
            // Whatever it has read, the task that gets its result has read too.
            let append = vec![
                Draft::new(Some(above.id), now, ended)?,
                Draft::new(Some(above.id), now, result)?.by(Actor::Tool, self.task.label.clone()),
            ];
            append.iter().try_for_each(|draft| above.foresee(draft))?;
            let put = index::difference(&before, &index::entries(&above));
            // Whoever reads on sees that the task goes on before they see that its sub-task ended.
            self.beside.push(Beside { is_first: true, expect, append, put });
        }
        if self.commit().await? && !self.engine.crew.tell(parent.task) {
            self.engine.crew.ring();
        }
        Ok(())
    }
}

impl Driver {
    fn checked(&mut self, report: Option<FilesReport>) -> Result<()> {
        // Names come from all that the task has seen.
        let label = self.task.label.without_origins();
        report.map_or(Ok(()), |report| self.draft_by(Event::FilesChecked { report }, Actor::Engine, label))
    }
}

/// Gives what a sub-task changed; none if the journal can't say.
async fn changed(engine: &Inner, task: Task) -> Option<Vec<Difference>> {
    let id = task.id;
    match engine.changes_of_family(task).await {
        Ok(set) => Some(set.changes),
        Err(error) => {
            tracing::warn!(task = %id, %error, "what a sub-task changed can't be told");
            None
        }
    }
}
