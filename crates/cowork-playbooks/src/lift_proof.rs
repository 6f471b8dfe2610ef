//! The dry run of a playbook that was written out of a run: against what was recorded, never against a file.

use std::{collections::BTreeSet, thread};

use cowork_core::{CancellationToken, Error, Finish, Kind, Outcome, ProposedCall, Result, Task, ToolSpec};
use serde_json::{Map, Value, json};

use crate::{
    header::Header,
    interpreter::{Pause, Program, STACK},
    library::Playbook,
    lift::Step,
    limits::Limits,
    machine::Machine,
};

/// Runs it with its parameters' defaults: it must make the recorded calls, each group in its turn, and come to a good end.
pub(crate) fn prove(
    source: &str,
    header: &Header,
    task: &Task,
    tools: &[ToolSpec],
    groups: &[Vec<&Step<'_>>],
) -> Result<()> {
    let file = format!("{}.py", header.name);
    let params = Playbook::read(source, &file)?.fill(&Map::new())?;
    let program = Program::new(file, source.to_owned(), params)
        .with_folders(&task.submit.folders)
        .with_tools(tools)
        .with_limits(Limits::default());
    let replay = || Replay { task, groups, group: 0, open: Vec::new() }.run(program);
    thread::scope(|scope| {
        let failed = || Error::new(Kind::Internal, "prove playbook", "the dry run's thread could not be run");
        let thread = thread::Builder::new().name("dry run".to_owned()).stack_size(STACK);
        let thread = thread.spawn_scoped(scope, replay).map_err(|e| failed().with_source(e))?;
        thread.join().map_err(|_| failed())?
    })
}

struct Replay<'a> {
    task: &'a Task,
    groups: &'a [Vec<&'a Step<'a>>],
    group: usize,
    /// Which calls of the group are still to be made.
    open: Vec<usize>,
}

impl Replay<'_> {
    fn run(mut self, program: Program) -> Result<()> {
        let cancel = CancellationToken::new();
        self.open = self.groups.first().map_or_else(Vec::new, |g| (0..g.len()).collect());
        let (mut machine, mut halt) = Machine::begin(program, &cancel)?;
        loop {
            match halt.pause {
                Pause::Calls(calls) => {
                    let outcomes = calls.iter().map(|call| self.answer(call)).collect::<Result<_>>()?;
                    halt = machine.go_on(outcomes, &cancel)?;
                }
                Pause::End(Finish::Done { .. }) => break,
                Pause::End(Finish::Failed { error }) => return Err(differs(&format!("it failed: {}", error.message))),
                Pause::End(Finish::Cancelled) => return Err(differs("it was stopped")),
            }
        }
        match self.wanted().first() {
            None => Ok(()),
            Some(step) => Err(differs(&format!("it ended before {}", shown(step.tool, &step.args)))),
        }
    }

    fn wanted(&mut self) -> Vec<&Step<'_>> {
        while self.open.is_empty() && self.group < self.groups.len() {
            self.group += 1;
            self.open = self.groups.get(self.group).map_or_else(Vec::new, |g| (0..g.len()).collect());
        }
        let group = self.groups.get(self.group);
        group.into_iter().flat_map(|g| self.open.iter().map(move |at| g[*at])).collect()
    }

    fn answer(&mut self, call: &ProposedCall) -> Result<Outcome> {
        let value = if call.tool == "now" {
            let millis = self.task.at.as_millis();
            json!({ "millis": millis, "iso": format!("{}T00:00:00Z", crate::lift_atoms::day(millis)), "zone": "UTC" })
        } else {
            let wanted = self.wanted();
            let same = |step: &&Step<'_>| {
                step.tool == call.tool && alike(&step.args, step.looks) == alike(&call.args, step.looks)
            };
            let Some(at) = wanted.iter().position(same) else {
                let then = wanted.first().map_or_else(|| "no call any more".to_owned(), |s| shown(s.tool, &s.args));
                return Err(differs(&format!("it made {}, and the task made {then}", shown(&call.tool, &call.args))));
            };
            let value = wanted[at].value.clone();
            self.open.remove(at);
            value
        };
        Ok(Outcome::Done { value, note: String::new() })
    }
}

/// Gives arguments such that those that do the same are equal: how many entries a look may give at most does not count, nor
/// whether several moves are told by their names, nor the order of moves that have nothing to do with each other.
fn alike(args: &Value, looks: bool) -> Value {
    let mut args = args.clone();
    let Some(fields) = args.as_object_mut() else { return args };
    if looks {
        fields.remove("most");
    }
    for list in ["moves", "copies", "paths", "sources"] {
        if let Some(items) = fields.get_mut(list).and_then(Value::as_array_mut) {
            let mut each: Vec<Value> = items.iter().flat_map(one_by_one).collect();
            let place = |key: &str| each.iter().filter_map(|e| e.get(key)?.as_str()).collect::<Vec<_>>();
            let (from, to) = (place("from"), place("to"));
            let (sources, targets) = (BTreeSet::from_iter(&from), BTreeSet::from_iter(&to));
            let apart = sources.is_disjoint(&targets) && sources.len() == from.len() && targets.len() == to.len();
            if apart && !looks && list != "sources" {
                each.sort_by_key(ToString::to_string);
            }
            *items = each;
        }
    }
    args
}

/// Tells a move of several as one of each.
pub(crate) fn one_by_one(one: &Value) -> Vec<Value> {
    let text = |key: &str| one.get(key).and_then(Value::as_str);
    match (text("from"), text("to"), one.get("names").and_then(Value::as_array)) {
        (Some(from), Some(to), Some(names)) => names
            .iter()
            .filter_map(Value::as_str)
            .map(|name| json!({ "from": format!("{from}/{name}"), "to": format!("{to}/{name}") }))
            .collect(),
        _ => vec![one.clone()],
    }
}

fn shown(tool: &str, args: &Value) -> String {
    let args = args.to_string();
    let cut = if args.len() > 300 { format!("{}…", &args[..args.floor_char_boundary(300)]) } else { args };
    format!("{tool} {cut}")
}

fn differs(what: &str) -> Error {
    let why = format!("the playbook that was written does something else than the task did: {what}");
    Error::new(Kind::Conflict, "prove playbook", why)
        .with_fix("nothing was saved; do it as a task again, or write one by hand: cowork playbook new NAME")
}
