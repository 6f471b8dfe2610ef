//! What share each type of file has in a tree, and each age.

use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
};

use cowork_core::Entry;
use serde_json::{Value, json};

use crate::category;

/// What was changed within so many days is told apart.
const AGES: [i64; 6] = [7, 30, 90, 365, 730, 1_825];
const DAY: i64 = 24 * 60 * 60 * 1_000;
/// So many types are told apart at most, the first by their letters: what memory holds is bounded by this.
const MOST_TYPES: usize = 10_000;
/// What follows a dot and is longer than this is no type.
const LONGEST_TYPE: usize = 12;

/// How many files, and how many bytes they have.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Share {
    files: u64,
    bytes: u64,
}

impl Share {
    fn add(&mut self, more: Self) {
        self.files += more.files;
        self.bytes += more.bytes;
    }
}

/// The shares in one part of a folder.
#[derive(Default)]
pub(super) struct Tally {
    types: BTreeMap<String, Share>,
    /// Of types that are not told apart.
    rest: Share,
    ages: [Share; AGES.len() + 1],
}

/// The shares in a tree.
pub(super) struct Shares {
    most: usize,
    now: Option<i64>,
    all: Mutex<Tally>,
}

impl Shares {
    /// Tells so many types apart, and ages if it is given the time.
    pub(super) fn new(most: usize, now: Option<i64>) -> Self {
        Self { most, now, all: Mutex::default() }
    }

    /// Counts a file.
    pub(super) fn count(&self, tally: &mut Tally, name: &[u8], entry: &Entry) {
        let share = Share { files: 1, bytes: entry.size };
        if self.most > 0 {
            tally.of_type(type_of(name), share);
        }
        if let Some(now) = self.now {
            let age = now.saturating_sub(entry.modified);
            let at = AGES.iter().position(|days| age < days * DAY).unwrap_or(AGES.len());
            tally.ages[at].add(share);
        }
    }

    /// Adds the shares of a part.
    pub(super) fn add(&self, part: Tally) {
        let mut all = self.all.lock().unwrap_or_else(PoisonError::into_inner);
        part.types.into_iter().for_each(|(name, share)| all.of_type(name, share));
        all.rest.add(part.rest);
        all.ages.iter_mut().zip(part.ages).for_each(|(all, part)| all.add(part));
    }

    /// Puts what was asked for into an answer.
    pub(super) fn describe(&self, value: &mut Value) {
        let all = self.all.lock().unwrap_or_else(PoisonError::into_inner);
        let told =
            |(key, is, share): (&str, Value, Share)| json!({ key: is, "files": share.files, "bytes": share.bytes });
        if self.most > 0 {
            let mut types: Vec<(&String, Share)> = all.types.iter().map(|(name, share)| (name, *share)).collect();
            types.sort_by(|a, b| b.1.bytes.cmp(&a.1.bytes).then(b.1.files.cmp(&a.1.files)).then(a.0.cmp(b.0)));
            let mut rest = all.rest;
            types.iter().skip(self.most).for_each(|(_, share)| rest.add(*share));
            let first = types.iter().take(self.most).map(|(name, share)| {
                let mut one = told(("type", json!(name), *share));
                one["category"] = json!(category::of_extension(name));
                one
            });
            value["types"] = first.collect();
            value["other_types"] = json!({ "files": rest.files, "bytes": rest.bytes });
        }
        if self.now.is_some() {
            let days = AGES.iter().map(|days| json!(days)).chain([Value::Null]);
            value["ages"] = days.zip(all.ages).map(|(days, share)| told(("days", days, share))).collect();
        }
    }
}

impl Tally {
    /// Counts for a type. The last by their letters are let go of, so that what is kept does not hang on the order.
    fn of_type(&mut self, name: String, share: Share) {
        if self.types.len() >= MOST_TYPES && self.types.last_key_value().is_some_and(|(last, _)| *last < name) {
            return self.rest.add(share);
        }
        self.types.entry(name).or_default().add(share);
        if self.types.len() > MOST_TYPES
            && let Some((_, last)) = self.types.pop_last()
        {
            self.rest.add(last);
        }
    }
}

/// Gives what follows the last dot of a name, in small letters; nothing if that is no type.
fn type_of(name: &[u8]) -> String {
    let Some(dot) = name.iter().rposition(|b| *b == b'.').filter(|dot| *dot > 0) else { return String::new() };
    let end = &name[dot + 1..];
    let plain = !end.is_empty() && end.len() <= LONGEST_TYPE && end.iter().all(u8::is_ascii_alphanumeric);
    if plain { String::from_utf8_lossy(end).to_ascii_lowercase() } else { String::new() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_type_is_what_follows_the_last_dot() {
        let types = [&b"a.PDF"[..], b"a.tar.gz", b".hidden", b"none", b"a.", b"v1.2 of it", b"\xff.txt"].map(type_of);
        assert_eq!(types, ["pdf", "gz", "", "", "", "", "txt"]);
    }

    #[test]
    fn so_many_types_that_no_memory_would_hold_them_are_bounded_in_any_order() {
        let names = |n: usize| format!("t{n:05}");
        let (mut up, mut down) = (Tally::default(), Tally::default());
        let share = Share { files: 1, bytes: 2 };
        (0..MOST_TYPES + 500).for_each(|n| up.of_type(names(n), share));
        (0..MOST_TYPES + 500).rev().for_each(|n| down.of_type(names(n), share));
        assert_eq!((up.types.len(), up.rest), (MOST_TYPES, Share { files: 500, bytes: 1_000 }));
        assert_eq!((&up.types, up.rest), (&down.types, down.rest));
    }
}
