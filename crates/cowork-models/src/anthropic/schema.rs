//! Which schemas the service can hold an answer to.

use serde_json::{Map, Value};

/// Keywords that only narrow what fits. The service does not know them; whoever asked checks the answer anyway.
const NARROWING: &[&str] = &[
    "minimum",
    "maximum",
    "exclusiveMinimum",
    "exclusiveMaximum",
    "multipleOf",
    "minLength",
    "maxLength",
    "maxItems",
    "uniqueItems",
    "minProperties",
    "maxProperties",
    "examples",
    "$schema",
    "$id",
    "$comment",
    "readOnly",
    "writeOnly",
    "deprecated",
];

const FORMATS: &[&str] = &["date-time", "time", "date", "duration", "email", "hostname", "uri", "ipv4", "ipv6", "uuid"];

/// Gives the schema as the service takes it, or none if it can't: then the answer is not held to it by the service.
pub(super) fn fit(schema: &Value) -> Option<Value> {
    let Value::Object(fields) = schema else { return None };
    let mut fitted = Map::new();
    for (name, value) in fields {
        match name.as_str() {
            "properties" | "$defs" | "definitions" => {
                fitted.insert(name.clone(), Value::Object(fit_each(value)?));
            }
            "items" => {
                fitted.insert(name.clone(), fit(value)?);
            }
            "anyOf" | "allOf" => {
                let all: Option<Vec<Value>> = value.as_array()?.iter().map(fit).collect();
                fitted.insert(name.clone(), Value::Array(all?));
            }
            "additionalProperties" if *value != Value::Bool(false) && *value != Value::Bool(true) => return None,
            "additionalProperties" => {}
            "format" if !value.as_str().is_some_and(|format| FORMATS.contains(&format)) => {}
            "minItems" if value.as_u64().is_none_or(|n| n > 1) => {}
            // Of a reference to itself an answer would have no end.
            "$ref" if value.as_str() == Some("#") => return None,
            "type" | "title" | "description" | "enum" | "const" | "default" | "required" | "format" | "minItems"
            | "$ref" => {
                fitted.insert(name.clone(), value.clone());
            }
            known if NARROWING.contains(&known) => {}
            _ => return None,
        }
    }
    let is_object = fields.get("type").and_then(Value::as_str) == Some("object") || fields.contains_key("properties");
    if is_object {
        fitted.insert("additionalProperties".to_owned(), Value::Bool(false));
    }
    Some(fitted).filter(|_| !refers_to_itself(schema)).map(Value::Object)
}

fn fit_each(value: &Value) -> Option<Map<String, Value>> {
    value.as_object()?.iter().map(|(name, schema)| Some((name.clone(), fit(schema)?))).collect()
}

/// Says whether a definition of this schema leads back to itself.
fn refers_to_itself(schema: &Value) -> bool {
    let definitions = ["$defs", "definitions"].iter().filter_map(|name| schema.get(name)?.as_object());
    let definitions: Map<String, Value> = definitions.flatten().map(|(k, v)| (k.clone(), v.clone())).collect();
    definitions.keys().any(|start| {
        let (mut seen, mut open) = (Vec::new(), vec![start.clone()]);
        while let Some(name) = open.pop() {
            let mut next = Vec::new();
            definitions.get(&name).into_iter().for_each(|definition| references(definition, &mut next));
            if next.contains(start) {
                return true;
            }
            open.extend(next.into_iter().filter(|name| !seen.contains(name)));
            seen.push(name);
        }
        false
    })
}

fn references(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::Object(fields) => {
            if let Some(name) = fields.get("$ref").and_then(Value::as_str).and_then(|path| path.rsplit('/').next()) {
                found.push(name.to_owned());
            }
            fields.values().for_each(|value| references(value, found));
        }
        Value::Array(all) => all.iter().for_each(|value| references(value, found)),
        _ => {}
    }
}
