//! TypeScript: interfaces, unions that a compiler narrows by their tag, a class for each kind of errors, a method for each operation. What
//! runs is a `require`d module with exports that Node finds by reading, so that `import` and `require` get the same classes.

mod errors;
mod operations;
mod types;

use super::{
    File,
    model::{Field, Model, Prose, Target, Type},
};

/// The longest line of a description.
const WIDTH: usize = 110;

/// What any JSON is called.
const JSON: &str = "Json";

/// Writes the modules of a package.
pub(crate) fn files(model: &Model) -> Vec<File> {
    let file = |name: &str, text: String| File { name: name.to_owned(), text };
    let mut files = vec![file("types.d.ts", types::module(model))];
    if !model.errors.is_empty() {
        files.extend([file("errors.d.ts", errors::declared(model)), file("errors.js", errors::module(model))]);
    }
    if !model.operations.is_empty() {
        let (declared, module) = (operations::declared(model), operations::module(model));
        files.extend([file("operations.d.ts", declared), file("operations.js", module)]);
    }
    files
}

/// Gives what a file begins with.
fn head(about: &str) -> String {
    format!("// {about}\n//\n// Written by `cargo xtask gen` from the engine's schema: what is changed here is lost.\n")
}

/// Gives a type.
fn written(of: &Type) -> String {
    match of {
        Type::Null => "null".to_owned(),
        Type::Bool => "boolean".to_owned(),
        Type::Int { .. } | Type::Float => "number".to_owned(),
        Type::Text(_) => "string".to_owned(),
        Type::Json => JSON.to_owned(),
        Type::Named(name) => name.clone(),
        Type::List(of) if matches!(**of, Type::Nullable(_)) => format!("({})[]", written(of)),
        Type::List(of) => format!("{}[]", written(of)),
        // Not `Record`: that is one of our own.
        Type::Map(of) => format!("{{ [key: string]: {} }}", written(of)),
        Type::Tuple(parts) => format!("[{}]", parts.iter().map(written).collect::<Vec<_>>().join(", ")),
        Type::Nullable(of) if **of == Type::Json => JSON.to_owned(),
        Type::Nullable(of) => format!("{} | null", written(of)),
    }
}

/// Gives a comment that says what something is, or nothing.
fn comment(model: &Model, about: &Prose, indent: &str) -> String {
    let mut lines = about.lines(model, WIDTH - indent.len(), link);
    for line in &mut lines {
        *line = line.replace("*/", "*\\/");
    }
    match lines.as_slice() {
        [] => String::new(),
        [only] => format!("{indent}/** {only} */\n"),
        lines => {
            let lines: String =
                lines.iter().map(|line| format!("{indent} * {line}").trim_end().to_owned() + "\n").collect();
            format!("{indent}/**\n{lines}{indent} */\n")
        }
    }
}

/// Gives a field of an interface, with its comment.
fn field(model: &Model, field: &Field, indent: &str) -> String {
    let Field { name, of, required, .. } = field;
    let optional = if *required { "" } else { "?" };
    format!("{}{indent}{}{optional}: {};\n", comment(model, &about(field), indent), key(name), written(of))
}

/// Says what a field is, and what it is where it is left out.
fn about(field: &Field) -> Prose {
    match &field.default {
        Some(default) if !field.required && default != "\"\"" => field.about.with(format!("@defaultValue `{default}`")),
        _ => field.about.clone(),
    }
}

/// Gives a name as a key.
fn key(name: &str) -> String {
    let is_name = name.chars().all(|letter| letter.is_ascii_alphanumeric() || letter == '_' || letter == '$');
    let is_name = is_name && !name.starts_with(|first: char| first.is_ascii_digit());
    if is_name { name.to_owned() } else { format!("\"{name}\"") }
}

fn link(target: &Target) -> String {
    match target {
        Target::Type(name) => format!("{{@link {name}}}"),
        Target::Field(owner, field) => format!("{{@link {owner}.{field}}}"),
        Target::Value(value) => format!("`\"{value}\"`"),
        Target::Elsewhere(name) => format!("`{name}`"),
    }
}
