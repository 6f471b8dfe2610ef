//! A followed task as lines that are only ever appended: for a pipe, a file, a terminal that can't be drawn over.

use cowork::{Finish, StepState};

use super::{
    ask,
    frame::{header, step},
    line::{Line, Role},
    outcome,
    screen::{Note, Screen, StepTimes},
    text::{one_line, shorten, width},
};
use crate::look::Look;

const MOST_QUESTION: usize = 24;

/// What was written already.
#[derive(Clone, Debug, Default)]
pub(crate) struct Plain {
    header: bool,
    steps: Vec<String>,
    notes: usize,
    asked: Vec<cowork::CallId>,
    status: Option<String>,
}

impl Plain {
    /// Gives the lines for what is finished and was not written before.
    pub(crate) fn news(&mut self, screen: &Screen, look: &Look) -> Vec<Line> {
        let Some(task) = &screen.task else { return Vec::new() };
        let mut lines = Vec::new();
        if !self.header {
            self.header = true;
            lines.extend(header(task, look));
        }
        lines.extend(self.steps(screen, look));
        lines.extend(self.notes(screen, look));
        if let Some(ask) = screen.asks.first().filter(|a| !self.asked.contains(&a.call.id)) {
            self.asked.push(ask.call.id);
            lines.push(Line::default());
            lines.extend(ask::question(ask, look, MOST_QUESTION));
            if screen.prompting {
                lines.extend([Line::default(), ask::keys(look)]);
            }
        }
        if screen.status != self.status {
            self.status.clone_from(&screen.status);
            lines.extend(self.status.iter().map(|s| Line::margin().add(Role::Waiting, s)));
        }
        lines.into_iter().map(|l| if look.live { l.fit(look.width) } else { l }).collect()
    }

    /// Leaves out what was said before.
    pub(crate) fn skip_notes(&mut self, screen: &Screen) {
        self.notes = screen.notes.len();
    }

    fn steps(&mut self, screen: &Screen, look: &Look) -> Vec<Line> {
        let Some(task) = &screen.task else { return Vec::new() };
        let title = task.plan.iter().map(|s| width(&one_line(&s.title))).max().unwrap_or(0).min(30);
        let none = StepTimes::default();
        let mut lines = Vec::new();
        let over = matches!(task.result, Some(Finish::Done { .. }));
        for (i, one) in task.plan.iter().enumerate() {
            let finished = matches!(one.state, StepState::Done) || (over && one.state == StepState::Skipped);
            if finished && !self.steps.contains(&one.title) {
                self.steps.push(one.title.clone());
                lines.extend(step(one, screen.steps.get(i).unwrap_or(&none), None, title, look, None));
            }
        }
        lines
    }

    /// Notes of calls are told only where there is no plan that tells them better.
    fn notes(&mut self, screen: &Screen, look: &Look) -> Vec<Line> {
        let planned = screen.task.as_ref().is_some_and(|t| !t.plan.is_empty());
        let room = look.columns().saturating_sub(4);
        let new = screen.notes.get(self.notes..).unwrap_or_default();
        self.notes = screen.notes.len();
        let lines = new.iter().filter_map(|note| match note {
            Note::Said(text) => Some((Role::Plain, text)),
            Note::Came(text) if !planned => Some((Role::Quiet, text)),
            Note::Went(text) if !planned => Some((Role::Failed, text)),
            Note::Came(_) | Note::Went(_) => None,
        });
        lines.map(|(role, text)| Line::margin().add(role, shorten(&one_line(text), room))).collect()
    }
}

/// Says how it ended, or what it waits for.
pub(crate) fn ending(screen: &Screen, look: &Look) -> Vec<Line> {
    let mut lines = vec![Line::default()];
    lines.extend(outcome::outcome(screen, look));
    for ask in &screen.asks {
        lines.extend(ask::how_to_answer(ask, look));
    }
    if lines.len() == 1 { Vec::new() } else { lines }
}
