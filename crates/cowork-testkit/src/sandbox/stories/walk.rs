//! Walking a tree.

use std::{
    collections::BTreeMap,
    ffi::OsStr,
    fs,
    os::unix::{
        ffi::{OsStrExt, OsStringExt},
        fs::symlink,
    },
    path::PathBuf,
    sync::{Arc, Mutex},
};

use cowork_core::{
    Access, CancellationToken, Error, FileKind, FilePath, Files, Handed, Kind, Part, Reader, Result, SessionSpec,
    Visitor, Walked, Watch,
};

use crate::sandbox::{Bench, a_call, a_task, path};

/// What a visitor was shown, in order.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Shown {
    Entered(FilePath),
    Part(FilePath, Vec<(FilePath, FileKind)>),
}

type Act = Box<dyn Fn(&dyn Part) -> Result<()> + Send + Sync>;

/// Goes into every folder whose name is not hidden, and notes all that it is shown.
struct Notes {
    shown: Mutex<Vec<Shown>>,
    act: Act,
}

impl Notes {
    fn new(act: impl Fn(&dyn Part) -> Result<()> + Send + Sync + 'static) -> Arc<Self> {
        Arc::new(Self { shown: Mutex::default(), act: Box::new(act) })
    }

    fn shown(&self) -> Vec<Shown> {
        self.shown.lock().expect("nobody stopped").clone()
    }

    fn entries(&self) -> Vec<(FilePath, FileKind)> {
        let entries = |shown| if let Shown::Part(_, entries) = shown { entries } else { Vec::new() };
        let mut all: Vec<_> = self.shown().into_iter().flat_map(entries).collect();
        all.sort_by(|a, b| a.0.cmp(&b.0));
        all
    }
}

impl Visitor for Notes {
    fn enter(&self, folder: &FilePath, above: &Handed, _: &dyn Reader) -> Result<Handed> {
        let handed = above.as_ref().and_then(|above| above.downcast_ref::<FilePath>());
        assert!(handed.is_none() || handed == folder.parent().as_ref(), "{folder} was handed {handed:?}");
        self.shown.lock().expect("nobody stopped").push(Shown::Entered(folder.clone()));
        Ok(Some(Arc::new(folder.clone())))
    }

    fn visit(&self, part: &dyn Part, handed: &Handed) -> Result<Vec<usize>> {
        let handed = handed.as_ref().and_then(|handed| handed.downcast_ref::<FilePath>());
        assert!(handed.is_none_or(|handed| handed == part.folder()), "{} was handed {handed:?}", part.folder());
        let entries = (0..part.len()).map(|i| (part.path(i), part.kind(i))).collect();
        self.shown.lock().expect("nobody stopped").push(Shown::Part(part.folder().clone(), entries));
        (self.act)(part)?;
        let into = |i: &usize| part.kind(*i) == FileKind::Folder && !part.name(*i).starts_with(b".");
        Ok((0..part.len()).filter(into).collect())
    }
}

async fn walk(files: &Arc<dyn Files>, from: &[&str], notes: &Arc<Notes>) -> Result<Walked> {
    files.walk(from.iter().map(|at| path(at)).collect(), notes.clone(), Watch::nothing()).await
}

/// A tree of 1,500 files, 1,200 of them in one folder, with names of any bytes.
fn grow(bench: &Bench) {
    (0..1200).for_each(|i| bench.put(&format!("many/file {i:04}"), "x"));
    (0..300).for_each(|i| bench.put(&format!("deep/{}/{}/f{i}", i % 7, i % 11), "x"));
    fs::create_dir(bench.folder.join("empty")).expect("a folder");
    for name in [&b"a\xff"[..], b"a\xfe", b"a\\xff", b"line\nbreak", &[b'x'; 255]] {
        fs::create_dir(bench.folder.join(OsStr::from_bytes(name))).expect("the file system takes it");
        fs::write(bench.folder.join(OsStr::from_bytes(name)).join("in"), name).expect("a file");
    }
}

/// Every entry once, in the parts of its own folder; a folder is entered after it was shown, and before what is in it.
pub async fn a_walk_shows_each_entry_once_and_a_folder_before_what_is_in_it(bench: Bench) {
    grow(&bench);
    let session = bench.open(a_task()).await;
    let notes = Notes::new(|_| Ok(()));
    let walked = walk(&session.files(a_call()), &["F"], &notes).await.expect("it can be walked");
    let mut expected: Vec<(FilePath, FileKind)> = Vec::new();
    for (at, node) in bench.tree().into_iter().filter(|(at, _)| *at != PathBuf::new()) {
        let names: Vec<Vec<u8>> = at.iter().map(|n| n.to_owned().into_vec()).collect();
        let kind = if node.mode & 0o170_000 == 0o040_000 { FileKind::Folder } else { FileKind::File };
        expected.push((path("F").join_all(names.iter().map(Vec::as_slice)), kind));
    }
    expected.sort_by(|a, b| a.0.cmp(&b.0));
    assert_eq!(notes.entries(), expected);
    assert_eq!(walked, Walked { entries: expected.len() as u64, ..Walked::default() });
    let (mut entered, mut seen) = (BTreeMap::new(), BTreeMap::from([(path("F"), 0)]));
    for (at, shown) in notes.shown().into_iter().enumerate() {
        match shown {
            Shown::Entered(folder) => {
                assert!(seen.contains_key(&folder), "{folder} was entered before it was shown");
                assert_eq!(entered.insert(folder, at), None, "entered once");
            }
            Shown::Part(folder, entries) => {
                assert!(entered.contains_key(&folder), "{folder} was shown before it was entered");
                assert!(entries.len() < 1200, "a large folder is shown in parts");
                assert!(entries.iter().all(|(at, _)| at.parent().as_ref() == Some(&folder)));
                seen.extend(entries.into_iter().map(|(path, _)| (path, at)));
            }
        }
    }
    assert!(notes.shown().contains(&Shown::Part(path("F/empty"), vec![])), "an empty folder is shown too");
}

/// What the visitor leaves out is named and not entered.
pub async fn a_walk_goes_only_where_the_visitor_says(bench: Bench) {
    ["a/b/c", "a/.git/d", ".e/f", "g"].iter().for_each(|name| bench.put(name, ""));
    let session = bench.open(a_task()).await;
    let notes = Notes::new(|_| Ok(()));
    walk(&session.files(a_call()), &["F"], &notes).await.expect("it can be walked");
    let names: Vec<String> = notes.entries().iter().map(|(path, _)| path.to_string()).collect();
    assert_eq!(names, ["F/.e", "F/a", "F/a/.git", "F/a/b", "F/a/b/c", "F/g"]);
}

/// Links are entries of their own, whatever they lead to; nothing behind one is shown or opened.
pub async fn a_walk_names_links_and_follows_none(bench: Bench) {
    bench.put("in/file", "mine");
    let up = bench.folder.parent().expect("it lies somewhere");
    crate::sandbox::put(&up.join("outside/secret"), "secret");
    symlink(up.join("outside"), bench.folder.join("folder link")).expect("a link");
    symlink(up.join("outside/secret"), bench.folder.join("in/file link")).expect("a link");
    symlink("..", bench.folder.join("in/loop")).expect("a link");
    let session = bench.open(a_task()).await;
    let files = session.files(a_call());
    let notes = Notes::new(|part| {
        for i in (0..part.len()).filter(|i| part.kind(*i) == FileKind::Link) {
            assert_eq!(part.stat(i)?.kind, FileKind::Link);
            assert_eq!(part.open(i).err().map(|e| e.kind), Some(Kind::InvalidInput), "{}", part.path(i));
        }
        Ok(())
    });
    let walked = walk(&files, &["F"], &notes).await.expect("it can be walked");
    let links = notes.entries().into_iter().filter(|(_, kind)| *kind == FileKind::Link);
    let links: Vec<String> = links.map(|(path, _)| path.to_string()).collect();
    assert_eq!(links, ["F/folder link", "F/in/file link", "F/in/loop"]);
    assert_eq!((walked.entries, walked.unreadable), (5, 0));
    let notes = Notes::new(|_| Ok(()));
    walk(&files, &["F/folder link"], &notes).await.expect("a link itself is no folder");
    assert_eq!(notes.entries(), [(path("F/folder link"), FileKind::Link)]);
    let behind = walk(&files, &["F/folder link/secret"], &notes).await.expect_err("behind a link");
    assert!(matches!(behind.kind, Kind::InvalidInput | Kind::NotFound), "{behind:?}");
}

/// Files come in the parts of their folders, folders with all that is in them; what is not there is an error at once.
pub async fn a_walk_begins_with_files_and_folders(bench: Bench) {
    ["a/1", "a/2", "a/3", "b/1", "c/d/1"].iter().for_each(|name| bench.put(name, ""));
    let session = bench.open(a_task()).await;
    let files = session.files(a_call());
    let notes = Notes::new(|_| Ok(()));
    walk(&files, &["F/a/3", "F/c", "F/b/1", "F/a/1"], &notes).await.expect("it can be walked");
    let names: Vec<String> = notes.entries().iter().map(|(path, _)| path.to_string()).collect();
    assert_eq!(names, ["F/a/1", "F/a/3", "F/b/1", "F/c/d", "F/c/d/1"]);
    let folders = notes.shown().into_iter().filter(|shown| matches!(shown, Shown::Part(f, _) if *f == path("F/a")));
    assert_eq!(folders.count(), 1, "the files of a folder come together");
    for (from, kind) in [("F/none", Kind::NotFound), ("G", Kind::NotAllowed), ("F/none/1", Kind::NotFound)] {
        let notes = Notes::new(|_| Ok(()));
        assert_eq!(walk(&files, &["F/a", from], &notes).await.expect_err(from).kind, kind);
        assert_eq!(notes.shown(), []);
    }
}

/// A folder granted for reading can be walked, and what is in it looked at and read.
pub async fn a_walk_reads_what_was_granted_for_reading(bench: Bench) {
    bench.put("a/one", "first");
    bench.put("b/two", "second");
    let spec =
        SessionSpec { task: a_task(), folders: vec![bench.grant(Access::Read)], hosts: Vec::new(), resumed: false };
    let session = bench.sandbox.open(spec).await.expect("it can be read");
    let files = session.files(a_call());
    let read = Arc::new(Mutex::new(BTreeMap::new()));
    let into = read.clone();
    let notes = Notes::new(move |part| {
        for i in (0..part.len()).filter(|i| part.kind(*i) == FileKind::File) {
            let file = part.open(i)?;
            assert_eq!(file.entry(), part.stat(i)?);
            assert_eq!(file.entry(), part.reader().stat(&part.path(i))?);
            let mut buffer = [0; 99];
            let from_one = file.read_at(&mut buffer, 1)?;
            let text = String::from_utf8_lossy(&buffer[..from_one]).into_owned();
            assert_eq!(part.reader().open(&part.path(i))?.read_at(&mut buffer, 0)?, from_one + 1);
            assert_eq!(file.read_at(&mut buffer, 99)?, 0, "nothing past the end");
            into.lock().expect("nobody stopped").insert(part.path(i).to_string(), text);
        }
        let folder = part.reader().open(part.folder()).err().map(|e| e.kind);
        assert_eq!(folder, Some(Kind::InvalidInput), "a folder is no file");
        let outside = part.reader().open(&path("G/x")).err().map(|e| e.kind);
        assert_eq!(outside, Some(Kind::NotAllowed));
        Ok(())
    });
    walk(&files, &["F"], &notes).await.expect("it can be walked");
    let read = read.lock().expect("nobody stopped").clone();
    assert_eq!(read, [("F/a/one".into(), "irst".into()), ("F/b/two".into(), "econd".into())].into());
}

/// What goes away while the walk is under way is counted, and the walk goes on.
pub async fn a_folder_that_vanishes_during_a_walk_is_counted(bench: Bench) {
    ["going/in/file", "staying/file"].iter().for_each(|name| bench.put(name, ""));
    let session = bench.open(a_task()).await;
    let at = bench.folder.clone();
    let notes = Notes::new(move |part| {
        if *part.folder() == path("F") {
            fs::remove_dir_all(at.join("going")).expect("a person removes it");
        }
        Ok(())
    });
    let walked = walk(&session.files(a_call()), &["F"], &notes).await.expect("it can be walked");
    assert_eq!(walked, Walked { entries: 3, unreadable: 1, examples: vec![path("F/going")], mounts: 0 });
    let names: Vec<String> = notes.entries().iter().map(|(path, _)| path.to_string()).collect();
    assert_eq!(names, ["F/going", "F/staying", "F/staying/file"]);
}

/// Cancelled in the middle, it says so, and shows no more.
pub async fn a_cancelled_walk_ends_between_two_parts(bench: Bench) {
    grow(&bench);
    let session = bench.open(a_task()).await;
    let files = session.files(a_call());
    let cancel = CancellationToken::new();
    let (stop, watch) = (cancel.clone(), Watch { cancel, ..Watch::nothing() });
    let notes = Notes::new(move |_| {
        stop.cancel();
        Ok(())
    });
    let error = files.walk(vec![path("F")], notes.clone(), watch.clone()).await.expect_err("it was stopped");
    assert_eq!(error.kind, Kind::Cancelled);
    assert!((1..1000).contains(&notes.entries().len()), "{}", notes.entries().len());
    let notes = Notes::new(|_| Ok(()));
    let error = files.walk(vec![path("F")], notes.clone(), watch).await.expect_err("it was stopped before");
    assert_eq!((error.kind, notes.shown()), (Kind::Cancelled, vec![]));
}

/// The first error of the visitor is the walk's, and a folder that there is not can't be gone into.
pub async fn a_visitors_error_ends_the_walk_and_is_its_result(bench: Bench) {
    grow(&bench);
    let session = bench.open(a_task()).await;
    let files = session.files(a_call());
    let error = Error::new(Kind::LimitExceeded, "look", "that is enough").with("file", "F/many");
    let expected = error.clone();
    let notes = Notes::new(move |part| if *part.folder() == path("F/many") { Err(error.clone()) } else { Ok(()) });
    assert_eq!(walk(&files, &["F"], &notes).await.expect_err("it was ended"), expected);
    assert!(notes.entries().len() < 1000, "{}", notes.entries().len());
}

/// It is told how far it is: how many entries were shown, and where.
pub async fn a_walk_says_how_far_it_is(bench: Bench) {
    grow(&bench);
    let session = bench.open(a_task()).await;
    let told = Arc::new(Mutex::new(Vec::new()));
    let into = told.clone();
    let progress = Arc::new(move |done: u64, _: u64, at: &str| {
        into.lock().expect("nobody stopped").push((done, at.to_owned()));
    });
    let watch = Watch { progress, ..Watch::nothing() };
    let walked = session.files(a_call()).walk(vec![path("F")], Notes::new(|_| Ok(())), watch).await;
    let told = told.lock().expect("nobody stopped").clone();
    assert_eq!(told.iter().map(|(done, _)| *done).max(), Some(walked.expect("it can be walked").entries));
    assert!(told.iter().any(|(_, at)| at == "F/many") && told.len() > 10, "{told:?}");
}
