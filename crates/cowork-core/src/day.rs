//! What may be spent on models in a day, over all tasks of a store.
//!
//! What is set aside and what is spent stands in the log ([`Reserve::day`]) and, with the same commits, in two counters for each
//! day; they can be made again from the log. A day once begun is not left for an earlier one: see [`Day::or_later`].

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Count, Error, Kind, Reserve, Result, Retry, Timestamp, Usage, dollars};

const SECONDS: i64 = 24 * 60 * 60;

/// A day by the host's clock, as the number of days since 1970-01-01.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct Day(i32);

/// What may be spent on models in a day. What is left out has no limit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct DayBudget {
    /// Tokens read and written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tokens: Option<u64>,
    /// Millionths of a US dollar. A model whose price is not known is not asked under such a limit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cost: Option<u64>,
}

/// What was spent on models in a day, with what is set aside for open questions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct DayState {
    /// The day.
    pub day: Day,
    /// What may be spent in it.
    pub budget: DayBudget,
    /// Tokens read and written.
    pub tokens: u64,
    /// Millionths of a US dollar, as far as prices are known.
    pub cost: u64,
    /// When the next day begins.
    pub ends: Timestamp,
}

impl DayState {
    /// Says whether nothing more may be spent in it.
    pub fn is_used_up(&self) -> bool {
        let over = |spent: u64, most: Option<u64>| most.is_some_and(|most| spent >= most);
        over(self.tokens, self.budget.tokens) || over(self.cost, self.budget.cost)
    }

    /// Gives the day after it.
    pub fn next(&self) -> Day {
        Day(self.day.0.saturating_add(1))
    }
}

/// What was spent in a day, or is set aside.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct DaySpent {
    pub(crate) tokens: u64,
    pub(crate) cost: u64,
}

impl Day {
    /// Gives the day of a moment, where the clock is `offset` seconds ahead of UTC.
    pub fn of(at: Timestamp, offset: i32) -> Self {
        let days = (at.as_millis().div_euclid(1_000) + i64::from(offset)).div_euclid(SECONDS);
        Self(i32::try_from(days).unwrap_or(if days < 0 { i32::MIN } else { i32::MAX }))
    }

    /// Gives when the day after it begins.
    pub fn end(self, offset: i32) -> Timestamp {
        Timestamp::from_millis(((i64::from(self.0) + 1) * SECONDS - i64::from(offset)) * 1_000)
    }

    /// Gives this day, or the latest that was spent in: a clock that goes back begins no new budget.
    #[must_use]
    pub(crate) fn or_later(self, entries: &[(String, Vec<u8>)]) -> Self {
        entries.iter().filter_map(|(key, _)| Self::of_key(key)).fold(self, Self::max)
    }

    /// Gives what the keys of its counters begin with.
    pub(crate) fn keys(self) -> String {
        format!("{KEYS}{self}/")
    }

    /// Reads what its counters say.
    pub(crate) fn spent(self, entries: &[(String, Vec<u8>)]) -> DaySpent {
        let of = |name: &str| {
            let key = format!("count/{}", self.counter(name));
            let found = entries.iter().find(|(k, _)| *k == key).and_then(|(_, value)| str::from_utf8(value).ok());
            found.and_then(|text| text.parse::<i64>().ok()).map_or(0, |n| u64::try_from(n).unwrap_or(0))
        };
        DaySpent { tokens: of(TOKENS), cost: of(COST) }
    }

    fn counter(self, name: &str) -> String {
        format!("day/{self}/{name}")
    }

    fn of_key(key: &str) -> Option<Self> {
        let (date, _) = key.strip_prefix(KEYS)?.split_once('/')?;
        let mut parts = date.split('-').map(|part| part.parse::<i64>().ok());
        let (year, month, day) = (parts.next()??, parts.next()??, parts.next()??);
        i32::try_from(days(year, month, day)).ok().map(Self)
    }
}

/// Written as a date, so that a list of keys is in order.
impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (year, month, day) = date(self.0.into());
        write!(f, "{year:04}-{month:02}-{day:02}")
    }
}

/// What the keys of all days' counters begin with.
pub(crate) const KEYS: &str = "count/day/";
const TOKENS: &str = "tokens";
const COST: &str = "cost";

impl DayBudget {
    /// Says whether nothing is limited.
    pub fn is_open(&self) -> bool {
        *self == Self::default()
    }

    /// Says whether so much more fits into a day; `offset` is the host's, in seconds, for when the next one begins.
    pub(crate) fn affords(&self, day: Day, spent: DaySpent, more: &Reserve, at: (Timestamp, i32)) -> Result<()> {
        let over = |spent: u64, more: u64, most: Option<u64>| most.filter(|most| spent.saturating_add(more) > *most);
        if let Some(most) = over(spent.tokens, more.tokens, self.tokens) {
            let why = format!(
                "{most} tokens may be used a day; {} are used on {day}, and the next answer may take {} more",
                spent.tokens, more.tokens
            );
            return Err(used_up(why, day, at));
        }
        if self.cost.is_some() && more.cost.is_none() {
            let why = "there is a limit on money for each day, and what this model costs is not known";
            return Err(Error::new(Kind::InvalidInput, "ask model", why)
                .with_fix("set the model's price, or limit the tokens instead"));
        }
        if let Some(most) = over(spent.cost, more.cost.unwrap_or(0), self.cost) {
            let (spent, more) = (dollars(spent.cost), dollars(more.cost.unwrap_or(0)));
            let why = format!(
                "{} may be spent a day; {spent} are spent on {day}, and the next answer may cost {more} more",
                dollars(most)
            );
            return Err(used_up(why, day, at));
        }
        Ok(())
    }

    /// Gives what a commit counts that sets this aside: refused if another one was faster and it does not fit any more.
    pub(crate) fn set_aside(&self, reserve: &Reserve) -> Vec<Count> {
        let Some(day) = reserve.day else { return Vec::new() };
        let cap = |most: Option<u64>| most.map_or(i64::MAX, signed);
        vec![
            Count { name: day.counter(TOKENS), add: signed(reserve.tokens), cap: cap(self.tokens) },
            Count { name: day.counter(COST), add: signed(reserve.cost.unwrap_or(0)), cap: cap(self.cost) },
        ]
    }
}

/// Gives what a commit counts that says what an answer came to, for which this was set aside. It happened, so it always fits.
pub(crate) fn settled(reserve: &Reserve, usage: &Usage, cost: Option<u64>) -> Vec<Count> {
    let Some(day) = reserve.day else { return Vec::new() };
    let more = |used: u64, aside: u64| signed(used) - signed(aside);
    vec![
        Count { name: day.counter(TOKENS), add: more(usage.total(), reserve.tokens), cap: i64::MAX },
        Count { name: day.counter(COST), add: more(cost.unwrap_or(0), reserve.cost.unwrap_or(0)), cap: i64::MAX },
    ]
}

fn used_up(why: String, day: Day, (now, offset): (Timestamp, i32)) -> Error {
    let next = Day(day.0.saturating_add(1));
    let today = Day::of(now, offset);
    let error = Error::new(Kind::LimitExceeded, "ask model", why).with("begins_again", format!("{next} 00:00"));
    let wait = day.end(offset).since(now);
    let error = error.with_retry(Retry::AfterMs(u64::try_from(wait.as_millis()).unwrap_or(u64::MAX)));
    if day > today {
        return error.with_fix(format!(
            "it begins again on {next} at 00:00; the clock says {today} now, but was at {day} before: if that was wrong, raise \
             the budget for a day"
        ));
    }
    error.with_fix(format!("it begins again on {next} at 00:00; or raise the budget for a day"))
}

fn signed(n: u64) -> i64 {
    i64::try_from(n).unwrap_or(i64::MAX)
}

/// Gives the date of a day since 1970-01-01. Source: Howard Hinnant, "chrono-compatible low-level date algorithms".
fn date(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let era = days.div_euclid(146_097);
    let of_era = days.rem_euclid(146_097);
    let year = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    (year + era * 400 + i64::from(month <= 2), month, day)
}

/// Gives the days since 1970-01-01 of a date: the other way round.
fn days(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let of_era = year.rem_euclid(400);
    let of_year = (153 * (if month > 2 { month - 3 } else { month + 9 }) + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_is_written_as_its_date_and_read_back() {
        for (days, text) in [(0, "1970-01-01"), (20_513, "2026-03-01"), (11_016, "2000-02-29"), (-1, "1969-12-31")] {
            assert_eq!(Day(days).to_string(), text);
            assert_eq!(Day::of_key(&format!("{}tokens", Day(days).keys())), Some(Day(days)));
        }
    }

    #[test]
    fn a_day_begins_at_midnight_by_the_hosts_clock() {
        let noon = Timestamp::from_millis(12 * 3_600_000);
        let (east, west) = (13 * 3_600, -13 * 3_600);
        assert_eq!([0, east, west].map(|offset| Day::of(noon, offset).0), [0, 1, -1]);
        let ends = Day::of(noon, east).end(east);
        assert_eq!(ends.since(noon).as_secs(), 23 * 3_600);
        assert_eq!(Day::of(ends, east).0, 2);
    }
}
