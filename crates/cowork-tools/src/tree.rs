//! The tree of a folder: how much lies where.

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering},
    },
};

use async_trait::async_trait;
use cowork_core::{
    CancellationToken, Effects, FileKind, FilePath, Handed, Label, Part, Preview, Reader, Result, ToolContext,
    ToolOutput, TypedTool, Visitor,
};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};

mod shares;

use self::shares::{Shares, Tally};
use crate::{
    find_first::{First, Place, Sort},
    find_rules::{Below, Paths, Rules, handed},
    look::be_folder,
    show::{count, shown, stopped},
};

const OP: &str = "look through folders";
/// So many folders are told apart at most, the first in the order of paths: what memory holds is bounded by this.
const MOST_KEPT: usize = 20_000;

pub(crate) struct FolderTree;

/// The arguments of `folder_tree`.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(extend("x-seldom" = true))]
pub(crate) struct TreeArgs {
    /// The folder: `Documents`.
    path: FilePath,
    /// How far down folders are told apart, 0 to 16; 2 if left out. What lies deeper counts for the folder above it.
    #[serde(default = "usual_depth")]
    #[schemars(range(max = 16))]
    depth: u32,
    /// The order of folders: `name` (the usual, a tree from the top), `largest`, `smallest`, `newest` or `oldest` first.
    #[serde(default)]
    sort: Sort,
    /// The most folders to give, up to 10,000; 200 if left out.
    #[serde(default = "usual")]
    #[schemars(range(min = 1, max = 10_000))]
    most: u32,
    /// The `next` of the answer before, to go on from there.
    #[serde(default)]
    after: Option<String>,
    /// How many of the largest and of the newest files are named, up to 1,000; 5 if left out.
    #[serde(default = "usual_files")]
    #[schemars(range(max = 1_000))]
    files: u32,
    /// How many types of files, by what follows the last dot of their names, are told, those with most bytes first, up to 1,000;
    /// none if left out.
    #[serde(default)]
    #[schemars(range(max = 1_000))]
    types: u32,
    /// Whether it is told how much was changed how long ago; no if left out.
    #[serde(default)]
    ages: bool,
    /// Whether hidden files and folders, whose names begin with a dot, count too; yes if left out.
    #[serde(default = "crate::find::yes")]
    hidden: bool,
    /// Whether what `.gitignore` files name counts too; yes if left out.
    #[serde(default = "crate::find::yes")]
    git_ignored: bool,
    /// Whether what `.ignore` files name counts too; yes if left out.
    #[serde(default = "crate::find::yes")]
    ignored: bool,
}

fn usual_depth() -> u32 {
    2
}

fn usual() -> u32 {
    200
}

fn usual_files() -> u32 {
    5
}

impl TreeArgs {
    fn rules(&self) -> Rules {
        Rules::but_for(self.hidden, self.git_ignored, self.ignored)
    }
}

#[async_trait]
impl TypedTool for FolderTree {
    type Args = TreeArgs;
    const NAME: &'static str = "folder_tree";
    const ABOUT: &'static str = "Tells how much lies where in a folder and all folders in it: `total` with `files`, `folders`, `bytes` \
        and the time of the `newest` change; `tree`, a line for each folder down to `depth`, with the same of all that lies in it; the \
        `largest` and the `newest` files; if asked for, `types`, with `files` and `bytes` of each `type`, by name, and its `category`, and `ages`, with the same of what was \
        changed within so many `days`, and not within those before. A file of which its disk holds far less than its size, having holes, counts with what is held; `hollow` in the `total` says \
        how many there are, and how many bytes more they claim. Use it to get an overview before looking closer; to see one folder's entries, use list_folder.";

    fn effects(&self, args: &TreeArgs) -> Result<Effects> {
        args.after.as_deref().map(Place::parse).transpose()?;
        let title = format!("look through {}", shown(args.path.as_str()));
        let effects = Effects::reads([args.path.clone()]).and_reads(args.rules().above(&args.path));
        Ok(effects.showing(Preview { title, ..Preview::default() }))
    }

    async fn run(&self, args: TreeArgs, ctx: ToolContext) -> Result<ToolOutput> {
        let label = Label::file(args.path.as_str());
        let files = ctx.files()?;
        be_folder(&*files, &args.path, OP).await?;
        let place = args.after.as_deref().map(Place::parse).transpose()?;
        let named = (args.files > 0).then_some(args.files.min(1_000) as usize);
        let tree = Arc::new(Tree {
            rules: args.rules(),
            depth: args.depth.min(16),
            kept: Mutex::default(),
            left_out: AtomicBool::new(false),
            largest: named.map(|n| First::new(n, None)),
            newest: named.map(|n| First::new(n, None)),
            shares: Shares::new(args.types.min(1_000) as usize, args.ages.then(|| ctx.runtime.now().as_millis())),
            stopped: ctx.watch.cancel.clone(),
        });
        let walked = files.walk(vec![args.path.clone()], tree.clone(), ctx.watch.clone()).await?;
        let kept = std::mem::take(&mut *tree.kept.lock().unwrap_or_else(PoisonError::into_inner));
        let total = kept.get(args.path.as_str()).map(|s| s.told()).unwrap_or_default();
        let first = First::new(args.most.clamp(1, 10_000) as usize, place);
        for (path, spot) in kept.iter().filter(|(path, _)| path.as_str() != args.path.as_str()) {
            let told = spot.told();
            first.offer(told.rank(args.sort), path, 0, || told.described(path));
        }
        let (folders, next) = first.take();
        let whole = !tree.left_out.load(Ordering::Relaxed);
        let files_of = |first: &Option<First<Value>>| first.as_ref().map(|f| f.take().0).unwrap_or_default();
        let note = format!(
            "{} in {}",
            count(usize::try_from(total.files).unwrap_or(usize::MAX), "file"),
            count(usize::try_from(total.folders).unwrap_or(usize::MAX), "folder"),
        );
        let mut all = total.described(args.path.as_str());
        all["ignored"] = json!(total.ignored);
        if total.hollow > 0 {
            all["hollow"] = json!({ "files": total.hollow, "bytes": total.hollow_bytes });
        }
        let mut value = json!({
            "total": all,
            "tree": folders,
            "largest": files_of(&tree.largest),
            "newest": files_of(&tree.newest),
            "skipped": { "unreadable": walked.unreadable, "mounts": walked.mounts },
            "complete": whole,
            "next": next,
        });
        tree.shares.describe(&mut value);
        Ok(ToolOutput { value, note, label })
    }
}

struct Tree {
    rules: Rules,
    depth: u32,
    kept: Mutex<BTreeMap<String, Arc<Spot>>>,
    left_out: AtomicBool,
    largest: Option<First<Value>>,
    newest: Option<First<Value>>,
    shares: Shares,
    stopped: CancellationToken,
}

/// What is handed down: the rules, and for which folder things count.
struct Here {
    below: Arc<Below>,
    spot: Arc<Spot>,
}

/// A folder that is told apart, and what lies in it, however deep.
struct Spot {
    above: Option<Arc<Spot>>,
    depth: u32,
    files: AtomicU64,
    folders: AtomicU64,
    others: AtomicU64,
    bytes: AtomicU64,
    ignored: AtomicU64,
    newest: AtomicI64,
    hollow: AtomicU64,
    hollow_bytes: AtomicU64,
}

/// The sums of a folder, or of a part.
#[derive(Clone, Copy, Default)]
struct Sums {
    files: u64,
    folders: u64,
    others: u64,
    bytes: u64,
    ignored: u64,
    newest: Option<i64>,
    /// Files that claim more than their disk holds of them, and by how many bytes.
    hollow: u64,
    hollow_bytes: u64,
}

impl Sums {
    fn rank(&self, sort: Sort) -> i64 {
        let (bytes, newest) = (i64::try_from(self.bytes).unwrap_or(i64::MAX), self.newest.unwrap_or(0));
        match sort {
            Sort::Name => 0,
            Sort::Largest => -bytes,
            Sort::Smallest => bytes,
            Sort::Newest => newest.saturating_neg(),
            Sort::Oldest => newest,
        }
    }

    fn described(&self, path: &str) -> Value {
        json!({
            "path": path, "files": self.files, "folders": self.folders, "others": self.others, "bytes": self.bytes,
            "newest": self.newest,
        })
    }
}

impl Spot {
    fn new(above: Option<Arc<Self>>) -> Arc<Self> {
        let zero = || AtomicU64::new(0);
        Arc::new(Self {
            depth: above.as_ref().map_or(0, |a| a.depth + 1),
            above,
            files: zero(),
            folders: zero(),
            others: zero(),
            bytes: zero(),
            ignored: zero(),
            newest: AtomicI64::new(i64::MIN),
            hollow: zero(),
            hollow_bytes: zero(),
        })
    }

    /// Adds to this folder and to all above it.
    fn add(&self, sums: &Sums) {
        let mut spot = Some(self);
        while let Some(here) = spot {
            here.files.fetch_add(sums.files, Ordering::Relaxed);
            here.folders.fetch_add(sums.folders, Ordering::Relaxed);
            here.others.fetch_add(sums.others, Ordering::Relaxed);
            here.bytes.fetch_add(sums.bytes, Ordering::Relaxed);
            here.ignored.fetch_add(sums.ignored, Ordering::Relaxed);
            here.hollow.fetch_add(sums.hollow, Ordering::Relaxed);
            here.hollow_bytes.fetch_add(sums.hollow_bytes, Ordering::Relaxed);
            here.newest.fetch_max(sums.newest.unwrap_or(i64::MIN), Ordering::Relaxed);
            spot = here.above.as_deref();
        }
    }

    fn told(&self) -> Sums {
        let get = |n: &AtomicU64| n.load(Ordering::Relaxed);
        Sums {
            files: get(&self.files),
            folders: get(&self.folders),
            others: get(&self.others),
            bytes: get(&self.bytes),
            ignored: get(&self.ignored),
            hollow: get(&self.hollow),
            hollow_bytes: get(&self.hollow_bytes),
            newest: Some(self.newest.load(Ordering::Relaxed)).filter(|n| *n != i64::MIN),
        }
    }
}

impl Tree {
    fn spot(&self, folder: &FilePath, above: Option<&Here>) -> Arc<Spot> {
        if let Some(above) = above.filter(|a| a.spot.depth >= self.depth) {
            return above.spot.clone();
        }
        let spot = Spot::new(above.map(|a| a.spot.clone()));
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.insert(folder.as_str().to_owned(), spot.clone());
        // The first is the one that the walk began with; what is let go of still counts for those above it.
        if kept.len() > MOST_KEPT {
            kept.pop_last();
            self.left_out.store(true, Ordering::Relaxed);
        }
        spot
    }
}

impl Visitor for Tree {
    fn enter(&self, folder: &FilePath, above: &Handed, reader: &dyn Reader) -> Result<Handed> {
        let above = handed::<Here>(above);
        let below = self.rules.enter(folder, above.as_ref().map(|a| &a.below), reader);
        Ok(Some(Arc::new(Here { below, spot: self.spot(folder, above.as_deref()) })))
    }

    fn visit(&self, part: &dyn Part, above: &Handed) -> Result<Vec<usize>> {
        if self.stopped.is_cancelled() {
            return Err(stopped(OP));
        }
        let Some(here) = handed::<Here>(above) else { return Ok(Vec::new()) };
        let mut seat = self.rules.seat(Some(&here.below));
        let mut paths = Paths::of(part.folder());
        let bounds = [&self.largest, &self.newest].map(|f| f.as_ref().and_then(First::bound));
        let (mut sums, mut into, mut tally) = (Sums::default(), Vec::new(), Tally::default());
        for at in 0..part.len() {
            if seat.skips(part, at) {
                sums.ignored += 1;
                continue;
            }
            match part.kind(at) {
                FileKind::Folder => {
                    sums.folders += 1;
                    into.push(at);
                }
                FileKind::Link | FileKind::Other => sums.others += 1,
                FileKind::File => {
                    let Ok(mut entry) = part.stat(at) else { continue };
                    sums.files += 1;
                    // What its disk does not hold takes no room.
                    if let Some(stored) = entry.stored {
                        sums.hollow += 1;
                        sums.hollow_bytes += entry.size.saturating_sub(stored);
                        entry.size = stored;
                    }
                    sums.bytes += entry.size;
                    sums.newest = sums.newest.max(Some(entry.modified));
                    self.shares.count(&mut tally, part.name(at), &entry);
                    let lists = [(&self.largest, Sort::Largest), (&self.newest, Sort::Newest)];
                    for ((first, sort), bound) in lists.into_iter().zip(&bounds) {
                        let rank = sort.rank(&entry);
                        if bound.as_ref().is_none_or(|b| rank <= b.rank)
                            && let Some(first) = first
                        {
                            let path = paths.of_name(part.name(at));
                            let told = || json!({ "path": path, "size": entry.size, "modified": entry.modified });
                            first.offer(rank, path, 0, told);
                        }
                    }
                }
            }
        }
        here.spot.add(&sums);
        self.shares.add(tally);
        Ok(into)
    }
}
