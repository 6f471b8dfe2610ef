//! Calls as models write them: their arguments, with the schema, and their names.

use std::{borrow::Cow, collections::HashSet};

use cowork_core::{Args, Block, ModelRequest};
use serde_json::{Map, Value};

/// How long a name may be.
const MOST_NAME: usize = 64;

/// Reads a call's arguments: an object, or an empty one and what is wrong with them.
///
/// None, `null` and an empty text are no arguments; a text that holds an object is that object, since some services write it twice.
pub(crate) fn args(written: &str) -> (Value, Option<String>) {
    let none = || Value::Object(Map::new());
    if written.trim().is_empty() {
        return (none(), None);
    }
    let object = |args: Value| match Args::fault(&args) {
        Some(fault) => (none(), Some(format!("the arguments can't be kept: {fault}"))),
        None => (args, None),
    };
    match serde_json::from_str::<Value>(written) {
        Ok(args @ Value::Object(_)) => object(args),
        Ok(Value::Null) => (none(), None),
        Ok(Value::String(text)) if text.trim().is_empty() || text.trim() == "null" => (none(), None),
        Ok(Value::String(text)) => match serde_json::from_str::<Value>(&text) {
            Ok(args @ Value::Object(_)) => object(args),
            _ => (none(), Some("the arguments are a text, not an object".to_owned())),
        },
        Ok(other) => (none(), Some(format!("the arguments are {}, not an object", name_of(&other)))),
        Err(e) => (none(), Some(format!("the arguments are not JSON: {e}"))),
    }
}

fn name_of(value: &Value) -> &'static str {
    match value {
        Value::Array(_) => "a list",
        Value::Bool(_) => "true or false",
        _ => "a number",
    }
}

/// Gives a tool's name as it can be sent back to a service, and what is wrong with it if it was another.
pub(crate) fn tool(name: String) -> (String, Option<String>) {
    if is_name(&name) {
        return (name, None);
    }
    let kept: String = name.chars().map(|c| if is_sign(c) { c } else { '_' }).take(MOST_NAME).collect();
    let kept = if kept.is_empty() { "unknown".to_owned() } else { kept };
    let fault = format!("there is no tool called {:?}", name.chars().take(MOST_NAME).collect::<String>());
    (kept, Some(fault))
}

fn is_name(name: &str) -> bool {
    !name.is_empty() && name.len() <= MOST_NAME && name.chars().all(is_sign)
}

fn is_sign(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_' || c == '-'
}

/// Gives the schema of a tool's arguments: an object, with no alternatives at its top, which services refuse together with the whole
/// request. What the alternatives have is put together; whether arguments fit one of them is checked before the tool runs.
pub(crate) fn schema(schema: &Value) -> Cow<'_, Value> {
    let plain = Map::new();
    let fields = schema.as_object().unwrap_or(&plain);
    let alternatives = ["oneOf", "anyOf", "allOf"];
    if fields.get("type").is_some_and(|kind| kind == "object") && !alternatives.iter().any(|a| fields.contains_key(*a))
    {
        return Cow::Borrowed(schema);
    }
    let mut fields = fields.clone();
    fields.insert("type".to_owned(), Value::from("object"));
    let mut properties = fields.get("properties").and_then(Value::as_object).cloned().unwrap_or_default();
    for alternative in alternatives {
        for schema in fields.remove(alternative).iter().filter_map(Value::as_array).flatten() {
            for (name, property) in schema.get("properties").and_then(Value::as_object).into_iter().flatten() {
                properties.entry(name.clone()).or_insert_with(|| property.clone());
            }
        }
    }
    if !properties.is_empty() {
        fields.insert("properties".to_owned(), Value::Object(properties));
    }
    Cow::Owned(Value::Object(fields))
}

/// Gives each call of an answer a name of its own, the service's where it can be.
pub(crate) struct Ids<'a> {
    request: &'a ModelRequest,
    /// Names that begin so are the service's own, and never come twice in a conversation.
    own: &'static str,
    taken: HashSet<String>,
}

impl<'a> Ids<'a> {
    pub(crate) fn new(request: &'a ModelRequest, own: &'static str) -> Self {
        Self { request, own, taken: HashSet::new() }
    }

    /// Gives the name of the answer's next call.
    pub(crate) fn name(&mut self, id: String) -> String {
        let id = if self.is_free(&id) { id } else { self.mint() };
        self.taken.insert(id.clone());
        id
    }

    fn is_free(&self, id: &str) -> bool {
        let own = !self.own.is_empty() && id.starts_with(self.own);
        is_name(id) && !self.taken.contains(id) && (own || !self.is_in_conversation(id))
    }

    fn mint(&self) -> String {
        let turn = self.request.messages.len();
        let names = (self.taken.len()..).map(|n| format!("call_{turn}_{n}"));
        names.into_iter().find(|id| self.is_free(id)).unwrap_or_default()
    }

    fn is_in_conversation(&self, id: &str) -> bool {
        let blocks = self.request.messages.iter().flat_map(|message| &message.blocks);
        blocks.into_iter().any(|block| matches!(block, Block::Call(call) if call.id == id))
    }
}
