//! A process that works on real files is killed at every step that the disk sees, before it and after it; another takes the
//! task up, and nobody could tell.
//!
//! The victim is this test program, started again with its orders in the environment. Its probe writes every step that was
//! taken into a file, so that what both processes did can be counted.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a story that goes wrong ends")]

use std::{
    collections::BTreeMap,
    env,
    fs::{self, OpenOptions},
    io::Write,
    os::unix::fs::{MetadataExt, PermissionsExt},
    path::{Path, PathBuf},
    process::Command as Process,
    sync::{Arc, Mutex},
};

use cowork::{
    Claim, Command, CommandId, Cowork, Effects, Envelope, Finish, Mode, Probe, Proposal, ProposedCall, Step, Submit,
    Subtask, Task, TaskId, ThreadId, TokioRuntime,
};
use cowork_testkit::{ProbeTool, ScriptedPlanner, probe::kill_myself};
use serde_json::json;

const ORDERS: &str = "COWORK_VICTIM";

/// Writes down every step that was taken, and kills its process at one of them.
struct Witness {
    notes: Mutex<(fs::File, usize)>,
    /// The step, from 0, and whether to die before it.
    dies: Option<(usize, bool)>,
}

impl Witness {
    fn new(notes: &Path, dies: Option<(usize, bool)>) -> Arc<Self> {
        let file = OpenOptions::new().create(true).append(true).open(notes).unwrap();
        Arc::new(Self { notes: Mutex::new((file, 0)), dies })
    }
}

impl Probe for Witness {
    fn before(&self, _: &Step) -> cowork::Result<()> {
        let notes = self.notes.lock().unwrap();
        if self.dies == Some((notes.1, true)) {
            kill_myself();
        }
        Ok(())
    }

    fn after(&self, step: &Step) {
        let mut notes = self.notes.lock().unwrap();
        let what = match step {
            Step::Rename(from, to) => format!("rename {from:?} {to:?}"),
            Step::Exchange(from, to) => format!("exchange {from:?} {to:?}"),
            other => other.name().to_owned(),
        };
        writeln!(notes.0, "{what}").unwrap();
        if self.dies == Some((notes.1, false)) {
            kill_myself();
        }
        notes.1 += 1;
    }
}

/// A desk with its own data folder beside it.
struct Desk {
    base: PathBuf,
    /// Removes it in the end; a victim has none, its folder is its parent's.
    _owned: Option<tempfile::TempDir>,
}

impl Desk {
    fn new() -> Self {
        let owned = tempfile::tempdir().unwrap();
        let base = owned.path().to_owned();
        let desk = base.join("Desk");
        fs::create_dir_all(desk.join("old")).unwrap();
        for (n, name) in ["a.pdf", "b.jpg", "c.zip", "d.txt", "e.unknown", "f.mp3", "old/g.txt"].iter().enumerate() {
            let path = desk.join(name);
            fs::write(&path, format!("content of {name}").repeat(n + 1)).unwrap();
            fs::set_permissions(&path, fs::Permissions::from_mode(0o600 + u32::try_from(n).unwrap() * 0o10)).unwrap();
            set_time(&path, 1_700_000_000 + n as u64);
        }
        set_time(&desk.join("old"), 1_600_000_000);
        set_time(&desk, 1_600_000_001);
        Self { base, _owned: Some(owned) }
    }

    fn at(&self, name: &str) -> PathBuf {
        self.base.join(name)
    }

    fn notes(&self) -> Vec<String> {
        fs::read_to_string(self.at("notes")).unwrap().lines().map(str::to_owned).collect()
    }

    /// Gives what is there: contents, permissions and times, by name. Without `all_times`, folders and what the task itself
    /// wrote have none: they are as old as the run.
    fn tree(&self, all_times: bool) -> BTreeMap<PathBuf, (u32, (i64, i64), String)> {
        let mut tree = BTreeMap::new();
        let mut todo = vec![self.at("Desk")];
        while let Some(at) = todo.pop() {
            let meta = fs::symlink_metadata(&at).unwrap();
            let content = if meta.is_dir() { String::new() } else { fs::read_to_string(&at).unwrap() };
            let of_the_run = meta.is_dir() || meta.mtime() > 1_750_000_000;
            let time = if of_the_run && !all_times { (0, 0) } else { (meta.mtime(), meta.mtime_nsec()) };
            if meta.is_dir() {
                todo.extend(fs::read_dir(&at).unwrap().map(|e| e.unwrap().path()));
            }
            tree.insert(at.strip_prefix(&self.base).unwrap().to_owned(), (meta.mode(), time, content));
        }
        tree
    }
}

fn set_time(path: &Path, seconds: u64) {
    let time = std::time::UNIX_EPOCH + std::time::Duration::new(seconds, 123_456_789);
    fs::File::open(path).unwrap().set_modified(time).unwrap();
}

/// Does one of every change that there is.
fn mixed() -> ScriptedPlanner {
    let move_ = |from: &str, to: &str| json!({ "from": format!("Desk/{from}"), "to": format!("Desk/{to}") });
    ScriptedPlanner::list([
        Proposal::call("list_folder", json!({ "path": "Desk" })),
        Proposal::call(
            "move_files",
            json!({ "moves": [move_("a.pdf", "new/a.pdf"), move_("b.jpg", "new/deep/b.jpg")] }),
        ),
        Proposal::call(
            "write_file",
            json!({ "path": "Desk/d.txt", "text": "new words", "if_exists": "replace", "even_unread": true }),
        ),
        Proposal::call("write_file", json!({ "path": "Desk/fresh.txt", "text": "all new" })),
        Proposal::call("copy_files", json!({ "copies": [move_("c.zip", "new/c.zip")] })),
        Proposal::call("set_aside", json!({ "paths": ["Desk/e.unknown", "Desk/old"] })),
        Proposal::call("move_files", json!({ "moves": [move_("f.mp3", "new/a.pdf")], "if_taken": "number" })),
    ])
}

/// Has two sub-tasks work in the one folder, side by side.
fn parts() -> ScriptedPlanner {
    let part = |text: &str| ProposedCall { tool: "hand".into(), args: json!({ "title": text, "text": text }) };
    let write = |name: &str| Proposal::call("write_file", json!({ "path": format!("Desk/{name}"), "text": "all new" }));
    let move_ = |from: &str, to: &str| {
        let moves = json!([{ "from": format!("Desk/{from}"), "to": format!("Desk/{to}") }]);
        Proposal::call("move_files", json!({ "moves": moves }))
    };
    let left = [move_("a.pdf", "new/a.pdf"), write("left.txt"), move_("f.mp3", "new/f.mp3")];
    let right = [
        move_("b.jpg", "new/b.jpg"),
        Proposal::call("set_aside", json!({ "paths": ["Desk/e.unknown", "Desk/old"] })),
        write("right.txt"),
    ];
    ScriptedPlanner::new(move |view| {
        let turn = view.task.turns.len();
        let next = match view.task.submit.text.as_str() {
            "left" => left.get(turn).cloned(),
            "right" => right.get(turn).cloned(),
            _ if turn == 0 => Some(Proposal { calls: vec![part("left"), part("right")], ..Proposal::default() }),
            _ => None,
        };
        Ok(next.unwrap_or_else(|| Proposal::done("Done.")))
    })
}

/// A tool whose work is done by a sub-task.
fn hand() -> Arc<ProbeTool> {
    let effects = |args: &serde_json::Value| {
        let subtask: Subtask = serde_json::from_value(args.clone()).unwrap();
        Ok(Effects::delegates(subtask))
    };
    ProbeTool::with("hand", effects, |_| panic!("the engine starts sub-tasks"))
}

async fn open(desk: &Desk, story: &str, dies: Option<(usize, bool)>, claim: Claim) -> Cowork {
    let witness = Witness::new(&desk.at("notes"), dies);
    let builder = Cowork::builder().data_dir(desk.at("data")).probe(witness).claim(claim);
    let builder = match story {
        "mixed" => builder.planner(Arc::new(mixed())),
        "parts" => builder.planner(Arc::new(parts())).tool(hand()),
        _ => builder,
    };
    builder.build().await.unwrap()
}

fn submission(desk: &Desk) -> Submit {
    let mut submit = Submit::new("Organise these files by type");
    submit.folders.push(cowork::folder(desk.at("Desk")).unwrap());
    submit.mode = Mode::Auto;
    submit
}

async fn only_task(cowork: &Cowork) -> Option<TaskId> {
    cowork.tasks().await.unwrap().first().map(|t| t.task)
}

/// Works until the end, by itself or until it is killed.
async fn work(desk: &Desk, story: &str, dies: Option<(usize, bool)>) {
    let cowork = open(desk, story, dies, Claim::All).await;
    let task = match only_task(&cowork).await {
        Some(task) => task,
        None => cowork.submit(ThreadId::named("main"), "test", submission(desk)).await.unwrap(),
    };
    let ended = cowork.settled(task).await.unwrap();
    assert!(matches!(ended.result, Some(Finish::Done { .. })), "{:?}", ended.result);
    cowork.stop().await;
}

/// Gives everything back, by itself or until it is killed.
async fn undo(desk: &Desk, story: &str, dies: Option<(usize, bool)>) -> Task {
    let cowork = open(desk, story, dies, Claim::All).await;
    let task = only_task(&cowork).await.unwrap();
    let runtime = TokioRuntime::new(tokio::runtime::Handle::current());
    let command = Command::undo();
    let id = CommandId::new(&runtime);
    let envelope = Envelope { thread: ThreadId::named("main"), task, sender: "test".into(), id, command };
    cowork.send(envelope).await.unwrap();
    let undone = cowork.settled(task).await.unwrap();
    cowork.stop().await;
    undone
}

/// The victim's life, when this program is started as one.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn victim() {
    let Ok(orders) = env::var(ORDERS) else { return };
    let orders: Vec<&str> = orders.split('|').collect();
    let [base, story, what, step, when] = orders[..] else { panic!("{orders:?}") };
    let desk = Desk { base: base.into(), _owned: None };
    let dies = Some((step.parse().unwrap(), when == "before"));
    match what {
        "work" => work(&desk, story, dies).await,
        _ => drop(undo(&desk, story, dies).await),
    }
}

/// Starts a victim and says whether it was killed.
fn kill(desk: &Desk, story: &str, what: &str, step: usize, when: &str) -> bool {
    let orders = format!("{}|{story}|{what}|{step}|{when}", desk.base.display());
    let mut process = Process::new(env::current_exe().unwrap());
    let output = process.args(["--exact", "victim", "--nocapture"]).env(ORDERS, orders).output().unwrap();
    let killed = std::os::unix::process::ExitStatusExt::signal(&output.status) == Some(9);
    assert!(killed || output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    killed
}

fn run<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap().block_on(future)
}

/// Gives the renames of the person's files, sorted: each is an effect, and none may come twice.
fn effects(notes: &[String], desk: &Desk) -> Vec<String> {
    let base = format!("{:?}", desk.base);
    let base = base.trim_matches('"');
    let effect = |n: &&String| n.starts_with("rename") || n.starts_with("exchange");
    // The numbers of journal files may differ between runs; the person's own paths may not.
    let shown =
        |n: &String| n.split('"').filter(|p| p.contains("/Desk")).map(|p| p.replace(base, "")).collect::<Vec<_>>();
    let mut effects: Vec<String> = notes.iter().filter(effect).map(|n| shown(n).join(" -> ")).collect();
    effects.sort();
    effects
}

fn campaign(story: &str, every: usize) {
    let calm = Desk::new();
    let before = calm.tree(true);
    run(work(&calm, story, None));
    let steps = calm.notes().len();
    let (worked, did) = (calm.tree(false), effects(&calm.notes(), &calm));
    assert_ne!(calm.tree(true), before, "the story changes something");
    run(undo(&calm, story, None));
    let undo_steps = calm.notes().len() - steps;
    assert_eq!(calm.tree(true), before, "an undisturbed undo");

    let mut kills = 0;
    for step in (0..steps).step_by(every) {
        for when in ["before", "after"] {
            let desk = Desk::new();
            kills += usize::from(kill(&desk, story, "work", step, when));
            run(work(&desk, story, None));
            assert_eq!(desk.tree(false), worked, "killed {when} step {step}");
            assert_eq!(effects(&desk.notes(), &desk), did, "killed {when} step {step}: an effect came twice or never");
            run(undo(&desk, story, None));
            assert_eq!(desk.tree(true), before, "undone after a kill {when} step {step}");
        }
    }
    for step in (0..undo_steps).step_by(every) {
        let desk = Desk::new();
        run(work(&desk, story, None));
        kills += usize::from(kill(&desk, story, "undo", step, if step % 2 == 0 { "before" } else { "after" }));
        run(undo(&desk, story, None));
        assert_eq!(desk.tree(true), before, "undo killed at step {step}");
    }
    println!("{story}: {kills} kills at {steps} steps of work and {undo_steps} of undo");
    assert!(kills > (steps + undo_steps) / every);
}

#[test]
fn organising_survives_a_kill_at_every_step_and_so_does_its_undo() {
    campaign("organise", 1);
}

#[test]
fn one_of_every_change_survives_a_kill_at_every_step_and_so_does_its_undo() {
    campaign("mixed", 1);
}

#[test]
fn two_sub_tasks_in_one_folder_survive_kills_and_all_they_did_is_undone_together() {
    campaign("parts", 5);
}
