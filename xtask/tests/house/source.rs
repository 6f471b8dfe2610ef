//! What no file may hold: too much, `unsafe` outside its one place, what was left undone.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

use proc_macro2::{Delimiter, TokenStream, TokenTree};

use crate::{Failure, none_broken, root};

/// Lines of code that a file may have at the very most; 400 is where one looks for its seam.
const MOST_LINES: usize = 600;

/// The files in which system calls may be made by hand: one per platform, and that of the helper that confines commands.
const SYSTEM_CALLS: [&str; 2] = ["crates/cowork-sandbox/src/sys", "crates/cowork-sandbox/helper/sys.rs"];

/// What the rules look at in a file.
#[derive(Default)]
struct Reading {
    /// Lines that hold code: no comment, not blank, not in the `#[cfg(test)]` module.
    code: BTreeSet<usize>,
    /// Lines with `unsafe`.
    unsafes: BTreeSet<usize>,
    /// Lines with `todo!`, `unimplemented!` or `dbg!`.
    undone: BTreeSet<usize>,
}

impl Reading {
    fn of(source: &str) -> Result<Self, Failure> {
        let tokens: TokenStream = source.parse().map_err(|e| format!("it can't be read: {e}"))?;
        let mut reading = Self::default();
        reading.walk(tokens, true);
        Ok(reading)
    }

    fn walk(&mut self, tokens: TokenStream, code: bool) {
        let tokens: Vec<TokenTree> = tokens.into_iter().collect();
        let mut in_tests = false;
        for (i, token) in tokens.iter().enumerate() {
            let rest = &tokens[i..];
            in_tests |= starts_test_module(rest);
            let code = code && !in_tests;
            let span = token.span();
            match token {
                // A doc comment comes as an attribute that has the comment's place.
                _ if is_comment(token) => {}
                TokenTree::Group(group) => {
                    if code && group.delimiter() != Delimiter::None {
                        self.code.extend([group.span_open().start().line, group.span_close().end().line]);
                    }
                    self.walk(group.stream(), code);
                    in_tests &= group.delimiter() != Delimiter::Brace;
                }
                TokenTree::Ident(word) => {
                    let line = span.start().line;
                    if word == "unsafe" {
                        self.unsafes.insert(line);
                    }
                    if ["todo", "unimplemented", "dbg"].iter().any(|undone| word == undone)
                        && is_punct(rest.get(1), '!')
                    {
                        self.undone.insert(line);
                    }
                    self.add(code, line..=line);
                }
                _ => {
                    self.add(code, span.start().line..=span.end().line);
                    in_tests &= !is_punct(Some(token), ';');
                }
            }
        }
    }

    fn add(&mut self, code: bool, lines: std::ops::RangeInclusive<usize>) {
        if code {
            self.code.extend(lines);
        }
    }
}

/// Says whether `#[cfg(test)] mod` stands here.
fn starts_test_module(tokens: &[TokenTree]) -> bool {
    let [TokenTree::Punct(hash), TokenTree::Group(attribute), TokenTree::Ident(word), ..] = tokens else {
        return false;
    };
    let attribute: String = attribute.stream().to_string().split_whitespace().collect();
    hash.as_char() == '#' && attribute == "cfg(test)" && word == "mod"
}

/// Says whether the token stands for a part of a doc comment.
fn is_comment(token: &TokenTree) -> bool {
    token.span().source_text().is_some_and(|text| text.starts_with("//") || text.starts_with("/*"))
}

fn is_punct(token: Option<&TokenTree>, sign: char) -> bool {
    matches!(token, Some(TokenTree::Punct(p)) if p.as_char() == sign)
}

/// Gives every Rust file of ours, by its path from the root.
fn files() -> Result<Vec<(String, String)>, Failure> {
    let root = root()?;
    let mut files = Vec::new();
    let mut folders: Vec<PathBuf> =
        ["crates", "benches", "xtask", "bindings", "examples"].map(|name| root.join(name)).into();
    while let Some(folder) = folders.pop() {
        let Ok(entries) = fs::read_dir(&folder) else { continue };
        for entry in entries {
            let path = entry?.path();
            if path.is_dir() && !path.ends_with("target") && !path.ends_with("node_modules") {
                folders.push(path);
            } else if path.extension().is_some_and(|e| e == "rs") {
                files.push((short(&root, &path), fs::read_to_string(&path)?));
            }
        }
    }
    files.sort();
    Ok(files)
}

fn short(root: &Path, path: &Path) -> String {
    path.strip_prefix(root).unwrap_or(path).to_string_lossy().replace('\\', "/")
}

#[test]
fn every_file_keeps_the_rules() -> Result<(), Failure> {
    let files = files()?;
    assert!(files.iter().any(|(path, _)| path == "crates/cowork-core/src/lib.rs"), "the files were found");
    let mut broken = Vec::new();
    for (path, source) in &files {
        let Reading { code, unsafes, undone } = Reading::of(source).map_err(|e| format!("{path}: {e}"))?;
        let lines = code.len();
        let is_code = path.contains("/src/") && !path.ends_with("/tests.rs");
        if is_code && lines > MOST_LINES {
            broken.push(format!("{path} has {lines} lines of code, more than {MOST_LINES}: find its seam"));
        }
        if !SYSTEM_CALLS.iter().any(|calls| path.starts_with(calls)) {
            let calls = SYSTEM_CALLS.join("* or ");
            broken.extend(unsafes.iter().map(|line| format!("{path}:{line} has `unsafe`; it belongs in {calls}")));
        }
        broken.extend(undone.iter().map(|line| format!("{path}:{line} leaves something undone")));
    }
    none_broken(&broken);
    Ok(())
}

#[test]
fn only_code_is_counted() -> Result<(), Failure> {
    let source = r#"//! A page.

/// A word: unsafe, todo!().
fn one() -> &'static str {
    // A comment.
    /* Another,
       of two lines. */
    "two
     lines"
}

#[cfg(test)]
mod tests {
    fn not_counted() {}
}

fn after() {}

#[cfg(test)]
mod elsewhere;
fn last() {}
"#;
    let reading = Reading::of(source)?;
    assert_eq!(reading.code, BTreeSet::from([4, 8, 9, 10, 17, 21]));
    assert!(reading.unsafes.is_empty() && reading.undone.is_empty());
    Ok(())
}

#[test]
fn what_may_not_be_is_found_in_tests_too() -> Result<(), Failure> {
    let source = r"/// Does it.
unsafe fn a() {}

#[cfg(test)]
mod tests {
    fn b() {
        todo!()
    }
}

fn c() {
    let dbg = 2;
    dbg!(dbg);
    unsafe { a() }
}
";
    let reading = Reading::of(source)?;
    assert_eq!(reading.unsafes, BTreeSet::from([2, 14]));
    assert_eq!(reading.undone, BTreeSet::from([7, 13]));
    Ok(())
}
