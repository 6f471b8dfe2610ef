//! Chat Completions.

pub(super) mod read;
mod write;

use std::fmt;

use async_trait::async_trait;
use cowork_core::{CancellationToken, Model, ModelAnswer, ModelCard, ModelRequest, Result, Say};

use super::{Service, read::answer};
use crate::Transport;

/// A model behind a service that speaks Chat Completions.
///
/// Answers are streamed. What the model thinks is told as it comes and kept only where its service wants it back.
pub struct Chat {
    name: String,
    model: String,
    card: ModelCard,
    service: Service,
    transport: Transport,
}

impl Chat {
    /// Makes one of a service's models; `transport` leads to the service's address, `card` says what is known of the model.
    pub fn new(service: &Service, model: &str, card: ModelCard, transport: Transport) -> Self {
        Self { name: format!("{}/{model}", service.name), model: model.to_owned(), card, service: *service, transport }
    }

    /// Calls it otherwise than by its service and its model.
    #[must_use]
    pub fn with_name(mut self, name: impl Into<String>) -> Self {
        self.name = name.into();
        self
    }
}

#[async_trait]
impl Model for Chat {
    fn name(&self) -> &str {
        &self.name
    }

    fn card(&self) -> &ModelCard {
        &self.card
    }

    fn provider(&self) -> &str {
        self.service.provider()
    }

    fn known_as(&self) -> &str {
        &self.model
    }

    async fn answer(&self, request: ModelRequest, say: Say, cancel: CancellationToken) -> Result<ModelAnswer> {
        let body = || write::body(&self.service, &self.model, &request);
        let mut reader = read::Reader::new(self.service);
        answer(&self.transport, "/chat/completions", body, &mut reader, &say, &cancel).await?;
        let answer = reader.finish(&request)?;
        tracing::debug!(model = %self.name, id = %answer.id, stop = ?answer.stop, usage = ?answer.usage, "answered");
        Ok(answer)
    }
}

impl fmt::Debug for Chat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Chat({})", self.name)
    }
}
