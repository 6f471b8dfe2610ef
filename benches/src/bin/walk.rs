//! Looking for a name among 1,000,000 entries, in a tree and in one folder, against Debian's `fdfind` with the same rules; and
//! the memory that it takes.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a measurement that goes wrong ends")]

use std::{
    fs,
    path::Path,
    process::Command,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use cowork::{FileKind, FilePath, Files, Handed, Part, Reader, Result, Visitor, Watch};
use cowork_benches::{block_on, compare, cost, foreign, open_folder, report, resident};
use globset::{Glob, GlobMatcher};

const ENTRIES: usize = 1_000_000;
const GLOB: &str = "*42?7.txt";
const MEMORY: f64 = 64.0;

/// 1,000 folders of 50 folders of 19 files: 1,001,000 entries.
fn grow_tree(at: &Path) {
    for outer in 0..1000 {
        for inner in 0..50 {
            let folder = at.join(format!("year {outer:03}/month {inner:02}"));
            fs::create_dir_all(&folder).unwrap();
            (0..19).for_each(|n| drop(fs::File::create(folder.join(format!("letter {outer}{inner}{n}.txt"))).unwrap()));
        }
    }
}

fn grow_folder(at: &Path) {
    fs::create_dir_all(at).unwrap();
    (0..ENTRIES).for_each(|n| drop(fs::File::create(at.join(format!("letter {n}.txt"))).unwrap()));
}

/// Counts the names that fit, and goes everywhere.
struct Names {
    glob: GlobMatcher,
    found: AtomicU64,
}

impl Visitor for Names {
    fn enter(&self, _: &FilePath, _: &Handed, _: &dyn Reader) -> Result<Handed> {
        Ok(None)
    }

    fn visit(&self, part: &dyn Part, _: &Handed) -> Result<Vec<usize>> {
        use std::{ffi::OsStr, os::unix::ffi::OsStrExt};
        let fits = |i: &usize| self.glob.is_match(Path::new(OsStr::from_bytes(part.name(*i))));
        // Their paths, as whoever shows them needs them.
        let found: Vec<FilePath> = (0..part.len()).filter(fits).map(|i| part.path(i)).collect();
        self.found.fetch_add(found.len() as u64, Ordering::Relaxed);
        Ok((0..part.len()).filter(|i| part.kind(*i) == FileKind::Folder).collect())
    }
}

fn ours(files: &Arc<dyn Files>) -> u64 {
    let visitor = Arc::new(Names { glob: Glob::new(GLOB).unwrap().compile_matcher(), found: AtomicU64::new(0) });
    let from = vec![FilePath::parse("Desk").unwrap()];
    let walk = files.walk(from, visitor.clone(), Watch::nothing());
    let walked = tokio::task::block_in_place(|| tokio::runtime::Handle::current().block_on(walk)).unwrap();
    assert!(walked.entries >= ENTRIES as u64 && walked.unreadable == 0, "{walked:?}");
    visitor.found.load(Ordering::Relaxed)
}

fn theirs(at: &Path) -> Command {
    let mut fd = Command::new("fdfind");
    fd.args(["--unrestricted", "--no-follow", "--color", "never", "--glob", GLOB]).current_dir(at);
    fd
}

fn main() {
    let base = tempfile::Builder::new().prefix("cowork-bench-walk-").tempdir_in("/tmp").unwrap();
    for name in ["a tree", "one folder"] {
        let at = base.path().join("desk");
        if name == "a tree" {
            grow_tree(&at);
        } else {
            grow_folder(&at);
        }
        block_on(2, async {
            let files = open_folder(&at, &base.path().join("data")).await;
            let found = ours(&files);
            let (_, lines) = foreign(&mut theirs(&at));
            assert_eq!(found, lines, "both find the same");
            println!("\n{name} of {ENTRIES} entries, {found} found, median of 7 pairs");
            let ours = || cost(|| ours(&files)).0;
            let times = compare(7, ours, "fdfind", || foreign(&mut theirs(&at)).0);
            report(&format!("looking for a name in {name}, against fdfind"), times, "x", "<= 1.3", times <= 1.3);
            let memory = resident();
            report("  memory of the whole process at most", memory, "MB", "<= 64", memory <= MEMORY);
        });
        fs::remove_dir_all(&at).unwrap();
    }
}
