//! Moving and renaming.

use std::collections::{BTreeSet, HashSet};

use async_trait::async_trait;
use cowork_core::{
    Change, Changed, Effects, Error, FilePath, Kind, Preview, Result, ToolContext, ToolOutput, TypedTool,
};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::json;

use super::{IfTaken, told};
use crate::show::{check_size, folder_of, folders, label, shown, touched, transfer};

/// From where to where.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Pair {
    /// What: `Downloads/scan.pdf`.
    pub(super) from: FilePath,
    /// Its new path: `Downloads/Documents/scan.pdf`. Missing folders are made.
    pub(super) to: FilePath,
}

/// From where to where, of one or of several.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Move {
    /// `Downloads/scan.pdf`; with `names` the folder: `Downloads`.
    from: FilePath,
    /// Its new path, `Downloads/Old/scan.pdf`; with `names` the new folder. Missing folders are made.
    to: FilePath,
    /// The names of several in the folder `from`.
    #[serde(default)]
    #[schemars(length(min = 1, max = 100_000))]
    names: Option<Vec<String>>,
}

pub(crate) struct MoveFiles;

/// The arguments of `move_files`.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct MoveArgs {
    /// The moves, in order.
    #[schemars(length(min = 1, max = 100_000))]
    moves: Vec<Move>,
    /// When a new name is taken: `skip` it (the usual), or `number` it, `scan (2).pdf`.
    #[serde(default)]
    if_taken: IfTaken,
}

#[async_trait]
impl TypedTool for MoveFiles {
    type Args = MoveArgs;
    const NAME: &'static str = "move_files";
    const ABOUT: &'static str = "Moves or renames files and folders, as one batch that can be undone.\n\nGives `made`, how many were `left`, for which \
        `reasons` (`files`, `why`, `fix`), in a sentence as `told`, where among the moves as `left_at` (of each run the first place, from 0, and that after the last), and `otherwise`: those left out, or made under another name, each \
        with `index`, `path`, `renamed` and `reason` (the first 300). Many of one folder are told in one move, by their `names`: places then count one by one, and \
        `each` is how many were made of each move.";

    fn effects(&self, args: &MoveArgs) -> Result<Effects> {
        let moves = one_by_one(&args.moves)?;
        let mut from = HashSet::with_capacity(moves.len());
        for pair in &moves {
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
        let both = || moves.iter().flat_map(|m| [&m.from, &m.to]);
        Ok(Effects::changes(touched_by(both, moves.len(), args.if_taken)).showing(with_clashes(
            transfer("move", &pairs(&moves)),
            &moves,
            args.if_taken,
        )))
    }

    async fn run(&self, args: MoveArgs, ctx: ToolContext) -> Result<ToolOutput> {
        let moves = one_by_one(&args.moves)?;
        let label = label(folders(moves.iter().map(|m| &m.from)));
        let clash = args.if_taken.into();
        let changes = moves.into_iter().map(|m| Change::Move { from: m.from, to: m.to, clash }).collect();
        let changed = ctx.files()?.change(changes, ctx.watch.clone()).await?;
        let mut output = told(&changed, "file", "moved", label);
        if args.moves.iter().any(|one| one.names.is_some()) {
            output.value["each"] = json!(each(&args.moves, &changed));
        }
        Ok(output)
    }
}

/// Gives the moves of single files and folders.
fn one_by_one(moves: &[Move]) -> Result<Vec<Pair>> {
    check_size("move files", moves.iter().map(Move::size).sum())?;
    let mut pairs = Vec::with_capacity(moves.len());
    for one in moves {
        let Some(names) = &one.names else {
            pairs.push(Pair { from: one.from.clone(), to: one.to.clone() });
            continue;
        };
        for name in names {
            if name.is_empty() || name.contains('/') {
                let why = format!("`{}` is not one name", shown(name));
                return Err(Error::new(Kind::InvalidInput, "move files", why).with_fix("give the folder as `from`"));
            }
            pairs.push(Pair { from: one.from.join(name)?, to: one.to.join(name)? });
        }
    }
    Ok(pairs)
}

/// Counts for each move how many were made of it.
fn each(moves: &[Move], changed: &Changed) -> Vec<u64> {
    let mut left = changed.otherwise.iter().filter(|o| o.renamed.is_none()).map(|o| o.index).peekable();
    let mut end = 0;
    let made = |one: &Move| {
        let size = one.size() as u64;
        end += size;
        let lost = std::iter::from_fn(|| left.next_if(|at| *at < end)).count() as u64;
        size - lost
    };
    moves.iter().map(made).collect()
}

impl Move {
    fn size(&self) -> usize {
        self.names.as_ref().map_or(1, Vec::len)
    }
}

pub(super) fn pairs(pairs: &[Pair]) -> Vec<(&FilePath, &FilePath)> {
    pairs.iter().map(|p| (&p.from, &p.to)).collect()
}

/// Names what a batch touches: the paths themselves, or the folders where a number can make another name of it.
pub(super) fn touched_by<'a, I>(paths: impl Fn() -> I, size: usize, if_taken: IfTaken) -> BTreeSet<FilePath>
where
    I: Iterator<Item = &'a FilePath>,
{
    match if_taken {
        IfTaken::Skip if size <= 50 => touched(&paths().collect::<Vec<_>>()),
        _ => folders(paths()),
    }
}

/// Says what becomes of names that clash, in one folder or, on a disk that ignores capitals, with one that differs in them alone.
pub(super) fn with_clashes(mut preview: Preview, pairs: &[Pair], if_taken: IfTaken) -> Preview {
    let outcome = match if_taken {
        IfTaken::Skip => "they are left where they are",
        IfTaken::Number => "they get a number",
    };
    for note in preview.notes.iter_mut().filter(|n| n.contains("clash")) {
        note.push_str(": ");
        note.push_str(outcome);
    }
    let exact: BTreeSet<&str> = pairs.iter().map(|p| p.to.as_str()).collect();
    let folded: BTreeSet<String> = exact.iter().map(|to| to.to_lowercase()).collect();
    if folded.len() < exact.len() {
        let (twins, names) =
            (exact.len() - folded.len(), if exact.len() - folded.len() == 1 { "name differs" } else { "names differ" });
        preview.notes.push(format!(
            "{twins} {names} from another of these in capitals alone: on a disk that ignores capitals {outcome}"
        ));
    }
    preview
}
