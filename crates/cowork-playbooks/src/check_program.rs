//! What is wrong with a playbook's program: what can't be read, names that there are not, calls that don't fit.

use std::{collections::BTreeSet, str::FromStr};

use cowork_core::ToolSpec;
use monty::MontyRun;
use monty_types::{BuiltinsFunctions, CompileOptions, ExcType};
use ruff_python_ast::{
    Alias, ExceptHandler, Expr, ExprCall, ExprContext, Operator, Parameter, Stmt,
    visitor::{Visitor, walk_alias, walk_except_handler, walk_expr, walk_parameter, walk_stmt},
};
use ruff_python_parser::parse_module;
use ruff_text_size::{Ranged, TextRange};
use serde_json::{Map, Value, json};

use crate::{
    check::{Problem, did_you_mean, meant},
    check_schema::{Fitter, Misfit},
    check_syntax::unreadable,
    fault,
    header::{Header, MOST_SOURCE, variable},
    host::FUNCTIONS,
};

/// Types that the interpreter has besides its functions and exceptions.
const TYPES: &str = "bool int float str bytes list tuple dict set frozenset range slice iter type property object \
    Ellipsis NotImplemented __name__";

/// Modules that can be imported.
const MODULES: [&str; 17] = [
    "asyncio",
    "base64",
    "binascii",
    "collections",
    "dataclasses",
    "datetime",
    "functools",
    "gc",
    "itertools",
    "json",
    "math",
    "os",
    "pathlib",
    "re",
    "sys",
    "typing",
    "unicodedata",
];

/// Functions of Python that a playbook can't use.
const FORBIDDEN: [&str; 5] = ["open", "input", "exec", "eval", "compile"];

/// What to do in place of what a playbook can't use.
const INSTEAD: [(&str, &str); 15] = [
    ("open", "read a file with read_file(path), write one with write_file(path, content)"),
    ("input", "nobody can be asked: make it a parameter in the header"),
    ("exec", "write the program out"),
    ("eval", "write the program out"),
    ("compile", "write the program out"),
    ("csv", "read_file(path) gives the text; split its lines"),
    ("time", "now() gives the time"),
    ("random", "random(below)[\"number\"] gives a number"),
    ("hashlib", "hash_files(paths) does it"),
    ("shutil", "move_files(moves) and copy_files(copies) do it"),
    ("glob", "find_files does it"),
    ("zipfile", "make_archive and extract_archive do it"),
    ("subprocess", "no other program can be started"),
    ("requests", "there is no network"),
    ("urllib", "there is no network"),
];

/// Says what is wrong with a program.
pub(crate) fn check(source: &str, header: Option<&Header>, tools: &[ToolSpec]) -> Vec<Problem> {
    if source.len() > MOST_SOURCE {
        return vec![Problem::whole("it is larger than 1 MB, which no playbook is")];
    }
    let parsed = match parse_module(source) {
        Ok(parsed) => parsed,
        Err(error) => return vec![unreadable(source, &error)],
    };
    let body = &parsed.syntax().body;
    let mut names = Names::default();
    body.iter().for_each(|s| names.visit_stmt(s));
    let mut walker = Walker { source, header, tools, functions: functions(), names, problems: Vec::new() };
    body.iter().for_each(|s| walker.visit_stmt(s));
    let mut problems = walker.problems;
    // What only the interpreter knows: parts of Python that it does not have.
    if let Some(problem) = refused(source, header)
        && !problems.iter().any(|p| p.line == problem.line)
    {
        problems.push(problem);
    }
    problems
}

fn refused(source: &str, header: Option<&Header>) -> Option<Problem> {
    let names = header.into_iter().flat_map(|h| h.params.keys()).map(|name| variable(name)).collect();
    let compiled = std::panic::catch_unwind(|| {
        MontyRun::new(source.to_owned(), "playbook.py", names, CompileOptions::default()).map(|_| ())
    });
    match compiled {
        Ok(Ok(())) => None,
        Ok(Err(e)) => {
            let (line, what) = fault::syntax(&e);
            let fix = "docs/playbooks.md says what there is in its place".to_owned();
            Some(Problem { line, fix, ..Problem::whole(what) })
        }
        Err(_) => Some(Problem::whole("the interpreter fails at reading it")),
    }
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

/// Gives the planner's own functions: name, what can be given in order, schema.
fn functions() -> Vec<(&'static str, Vec<&'static str>, Value)> {
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

/// Every name that the program itself gives a meaning, wherever it does.
#[derive(Default)]
struct Names {
    assigned: BTreeSet<String>,
    defined: BTreeSet<String>,
    /// What is assigned outside functions: it takes the place of a tool's name everywhere.
    shadowing: BTreeSet<String>,
    depth: usize,
}

impl<'a> Visitor<'a> for Names {
    fn visit_stmt(&mut self, stmt: &'a Stmt) {
        match stmt {
            Stmt::FunctionDef(def) => {
                self.defined.insert(def.name.to_string());
                self.depth += 1;
                walk_stmt(self, stmt);
                self.depth -= 1;
                return;
            }
            Stmt::ClassDef(def) => drop(self.defined.insert(def.name.to_string())),
            _ => {}
        }
        walk_stmt(self, stmt);
    }

    fn visit_expr(&mut self, expr: &'a Expr) {
        if let Expr::Name(name) = expr
            && name.ctx != ExprContext::Load
        {
            self.assigned.insert(name.id.to_string());
            if self.depth == 0 {
                self.shadowing.insert(name.id.to_string());
            }
        }
        walk_expr(self, expr);
    }

    fn visit_parameter(&mut self, parameter: &'a Parameter) {
        self.defined.insert(parameter.name.to_string());
        walk_parameter(self, parameter);
    }

    fn visit_alias(&mut self, alias: &'a Alias) {
        let name = alias.asname.as_ref().unwrap_or(&alias.name).as_str();
        self.defined.insert(name.split('.').next().unwrap_or(name).to_owned());
        walk_alias(self, alias);
    }

    fn visit_except_handler(&mut self, handler: &'a ExceptHandler) {
        let ExceptHandler::ExceptHandler(caught) = handler;
        self.defined.extend(caught.name.as_ref().map(ToString::to_string));
        walk_except_handler(self, handler);
    }
}

struct Walker<'a> {
    source: &'a str,
    header: Option<&'a Header>,
    tools: &'a [ToolSpec],
    functions: Vec<(&'static str, Vec<&'static str>, Value)>,
    names: Names,
    problems: Vec<Problem>,
}

impl<'a> Visitor<'a> for Walker<'_> {
    fn visit_stmt(&mut self, stmt: &'a Stmt) {
        let missing = |what: &str| format!("this Python has no {what}");
        match stmt {
            Stmt::Import(import) => import.names.iter().for_each(|a| self.module(a.name.as_str(), a.range())),
            Stmt::ImportFrom(import) => {
                let name = import.module.as_ref();
                self.module(name.map_or(".", |m| m.as_str()), name.map_or(stmt.range(), Ranged::range));
            }
            Stmt::Delete(_) => {
                self.say(stmt.range(), missing("`del`"), "give the name another value, or use .pop(key)");
            }
            Stmt::Match(_) => {
                self.say(stmt.range(), missing("`match`"), "use if, elif and else");
                return;
            }
            Stmt::ClassDef(def) if def.arguments.as_ref().is_some_and(|a| !a.is_empty()) => {
                self.say(def.name.range(), missing("classes that build on others"), "use functions and dicts");
            }
            _ => {}
        }
        walk_stmt(self, stmt);
    }

    fn visit_expr(&mut self, expr: &'a Expr) {
        match expr {
            Expr::Yield(_) | Expr::YieldFrom(_) => {
                self.say(expr.range(), "this Python has no `yield`", "put the values into a list, and return it");
            }
            Expr::BinOp(sum)
                if sum.op == Operator::Mod && (sum.left.is_string_literal_expr() || sum.left.is_f_string_expr()) =>
            {
                self.say(expr.range(), "this Python does not fill in texts with `%`", "write f\"{count} files\"");
            }
            Expr::Await(_) => self.say(expr.range(), "tools are called without `await`", "leave it out"),
            Expr::Call(call) => return self.call(call),
            Expr::Name(name) if name.ctx == ExprContext::Load => self.name(name.id.as_str(), name.range(), false),
            _ => {}
        }
        walk_expr(self, expr);
    }
}

impl Walker<'_> {
    fn say(&mut self, place: TextRange, what: impl Into<String>, fix: impl Into<String>) {
        self.problems.push(Problem::at(self.source, place.to_std_range(), what).fix(fix));
    }

    fn module(&mut self, name: &str, place: TextRange) {
        let first = name.split('.').next().unwrap_or(name);
        if MODULES.contains(&first) {
            return;
        }
        let fix = INSTEAD.iter().find(|(n, _)| *n == first).map(|(_, fix)| (*fix).to_owned());
        let fix = fix.unwrap_or_else(|| did_you_mean(first, MODULES));
        self.say(place, format!("a playbook can't import `{name}`"), fix);
    }

    /// Checks that there is something of this name.
    fn name(&mut self, name: &str, place: TextRange, called: bool) {
        let forbidden = INSTEAD.iter().find(|(n, _)| *n == name && FORBIDDEN.contains(n));
        let own = self.names.assigned.contains(name) || self.names.defined.contains(name);
        if let Some((_, fix)) = forbidden.filter(|_| !own) {
            return self.say(place, format!("a playbook can't use `{name}`"), *fix);
        }
        if own || self.is_known(name, called) {
            return;
        }
        let there = || {
            let params = self.header.into_iter().flat_map(|h| h.params.keys().map(String::as_str));
            let own = self.names.assigned.iter().chain(&self.names.defined).map(String::as_str);
            params.chain(own).chain(FUNCTIONS).chain(self.tools.iter().map(|t| t.name.as_str()))
        };
        let what = if called { "function" } else { "value" };
        let fix = match meant(name, there()) {
            Some(name) => format!("did you mean `{name}`?"),
            None if called => self.listed(),
            None => "give it one before this line, or make it a parameter in the header".to_owned(),
        };
        self.say(place, format!("there is no {what} called `{name}`"), fix);
    }

    fn listed(&self) -> String {
        let all: Vec<&str> = self.tools.iter().map(|t| t.name.as_str()).collect();
        format!("the tools are: {}", all.join(", "))
    }

    fn is_known(&self, name: &str, called: bool) -> bool {
        // Without a header that can be read, any value may be a parameter.
        self.header.map_or(!called, |h| h.params.keys().any(|param| variable(param) == name))
            || FUNCTIONS.contains(&name)
            || self.tools.iter().any(|t| t.name == name)
            || TYPES.split_whitespace().any(|t| t == name)
            || BuiltinsFunctions::from_str(name).is_ok()
            || ExcType::from_str(name).is_ok()
    }

    fn call(&mut self, call: &ExprCall) {
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
