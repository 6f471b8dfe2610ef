//! Whether a program's calls fit what they call: tools, and the planner's own functions.

use cowork_core::ToolSpec;
use ruff_python_ast::{Expr, ExprCall, visitor::Visitor};
use ruff_text_size::Ranged;
use serde_json::{Map, Value, json};

use crate::{
    check::{did_you_mean, meant},
    check_program::Walker,
    check_schema::{Fitter, Misfit},
    host::FUNCTIONS,
};

impl Walker<'_> {
    /// Checks a call, and goes on to what is in it.
    pub(crate) fn call(&mut self, call: &ExprCall) {
        let Expr::Name(name) = &*call.func else {
            return walk_call(self, call, true);
        };
        let function = name.id.as_str();
        let reserved = FUNCTIONS.contains(&function) || self.tools.iter().any(|t| t.name == function);
        if reserved && self.names.shadowing.contains(function) {
            let what = format!("`{function}` is given a value in this program, so it is no function here any more");
            self.say(name.range(), what, "give that value another name");
        } else if !self.names.defined.contains(function) {
            match function {
                "later" => self.later(call),
                "gather" => self.gather(call),
                _ if reserved => self.reserved(function, call, 0),
                _ => self.name(function, name.range(), true),
            }
        }
        walk_call(self, call, false);
    }

    /// Checks a call of a tool or of one of the planner's functions; `skip` arguments in front are not the function's.
    fn reserved(&mut self, function: &str, call: &ExprCall, skip: usize) {
        let own = self.functions.iter().find(|(name, ..)| *name == function).cloned();
        let tools = self.tools;
        match (own, tools.iter().find(|t| t.name == function)) {
            (Some((name, positional, schema)), _) => {
                self.signature(&Signature { name, positional, schema: &schema }, call, skip);
            }
            (None, Some(tool)) => self.signature(&Signature::of_tool(tool), call, skip),
            (None, None) => {}
        }
    }

    fn signature(&mut self, signature: &Signature<'_>, call: &ExprCall, skip: usize) {
        let name = signature.name;
        let place = call.func.range();
        let args = call.arguments.args.get(skip..).unwrap_or_default();
        let mut given: Vec<&str> = Vec::new();
        let mut open = false;
        for (index, arg) in args.iter().enumerate() {
            if arg.is_starred_expr() {
                open = true;
                break;
            }
            let Some(argument) = signature.positional.get(index) else {
                let what = match signature.positional.len() {
                    0 => format!("`{name}` takes nothing without a name"),
                    1 => format!("`{name}` takes only its first value without a name"),
                    most => format!("`{name}` takes only its first {most} values without a name"),
                };
                self.say(arg.range(), what, format!("write it so: {}", signature.shown()));
                break;
            };
            given.push(argument);
            self.fit(signature, argument, arg);
        }
        for keyword in &call.arguments.keywords {
            let Some(key) = &keyword.arg else {
                open = true;
                continue;
            };
            if given.contains(&key.as_str()) {
                self.say(keyword.range, format!("`{key}` is given to `{name}` twice"), "leave out one of the two");
            } else if signature.names().any(|n| n == key.as_str()) {
                self.fit(signature, key.as_str(), &keyword.value);
            } else {
                let what = format!("`{name}` takes no `{key}`");
                self.say(key.range(), what, did_you_mean(key.as_str(), signature.names()));
            }
            given.push(key.as_str());
        }
        // What is misspelt is not also missing.
        let misspelt = given.iter().any(|g| !signature.names().any(|n| n == *g));
        if let Some(lacks) = required(signature.schema).into_iter().find(|r| !given.contains(r))
            && !open
            && !misspelt
        {
            self.say(place, format!("`{name}` needs `{lacks}`"), format!("write it so: {}", signature.shown()));
        }
    }

    fn fit(&mut self, signature: &Signature<'_>, argument: &str, value: &Expr) {
        let Some(schema) = signature.schema.pointer(&format!("/properties/{argument}")) else { return };
        let is_param = |name: &str| !self.names.assigned.contains(name) && !self.names.defined.contains(name);
        let fitter = Fitter { root: signature.schema, header: self.header, is_param: &is_param };
        if let Err(Misfit { place, what, fix }) = fitter.fit(schema, value) {
            let of = format!("`{argument}` of `{}`", signature.name);
            // Inside a list it is one of the entries that does not fit.
            let inside = value.range() != place && (value.is_list_expr() || value.is_list_comp_expr());
            let of = if inside { format!("an entry of {of}") } else { of };
            self.say(place, format!("{of} {what}"), fix);
        }
    }

    fn later(&mut self, call: &ExprCall) {
        match call.arguments.args.first() {
            Some(Expr::Name(tool)) if self.tools.iter().any(|t| t.name == tool.id.as_str()) => {
                let name = tool.id.to_string();
                self.reserved(&name, call, 1);
            }
            Some(Expr::Call(inner)) => {
                let what = "`later` takes the tool without its parentheses: here the call is made at once";
                self.say(inner.range(), what, "write it so: later(list_folder, path)");
            }
            Some(Expr::Name(other))
                if !self.names.assigned.contains(other.id.as_str())
                    && !self.names.defined.contains(other.id.as_str()) =>
            {
                let tools = self.tools.iter().map(|t| t.name.as_str());
                let fix =
                    meant(other.id.as_str(), tools).map_or_else(|| self.listed(), |t| format!("did you mean `{t}`?"));
                self.say(other.range(), format!("there is no tool called `{}`", other.id), fix);
            }
            Some(_) => {}
            None => self.say(call.range(), "`later` needs a tool", "write it so: later(list_folder, path)"),
        }
    }

    fn gather(&mut self, call: &ExprCall) {
        for arg in &call.arguments.args {
            let parts: Vec<&Expr> = match arg {
                Expr::List(list) => list.elts.iter().collect(),
                Expr::ListComp(made) => vec![&made.elt],
                other => vec![other],
            };
            for part in parts {
                let Expr::Call(made) = part else { continue };
                if let Expr::Name(tool) = &*made.func
                    && self.tools.iter().any(|t| t.name == tool.id.as_str())
                {
                    let what = "`gather` takes calls that are not made yet";
                    self.say(
                        made.range(),
                        what,
                        format!("write it so: gather(later({}, …), later({}, …))", tool.id, tool.id),
                    );
                }
            }
        }
        for keyword in
            call.arguments.keywords.iter().filter(|k| k.arg.as_ref().is_none_or(|a| a.as_str() != "return_exceptions"))
        {
            self.say(keyword.range, "`gather` takes only return_exceptions by name", "");
        }
    }
}

/// Gives the planner's own functions: name, what can be given in order, schema.
pub(crate) fn functions() -> Vec<(&'static str, Vec<&'static str>, Value)> {
    let text = json!({ "type": "string" });
    let titles = json!({ "type": "array", "items": text });
    let access = json!({ "enum": ["read", "write"] });
    let shape = |properties: Value, required: &[&str]| json!({ "properties": properties, "required": required });
    vec![
        ("plan", vec!["titles"], shape(json!({ "titles": titles }), &["titles"])),
        ("step", vec!["title", "detail"], shape(json!({ "title": text, "detail": text }), &["title"])),
        ("done", vec!["detail"], shape(json!({ "detail": text }), &[])),
        ("say", vec!["text"], shape(json!({ "text": text }), &["text"])),
        ("folders", vec!["access"], shape(json!({ "access": access }), &[])),
        ("finish", vec!["summary", "data"], shape(json!({ "summary": text, "data": {} }), &["summary"])),
    ]
}

/// A function that a program can call: a tool, or one of the planner's own.
struct Signature<'a> {
    name: &'a str,
    /// What can be given without a name, in this order.
    positional: Vec<&'a str>,
    schema: &'a Value,
}

impl<'a> Signature<'a> {
    fn of_tool(tool: &'a ToolSpec) -> Self {
        Self { name: &tool.name, positional: required(&tool.schema), schema: &tool.schema }
    }

    fn names(&self) -> impl Iterator<Item = &'a str> + Clone {
        self.schema.get("properties").and_then(Value::as_object).into_iter().flat_map(Map::keys).map(String::as_str)
    }

    /// Writes how it is called: `move_files(moves, if_taken=…)`.
    fn shown(&self) -> String {
        let needed = self.positional.iter().map(|n| (*n).to_owned());
        let others = self.names().filter(|n| !self.positional.contains(n)).map(|n| format!("{n}=…"));
        format!("{}({})", self.name, needed.chain(others).collect::<Vec<_>>().join(", "))
    }
}

fn required(schema: &Value) -> Vec<&str> {
    schema.get("required").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str).collect()
}

/// Goes on to what is in a call.
fn walk_call(walker: &mut Walker<'_>, call: &ExprCall, with_function: bool) {
    // A name that is called was looked at as such; so was a tool that `later` puts off.
    if with_function {
        walker.visit_expr(&call.func);
    }
    let is_later = matches!(&*call.func, Expr::Name(n) if n.id.as_str() == "later");
    let skip = usize::from(is_later && matches!(call.arguments.args.first(), Some(Expr::Name(_))));
    call.arguments.args.iter().skip(skip).for_each(|arg| walker.visit_expr(arg));
    call.arguments.keywords.iter().for_each(|k| walker.visit_expr(&k.value));
}
