//! The model: a tree of files as it must be after each change, whatever else happens.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    os::unix::fs::MetadataExt,
    path::Path,
};

use cowork::{Change, Clash, Content, FilePath, Known, Splice, Write};
use serde::{Deserialize, Serialize};

/// What is there, by path: `Desk/in/a`.
pub(crate) type Tree = BTreeMap<String, Node>;

/// A file or folder. What has no value may be anything: nobody promised more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Node {
    pub(crate) is_folder: bool,
    pub(crate) content: Vec<u8>,
    pub(crate) mode: Option<u32>,
    pub(crate) time: Option<i128>,
}

/// A change, as it stands in a plan.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "op", rename_all = "snake_case")]
pub(crate) enum Op {
    Write { path: String, text: String, clash: Clash },
    Edit { path: String, at: u64, remove: u64, insert: String },
    MakeFolder { path: String },
    Move { from: String, to: String, clash: Clash },
    Copy { from: String, to: String, clash: Clash },
    SetAside { path: String },
    Restore { path: String },
    Mode { path: String, mode: u32 },
}

/// What is said to have come of a change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Came {
    AsAsked,
    Renamed(String),
    LeftOut(String),
}

fn path(text: &str) -> FilePath {
    FilePath::parse(text).unwrap()
}

impl Op {
    pub(crate) fn change(&self) -> Change {
        match self.clone() {
            Self::Write { path: p, text, clash } => {
                let write =
                    Write { clash, known: Known::Nothing, may_shrink: true, ..Write::new(path(&p), text.into_bytes()) };
                Change::Write(write)
            }
            Self::Edit { path: p, at, remove, insert } => {
                let edited = Content::Edited(vec![Splice { at, remove, insert: insert.into_bytes() }]);
                let write = Write::new(path(&p), edited).replacing(Known::Nothing);
                Change::Write(Write { may_shrink: true, ..write })
            }
            Self::MakeFolder { path: p } => Change::MakeFolder { path: path(&p), mode: None },
            Self::Move { from, to, clash } => Change::Move { from: path(&from), to: path(&to), clash },
            Self::Copy { from, to, clash } => Change::Copy { from: path(&from), to: path(&to), clash },
            Self::SetAside { path: p } => Change::set_aside(path(&p)),
            Self::Restore { path: p } => Change::Restore { path: path(&p) },
            Self::Mode { path: p, mode } => Change::Mode { path: path(&p), mode },
        }
    }
}

/// Reads what is there.
pub(crate) fn read(base: &Path, folders: &[&str]) -> Tree {
    let mut tree = Tree::new();
    let mut todo: Vec<_> = folders.iter().map(|f| base.join(f)).collect();
    while let Some(at) = todo.pop() {
        let meta = fs::symlink_metadata(&at).unwrap();
        let is_folder = meta.is_dir();
        if is_folder {
            todo.extend(fs::read_dir(&at).unwrap().map(|e| e.unwrap().path()));
        }
        let content = if is_folder { Vec::new() } else { fs::read(&at).unwrap() };
        let time = Some(i128::from(meta.mtime()) * 1_000_000_000 + i128::from(meta.mtime_nsec()));
        let name = at.strip_prefix(base).unwrap().to_str().unwrap().to_owned();
        tree.insert(name, Node { is_folder, content, mode: Some(meta.mode() & 0o7777), time });
    }
    tree
}

/// Says where the model and the disk differ.
pub(crate) fn differences(model: &Tree, real: &Tree) -> Vec<String> {
    let mut found = Vec::new();
    for name in model.keys().chain(real.keys()).collect::<BTreeSet<_>>() {
        let differ = match (model.get(name), real.get(name)) {
            (Some(m), Some(r)) => {
                m.is_folder != r.is_folder
                    || m.content != r.content
                    || m.mode.is_some_and(|mode| Some(mode) != r.mode)
                    || m.time.is_some_and(|time| Some(time) != r.time)
            }
            _ => true,
        };
        if differ {
            let say = |n: Option<&Node>| {
                n.map(|n| (n.is_folder, String::from_utf8_lossy(&n.content).into_owned(), n.mode, n.time))
            };
            found.push(format!("{name}: should be {:?}, is {:?}", say(model.get(name)), say(real.get(name))));
        }
    }
    found
}

pub(crate) fn parent(path: &str) -> Option<&str> {
    path.rsplit_once('/').map(|(parent, _)| parent)
}

pub(crate) fn is_within(path: &str, other: &str) -> bool {
    path.strip_prefix(other).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// Says whether one lies within the other.
pub(crate) fn related(a: &str, b: &str) -> bool {
    is_within(a, b) || is_within(b, a)
}

/// What one task knows besides the tree: what it set aside, the last last.
#[derive(Clone, Debug, Default)]
pub(crate) struct Aside(Vec<(String, Tree)>);

/// Makes a change in the model as it is said to have come, or says why that can't be. Gives the paths that it touched.
pub(crate) fn apply(tree: &mut Tree, aside: &mut Aside, op: &Op, came: &Came) -> Result<BTreeSet<String>, String> {
    match (came, possible(tree, aside, op)) {
        (Came::LeftOut(_), Err(_)) => Ok(BTreeSet::new()),
        (Came::LeftOut(why), Ok(())) => Err(format!("{op:?} could have been done, and was left out: {why}")),
        (Came::AsAsked, Err(why)) => Err(format!("{op:?} is said to be done, but {why}")),
        (Came::AsAsked, Ok(())) => Ok(make(tree, aside, op)),
        (Came::Renamed(to), _) => {
            let op = op.numbered(tree, to).ok_or(format!("{op:?} can't have come as `{to}`"))?;
            Ok(make(tree, aside, &op))
        }
    }
}

impl Op {
    /// Gives the paths that it names.
    pub(crate) fn paths(&self, came: &Came) -> Vec<String> {
        let at = |path: &String| match came {
            Came::Renamed(to) => to.clone(),
            _ => path.clone(),
        };
        match self {
            Self::Write { path, .. } => vec![at(path)],
            Self::Move { from, to, .. } => vec![from.clone(), at(to)],
            Self::Copy { to, .. } => vec![at(to)],
            Self::Edit { path, .. }
            | Self::MakeFolder { path }
            | Self::SetAside { path }
            | Self::Restore { path }
            | Self::Mode { path, .. } => vec![path.clone()],
        }
    }

    /// Gives it with the number that its target got: only where the name is taken, and to a name that is free.
    fn numbered(&self, tree: &Tree, to: &str) -> Option<Self> {
        let fits = |asked: &str| tree.contains_key(asked) && !tree.contains_key(to) && parent(asked) == parent(to);
        let (mut op, to) = (self.clone(), to.to_owned());
        match &mut op {
            Self::Write { path: at, clash: Clash::Number, .. }
            | Self::Move { to: at, clash: Clash::Number, .. }
            | Self::Copy { to: at, clash: Clash::Number, .. }
                if fits(at) =>
            {
                *at = to;
            }
            _ => return None,
        }
        Some(op)
    }
}

/// Makes a change that is possible.
fn make(tree: &mut Tree, aside: &mut Aside, op: &Op) -> BTreeSet<String> {
    let mut touched = BTreeSet::new();
    match op {
        Op::Write { path, text, .. } => {
            // What replaces a file keeps its permissions.
            let mode = tree.get(path).and_then(|n| n.mode);
            put(tree, path, file(text.as_bytes().to_vec(), mode, None), &mut touched);
        }
        Op::Edit { path, at, remove, insert } => {
            let node = tree[path].clone();
            let mut content = node.content;
            content.splice(*at as usize..(*at + *remove) as usize, insert.bytes());
            put(tree, path, file(content, node.mode, None), &mut touched);
        }
        Op::MakeFolder { path } if tree.contains_key(path) => {}
        Op::MakeFolder { path } => put(tree, path, folder(), &mut touched),
        Op::Move { from, to, .. } => relocate(tree, from, to, &mut touched),
        Op::Copy { from, to, .. } => {
            let node = tree[from].clone();
            put(tree, to, node, &mut touched);
        }
        Op::SetAside { path } => {
            let gone = take(tree, path, &mut touched);
            aside.0.push((path.clone(), gone));
        }
        Op::Restore { path } => {
            let Some(at) = aside.0.iter().rposition(|(p, _)| p == path) else { return touched };
            let (_, back) = aside.0.remove(at);
            make_parents(tree, path, &mut touched);
            touch_parent(tree, path);
            touched.extend(back.keys().cloned());
            tree.extend(back);
        }
        Op::Mode { path, mode } if tree.get(path).is_some_and(|n| n.mode == Some(*mode)) => {}
        Op::Mode { path, mode } => {
            touched.insert(path.clone());
            tree.entry(path.clone()).and_modify(|n| n.mode = Some(*mode));
        }
    }
    touched
}

/// Says why a change can't be made as asked.
fn possible(tree: &Tree, aside: &Aside, op: &Op) -> Result<(), &'static str> {
    let there = |p: &str| tree.get(p);
    let ways = |p: &str| {
        let blocked = ancestors(p).any(|a| there(&a).is_some_and(|n| !n.is_folder));
        if blocked { Err("a file is in the way") } else { Ok(()) }
    };
    let free = |p: &str, clash: Clash| match (there(p), clash) {
        (None, _) => Ok(()),
        (Some(n), Clash::Replace) if !n.is_folder => Ok(()),
        _ => Err("something is there"),
    };
    match op {
        Op::Write { path, clash, .. } => ways(path).and(free(path, *clash)),
        Op::Edit { path, at, remove, .. } => match there(path) {
            Some(n) if !n.is_folder && *at + *remove <= n.content.len() as u64 => Ok(()),
            _ => Err("there is no such piece"),
        },
        Op::MakeFolder { path } => match there(path) {
            Some(n) if !n.is_folder => Err("a file is there"),
            _ => ways(path),
        },
        Op::Move { from, to, .. } if is_within(to, from) => Err("it can't be in itself"),
        Op::Move { from, .. } if there(from).is_none() => Err("it is not there"),
        Op::Move { to, .. } => ways(to).and(free(to, Clash::Skip)),
        Op::Copy { from, .. } if there(from).is_none_or(|n| n.is_folder) => Err("there is no such file"),
        Op::Copy { to, clash, .. } => ways(to).and(free(to, *clash)),
        Op::SetAside { path } | Op::Mode { path, .. } if there(path).is_none() => Err("it is not there"),
        Op::SetAside { .. } | Op::Mode { .. } => Ok(()),
        Op::Restore { path } if aside.0.iter().all(|(p, _)| p != path) => Err("nothing was set aside there"),
        Op::Restore { path } => ways(path).and(free(path, Clash::Skip)),
    }
}

fn file(content: Vec<u8>, mode: Option<u32>, time: Option<i128>) -> Node {
    Node { is_folder: false, content, mode, time }
}

fn folder() -> Node {
    Node { is_folder: true, content: Vec::new(), mode: None, time: None }
}

fn ancestors(path: &str) -> impl Iterator<Item = String> + '_ {
    path.match_indices('/').map(|(at, _)| path[..at].to_owned())
}

fn make_parents(tree: &mut Tree, path: &str, touched: &mut BTreeSet<String>) {
    for above in ancestors(path) {
        if !tree.contains_key(&above) {
            touch_parent(tree, &above);
            tree.insert(above.clone(), folder());
            touched.insert(above);
        }
    }
}

/// What lies in a folder changed, and with it the folder's time.
pub(crate) fn touch_parent(tree: &mut Tree, path: &str) {
    if let Some(node) = parent(path).and_then(|p| tree.get_mut(p)) {
        node.time = None;
    }
}

fn put(tree: &mut Tree, path: &str, node: Node, touched: &mut BTreeSet<String>) {
    make_parents(tree, path, touched);
    touch_parent(tree, path);
    touched.insert(path.to_owned());
    tree.insert(path.to_owned(), node);
}

fn take(tree: &mut Tree, path: &str, touched: &mut BTreeSet<String>) -> Tree {
    let names: Vec<String> = tree.keys().filter(|p| is_within(p, path)).cloned().collect();
    touch_parent(tree, path);
    touched.extend(names.iter().cloned());
    names.into_iter().filter_map(|n| tree.remove(&n).map(|node| (n, node))).collect()
}

fn relocate(tree: &mut Tree, from: &str, to: &str, touched: &mut BTreeSet<String>) {
    let moved = take(tree, from, touched);
    make_parents(tree, to, touched);
    touch_parent(tree, to);
    for (name, node) in moved {
        let name = format!("{to}{}", &name[from.len()..]);
        touched.insert(name.clone());
        tree.insert(name, node);
    }
}
