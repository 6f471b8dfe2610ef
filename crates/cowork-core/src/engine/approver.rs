//! Who answers questions.

use std::{
    collections::{BTreeSet, HashMap},
    sync::{Arc, MutexGuard, PoisonError},
};

use async_trait::async_trait;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Engine, Inner, rests::Rest};
use crate::{
    Answer, Call, CallId, Claim, Command, CommandId, Effects, Envelope, Event, Hash, Read, Result, Stage, Task, TaskId,
    ThreadId, index,
};

/// Answers a task's questions for a person: a dialog, a phone, a standing rule of the host.
///
/// - It is told of a question after the task has come to rest; nothing waits in memory for the answer.
/// - Its answer is to the question that it was asked, also when it is asked many at once.
/// - `None` leaves the question open. It can be answered later, from any process, by [`Command::Answer`]. What is open
///   holds up no other question.
/// - It may be asked the same thing again, after a restart.
///
/// Cancellation: the future is dropped when the engine stops; the question can be asked again.
///
/// Errors: none. An approver that can't reach its person leaves the question open.
///
/// Suite: `cowork_testkit::approver::suite!` tells a story for each of these; that nothing waits is the engine's own.
///
/// ```
/// use cowork_core::{Answer, Approver, Ask, Effects, async_trait};
/// use cowork_testkit::{approver::ask, block_on};
///
/// /// Allows what can be undone; the rest waits for the person.
/// struct Relaxed;
///
/// #[async_trait]
/// impl Approver for Relaxed {
///     async fn answer(&self, ask: Ask) -> Option<Answer> {
///         (ask.effects.complete && ask.effects.undoable).then_some(Answer::Allow)
///     }
/// }
///
/// let unknown = ask("send_letter", 1);
/// let harmless = Ask { effects: Effects::changes([]), ..ask("write_file", 2) };
/// assert_eq!(block_on(Relaxed.answer(unknown)), None);
/// assert_eq!(block_on(Relaxed.answer(harmless)), Some(Answer::Allow));
/// ```
#[async_trait]
pub trait Approver: Send + Sync + 'static {
    /// Answers, or leaves it open.
    async fn answer(&self, ask: Ask) -> Option<Answer>;
}

/// Makes an approver of an async function. Where it keeps something between questions, [`Approver`] is implemented by hand.
///
/// ```
/// use cowork_core::{Answer, approver_fn};
/// use cowork_testkit::{approver::ask, block_on};
///
/// let relaxed = approver_fn(|ask| async move { ask.effects.undoable.then_some(Answer::Allow) });
/// assert_eq!(block_on(relaxed.answer(ask("send_letter", 1))), None);
/// ```
pub fn approver_fn<F, T>(answer: F) -> Arc<dyn Approver>
where
    F: Fn(Ask) -> T + Send + Sync + 'static,
    T: Future<Output = Option<Answer>> + Send + 'static,
{
    Arc::new(ApproverFn(answer))
}

struct ApproverFn<F>(F);

#[async_trait]
impl<F, T> Approver for ApproverFn<F>
where
    F: Fn(Ask) -> T + Send + Sync + 'static,
    T: Future<Output = Option<Answer>> + Send + 'static,
{
    async fn answer(&self, ask: Ask) -> Option<Answer> {
        (self.0)(ask).await
    }
}

/// A question that waits for a person's answer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Ask {
    /// The thread.
    pub thread: ThreadId,
    /// The task.
    pub task: TaskId,
    /// The call, as it was decided.
    pub call: Call,
    /// Hash of the exact arguments; the answer names it.
    pub args_hash: Hash,
    /// What the call would do.
    pub effects: Effects,
    /// The policy's rule.
    pub rule: String,
    /// Why it asks.
    pub reason: String,
    /// What the sub-task is called that asks, if one does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subtask: Option<String>,
}

impl Ask {
    /// Makes the command that answers it.
    pub fn answered(&self, answer: Answer, sender: &str, id: CommandId) -> Envelope {
        let command = Command::Answer { call: self.call.id, args_hash: self.args_hash, answer };
        Envelope { thread: self.thread, task: self.task, sender: sender.to_owned(), id, command }
    }
}

impl Engine {
    /// Gives the questions of a task, and of its sub-tasks, that wait for an answer.
    ///
    /// # Errors
    /// `NotFound`; whatever the store says.
    pub async fn asks(&self, task: TaskId) -> Result<Vec<Ask>> {
        let mut asks = Vec::new();
        for task in self.inner.family(self.task(task).await?, false).await? {
            asks.extend(self.inner.asks(&task).await?);
        }
        Ok(asks)
    }
}

impl Inner {
    async fn asks(&self, task: &Task) -> Result<Vec<Ask>> {
        let open: Vec<CallId> = open(task).collect();
        let mut asks = Vec::new();
        let mut read = Read::task(task.thread, task.id, 0);
        while !open.is_empty() {
            let records = self.parts.store.read(read.clone()).await?;
            let Some(last) = records.last() else { break };
            read.after = last.seq;
            for record in records.iter().filter(|r| r.event.kind() == "permission_asked") {
                asks.extend(ask(task, &open, &*record.event.event()?));
            }
        }
        Ok(asks)
    }

    /// Notes that the approver is about to be asked, before that is in the log: until it has answered, its task is not settled.
    pub(super) fn will_ask(&self, call: CallId, args_hash: Hash) {
        if self.parts.approver.is_some() {
            self.asking().entry((call, args_hash)).or_insert(false);
        }
    }

    /// Says whether the approver is asked something that this task waits for.
    pub(super) fn is_asking(&self, task: &Task) -> bool {
        self.parts.approver.is_some() && {
            let asking = self.asking();
            questions(task).any(|question| asking.contains_key(&question))
        }
    }

    /// Passes a resting task's questions to the approver, if there is one: each once, none held up by another.
    pub(super) fn ask_approver(self: Arc<Self>, task: &Arc<Task>) {
        if self.parts.approver.is_none() {
            return;
        }
        let is_new = |question: &(CallId, Hash)| self.asking().insert(*question, true) != Some(true);
        let new: Vec<_> = questions(task).filter(is_new).collect();
        if new.is_empty() {
            return;
        }
        let (engine, task) = (self.clone(), task.clone());
        self.parts.runtime.spawn(Box::pin(async move {
            let mut asks = engine.asks(&task).await.unwrap_or_else(|error| {
                tracing::warn!(%error, "can't read what to ask");
                Vec::new()
            });
            for question in new {
                match asks.iter().position(|ask| (ask.call.id, ask.args_hash) == question) {
                    Some(at) => engine.clone().ask_one(asks.swap_remove(at), task.root()),
                    None => engine.asked(question, [task.id, task.root()]),
                }
            }
        }));
    }

    /// Asks again what was open when the last process ended.
    pub(super) async fn ask_again(self: &Arc<Self>) {
        if self.parts.approver.is_none() || self.parts.claim == Claim::Adopted {
            return;
        }
        let asks = index::scan_all(&*self.parts.store, "ask/").await.unwrap_or_default();
        let task =
            |value: &[u8]| String::from_utf8_lossy(value).split(' ').nth(1).and_then(|t| t.parse::<TaskId>().ok());
        let tasks: BTreeSet<TaskId> = asks.iter().filter_map(|(_, value)| task(value)).collect();
        for task in tasks {
            let found = async { self.fold(self.summary(task).await?.thread, task).await };
            match found.await {
                Ok(task) => self.clone().ask_approver(&Arc::new(task)),
                Err(error) => tracing::warn!(%task, %error, "can't read what to ask"),
            }
        }
    }

    fn ask_one(self: Arc<Self>, ask: Ask, root: TaskId) {
        let (question, tasks) = ((ask.call.id, ask.args_hash), [ask.task, root]);
        let Some(approver) = self.parts.approver.clone() else { return };
        let engine = self.clone();
        self.parts.runtime.spawn(Box::pin(async move {
            let answered = async {
                if let Some(answer) = approver.answer(ask.clone()).await {
                    engine.send(ask.answered(answer, "approver", CommandId::new(&*engine.parts.runtime))).await?;
                }
                Ok::<(), crate::Error>(())
            };
            tokio::select! {
                biased;
                () = engine.stop.cancelled() => {}
                result = answered => if let Err(error) = result { tracing::warn!(%error, "can't pass an answer on") },
            }
            engine.asked(question, tasks);
        }));
    }

    /// Notes that the approver was asked. Who waits for these tasks looks again: if it said nothing, they rest now.
    fn asked(&self, question: (CallId, Hash), tasks: [TaskId; 2]) {
        self.asking().remove(&question);
        tasks.into_iter().for_each(|task| self.rests.tell(task, || Rest::Moved));
    }

    fn asking(&self) -> MutexGuard<'_, HashMap<(CallId, Hash), bool>> {
        self.asking.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Gives the questions that a task waits for: the call, and the arguments that were shown.
fn questions(task: &Task) -> impl Iterator<Item = (CallId, Hash)> + '_ {
    open(task).filter_map(|call| Some((call, task.call(call)?.1.asked?.0)))
}

/// Says whether a task waits for an answer.
pub(super) fn has_question(task: &Task) -> bool {
    open(task).next().is_some()
}

fn open(task: &Task) -> impl Iterator<Item = CallId> + '_ {
    let calls = task.turns.last().map_or(&[][..], |t| &t.calls);
    let ended = task.result.is_some();
    calls.iter().filter(move |c| !ended && c.stage == Stage::Asked).map(|c| c.id)
}

fn ask(task: &Task, open: &[CallId], event: &Event) -> Option<Ask> {
    let Event::PermissionAsked { call, args_hash, effects, rule, reason } = event else { return None };
    if !open.contains(call) {
        return None;
    }
    let (call, state) = task.call(*call)?;
    // It may have been asked before, about something else.
    if state.asked.is_none_or(|(asked, _)| asked != *args_hash) {
        return None;
    }
    Some(Ask {
        thread: task.thread,
        task: task.id,
        call: call.clone(),
        args_hash: *args_hash,
        effects: effects.clone(),
        rule: rule.clone(),
        reason: reason.clone(),
        subtask: task.submit.parent.as_ref().map(|parent| parent.title.clone()),
    })
}
