//! `_given.py`: what the function of a tool is called with, and what it gives, as objects with attributes.

use std::{collections::BTreeSet, fmt::Write as _};

use super::{
    about, annotation, docstring, head,
    operations::{parameter, used, with_arguments},
    or_none,
};
use crate::r#gen::model::{Definition, Field, Model, Record, Shape};

/// What the function of a tool is called with, and what the class is called.
const GIVEN: (&str, &str) = ("ToolInput", "ToolGiven");
/// What it gives.
const RESULT: &str = "ToolResult";

/// Writes the module, if there are tools.
pub(super) fn module(model: &Model) -> Option<String> {
    let (given, given_record) = record(model, GIVEN.0)?;
    let (result, result_record) = record(model, RESULT)?;
    let mut names = BTreeSet::new();
    given_record.fields.iter().chain(&result_record.fields).for_each(|field| used(&field.of, &mut names));
    let mut text = head("What a tool's function is told and gives, as it has it in hand.");
    let names: Vec<String> = names.into_iter().collect();
    let _ = write!(
        text,
        "\nfrom typing import TYPE_CHECKING\n\nif TYPE_CHECKING:\n    from ._types import {}\n\n__all__ = [\"{}\", \"{RESULT}\"]\n",
        names.join(", "),
        GIVEN.1,
    );
    let _ = write!(text, "\n\nclass {}:\n{}", GIVEN.1, docstring(model, &given.about, "    "));
    for field in &given_record.fields {
        let _ = write!(text, "\n    {}: {}\n", parameter(&field.name), annotation(&field.of));
        text.push_str(&docstring(model, &about(field), "    "));
    }
    made(model, result, result_record, &mut text);
    Some(text)
}

/// Writes a class whose attributes are set as one is made: those that may be left out by their names.
fn made(model: &Model, definition: &Definition, record: &Record, text: &mut String) {
    let (required, optional): (Vec<&Field>, Vec<&Field>) = record.fields.iter().partition(|field| field.required);
    let all: Vec<&Field> = required.iter().chain(&optional).copied().collect();
    let _ = write!(text, "\n\nclass {RESULT}:\n");
    text.push_str(&docstring(model, &with_arguments(&definition.about, &all), "    "));
    let mut parameters = vec!["self".to_owned()];
    parameters.extend(required.iter().map(|field| format!("{}: {}", parameter(&field.name), taken(field))));
    parameters.push("*".to_owned());
    parameters
        .extend(optional.iter().map(|field| format!("{}: {} = None", parameter(&field.name), or_none(&field.of))));
    let _ = write!(text, "\n    def __init__({}) -> None:\n", parameters.join(", "));
    for field in &all {
        let name = parameter(&field.name);
        let _ = writeln!(text, "        self.{name} = {name}");
    }
}

/// Any JSON is made of more than JSON: of whatever can be written as it.
fn taken(field: &Field) -> String {
    let of = annotation(&field.of);
    if of == super::JSON { "object".to_owned() } else { of }
}

fn record<'a>(model: &'a Model, name: &str) -> Option<(&'a Definition, &'a Record)> {
    let definition = model.types.get(name)?;
    if let Shape::Record(record) = &definition.shape { Some((definition, record)) } else { None }
}
