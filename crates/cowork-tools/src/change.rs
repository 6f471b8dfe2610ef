//! Changing: every change goes through the session's journal and can be undone.

mod copies;
pub(crate) mod folders;
mod mode;
mod moves;

use std::collections::HashMap;

use async_trait::async_trait;
use cowork_core::{
    Change, Changed, Clash, Effects, Error, FileKind, FilePath, Kind, Label, Otherwise, Preview, Result, Still,
    ToolContext, ToolOutput, TypedTool,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

pub(crate) use self::{
    copies::CopyFiles,
    mode::{SetMode, letters, parse_mode},
    moves::MoveFiles,
};
use crate::show::{check_size, count, folder_of, folders, label, list, shown, touched};

/// How many of the changes that went otherwise are named; the count says how many there were.
const MOST_OTHERWISE: usize = 300;
/// So many reasons are told apart.
const MOST_REASONS: usize = 10;
/// So many of them are told in the sentence.
const MOST_TOLD: usize = 3;

/// What to do when a target's name is taken.
#[derive(Clone, Copy, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum IfTaken {
    /// Leave both as they are.
    #[default]
    Skip,
    /// Give the new one a number: `scan (2).pdf`.
    Number,
}

impl From<IfTaken> for Clash {
    fn from(choice: IfTaken) -> Self {
        match choice {
            IfTaken::Skip => Self::Skip,
            IfTaken::Number => Self::Number,
        }
    }
}

pub(crate) struct MakeFolder;

/// The arguments of `make_folder`.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(extend("x-seldom" = true))]
pub(crate) struct FolderArgs {
    /// The folder: `Documents/2026/March`. Those above it are made too; one that is there already is fine.
    path: FilePath,
}

#[async_trait]
impl TypedTool for MakeFolder {
    type Args = FolderArgs;
    const NAME: &'static str = "make_folder";
    const ABOUT: &'static str =
        "Makes an empty folder, and those above it. What writes or moves files makes the folders that are missing.";

    fn effects(&self, args: &FolderArgs) -> Result<Effects> {
        folder_of("make folder", &args.path)?;
        let title = format!("make the folder {}", shown(args.path.as_str()));
        Ok(Effects::changes([args.path.clone()]).showing(Preview { title, ..Preview::default() }))
    }

    async fn run(&self, args: FolderArgs, ctx: ToolContext) -> Result<ToolOutput> {
        let label = Label::file(args.path.as_str());
        let fix = "take another name, or move what is there first";
        one(&ctx, Change::MakeFolder { path: args.path, mode: None }, fix).await?;
        Ok(told(&Changed { made: 1, otherwise: Vec::new() }, "folder", "made", label))
    }
}

pub(crate) struct SetAside;

/// The arguments of `set_aside`.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct AsideArgs {
    /// The files and folders.
    #[schemars(length(min = 1, max = 100_000))]
    paths: Vec<FilePath>,
    /// What was changed after this moment, in milliseconds since 1970, is left; so is a folder in which anything was.
    #[schemars(extend("x-seldom" = true))]
    unchanged_since: Option<i64>,
    /// Where they are copies: of each, in the order of `paths`, the file that stays. A copy of one that is not as it was then is left.
    #[serde(default)]
    #[schemars(extend("x-seldom" = true))]
    copies_of: Vec<FilePath>,
}

impl AsideArgs {
    /// Gives what must still be so of each: nothing of any, or something of all.
    fn still(&self) -> Result<impl Iterator<Item = Option<Still>>> {
        let (copies, paths, since) = (self.copies_of.len(), self.paths.len(), self.unchanged_since);
        let why = match since {
            None if copies > 0 => "`copies_of` is given without `unchanged_since`".to_owned(),
            _ if self.paths.iter().zip(&self.copies_of).any(|(path, stays)| path == stays) => {
                "a file is given as the copy of itself".to_owned()
            }
            Some(_) if copies > 0 && copies != paths => {
                format!("`copies_of` has {}, `paths` {paths}", count(copies, "file"))
            }
            _ => {
                let copied = self.copies_of.iter().map(Some).chain(std::iter::repeat(None));
                let still = move |copied: Option<&FilePath>| {
                    since.map(|unchanged_since| Still { unchanged_since, copy_of: copied.cloned() })
                };
                return Ok(copied.map(still));
            }
        };
        Err(Error::new(Kind::InvalidInput, "set aside", why)
            .with_fix("give both, with a file that stays for each path"))
    }
}

#[async_trait]
impl TypedTool for SetAside {
    type Args = AsideArgs;
    const NAME: &'static str = "set_aside";
    const ABOUT: &'static str = "Takes files and folders away, instead of deleting them: `restore_files` or undoing the task brings them back.\n\nGives `made` and \
        `otherwise`: those left, each with `index`, `path` and `reason`.";

    fn effects(&self, args: &AsideArgs) -> Result<Effects> {
        check_size("set aside", args.paths.len())?;
        for path in &args.paths {
            folder_of("set aside", path)?;
        }
        args.still().map(drop)?;
        let paths: Vec<&FilePath> = args.paths.iter().collect();
        let title = format!("set aside {}", count(paths.len(), "file"));
        let copied: Vec<&FilePath> = args.copies_of.iter().collect();
        Ok(Effects::changes(touched(&paths)).and_reads(touched(&copied)).showing(list(title, &paths)))
    }

    async fn run(&self, args: AsideArgs, ctx: ToolContext) -> Result<ToolOutput> {
        let label = label(folders(args.paths.iter().chain(&args.copies_of)));
        let aside = |(path, still): (&FilePath, _)| Change::SetAside { path: path.clone(), still };
        let changes = args.paths.iter().zip(args.still()?).map(aside).collect();
        make(&ctx, changes, "file", "set aside", label).await
    }
}

pub(crate) struct RestoreFiles;

/// The arguments of `restore_files`.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(extend("x-seldom" = true))]
pub(crate) struct RestoreArgs {
    /// Where they were before this task set them aside; up to 100,000.
    #[schemars(length(min = 1, max = 100_000))]
    paths: Vec<FilePath>,
}

#[async_trait]
impl TypedTool for RestoreFiles {
    type Args = RestoreArgs;
    const NAME: &'static str = "restore_files";
    const ABOUT: &'static str = "Brings back what this task set aside: files and folders, to where they were. One whose place is taken by now is \
        left aside.\n\nGives `made` and `otherwise`: those not brought back, each with `index`, `path` and `reason`.";

    fn effects(&self, args: &RestoreArgs) -> Result<Effects> {
        check_size("restore files", args.paths.len())?;
        for path in &args.paths {
            folder_of("restore files", path)?;
        }
        let paths: Vec<&FilePath> = args.paths.iter().collect();
        let title = format!("bring back {} that it set aside", count(paths.len(), "file"));
        Ok(Effects::changes(touched(&paths)).showing(list(title, &paths)))
    }

    async fn run(&self, args: RestoreArgs, ctx: ToolContext) -> Result<ToolOutput> {
        let label = label(folders(&args.paths));
        let changes = args.paths.into_iter().map(|path| Change::Restore { path }).collect();
        make(&ctx, changes, "file", "brought back", label).await
    }
}

/// Makes the changes and says what came of them.
async fn make(ctx: &ToolContext, changes: Vec<Change>, thing: &str, done: &str, label: Label) -> Result<ToolOutput> {
    let changed = ctx.files()?.change(changes, ctx.watch.clone()).await?;
    Ok(told(&changed, thing, done, label))
}

/// What to do where there is no permission.
pub(crate) const LET: &str = "let your user change what is there (its owner and permissions), or choose another folder";

/// Makes one change. If it is left out, that is the call's error: `Conflict`, with the next step that goes with the reason;
/// `fix` where nothing more is known.
pub(crate) async fn one(ctx: &ToolContext, change: Change, fix: &str) -> Result<Changed> {
    let files = ctx.files()?;
    let changed = files.change(vec![change], ctx.watch.clone()).await?;
    let Some(Otherwise { renamed: None, path, reason, .. }) = changed.otherwise.first() else { return Ok(changed) };
    // What the reason says of it may be told by looking at the file; that it was changed or not read, is told by neither.
    let there = files.stat(path.clone()).await;
    let unread = reason.contains("read") && !reason.contains("already");
    let own = match &there {
        _ if reason.contains("permission") => Some(LET),
        _ if reason.contains("while it was being read") => Some("try again"),
        _ if unread || reason.contains("half of its content") || reason.contains("already") => None,
        Ok(entry) if entry.kind == FileKind::File && entry.mode & 0o222 == 0 => {
            Some("let it be written to with `set_mode` (`rw-r--r--`), then try again")
        }
        Ok(entry) if entry.kind == FileKind::File && entry.links > 1 => Some(
            "copy it with `copy_files`, change the copy, and `set_aside` this name if the copy is to take its place; or give this name \
             alone the whole new content with `write_file` and `even_unread`",
        ),
        Ok(_) => Some("do what the reason says, then try again; or write it under another name"),
        Err(_) => Some("choose another path: a shorter name, in a folder that is there or can be made"),
    };
    Err(Error::new(Kind::Conflict, "change files", reason.clone())
        .with("path", path.as_str())
        .with_fix(own.unwrap_or(fix).to_owned()))
}

/// Says what came of changes.
pub(crate) fn told(changed: &Changed, thing: &str, done: &str, label: Label) -> ToolOutput {
    let Changed { made, otherwise } = changed;
    let renamed = otherwise.iter().filter(|o| o.renamed.is_some()).count();
    let left = otherwise.len() - renamed;
    let mut note = format!("{} {done}", count(usize::try_from(*made).unwrap_or(usize::MAX), thing));
    if renamed > 0 {
        note.push_str(&format!(", {renamed} under another name"));
    }
    if left > 0 {
        note.push_str(&format!(", {left} left as they were"));
    }
    let (left_out, others): (Vec<&Otherwise>, Vec<&Otherwise>) = otherwise.iter().partition(|o| o.renamed.is_none());
    let left_at = spans(&left_out);
    let reasons = reasons(&left_out);
    let told = not_done(left, &reasons);
    let named: Vec<Value> = left_out.into_iter().chain(others).take(MOST_OTHERWISE).map(|o| json!(o)).collect();
    let value = json!({
        "made": made, "renamed": renamed, "left": left, "left_at": left_at, "reasons": reasons, "told": told, "otherwise": named,
    });
    ToolOutput { value, note, label }
}

/// Says in a sentence how many were left out, and why; nothing if none was.
fn not_done(left: usize, reasons: &[Reason]) -> String {
    if left == 0 {
        return String::new();
    }
    let why = |one: &Reason| match one.files - 1 {
        0 => one.why.clone(),
        others => format!("{} (and {} more like it)", one.why, grouped(others)),
    };
    let told: Vec<String> = reasons.iter().take(MOST_TOLD).map(why).collect();
    let others = if reasons.len() > MOST_TOLD { "; and for other reasons" } else { "" };
    format!("Not done: {}, because {}{others}.", grouped(left as u64), told.join("; "))
}

/// Writes a number as people read it: `12,345`.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mark = |at: usize| if at > 0 && (digits.len() - at).is_multiple_of(3) { "," } else { "" };
    digits.char_indices().map(|(at, digit)| format!("{}{digit}", mark(at))).collect()
}

/// Gives the places of changes that were left out: of each run of them the first, and that after the last.
fn spans(left_out: &[&Otherwise]) -> Vec<[u64; 2]> {
    let mut spans: Vec<[u64; 2]> = Vec::new();
    for one in left_out {
        match spans.last_mut() {
            Some([_, end]) if *end == one.index => *end += 1,
            _ => spans.push([one.index, one.index + 1]),
        }
    }
    spans
}

/// Says why changes were left out: each reason as it was given first, and how many have it, those of most first. Reasons are one where
/// they differ only in the names that stand in them.
fn reasons(left_out: &[&Otherwise]) -> Vec<Reason> {
    let mut seen: HashMap<String, (usize, u64, &str)> = HashMap::new();
    for (at, one) in left_out.iter().enumerate() {
        let key = one.reason.split('`').step_by(2).collect::<Vec<_>>().join("`");
        seen.entry(key).or_insert((at, 0, &one.reason)).1 += 1;
    }
    let mut reasons: Vec<(usize, u64, &str)> = seen.into_values().collect();
    reasons.sort_by_key(|(at, number, _)| (std::cmp::Reverse(*number), *at));
    let told = |(_, files, why): (usize, u64, &str)| Reason {
        files,
        why: why.to_owned(),
        fix: if why.contains("permission") { LET } else { "see to that, then try again" },
    };
    reasons.into_iter().take(MOST_REASONS).map(told).collect()
}

/// Why changes were left out.
#[derive(Serialize)]
struct Reason {
    files: u64,
    why: String,
    /// What to do about it.
    fix: &'static str,
}
