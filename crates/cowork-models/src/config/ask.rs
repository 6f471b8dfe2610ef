//! What a model can do, and whether it can be had.

use std::time::Duration;

use cowork_core::{CancellationToken, Error, Kind, ModelCard, Result};
use serde::Serialize;

use super::{ANTHROPIC, Keys, ModelSettings};
use crate::{Limits, anthropic, local::Local, openai};

/// How long a service is waited for that is only asked whether it is there.
const SOON: Duration = Duration::from_secs(10);

/// How many of a service's models an error names.
const MOST_NAMED: usize = 6;

/// What a model can do. What is none is not known.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Can {
    /// What is known about it.
    #[serde(flatten)]
    pub card: ModelCard,
    /// Whether it can call tools.
    pub tools: Option<bool>,
    /// Whether it can see pictures.
    pub images: bool,
    /// Whether it thinks before it answers.
    pub thinks: Option<bool>,
}

/// What came of looking for a model.
#[derive(Clone, Debug)]
pub struct Checked {
    /// Where its key is from; none if it has none.
    pub key: Option<String>,
    /// What it can do.
    pub can: Can,
    /// Whether it can be had, or why not.
    pub answers: Result<()>,
}

impl Can {
    fn of(settings: &ModelSettings, card: ModelCard, local: Option<&Local>) -> Self {
        let thinks = match (settings.service.as_str(), local) {
            (ANTHROPIC, _) => anthropic::thinks(&settings.model),
            (_, Some(local)) => local.thinks,
            ("openai" | super::RESPONSES, _) => Some(openai::thinks(&settings.model)),
            _ => None,
        };
        let tools = local.map_or((!settings.service.is_local()).then_some(true), |local| local.calls);
        Self { images: card.sees.iter().any(|media| media.starts_with("image/")), card, tools, thinks }
    }

    /// Says what a server on this computer told of a model.
    pub fn of_local(local: &Local, at: &str) -> Self {
        let card = local.card(at);
        let images = local.sees == Some(true);
        Self { card, tools: local.calls, images, thinks: local.thinks }
    }
}

impl ModelSettings {
    /// Looks whether the model can be had, by the cheapest question: which models its service offers this key. No model is asked.
    ///
    /// Cancellation: by the token.
    pub async fn check(&self, name: &str, keys: &Keys, cancel: &CancellationToken) -> Checked {
        let key = self.key_of(name, keys);
        let origin = key.as_ref().ok().and_then(Option::as_ref).map(|key| key.origin().to_owned());
        let local = if self.service.is_local() { self.found(cancel).await } else { None };
        let at = crate::transport::host_of(self.base()).unwrap_or_default();
        let can = Can::of(self, self.card(&at, local.as_ref()), local.as_ref());
        let answers = match key {
            Ok(_) if local.is_some() => Ok(()),
            Ok(key) => self.offered(key, cancel).await.and_then(|offered| self.is_among(&offered, &at)),
            Err(error) => Err(error),
        };
        Checked { key: origin, can, answers }
    }

    /// Gives the models that the service offers this key; none where it makes no list.
    async fn offered(&self, key: Option<crate::Secret>, cancel: &CancellationToken) -> Result<Option<Vec<String>>> {
        let limits = Limits { connect: SOON, first: SOON, idle: SOON, most_bytes: 8 << 20, ..self.limits()? };
        let transport = self.transport(key, limits)?;
        let listed = match self.service.as_str() {
            ANTHROPIC => anthropic::models(&transport, cancel).await,
            _ => openai::models(&transport, cancel).await,
        };
        match listed {
            Ok(models) => Ok(Some(models)),
            // A compatible service need not make a list.
            Err(error) if error.kind == Kind::NotFound && self.base.is_some() => Ok(None),
            Err(error) => Err(transport.hide(error)),
        }
    }

    fn is_among(&self, offered: &Option<Vec<String>>, at: &str) -> Result<()> {
        let Some(offered) = offered else { return Ok(()) };
        // A short name stands for the latest of those that have it at their beginning.
        if offered.iter().any(|one| {
            one == &self.model || one.strip_prefix(&self.model).is_some_and(|r| r.starts_with(['-', ':', '@']))
        }) {
            return Ok(());
        }
        let mut like: Vec<&str> = offered.iter().map(String::as_str).collect();
        like.sort_by_key(|one| std::cmp::Reverse(shared(one, &self.model)));
        let more = if like.len() > MOST_NAMED { ", …" } else { "" };
        like.truncate(MOST_NAMED);
        let fix =
            if like.is_empty() { "load one there".to_owned() } else { format!("it offers {}{more}", like.join(", ")) };
        Err(Error::new(Kind::NotFound, "check model", format!("{at} has no model {}", self.model)).with_fix(fix))
    }
}

fn shared(one: &str, other: &str) -> usize {
    one.chars().zip(other.chars()).take_while(|(a, b)| a == b).count()
}
