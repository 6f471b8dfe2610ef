//! A program's calls of tools, made into what is proposed.

use cowork_core::{ProposedCall, ToolSpec};
use monty_types::MontyObject;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::{
    host::{Given, Named},
    values::{from_program, to_program},
};

/// The mark of a call that was put off with `later`.
const PUT_OFF: &str = "__later__";
/// More calls than this are not made at once.
pub(crate) const MOST_AT_ONCE: usize = 200;

/// A tool, as a program calls it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Function {
    pub(crate) name: String,
    /// The names of its arguments, as its schema has them.
    arguments: Vec<String>,
    /// Those that must be there, in the order in which they may be given without names.
    required: Vec<String>,
}

impl Function {
    /// Takes from a tool what a call of it needs.
    pub(crate) fn of(tool: &ToolSpec) -> Self {
        let required = tool.schema.get("required").and_then(Value::as_array).into_iter().flatten();
        let arguments = tool.schema.get("properties").and_then(Value::as_object).into_iter().flat_map(Map::keys);
        Self {
            name: tool.name.clone(),
            arguments: arguments.cloned().collect(),
            required: required.filter_map(Value::as_str).map(str::to_owned).collect(),
        }
    }
}

/// Makes the call of a tool, if there is one of that name; or says what is wrong with its arguments.
pub(crate) fn of_tool(
    tools: &[Function],
    name: &str,
    args: &[MontyObject],
    kwargs: &Named,
    most: usize,
) -> Option<Result<ProposedCall, String>> {
    let function = tools.iter().find(|t| t.name == name)?;
    let args = arguments(function, args, kwargs, most);
    Some(args.map(|args| ProposedCall { tool: name.to_owned(), args }))
}

/// Answers `later(tool, …)`: with a value that stands for the call.
pub(crate) fn put_off(tools: &[Function], given: &Given<'_>, most: usize) -> Result<MontyObject, String> {
    let (function, args, kwargs) = given.split_function()?;
    let call = of_tool(tools, function, args, kwargs, most);
    let call = call.ok_or_else(|| format!("later() takes a tool, and `{function}` is none"))??;
    let fields = [(PUT_OFF.to_owned(), Value::String(call.tool)), ("args".to_owned(), call.args)];
    Ok(to_program(Value::Object(fields.into_iter().collect())))
}

/// Gives the calls of `gather(…)`, and whether it keeps the exceptions among the values.
pub(crate) fn gathered(
    tools: &[Function],
    given: &Given<'_>,
    most: usize,
) -> Result<(Vec<ProposedCall>, bool), String> {
    let (items, keep_exceptions) = given.gathered()?;
    if items.len() > MOST_AT_ONCE {
        return Err(format!("gather() takes at most {MOST_AT_ONCE} calls at once"));
    }
    let call = |item: &MontyObject| {
        let mut value = from_program(item, most)?;
        let tool = value.get(PUT_OFF).and_then(Value::as_str).map(str::to_owned);
        match (tool, value.get_mut("args").map(Value::take)) {
            (Some(tool), Some(args)) if tools.iter().any(|t| t.name == tool) => Ok(ProposedCall { tool, args }),
            _ => Err("gather() takes calls that were put off: gather(later(list_folder, a), later(list_folder, b))"
                .to_owned()),
        }
    };
    Ok((items.iter().map(call).collect::<Result<_, String>>()?, keep_exceptions))
}

/// Makes a tool's arguments of a call's: positional ones are the required ones, in the order of the schema.
fn arguments(function: &Function, args: &[MontyObject], kwargs: &Named, most: usize) -> Result<Value, String> {
    let Function { name, arguments, required } = function;
    let mut fields = Map::new();
    let mut names = required.iter();
    for arg in args {
        let Some(field) = names.next() else {
            let takes = required.len();
            return Err(format!("{name}() takes {takes} arguments without a name; give the others as NAME=VALUE"));
        };
        fields.insert(field.clone(), from_program(arg, most).map_err(|why| format!("{name}(): {why}"))?);
    }
    for (key, value) in kwargs {
        let key = key.to_string();
        if !arguments.contains(&key) {
            return Err(format!("{name}() has no argument `{key}`; it has: {}", arguments.join(", ")));
        }
        let value = from_program(value, most).map_err(|why| format!("{name}(): {why}"))?;
        if fields.insert(key.clone(), value).is_some() {
            return Err(format!("{name}() got `{key}` twice"));
        }
    }
    if let Some(missing) = required.iter().find(|r| !fields.contains_key(*r)) {
        return Err(format!("{name}() lacks `{missing}`"));
    }
    Ok(Value::Object(fields))
}
