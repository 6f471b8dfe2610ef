//! What happens, as a host reads it: one after the other, or whatever is there at once.

use std::fmt;

use cowork::{Item, Result, Subscription};
use futures_util::FutureExt;
use serde::Serialize;
use tokio::sync::Mutex;

use crate::{
    TaskView,
    handle::Shared,
    open::{Open, thread},
    text,
    view::Views,
    words::FollowEvents,
};

/// A stream of what happens in a thread or a task ([`Handle::events`](crate::Handle::events)), or of a task's views
/// ([`Handle::views`](crate::Handle::views)).
///
/// It never stalls the work: a reader that is too slow is told so (`{"item": "lagged"}`), and then reads from the log what it missed.
/// Dropping it ends it.
pub struct Events {
    shared: Shared,
    reading: Mutex<Reading>,
}

struct Reading {
    source: Source,
    /// What went wrong behind what was given last.
    trouble: Option<cowork::Error>,
}

/// Where a stream comes from.
#[allow(clippy::large_enum_variant, reason = "it is held once for each stream")]
pub(crate) enum Source {
    Events(Subscription),
    Views(Views),
}

/// One thing of a stream.
#[derive(Serialize)]
#[serde(untagged)]
#[allow(clippy::large_enum_variant, reason = "nearly all are records")]
enum One {
    Item(Item),
    View(TaskView),
}

impl Events {
    pub(crate) fn new(shared: Shared, source: Source) -> Self {
        Self { shared, reading: Mutex::new(Reading { source, trouble: None }) }
    }

    /// Waits for the next item ([`Item`] or [`TaskView`], JSON); none at the end: of the engine, or of the task that is followed.
    ///
    /// Cancellation: dropping the future loses nothing.
    ///
    /// # Errors
    /// What the store says when the log is read, or why a task of this thread can't go on; call again to go on reading.
    pub async fn next(&self) -> Result<Option<String>> {
        self.shared.check()?;
        let next = async {
            match self.reading.lock().await.next().await {
                Some(item) => text::write(&item?).map(Some),
                None => Ok(None),
            }
        };
        self.shared.within(next).await
    }

    /// Waits for the next item, and gives it with what else is there already, at most so many in all: a JSON list, so that one crossing
    /// does for all of them.
    ///
    /// Cancellation and errors: as [`Events::next`]'s. An error that comes after items is given by the next call.
    pub async fn next_many(&self, most: usize) -> Result<Option<String>> {
        self.shared.check()?;
        let next = async {
            let mut reading = self.reading.lock().await;
            let Some(first) = reading.next().await else { return Ok(None) };
            let mut items = vec![first?];
            while items.len() < most.max(1) {
                match reading.next().now_or_never() {
                    Some(Some(Ok(item))) => items.push(item),
                    Some(Some(Err(error))) => {
                        reading.trouble = Some(error);
                        break;
                    }
                    Some(None) | None => break,
                }
            }
            text::write(&items).map(Some)
        };
        self.shared.within(next).await
    }
}

impl fmt::Debug for Events {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Events")
    }
}

impl Reading {
    /// Dropping the future loses nothing: what was taken is given before anything is awaited again.
    async fn next(&mut self) -> Option<Result<One>> {
        if let Some(error) = self.trouble.take() {
            return Some(Err(error));
        }
        match &mut self.source {
            Source::Events(events) => Some(events.next().await?.map(One::Item)),
            Source::Views(views) => Some(views.next().await?.map(One::View)),
        }
    }
}

/// Begins to read what happens.
pub(crate) async fn read(open: &Open, args: FollowEvents) -> Result<Subscription> {
    let FollowEvents { thread: name, task, after } = args;
    match task {
        Some(task) => open.engine.follow(task, after).await,
        None => Ok(open.engine.events(name.as_deref().map_or(open.thread, thread), after)),
    }
}
