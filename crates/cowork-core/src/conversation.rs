//! What a model is asked and what it answers: the words of [`Model`](crate::Model), the same for every service.

use std::{
    borrow::Cow,
    fmt,
    ops::Deref,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use bytes::Bytes;
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;

use crate::{Args, Messages, ToolSpec};

/// What a model is asked.
///
/// A clone is cheap: what a long conversation says is shared, and so is what an implementation has written of it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ModelRequest {
    /// What stands before the conversation and seldom changes.
    pub head: Arc<Head>,
    /// The conversation, oldest first. It begins with the person; a call's result comes in the next message after the call.
    pub messages: Messages,
    /// The most tokens it may answer with; 0 for as many as the model can.
    #[serde(default)]
    pub most_tokens: u32,
    /// How hard it should think.
    #[serde(default)]
    pub effort: Effort,
    /// A JSON Schema that the answer's text must fit, if any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub schema: Option<Arc<Value>>,
}

/// What stands before a conversation.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Head {
    /// Standing instructions.
    pub system: String,
    /// The tools it may call.
    #[serde(default)]
    pub tools: ToolSet,
    /// What an implementation has written of it, but for the tools.
    #[serde(skip)]
    pub written: Written,
}

/// Tools that a model may call. A clone is the same set, so that many conversations share it and what was written of it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ToolSet(Arc<Shown>);

#[derive(Debug, Default, PartialEq)]
struct Shown {
    specs: Vec<ToolSpec>,
    written: Written,
    /// How many bytes of text they come to, for an estimate.
    size: usize,
}

/// How hard a model should think before it answers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Effort {
    /// As the service does unasked.
    #[default]
    Usual,
    /// Not at all, where that can be had.
    None,
    /// A little.
    Low,
    /// As much as for everyday work.
    Medium,
    /// As much as it can.
    High,
}

/// One turn of a conversation.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Message {
    /// Whose turn it is.
    pub role: Role,
    /// What was said, in order.
    pub blocks: Vec<Block>,
    /// What an implementation has written of it.
    #[serde(skip)]
    pub written: Written,
}

/// Whose turn it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// The person, or the host for them; results of calls too.
    User,
    /// The model.
    Assistant,
}

/// A block of a turn's content.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "type", rename_all = "snake_case")]
#[non_exhaustive]
pub enum Block {
    /// Text.
    Text {
        /// What was said.
        text: String,
        /// Where it has it from, as the service writes it.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        citations: Vec<Value>,
    },
    /// A picture or a document, for a model that can see such ([`ModelCard::sees`]).
    Media {
        /// What it is called; empty if it has no name.
        #[serde(default, skip_serializing_if = "String::is_empty")]
        name: String,
        /// Its type: `image/png`, `application/pdf`.
        media_type: String,
        /// Its bytes in Base64, with padding.
        data: Arc<str>,
    },
    /// A call that the model wants.
    Call(ModelCall),
    /// What came of a call.
    Result {
        /// The call's [`ModelCall::id`].
        call: String,
        /// What came of it.
        text: String,
        /// Whether it failed or was not run.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        failed: bool,
    },
    /// A block that only its service understands (thinking, a search of its own) and that must go back to it unchanged, in its
    /// place. Another service is not shown it.
    Opaque {
        /// Who wrote it, as its implementation calls itself: `anthropic`.
        dialect: String,
        /// The block's JSON, byte for byte.
        json: String,
    },
}

/// A call as a model writes it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ModelCall {
    /// Its name in the conversation: a-z, A-Z, 0-9, `_` and `-`, at most 64 bytes.
    pub id: String,
    /// The tool.
    pub tool: String,
    /// The arguments: an object, empty where `fault` is set.
    pub args: Args,
    /// What is wrong with the arguments as they were written, if they can't be read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fault: Option<String>,
}

/// What a model answers.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ModelAnswer {
    /// What it says and wants done, in its order.
    pub blocks: Vec<Block>,
    /// Why it ended there.
    pub stop: Stop,
    /// What it took.
    pub usage: Usage,
    /// The service's name for the answer, for its support; empty if it has none.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub id: String,
    /// The model that the service says it was; empty if it does not say.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub model: String,
    /// Whether something is in it that tools brought which the service ran by itself: anybody's words.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub brought: bool,
}

/// Why an answer ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Stop {
    /// It had said all.
    #[default]
    End,
    /// It wants calls made. An answer with calls always ends so, whatever the service calls it.
    Calls,
    /// It reached the most tokens that it may answer with.
    Length,
    /// The conversation does not fit into what the model holds.
    Full,
    /// The model, or a filter of its service, would not answer.
    Refused,
    /// The service interrupts a long turn: the same conversation with this answer at its end goes on.
    Paused,
}

/// How many tokens an answer took. The sum of all fields but `thinking` is what was read and written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Usage {
    /// Read, neither from the service's cache nor into it.
    #[serde(default)]
    pub input: u64,
    /// Read from the service's cache.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub cache_read: u64,
    /// Read and kept in the service's cache.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub cache_write: u64,
    /// Written, thinking among it.
    #[serde(default)]
    pub output: u64,
    /// Thought, where the service says so; part of `output`.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub thinking: u64,
}

/// What is known about a model.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ModelCard {
    /// Where requests go: a host, with its port where it is not the usual one. A destination, for the policy.
    pub at: String,
    /// How many tokens a request and its answer may have together.
    pub window: u32,
    /// How many tokens an answer may have.
    pub most_tokens: u32,
    /// The types of media it can see: `image/png`.
    #[serde(default)]
    pub sees: Vec<String>,
    /// What it costs; none if that is not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub price: Option<Price>,
}

/// What a model costs: millionths of a US dollar for a million tokens. 3,000,000 is three dollars.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Price {
    /// Read.
    pub input: u64,
    /// Read from the service's cache.
    pub cache_read: u64,
    /// Read and kept in the service's cache.
    pub cache_write: u64,
    /// Written.
    pub output: u64,
}

/// How many tokens something has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Tokens {
    /// So many.
    pub count: u64,
    /// Whether that is an estimate.
    pub estimated: bool,
}

/// What an implementation of [`Model`](crate::Model) has written of something that does not change, so that a long
/// conversation is not written anew for each step ([`Messages::joined`] joins what was written of many).
///
/// It is no part of what it stands beside: a clone has none, and two are always equal.
#[derive(Default)]
pub struct Written(Mutex<Option<(&'static str, Bytes)>>);

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde passes it so")]
fn is_zero(n: &u64) -> bool {
    *n == 0
}

impl ModelRequest {
    /// Estimates its tokens: a token for every three bytes of text, which errs on the side of too many for most languages, and
    /// 1,600 for each picture.
    pub fn estimate(&self) -> Tokens {
        let bytes = self.head.system.len() + self.head.tools.0.size + self.messages.size();
        Tokens { count: (bytes as u64).div_ceil(BYTES_A_TOKEN), estimated: true }
    }
}

/// How many bytes of text are taken for a token.
const BYTES_A_TOKEN: u64 = 3;

/// How many bytes of text a picture or a page counts as.
const MEDIA: usize = 4_800;

fn json_size(value: &Value) -> usize {
    match value {
        Value::Null | Value::Bool(_) | Value::Number(_) => 4,
        Value::String(text) => text.len() + 2,
        Value::Array(all) => all.iter().map(json_size).sum::<usize>() + 2,
        Value::Object(all) => all.iter().map(|(k, v)| k.len() + 4 + json_size(v)).sum::<usize>() + 2,
    }
}

impl ToolSet {
    /// Gives what an implementation has written of it.
    pub fn written(&self) -> &Written {
        &self.0.written
    }
}

impl Deref for ToolSet {
    type Target = [ToolSpec];

    fn deref(&self) -> &[ToolSpec] {
        &self.0.specs
    }
}

impl From<Vec<ToolSpec>> for ToolSet {
    fn from(specs: Vec<ToolSpec>) -> Self {
        let size = specs.iter().map(|t| t.name.len() + t.about.len() + json_size(&t.schema) + 20).sum();
        Self(Arc::new(Shown { specs, written: Written::default(), size }))
    }
}

impl FromIterator<ToolSpec> for ToolSet {
    fn from_iter<I: IntoIterator<Item = ToolSpec>>(specs: I) -> Self {
        Self::from(specs.into_iter().collect::<Vec<_>>())
    }
}

impl Serialize for ToolSet {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.specs.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for ToolSet {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Vec::<ToolSpec>::deserialize(deserializer).map(Self::from)
    }
}

impl JsonSchema for ToolSet {
    fn schema_name() -> Cow<'static, str> {
        "ToolSet".into()
    }

    fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        Vec::<ToolSpec>::json_schema(generator)
    }
}

impl Message {
    /// Makes a turn of the person's.
    pub fn user(text: impl Into<String>) -> Self {
        Self::new(Role::User, vec![Block::text(text)])
    }

    /// Makes a turn.
    pub fn new(role: Role, blocks: Vec<Block>) -> Self {
        Self { role, blocks, written: Written::default() }
    }

    /// Gives its text.
    pub fn text(&self) -> String {
        text_of(&self.blocks)
    }

    /// Gives how many bytes of text it comes to, for an estimate of its tokens.
    pub fn size(&self) -> usize {
        self.blocks.iter().map(Block::size).sum::<usize>() + 12
    }
}

impl Block {
    /// Makes a block of text.
    pub fn text(text: impl Into<String>) -> Self {
        Self::Text { text: text.into(), citations: Vec::new() }
    }

    fn size(&self) -> usize {
        match self {
            Self::Text { text, .. } => text.len(),
            Self::Media { .. } => MEDIA,
            Self::Call(call) => call.tool.len() + call.args.text().len() + 40,
            Self::Result { text, .. } => text.len() + 40,
            Self::Opaque { json, .. } => json.len(),
        }
    }
}

impl ModelAnswer {
    /// Gives its text.
    pub fn text(&self) -> String {
        text_of(&self.blocks)
    }

    /// Gives the calls that it wants, in order.
    pub fn calls(&self) -> impl Iterator<Item = &ModelCall> {
        self.blocks.iter().filter_map(|block| match block {
            Block::Call(call) => Some(call),
            _ => None,
        })
    }
}

/// Gives the text of blocks.
pub(crate) fn text_of(blocks: &[Block]) -> String {
    let texts = blocks.iter().filter_map(|block| match block {
        Block::Text { text, .. } => Some(text.as_str()),
        _ => None,
    });
    texts.collect()
}

impl Usage {
    /// Gives all that was read and written.
    pub fn total(&self) -> u64 {
        [self.input, self.cache_read, self.cache_write, self.output].iter().fold(0, |sum, n| sum.saturating_add(*n))
    }

    /// Adds another one.
    pub fn add(&mut self, other: &Self) {
        let sum = |a: &mut u64, b: u64| *a = a.saturating_add(b);
        sum(&mut self.input, other.input);
        sum(&mut self.cache_read, other.cache_read);
        sum(&mut self.cache_write, other.cache_write);
        sum(&mut self.output, other.output);
        sum(&mut self.thinking, other.thinking);
    }
}

impl Price {
    /// Gives what so many tokens cost, in millionths of a US dollar, rounded up.
    pub fn of(&self, usage: &Usage) -> u64 {
        let each = [
            (usage.input, self.input),
            (usage.cache_read, self.cache_read),
            (usage.cache_write, self.cache_write),
            (usage.output, self.output),
        ];
        let sum: u128 = each.iter().map(|(tokens, price)| u128::from(*tokens) * u128::from(*price)).sum();
        u64::try_from(sum.div_ceil(1_000_000)).unwrap_or(u64::MAX)
    }
}

impl ModelCard {
    /// Describes a small model that costs nothing: a test's, or one in this process.
    pub fn local(at: impl Into<String>) -> Self {
        let price = Some(Price::default());
        Self { at: at.into(), window: 32_768, most_tokens: 8_192, sees: Vec::new(), price }
    }
}

impl Written {
    /// Gives what was written in this dialect, or writes it. The first dialect's is kept; another one's is written each time.
    pub fn get_or(&self, dialect: &'static str, write: impl FnOnce() -> Vec<u8>) -> Bytes {
        match &mut *self.kept() {
            Some((kept, bytes)) if *kept == dialect => bytes.clone(),
            Some(_) => write().into(),
            none => {
                let bytes = Bytes::from(write());
                *none = Some((dialect, bytes.clone()));
                bytes
            }
        }
    }

    /// Gives up what was written in this dialect, or writes it.
    pub(crate) fn take_or(&self, dialect: &'static str, write: impl FnOnce() -> Vec<u8>) -> Bytes {
        match self.kept().take_if(|(kept, _)| *kept == dialect) {
            Some((_, bytes)) => bytes,
            None => write().into(),
        }
    }

    fn kept(&self) -> MutexGuard<'_, Option<(&'static str, Bytes)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Clone for Written {
    fn clone(&self) -> Self {
        Self::default()
    }
}

impl PartialEq for Written {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl fmt::Debug for Written {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &*self.kept() {
            Some((dialect, bytes)) => write!(f, "Written({dialect}, {} bytes)", bytes.len()),
            None => f.write_str("Written(nothing)"),
        }
    }
}
