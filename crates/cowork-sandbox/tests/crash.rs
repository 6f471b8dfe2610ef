//! The process dies at every step there is: going on and undoing both come out as if it had not.

mod support;

use support::{Calm, Disks, Stop, World, same};

/// Stops the task at every step; then it goes on, or is undone at once.
async fn stop_everywhere(disks: Disks) {
    let calm = Calm::see(disks).await;
    let mut k = 0;
    loop {
        let (going_on, undoing) = (World::new(disks), World::new(disks));
        let stop = Stop::at(k);
        let (opened, all) = going_on.run(Some(stop.clone()), false).await;
        going_on.finishes(opened, &calm).await.unwrap_or_else(|e| panic!("stopped at {k}, going on: {e}"));
        let stopped = undoing.run(Some(Stop::at(k)), false).await.1;
        undoing.gives_back(None).await.unwrap_or_else(|e| panic!("stopped at {k}, undoing: {e}"));
        assert_eq!(all.is_ok(), stopped.is_ok());
        if all.is_ok() {
            assert!(k > 60, "only {k} steps");
            return;
        }
        k += 1;
    }
}

/// Stops undo at every step; then it is called again.
async fn stop_undo_everywhere(disks: Disks) {
    let calm = Calm::see(disks).await;
    let mut k = 0;
    loop {
        let world = World::new(disks);
        world.run(None, false).await.1.unwrap();
        let stopped = world.undo(Some(Stop::at(k))).await;
        world.gives_back(Some(calm.undone)).await.unwrap_or_else(|e| panic!("undo stopped at {k}: {e}"));
        let again = world.undo(None).await.unwrap();
        same("a second undo", &(again.undone, again.already), &(0, calm.undone)).unwrap();
        if stopped.is_ok() {
            assert!(k > 30, "only {k} steps");
            return;
        }
        k += 1;
    }
}

#[tokio::test]
async fn a_task_stopped_at_any_step_goes_on_or_is_undone() {
    stop_everywhere(Disks::One).await;
}

#[tokio::test]
async fn a_task_stopped_at_any_step_with_its_journal_on_another_disk() {
    stop_everywhere(Disks::Two).await;
}

#[tokio::test]
async fn an_undo_stopped_at_any_step_goes_on() {
    stop_undo_everywhere(Disks::One).await;
}

#[tokio::test]
async fn an_undo_stopped_at_any_step_with_its_journal_on_another_disk() {
    stop_undo_everywhere(Disks::Two).await;
}
