//! The first of many in an order, however they come: what a walk on several threads gives is the same each time.

use std::{
    cmp::Ordering,
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
};

use cowork_core::{Entry, Error, Kind, Result};
use schemars::JsonSchema;
use serde::Deserialize;

/// The order in which files are given.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Sort {
    /// By path.
    #[default]
    Name,
    /// The largest first.
    Largest,
    /// The smallest first.
    Smallest,
    /// The last changed first.
    Newest,
    /// The longest unchanged first.
    Oldest,
}

impl Sort {
    /// Says where an entry comes; by path among those of one rank.
    pub(crate) fn rank(self, entry: &Entry) -> i64 {
        let size = i64::try_from(entry.size).unwrap_or(i64::MAX);
        match self {
            Self::Name => 0,
            Self::Largest => -size,
            Self::Smallest => size,
            Self::Newest => entry.modified.saturating_neg(),
            Self::Oldest => entry.modified,
        }
    }
}

/// A place in the order. Written down, it is the `next` that a caller gives back as `after`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) rank: i64,
    pub(crate) path: String,
    pub(crate) line: u64,
}

impl Place {
    pub(crate) fn parse(text: &str) -> Result<Self> {
        let read = || {
            let mut parts = text.splitn(3, ' ');
            let (rank, line) = (parts.next()?.parse().ok()?, parts.next()?.parse().ok()?);
            Some(Self { rank, line, path: parts.next()?.to_owned() })
        };
        read().ok_or_else(|| {
            Error::new(Kind::InvalidInput, "read `after`", format!("`{}` is no place to go on", text.escape_debug()))
                .with_fix("give the `next` of the answer before, as it was")
        })
    }

    pub(crate) fn text(&self) -> String {
        format!("{} {} {}", self.rank, self.line, self.path)
    }

    fn cmp_to(&self, rank: i64, path: &str, line: u64) -> Ordering {
        (self.rank, self.path.as_str(), self.line).cmp(&(rank, path, line))
    }
}

impl PartialOrd for Place {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Place {
    fn cmp(&self, other: &Self) -> Ordering {
        self.cmp_to(other.rank, &other.path, other.line)
    }
}

/// Keeps the first `most` after a place; several threads offer.
pub(crate) struct First<T> {
    most: usize,
    after: Option<Place>,
    kept: Mutex<Kept<T>>,
}

struct Kept<T> {
    all: BTreeMap<Place, T>,
    more: bool,
}

impl<T> First<T> {
    pub(crate) fn new(most: usize, after: Option<Place>) -> Self {
        Self { most: most.max(1), after, kept: Mutex::new(Kept { all: BTreeMap::new(), more: false }) }
    }

    /// Gives the last that is kept once there is no room for more: what comes after it is not wanted. It only moves down.
    pub(crate) fn bound(&self) -> Option<Place> {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.all.len() < self.most { None } else { kept.all.last_key_value().map(|(place, _)| place.clone()) }
    }

    /// Offers one; `make` is only called if it is among the first.
    pub(crate) fn offer(&self, rank: i64, path: &str, line: u64, make: impl FnOnce() -> T) {
        if self.after.as_ref().is_some_and(|a| a.cmp_to(rank, path, line).is_ge()) {
            return;
        }
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.all.len() >= self.most {
            kept.more = true;
            if kept.all.last_key_value().is_none_or(|(last, _)| last.cmp_to(rank, path, line).is_le()) {
                return;
            }
        }
        kept.all.insert(Place { rank, path: path.to_owned(), line }, make());
        if kept.all.len() > self.most {
            kept.all.pop_last();
        }
    }

    /// Says that something beyond the bound was passed over without being offered.
    pub(crate) fn passed_over(&self) {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner).more = true;
    }

    /// Gives what was kept, in order, and where to go on if there was more.
    pub(crate) fn take(&self) -> (Vec<T>, Option<String>) {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let all = std::mem::take(&mut kept.all);
        let next = all.last_key_value().filter(|_| kept.more).map(|(place, _)| place.text());
        (all.into_values().collect(), next)
    }
}

/// Says whether a path may still be among the first: `bound` is what [`First::bound`] gave.
pub(crate) fn may_come(bound: Option<&Place>, rank: i64, path: &str, line: u64) -> bool {
    bound.is_none_or(|b| b.cmp_to(rank, path, line).is_gt())
}
