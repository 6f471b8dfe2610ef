//! What a planner's questions tell the driver that waits for it.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tokio::sync::{Notify, oneshot};

use crate::{Event, Label, Result};

pub(super) enum Told {
    /// A model is about to be asked: commit this, then say so.
    Asked(Box<(Event, oneshot::Sender<Result<()>>)>),
    /// That came to its end, with what is to be thought of what it brought.
    Answered(Box<Event>, Label),
}

/// The way from those who ask to one driver. A step says two or three things: a channel's blocks would be made for more.
#[derive(Default)]
pub(super) struct Line {
    waiting: Mutex<Waiting>,
    bell: Notify,
}

#[derive(Default)]
struct Waiting {
    told: VecDeque<Told>,
    is_closed: bool,
}

/// The driver's end. Once it is dropped nothing more is taken, and what was not heard is gone.
pub(super) struct Listener(Arc<Line>);

impl Line {
    pub(super) fn open() -> (Arc<Self>, Listener) {
        let line = Arc::new(Self::default());
        (line.clone(), Listener(line))
    }

    /// Says whether somebody may still hear it.
    pub(super) fn tell(&self, told: Told) -> bool {
        let mut waiting = self.waiting();
        if waiting.is_closed {
            return false;
        }
        waiting.told.push_back(told);
        drop(waiting);
        self.bell.notify_one();
        true
    }

    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Listener {
    /// Gives what was told first, if anything waits.
    pub(super) fn heard(&self) -> Option<Told> {
        self.0.waiting().told.pop_front()
    }

    /// Waits for something. Dropping the future loses nothing.
    pub(super) async fn hear(&self) -> Told {
        loop {
            // The bell remembers one ring: what is told from here on is not missed.
            if let Some(told) = self.heard() {
                return told;
            }
            self.0.bell.notified().await;
        }
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        let mut waiting = self.0.waiting();
        waiting.is_closed = true;
        let unheard = std::mem::take(&mut waiting.told);
        // Whoever waits for a word on it is woken outside the lock.
        drop(waiting);
        drop(unheard);
    }
}
