//! What is wrong with a playbook's program: what can't be read, names that there are not, calls that don't fit.

use std::{collections::BTreeSet, str::FromStr};

use cowork_core::ToolSpec;
use monty::MontyRun;
use monty_types::{BuiltinsFunctions, CompileOptions, ExcType};
use ruff_python_ast::{
    Alias, ExceptHandler, Expr, ExprContext, Operator, Parameter, Stmt,
    visitor::{Visitor, walk_alias, walk_except_handler, walk_expr, walk_parameter, walk_stmt},
};
use ruff_python_parser::parse_module;
use ruff_text_size::{Ranged, TextRange};
use serde_json::Value;

use crate::{
    check::{Problem, did_you_mean, meant},
    check_calls::functions,
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

/// Every name that the program itself gives a meaning, wherever it does.
#[derive(Default)]
pub(crate) struct Names {
    pub(crate) assigned: BTreeSet<String>,
    pub(crate) defined: BTreeSet<String>,
    /// What is assigned outside functions: it takes the place of a tool's name everywhere.
    pub(crate) shadowing: BTreeSet<String>,
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

/// A program on its way through the checks.
pub(crate) struct Walker<'a> {
    source: &'a str,
    pub(crate) header: Option<&'a Header>,
    pub(crate) tools: &'a [ToolSpec],
    pub(crate) functions: Vec<(&'static str, Vec<&'static str>, Value)>,
    pub(crate) names: Names,
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
    pub(crate) fn say(&mut self, place: TextRange, what: impl Into<String>, fix: impl Into<String>) {
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
    pub(crate) fn name(&mut self, name: &str, place: TextRange, called: bool) {
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

    pub(crate) fn listed(&self) -> String {
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
}
