//! Watching a folder.

use std::{collections::BTreeSet, fs, io::Write, os::unix::fs::symlink};

use cowork_core::{Arrivals, FilePath, Kind};

use crate::{
    sandbox::{Bench, a_call, a_task, path},
    tell::soon,
};

/// Waits until all of these were told, and gives all that were.
async fn told(arrivals: &mut Box<dyn Arrivals>, awaited: &[&str]) -> BTreeSet<FilePath> {
    let mut told = BTreeSet::new();
    while !awaited.iter().all(|at| told.contains(&path(at))) {
        let paths = soon("a watch", arrivals.next()).await.expect("the folder is there");
        assert_eq!(paths.iter().collect::<BTreeSet<_>>().len(), paths.len(), "each path once: {paths:?}");
        told.extend(paths);
    }
    told
}

fn paths(texts: &[&str]) -> BTreeSet<FilePath> {
    texts.iter().map(|text| path(text)).collect()
}

/// Made, written, moved in and out, removed: each is told, from the moment that the watch was there.
pub async fn what_happens_in_a_watched_folder_is_told(bench: Bench) {
    ["in/old", "in/leaving", "in/deep/hidden", "coming"].iter().for_each(|name| bench.put(name, "x"));
    let session = bench.open(a_task()).await;
    let mut arrivals = session.files(a_call()).watch(path("F/in")).await.expect("it can be watched");
    let at = |name: &str| bench.folder.join(name);
    fs::write(at("in/first"), "1").expect("a person");
    assert_eq!(told(&mut arrivals, &["F/in/first"]).await, paths(&["F/in/first"]));
    fs::rename(at("coming"), at("in/came")).expect("a person");
    fs::rename(at("in/leaving"), at("left")).expect("a person");
    fs::remove_file(at("in/old")).expect("a person");
    fs::create_dir(at("in/folder")).expect("a person");
    symlink("nowhere", at("in/link")).expect("a person");
    fs::hard_link(at("left"), at("in/second name")).expect("a person");
    fs::write(at("in/deep/hidden"), "further down").expect("a person");
    fs::write(at("in/last"), "").expect("a person");
    let expected =
        ["F/in/came", "F/in/folder", "F/in/last", "F/in/leaving", "F/in/link", "F/in/old", "F/in/second name"];
    assert_eq!(told(&mut arrivals, &expected).await, paths(&expected));
}

/// A file is told of when whoever writes it has closed it.
pub async fn a_file_that_is_being_written_is_told_of_when_it_is_closed(bench: Bench) {
    let session = bench.open(a_task()).await;
    let mut arrivals = session.files(a_call()).watch(path("F")).await.expect("it can be watched");
    let mut writing = fs::File::create(bench.folder.join("slow")).expect("a person");
    writing.write_all(b"some").expect("a person");
    fs::write(bench.folder.join("quick"), "all").expect("a person");
    assert_eq!(told(&mut arrivals, &["F/quick"]).await, paths(&["F/quick"]));
    writing.write_all(b" more").expect("a person");
    drop(writing);
    assert_eq!(told(&mut arrivals, &["F/slow"]).await, paths(&["F/slow"]));
}

/// A dropped wait loses nothing; a watch whose folder is gone says so, and one of what is no folder never begins.
pub async fn a_watch_ends_with_its_folder(bench: Bench) {
    ["in/a", "moved/a"].iter().for_each(|name| bench.put(name, "x"));
    let session = bench.open(a_task()).await;
    let files = session.files(a_call());
    let mut arrivals = files.watch(path("F/in")).await.expect("it can be watched");
    crate::tell::begin_and_drop(arrivals.next()).await;
    fs::write(bench.folder.join("in/b"), "b").expect("a person");
    assert_eq!(told(&mut arrivals, &["F/in/b"]).await, paths(&["F/in/b"]));
    let mut moved = files.watch(path("F/moved")).await.expect("it can be watched");
    fs::remove_dir_all(bench.folder.join("in")).expect("a person");
    fs::rename(bench.folder.join("moved"), bench.folder.join("elsewhere")).expect("a person");
    for arrivals in [&mut arrivals, &mut moved] {
        let gone = loop {
            if let Err(error) = soon("the end of a watch", arrivals.next()).await {
                break error;
            }
        };
        assert_eq!(gone.kind, Kind::NotFound, "{gone:?}");
    }
    for (at, kind) in [("F/none", Kind::NotFound), ("G", Kind::NotAllowed), ("F/elsewhere/a", Kind::InvalidInput)] {
        assert_eq!(files.watch(path(at)).await.err().expect(at).kind, kind);
    }
    let (mut one, mut two) = (files.watch(path("F")).await.expect("one"), files.watch(path("F")).await.expect("two"));
    fs::write(bench.folder.join("c"), "c").expect("a person");
    assert_eq!(told(&mut one, &["F/c"]).await, told(&mut two, &["F/c"]).await);
}
