//! A task and its sub-tasks: one lease, one view of the folders, one journal.
//!
//! A family is worked on by one process, under the lease of the task at the top. Every task of it has its own log, its own
//! driver, and rests by itself.

use std::{
    collections::{HashMap, HashSet},
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak},
};

use tracing::Span;

use super::{Engine, Inner, Item, approver, spans};
use crate::{
    CallId, ChangeSet, Lease, Result, Session, SessionSpec, Sight, Summary, Task, TaskId, ThreadId, UndoSpec, index,
};

/// The families that are worked on here, by the task at the top.
#[derive(Default)]
pub(super) struct Families {
    all: Mutex<HashMap<TaskId, (usize, Arc<Family>)>>,
    /// What is done for those that have not ended, if somebody watches: a family that rests goes on in the same span.
    spans: Mutex<HashMap<TaskId, Span>>,
}

/// What the drivers of a family share.
pub(super) struct Family {
    /// The lease of the task at the top.
    pub(super) lease: Lease,
    /// What is done for the task at the top, for whoever watches.
    pub(super) span: Span,
    /// Its view of the folders, as long as one of them has it open.
    session: tokio::sync::Mutex<Option<Weak<dyn Session>>>,
}

/// A task's view of its folders: its own part, and the family's, which is open as long as any part of it is.
pub(super) struct Opened {
    pub(super) own: Arc<dyn Session>,
    _shared: Arc<dyn Session>,
}

impl Families {
    /// Says whether the family of this task is worked on here.
    pub(super) fn is_here(&self, root: TaskId) -> bool {
        self.all().contains_key(&root)
    }

    /// Begins a family under a lease; somebody is to join it at once.
    pub(super) fn begin(&self, (thread, root): (ThreadId, TaskId), lease: Lease) {
        let mut spans = locked(&self.spans);
        let span = spans.get(&root).cloned().unwrap_or_else(|| spans::task(thread, root));
        if !span.is_disabled() {
            spans.insert(root, span.clone());
        }
        let session = tokio::sync::Mutex::default();
        self.all().insert(root, (0, Arc::new(Family { lease, span, session })));
    }

    /// Lets one more of it work here, if the family is here.
    pub(super) fn join(&self, root: TaskId) -> Option<Arc<Family>> {
        let mut all = self.all();
        let (count, family) = all.get_mut(&root)?;
        *count += 1;
        Some(family.clone())
    }

    /// One of it works here no more. Says whether that was the last.
    pub(super) fn leave(&self, root: TaskId) -> bool {
        let mut all = self.all();
        let Some((count, _)) = all.get_mut(&root) else { return false };
        *count -= 1;
        let last = *count == 0;
        if last {
            all.remove(&root);
        }
        last
    }

    /// Nothing more is done for a task that has ended, or for any.
    pub(super) fn end_span(&self, root: Option<TaskId>) {
        let mut spans = locked(&self.spans);
        match root {
            Some(root) => drop(spans.remove(&root)),
            None => spans.clear(),
        }
    }

    fn all(&self) -> MutexGuard<'_, HashMap<TaskId, (usize, Arc<Family>)>> {
        locked(&self.all)
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Engine {
    /// Gives every sub-task, the oldest first; [`Summary::part_of`] says of which task.
    ///
    /// # Errors
    /// Whatever the store says.
    pub async fn subtasks(&self) -> Result<Vec<Summary>> {
        let rows = index::scan_all(&*self.inner.parts.store, "task/").await?;
        let all = rows.iter().map(|(_, value)| super::read_summary(value));
        all.filter(|summary| summary.as_ref().map_or(true, |s| s.part_of.is_some())).collect()
    }

    /// Waits until a task that has sub-tasks rests with all of them, or has ended.
    pub(super) async fn family_settled(&self, first: Task) -> Result<Task> {
        let (thread, task) = (first.thread, first.id);
        let mut events = self.events(thread, first.head);
        let mut family = self.inner.open_family(thread, task).await?;
        loop {
            // First the ear, then the look.
            let mut word = self.inner.rests.wait(task);
            if family.iter().all(|t| self.inner.is_settled(t)) {
                if !family.iter().any(approver::has_question) {
                    return Ok(family.swap_remove(0));
                }
                // A question that nobody is asked may have been answered after this was read, and before that was looked up.
                let now = self.inner.open_family(thread, task).await?;
                let is_so_still = now.iter().map(|t| t.head).eq(family.iter().map(|t| t.head));
                family = now;
                if is_so_still {
                    return Ok(family.swap_remove(0));
                }
                continue;
            }
            if let Some(error) = family.iter().find_map(|t| self.inner.crew.failure(t.id)) {
                return Err(error);
            }
            let item = tokio::select! {
                item = events.next() => item,
                // What the approver leaves to somebody else is in no record.
                Ok(_) = &mut word => continue,
            };
            match item {
                Some(Ok(Item::Record(record))) => {
                    family.iter_mut().try_for_each(|t| t.apply(&record))?;
                    let is_ours = family.iter().any(|t| record.task == Some(t.id));
                    // What begins or ends a sub-task are several records of one commit: read from the log they all count.
                    if is_ours && matches!(record.event.kind(), "subtask_started" | "subtask_ended") {
                        family = self.inner.open_family(thread, task).await?;
                    }
                }
                Some(Ok(Item::Delta(_) | Item::Lagged { .. })) => {}
                // Another task's trouble is not this one's.
                Some(Err(error))
                    if error.fact("task").is_some_and(|f| family.iter().all(|t| f != t.id.to_string())) => {}
                Some(Err(error)) => return Err(error),
                None => return self.task(task).await,
            }
        }
    }
}

impl Inner {
    /// Opens a task's view of its folders: the family's, or a part of it. Its journal is durable when this returns.
    pub(super) async fn session_of(&self, family: &Family, task: &Arc<Task>) -> Result<Opened> {
        let mut open = family.session.lock().await;
        let shared = match open.as_ref().and_then(Weak::upgrade) {
            Some(shared) => shared,
            None => {
                let root = match task.root() {
                    root if root == task.id => task.clone(),
                    root => Arc::new(self.fold(task.thread, root).await?),
                };
                let folders = root.submit.folders.clone();
                let hosts = root.submit.hosts.clone();
                let spec = SessionSpec { task: root.id, folders, hosts, resumed: root.journalled };
                let session = self.sandbox()?.open(spec).await?;
                session.recall(self.seen_by_family(&root).await?);
                *open = Some(Arc::downgrade(&session));
                session
            }
        };
        let is_sub = task.submit.parent.is_some();
        let own = if is_sub { shared.part(&task.submit.folders)? } else { shared.clone() };
        Ok(Opened { own, _shared: shared })
    }

    /// Gives a task with its sub-tasks, and theirs: it comes first. Of those that have ended, only if `all`.
    pub(super) async fn family(&self, task: Task, all: bool) -> Result<Vec<Task>> {
        let mut family = vec![task];
        let mut at = 0;
        while let Some(task) = family.get(at) {
            let (thread, subtasks): (ThreadId, Vec<TaskId>) =
                (task.thread, if all { task.all_subtasks().collect() } else { task.subtasks().collect() });
            for subtask in subtasks {
                family.push(self.fold(thread, subtask).await?);
            }
            at += 1;
        }
        Ok(family)
    }

    /// Gives a task with its sub-tasks that have not ended, all as they were at one moment.
    pub(super) async fn open_family(&self, thread: ThreadId, task: TaskId) -> Result<Vec<Task>> {
        loop {
            let family = self.family(self.fold(thread, task).await?, false).await?;
            // One that ended while it was read did so in one commit with its call, which was read before.
            if family.iter().skip(1).all(|part| part.result.is_none()) {
                return Ok(family);
            }
        }
    }

    async fn seen_by_family(&self, root: &Arc<Task>) -> Result<Vec<Sight>> {
        if root.all_subtasks().next().is_none() {
            return root.seen();
        }
        let mut seen = Vec::new();
        for task in self.family(Task::clone(root), true).await? {
            seen.extend(task.seen()?);
        }
        Ok(seen)
    }

    /// Gives the calls of a task and of its sub-tasks.
    pub(super) async fn calls_of_family(&self, task: Task) -> Result<HashSet<CallId>> {
        let family = self.family(task, true).await?;
        Ok(family.iter().flat_map(|t| &t.turns).flat_map(|turn| turn.calls.iter().map(|c| c.id)).collect())
    }

    /// Says of an undo what it means for the journal: whose, and for a call that a sub-task did the work of, its calls.
    pub(super) async fn undo_of_family(&self, task: TaskId, mut spec: UndoSpec) -> Result<(TaskId, UndoSpec)> {
        let task = self.fold(self.summary(task).await?.thread, task).await?;
        let root = task.root();
        let subtasks = spec.calls.iter().filter_map(|call| task.call(*call)?.1.subtask).collect::<Vec<_>>();
        if root != task.id && spec.calls.is_empty() {
            spec.calls.extend(self.calls_of_family(task).await?);
            return Ok((root, spec));
        }
        for subtask in subtasks {
            let subtask = self.fold(task.thread, subtask).await?;
            spec.calls.extend(self.calls_of_family(subtask).await?);
        }
        Ok((root, spec))
    }

    /// Gives what a task and its sub-tasks changed.
    pub(super) async fn changes_of_family(&self, task: Task) -> Result<ChangeSet> {
        let root = task.root();
        let mut set = self.sandbox()?.changes(root).await?;
        if root != task.id {
            let calls = self.calls_of_family(task).await?;
            set.changes.retain(|change| change.calls.iter().any(|call| calls.contains(call)));
        }
        Ok(set)
    }
}
