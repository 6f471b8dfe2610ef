//! Random trees with rules files, on a disk, and what ripgrep finds in them.

use std::{
    collections::{BTreeMap, BTreeSet},
    ffi::OsString,
    fs,
    os::unix::ffi::{OsStrExt, OsStringExt},
    path::{Path, PathBuf},
    process::Command,
};

use cowork_core::path::escape;
use proptest::{collection::vec, prelude::*, sample::select};
use serde_json::{Value, json};

/// What lies where, below the granted folder: a file's content, or nothing for a link.
pub type Tree = BTreeMap<PathBuf, Option<Vec<u8>>>;

/// A search, as arguments of the tool and of ripgrep.
#[derive(Clone, Debug)]
pub struct Asked {
    pub query: &'static str,
    pub regex: bool,
    pub match_case: bool,
    pub whole_word: bool,
    pub hidden: bool,
    pub git_ignored: bool,
    pub ignored: bool,
}

const FOLDERS: &[&[u8]] = &[b"a", b"b", b"build", b".hidden", b"sub dir", b"\xc3\xa4"];
const FILES: &[&[u8]] =
    &[b"a", b"a.txt", b"b.md", b"c.log", b".env", b"build", b"keep.log", b"x\\y.txt", b"z\xff.txt", b"#1", b"UP.TXT"];
const PIECES: &[&[u8]] = &[
    b"needle\n",
    b"a Needle in hay\n",
    b"\xc3\xa4 pin\n",
    b"PIN 42\r\n",
    b"needless\n",
    b"\n",
    // What is not UTF-8 is decoded here, and is bytes to ripgrep.
    b"\xc3\xbf needle\n",
    b"pin",
    b"x\n",
    b"\0",
    b"longer needle line with more words in it\n",
];
const RULES: &[&str] = &[
    "*.log",
    "!keep.log",
    "a/",
    "/a",
    "build",
    "**/build/",
    "a/b",
    "a/**",
    "!a/b/",
    "b/*.txt",
    "#comment",
    "\\#1",
    "*.TXT",
    "[ab].txt",
    "*",
    "!*.md",
    "!*/",
    "/b/**/c.log",
    ".env",
    "!.env",
    "!.hidden",
    "!.hidden/",
    "sub dir",
    "x*",
    "?",
    " ",
    "a.txt ",
    "**/a",
    "/**/b.md",
    "!/build",
    "\u{e4}",
    "{a,b}.txt",
    "**",
];

fn content() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        8 => vec(select(PIECES), 0..6).prop_map(|p| p.concat()),
        1 => Just(b"\xff\xfen\0e\0e\0d\0l\0e\0\n\0p\0i\0n\0".to_vec()),
        1 => Just(b"\xef\xbb\xbfneedle with a mark\n".to_vec()),
        1 => Just([[b"x".repeat(150).as_slice(), b"\n"].concat().repeat(600).as_slice(), b"the last needle"].concat()),
    ]
}

fn folder() -> impl Strategy<Value = PathBuf> {
    vec(select(FOLDERS), 0..4).prop_map(|parts| parts.iter().map(|p| OsString::from_vec(p.to_vec())).collect())
}

/// Makes trees of files with rules files and work trees among them.
pub fn trees() -> impl Strategy<Value = Tree> {
    let file = (folder(), select(FILES), content()).prop_map(|(at, name, text)| (at.join(named(name)), Some(text)));
    let rules = (folder(), select(&[".gitignore", ".ignore", ".git/info/exclude"][..]), vec(select(RULES), 1..5))
        .prop_map(|(at, name, lines)| (at.join(name), Some(lines.join("\n").into_bytes())));
    let git = folder().prop_map(|at| (at.join(".git/config"), Some(b"a needle in git\n".to_vec())));
    let link = folder().prop_map(|at| (at.join("link"), None));
    let some = (vec(file, 1..25), vec(rules, 0..6), vec(git, 0..3), vec(link, 0..2));
    some.prop_map(|(files, rules, git, links)| {
        let mut tree = Tree::new();
        for (path, node) in files.into_iter().chain(rules).chain(git).chain(links) {
            // A file lies where others want a folder: the first has it.
            let above: BTreeSet<&Path> = path.ancestors().skip(1).collect();
            let is_free = !tree.keys().any(|p| p.starts_with(&path) || above.contains(p.as_path()));
            if is_free {
                tree.insert(path, node);
            }
        }
        tree
    })
}

/// Makes searches.
pub fn searches() -> impl Strategy<Value = Asked> {
    let queries = select(
        &[
            ("needle", false),
            ("pin", false),
            ("\u{e4}", false),
            ("e", false),
            ("n\\w+e", true),
            ("^pin", true),
            ("e$", true),
            ("[0-9]+", true),
            ("needle|42", true),
            ("a.*y", true),
            (".", true),
            ("n{2}|e{2}", true),
            ("(?-i)PIN", true),
        ][..],
    );
    (queries, any::<[bool; 5]>()).prop_map(
        |((query, regex), [match_case, whole_word, hidden, git_ignored, ignored])| Asked {
            query,
            regex,
            match_case,
            whole_word,
            hidden,
            git_ignored,
            ignored,
        },
    )
}

/// Writes a tree to a disk.
pub fn write(tree: &Tree, top: &Path) {
    for (path, node) in tree {
        let path = top.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        match node {
            Some(content) => fs::write(path, content).unwrap(),
            None => std::os::unix::fs::symlink("/etc/hostname", path).unwrap(),
        }
    }
}

fn named(name: &[u8]) -> OsString {
    OsString::from_vec(name.to_vec())
}

/// Gives the text by which tools name a path below the granted folder.
pub fn text(root: &str, path: &Path) -> String {
    path.iter().fold(root.to_owned(), |text, name| format!("{text}/{}", escape(name.as_bytes())))
}

/// Says whether ripgrep is there. In CI it must be.
pub fn ripgrep_is_there() -> bool {
    let there = Command::new("rg").arg("--version").output().is_ok();
    assert!(there || std::env::var_os("CI").is_none(), "CI has ripgrep: Debian's package `ripgrep`");
    if !there {
        eprintln!("SKIPPED: there is no `rg` to compare with; install Debian's package `ripgrep`");
    }
    there
}

impl Asked {
    /// Gives the arguments of `find_text`.
    pub fn arguments(&self, folder: &str) -> Value {
        json!({
            "folder": folder, "query": self.query, "regex": self.regex, "names": false, "match_case": self.match_case,
            "whole_word": self.whole_word, "hidden": self.hidden, "git_ignored": self.git_ignored, "ignored": self.ignored,
            "most": 10_000, "most_in_file": 1_000,
        })
    }

    /// Gives the arguments of `find_files` for all files.
    pub fn listing(&self, folder: &str) -> Value {
        json!({
            "folder": folder, "kinds": ["file"], "hidden": self.hidden, "git_ignored": self.git_ignored, "ignored": self.ignored,
            "most": 10_000,
        })
    }

    fn ripgrep(&self, top: &Path) -> Command {
        let mut rg = Command::new("rg");
        rg.current_dir(top).env("HOME", "/nonexistent").env("XDG_CONFIG_HOME", "/nonexistent");
        rg.args(["--no-config", "--no-ignore-global", "--no-messages", "--color=never"]);
        let switches =
            [("--hidden", self.hidden), ("--no-ignore-vcs", self.git_ignored), ("--no-ignore-dot", self.ignored)];
        rg.args(switches.iter().filter(|(_, on)| *on).map(|(name, _)| name));
        rg
    }

    /// Gives the paths and lines that ripgrep finds from a folder down.
    pub fn hits(&self, top: &Path) -> BTreeSet<(PathBuf, u64)> {
        let mut rg = self.ripgrep(top);
        rg.args(["--no-heading", "--with-filename", "--line-number", "--null"]);
        let switches =
            [("--fixed-strings", !self.regex), ("--ignore-case", !self.match_case), ("--word-regexp", self.whole_word)];
        rg.args(switches.iter().filter(|(_, on)| *on).map(|(name, _)| name));
        let out = rg.args(["-e", self.query, "./"]).output().unwrap().stdout;
        let lines = out.split(|b| *b == b'\n').filter(|line| line.contains(&0));
        let hits = lines.map(|line| {
            let mut parts = line.splitn(2, |b| *b == 0);
            let (path, rest) = (parts.next().unwrap(), parts.next().unwrap());
            let number = rest.split(|b| *b == b':').next().unwrap();
            (below(path), std::str::from_utf8(number).unwrap().parse().unwrap())
        });
        hits.collect()
    }

    /// Gives the files that ripgrep would search.
    pub fn files(&self, top: &Path) -> BTreeSet<PathBuf> {
        let out = self.ripgrep(top).args(["--files", "--null", "./"]).output().unwrap().stdout;
        out.split(|b| *b == 0).filter(|path| !path.is_empty()).map(below).collect()
    }
}

fn below(path: &[u8]) -> PathBuf {
    PathBuf::from(named(path.strip_prefix(b"./").unwrap_or(path)))
}
