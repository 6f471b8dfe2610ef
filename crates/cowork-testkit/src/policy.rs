//! The conformance suite of [`Policy`](cowork_core::Policy).
//!
//! ```
//! use std::sync::Arc;
//!
//! use cowork_core::GrantPolicy;
//! use cowork_testkit::policy::Subject;
//!
//! async fn make() -> Subject {
//!     Arc::new(GrantPolicy)
//! }
//! cowork_testkit::policy::suite!(make);
//! # fn main() {}
//! ```

use std::sync::Arc;

pub mod cases;
mod questions;

/// A policy under test. It is all that the suite needs: it is pure.
pub type Subject = Arc<dyn cowork_core::Policy>;

/// Expands to one test for each promise of [`Policy`](cowork_core::Policy). Takes an async function that gives a
/// [`Subject`].
#[doc(inline)]
pub use crate::__policy_suite as suite;

#[doc(hidden)]
#[macro_export]
macro_rules! __policy_suite {
    ($make:expr) => {
        $crate::__tests! { policy, $make;
            the_same_question_gets_the_same_answer
            what_was_not_granted_is_denied
            what_is_not_known_is_never_allowed
            in_plan_mode_no_change_is_allowed
            in_ask_mode_no_change_is_allowed_unasked
            leave_given_beforehand_covers_what_it_names_and_no_more
            what_can_not_be_undone_is_never_allowed_unasked
            a_persons_yes_does_not_overrule_a_no
            every_verdict_names_its_rule_and_its_reason
        }
    };
}
