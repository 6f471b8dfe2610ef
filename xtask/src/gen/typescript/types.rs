//! `types.d.ts`: what data is like.

use std::fmt::Write as _;

use super::{JSON, comment, field, head, key, written};
use crate::r#gen::model::{Content, Definition, Model, Prose, Record, Shape, Tag, Type, Union, Variant};

/// Writes the module.
pub(super) fn module(model: &Model) -> String {
    let mut text = head("What data is like: commands, records, events, and all that they are made of.");
    let _ = write!(
        text,
        "\n/** Any JSON. A whole number that no `number` can hold exactly is a `bigint`. */\n\
         export type {JSON} = null | boolean | number | bigint | string | {JSON}[] | {{ [key: string]: {JSON} }};\n"
    );
    for (name, Definition { about, shape }) in &model.types {
        match shape {
            Shape::Record(record) => interface(model, name, about, record, "", &mut text),
            Shape::Enum(choices) => {
                let members = choices.iter().map(|choice| (format!("\"{}\"", choice.value), &choice.about));
                alias(model, name, about, members.collect(), &mut text);
            }
            Shape::Union(of) => union(model, name, about, of, &mut text),
            Shape::Alias(of) => alias(model, name, about, vec![(written(of), &Prose::default())], &mut text),
        }
    }
    text
}

fn union(model: &Model, name: &str, about: &Prose, Union { tag, variants }: &Union, text: &mut String) {
    let nothing = Prose::default();
    let mut members = Vec::new();
    for variant in variants {
        members.push(match (&variant.content, tag) {
            (Content::Nothing, _) => (format!("\"{}\"", variant.tag), &variant.about),
            (Content::One(of), Tag::Missing) => (written(of), &variant.about),
            (content, _) => {
                member(model, variant, content, tag, text);
                (variant.name.clone(), &nothing)
            }
        });
    }
    alias(model, name, about, members, text);
}

/// Writes the interface of a variant that is an object.
fn member(model: &Model, variant: &Variant, content: &Content, tag: &Tag, text: &mut String) {
    let line = |name: &str, of: &str| format!("  {}: {of};\n", key(name));
    let below = |of: &Type| line(&variant.tag, &written(of));
    let (first, record) = match (content, tag) {
        (Content::Fields(record), Tag::Inside(tag)) => (line(tag, &format!("\"{}\"", variant.tag)), Some(record)),
        (content, _) => (content.one().map(below).unwrap_or_default(), content.fields()),
    };
    interface(model, &variant.name, &variant.about, record.unwrap_or(&Record::default()), &first, text);
}

/// Writes an interface; `first` is written before its fields.
fn interface(model: &Model, name: &str, about: &Prose, record: &Record, first: &str, text: &mut String) {
    let extends = record.extends.as_ref().map(|base| format!(" extends {base}")).unwrap_or_default();
    let fields: String = record.fields.iter().map(|of| field(model, of, "  ")).collect();
    let _ = write!(text, "\n{}export interface {name}{extends} {{\n{first}{fields}}}\n", comment(model, about, ""));
}

fn alias(model: &Model, name: &str, about: &Prose, members: Vec<(String, &Prose)>, text: &mut String) {
    let _ = write!(text, "\n{}export type {name} =", comment(model, about, ""));
    if let [(only, _)] = members.as_slice() {
        let _ = writeln!(text, " {only};");
        return;
    }
    for (member, about) in members {
        let _ = write!(text, "\n{}  | {member}", comment(model, about, "  "));
    }
    text.push_str(";\n");
}
