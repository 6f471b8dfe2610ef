//! Groups of rows, with what they come to.

use std::collections::{HashMap, hash_map::Entry};

use cowork_core::{Error, Kind, Result};

use super::{number::Decimal, survey::Room};

/// Groups by the cells that they share.
#[derive(Default)]
pub(super) struct Groups {
    at: HashMap<String, usize>,
    all: Vec<Group>,
}

/// Rows that share cells.
pub(super) struct Group {
    cells: Vec<String>,
    pub(super) rows: u64,
    pub(super) sums: Vec<Decimal>,
    dates: Vec<Option<(String, String)>>,
}

/// What a row adds to its group.
pub(super) struct Adds<'r> {
    pub(super) sums: &'r [Option<Decimal>],
    pub(super) dates: &'r [Option<String>],
    /// The names of the columns that are added up.
    pub(super) names: &'r [&'r str],
}

impl Group {
    fn new(cells: Vec<String>, sums: usize, dates: usize) -> Self {
        Self { cells, rows: 0, sums: vec![Decimal::default(); sums], dates: vec![None; dates] }
    }

    /// # Errors
    /// `LimitExceeded` where a sum has too many digits to be exact.
    pub(super) fn add(&mut self, adds: &Adds<'_>) -> Result<()> {
        self.rows += 1;
        for (at, (sum, more)) in self.sums.iter_mut().zip(adds.sums).enumerate() {
            if let Some(more) = more {
                *sum = sum.add(*more).ok_or_else(|| {
                    let name = adds.names.get(at).copied().unwrap_or_default();
                    let why = format!("the numbers in `{name}` are too large to be added exactly");
                    Error::new(Kind::LimitExceeded, "combine tables", why).with_fix("leave that column out of `sum`")
                })?;
            }
        }
        for (seen, date) in self.dates.iter_mut().zip(adds.dates) {
            let Some(date) = date else { continue };
            match seen {
                None => *seen = Some((date.clone(), date.clone())),
                Some((first, _)) if date < first => first.clone_from(date),
                Some((_, last)) if date > last => last.clone_from(date),
                Some(_) => {}
            }
        }
        Ok(())
    }

    /// Gives it as a row.
    pub(super) fn row(&self) -> Vec<String> {
        let sums = self.sums.iter().map(ToString::to_string);
        let dates = self.dates.iter().flat_map(|d| d.clone().map_or_else(Default::default, |(a, b)| [a, b]));
        self.cells.iter().cloned().chain([self.rows.to_string()]).chain(sums).chain(dates).collect()
    }
}

impl Groups {
    /// Adds a row to the group that has these cells.
    ///
    /// # Errors
    /// `LimitExceeded` for too many groups, or too large a sum.
    pub(super) fn add(&mut self, cells: &[&str], adds: &Adds<'_>, room: &mut Room) -> Result<()> {
        let key = cells.join("\u{1f}");
        let at = match self.at.entry(key) {
            Entry::Occupied(at) => *at.get(),
            Entry::Vacant(place) => {
                let bytes = place.key().len() * 2 + 200 + 40 * adds.sums.len() + 100 * adds.dates.len();
                room.take(bytes, "group by a column with fewer values")?;
                let cells = cells.iter().map(|c| (*c).to_owned()).collect();
                self.all.push(Group::new(cells, adds.sums.len(), adds.dates.len()));
                *place.insert(self.all.len() - 1)
            }
        };
        self.all[at].add(adds)
    }

    /// Gives them in the order of their cells.
    pub(super) fn sorted(mut self) -> Vec<Group> {
        self.all
            .sort_by_cached_key(|g| (g.cells.iter().map(|c| c.to_lowercase()).collect::<Vec<_>>(), g.cells.clone()));
        self.all
    }

    /// Makes a group of all rows.
    pub(super) fn of_all(sums: usize) -> Group {
        Group::new(Vec::new(), sums, 0)
    }
}
