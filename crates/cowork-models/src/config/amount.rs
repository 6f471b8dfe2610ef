//! Amounts as people write them: of money, of time, of tokens.

use std::{borrow::Cow, fmt, str::FromStr, time::Duration};

use cowork_core::{Budget, DayBudget, Error, Kind, Result};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, de};

use super::{OP, told};

/// What a task may spend, as a person sets it. What is left out has no limit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields, expecting = "what is limited, such as { cost = 2 }")]
pub struct BudgetSettings {
    /// Tokens read and written.
    pub tokens: Option<Count>,
    /// Money.
    pub cost: Option<Dollars>,
    /// Steps: how often the model is asked what comes next.
    pub steps: Option<Count>,
    /// Time worked.
    pub time: Option<Span>,
    /// What all tasks together may spend in a day.
    pub day: DaySettings,
}

/// What all tasks together may spend on models in a day, as a person sets it. What is left out has no limit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields, expecting = "what is limited, such as { tokens = \"2m\", cost = 5 }")]
pub struct DaySettings {
    /// Tokens read and written.
    pub tokens: Option<Count>,
    /// Money.
    pub cost: Option<Dollars>,
}

impl DaySettings {
    /// Gives what the engine holds all tasks to: for its [`Limits`](cowork_core::Limits).
    pub fn budget(&self) -> DayBudget {
        DayBudget { tokens: self.tokens.map(|n| n.0), cost: self.cost.map(Dollars::millionths) }
    }
}

impl BudgetSettings {
    /// Gives these limits, and the other's where these say nothing.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        Self {
            tokens: self.tokens.or(other.tokens),
            cost: self.cost.or(other.cost),
            steps: self.steps.or(other.steps),
            time: self.time.or(other.time),
            day: DaySettings { tokens: self.day.tokens.or(other.day.tokens), cost: self.day.cost.or(other.day.cost) },
        }
    }

    /// Gives what the engine holds a task to; steps are another field of a task.
    pub fn budget(&self) -> Budget {
        Budget {
            tokens: self.tokens.map(|n| n.0),
            cost: self.cost.map(Dollars::millionths),
            time: self.time.map(|s| u64::try_from(s.0.as_millis()).unwrap_or(u64::MAX)),
        }
    }
}

/// US dollars, kept in millionths: `2`, `0.25`, `$1.50`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Dollars(u64);

/// A number of tokens or steps: `200000`, `200_000`, `200k`, `2m`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Count(pub u64);

/// A time: `90s`, `30m`, `2h`, `500ms`; a bare number is seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Span(pub Duration);

impl Dollars {
    /// Gives millionths of a dollar.
    pub fn millionths(self) -> u64 {
        self.0
    }
}

fn unfit(text: &str, what: &str, example: &str) -> Error {
    let shown: String = text.chars().take(40).collect();
    Error::new(Kind::InvalidInput, OP, format!("`{}` is no {what}", shown.escape_debug()))
        .with_fix(format!("write it so: {example}"))
}

impl FromStr for Dollars {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let wrong = || unfit(text, "amount of money that can be set", "2.50");
        let plain = text.trim().trim_start_matches('$').replace('_', "");
        let (whole, part) = plain.split_once('.').unwrap_or((&plain, ""));
        let digits = |s: &str| s.chars().all(|c| c.is_ascii_digit());
        if plain.is_empty()
            || !digits(whole)
            || !digits(part)
            || part.len() > 6
            || (whole.is_empty() && part.is_empty())
        {
            return Err(wrong());
        }
        let whole: u64 = if whole.is_empty() { 0 } else { whole.parse().map_err(|_| wrong())? };
        let part: u64 = format!("{part:0<6}").parse().map_err(|_| wrong())?;
        whole.checked_mul(1_000_000).and_then(|n| n.checked_add(part)).map(Self).ok_or_else(wrong)
    }
}

impl FromStr for Count {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let wrong = || unfit(text, "number that can be set", "100, or 200k");
        let plain = text.trim().to_ascii_lowercase().replace('_', "");
        let (number, unit) = match plain.strip_suffix('k') {
            Some(rest) => (rest, 1_000),
            None => plain.strip_suffix('m').map_or((plain.as_str(), 1), |rest| (rest, 1_000_000)),
        };
        let number: u64 = number.parse().map_err(|_| wrong())?;
        number.checked_mul(unit).filter(|n| *n > 0).map(Self).ok_or_else(wrong)
    }
}

impl FromStr for Span {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let wrong = || unfit(text, "time that can be set", "90s, 30m or 2h");
        let plain = text.trim();
        let at = plain.find(|c: char| !c.is_ascii_digit()).unwrap_or(plain.len());
        let number: u64 = plain[..at].parse().map_err(|_| wrong())?;
        let ms = match plain[at..].trim() {
            "ms" => 1,
            "" | "s" => 1_000,
            "m" | "min" => 60_000,
            "h" => 3_600_000,
            _ => return Err(wrong()),
        };
        number.checked_mul(ms).filter(|n| *n > 0).map(|ms| Self(Duration::from_millis(ms))).ok_or_else(wrong)
    }
}

/// A number or a text, as settings may have it.
struct Written(String);

impl<'de> Deserialize<'de> for Written {
    fn deserialize<D: Deserializer<'de>>(from: D) -> std::result::Result<Self, D::Error> {
        struct Either;
        impl de::Visitor<'_> for Either {
            type Value = Written;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a number, or one with its unit between quotation marks")
            }

            fn visit_i64<E: de::Error>(self, n: i64) -> std::result::Result<Written, E> {
                Ok(Written(n.to_string()))
            }

            fn visit_u64<E: de::Error>(self, n: u64) -> std::result::Result<Written, E> {
                Ok(Written(n.to_string()))
            }

            fn visit_i128<E: de::Error>(self, n: i128) -> std::result::Result<Written, E> {
                Ok(Written(n.to_string()))
            }

            fn visit_u128<E: de::Error>(self, n: u128) -> std::result::Result<Written, E> {
                Ok(Written(n.to_string()))
            }

            fn visit_f64<E: de::Error>(self, n: f64) -> std::result::Result<Written, E> {
                Ok(Written(n.to_string()))
            }

            fn visit_str<E: de::Error>(self, text: &str) -> std::result::Result<Written, E> {
                Ok(Written(text.to_owned()))
            }
        }
        from.deserialize_any(Either)
    }
}

macro_rules! decoded {
    ($($name:ident: $about:literal),*) => { $(
        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(from: D) -> std::result::Result<Self, D::Error> {
                Written::deserialize(from)?.0.parse::<Self>().map_err(|e| told(&e))
            }
        }

        impl JsonSchema for $name {
            fn schema_name() -> Cow<'static, str> {
                stringify!($name).into()
            }

            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                json_schema!({ "anyOf": [{ "type": "number" }, { "type": "string" }], "description": $about })
            }
        }
    )* };
}

decoded!(
    Dollars: "US dollars: `2`, `0.25`, `$1.50`.",
    Count: "A number of tokens, steps, tries or connections: `200000`, `200_000`, `200k`, `2m`.",
    Span: "A time: `90s`, `30m`, `2h`, `500ms`; a bare number is seconds."
);

/// Reads how many tokens a model takes: `128000`, `128k`.
pub(super) fn tokens<'de, D: Deserializer<'de>>(from: D) -> std::result::Result<Option<u32>, D::Error> {
    small(from, "number of tokens of a model", "128k")
}

/// Reads how often something is tried: `8`.
pub(super) fn tries<'de, D: Deserializer<'de>>(from: D) -> std::result::Result<Option<u32>, D::Error> {
    small(from, "number of tries", "8")
}

/// Reads how many connections there are: `128`.
pub(super) fn connections<'de, D: Deserializer<'de>>(from: D) -> std::result::Result<Option<u32>, D::Error> {
    small(from, "number of connections", "128")
}

fn small<'de, D: Deserializer<'de>>(from: D, what: &str, example: &str) -> std::result::Result<Option<u32>, D::Error> {
    let Written(text) = Written::deserialize(from)?;
    let count = text.parse::<Count>().ok().and_then(|Count(count)| u32::try_from(count).ok());
    count.map(Some).ok_or_else(|| told(&unfit(&text, what, example)))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        /// A fixed dose of the fuzz target `amounts`.
        #[test]
        fn whatever_is_written_is_read_as_what_it_says_or_refused(text in "[ $_.+-]{0,2}[0-9]{0,22}[_.]?[0-9]{0,7} ?[a-zA-Z€]{0,3}") {
            if let Ok(cost) = text.parse::<Dollars>() {
                let plain = format!("{}.{:06}", cost.0 / 1_000_000, cost.0 % 1_000_000);
                prop_assert_eq!(plain.parse::<Dollars>().unwrap(), cost);
            }
            if let Ok(count) = text.parse::<Count>() {
                prop_assert!(count.0 > 0 && count.0.to_string().parse::<Count>().unwrap() == count);
            }
            if let Ok(span) = text.parse::<Span>() {
                prop_assert_eq!(format!("{}ms", span.0.as_millis()).parse::<Span>().unwrap(), span);
            }
        }
    }

    #[test]
    fn amounts_are_read_as_people_write_them() {
        let dollars = |text: &str| text.parse::<Dollars>().ok().map(Dollars::millionths);
        for (text, wanted) in
            [("2", 2_000_000), ("$0.25", 250_000), (".5", 500_000), ("1.", 1_000_000), ("0.000001", 1)]
        {
            assert_eq!(dollars(text), Some(wanted), "{text}");
        }
        for text in ["", "$", ".", "-1", "1e3", "2 €", "0.0000001", "99999999999999999999", "NaN"] {
            assert_eq!(dollars(text), None, "{text}");
        }
        let count = |text: &str| text.parse::<Count>().ok().map(|c| c.0);
        assert_eq!(["200000", "200_000", "200k", "2M"].map(count), [200_000, 200_000, 200_000, 2_000_000].map(Some));
        assert_eq!(["0", "k", "-1", "1.5k", "9999999999999999999m"].map(count), [None; 5]);
        let span = |text: &str| text.parse::<Span>().ok().map(|s| s.0.as_millis());
        assert_eq!(
            ["90", "90s", "30m", "2h", "500ms", "5 min"].map(span),
            [90_000, 90_000, 1_800_000, 7_200_000, 500, 300_000].map(Some)
        );
        assert_eq!(["", "s", "0", "1d", "-5s", "1.5h"].map(span), [None; 6]);
    }
}
