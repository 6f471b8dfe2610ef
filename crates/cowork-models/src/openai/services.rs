//! What is known of services that speak these formats, and in what they differ.

use cowork_core::Effort;

use crate::{Auth, Endpoint, Secret};

/// A service that speaks Chat Completions.
///
/// A table's row, and a host's own where a service is not in the table: begin with [`service`]`("local")`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Service {
    /// What it is called, before the model's name: `openai`.
    pub name: &'static str,
    /// Its address, to which `/chat/completions` is added.
    pub base: &'static str,
    /// The variable in which its key is usually kept; empty if it wants none.
    pub key_from: &'static str,
    /// The name under which messages are kept as they are written for it. Services that are written to in the same way share it.
    pub dialect: &'static str,
    /// How the most tokens are called.
    pub most: MostTokens,
    /// Whether it tells what a stream took only when asked (`stream_options`).
    pub asks_usage: bool,
    /// How it is told how hard to think.
    pub think: Think,
    /// How what the model thought goes back.
    pub thoughts: Thoughts,
    /// What ids of calls it takes.
    pub ids: Ids,
    /// Whether it keeps schemas of tools strictly where they allow it.
    pub strict: bool,
    /// How it is told the schema of an answer.
    pub schemas: Schemas,
}

/// How the most tokens of an answer are called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MostTokens {
    /// `max_tokens`.
    Max,
    /// `max_completion_tokens`.
    MaxCompletion,
}

/// How a service is told how hard to think.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Think {
    /// It is not.
    Untold,
    /// `reasoning_effort`.
    Effort,
    /// `reasoning: {effort}`.
    Object,
    /// `reasoning_effort`, and `thinking` to turn it off.
    Switch,
}

/// How what a model thought goes back to its service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Thoughts {
    /// Not at all.
    Never,
    /// As `reasoning_content`; with calls even where there was none, since the service insists on the field.
    Content,
    /// As `reasoning_details`, unchanged.
    Details,
}

/// What ids of calls a service takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ids {
    /// Any.
    Any,
    /// Nine letters and digits.
    Nine,
}

/// How a service is told the schema of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Schemas {
    /// By the schema.
    Schema,
    /// Only that it is to be JSON; the schema has to stand in the instructions.
    Object,
}

/// One that takes what is usual: what a service that is not known is taken for.
const USUAL: Service = Service {
    name: "local",
    base: "http://127.0.0.1:8080/v1",
    key_from: "",
    dialect: "chat",
    most: MostTokens::Max,
    asks_usage: true,
    think: Think::Untold,
    thoughts: Thoughts::Never,
    ids: Ids::Any,
    strict: false,
    schemas: Schemas::Schema,
};

/// The services.
pub const SERVICES: &[Service] = &[
    Service {
        name: "openai",
        base: "https://api.openai.com/v1",
        key_from: "OPENAI_API_KEY",
        most: MostTokens::MaxCompletion,
        think: Think::Effort,
        strict: true,
        ..USUAL
    },
    Service {
        name: "openrouter",
        base: "https://openrouter.ai/api/v1",
        key_from: "OPENROUTER_API_KEY",
        dialect: "chat/openrouter",
        think: Think::Object,
        thoughts: Thoughts::Details,
        ..USUAL
    },
    Service {
        name: "groq",
        base: "https://api.groq.com/openai/v1",
        key_from: "GROQ_API_KEY",
        most: MostTokens::MaxCompletion,
        ..USUAL
    },
    Service {
        name: "mistral",
        base: "https://api.mistral.ai/v1",
        key_from: "MISTRAL_API_KEY",
        dialect: "chat/mistral",
        asks_usage: false,
        ids: Ids::Nine,
        ..USUAL
    },
    Service {
        name: "deepseek",
        base: "https://api.deepseek.com/v1",
        key_from: "DEEPSEEK_API_KEY",
        dialect: "chat/deepseek",
        think: Think::Switch,
        thoughts: Thoughts::Content,
        schemas: Schemas::Object,
        ..USUAL
    },
    Service { name: "ollama", base: "http://127.0.0.1:11434/v1", ..USUAL },
    Service { name: "lmstudio", base: "http://127.0.0.1:1234/v1", ..USUAL },
    Service { name: "llamacpp", base: "http://127.0.0.1:8080/v1", ..USUAL },
    Service { name: "vllm", base: "http://127.0.0.1:8000/v1", ..USUAL },
    USUAL,
];

/// Gives what is known of a service by its name.
pub fn service(name: &str) -> Option<&'static Service> {
    SERVICES.iter().find(|service| service.name == name)
}

impl Service {
    /// Names it as OpenTelemetry's conventions do, where they know it.
    pub(super) fn provider(&self) -> &'static str {
        match self.name {
            "mistral" => "mistral_ai",
            // Whose it is is not known, only how it speaks.
            "local" => "openai",
            name => name,
        }
    }

    /// Describes the way to it. A compatible service has another `base`.
    pub fn endpoint(&self, key: Option<Secret>) -> Endpoint {
        let (base, key_from) = (self.base.to_owned(), self.key_from.to_owned());
        Endpoint { base, key, auth: Auth::Bearer, key_from, headers: Vec::new() }
    }
}

/// Says whether a model of `OpenAI`'s thinks before it answers: by its name, since the service does not tell.
pub(crate) fn thinks(model: &str) -> bool {
    let name = model.rsplit('/').next().unwrap_or(model);
    ["o1", "o3", "o4", "gpt-5", "gpt-6", "codex"].iter().any(|family| name.starts_with(family))
        && !name.contains("-chat")
}

/// Gives the service's word for how hard to think; none where it is left to the model.
pub(super) fn effort(model: &str, effort: Effort) -> Option<&'static str> {
    let name = model.rsplit('/').next().unwrap_or(model);
    match effort {
        Effort::Usual => None,
        // The least that each family knows.
        Effort::None if name.starts_with('o') => Some("low"),
        Effort::None if name == "gpt-5" || name.starts_with("gpt-5-") => Some("minimal"),
        Effort::None => Some("none"),
        Effort::Low => Some("low"),
        Effort::Medium => Some("medium"),
        Effort::High => Some("high"),
    }
}
