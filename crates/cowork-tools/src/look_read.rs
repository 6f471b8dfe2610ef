//! Reading: a piece of a text file, by bytes or by lines, in whatever encoding it is.

use async_trait::async_trait;
use cowork_core::{Effects, Error, FilePath, Files, Kind, Label, Piece, Result, ToolContext, ToolOutput, TypedTool};
use encoding_rs::Encoding;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::{
    look::looking,
    look_text::{cut_lines, decode, line_feed},
    look_type::{HEAD, Type},
    show::{count, stopped},
    transcode::named,
};

const OP: &str = "read";
const READ_USUALLY: u32 = 64 * 1024;
const READ_AT_MOST: u32 = 1024 * 1024;
/// Lines are looked for in pieces of this size.
const STRIDE: usize = 1024 * 1024;

pub(crate) struct ReadFile;

/// The arguments of `read_file`.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ReadArgs {
    /// The file: `Downloads/letters/may.txt`.
    path: FilePath,
    /// The byte to begin at; to go on, the `next` of the answer before.
    #[serde(default)]
    offset: u64,
    /// The line to begin at instead, from 1.
    #[serde(default)]
    #[schemars(range(min = 1))]
    line: Option<u64>,
    /// The most lines.
    #[serde(default)]
    #[schemars(range(min = 1))]
    lines: Option<u32>,
    /// The most bytes.
    #[serde(default = "read_usually")]
    #[schemars(range(min = 4, max = 1_048_576))]
    most: u32,
    /// Lines are cut after so many characters, and say so; 10,000 if left out.
    #[serde(default = "usual_line")]
    #[schemars(range(min = 20, max = 1_048_576))]
    #[schemars(extend("x-seldom" = true))]
    longest_line: u32,
    /// The encoding if it is known, as the web names it: `windows-1252`, `shift_jis`; found out if left out.
    #[serde(default)]
    #[schemars(extend("x-seldom" = true))]
    encoding: Option<String>,
}

fn read_usually() -> u32 {
    READ_USUALLY
}

fn usual_line() -> u32 {
    10_000
}

impl ReadArgs {
    fn encoding(&self) -> Result<Option<&'static Encoding>> {
        named(OP, self.encoding.as_deref())
    }
}

#[async_trait]
impl TypedTool for ReadFile {
    type Args = ReadArgs;
    const NAME: &'static str = "read_file";
    const ABOUT: &'static str = "Reads a text file, or a piece of it. What documents (PDF, Word, …) say, find_text shows.\n\nGives `text`, its `encoding` as found, `size` of the whole \
        file in bytes, `next` to page on (null at the end), `line` of its first line where that is known (null and `last_line` if it has fewer), and the `stamp` by which a later \
        change can tell whether the file is still what was read. `cut` says how many long lines were cut, `lossy` that some bytes are no \
        characters. A file that is not text gives `binary` true, its `mime` and no text.";

    fn effects(&self, args: &ReadArgs) -> Result<Effects> {
        args.encoding()?;
        if args.offset > 0 && args.line.is_some() {
            let why = "it can begin at a byte or at a line, not at both";
            return Err(Error::new(Kind::InvalidInput, OP, why).with_fix("leave `offset` or `line` out"));
        }
        Ok(looking(OP, &args.path))
    }

    async fn run(&self, args: ReadArgs, ctx: ToolContext) -> Result<ToolOutput> {
        let label = Label::file(args.path.as_str());
        let files = ctx.files()?;
        let most = args.most.clamp(4, READ_AT_MOST) as usize;
        let start = files.read(args.path.clone(), 0, most.max(HEAD)).await?;
        let whole = start.bytes.len() as u64 >= start.size;
        let found = Type::of(&start.bytes[..start.bytes.len().min(HEAD)], whole && start.bytes.len() <= HEAD);
        let Some(encoding) = args.encoding()?.or(found.encoding).or((start.size == 0).then_some(encoding_rs::UTF_8))
        else {
            let (size, stamp) = (start.size, &start.stamp);
            let value = json!({
                "text": "", "size": size, "next": null, "binary": true, "mime": found.mime, "stamp": stamp,
            });
            return Ok(ToolOutput { value, note: "not a text file".to_owned(), label });
        };
        let (offset, ended) = match args.line {
            Some(line) => at_line(&*files, &args.path, line, encoding, &ctx).await?,
            None => (args.offset, None),
        };
        let piece = if offset == 0 { cut(start, most) } else { files.read(args.path.clone(), offset, most).await? };
        let mut value = told(&args, &piece, offset, encoding);
        if let Some(last) = ended {
            value["line"] = Value::Null;
            value["last_line"] = json!(last);
            return Ok(ToolOutput { value, note: format!("the file ends with line {last}"), label });
        }
        let note = count(value["bytes"].as_u64().and_then(|n| usize::try_from(n).ok()).unwrap_or(0), "byte");
        Ok(ToolOutput { value, note, label })
    }
}

fn cut(mut piece: Piece, most: usize) -> Piece {
    piece.bytes.truncate(most);
    piece
}

/// Makes an answer of a piece.
fn told(args: &ReadArgs, piece: &Piece, offset: u64, encoding: &'static Encoding) -> Value {
    let mut bytes = piece.bytes.as_slice();
    if let Some(lines) = args.lines {
        bytes = &bytes[..after_lines(bytes, lines as usize, encoding)];
    }
    let last = offset.saturating_add(bytes.len() as u64) >= piece.size || bytes.is_empty();
    let decoded = decode(bytes, encoding, offset == 0, last || bytes.len() < piece.bytes.len());
    let end = offset + decoded.used as u64;
    let (text, cut) = cut_lines(&decoded.text, args.longest_line.max(20) as usize);
    let line = args.line.or((offset == 0).then_some(1));
    json!({
        "text": text,
        "size": piece.size,
        "bytes": decoded.used,
        "line": line,
        "next": (!last && end < piece.size).then_some(end),
        "encoding": encoding.name(),
        "binary": false,
        "cut": cut,
        "lossy": decoded.lossy,
        "stamp": piece.stamp,
    })
}

/// Gives where so many lines end.
fn after_lines(bytes: &[u8], lines: usize, encoding: &'static Encoding) -> usize {
    let feed = line_feed(encoding);
    let feeds = bytes.chunks(feed.len()).enumerate().filter(|(_, unit)| *unit == feed);
    feeds.map(|(at, _)| (at + 1) * feed.len()).nth(lines.saturating_sub(1)).unwrap_or(bytes.len())
}

/// Finds where a line begins. If the file has fewer: its end, and how many it has.
async fn at_line(
    files: &dyn Files,
    path: &FilePath,
    line: u64,
    encoding: &'static Encoding,
    ctx: &ToolContext,
) -> Result<(u64, Option<u64>)> {
    let (mut at, mut left) = (0_u64, line.saturating_sub(1));
    let feed = line_feed(encoding);
    let mut ends_with_feed = true;
    while left > 0 {
        if ctx.watch.cancel.is_cancelled() {
            return Err(stopped(OP));
        }
        let piece = files.read(path.clone(), at, STRIDE).await?;
        if piece.bytes.is_empty() {
            break;
        }
        let feeds = piece.bytes.chunks(feed.len()).filter(|unit| *unit == feed).count() as u64;
        if feeds >= left {
            let end = at + after_lines(&piece.bytes, usize::try_from(left).unwrap_or(usize::MAX), encoding) as u64;
            return Ok((end, (end >= piece.size).then_some(line - 1)));
        }
        ends_with_feed = piece.bytes.ends_with(feed);
        left -= feeds;
        at += piece.bytes.len() as u64;
        (ctx.watch.progress)(at, piece.size, "");
    }
    let feeds = line.saturating_sub(1) - left;
    Ok((at, (left > 0).then_some(feeds + u64::from(!ends_with_feed))))
}
