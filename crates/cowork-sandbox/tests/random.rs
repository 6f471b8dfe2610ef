//! Whatever a task and a person do by turns: after undo nothing of the person's is lost, and what nobody else touched is as
//! it was before.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test stops at what should not be")]

use std::{collections::HashSet, fs, os::unix::ffi::OsStrExt, path::Path};

use cowork_core::{
    Access, CallId, Change, Clash, Content, FilePath, Kept, Known, Sandbox, SessionSpec, Splice, UndoMode, UndoReport,
    UndoSpec, Watch, Write,
};
use cowork_sandbox::{LocalSandbox, LocalSandboxOptions};
use cowork_testkit::sandbox::{Tree, a_call, a_task, age_folders, grant, path, put, tree};
use proptest::{prelude::*, test_runner::RngSeed};

const NAMES: [&str; 8] = ["a", "b.txt", "c", "dir", "dir/a", "dir/b.txt", "dir/sub", "dir/sub/c"];

#[derive(Clone, Debug)]
enum Deed {
    Task(Vec<Change>),
    /// A person writes, moves or removes; the content is theirs alone.
    Writes(usize),
    Moves(usize, usize),
    Removes(usize),
    /// The program is started again.
    Restarts,
}

fn a_clash() -> impl Strategy<Value = Clash> {
    prop_oneof![Just(Clash::Skip), Just(Clash::Number)]
}

fn at(name: usize) -> FilePath {
    path(&format!("F/{}", NAMES[name]))
}

fn a_change() -> impl Strategy<Value = Change> {
    let name = 0..NAMES.len();
    let replacing = prop_oneof![a_clash(), Just(Clash::Replace)];
    prop_oneof![
        (name.clone(), replacing).prop_map(|(n, clash)| write(n, clash)),
        (name.clone(), name.clone(), a_clash()).prop_map(|(a, b, clash)| Change::Move {
            from: at(a),
            to: at(b),
            clash
        }),
        (name.clone(), name.clone(), a_clash()).prop_map(|(a, b, clash)| Change::Copy {
            from: at(a),
            to: at(b),
            clash
        }),
        name.clone().prop_map(|n| Change::set_aside(at(n))),
        name.clone().prop_map(|n| Change::Restore { path: at(n) }),
        name.clone().prop_map(edit),
        (name.clone(), prop_oneof![Just(0o600), Just(0o750), Just(0o711)])
            .prop_map(|(n, mode)| Change::Mode { path: at(n), mode }),
        name.prop_map(|n| Change::MakeFolder { path: at(n), mode: None }),
    ]
}

fn deeds(person: bool) -> impl Strategy<Value = Vec<Deed>> {
    let name = 0..NAMES.len();
    let task = prop::collection::vec(a_change(), 1..6).prop_map(Deed::Task);
    let deed = if person {
        prop_oneof![
            3 => task,
            1 => name.clone().prop_map(Deed::Writes),
            1 => (name.clone(), name.clone()).prop_map(|(a, b)| Deed::Moves(a, b)),
            1 => name.prop_map(Deed::Removes),
            1 => Just(Deed::Restarts),
        ]
        .boxed()
    } else {
        prop_oneof![4 => task, 1 => Just(Deed::Restarts)].boxed()
    };
    prop::collection::vec(deed, 1..10)
}

/// A part of the task to be given back first.
#[derive(Clone, Debug)]
enum Part {
    Of(usize),
    /// A call, by its place.
    Call(usize),
}

fn parts() -> impl Strategy<Value = Vec<Part>> {
    prop::collection::vec(prop_oneof![(0..NAMES.len()).prop_map(Part::Of), (0..8usize).prop_map(Part::Call)], 0..3)
}

fn spec(part: &Part, calls: &[CallId]) -> UndoSpec {
    match part {
        Part::Of(name) => UndoSpec { paths: vec![at(*name)], ..UndoSpec::all() },
        Part::Call(n) => UndoSpec { calls: calls.get(*n).into_iter().copied().collect(), ..UndoSpec::all() },
    }
}

/// Does it all, then undoes it. Gives the tree before and after, and what the person wrote and did not remove.
fn live(deeds: &[Deed], parts: &[Part]) -> (Tree, Tree, HashSet<Vec<u8>>, usize) {
    let disk = tempfile::tempdir().unwrap();
    let (folder, data) = (disk.path().join("granted"), disk.path().join("data"));
    ["a", "c", "dir/a", "dir/sub/c"].iter().for_each(|name| put(&folder.join(name), &format!("first {name}")));
    age_folders(&folder);
    let before = tree(&folder);
    let mut theirs: HashSet<_> = contents(&folder);
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let sandbox = LocalSandbox::open(LocalSandboxOptions { data, ..LocalSandboxOptions::default() });
    let (task, folders) = (a_task(), vec![grant("F", &folder, Access::Write)]);
    let opening = |resumed| SessionSpec { task, folders: folders.clone(), hosts: Vec::new(), resumed };
    let open = |resumed| runtime.block_on(sandbox.open(opening(resumed))).unwrap();
    let mut session = open(false);
    let mut calls = Vec::new();
    for (i, deed) in deeds.iter().enumerate() {
        match deed {
            Deed::Task(changes) => {
                calls.push(a_call());
                let files = session.files(calls[calls.len() - 1]);
                let changed = runtime.block_on(files.change(changes.clone(), Watch::nothing())).unwrap();
                assert!(changed.made + changed.otherwise.len() as u64 <= 2 * changes.len() as u64);
            }
            Deed::Restarts => {
                drop(session);
                session = open(true);
            }
            _ => a_person(deed, i, &folder, &mut theirs),
        }
        if by_a_person(deed) {
            // What the person took away themselves is not ours to bring back.
            let kept = contents(disk.path());
            theirs.retain(|content| kept.contains(content));
        }
    }
    drop(session);
    let undo = |spec: UndoSpec| {
        let shown = runtime.block_on(sandbox.undo(task, UndoSpec { mode: UndoMode::Show, ..spec.clone() })).unwrap();
        let report = runtime.block_on(sandbox.undo(task, spec)).unwrap();
        let say = |report: &UndoReport| (report.undone, report.kept.len(), report.left, report.already);
        assert_eq!(say(&shown), say(&report), "{shown:?}\n{report:?}");
        report
    };
    for part in parts.iter().map(|part| spec(part, &calls)).filter(UndoSpec::is_part) {
        let report = undo(part);
        // What a person did not touch is kept only where something else of the task is in the way.
        let others = |k: &&Kept| !k.reason.contains("went on with");
        assert!(deeds.iter().any(by_a_person) || !report.kept.iter().any(|k| others(&k)), "{report:?}");
    }
    let report = undo(UndoSpec::all());
    assert_eq!(report.left == 0, report.kept.is_empty(), "{report:?}");
    nothing_is_lost(disk.path(), &folder, &theirs);
    (before, tree(&folder), theirs, report.kept.len())
}

fn nothing_is_lost(disk: &Path, folder: &Path, theirs: &HashSet<Vec<u8>>) {
    let all = contents(disk);
    let lost = theirs.iter().filter(|content| !all.contains(*content)).count();
    let ours = tree(folder).keys().filter(|p| p.as_os_str().as_bytes().windows(7).any(|w| w == b".cowork")).count();
    assert_eq!((lost, ours), (0, 0), "lost, and of ours in the folder");
}

fn a_person(deed: &Deed, i: usize, folder: &Path, theirs: &mut HashSet<Vec<u8>>) {
    match deed {
        Deed::Writes(name) => {
            let content = format!("person {i}");
            if fs::write(folder.join(NAMES[*name]), &content).is_ok() {
                // Writing over a file takes what was there, as the person meant it.
                theirs.insert(content.into());
            }
        }
        Deed::Moves(a, b) => drop(fs::rename(folder.join(NAMES[*a]), folder.join(NAMES[*b]))),
        Deed::Removes(name) => {
            let path = folder.join(NAMES[*name]);
            let _ = fs::remove_file(&path).or_else(|_| fs::remove_dir_all(&path));
        }
        Deed::Task(_) | Deed::Restarts => {}
    }
}

fn by_a_person(deed: &Deed) -> bool {
    !matches!(deed, Deed::Task(_) | Deed::Restarts)
}

fn contents(folder: &Path) -> HashSet<Vec<u8>> {
    tree(folder)
        .into_values()
        .map(|node| node.content)
        .filter(|c| c.starts_with(b"first") || c.starts_with(b"person"))
        .collect()
}

/// Found by chance once: what was replaced is a file where the task had known a folder.
#[test]
fn a_file_where_a_folder_was_is_shown_as_it_is_undone() {
    let writes = |n, clash| Deed::Task(vec![write(n, clash)]);
    live(&[writes(5, Clash::Skip), Deed::Removes(3), Deed::Moves(2, 3), writes(3, Clash::Replace)], &[]);
}

fn edit(n: usize) -> Change {
    let splices = vec![Splice { at: 1, remove: 1, insert: b" edited ".to_vec() }];
    Change::Write(Write::new(at(n), Content::Edited(splices)).replacing(Known::Nothing))
}

fn write(n: usize, clash: Clash) -> Change {
    Change::Write(Write { clash, known: Known::Nothing, ..Write::new(at(n), b"task".to_vec()) })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, rng_seed: RngSeed::Fixed(2), failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_task_alone_is_undone_to_the_byte(deeds in deeds(false), parts in parts()) {
        let (before, after, _, kept) = live(&deeds, &parts);
        prop_assert_eq!(kept, 0);
        prop_assert_eq!(after, before);
    }

    #[test]
    fn beside_a_task_a_person_loses_nothing(deeds in deeds(true), parts in parts()) {
        live(&deeds, &parts);
    }
}
