//! Tables: CSV, TSV and JSON lines, read as they are found, and combined into one.

mod combine;
mod date;
mod groups;
mod locale;
mod number;
mod output;
mod plan;
mod read;
mod rows;
mod seen;
mod survey;
mod work;

use std::{collections::HashMap, sync::Arc};

use async_trait::async_trait;
use cowork_core::{Effects, Error, FilePath, Kind, Result, Tool, ToolContext, ToolOutput, TypedTool, tool};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};

use self::{
    number::Style,
    read::{OP, Stated},
    seen::Seen,
    survey::{LONGEST_NAME, Survey, cut, key},
};
use crate::{
    reading::reading,
    show::{check_size, count, folders, label, list, touched},
    transcode::named,
};

/// So many columns are named; all are counted.
const MOST_COLUMNS: usize = 200;

/// Gives the tools that read and combine tables.
pub(crate) fn tools() -> Vec<Arc<dyn Tool>> {
    vec![tool(ReadTables), tool(combine::CombineTables)]
}

struct ReadTables;

/// The arguments of `read_tables`.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(extend("x-seldom" = true))]
struct ReadArgs {
    /// The files: CSV (with `,` `;` `|` or tabs between the cells) or JSON lines; up to 100,000.
    #[schemars(length(min = 1, max = 100_000))]
    paths: Vec<FilePath>,
    /// How many of each table's first rows are given, up to 50; 3 if left out.
    #[serde(default = "usual_first")]
    #[schemars(range(max = 50))]
    first: u32,
    /// The most tables to tell of one by one, up to 1,000; 20 if left out. All are counted.
    #[serde(default = "usual_tables")]
    #[schemars(range(min = 1, max = 1_000))]
    most: u32,
    /// What stands between the cells, if it is known: `,` `;` `|` or a tab; found out if left out.
    #[serde(default)]
    delimiter: Option<String>,
    /// The encoding if it is known, as the web names it: `windows-1252`, `utf-16le`; found out if left out.
    #[serde(default)]
    encoding: Option<String>,
    /// Whether the first row names the columns; found out if left out.
    #[serde(default)]
    header: Option<bool>,
}

fn usual_first() -> u32 {
    3
}

fn usual_tables() -> u32 {
    20
}

/// Reads what is said of how the tables are written.
fn stated(delimiter: Option<&str>, encoding: Option<&str>, header: Option<bool>) -> Result<Stated> {
    let parts = |b: u8| b.is_ascii() && !b.is_ascii_alphanumeric() && !matches!(b, b'"' | b'\n' | b'\r');
    let delimiter = match delimiter.map(str::as_bytes) {
        None => None,
        Some([one]) if parts(*one) => Some(*one),
        Some(_) => {
            let why = "`delimiter` is one character, such as `;`";
            return Err(Error::new(Kind::InvalidInput, OP, why).with_fix("leave it out: it is found out"));
        }
    };
    Ok(Stated { encoding: named(OP, encoding)?, delimiter, header })
}

#[async_trait]
impl TypedTool for ReadTables {
    type Args = ReadArgs;
    const NAME: &'static str = "read_tables";
    const ABOUT: &'static str = "Reads tables (CSV, TSV, JSON lines), to know what is in them. They can be in any encoding.\n\nGives how many `files` are tables, their \
        `rows`, how many rows are `broken` (the first 100 as `broken_rows`, with `path`, `line` and `why`), the `columns` of all of them in order of \
        first appearance, each with `name`, `type` (number, date, text, empty), `filled` cells and in how many `files` it is, by what `decimal` fractions are parted (`comma`, `point`, or null where that is not the same in all), `tables` one by one with \
        what was found of each (`format`, `delimiter`, `encoding`, `header`, `columns`, `rows`, the `first` rows), and the files that are `left`, \
        because they are no tables, with `why`. A column is the same under another case or with other spaces.";

    fn effects(&self, args: &ReadArgs) -> Result<Effects> {
        check_size(OP, args.paths.len())?;
        stated(args.delimiter.as_deref(), args.encoding.as_deref(), args.header)?;
        let paths: Vec<&FilePath> = args.paths.iter().collect();
        let title = format!("read {}", count(paths.len(), "table"));
        Ok(Effects::reads(touched(&paths)).showing(list(title, &paths)))
    }

    async fn run(&self, args: ReadArgs, ctx: ToolContext) -> Result<ToolOutput> {
        let label = label(folders(&args.paths));
        let stated = stated(args.delimiter.as_deref(), args.encoding.as_deref(), args.header)?;
        let (first, most) = (args.first.min(50) as usize, args.most.clamp(1, 1_000) as usize);
        let (sources, watch) = (args.paths, ctx.watch.clone());
        let survey =
            reading(OP, &ctx, &sources.clone(), move |files| Survey::of(&sources, stated, first, files, &watch))
                .await?;
        let rows: u64 = survey.tables.iter().map(|t| t.rows).sum();
        let columns = columns(&survey);
        let tables: Vec<Value> = survey.tables.iter().take(most).map(|t| t.told(MOST_COLUMNS)).collect();
        let value = json!({
            "files": survey.tables.len(), "rows": rows, "broken": survey.troubled(), "broken_rows": survey.broken_rows(),
            "column_count": columns.len(), "columns": columns.into_iter().take(MOST_COLUMNS).collect::<Vec<_>>(),
            "decimal": decimal(&survey), "tables": tables, "left_count": survey.left_count, "left": survey.left_files(),
        });
        let note = format!("{}, {rows} rows", count(survey.tables.len(), "table"));
        Ok(ToolOutput { value, note, label })
    }
}

/// Says how fractions are written in these tables, as far as that is proved and the same in all.
fn decimal(survey: &Survey) -> Option<&'static str> {
    let mut styles = survey.tables.iter().flat_map(|t| &t.columns).filter_map(|c| c.seen.style());
    let first = styles.next()?;
    let name = if first == Style::Comma { "comma" } else { "point" };
    styles.all(|style| style == first).then_some(name)
}

/// Tells the columns of all tables.
fn columns(survey: &Survey) -> Vec<Value> {
    let mut all: Vec<(&str, Seen, u64)> = Vec::new();
    let mut at: HashMap<String, usize> = HashMap::new();
    for column in survey.tables.iter().flat_map(|t| &t.columns).filter(|c| !c.is_nothing()) {
        let index = *at.entry(key(&column.name)).or_insert(all.len());
        if index == all.len() {
            all.push((&column.name, Seen::default(), 0));
        }
        all[index].1.join(&column.seen);
        all[index].2 += 1;
    }
    let told = |(name, seen, files): (&str, Seen, u64)| json!({ "name": cut(name, LONGEST_NAME), "type": seen.kind().name(), "filled": seen.filled, "files": files });
    all.into_iter().map(told).collect()
}
