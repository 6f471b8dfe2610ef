//! Which tasks are taken up, and who is told of what is committed.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use futures_util::future::join_all;
use tokio::sync::{
    Notify,
    broadcast::{
        self,
        error::{RecvError, TryRecvError},
    },
    watch,
};

use super::{Inner, driver, family::Family, live::Live, rests::Rest};
use crate::{Error, Kind, Lease, LeaseAsk, Result, Retry, StoreChange, TaskId, ThreadId};

/// How many changes are passed on before others have their turn.
const MOST_CHANGES: usize = 1_024;

/// What a store tells of, or that it told more than was listened to.
type Change = Result<StoreChange, RecvError>;

/// A task that an engine has something to do for.
#[derive(Clone, Copy)]
pub(super) struct Ready {
    thread: ThreadId,
    task: TaskId,
    /// The task at the top, under whose lease it is worked on.
    pub(super) root: TaskId,
}

/// The drivers at work.
#[derive(Default)]
pub(super) struct Crew {
    drivers: Mutex<HashMap<TaskId, Arc<Notify>>>,
    count: watch::Sender<usize>,
    /// Tasks whose driver failed, and why: left alone until somebody says something to them or, where trying again may
    /// help, for the length of a lease.
    failed: Mutex<HashMap<TaskId, Error>>,
    bell: Notify,
}

impl Crew {
    /// Makes the dispatcher look for work.
    pub(super) fn ring(&self) {
        self.bell.notify_one();
    }

    /// Waits until nobody is at work.
    pub(super) async fn empty(&self) {
        // The sender lives as long as `self`, so this can't fail.
        let _ = self.count.subscribe().wait_for(|n| *n == 0).await;
    }

    /// Tells a task's driver that somebody said something. `false`: nobody works on it.
    pub(super) fn tell(&self, task: TaskId) -> bool {
        locked(&self.failed).remove(&task);
        locked(&self.drivers).get(&task).map(|bell| bell.notify_one()).is_some()
    }

    fn tell_all(&self) {
        locked(&self.drivers).values().for_each(|bell| bell.notify_one());
    }

    fn begin(&self, task: TaskId) -> Arc<Notify> {
        let bell = Arc::new(Notify::new());
        let mut drivers = locked(&self.drivers);
        drivers.insert(task, bell.clone());
        self.count.send_replace(drivers.len());
        bell
    }

    fn end(&self, task: TaskId) {
        let mut drivers = locked(&self.drivers);
        drivers.remove(&task);
        self.count.send_replace(drivers.len());
        drop(drivers);
        self.ring();
    }

    /// Says why a task can't go on.
    pub(super) fn failure(&self, task: TaskId) -> Option<Error> {
        locked(&self.failed).get(&task).cloned()
    }

    /// Says whether a driver is at work on a task.
    fn is_at(&self, task: TaskId) -> bool {
        locked(&self.drivers).contains_key(&task)
    }

    fn is_free(&self, task: TaskId) -> bool {
        !locked(&self.drivers).contains_key(&task) && !locked(&self.failed).contains_key(&task)
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Inner {
    /// Runs until the engine is stopped and the last driver has put its task down.
    pub(super) async fn dispatch(self: Arc<Self>) {
        let _ended = EndedOnDrop(self.clone());
        let mut changes = self.parts.store.watch();
        self.ask_again().await;
        let mut look = true;
        let mut timer = self.parts.runtime.sleep(self.parts.limits.lease);
        while !self.stop.is_cancelled() {
            if look && let Err(error) = self.take_up().await {
                tracing::warn!(%error, "can't look for tasks");
            }
            look = tokio::select! {
                biased;
                () = self.stop.cancelled() => false,
                change = changes.recv() => self.route_all(change, &mut changes),
                () = self.crew.bell.notified() => true,
                () = &mut timer => {
                    timer = self.parts.runtime.sleep(self.parts.limits.lease);
                    locked(&self.crew.failed).retain(|_, error| error.retry == Retry::Never);
                    true
                }
            };
        }
        loop {
            tokio::select! {
                biased;
                change = changes.recv() => drop(self.route_all(change, &mut changes)),
                () = self.crew.empty() => break,
            };
        }
    }

    /// Passes on what was committed, and all that is there behind it: who falls behind has to look at everything anew.
    fn route_all(&self, first: Change, changes: &mut broadcast::Receiver<StoreChange>) -> bool {
        let mut look = self.route(first);
        for _ in 0..MOST_CHANGES {
            let change = match changes.try_recv() {
                Ok(change) => Ok(change),
                Err(TryRecvError::Lagged(missed)) => Err(RecvError::Lagged(missed)),
                Err(_) => break,
            };
            look |= self.route(change);
        }
        look
    }

    /// Passes on what was committed. Says whether there may be a task to take up.
    fn route(&self, change: Change) -> bool {
        let Ok(StoreChange::Here(commits)) = change else {
            self.hub.reread();
            // Where a driver is at work, it will say how it rests.
            self.rests.moved(|task| self.crew.is_at(task));
            self.crew.tell_all();
            return true;
        };
        let mut threads: Vec<ThreadId> = Vec::new();
        for thread in commits.iter().filter_map(|records| Some(records.first()?.thread)) {
            if !threads.contains(&thread) {
                threads.push(thread);
                self.hub.send(thread, Live::Records(commits.clone()));
            }
        }
        // A commit may be of a task and of its sub-tasks.
        let parts = commits.iter().flat_map(|records| records.chunk_by(|a, b| a.task == b.task));
        for task in parts.filter_map(|records| records.first()?.task).filter(|task| !self.crew.is_at(*task)) {
            self.rests.tell(task, || Rest::Moved);
        }
        let mut look = false;
        for record in commits.iter().flat_map(|records| records.iter()).filter(|r| r.event.kind() == "commanded") {
            look |= !record.task.is_some_and(|task| self.crew.tell(task));
        }
        look
    }

    async fn take_up(self: &Arc<Self>) -> Result<()> {
        let mut after = None;
        loop {
            if *self.crew.count.borrow() >= self.parts.limits.tasks {
                return Ok(());
            }
            let page = self.parts.store.scan("ready/".to_owned(), after, 256).await?;
            let Some((last, _)) = page.last() else { return Ok(()) };
            after = Some(last.clone());
            let mut free =
                page.iter().filter_map(ready).filter(|r| self.may_claim(r.root) && self.crew.is_free(r.task));
            // As many leases at once as there is room for: they share a transaction.
            while !self.stop.is_cancelled() {
                let room = self.parts.limits.tasks.saturating_sub(*self.crew.count.borrow());
                let some: Vec<_> = free.by_ref().take(room).collect();
                if some.is_empty() {
                    break;
                }
                self.take_up_these(&some).await?;
            }
        }
    }

    /// Takes up those of these tasks that nobody holds. What one of them fails by keeps no other from being taken up.
    async fn take_up_these(self: &Arc<Self>, tasks: &[Ready]) -> Result<()> {
        let mut roots: Vec<(ThreadId, TaskId)> =
            tasks.iter().map(|r| (r.thread, r.root)).filter(|(_, root)| !self.families.is_here(*root)).collect();
        roots.sort_unstable();
        roots.dedup();
        let leases = join_all(roots.iter().map(|(_, root)| self.take_lease(*root))).await;
        let mut result = Ok(());
        for (root, lease) in roots.into_iter().zip(leases) {
            match lease {
                Ok(Some(lease)) => self.families.begin(root, lease),
                Ok(None) => {}
                Err(error) => result = Err(error),
            }
        }
        for ready in tasks {
            if let Some(family) = self.families.join(ready.root) {
                let bell = self.crew.begin(ready.task);
                self.parts.runtime.spawn(Box::pin(self.clone().drive(*ready, family, bell)));
            }
        }
        result
    }

    async fn take_lease(&self, task: TaskId) -> Result<Option<Lease>> {
        let store = &self.parts.store;
        let take = |dead| LeaseAsk::Take { owner: self.parts.owner.clone(), ttl: self.parts.limits.lease, dead };
        // Looking first: to ask for what somebody holds would be a write, and wake whoever else watches the store.
        match store.lease(task, LeaseAsk::Look).await? {
            None => store.lease(task, take(None)).await,
            Some(held) if (self.parts.is_dead)(&held.owner) => store.lease(task, take(Some(held.owner))).await,
            Some(_) => Ok(None),
        }
    }

    async fn drive(self: Arc<Self>, ready: Ready, family: Arc<Family>, bell: Arc<Notify>) {
        let Ready { thread, task, root } = ready;
        let fence = family.lease.fence;
        let mut end = EndOnDrop { engine: self.clone(), task, root: Some(root) };
        let result = driver::run(self.clone(), thread, task, family, bell).await;
        match result {
            Ok(rested) => {
                if root == task && !rested.wants_engine() && rested.result.is_some() {
                    self.families.end_span(Some(root));
                }
                self.rests.tell(task, || Rest::At(rested.clone()));
            }
            Err(error) if error.kind == Kind::LeaseLost => tracing::info!(%task, "another process took the task over"),
            Err(error) => {
                tracing::error!(%task, ?error, "the task can't go on");
                let error = error.with("task", task.to_string());
                locked(&self.crew.failed).insert(task, error.clone());
                self.rests.tell(task, || Rest::Trouble(error.clone()));
                self.hub.send(thread, Live::Trouble(error.into()));
            }
        }
        end.root = None;
        if self.families.leave(root)
            && let Err(error) = self.parts.store.lease(root, LeaseAsk::Drop { fence }).await
        {
            tracing::warn!(%task, %error, "can't give the lease back; it will run out");
        }
        drop(end);
    }

    /// Keeps a lease up until it is lost.
    pub(super) async fn keep_lease(&self, task: TaskId, fence: u64) -> Error {
        let ttl = self.parts.limits.lease;
        loop {
            self.parts.runtime.sleep(ttl / 3).await;
            match self.parts.store.lease(task, LeaseAsk::Keep { fence, ttl }).await {
                Ok(Some(_)) => {}
                Ok(None) => return Error::new(Kind::LeaseLost, "keep lease", "another process took the task over"),
                // It may be back before the lease has run out; if not, the next commit finds the fence stale.
                Err(error) => tracing::warn!(%task, %error, "can't keep the lease up"),
            }
        }
    }
}

/// Reads an entry of the queue.
pub(super) fn ready((key, value): &(String, Vec<u8>)) -> Option<Ready> {
    let task: Result<TaskId> = key.trim_start_matches("ready/").parse();
    let value = String::from_utf8_lossy(value);
    let (thread, root) = value.split_once(' ').map_or((&*value, None), |(thread, root)| (thread, Some(root)));
    let root = root.map(str::parse).transpose();
    let (Ok(thread), Ok(task), Ok(root)) = (thread.parse(), task, root) else {
        tracing::error!(key, "an entry of the queue can't be read; its task is passed over");
        return None;
    };
    Some(Ready { thread, task, root: root.unwrap_or(task) })
}

/// Says that the dispatcher is done, also when it panicked or its runtime went away.
struct EndedOnDrop(Arc<Inner>);

impl Drop for EndedOnDrop {
    fn drop(&mut self) {
        self.0.ended.send_replace(true);
    }
}

/// Takes a driver off the list, also when it panicked.
struct EndOnDrop {
    engine: Arc<Inner>,
    task: TaskId,
    /// Whose family it has not left yet.
    root: Option<TaskId>,
}

impl Drop for EndOnDrop {
    fn drop(&mut self) {
        if let Some(root) = self.root {
            self.engine.families.leave(root);
        }
        self.engine.crew.end(self.task);
        // Whoever still waits was not told how it rests: somebody else has it now, or this was cut off.
        self.engine.rests.tell(self.task, || Rest::Moved);
    }
}
