//! Tools as a model is told of them: what it needs to call them, in as few words as that takes. A call is checked against the tool's
//! own schema all the same.

use serde_json::{Map, Value};

use super::own;
use crate::ToolSpec;

/// Stands in a schema beside what is seldom needed: a tool, or one of its arguments.
const SELDOM: &str = "x-seldom";
/// A limit from here on is told by the error of what is beyond it.
const FAR: u64 = 100;
/// A schema that unfolds to more parts than this is left as it is.
const MOST_PARTS: usize = 2_000;

/// Says whether a tool is seldom needed.
pub(super) fn is_seldom(tool: &ToolSpec) -> bool {
    is_marked(&tool.schema)
}

/// Describes a tool in full.
pub(super) fn whole(tool: &ToolSpec) -> ToolSpec {
    ToolSpec { schema: plain(&tool.schema), ..tool.clone() }
}

/// Describes what a tool does, and those of its arguments that are often needed; of the others it says that they are there.
pub(super) fn often(tool: &ToolSpec) -> ToolSpec {
    let mut schema = tool.schema.clone();
    let required: Vec<String> = schema["required"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|name| name.as_str().map(str::to_owned))
        .collect();
    let mut further = Vec::new();
    if let Some(properties) = schema.get_mut("properties").and_then(Value::as_object_mut) {
        properties.retain(|name, property| {
            let stays = !is_marked(property) || required.contains(name);
            if !stays {
                further.push(format!("`{name}`"));
            }
            stays
        });
    }
    // What a call gives, it shows itself.
    let mut about = tool.about.split("\n\n").next().unwrap_or_default().to_owned();
    if !further.is_empty() {
        about = format!("{about} More in `{}`: {}.", own::FIND_TOOLS, further.join(", "));
    }
    ToolSpec { name: tool.name.clone(), about, schema: plain(&schema) }
}

fn is_marked(schema: &Value) -> bool {
    schema.get(SELDOM) == Some(&Value::Bool(true))
}

/// Gives a schema without what says nothing to a model: definitions stand where they are used, what may be left out need not be
/// `null`, and a choice of words is a list of them.
fn plain(schema: &Value) -> Value {
    let definitions = ["$defs", "definitions"].iter().find_map(|name| schema.get(name)?.as_object());
    let mut unfold = Unfold { definitions, open: Vec::new(), left: MOST_PARTS };
    let Some(Value::Object(mut root)) = unfold.value(schema, false) else { return schema.clone() };
    for name in ["$schema", "$defs", "definitions", "title", "description"] {
        root.remove(name);
    }
    Value::Object(root)
}

/// Unfolds a schema, unless it refers to itself.
struct Unfold<'a> {
    definitions: Option<&'a Map<String, Value>>,
    /// The definitions that it is inside of.
    open: Vec<String>,
    left: usize,
}

impl Unfold<'_> {
    /// Unfolds a schema; `described` says whether what it stands in says what it is.
    fn value(&mut self, schema: &Value, described: bool) -> Option<Value> {
        self.left = self.left.checked_sub(1)?;
        let Value::Object(fields) = schema else { return Some(schema.clone()) };
        if let Some(to) = fields.get("$ref") {
            let name = to.as_str()?.strip_prefix("#/$defs/").or_else(|| to.as_str()?.strip_prefix("#/definitions/"))?;
            if self.open.iter().any(|open| open == name) {
                return None;
            }
            let whole = with(fields, "$ref", self.definitions?.get(name)?, described)?;
            self.open.push(name.to_owned());
            let plain = self.value(&whole, described);
            self.open.pop();
            return plain;
        }
        if let Some(other) = fields.get("anyOf").and_then(without_null) {
            return self.value(&with(fields, "anyOf", other, described)?, described);
        }
        self.fields(fields, described)
    }

    fn fields(&mut self, fields: &Map<String, Value>, described: bool) -> Option<Value> {
        let mut plain = Map::new();
        let says = described || fields.contains_key("description");
        for (name, value) in fields {
            let value = match name.as_str() {
                "$defs" | "definitions" | SELDOM => continue,
                "format" if is_number(fields) => continue,
                "default" if is_nothing(value) => continue,
                "minimum" | "minItems" | "minLength" if value.as_u64().is_some_and(|least| least < 2) => continue,
                "maxItems" | "maxLength" if value.as_u64().is_some_and(|most| most >= FAR) => continue,
                "additionalProperties" if *value == false && !is_strict(fields) => continue,
                "type" => without_null(value).unwrap_or(value).clone(),
                "properties" => {
                    let each = value.as_object()?.iter();
                    let each: Option<_> =
                        each.map(|(name, part)| Some((name.clone(), self.value(part, false)?))).collect();
                    Value::Object(each?)
                }
                "items" => self.value(value, says)?,
                "anyOf" | "oneOf" | "allOf" => {
                    let all: Option<_> = value.as_array()?.iter().map(|part| self.value(part, false)).collect();
                    Value::Array(all?)
                }
                _ if refers(value) => return None,
                _ => value.clone(),
            };
            plain.insert(name.clone(), value);
        }
        list_words(&mut plain, described);
        Some(Value::Object(plain))
    }
}

/// Gives the fields of what stands for one of them, and the others: what these say counts.
fn with(fields: &Map<String, Value>, name: &str, meant: &Value, described: bool) -> Option<Value> {
    let mut all = meant.as_object()?.clone();
    if described {
        all.remove("description");
    }
    all.extend(fields.iter().filter(|(other, _)| *other != name).map(|(k, v)| (k.clone(), v.clone())));
    Some(Value::Object(all))
}

/// Says whether there is a reference in what is not unfolded.
fn refers(value: &Value) -> bool {
    match value {
        Value::Object(fields) => fields.contains_key("$ref") || fields.values().any(refers),
        Value::Array(all) => all.iter().any(refers),
        _ => false,
    }
}

/// Gives the one of two that is not `null`, or not of the type `null`.
fn without_null(two: &Value) -> Option<&Value> {
    let is_null = |one: &Value| one == "null" || one.get("type").is_some_and(|t| t == "null");
    match two.as_array()?.as_slice() {
        [one, other] if is_null(other) => Some(one),
        [other, one] if is_null(other) => Some(one),
        _ => None,
    }
}

/// Says whether every property is required: then a service may hold a model to the schema.
fn is_strict(fields: &Map<String, Value>) -> bool {
    let all = fields.get("properties").and_then(Value::as_object).map_or(0, Map::len);
    fields.get("required").and_then(Value::as_array).map_or(0, Vec::len) == all
}

fn is_number(fields: &Map<String, Value>) -> bool {
    let of = |kind: &Value| kind == "integer" || kind == "number";
    fields.get("type").is_some_and(|kind| of(kind) || kind.as_array().is_some_and(|all| all.iter().any(of)))
}

fn is_nothing(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(false) => true,
        Value::Array(all) => all.is_empty(),
        Value::String(text) => text.is_empty(),
        _ => false,
    }
}

/// Makes a list of words of what must be one of several constants; unless it is `described` elsewhere, with what each is for that the
/// description does not name.
fn list_words(schema: &mut Map<String, Value>, described: bool) {
    let Some(Value::Array(all)) = schema.get("oneOf") else { return };
    let words: Option<Vec<Value>> = all.iter().map(|one| one.get("const").cloned()).collect();
    let Some(words) = words else { return };
    let about = schema.get("description").and_then(Value::as_str).unwrap_or_default();
    let meant = |one: &Value| {
        let (word, meaning) = (one["const"].as_str()?, one["description"].as_str()?);
        let named = format!("`{word}`");
        (!about.contains(&named)).then(|| format!("{named}: {}", meaning.trim_end_matches('.')))
    };
    let meanings: Vec<String> = all.iter().filter_map(meant).collect();
    if !meanings.is_empty() && !described {
        let about = format!("{about} {}", meanings.join("; ")).trim().to_owned();
        schema.insert("description".to_owned(), Value::String(about));
    }
    schema.remove("oneOf");
    if words.iter().all(Value::is_string) {
        schema.insert("type".to_owned(), Value::String("string".to_owned()));
    }
    schema.insert("enum".to_owned(), Value::Array(words));
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn spec(schema: Value) -> ToolSpec {
        ToolSpec { name: "look".into(), about: "Looks.\n\nGives what there is.".into(), schema }
    }

    #[test]
    fn a_schema_says_once_what_an_argument_is() {
        let schema = json!({
            "title": "Args", "description": "The arguments.", "type": "object", "additionalProperties": false,
            "required": ["path"],
            "properties": {
                "path": { "$ref": "#/$defs/Path", "description": "Where." },
                "paths": { "type": "array", "items": { "$ref": "#/$defs/Path" }, "description": "More." },
                "other": { "anyOf": [{ "$ref": "#/$defs/Path" }, { "type": "null" }], "default": null },
                "most": { "type": ["integer", "null"], "format": "uint32", "minimum": 0, "maximum": 9, "default": 3 },
                "order": { "$ref": "#/$defs/Order", "description": "How: `up` or what else." },
                "orders": { "type": "array", "items": { "$ref": "#/$defs/Order" }, "description": "Several." },
            },
            "$defs": {
                "Path": { "type": "string", "description": "A path." },
                "Order": { "oneOf": [
                    { "type": "string", "const": "up", "description": "Upwards." },
                    { "type": "string", "const": "down", "description": "Downwards." },
                ] },
            },
        });
        let told = json!({
            "type": "object", "required": ["path"],
            "properties": {
                "path": { "type": "string", "description": "Where." },
                "paths": { "type": "array", "items": { "type": "string" }, "description": "More." },
                "other": { "type": "string", "description": "A path." },
                "most": { "type": "integer", "maximum": 9, "default": 3 },
                "order": { "type": "string", "enum": ["up", "down"], "description": "How: `up` or what else. `down`: Downwards" },
                "orders": { "type": "array", "items": { "type": "string", "enum": ["up", "down"] }, "description": "Several." },
            },
        });
        assert_eq!(whole(&spec(schema)).schema, told);
    }

    #[test]
    fn what_is_seldom_needed_is_named_and_what_a_call_gives_is_not() {
        let schema = json!({ "type": "object", "properties": {
            "path": { "type": "string" }, "odd": { "type": "string", "x-seldom": true },
        } });
        let told = often(&spec(schema.clone()));
        assert_eq!(told.about, "Looks. More in `find_tools`: `odd`.");
        assert_eq!(told.schema, json!({ "type": "object", "properties": { "path": { "type": "string" } } }));
        let told = whole(&spec(schema));
        assert_eq!(told.about, "Looks.\n\nGives what there is.");
        assert_eq!(told.schema["properties"]["odd"], json!({ "type": "string" }));
    }

    #[test]
    fn a_schema_that_refers_to_itself_or_nowhere_stays_as_it_is() {
        let round = json!({ "type": "object", "properties": { "a": { "$ref": "#/$defs/A" } },
            "$defs": { "A": { "type": "array", "items": { "$ref": "#/$defs/A" } } } });
        let nowhere = json!({ "type": "object", "properties": { "a": { "$ref": "elsewhere.json" } } });
        let defined = |n: usize| {
            let two = if n == 39 { json!({}) } else { json!({ "$ref": format!("#/$defs/D{}", n + 1) }) };
            (format!("D{n}"), json!({ "type": "object", "properties": { "a": two, "b": two } }))
        };
        let definitions: Map<String, Value> = (0..40).map(defined).collect();
        let huge = json!({ "type": "object", "properties": { "a": { "$ref": "#/$defs/D0" } }, "$defs": definitions });
        let odd = json!({ "type": "object", "additionalProperties": { "$ref": "#/$defs/A" }, "$defs": { "A": {} } });
        for schema in [round, nowhere, huge, odd, json!(true), json!("text")] {
            assert_eq!(whole(&spec(schema.clone())).schema, schema);
        }
    }
}
