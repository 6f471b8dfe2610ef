//! What a call did with many files, one by one: found in the listing before it, and written as a loop with its rule.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::{
    header::ParamKind,
    lift::Run,
    lift_build::{Builder, Lifted},
    lift_proof::one_by_one,
    lift_quote::{self, Piece, python},
    lift_rules::{Made, Rule, Seen, Text},
};

/// More than this are not looked through for a rule.
const MOST: usize = 5_000;

/// Writes a line of a loop out of its fields, each with its expression.
type Write<'a> = dyn Fn(&[(String, String)]) -> String + 'a;

/// How one call, or several, tell of their files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    /// In the list under this key.
    List(String),
    /// The call itself is about one file.
    Single,
}

/// Files that the same was done with.
#[derive(Clone, Debug)]
pub(crate) struct Batch {
    pub(crate) form: Form,
    /// The names of the fields; of the first comes the file.
    pub(crate) fields: Vec<String>,
    /// Whether an element is a text, and no fields.
    pub(crate) plain: bool,
    /// The fields' texts of each.
    pub(crate) elements: Vec<Vec<String>>,
}

impl Batch {
    /// Reads a call that is about listed files; nothing if it is not.
    pub(crate) fn of(run: &Run<'_>, at: usize) -> Option<Self> {
        let step = run.steps.get(at)?;
        let args = step.args.as_object()?;
        let found = args.iter().find_map(|(key, value)| Self::list(key, value.as_array()?)).or_else(|| {
            let (key, path) = ["path", "from"].iter().find_map(|key| Some((*key, args.get(*key)?.as_str()?)))?;
            let others = args.iter().filter(|(other, value)| *other != key && value.is_string());
            let fields: Vec<String> = [key.to_owned()].into_iter().chain(others.map(|(k, _)| k.clone())).collect();
            let element = fields.iter().filter_map(|f| args.get(f)?.as_str()).map(str::to_owned).collect();
            let listed = run.listed(at, path).is_some_and(|item| item.text("kind") != Some("folder"));
            (listed && !step.looks).then_some(Self {
                form: Form::Single,
                fields,
                plain: false,
                elements: vec![element],
            })
        })?;
        let listed = |element: &Vec<String>| element.first().is_some_and(|path| run.listed(at, path).is_some());
        found.elements.iter().any(listed).then_some(found)
    }

    fn list(key: &str, items: &[Value]) -> Option<Self> {
        let form = Form::List(key.to_owned());
        if !items.is_empty()
            && items.len() <= MOST
            && items.iter().all(Value::is_string)
            && ["paths", "sources"].contains(&key)
        {
            let elements = items.iter().filter_map(Value::as_str).map(|path| vec![path.to_owned()]).collect();
            return Some(Self { form, fields: vec!["path".to_owned()], plain: true, elements });
        }
        let each: Vec<Value> = items.iter().flat_map(one_by_one).collect();
        let pair = |value: &Value| {
            let fields = value.as_object().filter(|fields| fields.len() == 2)?;
            Some(vec![fields.get("from")?.as_str()?.to_owned(), fields.get("to")?.as_str()?.to_owned()])
        };
        let elements: Option<Vec<Vec<String>>> = each.iter().map(pair).collect();
        let elements = elements.filter(|all| !all.is_empty() && all.len() <= MOST)?;
        Some(Self { form, fields: vec!["from".to_owned(), "to".to_owned()], plain: false, elements })
    }

    /// Joins the batches of several calls, if they differ in their files only.
    pub(crate) fn joined(run: &Run<'_>, all: &[usize]) -> Option<Self> {
        let mut joined = Self::of(run, *all.first()?)?;
        let others = |at: usize| {
            let mut args = run.steps[at].args.clone();
            let fields = args.as_object_mut()?;
            match &joined.form {
                Form::List(key) => drop(fields.remove(key)),
                Form::Single => joined.fields.iter().for_each(|f| drop(fields.remove(f))),
            }
            Some(args)
        };
        let first = others(*all.first()?);
        if !all.iter().all(|at| others(*at) == first) {
            return None;
        }
        let rest: Option<Vec<Self>> = all.iter().skip(1).map(|at| Self::of(run, *at)).collect();
        for batch in rest? {
            if batch.form != joined.form || batch.fields != joined.fields {
                return None;
            }
            joined.elements.extend(batch.elements);
        }
        Some(joined)
    }

    /// Says whether the task's words name each of its files.
    pub(crate) fn is_named(&self, run: &Run<'_>) -> bool {
        let name =
            |element: &Vec<String>| element.first().map(|path| path.rsplit('/').next().unwrap_or(path).to_owned());
        self.elements.iter().all(|element| name(element).is_some_and(|name| run.says(&name)))
    }
}

impl Builder<'_> {
    /// Writes the loop that puts what is made of each entry into a list.
    pub(crate) fn gathered(&mut self, at: usize, batch: &Batch, list: &str) -> Result<Vec<String>, String> {
        let plain = batch.plain;
        let mut lines = self.each(at, batch, &|fields| {
            let element = match fields {
                [(_, only), ..] if plain => only.clone(),
                fields => {
                    let field = |(key, text): &(String, String)| format!("{}: {text}", python(key));
                    format!("{{{}}}", fields.iter().map(field).collect::<Vec<_>>().join(", "))
                }
            };
            format!("{list}.append({element})")
        })?;
        let start = lines.iter().position(|line| line.starts_with("for entry in ")).unwrap_or(0);
        lines.insert(start, format!("{list} = []"));
        Ok(lines)
    }

    /// Writes the loop over the listing, with what is done for each entry.
    pub(crate) fn each(&mut self, at: usize, batch: &Batch, write: &Write<'_>) -> Result<Vec<String>, String> {
        let (step, key, rule, named) = self.explained(at, batch)?;
        let entries = format!("{}[{}]", self.result(step), python(&key));
        self.helpers.extend(rule.helpers.iter().copied());
        let mut lines = self.named_texts(&rule)?;
        let mut fields = Vec::new();
        for (field, made) in &rule.fields {
            let (mut before, text) = self.made(at, made);
            lines.append(&mut before);
            fields.push((field.clone(), text));
        }
        let mut conditions = rule.conditions.join(" and ");
        if let Some(word) = &rule.word {
            let word = self.param("word", "The word that stands in the names", Value::from(word.as_str()));
            conditions = conditions.replace("word.lower()", &format!("{word}.lower()"));
        }
        let body = write(&fields);
        lines.push(format!("for entry in {entries}:"));
        let all = format!("{conditions} {body}");
        if all.contains("name") {
            let name = if named { "entry[\"name\"]" } else { "entry[\"path\"].rsplit(\"/\", 1)[-1]" };
            lines.push(format!("    name = {name}"));
        }
        let depth = if conditions.is_empty() { 1 } else { 2 };
        if !conditions.is_empty() {
            lines.push(format!("    if {conditions}:"));
        }
        lines.extend(body.lines().map(|line| format!("{}{line}", "    ".repeat(depth))));
        Ok(lines)
    }

    /// Writes the texts that the rule has names for: those in the task's words become parameters.
    fn named_texts(&mut self, rule: &Rule) -> Result<Vec<String>, String> {
        let mut lines = Vec::new();
        for (name, value) in &rule.names {
            let about = if *name == "old" { "The text in names that is replaced" } else { "What it is replaced by" };
            if self.params.get(*name).is_some_and(|known| known.default != value.as_str()) {
                return Err("it replaced one text in names first, and another later".to_owned());
            }
            if self.run.says(value) {
                let default = Value::from(value.as_str());
                self.params
                    .insert((*name).to_owned(), Lifted { about: about.to_owned(), kind: ParamKind::Text, default });
            } else {
                lines.push(format!("{name} = {}", python(value)));
            }
        }
        Ok(lines)
    }

    /// Finds the listing that the files come from, and the rule.
    fn explained(&self, at: usize, batch: &Batch) -> Result<(usize, String, Rule, bool), String> {
        let mut why = None;
        for step in (0..at).rev() {
            for (key, items) in self.run.listings(step) {
                let places: BTreeMap<&str, usize> = items.iter().enumerate().map(|(n, item)| (item.path, n)).collect();
                let find = |element: &Vec<String>| places.get(element.first()?.as_str()).copied();
                let Some(taken) = batch.elements.iter().map(find).collect::<Option<Vec<usize>>>() else { continue };
                if places.len() != items.len() || taken.iter().collect::<BTreeSet<_>>().len() != taken.len() {
                    continue;
                }
                let text = |f: usize| batch.elements.iter().map(|e| e[f].as_str()).collect::<Vec<_>>();
                let fields = batch.fields.iter().enumerate().map(|(f, name)| (name.as_str(), text(f))).collect();
                let seen = Seen { items: &items, taken: &taken, fields, words: &self.run.words };
                match seen.rule() {
                    Ok(rule) => {
                        return Ok((step, key.to_owned(), rule, items.iter().all(|i| i.text("name").is_some())));
                    }
                    Err(found) => why = why.or(Some(found)),
                }
            }
        }
        let first = batch.elements.first().and_then(|e| e.first()).map_or("", String::as_str);
        Err(why
            .unwrap_or_else(|| format!("nothing that it looked at lists `{first}` and what it was done together with")))
    }

    /// Writes what is made of an entry: lines before the loop, and the expression.
    fn made(&mut self, at: usize, made: &Made) -> (Vec<String>, String) {
        match made {
            Made::Fixed(text) => (Vec::new(), lift_quote::pieces(&self.fixed(at, text, true))),
            Made::Template(texts) => (Vec::new(), lift_quote::pieces(&self.texts(at, texts, true))),
            Made::Table { key, rows, rest } => {
                // Each loop is done with its table before the next one begins.
                let mut lines = vec!["FOLDERS = {".to_owned()];
                for (key, folder) in rows {
                    let folder = lift_quote::pieces(&self.fixed(at, folder, false));
                    lines.push(format!("    {}: {folder},", python(key)));
                }
                lines.push("}".to_owned());
                let mut pieces = vec![Piece::Hole(format!("FOLDERS[{key}]")), Piece::Literal("/".to_owned())];
                pieces.extend(self.texts(at, rest, false));
                (lines, lift_quote::pieces(&lift_quote::merged(pieces)))
            }
        }
    }

    fn texts(&mut self, at: usize, texts: &[Text], path: bool) -> Vec<Piece> {
        let mut pieces = Vec::new();
        for (n, text) in texts.iter().enumerate() {
            match text {
                Text::Of(python) => pieces.push(Piece::Hole(python.clone())),
                Text::Fixed(text) if n == 0 && path => pieces.extend(self.fixed(at, text, false)),
                Text::Fixed(text) => pieces.push(Piece::Literal(text.clone())),
            }
        }
        lift_quote::merged(pieces)
    }
}
