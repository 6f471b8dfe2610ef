//! `operations.js` and its declarations: a method for each operation.

use std::{collections::BTreeSet, fmt::Write as _};

use super::{JSON, comment, head, key, written};
use crate::r#gen::model::{Field, Model, Operation, Prose, Type, names::camel};

const ABOUT: &str = "What an engine can be asked to do.";

/// Words that can't be the name of an argument.
const WORDS: [&str; 46] = [
    "arguments",
    "await",
    "break",
    "case",
    "catch",
    "class",
    "const",
    "continue",
    "debugger",
    "default",
    "delete",
    "do",
    "else",
    "enum",
    "eval",
    "export",
    "extends",
    "false",
    "finally",
    "for",
    "function",
    "if",
    "implements",
    "import",
    "in",
    "instanceof",
    "interface",
    "let",
    "new",
    "null",
    "options",
    "package",
    "private",
    "protected",
    "public",
    "return",
    "static",
    "super",
    "switch",
    "this",
    "throw",
    "true",
    "try",
    "typeof",
    "var",
    "yield",
];

/// Writes the declarations.
pub(super) fn declared(model: &Model) -> String {
    let mut text = head(ABOUT);
    let mut names = BTreeSet::new();
    for operation in &model.operations {
        for of in operation.args.iter().map(|arg| &arg.of).chain([&operation.result]) {
            names.extend(of.names().into_iter().map(ToOwned::to_owned));
            if written(of).contains(JSON) {
                names.insert(JSON.to_owned());
            }
        }
    }
    if !names.is_empty() {
        let names: String = names.iter().map(|name| format!("  {name},\n")).collect();
        let _ = write!(text, "\nimport type {{\n{names}}} from \"./types\";\n");
    }
    text.push_str(
        "\n/** Asks an engine by names and data: whoever extends it says how. */\n\
         export declare abstract class Operations {\n  \
         protected abstract _call(op: string, args: { [key: string]: unknown }): Promise<unknown>;\n",
    );
    for operation in &model.operations {
        let result = if operation.result == Type::Null { "void".to_owned() } else { written(&operation.result) };
        let _ = write!(text, "\n{}", comment(model, &said(operation), "  "));
        let _ = writeln!(text, "  {}({}): Promise<{result}>;", camel(&operation.name), typed(model, operation));
    }
    text.push_str("}\n");
    text
}

/// Writes what runs.
pub(super) fn module(model: &Model) -> String {
    let mut text = head(ABOUT);
    text.push_str("\n\"use strict\";\n\nclass Operations {");
    for operation in &model.operations {
        let (required, optional) = split(operation);
        let mut given: Vec<String> = required.iter().map(|arg| parameter(&arg.name)).collect();
        let mut pairs: Vec<String> = required.iter().map(|arg| pair(&arg.name, &parameter(&arg.name))).collect();
        pairs.extend(optional.iter().map(|arg| pair(&arg.name, &format!("options.{}", camel(&arg.name)))));
        if !optional.is_empty() {
            given.push("options = {}".to_owned());
        }
        let args = if pairs.is_empty() { "{}".to_owned() } else { format!("given({{ {} }})", pairs.join(", ")) };
        let (name, op) = (camel(&operation.name), &operation.name);
        let _ =
            write!(text, "\n  async {name}({}) {{\n    return this._call(\"{op}\", {args});\n  }}\n", given.join(", "));
    }
    text.push_str(
        "}\nexports.Operations = Operations;\n\n// What is not given is left out.\nfunction given(args) {\n  \
         return Object.fromEntries(Object.entries(args).filter(([, value]) => value !== undefined));\n}\n",
    );
    text
}

/// Gives the parameters of a method: what is required, then an object with what is not.
fn typed(model: &Model, operation: &Operation) -> String {
    let (required, optional) = split(operation);
    let mut given: Vec<String> =
        required.iter().map(|arg| format!("{}: {}", parameter(&arg.name), written(&arg.of))).collect();
    if !optional.is_empty() {
        let option = |arg: &&Field| {
            let said = comment(model, &super::about(arg), "      ");
            format!("{said}      {}?: {} | undefined;\n", key(&camel(&arg.name)), written(&arg.of))
        };
        given.push(format!("options?: {{\n{}    }}", optional.iter().map(option).collect::<String>()));
    }
    if optional.is_empty() { given.join(", ") } else { format!("\n    {},\n  ", given.join(",\n    ")) }
}

/// Says what an operation does, and what each argument is.
fn said(operation: &Operation) -> Prose {
    let mut said = operation.about.clone();
    for arg in operation.args.iter().filter(|arg| arg.required && !arg.about.is_empty()) {
        said.0.push(arg.about.labelled(&format!("@param {} - ", parameter(&arg.name))));
    }
    said
}

fn split(operation: &Operation) -> (Vec<&Field>, Vec<&Field>) {
    operation.args.iter().partition(|arg| arg.required)
}

fn pair(name: &str, value: &str) -> String {
    if key(name) == value { value.to_owned() } else { format!("{}: {value}", key(name)) }
}

/// Gives a name that is no word of the language.
fn parameter(name: &str) -> String {
    let name = camel(name);
    if WORDS.contains(&name.as_str()) { format!("{name}_") } else { name }
}
