//! A followed task as lines that are only ever appended: for a pipe, a file, a terminal that can't be drawn over.

use cowork::{Finish, StepState, Timestamp};

use super::{
    ask,
    frame::header,
    line::{Line, Role},
    outcome,
    plan::Layout,
    screen::{Note, Progress, Screen, StepTimes},
    spoken,
    text::{cut, fold, one_line, visible_lines},
};
use crate::{keys::Offered, look::Look};

const MOST_QUESTION: usize = 24;

/// What was written already.
#[derive(Clone, Debug, Default)]
pub(crate) struct Plain {
    header: bool,
    /// Whether what the task was told besides its words was told here.
    briefed: bool,
    steps: Vec<String>,
    /// The step that it was said to be at, and how many quarters of it were said to be done.
    now: (String, u64),
    notes: usize,
    asked: Vec<cowork::CallId>,
    status: Option<String>,
    retrying: Option<String>,
}

impl Plain {
    /// Gives the lines for what is finished and was not written before.
    pub(crate) fn news(&mut self, screen: &Screen, look: &Look, now: Timestamp) -> Vec<Line> {
        let Some(task) = &screen.task else { return Vec::new() };
        let mut lines = Vec::new();
        if !self.header {
            self.header = true;
            lines.extend(if look.spoken { spoken::header(task, look) } else { header(task, look) });
        }
        if let Some(briefing) = task.briefing.as_deref().filter(|_| !std::mem::replace(&mut self.briefed, true)) {
            lines.extend(outcome::briefed(briefing, task, look));
        }
        lines.extend(self.steps(screen, look));
        lines.extend(self.notes(screen, look));
        if look.spoken {
            lines.extend(self.under_way(screen, now));
        }
        if let Some(ask) = screen.asks.first().filter(|a| !self.asked.contains(&a.call.id)) {
            self.asked.push(ask.call.id);
            lines.extend(asked(ask, screen.prompting, look));
        }
        let retrying = screen.writing.retrying().map(str::to_owned);
        if retrying != self.retrying {
            self.retrying = retrying;
            let room = look.columns().saturating_sub(4);
            let said = self.retrying.iter().flat_map(|why| fold(why, room, 3));
            lines.extend(said.map(|l| Line::margin().add(Role::Waiting, l)));
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
        let layout = Layout::of(task, look);
        let none = StepTimes::default();
        let mut lines = Vec::new();
        let over = matches!(task.result, Some(Finish::Done { .. }));
        for (i, one) in task.plan.iter().enumerate() {
            let finished = matches!(one.state, StepState::Done) || (over && one.state == StepState::Skipped);
            if finished && !self.steps.contains(&one.title) {
                self.steps.push(one.title.clone());
                let times = screen.steps.get(i).unwrap_or(&none);
                lines.extend(match look.spoken {
                    true => vec![spoken::step(one, times)],
                    false => layout.step(one, times, None, None),
                });
            }
        }
        lines
    }

    /// Says at which step it is, and how far: at each quarter of what takes its time.
    fn under_way(&mut self, screen: &Screen, now: Timestamp) -> Vec<Line> {
        let plan = screen.task.as_ref().filter(|t| t.result.is_none()).map_or(&[][..], |t| &t.plan);
        let Some(active) = plan.iter().find(|s| s.state == StepState::Active) else { return Vec::new() };
        let mut lines = Vec::new();
        if self.now.0 != active.title {
            self.now = (active.title.clone(), 0);
            lines.push(spoken::step(active, &StepTimes::default()));
        }
        let quarter = |p: &Progress| p.done.saturating_mul(4).checked_div(p.total).unwrap_or(0);
        let far = screen.together(now).filter(|p| p.left.is_some() && quarter(p) > self.now.1 && p.done < p.total);
        if let Some(progress) = far {
            self.now.1 = quarter(&progress);
            lines.push(spoken::progress(&progress));
        }
        lines
    }

    /// Notes of calls are told only where there is no plan that tells them better.
    fn notes(&mut self, screen: &Screen, look: &Look) -> Vec<Line> {
        let planned = screen.task.as_ref().is_some_and(|t| !t.plan.is_empty());
        let room = look.columns().saturating_sub(4);
        let new = screen.notes.get(self.notes..).unwrap_or_default();
        self.notes = screen.notes.len();
        let margin = if look.spoken { Line::default } else { Line::margin };
        let line = |role, text: &str| vec![margin().add(role, cut(&one_line(text), room))];
        let lines = new.iter().flat_map(|note| match note {
            Note::Said(text) if look.spoken => visible_lines(text).lines().map(|l| Line::of(l.trim())).collect(),
            Note::Said(text) => ask::told(text, look),
            Note::Came(text) if !planned => line(Role::Quiet, text),
            Note::Went(_, text) if !planned => line(Role::Failed, text),
            Note::Came(_) | Note::Went(..) => Vec::new(),
        });
        lines.collect()
    }
}

/// Asks, and names the keys where some are read.
pub(crate) fn asked(ask: &cowork::Ask, prompting: bool, look: &Look) -> Vec<Line> {
    let offered = Offered::on(&ask.effects, look.once);
    if look.spoken {
        return spoken::question(ask)
            .into_iter()
            .chain(prompting.then(|| spoken::keys(offered, &ask.call.tool)))
            .collect();
    }
    let keys = prompting.then(|| [Line::default(), ask::keys(offered, &ask.call.tool, look)]);
    let question = ask::question(ask, look, MOST_QUESTION);
    [Line::default()].into_iter().chain(question).chain(keys.into_iter().flatten()).collect()
}

/// Says how it ended, or what it waits for.
pub(crate) fn ending(screen: &Screen, look: &Look) -> Vec<Line> {
    let mut lines = if look.spoken { Vec::new() } else { vec![Line::default()] };
    let none = lines.len();
    // Where it is seen at once, how it ended and what can be done stay in sight.
    let most = if look.live { look.height.saturating_sub(8).max(8) } else { usize::MAX };
    lines.extend(outcome::within(screen, look, most));
    for (at, ask) in screen.asks.iter().enumerate() {
        // The first is seen already.
        if at > 0 {
            lines.extend(asked(ask, false, look));
            lines.extend((!look.spoken).then(Line::default));
        }
        lines.extend(ask::how_to_answer(ask, false));
    }
    if lines.len() == none { Vec::new() } else { lines }
}
