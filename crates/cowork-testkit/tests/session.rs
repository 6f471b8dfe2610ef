//! Folders in memory keep what `Files` says, as far as tools can tell.

#![allow(clippy::unwrap_used, reason = "a story that goes wrong ends")]

use std::sync::Arc;

use cowork_core::{
    Access, CallId, Change, Changed, Clash, FilePath, Folder, Kind, Known, Session, Still, Watch, Write,
};
use cowork_testkit::{
    MemorySession, Node,
    sandbox::{a_call, path},
};

fn file(text: &str) -> Node {
    Node::File(text.as_bytes().to_vec())
}

fn relocate(from: &str, to: &str, clash: Clash) -> Change {
    Change::Move { from: path(from), to: path(to), clash }
}

async fn change(session: &Arc<MemorySession>, call: CallId, changes: Vec<Change>) -> Changed {
    session.files(call).change(changes, Watch::nothing()).await.unwrap()
}

#[tokio::test]
async fn what_is_not_granted_is_neither_seen_nor_changed() {
    let folder = |name: &str, access| Folder { name: name.into(), at: format!("/{name}"), access, whole: false };
    let session = MemorySession::granting(vec![folder("Desk", Access::Read)], &[("Desk/a", file("a"))]);
    let files = session.files(a_call());
    let write = |at: &str| vec![Change::Write(Write::new(path(at), Vec::new()).replacing(Known::Nothing))];
    assert_eq!(files.read(path("Desk/a"), 0, 9).await.unwrap().bytes, b"a");
    assert_eq!(files.read(path("Shelf/a"), 0, 9).await.unwrap_err().kind, Kind::NotAllowed);
    for at in ["Desk/a", "Shelf/a"] {
        assert_eq!(files.change(write(at), Watch::nothing()).await.unwrap_err().kind, Kind::NotAllowed);
    }
    assert_eq!(session.paths(), ["Desk", "Desk/a"]);
}

#[tokio::test]
async fn a_folder_is_listed_up_to_a_limit_and_a_file_read_in_pieces() {
    let session = MemorySession::new(&[("D/b", file("12345")), ("D/a/deep", file("")), ("D/l", Node::Link)]);
    let files = session.files(a_call());
    let names: Vec<FilePath> = files.list(path("D"), 3).await.unwrap().into_iter().map(|e| e.path).collect();
    assert_eq!(names, [path("D/a"), path("D/b"), path("D/l")]);
    assert_eq!(files.list(path("D"), 2).await.unwrap_err().kind, Kind::LimitExceeded);
    assert_eq!(files.list(path("D/b"), 2).await.unwrap_err().kind, Kind::InvalidInput);
    assert_eq!(files.read(path("D/b"), 3, 9).await.unwrap().bytes, b"45");
    assert_eq!(files.read(path("D/b"), 9, 9).await.unwrap().bytes, b"");
    assert_eq!(files.read(path("D/l"), 0, 9).await.unwrap_err().kind, Kind::InvalidInput);
}

#[tokio::test]
async fn a_call_that_runs_again_makes_nothing_twice() {
    let session = MemorySession::new(&[("D/a", file("1")), ("D/in/a", file("2")), ("D/f/x", file("3"))]);
    let call = a_call();
    let changes = vec![
        relocate("D/a", "D/in/a", Clash::Number),
        relocate("D/f", "D/g", Clash::Skip),
        relocate("D/gone", "D/h", Clash::Skip),
    ];
    let first = change(&session, call, changes.clone()).await;
    let after = session.paths();
    assert_eq!(after, ["D", "D/g", "D/g/x", "D/in", "D/in/a", "D/in/a (2)"]);
    assert_eq!((first.made, first.otherwise.len()), (2, 2));
    assert_eq!(change(&session, call, changes.clone()).await, first);
    assert_eq!(session.paths(), after);
    assert_eq!(change(&session, a_call(), changes).await.made, 0, "another call finds nothing to move");
}

#[tokio::test]
async fn a_cancelled_call_changes_nothing_more() {
    let session = MemorySession::new(&[("D/a", file("1"))]);
    let watch = Watch::nothing();
    watch.cancel.cancel();
    let moved = session.files(a_call()).change(vec![relocate("D/a", "D/b", Clash::Skip)], watch).await;
    assert_eq!(moved.unwrap_err().kind, Kind::Cancelled);
    assert_eq!(session.paths(), ["D", "D/a"]);
}

#[tokio::test]
async fn what_is_not_as_it_was_is_not_set_aside() {
    let session = MemorySession::new(&[("D/box/in", file("a")), ("D/b", file("b")), ("D/c", file("b"))]);
    let at = session.files(a_call()).stat(path("D/b")).await.unwrap().modified;
    let still = |at: &str, unchanged_since: i64, copy_of: &str| Change::SetAside {
        path: path(at),
        still: Some(Still { unchanged_since, copy_of: Some(path(copy_of)) }),
    };
    let aside = vec![
        still("D/b", at - 1, "D/b"),
        still("D/box", at - 1, "D/b"),
        still("D/b", at, "D/gone"),
        still("D/b", at, "D/c"),
        still("D/box", at, "D/c"),
    ];
    let changed = session.files(a_call()).change(aside, Watch::nothing()).await.unwrap();
    assert_eq!((changed.made, changed.otherwise.iter().map(|o| o.index).collect()), (2, vec![0, 1, 2]));
    assert_eq!(session.paths(), ["D", "D/c"]);
}

#[tokio::test]
async fn changes_are_made_all_together_or_not_at_all() {
    let session = MemorySession::new(&[("D/a", file("a")), ("D/b", file("b")), ("D/c", file("c"))]);
    let all = async |call, to: &str| {
        let changes = vec![
            relocate("D/a", "D/in/a", Clash::Skip),
            Change::set_aside(path("D/b")),
            Change::Write(Write::new(path(to), b"new".to_vec())),
        ];
        session.files(call).change_all(changes, Watch::nothing()).await
    };
    let (first, second) = (a_call(), a_call());
    let error = all(first, "D/c").await.unwrap_err();
    assert_eq!((error.kind, error.fact("index"), error.fact("path")), (Kind::Conflict, Some("2"), Some("D/c")));
    assert_eq!(session.paths(), ["D", "D/a", "D/b", "D/c"], "what was made is given back");
    assert_eq!(session.files(first).made_before().await.unwrap(), 0);
    assert_eq!(all(second, "D/d").await.unwrap().made, 3);
    assert_eq!(session.paths(), ["D", "D/c", "D/d", "D/in", "D/in/a"]);
    assert_eq!(session.files(second).made_before().await.unwrap(), 3);
    assert_eq!(all(second, "D/d").await.unwrap().made, 3, "a call that runs again makes nothing twice");
}
