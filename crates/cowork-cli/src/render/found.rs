//! What the end of a task found on the disk, beside what the task says of itself.

use cowork::{FileKind, FileNow, FilesReport, Finish, Found, Mode, Task, What};

use super::{
    line::{Line, Role},
    text::{count, grouped, one_line, shorten, size, wrap},
};
use crate::look::Look;

/// So many files are named of each kind.
const MOST: usize = 5;

/// Says what a task changed as the disk shows it, and what of its words the disk does not bear out. A playbook's own words are
/// worked out from what was done: only what is not as they left it is told. `said`: it was said already that nothing was changed.
pub(crate) fn lines(task: &Task, said: bool, look: &Look) -> Vec<Line> {
    let by_model = task.spent.answers > 0;
    let is_done = matches!(task.result, Some(Finish::Done { .. }));
    let mut lines = Vec::new();
    if by_model && is_done && !said && changed_nothing(task) {
        // Where the tools of a host may act elsewhere, only the folders are known.
        let what = if task.acted { "Nothing in its folders was changed." } else { "Nothing was changed on disk." };
        lines.push(Line::margin().add(Role::Waiting, what));
    }
    let Some(report) = task.files.as_deref() else { return lines };
    lines.extend(listed("Not so:", report.unmade.iter().map(|name| unmade(name)), report.unmade.len(), look));
    let not_as_left = report.files.iter().filter(|f| !matches!(f.found, Found::AsLeft));
    let number = not_as_left.clone().count();
    lines.extend(listed("Since:", not_as_left.map(otherwise), number, look));
    if let Some(error) = &report.trouble {
        let why = format!("What it changed could not be looked at: {}.", one_line(&error.message));
        lines.extend(titled("", &why, Role::Waiting, look));
    }
    if by_model && is_done && report.total() > 0 {
        lines.extend(titled("On disk:", &counted(report), Role::Done, look));
        lines.extend(named(report, look));
    }
    lines
}

/// Says whether it is certain that the task changed nothing in its folders. That a dry run changes nothing is said anyway.
fn changed_nothing(task: &Task) -> bool {
    let nothing = task.files.as_deref().map_or(!task.journalled, FilesReport::is_nothing);
    nothing && task.submit.mode != Mode::Plan
}

fn unmade(name: &str) -> String {
    format!("`{}` is said to be made or changed; nothing in this task did", shorten(&one_line(name), 60))
}

fn otherwise(file: &FileNow) -> String {
    let path = one_line(file.path.as_str());
    match (file.found, &file.what) {
        (Found::Gone, _) => format!("`{path}` is not there any more: something else took it away"),
        (Found::Unread, _) => format!("`{path}` could not be looked at"),
        (_, What::SetAside) => format!("`{path}` is there again: something else put it there"),
        _ => format!("`{path}` was changed by something else"),
    }
}

fn counted(report: &FilesReport) -> String {
    let parts =
        [(report.made, "made"), (report.changed, "changed"), (report.moved, "moved"), (report.removed, "set aside")];
    // Where not all are named, it is not known which are folders.
    let is_folder = |f: &&FileNow| f.kind == FileKind::Folder && f.what == What::Created;
    let folders = match report.files.len() as u64 == report.total() {
        true => report.files.iter().filter(is_folder).count() as u64,
        false => 0,
    };
    let of_these = |what: &str| match folders {
        1.. if what == "made" => format!(" ({})", count(folders, "folder")),
        _ => String::new(),
    };
    let some = parts.iter().filter(|(n, _)| *n > 0);
    some.map(|(n, what)| format!("{} {what}{}", grouped(*n), of_these(what))).collect::<Vec<_>>().join(", ")
}

/// Names what was made and changed, which is what a person looks for next.
fn named(report: &FilesReport, look: &Look) -> Vec<Line> {
    let is_new =
        |f: &&FileNow| f.hash.is_some() && matches!(f.what, What::Created | What::Edited) && f.found == Found::AsLeft;
    let new: Vec<&FileNow> = report.files.iter().filter(is_new).collect();
    let room = look.columns().saturating_sub(26);
    let line = |f: &&FileNow| {
        let path = one_line(f.path.as_str());
        let path = shorten(&path, room);
        Line::margin().to(12).add(Role::Plain, path).add(Role::Quiet, format!("  {}", size(f.bytes)))
    };
    let mut lines: Vec<Line> = new.iter().take(MOST).map(line).collect();
    if new.len() > MOST {
        let more = count((new.len() - MOST) as u64, "more file");
        lines.push(Line::margin().to(12).add(Role::Quiet, format!("and {more}")));
    }
    lines
}

fn listed(title: &str, all: impl Iterator<Item = String>, number: usize, look: &Look) -> Vec<Line> {
    let mut lines = Vec::new();
    for (at, text) in all.take(MOST).enumerate() {
        lines.extend(titled(if at == 0 { title } else { "" }, &text, Role::Waiting, look));
    }
    if number > MOST {
        lines.push(Line::margin().to(12).add(Role::Quiet, format!("and {} more", number - MOST)));
    }
    lines
}

fn titled(title: &str, text: &str, role: Role, look: &Look) -> Vec<Line> {
    let line = |(at, line): (usize, String)| {
        let title = if at == 0 { title } else { "" };
        Line::margin().add(role, format!("{title:<9} ")).to(12).add(Role::Plain, line)
    };
    wrap(text, look.columns().saturating_sub(14)).into_iter().enumerate().map(line).collect()
}
