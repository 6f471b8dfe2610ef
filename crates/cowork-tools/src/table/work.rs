//! Rows on their way into the combined table, one by one: as they are, once each, or in groups.

use std::collections::{BTreeMap, HashSet};

use cowork_core::{FilePath, Result};

use super::{
    date::Date,
    groups::{Adds, Group, Groups},
    number::{Decimal, Number, Style},
    output::Output,
    plan::{Part, Plan, Reading},
    seen::Type,
    survey::Room,
};

/// So many groups are given; all are written.
const MOST_GROUPS: usize = 20;
/// So many cells of a column that could not be read are named.
const MOST_UNCLEAR: usize = 20;

/// A table on its way.
pub(super) struct Work<'a> {
    plan: &'a Plan,
    output: Output<'a>,
    room: Room,
    groups: Groups,
    total: Group,
    seen: HashSet<[u8; 16]>,
    pub(super) report: Report,
    pub(super) cells: Vec<String>,
    /// Which of the cells are numbers of JSON.
    exact: Vec<bool>,
}

impl<'a> Work<'a> {
    pub(super) fn new(plan: &'a Plan, output: Output<'a>) -> Self {
        Self {
            plan,
            output,
            room: plan.room,
            groups: Groups::default(),
            total: Groups::of_all(plan.sum.len()),
            seen: HashSet::new(),
            report: Report::default(),
            cells: vec![String::new(); plan.columns.len()],
            exact: vec![false; plan.columns.len()],
        }
    }

    pub(super) fn clear(&mut self) {
        self.cells.iter_mut().for_each(String::clear);
        self.cells.truncate(self.plan.columns.len());
        self.exact.fill(false);
    }

    pub(super) fn put(&mut self, part: &Part, at: usize, cell: &str, exact: bool) {
        if let Some(to) = part.to.get(at).copied().flatten() {
            self.cells[to].push_str(cell);
            self.exact[to] = exact;
        }
    }

    /// Takes the row that was put together.
    pub(super) fn row(&mut self, path: &FilePath, line: u64, readings: &[Reading]) -> Result<()> {
        let plan = self.plan;
        self.report.read += 1;
        if self.cells.iter().all(|c| c.trim().is_empty()) {
            self.report.empty += 1;
            return Ok(());
        }
        let sums: Vec<Option<Decimal>> =
            plan.sum.iter().map(|at| self.number(*at, path, line, readings[*at])).collect();
        let dates: Vec<Option<String>> =
            plan.dates.iter().map(|at| self.date(*at, path, line, readings[*at])).collect();
        if plan.wish.clean {
            self.clean(path, line, readings);
        }
        if plan.wish.distinct && !self.is_new()? {
            self.report.duplicates += 1;
            return Ok(());
        }
        let names: Vec<&str> = plan.sum.iter().map(|at| plan.columns[*at].name.as_str()).collect();
        let adds = Adds { sums: &sums, dates: &dates, names: &names };
        self.total.add(&adds)?;
        if plan.groups() {
            let cells: Vec<&str> = plan.group_by.iter().map(|at| self.cells[*at].trim()).collect();
            return self.groups.add(&cells, &adds, &mut self.room);
        }
        self.report.written += 1;
        if plan.wish.source.is_some() {
            self.cells.push(path.name().to_owned());
        }
        self.output.row(&self.cells)
    }

    fn number(&mut self, at: usize, path: &FilePath, line: u64, reading: Reading) -> Option<Decimal> {
        let style = if self.exact[at] { Some(Style::Point) } else { reading.style };
        let cell = &self.cells[at];
        if cell.trim().is_empty() {
            return None;
        }
        let (value, why) = match Number::read(cell) {
            None => (None, "it is no number"),
            Some(n) if n.is_unclear() => (n.value(style), "it could be two numbers: say which `locale`"),
            Some(n) => (n.value(style), "it is not written as the others are"),
        };
        if value.is_none() {
            self.unclear(at, path, line, why);
        }
        value
    }

    fn date(&mut self, at: usize, path: &FilePath, line: u64, reading: Reading) -> Option<String> {
        let cell = &self.cells[at];
        if cell.trim().is_empty() {
            return None;
        }
        let (value, why) = match Date::read(cell) {
            None => (None, "it is no date"),
            Some(d) if d.is_unclear() => (d.iso(reading.order), "it could be two days: say which `locale`"),
            Some(d) => (d.iso(reading.order), "it is not written as the others are"),
        };
        if value.is_none() {
            self.unclear(at, path, line, why);
        }
        value
    }

    /// Writes numbers and dates in the one way.
    fn clean(&mut self, path: &FilePath, line: u64, readings: &[Reading]) {
        for (at, reading) in readings.iter().enumerate() {
            let counted = self.plan.sum.contains(&at) || self.plan.dates.contains(&at);
            let cell = &self.cells[at];
            let (value, unclear) = match self.plan.columns[at].kind {
                _ if self.exact[at] => continue,
                Type::Number => match Number::read(cell) {
                    // With its currency it says more than without.
                    Some(n) if n.currency.is_none() => {
                        (n.value(reading.style).map(|d| d.to_string()), "it could be two numbers: say which `locale`")
                    }
                    _ => continue,
                },
                Type::Date => match Date::read(cell) {
                    Some(d) => (d.iso(reading.order), "it could be two days: say which `locale`"),
                    None => continue,
                },
                Type::Empty | Type::Text => continue,
            };
            match value {
                Some(value) => self.cells[at] = value,
                None if !counted => self.unclear(at, path, line, unclear),
                None => {}
            }
        }
    }

    fn unclear(&mut self, at: usize, path: &FilePath, line: u64, why: &'static str) {
        let cell = &self.cells[at];
        let unclear = self.report.unclear.entry(at).or_default();
        unclear.cells += 1;
        if unclear.named.len() < MOST_UNCLEAR {
            unclear.named.push((path.clone(), line, cell.clone(), why));
        }
    }

    /// Says whether no row before was the same.
    fn is_new(&mut self) -> Result<bool> {
        let mut hasher = blake3::Hasher::new();
        for cell in &self.cells {
            let cell = cell.trim();
            hasher.update(&(cell.len() as u64).to_le_bytes());
            hasher.update(cell.as_bytes());
        }
        let mut hash = [0; 16];
        hash.copy_from_slice(&hasher.finalize().as_bytes()[..16]);
        let new = self.seen.insert(hash);
        if new {
            self.room.take(40, "leave `distinct` out, or combine fewer files at a time")?;
        }
        Ok(new)
    }

    pub(super) fn end(mut self) -> Result<Report> {
        if self.plan.groups() {
            for group in self.groups.sorted() {
                let row = group.row();
                self.output.row(&row)?;
                self.report.written += 1;
                self.report.group_count += 1;
                if self.report.groups.len() < MOST_GROUPS {
                    self.report.groups.push(row);
                }
            }
        }
        self.report.totals = self.total.sums;
        self.output.end()?;
        Ok(self.report)
    }
}

/// What came of it.
#[derive(Default)]
pub(super) struct Report {
    pub(super) read: u64,
    pub(super) written: u64,
    pub(super) duplicates: u64,
    pub(super) empty: u64,
    pub(super) kept: u64,
    /// How many rows only add up others.
    pub(super) totals_left: u64,
    pub(super) unclear: BTreeMap<usize, Unclear>,
    pub(super) groups: Vec<Vec<String>>,
    pub(super) group_count: usize,
    pub(super) totals: Vec<Decimal>,
}

/// Cells of a column that could not be read.
#[derive(Default)]
pub(super) struct Unclear {
    pub(super) cells: u64,
    /// The first of them, each with its file, its line, what it holds, and why that is unclear.
    pub(super) named: Vec<(FilePath, u64, String, &'static str)>,
}
