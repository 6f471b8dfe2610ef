//! JSON as it is written for these services.

use std::io::Write as _;

use cowork_core::{Message, Messages, ToolSpec};
use serde::Serialize;
use serde_json::{Map, Value};

use crate::{json, transport::Pieces};

/// JSON in the making.
#[derive(Default)]
pub(super) struct Json(pub(super) Vec<u8>);

impl Json {
    /// Adds JSON as it is.
    pub(super) fn raw(&mut self, json: &str) -> &mut Self {
        self.0.extend_from_slice(json.as_bytes());
        self
    }

    /// Adds a value.
    pub(super) fn value(&mut self, value: &(impl Serialize + ?Sized)) -> &mut Self {
        json::write(value, &mut self.0);
        self
    }

    /// Adds a comma, unless something begins here.
    pub(super) fn comma(&mut self) -> &mut Self {
        if !matches!(self.0.last(), None | Some(b'[' | b'{' | b':')) {
            self.0.push(b',');
        }
        self
    }

    /// Adds a number.
    pub(super) fn number(&mut self, number: u32) -> &mut Self {
        let _ = write!(self.0, "{number}");
        self
    }
}

/// So many messages at the end are not joined to those before yet: they may still be taken back.
const LAST: usize = 2;

/// Adds the messages to a body that ends where they begin. Those of which nothing is written are left out.
pub(super) fn messages(
    body: &mut Pieces,
    begun: bool,
    all: &Messages,
    dialect: &'static str,
    write: impl Fn(&Message) -> Vec<u8>,
) {
    // Each begins with a comma, so that it is the same wherever it stands.
    let write = |message: &Message| match write(message) {
        written if written.is_empty() => written,
        written => [&b","[..], &written[..]].concat(),
    };
    let before = all.len().saturating_sub(LAST);
    let mut begun = body.push_messages(all, before, dialect, begun, write);
    for message in &all[before..] {
        let written = message.written.get_or(dialect, || write(message));
        if !written.is_empty() {
            body.push(if begun { written } else { written.slice(1..) });
            begun = true;
        }
    }
}

/// Writes the address that holds data itself.
pub(super) fn data_url(json: &mut Json, media_type: &str, data: &str) {
    json.value(&format_args!("data:{media_type};base64,{data}"));
}

/// Says what stands for a file that the service has no way to be shown.
pub(super) fn unshown(name: &str, media_type: &str) -> String {
    let name = if name.is_empty() { "no name" } else { name };
    format!("[{name}: a file of the type {media_type}, which can't be shown here]")
}

/// Gives a file's name, for a service that wants one.
pub(super) fn file_name(name: &str) -> &str {
    if name.is_empty() { "file.pdf" } else { name }
}

/// Writes the tools, in the one form or the other.
pub(super) fn tools(json: &mut Json, tools: &[ToolSpec], each: impl Fn(&mut Json, &ToolSpec)) {
    for (i, tool) in tools.iter().enumerate() {
        json.raw(if i == 0 { "" } else { "," });
        each(json, tool);
    }
}

/// The words of schemas that services keep strictly, properties and definitions apart; one with any other would be refused.
const STRICT: [&str; 18] = [
    "type",
    "required",
    "additionalProperties",
    "items",
    "enum",
    "const",
    "anyOf",
    "$ref",
    "description",
    "title",
    "pattern",
    "multipleOf",
    "maximum",
    "minimum",
    "exclusiveMaximum",
    "exclusiveMinimum",
    "minItems",
    "maxItems",
];

/// Says whether a schema can be kept strictly: each object names all of its properties as required and allows no others, and nothing
/// is said in words that services don't know.
pub(super) fn is_strict(schema: &Value) -> bool {
    match schema {
        Value::Object(all) => {
            let object = all.get("type").is_some_and(|t| t == "object") || all.contains_key("properties");
            (!object || is_closed(all))
                && all.iter().all(|(name, value)| match name.as_str() {
                    "properties" | "$defs" => value.as_object().is_some_and(|all| all.values().all(is_strict)),
                    "enum" | "const" | "required" => true,
                    name => STRICT.contains(&name) && is_strict(value),
                })
        }
        Value::Array(all) => all.iter().all(is_strict),
        _ => true,
    }
}

fn is_closed(schema: &Map<String, Value>) -> bool {
    let required = schema.get("required").and_then(Value::as_array);
    let mut names = schema.get("properties").and_then(Value::as_object).into_iter().flat_map(Map::keys);
    schema.get("additionalProperties") == Some(&Value::Bool(false))
        && names.all(|name| required.is_some_and(|all| all.iter().any(|r| r == name)))
}
