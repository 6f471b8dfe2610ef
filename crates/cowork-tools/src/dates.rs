//! Dates of files: in their names, in what photos and PDF files say of themselves, and on which they were changed.

use std::{collections::BTreeMap, sync::Arc};

use cowork_core::{Entry, FileKind, Files, Result, Watch};

use crate::{category, look_info};

/// So many files are asked for what they say of themselves at a time.
const AT_ONCE: usize = 10_000;

/// Where a date is from: what comes first is believed first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Source {
    /// It stands in the name, where somebody put it.
    Name,
    /// A photo or a PDF says it of itself.
    Content,
    /// The file was changed last on that day.
    Change,
}

impl Source {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Name => "name",
            Self::Content => "content",
            Self::Change => "changed",
        }
    }
}

/// The date of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Day {
    /// `2024-05-17`.
    pub(crate) day: String,
    pub(crate) from: Source,
}

/// Gives the date of each file: that in its name, else the one that it says of itself, else that of its last change. What can't be
/// right is passed over; nothing where all of it is, and for what is no file.
pub(crate) async fn of_all(
    files: &Arc<dyn Files>,
    entries: &[Entry],
    now: i64,
    watch: &Watch,
) -> Result<Vec<Option<Day>>> {
    let believed = Believed::at(now);
    let named = |e: &Entry| in_name(stem(e.path.name())).filter(|(day, _)| believed.is(day));
    let mut days: Vec<Option<Day>> = entries
        .iter()
        .map(|e| (e.kind == FileKind::File).then(|| named(e).map(|(day, _)| Day { day, from: Source::Name })).flatten())
        .collect();
    let asked = |e: &Entry| e.kind == FileKind::File && !e.placeholder && category::is_dated(e.path.name());
    let places: Vec<usize> = (0..entries.len()).filter(|at| days[*at].is_none() && asked(&entries[*at])).collect();
    for places in places.chunks(AT_ONCE) {
        let paths = places.iter().map(|at| entries[*at].path.clone()).collect();
        for (at, metadata) in places.iter().zip(look_info::said(files, paths, watch).await?) {
            let told = ["taken", "created", "changed"].iter().filter_map(|key| metadata[*key].as_str()?.get(..10));
            let day = told.into_iter().find(|day| believed.is(day));
            days[*at] = day.map(|day| Day { day: day.to_owned(), from: Source::Content });
        }
    }
    for (day, entry) in days.iter_mut().zip(entries).filter(|(day, e)| day.is_none() && e.kind == FileKind::File) {
        let changed = day_of(entry.modified);
        *day = believed.is(&changed).then_some(Day { day: changed, from: Source::Change });
    }
    Ok(days)
}

/// Counts where dates are from.
pub(crate) fn counted(sources: impl IntoIterator<Item = Source>) -> BTreeMap<&'static str, u64> {
    let mut counts = BTreeMap::from([Source::Name, Source::Content, Source::Change].map(|from| (from.name(), 0)));
    sources.into_iter().for_each(|from| *counts.entry(from.name()).or_default() += 1);
    counts
}

/// Gives a name without its extension; what follows a dot and is a part of a date is none: `Brief 17.5.2024`.
fn stem(name: &str) -> &str {
    match name.rfind('.').filter(|at| *at > 0 && !name[*at + 1..].bytes().all(|b| b.is_ascii_digit())) {
        Some(at) => &name[..at],
        None => name,
    }
}

/// The dates that can be believed: no clock that was never set, nothing that is still to come.
struct Believed {
    tomorrow: String,
}

impl Believed {
    fn at(now: i64) -> Self {
        Self { tomorrow: day_of(now.saturating_add(86_400_000)) }
    }

    /// Says whether a date, `2024-05-17`, can be one.
    fn is(&self, day: &str) -> bool {
        day.len() == 10 && ("1900-01-01"..=self.tomorrow.as_str()).contains(&day) && !day.starts_with("1970")
    }
}

/// Gives the day by UTC.
fn day_of(millis: i64) -> String {
    let at = jiff::Timestamp::from_millisecond(millis).unwrap_or_default();
    at.to_zoned(jiff::tz::TimeZone::UTC).date().to_string()
}

/// Finds a date in a name, and gives it and the name without it.
pub(crate) fn in_name(stem: &str) -> Option<(String, String)> {
    let bytes = stem.as_bytes();
    let begins = |at: &usize| *at == 0 || !bytes[at - 1].is_ascii_digit();
    let starts = || (0..bytes.len()).filter(begins);
    let (day, from, to) =
        starts().find_map(|at| year_first(bytes, at)).or_else(|| starts().find_map(|at| day_first(bytes, at)))?;
    let marks = [' ', '_', '-', '.'];
    let (before, after) = (stem[..from].trim_end_matches(marks), stem[to..].trim_start_matches(marks));
    let both = !before.is_empty() && !after.is_empty();
    Some((day, if both { format!("{before}_{after}") } else { format!("{before}{after}") }))
}

/// `20240517`, `2024-05-17`, with `-`, `_` or `.`.
fn year_first(bytes: &[u8], at: usize) -> Option<(String, usize, usize)> {
    let year = number(bytes, at, 4).filter(|year| (1900..2100).contains(year))?;
    let mark = bytes.get(at + 4).copied().filter(|b| b"-_.".contains(b));
    let step = usize::from(mark.is_some());
    if mark.is_some() && bytes.get(at + 7) != mark.as_ref() {
        return None;
    }
    let (month, day) = (number(bytes, at + 4 + step, 2)?, number(bytes, at + 6 + 2 * step, 2)?);
    let end = at + 8 + 2 * step;
    told(year, month, day).filter(|_| !digit(bytes, end)).map(|date| (date, at, end))
}

/// `17.5.2024`.
fn day_first(bytes: &[u8], at: usize) -> Option<(String, usize, usize)> {
    let short = |at: usize| {
        let length = if digit(bytes, at + 1) { 2 } else { 1 };
        let dot = bytes.get(at + length) == Some(&b'.');
        number(bytes, at, length).filter(|_| dot).map(|number| (number, at + length + 1))
    };
    let (day, then) = short(at)?;
    let (month, then) = short(then)?;
    let year = number(bytes, then, 4).filter(|year| (1900..2100).contains(year))?;
    told(year, month, day).filter(|_| !digit(bytes, then + 4)).map(|date| (date, at, then + 4))
}

fn told(year: u32, month: u32, day: u32) -> Option<String> {
    ((1..=12).contains(&month) && (1..=31).contains(&day)).then(|| format!("{year}-{month:02}-{day:02}"))
}

fn digit(bytes: &[u8], at: usize) -> bool {
    bytes.get(at).is_some_and(u8::is_ascii_digit)
}

fn number(bytes: &[u8], at: usize, length: usize) -> Option<u32> {
    let digits = bytes.get(at..at + length)?;
    digits.iter().all(u8::is_ascii_digit).then(|| digits.iter().fold(0, |n, b| n * 10 + u32::from(b - b'0')))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_date_is_found_in_a_name_and_taken_out() {
        for (name, day, rest) in [
            ("scan 2024-05-17 b", "2024-05-17", "scan_b"),
            ("IMG_20240517_1200", "2024-05-17", "IMG_1200"),
            ("17.5.2024", "2024-05-17", ""),
            ("Brief vom 07.12.2019", "2019-12-07", "Brief vom"),
            ("ü 2001_02_03", "2001-02-03", "ü"),
        ] {
            assert_eq!(in_name(name), Some((day.to_owned(), rest.to_owned())), "{name}");
        }
        for name in ["120240517", "2024-13-01", "2024-05_17", "202405171", "1.2.3", "20240532", "v2.0", ""] {
            assert_eq!(in_name(name), None, "{name}");
        }
    }

    #[test]
    fn a_clock_that_was_never_set_or_runs_ahead_is_not_believed() {
        let believed = Believed::at(1_700_000_000_000);
        for (day, is) in [
            ("2023-11-14", true),
            ("2023-11-15", true),
            ("2023-11-16", false),
            ("1970-01-01", false),
            ("1899-12-31", false),
            ("0000-00-00", false),
            ("2023-11", false),
        ] {
            assert_eq!(believed.is(day), is, "{day}");
        }
    }
}
