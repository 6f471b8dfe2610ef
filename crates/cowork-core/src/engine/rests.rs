//! Who waits for a task to come to rest.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tokio::sync::oneshot;

use crate::{Error, Task, TaskId};

/// What who waits is told.
pub(super) enum Rest {
    /// It was put down so.
    At(Arc<Task>),
    /// Somebody else may have moved it.
    Moved,
    /// It can't go on.
    Trouble(Error),
}

/// Those who wait, by task. To follow every record, as a reader does, would cost as much as the work.
#[derive(Default)]
pub(super) struct Rests(Mutex<Waiting>);

#[derive(Default)]
struct Waiting {
    tasks: HashMap<TaskId, Vec<oneshot::Sender<Rest>>>,
    closed: bool,
}

impl Rests {
    /// Waits for the next word on a task; an error once there will be none.
    pub(super) fn wait(&self, task: TaskId) -> oneshot::Receiver<Rest> {
        let (tell, told) = oneshot::channel();
        let mut waiting = self.waiting();
        if !waiting.closed {
            let all = waiting.tasks.entry(task).or_default();
            all.retain(|tell| !tell.is_closed());
            all.push(tell);
        }
        told
    }

    /// Tells everybody who waits for a task.
    pub(super) fn tell(&self, task: TaskId, rest: impl Fn() -> Rest) {
        let all = self.waiting().tasks.remove(&task).unwrap_or_default();
        // Some may have stopped waiting.
        all.into_iter().for_each(|tell| drop(tell.send(rest())));
    }

    /// Tells everybody that any task may have moved, but for these.
    pub(super) fn moved(&self, but: impl Fn(TaskId) -> bool) {
        let moved: Vec<_> = self.waiting().tasks.extract_if(|task, _| !but(*task)).flat_map(|(_, all)| all).collect();
        moved.into_iter().for_each(|tell| drop(tell.send(Rest::Moved)));
    }

    /// Lets everybody go.
    pub(super) fn close(&self) {
        let mut waiting = self.waiting();
        waiting.closed = true;
        waiting.tasks.clear();
    }

    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
