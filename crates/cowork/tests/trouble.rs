//! What goes wrong around a task: it says so, and nothing of the person's is lost.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a story that goes wrong ends")]

use std::{collections::BTreeMap, fs, path::Path, sync::Arc};

use cowork::{
    Cowork, Effects, Error, FilePath, Finish, Kind, Mode, Outcome, Proposal, Status, Submit, Task, ThreadId, UndoSpec,
    sandbox::{LocalSandbox, LocalSandboxOptions},
};
use cowork_testkit::{ProbeTool, ScriptedPlanner, probe::FailAt};
use serde_json::json;

fn desk(base: &Path) -> std::path::PathBuf {
    let desk = base.join("Desk");
    fs::create_dir(&desk).unwrap();
    for name in ["a.pdf", "b.jpg", "c.zip", "d.txt"] {
        fs::write(desk.join(name), name).unwrap();
    }
    desk
}

fn tree(at: &Path) -> BTreeMap<String, String> {
    let entries = fs::read_dir(at).unwrap().map(|e| e.unwrap().path());
    let read = |path: std::path::PathBuf| (path.display().to_string(), fs::read_to_string(&path).unwrap_or_default());
    entries.map(read).collect()
}

fn organise(desk: &Path) -> Submit {
    let mut submit = Submit::new("Organise these files by type");
    submit.folders.push(cowork::folder(desk).unwrap());
    submit.mode = Mode::Auto;
    submit
}

async fn run(cowork: &Cowork, submit: Submit) -> Task {
    let task = cowork.submit(ThreadId::named("main"), "test", submit).await.unwrap();
    cowork.settled(task).await.unwrap()
}

fn failure(task: &Task) -> &Error {
    match &task.result {
        Some(Finish::Failed { error }) => error,
        other => panic!("{other:?} did not fail"),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_disk_that_fills_up_in_the_middle_leaves_the_files_as_they_were() {
    for (step, nth) in [("write", 3), ("sync_file", 2), ("rename", 1), ("rename", 3), ("make_folder", 4)] {
        let base = tempfile::tempdir().unwrap();
        let desk = desk(base.path());
        let before = tree(&desk);
        let full = FailAt::full(step, nth);
        let cowork = Cowork::builder().data_dir(base.path().join("data")).probe(full).build().await.unwrap();
        let task = run(&cowork, organise(&desk)).await;
        assert_eq!(failure(&task).kind, Kind::Full, "{step} {nth}: {:?}", failure(&task));
        assert_eq!(tree(&desk), before, "{step} {nth}");
        // The disk has room again.
        let task = run(&cowork, organise(&desk)).await;
        assert_eq!(task.status(), Status::Done, "{step} {nth}");
        assert!(desk.join("Documents/a.pdf").exists(), "{step} {nth}");
        cowork.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_folder_that_another_run_works_in_is_left_to_it() {
    let base = tempfile::tempdir().unwrap();
    let desk = desk(base.path());
    let busy = ProbeTool::new("busy", Effects::changes([FilePath::parse("Desk").unwrap()]));
    busy.hold();
    let planner = ScriptedPlanner::list([Proposal::call("busy", json!({}))]);
    let open = || Cowork::builder().data_dir(base.path().join("data"));
    let first = open().planner(Arc::new(planner)).tool(busy.clone()).build().await.unwrap();
    let working = first.submit(ThreadId::named("first"), "test", organise(&desk)).await.unwrap();
    busy.started(1).await;

    let before = tree(&desk);
    let second = open().claim(cowork::Claim::Adopted).build().await.unwrap();
    let task = run(&second, organise(&desk)).await;
    let Outcome::Failed { error } = task.turns[0].calls[0].outcome().unwrap().unwrap() else { panic!("{task:?}") };
    assert_eq!((error.kind, error.fact("by")), (Kind::Busy, Some(working.to_string().as_str())));
    assert!(error.fix().is_some() && failure(&task).kind == Kind::Busy);
    assert_eq!(tree(&desk), before);

    busy.release();
    assert_eq!(first.settled(working).await.unwrap().status(), Status::Done);
    assert_eq!(run(&second, organise(&desk)).await.status(), Status::Done);
    first.stop().await;
    second.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_folder_that_is_about_to_be_let_go_of_is_waited_for() {
    let base = tempfile::tempdir().unwrap();
    let desk = desk(base.path());
    let busy = ProbeTool::new("busy", Effects::changes([FilePath::parse("Desk").unwrap()]));
    busy.hold();
    let planner = ScriptedPlanner::list([Proposal::call("busy", json!({}))]);
    let open = || Cowork::builder().data_dir(base.path().join("data"));
    let first = open().planner(Arc::new(planner)).tool(busy.clone()).build().await.unwrap();
    let working = first.submit(ThreadId::named("first"), "test", organise(&desk)).await.unwrap();
    busy.started(1).await;

    let second = open().claim(cowork::Claim::Adopted).build().await.unwrap();
    let thread = ThreadId::named("main");
    let task = second.submit(thread, "test", organise(&desk)).await.unwrap();
    // What was decided is written down once the folder was found to be another's.
    let mut events = second.events(thread, 0);
    loop {
        let item = events.next().await.unwrap().unwrap();
        if matches!(item, cowork::Item::Record(record) if record.event.kind() == "decided") {
            break;
        }
    }
    busy.release();
    assert_eq!(first.settled(working).await.unwrap().status(), Status::Done);
    assert_eq!(second.settled(task).await.unwrap().status(), Status::Done);
    assert!(desk.join("Documents/a.pdf").exists());
    first.stop().await;
    second.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_task_whose_journal_is_gone_can_t_be_undone_and_says_so() {
    let base = tempfile::tempdir().unwrap();
    let desk = desk(base.path());
    let data = base.path().join("data");
    let cowork = Cowork::builder().data_dir(&data).build().await.unwrap();
    let task = run(&cowork, organise(&desk)).await;
    let after = tree(&desk);
    cowork.stop().await;
    fs::remove_dir_all(data.join("journal").join(task.id.to_string())).unwrap();

    let sandbox =
        LocalSandbox::open(LocalSandboxOptions { data, probe: None, home: None, ..LocalSandboxOptions::default() });
    let error = cowork::Sandbox::undo(&sandbox, task.id, UndoSpec::all()).await.unwrap_err();
    assert_eq!(error.kind, Kind::NotFound);
    assert!(error.message.contains("journal"), "{error}");
    assert_eq!(tree(&desk), after);
}
