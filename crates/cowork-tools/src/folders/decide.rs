//! Where each file goes.

use std::collections::{BTreeMap, HashMap, HashSet};
#[cfg(feature = "places")]
use std::sync::Arc;

use cowork_core::{Entry, FileKind, FilePath};
#[cfg(feature = "places")]
use cowork_core::{Files, Result, Watch};

use super::{
    By, Names,
    rules::{Fill, asks_date, filled},
    units::{Stay, Unit},
};
use crate::{
    category,
    dates::{Day, Source},
};

const UNDATED: &str = "files with a date that can't be right";

/// What is known of the files beside their names.
pub(super) struct Facts {
    pub(super) fill: Fill,
    /// Their dates, by the places of the entries; empty where none is asked for.
    pub(super) days: Vec<Option<Day>>,
    /// Whether the day of the last change is one.
    pub(super) changed: bool,
    /// Where they were taken, by the places of the units; or why they stay.
    pub(super) places: Vec<std::result::Result<String, &'static str>>,
    /// What their names share, by the places of the units.
    pub(super) words: Vec<Option<String>>,
    /// So many names are given, if no file is parted from those that go along with it.
    pub(super) most: usize,
}

/// What goes where.
#[derive(Default)]
pub(super) struct Decided<'a> {
    /// By the folder, below the one that the files lie in.
    pub(super) goes: BTreeMap<String, Members<'a>>,
    /// What is called like one of the new folders.
    pub(super) early: Names<'a>,
    /// Where the dates are from that decided.
    pub(super) dated: Vec<Source>,
    /// Whether there would be more.
    pub(super) more: bool,
}

/// What goes to one folder.
#[derive(Default)]
pub(super) struct Members<'a> {
    pub(super) files: Vec<&'a str>,
    pub(super) along: Vec<&'a str>,
    pub(super) folders: Vec<&'a str>,
}

impl Decided<'_> {
    pub(super) fn files(&self) -> usize {
        self.goes.values().map(|members| members.files.len() + members.along.len()).sum()
    }
}

/// Decides on all: what can't go adds to what stays.
pub(super) fn all<'a>(
    folder: &FilePath,
    entries: &'a [Entry],
    units: Vec<Unit<'a>>,
    facts: &Facts,
    stay: &mut Stay,
) -> Decided<'a> {
    let mut decided = Decided::default();
    let spelled = spelled(entries);
    let here = folder.name().to_lowercase();
    let mut given = 0;
    for (at, unit) in units.into_iter().enumerate() {
        let target = match facts.target(at, &unit, &mut decided.dated) {
            Ok(target) => as_spelled(&target, &spelled),
            Err(reason) => {
                stay.add(reason, unit.size());
                continue;
            }
        };
        if !target.contains('/') && target.to_lowercase() == here {
            stay.add("in order already", unit.size());
            continue;
        }
        let names = unit.size() + unit.folders.len();
        if given > 0 && given + names > facts.most {
            decided.more = true;
            continue;
        }
        given += names;
        let top = target.split('/').next().unwrap_or_default().to_owned();
        let members = decided.goes.entry(target).or_default();
        members.files.push(unit.name());
        members.along.extend(unit.along.iter().map(|at| entries[*at].path.name()));
        members.folders.extend(unit.folders.iter().filter(|name| **name != top));
    }
    make_way(entries, &mut decided, stay);
    decided
}

/// A file that is called like one of the new folders makes way before the folder is made; what stays keeps its name, and then nothing
/// goes into a folder of that name.
fn make_way(entries: &[Entry], decided: &mut Decided<'_>, stay: &mut Stay) {
    let top = |target: &str| target.split('/').next().unwrap_or_default().to_owned();
    let tops: HashSet<String> = decided.goes.keys().map(|target| top(target)).collect();
    let going: Names<'_> =
        decided.goes.values().flat_map(|m| &m.files).copied().filter(|n| tops.contains(*n)).collect();
    let taken: HashSet<&str> = entries
        .iter()
        .filter(|e| e.kind != FileKind::Folder && tops.contains(e.path.name()) && !going.contains(e.path.name()))
        .map(|e| e.path.name())
        .collect();
    decided.goes.retain(|target, members| {
        let free = !taken.contains(top(target).as_str());
        if !free {
            stay.add("files whose folder's name is taken by a file", members.files.len() + members.along.len());
        }
        free
    });
    let left: Names<'_> = decided.goes.values().flat_map(|m| &m.files).copied().collect();
    decided.early = going.into_iter().filter(|name| left.contains(name)).collect();
}

/// Gives the folders that there are, by their names in small letters.
fn spelled(entries: &[Entry]) -> HashMap<String, &str> {
    let mut spelled = HashMap::new();
    for entry in entries.iter().filter(|e| e.kind == FileKind::Folder) {
        spelled.entry(entry.path.name().to_lowercase()).or_insert(entry.path.name());
    }
    spelled
}

/// Writes a folder as it is written already: no `Images` beside `images`.
fn as_spelled(target: &str, spelled: &HashMap<String, &str>) -> String {
    let (top, below) = target.split_once('/').map_or((target, None), |(top, below)| (top, Some(below)));
    let top = spelled.get(&top.to_lowercase()).copied().unwrap_or(top);
    below.map_or_else(|| top.to_owned(), |below| format!("{top}/{below}"))
}

impl Facts {
    /// Gives the folder that one goes to with what goes along, or why it stays.
    fn target(&self, at: usize, unit: &Unit<'_>, dated: &mut Vec<Source>) -> std::result::Result<String, &'static str> {
        match &self.fill {
            Fill::By(By::Type) => Ok(category::of_name(unit.name()).to_owned()),
            Fill::By(By::Name) => self.words.get(at).cloned().flatten().ok_or("names that share nothing"),
            Fill::By(By::Place) => self.places.get(at).cloned().unwrap_or(Err("files without a place")),
            Fill::By(by) => {
                let day = self.day(unit).ok_or(UNDATED)?;
                dated.push(day.from);
                let (year, month) = (&day.day[..4], &day.day[5..7]);
                Ok(match by {
                    By::Year => year.to_owned(),
                    By::Day => format!("{year}/{}", day.day),
                    _ => format!("{year}/{month}"),
                })
            }
            Fill::Rules(rules) => {
                let folder = rules.folder(unit.name()).ok_or("no rule fits")?;
                if folder == "." {
                    return Err("rules say so");
                }
                let day = if asks_date(folder) { Some(self.day(unit).ok_or(UNDATED)?) } else { None };
                dated.extend(day.map(|day| day.from));
                let (name, text) = (unit.name(), day.map_or("", |day| day.day.as_str()));
                Ok(filled(folder, text, category::of_name(name), &category::extension(name)))
            }
        }
    }

    /// Gives the best date of one and of what goes along with it.
    fn day(&self, unit: &Unit<'_>) -> Option<&Day> {
        let all = [unit.at].into_iter().chain(unit.along.iter().copied());
        let days = all.filter_map(|at| self.days.get(at)?.as_ref());
        days.filter(|day| self.changed || day.from != Source::Change).min_by_key(|day| day.from)
    }
}

/// Gives where photos were taken: the country and the nearest town. Those within a kilometre or so of each other are asked about once.
#[cfg(feature = "places")]
pub(super) async fn places(
    files: &Arc<dyn Files>,
    entries: &[Entry],
    units: &[Unit<'_>],
    watch: &Watch,
) -> Result<Vec<std::result::Result<String, &'static str>>> {
    const AT_ONCE: usize = 10_000;
    let asked = |at: &usize| !entries[*at].placeholder && category::is_dated(entries[*at].path.name());
    let all: Vec<(usize, usize)> = units
        .iter()
        .enumerate()
        .flat_map(|(n, unit)| {
            [unit.at].into_iter().chain(unit.along.iter().copied()).filter(asked).map(move |at| (n, at))
        })
        .collect();
    let mut found = vec![Err("files that can't be read"); units.len()];
    let mut points: Vec<Option<(f64, f64)>> = vec![None; units.len()];
    for part in all.chunks(AT_ONCE) {
        let paths = part.iter().map(|(_, at)| entries[*at].path.clone()).collect();
        for ((unit, _), metadata) in part.iter().zip(crate::look_info::said(files, paths, watch).await?) {
            if !metadata.is_null() {
                found[*unit] = Err("files without a place");
            }
            let degrees = |key: &str| metadata[key].as_f64();
            // What has no fix often says 0, 0, which is in the sea.
            let point = degrees("latitude").zip(degrees("longitude")).filter(|point| *point != (0.0, 0.0));
            points[*unit] = points[*unit].or(point);
        }
    }
    let rounded = |point: (f64, f64)| ((point.0 * 100.0).round(), (point.1 * 100.0).round());
    let spot = |point: (f64, f64)| {
        let (north, east) = rounded(point);
        (north / 100.0, east / 100.0)
    };
    let key = |point: (f64, f64)| (rounded(point).0.to_bits(), rounded(point).1.to_bits());
    let spots: HashMap<(u64, u64), (f64, f64)> = points.iter().flatten().map(|p| (key(*p), spot(*p))).collect();
    let (keys, spots): (Vec<_>, Vec<_>) = spots.into_iter().unzip();
    let names: HashMap<(u64, u64), Option<String>> =
        keys.into_iter().zip(crate::places::as_folders(&spots, watch)?).collect();
    for (found, point) in found.iter_mut().zip(points).filter_map(|(found, point)| Some((found, point?))) {
        *found = names.get(&key(point)).cloned().flatten().ok_or("files far from every town");
    }
    Ok(found)
}
