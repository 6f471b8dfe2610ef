//! What may be spent on models in a day: read from the counters that the log's commits keep.

use super::{Engine, Inner};
use crate::{
    DayState, Reserve, Result, Timestamp,
    day::{Day, KEYS},
};

/// No more counters than this are read at once: each day has two.
const MOST: usize = 1_000;

impl Engine {
    /// Says what was spent on models in the day that goes on, or is set aside; none if the engine has no budget for a day.
    ///
    /// # Errors
    /// Whatever the store says.
    pub async fn today(&self) -> Result<Option<DayState>> {
        let budget = self.inner.parts.limits.day;
        if budget.is_open() {
            return Ok(None);
        }
        let (day, entries, (_, offset)) = self.inner.day().await?;
        let spent = day.spent(&entries);
        Ok(Some(DayState { day, budget, tokens: spent.tokens, cost: spent.cost, ends: day.end(offset) }))
    }
}

impl Inner {
    /// Says whether so much more fits into the day, and puts down which day it counts for. The outer error is the store's.
    ///
    /// The commit that sets it aside counts it: of two that were told yes at once only one may fit.
    pub(super) async fn in_the_day(&self, more: &mut Reserve) -> Result<Result<()>> {
        let budget = self.parts.limits.day;
        if budget.is_open() {
            return Ok(Ok(()));
        }
        let (day, entries, at) = self.day().await?;
        more.day = Some(day);
        Ok(budget.affords(day, day.spent(&entries), more, at))
    }

    /// Gives the day that goes on, its counters, and the time with the clock's offset.
    async fn day(&self) -> Result<(Day, Vec<(String, Vec<u8>)>, (Timestamp, i32))> {
        let runtime = &self.parts.runtime;
        let (now, store) = (runtime.now(), &self.parts.store);
        let offset = runtime.offset(now);
        let mut day = Day::of(now, offset);
        // A clock that was set back begins no second budget: the latest day that was spent in goes on.
        loop {
            let later = store.scan(KEYS.to_owned(), Some(format!("{}~", day.keys())), MOST).await?;
            if later.is_empty() {
                break;
            }
            day = day.or_later(&later);
        }
        Ok((day, store.scan(day.keys(), None, MOST).await?, (now, offset)))
    }
}
