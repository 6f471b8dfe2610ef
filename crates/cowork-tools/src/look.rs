//! Looking: what lies in a folder, what a file is, what is in it.

use async_trait::async_trait;
use cowork_core::{
    Effects, Entry, FileKind, FilePath, Label, Piece, Preview, Result, ToolContext, ToolOutput, TypedTool,
};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::show::{count, shown};

/// A folder with more than this in it is refused by the session, with a clear error.
pub(crate) const MOST_ENTRIES: usize = 200_000;
const READ_USUALLY: u32 = 64 * 1024;
const READ_AT_MOST: u32 = 1024 * 1024;

/// The arguments of a tool that takes one path.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PathArgs {
    /// The path, beginning with the name of a granted folder: `Downloads/letters`.
    path: FilePath,
}

pub(crate) struct ListFolder;

#[async_trait]
impl TypedTool for ListFolder {
    type Args = PathArgs;
    const NAME: &'static str = "list_folder";
    const ABOUT: &'static str = "Lists what lies directly in a folder, by name: `entries`, each with `path`, `name`, `kind` \
        (file, folder, link, other), `size` in bytes, `modified` in milliseconds since 1970 and `mode`; and their `count`.";

    fn effects(&self, args: &PathArgs) -> Result<Effects> {
        Ok(looking("list", &args.path))
    }

    async fn run(&self, args: PathArgs, ctx: ToolContext) -> Result<ToolOutput> {
        let label = Label::file(args.path.as_str());
        let entries = ctx.files()?.list(args.path, MOST_ENTRIES).await?;
        let files = entries.iter().filter(|e| e.kind == FileKind::File).count();
        let folders = entries.iter().filter(|e| e.kind == FileKind::Folder).count();
        let note = format!("{}, {}", count(files, "file"), count(folders, "folder"));
        let number = entries.len();
        let listed: Vec<Value> = entries.iter().map(described).collect();
        Ok(ToolOutput { value: json!({ "entries": listed, "count": number }), note, label })
    }
}

pub(crate) struct FileInfo;

#[async_trait]
impl TypedTool for FileInfo {
    type Args = PathArgs;
    const NAME: &'static str = "file_info";
    const ABOUT: &'static str = "Tells what one file or folder is: `path`, `name`, `kind` (file, folder, link, other), `size` in \
        bytes, `modified` in milliseconds since 1970, `mode`.";

    fn effects(&self, args: &PathArgs) -> Result<Effects> {
        Ok(looking("look at", &args.path))
    }

    async fn run(&self, args: PathArgs, ctx: ToolContext) -> Result<ToolOutput> {
        let label = Label::file(args.path.as_str());
        let entry = ctx.files()?.stat(args.path).await?;
        Ok(ToolOutput { value: described(&entry), note: String::new(), label })
    }
}

pub(crate) struct ReadFile;

/// The arguments of `read_file`.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ReadArgs {
    /// The file: `Downloads/letters/may.txt`.
    path: FilePath,
    /// The byte to begin at; 0 if left out. To page on, give the `next` of the answer before.
    #[serde(default)]
    offset: u64,
    /// The most bytes to read, up to 1,048,576; 65,536 if left out.
    #[serde(default = "read_usually")]
    #[schemars(range(min = 4, max = 1_048_576))]
    most: u32,
}

fn read_usually() -> u32 {
    READ_USUALLY
}

#[async_trait]
impl TypedTool for ReadFile {
    type Args = ReadArgs;
    const NAME: &'static str = "read_file";
    const ABOUT: &'static str = "Reads a piece of a text file (UTF-8): `text`, `size` of the whole file, `next` to page on (null at the \
        end). A file that is not text gives `binary` true and no text.";

    fn effects(&self, args: &ReadArgs) -> Result<Effects> {
        Ok(looking("read", &args.path))
    }

    async fn run(&self, args: ReadArgs, ctx: ToolContext) -> Result<ToolOutput> {
        let label = Label::file(args.path.as_str());
        let files = ctx.files()?;
        let most = args.most.clamp(4, READ_AT_MOST) as usize;
        let Piece { bytes, size, .. } = files.read(args.path, args.offset, most).await?;
        let ended = args.offset.saturating_add(bytes.len() as u64) >= size || bytes.is_empty();
        let Some((text, used)) = text_of(&bytes, args.offset == 0, ended) else {
            let value = json!({ "text": "", "size": size, "next": null, "binary": true });
            return Ok(ToolOutput { value, note: "not a text file".to_owned(), label });
        };
        let next = if ended { Value::Null } else { json!(args.offset + used as u64) };
        let value = json!({ "text": text, "size": size, "next": next, "binary": false });
        Ok(ToolOutput { value, note: count(used, "byte"), label })
    }
}

/// Gives the text of a piece and how many bytes of it were used: a character that the end cuts is left for the next
/// piece. `None` if it is not UTF-8 text.
pub(crate) fn text_of(bytes: &[u8], first: bool, last: bool) -> Option<(&str, usize)> {
    if bytes.contains(&0) {
        return None;
    }
    let text = match std::str::from_utf8(bytes) {
        Ok(text) => text,
        Err(e) if !last && e.error_len().is_none() => std::str::from_utf8(&bytes[..e.valid_up_to()]).ok()?,
        Err(_) => return None,
    };
    let used = text.len();
    let plain = if first { text.strip_prefix('\u{FEFF}').unwrap_or(text) } else { text };
    Some((plain, used))
}

fn looking(verb: &str, path: &FilePath) -> Effects {
    let title = format!("{verb} {}", shown(path.as_str()));
    Effects::reads([path.clone()]).showing(Preview { title, ..Preview::default() })
}

fn described(entry: &Entry) -> Value {
    json!({
        "path": entry.path.as_str(),
        "name": entry.path.name(),
        "kind": entry.kind,
        "size": entry.size,
        "modified": entry.modified,
        "mode": entry.mode,
    })
}
