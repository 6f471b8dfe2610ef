//! What a task may spend on models, and what it has spent.

use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{AskId, CallId, Day, Error, Kind, ModelCard, ModelRequest, Result, Usage};

/// The fact of an error that says whose limit was used up: the task's own, and not that of a service, a day or a program.
pub(crate) const LIMIT: &str = "limit";

/// What a task may spend. What is left out has no limit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Budget {
    /// Tokens read and written, by all models together.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tokens: Option<u64>,
    /// Millionths of a US dollar. A model whose price is not known is not asked under such a limit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cost: Option<u64>,
    /// Milliseconds of work. What a task rests, waiting for a person, does not count.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time: Option<u64>,
}

/// What a task has spent on models.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Spent {
    /// Tokens.
    pub usage: Usage,
    /// Millionths of a US dollar, as far as prices are known.
    pub cost: u64,
    /// How often a model answered.
    pub answers: u64,
    /// How long it worked.
    pub time: Duration,
    /// What of it is counted for answers that were lost.
    #[serde(default, skip_serializing_if = "Lost::is_nothing")]
    pub lost: Lost,
    /// What is set aside for answers that are still to come.
    pub open: Vec<(AskId, Reserve)>,
    /// What is set aside for sub-tasks that have not ended, by the calls that they do the work of.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub parts: Vec<(CallId, Reserve)>,
}

/// What is counted for answers that never came, because the process that asked for them ended first: all that was set aside.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Lost {
    /// How many answers.
    pub answers: u64,
    /// Tokens, read and written.
    pub tokens: u64,
    /// Millionths of a US dollar, as far as prices are known.
    pub cost: u64,
}

/// The most that an answer may come to, set aside before the model is asked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Reserve {
    /// Tokens, read and written.
    pub tokens: u64,
    /// Millionths of a US dollar; none if the price is not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cost: Option<u64>,
    /// The day whose budget it counts for, where days have one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub day: Option<Day>,
}

impl Budget {
    /// Says whether nothing is limited.
    pub fn is_open(&self) -> bool {
        *self == Self::default()
    }
}

impl Reserve {
    /// Works out the most that a request may come to that has so many tokens.
    pub fn of(request: &ModelRequest, read: u64, card: &ModelCard) -> Self {
        let most = if request.most_tokens == 0 { card.most_tokens } else { request.most_tokens.min(card.most_tokens) };
        let usage = Usage { input: read, output: most.into(), ..Usage::default() };
        // What is kept in a service's cache costs more than what is read without it.
        let dearest = |p: crate::Price| crate::Price { input: p.input.max(p.cache_write), ..p };
        Self { tokens: usage.total(), cost: card.price.map(|price| dearest(price).of(&usage)), day: None }
    }
}

impl Spent {
    /// Says whether so much more fits into a budget.
    ///
    /// # Errors
    /// `LimitExceeded`, with what was spent and what the budget is.
    pub fn affords(&self, more: &Reserve, budget: &Budget) -> Result<()> {
        self.in_time(budget)?;
        let (tokens, cost) = self.with_open();
        if let Some(most) = budget.tokens
            && tokens.saturating_add(more.tokens) > most
        {
            let lost = self.lost.of_these(|| self.lost.tokens.to_string());
            let why = format!(
                "the task may use {most} tokens; {tokens} are used{lost}, and the next answer may take {} more",
                more.tokens
            );
            return Err(used_up(why));
        }
        let Some(most) = budget.cost else { return Ok(()) };
        let Some(next) = more.cost else {
            let why = "the task has a limit on money, and what this model costs is not known";
            return Err(Error::new(Kind::InvalidInput, "ask model", why)
                .with_fix("set the model's price, or limit the tokens instead"));
        };
        if cost.saturating_add(next) > most {
            let lost = self.lost.of_these(|| dollars(self.lost.cost));
            let why = format!(
                "the task may cost {}; {} are spent{lost}, and the next answer may cost {} more",
                dollars(most),
                dollars(cost),
                dollars(next)
            );
            return Err(used_up(why));
        }
        Ok(())
    }

    /// Gives the tokens and the money that are spent or set aside.
    pub fn with_open(&self) -> (u64, u64) {
        let open = self.open.iter().map(|(_, reserve)| reserve).chain(self.parts.iter().map(|(_, reserve)| reserve));
        open.fold((self.usage.total(), self.cost), |(tokens, cost), reserve| {
            (tokens.saturating_add(reserve.tokens), cost.saturating_add(reserve.cost.unwrap_or(0)))
        })
    }

    /// Says whether there is time left.
    ///
    /// # Errors
    /// `LimitExceeded`, with how long it worked.
    pub fn in_time(&self, budget: &Budget) -> Result<()> {
        match self.left(budget) {
            Some(Duration::ZERO) => Err(Self::out_of_time(budget)),
            _ => Ok(()),
        }
    }

    /// Gives how long the task may still work; none where there is no limit.
    pub(crate) fn left(&self, budget: &Budget) -> Option<Duration> {
        budget.time.map(|most| Duration::from_millis(most).saturating_sub(self.time))
    }

    /// Says that a task's time is over.
    pub(crate) fn out_of_time(budget: &Budget) -> Error {
        let most = budget.time.unwrap_or_default();
        let most = if most < 1000 { format!("{most} ms") } else { format!("{} s", most / 1000) };
        used_up(format!("the task may work for {most}, and did"))
    }

    pub(crate) fn ended(&mut self, ask: AskId, usage: &Usage, cost: Option<u64>, error: Option<&Error>) {
        self.open.retain(|(open, _)| *open != ask);
        // Nobody can ask what a lost answer came to: its service may have written, and charged for, all of it before a byte
        // arrived. By an estimate a task that is killed again and again could spend more than its budget, so all that was set
        // aside stays counted. It stands apart, for a person to see why so much of the budget is gone.
        if error.is_some_and(|error| error.kind == Kind::Interrupted) {
            self.lost.add(&Lost { answers: 1, tokens: usage.total(), cost: cost.unwrap_or(0) });
        }
        self.usage.add(usage);
        self.cost = self.cost.saturating_add(cost.unwrap_or(0));
        self.answers += 1;
    }

    /// Takes in what a sub-task has spent, but for its time, in the place of what was set aside for it.
    pub(crate) fn part_ended(&mut self, call: CallId, part: &Self) {
        self.parts.retain(|(open, _)| *open != call);
        self.usage.add(&part.usage);
        self.lost.add(&part.lost);
        self.cost = self.cost.saturating_add(part.cost);
        self.answers = self.answers.saturating_add(part.answers);
    }
}

impl Lost {
    /// Says whether no answer was lost.
    pub fn is_nothing(&self) -> bool {
        *self == Self::default()
    }

    fn add(&mut self, more: &Self) {
        self.answers = self.answers.saturating_add(more.answers);
        self.tokens = self.tokens.saturating_add(more.tokens);
        self.cost = self.cost.saturating_add(more.cost);
    }

    /// Says how much of what a budget has given is counted for them.
    fn of_these(&self, much: impl Fn() -> String) -> String {
        match self.answers {
            0 => String::new(),
            1 => format!(", {} of that counted for an answer that was lost with the process that asked for it", much()),
            n => format!(", {} of that counted for {n} answers that were lost with the processes that asked", much()),
        }
    }
}

fn used_up(why: String) -> Error {
    Error::new(Kind::LimitExceeded, "ask model", why)
        .with(LIMIT, "task")
        .with_fix("give the task a larger budget, or a smaller thing to do")
}

/// Writes an amount of money: `$0.04`, `$0.0003`.
pub fn dollars(millionths: u64) -> String {
    let (whole, part) = (millionths / 1_000_000, millionths % 1_000_000);
    let digits = format!("{part:06}");
    let kept = digits.trim_end_matches('0').len().max(2);
    format!("${whole}.{}", &digits[..kept])
}
