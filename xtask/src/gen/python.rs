//! Python: dictionaries with known keys, unions that a checker narrows by their tag, an exception for each kind of errors, a method for each
//! operation. For Python 3.10, with nothing but its standard library.

mod errors;
mod given;
mod operations;
mod parts;
mod types;

use super::{
    File,
    model::{Field, Model, Prose, Target, Type},
};

/// The longest line of a description.
const WIDTH: usize = 110;

/// What any JSON is called.
const JSON: &str = "Json";

const KEYWORDS: [&str; 35] = [
    "False", "None", "True", "and", "as", "assert", "async", "await", "break", "class", "continue", "def", "del",
    "elif", "else", "except", "finally", "for", "from", "global", "if", "import", "in", "is", "lambda", "nonlocal",
    "not", "or", "pass", "raise", "return", "try", "while", "with", "yield",
];

/// Writes the modules of a package.
pub(crate) fn files(model: &Model) -> Vec<File> {
    let file = |name: &str, text: String| File { name: name.to_owned(), text };
    let mut files = vec![file("_types.py", types::module(model))];
    if !model.errors.is_empty() {
        files.push(file("_errors.py", errors::module(model)));
    }
    if !model.operations.is_empty() {
        files.push(file("_operations.py", operations::module(model)));
    }
    files.extend(given::module(model).map(|text| file("_given.py", text)));
    files.extend(parts::module(model).map(|text| file("_parts.py", text)));
    files
}

/// Gives what a module begins with.
fn head(about: &str) -> String {
    format!(
        "\"\"\"{about}\n\nWritten by `cargo xtask gen` from the engine's schema: what is changed here is lost.\n\"\"\"\n\n\
         from __future__ import annotations\n"
    )
}

/// Gives a type as an annotation.
fn annotation(of: &Type) -> String {
    match of {
        Type::Null => "None".to_owned(),
        Type::Bool => "bool".to_owned(),
        Type::Int { .. } => "int".to_owned(),
        Type::Float => "float".to_owned(),
        Type::Text(_) => "str".to_owned(),
        Type::Json => JSON.to_owned(),
        Type::Named(name) => name.clone(),
        Type::List(of) => format!("list[{}]", annotation(of)),
        Type::Map(of) => format!("dict[str, {}]", annotation(of)),
        Type::Tuple(parts) => format!("tuple[{}]", parts.iter().map(annotation).collect::<Vec<_>>().join(", ")),
        Type::Nullable(of) if **of == Type::Json => JSON.to_owned(),
        Type::Nullable(of) => format!("{} | None", annotation(of)),
    }
}

/// Gives the annotation of what may be left out.
fn or_none(of: &Type) -> String {
    if matches!(of, Type::Nullable(_)) { annotation(of) } else { format!("{} | None", annotation(of)) }
}

/// Gives the lines of a string that says what something is, or none.
fn docstring(model: &Model, about: &Prose, indent: &str) -> String {
    let mut lines: Vec<String> = about.lines(model, WIDTH - indent.len(), link);
    if lines.is_empty() {
        return String::new();
    }
    for line in &mut lines {
        *line = line.replace('\\', "\\\\").replace("\"\"\"", "\\\"\\\"\\\"");
    }
    if let [only] = lines.as_slice() {
        let end = if only.ends_with('"') { " " } else { "" };
        return format!("{indent}\"\"\"{only}{end}\"\"\"\n");
    }
    let lines: String =
        lines.iter().map(|line| format!("{indent}{line}\n").replace(&format!("{indent}\n"), "\n")).collect();
    format!("{indent}\"\"\"{}{indent}\"\"\"\n", lines.trim_start())
}

/// Says what a field is, and what it is where it is left out.
fn about(field: &Field) -> Prose {
    match &field.default {
        Some(default) if !field.required && default != "\"\"" => {
            field.about.with(format!("Where it is left out: `{default}`."))
        }
        _ => field.about.clone(),
    }
}

fn link(target: &Target) -> String {
    match target {
        Target::Type(name) | Target::Elsewhere(name) => format!("`{name}`"),
        Target::Field(owner, field) => format!("`{owner}.{field}`"),
        Target::Value(value) => format!("`\"{value}\"`"),
    }
}
