//! Keeping the journals within their limits.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use tokio::sync::watch;

use super::{Inner, read_summary};
use crate::{Actor, Batch, Draft, Event, Expect, Keep, Kind, Label, Result, TaskId, Timestamp, index};

/// How long at least between two rounds: each looks through the list of tasks.
const PAUSE: Duration = Duration::from_secs(60);

/// When the last round began, and whether it is under way.
#[derive(Default)]
pub(super) struct Reclaiming {
    last: Mutex<Option<Timestamp>>,
    at_work: watch::Sender<bool>,
}

impl Reclaiming {
    /// Waits until no round is under way.
    pub(super) async fn ended(&self) {
        // The sender lives as long as `self`, so this can't fail.
        let _ = self.at_work.subscribe().wait_for(|at_work| !*at_work).await;
    }
}

/// A round that is under way, whichever way it is left.
struct Round(Arc<Inner>);

impl Drop for Round {
    fn drop(&mut self) {
        self.0.reclaiming.at_work.send_replace(false);
    }
}

impl Inner {
    /// Lets go of what is too old or too much, in the background, unless that was done a short time ago.
    ///
    /// It is done after a task only: a process that was started to undo something must not take it away first.
    pub(super) fn reclaim_soon(self: Arc<Self>) {
        if self.parts.sandbox.is_none() || !self.begin_round() {
            return;
        }
        let runtime = self.parts.runtime.clone();
        let round = Round(self);
        runtime.spawn(Box::pin(async move {
            if let Err(error) = round.0.reclaim().await {
                tracing::warn!(%error, "can't keep the journals within their limits");
            }
        }));
    }

    fn begin_round(&self) -> bool {
        let now = self.parts.runtime.now();
        let mut last = self.reclaiming.last.lock().unwrap_or_else(PoisonError::into_inner);
        // A clock that was set back should not put it off for long.
        let fresh = last.is_some_and(|last| last <= now && now < last.plus(PAUSE));
        if fresh || self.reclaiming.at_work.send_replace(true) {
            return false;
        }
        *last = Some(now);
        true
    }

    async fn reclaim(&self) -> Result<()> {
        let limits = self.parts.limits;
        let keep = Keep {
            bytes: limits.undo_bytes,
            age: i64::try_from(limits.undo_age.as_millis()).unwrap_or(i64::MAX),
            now: self.parts.runtime.now().as_millis(),
            unfinished: self.unfinished().await?,
        };
        let reclaimed = self.sandbox()?.reclaim(keep).await?;
        let mut done = reclaimed.trouble.map_or(Ok(()), Err);
        for task in reclaimed.tasks {
            // What was let go of is gone, whatever happens to the record of another.
            done = self.record_reclaimed(task).await.and(done);
        }
        done
    }

    /// Gives the tasks whose journals are needed: those that have not ended, and those that are being undone.
    async fn unfinished(&self) -> Result<Vec<TaskId>> {
        let store = &*self.parts.store;
        let mut open = Vec::new();
        for (_, value) in index::scan_all(store, "task/").await? {
            let summary = read_summary(&value)?;
            if !summary.status.is_ended() {
                open.push(summary.task);
            }
        }
        for (key, _) in index::scan_all(store, "ready/").await? {
            open.push(key.trim_start_matches("ready/").parse()?);
        }
        open.sort_unstable();
        open.dedup();
        Ok(open)
    }

    /// Writes down that a task can't be undone any more. Nobody works on one that has ended; if somebody just said something
    /// to it, that comes first.
    async fn record_reclaimed(&self, task: TaskId) -> Result<()> {
        for _ in 0..8 {
            // A journal of a log that is not here: nobody to tell.
            let summary = match self.summary(task).await {
                Err(error) if error.kind == Kind::NotFound => return Ok(()),
                summary => summary?,
            };
            let mut folded = self.fold(summary.thread, task).await?;
            if folded.result.is_none() {
                // Somebody went on with it meanwhile: its next undo says that there is no more.
                return Ok(());
            }
            let before = index::entries(&folded);
            let draft = Draft::new(Some(task), self.parts.runtime.now(), Event::JournalReclaimed)?
                .by(Actor::Engine, Label::trusted());
            let expect = vec![Expect::Head(task, folded.head)];
            folded.foresee(&draft)?;
            let put = index::difference(&before, &index::entries(&folded));
            let batch = Batch { expect, put, append: vec![draft], ..Batch::new(summary.thread) };
            match self.parts.store.commit(batch).await {
                Err(error) if error.kind == Kind::Conflict => {}
                committed => return committed.map(drop),
            }
        }
        Ok(())
    }
}
