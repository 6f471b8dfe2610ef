//! `_operations.py`: a method for each operation.

use std::{collections::BTreeSet, fmt::Write as _};

use super::{JSON, KEYWORDS, annotation, docstring, head, or_none};
use crate::r#gen::model::{Field, Method, Model, Prose, Type, names::snake, prose::Piece};

/// Writes the module.
pub(super) fn module(model: &Model) -> String {
    let mut text = head("What an engine can be asked to do.");
    text.push_str("\nfrom abc import ABC, abstractmethod\nfrom typing import TYPE_CHECKING, Any, Generic, TypeVar\n");
    let mut names = BTreeSet::new();
    for operation in &model.operations {
        operation.args.iter().map(|arg| &arg.of).chain([&operation.result]).for_each(|of| used(of, &mut names));
    }
    let has_streams = model.operations.iter().any(|operation| operation.is_stream);
    let streams = if has_streams { "    from collections.abc import AsyncIterator, Iterator\n\n" } else { "" };
    let names: String = names.iter().map(|name| format!("        {name},\n")).collect();
    let names = if names.is_empty() { names } else { format!("    from ._types import (\n{names}    )\n") };
    if has_streams || !names.is_empty() {
        let _ = write!(text, "\nif TYPE_CHECKING:\n{streams}{names}");
    }
    let ways: Vec<Way> = WAYS.into_iter().filter(|way| !model.methods(way.of_task).is_empty()).collect();
    let classes: Vec<String> = ways.iter().map(|way| format!("\"{}\"", way.class)).collect();
    let _ = writeln!(text, "\n__all__ = [{}]", classes.join(", "));
    for way in ways {
        let methods = model.methods(way.of_task);
        class(way, methods.iter().any(|method| method.operation.is_stream), &mut text);
        methods.iter().for_each(|it| method(model, it, way, &mut text));
    }
    text
}

/// Writes what a class begins with: how it asks.
fn class(Way { class, of_task, define, wait, stream }: Way, has_streams: bool, text: &mut String) {
    let given = "(self, operation: str, args: dict[str, object])";
    if of_task {
        let engine = class.replace("Task", "");
        let _ = write!(
            text,
            "\n\n_{engine} = TypeVar(\"_{engine}\", bound={engine})\n\n\n\
             class {class}(Generic[_{engine}]):\n    \"\"\"Asks an engine what is about one task.\"\"\"\n\n    \
             def __init__(self, engine: _{engine}, id: str) -> None:\n        \
             self.engine = engine\n        self.id = id\n\n    \
             def __repr__(self) -> str:\n        return f\"{{type(self).__name__}}({{self.id!r}})\"\n\n    \
             {define} call{given} -> Any:\n        \
             return {wait}self.engine.call(operation, {{\"task\": self.id, **args}})\n",
        );
        if has_streams {
            let _ = write!(
                text,
                "\n    def stream{given} -> {stream}[Any]:\n        \
                 return self.engine.stream(operation, {{\"task\": self.id, **args}})\n",
            );
        }
        return;
    }
    let _ = write!(
        text,
        "\n\nclass {class}(ABC):\n    \"\"\"Asks an engine by names and data: whoever extends it says how.\"\"\"\n\n    \
         @abstractmethod\n    {define} call{given} -> Any:\n        \
         \"\"\"Has an operation carried out by its name, with its arguments as they are written: for one that has no method here yet.\"\"\"\n",
    );
    if has_streams {
        let _ = write!(
            text,
            "\n    @abstractmethod\n    def stream{given} -> {stream}[Any]:\n        \
             \"\"\"Has one carried out that gives one thing after the other.\"\"\"\n",
        );
    }
}

/// How methods are called.
#[derive(Clone, Copy)]
struct Way {
    class: &'static str,
    of_task: bool,
    define: &'static str,
    wait: &'static str,
    stream: &'static str,
}

const ENGINE: Way =
    Way { class: "Operations", of_task: false, define: "async def", wait: "await ", stream: "AsyncIterator" };
const TASK: Way = Way { class: "TaskOperations", of_task: true, ..ENGINE };
const WAYS: [Way; 4] = [ENGINE, sync("SyncOperations", ENGINE), TASK, sync("SyncTaskOperations", TASK)];

const fn sync(class: &'static str, way: Way) -> Way {
    Way { class, define: "def", wait: "", stream: "Iterator", ..way }
}

fn method(model: &Model, method: &Method<'_>, way: Way, text: &mut String) {
    let operation = method.operation;
    let Way { mut define, mut wait, stream, .. } = way;
    let (mut result, mut call) = (annotation(&operation.result), "call");
    if operation.is_stream {
        (define, wait, result, call) = ("def", "", format!("{stream}[{result}]"), "stream");
    }
    let (required, optional): (Vec<_>, Vec<_>) = method.args.iter().copied().partition(|arg| arg.required);
    let mut given = vec!["self".to_owned()];
    given.extend(required.iter().map(|arg| format!("{}: {}", parameter(&arg.name), annotation(&arg.of))));
    given.extend(by_name(&optional));
    let name = parameter(&snake(method.name));
    let line = format!("    {define} {name}({}) -> {result}:\n", given.join(", "));
    if line.len() <= 100 {
        let _ = write!(text, "\n{line}");
    } else {
        let given: String = given.iter().map(|given| format!("        {given},\n")).collect();
        let _ = write!(text, "\n    {define} {name}(\n{given}    ) -> {result}:\n");
    }
    text.push_str(&docstring(model, &said(method), "        "));
    let args = arguments(&required, &optional, text);
    let call = format!("{wait}self.{call}(\"{}\", {args})", operation.name);
    if operation.result == Type::Null {
        let _ = writeln!(text, "        {call}");
    } else {
        let _ = write!(text, "        result_: {result} = {call}\n        return result_\n");
    }
}

/// Writes what gathers the arguments, and gives the expression for them.
fn arguments(required: &[&Field], optional: &[&Field], text: &mut String) -> String {
    let pairs: Vec<String> = required.iter().map(|arg| format!("\"{}\": {}", arg.name, parameter(&arg.name))).collect();
    let args = format!("{{{}}}", pairs.join(", "));
    if optional.is_empty() {
        return args;
    }
    let _ = writeln!(text, "        args_: dict[str, object] = {args}");
    for arg in optional {
        let parameter = parameter(&arg.name);
        let _ =
            write!(text, "        if {parameter} is not None:\n            args_[\"{}\"] = {parameter}\n", arg.name);
    }
    "args_".to_owned()
}

/// Says what an operation does, and what each argument is.
fn said(method: &Method<'_>) -> Prose {
    with_arguments(&method.operation.about, &method.args)
}

/// Says what each argument is, behind what something does.
pub(super) fn with_arguments(about: &Prose, args: &[&Field]) -> Prose {
    let mut said = about.clone();
    let args: Vec<_> = args.iter().filter(|arg| !arg.about.is_empty()).collect();
    if !args.is_empty() {
        said.0.push(vec![Piece::Text("Arguments:".to_owned())]);
    }
    for arg in args {
        said.0.push(super::about(arg).labelled(&format!("- `{}`: ", parameter(&arg.name))));
    }
    said
}

/// Gives the parameters for what may be left out, and is given by its name.
pub(super) fn by_name(args: &[&Field]) -> Vec<String> {
    let all = args.iter().map(|arg| format!("{}: {} = None", parameter(&arg.name), or_none(&arg.of)));
    if args.is_empty() { Vec::new() } else { ["*".to_owned()].into_iter().chain(all).collect() }
}

/// Adds the names of types that an annotation uses.
pub(super) fn used(of: &Type, names: &mut BTreeSet<String>) {
    names.extend(of.names().into_iter().map(ToOwned::to_owned));
    if annotation(of).contains(JSON) {
        names.insert(JSON.to_owned());
    }
}

/// Gives a name that is no word of the language.
pub(super) fn parameter(name: &str) -> String {
    let name = name.replace(|letter: char| !letter.is_ascii_alphanumeric(), "_");
    let is_taken = KEYWORDS.contains(&name.as_str()) || ["self", "args_", "result_"].contains(&name.as_str());
    if is_taken { format!("{name}_") } else { name }
}
