//! What models were asked, what is being written, and what it came to.

use std::time::Duration;

use cowork::{AskId, DeltaKind, Error, Event, Kind, Spent, Timestamp, Usage, dollars};

use super::{
    line::{Line, Role},
    text::{capital, clause, count, cut, fold, grouped, one_line, took, wrap},
};
use crate::look::Look;

/// So much of what is being written is kept: more than any terminal shows.
const KEPT: usize = 16 << 10;
/// How many answers a task's page lists.
const MOST_LISTED: usize = 200;

/// A question to a model, and what it came to.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Asked {
    ask: AskId,
    pub(crate) model: String,
    /// Where it is.
    pub(crate) at: String,
    purpose: String,
    began: Timestamp,
    end: Option<End>,
}

#[derive(Clone, Debug, PartialEq)]
struct End {
    took: Duration,
    usage: Usage,
    cost: Option<u64>,
    tries: u32,
    error: Option<Error>,
}

impl End {
    /// Says whether the process that asked ended first: then nobody knows what the answer came to.
    fn is_lost(&self) -> bool {
        self.error.as_ref().is_some_and(|error| error.kind == Kind::Interrupted)
    }
}

/// What was sent to a model in all.
struct Sent<'a> {
    at: &'a str,
    model: &'a str,
    /// How many questions there were.
    times: u64,
    /// How often one was sent.
    tries: u64,
    /// How many tokens were read.
    tokens: u64,
}

/// What a model is writing.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Writing {
    thinking: String,
    text: String,
    calling: Option<String>,
    /// Why it is asked again.
    retrying: Option<String>,
}

/// All that models were asked, oldest first.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Answers {
    asked: Vec<Asked>,
    /// What the parts of the task spent that have ended.
    parts: Vec<Spent>,
}

impl Writing {
    /// Takes in a piece of what is being written.
    pub(crate) fn hear(&mut self, what: &DeltaKind) {
        match what {
            DeltaKind::Text { text } => keep(&mut self.text, text),
            DeltaKind::Thinking { text } => keep(&mut self.thinking, text),
            DeltaKind::Calling { tool } => self.calling = Some(one_line(tool)),
            DeltaKind::Restarted => *self = Self::default(),
            DeltaKind::Retrying { tries, wait_ms, why } => {
                let after =
                    format!("tried {}, again in {}", times_of((*tries).into()), took(Duration::from_millis(*wait_ms)));
                self.retrying = Some(format!("{} ({after})", capital(&one_line(why)).trim_end_matches('.')));
                return;
            }
            _ => return,
        }
        self.retrying = None;
    }

    /// Says why it is asked again, if it is.
    pub(crate) fn retrying(&self) -> Option<&str> {
        self.retrying.as_deref()
    }

    /// Draws the end of it, in at most so many rows: of what it thinks one line, or as much as there is room for.
    pub(crate) fn lines(&self, look: &Look, unfolded: bool, most: usize) -> Vec<Line> {
        let room = look.columns().saturating_sub(4);
        let mut lines = Vec::new();
        let thinking = self.thinking.trim();
        if !thinking.is_empty() && (unfolded || self.text.trim().is_empty()) {
            let rows = if unfolded { (most / 2).max(1) } else { 1 };
            lines.extend(last(thinking, room.saturating_sub(10), rows).into_iter().enumerate().map(|(i, l)| {
                Line::margin().add(Role::Quiet, if i == 0 { "Thinks:   " } else { "          " }).add(Role::Quiet, l)
            }));
        }
        let left = most.saturating_sub(lines.len() + usize::from(self.calling.is_some()));
        lines.extend(
            last(self.text.trim(), room, left.min(if unfolded { usize::MAX } else { 4 }))
                .into_iter()
                .map(|l| Line::margin().add(Role::Plain, l)),
        );
        if let Some(tool) = &self.calling {
            lines.push(Line::margin().add(Role::Quiet, cut(&format!("Writes a call of {tool}"), room)));
        }
        if let Some(why) = &self.retrying {
            lines.extend(fold(why, room, 2).into_iter().map(|l| Line::margin().add(Role::Waiting, l)));
        }
        lines.truncate(most);
        lines
    }
}

fn keep(kept: &mut String, more: &str) {
    kept.push_str(more);
    if kept.len() > KEPT {
        let from = kept.ceil_char_boundary(kept.len() - KEPT / 2);
        kept.drain(..from);
    }
}

/// Breaks a text into lines and gives the last of them.
fn last(text: &str, room: usize, rows: usize) -> Vec<String> {
    let mut lines: Vec<String> =
        text.lines().flat_map(|l| wrap(&one_line(l), room)).filter(|l| !l.is_empty()).collect();
    lines.drain(..lines.len().saturating_sub(rows));
    lines
}

impl Answers {
    /// Takes in what happened.
    pub(crate) fn take(&mut self, event: &Event, at: Timestamp) {
        match event {
            Event::ModelAsked { ask, model, at: place, purpose, .. } => self.asked.push(Asked {
                ask: *ask,
                model: one_line(model),
                at: one_line(place),
                purpose: purpose.clone(),
                began: at,
                end: None,
            }),
            Event::ModelAnswered { ask, usage, cost, tries, error } => {
                if let Some(asked) = self.asked.iter_mut().rev().find(|a| a.ask == *ask) {
                    let took = at.since(asked.began);
                    asked.end = Some(End { took, usage: *usage, cost: *cost, tries: *tries, error: error.clone() });
                }
            }
            Event::SubtaskEnded { spent, .. } => self.parts.push(spent.clone()),
            _ => {}
        }
    }

    /// Says whether a model is asked at the moment, and since when.
    pub(crate) fn open(&self) -> Option<&Asked> {
        self.asked.last().filter(|a| a.end.is_none())
    }

    fn usage(&self) -> Usage {
        let mut all = Usage::default();
        self.ends().map(|end| &end.usage).chain(self.parts.iter().map(|p| &p.usage)).for_each(|u| all.add(u));
        all
    }

    fn ends(&self) -> impl Iterator<Item = &End> {
        self.asked.iter().filter_map(|a| a.end.as_ref())
    }

    /// Gives how many answers were lost with the process that asked, and how many tokens are counted for them.
    fn lost(&self) -> (u64, u64) {
        let own = self.ends().filter(|e| e.is_lost()).map(|e| (1, e.usage.total()));
        let parts = self.parts.iter().map(|p| (p.lost.answers, p.lost.tokens));
        own.chain(parts).fold((0, 0), |all, one| (all.0 + one.0, all.1 + one.1))
    }

    /// Gives what is known of the cost, and whether that is all.
    fn cost(&self) -> (u64, bool) {
        let used = |end: &&End| end.usage.total() > 0;
        let known = self.ends().filter(used).all(|e| e.cost.is_some());
        // Parts ask the same models.
        let parts = self.parts.iter().map(|p| p.cost);
        (self.ends().filter_map(|e| e.cost).chain(parts).sum(), known)
    }

    /// Says in a few words what it came to so far: for the picture of a task that goes on.
    pub(crate) fn so_far(&self, now: Timestamp, signs: bool) -> Option<String> {
        let last = self.asked.last()?;
        let mut parts = vec![last.model.clone()];
        if let Some(open) = self.open() {
            let passed = now.since(open.began);
            if passed.as_secs() >= 2 {
                parts.push(format!("{} s", passed.as_secs()));
            }
        }
        let usage = self.usage();
        if usage.total() > 0 {
            parts.push(count_of(usage.total()));
            parts.push(money(self.cost()));
        }
        Some(parts.join(if signs { " · " } else { ", " }))
    }

    /// Says what was sent where, and what it cost: for the end of a task.
    pub(crate) fn came_to(&self, look: &Look) -> Vec<Line> {
        let mut lines = Vec::new();
        for (i, Sent { at, model, times, tries, tokens }) in self.sent().into_iter().enumerate() {
            let here = if is_here(at) { ", this computer" } else { "" };
            let sent = if tokens > 0 { format!("{} to ", count_of(tokens)) } else { "to ".to_owned() };
            let again = if tries > times { format!(", in {}", tries_of(tries)) } else { String::new() };
            let text = format!("{sent}{at}{here} ({model}, asked {}{again})", times_of(times));
            lines.extend(titled(if i == 0 { "Sent:" } else { "" }, &text, look));
        }
        if !self.parts.is_empty() {
            let (tokens, cost) =
                (self.parts.iter().map(|p| p.usage.total()).sum(), self.parts.iter().map(|p| p.cost).sum());
            let known = if cost > 0 { format!(", {}", cents(cost)) } else { String::new() };
            let times = times_of(self.parts.iter().map(|p| p.answers).sum());
            let parts = count(self.parts.len() as u64, "part");
            let text = format!("{}{known} ({parts} of it, asked {times})", count_of(tokens));
            lines.extend(titled("Parts:", &text, look));
        }
        let usage = self.usage();
        if usage.total() > 0 {
            let cached = match usage.cache_read {
                0 => String::new(),
                n => format!(", {} read from the cache", grouped(n)),
            };
            let (answers, tokens) = self.lost();
            let lost = match answers {
                0 => String::new(),
                1 => format!(", {} counted for an answer that was lost", grouped(tokens)),
                n => format!(", {} counted for {} answers that were lost", grouped(tokens), grouped(n)),
            };
            let text = format!(
                "{}: {}{cached}, {} written{lost}",
                money(self.cost()),
                count_of(usage.total()),
                grouped(usage.output.saturating_sub(tokens))
            );
            lines.extend(titled("Cost:", &text, look));
        }
        lines
    }

    /// Adds up what was sent, for each model. A service that was down already when it was to be asked was sent nothing.
    fn sent(&self) -> Vec<Sent<'_>> {
        let mut all: Vec<Sent<'_>> = Vec::new();
        for asked in &self.asked {
            let tries = asked.end.as_ref().map_or(1, |e| e.tries.into());
            let tokens = asked.end.as_ref().map_or(0, |e| e.usage.total().saturating_sub(e.usage.output));
            match all.iter_mut().find(|s| s.at == asked.at && s.model == asked.model) {
                _ if tries == 0 => {}
                Some(sent) => {
                    (sent.times, sent.tries, sent.tokens) = (sent.times + 1, sent.tries + tries, sent.tokens + tokens);
                }
                None => all.push(Sent { at: &asked.at, model: &asked.model, times: 1, tries, tokens }),
            }
        }
        all
    }

    /// Lists them, a line for each: when, how long, how many tokens, what it cost.
    pub(crate) fn listed(&self, look: &Look) -> Vec<Line> {
        if self.asked.is_empty() {
            return Vec::new();
        }
        let several = self.asked.iter().any(|a| a.model != self.asked[0].model || a.at != self.asked[0].at);
        let mut lines = Vec::new();
        if !several {
            lines.push(Line::margin().add(Role::Plain, format!("{} at {}", self.asked[0].model, self.asked[0].at)));
        }
        let head =
            format!("{:>4} {:>8} {:>10} {:>10} {:>9} {:>10}", "step", "took", "read", "cached", "written", "cost");
        lines.push(Line::margin().add(Role::Quiet, head));
        for (n, asked) in self.asked.iter().enumerate().take(MOST_LISTED) {
            lines.extend(asked.row(n + 1, several, look));
        }
        let more = self.asked.len().saturating_sub(MOST_LISTED);
        if more > 0 {
            lines.push(Line::margin().add(Role::Quiet, format!("and {}", count(more as u64, "more step"))));
        }
        lines
    }
}

impl Asked {
    fn row(&self, n: usize, several: bool, look: &Look) -> Vec<Line> {
        let Some(end) = &self.end else {
            return vec![Line::margin().add(Role::Plain, format!("{n:>4} ")).add(Role::Waiting, "not answered yet")];
        };
        let usage = &end.usage;
        let read = usage.input + usage.cache_read + usage.cache_write;
        let cost = end.cost.map_or_else(|| "?".to_owned(), cents);
        let mut figures = [took(end.took), grouped(read), grouped(usage.cache_read), grouped(usage.output)];
        let mut notes = Vec::new();
        if end.is_lost() {
            figures = figures.map(|_| "?".to_owned());
            notes.push(format!("{} tokens are counted for it, the most that it could be", grouped(usage.total())));
        }
        let [took, read, cached, written] = figures;
        let row = format!("{n:>4} {took:>8} {read:>10} {cached:>10} {written:>9} {cost:>10}");
        if several {
            notes.push(format!("{} at {}", self.model, self.at));
        }
        if self.purpose != "plan" {
            notes.push(format!("for {}", one_line(&self.purpose)));
        }
        if end.tries > 1 {
            notes.push(tries_of(end.tries.into()));
        }
        let mut lines = vec![Line::margin().add(Role::Plain, row)];
        let room = look.columns().saturating_sub(9);
        let note =
            |role: Role, text: &str| fold(text, room, 3).into_iter().map(move |l| Line::of("       ").add(role, l));
        lines.extend((!notes.is_empty()).then(|| notes.join(", ")).iter().flat_map(|t| note(Role::Quiet, t)));
        lines.extend(end.error.iter().flat_map(|e| note(Role::Failed, &clause(&one_line(&e.message)))));
        lines
    }
}

fn titled(title: &str, text: &str, look: &Look) -> Vec<Line> {
    let room = look.columns().saturating_sub(14).max(20);
    let lines = wrap(text, room).into_iter().enumerate();
    lines
        .map(|(i, l)| {
            Line::margin().add(Role::Plain, format!("{:<9} ", if i == 0 { title } else { "" })).add(Role::Plain, l)
        })
        .collect()
}

fn count_of(tokens: u64) -> String {
    format!("{} {}", grouped(tokens), if tokens == 1 { "token" } else { "tokens" })
}

fn times_of(times: u64) -> String {
    match times {
        1 => "once".to_owned(),
        2 => "twice".to_owned(),
        n => format!("{} times", grouped(n)),
    }
}

fn tries_of(tries: u64) -> String {
    format!("{} {}", grouped(tries), if tries == 1 { "try" } else { "tries" })
}

/// Says what something cost, as far as that is known.
fn money((cost, whole): (u64, bool)) -> String {
    match (cost, whole) {
        (0, true) => "free".to_owned(),
        (0, false) => "price not known".to_owned(),
        (cost, true) => cents(cost),
        (cost, false) => format!("{} and more", cents(cost)),
    }
}

/// Writes an amount of money to the hundredth of a cent, where it is at least that.
pub(crate) fn cents(cost: u64) -> String {
    dollars(if cost < 100 { cost } else { (cost + 50) / 100 * 100 })
}

/// Says whether a place is this computer.
pub(crate) fn is_here(at: &str) -> bool {
    let host = at.rsplit_once(':').map_or(at, |(host, port)| if port.parse::<u16>().is_ok() { host } else { at });
    matches!(host, "localhost" | "[::1]") || host.starts_with("127.")
}
