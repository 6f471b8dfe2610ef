//! `_types.py`: what data is like.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
};

use super::{JSON, KEYWORDS, about, annotation, docstring, head};
use crate::r#gen::model::{Content, Definition, Field, Model, Prose, Record, Shape, Tag, Type, Union, names::pascal};

/// What the name of a type ends with by which a host describes a function.
const DECLARATION: &str = "Declaration";
/// The operation that submits a task.
const SUBMIT: &str = "submit";

/// One statement, or some that stay together.
struct Part {
    text: String,
    /// The names that must be there before it: bases, and what a union is of.
    needs: Vec<String>,
}

/// Writes the module.
pub(super) fn module(model: &Model) -> String {
    let mut parts = BTreeMap::new();
    for (name, definition) in &model.types {
        parts.extend(definition_parts(model, name, definition));
    }
    parts.extend(options(model));
    let names: String = parts.keys().map(|name| format!("    \"{name}\",\n")).collect();
    let mut text = head("What data is like: commands, records, events, and all that they are made of.");
    text.push_str("\nfrom typing import Literal, TypeAlias, TypedDict, Union\n\n");
    let _ = write!(text, "__all__ = [\n    \"{JSON}\",\n{names}]\n\n\n");
    let _ = write!(
        text,
        "{JSON}: TypeAlias = \"Union[bool, int, float, str, list[{JSON}], dict[str, {JSON}], None]\"\n\"\"\"Any JSON.\"\"\"\n"
    );
    let mut written = BTreeSet::from([JSON.to_owned()]);
    for name in parts.keys() {
        write_part(&parts, name, &mut written, &mut text);
    }
    text
}

/// Gives how a host describes each kind of its functions ([`DECLARATION`]): the kind, what is said of it, what can be said.
pub(super) fn declarations(model: &Model) -> impl Iterator<Item = (&str, &Prose, &[Field])> {
    model.types.iter().filter_map(|(name, definition)| match &definition.shape {
        Shape::Record(record) => Some((name.strip_suffix(DECLARATION)?, &definition.about, record.fields.as_slice())),
        _ => None,
    })
}

/// Writes what is said of a task by keywords, so that none of it is required.
fn options(model: &Model) -> Option<(String, Part)> {
    let operation = model.operations.iter().find(|operation| operation.name == SUBMIT)?;
    let field = |field: &Field| {
        let of = if field.of == Type::Json { field.of.clone() } else { nullable(&field.of) };
        Field { name: field.name.clone(), about: about(field), of, required: false, default: None }
    };
    let fields = operation.args.iter().filter(|arg| !arg.required).map(field).collect();
    let name = format!("{}Options", pascal(SUBMIT));
    let part = dictionary(model, &name, &operation.about, &Record { extends: None, fields });
    Some((name, part))
}

fn nullable(of: &Type) -> Type {
    if matches!(of, Type::Nullable(_)) { of.clone() } else { Type::Nullable(Box::new(of.clone())) }
}

/// Writes a part after those that it needs.
fn write_part(parts: &BTreeMap<String, Part>, name: &str, written: &mut BTreeSet<String>, text: &mut String) {
    let Some(part) = parts.get(name).filter(|_| !written.contains(name)) else { return };
    written.insert(name.to_owned());
    for need in &part.needs {
        write_part(parts, need, written, text);
    }
    text.push_str(&part.text);
}

fn definition_parts(model: &Model, name: &str, Definition { about, shape }: &Definition) -> Vec<(String, Part)> {
    match shape {
        Shape::Record(record) => vec![(name.to_owned(), dictionary(model, name, about, record))],
        Shape::Enum(choices) => {
            let mut said = about.clone();
            for choice in choices.iter().filter(|choice| !choice.about.is_empty()) {
                said.0.push(choice.about.labelled(&format!("- `\"{}\"`: ", choice.value)));
            }
            let values: Vec<String> = choices.iter().map(|choice| format!("\"{}\"", choice.value)).collect();
            vec![(name.to_owned(), alias(model, name, &said, &broken("Literal", &values), Vec::new()))]
        }
        Shape::Union(union) => union_parts(model, name, about, union),
        Shape::Alias(of) => {
            let needs = of.names().into_iter().map(ToOwned::to_owned).collect();
            vec![(name.to_owned(), alias(model, name, about, &evaluated(of), needs))]
        }
    }
}

fn union_parts(model: &Model, name: &str, about: &Prose, union: &Union) -> Vec<(String, Part)> {
    let (mut parts, mut members, mut needs, mut said) = (Vec::new(), Vec::new(), Vec::new(), about.clone());
    for variant in &union.variants {
        let record = match &variant.content {
            Content::Nothing => {
                members.push(format!("Literal[\"{}\"]", variant.tag));
                if !variant.about.is_empty() {
                    said.0.push(variant.about.labelled(&format!("- `\"{}\"`: ", variant.tag)));
                }
                continue;
            }
            Content::One(of) if union.tag == Tag::Missing => {
                members.push(evaluated(of));
                needs.extend(of.names().into_iter().map(ToOwned::to_owned));
                continue;
            }
            Content::One(of) => {
                let field = Field {
                    name: variant.tag.clone(),
                    about: Prose::default(),
                    of: of.clone(),
                    required: true,
                    default: None,
                };
                dictionary(model, &variant.name, &variant.about, &Record { extends: None, fields: vec![field] })
            }
            Content::Fields(record) => tagged(model, &variant.name, &variant.about, record, (&union.tag, &variant.tag)),
        };
        members.push(variant.name.clone());
        needs.push(variant.name.clone());
        parts.push((variant.name.clone(), record));
    }
    parts.push((name.to_owned(), alias(model, name, &said, &broken("Union", &members), needs)));
    parts
}

/// Writes the dictionary of a variant that has its tag within.
fn tagged(model: &Model, name: &str, said: &Prose, record: &Record, (tag, value): (&Tag, &str)) -> Part {
    let Tag::Inside(tag) = tag else { return dictionary(model, name, said, record) };
    Dictionary { model, name, said, record, tag: Some((tag, value)) }.write()
}

fn dictionary(model: &Model, name: &str, said: &Prose, record: &Record) -> Part {
    Dictionary { model, name, said, record, tag: None }.write()
}

/// A dictionary with known keys.
struct Dictionary<'a> {
    model: &'a Model,
    name: &'a str,
    said: &'a Prose,
    record: &'a Record,
    /// The key of its tag, and the tag.
    tag: Option<(&'a str, &'a str)>,
}

impl Dictionary<'_> {
    /// Writes a class for the keys that it ends with, and before it one for others: a class has keys that are all required or all not,
    /// until Python 3.11; and keys that are words of the language can't be written in a class.
    fn write(&self) -> Part {
        let Self { model, name, said, record, .. } = self;
        let mut text = String::new();
        let mut bases: Vec<String> = record.extends.iter().cloned().collect();
        for required in [true, false] {
            let keys = self.keys(|field| field.required == required && is_word(&field.name), required);
            if !keys.is_empty() {
                let base = format!("_{name}{}", if required { "Named" } else { "NamedOptional" });
                let total = if required { "" } else { ", total=False" };
                let keys: String = keys.iter().map(|(key, of)| format!("\"{key}\": {}, ", quoted(of))).collect();
                let _ =
                    write!(text, "\n\n{base} = TypedDict(\"{base}\", {{{}}}{total})\n", keys.trim_end_matches(", "));
                bases.push(base);
            }
        }
        let is_optional = record.fields.iter().any(|field| !field.required && !is_word(&field.name));
        let required = self.class_body(true);
        if is_optional && !required.is_empty() {
            let _ = write!(text, "\n\nclass _{name}({}):\n{required}", or_dictionary(&bases));
            bases = vec![format!("_{name}")];
        }
        let (body, total) = if is_optional { (self.class_body(false), ", total=False") } else { (required, "") };
        // Keys that can't be in a class are told of here.
        let mut said = (*said).clone();
        for field in record.fields.iter().filter(|field| is_word(&field.name) && !field.about.is_empty()) {
            said.0.push(about(field).labelled(&format!("- `{}`: ", field.name)));
        }
        let said = docstring(model, &said, "    ");
        let gap = if said.is_empty() || body.is_empty() { "" } else { "\n" };
        let pass = if said.is_empty() && body.is_empty() { "    pass\n" } else { "" };
        let _ = write!(text, "\n\nclass {name}({}{total}):\n{said}{gap}{body}{pass}", or_dictionary(&bases));
        Part { text, needs: record.extends.iter().cloned().collect() }
    }

    /// Gives the keys that are words of the language, with their types.
    fn keys(&self, is_wanted: impl Fn(&Field) -> bool, required: bool) -> Vec<(String, String)> {
        let tag = self.tag.filter(|(tag, _)| required && is_word(tag));
        let tag = tag.map(|(tag, value)| (tag.to_owned(), format!("Literal['{value}']")));
        let fields = self.record.fields.iter().filter(|field| is_wanted(field));
        tag.into_iter().chain(fields.map(|field| (field.name.clone(), annotation(&field.of)))).collect()
    }

    fn class_body(&self, required: bool) -> String {
        let mut body = String::new();
        if let Some((tag, value)) = self.tag.filter(|(tag, _)| required && !is_word(tag)) {
            let _ = writeln!(body, "    {tag}: Literal[\"{value}\"]");
        }
        for field in self.record.fields.iter().filter(|field| field.required == required && !is_word(&field.name)) {
            let _ = writeln!(body, "    {}: {}", field.name, annotation(&field.of));
            body.push_str(&docstring(self.model, &about(field), "    "));
        }
        body
    }
}

fn alias(model: &Model, name: &str, about: &Prose, of: &str, needs: Vec<String>) -> Part {
    let said = docstring(model, about, "");
    Part { text: format!("\n\n{name}: TypeAlias = {of}\n{said}"), needs }
}

/// Gives a type as an expression that Python 3.10 can evaluate, whatever stands in it.
fn evaluated(of: &Type) -> String {
    match of {
        Type::Nullable(of) => format!("Union[{}, None]", evaluated(of)),
        Type::List(of) => format!("list[{}]", evaluated(of)),
        Type::Map(of) => format!("dict[str, {}]", evaluated(of)),
        Type::Tuple(parts) => format!("tuple[{}]", parts.iter().map(evaluated).collect::<Vec<_>>().join(", ")),
        Type::Json => quoted(JSON),
        _ => annotation(of),
    }
}

/// `Union[A, B]`, on lines of their own if they are many.
fn broken(of: &str, members: &[String]) -> String {
    let line = format!("{of}[{}]", members.join(", "));
    if line.len() < 80 {
        return line;
    }
    format!("{of}[\n{}]", members.iter().map(|member| format!("    {member},\n")).collect::<String>())
}

fn or_dictionary(bases: &[String]) -> String {
    if bases.is_empty() { "TypedDict".to_owned() } else { bases.join(", ") }
}

fn quoted(text: &str) -> String {
    format!("\"{text}\"")
}

/// Says whether a key can't be written in a class.
fn is_word(name: &str) -> bool {
    let is_name = name.chars().all(|letter| letter.is_ascii_alphanumeric() || letter == '_');
    KEYWORDS.contains(&name)
        || !is_name
        || name.starts_with(|first: char| first.is_ascii_digit())
        || name.starts_with("__")
}
