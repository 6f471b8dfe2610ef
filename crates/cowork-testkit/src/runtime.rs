//! A clock that a test moves, chance that comes the same every time, and the conformance suite of [`Runtime`].

use std::{
    collections::BTreeMap,
    fmt,
    future::Future,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use cowork_core::{BoxFuture, Runtime, Timestamp};
use tokio::sync::{Notify, oneshot};

pub mod cases;

/// A [`Runtime`] for tests: time stands still until [`TestRuntime::advance`], entropy comes from a seed, futures run on
/// the tokio runtime of the test.
pub struct TestRuntime {
    state: Mutex<State>,
    slept: Notify,
}

struct State {
    now: Timestamp,
    seed: u64,
    /// By deadline, then by who came first.
    sleepers: BTreeMap<(Timestamp, u64), oneshot::Sender<()>>,
    slept: u64,
}

impl TestRuntime {
    /// Makes one that stands at 2026-01-01T00:00:00Z.
    pub fn new() -> Arc<Self> {
        Self::seeded(1)
    }

    /// Makes one whose entropy, and so whose ids, differ from another seed's.
    pub fn seeded(seed: u64) -> Arc<Self> {
        let now = Timestamp::from_millis(1_767_225_600_000);
        let state = State { now, seed, sleepers: BTreeMap::new(), slept: 0 };
        Arc::new(Self { state: Mutex::new(state), slept: Notify::new() })
    }

    /// Moves the clock on and wakes whoever slept until then, in the order of their deadlines.
    ///
    /// Whoever is woken runs afterwards, on the test's own runtime, and sees the new time.
    pub fn advance(&self, duration: Duration) {
        let mut state = self.state();
        let target = state.now.plus(duration);
        while let Some(entry) = state.sleepers.first_entry().filter(|e| e.key().0 <= target) {
            let ((deadline, _), wake) = entry.remove_entry();
            state.now = deadline;
            // Whoever does not wait any more needs no waking.
            let _ = wake.send(());
        }
        state.now = target;
    }

    /// Sets the clock, back as well: a computer's clock does that too. Wakes nobody.
    pub fn set(&self, now: Timestamp) {
        self.state().now = now;
    }

    /// Waits until at least so many sleep: then what was to be waited for has been reached, without luck.
    pub async fn asleep(&self, sleepers: usize) {
        loop {
            let slept = self.slept.notified();
            tokio::pin!(slept);
            slept.as_mut().enable();
            if self.sleepers() >= sleepers {
                return;
            }
            slept.await;
        }
    }

    /// Gives how many sleep now.
    pub fn sleepers(&self) -> usize {
        self.state().sleepers.values().filter(|wake| !wake.is_closed()).count()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Runtime for TestRuntime {
    fn now(&self) -> Timestamp {
        self.state().now
    }

    fn entropy(&self) -> u128 {
        let mut state = self.state();
        let mut half = || {
            // SplitMix64, by its published constants: well mixed, and the same on every machine.
            state.seed = state.seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
            let z = (state.seed ^ (state.seed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            u128::from(z ^ (z >> 31))
        };
        half() << 64 | half()
    }

    fn sleep(&self, duration: Duration) -> BoxFuture<()> {
        if duration.is_zero() {
            return Box::pin(std::future::ready(()));
        }
        let (wake, woken) = oneshot::channel();
        let mut state = self.state();
        state.slept += 1;
        let key = (state.now.plus(duration), state.slept);
        state.sleepers.insert(key, wake);
        drop(state);
        self.slept.notify_waiters();
        // An error means that the clock is gone; then it never passes.
        Box::pin(async move {
            if woken.await.is_err() {
                std::future::pending::<()>().await;
            }
        })
    }

    fn spawn(&self, future: BoxFuture<()>) {
        drop(tokio::spawn(future));
    }
}

impl fmt::Debug for TestRuntime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TestRuntime(at {}, {} asleep)", self.now().as_millis(), self.sleepers())
    }
}

/// Runs a test's future to its end, on a runtime with two threads, so that what can race does.
pub fn block_on<T>(future: impl Future<Output = T>) -> T {
    let mut builder = tokio::runtime::Builder::new_multi_thread();
    builder.worker_threads(2).enable_all().build().expect("a tokio runtime").block_on(future)
}

/// A runtime under test.
pub struct Subject {
    /// The runtime.
    pub runtime: Arc<dyn Runtime>,
    /// Lets time pass: moves a test's clock. Nothing, for a clock that goes by itself.
    pub pass: Box<dyn Fn(Duration) + Send + Sync>,
}

impl Subject {
    /// Wraps a runtime whose clock goes by itself.
    pub fn new(runtime: Arc<dyn Runtime>) -> Self {
        Self { runtime, pass: Box::new(|_| {}) }
    }
}

impl fmt::Debug for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Subject")
    }
}

/// Expands to one test for each promise of [`Runtime`]. Takes an async function that gives a [`Subject`]; it is called on
/// a tokio runtime.
#[doc(inline)]
pub use crate::__runtime_suite as suite;

#[doc(hidden)]
#[macro_export]
macro_rules! __runtime_suite {
    ($make:expr) => {
        $crate::__tests! { runtime, $make;
            the_time_is_in_milliseconds_since_1970
            entropy_is_128_bits_that_do_not_come_again
            a_sleep_ends_once_the_clock_has_passed
            the_shorter_sleep_ends_first
            a_sleep_is_cancelled_by_dropping_it
            what_is_spawned_runs_to_its_end_unawaited
            a_panic_in_what_is_spawned_ends_nothing_else
        }
    };
}
