//! What a screen, a phone and a test read: records as they are committed, deltas as they come.

use std::{collections::VecDeque, sync::Arc};

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize, de};
use serde_json::value::RawValue;

use super::{
    follow::Followed,
    live::{Hub, Live, Next, Queue},
};
use crate::{Delta, Read, Record, Result, Store, ThreadId};

/// What a subscription gives.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
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

/// By hand: a record keeps its event's bytes, and what serde makes of a tag inside an object has none.
impl<'de> Deserialize<'de> for Item {
    fn deserialize<D: Deserializer<'de>>(from: D) -> std::result::Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(rename_all = "snake_case")]
        enum Kind {
            Record,
            Delta,
            Lagged,
        }
        #[derive(Deserialize)]
        struct Tag {
            item: Kind,
            #[serde(default)]
            missed: u64,
        }
        let raw = Box::<RawValue>::deserialize(from)?;
        let tag: Tag = serde_json::from_str(raw.get()).map_err(de::Error::custom)?;
        let item = match tag.item {
            Kind::Record => serde_json::from_str(raw.get()).map(Self::Record),
            Kind::Delta => serde_json::from_str(raw.get()).map(Self::Delta),
            Kind::Lagged => Ok(Self::Lagged { missed: tag.missed }),
        };
        item.map_err(de::Error::custom)
    }
}

/// A reader of one thread, or of one task.
///
/// It never stalls the work: what it is too slow for it reads from the log. Dropping it ends it.
pub struct Subscription {
    store: Arc<dyn Store>,
    thread: ThreadId,
    after: u64,
    live: Arc<Queue>,
    behind: bool,
    backlog: VecDeque<Arc<[Record]>>,
    /// How many records of the first in the backlog were given.
    given: usize,
    followed: Option<Followed>,
}

impl Subscription {
    pub(super) fn new(hub: &Hub, store: Arc<dyn Store>, thread: ThreadId, after: u64) -> Self {
        let live = hub.listen(thread);
        Self { store, thread, after, live, behind: true, backlog: VecDeque::new(), given: 0, followed: None }
    }

    /// Gives what belongs to this task alone, to its end.
    pub(super) fn following(self, followed: Followed) -> Self {
        Self { followed: Some(followed), ..self }
    }

    /// Waits for the next item; `None` once the engine has stopped and everything was read, or the task that is followed has ended.
    ///
    /// Cancellation: dropping the future loses nothing.
    ///
    /// # Errors
    /// What the store says when the log is read, or why a task of this thread can't go on; call again to go on reading.
    pub async fn next(&mut self) -> Option<Result<Item>> {
        loop {
            if self.followed.as_ref().is_some_and(|followed| followed.is_over) {
                return None;
            }
            // An item that was taken is given before anything is awaited again.
            let item = match self.next_of_thread().await? {
                Ok(item) => item,
                Err(error) => return Some(Err(error)),
            };
            match self.followed.as_mut().map_or(Ok(true), |followed| followed.takes(&item)) {
                Ok(true) => return Some(Ok(item)),
                Ok(false) => {}
                Err(error) => return Some(Err(error)),
            }
        }
    }

    async fn next_of_thread(&mut self) -> Option<Result<Item>> {
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
            match self.live.next().await {
                Next::Live(Live::Records(commits)) => self.take(&commits),
                Next::Live(Live::Delta(delta)) => return Some(Ok(Item::Delta(*delta))),
                Next::Live(Live::Reread) => self.behind = true,
                Next::Live(Live::Trouble(error)) => return Some(Err(*error)),
                Next::Lagged(missed) => {
                    self.behind = true;
                    return Some(Ok(Item::Lagged { missed }));
                }
                Next::Closed => return self.last_words().await,
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
