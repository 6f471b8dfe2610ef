//! How numbers and dates are written in a place that somebody names.

use cowork_core::{Error, Kind, Result};

use super::{date::Order, number::Style};

/// How numbers and dates are to be read; what is not known is decided by the column.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Locale {
    pub(crate) style: Option<Style>,
    pub(crate) order: Option<Order>,
}

/// Languages that write `1.234,56`, and the day first.
const COMMA: &str = "bg ca cs da de el es et eu fi fr gl hr hu id is it lt lv nb nl nn no pl pt ro ru sk sl sr sv tr uk vi bulgarian catalan czech \
    danish german greek spanish estonian finnish french croatian hungarian indonesian italian lithuanian latvian norwegian dutch polish \
    portuguese romanian russian slovak slovene slovenian serbian swedish turkish ukrainian vietnamese german-style european continental \
    germany austria france spain italy netherlands poland portugal brazil";
/// Those that write `1,234.56`, and the day first.
const POINT: &str = "en-gb en-au en-nz en-ie en-in en-za gb uk british england ireland australia india ga cy mt he hi th ms bn ta te ur de-ch \
    de-li fr-ch it-ch swiss switzerland es-mx mexico hebrew hindi thai malay";
/// Those that write `1,234.56`, and the month first.
const AMERICAN: &str = "en-us us usa american en-ph";
/// Those that write `1,234.56`, and of dates what is to be seen.
const NUMBERS: &str = "en english en-ca zh ja ko chinese japanese korean";

impl Locale {
    /// Reads a name such as `de`, `en-GB`, `German`, or an example such as `1.234,56`.
    ///
    /// # Errors
    /// `InvalidInput` for one that is not known.
    pub(crate) fn named(op: &str, name: &str) -> Result<Self> {
        let plain = name.trim().to_lowercase().replace('_', "-");
        let plain = plain.split('.').next().filter(|p| p.starts_with(char::is_alphabetic)).unwrap_or(&plain).to_owned();
        let of = |style, order| Ok(Self { style: Some(style), order });
        let is = |list: &str, name: &str| list.split_whitespace().any(|known| known == name);
        let language = plain.split('-').next().unwrap_or_default();
        match plain.as_str() {
            "1.234,56" => of(Style::Comma, None),
            "1,234.56" => of(Style::Point, None),
            p if is(AMERICAN, p) => of(Style::Point, Some(Order::MonthFirst)),
            p if is(POINT, p) || is(POINT, language) && language != "uk" => of(Style::Point, Some(Order::DayFirst)),
            p if is(NUMBERS, p) || is(NUMBERS, language) => of(Style::Point, None),
            p if is(COMMA, p) || is(COMMA, language) => of(Style::Comma, Some(Order::DayFirst)),
            _ => {
                let why = format!("there is no locale called `{}` here", name.escape_debug());
                Err(Error::new(Kind::InvalidInput, op, why)
                    .with_fix("give one such as `de`, `en-GB`, `en-US`, or an example: `1.234,56` or `1,234.56`"))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Locale, Order, Style};

    #[test]
    fn places_are_known_by_code_by_name_and_by_example() {
        let of = |name: &str| Locale::named("test", name).ok().map(|l| (l.style, l.order));
        let (comma, point) = (Some(Style::Comma), Some(Style::Point));
        for name in ["de", "DE", "de_DE.UTF-8", "German", "fr-FR", "pt-BR"] {
            assert_eq!(of(name), Some((comma, Some(Order::DayFirst))), "{name}");
        }
        for name in ["en-GB", "de-CH", "British", "uk"] {
            assert_eq!(of(name), Some((point, Some(Order::DayFirst))), "{name}");
        }
        assert_eq!(of("en_US"), Some((point, Some(Order::MonthFirst))));
        assert_eq!(of("english"), Some((point, None)));
        assert_eq!((of("1.234,56"), of("1,234.56")), (Some((comma, None)), Some((point, None))));
        assert_eq!(of("klingon"), None);
    }
}
