//! What a person is shown of a call before it runs, and the paths that it touches.

use std::collections::{BTreeMap, BTreeSet};

use cowork_core::{Error, FilePath, Group, Kind, Label, Preview, Result};

/// A batch larger than this is refused: nobody could look it over, and its record would weigh tens of megabytes.
pub(crate) const MOST_IN_BATCH: usize = 100_000;

/// More paths than this are named by the folders they lie in.
const MOST_NAMED: usize = 100;
const MOST_GROUPS: usize = 50;
const EXAMPLES: usize = 2;

/// Refuses an empty or an oversized batch.
pub(crate) fn check_size(op: &str, size: usize) -> Result<()> {
    if size == 0 {
        return Err(Error::new(Kind::InvalidInput, op, "there is nothing to do: the list is empty"));
    }
    if size > MOST_IN_BATCH {
        let why = format!("{size} are too many for one call, which takes at most {MOST_IN_BATCH}");
        return Err(Error::new(Kind::LimitExceeded, op, why).with_fix("split them over several calls"));
    }
    Ok(())
}

/// Gives the folder that something lies in; a granted folder itself is refused.
pub(crate) fn folder_of(op: &str, path: &FilePath) -> Result<FilePath> {
    path.parent().ok_or_else(|| {
        let why = format!("`{}` is a granted folder itself; only what is in it can be changed", shown(path.as_str()));
        Error::new(Kind::InvalidInput, op, why)
    })
}

/// Gives the paths that a call names as touched: themselves, or when they are many, the folders they lie in.
pub(crate) fn touched(paths: &[&FilePath]) -> BTreeSet<FilePath> {
    if paths.len() <= MOST_NAMED {
        return outermost(paths.iter().map(|p| (*p).clone()));
    }
    folders(paths.iter().copied())
}

/// Gives the distinct folders that paths lie in, without those inside another of them.
pub(crate) fn folders<'a>(paths: impl IntoIterator<Item = &'a FilePath>) -> BTreeSet<FilePath> {
    let mut seen: BTreeSet<&str> = BTreeSet::new();
    let distinct = paths.into_iter().filter(|p| {
        let parent = p.as_str().rsplit_once('/').map_or(p.as_str(), |(parent, _)| parent);
        seen.insert(parent)
    });
    let parents: Vec<FilePath> = distinct.map(|p| p.parent().unwrap_or_else(|| p.clone())).collect();
    outermost(parents)
}

fn outermost(paths: impl IntoIterator<Item = FilePath>) -> BTreeSet<FilePath> {
    let mut by_length: Vec<FilePath> = paths.into_iter().collect();
    by_length.sort_by_key(|p| p.as_str().len());
    let mut kept: BTreeSet<FilePath> = BTreeSet::new();
    for path in by_length {
        let inside = std::iter::successors(path.parent(), FilePath::parent).any(|above| kept.contains(&above));
        if !inside {
            kept.insert(path);
        }
    }
    kept
}

/// Joins the labels of files in these folders: names and contents there can be written by anybody.
pub(crate) fn label(folders: impl IntoIterator<Item = FilePath>) -> Label {
    let mut all = folders.into_iter().map(|f| Label::file(f.as_str()));
    let Some(mut label) = all.next() else { return Label::default() };
    all.for_each(|l| label.join(&l));
    label
}

/// Describes files that go from one place to another: the folders they go to, the largest share first.
pub(crate) fn transfer(verb: &str, pairs: &[(&FilePath, &FilePath)]) -> Preview {
    let above = common(pairs.iter().flat_map(|(from, to)| [*from, *to]));
    let mut groups: BTreeMap<&str, Group> = BTreeMap::new();
    let mut targets: BTreeSet<&str> = BTreeSet::new();
    let mut clashes = 0_usize;
    for (from, to) in pairs {
        clashes += usize::from(!targets.insert(to.as_str()));
        let (folder, name) = to.as_str().rsplit_once('/').unwrap_or(("", to.as_str()));
        let group = groups.entry(folder).or_insert_with(|| Group {
            count: 0,
            label: format!("→ {}/", shown(below(folder, above.as_deref()))),
            examples: Vec::new(),
        });
        group.count += 1;
        if group.examples.len() < EXAMPLES {
            group.examples.push(if from.name() == name {
                shown(name)
            } else {
                format!("{} as {}", shown(from.name()), shown(name))
            });
        }
    }
    let title = match &above {
        Some(folder) => format!("{verb} {} inside {}", count(pairs.len(), "file"), shown(folder)),
        None => {
            let roots = |side: fn(&(&FilePath, &FilePath)) -> String| -> String {
                pairs.iter().map(side).collect::<BTreeSet<_>>().into_iter().collect::<Vec<_>>().join(", ")
            };
            let (from, to) = (roots(|p| shown(p.0.root())), roots(|p| shown(p.1.root())));
            format!("{verb} {} from {from} to {to}", count(pairs.len(), "file"))
        }
    };
    let mut notes = Vec::new();
    if clashes > 0 {
        let clash = if clashes == 1 { "name clashes" } else { "names clash" };
        notes.push(format!("{clashes} {clash} with another of these files"));
    }
    largest_first(title, groups.into_values().collect(), notes)
}

/// Describes a list of paths by the folders they lie in.
pub(crate) fn list(title: String, paths: &[&FilePath]) -> Preview {
    let mut groups: BTreeMap<&str, Group> = BTreeMap::new();
    for path in paths {
        let folder = path.as_str().rsplit_once('/').map_or("", |(folder, _)| folder);
        let group = groups.entry(folder).or_insert_with(|| Group {
            count: 0,
            label: format!("in {}/", shown(folder)),
            examples: Vec::new(),
        });
        group.count += 1;
        if group.examples.len() < EXAMPLES {
            group.examples.push(shown(path.name()));
        }
    }
    largest_first(title, groups.into_values().collect(), Vec::new())
}

fn largest_first(title: String, mut groups: Vec<Group>, mut notes: Vec<String>) -> Preview {
    groups.sort_by(|a, b| b.count.cmp(&a.count).then_with(|| a.label.cmp(&b.label)));
    if groups.len() > MOST_GROUPS {
        let rest: u64 = groups.iter().skip(MOST_GROUPS).map(|g| g.count).sum();
        notes.push(format!("and {rest} more in {}", count(groups.len() - MOST_GROUPS, "other folder")));
        groups.truncate(MOST_GROUPS);
    }
    Preview { title, groups, notes, lines: String::new() }
}

/// Says that somebody stopped it.
pub(crate) fn stopped(op: &str) -> Error {
    Error::new(Kind::Cancelled, op, "it was stopped")
}

/// Says a number of things: `1 file`, `467 files`.
pub(crate) fn count(number: usize, thing: &str) -> String {
    if number == 1 { format!("1 {thing}") } else { format!("{number} {thing}s") }
}

/// Makes a name fit to be shown: no control characters, nothing that turns the direction of the text, not too long.
pub(crate) fn shown(name: &str) -> String {
    const MOST: usize = 80;
    let plain = |c: char| match c {
        '\n' => '⏎',
        c if c.is_control() || is_invisible(c) => '\u{FFFD}',
        c => c,
    };
    if name.chars().count() <= MOST {
        return name.chars().map(plain).collect();
    }
    let length = name.chars().count();
    let head: String = name.chars().take(MOST / 2).map(plain).collect();
    let tail: String = name.chars().skip(length - MOST / 2 + 1).map(plain).collect();
    format!("{head}…{tail}")
}

/// Gives how a program is called in a line: the line that it is, or how it begins. What runs is not hidden in the middle.
pub(crate) fn program(text: &str) -> String {
    const MOST: usize = 80;
    let text = text.trim();
    let first = text.lines().next().unwrap_or_default();
    if first.len() == text.len() && first.chars().count() <= MOST {
        return code(first);
    }
    let begins: String = first.chars().take(MOST - 1).collect();
    format!("{}…", code(begins.trim_end()))
}

/// Gives a line of a program as it is, fit to be shown.
pub(crate) fn code(line: &str) -> String {
    let plain = |c: char| if c.is_control() || is_invisible(c) { '\u{FFFD}' } else { c };
    line.replace('\t', "    ").chars().map(plain).collect()
}

/// Characters that a person does not see but that change what they see; not those that join letters and emoji.
fn is_invisible(c: char) -> bool {
    matches!(c, '\u{200B}' | '\u{200E}' | '\u{200F}' | '\u{2028}'..='\u{202E}' | '\u{2060}'..='\u{2069}' | '\u{FEFF}')
}

/// Gives the innermost folder that holds all of these.
fn common<'a>(paths: impl Iterator<Item = &'a FilePath>) -> Option<String> {
    let folder = |p: &'a FilePath| p.as_str().rsplit_once('/').map_or(p.as_str(), |(folder, _)| folder);
    let mut folders = paths.map(folder);
    let mut above = folders.next()?;
    for path in folders {
        loop {
            let rest = path.strip_prefix(above);
            if rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/')) {
                break;
            }
            above = above.rsplit_once('/')?.0;
        }
    }
    Some(above.to_owned())
}

fn below<'a>(folder: &'a str, above: Option<&str>) -> &'a str {
    let rest = above.and_then(|a| folder.strip_prefix(a)).and_then(|rest| rest.strip_prefix('/'));
    rest.filter(|rest| !rest.is_empty()).unwrap_or(folder)
}
