//! Changing: every change goes through the session's journal and can be undone.

use std::collections::BTreeSet;

use async_trait::async_trait;
use cowork_core::{
    Change, Changed, Clash, Effects, Error, FilePath, Kind, Known, Label, Preview, Result, ToolContext, ToolOutput,
    TypedTool, Write,
};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::show::{check_size, count, folder_of, folders, label, list, shown, touched, transfer};

/// How many of the changes that went otherwise are named; the count says how many there were.
const MOST_OTHERWISE: usize = 1_000;
const WRITE_AT_MOST: usize = 16 * 1024 * 1024;

/// What to do with a file that is there already.
#[derive(Clone, Copy, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum IfExists {
    /// Leave it as it is and write nothing.
    #[default]
    Skip,
    /// Write the new one under a numbered name.
    Number,
    /// Replace it; undo gives it back.
    Replace,
}

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

pub(crate) struct WriteFile;

/// The arguments of `write_file`.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct WriteArgs {
    /// The file: `Documents/report.md`. Missing folders are made.
    path: FilePath,
    /// Its whole content.
    text: String,
    /// What to do if there is such a file already; `skip` if left out.
    #[serde(default)]
    if_exists: IfExists,
}

#[async_trait]
impl TypedTool for WriteFile {
    type Args = WriteArgs;
    const NAME: &'static str = "write_file";
    const ABOUT: &'static str = "Writes a text file (UTF-8), new or in place of the old one. Gives `made` (0 or 1) and `otherwise`, where it \
        went otherwise than asked.";

    fn effects(&self, args: &WriteArgs) -> Result<Effects> {
        let folder = folder_of("write file", &args.path)?;
        if args.text.len() > WRITE_AT_MOST {
            let why = format!("the text is {} bytes long; at most {WRITE_AT_MOST} can be written", args.text.len());
            return Err(Error::new(Kind::LimitExceeded, "write file", why));
        }
        let replaces = matches!(args.if_exists, IfExists::Replace);
        let notes = if replaces { vec!["a file of that name is replaced".to_owned()] } else { Vec::new() };
        let title = format!("write {} ({})", shown(args.path.as_str()), count(args.text.len(), "byte"));
        // A numbered name is not known before: then the folder is what is touched.
        let path = if matches!(args.if_exists, IfExists::Number) { folder } else { args.path.clone() };
        Ok(Effects::changes([path]).showing(Preview { title, notes, ..Preview::default() }))
    }

    async fn run(&self, args: WriteArgs, ctx: ToolContext) -> Result<ToolOutput> {
        let clash = match args.if_exists {
            IfExists::Skip => Clash::Skip,
            IfExists::Number => Clash::Number,
            IfExists::Replace => Clash::Replace,
        };
        let label = Label::file(args.path.as_str());
        let change =
            Change::Write(Write { clash, known: Known::Nothing, ..Write::new(args.path, args.text.into_bytes()) });
        make(&ctx, vec![change], "file", "written", label).await
    }
}

pub(crate) struct MakeFolder;

/// The arguments of `make_folder`.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct FolderArgs {
    /// The folder: `Documents/2026/March`. Those above it are made too; one that is there already is fine.
    path: FilePath,
}

#[async_trait]
impl TypedTool for MakeFolder {
    type Args = FolderArgs;
    const NAME: &'static str = "make_folder";
    const ABOUT: &'static str = "Makes a folder, and those above it. One that is there already is fine.";

    fn effects(&self, args: &FolderArgs) -> Result<Effects> {
        folder_of("make folder", &args.path)?;
        let title = format!("make the folder {}", shown(args.path.as_str()));
        Ok(Effects::changes([args.path.clone()]).showing(Preview { title, ..Preview::default() }))
    }

    async fn run(&self, args: FolderArgs, ctx: ToolContext) -> Result<ToolOutput> {
        let label = Label::file(args.path.as_str());
        make(&ctx, vec![Change::MakeFolder { path: args.path }], "folder", "made", label).await
    }
}

/// From where to where.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Pair {
    /// What: `Downloads/scan.pdf`.
    from: FilePath,
    /// Its new path: `Downloads/Documents/scan.pdf`. Missing folders are made.
    to: FilePath,
}

pub(crate) struct MoveFiles;

/// The arguments of `move_files`.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct MoveArgs {
    /// The moves, made in order; up to 100,000.
    #[schemars(length(min = 1, max = 100_000))]
    moves: Vec<Pair>,
    /// What to do when a new name is taken; `skip` if left out.
    #[serde(default)]
    if_taken: IfTaken,
}

#[async_trait]
impl TypedTool for MoveFiles {
    type Args = MoveArgs;
    const NAME: &'static str = "move_files";
    const ABOUT: &'static str = "Moves or renames files and folders, as one batch that can be undone. Gives `made` and `otherwise`: those left \
        out, or made under another name, each with `index`, `path`, `renamed` and `reason`.";

    fn effects(&self, args: &MoveArgs) -> Result<Effects> {
        check_size("move files", args.moves.len())?;
        let mut from = BTreeSet::new();
        for pair in &args.moves {
            folder_of("move files", &pair.from)?;
            folder_of("move files", &pair.to)?;
            if pair.to != pair.from && pair.to.is_within(&pair.from) {
                let why = format!("`{}` can't be moved into itself", shown(pair.from.as_str()));
                return Err(Error::new(Kind::InvalidInput, "move files", why));
            }
            if !from.insert(&pair.from) {
                let why = format!("`{}` is to be moved twice", shown(pair.from.as_str()));
                return Err(Error::new(Kind::InvalidInput, "move files", why));
            }
        }
        let both = || args.moves.iter().flat_map(|m| [&m.from, &m.to]);
        Ok(Effects::changes(touched_by(both, args.moves.len(), args.if_taken))
            .showing(numbering(transfer("move", &pairs(&args.moves)), args.if_taken)))
    }

    async fn run(&self, args: MoveArgs, ctx: ToolContext) -> Result<ToolOutput> {
        let label = label(folders(args.moves.iter().map(|m| &m.from)));
        let clash = args.if_taken.into();
        let changes = args.moves.into_iter().map(|m| Change::Move { from: m.from, to: m.to, clash }).collect();
        make(&ctx, changes, "file", "moved", label).await
    }
}

pub(crate) struct CopyFiles;

/// The arguments of `copy_files`.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CopyArgs {
    /// The copies, made in order; up to 100,000. Only files can be copied.
    #[schemars(length(min = 1, max = 100_000))]
    copies: Vec<Pair>,
    /// What to do when a new name is taken; `skip` if left out.
    #[serde(default)]
    if_taken: IfTaken,
}

#[async_trait]
impl TypedTool for CopyFiles {
    type Args = CopyArgs;
    const NAME: &'static str = "copy_files";
    const ABOUT: &'static str = "Copies files, as one batch that can be undone. Gives `made` and `otherwise`: those left out, or made under \
        another name, each with `index`, `path`, `renamed` and `reason`.";

    fn effects(&self, args: &CopyArgs) -> Result<Effects> {
        check_size("copy files", args.copies.len())?;
        for pair in &args.copies {
            folder_of("copy files", &pair.to)?;
        }
        let targets = || args.copies.iter().map(|c| &c.to);
        let sources: Vec<&FilePath> = args.copies.iter().map(|c| &c.from).collect();
        Ok(Effects::changes(touched_by(targets, args.copies.len(), args.if_taken))
            .and_reads(touched(&sources))
            .showing(numbering(transfer("copy", &pairs(&args.copies)), args.if_taken)))
    }

    async fn run(&self, args: CopyArgs, ctx: ToolContext) -> Result<ToolOutput> {
        let label = label(folders(args.copies.iter().map(|c| &c.from)));
        let clash = args.if_taken.into();
        let changes = args.copies.into_iter().map(|c| Change::Copy { from: c.from, to: c.to, clash }).collect();
        make(&ctx, changes, "file", "copied", label).await
    }
}

pub(crate) struct SetAside;

/// The arguments of `set_aside`.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct AsideArgs {
    /// The files and folders; up to 100,000.
    #[schemars(length(min = 1, max = 100_000))]
    paths: Vec<FilePath>,
}

#[async_trait]
impl TypedTool for SetAside {
    type Args = AsideArgs;
    const NAME: &'static str = "set_aside";
    const ABOUT: &'static str = "Takes files and folders out of the way: they leave the folder and are kept until the task is undone. Nothing \
        is deleted for good. Gives `made` and `otherwise`.";

    fn effects(&self, args: &AsideArgs) -> Result<Effects> {
        check_size("set aside", args.paths.len())?;
        for path in &args.paths {
            folder_of("set aside", path)?;
        }
        let paths: Vec<&FilePath> = args.paths.iter().collect();
        let title = format!("set aside {}", count(paths.len(), "file"));
        Ok(Effects::changes(touched(&paths)).showing(list(title, &paths)))
    }

    async fn run(&self, args: AsideArgs, ctx: ToolContext) -> Result<ToolOutput> {
        let label = label(folders(&args.paths));
        let changes = args.paths.into_iter().map(|path| Change::SetAside { path }).collect();
        make(&ctx, changes, "file", "set aside", label).await
    }
}

fn pairs(pairs: &[Pair]) -> Vec<(&FilePath, &FilePath)> {
    pairs.iter().map(|p| (&p.from, &p.to)).collect()
}

/// Names what a batch touches: the paths themselves, or the folders where a number can make another name of it.
fn touched_by<'a, I>(paths: impl Fn() -> I, size: usize, if_taken: IfTaken) -> BTreeSet<FilePath>
where
    I: Iterator<Item = &'a FilePath>,
{
    match if_taken {
        IfTaken::Skip if size <= 50 => touched(&paths().collect::<Vec<_>>()),
        _ => folders(paths()),
    }
}

fn numbering(mut preview: Preview, if_taken: IfTaken) -> Preview {
    let outcome = match if_taken {
        IfTaken::Skip => "they are left where they are",
        IfTaken::Number => "they get a number",
    };
    for note in preview.notes.iter_mut().filter(|n| n.contains("clash")) {
        note.push_str(": ");
        note.push_str(outcome);
    }
    preview
}

/// Makes the changes and says what came of them.
async fn make(ctx: &ToolContext, changes: Vec<Change>, thing: &str, done: &str, label: Label) -> Result<ToolOutput> {
    let asked = changes.len();
    let Changed { made, otherwise } = ctx.files()?.change(changes, ctx.watch.clone()).await?;
    let renamed = otherwise.iter().filter(|o| o.renamed.is_some()).count();
    let left = otherwise.len() - renamed;
    let mut note = format!("{} {done}", count(usize::try_from(made).unwrap_or(asked), thing));
    if renamed > 0 {
        note.push_str(&format!(", {renamed} under another name"));
    }
    if left > 0 {
        note.push_str(&format!(", {left} left as they were"));
    }
    let named: Vec<Value> = otherwise.iter().take(MOST_OTHERWISE).map(|o| json!(o)).collect();
    let value = json!({ "made": made, "renamed": renamed, "left": left, "otherwise": named });
    Ok(ToolOutput { value, note, label })
}
