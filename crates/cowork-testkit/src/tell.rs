//! How a suite is told: each story on a fresh subject, and none of them for ever.

use std::{future::Future, time::Duration};

use crate::block_on;

/// Nothing in a story takes this long unless it hangs. It only bounds a failing test; no story depends on it.
const SOON: Duration = Duration::from_secs(20);

/// Makes a subject and tells it one story of a suite, to its end.
///
/// A suite's macro writes one test around each call of this; call it yourself to tell a single story, for instance to
/// show that a wrong implementation is caught.
///
/// # Panics
/// Where the subject does not keep its promise.
pub fn tell<T, M, S>(make: impl FnOnce() -> M, story: impl FnOnce(T) -> S)
where
    M: Future<Output = T>,
    S: Future<Output = ()>,
{
    block_on(async { story(make().await).await });
}

/// Waits for what has to come soon.
pub(crate) async fn soon<T>(what: &str, future: impl Future<Output = T>) -> T {
    match tokio::time::timeout(SOON, future).await {
        Ok(value) => value,
        Err(_) => panic!("{what}: nothing came of it in {SOON:?}"),
    }
}

/// Lets a future run for a moment, then drops it, as an engine does that stops.
pub(crate) async fn begin_and_drop<T>(future: impl Future<Output = T>) {
    tokio::select! { biased; _ = future => {}, () = tokio::task::yield_now() => {} }
}

/// Writes one test for each story of a trait.
#[doc(hidden)]
#[macro_export]
macro_rules! __tests {
    ($module:ident, $make:expr; $($case:ident)+) => {$(
        #[test]
        fn $case() {
            $crate::tell($make, $crate::$module::cases::$case);
        }
    )+};
}
