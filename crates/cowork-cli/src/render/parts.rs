//! The parts of a task that are worked on by themselves, a line for each.

use cowork::{Command, Delta, DeltaKind, Event, Finish, Record, Result, StepState, TaskId};

use super::{
    line::{Line, Role},
    plan::mark,
    text::{cut, grouped, one_line, pad, shorten, width},
};
use crate::look::Look;

/// The most columns of a part's name.
const NAME: usize = 24;
/// In a narrower terminal a line has a part's name and nothing else but what it does.
const WIDE: usize = 64;
/// So much of what is being written is kept.
const KEPT: usize = 4 << 10;

/// The parts of a followed task that were begun together, or since the others ended.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Parts(Vec<Part>);

#[derive(Clone, Debug, PartialEq)]
struct Part {
    task: TaskId,
    title: String,
    state: State,
    /// What it said or did last.
    doing: String,
    /// What its model is writing.
    writing: String,
    tokens: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Works,
    Waits,
    Done,
    Failed,
}

impl Parts {
    /// Takes in a record of the thread, if it is of a part of this task.
    ///
    /// # Errors
    /// `Corrupt` if it can't be read.
    pub(crate) fn record(&mut self, root: TaskId, record: &Record) -> Result<()> {
        let Some(task) = record.task.filter(|task| *task != root) else { return Ok(()) };
        let event = record.event.event()?;
        if let Event::Commanded { command: Command::Submit(submit), .. } = &*event {
            if let Some(parent) = submit.parent.as_ref().filter(|parent| parent.root == root) {
                self.begin(task, one_line(&parent.title));
            }
        } else if let Some(part) = self.0.iter_mut().find(|part| part.task == task) {
            part.take(&event);
        }
        Ok(())
    }

    /// Takes in what a part's model writes.
    pub(crate) fn delta(&mut self, delta: &Delta) {
        let Some(part) = self.0.iter_mut().find(|part| part.task == delta.task) else { return };
        match &delta.what {
            DeltaKind::Text { text } if part.writing.len() < KEPT => part.writing.push_str(text),
            DeltaKind::Retrying { why, .. } => part.doing = one_line(why),
            DeltaKind::Restarted => part.writing.clear(),
            _ => {}
        }
    }

    /// Forgets them once their task goes on by itself.
    pub(crate) fn clear(&mut self) {
        self.0.clear();
    }

    /// Draws a line for each, at most so many.
    pub(crate) fn lines(&self, look: &Look, most: usize) -> Vec<Line> {
        let name = self.0.iter().map(|part| width(&part.title)).max().unwrap_or(0).min(NAME);
        let more = self.0.len().saturating_sub(most);
        let mut shown: Vec<&Part> = self.0.iter().collect();
        if more > 0 {
            // Those that ended are the least news.
            shown.sort_by_key(|part| matches!(part.state, State::Done | State::Failed));
        }
        let kept = if more > 0 { most.saturating_sub(1) } else { most };
        let mut lines: Vec<Line> = shown.iter().take(kept).map(|part| part.line(name, look)).collect();
        if more > 0 {
            lines.push(Line::of("    ").add(Role::Quiet, format!("and {} more parts", self.0.len() - kept)));
        }
        lines
    }

    fn begin(&mut self, task: TaskId, title: String) {
        if self.0.iter().all(|part| part.task != task) {
            let (doing, writing) = (String::new(), String::new());
            self.0.push(Part { task, title, state: State::Works, doing, writing, tokens: 0 });
        }
    }
}

impl Part {
    fn take(&mut self, event: &Event) {
        match event {
            Event::ModelAnswered { usage, .. } => {
                self.tokens += usage.total();
                self.writing.clear();
            }
            Event::Decided(decision) => {
                self.state = State::Works;
                if let Some(said) = decision.say.as_deref().and_then(|s| s.lines().find(|l| !l.trim().is_empty())) {
                    self.doing = one_line(said);
                }
            }
            Event::PermissionAsked { .. } => self.state = State::Waits,
            Event::Commanded { .. } | Event::CallStarted { .. } | Event::CallFinished { .. } => {
                self.state = State::Works;
            }
            Event::TaskFinished { result } => {
                self.state = if matches!(result, Finish::Done { .. }) { State::Done } else { State::Failed };
                self.doing = match result {
                    Finish::Done { summary, .. } => one_line(summary),
                    Finish::Failed { error } => one_line(&error.message),
                    Finish::Cancelled => "cancelled".to_owned(),
                };
            }
            _ => {}
        }
    }

    fn line(&self, name: usize, look: &Look) -> Line {
        let (sign, role) = match self.state {
            State::Works => mark(StepState::Active, look.signs),
            State::Waits => (if look.signs { "?" } else { "[?]" }, Role::Waiting),
            State::Done => mark(StepState::Done, look.signs),
            State::Failed => (if look.signs { "\u{2717}" } else { "[!]" }, Role::Failed),
        };
        let title = pad(&shorten(&self.title, name), name);
        let line = Line::margin().add(role, sign).add(Role::Plain, format!(" {title}  "));
        let spent = if self.tokens > 0 && look.columns() >= WIDE {
            format!("{} tokens", grouped(self.tokens))
        } else {
            String::new()
        };
        let room = look.columns().saturating_sub(line.width() + width(&spent) + 4);
        let last = self.writing.lines().rfind(|l| !l.trim().is_empty()).map(one_line);
        let doing = match (self.state, last) {
            (State::Waits, _) => "waits for your answer".to_owned(),
            (State::Works, Some(writing)) => writing,
            _ => self.doing.clone(),
        };
        line.add(Role::Quiet, cut(&doing, room)).right(Role::Quiet, &spent, look.columns().saturating_sub(2))
    }
}
