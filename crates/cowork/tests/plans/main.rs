//! Random plans of every change by several tasks, with random kills, people between them, and random undo: the model of the
//! files in this test and the real tree agree whenever all rests.
//!
//! The model says what each change must come to; undo is held to its promise: what nobody touched since is as it was, to
//! the byte, the permissions and the time; of what others made nothing is lost; what is not given back is named.
//!
//! A small dose by default. `COWORK_SOAK_RUNS` and `COWORK_SOAK_SEED` make it a campaign (`cargo xtask soak plans`).
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::cast_possible_truncation,
    reason = "a test says so by failing"
)]

mod chance;
mod life;
mod model;

use std::{
    collections::BTreeSet,
    env, fs,
    path::PathBuf,
    time::{Duration, UNIX_EPOCH},
};

use chance::{Chance, FOLDERS};
use cowork::{Status, Task, Undo, UndoReport};
use life::{Deed, Plan, die, live, outcomes};
use model::{Aside, Came, Op, Tree, apply, differences, is_within, parent, read, related};

#[test]
fn whatever_is_planned_killed_and_undone_the_files_are_as_the_model_says() {
    let set = |name: &str, default: u64| env::var(name).map_or(default, |v| v.parse().unwrap());
    let (runs, seed) = (set("COWORK_SOAK_RUNS", 14), set("COWORK_SOAK_SEED", 1));
    let (mut kills, mut undone, mut kept) = (0, 0, 0);
    for run in 0..runs {
        let world = World::new(seed.wrapping_mul(1_000_003).wrapping_add(run), format!("seed {seed} run {run}"));
        let told = world.live();
        println!("{}: {} deeds, {} kills, {} undos, {} kept", told.name, told.deeds, told.kills, told.undos, told.kept);
        kills += told.kills;
        undone += told.undos;
        kept += told.kept;
    }
    println!("{runs} lives: {kills} kills, {undone} undos, {kept} things kept and named");
    assert!(kills > 0 && undone > 0 && kept > 0, "the dose is too small to tell anything");
}

/// What came of a life, for whoever reads along.
#[derive(Default)]
struct Told {
    name: String,
    deeds: usize,
    kills: usize,
    undos: usize,
    kept: usize,
    /// What happened, in order: shown when a life goes wrong.
    story: Vec<String>,
}

/// A task that ran.
struct Did {
    label: String,
    folder: &'static str,
    /// The folder as it was before.
    before: Tree,
    touched: BTreeSet<String>,
    /// Of these what it was told to touch, and never lay in a folder that it moved.
    told: BTreeSet<String>,
    /// What each call touched.
    calls: Vec<BTreeSet<String>>,
    /// The contents that it wrote.
    wrote: BTreeSet<Vec<u8>>,
    /// What others touched in the folder after it, by whom.
    since: Vec<(String, BTreeSet<String>)>,
    /// What was given back by now: what becomes of that later is not this task's.
    returned: BTreeSet<String>,
    undone: bool,
    /// Whether an undo of it left things: from then on only the weak promises are told of it.
    tangled: bool,
}

impl Did {
    fn is_back(&self, path: &String, real: &Tree) -> bool {
        self.returned.contains(path)
            || match (self.before.get(path), real.get(path)) {
                (Some(before), Some(now)) => before.is_folder == now.is_folder && before.content == now.content,
                (None, None) => true,
                _ => false,
            }
    }
}

struct World {
    dir: tempfile::TempDir,
    chance: Chance,
    tree: Tree,
    first: Tree,
    tasks: Vec<Did>,
    /// Folders in which tasks were given back out of order.
    untimed: BTreeSet<String>,
    people: bool,
    told: Told,
}

impl World {
    fn new(seed: u64, name: String) -> Self {
        let dir = tempfile::tempdir().unwrap();
        for folder in FOLDERS {
            for at in ["a", "c", "dir/a", "dir/sub/c"] {
                let path = dir.path().join(folder).join(at);
                fs::create_dir_all(path.parent().unwrap()).unwrap();
                fs::write(&path, format!("first {folder}/{at}, and a few words more")).unwrap();
            }
        }
        age(
            &dir,
            &["Desk/a", "Desk/dir/sub", "Desk/dir", "Desk", "Shelf/dir/sub/c", "Shelf/dir/sub", "Shelf/dir", "Shelf"],
        );
        let tree = read(dir.path(), &FOLDERS);
        let mut chance = Chance(seed);
        let people = chance.below(3) == 0;
        let told = Told { name, ..Told::default() };
        Self { first: tree.clone(), dir, chance, tree, tasks: Vec::new(), untimed: BTreeSet::new(), people, told }
    }

    fn live(mut self) -> Told {
        for _ in 0..4 + self.chance.below(5) {
            self.told.deeds += 1;
            let can_undo = self.tasks.iter().any(|t| !t.undone);
            match self.chance.below(if self.people { 4 } else { 3 }) {
                0 if can_undo => self.undo_some(),
                3 => self.person(),
                _ => self.run(),
            }
        }
        self.undo_all();
        self.told
    }

    /// One task, or two at once in different folders.
    fn run(&mut self) {
        let both = self.chance.below(3) == 0;
        let first = self.chance.below(2) as usize;
        let folders = if both { vec![FOLDERS[0], FOLDERS[1]] } else { vec![FOLDERS[first]] };
        let plans: Vec<Plan> = folders.iter().map(|folder| self.plan(folder)).collect();
        let deed = Deed::Run(plans.clone());
        let tasks = self.done(&deed);
        let before = self.tree.clone();
        for ((plan, task), folder) in plans.iter().zip(&tasks).zip(folders) {
            assert_eq!(task.status(), Status::Done, "{}\n{:?}", self.story(), task.result);
            let did = self.follow(plan, task, folder, &before);
            self.touched_by(&plan.label, &did.touched);
            self.tasks.push(did);
        }
        self.rest();
    }

    fn plan(&mut self, folder: &str) -> Plan {
        let label = format!("task {} in {folder}", self.tasks.len() + self.told.deeds * 100);
        let calls = 1 + self.chance.below(3);
        let calls = (0..calls).map(|n| self.chance.ops(folder, &self.tree, &format!("{label}, call {n}"))).collect();
        Plan { label, folder: folder.to_owned(), calls }
    }

    /// Does in the model what the task is said to have done.
    fn follow(&mut self, plan: &Plan, task: &Task, folder: &'static str, before: &Tree) -> Did {
        let before = before.iter().filter(|(p, _)| is_within(p, folder)).map(|(p, n)| (p.clone(), n.clone())).collect();
        let (mut aside, mut calls, mut wrote) = (Aside::default(), Vec::new(), BTreeSet::new());
        let (mut told, mut carried) = (BTreeSet::new(), BTreeSet::new());
        for (ops, changed) in plan.calls.iter().zip(outcomes(task)) {
            let mut touched = BTreeSet::new();
            for (i, op) in ops.iter().enumerate() {
                let otherwise = changed.otherwise.iter().find(|o| o.index == i as u64);
                let came = match otherwise.map(|o| (&o.renamed, &o.reason)) {
                    None => Came::AsAsked,
                    Some((Some(to), _)) => Came::Renamed(to.to_string()),
                    Some((None, why)) => Came::LeftOut(why.clone()),
                };
                match apply(&mut self.tree, &mut aside, op, &came) {
                    Ok(paths) => {
                        let named = op.paths(&came);
                        carried.extend(paths.iter().filter(|p| !named.contains(p)).cloned());
                        told.extend(named.into_iter().filter(|p| paths.contains(p)));
                        touched.extend(paths);
                    }
                    Err(why) => panic!("{}\n{why}\n{changed:?}", self.story()),
                }
                if matches!(op, Op::Write { .. } | Op::Edit { .. } | Op::Copy { .. }) {
                    wrote.extend(touched.iter().filter_map(|p| self.tree.get(p)).map(|n| n.content.clone()));
                }
            }
            calls.push(touched);
        }
        let touched = calls.iter().flatten().cloned().collect();
        told.retain(|path| !carried.contains(path));
        let (since, label) = (Vec::new(), plan.label.clone());
        let returned = BTreeSet::new();
        Did { label, folder, before, touched, told, calls, wrote, since, returned, undone: false, tangled: false }
    }

    /// A person writes, moves or removes something, as they like.
    fn person(&mut self) {
        let folder = FOLDERS[self.chance.below(2) as usize];
        let op = self.chance.persons(folder, &self.tree, &format!("person {}", self.told.deeds));
        self.told.story.push(format!("a person: {op:?}"));
        let at = |p: &str| self.dir.path().join(p);
        let done = match &op {
            Op::Write { path, text, .. } => fs::write(at(path), text).is_ok(),
            Op::Move { from, to, .. } => !at(to).exists() && fs::rename(at(from), at(to)).is_ok(),
            Op::SetAside { path } => fs::remove_file(at(path)).or_else(|_| fs::remove_dir_all(at(path))).is_ok(),
            _ => false,
        };
        if done {
            let paths = apply(&mut self.tree, &mut Aside::default(), &op, &Came::AsAsked).unwrap();
            self.touched_by("a person", &paths);
        }
        self.rest();
    }

    fn undo_some(&mut self) {
        let open: Vec<usize> = (0..self.tasks.len()).filter(|n| !self.tasks[*n].undone).collect();
        let at = open[self.chance.below(open.len() as u64) as usize];
        let did = &self.tasks[at];
        let (mut paths, mut calls) = (Vec::new(), Vec::new());
        match self.chance.below(5) {
            0 => paths.extend(did.touched.iter().nth(self.chance.below(did.touched.len() as u64) as usize).cloned()),
            1 => calls.push(self.chance.below(did.calls.len() as u64) as usize),
            _ => {}
        }
        self.undo(at, &paths, &calls);
    }

    fn undo(&mut self, at: usize, paths: &[String], calls: &[usize]) {
        self.told.undos += 1;
        let label = self.tasks[at].label.clone();
        let deed = Deed::Undo { label: label.clone(), paths: paths.to_vec(), calls: calls.to_vec() };
        let task = self.done(&deed).remove(0);
        let Undo::Done(report) = &task.undo else { panic!("{}\n{:?}", self.story(), task.undo) };
        self.told.kept += report.kept.len();
        let real = read(self.dir.path(), &FOLDERS);
        let did = &self.tasks[at];
        let since: BTreeSet<&String> = did.since.iter().flat_map(|(_, paths)| paths).collect();
        let clear = !did.tangled && !did.touched.iter().any(|t| since.iter().any(|s| related(t, s)));
        let whole = paths.is_empty() && calls.is_empty();
        self.nothing_lost(did, whole, &real);
        if whole && clear {
            self.all_back(did, report, &real, &task);
        } else if whole {
            self.named(did, report, &real);
        } else if clear {
            self.part_back(did, paths, report, &real);
        }
        assert_eq!(task.status() == Status::Undone, report.left == 0, "{}\n{report:?}", self.story());
        let gone_back = whole && clear;
        let (undone, touched) = (report.left == 0, did.touched.clone());
        let did = &mut self.tasks[at];
        did.returned = touched.iter().filter(|p| did.is_back(p, &real)).cloned().collect();
        did.undone = undone;
        did.tangled |= !clear;
        self.out_of_order(at);
        if gone_back {
            self.tasks.iter_mut().for_each(|t| t.since.retain(|(who, _)| *who != label));
        } else {
            self.touched_by(&format!("undo of {label}"), &touched);
        }
        self.tree = real;
    }

    /// Given back under a later task which did something in the same folder: that folder's time is the later one's to give back,
    /// and what that knows of is the time that this one left.
    fn out_of_order(&mut self, at: usize) {
        let folders = |did: &Did| -> BTreeSet<String> {
            did.touched.iter().filter_map(|p| parent(p)).map(str::to_owned).collect()
        };
        let mine = folders(&self.tasks[at]);
        let later = self.tasks[at + 1..].iter().filter(|t| !t.undone).flat_map(folders).filter(|f| mine.contains(f));
        let later: Vec<String> = later.collect();
        for folder in &later {
            self.first.entry(folder.clone()).and_modify(|n| n.time = None);
        }
        self.untimed.extend(later);
    }

    /// Nobody touched what the task touched: all of it is as before, and all else as it was.
    fn all_back(&self, did: &Did, report: &UndoReport, real: &Tree, task: &Task) {
        let mut expected = self.tree.clone();
        for path in &did.touched {
            match did.before.get(path) {
                Some(node) => drop(expected.insert(path.clone(), node.clone())),
                None => drop(expected.remove(path)),
            }
            if let Some(folder) = parent(path) {
                let others =
                    did.since.iter().flat_map(|(_, paths)| paths).any(|p| parent(p) == Some(folder) || p == folder);
                let time =
                    did.before.get(folder).and_then(|n| n.time).filter(|_| !others && !self.untimed.contains(folder));
                expected.entry(folder.to_owned()).and_modify(|n| n.time = time);
            }
        }
        let wrong = differences(&expected, real);
        assert!(wrong.is_empty(), "{}\nnot given back: {wrong:#?}\n{report:?}", self.story());
        assert!(report.kept.is_empty() && task.status() == Status::Undone, "{}\n{report:?}", self.story());
    }

    /// What is not as it was before is named, and counted as still standing.
    fn named(&self, did: &Did, report: &UndoReport, real: &Tree) {
        let stands: Vec<&String> = did.told.iter().filter(|p| !did.is_back(p, real)).collect();
        let named = !report.kept.is_empty() && report.left > 0;
        assert!(stands.is_empty() || named, "{}\nneither back nor named: {stands:?}\n{report:?}", self.story());
    }

    /// What was at these paths is as before; what the task never touched is as it was.
    fn part_back(&self, did: &Did, paths: &[String], report: &UndoReport, real: &Tree) {
        for (path, node) in &self.tree {
            let same = real.get(path).is_some_and(|r| r.content == node.content && r.mode == node.mode);
            assert!(same || did.touched.contains(path), "{}\n`{path}` is none of the task's", self.story());
        }
        let wanted = did.touched.iter().filter(|t| paths.iter().any(|p| is_within(t, p)));
        for path in wanted {
            let (was, is) = (did.before.get(path), real.get(path));
            let same = was.map(|n| (&n.content, n.mode)) == is.map(|n| (&n.content, n.mode));
            assert!(same, "{}\n`{path}` was asked back, was {was:?} and is {is:?}\n{report:?}", self.story());
        }
    }

    /// What others wrote, and was there, is there still. Undo of a part may set aside again what the task had restored.
    fn nothing_lost(&self, did: &Did, whole: bool, real: &Tree) {
        let there: BTreeSet<&Vec<u8>> = real.values().map(|n| &n.content).collect();
        for (path, node) in &self.tree {
            let aside =
                !whole && did.told.contains(path) && did.before.get(path).is_some_and(|n| n.content == node.content);
            let theirs = !did.wrote.contains(&node.content) && !aside;
            assert!(!theirs || there.contains(&node.content), "{}\n`{path}` is lost: {node:?}", self.story());
        }
    }

    /// In the end all is given back, the newest first. Without people and tangles nobody could tell that anything had been.
    fn undo_all(&mut self) {
        for at in (0..self.tasks.len()).rev() {
            if !self.tasks[at].undone {
                self.undo(at, &[], &[]);
            }
        }
        if !self.people && self.tasks.iter().all(|t| !t.tangled) {
            let wrong = differences(&self.first, &self.tree);
            assert!(wrong.is_empty(), "{}\nnot as in the beginning: {wrong:#?}", self.story());
        }
    }

    /// Does it to its end, after up to two processes died of it.
    fn done(&mut self, deed: &Deed) -> Vec<Task> {
        self.told.story.push(format!("{deed:?}"));
        for _ in 0..self.chance.below(3).saturating_sub(self.chance.below(2)) {
            let dies = self.chance.below(48) as usize;
            if die(self.dir.path(), deed, dies) {
                self.told.kills += 1;
                self.told.story.push(format!("… killed before step {dies}"));
            }
        }
        live(self.dir.path(), deed)
    }

    fn touched_by(&mut self, who: &str, paths: &BTreeSet<String>) {
        for did in self.tasks.iter_mut().filter(|t| t.label != who && !who.ends_with(&t.label)) {
            let here: BTreeSet<String> = paths.iter().filter(|p| is_within(p, did.folder)).cloned().collect();
            if !here.is_empty() {
                did.since.push((who.to_owned(), here));
            }
        }
    }

    /// The model and the disk agree; what the model left open is as the disk has it.
    fn rest(&mut self) {
        let real = read(self.dir.path(), &FOLDERS);
        let wrong = differences(&self.tree, &real);
        assert!(wrong.is_empty(), "{}\n{wrong:#?}", self.story());
        self.tree = real;
    }

    fn story(&self) -> String {
        format!("{}:\n  {}", self.told.name, self.told.story.join("\n  "))
    }
}

fn age(dir: &tempfile::TempDir, paths: &[&str]) {
    for (n, path) in paths.iter().enumerate() {
        let path: PathBuf = dir.path().join(path);
        let time = UNIX_EPOCH + Duration::new(1_500_000_000 + n as u64, 123_456_789);
        fs::File::open(path).unwrap().set_modified(time).unwrap();
    }
}
