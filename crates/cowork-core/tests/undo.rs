//! Stories about giving back: all of it, a part, the rest; and what can't be given back any more.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a story that goes wrong ends")]

mod stage;

use std::{
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU32, Ordering::Relaxed},
    },
    time::Duration,
};

use cowork_core::{
    CallId, ChangeSet, Command, Draft, Effects, Engine, EngineParts, Error, Event, FilePath, Finding, Folder, Keep,
    Kept, Kind, Mode, Proposal, Reclaimed, Result, Sandbox, Session, SessionSpec, Status, Submit, Task, TaskId, Undo,
    UndoMode, UndoReport, UndoSpec, async_trait,
};
use cowork_testkit::{MemorySession, ProbeTool, ScriptedPlanner};
use serde_json::json;
use stage::Stage;

/// Gives back what it is told to, of three changes that every task made; and, once it is told to, lets go of every journal
/// that may go.
#[derive(Default)]
struct Ledger {
    lets_go: AtomicBool,
    given_back: Mutex<Vec<FilePath>>,
    asked: Mutex<Vec<UndoSpec>>,
    kept: Mutex<Option<Keep>>,
    ended: Mutex<Vec<TaskId>>,
    /// How often another task is still at work in the folders.
    busy: AtomicU32,
    /// How much undo keeps.
    keeps: usize,
}

const CHANGED: [&str; 3] = ["Desk/a", "Desk/in/b", "Desk/in/c"];

#[async_trait]
impl Sandbox for Ledger {
    async fn open(&self, spec: SessionSpec) -> Result<Arc<dyn Session>> {
        self.ended.lock().unwrap_or_else(PoisonError::into_inner).push(spec.task);
        Ok(MemorySession::granting(spec.folders, &[]))
    }

    async fn undo(&self, _: TaskId, spec: UndoSpec) -> Result<UndoReport> {
        self.asked.lock().unwrap().push(spec.clone());
        let minus_one = |left: u32| left.checked_sub(1);
        if spec.mode == UndoMode::Act && self.busy.fetch_update(Relaxed, Relaxed, minus_one).is_ok() {
            return Err(Error::new(Kind::Busy, "open folder", "another task is working in the folder"));
        }
        let mut given = self.given_back.lock().unwrap();
        let wanted = CHANGED.iter().map(|p| FilePath::parse(p).unwrap());
        let wanted = wanted.filter(|p| spec.paths.is_empty() || spec.paths.iter().any(|of| p.is_within(of)));
        let (old, new): (Vec<FilePath>, Vec<FilePath>) = wanted.partition(|p| given.contains(p));
        let after = given.len() + new.len();
        if spec.mode == UndoMode::Act {
            given.extend(new.iter().cloned());
        }
        let (undone, already, left) = (new.len() as u64, old.len() as u64, (CHANGED.len() - after) as u64);
        let kept =
            vec![Kept { path: FilePath::parse("Desk/a").unwrap(), reason: "changed".into(), was: None }; self.keeps];
        Ok(UndoReport { undone, already, left, kept, examples: new, ..UndoReport::default() })
    }

    async fn changes(&self, _: TaskId) -> Result<ChangeSet> {
        Ok(ChangeSet { changes: Vec::new(), bytes_kept: 7 })
    }

    async fn reclaim(&self, keep: Keep) -> Result<Reclaimed> {
        let mut tasks = Vec::new();
        let mut trouble = None;
        if self.lets_go.load(Relaxed) {
            tasks = std::mem::take(&mut *self.ended.lock().unwrap());
            tasks.retain(|t| !keep.unfinished.contains(t));
            trouble = Some(Error::new(Kind::Unavailable, "reclaim", "one of them can't be reached"));
        }
        *self.kept.lock().unwrap() = Some(keep);
        Ok(Reclaimed { tasks, bytes: 1, trouble })
    }

    async fn check(&self, _: u64) -> Vec<Finding> {
        Vec::new()
    }
}

fn parts(stage: &Stage, sandbox: &Arc<Ledger>) -> EngineParts {
    let tidy = ProbeTool::new("tidy", Effects::changes([FilePath::parse("Desk").unwrap()]));
    let planner = ScriptedPlanner::list([Proposal::call("tidy", json!({}))]);
    EngineParts { sandbox: Some(sandbox.clone()), ..stage.parts(planner, &[tidy]) }
}

async fn tidied(stage: &Stage, engine: &Engine, mode: Mode) -> Task {
    let mut submit = Submit { mode, ..Submit::new("tidy up") };
    let access = cowork_core::Access::Write;
    submit.folders.push(Folder { name: "Desk".into(), at: "/desk".into(), access, whole: false });
    let task = stage.submit(engine, submit).await;
    engine.settled(task).await.unwrap()
}

fn part(path: &str) -> Command {
    Command::Undo { paths: vec![FilePath::parse(path).unwrap()], calls: Vec::new() }
}

async fn told(stage: &Stage, engine: &Engine, task: TaskId, command: Command) -> Task {
    stage.send(engine, task, command).await;
    engine.settled(task).await.unwrap()
}

#[tokio::test]
async fn a_part_is_given_back_then_the_rest_and_only_then_the_task_is_undone() {
    let (stage, ledger) = (Stage::new(), Arc::<Ledger>::default());
    let engine = Engine::start(parts(&stage, &ledger));
    let task = tidied(&stage, &engine, Mode::Auto).await;
    let id = task.id;
    assert_eq!((task.status(), task.journalled), (Status::Done, true));

    let spec = UndoSpec { mode: UndoMode::Act, paths: vec![FilePath::parse("Desk/in").unwrap()], calls: Vec::new() };
    let shown = engine.preview_undo(id, spec.clone()).await.unwrap();
    assert_eq!((shown.undone, shown.left), (2, 1));
    assert_eq!(ledger.given_back.lock().unwrap().len(), 0, "showing changes nothing, whatever the mode");
    assert_eq!(engine.changes(id).await.unwrap().bytes_kept, 7);

    let task = told(&stage, &engine, id, part("Desk/in")).await;
    assert_eq!(task.status(), Status::Done, "something of it stands");
    assert_eq!(ledger.asked.lock().unwrap().last(), Some(&spec));
    let task = told(&stage, &engine, id, part("Desk/in/b")).await;
    let Undo::Done(report) = &task.undo else { panic!("{:?}", task.undo) };
    assert_eq!((report.undone, report.already, report.left), (0, 1, 1));
    let task = told(&stage, &engine, id, Command::undo()).await;
    assert_eq!(task.status(), Status::Undone);
    assert_eq!(ledger.asked.lock().unwrap().last(), Some(&UndoSpec::all()));
    let kinds = |log: &[cowork_core::Record]| log.iter().filter(|r| r.event.kind() == "refused").count();
    assert_eq!(kinds(&stage.log().await), 0);
    told(&stage, &engine, id, Command::undo()).await;
    assert_eq!(kinds(&stage.log().await), 1, "there is nothing left to give back");
    engine.stop().await;
}

#[tokio::test]
async fn a_part_that_is_none_of_the_task_is_refused() {
    let (stage, ledger) = (Stage::new(), Arc::<Ledger>::default());
    let engine = Engine::start(parts(&stage, &ledger));
    let task = tidied(&stage, &engine, Mode::Auto).await;
    told(&stage, &engine, task.id, part("Shelf/a")).await;
    let foreign = Command::Undo { paths: Vec::new(), calls: vec![CallId::new(&*stage.runtime)] };
    let task = told(&stage, &engine, task.id, foreign).await;
    assert_eq!(task.undo, Undo::None);
    let refused: Vec<String> = stage.log().await.iter().filter_map(why_refused).collect();
    assert_eq!(
        refused,
        ["a path of what is to be undone is in none of the task's folders", "the task has no such call"]
    );
    assert!(ledger.asked.lock().unwrap().is_empty());
    engine.stop().await;
}

fn why_refused(record: &cowork_core::Record) -> Option<String> {
    match &*record.event.event().unwrap() {
        Event::Refused { error, .. } => Some(error.message.clone()),
        _ => None,
    }
}

#[tokio::test]
async fn parts_that_are_asked_for_at_once_are_given_back_one_after_the_other() {
    let (stage, ledger) = (Stage::new(), Arc::<Ledger>::default());
    let engine = Engine::start(parts(&stage, &ledger));
    let mut task = tidied(&stage, &engine, Mode::Auto).await;
    engine.stop().await;
    let mut take = |event: Event| {
        let draft = Draft::new(Some(task.id), cowork_core::Runtime::now(&*stage.runtime), event).unwrap();
        task.foresee(&draft).unwrap();
        task.clone()
    };
    let say = |command: Command| Event::Commanded {
        sender: "test".into(),
        id: cowork_core::CommandId::new(&*stage.runtime),
        command,
    };
    take(say(part("Desk/a")));
    take(say(part("Desk/in")));
    let asked = take(say(part("Desk/a")));
    let Undo::Wanted(wanted) = &asked.undo else { panic!("{:?}", asked.undo) };
    assert_eq!(wanted.len(), 2, "the same part is wanted once");
    let report = UndoReport { undone: 1, left: 2, ..UndoReport::default() };
    let next = take(Event::UndoFinished { report: report.clone() });
    assert_eq!(next.next(), cowork_core::Next::Undo(wanted[1].clone()));
    let last = take(Event::UndoFinished { report: UndoReport { left: 0, ..report } });
    assert_eq!((last.next(), last.status()), (cowork_core::Next::Nothing, Status::Undone));
}

#[tokio::test]
async fn undo_waits_for_a_task_that_is_at_work_in_the_folders_but_not_for_ever() {
    for (busy, undone) in [(3, true), (u32::MAX, false)] {
        let (stage, ledger) = (Stage::new(), Arc::new(Ledger { busy: AtomicU32::new(busy), ..Ledger::default() }));
        let engine = Engine::start(parts(&stage, &ledger));
        let task = tidied(&stage, &engine, Mode::Auto).await;
        let time_passes = async {
            loop {
                stage.runtime.advance(Duration::from_millis(100));
                tokio::task::yield_now().await;
            }
        };
        let task = tokio::select! {
            task = told(&stage, &engine, task.id, Command::undo()) => task,
            () = time_passes => continue,
        };
        match &task.undo {
            Undo::Done(report) => assert!(undone && report.undone == 3, "{report:?}"),
            Undo::Failed(error) => assert!(!undone && error.kind == Kind::Busy, "{error:?}"),
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test]
async fn of_very_much_that_is_kept_the_log_names_a_part_and_counts_the_rest() {
    let (stage, ledger) = (Stage::new(), Arc::new(Ledger { keeps: 2500, ..Ledger::default() }));
    let engine = Engine::start(parts(&stage, &ledger));
    let task = tidied(&stage, &engine, Mode::Auto).await;
    assert_eq!(engine.preview_undo(task.id, UndoSpec::show()).await.unwrap().kept.len(), 2500, "this is not stored");
    let task = told(&stage, &engine, task.id, Command::undo()).await;
    let Undo::Done(report) = &task.undo else { panic!("{:?}", task.undo) };
    assert_eq!((report.kept.len(), report.unnamed, report.kept_in_all()), (1000, 1500, 2500));
}

#[test]
fn what_earlier_versions_wrote_means_all_of_it() {
    let command: Command = serde_json::from_str(r#"{"type":"undo"}"#).unwrap();
    assert_eq!(command, Command::undo());
    assert_eq!(serde_json::to_string(&command).unwrap(), r#"{"type":"undo"}"#);
    let started: Event = serde_json::from_str(r#"{"type":"undo_started"}"#).unwrap();
    assert_eq!(started, Event::UndoStarted { paths: Vec::new(), calls: Vec::new() });
    let report: UndoReport = serde_json::from_str(r#"{"undone":2,"already":0,"kept":[],"examples":[]}"#).unwrap();
    assert_eq!((report.left, report.unnamed), (0, 0));
}

#[tokio::test]
async fn a_journal_that_was_let_go_of_is_written_down_and_undo_says_so() {
    let (stage, ledger) = (Stage::new(), Arc::<Ledger>::default());
    let first = Engine::start(parts(&stage, &ledger));
    let undone = tidied(&stage, &first, Mode::Auto).await;
    told(&stage, &first, undone.id, Command::undo()).await;
    let ended = tidied(&stage, &first, Mode::Auto).await;
    let waiting = tidied(&stage, &first, Mode::Ask).await;
    assert_eq!(waiting.status(), Status::Waiting);
    first.stop().await;
    // As if it had written to its journal before it asked.
    ledger.ended.lock().unwrap().push(waiting.id);

    ledger.lets_go.store(true, Relaxed);
    *ledger.kept.lock().unwrap() = None;
    stage.runtime.advance(Duration::from_secs(60));
    let second = Engine::start(EngineParts { owner: "second".into(), ..parts(&stage, &ledger) });
    assert_eq!(second.preview_undo(ended.id, UndoSpec::show()).await.unwrap().already, 3);
    second.stop().await;
    assert_eq!(*ledger.kept.lock().unwrap(), None, "a process that ends no task lets nothing go");

    let engine = Engine::start(EngineParts { owner: "third".into(), ..parts(&stage, &ledger) });
    let last = tidied(&stage, &engine, Mode::Auto).await;
    engine.stop().await;
    let log = stage.log().await;
    let let_go: Vec<TaskId> =
        log.iter().filter(|r| r.event.kind() == "journal_reclaimed").map(|r| r.task.unwrap()).collect();
    assert_eq!(let_go, [undone.id, ended.id, last.id], "also where there was trouble with another");
    let engine = Engine::start(EngineParts { owner: "fourth".into(), ..parts(&stage, &ledger) });
    let keep = ledger.kept.lock().unwrap().clone().unwrap();
    assert_eq!(keep.unfinished, [waiting.id]);
    assert_eq!((keep.bytes, keep.age), (10 << 30, 30 * 24 * 60 * 60 * 1_000));
    assert_eq!(engine.task(undone.id).await.unwrap().status(), Status::Undone, "what was given back stays so");

    let task = told(&stage, &engine, ended.id, Command::undo()).await;
    assert_eq!((task.undo, task.result), (Undo::Reclaimed, ended.result));
    let refused: Vec<String> = stage.log().await.iter().filter_map(why_refused).collect();
    assert!(refused[0].contains("can't be undone any more"), "{refused:?}");
    engine.stop().await;
}
