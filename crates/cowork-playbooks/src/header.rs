//! A playbook's header: what it is called, what it is for, which words call it, what it takes.

use std::{collections::BTreeMap, fmt, ops::Range};

use cowork_core::{Error, Kind, Result};
use monty::MontyRun;
use monty_types::CompileOptions;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{check::meant, fault, trial::Test};

/// A larger source is refused before it is looked at.
pub(crate) const MOST_SOURCE: usize = 1024 * 1024;
pub(crate) const OPENS: &str = "# /// playbook";
pub(crate) const CLOSES: &str = "# ///";

/// What a playbook says of itself, in TOML between `# /// playbook` and `# ///` at the top of its file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Header {
    /// Its name: lower case, digits, `-`.
    pub name: String,
    /// What it does, in one sentence without a final full stop.
    pub about: String,
    /// What a run of it is called, with `{folders}` and parameters filled in: `Organise {folders} by {by}`.
    pub title: String,
    /// Sentences that call it; each is tried when the playbook is checked.
    pub examples: Vec<String>,
    /// The folders it needs.
    #[serde(default)]
    pub folders: Needs,
    /// Says that it sets aside, overwrites or renames what is there: a task must ask for it in so many words.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub destructive: bool,
    /// The words of a task that call it. Without them it is only called by name.
    #[serde(default)]
    pub words: Words,
    /// Its parameters, by name: variables of the program.
    #[serde(default, rename = "param")]
    pub params: BTreeMap<String, Param>,
    /// What it does to a few files, as tests of its own.
    #[serde(default, rename = "test", skip_serializing_if = "Vec::is_empty")]
    pub tests: Vec<Test>,
}

/// Which folders a playbook needs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Needs {
    /// None.
    None,
    /// At least one that it may look at.
    #[default]
    Read,
    /// At least one that it may change.
    Write,
}

/// The words that call a playbook. A word counts in all its forms (`sort`, `sorted`, `sorting`) and for those that mean the same
/// (`arrange`); several words in one entry must stand in this order, `…` between them stands for up to six others.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Words {
    /// What is to be done: one of them must be there.
    #[serde(default, rename = "do")]
    pub action: Vec<String>,
    /// The same, for words that say too little: they count only where a parameter's value is there too.
    #[serde(default)]
    pub maybe: Vec<String>,
    /// The same, for words that only want to see: they switch on `dry_run`, if it has that, where no other word asks for more.
    #[serde(default)]
    pub look: Vec<String>,
    /// What it is to be done with: one of them must be there, or a value for a parameter. `file` is there for every general word
    /// for files and folders.
    #[serde(default, rename = "with")]
    pub object: Vec<String>,
    /// Whole wishes with holes for text parameters: `replace {find} with {with}`.
    #[serde(default)]
    pub forms: Vec<String>,
    /// What makes it another task: none of them may be there.
    #[serde(default)]
    pub never: Vec<String>,
}

/// A parameter.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Param {
    /// What it is for, for a person.
    pub about: String,
    /// What kind of value it takes.
    #[serde(rename = "type")]
    pub kind: ParamKind,
    /// Its value if none is given; without it, one must be given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default: Option<Value>,
    /// For `choice`: the values, each with the words of a task that choose it. For `text`: values that words of a task stand
    /// for, among any others.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub choices: BTreeMap<String, Vec<String>>,
    /// For `choice`: says that it takes several of its values, written with commas between: `installers,temporary`. Without it,
    /// a task that names several is asked about.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub several: bool,
    /// For `text` and `number`: the words that stand before it in a task. For a `text` that must be given, what is in quotes is
    /// taken first. Without them, and without a form, it is never taken from a task's words.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub after: Vec<String>,
    /// For `number`: the words that stand behind it in a task.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub before: Vec<String>,
    /// For `number`: what is counted; a task may say it in others: `2 weeks` are 14 days.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unit: Option<Unit>,
    /// Says that it limits what the playbook works on and not how. Its value alone is no wish. A `text` also takes a file's name
    /// from a task, and a folder's: `in the letters folder`.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub limits: bool,
    /// For `choice`, where a value says what stays: the value that is meant where the task says that it goes. *Delete the oldest*
    /// means that the newest stays.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub opposites: BTreeMap<String, String>,
    /// Values of other parameters that follow where this one is given.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub sets: BTreeMap<String, String>,
    /// What the title says for other parameters where this one is given and is not its default.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub titles: BTreeMap<String, String>,
    /// For `bool`: the words of a task that switch it on.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub on: Vec<String>,
}

/// The kind of a parameter's value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ParamKind {
    /// Text.
    Text,
    /// A whole number.
    Number,
    /// True or false.
    Bool,
    /// One of a few values.
    Choice,
}

/// What a number counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Unit {
    /// Hours.
    #[serde(rename = "hours")]
    Hours,
    /// Days.
    #[serde(rename = "days")]
    Days,
    /// Millions of bytes.
    #[serde(rename = "MB")]
    Megabytes,
}

/// Something that is wrong with a playbook.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Problem {
    /// The line, from 1; none if it is about the whole.
    pub(crate) line: Option<u32>,
    /// What is wrong.
    pub(crate) what: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            Some(line) => write!(f, "line {line}: {}", self.what),
            None => f.write_str(&self.what),
        }
    }
}

/// Checks a playbook without running it: its header, and whether its program compiles.
///
/// # Errors
/// Everything that was found wrong, in the order of the file.
pub(crate) fn check(source: &str) -> std::result::Result<Header, Vec<Problem>> {
    if source.len() > MOST_SOURCE {
        return Err(vec![Problem { line: None, what: format!("it is larger than {MOST_SOURCE} bytes") }]);
    }
    let (header, mut problems) = match read_header(source) {
        Ok(header) => {
            let problems = header.problems();
            (Some(header), problems)
        }
        Err(problem) => (None, vec![problem]),
    };
    let names = header.iter().flat_map(|h| h.params.keys().map(|name| variable(name))).collect();
    let compiled = std::panic::catch_unwind(|| {
        MontyRun::new(source.to_owned(), "playbook.py", names, CompileOptions::default()).map(|_| ())
    });
    match compiled {
        Ok(Ok(())) => {}
        Ok(Err(e)) => {
            let (line, what) = fault::syntax(&e);
            problems.push(Problem { line, what });
        }
        Err(_) => problems.push(Problem { line: None, what: "the interpreter fails at compiling it".to_owned() }),
    }
    match header {
        Some(header) if problems.is_empty() => Ok(header),
        _ => Err(problems),
    }
}

/// Gives the variable that a program has a parameter in: its name, with a `_` behind it where the name means something in Python.
pub(crate) fn variable(param: &str) -> String {
    const KEYWORDS: [&str; 32] = [
        "and", "as", "assert", "async", "await", "break", "class", "continue", "def", "del", "elif", "else", "except",
        "finally", "for", "from", "global", "if", "import", "in", "is", "lambda", "nonlocal", "not", "or", "pass",
        "raise", "return", "try", "while", "with", "yield",
    ];
    if KEYWORDS.contains(&param) { format!("{param}_") } else { param.to_owned() }
}

impl Header {
    /// Reads the header of a playbook's source; `file` is what errors call it.
    ///
    /// # Errors
    /// `InvalidInput`, with the line.
    pub(crate) fn read(source: &str, file: &str) -> Result<Self> {
        let wrong = |problem: &Problem| {
            let why = match problem.line {
                Some(line) => format!("{file}, line {line}: {}", problem.what),
                None => format!("{file}: {}", problem.what),
            };
            let error = Error::new(Kind::InvalidInput, "read playbook", why)
                .with_fix("mend the playbook's header; docs/playbooks.md says what belongs there");
            fault::placed(error, file, problem.line)
        };
        if source.len() > MOST_SOURCE {
            let why = format!("{file} is larger than {MOST_SOURCE} bytes, which no playbook is");
            return Err(Error::new(Kind::LimitExceeded, "read playbook", why));
        }
        let header = read_header(source).map_err(|p| wrong(&p))?;
        match header.problems().first() {
            Some(problem) => Err(wrong(problem)),
            None => Ok(header),
        }
    }

    /// Makes the header of a program that has none.
    pub(crate) fn of_program(title: &str) -> Self {
        Self {
            name: "program".to_owned(),
            about: title.to_owned(),
            title: title.to_owned(),
            examples: Vec::new(),
            folders: Needs::None,
            destructive: false,
            words: Words::default(),
            params: BTreeMap::new(),
            tests: Vec::new(),
        }
    }

    fn problems(&self) -> Vec<Problem> {
        let mut found = Vec::new();
        let mut wrong = |what: String| found.push(Problem { line: None, what });
        let word = |s: &str, more: char| {
            !s.is_empty()
                && s.len() <= 64
                && s.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == more)
        };
        if !word(&self.name, '-') {
            wrong(format!("`{}` can't be a playbook's name: use a-z, 0-9 and -", self.name.escape_debug()));
        }
        if self.examples.is_empty() {
            wrong("the header has no examples: give at least one sentence that calls it".to_owned());
        }
        for form in &self.words.forms {
            for hole in form.split('{').skip(1).map(|rest| rest.split('}').next().unwrap_or_default()) {
                if self.params.get(hole).is_none_or(|p| p.kind != ParamKind::Text) {
                    wrong(format!("the form “{form}” has a hole `{hole}`, which is no text parameter"));
                }
            }
        }
        for (name, param) in &self.params {
            let fits = |(other, value): (&String, &String)| {
                self.params.get(other).is_some_and(|p| p.check(&Value::from(value.as_str())).is_ok())
            };
            if !param.sets.iter().all(fits) {
                wrong(format!("what the parameter `{name}` sets fits no other parameter"));
            }
            if !param.titles.keys().all(|other| self.params.contains_key(other)) {
                wrong(format!("the parameter `{name}` gives a title to what is no parameter"));
            }
            if !param.opposites.iter().flat_map(|(a, b)| [a, b]).all(|value| param.choices.contains_key(value)) {
                wrong(format!("the parameter `{name}` has opposites that are none of its choices"));
            }
            if !word(name, '_') || name.starts_with(|c: char| c.is_ascii_digit()) {
                wrong(format!("`{}` can't be a parameter's name: use a-z, 0-9 and _", name.escape_debug()));
            }
            let (choice, text) = (param.kind == ParamKind::Choice, param.kind == ParamKind::Text);
            if choice == param.choices.is_empty() && !text {
                wrong(format!("the parameter `{name}` must have choices exactly if its type is choice"));
            }
            if let Some(default) = &param.default
                && let Err(why) = param.check(default)
            {
                wrong(format!("the default of the parameter `{name}` does not fit: {why}"));
            }
        }
        found
    }

    /// Gives the parameters as a person reads them: `by: type, date or name (type if you don't say)`.
    pub(crate) fn describe_params(&self) -> String {
        if self.params.is_empty() {
            return format!("{} can be told nothing more", self.name);
        }
        let one = |(name, param): (&String, &Param)| {
            let kind = match param.kind {
                ParamKind::Text => "any words".to_owned(),
                ParamKind::Number => "a number".to_owned(),
                ParamKind::Bool => "yes or no".to_owned(),
                ParamKind::Choice if param.several => format!("{}, or several with commas between", param.listed()),
                ParamKind::Choice => param.listed(),
            };
            match &param.default {
                Some(Value::String(s)) if s.is_empty() => format!("{name}: {kind}"),
                Some(Value::String(s)) => format!("{name}: {kind} ({s} if you don't say)"),
                Some(Value::Bool(on)) => {
                    format!("{name}: {kind} ({} if you don't say)", if *on { "yes" } else { "no" })
                }
                Some(default) => format!("{name}: {kind} ({default} if you don't say)"),
                None => format!("{name}: {kind} (you must say it)"),
            }
        };
        let all: Vec<String> = self.params.iter().map(one).collect();
        format!("{} can be told {}", self.name, all.join("; "))
    }
}

impl Param {
    /// Takes a value if it fits, with text read as what the parameter wants; or says why it does not.
    pub(crate) fn check(&self, value: &Value) -> std::result::Result<Value, String> {
        let text = value.as_str();
        match self.kind {
            ParamKind::Text => text.map(Value::from).ok_or_else(|| "it must be text".to_owned()),
            ParamKind::Number => value
                .as_i64()
                .or_else(|| text?.trim().parse().ok())
                .map(Value::from)
                .ok_or_else(|| "it must be a whole number".to_owned()),
            ParamKind::Bool => match (value, text) {
                (Value::Bool(_), _) => Ok(value.clone()),
                (_, Some("true" | "yes")) => Ok(Value::Bool(true)),
                (_, Some("false" | "no")) => Ok(Value::Bool(false)),
                _ => Err("it must be yes or no".to_owned()),
            },
            ParamKind::Choice => self.check_choice(text.unwrap_or_default()),
        }
    }

    /// Takes one of the choices, or several in their order, each once.
    fn check_choice(&self, text: &str) -> std::result::Result<Value, String> {
        let named: Vec<&str> = if self.several { text.split(',').map(str::trim).collect() } else { vec![text] };
        if let Some(wrong) = named.iter().find(|name| !self.choices.contains_key(**name)) {
            let meant = meant(wrong, self.choices.keys().map(String::as_str));
            let meant = meant.map(|choice| format!("; did you mean `{choice}`?")).unwrap_or_default();
            return Err(format!("it must be {}{meant}", self.listed()));
        }
        let taken: Vec<&str> = self.choices.keys().map(String::as_str).filter(|c| named.contains(c)).collect();
        Ok(Value::from(taken.join(",")))
    }

    fn listed(&self) -> String {
        self.choices.keys().map(String::as_str).collect::<Vec<_>>().join(" or ")
    }
}

/// Reads the TOML between the marks. The form is that of PEP 723: every line is a comment, so the file stays Python.
pub(crate) fn read_header(source: &str) -> std::result::Result<Header, Problem> {
    let missing = |what: &str| Problem { line: None, what: what.to_owned() };
    let lines: Vec<&str> = source.lines().collect();
    let opens = lines
        .iter()
        .position(|l| l.trim_end() == OPENS)
        .ok_or_else(|| missing("there is no header: begin the file with `# /// playbook`, its lines, and `# ///`"))?;
    let body = lines.iter().skip(opens + 1);
    let length = body
        .clone()
        .position(|l| l.trim_end() == CLOSES)
        .ok_or_else(|| missing("the header does not end: close it with a line `# ///`"))?;
    let mut toml = String::new();
    for (index, line) in body.take(length).enumerate() {
        let Some(rest) = line.strip_prefix('#') else {
            let at = u32::try_from(opens + index + 2).ok();
            return Err(Problem { line: at, what: "every line of the header begins with `#`".to_owned() });
        };
        toml.push_str(rest.strip_prefix(' ').unwrap_or(rest));
        toml.push('\n');
    }
    toml::from_str(&toml).map_err(|e| {
        let at = e.span().map(|Range { start, .. }| toml[..start.min(toml.len())].matches('\n').count());
        let line = at.and_then(|at| u32::try_from(opens + at + 2).ok());
        Problem { line, what: e.message().trim().replace('\n', "; ") }
    })
}
