//! How a new name is made of an old one.

use cowork_core::{Error, Kind, Result};
use schemars::JsonSchema;
use serde::Deserialize;

use super::OP;

/// The rule by which files get new names.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum By {
    /// Blanks become `_`, and odd characters go.
    #[default]
    Tidy,
    /// Small letters of ASCII, digits and `-`, as in an address of the web.
    Slug,
    /// Small letters.
    Lower,
    /// Capitals.
    Upper,
    /// A capital at the beginning of each word.
    Title,
    /// A text in the name becomes another.
    Replace,
    /// Numbers, in the order of the names.
    Number,
    /// The date, then the name.
    Date,
    /// A pattern with the words `{name}`, `{date}`, `{year}`, `{month}`, `{day}` and `{number}`.
    Pattern,
}

const WORDS: [&str; 7] = ["name", "date", "year", "month", "day", "number", "ext"];
/// What stands for a letter of Latin script where only ASCII may.
const PLAIN: &str = "ä=ae ö=oe ü=ue ß=ss æ=ae œ=oe þ=th &=-and- aàáâãåāăą cçćĉċč dďđð eèéêëēĕėęě gĝğġģ hĥħ iìíîïĩīĭįı jĵ kķ lĺļľł \
    nñńņňŋ oòóôõøōŏő rŕŗř sśŝşšș tţťț uùúûũūŭůűų wŵ yýÿŷ zźżž";

/// A rule that was checked.
pub(super) struct Rule {
    pub(super) by: By,
    /// The pattern; `{number}` alone for numbers.
    form: String,
    find: String,
    with: String,
}

impl Rule {
    /// # Errors
    /// `InvalidInput` if the pattern or the text can't be meant.
    pub(super) fn new(by: By, pattern: &str, find: &str, with: &str) -> Result<Self> {
        let no = |why: String, fix: &str| Err(Error::new(Kind::InvalidInput, OP, why).with_fix(fix.to_owned()));
        let pattern = pattern.trim();
        if by == By::Pattern {
            check(pattern)?;
        }
        if by == By::Replace && find.is_empty() {
            return no("there is no text to be replaced".to_owned(), "say which: find the old one, with the new one");
        }
        let new = if by == By::Replace { with } else { pattern };
        if matches!(by, By::Pattern | By::Replace) && new.contains(['/', '\\', '\0']) {
            return no("a name can't have a / or \\ in it".to_owned(), "to put files into folders, organise them");
        }
        let form = match by {
            By::Number => "{number}",
            By::Pattern => pattern.strip_suffix("{ext}").unwrap_or(pattern),
            _ => "",
        };
        Ok(Self { by, form: form.to_owned(), find: find.to_owned(), with: with.to_owned() })
    }

    pub(super) fn numbers(&self) -> bool {
        self.form.contains("{number}")
    }

    pub(super) fn dates(&self) -> bool {
        self.by == By::Date || ["{date}", "{year}", "{month}", "{day}"].iter().any(|word| self.form.contains(word))
    }

    /// Says whether the whole date stands in the new name.
    pub(super) fn says_day(&self) -> bool {
        let has = |word: &str| self.form.contains(word);
        self.by == By::Date || has("{date}") || (has("{year}") && has("{month}") && has("{day}"))
    }

    /// What stands before the number of a name that would be taken.
    pub(super) fn mark(&self) -> char {
        if self.by == By::Slug { '-' } else { '_' }
    }

    /// Makes a name, without its extension, by what it is alone.
    pub(super) fn plain(&self, stem: &str) -> String {
        // A name of several lines becomes one of one line.
        let stem = stem.replace('\n', " ");
        match self.by {
            By::Slug => slug(&stem),
            By::Replace => stem.replace(&self.find, &self.with),
            By::Lower => stem.to_lowercase(),
            By::Upper => stem.to_uppercase(),
            By::Title => stem.split(' ').map(capital).collect::<Vec<_>>().join(" "),
            By::Tidy | By::Number | By::Date | By::Pattern => tidy(&stem),
        }
    }

    /// Makes a name of a date, of what else is in the name, and of a number.
    pub(super) fn filled(&self, stem: &str, day: &str, rest: &str, number: &str) -> String {
        let rest = rest.replace('\n', " ");
        if self.by == By::Date {
            let begins = stem.strip_prefix(day).is_some_and(|r| r.is_empty() || r.starts_with(['_', '-', ' ', '.']));
            return match () {
                () if begins => stem.replace('\n', " "),
                () if rest.is_empty() => day.to_owned(),
                () => format!("{day}_{rest}"),
            };
        }
        let part = |range: std::ops::Range<usize>| day.get(range).unwrap_or_default();
        let form = self.form.replace("{date}", day).replace("{year}", part(0..4)).replace("{month}", part(5..7));
        let form = form.replace("{day}", part(8..10)).replace("{number}", number);
        // Last, for a name may have braces in it: `{date}` in a file's name is a part of that name.
        form.replace("{name}", &rest).trim().to_owned()
    }
}

/// Makes sure that a pattern has words, and only those that are known.
fn check(pattern: &str) -> Result<()> {
    let no = |why: String, fix: &str| Err(Error::new(Kind::InvalidInput, OP, why).with_fix(fix.to_owned()));
    if pattern.is_empty() {
        return no("there is no pattern for the new names".to_owned(), "give one such as {date}_{name}");
    }
    for word in pattern.split('{').skip(1).filter_map(|rest| rest.split_once('}')).map(|(word, _)| word) {
        if !WORDS.contains(&word) {
            let why = format!("nothing is known as {{{}}} in a pattern", word.escape_debug());
            return no(why, "there are {name}, {date}, {year}, {month}, {day}, {number} and {ext}");
        }
    }
    if pattern.strip_suffix("{ext}").unwrap_or(pattern).contains("{ext}") {
        let why = "{ext} stands at the end of a pattern or is left out: every file keeps its extension".to_owned();
        return no(why, "such as {date}_{name}{ext}");
    }
    if !pattern.contains('{') {
        return no(format!("all files would be called “{pattern}”"), "put {name} or {number} into the pattern");
    }
    Ok(())
}

/// Says whether a character is an accent that stands by itself.
fn accent(c: char) -> bool {
    ('\u{300}'..='\u{36f}').contains(&c)
}

fn squeezed(text: &str, mark: char) -> String {
    text.split(mark).filter(|part| !part.is_empty()).collect::<Vec<_>>().join(&mark.to_string())
}

fn tidy(stem: &str) -> String {
    let kept = stem.chars().filter_map(|c| match c {
        _ if c.is_whitespace() || "()[]{}+,;&–—".contains(c) => Some('_'),
        _ if c.is_alphanumeric() || "_-.".contains(c) || accent(c) => Some(c),
        _ => None,
    });
    let mut text = squeezed(&kept.collect::<String>(), '_');
    for mark in ["-", "."] {
        text = text.replace(&format!("_{mark}"), mark).replace(&format!("{mark}_"), mark);
    }
    text.trim_matches(['_', '.', ' ']).to_owned()
}

fn slug(stem: &str) -> String {
    let mut text = String::new();
    for c in stem.to_lowercase().chars() {
        match c {
            '’' | '\'' => {}
            _ if accent(c) => {}
            _ if c.is_ascii_alphanumeric() => text.push(c),
            _ => match ascii(c) {
                Some(plain) => text.push_str(plain),
                None => text.push(if c.is_alphanumeric() { c } else { '-' }),
            },
        }
    }
    squeezed(&text, '-')
}

fn ascii(c: char) -> Option<&'static str> {
    PLAIN.split_whitespace().find_map(|group| match group.split_once('=') {
        Some((letter, plain)) => letter.starts_with(c).then_some(plain),
        None => group.contains(c).then(|| &group[..1]),
    })
}

fn capital(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().map_or_else(String::new, |c| c.to_uppercase().chain(letters.flat_map(char::to_lowercase)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_tidied_and_made_fit_for_an_address() {
        for (name, tidied, slugged) in [
            ("Müller & Söhne – Brief", "Müller_Söhne_Brief", "mueller-and-soehne-brief"),
            ("What?! - a \"name\"", "What-a_name", "what-a-name"),
            ("Dr. Smith", "Dr.Smith", "dr-smith"),
            ("it’s  (2) ", "its_2", "its-2"),
            ("!!!", "", ""),
            ("日本 語", "日本_語", "日本-語"),
        ] {
            assert_eq!((tidy(name), slug(name)), (tidied.to_owned(), slugged.to_owned()), "{name}");
        }
    }

    #[test]
    fn a_pattern_that_can_not_be_meant_is_refused() {
        for pattern in ["", "same", "{day", "{nmae}", "{ext}{name}", "a/{name}", "{name}\\"] {
            let all_right = Rule::new(By::Pattern, pattern, "", "").is_ok();
            assert_eq!(all_right, pattern == "{day", "{pattern}");
        }
        assert!(Rule::new(By::Replace, "", "", "x").is_err());
    }
}
