//! A place to try the command in: its own home, data and folder.

#![allow(dead_code, unreachable_pub, reason = "each test file uses its part")]

pub mod svg;
pub mod terminal;

use std::{
    collections::BTreeMap,
    fs,
    io::Write,
    os::unix::fs::{MetadataExt, PermissionsExt},
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
    time::{Duration, UNIX_EPOCH},
};

use serde_json::Value;

/// A home with a folder `Downloads` in it, and a data folder beside it.
pub struct Place {
    root: tempfile::TempDir,
    pub folder: PathBuf,
}

/// What came of a command.
pub struct Said {
    pub code: i32,
    pub out: String,
    pub err: String,
}

impl Place {
    pub fn new() -> Self {
        let root = tempfile::tempdir().unwrap();
        let folder = root.path().join("home/Downloads");
        fs::create_dir_all(&folder).unwrap();
        Self { root, folder }
    }

    /// Makes one with a few files of several kinds.
    pub fn with_files() -> Self {
        let place = Self::new();
        for (i, name) in ["a.pdf", "b b.jpg", "ü.txt", "c.zip", "d.pdf", "e.unknown"].iter().enumerate() {
            place.file(name, &format!("content of {name}"), 0o600 + (i as u32 % 2) * 0o44, 1_500_000_000 + i as u64);
        }
        place
    }

    pub fn file(&self, name: &str, content: &str, mode: u32, modified: u64) {
        let path = self.folder.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, content).unwrap();
        let time = UNIX_EPOCH + Duration::new(modified, 123_456_789);
        fs::File::options().append(true).open(&path).unwrap().set_modified(time).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
    }

    pub fn home(&self) -> PathBuf {
        self.root.path().join("home")
    }

    pub fn data(&self) -> PathBuf {
        self.root.path().join("data")
    }

    /// Gives the command, with nothing of our own environment.
    pub fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_cowork"));
        command.env_clear().env("HOME", self.home()).env("COWORK_DATA", self.data()).env("TZ", "UTC");
        // The keyring of whoever runs the tests is none of ours.
        command.env("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nowhere");
        command.args(args).stdin(Stdio::null());
        command
    }

    pub fn cowork(&self, args: &[&str]) -> Said {
        self.command(args).output().unwrap().into()
    }

    /// Runs it with this on its standard input.
    pub fn cowork_fed(&self, args: &[&str], input: &[u8]) -> Said {
        let mut command = self.command(args);
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        // It may have seen enough before the end.
        let _ = child.stdin.take().unwrap().write_all(input);
        child.wait_with_output().unwrap().into()
    }

    /// Runs a task on the folder.
    pub fn run(&self, more: &[&str]) -> Said {
        let folder = self.folder.to_str().unwrap();
        self.cowork(&[&["run", "--folder", folder], more].concat())
    }

    pub fn tree(&self) -> Tree {
        tree(&self.folder)
    }

    /// Gives the last task's id.
    pub fn last_task(&self) -> String {
        self.cowork(&["tasks", "--json"]).records().last().unwrap()["task"].as_str().unwrap().to_owned()
    }

    /// Gives the log of the thread `main`.
    pub fn log(&self) -> Vec<Value> {
        self.cowork(&["events", "main", "--json"]).records()
    }
}

impl From<Output> for Said {
    fn from(output: Output) -> Self {
        Self {
            code: output.status.code().unwrap_or(-1),
            out: String::from_utf8(output.stdout).unwrap(),
            err: String::from_utf8(output.stderr).unwrap(),
        }
    }
}

impl Said {
    /// Gives its lines as JSON.
    pub fn records(&self) -> Vec<Value> {
        self.out.lines().map(|l| serde_json::from_str(l).unwrap_or_else(|e| panic!("{e}: {l}"))).collect()
    }

    #[track_caller]
    pub fn ends(self, code: i32) -> Self {
        assert_eq!(self.code, code, "stdout:\n{}\nstderr:\n{}", self.out, self.err);
        self
    }

    #[track_caller]
    pub fn says(self, what: &str) -> Self {
        let all = format!("{}{}", self.out, self.err);
        let flat = all.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(flat.to_lowercase().contains(&what.to_lowercase()), "{what:?} is not in:\n{all}");
        self
    }

    /// An error is told in a few lines of eighty columns, on the standard error.
    #[track_caller]
    pub fn briefly(self) -> Self {
        assert!(self.out.is_empty(), "{}", self.out);
        assert!((1..=5).contains(&self.err.lines().count()), "{}", self.err);
        assert!(self.err.lines().all(|l| l.starts_with('{') || l.chars().count() <= 80), "{}", self.err);
        self
    }
}

/// What a person has in a folder: kind, permissions, modification time, content.
pub type Tree = BTreeMap<PathBuf, (char, u32, i128, Vec<u8>)>;

pub fn tree(folder: &Path) -> Tree {
    let mut found = Tree::new();
    collect(folder, folder, &mut found);
    found
}

/// Leaves out when folders changed: a run that was cut off and went on changed them later.
pub fn without_folder_times(mut tree: Tree) -> Tree {
    tree.values_mut().filter(|v| v.0 == 'd').for_each(|v| v.2 = 0);
    tree
}

fn collect(root: &Path, at: &Path, found: &mut Tree) {
    let meta = fs::symlink_metadata(at).unwrap();
    let time = i128::from(meta.mtime()) * 1_000_000_000 + i128::from(meta.mtime_nsec());
    let (kind, content) = if meta.is_dir() {
        ('d', Vec::new())
    } else if meta.is_symlink() {
        ('l', fs::read_link(at).unwrap().into_os_string().into_encoded_bytes())
    } else if meta.is_file() {
        ('f', fs::read(at).unwrap())
    } else {
        // A pipe would never come to its end.
        ('o', Vec::new())
    };
    found.insert(at.strip_prefix(root).unwrap().to_owned(), (kind, meta.mode() & 0o7777, time, content));
    if meta.is_dir() {
        let mut names: Vec<PathBuf> = fs::read_dir(at).unwrap().map(|e| e.unwrap().path()).collect();
        names.sort();
        names.iter().for_each(|n| collect(root, n, found));
    }
}
