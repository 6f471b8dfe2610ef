//! Paused programs, kept as long as there is room. Losing one costs a replay, nothing else.

use std::{
    collections::VecDeque,
    sync::{Mutex, PoisonError},
};

use cowork_core::{ProposedCall, Task, TaskId};

use crate::interpreter::Running;

/// A paused program can hold as much as its memory limit: only a few are kept.
const MOST: usize = 16;

/// The programs that were used last, the oldest first.
#[derive(Default)]
pub(crate) struct Cache(Mutex<VecDeque<Kept>>);

struct Kept {
    task: TaskId,
    /// How many turns the log has once the proposal that the program waits on is in it.
    turns: usize,
    /// What it waits for.
    calls: Vec<ProposedCall>,
    program: Box<dyn Running>,
}

impl Cache {
    /// Takes the program that waits for the outcomes of the task's last turn, if that is the one that is kept.
    pub(crate) fn take(&self, task: &Task) -> Option<Box<dyn Running>> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let at = all.iter().position(|k| k.task == task.id)?;
        let Kept { turns, calls, program, .. } = all.remove(at)?;
        let recorded = &task.turns.last()?.decision.calls;
        let same = calls.len() == recorded.len()
            && calls.iter().zip(recorded).all(|(a, b)| a.tool == b.tool && b.args == a.args);
        // Planned again without the last proposal having reached the log: what is kept is ahead of it.
        (turns == task.turns.len() && same).then_some(program)
    }

    /// Lets go of the program of a task.
    pub(crate) fn forget(&self, task: TaskId) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).retain(|kept| kept.task != task);
    }

    /// Keeps a program that waits for the outcomes of what was just proposed.
    pub(crate) fn keep(&self, task: &Task, calls: &[ProposedCall], program: Box<dyn Running>) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.retain(|k| k.task != task.id);
        if all.len() >= MOST {
            all.pop_front();
        }
        all.push_back(Kept { task: task.id, turns: task.turns.len() + 1, calls: calls.to_vec(), program });
    }
}
