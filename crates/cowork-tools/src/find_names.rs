//! Finding files and folders: by name, kind, size and age.

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use async_trait::async_trait;
use cowork_core::{
    CancellationToken, Effects, Entry, Error, FileKind, FilePath, Handed, Kind, Label, Part, Preview, Reader, Result,
    ToolContext, ToolOutput, TypedTool, Visitor,
};
use globset::{GlobBuilder, GlobMatcher};
use grep_matcher::Matcher;
use grep_regex::RegexMatcher;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::{
    find_first::{First, Place, Sort, may_come},
    find_rules::{Below, Paths, Rules, as_path, handed},
    search::Pattern,
    show::{count, shown, stopped},
};

const OP: &str = "find files";
const MOST: u32 = 100_000;

pub(crate) struct FindFiles;

/// The arguments of `find_files`.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct FindFilesArgs {
    /// The folder, with all in it: `Documents`.
    folder: FilePath,
    /// A pattern for names: `*.pdf`, `{a,b}.txt`, `**/2024/*.jpg`.
    #[serde(default)]
    #[schemars(length(max = 1_000))]
    name: Option<String>,
    /// How `name` is read: as a `glob` (the usual), a `text` that the name has in it, or a `regex`.
    #[schemars(extend("x-seldom" = true))]
    #[serde(default)]
    like: Like,
    /// Whether capitals matter in names; no if left out.
    #[serde(default)]
    #[schemars(extend("x-seldom" = true))]
    match_case: bool,
    /// Only these kinds.
    #[serde(default)]
    #[schemars(length(max = 4))]
    kinds: Vec<FileKind>,
    /// The fewest bytes.
    #[serde(default)]
    min_size: Option<u64>,
    /// The most bytes.
    #[serde(default)]
    max_size: Option<u64>,
    /// Changed at this time or later, in milliseconds since 1970.
    #[serde(default)]
    modified_from: Option<i64>,
    /// Changed before this time.
    #[serde(default)]
    modified_before: Option<i64>,
    /// Only links that lead to nothing; those that lead out of the folder don't count, because nobody looks there. All if left out.
    #[serde(default)]
    #[schemars(extend("x-seldom" = true))]
    broken_links: bool,
    /// The order: `name` (the usual), `largest`, `smallest`, `newest` or `oldest` first.
    #[serde(default)]
    sort: Sort,
    /// The most to give.
    #[serde(default = "usual")]
    #[schemars(range(min = 1, max = 100_000))]
    most: u32,
    /// The `next` of the answer before, to go on.
    #[serde(default)]
    after: Option<String>,
    /// Whether names that begin with a dot count too.
    #[serde(default)]
    hidden: bool,
    /// Whether what `.gitignore` files name is looked at too; no if left out.
    #[serde(default)]
    #[schemars(extend("x-seldom" = true))]
    git_ignored: bool,
    /// Whether what `.ignore` files name is looked at too; no if left out.
    #[serde(default)]
    #[schemars(extend("x-seldom" = true))]
    ignored: bool,
}

/// How a name is described.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Like {
    /// With `*`, `?`, `[a-z]`, `{a,b}`.
    #[default]
    Glob,
    /// As a text within it.
    Text,
    /// As a regular expression that is found within it.
    Regex,
}

fn usual() -> u32 {
    200
}

/// Makes a matcher of a glob.
pub(crate) fn glob(op: &str, pattern: &str, match_case: bool) -> Result<GlobMatcher> {
    let built = GlobBuilder::new(pattern).case_insensitive(!match_case).literal_separator(true).build();
    built.map(|g| g.compile_matcher()).map_err(|e| {
        let why = format!("`{}` is not a pattern for names: {}", pattern.escape_debug(), e.kind());
        Error::new(Kind::InvalidInput, op, why).with_fix("use `*`, `?`, `[a-z]` and `{a,b}`, each bracket closed")
    })
}

/// What a name must be like.
enum Names {
    All,
    Name(GlobMatcher, GlobMatcher),
    Way(GlobMatcher),
    Within(RegexMatcher),
}

impl FindFilesArgs {
    fn rules(&self) -> Rules {
        Rules::but_for(self.hidden, self.git_ignored, self.ignored)
    }

    fn names(&self) -> Result<Names> {
        let Some(name) = self.name.as_deref().filter(|n| !n.is_empty()) else { return Ok(Names::All) };
        let within = |regex| Pattern { text: name, regex, match_case: self.match_case, whole_word: false }.matcher(OP);
        match self.like {
            Like::Glob if name.contains('/') => Ok(Names::Way(glob(OP, name, self.match_case)?)),
            Like::Glob => {
                let shown = name.replace("\\x", "\\\\x");
                Ok(Names::Name(glob(OP, name, self.match_case)?, glob(OP, &shown, self.match_case)?))
            }
            Like::Text => within(false).map(Names::Within),
            Like::Regex => within(true).map(Names::Within),
        }
    }
}

#[async_trait]
impl TypedTool for FindFiles {
    type Args = FindFilesArgs;
    const NAME: &'static str = "find_files";
    const ABOUT: &'static str = "Finds files and folders by name, kind, size and age, from a folder down; without a name it gives all, \
        for example the 20 largest. To look into files, use find_text.\n\nGives the `count` of all that fit, their `bytes` where sizes were looked at, and `files` in the \
        order asked for, each with `path`, `kind`, `size` in bytes and `modified` in milliseconds since 1970; `next` is what to give as \
        `after` to go on (null at the end).";

    fn effects(&self, args: &FindFilesArgs) -> Result<Effects> {
        args.names()?;
        args.after.as_deref().map(Place::parse).transpose()?;
        let what = args.name.as_deref().map_or_else(|| "files".to_owned(), |n| format!("“{}”", shown(n)));
        let title = format!("find {what} in {}", shown(args.folder.as_str()));
        let effects = Effects::reads([args.folder.clone()]).and_reads(args.rules().above(&args.folder));
        Ok(effects.showing(Preview { title, ..Preview::default() }))
    }

    async fn run(&self, args: FindFilesArgs, ctx: ToolContext) -> Result<ToolOutput> {
        let label = Label::file(args.folder.as_str());
        let files = ctx.files()?;
        let place = args.after.as_deref().map(Place::parse).transpose()?;
        let find = Arc::new(Find {
            rules: args.rules(),
            names: args.names()?,
            first: First::new(args.most.clamp(1, MOST) as usize, place),
            stopped: ctx.watch.cancel.clone(),
            counted: Counted::default(),
            args,
        });
        let walked = files.walk(vec![find.args.folder.clone()], find.clone(), ctx.watch.clone()).await?;
        let (found, next) = find.first.take();
        let get = |n: &AtomicU64| n.load(Ordering::Relaxed);
        let number = get(&find.counted.fit);
        let note = format!("{} of {}", count(usize::try_from(number).unwrap_or(usize::MAX), "file"), walked.entries);
        let skipped =
            [("ignored", get(&find.counted.ignored)), ("unreadable", walked.unreadable), ("mounts", walked.mounts)];
        let skipped: BTreeMap<&str, u64> = skipped.into_iter().filter(|(_, n)| *n > 0).collect();
        let mut value = json!({
            "count": number,
            "looked_at": walked.entries,
            "files": found,
            "skipped": skipped,
            "next": next,
        });
        if find.stats() {
            value["bytes"] = json!(get(&find.counted.bytes));
        }
        Ok(ToolOutput { value, note, label })
    }
}

struct Find {
    args: FindFilesArgs,
    rules: Rules,
    names: Names,
    first: First<Value>,
    counted: Counted,
    stopped: CancellationToken,
}

#[derive(Default)]
struct Counted {
    fit: AtomicU64,
    bytes: AtomicU64,
    ignored: AtomicU64,
}

impl Find {
    /// Says whether each entry has to be looked at, not only those that are given.
    fn stats(&self) -> bool {
        let FindFilesArgs { min_size, max_size, modified_from, modified_before, sort, .. } = &self.args;
        let sizes = min_size.is_some() || max_size.is_some();
        sizes || modified_from.is_some() || modified_before.is_some() || *sort != Sort::Name
    }

    fn fits(&self, name: &[u8], path: &str, kind: FileKind) -> bool {
        let below = || path.get(self.args.folder.as_str().len() + 1..).unwrap_or_default();
        let named = match &self.names {
            Names::All => true,
            // By its bytes, or as it is shown: `\xe9`.
            Names::Name(glob, shown) => {
                glob.is_match(as_path(name)) || shown.is_match(path.rsplit('/').next().unwrap_or_default())
            }
            Names::Way(glob) => glob.is_match(below()),
            Names::Within(regex) => regex.is_match(name).unwrap_or(false),
        };
        named && (self.args.kinds.is_empty() || self.args.kinds.contains(&kind))
    }

    /// Says whether a link leads to nothing. One that leads out of the folder, or by way of another link, may lead to something.
    fn is_broken(&self, part: &dyn Part, at: usize) -> bool {
        if part.kind(at) != FileKind::Link {
            return false;
        }
        let leads_to = part.target(at).ok().and_then(|target| below(part.folder(), &target));
        leads_to
            .filter(|path| path.is_within(&self.args.folder))
            .is_some_and(|path| part.reader().stat(&path).is_err_and(|e| e.kind == Kind::NotFound))
    }

    fn measures(&self, entry: &Entry) -> bool {
        let FindFilesArgs { min_size, max_size, modified_from, modified_before, .. } = &self.args;
        let sized = min_size.is_none_or(|m| entry.size >= m) && max_size.is_none_or(|m| entry.size <= m);
        let of_size = sized && (entry.kind == FileKind::File || (min_size.is_none() && max_size.is_none()));
        let from = modified_from.is_none_or(|m| entry.modified >= m);
        of_size && from && modified_before.is_none_or(|m| entry.modified < m)
    }
}

impl Visitor for Find {
    fn enter(&self, folder: &FilePath, above: &Handed, reader: &dyn Reader) -> Result<Handed> {
        Ok(Some(self.rules.enter(folder, handed::<Below>(above).as_ref(), reader)))
    }

    fn visit(&self, part: &dyn Part, above: &Handed) -> Result<Vec<usize>> {
        if self.stopped.is_cancelled() {
            return Err(stopped(OP));
        }
        let below = handed::<Below>(above);
        let mut seat = self.rules.seat(below.as_ref());
        let mut paths = Paths::of(part.folder());
        let (stats, bound) = (self.stats(), self.first.bound());
        let (mut into, mut fit, mut bytes, mut ignored, mut over) = (Vec::new(), 0, 0, 0, false);
        for at in 0..part.len() {
            if below.is_some() && seat.skips(part, at) {
                ignored += 1;
                continue;
            }
            let (name, kind) = (part.name(at), part.kind(at));
            if kind == FileKind::Folder {
                into.push(at);
            }
            let path = paths.of_name(name);
            if !self.fits(name, path, kind) || (self.args.broken_links && !self.is_broken(part, at)) {
                continue;
            }
            if !stats && !may_come(bound.as_ref(), 0, path, 0) {
                (fit, over) = (fit + 1, true);
                continue;
            }
            // Gone meanwhile: it is as if it had never been there.
            let Ok(entry) = part.stat(at) else { continue };
            if self.measures(&entry) {
                (fit, bytes) = (fit + 1, bytes + entry.size);
                self.first.offer(self.args.sort.rank(&entry), path, 0, || described(&entry));
            }
        }
        if over {
            self.first.passed_over();
        }
        self.counted.fit.fetch_add(fit, Ordering::Relaxed);
        self.counted.bytes.fetch_add(bytes, Ordering::Relaxed);
        self.counted.ignored.fetch_add(ignored, Ordering::Relaxed);
        Ok(into)
    }
}

fn described(entry: &Entry) -> Value {
    json!({ "path": entry.path.as_str(), "kind": entry.kind, "size": entry.size, "modified": entry.modified })
}

/// Gives the path that a link in a folder leads to; nothing if that is not below a granted folder, or can't be told by its text.
fn below(folder: &FilePath, target: &[u8]) -> Option<FilePath> {
    if target.first() == Some(&b'/') {
        return None;
    }
    let mut path = folder.clone();
    let mut down = false;
    for part in target.split(|b| *b == b'/') {
        match part {
            b"" | b"." => {}
            // After a name it is not what is above that: the name may be a link.
            b".." if down => return None,
            b".." => path = path.parent()?,
            name => {
                path = path.join_bytes(name);
                down = true;
            }
        }
    }
    Some(path)
}
