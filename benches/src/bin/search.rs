//! Looking for text in 50,000 files that are in memory already, against Debian's `rg` with the same rules: `.gitignore` kept,
//! hidden and binary files left out, lines numbered.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a measurement that goes wrong ends")]

use std::{
    fmt::Write,
    fs,
    path::Path,
    process::Command,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
};

use cowork::{FileKind, FilePath, Files, Handed, OpenFile, Part, Reader, Result, Visitor, Watch};
use cowork_benches::{block_on, compare, cost, foreign, open_folder, report, resident};
use grep_regex::{RegexMatcher, RegexMatcherBuilder};
use grep_searcher::{BinaryDetection, Searcher, SearcherBuilder, sinks::Bytes};
use ignore::gitignore::{Gitignore, GitignoreBuilder};

const FILES: usize = 50_000;
const PATTERN: &str = r"\binvoice [0-9]+7\b";
const WORDS: [&str; 12] =
    ["the", "invoice", "of", "last", "month", "was", "paid", "by", "our", "friends", "in", "Dover"];

/// 500 folders of 100 files of 4 KB and some that are left out.
fn grow(at: &Path) {
    let mut chance = 1u64;
    for n in 0..FILES {
        let folder = at.join(format!("year {}/week {}", n / 5000, n / 100 % 50));
        if n % 100 == 0 {
            fs::create_dir_all(folder.join("build")).unwrap();
            fs::write(folder.join("build/left out.txt"), "invoice 7\n").unwrap();
            fs::write(folder.join(".hidden"), "invoice 7\n").unwrap();
            fs::write(folder.join(".gitignore"), "build/\n*.bak\n!keep.bak\n").unwrap();
        }
        let mut text = String::with_capacity(5000);
        while text.len() < 4000 {
            chance = chance.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let word = WORDS[usize::try_from(chance >> 60).unwrap() % WORDS.len()];
            let number = chance >> 33;
            match number % 11 {
                0 => writeln!(text, "{word}").unwrap(),
                1 => write!(text, "{word} {} ", number % 100_000).unwrap(),
                _ => write!(text, "{word} ").unwrap(),
            }
        }
        let ending = if n % 100 == 7 { "bak" } else { "txt" };
        fs::write(folder.join(format!("note {n}.{ending}")), text).unwrap();
    }
}

/// Searches every file that the rules let through.
struct Search {
    matcher: RegexMatcher,
    hits: AtomicU64,
    /// What a thread works with, while nobody else does.
    desks: Mutex<Vec<(Searcher, Vec<u8>)>>,
}

type Rules = Vec<Gitignore>;

impl Visitor for Search {
    fn enter(&self, folder: &FilePath, above: &Handed, reader: &dyn Reader) -> Result<Handed> {
        let Ok(file) = reader.open(&folder.join_bytes(b".gitignore")) else { return Ok(above.clone()) };
        let mut text = Vec::new();
        read(&*file, &mut text)?;
        let mut builder = GitignoreBuilder::new(folder.as_str());
        for line in String::from_utf8_lossy(&text).lines() {
            builder.add_line(None, line).unwrap();
        }
        let mut rules = above.as_ref().and_then(|above| above.downcast_ref::<Rules>()).cloned().unwrap_or_default();
        rules.push(builder.build().unwrap());
        Ok(Some(Arc::new(rules)))
    }

    fn visit(&self, part: &dyn Part, handed: &Handed) -> Result<Vec<usize>> {
        let none = Rules::new();
        let rules = handed.as_ref().and_then(|handed| handed.downcast_ref::<Rules>()).unwrap_or(&none);
        let (mut searcher, mut text) = self.desks.lock().unwrap().pop().unwrap_or_else(|| {
            (SearcherBuilder::new().binary_detection(BinaryDetection::quit(0)).line_number(true).build(), Vec::new())
        });
        let (mut into, mut hits) = (Vec::new(), 0);
        for i in 0..part.len() {
            let is_folder = part.kind(i) == FileKind::Folder;
            if part.name(i).starts_with(b".") || is_left_out(rules, part, i, is_folder) {
                continue;
            }
            match part.kind(i) {
                FileKind::Folder => into.push(i),
                FileKind::File => {
                    read(&*part.open(i)?, &mut text)?;
                    let count = Bytes(|_, _| {
                        hits += 1;
                        Ok(true)
                    });
                    searcher.search_slice(&self.matcher, &text, count).unwrap();
                }
                FileKind::Link | FileKind::Other => {}
            }
        }
        self.hits.fetch_add(hits, Ordering::Relaxed);
        self.desks.lock().unwrap().push((searcher, text));
        Ok(into)
    }
}

fn is_left_out(rules: &Rules, part: &dyn Part, i: usize, is_folder: bool) -> bool {
    if rules.is_empty() {
        return false;
    }
    let path = part.path(i);
    let says = rules.iter().rev().map(|r| r.matched(path.as_str(), is_folder)).find(|m| !m.is_none());
    says.is_some_and(|m| m.is_ignore())
}

fn read(file: &dyn OpenFile, text: &mut Vec<u8>) -> Result<()> {
    text.resize(usize::try_from(file.entry().size).unwrap(), 0);
    let mut len = 0;
    while len < text.len() {
        match file.read_at(&mut text[len..], len as u64)? {
            0 => break,
            n => len += n,
        }
    }
    text.truncate(len);
    Ok(())
}

fn ours(files: &Arc<dyn Files>) -> u64 {
    let matcher = RegexMatcherBuilder::new().line_terminator(Some(b'\n')).build(PATTERN).unwrap();
    let visitor = Arc::new(Search { matcher, hits: AtomicU64::new(0), desks: Mutex::default() });
    let walk = files.walk(vec![FilePath::parse("Desk").unwrap()], visitor.clone(), Watch::nothing());
    let walked = tokio::task::block_in_place(|| tokio::runtime::Handle::current().block_on(walk)).unwrap();
    assert_eq!(walked.unreadable, 0, "{walked:?}");
    visitor.hits.load(Ordering::Relaxed)
}

fn theirs(at: &Path) -> Command {
    let mut rg = Command::new("rg");
    rg.args(["--no-config", "--no-require-git", "--no-ignore-parent", "--no-ignore-global", "--no-follow"]);
    rg.args(["--line-number", "--no-heading", "--color", "never", PATTERN, "."]).current_dir(at);
    rg
}

fn main() {
    let base = tempfile::Builder::new().prefix("cowork-bench-search-").tempdir_in("/tmp").unwrap();
    let at = base.path().join("desk");
    grow(&at);
    block_on(2, async {
        let files = open_folder(&at, &base.path().join("data")).await;
        let found = ours(&files);
        let (_, lines) = foreign(&mut theirs(&at));
        assert_eq!(found, lines, "both find the same");
        println!("{FILES} files of 4 KB, {found} lines found, median of 15 pairs");
        let times = compare(15, || cost(|| ours(&files)).0, "rg", || foreign(&mut theirs(&at)).0);
        report("looking for text in 50,000 files, against rg", times, "x", "<= 1.2", times <= 1.2);
        let memory = resident();
        report("  memory of the whole process at most", memory, "MB", "<= 64", memory <= 64.0);
    });
}
