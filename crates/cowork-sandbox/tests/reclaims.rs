//! Journals are let go of: late enough, the right ones, whatever they hold, and never what is not theirs.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test stops at what should not be")]

mod support;

use std::{
    ffi::OsStr,
    fs,
    os::{
        fd::OwnedFd,
        unix::fs::{MetadataExt, PermissionsExt},
    },
    path::{Path, PathBuf},
    process::Command,
    sync::Arc,
};

use cowork_core::{
    Access, Change, Clash, Error, Keep, Kind, Probe, Reclaimed, Result, Sandbox, SessionSpec, Step, TaskId, UndoSpec,
    Watch,
};
use cowork_testkit::sandbox::{a_call, a_task, age_folders, grant, path, put, tree};
use support::{
    Disks, Stop, World,
    power::{self, path_of},
};

const DAY: i64 = 24 * 3600 * 1000;

fn keep(bytes: u64, age: i64, unfinished: &[TaskId]) -> Keep {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    Keep { bytes, age, now: now.as_millis() as i64 + 10_000, unfinished: unfinished.to_vec() }
}

fn later(keep: &Keep, millis: i64) -> Keep {
    Keep { now: keep.now + millis, ..keep.clone() }
}

/// Two rounds, a day apart: what the first finds due, the second lets go of.
async fn rounds(sandbox: &dyn Sandbox, keep: Keep) -> Reclaimed {
    assert_eq!(sandbox.reclaim(keep.clone()).await.unwrap().tasks, [], "nothing goes when it is first found due");
    sandbox.reclaim(later(&keep, DAY)).await.unwrap()
}

fn aside(at: &str) -> Change {
    Change::set_aside(path(at))
}

/// A task of its own in the folder. Gives its name.
async fn task(world: &World, changes: Vec<Change>) -> TaskId {
    let (task, asked) = (a_task(), changes.len() as u64);
    let folders = vec![grant("Desk", &world.folder, Access::Write)];
    let session =
        world.sandbox(None).open(SessionSpec { task, folders, hosts: Vec::new(), resumed: false }).await.unwrap();
    let changed = session.files(a_call()).change(changes, Watch::nothing()).await.unwrap();
    assert_eq!((changed.made, changed.otherwise), (asked, vec![]));
    task
}

fn journal(world: &World, task: TaskId) -> PathBuf {
    world.data.join(format!("journal/{task}"))
}

/// Lets a journal have been written that many days ago.
fn written(world: &World, task: TaskId, days: u64) {
    let then = std::time::SystemTime::now() - std::time::Duration::from_secs(86_400 * days);
    let log = fs::File::options().append(true).open(journal(world, task).join("log")).unwrap();
    log.set_modified(then).unwrap();
}

/// Four tasks, each with a file set aside, 14 days old and less, the first the oldest.
async fn four(world: &World) -> Vec<TaskId> {
    let mut tasks = Vec::new();
    for n in 0..4 {
        put(&world.folder.join(format!("big {n}")), &"x".repeat(100_000));
        tasks.push(task(world, vec![aside(&format!("Desk/big {n}"))]).await);
        written(world, tasks[n], 14 - n as u64);
    }
    tasks
}

/// Something mounted, as long as this lives.
struct Mount(PathBuf);

impl Mount {
    fn new(arguments: &[&OsStr], at: &Path) -> Option<Self> {
        let ran = Command::new("mount").args(arguments).arg(at).output().is_ok_and(|out| out.status.success());
        if !ran {
            eprintln!("left out: this machine can't mount {arguments:?}");
        }
        ran.then(|| Self(at.to_owned()))
    }

    fn bind(from: &Path, at: &Path) -> Option<Self> {
        Self::new(&[OsStr::new("--bind"), from.as_os_str()], at)
    }

    fn memory(at: &Path, options: &str) -> Option<Self> {
        fs::create_dir_all(at).unwrap();
        Self::new(&["-t", "tmpfs", "-o", options, "none"].map(OsStr::new), at)
    }
}

impl Drop for Mount {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(&self.0).output();
    }
}

#[tokio::test]
async fn the_oldest_journals_are_let_go_of_and_say_so() {
    let world = World::new(Disks::One);
    let tasks = four(&world).await;
    let sandbox = world.sandbox(None);
    let space = async || sandbox.check(u64::MAX).await.into_iter().find(|f| f.what == "journals").unwrap().found;
    let before = space().await;
    assert!(
        before.starts_with("4 journals, 4") && before.ends_with("kB kept for undo, the oldest 14 days old"),
        "{before}"
    );
    assert_eq!(rounds(&sandbox, keep(u64::MAX, 20 * DAY, &[])).await.tasks, []);
    let reclaimed = rounds(&sandbox, keep(u64::MAX, 13 * DAY - 60_000, &tasks[1..2])).await;
    assert_eq!(reclaimed.tasks, tasks[..1], "the second is old enough, and has not ended");
    assert!(reclaimed.bytes > 100_000);
    let at_work =
        sandbox.open(SessionSpec { task: tasks[1], folders: vec![], hosts: Vec::new(), resumed: true }).await.unwrap();
    let reclaimed = rounds(&sandbox, keep(250_000, 20 * DAY, &[])).await;
    assert_eq!(reclaimed.tasks, tasks[2..3], "the second is at work");
    drop(at_work);
    for (n, is_there) in [(0, false), (1, true), (2, false), (3, true)] {
        let results =
            [sandbox.undo(tasks[n], UndoSpec::show()).await.map(drop), sandbox.changes(tasks[n]).await.map(drop)];
        for result in results {
            let gone = result.err().map(|e| (e.kind, e.fact("reclaimed").is_some(), e.fix().is_some()));
            assert_eq!(gone, (!is_there).then_some((Kind::NotFound, true, true)));
        }
    }
    let folders = vec![grant("Desk", &world.folder, Access::Write)];
    let again =
        sandbox.open(SessionSpec { task: tasks[0], folders, hosts: Vec::new(), resumed: true }).await.err().unwrap();
    assert_eq!((again.kind, again.fact("reclaimed").is_some()), (Kind::Corrupt, true));
    assert!(space().await.starts_with("2 journals"));
    sandbox.undo(tasks[3], UndoSpec::all()).await.unwrap();
    assert!(world.folder.join("big 3").exists());
}

#[tokio::test]
async fn a_reclaim_stopped_or_cut_at_any_step_has_a_journal_whole_or_named() {
    for cut in [false, true] {
        for k in 0.. {
            let world = World::new(Disks::One);
            let tasks = four(&world).await;
            age_folders(&world.folder);
            let few = keep(250_000, 20 * DAY, &[]);
            world.sandbox(None).reclaim(few.clone()).await.unwrap();
            let stop = Stop::at(k);
            let ended = world.sandbox(Some(stop.clone())).reclaim(later(&few, DAY)).await;
            if cut {
                stop.record.lock().unwrap().cut(power::Lost::All, [&world.folder, &world.data]);
            }
            for (n, task) in tasks.iter().enumerate() {
                match world.sandbox(None).undo(*task, UndoSpec::all()).await {
                    Ok(report) => {
                        assert_eq!((report.undone, world.folder.join(format!("big {n}")).exists()), (1, true));
                    }
                    Err(e) => assert!(n < 2 && e.fact("reclaimed").is_some(), "stopped at {k}, task {n}: {e:?}"),
                }
            }
            rounds(&world.sandbox(None), keep(u64::MAX, 0, &[])).await;
            for journal in fs::read_dir(world.data.join("journal")).unwrap() {
                let left: Vec<_> = fs::read_dir(journal.unwrap().path()).unwrap().flatten().collect();
                assert!(left.len() == 1 && left[0].metadata().unwrap().blocks() == 0, "{left:?}");
            }
            if ended.is_ok_and(|reclaimed| reclaimed.trouble.is_none()) {
                break;
            }
        }
    }
}

#[tokio::test]
async fn the_last_week_and_the_newest_journal_are_kept_however_large_and_doctor_says_so() {
    let world = World::new(Disks::One);
    let mut tasks = Vec::new();
    for (n, days) in [20, 9, 5, 2].into_iter().enumerate() {
        put(&world.folder.join(format!("big {n}")), &"x".repeat(100_000));
        tasks.push(task(&world, vec![aside(&format!("Desk/big {n}"))]).await);
        written(&world, tasks[n], days);
    }
    let sandbox = world.sandbox(None);
    let found = sandbox.check(150_000).await.into_iter().find(|f| f.what == "journals").unwrap();
    assert!(found.ok && found.found.contains("more than the 150 kB"), "{found:?}");
    assert!(found.fix.contains("7 days") && found.fix.contains("journal"), "{found:?}");
    let first = keep(0, 365 * DAY, &[]);
    assert_eq!(rounds(&sandbox, first.clone()).await.tasks, tasks[..2], "past the limit: what is older than a week");
    assert_eq!(sandbox.reclaim(later(&first, 2 * DAY)).await.unwrap().tasks, [], "the third has just come to be due");
    assert_eq!(sandbox.reclaim(later(&first, 3 * DAY)).await.unwrap().tasks, tasks[2..3]);
    rounds(&sandbox, later(&first, 300 * DAY)).await;
    assert_eq!(sandbox.undo(tasks[3], UndoSpec::all()).await.unwrap().undone, 1, "the newest is never too large");
}

#[tokio::test]
async fn a_clock_that_jumps_lets_nothing_go() {
    let world = World::new(Disks::One);
    let tasks = four(&world).await;
    let sandbox = world.sandbox(None);
    let month = keep(u64::MAX, 30 * DAY, &[]);
    let jumped = later(&month, 3000 * DAY);
    for now in [&jumped, &later(&jumped, DAY / 2), &month, &later(&jumped, DAY), &month] {
        assert_eq!(sandbox.reclaim(now.clone()).await.unwrap(), Reclaimed::default(), "{now:?}");
    }
    assert_eq!(sandbox.undo(tasks[0], UndoSpec::all()).await.unwrap().undone, 1);
    // It was right after all, and time goes on.
    assert_eq!(rounds(&sandbox, jumped).await.tasks.len(), 4);
}

#[tokio::test]
async fn what_somebody_is_looking_at_to_undo_it_is_kept_for_another_day() {
    let world = World::new(Disks::One);
    let tasks = four(&world).await;
    let sandbox = world.sandbox(None);
    let now = keep(u64::MAX, DAY, &[]);
    assert_eq!(sandbox.reclaim(now.clone()).await.unwrap().tasks, []);
    assert_eq!(sandbox.undo(tasks[1], UndoSpec::show()).await.unwrap().undone, 1);
    let went = sandbox.reclaim(later(&now, DAY)).await.unwrap().tasks;
    assert_eq!(went, [tasks[0], tasks[2], tasks[3]]);
    assert_eq!(sandbox.reclaim(later(&now, 2 * DAY - 1)).await.unwrap().tasks, []);
    assert_eq!(sandbox.reclaim(later(&now, 2 * DAY)).await.unwrap().tasks, tasks[1..2]);
}

#[tokio::test]
async fn a_folder_with_something_mounted_below_it_stays_where_it_is() {
    let world = World::new(Disks::One);
    for name in ["own/my stick\\", "own/bound", "plain/in"] {
        fs::create_dir_all(world.folder.join(name)).unwrap();
    }
    put(&world.folder.join("owner/file"), "not below `own`");
    let precious = world.folder.with_file_name("precious");
    fs::create_dir(&precious).unwrap();
    let mount = |name: &str| match name {
        "bound" => Mount::bind(&precious, &world.folder.join("own/bound")),
        name => Mount::memory(&world.folder.join("own").join(name), "size=1m"),
    };
    let relocate = |from: &str, to: &str| Change::Move { from: path(from), to: path(to), clash: Clash::Skip };
    let session = world.open(None, false).await.unwrap();
    for name in ["my stick\\", "bound"] {
        let Some(_mount) = mount(name) else { return };
        let changes =
            vec![aside("F/own"), relocate("F/own", "F/other"), relocate("F/plain", "F/plainer"), aside("F/owner")];
        let changed = session.files(a_call()).change(changes, Watch::nothing()).await.unwrap();
        assert_eq!((changed.made, changed.otherwise.len()), (2, 2), "{changed:?}");
        for left in &changed.otherwise {
            assert!(left.reason.contains("mounted at") && left.reason.contains("own/"), "{left:?}");
        }
        let back = vec![relocate("F/plainer", "F/plain"), Change::Restore { path: path("F/owner") }];
        assert_eq!(session.files(a_call()).change(back, Watch::nothing()).await.unwrap().made, 2);
    }
    let changed = session.files(a_call()).change(vec![aside("F/own")], Watch::nothing()).await.unwrap();
    assert_eq!(changed.made, 1, "nothing is mounted there any more: {changed:?}");
    drop(session);
    assert_eq!(world.undo(None).await.unwrap().kept, []);
}

#[tokio::test]
async fn what_is_mounted_in_a_journal_is_not_entered_when_it_is_let_go_of() {
    let world = World::new(Disks::One);
    let precious = world.folder.with_file_name("precious");
    put(&precious.join("photo"), "precious");
    put(&precious.join("in/photo"), "precious");
    let mode = |path: &Path, mode| fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    mode(&precious, 0o500);
    put(&world.folder.join("dir/deep/file"), "x");
    fs::create_dir(world.folder.join("dir/usb")).unwrap();
    mode(&world.folder.join("dir/deep"), 0o500);
    let task = task(&world, vec![aside("Desk/dir")]).await;
    let kept = fs::read_dir(journal(&world, task).join("kept")).unwrap().next().unwrap().unwrap().path();
    let Some(mount) = Mount::bind(&precious, &kept.join("usb")) else { return };
    let before = tree(&precious);
    let sandbox = world.sandbox(None);
    assert_eq!(rounds(&sandbox, keep(u64::MAX, 0, &[])).await.tasks, [task]);
    assert_eq!(tree(&precious), before);
    assert_eq!(fs::metadata(&precious).unwrap().mode() & 0o7777, 0o500);
    assert!(!kept.join("deep").exists(), "the rest is gone");
    let said = async || sandbox.check(u64::MAX).await.into_iter().find(|f| !f.ok);
    let found = said().await.unwrap();
    assert!(found.found.contains(&task.to_string()) && found.fix.contains("mounted"), "{found:?}");
    drop(mount);
    sandbox.reclaim(keep(u64::MAX, 0, &[])).await.unwrap();
    assert!(!kept.exists() && precious.join("photo").exists());
    assert_eq!(said().await, None);
}

/// The variable by which this test tells its second process that it has few handles.
const FEW_HANDLES: &str = "COWORK_TEST_FEW_HANDLES";

#[tokio::test]
async fn a_tree_of_any_depth_is_counted_and_let_go_of_with_few_handles() {
    let name = "a_tree_of_any_depth_is_counted_and_let_go_of_with_few_handles";
    if std::env::var_os(FEW_HANDLES).is_none() {
        let mut command = Command::new("sh");
        command.args(["-c", "ulimit -n 128; exec \"$0\" \"$@\""]).arg(std::env::current_exe().unwrap());
        let out = command.args(["--exact", "--nocapture", name]).env(FEW_HANDLES, "").output().unwrap();
        return assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
    }
    use rustix::fs::{CWD, Mode, OFlags, mkdirat, openat};
    let world = World::new(Disks::One);
    let open = |at: &OwnedFd, name: &str| openat(at, name, OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty()).unwrap();
    let mut at = openat(CWD, &world.folder, OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty()).unwrap();
    for _ in 0..3000 {
        mkdirat(&at, "deep", Mode::RWXU).unwrap();
        at = open(&at, "deep");
    }
    let file = openat(&at, "large", OFlags::CREATE | OFlags::WRONLY | OFlags::CLOEXEC, Mode::RUSR).unwrap();
    rustix::io::write(&file, &vec![b'x'; 1 << 20]).unwrap();
    drop((file, at));
    let task = task(&world, vec![aside("Desk/deep")]).await;
    let sandbox = world.sandbox(None);
    assert!(sandbox.changes(task).await.unwrap().bytes_kept > 1 << 20);
    let reclaimed = rounds(&sandbox, keep(u64::MAX, 0, &[])).await;
    assert!(reclaimed.bytes > 1 << 20, "{reclaimed:?}");
    assert!(!journal(&world, task).join("kept").exists());
}

/// A world on a disk of its own that is too small for anything more.
async fn full() -> Option<(World, TaskId, Mount)> {
    let mut world = World::new(Disks::One);
    let at = world.data.with_file_name("small");
    let mount = Mount::memory(&at, "size=1m")?;
    (world.folder, world.data) = (at.join("granted"), at.join("data"));
    put(&world.folder.join("kept.txt"), &"x".repeat(100_000));
    age_folders(&world.folder);
    world.before = tree(&world.folder);
    let task = task(&world, vec![aside("Desk/kept.txt")]).await;
    // As the next task does with what nobody holds.
    fs::remove_file(world.data.join(format!("folders/{task}.lock"))).unwrap();
    let error = fs::write(at.join("fill"), vec![b'x'; 2 << 20]).unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::StorageFull);
    Some((world, task, mount))
}

#[tokio::test]
async fn a_full_disk_does_not_stop_an_undo() {
    let Some((world, task, _mount)) = full().await else { return };
    let report = world.sandbox(None).undo(task, UndoSpec::all()).await.unwrap();
    assert_eq!((report.undone, report.kept), (1, vec![]));
    assert_eq!(tree(&world.folder), world.before);
}

#[tokio::test]
async fn a_full_disk_does_not_stop_a_reclaim() {
    let Some((world, task, _mount)) = full().await else { return };
    let reclaimed = rounds(&world.sandbox(None), keep(u64::MAX, 0, &[])).await;
    assert_eq!((reclaimed.tasks, reclaimed.trouble), (vec![task], None));
    assert!(reclaimed.bytes > 100_000 && !journal(&world, task).join("kept").exists());
}

/// Fails whatever is done to one journal.
#[derive(Debug)]
struct Stuck(PathBuf);

impl Probe for Stuck {
    fn before(&self, step: &Step) -> Result<()> {
        let stuck = path_of(step).starts_with(&self.0) && !path_of(step).ends_with("due");
        if stuck { Err(Error::new(Kind::Unavailable, "test", "the disk is bad there")) } else { Ok(()) }
    }

    fn after(&self, _: &Step) {}
}

#[tokio::test]
async fn a_journal_that_can_not_be_let_go_of_does_not_keep_the_others() {
    let world = World::new(Disks::One);
    let tasks = four(&world).await;
    let sandbox = world.sandbox(Some(Arc::new(Stuck(journal(&world, tasks[1])))));
    let reclaimed = rounds(&sandbox, keep(u64::MAX, 0, &[])).await;
    assert_eq!(reclaimed.tasks, [tasks[0], tasks[2], tasks[3]]);
    assert_eq!(reclaimed.trouble.unwrap().kind, Kind::Unavailable);
    assert_eq!(world.sandbox(None).undo(tasks[1], UndoSpec::all()).await.unwrap().undone, 1);
}
