//! What files are: by content, and by what they say of themselves.

use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use cowork_core::{
    CancellationToken, Effects, FileKind, FilePath, Files, Label, OpenFile, Result, ToolContext, ToolOutput, TypedTool,
    Watch,
};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::{
    hash_each::{self, Task},
    look::{aged, head, looking},
    look_type::Type,
    show::{self, count},
};

const MOST_PATHS: usize = 10_000;

pub(crate) struct FileInfo;

/// The arguments of `file_info`.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(extend("x-seldom" = true))]
pub(crate) struct InfoArgs {
    /// The file or folder, beginning with the name of a granted folder: `Downloads/letters/may.pdf`.
    path: FilePath,
}

#[async_trait]
impl TypedTool for FileInfo {
    type Args = InfoArgs;
    const NAME: &'static str = "file_info";
    const ABOUT: &'static str = "Tells what one file or folder is: `path`, `name`, `kind` (file, folder, link, other), `size` in \
        bytes, `modified` in milliseconds since 1970, `age` in seconds, `mode` (`rw-r--r--`), `links` if it has several names, `placeholder` if its \
        content is not on this disk; of a file its `category` by name (Documents, Images and so on, as of list_folder), its `type` by content (`mime`, and of text the `encoding`), and `metadata`: of a photo when \
        and where it was taken and by what, of a PDF its title, author, dates and pages. For many files, use file_metadata.";

    fn effects(&self, args: &InfoArgs) -> Result<Effects> {
        Ok(looking("look at", &args.path))
    }

    async fn run(&self, args: InfoArgs, ctx: ToolContext) -> Result<ToolOutput> {
        let label = Label::file(args.path.as_str());
        let files = ctx.files()?;
        let entry = files.stat(args.path.clone()).await?;
        let mut value = aged(&entry, ctx.runtime.now().as_millis());
        if entry.kind == FileKind::File && !entry.placeholder {
            let mut described = describe(&files, vec![args.path], &ctx.watch).await?;
            match described.pop() {
                Some(Described::Is { mime, metadata }) => {
                    value["type"] = mime;
                    value["metadata"] = metadata;
                }
                Some(Described::Not(why)) => value["unreadable"] = json!(why),
                None => {}
            }
        }
        Ok(ToolOutput { value, note: String::new(), label })
    }
}

pub(crate) struct FileMetadata;

/// The arguments of `file_metadata`.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(extend("x-seldom" = true))]
pub(crate) struct MetadataArgs {
    /// The files, 1 to 10,000.
    #[schemars(length(min = 1, max = 10_000))]
    paths: Vec<FilePath>,
}

#[async_trait]
impl TypedTool for FileMetadata {
    type Args = MetadataArgs;
    const NAME: &'static str = "file_metadata";
    const ABOUT: &'static str = "Tells what many photos and PDF files say of themselves: when, where and by what they were made, titles, pages. Of other files it tells the type.\n\n\
        Gives `files` in the order asked for, each with `path`, `type` by content (`mime`, and of text the `encoding`) and `metadata`: of \
        a photo `taken` (local time, with `offset` if known), `camera`, `width`, `height`, `latitude`, `longitude`; of a PDF `title`, \
        `author`, `created`, `changed`, `pages`. A file that can't be read has `why` instead.";

    fn effects(&self, args: &MetadataArgs) -> Result<Effects> {
        show::check_size("look at files", args.paths.len())?;
        let paths: Vec<&FilePath> = args.paths.iter().collect();
        let preview = show::list(format!("look at {}", count(paths.len(), "file")), &paths);
        Ok(Effects::reads(show::touched(&paths)).showing(preview))
    }

    async fn run(&self, mut args: MetadataArgs, ctx: ToolContext) -> Result<ToolOutput> {
        args.paths.truncate(MOST_PATHS);
        let label = show::label(show::folders(&args.paths));
        let files = ctx.files()?;
        let described = describe(&files, args.paths.clone(), &ctx.watch).await?;
        let unread = described.iter().filter(|d| matches!(d, Described::Not(_))).count();
        let each = args.paths.iter().zip(described).map(|(path, described)| match described {
            Described::Is { mime, metadata } => json!({ "path": path.as_str(), "type": mime, "metadata": metadata }),
            Described::Not(why) => json!({ "path": path.as_str(), "why": why }),
        });
        let each: Vec<Value> = each.collect();
        let note = match unread {
            0 => count(each.len(), "file"),
            _ => format!("{}, {unread} not readable", count(each.len(), "file")),
        };
        let value = json!({ "count": each.len(), "unreadable": unread, "files": each });
        Ok(ToolOutput { value, note, label })
    }
}

/// What came of looking into a file.
#[derive(Clone, Debug)]
enum Described {
    Is { mime: Value, metadata: Value },
    Not(String),
}

/// Gives what files say of themselves, in the order asked for; null for those that can't be read.
pub(crate) async fn said(files: &Arc<dyn Files>, paths: Vec<FilePath>, watch: &Watch) -> Result<Vec<Value>> {
    let described = describe(files, paths, watch).await?.into_iter();
    Ok(described.map(|d| if let Described::Is { metadata, .. } = d { metadata } else { Value::Null }).collect())
}

/// Looks into files, on all threads.
async fn describe(files: &Arc<dyn Files>, paths: Vec<FilePath>, watch: &Watch) -> Result<Vec<Described>> {
    let all = Arc::new(Mutex::new(vec![Described::Not("it could not be read".to_owned()); paths.len()]));
    let (to, stop, turn) = (all.clone(), watch.cancel.clone(), Mutex::new(()));
    let task: Task = Box::new(move |index, file| {
        let described = match file.and_then(|file| look_into(file, &stop, &turn)) {
            Ok(described) => described,
            Err(e) if hash_each::is_of_file(&e) => Described::Not(e.message),
            Err(e) => return Err(e),
        };
        if let Some(place) = to.lock().unwrap_or_else(PoisonError::into_inner).get_mut(index) {
            *place = described;
        }
        Ok(())
    });
    hash_each::file(&**files, paths, task, watch).await?;
    let mut all = all.lock().unwrap_or_else(PoisonError::into_inner);
    Ok(std::mem::take(&mut *all))
}

fn look_into(file: &dyn OpenFile, stop: &CancellationToken, turn: &Mutex<()>) -> Result<Described> {
    let (head, whole) = head(file)?;
    let found = Type::of(&head, whole);
    let metadata = of_content(file, found.mime, stop, turn)?;
    Ok(Described::Is { mime: found.described(), metadata })
}

#[cfg(feature = "metadata")]
fn of_content(file: &dyn OpenFile, mime: &str, stop: &CancellationToken, turn: &Mutex<()>) -> Result<Value> {
    crate::metadata::of(file, mime, stop, turn)
}

#[cfg(not(feature = "metadata"))]
fn of_content(_: &dyn OpenFile, _: &str, _: &CancellationToken, _: &Mutex<()>) -> Result<Value> {
    Ok(json!({}))
}
