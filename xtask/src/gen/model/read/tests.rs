#![allow(clippy::unwrap_used, reason = "a test stops at what should not be")]

use serde_json::json;

use super::*;
use crate::r#gen::model::{Content, Format, Tag, Target};

fn read_defs(defs: &Value) -> Result<Model, String> {
    read(&json!({ "$defs": defs }))
}

/// Reads one type with one field.
fn field(schema: &Value) -> Result<Type, String> {
    let model = read_defs(&json!({ "A": { "type": "object", "properties": { "b": schema } } }))?;
    let Shape::Record(record) = &model.types["A"].shape else { return Err("it is no record".to_owned()) };
    Ok(record.fields[0].of.clone())
}

#[test]
fn a_value_is_read_as_what_it_is() {
    let nullable = |of| Type::Nullable(Box::new(of));
    let named = || Type::Named("A".to_owned());
    let table = [
        (json!(true), Type::Json),
        (json!({ "description": "Anything." }), Type::Json),
        (json!({ "type": "integer", "format": "uint16", "minimum": 0 }), Type::Int { signed: false, bits: 16 }),
        (json!({ "type": "integer", "format": "int64" }), Type::Int { signed: true, bits: 64 }),
        (json!({ "type": "integer", "format": "uint", "minimum": 0 }), Type::Int { signed: false, bits: 64 }),
        (json!({ "type": ["string", "null"], "format": "uuid" }), nullable(Type::Text(Format::Uuid))),
        (json!({ "anyOf": [{ "$ref": "#/$defs/A" }, { "type": "null" }] }), nullable(named())),
        (json!({ "type": "array", "items": { "$ref": "#/$defs/A" } }), Type::List(Box::new(named()))),
        (json!({ "type": "object", "additionalProperties": { "type": "boolean" } }), Type::Map(Box::new(Type::Bool))),
        (json!({ "type": "object" }), Type::Map(Box::new(Type::Json))),
        (json!({ "type": "string", "enum": ["x", "y"] }), Type::Named("AB".to_owned())),
        (
            json!({ "type": "array", "items": { "type": "object", "properties": {} } }),
            Type::List(Box::new(Type::Named("ABItem".to_owned()))),
        ),
    ];
    for (schema, of) in table {
        assert_eq!(field(&schema), Ok(of), "{schema}");
    }
}

#[test]
fn a_shape_that_is_not_known_is_refused_with_its_place() {
    let table = [
        (json!(false), "A.b: nothing fits false"),
        (json!({ "type": "string", "format": "date-time" }), "A.b: a text of the format `date-time`"),
        (json!({ "type": "integer" }), "A.b: a whole number of the width ``"),
        (json!({ "type": "integer", "format": "int128" }), "A.b: a whole number of the width `int128`"),
        (json!({ "type": "string", "not": {} }), "A.b: `not` is not known here"),
        (json!({ "allOf": [] }), "A.b: `allOf` is not known here"),
        (json!({ "type": ["string", "boolean"] }), "A.b: it is of several types"),
        (json!({ "type": "array" }), "A.b: a list says nothing of what is in it"),
        (json!({ "type": "array", "items": { "type": "tuple" } }), "A.b[]: the type `tuple`"),
        (json!({ "type": "array", "prefixItems": [true], "minItems": 1 }), "A.b: a tuple of more or less"),
        (json!({ "$ref": "#/$defs/Z" }), "A.b: there is no type Z"),
        (json!({ "$ref": "other.json" }), "A.b: \"other.json\" leads out of `$defs`"),
        (json!({ "$ref": "#/$defs/A", "type": "object" }), "A.b: `type` is not known here"),
        (json!({ "anyOf": [true, { "type": "string" }, { "type": "null" }] }), "A.b: null is one of several"),
        (
            json!({ "type": "object", "properties": { "c": true }, "additionalProperties": true }),
            "AB: it has known fields and others",
        ),
        (json!({ "type": "object", "properties": { "c": true }, "patternProperties": {} }), "AB: `patternProperties`"),
    ];
    for (schema, why) in table {
        let refused = field(&schema).unwrap_err();
        assert!(refused.starts_with(why), "{schema}: {refused}");
    }
}

#[test]
fn what_some_language_could_not_have_is_refused() {
    let tagged = json!({ "properties": { "type": { "const": "x" } }, "required": ["type"], "type": "object" });
    let object = json!({ "type": "object", "properties": {} });
    let over = json!({ "$ref": "#/$defs/B", "properties": {}, "type": "object" });
    let table = [
        (json!({ "A": { "oneOf": [tagged] }, "AX": object }), "A: there is a type AX already"),
        (json!({ "A": { "type": "object", "properties": { "b": object } }, "AB": object }), "AB: there are two types"),
        (json!({ "A": over, "B": { "type": "string" } }), "A: it extends B, which is no object"),
        (json!({ "A": { "type": "array", "items": { "$ref": "#/$defs/A" } } }), "A: it holds itself"),
        (
            json!({ "A": { "anyOf": [{ "$ref": "#/$defs/B" }, { "type": "string" }] }, "B": { "$ref": "#/$defs/A" } }),
            "A: it holds itself",
        ),
    ];
    for (defs, why) in table {
        let refused = read_defs(&defs).err().unwrap_or_default();
        assert!(refused.starts_with(why), "{defs}: {refused}");
    }
}

#[test]
fn unions_are_told_by_a_field_by_a_key_or_by_nothing() {
    let model = read_defs(&json!({
        "In": { "oneOf": [
            { "properties": { "end": { "const": "done" }, "n": { "type": "boolean" } }, "required": ["end", "n"], "type": "object" },
            { "properties": { "end": { "const": "set_aside" } }, "required": ["end"], "type": "object" },
        ] },
        "Out": { "oneOf": [
            { "enum": ["never", "now"], "type": "string" },
            { "additionalProperties": false, "properties": { "after_ms": true }, "required": ["after_ms"], "type": "object" },
        ] },
        "Any": { "anyOf": [{ "type": "string" }, { "type": "boolean" }] },
    }))
    .unwrap();
    let union = |name: &str| match &model.types[name].shape {
        Shape::Union(union) => union,
        _ => unreachable!("{name} is a union"),
    };
    let names = |name: &str| union(name).variants.iter().map(|variant| variant.name.as_str()).collect::<Vec<_>>();
    assert_eq!(union("In").tag, Tag::Inside("end".to_owned()));
    assert_eq!(names("In"), ["InDone", "InSetAside"]);
    let fields = union("In").variants[0].content.fields().unwrap();
    assert_eq!(fields.fields.iter().map(|field| field.name.as_str()).collect::<Vec<_>>(), ["n"]);
    assert_eq!(union("Out").tag, Tag::Outside);
    assert_eq!(names("Out"), ["OutNever", "OutNow", "OutAfterMs"]);
    assert!(matches!(union("Out").variants[1].content, Content::Nothing));
    assert_eq!(union("Any").tag, Tag::Missing);
}

#[test]
fn links_lead_to_types_fields_and_texts() {
    let model = read_defs(&json!({
        "Kind": { "type": "string", "enum": ["not_found"] },
        "Way": { "oneOf": [{ "properties": { "type": { "const": "go_on" } }, "required": ["type"], "type": "object" }] },
        "Box": { "type": "object", "properties": { "lid": true } },
    }))
    .unwrap();
    let target = |path: &[&str]| model.target(&path.iter().map(ToString::to_string).collect::<Vec<_>>());
    let text = ToOwned::to_owned;
    assert_eq!(target(&["Box"]), Target::Type(text("Box")));
    assert_eq!(target(&["Box", "lid"]), Target::Field(text("Box"), text("lid")));
    assert_eq!(target(&["Box", "default"]), Target::Elsewhere(text("Box.default")));
    assert_eq!(target(&["Kind"]), Target::Type(text("ErrorKind")));
    assert_eq!(target(&["Kind", "NotFound"]), Target::Value(text("not_found")));
    assert_eq!(target(&["Way", "GoOn"]), Target::Type(text("WayGoOn")));
    assert_eq!(target(&["Tool", "held"]), Target::Elsewhere(text("Tool.held")));
}

#[test]
fn arguments_come_in_the_order_in_which_they_are_required() {
    let args = json!({
        "type": "object", "required": ["thread", "text"],
        "properties": { "a": { "type": "boolean" }, "text": { "type": "string" }, "thread": { "type": "string" } },
    });
    let model = read(&json!({ "$defs": {}, "operations": [{ "name": "submit", "args": args }] })).unwrap();
    let Operation { args, result, .. } = &model.operations[0];
    let names: Vec<_> = args.iter().map(|arg| (arg.name.as_str(), arg.required)).collect();
    assert_eq!(names, [("thread", true), ("text", true), ("a", false)]);
    assert_eq!(*result, Type::Null);
    let refused = read(&json!({ "$defs": {}, "operations": [{ "name": "submit", "args": { "type": "string" } }] }));
    assert!(refused.err().unwrap_or_default().starts_with("submit(): its arguments are not an object"));
}
