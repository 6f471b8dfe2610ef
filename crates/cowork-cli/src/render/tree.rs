//! What a task changed, or what undo would do, as a tree: a sign for each thing, the folders around it, what became of it.

use std::collections::BTreeMap;

use cowork::{ChangeSet, Difference, FileKind, FilePath, Kept, Side, UndoSpec, What};

use super::{
    line::{Line, Role},
    text::{count, cut, grouped, shorten, size, visible, width},
};
use crate::look::Look;

/// What undo does: with what was there before, and with what the task made.
const BACK: &str = "given back";
const AWAY: &str = "taken away";
/// How many columns one step down the tree takes.
const STEP: usize = 2;
/// Deeper folders are not drawn further to the right.
const DEEPEST: usize = 8;

/// Draws the changes by their places: at most so many lines. Gives how many changes are left out besides.
pub(crate) fn tree(changes: &[Difference], most: usize, look: &Look) -> (Vec<Line>, usize) {
    if look.spoken {
        let lines = changes.iter().take(most).map(|c| spoken(c, look)).collect();
        return (lines, changes.len().saturating_sub(most));
    }
    let mut root = Node::default();
    for change in changes {
        let mut node = &mut root;
        for part in change.path.as_str().split('/') {
            node = node.below.entry(part).or_default();
        }
        node.changes.push(change);
    }
    let mut rows = Vec::new();
    root.below.iter().for_each(|(name, node)| node.rows(name, 0, &mut rows));
    let left = rows.iter().skip(most).filter(|r| r.change.is_some()).count();
    rows.truncate(most);
    // A folder of which nothing is drawn says nothing.
    while left > 0 && rows.last().is_some_and(|r| r.change.is_none()) {
        rows.pop();
    }
    let indent = |row: &Row<'_>| 6 + row.depth.min(DEEPEST) * STEP;
    let room = look.columns().saturating_sub(2);
    let widest = rows.iter().filter(|r| r.change.is_some()).map(|r| indent(r) + width(&r.name)).max().unwrap_or(0);
    // Names get what the details leave them, and at least half.
    let details = rows.iter().filter_map(|r| r.change).map(|c| width(&detail(c, look))).max().unwrap_or(0);
    let column = widest.min(room.saturating_sub(details + 2).max(if room < 60 { room * 6 / 10 } else { room / 2 }));
    (rows.iter().map(|row| row.line(indent(row), column, room, look)).collect(), left)
}

/// Counts the changes by what they are, in words.
pub(crate) fn counts(changes: &[Difference]) -> String {
    let mut of = [0_u64; 7];
    for change in changes {
        let undone = if change.what == What::Created { 6 } else { 5 };
        of[if change.undone { undone } else { place(&change.what) }] += 1;
    }
    let words = ["new", "edited", "moved", "set aside", "with other permissions", BACK, AWAY];
    let said: Vec<String> =
        of.iter().zip(words).filter(|(n, _)| **n > 0).map(|(n, word)| format!("{} {word}", grouped(*n))).collect();
    said.join(", ")
}

/// Says in words what these changes of an undo do, files and folders apart.
pub(crate) fn gives(back: &[Difference]) -> String {
    let words =
        ["brings back", "gives their content back to", "moves back", "takes away", "gives their permissions back to"];
    let things = |of: usize| {
        let number = |folder: bool| {
            let fits = |c: &&Difference| place(&c.what) == of && (c.kind == FileKind::Folder) == folder;
            back.iter().filter(fits).count() as u64
        };
        files_and_folders(number(false), number(true)).map(|things| format!("{} {things}", words[of]))
    };
    (0..words.len()).filter_map(things).collect::<Vec<_>>().join(", ")
}

/// Says how much of these was given back, and how much that the task had made was taken away, files and folders apart. `None`:
/// nothing.
pub(crate) fn undone(changes: &[Difference]) -> Option<String> {
    let things = |what: &str| {
        let number = |folder: bool| {
            let fits = |c: &&Difference| c.undone && undone_how(c) == what && (c.kind == FileKind::Folder) == folder;
            changes.iter().filter(fits).count() as u64
        };
        files_and_folders(number(false), number(true)).map(|things| format!("{things} {what}"))
    };
    let said: Vec<String> = [BACK, AWAY].into_iter().filter_map(things).collect();
    (!said.is_empty()).then(|| said.join(", "))
}

fn undone_how(change: &Difference) -> &'static str {
    if change.what == What::Created { AWAY } else { BACK }
}

fn files_and_folders(files: u64, folders: u64) -> Option<String> {
    match (files, folders) {
        (0, 0) => None,
        (files, 0) => Some(count(files, "file")),
        (0, folders) => Some(count(folders, "folder")),
        (files, folders) => Some(format!("{} and {}", count(files, "file"), count(folders, "folder"))),
    }
}

/// Gives what an undo of this part would do, as changes: what it brings back, takes away, moves back. What it would keep is
/// not among it.
pub(crate) fn undoing(set: &ChangeSet, spec: &UndoSpec, kept: &[Kept]) -> Vec<Difference> {
    let wanted = |d: &&Difference| {
        let from = if let What::Moved { from, .. } = &d.what { Some(from) } else { None };
        let here = |p| d.path.is_within(p) || from.is_some_and(|f| f.is_within(p));
        let path = spec.paths.is_empty() || spec.paths.iter().any(here);
        let call = spec.calls.is_empty() || d.calls.iter().any(|c| spec.calls.contains(c));
        let is_folder = d.what == What::Created && d.kind == FileKind::Folder;
        // A new folder stays with what stays in it.
        let stays = |p: &FilePath| *p == d.path || is_folder && p.is_within(&d.path);
        path && call && !d.undone && !kept.iter().any(|k| stays(&k.path) || k.was.as_ref().is_some_and(stays))
    };
    let mut back: Vec<Difference> = set.changes.iter().filter(wanted).map(|d| inverse(d, spec)).collect();
    back.sort_by(|a, b| a.path.cmp(&b.path));
    back
}

fn inverse(change: &Difference, spec: &UndoSpec) -> Difference {
    let (path, what) = match &change.what {
        What::Created => (change.path.clone(), What::SetAside),
        What::SetAside => (change.path.clone(), What::Created),
        What::Moved { from, edited } => (from.clone(), What::Moved { from: change.path.clone(), edited: *edited }),
        same => (change.path.clone(), same.clone()),
    };
    let (mut before, mut after) = (change.after.clone(), change.before.clone());
    // With only some of its calls undone, it gets to somewhere in between.
    if !spec.calls.is_empty() && !change.calls.iter().all(|c| spec.calls.contains(c)) {
        (before, after) = (None, None);
    }
    Difference { path, what, before, after, ..change.clone() }
}

/// A name on the way down, what became of it, and what lies below.
#[derive(Default)]
struct Node<'a> {
    changes: Vec<&'a Difference>,
    below: BTreeMap<&'a str, Node<'a>>,
}

struct Row<'a> {
    depth: usize,
    name: String,
    /// None for a folder that is only on the way.
    change: Option<&'a Difference>,
}

impl<'a> Node<'a> {
    fn rows(&self, name: &str, depth: usize, rows: &mut Vec<Row<'a>>) {
        if self.changes.is_empty() {
            // Folders on the way with one thing in them take one line.
            if let (Some((next, node)), 1) = (self.below.first_key_value(), self.below.len())
                && node.changes.is_empty()
            {
                return node.rows(&format!("{name}/{next}"), depth, rows);
            }
            rows.push(Row { depth, name: format!("{}/", visible(name)), change: None });
        }
        // What was there before comes before what is there now.
        let (old, new): (Vec<&Difference>, Vec<_>) = self.changes.iter().partition(|c| c.what == What::SetAside);
        for change in old.into_iter().chain(new) {
            let slash = if change.kind == FileKind::Folder { "/" } else { "" };
            rows.push(Row { depth, name: format!("{}{slash}", visible(name)), change: Some(change) });
        }
        self.below.iter().for_each(|(name, node)| node.rows(name, depth + 1, rows));
    }
}

impl Row<'_> {
    fn line(&self, indent: usize, column: usize, room: usize, look: &Look) -> Line {
        let Some(change) = self.change else {
            let name = shorten(&self.name, room.saturating_sub(indent)).into_owned();
            return Line::default().to(indent).add(Role::Quiet, name).fit(room);
        };
        let (sign, role) = sign(change, look);
        let name = shorten(&self.name, column.saturating_sub(indent).max(12)).into_owned();
        let line = Line::of("    ").add(role, sign).to(indent);
        let line = line.add(if change.undone { Role::Quiet } else { Role::Plain }, name).to(column);
        let detail = detail(change, look);
        let free = room.saturating_sub(line.width() + 2);
        if detail.is_empty() || free < 4 {
            return line.fit(room);
        }
        line.add(Role::Quiet, format!("  {}", cut(&detail, free))).fit(room)
    }
}

/// Names a change in words, with its whole path.
fn spoken(change: &Difference, look: &Look) -> Line {
    let what = match &change.what {
        What::Created => "New",
        What::Edited => "Edited",
        What::Moved { .. } => "Moved",
        What::SetAside => "Set aside",
        What::Mode => "Other permissions",
    };
    let folder = if change.kind == FileKind::Folder { "folder " } else { "" };
    let detail = detail(change, look);
    let detail = if detail.is_empty() { detail } else { format!(", {detail}") };
    Line::of(format!("{what}: {folder}{}{detail}.", visible(change.path.as_str())))
}

fn sign(change: &Difference, look: &Look) -> (&'static str, Role) {
    let (sign, role) = match &change.what {
        What::Created => ("+", Role::Done),
        What::Edited => ("~", Role::Accent),
        What::Moved { .. } if look.signs => ("→", Role::Accent),
        What::Moved { .. } => (">", Role::Accent),
        What::SetAside => ("-", Role::Waiting),
        What::Mode => ("m", Role::Accent),
    };
    (sign, if change.undone { Role::Quiet } else { role })
}

fn place(what: &What) -> usize {
    match what {
        What::Created => 0,
        What::Edited => 1,
        What::Moved { .. } => 2,
        What::SetAside => 3,
        What::Mode => 4,
    }
}

fn detail(change: &Difference, look: &Look) -> String {
    let text = match &change.what {
        What::Created => held(change.kind, change.after.as_ref()),
        What::SetAside => held(change.kind, change.before.as_ref()),
        What::Edited => sizes(change, look),
        What::Moved { from, edited } => {
            let from = origin(change, from.as_str());
            if *edited { format!("{from}, edited") } else { from }
        }
        What::Mode => match (&change.before, &change.after) {
            (Some(before), Some(after)) => format!("{:o} {} {:o}", before.mode, arrow(look), after.mode),
            _ => String::new(),
        },
    };
    match (change.undone, text.is_empty()) {
        (false, _) => text,
        (true, true) => undone_how(change).to_owned(),
        (true, false) => format!("{text}, {}", undone_how(change)),
    }
}

fn held(kind: FileKind, side: Option<&Side>) -> String {
    match (kind, side) {
        (FileKind::File, Some(side)) => size(side.size),
        (FileKind::Link, _) => "link".to_owned(),
        _ => String::new(),
    }
}

/// Says where something was, as short as can be.
fn origin(change: &Difference, from: &str) -> String {
    let split = |path: &str| {
        path.rsplit_once('/').map_or((String::new(), path.to_owned()), |(p, n)| (p.to_owned(), n.to_owned()))
    };
    let ((now_in, now), (was_in, was)) = (split(change.path.as_str()), split(from));
    if now_in == was_in {
        format!("was {}", visible(&was))
    } else if now == was {
        format!("from {}/", visible(&was_in))
    } else {
        format!("from {}", visible(from))
    }
}

fn sizes(change: &Difference, look: &Look) -> String {
    let (Some(before), Some(after)) = (&change.before, &change.after) else { return "in part".to_owned() };
    let (was, is) = (size(before.size), size(after.size));
    if was != is {
        return format!("{was} {} {is}", arrow(look));
    }
    match after.size.cmp(&before.size) {
        std::cmp::Ordering::Equal => format!("{is}, as long as before"),
        std::cmp::Ordering::Greater => format!("{is}, {} more", count(after.size - before.size, "byte")),
        std::cmp::Ordering::Less => format!("{is}, {} less", count(before.size - after.size, "byte")),
    }
}

fn arrow(look: &Look) -> &'static str {
    if look.signs { "→" } else { "->" }
}
