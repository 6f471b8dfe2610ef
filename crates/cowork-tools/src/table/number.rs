//! Numbers as people write them, read exactly: `1.234,56`, `1,234.56`, `(12.00)`, `€ 5`. What could be two numbers says so.

use std::fmt;

/// Which character parts the whole from the rest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Style {
    /// `1,234.56`
    Point,
    /// `1.234,56`
    Comma,
}

/// A decimal number without any rounding.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Decimal {
    mantissa: i128,
    scale: u32,
}

/// A cell that is a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Number {
    mantissa: i128,
    /// How many digits follow the last separator.
    after: u32,
    form: Form,
    /// The sign of a currency beside it.
    pub(crate) currency: Option<char>,
    /// Whether it begins with a zero that no number needs: `007`.
    pub(crate) padded: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    /// Digits only.
    Plain,
    /// It can only be a number with a fraction, of this style.
    Fraction(Style),
    /// It can only be a whole number whose groups are parted as in this style.
    Groups(Style),
    /// `1.234` or `1,234`: a fraction in this style, a whole number in the other.
    Either(Style),
}

impl Number {
    /// Reads a cell; nothing if it is no number.
    pub(crate) fn read(cell: &str) -> Option<Self> {
        let (text, negative, currency) = bare(cell)?;
        if !text.bytes().any(|b| b.is_ascii_digit()) || text.len() > 60 {
            return None;
        }
        let (mut digits, mut mantissa) = (0_u32, 0_i128);
        for c in text.chars().filter(char::is_ascii_digit) {
            digits += 1;
            mantissa = mantissa * 10 + i128::from(c.to_digit(10)?);
            if digits > 30 {
                return None;
            }
        }
        let (form, after) = form(text)?;
        let padded = digits - after > 1 && text.starts_with('0');
        let mantissa = if negative { -mantissa } else { mantissa };
        Some(Self { mantissa, after, form, currency, padded })
    }

    /// Gives the style that its form proves.
    pub(crate) fn proves(&self) -> Option<Style> {
        match self.form {
            Form::Fraction(style) | Form::Groups(style) => Some(style),
            Form::Plain | Form::Either(_) => None,
        }
    }

    /// Says whether it could be two numbers.
    pub(crate) fn is_unclear(&self) -> bool {
        matches!(self.form, Form::Either(_))
    }

    /// Gives its value, read in this style; nothing if it does not fit the style, or could be two numbers and none is known.
    pub(crate) fn value(&self, style: Option<Style>) -> Option<Decimal> {
        let fits = |own: Style| style.is_none_or(|style| style == own);
        let scale = match self.form {
            Form::Plain => Some(0),
            Form::Fraction(own) => fits(own).then_some(self.after),
            Form::Groups(own) => fits(own).then_some(0),
            Form::Either(own) => style.map(|style| if style == own { self.after } else { 0 }),
        };
        scale.map(|scale| Decimal { mantissa: self.mantissa, scale })
    }
}

/// Takes off the sign, parentheses and the sign of a currency.
fn bare(cell: &str) -> Option<(&str, bool, Option<char>)> {
    let mut text = cell.trim();
    let mut negative = false;
    if let Some(inner) = text.strip_prefix('(').and_then(|t| t.strip_suffix(')')) {
        (text, negative) = (inner.trim(), true);
    }
    let sign = |c: char| matches!(c, '-' | '\u{2212}');
    let money = |c: char| matches!(c, '€' | '$' | '£' | '¥');
    let (rest, mut currency) = without_code(text);
    text = rest;
    for _ in 0..2 {
        if let Some(c) = text.chars().next().filter(|c| currency.is_none() && money(*c)) {
            currency = Some(c);
            text = text[c.len_utf8()..].trim_start();
        }
        if let Some(rest) = text.strip_prefix(sign).filter(|_| !negative) {
            (text, negative) = (rest.trim_start(), true);
        }
    }
    if let Some(c) = text.chars().last().filter(|c| currency.is_none() && money(*c)) {
        currency = Some(c);
        text = text[..text.len() - c.len_utf8()].trim_end();
    }
    (!text.is_empty()).then_some((text, negative, currency))
}

/// Takes off the letters of a currency before or after a number: `EUR 5`.
fn without_code(text: &str) -> (&str, Option<char>) {
    const CODES: [(&str, char); 5] = [("EUR", '€'), ("USD", '$'), ("GBP", '£'), ("JPY", '¥'), ("CHF", '₣')];
    let is = |part: Option<&str>, code: &str| part.is_some_and(|part| part.eq_ignore_ascii_case(code));
    for (code, sign) in CODES {
        if is(text.get(..3), code) {
            return (text[3..].trim_start(), Some(sign));
        }
        let at = text.len().saturating_sub(3);
        if is(text.get(at..), code) {
            return (text[..at].trim_end(), Some(sign));
        }
    }
    (text, None)
}

/// Says what a number's separators make of it, and how many digits follow the last one.
fn form(text: &str) -> Option<(Form, u32)> {
    let blank = |c: char| matches!(c, ' ' | '\u{a0}' | '\u{202f}' | '\u{2009}' | '\'' | '\u{2019}');
    if text.chars().any(|c| !c.is_ascii_digit() && c != '.' && c != ',' && !blank(c)) {
        return None;
    }
    let number = |sep: char| text.matches(sep).count();
    let (points, commas, blanks) = (number('.'), number(','), text.chars().filter(|c| blank(*c)).count());
    let part_at = |sep: char| text.rsplit_once(sep);
    let count = |digits: &str| u32::try_from(digits.len()).ok();
    match (points, commas) {
        (0, 0) if blanks == 0 => Some((Form::Plain, 0)),
        (0, 0) => grouped(text, &blank).then_some((Form::Plain, 0)),
        (p, c) if p > 0 && c > 0 => {
            // The one that comes last and once parts the fraction; the other one the groups.
            let last = if text.rfind('.') > text.rfind(',') { '.' } else { ',' };
            let (style, other) = if last == '.' { (Style::Point, ',') } else { (Style::Comma, '.') };
            let (whole, fraction) = part_at(last).filter(|_| number(last) == 1 && blanks == 0)?;
            let fits = plain(fraction) && grouped(whole, &|c| c == other);
            fits.then_some((Form::Fraction(style), count(fraction)?))
        }
        _ => {
            let (sep, style, other) =
                if points > 0 { ('.', Style::Point, Style::Comma) } else { (',', Style::Comma, Style::Point) };
            if number(sep) > 1 {
                return (blanks == 0 && grouped(text, &|c| c == sep)).then_some((Form::Groups(other), 0));
            }
            let (whole, fraction) = part_at(sep).filter(|(_, fraction)| plain(fraction))?;
            let whole_fits = whole.is_empty() || plain(whole) || grouped(whole, &blank);
            let either =
                fraction.len() == 3 && (1..=3).contains(&whole.len()) && plain(whole) && !whole.starts_with('0');
            let form = if either { Form::Either(style) } else { Form::Fraction(style) };
            whole_fits.then_some((form, count(fraction)?))
        }
    }
}

fn plain(digits: &str) -> bool {
    !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit())
}

/// Says whether digits are parted into groups of three.
fn grouped(text: &str, parts: &dyn Fn(char) -> bool) -> bool {
    let mut groups = text.split(parts);
    let first = groups.next().unwrap_or_default();
    let mut rest = 0;
    let others = groups.all(|g| {
        rest += 1;
        g.len() == 3 && plain(g)
    });
    others && plain(first) && (rest == 0 || first.len() <= 3)
}

impl Decimal {
    /// Adds exactly; nothing if the sum has more digits than can be held.
    pub(crate) fn add(self, other: Self) -> Option<Self> {
        let scale = self.scale.max(other.scale);
        let at = |d: Self| d.mantissa.checked_mul(10_i128.checked_pow(scale - d.scale)?);
        Some(Self { mantissa: at(self)?.checked_add(at(other)?)?, scale })
    }
}

impl fmt::Display for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits = format!("{:0>width$}", self.mantissa.unsigned_abs(), width = self.scale as usize + 1);
        let (whole, fraction) = digits.split_at(digits.len() - self.scale as usize);
        let sign = if self.mantissa < 0 { "-" } else { "" };
        if fraction.is_empty() { write!(f, "{sign}{whole}") } else { write!(f, "{sign}{whole}.{fraction}") }
    }
}

#[cfg(test)]
mod tests {
    use super::{Decimal, Number, Style};

    fn value(cell: &str, style: Option<Style>) -> Option<String> {
        Number::read(cell)?.value(style).map(|d| d.to_string())
    }

    #[test]
    fn what_can_be_read_in_one_way_only_is_read_without_a_locale() {
        for (cell, expected) in [
            ("12", "12"),
            ("-12", "-12"),
            ("\u{2212}1,5", "-1.5"),
            ("1.234,56", "1234.56"),
            ("1,234.56", "1234.56"),
            ("1.234.567", "1234567"),
            ("1,234,567", "1234567"),
            ("1 234 567,8", "1234567.8"),
            ("1'234.50", "1234.50"),
            ("0.125", "0.125"),
            ("1234.567", "1234.567"),
            (".5", "0.5"),
            ("(3.20)", "-3.20"),
            ("€ 1.234,50", "1234.50"),
            ("-$5", "-5"),
            ("5 €", "5"),
            ("EUR 1.000,00", "1000.00"),
            ("-12,50 eur", "-12.50"),
        ] {
            assert_eq!(value(cell, None).as_deref(), Some(expected), "{cell}");
        }
    }

    #[test]
    fn what_could_be_two_numbers_waits_for_a_locale() {
        for cell in ["1.234", "1,234", "12.345", "-123,456"] {
            assert_eq!(value(cell, None), None, "{cell}");
        }
        assert_eq!(value("1.234", Some(Style::Point)).as_deref(), Some("1.234"));
        assert_eq!(value("1.234", Some(Style::Comma)).as_deref(), Some("1234"));
        assert_eq!(value("1,234", Some(Style::Point)).as_deref(), Some("1234"));
        assert_eq!(value("12,5", Some(Style::Point)), None, "that is no number in this style");
    }

    #[test]
    fn other_things_are_no_numbers() {
        for cell in [
            "",
            " ",
            "-",
            "abc",
            "1.2.3",
            "12,34,56",
            "1,2.3,4",
            "5%",
            "=1+1",
            "+49 170",
            "1e5",
            "2026-03-01",
            "€",
            "1..2",
        ] {
            assert_eq!(Number::read(cell), None, "{cell}");
        }
        assert!(Number::read("007").is_some_and(|n| n.padded));
        assert!(Number::read("0.07").is_some_and(|n| !n.padded));
    }

    #[test]
    fn sums_are_exact() {
        let mut sum = Decimal::default();
        for _ in 0..10 {
            sum = Number::read("0.1").and_then(|n| sum.add(n.value(None)?)).unwrap_or_default();
        }
        assert_eq!(sum.to_string(), "1.0");
        let large = Number::read("999999999999999999999999999999").and_then(|n| n.value(None));
        let mut sum = large.unwrap_or_default();
        let mut times = 0;
        while let Some(more) = sum.add(sum) {
            (sum, times) = (more, times + 1);
        }
        assert!(times > 20, "and one that is too large is refused, not rounded");
    }
}
