//! Dates as people write them, as ISO 8601. What could be two days says so.

/// In which order day and month are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Order {
    /// `31/12/2026`
    DayFirst,
    /// `12/31/2026`
    MonthFirst,
}

/// A cell that is a date, maybe with a time of the day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Date<'a> {
    year: i16,
    /// The first and the second of the other two numbers, as written.
    pair: (i8, i8),
    form: Form,
    time: &'a str,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    /// Month, then day, whatever the locale.
    Known,
    /// It can only be in this order.
    Proves(Order),
    /// Day, then month, whatever the locale.
    Dotted,
    /// It could be either.
    Either,
}

const MONTHS: [&str; 12] = [
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
];

impl<'a> Date<'a> {
    /// Reads a cell; nothing if it is no date.
    pub(crate) fn read(cell: &'a str) -> Option<Self> {
        let cell = cell.trim();
        if !(6..=40).contains(&cell.len()) || !cell.bytes().any(|b| b.is_ascii_digit()) {
            return None;
        }
        let date = numeric(cell).or_else(|| named(cell))?;
        (date.iso(None).is_some() || date.iso(Some(Order::DayFirst)).is_some()).then_some(date)
    }

    /// Gives the order that its form proves.
    pub(crate) fn proves(&self) -> Option<Order> {
        if let Form::Proves(order) = self.form { Some(order) } else { None }
    }

    /// Says whether it could be two days.
    pub(crate) fn is_unclear(&self) -> bool {
        self.form == Form::Either
    }

    /// Gives it as `2026-12-31` or `2026-12-31T09:30`; nothing if it does not fit the order, or could be two days and none is known.
    pub(crate) fn iso(&self, order: Option<Order>) -> Option<String> {
        let (a, b) = self.pair;
        let (month, day) = match (self.form, order) {
            (Form::Known, _) => (a, b),
            (Form::Dotted, _) => (b, a),
            (Form::Proves(own), wanted) if wanted.is_none_or(|w| w == own) => by(own, a, b),
            (Form::Either, Some(order)) => by(order, a, b),
            _ => return None,
        };
        let date = jiff::civil::Date::new(self.year, month, day).ok()?;
        Some(if self.time.is_empty() { date.to_string() } else { format!("{date}T{}", self.time) })
    }
}

fn by(order: Order, a: i8, b: i8) -> (i8, i8) {
    if order == Order::DayFirst { (b, a) } else { (a, b) }
}

/// Reads `2026-12-31`, `31.12.2026`, `31/12/26`.
fn numeric(cell: &str) -> Option<Date<'_>> {
    let end = cell.find([' ', 'T']).unwrap_or(cell.len());
    let time = time(cell[end..].trim_start_matches([' ', 'T']))?;
    let text = &cell[..end];
    let sep = text.chars().find(|c| !c.is_ascii_digit()).filter(|c| matches!(c, '-' | '.' | '/'))?;
    let mut parts = text.split(sep);
    let (first, second, third) = (parts.next()?, parts.next()?, parts.next()?);
    if parts.next().is_some() || [first, second, third].iter().any(|p| !p.bytes().all(|b| b.is_ascii_digit())) {
        return None;
    }
    let small = |p: &str| (1..=2).contains(&p.len()).then(|| p.parse::<i8>().ok()).flatten();
    if first.len() == 4 {
        return Some(Date {
            year: first.parse().ok()?,
            pair: (small(second)?, small(third)?),
            form: Form::Known,
            time,
        });
    }
    let year = match third.len() {
        4 => third.parse().ok()?,
        2 if sep != '-' => {
            let short: i16 = third.parse().ok()?;
            if short < 69 { 2000 + short } else { 1900 + short }
        }
        _ => return None,
    };
    let (a, b) = (small(first)?, small(second)?);
    let form = match (a, b) {
        _ if sep == '.' => Form::Dotted,
        (13.., 1..=12) => Form::Proves(Order::DayFirst),
        (1..=12, 13..) => Form::Proves(Order::MonthFirst),
        _ if a == b => Form::Known,
        _ => Form::Either,
    };
    Some(Date { year, pair: (a, b), form, time })
}

/// Reads `3 March 2026`, `Mar 3, 2026`.
fn named(cell: &str) -> Option<Date<'_>> {
    let mut words = cell.split([' ', ',', '-']).filter(|w| !w.is_empty());
    let (first, second, year) = (words.next()?, words.next()?, words.next()?);
    if words.next().is_some() || year.len() != 4 {
        return None;
    }
    let month = |word: &str| {
        let word = word.trim_end_matches('.').to_ascii_lowercase();
        let at = MONTHS.iter().position(|m| word.len() >= 3 && m.starts_with(&word))?;
        i8::try_from(at + 1).ok()
    };
    let day = |word: &str| word.trim_end_matches('.').parse::<i8>().ok();
    let pair = month(first).zip(day(second)).or_else(|| month(second).zip(day(first)))?;
    Some(Date { year: year.parse().ok()?, pair, form: Form::Known, time: "" })
}

/// Checks a time of the day such as `09:30`, `09:30:15.5`, `09:30Z`; an empty one is fine.
fn time(text: &str) -> Option<&str> {
    let clock = text.strip_suffix('Z').unwrap_or(text);
    let clock = clock.rfind(['+', '-']).map_or(clock, |at| &clock[..at]);
    let two = |part: &str, below: u8| part.len() == 2 && part.parse::<u8>().is_ok_and(|n| n < below);
    let mut parts = clock.split(':');
    let fits = match (parts.next(), parts.next(), parts.next(), parts.next()) {
        (Some(""), None, ..) => text.is_empty(),
        (Some(hour), Some(minute), None, _) => two(hour, 24) && two(minute, 60),
        (Some(hour), Some(minute), Some(second), None) => {
            let (second, rest) = second.split_once('.').unwrap_or((second, ""));
            two(hour, 24) && two(minute, 60) && two(second, 61) && rest.bytes().all(|b| b.is_ascii_digit())
        }
        _ => false,
    };
    fits.then_some(text)
}

#[cfg(test)]
mod tests {
    use super::{Date, Order};

    fn iso(cell: &str, order: Option<Order>) -> Option<String> {
        Date::read(cell)?.iso(order)
    }

    #[test]
    fn a_date_that_can_be_read_in_one_way_only_is_read() {
        for (cell, expected) in [
            ("2026-03-01", "2026-03-01"),
            ("2026/3/1", "2026-03-01"),
            ("2026-03-01T09:30:15Z", "2026-03-01T09:30:15Z"),
            ("1.3.2026", "2026-03-01"),
            ("31.12.99", "1999-12-31"),
            ("31/12/2026 09:30", "2026-12-31T09:30"),
            ("12/31/2026", "2026-12-31"),
            ("5/5/2026", "2026-05-05"),
            ("3 March 2026", "2026-03-03"),
            ("Mar 3, 2026", "2026-03-03"),
            ("29.02.2024", "2024-02-29"),
        ] {
            assert_eq!(iso(cell, None).as_deref(), Some(expected), "{cell}");
        }
    }

    #[test]
    fn a_date_that_could_be_two_days_waits_for_a_locale() {
        assert_eq!(iso("03/04/2026", None), None);
        assert_eq!(iso("03/04/2026", Some(Order::DayFirst)).as_deref(), Some("2026-04-03"));
        assert_eq!(iso("03/04/2026", Some(Order::MonthFirst)).as_deref(), Some("2026-03-04"));
        assert_eq!(iso("31/12/2026", Some(Order::MonthFirst)), None, "there is no month 31");
    }

    #[test]
    fn other_things_are_no_dates() {
        for cell in [
            "29.02.2025",
            "13/13/2026",
            "1.2.3",
            "2026-13-01",
            "12:30",
            "2026",
            "0/0/2026",
            "3 Sometimes 2026",
            "2026-03-01 25:00",
            "192.168.0.1",
        ] {
            assert_eq!(Date::read(cell), None, "{cell}");
        }
    }
}
