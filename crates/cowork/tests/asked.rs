//! A question may stand for days: what a person changes meanwhile is not what was shown, and stays.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a story that goes wrong ends")]

use std::{
    fs,
    path::Path,
    sync::Arc,
    time::{Duration, SystemTime},
};

use cowork::{Answer, Cowork, Finish, Submit, Task, ThreadId, approver_fn, folder_named, playbooks::PlaybookPlanner};
use serde_json::json;
use tempfile::TempDir;

type Meanwhile = fn(&Path);

/// Runs a playbook in a folder, and does something while its question stands; then that is allowed.
async fn ended(playbook: &str, params: serde_json::Value, desk: &TempDir, meanwhile: Meanwhile) -> Task {
    let keep = TempDir::new().unwrap();
    let at: Arc<Path> = desk.path().into();
    let approver = approver_fn(move |_| {
        wait_for_the_disk(&at);
        meanwhile(&at);
        async { Some(Answer::Allow) }
    });
    let builder = Cowork::builder().data_dir(keep.path().join("data")).approver(approver);
    let cowork = builder.playbooks(PlaybookPlanner::new().unwrap()).build().await.unwrap();
    let planner = json!({ "name": "playbook", "playbook": playbook, "params": params });
    let desk = folder_named(desk.path(), "Desk").unwrap();
    let submit = Submit { folders: vec![desk], planner, ..Submit::new(playbook) };
    let task = cowork.submit(ThreadId::named("main"), "test", submit).await.unwrap();
    let task = cowork.settled(task).await.unwrap();
    cowork.stop().await;
    task
}

/// Waits until the disk's time is later than now: it counts in steps of some milliseconds.
fn wait_for_the_disk(desk: &Path) {
    let (now, probe) = (SystemTime::now(), desk.join("probe"));
    loop {
        fs::write(&probe, "").unwrap();
        if fs::metadata(&probe).unwrap().modified().unwrap() > now + Duration::from_millis(1) {
            return fs::remove_file(probe).unwrap();
        }
    }
}

/// Writes a file that was changed so many seconds ago; less than none are ahead.
fn put(at: &Path, content: &str, ago: i64) {
    fs::create_dir_all(at.parent().unwrap()).unwrap();
    fs::write(at, content).unwrap();
    let (now, by) = (SystemTime::now(), Duration::from_secs(ago.unsigned_abs()));
    let time = if ago < 0 { now + by } else { now - by };
    fs::File::options().append(true).open(at).unwrap().set_modified(time).unwrap();
}

fn said(task: &Task) -> &str {
    match &task.result {
        Some(Finish::Done { summary, .. }) => summary,
        Some(Finish::Failed { error }) => &error.message,
        other => panic!("{other:?}"),
    }
}

fn read(desk: &TempDir, name: &str) -> String {
    fs::read_to_string(desk.path().join(name)).unwrap()
}

const DAY: i64 = 86_400;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_folder_that_something_came_into_is_not_cleaned_up() {
    let desk = TempDir::new().unwrap();
    ["new", "empty"].iter().for_each(|name| fs::create_dir(desk.path().join(name)).unwrap());
    put(&desk.path().join("old.tmp"), "", 3 * DAY);
    put(&desk.path().join("used.tmp"), "", 3 * DAY);
    let task = ended("clean-up", json!({}), &desk, |desk| {
        put(&desk.join("new/book.docx"), "chapter one", 0);
        put(&desk.join("used.tmp"), "it is", 0);
    });
    let task = task.await;
    assert_eq!((read(&desk, "new/book.docx"), read(&desk, "used.tmp")), ("chapter one".into(), "it is".into()));
    assert!(!desk.path().join("empty").exists() && !desk.path().join("old.tmp").exists());
    assert!(
        said(&task).contains("Set aside: 2 of 4") && said(&task).contains("`Desk/new` is not as it was"),
        "{task:?}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_last_copy_stays_and_so_does_what_is_no_copy_any_more() {
    let desk = TempDir::new().unwrap();
    for (name, content) in [("gone", "one"), ("edited", "two"), ("as it was", "three")] {
        put(&desk.path().join(name).join("first.txt"), content, 3 * DAY);
        put(&desk.path().join(name).join("second.txt"), content, DAY);
    }
    let task = ended("duplicates", json!({}), &desk, |desk| {
        fs::remove_file(desk.join("gone/first.txt")).unwrap();
        put(&desk.join("edited/second.txt"), "new", 0);
    });
    let task = task.await;
    let there =
        ["gone/second.txt", "edited/first.txt", "edited/second.txt", "as it was/first.txt", "as it was/second.txt"]
            .map(|name| desk.path().join(name).exists());
    assert_eq!(there, [true, true, true, true, false], "{}", said(&task));
    assert!(
        said(&task).contains("1 file set aside") && said(&task).contains("is not there any more"),
        "{}",
        said(&task)
    );
    assert!(!said(&task).contains("stays: Desk/gone/first.txt"), "{}", said(&task));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_text_is_replaced_only_where_it_was_shown() {
    let desk = TempDir::new().unwrap();
    put(&desk.path().join("a.txt"), "Acme one\n", 3 * DAY);
    // Its clock was wrong; that is no change.
    put(&desk.path().join("b.txt"), "Acme two\n", -DAY);
    let task = ended("replace", json!({ "find": "Acme", "with": "Zed" }), &desk, |desk| {
        put(&desk.join("a.txt"), "Acme one\nAcme is the legal name, keep\n", 0);
    });
    let task = task.await;
    assert_eq!(read(&desk, "a.txt"), "Acme one\nAcme is the legal name, keep\n", "{}", said(&task));
    assert_eq!(read(&desk, "b.txt"), "Zed two\n");
    assert!(said(&task).contains("1 file changed, 1 line:"), "{}", said(&task));
    assert!(said(&task).contains("`Desk/a.txt` was changed since it was searched"), "{}", said(&task));
}
