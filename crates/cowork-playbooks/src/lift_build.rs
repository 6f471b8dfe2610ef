//! The program of a run: for each of its calls an expression, with what it comes from.

use std::collections::{BTreeMap, BTreeSet};

use cowork_core::ToolSpec;
use serde_json::Value;

use crate::{
    header::{ParamKind, variable},
    host::FUNCTIONS,
    lift::{Run, Step},
    lift_atoms::Helper,
    lift_batch::{Batch, Form},
    lift_quote::{self, Piece, literal},
};

/// A parameter that was found in the task's words.
pub(crate) struct Lifted {
    pub(crate) about: String,
    pub(crate) kind: ParamKind,
    pub(crate) default: Value,
}

/// The lines of one call, or of the calls of a loop.
pub(crate) struct Block {
    /// The run's steps that it makes again.
    pub(crate) steps: Vec<usize>,
    /// What the plan calls it.
    pub(crate) title: String,
    pub(crate) lines: Vec<String>,
    /// What is said when it is done: what stands in an f-string.
    pub(crate) done: Option<String>,
    /// Whether it changes something.
    pub(crate) changes: bool,
    /// What a test can hold of it.
    pub(crate) batch: Option<Batch>,
}

/// Writes a run's calls as a program.
pub(crate) struct Builder<'a> {
    pub(crate) run: &'a Run<'a>,
    pub(crate) tools: &'a [ToolSpec],
    pub(crate) params: BTreeMap<String, Lifted>,
    pub(crate) helpers: BTreeSet<Helper>,
    /// Whether the program needs the day.
    pub(crate) today: bool,
    /// Which looks something came out of.
    pub(crate) needed: BTreeSet<usize>,
    /// The variable that has what a step gave.
    results: BTreeMap<usize, String>,
    names: BTreeSet<String>,
}

type Said<T> = Result<T, String>;

impl<'a> Builder<'a> {
    pub(crate) fn new(run: &'a Run<'a>, tools: &'a [ToolSpec]) -> Self {
        let taken = "name entry word old new place places today ending stem changed date_in number FOLDERS re datetime \
            timedelta len sorted list dict str int float bool type format print min max sum any all filter map next iter range \
            set tuple open input id hash object first second third fourth fifth sixth title about examples words param test";
        let mut names: BTreeSet<String> = taken.split_whitespace().map(str::to_owned).collect();
        names.extend(FUNCTIONS.iter().map(|f| (*f).to_owned()));
        names.extend(tools.iter().map(|t| t.name.clone()));
        Self {
            run,
            tools,
            params: BTreeMap::new(),
            helpers: BTreeSet::new(),
            today: false,
            needed: BTreeSet::new(),
            results: BTreeMap::new(),
            names,
        }
    }

    /// Writes all that changes something, and the looks that it came out of; in the order in which it was done.
    pub(crate) fn blocks(&mut self) -> Said<Vec<Block>> {
        if self.run.task.submit.folders.len() > 6 {
            return Err("it worked in more than six folders".to_owned());
        }
        // What is needed shows from the end on; what it is called, from the start on.
        let mut ahead = Self::new(self.run, self.tools);
        let mut units: Vec<Vec<usize>> = Vec::new();
        let mut at = self.run.steps.len();
        while let Some(last) = at.checked_sub(1) {
            at = last;
            if self.run.steps[last].looks && !ahead.needed.contains(&last) {
                continue;
            }
            let unit = ahead.together(last);
            at = unit.first().copied().unwrap_or(last);
            ahead.block(&unit)?;
            units.push(unit);
        }
        units.iter().rev().map(|unit| self.block(unit)).collect()
    }

    fn block(&mut self, unit: &[usize]) -> Said<Block> {
        match unit {
            [only] => self.one(*only),
            many => self.looped(many),
        }
    }

    /// Gives the folder's variable.
    pub(crate) fn place(&self, folder: usize) -> &'static str {
        const MANY: [&str; 6] = ["first", "second", "third", "fourth", "fifth", "sixth"];
        if self.run.task.submit.folders.len() == 1 { "place" } else { MANY[folder.min(5)] }
    }

    /// Gives a name that nothing has yet.
    pub(crate) fn fresh(&mut self, base: &str) -> String {
        let base = variable(base);
        let (mut name, mut number) = (base.clone(), 1);
        while self.names.contains(&name) {
            number += 1;
            name = format!("{base}_{number}");
        }
        self.names.insert(name.clone());
        name
    }

    /// Gives the variable with what a step gave, and remembers that it is needed.
    pub(crate) fn result(&mut self, step: usize) -> String {
        self.needed.insert(step);
        if let Some(known) = self.results.get(&step) {
            return known.clone();
        }
        let base = match self.run.steps[step].tool {
            "list_folder" => "listing",
            "find_files" | "find_text" => "found",
            "read_file" => "content",
            "read_tables" => "tables",
            "suggest_folders" | "suggest_names" => "suggested",
            _ => "looked",
        };
        let name = self.fresh(base);
        self.results.insert(step, name.clone());
        name
    }

    /// Gives the parameter of a value, new or known.
    pub(crate) fn param(&mut self, base: &str, about: &str, default: Value) -> String {
        if let Some((name, _)) = self.params.iter().find(|(_, known)| known.default == default) {
            return variable(name);
        }
        let plain: String =
            base.chars().map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '_' }).collect();
        let name = self.fresh(if plain.is_empty() { "value" } else { &plain }).trim_end_matches('_').to_owned();
        let kind = if default.is_number() { ParamKind::Number } else { ParamKind::Text };
        self.params.insert(name.clone(), Lifted { about: about.to_owned(), kind, default });
        variable(&name)
    }

    /// The calls of one tool that were made one after the other, each for one listed file: this one and those before it.
    fn together(&self, last: usize) -> Vec<usize> {
        let steps = &self.run.steps;
        let alone = |at: usize| Batch::of(self.run, at).is_some_and(|batch| batch.elements.len() == 1);
        let mut found = vec![last];
        if steps[last].looks || !alone(last) {
            return found;
        }
        for at in (0..last).rev() {
            if steps[at].looks {
                continue;
            }
            if steps[at].tool != steps[last].tool || !alone(at) {
                break;
            }
            found.push(at);
        }
        found.reverse();
        found
    }

    /// Writes one call.
    fn one(&mut self, at: usize) -> Said<Block> {
        let batch = Batch::of(self.run, at).filter(|batch| !batch.is_named(self.run));
        let step = &self.run.steps[at];
        let title = title(step, batch.as_ref().map_or(1, |b| b.elements.len()));
        let (mut lines, mut done) = (Vec::new(), None);
        let made = step.value.get("made").is_some();
        if let Some(batch) = &batch {
            let Form::List(key) = &batch.form else { return self.looped(&[at]) };
            let list = self.fresh(match key.as_str() {
                "paths" | "sources" => "paths",
                other => other,
            });
            lines.extend(self.gathered(at, batch, &list)?);
            let call = self.call(at, Some((key, &list)))?;
            if step.looks {
                lines.push(format!("if not {list}:\n    finish(\"There is nothing to do.\")"));
                lines.push(format!("{} = {call}", self.result(at)));
            } else if made {
                let count = self.fresh(verb(step.tool).rsplit(' ').next().unwrap_or("changed"));
                lines.push(format!("{count} = {call}[\"made\"] if {list} else 0"));
                done = Some(format!("{{{count}}} {}", verb(step.tool)));
            } else {
                lines.push(format!("if not {list}:\n    finish(\"There is nothing to do.\")"));
                lines.push(call);
            }
        } else {
            let call = self.call(at, None)?;
            if step.looks {
                let result = self.result(at);
                lines.push(format!("{result} = {call}"));
                done = step.value.get("count").map(|_| format!("{{{result}['count']}} found"));
            } else if made {
                let count = self.fresh(verb(step.tool).rsplit(' ').next().unwrap_or("changed"));
                lines.push(format!("{count} = {call}[\"made\"]"));
                done = Some(format!("{{{count}}} {}", verb(step.tool)));
            } else {
                lines.push(call);
            }
        }
        Ok(Block { steps: vec![at], title, lines, done, changes: !step.looks, batch })
    }

    /// Writes calls that were made for one file each as a loop.
    fn looped(&mut self, all: &[usize]) -> Said<Block> {
        let first = all.first().copied().unwrap_or_default();
        let batch = Batch::joined(self.run, all).ok_or_else(|| {
            format!("the calls of `{}` have other arguments from one file to the next", self.run.steps[first].tool)
        })?;
        let step = &self.run.steps[first];
        let count = self.fresh(verb(step.tool).rsplit(' ').next().unwrap_or("changed"));
        let call = self.call_of_one(first, &batch)?;
        let made = if step.value.get("made").is_some() { format!("{call}[\"made\"]") } else { format!("1\n{call}") };
        let mut lines = vec![format!("{count} = 0")];
        lines.extend(self.each(first, &batch, &|fields| {
            let filled = fields.iter().fold(made.clone(), |text, (key, python)| text.replace(&hole(key), python));
            format!("{count} += {filled}")
        })?);
        let done = Some(format!("{{{count}}} {}", verb(step.tool)));
        let title = title(step, batch.elements.len());
        Ok(Block { steps: all.to_vec(), title, lines, done, changes: true, batch: Some(batch) })
    }

    /// Writes a call; in place of one argument stands a variable.
    fn call(&mut self, at: usize, instead: Option<(&str, &str)>) -> Said<String> {
        let step = &self.run.steps[at];
        let spec = self.tools.iter().find(|t| t.name == step.tool);
        let schema = spec.map(|s| &s.schema);
        let required = schema.and_then(|s| s.get("required")).and_then(Value::as_array);
        let required: Vec<&str> = required.into_iter().flatten().filter_map(Value::as_str).collect();
        let args = step.args.as_object().ok_or_else(|| format!("a call of `{}` has no arguments", step.tool))?;
        let mut written = Vec::new();
        for key in &required {
            written.push(match instead {
                Some((replaced, variable)) if replaced == *key => variable.to_owned(),
                _ => self.value(at, key, args.get(*key).unwrap_or(&Value::Null))?,
            });
        }
        let most = schema.and_then(|s| s.pointer("/properties/most/maximum")).filter(|_| step.looks);
        for (key, value) in args.iter().filter(|(key, _)| !required.contains(&key.as_str())) {
            let python = match (instead, most) {
                (Some((replaced, variable)), _) if replaced == key => variable.to_owned(),
                (_, Some(_)) if key == "most" => continue,
                _ => self.value(at, key, value)?,
            };
            written.push(if variable(key) == *key {
                format!("{key}={python}")
            } else {
                format!("**{{\"{key}\": {python}}}")
            });
        }
        // Next week there may be more than a look gives unasked.
        written.extend(most.map(|most| format!("most={most}")));
        Ok(format!("{}({})", step.tool, written.join(", ")))
    }

    /// Writes a call of a loop, with a [`hole`] where the loop puts what is made of an entry.
    fn call_of_one(&mut self, at: usize, batch: &Batch) -> Said<String> {
        match &batch.form {
            Form::List(key) => {
                let fields = &batch.fields;
                let element = if batch.plain {
                    hole(&fields[0])
                } else {
                    let field = |f: &String| format!("{}: {}", lift_quote::python(f), hole(f));
                    format!("{{{}}}", fields.iter().map(field).collect::<Vec<_>>().join(", "))
                };
                self.call(at, Some((key, &format!("[{element}]"))))
            }
            Form::Single => {
                let mut text = Vec::new();
                let args = self.run.steps[at].args.as_object();
                for (key, value) in args.into_iter().flatten() {
                    let python = if batch.fields.contains(key) { hole(key) } else { self.value(at, key, value)? };
                    text.push(format!("{key}={python}"));
                }
                Ok(format!("{}({})", self.run.steps[at].tool, text.join(", ")))
            }
        }
    }

    /// Writes an argument.
    fn value(&mut self, at: usize, key: &str, value: &Value) -> Said<String> {
        if let Some(python) = self.given(at, value) {
            return Ok(python);
        }
        match value {
            Value::String(text) => Ok(lift_quote::pieces(&self.text(at, key, text)?)),
            Value::Number(n) if key != "most" && self.run.says(&n.to_string()) && n.is_i64() => {
                Ok(self.param(key, &format!("`{key}` of {}", self.run.steps[at].tool), value.clone()))
            }
            Value::Array(items) => {
                let items: Vec<String> = items.iter().map(|item| self.value(at, key, item)).collect::<Said<_>>()?;
                Ok(format!("[{}]", items.join(", ")))
            }
            Value::Object(fields) => {
                let mut written = Vec::new();
                for (field, value) in fields {
                    written.push(format!("{}: {}", lift_quote::python(field), self.value(at, field, value)?));
                }
                Ok(format!("{{{}}}", written.join(", ")))
            }
            plain => Ok(literal(plain)),
        }
    }

    /// Finds a value, as it is, in what a look before gave.
    fn given(&mut self, at: usize, value: &Value) -> Option<String> {
        let large = match value {
            Value::Array(items) => !items.is_empty(),
            Value::Object(fields) => !fields.is_empty(),
            Value::String(text) => text.len() > 24 && !self.is_path(text),
            _ => false,
        };
        let found = |step: usize| {
            let fields = self.run.steps[step].value.as_object()?;
            fields.iter().find(|(_, given)| *given == value).map(|(key, _)| (step, key.clone()))
        };
        let looks = |step: &usize| self.run.steps[*step].looks;
        let (step, key) = (0..at).rev().filter(looks).find_map(|step| large.then(|| found(step))?)?;
        Some(format!("{}[{}]", self.result(step), lift_quote::python(&key)))
    }

    /// Says whether a text begins with a granted folder.
    pub(crate) fn is_path(&self, text: &str) -> bool {
        self.run
            .task
            .submit
            .folders
            .iter()
            .any(|f| text.strip_prefix(&f.name).is_some_and(|r| r.is_empty() || r.starts_with('/')))
    }

    /// Gives the pieces of a text that stands as it is, but for its folder, the day and the task's words.
    pub(crate) fn fixed(&mut self, at: usize, text: &str, whole: bool) -> Vec<Piece> {
        let folder = self
            .run
            .task
            .submit
            .folders
            .iter()
            .position(|f| text.strip_prefix(&f.name).is_some_and(|rest| rest.is_empty() || rest.starts_with('/')));
        let Some(folder) = folder else { return self.dated(text) };
        let rest = &text[self.run.task.submit.folders[folder].name.len()..];
        let mut pieces = vec![Piece::Hole(self.place(folder).to_owned())];
        let segments: Vec<&str> = rest.split('/').skip(1).collect();
        for (n, segment) in segments.iter().enumerate() {
            pieces.push(Piece::Literal("/".to_owned()));
            // A segment that a template goes on with is only a part of a name.
            let complete = whole || n + 1 < segments.len();
            if complete && segment.chars().count() >= 3 && self.run.says(segment) {
                let (base, about) = self.named(at, segment, whole && n + 1 == segments.len());
                pieces.push(Piece::Hole(self.param(base, about, Value::from(*segment))));
            } else {
                pieces.extend(self.dated(segment));
            }
        }
        lift_quote::merged(pieces)
    }

    fn named(&self, at: usize, segment: &str, last: bool) -> (&'static str, &'static str) {
        let file = last && segment.contains('.');
        match (file, self.run.steps[at].looks) {
            (true, true) => ("source", "The file that is read"),
            (true, false) => ("target", "The file that is made or changed"),
            (false, true) => ("within", "The folder that is looked at"),
            (false, false) => ("into", "The folder that it goes to"),
        }
    }

    fn dated(&mut self, text: &str) -> Vec<Piece> {
        let day = self.run.day.clone();
        let mut pieces = Vec::new();
        for (n, part) in text.split(&day).enumerate() {
            if n > 0 {
                self.today = true;
                pieces.push(Piece::Hole("today".to_owned()));
            }
            pieces.push(Piece::Literal(part.to_owned()));
        }
        lift_quote::merged(pieces)
    }
}

/// Marks where a field comes. No literal has such a sign in it: it would be escaped.
fn hole(field: &str) -> String {
    format!("\u{1}{field}\u{1}")
}

/// Says what was done, in a word.
pub(crate) fn verb(tool: &str) -> &'static str {
    match tool {
        "move_files" => "moved",
        "copy_files" => "copied",
        "set_aside" => "set aside",
        "restore_files" => "restored",
        "write_file" | "combine_tables" | "join_texts" => "written",
        "make_archive" => "packed",
        "extract_archive" => "extracted",
        _ => "changed",
    }
}

fn title(step: &Step<'_>, number: usize) -> String {
    match step.tool {
        "list_folder" => "Look at the folder".to_owned(),
        "move_files" if number > 1 && is_rename(step) => "Rename files".to_owned(),
        "set_aside" => "Set files aside".to_owned(),
        tool => {
            let words = tool.replace('_', " ");
            words[..1].to_uppercase() + &words[1..]
        }
    }
}

fn is_rename(step: &Step<'_>) -> bool {
    let above = |v: &Value, key: &str| {
        v.get(key).and_then(Value::as_str).and_then(|p| p.rsplit_once('/')).map(|(a, _)| a.to_owned())
    };
    let moves = step.args.get("moves").and_then(Value::as_array);
    moves.into_iter().flatten().all(|one| one.get("names").is_none() && above(one, "from") == above(one, "to"))
}
