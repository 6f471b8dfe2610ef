//! The suite of runtimes over the one for tests, and runtimes that it catches.

use std::{sync::Arc, time::Duration};

use cowork_core::{BoxFuture, Runtime, Timestamp};
use cowork_testkit::{
    TestRuntime,
    runtime::{Subject, cases},
    tell,
};

async fn test_runtime() -> Subject {
    let runtime = TestRuntime::new();
    let clock = runtime.clone();
    Subject { runtime, pass: Box::new(move |time| clock.advance(time)) }
}
cowork_testkit::runtime::suite!(test_runtime);

/// Wrong in every way: seconds for milliseconds, 64 bits of entropy, sleeps that end at once or never, futures forgotten.
struct Wrong(Arc<TestRuntime>);

impl Runtime for Wrong {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.0.now().as_millis() / 1_000)
    }

    fn entropy(&self) -> u128 {
        self.0.entropy() >> 64
    }

    fn sleep(&self, _: Duration) -> BoxFuture<()> {
        Box::pin(std::future::ready(()))
    }

    fn spawn(&self, future: BoxFuture<()>) {
        drop(future);
    }
}

async fn wrong() -> Subject {
    Subject::new(Arc::new(Wrong(TestRuntime::new())))
}

#[test]
#[should_panic(expected = "not between the years")]
fn a_clock_in_seconds_is_caught() {
    tell(wrong, cases::the_time_is_in_milliseconds_since_1970);
}

#[test]
#[should_panic(expected = "some bits are always the same")]
fn too_little_entropy_is_caught() {
    tell(wrong, cases::entropy_is_128_bits_that_do_not_come_again);
}

#[test]
#[should_panic(expected = "an hour has not passed")]
fn a_sleep_that_ends_at_once_is_caught() {
    tell(wrong, cases::the_shorter_sleep_ends_first);
}

#[test]
#[should_panic(expected = "not dropped before its end")]
fn a_spawner_that_forgets_is_caught() {
    tell(wrong, cases::what_is_spawned_runs_to_its_end_unawaited);
}
