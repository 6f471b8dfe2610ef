//! Which calls may run at once, over all tasks of an engine.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;

use crate::Lock;

/// The locks that running calls hold.
#[derive(Default)]
pub(super) struct Locks {
    held: Mutex<Vec<(u64, Vec<Lock>)>>,
    freed: watch::Sender<()>,
}

/// Locks of one running call, if it needs any; dropping it frees them.
pub(super) struct Held(Option<(Arc<Locks>, u64)>);

impl Locks {
    /// Takes all of these, or none if one is taken.
    pub(super) fn take(self: &Arc<Self>, wanted: &[Lock]) -> Option<Held> {
        if wanted.is_empty() {
            return Some(Held(None));
        }
        let mut held = self.held();
        if !are_free(&held, wanted) {
            return None;
        }
        let number = held.last().map_or(0, |(n, _)| n + 1);
        held.push((number, wanted.to_vec()));
        Some(Held(Some((self.clone(), number))))
    }

    /// Says whether all of these could be taken now.
    pub(super) fn are_free(&self, wanted: &[Lock]) -> bool {
        are_free(&self.held(), wanted)
    }

    /// Gives what changes whenever a lock is freed.
    pub(super) fn freed(&self) -> watch::Receiver<()> {
        self.freed.subscribe()
    }

    fn held(&self) -> MutexGuard<'_, Vec<(u64, Vec<Lock>)>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn are_free(held: &[(u64, Vec<Lock>)], wanted: &[Lock]) -> bool {
    !held.iter().flat_map(|(_, locks)| locks).any(|h| wanted.iter().any(|w| w.conflicts(h)))
}

impl Drop for Held {
    fn drop(&mut self) {
        if let Some((locks, number)) = &self.0 {
            locks.held().retain(|(n, _)| n != number);
            locks.freed.send_replace(());
        }
    }
}
