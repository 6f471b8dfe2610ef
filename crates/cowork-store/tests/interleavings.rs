//! Whatever is asked of it, through whichever of two handles, the store answers as the one in memory does.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that can't go on says so by panicking")]

use std::{sync::Arc, time::Duration};

use cowork_core::{Actor, Batch, Count, Expect, Label, LeaseAsk, MemoryStore, Read, Record, Store, TaskId, ThreadId};
use cowork_store::{SqliteOptions, SqliteStore, Synchronous};
use cowork_testkit::{TestRuntime, block_on, store::cases::notes};
use proptest::prelude::*;
use uuid::Uuid;

#[derive(Clone, Debug)]
enum Ask {
    Commit { thread: u128, tasks: Vec<u128>, expect: Vec<Guess>, put: Vec<(u8, bool)>, count: Vec<i64>, durable: bool },
    Lease(u128, LeaseAsk),
    Pass(u64),
    Reopen,
}

#[derive(Clone, Debug)]
enum Guess {
    /// The task's head as it is, or off by this.
    Head(u128, u64),
    Fence(u128, u64),
    Absent(u8),
}

fn guess() -> impl Strategy<Value = Guess> {
    prop_oneof![
        4 => (0..3_u128, prop_oneof![4 => Just(0_u64), 1 => 1..3_u64]).prop_map(|(task, off)| Guess::Head(task, off)),
        1 => (0..3_u128, 0..3_u64).prop_map(|(task, fence)| Guess::Fence(task, fence)),
        1 => (0..4_u8).prop_map(Guess::Absent),
    ]
}

fn lease() -> impl Strategy<Value = LeaseAsk> {
    let ttl = Duration::from_secs(10);
    let owner = prop_oneof![Just("a".to_owned()), Just("b".to_owned())];
    prop_oneof![
        3 => (owner.clone(), proptest::option::of(owner))
            .prop_map(move |(owner, dead)| LeaseAsk::Take { owner, ttl, dead }),
        1 => (0..4_u64).prop_map(move |fence| LeaseAsk::Keep { fence, ttl }),
        1 => (0..4_u64).prop_map(|fence| LeaseAsk::Drop { fence }),
        1 => Just(LeaseAsk::Look),
    ]
}

fn ask() -> impl Strategy<Value = Ask> {
    let commit = (
        0..2_u128,
        proptest::collection::vec(0..4_u128, 0..4),
        proptest::collection::vec(guess(), 0..2),
        proptest::collection::vec((0..4_u8, any::<bool>()), 0..2),
        proptest::collection::vec(-3..5_i64, 0..3),
        any::<bool>(),
    );
    prop_oneof![
        8 => commit.prop_map(|(thread, tasks, expect, put, count, durable)| Ask::Commit {
            thread, tasks, expect, put, count, durable
        }),
        3 => (0..3_u128, lease()).prop_map(|(task, ask)| Ask::Lease(task, ask)),
        1 => (1..15_u64).prop_map(Ask::Pass),
        1 => Just(Ask::Reopen),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn two_handles_answer_as_one_store_in_memory(asks in proptest::collection::vec((0..2_usize, ask()), 1..40)) {
        block_on(compare(asks))?;
    }
}

async fn compare(asks: Vec<(usize, Ask)>) -> Result<(), TestCaseError> {
    let dir = tempfile::tempdir().unwrap();
    let clock = TestRuntime::new();
    let open = || {
        let options = SqliteOptions::new(dir.path().join("log.db"), clock.clone());
        SqliteStore::open(SqliteOptions { synchronous: Synchronous::Off, ..options }).unwrap()
    };
    let memory = MemoryStore::new(clock.clone());
    let mut handles = [open(), open()];
    for (at, ask) in asks {
        match ask {
            Ask::Pass(seconds) => clock.advance(Duration::from_secs(seconds)),
            Ask::Reopen => handles[at] = open(),
            Ask::Lease(task, ask) => {
                let task = TaskId::from_uuid(Uuid::from_u128(task));
                let there = handles[at].lease(task, ask.clone()).await;
                prop_assert_eq!(there, memory.lease(task, ask).await);
            }
            Ask::Commit { .. } => {
                let batch = batch(&memory, &clock, ask).await;
                let there = handles[at].commit(batch.clone()).await;
                prop_assert_eq!(there, memory.commit(batch).await);
            }
        }
    }
    for handle in &handles {
        for thread in [0, 1].map(thread) {
            prop_assert_eq!(all(handle, thread, None).await, all(&memory, thread, None).await);
            for task in 0..4 {
                let task = Some(TaskId::from_uuid(Uuid::from_u128(task)));
                prop_assert_eq!(all(handle, thread, task).await, all(&memory, thread, task).await);
            }
        }
        let [there, here] = [handle.scan(String::new(), None, 99).await, memory.scan(String::new(), None, 99).await];
        prop_assert_eq!(there.unwrap(), here.unwrap());
        prop_assert!(handle.check().await.iter().all(|f| f.ok));
    }
    Ok(())
}

async fn batch(memory: &MemoryStore, clock: &Arc<TestRuntime>, ask: Ask) -> Batch {
    let Ask::Commit { thread: home, tasks, expect, put, count, durable } = ask else { unreachable!() };
    let mut batch = Batch { durable, ..Batch::new(thread(home)) };
    for (at, task) in tasks.into_iter().enumerate() {
        // The fourth stands for the thread's own records.
        let mut draft = notes(&**clock, batch.thread, TaskId::from_uuid(Uuid::from_u128(task)), 1).append.remove(0);
        draft.task = draft.task.filter(|_| task < 3);
        let label = [Label::trusted(), Label::user(), Label::default()][at % 3].clone();
        batch.append.push(draft.by(Actor::Tool, label));
    }
    for guess in expect {
        batch.expect.push(match guess {
            Guess::Absent(key) => Expect::Absent(format!("key/{key}")),
            Guess::Fence(task, fence) => Expect::Fence(TaskId::from_uuid(Uuid::from_u128(task)), fence),
            Guess::Head(task, off) => {
                let task = TaskId::from_uuid(Uuid::from_u128(task));
                let mut head = 0;
                for thread in [0, 1].map(thread) {
                    head = all(memory, thread, Some(task)).await.last().map_or(head, |r| r.seq);
                }
                Expect::Head(task, head + off)
            }
        });
    }
    batch.put = put.into_iter().map(|(key, set)| (format!("key/{key}"), set.then(|| vec![key]))).collect();
    batch.count = count.into_iter().map(|add| Count { name: "c".into(), add, cap: 6 }).collect();
    batch
}

fn thread(n: u128) -> ThreadId {
    ThreadId::from_uuid(Uuid::from_u128(100 + n))
}

async fn all(store: &dyn Store, thread: ThreadId, task: Option<TaskId>) -> Vec<Record> {
    store.read(Read { thread, task, after: 0, most: usize::MAX }).await.unwrap()
}
