//! What a script goes by: the request in words that fit each format.

use std::hash::{DefaultHasher, Hash, Hasher};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Fault, Format, Reply};

/// A request, as a script sees it.
#[derive(Clone, Debug)]
pub struct Ask {
    /// Its format.
    pub format: Format,
    /// How many requests came before it, of any format.
    pub number: u64,
    /// How often this turn of this conversation was asked for before.
    pub attempt: u64,
    /// The model.
    pub model: String,
    /// Whether the answer is to be streamed.
    pub stream: bool,
    /// How many turns of the model's the conversation has.
    pub turns: usize,
    /// The text of the last turn of the person's.
    pub text: String,
    /// The results of calls in the last turn.
    pub results: Vec<CallResult>,
    /// The names of the tools that it may call.
    pub tools: Vec<String>,
    /// The body.
    pub body: Value,
}

/// What came of a call, as a request tells it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallResult {
    /// The call.
    pub call: String,
    /// What came of it.
    pub text: String,
    /// Whether it failed, where the format has a word for it.
    pub failed: bool,
}

/// A script in a file: JSON with one reply for each turn.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ScriptFile {
    /// The key that it wants; none for any.
    pub key: Option<String>,
    /// The models that it knows; none for any.
    pub models: Vec<String>,
    /// Where it splits what it sends.
    pub seed: u64,
    /// The replies, one for each turn of the model's in a conversation.
    pub replies: Vec<Reply>,
}

impl ScriptFile {
    /// Makes a service of it.
    pub fn service(self) -> super::Builder {
        let models: Vec<&str> = self.models.iter().map(String::as_str).collect();
        let service = super::MockService::builder(list(self.replies)).with_models(&models).with_seed(self.seed);
        match &self.key {
            Some(key) => service.with_key(key),
            None => service,
        }
    }
}

pub(super) fn list(replies: Vec<Reply>) -> impl Fn(&Ask) -> Reply + Send + Sync + 'static {
    move |ask| {
        let past = || Reply::fault(Fault::Status { code: 400, retry_after: None });
        replies.get(ask.turns).cloned().unwrap_or_else(past)
    }
}

impl Ask {
    pub(super) fn new(format: Format, body: Value) -> Self {
        let messages = list_of(&body, if format == Format::Responses { "input" } else { "messages" });
        let (turns, text, results) = match format {
            Format::Messages => in_messages(messages),
            Format::Chat => in_chat(messages),
            Format::Responses => in_responses(messages, body["input"].as_str()),
        };
        let name = |tool: &Value| tool["name"].as_str().or(tool["function"]["name"].as_str()).map(str::to_owned);
        let tools = list_of(&body, "tools").iter().filter_map(name).collect();
        let model = body["model"].as_str().unwrap_or_default().to_owned();
        let stream = body["stream"].as_bool().unwrap_or_default();
        Self { format, number: 0, attempt: 0, model, stream, turns, text, results, tools, body }
    }

    /// Gives what tells this turn of this conversation from others: how it began, and how far it is.
    pub(super) fn turn_id(&self) -> u64 {
        let messages = list_of(&self.body, if self.format == Format::Responses { "input" } else { "messages" });
        let begins = messages.iter().find(|m| m["role"] == "user").map_or_else(|| self.text.clone(), Value::to_string);
        hash(&(self.format, self.turns, begins))
    }
}

/// Gives a number that is always the same for the same thing.
pub(super) fn hash(of: &impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    of.hash(&mut hasher);
    hasher.finish()
}

pub(super) fn list_of<'a>(value: &'a Value, name: &str) -> &'a [Value] {
    value[name].as_array().map(Vec::as_slice).unwrap_or_default()
}

type Parsed = (usize, String, Vec<CallResult>);

fn in_messages(messages: &[Value]) -> Parsed {
    let turns = messages.iter().filter(|m| m["role"] == "assistant").count();
    let text = messages.iter().rev().filter(|m| m["role"] == "user").map(|m| text_of(&m["content"]));
    let last = messages.last().map(|m| list_of(m, "content")).unwrap_or_default();
    let results = last.iter().filter(|b| b["type"] == "tool_result").map(|b| CallResult {
        call: b["tool_use_id"].as_str().unwrap_or_default().to_owned(),
        text: text_of(&b["content"]),
        failed: b["is_error"] == true,
    });
    (turns, text.into_iter().find(|t| !t.is_empty()).unwrap_or_default(), results.collect())
}

fn in_chat(messages: &[Value]) -> Parsed {
    let turns = messages.iter().filter(|m| m["role"] == "assistant").count();
    let text = messages.iter().rev().find(|m| m["role"] == "user").map(|m| text_of(&m["content"]));
    let last = messages.iter().rev().take_while(|m| m["role"] == "tool").map(|m| CallResult {
        call: m["tool_call_id"].as_str().unwrap_or_default().to_owned(),
        text: text_of(&m["content"]),
        failed: false,
    });
    let mut results: Vec<CallResult> = last.collect();
    results.reverse();
    (turns, text.unwrap_or_default(), results)
}

fn in_responses(items: &[Value], alone: Option<&str>) -> Parsed {
    // A turn of the model's is a run of items that are its own.
    let theirs = |item: &Value| item["role"] == "assistant" || (item["role"].is_null() && !is_output(item));
    let mut turns = 0;
    let mut inside = false;
    for item in items {
        turns += usize::from(theirs(item) && !inside);
        inside = theirs(item);
    }
    let text = items.iter().rev().find(|m| m["role"] == "user").map(|m| text_of(&m["content"]));
    let last = items.iter().rev().take_while(|i| is_output(i)).map(|i| CallResult {
        call: i["call_id"].as_str().unwrap_or_default().to_owned(),
        text: text_of(&i["output"]),
        failed: false,
    });
    let mut results: Vec<CallResult> = last.collect();
    results.reverse();
    (turns, text.or(alone.map(str::to_owned)).unwrap_or_default(), results)
}

fn is_output(item: &Value) -> bool {
    item["type"].as_str().is_some_and(|t| t.ends_with("_output"))
}

/// Gives the text of a content, which is a string or a list of parts.
fn text_of(content: &Value) -> String {
    match content {
        Value::String(text) => text.clone(),
        Value::Array(parts) => parts.iter().filter_map(|p| p["text"].as_str()).collect(),
        _ => String::new(),
    }
}
