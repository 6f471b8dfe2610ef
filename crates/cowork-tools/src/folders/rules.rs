//! Rules that somebody wrote: a pattern for names, and the folder that what fits goes to.

use cowork_core::{Error, Kind, Result};
use schemars::JsonSchema;
use serde::Deserialize;

use super::{By, OP};

/// A rule.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct FolderRule {
    /// What names fit: `*.pdf`, `scan*`; `*` stands for any letters, `?` for one, and capitals don't matter.
    #[schemars(length(min = 1, max = 1_000))]
    files: String,
    /// The folder, below the one that the files lie in: `Papers/{year}`, with `{year}`, `{month}`, `{day}`, `{type}` and `{ext}`; `.` if they are to stay.
    #[schemars(length(min = 1, max = 1_000))]
    folder: String,
}

/// By what it is decided.
pub(super) enum Fill {
    By(By),
    Rules(Rules),
}

/// Rules that were checked.
pub(super) struct Rules(Vec<(Fits, String)>);

/// What a name must be like, in small letters.
enum Fits {
    Starts(String),
    Ends(String),
    Wild(Vec<char>),
}

const DATES: [&str; 3] = ["{year}", "{month}", "{day}"];
const WORDS: [&str; 5] = ["{year}", "{month}", "{day}", "{type}", "{ext}"];

impl Rules {
    /// Checks rules; gives nothing where there are none.
    ///
    /// # Errors
    /// `InvalidInput` if a rule can't be meant.
    pub(super) fn new(rules: &[FolderRule]) -> Result<Option<Self>> {
        let checked = |rule: &FolderRule| {
            let no = |why: &str, fix: &str| {
                let why = format!("“{}” {why}", rule.folder.escape_debug());
                Err(Error::new(Kind::InvalidInput, OP, why).with_fix(fix.to_owned()))
            };
            let bad = |part: &str| part.trim().is_empty() || part == ".." || part.contains(['\\', '\0']);
            if rule.folder != "." && rule.folder.split('/').any(|part| bad(part) || part == ".") {
                return no("does not lead to a folder below", "write names with a / between them");
            }
            let rest = WORDS.iter().fold(rule.folder.clone(), |text, word| text.replace(word, ""));
            if rest.contains(['{', '}']) {
                return no("has braces that are no word", "there are {year}, {month}, {day}, {type} and {ext}");
            }
            Ok((Fits::new(&rule.files), rule.folder.clone()))
        };
        let all = rules.iter().map(checked).collect::<Result<Vec<_>>>()?;
        Ok(Some(Self(all)).filter(|rules| !rules.0.is_empty()))
    }

    /// Says whether a rule asks for a date.
    pub(super) fn dates(&self) -> bool {
        self.0.iter().any(|(_, folder)| asks_date(folder))
    }

    /// Gives the folder by the first rule that a name fits.
    pub(super) fn folder(&self, name: &str) -> Option<&str> {
        let low = name.to_lowercase();
        self.0.iter().find(|(fits, _)| fits.has(&low)).map(|(_, folder)| folder.as_str())
    }
}

/// Says whether a rule's folder has a date in it.
pub(super) fn asks_date(folder: &str) -> bool {
    DATES.iter().any(|word| folder.contains(word))
}

/// Puts what is known of a file into a rule's folder.
pub(super) fn filled(folder: &str, day: &str, category: &str, extension: &str) -> String {
    if !folder.contains('{') {
        return folder.to_owned();
    }
    let part = |range: std::ops::Range<usize>| day.get(range).unwrap_or_default();
    let values = [part(0..4), part(5..7), part(8..10), category, if extension.is_empty() { "none" } else { extension }];
    WORDS.iter().zip(values).fold(folder.to_owned(), |text, (word, value)| text.replace(word, value))
}

impl Fits {
    fn new(pattern: &str) -> Self {
        let low = pattern.trim().to_lowercase();
        let wild = |text: &str| text.contains(['*', '?']);
        match (low.strip_prefix('*'), low.strip_suffix('*')) {
            (Some(end), _) if !wild(end) => Self::Ends(end.to_owned()),
            (_, Some(start)) if !wild(start) => Self::Starts(start.to_owned()),
            _ => Self::Wild(low.chars().collect()),
        }
    }

    fn has(&self, low: &str) -> bool {
        match self {
            Self::Starts(start) => low.starts_with(start),
            Self::Ends(end) => low.ends_with(end),
            Self::Wild(pattern) => wild(pattern, &low.chars().collect::<Vec<_>>()),
        }
    }
}

/// Says whether a text fits a pattern with `*` and `?`, from its first letter to its last.
fn wild(pattern: &[char], text: &[char]) -> bool {
    // Where the last `*` stands, and how much of the text it has taken.
    let (mut p, mut t, mut star) = (0, 0, None);
    while t < text.len() {
        match pattern.get(p) {
            Some('*') => {
                star = Some((p, t));
                p += 1;
            }
            Some(c) if *c == '?' || *c == text[t] => {
                p += 1;
                t += 1;
            }
            _ => {
                let Some((at, taken)) = star else { return false };
                star = Some((at, taken + 1));
                p = at + 1;
                t = taken + 1;
            }
        }
    }
    pattern[p..].iter().all(|c| *c == '*')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_fits_a_pattern_as_a_whole() {
        for (pattern, fits, others) in [
            ("*.pdf", ["a.PDF", ".pdf", "a.b.pdf"], ["a.pdf.zip", "pdf", "a.pd"]),
            ("Scan*", ["scan", "SCAN 1.pdf", "scans"], ["a scan", "sca", ""]),
            ("report-??.*", ["report-07.csv", "Report-ab.", "report-äö.x"], ["report-7.csv", "report-007.csv", "x"]),
            ("*acme*", ["acme", "The ACME file", "a.acme"], ["ac me", "acm", ""]),
            ("a*b*c", ["abc", "aXbYc", "abbcbc"], ["ab", "abcd", "acb"]),
            ("*", ["", "a", "ü"], ["", "", ""]),
        ] {
            let rule = Fits::new(pattern);
            assert!(fits.iter().all(|name| rule.has(&name.to_lowercase())), "{pattern}");
            assert!(pattern == "*" || !others.iter().any(|name| rule.has(&name.to_lowercase())), "{pattern}");
        }
    }
}
