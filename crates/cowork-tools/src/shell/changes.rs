//! What a command would change, as effects that can be decided on and as a person is shown it.

use std::collections::BTreeSet;

use cowork_core::{Difference, Effects, FileKind, FilePath, Group, Preview, Remark, Side, Staged, What};
use serde_json::Value;

use crate::show::count;

/// More paths than this are told by the folders that they are in.
const MOST: usize = 200;
/// So many of each group are told by their names. What asks shows as many as there is room for, and all of these to who wants to see them.
const NAMED: usize = 1_000;

/// Gives the effects of taking over what a command changed.
pub(super) fn effects(what: &str, staged: &Staged) -> Effects {
    let mut effects = Effects::changes(paths(staged)).showing(preview(what, staged));
    effects.guarded = !staged.guarded.is_empty();
    effects
}

/// Gives the paths that it touches; what lies in a new folder is told by the folder.
fn paths(staged: &Staged) -> BTreeSet<FilePath> {
    let changes = &staged.changes.changes;
    let is_new_folder = |path: &FilePath| {
        let at = changes.binary_search_by(|change| change.path.cmp(path));
        at.is_ok_and(|at| changes[at].what == What::Created && changes[at].kind == FileKind::Folder)
    };
    let mut paths = BTreeSet::new();
    for change in changes {
        if change.path.parent().is_none_or(|above| !is_new_folder(&above)) {
            paths.insert(change.path.clone());
        }
        if let What::Moved { from, .. } = &change.what {
            paths.insert(from.clone());
        }
    }
    if paths.len() > MOST {
        paths = paths.iter().filter_map(|path| FilePath::parse(path.root()).ok()).collect();
    }
    paths
}

fn preview(what: &str, staged: &Staged) -> Preview {
    let changes = &staged.changes.changes;
    let group = |label: &str, is: fn(&What) -> bool| {
        let all: Vec<String> = changes
            .iter()
            .filter(|change| is(&change.what))
            .map(|change| match &change.what {
                What::Moved { from, .. } => format!("{from} → {}", change.path),
                _ if change.kind == FileKind::Folder => format!("{}/", change.path),
                _ => change.path.to_string(),
            })
            .collect();
        let examples = all.iter().take(NAMED).cloned().collect();
        (!all.is_empty()).then(|| Group { count: all.len() as u64, label: label.to_owned(), examples })
    };
    let groups = [
        group("new", |what| *what == What::Created),
        group("changed", |what| *what == What::Edited),
        group("moved", |what| matches!(what, What::Moved { .. })),
        group("gone", |what| *what == What::SetAside),
        group("other permissions", |what| *what == What::Mode),
    ];
    let said = |remark: &Remark| format!("{} {}", remark.path, remark.why);
    let mut notes: Vec<String> = staged.guarded.iter().take(NAMED).map(said).collect();
    notes.extend(more(staged.guarded.len()));
    let runs: Vec<&FilePath> =
        changes.iter().filter(|change| is_made_to_run(change)).map(|change| &change.path).collect();
    notes.extend(runs.iter().take(NAMED).map(|path| format!("{path} can be run as a program")));
    notes.extend(more(runs.len()));
    notes.extend(staged.left_out.iter().take(NAMED).map(|remark| format!("left out: {}", said(remark))));
    notes.extend(more(staged.left_out.len()));
    let title = format!("keep {} that {what} made", count(changes.len(), "change"));
    Preview { title, groups: groups.into_iter().flatten().collect(), notes, lines: String::new() }
}

/// Says whether a file can be run as a program now, and could not be before.
fn is_made_to_run(change: &Difference) -> bool {
    let runs = |side: &Option<Side>| side.as_ref().is_some_and(|side| side.mode & 0o111 != 0);
    change.kind == FileKind::File && runs(&change.after) && !runs(&change.before)
}

fn more(all: usize) -> Option<String> {
    (all > NAMED).then(|| format!("and {} more like these", all - NAMED))
}

/// Writes what is to be said of paths.
pub(super) fn remarks(remarks: &[Remark]) -> Value {
    remarks.iter().take(MOST).map(|remark| Value::from(format!("{} {}", remark.path, remark.why))).collect()
}
