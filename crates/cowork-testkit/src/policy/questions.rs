//! Every question of a small world: all modes, grants, effects and labels against each other. No luck, nothing left out.

use cowork_core::{
    Access, AllowRule, Call, Effects, FileEffect, FilePath, Folder, Label, Mode, Proposal, Question, Recovery, Submit,
    Task,
};
use serde_json::json;

use crate::TaskLog;

/// A question that owns its parts.
#[derive(Clone, Debug)]
pub(super) struct Asked {
    pub(super) task: Task,
    pub(super) call: Call,
    pub(super) effects: Effects,
    pub(super) context: Label,
}

impl Asked {
    pub(super) fn question(&self) -> Question<'_> {
        Question { task: &self.task, call: &self.call, effects: &self.effects, context: &self.context }
    }

    /// Gives the same question of a task that came with this rule.
    pub(super) fn with_leave(&self, rule: AllowRule) -> Self {
        let mut log = TaskLog::new(Submit { allow: vec![rule], ..self.task.submit.clone() });
        let call = log.propose(&Proposal::call("work", json!({ "n": 1 }))).remove(0);
        Self { task: log.task(), call, ..self.clone() }
    }

    /// Says whether it touches a file that was not granted, or changes one that was granted for reading.
    pub(super) fn is_outside(&self) -> bool {
        let granted = |effect: &FileEffect| {
            let folders = &self.task.submit.folders;
            folders.iter().any(|f| f.name == effect.path.root() && f.access >= effect.access)
        };
        !self.effects.files.iter().all(granted)
    }
}

/// Asks everything.
pub(super) fn all() -> Vec<Asked> {
    let mut all = Vec::new();
    for mode in [Mode::Ask, Mode::Plan, Mode::Auto] {
        for grant in [None, Some(Access::Read), Some(Access::Write)] {
            let (task, call) = task(mode, grant);
            for effects in effects() {
                for context in [Label::user(), Label::trusted(), Label::file("Desk/a"), Label::default()] {
                    all.push(Asked { task: task.clone(), call: call.clone(), effects: effects.clone(), context });
                }
            }
        }
    }
    all
}

fn task(mode: Mode, grant: Option<Access>) -> (Task, Call) {
    let folder = |access| Folder { name: "Desk".to_owned(), at: "/home/anna/Desk".to_owned(), access, whole: false };
    let submit = Submit { mode, folders: grant.map(folder).into_iter().collect(), ..Submit::new("do it") };
    let mut log = TaskLog::new(submit);
    let call = log.propose(&Proposal::call("work", json!({ "n": 1 }))).remove(0);
    (log.task(), call)
}

fn effects() -> Vec<Effects> {
    let path = |text: &str| FilePath::parse(text).expect("a path");
    let touch = |text: &str, access| FileEffect { path: path(text), access };
    let files = [
        vec![],
        vec![touch("Desk/a", Access::Read)],
        vec![touch("Desk/a", Access::Write)],
        vec![touch("Desk", Access::Write)],
        vec![touch("Desktop/a", Access::Read)],
        vec![touch("Secret/a", Access::Write)],
        // What is granted does not cover for what is not.
        vec![touch("Desk/a", Access::Read), touch("Secret/a", Access::Read)],
        vec![touch("Desk/a", Access::Read), touch("Desk/b", Access::Write)],
    ];
    let mut all = Vec::new();
    for files in files {
        for recovery in [Recovery::ReadOnly, Recovery::Idempotent, Recovery::Journalled, Recovery::Unknown] {
            for (complete, undoable) in [(true, true), (true, false), (false, true), (false, false)] {
                all.push(Effects { complete, undoable, recovery, files: files.clone(), ..Effects::default() });
            }
        }
    }
    all
}
