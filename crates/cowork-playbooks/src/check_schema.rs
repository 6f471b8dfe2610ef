//! Whether what a program gives to a tool fits the tool's schema, as far as that can be seen without running it.

use cowork_core::FilePath;
use ruff_python_ast::{DictItem, Expr, Number, Operator, UnaryOp};
use ruff_text_size::{Ranged, TextRange};
use serde_json::{Map, Value};

use crate::{
    check::{did_you_mean, meant},
    check_header::values_of,
    header::{Header, ParamKind},
};

/// Something that does not fit.
pub(crate) struct Misfit {
    pub(crate) place: TextRange,
    /// What is wrong, to be put after the name of what it is about: `must be text, and is a number`.
    pub(crate) what: String,
    pub(crate) fix: String,
}

type Fits = Result<(), Misfit>;

/// Compares expressions with schemas. `is_param` says which names are parameters still.
pub(crate) struct Fitter<'a> {
    /// The whole schema, for what it refers to.
    pub(crate) root: &'a Value,
    pub(crate) header: Option<&'a Header>,
    pub(crate) is_param: &'a dyn Fn(&str) -> bool,
}

/// What can be seen of an expression's value.
enum Shape<'a> {
    Unknown,
    Text(Option<&'a str>),
    /// A text that is one of these.
    Choice(Vec<String>),
    Whole,
    Fraction,
    Bool,
    Nothing,
    List(&'a [Expr]),
    /// A list that is made of this, again and again.
    Made(&'a Expr),
    Dict(&'a [DictItem]),
    AnyList,
    AnyDict,
    /// What no tool takes.
    Other(&'static str),
}

impl Fitter<'_> {
    /// Says whether an expression can be what the schema wants. What can't be seen fits.
    pub(crate) fn fit(&self, schema: &Value, expr: &Expr) -> Fits {
        if let Expr::If(either) = expr {
            self.fit(schema, &either.body)?;
            return self.fit(schema, &either.orelse);
        }
        let is_path = schema.get("$ref").and_then(Value::as_str).is_some_and(|r| r.ends_with("/FilePath"));
        let schema = self.resolve(schema);
        let shape = self.shape(expr);
        if let (true, Shape::Text(Some(path))) = (is_path, &shape) {
            is_inside(path).map_err(|what| misfit(expr, what, "folders() gives the names: f\"{folder}/notes.txt\""))?;
        }
        if let Some(choices) = self.choices(schema) {
            return fit_choice(&choices, self.may_be_nothing(schema), &shape, expr);
        }
        for key in ["anyOf", "oneOf"] {
            if let Some(branches) = schema.get(key).and_then(Value::as_array) {
                self.fit_any(branches, expr)?;
            }
        }
        for part in schema.get("allOf").and_then(Value::as_array).into_iter().flatten() {
            self.fit(part, expr)?;
        }
        let kinds = kinds(schema);
        if !kinds.is_empty() && !kinds.iter().any(|kind| shape.is(kind)) {
            let wanted: Vec<&str> = kinds.iter().filter(|k| **k != "null").map(|k| in_words(k)).collect();
            return Err(misfit(expr, format!("must be {}, and is {}", wanted.join(" or "), shape.in_words()), ""));
        }
        self.fit_inside(schema, &shape, expr)
    }

    fn fit_inside(&self, schema: &Value, shape: &Shape<'_>, expr: &Expr) -> Fits {
        match shape {
            Shape::List(entries) => {
                let Some(of) = schema.get("items") else { return Ok(()) };
                entries.iter().filter(|e| !e.is_starred_expr()).try_for_each(|e| self.fit(of, e))
            }
            Shape::Made(entry) => schema.get("items").map_or(Ok(()), |of| self.fit(of, entry)),
            Shape::Dict(items) => self.fit_dict(schema, items, expr),
            _ => Ok(()),
        }
    }

    fn fit_dict(&self, schema: &Value, items: &[DictItem], expr: &Expr) -> Fits {
        let known = schema.get("properties").and_then(Value::as_object);
        let closed = schema.get("additionalProperties") == Some(&Value::Bool(false));
        let mut given = Vec::new();
        for item in items {
            // `**other` may bring anything.
            let Some(Expr::StringLiteral(key)) = &item.key else { return Ok(()) };
            let name = key.value.to_str();
            given.push(name);
            match known.and_then(|k| k.get(name)) {
                Some(of) => self
                    .fit(of, &item.value)
                    .map_err(|m| Misfit { what: format!("has a `{name}` that {}", m.what), ..m })?,
                None if closed => {
                    let names = known.into_iter().flat_map(Map::keys).map(String::as_str);
                    return Err(misfit(
                        &Expr::from(key.clone()),
                        format!("has a `{name}`, which is not known there"),
                        &did_you_mean(name, names),
                    ));
                }
                None => {}
            }
        }
        let required = schema.get("required").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str);
        match required.clone().find(|r| !given.contains(r)) {
            Some(lacks) => {
                let all: Vec<String> = required.map(|r| format!("\"{r}\": …")).collect();
                Err(misfit(expr, format!("lacks `{lacks}`"), &format!("write it so: {{{}}}", all.join(", "))))
            }
            None => Ok(()),
        }
    }

    fn fit_any(&self, branches: &[Value], expr: &Expr) -> Fits {
        let tried: Vec<Fits> = branches.iter().map(|b| self.fit(b, expr)).collect();
        if tried.iter().any(Result::is_ok) {
            return Ok(());
        }
        let shape = self.shape(expr);
        // What is of the right kind says more than that another kind would do as well.
        let of_kind = |branch: &Value| {
            let branch = self.resolve(branch);
            kinds(branch).iter().any(|k| shape.is(k)) || self.choices(branch).is_some() && shape.is("string")
        };
        let near = branches.iter().position(of_kind);
        if let Some(misfit) = near.and_then(|near| tried.into_iter().nth(near)) {
            return misfit;
        }
        let mut wanted: Vec<&str> =
            branches.iter().flat_map(|b| kinds(self.resolve(b))).filter(|k| *k != "null").map(in_words).collect();
        wanted.dedup();
        Err(misfit(expr, format!("must be {}, and is {}", wanted.join(" or "), shape.in_words()), ""))
    }

    fn resolve<'s>(&'s self, schema: &'s Value) -> &'s Value {
        let mut schema = schema;
        // A schema that refers to itself without end is none.
        for _ in 0..16 {
            let Some(to) = schema.get("$ref").and_then(Value::as_str).and_then(|r| r.strip_prefix('#')) else { break };
            match self.root.pointer(to) {
                Some(found) => schema = found,
                None => break,
            }
        }
        schema
    }

    /// Gives the texts that a schema takes, if it takes only some.
    fn choices(&self, schema: &Value) -> Option<Vec<String>> {
        let schema = self.resolve(schema);
        if let Some(all) = schema.get("enum").and_then(Value::as_array) {
            return all.iter().filter(|v| !v.is_null()).map(|v| v.as_str().map(str::to_owned)).collect();
        }
        if let Some(one) = schema.get("const") {
            return one.as_str().map(|c| vec![c.to_owned()]);
        }
        let branches = ["anyOf", "oneOf"].iter().find_map(|k| schema.get(*k)).and_then(Value::as_array)?;
        let mut all = Vec::new();
        for branch in branches.iter().filter(|b| b.get("type").and_then(Value::as_str) != Some("null")) {
            all.extend(self.choices(branch)?);
        }
        Some(all)
    }

    fn may_be_nothing(&self, schema: &Value) -> bool {
        let branches = ["anyOf", "oneOf"].iter().find_map(|k| schema.get(*k)).and_then(Value::as_array);
        kinds(schema).contains(&"null")
            || branches.into_iter().flatten().any(|b| self.may_be_nothing(self.resolve(b)))
            || schema.get("enum").and_then(Value::as_array).is_some_and(|all| all.contains(&Value::Null))
    }

    fn shape<'e>(&self, expr: &'e Expr) -> Shape<'e> {
        match expr {
            Expr::StringLiteral(text) => Shape::Text(Some(text.value.to_str())),
            Expr::FString(_) => Shape::Text(None),
            Expr::NumberLiteral(number) if matches!(number.value, Number::Int(_)) => Shape::Whole,
            Expr::NumberLiteral(_) => Shape::Fraction,
            Expr::BooleanLiteral(_) | Expr::Compare(_) => Shape::Bool,
            Expr::NoneLiteral(_) => Shape::Nothing,
            Expr::UnaryOp(op) if op.op == UnaryOp::Not => Shape::Bool,
            Expr::UnaryOp(op) if op.op == UnaryOp::USub => self.shape(&op.operand),
            Expr::List(list) => Shape::List(&list.elts),
            Expr::Tuple(list) => Shape::List(&list.elts),
            Expr::ListComp(made) => Shape::Made(&made.elt),
            Expr::Dict(dict) => Shape::Dict(&dict.items),
            Expr::DictComp(_) => Shape::AnyDict,
            Expr::Set(_) | Expr::SetComp(_) => Shape::Other("a set: make a list of it with sorted(…)"),
            Expr::Generator(_) => Shape::Other("a loop: make a list of it with [ … ]"),
            Expr::BytesLiteral(_) => Shape::Other("bytes: leave out the b before the quotes"),
            Expr::Lambda(_) => Shape::Other("a function"),
            Expr::BinOp(sum) if sum.op == Operator::Add => match (self.shape(&sum.left), self.shape(&sum.right)) {
                (Shape::Text(_) | Shape::Choice(_), Shape::Text(_) | Shape::Choice(_)) => Shape::Text(None),
                _ => Shape::Unknown,
            },
            Expr::Call(call) => match &*call.func {
                Expr::Name(name) => made_by(name.id.as_str()),
                _ => Shape::Unknown,
            },
            Expr::Name(name) if (self.is_param)(name.id.as_str()) => self.param(name.id.as_str()),
            _ => Shape::Unknown,
        }
    }

    fn param<'e>(&self, name: &str) -> Shape<'e> {
        match self.header.and_then(|h| values_of(h, name)) {
            Some((ParamKind::Text, _)) => Shape::Text(None),
            Some((ParamKind::Number, _)) => Shape::Whole,
            Some((ParamKind::Bool, _)) => Shape::Bool,
            Some((ParamKind::Choice, values)) => Shape::Choice(values),
            None => Shape::Unknown,
        }
    }
}

impl Shape<'_> {
    fn is(&self, kind: &str) -> bool {
        match self {
            Self::Unknown => true,
            Self::Text(_) | Self::Choice(_) => kind == "string",
            Self::Whole => kind == "integer" || kind == "number",
            Self::Fraction => kind == "number",
            Self::Bool => kind == "boolean",
            Self::Nothing => kind == "null",
            Self::List(_) | Self::Made(_) | Self::AnyList => kind == "array",
            Self::Dict(_) | Self::AnyDict => kind == "object",
            Self::Other(_) => false,
        }
    }

    fn in_words(&self) -> &'static str {
        match self {
            Self::Unknown => "something else",
            Self::Text(_) | Self::Choice(_) => "text",
            Self::Whole => "a whole number",
            Self::Fraction => "a number with a fraction",
            Self::Bool => "True or False",
            Self::Nothing => "None",
            Self::List(_) | Self::Made(_) | Self::AnyList => "a list",
            Self::Dict(_) | Self::AnyDict => "names with values { … }",
            Self::Other(what) => what,
        }
    }
}

/// Says what functions that everybody knows give.
fn made_by<'e>(function: &str) -> Shape<'e> {
    match function {
        "str" => Shape::Text(None),
        "len" | "int" => Shape::Whole,
        "bool" => Shape::Bool,
        "list" | "sorted" | "folders" => Shape::AnyList,
        "dict" => Shape::AnyDict,
        "set" => Shape::Other("a set: make a list of it with sorted(…)"),
        _ => Shape::Unknown,
    }
}

fn fit_choice(choices: &[String], or_nothing: bool, shape: &Shape<'_>, expr: &Expr) -> Fits {
    let wrong: Option<&str> = match shape {
        Shape::Unknown | Shape::Text(None) => return Ok(()),
        Shape::Nothing if or_nothing => return Ok(()),
        Shape::Text(Some(text)) => Some(*text).filter(|t| !choices.iter().any(|c| c == t)),
        Shape::Choice(values) => values.iter().find(|v| !choices.contains(v)).map(String::as_str),
        other => {
            let what = format!("must be one of {}, and is {}", quoted(choices), other.in_words());
            return Err(misfit(expr, what, ""));
        }
    };
    let Some(wrong) = wrong else { return Ok(()) };
    let fix = meant(wrong, choices.iter().map(String::as_str)).map(|c| format!("did you mean \"{c}\"?"));
    Err(misfit(expr, format!("can't be \"{wrong}\": it is one of {}", quoted(choices)), &fix.unwrap_or_default()))
}

fn quoted(choices: &[String]) -> String {
    choices.iter().map(|c| format!("\"{c}\"")).collect::<Vec<_>>().join(", ")
}

fn is_inside(path: &str) -> Result<(), String> {
    if path.starts_with(['/', '~', '\\']) || path.get(1..3) == Some(":\\") {
        return Err(
            "begins at the top of the computer, and a playbook's paths begin with the name of an allowed folder"
                .to_owned(),
        );
    }
    FilePath::parse(path).map(|_| ()).map_err(|_| "can't be a path".to_owned())
}

fn kinds(schema: &Value) -> Vec<&str> {
    match schema.get("type") {
        Some(Value::String(kind)) => vec![kind],
        Some(Value::Array(kinds)) => kinds.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    }
}

fn in_words(kind: &str) -> &'static str {
    match kind {
        "string" => "text",
        "integer" => "a whole number",
        "number" => "a number",
        "boolean" => "True or False",
        "array" => "a list [ … ]",
        "object" => "names with values { … }",
        _ => "None",
    }
}

fn misfit(expr: &Expr, what: impl Into<String>, fix: &str) -> Misfit {
    Misfit { place: expr.range(), what: what.into(), fix: fix.to_owned() }
}
