//! Folders for the files of a folder, worked out by what they are. Nothing is moved here.

mod decide;
mod rules;
mod shared;
mod units;

use std::{collections::HashSet, sync::Arc};

use async_trait::async_trait;
use cowork_core::{
    Effects, Entry, Error, FileKind, FilePath, Files, Kind, Label, Result, ToolContext, ToolOutput, TypedTool,
};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};

use self::{
    decide::{Decided, Facts},
    rules::{Fill, FolderRule, Rules},
    units::{Stay, Unit, sorted_out},
};
use crate::{
    category::{self, Only},
    dates,
    find::yes,
    look::{Listed, be_folder, first_by_name, looking},
    show::{MOST_IN_BATCH, count},
};

const OP: &str = "work out folders";
/// So many entries are looked at.
const MOST_LOOKED_AT: usize = 1_000_000;
/// So many folders are looked into for whether they are of projects.
const MOST_LOOKED_INTO: usize = 1_000;

type Names<'a> = HashSet<&'a str>;

pub(crate) struct SuggestFolders;

/// The arguments of `suggest_folders`.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(extend("x-seldom" = true))]
pub(crate) struct FoldersArgs {
    /// The folder whose files are to go into folders within it: `Downloads`. Those in folders within it stay.
    folder: FilePath,
    /// What decides: `type` (the usual: Documents, Images, …), `year` (2026), `month` (2026/03), `day` (2026/2026-03-17), `name` (the words
    /// that several names share) or `place` (where photos were taken: Italy/Florence).
    #[serde(default)]
    by: By,
    /// Rules that decide instead: for each file the first that its name fits; a file that none fits stays.
    #[serde(default)]
    #[schemars(length(max = 2_000))]
    rules: Vec<FolderRule>,
    /// Only files of these kinds go, with what goes along with them: `photos`, `documents` and so on; all if left out.
    #[serde(default)]
    #[schemars(length(max = 20))]
    only: Vec<Only>,
    /// Whether a file of which nothing better is known goes by the day of its last change; yes if left out.
    #[serde(default = "yes")]
    changed: bool,
    /// Whether the files of a project stay: all where a mark of one lies among them, such as Cargo.toml; yes if left out.
    #[serde(default = "yes")]
    projects: bool,
    /// The most files to give, up to 100,000; 200 if left out.
    #[serde(default = "usual")]
    #[schemars(range(min = 1, max = 100_000))]
    most: u32,
}

fn usual() -> u32 {
    200
}

/// What decides where a file goes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum By {
    /// What it is by its name.
    #[default]
    Type,
    /// The year of its date.
    Year,
    /// The month of its date.
    Month,
    /// The day of its date.
    Day,
    /// The words that its name shares with others.
    Name,
    /// Where a photo was taken.
    Place,
}

#[async_trait]
impl TypedTool for SuggestFolders {
    type Args = FoldersArgs;
    const NAME: &'static str = "suggest_folders";
    const ABOUT: &'static str = "Works out into which folders files go, by type, date, name, place or rules. It looks at those directly in a folder, and moves nothing: \
        `moves`, each with `from`, `to` and `names`, are what to give to move_files; so are `along`, the files that go along with those (a photo's settings, \
        a film's subtitles), and then `folders`, those of saved pages. A date is the one in the name, else the one that a photo or PDF says of itself, else that of the last change: \
        how many are from each is `dated` (`name`, `content`, `changed`). Hidden files, links, files in use or not complete, and parts of projects stay, and what is in order already: how many \
        `stay` by reason.\n\nGives also how many files there are (`count`), how many folders (`inside`), and `project`: what marks the folder as that of a project, or null. If there are \
        `more` than were asked for, ask again once these are made.";

    fn effects(&self, args: &FoldersArgs) -> Result<Effects> {
        Rules::new(&args.rules)?;
        args.be_known()?;
        Ok(looking("work out folders in", &args.folder))
    }

    async fn run(&self, args: FoldersArgs, ctx: ToolContext) -> Result<ToolOutput> {
        let (label, rules) = (Label::file(args.folder.as_str()), Rules::new(&args.rules)?);
        args.be_known()?;
        let files = ctx.files()?;
        be_folder(&*files, &args.folder, OP).await?;
        let listed = first_by_name(&files, &args.folder, MOST_LOOKED_AT, &ctx.watch).await?;
        let number = listed.all.saturating_sub(listed.folders);
        let project = category::project(&listed.entries).filter(|_| args.projects);
        if project.is_some() {
            let stay = json!({ "files of a project": number });
            let value = told(&listed, &args.folder, Decided::default(), project, &stay);
            return Ok(ToolOutput { value, note: "the folder of a project".to_owned(), label });
        }
        let projects = args.projects && beside_projects(&*files, &listed.entries).await;
        let mut stay = Stay::default();
        let mut units = sorted_out(&listed.entries, projects, &mut stay);
        units.retain(|unit| {
            let meant = Only::any(&args.only, unit.name());
            if !meant {
                stay.add("files of other kinds", unit.size());
            }
            meant
        });
        let facts = args.facts(&files, &listed.entries, &units, rules, &ctx).await?;
        let decided = decide::all(&args.folder, &listed.entries, units, &facts, &mut stay);
        let note = format!("{} of {number}", count(decided.files(), "file"));
        let stay = json!(stay.told());
        Ok(ToolOutput { value: told(&listed, &args.folder, decided, None, &stay), note, label })
    }
}

impl FoldersArgs {
    fn be_known(&self) -> Result<()> {
        if self.by == By::Place && !cfg!(feature = "places") {
            return Err(Error::new(Kind::Unsupported, OP, "this build does not know the names of places"));
        }
        Ok(())
    }

    /// Gathers what has to be known of files beside their names.
    async fn facts(
        &self,
        files: &Arc<dyn Files>,
        entries: &[Entry],
        units: &[Unit<'_>],
        rules: Option<Rules>,
        ctx: &ToolContext,
    ) -> Result<Facts> {
        let by_date = matches!(self.by, By::Year | By::Month | By::Day);
        let fill = match (rules, self.by) {
            (Some(rules), _) => Fill::Rules(rules),
            (None, by) => Fill::By(by),
        };
        let dated = match &fill {
            Fill::Rules(rules) => rules.dates(),
            Fill::By(_) => by_date,
        };
        let days = match dated {
            true => dates::of_all(files, entries, ctx.runtime.now().as_millis(), &ctx.watch).await?,
            false => Vec::new(),
        };
        #[cfg(feature = "places")]
        let places = match &fill {
            Fill::By(By::Place) => decide::places(files, entries, units, &ctx.watch).await?,
            _ => Vec::new(),
        };
        #[cfg(not(feature = "places"))]
        let places = Vec::new();
        let words = match &fill {
            Fill::By(By::Name) => shared::names(&units.iter().map(Unit::name).collect::<Vec<_>>()),
            _ => Vec::new(),
        };
        let most = (self.most as usize).clamp(1, MOST_IN_BATCH);
        Ok(Facts { fill, days, changed: self.changed, places, words, most })
    }
}

/// Says whether one of the folders in a folder is that of a project, if there is something beside it that could belong to that.
async fn beside_projects(files: &dyn Files, entries: &[Entry]) -> bool {
    if !entries.iter().any(|e| e.kind == FileKind::File && category::is_setting(e.path.name())) {
        return false;
    }
    let folders = entries.iter().filter(|e| e.kind == FileKind::Folder).take(MOST_LOOKED_INTO);
    for folder in folders {
        for mark in category::projects() {
            let Ok(path) = folder.path.join(mark) else { continue };
            if files.stat(path).await.is_ok() {
                return true;
            }
        }
    }
    false
}

fn told(listed: &Listed, folder: &FilePath, decided: Decided<'_>, project: Option<&str>, stay: &Value) -> Value {
    let to = |target: &str| format!("{folder}/{target}");
    let mut lists = [Vec::new(), Vec::new(), Vec::new()];
    let mut add = |at: usize, target: &str, names: Vec<&str>| {
        if !names.is_empty() {
            lists[at].push(json!({ "from": folder, "to": to(target), "names": names }));
        }
    };
    // What is called like one of the new folders makes way before that is made.
    for (target, members) in &decided.goes {
        let early: Vec<&str> = members.files.iter().copied().filter(|name| decided.early.contains(name)).collect();
        add(0, target, early);
    }
    for (target, members) in decided.goes {
        let early = |name: &&str| decided.early.contains(name);
        add(0, &target, members.files.into_iter().filter(|name| !early(name)).collect());
        add(1, &target, members.along);
        add(2, &target, members.folders);
    }
    let [moves, along, folders] = lists;
    json!({
        "count": listed.all.saturating_sub(listed.folders), "inside": listed.folders, "more": listed.more || decided.more,
        "moves": moves, "along": along, "folders": folders, "stay": stay, "dated": dates::counted(decided.dated),
        "project": project,
    })
}
