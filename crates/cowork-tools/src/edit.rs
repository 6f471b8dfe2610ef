//! Editing: a text in a file is replaced by another, and the rest of the file stays as it is.
//!
//! The file is searched through a walk, a window at a time, so that its size does not matter and the search does not count as
//! the task's reading of it. The session then compares the file with what the task knows of it, at the moment when it is
//! written: with the stamp that was given, or with what it was when the task last read it. So what was changed before the
//! search, since the task read the file, is a conflict as much as what is changed between the search and the write.

mod many;
mod pieces;
mod search;

pub(crate) use self::many::ReplaceText;

use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use cowork_core::{
    Change, Clash, Content, Effects, Error, FileKind, FilePath, Files, Handed, Kind, Known, Label, Part, Preview,
    Reader, Result, Splice, Stamp, ToolContext, ToolOutput, TypedTool, Visitor, Watch, Write,
};
use encoding_rs::{Encoding, UTF_8};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};

use self::{
    pieces::{Cut, Pieces},
    search::{Close, MOST_PLACES, is_utf8, nearest, search},
};
use crate::{
    change::one,
    look_type::HEAD,
    show::{count, folder_of, shown},
    transcode::{changeable, encode, encoding_of, named},
};

const OP: &str = "edit file";
const MOST_EDITS: usize = 200;
/// Texts longer than this, all together, are better written as a whole file.
const MOST_TEXT: usize = 4 * 1024 * 1024;

pub(crate) struct EditFile;

/// The arguments of `edit_file`.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct EditArgs {
    /// The text file: `Documents/report.md`.
    path: FilePath,
    /// Made in order, all or none: each finds what those before it left.
    #[schemars(length(min = 1, max = 200))]
    edits: Vec<Edit>,
    /// To edit the file only if it is as it was when `read_file` gave this `stamp`; if left out, only if it is as this task last
    /// read it.
    #[serde(default)]
    #[schemars(extend("x-seldom" = true))]
    stamp: Option<Stamp>,
    /// The encoding if it is known, as it was given to `read_file`; found out as there if left out.
    #[serde(default)]
    #[schemars(extend("x-seldom" = true))]
    encoding: Option<String>,
}

/// What is replaced by what.
#[derive(Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Edit {
    /// What goes, exactly as it stands in the file, white space included; it must be there once, unless `all` is set.
    #[schemars(length(min = 1))]
    old_text: String,
    /// What comes in its place.
    new_text: String,
    /// Whether it is replaced wherever it is.
    #[serde(default)]
    all: bool,
}

#[async_trait]
impl TypedTool for EditFile {
    type Args = EditArgs;
    const NAME: &'static str = "edit_file";
    const ABOUT: &'static str = "Replaces texts in a text file, each given as `read_file` shows it; encoding and line ends stay. Read the file \
        first. A text that is not there, or more than once, is an error that says where to look, and nothing is changed.\n\nLines ended with \
        `\\n` are found in a file that ends them with `\\r\\n` too. A file that was changed since it was read is an error. Gives `made` (1), and in `edits` for each \
        edit `replaced`, how often, and the first `lines` where it was.";

    fn effects(&self, args: &EditArgs) -> Result<Effects> {
        folder_of(OP, &args.path)?;
        named(OP, args.encoding.as_deref())?.map(|encoding| changeable(OP, encoding)).transpose()?;
        let bad = |why: String| Err(Error::new(Kind::InvalidInput, OP, why));
        if args.edits.is_empty() || args.edits.len() > MOST_EDITS {
            return bad(format!("there are {} edits; a call takes 1 to {MOST_EDITS}", args.edits.len()));
        }
        for (index, edit) in args.edits.iter().enumerate() {
            if edit.old_text.is_empty() {
                return bad(format!("the text to replace is empty in edit {index}"));
            }
            if edit.old_text == edit.new_text {
                return bad(format!("edit {index} replaces a text by itself"));
            }
        }
        let size: usize = args.edits.iter().map(|e| e.old_text.len() + e.new_text.len()).sum();
        if size > MOST_TEXT {
            let why = format!("the texts are {size} bytes long together; at most {MOST_TEXT} are taken");
            return Err(Error::new(Kind::LimitExceeded, OP, why).with_fix("use several calls, or `write_file`"));
        }
        let title = format!("edit {} ({})", shown(args.path.as_str()), count(args.edits.len(), "place"));
        let example = |e: &Edit| {
            let every = if e.all { "every " } else { "" };
            format!("{every}“{}” becomes “{}”", shown(e.old_text.trim()), shown(e.new_text.trim()))
        };
        let mut notes: Vec<String> = args.edits.iter().take(3).map(example).collect();
        if args.edits.len() > notes.len() {
            notes.push(format!("and {} more", args.edits.len() - notes.len()));
        }
        Ok(Effects::changes([args.path.clone()]).showing(Preview { title, notes, ..Preview::default() }))
    }

    async fn run(&self, args: EditArgs, ctx: ToolContext) -> Result<ToolOutput> {
        let label = Label::file(args.path.as_str());
        let files = ctx.files()?;
        let worked_out = work_out(&args, &files, &ctx.watch).await;
        let (splices, edits) = match worked_out {
            Ok(found) => found,
            // The file may be without the text because this very call replaced it before it was cut off.
            Err(_) if ctx.attempt > 1 && files.made_before().await.is_ok_and(|made| made > 0) => {
                let value = json!({ "made": 1, "edits": null });
                return Ok(ToolOutput { value, note: "edited before it was interrupted".to_owned(), label });
            }
            Err(e) => return Err(e),
        };
        let known = args.stamp.map_or(Known::Seen, Known::Stamp);
        // What goes was named word by word: nothing is lost unasked.
        let write = Write {
            clash: Clash::Replace,
            known,
            may_shrink: true,
            ..Write::new(args.path.clone(), Content::Edited(splices))
        };
        let fix = format!(
            "read `{}` (again) with `read_file`, then edit what is there now, with its `stamp` as it was given if with any",
            args.path
        );
        one(&ctx, Change::Write(write), &fix).await?;
        let replaced: u64 = edits.iter().map(|e| e.replaced).sum();
        let edits: Vec<Value> = edits.iter().map(|e| json!({ "replaced": e.replaced, "lines": e.lines })).collect();
        let note = count(usize::try_from(replaced).unwrap_or(usize::MAX), "place") + " edited";
        Ok(ToolOutput { value: json!({ "made": 1, "edits": edits }), note, label })
    }
}

/// What came of one edit.
struct Made {
    replaced: u64,
    lines: Vec<u64>,
}

async fn work_out(args: &EditArgs, files: &Arc<dyn Files>, watch: &Watch) -> Result<(Vec<Splice>, Vec<Made>)> {
    let work = Arc::new(Work {
        path: args.path.clone(),
        edits: args.edits.clone(),
        encoding: named(OP, args.encoding.as_deref())?,
        watch: watch.clone(),
        done: Mutex::default(),
    });
    files.walk(vec![args.path.clone()], work.clone(), watch.clone()).await?;
    let done = work.done.lock().unwrap_or_else(PoisonError::into_inner).take();
    done.ok_or_else(|| no_text(&args.path, "is no regular file"))
}

/// Searches the file while it is walked over: there it may block.
struct Work {
    path: FilePath,
    edits: Vec<Edit>,
    encoding: Option<&'static Encoding>,
    watch: Watch,
    done: Mutex<Option<(Vec<Splice>, Vec<Made>)>>,
}

impl Visitor for Work {
    fn enter(&self, folder: &FilePath, _: &Handed, _: &dyn Reader) -> Result<Handed> {
        Err(no_text(folder, "is a folder"))
    }

    fn visit(&self, part: &dyn Part, _: &Handed) -> Result<Vec<usize>> {
        for at in (0..part.len()).filter(|at| part.kind(*at) == FileKind::File) {
            let file = part.open(at)?;
            let mut pieces = Pieces::of(&*file);
            let made = self.edit(&mut pieces)?;
            *self.done.lock().unwrap_or_else(PoisonError::into_inner) = Some((pieces.splices(), made));
        }
        Ok(Vec::new())
    }
}

impl Work {
    fn edit(&self, pieces: &mut Pieces<'_>) -> Result<Vec<Made>> {
        let encoding = self.encoding_of(pieces)?;
        self.edits.iter().enumerate().map(|(index, edit)| self.one(index, edit, pieces, encoding)).collect()
    }

    /// Says in what encoding the file is edited.
    fn encoding_of(&self, pieces: &Pieces<'_>) -> Result<&'static Encoding> {
        let mut head = vec![0; HEAD];
        let got = pieces.read_at(&mut head, 0)?;
        let found = || encoding_of(&head[..got], got as u64 == pieces.len());
        let Some(encoding) = self.encoding.or_else(found) else {
            return Err(no_text(&self.path, "is not a text file"));
        };
        changeable(OP, encoding)?;
        let ascii = self.edits.iter().all(|e| e.new_text.is_ascii());
        if encoding == UTF_8 && !ascii && !is_utf8(pieces, &self.watch)? {
            let why = format!(
                "`{}` is not UTF-8 throughout, and the new text has characters that would be written as such",
                self.path
            );
            return Err(Error::new(Kind::Unsupported, OP, why)
                .with_fix("keep the new text to ASCII, or say in `encoding` what the file is in"));
        }
        Ok(encoding)
    }

    fn one(&self, index: usize, edit: &Edit, pieces: &mut Pieces<'_>, encoding: &'static Encoding) -> Result<Made> {
        match self.try_one(index, edit, pieces, encoding)? {
            Some(made) => Ok(made),
            None => Err(self.not_there(index, edit, pieces, encoding)?),
        }
    }

    /// Makes an edit, if its text is there.
    fn try_one(
        &self,
        index: usize,
        edit: &Edit,
        pieces: &mut Pieces<'_>,
        encoding: &'static Encoding,
    ) -> Result<Option<Made>> {
        let spellings = spellings(&edit.old_text);
        let found = search(pieces, encoding, &spellings, edit.all, &self.watch)?;
        match found.count {
            0 => return Ok(None),
            n if n > 1 && !edit.all => return Err(self.ambiguous(index, n, &found.lines)),
            n if n > MOST_PLACES as u64 => {
                let why = format!(
                    "the text of edit {index} is there {n} times; at most {MOST_PLACES} are replaced in a call"
                );
                return Err(Error::new(Kind::LimitExceeded, OP, why).with_fix("make it longer, and use several calls"));
            }
            _ => {}
        }
        let with_returns = |yes: bool| -> Result<Arc<[u8]>> {
            let text = if yes { ended(&edit.new_text) } else { edit.new_text.clone() };
            Ok(encode(OP, &text, encoding).map_err(|e| e.with("path", self.path.as_str()))?.into())
        };
        // A text of one line says nothing of line ends: the file does.
        let news: Vec<Arc<[u8]>> = match spellings.len() {
            1 => vec![with_returns(!edit.old_text.contains('\r') && found.is_crlf())?],
            _ => vec![with_returns(false)?, with_returns(true)?],
        };
        let cuts = found.places.iter().map(|p| Cut { at: p.at, len: p.len, new: news[p.which].clone() });
        pieces.replace(cuts.collect());
        Ok(Some(Made { replaced: found.count, lines: found.lines }))
    }

    fn not_there(&self, index: usize, edit: &Edit, pieces: &Pieces<'_>, encoding: &'static Encoding) -> Result<Error> {
        let close = nearest(pieces, encoding, &edit.old_text, &self.watch)?;
        let mut why = format!("the text of edit {index} is not in `{}`", self.path);
        let mut fix = format!("read `{}` again and give the text exactly as it stands there", self.path);
        let mut line = None;
        match close {
            Some(Close::Alike(number, text)) => {
                line = Some(number);
                why.push_str(&format!(
                    ", but line {number} differs from it only in white space or quotes: {}",
                    quoted(&text)
                ));
                fix = format!("give the text exactly as it stands from line {number} on");
            }
            Some(Close::Begins(number)) => {
                line = Some(number);
                why.push_str(&format!("; its first line is, in line {number}, but not what follows it"));
            }
            None => {}
        }
        let error = Error::new(Kind::InvalidInput, OP, why).with("path", self.path.as_str());
        let error = error.with("edit", index.to_string());
        Ok(line.map_or(error.clone(), |line| error.with("line", line.to_string())).with_fix(fix))
    }

    fn ambiguous(&self, index: usize, times: u64, lines: &[u64]) -> Error {
        let all: Vec<String> = lines.iter().map(u64::to_string).collect();
        let more = if times > lines.len() as u64 { ", …" } else { "" };
        let lines = format!("{}{more}", all.join(", "));
        let why = format!("the text of edit {index} is {times} times in `{}`, in lines {lines}", self.path);
        Error::new(Kind::InvalidInput, OP, why)
            .with("path", self.path.as_str())
            .with("edit", index.to_string())
            .with("lines", lines)
            .with_fix("give more of the text around the one that is meant, or say `all`")
    }
}

/// Gives the ways in which a text can stand in a file: its lines ended as given, or as Windows ends them.
fn spellings(text: &str) -> Vec<String> {
    if text.contains('\r') || !text.contains('\n') {
        return vec![text.to_owned()];
    }
    vec![text.to_owned(), ended(text)]
}

/// Ends each line with a carriage return too.
fn ended(text: &str) -> String {
    text.replace("\r\n", "\n").replace('\n', "\r\n")
}

fn quoted(line: &str) -> String {
    format!("`{}`", shown(line.trim()))
}

fn no_text(path: &FilePath, what: &str) -> Error {
    Error::new(Kind::InvalidInput, OP, format!("`{path}` {what}, and only texts are edited"))
}
