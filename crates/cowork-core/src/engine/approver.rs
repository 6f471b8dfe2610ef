//! Who answers questions.

use std::sync::Arc;

use async_trait::async_trait;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Engine, Inner};
use crate::{
    Answer, Call, CallId, Command, CommandId, Effects, Envelope, Event, Hash, Read, Result, Stage, Task, TaskId,
    ThreadId,
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
}

impl Ask {
    /// Makes the command that answers it.
    pub fn answered(&self, answer: Answer, sender: &str, id: CommandId) -> Envelope {
        let command = Command::Answer { call: self.call.id, args_hash: self.args_hash, answer };
        Envelope { thread: self.thread, task: self.task, sender: sender.to_owned(), id, command }
    }
}

impl Engine {
    /// Gives the questions of a task that wait for an answer.
    ///
    /// # Errors
    /// `NotFound`; whatever the store says.
    pub async fn asks(&self, task: TaskId) -> Result<Vec<Ask>> {
        let task = self.task(task).await?;
        self.inner.asks(&task).await
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

    /// Passes a resting task's questions to the approver, if there is one.
    pub(super) fn ask_approver(self: Arc<Self>, task: &Arc<Task>) {
        let Some(approver) = self.parts.approver.clone() else { return };
        if open(task).next().is_none() {
            return;
        }
        let (engine, task) = (self.clone(), task.clone());
        let answer = async move {
            for ask in engine.asks(&task).await? {
                if let Some(answer) = approver.answer(ask.clone()).await {
                    engine.send(ask.answered(answer, "approver", CommandId::new(&*engine.parts.runtime))).await?;
                }
            }
            Ok::<(), crate::Error>(())
        };
        let stop = self.stop.clone();
        self.parts.runtime.spawn(Box::pin(async move {
            tokio::select! {
                biased;
                () = stop.cancelled() => {}
                result = answer => if let Err(error) = result { tracing::warn!(%error, "can't pass an answer on") },
            }
        }));
    }
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
    let (call, _) = task.call(*call)?;
    Some(Ask {
        thread: task.thread,
        task: task.id,
        call: call.clone(),
        args_hash: *args_hash,
        effects: effects.clone(),
        rule: rule.clone(),
        reason: reason.clone(),
    })
}
