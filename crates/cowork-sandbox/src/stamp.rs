//! What a file was like when it was last read or written: made, written as text, compared, and remembered for a session.
//!
//! A small file that was seen whole is known by its content, whatever its inode and times are: nothing is lost where the same
//! bytes are replaced. Any other is known by its inode, size, modification and change time; the last tells of programs that
//! edit in place and set the modification time back.

use std::{
    collections::{HashMap, HashSet, VecDeque},
    fmt,
    sync::{Mutex, PoisonError},
};

use blake3::Hash;
use cowork_core::{CallId, FilePath, Sight, Stamp};

use crate::sys::Look;

/// The largest file that is known by its content, in bytes.
pub(crate) const SMALL: u64 = 1 << 20;

/// How much of what a call saw is kept for its record.
const SIGHTS: usize = 1_000;

/// How many paths a generation of [`Seen`] holds; there are two of them, of 34 bytes a path.
const GENERATION: usize = 100_000;

type Digest = [u8; 16];

/// What a file was like.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Print {
    /// A small file, by the hash of its content.
    Content(Digest),
    /// Any file, by its inode, size and times.
    Look(Digest),
}

/// How a file that is there now compares with a print.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Is {
    /// It is as it was.
    Same,
    /// It is another, or was changed.
    Other,
    /// Its content has to tell: see [`Print::has_hash`].
    AskContent,
}

impl Print {
    /// Describes a file that was read: `look` is from before the reading, `content` from its first byte on.
    pub(crate) fn read(look: &Look, content: &[u8], offset: u64) -> Self {
        let whole = offset == 0 && content.len() as u64 == look.size && look.size <= SMALL;
        if whole { Self::Content(short(&blake3::hash(content))) } else { Self::of_look(look) }
    }

    /// Describes a file that we wrote, by the hash of its content. `look` is from after it got its name: that changes a time.
    pub(crate) fn written(look: &Look, hash: &Hash) -> Self {
        if look.size <= SMALL { Self::Content(short(hash)) } else { Self::of_look(look) }
    }

    /// Compares with the file that is there now.
    pub(crate) fn compare(&self, now: &Look) -> Is {
        match self {
            Self::Content(_) if now.is_file() && now.size <= SMALL => Is::AskContent,
            Self::Look(_) if now.is_file() && Self::of_look(now) == *self => Is::Same,
            Self::Content(_) | Self::Look(_) => Is::Other,
        }
    }

    /// Describes the same file after a rename or new permissions, which change a time.
    pub(crate) fn renewed(&self, now: &Look) -> Self {
        if let Self::Content(_) = self { *self } else { Self::of_look(now) }
    }

    /// Says whether this is the hash of the content that the file had.
    pub(crate) fn has_hash(&self, hash: &Hash) -> bool {
        *self == Self::Content(short(hash))
    }

    /// Writes it as text.
    pub(crate) fn stamp(&self) -> Stamp {
        let (kind, digest) = match self {
            Self::Content(digest) => ('c', digest),
            Self::Look(digest) => ('m', digest),
        };
        Stamp(format!("{kind}{:032x}", u128::from_be_bytes(*digest)))
    }

    /// Reads a text that [`Self::stamp`] wrote; nothing if it did not.
    pub(crate) fn parse(stamp: &Stamp) -> Option<Self> {
        let digits = stamp.0.get(1..).filter(|d| d.len() == 32 && d.bytes().all(|b| b.is_ascii_hexdigit()))?;
        let digest = u128::from_str_radix(digits, 16).ok()?.to_be_bytes();
        match stamp.0.as_bytes()[0] {
            b'c' => Some(Self::Content(digest)),
            b'm' => Some(Self::Look(digest)),
            _ => None,
        }
    }

    /// Describes any file by what it looks like.
    pub(crate) fn of_look(look: &Look) -> Self {
        let mut bytes = [0; 32];
        let parts = [look.ino, look.size, look.mtime.cast_unsigned(), look.ctime.cast_unsigned()];
        bytes.chunks_exact_mut(8).zip(parts).for_each(|(to, part)| to.copy_from_slice(&part.to_be_bytes()));
        Self::Look(short(&blake3::hash(&bytes)))
    }
}

impl fmt::Debug for Print {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.stamp().0)
    }
}

fn short(hash: &Hash) -> Digest {
    let mut digest = [0; 16];
    digest.copy_from_slice(&hash.as_bytes()[..16]);
    digest
}

/// What each file was like when its task last read or wrote it.
///
/// Bounded: of more than 100,000 paths the longest unused may be forgotten, which makes them files that were never seen.
#[derive(Default)]
pub(crate) struct Seen(Mutex<Generations>);

#[derive(Default)]
struct Generations {
    /// What the calls under way saw, for their records.
    fresh: HashMap<CallId, VecDeque<(FilePath, Print)>>,
    young: HashMap<Digest, Print>,
    old: HashMap<Digest, Print>,
}

impl Seen {
    /// Remembers what a file is like that a call read or wrote.
    pub(crate) fn note(&self, call: CallId, path: &FilePath, print: Print) {
        self.with(|g| {
            g.put(key(path), print, GENERATION);
            let fresh = g.fresh.entry(call).or_default();
            if fresh.back().is_some_and(|(last, _)| last == path) {
                fresh.pop_back();
            }
            if fresh.len() == SIGHTS {
                fresh.pop_front();
            }
            fresh.push_back((path.clone(), print));
        });
    }

    /// Takes what a call saw, each file once, as it was last.
    pub(crate) fn take(&self, call: CallId) -> Vec<Sight> {
        let fresh = self.with(|g| g.fresh.remove(&call)).unwrap_or_default();
        let mut once = HashSet::new();
        let last = fresh.into_iter().rev().filter(|(path, _)| once.insert(path.clone()));
        let mut sights: Vec<_> = last.map(|(path, print)| Sight { path, stamp: print.stamp() }).collect();
        sights.reverse();
        sights
    }

    /// Takes in what an earlier session saw. What is no stamp of ours tells nothing.
    pub(crate) fn recall(&self, sights: &[Sight]) {
        let prints = sights.iter().filter_map(|s| Some((key(&s.path), Print::parse(&s.stamp)?)));
        self.with(|g| prints.for_each(|(key, print)| g.put(key, print, GENERATION)));
    }

    /// Gives what a file was like; nothing if it was not seen.
    pub(crate) fn get(&self, path: &FilePath) -> Option<Print> {
        let key = key(path);
        self.with(|g| {
            let print = *g.young.get(&key).or_else(|| g.old.get(&key))?;
            g.put(key, print, GENERATION);
            Some(print)
        })
    }

    /// Forgets a file.
    pub(crate) fn forget(&self, path: &FilePath) {
        let key = key(path);
        self.with(|g| {
            g.young.remove(&key);
            g.old.remove(&key);
        });
    }

    fn with<T>(&self, act: impl FnOnce(&mut Generations) -> T) -> T {
        act(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Generations {
    fn put(&mut self, key: Digest, print: Print, most: usize) {
        if self.young.len() >= most && !self.young.contains_key(&key) {
            self.old = std::mem::take(&mut self.young);
        }
        self.young.insert(key, print);
    }
}

impl fmt::Debug for Seen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.with(|g| write!(f, "Seen({} + {})", g.young.len(), g.old.len()))
    }
}

fn key(path: &FilePath) -> Digest {
    short(&blake3::hash(path.as_str().as_bytes()))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test stops at what should not be")]
mod tests {
    use super::*;

    fn look(size: u64) -> Look {
        Look { dev: 1, ino: 7, size, mtime: -1, ctime: 5, mode: 0o100_644, links: 1, uid: 0, gid: 0, blocks: 8 }
    }

    #[test]
    fn a_small_file_seen_whole_is_known_by_its_content_alone() {
        let print = Print::read(&look(3), b"abc", 0);
        let replaced = Look { ino: 8, mtime: 9, ctime: 9, ..look(3) };
        assert_eq!(print.compare(&replaced), Is::AskContent);
        assert!(print.has_hash(&blake3::hash(b"abc")));
        assert!(!print.has_hash(&blake3::hash(b"abd")));
        assert_eq!(print.compare(&look(SMALL + 1)), Is::Other);
        assert_eq!(Print::written(&replaced, &blake3::hash(b"abc")), print);
    }

    #[test]
    fn any_other_file_is_known_by_its_inode_size_and_times() {
        let big = look(SMALL + 1);
        let print = Print::read(&look(3), b"bc", 1);
        assert_eq!(print.compare(&look(3)), Is::Same);
        assert_eq!(Print::read(&look(3), b"ab", 0), print, "a piece is not the whole");
        assert_eq!(Print::written(&big, &blake3::hash(b"")).compare(&big), Is::Same);
        let others = [
            Look { ino: 8, ..look(3) },
            Look { size: 4, ..look(3) },
            Look { mtime: 0, ..look(3) },
            Look { ctime: 6, ..look(3) },
            Look { mode: 0o120_777, ..look(3) },
        ];
        others.iter().for_each(|now| assert_eq!(print.compare(now), Is::Other, "{now:?}"));
        let same = Look { mode: 0o100_600, links: 2, blocks: 0, ..look(3) };
        assert_eq!(print.compare(&same), Is::Same);
    }

    #[test]
    fn a_stamp_is_read_as_it_was_written_and_nothing_else_is_a_stamp() {
        for print in [Print::read(&look(3), b"abc", 0), Print::read(&look(3), b"", 0)] {
            assert_eq!(Print::parse(&print.stamp()), Some(print));
        }
        for text in ["", "c", "x0123456789abcdef0123456789abcdef", "c+123456789abcdef0123456789abcdef", "cä"] {
            assert_eq!(Print::parse(&Stamp(text.into())), None, "{text}");
        }
    }

    #[test]
    fn of_very_many_paths_the_longest_unused_are_forgotten() {
        let (seen, print) = (Seen::default(), Print::read(&look(3), b"abc", 0));
        let path = |n: usize| FilePath::parse(&format!("F/{n}")).unwrap();
        let call = CallId::new(&*cowork_testkit::TestRuntime::new());
        for n in 0..GENERATION * 2 {
            seen.note(call, &path(n), print);
            assert_eq!(seen.get(&path(0)), Some(print), "used all the time");
        }
        assert_eq!(seen.get(&path(1)), None);
        assert_eq!(seen.get(&path(GENERATION * 2 - 1)), Some(print));
        seen.forget(&path(0));
        assert_eq!(seen.get(&path(0)), None);
        assert_eq!(size_of::<(Digest, Print)>(), 33);
        let told = seen.take(call);
        assert_eq!(
            (told.len(), told.last()),
            (SIGHTS, Some(&Sight { path: path(GENERATION * 2 - 1), stamp: print.stamp() }))
        );
    }
}
