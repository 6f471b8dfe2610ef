//! Finding files with the same content.
//!
//! Three looks, each at what the one before could not tell apart: the size; the hash of the beginning and the end; the
//! hash of all of it. A file whose beginning and end are all of it is read once, any other at most once more. BLAKE3 has
//! no known two contents with one hash, so that equal hashes are taken for equal contents; `verify` compares them byte by
//! byte besides. Names of one and the same file (hard links) waste nothing: they count as one.

mod scope;
mod together;

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError, atomic::AtomicU64},
};

use async_trait::async_trait;
use cowork_core::{Effects, FilePath, Files, OpenFile, Preview, Result, ToolContext, ToolOutput, TypedTool, Watch};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};

use self::scope::{Candidate, Held, Scope, Sizes};
use crate::{
    category::Only,
    find_first::Place,
    hash::{hex, outermost},
    hash_each::{self, Job, Task},
    show::{self, count, shown},
};

const OP: &str = "find duplicates";
/// So much of the beginning, and of the end, is hashed first.
const END: usize = 4 * 1024;
/// A file that is no larger is hashed whole at once.
const SMALL: u64 = 64 * 1024;
/// So many files are named in an answer, or one group.
const MOST_NAMED: usize = 200_000;
/// So many files with other names are told of in a group, and so many of their names.
const MOST_LINKED: usize = 100;

pub(crate) struct FindDuplicates;

/// The arguments of `find_duplicates`.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(extend("x-seldom" = true))]
pub(crate) struct DuplicatesArgs {
    /// The folders to search, with all folders in them, up to 100.
    #[schemars(length(min = 1, max = 100))]
    folders: Vec<FilePath>,
    /// Only files of at least so many bytes; 1 if left out.
    #[serde(default = "one")]
    #[schemars(range(min = 1))]
    min_size: u64,
    /// Only files of these kinds, with what goes along with them: `photos`, `documents` and so on; all if left out.
    #[serde(default)]
    #[schemars(length(max = 20))]
    only: Vec<Only>,
    /// Whether equal files are compared byte by byte besides their 256-bit hashes, which reads them once more; no if left out.
    #[serde(default)]
    verify: bool,
    /// Which of equal files comes first in `files`, as the one to keep: the `first` by path (the usual), the `oldest`, the `newest`, or
    /// the one of the `shortest` path; among those of one age the one of the shorter path. What lies in a folder called backup, old, archive or
    /// copies comes after what doesn't.
    #[serde(default)]
    keep: Keep,
    /// Whether what lies in hidden folders or is hidden counts too; yes if left out.
    #[serde(default = "crate::find::yes")]
    hidden: bool,
    /// Whether what lies in project folders below these counts too: those that hold `.git`, `Cargo.toml`, `package.json` and the like,
    /// where copies belong; yes if left out.
    #[serde(default = "crate::find::yes")]
    projects: bool,
    /// The most groups to give, those that waste most, up to 100,000; 100 if left out.
    #[serde(default = "usual")]
    #[schemars(range(min = 1, max = 100_000))]
    most: u32,
    /// The most files to name of each group, up to 100,000; 100 if left out. A call names 200,000 in all, and says with `next` how to go on.
    #[serde(default = "usual")]
    #[schemars(range(min = 2, max = 100_000))]
    most_in_group: u32,
    /// The `next` of the answer before, to go on from there.
    #[serde(default)]
    after: Option<String>,
}

/// Which of equal files comes first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Keep {
    /// The first by path.
    #[default]
    First,
    /// The one that was changed longest ago.
    Oldest,
    /// The one that was changed last.
    Newest,
    /// The one of the shortest path.
    Shortest,
}

impl Keep {
    /// Says where a file comes among its equals.
    fn rank(self, file: &Candidate) -> (bool, i64, usize) {
        let long = file.path.as_str().chars().count();
        let spare = is_spare(&file.path);
        match self {
            Self::First => (spare, 0, 0),
            Self::Oldest => (spare, file.modified, long),
            Self::Newest => (spare, file.modified.saturating_neg(), long),
            Self::Shortest => (spare, 0, long),
        }
    }
}

/// What folders of copies are called.
const SPARE: &str = "backup backups bak old archive archives archived copy copies trash archiv kopie kopien sicherung sicherungen sauvegarde \
    sauvegardes copia copias";

/// Says whether a file lies in a folder that is called after copies: `_OLD`, `Backup 2024`.
fn is_spare(path: &FilePath) -> bool {
    let mut folders = path.as_str().rsplit('/').skip(1);
    folders.any(|folder| {
        let low = folder.to_lowercase();
        low.split(|c: char| !c.is_alphanumeric())
            .any(|word| !word.is_empty() && SPARE.split_whitespace().any(|spare| spare == word))
    })
}

fn one() -> u64 {
    1
}

fn usual() -> u32 {
    100
}

#[async_trait]
impl TypedTool for FindDuplicates {
    type Args = DuplicatesArgs;
    const NAME: &'static str = "find_duplicates";
    const ABOUT: &'static str = "Finds files with exactly the same content. It looks from some folders down, whatever they are called.\n\nGives how \
        many `groups` there are, how many bytes they `wasted` and how many files were `searched`; and `duplicates`, those that waste most \
        first, each with the `size` of one, `copies`, `wasted`, and the `files`, the one to keep first (up to 100). Names of one and the same file (hard \
        links) count as one copy; of these, only the first is in `files` and the others in `same_file`; `linked` are those in `files` that have \
        other names anywhere. What goes along with another file, such as a photo's settings, is a duplicate only where that file is one; what \
        programs put beside files for themselves, such as `~$letter.docx` and `Thumbs.db`, is left out, and what is not complete, such as `a.iso.part`. `next` is what to give as `after` to go on (null at the end).";

    fn effects(&self, args: &DuplicatesArgs) -> Result<Effects> {
        show::check_size(OP, args.folders.len())?;
        args.after.as_deref().map(Place::parse).transpose()?;
        let names: Vec<String> = args.folders.iter().take(3).map(|f| shown(f.as_str())).collect();
        let more = if args.folders.len() > 3 { " and more" } else { "" };
        let title = format!("find duplicates in {}{more}", names.join(", "));
        Ok(Effects::reads(args.folders.clone()).showing(Preview { title, ..Preview::default() }))
    }

    async fn run(&self, args: DuplicatesArgs, ctx: ToolContext) -> Result<ToolOutput> {
        let label = show::label(args.folders.clone());
        let files = ctx.files()?;
        let folders = outermost(args.folders);
        let scope =
            Scope { hidden: args.hidden, projects: args.projects, only: args.only.clone(), top: folders.clone() };
        let least = args.min_size.max(1);
        let sizes = Arc::new(Sizes {
            least,
            scope: scope.clone(),
            seen: Mutex::default(),
            watch: ctx.watch.clone(),
            searched: AtomicU64::new(0),
        });
        let walked = files.walk(folders.clone(), sizes.clone(), ctx.watch.clone()).await?;
        let (several, searched) = sizes.several();
        let held = Arc::new(Held { several, scope, files: Mutex::default(), watch: ctx.watch.clone() });
        if !held.several.is_empty() {
            files.walk(folders, held.clone(), ctx.watch.clone()).await?;
        }
        let candidates = std::mem::take(&mut *held.files.lock().unwrap_or_else(PoisonError::into_inner));
        let mut hunt = Hunt { files: &*files, watch: &ctx.watch, unreadable: walked.unreadable };
        let mut groups = hunt.groups(candidates, args.keep).await?;
        if args.verify {
            groups = hunt.verified(groups).await?;
        }
        groups = together::parted(&*files, groups, &args.only, &ctx.watch).await?;
        let wasted: u64 = groups.iter().map(Group::wasted).sum();
        let copies: usize = groups.iter().map(|g| g.files.len()).sum();
        let place = args.after.as_deref().map(Place::parse).transpose()?;
        let most = (args.most.clamp(1, 100_000) as usize, args.most_in_group.clamp(2, 100_000) as usize);
        let (duplicates, next) = page(&mut groups, place, most);
        let note = format!("{} of equal files, {wasted} bytes wasted", count(groups.len(), "group"));
        let value = json!({
            "groups": groups.len(), "files": copies, "wasted": wasted, "searched": searched,
            "duplicates": duplicates, "skipped": { "unreadable": hunt.unreadable, "mounts": walked.mounts }, "next": next,
        });
        Ok(ToolOutput { value, note, label })
    }
}

/// Gives the groups after a place, those that waste most first, and where to go on if there are more.
fn page(groups: &mut [Group], after: Option<Place>, (most, in_group): (usize, usize)) -> (Vec<Value>, Option<String>) {
    groups.sort_by_cached_key(Group::place);
    let from = after.map_or(0, |after| groups.partition_point(|g| g.place() <= after));
    let (mut told, mut named) = (Vec::new(), 0);
    for group in &groups[from..] {
        named += group.files.len().min(in_group);
        if told.len() == most || (named > MOST_NAMED && !told.is_empty()) {
            let last = groups.get(from + told.len() - 1);
            return (told, last.map(|g| g.place().text()));
        }
        told.push(group.described(in_group));
    }
    (told, None)
}

/// Files with the same content.
struct Group {
    size: u64,
    hash: [u8; 32],
    /// The one to keep first, each with the other names of it.
    files: Vec<(Candidate, Vec<FilePath>)>,
}

impl Group {
    fn wasted(&self) -> u64 {
        self.size * (self.files.len() as u64 - 1)
    }

    /// Gives where it comes: those that waste most first.
    fn place(&self) -> Place {
        let first = self.files.iter().map(|(c, _)| c.path.as_str()).min().unwrap_or_default();
        Place { rank: -i64::try_from(self.wasted()).unwrap_or(i64::MAX), path: first.to_owned(), line: 0 }
    }

    fn described(&self, most: usize) -> Value {
        let files: Vec<&str> = self.files.iter().take(most).map(|(c, _)| c.path.as_str()).collect();
        let elsewhere: Vec<&str> =
            self.files.iter().take(most).filter(|(c, _)| c.links).map(|(c, _)| c.path.as_str()).collect();
        let mut value = json!({
            "size": self.size, "copies": self.files.len(), "wasted": self.wasted(), "blake3": hex(&self.hash),
            "files": files,
        });
        let linked = self.files.iter().filter(|(_, others)| !others.is_empty()).take(MOST_LINKED);
        let linked: Vec<Vec<&str>> = linked
            .map(|(c, others)| [&c.path].into_iter().chain(others).take(MOST_LINKED).map(FilePath::as_str).collect())
            .collect();
        if !linked.is_empty() {
            value["same_file"] = json!(linked);
        }
        if !elsewhere.is_empty() {
            value["linked"] = json!(elsewhere);
        }
        value
    }
}

/// Tells files of equal size apart.
struct Hunt<'a> {
    files: &'a dyn Files,
    watch: &'a Watch,
    unreadable: u64,
}

type Hashes = Vec<Option<[u8; 32]>>;

impl Hunt<'_> {
    /// Gives the files with the same content, in no order; in each the one to keep first.
    async fn groups(&mut self, candidates: Vec<Candidate>, keep: Keep) -> Result<Vec<Group>> {
        let one_each = told_apart(candidates);
        // In the order in which they lie on the disk, as far as that is known.
        let paths: Vec<FilePath> = one_each.iter().map(|(c, _)| c.path.clone()).collect();
        let ends = self.hashed(paths, false).await?;
        let (mut done, mut open) = (Vec::new(), Vec::new());
        for ((size, hash), files) in split(one_each, ends) {
            if size <= SMALL {
                done.push(Group { size, hash, files });
            } else {
                open.extend(files);
            }
        }
        open.sort_by_key(|(c, _)| c.identity);
        let hashes = self.hashed(open.iter().map(|(c, _)| c.path.clone()).collect(), true).await?;
        done.extend(split(open, hashes).into_iter().map(|((size, hash), files)| Group { size, hash, files }));
        let order = |a: &Named, b: &Named| (keep.rank(&a.0), &a.0.path).cmp(&(keep.rank(&b.0), &b.0.path));
        done.iter_mut().for_each(|g| g.files.sort_by(order));
        Ok(done)
    }

    async fn hashed(&mut self, paths: Vec<FilePath>, whole: bool) -> Result<Hashes> {
        let hashes = Arc::new(Mutex::new(vec![None; paths.len()]));
        let (to, stop) = (hashes.clone(), self.watch.cancel.clone());
        let task: Task = Box::new(move |index, file| {
            let hash =
                match file.and_then(|file| if whole { hash_each::blake3(file, &stop) } else { ends(file, &stop) }) {
                    Err(e) if !hash_each::is_of_file(&e) => return Err(e),
                    hash => hash.ok(),
                };
            if let Some(place) = to.lock().unwrap_or_else(PoisonError::into_inner).get_mut(index) {
                *place = hash;
            }
            Ok(())
        });
        hash_each::file(self.files, paths, task, self.watch).await?;
        let hashes = std::mem::take(&mut *hashes.lock().unwrap_or_else(PoisonError::into_inner));
        self.unreadable += hashes.iter().filter(|h| h.is_none()).count() as u64;
        Ok(hashes)
    }

    /// Keeps of each group what is equal to its first, byte by byte.
    async fn verified(&mut self, groups: Vec<Group>) -> Result<Vec<Group>> {
        let mut pairs = Vec::new();
        for group in &groups {
            pairs.extend(group.files[1..].iter().map(|(c, _)| (group.files[0].0.path.clone(), c.path.clone())));
        }
        let list = Arc::new(pairs.iter().map(|(first, _)| first.clone()).collect::<Vec<_>>());
        let equal = Arc::new(Mutex::new(vec![false; pairs.len()]));
        let (to, stop) = (equal.clone(), self.watch.cancel.clone());
        let job: Job = Box::new(move |index, reader| {
            let (Some((a, b)), Some(reader)) = (pairs.get(index), reader) else { return Ok(()) };
            let same =
                match reader.open(a).and_then(|a| Ok((a, reader.open(b)?))).and_then(|(a, b)| same(&*a, &*b, &stop)) {
                    Err(e) if !hash_each::is_of_file(&e) => return Err(e),
                    same => same.unwrap_or(false),
                };
            if let Some(place) = to.lock().unwrap_or_else(PoisonError::into_inner).get_mut(index) {
                *place = same;
            }
            Ok(())
        });
        hash_each::each(self.files, &list, job, self.watch).await?;
        let equal = std::mem::take(&mut *equal.lock().unwrap_or_else(PoisonError::into_inner));
        let mut equal = equal.into_iter();
        let mut kept = Vec::new();
        for mut group in groups {
            let mut first = true;
            group.files.retain(|_| std::mem::take(&mut first) || equal.next().unwrap_or(false));
            if group.files.len() > 1 {
                kept.push(group);
            }
        }
        Ok(kept)
    }
}

/// Gives each file once, with its other names, in the order in which they lie on the disk as far as that is known.
fn told_apart(mut candidates: Vec<Candidate>) -> Vec<(Candidate, Vec<FilePath>)> {
    candidates.sort_by(|a, b| (a.identity, &a.path).cmp(&(b.identity, &b.path)));
    let mut each: Vec<(Candidate, Vec<FilePath>)> = Vec::with_capacity(candidates.len());
    for candidate in candidates {
        match each.last_mut() {
            Some((last, others)) if candidate.links && last.links && last.identity == candidate.identity => {
                others.push(candidate.path);
            }
            _ => each.push((candidate, Vec::new())),
        }
    }
    each
}

type Named = (Candidate, Vec<FilePath>);
/// A size and a hash, and the files that have both.
type Alike = ((u64, [u8; 32]), Vec<Named>);

/// Puts those of equal size and hash together, and leaves out what is alone.
fn split(files: Vec<Named>, hashes: Hashes) -> Vec<Alike> {
    let mut groups: BTreeMap<(u64, [u8; 32]), Vec<Named>> = BTreeMap::new();
    for (file, hash) in files.into_iter().zip(hashes) {
        if let Some(hash) = hash {
            groups.entry((file.0.size, hash)).or_default().push(file);
        }
    }
    groups.into_iter().filter(|(_, files)| files.len() > 1).collect()
}

/// Hashes the beginning and the end of a file, or all of a small one.
fn ends(file: &dyn OpenFile, stop: &cowork_core::CancellationToken) -> Result<[u8; 32]> {
    let size = file.entry().size;
    if size <= SMALL {
        return hash_each::blake3(file, stop);
    }
    let mut both = [0; END * 2];
    let (head, tail) = both.split_at_mut(END);
    hash_each::fill(file, head, 0)?;
    hash_each::fill(file, tail, size - END as u64)?;
    Ok(*blake3::hash(&both).as_bytes())
}

/// Says whether two files hold the same bytes.
pub(crate) fn same(a: &dyn OpenFile, b: &dyn OpenFile, stop: &cowork_core::CancellationToken) -> Result<bool> {
    if a.entry().size != b.entry().size {
        return Ok(false);
    }
    let mut other = vec![0; hash_each::PIECE];
    let (mut at, mut equal) = (0, Ok(true));
    hash_each::pieces(a, stop, |piece| {
        if matches!(equal, Ok(true)) {
            equal = hash_each::fill(b, &mut other[..piece.len()], at).map(|n| &other[..n] == piece);
        }
        at += piece.len() as u64;
    })?;
    equal
}
