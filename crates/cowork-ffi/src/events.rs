//! What happens, as a host reads it: one after the other, or whatever is there at once.

use std::{fmt, sync::Arc};

use cowork::{Item, Result, Subscription};
use futures_util::FutureExt;
use tokio::sync::Mutex;

use crate::{
    handle::Shared,
    open::{Open, thread},
    text,
    words::FollowEvents,
};

/// A stream of what happens in a thread or a task ([`Handle::events`](crate::Handle::events)).
///
/// It never stalls the work: a reader that is too slow is told so (`{"item": "lagged"}`), and then reads from the log what it missed.
/// Dropping it ends it.
pub struct Events {
    shared: Shared,
    reader: Mutex<Reader>,
}

impl Events {
    /// Waits for the next item ([`Item`], JSON); none at the end: of the engine, or of the task that is followed.
    ///
    /// Cancellation: dropping the future loses nothing.
    ///
    /// # Errors
    /// What the store says when the log is read, or why a task of this thread can't go on; call again to go on reading.
    pub async fn next(&self) -> Result<Option<String>> {
        self.shared.check()?;
        let next = async {
            match self.reader.lock().await.next().await {
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
            let mut reader = self.reader.lock().await;
            let Some(first) = reader.next().await else { return Ok(None) };
            let mut items = vec![first?];
            while items.len() < most.max(1) {
                match reader.next().now_or_never() {
                    Some(Some(Ok(item))) => items.push(item),
                    Some(Some(Err(error))) => {
                        reader.trouble = Some(error);
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

/// Begins to follow.
pub(crate) async fn follow(open: Arc<Open>, shared: Shared, args: FollowEvents) -> Result<Events> {
    let FollowEvents { thread: name, task, after } = args;
    let subscription = match task {
        Some(task) => open.engine.follow(task, after).await?,
        None => open.engine.events(name.as_deref().map_or(open.thread, thread), after),
    };
    Ok(Events { shared, reader: Mutex::new(Reader { subscription, trouble: None }) })
}

struct Reader {
    subscription: Subscription,
    /// What went wrong behind what was given last.
    trouble: Option<cowork::Error>,
}

impl Reader {
    /// Dropping the future loses nothing.
    async fn next(&mut self) -> Option<Result<Item>> {
        match self.trouble.take() {
            Some(error) => Some(Err(error)),
            None => self.subscription.next().await,
        }
    }
}
