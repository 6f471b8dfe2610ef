use std::{sync::Arc, time::Duration};

use cowork_core::{Expect, Kind, Lease, LeaseAsk, TaskId, ThreadId};

use super::{Subject, cases::notes};
use crate::TestRuntime;

type Clock = Arc<TestRuntime>;
pub(super) const MINUTE: Duration = Duration::from_secs(60);

/// Whoever comes second, and whoever comes twice, gets nothing.
pub async fn a_lease_is_held_by_one(subject: Subject, clock: Clock) {
    let (task, other) = (TaskId::new(&*clock), TaskId::new(&*clock));
    let store = &*subject.store;
    assert_eq!(store.lease(task, LeaseAsk::Look).await.unwrap(), None);
    assert_eq!(store.lease(task, take("a")).await.unwrap(), lease("a", 1));
    assert_eq!(store.lease(task, take("b")).await.unwrap(), None);
    assert_eq!(store.lease(task, take("a")).await.unwrap(), None);
    assert_eq!(store.lease(other, take("b")).await.unwrap(), lease("b", 1), "each task has its own");
    assert_eq!(store.lease(task, LeaseAsk::Look).await.unwrap(), lease("a", 1));
}

/// What counts is the store's clock, to the moment.
pub async fn a_lease_runs_out_by_the_stores_clock(subject: Subject, clock: Clock) {
    let task = TaskId::new(&*clock);
    let store = &*subject.store;
    store.lease(task, take("a")).await.unwrap().unwrap();
    clock.advance(MINUTE - Duration::from_millis(1));
    assert_eq!(store.lease(task, take("b")).await.unwrap(), None);
    clock.advance(Duration::from_millis(1));
    assert_eq!(store.lease(task, LeaseAsk::Look).await.unwrap(), None);
    assert_eq!(store.lease(task, take("b")).await.unwrap(), lease("b", 2));
    assert_eq!(store.lease(task, LeaseAsk::Keep { fence: 1, ttl: MINUTE }).await.unwrap(), None);
    assert_eq!(store.lease(task, LeaseAsk::Drop { fence: 1 }).await.unwrap(), None);
    assert_eq!(store.lease(task, LeaseAsk::Look).await.unwrap(), lease("b", 2));
}

/// Keeping it moves its end; one that ran out can still be kept if nobody took it.
pub async fn a_lease_is_kept_by_whoever_holds_it(subject: Subject, clock: Clock) {
    let task = TaskId::new(&*clock);
    let store = &*subject.store;
    let keep = LeaseAsk::Keep { fence: 1, ttl: MINUTE };
    assert_eq!(store.lease(task, keep.clone()).await.unwrap(), None, "what was never taken can't be kept");
    store.lease(task, take("a")).await.unwrap().unwrap();
    for _ in 0..3 {
        clock.advance(MINUTE / 2);
        assert_eq!(store.lease(task, keep.clone()).await.unwrap(), lease("a", 1));
    }
    clock.advance(MINUTE / 2);
    assert_eq!(store.lease(task, take("b")).await.unwrap(), None);
    clock.advance(MINUTE * 2);
    assert_eq!(store.lease(task, keep).await.unwrap(), lease("a", 1));
    assert_eq!(store.lease(task, take("b")).await.unwrap(), None);
}

/// Given back, it is free at once, and the next one has a greater number.
pub async fn a_lease_is_given_back_and_its_number_never_comes_again(subject: Subject, clock: Clock) {
    let task = TaskId::new(&*clock);
    let store = &*subject.store;
    for fence in 1..4 {
        assert_eq!(store.lease(task, take("a")).await.unwrap(), lease("a", fence));
        assert_eq!(store.lease(task, LeaseAsk::Drop { fence: fence + 1 }).await.unwrap(), None);
        assert_eq!(store.lease(task, LeaseAsk::Drop { fence }).await.unwrap(), lease("a", fence));
        assert_eq!(store.lease(task, LeaseAsk::Drop { fence }).await.unwrap(), None);
        assert_eq!(store.lease(task, LeaseAsk::Keep { fence, ttl: MINUTE }).await.unwrap(), None);
        assert_eq!(store.lease(task, LeaseAsk::Look).await.unwrap(), None);
    }
}

/// Whoever knows that exactly the owner is dead need not wait.
pub async fn a_dead_owners_lease_is_taken_at_once(subject: Subject, clock: Clock) {
    let task = TaskId::new(&*clock);
    let store = &*subject.store;
    let after = |dead: &str| LeaseAsk::Take { owner: "b".into(), ttl: MINUTE, dead: Some(dead.into()) };
    store.lease(task, take("a")).await.unwrap().unwrap();
    assert_eq!(store.lease(task, after("c")).await.unwrap(), None);
    assert_eq!(store.lease(task, after("a")).await.unwrap(), lease("b", 2));
    assert_eq!(store.lease(task, after("a")).await.unwrap(), None, "somebody else took it meanwhile");
}

/// Whoever's lease was taken or given back writes nothing more; having run out alone stops nobody.
pub async fn a_stale_fence_is_refused(subject: Subject, clock: Clock) {
    let (thread, task) = (ThreadId::new(&*clock), TaskId::new(&*clock));
    let store = &*subject.store;
    let with = |fence| {
        let mut batch = notes(&*clock, thread, task, 1);
        batch.expect = vec![Expect::Fence(task, fence)];
        store.commit(batch)
    };
    assert_eq!(with(0).await.unwrap_err().kind, Kind::LeaseLost, "nobody holds it");
    store.lease(task, take("a")).await.unwrap().unwrap();
    with(1).await.unwrap();
    clock.advance(MINUTE * 2);
    with(1).await.unwrap();
    store.lease(task, take("b")).await.unwrap().unwrap();
    assert_eq!(with(1).await.unwrap_err().kind, Kind::LeaseLost);
    with(2).await.unwrap();
    store.lease(task, LeaseAsk::Drop { fence: 2 }).await.unwrap().unwrap();
    assert_eq!(with(2).await.unwrap_err().kind, Kind::LeaseLost);
    assert_eq!(super::cases::log(store, thread).await.len(), 3);
}

pub(super) fn take(owner: &str) -> LeaseAsk {
    LeaseAsk::Take { owner: owner.into(), ttl: MINUTE, dead: None }
}

fn lease(owner: &str, fence: u64) -> Option<Lease> {
    Some(Lease { owner: owner.into(), fence })
}
