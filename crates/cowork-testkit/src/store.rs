//! The conformance suite of [`Store`].
//!
//! ```
//! use std::sync::Arc;
//!
//! use cowork_core::MemoryStore;
//! use cowork_testkit::{TestRuntime, store::Subject};
//!
//! async fn make(runtime: Arc<TestRuntime>) -> Subject {
//!     Subject::new(Arc::new(MemoryStore::new(runtime)))
//! }
//! cowork_testkit::store::suite!(make);
//! # fn main() {}
//! ```

use std::{any::Any, fmt, future::Future, sync::Arc};

use cowork_core::{BoxFuture, Store};

use crate::{TestRuntime, block_on};

pub mod cases;
mod lease_cases;
mod shared_cases;

/// A store under test, empty.
pub struct Subject {
    /// The store.
    pub store: Arc<dyn Store>,
    /// Opens it once more on the same data, as another process would; none for a store that can't.
    pub again: Option<Again>,
    /// What must live as long as the test: a folder, a server.
    pub keep: Box<dyn Any + Send + Sync>,
}

/// Opens a store once more.
pub type Again = Box<dyn Fn() -> BoxFuture<Arc<dyn Store>> + Send + Sync>;

impl Subject {
    /// Wraps a store that only this process can see.
    pub fn new(store: Arc<dyn Store>) -> Self {
        Self { store, again: None, keep: Box::new(()) }
    }
}

impl fmt::Debug for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Subject")
    }
}

/// Runs one case of the suite: makes the subject, whose leases go by the test's clock, and tells the story.
pub fn run<M, S>(make: impl FnOnce(Arc<TestRuntime>) -> M, story: impl FnOnce(Subject, Arc<TestRuntime>) -> S)
where
    M: Future<Output = Subject>,
    S: Future<Output = ()>,
{
    block_on(async {
        let runtime = TestRuntime::new();
        let subject = make(runtime.clone()).await;
        story(subject, runtime).await;
    });
}

/// Expands to one test for each sentence of the contract of [`Store`]. Takes an async function from `Arc<TestRuntime>`
/// to [`Subject`].
#[doc(inline)]
pub use crate::__store_suite as suite;

#[doc(hidden)]
#[macro_export]
macro_rules! __store_suite {
    ($make:expr) => {
        $crate::__store_suite! { $make;
            a_commit_is_all_or_nothing
            a_commit_without_records_is_fine
            seq_is_gapless_per_thread_however_many_commit_at_once
            a_refused_commit_takes_no_other_with_it
            a_dropped_commit_leaves_the_log_whole
            what_is_read_is_what_was_committed
            records_are_chained_by_hash
            reads_begin_after_a_seq_and_end_at_most
            a_task_is_read_without_the_others
            a_task_is_found_wherever_it_is_in_a_long_log
            a_task_stays_in_its_thread
            the_head_of_a_task_is_checked
            a_key_is_taken_once
            a_counter_stops_at_its_cap
            entries_are_scanned_by_prefix_in_order
            the_log_itself_names_its_threads
            whoever_watches_is_told_of_every_commit_in_order
            a_watcher_that_sleeps_holds_up_nobody
            a_sound_store_has_nothing_to_say
            a_lease_is_held_by_one
            a_lease_runs_out_by_the_stores_clock
            a_lease_is_kept_by_whoever_holds_it
            a_lease_is_given_back_and_its_number_never_comes_again
            a_dead_owners_lease_is_taken_at_once
            a_stale_fence_is_refused
            two_handles_see_one_log
            two_handles_give_gapless_seqs
            two_handles_agree_on_preconditions
            two_handles_agree_on_leases
            a_watcher_hears_of_the_other_handles_commits
        }
    };
    ($make:expr; $($case:ident)+) => {$(
        #[test]
        fn $case() {
            $crate::store::run($make, $crate::store::cases::$case);
        }
    )+};
}
