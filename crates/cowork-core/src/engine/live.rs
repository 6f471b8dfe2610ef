//! What waits for the readers of a thread: one queue each, bounded, which a slow reader finds shortened.

use std::{
    collections::{HashMap, VecDeque},
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak},
};

use tokio::sync::Notify;

use crate::{Delta, DeltaKind, Error, Record, Said, TaskId, ThreadId};

/// How many live items a reader may be behind before it is told that it lags.
const MOST: usize = 1_024;
/// How long a piece of text may become that waits for a reader.
const PIECE: usize = 16 << 10;

#[derive(Clone)]
pub(super) enum Live {
    Records(Arc<[Arc<[Record]>]>),
    Delta(Box<Delta>),
    Reread,
    Trouble(Box<Error>),
}

/// What a reader finds next.
pub(super) enum Next {
    Live(Live),
    /// So many were passed over.
    Lagged(u64),
    Closed,
}

/// Live items of the threads that somebody reads.
#[derive(Default)]
pub(super) struct Hub(Mutex<Readers>);

#[derive(Default)]
struct Readers {
    threads: HashMap<ThreadId, Vec<Weak<Queue>>>,
    closed: bool,
}

/// What waits for one reader.
#[derive(Default)]
pub(super) struct Queue {
    waiting: Mutex<Waiting>,
    bell: Notify,
}

#[derive(Default)]
struct Waiting {
    items: VecDeque<Live>,
    missed: u64,
    closed: bool,
}

impl Hub {
    /// Makes a queue for a reader of a thread. It is served until it is dropped.
    pub(super) fn listen(&self, thread: ThreadId) -> Arc<Queue> {
        let mut readers = locked(&self.0);
        let queue = Arc::new(Queue::default());
        if readers.closed {
            queue.close();
            return queue;
        }
        readers.threads.retain(|_, queues| {
            queues.retain(|queue| queue.strong_count() > 0);
            !queues.is_empty()
        });
        readers.threads.entry(thread).or_default().push(Arc::downgrade(&queue));
        queue
    }

    /// Passes something on to the readers of a thread.
    pub(super) fn send(&self, thread: ThreadId, live: Live) {
        let readers = locked(&self.0);
        let Some((last, others)) = readers.threads.get(&thread).and_then(|queues| queues.split_last()) else { return };
        others.iter().filter_map(Weak::upgrade).for_each(|queue| queue.push(live.clone()));
        if let Some(queue) = last.upgrade() {
            queue.push(live);
        }
    }

    /// Passes a piece of a model's answer on to the readers of a thread.
    pub(super) fn say(&self, thread: ThreadId, task: TaskId, said: Said<'_>) {
        let readers = locked(&self.0);
        let queues = readers.threads.get(&thread).map_or(&[][..], Vec::as_slice);
        queues.iter().filter_map(Weak::upgrade).for_each(|queue| queue.say(thread, task, said));
    }

    /// Tells every reader to read the log again.
    pub(super) fn reread(&self) {
        let readers = locked(&self.0);
        readers.threads.values().flatten().filter_map(Weak::upgrade).for_each(|queue| queue.push(Live::Reread));
    }

    /// Ends every subscription.
    pub(super) fn close(&self) {
        let mut readers = locked(&self.0);
        readers.closed = true;
        readers.threads.drain().flat_map(|(_, queues)| queues).filter_map(|q| q.upgrade()).for_each(|q| q.close());
    }
}

impl Queue {
    /// Waits for what comes next. Dropping the future loses nothing.
    pub(super) async fn next(&self) -> Next {
        loop {
            let bell = self.bell.notified();
            {
                let mut waiting = locked(&self.waiting);
                if waiting.missed > 0 {
                    return Next::Lagged(std::mem::take(&mut waiting.missed));
                }
                if let Some(live) = waiting.items.pop_front() {
                    return Next::Live(live);
                }
                if waiting.closed {
                    return Next::Closed;
                }
            }
            bell.await;
        }
    }

    fn push(&self, live: Live) {
        let mut waiting = locked(&self.waiting);
        let joined = match (waiting.items.back_mut(), &live) {
            (Some(Live::Delta(last)), Live::Delta(next)) => join(last, next),
            (Some(Live::Reread), Live::Reread) => true,
            _ => false,
        };
        if joined {
            return;
        }
        if waiting.items.len() >= MOST {
            waiting.items.pop_front();
            waiting.missed += 1;
        }
        waiting.items.push_back(live);
        drop(waiting);
        self.bell.notify_one();
    }

    /// Goes on with what waits already, if it can.
    fn say(&self, thread: ThreadId, task: TaskId, said: Said<'_>) {
        if let Some(Live::Delta(last)) = locked(&self.waiting).items.back_mut()
            && last.task == task
            && last.call.is_none()
            && goes_on(&mut last.what, said)
        {
            return;
        }
        let what = match said {
            Said::Text(text) => DeltaKind::Text { text: text.to_owned() },
            Said::Thinking(text) => DeltaKind::Thinking { text: text.to_owned() },
            Said::Call(tool) => DeltaKind::Calling { tool: tool.to_owned() },
        };
        self.push(Live::Delta(Delta { thread, task, call: None, what }.into()));
    }

    fn close(&self) {
        locked(&self.waiting).closed = true;
        self.bell.notify_one();
    }
}

/// Joins text to what nobody has read yet. Says whether that could be.
fn goes_on(last: &mut DeltaKind, said: Said<'_>) -> bool {
    match (last, said) {
        (DeltaKind::Text { text }, Said::Text(more)) | (DeltaKind::Thinking { text }, Said::Thinking(more)) => {
            let fits = text.len() + more.len() <= PIECE;
            if fits {
                text.push_str(more);
            }
            fits
        }
        _ => false,
    }
}

/// Lets progress take the place of what was before and nobody has read yet. Says whether that could be.
fn join(last: &mut Delta, next: &Delta) -> bool {
    if last.task != next.task || last.call != next.call {
        return false;
    }
    match (&mut last.what, &next.what) {
        (progress @ DeltaKind::Progress { .. }, next @ DeltaKind::Progress { .. }) => {
            progress.clone_from(next);
            true
        }
        _ => false,
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
