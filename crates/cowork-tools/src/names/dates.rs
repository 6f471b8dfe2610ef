//! Dates of files: in their names, and on which they were changed.

/// The dates that can be believed: no clock that was never set, nothing that is still to come.
pub(super) struct Believed {
    tomorrow: String,
}

impl Believed {
    pub(super) fn at(now: i64) -> Self {
        Self { tomorrow: day_of(now.saturating_add(86_400_000)) }
    }

    /// Says whether a date, `2024-05-17`, can be one.
    pub(super) fn is(&self, day: &str) -> bool {
        day.len() == 10 && ("1900-01-01"..=self.tomorrow.as_str()).contains(&day) && !day.starts_with("1970")
    }
}

/// Gives the day by UTC.
pub(super) fn day_of(millis: i64) -> String {
    let at = jiff::Timestamp::from_millisecond(millis).unwrap_or_default();
    at.to_zoned(jiff::tz::TimeZone::UTC).date().to_string()
}

/// Finds a date in a name, and gives it and the name without it.
pub(super) fn in_name(stem: &str) -> Option<(String, String)> {
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
