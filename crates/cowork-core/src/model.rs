//! The trait of model services.

use async_trait::async_trait;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio_util::sync::CancellationToken;

use crate::{Label, Result, ToolSpec};

/// Answers a conversation, as a model service does.
///
/// - The request is complete: an implementation keeps no conversation of its own.
/// - `say` is called with text as it arrives, never with less or more than the answer's text in the end.
/// - Calls in an answer have parsed arguments, an object each, and names of their own.
/// - A call that was cut off is an error (`Unavailable`), not a call without arguments.
/// - Nothing is tried again inside; [`Retry`](crate::Retry) in the error says what the service said about it.
/// - Its name is always the same.
///
/// Cancellation: by the token, with `Cancelled` soon after, or by dropping the future. Either way the connection is closed
/// and `say` is let go.
///
/// Errors: `NotAllowed` (key), `LimitExceeded` (too long, over quota), `Unavailable` (overloaded, cut off), `InvalidInput`,
/// `Cancelled`.
///
/// Suite: `cowork_testkit::model::suite!` tells a story for each of these.
///
/// ```
/// use cowork_core::{
///     CancellationToken, Message, Model, ModelAnswer, ModelRequest, Result, Say, async_trait,
/// };
/// use cowork_testkit::block_on;
///
/// /// Says back what the person said last.
/// struct Echo;
///
/// #[async_trait]
/// impl Model for Echo {
///     fn name(&self) -> &str {
///         "echo, in this process"
///     }
///
///     async fn answer(&self, request: ModelRequest, say: Say, _: CancellationToken) -> Result<ModelAnswer> {
///         let said = request.messages.iter().rev().find_map(|m| match m {
///             Message::User { text, .. } => Some(text.clone()),
///             _ => None,
///         });
///         let text = said.unwrap_or_default();
///         say(&text);
///         Ok(ModelAnswer { text, ..ModelAnswer::default() })
///     }
/// }
///
/// let hello = Message::User { text: "hello".to_owned(), label: cowork_core::Label::user() };
/// let request = ModelRequest { messages: vec![hello], ..ModelRequest::default() };
/// let answer = block_on(Echo.answer(request, Box::new(|piece| print!("{piece}")), CancellationToken::new()))?;
/// assert_eq!(answer.text, "hello");
/// # Ok::<(), cowork_core::Error>(())
/// ```
#[async_trait]
pub trait Model: Send + Sync + 'static {
    /// Gives its name and where it is: a destination, for the policy.
    fn name(&self) -> &str;

    /// Answers.
    async fn answer(&self, request: ModelRequest, say: Say, cancel: CancellationToken) -> Result<ModelAnswer>;
}

/// Is told text as it arrives. Cheap, never blocks.
pub type Say = Box<dyn Fn(&str) + Send + Sync>;

/// What a model is asked.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ModelRequest {
    /// Standing instructions.
    pub system: String,
    /// The conversation, oldest first.
    pub messages: Vec<Message>,
    /// The tools it may call.
    pub tools: Vec<ToolSpec>,
    /// The most tokens it may answer with.
    pub most_tokens: u32,
}

/// One turn of a conversation.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "role", rename_all = "snake_case")]
pub enum Message {
    /// The person, or the host for them.
    User {
        /// What was said.
        text: String,
        /// Where it came from.
        label: Label,
    },
    /// The model.
    Assistant {
        /// What it said.
        text: String,
        /// What it wanted done.
        calls: Vec<ModelCall>,
        /// Blocks that must go back unchanged, byte for byte.
        opaque: Value,
    },
    /// A tool's result.
    Tool {
        /// The call it answers.
        call: String,
        /// What came of it.
        text: String,
        /// Where it came from.
        label: Label,
    },
}

/// A call as a model writes it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ModelCall {
    /// The service's name for it.
    pub id: String,
    /// The tool.
    pub tool: String,
    /// The arguments.
    pub args: Value,
}

/// What a model answers.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ModelAnswer {
    /// What it says.
    pub text: String,
    /// What it wants done.
    pub calls: Vec<ModelCall>,
    /// Blocks that must go back unchanged.
    pub opaque: Value,
    /// Tokens read and written.
    pub tokens: (u64, u64),
}
