//! `operations.js` and its declarations: a method for each operation.

use std::{collections::BTreeSet, fmt::Write as _};

use super::{JSON, comment, head, key, written};
use crate::r#gen::model::{Field, Method, Model, Operation, Prose, Type, names::camel};

const ABOUT: &str = "What an engine can be asked to do.";

/// What every stream can be ended by.
const SIGNAL: &str = "      /** Ends it. */\n      signal?: AbortSignal | undefined;\n";
/// What a task can be cancelled by of which nobody else knows.
const GIVEN_UP: &str = "      /** Gives it up: the task is cancelled. */\n      signal?: AbortSignal | undefined;\n";

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
    for (class, about, of_task) in CLASSES {
        let methods = model.methods(of_task);
        if methods.is_empty() {
            continue;
        }
        let has_streams = methods.iter().any(|method| method.operation.is_stream);
        let (kind, how, begin) = if of_task { TASK } else { ENGINE };
        let call = if of_task { CALL.to_owned() } else { CALL.replace("})", "}, signal?: AbortSignal)") };
        let _ = write!(text, "\n/** {about}. */\nexport declare {kind} {class} {{\n{begin}  protected {how}{call}");
        if has_streams {
            let _ = write!(text, "  protected {how}{STREAM}");
        }
        for method in &methods {
            let _ = write!(text, "\n{}", comment(model, &said(method), "  "));
            let _ = writeln!(text, "  {}({}): {};", camel(method.name), typed(model, method), result(method.operation));
        }
        text.push_str("}\n");
    }
    text
}

/// How an engine is asked, and what a task has: the kind of class, whether its methods are to be written, and what it begins with.
const ENGINE: (&str, &str, &str) = ("abstract class", "abstract ", "");
const TASK: (&str, &str, &str) = (
    "class",
    "",
    "  constructor(engine: Operations, id: string);\n  /** What it is a task of. */\n  readonly engine: Operations;\n  \
     /** Its name. */\n  readonly id: string;\n",
);
const CALL: &str = "_call(op: string, args: { [key: string]: unknown }): Promise<unknown>;\n";
const STREAM: &str = "_follow(\n    op: string,\n    args: { [key: string]: unknown },\n    signal: AbortSignal | undefined,\n  \
                      ): AsyncGenerator<any, void, undefined>;\n";

/// The classes: their names, what they are, and whether they are about one task.
const CLASSES: [(&str, &str, bool); 2] = [
    ("Operations", "Asks an engine by names and data: whoever extends it says how", false),
    ("TaskOperations", "Asks an engine what is about one task", true),
];

fn result(operation: &Operation) -> String {
    match &operation.result {
        of if operation.is_stream => format!("AsyncGenerator<{}, void, undefined>", written(of)),
        Type::Null => "Promise<void>".to_owned(),
        of => format!("Promise<{}>", written(of)),
    }
}

/// Writes what runs.
pub(super) fn module(model: &Model) -> String {
    let mut text = head(ABOUT);
    text.push_str("\n\"use strict\";\n\nconst { InvalidInputError } = require(\"./errors.js\");\n");
    for (class, _, of_task) in CLASSES {
        let methods = model.methods(of_task);
        if methods.is_empty() {
            continue;
        }
        let _ = write!(text, "\nclass {class} {{{}", if of_task { OF_TASK } else { "" });
        methods.iter().for_each(|it| method(it, &mut text));
        let _ = write!(text, "}}\nexports.{class} = {class};\n");
    }
    text.push_str(
        r#"
// What is not given is left out. What there is not is refused: it may have been meant as a limit.
function given(op, args, options, names) {
  if (options === null || typeof options !== "object" || Array.isArray(options)) {
    throw new InvalidInputError(`the options of \`${op}\` are no object`, { op: "call engine", fix: `write them so: ${op}(…, { name: value })` });
  }
  for (const [name, value] of Object.entries(options)) {
    if (!Object.hasOwn(names, name)) {
      throw new InvalidInputError(`\`${op}\` has no option \`${name}\``, { op: "call engine", fix: `it has ${Object.keys(names).join(", ")}` });
    }
    if (names[name] !== null && value !== undefined) args[names[name]] = value;
  }
  return args;
}
"#,
    );
    text
}

/// How a task asks.
const OF_TASK: &str = "
  constructor(engine, id) {
    this.engine = engine;
    this.id = id;
  }

  async _call(op, args) {
    return this.engine._call(op, { task: this.id, ...args });
  }

  _follow(op, args, signal) {
    return this.engine._follow(op, { task: this.id, ...args }, signal);
  }
";

fn method(method: &Method<'_>, text: &mut String) {
    let (required, optional) = split(method);
    let mut given: Vec<String> = required.iter().map(|arg| parameter(&arg.name)).collect();
    let pairs: Vec<String> = required.iter().map(|arg| pair(&arg.name, &parameter(&arg.name))).collect();
    let mut names: Vec<String> = optional.iter().map(|arg| format!("{}: \"{}\"", camel(&arg.name), arg.name)).collect();
    let (is_stream, begins) = (method.operation.is_stream, method.operation.begins_task());
    if is_stream || begins {
        names.push("signal: null".to_owned());
    }
    let args = if pairs.is_empty() { "{}".to_owned() } else { format!("{{ {} }}", pairs.join(", ")) };
    let args = if names.is_empty() {
        args
    } else {
        given.push("options = {}".to_owned());
        format!("given(\"{}\", {args}, options, {{ {} }})", camel(method.name), names.join(", "))
    };
    let (name, op, given) = (camel(method.name), &method.operation.name, given.join(", "));
    let (kind, call) = if is_stream {
        ("", format!("_follow(\"{op}\", {args}, options.signal)"))
    } else {
        ("async ", format!("_call(\"{op}\", {args}{})", if begins { ", options.signal" } else { "" }))
    };
    let _ = write!(text, "\n  {kind}{name}({given}) {{\n    return this.{call};\n  }}\n");
}

/// Gives the parameters of a method: what is required, then an object with what is not.
fn typed(model: &Model, method: &Method<'_>) -> String {
    let (required, optional) = split(method);
    let mut given: Vec<String> =
        required.iter().map(|arg| format!("{}: {}", parameter(&arg.name), written(&arg.of))).collect();
    let signal = match method.operation {
        operation if operation.is_stream => SIGNAL,
        operation if operation.begins_task() => GIVEN_UP,
        _ => "",
    };
    let has_options = !optional.is_empty() || !signal.is_empty();
    if has_options {
        let option = |arg: &&Field| {
            let said = comment(model, &super::about(arg), "      ");
            format!("{said}      {}?: {} | undefined;\n", key(&camel(&arg.name)), written(&arg.of))
        };
        given.push(format!("options?: {{\n{}{signal}    }}", optional.iter().map(option).collect::<String>()));
    }
    if has_options { format!("\n    {},\n  ", given.join(",\n    ")) } else { given.join(", ") }
}

/// Says what an operation does, and what each argument is.
fn said(method: &Method<'_>) -> Prose {
    let mut said = method.operation.about.clone();
    for arg in method.args.iter().filter(|arg| arg.required && !arg.about.is_empty()) {
        said.0.push(arg.about.labelled(&format!("@param {} - ", parameter(&arg.name))));
    }
    said
}

fn split<'a>(method: &Method<'a>) -> (Vec<&'a Field>, Vec<&'a Field>) {
    method.args.iter().copied().partition(|arg| arg.required)
}

fn pair(name: &str, value: &str) -> String {
    if key(name) == value { value.to_owned() } else { format!("{}: {value}", key(name)) }
}

/// Gives a name that is no word of the language.
fn parameter(name: &str) -> String {
    let name = camel(name);
    if WORDS.contains(&name.as_str()) { format!("{name}_") } else { name }
}
