//! Which files get which names, so that none is taken and what belongs together stays together.

use std::collections::{BTreeMap, HashMap, HashSet};

use cowork_core::{Entry, FileKind};
use globset::GlobMatcher;

use crate::{
    category::{self, Only, companions},
    dates::{Day, Source, in_name},
};

use super::rule::{By, Rule};

/// What is to be renamed, and what stays.
#[derive(Default)]
pub(super) struct Renames {
    /// Old names and new ones, in an order in which each new name is free.
    pub(super) names: Vec<(String, String)>,
    /// Whether there would be more.
    pub(super) more: bool,
    /// How many stay, by reason.
    pub(super) stay: BTreeMap<&'static str, u64>,
    /// The dates that are in the new names.
    pub(super) dated: Vec<Day>,
}

/// A file that may get another name.
struct Able<'a> {
    entry: &'a Entry,
    stem: &'a str,
    end: &'a str,
    wanted: String,
    /// Those that go along with it.
    behind: Vec<&'a str>,
}

impl Able<'_> {
    fn name(&self) -> &str {
        self.entry.path.name()
    }

    /// Gives what comes after the stem, of it and of those that go along: `IMG_1.CR2.xmp` keeps `.CR2.xmp`.
    fn rests(&self) -> Vec<String> {
        let letters = self.stem.chars().count();
        let behind = self.behind.iter().map(|name| name.chars().skip(letters).collect());
        [self.end.to_owned()].into_iter().chain(behind).collect()
    }

    fn is_right(&self) -> bool {
        self.wanted == self.stem
    }

    /// Says whether nothing is left that could be a name.
    fn is_nothing(&self) -> bool {
        self.wanted.is_empty() || matches!(&*self.wanted, "." | "..")
    }
}

/// What is known beside the names.
pub(super) struct Known<'a> {
    /// The dates of the files, by their places; empty where none is asked for.
    pub(super) days: &'a [Option<Day>],
    pub(super) start: i64,
    /// Files of other kinds, or whose names don't fit, stay.
    pub(super) only: &'a [Only],
    pub(super) files: Option<&'a GlobMatcher>,
}

impl Known<'_> {
    fn is_meant(&self, name: &str) -> bool {
        Only::any(self.only, name) && self.files.is_none_or(|fits| fits.is_match(name))
    }
}

impl Renames {
    /// Gives about `most` new names, so that no file is parted from those that go along with it.
    pub(super) fn of(entries: &[Entry], rule: &Rule, known: &Known<'_>, most: usize) -> Self {
        let mut renames = Self::default();
        let mut used: HashSet<String> = HashSet::new();
        let mut all = renames.sort_out(entries, rule, known, &mut used);
        renames.decide(&mut all, rule, known, entries);
        for able in all.iter().filter(|able| able.is_right() || able.is_nothing()) {
            let reason = match (able.is_right(), rule.dates()) {
                (true, _) => "names that are right already",
                (false, true) => "files without a date",
                (false, false) => "names of which nothing would be left",
            };
            *renames.stay.entry(reason).or_default() += 1 + able.behind.len() as u64;
            used.extend([able.name()].iter().chain(&able.behind).map(|name| name.to_lowercase()));
        }
        let mut changing = all.iter().filter(|able| !able.is_right() && !able.is_nothing());
        renames.names = in_order(free(&mut changing, rule.mark(), &mut used, most));
        renames.more = changing.next().is_some();
        renames
    }

    /// Gives what may be renamed, in the order in which it is numbered; the names of all else are used.
    fn sort_out<'a>(
        &mut self,
        entries: &'a [Entry],
        rule: &Rule,
        known: &Known<'_>,
        used: &mut HashSet<String>,
    ) -> Vec<Able<'a>> {
        let firsts = companions(entries);
        let pages: HashSet<&str> =
            firsts.iter().filter(|(at, _)| entries[**at].kind == FileKind::Folder).map(|(_, page)| *page).collect();
        let mut able = Vec::new();
        for (at, entry) in entries.iter().enumerate() {
            match why_it_stays(entry, &pages) {
                None => able.push((at, entry)),
                Some(reason) => {
                    used.insert(entry.path.name().to_lowercase());
                    if entry.kind != FileKind::Folder {
                        *self.stay.entry(reason).or_default() += 1;
                    }
                }
            }
        }
        let names: HashSet<&str> =
            if firsts.is_empty() { HashSet::new() } else { able.iter().map(|(_, e)| e.path.name()).collect() };
        let mut behind: HashMap<&str, Vec<&str>> = HashMap::new();
        able.retain(|(at, entry)| match firsts.get(at).filter(|first| names.contains(*first)) {
            Some(first) => {
                behind.entry(first).or_default().push(entry.path.name());
                false
            }
            None => true,
        });
        able.retain(|(_, entry)| {
            let name = entry.path.name();
            let meant = known.is_meant(name);
            if !meant {
                let along = behind.remove(name).unwrap_or_default();
                *self.stay.entry("files of other kinds").or_default() += 1 + along.len() as u64;
                used.extend([name].into_iter().chain(along).map(str::to_lowercase));
            }
            meant
        });
        if rule.numbers() {
            able.sort_by_cached_key(|(_, entry)| natural(entry.path.name()));
        }
        let make = |(_, entry): (usize, &'a Entry)| {
            let (stem, end) = split(entry.path.name());
            let behind = behind.remove(entry.path.name()).unwrap_or_default();
            Able { entry, stem, end, wanted: String::new(), behind }
        };
        able.into_iter().map(make).collect()
    }

    /// Decides on the name of each, without its extension; nothing where there is none.
    fn decide(&mut self, all: &mut [Able<'_>], rule: &Rule, known: &Known<'_>, entries: &[Entry]) {
        let last = known.start.saturating_add(i64::try_from(all.len()).unwrap_or(i64::MAX)).saturating_sub(1);
        let width = last.to_string().len().max(3);
        let places: HashMap<&str, usize> = match known.days.is_empty() {
            true => HashMap::new(),
            false => entries.iter().enumerate().map(|(at, e)| (e.path.as_str(), at)).collect(),
        };
        for (number, able) in (known.start..).zip(all) {
            if !matches!(rule.by, By::Date | By::Number | By::Pattern) {
                able.wanted = rule.plain(able.stem);
                continue;
            }
            let dated = best(able, &places, known.days);
            let day = dated.map_or("", |dated| dated.day.as_str());
            if rule.dates() && day.is_empty() {
                continue;
            }
            able.wanted = rule.filled(able.stem, day, &rest(able.stem, dated, rule), &format!("{number:0width$}"));
            self.dated.extend(dated.cloned());
        }
    }
}

/// Gives the best date of one and of what goes along with it.
fn best<'k>(able: &Able<'_>, places: &HashMap<&str, usize>, days: &'k [Option<Day>]) -> Option<&'k Day> {
    let path = able.entry.path.as_str();
    let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
    let along = able.behind.iter().map(|name| format!("{folder}/{name}"));
    let all = [path.to_owned()].into_iter().chain(along).filter_map(|path| places.get(path.as_str()).copied());
    all.filter_map(|at| days[at].as_ref()).min_by_key(|day| day.from)
}

/// Gives a name without the date that the new one has in full; any other date stays.
fn rest(stem: &str, dated: Option<&Day>, rule: &Rule) -> String {
    let here = dated.filter(|dated| dated.from == Source::Name && rule.says_day()).and_then(|_| in_name(stem));
    here.map_or_else(|| stem.to_owned(), |(_, rest)| rest)
}

fn why_it_stays(entry: &Entry, pages: &HashSet<&str>) -> Option<&'static str> {
    let name = entry.path.name();
    match entry.kind {
        FileKind::Folder => Some("folders"),
        FileKind::Link | FileKind::Other => Some("links and special files"),
        FileKind::File if name.starts_with('.') => Some("hidden files"),
        FileKind::File if category::is_unfinished(name) => Some("files in use or not complete"),
        FileKind::File if name.contains('\\') => Some("names with bytes that are no characters"),
        FileKind::File if pages.contains(name) => Some("saved pages, which find their pictures by name"),
        FileKind::File => None,
    }
}

/// Gives a name without its extension, and this with its dot: `a.tar.gz` keeps both of its.
fn split(name: &str) -> (&str, &str) {
    // What has a blank in it is a part of the name: `Dr. Smith`.
    let dot = name.rfind('.').filter(|at| *at > 0 && !name[*at..].contains(char::is_whitespace));
    let Some(dot) = dot else { return (name, "") };
    let tar = name[..dot].len().checked_sub(4).filter(|at| *at > 0 && name.is_char_boundary(*at));
    name.split_at(tar.filter(|at| name[*at..dot].eq_ignore_ascii_case(".tar")).unwrap_or(dot))
}

/// Gives that by which names are sorted, so that 2 comes before 10: small letters, and the numbers filled up.
fn natural(name: &str) -> String {
    let (mut key, mut digits) = (String::with_capacity(name.len() + 16), String::new());
    for c in name.chars().chain(['\0']) {
        if c.is_ascii_digit() {
            digits.push(c);
            continue;
        }
        if !digits.is_empty() {
            key.push_str(&format!("{digits:0>15}"));
            digits.clear();
        }
        match c {
            '\0' => {}
            '\n' => key.push(' '),
            c => key.extend(c.to_lowercase()),
        }
    }
    key
}

/// Gives each file the first name that is free, with those that go along.
fn free<'a>(
    changing: &mut impl Iterator<Item = &'a Able<'a>>,
    mark: char,
    used: &mut HashSet<String>,
    most: usize,
) -> Vec<(String, String)> {
    let mut names = Vec::new();
    // Where very many would have one name, each goes on where the one before found its own.
    let mut last: HashMap<String, u64> = HashMap::new();
    while names.len() < most
        && let Some(able) = changing.next()
    {
        let rests = able.rests();
        let number = last.entry(format!("{}\0{}", able.wanted, rests.join("\0")).to_lowercase()).or_insert(0);
        let base = loop {
            *number += 1;
            let base = if *number == 1 { able.wanted.clone() } else { format!("{}{mark}{number}", able.wanted) };
            if !rests.iter().any(|rest| used.contains(&format!("{base}{rest}").to_lowercase())) {
                break base;
            }
        };
        used.extend(rests.iter().map(|rest| format!("{base}{rest}").to_lowercase()));
        let old = [able.name()].into_iter().chain(able.behind.iter().copied());
        names.extend(old.zip(&rests).map(|(old, rest)| (old.to_owned(), format!("{base}{rest}"))));
    }
    names
}

/// Puts renames into an order in which each new name is free: who has it steps on first.
fn in_order(names: Vec<(String, String)>) -> Vec<(String, String)> {
    let goes: HashMap<&str, usize> = names.iter().enumerate().map(|(at, (old, _))| (old.as_str(), at)).collect();
    if !names.iter().any(|(_, new)| goes.contains_key(new.as_str())) {
        return names;
    }
    let (mut begun, mut order) = (vec![false; names.len()], Vec::with_capacity(names.len()));
    for at in 0..names.len() {
        let (mut chain, mut next) = (Vec::new(), Some(at));
        while let Some(at) = next.filter(|at| !begun[*at]) {
            begun[at] = true;
            chain.push(at);
            next = goes.get(names[at].1.as_str()).copied();
        }
        order.extend(chain.into_iter().rev());
    }
    order.into_iter().map(|at| names[at].clone()).collect()
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test says so by failing")]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_cut_where_its_extension_begins() {
        let names = ["a.txt", "b.tar.gz", ".tar.gz", "none", ".hidden", "Dr. Smith", "ü.é", "x."];
        let cut = names.map(split);
        let expected = [
            ("a", ".txt"),
            ("b", ".tar.gz"),
            (".tar", ".gz"),
            ("none", ""),
            (".hidden", ""),
            ("Dr. Smith", ""),
            ("ü", ".é"),
            ("x", "."),
        ];
        assert_eq!(cut, expected);
    }

    #[test]
    fn two_comes_before_ten() {
        let mut names = ["b 10", "B 9", "a\n3", "a 20", "a"];
        names.sort_by_cached_key(|name| natural(name));
        assert_eq!(names, ["a", "a\n3", "a 20", "B 9", "b 10"]);
    }

    #[test]
    fn where_there_are_too_many_for_one_go_none_is_parted_from_what_goes_along() {
        let entry = |name: &str| {
            let path: cowork_core::FilePath = format!("D/{name}").parse().unwrap();
            Entry {
                path,
                kind: FileKind::File,
                size: 0,
                modified: 0,
                mode: 0o644,
                links: 1,
                identity: [0, 0],
                placeholder: false,
                stored: None,
            }
        };
        let entries = ["a 1.CR2", "a 1.JPG", "a 1.xmp", "b 1.txt", "c 1.txt"].map(entry);
        let rule = Rule::new(By::Tidy, "", "", "").unwrap();
        let known = Known { days: &[], start: 1, only: &[], files: None };
        let named = |most| Renames::of(&entries, &rule, &known, most);
        let names: Vec<&str> = ["a_1.CR2", "a_1.JPG", "a_1.xmp", "b_1.txt", "c_1.txt"].to_vec();
        for (most, given) in [(1, 3), (3, 3), (4, 4), (5, 5), (9, 5)] {
            let found = named(most);
            assert_eq!(found.names.iter().map(|(_, new)| new.as_str()).collect::<Vec<_>>(), names[..given]);
            assert_eq!(found.more, given < 5, "{most}");
        }
    }

    #[test]
    fn who_has_a_name_that_another_gets_steps_on_first() {
        let pairs = |list: &[(&str, &str)]| -> Vec<(String, String)> {
            list.iter().map(|(old, new)| ((*old).to_owned(), (*new).to_owned())).collect()
        };
        let ordered = in_order(pairs(&[("1", "2"), ("2", "3"), ("3", "4"), ("x", "1")]));
        assert_eq!(ordered, pairs(&[("3", "4"), ("2", "3"), ("1", "2"), ("x", "1")]));
    }
}
