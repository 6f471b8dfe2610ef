//! The power goes at every step there is, and the disk holds only what was made durable: nothing is lost, going on and
//! undoing come out the same. And the proof that this bites: with any one write of the journal, or any one kind of sync, left
//! out, some cut ends badly.

mod support;

use std::{fs, path::Path};

use cowork_core::Step;
use support::{
    Calm, Disks, Stop, World,
    power::{Lost, is_log_write},
    same,
};

type LeaveOut = fn(&Step, usize) -> bool;

const NOTHING: LeaveOut = |_, _| false;
const LUCK: [Lost; 3] = [Lost::All, Lost::Journal, Lost::Files];

fn cut(world: &World, stop: &Stop, lost: Lost) {
    stop.record.lock().unwrap().cut(lost, [&world.folder, &world.data]);
}

/// Cuts the power at every step of the task; then it goes on, or is undone at once.
async fn cut_task(disks: Disks, leave_out: LeaveOut, calm: &Calm) -> Result<(), String> {
    for k in 0.. {
        let mut ended = false;
        for lost in LUCK {
            for going_on in [true, false] {
                let world = World::new(disks);
                let stop = Stop::without(k, leave_out);
                let (opened, all) = world.run(Some(stop.clone()), false).await;
                ended = all.is_ok();
                cut(&world, &stop, lost);
                let ends = if going_on { world.finishes(opened, calm).await } else { world.gives_back(None).await };
                ends.map_err(|e| format!("cut at {k}, lost {lost:?}, going on {going_on}: {e}"))?;
            }
        }
        if ended {
            break;
        }
    }
    Ok(())
}

/// Cuts the power at every step of undo; then it is called again.
async fn cut_undo(disks: Disks, leave_out: LeaveOut, calm: &Calm) -> Result<(), String> {
    for k in 0.. {
        let mut ended = false;
        for lost in LUCK {
            let world = World::new(disks);
            world.run(None, false).await.1.map_err(|e| format!("{e:?}"))?;
            let stop = Stop::without(k, leave_out);
            ended = world.undo(Some(stop.clone())).await.is_ok();
            cut(&world, &stop, lost);
            world.gives_back(Some(calm.undone)).await.map_err(|e| format!("undo cut at {k}, lost {lost:?}: {e}"))?;
        }
        if ended {
            break;
        }
    }
    Ok(())
}

/// What must still be known when the process died after the work and a person went on.
async fn later(disks: Disks, leave_out: LeaveOut, calm: &Calm) -> Result<(), String> {
    let world = World::new(disks);
    let stop = Stop::without(usize::MAX, leave_out);
    world.run(Some(stop.clone()), false).await.1.map_err(|e| format!("{e:?}"))?;
    fs::write(world.folder.join("by a person"), "p").unwrap();
    let time = |p: &Path| fs::metadata(p).unwrap().modified().unwrap();
    let stamped = time(&world.folder);
    let report = world.undo(Some(stop.clone())).await.map_err(|e| format!("{e:?}"))?;
    same("undone", &(report.undone, report.kept.len()), &(calm.undone, 0))?;
    if time(&world.folder) < stamped {
        return Err("a folder's time was set back although a person had put a file there".into());
    }
    // A person does by hand what the task had done: that is theirs now.
    let moves =
        [("a.txt", "texts/a.txt"), ("d.txt", "e.txt")].map(|(a, b)| (world.folder.join(a), world.folder.join(b)));
    fs::create_dir(world.folder.join("texts")).unwrap();
    moves.iter().for_each(|(from, to)| fs::rename(from, to).unwrap());
    world.undo(None).await.map_err(|e| format!("{e:?}"))?;
    let stays = moves.iter().all(|(_, to)| to.exists());
    if stays { Ok(()) } else { Err("a second undo took back what a person had done".into()) }
}

async fn campaign(disks: Disks, leave_out: LeaveOut, calm: &Calm) -> Result<(), String> {
    later(disks, leave_out, calm).await?;
    cut_task(disks, leave_out, calm).await?;
    cut_undo(disks, leave_out, calm).await
}

#[tokio::test]
async fn the_power_may_go_at_any_step() {
    let calm = Calm::see(Disks::One).await;
    campaign(Disks::One, NOTHING, &calm).await.unwrap();
}

#[tokio::test]
async fn the_power_may_go_at_any_step_with_the_journal_on_another_disk() {
    let calm = Calm::see(Disks::Two).await;
    campaign(Disks::Two, NOTHING, &calm).await.unwrap();
}

fn is(path: &Path, end: &str) -> bool {
    path.ends_with(end)
}

fn in_kept(path: &Path) -> bool {
    path.parent().is_some_and(|p| is(p, "kept"))
}

fn theirs(path: &Path) -> bool {
    path.components().any(|c| c.as_os_str() == "granted")
}

#[tokio::test]
async fn no_kind_of_sync_can_be_left_out() {
    let kinds: [(&str, LeaveOut); 9] = [
        ("the log", |s, _| matches!(s, Step::SyncFile(p) if is(p, "log"))),
        ("staged and kept files", |s, _| matches!(s, Step::SyncFile(p) if in_kept(p))),
        ("the folder kept/", |s, _| matches!(s, Step::SyncFolder(p) if is(p, "kept"))),
        ("the task's folder", |s, _| matches!(s, Step::SyncFolder(p) if p.parent().is_some_and(|p| is(p, "journal")))),
        ("the folder of journals", |s, _| matches!(s, Step::SyncFolder(p) if is(p, "journal"))),
        ("the data folder", |s, _| matches!(s, Step::SyncFolder(p) if is(p, "data"))),
        (
            "the folder of the data folder",
            |s, _| matches!(s, Step::SyncFolder(p) if !theirs(p) && !p.components().any(|c| c.as_os_str() == "data")),
        ),
        ("the granted folder", |s, _| matches!(s, Step::SyncFolder(p) if is(p, "granted"))),
        ("folders in the granted one", |s, _| matches!(s, Step::SyncFolder(p) if theirs(p) && !is(p, "granted"))),
    ];
    let calm = Calm::see(Disks::One).await;
    for (what, leave_out) in kinds {
        let ends = campaign(Disks::One, leave_out, &calm).await;
        let why = ends.expect_err(&format!("without syncing {what} nothing was lost"));
        println!("without syncing {what}: {}", why.lines().next().unwrap_or_default());
    }
}

#[tokio::test]
async fn no_sync_of_a_copy_to_another_disk_can_be_left_out() {
    let kinds: [(&str, LeaveOut); 3] = [
        ("kept files", |s, _| matches!(s, Step::SyncFile(p) if in_kept(p))),
        ("the folder kept/", |s, _| matches!(s, Step::SyncFolder(p) if is(p, "kept"))),
        ("files staged beside", |s, _| matches!(s, Step::SyncFile(p) if theirs(p))),
    ];
    let calm = Calm::see(Disks::Two).await;
    for (what, leave_out) in kinds {
        let ends = campaign(Disks::Two, leave_out, &calm).await;
        let why = ends.expect_err(&format!("without syncing {what} nothing was lost"));
        println!("without syncing {what}: {}", why.lines().next().unwrap_or_default());
    }
}

/// Which write of the log is left out.
static LEFT_OUT: std::sync::atomic::AtomicUsize = std::sync::atomic::AtomicUsize::new(usize::MAX);

#[tokio::test]
async fn no_write_of_the_journal_can_be_left_out() {
    let calm = Calm::see(Disks::One).await;
    let world = World::new(Disks::One);
    let stop = Stop::at(usize::MAX);
    world.run(Some(stop.clone()), false).await.1.unwrap();
    let in_task = stop.record.lock().unwrap().log_writes();
    world.undo(Some(stop.clone())).await.unwrap();
    let in_all = stop.record.lock().unwrap().log_writes();
    let writes: Vec<_> = stop
        .record
        .lock()
        .unwrap()
        .steps()
        .filter(|s| is_log_write(s))
        .map(|s| match s {
            Step::Write(_, bytes) => String::from_utf8_lossy(bytes).into_owned(),
            _ => String::new(),
        })
        .collect();
    assert!(in_task > 5 && in_all > in_task + 3, "{in_task} {in_all}");
    for n in 1..=in_all {
        // Counted from the start of the task, or from the start of undo where that is stopped on its own.
        let leave_out: LeaveOut =
            |step, seen| is_log_write(step) && seen == LEFT_OUT.load(std::sync::atomic::Ordering::Relaxed);
        LEFT_OUT.store(n, std::sync::atomic::Ordering::Relaxed);
        let mut ends = later(Disks::One, leave_out, &calm).await;
        if ends.is_ok() && n <= in_task {
            ends = cut_task(Disks::One, leave_out, &calm).await;
        }
        if ends.is_ok() && n > in_task {
            LEFT_OUT.store(n - in_task, std::sync::atomic::Ordering::Relaxed);
            ends = cut_undo(Disks::One, leave_out, &calm).await;
        }
        match ends {
            Err(why) => println!("without write {n}: {}", why.lines().next().unwrap_or_default()),
            Ok(()) => panic!("write {n} of {in_all} can be left out and nothing goes wrong: {}", writes[n - 1]),
        }
    }
}
