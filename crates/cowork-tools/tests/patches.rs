//! Patches: read, made as a whole or not at all, and compared with what `git apply` and `patch` make of them.

#![allow(
    clippy::unwrap_used,
    clippy::needless_pass_by_value,
    clippy::panic,
    reason = "a story that goes wrong ends; `json!` is passed on"
)]

use std::{
    fs,
    io::Write,
    path::Path,
    process::{Command, Stdio},
    sync::Arc,
};

use cowork_core::{Kind, Registry, Result, ToolContext, ToolOutput};
use cowork_testkit::{MemorySession, Node, TestRuntime, tool::context};
use cowork_tools::patch::{Op, apply, parse};
use proptest::prelude::*;
use serde_json::{Value, json};

async fn run_as(args: Value, ctx: ToolContext) -> Result<ToolOutput> {
    let mut registry = Registry::new();
    cowork_tools::builtin().into_iter().for_each(|t| registry.add(t).unwrap());
    registry.effects("apply_patch", &args)?;
    registry.get("apply_patch")?.run(args, ctx).await
}

async fn patch(memory: &Arc<MemorySession>, patch: &str) -> Result<ToolOutput> {
    run_as(json!({ "patch": patch, "folder": "D" }), context(Some(memory.clone()), TestRuntime::new())).await
}

fn file(text: &str) -> Node {
    Node::File(text.as_bytes().to_vec())
}

fn text(memory: &MemorySession, path: &str) -> String {
    String::from_utf8(memory.content_at(path).unwrap()).unwrap()
}

fn desk() -> Arc<MemorySession> {
    MemorySession::new(&[
        ("D/a.txt", file("one\ntwo\nthree\nfour\nfive\nsix\nseven\n")),
        ("D/b.txt", file("alpha\nbeta\ngamma\n")),
        ("D/old.txt", file("away\n")),
    ])
}

#[tokio::test]
async fn an_envelope_adds_changes_moves_and_sets_aside() {
    let memory = desk();
    let text_of = "*** Begin Patch\n*** Update File: a.txt\n@@ two\n three\n-four\n+4\n@@\n-seven\n+7\n+8\n*** End of File\n\
        *** Update File: b.txt\n*** Move to: in/c.txt\n@@\n alpha\n+and\n beta\n*** Add File: new.txt\n+first\n+\n+last\n\
        *** Delete File: old.txt\n*** End Patch\n";
    let out = patch(&memory, text_of).await.unwrap();
    assert_eq!(text(&memory, "D/a.txt"), "one\ntwo\nthree\n4\nfive\nsix\n7\n8\n");
    assert_eq!(text(&memory, "D/in/c.txt"), "alpha\nand\nbeta\ngamma\n");
    assert_eq!(text(&memory, "D/new.txt"), "first\n\nlast\n");
    assert_eq!(memory.paths(), ["D", "D/a.txt", "D/in", "D/in/c.txt", "D/new.txt"]);
    assert_eq!(out.note, "4 files patched");
    assert_eq!(
        out.value["files"][1],
        json!({ "path": "D/b.txt", "to": "D/in/c.txt", "did": "moved", "added": 1, "removed": 0 })
    );
}

#[tokio::test]
async fn a_diff_of_git_adds_changes_moves_deletes_and_sets_modes() {
    let memory = desk();
    let diff = "Some words.\n\ndiff --git a/a.txt b/a.txt\nold mode 100644\nnew mode 100755\nindex 1..2\n--- a/a.txt\n+++ b/a.txt\n\
        @@ -1,3 +1,3 @@ heading\n-one\n+1\n two\n three\ndiff --git a/b.txt b/in/b b.txt\nsimilarity index 80%\nrename from b.txt\n\
        rename to in/b b.txt\n--- a/b.txt\n+++ b/in/b b.txt\t\n@@ -1,3 +1,2 @@\n alpha\n-beta\n gamma\n\
        diff --git a/empty b/empty\nnew file mode 100644\nindex 0..0\ndiff --git \"a/sp\\303\\244t\" \"b/sp\\303\\244t\"\n\
        new file mode 100755\n--- /dev/null\n+++ \"b/sp\\303\\244t\"\n@@ -0,0 +1 @@\n+late\n\\ No newline at end of file\n\
        diff --git a/old.txt b/old.txt\ndeleted file mode 100644\n--- a/old.txt\n+++ /dev/null\n@@ -1 +0,0 @@\n-away\n";
    patch(&memory, diff).await.unwrap();
    assert_eq!(memory.paths(), ["D", "D/a.txt", "D/empty", "D/in", "D/in/b b.txt", "D/spät"]);
    assert_eq!((text(&memory, "D/in/b b.txt").as_str(), text(&memory, "D/spät").as_str()), ("alpha\ngamma\n", "late"));
    assert_eq!((memory.mode_at("D/a.txt"), memory.mode_at("D/spät")), (Some(0o755), Some(0o755)));
}

#[tokio::test]
async fn one_hunk_that_does_not_fit_leaves_every_file_as_it_is() {
    let memory = desk();
    let before = (memory.paths(), text(&memory, "D/a.txt"));
    let diff = "--- a.txt\n+++ a.txt\n@@ -1,2 +1,2 @@\n-one\n+1\n two\n--- b.txt\n+++ b.txt\n@@ -1,3 +1,3 @@\n alpha\n-bet\n+BETA\n gamma\n";
    let error = patch(&memory, diff).await.unwrap_err();
    assert_eq!(error.kind, Kind::Conflict);
    assert_eq!(error.message, "in `D/b.txt`, hunk 1 does not fit: line 2 should be `bet` and is `beta`");
    assert_eq!((error.fact("path"), error.fact("line")), (Some("D/b.txt"), Some("9")));
    assert_eq!((memory.paths(), text(&memory, "D/a.txt")), before);
    for (add, why) in [("b.txt", "there is a `D/b.txt` already"), ("b.txt/x", "")] {
        let adds =
            format!("*** Begin Patch\n*** Update File: a.txt\n@@\n-one\n+1\n*** Add File: {add}\n+x\n*** End Patch");
        let result = patch(&memory, &adds).await;
        if !why.is_empty() {
            assert_eq!(result.unwrap_err().message, why);
            assert_eq!((memory.paths(), text(&memory, "D/a.txt")), before);
        }
    }
}

#[tokio::test]
async fn what_fails_only_when_it_is_made_is_given_back() {
    let memory = desk();
    // A call that runs again does not try first: what it finds wrong it finds half-way.
    let ctx = ToolContext { attempt: 2, ..context(Some(memory.clone()), TestRuntime::new()) };
    let diff = "--- a.txt\n+++ a.txt\n@@ -1,2 +1,2 @@\n-one\n+1\n two\n--- b.txt\n+++ b.txt\n@@ -1,3 +1,3 @@\n alpha\n-bet\n+BETA\n gamma\n";
    let error = run_as(json!({ "patch": diff, "folder": "D" }), ctx).await.unwrap_err();
    assert_eq!((error.kind, error.fact("index")), (Kind::Conflict, Some("1")), "{error:?}");
    assert!(text(&memory, "D/a.txt").starts_with("one\n"), "the first file was given back");
}

#[tokio::test]
async fn a_patch_that_was_cut_off_is_made_once() {
    let memory = desk();
    let ctx = context(Some(memory.clone()), TestRuntime::new());
    let args = json!({ "folder": "D", "patch": "*** Begin Patch\n*** Update File: a.txt\n@@\n-one\n+one one\n*** Delete File: old.txt\n*** End Patch" });
    let first = run_as(args.clone(), ctx.clone()).await.unwrap();
    let again = run_as(args, ToolContext { attempt: 2, ..ctx }).await.unwrap();
    assert_eq!(again, first);
    assert!(text(&memory, "D/a.txt").starts_with("one one\ntwo"));
}

#[tokio::test]
async fn windows_line_ends_and_a_missing_last_newline_stay() {
    let memory = MemorySession::new(&[("D/a.txt", file("one\r\ntwo\r\nthree"))]);
    patch(&memory, "*** Begin Patch\n*** Update File: a.txt\n@@\n two\n-three\n+3\n+4\n*** End Patch").await.unwrap();
    assert_eq!(text(&memory, "D/a.txt"), "one\r\ntwo\r\n3\r\n4");
}

#[tokio::test]
async fn what_is_ambiguous_or_not_allowed_is_refused() {
    let memory = MemorySession::new(&[
        ("D/a.txt", file("x\ny\nx\nz\n")),
        ("D/raw", Node::File(vec![0, 1])),
        ("D/l", Node::Link),
    ]);
    let update = |body: &str| format!("*** Begin Patch\n*** Update File: a.txt\n{body}*** End Patch");
    let cases = [
        (update("@@\n-x\n+X\n"), "fits more than one place, lines 1 and 3"),
        (update("@@ q\n-x\n+X\n"), "is to be below `q`, which is not there"),
        (update("@@\n-z\n+Z\n@@\n-y\n+Y\n"), "fits line 2 only, which is above"),
        (update("@@\n x\n"), "changes nothing"),
        (update("@@ -1,1 +1,1 @@\n-x\n+X\n"), "line numbers don't belong here"),
        (update("-x\n+X\n*** Update File: a.txt\n-y\n+Y\n"), "is in the patch twice"),
        ("*** Begin Patch\n*** Add File: ../x\n+x\n*** End Patch".to_owned(), "`.` and `..` are not allowed"),
        ("*** Begin Patch\n*** Add File: x\n+x\n".to_owned(), "does not end with `*** End Patch`"),
        ("--- a/../../x\n+++ b/../../x\n@@ -1 +1 @@\n-x\n+y\n".to_owned(), "`.` and `..` are not allowed"),
        ("--- /etc/passwd\n+++ /etc/passwd\n@@ -1 +1 @@\n-x\n+y\n".to_owned(), "is not a path here"),
        ("--- a.txt\n+++ a.txt\n@@ -1,2 +1 @@\n-x\n+y\n".to_owned(), "fewer lines than its first line says"),
        ("--- a.txt\n+++ a.txt\n@@ -2,0 +3 @@\n+y\n".to_owned(), "has no line of what is there"),
        ("diff --git a/p b/p\nindex 1..2 100644\nBinary files a/p and b/p differ\n".to_owned(), "binary diff"),
        (
            "diff --git a/p b/p\nnew file mode 120000\n--- /dev/null\n+++ b/p\n@@ -0,0 +1 @@\n+/etc\n".to_owned(),
            "about a link",
        ),
        ("--- raw\n+++ raw\n@@ -1 +1 @@\n-x\n+y\n".to_owned(), "is not a text file"),
        ("--- l\n+++ l\n@@ -1 +1 @@\n-x\n+y\n".to_owned(), "no regular file"),
        ("just words\n".to_owned(), "there is no diff here"),
    ];
    for (text, why) in cases {
        let error = patch(&memory, &text).await.unwrap_err();
        assert!(error.message.contains(why), "{text}\n{error:?}");
    }
    patch(&memory, &update("@@ y\n-x\n+X\n")).await.unwrap();
    assert_eq!(text(&memory, "D/a.txt"), "x\ny\nX\nz\n");
}

#[tokio::test]
async fn each_file_is_made_of_what_was_there_before() {
    let memory = desk();
    // As git writes it: the copy is of what `b.txt` was, not of what it becomes.
    let copy = "diff --git a/b.txt b/b.txt\n--- a/b.txt\n+++ b/b.txt\n@@ -1,3 +1,3 @@\n-alpha\n+ALPHA\n beta\n gamma\n\
        diff --git a/b.txt b/c.txt\nsimilarity index 90%\ncopy from b.txt\ncopy to c.txt\n--- a/b.txt\n+++ b/c.txt\n\
        @@ -1,3 +1,3 @@\n alpha\n-beta\n+BETA\n gamma\n";
    patch(&memory, copy).await.unwrap();
    assert_eq!(text(&memory, "D/b.txt"), "ALPHA\nbeta\ngamma\n");
    assert_eq!(text(&memory, "D/c.txt"), "alpha\nBETA\ngamma\n");
    let moved = |from: &str, to: &str| {
        format!("diff --git a/{from} b/{to}\nsimilarity index 100%\nrename from {from}\nrename to {to}\n")
    };
    let round = moved("a.txt", "b.txt") + &moved("b.txt", "c.txt") + &moved("c.txt", "a.txt");
    patch(&memory, &round).await.unwrap();
    assert_eq!(text(&memory, "D/a.txt"), "alpha\nBETA\ngamma\n");
    assert!(text(&memory, "D/b.txt").starts_with("one\n") && text(&memory, "D/c.txt").starts_with("ALPHA\n"));
    patch(&memory, &(moved("b.txt", "d.txt") + &moved("a.txt", "b.txt"))).await.unwrap();
    assert_eq!(memory.paths(), ["D", "D/b.txt", "D/c.txt", "D/d.txt", "D/old.txt"]);
    let folder = "*** Begin Patch\n*** Add File: old.txt/new.txt\n+in\n*** Delete File: old.txt\n*** Update File: c.txt\n\
        *** Move to: c.txt\n@@\n-ALPHA\n+Alpha\n*** End Patch";
    patch(&memory, folder).await.unwrap();
    assert_eq!((text(&memory, "D/old.txt/new.txt").as_str(), &text(&memory, "D/c.txt")[..6]), ("in\n", "Alpha\n"));
}

#[tokio::test]
async fn a_name_with_a_space_and_an_umlaut_is_read_as_git_writes_it() {
    let memory = MemorySession::new(&[("D/ä b.txt", file("one\n"))]);
    let diff = "diff --git \"a/\\303\\244 b.txt\" \"b/\\303\\244 b.txt\"\nindex 1..2 100644\n--- \"a/\\303\\244 b.txt\"\t\n\
        +++ \"b/\\303\\244 b.txt\"\t\n@@ -1 +1 @@\n-one\n+two\n";
    patch(&memory, diff).await.unwrap();
    assert_eq!(text(&memory, "D/ä b.txt"), "two\n");
}

#[tokio::test]
async fn a_patch_is_made_in_the_encoding_of_the_file() {
    let utf16 = |text: &str| Node::File(text.encode_utf16().flat_map(u16::to_le_bytes).collect());
    // The second way to write a character stays as it is, on a line that no hunk takes out.
    let odd = [&encoding_rs::SHIFT_JIS.encode("日本語の文章です。\n二行目です。\n").0[..], b"\xed\x40\nend"].concat();
    let memory = MemorySession::new(&[
        ("D/latin", Node::File(b"caf\xe9\nna\xefve\n".to_vec())),
        ("D/wide", utf16("\u{feff}eins\r\nzwei\r\n")),
        ("D/sjis", Node::File(odd.clone())),
    ]);
    let update = |name: &str, body: &str| format!("*** Begin Patch\n*** Update File: {name}\n@@\n{body}*** End Patch");
    let misfit = patch(&memory, &update("latin", " cafe\n+x\n")).await.unwrap_err();
    assert!(misfit.message.ends_with("line 1 should be `cafe` and is `café`"), "{misfit:?}");
    let foreign = patch(&memory, &update("latin", " café\n+→\n")).await.unwrap_err();
    assert_eq!((foreign.kind, foreign.fact("path")), (Kind::Unsupported, Some("D/latin")), "{foreign:?}");
    patch(&memory, &update("latin", " café\n+thé\n")).await.unwrap();
    assert_eq!(memory.content_at("D/latin").unwrap(), b"caf\xe9\nth\xe9\nna\xefve\n");
    patch(&memory, &update("wide", " eins\n+größer\n")).await.unwrap();
    let Node::File(wide) = utf16("\u{feff}eins\r\ngrößer\r\nzwei\r\n") else { unreachable!() };
    assert_eq!(memory.content_at("D/wide").unwrap(), wide);
    patch(&memory, &update("sjis", "-二行目です。\n+三行目です。\n 纊\n end\n+だ\n")).await.unwrap();
    let after =
        [&encoding_rs::SHIFT_JIS.encode("日本語の文章です。\n三行目です。\n").0[..], b"\xed\x40\nend\n\x82\xbe"];
    assert_eq!(memory.content_at("D/sjis").unwrap(), after.concat());
}

#[tokio::test]
async fn a_name_in_no_folder_says_where_names_begin() {
    let ctx = context(Some(desk()), TestRuntime::new());
    let args = json!({ "patch": "*** Begin Patch\n*** Add File: x.txt\n+x\n*** End Patch" });
    let error = run_as(args, ctx).await.unwrap_err();
    assert!(error.message.contains("lies in no folder") && error.fix().unwrap().contains("`folder`"), "{error:?}");
}

/// Gives whether a program is there. In CI it must be.
fn there(program: &str) -> bool {
    let found = Command::new(program).arg("--version").stdout(Stdio::null()).status().is_ok_and(|s| s.success());
    if !found {
        let ci = std::env::var("CI").is_ok_and(|v| !v.is_empty() && v != "false");
        assert!(!ci, "there is no `{program}`, with which patches are compared");
        eprintln!("SKIPPED: there is no `{program}`, with which patches are compared");
    }
    found
}

fn diff(at: &Path, tool: &[&str], old: &[u8], new: &[u8]) -> String {
    fs::write(at.join("f"), old).unwrap();
    fs::create_dir_all(at.join("new")).unwrap();
    fs::write(at.join("new/f"), new).unwrap();
    let out = Command::new(tool[0]).args(&tool[1..]).args(["f", "new/f"]).current_dir(at).output().unwrap();
    String::from_utf8(out.stdout).unwrap()
}

/// Makes a patch on a file by another program; nothing if it refuses.
fn theirs(at: &Path, tool: &[&str], diff: &str, base: &[u8]) -> Option<Vec<u8>> {
    fs::write(at.join("f"), base).unwrap();
    let mut child = Command::new(tool[0])
        .args(&tool[1..])
        .current_dir(at)
        .env("GIT_CEILING_DIRECTORIES", at.parent().unwrap())
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    // A program that refuses may do so before it has read everything.
    let _ = child.stdin.take().unwrap().write_all(diff.as_bytes());
    child.wait().unwrap().success().then(|| fs::read(at.join("f")).unwrap())
}

fn ours(diff: &str, base: &[u8]) -> Option<Vec<u8>> {
    let files = parse(diff, None).unwrap();
    let [only] = files.as_slice() else { panic!("one file: {files:?}") };
    let Op::Update(hunks) = &only.op else { panic!("a change: {only:?}") };
    apply(hunks, base).ok()
}

fn lines() -> impl Strategy<Value = Vec<String>> {
    prop::collection::vec(
        prop::sample::select(vec!["a", "b", "", "  c", "dd", "\te", "größe", "+x", "-y", "@@ z"]),
        1..40,
    )
    .prop_map(|lines| lines.into_iter().map(str::to_owned).collect())
}

fn joined(lines: &[String], ended: bool) -> Vec<u8> {
    let mut text = lines.join("\n");
    if ended && !text.is_empty() {
        text.push('\n');
    }
    text.into_bytes()
}

/// Changes lines: takes some out, puts some in.
fn edited(lines: &[String], edits: &[(usize, Option<String>)]) -> Vec<String> {
    let mut lines = lines.to_vec();
    for (at, new) in edits {
        let at = at % (lines.len() + 1);
        match new {
            Some(new) => lines.insert(at, new.clone()),
            None if at < lines.len() => drop(lines.remove(at)),
            None => {}
        }
    }
    lines
}

fn edits(most: usize) -> impl Strategy<Value = Vec<(usize, Option<String>)>> {
    prop::collection::vec((0_usize..60, prop::option::of("[a-c]{1,2}")), 0..most)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    /// A diff by `git diff` or `diff -u` makes the edited file of the file it was made from; on a file that somebody else
    /// changed, what `git apply` makes of it, or nothing, as there.
    #[test]
    fn a_patch_comes_to_what_git_and_patch_make_of_it(
        old in lines(), ends in any::<(bool, bool)>(), mine in edits(6), theirs_too in edits(4), seventy in any::<bool>(),
    ) {
        if !there("git") || !there("patch") || !there("diff") {
            return Ok(());
        }
        let at = tempfile::tempdir().unwrap();
        let new = joined(&edited(&old, &mine), ends.1);
        let base = joined(&edited(&old, &theirs_too), ends.0);
        let old = joined(&old, ends.0);
        let by: &[&str] = if seventy { &["git", "diff", "--no-index", "--no-prefix", "--no-renames"] } else { &["diff", "-u"] };
        let diff = diff(at.path(), by, &old, &new);
        if old == new || !diff.contains("@@") {
            return Ok(());
        }
        // Both name the file as it is here.
        let diff = diff.replace("+++ new/f", "+++ f").replace("diff --git f new/f", "diff --git f f").replace("b/new/f", "b/f");
        prop_assert_eq!(ours(&diff, &old), Some(new.clone()), "{}", diff);
        let git: &[&str] = &["git", "apply", "-p0", "--whitespace=nowarn"];
        prop_assert_eq!(theirs(at.path(), git, &diff, &old), Some(new.clone()));
        let gnu: &[&str] = &["patch", "-p0", "-F0", "-s", "-N", "-r", "-", "--no-backup-if-mismatch", "f"];
        prop_assert_eq!(theirs(at.path(), gnu, &diff, &old), Some(new));
        let (by_us, by_git) = (ours(&diff, &base), theirs(at.path(), git, &diff, &base));
        // git takes a last line without a newline for the beginning of any line, and glues the next one to it.
        if by_us.is_none() && diff.contains("\\ No newline") {
            return Ok(());
        }
        prop_assert_eq!(by_us, by_git, "on {:?}:\n{}", String::from_utf8_lossy(&base), diff);
    }

    /// A fixed dose of what the fuzz targets do: no text is too odd to be read or refused.
    #[test]
    fn no_text_is_too_odd_to_be_read_or_refused(
        parts in prop::collection::vec(prop::sample::select(vec![
            "*** Begin Patch\n", "*** End Patch\n", "*** Add File: a\n", "*** Update File: b\n", "*** Move to: c\n", "*** Delete File: d\n",
            "*** End of File\n", "@@\n", "@@ x\n", "@@ -1,2 +1,3 @@\n", "@@ -0,0 +1 @@\n", "@@ -18446744073709551615,1 +1 @@\n", "--- a/x\n",
            "+++ b/x\n", "+++ /dev/null\n", "diff --git a/x b/x\n", "diff --git \"a/\\303\" \"b/\n", "rename from x\n", "rename to y\n", "new file mode 100644\n",
            "deleted file mode 1\n", "\\ No newline at end of file\n", " x\n", "-x\n", "+x\n", "\n", "\\", "\u{fffd}", "GIT binary patch\n",
        ]), 0..20),
        base in "[xy\n]{0,20}",
    ) {
        for file in parse(&parts.concat(), None).into_iter().flatten() {
            if let Op::Update(hunks) | Op::Delete(hunks) | Op::Copy(hunks) = &file.op {
                let _ = apply(hunks, base.as_bytes());
            }
        }
    }
}
