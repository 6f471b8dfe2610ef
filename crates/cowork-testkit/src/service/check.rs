//! What the validators share.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

/// What is right, or what is wrong and where.
pub(super) type Check<T = ()> = Result<T, String>;

pub(super) fn ensure(holds: bool, what: impl FnOnce() -> String) -> Check {
    if holds { Ok(()) } else { Err(what()) }
}

/// Gives an object that has these fields and maybe those, and no others.
pub(super) fn object<'a>(at: &str, value: &'a Value, must: &[&str], may: &[&str]) -> Check<&'a Map<String, Value>> {
    let object = value.as_object().ok_or_else(|| format!("{at}: Input should be an object, not {value}"))?;
    for name in must {
        ensure(object.contains_key(*name), || format!("{at}.{name}: Field required"))?;
    }
    for name in object.keys() {
        let known = must.contains(&name.as_str()) || may.contains(&name.as_str());
        ensure(known, || format!("{at}.{name}: Extra inputs are not permitted"))?;
    }
    Ok(object)
}

pub(super) fn text<'a>(at: &str, value: &'a Value) -> Check<&'a str> {
    value.as_str().ok_or_else(|| format!("{at}: Input should be a valid string, not {value}"))
}

/// Gives a text that is not empty.
pub(super) fn some_text<'a>(at: &str, value: &'a Value) -> Check<&'a str> {
    let text = text(at, value)?;
    ensure(!text.is_empty(), || format!("{at}: must be non-empty"))?;
    Ok(text)
}

pub(super) fn list<'a>(at: &str, value: &'a Value) -> Check<&'a [Value]> {
    let list = value.as_array().ok_or_else(|| format!("{at}: Input should be a valid list, not {value}"))?;
    ensure(!list.is_empty(), || format!("{at}: is too short, it should have at least 1 item"))?;
    Ok(list)
}

pub(super) fn one_of<'a>(at: &str, value: &'a Value, all: &[&str]) -> Check<&'a str> {
    let text = text(at, value)?;
    ensure(all.contains(&text), || format!("{at}: {text:?} is none of {all:?}"))?;
    Ok(text)
}

pub(super) fn boolean(at: &str, value: &Value) -> Check {
    ensure(value.is_boolean() || value.is_null(), || format!("{at}: Input should be a valid boolean"))
}

/// Checks a whole number that is at least this, if it is there.
pub(super) fn at_least(at: &str, value: &Value, least: u64) -> Check {
    let fits = value.is_null() || value.as_u64().is_some_and(|n| n >= least);
    ensure(fits, || format!("{at}: Input should be a whole number of at least {least}, not {value}"))
}

/// Checks a number in a range, if it is there.
pub(super) fn within(at: &str, value: &Value, least: f64, most: f64) -> Check {
    let fits = value.is_null() || value.as_f64().is_some_and(|n| (least..=most).contains(&n));
    ensure(fits, || format!("{at}: Input should be from {least} to {most}, not {value}"))
}

/// Checks a name of letters, digits, `_` and `-`.
pub(super) fn name<'a>(at: &str, value: &'a Value, most: usize) -> Check<&'a str> {
    let name = text(at, value)?;
    let fits =
        (1..=most).contains(&name.len()) && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-');
    ensure(fits, || format!("{at}: String should match pattern '^[a-zA-Z0-9_-]{{1,{most}}}$', not {name:?}"))?;
    Ok(name)
}

/// Checks that something was not there before.
pub(super) fn unique(at: &str, seen: &mut BTreeSet<String>, name: &str) -> Check {
    ensure(seen.insert(name.to_owned()), || format!("{at}: must be unique, and {name:?} is there twice"))
}

/// Checks Base64 with padding.
pub(super) fn base64(at: &str, value: &Value) -> Check {
    let text = some_text(at, value)?;
    let body = text.trim_end_matches('=');
    let letters = body.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'+' || b == b'/');
    ensure(letters && text.len() % 4 == 0 && text.len() - body.len() <= 2, || format!("{at}: is no valid base64"))
}

/// Checks the schema of a tool's arguments: an object, with properties of proper names.
pub(super) fn schema(at: &str, value: &Value) -> Check {
    let schema = value.as_object().ok_or_else(|| format!("{at}: Input should be an object"))?;
    ensure(schema.get("type").is_some_and(|t| t == "object"), || format!("{at}.type: Input should be 'object'"))?;
    for word in ["oneOf", "anyOf", "allOf"] {
        ensure(!schema.contains_key(word), || format!("{at}: {word} is not supported at the top level"))?;
    }
    for (key, value) in schema.get("properties").and_then(Value::as_object).into_iter().flatten() {
        let fits = (1..=64).contains(&key.len())
            && key.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.'));
        ensure(fits, || format!("{at}.properties: {key:?} should match pattern '^[a-zA-Z0-9_.-]{{1,64}}$'"))?;
        ensure(value.is_object() || value.is_boolean(), || format!("{at}.properties.{key}: is no schema"))?;
    }
    Ok(())
}

/// Words of schemas that are refused where a schema is to be kept strictly.
const UNKNOWN_TO_STRICT: &[&str] = &[
    "allOf",
    "oneOf",
    "not",
    "dependentRequired",
    "dependentSchemas",
    "if",
    "then",
    "else",
    "patternProperties",
    "unevaluatedProperties",
    "propertyNames",
    "minProperties",
    "maxProperties",
    "unevaluatedItems",
    "contains",
    "uniqueItems",
    "minLength",
    "maxLength",
    "default",
];

/// Checks a schema that is to be kept strictly: each object names all of its properties as required, and allows no others.
pub(super) fn strict(at: &str, value: &Value) -> Check {
    match value {
        Value::Object(schema) => {
            let is_object = schema
                .get("type")
                .is_some_and(|t| t == "object" || t.as_array().is_some_and(|all| all.contains(&Value::from("object"))));
            if is_object {
                let closed = schema.get("additionalProperties") == Some(&Value::Bool(false));
                ensure(closed, || format!("{at}: 'additionalProperties' is required to be supplied and to be false"))?;
                let required = schema.get("required").and_then(Value::as_array);
                let names = schema.get("properties").and_then(Value::as_object);
                for name in names.into_iter().flat_map(Map::keys) {
                    let there = required.is_some_and(|all| all.iter().any(|r| r == name));
                    ensure(there, || {
                        format!("{at}: 'required' has to include every key in properties: missing {name:?}")
                    })?;
                }
            }
            for word in UNKNOWN_TO_STRICT {
                ensure(!schema.contains_key(*word), || format!("{at}: '{word}' is not permitted"))?;
            }
            let below = |name: &String| name != "enum" && name != "const";
            schema.iter().filter(|(k, _)| below(k)).try_for_each(|(key, v)| match (key.as_str(), v) {
                ("properties" | "$defs", Value::Object(all)) => {
                    all.iter().try_for_each(|(name, v)| strict(&format!("{at}.{key}.{name}"), v))
                }
                _ => strict(&format!("{at}.{key}"), v),
            })
        }
        Value::Array(all) => all.iter().enumerate().try_for_each(|(i, v)| strict(&format!("{at}.{i}"), v)),
        _ => Ok(()),
    }
}

/// Checks the arguments of a call, in a string: an object.
pub(super) fn arguments(at: &str, value: &Value) -> Check {
    let written = text(at, value)?;
    let parsed: Value = serde_json::from_str(written).map_err(|e| format!("{at}: is no JSON: {e}"))?;
    ensure(parsed.is_object(), || format!("{at}: is no object: {written}"))
}

/// Checks that every object of a schema allows no other properties.
pub(super) fn strict_objects(at: &str, value: &Value) -> Check {
    match value {
        Value::Object(schema) => {
            let open = schema.get("type").is_some_and(|t| t == "object")
                && schema.get("additionalProperties") != Some(&Value::Bool(false));
            ensure(!open, || {
                format!("{at}: For 'object' type, 'additionalProperties' must be explicitly set to false")
            })?;
            schema.values().try_for_each(|v| strict_objects(at, v))
        }
        Value::Array(all) => all.iter().try_for_each(|v| strict_objects(at, v)),
        _ => Ok(()),
    }
}
