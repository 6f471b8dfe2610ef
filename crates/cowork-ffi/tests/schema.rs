//! The document from which types and methods are made.

#![allow(clippy::unwrap_used, reason = "a test stops at what should not be")]

use std::collections::BTreeSet;

use cowork_ffi::{OperationKind, operations, schema};
use serde_json::Value;

fn references<'a>(value: &'a Value, found: &mut BTreeSet<&'a str>) {
    match value {
        Value::Object(fields) => {
            found.extend(fields.get("$ref").and_then(Value::as_str));
            fields.values().for_each(|value| references(value, found));
        }
        Value::Array(all) => all.iter().for_each(|value| references(value, found)),
        _ => {}
    }
}

#[test]
fn whatever_is_referred_to_is_there() {
    let schema = schema();
    let mut found = BTreeSet::new();
    references(&schema, &mut found);
    assert!(found.len() > 50, "{}", found.len());
    for reference in found {
        assert!(schema.pointer(reference.strip_prefix('#').unwrap()).is_some(), "{reference}");
    }
    for word in
        ["Envelope", "Event", "Record", "Delta", "Item", "Error", "Kind", "Config", "Ask", "Proposal", "TaskState"]
    {
        assert!(schema["$defs"][word].is_object(), "{word}");
    }
}

#[test]
fn every_operation_says_what_it_does_and_takes_an_object() {
    let (all, schema) = (operations(), schema());
    assert_eq!(schema["operations"], serde_json::to_value(&all).unwrap());
    let streams: Vec<&str> = all.iter().filter(|o| o.kind == OperationKind::Stream).map(|o| o.name).collect();
    assert_eq!(streams, ["events", "views"]);
    for operation in &all {
        assert!(
            operation.about.len() > 15 && operation.about.ends_with('.'),
            "{}: {}",
            operation.name,
            operation.about
        );
        let reference =
            operation.args.get("$ref").and_then(Value::as_str).unwrap_or_else(|| unreachable!("{}", operation.name));
        let args = schema.pointer(reference.strip_prefix('#').unwrap()).unwrap();
        assert_eq!(args["type"], "object", "{}", operation.name);
    }
    let names: BTreeSet<&str> = all.iter().map(|operation| operation.name).collect();
    assert_eq!(names.len(), all.len(), "each has its own name");
}

#[test]
fn every_field_that_a_host_sets_is_explained() {
    let schema = schema();
    for word in [
        "Config",
        "LimitSettings",
        "SubmitTask",
        "ToolDeclaration",
        "ModelDeclaration",
        "PlannerDeclaration",
        "ModelSettings",
    ] {
        for (name, field) in schema["$defs"][word]["properties"].as_object().unwrap() {
            assert!(field["description"].as_str().is_some_and(|text| !text.is_empty()), "{word}.{name}: {field}");
        }
    }
}

#[test]
fn a_task_is_submitted_with_all_that_core_knows_of_one() {
    let schema = schema();
    let fields = |word: &str| -> BTreeSet<String> {
        schema["$defs"][word]["properties"].as_object().unwrap().keys().cloned().collect()
    };
    // What a sub-task is a part of is its task's to say.
    let core: BTreeSet<String> = fields("Submit").into_iter().filter(|name| name != "parent").collect();
    assert!(core.is_subset(&fields("SubmitTask")), "{core:?}");
}

#[test]
fn the_schema_of_all_that_crosses_a_border_is_what_it_was() {
    insta::assert_json_snapshot!(schema());
}
