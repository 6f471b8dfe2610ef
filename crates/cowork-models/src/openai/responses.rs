//! Responses.

pub(super) mod read;
mod write;

use std::fmt;

use async_trait::async_trait;
use cowork_core::{CancellationToken, Kind, Model, ModelAnswer, ModelCard, ModelRequest, Result, Say, Tokens};
use serde::Deserialize;
use serde_json::Value;

use super::read::{answer, broken};
use crate::Transport;

/// The name under which messages are kept as they are written for this format.
const DIALECT: &str = "responses";

/// A model behind a service that speaks Responses.
///
/// Nothing is stored at the service: what a model thought comes sealed and goes back unchanged with what came of it.
pub struct Responses {
    name: String,
    model: String,
    card: ModelCard,
    transport: Transport,
    service_tools: Vec<Value>,
}

impl Responses {
    /// Makes one; `service` is what a person calls the service, `transport` leads to its address, `card` says what is known of
    /// the model.
    pub fn new(service: &str, model: &str, card: ModelCard, transport: Transport) -> Self {
        let (name, model) = (format!("{service}/{model}"), model.to_owned());
        Self { name, model, card, transport, service_tools: Vec::new() }
    }

    /// Calls it otherwise than by its service and its model.
    #[must_use]
    pub fn with_name(mut self, name: impl Into<String>) -> Self {
        self.name = name.into();
        self
    }
}

impl Responses {
    /// Offers the model a tool that its service runs by itself, such as `{"type":"web_search"}`.
    ///
    /// Such a tool is a destination of its own, and what it brings is untrusted: offer none that the person did not grant.
    #[must_use]
    pub fn with_service_tool(mut self, tool: Value) -> Self {
        self.service_tools.push(tool);
        self
    }
}

#[async_trait]
impl Model for Responses {
    fn name(&self) -> &str {
        &self.name
    }

    fn card(&self) -> &ModelCard {
        &self.card
    }

    fn provider(&self) -> &str {
        "openai"
    }

    fn known_as(&self) -> &str {
        &self.model
    }

    async fn answer(&self, request: ModelRequest, say: Say, cancel: CancellationToken) -> Result<ModelAnswer> {
        let body = || write::body(self, &request);
        let mut reader = read::Reader::default();
        answer(&self.transport, "/responses", body, &mut reader, &say, &cancel).await?;
        let answer = reader.finish(&request)?;
        tracing::debug!(model = %self.name, id = %answer.id, stop = ?answer.stop, usage = ?answer.usage, "answered");
        Ok(answer)
    }

    async fn count(&self, request: &ModelRequest) -> Result<Tokens> {
        #[derive(Deserialize)]
        struct Counted {
            input_tokens: u64,
        }
        let body = || write::count(self, request);
        match self.transport.post("/responses/input_tokens", body, &CancellationToken::new()).await {
            Ok(mut incoming) => {
                let all = incoming.whole().await?;
                let counted: Counted =
                    serde_json::from_slice(&all).map_err(|e| broken("something else than a count").with_source(e))?;
                Ok(Tokens { count: counted.input_tokens, estimated: false })
            }
            // A compatible service need not count.
            Err(error) if error.kind == Kind::NotFound => Ok(request.estimate()),
            Err(error) => Err(error),
        }
    }
}

impl fmt::Debug for Responses {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Responses({})", self.name)
    }
}
