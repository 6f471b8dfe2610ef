//! Copying files, and folders with all that is in them.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex, PoisonError},
};

use async_trait::async_trait;
use cowork_core::{
    Change, Changed, Effects, Error, FileKind, FilePath, Files, Handed, Kind, Otherwise, Part, Reader, Result,
    ToolContext, ToolOutput, TypedTool, Visitor,
};
use schemars::JsonSchema;
use serde::Deserialize;

use super::{
    IfTaken,
    folders::{self as made_folders, Wanted},
    moves::{Pair, pairs, touched_by, with_clashes},
    told,
};
use crate::show::{MOST_IN_BATCH, check_size, folder_of, folders, label, shown, touched, transfer};

pub(crate) struct CopyFiles;

/// The arguments of `copy_files`.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(extend("x-seldom" = true))]
pub(crate) struct CopyArgs {
    /// The copies, made in order; up to 100,000. A folder is copied with all that is in it, empty folders included.
    #[schemars(length(min = 1, max = 100_000))]
    copies: Vec<Pair>,
    /// What to do when a file's new name is taken; `skip` if left out. A folder that is there already is added to.
    #[serde(default)]
    if_taken: IfTaken,
}

#[async_trait]
impl TypedTool for CopyFiles {
    type Args = CopyArgs;
    const NAME: &'static str = "copy_files";
    const ABOUT: &'static str = "Copies files and whole folders. It is one batch that can be undone; files keep their times and permissions, new folders their permissions.\n\nGives \
        `made` and `otherwise`: those left out (links among them), or made under another name, each with the `index` of its copy in \
        the list, `path`, `renamed` and `reason`.";

    fn effects(&self, args: &CopyArgs) -> Result<Effects> {
        check_size("copy files", args.copies.len())?;
        for pair in &args.copies {
            folder_of("copy files", &pair.to)?;
            if pair.to != pair.from && pair.to.is_within(&pair.from) {
                let why = format!("`{}` can't be copied into itself", shown(pair.from.as_str()));
                return Err(Error::new(Kind::InvalidInput, "copy files", why));
            }
        }
        let targets = || args.copies.iter().map(|c| &c.to);
        let sources: Vec<&FilePath> = args.copies.iter().map(|c| &c.from).collect();
        Ok(Effects::changes(touched_by(targets, args.copies.len(), args.if_taken))
            .and_reads(touched(&sources))
            .showing(with_clashes(transfer("copy", &pairs(&args.copies)), &args.copies, args.if_taken)))
    }

    async fn run(&self, args: CopyArgs, ctx: ToolContext) -> Result<ToolOutput> {
        let label = label(folders(args.copies.iter().map(|c| &c.from)));
        let files = ctx.files()?;
        let trees = trees(&args.copies, &files, &ctx).await?;
        let mut plan = Plan::default();
        for (index, pair) in args.copies.iter().enumerate() {
            match trees.get(&pair.from) {
                Some(tree) => {
                    let wanted = tree.folders(pair)?;
                    plan.tree(index, pair, tree, &wanted, args.if_taken)?;
                }
                None => plan.push(
                    index,
                    Change::Copy { from: pair.from.clone(), to: pair.to.clone(), clash: args.if_taken.into() },
                ),
            }
        }
        let changed = files.change(plan.changes, ctx.watch.clone()).await?;
        // The folders that were made on the way are no copies of files, and what was left is told by its place in the list.
        let mut otherwise = plan.left;
        let mut made = plan.of.len().saturating_sub(plan.folders.len()) as u64;
        for mut one in changed.otherwise {
            let at = usize::try_from(one.index).unwrap_or(usize::MAX);
            made -= u64::from(one.renamed.is_none() && !plan.folders.contains(&at));
            one.index = plan.of.get(at).map_or(one.index, |index| *index as u64);
            otherwise.push(one);
        }
        otherwise.sort_by_key(|o| o.index);
        Ok(told(&Changed { made, otherwise }, "file", "copied", label))
    }
}

/// What lies in the folders that are to be copied, by folder.
type Trees = BTreeMap<FilePath, Tree>;

/// A folder that is to be copied.
struct Tree {
    mode: u32,
    /// What is in it, in the order of paths; of folders with their permissions.
    below: Vec<(FilePath, FileKind, u32)>,
}

impl Tree {
    /// Gives the folders that its copy has.
    fn folders(&self, pair: &Pair) -> Result<Vec<Wanted>> {
        let below = self.below.iter().filter(|(_, kind, _)| *kind == FileKind::Folder);
        let below = below.map(|(from, _, mode)| Ok((target(pair, from)?, Some(*mode))));
        std::iter::once(Ok((pair.to.clone(), Some(self.mode)))).chain(below).collect()
    }
}

/// Gives where something in a folder is copied to.
fn target(pair: &Pair, from: &FilePath) -> Result<FilePath> {
    FilePath::parse(&format!("{}{}", pair.to, &from.as_str()[pair.from.as_str().len()..]))
}

/// Looks which of the sources are folders, and what is in them.
async fn trees(copies: &[Pair], files: &Arc<dyn Files>, ctx: &ToolContext) -> Result<Trees> {
    let sources: BTreeSet<&FilePath> = copies.iter().map(|c| &c.from).collect();
    let mut folders = Vec::new();
    for from in sources {
        if ctx.watch.cancel.is_cancelled() {
            return Err(Error::new(Kind::Cancelled, "copy files", "it was stopped before anything was copied"));
        }
        // What is not there is told by the copy itself, which holds up no other.
        if let Some(entry) = files.stat(from.clone()).await.ok().filter(|entry| entry.kind == FileKind::Folder) {
            folders.push((from.clone(), entry.mode));
        }
    }
    let mut trees = Trees::new();
    for (folder, mode) in folders {
        let gather = Arc::new(Gather::default());
        let walked = files.walk(vec![folder.clone()], gather.clone(), ctx.watch.clone()).await?;
        if let Some(example) = walked.examples.first() {
            let why = format!(
                "`{}` can't be read, so `{}` can't be copied whole",
                shown(example.as_str()),
                shown(folder.as_str())
            );
            return Err(
                Error::new(Kind::Unavailable, "copy files", why).with_fix("copy what can be read, folder by folder")
            );
        }
        let mut found = std::mem::take(&mut *gather.found.lock().unwrap_or_else(PoisonError::into_inner));
        found.sort_by(|a, b| a.0.cmp(&b.0));
        trees.insert(folder, Tree { mode, below: found });
    }
    Ok(trees)
}

/// Gathers what lies below a folder, up to the size of a batch.
#[derive(Default)]
struct Gather {
    found: Mutex<Vec<(FilePath, FileKind, u32)>>,
}

impl Visitor for Gather {
    fn enter(&self, _: &FilePath, _: &Handed, _: &dyn Reader) -> Result<Handed> {
        Ok(None)
    }

    fn visit(&self, part: &dyn Part, _: &Handed) -> Result<Vec<usize>> {
        let mode = |at: usize| match part.kind(at) {
            FileKind::Folder => part.stat(at).map(|entry| entry.mode),
            _ => Ok(0),
        };
        let here = (0..part.len()).map(|at| Ok((part.path(at), part.kind(at), mode(at)?)));
        let here = here.collect::<Result<Vec<_>>>()?;
        let mut found = self.found.lock().unwrap_or_else(PoisonError::into_inner);
        found.extend(here);
        if found.len() > MOST_IN_BATCH {
            return Err(too_many());
        }
        Ok((0..part.len()).filter(|at| part.kind(*at) == FileKind::Folder).collect())
    }
}

/// The changes that make the copies.
#[derive(Default)]
struct Plan {
    changes: Vec<Change>,
    /// For each change the copy that it belongs to.
    of: Vec<usize>,
    /// Which changes are about folders.
    folders: BTreeSet<usize>,
    /// What is not copied.
    left: Vec<Otherwise>,
}

impl Plan {
    fn push(&mut self, index: usize, change: Change) {
        if matches!(change, Change::MakeFolder { .. }) {
            self.folders.insert(self.changes.len());
        }
        self.changes.push(change);
        self.of.push(index);
    }

    fn tree(&mut self, index: usize, pair: &Pair, tree: &Tree, wanted: &[Wanted], if_taken: IfTaken) -> Result<()> {
        made_folders::make(wanted).for_each(|change| self.push(index, change));
        for (from, kind, _) in &tree.below {
            match kind {
                FileKind::Folder => {}
                FileKind::File => {
                    let to = target(pair, from)?;
                    self.push(index, Change::Copy { from: from.clone(), to, clash: if_taken.into() });
                }
                FileKind::Link | FileKind::Other => {
                    let what = if *kind == FileKind::Link { "a link" } else { "no regular file" };
                    let reason = format!("`{from}` is {what}, and only files and folders are copied");
                    self.left.push(Otherwise { index: index as u64, path: from.clone(), renamed: None, reason });
                }
            }
        }
        if self.changes.len() > 2 * MOST_IN_BATCH { Err(too_many()) } else { Ok(()) }
    }
}

fn too_many() -> Error {
    let why = format!("there are more than {MOST_IN_BATCH} files and folders in these folders");
    Error::new(Kind::LimitExceeded, "copy files", why).with_fix("copy the folders in them one by one")
}
