//! Replacing a text in many files, as one batch.
//!
//! Each file is stamped, searched, and written only if it is still what was stamped. A call that runs again must ask for the same
//! changes, whatever the files are by then: so there is a change for each file that was named, and one that is not to be made
//! is given a stamp that no file has.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
};

use async_trait::async_trait;
use cowork_core::{
    Change, Content, Effects, Error, FilePath, Files, Kind, Known, OpenFile, Preview, Result, Runtime, Splice, Stamp,
    ToolContext, ToolOutput, TypedTool, Watch, Write,
};
use schemars::JsonSchema;
use serde::Deserialize;

use super::{Edit, MOST_TEXT, Work, pieces::Pieces};
use crate::{
    change::told,
    hash_each::{self, Task},
    show::{check_size, count, folder_of, folders, label, list, shown, stopped, touched},
};

const OP: &str = "replace text";
/// More pieces than this, all together, are not put in in one call.
const MOST_PIECES: usize = 1_000_000;

pub(crate) struct ReplaceText;

/// The arguments of `replace_text`.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(extend("x-seldom" = true))]
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
    /// A file that was changed after this moment, in milliseconds since 1970, is left.
    unchanged_since: Option<i64>,
}

#[async_trait]
impl TypedTool for ReplaceText {
    type Args = ReplaceArgs;
    const NAME: &'static str = "replace_text";
    const ABOUT: &'static str = "Replaces a text by another wherever it stands in many text files. It is one batch; each file's encoding and line \
        ends stay. The files need not have been read: the text is what must be there.\n\nGives `made`, how many files were changed, and \
        `otherwise`: those left as they were, each with `index`, `path` and `reason` (the text is not in it, it is no text, somebody changed it \
        meanwhile). To see what would change, look for the text with find_text first, with `match_case`. For several edits of one file, use edit_file.";

    fn effects(&self, args: &ReplaceArgs) -> Result<Effects> {
        check_size(OP, args.paths.len())?;
        for path in &args.paths {
            folder_of(OP, path)?;
        }
        if args.old_text.is_empty() || args.old_text == args.new_text {
            let why = if args.old_text.is_empty() {
                "the text to replace is empty"
            } else {
                "a text is to be replaced by itself"
            };
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
        let becomes = match args.new_text.as_str() {
            "" => format!("every “{}” is taken out", shown(args.old_text.trim())),
            new => format!("every “{}” becomes “{}”", shown(args.old_text.trim()), shown(new)),
        };
        let Preview { title, groups, mut notes, .. } = list(title, &paths);
        notes.insert(0, becomes);
        Ok(Effects::changes(touched(&paths)).showing(Preview { title, groups, notes, lines: String::new() }))
    }

    async fn run(&self, args: ReplaceArgs, ctx: ToolContext) -> Result<ToolOutput> {
        let label = label(folders(&args.paths));
        let files = ctx.files()?;
        let found = search(&*files, &args, (&ctx.watch, &*ctx.runtime)).await?;
        let mut changes = Vec::with_capacity(args.paths.len());
        let mut unfit = BTreeMap::new();
        for (index, (path, found)) in (0_u64..).zip(args.paths.iter().zip(found)) {
            let (stamp, splices) = found.unwrap_or_else(|reason| {
                unfit.insert(index, reason);
                (Stamp::default(), Vec::new())
            });
            let content = Content::Edited(splices);
            let write = Write { may_shrink: true, ..Write::new(path.clone(), content) };
            changes.push(Change::Write(write.replacing(Known::Stamp(stamp))));
        }
        let mut changed = files.change(changes, ctx.watch.clone()).await?;
        for other in &mut changed.otherwise {
            if let Some(reason) = unfit.remove(&other.index) {
                other.reason = reason;
            }
        }
        Ok(told(&changed, "file", "changed", label))
    }
}

/// The pieces to put into a file, if the text is in it.
type Pieced = Result<Option<Vec<Splice>>>;

/// What was found in a file: what it was like before, and what to put in; or why it is left as it is.
type Found = std::result::Result<(Stamp, Vec<Splice>), String>;

async fn search(files: &dyn Files, args: &ReplaceArgs, (watch, runtime): (&Watch, &dyn Runtime)) -> Result<Vec<Found>> {
    // Before it is searched: what is changed after this is a conflict.
    let mut stamps = Vec::with_capacity(args.paths.len());
    for path in &args.paths {
        stamps.push(match stamp(files, path, args.unchanged_since, runtime).await {
            Ok(stamp) => Ok(stamp),
            Err(e) if matches!(e.kind, Kind::Cancelled | Kind::NotAllowed) => return Err(e),
            Err(e) => Err(e.message),
        });
        if watch.cancel.is_cancelled() {
            return Err(stopped(OP));
        }
    }
    let found: Arc<Mutex<Vec<Option<Pieced>>>> = Arc::new(Mutex::new(args.paths.iter().map(|_| None).collect()));
    let (to, paths) = (found.clone(), args.paths.clone());
    let edit = Edit { old_text: args.old_text.clone(), new_text: args.new_text.clone(), all: true };
    let quiet = Watch { cancel: watch.cancel.clone(), progress: Arc::new(|_, _, _| {}) };
    let pieces = AtomicUsize::new(0);
    let task: Task = Box::new(move |index, file| {
        let Some(path) = paths.get(index) else { return Ok(()) };
        let came = match file.and_then(|file| one(path, file, &edit, &quiet)) {
            Err(e) if e.kind == Kind::Cancelled => return Err(e),
            came => came,
        };
        if let Ok(Some(splices)) = &came
            && pieces.fetch_add(splices.len(), Ordering::Relaxed) > MOST_PIECES
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
            (Ok(stamp), Some(Ok(Some(splices)))) => Ok((stamp, splices)),
            (Ok(_), Some(Ok(None))) => Err(format!("the text is not in `{}`", shown(path.as_str()))),
            (Ok(_), None) => Err(format!("`{}` could not be read", shown(path.as_str()))),
        })
        .collect())
}

async fn stamp(
    files: &dyn Files,
    path: &FilePath,
    unchanged_since: Option<i64>,
    runtime: &dyn Runtime,
) -> Result<Stamp> {
    let stamp = files.read(path.clone(), 0, 1).await?.stamp;
    let Some(since) = unchanged_since else { return Ok(stamp) };
    let modified = files.stat(path.clone()).await?.modified;
    // A time to come was there before: nothing sets it by changing the file now.
    if modified > since && modified <= runtime.now().as_millis() {
        let why = format!("`{}` was changed since it was searched", shown(path.as_str()));
        return Err(Error::new(Kind::Conflict, OP, why));
    }
    Ok(stamp)
}

fn one(path: &FilePath, file: &dyn OpenFile, edit: &Edit, watch: &Watch) -> Pieced {
    let edits = vec![edit.clone()];
    let work = Work { path: path.clone(), edits, encoding: None, watch: watch.clone(), done: Mutex::default() };
    let mut pieces = Pieces::of(file);
    let encoding = work.encoding_of(&pieces)?;
    let made = work.try_one(0, edit, &mut pieces, encoding)?;
    Ok(made.map(|_| pieces.splices()))
}
