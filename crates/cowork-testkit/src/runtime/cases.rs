//! The stories that [`suite!`](super::suite) tells, one for each promise of [`Runtime`](cowork_core::Runtime).

use std::{
    collections::HashSet,
    sync::{Arc, Mutex},
    time::Duration,
};

use futures_util::FutureExt;
use tokio::sync::oneshot;

use super::Subject;
use crate::tell::soon;

const HOUR: Duration = Duration::from_secs(3_600);
const MOMENT: Duration = Duration::from_millis(5);

/// Not in seconds, not in nanoseconds, not since the computer was started.
pub async fn the_time_is_in_milliseconds_since_1970(subject: Subject) {
    let (from, to) = (1_577_836_800_000, 7_258_118_400_000);
    let now = subject.runtime.now().as_millis();
    assert!((from..to).contains(&now), "{now} ms since 1970 is not between the years 2020 and 2200");
}

/// Drawn by several at once; every bit is sometimes set and sometimes not.
pub async fn entropy_is_128_bits_that_do_not_come_again(subject: Subject) {
    const DRAWS: usize = 2_000;
    let all = Arc::new(Mutex::new(HashSet::new()));
    let (mut ever, mut always) = (0, u128::MAX);
    std::thread::scope(|threads| {
        for _ in 0..4 {
            let (runtime, all) = (subject.runtime.clone(), all.clone());
            threads.spawn(move || {
                let drawn: Vec<u128> = (0..DRAWS).map(|_| runtime.entropy()).collect();
                all.lock().expect("no thread panics").extend(drawn);
            });
        }
    });
    let all = all.lock().expect("no thread panics");
    assert_eq!(all.len(), 4 * DRAWS, "what was drawn came again");
    for drawn in all.iter() {
        ever |= drawn;
        always &= drawn;
    }
    assert_eq!((ever, always), (u128::MAX, 0), "some bits are always the same");
}

/// Also one of no length.
pub async fn a_sleep_ends_once_the_clock_has_passed(subject: Subject) {
    for length in [MOMENT, Duration::ZERO] {
        let asleep = subject.runtime.sleep(length);
        (subject.pass)(length);
        soon("a sleep", asleep).await;
    }
}

/// So it is the clock that ends a sleep.
pub async fn the_shorter_sleep_ends_first(subject: Subject) {
    let mut long = subject.runtime.sleep(HOUR);
    let short = subject.runtime.sleep(MOMENT);
    (subject.pass)(MOMENT);
    soon("a short sleep", short).await;
    assert!((&mut long).now_or_never().is_none(), "an hour has not passed");
}

/// Nobody is woken, and other sleeps go on.
pub async fn a_sleep_is_cancelled_by_dropping_it(subject: Subject) {
    let dropped = subject.runtime.sleep(HOUR);
    assert!(dropped.now_or_never().is_none(), "an hour has not passed");
    drop(subject.runtime.sleep(MOMENT));
    let kept = subject.runtime.sleep(MOMENT);
    (subject.pass)(MOMENT);
    soon("a sleep beside dropped ones", kept).await;
}

/// It goes on while whoever spawned it does something else, also across a wait.
pub async fn what_is_spawned_runs_to_its_end_unawaited(subject: Subject) {
    let (go, gone) = oneshot::channel::<()>();
    let (done, end) = oneshot::channel();
    subject.runtime.spawn(Box::pin(async move {
        gone.await.expect("it is told to go on");
        done.send(()).expect("the story waits");
    }));
    go.send(()).expect("what was spawned is not dropped before its end");
    soon("what was spawned", end).await.expect("it ran to its end");
}

/// Neither the process nor what else was spawned, before it and after it.
pub async fn a_panic_in_what_is_spawned_ends_nothing_else(subject: Subject) {
    let (go, gone) = oneshot::channel::<()>();
    let (done, end) = oneshot::channel();
    subject.runtime.spawn(Box::pin(async move {
        drop(gone.await);
        done.send(()).expect("the story waits");
    }));
    subject.runtime.spawn(Box::pin(async move {
        // Dropped by the panic: the other one goes on.
        let _go = go;
        panic!("this panic is part of the story");
    }));
    soon("what was spawned before a panic", end).await.expect("it ran to its end");
    let (done, end) = oneshot::channel();
    subject.runtime.spawn(Box::pin(async move { done.send(()).expect("the story waits") }));
    soon("what was spawned after a panic", end).await.expect("it ran to its end");
}
