//! Waiting for something to arrive in a folder.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use async_trait::async_trait;
use cowork_core::{
    Arrivals, BoxFuture, Effects, Entry, Error, FileKind, FilePath, Files, Kind, Label, Preview, Result, ToolContext,
    ToolOutput, TypedTool,
};
use futures_util::future::{Either, select};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::json;

use crate::{
    look::aged,
    show::{count, shown, stopped},
};

const OP: &str = "watch a folder";
/// A folder with more than this in it is refused by the session.
const MOST_ENTRIES: usize = 200_000;
const MOST_GIVEN: usize = 300;

pub(crate) struct WatchFolder;

/// The arguments of `watch_folder`.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(extend("x-seldom" = true))]
pub(crate) struct WatchArgs {
    /// The folder: `Downloads`. What lies in folders in it is not watched.
    path: FilePath,
    /// How many seconds to wait at most, up to 3,600; 60 if left out. With 0 it only looks.
    #[serde(default = "a_minute")]
    #[schemars(range(max = 3_600))]
    seconds: u32,
    /// A file has settled when nothing has happened to it for so many seconds, up to 60; 2 if left out.
    #[serde(default = "two")]
    #[schemars(range(max = 60))]
    settle: u32,
    /// What is known to be in the folder, up to 10,000: anything else there has arrived already. If left out, only what happens
    /// from now on counts.
    #[serde(default)]
    #[schemars(length(max = 10_000))]
    known: Option<Vec<FilePath>>,
}

fn a_minute() -> u32 {
    60
}

fn two() -> u32 {
    2
}

#[async_trait]
impl TypedTool for WatchFolder {
    type Args = WatchArgs;
    const NAME: &'static str = "watch_folder";
    const ABOUT: &'static str = "Waits until something arrives, changes or goes away in a folder: directly in it, until it has settled or the \
        time is up.\n\nGives `arrived`, entries as of list_folder with `category`, that are new or changed, `gone`, paths that are there no more, \
        `timed_out` if nothing happened, and `settled` (false) if the time was up before it had settled. To miss nothing between two calls, give \
        as `known` what was seen before; then what has settled is given while something else still grows, which counts as not seen.";

    fn effects(&self, args: &WatchArgs) -> Result<Effects> {
        if args.known.iter().flatten().any(|p| p.parent().as_ref() != Some(&args.path)) {
            let why = format!("not all that is `known` lies directly in `{}`", shown(args.path.as_str()));
            return Err(Error::new(Kind::InvalidInput, OP, why));
        }
        let title = format!("wait for something to arrive in {}", shown(args.path.as_str()));
        Ok(Effects::reads([args.path.clone()]).showing(Preview { title, ..Preview::default() }))
    }

    async fn run(&self, args: WatchArgs, ctx: ToolContext) -> Result<ToolOutput> {
        let label = Label::file(args.path.as_str());
        let files = ctx.files()?;
        // Registered before the first listing: what happens between the two is told.
        let mut arrivals = files.watch(args.path.clone()).await?;
        let mut wait = Wait { ctx: &ctx, files: &*files, args: &args, touched: BTreeSet::new() };
        let before = wait.listed().await?;
        if let Some(known) = &args.known {
            let known: BTreeSet<&FilePath> = known.iter().collect();
            wait.touched.extend(before.keys().filter(|p| !known.contains(p)).cloned());
            wait.touched.extend(known.into_iter().filter(|p| !before.contains_key(p)).cloned());
        }
        let settled = wait.until_settled(before, &mut *arrivals).await?;
        let (mut arrived, mut gone) = (Vec::new(), Vec::new());
        let now = ctx.runtime.now().as_millis();
        for path in wait.touched.iter().take(MOST_GIVEN) {
            match files.stat(path.clone()).await {
                Ok(entry) => arrived.push(aged(&entry, now)),
                Err(e) if e.kind == Kind::NotFound => gone.push(path.as_str().to_owned()),
                Err(e) => return Err(e),
            }
        }
        let note = match (arrived.len(), gone.len()) {
            (0, 0) => "nothing happened".to_owned(),
            (n, 0) => format!("{} arrived", count(n, "file")),
            (n, m) => format!("{} arrived, {m} gone", count(n, "file")),
        };
        let timed_out = arrived.is_empty() && gone.is_empty();
        let more = wait.touched.len().saturating_sub(MOST_GIVEN);
        let mut value = json!({ "arrived": arrived, "gone": gone, "more": more, "timed_out": timed_out });
        if !timed_out && !settled {
            value["settled"] = json!(false);
        }
        Ok(ToolOutput { value, note, label })
    }
}

type Listing = BTreeMap<FilePath, (FileKind, u64, i64)>;

struct Wait<'a> {
    ctx: &'a ToolContext,
    files: &'a dyn Files,
    args: &'a WatchArgs,
    touched: BTreeSet<FilePath>,
}

impl Wait<'_> {
    async fn listed(&self) -> Result<Listing> {
        let entries = self.files.list(self.args.path.clone(), MOST_ENTRIES).await?;
        Ok(entries.into_iter().map(|e| (e.path.clone(), looks(&e))).collect())
    }

    /// Waits until something was touched and then nothing more for a while, or until the time is up; says whether it has settled.
    async fn until_settled(&mut self, mut before: Listing, arrivals: &mut dyn Arrivals) -> Result<bool> {
        let mut over = self.ctx.runtime.sleep(Duration::from_secs(u64::from(self.args.seconds.min(3_600))));
        let mut seen = self.sizes().await?;
        loop {
            match self.next(arrivals, &mut over).await? {
                Next::Over => return Ok(false),
                Next::Told(paths) => {
                    // The folder itself stands for more than could be told.
                    if paths.contains(&self.args.path) {
                        let now = self.listed().await?;
                        self.touched.extend(differing(&before, &now));
                        before = now;
                    }
                    self.touched.extend(paths.into_iter().filter(|p| *p != self.args.path));
                    seen = self.sizes().await?;
                }
                Next::Quiet => {
                    // A writer that never closes its file is told of by its size alone.
                    let now = self.sizes().await?;
                    if now == seen {
                        return Ok(true);
                    }
                    // What still grows holds up nothing else where the next call will find it.
                    let at_rest = |path: &FilePath| now.get(path) == seen.get(path);
                    if self.args.known.is_some() && self.touched.iter().any(at_rest) {
                        self.touched.retain(at_rest);
                        return Ok(true);
                    }
                    seen = now;
                }
            }
        }
    }

    async fn sizes(&self) -> Result<Listing> {
        let mut sizes = Listing::new();
        for path in self.touched.iter().take(MOST_GIVEN) {
            match self.files.stat(path.clone()).await {
                Ok(entry) => sizes.insert(path.clone(), looks(&entry)),
                Err(e) if e.kind == Kind::NotFound => None,
                Err(e) => return Err(e),
            };
        }
        Ok(sizes)
    }

    /// Waits for what happens next. While nothing was touched there is nothing to settle.
    async fn next(&self, arrivals: &mut dyn Arrivals, over: &mut BoxFuture<()>) -> Result<Next> {
        let settle = Duration::from_secs(u64::from(self.args.settle.min(60)));
        let quiet = match self.touched.is_empty() {
            true => Box::pin(std::future::pending()) as BoxFuture<()>,
            false => self.ctx.runtime.sleep(settle),
        };
        let stop = std::pin::pin!(self.ctx.watch.cancel.cancelled());
        match select(select(arrivals.next(), select(quiet, over)), stop).await {
            Either::Left((Either::Left((told, _)), _)) => told.map(Next::Told),
            Either::Left((Either::Right((Either::Left(_), _)), _)) => Ok(Next::Quiet),
            Either::Left((Either::Right((Either::Right(_), _)), _)) => Ok(Next::Over),
            Either::Right(_) => Err(stopped(OP)),
        }
    }
}

/// What comes next.
enum Next {
    /// Something happened to these.
    Told(Vec<FilePath>),
    /// Nothing happened for as long as it takes to settle.
    Quiet,
    /// The time is up.
    Over,
}

fn looks(entry: &Entry) -> (FileKind, u64, i64) {
    (entry.kind, entry.size, entry.modified)
}

fn differing(before: &Listing, now: &Listing) -> Vec<FilePath> {
    let changed = now.iter().filter(|(path, look)| before.get(*path) != Some(look)).map(|(path, _)| path);
    changed.chain(before.keys().filter(|path| !now.contains_key(*path))).cloned().collect()
}
