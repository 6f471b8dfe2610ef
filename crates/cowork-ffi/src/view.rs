//! How a task stands, for people to look at: HTML where that is shown, lines elsewhere.

mod follow;
mod html;
mod lines;

use std::collections::HashMap;

use cowork::{CallId, DeltaKind, Item, Result, Status, Task};
use schemars::JsonSchema;
use serde::Serialize;

use crate::{TaskState, text};

pub(crate) use follow::{Views, follow};

/// A task at one moment, for people to look at.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct TaskView {
    /// Where it is.
    pub status: Status,
    /// How it stands, in one line: its status, and what came of it.
    pub text: String,
    /// What was done since the view before, a line for each thing; the last view's last line is its `text`.
    pub lines: Vec<String>,
    /// Its plan and its progress as HTML, with styles of its own: a picture to be put in the place of the one before. All that comes from
    /// elsewhere is escaped.
    pub html: String,
}

/// Draws a task as HTML, as a [`TaskView`] has it: `state` is a [`TaskState`], JSON; without one only its name is known.
///
/// # Errors
/// `InvalidInput` for what is no [`TaskState`].
pub fn picture(id: &str, state: Option<&str>) -> Result<String> {
    let Some(state) = state else { return Ok(html::name(id)) };
    let state: TaskState<'static> = text::read_object("a task", state)?;
    Ok(html::picture(&state, &Between::default()))
}

/// What is shown between records.
#[derive(Default)]
struct Between {
    /// What is being said.
    said: String,
    /// How far calls are: so much is done, of so much, and what they are at.
    progress: HashMap<CallId, (u64, u64, String)>,
}

/// A task that is looked at, as far as it is known.
struct Seen {
    task: Task,
    between: Between,
    /// How often each line was told.
    told: HashMap<String, usize>,
}

impl Seen {
    fn new(task: Task) -> Self {
        Self { task, between: Between::default(), told: HashMap::new() }
    }

    /// Takes in what happens. What its sub-tasks say is theirs.
    fn take(&mut self, item: &Item) -> Result<()> {
        match item {
            Item::Record(record) if record.task == Some(self.task.id) => {
                if record.event.kind() == "decided" {
                    self.between.said.clear();
                }
                self.task.apply(record)
            }
            Item::Delta(delta) if delta.task == self.task.id => {
                self.between.take(delta.call, &delta.what);
                Ok(())
            }
            _ => Ok(()),
        }
    }

    /// Draws it, with the lines that were not told yet.
    fn view(&mut self) -> Result<TaskView> {
        let state = TaskState::of(&self.task)?;
        let mut seen: HashMap<&str, usize> = HashMap::new();
        let all = lines::all(&state);
        let mut lines = Vec::new();
        for line in &all {
            let times = seen.entry(line).or_default();
            *times += 1;
            if *times > self.told.get(line).copied().unwrap_or_default() {
                self.told.insert(line.clone(), *times);
                lines.push(line.clone());
            }
        }
        let (text, html) = (lines::text(&state), html::picture(&state, &self.between));
        Ok(TaskView { status: state.status, text, lines, html })
    }

    /// Draws it for the last time, as it is in the end.
    fn last_view(&mut self, task: Task) -> Result<TaskView> {
        self.task = task;
        let mut view = self.view()?;
        view.lines.push(view.text.clone());
        Ok(view)
    }
}

impl Between {
    fn take(&mut self, call: Option<CallId>, what: &DeltaKind) {
        match (what, call) {
            (DeltaKind::Text { text }, _) => self.said.push_str(text),
            (DeltaKind::Restarted, _) => self.said.clear(),
            (DeltaKind::Progress { done, total, note }, Some(call)) => {
                self.progress.insert(call, (*done, *total, note.clone()));
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests;
