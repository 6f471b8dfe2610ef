//! What a program can say of a listed entry, with the values that it has for the entries of a run.

use serde_json::Value;

/// An entry of a listing.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Item<'a> {
    pub(crate) value: &'a Value,
    pub(crate) path: &'a str,
    pub(crate) name: &'a str,
}

/// A function that a program brings along.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Helper {
    Changed,
    DateIn,
    Ending,
    Stem,
}

/// Makes a text of an entry, if there is one.
type Of = Box<dyn Fn(&Item<'_>) -> Option<String>>;

/// A text that can be made of an entry: how a program says it, and what it is for an entry.
pub(crate) struct Atom {
    /// The expression; `name` and `entry` are there.
    pub(crate) python: String,
    /// What must hold so that there is such a text, if that is not always so.
    pub(crate) guard: Option<String>,
    pub(crate) helper: Option<Helper>,
    of: Of,
}

impl Atom {
    /// Gives what it is for an entry; nothing if the guard does not hold.
    pub(crate) fn of(&self, item: &Item<'_>) -> Option<String> {
        (self.of)(item).filter(|text| !text.is_empty())
    }

    fn new(python: &str, of: impl Fn(&Item<'_>) -> Option<String> + 'static) -> Self {
        Self { python: python.to_owned(), guard: None, helper: None, of: Box::new(of) }
    }

    fn guarded(mut self, guard: &str) -> Self {
        self.guard = Some(guard.to_owned());
        self
    }

    fn by(mut self, helper: Helper) -> Self {
        self.helper = Some(helper);
        self
    }
}

impl<'a> Item<'a> {
    /// Reads an entry, if it names a path.
    pub(crate) fn of(value: &'a Value) -> Option<Self> {
        let path = value.get("path")?.as_str()?;
        let name = value.get("name").and_then(Value::as_str);
        Some(Self { value, path, name: name.unwrap_or_else(|| path.rsplit('/').next().unwrap_or(path)) })
    }

    pub(crate) fn text(&self, key: &str) -> Option<&'a str> {
        self.value.get(key).and_then(Value::as_str)
    }
}

impl Helper {
    /// Gives the function's source.
    pub(crate) fn source(self) -> &'static str {
        match self {
            Self::Changed => {
                "def changed(entry):\n    # The day on which it was changed, as 2026-05-17.\n    \
                 return (datetime(1970, 1, 1) + timedelta(seconds=entry[\"modified\"] // 1000)).isoformat()[:10]\n"
            }
            Self::DateIn => {
                "def date_in(name):\n    # The day in a name, as 2026-05-17; nothing if there is none.\n    \
                 found = re.search(r\"[0-9]{4}-[0-9]{2}-[0-9]{2}\", name)\n    return found.group() if found else \"\"\n"
            }
            Self::Ending => {
                "def ending(name):\n    # What stands behind the last dot, in small letters; nothing if there is none.\n    \
                 front, dot, last = name.rpartition(\".\")\n    return last.lower() if front else \"\"\n"
            }
            Self::Stem => {
                "def stem(name):\n    # The name without its ending.\n    \
                 front, dot, last = name.rpartition(\".\")\n    return front or name\n"
            }
        }
    }

    /// Gives what it imports.
    pub(crate) fn import(self) -> Option<&'static str> {
        match self {
            Self::Changed => Some("from datetime import datetime, timedelta"),
            Self::DateIn => Some("import re"),
            Self::Ending | Self::Stem => None,
        }
    }
}

/// Gives what can be said of every entry, the plainest first.
pub(crate) fn all() -> Vec<Atom> {
    let name = |change: fn(&str) -> String| move |item: &Item<'_>| Some(change(item.name));
    let mut atoms = vec![
        Atom::new("name", name(str::to_owned)),
        Atom::new("entry[\"path\"]", |item| Some(item.path.to_owned())),
        Atom::new("stem(name)", name(|n| stem(n).to_owned())).by(Helper::Stem),
        Atom::new("name[len(stem(name)):]", name(|n| n[stem(n).len()..].to_owned())).by(Helper::Stem),
        Atom::new("ending(name)", name(ending)).by(Helper::Ending).guarded("ending(name)"),
        Atom::new("ending(name).upper()", name(|n| ending(n).to_uppercase()))
            .by(Helper::Ending)
            .guarded("ending(name)"),
        Atom::new("name.lower()", name(str::to_lowercase)),
        Atom::new("name.upper()", name(str::to_uppercase)),
        Atom::new("stem(name).lower()", name(|n| stem(n).to_lowercase())).by(Helper::Stem),
        Atom::new("name.replace(\" \", \"_\")", name(|n| n.replace(' ', "_"))),
        Atom::new("name.replace(\" \", \"-\")", name(|n| n.replace(' ', "-"))),
        Atom::new("name.replace(\" \", \"_\").lower()", name(|n| n.replace(' ', "_").to_lowercase())),
        Atom::new("name.replace(\" \", \"-\").lower()", name(|n| n.replace(' ', "-").to_lowercase())),
        Atom::new("name.replace(\"_\", \" \")", name(|n| n.replace('_', " "))),
        Atom::new("name[:1].upper()", name(|n| n.chars().next().into_iter().flat_map(char::to_uppercase).collect())),
    ];
    for part in [" ", "_", "-"] {
        let guard = format!("\"{part}\" in name");
        let first = move |i: &Item<'_>| i.name.split_once(part).map(|(first, _)| first.to_owned());
        let rest = move |i: &Item<'_>| i.name.split_once(part).map(|(_, rest)| rest.to_owned());
        atoms.push(Atom::new(&format!("name.split(\"{part}\")[0]"), first).guarded(&guard));
        atoms.push(Atom::new(&format!("name.split(\"{part}\", 1)[1]"), rest).guarded(&guard));
    }
    let slices = [("", 0, 10), ("[:4]", 0, 4), ("[:7]", 0, 7), ("[5:7]", 5, 7), ("[8:]", 8, 10)];
    for (slice, from, to) in slices {
        let in_name = move |i: &Item<'_>| Some(date_in(i.name)?[from..to].to_owned());
        let told = move |i: &Item<'_>| Some(i.text("date")?.get(from..to)?.to_owned());
        let changed = move |i: &Item<'_>| Some(day(i.value.get("modified")?.as_i64()?).get(from..to)?.to_owned());
        atoms.push(Atom::new(&format!("date_in(name){slice}"), in_name).by(Helper::DateIn).guarded("date_in(name)"));
        atoms.push(Atom::new(&format!("entry[\"date\"]{slice}"), told).guarded("\"date\" in entry"));
        atoms.push(Atom::new(&format!("changed(entry){slice}"), changed).by(Helper::Changed));
    }
    atoms.push(
        Atom::new("entry[\"category\"]", |i| i.text("category").map(str::to_owned)).guarded("\"category\" in entry"),
    );
    atoms
}

/// Gives the name with one text in it replaced by another, if that is what was done to all of these: name and new name.
pub(crate) fn replaced(pairs: &[(&str, &str)]) -> Option<(String, String)> {
    let (name, new) = pairs.first()?;
    let (name, new): (Vec<char>, Vec<char>) = (name.chars().collect(), new.chars().collect());
    let front = name.iter().zip(&new).take_while(|(a, b)| a == b).count();
    let most = name.len().min(new.len()) - front;
    let back = name.iter().rev().zip(new.iter().rev()).take(most).take_while(|(a, b)| a == b).count();
    // What is replaced may share its first or last letters with what it is replaced by: whole words are tried too.
    let word = |c: &char| c.is_alphanumeric();
    let wide = name[..front].iter().rev().take_while(|c| word(c)).count();
    let wider = name[name.len() - back..].iter().take_while(|c| word(c)).count();
    let cuts = [(0, 0), (wide, 0), (0, wider), (wide, wider)];
    cuts.into_iter().find_map(|(before, behind)| {
        let part = |of: &[char]| of[front - before..of.len() - back + behind].iter().collect::<String>();
        let (old, with) = (part(&name), part(&new));
        let fits = |(name, new): &(&str, &str)| name.contains(&old) && name.replace(&old, &with) == **new;
        (!old.is_empty() && pairs.iter().all(fits)).then_some((old, with))
    })
}

/// Gives the atom of a text replaced by another, as the program's variables `old` and `new` hold them.
pub(crate) fn replacing(old: String, new: String, python: String, guard: String) -> Atom {
    let of = move |item: &Item<'_>| item.name.contains(&old).then(|| item.name.replace(&old, &new));
    Atom { python, guard: Some(guard), helper: None, of: Box::new(of) }
}

/// Gives the name without its ending.
pub(crate) fn stem(name: &str) -> &str {
    name.rsplit_once('.').map_or(name, |(front, _)| if front.is_empty() { name } else { front })
}

/// Gives the ending of a name in small letters, without its dot.
pub(crate) fn ending(name: &str) -> String {
    name.rsplit_once('.')
        .filter(|(front, _)| !front.is_empty())
        .map_or_else(String::new, |(_, last)| last.to_lowercase())
}

/// Gives the first day that stands in a name.
fn date_in(name: &str) -> Option<&str> {
    let digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
    let is_day = |text: &str| {
        let (b, cut) = (text.as_bytes(), |from, to| text.get(from..to).is_some_and(digits));
        b[4] == b'-' && b[7] == b'-' && cut(0, 4) && cut(5, 7) && cut(8, 10)
    };
    (0..name.len()).filter_map(|at| name.get(at..at + 10)).find(|text| is_day(text))
}

/// Gives the day of a time, UTC, as `2026-05-17`.
pub(crate) fn day(millis: i64) -> String {
    // Years begin in March here, so that the day that is not in every year is a year's last.
    let days = millis.div_euclid(86_400_000) + 719_468;
    let (era, in_era) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let year = (in_era - in_era / 1_460 + in_era / 36_524 - in_era / 146_096) / 365;
    let in_year = in_era - (365 * year + year / 4 - year / 100);
    let month = (5 * in_year + 2) / 153;
    let (d, m) = (in_year - (153 * month + 2) / 5 + 1, if month < 10 { month + 3 } else { month - 9 });
    format!("{:04}-{m:02}-{d:02}", year + era * 400 + i64::from(m <= 2))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_is_named_as_the_calendar_does() {
        assert_eq!(day(0), "1970-01-01");
        assert_eq!(day(1_709_208_000_000), "2024-02-29");
        assert_eq!(day(1_768_478_400_000), "2026-01-15");
    }

    #[test]
    fn what_was_replaced_is_found_where_it_explains_all() {
        let of = |old: &str, new: &str| Some((old.to_owned(), new.to_owned()));
        assert_eq!(replaced(&[("draft a.txt", "final a.txt"), ("my draft.md", "my final.md")]), of("draft", "final"));
        assert_eq!(replaced(&[("IMG_1.jpg", "Rome 1.jpg"), ("IMG_2.jpg", "Rome 2.jpg")]), of("IMG_", "Rome "));
        assert_eq!(replaced(&[("a.txt", "b.txt"), ("c.txt", "c.txt")]), None);
    }
}
