//! What happens, as a host reads it: one after the other, or whatever is there at once.

use std::{collections::BTreeSet, fmt};

use cowork::{Event, Item, Record, Result, Subscription, Task, TaskId};
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
    Events(Reader),
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
            Source::Events(reader) => Some(reader.next().await?.map(One::Item)),
            Source::Views(views) => Some(views.next().await?.map(One::View)),
        }
    }
}

/// Begins to read what happens.
pub(crate) async fn read(open: &Open, args: FollowEvents) -> Result<Reader> {
    let FollowEvents { thread: name, task, after } = args;
    let Some(task) = task else {
        let thread = name.as_deref().map_or(open.thread, thread);
        return Ok(Reader { subscription: open.engine.events(thread, after), followed: None });
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
    Ok(Reader { subscription: open.engine.events(found.thread, after), followed: Some(followed) })
}

/// Gives the last record of a task that has ended.
fn last(task: &Task) -> Option<u64> {
    task.result.as_ref().map(|_| task.head)
}

/// Reads what happens.
pub(crate) struct Reader {
    subscription: Subscription,
    followed: Option<Followed>,
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
    pub(crate) async fn next(&mut self) -> Option<Result<Item>> {
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
