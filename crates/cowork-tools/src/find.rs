//! Finding: names and text contents, from a folder down.

use std::sync::Arc;

use async_trait::async_trait;
use cowork_core::{
    Effects, Entry, Error, FileKind, FilePath, Files, Kind, Label, Piece, Preview, Result, ToolContext, ToolOutput,
    TypedTool,
};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::{
    look::{MOST_ENTRIES, text_of},
    show::{count, shown},
};

/// Files larger than this are not searched, only counted.
const LARGEST: u64 = 32 * 1024 * 1024;
/// A file that is searched is first looked at this far, to see whether it is text.
const PEEK: usize = 8 * 1024;
/// The whole search ends after this many files and folders, or bytes, and says so.
const MOST_VISITED: u64 = 1_000_000;
const MOST_BYTES: u64 = 2 * 1024 * 1024 * 1024;
const MOST_IN_FILE: usize = 20;
const MOST_HITS: u32 = 10_000;
const SHOWN_LINE: usize = 200;
const LONGEST_QUERY: usize = 1_000;

pub(crate) struct FindText;

/// The arguments of `find_text`.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct FindArgs {
    /// The folder to search, with all folders in it: `Documents`.
    folder: FilePath,
    /// The text to look for, as it stands: no wildcards.
    #[schemars(length(min = 1, max = 1_000))]
    query: String,
    /// Whether file and folder names are searched; yes if left out.
    #[serde(default = "yes")]
    names: bool,
    /// Whether text contents are searched; yes if left out.
    #[serde(default = "yes")]
    contents: bool,
    /// Whether capitals matter; no if left out.
    #[serde(default)]
    match_case: bool,
    /// The most hits to give, up to 10,000; 200 if left out.
    #[serde(default = "usual_hits")]
    #[schemars(range(min = 1, max = 10_000))]
    most: u32,
}

fn yes() -> bool {
    true
}

fn usual_hits() -> u32 {
    200
}

#[async_trait]
impl TypedTool for FindText {
    type Args = FindArgs;
    const NAME: &'static str = "find_text";
    const ABOUT: &'static str = "Looks for a text in file names and in the contents of text files, from a folder down. Gives `hits`, each with \
        `path`, and for contents `line` (from 1) and `text`; how many files were `searched` and `matched`; what was `skipped`, by reason; \
        `complete` false if it ended at a limit, with `ended` saying which.";

    fn effects(&self, args: &FindArgs) -> Result<Effects> {
        let bad = |why: &str| Err(Error::new(Kind::InvalidInput, "find text", why));
        if args.query.trim().is_empty() {
            return bad("there is nothing to look for: the text is empty");
        }
        if args.query.len() > LONGEST_QUERY || args.query.contains('\n') {
            return bad("the text to look for must be one line of at most 1,000 bytes");
        }
        if !args.names && !args.contents {
            return bad("neither names nor contents are to be searched");
        }
        let title = format!("look for “{}” in {}", shown(&args.query), shown(args.folder.as_str()));
        Ok(Effects::reads([args.folder.clone()]).showing(Preview { title, ..Preview::default() }))
    }

    async fn run(&self, args: FindArgs, ctx: ToolContext) -> Result<ToolOutput> {
        let label = Label::file(args.folder.as_str());
        let mut search = Search::new(&args, ctx.files()?);
        search.walk(args.folder, &ctx).await?;
        let matched = search.matched;
        let note = format!(
            "{} in {}, {} searched",
            count(search.hits.len(), "hit"),
            count(usize::try_from(matched).unwrap_or(usize::MAX), "file"),
            search.searched
        );
        let value = json!({
            "hits": search.hits,
            "matched": matched,
            "searched": search.searched,
            "skipped": search.skipped,
            "complete": search.ended.is_none(),
            "ended": search.ended.unwrap_or_default(),
        });
        Ok(ToolOutput { value, note, label })
    }
}

/// One search, on its way down.
struct Search {
    files: Arc<dyn Files>,
    needle: String,
    names: bool,
    contents: bool,
    match_case: bool,
    most: usize,
    hits: Vec<Value>,
    searched: u64,
    matched: u64,
    bytes: u64,
    skipped: Skipped,
    ended: Option<&'static str>,
}

/// What was not searched, by reason.
#[derive(Default, serde::Serialize)]
struct Skipped {
    links: u64,
    special: u64,
    binary: u64,
    large: u64,
    unreadable: u64,
}

impl Search {
    fn new(args: &FindArgs, files: Arc<dyn Files>) -> Self {
        Self {
            files,
            needle: if args.match_case { args.query.clone() } else { args.query.to_lowercase() },
            names: args.names,
            contents: args.contents,
            match_case: args.match_case,
            most: args.most.clamp(1, MOST_HITS) as usize,
            hits: Vec::new(),
            searched: 0,
            matched: 0,
            bytes: 0,
            skipped: Skipped::default(),
            ended: None,
        }
    }

    /// Goes down from a folder, in the order of names, so that the same tree gives the same hits.
    async fn walk(&mut self, top: FilePath, ctx: &ToolContext) -> Result<()> {
        let mut visited = 0_u64;
        let mut folders = vec![top.clone()];
        while let Some(folder) = folders.pop() {
            let entries = match self.files.list(folder.clone(), MOST_ENTRIES).await {
                Ok(entries) => entries,
                Err(e) if folder == top => return Err(e),
                Err(_) => {
                    self.skipped.unreadable += 1;
                    continue;
                }
            };
            let mut below = Vec::new();
            for entry in entries {
                if ctx.watch.cancel.is_cancelled() {
                    return Err(Error::new(Kind::Cancelled, "find text", "the search was stopped"));
                }
                visited += 1;
                if visited.is_multiple_of(256) {
                    (ctx.watch.progress)(visited, 0, &shown(entry.path.as_str()));
                }
                if visited > MOST_VISITED {
                    self.ended = Some("more than 1,000,000 files and folders");
                }
                if self.ended.is_some() {
                    return Ok(());
                }
                self.visit(&entry).await;
                if entry.kind == FileKind::Folder {
                    below.push(entry.path);
                }
            }
            folders.extend(below.into_iter().rev());
        }
        Ok(())
    }

    async fn visit(&mut self, entry: &Entry) {
        let before = self.hits.len();
        if self.names && self.fits(entry.path.name()) {
            self.hit(json!({ "path": entry.path.as_str() }));
        }
        match entry.kind {
            FileKind::Link => self.skipped.links += 1,
            FileKind::Other => self.skipped.special += 1,
            FileKind::Folder => {}
            FileKind::File => {
                self.searched += 1;
                if self.contents {
                    self.look_into(entry).await;
                }
            }
        }
        self.matched += u64::from(self.hits.len() > before);
    }

    async fn look_into(&mut self, entry: &Entry) {
        if entry.size == 0 {
            return;
        }
        if entry.size > LARGEST {
            self.skipped.large += 1;
            return;
        }
        let Ok(Piece { mut bytes, .. }) = self.files.read(entry.path.clone(), 0, PEEK).await else {
            self.skipped.unreadable += 1;
            return;
        };
        let ended = bytes.len() as u64 >= entry.size;
        if text_of(&bytes, true, ended).is_none() {
            self.skipped.binary += 1;
            return;
        }
        if !ended {
            let rest = usize::try_from(LARGEST).unwrap_or(usize::MAX) - bytes.len();
            match self.files.read(entry.path.clone(), bytes.len() as u64, rest).await {
                Ok(more) => bytes.extend(more.bytes),
                Err(_) => self.skipped.unreadable += 1,
            }
        }
        self.bytes += bytes.len() as u64;
        if self.bytes > MOST_BYTES {
            self.ended = Some("more than 2 GiB of text");
        }
        match text_of(&bytes, true, true) {
            Some((text, _)) => self.look_through(&entry.path, text),
            None => self.skipped.binary += 1,
        }
    }

    fn look_through(&mut self, path: &FilePath, text: &str) {
        // Most files have no hit at all: that is found out in one pass, without going by lines.
        if !self.fits(text) {
            return;
        }
        let mut found = 0;
        for (index, line) in text.lines().enumerate() {
            if self.fits(line) {
                found += 1;
                if found > MOST_IN_FILE || self.ended.is_some() {
                    return;
                }
                self.hit(json!({ "path": path.as_str(), "line": index + 1, "text": self.around(line) }));
            }
        }
    }

    fn fits(&self, text: &str) -> bool {
        if self.match_case { text.contains(&self.needle) } else { text.to_lowercase().contains(&self.needle) }
    }

    fn hit(&mut self, hit: Value) {
        if self.hits.len() < self.most {
            self.hits.push(hit);
        } else {
            self.ended = Some("as many hits as were asked for");
        }
    }

    /// Cuts a long line to what lies around the hit.
    fn around(&self, line: &str) -> String {
        let line = line.trim();
        let length = line.chars().count();
        if length <= SHOWN_LINE {
            return line.to_owned();
        }
        let lower = if self.match_case { line.to_owned() } else { line.to_lowercase() };
        let before = lower.find(&self.needle).map_or(0, |at| lower[..at].chars().count());
        let from = before.saturating_sub(SHOWN_LINE / 2).min(length - SHOWN_LINE);
        let piece: String = line.chars().skip(from).take(SHOWN_LINE).collect();
        let (head, tail) = (if from > 0 { "…" } else { "" }, if from + SHOWN_LINE < length { "…" } else { "" });
        format!("{head}{piece}{tail}")
    }
}
