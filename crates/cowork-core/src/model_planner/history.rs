//! The conversation as a model is shown it, rendered from a task's log.

use std::{collections::BTreeSet, sync::Arc};

use super::{
    circles,
    head::{self, Offer},
    note::{self, Note, Summary},
    own,
};
use crate::{
    Args, Artifact, Block, CallState, Error, Head, Kind, Message, Messages, ModelCard, ModelRequest, Outcome, PlanStep,
    Result, Role, Steer, Task, ToolSpec, Turn, Usage,
};

/// Results above this are shown by their beginning.
const BIG: usize = 24 << 10;
/// So much of a big result is shown.
pub(super) const PREVIEW: usize = 6 << 10;
/// How many refused calls are named after a summary, the latest.
const REFUSED: usize = 50;

/// A conversation, and what of the task must outlive any summary.
#[derive(Debug)]
pub(super) struct History {
    head: Arc<Head>,
    /// Tools that are called by way of another one.
    deferred: Arc<BTreeSet<String>>,
    /// The opening, then two for each turn: what the model wanted, what came of it.
    messages: Messages,
    /// How many turns the opening stands for.
    from: usize,
    turns: usize,
    steers: usize,
    /// So many messages were so many tokens, as the service counted.
    measured: (usize, u64),
    /// The types of what it can be shown besides text.
    sees: Arc<[String]>,
    asked: String,
    said: Vec<String>,
    plan: Vec<PlanStep>,
    refused: Vec<String>,
    /// Whether it was told once that it did not make what it said.
    contradicted: bool,
}

impl History {
    /// Begins with what stands before the first turn that is shown.
    pub(super) fn new(task: &Task, offer: Offer, instructions: &str) -> Result<Self> {
        let mut history = Self {
            head: head::shared(task, &offer, instructions),
            deferred: offer.deferred,
            messages: Messages::default(),
            from: 0,
            turns: 0,
            steers: 0,
            measured: (0, 0),
            sees: offer.sees,
            asked: head::asked(task),
            said: Vec::new(),
            plan: Vec::new(),
            refused: Vec::new(),
            contradicted: false,
        };
        let summaries = task.turns.iter().rev().filter_map(|turn| Note::read(&turn.decision.note).summary);
        match { summaries }.next() {
            Some(summary) => history.begin_after(task, summary)?,
            None => history.push(Message::user(opening(task))),
        }
        Ok(history)
    }

    /// Begins with the summary that the log has; the turns before are looked at for what must outlive it.
    fn begin_after(&mut self, task: &Task, summary: Summary) -> Result<()> {
        self.from = summary.turns.min(task.turns.len());
        self.turns = self.from;
        for turn in task.turns.iter().take(self.from) {
            self.contradicted |= turn.decision.note.get("contradicted").is_some();
            for (call, state) in turn.decision.calls.iter().zip(&turn.calls) {
                self.note_refused(&call.tool, &call.args, state)?;
            }
        }
        self.push(Message::user(summary.text));
        Ok(())
    }

    /// Takes in what happened since.
    pub(super) fn go_on(&mut self, task: &Task, tools: &[ToolSpec]) -> Result<()> {
        let is_other = task.turns.len() < self.turns || task.steers.len() < self.steers;
        if is_other {
            return Err(Error::new(Kind::Internal, "read task", "a task became shorter than it was"));
        }
        if task.steers.len() > self.steers && self.turns == task.turns.len() && self.turns > self.from {
            // The last message was rendered before this was said.
            self.messages.pop();
            self.results(task, tools, self.turns - 1)?;
        } else if self.turns == 0 && self.from == 0 && task.turns.is_empty() {
            self.messages = Messages::default();
            self.push(Message::user(opening(task)));
        }
        while let Some(turn) = task.turns.get(self.turns) {
            let blocks = note::blocks(&turn.decision, &self.deferred);
            self.contradicted |= turn.decision.note.get("contradicted").is_some();
            self.push(Message::new(Role::Assistant, blocks));
            self.turns += 1;
            self.results(task, tools, self.turns - 1)?;
        }
        if task.steers.len() > self.said.len() {
            self.said.extend(task.steers[self.said.len()..].iter().map(|s| s.text.clone()));
        }
        self.steers = task.steers.len();
        self.plan.clone_from(&task.plan);
        Ok(())
    }

    /// Renders what came of a turn's calls, and what the person said before the next one.
    fn results(&mut self, task: &Task, tools: &[ToolSpec], at: usize) -> Result<()> {
        let Some(Turn { decision, calls }) = task.turns.get(at) else { return Ok(()) };
        let mut blocks = Vec::with_capacity(calls.len());
        let mut seen = Vec::new();
        for (call, state) in decision.calls.iter().zip(calls) {
            let (text, failed) = match own::result(task, tools, call, state)? {
                Some(text) => (text, false),
                None => shown(state, &mut seen)?,
            };
            self.note_refused(&call.tool, &call.args, state)?;
            blocks.push(Block::Result { call: call.id.uuid().simple().to_string(), text, failed });
        }
        let media = |a: Artifact| Block::Media { name: a.name, media_type: a.media_type, data: a.data };
        blocks.extend(seen.into_iter().filter(|a| self.sees.contains(&a.media_type)).map(media));
        blocks.extend(circles::told(task.turns.get(..=at).unwrap_or_default())?.map(Block::text));
        blocks.extend(said(task, at + 1));
        self.push(Message::new(Role::User, blocks));
        Ok(())
    }

    fn note_refused(&mut self, tool: &str, args: &Args, state: &CallState) -> Result<()> {
        let Some(Outcome::Denied { reason, .. }) = state.outcome()? else { return Ok(()) };
        let line = format!("{tool} {}: {reason}", shortened(args.text(), 300));
        if !self.refused.contains(&line) {
            self.refused.push(line);
        }
        if self.refused.len() > REFUSED {
            self.refused.remove(0);
        }
        Ok(())
    }

    fn push(&mut self, message: Message) {
        self.messages.push(message);
    }

    pub(super) fn head(&self) -> Arc<Head> {
        self.head.clone()
    }

    pub(super) fn messages(&self) -> &Messages {
        &self.messages
    }

    /// Says whether the model was told before that it did not make what it said it had made.
    pub(super) fn is_contradicted(&self) -> bool {
        self.contradicted
    }

    /// Gives how much memory it takes, about.
    pub(super) fn size(&self) -> usize {
        // What was written of it is as much again.
        self.messages.size() * 2
    }

    /// Takes in how many tokens the service counted for all that there is now.
    pub(super) fn measured(&mut self, usage: &Usage) {
        let read = usage.input + usage.cache_read + usage.cache_write;
        if read > 0 {
            self.measured = (self.messages.len(), read);
        }
    }

    /// Gives how many tokens it has, about: as counted by the service up to the last answer, estimated since.
    pub(super) fn tokens(&self) -> u64 {
        let (known, tokens) = self.measured;
        if known == 0 || known > self.messages.len() {
            let request =
                ModelRequest { head: self.head.clone(), messages: self.messages.clone(), ..Default::default() };
            return request.estimate().count;
        }
        let since: usize = self.messages.iter().skip(known).map(|m| m.size()).sum();
        tokens + (since as u64).div_ceil(3)
    }

    /// Says whether it should be summarized before the next answer, while there is still room to do so.
    pub(super) fn is_long(&self, card: &ModelCard, most_tokens: u32) -> bool {
        let room = u64::from(card.window).saturating_sub(u64::from(most_tokens));
        self.tokens() > room / 5 * 4 && self.turns > self.from
    }

    /// Gives how many of the latest turns fit into so many bytes; all but one at the most.
    pub(super) fn tail(&self, bytes: usize) -> usize {
        let sizes: Vec<usize> = self.messages.iter().skip(1).map(|m| m.size()).collect();
        let mut left = bytes;
        let fits = sizes.chunks(2).rev().take_while(|turn| {
            let size: usize = turn.iter().sum();
            let fits = size <= left;
            left = left.saturating_sub(size);
            fits
        });
        fits.count().min((self.turns - self.from).saturating_sub(1))
    }

    /// Lets a summary stand for all but the last `keep` turns. Gives what the log has to say of it, and how much it freed of how
    /// much.
    pub(super) fn summarize(&mut self, summary: &str, keep: usize) -> (Summary, usize, usize) {
        let before = self.messages.size();
        let gone = (self.turns - self.from).saturating_sub(keep);
        let text = self.opening_after(summary);
        let opening = Arc::new(Message::user(text.clone()));
        self.messages = std::iter::once(opening).chain(self.messages.iter().skip(1 + 2 * gone).cloned()).collect();
        self.from += gone;
        self.measured = (0, 0);
        (Summary { turns: self.from, text }, before.saturating_sub(self.messages.size()), before)
    }

    /// What must not depend on a summary stands beside it, as the log has it.
    fn opening_after(&self, summary: &str) -> String {
        let mut text = self.asked.clone();
        let mut add = |title: &str, lines: &mut dyn Iterator<Item = String>| {
            let mut lines = lines.peekable();
            if lines.peek().is_some() {
                text.push_str("\n\n");
                text.push_str(title);
                lines.for_each(|line| {
                    text.push_str("\n- ");
                    text.push_str(&line);
                });
            }
        };
        add("The person said later, in their words:", &mut self.said.iter().cloned());
        add("The plan as it stands:", &mut self.plan.iter().map(step));
        add("What was denied, and stays denied:", &mut self.refused.iter().cloned());
        text.push_str("\n\nThe first part of this conversation is not shown any more. Your own summary of it:\n\n");
        text.push_str(summary);
        text
    }
}

fn step(step: &PlanStep) -> String {
    let state = serde_json::to_value(step.state).ok();
    let state = state.as_ref().and_then(|s| s.as_str()).unwrap_or_default();
    let detail = if step.detail.is_empty() { String::new() } else { format!(" ({})", step.detail) };
    format!("[{state}] {}{detail}", step.title)
}

fn opening(task: &Task) -> String {
    let mut text = head::asked(task);
    for steer in task.steers.iter().filter(|s| s.turn == 0) {
        text.push_str("\n\n");
        text.push_str(&steer.text);
    }
    text
}

/// What the person said before a turn was decided.
fn said(task: &Task, before: usize) -> impl Iterator<Item = Block> {
    let new = task.steers.iter().filter(move |s: &&Steer| s.turn == before);
    new.map(|steer| Block::text(format!("The person says: {}", steer.text)))
}

/// Gives what a model is shown of how a call ended, and whether it is a failure; what there is to be looked at is added to the rest.
fn shown(state: &CallState, seen: &mut Vec<Artifact>) -> Result<(String, bool)> {
    Ok(match state.outcome()? {
        Some(Outcome::Done { mut value, note }) => {
            seen.extend(Artifact::take(&mut value));
            (preview(state, text_of(&value, note)), false)
        }
        // What a service or a program says of its failure may be a page of HTML.
        Some(Outcome::Failed { error }) => (preview(state, text_of_failure(&error)), true),
        Some(Outcome::Denied { reason, .. }) => {
            let gave = state.held.as_ref().map(|held| held.output.clone()).map(|mut gave| {
                seen.extend(Artifact::take(&mut gave.value));
                format!("\nWhat it gave: {}", text_of(&gave.value, gave.note))
            });
            let text = format!("Not done, and it stays so: {reason}{}", gave.unwrap_or_default());
            (shortened(&text, BIG).to_owned(), true)
        }
        Some(Outcome::Withheld { effects }) => {
            (format!("Not done, this is only a plan. It would {}", effects.preview.title), false)
        }
        None => ("It has no result".to_owned(), true),
    })
}

/// Gives a result as text.
pub(super) fn text_of(value: &serde_json::Value, note: String) -> String {
    match value {
        serde_json::Value::Null if note.is_empty() => "done".to_owned(),
        serde_json::Value::Null => note,
        serde_json::Value::String(text) => text.clone(),
        value => value.to_string(),
    }
}

/// Gives a failure as text.
pub(super) fn text_of_failure(error: &Error) -> String {
    let fix = error.fix().map(|fix| format!("\nWhat to do: {fix}")).unwrap_or_default();
    format!("Failed: {}{fix}", error.message)
}

fn preview(state: &CallState, text: String) -> String {
    if text.len() <= BIG {
        return text;
    }
    let call = state.id.uuid().simple();
    let shown = shortened(&text, PREVIEW);
    format!(
        "{shown}\n[{} of {} bytes; read on with `{}`: call {call}, from {}]",
        shown.len(),
        text.len(),
        own::READ_RESULT,
        shown.len()
    )
}

/// Gives the beginning of a text, at most so many bytes.
pub(super) fn shortened(text: &str, most: usize) -> &str {
    text.get(..text.floor_char_boundary(most)).unwrap_or(text)
}
