use std::sync::Arc;

use cowork_core::{Expect, Kind, Lease, LeaseAsk, Store, StoreChange, TaskId, ThreadId};

use super::{
    Subject,
    cases::{assert_sound, log, notes},
    lease_cases::take,
};
use crate::TestRuntime;

type Clock = Arc<TestRuntime>;

/// What one handle commits the other reads, and goes on from.
pub async fn two_handles_see_one_log(subject: Subject, clock: Clock) {
    let Some(again) = &subject.again else { return };
    let (thread, task) = (ThreadId::new(&*clock), TaskId::new(&*clock));
    let handles = [subject.store.clone(), again().await];
    for n in 0..10 {
        let head = log(&*handles[n % 2], thread).await.len() as u64;
        let mut batch = notes(&*clock, thread, task, 1 + n % 3);
        batch.expect = vec![Expect::Head(task, head)];
        batch.durable = n % 4 == 0;
        handles[n % 2].commit(batch).await.unwrap();
    }
    let [mine, theirs] = [log(&*handles[0], thread).await, log(&*handles[1], thread).await];
    assert_eq!(mine, theirs);
    assert_sound(&mine);
}

/// With both committing at once, no `seq` is given twice or left out.
pub async fn two_handles_give_gapless_seqs(subject: Subject, clock: Clock) {
    let Some(again) = &subject.again else { return };
    let thread = ThreadId::new(&*clock);
    let handles = [subject.store.clone(), again().await];
    let commits: Vec<_> = (0..60)
        .map(|n| {
            let (store, batch) = (handles[n % 2].clone(), notes(&*clock, thread, TaskId::new(&*clock), 2));
            tokio::spawn(async move { store.commit(batch).await.unwrap() })
        })
        .collect();
    let mut given = Vec::new();
    for commit in commits {
        given.extend(commit.await.unwrap().iter().cloned());
    }
    given.sort_by_key(|r| r.seq);
    let log = log(&*handles[1], thread).await;
    assert_eq!(given, log);
    assert_eq!(log.len(), 120);
    assert_sound(&log);
}

/// A head or a key that the other handle has changed is seen as it is now.
pub async fn two_handles_agree_on_preconditions(subject: Subject, clock: Clock) {
    let Some(again) = &subject.again else { return };
    let (thread, task) = (ThreadId::new(&*clock), TaskId::new(&*clock));
    let handles = [subject.store.clone(), again().await];
    for round in 0..5 {
        let head = log(&*handles[0], thread).await.len() as u64;
        let commits = handles.each_ref().map(|store| {
            let (store, mut batch) = (store.clone(), notes(&*clock, thread, task, 1));
            batch.expect = vec![Expect::Head(task, head), Expect::Absent(format!("round/{round}"))];
            batch.put = vec![(format!("round/{round}"), Some(Vec::new()))];
            tokio::spawn(async move { store.commit(batch).await })
        });
        let mut made = 0;
        for commit in commits {
            match commit.await.unwrap() {
                Ok(_) => made += 1,
                Err(error) => assert_eq!(error.kind, Kind::Conflict),
            }
        }
        assert_eq!(made, 1, "one of the two was first");
    }
    assert_eq!(log(&*handles[1], thread).await.len(), 5);
}

/// A lease taken through one handle is held against the other, and fences its writes.
pub async fn two_handles_agree_on_leases(subject: Subject, clock: Clock) {
    let Some(again) = &subject.again else { return };
    let (thread, task) = (ThreadId::new(&*clock), TaskId::new(&*clock));
    let [mine, theirs] = [subject.store.clone(), again().await];
    let with = |store: &Arc<dyn Store>, fence| {
        let (store, mut batch) = (store.clone(), notes(&*clock, thread, task, 1));
        batch.expect = vec![Expect::Fence(task, fence)];
        async move { store.commit(batch).await.map_err(|e| e.kind) }
    };
    mine.lease(task, take("a")).await.unwrap().unwrap();
    assert_eq!(theirs.lease(task, take("b")).await.unwrap(), None);
    let held = Some(Lease { owner: "a".into(), fence: 1 });
    assert_eq!(theirs.lease(task, LeaseAsk::Look).await.unwrap(), held);
    with(&mine, 1).await.unwrap();
    let dead = LeaseAsk::Take { owner: "b".into(), ttl: super::lease_cases::MINUTE, dead: Some("a".into()) };
    assert_eq!(theirs.lease(task, dead).await.unwrap().map(|l| l.fence), Some(2));
    assert_eq!(with(&mine, 1).await, Err(Kind::LeaseLost), "the first handle finds out at its next write");
    assert_eq!(mine.lease(task, LeaseAsk::Drop { fence: 1 }).await.unwrap(), None);
    with(&theirs, 2).await.unwrap();
    theirs.lease(task, LeaseAsk::Drop { fence: 2 }).await.unwrap().unwrap();
    assert_eq!(mine.lease(task, take("a")).await.unwrap().map(|l| l.fence), Some(3));
}

/// Whoever watches one handle is woken by what the other commits, and finds it.
pub async fn a_watcher_hears_of_the_other_handles_commits(subject: Subject, clock: Clock) {
    let Some(again) = &subject.again else { return };
    let (thread, task) = (ThreadId::new(&*clock), TaskId::new(&*clock));
    let theirs = again().await;
    // Used before it is watched, so that it is not merely new.
    subject.store.commit(notes(&*clock, thread, task, 1)).await.unwrap();
    let mut watcher = subject.store.watch();
    for len in 2..5 {
        theirs.commit(notes(&*clock, thread, task, 1)).await.unwrap();
        loop {
            match watcher.recv().await.unwrap() {
                StoreChange::Elsewhere if log(&*subject.store, thread).await.len() == len => break,
                StoreChange::Elsewhere => {}
                StoreChange::Here(commits) => panic!("{commits:?} were not committed here"),
            }
        }
    }
}
