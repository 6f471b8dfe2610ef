//! Joining texts: notes in Markdown or plain text become one document, with contents, sources and what is open to do.

mod document;
mod links;
mod markdown;

use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use cowork_core::{
    Change, Clash, Content, Effects, Error, FilePath, Kind, Make, Preview, Reader, Result, Sink, ToolContext,
    ToolOutput, TypedTool, Watch, Write,
};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};

use self::document::{Document, Texts};
use crate::{
    change::{IfTaken, one},
    reading::reading,
    show::{check_size, count, folder_of, folders, label, list, shown, touched},
};

const OP: &str = "join texts";
/// So many to-dos, and files that are left, are given; all are counted.
const MOST_TODOS: usize = 200;
const MOST_LEFT: usize = 100;

pub(crate) struct JoinTexts;

/// The arguments of `join_texts`.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(extend("x-seldom" = true))]
pub(crate) struct JoinArgs {
    /// The document, in Markdown: `Notes/Report.md`. If left out, nothing is written: what is open to do is given only.
    #[serde(default)]
    path: Option<FilePath>,
    /// The texts, Markdown (`.md`, `.markdown`) or plain; up to 100,000.
    #[schemars(length(min = 1, max = 100_000))]
    sources: Vec<FilePath>,
    /// What the document is called; `Notes` if left out.
    #[serde(default = "usual_title")]
    #[schemars(length(max = 500))]
    title: String,
    /// In which order the texts come; as they are `given` if left out.
    #[serde(default)]
    order: Order,
    /// What is in the document; everything if left out.
    #[serde(default)]
    parts: Parts,
    /// What to do when the document's name is taken; `skip` if left out, which is then an error.
    #[serde(default)]
    if_taken: IfTaken,
}

/// In which order texts come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Order {
    /// As they are given.
    #[default]
    Given,
    /// By path; numbers in it count as numbers.
    Name,
    /// By date: the one in the name, in what stands before the text, or when the file was changed.
    Date,
}

/// What is in the document.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Parts {
    /// Contents, what is open to do, and the texts.
    #[default]
    All,
    /// Only what is open to do.
    Todos,
}

fn usual_title() -> String {
    "Notes".to_owned()
}

#[async_trait]
impl TypedTool for JoinTexts {
    type Args = JoinArgs;
    const NAME: &'static str = "join_texts";
    const ABOUT: &'static str = "Joins notes (Markdown or plain text) into one new document: Markdown, UTF-8, with a title, contents with links, what is \
        open to do (`- [ ]`, `TODO:`) with where it stands, then each text under a heading of its own, with its source and date. Headings go \
        down by as many levels as they must, links between the texts lead to their places in the document, and what stands before a text between \
        lines of `---` is taken off.\n\nGives the document's `path`, how many `texts` are in it, `words`, `links` that were mended, `todo_count` and the first 200 \
        `todos`, each with `path`, `line` and `text`, and the files that are `left`, because they are not text, with `why`.";

    fn effects(&self, args: &JoinArgs) -> Result<Effects> {
        check_size(OP, args.sources.len())?;
        let sources: Vec<&FilePath> = args.sources.iter().collect();
        let Some(path) = &args.path else {
            let title = format!("look for what is open to do in {}", count(sources.len(), "text"));
            return Ok(Effects::reads(touched(&sources)).showing(list(title, &sources)));
        };
        let folder = folder_of(OP, path)?;
        if sources.contains(&path) {
            let why = format!("`{}` can't be joined into itself", shown(path.as_str()));
            return Err(Error::new(Kind::InvalidInput, OP, why).with_fix("give the document another name"));
        }
        let title = format!("join {} into {}", count(sources.len(), "text"), shown(path.as_str()));
        let notes = vec!["the texts themselves stay as they are".to_owned()];
        let changed = if matches!(args.if_taken, IfTaken::Number) { folder } else { path.clone() };
        let preview = Preview { title, notes, ..Preview::default() };
        Ok(Effects::changes([changed]).and_reads(touched(&sources)).showing(preview))
    }

    async fn run(&self, args: JoinArgs, ctx: ToolContext) -> Result<ToolOutput> {
        let label = label(folders(&args.sources));
        let (sources, watch, order) = (args.sources.clone(), ctx.watch.clone(), args.order);
        let mut texts = reading(OP, &ctx, &args.sources, move |files| Texts::of(&sources, files, &watch)).await?;
        match order {
            Order::Given => {}
            Order::Name => texts.by_name(),
            Order::Date => texts.by_date(),
        }
        let mut value = told(&texts);
        let Some(path) = args.path else {
            let note = format!("{} open", count(texts.todos(), "to-do"));
            return Ok(ToolOutput { value, note, label });
        };
        let folder = folder_of(OP, &path)?;
        let document = Document::new(&args.title, &folder, texts, args.parts == Parts::All);
        let make = Arc::new(Joined { document, watch: ctx.watch.clone(), links: Mutex::default() });
        let write = Write::new(path.clone(), Content::Made(make.clone()));
        let write = Write { clash: Clash::from(args.if_taken), ..write };
        let changed = one(&ctx, Change::Write(write), "take another name, or say `if_taken`: `number`").await?;
        let renamed = changed.otherwise.into_iter().find_map(|o| o.renamed);
        value["path"] = json!(renamed.unwrap_or(path));
        value["links"] = json!(*make.links.lock().unwrap_or_else(PoisonError::into_inner));
        let note = format!("{} joined", count(make.document.texts().len(), "text"));
        Ok(ToolOutput { value, note, label })
    }
}

fn told(texts: &Texts) -> Value {
    let todos: Vec<Value> = texts
        .each_todo()
        .take(MOST_TODOS)
        .map(|(path, line, text)| json!({ "path": path, "line": line, "text": text }))
        .collect();
    let left: Vec<Value> =
        texts.left.iter().take(MOST_LEFT).map(|(path, why)| json!({ "path": path, "why": why })).collect();
    json!({
        "texts": texts.len(), "words": texts.words(), "todo_count": texts.todos(), "todos": todos, "left_count": texts.left.len(), "left": left,
    })
}

/// The document, as content that is made.
struct Joined {
    document: Document,
    watch: Watch,
    /// How many links were mended; none if the document was made before an interruption.
    links: Mutex<Option<u64>>,
}

impl Make for Joined {
    fn key(&self) -> String {
        "joined".to_owned()
    }

    fn make(&self, files: &dyn Reader, mut to: &mut dyn Sink) -> Result<()> {
        let links = self.document.write(files, &mut to, &self.watch)?;
        *self.links.lock().unwrap_or_else(PoisonError::into_inner) = Some(links);
        Ok(())
    }
}
