//! Looking: what lies in a folder, and what a file is.

use std::sync::{
    Arc, Mutex, PoisonError,
    atomic::{AtomicU64, Ordering},
};

use async_trait::async_trait;
use cowork_core::{
    Effects, Entry, Error, FileKind, FilePath, Files, Handed, Kind, Label, OpenFile, Part, Preview, Reader, Result,
    ToolContext, ToolOutput, TypedTool, Visitor, Watch,
};
use globset::GlobMatcher;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::{
    category,
    change::letters,
    dates,
    find::yes,
    find_first::{First, Place, Sort, may_come},
    find_names::glob,
    find_rules::{Paths, as_path},
    hash_each::{self, Task},
    look_type::{HEAD, Type},
    show::{count, shown, stopped},
};

const MOST_LISTED: u32 = 200_000;

pub(crate) struct ListFolder;

/// The arguments of `list_folder`.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ListArgs {
    /// The folder: `Downloads/letters`.
    path: FilePath,
    /// The order: `name` (the usual), `largest`, `smallest`, `newest` or `oldest` first.
    #[serde(default)]
    sort: Sort,
    /// The most to give.
    #[serde(default = "usually_listed")]
    #[schemars(range(min = 1, max = 200_000))]
    most: u32,
    /// The `next` of the answer before, to go on.
    #[serde(default)]
    after: Option<String>,
    /// Only names like this: `*.pdf`, `{*.csv,*.tsv}`.
    #[serde(default)]
    #[schemars(length(max = 1_000))]
    name: Option<String>,
    /// Whether entries whose names begin with a dot are listed too; yes if left out.
    #[serde(default = "yes")]
    #[schemars(extend("x-seldom" = true))]
    hidden: bool,
    /// Whether each listed file is looked into for its `type`; no if left out.
    #[serde(default)]
    #[schemars(extend("x-seldom" = true))]
    types: bool,
    /// Whether it is told what names say: the `category` of each file, what it `belongs_to`, and whether the folder is a `project`'s;
    /// no if left out.
    #[serde(default)]
    #[schemars(extend("x-seldom" = true))]
    categories: bool,
    /// Whether the `date` of each file is told, and where that is from; no if left out.
    #[serde(default)]
    #[schemars(extend("x-seldom" = true))]
    dates: bool,
}

fn usually_listed() -> u32 {
    300
}

#[async_trait]
impl TypedTool for ListFolder {
    type Args = ListArgs;
    const NAME: &'static str = "list_folder";
    const ABOUT: &'static str = "Lists what lies directly in a folder, with kinds, sizes and times. For all that lies below, use find_files.\n\n\
        Gives the `count` of all, how many `files` and `folders`, and `entries` in \
        the order asked for, each with `path`, `name`, `kind` (file, folder, link, other), `size` in bytes, `modified` in milliseconds \
        since 1970; with `types` also `type`, by content; with `categories` of each file also its `category` by name (Documents, \
        Spreadsheets, Images, Audio, Video, Archives, Code, Installers, Unfinished, Other) and, where it goes along with another, the name of \
        what it `belongs_to` (a photo's settings to the photo, subtitles to the film, its folder to a saved page), and of the whole the \
        `project`: the name of what marks it as the folder of one, such as Cargo.toml, or null; with `dates` of each file also its `date`, `2026-05-17`, and `date_from`: the `name` if \
        one stands in it, else the `content` of a photo or PDF, else the day on which it was `changed`; none where none can be right. If there are more, `next` is what to give as \
        `after` to go on (null at the end).";

    fn effects(&self, args: &ListArgs) -> Result<Effects> {
        args.after.as_deref().map(Place::parse).transpose()?;
        args.name.as_deref().map(|name| glob("list", name, false)).transpose()?;
        Ok(looking("list", &args.path))
    }

    async fn run(&self, args: ListArgs, ctx: ToolContext) -> Result<ToolOutput> {
        let label = Label::file(args.path.as_str());
        let files = ctx.files()?;
        be_folder(&*files, &args.path, "list").await?;
        let place = args.after.as_deref().map(Place::parse).transpose()?;
        let list = List::new(First::new(args.most.clamp(1, MOST_LISTED) as usize, place), &ctx.watch);
        let name = args.name.as_deref().map(|name| glob("list", name, false)).transpose()?;
        let list = Arc::new(List { sort: args.sort, hidden: args.hidden, name, ..list });
        files.walk(vec![args.path], list.clone(), ctx.watch.clone()).await?;
        let get = |n: &AtomicU64| n.load(Ordering::Relaxed);
        let (number, in_files, in_folders) = (get(&list.all), get(&list.files), get(&list.folders));
        let (entries, next) = list.first.take();
        let mut listed: Vec<Value> = entries.iter().map(described).collect();
        if args.types {
            for (entry, found) in listed.iter_mut().zip(types(&files, &entries, &ctx.watch).await?) {
                entry["type"] = found;
            }
        }
        if args.categories {
            categorise(&mut listed, &entries);
        }
        if args.dates {
            let days = dates::of_all(&files, &entries, ctx.runtime.now().as_millis(), &ctx.watch).await?;
            for (value, day) in listed.iter_mut().zip(days).filter_map(|(value, day)| Some((value, day?))) {
                value["date_from"] = json!(day.from.name());
                value["date"] = json!(day.day);
            }
        }
        let note = format!("{}, {}", many(in_files, "file"), many(in_folders, "folder"));
        let mut value =
            json!({ "count": number, "files": in_files, "folders": in_folders, "entries": listed, "next": next });
        if args.categories {
            value["project"] = json!(category::project(&entries));
        }
        Ok(ToolOutput { value, note, label })
    }
}

/// Adds to listed entries what their names say.
fn categorise(listed: &mut [Value], entries: &[Entry]) {
    for (value, entry) in listed.iter_mut().zip(entries).filter(|(_, entry)| entry.kind == FileKind::File) {
        value["category"] = json!(category::of_name(entry.path.name()));
    }
    for (at, first) in category::companions(entries) {
        listed[at]["belongs_to"] = json!(first);
    }
}

fn many(number: u64, thing: &str) -> String {
    count(usize::try_from(number).unwrap_or(usize::MAX), thing)
}

/// Refuses what is not a folder.
pub(crate) async fn be_folder(files: &dyn Files, path: &FilePath, op: &str) -> Result<()> {
    if files.stat(path.clone()).await?.kind == FileKind::Folder {
        return Ok(());
    }
    let why = format!("`{}` is not a folder", shown(path.as_str()));
    Err(Error::new(Kind::InvalidInput, op, why).with("path", path.as_str()).with_fix("give the folder it lies in"))
}

/// What was listed of a folder.
pub(crate) struct Listed {
    /// The first by name.
    pub(crate) entries: Vec<Entry>,
    /// Whether there are more.
    pub(crate) more: bool,
    pub(crate) all: u64,
    pub(crate) folders: u64,
}

/// Lists what lies directly in a folder, by name: the first `most`.
pub(crate) async fn first_by_name(
    files: &Arc<dyn Files>,
    path: &FilePath,
    most: usize,
    watch: &Watch,
) -> Result<Listed> {
    let list = Arc::new(List::new(First::new(most, None), watch));
    files.walk(vec![path.clone()], list.clone(), watch.clone()).await?;
    let get = |n: &AtomicU64| n.load(Ordering::Relaxed);
    let (entries, next) = list.first.take();
    Ok(Listed { entries, more: next.is_some(), all: get(&list.all), folders: get(&list.folders) })
}

/// Lists one folder.
struct List {
    sort: Sort,
    hidden: bool,
    name: Option<GlobMatcher>,
    first: First<Entry>,
    files: AtomicU64,
    folders: AtomicU64,
    all: AtomicU64,
    watch: Watch,
}

impl List {
    fn new(first: First<Entry>, watch: &Watch) -> Self {
        let zero = || AtomicU64::new(0);
        let watch = watch.clone();
        Self { sort: Sort::Name, hidden: true, name: None, first, files: zero(), folders: zero(), all: zero(), watch }
    }
}

impl Visitor for List {
    fn enter(&self, _: &FilePath, _: &Handed, _: &dyn Reader) -> Result<Handed> {
        Ok(None)
    }

    fn visit(&self, part: &dyn Part, _: &Handed) -> Result<Vec<usize>> {
        if self.watch.cancel.is_cancelled() {
            return Err(stopped("list"));
        }
        let mut paths = Paths::of(part.folder());
        let bound = self.first.bound();
        for at in 0..part.len() {
            let name = part.name(at);
            let fits = self.name.as_ref().is_none_or(|glob| glob.is_match(as_path(name)));
            if !fits || (!self.hidden && name.starts_with(b".")) {
                continue;
            }
            let of_kind = match part.kind(at) {
                FileKind::File => Some(&self.files),
                FileKind::Folder => Some(&self.folders),
                FileKind::Link | FileKind::Other => None,
            };
            of_kind.map(|n| n.fetch_add(1, Ordering::Relaxed));
            self.all.fetch_add(1, Ordering::Relaxed);
            let path = paths.of_name(name);
            if self.sort == Sort::Name && !may_come(bound.as_ref(), 0, path, 0) {
                self.first.passed_over();
            } else if let Ok(entry) = part.stat(at) {
                self.first.offer(self.sort.rank(&entry), path, 0, || entry);
            }
        }
        Ok(Vec::new())
    }
}

/// Looks into listed files, and says what each is; null for what is not a file.
async fn types(files: &Arc<dyn Files>, entries: &[Entry], watch: &Watch) -> Result<Vec<Value>> {
    let found = Arc::new(Mutex::new(vec![Value::Null; entries.len()]));
    let to = found.clone();
    let here = |e: &&Entry| e.kind == FileKind::File && !e.placeholder;
    let paths: Vec<FilePath> = entries.iter().filter(here).map(|e| e.path.clone()).collect();
    let places: Vec<usize> = (0..entries.len()).filter(|i| here(&&entries[*i])).collect();
    let look: Task = Box::new(move |index, file| {
        if let Ok((head, whole)) = file.and_then(head) {
            let mut to = to.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some(place) = places.get(index).and_then(|i| to.get_mut(*i)) {
                *place = Type::of(&head, whole).described();
            }
        }
        Ok(())
    });
    hash_each::file(&**files, paths, look, watch).await?;
    let mut found = found.lock().unwrap_or_else(PoisonError::into_inner);
    Ok(std::mem::take(&mut *found))
}

/// Reads the beginning of a file, and says whether that is all of it.
pub(crate) fn head(file: &dyn OpenFile) -> Result<(Vec<u8>, bool)> {
    let mut head = vec![0; HEAD];
    let length = hash_each::fill(file, &mut head, 0)?;
    head.truncate(length);
    Ok((head, length < HEAD || length as u64 == file.entry().size))
}

pub(crate) fn looking(verb: &str, path: &FilePath) -> Effects {
    let title = format!("{verb} {}", shown(path.as_str()));
    Effects::reads([path.clone()]).showing(Preview { title, ..Preview::default() })
}

/// Describes an entry with its permissions, and how many seconds ago it changed.
pub(crate) fn aged(entry: &Entry, now: i64) -> Value {
    let mut value = described(entry);
    if entry.kind == FileKind::File {
        value["category"] = json!(category::of_name(entry.path.name()));
    }
    value["mode"] = json!(letters(entry.mode));
    value["age"] = json!(now.saturating_sub(entry.modified).max(0) / 1_000);
    value
}

pub(crate) fn described(entry: &Entry) -> Value {
    let mut value = Map::new();
    value.insert("path".to_owned(), json!(entry.path.as_str()));
    value.insert("name".to_owned(), json!(entry.path.name()));
    value.insert("kind".to_owned(), json!(entry.kind));
    value.insert("size".to_owned(), json!(entry.size));
    value.insert("modified".to_owned(), json!(entry.modified));
    if let Some(stored) = entry.stored {
        value.insert("stored".to_owned(), json!(stored));
    }
    if entry.placeholder {
        value.insert("placeholder".to_owned(), json!(true));
    }
    if entry.links > 1 && entry.kind == FileKind::File {
        value.insert("links".to_owned(), json!(entry.links));
    }
    Value::Object(value)
}
