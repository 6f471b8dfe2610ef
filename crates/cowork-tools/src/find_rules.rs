//! What a search leaves out: hidden names, and what `.gitignore` and `.ignore` files say, with ripgrep's precedence.
//!
//! An `.ignore` file wins over every `.gitignore`, a deeper file over a shallower one, a later line over an earlier one.
//! `.gitignore` and `.git/info/exclude` only hold inside a work tree of git, and end at its top. A name that a rule takes
//! back in is looked at even if it is hidden. Rules above the folder where a search begins hold too, from the granted
//! folder down.

use std::{borrow::Cow, path::Path, sync::Arc};

use cowork_core::{FileKind, FilePath, Handed, Part, Reader, path::escape};
use ignore::{
    Match,
    gitignore::{Gitignore, GitignoreBuilder},
};

/// A rules file is read this far.
const LARGEST_RULES: usize = 1024 * 1024;

/// What is left out.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rules {
    /// Names that begin with a dot.
    pub(crate) hidden: bool,
    /// What `.gitignore` files name.
    pub(crate) git: bool,
    /// What `.ignore` files name.
    pub(crate) own: bool,
}

impl Rules {
    /// Makes them of a tool's arguments: what is to be looked at although it would be left out.
    pub(crate) fn but_for(hidden: bool, git_ignored: bool, ignored: bool) -> Self {
        Self { hidden: !hidden, git: !git_ignored, own: !ignored }
    }

    /// Gives the rules files above a folder, which a search of it reads besides.
    pub(crate) fn above(self, folder: &FilePath) -> Vec<FilePath> {
        let folders = std::iter::successors(folder.parent(), FilePath::parent);
        folders.flat_map(|f| self.names().map(move |name| f.join_bytes(name)).collect::<Vec<_>>()).collect()
    }

    fn names(self) -> impl Iterator<Item = &'static [u8]> {
        let git: &[&[u8]] = if self.git { &[b".git", b".gitignore"] } else { &[] };
        let own: &[&[u8]] = if self.own { &[b".ignore"] } else { &[] };
        git.iter().chain(own).copied()
    }

    /// Comes to a folder with what was handed down: takes up the rules that begin there.
    pub(crate) fn enter(self, folder: &FilePath, above: Option<&Arc<Below>>, reader: &dyn Reader) -> Arc<Below> {
        if !self.git && !self.own {
            return Arc::default();
        }
        let above = match above {
            Some(above) => Some(above.rules.clone()),
            None => folder.parent().map(|parent| self.rules_above(&parent, reader)),
        };
        let base = base(folder);
        let rules = self.level(folder, base.len(), above.flatten(), reader);
        Arc::new(Below { rules, base })
    }

    fn rules_above(self, folder: &FilePath, reader: &dyn Reader) -> Option<Arc<Level>> {
        let above = folder.parent().and_then(|parent| self.rules_above(&parent, reader));
        self.level(folder, base(folder).len(), above, reader)
    }

    /// Gives the rules that hold in a folder: those above it if it has none of its own.
    fn level(self, folder: &FilePath, at: usize, above: Option<Arc<Level>>, reader: &dyn Reader) -> Option<Arc<Level>> {
        let file = |name: &[u8]| rules(&folder.join_bytes(name), reader);
        let is_top = self.git && reader.stat(&folder.join_bytes(b".git")).is_ok();
        let in_tree = is_top || above.as_ref().is_some_and(|a| a.in_tree);
        let git = if self.git && in_tree { file(b".gitignore") } else { None };
        let exclude = if is_top { folder.join(".git/info/exclude").ok().and_then(|p| rules(&p, reader)) } else { None };
        let own = if self.own { file(b".ignore") } else { None };
        if !is_top && git.is_none() && own.is_none() {
            return above;
        }
        Some(Arc::new(Level { above, at, own, git, exclude, is_top, in_tree }))
    }

    /// Prepares for the entries of one part.
    pub(crate) fn seat<'a>(&self, below: Option<&'a Arc<Below>>) -> Seat<'a> {
        let below = below.filter(|b| b.rules.is_some()).map(|b| &**b);
        Seat { hidden: self.hidden, below, path: below.map(|b| b.base.clone()).unwrap_or_default() }
    }
}

/// The rules that hold in a folder.
#[derive(Default)]
pub(crate) struct Below {
    rules: Option<Arc<Level>>,
    /// The folder's path in the file system's bytes, with a `/` at its end.
    base: Vec<u8>,
}

/// The rules of one folder, and those above it.
struct Level {
    above: Option<Arc<Level>>,
    /// Where a path goes on below this folder.
    at: usize,
    own: Option<Gitignore>,
    git: Option<Gitignore>,
    exclude: Option<Gitignore>,
    /// Whether this is the top of a work tree: what git says above it does not hold here.
    is_top: bool,
    in_tree: bool,
}

/// Judges the names of one part.
pub(crate) struct Seat<'a> {
    hidden: bool,
    below: Option<&'a Below>,
    path: Vec<u8>,
}

impl Seat<'_> {
    /// Says whether an entry is left out.
    pub(crate) fn skips(&mut self, part: &dyn Part, at: usize) -> bool {
        self.skips_name(part.name(at), part.kind(at) == FileKind::Folder)
    }

    fn skips_name(&mut self, name: &[u8], folder: bool) -> bool {
        let verdict = match self.below {
            Some(Below { rules: Some(level), base }) => {
                self.path.truncate(base.len());
                self.path.extend_from_slice(name);
                verdict(level, &self.path, folder)
            }
            _ => None,
        };
        verdict.unwrap_or(self.hidden && name.starts_with(b"."))
    }
}

/// Says whether the rules leave a path out, take it back in, or say nothing of it.
fn verdict(level: &Arc<Level>, path: &[u8], folder: bool) -> Option<bool> {
    let (mut own, mut git, mut exclude) = (None, None, None);
    let mut past_top = false;
    let mut levels = Some(level);
    while let Some(level) = levels {
        let rest = as_path(&path[level.at.min(path.len())..]);
        let ask = |rules: &Option<Gitignore>| rules.as_ref().and_then(|r| told(&r.matched(&rest, folder)));
        own = own.or_else(|| ask(&level.own));
        if !past_top {
            git = git.or_else(|| ask(&level.git));
            exclude = exclude.or_else(|| ask(&level.exclude));
        }
        past_top |= level.is_top;
        levels = level.above.as_ref();
    }
    own.or(git).or(exclude)
}

fn told<T>(matched: &Match<T>) -> Option<bool> {
    match matched {
        Match::None => None,
        Match::Ignore(_) => Some(true),
        Match::Whitelist(_) => Some(false),
    }
}

/// Reads a rules file; nothing if it has none. A line that is no pattern is passed over.
fn rules(path: &FilePath, reader: &dyn Reader) -> Option<Gitignore> {
    let file = reader.open(path).ok()?;
    let mut bytes = vec![0; LARGEST_RULES.min(usize::try_from(file.entry().size).unwrap_or(LARGEST_RULES))];
    let mut length = 0;
    while length < bytes.len() {
        match file.read_at(&mut bytes[length..], length as u64) {
            Ok(0) | Err(_) => break,
            Ok(more) => length += more,
        }
    }
    parse(&bytes[..length])
}

fn parse(bytes: &[u8]) -> Option<Gitignore> {
    // Nothing is stripped below `.`: paths are given relative to the folder of the rules.
    let mut builder = GitignoreBuilder::new(".");
    for (index, line) in bytes.split(|b| *b == b'\n').enumerate() {
        // As ripgrep does: what comes after a line that is not UTF-8 is not read.
        let Ok(line) = std::str::from_utf8(line) else { break };
        let line = line.strip_suffix('\r').unwrap_or(line);
        let line = if index == 0 { line.trim_start_matches('\u{FEFF}') } else { line };
        let _ = builder.add_line(None, line);
    }
    builder.build().ok().filter(|rules| !rules.is_empty())
}

fn base(folder: &FilePath) -> Vec<u8> {
    let mut base = folder.root().as_bytes().to_vec();
    base.push(b'/');
    for name in folder.below() {
        base.extend_from_slice(&name);
        base.push(b'/');
    }
    base
}

#[cfg(unix)]
pub(crate) fn as_path(bytes: &[u8]) -> Cow<'_, Path> {
    use std::os::unix::ffi::OsStrExt;
    Cow::Borrowed(Path::new(std::ffi::OsStr::from_bytes(bytes)))
}

#[cfg(not(unix))]
pub(crate) fn as_path(bytes: &[u8]) -> Cow<'_, Path> {
    match String::from_utf8_lossy(bytes) {
        Cow::Borrowed(text) => Cow::Borrowed(Path::new(text)),
        Cow::Owned(text) => Cow::Owned(text.into()),
    }
}

/// Gives what was handed down as what it is.
pub(crate) fn handed<T: Send + Sync + 'static>(handed: &Handed) -> Option<Arc<T>> {
    handed.clone().and_then(|h| h.downcast().ok())
}

/// Writes the paths of a part's entries, one after another, into one text.
pub(crate) struct Paths {
    text: String,
    base: usize,
}

impl Paths {
    pub(crate) fn of(folder: &FilePath) -> Self {
        let mut text = String::with_capacity(folder.as_str().len() + 64);
        text.push_str(folder.as_str());
        text.push('/');
        Self { base: text.len(), text }
    }

    pub(crate) fn of_name(&mut self, name: &[u8]) -> &str {
        self.text.truncate(self.base);
        match std::str::from_utf8(name) {
            Ok(name) if !name.contains('\\') => self.text.push_str(name),
            _ => self.text.push_str(&escape(name)),
        }
        &self.text
    }
}
