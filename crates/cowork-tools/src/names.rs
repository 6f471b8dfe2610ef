//! New names for the files of a folder, worked out by a rule. Nothing is renamed here.

mod renames;
mod rule;

use async_trait::async_trait;
use cowork_core::{Effects, Error, FilePath, Kind, Label, Result, ToolContext, ToolOutput, TypedTool};
use globset::GlobMatcher;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};

use self::{
    renames::{Known, Renames},
    rule::{By, Rule},
};
use crate::{
    category::{self, Only},
    dates,
    find_names::glob,
    look::{be_folder, first_by_name, looking},
    show::{count, shown},
};

const OP: &str = "work out names";
/// So many entries are looked at.
const MOST_LOOKED_AT: usize = 1_000_000;
/// So many new names are given at most: that many changes fit into one call.
const MOST_GIVEN: u32 = 100_000;

pub(crate) struct SuggestNames;

/// The arguments of `suggest_names`.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(extend("x-seldom" = true))]
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
    /// Only files of these kinds get new names, with what goes along with them: `photos`, `scans`, `documents` and so on; all if left out.
    #[serde(default)]
    #[schemars(length(max = 20))]
    only: Vec<Only>,
    /// Only files whose names fit this pattern get new names: `*.pdf`, `{IMG*,DSC*}`; all if left out.
    #[serde(default)]
    #[schemars(length(max = 1_000))]
    files: Option<String>,
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

    fn glob(&self) -> Result<Option<GlobMatcher>> {
        self.files.as_deref().filter(|f| !f.is_empty()).map(|files| glob(OP, files, false)).transpose()
    }
}

#[async_trait]
impl TypedTool for SuggestNames {
    type Args = NamesArgs;
    const NAME: &'static str = "suggest_names";
    const ABOUT: &'static str = "Works out new names for files by a rule. It looks at those directly in a folder, and renames nothing: `moves`, each with `from` and \
        `to`, are what to give to move_files, in an order in which each name is free. What belongs together (a photo and its settings, a film \
        and its subtitles) keeps one name. A date is the one in the name, else the one that a photo or PDF says of itself, else that of the last change: \
        how many are from each is `dated` (`name`, `content`, `changed`). A date that says something else stays in the name.\n\nGives also how many files there are (`count`), how many `stay` by reason, and `project`: what marks \
        the folder as that of a project, in which nothing should be renamed, or null. If there are `more` moves than were asked for, ask again once these are made.";

    fn effects(&self, args: &NamesArgs) -> Result<Effects> {
        args.rule()?;
        args.glob()?;
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
        let mut value = json!({ "count": number, "more": listed.more, "moves": [], "stay": {}, "dated": {} });
        value["project"] = json!(category::project(&listed.entries));
        if !value["project"].is_null() {
            value["stay"]["files of a project"] = json!(number);
            return Ok(ToolOutput { value, note: "the folder of a project".to_owned(), label });
        }
        let days = match rule.dates() {
            true => dates::of_all(&files, &listed.entries, ctx.runtime.now().as_millis(), &ctx.watch).await?,
            false => Vec::new(),
        };
        let fits = args.glob()?;
        let known =
            Known { days: &days, start: args.start.clamp(0, 1_000_000_000), only: &args.only, files: fits.as_ref() };
        let renames = Renames::of(&listed.entries, &rule, &known, args.most.clamp(1, MOST_GIVEN) as usize);
        value["more"] = json!(listed.more || renames.more);
        let note = format!("{} of {}", count(renames.names.len(), "new name"), number);
        let (folder, moves) = (args.folder.as_str(), renames.names.into_iter());
        let moves =
            moves.map(|(old, new)| json!({ "from": format!("{folder}/{old}"), "to": format!("{folder}/{new}") }));
        value["moves"] = Value::Array(moves.collect());
        value["stay"] = json!(renames.stay);
        value["dated"] = json!(dates::counted(renames.dated.iter().map(|day| day.from)));
        Ok(ToolOutput { value, note, label })
    }
}
