//! New names for the files of a folder, worked out by a rule. Nothing is renamed here.

mod dates;
mod renames;
mod rule;

use std::{collections::HashMap, sync::Arc};

use async_trait::async_trait;
use cowork_core::{
    Effects, Entry, Error, FileKind, FilePath, Files, Kind, Label, Result, ToolContext, ToolOutput, TypedTool, Watch,
};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};

use self::{
    dates::Believed,
    renames::{Known, Renames},
    rule::{By, Rule},
};
use crate::{
    category,
    look::{be_folder, first_by_name, looking},
    look_info,
    show::{count, shown},
};

const OP: &str = "work out names";
/// So many entries are looked at.
const MOST_LOOKED_AT: usize = 1_000_000;
/// So many new names are given at most: that many changes fit into one call.
const MOST_GIVEN: u32 = 100_000;
/// So many files are asked for their dates at a time.
const AT_ONCE: usize = 10_000;

pub(crate) struct SuggestNames;

/// The arguments of `suggest_names`.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NamesArgs {
    /// The folder whose files get new names: `Downloads/scans`. Those in folders within it don't.
    folder: FilePath,
    /// The rule: `tidy` (the usual), `slug`, `lower`, `upper`, `title`, `replace`, `number`, `date` or `pattern`.
    #[serde(default)]
    by: By,
    /// With `pattern`: the words `{name}`, `{date}`, `{year}`, `{month}`, `{day}` and `{number}` with what is to stand between them:
    /// `{date}_{name}`. The extension stays.
    #[serde(default)]
    #[schemars(length(max = 1_000))]
    pattern: String,
    /// With `replace`: the text that becomes another, as it stands.
    #[serde(default)]
    #[schemars(length(max = 1_000))]
    find: String,
    /// With `replace`: what it becomes; nothing if left out.
    #[serde(default)]
    #[schemars(length(max = 1_000))]
    with: String,
    /// The first number, up to 1,000,000,000; 1 if left out.
    #[serde(default = "one")]
    #[schemars(range(min = 0, max = 1_000_000_000))]
    start: i64,
    /// The most moves to give, up to 100,000; 200 if left out. Numbers are those among all: ask for all that are to be made.
    #[serde(default = "usual")]
    #[schemars(range(min = 1, max = 100_000))]
    most: u32,
}

fn one() -> i64 {
    1
}

fn usual() -> u32 {
    200
}

impl NamesArgs {
    fn rule(&self) -> Result<Rule> {
        Rule::new(self.by, &self.pattern, &self.find, &self.with)
    }
}

#[async_trait]
impl TypedTool for SuggestNames {
    type Args = NamesArgs;
    const NAME: &'static str = "suggest_names";
    const ABOUT: &'static str = "Works out new names for the files directly in a folder by a rule, and renames nothing: `moves`, each with `from` and \
        `to`, are what to give to move_files, in an order in which each name is free. What belongs together (a photo and its settings, a film \
        and its subtitles) keeps one name. A date is the one that a photo or PDF says of itself, else the one in the name, else that of the last change \
        (how many have only that is `undated`). Gives also how many files there are (`count`), how many `stay` by reason, and `project`: what marks \
        the folder as that of a project, in which nothing should be renamed, or null. If there are `more` moves than were asked for, ask again once these are made.";

    fn effects(&self, args: &NamesArgs) -> Result<Effects> {
        args.rule()?;
        Ok(looking("work out names in", &args.folder))
    }

    async fn run(&self, args: NamesArgs, ctx: ToolContext) -> Result<ToolOutput> {
        let (label, rule) = (Label::file(args.folder.as_str()), args.rule()?);
        let files = ctx.files()?;
        be_folder(&*files, &args.folder, OP).await?;
        let listed = first_by_name(&files, &args.folder, MOST_LOOKED_AT, &ctx.watch).await?;
        let number = listed.all.saturating_sub(listed.folders);
        if number > u64::from(MOST_GIVEN) && rule.numbers() {
            let why =
                format!("`{}` holds {number} files, more than can be numbered at once", shown(args.folder.as_str()));
            let fix = "divide them over several folders first, of up to 100,000";
            return Err(Error::new(Kind::LimitExceeded, OP, why).with_fix(fix));
        }
        let mut value = json!({ "count": number, "more": listed.more, "moves": [], "stay": {}, "undated": 0 });
        value["project"] = json!(category::project(&listed.entries));
        if !value["project"].is_null() {
            value["stay"]["files of a project"] = json!(number);
            return Ok(ToolOutput { value, note: "the folder of a project".to_owned(), label });
        }
        let believed = Believed::at(ctx.runtime.now().as_millis());
        let said = match rule.dates() {
            true => said(&files, &listed.entries, &believed, &ctx.watch).await?,
            false => HashMap::new(),
        };
        let known = Known { said: &said, believed: &believed, start: args.start.clamp(0, 1_000_000_000) };
        let renames = Renames::of(&listed.entries, &rule, &known, args.most.clamp(1, MOST_GIVEN) as usize);
        value["more"] = json!(listed.more || renames.more);
        let note = format!("{} of {}", count(renames.names.len(), "new name"), number);
        let (folder, moves) = (args.folder.as_str(), renames.names.into_iter());
        let moves =
            moves.map(|(old, new)| json!({ "from": format!("{folder}/{old}"), "to": format!("{folder}/{new}") }));
        value["moves"] = Value::Array(moves.collect());
        value["stay"] = json!(renames.stay);
        value["undated"] = json!(renames.undated);
        Ok(ToolOutput { value, note, label })
    }
}

/// Gives the dates that photos and PDF files say of themselves, by their places; those that can't be right are left out.
async fn said(
    files: &Arc<dyn Files>,
    entries: &[Entry],
    believed: &Believed,
    watch: &Watch,
) -> Result<HashMap<usize, String>> {
    let asked = |e: &Entry| e.kind == FileKind::File && !e.placeholder && category::is_dated(e.path.name());
    let places: Vec<usize> = (0..entries.len()).filter(|at| asked(&entries[*at])).collect();
    let mut dates = HashMap::new();
    for places in places.chunks(AT_ONCE) {
        let paths = places.iter().map(|at| entries[*at].path.clone()).collect();
        for (at, metadata) in places.iter().zip(look_info::said(files, paths, watch).await?) {
            let told = ["taken", "created", "changed"].iter().find_map(|key| metadata[*key].as_str());
            let day = told.and_then(|told| told.get(..10)).filter(|day| believed.is(day));
            day.map(|day| dates.insert(*at, day.to_owned()));
        }
    }
    Ok(dates)
}
