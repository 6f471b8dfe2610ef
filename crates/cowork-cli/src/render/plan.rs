//! The steps of a plan in columns: what each is, what came of it or how far it is, how long that took or takes.

use std::time::Duration;

use cowork::{Finish, PlanStep, StepState, Task, Timestamp};

use super::{
    line::{Line, Role},
    pace::{left_text, speed_text},
    screen::{Progress, Screen, StepTimes},
    text::{count, cut, figures, fold, grouped, one_line, pad, took, width},
};
use crate::look::Look;

const BAR: usize = 22;
/// In a narrower terminal there is one column of text and nothing else.
const NARROW: usize = 48;
/// What came of a step stands below its title where it would have less room than this beside it.
const BESIDE: usize = 16;
/// The most lines that a title or what came of a step takes.
const ROWS: usize = 4;

/// How steps are laid out, alike in all of a plan.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Layout {
    columns: usize,
    /// Columns of the titles.
    title: usize,
    /// Whether what came of a step stands below its title.
    stacked: bool,
    /// Whether a step takes one line, whatever is cut off.
    brief: bool,
    signs: bool,
}

/// Lists the steps of the plan, each in as many lines as it needs. Without a time, those that were begun are not under way.
pub(crate) fn plan(screen: &Screen, task: &Task, look: &Look, now: Option<Timestamp>) -> Vec<Vec<Line>> {
    steps(screen, task, Layout::of(task, look), now)
}

/// Draws the plan in at most so many lines: whole, or a line for each step, or only the steps around the active one.
pub(crate) fn within(screen: &Screen, task: &Task, look: &Look, now: Timestamp, room: usize) -> Vec<Line> {
    let layout = Layout::of(task, look);
    let whole = steps(screen, task, layout, Some(now));
    if rows(&whole) <= room {
        return whole.concat();
    }
    window(&steps(screen, task, Layout { brief: true, ..layout }, Some(now)), active(task), room)
}

fn steps(screen: &Screen, task: &Task, layout: Layout, now: Option<Timestamp>) -> Vec<Vec<Line>> {
    let none = StepTimes::default();
    let (worked, progress) = (now.map(|now| screen.worked_at(now)), now.and_then(|now| screen.together(now)));
    let step = |(i, step): (usize, &PlanStep)| {
        if let Some(result) = task.result.as_ref().filter(|_| step.state == StepState::Active) {
            return layout.left(step, result);
        }
        let times = screen.steps.get(i).unwrap_or(&none);
        layout.step(step, times, progress.as_ref().filter(|_| step.state == StepState::Active), worked)
    };
    task.plan.iter().enumerate().map(step).collect()
}

impl Layout {
    /// Lays out the plan of a task.
    pub(crate) fn of(task: &Task, look: &Look) -> Self {
        let columns = look.columns();
        let widest = task.plan.iter().map(|s| width(&one_line(&s.title))).max().unwrap_or(0);
        let title = widest.min((columns * 2 / 5).max(24));
        let mark = width(mark(StepState::Pending, look.signs).0);
        let stacked = columns < NARROW || columns < mark + title + BESIDE + 17;
        let title = if stacked { columns.saturating_sub(mark + 4) } else { title };
        Self { columns, title, stacked, brief: false, signs: look.signs }
    }

    /// Writes one step: mark, title, what came of it or how far it is, and how long that took or takes.
    pub(crate) fn step(
        self,
        step: &PlanStep,
        times: &StepTimes,
        progress: Option<&Progress>,
        worked: Option<Duration>,
    ) -> Vec<Line> {
        let (mark, role) = mark(step.state, self.signs);
        let text =
            if matches!(step.state, StepState::Pending | StepState::Skipped) { Role::Quiet } else { Role::Plain };
        let time = time(times, progress, worked);
        let (titles, detail) = (self.fold(&step.title, self.title), figures(&one_line(&step.detail)));
        let begin = |i: usize| if i == 0 { self.begin(mark, role) } else { self.begin("", role) };
        let time_at = self.columns.saturating_sub(2);
        if self.stacked {
            let below = progress.map_or(detail, amount);
            if self.brief {
                let room = self.title.saturating_sub(progress.map_or(0, |_| width(&below) + 2));
                let line = begin(0).add(text, cut(&one_line(&step.title), room));
                let line = if progress.is_some() { line.right(Role::Quiet, &below, time_at) } else { line };
                return vec![line];
            }
            let line = |(i, title): (usize, &String)| begin(i).add(text, title);
            let mut lines: Vec<Line> = titles.iter().enumerate().map(line).collect();
            lines.extend(self.fold(&below, self.title).into_iter().map(|l| self.begin("", role).add(Role::Quiet, l)));
            return self.timed(lines, &time, time_at);
        }
        // What stands beside a time that changes does not move with it.
        let time_room = if progress.is_some() { time.len().max(11) } else { time.len() };
        let room =
            time_at.saturating_sub(begin(0).width() + self.title + 2 + time_room + usize::from(time_room > 0) * 2);
        let details = if progress.is_some() { Vec::new() } else { self.fold(&detail, room) };
        let line = |i: usize| {
            let title = titles.get(i).map_or("", String::as_str);
            let line = begin(i).add(text, pad(title, self.title)).add(Role::Plain, "  ");
            match (progress.filter(|_| i == 0), details.get(i)) {
                (Some(progress), _) => bar(line, progress, room, self.signs),
                (None, detail) => line.add(text, detail.map_or("", String::as_str)),
            }
        };
        self.timed((0..titles.len().max(details.len())).map(line).collect(), &time, time_at)
    }

    /// Writes a step that was not done when the task ended.
    fn left(self, step: &PlanStep, result: &Finish) -> Vec<Line> {
        let failed = matches!(result, Finish::Failed { .. }) && !result.is_refusal();
        let (mark, role) = match (failed, self.signs) {
            (true, true) => ("✗", Role::Failed),
            (true, false) => ("[!]", Role::Failed),
            (false, _) => mark(StepState::Skipped, self.signs),
        };
        let titles = self.fold(&step.title, self.columns.saturating_sub(width(mark) + 4));
        let line = |(i, title)| self.begin(if i == 0 { mark } else { "" }, role).add(Role::Plain, title);
        titles.into_iter().enumerate().map(line).collect()
    }

    fn begin(self, sign: &str, role: Role) -> Line {
        let columns = width(mark(StepState::Pending, self.signs).0);
        Line::margin().add(role, pad(sign, columns)).add(Role::Plain, " ")
    }

    fn fold(self, text: &str, columns: usize) -> Vec<String> {
        fold(&one_line(text), columns, if self.brief { 1 } else { ROWS })
    }

    fn timed(self, mut lines: Vec<Line>, time: &str, at: usize) -> Vec<Line> {
        if let Some(first) = lines.first_mut() {
            *first = std::mem::take(first).right(Role::Quiet, time, at);
        }
        lines
    }
}

fn time(times: &StepTimes, progress: Option<&Progress>, worked: Option<Duration>) -> String {
    match (progress.and_then(|p| p.left), times.took(), times.began, worked) {
        (Some(left), ..) => left_text(left),
        (_, Some(time), ..) if time.as_millis() >= 50 => took(time),
        (_, None, Some(began), Some(now)) if now.saturating_sub(began).as_secs() >= 2 => {
            took(Duration::from_secs(now.saturating_sub(began).as_secs()))
        }
        _ => String::new(),
    }
}

/// Gives a step's mark and its role.
pub(super) fn mark(state: StepState, signs: bool) -> (&'static str, Role) {
    match (state, signs) {
        (StepState::Pending, true) => (" ", Role::Quiet),
        (StepState::Active, true) => ("●", Role::Accent),
        (StepState::Done, true) => ("✓", Role::Done),
        (StepState::Skipped, true) => ("–", Role::Quiet),
        (StepState::Pending, false) => ("[ ]", Role::Quiet),
        (StepState::Active, false) => ("[>]", Role::Accent),
        (StepState::Done, false) => ("[x]", Role::Done),
        (StepState::Skipped, false) => ("[-]", Role::Quiet),
    }
}

fn amount(progress: &Progress) -> String {
    match progress.total {
        0 => grouped(progress.done),
        // As wide as it will be at the end: nothing beside it moves.
        total => {
            let total_text = grouped(total);
            format!("{:>1$} of {total_text}", grouped(progress.done.min(total)), total_text.len())
        }
    }
}

fn bar(line: Line, progress: &Progress, room: usize, signs: bool) -> Line {
    let amount = amount(progress);
    let speed = progress.speed.map(|s| format!("  {}", speed_text(s))).unwrap_or_default();
    let with_speed =
        |text: String, room: usize| if width(&text) + width(&speed) <= room { text + &speed } else { text };
    let columns = room.saturating_sub(width(&amount) + 2).min(BAR);
    if columns < 6 || progress.total == 0 {
        return line.add(Role::Plain, cut(&with_speed(amount, room), room));
    }
    // The bar may give up half of its columns for the speed.
    let columns = room.saturating_sub(width(&amount) + 2 + width(&speed).max(8)).clamp(columns.min(BAR / 2), columns);
    let amount = with_speed(amount, room.saturating_sub(columns + 2));
    let done = progress.done.min(progress.total);
    let filled = usize::try_from(done.saturating_mul(columns as u64) / progress.total).unwrap_or(columns);
    let (full, empty) = if signs { ("━", "─") } else { ("#", "-") };
    line.add(Role::Accent, full.repeat(filled))
        .add(Role::Quiet, empty.repeat(columns - filled))
        .add(Role::Plain, format!("  {amount}"))
}

fn active(task: &Task) -> usize {
    let at = |state| task.plan.iter().position(|s| s.state == state);
    at(StepState::Active).or_else(|| at(StepState::Pending)).unwrap_or(task.plan.len())
}

fn rows(steps: &[Vec<Line>]) -> usize {
    steps.iter().map(Vec::len).sum()
}

/// Keeps the steps around the active one when there is not room for all.
fn window(steps: &[Vec<Line>], active: usize, room: usize) -> Vec<Line> {
    if rows(steps) <= room {
        return steps.concat();
    }
    let active = active.min(steps.len().saturating_sub(1));
    let (mut from, mut to) = (active, active + 1);
    // That there are more is said where there is room for two lines.
    let kept = if room > 1 { room - 1 } else { room };
    // What comes next matters more than what is over.
    loop {
        if to < steps.len() && rows(&steps[from..=to]) <= kept {
            to += 1;
        } else if from > 0 && rows(&steps[from - 1..to]) <= kept {
            from -= 1;
        } else {
            break;
        }
    }
    let left = steps.len() - (to - from);
    let mut lines = steps[from..to].concat();
    lines.truncate(kept);
    if room > 1 {
        lines.push(Line::of("    ").add(Role::Quiet, format!("… {}", count(left as u64, "more step"))));
    }
    lines
}
