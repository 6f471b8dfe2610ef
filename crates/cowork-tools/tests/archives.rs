//! Archives: made by us and read by others, made by others and read by us, and made to do harm.

#![cfg(feature = "archive")]
#![allow(
    clippy::unwrap_used,
    clippy::needless_pass_by_value,
    reason = "a story that goes wrong ends; `json!` is passed on"
)]

use std::{
    fs,
    io::{Cursor, Write},
    path::Path,
    process::{Command, Stdio},
    sync::Arc,
};

use cowork_core::{CancellationToken, Kind, Registry, Result, ToolContext, ToolOutput};
use cowork_testkit::{MemorySession, Node, TestRuntime, tool::context};
use serde_json::{Value, json};
use zip::{ZipWriter, write::SimpleFileOptions};

async fn run_as(tool: &str, args: Value, ctx: ToolContext) -> Result<ToolOutput> {
    let mut registry = Registry::new();
    cowork_tools::builtin().into_iter().for_each(|t| registry.add(t).unwrap());
    registry.effects(tool, &args)?;
    registry.get(tool)?.run(args, ctx).await
}

async fn run(memory: &Arc<MemorySession>, tool: &str, args: Value) -> Result<ToolOutput> {
    run_as(tool, args, context(Some(memory.clone()), TestRuntime::new())).await
}

fn file(text: &str) -> Node {
    Node::File(text.as_bytes().to_vec())
}

fn holding(name: &str, archive: Vec<u8>) -> Arc<MemorySession> {
    MemorySession::new(&[(&format!("D/{name}"), Node::File(archive)), ("D/out", Node::Folder)])
}

async fn extract(memory: &Arc<MemorySession>, name: &str) -> Result<ToolOutput> {
    run(memory, "extract_archive", json!({ "path": format!("D/{name}"), "to": "D/out" })).await
}

/// Gives what lies in the folder that was extracted to.
fn out(memory: &MemorySession) -> Vec<String> {
    memory.paths().iter().filter_map(|p| p.strip_prefix("D/out/")).map(str::to_owned).collect()
}

fn reasons(output: &ToolOutput) -> Vec<String> {
    output.value["otherwise"].as_array().unwrap().iter().map(|o| o["reason"].as_str().unwrap().to_owned()).collect()
}

fn zip_of(entries: &[(&str, &[u8])]) -> Vec<u8> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, content) in entries {
        zip.start_file(*name, SimpleFileOptions::default()).unwrap();
        zip.write_all(content).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

/// One entry of a tar, its name put in as it is.
fn tar_entry(name: &[u8], kind: tar::EntryType, content: &[u8]) -> Vec<u8> {
    let mut header = tar::Header::new_gnu();
    header.as_old_mut().name[..name.len()].copy_from_slice(name);
    header.set_entry_type(kind);
    header.set_mode(0o4755);
    header.set_mtime(1_500_000_000);
    header.set_size(content.len() as u64);
    if kind.is_symlink() || kind.is_hard_link() {
        header.set_link_name("/etc").unwrap();
    }
    header.set_cksum();
    let mut entry = header.as_bytes().to_vec();
    entry.extend_from_slice(content);
    entry.resize(entry.len().next_multiple_of(512), 0);
    entry
}

fn tar_of(entries: &[Vec<u8>]) -> Vec<u8> {
    let mut tar = entries.concat();
    tar.resize(tar.len() + 1024, 0);
    tar
}

fn gzip(content: &[u8]) -> Vec<u8> {
    let mut gz = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    gz.write_all(content).unwrap();
    gz.finish().unwrap()
}

/// Gives whether a program is there. In CI it must be.
fn there(program: &str) -> bool {
    let found = Command::new(program).arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok();
    if !found {
        let ci = std::env::var("CI").is_ok_and(|v| !v.is_empty() && v != "false");
        assert!(!ci, "there is no `{program}`, with which archives are compared");
        eprintln!("SKIPPED: there is no `{program}`, with which archives are compared");
    }
    found
}

fn shell(at: &Path, command: &str) {
    let status = Command::new("sh").args(["-ec", command]).current_dir(at).stdout(Stdio::null()).status().unwrap();
    assert!(status.success(), "{command}");
}

fn a_tree() -> Arc<MemorySession> {
    MemorySession::new(&[
        ("D/in/a.txt", file("first")),
        ("D/in/deep/größe.txt", file(&"many words ".repeat(20_000))),
        ("D/in/empty", Node::Folder),
        ("D/in/link", Node::Link),
        ("D/in/pipe", Node::Pipe),
        ("D/in/none", file("")),
        ("D/one.txt", file("one")),
    ])
}

#[tokio::test]
async fn what_is_packed_is_unpacked_the_same_by_us_and_by_others() {
    for name in ["p.zip", "p.tar.gz", "p.tgz", "p.tar"] {
        let memory = a_tree();
        let path = format!("D/{name}");
        run(&memory, "set_mode", json!({ "paths": ["D/in/a.txt"], "mode": "rwxr-x---" })).await.unwrap();
        let packed =
            run(&memory, "make_archive", json!({ "path": path, "sources": ["D/in", "D/one.txt"] })).await.unwrap();
        assert_eq!(
            (&packed.value["files"], &packed.value["folders"], &packed.value["left"]),
            (&json!(4), &json!(3), &json!(2))
        );
        assert_eq!(packed.note, "4 files packed, 2 left out");
        let unpacked = run(&memory, "extract_archive", json!({ "path": path, "to": "D/out" })).await.unwrap();
        assert_eq!((&unpacked.value["made"], &unpacked.value["left"]), (&json!(4), &json!(0)), "{name}");
        assert_eq!(out(&memory), ["in", "in/a.txt", "in/deep", "in/deep/größe.txt", "in/empty", "in/none", "one.txt"]);
        for path in ["in/a.txt", "in/deep/größe.txt", "one.txt"] {
            assert_eq!(
                memory.content_at(&format!("D/out/{path}")),
                memory.content_at(&format!("D/{path}")),
                "{name}: {path}"
            );
        }
        assert_eq!(memory.mode_at("D/out/in/a.txt"), Some(0o750));
        let info = run(&memory, "file_info", json!({ "path": "D/out/one.txt" })).await.unwrap();
        assert_eq!(info.value["modified"], 1_700_000_000_000_i64, "{name}: the time is kept");

        let at = tempfile::tempdir().unwrap();
        fs::write(at.path().join(name), memory.content_at(&path).unwrap()).unwrap();
        if !there("unzip") || !there("tar") {
            continue;
        }
        shell(at.path(), if name == "p.zip" { "unzip -q p.zip" } else { "tar xf p.t*" });
        assert_eq!(
            fs::read(at.path().join("in/deep/größe.txt")).unwrap(),
            memory.content_at("D/in/deep/größe.txt").unwrap()
        );
        assert!(at.path().join("in/empty").is_dir());
        let modified = fs::metadata(at.path().join("one.txt")).unwrap().modified().unwrap();
        let seconds = modified.duration_since(std::time::UNIX_EPOCH).unwrap().as_secs();
        assert_eq!(seconds, 1_700_000_000, "{name}");
        let again = a_tree();
        run(&again, "set_mode", json!({ "paths": ["D/in/a.txt"], "mode": "750" })).await.unwrap();
        run(&again, "make_archive", json!({ "path": path, "sources": ["D/one.txt", "D/in"] })).await.unwrap();
        assert_eq!(again.content_at(&path), memory.content_at(&path), "{name}: the same tree gives the same bytes");
    }
}

#[tokio::test]
async fn archives_of_others_are_read() {
    if !there("zip") || !there("tar") || !there("python3") || !there("gzip") {
        return;
    }
    let at = tempfile::tempdir().unwrap();
    let long = "long/".repeat(40) + &"n".repeat(120);
    shell(
        at.path(),
        &format!(
            "mkdir -p in/deep $(dirname {long}); printf hello > in/a.txt; printf deep > in/deep/ü.txt; printf far > {long}; chmod 640 in/a.txt; \
             touch -d @1600000000 in/a.txt; ln -s a.txt in/link; truncate -s 1M holes; printf x >> holes; \
             zip -qry z.zip in long; zip -qy - in/a.txt > streamed.zip; tar czf g.tar.gz in long; tar --format=pax -cf p.tar in long; \
             tar --format=ustar -cf u.tar in; tar cSf s.tar holes in/a.txt; gzip -k < in/a.txt > single.txt.gz; \
             python3 -c \"import zipfile; z=zipfile.ZipFile('y.zip','w',zipfile.ZIP_DEFLATED); z.write('in/a.txt'); z.writestr('stored', b'raw', zipfile.ZIP_STORED); z.close()\"; \
             python3 -c \"import zipfile; z=zipfile.ZipFile('b.zip','w'); z.writestr('l', b'l'*99, zipfile.ZIP_LZMA); z.writestr('k', b'k'); z.close()\"; \
             zip -q -P secret e.zip in/a.txt"
        ),
    );
    for name in ["z.zip", "g.tar.gz", "p.tar"] {
        let memory = holding(name, fs::read(at.path().join(name)).unwrap());
        let output = extract(&memory, name).await.unwrap();
        assert_eq!(reasons(&output), ["`in/link` in the archive is left out: it is a link"], "{name}");
        assert_eq!(memory.content_at("D/out/in/deep/ü.txt").unwrap(), b"deep", "{name}");
        assert_eq!(memory.content_at(&format!("D/out/{long}")).unwrap(), b"far", "{name}");
        assert_eq!(memory.mode_at("D/out/in/a.txt"), Some(0o640), "{name}");
        let info = run(&memory, "file_info", json!({ "path": "D/out/in/a.txt" })).await.unwrap();
        assert_eq!(info.value["modified"], 1_600_000_000_000_i64, "{name}");
    }
    for (name, path, content, left) in [
        ("streamed.zip", "in/a.txt", "hello", 0),
        ("u.tar", "in/a.txt", "hello", 1),
        ("s.tar", "in/a.txt", "hello", 1),
        ("single.txt.gz", "single.txt", "hello", 0),
        ("y.zip", "stored", "raw", 0),
        ("b.zip", "k", "k", 1),
    ] {
        let memory = holding(name, fs::read(at.path().join(name)).unwrap());
        let output = extract(&memory, name).await.unwrap();
        assert_eq!(memory.content_at(&format!("D/out/{path}")).unwrap(), content.as_bytes(), "{name}");
        assert_eq!(output.value["left"], left, "{name}: {output:?}");
    }
    let memory = holding("e.zip", fs::read(at.path().join("e.zip")).unwrap());
    assert_eq!(
        reasons(&extract(&memory, "e.zip").await.unwrap()),
        ["`in/a.txt` in the archive is left out: it is encrypted"]
    );
}

#[tokio::test]
async fn names_that_lead_elsewhere_are_left_out_and_named() {
    let names: [&[u8]; 6] = [b"../up", b"/etc/passwd", b"in/../../up", b"..\\up", b"C:up", b"fine"];
    let entries: Vec<Vec<u8>> = names.iter().map(|n| tar_entry(n, tar::EntryType::Regular, b"x")).collect();
    let texts: Vec<(&str, &[u8])> = names.iter().map(|n| (std::str::from_utf8(n).unwrap(), &b"x"[..])).collect();
    for (name, archive) in [("h.tar", tar_of(&entries)), ("h.tgz", gzip(&tar_of(&entries))), ("h.zip", zip_of(&texts))]
    {
        let memory = holding(name, archive);
        let output = extract(&memory, name).await.unwrap();
        assert_eq!((&output.value["made"], &output.value["left"]), (&json!(1), &json!(5)), "{name}: {output:?}");
        assert_eq!(out(&memory), ["fine"], "{name}");
        assert_eq!(memory.paths().len(), 4, "{name}: nothing anywhere else");
        let listed =
            run(&memory, "list_archive", json!({ "path": format!("D/{name}"), "most": 4 })).await.unwrap().value;
        assert_eq!((&listed["left"], &listed["next"]), (&json!(5), &json!(4)));
        assert!(listed["entries"][0]["left"].is_string());
        let rest =
            run(&memory, "list_archive", json!({ "path": format!("D/{name}"), "after": 4 })).await.unwrap().value;
        assert_eq!((rest["entries"].as_array().unwrap().len(), &rest["next"]), (2, &Value::Null));
    }
}

#[tokio::test]
async fn links_devices_and_what_lies_behind_them_are_left_out() {
    use tar::EntryType as Is;
    let entries = [
        tar_entry(b"l", Is::Symlink, b""),
        tar_entry(b"l/x", Is::Regular, b"through"),
        tar_entry(b"h", Is::Link, b""),
        tar_entry(b"dev", Is::Char, b""),
        tar_entry(b"fifo", Is::Fifo, b""),
        tar_entry(b"set", Is::Regular, b"id"),
    ];
    let memory = holding("l.tar", tar_of(&entries));
    let output = extract(&memory, "l.tar").await.unwrap();
    assert_eq!((out(&memory), &output.value["left"]), (vec!["set".to_owned()], &json!(5)));
    assert_eq!(memory.mode_at("D/out/set"), Some(0o755), "no bit that lets a program run as its owner");
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    zip.add_symlink("l", "/etc", SimpleFileOptions::default()).unwrap();
    zip.start_file("l/x", SimpleFileOptions::default()).unwrap();
    let memory = holding("l.zip", zip.finish().unwrap().into_inner());
    assert_eq!(extract(&memory, "l.zip").await.unwrap().value["left"], 2);
    assert_eq!(out(&memory), Vec::<String>::new());
}

#[tokio::test]
async fn of_one_name_a_zip_has_one_entry_and_of_a_tar_the_last_counts() {
    let mut zip = zip_of(&[("same", b"1"), ("sama", b"2"), ("Makefile", b"3"), ("makefile", b"4"), ("z", b"5")]);
    // Written otherwise afterwards: no honest program writes one name twice.
    let at: Vec<usize> = (0..zip.len() - 4).filter(|i| &zip[*i..i + 4] == b"sama").collect();
    at.iter().for_each(|i| zip[i + 3] = b'e');
    let memory = holding("t.zip", zip);
    let output = extract(&memory, "t.zip").await.unwrap();
    assert_eq!(out(&memory), ["Makefile", "makefile", "z"], "{output:?}");
    // As `tar -r` appends a newer one.
    let same =
        tar_of(&[tar_entry(b"a", tar::EntryType::Regular, b"1"), tar_entry(b"./a", tar::EntryType::Regular, b"2")]);
    let memory = holding("t.tar", same);
    let output = extract(&memory, "t.tar").await.unwrap();
    assert_eq!((&output.value["made"], &output.value["left"]), (&json!(1), &json!(1)));
    assert_eq!(reasons(&output), ["`a` in the archive is left out: a later entry of this name takes its place"]);
    assert_eq!(memory.content_at("D/out/a").unwrap(), b"2");
}

#[tokio::test]
async fn a_hard_link_becomes_a_file_of_its_own() {
    if !there("tar") {
        return;
    }
    let at = tempfile::tempdir().unwrap();
    shell(
        at.path(),
        "mkdir in; printf one > in/a; printf two > in/b; ln in/a in/c; ln in/b in/d; tar czf h.tar.gz in/a in/b in/c in/d",
    );
    let memory = holding("h.tar.gz", fs::read(at.path().join("h.tar.gz")).unwrap());
    let output = extract(&memory, "h.tar.gz").await.unwrap();
    assert_eq!((&output.value["made"], &output.value["left"]), (&json!(4), &json!(0)), "{output:?}");
    for (path, content) in [("a", b"one"), ("b", b"two"), ("c", b"one"), ("d", b"two")] {
        assert_eq!(memory.content_at(&format!("D/out/in/{path}")).unwrap(), content, "{path}");
    }
}

#[tokio::test]
async fn a_tar_gz_with_a_wrong_checksum_or_without_its_end_makes_nothing() {
    let tar = tar_of(&[
        tar_entry(b"a", tar::EntryType::Regular, b"fine"),
        tar_entry(b"b", tar::EntryType::Regular, &b"words ".repeat(100)),
    ]);
    // Stored, so that a byte of it can be another and the stream still makes sense.
    let mut gz = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::none());
    gz.write_all(&tar).unwrap();
    let whole = gz.finish().unwrap();
    let mut flipped = whole.clone();
    let at = flipped.windows(4).position(|w| w == b"fine").unwrap();
    flipped[at] = b'F';
    for (why, archive) in [("a byte", flipped), ("no checksum", whole[..whole.len() - 8].to_vec())] {
        let memory = holding("c.tar.gz", archive);
        let error = extract(&memory, "c.tar.gz").await.unwrap_err();
        assert!(error.kind == Kind::InvalidInput && error.message.contains("damaged"), "{why}: {error:?}");
        assert_eq!(out(&memory), Vec::<String>::new(), "{why}");
        assert!(run(&memory, "list_archive", json!({ "path": "D/c.tar.gz" })).await.is_err(), "{why}");
    }
    let memory = holding("one.gz", gzip(&b"words ".repeat(100)));
    let listed = run(&memory, "list_archive", json!({ "path": "D/one.gz" })).await.unwrap();
    assert_eq!((&listed.value["bytes"], &listed.value["entries"][0]["size"]), (&json!(600), &json!(600)));
}

#[tokio::test]
async fn bombs_are_refused_before_anything_is_written() {
    let zeros = vec![0; 32 << 20];
    let bombs = [
        ("z.zip", zip_of(&[("first", b"fine"), ("bomb", &zeros)])),
        ("g.gz", gzip(&zeros)),
        (
            "t.tgz",
            gzip(&tar_of(&[
                tar_entry(b"first", tar::EntryType::Regular, b"fine"),
                tar_entry(b"bomb", tar::EntryType::Regular, &zeros),
            ])),
        ),
    ];
    for (name, archive) in bombs {
        assert!(archive.len() < 100_000);
        let memory = holding(name, archive);
        let error = extract(&memory, name).await.unwrap_err();
        assert_eq!(error.kind, Kind::LimitExceeded, "{name}: {error:?}");
        assert!(error.fix().unwrap().contains("`most_ratio`"));
        assert_eq!(out(&memory), Vec::<String>::new(), "{name}");
        let args =
            |bytes: u64| json!({ "path": format!("D/{name}"), "to": "D/out", "most_ratio": 5000, "most_bytes": bytes });
        let error = run(&memory, "extract_archive", args(1 << 20)).await.unwrap_err();
        assert!(
            error.kind == Kind::LimitExceeded && error.fix().unwrap().contains("`most_bytes`"),
            "{name}: {error:?}"
        );
        let meant = run(&memory, "extract_archive", args(1 << 30)).await.unwrap();
        assert!(meant.value["made"].as_u64().unwrap() >= 1, "who means it gets it");
    }
    // One in the other, as 42.zip is: what is inside is not opened.
    let inner = zip_of(&[("bomb", &zeros)]);
    let memory = holding("n.zip", zip_of(&[("1.zip", &inner), ("2.zip", &inner)]));
    extract(&memory, "n.zip").await.unwrap();
    assert_eq!(out(&memory), ["1.zip", "2.zip"]);
}

#[tokio::test]
async fn a_zip_that_lies_about_its_sizes_is_found_out() {
    let content = vec![7; 40 << 20];
    let mut zip = zip_of(&[("liar", &content)]);
    let (size, lie) = (u32::try_from(content.len()).unwrap().to_le_bytes(), 10_u32.to_le_bytes());
    let at: Vec<usize> = (0..zip.len() - 4).filter(|i| zip[*i..i + 4] == size).collect();
    assert!(!at.is_empty());
    at.iter().for_each(|i| zip[*i..i + 4].copy_from_slice(&lie));
    let memory = holding("l.zip", zip);
    let result = extract(&memory, "l.zip").await;
    let refused =
        result.as_ref().is_err_and(|e| e.kind == Kind::LimitExceeded) || result.is_ok_and(|o| o.value["left"] == 1);
    assert!(refused && out(&memory).is_empty());
}

#[tokio::test]
async fn entries_that_share_their_content_are_refused() {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    zip.start_file("kernel", SimpleFileOptions::default()).unwrap();
    zip.write_all(&[0; 100_000]).unwrap();
    for n in 0..50 {
        zip.shallow_copy_file("kernel", &format!("copy{n}")).unwrap();
    }
    let memory = holding("q.zip", zip.finish().unwrap().into_inner());
    let error = extract(&memory, "q.zip").await.unwrap_err();
    assert!(error.kind == Kind::InvalidInput && error.message.contains("share their content"), "{error:?}");
    assert_eq!(out(&memory), Vec::<String>::new());
}

#[tokio::test]
async fn damaged_archives_are_errors_and_change_nothing() {
    let words: Vec<u8> = (0..40_000_u32).flat_map(|n| n.wrapping_mul(2_654_435_761).to_le_bytes()).collect();
    let tar =
        tar_of(&[tar_entry(b"a", tar::EntryType::Regular, b"fine"), tar_entry(b"b", tar::EntryType::Regular, &words)]);
    let cut = |bytes: Vec<u8>| bytes[..bytes.len() / 2].to_vec();
    for (name, archive) in [
        ("c.zip", cut(zip_of(&[("a", b"fine"), ("b", &words)]))),
        ("c.tgz", cut(gzip(&tar))),
        ("c.tar", cut(tar)),
        ("c.gz", cut(gzip(&words))),
        ("words.zip", b"just words".to_vec()),
        ("empty.zip", Vec::new()),
    ] {
        let memory = holding(name, archive);
        let error = extract(&memory, name).await.unwrap_err();
        assert!(matches!(error.kind, Kind::InvalidInput | Kind::Unsupported), "{name}: {error:?}");
        assert_eq!(out(&memory), Vec::<String>::new(), "{name}");
    }
    let mut wrong = zip_of(&[("a", b"fine"), ("b", &words)]);
    let at = wrong.len() / 2;
    wrong[at] ^= 0xFF;
    let memory = holding("w.zip", wrong);
    let output = extract(&memory, "w.zip").await.unwrap();
    assert!(
        out(&memory) == ["a"] && reasons(&output)[0].contains("damaged"),
        "one that is damaged harms no other: {output:?}"
    );
}

#[tokio::test]
async fn what_is_there_already_is_left_or_numbered() {
    let memory =
        MemorySession::new(&[("D/a.zip", Node::File(zip_of(&[("x.txt", b"new")]))), ("D/out/x.txt", file("old"))]);
    assert_eq!(reasons(&extract(&memory, "a.zip").await.unwrap()), ["there is a `D/out/x.txt` already"]);
    run(&memory, "extract_archive", json!({ "path": "D/a.zip", "to": "D/out", "if_taken": "number" })).await.unwrap();
    assert_eq!(memory.content_at("D/out/x (2).txt").unwrap(), b"new");
    let taken = run(&memory, "make_archive", json!({ "path": "D/a.zip", "sources": ["D/out"] })).await.unwrap_err();
    assert!(taken.kind == Kind::Conflict && taken.fix().unwrap().contains("`number`"), "{taken:?}");
    let numbered = run(&memory, "make_archive", json!({ "path": "D/a.zip", "sources": ["D"], "if_taken": "number" }))
        .await
        .unwrap();
    assert_eq!(numbered.value["path"], "D/a (2).zip");
}

#[tokio::test]
async fn a_long_file_is_stopped_in_the_middle() {
    let memory = holding("z.gz", gzip(&vec![1; 8 << 20]));
    let cancel = CancellationToken::new();
    let mut ctx = context(Some(memory.clone()), TestRuntime::new());
    let stop = cancel.clone();
    // Stopped by the first word of progress after some of it was unpacked.
    ctx.watch.progress = Arc::new(move |done, _, _| {
        if done > 1 << 20 {
            stop.cancel();
        }
    });
    ctx.watch.cancel = cancel;
    let error = run_as("extract_archive", json!({ "path": "D/z.gz", "to": "D/out" }), ctx).await.unwrap_err();
    assert_eq!(error.kind, Kind::Cancelled, "{error:?}");
    assert_eq!(out(&memory), Vec::<String>::new());
}

#[tokio::test]
async fn names_that_are_no_text_are_kept_where_the_format_can() {
    let memory = MemorySession::new(&[(r"D/in/caf\xe9", file("c"))]);
    let packed = run(&memory, "make_archive", json!({ "path": "D/p.tar.gz", "sources": ["D/in"] })).await.unwrap();
    assert_eq!(packed.value["left"], 0);
    run(&memory, "extract_archive", json!({ "path": "D/p.tar.gz", "to": "D/out" })).await.unwrap();
    assert_eq!(memory.content_at(r"D/out/in/caf\xe9").unwrap(), b"c");
    let zip = run(&memory, "make_archive", json!({ "path": "D/p.zip", "sources": ["D/in"] })).await.unwrap();
    assert_eq!((&zip.value["left"], &zip.value["files"]), (&json!(1), &json!(0)));
}
