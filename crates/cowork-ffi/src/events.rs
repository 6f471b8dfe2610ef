//! What happens, as a host reads it: one after the other, or whatever is there at once.

use std::{collections::BTreeSet, fmt, sync::Arc};

use cowork::{Event, Item, Record, Result, Subscription, Task, TaskId};
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
    let Some(task) = task else {
        let thread = name.as_deref().map_or(open.thread, thread);
        let subscription = open.engine.events(thread, after);
        return Ok(Events::new(shared, subscription, None));
    };
    let found = open.engine.task(task).await?;
    let mut family = BTreeSet::from([task]);
    let mut parts: Vec<TaskId> = found.all_subtasks().collect();
    while let Some(part) = parts.pop() {
        if family.insert(part) {
            parts.extend(open.engine.task(part).await?.all_subtasks());
        }
    }
    let followed =
        Followed { task, family, last: last(&found), is_over: last(&found).is_some_and(|last| last <= after) };
    // What comes after the look is in the log, from which it is read.
    let subscription = open.engine.events(found.thread, after);
    Ok(Events::new(shared, subscription, Some(followed)))
}

impl Events {
    fn new(shared: Shared, subscription: Subscription, followed: Option<Followed>) -> Self {
        Self { shared, reader: Mutex::new(Reader { subscription, followed, trouble: None }) }
    }
}

/// Gives the last record of a task that has ended.
fn last(task: &Task) -> Option<u64> {
    task.result.as_ref().map(|_| task.head)
}

struct Reader {
    subscription: Subscription,
    followed: Option<Followed>,
    /// What went wrong behind what was given last.
    trouble: Option<cowork::Error>,
}

/// A task that is followed.
struct Followed {
    task: TaskId,
    /// The task and its sub-tasks.
    family: BTreeSet<TaskId>,
    /// Its last record, if it had ended when it was first looked at.
    last: Option<u64>,
    is_over: bool,
}

impl Reader {
    /// Dropping the future loses nothing: an item that was taken is given before anything is awaited again.
    async fn next(&mut self) -> Option<Result<Item>> {
        if let Some(error) = self.trouble.take() {
            return Some(Err(error));
        }
        loop {
            if self.followed.as_ref().is_some_and(|followed| followed.is_over) {
                return None;
            }
            let item = match self.subscription.next().await? {
                Ok(item) => item,
                Err(error) => return Some(Err(error)),
            };
            let Some(followed) = &mut self.followed else { return Some(Ok(item)) };
            match followed.takes(&item) {
                Ok(true) => return Some(Ok(item)),
                Ok(false) => {}
                Err(error) => return Some(Err(error)),
            }
        }
    }
}

impl Followed {
    /// Says whether an item belongs to the task, and notices its end.
    fn takes(&mut self, item: &Item) -> Result<bool> {
        match item {
            Item::Record(record) => self.takes_record(record),
            Item::Delta(delta) => Ok(self.family.contains(&delta.task)),
            Item::Lagged { .. } => Ok(true),
        }
    }

    fn takes_record(&mut self, record: &Record) -> Result<bool> {
        let Some(task) = record.task.filter(|task| self.family.contains(task)) else { return Ok(false) };
        if record.event.kind() == "subtask_started"
            && let Event::SubtaskStarted { task, .. } = &*record.event.event()?
        {
            self.family.insert(*task);
        }
        if task == self.task {
            self.is_over = match self.last {
                Some(last) => record.seq >= last,
                None => record.event.kind() == "task_finished",
            };
        }
        Ok(true)
    }
}
