//! Listing, looking, reading.

use std::{collections::BTreeSet, fs, os::unix::fs::symlink, path::Path};

use cowork_core::{Access, Change, Clash, FileKind, Kind, Known, SessionSpec, UndoSpec, Write};

use super::{copy, relocate, write};
use crate::sandbox::{Bench, a_call, a_task, age_folders, change, path};

/// Names in order, kinds and sizes right, `LimitExceeded` past the limit.
pub async fn a_folder_is_listed_by_name_up_to_a_limit(bench: Bench) {
    ["b.txt", "a.txt", "sub/c.txt", ".hidden"].iter().for_each(|name| bench.put(name, "12345"));
    let session = bench.open(a_task()).await;
    let files = session.files(a_call());
    let entries = files.list(path("F"), 4).await.expect("four fit");
    let names: Vec<_> = entries.iter().map(|e| (e.path.as_str(), e.kind, e.size)).collect();
    let file = FileKind::File;
    assert_eq!(
        names,
        [("F/.hidden", file, 5), ("F/a.txt", file, 5), ("F/b.txt", file, 5), ("F/sub", FileKind::Folder, 0)]
    );
    assert_eq!(entries[1].modified, 1_000_000_005_123);
    assert_eq!(entries[1], files.stat(path("F/a.txt")).await.expect("it is there"));
    assert_eq!(files.list(path("F"), 3).await.expect_err("four don't fit").kind, Kind::LimitExceeded);
    assert_eq!(files.list(path("F/none"), 3).await.expect_err("not there").kind, Kind::NotFound);
    assert_eq!(files.list(path("F/a.txt"), 3).await.expect_err("a file").kind, Kind::InvalidInput);
    assert_eq!(files.stat(path("F/none")).await.expect_err("not there").kind, Kind::NotFound);
    assert_eq!(files.stat(path("F")).await.expect("the grant itself").kind, FileKind::Folder);
}

/// A piece from the middle, fewer bytes at the end, none past it.
pub async fn a_file_is_read_in_pieces(bench: Bench) {
    bench.put("f", "0123456789");
    let session = bench.open(a_task()).await;
    let files = session.files(a_call());
    for (offset, most, expected) in [(0, 100, "0123456789"), (3, 4, "3456"), (8, 4, "89"), (10, 4, ""), (99, 4, "")] {
        let bytes = files.read(path("F/f"), offset, most).await.expect("it is there");
        assert_eq!(bytes.bytes, expected.as_bytes(), "{offset} {most}");
    }
    assert_eq!(files.read(path("F/f"), u64::MAX, usize::MAX).await.expect("nothing there").bytes, b"");
    assert_eq!(files.read(path("F"), 0, 1).await.expect_err("a folder").kind, Kind::InvalidInput);
    assert_eq!(files.read(path("F/none"), 0, 1).await.expect_err("not there").kind, Kind::NotFound);
}

/// A link is an entry of its own: listed, moved as itself, never read, written or copied through.
pub async fn links_are_listed_and_never_followed(bench: Bench) {
    bench.put("target", "content");
    symlink("target", bench.folder.join("link")).expect("a link");
    let before = bench.tree();
    let task = a_task();
    let session = bench.open(task).await;
    let files = session.files(a_call());
    let entry = files.stat(path("F/link")).await.expect("it is there");
    assert_eq!((entry.kind, entry.size), (FileKind::Link, 0));
    assert_eq!(files.read(path("F/link"), 0, 9).await.expect_err("a link").kind, Kind::InvalidInput);
    let changed = change(
        &files,
        vec![
            write("F/link", "through", Clash::Replace),
            copy("F/link", "F/copy", Clash::Skip),
            relocate("F/link", "F/moved link", Clash::Skip),
        ],
    )
    .await;
    assert_eq!(changed.made, 1);
    assert_eq!(changed.otherwise.iter().map(|o| o.index).collect::<Vec<_>>(), [0, 1]);
    assert!(changed.otherwise.iter().all(|o| o.reason.contains("link")), "{changed:?}");
    assert_eq!(fs::read_link(bench.folder.join("moved link")).expect("still a link"), Path::new("target"));
    drop((session, files));
    bench.sandbox.undo(task, UndoSpec::all()).await.expect("it can be undone");
    assert_eq!(bench.tree(), before);
}

/// Names that are not UTF-8, and names that only look alike, are different files.
pub async fn names_that_are_not_text_stay_apart(bench: Bench) {
    use std::{ffi::OsStr, os::unix::ffi::OsStrExt};
    let names: [&[u8]; 6] = [b"a\xff", b"a\xfe", b"a\\xff", "a\u{fffd}".as_bytes(), b"line\nbreak", &[b'x'; 255]];
    for name in names {
        fs::write(bench.folder.join(OsStr::from_bytes(name)), name).expect("the file system takes it");
    }
    age_folders(&bench.folder);
    let before = bench.tree();
    let task = a_task();
    let session = bench.open(task).await;
    let files = session.files(a_call());
    let entries = files.list(path("F"), 99).await.expect("listed");
    assert_eq!(entries.len(), names.len());
    let mut changes = Vec::new();
    for entry in &entries {
        let content = files.read(entry.path.clone(), 0, 999).await.expect("readable").bytes;
        assert_eq!(entry.path.below().last().expect("a name"), content);
        let to = path("F/to").join_bytes(&content);
        changes.push(Change::Move { from: entry.path.clone(), to, clash: Clash::Skip });
    }
    let changed = change(&files, changes).await;
    assert_eq!((changed.made, changed.otherwise), (6, vec![]));
    drop((session, files));
    bench.sandbox.undo(task, UndoSpec::all()).await.expect("it can be undone");
    assert_eq!(bench.tree(), before);
}

/// Another content is another stamp, also of the same size and time; nothing changed is the same stamp, also later.
pub async fn a_stamp_changes_when_content_does(bench: Bench) {
    let big = "x".repeat(3 << 20);
    bench.put("small", "before");
    bench.put("big", &big);
    let session = bench.open(a_task()).await;
    let files = session.files(a_call());
    let stamp = async |at: &str, offset, most| files.read(path(at), offset, most).await.expect("it is there").stamp;
    let reads = [("F/small", 0, 99), ("F/small", 2, 2), ("F/big", 0, 4 << 20), ("F/big", 9, 9)];
    for (at, offset, most) in reads {
        let first = stamp(at, offset, most).await;
        assert!(!first.0.is_empty());
        assert_eq!(stamp(at, offset, most).await, first, "{at}");
        let session = bench.sandbox.open(SessionSpec {
            task: a_task(),
            folders: vec![bench.grant(Access::Read)],
            hosts: Vec::new(),
            resumed: false,
        });
        let later = session.await.expect("readers are welcome").files(a_call()).read(path(at), offset, most).await;
        assert_eq!(later.expect("it is there").stamp, first, "{at}, in another session");
        let other = fs::read_to_string(bench.folder.join(&at[2..])).expect("it is there").to_uppercase();
        bench.put(&at[2..], &other);
        assert_ne!(stamp(at, offset, most).await, first, "{at}");
        bench.put(&at[2..], &other.to_lowercase());
    }
    assert_ne!(stamp("F/small", 0, 99).await, stamp("F/big", 0, 99).await);
}

/// What a call read or wrote may be replaced by the same task in a session after it, unless somebody changed it meanwhile.
pub async fn what_was_seen_is_known_in_the_next_session(bench: Bench) {
    ["read", "changed", "unread"].iter().for_each(|name| bench.put(name, name));
    bench.put("big", &"x".repeat(3 << 20));
    let (task, call) = (a_task(), a_call());
    let session = bench.open(task).await;
    let files = session.files(call);
    for at in ["F/read", "F/changed", "F/big", "F/read"] {
        files.read(path(at), 0, 9).await.expect("it is there");
    }
    change(&files, vec![write("F/made", "made", Clash::Skip)]).await;
    let seen = session.seen(call);
    assert_eq!(seen.iter().map(|s| s.path.as_str()).collect::<BTreeSet<_>>().len(), seen.len(), "each once");
    assert_eq!(session.seen(call), [], "it was told already");
    assert_eq!(session.seen(a_call()), [], "of another call");
    drop((session, files));
    bench.put("changed", "by somebody else");

    let spec = SessionSpec { task, folders: vec![bench.grant(Access::Write)], hosts: Vec::new(), resumed: true };
    let session = bench.sandbox.open(spec).await.expect("there is a journal");
    session.recall(seen);
    let again = |at: &str| {
        let write = Write::new(path(at), Vec::from("another"));
        Change::Write(Write { known: Known::Seen, clash: Clash::Replace, may_shrink: true, ..write })
    };
    let all = ["F/read", "F/made", "F/big", "F/changed", "F/unread"];
    let changed = change(&session.files(a_call()), all.map(again).to_vec()).await;
    let refused: Vec<_> = changed.otherwise.iter().map(|o| o.path.as_str()).collect();
    assert_eq!((changed.made, refused), (3, vec!["F/changed", "F/unread"]));
}

/// A file whose content is not here is listed as such, and reading it says what to do; one that is nearly all holes is read.
pub async fn a_placeholder_is_listed_and_not_read(bench: Bench) {
    use std::os::unix::fs::FileExt;
    let file = |name: &str, len| {
        let file = fs::File::create(bench.folder.join(name)).expect("a file");
        file.set_len(len).expect("holes");
        file
    };
    file("away", 5000);
    bench.put("here", "here");
    let far = 100 << 30;
    file("sparse", far + 3).write_all_at(b"end", far).expect("data behind a hole");
    let session = bench.open(a_task()).await;
    let files = session.files(a_call());
    let entries = files.list(path("F"), 9).await.expect("listed");
    let flags: Vec<_> = entries.iter().map(|e| (e.path.name(), e.placeholder, e.size)).collect();
    assert_eq!(flags, [("away", true, 5000), ("here", false, 4), ("sparse", false, far + 3)]);
    let held: Vec<_> = entries.iter().map(|e| e.stored.map(|bytes| bytes < 1 << 20)).collect();
    assert_eq!(
        held,
        [None, None, Some(true)],
        "a hole of 100 GB takes no room, and is told; small ones are taken at their size"
    );
    assert!(files.stat(path("F/away")).await.expect("it is there").placeholder);
    let refused = files.read(path("F/away"), 0, 9).await.expect_err("nothing to read");
    assert_eq!(refused.kind, Kind::Unavailable);
    assert!(refused.fix().is_some_and(|fix| fix.contains("sync")), "{refused:?}");
    assert_eq!(files.read(path("F/sparse"), far, 9).await.expect("it is here").bytes, b"end");
    assert_eq!(files.read(path("F/sparse"), 7, 2).await.expect("a hole").bytes, [0, 0]);
}
