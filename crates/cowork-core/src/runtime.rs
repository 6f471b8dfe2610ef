//! What the engine asks of its host: time, chance and somewhere to run.

use std::{fmt, future::Future, pin::Pin, time::Duration};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// An owned future, as it crosses a trait object.
pub type BoxFuture<T> = Pin<Box<dyn Future<Output = T> + Send + 'static>>;

/// A moment, in milliseconds since 1970-01-01T00:00:00Z.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct Timestamp(i64);

impl Timestamp {
    /// Makes a moment from milliseconds since 1970.
    pub const fn from_millis(millis: i64) -> Self {
        Self(millis)
    }

    /// Gives the milliseconds since 1970.
    pub const fn as_millis(self) -> i64 {
        self.0
    }

    /// Gives the moment that is `duration` later.
    #[must_use]
    pub fn plus(self, duration: Duration) -> Self {
        Self(self.0.saturating_add(i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)))
    }

    /// Gives how long after `earlier` this is; zero if it is not.
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_millis(u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0))
    }
}

/// Gives the engine time, chance and somewhere to run.
///
/// - `now` is in milliseconds since 1970. It may jump in either direction; nothing correct depends on its order.
/// - `entropy` gives 128 unpredictable bits, or a test's known ones; they don't come again.
/// - `sleep` completes once the clock has passed, not before, the shorter one first.
/// - `spawn` runs the future to its end without being waited for.
/// - A panic in what was spawned ends neither the process nor anything else that was spawned.
///
/// Cancellation: a sleep is cancelled by dropping it; what was spawned is not. Errors: none.
///
/// Source: the host. The facade has one on tokio; `cowork-testkit` has one whose clock a test moves.
///
/// Suite: `cowork_testkit::runtime::suite!` tells a story for each of these.
///
/// ```
/// use std::time::Duration;
///
/// use cowork_core::{Runtime, TaskId};
/// use cowork_testkit::{TestRuntime, block_on};
///
/// let runtime = TestRuntime::new();
/// let before = runtime.now();
/// let asleep = runtime.sleep(Duration::from_secs(3_600));
/// runtime.advance(Duration::from_secs(3_600));
/// block_on(asleep);
/// assert_eq!(runtime.now().since(before), Duration::from_secs(3_600));
/// assert_ne!(TaskId::new(&*runtime), TaskId::new(&*runtime));
/// ```
pub trait Runtime: Send + Sync + 'static {
    /// Gives the time.
    fn now(&self) -> Timestamp;
    /// Gives how many seconds the person's clock on the wall is ahead of UTC at a moment: when their day begins. Where that is
    /// not known, it is UTC.
    fn offset(&self, at: Timestamp) -> i32 {
        let _ = at;
        0
    }
    /// Gives 128 random bits.
    fn entropy(&self) -> u128;
    /// Waits.
    fn sleep(&self, duration: Duration) -> BoxFuture<()>;
    /// Runs a future in the background.
    fn spawn(&self, future: BoxFuture<()>);
}

impl fmt::Debug for dyn Runtime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Runtime")
    }
}
