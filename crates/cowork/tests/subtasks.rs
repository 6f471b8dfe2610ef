//! Sub-tasks on real folders, with the real store: two work in one folder side by side, and what they did is one task's.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a story that goes wrong ends")]

use std::{collections::BTreeMap, fs, path::Path, sync::Arc};

use cowork::{
    Command, CommandId, Cowork, Effects, Envelope, FilePath, Mode, Outcome, Proposal, ProposedCall, Status, Submit,
    Subtask, Task, TaskId, ThreadId, TokioRuntime, Undo, UndoSpec,
};
use cowork_testkit::{ProbeTool, ScriptedPlanner};
use serde_json::{Value, json};

fn tree(at: &Path) -> BTreeMap<String, String> {
    let entries = fs::read_dir(at).unwrap().map(|e| e.unwrap().path());
    let read = |path: std::path::PathBuf| (path.display().to_string(), fs::read_to_string(&path).unwrap_or_default());
    entries.map(read).collect()
}

/// A tool whose work is done by a sub-task.
fn hand() -> Arc<ProbeTool> {
    let effects = |args: &Value| Ok(Effects::delegates(serde_json::from_value::<Subtask>(args.clone()).unwrap()));
    ProbeTool::with("hand", effects, |_| panic!("the engine starts sub-tasks"))
}

fn write(name: &str, text: &str) -> Proposal {
    Proposal::call("write_file", json!({ "path": format!("Desk/{name}"), "text": text }))
}

/// Each of the two writes, then waits with the other, then writes again; the second may not touch what it may only read.
fn planner() -> ScriptedPlanner {
    let part = |text: &str, access: &str| {
        let folders = json!([{ "name": "Desk", "access": access }]);
        ProposedCall { tool: "hand".into(), args: json!({ "title": text, "text": text, "folders": folders }) }
    };
    let wait = Proposal::call("wait", json!({}));
    let left = [write("left-1.txt", "left"), wait.clone(), write("left-2.txt", "left")];
    let right = [write("right-1.txt", "right"), wait, write("right-2.txt", "right")];
    ScriptedPlanner::new(move |view| {
        let turn = view.task.turns.len();
        let next = match (view.task.submit.text.as_str(), turn) {
            ("left", _) => left.get(turn).cloned(),
            ("right", _) => right.get(turn).cloned(),
            ("reader", 0) => Some(write("reader.txt", "reader")),
            ("all", 0) => {
                let calls = vec![part("left", "write"), part("right", "write"), part("reader", "read")];
                Some(Proposal { calls, ..Proposal::default() })
            }
            ("all", 1) => Some(write("own.txt", "of the task itself")),
            _ => None,
        };
        Ok(next.unwrap_or_else(|| Proposal::done("Done.")))
    })
}

async fn send(cowork: &Cowork, task: TaskId, command: Command) {
    let runtime = TokioRuntime::new(tokio::runtime::Handle::current());
    let id = CommandId::new(&runtime);
    let envelope = Envelope { thread: ThreadId::named("main"), task, sender: "test".into(), id, command };
    cowork.send(envelope).await.unwrap();
}

fn result(task: &Task, call: usize) -> Value {
    match task.turns[0].calls[call].outcome().unwrap() {
        Some(Outcome::Done { value, .. }) => value,
        other => panic!("{other:?}"),
    }
}

fn files(result: &Value) -> Vec<&str> {
    result["files"].as_array().map_or(Vec::new(), |all| all.iter().map(|f| f["path"].as_str().unwrap()).collect())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_sub_tasks_write_into_one_folder_one_is_stopped_and_undo_gives_everything_back() {
    let base = tempfile::tempdir().unwrap();
    let desk = base.path().join("Desk");
    fs::create_dir(&desk).unwrap();
    fs::write(desk.join("mine.txt"), "mine").unwrap();
    let before = tree(&desk);
    let wait = ProbeTool::new("wait", Effects::reads([FilePath::parse("Desk/mine.txt").unwrap()]));
    wait.hold();
    let builder = Cowork::builder().data_dir(base.path().join("data")).planner(Arc::new(planner()));
    let cowork = builder.tool(hand()).tool(wait.clone()).build().await.unwrap();
    let mut submit = Submit { mode: Mode::Auto, ..Submit::new("all") };
    submit.folders.push(cowork::folder(&desk).unwrap());
    let task = cowork.submit(ThreadId::named("main"), "test", submit).await.unwrap();
    wait.started(2).await;
    assert!(desk.join("left-1.txt").exists() && desk.join("right-1.txt").exists(), "both are at work at once");

    let left = cowork.task(task).await.unwrap().turns[0].calls[0].subtask.unwrap();
    send(&cowork, left, Command::Cancel).await;
    cowork.settled(left).await.unwrap();
    wait.release();
    let ended = cowork.settled(task).await.unwrap();
    assert_eq!(ended.status(), Status::Done, "{:?}", ended.result);
    let (left_result, right_result, reader) = (result(&ended, 0), result(&ended, 1), result(&ended, 2));
    assert_eq!((&left_result["end"], files(&left_result)), (&json!("cancelled"), vec!["Desk/left-1.txt"]));
    assert_eq!(right_result["end"], "done");
    assert_eq!(files(&right_result), ["Desk/right-1.txt", "Desk/right-2.txt"]);
    assert_eq!((files(&reader).len(), reader["not_done"][0].as_str().unwrap().contains("not changed")), (0, true));
    assert_eq!(cowork.changes(task).await.unwrap().changes.len(), 4, "what its sub-tasks did, it did");
    assert_eq!(cowork.changes(left).await.unwrap().changes.len(), 1);

    // A part: what one of them did.
    let right_call = ended.turns[0].calls[1].id;
    let shown = cowork.preview_undo(task, UndoSpec { calls: vec![right_call], ..UndoSpec::show() }).await.unwrap();
    assert_eq!(shown.undone, 2);
    send(&cowork, task, Command::Undo { paths: Vec::new(), calls: vec![right_call] }).await;
    cowork.settled(task).await.unwrap();
    assert!(!desk.join("right-1.txt").exists() && desk.join("left-1.txt").exists() && desk.join("own.txt").exists());

    // A sub-task has no undo of its own, and everything is given back with its task.
    send(&cowork, left, Command::undo()).await;
    send(&cowork, task, Command::undo()).await;
    let undone = cowork.settled(task).await.unwrap();
    assert!(matches!(&undone.undo, Undo::Done(report) if report.left == 0), "{:?}", undone.undo);
    assert_eq!(tree(&desk), before);
    cowork.stop().await;
}
