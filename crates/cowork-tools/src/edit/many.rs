//! Replacing a text in many files, as one batch.
//!
//! Each file is stamped, searched, and written only if it is still what was stamped. A call that runs again must ask for the same
//! changes, whatever the files are by then: so there is a change for each file that was named, and one that is not to be made
//! is given a stamp that no file has.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex, PoisonError},
};

use async_trait::async_trait;
use cowork_core::{
    Change, Changed, Clash, Content, Effects, Error, FilePath, Files, Kind, Known, OpenFile, Preview, Result, Splice,
    Stamp, ToolContext, ToolOutput, TypedTool, Watch, Write,
};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Edit, MOST_TEXT, Made, Work, pieces::Pieces};
use crate::{
    hash_each::{self, Task},
    show::{check_size, count, folder_of, folders, label, list, shown, touched},
};

const OP: &str = "replace text";
/// So many files are told of one by one.
const MOST_TOLD: usize = 1_000;
const MOST_OTHERWISE: usize = 300;
/// More pieces than this, all together, are not put in in one call.
const MOST_PIECES: usize = 1_000_000;

pub(crate) struct ReplaceText;

/// The arguments of `replace_text`.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ReplaceArgs {
    /// The text files, as by `find_text` with `give`: `counts`; up to 100,000.
    #[schemars(length(min = 1, max = 100_000))]
    paths: Vec<FilePath>,
    /// The text that goes wherever it stands, capitals and white space included. Lines ended with `\n` are found in a file that ends
    /// them with `\r\n` too.
    #[schemars(length(min = 1))]
    old_text: String,
    /// The text that comes in its place; nothing, to take it out.
    new_text: String,
}

#[async_trait]
impl TypedTool for ReplaceText {
    type Args = ReplaceArgs;
    const NAME: &'static str = "replace_text";
    const ABOUT: &'static str = "Replaces a text by another wherever it stands in many text files, in one batch; each file's encoding and line \
        ends stay. The files need not have been read: the text is what must be there. Gives `made`, how many files were changed, how often it was \
        `replaced` in all, `files` (the first 1,000), each with `path` and `replaced`, and `otherwise`: those left as they were, each with `path` and \
        `reason` (it is not there, it is no text, somebody changed it meanwhile). For several edits of one file, use edit_file.";

    fn effects(&self, args: &ReplaceArgs) -> Result<Effects> {
        check_size(OP, args.paths.len())?;
        for path in &args.paths {
            folder_of(OP, path)?;
        }
        if args.old_text.is_empty() || args.old_text == args.new_text {
            let why = if args.old_text.is_empty() { "the text to replace is empty" } else { "a text is to be replaced by itself" };
            return Err(Error::new(Kind::InvalidInput, OP, why));
        }
        if args.paths.iter().collect::<BTreeSet<_>>().len() < args.paths.len() {
            return Err(Error::new(Kind::InvalidInput, OP, "a file is named twice").with_fix("name each file once"));
        }
        let size = args.old_text.len() + args.new_text.len();
        if size > MOST_TEXT {
            let why = format!("the texts are {size} bytes long together; at most {MOST_TEXT} are taken");
            return Err(Error::new(Kind::LimitExceeded, OP, why));
        }
        let paths: Vec<&FilePath> = args.paths.iter().collect();
        let title = format!("replace “{}” in {}", shown(args.old_text.trim()), count(paths.len(), "file"));
        let becomes = match args.new_text.trim() {
            "" => format!("every “{}” is taken out", shown(args.old_text.trim())),
            new => format!("every “{}” becomes “{}”", shown(args.old_text.trim()), shown(new)),
        };
        let Preview { title, groups, mut notes } = list(title, &paths);
        notes.insert(0, becomes);
        Ok(Effects::changes(touched(&paths)).showing(Preview { title, groups, notes }))
    }

    async fn run(&self, args: ReplaceArgs, ctx: ToolContext) -> Result<ToolOutput> {
        let label = label(folders(&args.paths));
        let files = ctx.files()?;
        let again = ctx.attempt > 1 && files.made_before().await.is_ok_and(|made| made > 0);
        let found = search(&*files, &args, &ctx.watch).await?;
        let mut changes = Vec::with_capacity(args.paths.len());
        let (mut told, mut unfit) = (Vec::new(), BTreeMap::new());
        for (index, (path, found)) in args.paths.iter().zip(found).enumerate() {
            let (splices, known) = match found {
                Ok((stamp, splices, made)) => {
                    told.push((index, made.replaced));
                    (splices, stamp)
                }
                Err(reason) => {
                    unfit.insert(index, reason);
                    (Vec::new(), Stamp::default())
                }
            };
            let content = Content::Edited(splices);
            let write = Write { clash: Clash::Replace, may_shrink: true, ..Write::new(path.clone(), content) };
            changes.push(Change::Write(write.replacing(Known::Stamp(known))));
        }
        let changed = files.change(changes, ctx.watch.clone()).await?;
        let value = described(&args.paths, &changed, &told, &unfit, again);
        let places = value["replaced"].as_u64().map(|n| format!(", {}", count(usize::try_from(n).unwrap_or(0), "place")));
        let made = usize::try_from(changed.made).unwrap_or(usize::MAX);
        let note = format!("{} changed{}", count(made, "file"), places.unwrap_or_default());
        Ok(ToolOutput { value, note, label })
    }
}

/// Says what came of it. What was written before the call was cut off is not counted anew: how often is not known then.
fn described(
    paths: &[FilePath],
    changed: &Changed,
    told: &[(usize, u64)],
    unfit: &BTreeMap<usize, String>,
    again: bool,
) -> Value {
    let left: BTreeMap<usize, &str> =
        changed.otherwise.iter().map(|o| (usize::try_from(o.index).unwrap_or(usize::MAX), o.reason.as_str())).collect();
    let reasons = left.iter().map(|(index, reason)| (*index, unfit.get(index).map_or(*reason, String::as_str)));
    let otherwise: Vec<Value> = reasons
        .take(MOST_OTHERWISE)
        .filter_map(|(index, reason)| Some(json!({ "path": paths.get(index)?.as_str(), "reason": reason })))
        .collect();
    let made: Vec<&(usize, u64)> = told.iter().filter(|(index, _)| !left.contains_key(index)).collect();
    let replaced: u64 = made.iter().map(|(_, replaced)| replaced).sum();
    let files: Vec<Value> = made
        .iter()
        .take(MOST_TOLD)
        .filter_map(|(index, replaced)| Some(json!({ "path": paths.get(*index)?.as_str(), "replaced": replaced })))
        .collect();
    json!({
        "made": changed.made, "replaced": if again { Value::Null } else { json!(replaced) }, "files": files,
        "left": left.len(), "otherwise": otherwise,
    })
}

/// What was found in a file: what it was like before, and what to put in; or why it is left as it is.
type Found = std::result::Result<(Stamp, Vec<Splice>, Made), String>;

async fn search(files: &dyn Files, args: &ReplaceArgs, watch: &Watch) -> Result<Vec<Found>> {
    // Before it is searched: what is changed after this is a conflict.
    let mut stamps = Vec::with_capacity(args.paths.len());
    for path in &args.paths {
        stamps.push(match files.read(path.clone(), 0, 1).await {
            Ok(piece) => Ok(piece.stamp),
            Err(e) if matches!(e.kind, Kind::Cancelled | Kind::NotAllowed) => return Err(e),
            Err(e) => Err(e.message),
        });
        if watch.cancel.is_cancelled() {
            return Err(crate::show::stopped(OP));
        }
    }
    let found: Arc<Mutex<Vec<Option<Result<Option<(Vec<Splice>, Made)>>>>>> =
        Arc::new(Mutex::new(args.paths.iter().map(|_| None).collect()));
    let (to, paths) = (found.clone(), args.paths.clone());
    let edit = Edit { old_text: args.old_text.clone(), new_text: args.new_text.clone(), all: true };
    let quiet = Watch { cancel: watch.cancel.clone(), progress: Arc::new(|_, _, _| {}) };
    let pieces = std::sync::atomic::AtomicUsize::new(0);
    let task: Task = Box::new(move |index, file| {
        let Some(path) = paths.get(index) else { return Ok(()) };
        let came = match file.and_then(|file| one(path, file, &edit, &quiet)) {
            Err(e) if e.kind == Kind::Cancelled => return Err(e),
            came => came,
        };
        if let Ok(Some((splices, _))) = &came
            && pieces.fetch_add(splices.len(), std::sync::atomic::Ordering::Relaxed) > MOST_PIECES
        {
            let why = format!("the text is there more than {MOST_PIECES} times");
            return Err(Error::new(Kind::LimitExceeded, OP, why).with_fix("name fewer files"));
        }
        if let Some(place) = to.lock().unwrap_or_else(PoisonError::into_inner).get_mut(index) {
            *place = Some(came);
        }
        Ok(())
    });
    hash_each::file(files, args.paths.clone(), task, watch).await?;
    let found = std::mem::take(&mut *found.lock().unwrap_or_else(PoisonError::into_inner));
    let both = stamps.into_iter().zip(found).zip(&args.paths);
    Ok(both
        .map(|((stamp, found), path)| match (stamp, found) {
            (Err(why), _) | (_, Some(Err(Error { message: why, .. }))) => Err(why),
            (Ok(stamp), Some(Ok(Some((splices, made))))) => Ok((stamp, splices, made)),
            (Ok(_), Some(Ok(None))) => Err(format!("the text is not in `{}`", shown(path.as_str()))),
            (Ok(_), None) => Err(format!("`{}` could not be read", shown(path.as_str()))),
        })
        .collect())
}

fn one(path: &FilePath, file: &dyn OpenFile, edit: &Edit, watch: &Watch) -> Result<Option<(Vec<Splice>, Made)>> {
    let edits = vec![edit.clone()];
    let work = Work { path: path.clone(), edits, encoding: None, watch: watch.clone(), done: Mutex::default() };
    let mut pieces = Pieces::of(file);
    let encoding = work.encoding_of(&pieces)?;
    let made = work.try_one(0, edit, &mut pieces, encoding)?;
    Ok(made.map(|made| (pieces.splices(), made)))
}
