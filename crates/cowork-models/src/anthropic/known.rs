//! What is known about models by their names.
//!
//! Source: Anthropic's pages on models, prices and thinking, as of November 2026. A host knows better where it must:
//! [`Anthropic::with_card`](super::Anthropic::with_card), [`Anthropic::with_thinking`](super::Anthropic::with_thinking).

use cowork_core::{ModelCard, Price};

/// How a model is told how hard to think.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Thinking {
    /// Not at all: nothing is said about it.
    Unknown,
    /// By a number of tokens that it may think; without one it does not.
    Budget,
    /// By an effort; without one it does not think.
    Offered,
    /// By an effort; it thinks unless that is turned off.
    On,
    /// By an effort; where it has tools, it thinks between calls even when that is turned off.
    BetweenTools,
    /// By an effort; it always thinks.
    Always,
}

struct Known {
    /// What its name begins with; the longest that fits counts.
    name: &'static str,
    window: u32,
    most_tokens: u32,
    thinking: Thinking,
    /// Whether its answers can be held to a schema.
    structured: bool,
    /// Whether the service refuses its thoughts where what stood before them has changed.
    bound: bool,
    price: Price,
}

/// What is known about a model.
pub(super) struct Traits {
    pub(super) card: ModelCard,
    pub(super) thinking: Thinking,
    pub(super) structured: bool,
    pub(super) bound: bool,
}

const M: u32 = 1_000_000;

/// Cents for a million tokens: read, read from the cache, written. Into the cache costs a quarter more than read.
const fn cents(input: u64, cache_read: u64, output: u64) -> Price {
    let unit = 10_000;
    Price {
        input: input * unit,
        cache_read: cache_read * unit,
        cache_write: input * unit * 5 / 4,
        output: output * unit,
    }
}

const fn known(name: &'static str, window: u32, most_tokens: u32, thinking: Thinking, price: Price) -> Known {
    Known { name, window, most_tokens, thinking, structured: true, bound: false, price }
}

const fn bound(name: &'static str, thinking: Thinking, price: Price) -> Known {
    Known { name, window: M, most_tokens: 128_000, thinking, structured: true, bound: true, price }
}

const fn old(name: &'static str, most_tokens: u32, thinking: Thinking, price: Price) -> Known {
    Known { name, window: 200_000, most_tokens, thinking, structured: false, bound: false, price }
}

const TABLE: &[Known] = &[
    bound("claude-fable-5-2", Thinking::Always, cents(800, 80, 4_000)),
    bound("claude-fable-5-1", Thinking::Always, cents(1_000, 25, 5_000)),
    known("claude-fable-5", M, 128_000, Thinking::Always, cents(1_000, 100, 5_000)),
    bound("claude-mythos-5-2", Thinking::Always, cents(1_000, 100, 5_000)),
    bound("claude-mythos-5-1", Thinking::Always, cents(1_000, 25, 5_000)),
    known("claude-mythos-5", M, 128_000, Thinking::Always, cents(1_000, 100, 5_000)),
    bound("claude-opus-5-5", Thinking::Always, cents(400, 40, 2_000)),
    known("claude-opus-5", M, 128_000, Thinking::On, cents(500, 50, 2_500)),
    known("claude-opus-4-8", M, 128_000, Thinking::Offered, cents(500, 50, 2_500)),
    known("claude-opus-4-7", M, 128_000, Thinking::Offered, cents(500, 50, 2_500)),
    known("claude-opus-4-6", M, 128_000, Thinking::Offered, cents(500, 50, 2_500)),
    known("claude-opus-4-5", 200_000, 64_000, Thinking::Budget, cents(500, 50, 2_500)),
    bound("claude-sonnet-5-5", Thinking::BetweenTools, cents(200, 20, 1_000)),
    known("claude-sonnet-5", M, 128_000, Thinking::On, cents(200, 20, 1_000)),
    known("claude-sonnet-4-6", M, 64_000, Thinking::Offered, cents(300, 30, 1_500)),
    known("claude-sonnet-4-5", 200_000, 64_000, Thinking::Budget, cents(300, 30, 1_500)),
    // A fifth of this for requests of up to 100,000 tokens: what may be spent is never told too low.
    bound("claude-haiku-5-5", Thinking::On, cents(50, 5, 250)),
    known("claude-haiku-4-5", 200_000, 64_000, Thinking::Budget, cents(100, 10, 500)),
    old("claude-opus-4", 32_000, Thinking::Budget, cents(1_500, 150, 7_500)),
    old("claude-sonnet-4", 64_000, Thinking::Budget, cents(300, 30, 1_500)),
    old("claude-3-7-sonnet", 64_000, Thinking::Budget, cents(300, 30, 1_500)),
    old("claude-3-5-sonnet", 8_192, Thinking::Unknown, cents(300, 30, 1_500)),
    old("claude-3-5-haiku", 8_192, Thinking::Unknown, cents(80, 8, 400)),
    old("claude-3-haiku", 4_096, Thinking::Unknown, cents(25, 3, 125)),
];

const SEES: [&str; 5] = ["image/png", "image/jpeg", "image/gif", "image/webp", "application/pdf"];

/// Says what is known about a model of a service at this place. Of an unknown one nothing is: little is taken for granted, and it has no price.
pub fn card(model: &str, at: &str) -> ModelCard {
    all(model, at).card
}

/// Says whether a model thinks before it answers, where that is known by its name.
#[cfg(feature = "config")]
pub(crate) fn thinks(model: &str) -> Option<bool> {
    let is_known = TABLE.iter().any(|known| model.contains(known.name));
    is_known.then(|| all(model, "").thinking != Thinking::Unknown)
}

/// Gives all that is known.
pub(super) fn all(model: &str, at: &str) -> Traits {
    // Some services put a maker's name before it: `anthropic/claude-…`, `us.anthropic.claude-…`.
    let name = model.find("claude-").map_or(model, |from| &model[from..]);
    let found = TABLE.iter().filter(|known| name.starts_with(known.name)).max_by_key(|known| known.name.len());
    let at = at.to_owned();
    match found {
        Some(&Known { window, most_tokens, thinking, structured, bound, price, .. }) => {
            let sees = SEES.map(str::to_owned).to_vec();
            let card = ModelCard { at, window, most_tokens, sees, price: Some(price) };
            Traits { card, thinking, structured, bound }
        }
        None => {
            let card = ModelCard { at, window: 128_000, most_tokens: 8_192, sees: Vec::new(), price: None };
            Traits { card, thinking: Thinking::Unknown, structured: false, bound: false }
        }
    }
}
