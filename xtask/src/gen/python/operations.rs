//! `_operations.py`: a method for each operation.

use std::{collections::BTreeSet, fmt::Write as _};

use super::{JSON, KEYWORDS, annotation, docstring, head};
use crate::r#gen::model::{Model, Operation, Prose, Type, names::snake, prose::Piece};

/// Writes the module.
pub(super) fn module(model: &Model) -> String {
    let mut text = head("What an engine can be asked to do.");
    text.push_str("\nfrom abc import ABC, abstractmethod\nfrom typing import TYPE_CHECKING, Any\n");
    let mut names = BTreeSet::new();
    for operation in &model.operations {
        for of in operation.args.iter().map(|arg| &arg.of).chain([&operation.result]) {
            names.extend(of.names().into_iter().map(ToOwned::to_owned));
            if annotation(of).contains(JSON) {
                names.insert(JSON.to_owned());
            }
        }
    }
    if !names.is_empty() {
        let names: String = names.iter().map(|name| format!("        {name},\n")).collect();
        let _ = write!(text, "\nif TYPE_CHECKING:\n    from ._types import (\n{names}    )\n");
    }
    text.push_str(
        "\n__all__ = [\"Operations\"]\n\n\nclass Operations(ABC):\n    \
         \"\"\"Asks an engine by names and data: whoever extends it says how.\"\"\"\n\n    \
         @abstractmethod\n    async def _call(self, op: str, args: dict[str, object]) -> Any: ...\n",
    );
    for operation in &model.operations {
        method(model, operation, &mut text);
    }
    text
}

fn method(model: &Model, operation: &Operation, text: &mut String) {
    let result = annotation(&operation.result);
    let mut given = vec!["self".to_owned()];
    let (required, optional): (Vec<_>, Vec<_>) = operation.args.iter().partition(|arg| arg.required);
    given.extend(required.iter().map(|arg| format!("{}: {}", parameter(&arg.name), annotation(&arg.of))));
    if !optional.is_empty() {
        given.push("*".to_owned());
    }
    let or_none =
        |of: &Type| if matches!(of, Type::Nullable(_)) { annotation(of) } else { format!("{} | None", annotation(of)) };
    given.extend(optional.iter().map(|arg| format!("{}: {} = None", parameter(&arg.name), or_none(&arg.of))));
    let name = parameter(&snake(&operation.name));
    let line = format!("    async def {name}({}) -> {result}:\n", given.join(", "));
    if line.len() <= 100 {
        let _ = write!(text, "\n{line}");
    } else {
        let given: String = given.iter().map(|given| format!("        {given},\n")).collect();
        let _ = write!(text, "\n    async def {name}(\n{given}    ) -> {result}:\n");
    }
    text.push_str(&docstring(model, &said(operation), "        "));
    let pairs: Vec<String> = required.iter().map(|arg| format!("\"{}\": {}", arg.name, parameter(&arg.name))).collect();
    let mut args = format!("{{{}}}", pairs.join(", "));
    if !optional.is_empty() {
        let _ = writeln!(text, "        args_: dict[str, object] = {args}");
        "args_".clone_into(&mut args);
    }
    for arg in optional {
        let parameter = parameter(&arg.name);
        let _ =
            write!(text, "        if {parameter} is not None:\n            args_[\"{}\"] = {parameter}\n", arg.name);
    }
    let call = format!("await self._call(\"{}\", {args})", operation.name);
    if operation.result == Type::Null {
        let _ = writeln!(text, "        {call}");
    } else {
        let _ = write!(text, "        result_: {result} = {call}\n        return result_\n");
    }
}

/// Says what an operation does, and what each argument is.
fn said(operation: &Operation) -> Prose {
    let mut said = operation.about.clone();
    let args: Vec<_> = operation.args.iter().filter(|arg| !arg.about.is_empty()).collect();
    if !args.is_empty() {
        said.0.push(vec![Piece::Text("Arguments:".to_owned())]);
    }
    for arg in args {
        said.0.push(super::about(arg).labelled(&format!("- `{}`: ", parameter(&arg.name))));
    }
    said
}

/// Gives a name that is no word of the language.
fn parameter(name: &str) -> String {
    let name = name.replace(|letter: char| !letter.is_ascii_alphanumeric(), "_");
    let is_taken = KEYWORDS.contains(&name.as_str()) || ["self", "args_", "result_"].contains(&name.as_str());
    if is_taken { format!("{name}_") } else { name }
}
