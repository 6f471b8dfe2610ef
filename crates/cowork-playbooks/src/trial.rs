//! A playbook's own tests: what its header says that it does to a few files.
//!
//! Here is what a test says and how what came of it is judged; making the files and running the playbook on them is the host's.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// What the folder of a test is called.
pub const TEST_FOLDER: &str = "Folder";

/// When the files of a test were last changed, if it does not say: 2026-01-15, 12:00 UTC, in seconds.
const MODIFIED: i64 = 1_768_478_400;
/// No file of a test is larger.
const MOST_SIZE: u64 = 64 * 1024 * 1024;

/// A test of a playbook, from its header.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Test {
    /// What it shows, for a person.
    pub about: String,
    /// The files that there are in the folder, by their paths in it; a path that ends in `/` is an empty folder.
    pub files: BTreeMap<String, Content>,
    /// The parameters; those that are not there have their defaults.
    pub params: Map<String, Value>,
    /// What was moved, all of it, from where to where.
    pub moved: Option<BTreeMap<String, String>>,
    /// Every file that is there afterwards, and every empty folder with `/` at its end.
    pub tree: Option<Vec<String>>,
    /// Files that are there afterwards, each with a text that it holds.
    pub contains: BTreeMap<String, String>,
    /// What the summary holds.
    pub summary: Option<String>,
    /// What the error holds that the playbook ends with.
    pub fails: Option<String>,
}

/// A file of a test.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Content {
    /// Its text.
    Text(String),
    /// Its size in bytes; what is in it is as many dots.
    Size(u64),
    /// The same, and when it was last changed.
    Full(Full),
}

/// A file of a test, at length.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Full {
    /// Its text.
    pub text: Option<String>,
    /// Its size in bytes, in place of a text.
    pub size: Option<u64>,
    /// The day that it was last changed: `2025-03-31`, at noon UTC.
    pub modified: Option<String>,
}

/// What came of running a playbook on the files of a test.
#[derive(Clone, Debug, PartialEq)]
pub struct Ran {
    /// What the playbook ended with: its summary, or its error's message.
    pub end: Result<String, String>,
    /// What was moved, by their paths in the folder: from, to.
    pub moved: BTreeMap<String, String>,
    /// Every file that is there, with its content, and every empty folder with `/` at the end of its name.
    pub tree: BTreeMap<String, Vec<u8>>,
}

impl Content {
    /// Gives what is in the file.
    pub fn bytes(&self) -> Vec<u8> {
        let dots = |size: u64| vec![b'.'; usize::try_from(size.min(MOST_SIZE)).unwrap_or(0)];
        match self {
            Self::Text(text) => text.clone().into_bytes(),
            Self::Size(size) => dots(*size),
            Self::Full(Full { text: Some(text), .. }) => text.clone().into_bytes(),
            Self::Full(Full { size, .. }) => dots(size.unwrap_or(0)),
        }
    }

    /// Gives when it was last changed, in seconds since 1970.
    pub fn modified(&self) -> i64 {
        match self {
            Self::Full(Full { modified: Some(day), .. }) => noon(day).unwrap_or(MODIFIED),
            _ => MODIFIED,
        }
    }
}

impl Test {
    /// Says what can't be in a test.
    pub(crate) fn problems(&self) -> Vec<String> {
        let mut found = Vec::new();
        for (path, content) in &self.files {
            let parts = path.trim_end_matches('/').split('/');
            if path.contains('\0') || parts.into_iter().any(|p| p.is_empty() || p == "." || p == "..") {
                found.push(format!(
                    "the file `{}` of this test can't be: give a path inside the folder",
                    path.escape_debug()
                ));
            }
            if path.ends_with('/') && !content.bytes().is_empty() {
                found.push(format!("`{path}` of this test is a folder, and holds nothing: write \"{path}\" = \"\""));
            }
            if let Content::Size(size) | Content::Full(Full { size: Some(size), .. }) = content
                && *size > MOST_SIZE
            {
                found.push(format!("the file `{path}` of this test is larger than 64 MB"));
            }
            if let Content::Full(Full { modified: Some(day), .. }) = content
                && noon(day).is_none()
            {
                found.push(format!(
                    "the file `{path}` of this test was changed on no day: write modified = \"2025-03-31\""
                ));
            }
        }
        if self.fails.is_some() && self.summary.is_some() {
            found.push("this test expects a summary and an error: there is only one of them".to_owned());
        }
        found
    }

    /// Says what differs from what was expected; nothing if all is as it was.
    pub fn differences(&self, ran: &Ran) -> Vec<String> {
        let mut found = self.ended(ran);
        if let Some(expected) = &self.moved {
            for (from, to) in expected {
                match ran.moved.get(from) {
                    Some(there) if there == to => {}
                    Some(there) => found.push(format!("`{from}` was moved to `{there}`, not to `{to}`")),
                    None => found.push(format!("`{from}` was not moved; it should be moved to `{to}`")),
                }
            }
            let others = ran.moved.iter().filter(|(from, _)| !expected.contains_key(*from));
            found.extend(others.map(|(from, to)| format!("`{from}` was moved to `{to}`; it should stay")));
        }
        if let Some(expected) = &self.tree {
            let is_there = |path: &&String| ran.tree.contains_key(path.as_str());
            found
                .extend(expected.iter().filter(|p| !is_there(p)).map(|p| format!("`{p}` should be there, and is not")));
            let extra = ran.tree.keys().filter(|p| !expected.contains(p));
            found.extend(extra.map(|p| format!("`{p}` is there, and should not be")));
        }
        for (path, text) in &self.contains {
            match ran.tree.get(path) {
                None => found.push(format!("`{path}` should be there, and is not")),
                Some(bytes) if String::from_utf8_lossy(bytes).contains(text.as_str()) => {}
                Some(bytes) => found.push(format!("`{path}` should hold “{text}”, and holds “{}”", beginning(bytes))),
            }
        }
        found
    }

    fn ended(&self, ran: &Ran) -> Vec<String> {
        let plain = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
        let holds = |text: &str, part: &str| plain(text).contains(&plain(part));
        match (&ran.end, &self.fails, &self.summary) {
            (Ok(summary), Some(error), _) => {
                vec![format!("it should fail with “{error}”, and ended with “{}”", plain(summary))]
            }
            (Err(error), None, _) => vec![format!("it failed: {}", plain(error))],
            (Err(error), Some(part), _) if !holds(error, part) => {
                vec![format!("it should fail with “{part}”, and failed with “{}”", plain(error))]
            }
            (Ok(summary), None, Some(part)) if !holds(summary, part) => {
                vec![format!("the summary should hold “{part}”, and is “{}”", plain(summary))]
            }
            _ => Vec::new(),
        }
    }
}

impl Default for Content {
    fn default() -> Self {
        Self::Size(0)
    }
}

fn beginning(bytes: &[u8]) -> String {
    let text: String = String::from_utf8_lossy(bytes).chars().take(200).collect();
    text.escape_debug().to_string()
}

/// Gives noon of a day, in seconds since 1970, by the calendar of today.
fn noon(day: &str) -> Option<i64> {
    let day: toml::value::Date = day.parse::<toml::value::Datetime>().ok()?.date?;
    let (y, m, d) = (i64::from(day.year), i64::from(day.month), i64::from(day.day));
    // Years begin in March here, so that the day that is not in every year is a year's last.
    let year = if m <= 2 { y - 1 } else { y };
    let in_year = (153 * ((m + 9) % 12) + 2) / 5 + d - 1;
    let days = year * 365 + year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400) + in_year - 719_468;
    Some(days * 86_400 + 43_200)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_is_the_second_of_its_noon() {
        assert_eq!(noon("1970-01-01"), Some(43_200));
        assert_eq!(noon("2026-01-15"), Some(MODIFIED));
        assert_eq!(noon("2024-02-29"), Some(1_709_208_000));
        assert_eq!(noon("2024-13-01"), None);
        assert_eq!(noon("soon"), None);
    }

    #[test]
    fn what_differs_is_said_and_what_does_not_is_not() {
        let test = Test {
            moved: Some([("a".to_owned(), "x/a".to_owned())].into()),
            tree: Some(vec!["x/a".to_owned()]),
            contains: [("x/a".to_owned(), "hello".to_owned())].into(),
            summary: Some("1 file".to_owned()),
            ..Test::default()
        };
        let mut ran = Ran {
            end: Ok("1\n file moved".to_owned()),
            moved: [("a".to_owned(), "x/a".to_owned())].into(),
            tree: [("x/a".to_owned(), b"oh, hello".to_vec())].into(),
        };
        assert_eq!(test.differences(&ran), Vec::<String>::new());
        ran.tree.insert("b".to_owned(), Vec::new());
        ran.moved.insert("c".to_owned(), "d".to_owned());
        ran.end = Err("no".to_owned());
        assert_eq!(
            test.differences(&ran),
            ["it failed: no", "`c` was moved to `d`; it should stay", "`b` is there, and should not be"]
        );
    }
}
