//! Combining tables: rows of many go into one, as they are, once each, or in groups.

use std::{
    collections::HashMap,
    io,
    sync::{Mutex, PoisonError},
};

use async_trait::async_trait;
use cowork_core::{
    Change, Clash, Content, Effects, Error, FilePath, Kind, Make, Preview, Reader, Result, Sink, ToolContext,
    ToolOutput, TypedTool, Watch, Write,
};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::{
    locale::Locale,
    output::{Output, Shape},
    plan::{Part, Plan, Wish},
    read::{Found, Source},
    stated,
    survey::{LONGEST_CELL, LONGEST_NAME, Survey, cut},
    work::{Report, Unclear, Work},
};
use crate::{
    change::{IfTaken, one},
    reading::{is_left_out, reading},
    show::{check_size, count, folder_of, folders, label, shown, stopped, touched},
};

const OP: &str = "combine tables";
/// So many columns are given of each of these.
const MOST_COLUMNS: usize = 200;

pub(super) struct CombineTables;

/// The arguments of `combine_tables`.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(extend("x-seldom" = true))]
pub(super) struct CombineArgs {
    /// The combined table; its name says what it becomes: `.csv`, `.tsv` or `.jsonl`. Missing folders are made.
    path: FilePath,
    /// The files, in the order in which their rows come: CSV (with `,` `;` `|` or tabs) or JSON lines; up to 100,000.
    #[schemars(length(min = 1, max = 100_000))]
    sources: Vec<FilePath>,
    /// What to do when the name is taken; `skip` if left out, which is then an error.
    #[serde(default)]
    if_taken: IfTaken,
    /// The columns by whose cells rows are put into groups: one row is written for each group, with how many `Rows` it has.
    #[serde(default)]
    #[schemars(length(max = 20))]
    group_by: Vec<String>,
    /// The columns of numbers that are added up, exactly: for each group, and in all.
    #[serde(default)]
    #[schemars(length(max = 200))]
    sum: Vec<String>,
    /// The columns of dates of which each group has the first and the last.
    #[serde(default)]
    #[schemars(length(max = 200))]
    dates: Vec<String>,
    /// Whether a row that is the same as one before it, in all columns, is left out; no if left out.
    #[serde(default)]
    distinct: bool,
    /// Whether numbers become `1234.56` and dates `2026-12-31`, in columns of numbers and of dates; no if left out. What could be two
    /// numbers or two days is decided by `locale`, or by the rest of its column; if it isn't, it is left as it is. So is a number with the
    /// sign of a currency.
    #[serde(default)]
    clean: bool,
    /// How numbers and dates are written: `de`, `en-GB`, `en-US`, or an example, `1.234,56`; by what each column proves if left out.
    #[serde(default)]
    locale: Option<String>,
    /// Whether a `.csv` is written as spreadsheets open it in places where one writes `1.234,56`: `;` between the cells, decimal commas, UTF-8
    /// with its mark; no if left out. Numbers are then cleaned as with `clean`.
    #[serde(default)]
    decimal_comma: bool,
    /// What becomes of rows with more or fewer cells than columns; `leave_out` if left out. `keep` fills them up with empty cells, and puts
    /// what is too much into further columns.
    #[serde(default)]
    uneven: Uneven,
    /// The name of a further column that says from which file each row is; none if left out.
    #[serde(default)]
    source_column: Option<String>,
    /// What stands between the cells, if it is known: `,` `;` `|` or a tab; found out for each file if left out.
    #[serde(default)]
    delimiter: Option<String>,
    /// The encoding if it is known, as the web names it; found out for each file if left out.
    #[serde(default)]
    encoding: Option<String>,
    /// Whether the first rows name the columns; found out for each file if left out.
    #[serde(default)]
    header: Option<bool>,
}

/// What becomes of rows with more or fewer cells than columns.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Uneven {
    /// They are left out and named.
    #[default]
    LeaveOut,
    /// They are kept.
    Keep,
}

impl CombineArgs {
    fn wish(&self) -> Result<Wish> {
        let locale = self.locale.as_deref().map(|name| Locale::named(OP, name)).transpose()?.unwrap_or_default();
        if !self.dates.is_empty() && self.group_by.is_empty() {
            let why = "`dates` are given for each group, and there are no groups";
            return Err(Error::new(Kind::InvalidInput, OP, why).with_fix("say `group_by`, or leave `dates` out"));
        }
        Ok(Wish {
            group_by: self.group_by.clone(),
            sum: self.sum.clone(),
            dates: self.dates.clone(),
            distinct: self.distinct,
            clean: self.clean || self.decimal_comma,
            locale,
            keep_uneven: self.uneven == Uneven::Keep,
            source: self.source_column.clone().filter(|_| self.group_by.is_empty()),
        })
    }

    fn notes(&self) -> Vec<String> {
        let mut notes = Vec::new();
        if !self.group_by.is_empty() {
            notes.push(format!("a row for each group of {}", self.group_by.join(", ")));
        }
        if !self.sum.is_empty() {
            notes.push(format!("adds up {}", self.sum.join(", ")));
        }
        if self.distinct {
            notes.push("rows that are there twice are written once".to_owned());
        }
        notes.push("the files themselves stay as they are".to_owned());
        notes.iter().map(|note| shown(note)).collect()
    }
}

#[async_trait]
impl TypedTool for CombineTables {
    type Args = CombineArgs;
    const NAME: &'static str = "combine_tables";
    const ABOUT: &'static str = "Combines tables (CSV, TSV, JSON lines) into a new one: UTF-8, from any encoding. Its columns are those of all tables in order of \
        first appearance; a column is the same under another case or with other spaces. On request rows are written once each, put into groups \
        with sums and first and last dates, and their numbers and dates cleaned. Sums are exact. Other cells are written as they were read, also \
        what a spreadsheet takes for a formula (`=`, `+`, `-`, `@`).\n\nGives the table's `path`, `rows_in`, `rows_out`, `duplicates`, `empty` rows, its \
        `columns`, the first 20 `groups`, the `totals`, how many rows were `broken` (the first 100 as `broken_rows`, with `path`, `line` and `why`; \
        left out, but uneven ones where `uneven` keeps them: `kept`), the files that are `left` with `why`, `total_rows`, how many \
        rows at the end of a table only add up the others and were left out, the columns asked for that tables are `lacking` (`files`, `rows`, \
        `paths`), and `unclear`: for each column how many `cells` could not be read as a number or date, the first 20 `named` with `path`, `line`, \
        `cell` and `why`. Lines of a title above a table are passed over.";

    fn effects(&self, args: &CombineArgs) -> Result<Effects> {
        let folder = folder_of(OP, &args.path)?;
        check_size(OP, args.sources.len())?;
        Shape::of(OP, &args.path)?;
        stated(args.delimiter.as_deref(), args.encoding.as_deref(), args.header)?;
        args.wish()?;
        if args.sources.contains(&args.path) {
            let why = format!("`{}` can't be combined into itself", shown(args.path.as_str()));
            return Err(Error::new(Kind::InvalidInput, OP, why).with_fix("give the result another name"));
        }
        let sources: Vec<&FilePath> = args.sources.iter().collect();
        let title = format!("combine {} into {}", count(sources.len(), "table"), shown(args.path.as_str()));
        let path = if matches!(args.if_taken, IfTaken::Number) { folder } else { args.path.clone() };
        let preview = Preview { title, notes: args.notes(), ..Preview::default() };
        Ok(Effects::changes([path]).and_reads(touched(&sources)).showing(preview))
    }

    async fn run(&self, args: CombineArgs, ctx: ToolContext) -> Result<ToolOutput> {
        let label = label(folders(&args.sources));
        let shape = match Shape::of(OP, &args.path)? {
            Shape::Delimited(b',') if args.decimal_comma => Shape::Comma,
            shape => shape,
        };
        let (wish, watch) = (args.wish()?, ctx.watch.clone());
        let stated = stated(args.delimiter.as_deref(), args.encoding.as_deref(), args.header)?;
        let sources = args.sources.clone();
        let mut survey =
            reading(OP, &ctx, &args.sources, move |files| Survey::of(&sources, stated, 0, files, &watch)).await?;
        if survey.tables.is_empty() {
            return Err(no_table(&survey));
        }
        let plan = Plan::of(OP, &mut survey, wish)?;
        let combine = std::sync::Arc::new(Combine { plan, shape, watch: ctx.watch.clone(), report: Mutex::default() });
        let write = Write::new(args.path.clone(), Content::Made(combine.clone()));
        let write = Write { clash: Clash::from(args.if_taken), ..write };
        let changed = one(&ctx, Change::Write(write), "take another name, or say `if_taken`: `number`").await?;
        let told = combine.report.lock().unwrap_or_else(PoisonError::into_inner).take();
        let report = match told {
            Some(report) => report,
            // It was written before an interruption, and only what came of it is to be told.
            None => {
                let (again, sources) = (combine.clone(), args.sources);
                reading(OP, &ctx, &sources, move |files| again.write(files, &mut io::sink())).await?
            }
        };
        let path = changed.otherwise.into_iter().find_map(|o| o.renamed).unwrap_or(args.path);
        let note = format!(
            "{} from {}, {} written",
            rows(report.read),
            count(combine.plan.parts.len(), "table"),
            rows(report.written)
        );
        Ok(ToolOutput { value: combine.told(&report, &path, &survey), note, label })
    }
}

fn rows(number: u64) -> String {
    count(usize::try_from(number).unwrap_or(usize::MAX), "row")
}

fn no_table(survey: &Survey) -> Error {
    let (path, why) = survey.left.first().map_or_else(Default::default, |(p, w)| (p.to_string(), w.clone()));
    let why = format!("none of these files is a table: `{}`: {why}", shown(&path));
    Error::new(Kind::InvalidInput, OP, why).with("path", path).with_fix("give files of CSV, TSV or JSON lines")
}

/// The combined table, as content that is made.
struct Combine {
    plan: Plan,
    shape: Shape,
    watch: Watch,
    report: Mutex<Option<Report>>,
}

impl Make for Combine {
    fn key(&self) -> String {
        "combined".to_owned()
    }

    fn make(&self, files: &dyn Reader, mut to: &mut dyn Sink) -> Result<()> {
        let report = self.write(files, &mut to)?;
        *self.report.lock().unwrap_or_else(PoisonError::into_inner) = Some(report);
        Ok(())
    }
}

impl Combine {
    fn write(&self, files: &dyn Reader, to: &mut dyn io::Write) -> Result<Report> {
        let plan = &self.plan;
        let mut work = Work::new(plan, Output::new(self.shape, plan.names(), plan.numbers(), to)?);
        for part in &plan.parts {
            self.part(part, files, &mut work)?;
        }
        work.end()
    }

    /// Takes the rows of one table.
    fn part(&self, part: &Part, files: &dyn Reader, work: &mut Work<'_>) -> Result<()> {
        let table = &part.table;
        if self.watch.cancel.is_cancelled() {
            return Err(stopped(OP));
        }
        let changed = || {
            let why = format!("`{}` was changed or went away while it was being read", table.path);
            Error::new(Kind::Conflict, OP, why).with("path", table.path.as_str()).with_fix("try again")
        };
        let file = files.open(&table.path).map_err(|e| if is_left_out(&e) { changed() } else { e })?;
        let entry = file.entry();
        if (entry.size, entry.modified) != (table.size, table.modified) {
            return Err(changed());
        }
        let source = Source { file: &*file, encoding: table.encoding, form: table.form, watch: &self.watch };
        let readings = self.plan.readings(part);
        let names: HashMap<&str, usize> =
            table.columns.iter().enumerate().map(|(at, c)| (c.written.as_str(), at)).collect();
        let mut whole = 0;
        source.each(&mut |line, found| {
            if work.report.read.is_multiple_of(8192) {
                (self.watch.progress)(work.report.read, self.plan.rows, table.path.as_str());
            }
            work.clear();
            match found {
                Found::Header(_) | Found::Broken(_) => return Ok(()),
                Found::Uneven(_) if !self.plan.wish.keep_uneven => return Ok(()),
                Found::Uneven(cells) => {
                    work.report.kept += 1;
                    cells.iter().enumerate().for_each(|(at, cell)| work.put(part, at, cell, false));
                }
                Found::Cells(cells) => {
                    whole += 1;
                    if table.before_totals.is_some_and(|before| whole > before) {
                        work.report.totals_left += u64::from(cells.iter().any(|cell| !cell.trim().is_empty()));
                        return Ok(());
                    }
                    cells.iter().enumerate().for_each(|(at, cell)| work.put(part, at, cell, false));
                }
                Found::Pairs(pairs) => {
                    for pair in pairs {
                        let at = names.get(pair.name.as_str()).copied().unwrap_or(usize::MAX);
                        work.put(part, at, &pair.text, pair.number);
                    }
                }
            }
            work.row(&table.path, line, &readings)
        })
    }

    fn told(&self, report: &Report, path: &FilePath, survey: &Survey) -> Value {
        let plan = &self.plan;
        let names = plan.names();
        let group = |row: &Vec<String>| -> Value {
            names
                .iter()
                .zip(row)
                .take(MOST_COLUMNS)
                .map(|(n, c)| (cut(n, LONGEST_NAME), json!(cut(c, LONGEST_CELL))))
                .collect::<Map<_, _>>()
                .into()
        };
        let totals: Map<String, Value> = plan
            .sum
            .iter()
            .zip(&report.totals)
            .map(|(at, sum)| (cut(&plan.columns[*at].name, LONGEST_NAME), json!(sum.to_string())))
            .collect();
        let unclear = |(at, unclear): (&usize, &Unclear)| {
            let named = |(path, line, cell, why): &(FilePath, u64, String, &'static str)| json!({ "path": path, "line": line, "cell": cut(cell, LONGEST_CELL), "why": why });
            let named: Vec<Value> = unclear.named.iter().map(named).collect();
            json!({ "column": cut(&plan.columns[*at].name, LONGEST_NAME), "cells": unclear.cells, "named": named })
        };
        let (uneven, broken) =
            plan.parts.iter().fold((0, 0), |sum, p| (sum.0 + p.table.uneven, sum.1 + p.table.broken));
        json!({
            "path": path, "files": plan.sources().count(), "rows_in": report.read, "rows_out": report.written,
            "duplicates": report.duplicates, "empty": report.empty, "column_count": names.len(),
            "columns": names.iter().take(MOST_COLUMNS).map(|n| cut(n, LONGEST_NAME)).collect::<Vec<_>>(), "broken": uneven + broken, "kept": report.kept,
            "broken_rows": survey.broken_rows(), "left_count": survey.left_count, "left": survey.left_files(),
            "group_count": report.group_count, "groups": report.groups.iter().map(group).collect::<Vec<_>>(), "totals": totals,
            "total_rows": report.totals_left, "lacking": plan.lacking(), "unclear": report.unclear.iter().take(MOST_COLUMNS).map(unclear).collect::<Vec<_>>(),
        })
    }
}
