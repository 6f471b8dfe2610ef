//! Roles that a schema says of the arguments themselves.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use super::declaration::{ArgumentRole, declared};
use crate::Result;

/// Where the schema of an argument, or of what is in its list, has its role.
const ROLE: &str = "x-cowork-role";

/// Takes out what roles are said of arguments, by their names.
///
/// # Errors
/// `InvalidInput` where nothing could hold a call to one: it is said of what is no text and no list of texts, or within something else.
pub(super) fn take(schema: &mut Value, tool: &str) -> Result<BTreeMap<String, ArgumentRole>> {
    let mut roles = BTreeMap::new();
    let properties = schema.get_mut("properties").and_then(Value::as_object_mut);
    for (name, schema) in properties.into_iter().flatten() {
        if is_texts(schema, false) {
            let mut said = Vec::new();
            taken(schema, &mut said);
            for role in said {
                let role = read(&role, tool)?;
                if roles.insert(name.clone(), role).is_some_and(|before| before != role) {
                    let why = format!("the tool `{tool}` gives `{name}` two roles that are not the same");
                    return Err(declared(why).with_fix("say one"));
                }
            }
        }
    }
    if has_role(schema, false) {
        let why = format!("the tool `{tool}` gives a role to what is no argument of its own, or no text");
        let fix = "a role is for an argument that is a text or a path, or a list of these, and not for what is within something else";
        return Err(declared(why).with_fix(fix));
    }
    Ok(roles)
}

fn read(role: &Value, tool: &str) -> Result<ArgumentRole> {
    ArgumentRole::deserialize(role).map_err(|_| {
        declared(format!("the tool `{tool}` gives an argument the role {role}"))
            .with_fix("there are `reads`, `changes` and `alone`")
    })
}

/// Says whether it is a text, a list of texts, or one of these or nothing.
fn is_texts(schema: &Value, is_within: bool) -> bool {
    let types: Vec<&str> = match schema.get("type") {
        Some(Value::Array(all)) => all.iter().filter_map(Value::as_str).filter(|name| *name != "null").collect(),
        one => one.and_then(Value::as_str).into_iter().collect(),
    };
    match (&types[..], schema.get("anyOf").and_then(Value::as_array)) {
        ([], Some(all)) => all.iter().filter(|one| one["type"] != "null").all(|one| is_texts(one, is_within)),
        (["string"], _) => true,
        (["array"], _) if !is_within => {
            items(schema).all(|item| is_texts(item, true)) && items(schema).next().is_some()
        }
        _ => false,
    }
}

fn items(schema: &Value) -> impl Iterator<Item = &Value> {
    // `items` after `prefixItems` may be just `false`.
    let all = schema.get("items").into_iter().filter(|items| items.is_object());
    all.chain(schema.get("prefixItems").and_then(Value::as_array).into_iter().flatten())
}

/// Takes the roles of a text or of a list of texts.
fn taken(schema: &mut Value, said: &mut Vec<Value>) {
    let Some(schema) = schema.as_object_mut() else { return };
    said.extend(schema.remove(ROLE));
    for within in ["items", "anyOf", "prefixItems"] {
        match schema.get_mut(within) {
            Some(Value::Array(all)) => all.iter_mut().for_each(|one| taken(one, said)),
            Some(one) => taken(one, said),
            None => {}
        }
    }
}

/// Says whether a role is said somewhere. Examples and defaults that look like one say none. `are_names`: its keys are names and no keywords.
fn has_role(schema: &Value, are_names: bool) -> bool {
    let within = |(key, one): (&String, &Value)| match key.as_str() {
        _ if are_names => has_role(one, false),
        "default" | "const" | "enum" | "examples" => false,
        "properties" | "patternProperties" | "$defs" | "definitions" | "dependentSchemas" => has_role(one, true),
        key => key == ROLE || has_role(one, false),
    };
    match schema {
        Value::Object(all) => all.iter().any(within),
        Value::Array(all) => all.iter().any(|one| has_role(one, false)),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn taken_of(property: &Value) -> (Result<BTreeMap<String, ArgumentRole>>, Value) {
        let mut schema = json!({ "type": "object", "properties": { "p": property, "other": { "type": "integer" } } });
        let roles = take(&mut schema, "look");
        (roles, schema["properties"]["p"].take())
    }

    #[test]
    fn a_role_is_said_of_texts_and_lists_of_them() {
        let role = |name: &str| json!({ "type": "string", ROLE: name });
        for (property, left) in [
            (role("reads"), json!({ "type": "string" })),
            (json!({ "type": ["string", "null"], ROLE: "reads" }), json!({ "type": ["string", "null"] })),
            (
                json!({ "anyOf": [role("reads"), { "type": "null" }] }),
                json!({ "anyOf": [{ "type": "string" }, { "type": "null" }] }),
            ),
            (
                json!({ "type": "array", "items": role("reads") }),
                json!({ "type": "array", "items": { "type": "string" } }),
            ),
            (
                json!({ "type": "array", "prefixItems": [role("reads"), { "type": "string" }], "items": false }),
                json!({ "type": "array", "prefixItems": [{ "type": "string" }, { "type": "string" }], "items": false }),
            ),
            (json!({ "type": "string", "enum": ["a"], ROLE: "reads" }), json!({ "type": "string", "enum": ["a"] })),
        ] {
            let (roles, schema) = taken_of(&property);
            assert_eq!(roles.unwrap(), BTreeMap::from([("p".to_owned(), ArgumentRole::Reads)]));
            assert_eq!(schema, left);
        }
        assert_eq!(taken_of(&role("alone")).0.unwrap()["p"], ArgumentRole::Alone);
        assert!(taken_of(&json!({ "type": "string", "default": { ROLE: "reads" } })).0.unwrap().is_empty());
    }

    #[test]
    fn where_nothing_could_hold_a_call_to_it_a_role_is_refused() {
        let role = json!({ "type": "string", ROLE: "reads" });
        for property in [
            json!({ "type": "integer", ROLE: "reads" }),
            json!({ "type": ["string", "integer"], ROLE: "reads" }),
            json!({ "anyOf": [role, { "type": "integer" }] }),
            json!({ "type": "object", "properties": { "path": role } }),
            json!({ "type": "object", "additionalProperties": role }),
            json!({ "type": "array", "items": { "type": "array", "items": role } }),
            json!({ "type": "array", ROLE: "reads" }),
            json!({ "$ref": "#/$defs/Path", ROLE: "reads" }),
            json!({ ROLE: "reads" }),
            json!({ "type": "object", "properties": { "default": role } }),
            json!({ "type": "object", "additionalProperties": { "properties": { "examples": role } } }),
            json!({ "$defs": { "enum": { "properties": { "const": role } } } }),
        ] {
            let (refused, _) = taken_of(&property);
            assert!(refused.unwrap_err().message.contains("gives a role to"), "{property}");
        }
        let list = json!({ "type": "array", "items": role, ROLE: "changes" });
        assert!(taken_of(&list).0.unwrap_err().message.contains("two roles"));
        let named = json!({ "type": "object", "properties": { ROLE: { "type": "string" } } });
        assert!(taken_of(&named).0.unwrap().is_empty());
        let (refused, _) = taken_of(&json!({ "type": "string", ROLE: "read" }));
        assert_eq!(refused.unwrap_err().message, "the tool `look` gives an argument the role \"read\"");
    }
}
