//! What may be spent on models in a day: read from the counters that the log's commits keep.

use super::Inner;
use crate::{
    Reserve, Result,
    day::{Day, KEYS},
};

/// No more counters than this are read at once: each day has two.
const MOST: usize = 1_000;

impl Inner {
    /// Says whether so much more fits into the day, and puts down which day it counts for. The outer error is the store's.
    ///
    /// The commit that sets it aside counts it: of two that were told yes at once only one may fit.
    pub(super) async fn in_the_day(&self, more: &mut Reserve) -> Result<Result<()>> {
        let budget = self.parts.limits.day;
        if budget.is_open() {
            return Ok(Ok(()));
        }
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
        let entries = store.scan(day.keys(), None, MOST).await?;
        more.day = Some(day);
        Ok(budget.affords(day, day.spent(&entries), more, (now, offset)))
    }
}
