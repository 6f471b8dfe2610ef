//! The planner that asks a model.

mod answer;
mod brief;
mod circles;
mod compact;
mod deferred;
mod delegate;
mod head;
mod history;
mod note;
mod own;
mod remember;

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use async_trait::async_trait;
use serde::Deserialize;
use serde_json::Value;

use self::{
    answer::{Next, Turned},
    head::Offer,
    history::History,
    note::Note,
};
use crate::{
    Block, Effort, Error, Finish, Kind, Message, ModelAnswer, ModelCard, ModelRequest, Models, PlanContext, Planner,
    Proposal, Result, Role, Submit, Task, TaskChanges, TaskId, Tool, ToolSpec, View, ending,
};

/// How often an answer that can't be used is asked for anew, each time with what is wrong about it.
const REPAIRS: u32 = 3;
/// In how many parts an answer may come.
const PARTS: u32 = 16;
/// The most tokens that an answer may have, where the task says nothing else.
const MOST_TOKENS: u32 = 16_384;
/// How much of rendered conversations is kept between steps, over all tasks. What is let go of is rendered again from the log.
const KEPT: usize = 256 << 20;
/// For how many models it is kept what they are told of the tools.
const OFFERS: usize = 8;

/// Plans with a model: it is shown the task, what it may use and what happened so far, and says what comes next.
///
/// What it is shown follows from the task's log alone, so that another process goes on from there. The conversation is kept
/// between steps only to save work; a message is written once.
///
/// A task chooses by [`Submit::planner`]: `model` (a name; else the first), `fallback` (the name of one that is asked where that one's
/// service is not available, until it is again), `effort`, `most_tokens`, and `schema` (a JSON Schema that the outcome must fit; it is then in
/// [`Finish::Done`]'s `data`).
#[derive(Debug, Default)]
pub struct ModelPlanner {
    instructions: String,
    kept: Mutex<Kept>,
    /// What the models that were asked lately are told of the tools, the latest last.
    offers: Mutex<Vec<Offered>>,
}

/// Rendered conversations, and how much memory they take.
#[derive(Debug, Default)]
struct Kept {
    histories: HashMap<TaskId, History>,
    size: usize,
}

#[derive(Debug)]
struct Offered {
    tools: Arc<[ToolSpec]>,
    model: Option<String>,
    offer: Offer,
}

/// What [`Submit::planner`] may say to this planner.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Wanted {
    #[serde(rename = "name")]
    _name: Option<String>,
    model: Option<String>,
    fallback: Option<String>,
    effort: Effort,
    most_tokens: Option<u32>,
    schema: Option<Arc<Value>>,
}

impl Wanted {
    fn read(submit: &Submit) -> Result<Self> {
        if submit.planner.is_null() {
            return Ok(Self::default());
        }
        Self::deserialize(&submit.planner).map_err(|e| {
            Error::new(Kind::InvalidInput, "read task", format!("what the task says to its planner does not fit: {e}"))
                .with_fix("it may say `model`, `fallback`, `effort`, `most_tokens` and `schema`")
        })
    }
}

impl ModelPlanner {
    /// Makes one.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds standing instructions of the host or the person: they come after the engine's own and are never summarized.
    #[must_use]
    pub fn with_instructions(mut self, text: impl Into<String>) -> Self {
        self.instructions = text.into();
        self
    }

    /// Gives the tools that it uses to plan: for the registry of the engine that it works in.
    pub fn tools() -> Vec<Arc<dyn Tool>> {
        own::tools()
    }

    fn step(&self, view: View, ctx: PlanContext) -> Result<(Step, Arc<[ToolSpec]>)> {
        let View { task, tools } = view;
        let tools = own::offered(&task, tools);
        let wanted = Wanted::read(&task.submit)?;
        let card = ctx.models.card(wanted.model.as_deref())?.clone();
        let mut history = match self.take(task.id) {
            Some(kept) => kept,
            None => {
                let offer = self.offer(&tools, wanted.model.as_deref(), &card);
                History::new(&task, offer, &self.instructions)?
            }
        };
        history.go_on(&task, &tools)?;
        Ok((Step::new(&task, wanted, card, ctx, history), tools))
    }

    fn take(&self, task: TaskId) -> Option<History> {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let history = kept.histories.remove(&task)?;
        kept.size = kept.size.saturating_sub(history.size());
        Some(history)
    }

    fn keep(&self, task: TaskId, history: History) {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.size.saturating_add(history.size()) > KEPT {
            *kept = Kept::default();
        }
        kept.size += history.size();
        let before = kept.histories.insert(task, history);
        kept.size -= before.map_or(0, |before| before.size());
    }

    fn offer(&self, tools: &Arc<[ToolSpec]>, model: Option<&str>, card: &ModelCard) -> Offer {
        let mut offers = self.offers.lock().unwrap_or_else(PoisonError::into_inner);
        let known = offers.iter().find(|o| Arc::ptr_eq(&o.tools, tools) && o.model.as_deref() == model);
        if let Some(known) = known {
            return known.offer.clone();
        }
        let offer = Offer::new(tools, card);
        if offers.len() >= OFFERS {
            offers.remove(0);
        }
        offers.push(Offered { tools: tools.clone(), model: model.map(str::to_owned), offer: offer.clone() });
        offer
    }
}

#[async_trait]
impl Planner for ModelPlanner {
    fn name(&self) -> &'static str {
        "model"
    }

    fn is_briefed(&self) -> bool {
        true
    }

    async fn plan(&self, view: View, ctx: PlanContext) -> Result<Proposal> {
        if let Some(error) = circles::end(&view.task)? {
            return Ok(Proposal { finish: Some(Finish::Failed { error }), ..Proposal::default() });
        }
        let id = view.task.id;
        // The engine changes the task while a model is asked; whoever holds on to it makes it copy everything.
        let (mut step, tools) = self.step(view, ctx)?;
        let proposal = step.take(&tools).await;
        if matches!(&proposal, Ok(p) if p.finish.is_none()) {
            self.keep(id, step.history);
        }
        proposal
    }
}

/// One planning step: what is asked, until there is an answer that can be followed.
struct Step {
    wanted: Wanted,
    card: ModelCard,
    models: Models,
    changes: TaskChanges,
    history: History,
    /// What this step's decision has to keep, beside the answer.
    note: Note,
    /// What was said within this step and is not in the log: answers that could not be used, and why.
    aside: Vec<Arc<Message>>,
    /// What the answer began with, where it came in several parts.
    begun: Vec<Block>,
    /// What is said after what it began with, if anything.
    go_on: Option<Arc<Message>>,
    most_tokens: u32,
}

fn endless() -> Error {
    Error::new(Kind::LimitExceeded, "plan", "the model's answer did not come to an end in many parts")
        .with_fix("ask for less at once")
}

impl Step {
    fn new(task: &Task, wanted: Wanted, card: ModelCard, ctx: PlanContext, history: History) -> Self {
        let most = wanted.most_tokens.unwrap_or(MOST_TOKENS).min(card.most_tokens).min(card.window / 4);
        let most_tokens = head::within(most, &task.spent, &task.budget, &card);
        let (note, aside, begun) = (Note::default(), Vec::new(), Vec::new());
        let PlanContext { models, changes, .. } = ctx;
        Self { wanted, card, models, changes, history, note, aside, begun, go_on: None, most_tokens }
    }

    fn request(&self) -> ModelRequest {
        let mut messages = self.history.messages().clone();
        for said in self.said() {
            match messages.last() {
                // Not every service lets the same one speak twice in a row.
                Some(last) if last.role == said.role => {
                    let blocks = last.blocks.iter().chain(&said.blocks).cloned().collect();
                    messages.pop();
                    messages.push(Message::new(said.role, blocks));
                }
                _ => messages.push(said),
            }
        }
        ModelRequest {
            head: self.history.head(),
            messages,
            most_tokens: self.most_tokens,
            effort: self.wanted.effort,
            schema: self.wanted.schema.clone(),
        }
    }

    /// Gives what was said within this step.
    fn said(&self) -> impl Iterator<Item = Arc<Message>> {
        let begun = (!self.begun.is_empty()).then(|| Arc::new(Message::new(Role::Assistant, self.begun.clone())));
        self.aside.iter().cloned().chain(begun).chain(self.go_on.clone())
    }

    async fn take(&mut self, tools: &[ToolSpec]) -> Result<Proposal> {
        let mut repairs = 0;
        // What is seldom is kept out of the future of a step.
        if self.history.is_long(&self.card, self.most_tokens) {
            Box::pin(self.compact()).await?;
        }
        loop {
            let answer = match self.ask("plan").await {
                Ok(answer) => answer,
                Err(error) if compact::is_too_long(&error) && self.note.summary.is_none() => {
                    Box::pin(self.compact()).await?;
                    continue;
                }
                // Cut at its limit in the middle of a call: asked the same again, it would write the same again.
                Err(error) if error.fact("stop") == Some("length") && repairs < REPAIRS => {
                    repairs += 1;
                    self.aside.push(Arc::new(answer::cut(&error)));
                    continue;
                }
                Err(error) => return Err(error),
            };
            match answer::read(answer, &mut self.begun, tools, self.wanted.schema.as_deref()) {
                Next::Turn(turn) => match self.contradiction(&turn).await {
                    Some(said) => self.aside.extend(said.into_iter().map(Arc::new)),
                    None => return Ok(self.propose(turn)),
                },
                Next::More(go_on) => {
                    repairs += 1;
                    if repairs > PARTS {
                        return Err(endless());
                    }
                    self.go_on = go_on.map(Arc::new);
                }
                Next::Full if self.note.summary.is_none() => Box::pin(self.compact()).await?,
                Next::Full => return Err(compact::too_long()),
                Next::Refused(error) => {
                    let finish = Some(Finish::Failed { error });
                    return Ok(Proposal { finish, ..Proposal::default() });
                }
                Next::Repair { said, error } => {
                    repairs += 1;
                    if repairs > REPAIRS {
                        return Err(error);
                    }
                    self.aside.extend(said.into_iter().map(Arc::new));
                }
            }
        }
    }

    /// What to say to an outcome that says that something was made which was not. It is said once; what then still stands there
    /// the engine contradicts.
    async fn contradiction(&mut self, turn: &Turned) -> Option<Vec<Message>> {
        let finish = turn.finish.as_ref().filter(|_| !self.note.contradicted && !self.history.is_contradicted())?;
        let claims = ending::claims(finish);
        if claims.is_empty() {
            return None;
        }
        // Where the journal can't say, the end of the task says that.
        let set = Box::pin(self.changes.get()).await.ok().flatten()?;
        let unmade = ending::unmade(&claims, &set);
        self.note.contradicted = !unmade.is_empty();
        self.note.contradicted.then(|| answer::contradicted(finish, &unmade))
    }

    async fn ask(&mut self, purpose: &str) -> Result<ModelAnswer> {
        let (models, request, first) = (&self.models, self.request(), self.wanted.model.as_deref());
        let other = self.wanted.fallback.as_deref();
        // One that the host could not make is as if it were not named.
        let answer = match other.and_then(|name| Some((name, models.card(Some(name)).ok()?))) {
            None => models.ask(first, purpose, request).await?,
            Some(other) => Box::pin(self.ask_either(purpose, request, other)).await?,
        };
        self.history.measured(&answer.usage);
        Ok(answer)
    }

    /// Asks another model where the first can't be had.
    async fn ask_either(
        &self,
        purpose: &str,
        request: ModelRequest,
        (name, card): (&str, &ModelCard),
    ) -> Result<ModelAnswer> {
        let (models, first) = (&self.models, self.wanted.model.as_deref());
        let error = match models.ask_briefly(first, purpose, request.clone()).await {
            Err(error) if error.is_absence() => error,
            asked => return asked,
        };
        tracing::debug!(model = name, %error, "the fallback is asked");
        let most_tokens = request.most_tokens.min(card.most_tokens).min(card.window / 4);
        let instead = ModelRequest { most_tokens, ..request.clone() };
        match models.ask(Some(name), purpose, instead).await {
            // It can't stand in after all: then the first is waited for.
            Err(e) if matches!(e.kind, Kind::NotAllowed | Kind::NotFound | Kind::InvalidInput) => {
                tracing::warn!(model = name, error = %e, "the fallback can't be asked");
                models.ask(first, purpose, request).await
            }
            asked => asked,
        }
    }

    fn propose(&mut self, turn: Turned) -> Proposal {
        let Turned { say, plan, calls, finish, blocks } = turn;
        self.note.blocks = blocks;
        Proposal { say, plan, calls, finish, note: self.note.to_value() }
    }
}
