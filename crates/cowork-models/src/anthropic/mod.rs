//! Anthropic's Messages API, as Anthropic and services compatible with it speak it.
//!
//! Source: Anthropic's documentation of `POST /v1/messages`, `/v1/messages/count_tokens` and `/v1/models`, version 2023-06-01.
//!
//! Prompts are cached: what stands before the conversation is marked at its end, and so are the last message of the person's and
//! the one that the step before ended with. Messages are written once and never change, so a step reads from the cache all
//! that the step before wrote, however many blocks came in between (the service looks back over 20 at most).

mod block;
mod known;
mod read;
mod schema;
mod write;

use std::borrow::Cow;

use async_trait::async_trait;
use cowork_core::{CancellationToken, Kind, Model, ModelAnswer, ModelCard, ModelRequest, Result, Say, Tokens};
use serde::Deserialize;
use serde_json::Value;

#[cfg(feature = "config")]
pub(crate) use known::thinks;
pub use known::{Thinking, card};
pub use read::{Heard, Reader};

use crate::{
    Auth, Endpoint, Secret, Transport, call,
    sse::Parser,
    transport::{Content, Incoming, Pieces},
};

/// Where Anthropic is.
pub const BASE: &str = "https://api.anthropic.com";

/// How it calls itself in an opaque block.
const DIALECT: &str = "anthropic";

/// A model that is reached by the Messages API.
///
/// ```no_run
/// use cowork_core::Model;
/// use cowork_models::{Limits, Secret, Transport, anthropic::{self, Anthropic}};
///
/// let key = Secret::new(&std::env::var("ANTHROPIC_API_KEY").unwrap_or_default(), "ANTHROPIC_API_KEY");
/// let transport = Transport::new(anthropic::endpoint(Some(key)), Limits::default())?;
/// let model = Anthropic::new(transport, "claude-sonnet-5-5");
/// assert_eq!(model.name(), "anthropic/claude-sonnet-5-5");
/// # Ok::<(), cowork_core::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Anthropic {
    transport: Transport,
    model: String,
    name: String,
    card: ModelCard,
    thinking: Thinking,
    structured: bool,
    bound: bool,
    service_tools: Vec<Value>,
}

/// Describes Anthropic's own service. A compatible one has another `base`, and often `Auth::Bearer`.
pub fn endpoint(key: Option<Secret>) -> Endpoint {
    Endpoint {
        base: BASE.to_owned(),
        key,
        auth: Auth::Header("x-api-key"),
        key_from: "ANTHROPIC_API_KEY".to_owned(),
        headers: vec![("anthropic-version".to_owned(), "2023-06-01".to_owned())],
    }
}

/// Gives the names of the models that a service offers this key.
///
/// # Errors
/// As [`Transport::get`]'s.
pub async fn models(transport: &Transport, cancel: &CancellationToken) -> Result<Vec<String>> {
    #[derive(Deserialize)]
    struct Page {
        data: Vec<Entry>,
    }
    #[derive(Deserialize)]
    struct Entry {
        id: String,
    }
    let mut incoming = transport.get(&path(transport, "/models?limit=1000"), cancel).await?;
    let page: Page = parse(&mut incoming).await.map_err(|e| transport.hide(e))?;
    Ok(page.data.into_iter().map(|entry| entry.id).collect())
}

impl Anthropic {
    /// Makes one for a model of this service, with what is known about it by its name ([`card`]).
    pub fn new(transport: Transport, model: impl Into<String>) -> Self {
        let model = model.into();
        let known::Traits { card, thinking, structured, bound } = known::all(&model, transport.at());
        let name = format!("anthropic/{model}");
        Self { transport, model, name, card, thinking, structured, bound, service_tools: Vec::new() }
    }

    /// Calls it otherwise than `anthropic/MODEL`.
    #[must_use]
    pub fn with_name(mut self, name: impl Into<String>) -> Self {
        self.name = name.into();
        self
    }

    /// Says what the host knows better: the window, the price. Where it is stays as it is.
    #[must_use]
    pub fn with_card(mut self, card: ModelCard) -> Self {
        self.card = ModelCard { at: self.card.at, ..card };
        self
    }

    /// Says how it is told how hard to think.
    #[must_use]
    pub fn with_thinking(mut self, thinking: Thinking) -> Self {
        self.thinking = thinking;
        self
    }

    /// Says whether the service holds an answer to a schema.
    #[must_use]
    pub fn with_structured(mut self, structured: bool) -> Self {
        self.structured = structured;
        self
    }

    /// Says whether its thoughts are bound to what stood before them. If so, the service is told to leave out those whose
    /// beginning has changed, as after compaction, where it would refuse the request.
    #[must_use]
    pub fn with_bound_thinking(mut self, bound: bool) -> Self {
        self.bound = bound;
        self
    }

    /// Offers the model a tool that its service runs by itself, such as `{"type":"web_search_20250305","name":"web_search"}`.
    ///
    /// Such a tool is a destination of its own, and what it brings is untrusted: offer none that the person did not grant.
    #[must_use]
    pub fn with_service_tool(mut self, tool: Value) -> Self {
        self.service_tools.push(tool);
        self
    }

    fn post<B: FnOnce() -> Pieces>(
        &self,
        resource: &str,
        body: B,
        cancel: &CancellationToken,
    ) -> impl Future<Output = Result<Incoming>> + use<B> {
        let headers: &'static [_] =
            if self.bound { &[("anthropic-beta", "thinking-binding-controls-2026-08-01")] } else { &[] };
        self.transport.post_with(&path(&self.transport, resource), headers, body, cancel)
    }

    async fn ask(&self, request: &ModelRequest, say: &Say, cancel: &CancellationToken) -> Result<ModelAnswer> {
        let mut incoming = self.post("/messages", || write::answer(self, request), cancel).await?;
        let mut reader = Reader::new(&**say);
        self.read(&mut incoming, &mut reader).await?;
        let answer = reader.answer(request)?;
        incoming.rest().await;
        Ok(answer)
    }

    async fn read(&self, incoming: &mut Incoming, reader: &mut Reader<'_>) -> Result<()> {
        if incoming.content() == Content::Json {
            let whole = incoming.whole().await?;
            return self.heard(reader.whole(&whole)?).map(drop);
        }
        let (mut parser, mut ended) = (Parser::default(), false);
        while let Some(piece) = incoming.next().await? {
            parser.feed(piece, |event| {
                ended |= self.heard(reader.event(event.name, event.data)?)?;
                Ok(())
            })?;
            if ended {
                return Ok(());
            }
        }
        parser.finish(|event| self.heard(reader.event(event.name, event.data)?).map(drop))
    }

    /// Says whether that was the end.
    fn heard(&self, heard: Heard) -> Result<bool> {
        match heard {
            Heard::More => Ok(false),
            Heard::End => Ok(true),
            Heard::Fault(fault) => Err(self.transport.fault(&fault)),
        }
    }
}

#[async_trait]
impl Model for Anthropic {
    fn name(&self) -> &str {
        &self.name
    }

    fn card(&self) -> &ModelCard {
        &self.card
    }

    fn provider(&self) -> &str {
        "anthropic"
    }

    fn known_as(&self) -> &str {
        &self.model
    }

    async fn answer(&self, request: ModelRequest, say: Say, cancel: CancellationToken) -> Result<ModelAnswer> {
        let answer = self.ask(&request, &say, &cancel).await.map_err(|e| self.transport.hide(e))?;
        tracing::debug!(model = %self.name, id = %answer.id, stop = ?answer.stop, usage = ?answer.usage, "answered");
        Ok(answer)
    }

    async fn count(&self, request: &ModelRequest) -> Result<Tokens> {
        #[derive(Deserialize)]
        struct Counted {
            input_tokens: u64,
        }
        match self.post("/messages/count_tokens", || write::count(self, request), &CancellationToken::new()).await {
            Ok(mut incoming) => {
                let counted: Counted = parse(&mut incoming).await.map_err(|e| self.transport.hide(e))?;
                Ok(Tokens { count: counted.input_tokens, estimated: false })
            }
            // A compatible service need not count. One that does says which model it does not know.
            Err(error) if error.kind == Kind::NotFound && error.fact("service_error").is_none() => {
                Ok(request.estimate())
            }
            Err(error) => Err(error),
        }
    }
}

/// Gives the way to a resource, whether the service's address ends with `/v1` or not.
fn path<'a>(transport: &Transport, resource: &'a str) -> Cow<'a, str> {
    if transport.path().ends_with("/v1") { resource.into() } else { format!("/v1{resource}").into() }
}

async fn parse<T: for<'a> Deserialize<'a>>(incoming: &mut Incoming) -> Result<T> {
    let whole = incoming.whole().await?;
    serde_json::from_slice(&whole).map_err(|e| read::unreadable(&e))
}

/// Says what a call's name of this service begins with.
fn ids(request: &ModelRequest) -> call::Ids<'_> {
    call::Ids::new(request, "toolu_")
}
