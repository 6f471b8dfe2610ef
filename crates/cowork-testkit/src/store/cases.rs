//! The stories that [`suite!`](super::suite) tells, one for each sentence of the contract.

use std::{sync::Arc, time::Duration};

use cowork_core::{
    Actor, Batch, Body, CallId, Count, Draft, Event, Expect, Hash, INLINE, Kind, Label, Read, Record, Runtime, Store,
    StoreChange, TaskId, ThreadId,
};
use tokio::sync::broadcast::error::RecvError;

use super::Subject;
use crate::TestRuntime;

pub use super::{lease_cases::*, shared_cases::*};

type Clock = Arc<TestRuntime>;

/// Neither records nor entries nor counters of a refused commit are there.
pub async fn a_commit_is_all_or_nothing(subject: Subject, clock: Clock) {
    let (thread, task) = (ThreadId::new(&*clock), TaskId::new(&*clock));
    let mut batch = notes(&*clock, thread, task, 2);
    batch.put = vec![("queue/a".into(), Some(b"1".to_vec()))];
    batch.count =
        vec![Count { name: "spent".into(), add: 5, cap: 10 }, Count { name: "spent".into(), add: 6, cap: 10 }];
    let error = subject.store.commit(batch.clone()).await.unwrap_err();
    assert_eq!((error.kind, error.fact("expected")), (Kind::Conflict, Some("cap")));
    assert_eq!(log(&*subject.store, thread).await, []);
    assert_eq!(subject.store.scan(String::new(), None, 10).await.unwrap(), []);

    batch.count.pop();
    let committed = subject.store.commit(batch).await.unwrap();
    assert_eq!(log(&*subject.store, thread).await, *committed);
    let entries = subject.store.scan(String::new(), None, 10).await.unwrap();
    assert_eq!(entries, [("count/spent".into(), b"5".to_vec()), ("queue/a".into(), b"1".to_vec())]);
}

/// A commit may only set entries, or only ask whether something holds.
pub async fn a_commit_without_records_is_fine(subject: Subject, clock: Clock) {
    let (thread, task) = (ThreadId::new(&*clock), TaskId::new(&*clock));
    let mut batch = Batch::new(thread);
    batch.durable = true;
    batch.expect = vec![Expect::Head(task, 0), Expect::Absent("a".into())];
    assert_eq!(subject.store.commit(batch.clone()).await.unwrap()[..], []);
    batch.put = vec![("a".into(), Some(Vec::new()))];
    assert_eq!(subject.store.commit(batch.clone()).await.unwrap()[..], []);
    assert_eq!(subject.store.commit(batch).await.unwrap_err().kind, Kind::Conflict);
    assert_eq!(log(&*subject.store, thread).await, []);
}

/// 1, 2, 3, … for each thread, with 48 committing to three of them at once.
pub async fn seq_is_gapless_per_thread_however_many_commit_at_once(subject: Subject, clock: Clock) {
    let threads = [(); 3].map(|()| ThreadId::new(&*clock));
    let commits: Vec<_> = (0..48)
        .map(|n| {
            let (store, mut batch) =
                (subject.store.clone(), notes(&*clock, threads[n % 3], TaskId::new(&*clock), 1 + n % 4));
            batch.durable = n % 2 == 0;
            tokio::spawn(async move { store.commit(batch).await.unwrap() })
        })
        .collect();
    let mut given: Vec<Record> = Vec::new();
    for commit in commits {
        let records = commit.await.unwrap();
        assert!(records.windows(2).all(|w| w[0].seq + 1 == w[1].seq), "a batch is in one piece");
        given.extend(records.iter().cloned());
    }
    for thread in threads {
        let log = log(&*subject.store, thread).await;
        assert_sound(&log);
        let mut mine: Vec<&Record> = given.iter().filter(|r| r.thread == thread).collect();
        mine.sort_by_key(|r| r.seq);
        assert_eq!(log.iter().collect::<Vec<_>>(), mine);
    }
}

/// Those that commit at the same time may share a transaction; one that is refused fails alone.
pub async fn a_refused_commit_takes_no_other_with_it(subject: Subject, clock: Clock) {
    let thread = ThreadId::new(&*clock);
    let commits: Vec<_> = (0..40)
        .map(|n| {
            let (store, task) = (subject.store.clone(), TaskId::new(&*clock));
            let mut batch = notes(&*clock, thread, task, 1);
            batch.expect = vec![Expect::Head(task, if n % 3 == 0 { 7 } else { 0 })];
            tokio::spawn(async move { (n % 3 == 0, store.commit(batch).await) })
        })
        .collect();
    for commit in commits {
        let (off, result) = commit.await.unwrap();
        assert_eq!(result.err().map(|e| e.kind), off.then_some(Kind::Conflict));
    }
    let log = log(&*subject.store, thread).await;
    assert_eq!(log.len(), 26);
    assert_sound(&log);
}

/// Whether a commit that nobody waits for any more was made or not, the log is whole and goes on.
pub async fn a_dropped_commit_leaves_the_log_whole(subject: Subject, clock: Clock) {
    let (thread, task) = (ThreadId::new(&*clock), TaskId::new(&*clock));
    for _ in 0..20 {
        let commit = subject.store.commit(notes(&*clock, thread, task, 2));
        // Polled once, then dropped.
        tokio::select! { biased; _ = commit => {}, () = std::future::ready(()) => {} }
    }
    let last = subject.store.commit(notes(&*clock, thread, task, 1)).await.unwrap();
    let log = log(&*subject.store, thread).await;
    assert_eq!(log.last(), last.last());
    assert_eq!(log.len() % 2, 1, "a commit is made whole or not at all");
    assert_sound(&log);
}

/// Every field comes back, events of a later version, labels, long bodies and the thread's own records among them.
pub async fn what_is_read_is_what_was_committed(subject: Subject, clock: Clock) {
    let (thread, task, call) = (ThreadId::new(&*clock), TaskId::new(&*clock), CallId::new(&*clock));
    let event = |text: &str| Event::ThreadOpened { title: text.to_owned() };
    let stopped = Event::TaskStopped { reason: "ж🦀\0\"".into() };
    let started = Event::CallInterrupted { call, attempt: 3, reason: String::new() };
    let later = r#"{"type":"dreamt","critical":true,"of":["sheep"]}"#;
    let mut dreamt = Draft::new(Some(task), clock.now(), event("")).unwrap();
    dreamt.body = Body::stored("dreamt".to_owned(), later);
    let mut early = Draft::new(Some(task), clock.now(), stopped).unwrap().by(Actor::Person, Label::user());
    early.at = cowork_core::Timestamp::from_millis(-7);
    let mut joined = Label::file("Downloads/a.txt");
    joined.join(&Label::file("Downloads/ü\".txt"));
    let mut batch = Batch::new(thread);
    batch.durable = true;
    batch.append = vec![
        Draft::new(None, clock.now(), event("Mine")).unwrap(),
        early,
        Draft::new(Some(task), clock.now(), started).unwrap().by(Actor::Tool, Label::default()),
        dreamt.by(Actor::Planner, joined),
        Draft::new(Some(task), clock.now(), event(&"x".repeat(INLINE))).unwrap(),
        Draft::new(None, clock.now(), event(&"y".repeat(300_000))).unwrap(),
        Draft::new(Some(task), clock.now(), event(&"x".repeat(INLINE))).unwrap(),
    ];
    let committed = subject.store.commit(batch).await.unwrap();
    let read = log(&*subject.store, thread).await;
    assert_eq!(read, *committed);
    assert_eq!(read[2].cause, Some(call.uuid()));
    assert_eq!(&**read[3].event.json(), later);
    assert_eq!(*read[3].event.event().unwrap(), Event::Unknown { kind: "dreamt".into(), critical: true });
    assert_eq!(*read[5].event.event().unwrap(), event(&"y".repeat(300_000)));
    assert_sound(&read);
    let task_read = subject.store.read(Read::task(thread, task, 0)).await.unwrap();
    assert_eq!(task_read.iter().map(|r| r.seq).collect::<Vec<_>>(), [2, 3, 4, 5, 7]);
    assert!(task_read.iter().all(|r| *r == read[r.seq as usize - 1]));
}

/// Each record names the one before by its hash, also over several commits and threads.
pub async fn records_are_chained_by_hash(subject: Subject, clock: Clock) {
    let threads = [ThreadId::new(&*clock), ThreadId::new(&*clock)];
    for n in 0..6 {
        let batch = notes(&*clock, threads[n % 2], TaskId::new(&*clock), n);
        subject.store.commit(batch).await.unwrap();
    }
    for thread in threads {
        assert_sound(&log(&*subject.store, thread).await);
    }
}

/// `after` and `most` cut out a window.
pub async fn reads_begin_after_a_seq_and_end_at_most(subject: Subject, clock: Clock) {
    let (thread, task) = (ThreadId::new(&*clock), TaskId::new(&*clock));
    subject.store.commit(notes(&*clock, thread, task, 10)).await.unwrap();
    for task in [None, Some(task)] {
        let window = async |after, most| {
            let read = Read { thread, task, after, most };
            subject.store.read(read).await.unwrap().iter().map(|r| r.seq).collect::<Vec<_>>()
        };
        assert_eq!(window(0, 3).await, [1, 2, 3]);
        assert_eq!(window(8, 512).await, [9, 10]);
        assert_eq!(window(9, usize::MAX).await, [10]);
        assert_eq!(window(10, 512).await, [0; 0]);
        assert_eq!(window(u64::MAX, 512).await, [0; 0]);
        assert_eq!(window(0, 0).await, [0; 0]);
    }
    let nowhere = Read::thread(ThreadId::new(&*clock), 0);
    assert_eq!(subject.store.read(nowhere).await.unwrap(), []);
}

/// Reading a task gives its records and no others, in order.
pub async fn a_task_is_read_without_the_others(subject: Subject, clock: Clock) {
    let thread = ThreadId::new(&*clock);
    let tasks = [TaskId::new(&*clock), TaskId::new(&*clock)];
    for n in 0..9 {
        subject.store.commit(notes(&*clock, thread, tasks[n % 2], 1 + n % 3)).await.unwrap();
    }
    let all = log(&*subject.store, thread).await;
    for task in tasks {
        let mine: Vec<Record> = all.iter().filter(|r| r.task == Some(task)).cloned().collect();
        assert_eq!(subject.store.read(Read::task(thread, task, 0)).await.unwrap(), mine);
        let after = mine[2].seq;
        assert_eq!(subject.store.read(Read::task(thread, task, after)).await.unwrap(), mine[3..]);
    }
    let elsewhere = Read::task(ThreadId::new(&*clock), tasks[0], 0);
    assert_eq!(subject.store.read(elsewhere).await.unwrap(), []);
    let unknown = Read::task(thread, TaskId::new(&*clock), 0);
    assert_eq!(subject.store.read(unknown).await.unwrap(), []);
}

/// Thousands of records of others lie between those of a task; its records and its head are found all the same, by a handle
/// too that did not write them.
pub async fn a_task_is_found_wherever_it_is_in_a_long_log(subject: Subject, clock: Clock) {
    let (thread, rare, frequent) = (ThreadId::new(&*clock), TaskId::new(&*clock), TaskId::new(&*clock));
    let mut heads = Vec::new();
    for _ in 0..4 {
        let records = subject.store.commit(notes(&*clock, thread, rare, 2)).await.unwrap();
        heads.push(records[1].seq);
        subject.store.commit(notes(&*clock, thread, frequent, 3_000)).await.unwrap();
    }
    let all = log(&*subject.store, thread).await;
    let handle = match &subject.again {
        Some(again) => again().await,
        None => subject.store.clone(),
    };
    for (task, after, most) in [(rare, 0, 99), (rare, heads[1] - 1, 99), (rare, heads[1], 3), (frequent, 2_999, 5_000)]
    {
        let wanted = all.iter().filter(|r| r.task == Some(task) && r.seq > after).take(most);
        let read = Read { most, ..Read::task(thread, task, after) };
        assert!(handle.read(read.clone()).await.unwrap().iter().eq(wanted), "{read:?}");
    }
    for (head, fits) in [(heads[2], false), (heads[3], true)] {
        let batch = Batch { expect: vec![Expect::Head(rare, head)], ..notes(&*clock, thread, rare, 1) };
        assert_eq!(handle.commit(batch).await.is_ok(), fits);
    }
}

/// A task's records are all in one thread.
pub async fn a_task_stays_in_its_thread(subject: Subject, clock: Clock) {
    let (thread, task) = (ThreadId::new(&*clock), TaskId::new(&*clock));
    subject.store.commit(notes(&*clock, thread, task, 1)).await.unwrap();
    let stray = notes(&*clock, ThreadId::new(&*clock), task, 1);
    let to = stray.thread;
    assert_eq!(subject.store.commit(stray).await.unwrap_err().kind, Kind::InvalidInput);
    assert_eq!(log(&*subject.store, to).await, []);
}

/// A task's head is its own last record, whatever else goes on in the thread; 0 before the first.
pub async fn the_head_of_a_task_is_checked(subject: Subject, clock: Clock) {
    let (thread, task, other) = (ThreadId::new(&*clock), TaskId::new(&*clock), TaskId::new(&*clock));
    let expecting = |head| {
        let mut batch = notes(&*clock, thread, task, 2);
        batch.expect = vec![Expect::Head(task, head)];
        subject.store.commit(batch)
    };
    expecting(0).await.unwrap();
    subject.store.commit(notes(&*clock, thread, other, 3)).await.unwrap();
    for wrong in [0, 1, 5, u64::MAX] {
        let error = expecting(wrong).await.unwrap_err();
        assert_eq!((error.kind, error.fact("expected")), (Kind::Conflict, Some("head")));
    }
    let records = expecting(2).await.unwrap();
    assert_eq!(records.iter().map(|r| r.seq).collect::<Vec<_>>(), [6, 7]);
    expecting(7).await.unwrap();
}

/// Of several commits that want a key to be absent and set it, one is made.
pub async fn a_key_is_taken_once(subject: Subject, clock: Clock) {
    let thread = ThreadId::new(&*clock);
    let commits: Vec<_> = (0..12)
        .map(|n: u8| {
            let (store, mut batch) = (subject.store.clone(), notes(&*clock, thread, TaskId::new(&*clock), 1));
            batch.expect = vec![Expect::Absent("inbox/cli/1".into())];
            batch.put = vec![("inbox/cli/1".into(), Some(vec![n]))];
            tokio::spawn(async move { store.commit(batch).await.map(|_| n) })
        })
        .collect();
    let mut made = Vec::new();
    for commit in commits {
        match commit.await.unwrap() {
            Ok(n) => made.push(n),
            Err(error) => assert_eq!((error.kind, error.fact("expected")), (Kind::Conflict, Some("absent"))),
        }
    }
    assert_eq!(made.len(), 1);
    let entries = subject.store.scan("inbox/".into(), None, 10).await.unwrap();
    assert_eq!(entries, [("inbox/cli/1".to_owned(), made)]);
    assert_eq!(log(&*subject.store, thread).await.len(), 1);
}

/// A counter never passes its cap, can be given back below it, and does not wrap round.
pub async fn a_counter_stops_at_its_cap(subject: Subject, clock: Clock) {
    let thread = ThreadId::new(&*clock);
    let count = |add, cap| {
        let mut batch = Batch::new(thread);
        batch.count = vec![Count { name: "calls".into(), add, cap }];
        subject.store.commit(batch)
    };
    for add in [3, 6, 1] {
        count(add, 10).await.unwrap();
    }
    let error = count(1, 10).await.unwrap_err();
    assert_eq!((error.kind, error.fact("expected")), (Kind::Conflict, Some("cap")));
    assert_eq!(count(i64::MAX, i64::MAX).await.unwrap_err().kind, Kind::Conflict);
    count(-2, 5).await.unwrap();
    assert_eq!(count(1, 8).await.unwrap_err().kind, Kind::Conflict);
    count(1, 9).await.unwrap();
    let entries = subject.store.scan("count/".into(), None, 10).await.unwrap();
    assert_eq!(entries, [("count/calls".to_owned(), b"9".to_vec())]);
}

/// A scan gives what begins with the prefix and comes after the key, by the bytes of the keys.
pub async fn entries_are_scanned_by_prefix_in_order(subject: Subject, clock: Clock) {
    let keys = ["a", "a/", "a/%", "a/1", "a/10", "a/2", "a/_", "a/é", "a/\u{10ffff}", "a/\u{10ffff}x", "a0", "b"];
    let mut batch = Batch::new(ThreadId::new(&*clock));
    batch.put = keys.iter().rev().map(|k| ((*k).to_owned(), Some(vec![0, 255, b'x']))).collect();
    subject.store.commit(batch).await.unwrap();
    let scan = async |prefix: &str, after: Option<&str>, most| {
        let entries = subject.store.scan(prefix.into(), after.map(Into::into), most).await.unwrap();
        assert!(entries.iter().all(|(_, value)| *value == [0, 255, b'x']));
        entries.into_iter().map(|(key, _)| key).collect::<Vec<_>>()
    };
    assert_eq!(scan("", None, 100).await, keys);
    assert_eq!(scan("a/", None, 100).await, keys[1..10]);
    assert_eq!(scan("a/", None, 2).await, keys[1..3]);
    assert_eq!(scan("a/", Some("a/1"), 100).await, keys[4..10]);
    assert_eq!(scan("a/", Some("a/15"), 1).await, ["a/2"]);
    assert_eq!(scan("a/", Some("a"), 1).await, ["a/"], "a key before the prefix cuts nothing off");
    assert_eq!(scan("a/", Some("b"), 100).await, [""; 0]);
    assert_eq!(scan("a/\u{10ffff}", None, 100).await, keys[8..10]);
    assert_eq!(scan("c", None, 100).await, [""; 0]);
    let mut batch = Batch::new(ThreadId::new(&*clock));
    batch.put = vec![("a/1".into(), None), ("never".into(), None), ("b".into(), Some(b"new".to_vec()))];
    subject.store.commit(batch).await.unwrap();
    assert_eq!(scan("a/1", None, 100).await, ["a/10"]);
    assert_eq!(subject.store.scan("b".into(), None, 9).await.unwrap(), [("b".to_owned(), b"new".to_vec())]);
}

/// The threads are known without any index, and nothing that is put can hide or add one.
pub async fn the_log_itself_names_its_threads(subject: Subject, clock: Clock) {
    let mut keys = Vec::new();
    for _ in 0..3 {
        let thread = ThreadId::new(&*clock);
        let mut batch = notes(&*clock, thread, TaskId::new(&*clock), 1);
        batch.put.push((format!("log/{}", ThreadId::new(&*clock)), Some(Vec::new())));
        subject.store.commit(batch).await.unwrap();
        keys.push((format!("log/{thread}"), Vec::new()));
    }
    keys.sort();
    let scan = async |after: Option<String>, most| subject.store.scan("log/".into(), after, most).await.unwrap();
    assert_eq!(scan(None, 9).await, keys);
    assert_eq!(scan(None, 1).await, keys[..1]);
    assert_eq!(scan(Some(keys[0].0.clone()), 9).await, keys[1..]);
    let one = subject.store.scan(keys[1].0.clone(), None, 9).await.unwrap();
    assert_eq!(one, keys[1..2]);
}

/// Every record of this process comes by, in order, to each who watches from then on.
pub async fn whoever_watches_is_told_of_every_commit_in_order(subject: Subject, clock: Clock) {
    let (thread, task) = (ThreadId::new(&*clock), TaskId::new(&*clock));
    subject.store.commit(notes(&*clock, thread, task, 1)).await.unwrap();
    let watchers = [subject.store.watch(), subject.store.watch()];
    let commits: Vec<_> = (0..10)
        .map(|_| {
            let (store, batch) = (subject.store.clone(), notes(&*clock, thread, task, 2));
            tokio::spawn(async move { store.commit(batch).await.unwrap() })
        })
        .collect();
    for commit in commits {
        commit.await.unwrap();
    }
    let log = log(&*subject.store, thread).await;
    for mut watcher in watchers {
        let mut seen: Vec<Record> = Vec::new();
        while seen.len() < 20 {
            if let StoreChange::Here(commits) = watcher.recv().await.unwrap() {
                seen.extend(commits.iter().flat_map(|records| records.iter().cloned()));
            }
        }
        assert_eq!(seen, log[1..]);
    }
}

/// A watcher that does not read is told that it lags; commits go on.
pub async fn a_watcher_that_sleeps_holds_up_nobody(subject: Subject, clock: Clock) {
    let (thread, task) = (ThreadId::new(&*clock), TaskId::new(&*clock));
    let mut watcher = subject.store.watch();
    let mut lagged = false;
    for _ in 0..5_000 {
        subject.store.commit(notes(&*clock, thread, task, 1)).await.unwrap();
    }
    while let Ok(change) = tokio::time::timeout(Duration::from_secs(30), watcher.recv()).await {
        match change {
            Err(RecvError::Lagged(_)) => lagged = true,
            Ok(StoreChange::Here(commits)) if commits[0][0].seq == 5_000 => break,
            Ok(_) => {}
            Err(RecvError::Closed) => panic!("the store is still open"),
        }
    }
    assert!(lagged, "what it missed is not kept for it");
    assert_eq!(subject.store.read(Read::thread(thread, 4_999)).await.unwrap().len(), 1);
}

/// `check` finds everything in order.
pub async fn a_sound_store_has_nothing_to_say(subject: Subject, clock: Clock) {
    subject.store.commit(notes(&*clock, ThreadId::new(&*clock), TaskId::new(&*clock), 3)).await.unwrap();
    let findings = subject.store.check().await;
    assert!(!findings.is_empty());
    assert!(findings.iter().all(|f| f.ok), "{findings:?}");
}

/// Makes a batch of `n` small records of a task.
pub fn notes(runtime: &dyn Runtime, thread: ThreadId, task: TaskId, n: usize) -> Batch {
    let note = |n| Event::TaskStopped { reason: format!("note {n}") };
    let mut batch = Batch::new(thread);
    batch.append = (0..n).map(|n| Draft::new(Some(task), runtime.now(), note(n)).unwrap()).collect();
    batch
}

/// Reads a whole thread.
pub async fn log(store: &dyn Store, thread: ThreadId) -> Vec<Record> {
    store.read(Read { most: usize::MAX, ..Read::thread(thread, 0) }).await.unwrap()
}

/// Checks a whole thread: no gap, no duplicate, the hashes chained, the bodies what they were.
///
/// # Panics
/// If anything is off.
pub fn assert_sound(log: &[Record]) {
    let mut last = Hash::default();
    for (at, record) in log.iter().enumerate() {
        assert_eq!(record.seq, at as u64 + 1);
        assert_eq!(record.prev_hash, last, "record {} follows the one before it", record.seq);
        assert!(record.is_intact(), "record {} is what was stored", record.seq);
        last = record.hash();
    }
}
