//! The trait of model services.

use async_trait::async_trait;
use tokio_util::sync::CancellationToken;

use crate::{ModelAnswer, ModelCard, ModelRequest, Result, Tokens};

/// Answers a conversation, as a model service does.
///
/// - The request is complete: an implementation keeps no conversation of its own.
/// - `say` is called with pieces as they arrive; the pieces of text, joined, are the answer's text in the end, no less and no
///   more.
/// - The blocks of an answer come in the service's order. What has to go back unchanged is a [`Block::Opaque`](crate::Block) and,
///   sent again, is the same bytes.
/// - Calls in an answer have arguments that are an object, or say what is wrong with them ([`ModelCall::fault`](crate::ModelCall)),
///   and names of their own.
/// - A call that was cut off is an error (`Unavailable`), not a call without arguments; so is an answer that has no end.
/// - Equal messages are written as equal bytes, wherever they stand in a growing conversation.
/// - Nothing is tried again inside; [`Retry`](crate::Retry) in the error says what the service said about it.
/// - Neither its errors nor anything else that it gives names a key.
/// - Its name and its card are always the same.
///
/// Cancellation: by the token, with `Cancelled` soon after, or by dropping the future. Either way the connection is closed
/// and `say` is let go.
///
/// Errors: `NotAllowed` (key), `NotFound` (no such model), `LimitExceeded` (too long, over quota), `Unavailable` (overloaded,
/// cut off, not reached), `InvalidInput`, `Cancelled`.
///
/// Suite: `cowork_testkit::model::suite!` tells a story for each of these.
///
/// ```
/// use std::sync::Arc;
///
/// use cowork_core::{
///     CancellationToken, Message, Model, ModelAnswer, ModelCard, ModelRequest, Block, Said, Result, Role, Say,
///     async_trait,
/// };
/// use cowork_testkit::block_on;
///
/// /// Says back what the person said last.
/// struct Echo(ModelCard);
///
/// #[async_trait]
/// impl Model for Echo {
///     fn name(&self) -> &str {
///         "echo"
///     }
///
///     fn card(&self) -> &ModelCard {
///         &self.0
///     }
///
///     async fn answer(&self, request: ModelRequest, say: Say, _: CancellationToken) -> Result<ModelAnswer> {
///         let said = request.messages.iter().rev().find(|m| m.role == Role::User).map(|m| m.text());
///         let text = said.unwrap_or_default();
///         say(Said::Text(&text));
///         Ok(ModelAnswer { blocks: vec![Block::text(text)], ..ModelAnswer::default() })
///     }
/// }
///
/// let echo = Echo(ModelCard::local("this process"));
/// let request = ModelRequest { messages: vec![Arc::new(Message::user("hello"))].into(), ..ModelRequest::default() };
/// let say = Box::new(|said: Said<'_>| print!("{said:?}"));
/// let answer = block_on(echo.answer(request, say, CancellationToken::new()))?;
/// assert_eq!(answer.text(), "hello");
/// # Ok::<(), cowork_core::Error>(())
/// ```
#[async_trait]
pub trait Model: Send + Sync + 'static {
    /// Gives its name, as a person chooses it: `anthropic/claude-sonnet-4-5`.
    fn name(&self) -> &str;

    /// Says what is known about it: where it is, how much it holds, what it costs.
    fn card(&self) -> &ModelCard;

    /// Says what its service is called, for whoever watches: as OpenTelemetry's conventions name it, where they do.
    fn provider(&self) -> &str {
        "_OTHER"
    }

    /// Gives its name at its service: `claude-sonnet-4-5`.
    fn known_as(&self) -> &str {
        self.name()
    }

    /// Answers.
    async fn answer(&self, request: ModelRequest, say: Say, cancel: CancellationToken) -> Result<ModelAnswer>;

    /// Counts the tokens of a request: by the service where it has a way to, else by an estimate that says so.
    ///
    /// # Errors
    /// As [`Model::answer`]'s. The estimate has none.
    async fn count(&self, request: &ModelRequest) -> Result<Tokens> {
        Ok(request.estimate())
    }
}

/// Is told of an answer as it arrives. Cheap, never blocks.
pub type Say = Box<dyn Fn(Said<'_>) + Send + Sync>;

/// A piece of an answer as it arrives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Said<'a> {
    /// Text.
    Text(&'a str),
    /// What it thinks, as far as the service shows it.
    Thinking(&'a str),
    /// A call of this tool began; its arguments are still to come.
    Call(&'a str),
}
