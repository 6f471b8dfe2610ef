//! What the planner itself answers to a program: its plan, its words, its end.

use cowork_core::{Access, Finish, FolderPart, PlanStep, StepState};
use monty_types::MontyObject;
use serde_json::Value;

use crate::values::{from_program, to_program};

/// The functions that a program has besides the tools.
pub(crate) const FUNCTIONS: [&str; 8] = ["plan", "step", "done", "say", "folders", "finish", "later", "gather"];

/// How many steps a plan has at most, how long a line of it is, and how much a program says at one halt, in bytes.
pub(crate) const MOST_STEPS: usize = 100;
pub(crate) const LONGEST_LINE: usize = 2_000;
pub(crate) const MOST_SAID: usize = 16 * 1024;

/// The state of a program's plan and words.
#[derive(Default)]
pub(crate) struct Host {
    folders: Vec<FolderPart>,
    plan: Vec<PlanStep>,
    changed: bool,
    said: String,
}

/// Arguments with their names.
pub(crate) type Named = [(MontyObject, MontyObject)];

/// The arguments of a call, sorted out by name.
pub(crate) struct Given<'a> {
    function: &'a str,
    args: &'a [MontyObject],
    kwargs: &'a Named,
}

impl Host {
    pub(crate) fn new(folders: Vec<FolderPart>) -> Self {
        Self { folders, ..Self::default() }
    }

    /// Answers a call of one of the simple functions, or says what is wrong with it.
    pub(crate) fn answer(&mut self, given: &Given<'_>) -> Result<MontyObject, String> {
        match given.function {
            "plan" => {
                let [titles] = given.take(["titles"])?;
                self.set_plan(titles)?;
            }
            "step" => {
                let [title, detail] = given.take(["title", "detail"])?;
                let (title, detail) = (line("title", title)?, line("detail", detail)?);
                self.step(title, detail)?;
            }
            "done" => {
                let [detail] = given.take(["detail"])?;
                let detail = line("detail", detail)?;
                self.end_step(&detail);
            }
            "say" => {
                let [text] = given.take(["text"])?;
                self.say(&lines("text", text)?);
            }
            "folders" => {
                let [access] = given.take(["access"])?;
                return self.folders(access);
            }
            other => return Err(format!("there is no function `{other}`")),
        }
        Ok(MontyObject::None)
    }

    /// Adds a sentence to what the next proposal says.
    fn say(&mut self, text: &str) {
        let room = MOST_SAID.saturating_sub(self.said.len() + 1);
        if text.is_empty() || room == 0 {
            return;
        }
        if !self.said.is_empty() {
            self.said.push('\n');
        }
        self.said.push_str(&text[..text.floor_char_boundary(room)]);
    }

    /// Takes what is to be said.
    pub(crate) fn take_said(&mut self) -> Option<String> {
        Some(std::mem::take(&mut self.said)).filter(|s| !s.is_empty())
    }

    /// Takes the plan, if it changed since it was last taken.
    pub(crate) fn take_plan(&mut self) -> Option<Vec<PlanStep>> {
        std::mem::take(&mut self.changed).then(|| self.plan.clone())
    }

    /// Gives the title of the step that is being done.
    pub(crate) fn active(&self) -> Option<&str> {
        self.plan.iter().find(|s| s.state == StepState::Active).map(|s| s.title.as_str())
    }

    /// Makes the end out of `finish(summary, data)`.
    pub(crate) fn finish(&mut self, given: &Given<'_>, most: usize) -> Result<Finish, String> {
        let [summary, data] = given.take(["summary", "data"])?;
        let Some(MontyObject::String(summary)) = summary else {
            return Err("finish() takes a text first: finish(summary, data)".to_owned());
        };
        let data = data.map_or(Ok(Value::Null), |d| from_program(d, most))?;
        self.close();
        Ok(Finish::Done { summary: summary.clone(), data })
    }

    /// Makes the end out of the value that the program's last line gave.
    pub(crate) fn value(&mut self, value: &MontyObject, most: usize) -> Result<Finish, String> {
        let data = from_program(value, most)?;
        self.close();
        Ok(match data {
            Value::String(summary) => Finish::Done { summary, data: Value::Null },
            data => Finish::Done { summary: "The playbook came to its end.".to_owned(), data },
        })
    }

    /// Closes the plan: what was being done is done, what was not begun was left out.
    pub(crate) fn close(&mut self) {
        self.end_step("");
        for step in self.plan.iter_mut().filter(|s| s.state == StepState::Pending) {
            step.state = StepState::Skipped;
            self.changed = true;
        }
    }

    fn set_plan(&mut self, titles: Option<&MontyObject>) -> Result<(), String> {
        let Some(MontyObject::List(titles) | MontyObject::Tuple(titles)) = titles else {
            return Err("plan() takes a list of titles: plan([\"Look\", \"Move files\"])".to_owned());
        };
        if titles.len() > MOST_STEPS {
            return Err(format!("a plan has at most {MOST_STEPS} steps"));
        }
        let step = |title| line("title", Some(title)).map(|title| pending(title, StepState::Pending));
        self.plan = titles.iter().map(step).collect::<Result<_, _>>()?;
        self.changed = true;
        Ok(())
    }

    fn step(&mut self, title: String, detail: String) -> Result<(), String> {
        self.end_step("");
        self.changed = true;
        if let Some(step) = self.plan.iter_mut().find(|s| s.title == title) {
            step.state = StepState::Active;
            step.detail = detail;
            return Ok(());
        }
        if self.plan.len() >= MOST_STEPS {
            return Err(format!("a plan has at most {MOST_STEPS} steps"));
        }
        self.plan.push(PlanStep { detail, ..pending(title, StepState::Active) });
        Ok(())
    }

    fn end_step(&mut self, detail: &str) {
        for step in self.plan.iter_mut().filter(|s| s.state == StepState::Active) {
            step.state = StepState::Done;
            if !detail.is_empty() {
                detail.clone_into(&mut step.detail);
            }
            self.changed = true;
        }
    }

    fn folders(&self, access: Option<&MontyObject>) -> Result<MontyObject, String> {
        let writable = match access {
            None => false,
            Some(MontyObject::String(s)) if s == "read" => false,
            Some(MontyObject::String(s)) if s == "write" => true,
            Some(_) => return Err("folders() takes \"read\" or \"write\"".to_owned()),
        };
        let fits = |f: &&FolderPart| !writable || f.access == Access::Write;
        let names: Vec<Value> = self.folders.iter().filter(fits).map(|f| Value::from(f.name.as_str())).collect();
        Ok(to_program(Value::Array(names)))
    }
}

impl<'a> Given<'a> {
    pub(crate) fn new(function: &'a str, args: &'a [MontyObject], kwargs: &'a Named) -> Self {
        Self { function, args, kwargs }
    }

    /// Takes the arguments by these names, in this order where they have no name.
    pub(crate) fn take<const N: usize>(&self, names: [&str; N]) -> Result<[Option<&'a MontyObject>; N], String> {
        let function = self.function;
        if self.args.len() > N {
            return Err(format!("{function}() takes at most {N} arguments: {}", names.join(", ")));
        }
        let mut found = [None; N];
        for (place, arg) in found.iter_mut().zip(self.args) {
            *place = Some(arg);
        }
        for (key, value) in self.kwargs {
            let key = key.to_string();
            let at = names.iter().position(|n| *n == key);
            match at.and_then(|at| found.get_mut(at)) {
                None => return Err(format!("{function}() has no argument `{key}`; it has: {}", names.join(", "))),
                Some(Some(_)) => return Err(format!("{function}() got `{key}` twice")),
                Some(place) => *place = Some(value),
            }
        }
        Ok(found)
    }
}

impl<'a> Given<'a> {
    /// Splits `later(tool, …)` into the tool's name and its arguments.
    pub(crate) fn split_function(&self) -> Result<(&'a str, &'a [MontyObject], &'a Named), String> {
        match self.args.split_first() {
            Some((MontyObject::Function { name, .. }, args)) => Ok((name, args, self.kwargs)),
            _ => {
                Err("later() takes a tool without parentheses, then its arguments: later(list_folder, path)".to_owned())
            }
        }
    }

    /// Gives the calls of `gather(…)`, or of `gather([…])`, and whether exceptions are to be kept.
    pub(crate) fn gathered(&self) -> Result<(&'a [MontyObject], bool), String> {
        let mut keep = false;
        for (key, value) in self.kwargs {
            match (key.to_string().as_str(), value) {
                ("return_exceptions", MontyObject::Bool(b)) => keep = *b,
                _ => return Err("gather() has one argument by name: return_exceptions=True".to_owned()),
            }
        }
        match self.args {
            [MontyObject::List(items) | MontyObject::Tuple(items)] => Ok((items, keep)),
            items => Ok((items, keep)),
        }
    }
}

fn pending(title: String, state: StepState) -> PlanStep {
    PlanStep { title, state, detail: String::new() }
}

/// Takes a text argument as one line of bounded length; what is left out is empty.
fn line(name: &str, value: Option<&MontyObject>) -> Result<String, String> {
    text(name, value).map(bounded)
}

/// Takes a text argument as lines of bounded length each.
fn lines(name: &str, value: Option<&MontyObject>) -> Result<String, String> {
    Ok(text(name, value)?.lines().map(bounded).collect::<Vec<_>>().join("\n"))
}

fn bounded(line: &str) -> String {
    let mut text: String = line.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    if text.len() > LONGEST_LINE {
        text.truncate(text.floor_char_boundary(LONGEST_LINE));
        text.push('…');
    }
    text
}

fn text<'a>(name: &str, value: Option<&'a MontyObject>) -> Result<&'a str, String> {
    match value {
        None | Some(MontyObject::None) => Ok(""),
        Some(MontyObject::String(s)) => Ok(s),
        Some(_) => Err(format!("`{name}` must be text: use str(…) or an f-string")),
    }
}
