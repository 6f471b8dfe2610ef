//! Comparing two folders: what is only in one, what differs, what went elsewhere.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{Arc, Mutex, PoisonError},
};

use async_trait::async_trait;
use cowork_core::{
    Effects, Entry, Error, FileKind, FilePath, Files, Handed, Kind, Part, Preview, Reader, Result, ToolContext,
    ToolOutput, TypedTool, Visitor, Watch,
};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::{
    duplicates::same,
    find_first::{First, Place},
    hash_each::{self, Job, Task},
    look::be_folder,
    show::{count, shown, stopped},
};

const OP: &str = "compare folders";
/// So much is held of both folders together.
const MOST_HELD: usize = 1_000_000;

pub(crate) struct CompareFolders;

/// The arguments of `compare_folders`.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(extend("x-seldom" = true))]
pub(crate) struct CompareArgs {
    /// One folder: `Documents`.
    left: FilePath,
    /// The other folder: `Backup/Documents`.
    right: FilePath,
    /// When two files of the same name are the same: by `content` (the usual), or by size and `time`, which reads nothing.
    #[serde(default)]
    by: By,
    /// Whether files that are in both, but in other places or under other names, are found by their content; yes if left out.
    #[serde(default = "crate::find::yes")]
    moved: bool,
    /// The most differences to give, up to 10,000; 200 if left out.
    #[serde(default = "usual")]
    #[schemars(range(min = 1, max = 10_000))]
    most: u32,
    /// The `next` of the answer before, to go on from there.
    #[serde(default)]
    after: Option<String>,
}

/// When two files are the same.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum By {
    /// If they hold the same bytes.
    #[default]
    Content,
    /// If they have the same size and were last changed within the same two seconds.
    Time,
}

fn usual() -> u32 {
    200
}

#[async_trait]
impl TypedTool for CompareFolders {
    type Args = CompareArgs;
    const NAME: &'static str = "compare_folders";
    const ABOUT: &'static str = "Compares two folders with all that is in them.\n\nGives how many files are the `same`, `differing` in \
        content, `only_left`, `only_right`, and `moved`: in both with the same content, but in another place; and `differences` in the \
        order of paths, each with its `path` below the folder, `what` (one of these words, or `other_kind`), of a moved file `to` where it \
        is on the right, and sizes and times. `next` is what to give as `after` to go on (null at the end).";

    fn effects(&self, args: &CompareArgs) -> Result<Effects> {
        if args.left.is_within(&args.right) || args.right.is_within(&args.left) {
            let why = "a folder can't be compared with itself, or with what is in it";
            return Err(Error::new(Kind::InvalidInput, OP, why).with_fix("name two folders beside each other"));
        }
        args.after.as_deref().map(Place::parse).transpose()?;
        let title = format!("compare {} with {}", shown(args.left.as_str()), shown(args.right.as_str()));
        let both = [args.left.clone(), args.right.clone()];
        Ok(Effects::reads(both).showing(Preview { title, ..Preview::default() }))
    }

    async fn run(&self, args: CompareArgs, ctx: ToolContext) -> Result<ToolOutput> {
        let label = crate::show::label([args.left.clone(), args.right.clone()]);
        let files = ctx.files()?;
        let mut unreadable = 0;
        let mut sides = Vec::new();
        for folder in [&args.left, &args.right] {
            be_folder(&*files, folder, OP).await?;
            let side =
                Arc::new(Side { below: folder.as_str().len() + 1, all: Mutex::default(), watch: ctx.watch.clone() });
            unreadable += files.walk(vec![folder.clone()], side.clone(), ctx.watch.clone()).await?.unreadable;
            sides.push(std::mem::take(&mut *side.all.lock().unwrap_or_else(PoisonError::into_inner)));
        }
        let right = sides.pop().unwrap_or_default();
        let left = sides.pop().unwrap_or_default();
        let comparing = Comparing { args: &args, files: &*files, watch: &ctx.watch };
        let found = comparing.all(left, right).await?;
        let mut counts: BTreeMap<&str, u64> =
            ["same", "differing", "only_left", "only_right", "moved", "other_kind", "unread"].map(|w| (w, 0)).into();
        let place = args.after.as_deref().map(Place::parse).transpose()?;
        let first = First::new(args.most.clamp(1, 10_000) as usize, place);
        for (path, what, more) in &found {
            *counts.entry(what).or_default() += 1;
            if *what != "same" {
                first.offer(0, path, u64::from(*what == "only_right"), || {
                    let mut value = more.clone();
                    value["path"] = json!(path);
                    value["what"] = json!(what);
                    value
                });
            }
        }
        let (differences, next) = first.take();
        let number = |what: &str| counts.get(what).copied().unwrap_or(0);
        let same = usize::try_from(number("same")).unwrap_or(usize::MAX);
        let note = format!("{} the same, {} not", count(same, "file"), found.len() - same.min(found.len()));
        let mut value = json!(counts);
        value["differences"] = json!(differences);
        value["skipped"] = json!({ "unreadable": unreadable });
        value["next"] = json!(next);
        Ok(ToolOutput { value, note, label })
    }
}

#[derive(Clone, Copy)]
struct Item {
    kind: FileKind,
    size: u64,
    modified: i64,
}

impl Item {
    fn of(entry: &Entry) -> Self {
        Self { kind: entry.kind, size: entry.size, modified: entry.modified }
    }

    fn described(self) -> Value {
        json!({ "kind": self.kind, "size": self.size, "modified": self.modified })
    }
}

type Items = BTreeMap<String, Item>;

/// Holds what lies in one of the folders, but for folders themselves.
struct Side {
    below: usize,
    all: Mutex<Items>,
    watch: Watch,
}

impl Visitor for Side {
    fn enter(&self, _: &FilePath, _: &Handed, _: &dyn Reader) -> Result<Handed> {
        Ok(None)
    }

    fn visit(&self, part: &dyn Part, _: &Handed) -> Result<Vec<usize>> {
        if self.watch.cancel.is_cancelled() {
            return Err(stopped(OP));
        }
        let (mut into, mut found) = (Vec::new(), Vec::new());
        for at in 0..part.len() {
            if part.kind(at) == FileKind::Folder {
                into.push(at);
            } else if let Ok(entry) = part.stat(at) {
                let path = entry.path.as_str().get(self.below..).unwrap_or_default();
                found.push((path.to_owned(), Item::of(&entry)));
            }
        }
        let mut all = self.all.lock().unwrap_or_else(PoisonError::into_inner);
        all.extend(found);
        if all.len() > MOST_HELD {
            let why = format!("a folder holds more than {MOST_HELD} files");
            return Err(Error::new(Kind::LimitExceeded, OP, why).with_fix("compare folders in it, one after another"));
        }
        Ok(into)
    }
}

/// A path below the folders, what is with it, and more about it.
type Difference = (String, &'static str, Value);

struct Comparing<'a> {
    args: &'a CompareArgs,
    files: &'a dyn Files,
    watch: &'a Watch,
}

impl Comparing<'_> {
    async fn all(&self, left: Items, mut right: Items) -> Result<Vec<Difference>> {
        let (mut found, mut only_left, mut to_read) = (Vec::new(), Vec::new(), Vec::new());
        for (path, l) in left {
            let Some(r) = right.remove(&path) else {
                only_left.push((path, l));
                continue;
            };
            let both = || json!({ "left": l.described(), "right": r.described() });
            match (l.kind, r.kind) {
                (a, b) if a != b => found.push((path, "other_kind", both())),
                (FileKind::File, _) if l.size != r.size => found.push((path, "differing", both())),
                (FileKind::File, _) if self.args.by == By::Content => to_read.push((path, both())),
                (FileKind::File, _) if l.modified.abs_diff(r.modified) > 2_000 => {
                    found.push((path, "differing", both()));
                }
                _ => found.push((path, "same", Value::Null)),
            }
        }
        self.read(to_read, &mut found).await?;
        self.moved(only_left, right.into_iter().collect(), &mut found).await?;
        Ok(found)
    }

    /// Compares those of the same name and size byte by byte.
    async fn read(&self, pairs: Vec<(String, Value)>, found: &mut Vec<Difference>) -> Result<()> {
        let paths = |folder: &FilePath| pairs.iter().map(|(p, _)| folder.join(p)).collect::<Result<Vec<_>>>();
        let (left, right) = (Arc::new(paths(&self.args.left)?), paths(&self.args.right)?);
        let equal = Arc::new(Mutex::new(vec![None; pairs.len()]));
        let (to, stop, list) = (equal.clone(), self.watch.cancel.clone(), left.clone());
        let job: Job = Box::new(move |index, reader| {
            let (Some(a), Some(b), Some(reader)) = (list.get(index), right.get(index), reader) else { return Ok(()) };
            let open = || Ok((reader.open(a)?, reader.open(b)?));
            let is_same = match open().and_then(|(a, b)| same(&*a, &*b, &stop)) {
                Err(e) if !hash_each::is_of_file(&e) => return Err(e),
                is_same => is_same.ok(),
            };
            if let Some(place) = to.lock().unwrap_or_else(PoisonError::into_inner).get_mut(index) {
                *place = is_same;
            }
            Ok(())
        });
        hash_each::each(self.files, &left, job, self.watch).await?;
        let equal = std::mem::take(&mut *equal.lock().unwrap_or_else(PoisonError::into_inner));
        found.extend(pairs.into_iter().zip(equal).map(|((path, both), equal)| match equal {
            Some(true) => (path, "same", Value::Null),
            Some(false) => (path, "differing", both),
            None => (path, "unread", both),
        }));
        Ok(())
    }

    /// Finds files that are only here and only there with the same content.
    async fn moved(
        &self,
        left: Vec<(String, Item)>,
        right: Vec<(String, Item)>,
        found: &mut Vec<Difference>,
    ) -> Result<()> {
        let mut there: HashMap<[u8; 32], Vec<usize>> = HashMap::new();
        let is_candidate = |sizes: &HashMap<u64, ()>, i: &Item| {
            self.args.moved && i.kind == FileKind::File && i.size > 0 && sizes.contains_key(&i.size)
        };
        let sizes =
            |items: &[(String, Item)]| -> HashMap<u64, ()> { items.iter().map(|(_, i)| (i.size, ())).collect() };
        let (in_left, in_right) = (sizes(&left), sizes(&right));
        let hashes_left = self.hashes(&self.args.left, &left, |i| is_candidate(&in_right, i)).await?;
        let hashes_right = self.hashes(&self.args.right, &right, |i| is_candidate(&in_left, i)).await?;
        for (index, hash) in hashes_right.iter().enumerate().rev() {
            if let Some(hash) = hash {
                there.entry(*hash).or_default().push(index);
            }
        }
        let mut taken = vec![false; right.len()];
        for ((path, item), hash) in left.into_iter().zip(hashes_left) {
            match hash.and_then(|h| there.get_mut(&h)?.pop()) {
                Some(to) => {
                    taken[to] = true;
                    let more = json!({ "to": right[to].0, "left": item.described(), "right": right[to].1.described() });
                    found.push((path, "moved", more));
                }
                None => found.push((path, "only_left", json!({ "left": item.described() }))),
            }
        }
        let rest = right.into_iter().zip(taken).filter(|(_, taken)| !taken);
        found.extend(rest.map(|((path, item), _)| (path, "only_right", json!({ "right": item.described() }))));
        Ok(())
    }

    async fn hashes(
        &self,
        folder: &FilePath,
        items: &[(String, Item)],
        wanted: impl Fn(&Item) -> bool,
    ) -> Result<Vec<Option<[u8; 32]>>> {
        let places: Vec<usize> = (0..items.len()).filter(|i| wanted(&items[*i].1)).collect();
        let paths = places.iter().map(|i| folder.join(&items[*i].0)).collect::<Result<Vec<_>>>()?;
        let hashes = Arc::new(Mutex::new(vec![None; items.len()]));
        let (to, stop) = (hashes.clone(), self.watch.cancel.clone());
        let task: Task = Box::new(move |index, file| {
            let hash = match file.and_then(|file| hash_each::blake3(file, &stop)) {
                Err(e) if !hash_each::is_of_file(&e) => return Err(e),
                hash => hash.ok(),
            };
            let mut to = to.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some(place) = places.get(index).and_then(|i| to.get_mut(*i)) {
                *place = hash;
            }
            Ok(())
        });
        hash_each::file(self.files, paths, task, self.watch).await?;
        let mut hashes = hashes.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(std::mem::take(&mut *hashes))
    }
}
