//! Finding a text: in the contents of files and in names, from a folder down.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
};

use async_trait::async_trait;
use cowork_core::{
    Effects, Error, FileKind, FilePath, Handed, Kind, Label, Part, Preview, Reader, Result, ToolContext, ToolOutput,
    TypedTool, Visitor,
};
use globset::GlobMatcher;
use grep_matcher::Matcher;
use grep_regex::RegexMatcher;
use grep_searcher::Searcher;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::{
    category,
    document::{self, Form, Text, Unread},
    find_first::{First, Place, may_come},
    find_names::glob,
    find_rules::{Below, Paths, Rules, as_path, handed},
    search::{Found, Line, Missed, Pattern, Search, Wanted},
    show::{count, shown, stopped},
};

const OP: &str = "find text";
/// So many lines are given, or so many files.
const MOST_HITS: u32 = 10_000;
const MOST_FILES: u32 = 100_000;
const LONGEST_QUERY: usize = 1_000;
/// Hits in names come first.
const IN_NAME: i64 = 0;
const IN_TEXT: i64 = 1;

pub(crate) struct FindText;

/// The arguments of `find_text`.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct FindArgs {
    /// The folder, with all in it: `Documents`.
    folder: FilePath,
    /// What to look for within a line, as it stands unless `regex` or `words` is set.
    #[schemars(length(min = 1, max = 1_000))]
    query: String,
    /// Whether `query` is a regular expression.
    #[serde(default)]
    regex: bool,
    /// Whether `query` is words in any order, each in a file's name or its text; those in quotes stay together.
    #[serde(default)]
    words: bool,
    /// Whether file and folder names are searched; yes if left out.
    #[serde(default = "yes")]
    #[schemars(extend("x-seldom" = true))]
    names: bool,
    /// Whether text contents are searched; yes if left out.
    #[serde(default = "yes")]
    #[schemars(extend("x-seldom" = true))]
    contents: bool,
    /// Whether contents of Word, PowerPoint, Excel, OpenDocument and PDF files are searched too; yes if left out.
    #[serde(default = "yes")]
    #[schemars(extend("x-seldom" = true))]
    documents: bool,
    /// Whether capitals matter; no if left out.
    #[schemars(extend("x-seldom" = true))]
    #[serde(default)]
    match_case: bool,
    /// Whether only whole words count: `art` is not found in `part`; no if left out.
    #[serde(default)]
    #[schemars(extend("x-seldom" = true))]
    whole_word: bool,
    /// Only files of such names: `*.md`, `{*.txt,*.csv}`, `**/2024/*.md`.
    #[serde(default)]
    #[schemars(length(max = 1_000))]
    files: Option<String>,
    /// What is given: hits as `lines` (the usual), `files`, or `counts` of lines in each.
    #[serde(default)]
    give: Give,
    /// How many lines around each hit are given too.
    #[serde(default)]
    #[schemars(range(max = 5))]
    context: u32,
    /// The most lines of one file, up to 1,000; 20 if left out. All are counted.
    #[serde(default = "usual_in_file")]
    #[schemars(range(min = 1, max = 1_000))]
    #[schemars(extend("x-seldom" = true))]
    most_in_file: u32,
    /// The most hits; of `lines` 10,000.
    #[serde(default = "usual_hits")]
    #[schemars(range(min = 1, max = 100_000))]
    most: u32,
    /// The `next` of the answer before, to go on.
    #[serde(default)]
    after: Option<String>,
    /// Whether names that begin with a dot count too.
    #[serde(default)]
    hidden: bool,
    /// Whether what `.gitignore` files name is searched too; no if left out.
    #[serde(default)]
    #[schemars(extend("x-seldom" = true))]
    git_ignored: bool,
    /// Whether what `.ignore` files name is searched too; no if left out.
    #[serde(default)]
    #[schemars(extend("x-seldom" = true))]
    ignored: bool,
}

/// What is given of a hit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Give {
    /// Each line.
    #[default]
    Lines,
    /// Each file once.
    Files,
    /// Each file once, with how many lines have a hit.
    Counts,
}

pub(crate) fn yes() -> bool {
    true
}

fn usual_hits() -> u32 {
    200
}

fn usual_in_file() -> u32 {
    20
}

impl FindArgs {
    fn rules(&self) -> Rules {
        Rules::but_for(self.hidden, self.git_ignored, self.ignored)
    }

    fn pattern(&self) -> Pattern<'_> {
        Pattern { text: &self.query, regex: self.regex, match_case: self.match_case, whole_word: self.whole_word }
    }

    fn matchers(&self) -> Result<(RegexMatcher, Vec<RegexMatcher>)> {
        if self.words { self.pattern().words(OP) } else { Ok((self.pattern().matcher(OP)?, Vec::new())) }
    }
}

#[async_trait]
impl TypedTool for FindText {
    type Args = FindArgs;
    const NAME: &'static str = "find_text";
    const ABOUT: &'static str = "Looks for a text, words or a regular expression in names and in contents: of text, Word, Excel, \
        PowerPoint, OpenDocument and PDF files. To find files by name, size or age, use find_files.\n\nGives `hits`, those in names first, then in the order of paths, each \
        with `path`, and for contents `line` (from 1), `text`, and `place` (the page, slide or sheet); how many files `matched`, how \
        many `lines` in all, how many files were `searched`; what was `skipped`, by reason (`no_text` are PDFs of pictures), and what the binary ones are in `not_text`. If there are more hits, `complete` is \
        false and `next` is what to give as `after` to go on; the last hit that is given of a file with still more says how many \
        `more`.";

    fn effects(&self, args: &FindArgs) -> Result<Effects> {
        let bad = |why: &str| Err(Error::new(Kind::InvalidInput, OP, why));
        if args.query.trim().is_empty() {
            return bad("there is nothing to look for: the text is empty");
        }
        if args.query.len() > LONGEST_QUERY || args.query.contains('\n') {
            return bad("the text to look for must be one line of at most 1,000 bytes");
        }
        if !args.names && !args.contents {
            return bad("neither names nor contents are to be searched");
        }
        if args.words && args.regex {
            return bad("`query` is either words or a regular expression");
        }
        args.matchers()?;
        args.files.as_deref().map(|p| glob(OP, p, false)).transpose()?;
        args.after.as_deref().map(Place::parse).transpose()?;
        let title = format!("look for “{}” in {}", shown(&args.query), shown(args.folder.as_str()));
        let effects = Effects::reads([args.folder.clone()]).and_reads(args.rules().above(&args.folder));
        Ok(effects.showing(Preview { title, ..Preview::default() }))
    }

    async fn run(&self, args: FindArgs, ctx: ToolContext) -> Result<ToolOutput> {
        let label = Label::file(args.folder.as_str());
        let files = ctx.files()?;
        let find = Arc::new(Find::new(&args, &ctx)?);
        let give = args.give;
        let walked = files.walk(vec![args.folder], find.clone(), ctx.watch.clone()).await?;
        let mut tally = std::mem::take(&mut *find.tally.lock().unwrap_or_else(PoisonError::into_inner));
        tally.skipped.unreadable += walked.unreadable;
        let (hits, next) = find.first.take();
        let number = |n: u64, thing: &str| count(usize::try_from(n).unwrap_or(usize::MAX), thing);
        let found = if tally.lines > 0 { tally.lines } else { tally.matched };
        let note =
            format!("{} in {}, {} searched", number(found, "hit"), number(tally.matched, "file"), tally.searched);
        let cut = hits.iter().any(|hit| hit.get("more").is_some());
        let ended = match (&next, cut) {
            (Some(_), _) => "as many hits as were asked for",
            (None, true) => "as many hits of one file as were asked for (`most_in_file`)",
            (None, false) => "",
        };
        let mut value = json!({
            "matched": tally.matched,
            "searched": tally.searched,
            "hits": hits,
            "skipped": tally.skipped,
            "complete": next.is_none() && !cut,
            "ended": ended,
            "next": next,
        });
        if !tally.not_text.is_empty() {
            value["not_text"] = json!(tally.not_text);
        }
        // Files alone are looked into up to their first hit.
        if give != Give::Files {
            value["lines"] = json!(tally.lines);
        }
        Ok(ToolOutput { value, note, label })
    }
}

/// One search, on its way down.
struct Find {
    rules: Rules,
    search: Search,
    only: Option<GlobMatcher>,
    /// Where the way below the folder begins in a path, if that is what `only` is about.
    way: Option<usize>,
    names: bool,
    contents: bool,
    documents: bool,
    /// Who holds a large document.
    turn: Mutex<()>,
    give: Give,
    in_file: usize,
    first: First<Value>,
    tally: Mutex<Tally>,
    stopped: cowork_core::CancellationToken,
}

#[derive(Default)]
struct Tally {
    searched: u64,
    matched: u64,
    lines: u64,
    skipped: Skipped,
    /// What those are that are no text, by their names.
    not_text: BTreeMap<&'static str, u64>,
}

/// What was not searched, by reason.
#[derive(Clone, Copy, Default, serde::Serialize)]
struct Skipped {
    /// Hidden, or named by rules.
    #[serde(skip_serializing_if = "none")]
    ignored: u64,
    #[serde(skip_serializing_if = "none")]
    links: u64,
    #[serde(skip_serializing_if = "none")]
    special: u64,
    /// Not searched beyond the first byte that no text has.
    #[serde(skip_serializing_if = "none")]
    binary: u64,
    /// Not on this disk.
    #[serde(skip_serializing_if = "none")]
    placeholders: u64,
    #[serde(skip_serializing_if = "none")]
    long_lines: u64,
    #[serde(skip_serializing_if = "none")]
    unreadable: u64,
    /// PDFs of pictures.
    #[serde(skip_serializing_if = "none")]
    no_text: u64,
    /// Documents that are damaged or locked.
    #[serde(skip_serializing_if = "none")]
    damaged: u64,
    /// Documents that are too large.
    #[serde(skip_serializing_if = "none")]
    large: u64,
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde gives it so")]
fn none(number: &u64) -> bool {
    *number == 0
}

impl Find {
    fn new(args: &FindArgs, ctx: &ToolContext) -> Result<Self> {
        let numbers = args.give == Give::Lines;
        let context = if numbers { args.context.min(5) as usize } else { 0 };
        Ok(Self {
            rules: args.rules(),
            search: Search::new(args.matchers()?, context, numbers, ctx.watch.clone()),
            only: args.files.as_deref().map(|p| glob(OP, p, false)).transpose()?,
            way: args.files.as_deref().filter(|p| p.contains('/')).map(|_| args.folder.as_str().len() + 1),
            names: args.names,
            contents: args.contents,
            documents: args.documents,
            turn: Mutex::default(),
            give: args.give,
            in_file: args.most_in_file.clamp(1, 1_000) as usize,
            first: First::new(
                args.most.clamp(1, if numbers { MOST_HITS } else { MOST_FILES }) as usize,
                args.after.as_deref().map(Place::parse).transpose()?,
            ),
            tally: Mutex::default(),
            stopped: ctx.watch.cancel.clone(),
        })
    }

    fn is_meant(&self, name: &[u8], paths: &mut Paths) -> bool {
        self.only.as_ref().is_none_or(|glob| match self.way {
            Some(from) => glob.is_match(paths.of_name(name).get(from..).unwrap_or_default()),
            None => glob.is_match(as_path(name)),
        })
    }

    /// Looks into a file whose name has some of the words, and says how many lines have a hit; nothing if it could not be searched.
    fn look_into(
        &self,
        (part, at): (&dyn Part, usize),
        (path, in_name): (&str, u32),
        tally: &mut Tally,
        by: &mut Searcher,
    ) -> Result<u64> {
        let file = match part.open(at) {
            Ok(file) => file,
            Err(e) if e.kind == Kind::Cancelled => return Err(e),
            Err(e) if e.kind == Kind::Unavailable => {
                tally.skipped.placeholders += 1;
                return Ok(0);
            }
            Err(_) => {
                tally.skipped.unreadable += 1;
                return Ok(0);
            }
        };
        let form = Form::of_name(part.name(at)).filter(|_| self.documents);
        let document = form.map(|form| document::read(&*file, form, &self.stopped, &self.turn)).transpose()?.flatten();
        let text = match document {
            Some(Ok(text)) => Some(text),
            Some(Err(why)) => {
                tally.skipped.document(why);
                return Ok(0);
            }
            None => None,
        };
        // Beyond the last that is kept, hits are counted and not kept.
        let wanted = may_come(self.first.bound().as_ref(), IN_TEXT, path, 0) && self.give == Give::Lines;
        let wanted = Wanted { lines: if wanted { self.in_file } else { 0 }, once: self.give == Give::Files };
        let searched = match &text {
            Some(text) => Ok(self.search.text(by, &text.text, wanted)),
            None => self.search.file(by, &*file, wanted)?,
        };
        match searched {
            Ok(found) => {
                if found.binary {
                    tally.skipped.binary += 1;
                    let kind = category::of_name(&String::from_utf8_lossy(part.name(at)));
                    *tally.not_text.entry(kind).or_default() += 1;
                }
                let (all, here) = (self.search.all_words(), found.words);
                // A name that says it all needs no line that says less.
                if here | in_name != all || in_name == all && here != all {
                    return Ok(0);
                }
                self.keep(path, &found, text.as_ref());
                return Ok(found.matches);
            }
            Err(Missed::Unreadable) => tally.skipped.unreadable += 1,
            Err(Missed::LongLine) => tally.skipped.long_lines += 1,
        }
        Ok(0)
    }

    fn keep(&self, path: &str, found: &Found, document: Option<&Text>) {
        match self.give {
            _ if found.matches == 0 => {}
            Give::Files => self.first.offer(IN_TEXT, path, 1, || json!({ "path": path })),
            Give::Counts => self.first.offer(IN_TEXT, path, 1, || match found.binary {
                true => json!({ "path": path, "lines": found.matches, "binary": true }),
                false => json!({ "path": path, "lines": found.matches }),
            }),
            Give::Lines if found.lines.is_empty() => self.first.passed_over(),
            Give::Lines => {
                let more = found.matches.saturating_sub(found.lines.len() as u64);
                for (at, line) in found.lines.iter().enumerate() {
                    let more = if at + 1 == found.lines.len() { more } else { 0 };
                    let place = document.and_then(|text| text.place(line.number));
                    self.first.offer(IN_TEXT, path, line.number, || described(path, line, more, place));
                }
            }
        }
    }

    /// Says which of the words a name has, and whether it is a hit by itself.
    fn look_at_name(&self, name: &[u8]) -> (u32, bool) {
        match self.search.all_words() {
            _ if !self.names => (0, false),
            0 => (0, self.search.matcher.is_match(name).unwrap_or(false)),
            all => {
                let words = self.search.words_in(name);
                (words, words == all)
            }
        }
    }
}

impl Skipped {
    fn document(&mut self, why: Unread) {
        match why {
            Unread::NoText => self.no_text += 1,
            Unread::Damaged => self.damaged += 1,
            Unread::Large => self.large += 1,
        }
    }
}

fn described(path: &str, line: &Line, more: u64, place: Option<&str>) -> Value {
    let mut hit = json!({ "path": path, "line": line.number, "text": line.text });
    if let Some(place) = place {
        hit["place"] = json!(place);
    }
    if more > 0 {
        hit["more"] = json!(more);
    }
    if !line.before.is_empty() {
        hit["before"] = json!(line.before);
    }
    if !line.after.is_empty() {
        hit["after"] = json!(line.after);
    }
    hit
}

impl Visitor for Find {
    fn enter(&self, folder: &FilePath, above: &Handed, reader: &dyn Reader) -> Result<Handed> {
        Ok(Some(self.rules.enter(folder, handed::<Below>(above).as_ref(), reader)))
    }

    fn visit(&self, part: &dyn Part, above: &Handed) -> Result<Vec<usize>> {
        let below = handed::<Below>(above);
        let mut seat = self.rules.seat(below.as_ref());
        let (mut paths, mut tally, mut into) = (Paths::of(part.folder()), Tally::default(), Vec::new());
        let mut by = self.search.borrow();
        for at in 0..part.len() {
            if self.stopped.is_cancelled() {
                return Err(stopped(OP));
            }
            if below.is_some() && seat.skips(part, at) {
                tally.skipped.ignored += 1;
                continue;
            }
            let (name, kind) = (part.name(at), part.kind(at));
            let (in_name, named) = self.look_at_name(name);
            if named {
                let path = paths.of_name(name);
                self.first.offer(IN_NAME, path, 0, || json!({ "path": path }));
            }
            let mut lines = 0;
            match kind {
                FileKind::Folder => into.push(at),
                FileKind::Link => tally.skipped.links += 1,
                FileKind::Other => tally.skipped.special += 1,
                FileKind::File if !self.is_meant(name, &mut paths) => {}
                FileKind::File => {
                    tally.searched += 1;
                    if self.contents && !(named && self.give == Give::Files) {
                        lines = self.look_into((part, at), (paths.of_name(name), in_name), &mut tally, &mut by)?;
                    }
                }
            }
            tally.lines += lines;
            tally.matched += u64::from(named || lines > 0);
        }
        self.search.give_back(by);
        self.tally.lock().unwrap_or_else(PoisonError::into_inner).add(tally);
        Ok(into)
    }
}

impl Tally {
    fn add(&mut self, other: Self) {
        self.searched += other.searched;
        self.matched += other.matched;
        self.lines += other.lines;
        let (mine, theirs) = (&mut self.skipped, other.skipped);
        mine.ignored += theirs.ignored;
        mine.links += theirs.links;
        mine.special += theirs.special;
        mine.binary += theirs.binary;
        mine.placeholders += theirs.placeholders;
        mine.long_lines += theirs.long_lines;
        mine.unreadable += theirs.unreadable;
        mine.no_text += theirs.no_text;
        mine.damaged += theirs.damaged;
        mine.large += theirs.large;
        for (kind, number) in other.not_text {
            *self.not_text.entry(kind).or_default() += number;
        }
    }
}
