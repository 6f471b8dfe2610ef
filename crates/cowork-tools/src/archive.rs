//! Archives, in and out. What comes out of one is counted before anything is written.

mod entries;
mod listing;
mod pack;
mod stream;
mod unpack;

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
};

use async_trait::async_trait;
use cowork_core::{
    Change, Effects, Error, FilePath, Handed, Kind, Label, Otherwise, Part, Preview, Reader, Result, Tool, ToolContext,
    ToolOutput, TypedTool, Visitor, Watch, tool,
};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};

use self::{
    entries::{Entry, Kind as EntryKind},
    listing::{Listing, list},
    stream::Limits,
};
use crate::{
    change::{IfTaken, folders, told},
    show::{count, shown},
};

const USUAL_BYTES: u64 = 10 * 1024 * 1024 * 1024;
const USUAL_RATIO: u32 = 200;
const USUAL_ENTRIES: u32 = 200;

/// Gives the tools that read and write archives.
pub(crate) fn tools() -> Vec<Arc<dyn Tool>> {
    vec![tool(ListArchive), tool(ExtractArchive), tool(pack::MakeArchive)]
}

struct ListArchive;

/// The arguments of `list_archive`.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(extend("x-seldom" = true))]
struct ListArgs {
    /// The archive: zip, tar, tar.gz, or a single file in gz.
    path: FilePath,
    /// The most entries to give, up to 10,000; 200 if left out.
    #[serde(default = "usual_entries")]
    #[schemars(range(min = 1, max = 10_000))]
    most: u32,
    /// To page on, the `next` of the answer before.
    #[serde(default)]
    after: u32,
}

fn usual_entries() -> u32 {
    USUAL_ENTRIES
}

#[async_trait]
impl TypedTool for ListArchive {
    type Args = ListArgs;
    const NAME: &'static str = "list_archive";
    const ABOUT: &'static str = "Lists what is in an archive (zip, tar, tar.gz, gz) without extracting it: its `format`, how many `files` and `folders`, \
        their `bytes` (as a zip says it), how many entries would be `left` out by `extract_archive`, and `entries`, each with `name`, `kind`, \
        `size`, `modified`, and `left` saying why, where it would be. `next` pages on (null at the end).";

    fn effects(&self, args: &ListArgs) -> Result<Effects> {
        let title = format!("list what is in {}", shown(args.path.as_str()));
        Ok(Effects::reads([args.path.clone()]).showing(Preview { title, ..Preview::default() }))
    }

    async fn run(&self, args: ListArgs, ctx: ToolContext) -> Result<ToolOutput> {
        let label = Label::file(args.path.as_str());
        let limits = Limits { bytes: USUAL_BYTES, ratio: u64::from(USUAL_RATIO) };
        let Listing { format, entries, .. } = look(&args.path, limits, false, &ctx).await?;
        let from = usize::try_from(args.after).unwrap_or(usize::MAX).min(entries.len());
        let to = from.saturating_add(args.most as usize).min(entries.len());
        let left = entries.iter().filter(|e| e.problem.is_some()).count();
        let told: Vec<Value> = entries[from..to].iter().map(described).collect();
        let (files, folders, bytes) = totals(&entries);
        let next = if to < entries.len() { json!(to) } else { Value::Null };
        let value = json!({
            "format": format.name(), "files": files, "folders": folders, "bytes": bytes, "left": left, "entries": told, "next": next,
        });
        let note = format!("{}, {}", count(files, "file"), count(folders, "folder"));
        Ok(ToolOutput { value, note, label })
    }
}

struct ExtractArchive;

/// The arguments of `extract_archive`.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(extend("x-seldom" = true))]
struct ExtractArgs {
    /// The archive: zip, tar, tar.gz, or a single file in gz.
    path: FilePath,
    /// The folder that its contents go to: `Downloads/photos`. It is made if it is not there.
    to: FilePath,
    /// What to do when a file's name is taken there; `skip` if left out.
    #[serde(default)]
    if_taken: IfTaken,
    /// The most bytes that may come out of it; 10,737,418,240 (10 GiB) if left out.
    #[serde(default = "usual_bytes")]
    most_bytes: u64,
    /// How many times as much may come out of it, or out of one file in it, as is in it; 200 if left out. The first 16 MiB
    /// are not held against it.
    #[serde(default = "usual_ratio")]
    #[schemars(range(min = 1, max = 100_000))]
    most_ratio: u32,
}

fn usual_bytes() -> u64 {
    USUAL_BYTES
}

fn usual_ratio() -> u32 {
    USUAL_RATIO
}

#[async_trait]
impl TypedTool for ExtractArchive {
    type Args = ExtractArgs;
    const NAME: &'static str = "extract_archive";
    const ABOUT: &'static str = "Extracts an archive (zip, tar, tar.gz, gz) into a folder. Files keep their times and permissions. Links, devices, \
        encrypted entries, names that lead out of the folder and what lies below a file are left out and named; of several entries of one name \
        the last is made, and a hard link as a file of its own. An archive that is damaged, or out of which too much would come, is refused \
        before anything is written; of a zip the damaged entries are left out.\n\nGives `made`, how many files, and `otherwise`: those left out, or \
        made under another name, each with `index` in the archive, `path`, `renamed` and `reason`.";

    fn effects(&self, args: &ExtractArgs) -> Result<Effects> {
        if args.to == args.path || args.to.is_within(&args.path) {
            let why = format!("`{}` is the archive, not a folder to extract it to", shown(args.to.as_str()));
            return Err(Error::new(Kind::InvalidInput, "extract archive", why));
        }
        if args.most_bytes == 0 || args.most_ratio == 0 {
            return Err(Error::new(Kind::InvalidInput, "extract archive", "nothing is allowed to come out of it"));
        }
        let title = format!("extract {} to {}", shown(args.path.as_str()), shown(args.to.as_str()));
        let outcome = match args.if_taken {
            IfTaken::Skip => "a file whose name is taken there is left out",
            IfTaken::Number => "a file whose name is taken there gets a number",
        };
        let notes = vec![outcome.to_owned(), "links, and names that lead out of the folder, are left out".to_owned()];
        Ok(Effects::changes([args.to.clone()]).and_reads([args.path.clone()]).showing(Preview {
            title,
            notes,
            ..Preview::default()
        }))
    }

    async fn run(&self, args: ExtractArgs, ctx: ToolContext) -> Result<ToolOutput> {
        let label = Label::file(args.path.as_str());
        let limits = Limits { bytes: args.most_bytes, ratio: u64::from(args.most_ratio) };
        let listing = look(&args.path, limits, true, &ctx).await?;
        let mut otherwise = left_out(&listing.entries, &args.to);
        let files = ctx.files()?;
        let (wanted, places) = unpack::folders(&listing, &args.to);
        let place: BTreeMap<&FilePath, Option<usize>> = wanted.iter().map(|(path, _)| path).zip(places).collect();
        let of_folder = |change: Change| match &change {
            Change::MakeFolder { path, .. } => (place.get(path).copied().flatten(), change),
            _ => (None, change),
        };
        // For each change the entry that it belongs to.
        let mut all: Vec<(Option<usize>, Change)> = folders::make(&wanted).map(of_folder).collect();
        let taken_out = unpack::changes(&args.path, listing, &args.to, args.if_taken.into(), limits, &ctx.watch);
        all.extend(taken_out.into_iter().map(|(index, change)| (Some(index), change)));
        let (indexes, changes): (Vec<Option<usize>>, Vec<Change>) = all.into_iter().unzip();
        let of_folders: Vec<bool> = changes.iter().map(|c| !matches!(c, Change::Write(_))).collect();
        let mut changed = files.change(changes, ctx.watch.clone()).await?;
        let mut made = of_folders.iter().filter(|f| !**f).count() as u64;
        for mut one in std::mem::take(&mut changed.otherwise) {
            let at = usize::try_from(one.index).unwrap_or(usize::MAX);
            made -= u64::from(one.renamed.is_none() && of_folders.get(at) == Some(&false));
            one.index = indexes.get(at).copied().flatten().map_or(0, |index| index as u64);
            otherwise.push(one);
        }
        otherwise.sort_by_key(|o| o.index);
        changed.otherwise = otherwise;
        changed.made = made;
        Ok(told(&changed, "file", "extracted", label))
    }
}

/// Names the entries that are not taken out.
fn left_out(entries: &[Entry], to: &FilePath) -> Vec<Otherwise> {
    let refused = entries.iter().enumerate().filter_map(|(index, entry)| Some((index, entry, entry.problem.as_ref()?)));
    refused
        .map(|(index, entry, problem)| Otherwise {
            index: index as u64,
            // A name that leads elsewhere has no path here; the folder stands for it, and the reason names it.
            path: to.clone(),
            renamed: None,
            reason: format!("`{}` in the archive is left out: {problem}", shown(&entry.shown())),
        })
        .collect()
}

fn totals(entries: &[Entry]) -> (usize, usize, u64) {
    let of = |kind: EntryKind| entries.iter().filter(|e| e.kind == kind).count();
    let bytes = entries.iter().fold(0_u64, |sum, e| sum.saturating_add(e.size));
    (of(EntryKind::File), of(EntryKind::Folder), bytes)
}

fn described(entry: &Entry) -> Value {
    let kind = match entry.kind {
        EntryKind::File => "file",
        EntryKind::Folder => "folder",
        EntryKind::Link => "link",
        EntryKind::Other => "other",
    };
    let mut told = json!({ "name": entry.shown(), "kind": kind, "size": entry.size, "modified": entry.modified });
    if let Some(problem) = &entry.problem {
        told["left"] = json!(problem);
    }
    told
}

/// Lists an archive while it is walked over: there it may block.
async fn look(path: &FilePath, limits: Limits, count: bool, ctx: &ToolContext) -> Result<Listing> {
    let look = Arc::new(Look { path: path.clone(), limits, count, watch: ctx.watch.clone(), found: Mutex::default() });
    ctx.files()?.walk(vec![path.clone()], look.clone(), ctx.watch.clone()).await?;
    let found = look.found.lock().unwrap_or_else(PoisonError::into_inner).take();
    found.ok_or_else(|| Error::new(Kind::InvalidInput, "read archive", format!("`{path}` is no file")))
}

struct Look {
    path: FilePath,
    limits: Limits,
    count: bool,
    watch: Watch,
    found: Mutex<Option<Listing>>,
}

impl Visitor for Look {
    fn enter(&self, folder: &FilePath, _: &Handed, _: &dyn Reader) -> Result<Handed> {
        Err(Error::new(Kind::InvalidInput, "read archive", format!("`{folder}` is a folder, not an archive")))
    }

    fn visit(&self, part: &dyn Part, _: &Handed) -> Result<Vec<usize>> {
        let listing = list(&self.path, part.reader(), self.limits, self.count, &self.watch)?;
        *self.found.lock().unwrap_or_else(PoisonError::into_inner) = Some(listing);
        Ok(Vec::new())
    }
}
