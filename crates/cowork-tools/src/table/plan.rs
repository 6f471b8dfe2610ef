//! How tables are combined: which column goes where, and how its cells are read.

use std::collections::HashMap;

use cowork_core::{Error, FilePath, Kind, Result};
use serde_json::{Value, json};

use super::{
    date::Order,
    locale::Locale,
    number::Style,
    seen::{Seen, Type},
    survey::{Room, Survey, Table, key},
};

/// What is asked for.
#[derive(Clone, Debug, Default)]
pub(super) struct Wish {
    pub(super) group_by: Vec<String>,
    pub(super) sum: Vec<String>,
    pub(super) dates: Vec<String>,
    pub(super) distinct: bool,
    pub(super) clean: bool,
    pub(super) locale: Locale,
    pub(super) keep_uneven: bool,
    /// The column that says from which file a row is.
    pub(super) source: Option<String>,
}

/// A column of the combined table.
#[derive(Clone, Debug)]
pub(super) struct Column {
    pub(super) name: String,
    pub(super) kind: Type,
}

/// How the cells of a column in one file are read.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Reading {
    pub(super) style: Option<Style>,
    pub(super) order: Option<Order>,
}

/// A table, and where its columns go.
pub(super) struct Part {
    pub(super) table: Table,
    /// For each of its columns the one of the combined table, then for each cell that a row may have beyond them; none for a
    /// column of which nothing is known.
    pub(super) to: Vec<Option<usize>>,
}

/// How tables are combined.
pub(super) struct Plan {
    pub(super) wish: Wish,
    pub(super) parts: Vec<Part>,
    pub(super) columns: Vec<Column>,
    pub(super) group_by: Vec<usize>,
    pub(super) sum: Vec<usize>,
    pub(super) dates: Vec<usize>,
    /// How many rows the tables have.
    pub(super) rows: u64,
    pub(super) room: Room,
}

impl Plan {
    /// Works it out.
    ///
    /// # Errors
    /// `InvalidInput` for a column that is in none of the tables.
    pub(super) fn of(op: &str, survey: &mut Survey, wish: Wish) -> Result<Self> {
        let mut union = Union::default();
        let mut parts = Vec::with_capacity(survey.tables.len());
        for table in std::mem::take(&mut survey.tables) {
            let mut to: Vec<Option<usize>> = Vec::with_capacity(table.columns.len());
            for column in &table.columns {
                to.push((!column.is_nothing()).then(|| union.add(&column.name, &column.seen)));
            }
            if wish.keep_uneven {
                let more = to.len()..table.widest;
                to.extend(more.map(|n| Some(union.add(&format!("Column {}", n + 1), &Seen::default()))));
            }
            parts.push(Part { table, to });
        }
        let rows = parts.iter().map(|p| p.table.rows).sum();
        let columns = union.columns();
        let find = |names: &[String]| names.iter().map(|name| find(op, &columns, name)).collect::<Result<Vec<usize>>>();
        let (group_by, sum, dates) = (find(&wish.group_by)?, find(&wish.sum)?, find(&wish.dates)?);
        Ok(Self { wish, parts, group_by, sum, dates, columns, rows, room: survey.room })
    }

    /// Gives how the cells of a file are read, for each column of the combined table.
    pub(super) fn readings(&self, part: &Part) -> Vec<Reading> {
        let locale = self.wish.locale;
        let mut readings = vec![Reading { style: locale.style, order: locale.order }; self.columns.len()];
        for (column, to) in part.table.columns.iter().zip(&part.to) {
            if let Some(to) = *to {
                readings[to] = Reading {
                    style: locale.style.or_else(|| column.seen.style()),
                    order: locale.order.or_else(|| column.seen.order()),
                };
            }
        }
        readings
    }

    /// Says whether rows become groups.
    pub(super) fn groups(&self) -> bool {
        !self.group_by.is_empty()
    }

    /// Names the columns of what is written.
    pub(super) fn names(&self) -> Vec<String> {
        let of = |at: &usize| self.columns[*at].name.clone();
        let names: Vec<String> = if self.groups() {
            let dates = self.dates.iter().flat_map(|at| [format!("First {}", of(at)), format!("Last {}", of(at))]);
            let rows = std::iter::once("Rows".to_owned());
            self.group_by.iter().map(of).chain(rows).chain(self.sum.iter().map(of)).chain(dates).collect()
        } else {
            self.columns.iter().map(|c| c.name.clone()).chain(self.wish.source.clone()).collect()
        };
        once_each(names)
    }

    /// Says which columns of what is written hold numbers.
    pub(super) fn numbers(&self) -> Vec<bool> {
        let is_number = |at: &usize| self.columns[*at].kind == Type::Number;
        if self.groups() {
            let sums = std::iter::repeat_n(true, 1 + self.sum.len());
            self.group_by.iter().map(is_number).chain(sums).collect()
        } else {
            (0..self.columns.len()).map(|at| is_number(&at)).collect()
        }
    }

    /// Tells of each column that is grouped or added up by which tables lack it: how many, with how many rows, and the first of them.
    pub(super) fn lacking(&self) -> Vec<Value> {
        let mut lacking = Vec::new();
        for at in self.group_by.iter().chain(&self.sum) {
            let without: Vec<&Part> = self.parts.iter().filter(|p| !p.to.contains(&Some(*at))).collect();
            if !without.is_empty() {
                let rows: u64 = without.iter().map(|p| p.table.rows).sum();
                let paths: Vec<&FilePath> = without.iter().take(20).map(|p| &p.table.path).collect();
                lacking.push(
                    json!({ "column": self.columns[*at].name, "files": without.len(), "rows": rows, "paths": paths }),
                );
            }
        }
        lacking
    }

    /// Gives the files that are read, in order.
    pub(super) fn sources(&self) -> impl Iterator<Item = &FilePath> {
        self.parts.iter().map(|p| &p.table.path)
    }
}

/// Columns in order of first appearance.
#[derive(Default)]
struct Union {
    at: HashMap<String, usize>,
    names: Vec<String>,
    seen: Vec<Seen>,
}

impl Union {
    fn add(&mut self, name: &str, seen: &Seen) -> usize {
        let index = *self.at.entry(key(name)).or_insert(self.names.len());
        if index == self.names.len() {
            self.names.push(name.to_owned());
            self.seen.push(Seen::default());
        }
        self.seen[index].join(seen);
        index
    }

    fn columns(self) -> Vec<Column> {
        self.names.into_iter().zip(self.seen).map(|(name, seen)| Column { name, kind: seen.kind() }).collect()
    }
}

fn find(op: &str, columns: &[Column], name: &str) -> Result<usize> {
    columns.iter().position(|c| key(&c.name) == key(name)).ok_or_else(|| {
        let mut there: Vec<&str> = columns.iter().take(50).map(|c| c.name.as_str()).collect();
        if columns.len() > there.len() {
            there.push("…");
        }
        let why = format!("there is no column `{}` in these tables", name.escape_debug());
        Error::new(Kind::InvalidInput, op, why).with_fix(format!("the columns are: {}", there.join(", ")))
    })
}

/// Gives a number to a name that was there before.
fn once_each(names: Vec<String>) -> Vec<String> {
    let mut taken: HashMap<String, usize> = HashMap::new();
    let mut all = Vec::with_capacity(names.len());
    for name in names {
        let mut given = name.clone();
        let mut number = 1;
        while taken.contains_key(&key(&given)) {
            number += 1;
            given = format!("{name} ({number})");
        }
        taken.insert(key(&given), number);
        all.push(given);
    }
    all
}
