//! What is in files: replaced only as it is known, edited, made, brought back; and what must not be lost with it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test stops at what should not be")]

mod support;

use std::{
    fs,
    os::unix::fs::{MetadataExt, PermissionsExt},
    path::Path,
    sync::Arc,
};

use cowork_core::{
    Change, Changed, Clash, Content, Error, Kind, Known, Make, Reader, Result, Session, Sink, Splice, Still, Watch,
    Write,
};
use cowork_testkit::sandbox::{a_call, age_folders, path, put, tree};
use support::{Disks, Parts, World, edit, has_two_disks};

async fn change(session: &Arc<dyn Session>, changes: Vec<Change>) -> Changed {
    session.files(a_call()).change(changes, Watch::nothing()).await.unwrap()
}

/// Makes one change that is to be left out, and gives the reason.
async fn refused(session: &Arc<dyn Session>, change_: Change) -> String {
    let changed = change(session, vec![change_]).await;
    assert_eq!((changed.made, changed.otherwise.len()), (0, 1), "{changed:?}");
    changed.otherwise[0].reason.clone()
}

fn write(at: &str, content: &[u8], known: Known) -> Change {
    Change::Write(Write::new(path(at), content.to_vec()).replacing(known))
}

/// A call may make all of its changes or none.
async fn all(session: &Arc<dyn Session>, call: cowork_core::CallId, changes: Vec<Change>) -> Result<Changed> {
    session.files(call).change_all(changes, Watch::nothing()).await
}

#[tokio::test]
async fn all_changes_of_a_call_are_made_or_none() {
    let world = World::new(Disks::One);
    let before = tree(&world.folder);
    let session = world.open(None, false).await.unwrap();
    let (call, good) =
        (a_call(), vec![relocate("F/a.txt", "F/new/a.txt"), edit("F/b.txt"), relocate("F/c.txt", "F/new/c.txt")]);
    let mut bad = good.clone();
    bad.insert(2, relocate("F/none", "F/some"));
    let error = all(&session, call, bad).await.unwrap_err();
    assert_eq!((error.kind, error.fact("index"), error.fact("path")), (Kind::Conflict, Some("2"), Some("F/none")));
    assert_eq!((tree(&world.folder), session.files(call).made_before().await.unwrap()), (before.clone(), 0));
    let watch = Watch::nothing();
    watch.cancel.cancel();
    assert_eq!(session.files(call).change_all(good.clone(), watch).await.unwrap_err().kind, Kind::Cancelled);
    assert_eq!(all(&session, call, good.clone()).await.unwrap().made, 3);
    assert_eq!(session.files(call).made_before().await.unwrap(), 3);
    drop(session);
    let session = world.open(None, true).await.unwrap();
    // Its pieces were worked out anew, from what the file is now.
    let mut again = good;
    again[1] = Change::Write(Write::new(path("F/b.txt"), Content::Edited(Vec::new())).replacing(Known::Seen));
    assert_eq!(all(&session, call, again).await.unwrap().made, 3, "it is recognised");
    world.close_and_give_back(session, &before).await;
}

fn relocate(from: &str, to: &str) -> Change {
    Change::Move { from: path(from), to: path(to), clash: Clash::Skip }
}

async fn read(session: &Arc<dyn Session>, at: &str) -> cowork_core::Piece {
    session.files(a_call()).read(path(at), 0, 1 << 21).await.unwrap()
}

#[tokio::test]
async fn a_file_is_replaced_only_as_it_was_last_read_or_written() {
    for large in [false, true] {
        let world = World::new(Disks::One);
        let content = |c: &str| c.repeat(if large { 2_000_000 } else { 1 }).into_bytes();
        fs::write(world.folder.join("a.txt"), content("a")).unwrap();
        let session = world.open(None, false).await.unwrap();
        let reason = refused(&session, write("F/a.txt", &content("b"), Known::Seen)).await;
        assert!(reason.contains("was not read by this task"), "{reason}");
        let stamp = read(&session, "F/a.txt").await.stamp;
        fs::write(world.folder.join("a.txt"), content("p")).unwrap();
        for known in [Known::Seen, Known::Stamp(stamp.clone())] {
            let reason = refused(&session, write("F/a.txt", &content("b"), known)).await;
            assert!(reason.contains("was changed since it was read"), "{reason}");
        }
        let stamp = read(&session, "F/a.txt").await.stamp;
        // What this session did itself is no news: writing, moving, setting permissions.
        let changes = vec![
            write("F/a.txt", &content("b"), Known::Stamp(stamp)),
            write("F/a.txt", &content("c"), Known::Seen),
            relocate("F/a.txt", "F/elsewhere.txt"),
            Change::Mode { path: path("F/elsewhere.txt"), mode: 0o600 },
            write("F/elsewhere.txt", &content("d"), Known::Seen),
        ];
        let changed = change(&session, changes).await;
        assert_eq!((changed.made, changed.otherwise), (5, vec![]), "large: {large}");
        assert_eq!(fs::read(world.folder.join("elsewhere.txt")).unwrap(), content("d"));
        drop(session);
        let session = world.open(None, true).await.unwrap();
        let reason = refused(&session, write("F/elsewhere.txt", &content("e"), Known::Seen)).await;
        assert!(reason.contains("read it first"), "another session has not seen it: {reason}");
    }
}

#[tokio::test]
async fn a_file_does_not_lose_more_than_half_of_its_content_unasked() {
    let world = World::new(Disks::One);
    fs::write(world.folder.join("a.txt"), vec![b'a'; 1024]).unwrap();
    let before = tree(&world.folder);
    let session = world.open(None, false).await.unwrap();
    let splices = vec![Splice { at: 10, remove: 1000, insert: Vec::new() }];
    let edit = Write::new(path("F/a.txt"), Content::Edited(splices)).replacing(Known::Nothing);
    for change in [write("F/a.txt", &[b'b'; 511], Known::Nothing), Change::Write(edit.clone())] {
        let reason = refused(&session, change).await;
        assert!(reason.contains("more than half"), "{reason}");
    }
    assert_eq!(fs::read_dir(world.data.join(format!("journal/{}/kept", world.task))).unwrap().count(), 0);
    let changes = vec![
        write("F/a.txt", &[b'b'; 512], Known::Nothing),
        write("F/b.txt", b"", Known::Nothing),
        Change::Write(Write { may_shrink: true, content: vec![1].into(), ..edit }),
    ];
    assert_eq!(change(&session, changes).await.made, 3);
    world.close_and_give_back(session, &before).await;
}

#[tokio::test]
async fn what_an_office_program_has_open_is_left_where_it_is() {
    let marks = [
        ("report.odt", ".~lock.report.odt#"),
        ("report.xlsx", "~$report.xlsx"),
        ("long report.docx", "~$ng report.docx"),
    ];
    let world = World::new(Disks::One);
    for (name, mark) in marks {
        put(&world.folder.join(name), name);
        let session = world.open(None, false).await.unwrap();
        fs::write(world.folder.join(mark), "somebody").unwrap();
        let at = format!("F/{name}");
        let changes = [write(&at, b"b", Known::Nothing), relocate(&at, "F/x"), Change::set_aside(path(&at)), edit(&at)];
        for change in changes {
            let reason = refused(&session, change).await;
            assert!(reason.contains("office program") && reason.contains(mark), "{reason}");
        }
        fs::remove_file(world.folder.join(mark)).unwrap();
        assert_eq!(change(&session, vec![relocate(&at, &format!("F/was {name}"))]).await.made, 1);
    }
}

#[tokio::test]
async fn what_came_into_a_folder_or_in_a_files_place_keeps_it_where_it_is() {
    let world = World::new(Disks::One);
    let at = |name: &str| world.folder.join(name);
    fs::create_dir_all(at("box/in")).unwrap();
    ["copy", "kept", "two names"].iter().for_each(|name| put(&at(name), "same"));
    fs::hard_link(at("two names"), at("the other")).unwrap();
    let changed_at = |name: &str| {
        let look = fs::metadata(at(name)).unwrap();
        look.ctime() * 1000 + look.ctime_nsec() / 1_000_000
    };
    let since = ["copy", "kept", "the other", "box", "box/in"].map(changed_at).into_iter().max().unwrap();
    // Both were made long ago, and moved here now: only the disk knows. It counts time in steps of some milliseconds.
    put(&world.folder.join("outside/old"), "other");
    let long_ago = std::time::SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(1_000_000_000);
    fs::File::options().append(true).open(at("outside/old")).unwrap().set_modified(long_ago).unwrap();
    fs::copy(at("outside/old"), at("outside/too")).unwrap();
    let arrive = |from: &str, to: &str| {
        while changed_at(from) <= since {
            fs::set_permissions(at(from), fs::Permissions::from_mode(0o600)).unwrap();
        }
        fs::rename(at(from), at(to)).unwrap();
    };
    arrive("outside/old", "copy");
    arrive("outside/too", "box/in/book");
    let session = world.open(None, false).await.unwrap();
    let still = |name: &str, copy_of: Option<&str>| Change::SetAside {
        path: path(&format!("F/{name}")),
        still: Some(Still { unchanged_since: since, copy_of: copy_of.map(path) }),
    };
    assert_eq!(
        refused(&session, still("copy", None)).await,
        "`F/copy` is not as it was any more: it was changed since it was looked at"
    );
    assert_eq!(
        refused(&session, still("box", None)).await,
        "`F/box` is not as it was any more: something in it was changed since it was looked at"
    );
    assert_eq!(
        refused(&session, still("kept", Some("F/gone"))).await,
        "`F/gone`, of which it is a copy, is not there any more"
    );
    // To set one of two names aside gives the file a new time under the other, which is still what was looked at.
    let changed = change(&session, vec![still("two names", Some("F/kept")), still("the other", Some("F/kept"))]).await;
    assert_eq!((changed.made, changed.otherwise), (2, vec![]));
    assert!(at("box/in/book").exists() && at("copy").exists() && at("kept").exists());
}

#[tokio::test]
async fn a_mark_that_an_office_program_left_behind_holds_nothing_up() {
    let world = World::new(Disks::One);
    let (document, mark) = (world.folder.join("Angebot 4.xlsx"), world.folder.join("~$Angebot 4.xlsx"));
    put(&document, "numbers");
    fs::write(&mark, "somebody").unwrap();
    let session = world.open(None, false).await.unwrap();
    let aside = |at: &str| Change::set_aside(path(at));
    // The mark of a document that is open now is a mark, not a document of which it would be the mark itself.
    let reason = refused(&session, aside("F/~$Angebot 4.xlsx")).await;
    assert_eq!(reason, "`F/~$Angebot 4.xlsx` marks a document that an office program has open: close it there first");
    let long_ago = std::time::SystemTime::now() - std::time::Duration::from_secs(2 * 86_400);
    fs::File::options().append(true).open(&mark).unwrap().set_modified(long_ago).unwrap();
    // As long as a process has the document open, an old mark counts.
    let held = fs::File::open(&document).unwrap();
    let mut holder = std::process::Command::new("sleep").arg("600").stdin(held).spawn().unwrap();
    let reasons = [
        refused(&session, aside("F/Angebot 4.xlsx")).await,
        refused(&session, relocate("F/Angebot 4.xlsx", "F/x")).await,
    ];
    holder.kill().unwrap();
    holder.wait().unwrap();
    assert!(reasons.iter().all(|reason| reason.contains("has `F/Angebot 4.xlsx` open")), "{reasons:?}");
    let changes = vec![relocate("F/Angebot 4.xlsx", "F/b.xlsx"), aside("F/~$Angebot 4.xlsx")];
    assert_eq!(change(&session, changes).await.made, 2);
}

#[tokio::test]
async fn a_placeholder_is_moved_and_nothing_else() {
    let world = World::new(Disks::One);
    fs::File::create(world.folder.join("cloud.pdf")).unwrap().set_len(70_000).unwrap();
    age_folders(&world.folder);
    let before = tree(&world.folder);
    let session = world.open(None, false).await.unwrap();
    let copy = |from: &str, to: &str| Change::Copy { from: path(from), to: path(to), clash: Clash::Skip };
    let changes =
        [write("F/cloud.pdf", &[1; 70_000], Known::Nothing), edit("F/cloud.pdf"), copy("F/cloud.pdf", "F/copy.pdf")];
    for change in changes {
        let reason = refused(&session, change).await;
        assert!(reason.contains("placeholder"), "{reason}");
    }
    assert_eq!(change(&session, vec![relocate("F/cloud.pdf", "F/texts/cloud.pdf")]).await.made, 1);
    drop(session);
    world.undo(None).await.unwrap();
    assert_eq!(tree(&world.folder), before);
}

fn attribute(at: &Path, name: &str) -> Option<Vec<u8>> {
    let mut value = [0; 256];
    rustix::fs::getxattr(at, name, &mut value).ok().map(|len| value[..len].to_vec())
}

#[tokio::test]
async fn what_belongs_to_a_file_stays_with_its_name() {
    let world = World::new(Disks::One);
    let at = world.folder.join("run.sh");
    rustix::fs::setxattr(&at, "user.note", b"kept", rustix::fs::XattrFlags::empty()).unwrap();
    // Version 2; the owner rwx, user 12345 r, the group r, at most rx, others nothing.
    let entry = |tag: u16, may: u16, id: u32| [&tag.to_le_bytes()[..], &may.to_le_bytes(), &id.to_le_bytes()].concat();
    let none = u32::MAX;
    let list = [(1, 7, none), (2, 4, 12345), (4, 4, none), (0x10, 5, none), (0x20, 0, none)];
    let list = [vec![2, 0, 0, 0], list.map(|(tag, may, id)| entry(tag, may, id)).concat()].concat();
    rustix::fs::setxattr(&at, "system.posix_acl_access", &list, rustix::fs::XattrFlags::empty()).unwrap();
    let root = rustix::process::geteuid().is_root();
    if root {
        std::os::unix::fs::chown(&at, Some(1234), Some(2345)).unwrap();
    }
    // After the owner is set, who takes this away.
    fs::set_permissions(&at, fs::Permissions::from_mode(0o4750)).unwrap();
    let (before, owner) = (tree(&world.folder), fs::metadata(&at).map(|d| (d.uid(), d.gid())).unwrap());
    let session = world.open(None, false).await.unwrap();
    for new in [write("F/run.sh", b"replaced", Known::Nothing), edit("F/run.sh")] {
        assert_eq!(change(&session, vec![new]).await.made, 1);
        let now = fs::metadata(&at).unwrap();
        assert_eq!((now.uid(), now.gid()), owner);
        assert_eq!(now.mode() & 0o7777, 0o750, "all but the right to run as its owner");
        assert_eq!(attribute(&at, "user.note").as_deref(), Some(&b"kept"[..]));
        assert_eq!(attribute(&at, "system.posix_acl_access"), Some(list.clone()));
    }
    drop(session);
    world.undo(None).await.unwrap();
    assert_eq!(tree(&world.folder), before);
}

#[tokio::test]
async fn a_file_with_several_names_or_that_nobody_may_write_to_is_left() {
    let world = World::new(Disks::One);
    fs::hard_link(world.folder.join("a.txt"), world.folder.join("also a.txt")).unwrap();
    fs::set_permissions(world.folder.join("b.txt"), fs::Permissions::from_mode(0o444)).unwrap();
    let before = tree(&world.folder);
    let session = world.open(None, false).await.unwrap();
    for name in ["F/a.txt", "F/b.txt"] {
        let stamp = read(&session, name).await.stamp;
        for known in [Known::Seen, Known::Stamp(stamp)] {
            let reason = refused(&session, write(name, b"bbbbb", known)).await;
            assert!(reason.contains("2 names") || reason.contains("permissions"), "{reason}");
        }
    }
    refused(&session, write("F/b.txt", b"bbbbb", Known::Nothing)).await;
    let changes = vec![
        write("F/a.txt", b"bbbbb", Known::Nothing),
        Change::Mode { path: path("F/b.txt"), mode: 0o644 },
        write("F/b.txt", b"bbbbb", Known::Nothing),
    ];
    assert_eq!(change(&session, changes).await.made, 3);
    assert_eq!(
        fs::read(world.folder.join("also a.txt")).unwrap(),
        b"a.txt",
        "it was said that it may be whatever it is"
    );
    drop(session);
    world.undo(None).await.unwrap();
    assert_eq!(tree(&world.folder), before);
    assert_eq!(fs::metadata(world.folder.join("a.txt")).unwrap().nlink(), 2, "they are one again");
}

#[tokio::test]
async fn pieces_are_replaced_and_what_does_not_fit_is_refused() {
    let world = World::new(Disks::One);
    let old: Vec<u8> = (0..3_000_000u32).map(|n| (n % 251) as u8).collect();
    fs::write(world.folder.join("a.txt"), &old).unwrap();
    let session = world.open(None, false).await.unwrap();
    let edited = |pieces: &[(u64, u64, &str)]| {
        let splice =
            |(at, remove, insert): &(u64, u64, &str)| Splice { at: *at, remove: *remove, insert: (*insert).into() };
        let content = Content::Edited(pieces.iter().map(splice).collect());
        Change::Write(Write::new(path("F/a.txt"), content).replacing(Known::Nothing))
    };
    for bad in [&[(10, 10, "x"), (15, 1, "y")][..], &[(2_999_999, 2, "")], &[(9, 0, "a"), (3, 0, "b")]] {
        let reason = refused(&session, edited(bad)).await;
        assert!(reason.contains("overlap, or lie past the end"), "{reason}");
    }
    let changed = change(&session, vec![edited(&[(0, 0, "begin"), (1_000_000, 5, ""), (2_999_999, 1, "end")])]).await;
    assert_eq!((changed.made, changed.otherwise), (1, vec![]));
    let new = [&b"begin"[..], &old[..1_000_000], &old[1_000_005..2_999_999], b"end"].concat();
    assert!(fs::read(world.folder.join("a.txt")).unwrap() == new);
    let none = Change::Write(Write::new(path("F/none"), Content::Edited(Vec::new())).replacing(Known::Nothing));
    assert!(refused(&session, none).await.contains("not there"));
    let skip = Write { clash: Clash::Skip, ..Write::new(path("F/a.txt"), Content::Edited(Vec::new())) };
    let error = session.files(a_call()).change(vec![Change::Write(skip)], Watch::nothing()).await.unwrap_err();
    assert_eq!(error.kind, Kind::InvalidInput);
}

/// Can't make what it should.
struct Fails(Kind);

impl Make for Fails {
    fn key(&self) -> String {
        "fails".into()
    }

    fn make(&self, _: &dyn Reader, to: &mut dyn Sink) -> Result<()> {
        to.write_all(b"half of it").map_err(|e| Error::new(Kind::Internal, "make", e.to_string()))?;
        Err(Error::new(self.0, "make", "the sheet has no rows"))
    }
}

#[tokio::test]
async fn content_is_made_or_its_error_is_that_changes_result() {
    let world = World::new(Disks::One);
    let before = tree(&world.folder);
    let session = world.open(None, false).await.unwrap();
    let made = |at: &str, make: Arc<dyn Make>| Write::new(path(at), Content::Made(make));
    let reason = refused(&session, Change::Write(made("F/x", Arc::new(Fails(Kind::InvalidInput))))).await;
    assert_eq!(reason, "the sheet has no rows");
    let stopped = vec![Change::Write(made("F/x", Arc::new(Fails(Kind::Cancelled))))];
    let error = session.files(a_call()).change(stopped, Watch::nothing()).await.unwrap_err();
    assert_eq!(error.kind, Kind::Cancelled);
    assert_eq!(fs::read_dir(world.data.join(format!("journal/{}/kept", world.task))).unwrap().count(), 0);
    let parts = Write { mode: Some(0o6755), modified: Some(1_234_567), ..made("F/x/y", Arc::new(Parts)) };
    // It sees what an earlier change of the same call brings.
    let changes =
        vec![relocate("F/b.txt", "F/c/b.txt"), write("F/old.txt", b"just now", Known::Nothing), Change::Write(parts)];
    assert_eq!(change(&session, changes).await.made, 3);
    assert_eq!(fs::read_to_string(world.folder.join("x/y")).unwrap(), "of two parts just now");
    let data = fs::metadata(world.folder.join("x/y")).unwrap();
    assert_eq!((data.mode() & 0o7777, data.mtime(), data.mtime_nsec()), (0o755, 1234, 567_000_000));
    world.close_and_give_back(session, &before).await;
}

#[tokio::test]
async fn what_was_set_aside_is_brought_back_the_last_first() {
    for disks in [Disks::One, Disks::Two].into_iter().take(if has_two_disks() { 2 } else { 1 }) {
        let world = World::new(disks);
        let before = tree(&world.folder);
        let session = world.open(None, false).await.unwrap();
        let aside = || Change::set_aside(path("F/old.txt"));
        let restore = || Change::Restore { path: path("F/old.txt") };
        let changes = vec![aside(), write("F/old.txt", b"second", Known::Nothing), aside()];
        assert_eq!(change(&session, changes).await.made, 3);
        let read = || fs::read_to_string(world.folder.join("old.txt")).unwrap();
        assert_eq!(change(&session, vec![restore()]).await.made, 1);
        assert_eq!(read(), "second");
        assert!(refused(&session, restore()).await.contains("is there already"));
        let changes = vec![relocate("F/old.txt", "F/second.txt"), restore()];
        assert_eq!(change(&session, changes).await.made, 2);
        assert_eq!(read(), "old.txt");
        assert!(refused(&session, restore()).await.contains("was not set aside"));
        // What a move to another disk, or a replacement, left in the journal was not set aside.
        assert_eq!(change(&session, vec![write("F/old.txt", b"third", Known::Nothing)]).await.made, 1);
        assert!(refused(&session, restore()).await.contains("was not set aside"));
        world.close_and_give_back(session, &before).await;
    }
}

#[tokio::test]
async fn permissions_are_set_and_given_back() {
    let world = World::new(Disks::One);
    fs::set_permissions(world.folder.join("a.txt"), fs::Permissions::from_mode(0o4755)).unwrap();
    let before = tree(&world.folder);
    let session = world.open(None, false).await.unwrap();
    std::os::unix::fs::symlink("a.txt", world.folder.join("link")).unwrap();
    age_folders(&world.folder);
    let mode = |at: &str, mode| Change::Mode { path: path(at), mode };
    let changed = change(&session, vec![mode("F/a.txt", 0o000), mode("F/box", 0o1700), mode("F/b.txt", 0o644)]).await;
    assert_eq!((changed.made, changed.otherwise), (2, vec![]), "the last is so already");
    let now = |name: &str| fs::metadata(world.folder.join(name)).unwrap().mode() & 0o7777;
    assert_eq!((now("a.txt"), now("box"), now("b.txt")), (0, 0o1700, 0o644));
    assert!(refused(&session, mode("F/link", 0o600)).await.contains("link"));
    let error = session.files(a_call()).change(vec![mode("F/a.txt", 0o4000)], Watch::nothing()).await.unwrap_err();
    assert_eq!(error.kind, Kind::InvalidInput);
    drop(session);
    fs::remove_file(world.folder.join("link")).unwrap();
    let report = world.undo(None).await.unwrap();
    assert_eq!((report.undone, report.kept), (2, vec![]));
    let after = tree(&world.folder);
    assert!(before.iter().skip(1).eq(after.iter().skip(1)), "all but the folder's own time, which a person changed");
}
