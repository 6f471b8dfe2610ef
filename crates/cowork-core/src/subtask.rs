//! Sub-tasks: a part of a task that is worked on as a task of its own, and how much of the task's grants it gets.
//!
//! Pure: whether there may be one, with which grants and budget, follows from the task's fold; what its task is told follows
//! from its own.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::{
    Access, AllowRule, Budget, CallId, Difference, Error, Finish, Folder, Kind, Mode, Outcome, Reserve, Result, Stage,
    Submit, Task, TaskId, ToolSpec,
};

/// How deep sub-tasks may lie within each other: a sub-task may have sub-tasks, these may not.
const DEPTH: u32 = 2;
/// How many sub-tasks a task may start in all.
const MOST: usize = 32;
/// What a sub-task gets of what is left, where nothing is said: one part in so many.
const SHARE: u64 = 4;
/// How many of the files that it changed, and of the calls that were not run, its task is told of.
const NAMED: usize = 100;

/// A part of a task that is to be worked on as a task of its own: what a call asks for by its
/// [`Effects::subtask`](crate::Effects::subtask).
///
/// It gets a part of its task's grants and of what is left of its budget. One that asks for more than its task has is refused.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Subtask {
    /// What a person calls it, in a few words.
    pub title: String,
    /// What is wanted, in words. Of its task's conversation its planner is told nothing else.
    pub text: String,
    /// The folders that it may use; if none are named, those of its task.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub folders: Option<Vec<FolderPart>>,
    /// The tools that it may use; if none are named, those of its task.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tools: Option<Vec<String>>,
    /// How much it may do unasked; as its task, if nothing is said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mode: Option<Mode>,
    /// What its planner is told besides; as its task's without `schema`, if nothing is said. It may not name another model, and another
    /// planner only if that works on this computer alone ([`Planner::is_local`](crate::Planner::is_local)).
    #[serde(skip_serializing_if = "Value::is_null")]
    pub planner: Value,
    /// How many planning steps it may take; as many as its task, if nothing is said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_steps: Option<u32>,
    /// What it may spend. Of what its task has a limit for, and nothing is said, it gets a quarter of what is left; all of
    /// the time.
    #[serde(skip_serializing_if = "Budget::is_open")]
    pub budget: Budget,
}

/// A folder of a task, as a sub-task gets it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FolderPart {
    /// What it is called: as in its task.
    pub name: String,
    /// What may be done there.
    #[serde(default)]
    pub access: Access,
}

/// What a sub-task is a part of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Parent {
    /// The task that started it.
    pub task: TaskId,
    /// Its call, whose result the sub-task's end is.
    pub call: CallId,
    /// The task at the top, which a person gave. All of its sub-tasks work under its lease, in its folders, into its journal.
    pub root: TaskId,
    /// How deep it lies: 1 right below the top.
    pub depth: u32,
    /// What a person calls the sub-task.
    pub title: String,
}

impl Task {
    /// Gives the task at the top: itself, if it is no sub-task.
    pub fn root(&self) -> TaskId {
        self.submit.parent.as_ref().map_or(self.id, |parent| parent.root)
    }

    /// Gives the sub-tasks that have not ended.
    pub fn subtasks(&self) -> impl Iterator<Item = TaskId> + '_ {
        let calls = self.turns.last().map_or(&[][..], |turn| &turn.calls);
        calls.iter().filter(|c| c.stage == Stage::Delegated).filter_map(|c| c.subtask)
    }

    /// Gives every sub-task that it ever had.
    pub fn all_subtasks(&self) -> impl Iterator<Item = TaskId> + '_ {
        self.turns.iter().flat_map(|turn| &turn.calls).filter_map(|call| call.subtask)
    }

    /// Says whether it may use a tool: its submission, or the task that it is a part of, may leave only some.
    pub fn may_use(&self, tool: &str) -> bool {
        self.submit.tools.as_ref().is_none_or(|tools| tools.iter().any(|t| t == tool))
    }

    /// Says whether it may have sub-tasks at all.
    pub fn may_delegate(&self) -> bool {
        self.submit.parent.as_ref().map_or(0, |parent| parent.depth) < DEPTH
    }

    /// Works out the sub-task that a call of this task asks for: never with more than the task has. `local` are the planners that work on
    /// this computer alone.
    ///
    /// # Errors
    /// `NotAllowed` for more than the task has; `LimitExceeded` for too many, too deep, or more than is left; `InvalidInput`,
    /// `NotFound` for what makes no sense.
    pub fn part(&self, call: CallId, wanted: &Subtask, tools: &[ToolSpec], local: &[&str]) -> Result<Submit> {
        if wanted.text.trim().is_empty() || wanted.title.trim().is_empty() {
            return Err(wrong(Kind::InvalidInput, "a sub-task needs a title, and a text that says what is wanted"));
        }
        if !self.may_delegate() {
            let why = format!("sub-tasks lie at most {DEPTH} deep, and this is one that lies so deep");
            return Err(wrong(Kind::LimitExceeded, why).with_fix("do it here, step by step"));
        }
        if self.all_subtasks().count() >= MOST {
            let why = format!("the task has had {MOST} sub-tasks already, which is the most");
            return Err(wrong(Kind::LimitExceeded, why).with_fix("do the rest here, step by step"));
        }
        let folders = self.part_of_folders(wanted.folders.as_deref())?;
        let tools = self.part_of_tools(wanted.tools.as_deref(), tools)?;
        let kept = |rule: &&AllowRule| {
            folders.iter().any(|f| f.name == rule.folder && f.access == Access::Write)
                && tools.as_ref().is_none_or(|tools| tools.contains(&rule.tool))
        };
        let depth = self.submit.parent.as_ref().map_or(0, |parent| parent.depth) + 1;
        Ok(Submit {
            text: wanted.text.clone(),
            hosts: Vec::new(),
            mode: self.part_of_mode(wanted.mode)?,
            allow: self.allowed.iter().filter(kept).cloned().collect(),
            trust: self
                .submit
                .trust
                .iter()
                .filter(|t| folders.iter().any(|f| f.name == t.path.root()))
                .cloned()
                .collect(),
            planner: self.planner_of_part(&wanted.planner, local)?,
            max_steps: self.part_of_steps(wanted.max_steps)?,
            budget: self.part_of_budget(&wanted.budget)?,
            parent: Some(Box::new(Parent {
                task: self.id,
                call,
                root: self.root(),
                depth,
                title: wanted.title.clone(),
            })),
            folders,
            tools,
        })
    }

    fn part_of_folders(&self, wanted: Option<&[FolderPart]>) -> Result<Vec<Folder>> {
        let Some(wanted) = wanted else { return Ok(self.submit.folders.clone()) };
        let mut folders: Vec<Folder> = Vec::new();
        for part in wanted {
            let Some(folder) = self.submit.folders.iter().find(|f| f.name == part.name) else {
                let why = format!("the task itself has no folder `{}`", part.name.escape_debug());
                let there: Vec<&str> = self.submit.folders.iter().map(|f| f.name.as_str()).collect();
                return Err(wrong(Kind::NotAllowed, why).with_fix(format!("its folders are: {}", there.join(", "))));
            };
            if part.access > folder.access {
                let why = format!("the task itself may only look into `{}`", folder.name);
                return Err(wrong(Kind::NotAllowed, why).with_fix("ask for `read`"));
            }
            if folders.iter().any(|f| f.name == folder.name) {
                return Err(wrong(Kind::InvalidInput, format!("the folder `{}` is named twice", folder.name)));
            }
            folders.push(Folder { access: part.access, ..folder.clone() });
        }
        Ok(folders)
    }

    fn part_of_tools(&self, wanted: Option<&[String]>, tools: &[ToolSpec]) -> Result<Option<Vec<String>>> {
        let Some(wanted) = wanted else { return Ok(self.submit.tools.clone()) };
        for tool in wanted {
            let name = tool.escape_debug();
            if !tools.iter().any(|t| t.name == *tool) {
                return Err(wrong(Kind::NotFound, format!("there is no tool called `{name}`")));
            }
            if !self.may_use(tool) {
                return Err(wrong(Kind::NotAllowed, format!("the task itself may not use `{name}`")));
            }
        }
        Ok(Some(wanted.to_vec()))
    }

    fn part_of_mode(&self, wanted: Option<Mode>) -> Result<Mode> {
        let much = |mode: Mode| match mode {
            Mode::Plan => 0,
            Mode::Ask => 1,
            Mode::Auto => 2,
        };
        match wanted {
            Some(mode) if much(mode) > much(self.submit.mode) => {
                let why = "the task itself may do less unasked than the sub-task would";
                Err(wrong(Kind::NotAllowed, why).with_fix("leave its mode as the task's"))
            }
            wanted => Ok(wanted.unwrap_or(self.submit.mode)),
        }
    }

    fn planner_of_part(&self, wanted: &Value, local: &[&str]) -> Result<Value> {
        let mine = &self.submit.planner;
        let name = wanted.get("name").and_then(Value::as_str);
        if name.is_some_and(|name| local.contains(&name)) {
            // What it reads goes nowhere; it has no model to be named.
            return Ok(wanted.clone());
        }
        if wanted.is_null() {
            let mut planner = mine.clone();
            if let Some(planner) = planner.as_object_mut() {
                // The outcome's form is what was wanted of the whole.
                planner.remove("schema");
            }
            return Ok(planner);
        }
        let mut planner = wanted.clone();
        // Who plans, and which model is asked, decide where what is read goes.
        for key in ["name", "model", "fallback"] {
            match (wanted.get(key), mine.get(key)) {
                (Some(one), other) if Some(one) != other => {
                    let why = "a sub-task may not send what it reads elsewhere than its task does";
                    return Err(wrong(Kind::NotAllowed, why).with_fix(format!("leave out `{key}`")));
                }
                (None, Some(mine)) => {
                    if let Some(planner) = planner.as_object_mut() {
                        planner.insert(key.to_owned(), mine.clone());
                    }
                }
                _ => {}
            }
        }
        Ok(planner)
    }

    fn part_of_steps(&self, wanted: Option<u32>) -> Result<u32> {
        match wanted {
            Some(0) => Err(wrong(Kind::InvalidInput, "a sub-task with no steps can do nothing")),
            Some(steps) if steps > self.submit.max_steps => {
                let why = format!("the task itself may take {} steps, not {steps}", self.submit.max_steps);
                Err(wrong(Kind::NotAllowed, why).with_fix("ask for fewer steps"))
            }
            wanted => Ok(wanted.unwrap_or(self.submit.max_steps)),
        }
    }

    fn part_of_budget(&self, wanted: &Budget) -> Result<Budget> {
        let budget = &self.budget;
        let (tokens, cost) = self.spent.with_open();
        let of = |wanted: Option<u64>, most: Option<u64>, gone: u64, share: u64, what: &str| {
            let left = most.map(|most| most.saturating_sub(gone));
            match (wanted, left) {
                (Some(wanted), Some(left)) if wanted > left => {
                    let why = format!("of the task's {what} {left} are left, and the sub-task would get {wanted}");
                    Err(wrong(Kind::LimitExceeded, why).with_fix("ask for less, or leave it out"))
                }
                (None, Some(left)) => Ok(Some(left / share)),
                (wanted, _) => Ok(wanted),
            }
        };
        let worked = u64::try_from(self.spent.time.as_millis()).unwrap_or(u64::MAX);
        Ok(Budget {
            tokens: of(wanted.tokens, budget.tokens, tokens, SHARE, "tokens")?,
            cost: of(wanted.cost, budget.cost, cost, SHARE, "millionths of a dollar")?,
            // Sub-tasks work side by side.
            time: of(wanted.time, budget.time, worked, 1, "milliseconds")?,
        })
    }

    /// Says what the task that started it is told of its end. `files` is what it and its own sub-tasks changed; none if that
    /// is not known.
    pub(crate) fn report(&self, result: &Finish, files: Option<&[&Difference]>) -> Result<Outcome> {
        let (end, message, data) = match result {
            Finish::Done { summary, data } => ("done", summary.clone(), data.clone()),
            Finish::Failed { error } if result.is_refusal() => ("refused", error.message.clone(), Value::Null),
            Finish::Failed { error } => {
                let fix = error.fix().map(|fix| format!(" ({fix})")).unwrap_or_default();
                ("failed", format!("{}{fix}", error.message), Value::Null)
            }
            Finish::Cancelled => ("cancelled", "the person stopped it".to_owned(), Value::Null),
        };
        let mut value = json!({ "end": end, "message": message, "task": self.id, "steps": self.turns.len() });
        let mut add = |name: &str, part: Value| {
            if let Some(value) = value.as_object_mut().filter(|_| !part.is_null()) {
                value.insert(name.to_owned(), part);
            }
        };
        add("data", data);
        let not_done = self.not_done()?;
        add("not_done", if not_done.is_empty() { Value::Null } else { not_done.into() });
        match files {
            Some(files) => {
                let named = files.iter().take(NAMED).map(|d| json!({ "path": d.path, "what": d.what }));
                let named: Vec<Value> = named.collect();
                add("files", if named.is_empty() { Value::Null } else { named.into() });
                add("more_files", files.len().checked_sub(NAMED).filter(|n| *n > 0).into());
            }
            None => add("files_unknown", true.into()),
        }
        if self.spent.answers > 0 {
            add("spent", json!({ "tokens": self.spent.usage.total(), "millionths_of_a_dollar": self.spent.cost }));
        }
        Ok(Outcome::Done { value, note: format!("{}: {end}", self.title()) })
    }

    /// Names the calls that were denied, and those that were only worked out: up to 100, each once.
    ///
    /// # Errors
    /// `Corrupt` if a record can't be read.
    pub fn not_done(&self) -> Result<Vec<String>> {
        let mut lines = Vec::new();
        for (call, state) in self.turns.iter().flat_map(|turn| turn.decision.calls.iter().zip(&turn.calls)) {
            let line = match state.outcome()? {
                Some(Outcome::Denied { reason, .. }) => format!("{}: {reason}", call.tool),
                Some(Outcome::Withheld { effects }) => {
                    format!("{}: only planned, it would {}", call.tool, effects.preview.title)
                }
                _ => continue,
            };
            if lines.len() < NAMED && !lines.contains(&line) {
                lines.push(line);
            }
        }
        Ok(lines)
    }

    fn title(&self) -> &str {
        self.submit.parent.as_ref().map_or("task", |parent| parent.title.as_str())
    }
}

impl Budget {
    /// Gives what is set aside for a task with this budget.
    pub(crate) fn reserve(&self) -> Reserve {
        Reserve { tokens: self.tokens.unwrap_or(0), cost: self.cost, day: None }
    }
}

fn wrong(kind: Kind, why: impl Into<String>) -> Error {
    Error::new(kind, "start sub-task", why.into())
}
