//! Views of a task, one after the other, while it goes on.

use std::{panic, sync::Arc, time::Duration};

use cowork::{CancellationToken, Result, Subscription, Task};
use tokio::{
    task::{JoinError, JoinHandle},
    time::{Instant, sleep_until},
};

use super::{Seen, TaskView};
use crate::{open::Open, words::OneTask};

/// Between two views: no eye is quicker.
const PAUSE: Duration = Duration::from_millis(100);

/// Views of a task: the first at once, the last when it has settled.
pub(crate) struct Views {
    seen: Seen,
    events: Subscription,
    /// Whether there is nothing more to be read.
    is_read: bool,
    settled: JoinHandle<Option<Result<Task>>>,
    /// When the last view was given.
    last: Option<Instant>,
    has_changed: bool,
    is_over: bool,
}

/// Begins to look at a task.
pub(crate) async fn follow(open: Arc<Open>, closing: CancellationToken, OneTask { task }: OneTask) -> Result<Views> {
    let found = open.engine.task(task).await?;
    let events = open.engine.follow(task, found.head).await?;
    let settled = tokio::spawn(async move {
        tokio::select! {
            biased;
            // Once it is closed, nothing here may hold what it had of the host's.
            () = closing.cancelled() => None,
            settled = open.engine.settled(task) => Some(settled),
        }
    });
    let seen = Seen::new(found);
    Ok(Views { seen, events, is_read: false, settled, last: None, has_changed: false, is_over: false })
}

impl Views {
    /// Waits for the next view; none after the last, and once the engine is closed.
    ///
    /// Cancellation: dropping the future loses nothing.
    pub(crate) async fn next(&mut self) -> Option<Result<TaskView>> {
        while !self.is_over {
            let Some(last) = self.last else { return Some(self.view()) };
            tokio::select! {
                biased;
                settled = &mut self.settled => {
                    self.is_over = true;
                    return ended(settled).map(|task| self.seen.last_view(task?));
                }
                () = sleep_until(last + PAUSE), if self.has_changed => return Some(self.view()),
                item = self.events.next(), if !self.is_read => match item.map(|item| self.seen.take(&item?)) {
                    Some(Ok(())) => self.has_changed = true,
                    Some(Err(error)) => return Some(Err(error)),
                    None => self.is_read = true,
                },
            }
        }
        None
    }

    fn view(&mut self) -> Result<TaskView> {
        self.last = Some(Instant::now());
        self.has_changed = false;
        self.seen.view()
    }
}

impl Drop for Views {
    fn drop(&mut self) {
        self.settled.abort();
    }
}

/// Gives what came of the wait, where that is known; what panicked there panics here.
fn ended(settled: std::result::Result<Option<Result<Task>>, JoinError>) -> Option<Result<Task>> {
    settled.unwrap_or_else(|error| match error.try_into_panic() {
        Ok(panicked) => panic::resume_unwind(panicked),
        Err(_) => None,
    })
}
