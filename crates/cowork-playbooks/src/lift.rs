//! A playbook out of a finished run: what was done once, without a model from now on.
//!
//! What the run's calls had to do with each other is found out from their arguments and results alone; where no rule explains
//! them exactly, no playbook is written. What is written is run against the recorded results before it is given out.

use cowork_core::{Error, Finish, Kind, Outcome, Result, Task, ToolSpec};
use serde_json::Value;

use crate::{
    check::{Problem, check},
    header::Header,
    lift_atoms::{Item, day},
    lift_build::Builder,
    lift_head, lift_proof,
};

const OP: &str = "write playbook";
/// Tools that only look. A look that nothing else came of is left out; what is not named here is taken to change something.
const LOOKS: [&str; 18] = [
    "compare_folders",
    "file_info",
    "file_metadata",
    "find_duplicates",
    "find_files",
    "find_text",
    "folder_tree",
    "hash_files",
    "list_archive",
    "list_folder",
    "name_places",
    "now",
    "random",
    "read_file",
    "read_tables",
    "suggest_folders",
    "suggest_names",
    "watch_folder",
];
/// What planners call for themselves.
const OWN: [&str; 4] = ["plan", "read_result", "find_tools", "call_tool"];

/// A playbook that was written out of a run, checked and proven.
#[derive(Clone, Debug, PartialEq)]
pub struct Written {
    /// What it says of itself.
    pub header: Header,
    /// The whole file.
    pub source: String,
    /// How many of the run's calls it makes again; in a loop each counts.
    pub calls: usize,
    /// How many of the run's looks led nowhere and were left out.
    pub left_out: usize,
}

/// Writes a playbook that does what a finished run did: with rules where the run's arguments came out of results, with
/// parameters for what stands in the task's words, and with a test of its own where the run's files allow one.
///
/// `tools` are those of the engine that will run it; `name` is what it is to be called, else its task's first words are taken.
/// Nothing of the run's texts becomes code. The playbook is checked as [`check`] does, and run against the recorded results:
/// the same calls with the same arguments in the same order of effects. It runs on a thread of its own and takes no
/// cancellation: the program's own limits hold.
///
/// # Errors
/// `Unsupported` if the run can't be explained: what no rule accounts for is named. `InvalidInput` if the task has not ended
/// well, changed nothing, or if the name can't be one. `Conflict` if the dry run differed, with the difference. `Corrupt` if
/// the log can't be read.
pub fn from_task(task: &Task, tools: &[ToolSpec], name: Option<&str>) -> Result<Written> {
    let run = Run::read(task, tools)?;
    let mut builder = Builder::new(&run, tools);
    let blocks = builder.blocks().map_err(|why| unexplained(&why))?;
    let name = name.map_or_else(|| lift_head::name(&task.submit.text), str::to_owned);
    let source = lift_head::source(&builder, &blocks, &name);
    let header = check(&source, tools).map_err(|problems| unfit(&name, &problems))?;
    let kept: Vec<usize> = blocks.iter().flat_map(|block| block.steps.clone()).collect();
    let steps: Vec<Vec<&Step<'_>>> =
        blocks.iter().map(|block| block.steps.iter().map(|at| &run.steps[*at]).collect()).collect();
    lift_proof::prove(&source, &header, task, tools, &steps)?;
    Ok(Written { header, source, calls: kept.len(), left_out: run.steps.len() - kept.len() })
}

/// A run, as it is looked at.
pub(crate) struct Run<'a> {
    pub(crate) task: &'a Task,
    pub(crate) steps: Vec<Step<'a>>,
    /// The task's words in small letters, each once.
    pub(crate) words: Vec<String>,
    /// The day on which it was asked for, UTC.
    pub(crate) day: String,
}

/// A call that was done.
pub(crate) struct Step<'a> {
    pub(crate) tool: &'a str,
    pub(crate) args: Value,
    pub(crate) value: Value,
    /// Whether it only looked.
    pub(crate) looks: bool,
}

impl<'a> Run<'a> {
    fn read(task: &'a Task, tools: &[ToolSpec]) -> Result<Self> {
        let wrong = |why: &str, fix: &str| Err(Error::new(Kind::InvalidInput, OP, why).with_fix(fix));
        match &task.result {
            Some(Finish::Done { .. }) => {}
            Some(_) => return wrong("the task did not come to a good end", "take one that is done"),
            None => return wrong("the task has not ended yet", "wait until it is done"),
        }
        let mut steps = Vec::new();
        for (call, state) in task.turns.iter().flat_map(|turn| turn.decision.calls.iter().zip(&turn.calls)) {
            let value = match state.outcome()? {
                Some(Outcome::Done { value, .. }) => value,
                Some(Outcome::Withheld { .. }) => {
                    return wrong("the task only showed what it would do", "run it without --dry-run first");
                }
                _ => continue,
            };
            let made_nothing = value.get("made").and_then(Value::as_u64) == Some(0);
            if OWN.contains(&call.tool.as_str()) || made_nothing {
                continue;
            }
            if tools.iter().all(|tool| tool.name != call.tool) {
                return Err(unexplained(&format!("it used the tool `{}`, which playbooks don't have", call.tool)));
            }
            let looks = LOOKS.contains(&call.tool.as_str());
            steps.push(Step { tool: &call.tool, args: call.args.value(), value, looks });
        }
        if steps.iter().all(|step| step.looks) {
            return wrong("the task changed nothing, so there is nothing to do again", "take one that changed files");
        }
        let words = task.submit.text.split(|c: char| !c.is_alphanumeric()).filter(|w| !w.is_empty());
        let words = words.map(str::to_lowercase).collect();
        Ok(Self { task, steps, words, day: day(task.at.as_millis()) })
    }

    /// Gives the lists of entries in what a step gave, each under its key.
    pub(crate) fn listings(&self, step: usize) -> Vec<(&str, Vec<Item<'_>>)> {
        let fields = self.steps.get(step).filter(|s| s.looks).and_then(|s| s.value.as_object());
        fields.into_iter().flatten().filter_map(|(key, value)| Some((key.as_str(), entries(value)?))).collect()
    }

    /// Gives the entry of a path in a listing before this step.
    pub(crate) fn listed(&self, before: usize, path: &str) -> Option<Item<'_>> {
        (0..before).rev().find_map(|step| {
            self.listings(step).into_iter().find_map(|(_, items)| items.into_iter().find(|item| item.path == path))
        })
    }

    /// Says whether the task's words hold a text, not in the middle of a word.
    pub(crate) fn says(&self, text: &str) -> bool {
        let words = self.task.submit.text.as_str();
        let is_word = |c: Option<char>| c.is_some_and(char::is_alphanumeric);
        text.chars().any(char::is_alphanumeric)
            && words.match_indices(text).any(|(at, _)| {
                !is_word(words[..at].chars().next_back()) && !is_word(words[at + text.len()..].chars().next())
            })
    }
}

/// Reads a list of entries; nothing if it is another.
fn entries(value: &Value) -> Option<Vec<Item<'_>>> {
    let items = value.as_array().filter(|items| !items.is_empty())?;
    items.iter().map(Item::of).collect()
}

/// Says that the run can't be explained.
fn unexplained(why: &str) -> Error {
    let text = format!("no playbook can be written out of this task: {why}");
    Error::new(Kind::Unsupported, OP, text)
        .with_fix("do it as a task again, or write one by hand: cowork playbook new NAME")
}

fn unfit(name: &str, problems: &[Problem]) -> Error {
    let first = problems.first().map(ToString::to_string).unwrap_or_default();
    let why = format!("what was written as `{}` is not in order: {first}", name.escape_debug());
    Error::new(Kind::InvalidInput, OP, why).with_fix("give it a name of a-z, 0-9 and `-`")
}
