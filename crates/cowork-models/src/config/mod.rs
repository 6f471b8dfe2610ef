//! Models as a person sets them: what a host reads from its settings, and the [`Model`](cowork_core::Model) that is made of it.
//!
//! Everything here is decoded with serde, from whichever format a host keeps its settings in; what does not fit is refused in
//! words for the person, at its place. A key is never part of it, only where the key is ([`KeySource`]).
//!
//! ```toml
//! model = "sonnet"
//!
//! [models.sonnet]
//! service = "anthropic"
//! model = "claude-sonnet-5-5"
//! ```

mod amount;
mod ask;
mod key;
#[cfg(feature = "keyring")]
mod keyring;
mod make;

use std::{borrow::Cow, collections::BTreeMap, fmt, path::PathBuf, str::FromStr};

use cowork_core::{Effort, Error, Kind, Patience, Price, Result};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, de};
use serde_json::{Value, json};

pub use amount::{BudgetSettings, Count, DaySettings, Dollars, Span};
pub use ask::{Can, Checked};
pub use key::{Kept, KeySource, Keys};
pub use make::Destination;

use crate::{
    anthropic,
    openai::{self, SERVICES},
};

const OP: &str = "read settings";

/// What a service of Anthropic's format is called.
const ANTHROPIC: &str = "anthropic";
/// What `OpenAI`'s service is called where it is spoken to by the Responses format.
const RESPONSES: &str = "openai-responses";

/// A model as a person sets it.
#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, expecting = "a table: [models.NAME], and below it service = \"…\" and model = \"…\"")]
pub struct ModelSettings {
    /// Which service it is asked at, or which one that service speaks like.
    pub service: ServiceName,
    /// Its name there.
    pub model: String,
    /// The service's address, where it is another than usual.
    #[serde(default)]
    pub base: Option<String>,
    /// Where its key is; none for the usual places.
    #[serde(default)]
    pub key: Option<KeySource>,
    /// The most tokens of an answer.
    #[serde(default, deserialize_with = "amount::tokens")]
    #[schemars(with = "Option<Count>")]
    pub max_tokens: Option<u32>,
    /// How hard it is to think.
    #[serde(default)]
    pub thinking: Effort,
    /// How many tokens a request and its answer may have together, where that is not known by its name.
    #[serde(default, deserialize_with = "amount::tokens")]
    #[schemars(with = "Option<Count>")]
    pub window: Option<u32>,
    /// Whether it can see pictures, where that is not known by its name.
    #[serde(default)]
    pub images: Option<bool>,
    /// What it costs, where that is not known by its name or is another.
    #[serde(default)]
    pub price: Option<PriceSettings>,
    /// How long is waited.
    #[serde(default)]
    pub timeout: Timeouts,
    /// How often it is asked for one answer where its service fails in a way that may pass; 8 if nothing is said.
    #[serde(default, deserialize_with = "amount::tries")]
    #[schemars(with = "Option<Count>")]
    pub tries: Option<u32>,
    /// How many connections there are at once to a service that takes one request at a time on each; 128 if nothing is said. What is asked
    /// beyond that waits for one.
    #[serde(default, deserialize_with = "amount::connections")]
    #[schemars(with = "Option<Count>")]
    pub connections: Option<u32>,
    /// By which proxy: an address, or `none`; as the system says if nothing is said.
    #[serde(default)]
    pub proxy: Option<String>,
    /// Files with roots of trust, besides the system's.
    #[serde(default)]
    pub roots: Vec<PathBuf>,
    /// Whether its key may go over plain HTTP to another computer.
    #[serde(default)]
    pub plain_key: bool,
    /// The model that is asked where this one's service is not available: a destination of its own.
    #[serde(default)]
    pub fallback: Option<String>,
    /// Tools that the service runs by itself, each a destination of its own.
    #[serde(default)]
    pub tools: Vec<ServiceTool>,
}

/// The models that a person set, by the names that they gave them.
pub type Models = BTreeMap<String, ModelSettings>;

/// A service, or whichever another one speaks like.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServiceName(String);

/// A tool that a service runs by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ServiceTool {
    /// A search of the web.
    WebSearch,
}

/// What a model costs: US dollars for a million tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, expecting = "dollars for a million tokens, such as { input = 3, output = 15 }")]
pub struct PriceSettings {
    /// Read.
    pub input: Dollars,
    /// Written.
    pub output: Dollars,
    /// Read from the service's cache; as `input` if nothing is said.
    #[serde(default)]
    pub cache_read: Option<Dollars>,
    /// Read and kept in the service's cache; as `input` if nothing is said.
    #[serde(default)]
    pub cache_write: Option<Dollars>,
}

/// How long a service is waited for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields, expecting = "which wait is meant, such as { idle = \"30s\" }")]
pub struct Timeouts {
    /// For a connection.
    pub connect: Option<Span>,
    /// For the first byte of an answer.
    pub first: Option<Span>,
    /// For the next bytes.
    pub idle: Option<Span>,
    /// For one answer, all tries and the waits between them together.
    pub total: Option<Span>,
}

impl ServiceName {
    /// Gives the name.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Says whether it is a server on one's own computer, unless an address says otherwise.
    pub fn is_local(&self) -> bool {
        openai::service(&self.0).is_some_and(|row| row.key_from.is_empty())
    }

    /// Gives the variable in which its key is usually kept; empty if it wants none.
    pub fn key_from(&self) -> &'static str {
        match self.0.as_str() {
            ANTHROPIC => "ANTHROPIC_API_KEY",
            RESPONSES => "OPENAI_API_KEY",
            other => openai::service(other).map_or("", |row| row.key_from),
        }
    }

    /// Gives the address at which it usually is.
    pub fn base(&self) -> &'static str {
        match self.0.as_str() {
            ANTHROPIC => anthropic::BASE,
            RESPONSES => openai::service("openai").map_or("", |row| row.base),
            other => openai::service(other).map_or("", |row| row.base),
        }
    }

    /// Gives all that there are.
    pub fn all() -> impl Iterator<Item = Self> {
        let names = [ANTHROPIC, "openai", RESPONSES].into_iter();
        let others = SERVICES.iter().map(|row| row.name).filter(|name| *name != "openai");
        names.chain(others).map(|name| Self(name.to_owned()))
    }
}

impl FromStr for ServiceName {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        Self::all().find(|name| name.0 == text).ok_or_else(|| {
            let all: Vec<String> = Self::all().map(|name| name.0).collect();
            Error::new(Kind::InvalidInput, OP, format!("there is no service `{}`", text.escape_debug())).with_fix(
                format!("the services are {}; one that speaks like `openai` is `local` with a base", all.join(", ")),
            )
        })
    }
}

impl fmt::Display for ServiceName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for ServiceName {
    fn deserialize<D: Deserializer<'de>>(from: D) -> std::result::Result<Self, D::Error> {
        String::deserialize(from)?.parse::<Self>().map_err(|e| told(&e))
    }
}

impl JsonSchema for ServiceName {
    fn schema_name() -> Cow<'static, str> {
        "ServiceName".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let names: Vec<String> = Self::all().map(|name| name.0).collect();
        let about = "A service, or whichever another one speaks like.";
        json_schema!({ "type": "string", "description": about, "enum": names })
    }
}

/// Puts an error into the words of whoever decodes: what is wrong, and what to do.
fn told<E: de::Error>(error: &Error) -> E {
    match error.fix() {
        Some(fix) => E::custom(format!("{}; {fix}", error.message)),
        None => E::custom(&error.message),
    }
}

impl PriceSettings {
    /// Gives the price.
    pub fn price(&self) -> Price {
        let or_input = |amount: Option<Dollars>| amount.unwrap_or(self.input).millionths();
        Price {
            input: self.input.millionths(),
            cache_read: or_input(self.cache_read),
            cache_write: or_input(self.cache_write),
            output: self.output.millionths(),
        }
    }
}

impl ModelSettings {
    /// Takes a model that is named by its service and its name there, with nothing set: `anthropic/claude-sonnet-5-5`.
    ///
    /// # Errors
    /// `InvalidInput` if there is no such service, or if nothing follows it.
    pub fn named(name: &str) -> Result<Self> {
        let (service, model) = name.split_once('/').unwrap_or((name, ""));
        let service: ServiceName = service.parse()?;
        if model.trim().is_empty() {
            let why = format!("`{service}` is a service: which of its models is meant was not said");
            let fix = format!("write {service}/MODEL, as in {}", example(&service));
            return Err(Error::new(Kind::InvalidInput, OP, why).with_fix(fix));
        }
        Ok(Self {
            service,
            model: model.to_owned(),
            base: None,
            key: None,
            max_tokens: None,
            thinking: Effort::Usual,
            window: None,
            images: None,
            price: None,
            timeout: Timeouts::default(),
            tries: None,
            connections: None,
            proxy: None,
            roots: Vec::new(),
            plain_key: false,
            fallback: None,
            tools: Vec::new(),
        })
    }

    /// Finds a model by the name that a person gave it, or by its service and its name there.
    ///
    /// # Errors
    /// `InvalidInput` if there is none, with those that there are.
    pub fn find(models: &Models, name: &str) -> Result<Self> {
        if let Some(set) = models.get(name) {
            return Ok(set.clone());
        }
        if name.contains('/') || name.parse::<ServiceName>().is_ok() {
            return Self::named(name);
        }
        let set: Vec<&str> = models.keys().map(String::as_str).collect();
        let there = if set.is_empty() { String::new() } else { format!("yours are {}; or ", set.join(", ")) };
        let why = format!("there is no model `{}`", name.escape_debug());
        Err(Error::new(Kind::InvalidInput, OP, why)
            .with_fix(format!("{there}name one by its service, as in anthropic/claude-sonnet-5-5")))
    }

    /// Gives what a task says to its planner, so that this model does it: for
    /// [`Submit::planner`](cowork_core::Submit::planner).
    pub fn planner(&self, name: &str) -> Value {
        let mut told = json!({ "name": "model", "model": name });
        if self.thinking != Effort::Usual {
            told["effort"] = json!(self.thinking);
        }
        if let Some(most) = self.max_tokens {
            told["most_tokens"] = most.into();
        }
        if let Some(fallback) = &self.fallback {
            told["fallback"] = fallback.as_str().into();
        }
        told
    }

    /// Says how long the engine tries, for its [`Limits`](cowork_core::Limits).
    pub fn patience(&self) -> Patience {
        let usual = Patience::default();
        let total = self.timeout.total.map_or(usual.total, |span| span.0);
        Patience { tries: self.tries.unwrap_or(usual.tries).max(1), total, ..usual }
    }

    /// Gives where requests go.
    pub fn base(&self) -> &str {
        self.base.as_deref().unwrap_or(self.service.base())
    }

    /// Gives the name under which its key is kept: the service's, or its own where it is asked at another address. A key of a
    /// service never goes elsewhere unless that is said.
    pub fn key_name<'a>(&'a self, name: &'a str) -> &'a str {
        match self.service.as_str() {
            _ if !self.is_at_home() => name,
            RESPONSES => "openai",
            service => service,
        }
    }

    /// Says whether it is asked where its service usually is.
    fn is_at_home(&self) -> bool {
        self.base.as_ref().is_none_or(|base| base.trim_end_matches('/') == self.service.base())
    }
}

fn example(service: &ServiceName) -> String {
    let model = match service.as_str() {
        ANTHROPIC => "claude-sonnet-5-5",
        "openai" | RESPONSES => "gpt-5.6",
        "mistral" => "mistral-large-latest",
        "deepseek" => "deepseek-chat",
        _ => return format!("{service}/qwen3; `cowork models` lists those of servers on this computer"),
    };
    format!("{service}/{model}")
}
