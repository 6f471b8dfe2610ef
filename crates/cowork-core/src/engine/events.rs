//! What a screen, a phone and a test read: records as they are committed, deltas as they come.

use std::{
    collections::{HashMap, VecDeque},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tokio::sync::broadcast;

use crate::{Delta, Error, Read, Record, Result, Store, ThreadId};

/// How many live items a reader may be behind before it is told that it lags.
const LIVE: usize = 1_024;

/// What a subscription gives.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "item", rename_all = "snake_case")]
#[allow(clippy::large_enum_variant, reason = "nearly all items are records")]
pub enum Item {
    /// The next record. None is ever left out.
    Record(Record),
    /// Something that happens in between.
    Delta(Delta),
    /// The reader was too slow: so many deltas, or notices of records, were passed over. The records themselves follow.
    Lagged {
        /// How many.
        missed: u64,
    },
}

#[derive(Clone)]
pub(super) enum Live {
    Records(Arc<[Arc<[Record]>]>),
    Delta(Delta),
    Reread,
    Trouble(Error),
}

/// Live channels of the threads that somebody reads.
#[derive(Default)]
pub(super) struct Hub {
    threads: Mutex<HashMap<ThreadId, broadcast::Sender<Live>>>,
    closed: AtomicBool,
}

impl Hub {
    pub(super) fn subscribe(&self, store: Arc<dyn Store>, thread: ThreadId, after: u64) -> Subscription {
        let mut threads = self.threads.lock().unwrap_or_else(PoisonError::into_inner);
        threads.retain(|_, sender| sender.receiver_count() > 0);
        let live = if self.closed.load(Ordering::Acquire) {
            // Its sender is gone at once: it reads what there is, and ends.
            broadcast::channel(1).1
        } else {
            threads.entry(thread).or_insert_with(|| broadcast::channel(LIVE).0).subscribe()
        };
        Subscription { store, thread, after, live, behind: true, backlog: VecDeque::new(), given: 0 }
    }

    /// Passes something on to the readers of a thread.
    pub(super) fn send(&self, thread: ThreadId, live: Live) {
        let threads = self.threads.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(sender) = threads.get(&thread) {
            // Nobody reads any more: nothing is lost.
            let _ = sender.send(live);
        }
    }

    /// Tells every reader to read the log again.
    pub(super) fn reread(&self) {
        let threads = self.threads.lock().unwrap_or_else(PoisonError::into_inner);
        threads.values().for_each(|sender| drop(sender.send(Live::Reread)));
    }

    /// Ends every subscription.
    pub(super) fn close(&self) {
        let mut threads = self.threads.lock().unwrap_or_else(PoisonError::into_inner);
        self.closed.store(true, Ordering::Release);
        threads.clear();
    }
}

/// A reader of one thread.
///
/// It never stalls the work: what it is too slow for it reads from the log. Dropping it ends it.
pub struct Subscription {
    store: Arc<dyn Store>,
    thread: ThreadId,
    after: u64,
    live: broadcast::Receiver<Live>,
    behind: bool,
    backlog: VecDeque<Arc<[Record]>>,
    /// How many records of the first in the backlog were given.
    given: usize,
}

impl Subscription {
    /// Waits for the next item; `None` once the engine has stopped and everything was read.
    ///
    /// Cancellation: dropping the future loses nothing.
    ///
    /// # Errors
    /// What the store says when the log is read, or why a task of this thread can't go on; call again to go on reading.
    pub async fn next(&mut self) -> Option<Result<Item>> {
        loop {
            if let Some(record) = self.give() {
                return Some(Ok(Item::Record(record)));
            }
            if self.behind {
                match self.read().await {
                    Ok(more) => self.behind = more,
                    Err(error) => return Some(Err(error)),
                }
                continue;
            }
            match self.live.recv().await {
                Ok(Live::Records(commits)) => self.take(&commits),
                Ok(Live::Delta(delta)) => return Some(Ok(Item::Delta(delta))),
                Ok(Live::Reread) => self.behind = true,
                Ok(Live::Trouble(error)) => return Some(Err(error)),
                Err(broadcast::error::RecvError::Lagged(missed)) => {
                    self.behind = true;
                    return Some(Ok(Item::Lagged { missed }));
                }
                Err(broadcast::error::RecvError::Closed) => return self.last_words().await,
            }
        }
    }

    /// Gives the next record of the backlog.
    fn give(&mut self) -> Option<Record> {
        while let Some(records) = self.backlog.front() {
            if let Some(record) = records.get(self.given) {
                self.given += 1;
                if record.seq > self.after {
                    self.after = record.seq;
                    return Some(record.clone());
                }
                continue;
            }
            self.given = 0;
            self.backlog.pop_front();
        }
        None
    }

    /// Takes in commits that follow what is there, and notices where one is missing.
    fn take(&mut self, commits: &[Arc<[Record]>]) {
        let mut last = self.backlog.back().and_then(|records| records.last()).map_or(self.after, |r| r.seq);
        for records in commits {
            let (Some(first), Some(end)) = (records.first(), records.last()) else { continue };
            if first.thread != self.thread || end.seq <= last {
                continue;
            }
            if first.seq > last + 1 {
                self.behind = true;
            } else {
                last = end.seq;
                self.backlog.push_back(records.clone());
            }
        }
    }

    /// Reads on in the log. Says whether there was anything.
    async fn read(&mut self) -> Result<bool> {
        let records = self.store.read(Read::thread(self.thread, self.after)).await?;
        let more = !records.is_empty();
        self.backlog.extend(more.then(|| records.into()));
        Ok(more)
    }

    async fn last_words(&mut self) -> Option<Result<Item>> {
        match self.read().await {
            Ok(_) => self.give().map(|record| Ok(Item::Record(record))),
            Err(error) => Some(Err(error)),
        }
    }
}
